// SPDX-License-Identifier: Apache-2.0
// Log, vault and connections of one data directory, opened together: each is checked against the others.

import { join } from 'node:path';
import { Clock, type TimeSource } from './clock.ts';
import { Connections, publicKeyHash, type Connection, type KeyBirth } from './connections.ts';
import type { Disk } from './disk.ts';
import { IntentLog, type Entry, type PastEntry } from './intent-log.ts';
import { Ownership } from './ownership.ts';
import type { Key } from './vault/keys.ts';
import { UnlockBackOff } from './vault/back-off.ts';
import { importKeyHash, Vault } from './vault/vault.ts';
import { CONNECTION_PATTERN } from './wire-parsers.ts';

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

/** What the log was at the start. */
export interface LogPast {
  /** The SHA-256 of each line. */
  readonly hashes: readonly string[];
  /** SHA-256 of the import key of each vault that it has seen. */
  readonly importKeys: readonly string[];
}

export class KeyRing {
  readonly clock: Clock;
  readonly log: IntentLog;
  readonly vault: Vault;
  readonly connections: Connections;
  readonly births: ReadonlyMap<string, KeyBirth>;
  readonly #ports: KeyRingPorts;
  readonly #backOff: UnlockBackOff;

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
    } = {},
  ): KeyRing {
    const { disk } = ports;
    const clock = new Clock(ports.time);
    const history = new KeyHistory();
    const ownership = Ownership.take(disk, directory);
    const log = IntentLog.open(disk, join(directory, 'intents.log'), ownership, (entry) => {
      history.read(entry);
      options.onEntry?.(entry);
    });
    options.onLog?.(history);
    const connections = Connections.open(disk, directory, history.births);
    const known = history.importKeys.at(-1) ?? null;
    const mayCreate = connections.all().length === 0 || known === null;
    const { ownKeys = null } = options;
    const vault = Vault.open(disk, directory, { unlockFile, known, mayCreate, ownKeys });
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
    for (const [id, { retiredAt }] of history.births) {
      // The log may be of a restored desk, which others have written.
      if (retiredAt === null || !CONNECTION_PATTERN.test(id) || !vault.destroy(id)) continue;
      ring.#record('note', { note: 'vault.returned', connection: id });
      ports.say(
        `The key of ${id}, which was retired, was still here or here again; it is destroyed.`,
      );
    }
    if (vault.isOpen) ring.#loadKeys();
    return ring;
  }

  /** Tries a passphrase, if it is not too soon. The attempt is on the log before its outcome is told. */
  unlock(passphrase: Buffer): Unlocking {
    if (this.vault.isOpen) return { kind: 'open' };
    const waitMs = this.#backOff.waitMs();
    if (waitMs > 0) return { kind: 'tooSoon', waitMs };
    const isRight = this.vault.unlock(passphrase);
    this.#backOff.count(isRight);
    this.#record('unlock', { by: 'passphrase', result: isRight ? 'open' : 'wrong' });
    if (!isRight) return { kind: 'wrong', waitMs: this.#backOff.waitMs() };
    this.#loadKeys();
    return { kind: 'open' };
  }

  /** Opens the vault by the key that the signer before this one left. False where it does not fit. */
  resume(carried: Buffer): boolean {
    if (!this.vault.resume(carried)) return false;
    this.#record('unlock', { by: 'carried', result: 'open' });
    this.#loadKeys();
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

  #loadKeys(): void {
    const now = Math.max(this.clock.wall(), this.log.lastUse);
    const moved = this.connections.loadKeys(this.vault, now);
    this.vault.closeOldWays(this.connections.all().map(({ connection }) => connection));
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
class KeyHistory implements LogPast {
  readonly births = new Map<string, KeyBirth>();
  readonly hashes: string[] = [];
  /** Of each vault in turn; a restored desk begins a new one. */
  readonly importKeys: string[] = [];
  /** Wrong passphrases since the last right one. */
  wrongUnlocks = 0;

  read({ kind, time, fields, hash }: PastEntry): void {
    this.hashes.push(hash);
    const connection = String(fields['connection']);
    const birth = this.births.get(connection);
    if (kind === 'unlock') {
      this.wrongUnlocks = fields['result'] === 'open' ? 0 : this.wrongUnlocks + 1;
    } else if (kind === 'note' && fields['note'] === 'vault.new') {
      this.importKeys.push(String(fields['importKey']));
    } else if (kind === 'key.new' || kind === 'key.import') {
      const { publicKey, keyId } = fields;
      const known = typeof keyId === 'string' ? keyId : undefined;
      const publicKeyHash = String(publicKey);
      this.births.set(connection, { time, publicKeyHash, keyId: known, retiredAt: null });
    } else if (kind === 'key.retire' && birth !== undefined) {
      this.births.set(connection, { ...birth, retiredAt: time });
    }
  }
}

/** The entry that a connection begins with on the log. */
export function birthOf(connection: Connection, kind: 'key.new' | 'key.import'): Entry {
  const { name, venue, keyKind, keyId, publicKeyPem, createdAt } = connection;
  const publicKey = publicKeyHash(publicKeyPem);
  const fields = { connection: connection.connection, name, venue, keyKind, publicKey, keyId };
  return { time: createdAt, kind, fields };
}
