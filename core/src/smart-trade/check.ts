// SPDX-License-Identifier: Apache-2.0
// Whether a plan can trade on an instrument at a price: every order it would place keeps the venue's limits, and its
// prices make sense where the market stands.

import {
  mostLots,
  orderFault,
  slippedBuy,
  slippedSell,
  SPLIT_MAX,
  type OrderFault,
} from '../bot/order-rules.ts';
import { formatPrice, formatQuantity, parsePrice, type Instrument } from '../instrument.ts';
import { exitSide } from '../order.ts';
import { entryAverage, formatAverage } from '../position.ts';
import type { FieldError } from '../settings/field.ts';
import { priceTicks, type PriceTicks } from '../units.ts';
import { isAtLoss, isAtProfit, openLots, type TradeDeal } from './deal.ts';
import { ceilTicks, floorTicks, ratioOf, shareOf, toTicks } from './exact.ts';
import type { PriceTerm, TradePlan } from './plan.ts';
import { planTrade, type PlannedTrade, type TradePreviewInput } from './preview.ts';
import { heldPosition } from './held.ts';
import { stopOrderLimit } from './pair.ts';
import { planOf, type SmartTradeSettings } from './settings.ts';
import { planTerms } from './terms.ts';

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol); where the market has no price yet only
 * what needs none is checked.
 */
export function checkSmartTradeSettings(
  settings: SmartTradeSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  const [symbol = ''] = settings.symbols;
  const instrument = instruments.find((candidate) => candidate.symbol === symbol);
  const price = prices[symbol];
  if (instrument === undefined || price === undefined || !(price >= instrument.minTicks)) {
    const expected = 'a symbol the venue trades, with a price';
    return [{ field: 'symbols', expected, found: symbol }];
  }
  if (price < 1) return [];
  const { held, type } = settings;
  return planErrors({
    plan: planOf(settings),
    instrument,
    quote: flatQuote(price),
    feeRatePpm,
    ...(held === undefined ? {} : { position: heldPosition(held, type, instrument) }),
  });
}

/** What keeps the plan of `input` from being traded; paths are those of the plan. */
export function planErrors(input: TradePreviewInput): FieldError[] {
  const errors = tickErrors(input.plan, input.instrument);
  if (errors.length > 0) return errors;
  const planned = planTrade(input);
  const unknownSize = input.plan.size?.kind === 'balance' && input.funds === undefined;
  if (!unknownSize) errors.push(...entryErrors(input, planned));
  if (errors.length > 0 || input.plan.endsWithEntry) return errors;
  return unknownSize ? [] : [...targetErrors(input, planned), ...stopErrors(input, planned)];
}

/** Prices that are no whole number of ticks, each with the nearest that is. */
function tickErrors(plan: TradePlan, instrument: Instrument): FieldError[] {
  const errors: FieldError[] = [];
  const check = (term: PriceTerm | undefined, field: string): void => {
    if (term?.kind !== 'price' || parsePrice(instrument, term.price).ok) return;
    const ticks = toTicks(instrument, ratioOf(term.price));
    const [below, above] = [floorTicks(ticks), ceilTicks(ticks)];
    const size = formatPrice(instrument, 1);
    errors.push({
      field: `${field}.price`,
      expected: `a multiple of the tick size ${size}, such as ${formatPrice(instrument, below)} or ${formatPrice(instrument, above)}`,
      found: term.price,
    });
  };
  for (const [index, entry] of plan.entries.entries()) {
    check(entry.price, `entries[${index}].price`);
    check(entry.trigger?.price, `entries[${index}].trigger.price`);
  }
  for (const [index, step] of plan.takeProfit.entries()) {
    check(step.price, `takeProfit[${index}].price`);
  }
  check(plan.stopLoss?.price, 'stopLoss.price');
  check(plan.stopLoss?.limit, 'stopLoss.limit');
  return errors;
}

function entryErrors(input: TradePreviewInput, { entries, deal }: PlannedTrade): FieldError[] {
  const { instrument } = input;
  const errors: FieldError[] = [];
  for (const { number, ticks, limitTicks, lots } of entries) {
    const fault = orderFault(instrument, ticks, lots) ?? orderFault(instrument, limitTicks, lots);
    if (fault === null) continue;
    errors.push({
      field: fieldOf(
        fault,
        `entries[${number - 1}].price`,
        entries.length > 1 ? `entries[${number - 1}].share` : 'size',
      ),
      expected: `${instrument.symbol}: ${fault.expected}`,
      found: `${fault.found} (${formatQuantity(instrument, lots)} at ${formatPrice(instrument, ticks)})`,
    });
  }
  const most = SPLIT_MAX * mostLots(instrument, input.quote.last, Number.MAX_SAFE_INTEGER);
  if (deal.isGiven && openLots(deal) > most) {
    errors.push({
      field: 'held.quantity',
      expected: `${instrument.symbol}: at most ${formatQuantity(instrument, most)}, what ${SPLIT_MAX} orders close`,
      found: formatQuantity(instrument, openLots(deal)),
    });
  }
  if (errors.length === 0 && openLots(deal) === 0 && !deal.plan.endsWithEntry) {
    errors.push({
      field: deal.isGiven ? 'held.quantity' : 'size',
      expected: `${instrument.symbol}: at least one lot of ${formatQuantity(instrument, 1)} after the fee`,
      found: 'none',
    });
  }
  return errors;
}

