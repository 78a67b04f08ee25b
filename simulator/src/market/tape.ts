// SPDX-License-Identifier: Apache-2.0
// What one symbol has traded: candles of every interval, the latest trades, and when its market was open.

import { mergeCandle, newCandle, CandleSeries, type Candle } from './candle-series.ts';
import {
  DAY_MS,
  effectiveOffset,
  HOUR_MS,
  INTERVALS,
  MINUTE_MS,
  SECOND_MS,
  tileOf,
  windowEnd,
  windowStart,
  type Interval,
} from './intervals.ts';
import type { TradeEvent } from '../ports.ts';

/** About four hours of busy seconds, seventy days of minutes, and enough of everything else. */
const CANDLES_MAX: Readonly<Partial<Record<Interval, number>>> = { '1s': 15_000, '1m': 100_000 };
const OTHER_CANDLES_MAX = 20_000;
/** Trades and aggregate trades kept for questions about the past. */
const TRADES_MAX = 20_000;
/** Stretches of open market remembered: a year of a source with a hole every hour. */
const SESSIONS_MAX = 10_000;
/** Closed candles and trades that a state file carries, per interval. */
const SAVED_CANDLES: Readonly<Partial<Record<Interval, number>>> = { '1s': 0, '1m': 1000 };
const SAVED_OTHER_CANDLES = 400;
const SAVED_TRADES = 200;
const SAVED_SESSIONS = 200;

/** Intervals built from finished minutes. */
const LARGER = INTERVALS.filter((interval) => interval !== '1s' && interval !== '1m');

/** From `fromMs` to `toMs` the market was open; a window without trades in it has an empty candle. */
interface Session {
  readonly fromMs: number;
  toMs: number;
  /** The price before the first trade; 0 when the last close counts. */
  readonly priceTicks: number;
}

export interface AggregateTrade {
  readonly aggregateId: number;
  readonly priceTicks: number;
  lots: number;
  readonly firstId: number;
  lastId: number;
  readonly marketMs: number;
  readonly isBuyerMaker: boolean;
  readonly takerOrderId: number;
}

/** Prices and amounts over a stretch of time; `count` 0 when nothing traded. */
export type Summary = Candle;

export class SymbolTape {
  readonly #series: ReadonlyMap<Interval, CandleSeries>;
  readonly #seconds: CandleSeries;
  readonly #minutes: CandleSeries;
  /** The running minute: the last of the minutes, not yet in any larger interval. */
  #minute: Candle | undefined;
  #sessions: Session[] = [];
  #trades: TradeEvent[] = [];
  #aggregates: AggregateTrade[] = [];
  #pending: AggregateTrade | undefined;
  #nextAggregateId = 1;
  #lastTicks = 0;
  #lastLots = 0;
  #lastTradeMs = 0;

  constructor() {
    const series = new Map<Interval, CandleSeries>();
    for (const interval of INTERVALS) {
      series.set(interval, new CandleSeries(interval, CANDLES_MAX[interval] ?? OTHER_CANDLES_MAX));
    }
    this.#series = series;
    this.#seconds = this.series('1s');
    this.#minutes = this.series('1m');
  }

  series(interval: Interval): CandleSeries {
    const series = this.#series.get(interval);
    if (series === undefined) throw new Error(`Invariant: there is a series for ${interval}`);
    return series;
  }

  get lastTicks(): number {
    return this.#lastTicks;
  }

  get lastLots(): number {
    return this.#lastLots;
  }

  get lastTradeMs(): number {
    return this.#lastTradeMs;
  }

  get lastTradeId(): number {
    return this.#trades.at(-1)?.tradeId ?? -1;
  }

