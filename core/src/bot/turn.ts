// SPDX-License-Identifier: Apache-2.0
// One event's worth of effects: what a deal asks for while it handles the event, in order.

import { formatDecimal, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE, formatNotional, formatPrice, formatQuantity } from '../instrument.ts';
import type {
  DealNoteKind,
  Effect,
  OrderPurpose,
  OrderRole,
  PlacedOrder,
  RiskState,
} from '../machine.ts';
import {
  clientOrderId,
  type ClientOrderId,
  type Fill,
  type OrderType,
  type Side,
  type TimeInForce,
} from '../order.ts';
import { assert, priceTicks, quantityLots, type TimeMs } from '../units.ts';
import type { DealBase, DealOrder } from './deal-order.ts';
import type { HandedOverPosition } from './handover.ts';
import { orderFault } from './order-rules.ts';
import { restingType } from './post-only.ts';

/** An order as a deal wants it; the turn gives it its ID. */
export interface WantedOrder {
  readonly purpose: OrderPurpose;
  readonly role: OrderRole;
  readonly ladderIndex?: number;
  readonly attempt?: number;
  readonly side: Side;
  readonly type?: OrderType;
  readonly timeInForce: TimeInForce;
  readonly priceTicks: number;
  readonly lots: number;
  /** Of an order that may only rest: how often in a row it was refused because it would trade at once. */
  readonly postTries?: number | undefined;
}

export class Turn {
  readonly time: TimeMs;
  readonly effects: Effect[] = [];
  readonly #prefix: string;
  readonly #risk: RiskState;

  constructor(time: TimeMs, clientOrderIdPrefix: string, risk: RiskState) {
    this.time = time;
    this.#prefix = clientOrderIdPrefix;
    this.#risk = risk;
  }

  /** Whether orders that take on risk may be placed now. */
  get mayEnter(): boolean {
    return this.#risk === 'active';
  }

  /** Whether orders that end risk may be placed now. */
  get mayExit(): boolean {
    return this.#risk !== 'halted';
  }

  note(dealId: number, kind: DealNoteKind, values: Readonly<Record<string, string>>): void {
    this.effects.push({ kind: 'notify', note: { time: this.time, dealId, kind, values } });
  }

  /** Sends a new order of `deal` under an ID that was never used before. */
  place(deal: DealBase, order: WantedOrder): DealOrder {
    deal.orderCount += 1;
    const { placed, effect } = this.#begin(deal, order, this.#orderId(deal, deal.orderCount), {});
    this.effects.push({ kind: 'placeOrder', dealId: deal.dealId, ...effect });
    return placed;
  }

