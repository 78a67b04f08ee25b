// SPDX-License-Identifier: Apache-2.0
// A market that replays recorded candles or trades: prices are the file's, time is the file's own.

import { assert, type Side } from '@kontor/core';
import { feedUnits, type FeedUnits } from '../instruments.ts';
import type { SimulatorInstrument } from '../ports.ts';
import { feedTimes, type CandleFeed, type MarketFeed, type TradeFeed } from './feed.ts';
import { MINUTE_MS } from './intervals.ts';
import { MarketStateError, type MarketHands, type MarketSource } from './source.ts';
import type { SymbolTape } from './tape.ts';

/** Which extreme of a candle the path meets first. */
export type CandlePath = 'low-first' | 'high-first';

export interface ReplayOptions {
  readonly feeds: readonly MarketFeed[];
  readonly instruments: readonly SimulatorInstrument[];
  readonly path: CandlePath;
  /** Market time of the first point; by default the first candle that has `history` candles before it. */
  readonly startMs: number | undefined;
  /** Candles before the start that fill the chart. */
  readonly history: number;
}

const POINTS_PER_CANDLE = 4;

/** One recorded price of a path. */
interface PathPoint {
  readonly marketMs: number;
  readonly priceTicks: number;
  readonly lots: number;
  /** Set where the recording says it. */
  readonly takerSide: Side | undefined;
  /** Zero lots, but the candle traded at this price. */
  readonly isShown: boolean;
}

/** A feed's place in the walk. */
abstract class Walk {
  readonly symbol: string;
  readonly feed: MarketFeed;
  protected readonly units: FeedUnits;
  /** The row, and the point of it, that comes next. */
  index = 0;
  point = 0;
  #lastTicks = 0;
  #takerSide: Side = 'buy';
  #openUntilMs = Number.NEGATIVE_INFINITY;

  constructor(feed: MarketFeed, units: FeedUnits) {
    this.symbol = feed.symbol;
    this.feed = feed;
    this.units = units;
  }

  abstract nextMs(): number | undefined;
  protected abstract peek(): PathPoint;
  protected abstract next(): void;
  /** Opens the market where the next point begins a new stretch of it. */
  protected abstract openAt(tape: SymbolTape, openUntilMs: number, lastTicks: number): number;

