// SPDX-License-Identifier: Apache-2.0
// What a backtest leaves behind: everything that went in, everything that came out, and what to make of it.

import {
  assert,
  conditionLists,
  type BacktestFill,
  type BacktestReport,
  type BacktestStatistics,
  type CandlePath,
  type BotSettings,
  type DealView,
  type EquityPoint,
  type InstrumentRules,
  type MissingCandles,
} from '@kontor/core';

import {
  findGaps,
  firstRowAtOrAfter,
  gapTotals,
  type CandleSeries,
  type CandleSource,
  type GapTotals,
} from '../candles/index.ts';
import type { Market } from './market.ts';
import { groupedCount } from './shown-number.ts';

/** The file `report.json`. The same candles and settings give the same bytes. */
export interface BacktestDocument {
  readonly kind: 'kontor-backtest';
  readonly version: 1;
  readonly source: BacktestSource;
  readonly market: BacktestMarket;
  /** Where several symbols were run: the others, in the order in which they were given. */
  readonly others?: readonly { readonly source: BacktestSource; readonly market: BacktestMarket }[];
  readonly model: BacktestModel;
  readonly settings: BotSettings;
  readonly statistics: BacktestStatistics;
  readonly equity: readonly EquityPoint[];
  readonly deals: readonly DealView[];
  readonly fills: readonly BacktestFill[];
}

export interface BacktestSource {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly interval: string;
  readonly file: string;
  /** Of the candle file; empty where the candles came from another kind of file. */
  readonly sha256: string;
  readonly sources: readonly CandleSource[];
  readonly candles: number;
  readonly firstTime: number;
  readonly lastTime: number;
  readonly gaps: GapTotals;
  /** The longest gaps in order of time: the opening time of the candle before, and how many are missing. */
  readonly longestGaps: readonly { readonly after: number; readonly missing: number }[];
  readonly roundedVolumes: number;
}

export interface BacktestMarket {
  readonly rules: InstrumentRules;
  readonly priceDecimalsOfData: number;
  readonly volumeDecimalsOfData: number;
  /** Prices rounded to the tick, of how many. */
  readonly roundedPrices: number;
  readonly prices: number;
}

export interface BacktestModel {
  readonly path: CandlePath;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly startBalance: string;
  /** Coins there were at the beginning, by asset; absent without any. */
  readonly startCoins?: Readonly<Record<string, string>>;
  /** Candles before the period that conditions were warmed up on. */
  readonly warmUpCandles: number;
  /** What a missing candle means to conditions. */
  readonly missing: MissingCandles;
  /** How the fills compare with what was traded in their candles. */
  readonly depth: DepthCheck;
}

/** The model fills every order wholly; this says where the real market was too thin for that. */
export interface DepthCheck {
  readonly fills: number;
  /** Fills of more than a tenth of what their candle traded, and of more than all of it. */
  readonly overTenth: number;
  readonly overAll: number;
}

/** One symbol of a run. */
export interface RunMarket {
  readonly series: CandleSeries;
  readonly file: string;
  readonly digest: string;
  readonly market: Market;
}

export interface DocumentInput {
  /** At least one. */
  readonly markets: readonly RunMarket[];
  readonly settings: BotSettings;
  readonly path: CandlePath;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly startBalance: string;
  readonly startCoins: Readonly<Record<string, string>>;
  readonly warmUpCandles: number;
  readonly missing: MissingCandles;
  readonly report: BacktestReport;
}

const GAPS_LISTED = 50;
/** Fills compare with their candle's volume in parts of this. */
const TENTH = 10;

export function backtestDocument(input: DocumentInput): BacktestDocument {
  const { report, startCoins } = input;
  const [first, ...others] = input.markets;
  assert(first !== undefined, 'Invariant: a run has a market');
  return {
    kind: 'kontor-backtest',
    version: 1,
    source: sourceOf(first),
    market: marketOf(first),
    ...(others.length === 0
      ? {}
      : { others: others.map((one) => ({ source: sourceOf(one), market: marketOf(one) })) }),
    model: {
      path: input.path,
      makerFeePpm: input.makerFeePpm,
      takerFeePpm: input.takerFeePpm,
      startBalance: input.startBalance,
      ...(Object.keys(startCoins).length === 0 ? {} : { startCoins }),
      warmUpCandles: input.warmUpCandles,
      missing: input.missing,
      depth: depthCheck(input.markets, report.fills),
    },
    settings: input.settings,
    statistics: report.statistics,
    equity: report.equity,
    deals: report.deals,
    fills: report.fills,
  };
}

