// SPDX-License-Identifier: Apache-2.0
// The venue below the wire: balances, order kinds, filters, lists, the house and what listeners hear.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { Exchange } from '../src/exchange/exchange.ts';
import type { Account } from '../src/exchange/account.ts';
import type { NewOrder, VenueOrder } from '../src/exchange/venue-order.ts';
import { ethBtc, ethUsdt, Lab, wanted, type Payload } from './venue-lab.ts';

const ETH = 'ETH';
const USDT = 'USDT';
/** Lots of 0.0001 ETH. */
const ONE = 10_000;

function place(lab: Lab, account: Account, order: Parameters<typeof wanted>[0]): VenueOrder {
  const placed = lab.exchange.place(account, lab.market(), wanted(order), 'FULL');
  assert.ok(placed.ok, placed.ok ? '' : placed.refusal.message);
  return placed.value.order;
}

function refusedWith(lab: Lab, account: Account, order: Parameters<typeof wanted>[0]): string {
  const placed = lab.exchange.place(account, lab.market(), wanted(order), 'FULL');
  assert.ok(!placed.ok, 'expected a refusal');
  return `${placed.refusal.code} ${placed.refusal.message}`;
}

function limit(
  side: 'BUY' | 'SELL',
  price: number,
  lots = ONE,
  more: Partial<NewOrder> = {},
): NewOrder {
  return wanted({
    side,
    kind: 'LIMIT',
    priceTicks: Math.round(price * 100),
    quantityLots: lots,
    ...more,
  });
}

function free(account: Account, asset: string): string {
  return String(account.balance(asset).free);
}

function locked(account: Account, asset: string): string {
  return String(account.balance(asset).locked);
}

test('[X1] a buy locks price times quantity of quote, a sell its quantity of base; a cancel frees it', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const buy = place(lab, account, limit('BUY', 1990, ONE / 2));
  assert.deepEqual(lab.balances(account), {
    ETH: '1000000000 0',
    USDT: '900500000000 99500000000',
  });
  const sell = place(lab, account, limit('SELL', 2100, 2 * ONE));
  assert.equal(locked(account, ETH), '200000000');
  for (const order of [buy, sell]) {
    const cancelled = lab.exchange.cancel(account, lab.market(), {
      orderId: order.orderId,
      clientOrderId: undefined,
      newClientOrderId: undefined,
      restriction: undefined,
    });
    assert.ok(cancelled.ok);
  }
  assert.deepEqual(lab.balances(account), { ETH: '1000000000 0', USDT: '1000000000000 0' });
});

test('[X2] a fill pays from the lock, gives back what a better price saved, and charges what it received', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  // Limit 2005, ask 2000.01: 1 ETH for 2000.01, fee 0.001 ETH.
  const order = place(lab, account, limit('BUY', 2005));
  assert.equal(order.status, 'FILLED');
  assert.deepEqual(lab.balances(account), { ETH: '1099900000 0', USDT: '799999000000 0' });
  assert.deepEqual(
    order.fills.map(({ commission, commissionAsset, isMaker }) => [
      commission,
      commissionAsset,
      isMaker,
    ]),
    [['0.00100000', 'ETH', false]],
  );
});

test('[X2] commission is rounded down to eight decimals where amounts are finer', () => {
  const lab = new Lab({ instruments: [ethBtc()], makerFeePpm: 750, takerFeePpm: 750 });
  const account = lab.account({ ETH: '10' });
  lab.exchange.house.moveTo('ETHBTC', 7947, 100, 'buy');
  const market = lab.market('ETHBTC');
  const placed = lab.exchange.place(
    account,
    market,
    wanted({ side: 'SELL', kind: 'MARKET', quantityLots: 123 }),
    'FULL',
  );
  assert.ok(placed.ok);
  // 0.0123 ETH at 0.07946 = 0.000977358 BTC; 750 ppm of it is 0.00000073301850.
  assert.equal(placed.value.order.fills[0]?.commission, '0.00000073');
  assert.equal(market.quoteScale, 9);
  assert.equal(free(account, 'BTC'), String(977_358 - 730));
});

test('[X4] an order that the account cannot pay is refused and leaves nothing behind', () => {
  const lab = new Lab();
  const account = lab.account({ USDT: '1000', ETH: '1' });
  lab.move(2000);
  const before = JSON.stringify(lab.exchange.snapshot().accounts);
  const insufficient = '-2010 Account has insufficient balance for requested action.';
  assert.equal(refusedWith(lab, account, limit('BUY', 2000)), insufficient);
  assert.equal(refusedWith(lab, account, limit('SELL', 2000, ONE + 1)), insufficient);
  assert.equal(
    refusedWith(lab, account, { side: 'BUY', kind: 'MARKET', quantityLots: ONE }),
    insufficient,
  );
  assert.equal(
    refusedWith(lab, account, { side: 'BUY', kind: 'MARKET', quoteOrderUnits: 1_000_00000001n }),
    insufficient,
  );
  assert.equal(
    refusedWith(lab, account, { side: 'SELL', kind: 'MARKET', quoteOrderUnits: 4_000_00000000n }),
    insufficient,
  );
  assert.equal(JSON.stringify(lab.exchange.snapshot().accounts), before);
  assert.deepEqual(lab.events, []);
  const first = place(lab, account, limit('BUY', 1000, ONE / 2));
  assert.equal(first.orderId, 3, 'refused orders use up no ID: the house has 1 and 2');
});

test('[X5] a deposit tells the change and the position', () => {
  const lab = new Lab();
  const account = lab.exchange.createAccount('trader');
  lab.exchange.deposit(account.accountId, USDT, '12.5');
  assert.deepEqual(
    lab.events.map(({ payload }) => payload),
    [
      { e: 'balanceUpdate', E: lab.clock.market, a: USDT, d: '12.50000000', T: lab.clock.market },
      {
        e: 'outboundAccountPosition',
        E: lab.clock.market,
        u: lab.clock.market,
        B: [{ a: USDT, f: '12.50000000', l: '0.00000000' }],
      },
    ],
  );
  assert.throws(() => lab.exchange.deposit(account.accountId, USDT, '-12.51'), /0 or more/);
  lab.exchange.deposit(account.accountId, USDT, '-12.5');
  assert.equal(free(account, USDT), '0');
});

