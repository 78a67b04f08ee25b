// SPDX-License-Identifier: Apache-2.0
// The tag that the signer puts behind each order's ID on its way to the exchange: `<desk ID>_<tag>`.
//
// It is a MAC that only the vault can make, over connection and desk ID. Whoever has stolen the exchange's key can
// place orders, but none with a valid tag; so an order without one is someone else's, however its ID looks.

import { createHmac, timingSafeEqual, type KeyObject } from 'node:crypto';

/** 40 bits: they can be guessed only at the exchange, order by order, and every miss is a foreign order there. */
const TAG_CHARACTERS = 8;
const ALPHABET = '0123456789abcdefghijklmnopqrstuv';
const SEPARATOR = '_';
const EXCHANGE_ID_CHARACTERS_MAX = 36;

/** What leaves room for the tag in the 36 characters that an exchange takes. */
export const DESK_ID_CHARACTERS_MAX: number =
  EXCHANGE_ID_CHARACTERS_MAX - SEPARATOR.length - TAG_CHARACTERS;

/** The tags under one key, which the vault keeps for them alone. It gives away nothing else that the key could make. */
export class OrderTags {
  readonly #key: KeyObject;

  constructor(key: KeyObject) {
    this.#key = key;
  }

  /**
   * The ID under which the exchange keeps an order.
   * @example tags.taggedId('c_ABCDEF2', 'k1abcd1-1-1').startsWith('k1abcd1-1-1_')
   */
  taggedId(connection: string, deskId: string): string {
    return `${deskId}${SEPARATOR}${this.#tagOf(connection, deskId)}`;
  }

  /** Whether `exchangeId` is what `taggedId` makes of some ID. */
  isTagged(connection: string, exchangeId: string): boolean {
    return this.untaggedId(connection, exchangeId) !== null;
  }

  /** The desk's ID that `taggedId` made `exchangeId` of; null where it did not. */
  untaggedId(connection: string, exchangeId: string): string | null {
    const at = exchangeId.length - TAG_CHARACTERS;
    const deskId = exchangeId.slice(0, Math.max(at - SEPARATOR.length, 0));
    if (deskId === '' || exchangeId[at - 1] !== SEPARATOR) return null;
    const expected = Buffer.from(this.#tagOf(connection, deskId));
    const found = Buffer.from(exchangeId.slice(at));
    return found.length === expected.length && timingSafeEqual(found, expected) ? deskId : null;
  }

  #tagOf(connection: string, deskId: string): string {
    const mac = createHmac('sha256', this.#key).update(`${connection}|${deskId}`).digest();
    let tag = '';
    // Five bits of each of eight bytes: as even as the MAC itself.
    for (const byte of mac.subarray(0, TAG_CHARACTERS)) tag += ALPHABET.charAt(byte & 31);
    return tag;
  }
}
