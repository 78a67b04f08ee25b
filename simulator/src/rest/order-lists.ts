// SPDX-License-Identifier: Apache-2.0
// Handlers of order lists: one-cancels-the-other, one-triggers-the-other and both together.

import {
  missing,
  missingEither,
  NO_SUCH_ORDER,
  OPTIONAL_COMBINATION,
  refusal,
  UNKNOWN_ORDER,
  type Outcome,
  type Refusal,
} from '../errors.ts';
import { listBody } from '../exchange/bodies.ts';
import type { Market } from '../exchange/market.ts';
import {
  legNames,
  parseNewOrder,
  type FieldNames,
  type OrderFields,
} from '../exchange/new-order.ts';
import type { NewOrder, OrderList } from '../exchange/venue-order.ts';
import { answer, readMarket, refused, type Answer, type SignedRequest } from './endpoint.ts';
import type { Parameters } from './parameters.ts';
import { readClientOrderId, readFields, readResponseType, toAnswer } from './trading.ts';

const DAY_MS = 86_400_000;

const WORKING = legNames('working');
const PENDING = legNames('pending');
const ABOVE = legNames('above');
const BELOW = legNames('below');
const PENDING_ABOVE = legNames('pendingAbove');
const PENDING_BELOW = legNames('pendingBelow');
/** The legs of the older OCO request have names of their own. */
const OLD_LIMIT: FieldNames = {
  ...legNames('limit'),
  side: 'side',
  quantity: 'quantity',
  price: 'price',
};
const OLD_STOP: FieldNames = {
  ...legNames('stop'),
  side: 'side',
  quantity: 'quantity',
  price: 'stopLimitPrice',
  stopPrice: 'stopPrice',
  timeInForce: 'stopLimitTimeInForce',
  trailingDelta: 'trailingDelta',
};

export function placeOco(request: SignedRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  const shared = {
    side: parameters.text('side'),
    quantity: parameters.text('quantity'),
    quoteOrderQty: undefined,
    selfTradePreventionMode: parameters.optionalText('selfTradePreventionMode'),
  };
  const above = readFields(parameters, ABOVE, shared);
  const below = readFields(parameters, BELOW, shared);
  const pair = pairOf(shared.side, { above, below, aboveNames: ABOVE, belowNames: BELOW });
  return place(request, market, 'OCO', undefined, pair);
}

/** The older form: a limit maker at `price` and a stop at `stopPrice`. */
export function placeOldOco(request: SignedRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  const shared = {
    side: parameters.text('side'),
    quantity: parameters.text('quantity'),
    quoteOrderQty: undefined,
    selfTradePreventionMode: parameters.optionalText('selfTradePreventionMode'),
    pegPriceType: undefined,
  };
  const isStopLimit = parameters.has('stopLimitPrice');
  if (isStopLimit && !parameters.has('stopLimitTimeInForce')) {
    parameters.fail(missing('stopLimitTimeInForce'));
  }
  const limit = readFields(parameters, OLD_LIMIT, {
    ...shared,
    type: 'LIMIT_MAKER',
    timeInForce: undefined,
    stopPrice: undefined,
    trailingDelta: undefined,
  });
  const stop = readFields(parameters, OLD_STOP, {
    ...shared,
    type: isStopLimit ? 'STOP_LOSS_LIMIT' : 'STOP_LOSS',
  });
  const isSell = shared.side === 'SELL';
  const pair = pairOf(shared.side, {
    above: isSell ? limit : stop,
    below: isSell ? stop : limit,
    aboveNames: isSell ? OLD_LIMIT : OLD_STOP,
    belowNames: isSell ? OLD_STOP : OLD_LIMIT,
  });
  return place(request, market, 'OCO', undefined, pair);
}

export function placeOto(request: SignedRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  const shared = {
    quoteOrderQty: undefined,
    selfTradePreventionMode: parameters.optionalText('selfTradePreventionMode'),
  };
  const working = readWorking(parameters, shared);
  const pending: Legs = {
    ok: true,
    value: [{ fields: readFields(parameters, PENDING, shared), names: PENDING }],
  };
  return place(request, market, 'OTO', working, pending);
}