test('[X6] ACK, RESULT and FULL answers, with the fields that are shown when they apply', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const answer = (order: NewOrder, type: 'ACK' | 'RESULT' | 'FULL'): string[] => {
    const placed = lab.exchange.place(account, lab.market(), order, type);
    assert.ok(placed.ok);
    return Object.keys(placed.value.body);
  };
  const ack = ['symbol', 'orderId', 'orderListId', 'clientOrderId', 'transactTime'];
  const amounts = [
    'price',
    'origQty',
    'executedQty',
    'origQuoteOrderQty',
    'cummulativeQuoteQty',
    'status',
    'timeInForce',
    'type',
    'side',
  ];
  assert.deepEqual(answer(limit('BUY', 1900, 100), 'ACK'), ack);
  assert.deepEqual(answer(limit('BUY', 1900, 100), 'RESULT'), [
    ...ack,
    ...amounts,
    'workingTime',
    'selfTradePreventionMode',
  ]);
  const rich = limit('BUY', 1900, 100, { icebergLots: 50, strategyId: 7, strategyType: 1_000_000 });
  assert.deepEqual(answer(rich, 'FULL'), [
    ...ack,
    ...amounts,
    'icebergQty',
    'strategyId',
    'strategyType',
    'workingTime',
    'fills',
    'selfTradePreventionMode',
  ]);
  const stop = wanted({
    side: 'SELL',
    kind: 'STOP_LOSS',
    quantityLots: 100,
    stopTicks: 190_000,
    trailingDelta: 100,
  });
  assert.deepEqual(answer(stop, 'RESULT').slice(ack.length + amounts.length, -2), [
    'stopPrice',
    'trailingDelta',
    'trailingTime',
  ]);
});

test('[X7] a client order ID is refused only while its earlier order is open', () => {
  const lab = new Lab();
  const account = lab.account();
  const other = lab.account();
  lab.move(2000);
  const order = limit('BUY', 1990, 100, { clientOrderId: 'mine' });
  const first = place(lab, account, order);
  assert.equal(refusedWith(lab, account, order), '-2010 Duplicate order sent.');
  place(lab, other, order);
  lab.move(1980);
  assert.equal(first.status, 'FILLED');
  const second = place(lab, account, limit('BUY', 1900, 100, { clientOrderId: 'mine' }));
  const name = { orderId: undefined, clientOrderId: 'mine' };
  assert.equal(lab.exchange.history.find(account, lab.market(), name), second);
});

test('[X8] a market order by quote spends at most its amount in whole lots', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const buy = place(lab, account, {
    side: 'BUY',
    kind: 'MARKET',
    quoteOrderUnits: 1_000_00000000n,
  });
  // 1000 / 2000.01 = 0.49999..., in lots of 0.0001.
  assert.equal(buy.quantityLots, 4999);
  assert.equal(buy.status, 'FILLED');
  const sell = place(lab, account, {
    side: 'SELL',
    kind: 'MARKET',
    quoteOrderUnits: 1_000_00000000n,
  });
  assert.equal(sell.executedLots, 5000);
  const empty = new Lab();
  const poor = empty.account();
  assert.equal(
    refusedWith(empty, poor, { side: 'BUY', kind: 'MARKET', quoteOrderUnits: 1_000_00000000n }),
    '-2010 Order book liquidity is less than symbol minimum quantity.',
  );
});

test('[X9] IOC leaves nothing, FOK is all or nothing, LIMIT_MAKER never takes', () => {
  const lab = new Lab();
  const account = lab.account();
  const maker = lab.account();
  place(lab, maker, limit('SELL', 2000, 300));
  const ioc = place(lab, account, limit('BUY', 2000, 500, { timeInForce: 'IOC' }));
  assert.deepEqual([ioc.status, ioc.executedLots], ['EXPIRED', 300]);
  place(lab, maker, limit('SELL', 2000, 300));
  const fok = place(lab, account, limit('BUY', 2000, 500, { timeInForce: 'FOK' }));
  assert.deepEqual([fok.status, fok.executedLots], ['EXPIRED', 0]);
  assert.equal(
    refusedWith(lab, account, {
      side: 'BUY',
      kind: 'LIMIT_MAKER',
      priceTicks: 200_000,
      quantityLots: 100,
    }),
    '-2010 Order would immediately match and take.',
  );
  const market = place(lab, account, { side: 'BUY', kind: 'MARKET', quantityLots: 500 });
  assert.deepEqual([market.status, market.executedLots], ['EXPIRED', 300]);
  assert.equal(account.openOrders.size, 0);
  assert.deepEqual([locked(account, USDT), locked(account, ETH)], ['0', '0']);
});

test('[X10] every filter has its answer', () => {
  const filters = [
    { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '100000', tickSize: '0.01' },
    { filterType: 'LOT_SIZE', minQty: '0.001', maxQty: '100', stepSize: '0.001' },
    { filterType: 'MARKET_LOT_SIZE', minQty: '0', maxQty: '2', stepSize: '0' },
    { filterType: 'ICEBERG_PARTS', limit: 3 },
    {
      filterType: 'NOTIONAL',
      minNotional: '10',
      applyMinToMarket: true,
      maxNotional: '50000',
      applyMaxToMarket: false,
      avgPriceMins: 5,
    },
    {
      filterType: 'PERCENT_PRICE_BY_SIDE',
      bidMultiplierUp: '1.2',
      bidMultiplierDown: '0.2',
      askMultiplierUp: '5',
      askMultiplierDown: '0.8',
      avgPriceMins: 5,
    },
    {
      filterType: 'TRAILING_DELTA',
      minTrailingAboveDelta: 10,
      maxTrailingAboveDelta: 2000,
      minTrailingBelowDelta: 20,
      maxTrailingBelowDelta: 1000,
    },
    { filterType: 'MAX_POSITION', maxPosition: '50' },
    { filterType: 'MAX_NUM_ORDERS', maxNumOrders: 4 },
    { filterType: 'MAX_NUM_ALGO_ORDERS', maxNumAlgoOrders: 1 },
    { filterType: 'MAX_NUM_ICEBERG_ORDERS', maxNumIcebergOrders: 1 },
  ];
  const lab = new Lab({
    instruments: [{ ...ethUsdt({ filters }), maxTicks: 10_000_000 as never }],
  });
  const account = lab.account({ USDT: '1000000', ETH: '20' });
  lab.move(2000);
  const rows: readonly (readonly [filter: string, order: NewOrder])[] = [
    ['PRICE_FILTER', limit('BUY', 100_000.01)],
    ['LOT_SIZE', limit('BUY', 1990, 5)],
    ['LOT_SIZE', limit('BUY', 1990, 15)],
    ['LOT_SIZE', limit('BUY', 1990, 1_000_010)],
    ['MARKET_LOT_SIZE', wanted({ side: 'SELL', kind: 'MARKET', quantityLots: 3 * ONE })],
    ['ICEBERG_PARTS', limit('BUY', 1990, ONE, { icebergLots: 3000 })],
    ['NOTIONAL', limit('BUY', 1990, 50)],
    ['NOTIONAL', limit('BUY', 1990, 26 * ONE)],
    ['NOTIONAL', wanted({ side: 'SELL', kind: 'MARKET', quantityLots: 40 })],
    ['PERCENT_PRICE_BY_SIDE', limit('BUY', 2400.01)],
    ['PERCENT_PRICE_BY_SIDE', limit('BUY', 399.99)],
    ['PERCENT_PRICE_BY_SIDE', limit('SELL', 1599.99)],
    [
      'TRAILING_DELTA',
      wanted({ side: 'SELL', kind: 'STOP_LOSS', quantityLots: 1000, trailingDelta: 19 }),
    ],
    [
      'TRAILING_DELTA',
      wanted({ side: 'BUY', kind: 'STOP_LOSS', quantityLots: 1000, trailingDelta: 9 }),
    ],
    [
      'TRAILING_DELTA',
      wanted({ side: 'SELL', kind: 'TAKE_PROFIT', quantityLots: 1000, trailingDelta: 2001 }),
    ],
  ];
  for (const [filter, order] of rows) {
    assert.equal(refusedWith(lab, account, order), `-1013 Filter failure: ${filter}`);
  }
  for (let filled = 0; filled < 2; filled += 1) place(lab, account, limit('BUY', 2010, 15 * ONE));
  assert.equal(
    refusedWith(lab, account, limit('BUY', 1990, ONE / 10)),
    '-1013 Filter failure: MAX_POSITION',
    '20 held and 30 bought, less fees, leave room for less than 0.1',
  );
  place(lab, account, limit('SELL', 2100, ONE, { icebergLots: 5000 }));
  assert.equal(
    refusedWith(lab, account, limit('SELL', 2100, ONE, { icebergLots: 5000 })),
    '-1013 Filter failure: MAX_NUM_ICEBERG_ORDERS',
  );
  const stop = wanted({ side: 'SELL', kind: 'STOP_LOSS', quantityLots: 1000, stopTicks: 150_000 });
  place(lab, account, stop);
  assert.equal(refusedWith(lab, account, stop), '-1013 Filter failure: MAX_NUM_ALGO_ORDERS');
  place(lab, account, limit('SELL', 2200));
  place(lab, account, limit('SELL', 2300));
  assert.equal(
    refusedWith(lab, account, limit('SELL', 2400)),
    '-1013 Filter failure: MAX_NUM_ORDERS',
  );
});

