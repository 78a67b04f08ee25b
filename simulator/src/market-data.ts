// SPDX-License-Identifier: Apache-2.0
// Candles, trades and statistics of every symbol in Binance's words; REST and streams read it.

import { formatDecimal } from '@kontor/core';
import type { Candle } from './market/candle-series.ts';
import {
  MINUTE_MS,
  parseIntervalName,
  windowEnd,
  windowStart,
  type Interval,
} from './market/intervals.ts';
import { SymbolTape, type AggregateTrade, type SavedTape } from './market/tape.ts';
import type { MarketData, SimulatorClock, SimulatorInstrument, TradeEvent } from './ports.ts';

const WIRE_SCALE = 8;
const ZERO = '0.00000000';

/** A symbol's whole numbers as wire text, and its tape. */
export class SymbolData {
  readonly symbol: string;
  readonly tape: SymbolTape;
  readonly #priceUnit: bigint;
  readonly #quantityUnit: bigint;
  readonly #quoteUnit: bigint;
  readonly #quoteDivisor: bigint;

  constructor(instrument: SimulatorInstrument, tape: SymbolTape) {
    this.symbol = instrument.symbol;
    this.tape = tape;
    const power = (scale: number): bigint => 10n ** BigInt(Math.max(0, scale));
    this.#priceUnit = BigInt(instrument.tickUnits) * power(WIRE_SCALE - instrument.priceScale);
    this.#quantityUnit = BigInt(instrument.lotUnits) * power(WIRE_SCALE - instrument.quantityScale);
    const scale = instrument.priceScale + instrument.quantityScale;
    this.#quoteUnit =
      BigInt(instrument.tickUnits) * BigInt(instrument.lotUnits) * power(WIRE_SCALE - scale);
    this.#quoteDivisor = power(scale - WIRE_SCALE);
  }

