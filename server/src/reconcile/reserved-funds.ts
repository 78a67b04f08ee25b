// SPDX-License-Identifier: Apache-2.0
// Coins on one account that belong to several bots: what an entry may use, and what is free for a new deal.

import {
  assetGiven,
  ASSET_SCALE,
  reservationFault,
  reservationsOf,
  toScaled,
  unreserved,
  type Effect,
  type FreeFunds,
  type Instrument,
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
  readonly #sums: BotSums<'held' | 'inOrders'>;

  constructor(ports: ReservedFundsPorts) {
    this.#ports = ports;
    this.#sums = new BotSums(ports.bots, ({ state }) => reservationsOf(state.deals));
  }

  /** Why an order may not leave: deals hold the coins that it needs. */
  denial(
    effect: Extract<Effect, { kind: 'placeOrder' }>,
  ): { readonly rule: string; readonly reason: string } | null {
    const { order, role } = effect;
    const instrument = this.#ports.instrument(order.symbol);
    if (role === 'exit' || instrument === undefined) return null;
    const question = {
      role,
      instrument,
      side: order.side,
      priceTicks: order.priceTicks,
      lots: order.quantity,
    };
    const total = this.#ports.balances.total(assetGiven(question));
    const fault = reservationFault(this.#sums.all(), question, total);
    if (fault === null) return null;
    return { rule: fault.rule, reason: `expected ${fault.expected}, found ${fault.found}` };
  }

  /** What is free of the two assets of `symbol` and kept by no deal; null while no balance is known. */
  free(symbol: string): FreeFunds | null {
    const instrument = this.#ports.instrument(symbol);
    const balances = this.#ports.balances.list();
    if (instrument === undefined || balances.length === 0) return null;
    const reservations = this.#sums.all();
    const freeOf = (asset: string): bigint => {
      const balance = balances.find((candidate) => candidate.asset === asset);
      if (balance === undefined) return 0n;
      const free = toScaled(balance.free, ASSET_SCALE, asset);
      const total = free + toScaled(balance.locked, ASSET_SCALE, asset);
      const left = unreserved(reservations, asset, total);
      return left < free ? left : free;
    };
    return { base: freeOf(instrument.baseAsset), quote: freeOf(instrument.quoteAsset) };
  }
}
