// SPDX-License-Identifier: Apache-2.0
// Whether a signal bot's settings can trade, and what a position of it would look like.

import type { Instrument } from '../instrument.ts';
import type { Direction } from '../order.ts';
import type { FieldError } from '../settings/field.ts';
import { flatQuote, planErrors } from '../smart-trade/check.ts';
import type { PriceTicks } from '../units.ts';
import { mayOpen, signalPlan, type SignalSettings } from './settings.ts';

/**
 * Whether `settings` can trade on `instruments` at `prices` (ticks by symbol): the first entry of a position and all of
 * its exits keep the venue's limits. A share of the balance is not known before.
 */
export function checkSignalSettings(
  settings: SignalSettings,
  instruments: readonly Instrument[],
  prices: Readonly<Record<string, PriceTicks>>,
  feeRatePpm: number,
): readonly FieldError[] {
  const errors: FieldError[] = [];
  for (const symbol of settings.symbols) {
    const instrument = instruments.find((candidate) => candidate.symbol === symbol);
    const price = prices[symbol];
    if (instrument === undefined || price === undefined || !(price >= instrument.minTicks)) {
      const expected = 'symbols the venue trades, each with a price';
      errors.push({ field: 'symbols', expected, found: symbol });
      continue;
    }
    if (price < 1) continue;
    for (const direction of ['long', 'short'] as const satisfies readonly Direction[]) {
      if (!mayOpen(settings, direction)) continue;
      const plan = signalPlan(settings, direction);
      const found = planErrors({ plan, instrument, quote: flatQuote(price), feeRatePpm });
      errors.push(...found.map((error) => ({ ...error, field: fieldOf(error.field) })));
      if (found.length > 0) break;
    }
  }
  return errors;
}

/** A plan's entry is made of fields of its own here. */
function fieldOf(field: string): string {
  return field.startsWith('entries[0].price') ? 'entryOffset' : field;
}
