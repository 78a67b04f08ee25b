// SPDX-License-Identifier: Apache-2.0
// The money of a backtest: what is free and what open orders hold, exactly as an exchange books it.

import type { Instrument } from '../instrument.ts';
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

export class Wallet {
  readonly #instrument: Instrument;
  /** At `moneyScale` and `baseScale` decimals; free and locked together. */
  #quote: bigint;
  #base = 0n;
  #lockedQuote = 0n;
  #lockedBase = 0n;
  /** Goes up whenever what is owned changes. */
  version = 0;

  constructor(instrument: Instrument, startQuote: bigint) {
    this.#instrument = instrument;
    this.#quote = startQuote;
  }

  get quote(): bigint {
    return this.#quote;
  }

  get base(): bigint {
    return this.#base;
  }

  /** Sets aside what an order may need at its own limit. Answers false, changing nothing, when it is not free. */
  lock(side: Side, priceTicks: number, lots: number): boolean {
    if (side === 'buy') {
      const needed = this.#notional(priceTicks, lots);
      if (this.#quote - this.#lockedQuote < needed) return false;
      this.#lockedQuote += needed;
    } else {
      const needed = lotsBase(this.#instrument, lots);
      if (this.#base - this.#lockedBase < needed) return false;
      this.#lockedBase += needed;
    }
    return true;
  }

  /** Gives back what `lots` of an order held. */
  release(side: Side, priceTicks: number, lots: number): void {
    if (side === 'buy') this.#lockedQuote -= this.#notional(priceTicks, lots);
    else this.#lockedBase -= lotsBase(this.#instrument, lots);
  }

  /** Books a fill of an order whose limit was `limitTicks`. */
  settle(side: Side, limitTicks: number, fill: Fill): void {
    this.release(side, limitTicks, fill.quantity);
    const notional = this.#notional(fill.priceTicks, fill.quantity);
    const lots = lotsBase(this.#instrument, fill.quantity);
    this.#quote += side === 'buy' ? -notional : notional;
    this.#base += side === 'buy' ? lots : -lots;
    if (fill.commissionAsset === this.#instrument.baseAsset) {
      this.#base -= assetBase(this.#instrument, fill.commission);
    } else {
      this.#quote -= assetMoney(this.#instrument, fill.commission);
    }
    this.version += 1;
    assert(this.#quote >= 0n && this.#base >= 0n, 'Invariant: no balance is negative');
  }

  #notional(priceTicks: number, lots: number): bigint {
    return notionalMoney(this.#instrument, BigInt(priceTicks) * BigInt(lots));
  }
}

/** Decimals in which the worth of a wallet is exact. */
export function equityScale(instrument: Instrument): number {
  return Math.max(moneyScale(instrument), baseScale(instrument) + instrument.priceScale);
}

/** What `wallet` is worth: `quote` plus `perTick` for every tick of the price, at `equityScale` decimals. */
export function equityTerms(
  instrument: Instrument,
  wallet: { readonly quote: bigint; readonly base: bigint },
): { readonly quote: bigint; readonly perTick: bigint } {
  const scale = equityScale(instrument);
  return {
    quote: wallet.quote * power10(scale - moneyScale(instrument)),
    perTick:
      wallet.base *
      BigInt(instrument.tickUnits) *
      power10(scale - baseScale(instrument) - instrument.priceScale),
  };
}