function sourceOf({ series, file, digest, market }: RunMarket): BacktestSource {
  const { openTime } = market.columns;
  const gaps = findGaps(openTime, series.interval);
  return {
    symbol: series.symbol,
    baseAsset: series.baseAsset,
    quoteAsset: series.quoteAsset,
    interval: series.interval,
    file,
    sha256: digest,
    sources: series.sources,
    candles: openTime.length,
    firstTime: openTime[0] ?? 0,
    lastTime: openTime.at(-1) ?? 0,
    gaps: gapTotals(gaps),
    longestGaps: longestGaps(gaps.after, gaps.missing),
    roundedVolumes: series.roundedVolumes,
  };
}

function marketOf({ series, market }: RunMarket): BacktestMarket {
  return {
    rules: market.rules,
    priceDecimalsOfData: series.priceDecimals,
    volumeDecimalsOfData: series.volumeDecimals,
    roundedPrices: market.roundedPrices,
    prices: market.prices,
  };
}

function longestGaps(
  after: Float64Array,
  missing: Float64Array,
): readonly { readonly after: number; readonly missing: number }[] {
  return Array.from(after, (time, index) => ({ after: time, missing: missing[index] ?? 0 }))
    .toSorted((one, other) => other.missing - one.missing || one.after - other.after)
    .slice(0, GAPS_LISTED)
    .toSorted((one, other) => one.after - other.after);
}

function depthCheck(markets: readonly RunMarket[], fills: readonly BacktestFill[]): DepthCheck {
  let overTenth = 0;
  let overAll = 0;
  for (const { series, market } of markets) {
    const { openTime, volume } = market.columns;
    const unit = 10 ** series.volumeDecimals;
    for (const fill of fills) {
      if (fill.symbol !== series.symbol) continue;
      const row = firstRowAtOrAfter(openTime, fill.time + 1) - 1;
      const traded = (volume[row] ?? 0) / unit;
      const quantity = Number(fill.quantity);
      if (quantity > traded) overAll += 1;
      if (quantity * TENTH > traded) overTenth += 1;
    }
  }
  return { fills: fills.length, overTenth, overAll };
}

/** All symbols of the run, as a heading has them. */
export function symbolsText({ source, others = [] }: BacktestDocument): string {
  return [source.symbol, ...others.map((one) => one.source.symbol)].join(', ');
}

/** The rules by which `symbol` was traded. */
export function rulesOf(document: BacktestDocument, symbol: string): InstrumentRules {
  const other = document.others?.find(({ source }) => source.symbol === symbol);
  return (other ?? document).market.rules;
}

/** What every reader of a result should know about how it came about. */
export function modelCaveats(document: BacktestDocument): readonly string[] {
  const { model, source } = document;
  const order = model.path === 'low-first' ? 'open, low, high, close' : 'open, high, low, close';
  const other = model.path === 'low-first' ? 'high-first' : 'low-first';
  const { depth } = model;
  return [
    `A candle tells four prices and not their order. Each candle is walked as ${order}; the market may have gone another way. The same run with --path ${other} shows how much hangs on it.`,
    'The market quotes one tick on either side of each price. A limit order is filled only when the price goes through it by one tick, and then wholly at its own price. An immediate order pays one tick.',
    `Orders are filled wholly, however large. Of ${groupedCount(depth.fills)} fills, ${groupedCount(depth.overTenth)} were larger than a tenth of what their candle traded, ${groupedCount(depth.overAll)} larger than all of it: such orders would have moved a real market.`,
    'Answers come at once: no network, no rate limits, no outages. Commissions are taken as Binance takes them, in coins on buys and in money on sells, rounded down to 8 decimals.',
    ...conditionCaveats(document),
    source.gaps.count === 0
      ? 'The data has no gaps.'
      : `In the ${groupedCount(source.gaps.count)} gaps of the data nothing happens: no fills, no price. The first price after a gap may be far from the last one before it.`,
    'A deal still open at the end is valued at the last close and not sold. Fees of keeping coins, interest and taxes are left out.',
    'The past is one sample. Settings chosen because they did best here will do worse elsewhere; try them on a period that had no part in the choice.',
  ];
}

/** How conditions were read, where the bot has any. */
function conditionCaveats({ settings, model }: BacktestDocument): readonly string[] {
  if (conditionLists(settings).length === 0) return [];
  const missing =
    model.missing === 'gap'
      ? 'A missing candle is a gap: what came before is forgotten, and conditions are unknown until they have seen enough again.'
      : 'A missing candle counts as a minute without a trade, for at most a day.';
  return [
    `Conditions are read from closed candles alone, ${groupedCount(model.warmUpCandles)} of them from before the period. What a close has made of them is acted on at the first price of the next candle. ${missing}`,
  ];
}
