// SPDX-License-Identifier: Apache-2.0
// The numbers of a policy as the reader writes them: grouped, with the marks of the language; rates with their time.

import type { Format } from '../number/format.ts';

/** Fields of which the policy says something else than an amount. */
const NAMES: readonly string[] = [
  'id',
  'text',
  'effect',
  'asset',
  'order',
  'symbol',
  'rule',
  'line',
];
const NUMBER = /(\d+(?:\.\d+)?)( ?%)?/g;
const RATE = /^(\d+)\/(\d+)([a-z])$/;

/** `of` with every number in its texts as `format` writes it. */
export function inWords<T extends object>(of: T, format: Format): T {
  const entries = Object.entries(of).map(([name, value]): [string, unknown] => [
    name,
    NAMES.includes(name) ? value : written(value, format),
  ]);
  // The same fields with other numbers in the same texts.
  return Object.fromEntries(entries) as T;
}

function written(value: unknown, format: Format): unknown {
  if (typeof value === 'string') {
    const rate = RATE.exec(value);
    if (rate === null) {
      return value.replaceAll(NUMBER, (_found, digits: string, percent: string | undefined) =>
        percent === undefined ? format.exact(digits) : format.exactPercent(digits),
      );
    }
    const [, count = '', length = '', unit = ''] = rate;
    return `${format.exact(count)} / ${format.exact(length)} ${unit}`;
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  return inWords(value, format);
}
