// SPDX-License-Identifier: Apache-2.0
// Larger candles out of smaller ones: windows, candles without a trade, gaps, and candles that a venue built itself.

import assert from 'node:assert/strict';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { gunzipSync } from 'node:zlib';
import fc from 'fast-check';
import {
  INTERVALS,
  intervalLengthMs,
  intervalOfLength,
  isInterval,
  isTiledBy,
  resampleCandle,
  resampleCandles,
  resampleLarger,
  startResampler,
  windowEnd,
  windowStart,
  type Candle,
  type Candles,
  type Interval,
  type MissingCandles,
} from '../src/index.ts';
import { randomNumbers } from './indicator-table.ts';

const SEED = 20_261_004;
const MINUTE = 60_000;
const DAY = 86_400_000;
const SHARED = fileURLToPath(new URL('../../../shared/data/candles/', import.meta.url));
const isHere = existsSync(SHARED);

function columns(candles: readonly Candle[], intervalMs: number): Candles {
  const column = (pick: (candle: Candle) => number): Float64Array =>
    Float64Array.from(candles, pick);
  return {
    intervalMs,
    openTime: column(({ openTime }) => openTime),
    open: column(({ open }) => open),
    high: column(({ high }) => high),
    low: column(({ low }) => low),
    close: column(({ close }) => close),
    volume: column(({ volume }) => volume),
  };
}

/** The larger candles as the incremental form gives them, with the row at which each was known. */
function oneByOne(
  candles: readonly Candle[],
  base: Interval,
  interval: Interval,
  missing: MissingCandles,
): { candles: Candle[]; knownAt: number[]; runStarts: number[]; gapsBefore: number[] } {
  let state = startResampler(base, interval, missing);
  const found: Candle[] = [];
  const knownAt: number[] = [];
  const runStarts: number[] = [];
  const gapsBefore: number[] = [];
  let isRunBeginning = true;
  for (const [row, candle] of candles.entries()) {
    state = JSON.parse(JSON.stringify(state));
    const { isAfterGap, ended } = resampleCandle(state, candle);
    if (isAfterGap) {
      gapsBefore.push(row);
      isRunBeginning = true;
    }
    for (const larger of ended) {
      if (isRunBeginning) runStarts.push(found.length);
      isRunBeginning = false;
      found.push(larger);
      knownAt.push(row);
    }
  }
  return { candles: found, knownAt, runStarts, gapsBefore };
}

function allAtOnce(
  candles: readonly Candle[],
  base: Interval,
  interval: Interval,
  missing: MissingCandles,
): ReturnType<typeof oneByOne> {
  const larger = resampleCandles(columns(candles, intervalLengthMs(base)), interval, missing);
  const at = (column: Float64Array, row: number): number => column[row] ?? NaN;
  return {
    candles: Array.from(larger.openTime, (openTime, row) => ({
      openTime,
      open: at(larger.open, row),
      high: at(larger.high, row),
      low: at(larger.low, row),
      close: at(larger.close, row),
      volume: at(larger.volume, row),
    })),
    knownAt: [...larger.knownAt],
    runStarts: [...larger.runStarts],
    gapsBefore: [...larger.gapsBefore],
  };
}

/** `text`: one candle a line, `minute open high low close volume`. */
function parse(text: string, length = MINUTE): Candle[] {
  return text
    .trim()
    .split('\n')
    .map((line) => {
      const [minute = 0, open = 0, high = 0, low = 0, close = 0, volume = 0] = line
        .trim()
        .split(/\s+/)
        .map(Number);
      return { openTime: minute * length, open, high, low, close, volume };
    });
}

function check(
  interval: Interval,
  smaller: string,
  expected: string,
  missing: MissingCandles = 'gap',
): void {
  const candles = parse(smaller);
  const wanted = expected.trim() === '' ? [] : parse(expected);
  assert.deepEqual(oneByOne(candles, '1m', interval, missing).candles, wanted);
  assert.deepEqual(allAtOnce(candles, '1m', interval, missing).candles, wanted);
}

