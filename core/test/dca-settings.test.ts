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
    postOnly: false,
    reserveSafetyOrders: true,
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

test('[D2] a short has no lowest price for its ladder, but one for its profit', () => {
  check({ direction: 'short', safetyOrderStep: '40' }, []);
  check({ direction: 'short', stopLoss: '3' }, ['stopLoss']);
  check({ direction: 'short', stopLoss: '3.1' }, []);
  check({ direction: 'short', takeProfit: '100' }, ['takeProfit']);
  check({ direction: 'short', takeProfit: '99.9' }, []);
});

test('[D2] take profits grow, sum to the whole, and are given once', () => {
  const steps = (
    ...list: readonly (readonly [profit: string, share: string])[]
  ): Readonly<Record<string, unknown>> => ({
    takeProfit: undefined,
    takeProfitSteps: list.map(([profit, share]) => ({ profit, share })),
  });
  check({ ...steps(['1', '50'], ['2', '50']) }, []);
  check({ ...steps(['1', '33.3'], ['2', '33.3'], ['3', '33.4']) }, []);
  check({ ...steps(['1', '50'], ['1', '50']) }, ['takeProfitSteps[1].profit']);
  check({ ...steps(['1', '50'], ['2', '49.9']) }, ['takeProfitSteps']);
  check({ ...steps(['1', '100']) }, ['takeProfitSteps']);
  check({ ...steps(['1', '20'], ['2', '20'], ['3', '20'], ['4', '20'], ['5', '20']) }, [
    'takeProfitSteps',
  ]);
  check({ ...steps(['1', '50'], ['2', '50']), takeProfit: '2' }, ['takeProfit']);
  check({ direction: 'short', ...steps(['1', '50'], ['100', '50']) }, [
    'takeProfitSteps[1].profit',
  ]);
  check({ trailingDeviation: '1.999999' }, []);
  check({ trailingDeviation: '2' }, ['trailingDeviation']);
  check({ takeProfit: undefined, closeTrigger: 'signal', trailingDeviation: '1' }, [
    'trailingDeviation',
  ]);
});

test('[D2] what belongs to a stop loss needs one', () => {
  check({ stopLossTrailing: true }, ['stopLossTrailing']);
  check({ stopLossTimeoutSeconds: 5 }, ['stopLossTimeoutSeconds']);
  check({ stopLossAction: 'closeDealAndStopBot' }, ['stopLossAction']);
  check({ stopLossMove: 'breakEven' }, ['stopLossMove']);
  check({ stopLoss: '4', stopLossMove: 'breakEven' }, ['stopLossMove']);
  const two = [
    { profit: '1', share: '50' },
    { profit: '2', share: '50' },
  ];
  const moved = { takeProfit: undefined, takeProfitSteps: two, stopLoss: '4' };
  check({ ...moved, stopLossMove: 'breakEven' }, []);
  check({ ...moved, stopLossMove: 'firstStep' }, ['stopLossMove']);
});

test('[D2] a ladder of one’s own grows, is long enough, and ends above nothing', () => {
  const ladder = (...deviations: readonly string[]): Readonly<Record<string, unknown>> => ({
    customSafetyOrders: deviations.map((deviation) => ({ deviation, volume: '100' })),
  });
  check(ladder('1', '2', '3'), []);
  check(ladder('1', '2', '3', '4'), []);
  check(ladder('1', '2'), ['customSafetyOrders']);
  check(ladder('1', '3', '3'), ['customSafetyOrders[2].deviation']);
  check(ladder('1', '3', '100'), ['customSafetyOrders']);
  check({ ...ladder('1', '2', '8'), stopLoss: '8' }, ['stopLoss']);
  check({ ...ladder('1', '2', '8'), stopLoss: '8.1' }, []);
});

test('[D2] percentages of one sum are spent once', () => {
  const percent = { baseOrderVolumeType: 'percent', safetyOrderVolumeType: 'percent' };
  check({ ...percent, baseOrderVolume: '40', safetyOrderVolume: '20' }, []);
  check({ ...percent, baseOrderVolume: '40.1', safetyOrderVolume: '20' }, ['safetyOrderVolume']);
  check({ baseOrderVolumeType: 'percent', baseOrderVolume: '101' }, ['baseOrderVolume']);
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

test('[D3] each take-profit step must be large enough by itself', () => {
  const steps = (first: string, second: string): Readonly<Record<string, unknown>> => ({
    takeProfit: undefined,
    takeProfitSteps: [
      { profit: '1', share: first },
      { profit: '2', share: second },
    ],
  });
  checkAt({ ...steps('6', '94') }, {}, []);
  checkAt({ ...steps('4', '96') }, {}, [['takeProfitSteps[0].share', /a value of at least 5/]]);
  checkAt({ ...steps('96', '4') }, {}, [['takeProfitSteps[1].share', /a value of at least 5/]]);
});

test('[D3] a short is held against the highest price, a ladder of one’s own at its entry', () => {
  const top = { maxTicks: priceTicks(10_250) };
  checkAt({ direction: 'short' }, top, [['safetyOrderStep', /a price of at most 102.50/]]);
  checkAt(
    { direction: 'short', maxSafetyOrders: 0, maxActiveSafetyOrders: 0, stopLoss: '5' },
    top,
    [],
  );
  const customSafetyOrders = [
    { deviation: '1', volume: '100' },
    { deviation: '2', volume: '4' },
    { deviation: '3', volume: '100' },
  ];
  checkAt({ customSafetyOrders }, {}, [['customSafetyOrders[1].volume', /a value of at least 5/]]);
});

test('[D3] volumes in percent are not looked at before there is something to count from', () => {
  checkAt({ baseOrderVolumeType: 'percent', baseOrderVolume: '0.001' }, {}, []);
  checkAt({ safetyOrderVolumeType: 'percent', safetyOrderVolume: '0.001' }, {}, []);
});

test('[D50] a stop from the average must lie beyond every safety order when that is reached', () => {
  checkAt({ stopLoss: '1.5', stopLossFrom: 'average' }, {}, [
    ['stopLoss', /a stop beyond safety order 2 at 98.00/],
  ]);
  checkAt({ stopLoss: '2.5', stopLossFrom: 'average' }, {}, []);
  checkAt({ stopLoss: '1.5', stopLossFrom: 'average', direction: 'short' }, {}, [
    ['stopLoss', /a stop beyond safety order 3 at 103.00/],
  ]);
});

test('[D3] every symbol needs an instrument and a price', () => {
  const settings = settingsOf({ symbols: ['COINUSDT', 'NOSUCH'] });
  const errors = checkSettings(settings, [COIN], { COINUSDT: priceTicks(10_000) }, 0);
  assert.deepEqual(errors, [
    { field: 'symbols', expected: 'symbols the venue trades, each with a price', found: 'NOSUCH' },
  ]);
});
