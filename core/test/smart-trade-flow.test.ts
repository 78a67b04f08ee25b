// SPDX-License-Identifier: Apache-2.0
// The life of a smart trade, event by event: what comes in on the left, what the trade wants done after it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import { dealView, encodeJournal, step, watchedAbove, watchedBelow } from '../src/index.ts';
import { eventOf, play } from './deal-script.ts';
import { BOUGHT, percent, price, tradeBot, tradeSettings } from './trade-script.ts';

const NO_EXITS = { takeProfit: [], stopLoss: undefined };

test('[P4] a started trade asks for one quote, opens on it, and has no second deal', () => {
  const bot = tradeBot();
  play(bot, [
    ['quote 99.99 100.00 100.00'],
    ['start', 'quote? COINUSDT'],
    ['start'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['stop'],
    ['start'],
  ]);
  assert.equal(bot.deals.length, 1);
});

test('[P4] a trade that is stopped before its quote came opens when it is started again', () => {
  play(tradeBot(), [
    ['start', 'quote? COINUSDT'],
    ['stop'],
    ['quote 99.99 100.00 100.00'],
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ]);
});

test('[P4] the bot stops when its deal has ended, and never opens another', () => {
  const bot = tradeBot();
  play(bot, [
    ...BOUGHT,
    ['close 1', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-4 close 2.00 @ 99.00 IOC'],
    ['fill 1-4 2.00 @ 99.99'],
    ['start'],
  ]);
  assert.equal(bot.isRunning, false);
  assert.equal(bot.endedCount, 1);
});

test('[P5] a market entry is an IOC order within slippage; an amount in quote is rounded up to a lot', () => {
  play(tradeBot({ size: { kind: 'quote', amount: '100' }, maxSlippage: '0.5' }), [
    ['start', 'quote? COINUSDT'],
    // 100 / 30.17 = 3.3145…; 30.17 × 1.005 = 30.32085
    ['quote 30.16 30.17 30.17', 'buy 1-1 entry 1 3.32 @ 30.32 IOC'],
  ]);
});

test('[P5] a quantity is rounded down to a lot, a share of the balance too, at the limit price', () => {
  play(tradeBot({ size: { kind: 'base', quantity: '2.019' } }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.01 @ 101.00 IOC'],
  ]);
  play(tradeBot({ size: { kind: 'balance', percent: '50' } }), [
    ['start', 'quote? COINUSDT'],
    // Half of 1000.50 pays for 4.9529… at 101.00.
    ['quote 99.99 100.00 100.00 funds 0 1000.50', 'buy 1-1 entry 1 4.95 @ 101.00 IOC'],
  ]);
});

test('[P5] a share of the balance waits until the balance is known', () => {
  const notes = play(tradeBot({ size: { kind: 'balance', percent: '100' } }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'timer start:COINUSDT in 30s'],
    ['+30s timer start:COINUSDT', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'timer start:COINUSDT in 60s'],
    ['+60s timer start:COINUSDT', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 0 1000', 'buy 1-1 entry 1 9.90 @ 101.00 IOC'],
  ]);
  assert.equal(notes[0]?.note.values['reason'], 'the free balance is not known');
});

test('[P6] a limit entry rests; percent count from where it would just rest', () => {
  play(tradeBot({ entries: [{ order: 'limit', price: price('98.50') }] }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'buy 1-1 entry 1 2.00 @ 98.50 GTC'],
  ]);
  play(tradeBot({ entries: [{ order: 'limit', price: percent('1') }] }), [
    ['start', 'quote? COINUSDT'],
    // 99.99 × 0.99 = 98.9901
    ['quote 99.99 100.01 100.00', 'buy 1-1 entry 1 2.00 @ 98.99 GTC'],
  ]);
  play(tradeBot({ type: 'short', entries: [{ order: 'limit', price: percent('0') }] }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-1 entry 1 2.00 @ 100.01 GTC'],
  ]);
});

test('[P6] a limit entry that rests too long is taken back, and what it got is kept', () => {
  const entries = [{ order: 'limit', price: price('99.00'), waitSeconds: 60 }];
  play(tradeBot({ entries }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.01 100.00',
      'buy 1-1 entry 1 2.00 @ 99.00 GTC',
      'timer deal:1:entry1Wait in 60s',
    ],
    ['+59s timer deal:1:entry1Wait'],
    ['fill 1-1 1.00 @ 99.00', 'timer deal:1:refit in 5s'],
    ['+1s timer deal:1:entry1Wait', 'cancel 1-1'],
    [
      'end 1-1 cancelled 1.00',
      'sell 1-2 takeProfit 1 0.50 @ 103.95 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 108.90 GTC',
    ],
  ]);
  const bot = tradeBot({ entries });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.01 100.00',
      'buy 1-1 entry 1 2.00 @ 99.00 GTC',
      'timer deal:1:entry1Wait in 60s',
    ],
    ['+60s timer deal:1:entry1Wait', 'cancel 1-1'],
    ['end 1-1 cancelled 0.00'],
  ]);
  assert.equal(
    bot.endedDeals[0]?.phase.kind === 'ended' && bot.endedDeals[0].phase.outcome,
    'cancelled',
  );
});

