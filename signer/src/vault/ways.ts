// SPDX-License-Identifier: Apache-2.0
// Further ways to open the vault, besides its passphrase: a passkey, the system's keyring, a key service. Each is only
// ever additional, so that none of them can lose the keys.
//
// A way has two files. `<way>.vault` holds a door key, wrapped for the vault's own key and for the way's key, which is
// known only while somebody uses the way. `<way>-key.vault` holds the vault's own key, sealed under the door key: so a
// new passphrase reaches all ways, though nobody shows their keys then. Both go when the way is taken away.

import { createSecretKey, hash, randomBytes } from 'node:crypto';
import {
  openVaultFile,
  parseVaultFile,
  rewrapVaultFile,
  sealVaultFile,
  VaultError,
  type Kek,
  type VaultFile,
  type VaultIdentity,
} from './file.ts';
import { isOwnStanza, kekOf } from './unlock.ts';

export type WayKind = 'prf' | 'keyring' | 'kms';

/** A way as its stanza states it. */
export interface Way {
  /** `w_` and seven characters, drawn at random. */
  readonly id: string;
  readonly kind: WayKind;
  /** Type and arguments, as they stand in the file. */
  readonly stanza: string;
}

/** How ways reach their files; the vault's own folder is behind it. */
export interface WayFiles {
  readonly read: (id: string) => Buffer | null;
  readonly write: (id: string, bytes: Buffer) => void;
  readonly destroy: (id: string) => boolean;
  readonly pathOf: (id: string) => string;
}

/** Bytes of a way's key. */
export const WAY_KEY_BYTES = 32;
export const WAYS_MAX = 8;
export const WAY_PATTERN: RegExp = /^w_[A-Z2-7]{7}$/;
export const SALT_PATTERN: RegExp = /^[A-Za-z0-9_-]{43}$/;
/** What is too long for a word of a stanza cannot be a way. */
export const WAY_CREDENTIAL_PATTERN: RegExp = /^[A-Za-z0-9_-]{1,512}$/;
const WORD = '[\\x21-\\x7e]{1,512}';
const STANZAS: Readonly<Record<WayKind, RegExp>> = {
  prf: /^prf [A-Za-z0-9_-]{1,512} [A-Za-z0-9_-]{43}$/,
  keyring: new RegExp(`^keyring ${WORD} ${WORD}$`),
  kms: new RegExp(`^kms (?:transit|aws) ${WORD} ${WORD} ${WORD}$`),
};
const STANZA_CHARACTERS_MAX = 1_000;

/** The kind of way that `stanza` describes, or null where it is none. */
export function wayKindOf(stanza: string): WayKind | null {
  if (stanza.length > STANZA_CHARACTERS_MAX) return null;
  const kinds: readonly WayKind[] = ['prf', 'keyring', 'kms'];
  return kinds.find((kind) => STANZAS[kind].test(stanza)) ?? null;
}

export class Ways {
  readonly #files: WayFiles;
  /** What the log knows of. A file that lies here and is not among them opens nothing. */
  readonly #live: ReadonlyMap<string, unknown>;

  constructor(files: WayFiles, live: ReadonlyMap<string, unknown>) {
    this.#files = files;
    this.#live = live;
  }

