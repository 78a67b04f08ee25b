// SPDX-License-Identifier: Apache-2.0
// The candle feed over a venue and a clock that the test moves: history, each candle once, gaps, restarts.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  intervalLengthMs,
  isInterval,
  makeInstrument,
  windowEnd,
  windowStart,
  type Candle,
  type Interval,
} from '@kontor/core';
import { VenueError, type CandlePage, type CandleRow } from '@kontor/exchange';
import {
  CandleFeed,
  type CandleConsumer,
  type CandleNeed,
  type CandleSubscription,
} from '../src/market/candle-feed.ts';
import { readCandles, toCandle, type CandleSource } from '../src/market/candle-pages.ts';
import type { MarketClock } from '../src/market/market-clock.ts';
import type { Time } from '../src/time.ts';

const SYMBOL = 'ETHUSDT';
const INSTRUMENT = makeInstrument({
  symbol: SYMBOL,
  baseAsset: 'ETH',
  quoteAsset: 'USDT',
  tickSize: '0.01',
  lotSize: '0.001',
  minPrice: '0.01',
  maxPrice: '1000000',
  minQuantity: '0.001',
  maxQuantity: '9000',
  minNotional: '5',
  maxNotional: '9000000',
});
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
/** A Wednesday, 10:30. */
const START = Date.UTC(2026, 2, 4, 10, 30);
const SEED = 20_261_122;

/** Time that stands until the test lets it pass. */
class HandTime implements Time {
  #now = 0;
  #timers: { at: number; everyMs: number; work: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  monotonic(): number {
    return this.#now;
  }

  after(ms: number, work: () => void): () => void {
    return this.#add(ms, 0, work);
  }

  every(ms: number, work: () => void): () => void {
    return this.#add(ms, ms, work);
  }

  soon(work: () => void): void {
    setImmediate(work);
  }

  pause(ms: number, signal: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const cancel = this.after(ms, resolve);
      signal.addEventListener('abort', () => {
        cancel();
        reject(new Error('stopped'));
      });
    });
  }

  /** Lets `ms` pass; what falls due is done in its order, and what it sets off is waited for. */
  async pass(ms: number): Promise<void> {
    const until = this.#now + ms;
    await settled();
    for (;;) {
      const due = this.#timers.toSorted((a, b) => a.at - b.at)[0];
      if (due === undefined || due.at > until) break;
      this.#now = Math.max(this.#now, due.at);
      if (due.everyMs > 0) due.at += due.everyMs;
      else this.#timers = this.#timers.filter((timer) => timer !== due);
      due.work();
      await settled();
    }
    this.#now = until;
    await settled();
  }

  #add(ms: number, everyMs: number, work: () => void): () => void {
    const timer = { at: this.#now + ms, everyMs, work };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((each) => each !== timer);
    };
  }
}

async function settled(): Promise<void> {
  for (let turn = 0; turn < 4; turn += 1) await new Promise((resolve) => setImmediate(resolve));
}

/** A venue with a candle for every minute, the price of which tells the minute. */
class HandVenue implements CandleSource {
  /** Market time. */
  now: number;
  readonly firstTime: number;
  /** Minutes of which the venue has no candle. */
  readonly holes = new Set<number>();
  readonly asked: (readonly [interval: string, page: CandlePage])[] = [];
  /** How far its answers lag behind its stream. */
  lagMs = 0;
  failures = 0;

  constructor(now: number, firstTime = now - 400 * 24 * HOUR) {
    this.now = now;
    this.firstTime = firstTime;
  }

  async candles(symbol: string, interval: string, page: CandlePage): Promise<readonly CandleRow[]> {
    assert.equal(symbol, SYMBOL);
    assert.ok(isInterval(interval));
    this.asked.push([interval, page]);
    await Promise.resolve();
    if (this.failures > 0) {
      this.failures -= 1;
      throw new VenueError('network', 'did not answer');
    }
    const rows: CandleRow[] = [];
    const end = Math.min(page.endTime ?? Infinity, this.now - this.lagMs);
    const { startTime, limit } = page;
    if (startTime === undefined) {
      for (let at = windowStart(interval, end); rows.length < limit && at >= this.firstTime;) {
        if (this.#has(interval, at)) rows.unshift(rowOf(interval, at));
        at = windowStart(interval, at - 1);
      }
      return rows;
    }
    let at = windowStart(interval, startTime);
    if (at < startTime) at = windowEnd(interval, at);
    for (; at <= end && rows.length < limit; at = windowEnd(interval, at)) {
      if (this.#has(interval, at)) rows.push(rowOf(interval, at));
    }
    return rows;
  }

  #has(interval: Interval, openTime: number): boolean {
    return interval !== '1m' || !this.holes.has(openTime);
  }
}

/** The minute's number as its price. */
function rowOf(interval: Interval, openTime: number): CandleRow {
  const price = String(1 + ((openTime / MINUTE) % 100_000));
  return [openTime, price, price, price, price, String(intervalLengthMs(interval) / MINUTE)];
}

class Listener implements CandleConsumer {
  readonly history: (readonly [interval: Interval, candles: readonly Candle[]])[] = [];
  readonly candles: Candle[] = [];
  readonly troubles: string[] = [];
  subscription: CandleSubscription | null = null;

