// SPDX-License-Identifier: Apache-2.0
// Balances as the exchange tells them, and whether what we know of explains them.
//
// For each asset the book keeps the last total that was explained and every change since that we know of: our fills
// and their commissions, trades of others, deposits. A total the exchange tells is explained when it is that mark
// plus the first so many of these changes, in the order of their times: news may be older than what we know already.
//
// A total that nothing explains for long is written down, with what nothing explains of it. News that come later and are
// dated before it are part of it, be they more, less or of the other sign, as a fee is: once they sum up to what was
// written down, it is explained. Nothing else ever makes it so.

import {
  ASSET_SCALE,
  decodeJournal,
  formatDecimal,
  lotsBase,
  baseScale,
  moneyScale,
  notionalMoney,
  parseDecimal,
  trimDecimal,
  type Fill,
  type Instrument,
  type Side,
} from '@kontor/core';
import type { ReportedTrade, VenueBalance } from '@kontor/exchange';
import { numberOf, textOf, type Store } from '../store/store.ts';

/** Holds every amount of any instrument. */
const SCALE = 24;
/** More than these at once were never explained; the oldest are taken as counted. */
const PENDING_MAX = 10_000;
const UNEXPLAINED_MAX = 100;
/** Trades of others are remembered this far back, so that none counts twice. */
const CHANGES_KEPT = 10_000;
const KEYS_MAX = 20_000;

export type ChangeCause = 'ownTrade' | 'foreignTrade' | 'transfer';

interface Change {
  readonly key: string;
  readonly time: number;
  readonly amount: bigint;
}

interface Doubt {
  readonly total: bigint;
  readonly difference: bigint;
  /** When it began, by the clock that nobody sets. */
  readonly since: number;
  /** The account's own time of the total. */
  readonly time: number;
}

/** A difference that was written down as unexplained; news that come late may explain it yet. */
interface Unexplained {
  /** The account's own time of the total that showed it. */
  readonly time: number;
  readonly difference: bigint;
  /** What was told since and dated before, by time: each is a part of the difference. */
  late: Change[];
}

interface Account {
  /** The last total that was explained; null before the first. */
  total: bigint | null;
  /** The account's own time of a first total that was taken as it was: what is dated before is in it. */
  begunAt: number;
  /** Changes since, by time. */
  pending: Change[];
  /** The total told last, where nothing explains it. */
  doubt: Doubt | null;
  /** What was written down, by time. */
  unexplained: Unexplained[];
  /** Changed since it was last written. */
  isDirty: boolean;
}

/** A difference between what was told and what is known. Amounts are decimal text. */
export interface Difference {
  readonly asset: string;
  readonly expected: string;
  readonly found: string;
  readonly difference: string;
}

export interface BalancePorts {
  readonly store: Store;
  readonly instrument: (symbol: string) => Instrument | undefined;
  /** ms of a clock that nobody sets. */
  readonly monotonic: () => number;
  /** Something a page shows has changed. */
  readonly onChanged: () => void;
  readonly onExplained: (difference: Difference) => void;
}

/** When a question for all balances was put; its answer may be older than what was told meanwhile. */
export interface BalanceQuestion {
  readonly told: number;
}

export class BalanceBook {
  readonly #ports: BalancePorts;
  readonly #balances = new Map<string, VenueBalance>();
  readonly #accounts = new Map<string, Account>();
  /** The account's own time of each balance, and which piece of news it came with. */
  readonly #told = new Map<string, { readonly time: number; readonly news: number }>();
  /** Changes that count already, told twice. */
  readonly #keys = new Set<string>();
  #news = 0;
  /** The account's own time of the latest that was heard. */
  #latest = 0;
  #isComplete = false;

  constructor(ports: BalancePorts) {
    this.#ports = ports;
  }

