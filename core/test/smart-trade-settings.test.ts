// SPDX-License-Identifier: Apache-2.0
// What a person may set on a smart trade, how it is held against the market, and what it would look like.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  beginsHeld,
  checkSettings,
  directionOf,
  dealView,
  parseSettings,
  planOf,
  previewTrade,
  priceTicks,
  SETTINGS_FIELDS,
  step,
  tradeView,
  type Effect,
  type FieldError,
  type Quote,
  type TradePreviewInput,
  type TradeType,
} from '../src/index.ts';
import { COIN, eventOf, play } from './deal-script.ts';
import { randomTrade } from './trade-line.ts';
import { BOUGHT, percent, price, TRADE, tradeBot, tradeSettings } from './trade-script.ts';

const SEED = 20_261_127;

function errorsOf(changes: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const given = Object.fromEntries(
    Object.entries({ ...TRADE, ...changes }).filter(([, value]) => value !== undefined),
  );
  const parsed = parseSettings(given);
  return parsed.ok ? [] : parsed.errors;
}

function fieldsOf(changes: Readonly<Record<string, unknown>>): string[] {
  return errorsOf(changes).map(({ field }) => field);
}

test('[P1] settings are plain JSON with defaults filled in', () => {
  const settings = tradeSettings({ type: undefined, maxSlippage: undefined });
  assert.equal(settings.type, 'long');
  assert.equal(settings.maxSlippage, '1');
  assert.deepEqual(settings.entries, [{ order: 'market', share: '100' }]);
  assert.deepEqual(settings.takeProfit[0], {
    price: { kind: 'percent', percent: '5' },
    order: 'limit',
    source: 'own',
    share: '50',
  });
  assert.deepEqual(settings.stopLoss, {
    price: { kind: 'percent', percent: '5' },
    source: 'own',
    order: 'market',
    timeoutSeconds: 0,
    breakEven: false,
    placement: 'desk',
  });
  assert.deepEqual(parseSettings(JSON.parse(JSON.stringify(settings))), { ok: true, settings });
  assert.ok('takeProfit' in SETTINGS_FIELDS.smartTrade);
});

test('[P1] wrong fields are all named at once, with their paths', () => {
  assert.deepEqual(
    fieldsOf({
      symbols: ['A', 'B'],
      type: 'sideways',
      entries: [{ order: 'stop' }],
      takeProfit: [{ price: { kind: 'percent', percent: '0' } }, { price: { kind: 'never' } }],
      stopLoss: { price: percent('100') },
      unknown: 1,
    }),
    [
      'symbols',
      'type',
      'entries[0].order',
      'takeProfit[0].price.percent',
      'takeProfit[1].price.kind',
      'stopLoss.price.percent',
      'unknown',
    ],
  );
  const nine = Array.from({ length: 9 }, () => ({ order: 'market', share: '10' }));
  assert.deepEqual(fieldsOf({ entries: nine }), ['entries']);
});

