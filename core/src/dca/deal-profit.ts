// SPDX-License-Identifier: Apache-2.0
// What a deal would have earned if it closed now, in either asset.

import {
  baseScale,
  enteredBase,
  enteredMoney,
  exitedBase,
  exitedMoney,
  closingFeePpm,
  moneyScale,
  openBase,
  power10,
  type ProfitCurrency,
} from '../position.ts';
import { divCeil, divFloor, PPM } from '../units.ts';
import type { DcaDeal } from './deal.ts';

/** What percentages of a profit in `currency` are of: all entries, in that asset. */
export function profitWhole(deal: DcaDeal, currency: ProfitCurrency): bigint {
  const { position, instrument, settings } = deal;
  const whole = currency === 'quote' ? enteredMoney : enteredBase;
  return whole(position, instrument, settings.direction);
}

/**
 * What the deal will have earned in all if what is open closes at `priceTicks`, which must be positive, after the fee and
 * rounded down. In quote: a long sells its coins, a short buys back what it sold. In base: a long sells what returns the
 * cost, a short spends what is left of its proceeds.
 */
export function profitIfClosed(
  deal: DcaDeal,
  priceTicks: number,
  currency: ProfitCurrency,
): bigint {
  const { position, instrument, settings, feeRatePpm } = deal;
  const { direction } = settings;
  const price = BigInt(priceTicks) * BigInt(instrument.tickUnits) * power10(moneyScale(instrument));
  const scale = power10(baseScale(instrument) + instrument.priceScale);
  const whole = BigInt(PPM);
  const kept = BigInt(PPM - feeRatePpm);
  const isLong = direction === 'long';
  const buyKept = BigInt(PPM - closingFeePpm(position, feeRatePpm));
  const entered = {
    base: enteredBase(position, instrument, direction),
    money: enteredMoney(position, instrument, direction),
  };
  const exited = {
    base: exitedBase(position, instrument, direction),
    money: exitedMoney(position, instrument, direction),
  };
  const open = openBase(position, instrument, direction);
  const openMoney = entered.money - exited.money;
  if (currency === 'quote') {
    return isLong
      ? exited.money + divFloor(open * price * kept, scale * whole) - entered.money
      : entered.money - exited.money - divCeil(max(open) * price * whole, scale * buyKept);
  }
  return isLong
    ? open - divCeil(max(openMoney) * scale * whole, price * kept)
    : divFloor(max(openMoney) * scale * buyKept, price * whole) - open;
}

function max(amount: bigint): bigint {
  return amount < 0n ? 0n : amount;
}