export function placeOtoco(request: SignedRequest): Answer {
  const { parameters } = request;
  const market = readMarket(request);
  const common = {
    quoteOrderQty: undefined,
    selfTradePreventionMode: parameters.optionalText('selfTradePreventionMode'),
  };
  const working = readWorking(parameters, common);
  const shared = {
    ...common,
    side: parameters.text('pendingSide'),
    quantity: parameters.text('pendingQuantity'),
  };
  const above = readFields(parameters, PENDING_ABOVE, shared);
  const below = readFields(parameters, PENDING_BELOW, shared);
  const pair = pairOf(shared.side, {
    above,
    below,
    aboveNames: PENDING_ABOVE,
    belowNames: PENDING_BELOW,
  });
  return place(request, market, 'OTOCO', working, pair);
}

export function cancelList(request: SignedRequest): Answer {
  const { parameters, venue, account } = request;
  const market = readMarket(request);
  const orderListId = parameters.optionalInteger('orderListId');
  const listClientOrderId = parameters.optionalText('listClientOrderId');
  const newClientOrderId = readClientOrderId(parameters, 'newClientOrderId');
  if (orderListId === undefined && listClientOrderId === undefined) {
    parameters.fail(missingEither('orderListId', 'listClientOrderId'));
  }
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const list = findList(request, orderListId, listClientOrderId);
  if (list === undefined || list.market !== market || list.account !== account) {
    return refused(UNKNOWN_ORDER);
  }
  return toAnswer(venue.exchange.cancelList(list, newClientOrderId));
}

export function queryList(request: SignedRequest): Answer {
  const { parameters } = request;
  const orderListId = parameters.optionalInteger('orderListId');
  const clientOrderId = parameters.optionalText('origClientOrderId');
  if (orderListId === undefined && clientOrderId === undefined) {
    parameters.fail(missingEither('origClientOrderId', 'orderListId'));
  }
  const problem = parameters.problem();
  if (problem !== undefined) return refused(problem);
  const list = findList(request, orderListId, clientOrderId);
  return list === undefined ? refused(NO_SUCH_ORDER) : answer(listBody(list));
}

export function queryAllLists(request: SignedRequest): Answer {
  const { parameters, account } = request;
  const fromId = parameters.optionalInteger('fromId');
  const startMs = parameters.optionalTime('startTime');
  const endMs = parameters.optionalTime('endTime');
  const limit = parameters.limit(500, 1000);
  if (fromId !== undefined && (startMs !== undefined || endMs !== undefined)) {
    parameters.fail(OPTIONAL_COMBINATION);
  }
  const problem = parameters.problem() ?? tooLong(startMs, endMs);
  if (problem !== undefined) return refused(problem);
  const found = account.lists.filter(
    (list) =>
      list.orderListId >= (fromId ?? 0) &&
      list.transactionTime >= (startMs ?? 0) &&
      list.transactionTime <= (endMs ?? Infinity),
  );
  const isFromOldest = fromId !== undefined || startMs !== undefined;
  return answer((isFromOldest ? found.slice(0, limit) : found.slice(-limit)).map(listBody));
}

export function queryOpenLists(request: SignedRequest): Answer {
  const problem = request.parameters.problem();
  if (problem !== undefined) return refused(problem);
  return answer(Array.from(request.account.openLists, listBody));
}

/** That a span between two times is longer than a day. */
export function tooLong(
  startMs: number | undefined,
  endMs: number | undefined,
): Refusal | undefined {
  if (startMs === undefined || endMs === undefined || endMs - startMs <= DAY_MS) return undefined;
  return refusal(-1127, 'More than 24 hours between startTime and endTime.');
}

interface Leg {
  readonly fields: OrderFields;
  readonly names: FieldNames;
}

type Legs = Outcome<readonly Leg[]>;

