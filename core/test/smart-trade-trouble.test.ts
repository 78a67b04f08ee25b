// SPDX-License-Identifier: Apache-2.0
// A smart trade in trouble: refused, lost and cancelled orders, missing money, dust, and the desk's risk states.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  createBot,
  encodeJournal,
  priceTicks,
  quantityLots,
  step,
  type Instrument,
} from '../src/index.ts';
import { COIN, eventOf, play, type Row } from './deal-script.ts';
import { BOUGHT, percent, price, tradeBot, tradeSettings } from './trade-script.ts';

const LIMIT = { entries: [{ order: 'limit', price: price('97.00') }] };
const LIMIT_OPENED: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 97.00 GTC'],
];
const MARKET_OPENED: readonly Row[] = [
  ['start', 'quote? COINUSDT'],
  ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
];

test('[P32] a refused entry is tried again after 30, 60 and 120 seconds, then given up', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...MARKET_OPENED,
    ['reject 1-1 exchange -1013', 'timer deal:1:entry1 in 30s'],
    ['+29s timer deal:1:entry1'],
    ['+1s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-2 entry 1 2.00 @ 101.00 IOC'],
    ['reject 1-2 exchange -1013', 'timer deal:1:entry1 in 60s'],
    ['+60s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-3 entry 1 2.00 @ 101.00 IOC'],
    ['reject 1-3 exchange -1013', 'timer deal:1:entry1 in 120s'],
    ['+120s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-4 entry 1 2.00 @ 101.00 IOC'],
    ['reject 1-4 exchange -1013'],
  ]);
  assert.equal(notes.at(-1)?.note.kind, 'dealFailed');
  assert.equal(notes.at(-1)?.note.values['reason'], 'no entry was filled');
  assert.equal(bot.isRunning, false);
});

test('[P32] an entry that never arrived is placed at once, three times in a row', () => {
  play(tradeBot(LIMIT), [
    ...LIMIT_OPENED,
    ['reject 1-1 desk absent', 'buy 1-2 entry 1 2.00 @ 97.00 GTC'],
    ['reject 1-2 desk absent', 'buy 1-3 entry 1 2.00 @ 97.00 GTC'],
    ['reject 1-3 desk absent', 'timer deal:1:entry1 in 30s'],
  ]);
});

test('[P32] a limit entry that someone else cancels is placed again with what is left of it', () => {
  play(tradeBot(LIMIT), [
    ...LIMIT_OPENED,
    ['fill 1-1 0.50 @ 97.00', 'timer deal:1:refit in 5s'],
    [
      'end 1-1 cancelled 0.50',
      'buy 1-2 entry 1 1.50 @ 97.00 GTC',
      'sell 1-3 takeProfit 1 0.25 @ 101.85 GTC',
      'sell 1-4 takeProfit 2 0.25 @ 106.70 GTC',
    ],
    ['end 1-2 cancelled 0.00', 'timer deal:1:entry1 in 30s'],
    ['+30s timer deal:1:entry1', 'buy 1-5 entry 1 1.50 @ 97.00 GTC'],
  ]);
});

