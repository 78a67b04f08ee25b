// SPDX-License-Identifier: Apache-2.0
// What a signal means: the decision table, a row a test; and which signals are heard at all.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  checkSettings,
  parseSettings,
  priceTicks,
  signalFault,
  SETTINGS_FIELDS,
  step,
  type FieldError,
  type PositionSide,
  type Signal,
  type SignalAction,
  type StrategyPosition,
} from '../src/index.ts';
import { decide, type Decision } from '../src/signal/decision.ts';
import { COIN, OTHER, THIRD } from './deal-script.ts';
import { NOW, signalBot, signalSettings, tell, webhook } from './signal-script.ts';
import { percent, price } from './trade-script.ts';

/** A decision in a word or two: `enter long`, `exit 50`, `refuse …`. */
function told(decision: Decision): string {
  switch (decision.kind) {
    case 'enter':
    case 'reverse':
      return `${decision.kind} ${decision.direction}`;
    case 'exit': {
      const { part } = decision;
      if (part === null) return 'exit';
      return `exit ${Number((part.numerator * 100n) / part.denominator) / 100}`;
    }
    case 'add':
    case 'disable':
      return decision.kind;
    case 'refuse':
      return `refuse: ${decision.reason}`;
  }
}

type Rules = 'long' | 'short' | 'close' | 'ignore' | 'reverse';

function settingsFor(rules: Rules): ReturnType<typeof signalSettings> {
  return rules === 'long' || rules === 'short'
    ? signalSettings({ directions: rules })
    : signalSettings({ directions: 'both', onOpposite: rules });
}

/** Action, what is held, which settings, what follows. */
const ACTIONS: readonly (readonly [SignalAction, PositionSide, Rules, string])[] = [
  ['enterLong', 'flat', 'long', 'enter long'],
  ['enterLong', 'flat', 'short', 'refuse: long positions are not allowed'],
  ['enterLong', 'long', 'long', 'add'],
  ['enterLong', 'short', 'short', 'exit'],
  ['enterLong', 'short', 'close', 'exit'],
  ['enterLong', 'short', 'reverse', 'reverse long'],
  ['enterLong', 'short', 'ignore', 'refuse: a short position is open'],
  ['enterShort', 'flat', 'short', 'enter short'],
  ['enterShort', 'flat', 'long', 'refuse: short positions are not allowed'],
  ['enterShort', 'short', 'short', 'add'],
  ['enterShort', 'long', 'long', 'exit'],
  ['enterShort', 'long', 'reverse', 'reverse short'],
  ['enterShort', 'long', 'ignore', 'refuse: a long position is open'],
  ['exitLong', 'long', 'long', 'exit'],
  ['exitLong', 'flat', 'long', 'refuse: no long position is open'],
  ['exitLong', 'short', 'close', 'refuse: no long position is open'],
  ['exitShort', 'short', 'short', 'exit'],
  ['exitShort', 'flat', 'short', 'refuse: no short position is open'],
  ['exitShort', 'long', 'close', 'refuse: no short position is open'],
  ['close', 'long', 'long', 'exit'],
  ['close', 'short', 'short', 'exit'],
  ['close', 'flat', 'long', 'refuse: no position is open'],
  ['reverse', 'long', 'close', 'reverse short'],
  ['reverse', 'long', 'long', 'exit'],
  ['reverse', 'short', 'close', 'reverse long'],
  ['reverse', 'flat', 'close', 'refuse: no position is open'],
  ['disable', 'long', 'long', 'disable'],
  ['start', 'flat', 'long', 'refuse: a signal bot does not know the action start'],
  ['safetyOrder', 'long', 'long', 'refuse: a signal bot does not know the action safetyOrder'],
];

for (const [action, held, rules, expected] of ACTIONS) {
  test(`[N3] ${action} while ${held} (${rules}): ${expected}`, () => {
    assert.equal(told(decide(webhook({ action }), held, settingsFor(rules))), expected);
  });
}

/** `before size → side size`; no text: nothing is said of the strategy's position. */
function strategyOf(text: string): { readonly strategy?: StrategyPosition } {
  if (text === '') return {};
  const [from = '', to = ''] = text.split(' → ');
  const [sideBefore, sizeBefore] = from.split(' ');
  const [side, size] = to.split(' ');
  return {
    strategy: {
      side: side as PositionSide,
      ...(size === undefined ? {} : { size }),
      ...(sideBefore === '' ? {} : { sideBefore: sideBefore as PositionSide }),
      ...(sizeBefore === undefined ? {} : { sizeBefore }),
    },
  };
}