test('[P7] a conditional entry waits for its price and goes out at the market', () => {
  const entries = [{ order: 'market', trigger: { price: price('95.00') } }];
  const bot = tradeBot({ entries });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 95.00 95.01 94.00'],
    // The ask of a buy decides, not the last price.
    ['quote 94.98 95.00 96.00', 'buy 1-1 entry 1 2.00 @ 95.95 IOC'],
  ]);
});

test('[P7] `reaches` comes from the side of the start; sources can be chosen', () => {
  const above = [{ order: 'market', trigger: { price: price('105.00'), source: 'last' } }];
  play(tradeBot({ entries: above }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 105.00 105.01 104.99'],
    ['quote 104.00 104.01 105.00', 'buy 1-1 entry 1 2.00 @ 105.05 IOC'],
  ]);
  const below = [
    { order: 'market', trigger: { price: price('105.00'), when: 'atOrBelow', source: 'bid' } },
  ];
  play(tradeBot({ entries: below }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ]);
});

test('[P7] a limit order may follow the trigger', () => {
  const entries = [{ order: 'limit', price: price('95.50'), trigger: { price: percent('5') } }];
  play(tradeBot({ entries }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 94.98 95.01 95.00'],
    ['quote 94.98 95.00 95.00', 'buy 1-1 entry 1 2.00 @ 95.50 GTC'],
  ]);
});

test('[P8] a trailing entry follows the best price and goes out when it has turned', () => {
  const entries = [{ order: 'market', trigger: { price: price('95.00'), trailing: '1' } }];
  const bot = tradeBot({ entries });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 94.99 95.00 95.00'],
    ['quote 89.99 90.00 90.00'],
    ['quote 89.99 90.00 90.00'],
    // 90.00 × 1.01 = 90.90
    ['quote 90.88 90.89 90.90'],
    ['quote 90.89 90.90 90.90', 'buy 1-1 entry 1 2.00 @ 91.80 IOC'],
  ]);
  const short = tradeBot({
    type: 'short',
    entries: [{ order: 'market', trigger: { price: price('105.00'), trailing: '1' } }],
  });
  play(short, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 105.00 105.01 105.00'],
    ['quote 110.00 110.01 110.00'],
    // 110.00 × 0.99 = 108.90
    ['quote 108.91 108.92 108.90'],
    ['quote 108.90 108.91 108.91', 'sell 1-1 entry 1 2.00 @ 107.82 IOC'],
  ]);
});

test('[P9] entries share the size; of lots the last one takes the remainder', () => {
  const entries = [
    { order: 'market', share: '33' },
    { order: 'limit', price: price('95.00'), share: '33' },
    { order: 'limit', price: price('90.00'), share: '34' },
  ];
  play(tradeBot({ entries, stopLoss: undefined, size: { kind: 'base', quantity: '2.02' } }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 0.66 @ 101.00 IOC',
      'buy 1-2 entry 2 0.66 @ 95.00 GTC',
      'buy 1-3 entry 3 0.70 @ 90.00 GTC',
    ],
  ]);
  play(tradeBot({ entries, stopLoss: undefined, size: { kind: 'quote', amount: '300' } }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 0.99 @ 101.00 IOC',
      // 99 / 95 = 1.0421…; 102 / 90 = 1.1333…
      'buy 1-2 entry 2 1.05 @ 95.00 GTC',
      'buy 1-3 entry 3 1.14 @ 90.00 GTC',
    ],
  ]);
});