test('[X10] orders on a symbol that does not trade are refused', () => {
  const lab = new Lab({ instruments: [ethUsdt({ status: 'BREAK' })] });
  assert.equal(refusedWith(lab, lab.account(), limit('BUY', 1990)), '-1013 Market is closed.');
});

test('[X11] a stop waits off the book, works when a trade reaches it, and says so', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  assert.equal(
    refusedWith(lab, account, {
      side: 'SELL',
      kind: 'STOP_LOSS',
      quantityLots: 100,
      stopTicks: 200_000,
    }),
    '-2010 Order would trigger immediately.',
  );
  const stop = place(lab, account, {
    side: 'SELL',
    kind: 'STOP_LOSS_LIMIT',
    quantityLots: ONE,
    stopTicks: 195_000,
    priceTicks: 194_000,
  });
  assert.deepEqual([stop.status, stop.workingTime], ['NEW', -1]);
  assert.equal(locked(account, ETH), '100000000');
  lab.move(1951);
  assert.equal(stop.isTriggered, false);
  lab.events.length = 0;
  lab.clock.advance(1000);
  lab.move(1950);
  assert.equal(stop.status, 'FILLED');
  assert.equal(stop.workingTime, lab.clock.market);
  assert.equal(stop.fills[0]?.priceTicks, 194_999, 'a taker pays one tick');
  const reports = lab.take('executionReport');
  assert.deepEqual(
    reports.map((report) => [report['x'], report['X'], report['w']]),
    [
      ['NEW', 'NEW', true],
      ['TRADE', 'FILLED', false],
    ],
  );
});

test('[X11] a triggered market buy takes what the account can pay and expires with the rest', () => {
  const lab = new Lab();
  const account = lab.account({ USDT: '2100' });
  lab.move(2000);
  const stop = place(lab, account, {
    side: 'BUY',
    kind: 'STOP_LOSS',
    quantityLots: ONE,
    stopTicks: 210_000,
  });
  assert.equal(locked(account, USDT), '210000000000');
  lab.move(2150);
  // 2100 / 2150.01 = 0.97674...
  assert.deepEqual([stop.status, stop.executedLots], ['EXPIRED', 9767]);
  assert.equal(locked(account, USDT), '0');
  assert.equal(free(account, USDT), String(210_000_000_000 - 9767 * 215_001 * 100));
});

test('[X12] a trailing stop follows the market from its activation on', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const order = place(lab, account, {
    side: 'SELL',
    kind: 'STOP_LOSS',
    quantityLots: ONE,
    trailingDelta: 100,
  });
  assert.equal(order.trailingTime, lab.clock.market);
  const late = place(lab, account, {
    side: 'SELL',
    kind: 'TAKE_PROFIT',
    quantityLots: ONE,
    stopTicks: 210_000,
    trailingDelta: 100,
  });
  assert.equal(late.trailingTime, -1);
  lab.move(2050);
  lab.move(2035);
  assert.equal(order.status, 'NEW');
  lab.move(2029.5);
  assert.equal(order.status, 'FILLED', '1 % below 2050');
  lab.clock.advance(5000);
  lab.move(2100);
  assert.equal(late.trailingTime, lab.clock.market);
  lab.move(2079);
  assert.equal(late.status, 'FILLED');
});

test('[X13] an iceberg shows its part and trades whole', () => {
  const lab = new Lab();
  const account = lab.account();
  const taker = lab.account();
  const order = place(lab, account, limit('SELL', 2000, ONE, { icebergLots: 2500 }));
  assert.deepEqual(lab.exchange.depth('ETHUSDT', 5).asks, [['2000.00000000', '0.25000000']]);
  place(lab, taker, limit('BUY', 2000, 6000));
  assert.equal(order.executedLots, 6000);
  assert.deepEqual(lab.exchange.depth('ETHUSDT', 5).asks, [['2000.00000000', '0.15000000']]);
});

