// SPDX-License-Identifier: Apache-2.0
// How deals end: several take profits, take profit that trails, stops that wait, follow and move, time that runs out.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dealView,
  parseSettings,
  previewLadder,
  priceTicks,
  quantityLots,
  watchedAbove,
  watchedBelow,
  type DcaBotState,
} from '../src/index.ts';
import {
  botOf,
  COIN,
  OPENED,
  OTHER,
  PLAIN,
  play,
  settingsOf,
  THIRD,
  type Row,
} from './deal-script.ts';

const ALONE = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 } as const;

/** A base order of 10.00 coins bought at 100.00, fee-free, without safety orders; `exits` are what follows. */
function bought(...exits: readonly string[]): Row[] {
  return [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    ['fill 1-1 10.00 @ 100.00', ...exits],
  ];
}

/** A base order of 10.00 coins sold at 100.00, fee-free, without safety orders. */
function sold(...exits: readonly string[]): Row[] {
  return [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 10.00 @ 99.00 IOC'],
    ['fill 1-1 10.00 @ 100.00', ...exits],
  ];
}

const TEN = { ...ALONE, baseOrderVolume: '1000' } as const;
const SHORT = { ...TEN, direction: 'short' } as const;

function steps(...list: readonly string[]): Record<string, unknown> {
  return {
    takeProfit: undefined,
    takeProfitSteps: list.map((text) => {
      const [share = '', profit = ''] = text.split(' at ');
      return { profit, share };
    }),
  };
}

test('[D45] with type base the profit is a percentage of the base order’s volume alone', () => {
  play(botOf({ takeProfitType: 'base', maxActiveSafetyOrders: 1 }), [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-4 safetyOrder 2 1.03 @ 98.00 GTC'],
    // (100 + 100.98 + 2 % of 100) / 2.02 = 100.4851…: the distance shrinks from 2 % to 1 %
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 2.02 @ 100.49 GTC'],
  ]);
});

test('[D45] the same for a short: what the base order brought', () => {
  play(botOf({ direction: 'short', takeProfitType: 'base', maxActiveSafetyOrders: 1 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 1.00 @ 99.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'buy 1-2 takeProfit 1.00 @ 98.00 GTC',
      'sell 1-3 safetyOrder 1 1.00 @ 101.00 GTC',
    ],
    ['fill 1-3 1.00 @ 101.00', 'cancel 1-2', 'sell 1-4 safetyOrder 2 0.99 @ 102.00 GTC'],
    // (201 − 2) / 2 = 99.50
    ['end 1-2 cancelled 0.00', 'buy 1-5 takeProfit 2.00 @ 99.50 GTC'],
  ]);
});

test('[D46] each step has its share in whole lots, rounded down; the last has the rest', () => {
  // 40, 50 and 10 % of 324 lots: 129.6, 162 and the rest.
  const bot = botOf({
    ...ALONE,
    ...steps('40 at 1', '50 at 2', '10 at 3'),
    baseOrderVolume: '324',
  });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 3.24 @ 101.00 IOC'],
    [
      'fill 1-1 3.24 @ 100.00',
      'sell 1-2 takeProfit 1 1.29 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 1.62 @ 102.00 GTC',
      'sell 1-4 takeProfit 3 0.33 @ 103.00 GTC',
    ],
    ['fill 1-2 1.29 @ 101.00'],
    ['fill 1-3 1.00 @ 102.00'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  assert.deepEqual(
    dealView(deal).takeProfits?.map(
      ({ step, price, quantity, filled, state }) =>
        `${step}: ${quantity} left at ${price}, ${filled} done, ${state}`,
    ),
    [
      '1: 0.00 left at 101.00, 1.29 done, done',
      '2: 0.62 left at 102.00, 1.00 done, placed',
      '3: 0.33 left at 103.00, 0.00 done, placed',
    ],
  );
  assert.equal(dealView(deal).takeProfit, '102.00');
  play(bot, [['fill 1-3 0.62 @ 102.00'], ['fill 1-4 0.33 @ 103.00', 'quote? COINUSDT']]);
});

test('[D46] a safety order renews all steps at once, each once', () => {
  play(botOf({ ...steps('50 at 1', '50 at 2'), maxActiveSafetyOrders: 1 }), [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1 0.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 102.00 GTC',
      'buy 1-4 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    ['fill 1-4 1.02 @ 99.00', 'cancel 1-2', 'cancel 1-3', 'buy 1-5 safetyOrder 2 1.03 @ 98.00 GTC'],
    ['end 1-2 cancelled 0.00'],
    [
      'end 1-3 cancelled 0.00',
      'sell 1-6 takeProfit 1 1.01 @ 100.49 GTC',
      'sell 1-7 takeProfit 2 1.01 @ 101.49 GTC',
    ],
  ]);
});

test('[D46] a step too small for the venue joins the next, a last one the one before', () => {
  // The venue takes 5 USDT at least: 4 % of 100 is too little, and so are the last 3 %.
  play(botOf({ ...ALONE, ...steps('4 at 1', '50 at 2', '43 at 3', '3 at 4') }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 2 0.54 @ 102.00 GTC',
      'sell 1-3 takeProfit 3 0.46 @ 103.00 GTC',
    ],
    ['fill 1-2 0.54 @ 102.00'],
    ['fill 1-3 0.46 @ 103.00', 'quote? COINUSDT'],
  ]);
});