function place(
  request: SignedRequest,
  market: Market | undefined,
  kind: 'OCO' | 'OTO' | 'OTOCO',
  working: Leg | undefined,
  pending: Legs,
): Answer {
  const { parameters, venue, account } = request;
  const listClientOrderId = readClientOrderId(parameters, 'listClientOrderId');
  const type = readResponseType(parameters) ?? 'RESULT';
  const problem = parameters.problem() ?? (pending.ok ? undefined : pending.refusal);
  if (problem !== undefined || market === undefined || !pending.ok) {
    return refused(problem ?? missing('symbol'));
  }
  const flag = kind === 'OCO' ? 'ocoAllowed' : 'otoAllowed';
  if (market.info[flag] === false) {
    return refused(refusal(-1013, `${kind} orders are not supported for this symbol`));
  }
  const orders: NewOrder[] = [];
  for (const leg of working === undefined ? pending.value : [working, ...pending.value]) {
    const order = parseNewOrder(market, leg.fields, leg.names);
    if (!order.ok) return refused(order.refusal);
    orders.push(order.value);
  }
  const count = orders.length;
  const first = working === undefined ? undefined : orders.shift();
  const tooMany = venue.exchange.orderCounts.check(account.accountId, count);
  if (tooMany !== undefined) return refused(tooMany);
  venue.exchange.orderCounts.add(account.accountId, count);
  const placed = venue.exchange.placeList(
    account,
    market,
    { kind, listClientOrderId, working: first, pending: orders },
    type,
  );
  if (!placed.ok) venue.exchange.orderCounts.add(account.accountId, -count);
  return toAnswer(placed);
}

function readWorking(parameters: Parameters, shared: Partial<OrderFields>): Leg {
  const fields = readFields(parameters, WORKING, shared);
  if (fields.type !== undefined && fields.type !== 'LIMIT' && fields.type !== 'LIMIT_MAKER') {
    parameters.fail(refusal(-1116, 'Invalid orderType.'));
  }
  return { fields, names: WORKING };
}

/** The two legs of an OCO, stop-loss leg first, or what is wrong with where they stand. */
function pairOf(
  side: string,
  legs: {
    readonly above: OrderFields;
    readonly below: OrderFields;
    readonly aboveNames: FieldNames;
    readonly belowNames: FieldNames;
  },
): Legs {
  const above: Leg = { fields: legs.above, names: legs.aboveNames };
  const below: Leg = { fields: legs.below, names: legs.belowNames };
  if (legs.above.type === undefined) return { ok: false, refusal: missing(legs.aboveNames.type) };
  if (legs.below.type === undefined) return { ok: false, refusal: missing(legs.belowNames.type) };
  const problem =
    legProblem(legs.above.type, side, true) ??
    legProblem(legs.below.type, side, false) ??
    (isLoss(legs.above.type) === isLoss(legs.below.type)
      ? refusal(-1168, 'At least one OCO order must be contingent.')
      : undefined);
  if (problem !== undefined) return { ok: false, refusal: problem };
  return { ok: true, value: isLoss(legs.above.type) ? [above, below] : [below, above] };
}

function isLoss(type: string): boolean {
  return type === 'STOP_LOSS' || type === 'STOP_LOSS_LIMIT';
}

function legProblem(type: string, side: string, isAbove: boolean): Refusal | undefined {
  const isBuy = side === 'BUY';
  switch (type) {
    case 'LIMIT_MAKER':
      if (isAbove === isBuy) {
        return isBuy
          ? refusal(-1165, 'A limit order in a buy OCO must be below.')
          : refusal(-1166, 'A limit order in a sell OCO must be above.');
      }
      return undefined;
    case 'STOP_LOSS':
    case 'STOP_LOSS_LIMIT':
      if (isAbove !== isBuy) {
        return isBuy
          ? refusal(-1196, 'A stop loss order in a buy OCO must be above.')
          : refusal(-1197, 'A stop loss order in a sell OCO must be below.');
      }
      return undefined;
    case 'TAKE_PROFIT':
    case 'TAKE_PROFIT_LIMIT':
      if (isAbove === isBuy) {
        return isBuy
          ? refusal(-1198, 'A take profit order in a buy OCO must be below.')
          : refusal(-1199, 'A take profit order in a sell OCO must be above.');
      }
      return undefined;
    default:
      return refusal(-1158, 'Order type not supported in OCO.');
  }
}

function findList(
  request: SignedRequest,
  orderListId: number | undefined,
  clientOrderId: string | undefined,
): OrderList | undefined {
  const { venue, account } = request;
  if (orderListId === undefined) {
    return account.lists.findLast((list) => list.listClientOrderId === clientOrderId);
  }
  const list = venue.exchange.list(orderListId);
  if (list === undefined || list.account !== account) return undefined;
  return clientOrderId === undefined || list.listClientOrderId === clientOrderId ? list : undefined;
}
