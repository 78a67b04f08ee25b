// SPDX-License-Identifier: Apache-2.0
// Rules D60 to D84: when a DCA bot starts deals, what signals do, how profit changes the next orders.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  formatDecimal,
  parseSettings,
  step,
  toScaled,
  trimDecimal,
  type BotCommand,
  type DcaBotState,
} from '../src/index.ts';
import { adjustment, PROFIT_SCALE } from '../src/dca/reinvest.ts';
import { termsOf } from '../src/dca/terms.ts';
import {
  botOf,
  COIN,
  eventOf,
  OTHER,
  PLAIN,
  play,
  settingsOf,
  THIRD,
  type Row,
} from './deal-script.ts';

const ALL = { instruments: [COIN, OTHER, THIRD] };
const RSI = { kind: 'rsi', interval: '1h', period: 14, comparison: 'below', value: '30' };
const ON_CONDITIONS = { startTrigger: 'conditions', startConditions: [RSI] };
const LATER = 1_700_000_100_000;
const NO_LADDER = { maxSafetyOrders: 0, maxActiveSafetyOrders: 0 };

/** The base order of deal `id` at 100.00, on `symbol`. */
function opening(id: number, symbol = 'COINUSDT'): readonly Row[] {
  const where = symbol === 'COINUSDT' ? '' : ` ${symbol}`;
  return [
    [`quote 99.99 100.00 100.00 ${symbol}`, `buy ${id}-1 baseOrder 1.00 @ 101.00 IOC${where}`],
    [`fill ${id}-1 1.00 @ 100.00`, `sell ${id}-2 takeProfit 1.00 @ 102.00 GTC${where}`],
  ];
}

function notesOf(
  bot: DcaBotState,
  rows: readonly Row[],
  kind: string,
): Readonly<Record<string, string>>[] {
  return play(bot, rows)
    .filter(({ note }) => note.kind === kind)
    .map(({ note }) => ({ deal: String(note.dealId), ...note.values }));
}

/** The quotes that `bot` asks for when its settings change. */
function edited(
  bot: DcaBotState,
  command: Extract<BotCommand, { kind: 'editSettings' }>,
): readonly string[] {
  return step(bot, { kind: 'command', time: LATER, command }).flatMap((effect) =>
    effect.kind === 'requestQuote' ? [`quote? ${effect.symbol}`] : [],
  );
}

/** The reason for which the last of `rows` was refused. */
function refusal(bot: DcaBotState, rows: readonly Row[]): string | undefined {
  return notesOf(bot, rows, 'signalRefused').at(-1)?.['reason'];
}

test('[D60] conditions start a deal at the close that finds them met, and none when they are not known', () => {
  const bot = botOf({ ...ON_CONDITIONS, ...NO_LADDER });
  play(bot, [
    ['start'],
    ['signal start conditions unknown'],
    ['signal start conditions notMet'],
    ['signal start conditions none'],
    ['signal start webhook met'],
  ]);
  const started = notesOf(
    bot,
    [['signal start conditions met', 'quote? COINUSDT'], ...opening(1)],
    'dealStarted',
  );
  assert.equal(started[0]?.['by'], 'conditions');
  assert.equal(started[0]?.['readings'], 'RSI(14) 1h 27.31, below 30');
});

