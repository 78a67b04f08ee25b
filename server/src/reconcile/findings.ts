// SPDX-License-Identifier: Apache-2.0
// What reconciliation found and decided, as data: the desk's pages write the sentences.
//
// A finding that repeats under its key while nobody has settled it is counted, not written again.

import { numberOf, textOf, type Row, type Store } from '../store/store.ts';

/** What was found or decided. docs/user-guide.md says what each means and what to do. */
export const FINDING_CODES = [
  /** An order with the desk's tag rests at the exchange, and the store knows nothing of it. */
  'orphanFound',
  /** Such an order has traded. */
  'orphanFilled',
  /** It ended by itself or by someone else. */
  'orphanEnded',
  'orphanAdopted',
  'orphanCancelled',
  /** A trade of the account that no order of this desk made. */
  'foreignTrade',
  /** A deposit, withdrawal or transfer. */
  'transfer',
  /** A balance that neither our fills nor foreign trades and transfers explain. */
  'balanceUnexplained',
  /** An earlier unexplained difference has found its cause. */
  'balanceExplained',
  /** The store believed an order ended, and the exchange still had it. */
  'orderRevived',
  /** The exchange no longer has an order, or has filled it, and the account stream had not said so. */
  'orderMissed',
  /** Someone other than the desk took an order off the book. */
  'orderCancelledByOthers',
  /** An order under one of our IDs that is older than the one we sent. */
  'namesake',
  /** The store is older than the orders: it was restored from a copy, and the desk went on after the copy was made. */
  'restoreNoticed',
  /** Orders under this desk's IDs appear that it did not send: another copy of the desk seems to be at work. */
  'otherDeskNoticed',
  /** The account stream ended. */
  'streamDown',
  /** The account stream was up and told nothing of what happened. */
  'streamDeaf',
  /** The exchange or the policy does not let the desk compare. */
  'sweepFailed',
  /** The bots began to act before a first comparison succeeded. */
  'startedUnchecked',
  /** A question about an order, or a quote, is refused and not merely late. */
  'questionRefused',
] as const;

export type FindingCode = (typeof FINDING_CODES)[number];

/** A finding as the API shows it. */
export interface Finding {
  readonly sequence: number;
  /** Market time of the first and of the last time it was found. */
  readonly time: number;
  readonly lastTime: number;
  readonly count: number;
  readonly code: FindingCode;
  readonly values: Readonly<Record<string, string>>;
}

/** Older findings are dropped: they are a record for people, not for the machine. */
const FINDINGS_MAX = 5_000;
const DROP_EVERY = 100;

export class FindingBook {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #onFound: (finding: Finding) => void;
  #written = 0;

  /** `now` is market time. `onFound` is told of each finding that is new or says something new. */
  constructor(store: Store, now: () => number, onFound: (finding: Finding) => void) {
    this.#store = store;
    this.#now = now;
    this.#onFound = onFound;
  }

  /**
   * Writes a finding down. `key` says what it is about: found again under its key with the same values it is only
   * counted, with other values it is written over. Without a key each one stands for itself.
   */
  add(
    code: FindingCode,
    values: Readonly<Record<string, string>>,
    key: string | null = null,
  ): void {
    const now = this.#now();
    const text = JSON.stringify(values);
    const known =
      key === null
        ? undefined
        : this.#store.get(
            'SELECT * FROM findings WHERE code = ? AND about = ? AND settled = 0',
            code,
            key,
          );
    if (known !== undefined) {
      this.#store.run(
        'UPDATE findings SET last_time = ?, count = count + 1, finding_values = ? WHERE sequence = ?',
        now,
        text,
        numberOf(known, 'sequence'),
      );
      if (textOf(known, 'finding_values') !== text) this.#tell(numberOf(known, 'sequence'));
      return;
    }
    this.#store.run(
      'INSERT INTO findings (time, last_time, count, code, about, finding_values, settled) VALUES (?, ?, 1, ?, ?, ?, 0)',
      now,
      now,
      code,
      key,
      text,
    );
    const row = this.#store.get('SELECT last_insert_rowid() AS sequence');
    if (row !== undefined) this.#tell(numberOf(row, 'sequence'));
    this.#written += 1;
    if (this.#written % DROP_EVERY === 0) {
      this.#store.run(
        'DELETE FROM findings WHERE sequence <= (SELECT max(sequence) FROM findings) - ?',
        FINDINGS_MAX,
      );
    }
  }

  /** It no longer holds: the next time it is a new finding. */
  settle(code: FindingCode, key: string): void {
    this.#store.run(
      'UPDATE findings SET settled = 1 WHERE code = ? AND about = ? AND settled = 0',
      code,
      key,
    );
  }

  /** The newest first. */
  latest(limit: number): readonly Finding[] {
    return this.#store
      .all('SELECT * FROM findings ORDER BY sequence DESC LIMIT ?', limit)
      .flatMap((row) => toFinding(row) ?? []);
  }

  #tell(sequence: number): void {
    const row = this.#store.get('SELECT * FROM findings WHERE sequence = ?', sequence);
    const finding = row === undefined ? null : toFinding(row);
    if (finding !== null) this.#onFound(finding);
  }
}

/** Null for a finding that another version of the desk wrote and this one does not know. */
function toFinding(row: Row): Finding | null {
  const code = FINDING_CODES.find((candidate) => candidate === textOf(row, 'code'));
  if (code === undefined) return null;
  const values: Finding['values'] = JSON.parse(textOf(row, 'finding_values'));
  return {
    sequence: numberOf(row, 'sequence'),
    time: numberOf(row, 'time'),
    lastTime: numberOf(row, 'last_time'),
    count: numberOf(row, 'count'),
    code,
    values,
  };
}
