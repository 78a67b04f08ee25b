// SPDX-License-Identifier: Apache-2.0
// Orders that may only rest: what becomes of one that would trade at once.
//
// The market is at its price or better then. It is tried again at that price a few times, for the market may come back
// to the other side; then it goes out as an ordinary limit order, since a fee is a smaller harm than a line of the
// ladder, or a profit, that is missed. Exits wait less than entries.

import type { OrderRole } from '../machine.ts';
import type { OrderType } from '../order.ts';
import type { TimeMs } from '../units.ts';

/** Why a venue refuses an order that may only rest and would trade at once: Binance's words. */
export const WOULD_TAKE = 'Order would immediately match and take.';

/** So often an order may be refused for that before it goes out as an ordinary one. */
const TRIES: Readonly<Record<OrderRole, number>> = { entry: 4, exit: 2 };
const FIRST_WAIT_MS = 2_000;

/** The type of an order that was refused `postTries` times in a row because it would trade at once. */
export function restingType(role: OrderRole, postTries: number | undefined): OrderType {
  return postTries !== undefined && postTries < TRIES[role] ? 'limitMaker' : 'limit';
}

/** The pause after the `postTries`-th such refusal in a row: 2 s, then doubled; none before the ordinary order. */
export function postWaitMs(role: OrderRole, postTries: number): TimeMs {
  return postTries < TRIES[role] ? FIRST_WAIT_MS * 2 ** (postTries - 1) : 0;
}
