// SPDX-License-Identifier: Apache-2.0
// Candle and trade files as the world keeps them, read into market feeds: CSV, .gz or .zip, with or without header.

import { readFile } from 'node:fs/promises';
import { basename } from 'node:path';

import {
  CandleColumns,
  candleInterval,
  MarketFileError,
  TradeColumns,
  type FeedSymbol,
  type MarketFeed,
} from './feed.ts';
import { symbolFromFileName } from './symbols.ts';
import { unpackText } from './unpack.ts';

/** Reads a market file. Without `symbol` the file's name must tell it. Throws MarketFileError. */
export async function readMarketFile(path: string, symbol?: FeedSymbol): Promise<MarketFeed> {
  const name = basename(path);
  const known = symbol ?? symbolFromFileName(name);
  if (known === undefined) {
    throw new MarketFileError(
      `${name}: expected a file name with a symbol like BTCUSDT, found none; give SYMBOL=FILE`,
    );
  }
  let bytes: Buffer;
  try {
    bytes = await readFile(path);
  } catch (error) {
    const found = error instanceof Error && 'code' in error ? String(error.code) : 'an error';
    throw new MarketFileError(`${path}: expected a readable file, found ${found}`, {
      cause: error,
    });
  }
  return parseMarketText(unpackText(bytes, name), name, known);
}

/** The rows of `text`, checked. Throws MarketFileError naming line and column. */
export function parseMarketText(text: string, name: string, symbol: FeedSymbol): MarketFeed {
  const rows = new Rows(text, name);
  const first = rows.next();
  if (first === undefined) {
    throw new MarketFileError(`${name}, line 1, column 1: expected rows, found an empty file`);
  }
  const hasHeader = !/^[\d.+-]/.test(first[0] ?? '');
  const layout = hasHeader ? layoutOfHeader(first, name) : layoutOfRow(first, name);
  rows.columns = first.length;
  const start = hasHeader ? rows.next() : first;
  if (start === undefined) {
    throw new MarketFileError(`${name}, line 2, column 1: expected rows, found only a header`);
  }
  return layout.kind === 'candles'
    ? readCandles(rows, start, layout, symbol)
    : readTrades(rows, start, layout, symbol);
}

interface CandleLayout {
  readonly kind: 'candles';
  readonly time: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
}

interface TradeLayout {
  readonly kind: 'trades';
  readonly time: number;
  readonly price: number;
  readonly quantity: number;
  /** A boolean column, or a column that says `buy` or `sell`. */
  readonly buyerMaker: number;
  readonly takerSide: number;
}

type Layout = CandleLayout | TradeLayout;

const ABSENT = -1;

const ARCHIVE_KLINES: CandleLayout = {
  kind: 'candles',
  time: 0,
  open: 1,
  high: 2,
  low: 3,
  close: 4,
  volume: 5,
};

/** What a header's name, in lower case with underscores, stands for. */
const HEADER_WORDS: Readonly<Record<string, keyof CandleLayout | keyof TradeLayout>> = {
  open_time: 'time',
  time: 'time',
  timestamp: 'time',
  transact_time: 'time',
  open: 'open',
  high: 'high',
  low: 'low',
  close: 'close',
  volume: 'volume',
  price: 'price',
  qty: 'quantity',
  quantity: 'quantity',
  is_buyer_maker: 'buyerMaker',
  buyer_maker: 'buyerMaker',
  taker_side: 'takerSide',
};

