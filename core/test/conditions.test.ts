// SPDX-License-Identifier: Apache-2.0
// Conditions: their settings, what they say and when, gaps, history, snapshots, and the same over columns.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { conditionRule } from '../src/conditions/condition-rule.ts';
import {
  CONDITIONS_FIELD,
  conditionErrors,
  conditionSeries,
  conditionTrace,
  ConditionWatcher,
  intervalLengthMs,
  parseFields,
  requiredCandles,
  requiredHistory,
  resampleCandles,
  rsi,
  watchFault,
  type Candle,
  type Condition,
  type Interval,
  type MissingCandles,
  type RatingSide,
  type Verdict,
  type WatchOptions,
} from '../src/index.ts';
import {
  ALL_KINDS,
  allTraded,
  candleColumns,
  candlesClosing,
  CONDITIONS,
  HOUR,
  INSTRUMENT,
  KINDS,
  MONDAY,
  randomCandles,
} from './condition-table.ts';

const SEED = 20_261_005;
const OPTIONS: WatchOptions = { instrument: INSTRUMENT };

const CODES: Readonly<Record<Verdict, number>> = { unknown: 0, notMet: 1, met: 2 };

/** The verdict at the close of each candle, as 0, 1 and 2. */
function watch(
  conditions: readonly Condition[],
  candles: readonly Candle[],
  options: WatchOptions = OPTIONS,
  base: Interval = '1h',
): number[] {
  const watcher = new ConditionWatcher(conditions, base, options);
  return candles.map((candle) => CODES[watcher.addCandle(candle)]);
}

/** The same over columns; both must agree. */
function verdicts(
  conditions: readonly Condition[],
  candles: readonly Candle[],
  options: WatchOptions = OPTIONS,
): number[] {
  const found = watch(conditions, candles, options);
  assert.deepEqual([...conditionSeries(conditions, candleColumns(candles), options)], found);
  return found;
}

interface ConditionsInput {
  readonly conditions: readonly Condition[];
}

function parse(conditions: unknown): ReturnType<typeof parseFields<ConditionsInput>> {
  return parseFields<ConditionsInput>({ conditions: CONDITIONS_FIELD }, { conditions }, 'settings');
}

test('[Q1] conditions are plain data: what is given is read, what is left out has a default', () => {
  for (const condition of CONDITIONS) {
    const parsed = parse([condition]);
    assert.ok(parsed.ok);
    assert.deepEqual(parsed.value.conditions, [condition]);
  }
  assert.deepEqual(KINDS.toSorted(), ALL_KINDS.toSorted(), 'the table holds every kind');
  for (const kind of ALL_KINDS) {
    const plain = parse([{ kind }]);
    assert.ok(plain.ok, `${kind}: ${JSON.stringify(plain)}`);
    assert.deepEqual(conditionErrors(plain.value.conditions, 'conditions'), []);
    const [condition] = plain.value.conditions;
    // The defaults can be watched.
    assert.ok(condition !== undefined && requiredCandles([condition], '1h', INSTRUMENT) > 0);
  }
});

test('[Q1] every wrong field is named', () => {
  const table: readonly (readonly [conditions: unknown, field: string, expected: RegExp])[] = [
    [[], 'conditions', /1 to 10 entries/],
    [[{ kind: 'qfl' }], 'conditions[0].kind', /one of rsi, mfi/],
    [[{ kind: 'rsi', period: 0 }], 'conditions[0].period', /from 1 to 500/],
    [[{ kind: 'adx', period: 1 }], 'conditions[0].period', /from 2 to 500/],
    [[{ kind: 'rsi', value: '101' }], 'conditions[0].value', /at most 100/],
    [[{ kind: 'rsi', value: 30 }], 'conditions[0].value', /decimal number as text/],
    [[{ kind: 'rsi', interval: '1s' }], 'conditions[0].interval', /one of 1m/],
    [[{ kind: 'rsi' }, { kind: 'cci', comparison: '<' }], 'conditions[1].comparison', /below/],
    [[{ kind: 'heikinAshi', candles: 11 }], 'conditions[0].candles', /from 1 to 10/],
    [[{ kind: 'volume24h', atLeast: '-1' }], 'conditions[0].atLeast', /at least 0/],
    [[{ kind: 'rsi', smoothing: 3 }], 'conditions[0].smoothing', /no such field/],
  ];
  for (const [conditions, field, expected] of table) {
    const parsed = parse(conditions);
    assert.ok(!parsed.ok, field);
    assert.equal(parsed.errors[0]?.field, field);
    assert.match(parsed.errors[0]?.expected ?? '', expected);
  }
});