test('[D60] a signal starts a deal where the bot waits for signals, if its conditions are met', () => {
  const bot = botOf({ startTrigger: 'signal', ...NO_LADDER });
  play(bot, [
    ['start'],
    ['signal start conditions met'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(1),
  ]);
  const picky = { startTrigger: 'signal', startConditions: [RSI], ...NO_LADDER };
  for (const [standing, reason] of [
    ['none', 'it is not known whether the conditions are met'],
    ['unknown', 'it is not known whether the conditions are met'],
    ['notMet', 'the conditions are not met'],
  ] as const) {
    assert.equal(refusal(botOf(picky), [['start'], [`signal start webhook ${standing}`]]), reason);
  }
  play(botOf(picky), [['start'], ['signal start person met', 'quote? COINUSDT']]);
});

test('[D60] a bot that starts immediately or by hand follows no signal to start', () => {
  for (const startTrigger of ['immediately', 'manually']) {
    const bot = botOf({ startTrigger });
    const reason = refusal(bot, [['signal start webhook none']]);
    assert.equal(reason, 'deals of this bot do not start by signals');
  }
  play(botOf({ startTrigger: 'manually' }), [['start'], ['signal start conditions met']]);
});

test('[D61] a start that is not possible now is forgotten: it is taken at a later close or not at all', () => {
  const bot = botOf({ ...ON_CONDITIONS, ...NO_LADDER, cooldownSeconds: 60 });
  play(bot, [
    ['signal start conditions met'],
    ['start'],
    ['signal start conditions met', 'quote? COINUSDT'],
    ['signal start conditions met'],
    ...opening(1),
    ['signal start conditions met'],
    ['fill 1-2 1.00 @ 102.00', 'timer start:COINUSDT in 60s'],
    ['signal start conditions met'],
    ['+60s timer start:COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['signal start conditions met', 'quote? COINUSDT'],
  ]);
});

test('[D61] what a webhook or a person asked in vain is noted with the reason, what conditions ask is not', () => {
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, readonly Row[], string])[] = [
    [{}, [['signal start webhook none']], 'the bot is stopped'],
    [{}, [['start'], ['signal start webhook none OTHERUSDT']], 'the bot does not trade OTHERUSDT'],
    [
      {},
      [['start'], ['signal start webhook none', 'quote? COINUSDT'], ['signal start webhook none']],
      'a deal on COINUSDT is about to start',
    ],
    [
      { maxActiveDealsPerSymbol: 1 },
      [
        ['start'],
        ['signal start webhook none', 'quote? COINUSDT'],
        ...opening(1),
        ['signal start webhook none'],
      ],
      'the bot has all of its 1 deals',
    ],
    [
      { maxActiveDeals: 2 },
      [
        ['start'],
        ['signal start webhook none', 'quote? COINUSDT'],
        ...opening(1),
        ['signal start webhook none'],
      ],
      'the bot has all of its 1 deals on COINUSDT',
    ],
    [
      { cooldownSeconds: 60 },
      [
        ['start'],
        ['signal start webhook none', 'quote? COINUSDT'],
        ...opening(1),
        ['fill 1-2 1.00 @ 102.00', 'timer start:COINUSDT in 60s'],
        ['signal start webhook none'],
      ],
      'COINUSDT rests after its last deal',
    ],
    [
      {},
      [
        ['start'],
        ['signal start webhook none', 'quote? COINUSDT'],
        ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
        ['reject 1-1 exchange -2010', 'timer start:COINUSDT in 30s'],
        ['signal start webhook none'],
      ],
      'COINUSDT rests after a deal that failed',
    ],
    [
      {},
      [['start'], ['signal enterLong webhook none']],
      'a DCA bot follows signals to start, average and close',
    ],
  ];
  for (const [changes, play, reason] of rows) {
    const bot = botOf({ startTrigger: 'signal', ...NO_LADDER, ...changes });
    assert.equal(refusal(bot, play), reason);
  }
  const silent = botOf(ON_CONDITIONS);
  const { version } = silent;
  play(silent, [['signal start conditions met']]);
  assert.equal(silent.version, version, 'nothing to store');
});

test('[D62] the start delay lies between the decision and the quote, and a stop forgets the decision', () => {
  const bot = botOf({ ...ON_CONDITIONS, ...NO_LADDER, startDelaySeconds: 90 });
  play(bot, [
    ['start'],
    ['signal start conditions met', 'timer start:COINUSDT in 90s'],
    ['signal start conditions met'],
    ['+89s timer start:COINUSDT'],
    ['+1s timer start:COINUSDT', 'quote? COINUSDT'],
    ...opening(1),
  ]);
  play(botOf({ ...NO_LADDER, startDelaySeconds: 5 }), [
    ['start', 'timer start:COINUSDT in 5s'],
    ['stop'],
    ['+5s timer start:COINUSDT'],
    ['start', 'timer start:COINUSDT in 5s'],
    ['+5s timer start:COINUSDT', 'quote? COINUSDT'],
  ]);
  // A person's wish on a stopped bot too.
  play(botOf({ startTrigger: 'manually', ...NO_LADDER }), [
    ['startDeal COINUSDT none', 'quote? COINUSDT'],
    ['stop'],
    ['quote 99.99 100.01 100.00'],
  ]);
});

