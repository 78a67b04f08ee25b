// SPDX-License-Identifier: Apache-2.0
// A seeded source of randomness whose whole state is four numbers: xoshiro128** seeded through splitmix32.

export type RandomState = readonly [number, number, number, number];

const UINT32 = 0x1_0000_0000;

/** The same seed gives the same numbers on every machine: only 32-bit integer steps, division and square roots. */
export class Random {
  #a: number;
  #b: number;
  #c: number;
  #d: number;

  constructor(state: RandomState) {
    [this.#a, this.#b, this.#c, this.#d] = state;
  }

  static fromSeed(seed: number | string): Random {
    const mix = splitmix32(hash32(String(seed)));
    return new Random([mix(), mix(), mix(), mix()]);
  }

  state(): RandomState {
    return [this.#a, this.#b, this.#c, this.#d];
  }

  /** A whole number from 0 to 2^32 − 1. */
  uint32(): number {
    const scrambled = Math.imul(rotateLeft(Math.imul(this.#b, 5), 7), 9) >>> 0;
    const shifted = this.#b << 9;
    this.#c ^= this.#a;
    this.#d ^= this.#b;
    this.#b ^= this.#c;
    this.#a ^= this.#d;
    this.#c ^= shifted;
    this.#d = rotateLeft(this.#d, 11);
    return scrambled;
  }

  /** At least 0, less than 1. */
  unit(): number {
    return this.uint32() / UINT32;
  }

  /** A whole number from 0 to `count` − 1. */
  below(count: number): number {
    return Math.floor(this.unit() * count);
  }

  /** True with the given probability. */
  chance(probability: number): boolean {
    return this.unit() < probability;
  }

  /** Near enough to a standard normal: the sum of twelve uniforms, which needs no function that engines round differently. */
  gaussian(): number {
    let sum = -6;
    for (let draw = 0; draw < 12; draw += 1) sum += this.unit();
    return sum;
  }

  /** Positive, mean about 1, with a heavy tail cut at `most`: many small, few large. */
  heavyTail(most: number): number {
    return Math.min(most, 0.5 / Math.sqrt(1 - this.unit()));
  }

  /** `items` in a new order. */
  shuffled<T>(items: readonly T[]): T[] {
    const order = [...items];
    for (let index = order.length - 1; index > 0; index -= 1) {
      const other = this.below(index + 1);
      const here = order[index];
      const there = order[other];
      if (here === undefined || there === undefined) continue;
      order[index] = there;
      order[other] = here;
    }
    return order;
  }
}

/** FNV-1a over UTF-16 code units. */
function hash32(text: string): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < text.length; index += 1) {
    hash = Math.imul(hash ^ text.charCodeAt(index), 0x01000193);
  }
  return hash >>> 0;
}

function splitmix32(seed: number): () => number {
  let state = seed;
  return () => {
    state = (state + 0x9e3779b9) | 0;
    let mixed = state ^ (state >>> 16);
    mixed = Math.imul(mixed, 0x21f0aaad);
    mixed ^= mixed >>> 15;
    mixed = Math.imul(mixed, 0x735a2d97);
    return (mixed ^ (mixed >>> 15)) >>> 0;
  };
}

function rotateLeft(value: number, bits: number): number {
  return (value << bits) | (value >>> (32 - bits));
}
