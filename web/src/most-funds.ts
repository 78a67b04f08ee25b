// SPDX-License-Identifier: Apache-2.0
// What a bot can cost at most, before fees: every order of every deal it may have at once.

import { divCeil, formatDecimal, toScaled, trimDecimal } from '@kontor/core';

import type { DcaSettings } from './api/types.ts';

export interface MostFunds {
  /** Decimal text in the quote asset. */
  readonly perDeal: string;
  readonly all: string;
}

const VOLUME_SCALE = 8;
const FACTOR_SCALE = 4;

/**
 * Base order and all safety orders, each larger than the last by the volume scale; times the deals at once.
 * Rounded up to eight decimals. Quantities in whole lots may make an order a little dearer than its volume.
 */
export function mostFunds(settings: DcaSettings): MostFunds {
  const factor = toScaled(settings.volumeScale, FACTOR_SCALE, 'volumeScale');
  const factorUnit = 10n ** BigInt(FACTOR_SCALE);
  let volume = toScaled(settings.safetyOrderVolume, VOLUME_SCALE, 'safetyOrderVolume');
  let sum = toScaled(settings.baseOrderVolume, VOLUME_SCALE, 'baseOrderVolume');
  // All terms are kept at one denominator, which grows by the factor's unit with every order.
  let unit = 1n;
  for (let index = 0; index < settings.maxSafetyOrders; index += 1) {
    sum += volume;
    volume *= factor;
    sum *= factorUnit;
    unit *= factorUnit;
  }
  const perDeal = divCeil(sum, unit);
  return {
    perDeal: toText(perDeal),
    all: toText(perDeal * BigInt(settings.maxActiveDeals)),
  };
}

function toText(scaled: bigint): string {
  return trimDecimal(formatDecimal(scaled, VOLUME_SCALE));
}
