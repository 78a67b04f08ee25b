// SPDX-License-Identifier: Apache-2.0
// What Binance's answers mean, by documented bodies.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import { makeInstrument, type Instrument } from '@kontor/core';
import { binanceAnswers, deskOrderId, VenueError } from '@kontor/exchange';

const BTCUSDT = makeInstrument({
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  tickSize: '0.00000001',
  lotSize: '0.00000001',
  minPrice: '0.01',
  maxPrice: '100000',
  minQuantity: '0.00001',
  maxQuantity: '100',
  minNotional: '5',
  maxNotional: '10000000',
});

const lookup = (symbol: string): Instrument | undefined =>
  symbol === 'BTCUSDT' ? BTCUSDT : undefined;

const ORDER = {
  symbol: 'BTCUSDT',
  orderId: 28,
  orderListId: -1,
  clientOrderId: 'k1abcd1-1-1',
  transactTime: 1507725176595,
  price: '4000.00000000',
  origQty: '10.00000000',
  executedQty: '5.00000000',
  status: 'PARTIALLY_FILLED',
  timeInForce: 'GTC',
  type: 'LIMIT',
  side: 'SELL',
  fills: [
    {
      price: '4000.00000000',
      qty: '1.00000000',
      commission: '4.00000001',
      commissionAsset: 'USDT',
      tradeId: 56,
    },
    {
      price: '3999.00000000',
      qty: '4.00000000',
      commission: '19.99500000',
      commissionAsset: 'USDT',
      tradeId: 57,
    },
  ],
};

function answer(status: number, body: unknown): { readonly status: number; readonly body: string } {
  return { status, body: typeof body === 'string' ? body : JSON.stringify(body) };
}

test('[V1] an order answer is accepted with its fills, exact', () => {
  const verdict = binanceAnswers.place(answer(200, ORDER), lookup);
  assert.equal(verdict.kind, 'accepted');
  if (verdict.kind !== 'accepted') return;
  assert.equal(verdict.order.state, 'open');
  assert.equal(verdict.order.exchangeOrderId, '28');
  assert.equal(verdict.order.filledLots, 500_000_000);
  assert.deepEqual(
    verdict.order.fills.map((fill) => [
      fill.tradeId,
      fill.priceTicks,
      fill.quantity,
      fill.commission,
    ]),
    [
      ['56', 400_000_000_000, 100_000_000, 400_000_001n],
      ['57', 399_900_000_000, 400_000_000, 1_999_500_000n],
    ],
  );
});

for (const [status, code, kind] of [
  [400, -2010, 'rejected'],
  [400, -1013, 'rejected'],
  [429, -1003, 'rejected'],
  [401, -2014, 'rejected'],
  [400, -1007, 'ambiguous'],
  [408, -1007, 'ambiguous'],
  [400, -1006, 'ambiguous'],
  [503, -1001, 'ambiguous'],
  [500, -1000, 'ambiguous'],
  [502, -2010, 'ambiguous'],
] as const) {
  const rule = kind === 'rejected' ? 'V2' : 'V3';
  test(`[${rule}] HTTP ${status} with code ${code} is ${kind}`, () => {
    const verdict = binanceAnswers.place(
      answer(status, { code, msg: 'said the exchange' }),
      lookup,
    );
    assert.equal(verdict.kind, kind);
    if (verdict.kind === 'rejected') assert.equal(verdict.rule, String(code));
  });
}

for (const [name, body] of [
  ['no JSON', '<html>502</html>'],
  ['an unknown status', { ...ORDER, status: 'MELTED' }],
  ['an unknown symbol', { ...ORDER, symbol: 'ETHUSDT' }],
  ['a price off the tick', { ...ORDER, fills: [{ ...ORDER.fills[0], price: '1.000000001' }] }],
  ['nothing', {}],
] as const) {
  test(`[V3] a 200 answer with ${name} proves nothing`, () => {
    assert.equal(binanceAnswers.place(answer(200, body), lookup).kind, 'ambiguous');
  });
}

test('[V4] a duplicate is our own order: ambiguous, never rejected', () => {
  const verdict = binanceAnswers.place(
    answer(400, { code: -2010, msg: 'Duplicate order sent.' }),
    lookup,
  );
  assert.equal(verdict.kind, 'ambiguous');
});

test('[V5] a query says absent by -2013 only, a cancel says notOpen by -2011', () => {
  assert.equal(
    binanceAnswers.query(answer(400, { code: -2013, msg: 'Order does not exist.' }), lookup).kind,
    'absent',
  );
  assert.equal(
    binanceAnswers.query(answer(400, { code: -1021, msg: 'late' }), lookup).kind,
    'ambiguous',
  );
  assert.equal(binanceAnswers.query(answer(503, ''), lookup).kind, 'ambiguous');
  assert.equal(
    binanceAnswers.cancel(answer(400, { code: -2011, msg: 'Unknown order sent.' }), lookup).kind,
    'notOpen',
  );
  assert.equal(
    binanceAnswers.cancel(answer(400, { code: -1021, msg: 'late' }), lookup).kind,
    'ambiguous',
  );
});

