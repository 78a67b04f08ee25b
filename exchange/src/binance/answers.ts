// SPDX-License-Identifier: Apache-2.0
// What Binance's Spot answers and account events mean (rest-api.md, user-data-stream.md, errors.md).

import {
  ASSET_SCALE,
  clientOrderId,
  parseDecimal,
  parsePrice,
  parseQuantity,
  type ClientOrderId,
  type Fill,
  type Instrument,
  type Parsed,
} from '@kontor/core';
import {
  VenueError,
  type AccountEvent,
  type AccountListing,
  type AnswerParser,
  type CancelVerdict,
  type IdentifyVerdict,
  type InstrumentLookup,
  type ListedOrder,
  type ListedTrade,
  type Listing,
  type PairVerdict,
  type PlaceVerdict,
  type QueryVerdict,
  type RawAnswer,
  type ReportedTrade,
  type VenueOrder,
} from '../port.ts';
import { deskOrderId } from '../order-tag.ts';

type Row = Readonly<Record<string, unknown>>;

/** −1006, −1007: "status unknown"; −1003 never reached the matching engine, nor did −1021. */
const STATUS_UNKNOWN = new Set([-1000, -1001, -1006, -1007, -1008]);
const DUPLICATE_ORDER = 'Duplicate order sent.';
/** A cancel's "unknown order"; a query's "order does not exist". */
const CANCEL_UNKNOWN = -2011;
const QUERY_ABSENT = -2013;
/** IDs of other programs may hold more characters than ours ever do. */
const OUR_ID_FORM = /^[A-Za-z0-9_-]{1,36}$/;

const ORDER_STATES: Readonly<Record<string, VenueOrder['state']>> = {
  NEW: 'open',
  PENDING_NEW: 'open',
  PARTIALLY_FILLED: 'open',
  FILLED: 'filled',
  CANCELED: 'cancelled',
  PENDING_CANCEL: 'open',
  REJECTED: 'expired',
  EXPIRED: 'expired',
  EXPIRED_IN_MATCH: 'expired',
};