test('[I10] windows lie as the venue lays them: UTC, weeks from Monday, three days from the epoch, months', () => {
  const random = randomNumbers(SEED);
  for (let count = 0; count < 20_000; count += 1) {
    const ms = Math.floor((random() * 200 - 60) * 365.25 * DAY);
    const date = new Date(ms);
    const month = windowStart('1M', ms);
    assert.equal(month, Date.UTC(date.getUTCFullYear(), date.getUTCMonth(), 1));
    assert.equal(
      windowEnd('1M', month),
      Date.UTC(date.getUTCFullYear(), date.getUTCMonth() + 1, 1),
    );
    assert.equal(new Date(windowStart('1w', ms)).getUTCDay(), 1);
    assert.equal(windowStart('3d', ms) % (3 * DAY), ms < 0 ? -0 : 0);
    for (const interval of INTERVALS) {
      const start = windowStart(interval, ms);
      const end = windowEnd(interval, start);
      assert.ok(start <= ms && ms < end, `${interval} at ${ms}`);
      assert.equal(windowStart(interval, end), end);
      assert.equal(windowStart(interval, end - 1), start);
    }
  }
  // 2024-02-29 belongs to a leap year, 2100-02-28 does not; a zone ahead of UTC begins its day before.
  const leap = Date.UTC(2024, 1, 29);
  assert.equal(windowEnd('1M', windowStart('1M', leap)), Date.UTC(2024, 2, 1));
  assert.equal(windowEnd('1M', Date.UTC(2100, 1, 1)), Date.UTC(2100, 2, 1));
  assert.equal(windowStart('1d', leap, 8 * 3_600_000), leap - 8 * 3_600_000);
  assert.equal(windowStart('1M', leap, 5 * DAY), Date.UTC(2024, 2, 1) - 5 * DAY);
});

test('[I10] an interval is known by its name and by its length, and is made of whole smaller windows', () => {
  assert.ok(isInterval('3d') && !isInterval('2d'));
  assert.equal(intervalOfLength(300_000), '5m');
  assert.equal(intervalOfLength(31 * DAY), undefined);
  const table: readonly (readonly [larger: Interval, base: Interval, isTiled: boolean])[] = [
    ['1h', '1m', true],
    ['1m', '1m', true],
    ['1m', '5m', false],
    ['5m', '3m', false],
    ['15m', '3m', true],
    ['12h', '8h', false],
    ['1d', '8h', true],
    ['3d', '1d', true],
    ['1w', '1d', true],
    ['1w', '3d', false],
    ['1M', '1d', true],
    ['1M', '4h', true],
    ['1M', '1w', false],
    ['1M', '3d', false],
  ];
  for (const [larger, base, isTiled] of table) {
    assert.equal(isTiledBy(larger, base), isTiled, `${larger} from ${base}`);
    // The rule says so exactly where every boundary of the larger is one of the smaller.
    let areBounds = true;
    for (let start = windowStart(larger, 0), count = 0; count < 200; count += 1) {
      areBounds &&= windowStart(base, start) === start;
      start = windowEnd(larger, start);
    }
    assert.equal(areBounds && intervalLengthMs(base) <= intervalLengthMs(larger), isTiled);
  }
  assert.throws(() => startResampler('3m', '5m', 'gap'), /cannot be built/);
});

test('[I11] a larger candle opens with the first trade and closes with the last', () => {
  check(
    '5m',
    `0 10 12  9 11 100
     1 11 15 11 14  50
     2 14 14  8  9  10
     3  9 10  9 10   1
     4 10 11 10 11   2
     5 11 11 11 11   7`,
    '0 10 15 8 11 163',
  );
});

test('[I11] minutes without a trade count for nothing but time', () => {
  check(
    '3m',
    `0 10 10 10 10   0
     1 20 25 15 22 100
     2 22 22 22 22   0
     3 22 22 22 22   0
     4 22 22 22 22   0
     5 22 22 22 22   0
     6 22 22 22 22   0
     7 99 99  1 50   0
     8 30 31 29 30   4`,
    `0 20 25 15 22 100
     3 22 22 22 22   0
     6 30 31 29 30   4`,
  );
});

