// SPDX-License-Identifier: Apache-2.0
// The trading machine: `step(state, event) → effects` for every kind of bot.

import { dcaBotParts, dcaRules, type DcaBotState } from '../dca/bot.ts';
import type { DcaDeal } from '../dca/deal.ts';
import { gridBotParts, gridRules, type GridBotState } from '../grid/bot.ts';
import type { GridDeal } from '../grid/deal.ts';
import { rebalanceBotParts, rebalanceRules, type RebalanceBotState } from '../rebalance/bot.ts';
import type { RebalanceDeal } from '../rebalance/deal.ts';
import {
  smartTradeBotParts,
  smartTradeRules,
  type SmartTradeBotState,
} from '../smart-trade/bot.ts';
import type { TradeDeal } from '../smart-trade/deal.ts';
import { signalRules } from '../signal/bot.ts';
import { signalBotParts, type SignalBotState } from '../signal/state.ts';
import type { Instrument } from '../instrument.ts';
import type { BotEvent, Effect } from '../machine.ts';
import { PPM } from '../units.ts';
import type { BotSettings } from './settings.ts';
import { isOrderIdPrefix, stepWith } from './shell.ts';
import type { SignalWatch } from './state.ts';

export { ENDED_DEALS_KEPT } from './shell.ts';

/** A bot as plain data: encode it with `encodeJournal`. `version` goes up with every change. */
export type BotState =
  DcaBotState | GridBotState | RebalanceBotState | SmartTradeBotState | SignalBotState;

/** A deal of any kind of bot. */
export type Deal = DcaDeal | GridDeal | RebalanceDeal | TradeDeal;

export interface BotSeed<S extends BotSettings = BotSettings> {
  readonly botId: string;
  /** 1 to 16 of `A-Z a-z 0-9 - _`; must differ between all bots of a connection. */
  readonly clientOrderIdPrefix: string;
  readonly settings: S;
  /** One for each of the settings' symbols. */
  readonly instruments: readonly Instrument[];
  readonly feeRatePpm: number;
}

/** A stopped bot without deals. Throws RangeError when a part of `seed` does not fit the others. */
export function createBot<S extends BotSettings>(
  seed: BotSeed<S>,
): Extract<BotState, { readonly kind: S['kind'] }> {
  // A bot is of the kind of its settings.
  return newBot(seed) as Extract<BotState, { readonly kind: S['kind'] }>;
}

/**
 * What the bot does about `event`. Changes `state` in place and raises its `version`, or changes nothing at
 * all: an event that is late, repeated or of no concern returns one shared empty list.
 */
export function step(state: BotState, event: BotEvent): readonly Effect[] {
  switch (state.kind) {
    case 'dca':
      return stepWith(dcaRules, state, event);
    case 'grid':
      return stepWith(gridRules, state, event);
    case 'rebalance':
      return stepWith(rebalanceRules, state, event);
    case 'signal':
      return stepWith(signalRules, state, event);
    case 'smartTrade':
      return stepWith(smartTradeRules, state, event);
  }
}

/**
 * A quote of `symbol` can change the bot only where its bid or last is at or below this: Infinity while the bot
 * waits for a quote, −1 while no price below concerns it. Lets a runner skip quotes without asking.
 */
export function watchedBelow(state: BotState, symbol: string): number {
  switch (state.kind) {
    case 'dca':
      return dcaRules.watchedBelow(state, symbol);
    case 'grid':
      return gridRules.watchedBelow(state, symbol);
    case 'rebalance':
      return rebalanceRules.watchedBelow(state, symbol);
    case 'signal':
      return signalRules.watchedBelow(state, symbol);
    case 'smartTrade':
      return smartTradeRules.watchedBelow(state, symbol);
  }
}

/** … or where its ask or last is at or above this: Infinity while no price above concerns the bot. */
export function watchedAbove(state: BotState, symbol: string): number {
  switch (state.kind) {
    case 'dca':
      return dcaRules.watchedAbove(state, symbol);
    case 'grid':
      return gridRules.watchedAbove(state, symbol);
    case 'rebalance':
      return rebalanceRules.watchedAbove(state, symbol);
    case 'signal':
      return signalRules.watchedAbove(state, symbol);
    case 'smartTrade':
      return smartTradeRules.watchedAbove(state, symbol);
  }
}

/** Conditions that concern deals on `symbol`, and whether a signal of theirs would change anything now. */
export function signalWatches(state: BotState, symbol: string): readonly SignalWatch[] {
  return state.kind === 'dca' ? (dcaRules.signalWatches?.(state, symbol) ?? []) : [];
}

function newBot(seed: BotSeed): BotState {
  if (!isOrderIdPrefix(seed.clientOrderIdPrefix)) {
    throw new RangeError(
      `clientOrderIdPrefix must be 1 to 16 of A-Z a-z 0-9 - _, was ${JSON.stringify(seed.clientOrderIdPrefix)}`,
    );
  }
  if (!Number.isSafeInteger(seed.feeRatePpm) || seed.feeRatePpm < 0 || seed.feeRatePpm >= PPM) {
    throw new RangeError(
      `feeRatePpm must be a whole number from 0 to ${PPM - 1}, was ${seed.feeRatePpm}`,
    );
  }
  const { settings } = seed;
  const instruments = settings.symbols.map((symbol) => {
    const instrument = seed.instruments.find((candidate) => candidate.symbol === symbol);
    if (instrument === undefined) {
      throw new RangeError(`instruments must hold ${symbol}, which the settings name`);
    }
    return instrument;
  });
  const common = {
    botId: seed.botId,
    clientOrderIdPrefix: seed.clientOrderIdPrefix,
    feeRatePpm: seed.feeRatePpm,
    instruments,
    version: 0,
    isRunning: false,
    risk: 'active' as const,
    nextDealId: 1,
    deals: [],
    endedCount: 0,
    endedDeals: [],
  };
  switch (settings.kind) {
    case 'dca':
      return { ...dcaBotParts(settings), ...common };
    case 'grid':
      return { ...gridBotParts(settings), ...common };
    case 'rebalance':
      return { ...rebalanceBotParts(settings), ...common };
    case 'signal':
      return { ...signalBotParts(settings), ...common };
    case 'smartTrade':
      return { ...smartTradeBotParts(settings), ...common };
  }
}
