// SPDX-License-Identifier: Apache-2.0
// Parts of a position that a person or a signal closes. An amount of money is turned into coins at a fresh quote.

import { orderFault } from '../bot/order-rules.ts';
import type { Turn } from '../bot/turn.ts';
import { lotsForAmount } from '../dca/ladder.ts';
import { formatQuantity, type Instrument } from '../instrument.ts';
import type { Quote } from '../order.ts';
import {
  exitSideOf,
  hasEntered,
  isLive,
  openLots,
  orderOf,
  priceFrom,
  type TradeDeal,
} from './deal.ts';
import { ratioOf } from './exact.ts';
import { reduction } from './exits.ts';

/** Reductions that wait at once, those that are still to be counted in coins included. */
export const REDUCTIONS_MAX = 8;

/** Puts a reduction of `lots` among the exits, at once or at a limit; answers why not. */
export function addReduction(deal: TradeDeal, lots: number, limitTicks: number): string | null {
  const fault = waitingFault(deal) ?? lotsFault(deal, lots, limitTicks);
  if (fault !== null) return fault;
  deal.reducedCount += 1;
  deal.exits.push(reduction(deal.reducedCount, lots, limitTicks));
  deal.refit = { kind: 'due' };
  return null;
}

/** Remembers that `amount` of money is to be closed at once, and asks what it is in coins; answers why not. */
export function askReduction(turn: Turn, deal: TradeDeal, amount: string): string | null {
  const fault = waitingFault(deal);
  if (fault !== null) return fault;
  deal.toReduce = [...(deal.toReduce ?? []), amount];
  turn.requestQuote(deal.symbol);
  return null;
}

/** Turns what was asked for in money into coins. Answers whether there was any; what cannot be is said in a note. */
export function reductionsOnQuote(turn: Turn, deal: TradeDeal, quote: Quote): boolean {
  const { toReduce } = deal;
  if (toReduce === undefined || !turn.mayExit) return false;
  delete deal.toReduce;
  const ticks = priceFrom(quote, 'own', exitSideOf(deal));
  for (const amount of toReduce) {
    const reason = addReduction(deal, lotsOfMoney(deal.instrument, amount, ticks), 0);
    if (reason === null) continue;
    turn.note(deal.dealId, 'commandRefused', { command: 'reduceFunds', reason });
  }
  return true;
}

/** What `money` is in coins, rounded down: never more than was said. */
export function lotsOfMoney(instrument: Instrument, money: string, priceTicks: number): number {
  const amount = { asset: 'quote', amount: ratioOf(money), isCapped: true } as const;
  return lotsForAmount(instrument, amount, priceTicks);
}

function waitingFault(deal: TradeDeal): string | null {
  if (!hasEntered(deal)) return 'nothing is held yet';
  const reductions = deal.exits.filter(({ purpose }) => purpose === 'reduceFunds');
  return reductions.length + (deal.toReduce?.length ?? 0) < REDUCTIONS_MAX
    ? null
    : `at most ${REDUCTIONS_MAX} reductions may wait at once`;
}

function lotsFault(deal: TradeDeal, lots: number, limitTicks: number): string | null {
  const { instrument } = deal;
  let reducible = openLots(deal);
  for (const exit of deal.exits) {
    if (isLive(exit) && (exit.purpose === 'reduceFunds' || exit.phase.kind === 'closing')) {
      reducible -= exit.lots - (orderOf(deal, exit)?.filledLots ?? 0);
    }
  }
  const { baseAsset } = instrument;
  if (lots < 1) {
    return `expected at least ${formatQuantity(instrument, 1)} ${baseAsset}, found less`;
  }
  if (lots > reducible) {
    const most = formatQuantity(instrument, Math.max(0, reducible));
    const found = formatQuantity(instrument, lots);
    return `expected at most ${most} ${baseAsset}, found ${found} ${baseAsset}`;
  }
  const fault = limitTicks > 0 ? orderFault(instrument, limitTicks, lots) : null;
  return fault === null ? null : `expected ${fault.expected}, found ${fault.found}`;
}
