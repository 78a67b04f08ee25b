// SPDX-License-Identifier: Apache-2.0
// What a backtest trades on, and what its two venues share: accounts, commissions, answers.

import { commissionOf } from '../dca/ladder.ts';
import type { Instrument } from '../instrument.ts';
import type { BotEvent } from '../machine.ts';
import type { ClientOrderId, Fill, OrderEnd, OrderRequest, Quote } from '../order.ts';
import { priceTicks, quantityLots, type TimeMs } from '../units.ts';
import type { Wallet } from './wallet.ts';

/**
 * A market of one instrument whose house quotes one tick either side of the price. Tells what happens to the
 * bot's orders through `emit`, in order, before the call that caused it returns.
 */
export interface BacktestVenue {
  /** The market reaches `priceTicks`: orders it trades through by a tick are filled at their own price. */
  moveTo(priceTicks: number, printLots: number): void;
  place(order: OrderRequest): void;
  /** Takes an order off the book; one that is not there has ended already. */
  cancel(clientOrderId: ClientOrderId): void;
  quote(): Quote;
  /** The highest resting buy, −1 without one; the lowest resting sell, Infinity without one. */
  highestBuy(): number;
  lowestSell(): number;
}

export interface Fees {
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

/** The rule a venue names when it refuses an order: Binance's code. */
const NEW_ORDER_REJECTED = '-2010';
/** Why an order is refused whose money is not free, and one that may only rest and would trade at once: its words. */
const INSUFFICIENT = 'Account has insufficient balance for requested action.';
export const WOULD_TAKE = 'Order would immediately match and take.';

/** Books and reports what happens to orders. */
export class Clerk {
  readonly instrument: Instrument;
  readonly #wallet: Wallet;
  readonly #fees: Fees;
  readonly #emit: (event: BotEvent) => void;
  readonly #now: () => TimeMs;
  #lastTradeId = 0;
  #lastOrderId = 0;

  constructor(options: {
    readonly instrument: Instrument;
    readonly wallet: Wallet;
    readonly fees: Fees;
    readonly emit: (event: BotEvent) => void;
    /** The time of the whole run: this market may have had no candle for a while. */
    readonly now: () => TimeMs;
  }) {
    this.instrument = options.instrument;
    this.#wallet = options.wallet;
    this.#fees = options.fees;
    this.#emit = options.emit;
    this.#now = options.now;
  }

  reject(order: OrderRequest, reason: string): void {
    this.#emit({
      kind: 'orderRejected',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      by: 'exchange',
      rule: NEW_ORDER_REJECTED,
      reason,
    });
  }

  /** Accepts `order` if the money for it is free, or rejects it. */
  accept(order: OrderRequest): boolean {
    if (!this.#wallet.lock(order.side, order.priceTicks, order.quantity)) {
      this.reject(order, INSUFFICIENT);
      return false;
    }
    this.#lastOrderId += 1;
    this.#emit({
      kind: 'orderAccepted',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      exchangeOrderId: String(this.#lastOrderId),
    });
    return true;
  }

  fill(order: OrderRequest, ticks: number, lots: number, isMaker: boolean): void {
    this.#lastTradeId += 1;
    const rate = isMaker ? this.#fees.makerFeePpm : this.#fees.takerFeePpm;
    const fill: Fill = {
      tradeId: String(this.#lastTradeId),
      time: this.#now(),
      priceTicks: priceTicks(ticks),
      quantity: quantityLots(lots),
      ...commissionOf(this.instrument, order.side, { priceTicks: ticks, lots }, rate),
      isMaker,
    };
    this.#wallet.settle(order.side, order.priceTicks, fill);
    this.#emit({
      kind: 'orderFilled',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      fill,
    });
  }

  end(order: OrderRequest, how: OrderEnd, filledLots: number): void {
    const rest = order.quantity - filledLots;
    if (rest > 0) this.#wallet.release(order.side, order.priceTicks, rest);
    this.#emit({
      kind: 'orderEnded',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      end: how,
      filledLots,
    });
  }
}
