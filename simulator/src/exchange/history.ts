// SPDX-License-Identifier: Apache-2.0
// What queries look up: every account's orders, fills and prevented matches, as far back as there is room.

import type { Account } from './account.ts';
import type { Market } from './market.ts';
import type { PreventedMatch, VenueFill, VenueOrder } from './venue-order.ts';

/** Closed orders kept for queries unless the venue is told another number: a day of a busy account. */
const CLOSED_ORDERS_MAX = 200_000;
/** Ledgers are swept when this many of their entries, and half of them, belong to forgotten orders. */
const SWEEP_MIN = 1024;

/** One account's entries on one symbol, oldest first. */
export interface Ledger {
  orders: VenueOrder[];
  fills: { readonly order: VenueOrder; readonly fill: VenueFill }[];
  prevented: { readonly order: VenueOrder; readonly match: PreventedMatch }[];
  forgotten: number;
}

export class OrderHistory {
  readonly #closedMax: number;
  readonly #ledgers = new Map<Account, Map<Market, Ledger>>();
  /** Closed orders in the order in which they closed; the first `#closedFrom` are forgotten. */
  #closed: VenueOrder[] = [];
  #closedFrom = 0;

  constructor(closedOrdersMax: number = CLOSED_ORDERS_MAX) {
    this.#closedMax = closedOrdersMax;
  }

  ledger(account: Account, market: Market): Ledger {
    let ledgers = this.#ledgers.get(account);
    if (ledgers === undefined) {
      ledgers = new Map();
      this.#ledgers.set(account, ledgers);
    }
    let ledger = ledgers.get(market);
    if (ledger === undefined) {
      ledger = { orders: [], fills: [], prevented: [], forgotten: 0 };
      ledgers.set(market, ledger);
    }
    return ledger;
  }

  add(order: VenueOrder): void {
    this.ledger(order.account, order.market).orders.push(order);
  }

  /** Undoes `add` for one of the newest orders. */
  takeBack(order: VenueOrder): void {
    const { orders } = this.ledger(order.account, order.market);
    const index = orders.lastIndexOf(order);
    if (index !== -1) orders.splice(index, 1);
  }

  addFill(order: VenueOrder, fill: VenueFill): void {
    this.ledger(order.account, order.market).fills.push({ order, fill });
  }

  addPrevented(order: VenueOrder, match: PreventedMatch): void {
    this.ledger(order.account, order.market).prevented.push({ order, match });
  }

  /** Notes that `order` closed, and forgets the oldest closed one when there are too many. */
  close(order: VenueOrder): void {
    this.#closed.push(order);
    if (this.#closed.length - this.#closedFrom <= this.#closedMax) return;
    const oldest = this.#closed[this.#closedFrom];
    this.#closedFrom += 1;
    if (this.#closedFrom > this.#closedMax) {
      this.#closed = this.#closed.slice(this.#closedFrom);
      this.#closedFrom = 0;
    }
    if (oldest !== undefined) this.#forget(oldest);
  }

  /** The account's order of that ID, or the latest of that client order ID; when both are given both must fit. */
  find(
    account: Account,
    market: Market,
    name: { readonly orderId: number | undefined; readonly clientOrderId: string | undefined },
  ): VenueOrder | undefined {
    const { orderId, clientOrderId } = name;
    if (orderId === undefined) {
      return clientOrderId === undefined
        ? undefined
        : account.orderByClientId(market.symbol, clientOrderId);
    }
    const order = market.orders.get(orderId);
    if (order === undefined || order.account !== account) return undefined;
    return clientOrderId === undefined || order.clientOrderId === clientOrderId ? order : undefined;
  }

  #forget(order: VenueOrder): void {
    order.isForgotten = true;
    order.market.orders.delete(order.orderId);
    order.account.forgetClientId(order);
    const ledger = this.ledger(order.account, order.market);
    ledger.forgotten += 1;
    if (ledger.forgotten < SWEEP_MIN || ledger.forgotten * 2 < ledger.orders.length) return;
    ledger.orders = ledger.orders.filter((kept) => !kept.isForgotten);
    ledger.fills = ledger.fills.filter((kept) => !kept.order.isForgotten);
    ledger.prevented = ledger.prevented.filter((kept) => !kept.order.isForgotten);
    ledger.forgotten = 0;
  }
}