  priceText(ticks: number): string {
    return ticks === 0 ? ZERO : formatDecimal(BigInt(ticks) * this.#priceUnit, WIRE_SCALE);
  }

  quantityText(lots: number | bigint): string {
    return formatDecimal(BigInt(lots) * this.#quantityUnit, WIRE_SCALE);
  }

  /** A sum of ticks × lots; what does not fit eight decimals is cut off. */
  quoteText(ticksLots: bigint): string {
    return formatDecimal((ticksLots * this.#quoteUnit) / this.#quoteDivisor, WIRE_SCALE);
  }

  /** The mean price of `ticksLots` traded in `lots`, rounded to the nearest. */
  meanText(ticksLots: bigint, lots: bigint): string {
    if (lots === 0n) return ZERO;
    return formatDecimal((2n * ticksLots * this.#priceUnit + lots) / (2n * lots), WIRE_SCALE);
  }

  /** `ticks`, which may be negative, as text. */
  changeText(ticks: number): string {
    return formatDecimal(BigInt(ticks) * this.#priceUnit, WIRE_SCALE);
  }
}

/** What a window of statistics holds, in ticks and lots; `count` 0 when nothing traded in it. */
export interface TickerFigures {
  readonly openMs: number;
  readonly closeMs: number;
  readonly previousClose: number;
  readonly sum: Candle | undefined;
  readonly lastTicks: number;
  readonly lastLots: number;
}

/** Plain JSON data. */
export type SavedMarketData = readonly (readonly [symbol: string, tape: SavedTape])[];

export class MarketHistory implements MarketData {
  readonly #clock: SimulatorClock;
  readonly #symbols: ReadonlyMap<string, SymbolData>;

  constructor(
    instruments: readonly SimulatorInstrument[],
    clock: SimulatorClock,
    saved: SavedMarketData = [],
  ) {
    this.#clock = clock;
    const tapes = new Map(saved);
    this.#symbols = new Map(
      instruments.map((instrument) => {
        const tape = tapes.get(instrument.symbol);
        const restored = tape === undefined ? new SymbolTape() : SymbolTape.restore(tape);
        return [instrument.symbol, new SymbolData(instrument, restored)];
      }),
    );
  }

  /** The exchange's word on a trade; the aggregate trade that it completed comes back. */
  onTrade(trade: TradeEvent): AggregateTrade | undefined {
    return this.symbol(trade.symbol).tape.record({ ...trade });
  }

  symbol(symbol: string): SymbolData {
    const data = this.#symbols.get(symbol);
    if (data === undefined) throw new RangeError(`expected a listed symbol, found ${symbol}`);
    return data;
  }

  symbols(): IterableIterator<SymbolData> {
    return this.#symbols.values();
  }

  find(symbol: string): SymbolData | undefined {
    return this.#symbols.get(symbol);
  }

  /** `interval` may carry a time zone: `1d@+08:00`. */
  klines(
    symbol: string,
    interval: string,
    range: { readonly startMs?: number; readonly endMs?: number; readonly limit: number },
  ): readonly (readonly unknown[])[] {
    const parsed = parseIntervalName(interval);
    if (parsed === undefined)
      throw new RangeError(`expected a Binance interval, found ${interval}`);
    const data = this.symbol(symbol);
    return data.tape
      .candles(parsed.interval, range, parsed.offsetMs)
      .map((candle) => klineRow(data, candle, parsed.interval, parsed.offsetMs));
  }

  recentTrades(symbol: string, limit: number, fromId?: number): readonly TradeEvent[] {
    return this.symbol(symbol).tape.trades(limit, fromId);
  }

  aggTrades(
    symbol: string,
    range: {
      readonly fromId?: number;
      readonly startMs?: number;
      readonly endMs?: number;
      readonly limit: number;
    },
  ): readonly Readonly<Record<string, unknown>>[] {
    const data = this.symbol(symbol);
    return data.tape.aggregates(range).map((trade) => ({
      a: trade.aggregateId,
      p: data.priceText(trade.priceTicks),
      q: data.quantityText(trade.lots),
      f: trade.firstId,
      l: trade.lastId,
      T: trade.marketMs,
      m: trade.isBuyerMaker,
      M: true,
    }));
  }

  /** The window is cut at the minute in which it begins. */
  figures(symbol: string, windowMs: number): TickerFigures {
    const { tape } = this.symbol(symbol);
    const closeMs = this.#clock.marketMs();
    const openMs = Math.floor((closeMs - windowMs) / MINUTE_MS) * MINUTE_MS;
    const sum = tape.summary(openMs);
    return {
      openMs,
      closeMs,
      previousClose: tape.closeBefore(openMs),
      sum,
      lastTicks: tape.lastTicks,
      lastLots: tape.lastLots,
    };
  }

  ticker(symbol: string, windowMs: number): Readonly<Record<string, unknown>> {
    const data = this.symbol(symbol);
    const figures = this.figures(symbol, windowMs);
    const text = tickerText(data, figures);
    return {
      symbol,
      priceChange: text.change,
      priceChangePercent: text.changePercent,
      weightedAvgPrice: text.mean,
      prevClosePrice: text.previousClose,
      lastPrice: text.last,
      lastQty: text.lastQuantity,
      openPrice: text.open,
      highPrice: text.high,
      lowPrice: text.low,
      volume: text.volume,
      quoteVolume: text.quoteVolume,
      openTime: figures.openMs,
      closeTime: figures.closeMs,
      firstId: text.firstId,
      lastId: text.lastId,
      count: text.count,
    };
  }

  averagePrice(
    symbol: string,
    minutes: number,
  ): { readonly price: string; readonly closeTime: number } {
    const data = this.symbol(symbol);
    const sum = data.tape.summaryBySecond(this.#clock.marketMs() - minutes * MINUTE_MS);
    const price =
      sum === undefined || sum.lots === 0n
        ? data.priceText(data.tape.lastTicks)
        : data.meanText(sum.quote, sum.lots);
    return { price, closeTime: data.tape.lastTradeMs };
  }

  /** The mean of the last minutes; null where nothing traded in them, undefined before the first trade. */
  meanPrice(symbol: string, minutes: number): string | null | undefined {
    const data = this.symbol(symbol);
    if (data.tape.lastTicks === 0) return undefined;
    const sum = data.tape.summaryBySecond(this.#clock.marketMs() - minutes * MINUTE_MS);
    return sum === undefined || sum.lots === 0n ? null : data.meanText(sum.quote, sum.lots);
  }

  snapshot(): SavedMarketData {
    return [...this.#symbols.values()].map(({ symbol, tape }) => [symbol, tape.snapshot()]);
  }
}

/** The running or finished window of `interval` at `marketMs`, as streams show it. */
export function candleAt(
  data: SymbolData,
  interval: Interval,
  offsetMs: number,
  marketMs: number,
): { readonly candle: Candle; readonly closeMs: number } | undefined {
  const startMs = windowStart(interval, marketMs, offsetMs);
  const candle = data.tape.candle(interval, startMs, offsetMs);
  if (candle === undefined) return undefined;
  return { candle, closeMs: windowEnd(interval, startMs, offsetMs) - 1 };
}

function klineRow(
  data: SymbolData,
  candle: Candle,
  interval: Interval,
  offsetMs: number,
): readonly unknown[] {
  return [
    candle.openMs,
    data.priceText(candle.open),
    data.priceText(candle.high),
    data.priceText(candle.low),
    data.priceText(candle.close),
    data.quantityText(candle.lots),
    windowEnd(interval, candle.openMs, offsetMs) - 1,
    data.quoteText(candle.quote),
    candle.count,
    data.quantityText(candle.takerBuyLots),
    data.quoteText(candle.takerBuyQuote),
    '0',
  ];
}

export interface TickerText {
  readonly change: string;
  readonly changePercent: string;
  readonly mean: string;
  readonly previousClose: string;
  readonly last: string;
  readonly lastQuantity: string;
  readonly open: string;
  readonly high: string;
  readonly low: string;
  readonly volume: string;
  readonly quoteVolume: string;
  readonly firstId: number;
  readonly lastId: number;
  readonly count: number;
}

/** A window in which nothing traded shows the last price everywhere and no volume. */
export function tickerText(data: SymbolData, figures: TickerFigures): TickerText {
  const { sum, lastTicks } = figures;
  const open = sum?.open ?? lastTicks;
  return {
    change: data.changeText(lastTicks - open),
    changePercent: percentText(lastTicks - open, open),
    mean: sum === undefined ? data.priceText(lastTicks) : data.meanText(sum.quote, sum.lots),
    previousClose: data.priceText(figures.previousClose === 0 ? open : figures.previousClose),
    last: data.priceText(lastTicks),
    lastQuantity: data.quantityText(figures.lastLots),
    open: data.priceText(open),
    high: data.priceText(sum?.high ?? lastTicks),
    low: data.priceText(sum?.low ?? lastTicks),
    volume: data.quantityText(sum?.lots ?? 0n),
    quoteVolume: data.quoteText(sum?.quote ?? 0n),
    firstId: sum?.firstId ?? -1,
    lastId: sum?.lastId ?? -1,
    count: sum?.count ?? 0,
  };
}

/** `part / whole` in percent with three decimals, rounded to the nearest. */
function percentText(part: number, whole: number): string {
  if (whole === 0) return '0.000';
  const sign = part < 0 ? -1n : 1n;
  const scaled = 2n * 100_000n * BigInt(Math.abs(part)) + BigInt(whole);
  return formatDecimal((sign * scaled) / (2n * BigInt(whole)), 3);
}