test('[P10] take-profit steps share the position in whole lots, the last one takes the remainder', () => {
  const takeProfit = [
    { price: percent('1'), share: '40' },
    { price: percent('2'), share: '50' },
    { price: percent('3'), share: '10' },
  ];
  play(tradeBot({ takeProfit, size: { kind: 'base', quantity: '3.24' } }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 3.24 @ 101.00 IOC'],
    [
      'fill 1-1 3.24 @ 100.00',
      'sell 1-2 takeProfit 1 1.29 @ 101.00 GTC',
      'sell 1-3 takeProfit 2 1.62 @ 102.00 GTC',
      'sell 1-4 takeProfit 3 0.33 @ 103.00 GTC',
    ],
  ]);
});

test('[P10] percent are profit after both fees, prices are rounded to the better tick', () => {
  const takeProfit = [
    { price: percent('2'), share: '50' },
    { price: price('107.33'), share: '50' },
  ];
  play(tradeBot({ takeProfit }, { feeRatePpm: 1000 }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    [
      'fill 1-1 2.00 @ 100.00 fee 0.002 COIN',
      // 200 / 1.998 × 1.02 / 0.999 = 102.20…; 1.998 coins are 1.99 in whole lots.
      'sell 1-2 takeProfit 1 0.99 @ 102.21 GTC',
      'sell 1-3 takeProfit 2 1.00 @ 107.33 GTC',
    ],
  ]);
});

test('[P10] when the last step has filled the trade is complete, and the dust is told', () => {
  const bot = tradeBot({}, { feeRatePpm: 1000 });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    [
      'fill 1-1 2.00 @ 100.00 fee 0.002 COIN',
      'sell 1-2 takeProfit 1 0.99 @ 105.22 GTC',
      'sell 1-3 takeProfit 2 1.00 @ 110.23 GTC',
    ],
    ['fill 1-2 0.99 @ 105.22 fee 0.1041678 USDT'],
    ['fill 1-3 1.00 @ 110.23 fee 0.11023 USDT'],
  ]);
  const last = notes.at(-1)?.note;
  assert.equal(last?.kind, 'dealCompleted');
  assert.equal(last?.values['outcome'], 'completed');
  assert.equal(last?.values['kept'], '0.008');
});

test('[P11] a step that the venue would refuse goes with the next one, the last one with the one before', () => {
  const takeProfit = [
    { price: percent('1'), share: '4' },
    { price: percent('2'), share: '92' },
    { price: percent('3'), share: '4' },
  ];
  play(tradeBot({ takeProfit, size: { kind: 'base', quantity: '1' } }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 101.00 IOC'],
    // 0.04 coins are worth 4: the venue wants 5.
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 2 1.00 @ 102.00 GTC'],
  ]);
});

test('[P12] an entry that fills in parts moves the exits when it is done, or five seconds after the first', () => {
  const entries = [{ order: 'limit', price: price('99.00') }];
  play(tradeBot({ entries, stopLoss: undefined }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'buy 1-1 entry 1 2.00 @ 99.00 GTC'],
    ['fill 1-1 0.50 @ 99.00', 'timer deal:1:refit in 5s'],
    ['+2s fill 1-1 0.50 @ 99.00'],
    [
      '+3s timer deal:1:refit',
      'sell 1-2 takeProfit 1 0.50 @ 103.95 GTC',
      'sell 1-3 takeProfit 2 0.50 @ 108.90 GTC',
    ],
    ['fill 1-1 1.00 @ 99.00', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 1 1.00 @ 103.95 GTC'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 2 1.00 @ 108.90 GTC'],
  ]);
});

test('[P12] a step that has filled stays filled: what comes later goes to the steps that are left', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('90.00'), share: '50' },
  ];
  play(tradeBot({ entries, stopLoss: undefined }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 1.00 @ 90.00 GTC',
    ],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-3 takeProfit 1 0.50 @ 105.00 GTC',
      'sell 1-4 takeProfit 2 0.50 @ 110.00 GTC',
    ],
    ['fill 1-3 0.50 @ 105.00'],
    // Average (100 + 90) / 2 = 95; 95 × 1.10 = 104.50
    ['fill 1-2 1.00 @ 90.00', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'sell 1-5 takeProfit 2 1.50 @ 104.50 GTC'],
  ]);
});

