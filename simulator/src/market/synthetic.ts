// SPDX-License-Identifier: Apache-2.0
// A made-up market that behaves like one: seeded fair values with regimes, makers who quote around them, takers who come
// at random. The whole market follows from its seed and the number of its ticks.

import { assert, type Side } from '@kontor/core';
import type { House, SimulatorInstrument, TradeEvent } from '../ports.ts';
import { DAY_MS, MINUTE_MS } from './intervals.ts';
import { Random, type RandomState } from './random.ts';
import { MarketStateError, type MarketHands, type MarketSource } from './source.ts';

/** How one symbol behaves. Rates are per second of market time. */
export interface SyntheticPair {
  readonly symbol: string;
  readonly startPrice: number;
  /** Between two ticks of the symbol; at least 50, so that no symbol ticks more than 20 times a second. */
  readonly tickMs: number;
  /** How strongly it follows the common market, and its own noise per √minute. */
  readonly beta: number;
  readonly noise: number;
  /** Best quotes stand this far from the fair value; at least one tick. */
  readonly halfSpread: number;
  readonly levels: number;
  /** Distance between two levels, as a part of the price. */
  readonly levelStep: number;
  /** Quote asset offered per level, and per taker. */
  readonly levelAmount: number;
  readonly takerAmount: number;
  readonly takersPerSecond: number;
  /** How often one side of the book empties for a while. */
  readonly holesPerSecond: number;
}

/** Seven symbols from a deep book to a thin one. */
export const defaultPairs: readonly SyntheticPair[] = [
  liquid('BTCUSDT', 64_000, 250, 1, 0.0003, 45_000, 2500, 1.6),
  liquid('ETHUSDT', 3100, 250, 1.15, 0.0005, 30_000, 1600, 1.3),
  liquid('SOLUSDT', 148, 250, 1.4, 0.0008, 16_000, 900, 1),
  liquid('BNBUSDT', 605, 500, 0.9, 0.0005, 12_000, 700, 0.6),
  liquid('XRPUSDT', 2.1, 500, 1.2, 0.0008, 14_000, 700, 0.8),
  liquid('DOGEUSDT', 0.165, 500, 1.5, 0.001, 10_000, 500, 0.7),
  {
    symbol: 'TFUELUSDT',
    startPrice: 0.0452,
    tickMs: 1000,
    beta: 1.2,
    noise: 0.0018,
    halfSpread: 0.0016,
    levels: 6,
    levelStep: 0.0018,
    levelAmount: 350,
    takerAmount: 60,
    takersPerSecond: 0.06,
    holesPerSecond: 1 / 240,
  },
];

function liquid(
  symbol: string,
  startPrice: number,
  tickMs: number,
  beta: number,
  noise: number,
  levelAmount: number,
  takerAmount: number,
  takersPerSecond: number,
): SyntheticPair {
  return {
    symbol,
    startPrice,
    tickMs,
    beta,
    noise,
    halfSpread: 0.00004,
    levels: 18,
    levelStep: 0.00009,
    levelAmount,
    takerAmount,
    takersPerSecond,
    holesPerSecond: 0,
  };
}

/** Drift per minute and noise per √minute of the common market, and how long such a time lasts. */
const REGIMES = {
  calm: { drift: 0, noise: 0.0008, weight: 4 },
  rise: { drift: 0.0015, noise: 0.0011, weight: 3 },
  fall: { drift: -0.0015, noise: 0.0011, weight: 3 },
  wild: { drift: 0, noise: 0.0026, weight: 2 },
} as const;

type RegimeName = keyof typeof REGIMES;

const REGIME_NAMES: readonly RegimeName[] = ['calm', 'rise', 'fall', 'wild'];
const REGIME_MS_MIN = 2 * MINUTE_MS;
const REGIME_MS_MAX = 8 * MINUTE_MS;
/** Pull of the fair value to its anchor and of the anchor to the first price, per minute. */
const PULL = 0.0075;
const ANCHOR_PULL = 0.0001;
const ANCHOR_NOISE = 0.0005;
/** A quiet drift never carries a price out of this band around its first. */
const BAND = 0.6;

const HISTORY_STEP_MS = 10_000;
/** Live takers also sweep stale quotes; drawn history has as much volume. */
const HISTORY_AMOUNT = 5;
const HOLE_MS_MAX = 20_000;
/** Bounds on the work of one tick. */
const NEW_LEVELS_MAX = 4;
const TAKERS_MAX = 4;
const HEAVY_TAIL_MAX = 12;
const LEVEL_TAIL_MAX = 4;

