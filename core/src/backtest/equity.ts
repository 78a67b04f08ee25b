// SPDX-License-Identifier: Apache-2.0
// What a backtest's wallets were worth over time: the curve and the deepest fall, measured at candle closes.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { formatPercent, power10 } from '../position.ts';
import { divFloor, type TimeMs } from '../units.ts';
import { worthPerTick, type Purse, type Wallet } from './wallet.ts';
import type { Instrument } from '../instrument.ts';

export interface EquityPoint {
  /** The last millisecond of a candle. */
  readonly time: TimeMs;
  readonly equity: string;
}

/** A market whose coins count. */
export interface EquityMarket {
  readonly instrument: Instrument;
  readonly wallet: Wallet;
  /** The price that counts now. */
  closeTicks: number;
}

/** Doubles may be this far off when they decide that a fall cannot be the deepest, or a worth no new peak. */
const DOUBLE_MARGIN = 1e-9;

/** The deepest fall from a peak, as a share of the peak; amounts at one scale. */
class Falls {
  #peak: bigint;
  #peakDouble: number;
  #fallPeak: bigint;
  #fallTrough: bigint;
  #fallShare = 0;

  constructor(start: bigint) {
    this.#peak = start;
    this.#peakDouble = Number(start);
    this.#fallPeak = start;
    this.#fallTrough = start;
  }

  get peak(): bigint {
    return this.#peak;
  }

  /** Whether a worth of about `worth` may matter at all. */
  mayMatter(worth: number): boolean {
    const peak = this.#peakDouble;
    return (
      worth > peak * (1 - DOUBLE_MARGIN) ||
      (peak - worth) / peak >= this.#fallShare * (1 - DOUBLE_MARGIN)
    );
  }

  consider(equity: bigint): void {
    if (equity > this.#peak) {
      this.#peak = equity;
      this.#peakDouble = Number(equity);
      return;
    }
    const share = Number(this.#peak - equity) / Number(this.#peak);
    if (share < this.#fallShare * (1 - DOUBLE_MARGIN)) return;
    if (
      (this.#peak - equity) * this.#fallPeak <=
      (this.#fallPeak - this.#fallTrough) * this.#peak
    ) {
      return;
    }
    this.#fallPeak = this.#peak;
    this.#fallTrough = equity;
    this.#fallShare = share;
  }

  deepest(): { readonly fall: bigint; readonly peak: bigint } {
    return { fall: this.#fallPeak - this.#fallTrough, peak: this.#fallPeak };
  }
}

/**
 * While the wallets stay as they are, their worth is a sum of straight lines over the prices. With one market a peak
 * and a trough are whole ticks, compared as integers; with several, doubles find the closes that may matter. Amounts
 * are computed only where one of them counts.
 */
export class EquityTrack {
  readonly #markets: readonly EquityMarket[];
  readonly #purse: Purse;
  readonly #scale: number;
  readonly points: EquityPoint[] = [];
  readonly #falls: Falls;
  /** The money at the beginning, at `scale` decimals, and the coins of each market. */
  readonly startQuote: bigint;
  readonly startBases: readonly bigint[];
  #version = -1;
  #quote = 0n;
  #perTick: readonly bigint[] = [];
  #quoteDouble = 0;
  #perTickDouble: readonly number[] = [];
  #isPeakAtTicks = false;
  /** With one market: a close above this is a new peak. Infinity while no coins are held. */
  peakTicks: number = Infinity;
  /** With one market: the lowest close since the peak; Infinity when there is none. */
  troughTicks: number = Infinity;

  /** The markets' prices are those of the beginning; amounts have `scale` decimals. */
  constructor(markets: readonly EquityMarket[], purse: Purse, scale: number) {
    this.#markets = markets;
    this.#purse = purse;
    this.#scale = scale;
    this.#readWallets();
    this.startQuote = this.#quote;
    this.startBases = markets.map(({ wallet }) => wallet.base);
    this.#falls = new Falls(this.worth());
    this.#version = -1;
  }

  /** Begins anew where the wallets have changed since the last close. */
  refresh(): void {
    if (this.#version === this.#purse.version) return;
    this.flush();
    this.#readWallets();
    const perTick = this.#perTick[0] ?? 0n;
    const isConstant = this.#markets.length !== 1 || perTick === 0n;
    this.peakTicks = isConstant
      ? Infinity
      : Math.max(-1, Number(divFloor(this.#falls.peak - this.#quote, perTick)));
    this.troughTicks = Infinity;
    if (isConstant && this.holdsNothing) this.#falls.consider(this.#quote);
  }

  /** Whether prices are of no concern: no coins are held. */
  get holdsNothing(): boolean {
    return this.#perTick.every((perTick) => perTick === 0n);
  }

  /** Whether coins of the market at `index` are held. */
  holds(index: number): boolean {
    return this.#perTick[index] !== 0n;
  }

  /**
   * The market, or each of several markets, has closed at its `closeTicks`. A caller with one market that keeps
   * `peakTicks` and `troughTicks` itself need not call this.
   */
  close(): void {
    const [only, second] = this.#markets;
    if (second === undefined) {
      const ticks = only?.closeTicks ?? 0;
      if (ticks > this.peakTicks) this.newPeak(ticks);
      else if (ticks < this.troughTicks) this.troughTicks = ticks;
      return;
    }
    let worth = this.#quoteDouble;
    for (let index = 0; index < this.#markets.length; index += 1) {
      worth += (this.#perTickDouble[index] ?? 0) * (this.#markets[index]?.closeTicks ?? 0);
    }
    if (this.#falls.mayMatter(worth)) this.#falls.consider(this.worth());
  }

  /** A close at `ticks` of the only market is the highest worth so far. */
  newPeak(ticks: number): void {
    if (this.troughTicks !== Infinity) this.flush();
    this.peakTicks = ticks;
    this.troughTicks = Infinity;
    this.#isPeakAtTicks = true;
  }

  /** Takes the fall from the peak to the trough into account. */
  flush(): void {
    const perTick = this.#perTick[0] ?? 0n;
    if (this.#isPeakAtTicks) {
      this.#falls.consider(this.#quote + perTick * BigInt(this.peakTicks));
      this.#isPeakAtTicks = false;
    }
    if (this.troughTicks === Infinity) return;
    if (perTick > 0n) this.#falls.consider(this.#quote + perTick * BigInt(this.troughTicks));
    this.troughTicks = Infinity;
  }

  record(time: TimeMs): void {
    this.points.push({ time, equity: this.#format(this.worth()) });
  }

  /** What everything is worth at the markets' prices, at `scale` decimals. */
  worth(): bigint {
    let worth = this.#quote;
    for (const [index, { closeTicks }] of this.#markets.entries()) {
      worth += (this.#perTick[index] ?? 0n) * BigInt(closeTicks);
    }
    return worth;
  }

  maxDrawdown(): { readonly amount: string; readonly percent: string } {
    this.flush();
    const { fall, peak } = this.#falls.deepest();
    return { amount: this.#format(fall), percent: formatPercent(fall, peak, 4) };
  }

  #readWallets(): void {
    this.#version = this.#purse.version;
    this.#quote = this.#purse.amount * power10(this.#scale - this.#purse.scale);
    this.#perTick = this.#markets.map(({ instrument, wallet }) =>
      worthPerTick(instrument, wallet.base, this.#scale),
    );
    this.#quoteDouble = Number(this.#quote);
    this.#perTickDouble = this.#perTick.map(Number);
  }

  #format(amount: bigint): string {
    return trimDecimal(formatDecimal(amount, this.#scale));
  }
}
