// SPDX-License-Identifier: Apache-2.0
// The desk's store: journal, orders, fills, deals and notes in one SQLite file.
//
// Duties. When `transaction` returns, its writes are on disk (WAL, synchronous=FULL). A write that fails throws
// StoreError and changes nothing. One process owns the file; a second one is refused.

import { closeSync, openSync, rmSync } from 'node:fs';
import { DatabaseSync, type StatementSync } from 'node:sqlite';
import { StoreError, toStoreError } from './errors.ts';

/**
 * 2: bots of several kinds. What version 1 holds, only the Kontor that wrote it can go on with.
 * 3: summaries of deals spell `realisedProfit` with an s; a store of version 2 is brought up when it is opened.
 * 4: people with roles, whose sessions an earlier version would take for the owner's. A copy of the store is left beside
 *    it before it is brought up.
 */
const SCHEMA_VERSION = 4;

const TO_VERSION_3 = `
UPDATE deals SET summary = replace(summary, '"realizedProfit', '"realisedProfit');
`;

const TO_VERSION_4 = `
ALTER TABLE sessions ADD COLUMN session_id TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN user_id TEXT;
ALTER TABLE sessions ADD COLUMN how TEXT NOT NULL DEFAULT 'link';
ALTER TABLE sessions ADD COLUMN fresh_until INTEGER NOT NULL DEFAULT 0;
ALTER TABLE sessions ADD COLUMN agent TEXT NOT NULL DEFAULT '';
ALTER TABLE sessions ADD COLUMN replaced_at INTEGER;
UPDATE sessions SET session_id = 's_' || substr(token_hash, 1, 12);
CREATE INDEX sessions_id ON sessions (session_id);
CREATE TABLE users (
  user_id TEXT PRIMARY KEY, name TEXT NOT NULL, role TEXT NOT NULL, created_at INTEGER NOT NULL
) STRICT;
CREATE TABLE passkeys (
  credential TEXT PRIMARY KEY, user_id TEXT NOT NULL, name TEXT NOT NULL, public_key TEXT NOT NULL, counter INTEGER NOT NULL,
  rp_id TEXT NOT NULL, is_backup_eligible INTEGER NOT NULL, is_backed_up INTEGER NOT NULL,
  created_at INTEGER NOT NULL, used_at INTEGER
) STRICT;
CREATE TABLE invitations (
  token_hash TEXT PRIMARY KEY, invitation_id TEXT NOT NULL, name TEXT NOT NULL, role TEXT NOT NULL,
  invited_by TEXT NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE recovery_codes (
  user_id TEXT NOT NULL, name TEXT NOT NULL, salt TEXT NOT NULL, tag TEXT NOT NULL, created_at INTEGER NOT NULL,
  used_at INTEGER
) STRICT;
CREATE INDEX recovery_codes_name ON recovery_codes (name);
CREATE TABLE people_acts (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, who TEXT NOT NULL, name TEXT NOT NULL,
  act TEXT NOT NULL, about TEXT NOT NULL, status INTEGER NOT NULL
) STRICT;
CREATE INDEX people_acts_who ON people_acts (who);
`;

