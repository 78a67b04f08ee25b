// SPDX-License-Identifier: Apache-2.0
// A signal as someone outside gives it: what it may hold, and how it is read.

import type { Signal } from '../machine.ts';
import { parseFields, type FieldsOf, type ParsedFields } from '../settings/field.ts';
import {
  ENTRIES_FIELD,
  SIZE_FIELD,
  STOP_LOSS_FIELD,
  TAKE_PROFIT_FIELD,
} from '../smart-trade/plan.ts';

/** What a sender says; how conditions stand and who the sender is the desk adds. */
export type GivenSignal = Omit<Signal, 'source' | 'conditions' | 'readings'>;

const NUMBER_DECIMALS = 18;
const PERCENT_DECIMALS = 6;
const ID_MAX = 200;
/** The last millisecond a date can have. */
const TIME_MAX = 8_640_000_000_000_000;

const POSITION_SIDE = { kind: 'choice', choices: ['long', 'short', 'flat'] } as const;
const POSITION_SIZE = {
  kind: 'decimal',
  unit: 'none',
  decimals: NUMBER_DECIMALS,
  least: 0,
  optional: true,
} as const;

export const GIVEN_SIGNAL_FIELDS: FieldsOf<GivenSignal> = {
  action: {
    kind: 'choice',
    choices: [
      'start',
      'safetyOrder',
      'close',
      'enterLong',
      'exitLong',
      'enterShort',
      'exitShort',
      'reverse',
      'disable',
      'buy',
      'sell',
    ],
  },
  id: { kind: 'text', lengthMax: ID_MAX, optional: true },
  sentTime: { kind: 'integer', unit: 'none', least: 1, most: TIME_MAX, optional: true },
  price: { kind: 'decimal', unit: 'price', decimals: NUMBER_DECIMALS, above: 0, optional: true },
  size: {
    kind: 'variant',
    variants: {
      ...SIZE_FIELD.variants,
      position: {
        percent: {
          kind: 'decimal',
          unit: 'percent',
          decimals: PERCENT_DECIMALS,
          above: 0,
          most: 100,
        },
      },
    },
    optional: true,
  },
  entry: {
    kind: 'variant',
    variants: { market: {}, limit: { price: limitPrice() } },
    optional: true,
  },
  strategy: {
    kind: 'group',
    fields: {
      side: POSITION_SIDE,
      size: POSITION_SIZE,
      sideBefore: { ...POSITION_SIDE, optional: true },
      sizeBefore: POSITION_SIZE,
    },
    optional: true,
  },
  exits: {
    kind: 'group',
    fields: { takeProfit: TAKE_PROFIT_FIELD, stopLoss: STOP_LOSS_FIELD },
    optional: true,
  },
  deals: { kind: 'choice', choices: ['close', 'cancel'], optional: true },
};

/** `input` as a signal, or every wrong field at once. */
export function parseGivenSignal(input: unknown): ParsedFields<GivenSignal> {
  return parseFields(GIVEN_SIGNAL_FIELDS, input, 'signal');
}

/** The price of a limit entry is described where a plan describes it. */
function limitPrice(): Exclude<FieldsOf<{ readonly price: EntryPrice }>['price'], undefined> {
  const { item } = ENTRIES_FIELD;
  if (item.kind !== 'group') throw new Error('Invariant: an entry is a group of fields');
  const { optional: _, ...price } = item.fields.price;
  return price;
}

type EntryPrice = Extract<NonNullable<Signal['entry']>, { readonly kind: 'limit' }>['price'];
