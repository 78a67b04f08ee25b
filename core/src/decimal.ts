// SPDX-License-Identifier: Apache-2.0
// Decimal text to scaled integers and back, without passing through a float.

const DECIMAL = /^(-?)(\d+)(?:\.(\d*))?$/;
const MAX_TEXT_LENGTH = 80;

export type Parsed<T> =
  { readonly ok: true; readonly value: T } | { readonly ok: false; readonly reason: string };

/**
 * `text` as an integer at `scale` decimals: `parseDecimal('1.5', 3)` is 1500n. Refuses anything but plain
 * decimal notation and any non-zero digit beyond `scale`.
 */
export function parseDecimal(text: string, scale: number): Parsed<bigint> {
  const match = text.length <= MAX_TEXT_LENGTH ? DECIMAL.exec(text) : null;
  if (match === null) {
    return {
      ok: false,
      reason: `expected a decimal number, found ${JSON.stringify(text.slice(0, 40))}`,
    };
  }
  const sign = match[1] ?? '';
  const whole = match[2] ?? '0';
  const fraction = (match[3] ?? '').replace(/0+$/, '');
  if (fraction.length > scale) {
    return {
      ok: false,
      reason: `expected at most ${scale} decimals, found ${JSON.stringify(text)}`,
    };
  }
  const digits = BigInt(whole + fraction.padEnd(scale, '0'));
  return { ok: true, value: sign === '-' ? -digits : digits };
}

/** As `parseDecimal`, for text that must be right: throws RangeError with `field` in the message. */
export function toScaled(text: string, scale: number, field: string): bigint {
  const parsed = parseDecimal(text, scale);
  if (!parsed.ok) throw new RangeError(`${field}: ${parsed.reason}`);
  return parsed.value;
}

/** `value` at `scale` decimals as text, with all decimals: `formatDecimal(1500n, 3)` is '1.500'. */
export function formatDecimal(value: bigint, scale: number): string {
  const digits = (value < 0n ? -value : value).toString().padStart(scale + 1, '0');
  const sign = value < 0n ? '-' : '';
  if (scale === 0) return sign + digits;
  return `${sign}${digits.slice(0, -scale)}.${digits.slice(-scale)}`;
}

/** `formatDecimal` without trailing zeros: `trimDecimal('1.500')` is '1.5'. */
export function trimDecimal(text: string): string {
  return text.includes('.') ? text.replace(/\.?0+$/, '') : text;
}

/** `value` moved from one scale to another; throws RangeError when digits other than zero would be lost. */
export function rescale(value: bigint, fromScale: number, toScale: number): bigint {
  if (toScale >= fromScale) return value * 10n ** BigInt(toScale - fromScale);
  const divisor = 10n ** BigInt(fromScale - toScale);
  if (value % divisor !== 0n) {
    throw new RangeError(`${formatDecimal(value, fromScale)} does not fit ${toScale} decimals`);
  }
  return value / divisor;
}
