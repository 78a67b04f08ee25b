// SPDX-License-Identifier: Apache-2.0
// A bot over candles: the trading machine itself, a venue that fills its orders, and what came of it.

import {
  candleFault,
  pointTicks,
  pointTime,
  POINTS_PER_CANDLE,
  type CandlePath,
  type Candles,
} from '../candle.ts';
import { parseDecimal } from '../decimal.ts';
import { checkSettings, type BotSettings } from '../bot/settings.ts';
import {
  createBot,
  step,
  watchedAbove,
  watchedBelow,
  type BotState,
  type Deal,
} from '../bot/step.ts';
import type { DealView } from '../bot/common-view.ts';
import { dealView } from '../bot/deal-view.ts';
import type { Instrument } from '../instrument.ts';
import type { FieldError } from '../settings/field.ts';
import type { BotEvent, DealNote, Effect, OrderPurpose } from '../machine.ts';
import { moneyScale } from '../position.ts';
import { assert, PPM, priceTicks, type TimeMs } from '../units.ts';
import { BarVenue } from './bar-venue.ts';
import { EngineVenue } from './engine-venue.ts';
import { EquityTrack, type EquityPoint } from './equity.ts';
import { statisticsOf, type BacktestStatistics } from './statistics.ts';
import { Clerk, type BacktestVenue } from './venue.ts';
import { Wallet } from './wallet.ts';

export interface BacktestInput {
  readonly settings: BotSettings;
  readonly instrument: Instrument;
  readonly candles: Candles;
  readonly path: CandlePath;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly startBalanceQuote: string;
  /**
   * `fast` skips candles in which nothing can happen. `every-point` walks all of them; `matching-engine` does so
   * on the full matching engine. All three give the same result.
   */
  readonly walk?: 'fast' | 'every-point' | 'matching-engine';
  readonly onProgress?: (candlesDone: number, candles: number) => void;
  readonly isCancelled?: () => boolean;
}

export type BacktestResult =
  | BacktestReport
  | { readonly kind: 'refused'; readonly errors: readonly FieldError[] }
  | { readonly kind: 'cancelled'; readonly candlesDone: number };

export interface BacktestReport {
  readonly kind: 'completed';
  readonly fills: readonly BacktestFill[];
  /** Ended deals in order of their end, then the open one, valued at the last close. */
  readonly deals: readonly DealView[];
  readonly equity: readonly EquityPoint[];
  readonly statistics: BacktestStatistics;
}

/** One line of the trade log. Numbers are decimal text. */
export interface BacktestFill {
  readonly time: TimeMs;
  readonly dealId: number;
  readonly order: OrderPurpose;
  /** Which safety order, from 1; 0 for every other purpose. */
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

/** Runs the bot of `settings` over `candles` from the first point to the last. */
export function runBacktest(input: BacktestInput): BacktestResult {
  const errors = inputErrors(input);
  if (errors.length > 0) return { kind: 'refused', errors };
  return new Backtest(input).run();
}

class Backtest {
  readonly #input: BacktestInput;
  readonly #candles: Candles;
  readonly #state: BotState;
  readonly #symbol: string;
  readonly #venue: BacktestVenue;
  readonly #equity: EquityTrack;
  readonly #wallet: Wallet;
  readonly #startBalance: bigint;
  readonly #queue: BotEvent[] = [];
  readonly #timers = new Map<string, TimeMs>();
  #nextTimer = Infinity;
  #time: TimeMs = 0;
  readonly #fills: BacktestFill[] = [];
  readonly #ended: Deal[] = [];

