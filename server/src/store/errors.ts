// SPDX-License-Identifier: Apache-2.0
// The ways in which the store can fail.

export type StoreErrorCode = 'busy' | 'full' | 'readOnly' | 'version' | 'damaged' | 'failed';

/** The store cannot be read or written; nothing was changed by the call that threw. */
export class StoreError extends Error {
  readonly code: StoreErrorCode;

  constructor(code: StoreErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'StoreError';
    this.code = code;
  }
}

/** SQLite's primary result codes that have a meaning of their own for a desk. */
const CODES: Readonly<Record<number, readonly [StoreErrorCode, string]>> = {
  5: ['busy', 'another Kontor is running on this data directory'],
  8: ['readOnly', 'the data directory cannot be written'],
  11: ['damaged', 'the store file is damaged; restore a backup'],
  13: ['full', 'the disk is full: free some space and start again; what was stored is still there'],
  14: ['readOnly', 'the store file cannot be opened; check its owner and rights'],
  26: ['damaged', 'the file is no Kontor store'],
};

/** `error` as a StoreError that says what to do; `where` is the file or statement at fault. */
export function toStoreError(error: unknown, where: string): StoreError {
  if (error instanceof StoreError) return error;
  const message = error instanceof Error ? error.message : String(error);
  const result: unknown = error instanceof Error && 'errcode' in error ? error.errcode : undefined;
  const known = typeof result === 'number' ? CODES[result & 0xff] : undefined;
  if (known !== undefined)
    return new StoreError(known[0], `${known[1]} (${where}: ${message})`, { cause: error });
  const system: unknown = error instanceof Error && 'code' in error ? error.code : undefined;
  if (system === 'ENOSPC')
    return new StoreError('full', `${CODES[13]?.[1]} (${where})`, { cause: error });
  return new StoreError('failed', `${where}: ${message}`, { cause: error });
}
