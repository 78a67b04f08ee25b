// SPDX-License-Identifier: Apache-2.0
// A trade before it is opened: every step with price, quantity and result, were all entries filled.
//
// Quantities and prices come from the rules that the running trade goes by, so that what is shown is what is placed.

import { slippedTicks } from '../bot/immediate.ts';
import { commissionOf } from '../dca/ladder.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatNotional, formatPrice, formatQuantity, type Instrument } from '../instrument.ts';
import { entrySide, exitSide, type Quote, type Side } from '../order.ts';
import {
  addFill,
  breakEvenPrice,
  emptyPosition,
  enteredMoney,
  entryAverage,
  formatAverage,
  formatMoney,
  formatPercent,
  notionalMoney,
  power10,
  profitOf,
  type Position,
} from '../position.ts';
import { divFloor, priceTicks, quantityLots } from '../units.ts';
import { openLots, type EntryState, type TradeDeal } from './deal.ts';
import { beginEntries, measureEntry } from './entries.ts';
import { beginExits, refitExits } from './exits.ts';
import type { TradePlan } from './plan.ts';
import { beginStop, stopLevel } from './stop.ts';
import { planTerms } from './terms.ts';

export interface TradePreviewInput {
  readonly plan: TradePlan;
  readonly instrument: Instrument;
  readonly quote: Quote;
  readonly feeRatePpm: number;
  /** What is held already, for trades without an entry. */
  readonly position?: Position;
  /** What is free, at `ASSET_SCALE` decimals, where a size is a share of it. */
  readonly funds?: { readonly base: bigint; readonly quote: bigint };
}

/** All numbers are decimal text; prices are empty where there is none. */
export interface TradePreview {
  readonly symbol: string;
  readonly direction: 'long' | 'short';
  readonly entries: readonly EntryPreview[];
  /** Of all entries, fees included. */
  readonly average: string;
  readonly breakEven: string;
  readonly quantity: string;
  readonly takeProfit: readonly ExitPreview[];
  readonly stopLoss: ExitPreview | null;
  /** What the take-profit steps earn together. */
  readonly profit: string;
  readonly profitPercent: string;
  /** Profit for each unit that the stop would lose; empty without one of them. */
  readonly riskReward: string;
  /** What the entries set aside at the venue, immediate ones with their slippage. */
  readonly requiredQuote: string;
  readonly requiredBase: string;
}

export interface EntryPreview {
  readonly number: number;
  readonly order: 'market' | 'limit';
  /** What the entry waits for; empty where it does not. */
  readonly trigger: string;
  /** The limit, or the price an immediate order is expected to get. */
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  /** Once this and every entry above it is filled. */
  readonly average: string;
}

export interface ExitPreview {
  readonly number: number;
  readonly order: 'market' | 'limit';
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  /** After both fees, below zero for a loss; percent of what these coins moved when they entered. */
  readonly profit: string;
  readonly profitPercent: string;
}

/** An order as numbers, for whoever checks it against the venue's limits. */
export interface PlannedOrder {
  readonly number: number;
  readonly side: Side;
  /** The price it is expected to trade at. */
  readonly ticks: number;
  /** The worst price it may trade at. */
  readonly limitTicks: number;
  readonly lots: number;
}

/** A trade all of whose entries are filled, and the orders that lead there. */
export interface PlannedTrade {
  readonly deal: TradeDeal;
  readonly entries: readonly PlannedOrder[];
  readonly stopTicks: number;
}

const RATIO_DECIMALS = 2;

/** The trade of `input` once every entry is filled at the price expected of it. */
export function planTrade(input: TradePreviewInput): PlannedTrade {
  const { plan, instrument, quote, feeRatePpm, funds } = input;
  const entries = beginEntries(plan, instrument, {
    quote,
    ...(funds === undefined ? {} : { funds }),
  });
  const side = entrySide(plan.direction);
  const position = input.position === undefined ? emptyPosition() : { ...input.position };
  const orders: PlannedOrder[] = [];
  for (const entry of entries) {
    const ticks = expectedTicks(entry, quote, side);
    const limitTicks = worstTicks(input, entry, ticks, side);
    measureEntry(instrument, entry, limitTicks, ticks);
    orders.push({ number: entry.number, side, ticks, limitTicks, lots: entry.lots });
    if (ticks >= 1 && Number.isSafeInteger(entry.lots) && entry.lots > 0) {
      trade(position, instrument, side, { ticks, lots: entry.lots }, feeRatePpm);
    }
  }
  const deal: TradeDeal = {
    kind: 'smartTrade',
    dealId: 0,
    symbol: instrument.symbol,
    instrument,
    feeRatePpm,
    openedTime: 0,
    phase: { kind: 'running' },
    position,
    orders: [],
    orderCount: 0,
    plan,
    startQuote: quote,
    isGiven: input.position !== undefined,
    entries,
    exits: plan.endsWithEntry ? [] : beginExits(plan.takeProfit),
    stop: beginStop(),
    addedCount: 0,
    reducedCount: 0,
    refit: { kind: 'none' },
  };
  refitExits(deal);
  const average = entryAverage(position, instrument, plan.direction);
  return { deal, entries: orders, stopTicks: average === null ? 0 : stopLevel(deal, average) };
}

