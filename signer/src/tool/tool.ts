// SPDX-License-Identifier: Apache-2.0
// What a person may do to the vault from the terminal, while no desk runs on the directory: look, change what opens
// it, retire a key, make a backup, put one back. There is no way to get a key out in the clear.

import { strict as assert } from 'node:assert';
import { hash, type KeyObject } from 'node:crypto';
import { codeText, leaveCode } from '../acts/consent.ts';
import { Owners } from '../acts/owners.ts';
import {
  identityOf,
  isExpired,
  MARK_IN_BACKUP,
  publicKeyHash,
  slotOf,
  type Connection,
} from '../connections.ts';
import { ensurePrivateDirectory } from '../disk.ts';
import { Lives } from '../life/lives.ts';
import { LifeKeeper, objectionToThaw } from '../life/keeper.ts';
import type { Entry, EntryKind, PastEntry } from '../log/intent-log.ts';
import { birthOf, KeyRing, type KeyRingPorts, type LogPast } from '../key-ring.ts';
import {
  patternsOf,
  sealPatterns,
  SECRET_BYTES_MIN,
  type SecretPattern,
} from './secret-patterns.ts';
import { decryptAge, encryptAge, parseAgeIdentity, parseRecipient } from './age.ts';
import { decodeBackup, encodeBackup, type Backup } from './backup.ts';
import { PolicyHistory } from '../policy/in-force.ts';
import { answerEntry, HeldOrders } from '../policy/held-orders.ts';
import { takeOverPolicy } from './policy-terminal.ts';
import { VaultError } from '../vault/file.ts';
import { materialOf, readKey, toSecret } from '../vault/keys.ts';
import { objectionToPassphrase } from '../vault/unlock.ts';
import { importKeyHash } from '../vault/vault.ts';
import { readWayLine } from '../vault/way-line.ts';

export interface ToolPorts extends KeyRingPorts {
  /** Asks the person for a line; the caller zeroes it. Null when there is nobody to answer. */
  readonly ask: (
    what: 'passphrase' | 'newPassphrase' | 'identity' | 'wayKey',
  ) => Promise<Buffer | null>;
  /** What the person gave in full: an age file. */
  readonly input: () => Buffer;
  /** Takes what was asked for to whoever called. */
  readonly output: (bytes: Buffer) => void;
}

export interface ToolRequest {
  readonly verb: string;
  readonly words: readonly string[];
  readonly unlockFile: string | null;
  /** Where the log's public half lies, if not in the directory. */
  readonly publicDirectory?: string | undefined;
}

const ATTEMPTS_MAX = 3;
const SCAN_KEY_BYTES = 32;
const RESTORE = 'restore';
const REOPEN = 'reopen-log';

/** What a verb has before it. */
interface World {
  readonly directory: string;
  readonly ring: KeyRing;
  readonly ports: ToolPorts;
  readonly owners: Owners;
  readonly policies: PolicyHistory;
  readonly lives: Lives;
  readonly held: HeldOrders;
}

type Verb = (world: World, word: string, words: readonly string[]) => void | Promise<void>;

/** Verbs for whoever can open the vault. */
const OPENING_VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['show-canaries', (world) => show(world, true)],
  ['passphrase', setPassphrase],
  ['unattended', setUnattended],
  ['retire', retire],
  ['thaw', thaw],
  ['take-over', takeOver],
  ['backup', backup],
  ['way-add', (world, _, words) => addWay(world, words.join(' '))],
  [REOPEN, reopenLog],
  ['patterns', patterns],
  ['policy', takePolicy],
  ['held-release', (world, order) => answerHeld(world, order, 'released')],
  ['held-drop', (world, order) => answerHeld(world, order, 'dropped')],
  ['owner-code', leaveOwnerCode],
  ['owner-remove', removeOwner],
]);
/** Verbs that need no key. */
const OTHER_VERBS: ReadonlyMap<string, Verb> = new Map<string, Verb>([
  ['show', (world) => show(world, false)],
  ['way-remove', removeWay],
  ['owners', showOwners],
]);

