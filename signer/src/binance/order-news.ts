// SPDX-License-Identifier: Apache-2.0
// What answers and account events of Binance say of our orders: how much is executed, what commission took, and whether
// more can come. Only that is read; anything in another form says nothing.

import { parseDecimal } from '../amount.ts';
import type { KeyIntent } from './requests.ts';

/** What one answer or event says of an order. Quantities at 8 decimals. */
export interface OrderWord {
  readonly clientOrderId: string;
  /** Whether the ID is the one that the desk's intent named, rather than what the exchange says. */
  readonly isDeskId: boolean;
  readonly symbol: string;
  /** The exchange's number of the order, where it is said. */
  readonly exchangeOrderId: string | null;
  readonly executed: bigint;
  readonly hasEnded: boolean;
  /**
   * Commission in the coin itself. `whole`: of everything executed. `last`: of the last trade alone, which was so much.
   */
  readonly fee:
    | { readonly kind: 'whole'; readonly amount: bigint }
    | { readonly kind: 'last'; readonly amount: bigint; readonly quantity: bigint }
    | null;
}

/** The trades of one order, all that the exchange has of it. */
export interface TradeWord {
  readonly exchangeOrderId: string;
  readonly symbol: string;
  readonly executed: bigint;
  readonly feeAmount: bigint;
}

const ENDED: readonly unknown[] = ['FILLED', 'CANCELED', 'EXPIRED', 'EXPIRED_IN_MATCH', 'REJECTED'];
const ORDERS_MAX = 1_000;
const TRADES_MAX = 1_000;
/** The exchange does not know the order. */
const NO_SUCH_ORDER = -2013;
/** Codes under which an order may have come about all the same. */
const UNKNOWN_OUTCOME: readonly unknown[] = [-1000, -1001, -1006, -1007];

type Row = Readonly<Record<string, unknown>>;

/** The orders of which an answer to `intent` speaks. */
export function wordsOfAnswer(
  intent: KeyIntent,
  status: number,
  body: string,
): readonly OrderWord[] {
  const answer = parse(body);
  if (status !== 200) return refusedOrders(intent, status, answer);
  if (Array.isArray(answer)) return answer.slice(0, ORDERS_MAX).flatMap(wordOfAnswer);
  if (!isRow(answer)) return [];
  const reports = answer['orderReports'];
  const listed = Array.isArray(reports) ? reports.slice(0, 2) : [];
  return [...listed, answer].flatMap(wordOfAnswer);
}

/**
 * Orders that a refusal says do not exist: ones that were to be placed, and were refused as a whole. Where the exchange
 * does not know an order that is asked for, it may still be on its way: `unknownOrder` tells.
 */
function refusedOrders(intent: KeyIntent, status: number, answer: unknown): readonly OrderWord[] {
  if (status !== 400 || !isRow(answer) || UNKNOWN_OUTCOME.includes(answer['code'])) return [];
  if (intent.kind === 'placeOrder') return [neverThere(intent.order)];
  if (intent.kind === 'placePair')
    return [neverThere(intent.takeProfit), neverThere(intent.stopLoss)];
  return [];
}

/** The order that the exchange says it does not know, where an answer to `intent` says so. */
export function unknownOrder(intent: KeyIntent, status: number, body: string): OrderWord | null {
  if (intent.kind !== 'queryOrder' || status !== 400) return null;
  const answer = parse(body);
  return isRow(answer) && answer['code'] === NO_SUCH_ORDER ? neverThere(intent) : null;
}

function neverThere(order: { readonly clientOrderId: string; readonly symbol: string }): OrderWord {
  const { clientOrderId, symbol } = order;
  const fee = { kind: 'whole', amount: 0n } as const;
  const word = { clientOrderId, isDeskId: true, symbol, exchangeOrderId: null };
  return { ...word, executed: 0n, hasEnded: true, fee };
}

