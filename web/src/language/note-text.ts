// SPDX-License-Identifier: Apache-2.0
// What a sentence about an event is made from; each language writes the sentences.

import type { DealNoteKind, OrderPurpose } from '@kontor/core';

/** What only events of a grid carry. */
export interface GridText {
  readonly buyLines: string;
  readonly sellLines: string;
  readonly emptyLine: string;
  readonly coins: string;
  readonly money: string;
  readonly buyPrice: string;
  readonly sellPrice: string;
  readonly profitBase: string;
  /** Lines closed so far; empty for events of other deals. */
  readonly lines: string;
  readonly isUp: boolean;
  readonly isTrailing: boolean;
  readonly lowest: string;
  readonly highest: string;
  readonly stop: 'lowerStop' | 'upperStop' | 'takeProfit';
  readonly action: 'stop' | 'stopAndSell' | 'stopAndBuy';
}

/** An event's values, formatted: prices at the instrument's decimals, amounts with their unit. */
export interface NoteText {
  readonly purpose: OrderPurpose;
  /** What the order is called inside a sentence, and at its beginning. */
  readonly order: string;
  readonly orderFirst: string;
  readonly isBuy: boolean;
  readonly isPartial: boolean;
  readonly hasFills: boolean;
  readonly isExpired: boolean;
  readonly isAsked: boolean;
  readonly outcome: 'completed' | 'stopLoss' | 'closed';
  readonly isUsualEnd: boolean;
  readonly isShort: boolean;
  /** The price that a stop counts, by its name. */
  readonly watched: string;
  /** What a deal that is to earn coins has earned of them; empty for others. */
  readonly profitBase: string;
  /** Coins a short has not bought back; empty for a long. */
  readonly missing: string;
  readonly symbol: string;
  readonly last: string;
  readonly price: string;
  readonly quantity: string;
  readonly volume: string;
  readonly filled: string;
  readonly orderQuantity: string;
  readonly by: string;
  readonly rule: string;
  readonly reason: string;
  readonly average: string;
  readonly takeProfit: string;
  readonly stopLoss: string;
  /** How many take-profit steps are done; empty where a deal has none. */
  readonly takeProfitSteps: string;
  /** What a signal asks for, and what its conditions read. */
  readonly action: string;
  readonly readings: string;
  readonly number: string;
  /** Names of changed settings. */
  readonly fields: string;
  /** What a person or a signal asked for and did not get. */
  readonly command: string;
  readonly worth: string;
  readonly cash: string;
  readonly free: string;
  /** Percentage points. */
  readonly off: string;
  /** Risk states. */
  readonly from: string;
  readonly to: string;
  readonly held: string;
  readonly cost: string;
  readonly profit: string;
  readonly profitPercent: string;
  readonly kept: string;
  readonly safetyOrders: string;
  readonly duration: string;
  readonly until: string;
  readonly grid: GridText;
}

/** A sentence for every kind of event that the trading machine knows; a new kind without one is a type error. */
export type NoteSentences = Readonly<Record<DealNoteKind, (note: NoteText) => string>>;

/** What the conditions read, as the end of a sentence; nothing where there was nothing to read. */
export function readingsIn(note: NoteText): string {
  return note.readings === '' ? '' : ` ${note.readings}.`;
}
