// SPDX-License-Identifier: Apache-2.0
// A market that follows a real exchange's public prices: its trades fill resting orders here, its best prices are what
// takers get, its candles are the candles. What the connection missed is read again; while it cannot be seen, nothing trades.

import { setTimeout as delay } from 'node:timers/promises';

import { assert, formatPrice, formatQuantity } from '@kontor/core';
import type { SimulationClock, WallClock } from '../clock.ts';
import type { FollowedQuotes, KlineRange, SimulatorInstrument, TradeEvent } from '../ports.ts';
import {
  KLINES_PER_PAGE,
  klinesWithOlder,
  loadPast,
  settledMinute,
  type LoadedPast,
} from './follow-history.ts';
import {
  parseAggregate,
  parseHead,
  parseInstrument,
  parseKline,
  parseQuotes,
} from './follow-parse.ts';
import { asRow, FollowError, FollowRest, type Row } from './follow-rest.ts';
import { FOLLOW_STREAM_RULES, FollowStream, type FollowStreamRules } from './follow-stream.ts';
import {
  effectiveOffset,
  MINUTE_MS,
  parseIntervalName,
  tileOf,
  windowEnd,
  windowStart,
  type Interval,
} from './intervals.ts';
import type { MarketDriver, MarketState, MarketStatus, SteppedMarket } from './runner.ts';
import { MarketStateError, type MarketHands, type MarketSource } from './source.ts';
import type { AggregateTrade, SavedTape } from './tape.ts';

/** Where a venue that can be followed tells its public prices. */
export interface FollowAddresses {
  /** e.g. `https://api.binance.com` */
  readonly rest: string;
  /** e.g. `wss://stream.binance.com:9443` */
  readonly streams: string;
}

/** The venues that are known by name. */
export const FOLLOWED_VENUES: Readonly<Record<string, FollowAddresses>> = {
  binance: { rest: 'https://api.binance.com', streams: 'wss://stream.binance.com:9443' },
};

export const DEFAULT_FOLLOWED_SYMBOLS: readonly string[] = ['BTCUSDT', 'ETHUSDT', 'SOLUSDT'];
/** Two streams a symbol, named in one address line. */
export const FOLLOWED_SYMBOLS_MAX = 100;
/** One-minute candles read at the start: a day, for the rolling statistics, and an hour more. */
export const DEFAULT_FOLLOWED_MINUTES = 1_500;

export interface FollowOptions {
  readonly venue: string;
  readonly addresses: FollowAddresses;
  readonly symbols: readonly string[];
  /** One-minute candles read at the start. */
  readonly minutes: number;
  readonly wall: WallClock;
  readonly streamRules?: Partial<FollowStreamRules>;
  /** Says why the market cannot open yet; it is tried again after `pauseMs`. */
  readonly onWaiting?: (reason: string, pauseMs: number) => void;
}

/** How a trade may be late at the exchange's own streams: by so much its word counts as complete. */
const SETTLE_MS = 500;
/** An exchange whose newest candle is so far from its clock lives in a time of its own. */
const OWN_TIME_MS = 2 * MINUTE_MS;
/** So long best prices wait there for the trade that tells their time; without one they count from the last. */
const QUOTE_WAIT_MS = 250;
const OFFSET_SAMPLES = 3;
const OFFSET_EVERY_MS = 10 * MINUTE_MS;
const TRADES_PER_PAGE = 1_000;
/** A gap of more trades is walked by its candles. */
const GAP_TRADES_MAX = 20_000;
/** A gap of more candles is not walked: its first part is left out. */
const GAP_MINUTES_MAX = 30 * 24 * 60;
/** What arrives while a gap is being read. */
const WAITING_TRADES_MAX = 50_000;
/** Rounds of reading until what was read meets what has come meanwhile. */
const ROUNDS_MAX = 20;
const FUTURE_MS_MAX = 60 * MINUTE_MS;

