// SPDX-License-Identifier: Apache-2.0
// Binance's requests, built from intents. What is not in `draftRequest` cannot be expressed, let alone signed:
// no withdrawal, no transfer, no key management, no `session.logon`.
//
// Rules: binance-spot-api-docs, rest-api.md and web-socket-api.md, "Request security". A REST signature covers the
// percent-encoded parameters in the order sent; a WebSocket API signature covers them unencoded, sorted by name.

import { strict as assert } from 'node:assert';
import {
  ORDER_RECV_WINDOW_MS,
  PROBE_RECV_WINDOW_MS,
  RECV_WINDOW_MS,
  REQUEST_TIMEOUT_MS,
  SUBSCRIBE_RECV_WINDOW_MS,
  type Intent,
  type OrderIntent,
  type SignedRequest,
} from '../wire.ts';

/** Intents that use a key. */
export type KeyIntent = Extract<
  Intent,
  {
    kind:
      | 'placeOrder'
      | 'placePair'
      | 'cancelOrder'
      | 'queryOrder'
      | 'identifyOrder'
      | 'queryOpenOrders'
      | 'queryFills'
      | 'queryAccount'
      | 'queryPermissions'
      | 'probeAddress'
      | 'subscribe';
  }
>;

export type Parameter = readonly [name: string, value: string | number];

/** A request that wants nothing but its signature. */
export interface RequestDraft {
  readonly intent: KeyIntent;
  readonly venue: string;
  readonly apiKey: string;
  readonly timestamp: number;
  readonly recvWindow: number;
  readonly endpoint: Endpoint;
  readonly parameters: readonly Parameter[];
  /** Exactly what is signed. */
  readonly text: string;
}

type Endpoint =
  | { readonly kind: 'rest'; readonly method: 'GET' | 'POST' | 'DELETE'; readonly path: string }
  | { readonly kind: 'subscribe' };

const FILLS_MAX = 1_000;

/** Whose answers the signer reads itself: what they say decides later requests. */
const IS_ECHOED: Readonly<Record<KeyIntent['kind'], boolean>> = {
  placeOrder: true,
  placePair: true,
  cancelOrder: true,
  queryOrder: true,
  queryOpenOrders: true,
  queryPermissions: true,
  probeAddress: true,
  identifyOrder: false,
  queryFills: true,
  queryAccount: false,
  subscribe: false,
};

/** The request of an intent. Asserts that a placed order has a price: the policy allows no other. */
export function draftRequest(
  intent: KeyIntent,
  context: { readonly venue: string; readonly apiKey: string; readonly timestamp: number },
  /** The ID under which the exchange keeps, or is to keep, an order of ours. */
  exchangeId: (clientOrderId: string) => string = (id) => id,
): RequestDraft {
  const { endpoint, parameters } = requestOf(withIds(intent, exchangeId));
  const recvWindow = windowOf(intent, endpoint);
  const { timestamp, apiKey } = context;
  const timed: readonly Parameter[] = [
    ...parameters,
    ...(endpoint.kind === 'subscribe' ? [['apiKey', apiKey] as const] : []),
    ['recvWindow', recvWindow],
    ['timestamp', timestamp],
  ];
  const text = endpoint.kind === 'rest' ? restText(timed) : webSocketText(timed);
  return { intent, ...context, recvWindow, endpoint, parameters: timed, text };
}

function windowOf({ kind }: KeyIntent, endpoint: Endpoint): number {
  if (kind === 'probeAddress') return PROBE_RECV_WINDOW_MS;
  if (endpoint.kind === 'subscribe') return SUBSCRIBE_RECV_WINDOW_MS;
  return endpoint.method === 'POST' ? ORDER_RECV_WINDOW_MS : RECV_WINDOW_MS;
}

/** The draft with its signature, for egress. */
export function signedRequest(draft: RequestDraft, signature: string): SignedRequest {
  const { intent, venue, apiKey, endpoint, text, timestamp, recvWindow } = draft;
  const { id, connection } = intent;
  if (endpoint.kind === 'subscribe') {
    const params = { apiKey, recvWindow, timestamp, signature };
    return { kind: 'subscribe', id, connection, venue, params };
  }
  return {
    kind: 'request',
    id,
    connection,
    venue,
    method: endpoint.method,
    path: endpoint.path,
    apiKey,
    payload: `${text}&signature=${encodeURIComponent(signature)}`,
    timeoutMs: REQUEST_TIMEOUT_MS,
    ...(IS_ECHOED[intent.kind] && { echo: true }),
    ...(intent.kind === 'probeAddress' && intent.step === 'second' && { secondAddress: true }),
  };
}

/**
 * Parameters as a REST request signs and sends them.
 * @example restText([['symbol', 'LTCBTC'], ['quantity', '1']]) === 'symbol=LTCBTC&quantity=1'
 */
export function restText(parameters: readonly Parameter[]): string {
  return parameters
    .map(([name, value]) => `${encodeURIComponent(name)}=${encodeURIComponent(value)}`)
    .join('&');
}

/**
 * Parameters as a WebSocket API request signs them.
 * @example webSocketText([['timestamp', 1], ['apiKey', 'k']]) === 'apiKey=k&timestamp=1'
 */
