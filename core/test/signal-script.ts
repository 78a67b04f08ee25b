// SPDX-License-Identifier: Apache-2.0
// What the tests of signal bots share: settings, and signals as text.

import assert from 'node:assert/strict';
import {
  createBot,
  encodeJournal,
  parseSettings,
  step,
  type Effect,
  type Instrument,
  type Signal,
  type SignalBotState,
  type SignalSettings,
} from '../src/index.ts';
import { COIN, OTHER, THIRD } from './deal-script.ts';
import { percent } from './trade-script.ts';

/** Buys coins for 100 on a signal; take profit at +5 %, stop at −5 %. */
const SIGNAL: Readonly<Record<string, unknown>> = {
  kind: 'signal',
  name: 'signals',
  symbols: ['COINUSDT', 'OTHERUSDT', 'THIRDUSDT'],
  size: { kind: 'quote', amount: '100' },
  maxPositions: 3,
  takeProfit: [{ price: percent('5') }],
  stopLoss: { price: percent('5') },
};

/** Settings like `SIGNAL` but for `changes`; a change to undefined leaves the field out. */
export function signalSettings(changes: Readonly<Record<string, unknown>> = {}): SignalSettings {
  const given = Object.fromEntries(
    Object.entries({ ...SIGNAL, ...changes }).filter(([, value]) => value !== undefined),
  );
  const parsed = parseSettings(given);
  assert.ok(parsed.ok, parsed.ok ? '' : JSON.stringify(parsed.errors));
  assert.ok(parsed.settings.kind === 'signal');
  return parsed.settings;
}

/** A bot that runs. */
export function signalBot(
  changes: Readonly<Record<string, unknown>> = {},
  options: { readonly feeRatePpm?: number; readonly instruments?: readonly Instrument[] } = {},
): SignalBotState {
  const bot = createBot({
    botId: 'test',
    clientOrderIdPrefix: 'k-',
    settings: signalSettings(changes),
    instruments: options.instruments ?? [COIN, OTHER, THIRD],
    feeRatePpm: options.feeRatePpm ?? 0,
  });
  step(bot, { kind: 'command', time: NOW, command: { kind: 'start' } });
  return bot;
}

/** When every test takes place. */
export const NOW = 1_700_000_000_000;

export function webhook(signal: Partial<Signal> & Pick<Signal, 'action'>): Signal {
  return { source: 'webhook', conditions: 'none', readings: [], sentTime: NOW, ...signal };
}

/** Gives `signal` to `bot` and answers its notes; the state changes exactly when something is noted. */
export function tell(
  bot: SignalBotState,
  signal: Partial<Signal> & Pick<Signal, 'action'>,
  options: { readonly symbol?: string; readonly time?: number } = {},
): { readonly effects: readonly Effect[]; readonly reason: string | undefined } {
  const before = encodeJournal(bot);
  const effects = step(bot, {
    kind: 'signal',
    time: options.time ?? NOW,
    symbol: options.symbol ?? 'COINUSDT',
    signal: webhook(signal),
  });
  assert.notEqual(encodeJournal(bot), before, 'every signal is noted');
  let reason: string | undefined;
  for (const effect of effects) {
    if (effect.kind === 'notify' && effect.note.kind === 'signalRefused') {
      reason = effect.note.values['reason'];
    }
  }
  return { effects, reason };
}
