// SPDX-License-Identifier: Apache-2.0
// The connections: what is known of each key besides its private half. One file, replaced atomically.
//
// The log says when each key was made; the file must agree, so that nobody gives a key a later birthday.

import { hash } from 'node:crypto';
import { dirname, join } from 'node:path';
import { destroyFile, readFile, writeFileAtomically, type Disk } from './disk.ts';
import { readObject, type Fields } from './fields.ts';
import { CLOSING_MS, GRACE_MS_MAX, KEY_LIFE_MS } from './life/state.ts';
import { drawId, VaultError, type VaultIdentity } from './vault/file.ts';
import { readKey, type Key } from './vault/keys.ts';
import { SigningKey } from './sign.ts';
import type { Vault } from './vault/vault.ts';
import { KEY_KINDS, type KeyKind } from './wire.ts';
import { CONNECTION_NAME_PATTERN, CONNECTION_PATTERN, CONNECTION_WORDS } from './wire-fields.ts';

/** Connections that are not expired. Each holds a key in memory and may be named in a policy. */
const LIVE_MAX = 64;
/** All connections: what fits into one answer to the server. */
const KNOWN_MAX = 256;
const FILE_BYTES_MAX = 1_048_576;
const PEM_CHARACTERS_MAX = 1_000;
const KEY_ID = /^(?:[0-9a-f]{64})?$/;
/** In a backup of the vault, which is sealed as a whole, the word itself; none in one of an earlier version. */
export const MARK_IN_BACKUP = { canary: 'canary', plain: 'plain' } as const;
const MARK = /^(?:[0-9a-f]{32}|canary|plain)?$/;
/** Of earlier versions the name was the mark, and such a name is one still. */
const CANARY_NAME = /^canary\b/i;
/** The first version knew Ed25519 alone, in plain files. */
const FILE_VERSION = 2;
const PLAIN_KEY_BYTES_MAX = 8_192;

export interface Connection {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
  readonly keyKind: KeyKind;
  /** Empty for a kind that has no public half. */
  readonly publicKeyPem: string;
  /** The vault's fingerprint of the key; empty until a key from before the vault is sealed. */
  readonly keyId: string;
  readonly createdAt: number;
  /** The exchange's identifier for the key; null until it is named. */
  readonly apiKey: string | null;
  /** The name under which its key lies in the vault, where that is not its own: the key of a successor. */
  readonly slot: string | null;
  /** The connection whose key this one's will replace once it is checked. */
  readonly replaces: string | null;
  /** The vault's word whether it is a canary (`Vault.markOf`); empty for one of an earlier version. */
  readonly mark: string;
}

/** A connection's key as the log knows it. */
export interface KeyBirth {
  readonly time: number;
  readonly publicKeyHash: string;
  /** Undefined for a key from before the vault. */
  readonly keyId: string | undefined;
  readonly retiredAt: number | null;
  /** Where the key lies in the vault; undefined where that is the connection's own name. */
  readonly slot?: string;
}

/** A successor's key that took the place of another connection's. */
export interface Rotation {
  readonly connection: string;
  readonly successor: string;
}

export class ConnectionsError extends Error {
  readonly code = 'connections.contradiction';

  constructor(message: string) {
    super(message);
    this.name = 'ConnectionsError';
  }
}

export class Connections {
  readonly #disk: Disk;
  readonly #path: string;
  readonly #byId = new Map<string, Connection>();
  readonly #keys = new Map<string, SigningKey>();
  /** What the file lists although the log says that it was retired. */
  readonly #returned: Connection[] = [];

  private constructor(disk: Disk, path: string) {
    this.#disk = disk;
    this.#path = path;
  }

  /** Reads the file and checks it against the births in the log. No key is loaded yet. */
  static open(
    disk: Disk,
    directory: string,
    births: ReadonlyMap<string, KeyBirth>,
    rotations: readonly Rotation[] = [],
  ): Connections {
    const path = join(directory, 'connections');
    const connections = new Connections(disk, path);
    const bytes = readFile(disk, path, { bytesMax: FILE_BYTES_MAX, others: 'nothing' });
    for (const connection of rotated(bytes === null ? [] : parseFile(bytes), rotations)) {
      const birth = births.get(connection.connection);
      if (
        birth === undefined ||
        birth.time !== connection.createdAt ||
        birth.publicKeyHash !== publicKeyHash(connection.publicKeyPem) ||
        (birth.keyId !== undefined && birth.keyId !== connection.keyId)
      ) {
        throw new ConnectionsError(
          `${path}: expected ${connection.connection} as the log has it, found ` +
            (birth === undefined
              ? 'a connection that the log does not know'
              : 'another time or key'),
        );
      }
      if (birth.retiredAt !== null) connections.#returned.push(connection);
      else connections.#byId.set(connection.connection, connection);
    }
    return connections;
  }

