// SPDX-License-Identifier: Apache-2.0
// Handlers that place, change and cancel single orders.

import {
  invalidData,
  missing,
  missingEither,
  refusal,
  type Outcome,
  type Refusal,
} from '../errors.ts';
import { checkOrder } from '../exchange/filters.ts';
import type { Market } from '../exchange/market.ts';
import {
  illegalClientOrderId,
  isClientOrderId,
  parseNewOrder,
  parseNewQuantity,
  PLAIN_NAMES,
  type FieldNames,
  type OrderFields,
} from '../exchange/new-order.ts';
import type { Body, ResponseType } from '../exchange/bodies.ts';
import type { CancelRequest, OrderName, PlacedOrder } from '../exchange/exchange.ts';
import type { NewOrder, OrderKind } from '../exchange/venue-order.ts';
import { answer, readMarket, refused, type Answer, type SignedRequest } from './endpoint.ts';
import type { Parameters } from './parameters.ts';

const RESTRICTIONS = ['ONLY_NEW', 'ONLY_PARTIALLY_FILLED'] as const;
const INVALID_RESTRICTIONS = refusal(-1145, 'Invalid cancelRestrictions');
const PARTIALLY_FAILED = 'Order cancel-replace partially failed.';
const WHOLLY_FAILED = 'Order cancel-replace failed.';

export function placeOrder(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const read = readNewOrder(request);
  const type = readResponseType(parameters);
  const problem = parameters.problem() ?? read.refusal;
  if (problem !== undefined) return refused(problem);
  const { market, order } = read;
  if (market === undefined || order === undefined) return refused(missing('symbol'));
  const tooMany = venue.exchange.orderCounts.check(account.accountId, 1);
  if (tooMany !== undefined) return refused(tooMany);
  // Counted first: an order that trades at once takes itself off the count again.
  venue.exchange.orderCounts.add(account.accountId, 1);
  const placed = venue.exchange.place(account, market, order, type ?? defaultType(order.kind));
  if (placed.ok) return answer(placed.value.body);
  venue.exchange.orderCounts.add(account.accountId, -1);
  return refused(placed.refusal);
}

export function testOrder(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const read = readNewOrder(request);
  readResponseType(parameters);
  const isWithRates = parameters.flag('computeCommissionRates', false);
  const problem = parameters.problem() ?? read.refusal;
  if (problem !== undefined) return refused(problem);
  const { market, order } = read;
  if (market === undefined || order === undefined) return refused(missing('symbol'));
  const broken = venue.exchange.check(account, market, [order]);
  if (broken !== undefined) return refused(broken);
  if (!isWithRates) return answer({});
  const zero = { maker: '0.00000000', taker: '0.00000000' };
  return answer({
    standardCommissionForOrder: {
      maker: rateText(account.makerFeePpm),
      taker: rateText(account.takerFeePpm),
    },
    specialCommissionForOrder: zero,
    taxCommissionForOrder: zero,
    discount: DISCOUNT,
  });
}

/** Fees are always paid in the asset received. */
export const DISCOUNT: Readonly<Record<string, unknown>> = {
  enabledForAccount: false,
  enabledForSymbol: false,
  discountAsset: 'BNB',
  discount: '0.25000000',
};

export function cancelOrder(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const market = readMarket(request);
  const name = readName(parameters, 'orderId', 'origClientOrderId');
  const newClientOrderId = readClientOrderId(parameters, 'newClientOrderId');
  const restriction = parameters.optionalWord(
    'cancelRestrictions',
    RESTRICTIONS,
    INVALID_RESTRICTIONS,
  );
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  return toAnswer(
    venue.exchange.cancel(account, market, { ...name, newClientOrderId, restriction }),
  );
}

export function cancelOpenOrders(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const market = readMarket(request);
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  return toAnswer(venue.exchange.cancelAll(account, market));
}

