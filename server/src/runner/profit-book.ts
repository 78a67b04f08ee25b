// SPDX-License-Identifier: Apache-2.0
// Realised profit of ended deals, summed exactly, per bot and over time.

import { formatDecimal, toScaled, trimDecimal } from '@kontor/core';
import { numberOf, textOf, type Store } from '../store/store.ts';

/** Holds every amount of any instrument. */
const SCALE = 24;
/** Points of the curve a page is given; more are thinned evenly, the last always kept. */
const CURVE_POINTS_MAX = 500;

export class ProfitBook {
  readonly #byBot = new Map<string, { profit: bigint; deals: number }>();
  readonly #curve: (readonly [time: number, total: bigint])[] = [];
  #total = 0n;

  constructor(store: Store) {
    for (const row of store.all(
      "SELECT bot_id, closed_at, json_extract(summary, '$.realisedProfit') AS profit FROM deals WHERE closed_at IS NOT NULL AND NOT (status = 'failed' AND NOT EXISTS (SELECT 1 FROM fills WHERE fills.bot_id = deals.bot_id AND fills.deal_number = deals.deal_number)) ORDER BY closed_at, bot_id, deal_number",
    )) {
      this.add(textOf(row, 'bot_id'), numberOf(row, 'closed_at'), textOf(row, 'profit'));
    }
  }

  /** A deal of `botId` ended at `time` with `profit` in the quote asset. */
  add(botId: string, time: number, profit: string): void {
    const amount = toScaled(profit, SCALE, 'profit');
    const bot = this.#byBot.get(botId) ?? { profit: 0n, deals: 0 };
    bot.profit += amount;
    bot.deals += 1;
    this.#byBot.set(botId, bot);
    this.#total += amount;
    this.#curve.push([time, this.#total]);
  }

  /** Ended deals of a bot and their profit; `extra` are further amounts to count in. */
  of(
    botId: string,
    extra: readonly string[] = [],
  ): { readonly profit: string; readonly deals: number } {
    const bot = this.#byBot.get(botId);
    return { profit: sumText(bot?.profit ?? 0n, extra), deals: bot?.deals ?? 0 };
  }

  total(extra: readonly string[] = []): { readonly profit: string; readonly deals: number } {
    return { profit: sumText(this.#total, extra), deals: this.#curve.length };
  }

  curve(): [number, string][] {
    const step = Math.max(1, Math.ceil(this.#curve.length / CURVE_POINTS_MAX));
    return this.#curve
      .filter((_, index) => index % step === 0 || index === this.#curve.length - 1)
      .slice(-CURVE_POINTS_MAX)
      .map(([time, total]) => [time, toText(total)]);
  }
}

/** The sum of decimal texts, exact and without trailing zeros. */
export function sumTexts(amounts: readonly string[]): string {
  return sumText(0n, amounts);
}

function sumText(start: bigint, amounts: readonly string[]): string {
  let sum = start;
  for (const amount of amounts) sum += toScaled(amount, SCALE, 'amount');
  return toText(sum);
}

function toText(amount: bigint): string {
  return trimDecimal(formatDecimal(amount, SCALE));
}