/** Contradictions, one a row: what is changed, and the field that is named. */
const CONTRADICTIONS: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
  ['a limit entry without a price', { entries: [{ order: 'limit' }] }, 'entries[0].price'],
  [
    'a market entry with a price',
    { entries: [{ order: 'market', price: price('9') }] },
    'entries[0].price',
  ],
  [
    'a market entry that rests',
    { entries: [{ order: 'market', waitSeconds: 5 }] },
    'entries[0].waitSeconds',
  ],
  [
    'a limit entry that trails',
    {
      entries: [
        { order: 'limit', price: price('9'), trigger: { price: price('9'), trailing: '1' } },
      ],
    },
    'entries[0].trigger.trailing',
  ],
  [
    'entry shares that do not make 100',
    {
      entries: [
        { order: 'market', share: '50' },
        { order: 'market', share: '49.999999' },
      ],
    },
    'entries[1].share',
  ],
  [
    'take-profit shares that do not make 100',
    {
      takeProfit: [
        { price: percent('1'), share: '60' },
        { price: percent('2'), share: '60' },
      ],
    },
    'takeProfit[1].share',
  ],
  [
    'steps that are not one beyond the other',
    {
      takeProfit: [
        { price: percent('2'), share: '50' },
        { price: percent('2'), share: '50' },
      ],
    },
    'takeProfit[1].price',
  ],
  [
    'prices of a short that rise',
    {
      type: 'short',
      takeProfit: [
        { price: price('90'), share: '50' },
        { price: price('91'), share: '50' },
      ],
    },
    'takeProfit[1].price',
  ],
  [
    'trailing before the last step',
    {
      takeProfit: [
        { price: percent('1'), order: 'market', trailing: '1', share: '50' },
        { price: percent('2'), share: '50' },
      ],
    },
    'takeProfit[0].trailing',
  ],
  [
    'a limit step that trails',
    { takeProfit: [{ price: percent('1'), trailing: '1' }] },
    'takeProfit[0].trailing',
  ],
  [
    'a limit stop without a limit',
    { stopLoss: { price: percent('5'), order: 'limit' } },
    'stopLoss.limit',
  ],
  [
    'a market stop with a limit',
    { stopLoss: { price: percent('5'), limit: price('9') } },
    'stopLoss.limit',
  ],
  [
    'break-even with one step',
    { takeProfit: [{ price: percent('5') }], stopLoss: { price: percent('5'), breakEven: true } },
    'stopLoss.breakEven',
  ],
  [
    'a stop above the take profit',
    { takeProfit: [{ price: price('105') }], stopLoss: { price: price('105') } },
    'stopLoss.price',
  ],
  ['no entry', { entries: [] }, 'entries'],
  ['no size', { size: undefined }, 'size'],
  ['something held', { held: { quantity: '1', price: '1' } }, 'held'],
  ['a simple buy with exits', { type: 'buy' }, 'takeProfit'],
  [
    'coins held without a position',
    { type: 'sellHeld', entries: undefined, size: undefined },
    'held',
  ],
  [
    'coins held that nothing would sell',
    {
      type: 'sellHeld',
      entries: undefined,
      size: undefined,
      held: { quantity: '1', price: '1' },
      takeProfit: [],
      stopLoss: undefined,
    },
    'takeProfit',
  ],
  ['coins held and bought', { type: 'buyBack', held: { quantity: '1', price: '1' } }, 'entries'],
];

for (const [what, changes, field] of CONTRADICTIONS) {
  test(`[P2] ${what}: refused at ${field}`, () => {
    const found = errorsOf(changes);
    assert.equal(found[0]?.field, field, JSON.stringify(found));
    assert.ok((found[0]?.expected ?? '') !== '' && (found[0]?.found ?? '') !== '');
  });
}

const TYPES: readonly (readonly [TradeType, 'long' | 'short', boolean, boolean])[] = [
  ['long', 'long', false, false],
  ['short', 'short', false, false],
  ['sellHeld', 'long', true, false],
  ['buyBack', 'short', true, false],
  ['buy', 'long', false, true],
  ['sell', 'short', false, true],
];

for (const [type, direction, isHeld, endsWithEntry] of TYPES) {
  test(`[P3] ${type} goes ${direction}${isHeld ? ', from a position that is there' : ''}`, () => {
    assert.equal(directionOf(type), direction);
    assert.equal(beginsHeld(type), isHeld);
    const closes = type !== 'buy' && type !== 'sell';
    const settings = tradeSettings({
      type,
      entries: isHeld ? undefined : [{ order: 'market' }],
      size: isHeld ? undefined : { kind: 'base', quantity: '1' },
      held: isHeld ? { quantity: '1', price: '1' } : undefined,
      takeProfit: closes ? [{ price: percent('5') }] : [],
      stopLoss: undefined,
    });
    assert.equal(planOf(settings).endsWithEntry, endsWithEntry);
  });
}

function checked(changes: Readonly<Record<string, unknown>>, at = 10_000): readonly FieldError[] {
  return checkSettings(tradeSettings(changes), [COIN], { COINUSDT: priceTicks(at) }, 1000);
}

test('[P2] prices that are no whole ticks are refused with the nearest that are', () => {
  const [error, ...more] = checked({ takeProfit: [{ price: price('105.005') }] });
  assert.deepEqual(more, []);
  assert.equal(error?.field, 'takeProfit[0].price.price');
  assert.equal(error?.expected, 'a multiple of the tick size 0.01, such as 105.00 or 105.01');
  assert.equal(error?.found, '105.005');
});

