// SPDX-License-Identifier: Apache-2.0
// How a grid ends, what risk states and edits do to it, and what changes nothing.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  encodeJournal,
  gridView,
  priceTicks,
  step,
  toScaled,
  watchedAbove,
  watchedBelow,
  type GridBotState,
} from '../src/index.ts';
import { COIN, eventOf, play, type Row } from './deal-script.ts';
import { commanded, gridBot, gridOf, gridSettings, LAID } from './grid-script.ts';

const CANCELS = ['cancel 1-2', 'cancel 1-3', 'cancel 1-4', 'cancel 1-5'];
const STOPS = {
  lowerStop: { price: '85', action: 'stop' },
  upperStop: { price: '120', action: 'stop' },
} as const;

/** All line orders of a laid grid end; the last of them brings `wants`. */
function ends(...wants: readonly string[]): Row[] {
  return [
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00', ...wants],
  ];
}

function outcome(bot: GridBotState): string {
  const { phase } = gridOf(bot);
  assert.equal(bot.isRunning, false);
  assert.equal(bot.deals.length, 0);
  return phase.kind === 'ended' ? `${phase.outcome}: ${phase.reason}` : phase.kind;
}

test('[G23] a stop that keeps: at or below the lower, at or above the upper', () => {
  const lower = gridBot(STOPS);
  const notes = play(lower, [
    ...LAID,
    ['quote 85.00 85.02 85.01'],
    ['quote 84.99 85.01 85.00', ...CANCELS],
    ...ends(),
  ]);
  assert.equal(outcome(lower), 'stopLoss: lower stop');
  const stop = notes.find(({ note }) => note.kind === 'gridStopReached')?.note.values;
  assert.deepEqual(stop, { last: '85.00', price: '85.00', stop: 'lowerStop', action: 'stop' });
  const end = notes.find(({ note }) => note.kind === 'dealCompleted')?.note.values;
  assert.equal(end?.['kept'], '2');
  assert.equal(notes.at(-1)?.note.kind, 'botStopped');

  const upper = gridBot(STOPS);
  play(upper, [
    ...LAID,
    ['quote 119.98 120.00 119.99'],
    ['quote 119.99 120.01 120.00', ...CANCELS],
    ...ends(),
  ]);
  assert.equal(outcome(upper), 'completed: upper stop');
});

test('[G23] fills on their way are awaited, then all coins are sold', () => {
  const bot = gridBot({ lowerStop: { price: '85', action: 'stopAndSell' } });
  play(bot, [
    ...LAID,
    ['quote 84.99 85.01 85.00', ...CANCELS],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 1.00'],
    ['end 1-5 cancelled 0.00'],
    ['fill 1-4 1.00 @ 95.00', 'quote? COINUSDT'],
    ['quote 84.00 84.02 84.00', 'sell 1-6 stopLoss 3.00 @ 83.16 IOC'],
    ['fill 1-6 3.00 @ 84.00'],
  ]);
  assert.equal(outcome(bot), 'stopLoss: lower stop');
  // 252 for coins that cost 295.
  assert.equal(gridView(gridOf(bot)).otherProfit, '-43');
});

test('[G23] take profit sells everything but profit in coins', () => {
  const bot = gridBot({ takeProfitPrice: '112', profitCurrency: 'base' });
  play(bot, [
    ...LAID.slice(0, 5),
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 0.96 @ 105.00 GTC',
      'sell 1-3 gridLine 5 0.96 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    ['fill 1-2 0.96 @ 105.00', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['quote 111.99 112.01 112.00', 'cancel 1-3', 'cancel 1-4', 'cancel 1-5', 'cancel 1-6'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    ['end 1-6 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 111.99 112.01 112.00', 'sell 1-7 takeProfit 1.00 @ 110.88 IOC'],
    ['fill 1-7 1.00 @ 111.99'],
  ]);
  assert.equal(outcome(bot), 'completed: take profit');
  assert.equal(gridView(gridOf(bot)).coins, '0.04');
});

