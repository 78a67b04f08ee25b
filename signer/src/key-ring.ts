// SPDX-License-Identifier: Apache-2.0
// Log, vault and connections of one data directory, opened together: each is checked against the others.

import { strict as assert } from 'node:assert';
import { join } from 'node:path';
import { Clock, type TimeSource } from './clock.ts';
import {
  Connections,
  publicKeyHash,
  slotOf,
  type Connection,
  type KeyBirth,
  type Rotation,
} from './connections.ts';
import type { Disk } from './disk.ts';
import { IntentLog, type Entry, type PastEntry, type Successor } from './log/intent-log.ts';
import { Ownership } from './ownership.ts';
import type { Key } from './vault/keys.ts';
import { UnlockBackOff } from './vault/back-off.ts';
import { drawId } from './vault/file.ts';
import { PASSPHRASE_BYTES_MAX } from './vault/unlock.ts';
import { SealedBox } from './vault/sealed-box.ts';
import { importKeyHash, Vault } from './vault/vault.ts';
import { WAY_KEY_BYTES, WAY_PATTERN, wayKindOf, WAYS_MAX, type Way } from './vault/ways.ts';
import { CONNECTION_PATTERN } from './wire-fields.ts';

export interface KeyRingPorts {
  readonly disk: Disk;
  readonly time: TimeSource;
  /** Takes a sentence to the person at the terminal. */
  readonly say: (sentence: string) => void;
}

/** What became of an attempt to open the vault. */
export type Unlocking =
  | { readonly kind: 'open' }
  /** Before `waitMs` have passed nothing is tried again. */
  | { readonly kind: 'wrong' | 'tooSoon'; readonly waitMs: number };

/** How a further way to open the vault came to be, by the log. */
interface WayRecord {
  readonly name: string;
  readonly addedAt: number;
}

/** A further way to open the vault. */
export interface KnownWay extends Way, WayRecord {}

/** What was not done, for the person who asked. */
export interface WayRefusal {
  readonly kind: 'refused';
  readonly reason: string;
}

/** What the log was at the start. */
export interface LogPast {
  readonly length: number;
  /** What may name the log's state at an earlier length; several, since its format changed. */
  readonly headsAt: (length: number) => readonly string[];
  /** SHA-256 of the import key of each vault that it has seen. */
  readonly importKeys: readonly string[];
}

export class KeyRing {
  readonly clock: Clock;
  readonly log: IntentLog;
  readonly vault: Vault;
  readonly connections: Connections;
  readonly births: ReadonlyMap<string, KeyBirth>;
  /** Runs each time the vault is opened later than at the start. */
  onOpen: () => void = () => undefined;
  readonly #ports: KeyRingPorts;
  readonly #backOff: UnlockBackOff;
  /** Of its own: whoever tries through the server does not keep the person at the terminal waiting. */
  readonly #deskBackOff: UnlockBackOff;
  readonly #box = new SealedBox();
  readonly #ways: Map<string, WayRecord>;

  private constructor(
    ports: KeyRingPorts,
    history: KeyHistory,
    parts: Pick<KeyRing, 'clock' | 'log' | 'vault' | 'connections'>,
  ) {
    this.clock = parts.clock;
    this.log = parts.log;
    this.vault = parts.vault;
    this.connections = parts.connections;
    this.births = history.births;
    this.#ports = ports;
    this.#backOff = new UnlockBackOff(ports.time, history.wrongUnlocks);
    this.#deskBackOff = new UnlockBackOff(ports.time, history.wrongUnlocksByDesk);
    this.#ways = history.ways;
  }