test('[P2] every order the plan would place keeps the venue’s limits', () => {
  assert.deepEqual(checked({}), []);
  const [size] = checked({ size: { kind: 'base', quantity: '0.04' } });
  assert.equal(size?.field, 'size');
  assert.equal(size?.expected, 'COINUSDT: a value of at least 5');
  assert.equal(size?.found, '4 (0.04 at 100.00)');
  const [entry] = checked({
    entries: [
      { order: 'market', share: '99' },
      { order: 'limit', price: price('95'), share: '1' },
    ],
    stopLoss: undefined,
  });
  assert.equal(entry?.field, 'entries[1].share');
  const [stepError] = checked({
    takeProfit: [
      { price: percent('1'), share: '1' },
      { price: percent('2'), share: '99' },
    ],
  });
  assert.equal(stepError?.field, 'takeProfit[0].share');
  const [far] = checked({ takeProfit: [{ price: price('200000') }] });
  assert.equal(far?.field, 'takeProfit[0].price');
  assert.deepEqual(
    checkSettings(tradeSettings(), [], {}, 0).map(({ field }) => field),
    ['symbols'],
  );
});

test('[P2] take profit lies beyond the entries, the stop before none of them and not beyond the market', () => {
  const low = checked({ takeProfit: [{ price: price('99.00') }] });
  assert.equal(low[0]?.field, 'takeProfit[0].price');
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('94.00'), share: '50' },
  ];
  // The average of both is about 97, 2 % below it is above the second entry.
  const near = checked({ entries, stopLoss: { price: percent('2') } });
  assert.equal(near[0]?.field, 'stopLoss.price');
  assert.match(near[0]?.expected ?? '', /below every entry \(94\.00\)/);
  assert.deepEqual(checked({ entries, stopLoss: { price: percent('5') } }), []);
  const held = {
    type: 'sellHeld',
    entries: undefined,
    size: undefined,
    held: { quantity: '2', price: '200' },
    takeProfit: [],
    stopLoss: { price: price('100.00') },
  };
  assert.match(checked(held)[0]?.expected ?? '', /below the market \(100\.00\)/);
  assert.deepEqual(checked({ ...held, stopLoss: { price: price('99.00') } }), []);
});

const QUOTE: Quote = { bid: priceTicks(9_999), ask: priceTicks(10_000), last: priceTicks(10_000) };

test('[P38] a preview has every step with price, quantity and result', () => {
  const settings = tradeSettings({
    entries: [
      { order: 'market', share: '50' },
      { order: 'limit', price: price('90.00'), share: '50' },
    ],
    stopLoss: { price: percent('10') },
  });
  assert.deepEqual(
    previewTrade({ plan: planOf(settings), instrument: COIN, quote: QUOTE, feeRatePpm: 0 }),
    {
      symbol: 'COINUSDT',
      direction: 'long',
      entries: [
        {
          number: 1,
          order: 'market',
          trigger: '',
          price: '100.00',
          quantity: '1.00',
          volume: '100',
          average: '100',
        },
        {
          number: 2,
          order: 'limit',
          trigger: '',
          price: '90.00',
          quantity: '1.00',
          volume: '90',
          average: '95',
        },
      ],
      average: '95',
      breakEven: '95',
      quantity: '2.00',
      takeProfit: [
        {
          number: 1,
          order: 'limit',
          price: '99.75',
          quantity: '1.00',
          volume: '99.75',
          profit: '4.75',
          profitPercent: '5',
        },
        {
          number: 2,
          order: 'limit',
          price: '104.50',
          quantity: '1.00',
          volume: '104.5',
          profit: '9.5',
          profitPercent: '10',
        },
      ],
      stopLoss: {
        number: 0,
        order: 'market',
        price: '85.50',
        quantity: '2.00',
        volume: '171',
        profit: '-19',
        profitPercent: '-10',
      },
      profit: '14.25',
      profitPercent: '7.5',
      riskReward: '0.75',
      // 1.00 at 101.00 and 1.00 at 90.00
      requiredQuote: '191',
      requiredBase: '0',
    },
  );
});

test('[P38] a preview of a short needs coins; fees are in every result', () => {
  const settings = tradeSettings({ type: 'short', takeProfit: [{ price: percent('5') }] });
  const preview = previewTrade({
    plan: planOf(settings),
    instrument: COIN,
    quote: QUOTE,
    feeRatePpm: 1000,
  });
  assert.equal(preview.requiredBase, '2.00');
  assert.equal(preview.requiredQuote, '0');
  assert.equal(preview.takeProfit[0]?.price, '94.80');
  // Sold for 199.98 − 0.19998; whole lots buy back a little more than 2 coins: 2.01 at 94.80 and 104.89.
  assert.equal(preview.takeProfit[0]?.profit, '9.23202');
  assert.equal(preview.stopLoss?.price, '104.89');
  assert.equal(preview.stopLoss?.profit, '-11.04888');
});