export function webSocketText(parameters: readonly Parameter[]): string {
  return [...parameters]
    .sort(([left], [right]) => (left < right ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&');
}

/** `intent` with the IDs of its orders as the exchange knows them. */
function withIds(intent: KeyIntent, exchangeId: (clientOrderId: string) => string): KeyIntent {
  const named = <T extends { readonly clientOrderId: string }>(order: T): T => ({
    ...order,
    clientOrderId: exchangeId(order.clientOrderId),
  });
  switch (intent.kind) {
    case 'placeOrder':
      return { ...intent, order: named(intent.order) };
    case 'placePair':
      return {
        ...intent,
        takeProfit: named(intent.takeProfit),
        stopLoss: named(intent.stopLoss),
      };
    case 'cancelOrder':
    case 'queryOrder':
      return named(intent);
    case 'identifyOrder':
    case 'queryOpenOrders':
    case 'queryFills':
    case 'queryAccount':
    case 'queryPermissions':
    case 'probeAddress':
    case 'subscribe':
      return intent;
  }
}

function requestOf(intent: KeyIntent): { endpoint: Endpoint; parameters: readonly Parameter[] } {
  switch (intent.kind) {
    case 'placeOrder':
      return rest('POST', '/api/v3/order', placeParameters(intent.order));
    case 'placePair':
      return rest('POST', '/api/v3/orderList/oco', pairParameters(intent));
    case 'cancelOrder':
    case 'queryOrder':
      return rest(intent.kind === 'cancelOrder' ? 'DELETE' : 'GET', '/api/v3/order', [
        ['symbol', intent.symbol],
        ['origClientOrderId', intent.clientOrderId],
      ]);
    case 'identifyOrder':
      return rest('GET', '/api/v3/order', [
        ['symbol', intent.symbol],
        ['orderId', intent.exchangeOrderId],
      ]);
    case 'queryOpenOrders':
      return rest('GET', '/api/v3/openOrders', optional('symbol', intent.symbol));
    case 'queryFills':
      return rest('GET', '/api/v3/myTrades', [
        ['symbol', intent.symbol],
        ...optional('orderId', intent.exchangeOrderId),
        ...optional('fromId', intent.fromTradeId),
        ['limit', FILLS_MAX],
      ]);
    // A read whose parameter fits few other addresses, should the signed text ever get out.
    case 'probeAddress':
    case 'queryAccount':
      return rest('GET', '/api/v3/account', [['omitZeroBalances', 'true']]);
    case 'queryPermissions':
      return rest('GET', '/sapi/v1/account/apiRestrictions', []);
    case 'subscribe':
      return { endpoint: { kind: 'subscribe' }, parameters: [] };
  }
}

/** FULL answers carry the fills, so that an order that trades at once needs no second question. */
function placeParameters(order: OrderIntent): readonly Parameter[] {
  assert(order.type !== 'market' && order.price !== undefined, 'Invariant: an order has a price');
  return [
    ['symbol', order.symbol],
    ['side', order.side === 'buy' ? 'BUY' : 'SELL'],
    ['type', order.type === 'limitMaker' ? 'LIMIT_MAKER' : 'LIMIT'],
    // LIMIT_MAKER takes no timeInForce: it is answered with −1106.
    ...(order.type === 'limitMaker' ? [] : [['timeInForce', order.timeInForce] as const]),
    ['quantity', order.quantity],
    ['price', order.price],
    ['newClientOrderId', order.clientOrderId],
    ['newOrderRespType', 'FULL'],
  ];
}

/** The order of a pair that stands above the market comes first: a sell's take profit, a buy's stop. */
function pairParameters({
  takeProfit,
  stopLoss,
}: Extract<KeyIntent, { kind: 'placePair' }>): readonly Parameter[] {
  assert(takeProfit.price !== undefined, 'Invariant: an order has a price');
  const isSell = takeProfit.side === 'sell';
  const profit = isSell ? 'above' : 'below';
  const stop = isSell ? 'below' : 'above';
  const profitParameters: readonly Parameter[] = [
    [`${profit}Type`, 'LIMIT_MAKER'],
    [`${profit}ClientOrderId`, takeProfit.clientOrderId],
    [`${profit}Price`, takeProfit.price],
  ];
  const stopParameters: readonly Parameter[] = [
    [`${stop}Type`, 'STOP_LOSS_LIMIT'],
    [`${stop}ClientOrderId`, stopLoss.clientOrderId],
    [`${stop}Price`, stopLoss.price],
    [`${stop}StopPrice`, stopLoss.stopPrice],
    [`${stop}TimeInForce`, stopLoss.timeInForce],
  ];
  return [
    ['symbol', takeProfit.symbol],
    ['side', isSell ? 'SELL' : 'BUY'],
    ['quantity', takeProfit.quantity],
    ...(isSell ? profitParameters : stopParameters),
    ...(isSell ? stopParameters : profitParameters),
    ['newOrderRespType', 'RESULT'],
  ];
}

function rest(
  method: 'GET' | 'POST' | 'DELETE',
  path: string,
  parameters: readonly Parameter[],
): { endpoint: Endpoint; parameters: readonly Parameter[] } {
  return { endpoint: { kind: 'rest', method, path }, parameters };
}

function optional(name: string, value: string | undefined): readonly Parameter[] {
  return value === undefined ? [] : [[name, value]];
}