/** Does what was asked. Throws an Error with a message for people when that cannot be. */
export async function runTool(
  directory: string,
  request: ToolRequest,
  ports: ToolPorts,
): Promise<void> {
  const { verb: name, words, unlockFile } = request;
  ensurePrivateDirectory(ports.disk, directory);
  if (name === RESTORE) return restore(directory, request, ports);
  const owners = new Owners();
  const policies = new PolicyHistory();
  const lives = new Lives();
  const held = new HeldOrders();
  const onEntry = (entry: PastEntry): void => {
    owners.read(entry);
    policies.read(entry);
    lives.read(entry, entry.sequence);
    held.read(entry);
  };
  const { publicDirectory } = request;
  const successor = name === REOPEN ? 'any' : 'never';
  const ring = KeyRing.open(directory, ports, unlockFile, { onEntry, publicDirectory, successor });
  const verb = OPENING_VERBS.get(name) ?? OTHER_VERBS.get(name);
  if (verb === undefined) {
    const known = [...OPENING_VERBS.keys(), ...OTHER_VERBS.keys(), RESTORE].join(', ');
    throw new VaultError('vault.form', `expected one of ${known}, found ${name}`);
  }
  if (OPENING_VERBS.has(name)) await open(ring, ports);
  const [word = ''] = words;
  return verb({ directory, ring, ports, owners, policies, lives, held }, word, words);
}

/** Which connections are canaries is told to whoever can open the vault, and asked for. */
function show({ ring, ports }: World, hasCanaries: boolean): void {
  const { vault, connections } = ring;
  const point = vault.importPoint();
  const now = ports.time.wall();
  const facts = {
    isOpen: vault.isOpen,
    isUnattended: vault.isUnattended,
    ways: ring.ways().map(({ id, kind, name, addedAt, stanza }) => {
      return { id, kind, name, addedAt, stanza };
    }),
    importKey: point?.toString('base64') ?? null,
    fingerprint: point === null ? null : fingerprintText(point),
    connections: connections.all().map((connection) => ({
      connection: connection.connection,
      name: connection.name,
      venue: connection.venue,
      keyKind: connection.keyKind,
      isExpired: isExpired(connection, now),
      ...(hasCanaries && { isCanary: isCanary(ring, connection) }),
    })),
  };
  ports.output(Buffer.from(`${JSON.stringify(facts)}\n`));
}

function isCanary({ vault }: KeyRing, { connection, mark }: Connection): boolean {
  return vault.isCanary(connection, mark) === true;
}

async function setPassphrase({ ring, ports }: World): Promise<void> {
  const passphrase = await ports.ask('newPassphrase');
  if (passphrase === null)
    throw new VaultError('vault.form', 'expected a new passphrase, found none');
  try {
    const objection = objectionToPassphrase(passphrase);
    if (objection !== null) throw new VaultError('vault.form', objection);
    ring.vault.setPassphrase(passphrase, idsOf(ring));
  } finally {
    passphrase.fill(0);
  }
  note(ring, 'vault.passphrase', {});
  ports.say(
    'The vault opens with the new passphrase only. Without it the keys are lost: nobody can recover it.',
  );
}

function setUnattended({ ring, ports }: World): void {
  ring.vault.setUnattended(idsOf(ring));
  note(ring, 'vault.unattended', {});
  ports.say('The vault opens unattended now: whoever reads this folder has the keys.');
}

/** Whoever can open the vault may say what its keys may sign. */
function takePolicy({ ring, directory, policies, ports }: World): void {
  const { direction } = takeOverPolicy(directory, ports.input(), policies, {
    disk: ports.disk,
    append: (entries) => void ring.log.append(entries),
    now: Math.max(ring.clock.wall(), 0),
  });
  ports.say(`The policy holds from the next start on (${direction}).`);
}

/** Whoever can open the vault may say yes to an order that waits; its time goes on while the desk is stopped. */
function answerHeld(
  { ring, held, policies, ports }: World,
  order: string,
  answer: 'released' | 'dropped',
): void {
  const now = Math.max(ring.clock.wall(), 0);
  const known = held.get(order, policies.attested ?? 'none', now);
  const isRelease = answer === 'released';
  if (known === undefined || (isRelease && known.state !== 'held')) {
    throw new VaultError(
      'vault.other',
      `expected an order that waits for a person, found none named ${order}: its time may have passed`,
    );
  }
  ring.log.append([answerEntry(known, answer, now)]);
  const { side, quantity, symbol, price } = known.fields;
  const words = `${String(side)} ${String(quantity)} ${String(symbol)} at ${String(price)}`;
  ports.say(
    isRelease
      ? `${order} is released: ${words} is signed once if it comes again in time.`
      : `${order} is dropped: ${words} is refused.`,
  );
}

/** A way of the machine's: whoever holds its key gives that, and what the way is. */
async function addWay({ ring, ports }: World, name: string): Promise<void> {
  const line = await ports.ask('wayKey');
  const way = line === null ? null : readWayLine(line);
  if (way === null) throw new VaultError('vault.form', 'expected the key of a way, found none');
  const objection = ring.addWay(way.what, way.key, name);
  if (objection !== null) throw new VaultError('vault.form', objection);
  ports.say(`The vault opens by ${name} as well now. Its passphrase goes on opening it.`);
}

