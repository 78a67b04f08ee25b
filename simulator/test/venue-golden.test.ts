// SPDX-License-Identifier: Apache-2.0
// Every documented answer against ours: the same fields of the same kinds, at every depth.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { gunzipSync } from 'node:zlib';
import { BINANCE_LIMITS } from '../src/limits.ts';
import { ethBtc, ethUsdt, Lab } from './venue-lab.ts';
import { withWire, type Fields, type Wire } from './venue-client.ts';

const SOURCE = new URL(
  '../../../shared/data/exchange/binance-spot-docs-json-examples.jsonl.gz',
  import.meta.url,
);

interface Example {
  readonly file: string;
  readonly heading: readonly string[];
  readonly lead: string;
  readonly json: unknown;
}

type Produce = (wire: Wire) => Promise<unknown>;

const SYMBOL = 'ETHUSDT';
const ORDER_PATH = '/api/v3/order';
const LIMIT: Fields = {
  symbol: SYMBOL,
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.5',
  price: '1990',
};
const OCO: Fields = {
  symbol: SYMBOL,
  side: 'SELL',
  quantity: '1',
  aboveType: 'LIMIT_MAKER',
  abovePrice: '2100',
  belowType: 'STOP_LOSS_LIMIT',
  belowPrice: '1890',
  belowStopPrice: '1900',
  belowTimeInForce: 'GTC',
};
const OTO: Fields = {
  symbol: SYMBOL,
  workingType: 'LIMIT',
  workingSide: 'SELL',
  workingPrice: '2100',
  workingQuantity: '1',
  workingTimeInForce: 'GTC',
  pendingType: 'MARKET',
  pendingSide: 'BUY',
  pendingQuantity: '1',
};

const get =
  (path: string, fields: Fields = {}): Produce =>
  async (wire) =>
    (await wire.get(`/api/v3/${path}`, fields)).body;

const ask =
  (path: string, fields: Fields = {}, before: readonly Produce[] = []): Produce =>
  async (wire) => {
    for (const step of before) await step(wire);
    return (await wire.signed('GET', `/api/v3/${path}`, fields)).body;
  };

const send =
  (method: string, path: string, fields: Fields, before: readonly Produce[] = []): Produce =>
  async (wire) => {
    for (const step of before) await step(wire);
    return (await wire.signed(method, path, fields)).body;
  };

const place = (more: Fields = {}): Produce => send('POST', ORDER_PATH, { ...LIMIT, ...more });
const placeOco = (more: Fields = {}): Produce =>
  send('POST', '/api/v3/orderList/oco', { ...OCO, ...more });
const mine = { newClientOrderId: 'mine' };
const replace = (more: Fields, before: readonly Produce[] = []): Produce =>
  send(
    'POST',
    `${ORDER_PATH}/cancelReplace`,
    {
      ...LIMIT,
      cancelReplaceMode: 'STOP_ON_FAILURE',
      cancelOrigClientOrderId: 'mine',
      ...more,
    },
    before,
  );
const MAKER_TAKES: Fields = {
  symbol: SYMBOL,
  side: 'BUY',
  type: 'LIMIT_MAKER',
  quantity: '0.5',
  price: '2100',
};
const takes = (mode: string, before: readonly Produce[]): Produce =>
  send(
    'POST',
    `${ORDER_PATH}/cancelReplace`,
    { ...MAKER_TAKES, cancelReplaceMode: mode, cancelOrigClientOrderId: 'mine' },
    before,
  );
const fillLimits: Produce = async (wire) => {
  for (let count = 0; count < 2; count += 1) await place({ price: '1900' })(wire);
};
const both = { symbols: '["ETHUSDT","ETHBTC"]' };
const mini = { type: 'MINI' };
const window = { windowSize: '1h' };

