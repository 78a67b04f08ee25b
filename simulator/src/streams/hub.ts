// SPDX-License-Identifier: Apache-2.0
// Who listens to which market stream, and what each stream has to tell next.

import type { Side } from '@kontor/core';
import { windowEnd, windowStart } from '../market/intervals.ts';
import type { AggregateTrade } from '../market/tape.ts';
import { candleAt, type MarketHistory, type SymbolData } from '../market-data.ts';
import type { BookChange, TradeEvent } from '../ports.ts';
import { parseStreamName, TICKER_WINDOW_MS, type Cadence, type StreamSpec } from './names.ts';
import {
  aggTradePayload,
  avgPricePayload,
  bestQuotes,
  bookTickerPayload,
  diffDepthPayload,
  klinePayload,
  MICROSECONDS,
  MILLISECONDS,
  miniTickerPayload,
  partialDepthPayload,
  tickerPayload,
  tradePayload,
  windowTickerPayload,
  type BestQuotes,
  type Levels,
  type Payload,
  type TimeWriter,
} from './payloads.ts';

/** The exchange's book, read when a stream is due. */
export interface BookReader {
  depth(symbol: string, side: Side, limit: number): Levels;
  lastUpdateId(symbol: string): number;
}

/** A connection as the hub sees it. */
export interface StreamListener {
  readonly wantsMicroseconds: boolean;
  /** `text` is the payload as JSON. */
  deliver(stream: string, text: string): void;
}

const AVERAGE_MINUTES = 5;
const DAY_WINDOW_MS = TICKER_WINDOW_MS['1d'];
/** Windows told one by one when the market jumps; more are skipped. */
const CLOSED_WINDOWS_MAX = 120;

interface Stream {
  readonly name: string;
  readonly spec: StreamSpec;
  readonly listeners: Set<StreamListener>;
  /** Something changed since it last spoke, or it has not spoken yet. */
  isDue: boolean;
  /** Of a kline stream: where its running window begins. */
  windowMs: number;
  /** Of a book ticker: what it said last. */
  lastText: string;
  /** Of a diff stream: the changes gathered. */
  firstId: number;
  lastId: number;
  readonly bids: Map<number, number>;
  readonly asks: Map<number, number>;
  /** Of a stream of all symbols: those that changed. */
  readonly changed: Set<string>;
}

/** Streams by what makes them speak. */
interface SymbolStreams {
  readonly trades: Set<Stream>;
  readonly aggregates: Set<Stream>;
  readonly bookTickers: Set<Stream>;
  readonly klines: Set<Stream>;
  readonly onTrade: Set<Stream>;
  readonly diffs: Set<Stream>;
  readonly partials: Set<Stream>;
  hasBookChanged: boolean;
  hasTraded: boolean;
}

export class StreamHub {
  readonly #data: MarketHistory;
  readonly #book: BookReader;
  readonly #marketMs: () => number;
  readonly #completeMs: (symbol: string) => number;
  readonly #streams = new Map<string, Stream>();
  readonly #bySymbol = new Map<string, SymbolStreams>();
  readonly #allMarkets = new Set<Stream>();
  readonly #touched = new Set<SymbolStreams>();
  #isSettleQueued = false;

  constructor(options: {
    readonly data: MarketHistory;
    readonly book: BookReader;
    readonly marketMs: () => number;
    /** Up to when all trades of a symbol are known for certain; by default up to now. */
    readonly completeMs?: (symbol: string) => number;
  }) {
    this.#data = options.data;
    this.#book = options.book;
    this.#marketMs = options.marketMs;
    this.#completeMs = options.completeMs ?? (() => Number.POSITIVE_INFINITY);
  }

  /** Unknown names are taken and stay silent, as at Binance; only malformed ones are refused. */
  static isWellFormed(name: string): boolean {
    return /^[!\w]+@[\w@+:.-]+$/.test(name) && name.length <= 100;
  }