/** A strategy's order, what it makes of its own position, what the bot holds, which settings, what follows. */
const STRATEGY: readonly (readonly ['buy' | 'sell', string, PositionSide, Rules, string])[] = [
  ['buy', 'flat 0 → long 1', 'flat', 'long', 'enter long'],
  ['buy', 'flat 0 → long 1', 'flat', 'short', 'refuse: long positions are not allowed'],
  ['buy', 'flat 0 → long 1', 'long', 'long', 'refuse: a long position is open already'],
  ['buy', 'flat 0 → long 1', 'short', 'close', 'exit'],
  ['buy', 'flat 0 → long 1', 'short', 'reverse', 'reverse long'],
  ['buy', 'long 1 → long 2', 'long', 'long', 'add'],
  [
    'buy',
    'long 1 → long 2',
    'flat',
    'long',
    'refuse: no long position is open that could be enlarged',
  ],
  [
    'buy',
    'long 2 → long 1',
    'long',
    'long',
    'refuse: contradiction: the position is to grow, but goes from 2 to 1',
  ],
  ['buy', 'short 4 → short 1', 'short', 'short', 'exit 75'],
  [
    'buy',
    'short 1 → short 2',
    'short',
    'short',
    'refuse: contradiction: the position is to shrink, but goes from 1 to 2',
  ],
  [
    'buy',
    'short → short',
    'short',
    'short',
    'refuse: the strategy does not say how much of its position is left',
  ],
  ['buy', 'short 1 → flat 0', 'short', 'short', 'exit'],
  ['buy', 'short 1 → flat 0', 'flat', 'long', 'refuse: no short position is open'],
  ['buy', 'short 1 → long 1', 'short', 'reverse', 'reverse long'],
  ['buy', 'short 1 → long 1', 'short', 'close', 'exit'],
  ['buy', 'short 1 → long 1', 'short', 'ignore', 'exit'],
  ['buy', 'short 1 → long 1', 'flat', 'long', 'enter long'],
  ['buy', 'short 1 → long 1', 'long', 'long', 'refuse: a long position is open already'],
  [
    'buy',
    'flat 0 → flat 0',
    'flat',
    'long',
    'refuse: contradiction: a buy cannot lead from flat to flat',
  ],
  [
    'buy',
    'long 1 → short 1',
    'long',
    'close',
    'refuse: contradiction: a buy cannot lead from long to short',
  ],
  [
    'buy',
    'long 1 → flat 0',
    'long',
    'close',
    'refuse: contradiction: a buy cannot lead from long to flat',
  ],
  ['buy', ' → long 1', 'flat', 'long', 'enter long'],
  ['buy', ' → long 1', 'long', 'long', 'add'],
  ['buy', ' → flat', 'short', 'short', 'exit'],
  ['buy', '', 'flat', 'long', 'enter long'],
  ['buy', '', 'long', 'long', 'add'],
  ['buy', '', 'short', 'ignore', 'exit'],
  ['buy', '', 'short', 'reverse', 'reverse long'],
  ['sell', 'flat 0 → short 1', 'flat', 'short', 'enter short'],
  ['sell', 'flat 0 → short 1', 'flat', 'long', 'refuse: short positions are not allowed'],
  ['sell', 'short 1 → short 2', 'short', 'short', 'add'],
  ['sell', 'long 3 → long 2', 'long', 'long', 'exit 33.33'],
  ['sell', 'long 1 → flat 0', 'long', 'long', 'exit'],
  ['sell', 'long 1 → short 1', 'long', 'long', 'exit'],
  ['sell', 'long 1 → short 1', 'long', 'reverse', 'reverse short'],
  ['sell', 'long 1 → short 1', 'flat', 'close', 'enter short'],
  [
    'sell',
    'short 1 → long 1',
    'short',
    'close',
    'refuse: contradiction: a sell cannot lead from short to long',
  ],
  ['sell', '', 'flat', 'long', 'refuse: short positions are not allowed'],
  ['sell', '', 'long', 'long', 'exit'],
  ['sell', '', 'flat', 'close', 'enter short'],
];

