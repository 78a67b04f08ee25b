// SPDX-License-Identifier: Apache-2.0
// What was bought and sold, commissions included, in whole numbers; averages are exact ratios.

import { formatDecimal, trimDecimal } from './decimal.ts';
import { ASSET_SCALE, notionalScale, type Instrument } from './instrument.ts';
import type { Fill, Side } from './order.ts';
import { divFloor, divHalfEven } from './units.ts';

/** An exact rational number; `denominator` is positive. */
export interface Ratio {
  readonly numerator: bigint;
  readonly denominator: bigint;
}

/** The sums of all fills of a deal. A commission in a third asset is kept apart and changes no average. */
export interface Position {
  boughtLots: number;
  soldLots: number;
  /** In ticks × lots. */
  boughtNotional: bigint;
  soldNotional: bigint;
  /** At `ASSET_SCALE` decimals of the base or quote asset. */
  boughtCommissionBase: bigint;
  boughtCommissionQuote: bigint;
  soldCommissionBase: bigint;
  soldCommissionQuote: bigint;
  /** At `ASSET_SCALE` decimals, by asset. */
  otherCommissions: Record<string, bigint>;
}

/** Decimals beyond the instrument's own in which an average price is shown. */
const AVERAGE_EXTRA_DECIMALS = 6;

/** A position without fills. */
export function emptyPosition(): Position {
  return {
    boughtLots: 0,
    soldLots: 0,
    boughtNotional: 0n,
    soldNotional: 0n,
    boughtCommissionBase: 0n,
    boughtCommissionQuote: 0n,
    soldCommissionBase: 0n,
    soldCommissionQuote: 0n,
    otherCommissions: {},
  };
}

/** Adds `fill` of an order on `side` to `position`, in place. */
export function addFill(
  position: Position,
  instrument: Instrument,
  side: Side,
  fill: Pick<Fill, 'priceTicks' | 'quantity' | 'commission' | 'commissionAsset'>,
): void {
  const notional = BigInt(fill.priceTicks) * BigInt(fill.quantity);
  const inBase = fill.commissionAsset === instrument.baseAsset;
  const inQuote = fill.commissionAsset === instrument.quoteAsset;
  if (side === 'buy') {
    position.boughtLots += fill.quantity;
    position.boughtNotional += notional;
    if (inBase) position.boughtCommissionBase += fill.commission;
    if (inQuote) position.boughtCommissionQuote += fill.commission;
  } else {
    position.soldLots += fill.quantity;
    position.soldNotional += notional;
    if (inBase) position.soldCommissionBase += fill.commission;
    if (inQuote) position.soldCommissionQuote += fill.commission;
  }
  if (!inBase && !inQuote && fill.commission !== 0n) {
    const others = position.otherCommissions;
    others[fill.commissionAsset] = (others[fill.commissionAsset] ?? 0n) + fill.commission;
  }
}

/** Decimals in which costs, revenues and profits in the quote asset are exact. */
export function moneyScale(instrument: Instrument): number {
  return Math.max(notionalScale(instrument), ASSET_SCALE);
}

/** Decimals in which amounts of the base asset are exact. */
export function baseScale(instrument: Instrument): number {
  return Math.max(instrument.quantityScale, ASSET_SCALE);
}

/** What all buys cost, commission in quote included, at `moneyScale` decimals. */
export function costOf(position: Position, instrument: Instrument): bigint {
  return (
    notionalMoney(instrument, position.boughtNotional) +
    assetMoney(instrument, position.boughtCommissionQuote)
  );
}

/** What all sells brought, commission in quote taken off, at `moneyScale` decimals. */
export function revenueOf(position: Position, instrument: Instrument): bigint {
  return (
    notionalMoney(instrument, position.soldNotional) -
    assetMoney(instrument, position.soldCommissionQuote)
  );
}

/** Coins got by the buys after commission in base, at `baseScale` decimals. */
export function netBought(position: Position, instrument: Instrument): bigint {
  return (
    lotsBase(instrument, position.boughtLots) - assetBase(instrument, position.boughtCommissionBase)
  );
}