for (const row of [
  { mode: 'EXPIRE_TAKER', taker: ['EXPIRED_IN_MATCH', 1200], maker: ['NEW', 0], events: 1 },
  { mode: 'EXPIRE_MAKER', taker: ['NEW', 0], maker: ['EXPIRED_IN_MATCH', 1000], events: 1 },
  {
    mode: 'EXPIRE_BOTH',
    taker: ['EXPIRED_IN_MATCH', 1200],
    maker: ['EXPIRED_IN_MATCH', 1000],
    events: 2,
  },
  { mode: 'DECREMENT', taker: ['NEW', 1000], maker: ['EXPIRED_IN_MATCH', 1000], events: 2 },
] as const) {
  test(`[X14] self-trade prevention ${row.mode} expires what it says and frees its lock`, () => {
    const lab = new Lab();
    const account = lab.account();
    const maker = place(lab, account, limit('SELL', 2000, 1000, { selfTradePrevention: 'NONE' }));
    lab.events.length = 0;
    const taker = place(lab, account, limit('BUY', 2000, 1200, { selfTradePrevention: row.mode }));
    assert.deepEqual([taker.status, taker.preventedLots], row.taker);
    assert.deepEqual([maker.status, maker.preventedLots], row.maker);
    const prevented = lab
      .take('executionReport')
      .filter((report) => report['x'] === 'TRADE_PREVENTION');
    assert.equal(prevented.length, row.events);
    for (const report of prevented) {
      assert.equal(report['pl'], '0.10000000');
      assert.equal(report['pL'], '2000.00000000');
      assert.equal(report['pY'], '200.00000000');
      assert.equal(report['v'], 0);
      assert.equal(report['U'], report['i'] === taker.orderId ? maker.orderId : taker.orderId);
    }
    const open = [maker, taker].filter((order) => account.openOrders.has(order));
    const lockedEth = open.includes(maker) ? '10000000' : '0';
    assert.equal(locked(account, ETH), lockedEth);
    const leaves = open.includes(taker) ? 1200 - taker.preventedLots : 0;
    assert.equal(locked(account, USDT), String(BigInt(leaves) * 200_000n * 100n));
  });
}

test('[X14] without prevention an account trades with itself and pays both commissions', () => {
  const lab = new Lab();
  const account = lab.account();
  place(lab, account, limit('SELL', 2000, ONE, { selfTradePrevention: 'NONE' }));
  place(lab, account, limit('BUY', 2000, ONE, { selfTradePrevention: 'NONE' }));
  assert.deepEqual(lab.balances(account), { ETH: '999900000 0', USDT: '999800000000 0' });
});

test('[X15] cancels name their order by either ID, keep restrictions, and answer with both client IDs', () => {
  const lab = new Lab();
  const account = lab.account();
  const other = lab.account();
  lab.move(2000);
  const order = place(lab, account, limit('BUY', 1990, 100, { clientOrderId: 'mine' }));
  const request = {
    orderId: undefined,
    clientOrderId: undefined,
    newClientOrderId: 'bye',
    restriction: undefined,
  } as const;
  const unknown = '-2011 Unknown order sent.';
  const tell = (who: Account, more: Partial<Parameters<Exchange['cancel']>[2]>): string => {
    const outcome = lab.exchange.cancel(who, lab.market(), { ...request, ...more });
    return outcome.ok ? 'ok' : `${outcome.refusal.code} ${outcome.refusal.message}`;
  };
  assert.equal(tell(other, { orderId: order.orderId }), unknown);
  assert.equal(tell(account, { orderId: order.orderId, clientOrderId: 'other' }), unknown);
  assert.equal(
    tell(account, { orderId: order.orderId, restriction: 'ONLY_PARTIALLY_FILLED' }),
    '-2011 Order was not canceled due to cancel restrictions.',
  );
  const cancelled = lab.exchange.cancel(account, lab.market(), {
    ...request,
    clientOrderId: 'mine',
  });
  assert.ok(cancelled.ok);
  assert.deepEqual(
    [
      cancelled.value['origClientOrderId'],
      cancelled.value['clientOrderId'],
      cancelled.value['status'],
    ],
    ['mine', 'bye', 'CANCELED'],
  );
  const [report] = lab.take('executionReport').slice(-1);
  assert.deepEqual([report?.['c'], report?.['C'], report?.['x']], ['bye', 'mine', 'CANCELED']);
  assert.equal(tell(account, { orderId: order.orderId }), unknown);
  assert.equal(order.clientOrderId, 'mine');
});

test('[X15] all open orders of a symbol go at once, lists as lists', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  place(lab, account, limit('BUY', 1990, 100));
  oco(lab, account);
  const outcome = lab.exchange.cancelAll(account, lab.market());
  assert.ok(outcome.ok);
  assert.deepEqual(
    outcome.value.map((body) => ('orderReports' in body ? 'list' : 'order')),
    ['order', 'list'],
  );
  assert.equal(account.openOrders.size, 0);
  const again = lab.exchange.cancelAll(account, lab.market());
  assert.ok(!again.ok && again.refusal.code === -2011);
});

test('[X17] an amendment lowers the quantity, keeps the place in the queue and frees the difference', () => {
  const lab = new Lab();
  const account = lab.account();
  const other = lab.account();
  const taker = lab.account();
  const first = place(lab, account, limit('BUY', 2000, ONE, { clientOrderId: 'a' }));
  const second = place(lab, other, limit('BUY', 2000, ONE));
  lab.events.length = 0;
  const name = { orderId: first.orderId, clientOrderId: undefined };
  const amend = (newLots: number, newClientOrderId?: string): Payload | string => {
    const outcome = lab.exchange.amend(account, lab.market(), {
      ...name,
      newLots,
      newClientOrderId,
    });
    return outcome.ok ? outcome.value : `${outcome.refusal.code} ${outcome.refusal.message}`;
  };
  assert.equal(amend(ONE + 1), '-2038 Order amend (quantity increase) is not supported.');
  assert.equal(amend(ONE), '-2038 The requested action would change no state; rejecting');
  const body = amend(6000, 'b');
  assert.equal(typeof body, 'object');
  assert.equal(locked(account, USDT), '120000000000');
  const [report] = lab.take('executionReport');
  assert.deepEqual(
    [report?.['x'], report?.['X'], report?.['c'], report?.['C'], report?.['q']],
    ['REPLACED', 'NEW', 'b', 'a', '0.60000000'],
  );
  place(lab, taker, limit('SELL', 2000, 8000));
  assert.deepEqual([first.executedLots, second.executedLots], [6000, 2000]);
  assert.deepEqual(
    first.amendments.map(({ origClientOrderId, newClientOrderId, origLots, newLots }) => [
      origClientOrderId,
      newClientOrderId,
      origLots,
      newLots,
    ]),
    [['a', 'b', ONE, 6000]],
  );
});

function oco(lab: Lab, account: Account, lots = ONE): { stop: VenueOrder; profit: VenueOrder } {
  const placed = lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OCO',
      listClientOrderId: undefined,
      working: undefined,
      pending: [
        wanted({
          side: 'SELL',
          kind: 'STOP_LOSS_LIMIT',
          quantityLots: lots,
          stopTicks: 190_000,
          priceTicks: 189_000,
        }),
        wanted({ side: 'SELL', kind: 'LIMIT_MAKER', quantityLots: lots, priceTicks: 210_000 }),
      ],
    },
    'RESULT',
  );
  assert.ok(placed.ok, placed.ok ? '' : placed.refusal.message);
  const [stop, profit] = account.lists.at(-1)?.orders ?? [];
  assert.ok(stop !== undefined && profit !== undefined);
  return { stop, profit };
}

