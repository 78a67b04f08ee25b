// SPDX-License-Identifier: Apache-2.0
// The money of a backtest: what is free and what open orders hold, exactly as an exchange books it.

import { ASSET_SCALE, type Instrument } from '../instrument.ts';
import type { FreeFunds } from '../machine.ts';
import type { Fill, Side } from '../order.ts';
import {
  assetBase,
  assetMoney,
  baseScale,
  lotsBase,
  moneyScale,
  notionalMoney,
  power10,
} from '../position.ts';
import { assert } from '../units.ts';

/** The quote asset that all markets share, at `scale` decimals; free and locked together. */
export class Purse {
  readonly scale: number;
  amount: bigint;
  locked = 0n;
  /** Goes up whenever what is owned changes, in any market. */
  version = 0;

  constructor(scale: number, amount: bigint) {
    this.scale = scale;
    this.amount = amount;
  }
}

/** The coins of one market, beside the shared purse. */
export class Wallet {
  readonly #instrument: Instrument;
  readonly #purse: Purse;
  /** From the instrument's own decimals of money to those of the purse. */
  readonly #toPurse: bigint;
  /** At `baseScale` decimals; free and locked together. */
  #base: bigint;
  #lockedBase = 0n;

  constructor(instrument: Instrument, purse: Purse, startBase: bigint) {
    this.#instrument = instrument;
    this.#purse = purse;
    this.#toPurse = power10(purse.scale - moneyScale(instrument));
    this.#base = startBase;
  }

  get base(): bigint {
    return this.#base;
  }

  /** What no order holds, rounded down. */
  get free(): FreeFunds {
    const { amount, locked } = this.#purse;
    return this.#atAssetScale(this.#base - this.#lockedBase, amount - locked);
  }

  /** What there is, rounded down. */
  get total(): FreeFunds {
    return this.#atAssetScale(this.#base, this.#purse.amount);
  }

  #atAssetScale(base: bigint, quote: bigint): FreeFunds {
    return {
      base: base / power10(baseScale(this.#instrument) - ASSET_SCALE),
      quote: quote / power10(this.#purse.scale - ASSET_SCALE),
    };
  }

  /** Sets aside what an order may need at its own limit. Answers false, changing nothing, when it is not free. */
  lock(side: Side, priceTicks: number, lots: number): boolean {
    if (side === 'buy') {
      const needed = this.#notional(priceTicks, lots);
      if (this.#purse.amount - this.#purse.locked < needed) return false;
      this.#purse.locked += needed;
    } else {
      const needed = lotsBase(this.#instrument, lots);
      if (this.#base - this.#lockedBase < needed) return false;
      this.#lockedBase += needed;
    }
    return true;
  }

  /** Gives back what `lots` of an order held. */
  release(side: Side, priceTicks: number, lots: number): void {
    if (side === 'buy') this.#purse.locked -= this.#notional(priceTicks, lots);
    else this.#lockedBase -= lotsBase(this.#instrument, lots);
  }

  /** Books a fill of an order whose limit was `limitTicks`. */
  settle(side: Side, limitTicks: number, fill: Fill): void {
    this.release(side, limitTicks, fill.quantity);
    const notional = this.#notional(fill.priceTicks, fill.quantity);
    const lots = lotsBase(this.#instrument, fill.quantity);
    this.#purse.amount += side === 'buy' ? -notional : notional;
    this.#base += side === 'buy' ? lots : -lots;
    if (fill.commissionAsset === this.#instrument.baseAsset) {
      this.#base -= assetBase(this.#instrument, fill.commission);
    } else {
      this.#purse.amount -= assetMoney(this.#instrument, fill.commission) * this.#toPurse;
    }
    this.#purse.version += 1;
    assert(this.#purse.amount >= 0n && this.#base >= 0n, 'Invariant: no balance is negative');
  }

  #notional(priceTicks: number, lots: number): bigint {
    return notionalMoney(this.#instrument, BigInt(priceTicks) * BigInt(lots)) * this.#toPurse;
  }
}

/** Decimals in which the worth of coins of all `instruments` and of their money is exact. */
export function equityScale(instruments: readonly Instrument[]): number {
  let scale = 0;
  for (const instrument of instruments) {
    const coins = baseScale(instrument) + instrument.priceScale;
    scale = Math.max(scale, moneyScale(instrument), coins);
  }
  return scale;
}

/** What `base` coins of `instrument` are worth for every tick of its price, at `scale` decimals. */
export function worthPerTick(instrument: Instrument, base: bigint, scale: number): bigint {
  const exact = power10(scale - baseScale(instrument) - instrument.priceScale);
  return base * BigInt(instrument.tickUnits) * exact;
}