test('[P32] a market entry that was not taken whole is tried again at new quotes, then goes on with what it got', () => {
  const bot = tradeBot({ takeProfit: [], stopLoss: undefined });
  const notes = play(bot, [
    ...MARKET_OPENED,
    ['fill 1-1 1.90 @ 100.00', 'timer deal:1:refit in 5s'],
    ['end 1-1 expired 1.90', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-2 entry 1 0.10 @ 101.00 IOC'],
    ['fill 1-2 0.06 @ 100.00', 'timer deal:1:refit in 5s'],
    ['end 1-2 expired 0.06', 'quote? COINUSDT'],
    // 0.04 coins are worth less than the venue takes.
    ['quote 99.99 100.00 100.00'],
  ]);
  const ended = notes.find(({ note }) => note.kind === 'entryEnded')?.note;
  assert.equal(ended?.values['filled'], '1.96');
  assert.equal(bot.deals.length, 1);
});

test('[P33] an entry a little too large for what is free is made to fit; a larger one pauses and says so', () => {
  play(tradeBot(), [
    ['start', 'quote? COINUSDT'],
    // 201.00 pay for 1.99 at 101.00.
    ['quote 99.99 100.00 100.00 funds 0 201.00', 'buy 1-1 entry 1 1.99 @ 101.00 IOC'],
  ]);
  const notes = play(tradeBot(), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 0 150', 'timer deal:1:entry1 in 30s'],
    ['+30s timer deal:1:entry1', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 0 1000', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
  ]);
  const paused = notes.find(({ note }) => note.kind === 'dealPaused')?.note;
  assert.equal(paused?.values['reason'], 'insufficient funds: needed 202 USDT, free 150');
  const short = play(tradeBot({ type: 'short' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 1.5 0', 'timer deal:1:entry1 in 30s'],
  ]);
  assert.equal(
    short.find(({ note }) => note.kind === 'dealPaused')?.note.values['reason'],
    'insufficient funds: needed 2.00 COIN, free 1.50',
  );
});

test('[P33] where the exchange says that money is missing the trade goes on asking', () => {
  const rows: Row[] = [...LIMIT_OPENED];
  for (const [index, seconds] of [30, 60, 120, 240, 480, 900, 900].entries()) {
    rows.push(
      [`reject 1-${index + 1} exchange -2010`, `timer deal:1:entry1 in ${seconds}s`],
      [`+${seconds}s timer deal:1:entry1`, `buy 1-${index + 2} entry 1 2.00 @ 97.00 GTC`],
    );
  }
  play(tradeBot(LIMIT), rows);
});

test('[P34] a refused take profit is tried again after 2 s, doubling, for ever; a sale ends the row', () => {
  const bot = tradeBot({ takeProfit: [{ price: percent('5') }], stopLoss: undefined });
  const rows: Row[] = [
    ...MARKET_OPENED,
    ['fill 1-1 2.00 @ 100.00', 'sell 1-2 takeProfit 1 2.00 @ 105.00 GTC'],
  ];
  let order = 2;
  for (const seconds of [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]) {
    rows.push(
      [`reject 1-${order} policy limit`, `timer deal:1:takeProfit1 in ${seconds}s`],
      [
        `+${seconds}s timer deal:1:takeProfit1`,
        `sell 1-${order + 1} takeProfit 1 2.00 @ 105.00 GTC`,
      ],
    );
    order += 1;
  }
  rows.push(
    [`accept 1-${order}`],
    [`fill 1-${order} 0.50 @ 105.00`],
    [`end 1-${order} cancelled 0.50`, `sell 1-${order + 1} takeProfit 1 1.50 @ 105.00 GTC`],
    [`reject 1-${order + 1} exchange -1013`, 'timer deal:1:takeProfit1 in 4s'],
  );
  play(bot, rows);
});

test('[P34] a take profit that someone else cancels is placed again at once, the next time after a pause', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 1 1.00 @ 105.00 GTC'],
    ['accept 1-4'],
    ['+10s end 1-4 expired 0.00', 'timer deal:1:takeProfit1 in 4s'],
    ['+4s timer deal:1:takeProfit1', 'sell 1-5 takeProfit 1 1.00 @ 105.00 GTC'],
    ['accept 1-5'],
    ['+5min end 1-5 cancelled 0.00', 'sell 1-6 takeProfit 1 1.00 @ 105.00 GTC'],
  ]);
});

