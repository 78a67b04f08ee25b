// SPDX-License-Identifier: Apache-2.0
// Rule R44: the timers of all bots against a plain list of them.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TimerBook } from '../src/runner/timer-book.ts';

test('[R44] timers come when they are due, the earliest first, and a replaced one never', (t) => {
  const seed = 20261122;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(
      fc.array(
        fc.oneof(
          fc.record({
            bot: fc.constantFrom('1', '2', '3'),
            timer: fc.constantFrom('a', 'b', 'c', 'd'),
            due: fc.integer({ min: 0, max: 30 }),
          }),
          fc.integer({ min: 0, max: 30 }),
        ),
        { maxLength: 80 },
      ),
      (acts) => {
        const book = new TimerBook();
        const plain = new Map<string, number>();
        for (const act of acts) {
          if (typeof act === 'number') {
            const due = [...plain]
              .map(([key, time]) => ({ key, time }))
              .filter(({ time }) => time <= act)
              .toSorted((a, b) => a.time - b.time || (a.key < b.key ? -1 : 1));
            for (const { key } of due) plain.delete(key);
            assert.deepEqual(
              book.takeDue(act).map(({ botId, timer }) => `${timer} ${botId}`),
              due.map(({ key }) => key),
            );
          } else {
            book.set(act.bot, act.timer, act.due);
            plain.set(`${act.timer} ${act.bot}`, act.due);
          }
          assert.equal(book.earliest, Math.min(Infinity, ...plain.values()));
        }
      },
    ),
    { seed, numRuns: 500 },
  );
});

test('[R44] timers of bots that are not meant stay, in their order', () => {
  const book = new TimerBook();
  for (const [bot, timer, due] of [
    ['1', 'a', 1],
    ['2', 'b', 2],
    ['1', 'c', 3],
    ['2', 'd', 4],
  ] as const) {
    book.set(bot, timer, due);
  }
  const names = (now: number, meant?: string): readonly string[] =>
    book
      .takeDue(now, meant === undefined ? undefined : (botId) => botId === meant)
      .map(({ timer }) => timer);
  assert.deepEqual(names(3, '2'), ['b']);
  assert.equal(book.earliest, 1);
  assert.deepEqual(names(4), ['a', 'c', 'd']);
  assert.equal(book.earliest, Infinity);
});

test('[R44] a timer that is set again and again is kept once', () => {
  const book = new TimerBook();
  for (let count = 0; count < 10_000; count += 1) book.set('1', 'again', 1_000_000 - count);
  book.set('2', 'other', 5);
  assert.equal(book.earliest, 5);
  assert.deepEqual(book.takeDue(5), [{ botId: '2', timer: 'other', due: 5 }]);
  assert.equal(book.takeDue(2_000_000).length, 1);
  assert.equal(book.earliest, Infinity);
});
