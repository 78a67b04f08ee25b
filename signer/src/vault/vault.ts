// SPDX-License-Identifier: Apache-2.0
// The vault: one sealed file per key in a directory of its own, and what opens them.
//
// Two keys are the vault's own, whose purpose no connection's key can have: `import`, to which secrets from outside
// are sealed, and `log`. A connection's key with the same bytes as another key of the vault is refused.

import { strict as assert } from 'node:assert';
import {
  createHmac,
  createPrivateKey,
  createPublicKey,
  generateKeyPairSync,
  hash,
  randomBytes,
  type KeyObject,
} from 'node:crypto';
import { join } from 'node:path';
import {
  destroyFile,
  ensurePrivateDirectory,
  overwriteFile,
  readFile,
  writeFileAtomically,
  type Disk,
} from '../disk.ts';
import { OrderTags } from '../order-tag.ts';
import {
  derived,
  openVaultFile,
  opensWith,
  parseVaultFile,
  rewrapVaultFile,
  sealVaultFile,
  VAULT_FILE_BYTES_MAX,
  VaultError,
  type Kek,
  type VaultFile,
  type VaultIdentity,
} from './file.ts';
import { materialOf, toSecret } from './keys.ts';
import { rawPublicKey } from './sealed-import.ts';
import { Ways, type Way } from './ways.ts';
import {
  fileKek,
  isOwnStanza,
  kekOf,
  newPassphraseStanza,
  passphraseKek,
  UNLOCK_FILE_BYTES,
} from './unlock.ts';

/** 128 bits. */
const MARK_DIGITS = 32;
const OWN_KEYS = { import: 'x25519', log: 'ed25519' } as const;
export type OwnKey = keyof typeof OWN_KEYS;

interface Open {
  readonly kek: Kek;
  readonly own: Readonly<Record<OwnKey, KeyObject>>;
  /** Keyed fingerprints of keys: equal for equal keys, and nothing to try guesses on for whoever lacks this. */
  readonly fingerprints: KeyObject;
  /** For the tags of orders, and for nothing else. */
  readonly orderTags: OrderTags;
  /** For the marks of connections, and for nothing else. */
  readonly marks: KeyObject;
}

export interface VaultOptions {
  /** Where the unlock file lies, if not in the data directory. */
  readonly unlockFile: string | null;
  /** SHA-256 of the import key's public half as the log has it; null where the log knows no vault. */
  readonly known: string | null;
  /** Whether a vault may be made where there is none: nothing is lost by it that is not lost already. */
  readonly mayCreate: boolean;
  /** The vault's own keys from a backup, PKCS #8, for a directory without a vault. */
  readonly ownKeys: ReadonlyMap<string, Buffer> | null;
  /** The further ways to open the vault that the log knows of. */
  readonly ways: ReadonlyMap<string, unknown>;
}

export class Vault {
  readonly #disk: Disk;
  readonly #root: string;
  readonly #directory: string;
  readonly #options: VaultOptions;
  readonly #further: Ways;
  #open: Open | null = null;