  /**
   * Loads the keys of what is live at `now`. Keys that lie in plain files, as before there was a vault, are sealed
   * first and the plain files destroyed; returns how many.
   */
  loadKeys(vault: Vault, now: number): number {
    let moved = 0;
    for (const connection of this.all()) if (this.#moveIn(vault, connection)) moved += 1;
    if (moved > 0) this.#removePlainDirectory();
    for (const connection of this.all()) {
      if (now >= expiresAt(connection) + GRACE_MS_MAX + CLOSING_MS) continue;
      this.#keys.set(connection.connection, loadKey(vault, connection));
    }
    this.#markAll(vault);
    return moved;
  }

  /** Connections of an earlier version have no mark: none of them may stand out by that. */
  #markAll(vault: Vault): void {
    if (this.all().every(({ mark }) => mark !== '')) return;
    const marked = this.all().map((each) =>
      each.mark === ''
        ? { ...each, mark: vault.markOf(each.connection, isCanaryName(each.name)) }
        : each,
    );
    this.#write(marked);
    for (const each of marked) this.#byId.set(each.connection, each);
  }

  /** A key that a crash kept from ever becoming a connection may lie there still; nobody was shown it. */
  #removePlainDirectory(): void {
    try {
      this.#disk.rmdirSync(join(dirname(this.#path), 'keys'));
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOTEMPTY')) throw error;
    }
  }

  #moveIn(vault: Vault, connection: Connection): boolean {
    const path = join(dirname(this.#path), 'keys', `${connection.connection}.key`);
    const bytes = readFile(this.#disk, path, { bytesMax: PLAIN_KEY_BYTES_MAX, others: 'nothing' });
    if (bytes === null) return false;
    try {
      // With a fingerprint the key is sealed already, and a crash came while the plain file was destroyed.
      if (connection.keyId === '') {
        const { key, publicKeyPem } = readKey(connection.keyKind, bytes);
        if (publicKeyPem !== connection.publicKeyPem) throw notTheHalf(path, connection);
        vault.write(identityOf(connection), bytes);
        this.#store({ ...connection, keyId: vault.fingerprintOf(key) });
      }
      loadKey(vault, connection);
    } finally {
      bytes.fill(0);
    }
    destroyFile(this.#disk, path);
    return true;
  }

  get(connection: string): Connection | undefined {
    return this.#byId.get(connection);
  }

  all(): readonly Connection[] {
    return [...this.#byId.values()];
  }

  /** What a connection's requests are signed with; undefined while the vault is locked. */
  keyOf(connection: string): SigningKey | undefined {
    return this.#keys.get(connection);
  }

  /** Why no connection of this name can be made now, or null. No name: one that replaces another's key. */
  objectionTo(name: string | null, now: number): string | null {
    const live = this.all().filter((connection) => !isExpired(connection, now));
    if (live.some((connection) => connection.name === name)) {
      return `expected a name that no live connection has, found ${name} in use`;
    }
    if (live.length >= LIVE_MAX) return `expected fewer than ${LIVE_MAX} live connections`;
    if (this.#byId.size >= KNOWN_MAX) return `expected fewer than ${KNOWN_MAX} connections`;
    return null;
  }

  /**
   * Makes a connection with the key in `secret`, or puts one back that a backup has. `record` puts its birth on the
   * log; it runs when the key is sealed and before the connection exists, so that no connection lacks its birth.
   */
  add(
    vault: Vault,
    made: Key & { readonly secret: Buffer },
    given: Pick<Connection, 'name' | 'venue' | 'keyKind' | 'createdAt'> &
      Partial<Connection> & { readonly isCanary?: boolean },
    record: (connection: Connection) => void,
  ): Connection {
    const { isCanary = isCanaryName(given.name), ...request } = given;
    let id = request.connection ?? drawId('c');
    while (request.connection === undefined && this.#byId.has(id)) id = drawId('c');
    const connection: Connection = {
      apiKey: null,
      slot: null,
      replaces: null,
      ...request,
      connection: id,
      publicKeyPem: made.publicKeyPem,
      keyId: vault.fingerprintOf(made.key),
      mark: vault.markOf(id, isCanary),
    };
    vault.write(identityOf(connection), made.secret);
    record(connection);
    this.#store(connection);
    this.#keys.set(id, new SigningKey(made.key));
    return connection;
  }

  /**
   * Destroys again what was retired and is back: by a crash before it was destroyed, or by an older copy of the files.
   * Returns what it was.
   */
  dropReturned(vault: Vault): readonly Connection[] {
    const returned = this.#returned.splice(0);
    if (returned.length === 0) return returned;
    for (const connection of returned) vault.destroy(slotOf(connection));
    this.#write(this.all());
    return returned;
  }

  /** Takes a connection off the list and destroys its key. The log must say so already. */
  retire(vault: Vault, connection: Connection): void {
    this.#byId.delete(connection.connection);
    this.#keys.delete(connection.connection);
    this.#write(this.all());
    vault.destroy(slotOf(connection));
  }

  /** Puts the key of `successor` in the place of that of `old` and destroys the old one. The log must say so already. */
  takeOver(vault: Vault, old: Connection, successor: Connection): void {
    const key = this.#keys.get(successor.connection);
    const next = withKeyOf(old, successor);
    this.#byId.delete(successor.connection);
    this.#keys.delete(successor.connection);
    this.#store(next);
    if (key === undefined) this.#keys.delete(old.connection);
    else this.#keys.set(old.connection, key);
    vault.destroy(slotOf(old));
  }

  /** The connection that is to replace another's key, if there is one. */
  successorOf(connection: string): Connection | undefined {
    return this.all().find(({ replaces }) => replaces === connection);
  }

  /** Names the exchange's identifier of the key. */
  activate(connection: Connection, apiKey: string): Connection {
    const active = { ...connection, apiKey };
    this.#store(active);
    return active;
  }

  /** Drops the key of an expired connection from memory. */
  forgetKey(connection: string): void {
    this.#keys.delete(connection);
  }

  #store(connection: Connection): void {
    const next = new Map(this.#byId).set(connection.connection, connection);
    this.#write([...next.values()]);
    this.#byId.set(connection.connection, connection);
  }

  #write(connections: readonly Connection[]): void {
    const file = { version: FILE_VERSION, connections };
    writeFileAtomically(this.#disk, this.#path, Buffer.from(`${JSON.stringify(file, null, 2)}\n`));
  }
}

/** Whose file in the vault a connection's key is. */
export function identityOf(connection: Connection): VaultIdentity {
  const { venue, keyKind, publicKeyPem } = connection;
  return { id: slotOf(connection), venue, keyKind, publicKeyHash: publicKeyHash(publicKeyPem) };
}

/** The name under which a connection's key lies in the vault. */
export function slotOf({ connection, slot }: Connection): string {
  return slot ?? connection;
}

/** A crash may have come between the log and the file: what the log says was taken over is taken over here. */
function rotated(
  listed: readonly Connection[],
  rotations: readonly Rotation[],
): readonly Connection[] {
  let connections = listed;
  for (const { connection, successor } of rotations) {
    const next = connections.find((one) => one.connection === successor);
    if (next === undefined) continue;
    connections = connections
      .filter((one) => one !== next)
      .map((one) => (one.connection === connection ? withKeyOf(one, next) : one));
  }
  return connections;
}

function withKeyOf(old: Connection, successor: Connection): Connection {
  const { connection, name, mark } = old;
  return { ...successor, connection, name, mark, slot: slotOf(successor), replaces: null };
}

function loadKey(vault: Vault, connection: Connection): SigningKey {
  const secret = vault.secretOf(identityOf(connection));
  try {
    const { key, publicKeyPem } = readKey(connection.keyKind, secret);
    if (publicKeyPem !== connection.publicKeyPem) throw notTheHalf('vault', connection);
    return new SigningKey(key);
  } finally {
    secret.fill(0);
  }
}

function notTheHalf(path: string, { connection }: Connection): VaultError {
  return new VaultError(
    'vault.other',
    `${path}: expected the private half of the public key of ${connection}, found another key`,
  );
}

export function expiresAt(connection: Connection): number {
  return connection.createdAt + KEY_LIFE_MS;
}

export function isExpired(connection: Connection, now: number): boolean {
  return now >= expiresAt(connection);
}

export function publicKeyHash(publicKeyPem: string): string {
  return hash('sha256', publicKeyPem, 'hex');
}

function parseFile(bytes: Buffer): readonly Connection[] {
  return readObject(JSON.parse(bytes.toString('utf8')), 'connections', (file) => {
    const isFirst = file.integer('version', 1, FILE_VERSION) === 1;
    return file.objects('connections', KNOWN_MAX, (fields) => readConnection(fields, isFirst));
  });
}

/** A connection as the file has it, and a backup. Throws WireError. */
export function readConnection(fields: Fields, isFirst = false): Connection {
  return {
    connection: connectionId(fields, 'connection'),
    name: fields.text('name', CONNECTION_NAME_PATTERN, 'a name'),
    venue: fields.anyText('venue', PEM_CHARACTERS_MAX),
    keyKind: isFirst ? 'ed25519' : fields.oneOf('keyKind', KEY_KINDS),
    keyId: isFirst ? '' : fields.text('keyId', KEY_ID, 'a fingerprint'),
    publicKeyPem: fields.anyText('publicKeyPem', PEM_CHARACTERS_MAX),
    createdAt: fields.integer('createdAt', 0),
    apiKey: fields.nullable('apiKey', (name) => fields.anyText(name, PEM_CHARACTERS_MAX)),
    mark: fields.has('mark') ? fields.text('mark', MARK, 'a mark') : '',
    // Files of earlier versions know no successors.
    slot: fields.has('slot') ? fields.nullable('slot', (name) => connectionId(fields, name)) : null,
    replaces: fields.has('replaces')
      ? fields.nullable('replaces', (name) => connectionId(fields, name))
      : null,
  };
}

function isCanaryName(name: string): boolean {
  return CANARY_NAME.test(name);
}

function connectionId(fields: Fields, name: string): string {
  return fields.text(name, CONNECTION_PATTERN, CONNECTION_WORDS);
}