/** The parser for Binance Spot and everything that speaks its protocol. */
export const binanceAnswers: AnswerParser = {
  place(answer, instruments): PlaceVerdict {
    const body = readBody(answer);
    if (body.kind === 'error') {
      // Our IDs are never used twice, so a duplicate is this very order, already there.
      return body.message === DUPLICATE_ORDER
        ? { kind: 'ambiguous', reason: body.message }
        : { kind: 'rejected', rule: String(body.code), reason: body.message };
    }
    if (body.kind === 'unknown') return { kind: 'ambiguous', reason: body.reason };
    return guarded((): PlaceVerdict => ({
      kind: 'accepted',
      order: toOrder(toRow(body.value), instruments),
    }));
  },

  placePair(answer, instruments): PairVerdict {
    const body = readBody(answer);
    if (body.kind === 'error') {
      return body.message === DUPLICATE_ORDER
        ? { kind: 'ambiguous', reason: body.message }
        : { kind: 'rejected', rule: String(body.code), reason: body.message };
    }
    if (body.kind === 'unknown') return { kind: 'ambiguous', reason: body.reason };
    return guarded((): PairVerdict => ({
      kind: 'accepted',
      orders: toListOrders(toRow(body.value), instruments),
    }));
  },

  cancel(answer, instruments): CancelVerdict {
    const body = readBody(answer);
    if (body.kind === 'error') {
      return body.code === CANCEL_UNKNOWN
        ? { kind: 'notOpen', reason: body.message }
        : { kind: 'ambiguous', reason: `${body.code} ${body.message}` };
    }
    if (body.kind === 'unknown') return { kind: 'ambiguous', reason: body.reason };
    return guarded((): CancelVerdict => {
      const row = toRow(body.value);
      // The cancel of one order of a list ends the list, and the answer is the list's.
      const orders = isList(row) ? toListOrders(row, instruments) : [toOrder(row, instruments)];
      return { kind: 'cancelled', orders };
    });
  },

  query(answer, instruments): QueryVerdict {
    const body = readBody(answer);
    if (body.kind === 'error') {
      return body.code === QUERY_ABSENT
        ? { kind: 'absent' }
        : { kind: 'ambiguous', reason: `${body.code} ${body.message}` };
    }
    if (body.kind === 'unknown') return { kind: 'ambiguous', reason: body.reason };
    return guarded((): QueryVerdict => ({
      kind: 'found',
      order: toOrder(toRow(body.value), instruments),
    }));
  },

  identify(answer): IdentifyVerdict {
    const body = readBody(answer);
    if (body.kind === 'error') {
      return body.code === QUERY_ABSENT
        ? { kind: 'absent' }
        : { kind: 'ambiguous', reason: `${body.code} ${body.message}` };
    }
    if (body.kind === 'unknown') return { kind: 'ambiguous', reason: body.reason };
    return guarded((): IdentifyVerdict => ({
      kind: 'found',
      order: toListedOrder(toRow(body.value)),
    }));
  },

  openOrders(answer): Listing<ListedOrder> {
    return listed(answer, (value) =>
      toList(value).map((item) => {
        const row = toRow(item);
        // Others' orders may be of kinds with states of their own; what is listed here is open.
        return toListedOrder({ ...row, status: 'NEW' });
      }),
    );
  },

  fills(answer, instrument): Listing<Fill & { readonly exchangeOrderId: string }> {
    return listed(answer, (value) =>
      toList(value).map((item) => {
        const row = toRow(item);
        const from = {
          id: 'id',
          quantity: 'qty',
          time: number(row, 'time'),
          isMaker: row['isMaker'] === true,
        };
        return { ...toFill(row, instrument, from), exchangeOrderId: String(row['orderId']) };
      }),
    );
  },

  trades(answer): Listing<ListedTrade> {
    return listed(answer, (value) =>
      toList(value).map((item) => {
        const row = toRow(item);
        const asset = row['commissionAsset'];
        return {
          exchangeOrderId: String(row['orderId']),
          side: row['isBuyer'] === true ? 'buy' : 'sell',
          time: number(row, 'time'),
          trade: {
            tradeId: String(row['id']),
            price: text(row, 'price'),
            quantity: text(row, 'qty'),
            commission: text(row, 'commission'),
            commissionAsset: typeof asset === 'string' ? asset : '',
          },
        };
      }),
    );
  },

  account(answer): AccountListing {
    let updateTime: number | null = null;
    const listing = listed(answer, (value) => {
      const account = toRow(value);
      if (typeof account['updateTime'] === 'number') updateTime = account['updateTime'];
      return toList(account['balances']).map((item) => {
        const row = toRow(item);
        return { asset: text(row, 'asset'), free: text(row, 'free'), locked: text(row, 'locked') };
      });
    });
    return listing.kind === 'ok' ? { ...listing, updateTime } : listing;
  },

  accountEvent(event, instruments): AccountEvent {
    const row = toRow(event);
    const name = text(row, 'e');
    const time = typeof row['E'] === 'number' ? row['E'] : 0;
    if (name === 'executionReport') {
      const report = {
        time: number(row, 'T'),
        listed: toReportedListing(row),
        trade: toReportedTrade(row),
      };
      const isForeign =
        instruments(report.listed.symbol) === undefined ||
        !OUR_ID_FORM.test(report.listed.clientOrderId);
      if (isForeign) return { kind: 'foreignOrder', ...report };
      return { kind: 'order', ...report, order: toReportedOrder(row, instruments) };
    }
    if (name === 'balanceUpdate') {
      return { kind: 'transfer', time, asset: text(row, 'a'), amount: text(row, 'd') };
    }
    if (name === 'outboundAccountPosition') {
      const balances = Array.isArray(row['B']) ? row['B'] : [];
      return {
        kind: 'balances',
        time,
        balances: balances.map((item) => {
          const balance = toRow(item);
          return {
            asset: text(balance, 'a'),
            free: text(balance, 'f'),
            locked: text(balance, 'l'),
          };
        }),
      };
    }
    return { kind: 'other', time, name };
  },
};

type Body =
  | { readonly kind: 'ok'; readonly value: unknown }
  | { readonly kind: 'error'; readonly code: number; readonly message: string }
  | { readonly kind: 'unknown'; readonly reason: string };

/**
 * A 2xx answer is a fact; a 4xx answer with a code is the exchange saying no, except for the codes that say
 * "status unknown". Everything else proves nothing.
 */
