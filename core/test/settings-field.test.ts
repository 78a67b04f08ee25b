// SPDX-License-Identifier: Apache-2.0
// Rules F1 to F5: settings described as data, and what the parser makes of what comes in.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseFields, parseSettings, SETTINGS_FIELDS, type FieldsOf } from '../src/index.ts';
import { changedFields, isSameValue } from '../src/settings/changed-fields.ts';
import { PLAIN } from './deal-script.ts';

interface Part {
  readonly share: string;
  readonly note?: string;
}

type Trigger =
  | { readonly kind: 'never' }
  | { readonly kind: 'price'; readonly price: string; readonly side: 'bid' | 'ask' };

interface Whole {
  readonly name: string;
  readonly symbols: readonly string[];
  readonly count: number;
  readonly isOn: boolean;
  readonly parts: readonly Part[];
  readonly trigger: Trigger;
  readonly limits?: { readonly most: string };
}

const FIELDS: FieldsOf<Whole> = {
  name: { kind: 'text', lengthMax: 10 },
  symbols: { kind: 'symbols', least: 1, most: 2 },
  count: { kind: 'integer', unit: 'none', least: 0, most: 5, default: 2 },
  isOn: { kind: 'boolean', default: false },
  parts: {
    kind: 'list',
    least: 0,
    most: 3,
    default: [],
    item: {
      kind: 'group',
      fields: {
        share: { kind: 'decimal', unit: 'percent', decimals: 2, above: 0, most: 100 },
        note: { kind: 'text', lengthMax: 5, optional: true },
      },
    },
  },
  trigger: {
    kind: 'variant',
    default: { kind: 'never' },
    variants: {
      never: {},
      price: {
        price: { kind: 'decimal', unit: 'price', decimals: 8, above: 0 },
        side: { kind: 'choice', choices: ['bid', 'ask'], default: 'bid' },
      },
    },
  },
  limits: {
    kind: 'group',
    optional: true,
    fields: { most: { kind: 'decimal', unit: 'quote', decimals: 8, least: 0 } },
  },
};

const LEAST = { name: 'a', symbols: ['X'] };

/** The paths that `changes` to right values make wrong. */
function check(changes: Readonly<Record<string, unknown>>, wrong: readonly string[]): void {
  const parsed = parseFields(FIELDS, { ...LEAST, ...changes }, 'whole');
  const found = parsed.ok ? [] : parsed.errors.map((error) => error.field);
  assert.deepEqual(found, wrong, JSON.stringify(changes));
}

test('[F1] what is left out has its default or stays absent, and the whole is frozen', () => {
  const parsed = parseFields(FIELDS, LEAST, 'whole');
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.value, {
    ...LEAST,
    count: 2,
    isOn: false,
    parts: [],
    trigger: { kind: 'never' },
  });
  assert.ok(!('limits' in parsed.value));
  assert.ok(Object.isFrozen(parsed.value) && Object.isFrozen(parsed.value.symbols));
  const inner = parseFields(FIELDS, { ...LEAST, trigger: { kind: 'price', price: '5' } }, 'whole');
  assert.ok(inner.ok);
  assert.deepEqual(inner.value.trigger, { kind: 'price', price: '5', side: 'bid' });
});

test('[F2] a wrong value is named by its path, in lists, groups and variants too', () => {
  check({ parts: [{ share: '1' }, { share: '0' }, { share: '101', note: '123456' }] }, [
    'parts[1].share',
    'parts[2].share',
    'parts[2].note',
  ]);
  check({ trigger: { kind: 'price', price: 5 } }, ['trigger.price']);
  check({ trigger: { kind: 'soon' } }, ['trigger.kind']);
  check({ trigger: { price: '5' } }, ['trigger.kind']);
  check({ trigger: [] }, ['trigger']);
  check({ limits: {} }, ['limits.most']);
  check({ limits: null }, ['limits']);
  check({ parts: {} }, ['parts']);
  check({ parts: [1, 2, 3, 4] }, ['parts']);
  check({ isOn: 'yes', count: 2.5, name: 'a\u0000' }, ['name', 'count', 'isOn']);
  check({ symbols: ['X', 'X'] }, ['symbols']);
  check({ symbols: ['X', 'Y', 'Z'] }, ['symbols']);
});

test('[F2] a number beyond the largest is told the largest, and no other is', () => {
  for (const [price, expected] of [
    [
      '99999999999999999999',
      'a decimal number as text, more than 0, at most 1000000000000, at most 8 decimals',
    ],
    [
      '1000000000000.00000001',
      'a decimal number as text, more than 0, at most 1000000000000, at most 8 decimals',
    ],
    ['0.000000001', 'a decimal number as text, more than 0, at most 8 decimals'],
    ['-1', 'a decimal number as text, more than 0, at most 8 decimals'],
  ] as const) {
    const parsed = parseFields<{ readonly price: string }>(
      { price: { kind: 'decimal', unit: 'price', decimals: 8, above: 0 } },
      { price },
      'test',
    );
    assert.deepEqual(parsed.ok ? [] : parsed.errors.map((error) => error.expected), [expected]);
  }
});

test('[F3] a field nobody described is refused wherever it stands', () => {
  check({ extra: 1 }, ['extra']);
  check({ parts: [{ share: '1', extra: 1 }] }, ['parts[0].extra']);
  check({ trigger: { kind: 'never', price: '5' } }, ['trigger.price']);
  check({ trigger: { kind: 'toString' } }, ['trigger.kind']);
  check(JSON.parse('{ "constructor": 1, "__proto__": 2, "toString": 3 }'), [
    'constructor',
    '__proto__',
    'toString',
  ]);
});

test('[F4] whatever comes in, the parser answers, and what it takes it takes again unchanged', (t) => {
  const seed = 20261122;
  t.diagnostic(`seed ${seed}`);
  fc.assert(
    fc.property(fc.object({ maxDepth: 3 }), (input) => {
      const parsed = parseFields(FIELDS, { ...LEAST, ...input }, 'whole');
      if (parsed.ok) {
        assert.deepEqual(parseFields(FIELDS, parsed.value, 'whole'), parsed);
      } else {
        assert.ok(parsed.errors.length > 0);
        for (const error of parsed.errors) assert.ok(error.expected.length > 0);
      }
    }),
    { seed, numRuns: 500 },
  );
});

test('[F5] a kind of bot that does not exist is refused and names those that do; DCA is meant when none is named', () => {
  const parsed = parseSettings({ kind: 'martingale', name: 'x' });
  assert.ok(!parsed.ok);
  assert.deepEqual(parsed.errors, [
    {
      field: 'kind',
      expected: `one of ${Object.keys(SETTINGS_FIELDS).join(', ')}`,
      found: '"martingale"',
    },
  ]);
  const unnamed = parseSettings(PLAIN);
  assert.ok(unnamed.ok && unnamed.settings.kind === 'dca');
});

test('[F6] what differs between two settings does not depend on the order of keys', () => {
  const before = { a: '1', b: [{ x: 1, y: { z: 2 } }], c: undefined };
  const after = { b: [{ y: { z: 2 }, x: 1 }], c: undefined, a: '1' };
  assert.deepEqual(changedFields(before, after), []);
  assert.deepEqual(changedFields(before, { ...after, b: [{ x: 1, y: { z: 3 } }] }), ['b']);
  assert.deepEqual(changedFields<object>(before, { a: '1', b: before.b, d: 4 }), ['d']);
  assert.equal(isSameValue([1, 2], [2, 1]), false);
  assert.equal(isSameValue({ 0: 1 }, [1]), false);
  assert.equal(isSameValue(null, {}), false);
});
