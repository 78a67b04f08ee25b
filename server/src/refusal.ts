// SPDX-License-Identifier: Apache-2.0
// Which failures waiting may mend, and which are a no that would be a no again.

import { VenueError } from '@kontor/exchange';

/** The other side said no, and will say so until a person changes something. The message says what. */
export class Refusal extends Error {
  readonly code = 'REFUSED';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'Refusal';
  }
}

/** Binance's range for requests that are wrong in themselves, such as a symbol that does not exist. */
const WRONG_REQUEST = /^-11\d\d$/;
/** The signer's rules that no time changes. A clock, a full disk or a full log may be mended while we wait. */
const LASTING_RULES: ReadonlySet<string> = new Set(['connections', 'intent']);

/** True where asking again can change nothing. Whatever is not known to be lasting may pass. */
export function isLasting(error: unknown): boolean {
  return (
    error instanceof Refusal || (error instanceof VenueError && WRONG_REQUEST.test(error.code))
  );
}

/** What the signer's refusal of `request` is: a Refusal, or an Error that may pass. */
export function signerRefusal(request: string, rule: string | null, reason: string): Error {
  const message = `the signer refused ${request}: ${reason}`;
  return rule !== null && LASTING_RULES.has(rule) ? new Refusal(message) : new Error(message);
}
