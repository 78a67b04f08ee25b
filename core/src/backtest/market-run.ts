// SPDX-License-Identifier: Apache-2.0
// One market of a backtest: its candles, how far they are walked, and what in them may concern the bot.

import type { MissingCandles } from '../candle-resample.ts';
import {
  pointTicks,
  pointTime,
  POINTS_PER_CANDLE,
  type CandlePath,
  type Candles,
} from '../candle.ts';
import type { Condition } from '../conditions/condition.ts';
import type { Instrument } from '../instrument.ts';
import type { BotEvent } from '../machine.ts';
import type { TimeMs } from '../units.ts';
import { BarVenue } from './bar-venue.ts';
import { EngineVenue } from './engine-venue.ts';
import type { EquityMarket } from './equity.ts';
import { SignalSchedule } from './signal-schedule.ts';
import { Clerk, type BacktestVenue, type Fees } from './venue.ts';
import { Wallet, type Purse } from './wallet.ts';

export interface BacktestMarket {
  readonly instrument: Instrument;
  readonly candles: Candles;
  /** Candles right before the first: conditions read them, nothing is traded in them. */
  readonly warmUp?: Candles;
}

/** Levels at which a candle concerns the bot. */
interface Levels {
  readonly lowTouched: number;
  readonly highTouched: number;
}

export class MarketRun implements EquityMarket {
  readonly instrument: Instrument;
  readonly symbol: string;
  readonly candles: Candles;
  readonly wallet: Wallet;
  readonly venue: BacktestVenue;
  /** The next row that was neither walked nor passed over. */
  row = 0;
  closeTicks: number;
  /** The market has had its first point. */
  hasPrice = false;
  readonly #path: CandlePath;
  readonly #warmUp: Candles | undefined;
  readonly #missing: MissingCandles;
  readonly #schedules = new Map<readonly Condition[], SignalSchedule>();
  /** Before this row nothing touches these levels. */
  #cleanTo = 0;
  #clean: Levels = { lowTouched: -1, highTouched: Infinity };

  constructor(options: {
    readonly market: BacktestMarket;
    readonly purse: Purse;
    readonly startBase: bigint;
    readonly fees: Fees;
    readonly path: CandlePath;
    readonly missing: MissingCandles;
    readonly onEngine: boolean;
    readonly emit: (event: BotEvent) => void;
    readonly now: () => TimeMs;
  }) {
    const { instrument, candles, warmUp } = options.market;
    this.instrument = instrument;
    this.symbol = instrument.symbol;
    this.candles = candles;
    this.#warmUp = warmUp;
    this.#path = options.path;
    this.#missing = options.missing;
    this.closeTicks = candles.open[0] ?? 0;
    this.wallet = new Wallet(instrument, options.purse, options.startBase);
    const { fees, emit, now } = options;
    const clerk = new Clerk({ instrument, wallet: this.wallet, fees, emit, now });
    this.venue = options.onEngine ? new EngineVenue(clerk) : new BarVenue(clerk);
  }

  get rows(): number {
    return this.candles.openTime.length;
  }

  /** When the next candle opens; Infinity after the last. */
  get nextTime(): TimeMs {
    return this.candles.openTime[this.row] ?? Infinity;
  }

  pointTime(point: number): TimeMs {
    return pointTime(this.candles, this.row, point);
  }

  pointTicks(point: number): number {
    return pointTicks(this.candles, this.row, point, this.#path);
  }

  /** Lots printed at a point of the next candle. */
  pointLots(point: number): number {
    const volume = this.candles.volume[this.row] ?? 0;
    const quarter = Math.floor(volume / POINTS_PER_CANDLE);
    return point === POINTS_PER_CANDLE - 1 ? volume - quarter * (POINTS_PER_CANDLE - 1) : quarter;
  }

  /** The signals of `conditions`, computed when they are first asked for. */
  scheduleOf(conditions: readonly Condition[]): SignalSchedule {
    const known = this.#schedules.get(conditions);
    if (known !== undefined) return known;
    const { instrument, candles } = this;
    const [warmUp, missing] = [this.#warmUp, this.#missing];
    const made = new SignalSchedule({ conditions, instrument, candles, warmUp, missing });
    this.#schedules.set(conditions, made);
    return made;
  }

  /** The first opening time before `until` of a candle that touches `levels`; else `until`. */
  firstTouch(levels: Levels, until: TimeMs): TimeMs {
    const { openTime, low, high } = this.candles;
    const { lowTouched, highTouched } = levels;
    const isCalmer = lowTouched <= this.#clean.lowTouched && highTouched >= this.#clean.highTouched;
    let index = isCalmer ? Math.max(this.#cleanTo, this.row) : this.row;
    this.#clean = levels;
    for (; index < openTime.length; index += 1) {
      const time = openTime[index] as number;
      if (time >= until) break;
      if ((low[index] as number) <= lowTouched || (high[index] as number) >= highTouched) {
        this.#cleanTo = index;
        return time;
      }
    }
    this.#cleanTo = index;
    return until;
  }

  /** The first opening time from the next candle on that is at least `time`. */
  firstFrom(time: TimeMs): TimeMs {
    return this.candles.openTime[this.rowAt(time)] ?? Infinity;
  }

  /** The first row from the next on that opens at `time` or later. */
  rowAt(time: TimeMs): number {
    const { openTime } = this.candles;
    let [from, to] = [this.row, openTime.length];
    while (from < to) {
      const middle = (from + to) >>> 1;
      if ((openTime[middle] as number) < time) from = middle + 1;
      else to = middle;
    }
    return from;
  }

  /** The market stands at the close of `row`, on the way to which nothing happened. */
  standAt(row: number): void {
    const ticks = this.candles.close[row] ?? 0;
    this.closeTicks = ticks;
    this.hasPrice = true;
    this.venue.moveTo(ticks, 0);
  }
}