test('[D63] several deals on one symbol, up to the limits of symbol and bot, counting those about to start', () => {
  const bot = botOf(
    {
      startTrigger: 'signal',
      ...NO_LADDER,
      symbols: ['COINUSDT', 'OTHERUSDT'],
      maxActiveDeals: 3,
      maxActiveDealsPerSymbol: 2,
    },
    ALL,
  );
  const reason = refusal(bot, [
    ['start'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(1),
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(2),
    ['signal start webhook none'],
    ['signal start webhook none OTHERUSDT', 'quote? OTHERUSDT'],
    ['signal start webhook none OTHERUSDT'],
    ...opening(3, 'OTHERUSDT'),
    ['signal start webhook none OTHERUSDT'],
  ]);
  assert.equal(reason, 'the bot has all of its 3 deals');
  play(bot, [['fill 1-2 1.00 @ 102.00'], ['signal start webhook none', 'quote? COINUSDT']]);
});

test('[D63] the cooldown of a symbol counts from each close of one of its deals', () => {
  const bot = botOf({
    startTrigger: 'signal',
    ...NO_LADDER,
    maxActiveDeals: 3,
    maxActiveDealsPerSymbol: 3,
    cooldownSeconds: 60,
  });
  const reason = refusal(bot, [
    ['start'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(1),
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(2),
    ['fill 1-2 1.00 @ 102.00', 'timer start:COINUSDT in 60s'],
    ['+30s fill 2-2 1.00 @ 102.00', 'timer start:COINUSDT in 60s'],
    ['+30s timer start:COINUSDT'],
    ['signal start webhook none'],
  ]);
  assert.equal(reason, 'COINUSDT rests after its last deal');
  play(bot, [['+90s timer start:COINUSDT'], ['signal start webhook none', 'quote? COINUSDT']]);
});

test('[D64] a bot stops after the number of deals it was to open, and counts anew when it is started', () => {
  const bot = botOf({ ...NO_LADDER, stopAfterDeals: 2 });
  const stopped = notesOf(
    bot,
    [
      ['start', 'quote? COINUSDT'],
      ...opening(1),
      ['fill 1-2 1.00 @ 102.00', 'quote? COINUSDT'],
      ...opening(2),
      ['fill 2-2 1.00 @ 102.00'],
    ],
    'botStopped',
  );
  assert.deepEqual(stopped, [{ deal: '0', reason: 'it has opened the 2 deals it was to open' }]);
  assert.equal(bot.isRunning, false);
  play(bot, [['start', 'quote? COINUSDT'], ...opening(3)]);
  assert.equal(bot.isRunning, true);
});

test('[D65] a deal starts while its base order would trade within the price limits, both included', () => {
  const limited = { ...ON_CONDITIONS, ...NO_LADDER, minPrice: '99.005', maxPrice: '100.019' };
  const rows: readonly (readonly [string, string, boolean])[] = [
    ['98.99', '99.00', false],
    ['99.00', '99.01', true],
    ['100.00', '100.01', true],
    ['100.01', '100.02', false],
  ];
  for (const [bid, ask, isStarted] of rows) {
    const bot = botOf(limited);
    play(bot, [['start'], ['signal start conditions met', 'quote? COINUSDT']]);
    step(bot, eventOf(`quote ${bid} ${ask} ${ask}`, LATER));
    assert.equal(bot.deals.length, isStarted ? 1 : 0, `${bid} ${ask}`);
    // The price of the close is looked at first: where it does not fit nothing is asked.
    const quick = botOf(limited);
    play(quick, [
      ['start'],
      [
        `signal start conditions met at ${bid} ${ask} ${ask}`,
        ...(isStarted ? ['quote? COINUSDT'] : []),
      ],
    ]);
  }
});

test('[D65] an immediate start waits for its price on the side it must come from', () => {
  const bot = botOf({ ...NO_LADDER, minPrice: '90', maxPrice: '95' });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00'],
    ['quote 95.00 95.01 95.01'],
    // Through the limits: now it is below them.
    ['quote 89.98 89.99 89.99'],
    ['quote 89.97 89.98 89.98'],
    ['quote 89.99 90.00 90.00', 'quote? COINUSDT'],
    ['quote 95.00 95.01 95.01'],
    ['quote 94.98 94.99 94.99', 'quote? COINUSDT'],
    ['quote 94.99 95.00 95.00', 'buy 1-1 baseOrder 1.06 @ 95.95 IOC'],
  ]);
});

test('[D65] a symbol whose price does not fit leaves its place to another', () => {
  const bot = botOf(
    { ...NO_LADDER, symbols: ['COINUSDT', 'OTHERUSDT'], maxPricePercent: '0' },
    ALL,
  );
  play(bot, [
    // First the prices from which the percentage counts.
    ['start', 'quote? COINUSDT', 'quote? OTHERUSDT', 'quote? COINUSDT'],
    ['quote 99.97 99.98 99.98 OTHERUSDT'],
    // The ask is above the last price at the start.
    ['quote 99.98 99.99 99.98', 'quote? OTHERUSDT'],
    ['quote 99.97 99.98 99.98 OTHERUSDT', 'buy 1-1 baseOrder 1.01 @ 100.97 IOC OTHERUSDT'],
    ['quote 90.00 90.01 90.01'],
    ['fill 1-1 1.01 @ 99.98', 'sell 1-2 takeProfit 1.01 @ 101.98 GTC OTHERUSDT'],
    ['fill 1-2 1.01 @ 101.98', 'quote? OTHERUSDT'],
  ]);
});

