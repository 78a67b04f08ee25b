// SPDX-License-Identifier: Apache-2.0
// What a person asks of a running smart trade, and what becomes of it.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  dealView,
  settingsOfHandover,
  createBot,
  parseSettings,
  quantityLots,
  type HandedOverPosition,
} from '../src/index.ts';
import { COIN, play, type Row } from './deal-script.ts';
import { BOUGHT, percent, price, tradeBot, tradeSettings } from './trade-script.ts';

function refusals(notes: ReturnType<typeof play>): (string | undefined)[] {
  return notes
    .filter(({ note }) => note.kind === 'commandRefused')
    .map(({ note }) => `${note.values['command']}: ${note.values['reason']}`);
}

test('[P25] funds are added at the market, and the exits move with the new average', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['addFunds 1 quote 190', 'quote? COINUSDT'],
    // 190 / 95.01 = 1.9998 → 2.00 at most 95.96
    ['quote 95.10 95.01 95.10'],
    ['quote 95.01 95.02 95.02', 'buy 1-4 addFunds 1 2.00 @ 95.97 IOC'],
    // (200 + 190.04) / 4 = 97.51
    ['fill 1-4 2.00 @ 95.02', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00', 'sell 1-5 takeProfit 1 2.00 @ 102.39 GTC'],
    ['end 1-3 cancelled 0.00', 'sell 1-6 takeProfit 2 2.00 @ 107.27 GTC'],
  ]);
});

test('[P25] funds are added by a limit order, which a person may cancel', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['addFunds 1 base 1.005 @ 97.00', 'buy 1-4 addFunds 1 1.00 @ 97.00 GTC'],
    ['accept 1-4'],
    ['cancelOrder 1 k-1-4'],
    ['cancelOrder 1 1-4', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00'],
    ['addFunds 1 base 1 @ 97.00', 'buy 1-5 addFunds 2 1.00 @ 97.00 GTC'],
  ]);
});

test('[P28] added funds that wait for money are taken back, and a reduction that rests', () => {
  const notes = play(tradeBot(), [
    ...BOUGHT,
    ['addFunds 1 quote 190', 'quote? COINUSDT'],
    ['quote 95.01 95.02 95.02 funds 0 20', 'timer deal:1:addFunds1 in 30s'],
    ['cancelStep 1 addFunds 2'],
    ['cancelStep 1 addFunds 1'],
    ['+30s timer deal:1:addFunds1'],
    ['cancelStep 1 addFunds 1'],
    ['addFunds 1 base 1 @ 94.00', 'buy 1-4 addFunds 2 1.00 @ 94.00 GTC'],
    ['cancelStep 1 addFunds 2', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00'],
    ['cancelStep 1 reduceFunds 1'],
  ]);
  assert.deepEqual(refusals(notes), [
    'cancelStep: nothing of that number waits',
    'cancelStep: added order 1 is done',
    'cancelStep: nothing of that number waits',
  ]);
  play(tradeBot(), [
    ...BOUGHT,
    ['reduceFunds 1 base 1 @ 104.00', 'cancel 1-2', 'cancel 1-3'],
    // Taken back before its order could go out: the steps get their coins again.
    ['cancelStep 1 reduceFunds 1'],
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 1 1.00 @ 105.00 GTC'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 2 1.00 @ 110.00 GTC'],
  ]);
});

test('[P33] what goes out in several orders waits for the money of all of them', () => {
  const small = { ...COIN, maxLots: quantityLots(1_00) };
  const bot = tradeBot({ size: { kind: 'base', quantity: '3' } }, { instrument: small });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00 funds 0 150', 'timer deal:1:entry1 in 30s'],
  ]);
  assert.equal(
    notes.find(({ note }) => note.kind === 'dealPaused')?.note.values['reason'],
    'insufficient funds: needed 303 USDT, free 150',
  );
});

test('[P33] funds that are not there are added when they come soon, and else never', () => {
  const rows: Row[] = [...BOUGHT, ['addFunds 1 quote 190', 'quote? COINUSDT']];
  for (const seconds of [30, 60, 120]) {
    rows.push(
      ['quote 95.01 95.02 95.02 funds 0 20', `timer deal:1:addFunds1 in ${seconds}s`],
      [`+${seconds}s timer deal:1:addFunds1`, 'quote? COINUSDT'],
    );
  }
  rows.push(['quote 95.01 95.02 95.02 funds 0 20'], ['quote 95.01 95.02 95.02 funds 0 1000']);
  const ended = play(tradeBot(), rows).find(({ note }) => note.kind === 'entryEnded');
  assert.equal(ended?.note.values['order'], 'addFunds');
  assert.match(
    String(ended?.note.values['reason']),
    /^insufficient funds: needed .* USDT, free 20$/,
  );
});