/** By heading, the answers of that section in the order of its examples; a text says why one is left out. */
const REST: Readonly<Record<string, readonly (Produce | string)[]>> = {
  'Error Codes': [get('depth', { symbol: 'NOPE' })],
  'Timing security': ['no answer'],
  'Test connectivity': [get('ping')],
  'Check server time': [get('time')],
  'Exchange information': [get('exchangeInfo')],
  'Query Execution Rules': ['the venue has no such rules'],
  'Order book': [get('depth', { symbol: SYMBOL })],
  'Recent trades list': [get('trades', { symbol: SYMBOL })],
  'Old trade lookup': [get('historicalTrades', { symbol: SYMBOL })],
  'Historical Block Trades': ['the venue has no block trades'],
  'Compressed/Aggregate trades list': [get('aggTrades', { symbol: SYMBOL })],
  'Kline/Candlestick data': [get('klines', { symbol: SYMBOL, interval: '1m' })],
  UIKlines: [get('uiKlines', { symbol: SYMBOL, interval: '1m' })],
  'Current average price': [get('avgPrice', { symbol: SYMBOL })],
  '24hr ticker price change statistics': [
    get('ticker/24hr', { symbol: SYMBOL }),
    get('ticker/24hr'),
    get('ticker/24hr', { symbol: SYMBOL, ...mini }),
    get('ticker/24hr', mini),
  ],
  'Trading Day Ticker': [
    get('ticker/tradingDay', { symbol: SYMBOL }),
    get('ticker/tradingDay', both),
    get('ticker/tradingDay', { symbol: SYMBOL, ...mini }),
    get('ticker/tradingDay', { ...both, ...mini }),
  ],
  'Symbol price ticker': [get('ticker/price', { symbol: SYMBOL }), get('ticker/price')],
  'Symbol order book ticker': [
    get('ticker/bookTicker', { symbol: SYMBOL }),
    get('ticker/bookTicker'),
  ],
  'Rolling window price change statistics': [
    get('ticker', { symbol: SYMBOL, ...window }),
    get('ticker', { ...both, ...window }),
    get('ticker', { symbol: SYMBOL, ...window, ...mini }),
    get('ticker', { ...both, ...window, ...mini }),
  ],
  'Query Reference Price': [
    get('referencePrice', { symbol: SYMBOL }),
    'the market traded in the last five minutes',
    'every market here has traded',
  ],
  'Query Reference Price Calculation': [
    'every market here has traded',
    get('referencePrice/calculation', { symbol: SYMBOL }),
    'no mean is made outside the exchange',
  ],
  'New order (TRADE)': [
    place({ newOrderRespType: 'ACK' }),
    place({ newOrderRespType: 'RESULT' }),
    send('POST', ORDER_PATH, { symbol: SYMBOL, side: 'SELL', type: 'MARKET', quantity: '1' }),
  ],
  'Test new order (TRADE)': [
    send('POST', `${ORDER_PATH}/test`, LIMIT),
    send('POST', `${ORDER_PATH}/test`, { ...LIMIT, computeCommissionRates: true }),
  ],
  'Cancel order (TRADE)': [
    send('DELETE', ORDER_PATH, { symbol: SYMBOL, origClientOrderId: 'mine' }, [place(mine)]),
    send('DELETE', ORDER_PATH, { symbol: SYMBOL, orderId: 1, cancelRestrictions: 'ODD' }),
    send(
      'DELETE',
      ORDER_PATH,
      {
        symbol: SYMBOL,
        origClientOrderId: 'mine',
        cancelRestrictions: 'ONLY_PARTIALLY_FILLED',
      },
      [place(mine)],
    ),
  ],
  'Cancel All Open Orders on a Symbol (TRADE)': [
    send('DELETE', '/api/v3/openOrders', { symbol: SYMBOL }, [
      place(),
      place(),
      placeOco({ belowIcebergQty: '0.5', aboveIcebergQty: '0.5' }),
    ]),
  ],
  'Cancel an Existing Order and Send a New Order (TRADE)': [
    replace({}, [place(mine)]),
    replace({}),
    takes('STOP_ON_FAILURE', [place(mine)]),
    send('POST', `${ORDER_PATH}/cancelReplace`, {
      symbol: SYMBOL,
      side: 'BUY',
      type: 'LIMIT_MAKER',
      quantity: '0.5',
      price: '1900',
      cancelReplaceMode: 'ALLOW_FAILURE',
      cancelOrigClientOrderId: 'mine',
    }),
    takes('ALLOW_FAILURE', []),
    replace({}, [place(mine), fillLimits]),
    replace({ orderRateLimitExceededMode: 'CANCEL_ONLY' }, [place(mine), fillLimits]),
  ],
  'Order Amend Keep Priority (TRADE)': [
    send(
      'PUT',
      `${ORDER_PATH}/amend/keepPriority`,
      { symbol: SYMBOL, origClientOrderId: 'mine', newQty: '0.4' },
      [place(mine)],
    ),
    send(
      'PUT',
      `${ORDER_PATH}/amend/keepPriority`,
      { symbol: SYMBOL, origClientOrderId: 'pending', newQty: '0.4' },
      [send('POST', '/api/v3/orderList/oto', { ...OTO, pendingClientOrderId: 'pending' })],
    ),
  ],
  'New OCO - Deprecated (TRADE)': [
    send('POST', '/api/v3/order/oco', {
      symbol: SYMBOL,
      side: 'BUY',
      quantity: '1',
      price: '1900',
      stopPrice: '2100',
    }),
  ],
  'New Order list - OCO (TRADE)': [placeOco({ belowIcebergQty: '0.5' })],
  'New Order list - OTO (TRADE)': [send('POST', '/api/v3/orderList/oto', OTO)],
  'New Order list - OTOCO (TRADE)': [
    send('POST', '/api/v3/orderList/otoco', {
      symbol: SYMBOL,
      workingType: 'LIMIT',
      workingSide: 'SELL',
      workingPrice: '2050',
      workingQuantity: '1',
      workingTimeInForce: 'GTC',
      pendingSide: 'BUY',
      pendingQuantity: '1',
      pendingAboveType: 'STOP_LOSS_LIMIT',
      pendingAbovePrice: '2200',
      pendingAboveStopPrice: '2100',
      pendingAboveTimeInForce: 'IOC',
      pendingBelowType: 'LIMIT_MAKER',
      pendingBelowPrice: '1900',
    }),
  ],
  'New Order List - OPO (TRADE)': ['the venue has no OPO'],
  'New Order List - OPOCO (TRADE)': ['the venue has no OPO'],
  'Cancel Order list (TRADE)': [
    send('DELETE', '/api/v3/orderList', { symbol: SYMBOL, orderListId: 0 }, [placeOco()]),
  ],
  'New order using SOR (TRADE)': ['the venue routes no orders'],
  'Test new order using SOR (TRADE)': ['the venue routes no orders'],
  'Account information (USER_DATA)': [ask('account')],
  'Query order (USER_DATA)': [
    ask('order', { symbol: SYMBOL, origClientOrderId: 'mine' }, [place(mine)]),
  ],
  'Current open orders (USER_DATA)': [ask('openOrders', {}, [place()])],
  'All orders (USER_DATA)': [ask('allOrders', { symbol: SYMBOL }, [place()])],
  'Query Order list (USER_DATA)': [ask('orderList', { orderListId: 0 }, [placeOco()])],
  'Query all Order lists (USER_DATA)': [
    ask('allOrderList', {}, [placeOco(), placeOco({ quantity: '2' })]),
  ],
  'Query Open Order lists (USER_DATA)': [ask('openOrderList', {}, [placeOco()])],
  'Account trade list (USER_DATA)': [
    ask('myTrades', { symbol: SYMBOL }, [place({ price: '2010' })]),
  ],
  'Query Unfilled Order Count (USER_DATA)': [ask('rateLimit/order')],
  'Query Prevented Matches (USER_DATA)': [
    ask('myPreventedMatches', { symbol: SYMBOL, preventedMatchId: 0 }, [
      place({ side: 'SELL', price: '2000', quantity: '0.1' }),
      place({ price: '2000', selfTradePreventionMode: 'EXPIRE_MAKER' }),
    ]),
  ],
  'Query Allocations (USER_DATA)': ['the venue routes no orders, so nothing is allocated'],
  'Query Commission Rates (USER_DATA)': [ask('account/commission', { symbol: SYMBOL })],
  'Query Order Amendments (USER_DATA)': [
    async (wire) => {
      const order = (await place(mine)(wire)) as { orderId: number };
      const amend = (newQty: string): Promise<unknown> =>
        wire.signed('PUT', `${ORDER_PATH}/amend/keepPriority`, {
          symbol: SYMBOL,
          orderId: order.orderId,
          newQty,
        });
      await amend('0.4');
      await amend('0.3');
      return ask('order/amendments', { symbol: SYMBOL, orderId: order.orderId })(wire);
    },
  ],
  'Query relevant filters (USER_DATA)': ['filters differ from symbol to symbol'],
};

