// SPDX-License-Identifier: Apache-2.0
// What happens in one run, as plain data that follows from its seed: a market, bots, what people do, what breaks.

import type { FaultRequest } from '../../simulator/src/faults.ts';
import { Random } from '../../simulator/src/market/random.ts';
import { randomBot } from './bots.ts';
import type { NetworkTrouble } from './line.ts';
import { randomMarket, type MarketPlan } from './market-plan.ts';
import type { CrashMoment } from './server-life.ts';

export const HOUR_MINUTES = 60;
/** Of calm after the hour, for everything to come to rest, and of candles before it. */
export const SETTLE_MINUTES = 8;
const HISTORY_MINUTES = 30;
const MINUTE_MS = 60_000;
const HOUR_MS = HOUR_MINUTES * MINUTE_MS;

/** Something that happens `at` ms after the start. */
export type Happening = { readonly at: number } & (
  | Fault
  | {
      readonly kind: 'createBot';
      readonly settings: Readonly<Record<string, unknown>>;
    }
  /** `pick` chooses among those there are then. */
  | { readonly kind: 'commandBot'; readonly action: 'start' | 'stop'; readonly pick: number }
  | { readonly kind: 'commandDeal'; readonly action: 'close' | 'cancel'; readonly pick: number }
);

/** Every kind of trouble; `ms` is how long it lasts. */
export type Fault =
  | { readonly kind: 'venue'; readonly request: FaultRequest }
  | {
      readonly kind: 'crash';
      readonly moment: CrashMoment;
      readonly nth: number;
      readonly downMs: number;
    }
  | { readonly kind: 'signerDown'; readonly ms: number }
  | { readonly kind: 'egressDown'; readonly ms: number }
  | { readonly kind: 'network'; readonly trouble: NetworkTrouble; readonly ms: number }
  | { readonly kind: 'policy'; readonly share: number; readonly ms: number }
  | { readonly kind: 'marketStreamDown'; readonly ms: number }
  /** The wall clock of the desk's machine is set wrong, and right again. */
  | { readonly kind: 'wallClock'; readonly offsetMs: number; readonly ms: number }
  /** A person, or the exchange, takes one of our orders off the book. */
  | { readonly kind: 'strangerCancels'; readonly pick: number }
  /** A person trades by hand on the same account. */
  | {
      readonly kind: 'handOrder';
      readonly pick: number;
      readonly side: 'BUY' | 'SELL';
      readonly type: 'LIMIT' | 'MARKET';
      /** Of the free balance. */
      readonly share: number;
      readonly distance: number;
    }
  | { readonly kind: 'handCancel'; readonly pick: number }
  | {
      readonly kind: 'withdraw';
      readonly pick: number;
      readonly share: number;
      readonly ms: number;
    }
  /** Somebody takes the book of a symbol away, up to a distance. */
  | {
      readonly kind: 'sweep';
      readonly pick: number;
      readonly side: 'buy' | 'sell';
      readonly distance: number;
    };

export interface Plan {
  readonly seed: number;
  readonly market: MarketPlan;
  readonly feePpm: number;
  /** Of the quote asset. */
  readonly quote: string;
  readonly firstBots: readonly Readonly<Record<string, unknown>>[];
  readonly happenings: readonly Happening[];
}

export function planOf(seed: number): Plan {
  const random = Random.fromSeed(`${seed} plan`);
  const market = randomMarket(Random.fromSeed(`${seed} market`), {
    minutes: HOUR_MINUTES + SETTLE_MINUTES,
    historyMinutes: HISTORY_MINUTES,
  });
  const bots = Random.fromSeed(`${seed} bots`);
  const firstBots = Array.from({ length: 1 + bots.below(3) }, (_, index) =>
    randomBot(bots, market.symbols, `first ${index + 1}`),
  );
  const happenings = [
    ...randomFaults(Random.fromSeed(`${seed} faults`)),
    ...randomWishes(Random.fromSeed(`${seed} wishes`), market),
  ].toSorted((left, right) => left.at - right.at);
  return {
    seed,
    market,
    feePpm: [0, 750, 1_000][random.below(3)] ?? 1_000,
    quote: String(random.chance(0.25) ? 150 + random.below(500) : 20_000),
    firstBots,
    happenings,
  };
}

