// SPDX-License-Identifier: Apache-2.0
// Random signals with everything a sender may say beside the action, for tests.

import { parseGivenSignal } from '../src/index.ts';
import { exitSteps, size, termsOf, type Dice, type Settings } from './random-settings.ts';

const SIDES = ['long', 'short', 'flat'] as const;

/** `action` as somebody outside gives it who sees the market at `price`; when it was sent is not said. */
export function randomGiven(random: Dice, action: string, price: number): Settings {
  const seen = price * (1 + 0.01 * (random.unit() - 0.5));
  const isStrategy = action === 'buy' || action === 'sell';
  const given = {
    action,
    ...(random.chance(0.3) ? { id: `signal ${random.below(20)}` } : {}),
    ...(random.chance(0.4) ? { price: seen.toFixed(12) } : {}),
    ...(random.chance(0.3) ? { size: randomSize(random, action, price) } : {}),
    ...(random.chance(0.15) ? { entry: randomEntry(random, price) } : {}),
    ...(isStrategy ? { strategy: randomStrategy(random) } : {}),
    ...(random.chance(0.15) ? { exits: randomExits(random, action, price) } : {}),
    ...(action === 'disable' && random.chance(0.5)
      ? { deals: random.chance(0.5) ? 'close' : 'cancel' }
      : {}),
  };
  const parsed = parseGivenSignal(given);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return given;
}

function randomExits(random: Dice, action: string, price: number): Settings {
  const up = action === 'enterShort' || action === 'sell' ? -1 : 1;
  return exitSteps(random, true, {
    profit: termsOf(random, price, up),
    loss: termsOf(random, price, -up),
  });
}

function randomSize(random: Dice, action: string, price: number): Settings {
  const isExit = action.startsWith('exit') || action === 'close';
  return isExit && random.chance(0.8)
    ? { kind: 'position', percent: String(10 + random.below(91)) }
    : size(random, price);
}

function randomEntry(random: Dice, price: number): Settings {
  if (random.chance(0.4)) return { kind: 'market' };
  const term = random.chance(0.5)
    ? { kind: 'percent', percent: (0.3 * random.unit()).toFixed(2) }
    : { kind: 'price', price: (price * (1 + 0.004 * (random.unit() - 0.5))).toFixed(12) };
  return { kind: 'limit', price: term };
}

function randomStrategy(random: Dice): Settings {
  const side = SIDES[random.below(SIDES.length)];
  const sideBefore = SIDES[random.below(SIDES.length)];
  const amount = (): string => String(1 + random.below(10));
  return {
    side,
    ...(random.chance(0.6) ? { size: side === 'flat' ? '0' : amount() } : {}),
    ...(random.chance(0.6) ? { sideBefore } : {}),
    ...(random.chance(0.4) ? { sizeBefore: sideBefore === 'flat' ? '0' : amount() } : {}),
  };
}
