// SPDX-License-Identifier: Apache-2.0
// What a backtest comes to, in numbers a person compares. Amounts are decimal text in the quote asset.

import { formatDecimal, toScaled, trimDecimal } from '../decimal.ts';
import type { Deal } from '../bot/step.ts';
import type { DealView } from '../bot/common-view.ts';
import { commissionOf } from '../dca/ladder.ts';
import {
  assetBase,
  assetMoney,
  averageTicks,
  formatPercent,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
} from '../position.ts';
import { divFloor, type TimeMs } from '../units.ts';
import type { EquityTrack } from './equity.ts';
import type { BacktestMarket } from './market-run.ts';
import { worthPerTick } from './wallet.ts';

export interface BacktestStatistics {
  /** Of all markets together. */
  readonly candles: number;
  readonly startTime: TimeMs;
  readonly endTime: TimeMs;
  /** What was owned at the beginning, coins at the first price. */
  readonly startBalance: string;
  /** Everything owned at the last close, coins at that price. */
  readonly endEquity: string;
  readonly netProfit: string;
  readonly netProfitPercent: string;
  /** Of ended deals only. */
  readonly realisedProfit: string;
  /** The deepest fall from a peak, measured at candle closes. */
  readonly maxDrawdown: string;
  readonly maxDrawdownPercent: string;
  readonly dealsStarted: number;
  readonly dealsEnded: number;
  readonly dealsWon: number;
  readonly dealsFailed: number;
  readonly stopLosses: number;
  readonly safetyOrdersFilled: number;
  /** Of the deals that ended and traded something. */
  readonly winRatePercent: string;
  readonly averageDealSeconds: number;
  readonly longestDealSeconds: number;
  /** Commissions in quote; those in base at the average price of their deal, rounded down. */
  readonly fees: string;
  /** The most money that was in one deal and had not come back. */
  readonly mostInvested: string;
  /** Share of the time in which at least one deal was open. */
  readonly exposurePercent: string;
  /** All money in equal parts into the coins at their first ask, valued at the last close. */
  readonly buyAndHoldProfit: string;
  readonly buyAndHoldPercent: string;
}

export interface Outcome {
  readonly markets: readonly BacktestMarket[];
  readonly takerFeePpm: number;
  /** Decimals of amounts; enough for all of them to be exact. */
  readonly scale: number;
  readonly startEquity: bigint;
  readonly mostInvested: bigint;
  readonly equity: EquityTrack;
  readonly deals: readonly ViewedDeal[];
}

export interface ViewedDeal {
  readonly deal: Deal;
  readonly view: DealView;
}

export function statisticsOf(outcome: Outcome): BacktestStatistics {
  const { markets, equity, deals, scale, startEquity: start } = outcome;
  const ended = deals.filter(({ view }) => view.closedTime !== 0).length;
  let [candles, startTime, endTime] = [0, Infinity, 0];
  for (const { candles: own } of markets) {
    candles += own.openTime.length;
    startTime = Math.min(startTime, own.openTime[0] ?? Infinity);
    endTime = Math.max(endTime, (own.openTime.at(-1) ?? 0) + own.intervalMs - 1);
  }
  const end = equity.worth();
  const sums = sumDeals(outcome);
  const hold = buyAndHold(outcome) - start;
  const drawdown = equity.maxDrawdown();
  const openMs = timeCovered(deals, endTime);
  const format = (amount: bigint): string => trimDecimal(formatDecimal(amount, scale));
  return {
    candles,
    startTime,
    endTime,
    startBalance: format(start),
    endEquity: format(end),
    netProfit: format(end - start),
    netProfitPercent: formatPercent(end - start, start, 4),
    realisedProfit: format(sums.realised),
    maxDrawdown: drawdown.amount,
    maxDrawdownPercent: drawdown.percent,
    dealsStarted: deals.length,
    dealsEnded: ended,
    dealsWon: sums.won,
    dealsFailed: sums.failed,
    stopLosses: sums.stopLosses,
    safetyOrdersFilled: sums.safetyOrders,
    winRatePercent: formatPercent(BigInt(sums.won), BigInt(sums.traded), 2),
    averageDealSeconds: sums.traded === 0 ? 0 : Math.floor(sums.endedMs / sums.traded / 1000),
    longestDealSeconds: Math.floor(sums.longestMs / 1000),
    fees: format(sums.fees),
    mostInvested: format(outcome.mostInvested),
    exposurePercent: formatPercent(BigInt(openMs), BigInt(endTime - startTime + 1), 2),
    buyAndHoldProfit: format(hold),
    buyAndHoldPercent: formatPercent(hold, start, 4),
  };
}