  /** Performs the next point; without a house it only fills the tape. */
  advance(hands: MarketHands, marketMs: number, isHistory: boolean): void {
    const tape = hands.tape(this.symbol);
    this.#openUntilMs = this.openAt(tape, this.#openUntilMs, this.#lastTicks);
    const { priceTicks, lots, takerSide, isShown } = this.peek();
    if (takerSide !== undefined) this.#takerSide = takerSide;
    else if (priceTicks > this.#lastTicks) this.#takerSide = 'buy';
    else if (priceTicks < this.#lastTicks) this.#takerSide = 'sell';
    tape.advance(marketMs);
    if (isHistory) {
      if (lots > 0 || isShown) {
        tape.print(marketMs, priceTicks, lots, this.#takerSide === 'buy', -1);
      }
    } else {
      if (isShown) tape.print(marketMs, priceTicks, 0, false, -1);
      hands.house.moveTo(this.symbol, priceTicks, lots, this.#takerSide);
    }
    this.#lastTicks = priceTicks;
    this.next();
  }

  position(): WalkPosition {
    return [this.index, this.point, this.#lastTicks, this.#takerSide, finite(this.#openUntilMs)];
  }

  restore(position: WalkPosition): void {
    const [index, point, lastTicks, takerSide, openUntilMs] = position;
    this.index = index;
    this.point = point;
    this.#lastTicks = lastTicks;
    this.#takerSide = takerSide;
    this.#openUntilMs = openUntilMs ?? Number.NEGATIVE_INFINITY;
  }

  protected toTicks(price: number): number {
    return (price * this.units.priceMultiply) / this.units.priceDivide;
  }

  protected toLots(quantity: number): number {
    return (quantity * this.units.quantityMultiply) / this.units.quantityDivide;
  }
}

class CandleWalk extends Walk {
  readonly #feed: CandleFeed;
  readonly #path: CandlePath;

  constructor(feed: CandleFeed, units: FeedUnits, path: CandlePath) {
    super(feed, units);
    this.#feed = feed;
    this.#path = path;
  }

  override nextMs(): number | undefined {
    const openMs = this.#feed.openMs[this.index];
    return openMs === undefined ? undefined : openMs + this.#pointMs(this.point);
  }

  protected override peek(): PathPoint {
    const volume = this.toLots(this.#at(this.#feed.volume));
    const quarter = Math.floor(volume / POINTS_PER_CANDLE);
    const isLast = this.point === POINTS_PER_CANDLE - 1;
    const lots = isLast ? volume - quarter * (POINTS_PER_CANDLE - 1) : quarter;
    return {
      marketMs: this.nextMs() ?? 0,
      priceTicks: this.#priceTicks(),
      lots,
      takerSide: undefined,
      isShown: lots === 0 && (volume > 0 || !this.#isFlat()),
    };
  }

  protected override next(): void {
    this.point += 1;
    if (this.point < POINTS_PER_CANDLE) return;
    this.point = 0;
    this.index += 1;
  }

  protected override openAt(tape: SymbolTape, openUntilMs: number, lastTicks: number): number {
    if (this.point !== 0) return openUntilMs;
    const openMs = this.#at(this.#feed.openMs);
    const priceTicks = this.#priceTicks();
    const isIdle = this.#at(this.#feed.volume) === 0 && this.#isFlat();
    // An idle candle shows the last close; where the recording says otherwise, its own price counts from here on.
    const seedTicks = isIdle && priceTicks !== lastTicks ? priceTicks : 0;
    if (openMs !== openUntilMs || seedTicks !== 0) tape.open(openMs, seedTicks);
    return openMs + this.#feed.intervalMs;
  }

  #pointMs(point: number): number {
    const { intervalMs } = this.#feed;
    if (point === POINTS_PER_CANDLE - 1) return intervalMs - 1;
    return Math.floor((point * intervalMs) / 3);
  }

  #priceTicks(): number {
    const { open, high, low, close } = this.#feed;
    const lowFirst = this.#path === 'low-first';
    const column = [open, lowFirst ? low : high, lowFirst ? high : low, close][this.point];
    assert(column !== undefined, `Invariant: a candle has four points, found ${this.point}`);
    return this.toTicks(this.#at(column));
  }

  #isFlat(): boolean {
    return this.#at(this.#feed.high) === this.#at(this.#feed.low);
  }

  #at(column: Float64Array): number {
    return column[this.index] ?? 0;
  }
}

class TradeWalk extends Walk {
  readonly #feed: TradeFeed;

  constructor(feed: TradeFeed, units: FeedUnits) {
    super(feed, units);
    this.#feed = feed;
  }

  override nextMs(): number | undefined {
    return this.#feed.timeMs[this.index];
  }

  protected override peek(): PathPoint {
    return {
      marketMs: this.nextMs() ?? 0,
      priceTicks: this.toTicks(this.#feed.price[this.index] ?? 0),
      lots: this.toLots(this.#feed.quantity[this.index] ?? 0),
      takerSide: this.#feed.isBuyerMaker[this.index] === 1 ? 'sell' : 'buy',
      isShown: false,
    };
  }

  protected override next(): void {
    this.index += 1;
  }

  protected override openAt(tape: SymbolTape, openUntilMs: number): number {
    if (openUntilMs === Number.NEGATIVE_INFINITY) tape.open(this.nextMs() ?? 0, 0);
    return Number.POSITIVE_INFINITY;
  }
}

type WalkPosition = readonly [
  index: number,
  point: number,
  lastTicks: number,
  takerSide: Side,
  openUntilMs: number | null,
];

function finite(value: number): number | null {
  if (value === Number.POSITIVE_INFINITY) return Number.MAX_SAFE_INTEGER;
  return Number.isFinite(value) ? value : null;
}

interface ReplayState {
  readonly path: CandlePath;
  readonly feeds: readonly string[];
  readonly positions: readonly WalkPosition[];
}

/** Walks all feeds together: by time, then in the order the feeds were given. */
export class ReplaySource implements MarketSource {
  readonly kind: 'candles' | 'trades';
  readonly isLive = false;
  readonly hasUserTrades = false;
  readonly startMs: number;
  readonly #walks: readonly Walk[];
  readonly #path: CandlePath;
  readonly #historyFrom: readonly number[];

  private constructor(walks: readonly Walk[], options: ReplayOptions, startMs: number) {
    this.#walks = walks;
    this.#path = options.path;
    this.kind = walks[0]?.feed.kind ?? 'candles';
    this.startMs = startMs;
    this.#historyFrom = walks.map(({ feed }) => historyIndex(feed, startMs, options.history));
    walks.forEach((walk, index) => {
      walk.index = this.#historyFrom[index] ?? 0;
    });
  }

  /** `reason` says which option or file does not fit. */
  static create(
    options: ReplayOptions,
  ):
    | { readonly ok: true; readonly source: ReplaySource }
    | { readonly ok: false; readonly reason: string } {
    const { feeds } = options;
    const [first] = feeds;
    if (first === undefined) return { ok: false, reason: 'expected at least one market file' };
    const names = new Set<string>();
    for (const feed of feeds) {
      if (feed.kind !== first.kind) {
        return {
          ok: false,
          reason: `expected files of one kind, found ${first.kind} in ${first.name} and ${feed.kind} in ${feed.name}`,
        };
      }
      if (names.has(feed.symbol)) {
        return {
          ok: false,
          reason: `expected one file for a symbol, found two for ${feed.symbol}`,
        };
      }
      names.add(feed.symbol);
    }
    const lastMs = Math.max(...feeds.map((feed) => feedTimes(feed).at(-1) ?? 0));
    if (options.startMs !== undefined && options.startMs > lastMs) {
      return {
        ok: false,
        reason: `expected a start before the data's end ${isoTime(lastMs)}, found ${isoTime(options.startMs)}`,
      };
    }
    const startMs =
      options.startMs ?? Math.max(...feeds.map((feed) => defaultStart(feed, options.history)));
    const walks = feeds.map((feed) => {
      const instrument = options.instruments.find(({ symbol }) => symbol === feed.symbol);
      assert(instrument !== undefined, `Invariant: ${feed.symbol} has an instrument`);
      const units = feedUnits(feed, instrument);
      return feed.kind === 'candles'
        ? new CandleWalk(feed, units, options.path)
        : new TradeWalk(feed, units);
    });
    return { ok: true, source: new ReplaySource(walks, options, startMs) };
  }

  /** Fills the tapes with what lies before the start. */
  preload(hands: MarketHands): void {
    for (const walk of this.#walks) {
      for (let nextMs = walk.nextMs(); nextMs !== undefined && nextMs < this.startMs;) {
        walk.advance(hands, nextMs, true);
        nextMs = walk.nextMs();
      }
    }
  }

  nextMs(): number | undefined {
    return this.#next()?.nextMs();
  }

  advance(hands: MarketHands, marketMs: number): void {
    this.#next()?.advance(hands, marketMs, false);
  }

  skipTo(): void {
    // A replay keeps every point of its file.
  }

  onTrade(): void {
    // The house of a replay keeps no orders to watch.
  }

  describe(): Readonly<Record<string, unknown>> {
    return {
      path: this.#path,
      startMs: this.startMs,
      feeds: this.#walks.map(({ feed, index }) => ({
        name: feed.name,
        symbol: feed.symbol,
        rows: feedTimes(feed).length,
        row: index,
        roundedPrices: feed.roundedPrices,
        roundedQuantities: feed.roundedQuantities,
        ...(feed.kind === 'candles' ? { intervalMs: feed.intervalMs } : {}),
      })),
    };
  }

  snapshot(): ReplayState {
    return {
      path: this.#path,
      feeds: this.#walks.map(({ feed }) => fingerprint(feed)),
      positions: this.#walks.map((walk) => walk.position()),
    };
  }

  /** Throws MarketStateError when `state` was saved with other files or another path. */
  restore(state: unknown): void {
    const saved = parseState(state);
    const own = this.#walks.map(({ feed }) => fingerprint(feed));
    if (saved.path !== this.#path || saved.feeds.join() !== own.join()) {
      throw new MarketStateError(
        `expected the state of ${this.#path} ${own.join(', ')}, found ${saved.path} ${saved.feeds.join(', ')}`,
      );
    }
    this.#walks.forEach((walk, index) => {
      const position = saved.positions[index];
      if (position !== undefined) walk.restore(position);
    });
  }

  #next(): Walk | undefined {
    let first: Walk | undefined;
    let firstMs = Number.POSITIVE_INFINITY;
    for (const walk of this.#walks) {
      const nextMs = walk.nextMs();
      if (nextMs === undefined || nextMs >= firstMs) continue;
      first = walk;
      firstMs = nextMs;
    }
    return first;
  }
}