const USER_EVENTS: Readonly<Record<string, Produce | string>> = {
  outboundAccountPosition: async (wire) => {
    wire.lab.exchange.deposit(1, 'ETH', '1');
    return { subscriptionId: 0, event: wire.lab.take('outboundAccountPosition')[0] };
  },
  balanceUpdate: async (wire) => {
    wire.lab.exchange.deposit(1, 'ETH', '1');
    return { subscriptionId: 0, event: wire.lab.take('balanceUpdate')[0] };
  },
  executionReport: async (wire) => {
    wire.lab.events.length = 0;
    await place({ side: 'SELL', price: '2000', quantity: '0.1' })(wire);
    await place({ price: '2000', selfTradePreventionMode: 'EXPIRE_BOTH' })(wire);
    // The documented example shows `v`, which only orders of a self-trade have.
    const event = wire.lab
      .take('executionReport')
      .filter((report) => report['x'] === 'TRADE_PREVENTION')[0];
    const { A: _a, B: _b, u: _u, U: _c, Cs: _d, pl: _e, pL: _f, pY: _g, ...rest } = event ?? {};
    return { subscriptionId: 0, event: rest };
  },
  listStatus: async (wire) => {
    wire.lab.events.length = 0;
    await placeOco()(wire);
    return { subscriptionId: 0, event: wire.lab.take('listStatus')[0] };
  },
  eventStreamTerminated: async () => ({
    subscriptionId: 0,
    event: { e: 'eventStreamTerminated', E: 1 },
  }),
  externalLockUpdate: 'the venue locks nothing from outside',
};