/** Coins still held, at `baseScale` decimals. */
export function heldBase(position: Position, instrument: Instrument): bigint {
  return (
    netBought(position, instrument) -
    lotsBase(instrument, position.soldLots) -
    assetBase(instrument, position.soldCommissionBase)
  );
}

/** Whole lots among the coins still held; the rest is dust. */
export function heldLots(position: Position, instrument: Instrument): number {
  const held = heldBase(position, instrument);
  return held <= 0n ? 0 : Number(held / lotsBase(instrument, 1));
}

/** Cost of the buys per coin got, in ticks; null while no coin is left after commission. */
export function averageTicks(position: Position, instrument: Instrument): Ratio | null {
  const net = netBought(position, instrument);
  if (net <= 0n) return null;
  return {
    numerator:
      costOf(position, instrument) * power10(baseScale(instrument) + instrument.priceScale),
    denominator: net * power10(moneyScale(instrument)) * BigInt(instrument.tickUnits),
  };
}

/** A price ratio in ticks as decimal text, half-even at six decimals more than the instrument has. */
export function formatAverage(instrument: Instrument, ticks: Ratio): string {
  const scale = instrument.priceScale + AVERAGE_EXTRA_DECIMALS;
  const scaled = divHalfEven(
    ticks.numerator * BigInt(instrument.tickUnits) * power10(AVERAGE_EXTRA_DECIMALS),
    ticks.denominator,
  );
  return trimDecimal(formatDecimal(scaled, scale));
}

/** An amount of quote asset at `moneyScale` decimals as text without trailing zeros. */
export function formatMoney(instrument: Instrument, amount: bigint): string {
  return trimDecimal(formatDecimal(amount, moneyScale(instrument)));
}

/** An amount of base asset at `baseScale` decimals as text without trailing zeros. */
export function formatBase(instrument: Instrument, amount: bigint): string {
  return trimDecimal(formatDecimal(amount, baseScale(instrument)));
}

/**
 * What the coins sold brought less their share of the cost, at `moneyScale` decimals, rounded down. Coins that are
 * left, dust too, keep their own share: they are neither profit nor loss before they are sold.
 */
export function realisedProfit(position: Position, instrument: Instrument): bigint {
  const cost = costOf(position, instrument);
  const revenue = revenueOf(position, instrument);
  const net = netBought(position, instrument);
  if (net <= 0n) return revenue - cost;
  const sold = net - heldBase(position, instrument);
  return revenue + divFloor(-cost * sold, net);
}

/** `part / whole × 100` as text with `decimals` decimals, rounded towards −∞; '0' when `whole` is 0. */
export function formatPercent(part: bigint, whole: bigint, decimals: number): string {
  if (whole <= 0n) return '0';
  return trimDecimal(formatDecimal(divFloor(part * 100n * power10(decimals), whole), decimals));
}

/** `ticks × lots` as an amount at `moneyScale` decimals. */
export function notionalMoney(instrument: Instrument, notional: bigint): bigint {
  return (
    notional *
    BigInt(instrument.tickUnits) *
    BigInt(instrument.lotUnits) *
    power10(moneyScale(instrument) - notionalScale(instrument))
  );
}

/** `lots` as an amount at `baseScale` decimals. */
export function lotsBase(instrument: Instrument, lots: number): bigint {
  return (
    BigInt(lots) *
    BigInt(instrument.lotUnits) *
    power10(baseScale(instrument) - instrument.quantityScale)
  );
}

/** A quote amount at `ASSET_SCALE` decimals, at `moneyScale` decimals. */
export function assetMoney(instrument: Instrument, amount: bigint): bigint {
  return amount * power10(moneyScale(instrument) - ASSET_SCALE);
}

/** A base amount at `ASSET_SCALE` decimals, at `baseScale` decimals. */
export function assetBase(instrument: Instrument, amount: bigint): bigint {
  return amount * power10(baseScale(instrument) - ASSET_SCALE);
}

const POWERS: readonly bigint[] = Array.from({ length: 65 }, (_, index) => 10n ** BigInt(index));

/** 10^exponent for a whole exponent ≥ 0. */
export function power10(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}