  /** Takes up what the store holds: marks, and the changes that came after each. Instruments must be known. */
  load(): void {
    const { store } = this.#ports;
    const lastFills = new Map<string, number>();
    for (const row of store.all('SELECT asset, total, last_fill FROM balance_marks')) {
      const asset = textOf(row, 'asset');
      this.#account(asset).total = BigInt(textOf(row, 'total'));
      lastFills.set(asset, numberOf(row, 'last_fill'));
    }
    for (const row of store.all('SELECT * FROM balance_differences ORDER BY time')) {
      this.#account(textOf(row, 'asset')).unexplained.push({
        time: numberOf(row, 'time'),
        difference: BigInt(textOf(row, 'difference')),
        late: [],
      });
    }
    for (const row of store.all('SELECT * FROM balance_changes')) {
      const asset = textOf(row, 'asset');
      const key = textOf(row, 'change_key');
      this.#keys.add(key);
      if (numberOf(row, 'counted') === 1 || !lastFills.has(asset)) continue;
      const amount = BigInt(textOf(row, 'amount'));
      this.#add({ asset, key, time: numberOf(row, 'time'), amount });
    }
    if (lastFills.size === 0) return;
    for (const row of store.all(
      'SELECT rowid, symbol, side, fill FROM fills WHERE rowid > ? ORDER BY rowid',
      Math.min(...lastFills.values()),
    )) {
      const rowid = numberOf(row, 'rowid');
      const side = textOf(row, 'side') === 'buy' ? 'buy' : 'sell';
      const fill = decodeJournal<Fill>(textOf(row, 'fill'));
      for (const change of this.#changesOf(textOf(row, 'symbol'), side, fill)) {
        if (rowid > (lastFills.get(change.asset) ?? Infinity)) this.#add(change);
      }
    }
  }

  /** All balances that are not zero, by asset. */
  list(): readonly VenueBalance[] {
    return [...this.#balances.values()].toSorted((a, b) => (a.asset < b.asset ? -1 : 1));
  }

  /** The account's stream told some balances. */
  onEvent(balances: readonly VenueBalance[], time: number): void {
    this.#news += 1;
    this.#hear(time);
    let isNew = false;
    for (const balance of balances) {
      const known = this.#told.get(balance.asset);
      if (known !== undefined && time < known.time) continue;
      this.#told.set(balance.asset, { time, news: this.#news });
      this.#take(balance, time);
      isNew = true;
    }
    if (isNew) this.#ports.onChanged();
  }

  /** To be called when all balances are about to be asked for. */
  ask(): BalanceQuestion {
    return { told: this.#news };
  }

  /**
   * The answer to that question: all balances that are not zero. A balance that the stream told after the question
   * was put, or that is dated later than the answer, stays.
   */
  onAnswer(
    question: BalanceQuestion,
    balances: readonly VenueBalance[],
    updateTime: number | null,
  ): void {
    if (updateTime !== null) this.#hear(updateTime);
    const listed = new Map(balances.map((balance) => [balance.asset, balance]));
    for (const asset of [...this.#balances.keys(), ...this.#accounts.keys()]) {
      if (!listed.has(asset)) listed.set(asset, { asset, free: '0', locked: '0' });
    }
    for (const balance of listed.values()) {
      const known = this.#told.get(balance.asset);
      const isOvertaken = known !== undefined && known.news > question.told;
      const isOlder = known !== undefined && updateTime !== null && updateTime < known.time;
      if (isOlder || (isOvertaken && (updateTime === null || updateTime <= known.time))) continue;
      if (updateTime !== null) {
        this.#told.set(balance.asset, { time: updateTime, news: known?.news ?? 0 });
      }
      // An answer without a time is not older than the last that was heard.
      this.#take(balance, updateTime ?? this.#latest);
    }
    this.#isComplete = true;
    this.#ports.onChanged();
  }

  /** A fill of an order of ours was stored. */
  onFill(symbol: string, side: Side, fill: Fill): void {
    for (const change of this.#changesOf(symbol, side, fill)) this.#add(change);
  }

  /** A trade of no order that the store has. Told twice it counts once. */
  onOtherTrade(
    cause: ChangeCause,
    symbol: string,
    side: Side,
    trade: ReportedTrade,
    time: number,
  ): void {
    const assets = this.#assetsOf(symbol);
    if (assets === null) return;
    const quantity = scaled(trade.quantity);
    const money = (scaled(trade.price) * quantity) / 10n ** BigInt(SCALE);
    const sign = side === 'buy' ? 1n : -1n;
    const key = tradeKey(symbol, trade.tradeId);
    this.#store(cause, time, [
      { asset: assets.base, key: `${key} base`, time, amount: sign * quantity },
      { asset: assets.quote, key: `${key} quote`, time, amount: -sign * money },
      {
        asset: trade.commissionAsset,
        key: `${key} fee`,
        time,
        amount: -scaled(trade.commission),
      },
    ]);
  }

  /** A deposit, or below zero a withdrawal. */
  onTransfer(asset: string, amount: string, time: number): void {
    const key = `transfer ${asset} ${amount} ${time}`;
    this.#store('transfer', time, [{ asset, key, time, amount: scaled(amount) }]);
  }

  /** Assets whose last told total nothing explains since at least `ms`. */
  doubtful(ms: number): readonly string[] {
    const now = this.#ports.monotonic();
    return [...this.#accounts]
      .filter(([, { doubt }]) => doubt !== null && now - doubt.since >= ms)
      .map(([asset]) => asset);
  }

  /** By how much each total differs that nothing explains. */
  doubts(): ReadonlyMap<string, bigint> {
    const differences = new Map<string, bigint>();
    for (const [asset, { doubt }] of this.#accounts) {
      if (doubt !== null) differences.set(asset, doubt.difference);
    }
    return differences;
  }

  /** Takes the total of `asset` as it is, unexplained; null where it is explained after all. */
  accept(asset: string): Difference | null {
    const account = this.#account(asset);
    const { doubt } = account;
    if (doubt === null) return null;
    account.total = doubt.total;
    // What is dated later is not in that total yet.
    account.pending = account.pending.filter(({ time }) => time > doubt.time);
    account.doubt = null;
    account.isDirty = true;
    account.unexplained.push({ time: doubt.time, difference: doubt.difference, late: [] });
    if (account.unexplained.length > UNEXPLAINED_MAX) account.unexplained.shift();
    return toDifference(asset, doubt.total, doubt.difference);
  }

  /**
   * What the account holds of `asset` at `ASSET_SCALE` decimals, trades included that the exchange has not told in a
   * balance yet. Null before the first balances are known.
   */
  total(asset: string): bigint | null {
    if (!this.#isComplete) return null;
    const account = this.#accounts.get(asset);
    if (account === undefined) return 0n;
    const sum =
      account.doubt?.total ??
      account.pending.reduce((total, { amount }) => total + amount, account.total ?? 0n);
    return sum / 10n ** BigInt(SCALE - ASSET_SCALE);
  }

  /** Base and quote of `symbol`, also where it is none of ours: then from the assets the account knows. */
  assetsOf(symbol: string): readonly string[] {
    const assets = this.#assetsOf(symbol);
    return assets === null ? [] : [assets.base, assets.quote];
  }

  /** Writes the marks that have moved; to be called from time to time and before the store closes. */
  save(): void {
    const { store } = this.#ports;
    const moved = [...this.#accounts].filter(([, { isDirty, total }]) => isDirty && total !== null);
    if (moved.length === 0) return;
    store.transaction(() => {
      const row = store.get('SELECT coalesce(max(rowid), 0) AS last FROM fills');
      const lastFill = row === undefined ? 0 : numberOf(row, 'last');
      store.run(
        'DELETE FROM balance_changes WHERE counted = 1 AND rowid <= (SELECT max(rowid) FROM balance_changes) - ?',
        CHANGES_KEPT,
      );
      for (const [asset, account] of moved) {
        store.run(
          'INSERT OR REPLACE INTO balance_marks (asset, total, last_fill) VALUES (?, ?, ?)',
          asset,
          String(account.total),
          lastFill,
        );
        store.run('UPDATE balance_changes SET counted = 1 WHERE asset = ? AND counted = 0', asset);
        // What no total shows yet is counted from here on, whether it came of a fill or not.
        for (const { key, amount, time } of account.pending) {
          store.run(
            `INSERT INTO balance_changes (change_key, asset, amount, cause, time, counted) VALUES (?, ?, ?, 'ownTrade', ?, 0)
             ON CONFLICT (change_key) DO UPDATE SET counted = 0`,
            key,
            asset,
            String(amount),
            time,
          );
        }
        store.run('DELETE FROM balance_differences WHERE asset = ?', asset);
        for (const { time, difference, late } of account.unexplained) {
          store.run(
            'INSERT INTO balance_differences (asset, time, difference) VALUES (?, ?, ?)',
            asset,
            time,
            String(difference - sumOf(late)),
          );
        }
        account.isDirty = false;
      }
    });
    if (this.#keys.size <= KEYS_MAX) return;
    this.#keys.clear();
    for (const row of store.all('SELECT change_key FROM balance_changes')) {
      this.#keys.add(textOf(row, 'change_key'));
    }
  }

  #take(balance: VenueBalance, time: number): void {
    const { asset } = balance;
    if (isZero(balance)) this.#balances.delete(asset);
    else this.#balances.set(asset, balance);
    const total = scaled(balance.free) + scaled(balance.locked);
    const account = this.#account(asset);
    if (account.total === null) {
      // The first that is heard of it. After a full answer whatever it did not name was zero.
      account.total = this.#isComplete ? 0n : total;
      if (!this.#isComplete) {
        account.pending = [];
        account.begunAt = time;
      }
      account.isDirty = true;
    }
    this.#explain(account, total, time);
  }

  #explain(account: Account, total: bigint, time: number): void {
    if (this.#isExplained(account, total)) return;
    const known = account.pending.filter((change) => change.time <= time);
    const difference = total - (account.total ?? 0n) - sumOf(known);
    const isKnown = account.doubt?.difference === difference && account.doubt.total === total;
    if (!isKnown) account.doubt = { total, difference, since: this.#ports.monotonic(), time };
  }

  /** Takes `total` where the last one and the first so many of the changes since come to it. */
  #isExplained(account: Account, total: bigint): boolean {
    const { pending } = account;
    const last = account.unexplained.at(-1);
    const late = last?.late ?? [];
    // News that were taken for late, from the last on, may have come after the total that was written down.
    let base = account.total ?? 0n;
    for (let from = late.length; from >= 0; from -= 1) {
      base += late[from]?.amount ?? 0n;
      let sum = base + sumOf(pending);
      for (let count = pending.length; count >= 0; count -= 1) {
        if (sum === total) {
          if (count > 0 || from < late.length) account.isDirty = true;
          if (last !== undefined) last.late = late.slice(0, from);
          account.total = total;
          account.pending = pending.slice(count);
          account.doubt = null;
          return true;
        }
        sum -= pending[count - 1]?.amount ?? 0n;
      }
    }
    return false;
  }

  #store(
    cause: ChangeCause,
    time: number,
    changes: readonly (Change & { readonly asset: string })[],
  ): void {
    for (const change of changes) {
      if (change.amount === 0n || change.asset === '' || this.#keys.has(change.key)) continue;
      this.#keys.add(change.key);
      this.#ports.store.run(
        'INSERT OR IGNORE INTO balance_changes (change_key, asset, amount, cause, time, counted) VALUES (?, ?, ?, ?, ?, 0)',
        change.key,
        change.asset,
        String(change.amount),
        cause,
        time,
      );
      this.#add(change);
    }
  }

  #add(change: Change & { readonly asset: string }): void {
    const account = this.#account(change.asset);
    this.#hear(change.time);
    const unexplained = account.unexplained.find(({ time }) => change.time <= time);
    if (unexplained !== undefined) {
      this.#addLate(account, unexplained, change);
      return;
    }
    if (change.time < account.begunAt) return;
    // Before the first total there is nothing to explain.
    if (account.total === null && !this.#isComplete) return;
    this.#insert(change);
    if (account.doubt !== null) this.#explain(account, account.doubt.total, account.doubt.time);
  }

  /** News of what was written down: it is explained once the first so many of them come to it. */
  #addLate(
    account: Account,
    unexplained: Unexplained,
    change: Change & { readonly asset: string },
  ): void {
    const { late, difference } = unexplained;
    insertByTime(late, change);
    account.isDirty = true;
    let sum = 0n;
    const at = late.findIndex(({ amount }) => (sum += amount) === difference);
    if (at !== -1) {
      account.unexplained = account.unexplained.filter((other) => other !== unexplained);
      this.#ports.onExplained(toDifference(change.asset, account.total ?? 0n, difference));
      for (const rest of late.slice(at + 1)) insertByTime(account.pending, rest);
    }
    if (account.doubt !== null) this.#explain(account, account.doubt.total, account.doubt.time);
  }

  #insert(change: Change & { readonly asset: string }): void {
    insertByTime(this.#account(change.asset).pending, change);
  }

  #hear(time: number): void {
    this.#latest = Math.max(this.#latest, time);
  }

  #account(asset: string): Account {
    const known = this.#accounts.get(asset);
    if (known !== undefined) return known;
    const made: Account = {
      total: null,
      begunAt: Number.NEGATIVE_INFINITY,
      pending: [],
      doubt: null,
      unexplained: [],
      isDirty: false,
    };
    this.#accounts.set(asset, made);
    return made;
  }

  #changesOf(
    symbol: string,
    side: Side,
    fill: Fill,
  ): readonly (Change & { readonly asset: string })[] {
    const instrument = this.#ports.instrument(symbol);
    if (instrument === undefined) return [];
    const sign = side === 'buy' ? 1n : -1n;
    const { time } = fill;
    const key = tradeKey(symbol, fill.tradeId);
    // It was counted before its order was taken up.
    if (this.#keys.has(`${key} base`)) return [];
    const notional = BigInt(fill.priceTicks) * BigInt(fill.quantity);
    const amounts: readonly (readonly [part: string, asset: string, amount: bigint])[] = [
      [
        'base',
        instrument.baseAsset,
        sign * rescaled(lotsBase(instrument, fill.quantity), baseScale(instrument)),
      ],
      [
        'quote',
        instrument.quoteAsset,
        -sign * rescaled(notionalMoney(instrument, notional), moneyScale(instrument)),
      ],
      ['fee', fill.commissionAsset, -rescaled(fill.commission, ASSET_SCALE)],
    ];
    return amounts
      .filter(([, asset, amount]) => asset !== '' && amount !== 0n)
      .map(([part, asset, amount]) => ({ asset, key: `${key} ${part}`, time, amount }));
  }

  #assetsOf(symbol: string): { readonly base: string; readonly quote: string } | null {
    const instrument = this.#ports.instrument(symbol);
    if (instrument !== undefined) {
      return { base: instrument.baseAsset, quote: instrument.quoteAsset };
    }
    let best: { readonly base: string; readonly quote: string; readonly known: number } | null =
      null;
    for (let cut = 1; cut < symbol.length; cut += 1) {
      const base = symbol.slice(0, cut);
      const quote = symbol.slice(cut);
      const known =
        (this.#accounts.has(base) ? base.length : 0) +
        (this.#accounts.has(quote) ? quote.length : 0);
      if (known > (best?.known ?? 0)) best = { base, quote, known };
    }
    return best;
  }
}

function tradeKey(symbol: string, tradeId: string): string {
  return `${symbol} ${tradeId}`;
}

function insertByTime(changes: Change[], change: Change): void {
  let at = changes.length;
  while (at > 0 && (changes[at - 1]?.time ?? 0) > change.time) at -= 1;
  changes.splice(at, 0, change);
  if (changes.length > PENDING_MAX) changes.shift();
}

function sumOf(changes: readonly Change[]): bigint {
  return changes.reduce((sum, { amount }) => sum + amount, 0n);
}

function isZero({ free, locked }: VenueBalance): boolean {
  return scaled(free) === 0n && scaled(locked) === 0n;
}

function scaled(text: string): bigint {
  const parsed = parseDecimal(text, SCALE);
  return parsed.ok ? parsed.value : 0n;
}

function rescaled(amount: bigint, scale: number): bigint {
  return amount * 10n ** BigInt(SCALE - scale);
}

function toDifference(asset: string, found: bigint, difference: bigint): Difference {
  const text = (amount: bigint): string => trimDecimal(formatDecimal(amount, SCALE));
  return {
    asset,
    expected: text(found - difference),
    found: text(found),
    difference: text(difference),
  };
}
