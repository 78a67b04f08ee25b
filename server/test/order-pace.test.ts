// SPDX-License-Identifier: Apache-2.0
// Pacing of new orders, in a time that the test makes pass.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { OrderLimit } from '@kontor/exchange';
import { OrderPace, type Haste, type PaceNews } from '../src/runner/order-pace.ts';
import type { Time } from '../src/time.ts';

const BINANCE: readonly OrderLimit[] = [
  { windowMs: 10_000, most: 100 },
  { windowMs: 86_400_000, most: 200_000 },
];
const SPREAD_MS = 1_000;

class TestTime {
  now = 0;
  readonly #planned: { readonly at: number; readonly work: () => void }[] = [];

  readonly time: Time = {
    now: () => this.now,
    monotonic: () => this.now,
    after: (ms, work) => {
      const planned = { at: this.now + ms, work };
      this.#planned.push(planned);
      return () => {
        const index = this.#planned.indexOf(planned);
        if (index >= 0) this.#planned.splice(index, 1);
      };
    },
    every: () => assert.fail('nothing here repeats'),
    soon: () => assert.fail('nothing here waits for the turn'),
    pause: () => assert.fail('nothing here pauses'),
  };

  /** Lets everything happen up to `until`. */
  async passTo(until: number): Promise<void> {
    await settled();
    for (;;) {
      const next = this.#planned.toSorted((a, b) => a.at - b.at)[0];
      if (next === undefined || next.at > until) break;
      this.#planned.splice(this.#planned.indexOf(next), 1);
      this.now = Math.max(this.now, next.at);
      next.work();
      await settled();
    }
    this.now = until;
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

/** A pace whose orders are answered at once; says when each left. */
function paced(
  limits: readonly OrderLimit[],
  answer: () => PaceNews = () => ({}),
): {
  readonly clock: TestTime;
  readonly pace: OrderPace;
  readonly left: { readonly id: string; readonly at: number }[];
  readonly ends: string[];
  readonly ask: (id: string, haste: Haste) => void;
} {
  const clock = new TestTime();
  const pace = new OrderPace(clock.time, () => limits);
  const left: { id: string; at: number }[] = [];
  const ends: string[] = [];
  const ask = (id: string, haste: Haste): void => {
    void pace.turn(id, haste).then((turn) => {
      if (turn.kind !== 'now') ends.push(`${id} ${turn.kind}`);
      else {
        left.push({ id, at: clock.now });
        turn.done(answer());
      }
    });
  };
  return { clock, pace, left, ends, ask };
}

test('[R46] 199 orders asked for at once all leave, no more of them in any window than an entry may fill', async () => {
  const { clock, pace, left, ask } = paced(BINANCE);
  for (let index = 0; index < 199; index += 1) ask(`g${index}`, 'entry');
  await clock.passTo(60_000);
  assert.equal(left.length, 199);
  assert.equal(pace.waiting, 0);
  for (const { at } of left) {
    const within = left.filter((other) => other.at > at - 10_000 - SPREAD_MS && other.at <= at);
    assert.ok(within.length <= 80, `${within.length} left in 11 s before ${at}`);
  }
  assert.ok((left.at(-1)?.at ?? Infinity) < 25_000, 'two windows later the last has left');
});

test('[R46] however orders come, no window that the exchange could count holds more than its limit', async () => {
  const hastes: readonly Haste[] = ['protective', 'exit', 'immediate', 'entry'];
  await fc.assert(
    fc.asyncProperty(
      fc.array(
        fc.record({ after: fc.integer({ min: 0, max: 4_000 }), haste: fc.constantFrom(...hastes) }),
        { minLength: 20, maxLength: 120 },
      ),
      fc.integer({ min: 2, max: 20 }),
      async (orders, most) => {
        const { clock, left, ask } = paced([{ windowMs: 10_000, most }]);
        let at = 0;
        for (const [index, { after, haste }] of orders.entries()) {
          at += after % 7 === 0 ? 0 : after;
          await clock.passTo(at);
          ask(String(index), haste);
        }
        await clock.passTo(at + orders.length * 12_000);
        assert.equal(left.length, orders.length, 'every order left in the end');
        for (const { at: end } of left) {
          const within = left.filter((other) => other.at > end - 11_000 && other.at <= end);
          assert.ok(within.length <= most, `${within.length} of ${most}`);
        }
      },
    ),
    { seed: 20261122, numRuns: 60 },
  );
});

test('[R46] an exit finds a place at once while entries have filled theirs', async () => {
  const { clock, left, ask } = paced(BINANCE);
  for (let index = 0; index < 150; index += 1) ask(`e${index}`, 'entry');
  await clock.passTo(3_000);
  assert.equal(left.length, 80);
  ask('takeProfit', 'exit');
  ask('stopLoss', 'protective');
  await clock.passTo(3_001);
  assert.deepEqual(left.slice(80), [
    { id: 'takeProfit', at: 3_000 },
    { id: 'stopLoss', at: 3_000 },
  ]);
});

test('[R46] orders of other programs count as the exchange tells them', async () => {
  const full = paced(BINANCE, () => ({ orderCounts: [{ windowMs: 10_000, count: 80 }] }));
  for (const id of ['a', 'b']) full.ask(id, 'entry');
  await full.clock.passTo(9_999);
  assert.deepEqual(full.left, [{ id: 'a', at: 0 }]);
  full.ask('x', 'exit');
  await full.clock.passTo(30_000);
  assert.deepEqual(full.left, [
    { id: 'a', at: 0 },
    { id: 'x', at: 9_999 },
    { id: 'b', at: 19_999 },
  ]);
});

test('[R46] until the exchange has told its count, orders leave one at a time but for those that protect', async () => {
  const clock = new TestTime();
  const pace = new OrderPace(clock.time, () => BINANCE);
  const left: string[] = [];
  const dones: ((news: PaceNews) => void)[] = [];
  const ask = (id: string, haste: Haste): void => {
    void pace.turn(id, haste).then((turn) => {
      assert.equal(turn.kind, 'now');
      if (turn.kind !== 'now') return;
      left.push(id);
      dones.push(turn.done);
    });
  };
  for (const id of ['a', 'b', 'c']) ask(id, 'entry');
  await clock.passTo(1);
  assert.deepEqual(left, ['a']);
  ask('stop', 'protective');
  await clock.passTo(2);
  assert.deepEqual(left, ['a', 'stop']);
  dones[0]?.({ orderCounts: [] });
  await clock.passTo(3);
  assert.deepEqual(left, ['a', 'stop', 'b', 'c']);
});

test('[R47] what waits leaves in the order of its haste, and what was asked for first within one', async () => {
  const { clock, pace, left, ask } = paced([]);
  pace.learn({ retryAfterMs: 5_000 });
  for (const [id, haste] of [
    ['entry 1', 'entry'],
    ['entry 2', 'entry'],
    ['at once', 'immediate'],
    ['exit', 'exit'],
    ['stop', 'protective'],
  ] as const) {
    ask(id, haste);
  }
  await clock.passTo(6_000);
  assert.deepEqual(
    left.map(({ id }) => id),
    ['stop', 'exit', 'at once', 'entry 1', 'entry 2'],
  );
});

test('[R47] an order taken back while it waits never leaves; one beyond the bound is not kept', async () => {
  const { clock, pace, left, ends, ask } = paced([]);
  pace.learn({ retryAfterMs: 5_000 });
  for (let index = 0; index <= 4_000; index += 1) ask(String(index), 'entry');
  await clock.passTo(1);
  assert.deepEqual(ends, ['4000 full']);
  assert.equal(pace.withdraw('7'), true);
  assert.equal(pace.withdraw('7'), false);
  await clock.passTo(2);
  assert.deepEqual(ends, ['4000 full', '7 withdrawn']);
  await clock.passTo(5_000);
  for (let round = 0; round < 20; round += 1) await settled();
  assert.equal(left.length, 3_999);
  assert.ok(!left.some(({ id }) => id === '7'));
});

test('[R48] while the exchange wants no requests nothing leaves, whatever its haste', async () => {
  const { clock, pace, left, ask } = paced(BINANCE);
  pace.learn({ retryAfterMs: 7_000 });
  pace.learn({ retryAfterMs: 1_000 });
  let isUnblocked = false;
  void pace.unblocked().then(() => (isUnblocked = true));
  ask('stop', 'protective');
  await clock.passTo(6_999);
  assert.deepEqual(left, []);
  assert.equal(isUnblocked, false);
  assert.equal(pace.blockedMs, 1);
  await clock.passTo(7_000);
  assert.deepEqual(left, [{ id: 'stop', at: 7_000 }]);
  assert.equal(isUnblocked, true);
});
