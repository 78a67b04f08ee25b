// SPDX-License-Identifier: Apache-2.0
// A bot over candles: the trading machine itself, venues that fill its orders, and what came of it.

import { addedOrderFault } from '../bot/deal-manual.ts';
import { dealView } from '../bot/deal-view.ts';
import type { DealView } from '../bot/common-view.ts';
import { checkSettings, conditionLists, type BotSettings } from '../bot/settings.ts';
import {
  createBot,
  signalWatches,
  step,
  watchedAbove,
  watchedBelow,
  type BotState,
  type Deal,
} from '../bot/step.ts';
import type { MissingCandles } from '../candle-resample.ts';
import { candleFault, POINTS_PER_CANDLE, type CandlePath } from '../candle.ts';
import { parseDecimal } from '../decimal.ts';
import type { JournalEntry } from '../journal.ts';
import {
  ORDER_PURPOSES,
  type BotCommand,
  type BotEvent,
  type DealNote,
  type Effect,
  type FreeFunds,
  type OrderPurpose,
} from '../machine.ts';
import { baseScale, costOf, moneyScale, power10, revenueOf } from '../position.ts';
import { assetGiven, reservationFault, reservationsOf, unreserved } from '../risk/reservations.ts';
import type { FieldError } from '../settings/field.ts';
import { assert, PPM, priceTicks, type PriceTicks, type TimeMs } from '../units.ts';
import { EquityTrack, type EquityPoint } from './equity.ts';
import { MarketRun, type BacktestMarket } from './market-run.ts';
import { scheduleFault } from './signal-schedule.ts';
import { statisticsOf, type BacktestStatistics, type ViewedDeal } from './statistics.ts';
import { checkTimed, TimedQueue, type TimedCommand, type TimedSignal } from './timed.ts';
import { equityScale, Purse } from './wallet.ts';

export type { BacktestMarket } from './market-run.ts';
export type { TimedCommand, TimedSignal } from './timed.ts';

export interface BacktestInput {
  readonly settings: BotSettings;
  /** One for each symbol that is to trade, with candles of one length and one quote asset. */
  readonly markets: readonly BacktestMarket[];
  readonly path: CandlePath;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly startBalanceQuote: string;
  /** Coins there are at the beginning, by base asset. */
  readonly startBalances?: Readonly<Record<string, string>>;
  /** What comes from outside, in order of time: each with the first point at or after its time. */
  readonly signals?: readonly TimedSignal[];
  /** What people ask, in order of time as well. The bot starts at the first point unless one of them starts it. */
  readonly commands?: readonly TimedCommand[];
  /** What a missing candle means to conditions; a gap unless said otherwise. */
  readonly missing?: MissingCandles;
  /**
   * `fast` skips candles in which nothing can happen. `every-point` walks all of them; `matching-engine` does so
   * on the full matching engine. All three give the same result.
   */
  readonly walk?: 'fast' | 'every-point' | 'matching-engine';
  /** Candles are counted over all markets. */
  readonly onProgress?: (candlesDone: number, candles: number) => void;
  readonly isCancelled?: () => boolean;
  /** Every event that changed the bot, and the bot as it was then: the journal of the run. */
  readonly onEntry?: (entry: JournalEntry, state: BotState) => void;
}

export type BacktestResult =
  | BacktestReport
  | { readonly kind: 'refused'; readonly errors: readonly FieldError[] }
  | { readonly kind: 'cancelled'; readonly candlesDone: number };

export interface BacktestReport {
  readonly kind: 'completed';
  readonly fills: readonly BacktestFill[];
  /** Ended deals in order of their end, then the open ones, valued at the last close. */
  readonly deals: readonly DealView[];
  readonly equity: readonly EquityPoint[];
  readonly statistics: BacktestStatistics;
}