  /**
   * Takes the directory over and opens all three; the vault may stay locked. Every entry of the log goes to `onEntry`.
   * Throws an Error with a code and a message for people when anything is not as it must be.
   */
  static open(
    directory: string,
    ports: KeyRingPorts,
    unlockFile: string | null,
    options: {
      readonly onEntry?: (entry: PastEntry) => void;
      /** Runs when the log is read and before the vault is touched; what it throws ends the opening. */
      readonly onLog?: (past: LogPast) => void;
      /** The vault's own keys from a backup, for a directory without a vault. */
      readonly ownKeys?: ReadonlyMap<string, Buffer>;
      /** Where the log's public half lies, if not in the directory. */
      readonly publicDirectory?: string | undefined;
      /** When the log may be closed and its successor begun; never unless a person asked for it. */
      readonly successor?: Successor;
    } = {},
  ): KeyRing {
    const { disk } = ports;
    const clock = new Clock(ports.time);
    const history = new KeyHistory();
    const ownership = Ownership.take(disk, directory);
    const onEntry = (entry: PastEntry): void => {
      history.read(entry);
      options.onEntry?.(entry);
    };
    const { publicDirectory = join(directory, 'log') } = options;
    const log = IntentLog.open(
      disk,
      { directory, publicDirectory },
      ownership,
      onEntry,
      options.successor,
    );
    const { importKeys } = history;
    options.onLog?.({
      length: log.length,
      headsAt: (length) => log.headsAt(length),
      importKeys,
    });
    const connections = Connections.open(disk, directory, history.births, history.rotations);
    const known = history.importKeys.at(-1) ?? null;
    const mayCreate = connections.all().length === 0 || known === null;
    const { ownKeys = null } = options;
    const { ways } = history;
    const vault = Vault.open(disk, directory, { unlockFile, known, mayCreate, ownKeys, ways });
    const importKey = vault.isOpen ? importKeyHash(vault.importPoint() ?? Buffer.alloc(0)) : known;
    // A crash may have come between the vault and this line: then it is written now.
    if (importKey !== null && importKey !== known) {
      history.importKeys.push(importKey);
      const fields = { note: 'vault.new', importKey };
      log.append([{ time: Math.max(clock.wall(), 0), kind: 'note', fields }]);
    }
    const ring = new KeyRing(ports, history, { clock, log, vault, connections });
    for (const { name, connection: id } of connections.dropReturned(vault)) {
      ring.#record('note', { note: 'vault.returned', connection: id });
      ports.say(
        `${name} (${id}) was here again after it was retired; its key is destroyed once more.`,
      );
    }
    for (const [id, { retiredAt, slot = id }] of history.births) {
      // The log may be of a restored desk, which others have written.
      if (retiredAt === null || !CONNECTION_PATTERN.test(slot) || !vault.destroy(slot)) continue;
      ring.#record('note', { note: 'vault.returned', connection: id });
      ports.say(
        `The key of ${id}, which was retired, was still here or here again; it is destroyed.`,
      );
    }
    for (const way of history.goneWays) {
      if (!vault.removeWay(way)) continue;
      ring.#record('note', { note: 'vault.returned', way });
      ports.say(`A way to open the vault that was taken away was here again; it is destroyed.`);
    }
    if (vault.isOpen) ring.#loadKeys();
    return ring;
  }