test('[Q2] settings that contradict each other are refused', () => {
  const wrong = parse([
    { kind: 'maCross', fastPeriod: 50, slowPeriod: 50 },
    { kind: 'macd', fastPeriod: 30 },
    { kind: 'ult', shortPeriod: 20, middlePeriod: 40 },
    { kind: 'parabolicSar', step: '0.3' },
    { kind: 'rsi' },
  ]);
  assert.ok(wrong.ok);
  assert.deepEqual(conditionErrors(wrong.value.conditions, 'startConditions'), [
    {
      field: 'startConditions[0].fastPeriod',
      expected: 'less than the slow period of 50',
      found: '50',
    },
    {
      field: 'startConditions[1].fastPeriod',
      expected: 'less than the slow period of 26',
      found: '30',
    },
    {
      field: 'startConditions[2].middlePeriod',
      expected: 'less than the long period of 28',
      found: '40',
    },
    {
      field: 'startConditions[3].step',
      expected: 'at most the maximum of 0.2',
      found: '"0.3"',
    },
  ]);
});

test('[Q3] a condition speaks of the last closed candle of its interval', () => {
  const condition: Condition = {
    kind: 'priceChange',
    interval: '4h',
    candles: 1,
    comparison: 'above',
    value: '0',
  };
  // Four-hour candles close at 10, 12, 11, 11: seen from the fourth hour of each on.
  const closes = [9, 9, 9, 10, 50, 50, 50, 12, 1, 1, 1, 11, 99, 99, 99, 11];
  assert.deepEqual(
    verdicts([condition], candlesClosing(closes)),
    [0, 0, 0, 0, 0, 0, 0, 2, 2, 2, 2, 1, 1, 1, 1, 1],
  );
});

test('[Q4] a crossing is from one closed candle to the next, and true while that is the last one', () => {
  const change: Condition = {
    kind: 'priceChange',
    interval: '2h',
    candles: 1,
    comparison: 'crossesAbove',
    value: '10',
  };
  //            two-hour closes: 100, 100, 110, 122, 122, 140, 160
  const closes = [1, 100, 1, 100, 1, 110, 1, 122, 1, 122, 1, 140, 1, 160];
  // Changes: 0, 10, 10.9, 0, 14.8, 14.3. From exactly 10 to more is a crossing; more to more is none.
  assert.deepEqual(
    verdicts([change], candlesClosing(closes)),
    [0, 0, 0, 0, 0, 1, 1, 2, 2, 1, 1, 2, 2, 1],
  );
  const table: readonly (readonly [
    comparison: 'crossesBelow' | 'below' | 'above',
    expected: string,
  ])[] = [
    ['crossesBelow', '00000111122111'],
    ['below', '00022111122111'],
    ['above', '00011112211222'],
  ];
  for (const [comparison, expected] of table) {
    const found = verdicts([{ ...change, comparison }], candlesClosing(closes)).join('');
    assert.equal(found, expected, comparison);
  }
});

test('[Q5] unknown until enough candles in a row were seen, then never; requiredCandles says how many', () => {
  for (const condition of CONDITIONS) {
    for (const seed of [1, 2, 3, 4, 5, 6, 7]) {
      const required = requiredCandles([condition], '1h', INSTRUMENT);
      const candles = allTraded(randomCandles(required + 60, seed));
      const found = verdicts([condition], candles);
      const first = found.findIndex((code) => code !== 0);
      assert.ok(
        found.slice(first).every((code) => code !== 0),
        `${condition.kind} unknown again`,
      );
      assert.ok(first < required, `${condition.kind}: known at ${first}, said ${required}`);
      const { candles: windows, interval } = conditionRule(condition, '1h', INSTRUMENT);
      const hours = intervalLengthMs(interval) / HOUR;
      assert.ok(first >= windows * hours - 1, `${condition.kind}: known too early at ${first}`);
    }
  }
  const classic: readonly (readonly [condition: Condition, candles: number])[] = [
    [{ kind: 'rsi', interval: '1h', period: 14, comparison: 'below', value: '30' }, 202],
    [{ kind: 'rsi', interval: '1h', period: 14, comparison: 'crossesBelow', value: '30' }, 203],
    [{ kind: 'cci', interval: '1h', period: 20, comparison: 'below', value: '30' }, 20],
    [{ kind: 'volume24h', atLeast: '1' }, 24],
  ];
  for (const [condition, candles] of classic) {
    assert.equal(requiredCandles([condition], '1h', INSTRUMENT), candles, condition.kind);
  }
  const daily: Condition = {
    kind: 'mfi',
    interval: '1d',
    period: 14,
    comparison: 'below',
    value: '20',
  };
  assert.equal(requiredCandles([daily], '1m', INSTRUMENT), 16 * 1440);
});

