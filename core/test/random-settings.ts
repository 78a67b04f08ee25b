// SPDX-License-Identifier: Apache-2.0
// Random settings for every kind of bot, for tests. A kind that is added to the table takes part in all of them.

import { parseSettings } from '../src/index.ts';

/** What a seeded source of randomness must give. */
export interface Dice {
  /** At least 0, less than 1. */
  unit(): number;
  /** A whole number from 0 to `count` − 1. */
  below(count: number): number;
  /** True with the given probability. */
  chance(probability: number): boolean;
  shuffled<T>(items: readonly T[]): T[];
  /** Near enough to a standard normal. */
  gaussian(): number;
}

/** The same numbers for the same seed everywhere. */
export function diceOf(seed: number): Dice {
  let state = seed >>> 0;
  const unit = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  const below = (count: number): number => Math.floor(unit() * count);
  return {
    unit,
    below,
    chance: (probability) => unit() < probability,
    shuffled: (items) => {
      const left = [...items];
      return items.flatMap(() => left.splice(below(left.length), 1));
    },
    gaussian: () => Array.from({ length: 12 }, unit).reduce((sum, each) => sum + each, -6),
  };
}

/** A symbol and about where its price stands. */
export interface PricedSymbol {
  readonly symbol: string;
  readonly price: number;
}

export type Settings = Readonly<Record<string, unknown>>;
type Generator = (random: Dice, markets: readonly PricedSymbol[]) => Settings;

/** By kind, and how often it comes. */
const KINDS: readonly {
  readonly kind: string;
  readonly weight: number;
  readonly settings: Generator;
}[] = [
  { kind: 'dca', weight: 5, settings: dca },
  { kind: 'grid', weight: 2, settings: grid },
  { kind: 'smartTrade', weight: 2, settings: smartTrade },
  { kind: 'signal', weight: 2, settings: signal },
  { kind: 'rebalance', weight: 1, settings: rebalance },
];

const TRIES_MAX = 50;

/** Settings of some kind, or of the one named, on some of `markets`, that do not contradict themselves. */
export function randomSettings(
  random: Dice,
  markets: readonly PricedSymbol[],
  name: string,
  wanted?: string,
): Settings {
  for (let tries = 0; tries < TRIES_MAX; tries += 1) {
    const { kind, settings } = pickKind(random, wanted);
    const made = { kind, name, ...settings(random, markets) };
    if (parseSettings(made).ok) return made;
  }
  throw new Error(`no settings of ${wanted ?? 'any kind'} without contradictions were found`);
}

function pickKind(random: Dice, wanted: string | undefined): (typeof KINDS)[number] {
  const choices = KINDS.filter(({ kind }) => wanted === undefined || kind === wanted);
  const total = choices.reduce((sum, { weight }) => sum + weight, 0);
  let draw = random.unit() * total;
  let chosen = choices[0];
  for (const candidate of choices) {
    chosen = candidate;
    draw -= candidate.weight;
    if (draw < 0) break;
  }
  if (chosen === undefined) throw new Error(`there is no kind of bot ${wanted ?? ''}`);
  return chosen;
}

