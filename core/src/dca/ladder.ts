// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a DCA deal: where safety orders, take profit and stop loss stand, and how much each order holds.

import { ASSET_SCALE, notionalScale, type Instrument } from '../instrument.ts';
import { lotsForVolume } from '../bot/order-rules.ts';
import type { FreeFunds } from '../machine.ts';
import { entrySide, type Direction } from '../order.ts';
import {
  addFill,
  assetBase,
  assetMoney,
  lotsBase,
  notionalMoney,
  power10,
  type Position,
  type Ratio,
} from '../position.ts';
import { divCeil, divFloor, PPM, priceTicks, quantityLots } from '../units.ts';
import type { VolumeType } from './terms.ts';

/**
 * Price of a safety order in ticks. Long: ⌊base average × (1 − deviation/100)⌋, 0 when the ladder leaves the market.
 * Short: ⌈base average × (1 + deviation/100)⌉. Both are rounded to the side that is better for the deal.
 */
export function rungPrice(baseAverage: Ratio, deviation: Ratio, direction: Direction): number {
  const price = away(baseAverage, deviation, direction === 'long' ? -1n : 1n);
  if (direction === 'short') return Number(divCeil(price.numerator, price.denominator));
  const ticks = divFloor(price.numerator, price.denominator);
  return ticks < 0n ? 0 : Number(ticks);
}

/**
 * The price at which the exits bring the profit after both fees, in ticks. Long: ⌈goal / (1 − fee)⌉. Short: ⌊goal ×
 * (1 − fee)⌋, 0 where no price brings it. The goal is the money per coin the exits must move: see `profitGoal`.
 */
export function takeProfitTicks(goal: Ratio, feeRatePpm: number, direction: Direction): number {
  const whole = BigInt(PPM);
  const rest = BigInt(PPM - feeRatePpm);
  if (direction === 'long') {
    return Number(divCeil(goal.numerator * whole, goal.denominator * rest));
  }
  const ticks = divFloor(goal.numerator * rest, goal.denominator * whole);
  return ticks < 0n ? 0 : Number(ticks);
}

/**
 * Money per coin that exits must move for a profit of `percent` of `measured`, the money per coin that the percentage is
 * of. Long: average + measured × percent/100. Short: average − measured × percent/100. With type total `measured` is
 * the average itself; with type base it is the base order's money spread over all coins entered.
 */
export function profitGoal(
  average: Ratio,
  measured: Ratio,
  percent: Ratio,
  direction: Direction,
): Ratio {
  if (measured === average) return away(average, percent, direction === 'long' ? 1n : -1n);
  const sign = direction === 'long' ? 1n : -1n;
  const hundred = 100n * percent.denominator;
  return {
    numerator:
      average.numerator * measured.denominator * hundred +
      sign * measured.numerator * percent.numerator * average.denominator,
    denominator: average.denominator * measured.denominator * hundred,
  };
}

/** Stop loss, exact: long average × (1 − stopLoss/100), short average × (1 + stopLoss/100). */
export function stopLossPrice(average: Ratio, stopLoss: Ratio, direction: Direction): Ratio {
  return away(average, stopLoss, direction === 'long' ? -1n : 1n);
}

/**
 * The tick at which a last price has reached the exact `price` against the deal: a long's stop is reached at or below
 * ⌊price⌋, a short's at or above ⌈price⌉.
 */
export function triggerTicks(price: Ratio, direction: Direction): number {
  return Number((direction === 'long' ? divFloor : divCeil)(price.numerator, price.denominator));
}

/** Where a trailing exit triggers behind `bestTicks`: long ⌊best × (1 − d/100)⌋, short ⌈best × (1 + d/100)⌉. */
export function trailingTicks(bestTicks: number, deviation: Ratio, direction: Direction): number {
  const best: Ratio = { numerator: BigInt(bestTicks), denominator: 1n };
  return triggerTicks(stopLossPrice(best, deviation, direction), direction);
}

/** `price` × (1 + sign × percent/100), exact. */
function away(price: Ratio, percent: Ratio, sign: bigint): Ratio {
  const hundred = 100n * percent.denominator;
  return {
    numerator: price.numerator * (hundred + sign * percent.numerator),
    denominator: price.denominator * hundred,
  };
}

export const NO_FUNDS: FreeFunds = Object.freeze({ base: 0n, quote: 0n });

/** A volume as an amount of one asset. `isCapped`: it is a share of what is free, and never more may be ordered. */
export interface Amount {
  readonly asset: 'quote' | 'base';
  readonly amount: Ratio;
  readonly isCapped: boolean;
}