test('[G23] a stop that buys spends what the buy lines would have spent, never more', () => {
  const bot = gridBot({ upperStop: { price: '120', action: 'stopAndBuy' } });
  play(bot, [
    ...LAID,
    ['fill 1-2 1.00 @ 105.00', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['quote 119.99 120.01 120.00', 'cancel 1-3', 'cancel 1-4', 'cancel 1-5', 'cancel 1-6'],
    ['end 1-3 cancelled 0.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    ['end 1-6 cancelled 0.00', 'quote? COINUSDT'],
    // 285 / 121.21 = 2.3513
    ['quote 119.99 120.01 120.00', 'buy 1-7 balancing 2.35 @ 121.21 IOC'],
    ['fill 1-7 1.00 @ 120.01'],
    // 164.99 are left.
    ['end 1-7 expired 1.00', 'quote? COINUSDT'],
    ['quote 119.99 120.01 120.00', 'buy 1-8 balancing 1.36 @ 121.21 IOC'],
    ['fill 1-8 1.36 @ 120.01', 'quote? COINUSDT'],
    // 1.77 is less than an order may be worth.
    ['quote 119.99 120.01 120.00'],
  ]);
  assert.equal(outcome(bot), 'completed: upper stop');
  assert.equal(gridView(gridOf(bot)).coins, '3.36');
});

test('[G23] a stop that is reached before the lines stand ends the grid', () => {
  const bot = gridBot({ lowerStop: { price: '85', action: 'stopAndSell' } });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
    ['quote 84.99 85.01 85.00'],
    ['fill 1-1 0.50 @ 100.00'],
    ['end 1-1 expired 0.50', 'quote? COINUSDT'],
    ['quote 84.99 85.01 85.00', 'sell 1-2 stopLoss 0.50 @ 84.15 IOC'],
    ['fill 1-2 0.50 @ 84.99'],
  ]);
  assert.equal(outcome(bot), 'stopLoss: lower stop');
});

test('[G24] what a sale leaves is sold at a new quote, four times in a row, then after a pause, for ever', () => {
  const bot = gridBot();
  const rows: Row[] = [
    ...LAID,
    ['close 1', ...CANCELS],
    ...ends('quote? COINUSDT'),
    ['quote 99.99 100.01 100.00', 'sell 1-6 close 2.00 @ 99.00 IOC'],
    ['end 1-6 expired 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-7 close 2.00 @ 99.00 IOC'],
    ['end 1-7 expired 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-8 close 2.00 @ 99.00 IOC'],
    ['end 1-8 expired 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-9 close 2.00 @ 99.00 IOC'],
    ['end 1-9 expired 0.00', 'timer deal:1:stopping in 30s'],
    ['timer deal:1:stopping'],
    ['+30s timer deal:1:stopping', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-10 close 2.00 @ 99.00 IOC'],
    ['reject 1-10 exchange -1', 'timer deal:1:stopping in 60s'],
    // A person does not want to wait.
    ['close 1', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00', 'sell 1-11 close 2.00 @ 99.00 IOC'],
    ['fill 1-11 2.00 @ 99.99'],
  ];
  play(bot, rows);
  assert.equal(outcome(bot), 'closed: closed by command');
});

test('[G24] a purchase at the end that the market does not take is given up', () => {
  const bot = gridBot({ upperStop: { price: '120', action: 'stopAndBuy' } });
  play(bot, [
    ...LAID,
    ['quote 119.99 120.01 120.00', ...CANCELS],
    ...ends('quote? COINUSDT'),
    ['quote 119.99 120.01 120.00', 'buy 1-6 balancing 1.52 @ 121.21 IOC'],
    ['reject 1-6 exchange -2010'],
  ]);
  assert.equal(outcome(bot), 'completed: upper stop');
});

test('[G25] cancelDeal and a plain stop keep the coins, closeDeal sells them', () => {
  const cancelled = gridBot();
  play(cancelled, [...LAID, ['cancel 1', ...CANCELS], ...ends()]);
  assert.equal(outcome(cancelled), 'cancelled: cancelled by command');
  assert.equal(gridView(gridOf(cancelled)).coins, '2');

  const stopped = gridBot();
  play(stopped, [...LAID, ['stop', ...CANCELS], ['stop'], ...ends()]);
  assert.equal(outcome(stopped), 'cancelled: cancelled by command');

  const closed = gridBot();
  play(closed, LAID);
  assert.deepEqual(commanded(closed, { kind: 'stop', deals: 'close' }).wants, CANCELS);
  play(closed, [
    ...ends('quote? COINUSDT'),
    ['quote 99.99 100.01 100.00', 'sell 1-6 close 2.00 @ 99.00 IOC'],
    ['fill 1-6 2.00 @ 99.99'],
  ]);
  assert.equal(outcome(closed), 'closed: closed by command');
});

test('[G25] asked to keep while selling, the grid sells no more', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    ['close 1', ...CANCELS],
    ...ends('quote? COINUSDT'),
    ['quote 99.99 100.01 100.00', 'sell 1-6 close 2.00 @ 99.00 IOC'],
    ['fill 1-6 0.50 @ 99.99'],
    ['cancel 1'],
    ['end 1-6 expired 0.50'],
  ]);
  assert.equal(outcome(bot), 'cancelled: cancelled by command');
  assert.equal(gridView(gridOf(bot)).coins, '1.5');
});

