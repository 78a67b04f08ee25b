// SPDX-License-Identifier: Apache-2.0
// The rules of the smart trade: a bot with exactly one deal, which it opens at the first quote after its start.

import type { DealOrder, Settlement } from '../bot/deal-order.ts';
import { backoffMs } from '../bot/retry.ts';
import type { BotRules, BotStateBase, KindCommand, QuoteEvent } from '../bot/state.ts';
import type { Turn } from '../bot/turn.ts';
import type { Instrument } from '../instrument.ts';
import { NO_DEAL } from '../machine.ts';
import { assert, type TimeMs } from '../units.ts';
import { commandTrade } from './commands.ts';
import type { TradeDeal } from './deal.ts';
import { editTrade } from './edit.ts';
import {
  advanceTrade,
  beginTrade,
  tradeFilled,
  tradeQuoted,
  tradeRiskChanged,
  tradeSettled,
  tradeTimer,
  tradeWatch,
} from './flow.ts';
import { heldPosition } from './held.ts';
import { planOf, type SmartTradeSettings } from './settings.ts';

export type OpeningPhase =
  /** The trade has not been opened, and nothing is awaited. */
  | { readonly kind: 'none' }
  | { readonly kind: 'awaitingQuote'; readonly tries: number }
  /** The balance that the size is a share of is not known yet; it is asked for again. */
  | { readonly kind: 'waiting'; readonly until: TimeMs; readonly tries: number }
  | { readonly kind: 'opened' };

export interface SmartTradeBotState extends BotStateBase<TradeDeal> {
  readonly kind: 'smartTrade';
  settings: SmartTradeSettings;
  opening: OpeningPhase;
}

/** What a stopped smart trade that has not been opened has beside the state of every bot. */
export function smartTradeBotParts(
  settings: SmartTradeSettings,
): Pick<SmartTradeBotState, 'kind' | 'settings' | 'opening'> {
  return { kind: 'smartTrade', settings, opening: { kind: 'none' } };
}

export const smartTradeRules: BotRules<SmartTradeBotState, TradeDeal> = {
  onQuote,
  onSignal(): boolean {
    return false;
  },
  onTimer(state: SmartTradeBotState, turn: Turn, timer: string): boolean {
    if (timer === startTimer(state)) {
      const { opening } = state;
      if (opening.kind !== 'waiting' || turn.time < opening.until) return false;
      state.opening = { kind: 'awaitingQuote', tries: opening.tries };
      turn.requestQuote(symbolOf(state));
      return true;
    }
    return state.deals.some((deal) => tradeTimer(turn, deal, timer));
  },
  onCommand,
  onFilled(_state: SmartTradeBotState, turn: Turn, deal: TradeDeal, order: DealOrder): void {
    tradeFilled(turn, deal, order);
  },
  onSettled(
    _state: SmartTradeBotState,
    turn: Turn,
    deal: TradeDeal,
    order: DealOrder,
    how: Settlement,
    hasNewFill: boolean,
  ): void {
    tradeSettled(turn, deal, order, how, hasNewFill);
  },
  onDealEnded(state: SmartTradeBotState): void {
    state.isRunning = false;
  },
  onRisk(state: SmartTradeBotState, turn: Turn): void {
    for (const deal of state.deals) tradeRiskChanged(turn, deal);
  },
  watchedBelow(state: SmartTradeBotState, symbol: string): number {
    if (symbol !== symbolOf(state)) return -1;
    if (state.opening.kind === 'awaitingQuote') return Infinity;
    const [deal] = state.deals;
    return deal === undefined ? -1 : tradeWatch(deal).below;
  },
  watchedAbove(state: SmartTradeBotState, symbol: string): number {
    const [deal] = state.deals;
    return deal === undefined || symbol !== symbolOf(state) ? Infinity : tradeWatch(deal).above;
  },
};

