// SPDX-License-Identifier: Apache-2.0
// From a signal to a position: its plan, whether the market and the bot's limits allow it, and the trade itself.

import { orderFault } from '../bot/order-rules.ts';
import type { Turn } from '../bot/turn.ts';
import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatPrice, type Instrument } from '../instrument.ts';
import type { Signal } from '../machine.ts';
import { entrySide, type Direction } from '../order.ts';
import { power10 } from '../position.ts';
import { exposureOf, stakeOf } from '../risk/exposure.ts';
import { enlargeTrade } from '../smart-trade/commands.ts';
import { isPending, orderOf, type Market, type TradeDeal } from '../smart-trade/deal.ts';
import { budgetLots, entryLimit, sizesOf } from '../smart-trade/entries.ts';
import { ratioOf, toTicks } from '../smart-trade/exact.ts';
import { advanceTrade, beginTrade } from '../smart-trade/flow.ts';
import type { EntryTerm, SizeTerm, TradePlan } from '../smart-trade/plan.ts';
import { assert } from '../units.ts';
import { signalPlan, type SignalSettings } from './settings.ts';
import { instrumentOf, type SignalBotState } from './state.ts';

/** Opens a position; answers why not. */
export function openPosition(
  state: SignalBotState,
  turn: Turn,
  symbol: string,
  direction: Direction,
  signal: Signal,
  market: Market,
): string | null {
  const instrument = instrumentOf(state, symbol);
  const plan = planFor(state.settings, direction, signal);
  const fault = marketFault(state, instrument, plan, signal, market);
  if (fault !== null) return fault;
  const deal = beginTrade(turn, {
    kind: 'signal',
    dealId: state.nextDealId,
    instrument,
    plan,
    feeRatePpm: state.feeRatePpm,
    market,
  });
  state.nextDealId += 1;
  state.deals.push(deal);
  advanceTrade(turn, deal, market);
  return null;
}

/** Enlarges the position; answers why not. */
export function enlargePosition(
  state: SignalBotState,
  turn: Turn,
  deal: TradeDeal,
  signal: Signal,
  market: Market,
): string | null {
  const { instrument } = deal;
  const plan = planFor(state.settings, deal.plan.direction, signal);
  const fault = marketFault(state, instrument, plan, signal, market);
  if (fault !== null) return fault;
  const [term] = plan.entries;
  const side = entrySide(plan.direction);
  assert(term !== undefined && plan.size !== undefined, 'Invariant: an added entry has a size');
  const [size] = sizesOf(plan.entries, plan.size, instrument, market.funds, side);
  assert(size !== undefined, 'Invariant: an added entry has a size');
  const limitTicks = entryLimit(term, instrument, market.quote, side);
  return enlargeTrade(turn, deal, { size, limitTicks, waitSeconds: term.waitSeconds ?? 0 }, market);
}

/** The plan of the position that `signal` opens. */
function planFor(settings: SignalSettings, direction: Direction, signal: Signal): TradePlan {
  const plan = signalPlan(settings, direction);
  const { entry, size, exits } = signal;
  const [own] = plan.entries;
  assert(own !== undefined, 'Invariant: a plan of a signal bot has an entry');
  const entries: readonly EntryTerm[] = [entryTerm(settings, own, entry)];
  const given = settings.useSignalSize && size !== undefined && size.kind !== 'position';
  const base: TradePlan = { ...plan, entries, ...(given ? { size } : {}) };
  if (exits === undefined || !settings.useSignalExits) return base;
  const { stopLoss: _, ...rest } = base;
  return {
    ...rest,
    takeProfit: exits.takeProfit,
    ...(exits.stopLoss === undefined ? {} : { stopLoss: exits.stopLoss }),
  };
}

