// SPDX-License-Identifier: Apache-2.0
// A whole backtest: loads candles, makes the market, runs the trading machine, writes the report.

import { open } from 'node:fs/promises';
import { basename } from 'node:path';

import {
  assert,
  conditionLists,
  intervalOfLength,
  requiredCandles,
  runBacktest,
  watchFault,
  type BotSettings,
  type CandlePath,
  type Candles,
  type FieldError,
  type InstrumentRules,
  type MissingCandles,
} from '@kontor/core';

import {
  CandleError,
  candleFilePath,
  loadCandleFile,
  loadCandles,
  readSeriesFile,
  type CandleErrorCode,
  type CandleSymbol,
  type Interval,
  type SeriesName,
  type SourcePlace,
} from '../candles/index.ts';
import { backtestDocument, type BacktestDocument, type RunMarket } from './document.ts';
import { checkConditions, type LookaheadCheck } from './lookahead.ts';
import { makeMarket, type Market, type MarketRules } from './market.ts';
import { reportHtml } from './report-html.ts';
import { composeSettings, type Assignment } from './settings-input.ts';

/** Where the candles are: in the store, or in any file that can be imported. */
export type CandlesWanted =
  | { readonly kind: 'store'; readonly dataDirectory: string; readonly name: SeriesName }
  | {
      readonly kind: 'file';
      readonly path: string;
      readonly symbol?: CandleSymbol;
      readonly interval?: Interval;
    };

/** Everything a backtest needs, as plain data. */
export interface BacktestRequest {
  /** One for each symbol that is to trade, at least one. */
  readonly candles: readonly CandlesWanted[];
  readonly from: number;
  readonly to: number;
  /** A bot's settings as parsed JSON; absent for the example. */
  readonly settings?: unknown;
  readonly assignments: readonly Assignment[];
  readonly rules: MarketRules;
  readonly path: CandlePath;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly startBalance: string;
  /** Coins there are at the beginning, by base asset. */
  readonly startCoins?: Readonly<Record<string, string>>;
  /** What a missing candle means to conditions; a gap unless said otherwise. */
  readonly missing?: MissingCandles;
  /** `lookahead` runs no bot: it puts the bot's conditions to the test. */
  readonly what?: 'backtest' | 'lookahead';
}

export interface BacktestProgress {
  readonly phase: 'loading' | 'running';
  /** 0 to 1, of the whole. */
  readonly share: number;
  readonly candlesDone: number;
}

export interface BacktestHooks {
  readonly onProgress: (progress: BacktestProgress) => void;
  readonly isCancelled: () => boolean;
}

export type BacktestOutcome =
  | { readonly kind: 'completed'; readonly document: BacktestDocument; readonly html: string }
  | { readonly kind: 'lookahead'; readonly checks: readonly LookaheadCheck[] }
  | {
      readonly kind: 'refused';
      readonly errors: readonly FieldError[];
      /** The market that could not take the settings, where there was one. */
      readonly rules?: InstrumentRules;
    }
  | {
      readonly kind: 'cancelled';
      readonly candlesDone: number;
      readonly candles: number;
      /** Opening time of the candle it stopped at; 0 where it had not begun. */
      readonly time: number;
    }
  | {
      readonly kind: 'failed';
      readonly code: CandleErrorCode;
      readonly message: string;
      readonly place: SourcePlace | undefined;
    };

/** What part of the whole loading is, about. */
const LOADING_SHARE = { store: 0.1, file: 0.6 };

export async function runRequest(
  request: BacktestRequest,
  hooks: BacktestHooks,
): Promise<BacktestOutcome> {
  const loaded: Loaded[] = [];
  try {
    for (const [index, wanted] of request.candles.entries()) {
      const done = (share: number): number =>
        (loadingShare(request) * (index + share)) / request.candles.length;
      hooks.onProgress({ phase: 'loading', share: done(0), candlesDone: 0 });
      loaded.push(await load(wanted, hooks, done));
    }
  } catch (error) {
    if (error instanceof Cancelled) {
      return { kind: 'cancelled', candlesDone: 0, candles: 0, time: 0 };
    }
    if (!(error instanceof CandleError)) throw error;
    return { kind: 'failed', code: error.code, message: error.message, place: error.place };
  }
  const symbols = loaded.map(({ series }) => series.symbol);
  const parsed = composeSettings(request.settings, request.assignments, symbols);
  if (!parsed.ok) return { kind: 'refused', errors: parsed.errors };
  const markets: RunMarket[] = [];
  for (const one of loaded) {
    const made = makeMarket({
      series: one.series,
      from: request.from,
      to: request.to,
      rules: request.rules,
      startBalanceQuote: request.startBalance,
    });
    if (!made.ok) return { kind: 'refused', errors: [made.fault] };
    markets.push({ ...one, market: made.market });
  }
  return request.what === 'lookahead'
    ? checkConditions(parsed.settings, markets, request.missing ?? 'gap')
    : run(request, hooks, markets, parsed.settings);
}