test('[X18] an OCO locks once; its first leg to act ends the other', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const up = oco(lab, account);
  assert.equal(locked(account, ETH), '100000000');
  assert.deepEqual(
    lab.events.map(({ payload }) => [payload['e'], payload['x'] ?? payload['l'] ?? '']),
    [
      ['executionReport', 'NEW'],
      ['executionReport', 'NEW'],
      ['listStatus', 'EXEC_STARTED'],
      ['outboundAccountPosition', ''],
    ],
  );
  lab.events.length = 0;
  lab.move(2101);
  assert.deepEqual([up.profit.status, up.stop.status], ['FILLED', 'EXPIRED']);
  assert.deepEqual(
    lab.events.map(({ payload }) => [payload['e'], payload['x'] ?? payload['l'] ?? '']),
    [
      ['executionReport', 'TRADE'],
      ['executionReport', 'EXPIRED'],
      ['listStatus', 'ALL_DONE'],
      ['outboundAccountPosition', ''],
    ],
  );
  assert.equal(locked(account, ETH), '0');
  lab.move(2000);
  const down = oco(lab, account);
  lab.move(1900);
  assert.deepEqual([down.profit.status, down.stop.status], ['EXPIRED', 'FILLED']);
  assert.equal(account.openLists.size, 0);
});

test('[X18] a partial fill of the limit leg ends the stop and leaves the list running', () => {
  const lab = new Lab();
  const account = lab.account();
  const taker = lab.account();
  // No house quotes here: the first trade makes the last price.
  place(lab, taker, limit('SELL', 2000, 100));
  place(lab, account, limit('BUY', 2000, 100));
  const { stop, profit } = oco(lab, account);
  place(lab, taker, limit('BUY', 2100, 4000));
  assert.deepEqual(
    [profit.status, profit.executedLots, stop.status],
    ['PARTIALLY_FILLED', 4000, 'EXPIRED'],
  );
  assert.equal(profit.list?.isDone, false);
  assert.equal(locked(account, ETH), '60000000');
  const cancelled = lab.exchange.cancel(account, lab.market(), {
    orderId: profit.orderId,
    clientOrderId: undefined,
    newClientOrderId: undefined,
    restriction: undefined,
  });
  assert.ok(cancelled.ok);
  assert.equal(cancelled.value['listOrderStatus'], 'ALL_DONE');
  assert.equal(locked(account, ETH), '0');
});

test('[X19] an OTO sends its pending order when the working one is filled, and drops it otherwise', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const request = (price: number): Parameters<Exchange['placeList']>[2] => ({
    kind: 'OTO',
    listClientOrderId: undefined,
    working: limit('BUY', price),
    pending: [limit('SELL', 2200)],
  });
  const placed = lab.exchange.placeList(account, lab.market(), request(1950), 'RESULT');
  assert.ok(placed.ok);
  const [working, pending] = account.lists[0]?.orders ?? [];
  assert.deepEqual([working?.status, pending?.status], ['NEW', 'PENDING_NEW']);
  assert.equal(locked(account, ETH), '0', 'a pending order locks nothing');
  lab.move(1949);
  assert.deepEqual([working?.status, pending?.status], ['FILLED', 'NEW']);
  assert.equal(locked(account, ETH), '100000000');
  lab.move(2201);
  assert.equal(pending?.status, 'FILLED');
  assert.equal(account.lists[0]?.isDone, true);
  const dropped = lab.exchange.placeList(account, lab.market(), request(1950), 'RESULT');
  assert.ok(dropped.ok);
  const [second, never] = account.lists[1]?.orders ?? [];
  assert.ok(second !== undefined);
  const cancelled = lab.exchange.cancel(account, lab.market(), {
    orderId: second.orderId,
    clientOrderId: undefined,
    newClientOrderId: undefined,
    restriction: undefined,
  });
  assert.ok(cancelled.ok);
  assert.deepEqual([second.status, never?.status], ['CANCELED', 'CANCELED']);
});

test('[X19] a working order that fills at once answers with its pending order still waiting', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const placed = lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OTO',
      listClientOrderId: 'list',
      working: limit('BUY', 2010),
      pending: [limit('SELL', 2200)],
    },
    'RESULT',
  );
  assert.ok(placed.ok);
  const reports = placed.value['orderReports'] as Payload[];
  assert.deepEqual(
    reports.map((report) => report['status']),
    ['FILLED', 'PENDING_NEW'],
  );
  assert.equal(account.lists[0]?.orders[1]?.status, 'NEW');
});

test('[X19] a pending order that cannot be placed is rejected with its reason', () => {
  const lab = new Lab();
  const account = lab.account({ USDT: '10000' });
  lab.move(2000);
  lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OTO',
      listClientOrderId: undefined,
      working: limit('BUY', 2010),
      pending: [limit('SELL', 2200, 2 * ONE)],
    },
    'RESULT',
  );
  const pending = account.lists[0]?.orders[1];
  assert.equal(pending?.status, 'REJECTED');
  const report = lab.take('executionReport').at(-1);
  assert.deepEqual([report?.['x'], report?.['r']], ['REJECTED', 'INSUFFICIENT_BALANCES']);
  assert.equal(account.lists[0]?.isDone, true);
});

test('[X20] an OTOCO becomes an OCO when its working order is filled', () => {
  const lab = new Lab();
  const account = lab.account({ USDT: '10000' });
  lab.move(2000);
  const placed = lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OTOCO',
      listClientOrderId: undefined,
      working: limit('BUY', 1950),
      pending: [
        wanted({ side: 'SELL', kind: 'STOP_LOSS', quantityLots: 9000, stopTicks: 180_000 }),
        wanted({ side: 'SELL', kind: 'TAKE_PROFIT', quantityLots: 9000, stopTicks: 210_000 }),
      ],
    },
    'RESULT',
  );
  assert.ok(placed.ok);
  assert.equal(placed.value['contingencyType'], 'OTO');
  const [working, stop, profit] = account.lists[0]?.orders ?? [];
  lab.move(1949);
  assert.deepEqual([working?.status, stop?.status, profit?.status], ['FILLED', 'NEW', 'NEW']);
  assert.equal(locked(account, ETH), '90000000');
  lab.move(2100);
  assert.deepEqual([stop?.status, profit?.status], ['EXPIRED', 'FILLED']);
  assert.equal(account.lists[0]?.isDone, true);
  assert.equal(locked(account, ETH), '0');
});

test('[X21] the legs of an OCO stand on either side of the last price', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const outcome = lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OCO',
      listClientOrderId: undefined,
      working: undefined,
      pending: [
        wanted({ side: 'SELL', kind: 'STOP_LOSS', quantityLots: ONE, stopTicks: 201_000 }),
        wanted({ side: 'SELL', kind: 'LIMIT_MAKER', quantityLots: ONE, priceTicks: 210_000 }),
      ],
    },
    'RESULT',
  );
  assert.ok(!outcome.ok);
  assert.equal(
    outcome.refusal.message,
    'The relationship of the prices for the orders is not correct.',
  );
  assert.deepEqual([account.openOrders.size, lab.events.length, locked(account, ETH)], [0, 0, '0']);
});