  /** Sends two exits of the same coins, of which the first that trades or is triggered ends the other. */
  placePair(
    deal: DealBase,
    pair: {
      readonly takeProfit: WantedOrder;
      readonly stopLoss: WantedOrder & { readonly stopTicks: number };
    },
  ): void {
    const { takeProfit, stopLoss } = pair;
    assert(deal.instrument.takesPairs === true, 'Invariant: a pair goes to a venue that takes it');
    assert(takeProfit.lots === stopLoss.lots, 'Invariant: both orders of a pair close as much');
    deal.orderCount += 2;
    const ids = [
      this.#orderId(deal, deal.orderCount - 1),
      this.#orderId(deal, deal.orderCount),
    ] as const;
    const first = this.#begin(deal, takeProfit, ids[0], { pairedWith: ids[1] });
    const second = this.#begin(deal, stopLoss, ids[1], {
      pairedWith: ids[0],
      stopTicks: stopLoss.stopTicks,
    });
    this.effects.push({
      kind: 'placePair',
      dealId: deal.dealId,
      takeProfit: first.effect,
      stopLoss: second.effect,
    });
  }

  #orderId(deal: DealBase, count: number): ClientOrderId {
    return clientOrderId(`${this.#prefix}${deal.dealId}-${count}`);
  }

  #begin(
    deal: DealBase,
    order: WantedOrder,
    id: ClientOrderId,
    more: Pick<DealOrder, 'pairedWith' | 'stopTicks'>,
  ): { readonly placed: DealOrder; readonly effect: PlacedOrder } {
    assert(
      order.role === 'exit' ? this.mayExit : this.mayEnter,
      `Invariant: a bot that is ${this.#risk} places no ${order.role}`,
    );
    const fault = orderFault(deal.instrument, order.priceTicks, order.lots);
    assert(
      fault === null,
      `Invariant: an order keeps the instrument's limits: expected ${fault?.expected}, was ${fault?.found}`,
    );
    const placed: DealOrder = {
      clientOrderId: id,
      purpose: order.purpose,
      role: order.role,
      ladderIndex: order.ladderIndex ?? 0,
      attempt: order.attempt ?? 1,
      side: order.side,
      priceTicks: order.priceTicks,
      quantity: order.lots,
      ...more,
      ...(order.postTries === undefined ? {} : { postTries: order.postTries }),
      placedTime: this.time,
      filledLots: 0,
      tradeIds: [],
      phase: { kind: 'placing' },
      isCancelling: false,
    };
    deal.orders.push(placed);
    this.note(deal.dealId, 'orderPlacing', orderValues(deal, placed));
    const effect: PlacedOrder = {
      purpose: placed.purpose,
      role: placed.role,
      ladderIndex: placed.ladderIndex,
      order: {
        clientOrderId: placed.clientOrderId,
        symbol: deal.symbol,
        side: order.side,
        type: order.type ?? restingType(order.role, order.postTries),
        timeInForce: order.timeInForce,
        priceTicks: priceTicks(order.priceTicks),
        quantity: quantityLots(order.lots),
        ...(more.stopTicks === undefined ? {} : { stopTicks: priceTicks(more.stopTicks) }),
        ...(more.pairedWith === undefined ? {} : { pairedWith: more.pairedWith }),
      },
    };
    return { placed, effect };
  }

  /** Asks once for the end of `order`; an order that has ended already needs no asking. */
  cancel(deal: DealBase, order: DealOrder): void {
    if (order.isCancelling || order.phase.kind === 'ended') return;
    order.isCancelling = true;
    this.note(deal.dealId, 'orderCancelling', orderValues(deal, order));
    this.effects.push({
      kind: 'cancelOrder',
      clientOrderId: order.clientOrderId,
      symbol: deal.symbol,
      dealId: deal.dealId,
    });
  }

  requestQuote(symbol: string): void {
    this.effects.push({ kind: 'requestQuote', symbol });
  }

  setTimer(timer: string, time: TimeMs): void {
    this.effects.push({ kind: 'setTimer', timer, time });
  }

  /** Leaves the position of deal `dealId` to a bot that is made for it. */
  handOver(dealId: number, position: HandedOverPosition): void {
    this.effects.push({ kind: 'handOver', dealId, position });
  }

  noteFill(deal: DealBase, order: DealOrder, fill: Fill): void {
    const { instrument } = deal;
    this.note(deal.dealId, 'orderFilled', {
      ...orderName(order),
      clientOrderId: order.clientOrderId,
      tradeId: fill.tradeId,
      side: order.side,
      price: formatPrice(instrument, fill.priceTicks),
      quantity: formatQuantity(instrument, fill.quantity),
      volume: formatNotional(instrument, fill.priceTicks, fill.quantity),
      commission: trimDecimal(formatDecimal(fill.commission, ASSET_SCALE)),
      commissionAsset: fill.commissionAsset,
      liquidity: fill.isMaker ? 'maker' : 'taker',
      filled: formatQuantity(instrument, order.filledLots),
      orderQuantity: formatQuantity(instrument, order.quantity),
    });
  }
}

/** An order as the values of a note. */
export function orderValues(deal: DealBase, order: DealOrder): Record<string, string> {
  return {
    ...orderName(order),
    clientOrderId: order.clientOrderId,
    side: order.side,
    price: formatPrice(deal.instrument, order.priceTicks),
    quantity: formatQuantity(deal.instrument, order.quantity),
    volume: formatNotional(deal.instrument, order.priceTicks, order.quantity),
    ...(order.stopTicks === undefined
      ? {}
      : { stop: formatPrice(deal.instrument, order.stopTicks) }),
  };
}

/** What an order is for, as the values of a note. */
export function orderName(order: DealOrder): Record<string, string> {
  return order.ladderIndex !== 0
    ? { order: order.purpose, number: String(order.ladderIndex) }
    : { order: order.purpose };
}
