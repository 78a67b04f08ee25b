// SPDX-License-Identifier: Apache-2.0
// Random bots on the markets of a run.

import { parseSettings } from '@kontor/core';
import { randomTriggers } from '../../core/test/random-conditions.ts';
import { randomSettings, type Settings } from '../../core/test/random-settings.ts';
import type { Random } from '../../simulator/src/market/random.ts';
import { startPrice } from './market-plan.ts';

/** The share of DCA bots that act on indicators. */
const WITH_CONDITIONS = 0.4;

/** Settings of some kind, or of the one named, that do not contradict themselves. */
export function randomBot(
  random: Random,
  symbols: readonly string[],
  name: string,
  wanted?: string,
): Settings {
  const markets = symbols.map((symbol) => ({ symbol, price: startPrice(symbol) }));
  const settings = randomSettings(random, markets, name, wanted);
  if (settings['kind'] !== 'dca' || !random.chance(WITH_CONDITIONS)) return settings;
  const triggered = { ...settings, ...randomTriggers(random) };
  return parseSettings(triggered).ok ? triggered : settings;
}