test('[X21] a list that the book refuses leaves nothing behind', () => {
  const lab = new Lab();
  const account = lab.account();
  const maker = lab.account();
  // The last price is 2000, but a bid of 2050 stands: the limit leg at 2040 would take it.
  place(lab, maker, limit('SELL', 2000, 100));
  place(lab, account, limit('BUY', 2000, 100));
  place(lab, maker, limit('BUY', 2050, 100));
  const before = JSON.stringify(lab.exchange.snapshot().accounts);
  lab.events.length = 0;
  const outcome = lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OCO',
      listClientOrderId: undefined,
      working: undefined,
      pending: [
        wanted({ side: 'SELL', kind: 'STOP_LOSS', quantityLots: ONE, stopTicks: 190_000 }),
        wanted({ side: 'SELL', kind: 'LIMIT_MAKER', quantityLots: ONE, priceTicks: 204_000 }),
      ],
    },
    'RESULT',
  );
  assert.ok(!outcome.ok && outcome.refusal.message === 'Order would immediately match and take.');
  assert.equal(JSON.stringify(lab.exchange.snapshot().accounts), before);
  assert.deepEqual([account.openOrders.size, account.openLists.size, lab.events.length], [0, 0, 0]);
  assert.equal(lab.market().engine.openOrders().length, 1);
  lab.exchange.deposit(maker.accountId, ETH, '1');
  assert.ok(
    lab.events.every(({ accountId }) => accountId === maker.accountId),
    'the next request tells nothing of the refused one',
  );
});

test('[X23] an execution report has every documented field, and its IDs count on', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  place(lab, account, limit('BUY', 2005, 100, { strategyId: 5, strategyType: 1_000_001 }));
  const [opened, traded] = lab.take('executionReport');
  assert.deepEqual(Object.keys(opened ?? {}), [
    ...['e', 'E', 's', 'c', 'S', 'o', 'f', 'q', 'p', 'P', 'F', 'g', 'C', 'x', 'X', 'r', 'i', 'l'],
    ...['z', 'L', 'n', 'N', 'T', 't', 'I', 'w', 'm', 'M', 'O', 'Z', 'Y', 'Q', 'j', 'J', 'W', 'V'],
  ]);
  assert.deepEqual(
    ['x', 'X', 'n', 'N', 't', 'w', 'm', 'I', 'l', 'Y'].map((field) => opened?.[field]),
    ['NEW', 'NEW', '0', null, -1, true, false, 1, '0.00000000', '0.00000000'],
  );
  assert.deepEqual(
    ['x', 'X', 'n', 'N', 't', 'w', 'm', 'I', 'l', 'Y'].map((field) => traded?.[field]),
    ['TRADE', 'FILLED', '0.00001000', 'ETH', 2, false, false, 2, '0.01000000', '20.00010000'],
  );
});

test('[X24] a request ends with one account position for each account it touched', () => {
  const lab = new Lab();
  const maker = lab.account();
  const taker = lab.account();
  for (const price of [2000, 2001, 2002]) place(lab, maker, limit('SELL', price, 100));
  lab.events.length = 0;
  place(lab, taker, limit('BUY', 2002, 300));
  const last = lab.events.slice(-2).map(({ accountId, payload }) => [accountId, payload['e']]);
  assert.deepEqual(last, [
    [taker.accountId, 'outboundAccountPosition'],
    [maker.accountId, 'outboundAccountPosition'],
  ]);
  assert.equal(lab.take('outboundAccountPosition').length, 2);
});

test('[X25] a listener may place orders of its own; theirs is told after what it heard', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const heard: string[] = [];
  lab.onEvent = (_account, payload) => {
    heard.push(`${payload['e']} ${payload['x'] ?? ''} ${payload['p'] ?? ''}`.trim());
    if (heard.length === 1) place(lab, account, limit('BUY', 1800, 100));
  };
  place(lab, account, limit('BUY', 1900, 100));
  assert.deepEqual(heard, [
    'executionReport NEW 1900.00000000',
    'outboundAccountPosition',
    'executionReport NEW 1800.00000000',
    'outboundAccountPosition',
  ]);
});

test('[X26] the house fills resting orders that the price trades through by a tick, at their price', () => {
  const lab = new Lab();
  const account = lab.account({ USDT: '100000', ETH: '10' });
  lab.move(2000);
  const first = place(lab, account, limit('BUY', 1990, 100));
  const better = place(lab, account, limit('BUY', 1991, 100));
  const second = place(lab, account, limit('BUY', 1990, 100));
  const out = place(lab, account, limit('BUY', 1989.99, 100));
  lab.events.length = 0;
  lab.move(1990);
  assert.deepEqual(
    [better, first, second, out].map((order) => order.status),
    ['FILLED', 'NEW', 'NEW', 'NEW'],
    'a touch is not a trade through',
  );
  lab.move(1989.99);
  assert.deepEqual(
    [first, second, out].map((order) => order.status),
    ['FILLED', 'FILLED', 'NEW'],
  );
  const trades = lab.take('executionReport');
  assert.deepEqual(
    trades.map((report) => [report['i'], report['L'], report['m']]),
    [
      [better.orderId, '1991.00000000', true],
      [first.orderId, '1990.00000000', true],
      [second.orderId, '1990.00000000', true],
    ],
  );
});

test('[X27] takers pay one tick and the quotes stand again, whole', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  const before = lab.exchange.depth('ETHUSDT', 5);
  const buy = place(lab, account, { side: 'BUY', kind: 'MARKET', quantityLots: ONE });
  const sell = place(lab, account, { side: 'SELL', kind: 'MARKET', quantityLots: ONE });
  assert.deepEqual([buy.fills[0]?.priceTicks, sell.fills[0]?.priceTicks], [200_001, 199_999]);
  const after = lab.exchange.depth('ETHUSDT', 5);
  assert.deepEqual([after.bids, after.asks], [before.bids, before.asks]);
});

test('[X28] a move prints one trade at its price, and stops act after it', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000, 70);
  place(lab, account, limit('SELL', 2040, 100));
  const stop = place(lab, account, {
    side: 'BUY',
    kind: 'STOP_LOSS',
    quantityLots: 200,
    stopTicks: 205_000,
  });
  lab.trades.length = 0;
  lab.exchange.house.moveTo('ETHUSDT', 205_000, 55, 'sell');
  assert.deepEqual(
    lab.trades.map(({ priceTicks, lots, isBuyerMaker }) => [priceTicks, lots, isBuyerMaker]),
    [
      [204_000, 100, false],
      [205_000, 55, true],
      [205_001, 200, false],
    ],
  );
  assert.equal(stop.status, 'FILLED');
  lab.trades.length = 0;
  lab.move(2060, 0);
  assert.deepEqual(lab.trades, [], 'no lots, no trade');
  assert.equal(lab.market().lastTicks, 206_000);
});

