// SPDX-License-Identifier: Apache-2.0
// What a deal would look like before it is started: every order, and where the deal stands once it is filled.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import type { Direction } from '../order.ts';
import {
  breakEvenPrice,
  enteredMoney,
  entryAverage,
  formatAverage,
  formatMoney,
  notionalMoney,
  power10,
  type Ratio,
} from '../position.ts';
import { divCeil, type PriceTicks } from '../units.ts';
import { rungLots, rungTicks, type DcaDeal } from './deal.ts';
import { wantedBaseOrder } from './entry-orders.ts';
import { NO_FUNDS } from './ladder.ts';
import { fillEntry, paperDeal } from './paper-deal.ts';
import { setStopPrice } from './stop-loss.ts';
import { exitPlan, nextTakeProfitTicks } from './take-profit.ts';
import { formatRatioPercent, termsOf, type DcaDealSettings } from './terms.ts';

export interface LadderPreview {
  readonly symbol: string;
  readonly direction: Direction;
  readonly baseOrder: PreviewRow;
  readonly safetyOrders: readonly PreviewRow[];
  /** What all orders together move at their prices, in the quote asset: a long pays it, a short gets it. */
  readonly totalFunds: string;
  /** What must be free before the deal starts: money for a long, an immediate base order at its limit; coins for a short. */
  readonly requiredQuote: string;
  readonly requiredBase: string;
  /** Deviation of the last safety order in percent: how far a move against the deal the ladder covers. */
  readonly coverage: string;
  /** Behind the best price, in percent, where the last take profit trails; absent where it rests. */
  readonly trailingDeviation?: string;
  /** After the base order; absent without a stop loss. */
  readonly stopLoss?: string;
}

/** One order of a previewed deal, with the deal's state once this and every order before it is filled. */
export interface PreviewRow {
  /** 0 for the base order. */
  readonly number: number;
  /** In percent of the base order's average price: below it for a long, above it for a short. */
  readonly deviation: string;
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  readonly totalQuantity: string;
  readonly totalVolume: string;
  readonly average: string;
  readonly breakEven: string;
  /** The nearest one; empty text without any. */
  readonly takeProfit: string;
  /** Every take profit the venue would take, nearest first. */
  readonly takeProfits: readonly PreviewExit[];
  /** How far the price must move from this order to the nearest take profit, in percent; empty text without one. */
  readonly moveToTakeProfit: string;
  /** Where the stop stands before it follows the price; empty text without one. */
  readonly stopLoss: string;
}

export interface PreviewExit {
  /** From 1; 0 where there is only one. */
  readonly step: number;
  readonly price: string;
  readonly quantity: string;
  readonly isTrailing: boolean;
}

/**
 * The deal that `settings` would open with a base order filled at `price`, every order filled at its own price with
 * the venue's usual commission. `free` is what volumes in percent count from. Orders beyond the instrument's limits are
 * shown as they come out; the list ends where a price leaves the market or a quantity leaves 2^53 lots.
 */
export function previewLadder(
  settings: DcaDealSettings,
  instrument: Instrument,
  price: PriceTicks,
  feeRatePpm: number,
  free: FreeFunds = NO_FUNDS,
): LadderPreview {
  const deal = paperDeal(settings, instrument, feeRatePpm, free);
  const quote = { bid: price, ask: price, last: price };
  const base = wantedBaseOrder(settings, instrument, quote, free);
  const zero: Ratio = { numerator: 0n, denominator: 1n };
  let lots = base.lots;
  let locked = BigInt(base.priceTicks) * BigInt(base.lots);
  fillEntry(deal, { priceTicks: price, lots });
  const baseOrder = rowOf(deal, { number: 0, deviation: zero, ticks: price, lots, total: lots });
  const safetyOrders: PreviewRow[] = [];
  for (const [index, rung] of termsOf(settings).rungs.entries()) {
    const ticks = rungTicks(deal, rung);
    const rungSize = rungLots(deal, rung, ticks);
    if (ticks < 1 || !Number.isSafeInteger(rungSize) || !Number.isSafeInteger(lots + rungSize)) {
      break;
    }
    lots += rungSize;
    locked += BigInt(ticks) * BigInt(rungSize);
    fillEntry(deal, { priceTicks: ticks, lots: rungSize });
    const { deviation } = rung;
    safetyOrders.push(
      rowOf(deal, { number: index + 1, deviation, ticks, lots: rungSize, total: lots }),
    );
  }
  const isLong = settings.direction === 'long';
  const { trailingDeviation } = settings;
  return {
    symbol: instrument.symbol,
    direction: settings.direction,
    baseOrder,
    safetyOrders,
    totalFunds: (safetyOrders.at(-1) ?? baseOrder).totalVolume,
    requiredQuote: isLong ? formatMoney(instrument, notionalMoney(instrument, locked)) : '0',
    requiredBase: isLong ? '0' : formatQuantity(instrument, lots),
    coverage: safetyOrders.at(-1)?.deviation ?? '0',
    ...(trailingDeviation === undefined ? {} : { trailingDeviation }),
    ...(baseOrder.stopLoss === '' ? {} : { stopLoss: baseOrder.stopLoss }),
  };
}

function rowOf(
  deal: DcaDeal,
  row: {
    readonly number: number;
    readonly deviation: Ratio;
    readonly ticks: number;
    readonly lots: number;
    readonly total: number;
  },
): PreviewRow {
  const { instrument, position, settings, feeRatePpm } = deal;
  const { direction } = settings;
  const average = entryAverage(position, instrument, direction) ?? {
    numerator: 0n,
    denominator: 1n,
  };
  const takeProfit = nextTakeProfitTicks(deal);
  const stop = setStopPrice(deal);
  const { orders, trailing } = exitPlan(deal);
  return {
    number: row.number,
    deviation: formatRatioPercent(row.deviation),
    price: formatPrice(instrument, row.ticks),
    quantity: formatQuantity(instrument, row.lots),
    volume: formatNotional(instrument, row.ticks, row.lots),
    totalQuantity: formatQuantity(instrument, row.total),
    totalVolume: formatMoney(instrument, enteredMoney(position, instrument, direction)),
    average: formatAverage(instrument, average),
    breakEven: formatAverage(instrument, breakEvenPrice(average, direction, feeRatePpm)),
    takeProfit: takeProfit === null ? '' : formatPrice(instrument, takeProfit),
    takeProfits: [...orders, ...(trailing === null ? [] : [trailing])].map((exit) => ({
      step: exit.step,
      price: formatPrice(instrument, exit.priceTicks),
      quantity: formatQuantity(instrument, exit.lots),
      isTrailing: exit === trailing,
    })),
    moveToTakeProfit: takeProfit === null ? '' : formatMove(row.ticks, takeProfit),
    stopLoss: stop === null ? '' : formatAverage(instrument, stop),
  };
}

const MOVE_DECIMALS = 2;

/** The way from one price to another in percent of the first, without its direction, rounded up. */
function formatMove(fromTicks: number, toTicks: number): string {
  const move = BigInt(Math.abs(toTicks - fromTicks)) * 100n * power10(MOVE_DECIMALS);
  return trimDecimal(formatDecimal(divCeil(move, BigInt(fromTicks)), MOVE_DECIMALS));
}
