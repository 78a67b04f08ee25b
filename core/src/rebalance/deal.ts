// SPDX-License-Identifier: Apache-2.0
// One coin of a rebalancing portfolio as a deal, and what the portfolio is worth.

import type { DealOutcome } from '../bot/common-view.ts';
import type { DealBase } from '../bot/deal-order.ts';
import type { Instrument } from '../instrument.ts';
import {
  baseScale,
  costOf,
  heldBase,
  moneyScale,
  power10,
  revenueOf,
  type Ratio,
} from '../position.ts';
import { divFloor, type TimeMs } from '../units.ts';

export type RebalancePhase =
  | { readonly kind: 'holding' }
  /** All its coins are to be sold: a quote is awaited, the sale is out, or the next try waits. */
  | {
      readonly kind: 'closing';
      readonly attempt: number;
      readonly step: 'cancelling' | 'awaitingQuote' | 'selling' | 'waiting';
      readonly until: TimeMs;
    }
  /** The coins stay in the account. */
  | { readonly kind: 'cancelling' }
  | {
      readonly kind: 'ended';
      readonly time: TimeMs;
      readonly outcome: DealOutcome;
      readonly reason: string;
    };

export interface RebalanceDeal extends DealBase {
  readonly kind: 'rebalance';
  /** In hundredths of a percent of the portfolio's worth. */
  share: bigint;
  phase: RebalancePhase;
  /** Orders of this coin that filled at least in part. */
  trades: number;
}

/** Decimals in which the worth of a portfolio is reckoned, whatever its instruments. */
export const WORTH_SCALE = 24;

/** Money of `instrument` (at `moneyScale`) at `WORTH_SCALE` decimals. */
export function toWorth(instrument: Instrument, money: bigint): bigint {
  return money * power10(WORTH_SCALE - moneyScale(instrument));
}

/** What the coins of `deal` bring at `priceTicks` before the fee, at `WORTH_SCALE` decimals, rounded down. */
export function coinsWorth(deal: DealBase, priceTicks: number): bigint {
  const { instrument } = deal;
  return divFloor(
    heldBase(deal.position, instrument) *
      BigInt(priceTicks) *
      BigInt(instrument.tickUnits) *
      power10(WORTH_SCALE),
    power10(baseScale(instrument) + instrument.priceScale),
  );
}

/** What trading `deal` has brought to the portfolio's cash so far, below zero for spent, at `WORTH_SCALE` decimals. */
export function cashFlow(deal: DealBase): bigint {
  const { instrument, position } = deal;
  return toWorth(instrument, revenueOf(position, instrument) - costOf(position, instrument));
}

/** `lots` at `priceTicks`, at `WORTH_SCALE` decimals. */
export function lotsWorth(instrument: Instrument, priceTicks: number, lots: number): bigint {
  return (
    BigInt(priceTicks) *
    BigInt(lots) *
    BigInt(instrument.tickUnits) *
    BigInt(instrument.lotUnits) *
    power10(WORTH_SCALE - instrument.priceScale - instrument.quantityScale)
  );
}

/** ⌊worth / (one lot at `priceTicks`)⌋. */
export function lotsForWorth(instrument: Instrument, worth: bigint, priceTicks: number): number {
  if (worth <= 0n) return 0;
  return Number(worth / lotsWorth(instrument, priceTicks, 1));
}

/** A ratio of the quote asset at `WORTH_SCALE` decimals, rounded down. */
export function ratioWorth(amount: Ratio): bigint {
  return divFloor(amount.numerator * power10(WORTH_SCALE), amount.denominator);
}