test('[D65] limits in percent count from the last price when the bot was started', () => {
  const bot = botOf({
    startTrigger: 'signal',
    ...NO_LADDER,
    minPricePercent: '-10',
    maxPricePercent: '5',
  });
  const rows: readonly Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.01 100.00'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ['quote 105.00 105.01 105.01'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ['quote 89.98 89.99 89.99'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ['quote 104.99 105.00 105.00', 'buy 1-1 baseOrder 0.96 @ 106.05 IOC'],
    ['end 1-1 expired 0.00', 'timer start:COINUSDT in 30s'],
    ['stop'],
    ['+30s timer start:COINUSDT'],
    // Started again, the limits count from the new price.
    ['start', 'quote? COINUSDT'],
    ['quote 199.99 200.01 200.00'],
    ['signal start webhook none', 'quote? COINUSDT'],
  ];
  assert.deepEqual(
    notesOf(bot, rows, 'signalRefused').map(({ reason }) => reason),
    ['the price 105.01 is above 105.00', 'the price 89.99 is below 90.00'],
  );
  play(bot, [['quote 208.00 209.00 208.00', 'buy 2-1 baseOrder 0.48 @ 211.09 IOC']]);
});

test('[D66] a person starts a deal, within conditions and limits or beyond them', () => {
  const settings = { ...ON_CONDITIONS, ...NO_LADDER, maxActiveDealsPerSymbol: 2 };
  assert.equal(
    refusal(botOf(settings), [['startDeal COINUSDT met onlyWhileRunning']]),
    'the bot is stopped',
  );
  assert.equal(
    refusal(botOf(settings), [['startDeal COINUSDT unknown']]),
    'it is not known whether the conditions are met',
  );
  assert.equal(
    refusal(botOf(settings), [['startDeal OTHERUSDT met']]),
    'the bot does not trade OTHERUSDT',
  );
  const bot = botOf(settings);
  const reason = refusal(bot, [
    ['startDeal COINUSDT met', 'quote? COINUSDT'],
    ...opening(1),
    ['startDeal COINUSDT met'],
  ]);
  assert.equal(reason, 'the bot has all of its 1 deals');
  const started = notesOf(
    bot,
    [
      ['startDeal COINUSDT notMet skipConditions skipLimits', 'quote? COINUSDT'],
      // Not lost when another deal ends meanwhile.
      ['fill 1-2 1.00 @ 102.00'],
      ...opening(2),
    ],
    'dealStarted',
  );
  assert.equal(started[0]?.['by'], 'person');
  assert.equal(bot.isRunning, false, 'a stopped bot stays stopped');
});

test('[D66] beyond the limits: prices, pauses and the start delay are skipped too', () => {
  play(
    botOf({
      startTrigger: 'manually',
      ...NO_LADDER,
      maxPrice: '50',
      cooldownSeconds: 600,
      startDelaySeconds: 60,
    }),
    [
      ['start'],
      ['startDeal COINUSDT none skipLimits', 'quote? COINUSDT'],
      ...opening(1),
      ['fill 1-2 1.00 @ 102.00', 'timer start:COINUSDT in 600s'],
      ['startDeal COINUSDT none skipLimits', 'quote? COINUSDT'],
      ...opening(2),
    ],
  );
});

const SIGNALLED: Readonly<Record<string, unknown>> = {
  safetyOrderTrigger: 'signal',
  maxActiveSafetyOrders: 0,
};
const SIGNALLED_OPEN: readonly Row[] = [['start', 'quote? COINUSDT'], ...opening(1)];

