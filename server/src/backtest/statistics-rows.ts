// SPDX-License-Identifier: Apache-2.0
// The figures of a backtest as rows with an explanation each: for the page and for the terminal.

import type { BacktestDocument } from './document.ts';
import {
  groupedCount,
  shownDecimal,
  shownExact,
  shownResult,
  shownSeconds,
  signOf,
} from './shown-number.ts';

export interface StatisticsRow {
  readonly name: string;
  readonly shown: string;
  /** All digits, where `shown` is rounded. */
  readonly exact: string;
  /** Whether it is a profit, a loss or neither. */
  readonly sign: -1 | 0 | 1;
  readonly explanation: string;
}

/** Money of these ends at cents; of all others the eight decimals of a coin are shown. */
const CENT_ASSETS = /(USD|USDT|USDC|FDUSD|BUSD|TUSD|EUR|GBP|TRY|BRL)$/;
const COIN_DECIMALS = 8;

/** Decimals at which amounts in `asset` are shown. */
export function shownDecimals(asset: string): number {
  return CENT_ASSETS.test(asset) ? 2 : COIN_DECIMALS;
}

export function statisticsRows(document: BacktestDocument): readonly StatisticsRow[] {
  const { statistics: figures, source } = document;
  const quote = source.quoteAsset;
  const decimals = shownDecimals(quote);
  const money = (name: string, text: string, explanation: string): StatisticsRow => ({
    name,
    shown: `${shownDecimal(text, decimals)} ${quote}`,
    exact: `${shownExact(text)} ${quote}`,
    sign: 0,
    explanation,
  });
  const result = (
    name: string,
    text: string,
    percent: string,
    explanation: string,
  ): StatisticsRow => ({
    name,
    shown: `${shownResult(text, decimals)} ${quote} (${shownResult(percent, 2)} %)`,
    exact: `${shownExact(text)} ${quote} (${shownExact(percent)} %)`,
    sign: signOf(text),
    explanation,
  });
  const plain = (name: string, shown: string, explanation: string): StatisticsRow => ({
    name,
    shown,
    exact: shown,
    sign: 0,
    explanation,
  });
  return [
    result(
      'Net profit',
      figures.netProfit,
      figures.netProfitPercent,
      'Equity at the end less the start balance; coins still held count at the last close.',
    ),
    result(
      'Buy and hold',
      figures.buyAndHoldProfit,
      figures.buyAndHoldPercent,
      'What the whole start balance would have made, put into the coin at the first price and kept.',
    ),
    {
      name: 'Deepest fall',
      shown: `${shownDecimal(figures.maxDrawdown, decimals)} ${quote} (${shownDecimal(figures.maxDrawdownPercent, 2)} %)`,
      exact: `${shownExact(figures.maxDrawdown)} ${quote} (${shownExact(figures.maxDrawdownPercent)} %)`,
      sign: signOf(figures.maxDrawdown) === 0 ? 0 : -1,
      explanation:
        'The largest loss of equity from a peak to a later low, measured at every candle’s close.',
    },
    money('Start balance', figures.startBalance, 'Money at the first candle.'),
    money('End equity', figures.endEquity, 'Money and coins at the last close.'),
    {
      ...money(
        'Realised profit',
        figures.realisedProfit,
        'Of ended deals alone, all commissions taken off.',
      ),
      shown: `${shownResult(figures.realisedProfit, decimals)} ${quote}`,
      sign: signOf(figures.realisedProfit),
    },
    money(
      'Commissions',
      figures.fees,
      'Paid on all fills; those in coins at their deal’s average price.',
    ),
    plain(
      'Deals',
      `${groupedCount(figures.dealsEnded)} ended, ${groupedCount(figures.dealsStarted - figures.dealsEnded)} open`,
      'A deal begins with a base order and ends when its coins are sold.',
    ),
    plain(
      'Won',
      `${groupedCount(figures.dealsWon)} (${shownDecimal(figures.winRatePercent, 2)} %)`,
      'Deals that ended with a profit, of those that bought something. A high share alone says little: averaging down wins often and loses much at once.',
    ),
    plain('Stop losses', groupedCount(figures.stopLosses), 'Deals that the stop loss ended.'),
    plain(
      'Failed deals',
      groupedCount(figures.dealsFailed),
      'Deals whose base order bought nothing.',
    ),
    plain(
      'Safety orders filled',
      groupedCount(figures.safetyOrdersFilled),
      'How often a deal bought more on the way down.',
    ),
    plain(
      'Time in a deal',
      `${shownDecimal(figures.exposurePercent, 2)} %`,
      'Share of the period in which a deal was open and money at risk.',
    ),
    plain(
      'Average deal',
      shownSeconds(figures.averageDealSeconds),
      'From base order to end, over ended deals.',
    ),
    plain(
      'Longest deal',
      shownSeconds(figures.longestDealSeconds),
      'The longest of the ended deals.',
    ),
    money('Most in one deal', figures.mostInvested, 'The largest sum that was in a single deal.'),
  ];
}
