// SPDX-License-Identifier: Apache-2.0
// The rules of the grid bot: one grid at a time on one symbol. When a grid ends, its bot stops.

import { changedFields } from '../settings/changed-fields.ts';
import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import type { BotRules, BotStateBase, KindCommand, QuoteEvent, SignalEvent } from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import { formatPrice, type Instrument } from '../instrument.ts';
import { NO_DEAL } from '../machine.ts';
import { assert, priceTicks } from '../units.ts';
import type { GridDeal } from './deal.ts';
import {
  advance,
  awaitsQuote,
  editRequested,
  filled,
  quoteArrived,
  riskChanged,
  settle,
  stopRequested,
  timerArrived,
} from './flow.ts';
import { fundingOf, layoutTicks, layOut, openDeal } from './opening.ts';
import { checkGridSettings } from './settings.ts';
import { gridTermsOf, type GridSettings } from './terms.ts';

export type GridStart =
  | { readonly kind: 'idle' }
  /** A quote was asked for; `isTriggered`: the start price has been reached, or does not count. */
  | { readonly kind: 'awaitingQuote'; readonly isTriggered: boolean }
  /** The grid starts when the last price is at or beyond `ticks`. */
  | { readonly kind: 'awaitingPrice'; readonly side: 'above' | 'below'; readonly ticks: number }
  /** `isAskedAgain`: a person started the bot anew while its grid was still ending. */
  | { readonly kind: 'inDeal'; readonly isAskedAgain: boolean };

export interface GridBotState extends BotStateBase<GridDeal> {
  readonly kind: 'grid';
  settings: GridSettings;
  start: GridStart;
}

/** What a stopped grid bot without a grid has beside the state of every bot. */
export function gridBotParts(
  settings: GridSettings,
): Pick<GridBotState, 'kind' | 'settings' | 'start'> {
  return { kind: 'grid', settings, start: { kind: 'idle' } };
}

export const gridRules: BotRules<GridBotState, GridDeal> = {
  onQuote,
  onSignal(_state: GridBotState, _turn: Turn, _event: SignalEvent): boolean {
    return false;
  },
  onTimer(state: GridBotState, turn: Turn, timer: string): boolean {
    return state.deals.some((deal) => timerArrived(turn, deal, timer));
  },
  onCommand,
  onFilled(_state: GridBotState, turn: Turn, deal: GridDeal, order: DealOrder): void {
    filled(turn, deal, order);
    advance(turn, deal);
  },
  onSettled(
    _state: GridBotState,
    turn: Turn,
    deal: GridDeal,
    order: DealOrder,
    how: Settlement,
    hasNewFill: boolean,
  ): void {
    if (hasNewFill) filled(turn, deal, order);
    settle(turn, deal, order, how);
  },
  onDealEnded(state: GridBotState, turn: Turn, deal: GridDeal): void {
    if (state.start.kind === 'inDeal' && state.start.isAskedAgain) {
      state.start = { kind: 'idle' };
      if (turn.mayEnter) askToStart(state, turn, false);
      return;
    }
    const reason = deal.phase.kind === 'ended' ? deal.phase.reason : '';
    stopBot(state, turn, `the grid has ended: ${reason}`);
  },
  onRisk(state: GridBotState, turn: Turn): void {
    for (const deal of state.deals) riskChanged(turn, deal);
    if (!turn.mayEnter) {
      if (state.start.kind === 'awaitingQuote') state.start = { kind: 'idle' };
    } else if (state.isRunning && state.start.kind === 'idle') {
      askToStart(state, turn, false);
    }
  },
  watchedBelow,
  watchedAbove,
};

/** Stops and lines below; Infinity while the next quote is waited for, −1 while no price concerns the bot. */
function watchedBelow(state: GridBotState, symbol: string): number {
  if (symbol !== state.settings.symbols[0] && state.deals.length === 0) return -1;
  const { start } = state;
  if (start.kind === 'awaitingQuote') return Infinity;
  if (start.kind === 'awaitingPrice' && start.side === 'below') return start.ticks;
  const deal = state.deals[0];
  if (deal === undefined || deal.symbol !== symbol) return -1;
  if (awaitsQuote(deal)) return Infinity;
  const { phase, marks } = deal;
  if (phase.kind === 'running') return Math.max(marks.lowerStop, marks.nextDown);
  return phase.kind === 'opening' ? marks.lowerStop : -1;
}

function watchedAbove(state: GridBotState, symbol: string): number {
  if (symbol !== state.settings.symbols[0] && state.deals.length === 0) return Infinity;
  const { start } = state;
  if (start.kind === 'awaitingPrice' && start.side === 'above') return start.ticks;
  const deal = state.deals[0];
  if (deal === undefined || deal.symbol !== symbol) return Infinity;
  const { phase, marks } = deal;
  if (phase.kind !== 'running' && phase.kind !== 'opening') return Infinity;
  const stop = Math.min(marks.upperStop ?? Infinity, marks.takeProfit ?? Infinity);
  if (phase.kind === 'opening') return stop;
  return Math.min(stop, marks.nextUp ?? Infinity, marks.release ?? Infinity);
}

