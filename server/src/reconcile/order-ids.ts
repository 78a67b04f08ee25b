// SPDX-License-Identifier: Apache-2.0
// The form of this desk's client order IDs: who may have placed an order is read off its ID.
//
//   k1 TTTT [EEEE_] BOT - DEAL - NUMBER      TTTT the desk's tag, EEEE its epoch, BOT the bot's number to base 36
//
// A desk begins without an epoch. It takes a new one when it finds that its store is older than its orders: IDs that
// the store still believes to be free may then be used up.

import { randomBytes } from 'node:crypto';
import { clientOrderId, type ClientOrderId } from '@kontor/core';
import type { Store } from '../store/store.ts';

const MARK = 'k1';
const TAG_KEY = 'deskTag';
const EPOCH_KEY = 'orderEpoch';
const EPOCH_LENGTH = 4;
const BOT_NUMBER_MAX = 36 ** 4 - 1;

/** What an ID of this desk says. */
export interface OrderName {
  readonly botId: string;
  readonly dealNumber: number;
  /** '' for IDs from before the first epoch. */
  readonly epoch: string;
}

export class OrderIds {
  readonly #store: Store;
  readonly #draw: (length: number) => string;
  #tag: string;
  #epoch: string;
  #form: RegExp;

  /** `draw` makes random letters and digits. */
  constructor(store: Store, draw: (length: number) => string = randomText) {
    this.#store = store;
    this.#draw = draw;
    this.#tag = store.meta(TAG_KEY) ?? draw(4);
    this.#epoch = store.meta(EPOCH_KEY) ?? '';
    this.#form = formOf(this.#tag);
    if (store.meta(TAG_KEY) === undefined) store.setMeta(TAG_KEY, this.#tag);
  }

  get epoch(): string {
    return this.#epoch;
  }

  /** Whether an order of this ID can only be this desk's: those of other programs and other desks differ. */
  isOurs(clientOrderId: string): boolean {
    return clientOrderId.startsWith(`${MARK}${this.#tag}`);
  }

  /** What an ID of this desk says; null for IDs of others, and for ours in a form that no bot writes. */
  nameOf(clientOrderId: string): OrderName | null {
    const parts = this.#form.exec(clientOrderId);
    const [, epoch = '', bot, deal] = parts ?? [];
    if (bot === undefined || deal === undefined) return null;
    return { botId: String(Number.parseInt(bot, 36)), dealNumber: Number(deal), epoch };
  }

  /** What the IDs of a bot's orders begin with, from now on. */
  prefixOf(botId: string): string {
    const number = Number(botId);
    if (!Number.isSafeInteger(number) || number < 1 || number > BOT_NUMBER_MAX) {
      throw new RangeError(`botId must be a number from 1 to ${BOT_NUMBER_MAX}, was ${botId}`);
    }
    const epoch = this.#epoch === '' ? '' : `${this.#epoch}_`;
    return `${MARK}${this.#tag}${epoch}${number.toString(36)}-`;
  }

  /** Begins a new epoch, stored at once; no prefix from now on equals an earlier one. */
  renew(): string {
    let next = this.#draw(EPOCH_LENGTH);
    while (next === this.#epoch) next = this.#draw(EPOCH_LENGTH);
    this.#store.setMeta(EPOCH_KEY, next);
    this.#epoch = next;
    return next;
  }
}

/** `text` as an ID that an order of ours may have; null for others. */
export function toId(text: string): ClientOrderId | null {
  return /^[A-Za-z0-9_-]{1,36}$/.test(text) ? clientOrderId(text) : null;
}

function formOf(tag: string): RegExp {
  return new RegExp(
    `^${MARK}${tag}(?:([0-9a-z]{${EPOCH_LENGTH}})_)?([0-9a-z]{1,4})-(\\d{1,9})-\\d{1,9}$`,
  );
}

/** Random letters and digits that need no escaping and read alike in every case. */
export function randomText(length: number): string {
  const bytes = randomBytes(length);
  let text = '';
  for (const byte of bytes) text += '0123456789abcdefghijklmnopqrstuv'.charAt(byte % 32);
  return text;
}
