// SPDX-License-Identifier: Apache-2.0
// Rules D1 to D3: what may be set, and whether it can trade.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  parseSettings,
  priceTicks,
  type Instrument,
  type FieldError,
} from '../src/index.ts';
import { COIN, PLAIN, settingsOf } from './deal-script.ts';

/** Which fields `changes` to right settings make wrong, in order. */
function check(changes: Readonly<Record<string, unknown>>, wrong: readonly string[]): void {
  const parsed = parseSettings({ ...PLAIN, ...changes });
  const found = parsed.ok ? [] : parsed.errors.map((error) => error.field);
  assert.deepEqual(found, wrong, JSON.stringify(changes));
}

test('[D1] settings are plain data with decimals as text; maxSlippage is 1 when absent', () => {
  const parsed = parseSettings(PLAIN);
  assert.ok(parsed.ok);
  const { settings } = parsed;
  assert.deepEqual(settings, {
    kind: 'dca',
    ...PLAIN,
    maxSlippage: '1',
    direction: 'long',
    profitCurrency: 'quote',
    baseOrderVolumeType: 'quote',
    safetyOrderVolumeType: 'quote',
    takeProfitType: 'total',
    stopLossFrom: 'base',
    stopLossTrailing: false,
    stopLossTimeoutSeconds: 0,
    stopLossMove: 'never',
    stopLossAction: 'closeDeal',
    startTrigger: 'immediately',
    startDelaySeconds: 0,
    maxActiveDealsPerSymbol: 1,
    safetyOrderTrigger: 'price',
    closeTrigger: 'none',
    minProfitType: 'total',
    minProfit: '0.5',
    reinvest: '0',
    riskReduction: '0',
  });
  const again = parseSettings(JSON.parse(JSON.stringify(parsed.settings)));
  assert.deepEqual(again, parsed);
  assert.ok(Object.isFrozen(parsed.settings));
});

test('[D1] every wrong field is named at once, with what was expected and found', () => {
  const parsed = parseSettings({
    name: '',
    symbols: [],
    baseOrderVolume: 100,
    baseOrderType: 'stop',
    safetyOrderVolume: '-1',
    safetyOrderStep: '0',
    maxSafetyOrders: 1.5,
    maxActiveSafetyOrders: 'two',
    volumeScale: '11',
    stepScale: '0.05',
    takeProfit: '1e3',
    stopLoss: null,
    cooldownSeconds: -1,
    maxActiveDeals: 0,
    maxSlippage: '10.1',
    trailing: true,
  });
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.errors.map((error) => error.field),
    [
      'name',
      'symbols',
      'baseOrderVolume',
      'baseOrderType',
      'safetyOrderVolume',
      'safetyOrderStep',
      'maxSafetyOrders',
      'maxActiveSafetyOrders',
      'volumeScale',
      'stepScale',
      'takeProfit',
      'stopLoss',
      'cooldownSeconds',
      'maxActiveDeals',
      'maxSlippage',
      'trailing',
    ],
  );
  assert.deepEqual(parsed.errors[2], {
    field: 'baseOrderVolume',
    expected: 'a decimal number as text, more than 0, at most 8 decimals',
    found: '100',
  });
  assert.deepEqual(parsed.errors.at(-1), {
    field: 'trailing',
    expected: 'no such field',
    found: 'true',
  });
});

test('[D1] bounds are exact', () => {
  const rows: readonly (readonly [
    field: string,
    right: readonly unknown[],
    wrong: readonly unknown[],
  ])[] = [
    [
      'name',
      ['x', 'y'.repeat(80), 'Käse 1'],
      ['', 'y'.repeat(81), 'a\u001b[31m', 'a\u202eb', 'a\nb', 5],
    ],
    [
      'symbols',
      [['A'], ['BTC-USD', 'B:1/x']],
      [[], ['A', 'A'], ['A b'], [''], 'A', [1], Array(201).fill('A')],
    ],
    ['baseOrderVolume', ['0.00000001', '1000000000000'], ['0', '0.000000001', '1000000000001', '']],
    ['safetyOrderStep', ['0.000001'], ['100', '0', '0.0000001']],
    ['maxSafetyOrders', [2, 50], [-1, 201, '3', NaN, 2.5]],
    ['maxActiveSafetyOrders', [1, 3], [0, 4]],
    ['volumeScale', ['0.1', '10', '1.0001'], ['0.0999', '10.0001', '1.00001']],
    ['stepScale', ['0.1', '2'], ['0.09', '10.1']],
    ['takeProfit', ['0.000001', '1000'], ['0', '1000.1']],
    ['stopLoss', ['3.000001', '99.999999'], ['0', '100', '3', null]],
    ['cooldownSeconds', [0, 2_592_000], [2_592_001, 0.5]],
    ['maxActiveDeals', [1, 199], [0, 200]],
    ['maxSlippage', ['0', '10'], ['-0.1', '10.000001']],
  ];
  for (const [field, right, wrong] of rows) {
    for (const value of right) check({ [field]: value }, []);
    for (const value of wrong) check({ [field]: value }, [field]);
  }
});

