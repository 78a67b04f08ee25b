// SPDX-License-Identifier: Apache-2.0
// Binance Spot's public market data: exchangeInfo, klines and quotes over REST, trades and book tickers as a stream.

import {
  makeInstrument,
  parsePrice,
  type Instrument,
  type PriceTicks,
  type Quote,
} from '@kontor/core';
import {
  VenueError,
  type MarketListener,
  type MarketStream,
  type OrderLimit,
  type PublicMarket,
} from '../port.ts';
import { readCandlePage, toStreamedCandle } from './public-candles.ts';
import { binancePublicRest } from './public-rest.ts';

/** Binance pings every 20 s; a live market sends more often than this. */
const STREAM_SILENCE_MS_MAX = 65_000;
const RECONNECT_MS_MIN = 250;
const RECONNECT_MS_MAX = 10_000;
const EXCHANGE_INFO_WEIGHT = 20;
const BOOK_TICKER_WEIGHT = 2;
const AGGREGATES_WEIGHT = 4;

type Row = Readonly<Record<string, unknown>>;

export interface PublicMarketAddresses {
  /** e.g. `https://api.binance.com` */
  readonly rest: string;
  /** e.g. `wss://stream.binance.com:9443` */
  readonly streams: string;
}

/** The public market at `addresses`. Nothing is sent until a method is called. */
export function binancePublicMarket(addresses: PublicMarketAddresses): PublicMarket {
  const known = new Map<string, Instrument>();
  let orderLimits: readonly OrderLimit[] = [];

  const rest = binancePublicRest(addresses.rest);
  const get = (path: string, weight: number): Promise<unknown> =>
    rest.get(path, { weight, haste: 'now' });

  function instrument(symbol: string): Instrument {
    const found = known.get(symbol);
    if (found === undefined)
      throw new VenueError('unexpected', `${symbol} is not loaded; ask instruments() first`);
    return found;
  }

  return {
    async instruments(symbols) {
      const query = encodeURIComponent(JSON.stringify(symbols));
      const info = asRow(await get(`/api/v3/exchangeInfo?symbols=${query}`, EXCHANGE_INFO_WEIGHT));
      orderLimits = toOrderLimits(info['rateLimits']);
      const rows = Array.isArray(info['symbols']) ? info['symbols'] : [];
      for (const row of rows) {
        const made = toInstrument(asRow(row));
        known.set(made.symbol, made);
      }
      return symbols.map(instrument);
    },

    orderLimits: () => orderLimits,

    async pairs() {
      const path = '/api/v3/exchangeInfo?permissions=SPOT&showPermissionSets=false';
      const info = asRow(await get(path, EXCHANGE_INFO_WEIGHT));
      const rows = Array.isArray(info['symbols']) ? info['symbols'] : [];
      return rows.map((item) => {
        const row = asRow(item);
        return {
          symbol: String(row['symbol']),
          baseAsset: String(row['baseAsset']),
          quoteAsset: String(row['quoteAsset']),
        };
      });
    },

    candles: (symbol, interval, page) => readCandlePage(rest, symbol, interval, page),

    async quote(symbol) {
      const [book, trades] = await Promise.all([
        get(`/api/v3/ticker/bookTicker?symbol=${symbol}`, BOOK_TICKER_WEIGHT),
        // The same price and time as /api/v3/trades, at a sixth of its weight.
        get(`/api/v3/aggTrades?symbol=${symbol}&limit=1`, AGGREGATES_WEIGHT),
      ]);
      const found = instrument(symbol);
      const [trade] = Array.isArray(trades) ? trades : [];
      const bid = price(found, asRow(book)['bidPrice']);
      const ask = price(found, asRow(book)['askPrice']);
      // An empty side is shown as 0; nothing can be decided on that.
      if (bid === 0 || ask === 0 || trade === undefined) {
        throw new VenueError('empty', `${symbol} has no trade or no price on one side yet`);
      }
      const { p: last, T: time } = asRow(trade);
      return { time: Number(time), quote: { bid, ask, last: price(found, last) } };
    },

    open(symbols, interval, listener) {
      return openStream(addresses.streams, symbols, interval, instrument, listener);
    },
  };
}

