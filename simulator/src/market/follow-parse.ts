// SPDX-License-Identifier: Apache-2.0
// A followed exchange's own words as whole numbers: symbols with their rules, trades, best prices and candles. Nothing is
// guessed: what is not as documented is refused by name.

import { makeInstrument, notionalScale, parsePrice, parseQuantity, toScaled } from '@kontor/core';
import type { FollowedQuotes, SimulatorInstrument } from '../ports.ts';
import type { Candle } from './candle-series.ts';
import { asRow, FollowError, isTime, unreadable, type Row } from './follow-rest.ts';
import type { AggregateTrade } from './tape.ts';

/** Digits to which the wire cuts amounts. */
const WIRE_SCALE = 8;
/** Decimals finer than any exchange's. */
const FINE_SCALE = 18;
const KLINE_COLUMNS = 11;

/** The listing of a symbol as the venue's own instrument. */
export function parseInstrument(row: Row): SimulatorInstrument {
  const symbol = String(row['symbol']);
  const filters = new Map<string, Row>();
  for (const filter of Array.isArray(row['filters']) ? row['filters'] : []) {
    const listed = asRow(filter);
    filters.set(String(listed['filterType']), listed);
  }
  const price = filters.get('PRICE_FILTER');
  const lot = filters.get('LOT_SIZE');
  const notional = filters.get('NOTIONAL') ?? filters.get('MIN_NOTIONAL');
  if (price === undefined || lot === undefined) {
    throw new FollowError('unreadable', `${symbol}: expected PRICE_FILTER and LOT_SIZE`);
  }
  try {
    const instrument = makeInstrument({
      symbol,
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
    return { ...instrument, info: Object.freeze({ ...row }) };
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new FollowError('unreadable', `${symbol}: ${error.message}`, { cause: error });
  }
}

/** Which trade is the last, and when it was. Its price may be of steps that are no more. */
export function parseHead(
  instrument: SimulatorInstrument,
  row: Row,
): Pick<AggregateTrade, 'aggregateId' | 'marketMs'> {
  const { a: aggregateId, T: marketMs } = row;
  if (!isId(aggregateId)) throw unreadable(`${instrument.symbol} trade: ID a`, aggregateId);
  if (!isTime(marketMs)) throw unreadable(`${instrument.symbol} trade: time T`, marketMs);
  return { aggregateId, marketMs };
}

/** An aggregate trade as REST and stream tell it. */
export function parseAggregate(instrument: SimulatorInstrument, row: Row): AggregateTrade {
  const { aggregateId, marketMs } = parseHead(instrument, row);
  const { f: firstId, l: lastId, m: isBuyerMaker } = row;
  if (!isId(firstId)) throw unreadable(`${instrument.symbol} trade: first ID f`, firstId);
  if (!isId(lastId) || lastId < firstId) {
    throw unreadable(`${instrument.symbol} trade: last ID l`, lastId);
  }
  if (typeof isBuyerMaker !== 'boolean') {
    throw unreadable(`${instrument.symbol} trade: side m`, isBuyerMaker);
  }
  const priceTicks = priceOf(instrument, row['p']);
  if (priceTicks === 0) throw unreadable(`${instrument.symbol} trade: price p`, row['p']);
  return {
    aggregateId,
    priceTicks,
    lots: lotsOf(instrument, row['q']),
    firstId,
    lastId,
    marketMs,
    isBuyerMaker,
    takerOrderId: 0,
  };
}

/** The best prices, as the stream (`b`, `B`, `a`, `A`) or REST (`bidPrice` …) tells them. */
export function parseQuotes(instrument: SimulatorInstrument, row: Row): FollowedQuotes {
  const pick = (short: string, long: string): unknown => row[short] ?? row[long];
  const quotes = {
    bidTicks: priceOf(instrument, pick('b', 'bidPrice')),
    bidLots: lotsOf(instrument, pick('B', 'bidQty')),
    askTicks: priceOf(instrument, pick('a', 'askPrice')),
    askLots: lotsOf(instrument, pick('A', 'askQty')),
  };
  const isBidGiven = quotes.bidTicks > 0 && quotes.bidLots > 0;
  const isAskGiven = quotes.askTicks > 0 && quotes.askLots > 0;
  if (isBidGiven && isAskGiven && quotes.bidTicks >= quotes.askTicks) {
    throw unreadable(`${instrument.symbol} best prices: bid below ask expected`, row);
  }
  return {
    ...quotes,
    bidLots: isBidGiven ? quotes.bidLots : 0,
    askLots: isAskGiven ? quotes.askLots : 0,
  };
}

/** A kline row as the tape keeps it; null where nothing traded. */
export function parseKline(
  instrument: SimulatorInstrument,
  row: readonly unknown[],
): { readonly openMs: number; readonly closeMs: number; readonly candle: Candle | null } {
  const [openMs, open, high, low, close, volume, closeMs, quote, count, takerBase, takerQuote] =
    row;
  if (row.length < KLINE_COLUMNS || !isTime(openMs) || !isTime(closeMs) || closeMs < openMs) {
    throw unreadable(`${instrument.symbol} kline: its times`, row.slice(0, 7));
  }
  if (!isId(count)) throw unreadable(`${instrument.symbol} kline: number of trades`, count);
  const candle: Candle = {
    openMs,
    open: nearestTicks(instrument, open),
    high: nearestTicks(instrument, high),
    low: nearestTicks(instrument, low),
    close: nearestTicks(instrument, close),
    lots: sumOf(instrument, volume),
    quote: notionalOf(instrument, quote),
    takerBuyLots: sumOf(instrument, takerBase),
    takerBuyQuote: notionalOf(instrument, takerQuote),
    count,
    firstId: -1,
    lastId: -1,
  };
  const { low: least, high: most } = candle;
  const isPossible =
    least > 0 &&
    least <= Math.min(candle.open, candle.close) &&
    most >= Math.max(candle.open, candle.close);
  if (!isPossible) throw unreadable(`${instrument.symbol} kline: its prices`, row.slice(0, 5));
  return { openMs, closeMs, candle: count === 0 ? null : candle };
}

function priceOf(instrument: SimulatorInstrument, value: unknown): number {
  const parsed = typeof value === 'string' ? parsePrice(instrument, value) : undefined;
  if (parsed?.ok === true) return parsed.value;
  throw unreadable(
    `${instrument.symbol} price: ${parsed?.reason ?? 'expected decimal text'}`,
    value,
  );
}

/** A price of the past: it may lie between two ticks of today. */
function nearestTicks(instrument: SimulatorInstrument, value: unknown): number {
  const units = scaled(instrument, value, FINE_SCALE);
  const tick = BigInt(instrument.tickUnits) * 10n ** BigInt(FINE_SCALE - instrument.priceScale);
  return Number((units + tick / 2n) / tick);
}

function lotsOf(instrument: SimulatorInstrument, value: unknown): number {
  const parsed = typeof value === 'string' ? parseQuantity(instrument, value) : undefined;
  if (parsed?.ok === true) return parsed.value;
  throw unreadable(
    `${instrument.symbol} quantity: ${parsed?.reason ?? 'expected decimal text'}`,
    value,
  );
}

/** A sum of quantities in lots. A lot size that grew since leaves sums that are no whole lots: they are rounded down. */
function sumOf(instrument: SimulatorInstrument, value: unknown): bigint {
  const units = scaled(instrument, value, Math.max(WIRE_SCALE, instrument.quantityScale));
  const scale = Math.max(WIRE_SCALE, instrument.quantityScale);
  const lot = BigInt(instrument.lotUnits) * 10n ** BigInt(scale - instrument.quantityScale);
  return units / lot;
}

/** An amount in ticks × lots; where the wire cut digits off, the least amount that is written so. */
function notionalOf(instrument: SimulatorInstrument, value: unknown): bigint {
  const own = notionalScale(instrument);
  const scale = Math.max(WIRE_SCALE, own);
  const units = scaled(instrument, value, scale);
  const unit =
    BigInt(instrument.tickUnits) * BigInt(instrument.lotUnits) * 10n ** BigInt(scale - own);
  return (units + unit - 1n) / unit;
}

function scaled(instrument: SimulatorInstrument, value: unknown, scale: number): bigint {
  if (typeof value === 'string' && !value.startsWith('-')) {
    try {
      return toScaled(value, scale, 'amount');
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
    }
  }
  throw unreadable(`${instrument.symbol} amount: expected decimal text`, value);
}

function isId(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}