function run(
  request: BacktestRequest,
  hooks: BacktestHooks,
  markets: readonly RunMarket[],
  settings: BotSettings,
): BacktestOutcome {
  const loading = loadingShare(request);
  const { startCoins = {}, missing = 'gap' } = request;
  const warmUps = markets.map(({ market }) => warmUpOf(settings, market));
  const result = runBacktest({
    settings,
    markets: markets.map(({ market }, index) => {
      const warmUp = warmUps[index];
      const { instrument, candles } = market;
      return { instrument, candles, ...(warmUp === undefined ? {} : { warmUp }) };
    }),
    path: request.path,
    makerFeePpm: request.makerFeePpm,
    takerFeePpm: request.takerFeePpm,
    startBalanceQuote: request.startBalance,
    startBalances: startCoins,
    missing,
    onProgress: (candlesDone, candles) =>
      hooks.onProgress({
        phase: 'running',
        share: loading + ((1 - loading) * candlesDone) / candles,
        candlesDone,
      }),
    isCancelled: hooks.isCancelled,
  });
  const [first] = markets;
  assert(first !== undefined, 'Invariant: a run has a market');
  switch (result.kind) {
    case 'refused':
      return { kind: 'refused', errors: result.errors, rules: first.market.rules };
    case 'cancelled': {
      const { openTime } = first.market.candles;
      return {
        kind: 'cancelled',
        candlesDone: result.candlesDone,
        candles: markets.reduce((sum, { market }) => sum + market.candles.openTime.length, 0),
        time: openTime[Math.floor(result.candlesDone / markets.length)] ?? 0,
      };
    }
    case 'completed': {
      const document = backtestDocument({
        markets,
        settings,
        path: request.path,
        makerFeePpm: request.makerFeePpm,
        takerFeePpm: request.takerFeePpm,
        startBalance: request.startBalance,
        startCoins,
        warmUpCandles: Math.max(0, ...warmUps.map((candles) => candles?.openTime.length ?? 0)),
        missing,
        report: result,
      });
      return {
        kind: 'completed',
        document,
        html: reportHtml(
          document,
          markets.map(({ market }) => market),
        ),
      };
    }
  }
}

/** Candles before the period after which no condition is unknown, as far as the data has them. */
function warmUpOf(
  settings: BotSettings,
  { instrument, candles, before }: Market,
): Candles | undefined {
  const base = intervalOfLength(candles.intervalMs);
  let most = 0;
  for (const { conditions } of conditionLists(settings)) {
    // What cannot be read at all is refused by the run itself, at its field.
    if (base === undefined || watchFault(conditions, base) !== null) return undefined;
    most = Math.max(most, requiredCandles(conditions, base, instrument));
  }
  const warmUp = most === 0 ? undefined : before(most);
  return warmUp === undefined || warmUp.openTime.length === 0 ? undefined : warmUp;
}

function loadingShare({ candles }: BacktestRequest): number {
  return Math.max(...candles.map(({ kind }) => LOADING_SHARE[kind]));
}

type Loaded = Omit<RunMarket, 'market'>;

/** Thrown only to leave the reading of a text file, and caught above. */
class Cancelled extends Error {}

async function load(
  wanted: CandlesWanted,
  hooks: BacktestHooks,
  done: (share: number) => number,
): Promise<Loaded> {
  if (wanted.kind === 'store') {
    const { series, digest } = await loadCandles(wanted.dataDirectory, wanted.name);
    const path = candleFilePath(wanted.dataDirectory, wanted.name);
    return { series, digest, file: basename(path) };
  }
  const file = basename(wanted.path);
  if (await isCandleFile(wanted.path)) {
    const { series, digest } = await loadCandleFile(wanted.path);
    return { series, digest, file };
  }
  const { series } = await readSeriesFile(wanted.path, {
    ...(wanted.symbol === undefined ? {} : { symbol: wanted.symbol }),
    ...(wanted.interval === undefined ? {} : { interval: wanted.interval }),
    onProgress: ({ bytesRead, bytes, rows }) => {
      if (hooks.isCancelled()) throw new Cancelled();
      hooks.onProgress({ phase: 'loading', share: done(bytesRead / bytes), candlesDone: rows });
    },
  });
  return { series, digest: '', file };
}

async function isCandleFile(path: string): Promise<boolean> {
  try {
    const handle = await open(path, 'r');
    try {
      const bytes = Buffer.alloc(8);
      await handle.read(bytes, 0, 8, 0);
      return bytes.toString('latin1') === 'KCANDLES';
    } finally {
      await handle.close();
    }
  } catch {
    // Reading it as text says best what is wrong with it.
    return false;
  }
}