/** The trade of `input` as text. */
export function previewTrade(input: TradePreviewInput): TradePreview {
  const { plan, instrument, feeRatePpm } = input;
  const { direction } = plan;
  const { deal, entries, stopTicks } = planTrade(input);
  const average = entryAverage(deal.position, instrument, direction);
  const steps = deal.exits.filter(({ lots }) => lots > 0);
  const takeProfit = steps.map((exit) =>
    exitPreview(deal, exit.number, exit.order, exit.ticks, exit.lots),
  );
  const stop = plan.stopLoss;
  const stopLoss =
    stop === undefined || stopTicks === 0
      ? null
      : exitPreview(deal, 0, stop.order, stopTicks, openLots(deal));
  const profit = resultOf(deal, steps);
  const loss =
    stopLoss === null ? 0n : -resultOf(deal, [{ ticks: stopTicks, lots: openLots(deal) }]);
  const required = entries.reduce(
    (sum, { limitTicks, lots }) => sum + BigInt(limitTicks) * BigInt(safe(lots)),
    0n,
  );
  const moved = entries.reduce((sum, { lots }) => sum + safe(lots), 0);
  const isBuy = entrySide(direction) === 'buy';
  return {
    symbol: instrument.symbol,
    direction,
    entries: entryPreviews(input, deal.entries, entries),
    average: average === null ? '' : formatAverage(instrument, average),
    breakEven:
      average === null || plan.endsWithEntry
        ? ''
        : formatAverage(instrument, breakEvenPrice(average, direction, feeRatePpm)),
    quantity: formatQuantity(instrument, openLots(deal)),
    takeProfit,
    stopLoss,
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit, enteredMoney(deal.position, instrument, direction), 2),
    riskReward: loss > 0n && profit > 0n ? ratioText(profit, loss) : '',
    requiredQuote: isBuy ? formatMoney(instrument, notionalMoney(instrument, required)) : '0',
    requiredBase: isBuy ? '0' : formatQuantity(instrument, moved),
  };
}

function entryPreviews(
  input: TradePreviewInput,
  states: readonly EntryState[],
  orders: readonly PlannedOrder[],
): EntryPreview[] {
  const { instrument, plan, feeRatePpm } = input;
  const position = emptyPosition();
  return orders.map(({ number, side, ticks, lots }, index) => {
    if (ticks >= 1 && safe(lots) > 0)
      trade(position, instrument, side, { ticks, lots }, feeRatePpm);
    const average = entryAverage(position, instrument, plan.direction);
    const state = states[index];
    const trigger = state?.trigger ?? null;
    return {
      number,
      order: state?.order ?? 'market',
      trigger: trigger === null ? '' : formatPrice(instrument, trigger.ticks),
      price: formatPrice(instrument, ticks),
      quantity: formatQuantity(instrument, safe(lots)),
      volume: formatNotional(instrument, ticks, safe(lots)),
      average: average === null ? '' : formatAverage(instrument, average),
    };
  });
}

function exitPreview(
  deal: TradeDeal,
  number: number,
  order: 'market' | 'limit',
  ticks: number,
  lots: number,
): ExitPreview {
  const { instrument, plan } = deal;
  const profit = resultOf(deal, [{ ticks, lots }]);
  const entered = enteredMoney(deal.position, instrument, plan.direction);
  const all = openLots(deal);
  return {
    number,
    order,
    price: formatPrice(instrument, ticks),
    quantity: formatQuantity(instrument, lots),
    volume: formatNotional(instrument, ticks, lots),
    profit: formatMoney(instrument, profit),
    profitPercent: formatPercent(profit * BigInt(all), entered * BigInt(lots), 2),
  };
}

/** What closing in `parts` would earn, fees taken the way Binance takes them. */
function resultOf(
  deal: TradeDeal,
  parts: readonly { readonly ticks: number; readonly lots: number }[],
): bigint {
  const { instrument, plan, feeRatePpm } = deal;
  const { direction } = plan;
  const position = { ...deal.position };
  const before = profitOf(position, instrument, direction, 'quote');
  for (const part of parts) {
    if (part.lots < 1 || part.ticks < 1) continue;
    trade(position, instrument, exitSide(direction), part, feeRatePpm);
  }
  return profitOf(position, instrument, direction, 'quote') - before;
}

/** Where an entry is expected to trade: at its limit, at its trigger, or at the market. */
function expectedTicks(entry: EntryState, quote: Quote, side: Side): number {
  if (entry.order === 'limit') return entry.limitTicks;
  if (entry.trigger !== null) return entry.trigger.ticks;
  return side === 'buy' ? quote.ask : quote.bid;
}

function worstTicks(
  { plan, instrument }: TradePreviewInput,
  entry: EntryState,
  ticks: number,
  side: Side,
): number {
  if (entry.order === 'limit') return ticks;
  const at = priceTicks(ticks);
  const quote = { bid: at, ask: at, last: at };
  return slippedTicks(instrument, quote, side, planTerms(plan).maxSlippage);
}

function trade(
  position: Position,
  instrument: Instrument,
  side: Side,
  fill: { readonly ticks: number; readonly lots: number },
  feeRatePpm: number,
): void {
  addFill(position, instrument, side, {
    priceTicks: priceTicks(fill.ticks),
    quantity: quantityLots(fill.lots),
    ...commissionOf(instrument, side, { priceTicks: fill.ticks, lots: fill.lots }, feeRatePpm),
  });
}

/** A quantity beyond what a number can hold is shown as none; the check of the settings says so. */
function safe(lots: number): number {
  return Number.isSafeInteger(lots) && lots > 0 ? lots : 0;
}

function ratioText(part: bigint, whole: bigint): string {
  return trimDecimal(
    formatDecimal(divFloor(part * power10(RATIO_DECIMALS), whole), RATIO_DECIMALS),
  );
}