test('[P34] a sale at once is tried four times in a row, then waits 30 s, doubling, for ever', () => {
  play(tradeBot({ takeProfit: [] }), [
    ...MARKET_OPENED,
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 95.00 95.02 95.00', 'sell 1-2 stopLoss 2.00 @ 94.05 IOC'],
    ['end 1-2 expired 0.00', 'quote? COINUSDT'],
    ['quote 94.00 94.02 94.00', 'sell 1-3 stopLoss 2.00 @ 93.06 IOC'],
    ['fill 1-3 0.50 @ 94.00'],
    ['end 1-3 expired 0.50', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.00', 'sell 1-4 stopLoss 1.50 @ 92.07 IOC'],
    ['end 1-4 expired 0.00', 'quote? COINUSDT'],
    ['quote 92.00 92.02 92.00', 'sell 1-5 stopLoss 1.50 @ 91.08 IOC'],
    ['end 1-5 expired 0.00', 'timer deal:1:close in 30s'],
    ['+30s timer deal:1:close', 'quote? COINUSDT'],
    ['quote 91.00 91.02 91.00', 'sell 1-6 stopLoss 1.50 @ 90.09 IOC'],
    ['reject 1-6 exchange -2010', 'timer deal:1:close in 60s'],
    // A person does not want to wait.
    ['close 1', 'quote? COINUSDT'],
    ['quote 91.00 91.02 91.00', 'sell 1-7 close 1.50 @ 90.09 IOC'],
    ['fill 1-7 1.50 @ 91.00'],
  ]);
});

test('[P34] a step that trades at once and is not taken is tried again the same way', () => {
  play(
    tradeBot({ takeProfit: [{ price: price('105.00'), order: 'market' }], stopLoss: undefined }),
    [
      ...MARKET_OPENED,
      ['fill 1-1 2.00 @ 100.00'],
      ['quote 105.00 105.02 105.00', 'sell 1-2 takeProfit 1 2.00 @ 103.95 IOC'],
      ['fill 1-2 0.50 @ 105.00'],
      ['end 1-2 expired 0.50', 'quote? COINUSDT'],
      ['quote 104.00 104.02 104.00', 'sell 1-3 takeProfit 1 1.50 @ 102.96 IOC'],
      ['reject 1-3 exchange -1013', 'timer deal:1:takeProfit1 in 30s'],
      ['+30s timer deal:1:takeProfit1', 'quote? COINUSDT'],
      ['quote 103.00 103.02 103.00', 'sell 1-4 takeProfit 1 1.50 @ 101.97 IOC'],
      ['fill 1-4 1.50 @ 103.00'],
    ],
  );
});

test('[P35] coins that no step can sell are dust: the trade fails and records them', () => {
  const bot = tradeBot({ ...LIMIT, stopLoss: undefined });
  const notes = play(bot, [
    ...LIMIT_OPENED,
    ['fill 1-1 0.03 @ 97.00', 'timer deal:1:refit in 5s'],
    ['+5s timer deal:1:refit'],
    ['cancelStep 1 entry 1', 'cancel 1-1'],
    ['end 1-1 cancelled 0.03'],
  ]);
  const last = notes.at(-1)?.note;
  assert.equal(last?.kind, 'dealFailed');
  assert.equal(last?.values['reason'], 'the entry got too little to be closed');
  assert.equal(last?.values['kept'], '0.03');
});

test('[P35] what an order left too small to be placed again goes to the other steps', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['fill 1-2 0.97 @ 105.00'],
    ['end 1-2 cancelled 0.97', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'sell 1-4 takeProfit 2 1.03 @ 110.00 GTC'],
  ]);
});

test('[P35] more than one order may hold is closed by several', () => {
  const small: Instrument = { ...COIN, maxLots: 120 as Instrument['maxLots'] };
  const bot = createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: tradeSettings({ takeProfit: [{ price: percent('5') }] }),
    instruments: [small],
    feeRatePpm: 0,
  });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.20 @ 101.00 IOC'],
    ['fill 1-1 1.20 @ 100.00', 'quote? COINUSDT', 'sell 1-2 takeProfit 1 1.20 @ 105.00 GTC'],
    ['quote 99.99 100.00 100.00', 'buy 1-3 entry 1 0.80 @ 101.00 IOC'],
    ['fill 1-3 0.80 @ 100.00'],
    ['fill 1-2 1.20 @ 105.00', 'sell 1-4 takeProfit 1 0.80 @ 105.00 GTC'],
    ['fill 1-4 0.80 @ 105.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P36] while the desk only reduces no entry goes out, and exits stand', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('98.00'), share: '25' },
    { order: 'market', trigger: { price: price('97.00') }, share: '25' },
  ];
  play(tradeBot({ entries, stopLoss: undefined }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 0.50 @ 98.00 GTC',
    ],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-3 takeProfit 1 0.50 @ 105.00 GTC',
      'sell 1-4 takeProfit 2 0.50 @ 110.00 GTC',
    ],
    ['risk reducing', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00'],
    ['quote 96.98 97.00 97.00'],
    ['risk active', 'buy 1-5 entry 2 0.50 @ 98.00 GTC'],
    ['quote 96.97 96.99 96.99', 'buy 1-6 entry 3 0.50 @ 97.95 IOC'],
  ]);
});

test('[P36] what takes on risk is refused while the desk only reduces', () => {
  const notes = play(tradeBot(), [
    ...BOUGHT,
    ['risk reducing'],
    ['addFunds 1 base 1'],
    ['forceEntry 1'],
  ]);
  assert.deepEqual(
    notes
      .filter(({ note }) => note.kind === 'commandRefused')
      .map(({ note }) => note.values['reason']),
    ['the desk takes no new risk', 'the desk takes no new risk'],
  );
});

test('[P36] while the desk is halted nothing is sent: what rests stays, the stop acts when it goes on', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['risk halted'],
    ['quote 94.00 94.02 94.00'],
    ['risk reducing'],
    ['quote 94.00 94.02 94.00', 'cancel 1-2', 'cancel 1-3'],
    ['risk halted'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['quote 93.00 93.02 93.00'],
    ['risk active', 'quote? COINUSDT'],
    ['quote 93.00 93.02 93.00', 'sell 1-4 stopLoss 2.00 @ 92.07 IOC'],
  ]);
});