test('[I12] a window whose beginning was not seen gives no candle, nor one with a gap', () => {
  check(
    '3m',
    `1 10 10 10 10 1
     2 10 10 10 10 1
     3 11 11 11 11 1
     4 12 12 12 12 1
     5 13 13 13 13 1
     6 14 14 14 14 1
     8 15 15 15 15 1
     9 16 16 16 16 1
    10 17 17 17 17 1
    11 18 18 18 18 1`,
    `3 11 13 11 13 3
     9 16 18 16 18 3`,
  );
  const found = allAtOnce(
    parse(`0 1 1 1 1 1\n1 1 1 1 1 1\n2 1 1 1 1 1\n4 1 1 1 1 1\n5 1 1 1 1 1\n6 1 1 1 1 1
      7 1 1 1 1 1\n8 1 1 1 1 1`),
    '1m',
    '3m',
    'gap',
  );
  assert.deepEqual(found.gapsBefore, [3]);
  assert.deepEqual(found.runStarts, [0, 1]);
  assert.deepEqual(found.knownAt, [2, 7]);
});

test('[I12] where the venue has no candle without a trade, a hole stands at the last price', () => {
  check(
    '3m',
    `0 10 12 9 11 5
     7 20 21 19 20 6
     8 20 20 20 20 1`,
    `0 10 12  9 11 5
     3 11 11 11 11 0
     6 20 21 19 20 7`,
    'noTrade',
  );
  // Longer than a day it is a gap all the same.
  const minutes = DAY / MINUTE;
  const short = parse(`0 10 10 10 10 1\n${minutes + 1} 11 11 11 11 1`);
  const long = parse(`0 10 10 10 10 1\n${minutes + 2} 11 11 11 11 1`);
  assert.equal(allAtOnce(short, '1m', '1m', 'noTrade').candles.length, minutes + 2);
  assert.deepEqual(allAtOnce(long, '1m', '1m', 'noTrade').gapsBefore, [1]);
});

test('[I13] one by one and all at once give the same candles, at the same rows, also across a snapshot', () => {
  fc.assert(
    fc.property(
      fc.integer(),
      fc.integer({ min: 0, max: 400 }),
      fc.constantFrom<MissingCandles>('gap', 'noTrade'),
      fc.constantFrom<readonly [Interval, Interval]>(
        ['1m', '1m'],
        ['1m', '3m'],
        ['1m', '15m'],
        ['3m', '15m'],
        ['15m', '1h'],
        ['4h', '1d'],
        ['1d', '3d'],
        ['1d', '1w'],
        ['1d', '1M'],
      ),
      (seed, rows, missing, [base, interval]) => {
        const random = randomNumbers(seed);
        const length = intervalLengthMs(base);
        const candles: Candle[] = [];
        let openTime = windowStart(base, 1_700_000_000_000 + Math.floor(random() * 100) * length);
        let price = 1000;
        for (let row = 0; row < rows; row += 1) {
          const first = price;
          const isQuiet = random() < 0.3;
          if (!isQuiet) price = Math.max(10, price + Math.floor((random() - 0.5) * 100));
          const volume = isQuiet ? 0 : Math.floor(random() * 100);
          const high = Math.max(first, price) + (isQuiet ? 0 : Math.floor(random() * 5));
          const low = Math.min(first, price) - (isQuiet ? 0 : Math.floor(random() * 5));
          candles.push({ openTime, open: first, high, low, close: price, volume });
          const isHole = random() < 0.03;
          openTime += isHole ? length * (2 + Math.floor(random() * 40)) : length;
        }
        const single = oneByOne(candles, base, interval, missing);
        assert.deepEqual(allAtOnce(candles, base, interval, missing), single);
        for (const larger of single.candles) {
          assert.equal(windowStart(interval, larger.openTime), larger.openTime);
        }
      },
    ),
    { seed: SEED, numRuns: 300 },
  );
});

