// SPDX-License-Identifier: Apache-2.0
// An account: balances, what open orders lock of them, and its orders.

import { assert, ASSET_SCALE } from '@kontor/core';
import type { AssetScales } from './market.ts';
import {
  isMarketKind,
  isOpen,
  isStop,
  leavesLots,
  type OrderList,
  type VenueOrder,
} from './venue-order.ts';

export interface Balance {
  /** In units at the asset's scale. */
  free: bigint;
  locked: bigint;
}

/** What one order, or the legs of one OCO together, keep locked. */
export interface Lock {
  readonly asset: string;
  amount: bigint;
  readonly orders: VenueOrder[];
}

/** What the limits of a symbol count of an account's open orders. */
export interface OpenCounts {
  orders: number;
  algoOrders: number;
  icebergOrders: number;
  lists: number;
  buyLots: number;
}

export class Account {
  readonly accountId: number;
  readonly name: string;
  readonly uid: number;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  updateTime: number;
  readonly balances: Map<string, Balance> = new Map();
  readonly openOrders: Set<VenueOrder> = new Set();
  readonly openLists: Set<OrderList> = new Set();
  /** The latest order of each symbol and client order ID. */
  readonly byClientOrderId: Map<string, VenueOrder> = new Map();
  readonly lists: OrderList[] = [];
  readonly #counts = new Map<string, OpenCounts>();
  readonly #scales: AssetScales;

  constructor(options: {
    readonly accountId: number;
    readonly name: string;
    readonly makerFeePpm: number;
    readonly takerFeePpm: number;
    readonly scales: AssetScales;
    readonly time: number;
  }) {
    this.accountId = options.accountId;
    this.name = options.name;
    this.uid = 350_000_000 + options.accountId;
    this.makerFeePpm = options.makerFeePpm;
    this.takerFeePpm = options.takerFeePpm;
    this.updateTime = options.time;
    this.#scales = options.scales;
    for (const asset of options.scales.keys()) this.balances.set(asset, { free: 0n, locked: 0n });
  }

  scaleOf(asset: string): number {
    return this.#scales.get(asset) ?? ASSET_SCALE;
  }

  balance(asset: string): Balance {
    let balance = this.balances.get(asset);
    if (balance === undefined) {
      balance = { free: 0n, locked: 0n };
      this.balances.set(asset, balance);
    }
    return balance;
  }

  counts(symbol: string): OpenCounts {
    let counts = this.#counts.get(symbol);
    if (counts === undefined) {
      counts = { orders: 0, algoOrders: 0, icebergOrders: 0, lists: 0, buyLots: 0 };
      this.#counts.set(symbol, counts);
    }
    return counts;
  }

  /** Takes an order among the open ones. */
  open(order: VenueOrder): void {
    this.openOrders.add(order);
    this.byClientOrderId.set(clientKey(order.market.symbol, order.clientOrderId), order);
    this.#count(order, 1);
  }

  /** Takes an order out of the open ones; it stays in the history. */
  close(order: VenueOrder): void {
    if (this.openOrders.delete(order)) this.#count(order, -1);
  }

  orderByClientId(symbol: string, clientOrderId: string): VenueOrder | undefined {
    return this.byClientOrderId.get(clientKey(symbol, clientOrderId));
  }

  /** Forgets an order's client order ID, unless a newer order has taken it over. */
  forgetClientId(order: VenueOrder): void {
    const key = clientKey(order.market.symbol, order.clientOrderId);
    if (this.byClientOrderId.get(key) === order) this.byClientOrderId.delete(key);
  }

  /** Locks what the open orders of `lock` need now, and frees the rest. */
  settle(lock: Lock): void {
    let need = 0n;
    const isDecided = lock.orders.some(hasActed);
    for (const order of lock.orders) {
      // The leg of an OCO that has not acted is about to go: what it had locked pays for the other one.
      const own = isDecided && !hasActed(order) ? 0n : lockNeed(order);
      if (own > need) need = own;
    }
    if (need === lock.amount) return;
    const balance = this.balance(lock.asset);
    balance.free += lock.amount - need;
    balance.locked += need - lock.amount;
    lock.amount = need;
    this.#check(lock.asset, balance);
  }

  /** Pays `amount` that a fill of one of `lock`'s orders took, out of the lock first. */
  pay(lock: Lock, amount: bigint): void {
    const balance = this.balance(lock.asset);
    balance.free += lock.amount - amount;
    balance.locked -= lock.amount;
    lock.amount = 0n;
    // The fill is counted in the order already, so this locks again what is left of it.
    this.settle(lock);
    this.#check(lock.asset, balance);
  }

  receive(asset: string, amount: bigint): void {
    const balance = this.balance(asset);
    balance.free += amount;
    this.#check(asset, balance);
  }

  #count(order: VenueOrder, sign: 1 | -1): void {
    const counts = this.counts(order.market.symbol);
    counts.orders += sign;
    if (isStop(order.kind)) counts.algoOrders += sign;
    if (order.icebergLots > 0) counts.icebergOrders += sign;
    if (order.side === 'BUY') counts.buyLots += sign * order.quantityLots;
  }

  #check(asset: string, balance: Balance): void {
    assert(
      balance.free >= 0n && balance.locked >= 0n,
      `Invariant: balances never go below zero, ${asset} of account ${this.accountId} has ${balance.free} free and ${balance.locked} locked`,
    );
  }
}

/**
 * What `order` must have locked, in units of its lock's asset. Orders that execute at any price lock nothing
 * while they do: they trade at once and pay out of the free balance.
 */
export function lockNeed(order: VenueOrder): bigint {
  if (!isOpen(order) || order.status === 'PENDING_NEW') return 0n;
  if (isMarketKind(order.kind) && (order.kind === 'MARKET' || order.isTriggered)) return 0n;
  const leaves = BigInt(leavesLots(order));
  if (order.side === 'SELL') return leaves * order.market.baseUnit;
  const ticks = isMarketKind(order.kind) ? order.lockTicks : order.priceTicks;
  return BigInt(ticks) * leaves * order.market.quoteUnit;
}

/** Whether the order traded or its stop triggered: in an OCO that decides which leg stays. */
export function hasActed(order: VenueOrder): boolean {
  return order.executedLots > 0 || order.isTriggered;
}

function clientKey(symbol: string, clientOrderId: string): string {
  return `${symbol} ${clientOrderId}`;
}