test('[Q6] after a gap a condition is unknown until it is warmed up again', () => {
  for (const condition of CONDITIONS) {
    const required = requiredCandles([condition], '1h', INSTRUMENT);
    const candles = allTraded(randomCandles(2 * required + 40, SEED));
    const at = required + 20;
    const holed = candles.toSpliced(at, 1);
    const found = verdicts([condition], holed);
    assert.notEqual(found[at - 1], 0, condition.kind);
    const next = found.findIndex((code, row) => row >= at && code !== 0);
    const { candles: windows, interval } = conditionRule(condition, '1h', INSTRUMENT);
    const hours = intervalLengthMs(interval) / HOUR;
    assert.ok(next >= at + windows * hours - 1, `${condition.kind} known again after ${next - at}`);
    assert.ok(next < at + required, `${condition.kind} known again only after ${next - at}`);
    // Nothing from before the gap is left: the same as candles that begin behind it.
    const fresh = verdicts([condition], holed.slice(at));
    assert.deepEqual(found.slice(at), fresh, condition.kind);
  }
});

test('[Q6] where the venue has no candle without a trade, a missing one is no gap', () => {
  const condition = CONDITIONS[0] ?? assert.fail();
  const candles = randomCandles(400, SEED).map((candle) => ({ ...candle, volume: 5 }));
  const still = candles.flatMap((candle, row) => {
    if (row % 7 !== 3) return [];
    const price = candles[row - 1]?.close ?? 0;
    return [{ ...candle, open: price, high: price, low: price, close: price, volume: 0 }];
  });
  const quiet = candles.map(
    (candle) => still.find(({ openTime }) => openTime === candle.openTime) ?? candle,
  );
  const traded = quiet.filter(({ volume }) => volume > 0);
  const options: WatchOptions = { instrument: INSTRUMENT, missing: 'noTrade' };
  const whole = verdicts([condition], quiet);
  const holed = verdicts([condition], traded, options);
  assert.deepEqual(
    holed,
    whole.filter((_, row) => (quiet[row]?.volume ?? 0) > 0),
  );
  assert.ok(holed.includes(2) && holed.includes(1));
  assert.ok(
    verdicts([condition], traded).every((code) => code === 0),
    'as gaps, never warm',
  );
});

test('[Q7] what has no value meets nothing', () => {
  const flat = candlesClosing(Array.from({ length: 400 }, () => 500));
  for (const condition of CONDITIONS) {
    if (!('comparison' in condition) || !('value' in condition)) continue;
    if (condition.kind === 'adx' || condition.kind === 'priceChange') continue;
    for (const comparison of ['below', 'above'] as const) {
      const found = verdicts([{ ...condition, comparison }], flat);
      assert.equal(found.at(-1), 1, `${condition.kind} ${comparison}`);
    }
  }
});

/** When the condition is met, from its values at the last two candles. */
type Meaning = (values: readonly number[], before: readonly number[]) => boolean;