/** Tells one file from another without keeping it. */
function fingerprint(feed: MarketFeed): string {
  const times = feedTimes(feed);
  return `${feed.kind}:${feed.symbol}:${times.length}:${times[0] ?? 0}:${times.at(-1) ?? 0}`;
}

function parseState(state: unknown): ReplayState {
  const isState =
    typeof state === 'object' &&
    state !== null &&
    'path' in state &&
    'feeds' in state &&
    'positions' in state &&
    Array.isArray(state.feeds) &&
    Array.isArray(state.positions);
  if (!isState) throw new MarketStateError('expected the state of a replay, found another');
  // The shape was checked as far as it tells one state from another; the file is our own.
  return state as unknown as ReplayState;
}

/** Without a start: after `history` candles, or half of a short file; trades begin at once. */
function defaultStart(feed: MarketFeed, history: number): number {
  const times = feedTimes(feed);
  if (feed.kind === 'trades') return times[0] ?? 0;
  return times[Math.min(history, Math.floor(times.length / 2))] ?? 0;
}

/** The first row that is shown as history before `startMs`. */
function historyIndex(feed: MarketFeed, startMs: number, history: number): number {
  const times = feedTimes(feed);
  let start = times.findIndex((time) => time >= startMs);
  if (start === -1) start = times.length;
  if (feed.kind === 'candles') return Math.max(0, start - history);
  const from = times.findIndex((time) => time >= startMs - history * MINUTE_MS);
  return Math.min(start, from === -1 ? times.length : from);
}

function isoTime(ms: number): string {
  return new Date(ms).toISOString();
}
