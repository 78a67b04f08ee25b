// SPDX-License-Identifier: Apache-2.0
// What the policy knows of a request: all that a rule may ask, and nothing else.

import type { Operation, PolicyOrderType, PolicySide, PolicyTimeInForce } from './policy.ts';

/** What a rule may ask about a request. Null where the request has no such thing. */
export interface RequestFacts {
  readonly operation: Operation;
  readonly symbol: string | null;
  readonly side: PolicySide | null;
  readonly type: PolicyOrderType | null;
  readonly timeInForce: PolicyTimeInForce | null;
  /** Price times quantity; null for anything but an order with a price. */
  readonly notional: bigint | null;
  /** The price limit, at 8 decimals; so is the quantity. */
  readonly price: bigint | null;
  /** Of a stop: the trade price at which it begins. */
  readonly stop: bigint | null;
  readonly quantity: bigint | null;
  readonly clientOrderId: string | null;
  /** A person released it: it counts against the hold line that kept it. */
  readonly isReleased: boolean;
  /** It sells no more than what was bought through the connection, by the signer's own record: an exit. */
  readonly isExit?: boolean;
}