/** One line of the trade log. Numbers are decimal text. */
export interface BacktestFill {
  readonly time: TimeMs;
  readonly symbol: string;
  readonly dealId: number;
  readonly order: OrderPurpose;
  /** Which safety order, grid line or step, from 1; 0 for every other purpose. */
  readonly ladderIndex: number;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  readonly commission: string;
  readonly commissionAsset: string;
  readonly isMaker: boolean;
}

/** Points of the equity curve, about; more than any screen is wide. */
const CURVE_POINTS = 1_000;
/** Candles between two looks at `isCancelled`. */
const PROGRESS_EVERY = 65_536;
/** A bot that asks for ever more at one point of the path is wrong; this many events cannot come of a right one. */
const EVENTS_PER_POINT_MAX = 100_000;
const MARKETS_MAX = 1_000;

/** Runs the bot of `settings` over the candles of `markets` from the first point to the last. */
export function runBacktest(input: BacktestInput): BacktestResult {
  const errors = inputErrors(input);
  if (errors.length > 0) return { kind: 'refused', errors };
  return new Backtest(input).run();
}

class Backtest {
  readonly #input: BacktestInput;
  readonly #markets: readonly MarketRun[];
  readonly #bySymbol: ReadonlyMap<string, MarketRun>;
  readonly #state: BotState;
  readonly #equity: EquityTrack;
  readonly #equityScale: number;
  readonly #startEquity: bigint;
  readonly #candles: number;
  readonly #intervalMs: number;
  readonly #queue: BotEvent[] = [];
  readonly #timers = new Map<string, TimeMs>();
  /** Quotes asked for before the market's first candle. */
  readonly #quotesOwed = new Set<string>();
  #nextTimer = Infinity;
  readonly #timed: TimedQueue;
  #time: TimeMs = 0;
  readonly #fills: BacktestFill[] = [];
  readonly #ended: Deal[] = [];
  #mostInvested = 0n;

