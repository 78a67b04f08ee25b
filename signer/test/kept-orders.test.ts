// SPDX-License-Identifier: Apache-2.0
// What the signer keeps in memory of orders: as long as it is needed, and a bounded number of them.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import type { Entry } from '../src/log/intent-log.ts';
import { Lives, UNSETTLED_ORDERS_MAX } from '../src/life/lives.ts';
import { Past } from '../src/past.ts';
import { REMEMBERED_MS, SIGNED_ORDERS_MAX, SignedOrders } from '../src/signed-orders.ts';
import {
  OpenSigner,
  outcomeOf,
  placeIntent,
  POLICY,
  reopen,
  START_MS,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

const CONNECTION = 'c_ABCDEF2';
const HASH = '0'.repeat(64);
/** Ended orders whose commission may still be told of. */
const OWING_MAX = 1_000;
/** The log takes so many at a time before they must be published. */
const BATCH = 20_000;

function intent(connection: string, clientOrderId: string): Entry {
  const order = { op: 'order.place', symbol: 'BTCUSDT', side: 'BUY', quantity: '1', clientOrderId };
  const decided = { rule: 'btc', policy: HASH, request: HASH, tag: 1 };
  return { time: START_MS, kind: 'intent', fields: { connection, ...order, ...decided } };
}

/** An order's end by the word of the exchange; without its commission where `fee` is not given. */
function end(connection: string, clientOrderId: string, fee?: string): Entry {
  const said = { executed: '1', ended: 'yes', fee, feeOf: fee === undefined ? undefined : '1' };
  return { time: START_MS, kind: 'answer', fields: { connection, clientOrderId, ...said } };
}

function livesOf(orders: number): Lives {
  const lives = new Lives();
  const fields = { connection: CONNECTION, venue: 'demo', keyKind: 'ed25519' };
  lives.read({ time: START_MS, kind: 'key.new', fields });
  for (let index = 0; index < orders; index += 1) lives.read(intent(CONNECTION, `k1-${index}`));
  return lives;
}

/** How many more orders there is room for. */
function roomOf(lives: Lives): number {
  let low = 0;
  let high = UNSETTLED_ORDERS_MAX + 1;
  while (high - low > 1) {
    const middle = Math.floor((low + high) / 2);
    if (lives.hasRoomFor(CONNECTION, middle)) low = middle;
    else high = middle;
  }
  return low;
}

test('[S253] an order is kept until the exchange has said all of it', () => {
  const lives = livesOf(10);
  assert.equal(roomOf(lives), UNSETTLED_ORDERS_MAX - 10);
  for (let index = 0; index < 4; index += 1) lives.read(end(CONNECTION, `k1-${index}`, '0.001'));
  assert.equal(roomOf(lives), UNSETTLED_ORDERS_MAX - 6);
  lives.read(end(CONNECTION, 'k1-4'));
  assert.equal(roomOf(lives), UNSETTLED_ORDERS_MAX - 6, 'its commission may still be told of');
  lives.read(end(CONNECTION, 'k1-4', '0.001'));
  assert.equal(roomOf(lives), UNSETTLED_ORDERS_MAX - 5);
});

test('[S253] of orders whose commission never came the newest alone are kept, and a hundredth of all is kept back', () => {
  const ended = OWING_MAX + 500;
  const lives = livesOf(ended);
  for (let index = 0; index < ended; index += 1) lives.read(end(CONNECTION, `k1-${index}`));
  assert.equal(roomOf(lives), UNSETTLED_ORDERS_MAX - OWING_MAX);
  assert.equal(sellable(lives), ended * 0.99);
  // The oldest are settled for good; of a newer one the commission still counts.
  lives.read(end(CONNECTION, 'k1-0', '0'));
  assert.equal(sellable(lives), ended * 0.99);
  lives.read(end(CONNECTION, `k1-${ended - 1}`, '0'));
  assert.equal(sellable(lives), ended * 0.99 + 0.01);
});

/** What may be sold, in hundredths of a coin. */
function sellable(lives: Lives): number {
  let hundredths = 0;
  for (let step = 1 << 20; step >= 1; step >>= 1) {
    const quantity = ((hundredths + step) / 100).toFixed(2);
    const order = { ...placeIntent(CONNECTION).order, side: 'sell', quantity } as const;
    if (lives.isExit({ kind: 'placeOrder', id: 1, connection: CONNECTION, order }))
      hundredths += step;
  }
  return hundredths / 100;
}

test('[S253] more orders than the exchange speaks of are refused, also after a restart, until it does', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory).connect();
  const { connection, ring, time } = signer;
  for (let from = 0; from < UNSETTLED_ORDERS_MAX - 1; from += BATCH) {
    const count = Math.min(BATCH, UNSETTLED_ORDERS_MAX - 1 - from);
    ring.log.follow(
      Array.from({ length: count }, (_, index) => intent(connection, `k1-a${from + index}`)),
    );
    ring.log.publishAll({ wall: time.wallMs, monotonic: time.monotonicMs });
  }
  time.pass(2 * 86_400_000);
  const next = reopen(signer);
  assert.equal(next.place({ price: '1' }), 'signed');
  assert.equal(next.place({ price: '1' }), 'capacity');
  const [asked] = next.ask({
    kind: 'queryOrder',
    connection,
    symbol: 'BTCUSDT',
    clientOrderId: 'k1-a7',
  });
  assert.equal(outcomeOf(asked), 'signed');
  const id = asked?.id ?? 0;
  const body = JSON.stringify({ code: -2013, msg: 'Order does not exist.' });
  next.report({ kind: 'echo', id, status: 400, body });
  assert.equal(next.place({ price: '1' }), 'signed');
});