  /** Tries a passphrase, if it is not too soon. The attempt is on the log before its outcome is told. */
  unlock(passphrase: Buffer): Unlocking {
    return this.#tryToOpen(this.#backOff, { by: 'passphrase' }, () =>
      this.vault.unlock(passphrase),
    );
  }

  /** As `unlock`, for what was sealed in a browser: a passphrase, or the key of `way`. Throws VaultError. */
  unlockSealed(sealed: string, way: string | null): Unlocking {
    const by = way === null ? { by: 'desk' } : { by: 'prf', way };
    return this.#tryToOpen(this.#deskBackOff, by, () => {
      const purpose =
        way === null ? ({ kind: 'passphrase' } as const) : ({ kind: 'way', way } as const);
      const secret = this.#box.open(sealed, purpose);
      try {
        if (way !== null) return this.#opensBy('prf', way, secret);
        return secret.length <= PASSPHRASE_BYTES_MAX && this.vault.unlock(secret);
      } finally {
        secret.fill(0);
      }
    });
  }

  /** Opens the vault by a way of the machine's: its key did not come through the server. Zeroes `key`. */
  unlockBy(way: string, key: Buffer): boolean {
    if (this.vault.isOpen) return true;
    const kind = this.vault.furtherWays.find(({ id }) => id === way)?.kind;
    const isRight = kind !== undefined && kind !== 'prf' && this.#opensBy(kind, way, key);
    key.fill(0);
    this.#record('unlock', { by: kind ?? 'none', way, result: isRight ? 'open' : 'wrong' });
    if (isRight) this.#opened();
    return isRight;
  }

  /** The ways to open the vault besides its passphrase. */
  ways(): readonly KnownWay[] {
    return this.vault.furtherWays.flatMap((way) => {
      const known = this.#ways.get(way.id);
      return known === undefined ? [] : [{ ...way, ...known }];
    });
  }

  /** The 32 public bytes to which a browser seals what opens the vault, base64. */
  get unlockKey(): string {
    return this.#box.point;
  }

  /** Milliseconds before which nothing is tried that comes through the server. */
  get unlockWaitMs(): number {
    return this.#deskBackOff.waitMs();
  }

  /** Makes a passkey a further way. What is sealed is its key and, behind it, the passphrase. Throws VaultError. */
  addPasskey(request: {
    readonly name: string;
    readonly credential: string;
    readonly salt: string;
    readonly sealed: string;
  }): Unlocking | WayRefusal {
    const { name, credential, salt, sealed } = request;
    const objection = this.#objectionToWay();
    if (objection !== null) return { kind: 'refused', reason: objection };
    if (this.vault.furtherWays.some(({ stanza }) => stanza.startsWith(`prf ${credential} `)))
      return {
        kind: 'refused',
        reason: 'expected a passkey that is no way yet, found one that is',
      };
    const waitMs = this.#deskBackOff.waitMs();
    if (waitMs > 0) return { kind: 'tooSoon', waitMs };
    const secret = this.#box.open(sealed, { kind: 'addPasskey', credential, salt });
    try {
      const passphrase = secret.subarray(WAY_KEY_BYTES);
      const isRight =
        passphrase.length > 0 &&
        passphrase.length <= PASSPHRASE_BYTES_MAX &&
        this.vault.isPassphrase(passphrase);
      this.#count(this.#deskBackOff, { isRight, isPassphrase: true });
      this.#record('unlock', { by: 'desk', for: 'way', result: isRight ? 'open' : 'wrong' });
      if (!isRight) return { kind: 'wrong', waitMs: this.#deskBackOff.waitMs() };
      const key = Buffer.allocUnsafeSlow(WAY_KEY_BYTES);
      secret.copy(key, 0, 0, WAY_KEY_BYTES);
      this.#addWay(`prf ${credential} ${salt}`, key, name);
      return { kind: 'open' };
    } finally {
      secret.fill(0);
    }
  }

  /** Makes a further way that `key` opens; zeroes it. Why not, or null. */
  addWay(stanza: string, key: Buffer, name: string): string | null {
    const objection =
      wayKindOf(stanza) === null ? 'expected a stanza of a way' : this.#objectionToWay();
    if (objection === null) this.#addWay(stanza, key, name);
    key.fill(0);
    return objection;
  }

  /** Takes a way away; it only tightens, so that the vault may be locked. False where there is none. */
  removeWay(id: string): boolean {
    if (!this.#ways.has(id)) return false;
    this.#record('note', { note: 'vault.way.gone', way: id });
    this.#ways.delete(id);
    this.vault.removeWay(id);
    return true;
  }

  /** Opens the vault by the key that the signer before this one left. False where it does not fit. */
  resume(carried: Buffer): boolean {
    if (!this.vault.resume(carried)) return false;
    this.#record('unlock', { by: 'carried', result: 'open' });
    this.#opened();
    return true;
  }

  /** Who has this very key already: a connection of today or of earlier, or the vault itself. */
  holderOf({ key, publicKeyPem }: Key): string | null {
    const keyId = this.vault.fingerprintOf(key);
    // Fingerprints are one vault's; public halves are compared with those of every vault before it.
    const half = publicKeyPem === '' ? null : publicKeyHash(publicKeyPem);
    const isSame = (birth: KeyBirth): boolean =>
      birth.keyId === keyId || birth.publicKeyHash === half;
    const inLog = [...this.births].find(([, birth]) => isSame(birth))?.[0];
    const inFile = this.connections.all().find((connection) => connection.keyId === keyId);
    const own = this.vault.ownKeyOf(keyId);
    return inLog ?? inFile?.connection ?? (own === null ? null : `the vault's ${own}`);
  }

  #tryToOpen(backOff: UnlockBackOff, by: Entry['fields'], opens: () => boolean): Unlocking {
    if (this.vault.isOpen) return { kind: 'open' };
    const waitMs = backOff.waitMs();
    if (waitMs > 0) return { kind: 'tooSoon', waitMs };
    const isRight = opens();
    this.#count(backOff, { isRight, isPassphrase: by['by'] !== 'prf' });
    this.#record('unlock', { ...by, result: isRight ? 'open' : 'wrong' });
    if (!isRight) return { kind: 'wrong', waitMs: backOff.waitMs() };
    this.#opened();
    return { kind: 'open' };
  }

  /** As the log is read at the next start: a wrong try counts where it came, the right passphrase ends both counts. */
  #count(
    backOff: UnlockBackOff,
    { isRight, isPassphrase }: { readonly isRight: boolean; readonly isPassphrase: boolean },
  ): void {
    if (!isRight) return backOff.addWrong();
    if (!isPassphrase) return;
    this.#backOff.clear();
    this.#deskBackOff.clear();
  }

  #opensBy(kind: Way['kind'], id: string, key: Buffer): boolean {
    const way = this.vault.furtherWays.find((each) => each.id === id);
    return way?.kind === kind && key.length === WAY_KEY_BYTES && this.vault.unlockBy(id, key);
  }

  #opened(): void {
    this.#loadKeys();
    this.onOpen();
  }

  /** Why there can be no further way now, or null. */
  #objectionToWay(): string | null {
    if (!this.vault.isOpen) return 'expected an open vault, found it locked';
    if (this.vault.isUnattended)
      return 'expected a vault with a passphrase, found one that a file opens: set one with kontor vault passphrase first';
    return this.vault.furtherWays.length < WAYS_MAX ? null : `expected fewer than ${WAYS_MAX} ways`;
  }

  #addWay(stanza: string, key: Buffer, name: string): void {
    const kind = wayKindOf(stanza);
    assert(kind !== null, 'Invariant: only a stanza that was checked becomes a way');
    const id = drawId('w');
    const addedAt = Math.max(this.clock.wall(), 0);
    // On the log first: files that it does not know open nothing.
    this.#record('note', { note: 'vault.way', way: id, type: kind, name });
    this.#ways.set(id, { name, addedAt });
    try {
      this.vault.addWay({ id, kind, stanza }, key);
    } catch (error) {
      this.removeWay(id);
      throw error;
    }
  }

  #loadKeys(): void {
    const now = Math.max(this.clock.wall(), this.log.lastUse);
    const logKey = this.vault.own('log');
    assert(logKey !== null, 'Invariant: keys are loaded from an open vault');
    this.log.attach(logKey, now);
    const moved = this.connections.loadKeys(this.vault, now);
    for (const way of this.vault.uselessWays()) this.removeWay(way);
    this.vault.closeOldWays(this.connections.all().map(slotOf));
    if (moved === 0) return;
    this.#record('note', { note: 'vault.moved', keys: moved });
    this.#ports.say(
      `${moved} unencrypted keys of an earlier version are sealed in the vault now, and their files are destroyed. ` +
        'A copy of the old folder, and the flash under it, may still hold them: to be sure make new keys.',
    );
  }

  #record(kind: 'unlock' | 'note', fields: Entry['fields']): void {
    this.log.append([{ time: Math.max(this.clock.wall(), 0), kind, fields }]);
  }
}