test('[D46] a rest of a step too small to be placed again goes with the next', () => {
  play(
    botOf({ ...TEN, ...steps('50 at 1', '50 at 2') }),
    bought(
      'sell 1-2 takeProfit 1 5.00 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 5.00 @ 102.00 GTC',
    ).concat([
      ['fill 1-2 4.97 @ 101.00'],
      // 0.03 are left of the first step.
      ['end 1-2 cancelled 4.97', 'cancel 1-3'],
      ['end 1-3 cancelled 0.00', 'sell 1-4 takeProfit 2 5.03 @ 102.00 GTC'],
      ['fill 1-4 5.03 @ 102.00', 'quote? COINUSDT'],
    ]),
  );
});

test('[D46] steps of a short buy back in parts', () => {
  const bot = botOf({ ...SHORT, ...steps('30 at 1', '70 at 2') }, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 baseOrder 10.00 @ 99.00 IOC'],
    [
      'fill 1-1 10.00 @ 100.00 fee 1 USDT',
      // 99.9 × 0.99 × 0.999 = 98.802…; 10 / 0.999 = 10.0100… → 10.02 coins, 30 % of them 3.00
      'buy 1-2 takeProfit 1 3.00 @ 98.80 GTC',
      'buy 1-3 takeProfit 2 7.02 @ 97.80 GTC',
    ],
    ['fill 1-2 3.00 @ 98.80 fee 0.003 COIN'],
    ['fill 1-3 7.02 @ 97.80 fee 0.00702 COIN', 'quote? COINUSDT'],
  ]);
});

test('[D46] steps with profit in coins return their share of the cost each', () => {
  play(
    botOf({ ...TEN, ...steps('50 at 1', '50 at 2'), profitCurrency: 'base' }),
    bought(
      // 500 / 101 = 4.9504…; the rest of the cost, 500 − 4.96 × 101 + 500 = 499.04, / 102 = 4.8925…
      'sell 1-2 takeProfit 1 4.96 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 4.90 @ 102.00 GTC',
    ).concat([['fill 1-2 4.96 @ 101.00'], ['fill 1-3 4.90 @ 102.00', 'quote? COINUSDT']]),
  );
});

test('[D47] with the first step done the ladder is over: safety orders are withdrawn', () => {
  const bot = botOf({ ...steps('50 at 1', '50 at 2') });
  play(bot, [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1 0.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 102.00 GTC',
      'buy 1-4 safetyOrder 1 1.02 @ 99.00 GTC',
      'buy 1-5 safetyOrder 2 1.03 @ 98.00 GTC',
    ],
    ['fill 1-2 0.20 @ 101.00'],
    ['fill 1-2 0.30 @ 101.00', 'cancel 1-4', 'cancel 1-5'],
    // What was bought meanwhile goes with the steps that are left.
    ['fill 1-4 1.02 @ 99.00', 'cancel 1-3'],
    ['end 1-5 cancelled 0.00'],
    // Average 99.4950…; the whole rest of 1.52
    ['end 1-3 cancelled 0.00', 'sell 1-6 takeProfit 2 1.52 @ 101.49 GTC'],
  ]);
  assert.equal(bot.deals[0]?.safetyRetries.length, 0);
});