  onHistory(interval: Interval, candles: readonly Candle[]): void {
    assert.equal(this.candles.length, 0, 'history comes before the first candle');
    this.history.push([interval, candles]);
  }

  onCandle(candle: Candle): void {
    this.candles.push(candle);
  }

  onTrouble(reason: string): void {
    this.troubles.push(reason);
  }

  get times(): readonly number[] {
    return this.candles.map(({ openTime }) => openTime);
  }

  historyTimes(interval: Interval): readonly number[] {
    const found = this.history.filter(([name]) => name === interval);
    assert.ok(found.length <= 1);
    return (found[0]?.[1] ?? []).map(({ openTime }) => openTime);
  }
}

class Lab {
  readonly time = new HandTime();
  readonly venue: HandVenue;
  readonly feed: CandleFeed;
  /** Ahead of the venue's clock or behind. */
  clockSkewMs = 0;

  constructor(now = START + 20_000, firstTime?: number) {
    this.venue = new HandVenue(now, firstTime);
    const clock: MarketClock = {
      now: () => this.venue.now + this.clockSkewMs,
      observe: () => undefined,
      runsByItself: true,
    };
    this.feed = new CandleFeed({
      source: this.venue,
      clock,
      instrument: (symbol) => (symbol === SYMBOL ? INSTRUMENT : undefined),
      time: this.time,
    });
  }

  async subscribe(
    options: { readonly needs?: readonly CandleNeed[]; readonly after?: number } = {},
  ): Promise<Listener> {
    const listener = new Listener();
    const request = { symbol: SYMBOL, needs: options.needs ?? [], after: options.after ?? null };
    listener.subscription = this.feed.subscribe(request, listener);
    await settled();
    return listener;
  }

  /** Lets market and wall time pass minute by minute; the stream tells each candle that ends, unless it is down. */
  async minutes(count: number, isTold = true): Promise<void> {
    for (let minute = 0; minute < count; minute += 1) {
      this.venue.now += MINUTE;
      if (isTold) this.tell(windowStart('1m', this.venue.now) - MINUTE);
      await this.time.pass(MINUTE);
    }
  }

  tell(openTime: number, isClosed = true): void {
    if (this.venue.holes.has(openTime)) return;
    this.feed.onStreamed(SYMBOL, '1m', rowOf('1m', openTime), isClosed);
  }
}

/** Minutes from `from` on. */
function minutesFrom(from: number, count: number): readonly number[] {
  return Array.from({ length: count }, (_, index) => from + index * MINUTE);
}

test('[K25] history comes first, longest intervals first, of closed candles only', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe({
    needs: [
      { interval: '1m', candles: 20 },
      { interval: '1h', candles: 30 },
      { interval: '1d', candles: 5 },
    ],
  });
  assert.deepEqual(
    listener.history.map(([interval]) => interval),
    ['1d', '1h', '1m'],
  );
  const hour = START - 30 * MINUTE;
  const day = Date.UTC(2026, 2, 4);
  assert.deepEqual(
    listener.historyTimes('1d'),
    [5, 4, 3, 2, 1].map((ago) => day - ago * 24 * HOUR),
  );
  assert.equal(listener.historyTimes('1h').length, 30);
  assert.equal(listener.historyTimes('1h').at(-1), hour - HOUR);
  // Down to where the current day began, so that every longer window can be built whole.
  assert.deepEqual(listener.historyTimes('1m'), minutesFrom(day, 10 * 60 + 30));
  assert.deepEqual(listener.candles, []);
  await lab.minutes(2);
  assert.deepEqual(listener.times, [START, START + MINUTE]);
  const [candle] = listener.candles;
  const price = (1 + ((START / MINUTE) % 100_000)) * 100;
  assert.deepEqual(candle, {
    openTime: START,
    open: price,
    high: price,
    low: price,
    close: price,
    volume: 1_000,
  });
});

