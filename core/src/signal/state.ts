// SPDX-License-Identifier: Apache-2.0
// What a signal bot keeps, as plain data.

import type { BotStateBase } from '../bot/state.ts';
import type { Instrument } from '../instrument.ts';
import type { Signal } from '../machine.ts';
import type { TradeDeal } from '../smart-trade/deal.ts';
import { assert, type TimeMs } from '../units.ts';
import type { SeenSignal } from './acceptance.ts';
import type { Decision } from './decision.ts';
import type { SignalSettings } from './settings.ts';

/** What a signal asks for, until a fresh quote is here. */
export interface PendingSignal {
  readonly decision: Extract<Decision, { kind: 'enter' | 'add' | 'exit' }>;
  readonly signal: Signal;
  readonly time: TimeMs;
}

/** What the bot keeps for one symbol. */
export interface SignalSlot {
  readonly symbol: string;
  /** Waits for a quote. */
  pending: PendingSignal | null;
  /** An entry that waits until the position which is being closed is gone. */
  next: PendingSignal | null;
  /** No new position before; 0 for at once. */
  coolUntil: TimeMs;
}

export interface SignalBotState extends BotStateBase<TradeDeal> {
  readonly kind: 'signal';
  settings: SignalSettings;
  slots: SignalSlot[];
  /** Signals that came lately, oldest first. */
  readonly seen: SeenSignal[];
}

/** What a stopped signal bot without positions has beside the state of every bot. */
export function signalBotParts(
  settings: SignalSettings,
): Pick<SignalBotState, 'kind' | 'settings' | 'slots' | 'seen'> {
  return { kind: 'signal', settings, slots: settings.symbols.map(freeSlot), seen: [] };
}

export function freeSlot(symbol: string): SignalSlot {
  return { symbol, pending: null, next: null, coolUntil: 0 };
}

export function slotOf(state: SignalBotState, symbol: string): SignalSlot | undefined {
  return state.slots.find((slot) => slot.symbol === symbol);
}

export function instrumentOf(state: SignalBotState, symbol: string): Instrument {
  const instrument = state.instruments.find((candidate) => candidate.symbol === symbol);
  assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
  return instrument;
}