export function amendOrder(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const market = readMarket(request);
  const name = readName(parameters, 'orderId', 'origClientOrderId');
  const newClientOrderId = readClientOrderId(parameters, 'newClientOrderId');
  const text = parameters.text('newQty');
  const problem = parameters.problem();
  if (problem !== undefined || market === undefined) return refused(problem ?? missing('symbol'));
  if (market.info['amendAllowed'] === false) {
    return refused(refusal(-1013, 'Order amend is not supported for this symbol.'));
  }
  const lots = parseNewQuantity(market, text);
  if (!lots.ok) return refused(lots.refusal);
  return toAnswer(
    venue.exchange.amend(account, market, { ...name, newClientOrderId, newLots: lots.value }),
  );
}

export function cancelReplace(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const mode = parameters.optionalWord(
    'cancelReplaceMode',
    ['STOP_ON_FAILURE', 'ALLOW_FAILURE'],
    invalidData('cancelReplaceMode'),
  );
  if (mode === undefined) parameters.fail(missing('cancelReplaceMode'));
  const name = readName(parameters, 'cancelOrderId', 'cancelOrigClientOrderId');
  const cancelClientOrderId = readClientOrderId(parameters, 'cancelNewClientOrderId');
  const restriction = parameters.optionalWord(
    'cancelRestrictions',
    RESTRICTIONS,
    INVALID_RESTRICTIONS,
  );
  const exceeded = parameters.optionalWord(
    'orderRateLimitExceededMode',
    ['DO_NOTHING', 'CANCEL_ONLY'],
    invalidData('orderRateLimitExceededMode'),
  );
  const read = readNewOrder(request);
  const type = readResponseType(parameters);
  const problem = parameters.problem() ?? read.refusal;
  if (problem !== undefined) return refused(problem);
  const { market, order } = read;
  if (market === undefined || order === undefined) return refused(missing('symbol'));
  const broken =
    market.info['cancelReplaceAllowed'] === false
      ? refusal(-1013, 'Order cancel-replace is not supported for this symbol.')
      : checkOrder(market, order, venue.clock.marketMs());
  if (broken !== undefined) return refused(broken);
  const tooMany = venue.exchange.orderCounts.check(account.accountId, 1);
  if (tooMany !== undefined && exceeded !== 'CANCEL_ONLY') return refused(tooMany);
  return replace(request, {
    market,
    order,
    cancel: { ...name, newClientOrderId: cancelClientOrderId, restriction },
    mayFail: mode === 'ALLOW_FAILURE',
    tooMany,
    type: type ?? defaultType(order.kind),
  });
}

interface Replacement {
  readonly market: Market;
  readonly order: NewOrder;
  readonly cancel: CancelRequest;
  readonly mayFail: boolean;
  readonly tooMany: Refusal | undefined;
  readonly type: ResponseType;
}

/** The cancel, then the new order, and an answer that says how far it went. */
function replace(request: SignedRequest, wanted: Replacement): Answer {
  const { venue, account } = request;
  const { exchange } = venue;
  const cancelled = exchange.cancel(account, wanted.market, wanted.cancel);
  if (wanted.tooMany === undefined) exchange.orderCounts.add(account.accountId, 1);
  if (!cancelled.ok && !wanted.mayFail) {
    return refused({
      code: -2022,
      message: WHOLLY_FAILED,
      httpStatus: wanted.tooMany === undefined ? 400 : 429,
      data: {
        cancelResult: 'FAILURE',
        newOrderResult: 'NOT_ATTEMPTED',
        cancelResponse: toError(cancelled.refusal),
        newOrderResponse: null,
      },
    });
  }
  const placed: Outcome<PlacedOrder> =
    wanted.tooMany === undefined
      ? exchange.place(account, wanted.market, wanted.order, wanted.type)
      : { ok: false, refusal: wanted.tooMany };
  if (!placed.ok && cancelled.ok) {
    exchange.reportRejected(account, wanted.market, wanted.order, placed.refusal);
  }
  const data = {
    cancelResult: cancelled.ok ? 'SUCCESS' : 'FAILURE',
    newOrderResult: placed.ok ? 'SUCCESS' : 'FAILURE',
    cancelResponse: cancelled.ok ? cancelled.value : toError(cancelled.refusal),
    newOrderResponse: placed.ok ? placed.value.body : toError(placed.refusal),
  };
  if (cancelled.ok && placed.ok) return answer(data);
  if (!cancelled.ok && !placed.ok) {
    return refused({ code: -2022, message: WHOLLY_FAILED, httpStatus: 400, data });
  }
  const isLimited = wanted.tooMany !== undefined && !wanted.mayFail;
  return refused({
    code: -2021,
    message: PARTIALLY_FAILED,
    httpStatus: isLimited ? 429 : 409,
    data,
  });
}