const SCHEMA = `
CREATE TABLE meta (key TEXT PRIMARY KEY, value TEXT NOT NULL) STRICT;
CREATE TABLE bots (
  bot_id TEXT PRIMARY KEY, connection TEXT NOT NULL, created_at INTEGER NOT NULL,
  settings TEXT NOT NULL, state TEXT NOT NULL, version INTEGER NOT NULL, archived_at INTEGER
) STRICT;
CREATE TABLE journal (
  sequence INTEGER PRIMARY KEY, bot_id TEXT NOT NULL, version INTEGER NOT NULL,
  event TEXT NOT NULL, effects TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX journal_bot ON journal (bot_id, version);
CREATE TABLE orders (
  client_order_id TEXT PRIMARY KEY, bot_id TEXT NOT NULL, deal_number INTEGER NOT NULL, symbol TEXT NOT NULL,
  purpose TEXT NOT NULL, ladder_index INTEGER NOT NULL, request TEXT NOT NULL, state TEXT NOT NULL, exchange_order_id TEXT, filled_lots INTEGER NOT NULL DEFAULT 0,
  rejected_by TEXT, rule TEXT, reason TEXT, placed_at INTEGER NOT NULL, ended_at INTEGER,
  signed_until INTEGER, cancel_requested INTEGER NOT NULL DEFAULT 0
) STRICT;
CREATE INDEX orders_deal ON orders (bot_id, deal_number);
CREATE INDEX orders_alive ON orders (state) WHERE state IN ('intended', 'ambiguous', 'open');
CREATE TABLE fills (
  client_order_id TEXT NOT NULL, trade_id TEXT NOT NULL, bot_id TEXT NOT NULL, deal_number INTEGER NOT NULL,
  symbol TEXT NOT NULL, side TEXT NOT NULL, time INTEGER NOT NULL, fill TEXT NOT NULL,
  PRIMARY KEY (client_order_id, trade_id)
) STRICT;
CREATE INDEX fills_deal ON fills (bot_id, deal_number);
CREATE TABLE deals (
  bot_id TEXT NOT NULL, deal_number INTEGER NOT NULL, symbol TEXT NOT NULL, status TEXT NOT NULL,
  opened_at INTEGER NOT NULL, closed_at INTEGER, summary TEXT NOT NULL, PRIMARY KEY (bot_id, deal_number)
) STRICT;
CREATE INDEX deals_opened ON deals (opened_at, bot_id, deal_number);
CREATE TABLE notes (
  sequence INTEGER PRIMARY KEY, bot_id TEXT NOT NULL, deal_number INTEGER NOT NULL, time INTEGER NOT NULL,
  kind TEXT NOT NULL, note_values TEXT NOT NULL
) STRICT;
CREATE INDEX notes_deal ON notes (bot_id, deal_number);
CREATE TABLE timers (bot_id TEXT NOT NULL, timer TEXT NOT NULL, due INTEGER NOT NULL, PRIMARY KEY (bot_id, timer)) STRICT;
CREATE TABLE quote_requests (bot_id TEXT NOT NULL, symbol TEXT NOT NULL, PRIMARY KEY (bot_id, symbol)) STRICT;
CREATE TABLE sessions (token_hash TEXT PRIMARY KEY, created_at INTEGER NOT NULL, seen_at INTEGER NOT NULL) STRICT;
`;

/**
 * What reconciliation keeps. These tables came later and nothing older reads them: they are made where they are
 * missing, and a store with them still opens in the version before.
 */
const RISK = `
CREATE TABLE IF NOT EXISTS risk (
  scope TEXT PRIMARY KEY, limits TEXT NOT NULL, state TEXT NOT NULL, cause TEXT NOT NULL, cause_values TEXT NOT NULL,
  since INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS realised (
  scope TEXT NOT NULL, day INTEGER NOT NULL, asset TEXT NOT NULL, amount TEXT NOT NULL, PRIMARY KEY (scope, day, asset)
) STRICT;
`;

/** Losses are counted in `realised`; an earlier version kept the time from which ended deals counted. */
const LOSS_SINCE = "SELECT 1 FROM pragma_table_info('risk') WHERE name = 'loss_since'";

const RECONCILIATION = `
CREATE TABLE IF NOT EXISTS findings (
  sequence INTEGER PRIMARY KEY AUTOINCREMENT, time INTEGER NOT NULL, last_time INTEGER NOT NULL, count INTEGER NOT NULL,
  code TEXT NOT NULL, about TEXT, finding_values TEXT NOT NULL, settled INTEGER NOT NULL
) STRICT;
CREATE INDEX IF NOT EXISTS findings_about ON findings (code, about) WHERE settled = 0;
CREATE TABLE IF NOT EXISTS orphans (
  orphan_id INTEGER PRIMARY KEY, symbol TEXT NOT NULL, exchange_order_id TEXT NOT NULL, client_order_id TEXT NOT NULL,
  side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, filled TEXT NOT NULL, exchange_state TEXT NOT NULL,
  bot_id TEXT, deal_number INTEGER, state TEXT NOT NULL, reason TEXT NOT NULL,
  placed_at INTEGER NOT NULL, first_seen_at INTEGER NOT NULL, updated_at INTEGER NOT NULL,
  UNIQUE (symbol, exchange_order_id)
) STRICT;
CREATE TABLE IF NOT EXISTS balance_marks (
  asset TEXT PRIMARY KEY, total TEXT NOT NULL, last_fill INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS balance_differences (
  asset TEXT NOT NULL, time INTEGER NOT NULL, difference TEXT NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS balance_changes (
  change_key TEXT PRIMARY KEY, asset TEXT NOT NULL, amount TEXT NOT NULL, cause TEXT NOT NULL, time INTEGER NOT NULL,
  counted INTEGER NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS trade_marks (symbol TEXT PRIMARY KEY, trade_id TEXT NOT NULL) STRICT;
CREATE INDEX IF NOT EXISTS notes_bot ON notes (bot_id);
CREATE INDEX IF NOT EXISTS orders_exchange ON orders (exchange_order_id, symbol);
`;