test('[D70] safety orders on signal do not rest; one signal sends the next one whose price has been passed', () => {
  const bot = botOf(SIGNALLED);
  const notes = notesOf(
    bot,
    [
      ...SIGNALLED_OPEN,
      // The first stands at 99.00: it has not been passed.
      ['signal safetyOrder webhook none at 98.99 99.01 99.01'],
      ['signal safetyOrder webhook none at 98.98 98.99 98.99', 'quote? COINUSDT'],
      // Past two of them: one signal sends one, for its whole volume at the price there is.
      ['quote 97.49 97.50 97.50', 'buy 1-3 safetyOrder 1 1.03 @ 98.47 IOC'],
      ['signal safetyOrder webhook none'],
      ['fill 1-3 1.03 @ 97.50', 'cancel 1-2'],
      ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 2.03 @ 100.71 GTC'],
      ['signal safetyOrder webhook none', 'quote? COINUSDT'],
      ['quote 97.49 97.50 97.50', 'buy 1-5 safetyOrder 2 1.03 @ 98.00 IOC'],
    ],
    'safetyOrderSignalled',
  );
  assert.deepEqual(
    notes.map(({ number, price, readings }) => [number, price, readings]),
    [
      ['1', '99.00', 'RSI(14) 1h 27.31, below 30'],
      ['2', '98.00', 'RSI(14) 1h 27.31, below 30'],
    ],
  );
});

test('[D70] never dearer than it would have rested, and nothing where the price has come back', () => {
  play(botOf(SIGNALLED), [
    ...SIGNALLED_OPEN,
    ['signal safetyOrder webhook none at 98.94 98.95 98.95', 'quote? COINUSDT'],
    ['quote 99.00 99.01 99.01'],
    ['signal safetyOrder webhook none at 98.94 98.95 98.95', 'quote? COINUSDT'],
    // 98.95 plus 1 % would be 99.93.
    ['quote 98.94 98.95 98.95', 'buy 1-3 safetyOrder 1 1.02 @ 99.00 IOC'],
  ]);
});

test('[D70] safety orders on conditions follow the conditions only', () => {
  const settings = {
    safetyOrderTrigger: 'conditions',
    safetyOrderConditions: [RSI],
    maxActiveSafetyOrders: 0,
  };
  const bot = botOf(settings);
  const reason = refusal(bot, [
    ...SIGNALLED_OPEN,
    ['signal safetyOrder conditions notMet at 97.99 98.00 98.00'],
    ['signal safetyOrder conditions unknown at 97.99 98.00 98.00'],
    ['signal safetyOrder conditions met at 99.99 100.00 100.00'],
    ['signal safetyOrder webhook met at 97.99 98.00 98.00'],
  ]);
  assert.equal(reason, 'safety orders of this deal do not wait for signals');
  play(bot, [
    ['signal safetyOrder conditions met deals 7 at 97.99 98.00 98.00'],
    ['signal safetyOrder conditions met deals 1 at 97.99 98.00 98.00', 'quote? COINUSDT'],
    ['quote 97.99 98.00 98.00', 'buy 1-3 safetyOrder 1 1.03 @ 98.98 IOC'],
  ]);
});

test('[D71] a safety order on signal that bought something counts; one that bought nothing waits for the next signal', () => {
  const bot = botOf({ ...SIGNALLED, maxSafetyOrders: 2 });
  play(bot, [
    ...SIGNALLED_OPEN,
    ['signal safetyOrder webhook none', 'quote? COINUSDT'],
    ['quote 97.49 97.50 97.50', 'buy 1-3 safetyOrder 1 1.03 @ 98.47 IOC'],
    ['end 1-3 expired 0.00'],
    ['signal safetyOrder webhook none', 'quote? COINUSDT'],
    ['quote 97.49 97.50 97.50', 'buy 1-4 safetyOrder 1 1.03 @ 98.47 IOC'],
    ['reject 1-4 exchange -2010'],
    ['signal safetyOrder webhook none', 'quote? COINUSDT'],
    ['quote 97.49 97.50 97.50', 'buy 1-5 safetyOrder 1 1.03 @ 98.47 IOC'],
    ['fill 1-5 0.50 @ 97.50', 'cancel 1-2'],
    ['end 1-5 expired 0.50'],
    ['end 1-2 cancelled 0.00', 'sell 1-6 takeProfit 1.50 @ 101.15 GTC'],
    ['signal safetyOrder webhook none', 'quote? COINUSDT'],
    ['quote 97.49 97.50 97.50', 'buy 1-7 safetyOrder 2 1.03 @ 98.00 IOC'],
    ['fill 1-7 1.03 @ 97.50', 'cancel 1-6'],
    ['end 1-6 cancelled 0.00', 'sell 1-8 takeProfit 2.53 @ 100.46 GTC'],
  ]);
  assert.equal(bot.deals[0]?.filledSafetyOrders, 2);
  const reason = refusal(bot, [['signal safetyOrder webhook none']]);
  assert.equal(reason, 'the deal waits for no safety order');
});