test('[P13] entries that still wait are taken back when everything is sold; late coins get the last step again', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('90.00'), share: '50' },
  ];
  const bot = tradeBot({ entries, stopLoss: undefined });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 1.00 @ 90.00 GTC',
    ],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-3 takeProfit 1 0.50 @ 105.00 GTC',
      'sell 1-4 takeProfit 2 0.50 @ 110.00 GTC',
    ],
    ['fill 1-3 0.50 @ 105.00'],
    ['fill 1-4 0.50 @ 110.00', 'cancel 1-2'],
    // (100 + 0.40 × 90) / 1.40 × 1.10 = 106.857…
    ['fill 1-2 0.40 @ 90.00', 'timer deal:1:refit in 5s'],
    ['end 1-2 cancelled 0.40', 'sell 1-5 takeProfit 2 0.40 @ 106.86 GTC'],
    ['fill 1-5 0.40 @ 106.86'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P14] a market step trades at once when its price is reached', () => {
  const takeProfit = [
    { price: price('105.00'), order: 'market', share: '50' },
    { price: price('110.00'), order: 'market', share: '50', source: 'last' },
  ];
  play(tradeBot({ takeProfit, stopLoss: undefined }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 104.99 105.01 105.00'],
    ['quote 105.00 105.02 105.00', 'sell 1-2 takeProfit 1 1.00 @ 103.95 IOC'],
    ['fill 1-2 1.00 @ 105.00'],
    ['quote 110.00 110.02 109.99'],
    ['quote 109.00 109.02 110.00', 'sell 1-3 takeProfit 2 1.00 @ 107.91 IOC'],
    ['fill 1-3 1.00 @ 109.00'],
  ]);
});

test('[P15] a trailing step follows the best price and trades when it has turned', () => {
  const takeProfit = [
    { price: price('105.00'), share: '50' },
    { price: price('110.00'), order: 'market', share: '50', trailing: '2' },
  ];
  const bot = tradeBot({ takeProfit, stopLoss: undefined });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00', 'sell 1-2 takeProfit 1 1.00 @ 105.00 GTC'],
    ['fill 1-2 1.00 @ 105.00'],
    ['quote 110.00 110.02 110.00'],
    ['quote 120.00 120.02 120.00'],
    // 120.00 × 0.98 = 117.60
    ['quote 117.61 117.63 117.60'],
    ['quote 117.60 117.62 117.60', 'sell 1-3 takeProfit 2 1.00 @ 116.43 IOC'],
    ['fill 1-3 1.00 @ 117.60'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P16] the take profit rests, the stop is held by the desk: cancel, wait for the fills, sell the rest', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...BOUGHT,
    ['quote 95.01 95.02 90.00'],
    // The bid of a sell decides.
    ['quote 95.00 95.02 96.00', 'cancel 1-2', 'cancel 1-3'],
    // A part was sold before the cancel arrived.
    ['fill 1-2 0.40 @ 105.00'],
    ['end 1-2 cancelled 0.40'],
    ['quote 94.00 94.02 94.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    // The price has gapped meanwhile: what is left is sold where the market is.
    ['quote 80.00 80.02 80.00', 'sell 1-4 stopLoss 1.60 @ 79.20 IOC'],
    ['fill 1-4 1.60 @ 80.00'],
  ]);
  assert.equal(notes.at(-1)?.note.values['outcome'], 'stopLoss');
  assert.equal(notes.at(-1)?.note.values['reason'], 'stop loss');
});

test('[P16] a take profit that was faster than the stop completes the trade', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...BOUGHT,
    ['quote 95.00 95.02 95.00', 'cancel 1-2', 'cancel 1-3'],
    ['fill 1-2 1.00 @ 105.00'],
    ['fill 1-3 1.00 @ 110.00'],
  ]);
  assert.equal(notes.at(-1)?.note.values['outcome'], 'completed');
});

test('[P16] without orders in the way the stop sells on the quote that triggered it', () => {
  const takeProfit = [{ price: percent('5'), order: 'market' }];
  play(tradeBot({ takeProfit }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 95.00 95.02 95.00', 'sell 1-2 stopLoss 2.00 @ 94.05 IOC'],
    ['fill 1-2 2.00 @ 95.00'],
  ]);
});

