// SPDX-License-Identifier: Apache-2.0
// The connections: what is known of each key besides its private half. One file, replaced atomically.
//
// The log says when each key was made; the file must agree, so that nobody gives a key a later birthday.

import type { KeyObject } from 'node:crypto';
import { hash } from 'node:crypto';
import { join } from 'node:path';
import { readFile, writeFileAtomically, type Disk } from './disk.ts';
import { Fields } from './fields.ts';
import { drawConnectionId, type KeyStore } from './keys.ts';
import { CONNECTION_NAME_PATTERN, CONNECTION_PATTERN } from './wire-parsers.ts';

export const CONNECTION_LIFE_MS: number = 90 * 86_400_000;

/** Connections that are not expired. Each holds a key in memory and may be named in a policy. */
const LIVE_MAX = 64;
/** All connections: what fits into one answer to the server. */
const KNOWN_MAX = 256;
const FILE_BYTES_MAX = 1_048_576;
const PEM_CHARACTERS_MAX = 1_000;
const FILE_VERSION = 1;

export interface Connection {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
  readonly publicKeyPem: string;
  readonly createdAt: number;
  /** The exchange's identifier for the key; null until it is named. */
  readonly apiKey: string | null;
}

/** A connection's key as the log knows it. */
export interface KeyBirth {
  readonly time: number;
  readonly publicKeyHash: string;
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
  readonly #keyStore: KeyStore;
  readonly #byId = new Map<string, Connection>();
  readonly #keys = new Map<string, KeyObject>();

  private constructor(disk: Disk, path: string, keyStore: KeyStore) {
    this.#disk = disk;
    this.#path = path;
    this.#keyStore = keyStore;
  }

  /** Reads the file, checks it against the births in the log, and loads the keys of what is live at `now`. */
  static open(
    disk: Disk,
    directory: string,
    keyStore: KeyStore,
    births: ReadonlyMap<string, KeyBirth>,
    now: number,
  ): Connections {
    const path = join(directory, 'connections');
    const connections = new Connections(disk, path, keyStore);
    const bytes = readFile(disk, path, { bytesMax: FILE_BYTES_MAX, others: 'nothing' });
    for (const connection of bytes === null ? [] : parseFile(bytes)) {
      const birth = births.get(connection.connection);
      if (
        birth === undefined ||
        birth.time !== connection.createdAt ||
        birth.publicKeyHash !== publicKeyHash(connection.publicKeyPem)
      ) {
        throw new ConnectionsError(
          `${path}: expected ${connection.connection} as the log has it, found ` +
            (birth === undefined
              ? 'a connection that the log does not know'
              : 'another time or key'),
        );
      }
      connections.#byId.set(connection.connection, connection);
      if (!isExpired(connection, now)) {
        connections.#keys.set(
          connection.connection,
          keyStore.load(connection.connection, connection.publicKeyPem),
        );
      }
    }
    return connections;
  }

  get(connection: string): Connection | undefined {
    return this.#byId.get(connection);
  }

  all(): readonly Connection[] {
    return [...this.#byId.values()];
  }

  /** The private key, for `sign` alone. */
  keyOf(connection: string): KeyObject | undefined {
    return this.#keys.get(connection);
  }

  /** Why no connection of this name can be made now, or null. */
  objectionTo(name: string, now: number): string | null {
    const live = this.all().filter((connection) => !isExpired(connection, now));
    if (live.some((connection) => connection.name === name)) {
      return `expected a name that no live connection has, found ${name} in use`;
    }
    if (live.length >= LIVE_MAX) return `expected fewer than ${LIVE_MAX} live connections`;
    if (this.#byId.size >= KNOWN_MAX) return `expected fewer than ${KNOWN_MAX} connections`;
    return null;
  }

  /**
   * Makes a connection with a key of its own. `record` puts its birth on the log; it runs when the key is stored and
   * before the connection exists, so that no connection lacks its birth.
   */
  create(
    request: { readonly name: string; readonly venue: string },
    now: number,
    record: (connection: Connection) => void,
  ): Connection {
    let id = drawConnectionId();
    while (this.#byId.has(id)) id = drawConnectionId();
    const { privateKey, publicKeyPem } = this.#keyStore.create(id);
    const connection = { connection: id, ...request, publicKeyPem, createdAt: now, apiKey: null };
    record(connection);
    this.#store(connection);
    this.#keys.set(id, privateKey);
    return connection;
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
    const file = { version: FILE_VERSION, connections: [...next.values()] };
    writeFileAtomically(this.#disk, this.#path, Buffer.from(`${JSON.stringify(file, null, 2)}\n`));
    this.#byId.set(connection.connection, connection);
  }
}

export function expiresAt(connection: Connection): number {
  return connection.createdAt + CONNECTION_LIFE_MS;
}

export function isExpired(connection: Connection, now: number): boolean {
  return now >= expiresAt(connection);
}

export function publicKeyHash(publicKeyPem: string): string {
  return hash('sha256', publicKeyPem, 'hex');
}

function parseFile(bytes: Buffer): readonly Connection[] {
  const file = new Fields(JSON.parse(bytes.toString('utf8')), 'connections');
  file.integer('version', FILE_VERSION, FILE_VERSION);
  const connections = file.list('connections', KNOWN_MAX).map((value) => {
    const fields = new Fields(value, 'connections.connections');
    const connection: Connection = {
      connection: fields.text('connection', CONNECTION_PATTERN, 'c_ and 7 of A-Z 2-7'),
      name: fields.text('name', CONNECTION_NAME_PATTERN, 'a name'),
      venue: fields.anyText('venue', PEM_CHARACTERS_MAX),
      publicKeyPem: fields.anyText('publicKeyPem', PEM_CHARACTERS_MAX),
      createdAt: fields.integer('createdAt', 0),
      apiKey: fields.nullable('apiKey', (name) => fields.anyText(name, PEM_CHARACTERS_MAX)),
    };
    fields.end();
    return connection;
  });
  file.end();
  return connections;
}
