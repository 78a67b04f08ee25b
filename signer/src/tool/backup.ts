// SPDX-License-Identifier: Apache-2.0
// What a backup of the vault holds, inside its age encryption: every key, and where the log stood when it was made.
//
//   kontor-vault-backup/v1 <newline> one line of JSON <newline> for each key named there: u32 length, bytes

import { Fields } from '../fields.ts';
import { readConnection, type Connection } from '../connections.ts';
import { VaultError } from '../vault/file.ts';

const VERSION_LINE = 'kontor-vault-backup/v1';
const KEYS_MAX = 1_024;
const HASH = /^[0-9a-f]{64}$/;
const NEWLINE = 0x0a;

export interface BackupFacts {
  /** Lines of the log when the backup was made, and the SHA-256 of the last of them. */
  readonly logLength: number;
  readonly logHead: string;
  /** SHA-256 of the import key's public half: whose vault it is. */
  readonly importKey: string;
  readonly connections: readonly Connection[];
}

/** A backup taken apart; whoever opened it zeroes `plain`, of which the secrets are parts. */
export interface Backup extends BackupFacts {
  /** Secrets by what they belong to: `import`, `log`, or a connection. */
  readonly secrets: ReadonlyMap<string, Buffer>;
}

/** The plain bytes of a backup; the caller zeroes them and the secrets. */
export function encodeBackup(facts: BackupFacts, secrets: ReadonlyMap<string, Buffer>): Buffer {
  const head = Buffer.from(
    `${VERSION_LINE}\n${JSON.stringify({ ...facts, keys: [...secrets.keys()] })}\n`,
  );
  const bytes = [...secrets.values()].reduce((sum, { length }) => sum + 4 + length, head.length);
  const plain = Buffer.alloc(bytes);
  let position = head.copy(plain);
  for (const secret of secrets.values()) {
    position = plain.writeUInt32BE(secret.length, position);
    position += secret.copy(plain, position);
  }
  return plain;
}

/** Takes the plain bytes of a backup apart. Throws VaultError or WireError, neither of which quotes a secret. */
export function decodeBackup(plain: Buffer): Backup {
  const versionEnd = plain.indexOf(NEWLINE);
  const headEnd = plain.indexOf(NEWLINE, versionEnd + 1);
  if (
    versionEnd === -1 ||
    headEnd === -1 ||
    plain.toString('latin1', 0, versionEnd) !== VERSION_LINE
  ) {
    throw malformed(`a first line of ${VERSION_LINE}`);
  }
  const fields = new Fields(JSON.parse(plain.toString('utf8', versionEnd + 1, headEnd)), 'backup');
  const facts = {
    logLength: fields.integer('logLength', 1),
    logHead: fields.text('logHead', HASH, 'a SHA-256'),
    importKey: fields.text('importKey', HASH, 'a SHA-256'),
    connections: fields.objects('connections', KEYS_MAX, (one) => readConnection(one)),
  };
  const secrets = new Map<string, Buffer>();
  let position = headEnd + 1;
  for (const name of fields.list('keys', KEYS_MAX)) {
    const end =
      position + 4 <= plain.length ? position + 4 + plain.readUInt32BE(position) : Infinity;
    if (typeof name !== 'string' || end > plain.length) throw malformed('as many keys as it names');
    secrets.set(name, plain.subarray(position + 4, end));
    position = end;
  }
  fields.end();
  if (position !== plain.length) throw malformed('nothing after the last key');
  return { ...facts, secrets };
}

function malformed(expected: string): VaultError {
  return new VaultError('vault.form', `backup: expected ${expected}, found something else`);
}