test('[P36] a stop that rests at its limit stays though a close is asked for while the desk is halted', () => {
  const stopLoss = { price: price('95.00'), order: 'limit', limit: percent('1') };
  const bot = tradeBot({ stopLoss });
  play(bot, [
    ...BOUGHT,
    ['quote 95.00 95.02 95.00', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'sell 1-4 stopLoss 2.00 @ 94.05 GTC'],
    ['accept 1-4'],
    ['risk halted'],
    ['close 1'],
    ['risk active', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 90.00 90.02 90.00', 'sell 1-5 close 2.00 @ 89.10 IOC'],
    ['fill 1-5 2.00 @ 90.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[P36] a close that is asked for while the desk is halted leaves the exits where they rest until it goes on', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['risk halted'],
    ['close 1'],
    ['quote 94.00 94.02 94.00'],
    ['risk reducing', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.00 94.02 94.00', 'sell 1-4 close 2.00 @ 93.06 IOC'],
  ]);
});

test('[P36] what a person closes while the desk is halted keeps its exits until it goes on', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['addFunds 1 base 1 @ 97.00', 'buy 1-4 addFunds 1 1.00 @ 97.00 GTC'],
    ['risk halted', 'cancel 1-4'],
    ['close 1'],
    ['end 1-4 cancelled 0.00'],
    ['risk active', 'cancel 1-2', 'cancel 1-3'],
  ]);
});

test('[P36] a timeout that runs out while the desk is halted acts when it goes on', () => {
  play(tradeBot({ takeProfit: [], stopLoss: { price: percent('5'), timeoutSeconds: 60 } }), [
    ...MARKET_OPENED,
    ['fill 1-1 2.00 @ 100.00'],
    ['quote 95.00 95.02 95.00', 'timer deal:1:stopLoss in 60s'],
    ['risk halted'],
    ['+60s timer deal:1:stopLoss'],
    ['risk active', 'quote? COINUSDT'],
    ['quote 94.00 94.02 94.00', 'sell 1-2 stopLoss 2.00 @ 93.06 IOC'],
  ]);
});

test('[P37] what is late, repeated, unknown or not due changes nothing', () => {
  const bot = tradeBot();
  play(bot, [...BOUGHT, ['fill 1-2 0.40 @ 105.00 #same']]);
  const before = encodeJournal(bot);
  for (const text of [
    'fill 1-2 0.40 @ 105.00 #same',
    'fill 1-2 0.61 @ 105.00',
    'reject 1-2 exchange -2010',
    'accept 1-2',
    'end 1-9 cancelled 0.00',
    'timer deal:1:refit',
    'timer deal:1:entry1',
    'timer deal:1:takeProfit1',
    'timer deal:1:stopLoss',
    'timer deal:1:close',
    'timer deal:2:close',
    'timer start:COINUSDT',
    'close 2',
    'closeStep 2 1',
    'start',
    'signal start webhook none',
    'quote 95.01 104.99 100.00',
    'quote 50.00 50.01 50.00 OTHERUSDT',
    'quote 0.00 0.00 0.00',
  ]) {
    assert.equal(step(bot, eventOf(text, 1_700_000_000_000)).length, 0, text);
    assert.equal(encodeJournal(bot), before, text);
  }
});

test('[P90] what a hundred of the largest orders could not close is not taken over, and not entered', () => {
  const small: Instrument = { ...COIN, maxLots: quantityLots(10_00) };
  const check = (quantity: string): readonly string[] =>
    checkSettings(
      tradeSettings({
        type: 'sellHeld',
        entries: undefined,
        size: undefined,
        held: { quantity, price: '90' },
      }),
      [small],
      { COINUSDT: priceTicks(100_00) },
      0,
    ).map(({ field }) => field);
  assert.deepEqual(check('1000'), []);
  assert.deepEqual(check('1000.01'), ['held.quantity']);
  const all = { size: { kind: 'balance', percent: '100' }, type: 'buy', takeProfit: [] };
  for (const [free, wants] of [
    ['100000', ['buy 1-1 entry 1 10.00 @ 101.00 IOC']],
    ['102000', []],
  ] as const) {
    const bot = tradeBot({ ...all, stopLoss: undefined }, { instrument: small });
    const notes = play(bot, [
      ['start', 'quote? COINUSDT'],
      [`quote 99.99 100.00 100.00 funds 0 ${free}`, ...wants],
    ]);
    assert.equal(notes.at(-1)?.note.kind === 'dealFailed', wants.length === 0);
  }
});