function dca(random: Dice, markets: readonly PricedSymbol[]): Settings {
  const steps = random.below(7);
  const step = decimal(random, 0.1, 0.7);
  const stepScale = decimal(random, 0.9, 1.4);
  let deepest = 0;
  let distance = Number(step);
  for (let index = 0; index < steps; index += 1) {
    deepest += distance;
    distance *= Number(stepScale);
  }
  const isCustom = steps > 0 && random.chance(0.15);
  const symbols = some(random, markets);
  const [first] = markets.filter(({ symbol }) => symbol === symbols[0]);
  const price = first?.price ?? 1;
  const isAlone = symbols.length === 1;
  return {
    symbols,
    direction: random.chance(0.3) ? 'short' : 'long',
    ...(random.chance(0.2) ? { profitCurrency: 'base' } : {}),
    ...volume(random, 'baseOrderVolume', price, 400),
    baseOrderType: random.chance(0.7) ? 'market' : 'limit',
    ...volume(random, 'safetyOrderVolume', price, 300),
    safetyOrderStep: step,
    maxSafetyOrders: steps,
    maxActiveSafetyOrders: 1 + random.below(Math.max(1, steps)),
    volumeScale: decimal(random, 0.9, 1.6),
    stepScale,
    ...(isCustom ? { customSafetyOrders: customLadder(random, steps) } : {}),
    ...dcaExit(random),
    ...(random.chance(0.5) ? dcaStop(random, deepest) : {}),
    cooldownSeconds: random.chance(0.6) ? 0 : random.below(200),
    maxActiveDeals: 1 + random.below(markets.length + 1),
    ...(random.chance(0.25) ? { postOnly: true } : {}),
    ...(random.chance(0.3) ? { reserveSafetyOrders: false } : {}),
    ...(random.chance(0.5) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
    ...(random.chance(0.1) ? { startTrigger: 'signal' } : {}),
    ...(random.chance(0.1) ? { startTrigger: 'manually', maxActiveDealsPerSymbol: 2 } : {}),
    ...(random.chance(0.1) ? { startDelaySeconds: random.below(60) } : {}),
    ...(random.chance(0.1) ? { stopAfterDeals: 1 + random.below(10) } : {}),
    ...(random.chance(0.1) ? { minPricePercent: decimal(random, -5, 0) } : {}),
    ...(random.chance(0.1) ? { maxPricePercent: decimal(random, 0, 5) } : {}),
    ...(isAlone && random.chance(0.1)
      ? { minPrice: trimmed(price * (0.95 + 0.05 * random.unit())) }
      : {}),
    ...(isAlone && random.chance(0.1)
      ? { maxPrice: trimmed(price * (1 + 0.05 * random.unit())) }
      : {}),
    ...(random.chance(0.1) ? { safetyOrderTrigger: 'signal' } : {}),
    ...(random.chance(0.15)
      ? { closeTrigger: 'signal', minProfitType: 'none', minProfit: '0' }
      : {}),
    ...(random.chance(0.15)
      ? { reinvest: decimal(random, 1, 100), riskReduction: decimal(random, 1, 100) }
      : {}),
  };
}

/** How much an order moves: in quote, in coins, or of what is free. */
function volume(
  random: Dice,
  field: 'baseOrderVolume' | 'safetyOrderVolume',
  price: number,
  most: number,
): Settings {
  const draw = random.below(10);
  const inQuote = decimal(random, 20, most);
  if (draw === 0) return { [field]: decimal(random, 0.5, 4), [`${field}Type`]: 'percent' };
  if (draw === 1) {
    return { [field]: trimmed(Number(inQuote) / price), [`${field}Type`]: 'base' };
  }
  return { [field]: inQuote };
}

function customLadder(random: Dice, steps: number): readonly Settings[] {
  let deviation = 0;
  return Array.from({ length: steps }, () => {
    deviation += 0.05 + 0.6 * random.unit();
    return { deviation: deviation.toFixed(2), volume: decimal(random, 20, 200) };
  });
}

function dcaExit(random: Dice): Settings {
  if (random.chance(0.1)) return { closeTimeoutSeconds: 60 + random.below(900) };
  const isTrailing = random.chance(0.2);
  const type = random.chance(0.2) ? { takeProfitType: 'base' } : {};
  const timeout = random.chance(0.1) ? { closeTimeoutSeconds: 60 + random.below(1_200) } : {};
  if (random.chance(0.25)) {
    const count = 2 + random.below(3);
    const shares = parts(random, count);
    let profit = 0;
    const takeProfitSteps = shares.map((share) => {
      profit += 0.05 + 0.4 * random.unit();
      return { profit: profit.toFixed(2), share };
    });
    const trailing = isTrailing ? { trailingDeviation: '0.04' } : {};
    return { takeProfitSteps, ...type, ...timeout, ...trailing };
  }
  const takeProfit = decimal(random, 0.06, random.chance(0.7) ? 0.4 : 1.5);
  return {
    takeProfit,
    ...type,
    ...timeout,
    ...(isTrailing ? { trailingDeviation: (Number(takeProfit) / 2).toFixed(3) } : {}),
  };
}

function dcaStop(random: Dice, deepest: number): Settings {
  const fromAverage = random.chance(0.3);
  const moves = ['never', 'never', 'breakEven', 'firstStep', 'secondStep'] as const;
  return {
    stopLoss: decimal(random, deepest + 0.2, deepest + 2.5),
    ...(fromAverage ? { stopLossFrom: 'average' } : {}),
    stopLossTrailing: random.chance(0.25),
    stopLossTimeoutSeconds: random.chance(0.2) ? random.below(120) : 0,
    stopLossMove: moves[random.below(moves.length)],
    ...(random.chance(0.1) ? { stopLossAction: 'closeDealAndStopBot' } : {}),
  };
}

function grid(random: Dice, markets: readonly PricedSymbol[]): Settings {
  const { symbol, price } = oneOf(random, markets);
  const text = (factor: number): string => trimmed(price * factor);
  const below = 0.004 + 0.05 * random.unit();
  const above = 0.004 + 0.05 * random.unit();
  const isQuote = random.chance(0.7);
  const lines = 3 + random.below(14);
  const perLine = 12 + 90 * random.unit();
  const stop = (factor: number): Settings => ({
    price: text(factor),
    action: ['stop', 'stopAndSell', 'stopAndBuy'][random.below(3)],
  });
  return {
    symbols: [symbol],
    lowerPrice: text(1 - below),
    upperPrice: text(1 + above),
    lines,
    spacing: random.chance(0.5) ? 'arithmetic' : 'geometric',
    quantityPerLine: isQuote ? perLine.toFixed(2) : trimmed(perLine / price),
    quantityUnit: isQuote ? 'quote' : 'base',
    ...(random.chance(0.3) ? { maxActiveBuyLines: 1 + random.below(lines) } : {}),
    ...(random.chance(0.3) ? { maxActiveSellLines: 1 + random.below(lines) } : {}),
    ...(random.chance(0.3) ? { profitCurrency: 'base' } : {}),
    ...(isQuote && random.chance(0.3) ? { trailingUp: true } : {}),
    ...(!isQuote && random.chance(0.3) ? { trailingDown: true } : {}),
    ...(random.chance(0.15) ? { expansionUpTo: text(1 + above + 0.02) } : {}),
    ...(random.chance(0.15) ? { expansionDownTo: text(1 - below - 0.02) } : {}),
    ...(random.chance(0.3) ? { lowerStop: stop(1 - below - 0.03) } : {}),
    ...(random.chance(0.3) ? { upperStop: stop(1 + above + 0.03) } : {}),
    ...(random.chance(0.2) ? { takeProfitPrice: text(1 + above * random.unit()) } : {}),
    ...(random.chance(0.1) ? { startPrice: text(1 - below * random.unit()) } : {}),
    ...(random.chance(0.25) ? { postOnly: true } : {}),
    ...(random.chance(0.2) ? { initialBalancing: false } : {}),
    ...(random.chance(0.3) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
  };
}

function smartTrade(random: Dice, markets: readonly PricedSymbol[]): Settings {
  const { symbol, price } = oneOf(random, markets);
  const type = ['long', 'long', 'long', 'short', 'short', 'sellHeld', 'buyBack', 'buy', 'sell'][
    random.below(9)
  ];
  const isHeld = type === 'sellHeld' || type === 'buyBack';
  const onlyEnters = type === 'buy' || type === 'sell';
  const up = type === 'long' || type === 'sellHeld' || type === 'buy' ? 1 : -1;
  const better = termsOf(random, price, -up);
  const entry = entrySteps(random, better);
  const exits = {
    profit: termsOf(random, price, up),
    loss: termsOf(random, price, -up),
  };
  return {
    symbols: [symbol],
    type,
    ...(isHeld
      ? { held: { quantity: trimmed((30 + 200 * random.unit()) / price), price: trimmed(price) } }
      : { entries: entry, size: size(random, price) }),
    ...(onlyEnters ? {} : exitSteps(random, isHeld, exits)),
    ...(random.chance(0.25) ? { postOnly: true } : {}),
    ...(random.chance(0.5) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
  };
}

/** Makes a price of percentages. */
type Term = (percentage: string) => Settings;

/** Percentages as they are, or now and then prices so far up or down from `price`. */
export function termsOf(random: Dice, price: number, up: number): Term {
  if (random.chance(0.75)) return asPercent;
  return (percentage) => ({
    kind: 'price',
    price: trimmed(price * (1 + (up * Number(percentage)) / 100)),
  });
}

function asPercent(percentage: string): Settings {
  return { kind: 'percent', percent: percentage };
}

function signal(random: Dice, markets: readonly PricedSymbol[]): Settings {
  return {
    symbols: some(random, markets),
    directions: ['long', 'short', 'both'][random.below(3)],
    onOpposite: ['ignore', 'close', 'reverse'][random.below(3)],
    size: size(random, priceOf(markets)),
    ...(random.chance(0.4) ? { useSignalSize: true } : {}),
    ...(random.chance(0.3) ? { useSignalExits: false } : {}),
    ...(random.chance(0.3) ? { maxPriceDeviation: decimal(random, 0.2, 3) } : {}),
    ...(random.chance(0.3) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
    entryOrder: random.chance(0.7) ? 'market' : 'limit',
    ...(random.chance(0.3) ? { entryOffset: decimal(random, 0.01, 0.3) } : {}),
    entryWaitSeconds: 5 + random.below(300),
    maxEntries: 1 + random.below(3),
    maxPositions: 1 + random.below(3),
    ...(random.chance(0.2) ? { maxInvestment: decimal(random, 100, 2_000) } : {}),
    acceptUntimed: random.chance(0.9),
    ...memory(random),
    ...(random.chance(0.2) ? { minProfit: decimal(random, 0, 0.2) } : {}),
    cooldownSeconds: random.chance(0.6) ? 0 : random.below(200),
    ...(random.chance(0.8) ? exitSteps(random, true) : {}),
  };
}

/** A signal that may still be followed must be remembered as long. */
function memory(random: Dice): Settings {
  const seconds = 1 + random.below(20);
  return { maxLagSeconds: seconds, duplicateSeconds: seconds };
}

function rebalance(random: Dice, markets: readonly PricedSymbol[]): Settings {
  const chosen = some(random, markets);
  const shares = parts(random, chosen.length + 1);
  return {
    symbols: chosen,
    targets: chosen.map((symbol, index) => ({ symbol, share: shares[index] })),
    investment: decimal(random, 200, 2_000),
    ...(random.chance(0.9) ? { threshold: decimal(random, 0.5, 3) } : { everyHours: 1 }),
    ...(random.chance(0.3) ? { everyHours: 1 + random.below(2) } : {}),
    minTrade: decimal(random, 6, 30),
    ...(random.chance(0.3) ? { maxSlippage: decimal(random, 0.1, 2) } : {}),
  };
}

export function size(random: Dice, price: number): Settings {
  const draw = random.below(20);
  const amount = decimal(random, 20, 300);
  if (draw < 3) return { kind: 'balance', percent: decimal(random, 0.5, 5) };
  return draw < 6
    ? { kind: 'base', quantity: trimmed(Number(amount) / price) }
    : { kind: 'quote', amount };
}

/** That of a symbol the bot may trade; sizes in coins of one are odd ones of another. */
function priceOf(markets: readonly PricedSymbol[]): number {
  return Math.max(...markets.map(({ price }) => price));
}

function entrySteps(random: Dice, term: Term): readonly Settings[] {
  return parts(random, random.chance(0.7) ? 1 : 2 + random.below(3)).map((share) => {
    const isLimit = random.chance(0.5);
    const trigger = random.chance(0.3)
      ? {
          trigger: {
            price: term(decimal(random, -0.5, 0.8)),
            when: ['reaches', 'atOrAbove', 'atOrBelow'][random.below(3)],
            source: ['own', 'bid', 'ask', 'last'][random.below(4)],
            ...(!isLimit && random.chance(0.4) ? { trailing: decimal(random, 0.05, 0.5) } : {}),
          },
        }
      : {};
    return {
      order: isLimit ? 'limit' : 'market',
      ...(isLimit ? { price: term(decimal(random, -0.2, 1)) } : {}),
      ...trigger,
      share,
      ...(isLimit && random.chance(0.4) ? { waitSeconds: 5 + random.below(600) } : {}),
    };
  });
}

const PERCENTAGES: { readonly profit: Term; readonly loss: Term } = {
  profit: asPercent,
  loss: asPercent,
};

/** Take profits and a stop; at least one of them where `isNeeded`. */
export function exitSteps(random: Dice, isNeeded: boolean, terms = PERCENTAGES): Settings {
  const hasTargets = isNeeded || random.chance(0.85);
  const steps = hasTargets ? parts(random, random.chance(0.6) ? 1 : 2 + random.below(4)) : [];
  let profit = 0;
  const takeProfit = steps.map((share, index) => {
    profit += 0.05 + 0.5 * random.unit();
    const isLimit = random.chance(0.6);
    const isTrailing = !isLimit && index === steps.length - 1 && random.chance(0.4);
    return {
      price: terms.profit(profit.toFixed(2)),
      order: isLimit ? 'limit' : 'market',
      ...(isLimit ? {} : { source: ['own', 'bid', 'ask', 'last'][random.below(4)] }),
      share,
      ...(isTrailing ? { trailing: decimal(random, 0.02, 0.2) } : {}),
    };
  });
  if (!random.chance(0.6)) return { takeProfit };
  const stop = stopLoss(random, terms.loss);
  const [only] = takeProfit;
  const isFixed = stop['trailing'] === undefined && stop['timeoutSeconds'] === 0;
  const mayPair = takeProfit.length === 1 && only?.order === 'limit' && isFixed;
  return { takeProfit, stopLoss: mayPair && random.chance(0.6) ? atExchange(stop) : stop };
}

/** The stop as an order at the exchange, which counts trades. */
function atExchange(stop: Settings): Settings {
  const source = stop['source'] === 'own' ? 'own' : 'last';
  return { ...stop, source, placement: 'exchange' };
}

function stopLoss(random: Dice, term: Term): Settings {
  const isLimit = random.chance(0.3);
  const distance = decimal(random, 0.2, 3);
  const further = (Number(distance) + random.unit()).toFixed(2);
  return {
    price: term(distance),
    source: ['own', 'bid', 'ask', 'last'][random.below(4)],
    order: isLimit ? 'limit' : 'market',
    ...(isLimit ? { limit: term === asPercent ? term(decimal(random, 0, 1)) : term(further) } : {}),
    ...(random.chance(0.3) ? { trailing: decimal(random, 0.2, 2) } : {}),
    timeoutSeconds: random.chance(0.2) ? random.below(120) : 0,
    breakEven: random.chance(0.2),
  };
}

/** Whole percentages that make 100. */
function parts(random: Dice, count: number): readonly string[] {
  const cuts = random
    .shuffled(Array.from({ length: 99 }, (_, index) => index + 1))
    .slice(0, count - 1)
    .toSorted((left, right) => left - right);
  return [...cuts, 100].map((cut, index) => String(cut - (cuts[index - 1] ?? 0)));
}

function some(random: Dice, markets: readonly PricedSymbol[]): readonly string[] {
  const chosen = random.shuffled(markets).slice(0, 1 + random.below(markets.length));
  return chosen.map(({ symbol }) => symbol);
}

function oneOf(random: Dice, markets: readonly PricedSymbol[]): PricedSymbol {
  return random.shuffled(markets)[0] ?? { symbol: '', price: 1 };
}

/** A decimal number as text, evenly between two bounds. */
function decimal(random: Dice, least: number, most: number, digits = 2): string {
  return (least + (most - least) * random.unit()).toFixed(digits);
}

/** Five digits of a number, as plain text. */
function trimmed(value: number): string {
  const digits = Math.max(0, Math.min(8, 4 - Math.floor(Math.log10(value))));
  return value.toFixed(digits);
}