for (const [action, position, held, rules, expected] of STRATEGY) {
  test(`[N4] ${action}, ${position === '' ? 'nothing said' : position}, while ${held} (${rules}): ${expected}`, () => {
    const signal = webhook({ action, ...strategyOf(position) });
    assert.equal(told(decide(signal, held, settingsFor(rules))), expected);
  });
}

test('[N3] an exit may close a part of the position, given in percent', () => {
  const settings = signalSettings();
  const half = webhook({ action: 'exitLong', size: { kind: 'position', percent: '50' } });
  assert.equal(told(decide(half, 'long', settings)), 'exit 50');
  const amount = webhook({ action: 'exitLong', size: { kind: 'quote', amount: '50' } });
  assert.match(told(decide(amount, 'long', settings)), /percentage of the position/);
});

/** What is wrong, and the signal. */
const MALFORMED: readonly (readonly [RegExp, Partial<Signal>])[] = [
  [/an ID of 1 to 200 characters, found 0/, { id: '' }],
  [/an ID of 1 to 200 characters, found 201/, { id: 'x'.repeat(201) }],
  [/a time above 0, found -1/, { sentTime: -1 }],
  [/a price above 0, found 0/, { price: '0' }],
  [/a price above 0, found 1e9/, { price: '1e9' }],
  [/a size above 0, found abc/, { size: { kind: 'quote', amount: 'abc' } }],
  [/a size above 0, found 0/, { size: { kind: 'position', percent: '0' } }],
  [/a limit price above 0, found -5/, { entry: { kind: 'limit', price: price('-5') } }],
  [/a limit offset from 0, found x/, { entry: { kind: 'limit', price: percent('x') } }],
  [/a position size from 0, found -1/, { strategy: { side: 'long', size: '-1' } }],
  [
    /takeProfit\[0\]\.price: expected a percentage/,
    { exits: { takeProfit: [{ price: price('1'), order: 'limit', source: 'own', share: '100' }] } },
  ],
  [
    /shares that make 100/,
    {
      exits: { takeProfit: [{ price: percent('1'), order: 'limit', source: 'own', share: '99' }] },
    },
  ],
];

for (const [expected, changes] of MALFORMED) {
  test(`[N5] a malformed signal is refused: ${expected.source}`, () => {
    const signal = webhook({ action: 'enterLong', ...changes });
    assert.match(signalFault(signal) ?? '', expected);
    assert.match(tell(signalBot(), signal).reason ?? '', expected);
  });
}

test('[N6] a signal older than the lag is refused, one without a time too unless it is allowed', () => {
  assert.equal(
    tell(signalBot(), { action: 'enterLong', sentTime: NOW - 300_000 }).reason,
    undefined,
  );
  assert.match(
    tell(signalBot(), { action: 'enterLong', sentTime: NOW - 300_001 }).reason ?? '',
    /sent 300 s ago, at most 300 s/,
  );
  assert.match(
    tell(signalBot(), { action: 'enterLong', sentTime: NOW + 60_001 }).reason ?? '',
    /60 s in the future/,
  );
  assert.match(tellUntimed(signalBot(), 'webhook') ?? '', /does not say when it was sent/);
  assert.equal(tellUntimed(signalBot({ acceptUntimed: true }), 'webhook'), undefined);
  assert.equal(tellUntimed(signalBot(), 'person'), undefined, 'the desk speaks of this moment');
});

function tellUntimed(
  bot: ReturnType<typeof signalBot>,
  source: Signal['source'],
): string | undefined {
  const signal: Signal = { action: 'enterLong', source, conditions: 'none', readings: [] };
  const effects = step(bot, { kind: 'signal', time: NOW, symbol: 'COINUSDT', signal });
  for (const effect of effects) {
    if (effect.kind === 'notify' && effect.note.kind === 'signalRefused')
      return effect.note.values['reason'];
  }
  return undefined;
}

test('[N7] a signal that comes again within its window is refused: the same ID, or without one the same content', () => {
  const bot = signalBot({ maxEntries: 9 });
  assert.equal(tell(bot, { action: 'enterLong', id: 'a' }).reason, undefined);
  assert.equal(tell(bot, { action: 'exitLong', id: 'a' }).reason, 'the same signal came before');
  assert.equal(
    tell(bot, { action: 'enterLong', id: 'b' }).reason,
    'another signal is being followed',
  );
  const other = signalBot();
  assert.equal(tell(other, { action: 'exitLong' }).reason, 'no long position is open');
  assert.equal(tell(other, { action: 'exitLong' }).reason, 'the same signal came before');
  assert.equal(
    tell(other, { action: 'exitLong', sentTime: NOW - 1 }).reason,
    'no long position is open',
  );
  assert.equal(
    tell(other, { action: 'exitLong' }, { symbol: 'OTHERUSDT' }).reason,
    'no long position is open',
  );
  const later = tell(
    other,
    { action: 'exitLong', sentTime: NOW + 300_001 },
    { time: NOW + 300_001 },
  );
  assert.equal(later.reason, 'no long position is open');
  assert.equal(other.seen.length, 1, 'what is older than the window is forgotten');
});