function examples(file: string): readonly Example[] {
  return gunzipSync(readFileSync(SOURCE))
    .toString('utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Example)
    .filter((example) => example.file === file);
}

/** Field names in order of the alphabet with the kind of each value; lists by the shapes they hold. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) {
    const shapes = new Map(value.map((item) => [JSON.stringify(shape(item)), shape(item)]));
    return [...shapes.entries()].sort().map(([, item]) => item);
  }
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Object.fromEntries(
    Object.entries(value)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, item]) => [name, shape(item)]),
  );
}

/** Documented parts that are only there in exchanges of another kind. */
function withoutOptions(example: Example): unknown {
  if (example.heading.at(-1) !== 'Exchange information') return example.json;
  const { sors: _, ...rest } = example.json as Record<string, unknown>;
  return rest;
}

/** Ours with the lists that the documentation leaves empty emptied, too. */
function comparable(example: Example, ours: unknown): unknown {
  if (example.heading.at(-1) !== 'Exchange information') return ours;
  const body = ours as { rateLimits: unknown; symbols: Record<string, unknown>[] };
  return {
    ...body,
    rateLimits: [{}],
    symbols: body.symbols.map((symbol) => ({ ...symbol, filters: [] })),
  };
}

const limits = { ...BINANCE_LIMITS, isEnabled: true, ordersPer10Seconds: 3 };

test('[X48] every documented REST answer has our fields', async (context) => {
  if (!existsSync(SOURCE)) {
    context.skip('the documentation examples are not there');
    return;
  }
  const seen = new Map<string, number>();
  let compared = 0;
  for (const example of examples('rest-api.md')) {
    const heading = example.heading.at(-1) ?? '';
    const index = seen.get(heading) ?? 0;
    seen.set(heading, index + 1);
    const produce = REST[heading]?.[index];
    assert.ok(produce !== undefined, `no answer of ours for ${heading} (${index})`);
    if (typeof produce === 'string') continue;
    const lab = new Lab({
      instruments: [ethUsdt(), ethBtc()],
      ...(heading.startsWith('Cancel an Existing') ? { limits } : {}),
    });
    lab.exchange.house.moveTo('ETHBTC', 7000, 100, 'buy');
    await withWire(
      async (wire) => {
        const ours = comparable(example, await produce(wire));
        assert.deepEqual(
          shape(ours),
          shape(withoutOptions(example)),
          `${heading} (${index}): ${JSON.stringify(ours)}`,
        );
      },
      { lab },
    );
    compared += 1;
  }
  for (const [heading, answers] of Object.entries(REST)) {
    assert.equal(seen.get(heading), answers.length, `${heading} has as many examples as answers`);
  }
  assert.ok(compared >= 60, `compared ${compared}`);
});

test('[X23] every documented user event has our fields', async (context) => {
  if (!existsSync(SOURCE)) {
    context.skip('the documentation examples are not there');
    return;
  }
  let compared = 0;
  for (const example of examples('user-data-stream.md')) {
    const { event } = example.json as { event: Record<string, unknown> };
    const kind = String(event['e']);
    const produce = USER_EVENTS[kind];
    assert.ok(produce !== undefined, `no event of ours for ${kind}`);
    if (typeof produce === 'string') continue;
    await withWire(async (wire) => {
      assert.deepEqual(shape(await produce(wire)), shape(example.json), kind);
    });
    compared += 1;
  }
  assert.equal(compared, 5);
});
