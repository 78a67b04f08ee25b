// SPDX-License-Identifier: Apache-2.0
// Numbers as people type them, in their locale, to plain decimal text and back. What could mean two numbers is
// refused, never guessed.

/** What was typed: nothing, a number as plain decimal text, one of two numbers, or no number. */
export type NumberEntry =
  | { readonly kind: 'empty' }
  | { readonly kind: 'number'; readonly text: string }
  | { readonly kind: 'ambiguous'; readonly readings: readonly [string, string] }
  | { readonly kind: 'other' };

/** Longer entries are no numbers; the machine's own decimals are shorter. */
const LENGTH_MAX = 60;
/** Spaces and apostrophes only ever group digits. */
const GROUPING = /(?<=\d)[\s\u00a0\u202f'’](?=\d{3}(?!\d))/g;
const GROUPED: Readonly<Record<string, RegExp>> = {
  '.': /^\d{1,3}(\.\d{3})+$/,
  ',': /^\d{1,3}(,\d{3})+$/,
};

/** The sign between units and tenths in `locale`: a point or a comma. */
export function decimalMark(locale: string): '.' | ',' {
  const part = new Intl.NumberFormat(locale)
    .formatToParts(1.5)
    .find(({ type }) => type === 'decimal');
  return part?.value === ',' ? ',' : '.';
}

/**
 * Reads `typed` the way someone who writes `mark` before the tenths means it. The other sign is taken for it too,
 * unless the digits could be grouped: `1.500` with a decimal comma is either 1500 or 1.5, and stays unread.
 */
export function readNumber(typed: string, mark: '.' | ','): NumberEntry {
  const text = typed.trim().replace('\u2212', '-').replace(GROUPING, '');
  if (text === '') return { kind: 'empty' };
  const match = text.length <= LENGTH_MAX ? /^([+-]?)([\d.,]+)$/.exec(text) : null;
  const digits = match?.[2] ?? '';
  if (!/\d/.test(digits)) return { kind: 'other' };
  const sign = match?.[1] === '-' ? '-' : '';
  const points = digits.split('.').length - 1;
  const commas = digits.split(',').length - 1;
  if (points === 0 && commas === 0) return number(sign, digits, '');
  if (points > 0 && commas > 0) {
    const last = digits.lastIndexOf('.') > digits.lastIndexOf(',') ? '.' : ',';
    return split(sign, digits, last);
  }
  const only = points > 0 ? '.' : ',';
  if (points + commas > 1) return grouped(sign, digits, only);
  if (only !== mark && GROUPED[only]?.test(digits) === true && !digits.startsWith('0')) {
    const [whole = '', fraction = ''] = digits.split(only);
    return {
      kind: 'ambiguous',
      readings: [plain(sign, whole + fraction, ''), plain(sign, whole, fraction)],
    };
  }
  return split(sign, digits, only);
}

/** Plain decimal text as someone who writes `mark` would type it: without grouping. */
export function writeNumber(text: string, mark: '.' | ','): string {
  return mark === ',' ? text.replace('.', ',') : text;
}

function split(sign: string, digits: string, mark: '.' | ','): NumberEntry {
  const parts = digits.split(mark);
  const [whole = '', fraction = ''] = parts;
  if (parts.length !== 2 || !/^\d*$/.test(fraction)) return { kind: 'other' };
  const other = mark === '.' ? ',' : '.';
  if (!whole.includes(other)) return number(sign, whole, fraction);
  return GROUPED[other]?.test(whole) === true
    ? number(sign, whole.replaceAll(other, ''), fraction)
    : { kind: 'other' };
}

function grouped(sign: string, digits: string, mark: '.' | ','): NumberEntry {
  return GROUPED[mark]?.test(digits) === true
    ? number(sign, digits.replaceAll(mark, ''), '')
    : { kind: 'other' };
}

function number(sign: string, whole: string, fraction: string): NumberEntry {
  return { kind: 'number', text: plain(sign, whole, fraction) };
}

function plain(sign: string, whole: string, fraction: string): string {
  const units = whole.replace(/^0+(?=\d)/, '') || '0';
  return `${sign}${units}${fraction === '' ? '' : `.${fraction}`}`;
}