test('[D1] what is no object is refused', () => {
  for (const input of [null, undefined, 5, 'x', [], () => 1]) {
    const parsed = parseSettings(input);
    assert.equal(parsed.ok, false);
  }
});

test('[D1] a field of the prototype is no field', () => {
  const parsed = parseSettings(Object.create(PLAIN));
  assert.ok(!parsed.ok && parsed.errors.some((error) => error.field === 'name'));
});

test('[D1] without safety orders none may be active', () => {
  check({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0 }, []);
  check({ maxSafetyOrders: 0, maxActiveSafetyOrders: 1 }, ['maxActiveSafetyOrders']);
});

test('[D2] the stop loss lies beyond the last safety order', () => {
  // Steps of 1, 2 and 4 %: the last one is 7 % down.
  const ladder = { stepScale: '2' };
  check({ ...ladder, stopLoss: '7' }, ['stopLoss']);
  check({ ...ladder, stopLoss: '6.9' }, ['stopLoss']);
  check({ ...ladder, stopLoss: '7.000001' }, []);
  check({ maxSafetyOrders: 0, maxActiveSafetyOrders: 0, stopLoss: '0.1' }, []);
});

test('[D2] the ladder ends above a price of nothing', () => {
  check({ safetyOrderStep: '33.333333' }, []);
  check({ safetyOrderStep: '33.4' }, ['safetyOrderStep']);
  check({ maxSafetyOrders: 200, stepScale: '10' }, ['safetyOrderStep']);
});

/** The errors of `changes` to right settings on `instrument` at 100.00 without fee, as `field: expected`. */
function checkAt(
  changes: Readonly<Record<string, unknown>>,
  instrument: Partial<Instrument>,
  wrong: readonly (readonly [field: string, expected: RegExp])[],
): void {
  const errors: readonly FieldError[] = checkSettings(
    settingsOf(changes),
    [{ ...COIN, ...instrument }],
    { COINUSDT: priceTicks(10_000) },
    0,
  );
  assert.deepEqual(
    errors.map((error) => error.field),
    wrong.map(([field]) => field),
    JSON.stringify(errors),
  );
  for (const [index, [, expected]] of wrong.entries())
    assert.match(errors[index]?.expected ?? '', expected);
}

test('[D3] at a price every order of the ladder must keep the limits of the instrument', () => {
  checkAt({}, {}, []);
  checkAt({ baseOrderVolume: '4.99' }, {}, []);
  checkAt({ baseOrderVolume: '4' }, {}, [['baseOrderVolume', /COINUSDT: a value of at least 5/]]);
  checkAt({ safetyOrderVolume: '4' }, {}, [['safetyOrderVolume', /a value of at least 5/]]);
  checkAt({}, { minLots: COIN.maxLots }, [['baseOrderVolume', /a quantity of at least 10000.00/]]);
  const steps = { safetyOrderStep: '10', maxSafetyOrders: 9, maxActiveSafetyOrders: 1 };
  checkAt(steps, { minTicks: priceTicks(2000) }, [
    ['safetyOrderStep', /a price of at least 20.00/],
  ]);
  checkAt({ volumeScale: '10', maxSafetyOrders: 6, stepScale: '0.1' }, {}, [
    ['safetyOrderVolume', /a quantity of at most 10000.00/],
  ]);
});

test('[D3] the coins of the base order must be sellable at take profit and at stop loss', () => {
  const small = { baseOrderVolume: '5', safetyOrderVolume: '50' };
  checkAt(small, {}, []);
  checkAt({ ...small, stopLoss: '4' }, {}, [['baseOrderVolume', /can be sold at stop loss/]]);
  checkAt({ baseOrderVolume: '6', stopLoss: '4' }, {}, []);
  checkAt({ takeProfit: '1000' }, { maxTicks: priceTicks(50_000) }, [
    ['takeProfit', /at most 500.00/],
  ]);
});

test('[D3] every symbol needs an instrument and a price', () => {
  const settings = settingsOf({ symbols: ['COINUSDT', 'NOSUCH'] });
  const errors = checkSettings(settings, [COIN], { COINUSDT: priceTicks(10_000) }, 0);
  assert.deepEqual(errors, [
    { field: 'symbols', expected: 'symbols the venue trades, each with a price', found: 'NOSUCH' },
  ]);
});