test('[S253] what a start counts is given away once and kept by nobody', () => {
  const past = new Past(START_MS + 1);
  const entries = ['k1-a', 'k1-b', 'k1-c'].map((id) => intent(CONNECTION, id));
  for (const [sequence, entry] of entries.entries()) past.read({ ...entry, sequence });
  past.read({ ...end(CONNECTION, 'k1-b', '0'), sequence: 3 });
  const openOf = ({ open }: ReturnType<Past['takeCounted']>): readonly string[] => {
    const ids: string[] = [];
    open.each((_, id) => ids.push(id));
    return ids;
  };
  const counted = past.takeCounted();
  assert.equal(counted.recent.length, 3);
  assert.deepEqual(openOf(counted), ['k1-a', 'k1-c']);
  const again = past.takeCounted();
  assert.deepEqual([again.recent, openOf(again)], [[], []]);
  assert.equal(past.orders.timeOf(CONNECTION, 'k1-b'), START_MS, 'its ID is for good');
});

test('[S262] an order that may still trade keeps its ID, however long it rests', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory).connect();
  const { connection, ring, time } = signer;
  const old = time.wallMs - REMEMBERED_MS - 1;
  const over = end(connection, 'k1-ended', '0');
  ring.log.follow([
    { ...intent(connection, 'k1-rests'), time: old },
    { ...intent(connection, 'k1-ended'), time: old },
    { ...over, time: old, fields: { ...over.fields, intent: 0, symbol: 'BTCUSDT' } },
  ]);
  ring.log.publishAll({ wall: time.wallMs, monotonic: time.monotonicMs });
  const next = reopen(signer);
  assert.equal(next.place({ clientOrderId: 'k1-rests' }), 'duplicate');
  assert.equal(next.place({ clientOrderId: 'k1-ended' }), 'signed');
});

test('[S24] an ID is forgotten when no key of its time can be asked about any more', () => {
  const orders = new SignedOrders();
  for (let index = 0; index < SIGNED_ORDERS_MAX / 2; index += 1)
    orders.addUntagged('c_A', `old-${index}`, START_MS + index);
  orders.add('c_A', 'new', START_MS + SIGNED_ORDERS_MAX / 2);
  assert.equal(orders.hasRoomFor(SIGNED_ORDERS_MAX / 2), false);
  orders.add('c_A', 'later', START_MS + 9 + REMEMBERED_MS);
  assert.equal(orders.timeOf('c_A', 'old-9'), undefined);
  assert.equal(orders.isUntagged('c_A', 'old-9'), false);
  assert.equal(orders.timeOf('c_A', 'old-10'), START_MS + 10);
  assert.equal(orders.isUntagged('c_A', 'old-10'), true);
  assert.equal(orders.hasRoomFor(SIGNED_ORDERS_MAX / 2 + 8), true);
  assert.equal(orders.hasRoomFor(SIGNED_ORDERS_MAX / 2 + 9), false);
});
