// SPDX-License-Identifier: Apache-2.0
// What happens in one run, as plain data that follows from its seed: a market, bots, what people do, what breaks.

import type { RiskState, SignalAction } from '@kontor/core';
import type { BotAction, DealAction } from '../../server/src/bot-actions.ts';
import type { FaultRequest } from '../../simulator/src/faults.ts';
import { Random } from '../../simulator/src/market/random.ts';
import { randomBot } from './bots.ts';
import type { LineStrike, NetworkTrouble } from './line.ts';
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
  /** What else a person may ask of a bot or of one of its deals. */
  | { readonly kind: 'command'; readonly wish: Wish; readonly pick: number }
  | {
      readonly kind: 'signal';
      readonly action: SignalAction;
      readonly symbol: string;
      readonly pick: number;
      /** What else its sender says, drawn when the price is known. */
      readonly draw: number;
    }
  /** A person, or a person's kill switch; `pick` null is the whole desk. */
  | { readonly kind: 'risk'; readonly state: RiskState; readonly pick: number | null }
  | {
      readonly kind: 'riskLimits';
      readonly limits: Readonly<Record<string, unknown>>;
      readonly pick: number | null;
    }
  /** The store is copied; a later `restore` brings the copy back after a crash. */
  | { readonly kind: 'backup' }
  | { readonly kind: 'restore'; readonly downMs: number }
);

export type Wish =
  | { readonly kind: 'startDeal'; readonly symbol: string; readonly skipLimits: boolean }
  | { readonly kind: BotAction }
  | {
      readonly kind: 'addFunds' | 'reduceFunds';
      readonly quote: string;
      /** Better than the market by this part of the price; null at once. */
      readonly distance: number | null;
    }
  | Extract<DealAction, { kind: 'convert' | 'forceEntry' | 'closeStep' | 'cancelStep' }>
  /** New settings for a bot or one of its deals, drawn when its kind is known. */
  | { readonly kind: 'editSettings' | 'editDeal'; readonly draw: number }
  /** A person takes one order of a deal back, or decides about an orphan. */
  | { readonly kind: 'cancelOrder' }
  | { readonly kind: 'orphan'; readonly decision: 'adopt' | 'cancel' }
  | { readonly kind: 'archive' };

/** Every kind of trouble; `ms` is how long it lasts. Those without a length strike when their moment comes. */
export type Fault =
  | { readonly kind: 'venue'; readonly request: FaultRequest }
  | { readonly kind: 'line'; readonly strike: LineStrike }
  | {
      readonly kind: 'crash';
      readonly moment: CrashMoment;
      readonly nth: number;
      readonly downMs: number;
    }
  | { readonly kind: 'peerDown'; readonly peer: 'signer' | 'egress'; readonly ms: number }
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
  /** Of each coin, as many as are worth so much of the quote asset. */
  readonly coins: number;
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
  const firstBots = Array.from({ length: 1 + bots.below(5) }, (_, index) =>
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
    quote: String(random.chance(0.12) ? 150 + random.below(500) : 20_000),
    coins: random.chance(0.8) ? 5_000 : 0,
    firstBots,
    happenings,
  };
}

export function historyMinutes(): number {
  return HISTORY_MINUTES;
}

/** How long `happening` keeps something broken; what strikes later by itself is told when it does. */
export function lengthOf(happening: Happening): number {
  switch (happening.kind) {
    case 'venue':
      return happening.request.durationMs ?? 0;
    case 'network':
    case 'policy':
    case 'marketStreamDown':
    case 'wallClock':
    case 'withdraw':
      return happening.ms;
    case 'line':
    case 'crash':
    case 'peerDown':
    case 'strangerCancels':
    case 'handOrder':
    case 'handCancel':
    case 'sweep':
    case 'createBot':
    case 'commandBot':
    case 'commandDeal':
    case 'command':
    case 'signal':
    case 'risk':
    case 'riskLimits':
    case 'backup':
    case 'restore':
      return 0;
  }
}

