// SPDX-License-Identifier: Apache-2.0
// What a line earns when it is bought and the line above is sold.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { power10, type Ratio } from '../position.ts';
import { divFloor, PPM } from '../units.ts';

const SHOWN_DECIMALS = 4;

/**
 * Profit of buying at one price and selling at the other, in percent of the cost, exact: sell · (1 − fee)² / buy − 1.
 * The fee of the buy is taken in coins, which are then missing at the sale; one in quote costs less by under fee².
 */
export function cycleProfit(buyTicks: number, sellTicks: number, feeRatePpm: number): Ratio {
  const rest = BigInt(PPM - feeRatePpm);
  const whole = BigInt(PPM);
  const cost = BigInt(buyTicks) * whole * whole;
  return { numerator: (BigInt(sellTicks) * rest * rest - cost) * 100n, denominator: cost };
}

/** A profit in percent as text of at most four decimals, rounded down. */
export function formatProfitPercent(percent: Ratio): string {
  const scaled = divFloor(percent.numerator * power10(SHOWN_DECIMALS), percent.denominator);
  return trimDecimal(formatDecimal(scaled, SHOWN_DECIMALS));
}
