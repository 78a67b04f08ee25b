// SPDX-License-Identifier: Apache-2.0
// Whether a draft is settings that could trade now: the machine's own parser and checks, run on the page.

import {
  checkSettings, parsePrice, parseSettings,
  type BotKind, type BotSettings, type FieldError, type Instrument, type PriceTicks,
} from '@kontor/core'; // prettier-ignore

import { fieldsOf, sentDraft, type Arrangement } from './arrangement.ts';
import type { DraftFields } from './draft.ts';

/** What the page knows of the market a bot would trade on. */
export interface Market {
  readonly instruments: ReadonlyMap<string, Instrument>;
  /** The last price as text, or null before there is one. */
  readonly lastPrice: (symbol: string) => string | null;
  readonly feeRatePpm: number;
}

export interface CheckedDraft {
  /** What would be sent. */
  readonly sent: DraftFields;
  /** The settings, once every field can be read and none contradicts another. */
  readonly settings: BotSettings | null;
  readonly errors: readonly FieldError[];
}

/** `market` is what the settings are held against; without one only what they say by themselves counts. */
export function checkDraft(
  kind: BotKind,
  arrangement: Arrangement,
  draft: DraftFields,
  market: Market | null,
): CheckedDraft {
  const sent = { ...sentDraft(fieldsOf(kind), arrangement, draft), kind };
  const parsed = parseSettings(sent);
  if (!parsed.ok) return { sent, settings: null, errors: parsed.errors };
  const { settings } = parsed;
  if (market === null) return { sent, settings, errors: [] };
  const { instruments, prices, unknown } = marketOf(settings.symbols, market);
  if (unknown.length > 0) {
    const expected = `one of ${[...market.instruments.keys()].join(', ')}`;
    const errors = unknown.map((found) => ({ field: 'symbols', expected, found }));
    return { sent, settings: null, errors };
  }
  // Without a price nothing can be held against the exchange's limits yet; the desk looks again when it is sent.
  const quoted = instruments.every(({ symbol }) => prices[symbol] !== undefined);
  const errors = quoted ? checkSettings(settings, instruments, prices, market.feeRatePpm) : [];
  return { sent, settings, errors };
}

/** Instruments and prices (ticks by symbol) of `symbols`, and which of them the desk does not trade. */
export function marketOf(
  symbols: readonly string[],
  market: Market,
): {
  readonly instruments: readonly Instrument[];
  readonly prices: Readonly<Record<string, PriceTicks>>;
  readonly unknown: readonly string[];
} {
  const instruments: Instrument[] = [];
  const prices: Record<string, PriceTicks> = {};
  const unknown: string[] = [];
  for (const symbol of symbols) {
    const instrument = market.instruments.get(symbol);
    if (instrument === undefined) {
      unknown.push(symbol);
      continue;
    }
    instruments.push(instrument);
    const last = market.lastPrice(symbol);
    const parsed = last === null ? null : parsePrice(instrument, last);
    if (parsed?.ok === true) prices[symbol] = parsed.value;
  }
  return { instruments, prices, unknown };
}
