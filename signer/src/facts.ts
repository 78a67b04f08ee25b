// SPDX-License-Identifier: Apache-2.0
// What an intent is about: as the policy asks for it, as the log keeps it, and from the log back to the policy.

import { notionalOf, parseDecimal } from './amount.ts';
import type { KeyIntent } from './binance/requests.ts';
import type { Entry } from './log/intent-log.ts';
import type { Operation, PolicyOrderType, PolicySide, PolicyTimeInForce } from './policy/policy.ts';
import type { RequestFacts } from './policy/request-facts.ts';
import type { Intent, OrderIntent, StopIntent } from './wire.ts';

const OPERATION_OF: Readonly<Record<KeyIntent['kind'], Operation>> = {
  placeOrder: 'order.place',
  placePair: 'order.place',
  cancelOrder: 'order.cancel',
  queryOrder: 'read.order',
  identifyOrder: 'read.order',
  queryOpenOrders: 'read.openOrders',
  queryFills: 'read.fills',
  queryAccount: 'read.account',
  queryPermissions: 'read.permissions',
  probeAddress: 'read.account',
  subscribe: 'read.stream',
};

const SIDE_OF: Readonly<Record<'buy' | 'sell', PolicySide>> = { buy: 'BUY', sell: 'SELL' };
const TYPE_OF: Readonly<Record<OrderIntent['type'] | StopIntent['type'], PolicyOrderType>> = {
  limit: 'LIMIT',
  limitMaker: 'LIMIT_MAKER',
  stopLimit: 'STOP_LOSS_LIMIT',
  market: 'MARKET',
};

/** The parts of an intent, each with the fields under which the log keeps it: two for a pair, one for all else. */
export function loggedParts(intent: Intent): readonly [Entry['fields'], ...Entry['fields'][]] {
  if (intent.kind !== 'placePair') return [loggedFields(intent)];
  return [
    orderFields(intent.connection, intent.takeProfit),
    orderFields(intent.connection, intent.stopLoss),
  ];
}

function orderFields(connection: string, order: OrderIntent | StopIntent): Entry['fields'] {
  const { symbol, side, type, timeInForce, price, quantity, clientOrderId } = order;
  return {
    connection,
    op: OPERATION_OF.placeOrder,
    symbol,
    side: SIDE_OF[side],
    type: TYPE_OF[type],
    tif: timeInForce,
    price,
    ...('stopPrice' in order ? { stop: order.stopPrice } : {}),
    quantity,
    clientOrderId,
  };
}

/** The fields under which the log keeps an intent, a pair by its take profit. */
export function loggedFields(intent: Intent): Entry['fields'] {
  switch (intent.kind) {
    case 'placeOrder':
      return orderFields(intent.connection, intent.order);
    case 'placePair':
      return orderFields(intent.connection, intent.takeProfit);
    case 'cancelOrder':
    case 'queryOrder':
      return {
        connection: intent.connection,
        op: OPERATION_OF[intent.kind],
        symbol: intent.symbol,
        clientOrderId: intent.clientOrderId,
      };
    case 'identifyOrder':
      return {
        connection: intent.connection,
        op: OPERATION_OF[intent.kind],
        symbol: intent.symbol,
        exchangeOrderId: intent.exchangeOrderId,
      };
    case 'queryOpenOrders':
    case 'queryFills':
      return {
        connection: intent.connection,
        op: OPERATION_OF[intent.kind],
        symbol: intent.symbol,
      };
    case 'queryAccount':
    case 'queryPermissions':
    case 'subscribe':
      return { connection: intent.connection, op: OPERATION_OF[intent.kind] };
    case 'probeAddress':
      return {
        connection: intent.connection,
        op: OPERATION_OF[intent.kind],
        probe: intent.step,
      };
    case 'activateConnection':
    case 'freezeConnection':
    case 'lookUp':
    case 'verifyTag':
      return { connection: intent.connection, op: intent.kind };
    case 'createConnection':
    case 'importConnection':
    case 'describeVault':
    case 'unlockVault':
    case 'addPasskeyWay':
    case 'removeVaultWay':
    case 'listConnections':
    case 'requestAct':
    case 'confirmAct':
    case 'commitEdgeLog':
    case 'listOwners':
    case 'describePolicy':
    case 'explainOrder':
      return { op: intent.kind };
  }
}

/** What the policy asks about logged fields: of an intent that came now, or of one that an earlier run wrote. */
export function factsOf(fields: Entry['fields']): RequestFacts {
  const limit = parseDecimal(String(fields['price'] ?? ''));
  const stop = parseDecimal(String(fields['stop'] ?? ''));
  // A stop may trade anywhere between its two prices: the dearer one counts.
  const price = limit !== null && stop !== null && stop > limit ? stop : limit;
  const quantity = parseDecimal(String(fields['quantity'] ?? ''));
  return {
    // The log's chain vouches that these are the words that `loggedFields` wrote.
    operation: fields['op'] as Operation,
    symbol: (fields['symbol'] ?? null) as string | null,
    side: (fields['side'] ?? null) as PolicySide | null,
    type: (fields['type'] ?? null) as PolicyOrderType | null,
    timeInForce: (fields['tif'] ?? null) as PolicyTimeInForce | null,
    notional: price === null || quantity === null ? null : notionalOf(price, quantity),
    price: limit,
    stop,
    quantity,
    isReleased: fields['held'] !== undefined,
    clientOrderId: (fields['clientOrderId'] ?? null) as string | null,
  };
}
