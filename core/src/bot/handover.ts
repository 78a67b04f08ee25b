// SPDX-License-Identifier: Apache-2.0
// An open position as one bot leaves it to another: what was traded, and what its exits were to be.

import type { Direction } from '../order.ts';
import type { Position } from '../position.ts';
import type { TimeMs } from '../units.ts';

/**
 * A position without any order at the venue. What is open, its average and what was earned so far follow from
 * `position` by `openBase`, `entryAverage` and `profitOf`. Prices are in ticks, percentages decimal text.
 */
export interface HandedOverPosition {
  readonly symbol: string;
  readonly direction: Direction;
  /** The sums of all fills so far, entries and exits. */
  readonly position: Position;
  readonly feeRatePpm: number;
  readonly openedTime: TimeMs;
  /** Take-profit steps that have not filled, nearest first; shares are of what is open and sum to '100'. */
  readonly takeProfits: readonly HandedOverTarget[];
  /** Absent without a stop loss. */
  readonly stopLoss?: HandedOverStop;
  readonly maxSlippage: string;
  /** Where it comes from, for people: the bot's name and the number of its deal. */
  readonly from: { readonly name: string; readonly dealId: number };
}

export interface HandedOverTarget {
  readonly priceTicks: number;
  readonly share: string;
  /** Only on the last step. */
  readonly trailingDeviation?: string;
}

export interface HandedOverStop {
  /** Long: at or below it the position is closed; short: at or above it. */
  readonly triggerTicks: number;
  /** Distance from the best price, in percent, where the stop follows it. */
  readonly trailingDeviation?: string;
  /** How long the price must stay beyond the stop; 0 for not at all. */
  readonly timeoutSeconds: number;
}