/** What people want of their bots. */
function randomWishes(random: Random, market: MarketPlan): readonly Happening[] {
  const wishes: Happening[] = [];
  const at = (): number => random.below(HOUR_MS);
  for (let count = random.below(4); count > 0; count -= 1) {
    const settings = randomBot(random, market.symbols, `later ${count}`);
    wishes.push({ at: at(), kind: 'createBot', settings });
  }
  for (let count = random.below(6); count > 0; count -= 1) {
    const action = random.chance(0.6) ? 'start' : 'stop';
    wishes.push({ at: at(), kind: 'commandBot', action, pick: random.below(1_000) });
  }
  for (let count = random.below(8); count > 0; count -= 1) {
    const action = random.chance(0.6) ? 'close' : 'cancel';
    wishes.push({ at: at(), kind: 'commandDeal', action, pick: random.below(1_000) });
  }
  for (let count = random.below(12); count > 0; count -= 1) {
    const wish = randomWish(random, market.symbols);
    wishes.push({ at: at(), kind: 'command', wish, pick: random.below(1_000) });
  }
  for (let count = random.below(60); count > 0; count -= 1) {
    wishes.push({
      at: at(),
      kind: 'signal',
      action: SIGNALS[random.below(SIGNALS.length)] ?? 'start',
      symbol: market.symbols[random.below(market.symbols.length)] ?? '',
      pick: random.below(1_000),
      draw: random.uint32(),
    });
  }
  if (random.chance(0.3)) wishes.push(...randomRisk(random));
  if (random.chance(0.06)) wishes.push(...randomRestore(random));
  return wishes;
}

const SIGNALS: readonly SignalAction[] = [
  'start',
  'start',
  'enterLong',
  'enterLong',
  'enterLong',
  'enterShort',
  'enterShort',
  'exitLong',
  'exitShort',
  'reverse',
  'safetyOrder',
  'close',
  'disable',
  'buy',
  'sell',
];

const BOT_ACTIONS: readonly BotAction[] = [
  'stop-and-close',
  'stop-and-cancel',
  'close-all',
  'cancel-all',
];

function randomWish(random: Random, symbols: readonly string[]): Wish {
  const symbol = symbols[random.below(symbols.length)] ?? '';
  const draw = random.below(100);
  if (draw < 18) return { kind: 'startDeal', symbol, skipLimits: random.chance(0.5) };
  if (draw < 28) return { kind: BOT_ACTIONS[random.below(BOT_ACTIONS.length)] ?? 'close-all' };
  if (draw < 54) {
    return {
      kind: random.chance(0.5) ? 'addFunds' : 'reduceFunds',
      quote: (10 + 150 * random.unit()).toFixed(2),
      distance: random.chance(0.5) ? null : 0.01 * random.unit(),
    };
  }
  if (draw < 62) return { kind: 'closeStep', step: 1 + random.below(4) };
  if (draw < 70) {
    const of = random.chance(0.5) ? 'entry' : 'takeProfit';
    return { kind: 'cancelStep', of, step: 1 + random.below(4) };
  }
  if (draw < 73) return { kind: 'cancelOrder' };
  if (draw < 76) return { kind: 'forceEntry' };
  if (draw < 81) return { kind: 'convert' };
  if (draw < 88) return { kind: 'editSettings', draw: random.uint32() };
  return draw < 96 ? { kind: 'editDeal', draw: random.uint32() } : { kind: 'archive' };
}