test('[G25] a bot whose grid has ended can be started again', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    ['cancel 1', ...CANCELS],
    ...ends(),
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 2-1 balancing 2.00 @ 101.00 IOC'],
  ]);
});

test('[G25] started anew while its grid is still ending, a bot begins the next one after it', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    ['stop', ...CANCELS],
    ['start'],
    ...ends('quote? COINUSDT'),
    ['quote 99.99 100.00 100.00', 'buy 2-1 balancing 2.00 @ 101.00 IOC'],
  ]);
  assert.equal(bot.isRunning, true);
  const twice = gridBot();
  play(twice, [...LAID, ['stop', ...CANCELS], ['start'], ['stop'], ...ends()]);
  assert.equal(outcome(twice), 'cancelled: cancelled by command');
});

test('[G26] the start price is awaited from either side', () => {
  play(gridBot({ startPrice: '100' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 103.99 104.01 104.00'],
    ['quote 100.00 100.02 100.01'],
    ['quote 99.99 100.01 100.00', 'quote? COINUSDT'],
    ['quote 99.97 99.99 99.98', 'buy 1-1 balancing 2.00 @ 100.98 IOC'],
  ]);
  play(gridBot({ startPrice: '100' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 94.99 95.01 95.00'],
    ['quote 99.98 100.00 99.99'],
    ['quote 99.99 100.01 100.00', 'quote? COINUSDT'],
  ]);
  play(gridBot({ startPrice: '100' }), [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
  ]);
});

test('[G26] startDeal does not wait for the start price; a bot that waits can be stopped', () => {
  const bot = gridBot({ startPrice: '100' });
  play(bot, [['start', 'quote? COINUSDT'], ['quote 103.99 104.01 104.00']]);
  const startDeal = {
    kind: 'startDeal',
    symbol: 'COINUSDT',
    skipConditions: false,
    skipLimits: false,
    onlyWhileRunning: true,
    conditions: 'none',
    readings: [],
  } as const;
  assert.deepEqual(commanded(bot, startDeal).wants, ['quote? COINUSDT']);
  play(bot, [['quote 103.99 104.01 104.00', 'buy 1-1 balancing 1.00 @ 105.05 IOC']]);

  const stopped = gridBot({ startPrice: '100' });
  play(stopped, [
    ['start', 'quote? COINUSDT'],
    ['quote 103.99 104.01 104.00'],
    ['stop'],
    ['quote 99.99 100.01 100.00'],
  ]);
  assert.deepEqual(commanded(stopped, startDeal).wants, []);
});

test('[G26] new settings of a bot that waits are those it starts with', () => {
  const bot = gridBot({ startPrice: '100' });
  play(bot, [['start', 'quote? COINUSDT'], ['quote 103.99 104.01 104.00']]);
  const edit = { kind: 'editSettings', settings: gridSettings(), instruments: [COIN] } as const;
  const { wants, notes } = commanded(bot, edit);
  assert.deepEqual(wants, ['quote? COINUSDT']);
  assert.deepEqual(
    notes.map(({ values }) => values),
    [{ fields: 'startPrice' }],
  );
  play(bot, [['quote 103.99 104.01 104.00', 'buy 1-1 balancing 1.00 @ 105.05 IOC']]);
  // The same once more changes nothing.
  assert.deepEqual(commanded(bot, edit), { wants: [], notes: [] });
});

test('[G27] without new risk buy lines are taken back, sells go on, and the lines come back', () => {
  play(gridBot(), [
    ...LAID,
    ['risk reducing', 'cancel 1-4', 'cancel 1-5'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    ['fill 1-2 1.00 @ 105.00'],
    ['risk halted'],
    ['end 1-3 cancelled 0.00'],
    ['risk reducing', 'sell 1-6 gridLine 5 1.00 @ 110.00 GTC'],
    [
      'risk active',
      'buy 1-7 gridLine 3 1.00 @ 100.00 GTC',
      'buy 1-8 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-9 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
});

test('[G27] a start waits for the desk, balancing too', () => {
  play(gridBot(), [
    ['risk reducing'],
    ['start'],
    ['risk active', 'quote? COINUSDT'],
    ['risk reducing'],
    ['quote 99.99 100.00 100.00'],
    ['risk active', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.00 @ 101.00 IOC'],
    ['risk reducing', 'cancel 1-1'],
    ['end 1-1 expired 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['risk active', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-2 balancing 2.00 @ 101.00 IOC'],
  ]);
});

test('[G27] a halted grid that has reached a stop sells when it may', () => {
  const bot = gridBot({ lowerStop: { price: '85', action: 'stopAndSell' } });
  play(bot, [
    ...LAID,
    ['risk halted', 'cancel 1-4', 'cancel 1-5'],
    // Its sells are all the exits there are while no other may be placed.
    ['quote 84.99 85.01 85.00'],
    ['end 1-4 cancelled 0.00'],
    ['end 1-5 cancelled 0.00'],
    ['risk reducing', 'cancel 1-2', 'cancel 1-3'],
    ['end 1-2 cancelled 0.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['risk halted'],
    ['quote 84.99 85.01 85.00'],
    ['risk reducing', 'quote? COINUSDT'],
    ['quote 84.99 85.01 85.00', 'sell 1-6 stopLoss 2.00 @ 84.15 IOC'],
    ['fill 1-6 2.00 @ 84.99'],
  ]);
});

test('[G28] lines do not move while the desk is halted: their sells could not be placed again', () => {
  const bot = gridBot();
  play(bot, [...LAID, ['risk halted', 'cancel 1-4', 'cancel 1-5']]);
  const edit = {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ upperPrice: '120', lines: 7 }),
  } as const;
  const refused = commanded(bot, edit);
  assert.deepEqual(refused.wants, []);
  assert.deepEqual(
    refused.notes.map(({ kind }) => kind),
    ['commandRefused'],
  );
  play(bot, [['end 1-4 cancelled 0.00'], ['end 1-5 cancelled 0.00'], ['risk reducing']]);
  assert.ok(commanded(bot, edit).notes.some(({ kind }) => kind === 'dealEdited'));
});

test('[G28] limits, stops and directions of a running grid change at once', () => {
  const bot = gridBot();
  play(bot, LAID);
  const edited = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ ...STOPS, maxActiveBuyLines: 1, name: 'renamed' }),
  });
  assert.deepEqual(edited.wants, ['cancel 1-5']);
  assert.deepEqual(
    edited.notes.filter(({ kind }) => kind === 'dealEdited').map(({ values }) => values),
    [{ fields: 'lowerStop, maxActiveBuyLines, name, upperStop' }],
  );
  assert.equal(watchedBelow(bot, 'COINUSDT'), 8_500);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 12_000);
  play(bot, [['end 1-5 cancelled 0.00']]);
});

test('[G28] what may not change, or cannot trade, is refused by name, and the old settings stay', () => {
  const bot = gridBot();
  play(bot, LAID);
  const refused = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ symbols: ['OTHERUSDT'], profitCurrency: 'base', lines: 4 }),
  });
  assert.deepEqual(refused.wants, []);
  assert.deepEqual(
    refused.notes.map(({ kind, values }) => [kind, values['reason']]),
    [
      [
        'commandRefused',
        'profitCurrency must stay as it is while the grid runs; symbols must stay as it is while the grid runs',
      ],
    ],
  );
  const small = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ quantityPerLine: '0.05' }),
  });
  assert.match(
    small.notes[0]?.values['reason'] ?? '',
    /^quantityPerLine must be COINUSDT: a value/,
  );
  assert.equal(gridOf(bot).settings.lines, 5);
  assert.equal(gridOf(bot).settings.quantityPerLine, '1');
});

