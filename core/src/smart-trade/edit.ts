// SPDX-License-Identifier: Apache-2.0
// New terms for a running trade: what has traded stands, everything else may change.

import { isSameValue } from '../settings/changed-fields.ts';
import type { Turn } from '../bot/turn.ts';
import {
  isPending,
  isLive,
  orderOf,
  entrySideOf,
  type EntryState,
  type ExitState,
  type TradeDeal,
} from './deal.ts';
import { beginEntry, dropEntry, sizesOf } from './entries.ts';
import { beginExits } from './exits.ts';
import { advanceTrade } from './flow.ts';
import type { EntryTerm, TakeProfitTerm, TradePlan } from './plan.ts';

/** Gives `deal` the terms of `plan`, or answers why not and changes nothing. */
export function editTrade(turn: Turn, deal: TradeDeal, plan: TradePlan): string | null {
  if (deal.phase.kind !== 'running') return 'the trade is being closed';
  if (plan.direction !== deal.plan.direction || plan.endsWithEntry !== deal.plan.endsWithEntry) {
    return 'expected the type of the running trade';
  }
  const refusal = entryRefusal(deal, plan) ?? exitRefusal(deal, plan.takeProfit);
  if (refusal !== null) return refusal;
  const fields = (['entries', 'size', 'takeProfit', 'stopLoss', 'maxSlippage'] as const).filter(
    (field) => !isSameValue(plan[field], deal.plan[field]),
  );
  if (fields.length === 0) return null;
  editEntries(turn, deal, plan);
  editExits(deal, plan.takeProfit);
  deal.plan = plan;
  deal.stop.breachedUntil = 0;
  delete deal.stop.alone;
  deal.refit = { kind: 'due' };
  turn.note(deal.dealId, 'dealEdited', { fields: fields.join(', ') });
  advanceTrade(turn, deal, null);
  return null;
}

/** What keeps the entries from being those of `plan`, or null. */
function entryRefusal(deal: TradeDeal, plan: TradePlan): string | null {
  const old = deal.plan.entries;
  const { entries } = plan;
  for (let index = 0; index < Math.max(old.length, entries.length); index += 1) {
    const entry = planned(deal, index + 1);
    if (entry === undefined || isSameValue(old[index], entries[index])) continue;
    const name = `entry ${index + 1}`;
    const hasTraded = entry.filledLots > 0 || (orderOf(deal, entry)?.filledLots ?? 0) > 0;
    if (!isPending(entry) && (hasTraded || index < old.length))
      return `${name} is done and must stay`;
    if (entries[index] === undefined && hasTraded) return `${name} has traded and must stay`;
    if (entry.whenCancelled === 'end' && isPending(entry)) return `${name} is being taken back`;
  }
  if (isSized(deal, plan)) return null;
  if (plan.size === undefined) return 'expected a size';
  return plan.size.kind === 'balance'
    ? 'expected a size in quote or coins: a share of the balance is fixed when the trade begins'
    : null;
}

/** Whether every entry keeps the size it has. */
function isSized(deal: TradeDeal, plan: TradePlan): boolean {
  const shares = (terms: readonly EntryTerm[]): readonly string[] =>
    terms.map(({ share }) => share);
  return (
    isSameValue(plan.size, deal.plan.size) &&
    isSameValue(shares(plan.entries), shares(deal.plan.entries))
  );
}

function editEntries(turn: Turn, deal: TradeDeal, plan: TradePlan): void {
  const { instrument, startQuote } = deal;
  const side = entrySideOf(deal);
  const keepsSizes = isSized(deal, plan);
  const sizes =
    plan.size === undefined || keepsSizes
      ? []
      : sizesOf(plan.entries, plan.size, instrument, undefined, side);
  for (const [index, term] of plan.entries.entries()) {
    const number = index + 1;
    const entry = planned(deal, number);
    const size = sizes[index] ?? entry?.size;
    if (size === undefined) continue;
    if (entry !== undefined && keepsSizes && isSameValue(term, deal.plan.entries[index])) continue;
    const begun = beginEntry(term, number, size, instrument, startQuote, side);
    if (entry === undefined || (!isPending(entry) && entry.filledLots === 0)) {
      deal.entries = [...deal.entries.filter((each) => each !== entry), begun];
    } else if (isPending(entry)) {
      change(turn, deal, entry, begun);
    }
  }
  for (const entry of deal.entries) {
    if (entry.purpose === 'entry' && entry.number > plan.entries.length) {
      dropEntry(turn, deal, entry);
    }
  }
}

/** Gives a pending entry the terms of one that just begins. */
function change(turn: Turn, deal: TradeDeal, entry: EntryState, begun: EntryState): void {
  entry.order = begun.order;
  entry.limitTicks = begun.limitTicks;
  entry.trigger = begun.trigger;
  entry.size = begun.size;
  entry.waitSeconds = begun.waitSeconds;
  entry.lots = -1;
  entry.tries = 0;
  entry.pauses = 0;
  const order = orderOf(deal, entry);
  if (order === undefined) {
    entry.phase = begun.phase;
  } else {
    entry.whenCancelled = begun.trigger === null ? 'again' : 'rearm';
    turn.cancel(deal, order);
  }
}

/** What keeps the take-profit steps from being `steps`, or null. */
function exitRefusal(deal: TradeDeal, steps: readonly TakeProfitTerm[]): string | null {
  for (const [index, old] of deal.plan.takeProfit.entries()) {
    const exit = target(deal, index + 1);
    if (exit === undefined || isSameValue(old, steps[index])) continue;
    if (!isLive(exit)) return `take-profit step ${index + 1} is done and must stay`;
    if (exit.phase.kind === 'closing') return `take-profit step ${index + 1} is being closed`;
  }
  return null;
}

function editExits(deal: TradeDeal, steps: readonly TakeProfitTerm[]): void {
  const begun = beginExits(steps);
  for (const fresh of begun) {
    const exit = target(deal, fresh.number);
    const term = steps[fresh.number - 1];
    if (exit === undefined) {
      insert(deal, fresh);
    } else if (!isSameValue(term, deal.plan.takeProfit[fresh.number - 1])) {
      exit.order = fresh.order;
      exit.phase = { kind: 'open' };
      exit.troubles = 0;
    }
  }
  for (const exit of deal.exits) {
    if (exit.purpose === 'takeProfit' && exit.number > steps.length)
      exit.phase = { kind: 'removed' };
  }
}

/** Steps stand before reductions. */
function insert(deal: TradeDeal, exit: ExitState): void {
  const at = deal.exits.findIndex(({ purpose }) => purpose !== 'takeProfit');
  deal.exits.splice(at === -1 ? deal.exits.length : at, 0, exit);
}

function planned(deal: TradeDeal, number: number): EntryState | undefined {
  return deal.entries.find((entry) => entry.purpose === 'entry' && entry.number === number);
}

function target(deal: TradeDeal, number: number): ExitState | undefined {
  return deal.exits.find((exit) => exit.purpose === 'takeProfit' && exit.number === number);
}