  /** The market opens, at the start or after a gap. `priceTicks` is its price until something trades; 0: the last. */
  open(marketMs: number, priceTicks: number): void {
    const last = this.#sessions.at(-1);
    if (last !== undefined && last.fromMs === marketMs && last.priceTicks === priceTicks) return;
    this.#sessions.push({ fromMs: marketMs, toMs: marketMs, priceTicks });
    if (this.#lastTicks === 0) this.#lastTicks = priceTicks;
    if (this.#sessions.length > SESSIONS_MAX + SESSIONS_MAX / 4) {
      this.#sessions = this.#sessions.slice(-SESSIONS_MAX);
    }
  }

  /** The market is still open at `marketMs`. */
  advance(marketMs: number): void {
    const session = this.#sessions.at(-1);
    if (session === undefined) this.open(marketMs, 0);
    else if (marketMs > session.toMs) session.toMs = marketMs;
  }

  /** The aggregate trade that `trade` completed, if any: one that can no longer grow. */
  record(trade: TradeEvent): AggregateTrade | undefined {
    this.print(trade.marketMs, trade.priceTicks, trade.lots, !trade.isBuyerMaker, trade.tradeId);
    if (trade.lots <= 0) return undefined;
    this.#trades.push(trade);
    if (this.#trades.length > TRADES_MAX + TRADES_MAX / 4) {
      this.#trades = this.#trades.slice(-TRADES_MAX);
    }
    return this.#aggregate(trade);
  }

  /** Takes over an aggregate trade of a followed market with the IDs it has there; `event` shows it as one trade. */
  recordAggregate(trade: AggregateTrade, event: TradeEvent): void {
    const { marketMs, priceTicks, lots, firstId, lastId, isBuyerMaker } = trade;
    this.#count(marketMs, priceTicks, lots, !isBuyerMaker, firstId, lastId);
    this.#trades.push(event);
    if (this.#trades.length > TRADES_MAX + TRADES_MAX / 4) {
      this.#trades = this.#trades.slice(-TRADES_MAX);
    }
    this.#pending = trade;
    this.settle();
    this.#nextAggregateId = trade.aggregateId + 1;
  }

  /** Counts a trade into the candles. Without lots it only shows that the market was at this price. */
  print(
    marketMs: number,
    priceTicks: number,
    lots: number,
    takerBuys: boolean,
    tradeId: number,
  ): void {
    this.#count(marketMs, priceTicks, lots, takerBuys, tradeId, tradeId);
  }

  #count(
    marketMs: number,
    priceTicks: number,
    lots: number,
    takerBuys: boolean,
    firstId: number,
    lastId: number,
  ): void {
    this.advance(marketMs);
    const amount = BigInt(lots);
    const quote = amount * BigInt(priceTicks);
    const add = (candle: Candle): void => {
      if (priceTicks > candle.high) candle.high = priceTicks;
      if (priceTicks < candle.low) candle.low = priceTicks;
      candle.close = priceTicks;
      if (lots <= 0) return;
      candle.lots += amount;
      candle.quote += quote;
      if (takerBuys) {
        candle.takerBuyLots += amount;
        candle.takerBuyQuote += quote;
      }
      candle.count += lastId - firstId + 1;
      if (candle.firstId === -1) candle.firstId = firstId;
      candle.lastId = lastId;
    };
    add(this.#second(marketMs, priceTicks));
    add(this.#runningMinute(marketMs, priceTicks));
    this.#lastTicks = priceTicks;
    if (lots <= 0) return;
    this.#lastLots = lots;
    this.#lastTradeMs = marketMs;
  }

  /** The aggregate trade that has been growing, once its order is done. */
  settle(): AggregateTrade | undefined {
    const done = this.#pending;
    if (done === undefined) return undefined;
    this.#pending = undefined;
    this.#aggregates.push(done);
    if (this.#aggregates.length > TRADES_MAX + TRADES_MAX / 4) {
      this.#aggregates = this.#aggregates.slice(-TRADES_MAX);
    }
    return done;
  }

  trades(limit: number, fromId: number | undefined): readonly TradeEvent[] {
    if (fromId === undefined) return limit <= 0 ? [] : this.#trades.slice(-limit);
    const start = this.#trades.findIndex((trade) => trade.tradeId >= fromId);
    return start === -1 ? [] : this.#trades.slice(start, start + limit);
  }

  aggregates(range: {
    readonly fromId?: number;
    readonly startMs?: number;
    readonly endMs?: number;
    readonly limit: number;
  }): readonly AggregateTrade[] {
    this.settle();
    const { fromId, startMs, endMs, limit } = range;
    if (limit <= 0) return [];
    if (fromId === undefined && startMs === undefined) {
      const known =
        endMs === undefined
          ? this.#aggregates
          : this.#aggregates.filter((trade) => trade.marketMs <= endMs);
      return known.slice(-limit);
    }
    return this.#aggregates
      .filter(
        (trade) =>
          (fromId === undefined || trade.aggregateId >= fromId) &&
          (startMs === undefined || trade.marketMs >= startMs) &&
          (endMs === undefined || trade.marketMs <= endMs),
      )
      .slice(0, limit);
  }

  /** The candle of the window that begins at `startMs`: traded, or empty in an open market; else `undefined`. */
  candle(interval: Interval, startMs: number, offsetMs = 0): Candle | undefined {
    const endMs = windowEnd(interval, startMs, offsetMs);
    const traded = this.#traded(interval, startMs, endMs, offsetMs);
    if (traded !== undefined) return traded;
    const session = this.#sessionIn(startMs, endMs);
    if (session === undefined) return undefined;
    const priceTicks = this.#priceBefore(interval, startMs, endMs, offsetMs);
    return priceTicks === 0 ? undefined : newCandle(startMs, priceTicks);
  }

  /** The candles of a range, as a request for klines asks for it: the first from `startMs`, else the last. */
  candles(
    interval: Interval,
    range: { readonly startMs?: number; readonly endMs?: number; readonly limit: number },
    zoneMs = 0,
  ): readonly Candle[] {
    const offsetMs = effectiveOffset(interval, zoneMs);
    const found: Candle[] = [];
    if (range.limit <= 0) return found;
    const starts =
      range.startMs === undefined
        ? this.#startsBackwards(interval, range.endMs ?? Number.POSITIVE_INFINITY, offsetMs)
        : this.#startsForwards(interval, range.startMs, offsetMs);
    for (const startMs of starts) {
      if (range.startMs !== undefined && startMs > (range.endMs ?? Number.POSITIVE_INFINITY)) break;
      const candle = this.candle(interval, startMs, offsetMs);
      if (candle === undefined) continue;
      found.push(candle);
      if (found.length >= range.limit) break;
    }
    return range.startMs === undefined ? found.toReversed() : found;
  }

  /** Everything traded from `fromMs`, the start of a minute, until now. `undefined` when nothing did. */
  summary(fromMs: number): Summary | undefined {
    let sum: Candle | undefined;
    const untilMs = Math.max(this.#lastTradeMs, fromMs) + 1;
    for (let at = fromMs; at < untilMs;) {
      const interval = largestTile(at, untilMs);
      const part = this.#traded(interval, at, windowEnd(interval, at), 0);
      at = windowEnd(interval, at);
      if (part === undefined || part.count === 0) continue;
      if (sum === undefined) sum = { ...part };
      else mergeCandle(sum, part);
    }
    return sum;
  }

  /** Everything traded after `fromMs` by the second. */
  summaryBySecond(fromMs: number): Summary | undefined {
    let sum: Candle | undefined;
    for (const second of this.#seconds.between(fromMs, Number.POSITIVE_INFINITY)) {
      if (second.count === 0) continue;
      if (sum === undefined) sum = { ...second };
      else mergeCandle(sum, second);
    }
    return sum;
  }

  /** The last close before `ms`, by the minute; 0 when there is none. */
  closeBefore(ms: number): number {
    return this.#minutes.before(ms)?.close ?? 0;
  }

  snapshot(): SavedTape {
    this.settle();
    return {
      candles: INTERVALS.map((interval) => [
        interval,
        this.series(interval)
          .latest(SAVED_CANDLES[interval] ?? SAVED_OTHER_CANDLES)
          .map(saveCandle),
      ]),
      isMinuteRunning: this.#minute !== undefined,
      sessions: this.#sessions
        .slice(-SAVED_SESSIONS)
        .map(({ fromMs, toMs, priceTicks }) => [fromMs, toMs, priceTicks]),
      trades: this.#trades.slice(-SAVED_TRADES),
      aggregates: this.#aggregates.slice(-SAVED_TRADES),
      nextAggregateId: this.#nextAggregateId,
      last: [this.#lastTicks, this.#lastLots, this.#lastTradeMs],
    };
  }

  static restore(saved: SavedTape): SymbolTape {
    const tape = new SymbolTape();
    tape.#take(saved);
    return tape;
  }

  /** Holds from now on what `saved` says, and nothing else. */
  replace(saved: SavedTape): void {
    for (const series of this.#series.values()) series.clear();
    this.#minute = undefined;
    this.#pending = undefined;
    this.#take(saved);
  }

  #take(saved: SavedTape): void {
    for (const [interval, candles] of saved.candles) {
      const series = this.series(interval);
      for (const candle of candles) series.push(restoreCandle(candle));
      const first = candles[0];
      if (first !== undefined) series.forgottenBeforeMs = first[0];
      else if (interval === '1s') series.forgottenBeforeMs = saved.last[2];
    }
    if (saved.isMinuteRunning) this.#minute = this.#minutes.last();
    this.#sessions = saved.sessions.map(([fromMs, toMs, priceTicks]) => ({
      fromMs,
      toMs,
      priceTicks,
    }));
    this.#trades = [...saved.trades];
    this.#aggregates = [...saved.aggregates];
    this.#nextAggregateId = saved.nextAggregateId;
    [this.#lastTicks, this.#lastLots, this.#lastTradeMs] = saved.last;
  }

  #second(marketMs: number, priceTicks: number): Candle {
    const startMs = Math.floor(marketMs / SECOND_MS) * SECOND_MS;
    const last = this.#seconds.last();
    if (last !== undefined && last.openMs >= startMs) return last;
    const candle = newCandle(startMs, priceTicks);
    this.#seconds.push(candle);
    return candle;
  }

  #runningMinute(marketMs: number, priceTicks: number): Candle {
    const running = this.#minute;
    if (running !== undefined && marketMs < running.openMs + MINUTE_MS) return running;
    if (running !== undefined) {
      for (const interval of LARGER) {
        const series = this.series(interval);
        const startMs = series.holds(running.openMs)
          ? (series.last()?.openMs ?? running.openMs)
          : windowStart(interval, running.openMs);
        series.fold(running, startMs);
      }
    }
    const candle = newCandle(Math.floor(marketMs / MINUTE_MS) * MINUTE_MS, priceTicks);
    this.#minutes.push(candle);
    this.#minute = candle;
    return candle;
  }