interface SymbolState {
  readonly instrument: SimulatorInstrument;
  /** ID of the last aggregate trade that was taken over; −1 before the first. */
  position: number;
  /** Its market time. */
  lastMs: number;
  /** The tape has everything before this from candles. */
  tapeFromMs: number;
  isLive: boolean;
  /** Trades that came while earlier ones are being read. */
  waiting: AggregateTrade[];
  quotes: FollowedQuotes | undefined;
  /** Best prices were told that do not count yet. */
  quoteTimer: NodeJS.Timeout | null;
  /** Of the best prices told last. */
  updateId: number;
}

/** The last trade there is. */
type Head = Pick<AggregateTrade, 'aggregateId' | 'marketMs'>;

interface FollowState {
  readonly venue: string;
  readonly positions: Readonly<
    Record<string, readonly [id: number, lastMs: number, tickSize: string, lotSize: string]>
  >;
}

/** What a followed market moves beside the house and the tapes. */
export interface FollowHands extends MarketHands {
  readonly clock: SimulationClock;
  /** A trade that happened there, told to those who listen here. */
  readonly onTrade: (trade: TradeEvent, aggregate: AggregateTrade) => void;
  /** Everything that market time `marketMs` brought is done. */
  readonly afterPoint: (marketMs: number) => void;
}

/** Reads what is needed to open; tries again until the exchange answers. Throws FollowError when it never will. */
export async function prepareFollowed(
  options: FollowOptions,
  stop: AbortSignal,
): Promise<FollowedMarket> {
  const rest = new FollowRest({ base: options.addresses.rest, stop });
  const { reconnectMsMin, reconnectMsMax } = FOLLOW_STREAM_RULES;
  for (let pauseMs = reconnectMsMin; ; pauseMs = Math.min(pauseMs * 2, reconnectMsMax)) {
    try {
      return await openFollowed(options, rest, stop);
    } catch (error) {
      if (!(error instanceof FollowError) || isFinal(error)) throw error;
      options.onWaiting?.(error.message, pauseMs);
    }
    try {
      await delay(pauseMs, undefined, { signal: stop });
    } catch (error) {
      throw new FollowError('stopped', 'the market was stopped', { cause: error });
    }
  }
}

function isFinal({ code }: FollowError): boolean {
  return code === 'refused' || code === 'stopped';
}

async function openFollowed(
  options: FollowOptions,
  rest: FollowRest,
  stop: AbortSignal,
): Promise<FollowedMarket> {
  const listed = new Map(
    (await rest.exchangeInfo(options.symbols)).map((row) => [String(row['symbol']), row]),
  );
  const instruments = options.symbols.map((symbol) => {
    const row = listed.get(symbol);
    if (row === undefined) {
      throw new FollowError('refused', `${rest.base} does not list ${symbol}`);
    }
    return parseInstrument(row);
  });
  const time = await readTime(rest, instruments, options.wall);
  const pasts = await Promise.all(
    instruments.map(
      async (instrument) =>
        [
          instrument.symbol,
          await loadPast(rest, instrument, {
            coveredToMs: time.coveredToMs,
            minutes: options.minutes,
          }),
        ] as const,
    ),
  );
  return new FollowedMarket({ ...options, instruments, rest, stop, time, pasts: new Map(pasts) });
}

interface FollowTime {
  /** The exchange's clock minus this computer's. */
  readonly offsetMs: number;
  readonly roundTripMs: number;
  /** True where market time has nothing to do with the exchange's clock: it follows another simulator's replay. */
  readonly isOwnTime: boolean;
  /** The start of the first minute whose trades are taken one by one. */
  readonly coveredToMs: number;
}