interface Quote {
  readonly orderId: number;
  readonly priceTicks: number;
  lots: number;
}

/** What becomes of one symbol from tick to tick. Plain JSON data. */
interface PairState {
  readonly symbol: string;
  fair: number;
  anchor: number;
  nextMs: number;
  lastMs: number;
  /** The common market's level at the last tick. */
  lastCommon: number;
  /** Until then the side offers nothing. */
  holeUntilMs: number;
  holeSide: Side;
  /** Own orders, best first. */
  bids: Quote[];
  asks: Quote[];
}

interface SyntheticState {
  readonly seed: string;
  readonly random: RandomState;
  readonly regime: RegimeName;
  readonly regimeUntilMs: number;
  /** The common market's level, a sum of returns, and its time. */
  readonly common: number;
  readonly commonMs: number;
  readonly pairs: readonly PairState[];
}

const MAKER_ID = 1;
const TAKER_ID = 2;

export class SyntheticSource implements MarketSource {
  readonly kind = 'synthetic';
  readonly isLive = true;
  readonly hasUserTrades = true;
  readonly seed: string;
  readonly #pairs: ReadonlyMap<string, SyntheticPair>;
  readonly #instruments: ReadonlyMap<string, SimulatorInstrument>;
  #random: Random;
  #states: PairState[];
  #regime: RegimeName = 'calm';
  #regimeUntilMs: number;
  #common = 0;
  #commonMs: number;
  /** Own orders by symbol and ID; the venue counts IDs per symbol. */
  readonly #own: Map<string, { readonly state: PairState; readonly quote: Quote }> = new Map();
  /** Fills of orders that have no ID yet because their placing has not returned. */
  readonly #earlyFills: Map<number, number> = new Map();