function openStream(
  base: string,
  symbols: readonly string[],
  interval: string,
  instrument: (symbol: string) => Instrument,
  listener: MarketListener,
): MarketStream {
  const names = symbols.flatMap((symbol) => {
    const lower = symbol.toLowerCase();
    return [`${lower}@bookTicker`, `${lower}@trade`, `${lower}@kline_${interval}`];
  });
  const quotes = new Map<string, { bid: PriceTicks; ask: PriceTicks; last: PriceTicks }>();
  let socket: WebSocket | undefined;
  let isClosed = false;
  let delayMs = RECONNECT_MS_MIN;
  let reconnect: NodeJS.Timeout | undefined;
  let silence: NodeJS.Timeout | undefined;

  function connect(): void {
    const current = new WebSocket(`${base}/stream?streams=${names.join('/')}`);
    socket = current;
    watchSilence(current);
    current.addEventListener('open', () => {
      delayMs = RECONNECT_MS_MIN;
      listener.onState('up', `connected to ${base}`);
    });
    current.addEventListener('message', (message) => {
      if (current !== socket) return;
      watchSilence(current);
      try {
        if (typeof message.data === 'string') dispatch(asRow(JSON.parse(message.data)));
      } catch (error) {
        // A message in a form we do not know may hide a price: a fresh connection starts from known ground.
        current.close();
        lost(
          current,
          `sent what cannot be read: ${error instanceof Error ? error.message : String(error)}`,
        );
      }
    });
    current.addEventListener('close', (event) =>
      lost(current, `closed by the exchange (${event.code})`),
    );
    current.addEventListener('error', () => lost(current, `${base} cannot be reached`));
  }

  function watchSilence(current: WebSocket): void {
    clearTimeout(silence);
    silence = setTimeout(() => {
      current.close();
      lost(current, `silent for ${STREAM_SILENCE_MS_MAX / 1000} s`);
    }, STREAM_SILENCE_MS_MAX);
  }

  function lost(current: WebSocket, reason: string): void {
    if (isClosed || current !== socket) return;
    socket = undefined;
    clearTimeout(silence);
    listener.onState('down', reason);
    reconnect = setTimeout(connect, delayMs);
    delayMs = Math.min(delayMs * 2, RECONNECT_MS_MAX);
  }

  function dispatch(message: Row): void {
    const data = asRow(message['data']);
    const symbol = String(data['s'] ?? '');
    if (!symbols.includes(symbol)) return;
    const found = instrument(symbol);
    if (data['e'] === 'trade') {
      const last = price(found, data['p']);
      const book = quotes.get(symbol);
      const quote = { bid: book?.bid ?? last, ask: book?.ask ?? last, last };
      quotes.set(symbol, quote);
      listener.onTrade(symbol, Number(data['T']), quote);
    } else if (data['e'] === 'kline') {
      const { candle, isClosed } = toStreamedCandle(asRow(data['k']));
      listener.onCandle(symbol, interval, candle, isClosed);
    } else if (data['e'] === undefined && data['b'] !== undefined) {
      const bid = price(found, data['b']);
      const ask = price(found, data['a']);
      const last = quotes.get(symbol)?.last;
      if (last === undefined) {
        quotes.set(symbol, { bid, ask, last: bid });
      } else {
        const quote: Quote = { bid, ask, last };
        quotes.set(symbol, quote);
        listener.onQuote(symbol, quote);
      }
    }
  }

  connect();
  return {
    close() {
      isClosed = true;
      clearTimeout(reconnect);
      clearTimeout(silence);
      socket?.close();
    },
  };
}

const INTERVAL_MS: Readonly<Record<string, number>> = {
  SECOND: 1_000,
  MINUTE: 60_000,
  HOUR: 3_600_000,
  DAY: 86_400_000,
};

/** The rate limits of kind ORDERS; one of another form is left out, as if the exchange had not named it. */
function toOrderLimits(value: unknown): readonly OrderLimit[] {
  const rows: readonly unknown[] = Array.isArray(value) ? value : [];
  return rows.flatMap((item) => {
    const row = asRow(item);
    const unitMs = INTERVAL_MS[String(row['interval'])];
    const windowMs = (unitMs ?? 0) * Number(row['intervalNum']);
    const most = Number(row['limit']);
    const isLimit = row['rateLimitType'] === 'ORDERS' && windowMs >= 1 && most >= 1;
    return isLimit && Number.isSafeInteger(windowMs * most) ? [{ windowMs, most }] : [];
  });
}

function toInstrument(row: Row): Instrument {
  const filters = new Map<string, Row>();
  for (const filter of Array.isArray(row['filters']) ? row['filters'] : []) {
    const entry = asRow(filter);
    filters.set(String(entry['filterType']), entry);
  }
  const price = filters.get('PRICE_FILTER');
  const lot = filters.get('LOT_SIZE');
  const notional = filters.get('NOTIONAL') ?? filters.get('MIN_NOTIONAL');
  if (price === undefined || lot === undefined) {
    throw new VenueError(
      'unexpected',
      `${String(row['symbol'])}: expected PRICE_FILTER and LOT_SIZE`,
    );
  }
  return makeInstrument({
    symbol: String(row['symbol']),
    baseAsset: String(row['baseAsset']),
    quoteAsset: String(row['quoteAsset']),
    tickSize: String(price['tickSize']),
    lotSize: String(lot['stepSize']),
    minPrice: String(price['minPrice']),
    maxPrice: String(price['maxPrice']),
    minQuantity: String(lot['minQty']),
    maxQuantity: String(lot['maxQty']),
    minNotional: String(notional?.['minNotional'] ?? '0'),
    maxNotional: String(notional?.['maxNotional'] ?? '0'),
    takesPairs: row['ocoAllowed'] === true,
  });
}

function price(instrument: Instrument, value: unknown): PriceTicks {
  const parsed = parsePrice(instrument, String(value));
  if (!parsed.ok) throw new VenueError('unexpected', `price: ${parsed.reason}`);
  return parsed.value;
}

function asRow(value: unknown): Row {
  return isRow(value) ? value : {};
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null;
}
