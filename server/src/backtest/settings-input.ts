// SPDX-License-Identifier: Apache-2.0
// Puts the settings of a backtest together: a bot's file or an example, and single fields given by name.

import { parseSettings, SETTINGS_FIELDS, type Field, type ParsedSettings } from '@kontor/core';

/** One `key=value` as the caller wrote it: text, or JSON for lists and groups. An empty value takes the field away. */
export interface Assignment {
  readonly field: string;
  readonly value: string;
}

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

/** Settings of `file` (a bot's JSON; the example where undefined) with `assignments` on top, for `symbols`. */
export function composeSettings(
  file: unknown,
  assignments: readonly Assignment[],
  symbols: readonly string[],
): ParsedSettings {
  const base = file === undefined ? { ...EXAMPLE, symbols } : file;
  if (typeof base !== 'object' || base === null || Array.isArray(base)) {
    return parseSettings(base);
  }
  const fields = new Map<string, unknown>(Object.entries(base));
  const described = fieldsOf(fields.get('kind') ?? 'dca');
  for (const { field, value } of assignments) {
    if (value === '') fields.delete(field);
    else fields.set(field, valueOf(described.get(field), value));
  }
  return parseSettings(Object.fromEntries(fields));
}

function fieldsOf(kind: unknown): ReadonlyMap<string, Field> {
  const found = Object.entries(SETTINGS_FIELDS).find(([known]) => known === kind);
  return new Map<string, Field>(found === undefined ? [] : Object.entries(found[1]));
}

/** `text` as the field wants it; what does not fit stays text and is refused with the other wrong fields. */
function valueOf(field: Field | undefined, text: string): unknown {
  switch (field?.kind) {
    case 'symbols':
      return text.split(',');
    case 'integer':
      return /^\d{1,9}$/.test(text) ? Number(text) : text;
    case 'boolean':
      return text === 'true' || text === 'false' ? text === 'true' : text;
    case 'group':
    case 'list':
    case 'variant':
      return parsedJson(text);
    default:
      return text;
  }
}

function parsedJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch {
    return text;
  }
}