function layoutOfHeader(header: readonly string[], name: string): Layout {
  const places = new Map<string, number>();
  header.forEach((title, index) => {
    const plain = title
      .trim()
      .replace(/^"|"$/g, '')
      .replace(/([a-z])([A-Z])/g, '$1_$2')
      .toLowerCase()
      .replace(/\s+/g, '_');
    const word = Object.hasOwn(HEADER_WORDS, plain) ? HEADER_WORDS[plain] : undefined;
    if (word !== undefined && !places.has(word)) places.set(word, index);
  });
  const place = (word: string): number => places.get(word) ?? ABSENT;
  const missing = (words: readonly string[]): readonly string[] =>
    words.filter((word) => !places.has(word));
  const candleWords = ['time', 'open', 'high', 'low', 'close', 'volume'];
  const tradeWords = ['time', 'price', 'quantity'];
  if (missing(candleWords).length === 0) {
    return {
      kind: 'candles',
      time: place('time'),
      open: place('open'),
      high: place('high'),
      low: place('low'),
      close: place('close'),
      volume: place('volume'),
    };
  }
  if (missing(tradeWords).length === 0) {
    return {
      kind: 'trades',
      time: place('time'),
      price: place('price'),
      quantity: place('quantity'),
      buyerMaker: place('buyerMaker'),
      takerSide: place('takerSide'),
    };
  }
  throw new MarketFileError(
    `${name}, line 1: expected the columns open_time,open,high,low,close,volume of candles or ` +
      `time,price,qty of trades, found ${JSON.stringify(header.join(',').slice(0, 200))}`,
  );
}

/** The layouts of exchange archives without a header, told apart by their number of columns. */
function layoutOfRow(row: readonly string[], name: string): Layout {
  const isTruth = (index: number): boolean => /^(true|false)$/i.test(row[index] ?? '');
  const trades = (time: number, price: number, buyerMaker: number): TradeLayout => ({
    kind: 'trades',
    time,
    price,
    quantity: price + 1,
    buyerMaker,
    takerSide: ABSENT,
  });
  if (row.length === 12) return ARCHIVE_KLINES;
  if (row.length === 6) return isTruth(5) ? trades(4, 1, 5) : ARCHIVE_KLINES;
  if (row.length === 7 && isTruth(5)) return trades(4, 1, 5);
  if (row.length === 7 && isTruth(6)) return trades(5, 1, 6);
  if (row.length === 8 && isTruth(6)) return trades(5, 1, 6);
  throw new MarketFileError(
    `${name}, line 1: expected 12 or 6 columns of candles, or 6, 7 or 8 of trades, ` +
      `found ${row.length}: ${JSON.stringify(row.join(',').slice(0, 120))}`,
  );
}

/** Walks the lines of a text. */
class Rows {
  readonly #text: string;
  readonly name: string;
  #at = 0;
  line = 0;
  /** Once set, every row must have as many columns. */
  columns = 0;

  constructor(text: string, name: string) {
    this.#text = text;
    this.name = name;
  }

  next(): readonly string[] | undefined {
    if (this.#at >= this.#text.length) return undefined;
    const found = this.#text.indexOf('\n', this.#at);
    const end = found === -1 ? this.#text.length : found;
    const last = this.#text.charCodeAt(end - 1) === 0x0d ? end - 1 : end;
    const row = this.#text.slice(this.#at, Math.max(this.#at, last)).split(',');
    this.#at = end + 1;
    this.line += 1;
    if (row.length === 1 && row[0] === '' && this.#text.slice(this.#at).trim() === '') {
      return undefined;
    }
    if (this.columns !== 0 && row.length !== this.columns) {
      throw new MarketFileError(
        `${this.name}, line ${this.line}, column ${Math.min(row.length, this.columns + 1)}: ` +
          `expected ${this.columns} columns, found ${row.length}`,
      );
    }
    return row;
  }

  fail(column: number, message: string): MarketFileError {
    return new MarketFileError(`${this.name}, line ${this.line}, column ${column + 1}: ${message}`);
  }
}

const YEAR_2000_MS = 946_684_800_000;
const YEAR_2100_MS = 4_102_444_800_000;

/** Milliseconds from a text of milliseconds or microseconds; `undefined` when it is neither. */
function parseTime(text: string): number | undefined {
  if (!/^\d{12,16}$/.test(text)) return undefined;
  const value = Number(text);
  const ms = value >= YEAR_2000_MS * 1000 ? Math.floor(value / 1000) : value;
  return ms >= YEAR_2000_MS && ms < YEAR_2100_MS ? ms : undefined;
}

class Times {
  readonly #rows: Rows;
  readonly #column: number;
  readonly values: number[] = [];