test('[K25] long histories are read in pages, young markets give what they have', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe({ needs: [{ interval: '1m', candles: 3_500 }] });
  assert.deepEqual(listener.historyTimes('1m'), minutesFrom(START - 3_500 * MINUTE, 3_500));
  assert.ok(lab.venue.asked.every(([, { limit }]) => limit <= 1_000));
  assert.ok(lab.venue.asked.every(([, { haste }]) => haste === 'history'));
  const young = new Lab(START, START - 5 * MINUTE);
  const early = await young.subscribe({
    needs: [
      { interval: '1m', candles: 100 },
      { interval: '4h', candles: 3 },
    ],
  });
  assert.deepEqual(early.historyTimes('1m'), minutesFrom(START - 5 * MINUTE, 5));
  assert.deepEqual(early.historyTimes('4h'), []);
});

test('[K25] at the turn of a window it is the window that just ended that comes last', async () => {
  const lab = new Lab(Date.UTC(2026, 2, 4, 12));
  const listener = await lab.subscribe({ needs: [{ interval: '4h', candles: 2 }] });
  assert.deepEqual(listener.historyTimes('4h'), [Date.UTC(2026, 2, 4, 4), Date.UTC(2026, 2, 4, 8)]);
  assert.deepEqual(listener.historyTimes('1m'), []);
});

test('[K26] each closed candle comes once and in order, whatever the stream repeats', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  lab.tell(START, false);
  lab.tell(START - MINUTE);
  await lab.minutes(1);
  lab.tell(START);
  lab.tell(START - MINUTE);
  lab.tell(START);
  await lab.minutes(1);
  assert.deepEqual(listener.times, [START, START + MINUTE]);
});

test('[K26] candles that the stream leaves out are read before later ones are handed on', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  await lab.minutes(1);
  await lab.minutes(3, false);
  await lab.minutes(2);
  assert.deepEqual(listener.times, minutesFrom(START, 6));
});

test('[K26] a stream that says nothing is not waited for', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  await lab.minutes(5, false);
  await lab.time.pass(30_000);
  lab.venue.now += 6_000;
  await lab.time.pass(31_000);
  assert.deepEqual(listener.times, minutesFrom(START, 5));
});

test('[K26] when the stream is back, what it missed is read at once', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  lab.venue.now += 40 * MINUTE;
  lab.feed.onStreamUp();
  await settled();
  assert.deepEqual(listener.times, minutesFrom(START, 40));
});

test('[K26] a minute of which the venue has no candle is left out, and nobody waits for it', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  lab.venue.holes.add(START + MINUTE).add(START + 2 * MINUTE);
  await lab.minutes(5);
  assert.deepEqual(listener.times, [START, START + 3 * MINUTE, START + 4 * MINUTE]);
});

test('[K26] answers that lag behind the stream lose nothing', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  await lab.minutes(1);
  lab.venue.lagMs = 3 * MINUTE;
  lab.venue.now += 2 * MINUTE;
  // The candle between was left out, and the answer does not know of it yet.
  lab.tell(START + 2 * MINUTE);
  await lab.time.pass(3_000);
  assert.deepEqual(listener.times, [START]);
  lab.venue.lagMs = 0;
  await lab.time.pass(60_000);
  assert.deepEqual(listener.times, minutesFrom(START, 3));
});

test('[K26] a venue that does not answer is asked again at growing pauses, and nothing is lost', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe();
  lab.venue.failures = 4;
  lab.venue.now += 3 * MINUTE;
  lab.feed.onStreamUp();
  await lab.time.pass(60_000);
  assert.equal(listener.troubles.length, 4);
  assert.equal(listener.troubles[0], 'candles of ETHUSDT: did not answer');
  assert.deepEqual(listener.times, minutesFrom(START, 3));
  const asked = lab.venue.asked.length;
  await lab.time.pass(10 * MINUTE);
  assert.ok(lab.venue.asked.length - asked < 40, String(lab.venue.asked.length - asked));
});

test('[K26] history is asked for until it comes', async () => {
  const lab = new Lab();
  lab.venue.failures = 3;
  const listener = await lab.subscribe({ needs: [{ interval: '1m', candles: 5 }] });
  assert.equal(listener.history.length, 0);
  await lab.time.pass(5_000);
  assert.equal(listener.troubles.length, 3);
  assert.deepEqual(listener.historyTimes('1m'), minutesFrom(START - 5 * MINUTE, 5));
});