/** What the log says of keys and of the vault. */
class KeyHistory {
  readonly births = new Map<string, KeyBirth>();
  /** Successors that took over, old to new. */
  readonly rotations: Rotation[] = [];
  /** Of each vault in turn; a restored desk begins a new one. */
  readonly importKeys: string[] = [];
  /** Wrong tries since the last right passphrase, at the terminal and through the server. */
  wrongUnlocks = 0;
  wrongUnlocksByDesk = 0;
  /** Further ways to open the vault, and what was taken away of them. */
  readonly ways = new Map<string, WayRecord>();
  readonly goneWays = new Set<string>();

  read({ kind, time, fields }: PastEntry): void {
    const connection = String(fields['connection']);
    const birth = this.births.get(connection);
    if (kind === 'unlock') {
      this.#readUnlock(fields);
    } else if (kind === 'note' && fields['note'] === 'vault.way') {
      const way = String(fields['way']);
      if (WAY_PATTERN.test(way))
        this.ways.set(way, { name: String(fields['name']), addedAt: time });
    } else if (kind === 'note' && fields['note'] === 'vault.way.gone') {
      this.#loseWay(String(fields['way']));
    } else if (kind === 'note' && fields['note'] === 'vault.new') {
      this.importKeys.push(String(fields['importKey']));
    } else if (kind === 'key.new' || kind === 'key.import') {
      const { publicKey, keyId, slot } = fields;
      const known = typeof keyId === 'string' ? keyId : undefined;
      const publicKeyHash = String(publicKey);
      this.births.set(connection, {
        time,
        publicKeyHash,
        keyId: known,
        retiredAt: null,
        ...(typeof slot === 'string' && { slot }),
      });
    } else if (kind === 'key.retire' && birth !== undefined) {
      this.births.set(connection, { ...birth, retiredAt: time });
    } else if (kind === 'key.rotate' && birth !== undefined) {
      this.#rotate({ connection, successor: String(fields['successor']) }, birth, time);
    }
  }

