// SPDX-License-Identifier: Apache-2.0
// The arithmetic of a DCA deal: where safety orders, take profit and stop loss stand.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import {
  ASSET_SCALE,
  formatNotional,
  formatPrice,
  formatQuantity,
  type Instrument,
} from '../instrument.ts';
import {
  addFill,
  averageTicks,
  costOf,
  emptyPosition,
  formatAverage,
  formatMoney,
  power10,
  type Position,
  type Ratio,
} from '../position.ts';
import { divCeil, divFloor, PPM, priceTicks, quantityLots, type PriceTicks } from '../units.ts';
import { lotsForVolume } from '../bot/order-rules.ts';
import { formatRatioPercent, termsOf, type DcaSettings } from './terms.ts';

/** Price of a safety order: ⌊base average × (1 − deviation/100)⌋ in ticks; 0 when the ladder leaves the market. */
export function rungPrice(baseAverage: Ratio, deviation: Ratio): number {
  const hundred = 100n * deviation.denominator;
  const ticks = divFloor(
    baseAverage.numerator * (hundred - deviation.numerator),
    baseAverage.denominator * hundred,
  );
  return ticks < 0n ? 0 : Number(ticks);
}

/** Take profit of type total: ⌈average × (1 + takeProfit/100) / (1 − fee)⌉ in ticks. */
export function takeProfitTicks(average: Ratio, takeProfit: Ratio, feeRatePpm: number): number {
  const hundred = 100n * takeProfit.denominator;
  return Number(
    divCeil(
      average.numerator * (hundred + takeProfit.numerator) * BigInt(PPM),
      average.denominator * hundred * BigInt(PPM - feeRatePpm),
    ),
  );
}

/** Stop loss: base average × (1 − stopLoss/100), exact. It triggers when the last price is at or below it. */
export function stopLossPrice(baseAverage: Ratio, stopLoss: Ratio): Ratio {
  const hundred = 100n * stopLoss.denominator;
  return {
    numerator: baseAverage.numerator * (hundred - stopLoss.numerator),
    denominator: baseAverage.denominator * hundred,
  };
}

/** The price at which selling everything returns the cost: average / (1 − fee), exact. */
export function breakEvenPrice(average: Ratio, feeRatePpm: number): Ratio {
  return {
    numerator: average.numerator * BigInt(PPM),
    denominator: average.denominator * BigInt(PPM - feeRatePpm),
  };
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

/** The position after buying each of `orders` at its own price. */
export function boughtAt(
  instrument: Instrument,
  orders: readonly { readonly priceTicks: number; readonly lots: number }[],
  feeRatePpm: number,
): Position {
  const position = emptyPosition();
  for (const order of orders) addBuy(position, instrument, order, feeRatePpm);
  return position;
}

export interface LadderPreview {
  readonly symbol: string;
  readonly baseOrder: PreviewRow;
  readonly safetyOrders: readonly PreviewRow[];
  /** What all orders together cost, before fees taken in the base asset. */
  readonly totalFunds: string;
  /** Deviation of the last safety order in percent: how deep a fall the ladder covers. */
  readonly coverage: string;
  /** Absent without a stop loss. */
  readonly stopLoss?: string;
}

/** One order of a previewed deal, with the deal's state once this and every order above it is filled. */
export interface PreviewRow {
  /** 0 for the base order. */
  readonly number: number;
  /** In percent below the base order's average price. */
  readonly deviation: string;
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  readonly totalQuantity: string;
  readonly totalVolume: string;
  readonly average: string;
  readonly takeProfit: string;
  /** How far the price must rise from this order to take profit, in percent. */
  readonly riseToTakeProfit: string;
}

/**
 * The deal that `settings` would open with a base order filled at `price`, every order filled at its own
 * price and fees taken in the base asset. Orders beyond the instrument's limits are shown as they come out; the
 * list ends where a price leaves the market or a quantity leaves 2^53 lots.
 */
export function previewLadder(
  settings: DcaSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
): LadderPreview {
  const terms = termsOf(settings);
  const position = emptyPosition();
  const zero: Ratio = { numerator: 0n, denominator: 1n };
  const row = (number: number, deviation: Ratio, ticks: number, volume: Ratio): PreviewRow => {
    const lots = lotsForVolume(instrument, volume, ticks);
    addBuy(position, instrument, { priceTicks: ticks, lots }, feeRatePpm);
    const average = averageTicks(position, instrument) ?? zero;
    const takeProfit = takeProfitTicks(average, terms.takeProfit, feeRatePpm);
    return {
      number,
      deviation: formatRatioPercent(deviation),
      price: formatPrice(instrument, ticks),
      quantity: formatQuantity(instrument, lots),
      volume: formatNotional(instrument, ticks, lots),
      totalQuantity: formatQuantity(instrument, position.boughtLots),
      totalVolume: formatMoney(instrument, costOf(position, instrument)),
      average: formatAverage(instrument, average),
      takeProfit: formatPrice(instrument, takeProfit),
      riseToTakeProfit: formatRise(ticks, takeProfit),
    };
  };
  const baseOrder = row(0, zero, price, terms.baseVolume);
  const baseAverage = averageTicks(position, instrument) ?? zero;
  const safetyOrders: PreviewRow[] = [];
  for (const [index, rung] of terms.rungs.entries()) {
    const ticks = rungPrice(baseAverage, rung.deviation);
    if (ticks < 1 || !Number.isSafeInteger(lotsForVolume(instrument, rung.volume, ticks))) break;
    safetyOrders.push(row(index + 1, rung.deviation, ticks, rung.volume));
  }
  return {
    symbol: instrument.symbol,
    baseOrder,
    safetyOrders,
    totalFunds: formatMoney(instrument, costOf(position, instrument)),
    coverage: safetyOrders.at(-1)?.deviation ?? '0',
    ...(terms.stopLoss === null
      ? {}
      : { stopLoss: formatAverage(instrument, stopLossPrice(baseAverage, terms.stopLoss)) }),
  };
}

function addBuy(
  position: Position,
  instrument: Instrument,
  order: { readonly priceTicks: number; readonly lots: number },
  feeRatePpm: number,
): void {
  addFill(position, instrument, 'buy', {
    priceTicks: priceTicks(order.priceTicks),
    quantity: quantityLots(order.lots),
    ...commissionOf(instrument, 'buy', order, feeRatePpm),
  });
}

const RISE_DECIMALS = 2;

function formatRise(fromTicks: number, toTicks: number): string {
  const rise = BigInt(toTicks - fromTicks) * 100n * power10(RISE_DECIMALS);
  return trimDecimal(formatDecimal(divCeil(rise, BigInt(fromTicks)), RISE_DECIMALS));
}