test('[D47] what a safety order buys when all steps are done is the last step’s to close', () => {
  const bot = botOf({ ...steps('50 at 1', '50 at 2'), maxActiveSafetyOrders: 1 });
  play(bot, [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1 0.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 102.00 GTC',
      'buy 1-4 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    // The fill of the safety order is told after those of both steps, though it came before them.
    ['fill 1-2 0.50 @ 101.00', 'cancel 1-4'],
    ['fill 1-3 0.50 @ 102.00'],
    ['fill 1-4 1.02 @ 99.00', 'sell 1-5 takeProfit 2 1.02 @ 101.49 GTC'],
  ]);
  const [deal] = bot.deals;
  assert.ok(deal !== undefined);
  const view = dealView(deal);
  assert.deepEqual(
    view.takeProfits?.map(({ state, quantity }) => [state, quantity]),
    [
      ['done', '0.00'],
      ['placed', '1.02'],
    ],
  );
  assert.equal(view.takeProfit, '101.49');
  play(bot, [['fill 1-5 1.02 @ 101.49', 'quote? COINUSDT']]);
});

test('[D34] a deal waits for a timer, not for the market, while one of several steps was refused', () => {
  const bot = botOf({ ...ALONE, ...steps('50 at 1', '50 at 2') });
  const waitsFor = (): string | undefined => {
    const [deal] = bot.deals;
    return deal === undefined ? undefined : dealView(deal).waitingFor;
  };
  play(bot, [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1 0.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 102.00 GTC',
    ],
  ]);
  assert.equal(waitsFor(), 'market');
  play(bot, [['reject 1-3 exchange -2010', 'timer deal:1:takeProfit in 2s']]);
  assert.equal(waitsFor(), 'timer');
  play(bot, [['+2s timer deal:1:takeProfit', 'sell 1-4 takeProfit 2 0.50 @ 102.00 GTC']]);
  assert.equal(waitsFor(), 'market');
});

test('[D47] the rest of a last step beyond what one order may hold follows when its target is filled', () => {
  const instruments = [{ ...COIN, maxLots: quantityLots(200) }, OTHER, THIRD];
  const bot = botOf({ ...ALONE, ...steps('50 at 1', '50 at 2') }, { instruments });
  play(bot, [
    ...OPENED.slice(0, 2),
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1 0.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 102.00 GTC',
    ],
    ['fill 1-2 0.50 @ 101.00'],
    ['addFunds 1 base 2 @ 98.00', 'buy 1-4 addFunds 2.00 @ 98.00 GTC'],
    ['fill 1-4 2.00 @ 98.00', 'cancel 1-3'],
    // 300 lots entered: step 2 is to close 150 of them, and has the rest of 250.
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 2 2.00 @ 100.64 GTC'],
    ['fill 1-5 2.00 @ 100.64', 'sell 1-6 takeProfit 2 0.50 @ 100.64 GTC'],
    ['fill 1-6 0.50 @ 100.64', 'quote? COINUSDT'],
  ]);
});

const TRAILING = { ...TEN, trailingDeviation: '1' } as const;

