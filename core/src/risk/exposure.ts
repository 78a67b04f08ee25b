// SPDX-License-Identifier: Apache-2.0
// What a bot has at stake: coins it holds, coins it owes, and entries that rest.

import type { DealBase, DealOrder } from '../bot/deal-order.ts';
import { leavesLots } from '../bot/deal-order.ts';
import { ASSET_SCALE, type Instrument } from '../instrument.ts';
import {
  costOf,
  heldBase,
  lotsBase,
  moneyScale,
  netBought,
  notionalMoney,
  power10,
  revenueOf,
} from '../position.ts';
import { divCeil } from '../units.ts';

/** At stake in one quote asset, at `ASSET_SCALE` decimals, rounded up. */
export interface Exposure {
  /** What the coins held have cost, and what the coins owed by short deals were sold for. */
  open: bigint;
  /** What entries that rest would add. */
  entries: bigint;
}

/** What the running deals of a bot have at stake, by quote asset, and how many orders of theirs are out. */
export interface BotExposure {
  readonly assets: ReadonlyMap<string, Exposure>;
  readonly openOrders: number;
}

/** The exposure of `deals`. */
export function exposureOf(deals: readonly DealBase[]): BotExposure {
  const assets = new Map<string, Exposure>();
  let openOrders = 0;
  for (const deal of deals) {
    const { instrument } = deal;
    const known = assets.get(instrument.quoteAsset);
    const exposure = known ?? { open: 0n, entries: 0n };
    if (known === undefined) assets.set(instrument.quoteAsset, exposure);
    exposure.open += openStake(deal);
    for (const order of deal.orders) {
      openOrders += 1;
      if (order.role === 'entry') exposure.entries += orderStake(instrument, order);
    }
  }
  return { assets, openOrders };
}

/** What `lots` at `priceTicks` are worth in quote, at `ASSET_SCALE` decimals, rounded up. */
export function stakeOf(instrument: Instrument, priceTicks: number, lots: number): bigint {
  return toAssetScale(instrument, notionalMoney(instrument, BigInt(priceTicks) * BigInt(lots)));
}

function orderStake(instrument: Instrument, order: DealOrder): bigint {
  return stakeOf(instrument, order.priceTicks, leavesLots(order));
}

/**
 * Of a long position the share of the cost that the coins held bear; of a short one the share of the revenue that the
 * coins owed brought. Coins that were taken over and sold are owed to nobody.
 */
function openStake({ position, instrument, takenOver = 0n }: DealBase): bigint {
  const held = heldBase(position, instrument);
  if (held > 0n) {
    const bought = netBought(position, instrument);
    return toAssetScale(instrument, divCeil(costOf(position, instrument) * held, bought));
  }
  const owed = -held - takenOver;
  const sold = lotsBase(instrument, position.soldLots);
  if (owed <= 0n || sold === 0n) return 0n;
  return toAssetScale(instrument, divCeil(revenueOf(position, instrument) * owed, sold));
}

function toAssetScale(instrument: Instrument, money: bigint): bigint {
  return divCeil(money, power10(moneyScale(instrument) - ASSET_SCALE));
}