  constructor(input: BacktestInput) {
    this.#input = input;
    const instruments = input.markets.map(({ instrument }) => instrument);
    const moneyDecimals = Math.max(...instruments.map(moneyScale));
    const purse = new Purse(moneyDecimals, decimal(input.startBalanceQuote, moneyDecimals));
    this.#markets = input.markets.map(
      (market) =>
        new MarketRun({
          market,
          purse,
          startBase: decimal(
            input.startBalances?.[market.instrument.baseAsset] ?? '0',
            baseScale(market.instrument),
          ),
          fees: input,
          path: input.path,
          missing: input.missing ?? 'gap',
          onEngine: input.walk === 'matching-engine',
          emit: (event) => this.#queue.push(event),
          now: () => this.#time,
        }),
    );
    this.#bySymbol = new Map(this.#markets.map((market) => [market.symbol, market]));
    this.#timed = new TimedQueue(input);
    this.#state = createBot({
      botId: 'backtest',
      clientOrderIdPrefix: 'bt-',
      settings: settingsOfRun(input),
      instruments,
      feeRatePpm: Math.max(input.makerFeePpm, input.takerFeePpm),
    });
    this.#equityScale = equityScale(instruments);
    this.#equity = new EquityTrack(this.#markets, purse, this.#equityScale);
    this.#startEquity = this.#equity.worth();
    this.#candles = this.#markets.reduce((sum, { rows }) => sum + rows, 0);
    this.#intervalMs = input.markets[0]?.candles.intervalMs ?? 0;
  }

  run(): BacktestResult {
    const [only, second] = this.#markets;
    const maySkip = (this.#input.walk ?? 'fast') === 'fast';
    const isDone =
      only !== undefined && second === undefined
        ? this.#runOne(only, maySkip)
        : this.#runMany(maySkip);
    if (!isDone) return { kind: 'cancelled', candlesDone: this.#candlesDone() };
    this.#input.onProgress?.(this.#candles, this.#candles);
    return this.#report();
  }

  /** Walks the only market; false when called off. */
  #runOne(market: MarketRun, maySkip: boolean): boolean {
    const { rows } = market;
    const sampleEvery = Math.max(1, Math.ceil(rows / CURVE_POINTS));
    let nextSample = sampleEvery - 1;
    let nextProgress = 0;
    this.#begin();
    while (market.row < rows) {
      if (market.row >= nextProgress) {
        if (!this.#goOn(market.row)) return false;
        nextProgress = market.row + PROGRESS_EVERY;
      }
      const stop = Math.min(rows, nextSample + 1, nextProgress);
      if (maySkip && market.row > 0) market.row = this.#skip(market, stop);
      if (market.row < stop) this.#walk(market.nextTime);
      if (market.row === nextSample + 1 || market.row === rows) {
        market.closeTicks = market.candles.close[market.row - 1] ?? 0;
        this.#equity.record((market.candles.openTime[market.row - 1] ?? 0) + this.#intervalMs - 1);
        nextSample += sampleEvery;
      }
    }
    return true;
  }

  /** The first candle from the next on, before `stop`, in which something can happen; else `stop`. */
  #skip(market: MarketRun, stop: number): number {
    const { openTime, low, high, close, intervalMs } = market.candles;
    const equity = this.#equity;
    const { lowTouched, highTouched } = this.#levels(market);
    const timeTouched = this.#nextDue() - intervalMs + 1;
    const until = Math.min(stop, this.#nextSignal(market));
    let { peakTicks, troughTicks } = equity;
    let index = market.row;
    for (; index < until; index += 1) {
      if ((low[index] as number) <= lowTouched || (high[index] as number) >= highTouched) break;
      if ((openTime[index] as number) >= timeTouched) break;
      const ticks = close[index] as number;
      if (ticks > peakTicks) {
        equity.troughTicks = troughTicks;
        equity.newPeak(ticks);
        ({ peakTicks, troughTicks } = equity);
      } else if (ticks < troughTicks) {
        troughTicks = ticks;
      }
    }
    equity.troughTicks = troughTicks;
    return index;
  }

  /** Walks several markets along one time; false when called off. */
  #runMany(maySkip: boolean): boolean {
    const first = Math.min(...this.#markets.map(({ nextTime }) => nextTime));
    const last = Math.max(...this.#markets.map(({ candles }) => candles.openTime.at(-1) ?? 0));
    const candles = Math.round((last - first) / this.#intervalMs) + 1;
    const sampleMs = Math.max(1, Math.ceil(candles / CURVE_POINTS)) * this.#intervalMs;
    let nextSample = first + sampleMs;
    let nextProgress = 0;
    this.#begin();
    for (;;) {
      const time = Math.min(...this.#markets.map(({ nextTime }) => nextTime));
      if (time === Infinity) break;
      const done = this.#candlesDone();
      if (done >= nextProgress) {
        if (!this.#goOn(done)) return false;
        nextProgress = done + PROGRESS_EVERY;
      }
      const reached =
        maySkip && time > first ? this.#nextTouched(Math.max(nextSample, time)) : time;
      if (reached > time) this.#passOver(reached);
      else this.#walk(time);
      const next = Math.min(...this.#markets.map(({ nextTime }) => nextTime));
      if (next >= nextSample) {
        const isEnd = next === Infinity;
        const closed = Math.max(...this.#markets.map(lastTime)) + this.#intervalMs - 1;
        if (!isEnd || this.#equity.points.at(-1)?.time !== closed) this.#equity.record(closed);
        while (!isEnd && nextSample <= next) nextSample += sampleMs;
      }
    }
    return true;
  }

  /** The first opening time up to `until` at which something can happen in any market. */
  #nextTouched(until: TimeMs): TimeMs {
    let reached = until;
    for (const market of this.#markets) {
      const signalTime = market.candles.openTime[this.#nextSignal(market)] ?? Infinity;
      reached = Math.min(
        reached,
        signalTime,
        market.firstFrom(this.#nextDue() - this.#intervalMs + 1),
      );
    }
    for (const market of this.#markets) {
      reached = market.firstTouch(this.#levels(market), reached);
    }
    return reached;
  }

  /** Lets the candles before `until` pass, in which nothing happens but that prices change. */
  #passOver(until: TimeMs): void {
    const equity = this.#equity;
    equity.refresh();
    if (!equity.holdsNothing) {
      for (;;) {
        let time = until;
        for (const [index, market] of this.#markets.entries()) {
          if (equity.holds(index)) time = Math.min(time, market.nextTime);
        }
        if (time >= until) break;
        for (const [index, market] of this.#markets.entries()) {
          if (!equity.holds(index) || market.nextTime !== time) continue;
          market.closeTicks = market.candles.close[market.row] as number;
          market.row += 1;
        }
        equity.close();
      }
    }
    for (const market of this.#markets) {
      const next = market.rowAt(until);
      if (next > 0) market.standAt(next - 1);
      market.row = next;
    }
  }

  /** Where the market may fill an order or matter to the bot. The house quotes one tick either side of the price. */
  #levels({ venue, symbol }: MarketRun): {
    readonly lowTouched: number;
    readonly highTouched: number;
  } {
    return {
      lowTouched: Math.max(
        venue.highestBuy() - 1,
        venue.highestSellStop(),
        watchedBelow(this.#state, symbol) + 1,
      ),
      highTouched: Math.min(
        venue.lowestSell() + 1,
        venue.lowestBuyStop(),
        watchedAbove(this.#state, symbol) - 1,
      ),
    };
  }

  /** The first row at which conditions tell the bot something it would act on. */
  #nextSignal(market: MarketRun): number {
    let next = Infinity;
    for (const { conditions, isTrigger, isWanted } of signalWatches(this.#state, market.symbol)) {
      if (!isTrigger || !isWanted) continue;
      next = Math.min(next, market.scheduleOf(conditions).nextFrom(market.row));
    }
    return next;
  }

  #goOn(candlesDone: number): boolean {
    if (this.#input.isCancelled?.() === true) return false;
    this.#input.onProgress?.(candlesDone, this.#candles);
    return true;
  }

  #candlesDone(): number {
    let done = 0;
    for (const { row } of this.#markets) done += row;
    return done;
  }

  /** The bot starts at the very first point, before any market moves, unless somebody starts it. */
  #begin(): void {
    if (this.#timed.hasStart) return;
    const time = Math.min(...this.#markets.map(({ nextTime }) => nextTime));
    this.#time = time;
    for (const market of this.#markets) {
      if (market.nextTime !== time) continue;
      market.hasPrice = true;
      market.venue.moveTo(market.pointTicks(0), 0);
    }
    this.#deliver({ kind: 'command', time, command: { kind: 'start' } });
    this.#drain();
  }

  /** The candles that open at `time`, point by point. */
  #walk(time: TimeMs): void {
    const open =
      this.#markets.length === 1
        ? this.#markets
        : this.#markets.filter(({ nextTime }) => nextTime === time);
    for (let point = 0; point < POINTS_PER_CANDLE; point += 1) this.#reach(open, point);
    for (const market of open) {
      market.closeTicks = market.candles.close[market.row] ?? 0;
      market.row += 1;
    }
    this.#equity.refresh();
    this.#equity.close();
  }

  /**
   * One point of the path of `markets`. First all of them move, and their fills are told with everything that
   * follows from them; then quotes, timers and signals are told, and only then what follows from these.
   */
  #reach(markets: readonly MarketRun[], point: number): void {
    for (const market of markets) {
      this.#time = market.pointTime(point);
      market.hasPrice = true;
      market.venue.moveTo(market.pointTicks(point), market.pointLots(point));
    }
    this.#drain();
    for (const market of markets) {
      if (this.#quotesOwed.size > 0 && this.#quotesOwed.delete(market.symbol))
        this.#queue.push(this.#askedQuote(market));
    }
    this.#drain();
    for (const market of markets) {
      this.#tellQuote(market, market.pointTicks(point));
      this.#ring();
    }
    if (point === 0) for (const market of markets) this.#signal(market);
    this.#drain();
    this.#hearOutside();
  }

  #tellQuote({ symbol, venue }: MarketRun, ticks: number): void {
    const isWatched =
      ticks - 1 <= watchedBelow(this.#state, symbol) ||
      ticks + 1 >= watchedAbove(this.#state, symbol);
    if (!isWatched) return;
    this.#deliver({ kind: 'quote', time: this.#time, symbol, quote: venue.quote() });
  }

  /** Tells the timers that are due. */
  #ring(): void {
    while (this.#nextTimer <= this.#time) {
      const timer = this.#takeDueTimer();
      this.#deliver({ kind: 'timer', time: this.#time, timer });
    }
  }

  /** The next moment that a timer or something from outside names. */
  #nextDue(): TimeMs {
    return Math.min(this.#nextTimer, this.#timed.nextTime);
  }

  /** Tells what comes from outside by now, each after all that the one before has led to. */
  #hearOutside(): void {
    for (;;) {
      const event = this.#timed.take(this.#time);
      if (event === null) return;
      if (event.kind === 'command' && this.#isRefusedByDesk(event.command)) continue;
      const market = event.kind === 'signal' ? this.#bySymbol.get(event.symbol) : undefined;
      const quote = market?.hasPrice === true ? { quote: market.venue.quote() } : {};
      this.#deliver({ ...event, ...quote });
      this.#drain();
    }
  }

  /** Whether a desk would answer `command` with a no of its own, of which the bot hears nothing. */
  #isRefusedByDesk(command: BotCommand): boolean {
    if (command.kind !== 'addFunds' && command.kind !== 'reduceFunds') return false;
    const deal = this.#state.deals.find(({ dealId }) => dealId === command.dealId);
    if (deal === undefined) return false;
    const market = this.#marketOf(deal.symbol);
    const fault = addedOrderFault(deal, command.kind, command.order, {
      ...(market.hasPrice ? { quote: market.venue.quote() } : {}),
      funds: this.#fundsOf(market),
    });
    return fault !== null;
  }

  /** What the close before this candle has made of the conditions. */
  #signal(market: MarketRun): void {
    const { row, symbol } = market;
    const watches = signalWatches(this.#state, symbol);
    if (watches.length === 0) return;
    const due = watches.filter(
      ({ conditions, isTrigger, isWanted }) =>
        isTrigger && isWanted && market.scheduleOf(conditions).nextFrom(row) === row,
    );
    for (const { action, conditions, dealId } of due) {
      this.#deliver({
        kind: 'signal',
        time: this.#time,
        symbol,
        signal: {
          action,
          source: 'conditions',
          conditions: 'met',
          readings: market.scheduleOf(conditions).readings(row),
        },
        ...(dealId === undefined ? {} : { dealIds: [dealId] }),
        quote: market.venue.quote(),
      });
    }
  }

  #drain(): void {
    const queue = this.#queue;
    // Emptying an empty array is not free, and most points of a path tell nothing.
    if (queue.length === 0) return;
    for (let index = 0; index < queue.length; index += 1) {
      assert(index < EVENTS_PER_POINT_MAX, 'Invariant: a point of the path comes to rest');
      const event = queue[index];
      if (event !== undefined) this.#deliver(event);
    }
    queue.length = 0;
  }

  /** Tells the bot `event`, and at once which of the orders it asks for may not leave. */
  #deliver(event: BotEvent): void {
    const events = [event];
    for (let index = 0; index < events.length; index += 1) {
      assert(
        index < EVENTS_PER_POINT_MAX,
        'Invariant: a bot whose orders are denied comes to rest',
      );
      const next = events[index];
      if (next === undefined) continue;
      const { endedCount, version } = this.#state;
      const effects = step(this.#state, next);
      if (this.#state.version !== version) {
        this.#input.onEntry?.({ version: this.#state.version, event: next, effects }, this.#state);
      }
      const ended = this.#state.endedCount - endedCount;
      if (ended > 0) this.#ended.push(...this.#state.endedDeals.slice(-ended));
      if (next.kind === 'orderFilled') this.#measureStake();
      for (const effect of effects) {
        const denial = effect.kind === 'placeOrder' ? this.#denial(effect) : null;
        if (denial === null) this.#perform(effect);
        else events.push(denial);
      }
    }
  }

  /** The desk's no to an entry that needs what running deals hold; of all else the venue is the judge. */
  #denial({ order, role }: Extract<Effect, { kind: 'placeOrder' }>): BotEvent | null {
    if (role === 'exit') return null;
    const { instrument, wallet } = this.#marketOf(order.symbol);
    const { side, priceTicks: ticks, quantity: lots, clientOrderId } = order;
    const question = { role, instrument, side, priceTicks: ticks, lots };
    const { total } = wallet;
    const given = assetGiven(question) === instrument.baseAsset ? total.base : total.quote;
    const fault = reservationFault(reservationsOf(this.#state.deals), question, given);
    if (fault === null) return null;
    const reason = `expected ${fault.expected}, found ${fault.found}`;
    const { rule } = fault;
    const time = this.#time;
    return { kind: 'orderRejected', time, clientOrderId, by: 'desk', rule, reason };
  }

  /** Money that went into a deal and has not come back, or that a short deal owes in coins. */
  #measureStake(): void {
    for (const { position, instrument } of this.#state.deals) {
      const money = costOf(position, instrument) - revenueOf(position, instrument);
      const stake =
        (money < 0n ? -money : money) * power10(this.#equityScale - moneyScale(instrument));
      if (stake > this.#mostInvested) this.#mostInvested = stake;
    }
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'placeOrder':
        this.#marketOf(effect.order.symbol).venue.place(effect.order);
        return;
      case 'placePair': {
        const { takeProfit, stopLoss } = effect;
        this.#marketOf(takeProfit.order.symbol).venue.placePair(takeProfit.order, stopLoss.order);
        return;
      }
      case 'cancelOrder':
        this.#marketOf(effect.symbol).venue.cancel(effect.clientOrderId);
        return;
      case 'requestQuote': {
        const market = this.#marketOf(effect.symbol);
        if (market.hasPrice) this.#queue.push(this.#askedQuote(market));
        else this.#quotesOwed.add(effect.symbol);
        return;
      }
      case 'setTimer':
        this.#timers.set(effect.timer, effect.time);
        this.#findNextTimer();
        return;
      case 'handOver':
        // The bot that would take over is not part of this run.
        return;
      case 'notify':
        if (effect.note.kind === 'orderFilled') this.#fills.push(this.#toFill(effect.note));
        return;
    }
  }

  #marketOf(symbol: string): MarketRun {
    const market = this.#bySymbol.get(symbol);
    assert(market !== undefined, `Invariant: a backtest has the market of ${symbol}`);
    return market;
  }

  #askedQuote(market: MarketRun): BotEvent {
    const { symbol, venue } = market;
    const funds = this.#fundsOf(market);
    return { kind: 'quote', time: this.#time, symbol, quote: venue.quote(), funds };
  }

  /** What no order holds and no deal keeps. */
  #fundsOf({ instrument, wallet }: MarketRun): FreeFunds {
    const reserved = reservationsOf(this.#state.deals);
    const { free, total } = wallet;
    const base = unreserved(reserved, instrument.baseAsset, total.base);
    const quote = unreserved(reserved, instrument.quoteAsset, total.quote);
    return {
      base: base < free.base ? base : free.base,
      quote: quote < free.quote ? quote : free.quote,
    };
  }

  /** The earliest timer; of several at one time the first by name. */
  #takeDueTimer(): string {
    let due = '';
    for (const [timer, time] of this.#timers) {
      if (time === this.#nextTimer && (due === '' || timer < due)) due = timer;
    }
    this.#timers.delete(due);
    this.#findNextTimer();
    return due;
  }

  #findNextTimer(): void {
    this.#nextTimer = Infinity;
    for (const time of this.#timers.values()) this.#nextTimer = Math.min(this.#nextTimer, time);
  }

  #toFill(note: DealNote): BacktestFill {
    const value = (name: string): string => note.values[name] ?? '';
    const isOf = (deal: Deal): boolean => deal.dealId === note.dealId;
    const deal = this.#state.deals.find(isOf) ?? this.#state.endedDeals.findLast(isOf);
    assert(deal !== undefined, 'Invariant: a fill is of a deal');
    return {
      time: note.time,
      symbol: deal.symbol,
      dealId: note.dealId,
      order: purposeOf(value('order')),
      ladderIndex: Number(note.values['number'] ?? '0'),
      side: value('side') === 'buy' ? 'buy' : 'sell',
      price: value('price'),
      quantity: value('quantity'),
      volume: value('volume'),
      commission: value('commission'),
      commissionAsset: value('commissionAsset'),
      isMaker: value('liquidity') === 'maker',
    };
  }

  #report(): BacktestReport {
    const deals: ViewedDeal[] = [
      ...this.#ended.map((deal) => ({ deal, view: dealView(deal) })),
      ...this.#state.deals.map((deal) => ({
        deal,
        view: dealView(deal, priceTicks(this.#marketOf(deal.symbol).closeTicks)),
      })),
    ];
    this.#equity.refresh();
    return {
      kind: 'completed',
      fills: this.#fills,
      deals: deals.map(({ view }) => view),
      equity: this.#equity.points,
      statistics: statisticsOf({
        markets: this.#input.markets,
        takerFeePpm: this.#input.takerFeePpm,
        scale: this.#equityScale,
        startEquity: this.#startEquity,
        mostInvested: this.#mostInvested,
        equity: this.#equity,
        deals,
      }),
    };
  }
}

function lastTime({ candles, row }: MarketRun): TimeMs {
  return candles.openTime[row - 1] ?? 0;
}

function purposeOf(text: string): OrderPurpose {
  const purpose = ORDER_PURPOSES.find((candidate) => candidate === text);
  assert(purpose !== undefined, `Invariant: a fill names its order, was ${text}`);
  return purpose;
}

/** The settings with the symbols that are run: those that have a market, in the order of the settings. */
function settingsOfRun({ settings, markets }: BacktestInput): BotSettings {
  const symbols = settings.symbols.filter((symbol) =>
    markets.some(({ instrument }) => instrument.symbol === symbol),
  );
  return { ...settings, symbols };
}

function inputErrors(input: BacktestInput): FieldError[] {
  const errors: FieldError[] = [];
  const refuse = (field: string, expected: string, found: string): void => {
    errors.push({ field, expected, found });
  };
  for (const field of ['makerFeePpm', 'takerFeePpm'] as const) {
    const rate = input[field];
    if (!Number.isSafeInteger(rate) || rate < 0 || rate >= PPM) {
      refuse(field, `a whole number from 0 to ${PPM - 1}`, String(rate));
    }
  }
  checkMarkets(input, refuse);
  if (errors.length > 0) return errors;
  checkBalances(input, refuse);
  checkConditions(input, refuse);
  checkTimed(input, refuse);
  if (errors.length > 0) return errors;
  const prices: Record<string, PriceTicks> = {};
  for (const { instrument, candles } of input.markets) {
    prices[instrument.symbol] = priceTicks(candles.open[0] ?? 0);
  }
  const instruments = input.markets.map(({ instrument }) => instrument);
  const feeRatePpm = Math.max(input.makerFeePpm, input.takerFeePpm);
  return [...checkSettings(settingsOfRun(input), instruments, prices, feeRatePpm)];
}

type Refuse = (field: string, expected: string, found: string) => void;

function checkMarkets({ settings, markets }: BacktestInput, refuse: Refuse): void {
  if (markets.length === 0 || markets.length > MARKETS_MAX) {
    refuse('markets', `1 to ${MARKETS_MAX} markets`, String(markets.length));
  }
  const [first] = markets;
  const seen = new Set<string>();
  for (const { instrument, candles, warmUp } of markets) {
    const { symbol, quoteAsset } = instrument;
    if (!settings.symbols.includes(symbol)) {
      refuse('symbols', `to hold ${symbol}`, settings.symbols.join(', '));
    }
    if (seen.has(symbol)) refuse('markets', 'each symbol once', symbol);
    seen.add(symbol);
    if (first !== undefined && quoteAsset !== first.instrument.quoteAsset) {
      refuse(
        'markets',
        `a quote asset of ${first.instrument.quoteAsset}`,
        `${symbol}: ${quoteAsset}`,
      );
    }
    if (first !== undefined && candles.intervalMs !== first.candles.intervalMs) {
      const expected = `candles of ${first.candles.intervalMs} ms in every market`;
      refuse('candles', expected, `${symbol}: ${candles.intervalMs} ms`);
    }
    const fault = candles.openTime.length === 0 ? 'no candles' : candleFault(candles);
    if (fault !== null) {
      const found = markets.length > 1 ? `${symbol}: ${fault}` : fault;
      refuse('candles', 'candles in order, at least one', found);
    }
    if (warmUp === undefined || warmUp.openTime.length === 0) continue;
    const warmUpFault = candleFault(warmUp);
    const isBefore =
      warmUp.intervalMs === candles.intervalMs &&
      (warmUp.openTime.at(-1) ?? 0) + warmUp.intervalMs <= (candles.openTime[0] ?? 0);
    if (warmUpFault !== null || !isBefore) {
      refuse(
        'warmUp',
        'candles of the same length that end before the first candle of the run',
        `${symbol}: ${warmUpFault ?? 'others'}`,
      );
    }
  }
}

function checkBalances(input: BacktestInput, refuse: Refuse): void {
  const { markets, startBalances = {} } = input;
  const scale = Math.max(0, ...markets.map(({ instrument }) => moneyScale(instrument)));
  const quote = parseDecimal(input.startBalanceQuote, scale);
  if (!quote.ok || quote.value < 0n) {
    refuse('startBalanceQuote', 'a decimal number of at least 0', input.startBalanceQuote);
  }
  let isPoor = !quote.ok || quote.value === 0n;
  for (const [asset, amount] of Object.entries(startBalances)) {
    const field = `startBalances.${asset}`;
    const market = markets.find(({ instrument }) => instrument.baseAsset === asset);
    if (market === undefined) {
      refuse(field, 'the base asset of a market', asset);
      continue;
    }
    const base = parseDecimal(amount, baseScale(market.instrument));
    if (!base.ok || base.value < 0n) refuse(field, 'a decimal number of at least 0', amount);
    else if (base.value > 0n) isPoor = false;
  }
  if (quote.ok && quote.value >= 0n && isPoor) {
    refuse('startBalanceQuote', 'a decimal number above 0', input.startBalanceQuote);
  }
}

function checkConditions({ settings, markets }: BacktestInput, refuse: Refuse): void {
  const [market] = markets;
  if (market === undefined) return;
  for (const { field, conditions } of conditionLists(settings)) {
    const fault = scheduleFault(conditions, market.candles);
    if (fault !== null) refuse(field, 'conditions that the candles can answer', fault);
  }
}

function decimal(text: string, scale: number): bigint {
  const parsed = parseDecimal(text, scale);
  assert(parsed.ok, 'Invariant: balances were checked before');
  return parsed.value;
}