test('[G28] a new quantity counts for lines that buy; coins held are sold as they are', () => {
  const bot = gridBot();
  play(bot, LAID);
  const edited = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ quantityPerLine: '2' }),
  });
  assert.deepEqual(edited.wants, ['cancel 1-4', 'cancel 1-5']);
  play(bot, [
    ['end 1-4 cancelled 0.00', 'buy 1-6 gridLine 2 2.00 @ 95.00 GTC'],
    ['end 1-5 cancelled 0.00', 'buy 1-7 gridLine 1 2.00 @ 90.00 GTC'],
    ['fill 1-2 1.00 @ 105.00', 'buy 1-8 gridLine 3 2.00 @ 100.00 GTC'],
    ['fill 1-8 2.00 @ 100.00', 'sell 1-9 gridLine 4 2.00 @ 105.00 GTC'],
  ]);
});

test('[G29] a wider range keeps every order that stands on a line of it', () => {
  const bot = gridBot();
  play(bot, LAID);
  const edited = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ lowerPrice: '80', upperPrice: '120', lines: 9 }),
  });
  assert.deepEqual(edited.wants, ['quote? COINUSDT']);
  play(bot, [
    // Lines 115 and 120 need two coins more.
    ['quote 99.99 100.00 100.00', 'buy 1-6 balancing 2.00 @ 101.00 IOC'],
    ['fill 1-6 2.00 @ 100.00', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'sell 1-7 gridLine 8 1.00 @ 115.00 GTC',
      'sell 1-8 gridLine 9 1.00 @ 120.00 GTC',
      'buy 1-9 gridLine 2 1.00 @ 85.00 GTC',
      'buy 1-10 gridLine 1 1.00 @ 80.00 GTC',
    ],
    ['fill 1-4 1.00 @ 95.00', 'sell 1-11 gridLine 5 1.00 @ 100.00 GTC'],
  ]);
});