test('[D72] a close on conditions sells once the deal earns its least profit', () => {
  const settings = {
    closeTrigger: 'conditions',
    closeConditions: [RSI],
    takeProfit: '50',
    ...NO_LADDER,
  };
  const bot = botOf(settings);
  const opened: readonly Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    ['fill 1-1 1.00 @ 100.00', 'sell 1-2 takeProfit 1.00 @ 150.00 GTC'],
  ];
  const notes = notesOf(
    bot,
    [
      ...opened,
      ['signal close conditions met at 100.49 100.50 100.50'],
      ['signal close conditions unknown at 100.50 100.51 100.51'],
      ['signal close webhook met at 100.50 100.51 100.51'],
      ['signal close conditions met at 100.50 100.51 100.51', 'quote? COINUSDT'],
      // The price has gone before the fresh quote came.
      ['quote 100.49 100.50 100.50'],
      ['signal close conditions met', 'quote? COINUSDT'],
      ['quote 100.70 100.71 100.71', 'cancel 1-2'],
      ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
      ['quote 100.70 100.71 100.71', 'sell 1-3 close 1.00 @ 99.70 IOC'],
      ['fill 1-3 1.00 @ 100.70', 'quote? COINUSDT'],
    ],
    'closeSignalled',
  );
  assert.deepEqual(notes, [
    { deal: '1', profitPercent: '0.7', readings: 'RSI(14) 1h 27.31, below 30' },
  ]);
  const [deal] = bot.endedDeals;
  assert.ok(deal?.phase.kind === 'ended');
  assert.equal(deal.phase.outcome, 'completed');
  assert.equal(deal.phase.reason, 'closed by signal');
});

test('[D72] the least profit counts after the fee, of all that was bought or of the base order alone', () => {
  const settings = {
    closeTrigger: 'signal',
    minProfit: '1',
    takeProfit: '50',
    maxSafetyOrders: 1,
    maxActiveSafetyOrders: 1,
  };
  const opened: readonly Row[] = [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 150.16 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    ['fill 1-3 1.02 @ 99.00', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'sell 1-4 takeProfit 2.02 @ 149.40 GTC'],
  ];
  // Paid 200.98, fee 0.1 %: 1 % of it is earned from 100.592… on, 1 % of 100 from 100.093… on.
  for (const [minProfitType, unfit, fit] of [
    ['total', '100.59', '100.60'],
    ['base', '100.09', '100.10'],
    ['none', null, '1.00'],
  ] as const) {
    const bot = botOf({ ...settings, minProfitType }, { feeRatePpm: 1000 });
    play(bot, opened);
    if (unfit !== null) {
      const reason = refusal(bot, [[`signal close webhook none at ${unfit} ${unfit} ${unfit}`]]);
      assert.match(String(reason), /^a profit of .* % is less than the deal is to earn$/);
    }
    play(bot, [[`signal close webhook none at ${fit} ${fit} ${fit}`, 'quote? COINUSDT']]);
  }
});

test('[D73] a least profit of 0.5 % of all that was bought is there unless it is taken away', () => {
  const settings = settingsOf({ closeTrigger: 'signal' });
  assert.equal(settings.minProfitType, 'total');
  assert.equal(settings.minProfit, '0.5');
});

test('[D74] signals reach only the deals they are for, whose own settings count', () => {
  const bot = botOf({
    startTrigger: 'signal',
    closeTrigger: 'signal',
    minProfitType: 'none',
    ...NO_LADDER,
    maxActiveDeals: 3,
    maxActiveDealsPerSymbol: 3,
  });
  play(bot, [
    ['start'],
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(1),
    ['signal start webhook none', 'quote? COINUSDT'],
    ...opening(2),
    ['signal close webhook none deals 2', 'quote? COINUSDT'],
    // A further deal joins the question that is already put.
    ['signal close webhook none deals 1'],
    ['signal close webhook none deals 1,2'],
    ['quote 99.99 100.00 100.00', 'cancel 1-2', 'cancel 2-2'],
  ]);
});

test('[D75] profit of ended deals is summed, exactly', () => {
  const bot = botOf({ ...NO_LADDER, stopLoss: '5' });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ...opening(1),
    ['fill 1-2 1.00 @ 102.00', 'quote? COINUSDT'],
    ...opening(2),
    ['quote 94.99 95.00 95.00', 'cancel 2-2'],
    ['end 2-2 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 94.99 95.00 95.00', 'sell 2-3 stopLoss 1.00 @ 94.05 IOC'],
    ['fill 2-3 1.00 @ 94.99', 'quote? COINUSDT'],
  ]);
  assert.equal(trimDecimal(formatDecimal(bot.profit, PROFIT_SCALE)), '-3.01');
});