  subscribe(name: string, listener: StreamListener): void {
    let stream = this.#streams.get(name);
    if (stream === undefined) {
      const spec = parseStreamName(name);
      if (spec === undefined) return;
      if ('symbol' in spec && this.#data.find(spec.symbol) === undefined) return;
      stream = this.#open(name, spec);
    }
    stream.listeners.add(listener);
    // A book ticker says at once where the book stands; other kinds say it at their next beat.
    stream.isDue = true;
    if (stream.spec.kind === 'bookTicker') {
      stream.lastText = '';
      this.#touch(stream.spec.symbol).hasBookChanged = true;
    }
  }

  unsubscribe(name: string, listener: StreamListener): void {
    const stream = this.#streams.get(name);
    if (stream === undefined || !stream.listeners.delete(listener)) return;
    if (stream.listeners.size > 0) return;
    this.#streams.delete(name);
    this.#allMarkets.delete(stream);
    if (!('symbol' in stream.spec)) return;
    const streams = this.#bySymbol.get(stream.spec.symbol);
    if (streams === undefined) return;
    for (const set of streamSets(streams)) set.delete(stream);
  }

  onTrade(trade: TradeEvent, completed: AggregateTrade | undefined): void {
    const streams = this.#bySymbol.get(trade.symbol);
    for (const stream of this.#allMarkets) {
      stream.changed.add(trade.symbol);
      stream.isDue = true;
    }
    if (streams === undefined) return;
    // Best prices that changed before are told before.
    if (streams.hasBookChanged) this.#settleBook(streams);
    streams.hasBookChanged = false;
    const data = this.#data.symbol(trade.symbol);
    if (completed !== undefined) this.#tellAggregate(streams, data, completed);
    if (trade.lots > 0) {
      for (const stream of streams.trades) {
        this.#tell(stream, (eventMs, time) => tradePayload(data, trade, eventMs, time));
      }
    }
    for (const stream of streams.onTrade) stream.isDue = true;
    for (const stream of streams.klines) stream.isDue = true;
    this.#touch(trade.symbol).hasTraded = true;
  }

  onBookChange(change: BookChange): void {
    const streams = this.#bySymbol.get(change.symbol);
    if (streams === undefined) return;
    for (const stream of streams.diffs) {
      if (stream.firstId === 0) stream.firstId = change.updateId;
      stream.lastId = change.updateId;
      const levels = change.side === 'buy' ? stream.bids : stream.asks;
      levels.set(change.priceTicks, change.lots);
      stream.isDue = true;
    }
    for (const stream of streams.partials) stream.isDue = true;
    this.#touch(change.symbol).hasBookChanged = true;
  }

  /** What happened at once is over: finished aggregate trades, new best prices and closed candles are told. */
  settle(): void {
    this.#isSettleQueued = false;
    for (const streams of this.#touched) {
      if (streams.hasTraded) this.#settleTrades(streams);
      if (streams.hasBookChanged) this.#settleBook(streams);
      streams.hasTraded = false;
      streams.hasBookChanged = false;
    }
    this.#touched.clear();
  }

  /** Market time has come to `marketMs`: candles that ended before it are told as closed. */
  passTime(marketMs: number): void {
    for (const streams of this.#bySymbol.values()) {
      for (const stream of streams.klines) this.#closeWindows(stream, marketMs);
    }
  }

  /** Tells everything that is due for this cadence; without one, everything that is due. */
  beat(cadence?: Cadence): void {
    for (const stream of this.#streams.values()) {
      if (!stream.isDue || !('cadence' in stream.spec)) continue;
      if (cadence !== undefined && stream.spec.cadence !== cadence) continue;
      stream.isDue = false;
      this.#tellDue(stream);
    }
  }

  #open(name: string, spec: StreamSpec): Stream {
    const stream: Stream = {
      name,
      spec,
      listeners: new Set(),
      isDue: true,
      windowMs:
        spec.kind === 'kline' ? windowStart(spec.interval, this.#marketMs(), spec.offsetMs) : 0,
      lastText: '',
      firstId: 0,
      lastId: 0,
      bids: new Map(),
      asks: new Map(),
      changed: new Set(),
    };
    this.#streams.set(name, stream);
    // What traded before anyone listened is over.
    if (spec.kind === 'aggTrade') this.#data.symbol(spec.symbol).tape.settle();
    if ('symbol' in spec) {
      placeOf(this.#streamsOf(spec.symbol), spec).add(stream);
    } else {
      for (const { symbol, tape } of this.#data.symbols()) {
        if (tape.lastTicks !== 0) stream.changed.add(symbol);
      }
      this.#allMarkets.add(stream);
    }
    return stream;
  }

  #streamsOf(symbol: string): SymbolStreams {
    let streams = this.#bySymbol.get(symbol);
    if (streams === undefined) {
      streams = {
        trades: new Set(),
        aggregates: new Set(),
        bookTickers: new Set(),
        klines: new Set(),
        onTrade: new Set(),
        diffs: new Set(),
        partials: new Set(),
        hasBookChanged: false,
        hasTraded: false,
      };
      this.#bySymbol.set(symbol, streams);
    }
    return streams;
  }

  /** Whoever does not settle after an event, settles when the event loop is free. */
  #touch(symbol: string): SymbolStreams {
    const streams = this.#streamsOf(symbol);
    this.#touched.add(streams);
    if (!this.#isSettleQueued) {
      this.#isSettleQueued = true;
      queueMicrotask(() => {
        if (this.#isSettleQueued) this.settle();
      });
    }
    return streams;
  }

  #settleTrades(streams: SymbolStreams): void {
    for (const { spec } of streams.aggregates) {
      if (!('symbol' in spec)) continue;
      const data = this.#data.symbol(spec.symbol);
      const done = data.tape.settle();
      if (done !== undefined) this.#tellAggregate(streams, data, done);
      return;
    }
  }