/** `volume` of `type` in a deal that started with `free`; one below zero is zero. */
export function amountOf(
  volume: Ratio,
  type: VolumeType,
  free: FreeFunds,
  direction: Direction,
): Amount {
  if (volume.numerator < 0n) return amountOf({ ...volume, numerator: 0n }, type, free, direction);
  if (type !== 'percent') return { asset: type, amount: volume, isCapped: false };
  const asset = direction === 'long' ? 'quote' : 'base';
  const amount = {
    numerator: volume.numerator * free[asset],
    denominator: volume.denominator * 100n * power10(ASSET_SCALE),
  };
  return { asset, amount, isCapped: true };
}

/**
 * The lots of an order for `amount` at `priceTicks`, which must be positive. ⌈amount / price⌉ in lots: never a lot less
 * than asked for. A share of what is free is rounded down instead, so that it can be paid.
 */
export function lotsForAmount(
  instrument: Instrument,
  { asset, amount, isCapped }: Amount,
  priceTicks: number,
): number {
  if (asset === 'quote' && !isCapped) return lotsForVolume(instrument, amount, priceTicks);
  const round = isCapped ? divFloor : divCeil;
  if (asset === 'quote') {
    return Number(
      round(
        amount.numerator * power10(notionalScale(instrument)),
        amount.denominator *
          BigInt(priceTicks) *
          BigInt(instrument.tickUnits) *
          BigInt(instrument.lotUnits),
      ),
    );
  }
  return Number(
    round(
      amount.numerator * power10(instrument.quantityScale),
      amount.denominator * BigInt(instrument.lotUnits),
    ),
  );
}

/** The most lots that `free` pays for at `priceTicks`: ⌊free / price⌋ for a buy, ⌊free⌋ for a sell. */
export function affordableLots(
  instrument: Instrument,
  free: FreeFunds,
  direction: Direction,
  priceTicks: number,
): number {
  if (direction === 'long') {
    const cost = notionalMoney(instrument, BigInt(priceTicks));
    return Number(divFloor(assetMoney(instrument, free.quote), cost));
  }
  const lot = lotsBase(instrument, 1);
  return Number(divFloor(assetBase(instrument, free.base), lot));
}

/** ⌈money / (price × (1 − fee))⌉ in lots: what must be sold at `priceTicks` to bring `money` at `moneyScale`. */
export function lotsThatBring(
  instrument: Instrument,
  money: bigint,
  priceTicks: number,
  feeRatePpm: number,
): number {
  if (money <= 0n) return 0;
  const lot = notionalMoney(instrument, BigInt(priceTicks));
  return Number(divCeil(money * BigInt(PPM), lot * BigInt(PPM - feeRatePpm)));
}

/** ⌊money / price⌋ in lots: what `money` at `moneyScale` buys at `priceTicks`. */
export function lotsThatCost(instrument: Instrument, money: bigint, priceTicks: number): number {
  if (money <= 0n) return 0;
  return Number(divFloor(money, notionalMoney(instrument, BigInt(priceTicks))));
}

/** Commission the way Binance takes it: `feeRatePpm` of the received asset, rounded down to 8 decimals. */
export function commissionOf(
  instrument: Instrument,
  side: 'buy' | 'sell',
  fill: { readonly priceTicks: number; readonly lots: number },
  feeRatePpm: number,
): { readonly commission: bigint; readonly commissionAsset: string } {
  const lots = BigInt(fill.lots) * BigInt(instrument.lotUnits) * BigInt(feeRatePpm);
  if (side === 'buy') {
    return {
      commission: (lots * power10(ASSET_SCALE)) / (power10(instrument.quantityScale) * BigInt(PPM)),
      commissionAsset: instrument.baseAsset,
    };
  }
  const received = lots * BigInt(fill.priceTicks) * BigInt(instrument.tickUnits);
  const scale = power10(instrument.quantityScale + instrument.priceScale) * BigInt(PPM);
  return {
    commission: (received * power10(ASSET_SCALE)) / scale,
    commissionAsset: instrument.quoteAsset,
  };
}

/** Adds an entry that filled wholly at its own price, with the commission of `commissionOf`. */
export function addEntry(
  position: Position,
  instrument: Instrument,
  direction: Direction,
  order: { readonly priceTicks: number; readonly lots: number },
  feeRatePpm: number,
): void {
  const side = entrySide(direction);
  addFill(position, instrument, side, {
    priceTicks: priceTicks(order.priceTicks),
    quantity: quantityLots(order.lots),
    ...commissionOf(instrument, side, order, feeRatePpm),
  });
}
