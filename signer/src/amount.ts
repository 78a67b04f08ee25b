// SPDX-License-Identifier: Apache-2.0
// Money in the signer: decimal text to whole numbers at a fixed scale, never through a float.

/** Decimals of prices, quantities and limits; Binance's finest. */
const SCALE = 8;
/** Decimals of a price times a quantity. */
const NOTIONAL_SCALE = 16;

/** Plain notation only: no sign, exponent, leading zero or bare point; at most 15 digits before and 8 after it. */
export const DECIMAL_PATTERN: RegExp = /^(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,8})?$/;

/**
 * `text` at 8 decimals, or null when it is not a plain decimal number.
 * @example parseDecimal('1.5') === 150000000n
 */
export function parseDecimal(text: string): bigint | null {
  if (!DECIMAL_PATTERN.test(text)) return null;
  const [whole = '0', fraction = ''] = text.split('.');
  return BigInt(whole + fraction.padEnd(SCALE, '0'));
}

/**
 * Price times quantity at 16 decimals; both at 8.
 * @example notionalOf(parseDecimal('2') ?? 0n, parseDecimal('0.5') ?? 0n) === toNotional(100000000n)
 */
export function notionalOf(price: bigint, quantity: bigint): bigint {
  return price * quantity;
}

/** A limit at 8 decimals moved to the scale of a notional. */
export function toNotional(amount: bigint): bigint {
  return amount * 10n ** BigInt(NOTIONAL_SCALE - SCALE);
}

/**
 * A notional as text without trailing zeros.
 * @example formatNotional(toNotional(150000000n)) === '1.5'
 */
export function formatNotional(value: bigint): string {
  const digits = value.toString().padStart(NOTIONAL_SCALE + 1, '0');
  const fraction = digits.slice(-NOTIONAL_SCALE).replace(/0+$/, '');
  return digits.slice(0, -NOTIONAL_SCALE) + (fraction === '' ? '' : `.${fraction}`);
}