function randomRisk(random: Random): readonly Happening[] {
  const wishes: Happening[] = [];
  const pick = (): number | null => (random.chance(0.5) ? null : random.below(1_000));
  for (let count = random.below(5); count > 0; count -= 1) {
    const state =
      (['active', 'active', 'reducing', 'halted'] as const)[random.below(4)] ?? 'active';
    wishes.push({ at: random.below(HOUR_MS), kind: 'risk', state, pick: pick() });
  }
  if (random.chance(0.5)) {
    const amount = (least: number, most: number): readonly object[] => [
      { asset: 'USDT', amount: (least + (most - least) * random.unit()).toFixed(2) },
    ];
    const limits = {
      ...(random.chance(0.5) ? { maxExposure: amount(100, 3_000) } : {}),
      ...(random.chance(0.5) ? { maxOpenOrders: 1 + random.below(12) } : {}),
      ...(random.chance(0.5) ? { dailyLoss: amount(0.5, 20) } : {}),
    };
    wishes.push({ at: random.below(HOUR_MS), kind: 'riskLimits', limits, pick: pick() });
  }
  return wishes;
}

function randomRestore(random: Random): readonly Happening[] {
  const copiedAt = random.below(HOUR_MS / 2);
  const restoredAt = copiedAt + random.below(HOUR_MS / 2);
  const downMs = 500 + random.below(60_000);
  const decisions = Array.from({ length: random.below(5) }, (): Happening => {
    const decision = random.chance(0.6) ? 'adopt' : 'cancel';
    const at = Math.min(HOUR_MS, restoredAt + downMs + random.below(HOUR_MS / 4));
    return { at, kind: 'command', wish: { kind: 'orphan', decision }, pick: random.below(1_000) };
  });
  return [
    { at: copiedAt, kind: 'backup' },
    { at: restoredAt, kind: 'restore', downMs },
    ...decisions,
  ];
}

/** Bursts of trouble with calm between them, and single blows anywhere. */
function randomFaults(random: Random): readonly Happening[] {
  const faults: Happening[] = [];
  for (let bursts = 1 + random.below(6); bursts > 0; bursts -= 1) {
    const start = random.below(HOUR_MS);
    const lastsMs = 5_000 + random.below(4 * MINUTE_MS);
    for (let count = 1 + random.below(6); count > 0; count -= 1) {
      const at = Math.min(start + random.below(lastsMs), HOUR_MS);
      faults.push({ at, ...randomFault(random) });
    }
  }
  for (let count = random.below(20); count > 0; count -= 1) {
    faults.push({ at: random.below(HOUR_MS), ...blow(random) });
  }
  return faults;
}

/** Mostly short, sometimes for minutes. */
function duration(random: Random): number {
  return random.chance(0.8) ? 500 + random.below(20_000) : 20_000 + random.below(220_000);
}

const PLACE = { method: 'POST', path: '/api/v3/order' } as const;
const CANCEL = { method: 'DELETE', path: '/api/v3/order' } as const;
const QUERY = { method: 'GET', path: '/api/v3/order' } as const;
const ROUTES: readonly { readonly method?: string; readonly path?: string }[] = [
  {},
  PLACE,
  PLACE,
  CANCEL,
  QUERY,
  { method: 'GET', path: '/api/v3/*' },
  { path: '/api/v3/myTrades' },
  { path: '/api/v3/openOrders' },
  { path: '/api/v3/account' },
];

/** Something that lasts. */
function randomFault(random: Random): Fault {
  const draw = random.below(100);
  if (draw < 22) return { kind: 'venue', request: randomRequestFault(random) };
  if (draw < 42) return { kind: 'venue', request: randomEventFault(random) };
  if (draw < 50) {
    const peer = random.chance(0.5) ? 'signer' : 'egress';
    return { kind: 'peerDown', peer, ms: duration(random) };
  }
  if (draw < 60) return { kind: 'network', trouble: randomTrouble(random), ms: duration(random) };
  if (draw < 64) {
    return { kind: 'policy', share: random.chance(0.5) ? 1 : 0.5, ms: duration(random) };
  }
  if (draw < 68) return { kind: 'marketStreamDown', ms: duration(random) };
  if (draw < 71) {
    const offsetMs = (random.chance(0.5) ? 1 : -1) * (100 + random.below(8_000));
    return { kind: 'wallClock', offsetMs, ms: duration(random) };
  }
  return blow(random);
}