test('[P38] the preview shows the orders that the trade places', (t) => {
  t.diagnostic(`seed ${SEED}`);
  let compared = 0;
  fc.assert(
    fc.property(randomTrade, fc.integer({ min: 500, max: 100_000 }), (random, at) => {
      if (beginsHeld(random.type)) return;
      const settings = { ...random, entries: [{ order: 'market' as const, share: '100' }] };
      const errors = checkSettings(settings, [COIN], { COINUSDT: priceTicks(at) }, 0);
      if (errors.length > 0) return;
      const quote: Quote = { bid: priceTicks(at), ask: priceTicks(at), last: priceTicks(at) };
      const input: TradePreviewInput = {
        plan: planOf(settings),
        instrument: COIN,
        quote,
        feeRatePpm: 0,
      };
      const preview = previewTrade(input);
      const bot = tradeBot({ ...settings, stopLoss: settings.stopLoss });
      const shown = (at / 100).toFixed(2);
      step(bot, eventOf('start', 1));
      const entry = placed(step(bot, eventOf(`quote ${shown} ${shown} ${shown}`, 1)))[0];
      assert.equal(entry?.quantity, preview.entries[0]?.quantity);
      const exits = placed(step(bot, eventOf(`fill 1-1 ${entry?.quantity ?? ''} @ ${shown}`, 1)));
      const limits = preview.takeProfit.filter(({ order }) => order === 'limit');
      assert.deepEqual(
        exits,
        limits.map(({ number, price: target, quantity }) => ({ number, price: target, quantity })),
      );
      compared += 1;
    }),
    { seed: SEED, numRuns: 3_000 },
  );
  t.diagnostic(`${compared} trades compared`);
  assert.ok(compared > 100);
});

function placed(effects: readonly Effect[]): { number: number; price: string; quantity: string }[] {
  return effects.flatMap((effect) =>
    effect.kind === 'placeOrder'
      ? [
          {
            number: effect.ladderIndex,
            price: (effect.order.priceTicks / 100).toFixed(2),
            quantity: (effect.order.quantity / 100).toFixed(2),
          },
        ]
      : [],
  );
}

test('[P42] a view has every number as text, and one word for what the trade waits for', () => {
  const bot = tradeBot({ stopLoss: { price: percent('5'), trailing: '5' } });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ]);
  const [opening] = bot.deals;
  assert.ok(opening !== undefined);
  assert.equal(dealView(opening).status, 'opening');
  assert.equal(tradeView(opening).steps[0]?.state, 'placed');
  const running = tradeBot({ stopLoss: { price: percent('5'), trailing: '5' } });
  play(running, [...BOUGHT, ['fill 1-2 0.40 @ 105.00'], ['quote 104.00 104.02 104.00']]);
  const [deal] = running.deals;
  assert.ok(deal !== undefined);
  const view = dealView(deal, priceTicks(10_400));
  assert.deepEqual(
    [view.status, view.waitingFor, view.average, view.takeProfit, view.stopLoss, view.heldQuantity],
    ['active', 'market', '100', '105.00', '98.80', '1.6'],
  );
  // 0.40 × 5 earned, 1.60 × 4 to be earned
  assert.deepEqual(
    [view.realisedProfit, view.unrealisedProfit, view.profitPercent],
    ['2', '6.4', '4.2'],
  );
  assert.deepEqual(view.steps, { filled: 0, active: 2, max: 2 });
  const details = tradeView(deal);
  assert.deepEqual(details.stopLoss, {
    price: '98.80',
    best: '104.00',
    isAtBreakEven: false,
    breachedUntil: 0,
    heldBy: 'desk',
  });
  assert.deepEqual(
    details.steps.map(({ purpose, number, state, quantity, filled }) => [
      purpose,
      number,
      state,
      quantity,
      filled,
    ]),
    [
      ['entry', 1, 'filled', '0.00', '2.00'],
      ['takeProfit', 1, 'placed', '0.60', '0.40'],
      ['takeProfit', 2, 'placed', '1.00', '0.00'],
    ],
  );
  play(running, [['close 1', 'cancel 1-2', 'cancel 1-3']]);
  assert.deepEqual(
    [dealView(deal).status, dealView(deal).waitingFor],
    ['closing', 'cancelConfirmation'],
  );
});

test('[P42] the profit of an open short is what buying back would leave', () => {
  const bot = tradeBot({ type: 'short', takeProfit: [], stopLoss: undefined });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 entry 1 2.00 @ 99.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.equal(dealView(deal, priceTicks(9_000)).unrealisedProfit, '20');
  assert.equal(dealView(deal, priceTicks(11_000)).unrealisedProfit, '-20');
});