const REPORT = {
  e: 'executionReport',
  E: 1499405658658,
  s: 'BTCUSDT',
  c: 'k1abcd1-1-1',
  C: '',
  S: 'BUY',
  x: 'NEW',
  X: 'NEW',
  i: 4293153,
  p: '4000.00000000',
  q: '10.00000000',
  l: '0.00000000',
  z: '0.00000000',
  L: '0.00000000',
  n: '0',
  N: null,
  T: 1499405658657,
  t: -1,
  m: false,
  O: 1499405658650,
};

test('[V6] a cancel names the cancelled order in C on the stream and in origClientOrderId over REST', () => {
  const reported = binanceAnswers.accountEvent(
    { ...REPORT, c: 'cancel-1', C: 'k1abcd1-1-2', x: 'CANCELED', X: 'CANCELED' },
    lookup,
  );
  assert.equal(reported.kind === 'order' && reported.order.clientOrderId, 'k1abcd1-1-2');
  assert.equal(reported.kind === 'order' && reported.order.state, 'cancelled');
  const verdict = binanceAnswers.cancel(
    answer(200, {
      ...ORDER,
      clientOrderId: 'cancel-1',
      origClientOrderId: 'k1abcd1-1-1',
      status: 'CANCELED',
      fills: [],
    }),
    lookup,
  );
  assert.equal(verdict.kind === 'cancelled' && verdict.orders[0]?.clientOrderId, 'k1abcd1-1-1');
});

test('[V7] a trade report carries its one fill, other reports none', () => {
  const event = binanceAnswers.accountEvent(
    {
      ...REPORT,
      x: 'TRADE',
      X: 'FILLED',
      t: 77,
      l: '0.50000000',
      z: '1.00000000',
      L: '4000.00000000',
      n: '0.00050000',
      N: 'BTC',
      m: true,
    },
    lookup,
  );
  assert.equal(event.kind, 'order');
  if (event.kind !== 'order') return;
  assert.equal(event.order.state, 'filled');
  assert.equal(event.order.filledLots, 100_000_000);
  assert.deepEqual(event.order.fills, [
    {
      tradeId: '77',
      time: 1499405658657,
      priceTicks: 400_000_000_000,
      quantity: 50_000_000,
      commission: 50_000n,
      commissionAsset: 'BTC',
      isMaker: true,
    },
  ]);
  const fresh = binanceAnswers.accountEvent(REPORT, lookup);
  assert.equal(fresh.kind === 'order' && fresh.order.fills.length, 0);
});

test('[V7] an event that is none the venue documents is refused, a foreign symbol is passed by', () => {
  assert.throws(() => binanceAnswers.accountEvent({ hello: 1 }, lookup), VenueError);
  const foreign = binanceAnswers.accountEvent({ ...REPORT, s: 'ETHUSDT' }, lookup);
  assert.ok(foreign.kind === 'foreignOrder');
  assert.equal(foreign.listed.symbol, 'ETHUSDT');
});

test('[V7] an order of another program is passed by, whatever its ID looks like', () => {
  const event = binanceAnswers.accountEvent({ ...REPORT, c: 'my.order:1/x' }, lookup);
  assert.ok(event.kind === 'foreignOrder');
  assert.equal(event.listed.clientOrderId, 'my.order:1/x');
});

test('[V11] the list of open orders shows those of others too, whatever their symbol and ID', () => {
  const listing = binanceAnswers.openOrders(
    answer(200, [
      {
        ...ORDER,
        ...{
          clientOrderId: 'my.order:1/x',
          symbol: 'NOBODYKNOWS',
          status: 'SOMETHING_NEW',
          time: 1,
        },
      },
      { ...ORDER, time: 1, updateTime: 2 },
    ]),
  );
  assert.ok(listing.kind === 'ok');
  assert.deepEqual(
    listing.items.map(({ symbol, clientOrderId }) => [symbol, clientOrderId]),
    [
      ['NOBODYKNOWS', 'my.order:1/x'],
      ['BTCUSDT', 'k1abcd1-1-1'],
    ],
  );
  assert.deepEqual(listing.items[1], {
    symbol: 'BTCUSDT',
    clientOrderId: 'k1abcd1-1-1',
    venueClientOrderId: 'k1abcd1-1-1',
    exchangeOrderId: '28',
    side: 'sell',
    state: 'open',
    price: '4000.00000000',
    quantity: '10.00000000',
    filledQuantity: '5.00000000',
    time: 1,
    updateTime: 2,
  });
});

test('[V11] an order asked for by its number is found, absent or in doubt', () => {
  const found = binanceAnswers.identify(answer(200, { ...ORDER, symbol: 'NOBODYKNOWS', time: 1 }));
  assert.ok(found.kind === 'found');
  assert.equal(found.order.symbol, 'NOBODYKNOWS');
  const absent = answer(400, { code: -2013, msg: 'Order does not exist.' });
  assert.equal(binanceAnswers.identify(absent).kind, 'absent');
  for (const [status, body] of [
    [503, { code: -1001, msg: 'internal' }],
    [400, { code: -1121, msg: 'Invalid symbol.' }],
    [200, { ...ORDER, side: 'SIDEWAYS', time: 1 }],
  ] as const)
    assert.equal(binanceAnswers.identify(answer(status, body)).kind, 'ambiguous');
});