  private constructor(disk: Disk, root: string, options: VaultOptions) {
    this.#disk = disk;
    this.#root = root;
    this.#directory = join(root, 'vault');
    this.#options = options;
    const files = {
      read: (id: string): Buffer | null => this.#readBytes(id),
      write: (id: string, bytes: Buffer): void => this.#writeRaw(id, bytes),
      destroy: (id: string): boolean => this.destroy(id),
      pathOf: (id: string): string => this.#pathOf(id),
    };
    this.#further = new Ways(files, options.ways);
    ensurePrivateDirectory(disk, this.#directory);
  }

  /**
   * Opens the vault of a data directory where an unlock file allows it, else leaves it locked. Makes one where there
   * is none and that is allowed, and the unlock file with it.
   */
  static open(disk: Disk, root: string, options: VaultOptions): Vault {
    const vault = new Vault(disk, root, options);
    if (vault.#readRaw('import') === null) vault.#create();
    else vault.#tryUnlockFile();
    return vault;
  }

  get isOpen(): boolean {
    return this.#open !== null;
  }

  /** Whether whoever has the data directory and the unlock file has the keys. */
  get isUnattended(): boolean {
    return this.#ways().some((head) => head.startsWith('file '));
  }

  /** The vault's own key, for its one purpose. Null while locked. */
  own(name: OwnKey): KeyObject | null {
    return this.#open?.own[name] ?? null;
  }

  /** The tags of orders; their key goes with the import key into every backup. Null while locked. */
  get orderTags(): OrderTags | null {
    return this.#open?.orderTags ?? null;
  }

  /** The import key's public bytes; null while a vault is locked that has never been opened here. */
  importPoint(): Buffer | null {
    const key = this.own('import');
    if (key !== null) return rawPublicKey(createPublicKey(key));
    const bytes = readFile(this.#disk, this.#publicPath(), { bytesMax: 64, others: 'nothing' });
    return bytes === null ? null : Buffer.from(bytes.toString('latin1'), 'base64');
  }

  /** Tries a passphrase. It costs what the file says: about a second. */
  unlock(passphrase: Buffer): boolean {
    return this.#tryEach((stanza) => passphraseKek(passphrase, stanza, this.#pathOf('import')));
  }

  /** The ways to open the vault besides its passphrase. */
  get furtherWays(): readonly Way[] {
    return this.#further.all();
  }

  /** Tries a further way's key; zeroes it. */
  unlockBy(way: string, key: Buffer): boolean {
    const kek = this.#further.open(way, key);
    if (kek === null || !opensWith(this.#importFile(), kek)) return false;
    this.#enter(kek);
    return true;
  }

  /** Whether `passphrase` is the vault's; it is open already. */
  isPassphrase(passphrase: Buffer): boolean {
    const file = this.#importFile();
    const where = this.#pathOf('import');
    return this.#passphraseStanzas().some((stanza) =>
      opensWith(file, passphraseKek(passphrase, stanza, where)),
    );
  }

  /** Makes a further way, which is on the log already; zeroes its key. */
  addWay(way: Way, key: Buffer): void {
    this.#further.add(way, key, this.#mustBeOpen().kek);
  }

  /** Destroys a way's files; false where there are none. */
  removeWay(way: string): boolean {
    return this.#further.remove(way);
  }

  /** Ways whose files another vault left here, or a crash did not finish: they open nothing. */
  uselessWays(): readonly string[] {
    const { kek } = this.#mustBeOpen();
    return this.#further
      .all()
      .filter((way) => !this.#further.isOurs(way, kek))
      .map(({ id }) => id);
  }

  /** Tries the key that `carried` gave. Zeroes it. */
  resume(carried: Buffer): boolean {
    try {
      return this.#tryEach((stanza) => kekOf(stanza, Buffer.from(carried)));
    } finally {
      carried.fill(0);
    }
  }

  /** The key that opens the vault, for the signer that replaces this one; the caller zeroes it. */
  carried(): Buffer | null {
    const kek = this.#open?.kek;
    return kek?.stanza.startsWith('argon2id ') === true ? kek.key.export() : null;
  }

  /** Seals a secret durably. */
  write(identity: VaultIdentity, secret: Buffer): void {
    const { kek } = this.#mustBeOpen();
    this.#writeRaw(identity.id, sealVaultFile(identity, secret, [kek]));
  }

  /** The secret of `identity`; the caller zeroes it. Throws VaultError when it is gone, changed or another's. */
  secretOf(identity: VaultIdentity): Buffer {
    const path = this.#pathOf(identity.id);
    const file = this.#readRaw(identity.id);
    if (file === null) {
      throw new VaultError(
        'vault.missing',
        `${path}: expected the key of ${identity.id}, found no file`,
      );
    }
    return openVaultFile(file, identity, [this.#mustBeOpen().kek], path);
  }

  /** Overwrites and removes a connection's file; false where there is none. */
  destroy(id: string): boolean {
    return destroyFile(this.#disk, this.#pathOf(id));
  }

  /** What names a key without saying anything about it: equal for equal keys of this vault. */
  fingerprintOf(key: KeyObject): string {
    const material = materialOf(key);
    try {
      return createHmac('sha256', this.#mustBeOpen().fingerprints).update(material).digest('hex');
    } finally {
      material.fill(0);
    }
  }

  /**
   * What is written beside a connection to say whether it is a canary. Each has a mark, and without the vault's key none
   * tells which of the two it means.
   */
  markOf(connection: string, isCanary: boolean): string {
    return createHmac('sha256', this.#mustBeOpen().marks)
      .update(`${isCanary ? 'canary' : 'plain'} ${connection}`)
      .digest('hex')
      .slice(0, MARK_DIGITS);
  }

  /** Whether a connection with this mark is a canary; null while locked. */
  isCanary(connection: string, mark: string): boolean | null {
    return this.isOpen ? mark === this.markOf(connection, true) : null;
  }

  /** The name of the vault's own key that has this fingerprint. */
  ownKeyOf(fingerprint: string): OwnKey | null {
    const { own } = this.#mustBeOpen();
    for (const name of ['import', 'log'] as const) {
      if (this.fingerprintOf(own[name]) === fingerprint) return name;
    }
    return null;
  }

  /** From now on `passphrase` opens the files of `ids` and the vault's own, and nothing else of ours does. */
  setPassphrase(passphrase: Buffer, ids: readonly string[]): void {
    const kek = passphraseKek(passphrase, newPassphraseStanza(), this.#pathOf('import'));
    this.#rewrapAll(kek, ids);
    const { unlockFile } = this.#options;
    if (unlockFile === null) destroyFile(this.#disk, this.#unlockPath());
    // The folder is not ours to remove it from.
    else overwriteFile(this.#disk, unlockFile);
  }

  /** From now on an unlock file opens the vault, without a person. */
  setUnattended(ids: readonly string[]): void {
    const kek = this.#readUnlockFile() ?? this.#createUnlockFile();
    try {
      this.#rewrapAll(kek, ids);
    } catch (error) {
      // A vault that does not open by it must not have files beside it that do.
      if (!this.#ways().includes(kek.stanza)) destroyFile(this.#disk, this.#unlockPath());
      throw error;
    }
  }

  /**
   * Ends a change of what opens the vault that a crash or a failure cut short: what the import key's file does not name
   * opens none of the files of `ids` and the vault's own, and no unlock file lies here that opens nothing.
   */
  closeOldWays(ids: readonly string[]): void {
    const { kek } = this.#mustBeOpen();
    const isOld = this.#isOld();
    for (const id of ['log', ...ids]) {
      const file = this.#readRaw(id);
      if (file?.stanzas.some(({ head }) => isOld(head)) === true)
        this.#writeRaw(id, rewrapVaultFile(file, [kek], [kek], isOld, this.#pathOf(id)));
    }
    this.#further.rewrap([kek], kek, isOld);
    if (this.#options.unlockFile === null && !this.isUnattended)
      destroyFile(this.#disk, this.#unlockPath());
  }

  /**
   * In two rounds, so that a crash leaves every file openable by one and the same key: first the new way is added
   * everywhere, the import key's file last, then the old one goes, the import key's file first.
   */
  #rewrapAll(next: Kek, ids: readonly string[]): void {
    const open = this.#mustBeOpen();
    const rewrap = (id: string, isReplaced: (stanza: string) => boolean): void => {
      const file = this.#readRaw(id);
      if (file === null) return;
      const keks = [open.kek, next];
      this.#writeRaw(id, rewrapVaultFile(file, keks, [next], isReplaced, this.#pathOf(id)));
    };
    // What earlier changes left that failed goes in the first round: a file has room for a few stanzas only.
    const isOld = this.#isOld();
    this.#further.rewrap([open.kek, next], next, isOld);
    for (const id of [...ids, 'log', 'import']) rewrap(id, isOld);
    // Both keys open everything now, so that it does not matter which of them a way gives.
    this.#further.rekey(next);
    for (const id of ['import', 'log', ...ids]) rewrap(id, isOwnStanza);
    this.#further.rewrap([open.kek, next], next, isOwnStanza);
    this.#open = { ...open, kek: next };
  }

  #create(): void {
    const { known, ownKeys, mayCreate } = this.#options;
    if (!mayCreate && ownKeys === null) {
      throw new VaultError(
        'vault.missing',
        `${this.#pathOf('import')}: expected the vault with the keys of the connections, found none; restore a backup of it`,
      );
    }
    if (ownKeys !== null && known !== null && known !== hashOfImport(ownKeys)) {
      throw new VaultError(
        'vault.other',
        'expected a backup of the vault that the log knows last, found one of an earlier vault: put the log beside it that it was made beside, or say without-log in a new folder',
      );
    }
    const kek = this.#readUnlockFile() ?? this.#createUnlockFile();
    // The import key comes last: where its file lies there is a vault.
    for (const name of ['log', 'import'] as const) {
      const kept = ownKeys?.get(name);
      const secret = kept === undefined ? toSecret(newOwnKey(name)) : Buffer.from(kept);
      try {
        this.#writeRaw(name, sealVaultFile(ownIdentity(name), secret, [kek]));
      } finally {
        secret.fill(0);
      }
    }
    this.#enter(kek, ownKeys === null ? null : known);
  }

  #tryUnlockFile(): void {
    const kek = this.#readUnlockFile();
    if (kek !== null && opensWith(this.#importFile(), kek)) return this.#enter(kek);
    const hasPassphrase = this.#passphraseStanzas().length > 0;
    if (hasPassphrase && this.#options.unlockFile === null) return;
    throw new VaultError(
      'vault.locked',
      `${this.#unlockPath()}: expected the unlock file of this vault, found ${kek === null ? 'none' : "another's"}`,
    );
  }

  #tryEach(kekFor: (stanza: string) => Kek): boolean {
    const file = this.#importFile();
    for (const stanza of this.#passphraseStanzas()) {
      const kek = kekFor(stanza);
      if (!opensWith(file, kek)) continue;
      this.#enter(kek);
      return true;
    }
    return false;
  }

  #enter(kek: Kek, known: string | null = this.#options.known): void {
    const path = this.#pathOf('import');
    const importKey = this.#readOwn('import', kek);
    const point = rawPublicKey(createPublicKey(importKey));
    if (known !== null && known !== importKeyHash(point)) {
      throw new VaultError(
        'vault.other',
        `${path}: expected the vault that the log knows, found another`,
      );
    }
    const material = materialOf(importKey);
    const fingerprints = derived(material, '', 'fingerprints');
    const orderTags = new OrderTags(derived(material, '', 'order-tags'));
    const marks = derived(material, '', 'connection-marks');
    material.fill(0);
    const own = { import: importKey, log: this.#readOwn('log', kek) };
    this.#open = { kek, own, fingerprints, orderTags, marks };
    const text = Buffer.from(`${point.toString('base64')}\n`);
    const written = readFile(this.#disk, this.#publicPath(), { bytesMax: 64, others: 'nothing' });
    if (written === null || !written.equals(text))
      writeFileAtomically(this.#disk, this.#publicPath(), text);
  }

  #readOwn(name: OwnKey, kek: Kek): KeyObject {
    const path = this.#pathOf(name);
    const file = this.#readRaw(name);
    if (file === null)
      throw new VaultError('vault.missing', `${path}: expected the vault's own key, found no file`);
    const secret = openVaultFile(file, ownIdentity(name), [kek], path);
    try {
      return createPrivateKey({ key: secret, format: 'der', type: 'pkcs8' });
    } finally {
      secret.fill(0);
    }
  }

  #passphraseStanzas(): readonly string[] {
    return this.#ways().filter((head) => head.startsWith('argon2id '));
  }

  /** What opens the vault: the stanzas of the import key's file. */
  #ways(): readonly string[] {
    return this.#importFile().stanzas.map(({ head }) => head);
  }

  /** Whether a stanza of another file is of ours and opens no vault any more. */
  #isOld(): (stanza: string) => boolean {
    const ways = this.#ways();
    return (stanza) => isOwnStanza(stanza) && !ways.includes(stanza);
  }

  #importFile(): VaultFile {
    const file = this.#readRaw('import');
    if (file === null)
      throw new VaultError(
        'vault.missing',
        `${this.#pathOf('import')}: expected a file, found none`,
      );
    return file;
  }

  #readUnlockFile(): Kek | null {
    const path = this.#unlockPath();
    const bytes = readFile(this.#disk, path, { bytesMax: UNLOCK_FILE_BYTES, others: 'nothing' });
    if (bytes === null) return null;
    if (bytes.length !== UNLOCK_FILE_BYTES) {
      throw new VaultError(
        'vault.form',
        `${path}: expected ${UNLOCK_FILE_BYTES} bytes, found ${bytes.length}`,
      );
    }
    return fileKek(bytes);
  }

  #createUnlockFile(): Kek {
    if (this.#options.unlockFile !== null) {
      throw new VaultError(
        'vault.missing',
        `${this.#options.unlockFile}: expected an unlock file, found none; it is made in the desk's own folder when none is named, and can be moved then`,
      );
    }
    const bytes = randomBytes(UNLOCK_FILE_BYTES);
    writeFileAtomically(this.#disk, this.#unlockPath(), bytes);
    return fileKek(bytes);
  }

  #readRaw(id: string): VaultFile | null {
    const bytes = this.#readBytes(id);
    return bytes === null ? null : parseVaultFile(bytes, this.#pathOf(id));
  }

  #readBytes(id: string): Buffer | null {
    const options = { bytesMax: VAULT_FILE_BYTES_MAX, others: 'nothing' } as const;
    return readFile(this.#disk, this.#pathOf(id), options);
  }

  #writeRaw(id: string, bytes: Buffer): void {
    writeFileAtomically(this.#disk, this.#pathOf(id), bytes);
  }

  #mustBeOpen(): Open {
    assert(this.#open !== null, 'Invariant: only an open vault is used');
    return this.#open;
  }

  #unlockPath(): string {
    return this.#options.unlockFile ?? join(this.#root, 'unlock');
  }

  #publicPath(): string {
    return join(this.#root, 'import-key');
  }

  #pathOf(id: string): string {
    return join(this.#directory, `${id}.vault`);
  }
}

function newOwnKey(name: OwnKey): KeyObject {
  return name === 'log'
    ? generateKeyPairSync('ed25519').privateKey
    : generateKeyPairSync('x25519').privateKey;
}

/** SHA-256 of the import key's public bytes: what the log keeps and people compare. */
export function importKeyHash(point: Buffer): string {
  return hash('sha256', point, 'hex');
}

/** As `importKeyHash`, of the import key in a backup. */
function hashOfImport(ownKeys: ReadonlyMap<string, Buffer>): string | null {
  const key = ownKeys.get('import');
  if (key === undefined) return null;
  const privateKey = createPrivateKey({ key, format: 'der', type: 'pkcs8' });
  return importKeyHash(rawPublicKey(createPublicKey(privateKey)));
}

function ownIdentity(name: OwnKey): VaultIdentity {
  return { id: name, venue: '-', keyKind: OWN_KEYS[name], publicKeyHash: '-' };
}
