// SPDX-License-Identifier: Apache-2.0
// How a grid goes on after each event: opening, running, stopping.

import { changedFields } from '../settings/changed-fields.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type { Turn } from '../bot/turn.ts';
import type { FreeFunds } from '../machine.ts';
import type { Quote } from '../order.ts';
import type { GridDeal } from './deal.ts';
import { gridSettingsFaults } from './settings.ts';
import { bookFill, closePaid, dissolveCells } from './ledger.ts';
import { keepLines, lineBook, settleLine, setTroubleTimer, troubleTimer } from './lines.ts';
import { fitsLine, layOut, openingTimer, prepare, settleBalancing } from './opening.ts';
import { planGrid } from './plan.ts';
import {
  noteStop,
  reachedStop,
  settleOut,
  spend,
  startStopping,
  stoppingTimer,
  tradeOut,
  wind,
} from './stopping.ts';
import { lotsAt, type GridSettings } from './terms.ts';
import { moveDown, moveUp, releaseShort, setMarks, settleCells } from './window.ts';

/** A fill of `order` is counted in the position; it may bring more. */
export function filled(turn: Turn, deal: GridDeal, order: DealOrder): void {
  const before = deal.booked.cost;
  bookFill(turn, deal, order);
  if (order.side === 'buy' && order.purpose === 'balancing') {
    spend(deal, deal.booked.cost - before);
  }
}

/** `order` has left the deal's list; no more fills of it can come. */
export function settle(turn: Turn, deal: GridDeal, order: DealOrder, how: Settlement): void {
  if (deal.phase.kind === 'stopping') settleOut(turn, deal, order, how);
  else if (order.purpose === 'balancing') settleBalancing(turn, deal, order, how);
  else if (deal.phase.kind === 'running') settleLine(turn, deal, order, how);
  advance(turn, deal);
}

/** Does what the deal's phase asks for and its orders do not yet show. */
export function advance(turn: Turn, deal: GridDeal): void {
  switch (deal.phase.kind) {
    case 'opening':
      prepare(turn, deal);
      return;
    case 'running':
      run(turn, deal);
      return;
    case 'stopping':
      wind(turn, deal);
      return;
    case 'ended':
      return;
  }
}

/** Answers whether `quote` changed the deal. */
export function quoteArrived(
  turn: Turn,
  deal: GridDeal,
  quote: Quote,
  funds: FreeFunds | undefined,
): boolean {
  const { phase } = deal;
  if (phase.kind === 'stopping') {
    return phase.step.kind === 'awaitingQuote' && tradeOut(turn, deal, quote);
  }
  if (phase.kind === 'ended') return false;
  const stop = reachedStop(deal, quote.last);
  if (stop !== null) {
    noteStop(turn, deal, quote.last, stop);
    startStopping(turn, deal, stop.reason, stop.action);
    return true;
  }
  if (phase.kind === 'opening') {
    if (phase.step.kind !== 'awaitingQuote') return false;
    if (layOut(turn, deal, quote, funds)) advance(turn, deal);
    return true;
  }
  const isMoved = moveUp(turn, deal, quote.last) || moveDown(deal, quote.last);
  const isReleased = releaseShort(deal, quote.last);
  if (!isMoved && !isReleased) return false;
  advance(turn, deal);
  return true;
}

/** Answers whether `timer` is one this deal was waiting for, and due; then the deal has acted on it. */
export function timerArrived(turn: Turn, deal: GridDeal, timer: string): boolean {
  const { phase } = deal;
  switch (timer) {
    case openingTimer(deal):
      if (phase.kind !== 'opening' || phase.step.kind !== 'waiting') return false;
      if (turn.time < phase.step.until) return false;
      deal.phase = { ...phase, step: { kind: 'cancelling' } };
      break;
    case stoppingTimer(deal):
      if (phase.kind !== 'stopping' || phase.step.kind !== 'waiting') return false;
      if (turn.time < phase.step.until) return false;
      deal.phase = { ...phase, step: { kind: 'cancelling' } };
      break;
    case troubleTimer(deal):
      if (deal.troublesRing === null || turn.time < deal.troublesRing) return false;
      deal.troublesRing = null;
      if (phase.kind !== 'running') return true;
      setTroubleTimer(turn, deal);
      break;
    default:
      return false;
  }
  advance(turn, deal);
  return true;
}

/** Sells the grid's coins now, or keeps them. Answers whether that changed anything. */
export function stopRequested(
  turn: Turn,
  deal: GridDeal,
  reason: 'closeRequested' | 'cancelRequested',
): boolean {
  const { phase } = deal;
  if (phase.kind === 'ended') return false;
  if (phase.kind === 'stopping') {
    const isAskedAgain = reason === 'closeRequested' && phase.step.kind === 'waiting';
    const isGivenUp = reason === 'cancelRequested' && phase.action !== 'stop';
    if (!isAskedAgain && !isGivenUp) return false;
    turn.note(deal.dealId, reason, {});
    deal.phase = isGivenUp
      ? { ...phase, reason, action: 'stop', step: { kind: 'cancelling' } }
      : { ...phase, attempt: 0, step: { kind: 'cancelling' } };
    advance(turn, deal);
    return true;
  }
  turn.note(deal.dealId, reason, {});
  startStopping(turn, deal, reason, reason === 'closeRequested' ? 'stopAndSell' : 'stop');
  return true;
}

