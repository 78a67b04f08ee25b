// SPDX-License-Identifier: Apache-2.0
// Coins on one account that belong to several bots: what an entry may use, and what is free for a new deal.

import {
  amountGiven,
  assetGiven,
  ASSET_SCALE,
  plannedFault,
  plannedOf,
  reservationFault,
  reservationsOf,
  toScaled,
  unreserved,
  type FreeFunds,
  type Instrument,
  type PlacedOrder,
  type PlannedFault,
  type ReservationQuestion,
} from '@kontor/core';
import type { Bot } from '../runner/bot.ts';
import { BotSums } from '../runner/bot-sums.ts';
import type { BalanceBook } from './balances.ts';

export interface ReservedFundsPorts {
  readonly balances: Pick<BalanceBook, 'list' | 'total'>;
  readonly bots: () => ReadonlyMap<string, Bot>;
  readonly instrument: (symbol: string) => Instrument | undefined;
}

export class ReservedFunds {
  readonly #ports: ReservedFundsPorts;
  readonly #sums: BotSums<'held' | 'inOrders' | 'planned'>;

  constructor(ports: ReservedFundsPorts) {
    this.#ports = ports;
    this.#sums = new BotSums(ports.bots, amountsOf);
  }

  /**
   * Why an order of `bot` may not leave: deals hold the coins that it needs, or other bots plan to use them. `later`
   * are the orders that the same event asks for after it, which the bot's state holds already.
   */
  denial(
    bot: Bot,
    effect: PlacedOrder,
    later: readonly PlacedOrder[],
  ): { readonly rule: string; readonly reason: string } | null {
    const question = this.#questionOf(effect);
    if (effect.role === 'exit' || question === null) return null;
    const asset = assetGiven(question);
    const total = this.#ports.balances.total(asset);
    const fault =
      reservationFault(this.#sums.all(), question, total) ??
      (total === null ? null : this.#plannedFault(bot, asset, total, later));
    if (fault === null) return null;
    return { rule: fault.rule, reason: `expected ${fault.expected}, found ${fault.found}` };
  }

  /** What is free of the two assets of `symbol` for `botId`: kept by no deal and planned by no other bot; null while no balance is known. */
  free(botId: string, symbol: string): FreeFunds | null {
    const instrument = this.#ports.instrument(symbol);
    const balances = this.#ports.balances.list();
    if (instrument === undefined || balances.length === 0) return null;
    const reservations = this.#sums.all();
    const bot = this.#ports.bots().get(botId);
    const freeOf = (asset: string): bigint => {
      const balance = balances.find((candidate) => candidate.asset === asset);
      if (balance === undefined) return 0n;
      const free = toScaled(balance.free, ASSET_SCALE, asset);
      const total = free + toScaled(balance.locked, ASSET_SCALE, asset);
      const planned = this.#ofOthers(bot, asset).planned;
      const left = unreserved(reservations, asset, total > planned ? total - planned : 0n);
      return left < free ? left : free;
    };
    return { base: freeOf(instrument.baseAsset), quote: freeOf(instrument.quoteAsset) };
  }

  #plannedFault(
    bot: Bot,
    asset: string,
    total: bigint,
    later: readonly PlacedOrder[],
  ): PlannedFault | null {
    const others = this.#ofOthers(bot, asset);
    if (others.planned <= 0n) return null;
    const held = this.#sums.all().get(asset)?.held ?? 0n;
    let needed = this.#sums.of(bot).get(asset)?.inOrders ?? 0n;
    for (const placed of later) {
      const question = this.#questionOf(placed);
      if (question !== null && assetGiven(question) === asset) needed -= amountGiven(question);
    }
    return plannedFault(asset, { total, kept: held + others.inOrders + others.planned, needed });
  }

  /** What all bots but `bot` have in orders and plan of `asset`. */
  #ofOthers(
    bot: Bot | undefined,
    asset: string,
  ): { readonly inOrders: bigint; readonly planned: bigint } {
    const all = this.#sums.all().get(asset);
    const own = bot === undefined ? undefined : this.#sums.of(bot).get(asset);
    return {
      inOrders: (all?.inOrders ?? 0n) - (own?.inOrders ?? 0n),
      planned: (all?.planned ?? 0n) - (own?.planned ?? 0n),
    };
  }

  #questionOf({ order, role }: PlacedOrder): ReservationQuestion | null {
    const instrument = this.#ports.instrument(order.symbol);
    if (instrument === undefined) return null;
    const { side, priceTicks, quantity: lots } = order;
    return { role, instrument, side, priceTicks, lots };
  }
}

function amountsOf({
  state,
}: Bot): ReadonlyMap<string, Readonly<Record<'held' | 'inOrders' | 'planned', bigint>>> {
  const amounts = new Map<string, Record<'held' | 'inOrders' | 'planned', bigint>>();
  for (const [asset, reservation] of reservationsOf(state.deals)) {
    amounts.set(asset, { ...reservation, planned: 0n });
  }
  for (const [asset, planned] of plannedOf(state.deals)) {
    amounts.set(asset, { ...(amounts.get(asset) ?? { held: 0n, inOrders: 0n }), planned });
  }
  return amounts;
}
