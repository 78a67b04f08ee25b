// SPDX-License-Identifier: Apache-2.0
// The venue's state as plain JSON data, and back.

import { formatDecimal, toScaled, type EngineSnapshot } from '@kontor/core';
import type { KeySnapshot } from '../auth.ts';
import { Account, type Lock } from './account.ts';
import type { Exchange } from './exchange.ts';
import type { Market, MarketCounters } from './market.ts';
import {
  isOpen,
  isStop,
  type Amendment,
  type ListKind,
  type OrderList,
  type PreventedMatch,
  type VenueFill,
  type VenueOrder,
} from './venue-order.ts';

/** Amounts are decimal text at their asset's scale. */
export interface ExchangeSnapshot {
  readonly version: 1;
  readonly nextListId: number;
  readonly drawnIds: number;
  readonly accounts: readonly AccountSnapshot[];
  readonly keys: readonly KeySnapshot[];
  readonly lists: readonly ListSnapshot[];
  readonly markets: readonly MarketSnapshot[];
}

interface AccountSnapshot {
  readonly accountId: number;
  readonly name: string;
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
  readonly updateTime: number;
  readonly balances: readonly (readonly [asset: string, free: string, locked: string])[];
}

interface ListSnapshot {
  readonly orderListId: number;
  readonly accountId: number;
  readonly symbol: string;
  readonly kind: ListKind;
  readonly listClientOrderId: string;
  readonly transactionTime: number;
  readonly isDone: boolean;
  readonly isActivated: boolean;
}

interface MarketSnapshot {
  readonly symbol: string;
  readonly engine: EngineSnapshot;
  readonly counters: MarketCounters;
  readonly lastTicks: number;
  readonly lastLots: number;
  readonly houseTicks: number;
  readonly houseBidId: number;
  readonly houseAskId: number;
  readonly averages: readonly (readonly [minute: number, notional: string, lots: string])[];
  readonly orders: readonly OrderSnapshot[];
}

type Kept = Omit<
  VenueOrder,
  | 'market'
  | 'account'
  | 'list'
  | 'lock'
  | 'quoteOrderUnits'
  | 'executedNotional'
  | 'strategyId'
  | 'strategyType'
  | 'isForgotten'
  | 'fills'
  | 'preventedMatches'
  | 'amendments'
>;

interface OrderSnapshot extends Kept {
  readonly accountId: number;
  /** −1 without a list. */
  readonly orderListId: number;
  /** The first order of those that share a lock; 0 without a lock. */
  readonly lockOf: number;
  readonly lockAmount: string;
  readonly quoteOrderUnits: string;
  readonly executedNotional: string;
  readonly strategyId: number | null;
  readonly strategyType: number | null;
  readonly fills: readonly VenueFill[];
  readonly preventedMatches: readonly PreventedMatch[];
  readonly amendments: readonly Amendment[];
}

export function snapshotExchange(exchange: Exchange): ExchangeSnapshot {
  const accounts = exchange.accounts();
  const counters = exchange.counters();
  return {
    version: 1,
    nextListId: counters.nextListId,
    drawnIds: counters.drawnIds,
    accounts: accounts.map((account) => ({
      accountId: account.accountId,
      name: account.name,
      makerFeePpm: account.makerFeePpm,
      takerFeePpm: account.takerFeePpm,
      updateTime: account.updateTime,
      balances: Array.from(account.balances, ([asset, balance]) => [
        asset,
        formatDecimal(balance.free, account.scaleOf(asset)),
        formatDecimal(balance.locked, account.scaleOf(asset)),
      ]),
    })),
    keys: exchange.keys.snapshot(),
    lists: accounts.flatMap((account) => account.lists.map(listSnapshot)),
    markets: Array.from(exchange.markets(), marketSnapshot),
  };
}

/** Fills a fresh venue. Throws RangeError when the snapshot is of another kind or of other symbols. */
export function restoreExchange(exchange: Exchange, snapshot: ExchangeSnapshot): void {
  if (snapshot.version !== 1) {
    throw new RangeError(`snapshot version must be 1, was ${String(snapshot.version)}`);
  }
  const accounts = snapshot.accounts.map((kept) => restoreAccount(exchange, kept));
  const lists = new Map<number, OrderList>();
  for (const kept of snapshot.lists) {
    const account = accounts[kept.accountId - 1];
    const market = exchange.market(kept.symbol);
    if (account === undefined || market === undefined) throw unknown('list', kept.orderListId);
    const { accountId: _, symbol: __, ...rest } = kept;
    const list: OrderList = { ...rest, account, market, orders: [] };
    lists.set(list.orderListId, list);
    account.lists.push(list);
    if (list.isDone) continue;
    account.openLists.add(list);
    account.counts(market.symbol).lists += 1;
  }
  const closed: VenueOrder[] = [];
  for (const kept of snapshot.markets) {
    const market = exchange.market(kept.symbol);
    if (market === undefined) throw unknown('symbol', kept.symbol);
    closed.push(...restoreMarket(exchange, market, kept, { accounts, lists }));
  }
  closed.sort((left, right) => left.updateTime - right.updateTime);
  for (const order of closed) exchange.history.close(order);
  exchange.keys.restore(snapshot.keys);
  exchange.reinstate({
    nextListId: snapshot.nextListId,
    drawnIds: snapshot.drawnIds,
    accounts,
    lists: [...lists.values()],
  });
}