test('[P25] funds that cannot be added are refused with a reason', () => {
  const only = tradeBot({ type: 'buy', takeProfit: [], stopLoss: undefined });
  const notes = play(only, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['addFunds 1 base 1'],
  ]);
  assert.deepEqual(refusals(notes), ['addFunds: a trade that only enters takes no more funds']);
  const more = play(tradeBot(), [
    ...BOUGHT,
    ['addFunds 1 base 0'],
    ['addFunds 1 base 1 @ 97.001'],
    ['addFunds 1 base 0.01 @ 97.00'],
    ['addFunds 9 base 1'],
  ]);
  assert.deepEqual(refusals(more), [
    'addFunds: expected an amount above 0, found 0',
    'addFunds: expected at most 2 decimals, found "97.001"',
    'addFunds: expected a value of at least 5, found 0.97',
  ]);
});

test('[P26] a trade that only enters closes nothing, and says so', () => {
  const only = tradeBot({ type: 'buy', takeProfit: [], stopLoss: undefined });
  const notes = play(only, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'timer deal:1:refit in 5s'],
    ['reduceFunds 1 base 0.5'],
  ]);
  assert.deepEqual(refusals(notes), ['reduceFunds: a trade that only enters closes nothing']);
});

test('[P26] funds are reduced at the market: the exits give way first', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['reduceFunds 1 base 0.5', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT', 'sell 1-4 takeProfit 1 0.75 @ 105.00 GTC'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 2 0.75 @ 110.00 GTC'],
    ['quote 101.00 101.02 101.00', 'sell 1-6 reduceFunds 1 0.50 @ 99.99 IOC'],
    ['fill 1-6 0.50 @ 101.00'],
  ]);
});

test('[P26] an amount of money is turned into coins at a fresh quote, rounded down, not at the price of the start', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['reduceFunds 1 quote 100', 'quote? COINUSDT'],
    // 100 / 150 = 0.66…, where 100 / 100 would have been half of all.
    ['quote 150.00 150.02 150.01', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT', 'sell 1-4 takeProfit 1 0.67 @ 105.00 GTC'],
    ['end 1-3 cancelled 0.00', 'sell 1-5 takeProfit 2 0.67 @ 110.00 GTC'],
    ['quote 150.00 150.02 150.01', 'sell 1-6 reduceFunds 1 0.66 @ 148.50 IOC'],
    ['fill 1-6 0.66 @ 150.00'],
  ]);
});

test('[P26] money that is worth more than the position, or less than a lot, is refused when the price is known', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...BOUGHT,
    ['reduceFunds 1 quote 1000', 'quote? COINUSDT'],
    ['reduceFunds 1 quote 0.5', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00'],
    // A quote that nobody asked for any more changes nothing.
    ['quote 101.00 101.02 101.00'],
    ['reduceFunds 1 quote 10 @ 103.00', 'cancel 1-2', 'cancel 1-3'],
  ]);
  assert.deepEqual(refusals(notes), [
    'reduceFunds: expected at most 2.00 COIN, found 9.90 COIN',
    'reduceFunds: expected at least 0.01 COIN, found less',
  ]);
  assert.equal(bot.deals[0]?.exits.at(-1)?.lots, 9);
  assert.equal(bot.deals[0]?.toReduce, undefined);
});

test('[P26] at most eight reductions wait, and none before something is held', () => {
  const wait = Array.from({ length: 9 }, (): Row => ['reduceFunds 1 quote 10', 'quote? COINUSDT']);
  const notes = play(tradeBot(), [...BOUGHT, ...wait.slice(1), ['reduceFunds 1 quote 10']]);
  assert.deepEqual(refusals(notes), ['reduceFunds: at most 8 reductions may wait at once']);
  const early = play(tradeBot(), [...BOUGHT.slice(0, 2), ['reduceFunds 1 quote 10']]);
  assert.deepEqual(refusals(early), ['reduceFunds: nothing is held yet']);
});

