// SPDX-License-Identifier: Apache-2.0
// Between which prices a DCA bot starts deals.

import { toScaled } from '../decimal.ts';
import type { Instrument } from '../instrument.ts';
import { power10 } from '../position.ts';
import { divCeil, divFloor } from '../units.ts';
import type { DcaBotSettings } from './bot-settings.ts';

/** In whole ticks, both allowed: 0 and the largest safe integer where there is no limit. */
export interface PriceLimits {
  readonly least: number;
  readonly most: number;
}

/** Decimals that hold every price and percentage of the settings. */
const SCALE = 12;

/** Whether limits count from the price at which the bot was started. */
export function needsReference(settings: DcaBotSettings): boolean {
  return settings.minPricePercent !== undefined || settings.maxPricePercent !== undefined;
}

/**
 * The limits of `settings`, rounded inwards to whole ticks, or null without any. Those in percent count from
 * `referenceTicks`; while that is 0 no price is allowed.
 */
export function priceLimits(
  settings: DcaBotSettings,
  instrument: Instrument,
  referenceTicks: number,
): PriceLimits | null {
  const { minPrice, maxPrice, minPricePercent, maxPricePercent } = settings;
  if (minPrice === undefined && maxPrice === undefined && !needsReference(settings)) return null;
  if (needsReference(settings) && referenceTicks === 0) return { least: 1, most: 0 };
  let least = 0n;
  let most = BigInt(Number.MAX_SAFE_INTEGER);
  const raise = (ticks: bigint): void => {
    if (ticks > least) least = ticks;
  };
  const lower = (ticks: bigint): void => {
    if (ticks < most) most = ticks;
  };
  const tick = BigInt(instrument.tickUnits) * power10(SCALE);
  const inTicks = (price: string): bigint =>
    toScaled(price, SCALE, 'price') * power10(instrument.priceScale);
  if (minPrice !== undefined) raise(divCeil(inTicks(minPrice), tick));
  if (maxPrice !== undefined) lower(divFloor(inTicks(maxPrice), tick));
  const hundred = 100n * power10(SCALE);
  const fromReference = (percent: string): bigint =>
    BigInt(referenceTicks) * (hundred + toScaled(percent, SCALE, 'percent'));
  if (minPricePercent !== undefined) raise(divCeil(fromReference(minPricePercent), hundred));
  if (maxPricePercent !== undefined) lower(divFloor(fromReference(maxPricePercent), hundred));
  return { least: Number(least), most: Number(most) };
}

export type PriceSide = 'below' | 'above';

export function sideOf(limits: PriceLimits, ticks: number): PriceSide | 'within' {
  if (ticks < limits.least) return 'below';
  return ticks > limits.most ? 'above' : 'within';
}