function readBody(answer: RawAnswer): Body {
  let value: unknown;
  try {
    value = JSON.parse(answer.body);
  } catch {
    return { kind: 'unknown', reason: `HTTP ${answer.status} with a body that is not JSON` };
  }
  if (answer.status >= 200 && answer.status < 300) return { kind: 'ok', value };
  const row = isRow(value) ? value : {};
  const code = row['code'];
  const message = typeof row['msg'] === 'string' ? row['msg'] : '';
  if (
    answer.status >= 400 &&
    answer.status < 500 &&
    typeof code === 'number' &&
    !STATUS_UNKNOWN.has(code)
  ) {
    return { kind: 'error', code, message };
  }
  return {
    kind: 'unknown',
    reason: `HTTP ${answer.status} ${String(code ?? '')} ${message}`.trim(),
  };
}

/** The items that `parse` finds in a good answer; a form it does not know fails as a whole. */
function listed<T>(answer: RawAnswer, parse: (value: unknown) => readonly T[]): Listing<T> {
  const body = readBody(answer);
  if (body.kind === 'error') return { kind: 'failed', reason: `${body.code} ${body.message}` };
  if (body.kind === 'unknown') return { kind: 'failed', reason: body.reason };
  try {
    return { kind: 'ok', items: parse(body.value) };
  } catch (error) {
    if (error instanceof VenueError) return { kind: 'failed', reason: error.message };
    throw error;
  }
}

/** An answer that says yes in a form we cannot read proves nothing. */
function guarded<T>(parse: () => T): T | { readonly kind: 'ambiguous'; readonly reason: string } {
  try {
    return parse();
  } catch (error) {
    if (error instanceof VenueError) return { kind: 'ambiguous', reason: error.message };
    throw error;
  }
}

function toOrder(row: Row, instruments: InstrumentLookup): VenueOrder {
  const instrument = instrumentOf(text(row, 'symbol'), instruments);
  const time = number(row, 'transactTime', 'time');
  const fills = Array.isArray(row['fills']) ? row['fills'] : [];
  return {
    clientOrderId: toId(text(row, 'origClientOrderId', 'clientOrderId')),
    exchangeOrderId: String(row['orderId']),
    symbol: instrument.symbol,
    state: toState(text(row, 'status')),
    filledLots: valueOf(parseQuantity(instrument, text(row, 'executedQty')), 'executedQty'),
    time,
    updateTime: number(row, 'updateTime', 'transactTime', 'time'),
    fills: fills.map((item) =>
      toFill(toRow(item), instrument, { id: 'tradeId', quantity: 'qty', time, isMaker: false }),
    ),
  };
}

function isList(row: Row): boolean {
  return Array.isArray(row['orderReports']);
}

/** The orders of an answer about a list. */
function toListOrders(row: Row, instruments: InstrumentLookup): readonly VenueOrder[] {
  return toList(row['orderReports']).map((item) => toOrder(toRow(item), instruments));
}

/** `executionReport`: `c` is the order's ID, but after a cancel the cancelled order's is in `C`. */
function reportedId(row: Row): string {
  const original = row['C'];
  return typeof original === 'string' && original !== '' ? original : text(row, 'c');
}

/** Any order, without a look at instruments: it may be on a symbol that we do not know. */
function toListedOrder(row: Row): ListedOrder {
  return {
    symbol: text(row, 'symbol'),
    clientOrderId: deskOrderId(text(row, 'clientOrderId')),
    venueClientOrderId: text(row, 'clientOrderId'),
    exchangeOrderId: String(number(row, 'orderId')),
    side: toSide(text(row, 'side')),
    state: toState(text(row, 'status')),
    price: text(row, 'price'),
    quantity: text(row, 'origQty'),
    filledQuantity: text(row, 'executedQty'),
    time: number(row, 'time'),
    updateTime: number(row, 'updateTime', 'time'),
  };
}

function toReportedListing(row: Row): ListedOrder {
  const time = number(row, 'T');
  return {
    symbol: text(row, 's'),
    clientOrderId: deskOrderId(reportedId(row)),
    venueClientOrderId: reportedId(row),
    exchangeOrderId: String(row['i']),
    side: toSide(text(row, 'S')),
    state: toState(text(row, 'X')),
    price: text(row, 'p'),
    quantity: text(row, 'q'),
    filledQuantity: text(row, 'z'),
    time: number(row, 'O', 'T'),
    updateTime: time,
  };
}