  all(): readonly Way[] {
    return [...this.#live.keys()].flatMap((id) => {
      const way = this.get(id);
      return way === null ? [] : [way];
    });
  }

  get(id: string): Way | null {
    if (!this.#live.has(id)) return null;
    const file = this.#read(id);
    const stanza = file?.stanzas.find(({ head }) => !isOwnStanza(head))?.head ?? '';
    const kind = wayKindOf(stanza);
    return kind === null ? null : { id, kind, stanza };
  }

  /** The vault's own key, if `key` is the way's; zeroes `key`. Throws VaultError where the files are not as they were. */
  open(id: string, key: Buffer): Kek | null {
    const way = this.get(id);
    if (way === null) {
      key.fill(0);
      return null;
    }
    const door = this.#door(way, kekOf(way.stanza, key));
    if (door === null) return null;
    const file = this.#read(keyFile(id));
    if (file === null) throw missing(this.#files.pathOf(keyFile(id)));
    const path = this.#files.pathOf(keyFile(id));
    return readKek(openVaultFile(file, keyIdentity(id), [door], path), path);
  }

  /** Makes a way that `key` opens; zeroes `key`. The caller has put it on the log. */
  add(way: Way, key: Buffer, main: Kek): void {
    const door = randomBytes(WAY_KEY_BYTES);
    try {
      this.#writeKey(way.id, doorKek(way.id, Buffer.from(door)), main);
      const keks = [main, kekOf(way.stanza, key)];
      this.#files.write(way.id, sealVaultFile(identityOf(way), door, keks));
    } finally {
      door.fill(0);
    }
  }

  /** False where there was nothing. */
  remove(id: string): boolean {
    const gone = [id, keyFile(id)].map((file) => this.#files.destroy(file));
    return gone.includes(true);
  }

  /** Whether the vault's own key opens the way's file: one that another vault left here is of no use. */
  isOurs(way: Way, main: Kek): boolean {
    try {
      return this.#door(way, main) !== null && this.#read(keyFile(way.id)) !== null;
    } catch (error) {
      if (error instanceof VaultError) return false;
      throw error;
    }
  }

  /** From now on every way gives `main`, whose stanza its file has already. */
  rekey(main: Kek): void {
    for (const way of this.all()) {
      const door = this.#door(way, main);
      if (door !== null) this.#writeKey(way.id, door, main);
    }
  }

  /** Wraps the door keys for `next`; `isReplaced` says which stanzas go. */
  rewrap(keks: readonly Kek[], next: Kek, isReplaced: (stanza: string) => boolean): void {
    for (const { id } of this.all()) {
      const file = this.#read(id);
      const heads = file?.stanzas.map(({ head }) => head) ?? [];
      const isDone =
        heads.includes(next.stanza) &&
        !heads.some((head) => head !== next.stanza && isReplaced(head));
      if (file === null || isDone) continue;
      const path = this.#files.pathOf(id);
      this.#files.write(id, rewrapVaultFile(file, keks, [next], isReplaced, path));
    }
  }

  /** The way's door key, opened by `kek`; null where that is another's. */
  #door(way: Way, kek: Kek): Kek | null {
    const file = this.#read(way.id);
    if (file === null) return null;
    let door: Buffer;
    try {
      door = openVaultFile(file, identityOf(way), [kek], this.#files.pathOf(way.id));
    } catch (error) {
      if (error instanceof VaultError && error.code === 'vault.key') return null;
      throw error;
    }
    return doorKek(way.id, door);
  }

  #writeKey(id: string, door: Kek, main: Kek): void {
    const key = main.key.export();
    const secret = Buffer.concat([Buffer.from(`${main.stanza}\n`, 'latin1'), key]);
    key.fill(0);
    try {
      this.#files.write(keyFile(id), sealVaultFile(keyIdentity(id), secret, [door]));
    } finally {
      secret.fill(0);
    }
  }

  #read(id: string): VaultFile | null {
    const bytes = this.#files.read(id);
    return bytes === null ? null : parseVaultFile(bytes, this.#files.pathOf(id));
  }
}

/** The vault's own key in what a way keeps. Zeroes `secret`. */
function readKek(secret: Buffer, where: string): Kek {
  const end = secret.length - WAY_KEY_BYTES;
  try {
    const head = secret.toString('latin1', 0, Math.max(0, end));
    if (!head.endsWith('\n') || !isOwnStanza(head)) throw missing(where);
    return { stanza: head.slice(0, -1), key: createSecretKey(secret.subarray(end)) };
  } finally {
    secret.fill(0);
  }
}

function doorKek(id: string, door: Buffer): Kek {
  return kekOf(`way ${id}`, door);
}

/** A way's stanza stands in its associated data: another's does not open it. */
function identityOf({ id, stanza }: Way): VaultIdentity {
  return { id, venue: '-', keyKind: 'way', publicKeyHash: hash('sha256', stanza, 'hex') };
}

function keyIdentity(id: string): VaultIdentity {
  return { id: keyFile(id), venue: '-', keyKind: 'kek', publicKeyHash: '-' };
}

function keyFile(id: string): string {
  return `${id}-key`;
}

function missing(where: string): VaultError {
  return new VaultError('vault.missing', `${where}: expected the vault's key, found none`);
}
