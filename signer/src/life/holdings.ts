// SPDX-License-Identifier: Apache-2.0
// What a connection has bought and not sold, or sold and not bought back, by the signer's own record: how much an order
// may take that only reduces.
//
// An order's executed quantity is the most that any answer or event of the exchange said of it. Commission in the coin
// itself is taken off exactly where it is known; where it is not, a hundredth of the quantity is kept back, so that never
// more is allowed than is held.

const UNKNOWN_FEE_DIVISOR = 100n;
/** News of one order that are taken before its end: an exchange that tells of ever smaller parts does not fill the log. */
const NEWS_MAX = 1_000;
/** Orders that have ended and of whose commission more may be said; of the oldest beyond them it is taken as unknown for good. */
const OWING_MAX = 1_000;

export type Side = 'buy' | 'sell';

/** What the exchange said of an order of ours. Quantities at 8 decimals. */
export interface OrderNews {
  readonly executed: bigint;
  /** Whether nothing more can come of it. */
  readonly hasEnded: boolean;
  /** Commission in the coin itself, and of how much of the executed quantity, from its beginning. */
  readonly fee: { readonly amount: bigint; readonly of: bigint } | null;
}

interface Order {
  readonly symbol: string;
  readonly side: Side;
  readonly quantity: bigint;
  /** Orders of one group take the same coins: a pair. */
  readonly group: string;
  executed: bigint;
  feeAmount: bigint;
  feeOf: bigint;
  hasEnded: boolean;
  news: number;
}

interface Sums {
  /** What came, and went, with what commission took. */
  boughtNet: bigint;
  soldGross: bigint;
  bought: bigint;
  sold: bigint;
}

/** The record of one connection. */
export class Holdings {
  readonly #orders = new Map<string, Order>();
  /** Orders of which nothing more can be learnt, by symbol. */
  readonly #sums = new Map<string, Sums>();
  /** IDs of orders that may still trade or whose commission is not known, by symbol. */
  readonly #open = new Map<string, Set<string>>();
  /** IDs of those that have ended, old to new. */
  readonly #owing = new Set<string>();

  /** Notes an order that is about to be signed; the returned function forgets it again. */
  add(
    clientOrderId: string,
    order: {
      readonly symbol: string;
      readonly side: Side;
      readonly quantity: bigint;
      readonly group: string;
    },
  ): () => void {
    if (this.#orders.has(clientOrderId)) return () => undefined;
    const { symbol, side, quantity, group } = order;
    this.#orders.set(clientOrderId, {
      symbol,
      side,
      quantity,
      group,
      executed: 0n,
      feeAmount: 0n,
      feeOf: 0n,
      hasEnded: false,
      news: 0,
    });
    const open = this.#open.get(symbol) ?? new Set();
    this.#open.set(symbol, open.add(clientOrderId));
    return () => {
      this.#orders.delete(clientOrderId);
      this.#open.get(symbol)?.delete(clientOrderId);
    };
  }

  /** The symbol of an order that may still change; undefined for any other. */
  symbolOf(clientOrderId: string): string | undefined {
    return this.#orders.get(clientOrderId)?.symbol;
  }

  /** How much of an order is known to be executed, and of how much of it the commission is known. */
  knownOf(
    clientOrderId: string,
  ): { readonly executed: bigint; readonly feeAmount: bigint; readonly feeOf: bigint } | undefined {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return undefined;
    const { executed, feeAmount, feeOf } = order;
    return { executed, feeAmount, feeOf };
  }

  /** Whether `news` says more than is known. */
  isNews(clientOrderId: string, news: OrderNews): boolean {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return false;
    const { executed, fee } = within(order, news);
    const isMore = executed > order.executed || (fee !== null && fee.of > order.feeOf);
    return (news.hasEnded && !order.hasEnded) || (isMore && order.news < NEWS_MAX);
  }

  /**
   * Takes what the exchange said. Quantities only grow, so that the order in which news come does not matter. Answers with
   * the ID of the order that is settled by it.
   */
  learn(clientOrderId: string, news: OrderNews): readonly string[] {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return [];
    const { executed, fee } = within(order, news);
    order.news += 1;
    if (executed > order.executed) order.executed = executed;
    if (fee !== null && fee.of > order.feeOf) {
      order.feeAmount = fee.amount;
      order.feeOf = fee.of;
    }
    if (news.hasEnded) order.hasEnded = true;
    if (!order.hasEnded) return [];
    if (order.feeOf >= order.executed) return this.#settle(clientOrderId);
    this.#owing.add(clientOrderId);
    const [oldest = clientOrderId] = this.#owing;
    return this.#owing.size > OWING_MAX ? this.#settle(oldest) : [];
  }

  #settle(clientOrderId: string): readonly string[] {
    const order = this.#orders.get(clientOrderId);
    if (order === undefined) return [];
    const sums = this.#sums.get(order.symbol) ?? nothing();
    count(sums, order);
    this.#sums.set(order.symbol, sums);
    this.#orders.delete(clientOrderId);
    this.#owing.delete(clientOrderId);
    this.#open.get(order.symbol)?.delete(clientOrderId);
    return [clientOrderId];
  }

  /** How much an order of `side` may take so that it only reduces what was opened here. */
  reducible(symbol: string, side: Side): bigint {
    const total = { ...(this.#sums.get(symbol) ?? nothing()) };
    const waiting = new Map<string, bigint>();
    for (const clientOrderId of this.#open.get(symbol) ?? []) {
      const order = this.#orders.get(clientOrderId);
      if (order === undefined) continue;
      count(total, order);
      const leaves = order.hasEnded ? 0n : order.quantity - order.executed;
      if (order.side !== side || leaves <= 0n) continue;
      const known = waiting.get(order.group) ?? 0n;
      if (leaves > known) waiting.set(order.group, leaves);
    }
    let free = side === 'sell' ? total.boughtNet - total.soldGross : total.sold - total.bought;
    for (const leaves of waiting.values()) free -= leaves;
    return free > 0n ? free : 0n;
  }
}

/** Nobody's word makes more of an order than was asked for, or knows the commission of what is not executed. */
function within(
  { quantity, executed: known }: Order,
  news: OrderNews,
): Omit<OrderNews, 'hasEnded'> {
  const executed = news.executed < quantity ? news.executed : quantity;
  const most = executed > known ? executed : known;
  const { fee } = news;
  return { executed, fee: fee === null || fee.of <= most ? fee : { ...fee, of: most } };
}

function nothing(): Sums {
  return { boughtNet: 0n, soldGross: 0n, bought: 0n, sold: 0n };
}

function count(sums: Sums, order: Order): void {
  const { side, executed, feeAmount, feeOf } = order;
  const unknown = executed > feeOf ? executed - feeOf : 0n;
  const fee = feeAmount + (unknown + UNKNOWN_FEE_DIVISOR - 1n) / UNKNOWN_FEE_DIVISOR;
  if (side === 'buy') {
    sums.bought += executed;
    sums.boughtNet += executed - fee;
  } else {
    sums.sold += executed;
    // A sale is paid for in the quote coin; commission in the coin itself takes more of it away all the same.
    sums.soldGross += executed + feeAmount;
  }
}
