// SPDX-License-Identifier: Apache-2.0
// A real exchange over a market that a test steps by hand, with a log of everything listeners were told.

import { SimulationClock } from '../src/clock.ts';
import { Exchange } from '../src/exchange/exchange.ts';
import type { CandleRow } from '../src/market/feed.ts';
import { candleFeed } from '../src/market/feed.ts';
import { prepareMarket, type MarketOptions, type OpenableMarket } from '../src/market/opening.ts';
import type { CandlePath } from '../src/market/replay.ts';
import { MarketRunner, type MarketSpeed, type StepResult } from '../src/market/runner.ts';
import { MarketHistory, type SavedMarketData } from '../src/market-data.ts';
import type { ExchangeSnapshot } from '../src/exchange/snapshot.ts';

export const START_MS = 1_735_689_600_000;

/** A wall clock that a test sets. */
export class HandClock {
  ms: number;
  constructor(ms: number = START_MS) {
    this.ms = ms;
  }
  nowMs(): number {
    return this.ms;
  }
}

export interface OpenMarket {
  readonly exchange: Exchange;
  readonly data: MarketHistory;
  readonly clock: SimulationClock;
  readonly runner: MarketRunner;
  readonly market: OpenableMarket;
  readonly wall: HandClock;
  /** One line of JSON per event, in order. */
  readonly log: string[];
  step(to: { readonly points: number } | { readonly untilMs: number }): Promise<StepResult>;
}

export interface SavedMarket {
  readonly exchange: ExchangeSnapshot;
  readonly data: SavedMarketData;
  readonly source: unknown;
  readonly marketMs: number;
}

export async function openMarket(options: {
  readonly market?: MarketOptions;
  readonly seed?: string;
  readonly path?: CandlePath;
  readonly history?: number;
  readonly startMs?: number;
  readonly speed?: MarketSpeed;
  readonly saved?: SavedMarket;
  /** False for long walks whose events nobody reads. */
  readonly isLogged?: boolean;
}): Promise<OpenMarket> {
  const wall = new HandClock();
  const prepared = await prepareMarket({
    market: options.market ?? { kind: 'synthetic' },
    path: options.path ?? 'low-first',
    startMs: options.startMs,
    history: options.history,
    seed: options.seed ?? 'test',
    wall,
    stop: new AbortController().signal,
  });
  if (!prepared.ok) throw new Error(prepared.reason);
  const { market } = prepared;
  const { saved } = options;
  const log: string[] = [];
  const note = (...event: readonly unknown[]): void => {
    if (options.isLogged !== false) log.push(JSON.stringify(event));
  };
  const clock = new SimulationClock(wall, saved?.marketMs ?? market.startMs);
  const data = new MarketHistory(market.instruments, clock, saved?.data);
  const exchangeOptions = {
    instruments: market.instruments,
    clock,
    listener: {
      onTrade: (trade: Parameters<MarketHistory['onTrade']>[0]): void => {
        data.onTrade(trade);
        market.source.onTrade(trade);
        note('trade', trade);
      },
      onBookChange: (change: unknown): void => {
        note('book', change);
      },
      onUserEvent: (accountId: number, payload: unknown): void => {
        note('user', accountId, payload);
      },
    },
  };
  const exchange =
    saved === undefined
      ? new Exchange(exchangeOptions)
      : Exchange.restore(saved.exchange, exchangeOptions);
  const hands = { house: exchange.house, tape: (symbol: string) => data.symbol(symbol).tape };
  if (saved === undefined) market.open(hands);
  else market.restore(saved.source);
  const runner = new MarketRunner({
    source: market.source,
    clock,
    hands,
    speed: options.speed ?? 0,
    afterPoint: () => undefined,
  });
  return {
    exchange,
    data,
    clock,
    runner,
    market,
    wall,
    log,
    step: async (to) => {
      const stepped = await runner.step(to);
      if (!stepped.ok) throw new Error(stepped.reason);
      return stepped.result;
    },
  };
}

export function save(open: OpenMarket): SavedMarket {
  const state = {
    exchange: open.exchange.snapshot(),
    data: open.data.snapshot(),
    source: open.market.source.snapshot(),
    marketMs: open.clock.marketMs(),
  };
  // Through text, as a state file goes.
  return JSON.parse(JSON.stringify(state)) as SavedMarket;
}

/** `open high low close volume` per line, one minute each from `startMs`; a line `-` is a missing minute. */
export function minutes(table: string, startMs: number = START_MS): CandleRow[] {
  const rows: CandleRow[] = [];
  table
    .trim()
    .split('\n')
    .forEach((line, index) => {
      const [open = '', high = '', low = '', close = '', volume = ''] = line.trim().split(/\s+/);
      if (open === '-') return;
      rows.push({ openMs: startMs + index * 60_000, open, high, low, close, volume });
    });
  return rows;
}

/** A market of hand-written minutes of BTCUSDT. */
export function minuteMarket(table: string): MarketOptions {
  const feed = candleFeed(
    { name: 'table', symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT', intervalMs: 60_000 },
    minutes(table),
  );
  return { kind: 'feeds', feeds: [feed] };
}