function onQuote(state: SmartTradeBotState, turn: Turn, event: QuoteEvent): boolean {
  if (event.symbol !== symbolOf(state)) return false;
  const market = {
    quote: event.quote,
    ...(event.funds === undefined ? {} : { funds: event.funds }),
  };
  const { opening, settings } = state;
  if (opening.kind !== 'awaitingQuote') {
    return state.deals.some((deal) => tradeQuoted(turn, deal, market));
  }
  if (settings.size?.kind === 'balance' && event.funds === undefined) {
    const tries = opening.tries + 1;
    const until = turn.time + backoffMs(tries);
    state.opening = { kind: 'waiting', until, tries };
    turn.setTimer(startTimer(state), until);
    turn.note(NO_DEAL, 'dealPaused', {
      order: 'entry',
      reason: 'the free balance is not known',
      until: String(until),
    });
    return true;
  }
  state.opening = { kind: 'opened' };
  const instrument = instrumentOf(state);
  const { held, type } = settings;
  const deal = beginTrade(turn, {
    kind: 'smartTrade',
    dealId: state.nextDealId,
    instrument,
    plan: planOf(settings),
    feeRatePpm: state.feeRatePpm,
    market,
    ...(held === undefined ? {} : { position: heldPosition(held, type, instrument) }),
  });
  state.nextDealId += 1;
  state.deals.push(deal);
  advanceTrade(turn, deal, market);
  tradeQuoted(turn, deal, market);
  return true;
}

function onCommand(state: SmartTradeBotState, turn: Turn, command: KindCommand): boolean {
  switch (command.kind) {
    case 'start':
      if (state.isRunning || state.opening.kind === 'opened') return false;
      state.isRunning = true;
      state.opening = { kind: 'awaitingQuote', tries: 0 };
      turn.requestQuote(symbolOf(state));
      return true;
    case 'stop':
      if (!state.isRunning) return false;
      state.isRunning = false;
      if (state.opening.kind !== 'opened') state.opening = { kind: 'none' };
      return true;
    case 'startDeal':
    case 'handOverDeal':
      return false;
    case 'editSettings':
      return editSettings(state, turn, command);
    case 'editDeal': {
      const deal = state.deals.find(({ dealId }) => dealId === command.dealId);
      if (deal === undefined) return false;
      editDeal(state, turn, deal, command);
      return true;
    }
    case 'closeDeal':
    case 'cancelDeal':
    case 'addFunds':
    case 'reduceFunds':
    case 'cancelOrder':
    case 'closeStep':
    case 'cancelStep':
    case 'forceEntry': {
      const deal = state.deals.find(({ dealId }) => dealId === command.dealId);
      return deal === undefined ? false : commandTrade(turn, deal, command);
    }
  }
}

/** Terms of the running trade, or of the one that is still to be opened. */
function editSettings(
  state: SmartTradeBotState,
  turn: Turn,
  command: Extract<KindCommand, { kind: 'editSettings' }>,
): boolean {
  const [deal] = state.deals;
  if (deal !== undefined) {
    editDeal(state, turn, deal, command);
    return true;
  }
  if (state.opening.kind === 'opened') return false;
  const { settings, instruments } = command;
  assert(isSmartTrade(settings), `Invariant: settings of a smart trade, were ${settings.kind}`);
  state.settings = settings;
  state.instruments = instruments.filter(({ symbol }) => settings.symbols.includes(symbol));
  if (state.opening.kind === 'awaitingQuote') turn.requestQuote(symbolOf(state));
  turn.note(NO_DEAL, 'settingsChanged', { fields: 'all' });
  return true;
}

function editDeal(
  state: SmartTradeBotState,
  turn: Turn,
  deal: TradeDeal,
  command: Extract<KindCommand, { kind: 'editSettings' | 'editDeal' }>,
): void {
  const { settings } = command;
  assert(isSmartTrade(settings), `Invariant: settings of a smart trade, were ${settings.kind}`);
  const { type, symbols, held } = state.settings;
  const isOfDeal =
    settings.type === type &&
    settings.symbols[0] === symbols[0] &&
    settings.held?.quantity === held?.quantity &&
    settings.held?.price === held?.price;
  const refusal = isOfDeal
    ? editTrade(turn, deal, planOf(settings))
    : 'expected the type, the symbol and the position of the running trade';
  if (refusal === null) state.settings = settings;
  else turn.note(deal.dealId, 'commandRefused', { command: command.kind, reason: refusal });
}

function isSmartTrade(settings: { readonly kind: string }): settings is SmartTradeSettings {
  return settings.kind === 'smartTrade';
}

function symbolOf(state: SmartTradeBotState): string {
  return state.settings.symbols[0] ?? '';
}

function instrumentOf(state: SmartTradeBotState): Instrument {
  const instrument = state.instruments.find(({ symbol }) => symbol === symbolOf(state));
  assert(instrument !== undefined, `Invariant: ${symbolOf(state)} has an instrument`);
  return instrument;
}

function startTimer(state: SmartTradeBotState): string {
  return `start:${symbolOf(state)}`;
}