test('[N7] a flood of signals is refused before one of them could be forgotten', () => {
  const bot = signalBot();
  for (let count = 0; count < 2_000; count += 1) {
    const signal = webhook({ action: 'exitLong', id: String(count) });
    step(bot, { kind: 'signal', time: NOW, symbol: 'COINUSDT', signal });
  }
  assert.match(
    tell(bot, { action: 'exitLong', id: 'one more' }).reason ?? '',
    /more than 2000 signals in 300 s/,
  );
  assert.equal(bot.seen.length, 2_000);
});

function errorsOf(changes: Readonly<Record<string, unknown>>): readonly FieldError[] {
  const given = { ...signalSettings(), ...changes };
  const parsed = parseSettings(given);
  return parsed.ok ? [] : parsed.errors;
}

test('[N1] settings have safe defaults', () => {
  const settings = signalSettings();
  assert.equal(settings.maxLagSeconds, 300);
  assert.equal(settings.acceptUntimed, false);
  assert.equal(settings.duplicateSeconds, 300);
  assert.equal(settings.maxEntries, 1);
  assert.equal(settings.directions, 'long');
  assert.equal(settings.onOpposite, 'close');
  assert.ok('takeProfit' in SETTINGS_FIELDS.signal);
});

test('[N1] contradictions are refused at their field', () => {
  const rows: readonly (readonly [Readonly<Record<string, unknown>>, string])[] = [
    [{ symbols: [] }, 'symbols'],
    [{ onOpposite: 'reverse' }, 'onOpposite'],
    [{ duplicateSeconds: 100 }, 'duplicateSeconds'],
    [{ takeProfit: [{ price: price('100') }] }, 'takeProfit[0].price'],
    [{ stopLoss: { price: price('100') } }, 'stopLoss.price'],
    [{ takeProfit: [{ price: percent('1'), share: '99' }] }, 'takeProfit[0].share'],
    [{ stopLoss: { price: percent('5'), breakEven: true } }, 'stopLoss.breakEven'],
  ];
  for (const [changes, field] of rows) assert.equal(errorsOf(changes)[0]?.field, field);
});

test('[N2] the first entry and all exits keep the limits of every symbol', () => {
  const prices = {
    COINUSDT: priceTicks(10_000),
    OTHERUSDT: priceTicks(10_000),
    THIRDUSDT: priceTicks(10_000),
  };
  const check = (changes: Readonly<Record<string, unknown>>): readonly FieldError[] =>
    checkSettings(signalSettings(changes), [COIN, OTHER, THIRD], prices, 1000);
  assert.deepEqual(check({}), []);
  assert.equal(check({ size: { kind: 'quote', amount: '4' } })[0]?.field, 'size');
  const uneven = [
    { price: percent('1'), share: '1' },
    { price: percent('2'), share: '99' },
  ];
  assert.equal(check({ takeProfit: uneven })[0]?.field, 'takeProfit[0].share');
  assert.deepEqual(check({ size: { kind: 'balance', percent: '10' } }), []);
  assert.equal(check({ symbols: ['NOUSDT'] })[0]?.field, 'symbols');
});

test('[N7] a signal from a clock that is ahead is remembered for as long as it could still be followed', () => {
  const bot = signalBot({ maxLagSeconds: 300, duplicateSeconds: 300 });
  const reasonAt = (time: number): string | undefined =>
    tell(bot, { action: 'exitLong', sentTime: NOW + 60_000 }, { time }).reason;
  assert.equal(reasonAt(NOW), 'no long position is open');
  for (const seconds of [1, 300, 301, 360]) {
    assert.equal(reasonAt(NOW + seconds * 1000), 'the same signal came before', `${seconds} s`);
  }
  assert.match(reasonAt(NOW + 360_001) ?? '', /it was sent 300 s ago/);
});
