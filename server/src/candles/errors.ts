// SPDX-License-Identifier: Apache-2.0
// What can be wrong with candle data and the files that hold it.

/** Every code is explained in SPEC.md, section Candles. */
export const CANDLE_ERROR_CODES = [
  'SOURCE_UNREADABLE',
  'SOURCE_EMPTY',
  'SOURCE_DAMAGED',
  'SOURCE_TOO_LARGE',
  'SOURCE_NOT_CSV',
  'COLUMNS_UNKNOWN',
  'VALUE_WRONG',
  'TIME_ORDER',
  'SYMBOL_NEEDED',
  'INTERVAL_NEEDED',
  'OVERLAP_DIFFERS',
  'FILE_MISSING',
  'FILE_DAMAGED',
  'FILE_CHANGED',
  'STORE_UNWRITABLE',
] as const;

export type CandleErrorCode = (typeof CANDLE_ERROR_CODES)[number];

/** Where in a source the fault is; lines count from 1. */
export interface SourcePlace {
  readonly file: string;
  readonly line?: number;
  readonly column?: string;
}

/** Candle data that cannot be used. The message is one sentence that says what was expected and what was found. */
export class CandleError extends Error {
  override readonly name: string = 'CandleError';
  readonly code: CandleErrorCode;
  readonly place: SourcePlace | undefined;

  constructor(
    code: CandleErrorCode,
    place: SourcePlace | undefined,
    detail: string,
    options?: ErrorOptions,
  ) {
    super(`${placeText(place)}${detail}`, options);
    this.code = code;
    this.place = place;
  }
}

/** Text of a source as it may be printed: short, and with control and direction characters made visible. */
export function shown(text: string): string {
  return JSON.stringify(text.length > 40 ? `${text.slice(0, 40)}…` : text).replaceAll(
    /\p{C}/gu,
    (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`,
  );
}

/** The message of anything caught. */
export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function placeText(place: SourcePlace | undefined): string {
  if (place === undefined) return '';
  const line = place.line === undefined ? '' : `, line ${place.line}`;
  const column = place.column === undefined ? '' : `, column "${place.column}"`;
  return `${place.file}${line}${column}: `;
}