test('[D76] profit enlarges and loss shrinks every order of the next deal by the same amount', () => {
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, string, string])[] = [
    [{}, '100', '0'],
    [{ reinvest: '100' }, '10', '2.5'],
    [{ reinvest: '50' }, '10', '1.25'],
    [{ reinvest: '100' }, '-10', '0'],
    [{ riskReduction: '100' }, '10', '0'],
    [{ riskReduction: '40' }, '-10', '-1'],
    [{ reinvest: '100', riskReduction: '100' }, '-0.00000001', '-0.00000001'],
    // A third of a cent's hundred-millionth is not spent.
    [{ reinvest: '100', maxSafetyOrders: 2 }, '1', '0.33333333'],
    [{ riskReduction: '100', maxSafetyOrders: 2 }, '-1', '-0.33333334'],
  ];
  for (const [changes, profit, expected] of rows) {
    const settings = settingsOf(changes);
    const found = adjustment(settings, toScaled(profit, PROFIT_SCALE, 'profit'));
    assert.equal(trimDecimal(formatDecimal(found, 8)), expected, JSON.stringify(changes));
    const { baseVolume, rungs } = termsOf({ ...settings, volumeAdjustment: expected });
    for (const [index, volume] of [baseVolume, ...rungs.map((rung) => rung.volume)].entries()) {
      const plain = index === 0 ? settings.baseOrderVolume : settings.safetyOrderVolume;
      assert.equal(
        volume.numerator * 10n ** 8n,
        (toScaled(plain, 8, 'volume') + found) * volume.denominator,
      );
    }
  }
});

