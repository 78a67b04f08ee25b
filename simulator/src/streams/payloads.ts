// SPDX-License-Identifier: Apache-2.0
// Market stream payloads, field by field as Binance documents them.

import type { Candle } from '../market/candle-series.ts';
import type { AggregateTrade } from '../market/tape.ts';
import { tickerText, type SymbolData, type TickerFigures } from '../market-data.ts';
import type { TradeEvent } from '../ports.ts';
import type { Interval } from '../market/intervals.ts';
import type { TickerWindow } from './names.ts';

export type Payload = Readonly<Record<string, unknown>>;

/** Writes times in a connection's unit. */
export interface TimeWriter {
  /** A moment. */
  at(ms: number): number;
  /** The last moment of a window that ends with this millisecond. */
  last(ms: number): number;
}

export const MILLISECONDS: TimeWriter = { at: (ms) => ms, last: (ms) => ms };
export const MICROSECONDS: TimeWriter = { at: (ms) => ms * 1000, last: (ms) => ms * 1000 + 999 };

export type Levels = readonly (readonly [priceTicks: number, lots: number])[];

export function tradePayload(
  data: SymbolData,
  trade: TradeEvent,
  eventMs: number,
  time: TimeWriter,
): Payload {
  return {
    e: 'trade',
    E: time.at(eventMs),
    s: trade.symbol,
    t: trade.tradeId,
    p: data.priceText(trade.priceTicks),
    q: data.quantityText(trade.lots),
    T: time.at(trade.marketMs),
    m: trade.isBuyerMaker,
    M: true,
  };
}

export function aggTradePayload(
  data: SymbolData,
  trade: AggregateTrade,
  eventMs: number,
  time: TimeWriter,
): Payload {
  return {
    e: 'aggTrade',
    E: time.at(eventMs),
    s: data.symbol,
    a: trade.aggregateId,
    p: data.priceText(trade.priceTicks),
    q: data.quantityText(trade.lots),
    f: trade.firstId,
    l: trade.lastId,
    T: time.at(trade.marketMs),
    m: trade.isBuyerMaker,
    M: true,
  };
}

export function klinePayload(
  data: SymbolData,
  window: {
    readonly candle: Candle;
    readonly interval: Interval;
    readonly closeMs: number;
    readonly isClosed: boolean;
  },
  eventMs: number,
  time: TimeWriter,
): Payload {
  const { candle, interval, closeMs, isClosed } = window;
  return {
    e: 'kline',
    E: time.at(eventMs),
    s: data.symbol,
    k: {
      t: time.at(candle.openMs),
      T: time.last(closeMs),
      s: data.symbol,
      i: interval,
      f: candle.firstId,
      L: candle.lastId,
      o: data.priceText(candle.open),
      c: data.priceText(candle.close),
      h: data.priceText(candle.high),
      l: data.priceText(candle.low),
      v: data.quantityText(candle.lots),
      n: candle.count,
      x: isClosed,
      q: data.quoteText(candle.quote),
      V: data.quantityText(candle.takerBuyLots),
      Q: data.quoteText(candle.takerBuyQuote),
      B: '0',
    },
  };
}

export function miniTickerPayload(
  data: SymbolData,
  figures: TickerFigures,
  eventMs: number,
  time: TimeWriter,
): Payload {
  const text = tickerText(data, figures);
  return {
    e: '24hrMiniTicker',
    E: time.at(eventMs),
    s: data.symbol,
    c: text.last,
    o: text.open,
    h: text.high,
    l: text.low,
    v: text.volume,
    q: text.quoteVolume,
  };
}

export function tickerPayload(
  data: SymbolData,
  figures: TickerFigures,
  book: BestQuotes,
  eventMs: number,
  time: TimeWriter,
): Payload {
  const text = tickerText(data, figures);
  return {
    e: '24hrTicker',
    E: time.at(eventMs),
    s: data.symbol,
    p: text.change,
    P: text.changePercent,
    w: text.mean,
    x: text.previousClose,
    c: text.last,
    Q: text.lastQuantity,
    b: book.bidPrice,
    B: book.bidQuantity,
    a: book.askPrice,
    A: book.askQuantity,
    o: text.open,
    h: text.high,
    l: text.low,
    v: text.volume,
    q: text.quoteVolume,
    O: time.at(figures.openMs),
    C: time.at(figures.closeMs),
    F: text.firstId,
    L: text.lastId,
    n: text.count,
  };
}

export function windowTickerPayload(
  data: SymbolData,
  figures: TickerFigures,
  window: TickerWindow,
  eventMs: number,
  time: TimeWriter,
): Payload {
  const text = tickerText(data, figures);
  return {
    e: `${window}Ticker`,
    E: time.at(eventMs),
    s: data.symbol,
    p: text.change,
    P: text.changePercent,
    o: text.open,
    h: text.high,
    l: text.low,
    c: text.last,
    w: text.mean,
    v: text.volume,
    q: text.quoteVolume,
    O: time.at(figures.openMs),
    C: time.at(figures.closeMs),
    F: text.firstId,
    L: text.lastId,
    n: text.count,
  };
}

/** The top of a book as wire text; zeros where a side is empty. */
export interface BestQuotes {
  readonly bidPrice: string;
  readonly bidQuantity: string;
  readonly askPrice: string;
  readonly askQuantity: string;
}

export function bestQuotes(data: SymbolData, bids: Levels, asks: Levels): BestQuotes {
  const [bidTicks = 0, bidLots = 0] = bids[0] ?? [];
  const [askTicks = 0, askLots = 0] = asks[0] ?? [];
  return {
    bidPrice: data.priceText(bidTicks),
    bidQuantity: data.quantityText(bidLots),
    askPrice: data.priceText(askTicks),
    askQuantity: data.quantityText(askLots),
  };
}

export function bookTickerPayload(data: SymbolData, book: BestQuotes, updateId: number): Payload {
  return {
    u: updateId,
    s: data.symbol,
    b: book.bidPrice,
    B: book.bidQuantity,
    a: book.askPrice,
    A: book.askQuantity,
  };
}

export function avgPricePayload(
  data: SymbolData,
  average: { readonly price: string; readonly closeTime: number },
  minutes: number,
  eventMs: number,
  time: TimeWriter,
): Payload {
  return {
    e: 'avgPrice',
    E: time.at(eventMs),
    s: data.symbol,
    i: `${minutes}m`,
    w: average.price,
    T: time.at(average.closeTime),
  };
}

function levelTexts(data: SymbolData, levels: Levels): readonly (readonly string[])[] {
  return levels.map(([ticks, lots]) => [data.priceText(ticks), data.quantityText(lots)]);
}

export function partialDepthPayload(
  data: SymbolData,
  book: { readonly updateId: number; readonly bids: Levels; readonly asks: Levels },
): Payload {
  return {
    lastUpdateId: book.updateId,
    bids: levelTexts(data, book.bids),
    asks: levelTexts(data, book.asks),
  };
}

export function diffDepthPayload(
  data: SymbolData,
  changes: {
    readonly firstId: number;
    readonly lastId: number;
    readonly bids: Levels;
    readonly asks: Levels;
  },
  eventMs: number,
  time: TimeWriter,
): Payload {
  return {
    e: 'depthUpdate',
    E: time.at(eventMs),
    s: data.symbol,
    U: changes.firstId,
    u: changes.lastId,
    b: levelTexts(data, changes.bids),
    a: levelTexts(data, changes.asks),
  };
}

export function serverShutdownPayload(eventMs: number, time: TimeWriter): Payload {
  return { e: 'serverShutdown', E: time.at(eventMs) };
}
