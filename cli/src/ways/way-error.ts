// SPDX-License-Identifier: Apache-2.0
// A way to open the vault that does not answer, or not as expected. No message holds a key or a token.

export type WayErrorCode = 'way.config' | 'way.keyring' | 'way.service' | 'way.token';

export class WayError extends Error {
  readonly code: WayErrorCode;

  constructor(code: WayErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'WayError';
    this.code = code;
  }
}