/** Settings that move lines. */
const LAYOUT: readonly (keyof GridSettings)[] = ['lowerPrice', 'upperPrice', 'lines', 'spacing'];
/** Settings that change what lines trade. */
const SIZE: readonly (keyof GridSettings)[] = ['quantityPerLine', 'quantityUnit'];

/**
 * Takes over new settings while the grid runs, but for its market and the currency its open lines were counted in.
 * Answers whether anything changed.
 */
export function editRequested(turn: Turn, deal: GridDeal, given: GridSettings): boolean {
  const { phase, settings } = deal;
  if (phase.kind !== 'running' && phase.kind !== 'opening') return false;
  const kept = { symbols: settings.symbols, profitCurrency: settings.profitCurrency };
  const wanted: GridSettings = Object.freeze({ ...given, ...kept });
  const changed = changedFields(settings, wanted);
  const refused = changedFields(wanted, given);
  const faults = gridSettingsFaults(wanted, deal.instrument, deal.feeRatePpm);
  const isMove = changed.some((field) => LAYOUT.includes(field)) && phase.kind === 'running';
  const isHeld = isMove && !turn.mayExit;
  if (faults.length > 0 || refused.length > 0 || isHeld) {
    const reasons = [
      ...(isHeld
        ? ['the desk is halted, and lines that move would leave coins without a sell']
        : []),
      ...refused.map((field) => `${field} must stay as it is while the grid runs`),
      ...faults.map(({ field, expected, found }) => `${field} must be ${expected}, was ${found}`),
    ];
    turn.note(deal.dealId, 'commandRefused', { command: 'editDeal', reason: reasons.join('; ') });
    return true;
  }
  if (changed.length === 0) return false;
  deal.settings = wanted;
  turn.note(deal.dealId, 'dealEdited', { fields: changed.join(', ') });
  const has = (fields: readonly string[]): boolean =>
    changed.some((field) => fields.includes(field));
  if (phase.kind === 'opening') {
    setMarks(deal);
    return true;
  }
  if (has(LAYOUT)) startLayout(turn, deal);
  else if (has(SIZE)) resize(deal);
  setMarks(deal);
  advance(turn, deal);
  return true;
}

function run(turn: Turn, deal: GridDeal): void {
  const book = lineBook(deal);
  closePaid(turn, deal);
  settleCells(turn, deal, book);
  if (deal.troubles.length > 0) {
    deal.troubles = deal.troubles.filter(({ side, priceTicks }) =>
      deal.cells.some((cell) =>
        side === 'buy' ? cell.buyTicks === priceTicks : cell.sellTicks === priceTicks,
      ),
    );
  }
  keepLines(turn, deal, book);
}

/** Lines move: coins go to the reserve, orders that no new line wants are cancelled, then all is laid out anew. */
function startLayout(turn: Turn, deal: GridDeal): void {
  dissolveCells(deal);
  deal.troubles = [];
  deal.shift = 0;
  deal.phase = {
    kind: 'opening',
    step: { kind: 'cancelling' },
    attempt: 0,
    pauses: 0,
    hasSold: false,
  };
  const { cells } = planGrid(deal.settings, deal.instrument, 0, deal.feeRatePpm);
  for (const order of deal.orders) {
    const isWanted = cells.some((cell) => fitsLine(deal.instrument, order, cell, cell.lots));
    if (!isWanted) turn.cancel(deal, order);
  }
}

/** Lines buy a new quantity from now on; coins that cells hold are sold as they are. */
function resize(deal: GridDeal): void {
  for (const cell of deal.cells) {
    const wasWhole = cell.boughtLots >= cell.lots;
    cell.lots = lotsAt(deal.settings, deal.instrument, cell.buyTicks);
    if (wasWhole) cell.boughtLots = cell.lots;
    else cell.boughtLots = Math.min(cell.boughtLots, cell.lots);
  }
}

/** Whether the deal waits for a quote that it has asked for. */
export function awaitsQuote(deal: GridDeal): boolean {
  const { phase } = deal;
  return (
    (phase.kind === 'opening' || phase.kind === 'stopping') && phase.step.kind === 'awaitingQuote'
  );
}

/** What the new risk state asks of the deal; orders that take on risk have been asked back already. */
export function riskChanged(turn: Turn, deal: GridDeal): void {
  // A quote that came while nothing could be traded has been let pass.
  if (awaitsQuote(deal) && turn.mayExit) turn.requestQuote(deal.symbol);
  else advance(turn, deal);
}