  #aggregate(trade: TradeEvent): AggregateTrade | undefined {
    const takerOrderId = trade.isBuyerMaker ? trade.sellerOrderId : trade.buyerOrderId;
    const pending = this.#pending;
    if (
      pending !== undefined &&
      pending.takerOrderId === takerOrderId &&
      pending.priceTicks === trade.priceTicks &&
      pending.isBuyerMaker === trade.isBuyerMaker &&
      pending.marketMs === trade.marketMs
    ) {
      pending.lots += trade.lots;
      pending.lastId = trade.tradeId;
      return undefined;
    }
    const done = this.settle();
    this.#pending = {
      aggregateId: this.#nextAggregateId,
      priceTicks: trade.priceTicks,
      lots: trade.lots,
      firstId: trade.tradeId,
      lastId: trade.tradeId,
      marketMs: trade.marketMs,
      isBuyerMaker: trade.isBuyerMaker,
      takerOrderId,
    };
    this.#nextAggregateId += 1;
    return done;
  }

  #traded(
    interval: Interval,
    startMs: number,
    endMs: number,
    offsetMs: number,
  ): Candle | undefined {
    if (offsetMs !== 0) return this.#tiled(startMs, endMs, offsetMs);
    const stored = this.series(interval).at(startMs);
    if (interval === '1s' || interval === '1m') return stored;
    const minute = this.#minute;
    if (minute === undefined || minute.openMs < startMs || minute.openMs >= endMs) return stored;
    if (stored === undefined) return { ...minute, openMs: startMs };
    const merged = { ...stored };
    mergeCandle(merged, minute);
    return merged;
  }

  /** A candle of a shifted window, put together from smaller ones. */
  #tiled(startMs: number, endMs: number, offsetMs: number): Candle | undefined {
    const tile = tileOf(offsetMs);
    let sum: Candle | undefined;
    for (const part of this.series(tile).between(startMs, endMs)) {
      if (sum === undefined) sum = { ...part, openMs: startMs };
      else mergeCandle(sum, part);
    }
    const minute = this.#minute;
    if (tile === '1m' || minute === undefined) return sum;
    if (minute.openMs < startMs || minute.openMs >= endMs) return sum;
    if (sum === undefined) return { ...minute, openMs: startMs };
    mergeCandle(sum, minute);
    return sum;
  }

  /** The session that a window touches, the last of them. */
  #sessionIn(startMs: number, endMs: number): Session | undefined {
    const session = this.#sessions[this.#firstSessionFrom(endMs) - 1];
    return session !== undefined && session.toMs >= startMs ? session : undefined;
  }

  /** The index of the first session that begins at or after `ms`. */
  #firstSessionFrom(ms: number): number {
    let low = 0;
    let high = this.#sessions.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#sessions[middle]?.fromMs ?? 0) < ms) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #priceBefore(interval: Interval, startMs: number, endMs: number, offsetMs: number): number {
    const base = offsetMs === 0 ? this.series(interval) : this.series(tileOf(offsetMs));
    let latest = base.before(startMs);
    const minute = this.#minute;
    if (minute !== undefined && minute.openMs < startMs) latest = minute;
    const session = this.#sessions[this.#firstSessionFrom(endMs) - 1];
    if (session === undefined || session.priceTicks === 0) return latest?.close ?? 0;
    if (latest === undefined || latest.openMs < session.fromMs) return session.priceTicks;
    return latest.close;
  }

  *#startsForwards(interval: Interval, fromMs: number, offsetMs: number): Generator<number> {
    const base = this.series(offsetMs === 0 ? interval : tileOf(offsetMs));
    const fromKnownMs = Math.max(fromMs, base.forgottenBeforeMs);
    let nextMs = Number.NEGATIVE_INFINITY;
    let index = Math.max(0, this.#firstSessionFrom(fromKnownMs) - 1);
    for (; index < this.#sessions.length; index += 1) {
      const session = this.#sessions[index];
      if (session === undefined || session.toMs < fromKnownMs) continue;
      const firstMs = windowStart(interval, session.fromMs, offsetMs);
      let startMs = Math.max(firstMs, nextMs);
      if (startMs < fromKnownMs) {
        startMs = windowStart(interval, fromKnownMs, offsetMs);
        if (startMs < fromKnownMs) startMs = windowEnd(interval, startMs, offsetMs);
      }
      for (; startMs <= session.toMs; startMs = windowEnd(interval, startMs, offsetMs)) {
        yield startMs;
        nextMs = windowEnd(interval, startMs, offsetMs);
      }
    }
  }

  *#startsBackwards(interval: Interval, untilMs: number, offsetMs: number): Generator<number> {
    const base = this.series(offsetMs === 0 ? interval : tileOf(offsetMs));
    let beforeMs = Number.POSITIVE_INFINITY;
    for (let index = this.#sessions.length - 1; index >= 0; index -= 1) {
      const session = this.#sessions[index];
      if (session === undefined) return;
      let startMs = windowStart(interval, Math.min(session.toMs, untilMs), offsetMs);
      if (startMs >= beforeMs) startMs = windowStart(interval, beforeMs - 1, offsetMs);
      const firstMs = windowStart(interval, session.fromMs, offsetMs);
      for (; startMs >= firstMs; startMs = windowStart(interval, startMs - 1, offsetMs)) {
        if (startMs < base.forgottenBeforeMs) return;
        yield startMs;
        beforeMs = startMs;
      }
    }
  }
}

