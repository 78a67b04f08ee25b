// SPDX-License-Identifier: Apache-2.0
// What Binance's answers about order lists mean, by documented bodies.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makeInstrument, type Instrument } from '@kontor/core';
import { binanceAnswers } from '@kontor/exchange';

const LTCUSDT = makeInstrument({
  symbol: 'LTCUSDT',
  baseAsset: 'LTC',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.001',
  minPrice: '0.01',
  maxPrice: '100000',
  minQuantity: '0.001',
  maxQuantity: '1000',
  minNotional: '5',
  maxNotional: '1000000',
});

const lookup = (symbol: string): Instrument | undefined =>
  symbol === 'LTCUSDT' ? LTCUSDT : undefined;

const TAKE_PROFIT = {
  symbol: 'LTCUSDT',
  orderId: 21,
  orderListId: 3,
  clientOrderId: 'k1-1-2',
  transactTime: 1_710_485_608_839,
  price: '120.00',
  origQty: '5.000',
  executedQty: '0.000',
  status: 'NEW',
  timeInForce: 'GTC',
  type: 'LIMIT_MAKER',
  side: 'SELL',
};
const STOP = {
  ...TAKE_PROFIT,
  orderId: 20,
  clientOrderId: 'k1-1-3',
  price: '89.00',
  stopPrice: '90.00',
  type: 'STOP_LOSS_LIMIT',
};
const LIST = {
  orderListId: 3,
  contingencyType: 'OCO',
  listStatusType: 'EXEC_STARTED',
  listOrderStatus: 'EXECUTING',
  listClientOrderId: 'lH1YDkuQKWiXVXHPSKYEIp',
  transactionTime: 1_710_485_608_839,
  symbol: 'LTCUSDT',
  orders: [
    { symbol: 'LTCUSDT', orderId: 20, clientOrderId: 'k1-1-3' },
    { symbol: 'LTCUSDT', orderId: 21, clientOrderId: 'k1-1-2' },
  ],
  orderReports: [STOP, TAKE_PROFIT],
};

function answer(status: number, body: unknown): { readonly status: number; readonly body: string } {
  return { status, body: JSON.stringify(body) };
}

test('[V21] the answer to a list is accepted with both orders', () => {
  const verdict = binanceAnswers.placePair(answer(200, LIST), lookup);
  assert.ok(verdict.kind === 'accepted');
  assert.deepEqual(
    verdict.orders.map(({ clientOrderId, exchangeOrderId, state, filledLots, time }) => [
      clientOrderId,
      exchangeOrderId,
      state,
      filledLots,
      time,
    ]),
    [
      ['k1-1-3', '20', 'open', 0, 1_710_485_608_839],
      ['k1-1-2', '21', 'open', 0, 1_710_485_608_839],
    ],
  );
});

const OTHER: readonly (readonly [number, unknown, string])[] = [
  [400, { code: -2010, msg: 'Account has insufficient balance for requested action.' }, 'rejected'],
  [
    400,
    { code: -2010, msg: 'The relationship of the prices for the orders is not correct.' },
    'rejected',
  ],
  [400, { code: -1013, msg: 'OCO orders are not supported for this symbol' }, 'rejected'],
  // Our IDs are never used twice: these are the very orders, already there.
  [400, { code: -2010, msg: 'Duplicate order sent.' }, 'ambiguous'],
  [400, { code: -1007, msg: 'Timeout waiting for response from backend server.' }, 'ambiguous'],
  [502, 'Bad Gateway', 'ambiguous'],
  [200, { ...LIST, orderReports: 'none' }, 'ambiguous'],
  [200, TAKE_PROFIT, 'ambiguous'],
];

test('[V21] a list is refused as a whole; what proves nothing is ambiguous', () => {
  for (const [status, body, kind] of OTHER) {
    const verdict = binanceAnswers.placePair(answer(status, body), lookup);
    assert.equal(verdict.kind, kind, JSON.stringify(body));
  }
});

test('[V21] the cancel of one order of a list names both', () => {
  const cancelled = (order: typeof TAKE_PROFIT): object => ({
    ...order,
    origClientOrderId: order.clientOrderId,
    clientOrderId: 'cancel-1',
    status: 'CANCELED',
  });
  const body = {
    ...LIST,
    listOrderStatus: 'ALL_DONE',
    orderReports: [STOP, TAKE_PROFIT].map(cancelled),
  };
  const verdict = binanceAnswers.cancel(answer(200, body), lookup);
  assert.ok(verdict.kind === 'cancelled');
  assert.deepEqual(
    verdict.orders.map(({ clientOrderId, state }) => `${clientOrderId} ${state}`),
    ['k1-1-3 cancelled', 'k1-1-2 cancelled'],
  );
});

test('[V21] news of a list as such change no order', () => {
  const event = {
    e: 'listStatus',
    E: 1_564_035_303_637,
    s: 'LTCUSDT',
    g: 3,
    c: 'OCO',
    l: 'EXEC_STARTED',
    L: 'EXECUTING',
    r: 'NONE',
    C: 'lH1YDkuQKWiXVXHPSKYEIp',
    T: 1_564_035_303_625,
    O: [],
  };
  assert.equal(binanceAnswers.accountEvent(event, lookup).kind, 'other');
});
