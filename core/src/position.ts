// SPDX-License-Identifier: Apache-2.0
// What was bought and sold, commissions included, in whole numbers; averages are exact ratios.

import { formatDecimal, trimDecimal } from './decimal.ts';
import { ASSET_SCALE, notionalScale, type Instrument } from './instrument.ts';
import type { Direction, Fill, Side } from './order.ts';
import { divCeil, divFloor, divHalfEven, PPM } from './units.ts';

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
  return moneyPerCoin(instrument, costOf(position, instrument), netBought(position, instrument));
}

/** `money` at `moneyScale` per coin of `base` at `baseScale`, in ticks, exact; null without coins. */
export function moneyPerCoin(instrument: Instrument, money: bigint, base: bigint): Ratio | null {
  if (base <= 0n) return null;
  return {
    numerator: money * power10(baseScale(instrument) + instrument.priceScale),
    denominator: base * power10(moneyScale(instrument)) * BigInt(instrument.tickUnits),
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
  return profitOf(position, instrument, 'long', 'quote');
}

/** In which asset a deal is to end with more than it began with. */
export type ProfitCurrency = 'quote' | 'base';

/**
 * Coins that the entries moved, at `baseScale` decimals. Long: coins got by the buys, commission in base taken off.
 * Short: coins given by the sells, commission in base included.
 */
export function enteredBase(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): bigint {
  return direction === 'long' ? netBought(position, instrument) : givenBase(position, instrument);
}

/** Coins that the exits moved back, at `baseScale` decimals: short and long change places in `enteredBase`. */
export function exitedBase(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): bigint {
  return direction === 'long' ? givenBase(position, instrument) : netBought(position, instrument);
}

/** Money that the entries moved, at `moneyScale` decimals. Long: what the buys cost. Short: what the sells brought. */
export function enteredMoney(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): bigint {
  return direction === 'long' ? costOf(position, instrument) : revenueOf(position, instrument);
}

/** Money that the exits moved back, at `moneyScale` decimals. Long: what the sells brought. Short: what the buys cost. */
export function exitedMoney(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): bigint {
  return direction === 'long' ? revenueOf(position, instrument) : costOf(position, instrument);
}

/**
 * Coins that are still to be sold (long) or bought back (short), at `baseScale` decimals: entered − exited. Below
 * zero where a short bought back more than it sold.
 */
export function openBase(position: Position, instrument: Instrument, direction: Direction): bigint {
  return enteredBase(position, instrument, direction) - exitedBase(position, instrument, direction);
}

/**
 * The lots of the order that closes the position. Long: ⌊open / lot⌋, the rest is dust. Short: ⌈open / (1 − fee) /
 * lot⌉ with the fee of `closingFeePpm`, so that after a commission in base no coin is missing.
 */
export function closingLots(
  position: Position,
  instrument: Instrument,
  direction: Direction,
  feeRatePpm: number,
): number {
  const open = openBase(position, instrument, direction);
  if (open <= 0n) return 0;
  const lot = lotsBase(instrument, 1);
  if (direction === 'long') return Number(open / lot);
  const feePpm = closingFeePpm(position, feeRatePpm);
  return Number(divCeil(open * BigInt(PPM), lot * BigInt(PPM - feePpm)));
}

/**
 * The commission in coins to expect of the buys that close a short. None once a commission was paid in a third asset,
 * or once coins were bought without one in base: then it is taken elsewhere.
 */
export function closingFeePpm(position: Position, feeRatePpm: number): number {
  const paidElsewhere =
    Object.keys(position.otherCommissions).length > 0 ||
    (position.boughtLots > 0 && position.boughtCommissionBase === 0n);
  return paidElsewhere ? 0 : feeRatePpm;
}

/**
 * The average price of the entries after their commissions, in ticks: money / coins, exact. Long: what a coin cost.
 * Short: what a coin brought. Exits do not change it; null before the first coin.
 */
export function entryAverage(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): Ratio | null {
  return moneyPerCoin(
    instrument,
    enteredMoney(position, instrument, direction),
    enteredBase(position, instrument, direction),
  );
}

/** The average price of the exits after their commissions, in ticks; null before the first. */
export function exitAverage(
  position: Position,
  instrument: Instrument,
  direction: Direction,
): Ratio | null {
  return moneyPerCoin(
    instrument,
    exitedMoney(position, instrument, direction),
    exitedBase(position, instrument, direction),
  );
}

/**
 * The price at which closing returns what the entries moved, in ticks, exact. Long: average / (1 − fee), the sell's
 * commission in quote. Short: average × (1 − fee), the buy's commission in base; one in quote would allow
 * average / (1 + fee), which is higher by less than fee².
 */
export function breakEvenPrice(average: Ratio, direction: Direction, feeRatePpm: number): Ratio {
  const whole = BigInt(PPM);
  const rest = BigInt(PPM - feeRatePpm);
  return direction === 'long'
    ? { numerator: average.numerator * whole, denominator: average.denominator * rest }
    : { numerator: average.numerator * rest, denominator: average.denominator * whole };
}

/**
 * What the exits have earned so far, rounded down.
 *
 * In quote, at `moneyScale` decimals: the money of the exits against that of the coins they moved. Long: sold for −
 * cost × sold / bought. Short: proceeds × bought back / sold − paid.
 *
 * In base, at `baseScale` decimals: the coins of the exits against those of the money they moved. Long: bought ×
 * regained / cost − sold. Short: bought back − sold × spent / proceeds.
 *
 * What exits moved beyond the entries (coins too many, money too much) is kept but is no profit.
 */
export function profitOf(
  position: Position,
  instrument: Instrument,
  direction: Direction,
  currency: ProfitCurrency,
): bigint {
  const entered = {
    base: enteredBase(position, instrument, direction),
    quote: enteredMoney(position, instrument, direction),
  };
  const exited = {
    base: exitedBase(position, instrument, direction),
    quote: exitedMoney(position, instrument, direction),
  };
  const other = currency === 'quote' ? 'base' : 'quote';
  const moved = exited[other] < entered[other] ? exited[other] : entered[other];
  // Long in quote and short in base gain what exits bring; the other two gain what exits need not give.
  const gainsByExits = (direction === 'long') === (currency === 'quote');
  if (entered[other] <= 0n) {
    const gained = exited[currency] - entered[currency];
    return gainsByExits ? gained : -gained;
  }
  const share = entered[currency] * moved;
  return gainsByExits
    ? exited[currency] - divCeil(share, entered[other])
    : divFloor(share, entered[other]) - exited[currency];
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

/** Coins given by the sells, commission in base included, at `baseScale` decimals. */
function givenBase(position: Position, instrument: Instrument): bigint {
  return (
    lotsBase(instrument, position.soldLots) + assetBase(instrument, position.soldCommissionBase)
  );
}

const POWERS: readonly bigint[] = Array.from({ length: 65 }, (_, index) => 10n ** BigInt(index));

/** 10^exponent for a whole exponent ≥ 0. */
export function power10(exponent: number): bigint {
  return POWERS[exponent] ?? 10n ** BigInt(exponent);
}