test('[V22] an order is told by the ID that its desk knows and by the one that the venue has', () => {
  for (const [venueId, deskId] of [
    ['k1abcd1-1-1_0123abcv', 'k1abcd1-1-1'],
    ['k1abcdefgh_2z-10-3_vvvvvvvv', 'k1abcdefgh_2z-10-3'],
    ['k1abcdefgh_2z-10-3', 'k1abcdefgh_2z-10-3'],
    ['k1abcd1-1-1_0123abcw', 'k1abcd1-1-1_0123abcw'],
    ['k1abcd1-1-1_0123abc', 'k1abcd1-1-1_0123abc'],
    ['web_0123abcd', 'web_0123abcd'],
    ['k1ab_0123abcd', 'k1ab_0123abcd'],
  ] as const) {
    assert.equal(deskOrderId(venueId), deskId);
    const row = { ...ORDER, symbol: 'BTCUSDT', clientOrderId: venueId, time: 1 };
    const found = binanceAnswers.identify(answer(200, row));
    assert.ok(found.kind === 'found');
    assert.deepEqual(
      [found.order.clientOrderId, found.order.venueClientOrderId],
      [deskId, venueId],
    );
  }
  const ours = { ...ORDER, symbol: 'BTCUSDT', clientOrderId: 'k1abcd1-1-1_0123abcv', time: 1 };
  const queried = binanceAnswers.query(answer(200, ours), lookup);
  assert.ok(queried.kind === 'found');
  assert.equal(queried.order.clientOrderId, 'k1abcd1-1-1');
});

test('[V23] trades on a symbol whose rules are not known are told as the venue writes them', () => {
  const row = {
    ...{ id: 28457, orderId: 100234, price: '4.00000100', qty: '12.00000000', time: 7 },
    ...{ commission: '10.10000000', commissionAsset: 'BNB', isBuyer: false, isMaker: true },
  };
  assert.deepEqual(binanceAnswers.trades(answer(200, [row])), {
    kind: 'ok',
    items: [
      {
        exchangeOrderId: '100234',
        side: 'sell',
        time: 7,
        trade: {
          tradeId: '28457',
          price: '4.00000100',
          quantity: '12.00000000',
          commission: '10.10000000',
          commissionAsset: 'BNB',
        },
      },
    ],
  });
  assert.equal(binanceAnswers.trades(answer(200, [{ ...row, price: 4 }])).kind, 'failed');
  assert.equal(binanceAnswers.trades(answer(400, { code: -1121, msg: 'no' })).kind, 'failed');
});

test('[V12] deposits and withdrawals are told, and the account says when it last changed', () => {
  const event = { e: 'balanceUpdate', E: 1573200697110, a: 'BTC', d: '-100.00000000', T: 1 };
  assert.deepEqual(binanceAnswers.accountEvent(event, lookup), {
    kind: 'transfer',
    time: 1573200697110,
    asset: 'BTC',
    amount: '-100.00000000',
  });
  const balances = [{ asset: 'BTC', free: '1', locked: '0' }];
  const dated = binanceAnswers.account(answer(200, { balances, updateTime: 7 }));
  assert.deepEqual(dated, { kind: 'ok', items: balances, updateTime: 7 });
  const undated = binanceAnswers.account(answer(200, { balances }));
  assert.equal(undated.kind === 'ok' && undated.updateTime, null);
});

test('[V3] a commission finer than eight decimals is a VenueError, never a crash', () => {
  const fill = { ...ORDER.fills[0], commission: '0.0000000001' };
  assert.equal(
    binanceAnswers.place(answer(200, { ...ORDER, fills: [fill] }), lookup).kind,
    'ambiguous',
  );
});

const EXAMPLES = fileURLToPath(
  new URL(
    '../../../shared/data/exchange/binance-spot-docs-json-examples.jsonl.gz',
    import.meta.url,
  ),
);

test(
  '[V3] no documented example makes the parser throw',
  { skip: existsSync(EXAMPLES) ? false : 'the documentation examples are not here' },
  () => {
    let count = 0;
    for (const line of gunzipSync(readFileSync(EXAMPLES)).toString('utf8').split('\n')) {
      if (line === '') continue;
      const { json } = JSON.parse(line);
      for (const status of [200, 400]) {
        binanceAnswers.place(answer(status, json), lookup);
        binanceAnswers.cancel(answer(status, json), lookup);
        binanceAnswers.query(answer(status, json), lookup);
        binanceAnswers.openOrders(answer(status, json));
        binanceAnswers.identify(answer(status, json));
        binanceAnswers.fills(answer(status, json), BTCUSDT);
        binanceAnswers.account(answer(status, json));
      }
      count += 1;
    }
    assert.ok(count > 300, `expected over 300 examples, found ${count}`);
  },
);