  /** Only the right passphrase ends the counts: what else opens the vault says nothing of who guesses at it. */
  #readUnlock({ by, result }: Entry['fields']): void {
    if (result === 'open') {
      if (by !== 'passphrase' && by !== 'desk') return;
      this.wrongUnlocks = 0;
      this.wrongUnlocksByDesk = 0;
    } else if (by === 'desk' || by === 'prf') this.wrongUnlocksByDesk += 1;
    else if (by === 'passphrase') this.wrongUnlocks += 1;
  }

  /** The log may be of a restored desk, which others have written. */
  #loseWay(way: string): void {
    this.ways.delete(way);
    if (WAY_PATTERN.test(way)) this.goneWays.add(way);
  }

  /** The old key stays known, retired, under a name of its own; the successor's is the connection's from now on. */
  #rotate(rotation: Rotation, old: KeyBirth, time: number): void {
    const { connection, successor } = rotation;
    const next = this.births.get(successor);
    if (next === undefined) return;
    this.rotations.push(rotation);
    const slot = old.slot ?? connection;
    this.births.set(`${connection} until ${time}`, { ...old, slot, retiredAt: time });
    this.births.set(connection, { ...next, slot: next.slot ?? successor });
    this.births.delete(successor);
  }
}

/** The entry that a connection begins with on the log. */
export function birthOf(connection: Connection, kind: 'key.new' | 'key.import'): Entry {
  const { name, venue, keyKind, keyId, publicKeyPem, createdAt, slot, replaces } = connection;
  const publicKey = publicKeyHash(publicKeyPem);
  const fields = {
    connection: connection.connection,
    name,
    venue,
    keyKind,
    publicKey,
    keyId,
    slot: slot ?? undefined,
    replaces: replaces ?? undefined,
  };
  return { time: createdAt, kind, fields };
}
