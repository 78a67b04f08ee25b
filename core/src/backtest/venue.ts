// SPDX-License-Identifier: Apache-2.0
// What a backtest trades on, and what its two venues share: accounts, commissions, answers.

import { commissionOf } from '../dca/ladder.ts';
import type { Instrument } from '../instrument.ts';
import type { BotEvent } from '../machine.ts';
import type { ClientOrderId, Fill, OrderEnd, OrderRequest, Quote } from '../order.ts';
import { priceTicks, quantityLots, type TimeMs } from '../units.ts';
import type { WaitingPair } from './waiting-pairs.ts';
import type { Wallet } from './wallet.ts';

/**
 * A market of one instrument whose house quotes one tick either side of the price. Tells what happens to the
 * bot's orders through `emit`, in order, before the call that caused it returns.
 */
export interface BacktestVenue {
  /** The market reaches `priceTicks`: orders it trades through by a tick are filled at their own price. */
  moveTo(priceTicks: number, printLots: number): void;
  place(order: OrderRequest): void;
  /**
   * A take profit on the book and a stop beside it, or neither. The first that trades or is reached by a trade ends the
   * other; a stop that was reached is a limit order from then on.
   */
  placePair(takeProfit: OrderRequest, stopLoss: OrderRequest): void;
  /** Takes an order off the book, and the one it is paired with; one that is not there has ended already. */
  cancel(clientOrderId: ClientOrderId): void;
  quote(): Quote;
  /** The highest resting buy, −1 without one; the lowest resting sell, Infinity without one. */
  highestBuy(): number;
  lowestSell(): number;
  /** The highest stop of a sell that waits, −1 without one; the lowest of a buy, Infinity without one. */
  highestSellStop(): number;
  lowestBuyStop(): number;
}

export interface Fees {
  readonly makerFeePpm: number;
  readonly takerFeePpm: number;
}

/** The rule a venue names when it refuses an order: Binance's code. */
const NEW_ORDER_REJECTED = '-2010';
/** Why an order is refused whose money is not free, and one that may only rest and would trade at once: its words. */
const INSUFFICIENT = 'Account has insufficient balance for requested action.';
/** Why a pair is refused whose prices do not lie either side of the last one. */
export const PRICES_NOT_APART = 'The relationship of the prices for the orders is not correct.';
export { WOULD_TAKE } from '../bot/post-only.ts';

/** Books and reports what happens to orders. */
export class Clerk {
  readonly instrument: Instrument;
  readonly #wallet: Wallet;
  readonly #fees: Fees;
  readonly #emit: (event: BotEvent) => void;
  readonly #now: () => TimeMs;
  /** The price at which money is set aside for an order of a pair. */
  readonly #lockTicks = new Map<ClientOrderId, number>();
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

  reject(order: OrderRequest, reason: string, rule: string = NEW_ORDER_REJECTED): void {
    this.#emit({
      kind: 'orderRejected',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      by: 'exchange',
      rule,
      reason,
    });
  }

  rejectPair({ takeProfit, stopLoss }: WaitingPair, reason: string, rule?: string): void {
    this.reject(takeProfit, reason, rule);
    this.reject(stopLoss, reason, rule);
  }

  /** Accepts `order` if the money for it is free, or rejects it. */
  accept(order: OrderRequest): boolean {
    if (!this.#wallet.lock(order.side, order.priceTicks, order.quantity)) {
      this.reject(order, INSUFFICIENT);
      return false;
    }
    this.#tellAccepted(order);
    return true;
  }

  /** As `accept`, of two orders of which only one trades: what the dearer one needs is set aside once. */
  acceptPair(pair: WaitingPair): boolean {
    const { takeProfit, stopLoss } = pair;
    const { side, quantity } = takeProfit;
    const lockTicks = Math.max(takeProfit.priceTicks, stopLoss.priceTicks);
    if (!this.#wallet.lock(side, lockTicks, quantity)) {
      this.rejectPair(pair, INSUFFICIENT);
      return false;
    }
    for (const order of [takeProfit, stopLoss]) {
      this.#lockTicks.set(order.clientOrderId, lockTicks);
      this.#tellAccepted(order);
    }
    return true;
  }

  /** One order of a pair is gone without a fill; what is set aside the other one keeps. */
  endBeside(order: OrderRequest, how: OrderEnd): void {
    this.#lockTicks.delete(order.clientOrderId);
    this.#tellEnded(order, how, 0);
  }

  #tellAccepted(order: OrderRequest): void {
    this.#lastOrderId += 1;
    this.#emit({
      kind: 'orderAccepted',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      exchangeOrderId: String(this.#lastOrderId),
    });
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
    this.#wallet.settle(order.side, this.#lockedAt(order), fill);
    this.#emit({
      kind: 'orderFilled',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      fill,
    });
  }

  end(order: OrderRequest, how: OrderEnd, filledLots: number): void {
    const rest = order.quantity - filledLots;
    if (rest > 0) this.#wallet.release(order.side, this.#lockedAt(order), rest);
    this.#lockTicks.delete(order.clientOrderId);
    this.#tellEnded(order, how, filledLots);
  }

  #lockedAt(order: OrderRequest): number {
    return this.#lockTicks.get(order.clientOrderId) ?? order.priceTicks;
  }

  #tellEnded(order: OrderRequest, how: OrderEnd, filledLots: number): void {
    this.#emit({
      kind: 'orderEnded',
      time: this.#now(),
      clientOrderId: order.clientOrderId,
      end: how,
      filledLots,
    });
  }
}