function fieldOf(fault: OrderFault, price: string, quantity: string): string {
  return fault.rule === 'minPrice' || fault.rule === 'maxPrice' ? price : quantity;
}

function targetErrors(input: TradePreviewInput, { deal }: PlannedTrade): FieldError[] {
  const { instrument, plan } = input;
  const errors: FieldError[] = [];
  const weights = planTerms(plan).takeProfit.map(({ weight }) => weight);
  const total = weights.reduce((sum, weight) => sum + weight, 0n);
  const all = openLots(deal);
  let rest = all;
  for (const [index, exit] of deal.exits.entries()) {
    const lots = index === weights.length - 1 ? rest : shareOf(all, weights[index] ?? 0n, total);
    rest -= lots;
    const fault = orderFault(instrument, exit.ticks, lots);
    // What is too much for one order is sold by several.
    if (fault !== null && fault.rule !== 'maxQuantity' && fault.rule !== 'maxNotional') {
      errors.push({
        field: fieldOf(fault, `takeProfit[${index}].price`, `takeProfit[${index}].share`),
        expected: `${instrument.symbol}: ${fault.expected}`,
        found: `${fault.found} (${formatQuantity(instrument, lots)} at ${formatPrice(instrument, exit.ticks)})`,
      });
    }
    const level = entryLevel(deal);
    if (
      plan.takeProfit[index]?.price.kind === 'price' &&
      level !== null &&
      isAtLoss(plan.direction, exit.ticks, level)
    ) {
      errors.push({
        field: `takeProfit[${index}].price`,
        expected: `a price ${plan.direction === 'long' ? 'above' : 'below'} the average of the entries (${shownAverage(deal)})`,
        found: formatPrice(instrument, exit.ticks),
      });
    }
  }
  return errors;
}

function stopErrors(
  input: TradePreviewInput,
  { deal, entries, stopTicks }: PlannedTrade,
): FieldError[] {
  const { instrument, plan, quote } = input;
  if (plan.stopLoss === undefined || stopTicks === 0) return [];
  const isLong = plan.direction === 'long';
  const side = exitSide(plan.direction);
  const { maxSlippage } = planTerms(plan);
  const worst =
    side === 'sell'
      ? slippedSell(instrument, stopTicks, maxSlippage)
      : slippedBuy(instrument, stopTicks, maxSlippage);
  const fault =
    orderFault(instrument, stopTicks, Math.min(openLots(deal), instrument.maxLots)) ??
    (plan.stopLoss.order === 'market'
      ? orderFault(instrument, worst, Math.min(openLots(deal), instrument.maxLots))
      : null);
  if (fault !== null && fault.rule !== 'maxNotional') {
    const found = `${fault.found} (${formatQuantity(instrument, openLots(deal))} at ${formatPrice(instrument, stopTicks)})`;
    return [
      { field: 'stopLoss.price', expected: `${instrument.symbol}: ${fault.expected}`, found },
    ];
  }
  if (plan.stopLoss.placement === 'exchange') {
    const obstacle = pairObstacle(deal, stopTicks);
    if (obstacle !== null) {
      return [
        {
          field: 'stopLoss.placement',
          expected: `${instrument.symbol}: desk, for ${obstacle}`,
          found: 'exchange',
        },
      ];
    }
  }
  const farthest = entries.reduce<number | null>(
    (far, { ticks }) => (far === null || (isLong ? ticks < far : ticks > far) ? ticks : far),
    null,
  );
  // The stop must not act before the last entry can fill, nor at once where the position is there already.
  const level = farthest ?? (isLong ? quote.bid : quote.ask);
  if (!isAtProfit(plan.direction, stopTicks, level)) return [];
  const what = farthest === null ? 'the market' : 'every entry';
  return [
    {
      field: 'stopLoss.price',
      expected: `a price ${isLong ? 'below' : 'above'} ${what} (${formatPrice(instrument, level)})`,
      found: formatPrice(instrument, stopTicks),
    },
  ];
}

/** Why the instrument does not let the stop stand at the exchange beside the take profit, or null. */
function pairObstacle(deal: TradeDeal, stopTicks: number): string | null {
  const { instrument } = deal;
  if (instrument.takesPairs !== true) {
    return 'the exchange takes no two orders of which one ends the other';
  }
  const lots = openLots(deal);
  const limitTicks = stopOrderLimit({ ...deal, stop: { ...deal.stop, ticks: stopTicks } });
  for (const ticks of [deal.exits[0]?.ticks ?? stopTicks, limitTicks]) {
    const fault = orderFault(instrument, ticks, lots);
    if (fault !== null) return `one order would need ${fault.expected}, and has ${fault.found}`;
  }
  return null;
}

/** The entries' average; null where the position was there before, for whoever holds coins may sell at a loss. */
function entryLevel(deal: TradeDeal): number | null {
  if (deal.isGiven) return null;
  const average = entryAverage(deal.position, deal.instrument, deal.plan.direction);
  if (average === null) return null;
  return deal.plan.direction === 'long' ? floorTicks(average) : ceilTicks(average);
}

function shownAverage(deal: TradeDeal): string {
  const average = entryAverage(deal.position, deal.instrument, deal.plan.direction);
  return average === null ? '' : formatAverage(deal.instrument, average);
}

/** A market without a spread, for checks against one price. */
export function flatQuote(price: PriceTicks): TradePreviewInput['quote'] {
  return { bid: priceTicks(price), ask: priceTicks(price), last: priceTicks(price) };
}