interface DealSums {
  readonly realised: bigint;
  readonly fees: bigint;
  readonly won: number;
  readonly failed: number;
  readonly traded: number;
  readonly stopLosses: number;
  readonly safetyOrders: number;
  readonly endedMs: number;
  readonly longestMs: number;
}

function sumDeals({ deals, scale }: Outcome): DealSums {
  let [realised, fees] = [0n, 0n];
  let [won, failed, traded, stopLosses, safetyOrders] = [0, 0, 0, 0, 0];
  let [endedMs, longestMs] = [0, 0];
  for (const { deal, view } of deals) {
    const { position, instrument, openedTime } = deal;
    fees += feesOf(deal) * power10(scale - moneyScale(instrument));
    if (deal.kind === 'dca') safetyOrders += deal.filledSafetyOrders;
    if (view.status === 'failed') failed += 1;
    if (view.status === 'stopLoss') stopLosses += 1;
    if (view.closedTime === 0 || position.boughtLots + position.soldLots === 0) continue;
    const profit = toScaled(view.realisedProfit, scale, 'realisedProfit');
    const lastedMs = view.closedTime - openedTime;
    traded += 1;
    realised += profit;
    endedMs += lastedMs;
    if (profit > 0n) won += 1;
    if (lastedMs > longestMs) longestMs = lastedMs;
  }
  return { realised, fees, won, failed, traded, stopLosses, safetyOrders, endedMs, longestMs };
}

/** How long at least one of `deals` was open. */
function timeCovered(deals: readonly ViewedDeal[], endTime: TimeMs): TimeMs {
  const spans = deals
    .map(
      ({ view }) => [view.openedTime, view.closedTime === 0 ? endTime : view.closedTime] as const,
    )
    .toSorted(([left], [right]) => left - right);
  let covered = 0;
  let until = -Infinity;
  for (const [from, to] of spans) {
    covered += Math.max(0, to - Math.max(from, until));
    until = Math.max(until, to);
  }
  return covered;
}

/** Commissions of a deal at `moneyScale` decimals. */
function feesOf(deal: Deal): bigint {
  const { instrument, position } = deal;
  const inQuote = assetMoney(
    instrument,
    position.boughtCommissionQuote + position.soldCommissionQuote,
  );
  const average = averageTicks(position, instrument);
  if (average === null) return inQuote;
  const inBase = assetBase(instrument, position.boughtCommissionBase + position.soldCommissionBase);
  const oneTickOfLots = notionalMoney(instrument, 1n) * average.numerator * inBase;
  return inQuote + divFloor(oneTickOfLots, average.denominator * lotsBase(instrument, 1));
}

/** Worth at the last close of what was there at the beginning, its money put into whole lots of the coins at once. */
function buyAndHold({ markets, takerFeePpm, scale, equity }: Outcome): bigint {
  const { startQuote, startBases } = equity;
  let worth = startQuote;
  const part = startQuote / BigInt(markets.length);
  for (const [index, { instrument, candles }] of markets.entries()) {
    const ask = (candles.open[0] ?? 0) + 1;
    const toScale = power10(scale - moneyScale(instrument));
    const lots = Number(part / toScale / notionalMoney(instrument, BigInt(ask)));
    const order = { priceTicks: ask, lots };
    const { commission } = commissionOf(instrument, 'buy', order, takerFeePpm);
    const bought = lotsBase(instrument, lots) - assetBase(instrument, commission);
    worth -= notionalMoney(instrument, BigInt(ask) * BigInt(lots)) * toScale;
    const base = (startBases[index] ?? 0n) + bought;
    worth += worthPerTick(instrument, base, scale) * BigInt(candles.close.at(-1) ?? 0);
  }
  return worth;
}
