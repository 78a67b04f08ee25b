// SPDX-License-Identifier: Apache-2.0
// Sums over all bots, kept while single bots change.

import type { Bot } from './bot.ts';

/**
 * The sums, by asset, of the amounts that `amountsOf` gives for each bot. A bot is reckoned anew only when its version
 * has changed, so that asking often costs little however many bots there are.
 */
export class BotSums<Field extends string> {
  readonly #bots: () => ReadonlyMap<string, Bot>;
  readonly #amountsOf: (bot: Bot) => Amounts<Field>;
  readonly #known = new Map<string, { readonly version: number; readonly of: Amounts<Field> }>();
  readonly #sums = new Map<string, Record<Field, bigint>>();

  constructor(
    bots: () => ReadonlyMap<string, Bot>,
    amountsOf: (bot: Bot) => ReadonlyMap<string, Readonly<Record<Field, bigint>>>,
  ) {
    this.#bots = bots;
    this.#amountsOf = amountsOf;
  }

  /** What one bot comes to. */
  of(bot: Bot): ReadonlyMap<string, Readonly<Record<Field, bigint>>> {
    const known = this.#known.get(bot.botId);
    if (known?.version === bot.state.version) return known.of;
    const of = this.#amountsOf(bot);
    if (known !== undefined) this.#add(known.of, -1n);
    this.#add(of, 1n);
    this.#known.set(bot.botId, { version: bot.state.version, of });
    return of;
  }

  /** What all bots come to. */
  all(): ReadonlyMap<string, Readonly<Record<Field, bigint>>> {
    const bots = this.#bots();
    for (const bot of bots.values()) this.of(bot);
    if (this.#known.size > bots.size) this.#forgetGone(bots);
    return this.#sums;
  }

  #forgetGone(bots: ReadonlyMap<string, Bot>): void {
    for (const [botId, { of }] of this.#known) {
      if (bots.has(botId)) continue;
      this.#add(of, -1n);
      this.#known.delete(botId);
    }
  }

  #add(of: Amounts<Field>, sign: bigint): void {
    for (const [asset, amounts] of of) {
      const sum = this.#sums.get(asset);
      const next: Record<Field, bigint> = { ...amounts };
      for (const field of fieldsOf(amounts)) {
        next[field] = (sum?.[field] ?? 0n) + sign * amounts[field];
      }
      this.#sums.set(asset, next);
    }
  }
}

type Amounts<Field extends string> = ReadonlyMap<string, Readonly<Record<Field, bigint>>>;

function fieldsOf<Field extends string>(
  amounts: Readonly<Record<Field, bigint>>,
): readonly Field[] {
  // The object was made with exactly these keys.
  return Object.keys(amounts) as Field[];
}