test('[P26, P36] money that is to be closed waits while the desk is halted, and asks for a new price after it', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['reduceFunds 1 quote 100', 'quote? COINUSDT'],
    ['risk halted'],
    ['quote 150.00 150.02 150.01'],
    ['risk reducing', 'quote? COINUSDT'],
    ['quote 200.00 200.02 200.01', 'cancel 1-2', 'cancel 1-3'],
    ['close 1'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 200.00 200.02 200.01', 'sell 1-4 close 2.00 @ 198.00 IOC'],
  ]);
});

test('[P26] funds are reduced by a limit order, which a person may cancel', () => {
  const bot = tradeBot();
  play(bot, [
    ...BOUGHT,
    ['reduceFunds 1 base 1 @ 103.00', 'cancel 1-2', 'cancel 1-3'],
    // Half of a step is free now, which is not enough for the reduction.
    ['end 1-2 cancelled 0.00', 'sell 1-4 reduceFunds 1 1.00 @ 103.00 GTC'],
    [
      'end 1-3 cancelled 0.00',
      'sell 1-5 takeProfit 1 0.50 @ 105.00 GTC',
      'sell 1-6 takeProfit 2 0.50 @ 110.00 GTC',
    ],
    ['cancelOrder 1 1-4', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'cancel 1-5', 'cancel 1-6'],
    ['end 1-5 cancelled 0.00', 'sell 1-7 takeProfit 1 1.00 @ 105.00 GTC'],
    ['end 1-6 cancelled 0.00', 'sell 1-8 takeProfit 2 1.00 @ 110.00 GTC'],
  ]);
});

test('[P26] a reduction of more than the position is refused; one of all of it ends the trade', () => {
  const notes = play(tradeBot(), [
    ...BOUGHT,
    ['reduceFunds 1 base 2.01'],
    ['reduceFunds 1 base 1.5', 'cancel 1-2', 'cancel 1-3'],
    ['reduceFunds 1 base 0.51'],
  ]);
  assert.deepEqual(refusals(notes), [
    'reduceFunds: expected at most 2.00 COIN, found 2.01 COIN',
    'reduceFunds: expected at most 0.50 COIN, found 0.51 COIN',
  ]);
  const bot = tradeBot();
  play(bot, [
    ...BOUGHT,
    ['reduceFunds 1 base 2', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-4 reduceFunds 1 2.00 @ 99.99 IOC'],
    ['fill 1-4 2.00 @ 101.00'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal?.phase.kind === 'ended');
  assert.deepEqual([deal.phase.outcome, deal.phase.reason], ['closed', 'closed in parts']);
});

test('[P27] one step is closed at the market, the others stay', () => {
  const notes = play(tradeBot(), [
    ...BOUGHT,
    ['closeStep 1 1', 'cancel 1-2'],
    ['fill 1-2 0.30 @ 105.00'],
    ['end 1-2 cancelled 0.30', 'quote? COINUSDT'],
    ['quote 104.00 104.02 104.00', 'sell 1-4 close 1 0.70 @ 102.96 IOC'],
    ['fill 1-4 0.70 @ 104.00'],
    ['closeStep 1 1'],
    ['closeStep 1 3'],
  ]);
  assert.deepEqual(refusals(notes), [
    'closeStep: take-profit step 1 is done',
    'closeStep: there is no take-profit step 3',
  ]);
});

test('[P28] a cancelled step leaves its coins to the others', () => {
  play(tradeBot(), [
    ...BOUGHT,
    ['cancelStep 1 takeProfit 1', 'cancel 1-2'],
    // The other one rests until the coins are free.
    ['end 1-2 cancelled 0.00', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'sell 1-4 takeProfit 2 2.00 @ 110.00 GTC'],
  ]);
});

test('[P28] when the last step is cancelled the stop goes on guarding the coins; without one the trade ends', () => {
  const guarded = tradeBot({ takeProfit: [{ price: percent('5') }] });
  play(guarded, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00', 'sell 1-2 takeProfit 1 2.00 @ 105.00 GTC'],
    ['cancelStep 1 takeProfit 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00'],
    ['quote 110.00 110.02 110.00'],
    ['quote 95.00 95.02 95.00', 'sell 1-3 stopLoss 2.00 @ 94.05 IOC'],
  ]);
  const bare = tradeBot({ takeProfit: [{ price: percent('5') }], stopLoss: undefined });
  const notes = play(bare, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 101.00 IOC'],
    ['fill 1-1 2.00 @ 100.00', 'sell 1-2 takeProfit 1 2.00 @ 105.00 GTC'],
    ['cancelStep 1 takeProfit 1', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00'],
  ]);
  const last = notes.at(-1)?.note;
  assert.equal(last?.kind, 'dealCancelled');
  assert.equal(last?.values['kept'], '2');
});

test('[P28] an entry that waits may be cancelled; the trade goes on with what it has', () => {
  const entries = [
    { order: 'market', share: '50' },
    { order: 'limit', price: price('97.00'), share: '25' },
    { order: 'market', trigger: { price: price('96.00') }, share: '25' },
  ];
  const notes = play(tradeBot({ entries }), [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'buy 1-1 entry 1 1.00 @ 101.00 IOC',
      'buy 1-2 entry 2 0.50 @ 97.00 GTC',
    ],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-3 takeProfit 1 0.50 @ 105.00 GTC',
      'sell 1-4 takeProfit 2 0.50 @ 110.00 GTC',
    ],
    ['cancelStep 1 entry 3'],
    ['cancelStep 1 entry 2', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00'],
    ['quote 95.95 95.96 95.96'],
    ['cancelStep 1 entry 2'],
  ]);
  assert.deepEqual(refusals(notes), ['cancelStep: entry 2 is done']);
});

test('[P29] entries that wait go out at the market when a person forces them', () => {
  const entries = [
    { order: 'limit', price: price('97.00'), share: '50' },
    { order: 'market', trigger: { price: price('96.00') }, share: '50' },
  ];
  const bot = tradeBot({ entries, stopLoss: undefined });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 1.00 @ 97.00 GTC'],
    ['fill 1-1 0.20 @ 97.00', 'timer deal:1:refit in 5s'],
    ['forceEntry 1', 'cancel 1-1', 'quote? COINUSDT'],
    ['quote 100.00 100.01 100.01', 'buy 1-2 entry 2 1.00 @ 101.01 IOC'],
    [
      'end 1-1 cancelled 0.20',
      'quote? COINUSDT',
      'sell 1-3 takeProfit 1 0.10 @ 101.85 GTC',
      'sell 1-4 takeProfit 2 0.10 @ 106.70 GTC',
    ],
    ['quote 100.00 100.01 100.01', 'buy 1-5 entry 1 0.80 @ 101.01 IOC'],
    ['forceEntry 1'],
  ]);
  assert.deepEqual(refusals(notes), ['forceEntry: no entry waits']);
});