/** Alarms and what goes out of the desk about them; made where they are missing, like the tables above. */
const ALARMS = `
CREATE TABLE IF NOT EXISTS alarms (
  alarm_id TEXT PRIMARY KEY, kind TEXT NOT NULL, severity TEXT NOT NULL, connection TEXT NOT NULL, subject TEXT NOT NULL,
  facts TEXT NOT NULL, state TEXT NOT NULL, is_lasting INTEGER NOT NULL, raised_at INTEGER NOT NULL, last_at INTEGER NOT NULL,
  count INTEGER NOT NULL, acknowledged_at INTEGER, acknowledged_by TEXT, resolved_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS alarms_standing ON alarms (kind, connection, subject) WHERE state != 'resolved';
CREATE TABLE IF NOT EXISTS foreign_orders (
  connection TEXT NOT NULL, symbol TEXT NOT NULL, exchange_order_id TEXT NOT NULL, client_order_id TEXT NOT NULL,
  side TEXT NOT NULL, price TEXT NOT NULL, quantity TEXT NOT NULL, state TEXT NOT NULL, seen_at INTEGER NOT NULL,
  PRIMARY KEY (connection, symbol, exchange_order_id)
) STRICT;
CREATE TABLE IF NOT EXISTS alarm_deliveries (
  delivery_id INTEGER PRIMARY KEY AUTOINCREMENT, alarm_id TEXT NOT NULL, channel TEXT NOT NULL, body TEXT NOT NULL,
  state TEXT NOT NULL, attempts INTEGER NOT NULL, due INTEGER NOT NULL, fault TEXT, sent_at INTEGER
) STRICT;
CREATE INDEX IF NOT EXISTS alarm_deliveries_due ON alarm_deliveries (due) WHERE state = 'waiting';
`;

/** A row as SQLite gives it: integers, text and NULL. */
export type Row = Readonly<Record<string, number | string | null>>;
export type Parameter = number | string | null;

export class Store {
  readonly #database: DatabaseSync;
  readonly #statements = new Map<string, StatementSync>();

