// SPDX-License-Identifier: Apache-2.0
// Fields that messages of several directions have, each with its form.

import { DECIMAL_PATTERN } from './amount.ts';
import type { Fields } from './fields.ts';

export const CONNECTION_PATTERN: RegExp = /^c_[A-Z2-7]{7}$/;
export const CONNECTION_WORDS = 'c_ and 7 of A-Z 2-7';
/** A name as people write it, in one line of a policy: no quotes, no comment sign, never like an identifier. */
export const CONNECTION_NAME_PATTERN: RegExp =
  /^(?!c_)[A-Za-z0-9](?:[A-Za-z0-9 ._-]{0,38}[A-Za-z0-9._-])?$/;
export const WAY_WORDS = 'w_ and 7 of A-Z 2-7';
export const CREDENTIAL_WORDS = 'the identifier of a credential, of at most 384 bytes';
export const SALT_WORDS = '32 bytes in base64url';
/** The longest text in a message that is not private and has no form of its own. */
export const TEXT_CHARACTERS_MAX = 1_000;
/** The longest policy file. */
export const POLICY_BYTES_MAX = 65_536;
const VENUE = /^[a-z][a-z0-9-]{0,31}$/;
export const SYMBOL_PATTERN: RegExp = /^[A-Z0-9][A-Z0-9._-]{0,29}$/;
export const SYMBOL_WORDS = '1 to 30 of A-Z 0-9 . _ -';
const API_KEY = /^[A-Za-z0-9]{1,128}$/;
const NONCE = /^[A-Za-z0-9_-]{22}$/;

export function connection(fields: Fields): string {
  return fields.text('connection', CONNECTION_PATTERN, CONNECTION_WORDS);
}

export function nonce(fields: Fields): string {
  return fields.text('nonce', NONCE, 'the nonce of an act');
}

export function venue(fields: Fields): string {
  return fields.text('venue', VENUE, '1 to 32 of a-z 0-9 -, beginning with a letter');
}

export function symbol(fields: Fields): string {
  return fields.text('symbol', SYMBOL_PATTERN, SYMBOL_WORDS);
}

export function apiKey(fields: Fields): string {
  return fields.privateText('apiKey', API_KEY, '1 to 128 letters and digits');
}

/** A decimal number above zero, as text. */
export function decimal(fields: Fields, name: string): string {
  const text = fields.text(name, DECIMAL_PATTERN, 'a plain decimal number with at most 8 decimals');
  if (!/[1-9]/.test(text)) throw fields.error(name, 'expected more than zero, found zero');
  return text;
}
