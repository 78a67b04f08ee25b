// SPDX-License-Identifier: Apache-2.0
// The text form of events, effects and states, equal for equal values; and the replay of a journal.
//
// Canonical JSON: keys in the order of their UTF-16 code units, no spaces. A bigint is the text '#' and its
// digits; a text that begins with '#' gets a second one in front.

import { step, type BotState } from './bot/step.ts';
import type { BotEvent, Effect } from './machine.ts';

/** Deepest nesting that is written; no value of ours comes near it. */
const DEPTH_MAX = 64;

/** A text that `encodeJournal` did not write, or a journal that no longer gives what it gave. */
export class JournalError extends Error {
  readonly code: 'JOURNAL_TEXT' | 'JOURNAL_DIVERGED';

  constructor(
    code: 'JOURNAL_TEXT' | 'JOURNAL_DIVERGED',
    message: string,
    options?: { readonly cause?: unknown },
  ) {
    super(message, options);
    this.name = 'JournalError';
    this.code = code;
  }
}

/** One event that changed a bot, the version it led to, and what the bot asked for. */
export interface JournalEntry {
  readonly version: number;
  readonly event: BotEvent;
  readonly effects: readonly Effect[];
}

/**
 * `value` as canonical text: `encodeJournal({ b: 1n, a: '#' })` is '{"a":"##","b":"#1"}'. Takes null, booleans,
 * finite numbers, texts, bigints, arrays and plain objects; an undefined field is left out. Throws TypeError
 * for anything else.
 */
export function encodeJournal(value: unknown): string {
  return encode(value, 0);
}

/** The value that `encodeJournal` wrote as `text`. Throws JournalError for any other text. */
// oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- the caller names what it had encoded
export function decodeJournal<T = unknown>(text: string): T {
  let value: unknown;
  try {
    value = JSON.parse(text, reviveText);
  } catch (error) {
    if (error instanceof JournalError) throw error;
    throw new JournalError('JOURNAL_TEXT', 'expected the text of a journal value', {
      cause: error,
    });
  }
  return value as T;
}

/**
 * The state that `entries` lead to from `initialState`, which stays as it is. Throws JournalError when an
 * entry's version or effects are not those recorded.
 */
export function replay(initialState: BotState, entries: Iterable<JournalEntry>): BotState {
  const state = decodeJournal<BotState>(encodeJournal(initialState));
  for (const entry of entries) {
    const effects = step(state, entry.event);
    if (state.version !== entry.version) {
      throw new JournalError(
        'JOURNAL_DIVERGED',
        `bot ${state.botId}: expected version ${entry.version} after ${entry.event.kind}, found ${state.version}`,
      );
    }
    const found = encodeJournal(effects);
    const expected = encodeJournal(entry.effects);
    if (found !== expected) {
      throw new JournalError(
        'JOURNAL_DIVERGED',
        `bot ${state.botId}, version ${entry.version}: expected effects ${expected}, found ${found}`,
      );
    }
  }
  return state;
}

function encode(value: unknown, depth: number): string {
  if (depth > DEPTH_MAX) throw new TypeError(`value must nest at most ${DEPTH_MAX} deep`);
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value.startsWith('#') ? `#${value}` : value);
    case 'bigint':
      return `"#${value}"`;
    case 'boolean':
      return value ? 'true' : 'false';
    case 'number':
      if (!Number.isFinite(value) || Object.is(value, -0)) {
        throw new TypeError(`number must be finite and not −0, was ${value}`);
      }
      return String(value);
    case 'object':
      return value === null ? 'null' : encodeObject(value, depth);
    default:
      throw new TypeError(`value must be plain data, was ${typeof value}`);
  }
}

function encodeObject(value: object, depth: number): string {
  if (Array.isArray(value)) {
    return `[${value.map((item: unknown) => encode(item, depth + 1)).join(',')}]`;
  }
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    throw new TypeError('value must be plain data, was an object with a class');
  }
  let text = '';
  for (const [key, item] of Object.entries(value).toSorted(byKey)) {
    if (item === undefined) continue;
    text += `${text === '' ? '' : ','}${JSON.stringify(key)}:${encode(item, depth + 1)}`;
  }
  return `{${text}}`;
}

function byKey(left: readonly [string, unknown], right: readonly [string, unknown]): number {
  return left[0] < right[0] ? -1 : 1;
}

function reviveText(_key: string, value: unknown): unknown {
  if (typeof value !== 'string' || !value.startsWith('#')) return value;
  if (value.startsWith('##')) return value.slice(1);
  if (!/^#(?:0|-?[1-9]\d*)$/.test(value)) {
    throw new JournalError('JOURNAL_TEXT', `expected a bigint after '#', found ${value}`);
  }
  return BigInt(value.slice(1));
}