  /**
   * Opens `file`, making it if it is not there. Throws StoreError `busy` when another process has it open,
   * `version` when a newer Kontor wrote it or one too old, `damaged` when SQLite finds it broken.
   */
  constructor(file: string) {
    let opened: DatabaseSync | null = null;
    try {
      closeSync(openSync(file, 'a', 0o600));
      opened = new DatabaseSync(file, { timeout: 0 });
      this.#database = opened;
      this.#database.exec(
        'PRAGMA locking_mode = EXCLUSIVE; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;',
      );
      this.#database.exec('PRAGMA cache_size = -8000; PRAGMA wal_autocheckpoint = 1000;');
      this.#migrate(file);
    } catch (error) {
      opened?.close();
      throw toStoreError(error, file);
    }
  }

  /** Runs `work` with all of its writes or none. */
  transaction<T>(work: () => T): T {
    this.#exec('BEGIN IMMEDIATE');
    let result: T;
    try {
      result = work();
      this.#exec('COMMIT');
    } catch (error) {
      if (this.#database.isTransaction) this.#exec('ROLLBACK');
      throw error;
    }
    return result;
  }

  run(sql: string, ...parameters: readonly Parameter[]): number {
    try {
      return Number(this.#statement(sql).run(...parameters).changes);
    } catch (error) {
      throw toStoreError(error, sql);
    }
  }

  all(sql: string, ...parameters: readonly Parameter[]): readonly Row[] {
    try {
      return this.#statement(sql)
        .all(...parameters)
        .map((row) => toRow(row));
    } catch (error) {
      throw toStoreError(error, sql);
    }
  }

  get(sql: string, ...parameters: readonly Parameter[]): Row | undefined {
    try {
      const row = this.#statement(sql).get(...parameters);
      return row === undefined ? undefined : toRow(row);
    } catch (error) {
      throw toStoreError(error, sql);
    }
  }

  meta(key: string): string | undefined {
    const row = this.get('SELECT value FROM meta WHERE key = ?', key);
    return row === undefined ? undefined : textOf(row, 'value');
  }

  setMeta(key: string, value: string): void {
    this.run('INSERT OR REPLACE INTO meta (key, value) VALUES (?, ?)', key, value);
  }

  /** 'ok', or what SQLite finds wrong with the file. */
  integrity(): string {
    const found = this.get('PRAGMA integrity_check');
    return found === undefined ? 'no answer' : String(Object.values(found)[0]);
  }

  /** Writes a consistent copy to `file` while the desk runs. Throws StoreError when it cannot. */
  copyTo(file: string): void {
    try {
      this.#database.prepare('VACUUM INTO ?').run(file);
    } catch (error) {
      throw toStoreError(error, file);
    }
  }

  close(): void {
    this.#database.close();
  }

  #exec(sql: string): void {
    try {
      this.#database.exec(sql);
    } catch (error) {
      throw toStoreError(error, sql);
    }
  }

  #statement(sql: string): StatementSync {
    const known = this.#statements.get(sql);
    if (known !== undefined) return known;
    const made = this.#database.prepare(sql);
    this.#statements.set(sql, made);
    return made;
  }

  /** A copy of the store as it was, for whoever must go back to the version that wrote it. */
  #keepAside(copy: string): void {
    rmSync(copy, { force: true });
    closeSync(openSync(copy, 'a', 0o600));
    this.#database.prepare('VACUUM INTO ?').run(copy);
  }

  #migrate(file: string): void {
    const row = this.#database.prepare('PRAGMA user_version').get();
    const version = Number(row?.['user_version'] ?? 0);
    if (version > SCHEMA_VERSION) {
      throw new StoreError(
        'version',
        `${file} was written by a newer Kontor (store version ${version}, this one knows ${SCHEMA_VERSION})`,
      );
    }
    if (version === 1) {
      throw new StoreError(
        'version',
        `${file} was written by an older Kontor (store version ${version}, this one begins with 2); let that one end its deals, then move the data directory away and start anew`,
      );
    }
    if (version === 0) {
      this.#database.exec(
        `BEGIN IMMEDIATE; ${SCHEMA} ${TO_VERSION_4} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
      );
    }
    if (version === 2 || version === 3) {
      this.#keepAside(`${file}.version-${version}`);
      const steps = version === 2 ? TO_VERSION_3 + TO_VERSION_4 : TO_VERSION_4;
      this.#database.exec(
        `BEGIN IMMEDIATE; ${steps} PRAGMA user_version = ${SCHEMA_VERSION}; COMMIT;`,
      );
    }
    this.#database.exec(`BEGIN IMMEDIATE; ${RISK} ${RECONCILIATION} ${ALARMS} COMMIT;`);
    if (this.#database.prepare(LOSS_SINCE).get() !== undefined) {
      this.#database.exec('ALTER TABLE risk DROP COLUMN loss_since');
    }
  }
}

/** `row[column]` as text. Throws StoreError `damaged` when it holds something else. */
export function textOf(row: Row, column: string): string {
  const value = row[column];
  if (typeof value !== 'string')
    throw new StoreError('damaged', `expected text in ${column}, found ${typeof value}`);
  return value;
}

/** `row[column]` as a number. Throws StoreError `damaged` when it holds something else. */
export function numberOf(row: Row, column: string): number {
  const value = row[column];
  if (typeof value !== 'number')
    throw new StoreError('damaged', `expected a number in ${column}, found ${typeof value}`);
  return value;
}

/** `row` as it is, once its values are known to be those of a Row. */
function toRow(row: Readonly<Record<string, unknown>>): Row {
  for (const column in row) {
    const value = row[column];
    if (typeof value !== 'number' && typeof value !== 'string' && value !== null) {
      throw new StoreError(
        'damaged',
        `expected a number, text or NULL in ${column}, found ${typeof value}`,
      );
    }
  }
  return row as Row;
}