async function readTime(
  rest: FollowRest,
  instruments: readonly SimulatorInstrument[],
  wall: WallClock,
): Promise<FollowTime> {
  const clock = await readClock(rest, wall);
  const newest = await Promise.all(
    instruments.map(async (instrument) => {
      const [row] = await rest.klines(instrument.symbol, '1m', { limit: 1 });
      return row === undefined ? 0 : parseKline(instrument, row).openMs;
    }),
  );
  const newestMs = Math.max(...newest);
  const serverMs = Math.floor(wall.nowMs() + clock.offsetMs);
  const isOwnTime = newestMs > 0 && Math.abs(serverMs - newestMs) > OWN_TIME_MS;
  return { ...clock, isOwnTime, coveredToMs: isOwnTime ? newestMs : settledMinute(serverMs) };
}

function dropQuoteTimer(state: SymbolState): void {
  if (state.quoteTimer !== null) clearTimeout(state.quoteTimer);
  state.quoteTimer = null;
}

/** The quickest of a few answers says best what the clock there shows. */
async function readClock(
  rest: FollowRest,
  wall: WallClock,
): Promise<{ readonly offsetMs: number; readonly roundTripMs: number }> {
  let best = { offsetMs: 0, roundTripMs: Number.POSITIVE_INFINITY };
  for (let sample = 0; sample < OFFSET_SAMPLES; sample += 1) {
    const sentMs = wall.nowMs();
    const serverMs = await rest.serverTime();
    const roundTripMs = wall.nowMs() - sentMs;
    if (roundTripMs < best.roundTripMs) {
      best = { offsetMs: Math.round(serverMs - sentMs - roundTripMs / 2), roundTripMs };
    }
  }
  return best;
}

export class FollowedMarket implements MarketSource, MarketDriver {
  readonly kind = 'follow';
  readonly isLive = true;
  readonly hasUserTrades = false;
  readonly hasOwnPace = false;
  readonly instruments: readonly SimulatorInstrument[];
  readonly startMs: number;
  readonly #options: FollowOptions;
  readonly #rest: FollowRest;
  readonly #pasts: ReadonlyMap<string, LoadedPast>;
  readonly #states: ReadonlyMap<string, SymbolState>;
  readonly #stream: FollowStream;
  readonly #stop: AbortSignal;
  #time: FollowTime;
  #timeReadAt: number;
  #hands: FollowHands | undefined;
  /** Counts connections; work begun under an earlier one is abandoned. */
  #generation = 0;
  #isUp = false;
  #reason = 'not connected yet';
  #sinceAt: number;
  /** All trades before this are known for certain. */
  #settledMs = Number.NEGATIVE_INFINITY;
  /** … and will be for this as soon as the moment is over. */
  #settleDueMs = Number.NEGATIVE_INFINITY;
  #lastHeardAt: number | null = null;
  readonly #counts = { trades: 0, gaps: 0, readAgain: 0, candlesWalked: 0, downs: 0 };

