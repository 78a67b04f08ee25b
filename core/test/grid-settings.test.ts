// SPDX-License-Identifier: Apache-2.0
// Settings of a grid: what they may hold, how they contradict themselves, and what the venue allows.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  makeInstrument,
  parseSettings,
  priceTicks,
  type GridSettings,
  type GridStop,
  type Instrument,
} from '../src/index.ts';
import { lotsAt } from '../src/grid/terms.ts';
import { COIN } from './deal-script.ts';
import { gridSettings } from './grid-script.ts';

type Changes = Partial<Omit<GridSettings, 'kind'>>;

/** The wrong fields of the plain grid with `changes`. */
function contradictions(changes: Changes): readonly string[] {
  const parsed = parseSettings({ ...gridSettings(), ...changes });
  return parsed.ok
    ? []
    : parsed.errors.map(({ field, expected, found }) => `${field}: ${expected}; ${found}`);
}

function faults(
  changes: Changes,
  options: { readonly price?: number; readonly feeRatePpm?: number; readonly on?: Instrument } = {},
): readonly string[] {
  const { price = 10_000, feeRatePpm = 1000, on = COIN } = options;
  const settings = gridSettings({ symbols: [on.symbol], ...changes });
  return checkSettings(settings, [on], { [on.symbol]: priceTicks(price) }, feeRatePpm).map(
    ({ field, expected, found }) => `${field}: ${expected}; ${found}`,
  );
}

test('[G1] what may be left out has a default', () => {
  const parsed = parseSettings({
    kind: 'grid',
    name: 'plain',
    symbols: ['COINUSDT'],
    lowerPrice: '90',
    upperPrice: '110',
    lines: 5,
    quantityPerLine: '100',
  });
  assert.ok(parsed.ok);
  assert.deepEqual(parsed.settings, {
    kind: 'grid',
    name: 'plain',
    symbols: ['COINUSDT'],
    lowerPrice: '90',
    upperPrice: '110',
    lines: 5,
    spacing: 'arithmetic',
    quantityPerLine: '100',
    quantityUnit: 'quote',
    maxActiveBuyLines: 400,
    maxActiveSellLines: 400,
    profitCurrency: 'quote',
    trailingUp: false,
    trailingDown: false,
    initialBalancing: true,
    postOnly: false,
    maxSlippage: '1',
  });
});

test('[G1] every wrong field is named at once', () => {
  const parsed = parseSettings({
    kind: 'grid',
    name: '',
    symbols: ['A', 'B'],
    lowerPrice: '-1',
    upperPrice: 110,
    lines: 201,
    spacing: 'even',
    quantityPerLine: '0',
    lowerStop: { price: '80', action: 'sell' },
    surprise: true,
  });
  assert.ok(!parsed.ok);
  assert.deepEqual(
    parsed.errors.map(({ field }) => field),
    [
      'name',
      'symbols',
      'lowerPrice',
      'upperPrice',
      'lines',
      'spacing',
      'quantityPerLine',
      'lowerStop.action',
      'surprise',
    ],
  );
});

test('[G2] the upper price is above the lower', () => {
  assert.deepEqual(contradictions({ upperPrice: '90.000' }), [
    'upperPrice: a price above the lower price 90; 90.000',
  ]);
});

test('[G2] expansion leads outwards, stops stand beyond the last line', () => {
  const stop = (price: string): GridStop => ({ price, action: 'stop' });
  assert.deepEqual(contradictions({ expansionUpTo: '110', expansionDownTo: '90' }), [
    'expansionUpTo: a price above the upper price 110; 110',
    'expansionDownTo: a price below the lower price 90; 90',
  ]);
  assert.deepEqual(contradictions({ lowerStop: stop('90'), upperStop: stop('110') }), [
    'lowerStop.price: a price below the lowest line 90; 90',
    'upperStop.price: a price above the highest line 110; 110',
  ]);
  assert.deepEqual(
    contradictions({
      expansionUpTo: '120',
      expansionDownTo: '80',
      lowerStop: stop('80.5'),
      upperStop: stop('119.5'),
      takeProfitPrice: '89',
    }),
    [
      'lowerStop.price: a price below the lowest line 80; 80.5',
      'upperStop.price: a price above the highest line 120; 119.5',
      'takeProfitPrice: a price above the lower price 90; 89',
    ],
  );
  assert.deepEqual(contradictions({ lowerStop: stop('89.99'), upperStop: stop('110.01') }), []);
});

test('[G2] trailing up moves money, trailing down moves coins', () => {
  assert.deepEqual(contradictions({ trailingUp: true }), [
    'trailingUp: off, or a quantity per line in quote; on',
  ]);
  assert.deepEqual(
    contradictions({ trailingDown: true, quantityUnit: 'quote', quantityPerLine: '100' }),
    ['trailingDown: off, or a quantity per line in base; on'],
  );
  assert.deepEqual(contradictions({ trailingDown: true }), []);
});

