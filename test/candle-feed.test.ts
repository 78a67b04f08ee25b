// SPDX-License-Identifier: Apache-2.0
// The candle feed over the real adapter and a simulator that replays candles fast, is cut off and starts anew.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Candle } from '@kontor/core';
import { binancePublicMarket } from '@kontor/exchange';
import { candleFeed as candlesOf } from '../simulator/src/market/feed.ts';
import { startSimulator, type RunningSimulator } from '../simulator/src/index.ts';
import { CandleFeed, type CandleConsumer } from '../server/src/market/candle-feed.ts';
import { createMarketClock } from '../server/src/market/market-clock.ts';
import { MarketHub } from '../server/src/market/market-hub.ts';

const SYMBOL = 'BTCUSDT';
const MINUTE = 60_000;
const START = Date.UTC(2026, 2, 4);
const ROWS = 3_000;
const HISTORY = 500;
const HOLE = 1_200;
const WAIT_MS_MAX = 30_000;

/** Minutes of a price that tells which minute it is; one of them is missing. */
async function replay(): Promise<RunningSimulator> {
  const rows = Array.from({ length: ROWS }, (_, index) => {
    const price = (100 + index / 100).toFixed(2);
    const openMs = START + index * MINUTE;
    return { openMs, open: price, high: price, low: price, close: price, volume: '0.4' };
  });
  const source = { name: 'rows', symbol: SYMBOL, baseAsset: 'BTC', quoteAsset: 'USDT' };
  const feed = candlesOf(
    { ...source, intervalMs: MINUTE },
    rows.filter(({ openMs }) => openMs !== START + HOLE * MINUTE),
  );
  return startSimulator({
    market: { kind: 'feeds', feeds: [feed] },
    history: HISTORY,
    speed: 0,
    isLimited: false,
    seed: 'feed',
  });
}

class Listener implements CandleConsumer {
  readonly history: number[] = [];
  readonly candles: Candle[] = [];

  onHistory(_interval: string, candles: readonly Candle[]): void {
    this.history.push(...candles.map(({ openTime }) => openTime));
  }

  onCandle(candle: Candle): void {
    this.candles.push(candle);
  }

  get lastTime(): number {
    return this.candles.at(-1)?.openTime ?? 0;
  }
}

/** A server's side of the market: hub and feed, wired as the server wires them. */
async function open(simulator: RunningSimulator): Promise<{
  readonly feed: CandleFeed;
  close(): void;
}> {
  const market = binancePublicMarket(simulator);
  const clock = createMarketClock('events');
  const hub = new MarketHub(market, clock, {
    onTrade: () => undefined,
    onQuote: () => undefined,
    onCandle: (symbol, interval, candle, isClosed) =>
      feed.onStreamed(symbol, interval, candle, isClosed),
    onState: (state) => {
      if (state === 'up') feed.onStreamUp();
    },
    onQuoteMissing: () => undefined,
  });
  const feed = new CandleFeed({
    source: market,
    clock,
    instrument: (symbol) => hub.instruments.get(symbol),
  });
  await hub.open([SYMBOL]);
  return {
    feed,
    close() {
      hub.close();
      feed.close();
    },
  };
}

async function until(condition: () => boolean, why: () => unknown): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > endMs) assert.fail(JSON.stringify(why()));
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

test('[K26, K28] a fast replay, cut connections and a restart: every closed candle comes once and in order', async (t) => {
  const simulator = await replay();
  t.after(() => simulator.stop());
  const first = await open(simulator);
  t.after(() => first.close());
  const listeners = [new Listener(), new Listener()];
  const request = {
    symbol: SYMBOL,
    needs: [{ interval: '1m', candles: 50 }],
    after: null,
  } as const;
  for (const listener of listeners) first.feed.subscribe(request, listener);
  const [one] = listeners;
  assert.ok(one !== undefined);
  await until(
    () => one.history.length > 0,
    () => one,
  );
  const begun = one.history.at(-1) ?? 0;
  const minuteAt = (minute: number): number => START + minute * MINUTE;
  await simulator.step({ untilMs: minuteAt(900) });
  await until(
    () => one.lastTime >= minuteAt(898),
    () => one.lastTime,
  );
  // Nothing is heard of these minutes, and of those after them only in pieces.
  simulator.faults.arm({ kind: 'dropSockets', durationMs: 300 });
  await simulator.step({ untilMs: minuteAt(1_100) });
  for (let minute = 1_101; minute < 1_500; minute += 100) {
    await simulator.step({ untilMs: minuteAt(minute) });
    if (minute === 1_301) simulator.faults.arm({ kind: 'dropSockets', durationMs: 50 });
  }
  await until(
    () => one.lastTime >= minuteAt(1_398),
    () => one.lastTime,
  );
  const seen = one.lastTime;
  first.close();
  await simulator.step({ untilMs: minuteAt(2_000) });
  const second = await open(simulator);
  t.after(() => second.close());
  const again = new Listener();
  second.feed.subscribe({ ...request, after: seen }, again);
  await until(
    () => again.lastTime >= minuteAt(1_998),
    () => again.lastTime,
  );
  await simulator.step({ points: ROWS * 4 });
  await until(
    () => again.lastTime === minuteAt(ROWS - 1),
    () => [again.lastTime, simulator.status()],
  );
  const all = [...one.candles, ...again.candles].map(({ openTime }) => openTime);
  const expected = [];
  for (let at = begun + MINUTE; at <= minuteAt(ROWS - 1); at += MINUTE) {
    if (at !== minuteAt(HOLE)) expected.push(at);
  }
  assert.deepEqual(all, expected);
  const [, other] = listeners;
  assert.deepEqual(other?.candles, one.candles);
  for (const { openTime, open, high, low, close } of again.candles) {
    const ticks = 10_000 + (openTime - START) / MINUTE;
    assert.deepEqual([open, high, low, close], [ticks, ticks, ticks, ticks]);
  }
});