function onQuote(state: GridBotState, turn: Turn, event: QuoteEvent): boolean {
  const { symbol, quote } = event;
  const deal = state.deals[0];
  if (deal !== undefined) {
    return deal.symbol === symbol && quoteArrived(turn, deal, quote, event.funds);
  }
  if (symbol !== state.settings.symbols[0]) return false;
  const { start } = state;
  if (start.kind === 'awaitingPrice') {
    const isReached =
      start.side === 'above' ? quote.last >= start.ticks : quote.last <= start.ticks;
    if (!isReached || !turn.mayEnter) return false;
    askToStart(state, turn, true);
    return true;
  }
  if (start.kind !== 'awaitingQuote') return false;
  const { startTicks } = gridTermsOf(state.settings, instrumentOf(state));
  if (startTicks !== null && !start.isTriggered && quote.last !== startTicks) {
    const side = quote.last < startTicks ? 'above' : 'below';
    state.start = { kind: 'awaitingPrice', side, ticks: startTicks };
    return true;
  }
  startGrid(state, turn, event);
  return true;
}

function onCommand(state: GridBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning) return false;
      state.isRunning = true;
      if (state.start.kind === 'inDeal') state.start = { kind: 'inDeal', isAskedAgain: true };
      else if (turn.mayEnter) askToStart(state, turn, false);
      return true;
    case 'stop': {
      // A grid has no end of its own: one that nobody closes is cancelled and keeps its coins.
      let isChanged = state.isRunning;
      state.isRunning = false;
      state.start =
        state.deals.length === 0 ? { kind: 'idle' } : { kind: 'inDeal', isAskedAgain: false };
      if (command.deals !== undefined) return isChanged;
      for (const deal of state.deals) {
        if (stopRequested(turn, deal, 'cancelRequested')) isChanged = true;
      }
      return isChanged;
    }
    case 'startDeal': {
      const isRefused = command.onlyWhileRunning && !state.isRunning;
      if (state.start.kind === 'inDeal' || isRefused || !turn.mayEnter) return false;
      if (command.symbol !== state.settings.symbols[0]) return false;
      state.isRunning = true;
      askToStart(state, turn, true);
      return true;
    }
    case 'closeDeal':
    case 'cancelDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      const reason = command.kind === 'closeDeal' ? 'closeRequested' : 'cancelRequested';
      return deal !== undefined && stopRequested(turn, deal, reason);
    }
    case 'editSettings': {
      const { settings } = command;
      assert(isGrid(settings), `Invariant: a grid bot takes no settings of kind ${settings.kind}`);
      const fields = changedFields(state.settings, settings);
      if (fields.length === 0) return false;
      state.settings = settings;
      state.instruments = command.instruments;
      turn.note(NO_DEAL, 'settingsChanged', { fields: fields.join(', ') });
      if (state.start.kind === 'awaitingPrice' || state.start.kind === 'awaitingQuote') {
        askToStart(state, turn, false);
      }
      return true;
    }
    case 'editDeal': {
      const deal = state.deals.find((candidate) => candidate.dealId === command.dealId);
      const { settings } = command;
      return deal !== undefined && isGrid(settings) && editRequested(turn, deal, settings);
    }
    default:
      return false;
  }
}

function askToStart(state: GridBotState, turn: Turn, isTriggered: boolean): void {
  state.start = { kind: 'awaitingQuote', isTriggered };
  turn.requestQuote(state.settings.symbols[0] ?? '');
}

/** Checks settings and funds at the price there is, and begins; or says what is wrong and stops the bot. */
function startGrid(state: GridBotState, turn: Turn, event: QuoteEvent): void {
  const { settings, feeRatePpm } = state;
  const instrument = instrumentOf(state);
  const { symbol, quote, funds } = event;
  const dealId = state.nextDealId;
  state.nextDealId += 1;
  const ticks = priceTicks(layoutTicks(quote));
  const { startPrice: _, ...now } = settings;
  const faults = checkGridSettings(now, [instrument], { [symbol]: ticks }, feeRatePpm);
  const seed = { dealId, symbol, instrument, settings, feeRatePpm };
  const funding =
    faults.length > 0
      ? {
          ok: false as const,
          reason: faults
            .map(({ field, expected, found }) => `${field} must be ${expected}, was ${found}`)
            .join('; '),
        }
      : fundingOf(seed, quote, funds);
  if (!funding.ok) {
    turn.note(dealId, 'dealFailed', {
      symbol,
      reason: funding.reason,
      price: formatPrice(instrument, ticks),
    });
    stopBot(state, turn, funding.reason);
    return;
  }
  const deal = openDeal(turn, seed, quote, funding.coins);
  state.deals.push(deal);
  state.start = { kind: 'inDeal', isAskedAgain: false };
  if (layOut(turn, deal, quote, funds)) advance(turn, deal);
}

function stopBot(state: GridBotState, turn: Turn, reason: string): void {
  state.start = { kind: 'idle' };
  const wasRunning = state.isRunning;
  state.isRunning = false;
  if (wasRunning) turn.note(NO_DEAL, 'botStopped', { reason });
}

function instrumentOf(state: GridBotState): Instrument {
  const [symbol] = state.settings.symbols;
  const instrument = state.instruments.find((candidate) => candidate.symbol === symbol);
  assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
  return instrument;
}

function isGrid(settings: { readonly kind: string }): settings is GridSettings {
  return settings.kind === 'grid';
}