test('[G2] no stop or take profit is reached at the start price', () => {
  assert.deepEqual(
    contradictions({
      lowerStop: { price: '80', action: 'stop' },
      takeProfitPrice: '100',
      startPrice: '100',
    }),
    ['takeProfitPrice: a price above the start price 100; 100'],
  );
  assert.deepEqual(
    contradictions({ lowerStop: { price: '80', action: 'stop' }, startPrice: '79' }),
    ['lowerStop.price: a price below the start price 79; 80'],
  );
});

test('[G6] a recorded quantity in quote: 20 at 0.016287 buys 1227, of 1227.97', () => {
  const token = makeInstrument({
    symbol: 'TOKENUSDT',
    baseAsset: 'TOKEN',
    quoteAsset: 'USDT',
    tickSize: '0.000001',
    lotSize: '1',
    minPrice: '0.000001',
    maxPrice: '1000',
    minQuantity: '1',
    maxQuantity: '90000000',
    minNotional: '5',
    maxNotional: '9000000',
  });
  const settings = gridSettings({
    lowerPrice: '0.016352',
    upperPrice: '0.022503',
    lines: 81,
    spacing: 'geometric',
    quantityPerLine: '20',
    quantityUnit: 'quote',
  });
  assert.equal(lotsAt(settings, token, 16_287), 1227);
});

test('[G6] a quantity in base is the same on every line, cut to a lot', () => {
  const settings = gridSettings({ quantityPerLine: '1.2399' });
  assert.equal(lotsAt(settings, COIN, 9_000), 123);
  assert.equal(lotsAt(settings, COIN, 11_000), 123);
});

test('[G7] lines stand at least a tick apart', () => {
  const close: Changes = { lowerPrice: '99.99', upperPrice: '100.01', lines: 5 };
  assert.deepEqual(faults(close, { feeRatePpm: 0 }), [
    'lines: lines at least a tick apart; lines 2 and 3 at 100.00 and 100.00',
  ]);
});

test('[G7] the order of every line keeps the limits of the instrument', () => {
  assert.deepEqual(faults({ quantityPerLine: '0.05' }), [
    'quantityPerLine: COINUSDT: a value of at least 5; line 1 buys 0.05 at 90.00 (4.5)',
  ]);
  assert.deepEqual(faults({ lowerPrice: '0.004', lines: 3 }), [
    'lowerPrice: COINUSDT: a price of at least 0.01; line 1 buys 1.00 at 0.00 (0.00)',
  ]);
  assert.deepEqual(faults({ quantityPerLine: '10001' }), [
    'quantityPerLine: COINUSDT: a quantity of at most 10000.00; line 1 buys 10001.00 at 90.00 (10001.00)',
  ]);
});

test('[G7] what a line buys can be sold one line up after the fee', () => {
  // 0.06 less the fee is 0.05: 4.75 at 95.
  assert.deepEqual(faults({ quantityPerLine: '0.06' }), [
    'quantityPerLine: COINUSDT: what line 1 buys to be sold at line 2, a value of at least 5; 4.75',
  ]);
  assert.deepEqual(faults({ quantityPerLine: '0.07' }), []);
});

test('[G7] a line that loses money for certain is refused at the number of lines', () => {
  // From 100.00 on 0.20 is 0.2 %, as much as both fees take: 100.20 × 0.999² = 99.9997.
  assert.deepEqual(faults({ lines: 101 }), [
    'lines: lines so far apart that their profit is above the fees (0.1 % of each trade); -0.0003 % between lines 51 and 52 at 100.00 and 100.20',
  ]);
  assert.deepEqual(faults({ lines: 101 }, { feeRatePpm: 0 }), []);
  assert.deepEqual(faults({ lines: 81 }), []);
});

test('[G7] a start at the price there is must not reach a stop', () => {
  const stops: Changes = {
    lowerStop: { price: '80', action: 'stop' },
    upperStop: { price: '120', action: 'stop' },
    takeProfitPrice: '115',
  };
  assert.deepEqual(faults(stops), []);
  assert.deepEqual(faults(stops, { price: 8_000 }), [
    'lowerStop.price: a price below the price 80.00; 80',
  ]);
  assert.deepEqual(faults(stops, { price: 12_000 }), [
    'upperStop.price: a price above the price 120.00; 120',
    'takeProfitPrice: a price above the price 120.00; 115',
  ]);
  // With a start price it is that which counts.
  assert.deepEqual(faults({ ...stops, startPrice: '100' }, { price: 12_000 }), []);
});

test('[G7] expansion adds up to 400 lines in all', () => {
  // A step of 5 from 110: 395 more lines end at 2085.
  assert.deepEqual(faults({ expansionUpTo: '2084.99' }), []);
  assert.deepEqual(faults({ expansionUpTo: '2090' }), [
    'expansionUpTo: an expansion of at most 395 more lines; 2090',
  ]);
});

test('[G7] a symbol without a price cannot be checked', () => {
  const settings = gridSettings();
  assert.deepEqual(checkSettings(settings, [], {}, 1000), [
    { field: 'symbols', expected: 'a symbol the venue trades, with a price', found: 'COINUSDT' },
  ]);
});