test('[P16] entries that wait end with the stop', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('98.00'), share: '25' },
    { order: 'market', trigger: { price: price('97.00') }, share: '25' },
  ];
  const bot = tradeBot({ entries, takeProfit: [] });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 0.50 @ 98.00 GTC',
    ],
    ['fill 1-1 1.00 @ 100.00'],
    ['quote 95.00 95.02 95.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.00 94.02 94.00', 'sell 1-3 stopLoss 1.00 @ 93.06 IOC'],
    ['fill 1-3 1.00 @ 94.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P17] a percentage counts from the average and moves with it, a price stands', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('90.00'), share: '50' },
  ];
  const rows = [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 1.00 @ 90.00 GTC',
    ],
    ['fill 1-1 1.00 @ 100.00'],
  ] as const;
  const moving = tradeBot({ entries, takeProfit: [], stopLoss: { price: percent('12') } });
  play(moving, [...rows]);
  assert.equal(moving.deals[0]?.stop.ticks, 8_800);
  play(moving, [['fill 1-2 1.00 @ 90.00']]);
  assert.equal(moving.deals[0]?.stop.ticks, 8_360);
  const standing = tradeBot({ entries, takeProfit: [], stopLoss: { price: price('85.00') } });
  play(standing, [...rows, ['fill 1-2 1.00 @ 90.00']]);
  assert.equal(standing.deals[0]?.stop.ticks, 8_500);
});

test('[P18] a trailing stop follows the best price and never goes back', () => {
  const bot = tradeBot({ stopLoss: { price: percent('5'), trailing: '5' }, takeProfit: [] });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 99.00 99.02 99.00'],
    ['quote 110.00 110.02 110.00'],
    ['quote 105.00 105.02 105.00'],
    // 110.00 × 0.95 = 104.50
    ['quote 104.51 104.52 104.50'],
    ['quote 104.50 104.52 104.50', 'sell 1-2 stopLoss 2.00 @ 103.46 IOC'],
  ]);
});

test('[P19] with a timeout the price must stay beyond the stop', () => {
  const bot = tradeBot({ stopLoss: { price: percent('5'), timeoutSeconds: 60 }, takeProfit: [] });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 95.00 95.02 95.00', 'timer deal:1:stopLoss in 60s'],
    ['+30s quote 95.01 95.02 95.01'],
    ['+30s timer deal:1:stopLoss'],
    ['quote 94.00 94.02 94.00', 'timer deal:1:stopLoss in 60s'],
    ['+10s quote 93.00 93.02 93.00'],
    ['+50s timer deal:1:stopLoss', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.00', 'sell 1-2 stopLoss 2.00 @ 92.07 IOC'],
  ]);
});

test('[P20] the stop moves to break-even when the first step has filled', () => {
  const bot = tradeBot(
    { stopLoss: { price: percent('5'), breakEven: true } },
    { feeRatePpm: 1000 },
  );
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    [
      'fill 1-1 2.00 @ 100.00 fee 0.002 COIN',
      'sell 1-2 takeProfit 1 0.99 @ 105.22 GTC',
      'sell 1-3 takeProfit 2 1.00 @ 110.23 GTC',
    ],
    ['fill 1-2 0.50 @ 105.22'],
    ['quote 100.01 100.03 100.02'],
    ['fill 1-2 0.49 @ 105.22'],
    // 100.1001… / 0.999 = 100.2003
    ['quote 100.21 100.23 100.22'],
    ['quote 100.20 100.22 100.21', 'cancel 1-3'],
  ]);
  assert.ok(notes.some(({ note }) => note.kind === 'stopMoved'));
});

test('[P20] a step that a person closed moves no stop', () => {
  play(tradeBot({ stopLoss: { price: percent('5'), breakEven: true } }), [
    ...BOUGHT,
    ['closeStep 1 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 98.00 98.02 98.00', 'sell 1-4 close 1 1.00 @ 97.02 IOC'],
    ['fill 1-4 1.00 @ 98.00'],
    ['quote 97.00 97.02 97.00'],
  ]);
});