test('[I14] history of the larger interval goes before the smaller candles, which go on where it ends', () => {
  const smaller = Array.from({ length: 60 }, (_, minute) => ({
    openTime: minute * MINUTE,
    open: 100 + minute,
    high: 103 + minute,
    low: 99 + minute,
    close: 101 + minute,
    volume: 1 + (minute % 7),
  }));
  const direct = oneByOne(smaller, '1m', '15m', 'gap').candles;
  const state = startResampler('1m', '15m', 'gap');
  const found: Candle[] = [];
  for (const larger of direct.slice(0, 2)) found.push(...resampleLarger(state, larger).ended);
  for (const candle of smaller.slice(30)) found.push(...resampleCandle(state, candle).ended);
  assert.deepEqual(found, direct);
  const late = startResampler('1m', '15m', 'gap');
  resampleLarger(late, direct[0] ?? assert.fail());
  assert.equal(resampleLarger(late, direct[2] ?? assert.fail()).isAfterGap, true);
  assert.equal(resampleCandle(late, smaller[46] ?? assert.fail()).isAfterGap, true);
  assert.throws(
    () => resampleLarger(late, { ...smaller[1], openTime: MINUTE } as Candle),
    /no window/,
  );
});

test('[I15] candles out of order or beside the grid are a fault of ours', () => {
  const state = startResampler('1m', '5m', 'gap');
  const candle = { openTime: 0, open: 1, high: 1, low: 1, close: 1, volume: 1 };
  resampleCandle(state, candle);
  assert.throws(() => resampleCandle(state, candle), /came when that of 60000 was next/);
  assert.throws(() => resampleCandle(state, { ...candle, openTime: 90_000 }), /no candle of 1m/);
});

interface Text {
  readonly openTime: number;
  readonly prices: readonly string[];
  readonly volume: string;
}

function readCandles(name: string): Text[] {
  return gunzipSync(readFileSync(`${SHARED}${name}`))
    .toString()
    .trim()
    .split('\n')
    .slice(1)
    .map((line) => {
      const [openTime = '', open = '', high = '', low = '', close = '', volume = ''] =
        line.split(',');
      return { openTime: Number(openTime), prices: [open, high, low, close], volume };
    });
}

test(
  '[I11] five minutes built from one-minute candles are those that the venue itself built',
  { skip: isHere ? false : 'the shared data is not here' },
  (t) => {
    const pairs = ['BTC_USDT', 'TFUEL_USDT', 'DEXE_USDT', 'FUN_USDT', 'QKC_USDT', 'UTK_USDT'];
    t.diagnostic('pair         candles  equal  wrong if minutes without a trade counted');
    for (const pair of pairs) {
      const minutes = readCandles(`binance-spot-1m/${pair}.csv.gz`);
      const five = new Map(
        readCandles(`binance-spot-5m/${pair}.csv.gz`).map((candle) => [candle.openTime, candle]),
      );
      const price = (text = ''): number => Math.round(Number(text) * 1e8);
      const candles = minutes.map(({ openTime, prices, volume }) => {
        const [open = 0, high = 0, low = 0, close = 0] = prices.map(price);
        return { openTime, open, high, low, close, volume: price(volume) };
      });
      const larger = resampleCandles(columns(candles, MINUTE), '5m');
      // As it would be if every minute counted: the same with a volume everywhere.
      const naive = resampleCandles(
        columns(
          candles.map((candle) => ({ ...candle, volume: 1 })),
          MINUTE,
        ),
        '5m',
      );
      let [compared, equal, wrong] = [0, 0, 0];
      for (const [row, openTime] of larger.openTime.entries()) {
        const theirs = five.get(openTime);
        if (theirs === undefined) continue;
        compared += 1;
        const wanted = theirs.prices.map(price).join();
        const of = ({ open, high, low, close }: typeof larger): string =>
          [open, high, low, close].map((column) => column[row] ?? 0).join();
        const isEqual =
          of(larger) === wanted && Math.abs((larger.volume[row] ?? 0) - price(theirs.volume)) <= 8;
        if (isEqual) equal += 1;
        if (of(naive) !== wanted) wrong += 1;
      }
      t.diagnostic(
        `${pair.padEnd(12)} ${String(compared).padStart(7)}  ${String(equal).padStart(5)}  ${wrong}`,
      );
      assert.ok(compared > 3000, `${pair}: only ${compared} candles compared`);
      assert.equal(equal, compared, pair);
      if (pair === 'TFUEL_USDT') assert.ok(wrong > 50, 'the rule makes no difference');
    }
  },
);