  constructor(options: {
    readonly seed: string;
    readonly startMs: number;
    readonly pairs: readonly SyntheticPair[];
    readonly instruments: readonly SimulatorInstrument[];
  }) {
    this.seed = options.seed;
    this.#pairs = new Map(options.pairs.map((pair) => [pair.symbol, pair]));
    this.#instruments = new Map(options.instruments.map((known) => [known.symbol, known]));
    for (const { symbol } of options.pairs) {
      assert(this.#instruments.has(symbol), `Invariant: ${symbol} has an instrument`);
    }
    this.#random = Random.fromSeed(options.seed);
    this.#regimeUntilMs = options.startMs;
    this.#commonMs = options.startMs;
    this.#states = options.pairs.map((pair) => ({
      symbol: pair.symbol,
      fair: pair.startPrice,
      anchor: pair.startPrice,
      nextMs: options.startMs,
      lastMs: options.startMs,
      lastCommon: 0,
      holeUntilMs: 0,
      holeSide: 'buy',
      bids: [],
      asks: [],
    }));
  }

  /** Draws the hours before the start into the tapes, `minutes` of them. */
  preload(hands: MarketHands, startMs: number, minutes: number): void {
    const fromMs = Math.floor(startMs / MINUTE_MS) * MINUTE_MS - minutes * MINUTE_MS;
    this.#regimeUntilMs = fromMs;
    const stepSeconds = HISTORY_STEP_MS / 1000;
    for (const state of this.#states) hands.tape(state.symbol).open(fromMs, 0);
    for (let atMs = fromMs; atMs < startMs; atMs += HISTORY_STEP_MS) {
      this.#turnRegime(atMs);
      const common = this.#commonMove(stepSeconds);
      for (const state of this.#states) {
        const pair = this.#pair(state);
        const before = state.fair;
        this.#moveFair(state, pair, common, stepSeconds);
        const trades = pair.takersPerSecond * stepSeconds;
        if (trades < 1 && !this.#random.chance(trades)) continue;
        const amount =
          Math.max(1, trades) *
          pair.takerAmount *
          HISTORY_AMOUNT *
          this.#random.heavyTail(HEAVY_TAIL_MAX);
        const ticks = this.#ticks(state.symbol, state.fair);
        const lots = this.#lots(state.symbol, amount / state.fair);
        hands.tape(state.symbol).print(atMs, ticks, lots, state.fair >= before, -1);
      }
    }
    this.#beginAt(startMs);
    for (const state of this.#states) hands.tape(state.symbol).advance(startMs);
  }

  nextMs(): number {
    return this.#due().nextMs;
  }

  advance(hands: MarketHands, marketMs: number): void {
    const state = this.#due();
    const pair = this.#pair(state);
    const seconds = Math.min(60, Math.max(0.001, (marketMs - state.lastMs) / 1000));
    state.lastMs = marketMs;
    state.nextMs = Math.max(state.nextMs + pair.tickMs, marketMs + 1);
    hands.tape(state.symbol).advance(marketMs);
    this.#turnRegime(marketMs);
    this.#common += this.#commonMove(Math.max(0, marketMs - this.#commonMs) / 1000);
    this.#commonMs = Math.max(this.#commonMs, marketMs);
    this.#moveFair(state, pair, this.#common - state.lastCommon, seconds);
    state.lastCommon = this.#common;
    this.#openHole(state, pair, seconds, marketMs);
    this.#takeStale(hands.house, state);
    this.#dropQuotes(hands.house, state, pair, marketMs);
    this.#addQuotes(hands.house, state, pair, marketMs);
    this.#letTakersIn(hands.house, state, pair, seconds);
  }

  skipTo(hands: MarketHands, marketMs: number): void {
    for (const state of this.#states) {
      hands.tape(state.symbol).open(marketMs, 0);
      state.nextMs = marketMs;
      state.lastMs = marketMs;
      state.lastCommon = this.#common;
    }
    this.#commonMs = marketMs;
  }

  onTrade(trade: TradeEvent): void {
    for (const orderId of [trade.buyerOrderId, trade.sellerOrderId]) {
      const own = this.#own.get(orderKey(trade.symbol, orderId));
      if (own === undefined) {
        this.#earlyFills.set(orderId, (this.#earlyFills.get(orderId) ?? 0) + trade.lots);
        continue;
      }
      own.quote.lots -= trade.lots;
      if (own.quote.lots > 0) continue;
      this.#own.delete(orderKey(trade.symbol, orderId));
      own.state.bids = own.state.bids.filter((quote) => quote.orderId !== orderId);
      own.state.asks = own.state.asks.filter((quote) => quote.orderId !== orderId);
    }
  }

  describe(): Readonly<Record<string, unknown>> {
    return {
      seed: this.seed,
      regime: this.#regime,
      symbols: this.#states.map(({ symbol }) => symbol),
    };
  }

  snapshot(): SyntheticState {
    return {
      seed: this.seed,
      random: this.#random.state(),
      regime: this.#regime,
      regimeUntilMs: this.#regimeUntilMs,
      common: this.#common,
      commonMs: this.#commonMs,
      pairs: structuredClone(this.#states),
    };
  }

  /** Throws MarketStateError when `state` was saved with another seed or other symbols. */
  restore(state: unknown): void {
    const saved = parseState(state);
    const symbols = saved.pairs.map((pair) => pair.symbol).join();
    const own = this.#states.map((pair) => pair.symbol).join();
    if (saved.seed !== this.seed || symbols !== own) {
      throw new MarketStateError(
        `expected the state of seed ${this.seed} and ${own}, found seed ${saved.seed} and ${symbols}`,
      );
    }
    this.#random = new Random(saved.random);
    this.#regime = saved.regime;
    this.#regimeUntilMs = saved.regimeUntilMs;
    this.#common = saved.common;
    this.#commonMs = saved.commonMs;
    this.#states = structuredClone([...saved.pairs]);
    this.#own.clear();
    for (const pair of this.#states) {
      for (const quote of [...pair.bids, ...pair.asks]) {
        this.#own.set(orderKey(pair.symbol, quote.orderId), { state: pair, quote });
      }
    }
  }

  #beginAt(startMs: number): void {
    this.#commonMs = startMs;
    this.#states.forEach((state, index) => {
      // Symbols take turns, so that a busy moment of one is no busy moment of all.
      state.nextMs = startMs + index * 7;
      state.lastMs = startMs;
    });
  }

  #due(): PairState {
    let due = this.#states[0];
    for (const state of this.#states) {
      if (due === undefined || state.nextMs < due.nextMs) due = state;
    }
    assert(due !== undefined, 'Invariant: a synthetic market has at least one symbol');
    return due;
  }

  #pair(state: PairState): SyntheticPair {
    const pair = this.#pairs.get(state.symbol);
    assert(pair !== undefined, `Invariant: ${state.symbol} has settings`);
    return pair;
  }

  #instrument(symbol: string): SimulatorInstrument {
    const instrument = this.#instruments.get(symbol);
    assert(instrument !== undefined, `Invariant: ${symbol} has an instrument`);
    return instrument;
  }

  #ticks(symbol: string, price: number): number {
    const { tickUnits, priceScale } = this.#instrument(symbol);
    return Math.max(2, Math.round((price * 10 ** priceScale) / tickUnits));
  }

  #lots(symbol: string, quantity: number): number {
    const { lotUnits, quantityScale } = this.#instrument(symbol);
    return Math.max(1, Math.round((quantity * 10 ** quantityScale) / lotUnits));
  }

  #turnRegime(marketMs: number): void {
    if (marketMs < this.#regimeUntilMs) return;
    const weights = REGIME_NAMES.map((name) => REGIMES[name].weight);
    let draw = this.#random.unit() * weights.reduce<number>((sum, weight) => sum + weight, 0);
    for (const name of REGIME_NAMES) {
      draw -= REGIMES[name].weight;
      this.#regime = name;
      if (draw < 0) break;
    }
    const length = REGIME_MS_MIN + this.#random.unit() * (REGIME_MS_MAX - REGIME_MS_MIN);
    this.#regimeUntilMs = marketMs + Math.floor(length);
  }

  /** The common market's return over `seconds`, without its beta. */
  #commonMove(seconds: number): number {
    const { drift, noise } = REGIMES[this.#regime];
    const minutes = seconds / 60;
    return drift * minutes + noise * Math.sqrt(minutes) * this.#random.gaussian();
  }

  #moveFair(state: PairState, pair: SyntheticPair, common: number, seconds: number): void {
    const minutes = seconds / 60;
    const root = Math.sqrt(minutes);
    const pull = PULL * minutes * (1 - state.fair / state.anchor);
    const own = pair.noise * root * this.#random.gaussian();
    state.fair *= 1 + pair.beta * common + own + pull;
    const home = ANCHOR_PULL * minutes * (1 - state.anchor / pair.startPrice);
    state.anchor *= 1 + home + ANCHOR_NOISE * root * this.#random.gaussian();
    const low = pair.startPrice * (1 - BAND);
    const high = pair.startPrice * (1 + BAND);
    state.fair = Math.min(high, Math.max(low, state.fair));
    state.anchor = Math.min(high, Math.max(low, state.anchor));
  }

  #openHole(state: PairState, pair: SyntheticPair, seconds: number, marketMs: number): void {
    if (pair.holesPerSecond === 0 || !this.#random.chance(pair.holesPerSecond * seconds)) return;
    state.holeSide = this.#random.chance(0.5) ? 'buy' : 'sell';
    state.holeUntilMs = marketMs + Math.floor(this.#random.unit() * HOLE_MS_MAX);
  }

  /** Takers who know the fair value take what own makers still offer beyond it: so the price moves by trades. */
  #takeStale(house: House, state: PairState): void {
    const fairTicks = this.#ticks(state.symbol, state.fair);
    const ask = state.asks[0];
    const bid = state.bids[0];
    if (ask !== undefined && ask.priceTicks < fairTicks) {
      this.#sweep(house, state, 'buy', fairTicks - 1, state.asks);
    } else if (bid !== undefined && bid.priceTicks > fairTicks) {
      this.#sweep(house, state, 'sell', fairTicks + 1, state.bids);
    }
  }

  #sweep(
    house: House,
    state: PairState,
    side: Side,
    limitTicks: number,
    quotes: readonly Quote[],
  ): void {
    const stale = quotes.filter(({ priceTicks }) =>
      side === 'buy' ? priceTicks <= limitTicks : priceTicks >= limitTicks,
    );
    const offered = stale.reduce((sum, { lots }) => sum + lots, 0);
    const lots = Math.min(this.#most(state.symbol), Math.floor(offered * this.#random.unit()));
    if (lots <= 0) return;
    const orderId = house.place(state.symbol, side, 'limit', limitTicks, lots, TAKER_ID);
    house.cancel(state.symbol, orderId);
  }

  #dropQuotes(house: House, state: PairState, pair: SyntheticPair, marketMs: number): void {
    const fairTicks = this.#ticks(state.symbol, state.fair);
    const half = this.#halfTicks(state, pair);
    const reach = half + Math.ceil(fairTicks * pair.levelStep * pair.levels * 1.5);
    const hole = marketMs < state.holeUntilMs ? state.holeSide : undefined;
    const keep = (side: Side, priceTicks: number): boolean => {
      const distance = side === 'buy' ? fairTicks - priceTicks : priceTicks - fairTicks;
      // A quote may come a little closer than a new one would stand, or every tick would replace the best one.
      return distance >= Math.min(1, half) && distance <= reach && hole !== side;
    };
    state.bids = this.#cancelUnless(house, state, state.bids, (ticks) => keep('buy', ticks));
    state.asks = this.#cancelUnless(house, state, state.asks, (ticks) => keep('sell', ticks));
  }

  #cancelUnless(
    house: House,
    state: PairState,
    quotes: readonly Quote[],
    keep: (priceTicks: number) => boolean,
  ): Quote[] {
    return quotes.filter((quote) => {
      if (keep(quote.priceTicks)) return true;
      this.#own.delete(orderKey(state.symbol, quote.orderId));
      house.cancel(state.symbol, quote.orderId);
      return false;
    });
  }

  #addQuotes(house: House, state: PairState, pair: SyntheticPair, marketMs: number): void {
    const fairTicks = this.#ticks(state.symbol, state.fair);
    const half = this.#halfTicks(state, pair);
    const step = Math.max(1, Math.round(fairTicks * pair.levelStep));
    for (const side of ['buy', 'sell'] as const) {
      if (marketMs < state.holeUntilMs && state.holeSide === side) continue;
      let added = 0;
      for (let level = 0; level < pair.levels && added < NEW_LEVELS_MAX; level += 1) {
        const quotes = side === 'buy' ? state.bids : state.asks;
        if (quotes.length >= pair.levels) break;
        const distance = half + level * step;
        const target = side === 'buy' ? fairTicks - distance : fairTicks + distance;
        const slack = Math.max(1, Math.floor(step / 2));
        if (target <= 1 || quotes.some(({ priceTicks }) => Math.abs(priceTicks - target) < slack)) {
          continue;
        }
        const jitter = step > 3 ? this.#random.below(Math.floor(step / 3)) : 0;
        const priceTicks = side === 'buy' ? target - jitter : target + jitter;
        this.#quote(house, state, pair, side, priceTicks);
        added += 1;
      }
    }
  }

  #quote(
    house: House,
    state: PairState,
    pair: SyntheticPair,
    side: Side,
    priceTicks: number,
  ): void {
    if (priceTicks <= 1) return;
    const amount = pair.levelAmount * this.#random.heavyTail(LEVEL_TAIL_MAX);
    const lots = Math.min(this.#most(state.symbol), this.#lots(state.symbol, amount / state.fair));
    this.#earlyFills.clear();
    const orderId = house.place(state.symbol, side, 'limit', priceTicks, lots, MAKER_ID);
    const leaves = lots - (this.#earlyFills.get(orderId) ?? 0);
    if (leaves <= 0) return;
    const quote: Quote = { orderId, priceTicks, lots: leaves };
    this.#own.set(orderKey(state.symbol, orderId), { state, quote });
    if (side === 'buy')
      state.bids = [...state.bids, quote].sort((a, b) => b.priceTicks - a.priceTicks);
    else state.asks = [...state.asks, quote].sort((a, b) => a.priceTicks - b.priceTicks);
  }

  #letTakersIn(house: House, state: PairState, pair: SyntheticPair, seconds: number): void {
    let expected = Math.min(TAKERS_MAX, pair.takersPerSecond * seconds);
    const lean = { calm: 0, rise: 0.12, fall: -0.12, wild: 0 }[this.#regime];
    for (let taker = 0; taker < TAKERS_MAX && expected > 0; taker += 1, expected -= 1) {
      if (!this.#random.chance(Math.min(1, expected))) continue;
      const side: Side = this.#random.chance(0.5 + lean) ? 'buy' : 'sell';
      const amount = pair.takerAmount * this.#random.heavyTail(HEAVY_TAIL_MAX);
      const lots = Math.min(
        this.#most(state.symbol),
        this.#lots(state.symbol, amount / state.fair),
      );
      house.place(state.symbol, side, 'market', 0, lots, TAKER_ID);
    }
  }

  #halfTicks(state: PairState, pair: SyntheticPair): number {
    return Math.max(1, Math.round(this.#ticks(state.symbol, state.fair) * pair.halfSpread));
  }

  #most(symbol: string): number {
    return this.#instrument(symbol).maxLots;
  }
}

/** Minutes of made-up history when none are asked for: half a day. */
export const DEFAULT_SYNTHETIC_HISTORY: number = DAY_MS / 2 / MINUTE_MS;

function orderKey(symbol: string, orderId: number): string {
  return `${symbol} ${orderId}`;
}

function parseState(state: unknown): SyntheticState {
  const isState =
    typeof state === 'object' &&
    state !== null &&
    'seed' in state &&
    'random' in state &&
    'pairs' in state &&
    Array.isArray(state.pairs);
  if (!isState)
    throw new MarketStateError('expected the state of a synthetic market, found another');
  // The shape was checked as far as it tells one state from another; the file is our own.
  return state as unknown as SyntheticState;
}