const MEANINGS: readonly (readonly [condition: Condition, meaning: Meaning])[] = [
  [
    {
      kind: 'macd',
      interval: '1h',
      fastPeriod: 2,
      slowPeriod: 4,
      signalPeriod: 2,
      comparison: 'above',
      line: 'belowZero',
    },
    ([line = 0, signal = 0]) => line > signal && line < 0,
  ],
  [
    {
      kind: 'macd',
      interval: '1h',
      fastPeriod: 2,
      slowPeriod: 4,
      signalPeriod: 2,
      comparison: 'crossesAbove',
      line: 'any',
    },
    ([line = 0, signal = 0], [wasLine = 0, wasSignal = 0]) => wasLine <= wasSignal && line > signal,
  ],
  [
    {
      kind: 'maCross',
      interval: '1h',
      average: 'sma',
      fastPeriod: 2,
      slowPeriod: 5,
      comparison: 'crossesBelow',
    },
    ([fast = 0, slow = 0], [wasFast = 0, wasSlow = 0]) => wasFast >= wasSlow && fast < slow,
  ],
  [
    {
      kind: 'maCross',
      interval: '1h',
      average: 'ema',
      fastPeriod: 2,
      slowPeriod: 5,
      comparison: 'above',
    },
    ([fast = 0, slow = 0]) => fast > slow,
  ],
  [
    {
      kind: 'stochastic',
      interval: '1h',
      kPeriod: 5,
      smoothing: 2,
      dPeriod: 2,
      comparison: 'above',
      value: '40',
      cross: 'kCrossesBelowD',
    },
    ([k = 0, d = 0], [wasK = 0, wasD = 0]) => k > 40 && wasK >= wasD && k < d,
  ],
  [
    {
      kind: 'stochastic',
      interval: '1h',
      kPeriod: 5,
      smoothing: 1,
      dPeriod: 2,
      comparison: 'crossesBelow',
      value: '60',
      cross: 'any',
    },
    ([k = 0], [was = 0]) => was >= 60 && k < 60,
  ],
  [
    { kind: 'parabolicSar', interval: '1h', step: '0.2', maximum: '0.6', trend: 'turnsDown' },
    ([, trend], [, was]) => trend === -1 && was === 1,
  ],
  [
    { kind: 'parabolicSar', interval: '1h', step: '0.2', maximum: '0.6', trend: 'up' },
    ([, trend]) => trend === 1,
  ],
  [
    { kind: 'supertrend', interval: '1h', period: 2, multiplier: '1', trend: 'turnsUp' },
    ([, trend], [, was]) => trend === 1 && was === -1,
  ],
  [
    { kind: 'supertrend', interval: '1h', period: 2, multiplier: '1', trend: 'down' },
    ([, trend]) => trend === -1,
  ],
  [
    { kind: 'heikinAshi', interval: '1h', candles: 2, colour: 'green' },
    ([open = 0, , , close = 0, run = 0], [wasOpen = 0, , , wasClose = 0]) =>
      close > open && wasClose > wasOpen && run >= 2,
  ],
  [
    {
      kind: 'bollinger',
      interval: '1h',
      period: 5,
      deviation: '2',
      comparison: 'below',
      value: '0.2',
    },
    ([percentB = 0]) => percentB < 0.2,
  ],
];

test('[Q8] each kind is met when its settings say so', () => {
  const candles = candleColumns(randomCandles(1500, SEED));
  for (const [condition, meaning] of MEANINGS) {
    const { status, values } = conditionTrace(condition, candles, OPTIONS);
    const at = (row: number): number[] => values.map((column) => column[row] ?? NaN);
    let met = 0;
    for (let row = 1; row < status.length; row += 1) {
      if (status[row] === 0 || status[row - 1] === 0) continue;
      const expected = meaning(at(row), at(row - 1));
      assert.equal(status[row] === 2, expected, `${condition.kind} at ${row}`);
      if (expected) met += 1;
    }
    assert.ok(met > 10 && met < 1400, `${condition.kind} was met ${met} times`);
  }
});

test('[Q8] a rating is met from a tenth on, strongly from a half on, and not on too few trades', () => {
  const candles = randomCandles(2600, SEED);
  const columns = candleColumns(candles);
  const of = (rating: RatingSide): Condition => ({
    kind: 'technicalRating',
    interval: '1h',
    rating,
  });
  const { values } = conditionTrace(of('strongBuy'), columns, OPTIONS);
  const sides: readonly (readonly [side: RatingSide, isIn: (rating: number) => boolean])[] = [
    ['buyOrStrongBuy', (rating) => rating > 0.1],
    ['strongBuy', (rating) => rating > 0.5],
    ['sellOrStrongSell', (rating) => rating < -0.1],
    ['strongSell', (rating) => rating < -0.5],
  ];
  for (const [side, isIn] of sides) {
    const found = conditionSeries([of(side)], columns, OPTIONS);
    let [met, early] = [0, 0];
    const traded = candles.map(({ volume }) => volume > 0);
    for (const [row, status] of found.entries()) {
      const isSettled = traded.slice(0, row + 1).filter(Boolean).length >= 1582;
      assert.equal(status !== 0, isSettled, `${side} ${row}`);
      if (!isSettled && row >= 1582) early += 1;
      if (isSettled) assert.equal(status === 2, isIn(values[0]?.[row] ?? NaN), `${side} ${row}`);
      if (status === 2) met += 1;
    }
    assert.ok(met > 10 && early > 50, `${side}: met ${met} times, ${early} too early`);
  }
});

