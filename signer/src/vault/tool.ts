// SPDX-License-Identifier: Apache-2.0
// What a person may do to the vault from the terminal, while no desk runs on the directory: look, change what opens
// it, retire a key, make a backup, put one back. There is no way to get a key out in the clear.

import { strict as assert } from 'node:assert';
import { hash } from 'node:crypto';
import { identityOf, isExpired, publicKeyHash, type Connection } from '../connections.ts';
import { ensurePrivateDirectory } from '../disk.ts';
import type { Entry, EntryKind } from '../intent-log.ts';
import { birthOf, KeyRing, type KeyRingPorts, type LogPast } from '../key-ring.ts';
import {
  patternsOf,
  sealPatterns,
  SECRET_BYTES_MIN,
  type SecretPattern,
} from '../secret-patterns.ts';
import { decryptAge, encryptAge, parseAgeIdentity, parseRecipient } from './age.ts';
import { decodeBackup, encodeBackup, type Backup } from './backup.ts';
import { VaultError } from './file.ts';
import { privatePartOf, readKey, toSecret } from './keys.ts';
import { objectionToPassphrase } from './unlock.ts';
import { importKeyHash } from './vault.ts';

export interface ToolPorts extends KeyRingPorts {
  /** Asks the person for a line; the caller zeroes it. Null when there is nobody to answer. */
  readonly ask: (what: 'passphrase' | 'newPassphrase' | 'identity') => Promise<Buffer | null>;
  /** What the person gave in full: an age file. */
  readonly input: () => Buffer;
  /** Takes what was asked for to whoever called. */
  readonly output: (bytes: Buffer) => void;
}

export interface ToolRequest {
  readonly verb: string;
  readonly words: readonly string[];
  readonly unlockFile: string | null;
}

const ATTEMPTS_MAX = 3;
const SCAN_KEY_BYTES = 32;

/** Does what was asked. Throws an Error with a message for people when that cannot be. */
export async function runTool(
  directory: string,
  request: ToolRequest,
  ports: ToolPorts,
): Promise<void> {
  const { verb, words, unlockFile } = request;
  ensurePrivateDirectory(ports.disk, directory);
  if (verb === 'restore') return restore(directory, request, ports);
  const ring = KeyRing.open(directory, ports, unlockFile);
  const [word = ''] = words;
  switch (verb) {
    case 'show':
      return show(ring, ports);
    case 'passphrase':
      await open(ring, ports);
      return setPassphrase(ring, ports);
    case 'unattended':
      await open(ring, ports);
      ring.vault.setUnattended(idsOf(ring));
      note(ring, 'vault.unattended', {});
      return ports.say('The vault opens unattended now: whoever reads this folder has the keys.');
    case 'retire':
      await open(ring, ports);
      return retire(ring, word, ports);
    case 'backup':
      await open(ring, ports);
      return backup(ring, word, ports);
    case 'patterns':
      await open(ring, ports);
      return patterns(ring, ports);
    default:
      throw new VaultError(
        'vault.form',
        `expected show, passphrase, unattended, retire, backup, restore or patterns, found ${verb}`,
      );
  }
}

function show({ vault, connections }: KeyRing, ports: ToolPorts): void {
  const point = vault.importPoint();
  const now = ports.time.wall();
  const facts = {
    isOpen: vault.isOpen,
    isUnattended: vault.isUnattended,
    importKey: point?.toString('base64') ?? null,
    fingerprint: point === null ? null : fingerprintText(point),
    connections: connections.all().map((connection) => ({
      connection: connection.connection,
      name: connection.name,
      venue: connection.venue,
      keyKind: connection.keyKind,
      isExpired: isExpired(connection, now),
    })),
  };
  ports.output(Buffer.from(`${JSON.stringify(facts)}\n`));
}

async function setPassphrase(ring: KeyRing, ports: ToolPorts): Promise<void> {
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

function retire(ring: KeyRing, name: string, ports: ToolPorts): void {
  const found = ring.connections
    .all()
    .filter((one) => one.connection === name || one.name === name);
  const [connection] = found;
  if (connection === undefined || found.length > 1) {
    throw new VaultError(
      'vault.form',
      `expected one connection named ${name}, found ${found.length}`,
    );
  }
  record(ring, 'key.retire', { connection: connection.connection });
  ring.connections.retire(ring.vault, connection);
  ports.say(
    `${connection.name} (${connection.connection}) is retired and its key destroyed. Delete it at the exchange too.`,
  );
}

function backup(ring: KeyRing, recipient: string, ports: ToolPorts): void {
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
      secrets.set(connection.connection, ring.vault.read(identityOf(connection)));
    }
    const importKey = importKeyHash(ring.vault.importPoint() ?? Buffer.alloc(0));
    const { length: logLength, head: logHead } = ring.log;
    const plain = encodeBackup({ logLength, logHead, importKey, connections }, secrets);
    const file = encryptAge(plain, key);
    plain.fill(0);
    ports.output(file);
  } finally {
    for (const secret of secrets.values()) secret.fill(0);
  }
}

/** What a scanner needs to recognise the keys, sealed under the key that was given. */
function patterns(ring: KeyRing, ports: ToolPorts): void {
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
    const secret = ring.vault.read(identityOf(connection));
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
  { hashes, importKeys }: LogPast,
  kept: Backup,
  isWithoutLog: boolean,
): void {
  const { length } = hashes;
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
  const isSame = hashes[kept.logLength - 1] === kept.logHead;
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
  ring.connections.add(ring.vault, { ...key, secret }, connection, (added) => {
    // In a new vault the key has a new fingerprint.
    if (birth?.keyId !== added.keyId) ring.log.append([birthOf(added, 'key.import')]);
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

function idsOf({ connections }: KeyRing): readonly string[] {
  return connections.all().map(({ connection }) => connection);
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
