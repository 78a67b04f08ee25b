// SPDX-License-Identifier: Apache-2.0
// Tells from the first row of a table what it holds and which column is which.

import { shownField, type CsvRows } from './csv-rows.ts';
import { CandleError } from './errors.ts';

/** Which field holds what; −1 where the table has no such column. */
export interface CandleLayout {
  readonly kind: 'candles';
  readonly hasHeader: boolean;
  readonly fields: number;
  readonly pair: number;
  readonly openTime: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly closeTime: number;
}

export interface TradeLayout {
  readonly kind: 'trades';
  readonly hasHeader: boolean;
  readonly fields: number;
  readonly time: number;
  readonly tradeId: number;
  readonly price: number;
  readonly quantity: number;
}

export type CsvLayout = CandleLayout | TradeLayout;

const CANDLE_NAMES = ['open_time', 'open', 'high', 'low', 'close', 'volume'] as const;
const TRADE_TIMES = ['time', 'transact_time'];
const TRADE_IDS = ['agg_id', 'trade_id', 'agg_trade_id', 'id'];
const TRADE_QUANTITIES = ['qty', 'quantity'];

const ACCEPTED =
  'candles (open_time,open,high,low,close,volume, also behind a column pair, or the 12 columns of a Binance kline) ' +
  'or trades (time,agg_id,taker_side,price,qty; time,trade_id,price,qty,buyer_maker; Binance trades or aggTrades)';

/** What the table holds whose first row `rows` stands at. Throws `CandleError` where it is none of the known ones. */
export function detectLayout(rows: CsvRows, file: string): CsvLayout {
  const cells = Array.from({ length: rows.count }, (_, field) => rows.text(field).trim());
  const first = cells[0] ?? '';
  if (/^[a-z_]/i.test(first)) {
    return byNames(
      cells.map((cell) => cell.toLowerCase()),
      file,
      rows.line,
    );
  }
  if (!/^\d/.test(first)) throw unknown(file, rows.line, `found ${shownField(rows, 0)}`);
  return byPosition(cells, file, rows.line);
}

function byNames(names: readonly string[], file: string, line: number): CsvLayout {
  const at = (name: string): number => names.indexOf(name);
  const anyOf = (choices: readonly string[]): number =>
    names.findIndex((name) => choices.includes(name));
  const repeated = names.find((name, index) => names.indexOf(name) !== index);
  if (repeated !== undefined) throw unknown(file, line, `found the column "${repeated}" twice`);
  if (at('open_time') >= 0) {
    const missing = CANDLE_NAMES.filter((name) => at(name) < 0);
    if (missing.length > 0) {
      throw unknown(
        file,
        line,
        `found no column ${missing.map((name) => `"${name}"`).join(', ')} among ${names.join(',')}`,
      );
    }
    return {
      kind: 'candles',
      hasHeader: true,
      fields: names.length,
      pair: at('pair'),
      openTime: at('open_time'),
      open: at('open'),
      high: at('high'),
      low: at('low'),
      close: at('close'),
      volume: at('volume'),
      closeTime: at('close_time'),
    };
  }
  const layout: TradeLayout = {
    kind: 'trades',
    hasHeader: true,
    fields: names.length,
    time: anyOf(TRADE_TIMES),
    tradeId: anyOf(TRADE_IDS),
    price: at('price'),
    quantity: anyOf(TRADE_QUANTITIES),
  };
  if (layout.time < 0 || layout.tradeId < 0 || layout.price < 0 || layout.quantity < 0) {
    throw unknown(file, line, `found the columns ${names.join(',').slice(0, 200)}`);
  }
  return layout;
}

/** Binance's archives of spot markets have no header; their kinds differ in length and in where `true` stands. */
function byPosition(cells: readonly string[], file: string, line: number): CsvLayout {
  const isFlag = (index: number): boolean => /^(true|false)$/i.test(cells[index] ?? '');
  const candles: CandleLayout = {
    kind: 'candles',
    hasHeader: false,
    fields: cells.length,
    pair: -1,
    openTime: 0,
    open: 1,
    high: 2,
    low: 3,
    close: 4,
    volume: 5,
    closeTime: cells.length === 12 ? 6 : -1,
  };
  if (cells.length === 12 && !isFlag(11)) return candles;
  if (cells.length === 6 && !isFlag(5)) return candles;
  const trades = {
    kind: 'trades',
    hasHeader: false,
    fields: cells.length,
    tradeId: 0,
    price: 1,
    quantity: 2,
  } as const;
  const isTrades = (cells.length === 6 && isFlag(5)) || (cells.length === 7 && isFlag(5));
  if (isTrades) return { ...trades, time: 4 };
  const isAggregated =
    (cells.length === 7 && isFlag(6)) || (cells.length === 8 && isFlag(6) && isFlag(7));
  if (isAggregated) return { ...trades, time: 5 };
  throw unknown(file, line, `found ${cells.length} columns without names`);
}

function unknown(file: string, line: number, found: string): CandleError {
  return new CandleError('COLUMNS_UNKNOWN', { file, line }, `expected ${ACCEPTED}, ${found}`);
}
