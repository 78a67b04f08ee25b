// SPDX-License-Identifier: Apache-2.0
// A deal that was never traded: settings at a price, for previews and for checks before anything is started.

import type { Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import { enteredBase, enteredMoney, entryAverage } from '../position.ts';
import { newDeal, type DcaDeal } from './deal.ts';
import { addEntry } from './ladder.ts';
import type { DcaDealSettings } from './terms.ts';

/** The deal of `settings` before its base order. */
export function paperDeal(
  settings: DcaDealSettings,
  instrument: Instrument,
  feeRatePpm: number,
  free: FreeFunds,
): DcaDeal {
  const deal = newDeal({ dealId: 1, instrument, settings, feeRatePpm, time: 0, free });
  deal.phase = { kind: 'holding' };
  return deal;
}

/** Fills an entry of `deal` wholly at its own price; the first one is its base order. */
export function fillEntry(
  deal: DcaDeal,
  order: { readonly priceTicks: number; readonly lots: number },
): void {
  const { position, instrument, settings, feeRatePpm } = deal;
  addEntry(position, instrument, settings.direction, order, feeRatePpm);
  if (deal.entry.kind === 'entered') return;
  const average = entryAverage(position, instrument, settings.direction);
  if (average === null) return;
  deal.entry = {
    kind: 'entered',
    average,
    money: enteredMoney(position, instrument, settings.direction),
    coins: enteredBase(position, instrument, settings.direction),
  };
}
