// SPDX-License-Identifier: Apache-2.0
// String canaries: false secrets in the form of true ones, made of the scanner's key. Whoever has that key knows them all;
// to everybody else each is a secret like others. They lie where logs are written and decoys are planted: a scan that
// does not find the one beside the logs is blind, and one that turns up elsewhere was taken from there.

import { hkdfSync } from 'node:crypto';
import { patternsOf, type SecretPattern } from '@kontor/signer';

export const STRING_CANARIES = 16;
const LETTERS = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
/** As long as keys and secrets of Binance are. */
const LENGTH = 64;
const DRAWN_BYTES = 256;

/** The `slot`-th canary of `key` (0 to 15), with something that looks like the key it belongs to. */
export function stringCanary(
  key: Buffer,
  slot: number,
): { readonly apiKey: string; readonly secret: string } {
  return { apiKey: drawn(key, `api key ${slot}`), secret: drawn(key, `secret ${slot}`) };
}

/** What the scanner looks for: both halves of each. */
export function canaryPatterns(key: Buffer): readonly SecretPattern[] {
  return Array.from({ length: STRING_CANARIES }, (_, slot) => {
    const { apiKey, secret } = stringCanary(key, slot);
    return [apiKey, secret].flatMap((text) =>
      patternsOf(`string canary ${slot}`, Buffer.from(text), key),
    );
  }).flat();
}

function drawn(key: Buffer, what: string): string {
  const bytes = new Uint8Array(
    hkdfSync('sha256', key, '', `kontor-canary/v1 ${what}`, DRAWN_BYTES),
  );
  // Bytes above the last multiple of 62 would make some letters likelier.
  const even = bytes.filter((byte) => byte < 248).slice(0, LENGTH);
  return Array.from(even, (byte) => LETTERS[byte % LETTERS.length]).join('');
}
