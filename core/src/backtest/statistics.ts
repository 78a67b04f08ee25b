// SPDX-License-Identifier: Apache-2.0
// What a backtest comes to, in numbers a person compares. Amounts are decimal text in the quote asset.

import type { Candles } from '../candle.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import type { Deal } from '../bot/step.ts';
import { commissionOf } from '../dca/ladder.ts';
import type { Instrument } from '../instrument.ts';
import {
  assetBase,
  assetMoney,
  averageTicks,
  costOf,
  formatMoney,
  formatPercent,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
  realisedProfit,
} from '../position.ts';
import { divFloor, type TimeMs } from '../units.ts';
import type { EquityTrack } from './equity.ts';
import { equityScale, equityTerms } from './wallet.ts';

export interface BacktestStatistics {
  readonly candles: number;
  readonly startTime: TimeMs;
  readonly endTime: TimeMs;
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
  /** Of the deals that ended and bought something. */
  readonly winRatePercent: string;
  readonly averageDealSeconds: number;
  readonly longestDealSeconds: number;
  /** Commissions in quote; those in base at the average price of their deal, rounded down. */
  readonly fees: string;
  /** The most money that was in one deal. */
  readonly mostInvested: string;
  /** Share of the time in which a deal was open. */
  readonly exposurePercent: string;
  /** All money into the coin at the first ask, valued at the last close. */
  readonly buyAndHoldProfit: string;
  readonly buyAndHoldPercent: string;
}

export interface Outcome {
  readonly instrument: Instrument;
  readonly candles: Candles;
  readonly takerFeePpm: number;
  /** At `moneyScale` decimals. */
  readonly startBalance: bigint;
  readonly equity: EquityTrack;
  readonly ended: readonly Deal[];
  readonly open: readonly Deal[];
}

export function statisticsOf(outcome: Outcome): BacktestStatistics {
  const { instrument, candles, equity, ended, open } = outcome;
  const rows = candles.openTime.length;
  const startTime = candles.openTime[0] ?? 0;
  const endTime = (candles.openTime[rows - 1] ?? 0) + candles.intervalMs - 1;
  const lastTicks = candles.close[rows - 1] ?? 0;
  const scaleUp = power10(equityScale(instrument) - moneyScale(instrument));
  const start = outcome.startBalance * scaleUp;
  const end = equity.equityAt(lastTicks);
  const sums = sumDeals(outcome, endTime);
  const hold = buyAndHold(outcome, candles.open[0] ?? 0, lastTicks) - start;
  const drawdown = equity.maxDrawdown();
  const format = (amount: bigint): string =>
    trimDecimal(formatDecimal(amount, equityScale(instrument)));
  return {
    candles: rows,
    startTime,
    endTime,
    startBalance: formatMoney(instrument, outcome.startBalance),
    endEquity: format(end),
    netProfit: format(end - start),
    netProfitPercent: formatPercent(end - start, start, 4),
    realisedProfit: formatMoney(instrument, sums.realised),
    maxDrawdown: drawdown.amount,
    maxDrawdownPercent: drawdown.percent,
    dealsStarted: ended.length + open.length,
    dealsEnded: ended.length,
    dealsWon: sums.won,
    dealsFailed: sums.failed,
    stopLosses: sums.stopLosses,
    safetyOrdersFilled: sums.safetyOrders,
    winRatePercent: formatPercent(BigInt(sums.won), BigInt(sums.traded), 2),
    averageDealSeconds: sums.traded === 0 ? 0 : Math.floor(sums.endedMs / sums.traded / 1000),
    longestDealSeconds: Math.floor(sums.longestMs / 1000),
    fees: formatMoney(instrument, sums.fees),
    mostInvested: formatMoney(instrument, sums.mostInvested),
    exposurePercent: formatPercent(BigInt(sums.openMs), BigInt(endTime - startTime + 1), 2),
    buyAndHoldProfit: format(hold),
    buyAndHoldPercent: formatPercent(hold, start, 4),
  };
}

interface DealSums {
  readonly realised: bigint;
  readonly fees: bigint;
  readonly mostInvested: bigint;
  readonly won: number;
  readonly failed: number;
  readonly traded: number;
  readonly stopLosses: number;
  readonly safetyOrders: number;
  readonly endedMs: number;
  readonly longestMs: number;
  readonly openMs: number;
}

function sumDeals(outcome: Outcome, endTime: TimeMs): DealSums {
  const { instrument } = outcome;
  let [realised, fees, mostInvested] = [0n, 0n, 0n];
  let [won, failed, traded, stopLosses, safetyOrders] = [0, 0, 0, 0, 0];
  let [endedMs, longestMs, openMs] = [0, 0, 0];
  for (const deal of [...outcome.ended, ...outcome.open]) {
    const { phase, position } = deal;
    const cost = costOf(position, instrument);
    const isEnded = phase.kind === 'ended';
    const lastedMs = (isEnded ? phase.time : endTime) - deal.openedTime;
    openMs += lastedMs;
    fees += feesOf(deal);
    if (deal.kind === 'dca') safetyOrders += deal.filledSafetyOrders;
    if (cost > mostInvested) mostInvested = cost;
    if (!isEnded) continue;
    if (phase.outcome === 'failed') failed += 1;
    if (phase.outcome === 'stopLoss') stopLosses += 1;
    if (position.boughtLots === 0) continue;
    const profit = realisedProfit(position, instrument);
    traded += 1;
    realised += profit;
    endedMs += lastedMs;
    if (profit > 0n) won += 1;
    if (lastedMs > longestMs) longestMs = lastedMs;
  }
  return {
    realised,
    fees,
    mostInvested,
    won,
    failed,
    traded,
    stopLosses,
    safetyOrders,
    endedMs,
    longestMs,
    openMs,
  };
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

/** Worth at the last close, at `equityScale` decimals, of the start balance put into whole lots at once. */
function buyAndHold(outcome: Outcome, firstTicks: number, lastTicks: number): bigint {
  const { instrument, startBalance } = outcome;
  const ask = firstTicks + 1;
  const lots = Number(startBalance / notionalMoney(instrument, BigInt(ask)));
  const paid = notionalMoney(instrument, BigInt(ask) * BigInt(lots));
  const { commission } = commissionOf(
    instrument,
    'buy',
    { priceTicks: ask, lots },
    outcome.takerFeePpm,
  );
  const held = {
    quote: startBalance - paid,
    base: lotsBase(instrument, lots) - assetBase(instrument, commission),
  };
  const { quote, perTick } = equityTerms(instrument, held);
  return quote + perTick * BigInt(lastTicks);
}
