// SPDX-License-Identifier: Apache-2.0
// Which of Binance's account events the signer has a copy of. Egress reads no more of them than their kind
// and when they happened.

/** Whether an event tells of an order. */
export function isOrderEvent(event: unknown): boolean {
  return (
    typeof event === 'object' && event !== null && 'e' in event && event.e === 'executionReport'
  );
}

/** When an event happened, by the exchange's clock; null where it does not say. */
export function eventTimeOf(event: unknown): number | null {
  const time = typeof event === 'object' && event !== null && 'E' in event ? event.E : null;
  return typeof time === 'number' && Number.isFinite(time) ? time : null;
}