test('[G29] orders on no new line go; their fills count; then the grid is laid out at the price there is', () => {
  const bot = gridBot();
  play(bot, LAID);
  const edited = commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ lowerPrice: '90', upperPrice: '114', lines: 5 }),
  });
  // 90, 96, 102, 108, 114: only the line at 90 is the same.
  assert.deepEqual(edited.wants, ['cancel 1-2', 'cancel 1-3', 'cancel 1-4']);
  play(bot, [
    ['end 1-2 cancelled 0.00'],
    ['fill 1-4 1.00 @ 95.00'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    // The price has fallen to 96: three cells sell, and there are three coins.
    [
      'quote 95.99 96.01 96.00',
      'sell 1-6 gridLine 3 1.00 @ 102.00 GTC',
      'sell 1-7 gridLine 4 1.00 @ 108.00 GTC',
      'sell 1-8 gridLine 5 1.00 @ 114.00 GTC',
    ],
    ['fill 1-5 1.00 @ 90.00', 'sell 1-9 gridLine 2 1.00 @ 96.00 GTC'],
  ]);
  assert.equal(gridView(gridOf(bot)).coins, '4');
});

test('[G29] an order that the price has passed by is taken back before the lines are laid out', () => {
  const bot = gridBot();
  play(bot, LAID);
  commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ lowerPrice: '80', upperPrice: '120', lines: 9 }),
  });
  play(bot, [
    // At 94.00 the line at 95 is the nearest: it is to be empty.
    ['quote 93.99 94.01 94.00', 'cancel 1-4'],
    ['end 1-4 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 93.99 94.01 94.00', 'buy 1-6 balancing 3.00 @ 94.95 IOC'],
  ]);
});

