// SPDX-License-Identifier: Apache-2.0
// What decoys look like. Each is such as people leave behind: settings, an old backup with its key beside it, a row of
// a table, a log.

import { utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { gzipSync } from 'node:zlib';
import { encryptAge } from '@kontor/signer';
import { makeIdentity } from './age-identity.ts';

export interface Bait {
  readonly apiKey: string;
  readonly secret: string;
}

const MODE = 0o600;
/** As people call their accounts: a decoy that is called one is none. One for each string canary. */
const DISGUISES: readonly string[] = [
  ...['main', 'binance', 'trading', 'spot', 'bot', 'live', 'account', 'primary'],
  ...['main-2', 'binance-2', 'trading-2', 'spot-2', 'bot-2', 'live-2', 'account-2', 'primary-2'],
];
/** Of a table that the desk itself has no use for. */
const TABLE = 'exchange_keys';
/** Before its content was written: then a file system that keeps times of reading notes the very first one. */
const READ_BEFORE_MS = 1_000;

/** What a row or an entry of the vault is called that holds the `slot`-th string canary. */
export function disguiseOf(slot: number): string {
  return DISGUISES[slot] ?? `account-${slot}`;
}

export function writeEnv(path: string, bait: Bait): void {
  write(path, Buffer.from(envText(bait)));
}

/** The backup, and beside it what opens it. Returns the paths of both. */
export function writeBackup(path: string, bait: Bait): readonly string[] {
  const { identity, recipient } = makeIdentity();
  const key = join(dirname(path), 'age-identity.txt');
  // The key first: where one lies already nothing is left behind.
  write(key, Buffer.from(`${identity}\n`));
  write(path, encryptAge(Buffer.from(envText(bait)), recipient));
  return [path, key];
}

/** Log lines with the bait in forms that a scanner has to see through; packed where the name ends in .gz. */
export function writeLog(path: string, { apiKey, secret }: Bait): void {
  const basic = Buffer.from(`${apiKey}:${secret}`).toString('base64');
  const hex = Buffer.from(secret).toString('hex');
  const lines = [
    { method: 'POST', path: '/api/v3/order', headers: { 'x-mbx-apikey': apiKey } },
    { method: 'GET', path: `/connect?secret=${secret}`, status: 404 },
    { method: 'GET', path: '/login', headers: { authorization: `Basic ${basic}` }, status: 401 },
    { level: 'debug', payload: hex },
  ].map((line) => `${JSON.stringify(line)}\n`);
  const text = Buffer.from(lines.join(''));
  write(path, path.endsWith('.gz') ? gzipSync(text) : text);
}

/** Into a table beside the desk's own, which a thief of the file looks at first. The desk must not be running. */
export function writeRow(store: string, name: string, { apiKey, secret }: Bait): void {
  withStore(store, (database) => {
    database.exec(
      `CREATE TABLE IF NOT EXISTS ${TABLE} (name TEXT PRIMARY KEY, exchange TEXT, api_key TEXT, api_secret TEXT)`,
    );
    database
      .prepare(`INSERT INTO ${TABLE} (name, exchange, api_key, api_secret) VALUES (?, ?, ?, ?)`)
      .run(name, 'binance', apiKey, secret);
  });
}

/** Whether the row is as it was written; the desk must not be running. */
export function hasRow(store: string, name: string): boolean {
  return withStore(store, (database) => {
    const table = database
      .prepare("SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = ?")
      .get(TABLE);
    if (table === undefined) return false;
    return database.prepare(`SELECT 1 FROM ${TABLE} WHERE name = ?`).get(name) !== undefined;
  });
}

export function dropRow(store: string, name: string): void {
  withStore(store, (database) => {
    database.prepare(`DELETE FROM ${TABLE} WHERE name = ?`).run(name);
    if (database.prepare(`SELECT 1 FROM ${TABLE}`).get() === undefined)
      database.exec(`DROP TABLE ${TABLE}`);
  });
}

function withStore<T>(path: string, work: (database: DatabaseSync) => T): T {
  const database = new DatabaseSync(path, { timeout: 0 });
  try {
    // What was deleted is not to be found in free pages.
    database.exec('PRAGMA secure_delete = ON');
    return work(database);
  } finally {
    database.close();
  }
}

function envText({ apiKey, secret }: Bait): string {
  return `NODE_ENV=production\nBINANCE_API_KEY=${apiKey}\nBINANCE_API_SECRET=${secret}\n`;
}

function write(path: string, bytes: Uint8Array): void {
  writeFileSync(path, bytes, { mode: MODE, flag: 'wx' });
  const now = Date.now();
  utimesSync(path, new Date(now - READ_BEFORE_MS), new Date(now));
}