test('[Q8] volume of 24 hours is compared in quote', () => {
  // Each hour 100,000 lots of 0.00001 at 1000 ticks of 0.01: 10 in quote an hour, 240 a day.
  const candles = candlesClosing(Array.from({ length: 30 }, () => 1000)).map((candle) => ({
    ...candle,
    volume: 100_000,
  }));
  const at = (atLeast: string): number[] => verdicts([{ kind: 'volume24h', atLeast }], candles);
  assert.deepEqual(at('240').slice(21), [0, 0, 2, 2, 2, 2, 2, 2, 2]);
  assert.deepEqual(at('240.01').slice(21), [0, 0, 1, 1, 1, 1, 1, 1, 1]);
});

test('[Q9] candle by candle and over columns say the same, with gaps and across snapshots', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.uniqueArray(fc.integer({ min: 0, max: CONDITIONS.length - 1 }), {
        minLength: 1,
        maxLength: 3,
      }),
      fc.constantFrom<MissingCandles>('gap', 'noTrade'),
      fc.constantFrom(0, 0.3, 2),
      (seed, picked, missing, holes) => {
        const conditions = picked.flatMap((index) => CONDITIONS[index] ?? []);
        const candles = randomCandles(700, seed, holes);
        const options: WatchOptions = { instrument: INSTRUMENT, missing };
        let watcher = new ConditionWatcher(conditions, '1h', options);
        const found = candles.map((candle, row) => {
          if (row % 97 === 5) {
            const text = JSON.stringify(watcher.snapshot());
            watcher = ConditionWatcher.restore(JSON.parse(text), INSTRUMENT);
            assert.equal(JSON.stringify(watcher.snapshot()), text);
          }
          return CODES[watcher.addCandle(candle)];
        });
        const series = conditionSeries(conditions, candleColumns(candles), options);
        assert.deepEqual([...series], found);
      },
    ),
    { seed: SEED, numRuns: 80 },
  );
});

test('[Q9] both verdicts occur for every kind, so that agreement means something', () => {
  const candles = randomCandles(3000, SEED);
  for (const condition of CONDITIONS) {
    const series = verdicts([condition], candles);
    const count = (code: number): number => series.filter((each) => each === code).length;
    assert.ok(count(1) > 5 && count(2) > 5, `${condition.kind}: ${count(1)}, ${count(2)}`);
  }
});

test('[Q10] several conditions are met together, and unknown while one of them is', () => {
  const candles = randomCandles(900, SEED);
  const pair = [CONDITIONS[0] ?? assert.fail(), CONDITIONS[2] ?? assert.fail()];
  const both = verdicts(pair, candles);
  const [one, other] = pair.map((condition) => verdicts([condition], candles));
  assert.deepEqual(
    both,
    one?.map((code, row) => Math.min(code, other?.[row] ?? 0)),
  );
  assert.ok(both.includes(2));
});

test('[Q11] history of larger candles stands for the smaller ones before its end', () => {
  const candles = allTraded(randomCandles(4500, SEED)).filter(
    ({ openTime }) => openTime >= MONDAY + 24 * HOUR,
  );
  const split = candles.findIndex(({ openTime }) => openTime === MONDAY + 120 * 24 * HOUR);
  assert.ok(split > 0);
  const columns = candleColumns(candles.slice(0, split));
  const whole = new ConditionWatcher(CONDITIONS, '1h', OPTIONS);
  const brief = new ConditionWatcher(CONDITIONS, '1h', OPTIONS);
  for (const candle of candles.slice(0, split)) whole.addCandle(candle);
  for (const { interval, candles: count } of requiredHistory(CONDITIONS, '1h', INSTRUMENT)) {
    if (interval === '1h') continue;
    const larger = resampleCandles(columns, interval);
    const at = (column: Float64Array, row: number): number => column[row] ?? NaN;
    for (let row = larger.openTime.length - count; row < larger.openTime.length; row += 1) {
      brief.addLargerCandle(interval, {
        openTime: at(larger.openTime, row),
        open: at(larger.open, row),
        high: at(larger.high, row),
        low: at(larger.low, row),
        close: at(larger.close, row),
        volume: at(larger.volume, row),
      });
    }
  }
  const base = requiredHistory(CONDITIONS, '1h', INSTRUMENT).find(
    ({ interval }) => interval === '1h',
  );
  const from = split - (base?.candles ?? 0);
  for (const [row, candle] of candles.entries()) {
    if (row < from) continue;
    const found = brief.addCandle(candle);
    if (row < split) {
      // The larger candles reach beyond this one: whatever they say would be the future.
      assert.equal(found, row === split - 1 ? whole.verdict() : 'unknown');
      continue;
    }
    assert.equal(found, whole.addCandle(candle), `row ${row}`);
    assert.deepEqual(
      brief.readings().map(({ verdict }) => verdict),
      whole.readings().map(({ verdict }) => verdict),
    );
  }
});

