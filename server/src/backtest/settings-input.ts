// SPDX-License-Identifier: Apache-2.0
// Puts the settings of a backtest together: a bot's file or an example, and single fields given by name.

import { parseSettings, type ParsedSettings } from '@kontor/core';

/** One `key=value` as the caller wrote it. An empty value takes the field away. */
export interface Assignment {
  readonly field: string;
  readonly value: string;
}

/** Fields that hold a number and not decimal text. */
const WHOLE_NUMBERS = [
  'maxSafetyOrders',
  'maxActiveSafetyOrders',
  'cooldownSeconds',
  'maxActiveDeals',
];

/** A moderate bot for a start balance of 10,000: 100 at first, seven more orders down to about 24 %. */
const EXAMPLE = {
  name: 'Example',
  baseOrderVolume: '100',
  baseOrderType: 'market',
  safetyOrderVolume: '100',
  safetyOrderStep: '1.5',
  maxSafetyOrders: 7,
  maxActiveSafetyOrders: 7,
  volumeScale: '1.5',
  stepScale: '1.25',
  takeProfit: '1.5',
  cooldownSeconds: 0,
  maxActiveDeals: 1,
};

/** Settings of `file` (a bot's JSON; the example where undefined) with `assignments` on top, for `symbol`. */
export function composeSettings(
  file: unknown,
  assignments: readonly Assignment[],
  symbol: string,
): ParsedSettings {
  const base = file === undefined ? { ...EXAMPLE, symbols: [symbol] } : file;
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    return parseSettings(base);
  }
  const fields = new Map<string, unknown>(Object.entries(base));
  for (const { field, value } of assignments) {
    if (value === '') fields.delete(field);
    else fields.set(field, valueOf(field, value));
  }
  return parseSettings(Object.fromEntries(fields));
}

function valueOf(field: string, text: string): unknown {
  if (field === 'symbols') return text.split(',');
  if (WHOLE_NUMBERS.includes(field) && /^\d{1,9}$/.test(text)) return Number(text);
  return text;
}