function listSnapshot(list: OrderList): ListSnapshot {
  return {
    orderListId: list.orderListId,
    accountId: list.account.accountId,
    symbol: list.market.symbol,
    kind: list.kind,
    listClientOrderId: list.listClientOrderId,
    transactionTime: list.transactionTime,
    isDone: list.isDone,
    isActivated: list.isActivated,
  };
}

function marketSnapshot(market: Market): MarketSnapshot {
  return {
    symbol: market.symbol,
    engine: market.engine.snapshot(),
    counters: { ...market.counters },
    lastTicks: market.lastTicks,
    lastLots: market.lastLots,
    houseTicks: market.houseTicks,
    houseBidId: market.houseBidId,
    houseAskId: market.houseAskId,
    averages: market.averages(),
    orders: Array.from(market.orders.values(), orderSnapshot),
  };
}

function orderSnapshot(order: VenueOrder): OrderSnapshot {
  const { market, account, list, lock, isForgotten: _, ...rest } = order;
  return {
    ...rest,
    accountId: account.accountId,
    orderListId: list?.orderListId ?? -1,
    lockOf: isOpen(order) ? (lock?.orders[0]?.orderId ?? 0) : 0,
    lockAmount: formatDecimal(lock?.amount ?? 0n, account.scaleOf(lockAsset(order))),
    quoteOrderUnits: formatDecimal(order.quoteOrderUnits, market.quoteScale),
    executedNotional: order.executedNotional.toString(),
    strategyId: order.strategyId ?? null,
    strategyType: order.strategyType ?? null,
    fills: [...order.fills],
    preventedMatches: [...order.preventedMatches],
    amendments: [...order.amendments],
  };
}

function restoreAccount(exchange: Exchange, kept: AccountSnapshot): Account {
  const account = new Account({ ...kept, scales: exchange.scales, time: kept.updateTime });
  for (const [asset, free, locked] of kept.balances) {
    const balance = account.balance(asset);
    balance.free = toScaled(free, account.scaleOf(asset), `${asset} free`);
    balance.locked = toScaled(locked, account.scaleOf(asset), `${asset} locked`);
  }
  return account;
}

/** Puts a market back; the closed orders it had, for the history. */
function restoreMarket(
  exchange: Exchange,
  market: Market,
  kept: MarketSnapshot,
  known: { readonly accounts: readonly Account[]; readonly lists: ReadonlyMap<number, OrderList> },
): VenueOrder[] {
  Object.assign(market.counters, kept.counters);
  market.lastTicks = kept.lastTicks;
  market.lastLots = kept.lastLots;
  market.houseTicks = kept.houseTicks;
  market.houseBidId = kept.houseBidId;
  market.houseAskId = kept.houseAskId;
  market.restoreAverages(kept.averages);
  exchange.restoreEngine(market, kept.engine);
  const locks = new Map<number, Lock>();
  const closed: VenueOrder[] = [];
  for (const snapshot of kept.orders) {
    const order = restoreOrder(market, snapshot, known);
    market.orders.set(order.orderId, order);
    exchange.history.add(order);
    for (const fill of order.fills) exchange.history.addFill(order, fill);
    for (const match of order.preventedMatches) exchange.history.addPrevented(order, match);
    if (!isOpen(order)) {
      order.account.byClientOrderId.set(`${market.symbol} ${order.clientOrderId}`, order);
      closed.push(order);
      continue;
    }
    order.account.open(order);
    if (snapshot.lockOf !== 0) shareLock(order, snapshot, locks);
    if (order.engineId === 0) continue;
    const isWaiting = isStop(order.kind) && !order.isTriggered;
    (isWaiting ? market.sentinels : market.byEngineId).set(order.engineId, order);
    if (isWaiting && order.trailingDelta > 0 && order.trailingTime === -1) {
      market.awaitingTrail.add(order);
    }
  }
  return closed;
}

function restoreOrder(
  market: Market,
  snapshot: OrderSnapshot,
  known: { readonly accounts: readonly Account[]; readonly lists: ReadonlyMap<number, OrderList> },
): VenueOrder {
  const { accountId, orderListId, lockOf: _, lockAmount: __, ...rest } = snapshot;
  const account = known.accounts[accountId - 1];
  if (account === undefined) throw unknown('account', accountId);
  const list = known.lists.get(orderListId);
  const order: VenueOrder = {
    ...rest,
    market,
    account,
    list,
    lock: undefined,
    quoteOrderUnits: toScaled(rest.quoteOrderUnits, market.quoteScale, 'quoteOrderUnits'),
    executedNotional: BigInt(rest.executedNotional),
    strategyId: rest.strategyId ?? undefined,
    strategyType: rest.strategyType ?? undefined,
    fills: [...rest.fills],
    preventedMatches: [...rest.preventedMatches],
    amendments: [...rest.amendments],
    isForgotten: false,
  };
  list?.orders.push(order);
  return order;
}

function shareLock(order: VenueOrder, snapshot: OrderSnapshot, locks: Map<number, Lock>): void {
  let lock = locks.get(snapshot.lockOf);
  if (lock === undefined) {
    const asset = lockAsset(order);
    lock = {
      asset,
      amount: toScaled(snapshot.lockAmount, order.account.scaleOf(asset), 'lockAmount'),
      orders: [],
    };
    locks.set(snapshot.lockOf, lock);
  }
  lock.orders.push(order);
  order.lock = lock;
}

function lockAsset(order: VenueOrder): string {
  const { instrument } = order.market;
  return order.side === 'BUY' ? instrument.quoteAsset : instrument.baseAsset;
}

function unknown(what: string, name: string | number): RangeError {
  return new RangeError(`snapshot names an unknown ${what}: ${name}`);
}
