// SPDX-License-Identifier: Apache-2.0
// An open order, and the queue of orders that stand at one price.

import { assert } from '../units.ts';
import { HOUSE, type EngineOrder } from './engine-order.ts';

/** An order the engine holds. It is itself the link of the queue it stands in. */
export class LiveOrder {
  terms: EngineOrder;
  /** What the order asks for in all; only an amendment lowers it. */
  quantityLots = 0;
  filledLots = 0;
  /** Lots that self-trade prevention took. */
  preventedLots = 0;
  filledNotional = 0;
  /** What is left of `terms.quoteBudget`. */
  budgetLeft = 0;
  /** The part of the order its level shows; 0 while it waits for its stop. */
  visibleLots = 0;
  isTriggered = false;
  /** The best price for its owner since a trailing stop began to track; 0 before. */
  extremeTicks = 0;
  /** The price at which a tracking stop triggers. */
  triggerTicks = 0;

  level: Level | undefined = undefined;
  previous: LiveOrder | undefined = undefined;
  next: LiveOrder | undefined = undefined;

  constructor(terms: EngineOrder) {
    this.terms = terms;
    this.begin(terms);
  }

  /** Becomes a fresh order that stands in no queue. */
  begin(terms: EngineOrder): void {
    this.terms = terms;
    this.quantityLots = terms.quantityLots;
    this.filledLots = 0;
    this.preventedLots = 0;
    this.filledNotional = 0;
    this.budgetLeft = terms.quoteBudget;
    this.visibleLots = 0;
    this.isTriggered = false;
    this.extremeTicks = 0;
    this.triggerTicks = 0;
  }

  get leavesLots(): number {
    return this.quantityLots - this.filledLots - this.preventedLots;
  }

  /** Lots the order still wants at a price: of a budget, as many whole lots as it pays for. */
  wantedLots(priceTicks: number): number {
    if (this.terms.quoteBudget === 0) return this.leavesLots;
    return (this.budgetLeft - (this.budgetLeft % priceTicks)) / priceTicks;
  }

  fill(lots: number, priceTicks: number): void {
    this.filledLots += lots;
    if (this.terms.ownerId !== HOUSE) this.filledNotional += lots * priceTicks;
    if (this.terms.quoteBudget !== 0) this.budgetLeft -= lots * priceTicks;
    assert(Number.isSafeInteger(this.filledNotional), 'Invariant: filled notional is below 2^53');
  }

  /** Self-trade prevention takes `lots` that will not trade any more. */
  prevent(lots: number, priceTicks: number): void {
    this.preventedLots += lots;
    if (this.terms.quoteBudget !== 0) this.budgetLeft -= lots * priceTicks;
  }

  /** Self-trade prevention takes all that is left; `lots` of it would have traded. */
  preventRest(lots: number): void {
    this.preventedLots += this.terms.quoteBudget === 0 ? this.leavesLots : lots;
    this.budgetLeft = 0;
  }
}

/** The orders at one price, first come first. Levels of a book know what they show. */
export class Level {
  readonly priceTicks: number;
  visibleLots = 0;
  first: LiveOrder | undefined = undefined;
  #last: LiveOrder | undefined = undefined;

  constructor(priceTicks: number) {
    this.priceTicks = priceTicks;
  }

  append(order: LiveOrder): void {
    order.level = this;
    order.previous = this.#last;
    if (this.#last === undefined) this.first = order;
    else this.#last.next = order;
    this.#last = order;
    this.visibleLots += order.visibleLots;
    assert(Number.isSafeInteger(this.visibleLots), 'Invariant: lots of a level are below 2^53');
  }

  remove(order: LiveOrder): void {
    if (order.previous === undefined) this.first = order.next;
    else order.previous.next = order.next;
    if (order.next === undefined) this.#last = order.previous;
    else order.next.previous = order.previous;
    order.level = undefined;
    order.previous = undefined;
    order.next = undefined;
    this.visibleLots -= order.visibleLots;
  }

  /** Shows `lots` of an order in its place in the queue. */
  show(order: LiveOrder, lots: number): void {
    this.visibleLots += lots - order.visibleLots;
    order.visibleLots = lots;
  }
}
