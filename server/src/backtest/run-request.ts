// SPDX-License-Identifier: Apache-2.0
// A whole backtest: loads candles, makes the market, runs the trading machine, writes the report.

import { open } from 'node:fs/promises';
import { basename } from 'node:path';

import {
  runBacktest,
  type CandlePath,
  type BotSettings,
  type InstrumentRules,
  type FieldError,
} from '@kontor/core';

import {
  CandleError,
  candleFilePath,
  loadCandleFile,
  loadCandles,
  readSeriesFile,
  type CandleErrorCode,
  type CandleSeries,
  type CandleSymbol,
  type Interval,
  type SeriesName,
  type SourcePlace,
} from '../candles/index.ts';
import { backtestDocument, type BacktestDocument } from './document.ts';
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
  readonly candles: CandlesWanted;
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
  hooks.onProgress({ phase: 'loading', share: 0, candlesDone: 0 });
  let loaded: Loaded;
  try {
    loaded = await load(request.candles, hooks);
  } catch (error) {
    if (error instanceof Cancelled) {
      return { kind: 'cancelled', candlesDone: 0, candles: 0, time: 0 };
    }
    if (!(error instanceof CandleError)) throw error;
    return { kind: 'failed', code: error.code, message: error.message, place: error.place };
  }
  const { series } = loaded;
  const parsed = composeSettings(request.settings, request.assignments, series.symbol);
  if (!parsed.ok) return { kind: 'refused', errors: parsed.errors };
  const made = makeMarket({
    series,
    from: request.from,
    to: request.to,
    rules: request.rules,
    startBalanceQuote: request.startBalance,
  });
  if (!made.ok) return { kind: 'refused', errors: [made.fault] };
  return run(request, hooks, loaded, made.market, parsed.settings);
}

function run(
  request: BacktestRequest,
  hooks: BacktestHooks,
  loaded: Loaded,
  market: Market,
  settings: BotSettings,
): BacktestOutcome {
  const loading = LOADING_SHARE[request.candles.kind];
  const result = runBacktest({
    settings,
    markets: [{ instrument: market.instrument, candles: market.candles }],
    path: request.path,
    makerFeePpm: request.makerFeePpm,
    takerFeePpm: request.takerFeePpm,
    startBalanceQuote: request.startBalance,
    onProgress: (candlesDone, candles) =>
      hooks.onProgress({
        phase: 'running',
        share: loading + ((1 - loading) * candlesDone) / candles,
        candlesDone,
      }),
    isCancelled: hooks.isCancelled,
  });
  switch (result.kind) {
    case 'refused':
      return { kind: 'refused', errors: result.errors, rules: market.rules };
    case 'cancelled': {
      const { openTime } = market.candles;
      return {
        kind: 'cancelled',
        candlesDone: result.candlesDone,
        candles: openTime.length,
        time: openTime[result.candlesDone] ?? 0,
      };
    }
    case 'completed': {
      const document = backtestDocument({
        series: loaded.series,
        file: loaded.file,
        digest: loaded.digest,
        market,
        settings,
        path: request.path,
        makerFeePpm: request.makerFeePpm,
        takerFeePpm: request.takerFeePpm,
        startBalance: request.startBalance,
        report: result,
      });
      return { kind: 'completed', document, html: reportHtml(document, market) };
    }
  }
}

interface Loaded {
  readonly series: CandleSeries;
  readonly file: string;
  readonly digest: string;
}

/** Thrown only to leave the reading of a text file, and caught above. */
class Cancelled extends Error {}

async function load(wanted: CandlesWanted, hooks: BacktestHooks): Promise<Loaded> {
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
      const share = (LOADING_SHARE.file * bytesRead) / bytes;
      hooks.onProgress({ phase: 'loading', share, candlesDone: rows });
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