test('[K27] however many listen, each candle is read and told once', async () => {
  const lab = new Lab();
  const needs: readonly CandleNeed[] = [
    { interval: '1m', candles: 50 },
    { interval: '1h', candles: 50 },
  ];
  const listeners = await Promise.all(Array.from({ length: 50 }, () => lab.subscribe({ needs })));
  assert.equal(lab.venue.asked.length, 3);
  await lab.minutes(3);
  assert.equal(lab.venue.asked.length, 3);
  for (const listener of listeners) assert.deepEqual(listener.times, minutesFrom(START, 3));
  assert.deepEqual(lab.feed.symbols, [SYMBOL]);
});

test('[K27] who joins later goes on with the others, who leaves hears no more', async () => {
  const lab = new Lab();
  const first = await lab.subscribe();
  await lab.minutes(3);
  const second = await lab.subscribe({ needs: [{ interval: '1m', candles: 2 }] });
  assert.deepEqual(second.historyTimes('1m'), [START + MINUTE, START + 2 * MINUTE]);
  await lab.minutes(1);
  first.subscription?.close();
  await lab.minutes(1);
  assert.deepEqual(first.times, minutesFrom(START, 4));
  assert.deepEqual(second.times, minutesFrom(START + 3 * MINUTE, 2));
  second.subscription?.close();
  assert.deepEqual(lab.feed.symbols, []);
  const asked = lab.venue.asked.length;
  await lab.minutes(3);
  assert.equal(lab.venue.asked.length, asked);
});

test('[K27] a consumer that closes while its history is read hears nothing', async () => {
  const lab = new Lab();
  const listener = new Listener();
  const request = { symbol: SYMBOL, needs: [{ interval: '1m', candles: 5 }], after: null } as const;
  lab.feed.subscribe(request, listener).close();
  await lab.minutes(2);
  assert.deepEqual([listener.history, listener.candles], [[], []]);
  assert.throws(() => lab.feed.subscribe({ ...request, symbol: 'NOPE' }, listener), RangeError);
});

test('[K28] after a restart each candle that was not seen comes, and none that was', async () => {
  const lab = new Lab();
  const after = START - 2_000 * MINUTE;
  const listener = await lab.subscribe({ needs: [{ interval: '1m', candles: 10 }], after });
  assert.deepEqual(listener.historyTimes('1m'), minutesFrom(after - 9 * MINUTE, 10));
  assert.deepEqual(listener.times, minutesFrom(after + MINUTE, 1_999));
  await lab.minutes(2);
  assert.deepEqual(listener.times, minutesFrom(after + MINUTE, 2_001));
});

test('[K28] one who was away longer does not give the others anything twice', async () => {
  const lab = new Lab();
  const first = await lab.subscribe();
  await lab.minutes(2);
  const late = await lab.subscribe({ after: START - 500 * MINUTE });
  const later = await lab.subscribe({ after: START });
  const ahead = await lab.subscribe({ after: START + MINUTE });
  await lab.minutes(2);
  assert.deepEqual(first.times, minutesFrom(START, 4));
  assert.deepEqual(late.times, minutesFrom(START - 499 * MINUTE, 503));
  assert.deepEqual(later.times, minutesFrom(START + MINUTE, 3));
  assert.deepEqual(ahead.times, minutesFrom(START + 2 * MINUTE, 2));
});

test('[K28] what was missed before the last month is left out', async () => {
  const lab = new Lab();
  const listener = await lab.subscribe({ after: START - 60 * 24 * HOUR });
  assert.equal(listener.times.length, 31 * 24 * 60);
  assert.equal(listener.times[0], START - 31 * 24 * HOUR);
});

test('[K28] a candle seen that the venue does not know yet is not told again', async () => {
  const lab = new Lab();
  // A replayed market that was reset: it stands before what the consumer has seen.
  const listener = await lab.subscribe({ after: START + 10 * MINUTE });
  await lab.minutes(3);
  assert.deepEqual(listener.times, minutesFrom(START, 3));
});

