// SPDX-License-Identifier: Apache-2.0
// Which of Binance's account events the signer has a copy of. Egress reads no more of them than their kind.

/** Whether an event tells of an order. */
export function isOrderEvent(event: unknown): boolean {
  return (
    typeof event === 'object' && event !== null && 'e' in event && event.e === 'executionReport'
  );
}
