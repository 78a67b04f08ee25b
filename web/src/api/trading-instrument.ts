// SPDX-License-Identifier: Apache-2.0
// An instrument of the API as the trading machine knows it, for previews and checks on the page.

import { makeInstrument, type Instrument as TradingInstrument } from '@kontor/core';

import type { Instrument } from './types.ts';

const remembered = new WeakMap<Instrument, TradingInstrument>();

export function toTradingInstrument(instrument: Instrument): TradingInstrument {
  const known = remembered.get(instrument);
  if (known !== undefined) return known;
  const made = makeInstrument(instrument);
  remembered.set(instrument, made);
  return made;
}