  #settleBook(streams: SymbolStreams): void {
    for (const stream of streams.bookTickers) {
      if (!('symbol' in stream.spec)) continue;
      const data = this.#data.symbol(stream.spec.symbol);
      const quotes = this.#bestQuotes(data);
      const isEmpty = Number(quotes.bidPrice) === 0 && Number(quotes.askPrice) === 0;
      if (isEmpty && stream.lastText === '') continue;
      const text = `${quotes.bidPrice} ${quotes.bidQuantity} ${quotes.askPrice} ${quotes.askQuantity}`;
      if (text === stream.lastText) continue;
      stream.lastText = text;
      const updateId = this.#book.lastUpdateId(data.symbol);
      this.#tell(stream, () => bookTickerPayload(data, quotes, updateId));
    }
  }

  #bestQuotes(data: SymbolData): BestQuotes {
    return bestQuotes(
      data,
      this.#book.depth(data.symbol, 'buy', 1),
      this.#book.depth(data.symbol, 'sell', 1),
    );
  }

  #tellAggregate(streams: SymbolStreams, data: SymbolData, trade: AggregateTrade): void {
    for (const stream of streams.aggregates) {
      this.#tell(stream, (eventMs, time) => aggTradePayload(data, trade, eventMs, time));
    }
  }

  #closeWindows(stream: Stream, nowMs: number): void {
    const { spec } = stream;
    if (spec.kind !== 'kline') return;
    const { interval, offsetMs } = spec;
    const marketMs = Math.min(nowMs, this.#completeMs(spec.symbol));
    const data = this.#data.symbol(spec.symbol);
    for (let told = 0; told < CLOSED_WINDOWS_MAX; told += 1) {
      const endMs = windowEnd(interval, stream.windowMs, offsetMs);
      if (marketMs < endMs) return;
      const candle = data.tape.candle(interval, stream.windowMs, offsetMs);
      stream.windowMs = endMs;
      stream.isDue = true;
      if (candle === undefined) break;
      const window = { candle, interval, closeMs: endMs - 1, isClosed: true };
      this.#tell(stream, (eventMs, time) => klinePayload(data, window, eventMs, time));
    }
    stream.windowMs = Math.max(stream.windowMs, windowStart(interval, marketMs, offsetMs));
  }

  #tellDue(stream: Stream): void {
    const { spec } = stream;
    switch (spec.kind) {
      case 'kline':
        this.#tellKline(stream);
        return;
      case 'miniTicker':
      case 'ticker':
      case 'windowTicker':
      case 'avgPrice':
      case 'partialDepth':
      case 'diffDepth':
        this.#tellState(stream, this.#data.symbol(spec.symbol));
        return;
      case 'allMiniTickers':
      case 'allTickers':
      case 'allWindowTickers':
        this.#tellAll(stream);
        return;
      case 'trade':
      case 'aggTrade':
      case 'bookTicker':
        // These speak when something happens, not by the beat.
        return;
    }
  }

  #tellKline(stream: Stream): void {
    const { spec } = stream;
    if (spec.kind !== 'kline') return;
    const data = this.#data.symbol(spec.symbol);
    const marketMs = Math.min(this.#marketMs(), this.#completeMs(spec.symbol));
    this.#closeWindows(stream, marketMs);
    stream.isDue = false;
    const running = candleAt(data, spec.interval, spec.offsetMs, marketMs);
    if (running === undefined) return;
    const window = { ...running, interval: spec.interval, isClosed: false };
    this.#tell(stream, (eventMs, time) => klinePayload(data, window, eventMs, time));
  }

  #tellState(stream: Stream, data: SymbolData): void {
    const { spec } = stream;
    if (spec.kind === 'partialDepth') {
      const book = {
        updateId: this.#book.lastUpdateId(data.symbol),
        bids: this.#book.depth(data.symbol, 'buy', spec.levels),
        asks: this.#book.depth(data.symbol, 'sell', spec.levels),
      };
      this.#tell(stream, () => partialDepthPayload(data, book));
    } else if (spec.kind === 'diffDepth') {
      this.#tellDiff(stream, data);
    } else if (spec.kind === 'avgPrice') {
      if (data.tape.lastTicks === 0) return;
      const average = this.#data.averagePrice(data.symbol, AVERAGE_MINUTES);
      this.#tell(stream, (eventMs, time) =>
        avgPricePayload(data, average, AVERAGE_MINUTES, eventMs, time),
      );
    } else if (data.tape.lastTicks !== 0) {
      this.#tell(stream, this.#tickerBuilder(spec, data));
    }
  }

  #tickerBuilder(
    spec: StreamSpec,
    data: SymbolData,
  ): (eventMs: number, time: TimeWriter) => Payload {
    if (spec.kind === 'windowTicker' || spec.kind === 'allWindowTickers') {
      const figures = this.#data.figures(data.symbol, TICKER_WINDOW_MS[spec.window]);
      return (eventMs, time) => windowTickerPayload(data, figures, spec.window, eventMs, time);
    }
    const figures = this.#data.figures(data.symbol, DAY_WINDOW_MS);
    if (spec.kind === 'ticker' || spec.kind === 'allTickers') {
      const quotes = this.#bestQuotes(data);
      return (eventMs, time) => tickerPayload(data, figures, quotes, eventMs, time);
    }
    return (eventMs, time) => miniTickerPayload(data, figures, eventMs, time);
  }

  #tellDiff(stream: Stream, data: SymbolData): void {
    if (stream.firstId === 0) return;
    const changes = {
      firstId: stream.firstId,
      lastId: stream.lastId,
      bids: [...stream.bids].sort(([left], [right]) => right - left),
      asks: [...stream.asks].sort(([left], [right]) => left - right),
    };
    stream.firstId = 0;
    stream.bids.clear();
    stream.asks.clear();
    this.#tell(stream, (eventMs, time) => diffDepthPayload(data, changes, eventMs, time));
  }

  #tellAll(stream: Stream): void {
    if (stream.changed.size === 0) return;
    const builders = [...stream.changed].map((symbol) =>
      this.#tickerBuilder(stream.spec, this.#data.symbol(symbol)),
    );
    stream.changed.clear();
    this.#tell(stream, (eventMs, time) => builders.map((build) => build(eventMs, time)));
  }

  /** Writes the payload once per time unit that somebody wants. */
  #tell(
    stream: Stream,
    build: (eventMs: number, time: TimeWriter) => Payload | readonly Payload[],
  ): void {
    const eventMs = this.#marketMs();
    let inMilliseconds: string | undefined;
    let inMicroseconds: string | undefined;
    for (const listener of stream.listeners) {
      if (listener.wantsMicroseconds) {
        inMicroseconds ??= JSON.stringify(build(eventMs, MICROSECONDS));
        listener.deliver(stream.name, inMicroseconds);
      } else {
        inMilliseconds ??= JSON.stringify(build(eventMs, MILLISECONDS));
        listener.deliver(stream.name, inMilliseconds);
      }
    }
  }
}

function streamSets(streams: SymbolStreams): readonly Set<Stream>[] {
  return [
    streams.trades,
    streams.aggregates,
    streams.bookTickers,
    streams.klines,
    streams.onTrade,
    streams.diffs,
    streams.partials,
  ];
}

function placeOf(streams: SymbolStreams, spec: StreamSpec): Set<Stream> {
  switch (spec.kind) {
    case 'trade':
      return streams.trades;
    case 'aggTrade':
      return streams.aggregates;
    case 'bookTicker':
      return streams.bookTickers;
    case 'kline':
      return streams.klines;
    case 'diffDepth':
      return streams.diffs;
    case 'partialDepth':
      return streams.partials;
    case 'miniTicker':
    case 'ticker':
    case 'windowTicker':
    case 'avgPrice':
    case 'allMiniTickers':
    case 'allTickers':
    case 'allWindowTickers':
      return streams.onTrade;
  }
}