  constructor(
    options: FollowOptions & {
      readonly instruments: readonly SimulatorInstrument[];
      readonly rest: FollowRest;
      readonly stop: AbortSignal;
      readonly time: FollowTime;
      readonly pasts: ReadonlyMap<string, LoadedPast>;
    },
  ) {
    this.#options = options;
    this.instruments = options.instruments;
    this.#rest = options.rest;
    this.#time = options.time;
    this.#timeReadAt = performance.now();
    this.#pasts = options.pasts;
    this.startMs = options.time.coveredToMs;
    this.#stop = options.stop;
    this.#sinceAt = options.wall.nowMs();
    this.#states = new Map(
      options.instruments.map((instrument) => [
        instrument.symbol,
        {
          instrument,
          position: -1,
          lastMs: 0,
          tapeFromMs: options.time.coveredToMs,
          isLive: false,
          waiting: [],
          quotes: undefined,
          quoteTimer: null,
          updateId: -1,
        },
      ]),
    );
    const names = options.symbols.flatMap((symbol) => {
      const lower = symbol.toLowerCase();
      return [`${lower}@aggTrade`, `${lower}@bookTicker`];
    });
    this.#stream = new FollowStream({
      base: options.addresses.streams,
      names,
      nowMs: () => performance.now(),
      listener: {
        onMessage: (stream, data) => this.#onMessage(stream, data),
        onHeard: (sentMs) => this.#onHeard(sentMs),
        onUp: () => this.#onUp(),
        onDown: (reason) => this.#onDown(reason),
      },
      ...(options.streamRules === undefined ? {} : { rules: options.streamRules }),
    });
  }

  /** The tapes to begin with. */
  data(): readonly (readonly [symbol: string, tape: SavedTape])[] {
    return [...this.#pasts].map(([symbol, { tape }]) => [symbol, tape]);
  }

  /** Lets the market act on `hands`; to be called once, before `start`. */
  wire(hands: FollowHands): void {
    this.#hands = hands;
    for (const [symbol, { position }] of this.#states) {
      hands.house.withdraw(symbol);
      const { lastTicks } = hands.tape(symbol);
      if (position === -1 && lastTicks > 0) {
        hands.house.print(symbol, { priceTicks: lastTicks, lots: 0 });
      }
    }
  }

  // ---- The market as the process sees it ----

  start(): void {
    this.#stream.start();
  }

  stop(): void {
    this.#generation += 1;
    this.#stream.stop();
  }

  pause(): void {
    assert(false, 'Invariant: a followed market is not paused');
  }

  resume(): void {
    assert(false, 'Invariant: a followed market is not resumed');
  }

  setSpeed(): void {
    assert(false, 'Invariant: a followed market has no speed of its own');
  }

  step(): Promise<SteppedMarket> {
    const reason = 'a followed market moves with the exchange it follows';
    return Promise.resolve({ ok: false, reason });
  }

  state(): MarketState {
    return this.#isSeen() ? 'running' : 'stale';
  }

  status(): MarketStatus {
    return {
      kind: this.kind,
      state: this.state(),
      speed: 1,
      marketMs: this.#hands?.clock.marketMs() ?? this.startMs,
      nextMs: null,
      points: this.#counts.trades,
      source: this.describe(),
    };
  }

  /** Up to when all trades of a symbol are known for certain. */
  completeMs(symbol: string): number {
    if (this.#time.isOwnTime) return this.#settledMs;
    return Math.max(this.#settledMs, this.#states.get(symbol)?.lastMs ?? 0);
  }

  /** Klines that reach back before what is held here; undefined when the range needs none. */
  olderKlines(
    symbol: string,
    request: {
      readonly interval: string;
      readonly range: KlineRange;
      readonly own: (range: KlineRange) => readonly (readonly unknown[])[];
    },
  ): Promise<readonly (readonly unknown[])[]> | undefined {
    const parsed = parseIntervalName(request.interval);
    assert(parsed !== undefined, `Invariant: ${request.interval} was checked`);
    const knownFromMs = this.#knownFromMs(symbol, parsed.interval, parsed.offsetMs);
    if (!Number.isFinite(knownFromMs)) return undefined;
    const [interval = '', zone] = request.interval.split('@');
    return klinesWithOlder(this.#rest, {
      ...request,
      symbol,
      interval,
      timeZone: zone?.replace(/^\+/, ''),
      knownFromMs,
    });
  }

  // ---- MarketSource: nothing here is walked point by point ----

  nextMs(): number {
    return Number.POSITIVE_INFINITY;
  }

  advance(): void {
    assert(false, 'Invariant: a followed market is moved by what it hears');
  }

  skipTo(): void {
    // What was missed is read from the exchange.
  }

  onTrade(): void {
    // The house of a followed market keeps no orders to watch.
  }

  describe(): Readonly<Record<string, unknown>> {
    const { offsetMs, roundTripMs, isOwnTime } = this.#time;
    return {
      venue: this.#options.venue,
      ...this.#options.addresses,
      symbols: [...this.#states.keys()],
      reason: this.#reason,
      sinceAt: this.#sinceAt,
      lastHeardAt: this.#lastHeardAt,
      offsetMs,
      roundTripMs,
      isOwnTime,
      connects: this.#stream.connects,
      ...this.#counts,
    };
  }

  snapshot(): FollowState {
    return {
      venue: this.#options.venue,
      positions: Object.fromEntries(
        [...this.#states].map(([symbol, { position, lastMs, instrument }]) => [
          symbol,
          [position, lastMs, formatPrice(instrument, 1), formatQuantity(instrument, 1)],
        ]),
      ),
    };
  }

  /** Throws MarketStateError when `state` was saved on another venue, or in other steps of price and quantity. */
  restore(state: unknown): void {
    const saved = parseState(state);
    if (saved.venue !== this.#options.venue) {
      throw new MarketStateError(
        `expected the state of a market that follows ${this.#options.venue}, found one of ${saved.venue}`,
      );
    }
    for (const [symbol, [position, lastMs, tickSize, lotSize]] of Object.entries(saved.positions)) {
      const known = this.#states.get(symbol);
      if (known === undefined) continue;
      const now = [formatPrice(known.instrument, 1), formatQuantity(known.instrument, 1)];
      if (now[0] !== tickSize || now[1] !== lotSize) {
        throw new MarketStateError(
          `expected the steps of ${symbol} to be ${tickSize} and ${lotSize}, as when the state was saved; ${saved.venue} changed them to ${now.join(' and ')}`,
        );
      }
      known.position = position;
      known.lastMs = lastMs;
    }
  }

  // ---- What is heard ----

  #onMessage(stream: string, data: Row): void {
    const [lower = '', topic = ''] = stream.split('@');
    const state = this.#states.get(lower.toUpperCase());
    if (state === undefined) return;
    if (topic === 'aggTrade') this.#onAggregate(state, parseAggregate(state.instrument, data));
    else if (topic === 'bookTicker') this.#onQuotes(state, data);
  }

  #onAggregate(state: SymbolState, trade: AggregateTrade): void {
    const latestMs = this.#exchangeMs() + FUTURE_MS_MAX;
    if (!this.#time.isOwnTime && trade.marketMs > latestMs) {
      throw new FollowError(
        'unreadable',
        `${state.instrument.symbol} trade: a time in the future, ${trade.marketMs}`,
      );
    }
    if (!state.isLive) {
      if (state.waiting.length >= WAITING_TRADES_MAX) {
        throw new FollowError(
          'unreadable',
          `${state.instrument.symbol}: more than ${WAITING_TRADES_MAX} trades while earlier ones were read`,
        );
      }
      state.waiting.push(trade);
      return;
    }
    if (trade.aggregateId <= state.position) return;
    if (state.position !== -1 && trade.aggregateId > state.position + 1) {
      // The exchange left something out: it is read before anything else counts.
      this.#counts.gaps += 1;
      state.isLive = false;
      state.waiting = [trade];
      this.#reason = `reading trades of ${state.instrument.symbol} that were left out`;
      this.#wired().house.withdraw(state.instrument.symbol);
      void this.#bringUp(state, this.#generation);
      return;
    }
    this.#take(state, trade);
  }

  #onQuotes(state: SymbolState, data: Row): void {
    const updateId = data['u'];
    if (typeof updateId !== 'number' || updateId <= state.updateId) return;
    state.updateId = updateId;
    state.quotes = parseQuotes(state.instrument, data);
    if (!this.#time.isOwnTime) {
      this.#quote(state);
      return;
    }
    // Best prices have no time, and here only trades tell it: those that come with a trade count from its time on.
    state.quoteTimer ??= setTimeout(() => this.#quoteDue(state), QUOTE_WAIT_MS).unref();
  }

  #quoteDue(state: SymbolState): void {
    if (state.quoteTimer === null) return;
    dropQuoteTimer(state);
    this.#quote(state);
  }

  #onHeard(sentMs: number): void {
    this.#lastHeardAt = this.#options.wall.nowMs();
    if (!this.#isSeen() || this.#time.isOwnTime) return;
    const agoMs = performance.now() - sentMs;
    this.#settle(Math.floor(this.#exchangeMs() - agoMs - SETTLE_MS));
    if (performance.now() - this.#timeReadAt > OFFSET_EVERY_MS) void this.#readClock();
  }

  #onUp(): void {
    this.#generation += 1;
    this.#isUp = true;
    this.#say('connected, reading what was missed');
    void this.#bringAllUp(this.#generation);
  }

  #onDown(reason: string): void {
    this.#generation += 1;
    this.#counts.downs += 1;
    this.#isUp = false;
    this.#say(reason);
    for (const [symbol, state] of this.#states) {
      state.isLive = false;
      state.waiting = [];
      state.quotes = undefined;
      dropQuoteTimer(state);
      state.updateId = -1;
      this.#wired().house.withdraw(symbol);
    }
    this.#wired().afterPoint(this.#wired().clock.marketMs());
  }

  // ---- Catching up ----

  async #bringAllUp(generation: number): Promise<void> {
    await this.#untilDone(generation, async () => {
      const rows = await this.#rest.bookTickers([...this.#states.keys()]);
      if (generation !== this.#generation) return;
      for (const row of rows) {
        const state = this.#states.get(String(row['symbol']));
        // The stream's word is newer.
        if (state !== undefined && state.quotes === undefined) {
          state.quotes = parseQuotes(state.instrument, asRow(row));
        }
      }
    });
    await Promise.all([...this.#states.values()].map((state) => this.#bringUp(state, generation)));
  }

  /** Reads what a symbol missed, until what is read meets what is heard. */
  async #bringUp(state: SymbolState, generation: number): Promise<void> {
    await this.#untilDone(generation, async () => {
      await this.#readGap(state, generation);
      if (generation !== this.#generation) return;
      state.isLive = true;
      if (this.#isSeen()) this.#say('live');
      this.#quote(state);
    });
  }

  /** Does `work` again until it succeeds or the connection is another. */
  async #untilDone(generation: number, work: () => Promise<void>): Promise<void> {
    const { reconnectMsMin, reconnectMsMax } = {
      ...FOLLOW_STREAM_RULES,
      ...this.#options.streamRules,
    };
    let pauseMs = reconnectMsMin;
    while (generation === this.#generation) {
      try {
        await work();
        return;
      } catch (error) {
        if (!(error instanceof FollowError)) throw error;
        if (this.#stop.aborted || generation !== this.#generation) return;
        this.#say(error.message);
      }
      await delay(pauseMs, undefined, { signal: this.#stop }).catch(() => undefined);
      pauseMs = Math.min(pauseMs * 2, reconnectMsMax);
    }
  }

  async #readGap(state: SymbolState, generation: number): Promise<void> {
    const { symbol } = state.instrument;
    for (let round = 0; round < ROUNDS_MAX; round += 1) {
      const [newest] = await this.#rest.aggregates(symbol, { limit: 1 });
      const head = newest === undefined ? undefined : parseHead(state.instrument, newest);
      if (generation !== this.#generation) return;
      if (head !== undefined && isBeyondReading(state, head)) {
        await this.#walkCandles(state, generation);
      }
      if (head !== undefined) await this.#readTrades(state, head, generation);
      if (generation !== this.#generation) return;
      if (this.#takeWaiting(state)) return;
    }
    throw new FollowError('unreadable', `${symbol}: what is read never meets what is heard`);
  }

  /** Takes what came meanwhile; false when something between is still missing. */
  #takeWaiting(state: SymbolState): boolean {
    const waiting = state.waiting.toSorted((a, b) => a.aggregateId - b.aggregateId);
    for (const [index, trade] of waiting.entries()) {
      if (trade.aggregateId <= state.position) continue;
      if (state.position !== -1 && trade.aggregateId > state.position + 1) {
        state.waiting = waiting.slice(index);
        return false;
      }
      this.#take(state, trade);
    }
    state.waiting = [];
    return true;
  }

  /** Reads trades after the last known one, or of the minute at which the candles end, up to `head`. */
  async #readTrades(state: SymbolState, head: Head, generation: number): Promise<void> {
    while (state.position < head.aggregateId) {
      const page = await this.#aggregates(
        state,
        state.position === -1
          ? { startTime: state.tapeFromMs, limit: TRADES_PER_PAGE }
          : { fromId: state.position + 1, limit: TRADES_PER_PAGE },
      );
      if (generation !== this.#generation) return;
      for (const trade of page) {
        if (trade.aggregateId <= state.position) continue;
        this.#counts.readAgain += 1;
        this.#take(state, trade);
      }
      if (page.length > 0) continue;
      if (state.position !== -1) {
        throw new FollowError(
          'unreadable',
          `${state.instrument.symbol}: expected trades after ${state.position}, found none`,
        );
      }
      // Nothing has traded since the minute at which the candles end.
      state.position = head.aggregateId;
      state.lastMs = Math.max(state.lastMs, head.marketMs);
    }
  }

  async #aggregates(
    state: SymbolState,
    range: { readonly startTime?: number; readonly fromId?: number; readonly limit: number },
  ): Promise<readonly AggregateTrade[]> {
    const rows = await this.#rest.aggregates(state.instrument.symbol, range);
    return rows.map((row) => parseAggregate(state.instrument, row));
  }

  /**
   * A gap too long to be read trade by trade: resting orders meet the path of its one-minute candles, and the
   * candles held here are read anew.
   */
  async #walkCandles(state: SymbolState, generation: number): Promise<void> {
    const { instrument } = state;
    const hands = this.#wired();
    const time = await readTime(this.#rest, [instrument], this.#options.wall);
    if (generation !== this.#generation) return;
    const lastMs = windowEnd('1m', windowStart('1m', state.lastMs));
    let fromMs = Math.max(lastMs, time.coveredToMs - GAP_MINUTES_MAX * MINUTE_MS);
    while (fromMs < time.coveredToMs) {
      const rows = await this.#rest.klines(instrument.symbol, '1m', {
        startTime: fromMs,
        endTime: time.coveredToMs - 1,
        limit: KLINES_PER_PAGE,
      });
      if (generation !== this.#generation) return;
      const beforeMs = fromMs;
      for (const row of rows) {
        const { openMs, candle } = parseKline(instrument, row);
        if (openMs < fromMs || openMs >= time.coveredToMs) continue;
        fromMs = openMs + MINUTE_MS;
        if (candle === null) continue;
        this.#counts.candlesWalked += 1;
        const lots = Number(candle.lots / 4n);
        const { open, low, high, close } = candle;
        for (const [point, priceTicks] of [open, low, high, close].entries()) {
          hands.clock.moveTo(
            point === 3 ? openMs + MINUTE_MS - 1 : openMs + Math.floor((point * MINUTE_MS) / 3),
          );
          hands.house.print(instrument.symbol, { priceTicks, lots });
        }
        state.lastMs = openMs + MINUTE_MS - 1;
      }
      if (fromMs === beforeMs) break;
    }
    if (state.tapeFromMs < time.coveredToMs) {
      const past = await loadPast(this.#rest, instrument, {
        coveredToMs: time.coveredToMs,
        minutes: this.#options.minutes,
      });
      if (generation !== this.#generation) return;
      hands.tape(instrument.symbol).replace(past.tape);
      state.tapeFromMs = time.coveredToMs;
    }
    state.position = -1;
  }

  // ---- What it does here ----

  #take(state: SymbolState, trade: AggregateTrade): void {
    const hands = this.#wired();
    const { symbol } = state.instrument;
    const { priceTicks, lots, marketMs } = trade;
    state.position = trade.aggregateId;
    state.lastMs = Math.max(state.lastMs, marketMs);
    this.#counts.trades += 1;
    hands.clock.moveTo(marketMs);
    if (state.isLive) this.#quoteDue(state);
    hands.house.print(symbol, { priceTicks, lots });
    if (marketMs >= state.tapeFromMs) {
      const event: TradeEvent = {
        symbol,
        tradeId: trade.lastId,
        priceTicks,
        lots,
        buyerOrderId: 0,
        sellerOrderId: 0,
        isBuyerMaker: trade.isBuyerMaker,
        marketMs,
      };
      hands.tape(symbol).recordAggregate(trade, event);
      hands.onTrade(event, trade);
    }
    hands.afterPoint(hands.clock.marketMs());
    if (this.#time.isOwnTime) this.#settleSoon(marketMs);
  }

  #quote(state: SymbolState): void {
    if (!state.isLive || state.quotes === undefined) return;
    const hands = this.#wired();
    hands.house.quote(state.instrument.symbol, state.quotes);
    hands.afterPoint(hands.clock.marketMs());
  }

  /** Where trades tell the time, a moment is over when all that came at once is done: other symbols trade in it too. */
  #settleSoon(ms: number): void {
    const isDue = this.#settleDueMs > this.#settledMs;
    this.#settleDueMs = Math.max(this.#settleDueMs, ms);
    if (!isDue) setImmediate(() => this.#settle(this.#settleDueMs));
  }

  /** Nothing from before `ms` is missing: market time has come so far. */
  #settle(ms: number): void {
    const hands = this.#wired();
    this.#settledMs = Math.max(this.#settledMs, ms);
    hands.clock.moveTo(this.#settledMs);
    for (const symbol of this.#states.keys()) hands.tape(symbol).advance(this.#settledMs);
    hands.afterPoint(hands.clock.marketMs());
  }

  #exchangeMs(): number {
    return this.#options.wall.nowMs() + this.#time.offsetMs;
  }

  async #readClock(): Promise<void> {
    this.#timeReadAt = performance.now();
    try {
      this.#time = { ...this.#time, ...(await readClock(this.#rest, this.#options.wall)) };
    } catch (error) {
      // The offset that is known is good enough until the next time.
      if (!(error instanceof FollowError)) throw error;
    }
  }

  #isSeen(): boolean {
    return this.#isUp && [...this.#states.values()].every(({ isLive }) => isLive);
  }

  #say(reason: string): void {
    this.#reason = reason;
    this.#sinceAt = this.#options.wall.nowMs();
  }

  /** Since when candles of an interval are held here without a gap. */
  #knownFromMs(symbol: string, interval: Interval, zoneMs: number): number {
    const offsetMs = effectiveOffset(interval, zoneMs);
    const base = offsetMs === 0 ? interval : tileOf(offsetMs);
    const knownMs = this.#wired().tape(symbol).series(base).forgottenBeforeMs;
    if (offsetMs === 0 || !Number.isFinite(knownMs)) return knownMs;
    const startMs = windowStart(interval, knownMs, offsetMs);
    return startMs === knownMs ? knownMs : windowEnd(interval, startMs, offsetMs);
  }

  #wired(): FollowHands {
    assert(this.#hands !== undefined, 'Invariant: a followed market is wired before it starts');
    return this.#hands;
  }
}

/** Whether trades up to `head` are too many to be read one by one, or have begun to be counted anew. */
function isBeyondReading(state: SymbolState, head: Head): boolean {
  if (state.position === -1) return false;
  const isCountedAnew = head.aggregateId < state.position && head.marketMs > state.lastMs;
  return isCountedAnew || head.aggregateId - state.position > GAP_TRADES_MAX;
}

function parseState(state: unknown): FollowState {
  const isState =
    typeof state === 'object' &&
    state !== null &&
    'venue' in state &&
    typeof state.venue === 'string' &&
    'positions' in state &&
    typeof state.positions === 'object';
  if (!isState)
    throw new MarketStateError('expected the state of a followed market, found another');
  // The shape was checked as far as it tells one state from another; the file is our own.
  return state as unknown as FollowState;
}