function removeWay({ ring, ports }: World, id: string): void {
  const name = ring.ways().find((way) => way.id === id)?.name;
  if (!ring.removeWay(id))
    throw new VaultError(
      'vault.form',
      `expected a way that opens the vault, found none named ${id}`,
    );
  ports.say(
    `The vault does not open by ${name ?? id} any more. If somebody may have used it with a copy of this folder, set a new passphrase too.`,
  );
}

function showOwners({ owners, ports }: World): void {
  ports.output(Buffer.from(`${JSON.stringify(owners.infos())}\n`));
}

/** For an enrolment without the consent of an owner: whoever opens the vault may say who is one. */
function leaveOwnerCode({ ring, directory, ports }: World): void {
  note(ring, 'owner.code', {});
  const code = leaveCode(ports.disk, directory, ports.time.wall());
  ports.say(
    `Start the desk and type this code into the page People within an hour: ${codeText(code)}`,
  );
}

function removeOwner({ ring, owners, ports }: World, word: string): void {
  const found = owners.all().filter(({ credential, name }) => credential === word || name === word);
  const [owner] = found;
  if (owner === undefined || found.length > 1) {
    throw new VaultError('vault.form', `expected one owner named ${word}, found ${found.length}`);
  }
  record(ring, 'owner.remove', { credential: owner.credential, by: 'terminal' });
  ports.say(`${owner.name} is no owner any more.`);
}

/** Only where nobody could consent by a passkey: an owner's word is worth more than the terminal's. */
function thaw({ ring, owners, lives, ports }: World, word: string): void {
  const connection = namedConnection(ring, word);
  mustHaveNoOwner(owners, 'thaws a connection');
  const objection = objectionToThaw(lives, connection.connection);
  if (objection !== null) throw new VaultError('vault.form', objection);
  record(ring, 'thaw', { connection: connection.connection, by: 'terminal' });
  ports.say(`${connection.name} (${connection.connection}) signs new risk again.`);
}

/** Lets a checked key take the place of the one in use, where all owners are gone who could consent. */
function takeOver({ ring, owners, lives, directory, ports }: World, word: string): void {
  const { connection } = namedConnection(ring, word);
  mustHaveNoOwner(owners, 'has a new key take over');
  const needsConsent = (): boolean => true;
  const { clock, log, connections, vault } = ring;
  const { disk, say } = ports;
  const world = { directory, disk, say, clock, log, lives, connections, vault, needsConsent };
  const keeper = new LifeKeeper(world);
  const objection = keeper.objectionToTakeOver(connection);
  if (objection !== null) throw new VaultError('vault.form', objection);
  keeper.takeOver(connection, Math.max(ring.clock.wall(), 0));
}

function mustHaveNoOwner(owners: Owners, what: string): void {
  const { length } = owners.all();
  if (length === 0) return;
  throw new VaultError(
    'vault.form',
    `expected no enrolled owner, found ${length}: an owner ${what} on its page, with a passkey`,
  );
}

function namedConnection(ring: KeyRing, name: string): Connection {
  // A successor bears the name of the connection whose key it replaces, and is meant by its identifier alone.
  const found = ring.connections
    .all()
    .filter((one) => one.connection === name || (one.name === name && one.replaces === null));
  const [connection] = found;
  if (connection === undefined || found.length > 1) {
    throw new VaultError(
      'vault.form',
      `expected one connection named ${name}, found ${found.length}`,
    );
  }
  return connection;
}

function retire({ ring, ports }: World, name: string): void {
  const connection = namedConnection(ring, name);
  record(ring, 'key.retire', { connection: connection.connection });
  ring.connections.retire(ring.vault, connection);
  ports.say(
    `${connection.name} (${connection.connection}) is retired and its key destroyed. Delete it at the exchange too.`,
  );
}