test('[X29] a market source may keep a real book of its own', () => {
  const lab = new Lab();
  const account = lab.account();
  const { house } = lab.exchange;
  const bid = house.place('ETHUSDT', 'buy', 'limit', 199_000, 5000, 1);
  house.place('ETHUSDT', 'sell', 'limit', 201_000, 5000, 2);
  const order = place(lab, account, limit('BUY', 2010, 6000));
  assert.deepEqual([order.executedLots, order.status], [5000, 'PARTIALLY_FILLED']);
  house.cancel('ETHUSDT', bid);
  assert.deepEqual(lab.exchange.depth('ETHUSDT', 5).bids, [['2010.00000000', '0.10000000']]);
  house.place('ETHUSDT', 'sell', 'market', 0, 1000, 3);
  assert.equal(order.status, 'FILLED');
  assert.equal(lab.trades.at(-1)?.buyerOrderId, order.orderId);
});

test('[X30] book changes rebuild the book, one update ID each', () => {
  const lab = new Lab();
  const account = lab.account();
  const book = { buy: new Map<number, number>(), sell: new Map<number, number>() };
  let updateId = 1;
  const check = (): void => {
    for (const change of lab.changes.splice(0)) {
      updateId += 1;
      assert.equal(change.updateId, updateId);
      if (change.lots === 0) book[change.side].delete(change.priceTicks);
      else book[change.side].set(change.priceTicks, change.lots);
    }
    assert.equal(lab.exchange.lastUpdateId('ETHUSDT'), updateId);
    for (const side of ['buy', 'sell'] as const) {
      const shown = new Map(lab.market().engine.depth(side, 5000));
      assert.deepEqual(new Map([...book[side]].sort()), new Map([...shown].sort()));
    }
  };
  lab.move(2000);
  check();
  place(lab, account, limit('BUY', 1990, 100));
  place(lab, account, limit('BUY', 1990, 200));
  place(lab, account, { side: 'BUY', kind: 'MARKET', quantityLots: 50 });
  check();
  lab.move(1980);
  check();
  lab.exchange.cancelAll(account, lab.market());
  check();
});

test('[X31] equal requests at equal times give equal answers, events and IDs', () => {
  const run = (): string => {
    const lab = new Lab();
    const account = lab.account();
    lab.move(2000);
    place(lab, account, limit('BUY', 1990));
    oco(lab, account);
    lab.clock.advance(1234);
    lab.move(1900);
    lab.move(2150);
    return JSON.stringify([lab.events, lab.trades, lab.changes, lab.exchange.snapshot()]);
  };
  assert.equal(run(), run());
});

test('[X32] a venue restored from its snapshot goes on exactly as the first would', () => {
  const lab = new Lab();
  const account = lab.account();
  lab.move(2000);
  place(lab, account, limit('BUY', 1990, 100, { clientOrderId: 'kept', strategyId: 3 }));
  place(lab, account, limit('SELL', 2050, ONE, { icebergLots: 2000 }));
  oco(lab, account);
  place(lab, account, { side: 'SELL', kind: 'STOP_LOSS', quantityLots: 500, trailingDelta: 100 });
  lab.exchange.placeList(
    account,
    lab.market(),
    {
      kind: 'OTO',
      listClientOrderId: 'oto',
      working: limit('BUY', 1980),
      pending: [limit('SELL', 2060)],
    },
    'ACK',
  );
  lab.exchange.registerKey({ accountId: 1, apiKey: 'abc', secret: 's', rights: { reading: true } });
  const snapshot = JSON.parse(JSON.stringify(lab.exchange.snapshot())) as ReturnType<
    Exchange['snapshot']
  >;
  const events: unknown[] = [];
  const listener = {
    onTrade: (trade: unknown) => events.push(trade),
    onBookChange: (change: unknown) => events.push(change),
    onUserEvent: (accountId: number, payload: unknown) => events.push({ accountId, payload }),
  };
  const restored = Exchange.restore(snapshot, {
    instruments: [ethUsdt()],
    clock: lab.clock,
    listener: {
      onTrade: (trade) => void listener.onTrade(trade),
      onBookChange: (change) => void listener.onBookChange(change),
      onUserEvent: (accountId, payload) => void listener.onUserEvent(accountId, payload),
    },
  });
  assert.deepEqual(JSON.parse(JSON.stringify(restored.snapshot())), snapshot);
  const signature = createHmac('sha256', 's').update('text').digest('hex');
  assert.ok(restored.keys.isSigned('abc', 'text', signature));
  const script = (exchange: Exchange): void => {
    const owner = exchange.account(1);
    const market = exchange.market('ETHUSDT');
    assert.ok(owner !== undefined && market !== undefined);
    exchange.house.moveTo('ETHUSDT', 197_900, 100, 'sell');
    exchange.place(owner, market, limit('BUY', 1970, 300), 'FULL');
    exchange.house.moveTo('ETHUSDT', 215_000, 100, 'buy');
    exchange.cancelAll(owner, market);
  };
  const told: unknown[] = [];
  lab.events.length = 0;
  lab.trades.length = 0;
  lab.changes.length = 0;
  script(lab.exchange);
  script(restored);
  told.push(...lab.events);
  const isEvent = (item: unknown): boolean =>
    typeof item === 'object' && item !== null && 'accountId' in item;
  assert.deepEqual(events.filter(isEvent), told);
  assert.deepEqual(restored.snapshot(), lab.exchange.snapshot());
});

test('[X33] closed orders beyond the bound are forgotten, open ones never', () => {
  const lab = new Lab({ historyOrdersMax: 10 });
  const account = lab.account();
  lab.move(2000);
  const kept = place(lab, account, limit('BUY', 1000, 100));
  const first = place(lab, account, { side: 'BUY', kind: 'MARKET', quantityLots: 100 });
  for (let count = 0; count < 3000; count += 1) {
    place(lab, account, limit('BUY', 2100, 100, { timeInForce: 'IOC' }));
    place(lab, account, { side: 'SELL', kind: 'MARKET', quantityLots: 100 });
  }
  const find = (order: VenueOrder): VenueOrder | undefined =>
    lab.exchange.history.find(account, lab.market(), {
      orderId: order.orderId,
      clientOrderId: undefined,
    });
  assert.equal(find(kept), kept);
  assert.equal(find(first), undefined);
  const ledger = lab.exchange.history.ledger(account, lab.market());
  assert.ok(ledger.orders.length < 3000, `swept, has ${ledger.orders.length}`);
});

