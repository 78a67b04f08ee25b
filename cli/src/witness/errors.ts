// SPDX-License-Identifier: Apache-2.0
// What a witness or the checker of claims cannot go on with.

export type WitnessErrorCode = 'busy' | 'keys' | 'record' | 'logs' | 'name';

/** The files of a witness are not what they must be; the message says which and what to do. */
export class WitnessError extends Error {
  readonly code: WitnessErrorCode;

  constructor(code: WitnessErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WitnessError';
    this.code = code;
  }
}