export function historyMinutes(): number {
  return HISTORY_MINUTES;
}

/** When the trouble of `happening` is over, in ms after the start; null where it is none. */
export function endOf(happening: Happening): number | null {
  switch (happening.kind) {
    case 'venue':
      return happening.at + (happening.request.durationMs ?? 0);
    case 'crash':
      // A moment that does not come within this time is not waited for.
      return happening.at + happening.downMs + (happening.moment === 'now' ? 0 : CRASH_WAIT_MS);
    case 'signerDown':
    case 'egressDown':
    case 'network':
    case 'policy':
    case 'marketStreamDown':
    case 'wallClock':
    case 'withdraw':
      return happening.at + happening.ms;
    case 'strangerCancels':
    case 'handOrder':
    case 'handCancel':
    case 'sweep':
      return happening.at;
    case 'createBot':
    case 'commandBot':
    case 'commandDeal':
      return null;
  }
}

/** A planned crash strikes within this time or not at all. */
export const CRASH_WAIT_MS = 60_000;

/** What people want of their bots. */
function randomWishes(random: Random, market: MarketPlan): readonly Happening[] {
  const wishes: Happening[] = [];
  const at = (): number => random.below(HOUR_MS);
  for (let count = random.below(3); count > 0; count -= 1) {
    const settings = randomBot(random, market.symbols, `later ${count}`);
    wishes.push({ at: at(), kind: 'createBot', settings });
  }
  for (let count = random.below(5); count > 0; count -= 1) {
    const action = random.chance(0.5) ? 'start' : 'stop';
    wishes.push({ at: at(), kind: 'commandBot', action, pick: random.below(1_000) });
  }
  for (let count = random.below(5); count > 0; count -= 1) {
    const action = random.chance(0.6) ? 'close' : 'cancel';
    wishes.push({ at: at(), kind: 'commandDeal', action, pick: random.below(1_000) });
  }
  return wishes;
}

/** Bursts of trouble with calm between them. */
function randomFaults(random: Random): readonly Happening[] {
  const faults: Happening[] = [];
  const bursts = 1 + random.below(5);
  for (let burst = 0; burst < bursts; burst += 1) {
    const start = random.below(HOUR_MS);
    const lastsMs = 5_000 + random.below(4 * MINUTE_MS);
    for (let count = 1 + random.below(5); count > 0; count -= 1) {
      const at = Math.min(start + random.below(lastsMs), HOUR_MS);
      faults.push({ at, ...randomFault(random) });
    }
  }
  for (let count = random.below(4); count > 0; count -= 1) {
    faults.push({ at: random.below(HOUR_MS), ...handOf(random) });
  }
  return faults;
}

/** Mostly short, sometimes for minutes. */
function duration(random: Random): number {
  return random.chance(0.8) ? 500 + random.below(20_000) : 20_000 + random.below(220_000);
}

const ROUTES: readonly { readonly method?: string; readonly path?: string }[] = [
  {},
  { method: 'POST', path: '/api/v3/order' },
  { method: 'DELETE', path: '/api/v3/order' },
  { method: 'GET', path: '/api/v3/order' },
  { method: 'GET', path: '/api/v3/*' },
  { path: '/api/v3/myTrades' },
];

function randomFault(random: Random): Fault {
  const draw = random.below(100);
  if (draw < 34) return { kind: 'venue', request: randomRequestFault(random) };
  if (draw < 52) return { kind: 'venue', request: randomEventFault(random) };
  if (draw < 70) return randomCrash(random);
  if (draw < 75) return { kind: 'signerDown', ms: duration(random) };
  if (draw < 80) return { kind: 'egressDown', ms: duration(random) };
  if (draw < 88) return { kind: 'network', trouble: randomTrouble(random), ms: duration(random) };
  if (draw < 91) {
    return { kind: 'policy', share: random.chance(0.5) ? 1 : 0.5, ms: duration(random) };
  }
  if (draw < 94) return { kind: 'marketStreamDown', ms: duration(random) };
  if (draw < 96) {
    const offsetMs = (random.chance(0.5) ? 1 : -1) * (100 + random.below(8_000));
    return { kind: 'wallClock', offsetMs, ms: duration(random) };
  }
  return handOf(random);
}

