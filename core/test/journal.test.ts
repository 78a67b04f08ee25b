// SPDX-License-Identifier: Apache-2.0
// Rules J1 to J5: one text for equal values, and a journal that gives what it gave.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  decodeJournal,
  encodeJournal,
  JournalError,
  replay,
  step,
  type JournalEntry,
} from '../src/index.ts';
import { botOf, eventOf, OPENED } from './deal-script.ts';

const SEED = 20_221_113;

test('[J1] equal values have equal text: keys sorted, no spaces, undefined fields left out', () => {
  assert.equal(encodeJournal({ b: 1, a: [true, null, 'x'] }), '{"a":[true,null,"x"],"b":1}');
  assert.equal(
    encodeJournal({ a: [true, null, 'x'], b: 1, c: undefined }),
    '{"a":[true,null,"x"],"b":1}',
  );
  assert.equal(
    encodeJournal({ '10': 1, '9': 2, Z: 3, a: 4, ä: 5 }),
    '{"10":1,"9":2,"Z":3,"a":4,"ä":5}',
  );
  assert.equal(encodeJournal(1e21), '1e+21');
});

test('[J2] a bigint is # and digits; a text that begins with # gets another', () => {
  const rows: readonly (readonly [unknown, string])[] = [
    [0n, '"#0"'],
    [-12n, '"#-12"'],
    ['#12', '"##12"'],
    ['##', '"###"'],
    ['a#', '"a#"'],
    ['', '""'],
  ];
  for (const [value, text] of rows) {
    assert.equal(encodeJournal(value), text);
    assert.deepEqual(decodeJournal(text), value);
  }
});

test('[J2] every plain value goes round and has one text', (t) => {
  t.diagnostic(`seed ${SEED}`);
  const plain = fc.letrec((tie) => ({
    value: fc.oneof(
      { maxDepth: 4 },
      fc.string({ unit: 'binary' }),
      fc.string().map((text) => `#${text}`),
      fc.bigInt(),
      fc.boolean(),
      fc.constant(null),
      fc.integer(),
      fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
      fc.array(tie('value'), { maxLength: 5 }),
      fc.dictionary(fc.string(), tie('value'), { maxKeys: 5, noNullPrototype: true }),
    ),
  })).value;
  fc.assert(
    fc.property(plain, (value) => {
      const text = encodeJournal(value);
      const back = decodeJournal(text);
      assert.deepEqual(back, value);
      assert.equal(encodeJournal(back), text);
    }),
    { seed: SEED },
  );
});

test('[J3] what is no plain data is refused when written', () => {
  for (const value of [
    NaN,
    Infinity,
    -0,
    undefined,
    () => 1,
    Symbol('x'),
    new Map(),
    new Date(0),
    [undefined],
  ]) {
    assert.throws(() => encodeJournal(value), TypeError);
  }
  const ring: Record<string, unknown> = {};
  ring['self'] = ring;
  assert.throws(() => encodeJournal(ring), /nest at most 64 deep/);
});

test('[J3] a text that was not written here is refused when read', () => {
  for (const text of [
    '',
    '{',
    '"#"',
    '"#1.5"',
    '"#-0"',
    '"#01"',
    '"#x"',
    '{"a":"#1e3"}',
    'undefined',
  ]) {
    assert.throws(
      () => decodeJournal(text),
      (error) => error instanceof JournalError && error.code === 'JOURNAL_TEXT',
      text,
    );
  }
});

test('[J4] a journal replayed from its first state ends in the same bytes and leaves the first state alone', () => {
  const { entries, first, last } = recorded();
  const initial = decodeJournal<ReturnType<typeof botOf>>(first);
  assert.equal(encodeJournal(replay(initial, entries)), last);
  assert.equal(encodeJournal(initial), first);
  const reread = decodeJournal<JournalEntry[]>(encodeJournal(entries));
  assert.equal(encodeJournal(replay(initial, reread)), last);
});

test('[J5] a journal that no longer gives what it gave is named, not followed', () => {
  const { entries, first } = recorded();
  const initial = decodeJournal<ReturnType<typeof botOf>>(first);
  const isDivergence = (error: unknown): boolean =>
    error instanceof JournalError && error.code === 'JOURNAL_DIVERGED';
  assert.throws(() => replay(initial, entries.slice(1)), isDivergence);
  const altered = entries.map((entry, index) => (index === 1 ? { ...entry, effects: [] } : entry));
  assert.throws(() => replay(initial, altered), isDivergence);
});

function recorded(): {
  readonly entries: JournalEntry[];
  readonly first: string;
  readonly last: string;
} {
  const bot = botOf();
  const first = encodeJournal(bot);
  const entries = OPENED.map(([text], index): JournalEntry => {
    const event = eventOf(text, 1_700_000_000_000 + index);
    const effects = step(bot, event);
    return { version: bot.version, event, effects };
  }).filter((entry, index, all) => entry.version !== all[index - 1]?.version);
  return { entries, first, last: encodeJournal(bot) };
}
