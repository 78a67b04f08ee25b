// SPDX-License-Identifier: Apache-2.0
// Random bots on the markets of a run.

import { randomSettings, type Settings } from '../../core/test/random-settings.ts';
import type { Random } from '../../simulator/src/market/random.ts';
import { startPrice } from './market-plan.ts';

/** Settings of some kind, or of the one named, that do not contradict themselves. */
export function randomBot(
  random: Random,
  symbols: readonly string[],
  name: string,
  wanted?: string,
): Settings {
  const markets = symbols.map((symbol) => ({ symbol, price: startPrice(symbol) }));
  return randomSettings(random, markets, name, wanted);
}
