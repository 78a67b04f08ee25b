// SPDX-License-Identifier: Apache-2.0
// Random settings for every kind of bot. A kind that is added to the table takes part in every run.

import type { Random } from '../../simulator/src/market/random.ts';

type Settings = Readonly<Record<string, unknown>>;
type Generator = (random: Random, symbols: readonly string[]) => Settings;

/** By kind, and how often it comes. */
const KINDS: readonly {
  readonly kind: string;
  readonly weight: number;
  readonly settings: Generator;
}[] = [{ kind: 'dca', weight: 1, settings: dca }];

export function randomBot(random: Random, symbols: readonly string[], name: string): Settings {
  const total = KINDS.reduce((sum, { weight }) => sum + weight, 0);
  let draw = random.unit() * total;
  let chosen = KINDS[0];
  for (const candidate of KINDS) {
    chosen = candidate;
    draw -= candidate.weight;
    if (draw < 0) break;
  }
  if (chosen === undefined) throw new Error('there is no kind of bot');
  return { kind: chosen.kind, name, ...chosen.settings(random, symbols) };
}

function dca(random: Random, symbols: readonly string[]): Settings {
  const steps = random.below(7);
  const step = decimal(random, 0.1, 0.7);
  const stepScale = decimal(random, 0.9, 1.4);
  const isMarket = random.chance(0.7);
  let deepest = 0;
  let distance = Number(step);
  for (let index = 0; index < steps; index += 1) {
    deepest += distance;
    distance *= Number(stepScale);
  }
  return {
    symbols: some(random, symbols),
    baseOrderVolume: decimal(random, 20, 400, 2),
    baseOrderType: isMarket ? 'market' : 'limit',
    safetyOrderVolume: decimal(random, 20, 300, 2),
    safetyOrderStep: step,
    maxSafetyOrders: steps,
    maxActiveSafetyOrders: 1 + random.below(Math.max(1, steps)),
    volumeScale: decimal(random, 0.9, 1.6),
    stepScale,
    takeProfit: decimal(random, 0.05, random.chance(0.7) ? 0.4 : 1.5),
    ...(random.chance(0.5) ? { stopLoss: decimal(random, deepest + 0.2, deepest + 2.5) } : {}),
    cooldownSeconds: random.chance(0.6) ? 0 : random.below(200),
    maxActiveDeals: 1 + random.below(symbols.length),
    ...(random.chance(0.5) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
  };
}

function some(random: Random, symbols: readonly string[]): readonly string[] {
  return random.shuffled(symbols).slice(0, 1 + random.below(symbols.length));
}

/** A decimal number as text, evenly between two bounds. */
function decimal(random: Random, least: number, most: number, digits = 2): string {
  return (least + (most - least) * random.unit()).toFixed(digits);
}