test('[G29] without balancing, lines for which coins are missing stand empty', () => {
  const bot = gridBot({ initialBalancing: false });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00 funds 2 1000',
      'sell 1-1 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-2 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-3 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-4 gridLine 1 1.00 @ 90.00 GTC',
    ],
  ]);
  commanded(bot, {
    kind: 'editDeal',
    dealId: 1,
    settings: gridSettings({ initialBalancing: false, upperPrice: '120', lines: 7 }),
  });
  play(bot, [
    // The coins suffice for 105 and 110; 115 and 120 have none.
    ['quote 99.99 100.00 100.00'],
    ['fill 1-1 1.00 @ 105.00', 'buy 1-5 gridLine 3 1.00 @ 100.00 GTC'],
    ['quote 115.00 115.01 115.00'],
    // The price has passed 115: its cell buys again, once no own sell is in the way.
    ['quote 115.00 115.02 115.01'],
    [
      'fill 1-2 1.00 @ 110.00',
      'buy 1-6 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-7 gridLine 4 1.00 @ 105.00 GTC',
    ],
  ]);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 12_001);
});

test('[G32] quotes between the prices that matter change nothing and make nothing', () => {
  const bot = gridBot({ ...STOPS, expansionUpTo: '118' });
  play(bot, LAID);
  assert.equal(watchedBelow(bot, 'COINUSDT'), 8_500);
  assert.equal(watchedAbove(bot, 'COINUSDT'), 11_500);
  assert.equal(watchedBelow(bot, 'OTHERUSDT'), -1);
  assert.equal(watchedAbove(bot, 'OTHERUSDT'), Infinity);
  const before = encodeJournal(bot);
  const quotes = ['85.01 85.03 85.02', '114.97 114.99 114.98'].map((text) =>
    step(bot, eventOf(`quote ${text}`, 1_700_000_000_000)),
  );
  assert.equal(quotes[0], quotes[1]);
  assert.equal(encodeJournal(bot), before);
});

test('[G32] events that are late, repeated or not awaited change nothing', () => {
  const bot = gridBot();
  play(bot, [
    ...LAID,
    ['fill 1-4 1.00 @ 95.00 #seven', 'sell 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-4 1.00 @ 95.00 #seven'],
    ['end 1-4 filled 1.00'],
    ['reject 1-6 exchange -2010', 'timer deal:1:lines in 2s'],
    ['reject 1-6 exchange -2010'],
    ['timer deal:1:lines'],
    ['timer deal:1:opening'],
    ['timer deal:1:stopping'],
    ['timer deal:2:lines'],
    ['close 2'],
    ['cancel 2'],
    ['start'],
  ]);
  const other = { kind: 'addFunds', dealId: 1, order: { amount: { kind: 'quote', value: '1' } } };
  const version = bot.version;
  assert.deepEqual(commanded(bot, other as never), { wants: [], notes: [] });
  assert.equal(bot.version, version);
});

test('[G33] profit and cost are the money that moved, at any price', () => {
  const bot = gridBot({}, 1000);
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 balancing 2.02 @ 101.00 IOC'],
    ['fill 1-1 2.02 @ 100.00 fee 0.00202 COIN', 'quote? COINUSDT'],
    [
      'quote 99.99 100.00 100.00',
      'sell 1-2 gridLine 4 1.00 @ 105.00 GTC',
      'sell 1-3 gridLine 5 1.00 @ 110.00 GTC',
      'buy 1-4 gridLine 2 1.00 @ 95.00 GTC',
      'buy 1-5 gridLine 1 1.00 @ 90.00 GTC',
    ],
    ['fill 1-2 1.00 @ 105.00 fee 0.105 USDT', 'buy 1-6 gridLine 3 1.00 @ 100.00 GTC'],
    ['fill 1-6 0.60 @ 100.00 fee 0.0006 COIN', 'sell 1-7 gridLine 4 0.60 @ 105.00 GTC'],
  ]);
  const view = gridView(gridOf(bot), priceTicks(10_300));
  // Cash: −202 + 104.895 − 60 = −157.105. Coins: 2.02 − 0.00202 − 1 + 0.6 − 0.0006 = 1.61738, worth 166.42354986 at
  // 103 after the fee.
  const sum = [view.gridProfit, view.otherProfit, view.unrealisedProfit]
    .map((text) => toScaled(text, 8, 'profit'))
    .reduce((left, right) => left + right, 0n);
  assert.equal(sum, toScaled('9.31854986', 8, 'profit'));
});