test('[P21] a limit stop rests at its limit once it was triggered; a person may still close at the market', () => {
  const stopLoss = { price: price('95.00'), order: 'limit', limit: percent('1') };
  const bot = tradeBot({ stopLoss });
  play(bot, [
    ...BOUGHT,
    ['quote 95.00 95.02 95.00', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    // 95.00 × 0.99 = 94.05
    ['end 1-3 cancelled 0.00', 'sell 1-4 stopLoss 2.00 @ 94.05 GTC'],
    ['accept 1-4'],
    ['fill 1-4 0.50 @ 94.05'],
    ['quote 90.00 90.02 90.00'],
    ['end 1-4 cancelled 0.50', 'sell 1-5 stopLoss 1.50 @ 94.05 GTC'],
    ['close 1', 'cancel 1-5'],
    ['end 1-5 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 90.00 90.02 90.00', 'sell 1-6 close 1.50 @ 89.10 IOC'],
    ['fill 1-6 1.50 @ 90.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P22] a trade of coins held sells what is given, and profit counts from its cost', () => {
  const held = { quantity: '2', price: '80.125' };
  const bot = tradeBot({ type: 'sellHeld', entries: undefined, size: undefined, held });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      // 80.125 × 1.05 = 84.13125, 80.125 × 1.10 = 88.1375
      'sell 1-1 takeProfit 1 1.00 @ 84.14 GTC',
      'sell 1-2 takeProfit 2 1.00 @ 88.14 GTC',
    ],
    ['fill 1-1 1.00 @ 99.99'],
    ['fill 1-2 1.00 @ 99.99'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal !== undefined);
  const view = dealView(deal);
  assert.equal(view.cost, '160.25');
  assert.equal(view.realisedProfit, '39.73');
});

test('[P22] coins that were sold before are bought back, and a stop guards them above', () => {
  const held = { quantity: '2', price: '100' };
  const bot = tradeBot({ type: 'buyBack', entries: undefined, size: undefined, held });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 takeProfit 1 1.00 @ 95.00 GTC',
      'buy 1-2 takeProfit 2 1.00 @ 90.00 GTC',
    ],
    ['fill 1-1 1.00 @ 95.00'],
    ['quote 104.98 104.99 110.00'],
    ['quote 104.98 105.00 105.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 105.98 106.00 106.00', 'buy 1-3 stopLoss 1.00 @ 107.06 IOC'],
    ['fill 1-3 1.00 @ 106.00'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal !== undefined);
  assert.equal(dealView(deal).realisedProfit, '-1');
});

test('[P23] a short trade is the mirror of a long one', () => {
  const bot = tradeBot({ type: 'short' }, { feeRatePpm: 1000 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.00', 'sell 1-1 entry 1 2.00 @ 99.00 IOC'],
    [
      'fill 1-1 2.00 @ 100.00 fee 0.2 USDT',
      // 99.9 × 0.95 × 0.999 = 94.81…, 99.9 × 0.90 × 0.999 = 89.82…; 2 / 0.999 coins give back 2.
      'buy 1-2 takeProfit 1 1.00 @ 94.81 GTC',
      'buy 1-3 takeProfit 2 1.01 @ 89.82 GTC',
    ],
    ['fill 1-2 1.00 @ 94.81 fee 0.001 COIN'],
    // 99.9 × 1.05 = 104.895
    ['quote 104.88 104.89 104.90'],
    ['quote 104.88 104.90 104.90', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 104.98 105.00 105.00', 'buy 1-4 stopLoss 1.01 @ 106.05 IOC'],
    ['fill 1-4 1.01 @ 105.00 fee 0.00101 COIN'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal?.phase.kind === 'ended');
  assert.equal(deal.phase.outcome, 'stopLoss');
});

test('[P24] a trade that only buys or sells ends with its entry', () => {
  const bot = tradeBot({ type: 'buy', ...NO_EXITS });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal?.phase.kind === 'ended');
  assert.deepEqual([deal.phase.outcome, deal.phase.reason], ['completed', 'bought']);
  assert.equal(dealView(deal).realisedProfit, '0');
  play(tradeBot({ type: 'sell', ...NO_EXITS }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-1 entry 1 2.00 @ 99.00 IOC'],
  ]);
});

test('[P24] without take profit and stop loss a position is kept until a person closes it', () => {
  const bot = tradeBot(NO_EXITS);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 1.00 1.02 1.00'],
    ['quote 999.00 999.02 999.00'],
    ['close 1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'sell 1-2 close 2.00 @ 99.00 IOC'],
    ['fill 1-2 2.00 @ 99.99'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P37] quotes that concern nobody change nothing: between the two watched prices', () => {
  const bot = tradeBot({ takeProfit: [{ price: price('105.00'), order: 'market' }] });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), -1);
  play(bot, [['fill 1-1 2.00 @ 100.00']]);
  assert.equal(watchedBelow(bot, 'COINUSDT'), 9_500);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 10_500);
  const before = encodeJournal(bot);
  assert.equal(step(bot, eventOf('quote 95.01 104.99 104.99', 1)).length, 0);
  assert.equal(encodeJournal(bot), before);
});

test('[P3] the type says which way a trade goes and whether it closes what it opens', () => {
  const settings = tradeSettings();
  assert.equal(settings.type, 'long');
});