function toReportedTrade(row: Row): ReportedTrade | null {
  if (row['x'] !== 'TRADE') return null;
  const asset = row['N'];
  return {
    tradeId: String(row['t']),
    price: text(row, 'L'),
    quantity: text(row, 'l'),
    commission: text(row, 'n'),
    commissionAsset: typeof asset === 'string' ? asset : '',
  };
}

function toReportedOrder(row: Row, instruments: InstrumentLookup): VenueOrder {
  const instrument = instrumentOf(text(row, 's'), instruments);
  const time = number(row, 'T');
  const fill =
    row['x'] === 'TRADE'
      ? [
          toFill(
            {
              id: row['t'],
              price: row['L'],
              qty: row['l'],
              commission: row['n'],
              commissionAsset: row['N'],
            },
            instrument,
            { id: 'id', quantity: 'qty', time, isMaker: row['m'] === true },
          ),
        ]
      : [];
  return {
    clientOrderId: toId(reportedId(row)),
    exchangeOrderId: String(row['i']),
    symbol: instrument.symbol,
    state: toState(text(row, 'X')),
    filledLots: valueOf(parseQuantity(instrument, text(row, 'z')), 'z'),
    time: number(row, 'O', 'T'),
    updateTime: time,
    fills: fill,
  };
}

function toFill(
  row: Row,
  instrument: Instrument,
  from: {
    readonly id: string;
    readonly quantity: string;
    readonly time: number;
    readonly isMaker: boolean;
  },
): Fill {
  const asset = row['commissionAsset'];
  return {
    tradeId: String(row[from.id]),
    time: from.time,
    priceTicks: valueOf(parsePrice(instrument, text(row, 'price')), 'price'),
    quantity: valueOf(parseQuantity(instrument, text(row, from.quantity)), from.quantity),
    commission: valueOf(parseDecimal(text(row, 'commission'), ASSET_SCALE), 'commission'),
    commissionAsset: typeof asset === 'string' ? asset : '',
    isMaker: from.isMaker,
  };
}

function toSide(side: string): ListedOrder['side'] {
  if (side === 'BUY') return 'buy';
  if (side === 'SELL') return 'sell';
  throw new VenueError('unexpected', `expected BUY or SELL, found ${side}`);
}

function toState(status: string): VenueOrder['state'] {
  const state = ORDER_STATES[status];
  if (state === undefined)
    throw new VenueError('unexpected', `expected an order status, found ${status}`);
  return state;
}

function toId(venueId: string): ClientOrderId {
  const id = deskOrderId(venueId);
  if (!OUR_ID_FORM.test(id)) {
    throw new VenueError('unexpected', `expected an order ID of ours, found ${JSON.stringify(id)}`);
  }
  return clientOrderId(id);
}

function instrumentOf(symbol: string, instruments: InstrumentLookup): Instrument {
  const instrument = instruments(symbol);
  if (instrument === undefined)
    throw new VenueError('unexpected', `expected a known symbol, found ${symbol}`);
  return instrument;
}

function valueOf<T>(parsed: Parsed<T>, field: string): T {
  if (!parsed.ok) throw new VenueError('unexpected', `${field}: ${parsed.reason}`);
  return parsed.value;
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function toRow(value: unknown): Row {
  if (!isRow(value)) {
    throw new VenueError('unexpected', `expected an object, found ${nameOf(value)}`);
  }
  return value;
}

function toList(value: unknown): readonly unknown[] {
  if (!Array.isArray(value)) {
    throw new VenueError('unexpected', `expected a list, found ${nameOf(value)}`);
  }
  return value;
}

function nameOf(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}

/** The first of `names` that is there as text. */
function text(row: Row, ...names: readonly string[]): string {
  for (const name of names) {
    const value = row[name];
    if (typeof value === 'string') return value;
  }
  throw new VenueError('unexpected', `expected text in ${names.join(' or ')}`);
}

/** The first of `names` that is there as a number. */
function number(row: Row, ...names: readonly string[]): number {
  for (const name of names) {
    const value = row[name];
    if (typeof value === 'number') return value;
  }
  throw new VenueError('unexpected', `expected a number in ${names.join(' or ')}`);
}