  constructor(input: BacktestInput) {
    const { instrument } = input;
    this.#input = input;
    this.#candles = input.candles;
    this.#symbol = instrument.symbol;
    this.#startBalance = balanceOf(input);
    this.#state = createBot({
      botId: 'backtest',
      clientOrderIdPrefix: 'bt-',
      settings: { ...input.settings, symbols: [instrument.symbol] },
      instruments: [instrument],
      feeRatePpm: Math.max(input.makerFeePpm, input.takerFeePpm),
    });
    this.#wallet = new Wallet(instrument, this.#startBalance);
    const clerk = new Clerk({
      instrument,
      wallet: this.#wallet,
      fees: input,
      emit: (event) => this.#queue.push(event),
    });
    this.#venue = input.walk === 'matching-engine' ? new EngineVenue(clerk) : new BarVenue(clerk);
    this.#equity = new EquityTrack(instrument, this.#wallet);
  }

  run(): BacktestResult {
    const { openTime, close } = this.#candles;
    const rows = openTime.length;
    const sampleEvery = Math.max(1, Math.ceil(rows / CURVE_POINTS));
    const maySkip = (this.#input.walk ?? 'fast') === 'fast';
    let nextSample = sampleEvery - 1;
    let nextProgress = 0;
    let row = 0;
    while (row < rows) {
      if (row >= nextProgress) {
        if (this.#input.isCancelled?.() === true) return { kind: 'cancelled', candlesDone: row };
        this.#input.onProgress?.(row, rows);
        nextProgress = row + PROGRESS_EVERY;
      }
      const stop = Math.min(rows, nextSample + 1, nextProgress);
      const reached = maySkip && row > 0 ? this.#skip(row, stop) : row;
      if (reached < stop) {
        this.#walk(reached);
        row = reached + 1;
      } else {
        row = reached;
      }
      if (row === nextSample + 1 || row === rows) {
        this.#equity.record(pointTime(this.#candles, row - 1, 3), close[row - 1] ?? 0);
        nextSample += sampleEvery;
      }
    }
    this.#input.onProgress?.(rows, rows);
    return this.#report();
  }

  /** The first candle from `row` on, before `stop`, in which something can happen; else `stop`. */
  #skip(row: number, stop: number): number {
    const { openTime, low, high, close, intervalMs } = this.#candles;
    const equity = this.#equity;
    // The house quotes one tick either side of the price.
    const lowTouched = Math.max(
      this.#venue.highestBuy() - 1,
      watchedBelow(this.#state, this.#symbol) + 1,
    );
    const highTouched = Math.min(
      this.#venue.lowestSell() + 1,
      watchedAbove(this.#state, this.#symbol) - 1,
    );
    const timeTouched = this.#nextTimer - intervalMs + 1;
    let { peakTicks, troughTicks } = equity;
    let index = row;
    for (; index < stop; index += 1) {
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

  #walk(row: number): void {
    const { path } = this.#input;
    const volume = this.#candles.volume[row] ?? 0;
    const quarter = Math.floor(volume / POINTS_PER_CANDLE);
    for (let point = 0; point < POINTS_PER_CANDLE; point += 1) {
      const isLast = point === POINTS_PER_CANDLE - 1;
      this.#reach(
        pointTime(this.#candles, row, point),
        pointTicks(this.#candles, row, point, path),
        isLast ? volume - quarter * (POINTS_PER_CANDLE - 1) : quarter,
        row === 0 && point === 0,
      );
    }
    this.#equity.refresh();
    this.#equity.close(this.#candles.close[row] ?? 0);
  }

  /** One point of the path: fills, then the quote, then timers; after each, everything that follows from it. */
  #reach(time: TimeMs, ticks: number, printLots: number, isFirst: boolean): void {
    this.#time = time;
    this.#venue.moveTo(time, ticks, printLots);
    if (isFirst) this.#deliver({ kind: 'command', time, command: { kind: 'start' } });
    this.#drain();
    if (
      ticks - 1 <= watchedBelow(this.#state, this.#symbol) ||
      ticks + 1 >= watchedAbove(this.#state, this.#symbol)
    ) {
      this.#deliver(this.#quoteEvent());
      this.#drain();
    }
    while (this.#nextTimer <= time) {
      const timer = this.#takeDueTimer();
      this.#deliver({ kind: 'timer', time, timer });
      this.#drain();
    }
  }

  #drain(): void {
    const queue = this.#queue;
    for (let index = 0; index < queue.length; index += 1) {
      assert(index < EVENTS_PER_POINT_MAX, 'Invariant: a point of the path comes to rest');
      const event = queue[index];
      if (event !== undefined) this.#deliver(event);
    }
    queue.length = 0;
  }

  #deliver(event: BotEvent): void {
    const endedBefore = this.#state.endedCount;
    const effects = step(this.#state, event);
    if (this.#state.endedCount > endedBefore) {
      const deal = this.#state.endedDeals.at(-1);
      if (deal !== undefined) this.#ended.push(deal);
    }
    for (const effect of effects) this.#perform(effect);
  }

  #perform(effect: Effect): void {
    switch (effect.kind) {
      case 'placeOrder':
        this.#venue.place(effect.order);
        return;
      case 'cancelOrder':
        this.#venue.cancel(effect.clientOrderId);
        return;
      case 'requestQuote':
        this.#queue.push(this.#quoteEvent());
        return;
      case 'setTimer':
        this.#timers.set(effect.timer, effect.time);
        this.#findNextTimer();
        return;
      case 'notify':
        if (effect.note.kind === 'orderFilled') this.#fills.push(toFill(effect.note));
        return;
    }
  }

  #quoteEvent(): BotEvent {
    return { kind: 'quote', time: this.#time, symbol: this.#symbol, quote: this.#venue.quote() };
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

  #report(): BacktestReport {
    const { candles, instrument } = this.#input;
    const rows = candles.openTime.length;
    const lastTicks = candles.close[rows - 1] ?? 0;
    const open = this.#state.deals.map((deal) => dealView(deal, priceTicks(lastTicks)));
    this.#equity.refresh();
    return {
      kind: 'completed',
      fills: this.#fills,
      deals: [...this.#ended.map((deal) => dealView(deal)), ...open],
      equity: this.#equity.points,
      statistics: statisticsOf({
        instrument,
        candles,
        takerFeePpm: this.#input.takerFeePpm,
        startBalance: this.#startBalance,
        equity: this.#equity,
        ended: this.#ended,
        open: this.#state.deals,
      }),
    };
  }
}

function toFill(note: DealNote): BacktestFill {
  const value = (name: string): string => note.values[name] ?? '';
  return {
    time: note.time,
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

function purposeOf(text: string): OrderPurpose {
  switch (text) {
    case 'baseOrder':
    case 'safetyOrder':
    case 'takeProfit':
    case 'stopLoss':
    case 'close':
      return text;
    default:
      throw new Error(`Invariant: a fill names its order, was ${text}`);
  }
}

function inputErrors(input: BacktestInput): FieldError[] {
  const errors: FieldError[] = [];
  const { candles, instrument, settings } = input;
  const refuse = (field: string, expected: string, found: string): void => {
    errors.push({ field, expected, found });
  };
  for (const field of ['makerFeePpm', 'takerFeePpm'] as const) {
    const rate = input[field];
    if (!Number.isSafeInteger(rate) || rate < 0 || rate >= PPM) {
      refuse(field, `a whole number from 0 to ${PPM - 1}`, String(rate));
    }
  }
  const balance = parseDecimal(input.startBalanceQuote, moneyScale(instrument));
  if (!balance.ok || balance.value <= 0n) {
    refuse('startBalanceQuote', 'a decimal number above 0', input.startBalanceQuote);
  }
  if (!settings.symbols.includes(instrument.symbol)) {
    refuse('symbols', `to hold ${instrument.symbol}`, settings.symbols.join(', '));
  }
  const fault = candles.openTime.length === 0 ? 'no candles' : candleFault(candles);
  if (fault !== null) refuse('candles', 'candles in order, at least one', fault);
  if (errors.length > 0) return errors;
  const first = priceTicks(candles.open[0] ?? 0);
  const single = { ...settings, symbols: [instrument.symbol] };
  const feeRatePpm = Math.max(input.makerFeePpm, input.takerFeePpm);
  return [...checkSettings(single, [instrument], { [instrument.symbol]: first }, feeRatePpm)];
}

function balanceOf(input: BacktestInput): bigint {
  const parsed = parseDecimal(input.startBalanceQuote, moneyScale(input.instrument));
  assert(parsed.ok, 'Invariant: the start balance was checked before');
  return parsed.value;
}