test('[Q12] a reading names the condition, its value, its interval and the candle it was read from', () => {
  const condition: Condition = {
    kind: 'rsi',
    interval: '2h',
    period: 2,
    comparison: 'below',
    value: '30',
  };
  const watcher = new ConditionWatcher(
    [condition, { kind: 'volume24h', atLeast: '5' }],
    '1h',
    OPTIONS,
  );
  const candles = candlesClosing(Array.from({ length: 61 }, (_, row) => 5000 - row * 10));
  for (const candle of candles.slice(0, 3)) watcher.addCandle(candle);
  assert.deepEqual(
    watcher.readings().map(({ verdict, value, text }) => [verdict, value, text]),
    [
      ['unknown', '', 'RSI(2) 2h, 1 of 23 candles seen'],
      ['unknown', '', '24 h volume 1h, 3 of 24 candles seen'],
    ],
  );
  for (const candle of candles.slice(3)) watcher.addCandle(candle);
  const [first, second] = watcher.readings();
  assert.deepEqual(first, {
    condition,
    verdict: 'met',
    interval: '2h',
    label: 'RSI(2)',
    value: '0.00',
    text: 'RSI(2) 2h 0.00, below 30',
    // The thirtieth two-hour candle; the last hour is in the next.
    closeTime: MONDAY + 60 * HOUR - 1,
    candlesNeeded: 23,
    candlesSeen: 23,
  });
  assert.equal(second?.text, '24 h volume 1h 0.01 USDT, not at least 5 USDT');
  assert.equal(second?.closeTime, MONDAY + 61 * HOUR - 1);
  const random = randomCandles(3000, SEED);
  const all = new ConditionWatcher(CONDITIONS, '1h', OPTIONS);
  for (const candle of random) all.addCandle(candle);
  for (const { text, label, verdict } of all.readings()) {
    assert.ok(text.startsWith(label) && !/NaN|undefined/.test(text), text);
    assert.equal(text.includes(', not '), verdict === 'notMet', text);
  }
});

test('[Q13] conditions that the candles cannot answer are refused before they are watched', () => {
  const weekly: Condition = { kind: 'heikinAshi', interval: '1w', candles: 1, colour: 'red' };
  assert.equal(watchFault([weekly], '1d'), null);
  assert.match(
    watchFault([weekly], '3d') ?? '',
    /1w \(heikinAshi\) cannot be built from candles of 3d/,
  );
  assert.match(watchFault(CONDITIONS, '4h') ?? '', /cannot be built/);
  assert.match(watchFault([{ kind: 'volume24h', atLeast: '1' }], '3d') ?? '', /volume24h/);
  assert.match(watchFault([], '1m') ?? '', /at least one/);
  assert.throws(() => new ConditionWatcher([], '1m', OPTIONS), /at least one/);
  const watcher = new ConditionWatcher([weekly], '1h', OPTIONS);
  const [candle] = candlesClosing([5]);
  watcher.addCandle(candle ?? assert.fail());
  assert.throws(() => watcher.addCandle(candle ?? assert.fail()), /came after/);
});

test('[Q14] indicators of conditions count in whole ticks and lots, so averages are exact', () => {
  const candles = randomCandles(500, SEED);
  const columns = candleColumns(candles);
  const { values } = conditionTrace(
    {
      kind: 'maCross',
      interval: '1h',
      average: 'sma',
      fastPeriod: 3,
      slowPeriod: 8,
      comparison: 'above',
    },
    columns,
    OPTIONS,
  );
  for (const row of [20, 100, 499]) {
    const closes = candles.slice(row - 2, row + 1).map(({ close }) => close);
    assert.equal(values[0]?.[row], closes.reduce((sum, close) => sum + close, 0) / 3);
  }
  const strength = conditionTrace(CONDITIONS[0] ?? assert.fail(), columns, OPTIONS).values[0];
  const direct = rsi.columns(
    {
      open: Float64Array.from(columns.open),
      high: Float64Array.from(columns.high),
      low: Float64Array.from(columns.low),
      close: Float64Array.from(columns.close),
      volume: columns.volume,
    },
    { period: 3 },
  ).value;
  assert.equal(strength?.[400], direct[400]);
});