function randomRequestFault(random: Random): FaultRequest {
  const kinds = [
    'acceptThenTimeout',
    'acceptThenTimeout',
    'errorBeforeAccept',
    'errorAfterAccept',
    'errorAfterAccept',
    'partialOutage',
    'maintenance',
    'clockSkew',
  ] as const;
  const kind = kinds[random.below(kinds.length)] ?? 'acceptThenTimeout';
  const durationMs = duration(random);
  if (kind === 'clockSkew') {
    return { kind, durationMs, skewMs: (random.chance(0.5) ? 1 : -1) * random.below(9_000) };
  }
  if (kind === 'maintenance') return { kind, durationMs };
  const route = ROUTES[random.below(ROUTES.length)] ?? {};
  return {
    kind,
    durationMs,
    ...route,
    ...(random.chance(0.5) ? { count: 1 + random.below(4) } : {}),
    ...(random.chance(0.3) ? { skip: random.below(3) } : {}),
    ...(random.chance(0.5) ? { share: 0.2 + 0.8 * random.unit() } : {}),
    mode: random.chance(0.5) ? 'hang' : 'answer',
  };
}

function randomEventFault(random: Random): FaultRequest {
  const kinds = [
    'dropSockets',
    'dropSockets',
    'silentSockets',
    'duplicateEvents',
    'delayEvents',
    'reorderEvents',
  ] as const;
  const kind = kinds[random.below(kinds.length)] ?? 'dropSockets';
  const durationMs = duration(random);
  switch (kind) {
    case 'dropSockets':
      return random.chance(0.5) ? { kind } : { kind, durationMs };
    case 'silentSockets':
      return { kind, durationMs };
    case 'duplicateEvents':
      return { kind, durationMs, share: 0.2 + 0.8 * random.unit() };
    case 'delayEvents':
      return { kind, durationMs, delayMs: 100 + random.below(8_000), share: random.unit() };
    case 'reorderEvents':
      return { kind, durationMs, window: 2 + random.below(5), delayMs: 100 + random.below(4_000) };
  }
}

function randomCrash(random: Random): Fault {
  const moments = ['now', 'beforeCommit', 'afterCommit', 'beforeSend', 'afterSend'] as const;
  return {
    kind: 'crash',
    moment: moments[random.below(moments.length)] ?? 'now',
    nth: 1 + random.below(6),
    downMs: random.chance(0.8) ? 200 + random.below(6_000) : 6_000 + random.below(200_000),
  };
}

function randomTrouble(random: Random): NetworkTrouble {
  const share = (): number => (random.chance(0.5) ? 0 : 0.7 * random.unit() ** 2);
  return {
    connectFails: share(),
    requestLost: share(),
    answerLost: share(),
    reset: share(),
    lateMs: random.chance(0.5) ? 0 : random.below(9_000),
  };
}

/** What people do at the exchange, past the desk. */
function handOf(random: Random): Fault {
  const pick = random.below(1_000);
  const draw = random.below(100);
  if (draw < 35) return { kind: 'strangerCancels', pick };
  if (draw < 65) {
    return {
      kind: 'handOrder',
      pick,
      side: random.chance(0.5) ? 'BUY' : 'SELL',
      type: random.chance(0.6) ? 'LIMIT' : 'MARKET',
      share: random.chance(0.3) ? 1 : 0.02 + 0.4 * random.unit(),
      distance: 0.002 + 0.03 * random.unit(),
    };
  }
  if (draw < 70) return { kind: 'handCancel', pick };
  if (draw < 80) {
    return { kind: 'withdraw', pick, share: 0.2 + 0.8 * random.unit(), ms: duration(random) };
  }
  const side = random.chance(0.5) ? 'buy' : 'sell';
  return { kind: 'sweep', pick, side, distance: 0.005 + 0.05 * random.unit() };
}