test('[X3] whatever is traded, nothing is created or lost, and no balance goes below zero', () => {
  const seed = 20_261_122;
  const step = fc.oneof(
    fc.record({
      do: fc.constant('place' as const),
      who: fc.nat(1),
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      kind: fc.constantFrom('LIMIT' as const, 'LIMIT_MAKER' as const),
      timeInForce: fc.constantFrom('GTC' as const, 'IOC' as const, 'FOK' as const),
      offset: fc.integer({ min: -400, max: 400 }),
      lots: fc.integer({ min: 100, max: 30_000 }),
      mode: fc.constantFrom(
        'NONE' as const,
        'EXPIRE_TAKER' as const,
        'EXPIRE_MAKER' as const,
        'EXPIRE_BOTH' as const,
        'DECREMENT' as const,
      ),
    }),
    fc.record({
      do: fc.constant('market' as const),
      who: fc.nat(1),
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      lots: fc.integer({ min: 100, max: 30_000 }),
      isQuote: fc.boolean(),
    }),
    fc.record({
      do: fc.constant('stop' as const),
      who: fc.nat(1),
      side: fc.constantFrom('BUY' as const, 'SELL' as const),
      kind: fc.constantFrom('STOP_LOSS' as const, 'TAKE_PROFIT' as const),
      offset: fc.integer({ min: -400, max: 400 }),
      lots: fc.integer({ min: 100, max: 30_000 }),
    }),
    fc.record({
      do: fc.constant('oco' as const),
      who: fc.nat(1),
      gap: fc.integer({ min: 10, max: 300 }),
      lots: fc.integer({ min: 100, max: 30_000 }),
      isBuy: fc.boolean(),
    }),
    fc.record({
      do: fc.constant('otoco' as const),
      who: fc.nat(1),
      gap: fc.integer({ min: 10, max: 300 }),
      lots: fc.integer({ min: 100, max: 30_000 }),
    }),
    fc.record({
      do: fc.constant('amend' as const),
      who: fc.nat(1),
      index: fc.nat(5),
      lots: fc.nat(9000),
    }),
    fc.record({ do: fc.constant('move' as const), offset: fc.integer({ min: -300, max: 300 }) }),
    fc.record({ do: fc.constant('cancel' as const), who: fc.nat(1), index: fc.nat(10) }),
  );
  fc.assert(
    fc.property(fc.array(step, { minLength: 5, maxLength: 60 }), (steps) => {
      const lab = new Lab({ makerFeePpm: 0, takerFeePpm: 0 });
      const accounts = [
        lab.account({ USDT: '9000', ETH: '5' }),
        lab.account({ USDT: '9000', ETH: '5' }),
      ];
      const market = lab.market();
      let price = 200_000;
      let houseEth = 0n;
      let houseUsdt = 0n;
      lab.onEvent = (accountId, payload) => {
        if (payload['x'] !== 'TRADE') return;
        const sign = payload['S'] === 'BUY' ? 1n : -1n;
        assert.ok(accountId > 0);
        houseEth -= sign * BigInt(String(payload['l']).replace('.', ''));
        houseUsdt += sign * BigInt(String(payload['Y']).replace('.', ''));
      };
      lab.exchange.house.moveTo('ETHUSDT', price, 10, 'buy');
      for (const one of steps) {
        if (one.do === 'move') {
          price += one.offset;
          lab.exchange.house.moveTo('ETHUSDT', price, 10, 'buy');
          continue;
        }
        const account = accounts[one.who];
        assert.ok(account !== undefined);
        if (one.do === 'place') {
          const isMaker = one.kind === 'LIMIT_MAKER';
          lab.exchange.place(
            account,
            market,
            wanted({
              side: one.side,
              kind: one.kind,
              timeInForce: isMaker ? 'GTC' : one.timeInForce,
              priceTicks: price + one.offset,
              quantityLots: one.lots,
              selfTradePrevention: one.mode,
            }),
            'FULL',
          );
        } else if (one.do === 'market') {
          lab.exchange.place(
            account,
            market,
            wanted({
              side: one.side,
              kind: 'MARKET',
              ...(one.isQuote
                ? { quoteOrderUnits: BigInt(one.lots) * 200_000n * 100n }
                : { quantityLots: one.lots }),
            }),
            'FULL',
          );
        } else if (one.do === 'stop') {
          lab.exchange.place(
            account,
            market,
            wanted({
              side: one.side,
              kind: one.kind,
              quantityLots: one.lots,
              stopTicks: price + one.offset,
            }),
            'FULL',
          );
        } else if (one.do === 'oco' || one.do === 'otoco') {
          const isBuy = one.do === 'oco' && one.isBuy;
          const sign = isBuy ? -1 : 1;
          const side = isBuy ? 'BUY' : 'SELL';
          lab.exchange.placeList(
            account,
            market,
            {
              kind: one.do === 'oco' ? 'OCO' : 'OTOCO',
              listClientOrderId: undefined,
              working:
                one.do === 'oco'
                  ? undefined
                  : wanted({
                      side: 'BUY',
                      kind: 'LIMIT',
                      priceTicks: price - Math.floor(one.gap / 4),
                      quantityLots: one.lots,
                    }),
              pending: [
                wanted({
                  side,
                  kind: 'STOP_LOSS',
                  quantityLots: one.lots,
                  stopTicks: price - sign * one.gap,
                }),
                wanted({
                  side,
                  kind: 'LIMIT_MAKER',
                  quantityLots: one.lots,
                  priceTicks: price + sign * one.gap,
                }),
              ],
            },
            'RESULT',
          );
        } else {
          const order = [...account.openOrders][one.index];
          const name = { orderId: order?.orderId ?? 0, clientOrderId: undefined };
          if (one.do === 'amend') {
            lab.exchange.amend(account, market, {
              ...name,
              newLots: one.lots,
              newClientOrderId: undefined,
            });
          } else {
            lab.exchange.cancel(account, market, {
              ...name,
              newClientOrderId: undefined,
              restriction: undefined,
            });
          }
        }
      }
      let eth = houseEth;
      let usdt = houseUsdt;
      for (const account of accounts) {
        const held = [account.balance(ETH), account.balance(USDT)] as const;
        eth += held[0].free + held[0].locked;
        usdt += held[1].free + held[1].locked;
        for (const balance of held) assert.ok(balance.free >= 0n && balance.locked >= 0n);
        if (account.openOrders.size === 0) {
          assert.deepEqual([held[0].locked, held[1].locked], [0n, 0n]);
        }
      }
      assert.deepEqual([eth, usdt], [10_00000000n, 18_000_00000000n]);
      for (const account of accounts) lab.exchange.cancelAll(account, market);
      for (const account of accounts) {
        assert.deepEqual([account.balance(ETH).locked, account.balance(USDT).locked], [0n, 0n]);
        assert.equal(account.openLists.size, 0);
      }
      const open = lab
        .market()
        .engine.openOrders()
        .filter((order) => order.ownerId !== 0);
      assert.deepEqual(open, [], 'nothing of a closed order waits in the engine');
      assert.equal(lab.market().sentinels.size + lab.market().byEngineId.size, 0);
    }),
    { seed, numRuns: 300 },
  );
});