function backup({ ring, ports }: World, recipient: string): void {
  const key = parseRecipient(recipient);
  const connections = ring.connections.all();
  const fields = { recipient: hash('sha256', recipient, 'hex'), keys: connections.length };
  note(ring, 'vault.backup', fields);
  const secrets = new Map<string, Buffer>();
  try {
    for (const name of ['import', 'log'] as const) {
      const own = ring.vault.own(name);
      assert(own !== null, 'Invariant: a backup is made of an open vault');
      secrets.set(name, toSecret(own));
    }
    for (const connection of connections) {
      secrets.set(connection.connection, ring.vault.secretOf(identityOf(connection)));
    }
    const importKey = importKeyHash(ring.vault.importPoint() ?? Buffer.alloc(0));
    const { length: logLength, head: logHead } = ring.log;
    // Sealed as a whole: the word itself, so that another vault can mark it again.
    const marked = connections.map((each) => ({
      ...each,
      mark: isCanary(ring, each) ? MARK_IN_BACKUP.canary : MARK_IN_BACKUP.plain,
    }));
    const facts = { logLength, logHead, importKey, connections: marked };
    const plain = encodeBackup(facts, secrets);
    const file = encryptAge(plain, key);
    plain.fill(0);
    ports.output(file);
  } finally {
    for (const secret of secrets.values()) secret.fill(0);
  }
}

/** What a scanner needs to recognise the keys, sealed under the key that was given. */
function patterns({ ring, ports }: World): void {
  const key = ports.input();
  if (key.length !== SCAN_KEY_BYTES) {
    throw new VaultError(
      'vault.form',
      `expected a key of ${SCAN_KEY_BYTES} bytes, found ${key.length}`,
    );
  }
  note(ring, 'vault.patterns', {});
  const known: SecretPattern[] = [];
  const add = (label: string, secret: Buffer): void => {
    if (secret.length >= SECRET_BYTES_MIN) known.push(...patternsOf(label, secret, key));
    else ports.say(`${label} is shorter than ${SECRET_BYTES_MIN} bytes and cannot be looked for.`);
    secret.fill(0);
  };
  for (const name of ['import', 'log'] as const) {
    const own = ring.vault.own(name);
    assert(own !== null, 'Invariant: patterns are made of an open vault');
    add(`the vault's ${name} key`, privatePartOf(own));
  }
  for (const connection of ring.connections.all()) {
    const secret = ring.vault.secretOf(identityOf(connection));
    add(connection.name, privatePartOf(readKey(connection.keyKind, secret).key));
    secret.fill(0);
  }
  ports.output(sealPatterns(known, key));
}

async function restore(directory: string, request: ToolRequest, ports: ToolPorts): Promise<void> {
  const isWithoutLog = request.words.includes('without-log');
  const line = await ports.ask('identity');
  if (line === null) throw new VaultError('vault.form', 'expected an age identity, found none');
  let plain: Buffer;
  try {
    plain = decryptAge(ports.input(), parseAgeIdentity(line));
  } finally {
    line.fill(0);
  }
  try {
    const kept = decodeBackup(plain);
    const ring = KeyRing.open(directory, ports, request.unlockFile, {
      ownKeys: kept.secrets,
      publicDirectory: request.publicDirectory,
      // A restored log goes on under another name than the one it may have gone further under elsewhere.
      successor: isWithoutLog ? 'any' : 'missing',
      onLog: (past) => checkAgainstLog(past, kept, isWithoutLog),
    });
    await open(ring, ports);
    record(ring, 'restore', { backupLength: kept.logLength, backupHead: kept.logHead });
    const outcomes = kept.connections.map(
      (one) => `${one.name}: ${putBack(ring, one, kept, ports)}`,
    );
    ports.say(outcomes.length === 0 ? 'The backup holds no connection.' : outcomes.join('; '));
  } finally {
    plain.fill(0);
  }
}

/** Throws VaultError unless the log here is the one that the backup was made beside, or a later state of it. */
function checkAgainstLog(
  { length, headsAt, importKeys }: LogPast,
  kept: Backup,
  isWithoutLog: boolean,
): void {
  const stated = `expected the log that the backup was made beside, of ${kept.logLength} lines or more`;
  if (length < kept.logLength) {
    if (isWithoutLog) return;
    throw new VaultError(
      'vault.other',
      length === 0
        ? `${stated}, found none: restore the desk's own backup first, or say without-log and accept that keys retired since are not recognised`
        : `${stated}, found ${length}: the log here was rolled back, or is from an older backup; without-log accepts that`,
    );
  }
  const isSame = headsAt(kept.logLength).includes(kept.logHead);
  if (!isSame || !importKeys.includes(kept.importKey)) {
    throw new VaultError('vault.other', `${stated}, found another desk's or a rewritten one`);
  }
}