/** What an `executionReport` says; null for any other event. */
export function wordOfEvent(event: unknown): OrderWord | null {
  if (!isRow(event) || event['e'] !== 'executionReport') return null;
  const { s: symbol, c, C: original, z, X: state, l: last, n: fee, N: feeAsset, i: number } = event;
  // A cancel has an ID of its own; the order's stands beside it.
  const clientOrderId = typeof original === 'string' && original !== '' ? original : c;
  const executed = decimal(z);
  const quantity = decimal(last);
  if (typeof symbol !== 'string' || typeof clientOrderId !== 'string' || executed === null)
    return null;
  const amount = baseFee(symbol, fee, feeAsset);
  return {
    clientOrderId,
    isDeskId: false,
    symbol,
    exchangeOrderId: orderNumber(number),
    executed,
    hasEnded: ENDED.includes(state),
    fee:
      quantity === null || quantity === 0n || amount === null
        ? null
        : { kind: 'last', amount, quantity },
  };
}

/** The orders whose trades an answer to `queryFills` holds in full or in part, each with what its trades sum up to. */
export function wordsOfTrades(body: string): readonly TradeWord[] {
  const rows = parse(body);
  if (!Array.isArray(rows) || rows.length > TRADES_MAX) return [];
  const words = new Map<string, TradeWord>();
  const spoilt = new Set<string>();
  for (const row of rows) {
    if (!isRow(row)) continue;
    const exchangeOrderId = orderNumber(row['orderId']);
    const { symbol } = row;
    if (exchangeOrderId === null || typeof symbol !== 'string') continue;
    const quantity = decimal(row['qty']);
    const fee = baseFee(symbol, row['commission'], row['commissionAsset']);
    if (quantity === null || fee === null) {
      spoilt.add(exchangeOrderId);
      continue;
    }
    const before = words.get(exchangeOrderId);
    const executed = (before?.executed ?? 0n) + quantity;
    const feeAmount = (before?.feeAmount ?? 0n) + fee;
    words.set(exchangeOrderId, { exchangeOrderId, symbol, executed, feeAmount });
  }
  return [...words.values()].filter(({ exchangeOrderId }) => !spoilt.has(exchangeOrderId));
}

function wordOfAnswer(row: unknown): readonly OrderWord[] {
  if (!isRow(row)) return [];
  const { symbol, origClientOrderId, clientOrderId: own, executedQty, status, fills } = row;
  // The answer to a cancel has the cancel's own ID in the order's place.
  const clientOrderId =
    typeof origClientOrderId === 'string' && origClientOrderId !== '' ? origClientOrderId : own;
  const executed = decimal(executedQty);
  if (typeof symbol !== 'string' || typeof clientOrderId !== 'string' || executed === null)
    return [];
  const word = {
    clientOrderId,
    isDeskId: false,
    symbol,
    exchangeOrderId: orderNumber(row['orderId']),
    executed,
    hasEnded: ENDED.includes(status),
    fee:
      executed === 0n
        ? ({ kind: 'whole', amount: 0n } as const)
        : feeOfFills(symbol, fills, executed),
  };
  return [word];
}

/** The commission of all fills, where they are the whole of what is executed. */
function feeOfFills(symbol: string, fills: unknown, executed: bigint): OrderWord['fee'] {
  if (!Array.isArray(fills) || fills.length > TRADES_MAX) return null;
  let quantity = 0n;
  let amount = 0n;
  for (const fill of fills) {
    if (!isRow(fill)) return null;
    const part = decimal(fill['qty']);
    const fee = baseFee(symbol, fill['commission'], fill['commissionAsset']);
    if (part === null || fee === null) return null;
    quantity += part;
    amount += fee;
  }
  return quantity === executed ? { kind: 'whole', amount } : null;
}

/** Commission as far as it is taken from the coin that `symbol` trades; null where it cannot be read. */
function baseFee(symbol: string, fee: unknown, asset: unknown): bigint | null {
  if (asset === null || asset === undefined) return decimal(fee) === 0n ? 0n : null;
  if (typeof asset !== 'string' || asset === '') return null;
  const amount = decimal(fee);
  if (amount === null) return null;
  // The signer knows no list of instruments; a symbol begins with its base coin.
  return symbol.startsWith(asset) ? amount : 0n;
}

function orderNumber(value: unknown): string | null {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0
    ? String(value)
    : null;
}

function decimal(value: unknown): bigint | null {
  return typeof value === 'string' ? parseDecimal(value) : null;
}

function parse(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch {
    return null;
  }
}

function isRow(value: unknown): value is Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