/** The largest of day, hour and minute that begins at `at` and ends before `untilMs`. */
function largestTile(at: number, untilMs: number): Interval {
  if (at % DAY_MS === 0 && at + DAY_MS <= untilMs) return '1d';
  if (at % HOUR_MS === 0 && at + HOUR_MS <= untilMs) return '1h';
  return '1m';
}

type SavedCandle = readonly [
  openMs: number,
  open: number,
  high: number,
  low: number,
  close: number,
  lots: string,
  quote: string,
  takerBuyLots: string,
  takerBuyQuote: string,
  count: number,
  firstId: number,
  lastId: number,
];

/** Plain JSON data. */
export interface SavedTape {
  readonly candles: readonly (readonly [Interval, readonly SavedCandle[]])[];
  readonly isMinuteRunning: boolean;
  readonly sessions: readonly (readonly [fromMs: number, toMs: number, priceTicks: number])[];
  readonly trades: readonly TradeEvent[];
  readonly aggregates: readonly AggregateTrade[];
  readonly nextAggregateId: number;
  readonly last: readonly [ticks: number, lots: number, tradeMs: number];
}

/** A candle as a state file has it. */
export function saveCandle(candle: Candle): SavedCandle {
  return [
    candle.openMs,
    candle.open,
    candle.high,
    candle.low,
    candle.close,
    candle.lots.toString(),
    candle.quote.toString(),
    candle.takerBuyLots.toString(),
    candle.takerBuyQuote.toString(),
    candle.count,
    candle.firstId,
    candle.lastId,
  ];
}

function restoreCandle(saved: SavedCandle): Candle {
  const [openMs, open, high, low, close, lots, quote, takerLots, takerQuote, count, first, last] =
    saved;
  return {
    openMs,
    open,
    high,
    low,
    close,
    lots: BigInt(lots),
    quote: BigInt(quote),
    takerBuyLots: BigInt(takerLots),
    takerBuyQuote: BigInt(takerQuote),
    count,
    firstId: first,
    lastId: last,
  };
}
