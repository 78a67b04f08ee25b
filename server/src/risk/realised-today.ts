// SPDX-License-Identifier: Apache-2.0
// What each scope has realised on the running day, by asset, exact and kept in the store.
//
// An amount belongs to the day on which the desk counts it: what a fill of yesterday lost, told after an outage, is
// counted when it is told, so that no loss escapes between two days.

import { ASSET_SCALE, formatDecimal, toScaled, trimDecimal } from '@kontor/core';
import { textOf, type Store } from '../store/store.ts';

const DAY_MS = 86_400_000;
/** Holds every amount of any instrument. */
const WIDE_SCALE = 24;

export class RealisedToday {
  readonly #store: Store;
  readonly #now: () => number;
  readonly #scopes = new Map<string, Map<string, bigint>>();
  #day = 0;

  /** `now` is the venue's clock. */
  constructor(store: Store, now: () => number) {
    this.#store = store;
    this.#now = now;
    for (const row of store.all('SELECT scope, day, asset, amount FROM realised')) {
      this.#day = Math.max(this.#day, Number(row['day']));
    }
    for (const row of store.all(
      'SELECT scope, asset, amount FROM realised WHERE day = ?',
      this.#day,
    )) {
      const amount = toScaled(textOf(row, 'amount'), WIDE_SCALE, 'amount');
      this.#of(textOf(row, 'scope')).set(textOf(row, 'asset'), amount);
    }
  }

  /** When the running day ends. */
  get endsAt(): number {
    this.turnDay();
    return (this.#day + 1) * DAY_MS;
  }

  /** Counts `amount`, decimal text in `asset`, for `scopes`; to be called in the transaction of what realised it. */
  add(scopes: readonly string[], asset: string, amount: string): void {
    this.turnDay();
    const change = toScaled(amount, WIDE_SCALE, 'amount');
    for (const scope of scopes) {
      const amounts = this.#of(scope);
      const sum = (amounts.get(asset) ?? 0n) + change;
      amounts.set(asset, sum);
      this.#store.run(
        'INSERT OR REPLACE INTO realised (scope, day, asset, amount) VALUES (?, ?, ?, ?)',
        scope,
        this.#day,
        asset,
        formatDecimal(sum, WIDE_SCALE),
      );
    }
  }

  /** Begins a scope anew: only what is realised from here on counts. */
  forget(scope: string): void {
    this.#scopes.delete(scope);
    this.#store.run('DELETE FROM realised WHERE scope = ?', scope);
  }

  /** By asset, at `ASSET_SCALE` decimals. Rounded towards the loss: a limit is never missed by a fraction. */
  of(scope: string): ReadonlyMap<string, bigint> {
    this.turnDay();
    const unit = 10n ** BigInt(WIDE_SCALE - ASSET_SCALE);
    const rounded = new Map<string, bigint>();
    for (const [asset, amount] of this.#scopes.get(scope) ?? []) {
      rounded.set(asset, amount >= 0n ? amount / unit : -((-amount + unit - 1n) / unit));
    }
    return rounded;
  }

  /** A day that has begun starts from nothing. The venue's clock going back does not bring a day back. */
  turnDay(): void {
    const day = Math.floor(this.#now() / DAY_MS);
    if (day <= this.#day) return;
    this.#day = day;
    this.#scopes.clear();
    this.#store.run('DELETE FROM realised WHERE day < ?', day);
  }

  #of(scope: string): Map<string, bigint> {
    const known = this.#scopes.get(scope);
    if (known !== undefined) return known;
    const made = new Map<string, bigint>();
    this.#scopes.set(scope, made);
    return made;
  }
}

/** What became of a realised amount from `before` to `now`, decimal texts; null where it is the same. */
export function realisedChange(before: string, now: string): string | null {
  const change = toScaled(now, WIDE_SCALE, 'now') - toScaled(before, WIDE_SCALE, 'before');
  return change === 0n ? null : trimDecimal(formatDecimal(change, WIDE_SCALE));
}
