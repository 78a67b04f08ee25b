// SPDX-License-Identifier: Apache-2.0
// Pacing: when a venue may be asked.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { orderCountsOf, Pace } from '../src/pace.ts';

function paceAt(wallMs: number): { pace: Pace; pass: (ms: number) => void } {
  let passed = 0;
  const pace = new Pace({ wall: () => wallMs + passed, monotonic: () => passed });
  return { pace, pass: (ms) => (passed += ms) };
}

test('[E6] a wait holds for orders and reads, as long as the venue says', () => {
  const { pace, pass } = paceAt(0);
  assert.equal(pace.objectionTo('order'), null);
  pace.learn(429, { 'retry-after': '7' });
  assert.match(pace.objectionTo('order') ?? '', /answered 429 .* for 7 s/);
  assert.match(pace.objectionTo('read') ?? '', /answered 429/);
  pass(6_999);
  assert.notEqual(pace.objectionTo('read'), null);
  pass(1);
  assert.equal(pace.objectionTo('read'), null);
});

test('[E6] a venue that does not say how long is left alone for a minute, and a nonsense time is not believed', () => {
  for (const header of [undefined, 'soon', '-5', '1e9', '99999999999']) {
    const { pace, pass } = paceAt(0);
    pace.learn(418, header === undefined ? {} : { 'retry-after': header });
    pass(59_999);
    assert.match(pace.objectionTo('order') ?? '', /answered 418/);
    pass(1);
    assert.equal(pace.objectionTo('order'), null, `Retry-After: ${header}`);
  }
  const { pace, pass } = paceAt(0);
  pace.learn(418, { 'retry-after': '999999999' });
  pass(3 * 86_400_000);
  assert.equal(pace.objectionTo('order'), null, 'at most three days, the longest ban there is');
});

test('[E6] a shorter wait does not end a longer one', () => {
  const { pace, pass } = paceAt(0);
  pace.learn(418, { 'retry-after': '100' });
  pace.learn(429, { 'retry-after': '1' });
  pass(99_000);
  assert.notEqual(pace.objectionTo('order'), null);
});

test("[E6] weight is counted by the minute of the venue's clock, and only grows within it", () => {
  const { pace, pass } = paceAt(120_000);
  assert.equal(pace.learn(200, { 'x-mbx-used-weight-1m': '5401' }), 5_401);
  pace.learn(200, { 'x-mbx-used-weight-1m': '20' });
  assert.match(pace.objectionTo('read') ?? '', /5401 of 6000/);
  assert.equal(pace.objectionTo('order'), null);
  pass(59_999);
  assert.notEqual(pace.objectionTo('read'), null);
  pass(1);
  assert.equal(pace.objectionTo('read'), null);
  pace.learn(200, { 'x-mbx-used-weight-1m': '5500' });
  pace.setSkew(60_000);
  assert.equal(pace.objectionTo('read'), null, 'there the next minute has begun');
  assert.equal(pace.learn(200, { 'x-mbx-used-weight-1m': 'many' }), undefined);
});

test('[E6] how long a venue still wants no requests is known, and how many orders it counts', () => {
  const { pace, pass } = paceAt(0);
  assert.equal(pace.waitMs, 0);
  pace.learn(429, { 'retry-after': '7' });
  pass(1_500);
  assert.equal(pace.waitMs, 5_500);
  pass(6_000);
  assert.equal(pace.waitMs, 0);
  const headers = { 'x-mbx-order-count-10s': '81', 'x-mbx-order-count-1d': '1500' };
  assert.deepEqual(orderCountsOf(headers), { ordersIn10s: 81, ordersInDay: 1_500 });
  assert.deepEqual(orderCountsOf({ 'x-mbx-order-count-10s': 'many' }), {});
});