test('[D76] the next deal trades the changed volumes, running deals keep theirs', () => {
  const bot = botOf({ reinvest: '100', maxSafetyOrders: 1, maxActiveSafetyOrders: 1 });
  play(bot, [
    ['start', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 1.00 @ 101.00 IOC'],
    [
      'fill 1-1 1.00 @ 100.00',
      'sell 1-2 takeProfit 1.00 @ 102.00 GTC',
      'buy 1-3 safetyOrder 1 1.02 @ 99.00 GTC',
    ],
    // Earns 10.00: 5.00 for each of the two orders.
    ['fill 1-2 1.00 @ 110.00', 'cancel 1-3'],
    ['end 1-3 cancelled 0.00', 'quote? COINUSDT'],
    ['quote 99.99 100.00 100.00', 'buy 2-1 baseOrder 1.05 @ 101.00 IOC'],
    [
      'fill 2-1 1.05 @ 100.00',
      'sell 2-2 takeProfit 1.05 @ 102.00 GTC',
      'buy 2-3 safetyOrder 1 1.07 @ 99.00 GTC',
    ],
  ]);
});

test('[D77] a reduction goes no further than the venue allows, to the last unit', () => {
  const bot = botOf({ riskReduction: '100', maxSafetyOrders: 1, maxActiveSafetyOrders: 1 });
  bot.profit = -toScaled('1000', PROFIT_SCALE, 'profit');
  play(bot, [
    ['start', 'quote? COINUSDT'],
    // Each order must be worth 5.00, at take profit too.
    ['quote 99.99 100.00 100.00', 'buy 1-1 baseOrder 0.05 @ 101.00 IOC'],
  ]);
});

test('[D78] stop and close all, stop and cancel all, close all and cancel all, of one symbol or of all', () => {
  const settings = {
    ...NO_LADDER,
    symbols: ['COINUSDT', 'OTHERUSDT'],
    maxActiveDeals: 2,
  };
  const both: readonly Row[] = [
    ['start', 'quote? COINUSDT', 'quote? OTHERUSDT'],
    ...opening(1),
    ...opening(2, 'OTHERUSDT'),
  ];
  const stopped = botOf(settings, ALL);
  play(stopped, [...both, ['stop close', 'cancel 1-2', 'cancel 2-2']]);
  assert.equal(stopped.isRunning, false);
  play(botOf(settings, ALL), [
    ...both,
    ['stop cancel', 'cancel 1-2', 'cancel 2-2'],
    ['end 1-2 cancelled 0.00'],
    ['end 2-2 cancelled 0.00'],
    ['stop close'],
  ]);
  play(botOf(settings, ALL), [
    ...both,
    ['closeAll OTHERUSDT', 'cancel 2-2'],
    ['closeAll', 'cancel 1-2'],
    ['closeAll'],
  ]);
  play(botOf(settings, ALL), [
    ...both,
    ['cancelAll COINUSDT', 'cancel 1-2'],
    ['end 1-2 cancelled 0.00', 'quote? COINUSDT'],
    ['cancelAll', 'cancel 2-2'],
  ]);
  // A stopped bot still closes what runs.
  const later = botOf(settings, ALL);
  play(later, [...both, ['stop'], ['stop close', 'cancel 1-2', 'cancel 2-2']]);
});

test('[D79] new settings are for new deals; symbols come and go, and a deal on one that went goes on', () => {
  const bot = botOf({ ...NO_LADDER, symbols: ['COINUSDT', 'OTHERUSDT'], maxActiveDeals: 2 }, ALL);
  play(bot, [['start', 'quote? COINUSDT', 'quote? OTHERUSDT'], ...opening(1)]);
  const settings = settingsOf({
    ...NO_LADDER,
    symbols: ['OTHERUSDT', 'THIRDUSDT'],
    maxActiveDeals: 3,
    takeProfit: '4',
  });
  const edit = { kind: 'editSettings', settings, instruments: [OTHER, THIRD] } as const;
  const effects = edited(bot, edit);
  assert.deepEqual(effects, ['quote? OTHERUSDT', 'quote? THIRDUSDT']);
  assert.deepEqual(edited(bot, edit), [], 'the same settings again change nothing');
  assert.equal(bot.deals[0]?.settings.takeProfit, '2');
  play(bot, [
    ['quote 99.99 100.00 100.00 THIRDUSDT', 'buy 2-1 baseOrder 1.00 @ 101.00 IOC THIRDUSDT'],
    ['fill 2-1 1.00 @ 100.00', 'sell 2-2 takeProfit 1.00 @ 104.00 GTC THIRDUSDT'],
    // Nobody waits for a place on this symbol any more.
    ['fill 1-2 1.00 @ 102.00'],
    ['quote 99.99 100.00 100.00'],
  ]);
  assert.equal(bot.endedCount, 1);
});

test('[D80] contradictions of the bot part of the settings are refused at their field', () => {
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, readonly string[]])[] = [
    [{ startTrigger: 'conditions' }, ['startConditions']],
    [{ startConditions: [RSI] }, ['startConditions']],
    [{ startTrigger: 'signal', startConditions: [RSI] }, []],
    [{ startTrigger: 'manually', startConditions: [RSI] }, []],
    [{ startTrigger: 'conditions', startConditions: [] }, ['startConditions']],
    [
      { startTrigger: 'conditions', startConditions: [{ ...RSI, period: 0 }] },
      ['startConditions[0].period'],
    ],
    [
      {
        closeTrigger: 'conditions',
        closeConditions: [{ kind: 'macd', interval: '1h', fastPeriod: 26, slowPeriod: 12 }],
      },
      ['closeConditions[0].fastPeriod'],
    ],
    [{ safetyOrderTrigger: 'conditions', maxActiveSafetyOrders: 0 }, ['safetyOrderConditions']],
    [{ safetyOrderConditions: [RSI] }, ['safetyOrderConditions']],
    [{ closeConditions: [RSI] }, ['closeConditions']],
    [{ maxActiveDealsPerSymbol: 2 }, ['maxActiveDealsPerSymbol']],
    [{ maxActiveDealsPerSymbol: 2, startTrigger: 'signal' }, []],
    [{ minPrice: '10', maxPrice: '10' }, ['maxPrice']],
    [{ minPrice: '9.999999999999', maxPrice: '10' }, []],
    [{ minPricePercent: '5', maxPricePercent: '-5' }, ['maxPricePercent']],
    [{ minPrice: '10', symbols: ['COINUSDT', 'OTHERUSDT'] }, ['minPrice']],
    [{ minPricePercent: '-10', symbols: ['COINUSDT', 'OTHERUSDT'] }, []],
    [{ reinvest: '101' }, ['reinvest']],
    [{ riskReduction: '-1' }, ['riskReduction']],
    [{ reinvest: '1', baseOrderVolumeType: 'base' }, ['reinvest']],
    [{ riskReduction: '1', safetyOrderVolumeType: 'percent' }, ['riskReduction']],
    [{ reinvest: '0.0', baseOrderVolumeType: 'base' }, []],
    [{ maxActiveSafetyOrders: 0 }, ['maxActiveSafetyOrders']],
    [{ maxActiveSafetyOrders: 0, safetyOrderTrigger: 'signal' }, []],
  ];
  for (const [changes, wrong] of rows) {
    const parsed = parseSettings({ ...PLAIN, ...changes });
    const found = parsed.ok ? [] : parsed.errors.map(({ field }) => field);
    assert.deepEqual(found, wrong, JSON.stringify(changes));
  }
});