test('[P30] closing sells everything at once; before anything was bought it cancels the trade', () => {
  const bot = tradeBot({ entries: [{ order: 'limit', price: price('97.00') }] });
  const notes = play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 97.00 GTC'],
    ['close 1', 'cancel 1-1'],
    ['close 1'],
    ['end 1-1 cancelled 0.00'],
  ]);
  assert.equal(notes.at(-1)?.note.values['outcome'], 'cancelled');
});

test('[P30] cancelling takes the orders back and keeps the coins', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...BOUGHT,
    ['cancel 1', 'cancel 1-2', 'cancel 1-3'],
    ['cancel 1'],
    ['addFunds 1 base 1'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
  ]);
  assert.deepEqual(refusals(notes), ['addFunds: the trade is being closed']);
  assert.equal(notes.at(-1)?.note.values['kept'], '2');
});

function edit(changes: Readonly<Record<string, unknown>>): string {
  return `editDeal 1 ${JSON.stringify(tradeSettings(changes))}`;
}

test('[P31] prices of steps and of the stop may change while the trade runs', () => {
  const bot = tradeBot();
  play(bot, [
    ...BOUGHT,
    [
      edit({
        takeProfit: [
          { price: percent('5'), share: '50' },
          { price: percent('12'), share: '50' },
        ],
        stopLoss: { price: price('97.00') },
      }),
      'cancel 1-3',
    ],
    ['end 1-3 cancelled 0.00', 'sell 1-4 takeProfit 2 1.00 @ 112.00 GTC'],
    ['quote 97.00 97.02 97.00', 'cancel 1-2', 'cancel 1-4'],
  ]);
  assert.equal(bot.settings.stopLoss?.price.kind, 'price');
});

