// SPDX-License-Identifier: Apache-2.0
// What a backtest's wallet was worth over time: the curve and the deepest fall, measured at candle closes.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import type { Instrument } from '../instrument.ts';
import { formatPercent } from '../position.ts';
import { divFloor, type TimeMs } from '../units.ts';
import { equityScale, equityTerms, type Wallet } from './wallet.ts';

export interface EquityPoint {
  /** The last millisecond of a candle. */
  readonly time: TimeMs;
  readonly equity: string;
}

/** Doubles may be this far off when they decide that a fall cannot be the deepest. */
const DOUBLE_MARGIN = 1e-9;

/**
 * While the wallet stays as it is, its worth is a straight line over the price. So between two fills a peak
 * and a trough are whole ticks, compared as integers; amounts are computed only where one of them counts.
 */
export class EquityTrack {
  readonly #instrument: Instrument;
  readonly #wallet: Wallet;
  readonly points: EquityPoint[] = [];
  #walletVersion = -1;
  #quote = 0n;
  #perTick = 0n;
  #peak: bigint;
  #isPeakAtTicks = false;
  #fallPeak: bigint;
  #fallTrough: bigint;
  #fallShare = 0;
  /** A close above this is a new peak. Infinity while no coins are held. */
  peakTicks: number = Infinity;
  /** The lowest close since the peak; Infinity when there is none. */
  troughTicks: number = Infinity;

  constructor(instrument: Instrument, wallet: Wallet) {
    this.#instrument = instrument;
    this.#wallet = wallet;
    this.#peak = equityTerms(instrument, wallet).quote;
    this.#fallPeak = this.#peak;
    this.#fallTrough = this.#peak;
  }

  /** Begins anew where the wallet has changed since the last close. */
  refresh(): void {
    if (this.#walletVersion === this.#wallet.version) return;
    this.flush();
    this.#walletVersion = this.#wallet.version;
    const { quote, perTick } = equityTerms(this.#instrument, this.#wallet);
    this.#quote = quote;
    this.#perTick = perTick;
    this.peakTicks =
      perTick === 0n ? Infinity : Math.max(-1, Number(divFloor(this.#peak - quote, perTick)));
    this.troughTicks = Infinity;
    if (perTick === 0n) this.#consider(quote);
  }

  /** A candle closed at `ticks`. A caller that keeps `peakTicks` and `troughTicks` itself need not call this. */
  close(ticks: number): void {
    if (ticks > this.peakTicks) this.newPeak(ticks);
    else if (ticks < this.troughTicks) this.troughTicks = ticks;
  }

  /** A close at `ticks` is the highest worth so far. */
  newPeak(ticks: number): void {
    if (this.troughTicks !== Infinity) this.flush();
    this.peakTicks = ticks;
    this.troughTicks = Infinity;
    this.#isPeakAtTicks = true;
  }

  /** Takes the fall from the peak to the trough into account. */
  flush(): void {
    if (this.#isPeakAtTicks) {
      this.#peak = this.equityAt(this.peakTicks);
      this.#isPeakAtTicks = false;
    }
    if (this.troughTicks === Infinity) return;
    if (this.#perTick > 0n) this.#consider(this.equityAt(this.troughTicks));
    this.troughTicks = Infinity;
  }

  record(time: TimeMs, closeTicks: number): void {
    this.points.push({ time, equity: this.#format(this.equityAt(closeTicks)) });
  }

  /** Worth at a price, at `equityScale` decimals. */
  equityAt(ticks: number): bigint {
    return this.#quote + this.#perTick * BigInt(ticks);
  }

  maxDrawdown(): { readonly amount: string; readonly percent: string } {
    this.flush();
    const fall = this.#fallPeak - this.#fallTrough;
    return { amount: this.#format(fall), percent: formatPercent(fall, this.#fallPeak, 4) };
  }

  #consider(equity: bigint): void {
    if (equity > this.#peak) {
      this.#peak = equity;
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

  #format(amount: bigint): string {
    return trimDecimal(formatDecimal(amount, equityScale(this.#instrument)));
  }
}