/** Something that strikes once, when its moment comes. */
function blow(random: Random): Fault {
  const draw = random.below(100);
  if (draw < 25) return randomCrash(random);
  if (draw < 50) return { kind: 'venue', request: randomRequestBlow(random) };
  if (draw < 75) return { kind: 'line', strike: randomStrike(random) };
  return handOf(random);
}

const ANSWER_KINDS = [
  'acceptThenTimeout',
  'errorBeforeAccept',
  'errorAfterAccept',
  'partialOutage',
] as const;

function randomRequestFault(random: Random): FaultRequest {
  const durationMs = duration(random);
  const draw = random.below(100);
  if (draw < 12) {
    const skewMs = (random.chance(0.5) ? 1 : -1) * random.below(9_000);
    return { kind: 'clockSkew', durationMs, skewMs };
  }
  if (draw < 24) return { kind: 'maintenance', durationMs };
  return {
    kind: ANSWER_KINDS[random.below(ANSWER_KINDS.length)] ?? 'errorAfterAccept',
    durationMs,
    ...ROUTES[random.below(ROUTES.length)],
    ...(random.chance(0.5) ? { share: 0.2 + 0.8 * random.unit() } : {}),
    mode: random.chance(0.5) ? 'hang' : 'answer',
  };
}

/** Strikes the next few requests of a kind, whenever they come. */
function randomRequestBlow(random: Random): FaultRequest {
  const route = random.chance(0.7)
    ? ([PLACE, PLACE, CANCEL, QUERY][random.below(4)] ?? PLACE)
    : ROUTES[random.below(ROUTES.length)];
  return {
    kind: ANSWER_KINDS[random.below(3)] ?? 'errorAfterAccept',
    count: 1 + random.below(3),
    skip: random.below(4),
    ...route,
    mode: random.chance(0.5) ? 'hang' : 'answer',
  };
}

function randomStrike(random: Random): LineStrike {
  const intents = ['placeOrder', 'placeOrder', 'cancelOrder', 'queryOrder', 'any'] as const;
  const on = intents[random.below(intents.length)] ?? 'any';
  const base = { on, skip: random.below(5), count: 1 + random.below(2) };
  const draw = random.below(100);
  if (draw < 45) {
    const points = ['atSigner', 'signed', 'sent', 'answered'] as const;
    const what = {
      kind: 'peerDies',
      peer: random.chance(0.5) ? 'signer' : 'egress',
      point: points[random.below(points.length)] ?? 'sent',
      ms: 100 + random.below(random.chance(0.8) ? 3_000 : 40_000),
    } as const;
    return { ...base, count: 1, what };
  }
  if (draw < 65) return { ...base, what: { kind: 'late', ms: 500 + random.below(8_000) } };
  const kinds = ['connectFails', 'requestLost', 'answerLost', 'reset', 'reset', 'reset'] as const;
  return { ...base, what: { kind: kinds[random.below(kinds.length)] ?? 'reset' } };
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
    nth: 1 + random.below(12),
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
  if (draw < 45) return { kind: 'strangerCancels', pick };
  if (draw < 70) {
    return {
      kind: 'handOrder',
      pick,
      side: random.chance(0.5) ? 'BUY' : 'SELL',
      type: random.chance(0.6) ? 'LIMIT' : 'MARKET',
      share: random.chance(0.3) ? 1 : 0.02 + 0.4 * random.unit(),
      distance: 0.002 + 0.03 * random.unit(),
    };
  }
  if (draw < 75) return { kind: 'handCancel', pick };
  if (draw < 84) {
    return { kind: 'withdraw', pick, share: 0.2 + 0.8 * random.unit(), ms: duration(random) };
  }
  const side = random.chance(0.5) ? 'buy' : 'sell';
  return { kind: 'sweep', pick, side, distance: 0.005 + 0.05 * random.unit() };
}
