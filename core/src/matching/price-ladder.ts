// SPDX-License-Identifier: Apache-2.0
// Levels sorted by price: one side of a book, or the stops that wait on one side of the market.

import { Level, type LiveOrder } from './level.ts';

/** Which price stands first: the highest for bids, the lowest for asks. */
export type LadderOrder = 'highestFirst' | 'lowestFirst';

/** Above this a block is split in two: moving half a block costs less than the rest of an order's work. */
const BLOCK_LEVELS_MAX = 256;

/**
 * A map finds the level of a price; a sorted list finds the best and is in order for whoever reads it. The
 * list is cut into blocks, so that a level which comes or goes moves only its neighbours, and it ends with the
 * best level, so that near the touch, where most of the flow is, there are next to none to move.
 */
export class PriceLadder {
  readonly #levels = new Map<number, Level>();
  /** Worst first, also inside the blocks. No block is empty. */
  readonly #blocks: Level[][] = [];
  readonly #isHighestFirst: boolean;

  constructor(order: LadderOrder) {
    this.#isHighestFirst = order === 'highestFirst';
  }

  best(): Level | undefined {
    const block = this.#blocks[this.#blocks.length - 1];
    return block?.[block.length - 1];
  }

  *bestFirst(): Generator<Level, void, undefined> {
    for (let at = this.#blocks.length - 1; at >= 0; at -= 1) {
      const block = this.#blocks[at] ?? [];
      for (let index = block.length - 1; index >= 0; index -= 1) {
        const level = block[index];
        if (level !== undefined) yield level;
      }
    }
  }

  /** Every order in order of priority. */
  *orders(): Generator<LiveOrder, void, undefined> {
    for (const level of this.bestFirst()) {
      for (let order = level.first; order !== undefined; order = order.next) yield order;
    }
  }

  /** Puts an order at the end of the queue at `priceTicks`. */
  append(order: LiveOrder, priceTicks: number): Level {
    const level = this.#levels.get(priceTicks) ?? this.#open(priceTicks);
    level.append(order);
    return level;
  }

  /** Takes an order that stands here out of its queue. */
  remove(order: LiveOrder, level: Level): void {
    level.remove(order);
    if (level.first === undefined) this.#close(level);
  }

  #open(priceTicks: number): Level {
    const level = new Level(priceTicks);
    this.#levels.set(priceTicks, level);
    const at = this.#blockAt(priceTicks);
    const block = this.#blocks[at];
    if (block === undefined) {
      this.#blocks.push([level]);
      return level;
    }
    block.splice(this.#countWorse(block, priceTicks), 0, level);
    if (block.length > BLOCK_LEVELS_MAX) {
      this.#blocks.splice(at + 1, 0, block.splice(BLOCK_LEVELS_MAX / 2));
    }
    return level;
  }

  #close(level: Level): void {
    this.#levels.delete(level.priceTicks);
    const at = this.#blockAt(level.priceTicks);
    const block = this.#blocks[at] ?? [];
    block.splice(this.#countWorse(block, level.priceTicks), 1);
    if (block.length === 0) this.#blocks.splice(at, 1);
  }

  /** The block where the level of a price stands or would stand, looked for from the best end. */
  #blockAt(priceTicks: number): number {
    let at = this.#blocks.length - 1;
    for (; at > 0; at -= 1) {
      const worst = this.#blocks[at]?.[0];
      if (worst !== undefined && !this.#isBetter(worst.priceTicks, priceTicks)) break;
    }
    return at;
  }

  /** How many levels of a block are worse than a price: where its level stands or would stand. */
  #countWorse(block: readonly Level[], priceTicks: number): number {
    let low = 0;
    let high = block.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      const level = block[middle];
      if (level !== undefined && this.#isBetter(priceTicks, level.priceTicks)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  #isBetter(left: number, right: number): boolean {
    return this.#isHighestFirst ? left > right : left < right;
  }
}