test('[K26] whatever is lost, late, repeated or joined, everyone hears every minute once and in order', async (t) => {
  t.diagnostic(`seed ${SEED}`);
  const act = fc.oneof(
    { weight: 6, arbitrary: fc.constant('minute' as const) },
    { weight: 3, arbitrary: fc.constant('silent' as const) },
    { weight: 2, arbitrary: fc.constant('repeat' as const) },
    { weight: 2, arbitrary: fc.constant('up' as const) },
    { weight: 2, arbitrary: fc.constant('join' as const) },
    { weight: 2, arbitrary: fc.constant('rejoin' as const) },
    { weight: 1, arbitrary: fc.constant('fail' as const) },
    { weight: 1, arbitrary: fc.constant('lag' as const) },
    { weight: 1, arbitrary: fc.constant('leave' as const) },
    { weight: 1, arbitrary: fc.constant('hole' as const) },
  );
  await fc.assert(
    fc.asyncProperty(fc.array(act, { minLength: 5, maxLength: 40 }), async (acts) => {
      const lab = new Lab();
      const listeners: { readonly listener: Listener; readonly from: number }[] = [];
      const join = async (after?: number): Promise<void> => {
        // The newest candle there is counts as the one of the minute that is not over.
        let running = windowStart('1m', lab.venue.now);
        while (lab.venue.holes.has(running)) running -= MINUTE;
        const listener = await lab.subscribe({
          needs: [{ interval: '1m', candles: 3 }],
          ...(after === undefined ? {} : { after }),
        });
        listeners.push({ listener, from: after === undefined ? running : after + MINUTE });
      };
      await join();
      for (const name of acts) {
        switch (name) {
          case 'minute':
            await lab.minutes(1);
            break;
          case 'silent':
            await lab.minutes(1, false);
            break;
          case 'repeat':
            lab.tell(windowStart('1m', lab.venue.now) - 2 * MINUTE);
            lab.tell(windowStart('1m', lab.venue.now) - MINUTE);
            await settled();
            break;
          case 'up':
            lab.feed.onStreamUp();
            break;
          case 'join':
            if (lab.venue.lagMs === 0 && lab.venue.failures === 0) await join();
            break;
          case 'rejoin':
            if (lab.venue.failures === 0) await join(START - 7 * MINUTE);
            break;
          case 'fail':
            lab.venue.failures = 2;
            break;
          case 'lag':
            lab.venue.lagMs = lab.venue.lagMs === 0 ? 90_000 : 0;
            break;
          case 'leave':
            if (listeners.length > 1) listeners.pop()?.listener.subscription?.close();
            break;
          case 'hole':
            lab.venue.holes.add(windowStart('1m', lab.venue.now));
            break;
        }
      }
      lab.venue.lagMs = 0;
      lab.venue.failures = 0;
      await lab.minutes(2);
      lab.feed.onStreamUp();
      await lab.time.pass(2 * MINUTE);
      const last = windowStart('1m', lab.venue.now) - MINUTE;
      for (const { listener, from } of listeners) {
        const expected = minutesFrom(from, Math.max(0, (last - from) / MINUTE + 1));
        assert.deepEqual(
          listener.times,
          expected.filter((time) => !lab.venue.holes.has(time)),
        );
      }
      lab.feed.close();
    }),
    { seed: SEED, numRuns: 150, endOnFailure: true },
  );
});

test('[K29] a chart reaches back page by page', async () => {
  const venue = new HandVenue(START);
  const rows = await readCandles(venue, SYMBOL, '5m', { limit: 2_345, haste: 'now' });
  assert.equal(rows.length, 2_345);
  assert.equal(rows.at(-1)?.[0], START);
  assert.equal(rows[0]?.[0], START - 2_344 * 5 * MINUTE);
  assert.equal(venue.asked.length, 3);
  const earlier = await readCandles(venue, SYMBOL, '5m', {
    limit: 10,
    before: rows[0]?.[0] ?? 0,
    haste: 'now',
  });
  assert.equal(earlier.at(-1)?.[0], START - 2_345 * 5 * MINUTE);
  const beginning = await readCandles(venue, SYMBOL, '1d', { limit: 5_000, haste: 'now' });
  assert.ok(beginning.length > 390 && beginning.length < 402);
  assert.deepEqual(
    await readCandles(venue, SYMBOL, '1d', { limit: 10, before: venue.firstTime, haste: 'now' }),
    [],
  );
});

test('[K29] candles from before the venue changed its steps are rounded to the present ones', () => {
  const candle = toCandle(INSTRUMENT, [1, '1.005', '1.016', '1.004', '1.015', '0.0019']);
  assert.deepEqual(candle, { openTime: 1, open: 101, high: 102, low: 100, close: 102, volume: 1 });
  assert.equal(toCandle(INSTRUMENT, [1, '2', '1', '1', '1', '1']), null);
  assert.equal(toCandle(INSTRUMENT, [1, '1', '1', '0', '1', '1']), null);
  assert.equal(toCandle(INSTRUMENT, [1, 'x', '1', '1', '1', '1']), null);
  assert.equal(toCandle(INSTRUMENT, [1, '1', '1', '1', '1', '-1']), null);
});