test('[P31] steps may be added and taken out; what has traded stands', () => {
  const bot = tradeBot();
  const notes = play(bot, [
    ...BOUGHT,
    ['fill 1-2 1.00 @ 105.00'],
    [
      edit({
        takeProfit: [
          { price: percent('5'), share: '50' },
          { price: percent('10'), share: '25' },
          { price: percent('20'), share: '25' },
        ],
      }),
      'cancel 1-3',
    ],
    [
      'end 1-3 cancelled 0.00',
      'sell 1-4 takeProfit 2 0.50 @ 110.00 GTC',
      'sell 1-5 takeProfit 3 0.50 @ 120.00 GTC',
    ],
    [
      edit({
        takeProfit: [
          { price: percent('5'), share: '50' },
          { price: percent('10'), share: '50' },
        ],
      }),
      'cancel 1-5',
    ],
    ['end 1-5 cancelled 0.00', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'sell 1-6 takeProfit 2 1.00 @ 110.00 GTC'],
    [edit({ takeProfit: [{ price: percent('10') }] })],
    [edit({ type: 'short' })],
  ]);
  assert.deepEqual(refusals(notes), [
    'editDeal: take-profit step 1 is done and must stay',
    'editDeal: expected the type, the symbol and the position of the running trade',
  ]);
});

test('[P31] entries that wait may change in price, order and size', () => {
  const first: Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 97.00 GTC'],
  ];
  play(tradeBot({ entries: [{ order: 'limit', price: price('97.00') }] }), [
    ...first,
    [
      edit({
        entries: [{ order: 'limit', price: price('98.00') }],
        size: { kind: 'base', quantity: '3' },
      }),
      'cancel 1-1',
    ],
    ['end 1-1 cancelled 0.00', 'buy 1-2 entry 1 3.00 @ 98.00 GTC'],
    [
      edit({
        entries: [{ order: 'market', trigger: { price: price('96.00') } }],
        size: { kind: 'base', quantity: '3' },
      }),
      'cancel 1-2',
    ],
    ['end 1-2 cancelled 0.00'],
    ['quote 95.99 96.00 96.00', 'buy 1-3 entry 1 3.00 @ 96.96 IOC'],
  ]);
});

test('[P31] a balance share cannot be given to a running trade', () => {
  const notes = play(tradeBot({ entries: [{ order: 'limit', price: price('97.00') }] }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 entry 1 2.00 @ 97.00 GTC'],
    [
      edit({
        entries: [{ order: 'limit', price: price('97.00') }],
        size: { kind: 'balance', percent: '50' },
      }),
    ],
  ]);
  assert.match(refusals(notes)[0] ?? '', /fixed when the trade begins/);
});

test('[P43] a deal that a DCA bot hands over becomes a trade of what is open, at its average', () => {
  const handover: HandedOverPosition = {
    symbol: 'COINUSDT',
    direction: 'long',
    position: {
      boughtLots: 300,
      soldLots: 100,
      boughtNotional: 300n * 10_000n,
      soldNotional: 100n * 10_500n,
      boughtCommissionBase: 0n,
      boughtCommissionQuote: 0n,
      soldCommissionBase: 0n,
      soldCommissionQuote: 0n,
      otherCommissions: {},
    },
    feeRatePpm: 0,
    openedTime: 1_699_999_000_000,
    takeProfits: [
      { priceTicks: 10_800, share: '40' },
      { priceTicks: 11_000, share: '60', trailingDeviation: '1' },
    ],
    stopLoss: { triggerTicks: 9_000, timeoutSeconds: 0 },
    maxSlippage: '1',
    from: { name: 'averager', dealId: 7 },
  };
  const settings = settingsOfHandover(handover, COIN);
  assert.equal(settings.name, 'averager #7');
  assert.deepEqual(settings.held, { quantity: '2.00', price: '100' });
  const bot = createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings,
    instruments: [COIN],
    feeRatePpm: 0,
  });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 101.00 101.02 101.00', 'sell 1-1 takeProfit 1 0.80 @ 108.00 GTC'],
    ['fill 1-1 0.80 @ 108.00'],
    ['quote 110.00 110.02 110.00'],
    ['quote 108.90 108.92 108.90', 'sell 1-2 takeProfit 2 1.20 @ 107.82 IOC'],
    ['fill 1-2 1.20 @ 108.90'],
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal !== undefined);
  const view = dealView(deal);
  // 0.8 × 108 + 1.2 × 108.9 − 200; the coin sold at 105 before was earned by the deal that sold it.
  assert.equal(view.realisedProfit, '17.08');
  assert.deepEqual(parseSettings(JSON.parse(JSON.stringify(settings))), { ok: true, settings });
});