function entryTerm(settings: SignalSettings, own: EntryTerm, entry: Signal['entry']): EntryTerm {
  if (entry === undefined) return own;
  if (entry.kind === 'market') return { order: 'market', share: '100' };
  return {
    order: 'limit',
    price: entry.price,
    share: '100',
    waitSeconds: settings.entryWaitSeconds,
  };
}

/** Why an entry is not to be sent at this market, or null: its price, its size, what all positions are worth. */
function marketFault(
  state: SignalBotState,
  instrument: Instrument,
  plan: TradePlan,
  signal: Signal,
  market: Market,
): string | null {
  const { settings } = state;
  const side = entrySide(plan.direction);
  const ticks = side === 'buy' ? market.quote.ask : market.quote.bid;
  const far = deviationFault(instrument, ticks, signal, settings);
  if (far !== null) return far;
  const [term] = plan.entries;
  const { size } = plan;
  assert(term !== undefined && size !== undefined, 'Invariant: an entry of a signal has a size');
  if (size.kind === 'balance' && market.funds === undefined) return 'the free balance is not known';
  const expected =
    term.order === 'limit' ? entryLimit(term, instrument, market.quote, side) : ticks;
  const lots = lotsOfSize(instrument, plan.entries, size, market, side, expected);
  const fault = orderFault(instrument, expected, lots);
  if (fault !== null) return `its size: expected ${fault.expected}, found ${fault.found}`;
  return investmentFault(state, instrument, expected, lots);
}

function lotsOfSize(
  instrument: Instrument,
  entries: readonly EntryTerm[],
  size: SizeTerm,
  market: Market,
  side: 'buy' | 'sell',
  ticks: number,
): number {
  const [each] = sizesOf(entries, size, instrument, market.funds, side);
  assert(each !== undefined, 'Invariant: an entry has a size');
  if (each.kind === 'lots') return each.lots;
  return ticks < 1 ? 0 : budgetLots(instrument, each, ticks, ticks);
}

function deviationFault(
  instrument: Instrument,
  ticks: number,
  signal: Signal,
  settings: SignalSettings,
): string | null {
  const { maxPriceDeviation } = settings;
  if (maxPriceDeviation === undefined || signal.price === undefined) return null;
  const there = toTicks(instrument, ratioOf(signal.price));
  const most = ratioOf(maxPriceDeviation);
  // |market − price| ≤ price × most / 100
  const here = BigInt(ticks) * there.denominator;
  const distance = here > there.numerator ? here - there.numerator : there.numerator - here;
  if (distance * 100n * most.denominator <= there.numerator * most.numerator) return null;
  return `the market is at ${formatPrice(instrument, ticks)}, more than ${maxPriceDeviation} percent from the signal's ${signal.price}`;
}

/** What is at stake already, entries that wait included, and what this one adds. */
function investmentFault(
  state: SignalBotState,
  instrument: Instrument,
  ticks: number,
  lots: number,
): string | null {
  const { maxInvestment } = state.settings;
  if (maxInvestment === undefined) return null;
  const exposure = exposureOf(state.deals).assets.get(instrument.quoteAsset);
  let stake = (exposure?.open ?? 0n) + (exposure?.entries ?? 0n);
  for (const deal of state.deals) {
    if (deal.instrument.quoteAsset !== instrument.quoteAsset) continue;
    for (const entry of deal.entries) {
      if (!isPending(entry) || orderOf(deal, entry) !== undefined || entry.lots < 0) continue;
      const at = entry.limitTicks > 0 ? entry.limitTicks : deal.startQuote.last;
      stake += stakeOf(deal.instrument, at, Math.max(0, entry.lots - entry.filledLots));
    }
  }
  stake += stakeOf(instrument, ticks, lots);
  const most = ratioOf(maxInvestment);
  if (stake * most.denominator <= most.numerator * power10(ASSET_SCALE)) return null;
  return `all positions together would be worth ${trimDecimal(formatDecimal(stake, ASSET_SCALE))} ${instrument.quoteAsset}, at most ${maxInvestment} are allowed`;
}