// ---- What the requests of single orders and of lists share ----

export function toAnswer(outcome: Outcome<unknown>): Answer {
  return outcome.ok ? answer(outcome.value) : refused(outcome.refusal);
}

export function defaultType(kind: OrderKind): ResponseType {
  return kind === 'MARKET' || kind === 'LIMIT' ? 'FULL' : 'ACK';
}

export function readResponseType(parameters: Parameters): ResponseType | undefined {
  return parameters.optionalWord(
    'newOrderRespType',
    ['ACK', 'RESULT', 'FULL'],
    refusal(-1136, 'Invalid newOrderRespType.'),
  );
}

export function readClientOrderId(parameters: Parameters, name: string): string | undefined {
  const text = parameters.optionalText(name);
  if (text !== undefined && !isClientOrderId(text)) parameters.fail(illegalClientOrderId(name));
  return text;
}

/** An order by its ID, its client order ID or both; one of them must be there. */
export function readName(parameters: Parameters, idName: string, clientName: string): OrderName {
  const orderId = parameters.optionalInteger(idName);
  const clientOrderId = parameters.optionalText(clientName);
  if (orderId === undefined && clientOrderId === undefined) {
    parameters.fail(missingEither(clientName, idName));
  }
  return { orderId, clientOrderId };
}

/** The fields that `names` call; `shared` stands in for those a leg takes from its list. */
export function readFields(
  parameters: Parameters,
  names: FieldNames,
  shared: Partial<OrderFields> = {},
): OrderFields {
  const read = (field: keyof OrderFields): string | undefined =>
    Object.hasOwn(shared, field) ? shared[field] : parameters.optionalText(names[field]);
  const fields: OrderFields = {
    side: read('side'),
    type: read('type'),
    timeInForce: read('timeInForce'),
    quantity: read('quantity'),
    quoteOrderQty: read('quoteOrderQty'),
    price: read('price'),
    stopPrice: read('stopPrice'),
    trailingDelta: read('trailingDelta'),
    icebergQty: read('icebergQty'),
    clientOrderId: read('clientOrderId'),
    strategyId: read('strategyId'),
    strategyType: read('strategyType'),
    selfTradePreventionMode: read('selfTradePreventionMode'),
    pegPriceType: read('pegPriceType'),
  };
  const prefix = names.pegPriceType.slice(0, -'pegPriceType'.length);
  const peg = prefix === '' ? 'peg' : `${prefix}Peg`;
  if (fields.pegPriceType !== undefined) {
    parameters.optionalText(`${peg}OffsetType`);
    parameters.optionalText(`${peg}OffsetValue`);
  }
  return fields;
}

function readNewOrder(request: SignedRequest): {
  readonly market: Market | undefined;
  readonly order: NewOrder | undefined;
  readonly refusal: Refusal | undefined;
} {
  const { parameters } = request;
  const market = readMarket(request);
  const fields = readFields(parameters, PLAIN_NAMES);
  if (market === undefined) return { market, order: undefined, refusal: undefined };
  const order = parseNewOrder(market, fields, PLAIN_NAMES);
  return order.ok
    ? { market, order: order.value, refusal: undefined }
    : { market, order: undefined, refusal: order.refusal };
}

export function rateText(ppm: number): string {
  return `${Math.floor(ppm / 1_000_000)}.${String(ppm % 1_000_000).padStart(6, '0')}00`;
}

function toError(reason: Refusal): Body {
  return { code: reason.code, msg: reason.message };
}