/** Puts one connection back; returns in words what became of it. */
function putBack(ring: KeyRing, connection: Connection, kept: Backup, ports: ToolPorts): string {
  const id = connection.connection;
  const birth = ring.births.get(id);
  const secret = kept.secrets.get(id);
  if (ring.connections.get(id) !== undefined) return 'is here already';
  if (birth !== undefined && birth.retiredAt !== null) {
    return `refused, it was retired at ${new Date(birth.retiredAt).toISOString()}`;
  }
  const now = ports.time.wall();
  const objection = isExpired(connection, now)
    ? null
    : ring.connections.objectionTo(connection.name, now);
  if (objection !== null) return `refused, ${objection}`;
  if (secret === undefined) return 'refused, the backup lacks its key';
  if (birth !== undefined && birth.time !== connection.createdAt) {
    return 'refused, the log knows another birth of it';
  }
  const key = readKey(connection.keyKind, secret);
  // An age file does not say who made it.
  if (birth !== undefined && birth.publicKeyHash !== publicKeyHash(key.publicKeyPem)) {
    return 'refused, the log knows another key of it';
  }
  const { mark } = connection;
  // In a backup of an earlier version the name alone says it.
  const marked =
    mark === '' ? connection : { ...connection, isCanary: mark === MARK_IN_BACKUP.canary };
  ring.connections.add(ring.vault, { ...key, secret }, marked, (added) => {
    // In a new vault the key has a new fingerprint.
    if (birth?.keyId !== added.keyId) ring.log.append([birthOf(added, 'key.import')]);
    if (birth === undefined && added.apiKey !== null) {
      const fields = { connection: id, apiKey: hash('sha256', added.apiKey, 'hex') };
      ring.log.append([{ time: now, kind: 'key.active', fields }]);
    }
  });
  return 'put back';
}

/** Asks for the passphrase until the vault is open, a few times. An unattended one is open already. */
async function open(ring: KeyRing, ports: ToolPorts): Promise<void> {
  for (let attempt = 0; !ring.vault.isOpen && attempt < ATTEMPTS_MAX; attempt += 1) {
    const passphrase = await ports.ask('passphrase');
    if (passphrase === null) break;
    const result = ring.unlock(passphrase);
    passphrase.fill(0);
    if (result.kind === 'open') return;
    ports.say(
      result.kind === 'wrong'
        ? 'The passphrase does not open the vault.'
        : `Too many wrong passphrases: wait ${Math.ceil(result.waitMs / 1_000)} s.`,
    );
    if (result.kind === 'tooSoon') break;
  }
  if (!ring.vault.isOpen)
    throw new VaultError(
      'vault.locked',
      'expected the vault to be opened, found no right passphrase',
    );
}

/** Opening the vault has closed the log already, where its lines were not what was signed, or no checkpoint was left. */
function reopenLog({ ring, ports }: World): void {
  const { origin } = ring.log;
  ring.log.publishAll(ring.clock.now());
  ports.say(
    ring.log.isSuccessor
      ? `The log is closed and goes on as ${origin}. What it lost stays lost, and its last entry of before says so.`
      : `The log ${origin} is whole: there is nothing to reopen.`,
  );
}

function idsOf({ connections }: KeyRing): readonly string[] {
  return connections.all().map(slotOf);
}

function note(ring: KeyRing, name: string, fields: Entry['fields']): void {
  record(ring, 'note', { note: name, ...fields });
}

function record(ring: KeyRing, kind: EntryKind, fields: Entry['fields']): void {
  ring.log.append([{ time: Math.max(ring.clock.wall(), 0), kind, fields }]);
}

/** The first half of the import key's hash, in groups that people can compare. */
function fingerprintText(point: Buffer): string {
  return (importKeyHash(point).slice(0, 32).match(/.{4}/g) ?? []).join(' ');
}

/** The bytes of a key that nobody may see, as they would stand in a file of it. The caller zeroes them. */
function privatePartOf(key: KeyObject): Buffer {
  if (key.type === 'secret' || key.asymmetricKeyType !== 'rsa') return materialOf(key);
  const der = key.export({ format: 'der', type: 'pkcs1' });
  // RSAPrivateKey of RFC 8017 A.1.2: version, modulus and public exponent come before what is private.
  let at = contentOf(der, 0).start;
  for (let field = 0; field < 3; field += 1) at = contentOf(der, at).end;
  const secret = Buffer.from(der.subarray(at));
  der.fill(0);
  return secret;
}

/** Where the content of the DER element at `at` begins and ends. */
function contentOf(der: Buffer, at: number): { readonly start: number; readonly end: number } {
  const first = der.readUInt8(at + 1);
  const lengthBytes = first < 0x80 ? 0 : first & 0x7f;
  const length = lengthBytes === 0 ? first : der.readUIntBE(at + 2, lengthBytes);
  const start = at + 2 + lengthBytes;
  return { start, end: start + length };
}