  constructor(rows: Rows, column: number) {
    this.#rows = rows;
    this.#column = column;
  }

  push(text: string, order: 'rising' | 'not falling'): void {
    const ms = parseTime(text);
    if (ms === undefined) {
      throw this.#rows.fail(
        this.#column,
        `expected a time in ms or µs since 1970, found ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
    const before = this.values.at(-1);
    if (before !== undefined && (order === 'rising' ? ms <= before : ms < before)) {
      const relation = order === 'rising' ? 'after' : 'not before';
      throw this.#rows.fail(this.#column, `expected a time ${relation} ${before}, found ${ms}`);
    }
    this.values.push(ms);
  }
}

function readCandles(
  rows: Rows,
  first: readonly string[],
  layout: CandleLayout,
  symbol: FeedSymbol,
): MarketFeed {
  const times = new Times(rows, layout.time);
  const columns = new CandleColumns();
  const firstLine = rows.line;
  for (let row: readonly string[] | undefined = first; row !== undefined; row = rows.next()) {
    times.push(row[layout.time] ?? '', 'rising');
    const problem = columns.push({
      open: row[layout.open] ?? '',
      high: row[layout.high] ?? '',
      low: row[layout.low] ?? '',
      close: row[layout.close] ?? '',
      volume: row[layout.volume] ?? '',
    });
    if (problem !== undefined) {
      throw rows.fail(columnOf(layout, problem.column), `${problem.column}: ${problem.message}`);
    }
  }
  const grid = candleInterval(times.values);
  if (!grid.ok) {
    throw new MarketFileError(
      `${rows.name}, line ${firstLine + grid.index}, column ${layout.time + 1}: expected a time on ` +
        `the file's grid of ${grid.intervalMs} ms, found ${times.values[grid.index]}`,
    );
  }
  const source = { ...symbol, name: rows.name };
  return columns.feed(source, Float64Array.from(times.values), grid.intervalMs);
}

function columnOf(layout: CandleLayout, column: string): number {
  switch (column) {
    case 'open':
      return layout.open;
    case 'high':
      return layout.high;
    case 'low':
      return layout.low;
    case 'close':
      return layout.close;
    default:
      return layout.volume;
  }
}

function readTrades(
  rows: Rows,
  first: readonly string[],
  layout: TradeLayout,
  symbol: FeedSymbol,
): MarketFeed {
  const times = new Times(rows, layout.time);
  const columns = new TradeColumns();
  const makers: number[] = [];
  for (let row: readonly string[] | undefined = first; row !== undefined; row = rows.next()) {
    times.push(row[layout.time] ?? '', 'not falling');
    const problem = columns.push({
      price: row[layout.price] ?? '',
      quantity: row[layout.quantity] ?? '',
    });
    if (problem !== undefined) {
      const column = problem.column === 'price' ? layout.price : layout.quantity;
      throw rows.fail(column, `${problem.column}: ${problem.message}`);
    }
    makers.push(buyerIsMaker(rows, row, layout) ? 1 : 0);
  }
  const source = { ...symbol, name: rows.name };
  return columns.feed(source, Float64Array.from(times.values), Uint8Array.from(makers));
}

function buyerIsMaker(rows: Rows, row: readonly string[], layout: TradeLayout): boolean {
  if (layout.buyerMaker !== ABSENT) {
    const text = (row[layout.buyerMaker] ?? '').toLowerCase();
    if (text !== 'true' && text !== 'false') {
      throw rows.fail(
        layout.buyerMaker,
        `expected true or false, found ${JSON.stringify(text.slice(0, 40))}`,
      );
    }
    return text === 'true';
  }
  if (layout.takerSide === ABSENT) return false;
  const side = (row[layout.takerSide] ?? '').toLowerCase();
  if (side !== 'buy' && side !== 'sell') {
    throw rows.fail(
      layout.takerSide,
      `expected buy or sell, found ${JSON.stringify(side.slice(0, 40))}`,
    );
  }
  return side === 'sell';
}