test('[D48] a trailing take profit does not rest: past its price it follows, and sells when the price falls back', () => {
  const bot = botOf(TRAILING);
  const notes = play(bot, [
    ...bought(),
    ['quote 101.98 102.00 101.99'],
    ['quote 101.99 102.01 102.00'],
    ['quote 104.99 105.01 105.00'],
    // 105.00 × 0.99 = 103.95
    ['quote 103.95 103.97 103.96'],
    ['quote 103.94 103.96 103.95', 'quote? COINUSDT'],
    ['quote 103.90 103.92 103.91', 'sell 1-2 takeProfit 10.00 @ 102.87 IOC'],
    ['fill 1-2 10.00 @ 103.90', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['outcome'], 'completed');
  assert.equal(done?.values['reason'], 'trailing take profit');
  assert.equal(done?.values['profit'], '39');
});

test('[D48] it watches the price that concerns it next, and no other', () => {
  const bot = botOf(TRAILING);
  const watched = (): readonly number[] => [
    watchedBelow(bot, 'COINUSDT'),
    watchedAbove(bot, 'COINUSDT'),
  ];
  play(bot, bought());
  assert.deepEqual(watched(), [-1, 10_200]);
  play(bot, [['quote 101.99 102.01 102.00']]);
  assert.deepEqual(watched(), [10_098, 10_201]);
  play(bot, [['quote 104.99 105.01 105.00']]);
  assert.deepEqual(watched(), [10_395, 10_501]);
});

test('[D48] of several steps only the last trails; the others rest', () => {
  play(
    botOf({ ...TRAILING, ...steps('60 at 1', '40 at 3') }),
    bought('sell 1-2 takeProfit 1 6.00 @ 101.00 GTC').concat([
      ['fill 1-2 6.00 @ 101.00'],
      ['quote 102.99 103.01 103.00'],
      // 103.00 × 0.99 = 101.97
      ['quote 101.96 101.98 101.97', 'quote? COINUSDT'],
      ['quote 101.96 101.98 101.97', 'sell 1-3 takeProfit 4.00 @ 100.95 IOC'],
    ]),
  );
});

test('[D48] a short follows the price down and buys back when it rises', () => {
  const bot = botOf({ ...SHORT, trailingDeviation: '1' });
  play(bot, [
    ...sold(),
    ['quote 98.00 98.02 98.01'],
    ['quote 97.99 98.01 98.00'],
    ['quote 94.99 95.01 95.00'],
    // 95.00 × 1.01 = 95.95
    ['quote 95.93 95.95 95.94'],
    ['quote 95.94 95.96 95.95', 'quote? COINUSDT'],
    ['quote 95.94 95.96 95.95', 'buy 1-2 takeProfit 10.00 @ 96.91 IOC'],
  ]);
});

test('[D48] more of the position at a worse price begins the trailing anew', () => {
  const bot = botOf(TRAILING);
  play(bot, [
    ...bought(),
    ['quote 101.99 102.01 102.00'],
    ['addFunds 1 base 10', 'quote? COINUSDT'],
    ['quote 101.99 102.01 102.00', 'buy 1-2 addFunds 10.00 @ 103.03 IOC'],
    // The average is 101.00: take profit moves to 103.02, which has not been reached.
    ['fill 1-2 10.00 @ 102.00'],
  ]);
  assert.deepEqual(bot.deals[0]?.trailing, { ticks: 10_302, best: 0, trigger: 0 });
});

test('[D49] a deal may do without take profit where something else ends it', () => {
  const none = { takeProfit: undefined } as const;
  const refusal = parseSettings({ ...PLAIN, ...none });
  assert.deepEqual(refusal.ok ? [] : refusal.errors.map((error) => error.field), ['takeProfit']);
  for (const other of [
    { closeTrigger: 'signal' },
    { closeTimeoutSeconds: 60 },
    { stopLoss: '20', stopLossTrailing: true },
  ]) {
    assert.ok(parseSettings({ ...PLAIN, ...none, ...other }).ok);
  }
  const bot = botOf({ ...TEN, ...none, closeTrigger: 'signal' });
  play(bot, [
    ...bought(),
    ['close 1', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-2 close 10.00 @ 99.99 IOC'],
    ['fill 1-2 10.00 @ 101.00', 'quote? COINUSDT'],
  ]);
});

test('[D50] a stop from the average moves with it', () => {
  const bot = botOf({ stopLoss: '2.5', stopLossFrom: 'average' });
  play(bot, OPENED);
  assert.equal(watchedBelow(bot, 'COINUSDT'), 9750);
  play(bot, [
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2', 'buy 1-5 safetyOrder 3 1.04 @ 97.00 GTC'],
    // 99.4950… × 0.975 = 97.0076…
    ['quote 97.00 97.02 97.01'],
    ['quote 96.99 97.01 97.00', 'cancel 1-4', 'cancel 1-5'],
  ]);
});

test('[D50] a stop from the average must stay beyond the next safety order at each of them', () => {
  const settings = settingsOf({ stopLoss: '1.5', stopLossFrom: 'average' });
  const { safetyOrders } = previewLadder(settings, COIN, priceTicks(10_000), 0);
  // With one safety order filled the stop stands at 98.00, where the second is to buy.
  assert.equal(safetyOrders[0]?.stopLoss, '98.00262376');
});

test('[D51] a stop that waits acts only when the price has stayed beyond it', () => {
  const bot = botOf({ ...TEN, stopLoss: '5', stopLossTimeoutSeconds: 60 });
  const notes = play(bot, [
    ...bought('sell 1-2 takeProfit 10.00 @ 102.00 GTC'),
    ['quote 94.99 95.01 95.00', 'timer deal:1:stopLoss in 60s'],
    ['+30s quote 94.00 94.02 94.01'],
    ['+20s quote 95.00 95.02 95.01'],
    ['+10s timer deal:1:stopLoss'],
    ['quote 94.00 94.02 94.01', 'timer deal:1:stopLoss in 60s'],
    ['+59s timer deal:1:stopLoss'],
    ['+1s timer deal:1:stopLoss', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.01', 'sell 1-3 stopLoss 10.00 @ 92.07 IOC'],
  ]);
  assert.deepEqual(
    notes.filter(({ note }) => note.kind.startsWith('stop')).map(({ note }) => note.kind),
    ['stopBreached', 'stopRecovered', 'stopBreached', 'stopLossTimedOut'],
  );
});

test('[D51] coins that come after everything was sold begin the wait of their own', () => {
  const bot = botOf({ stopLoss: '3.1', stopLossTimeoutSeconds: 60 });
  play(bot, [
    ...OPENED,
    ['quote 96.88 96.90 96.89', 'timer deal:1:stopLoss in 60s'],
    ['fill 1-2 1.00 @ 102.00', 'cancel 1-3', 'cancel 1-4'],
    ['+60s timer deal:1:stopLoss'],
    ['fill 1-3 1.02 @ 99.00'],
    ['end 1-4 cancelled 0.00', 'sell 1-5 takeProfit 1.02 @ 101.49 GTC'],
    ['quote 96.88 96.90 96.89', 'timer deal:1:stopLoss in 60s'],
    ['+60s timer deal:1:stopLoss', 'cancel 1-5'],
  ]);
});

test('[D51] while it waits it watches for the price to come back', () => {
  const bot = botOf({ ...TEN, stopLoss: '5', stopLossTimeoutSeconds: 60 });
  play(bot, [
    ...bought('sell 1-2 takeProfit 10.00 @ 102.00 GTC'),
    ['quote 94.99 95.01 95.00', 'timer deal:1:stopLoss in 60s'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 9501);
  const short = botOf({ ...SHORT, stopLoss: '5', stopLossTimeoutSeconds: 60 });
  play(short, [
    ...sold('buy 1-2 takeProfit 10.00 @ 98.00 GTC'),
    ['quote 104.99 105.01 105.00', 'timer deal:1:stopLoss in 60s'],
    ['+10s quote 104.97 104.99 104.98'],
  ]);
  assert.equal(watchedAbove(short, 'COINUSDT'), 10_500);
});

test('[D52] a trailing stop follows the best price and never goes back', () => {
  const bot = botOf({ ...TEN, takeProfit: '50', stopLoss: '5', stopLossTrailing: true });
  play(bot, [
    ...bought('sell 1-2 takeProfit 10.00 @ 150.00 GTC'),
    ['quote 109.99 110.01 110.00'],
    ['quote 107.00 107.02 107.00'],
    // 110.00 × 0.95 = 104.50
    ['quote 104.50 104.52 104.51'],
    ['quote 104.49 104.51 104.50', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 104.00 104.02 104.00', 'sell 1-3 stopLoss 10.00 @ 102.96 IOC'],
  ]);
  const short = botOf({ ...SHORT, takeProfit: '50', stopLoss: '5', stopLossTrailing: true });
  play(short, [
    ...sold('buy 1-2 takeProfit 10.00 @ 50.00 GTC'),
    ['quote 89.99 90.01 90.00'],
    // 90.00 × 1.05 = 94.50
    ['quote 94.48 94.50 94.49'],
    ['quote 94.49 94.51 94.50', 'cancel 1-2'],
  ]);
});

test('[D52] it is shown where it stands', () => {
  const bot = botOf({ ...TEN, takeProfit: '50', stopLoss: '5', stopLossTrailing: true });
  play(bot, [...bought('sell 1-2 takeProfit 10.00 @ 150.00 GTC'), ['quote 109.99 110.01 110.00']]);
  assert.equal(stopOf(bot), '104.50');
  assert.equal(watchedBelow(bot, 'COINUSDT'), 10_450);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 11_001);
});

test('[D53] filled steps move the stop to break-even, then to the price of the first and second step', () => {
  const four = steps('25 at 1', '25 at 2', '25 at 3', '25 at 4');
  const bot = botOf(
    { ...TEN, ...four, stopLoss: '5', stopLossMove: 'secondStep' },
    { feeRatePpm: 1000 },
  );
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 10.00 @ 101.00 IOC'],
    [
      'fill 1-1 10.00 @ 100.00 fee 1 USDT',
      // 100.1 × 1.01 / 0.999 = 101.2022…, and so on
      'sell 1-2 takeProfit 1 2.50 @ 101.21 GTC',
      'sell 1-3 takeProfit 2 2.50 @ 102.21 GTC',
      'sell 1-4 takeProfit 3 2.50 @ 103.21 GTC',
      'sell 1-5 takeProfit 4 2.50 @ 104.21 GTC',
    ],
  ]);
  assert.equal(stopOf(bot), '95.09');
  play(bot, [['fill 1-2 2.50 @ 101.21']]);
  // 100.1 / 0.999 = 100.2002…
  assert.equal(stopOf(bot), '100.20');
  play(bot, [['fill 1-3 2.50 @ 102.21']]);
  assert.equal(stopOf(bot), '101.21');
  const notes = play(bot, [
    ['fill 1-4 2.50 @ 103.21'],
    ['quote 102.20 102.22 102.21', 'cancel 1-5'],
  ]);
  assert.equal(
    notes.find(({ note }) => note.kind === 'stopMoved')?.note.values['stopLoss'],
    '102.21',
  );
});

test('[D53] it moves no further than it was set to', () => {
  const bot = botOf({
    ...TEN,
    ...steps('25 at 1', '25 at 2', '50 at 3'),
    stopLoss: '5',
    stopLossMove: 'breakEven',
  });
  play(bot, [
    ...bought(
      'sell 1-2 takeProfit 1 2.50 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 2.50 @ 102.00 GTC',
      'sell 1-4 takeProfit 3 5.00 @ 103.00 GTC',
    ),
    ['fill 1-2 2.50 @ 101.00'],
    ['fill 1-3 2.50 @ 102.00'],
  ]);
  assert.equal(stopOf(bot), '100.00');
  const short = botOf({
    ...SHORT,
    ...steps('50 at 1', '50 at 2'),
    stopLoss: '5',
    stopLossMove: 'breakEven',
  });
  play(short, [
    ...sold('buy 1-2 takeProfit 1 5.00 @ 99.00 GTC', 'buy 1-3 takeProfit 2 5.00 @ 98.00 GTC'),
    ['fill 1-2 5.00 @ 99.00'],
    ['quote 99.98 100.00 99.99'],
    ['quote 99.99 100.01 100.00', 'cancel 1-3'],
  ]);
});

test('[D54] a stop loss may stop the bot as well', () => {
  const bot = botOf({ ...TEN, stopLoss: '5', stopLossAction: 'closeDealAndStopBot' });
  const notes = play(bot, [
    ...bought('sell 1-2 takeProfit 10.00 @ 102.00 GTC'),
    ['quote 94.99 95.01 95.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.99 95.01 95.00', 'sell 1-3 stopLoss 10.00 @ 94.05 IOC'],
    ['fill 1-3 10.00 @ 94.99'],
    ['quote 94.99 95.01 95.00'],
  ]);
  assert.equal(bot.isRunning, false);
  assert.equal(notes.at(-1)?.note.kind, 'botStopped');
});

test('[D55] a deal that has run for long enough is closed at market', () => {
  const bot = botOf({ ...TEN, closeTimeoutSeconds: 600 });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 baseOrder 10.00 @ 101.00 IOC',
      'timer deal:1:closeTimeout in 600s',
    ],
    ['fill 1-1 10.00 @ 100.00', 'sell 1-2 takeProfit 10.00 @ 102.00 GTC'],
    ['+599s timer deal:1:closeTimeout'],
    ['+1s timer deal:1:closeTimeout', 'cancel 1-2'],
    ['timer deal:1:closeTimeout'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.00 99.02 99.00', 'sell 1-3 close 10.00 @ 98.01 IOC'],
    ['fill 1-3 10.00 @ 99.00', 'quote? COINUSDT'],
  ]);
  const done = notes.findLast(({ note }) => note.kind === 'dealCompleted')?.note;
  assert.equal(done?.values['outcome'], 'closed');
  assert.equal(done?.values['reason'], 'close timeout');
});

test('[D55] before anything was bought it is cancelled', () => {
  const bot = botOf({ ...TEN, baseOrderType: 'limit', closeTimeoutSeconds: 60 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 baseOrder 10.01 @ 99.99 GTC',
      'timer deal:1:baseOrder in 300s',
      'timer deal:1:closeTimeout in 60s',
    ],
    ['+60s timer deal:1:closeTimeout', 'cancel 1-1'],
    ['end 1-1 cancelled 0.00', 'quote? COINUSDT'],
  ]);
});

function stopOf(bot: DcaBotState): string {
  const [deal] = bot.deals;
  return deal === undefined ? '' : dealView(deal).stopLoss;
}
