// SPDX-License-Identifier: Apache-2.0
// What a person sets on a smart trade, and the plan that follows from it.

import type { Direction } from '../order.ts';
import type { FieldError, FieldsOf } from '../settings/field.ts';
import {
  ENTRIES_FIELD,
  planContradictions,
  SIZE_FIELD,
  SLIPPAGE_FIELD,
  STOP_LOSS_FIELD,
  TAKE_PROFIT_FIELD,
  type EntryTerm,
  type SizeTerm,
  type StopLossTerm,
  type TakeProfitTerm,
  type TradePlan,
} from './plan.ts';

/**
 * `long` buys and sells at its targets, `short` sells coins the account holds and buys them back lower. `sellHeld`
 * closes coins that are there already, `buyBack` coins that were sold before. `buy` and `sell` only enter.
 */
export type TradeType = 'long' | 'short' | 'sellHeld' | 'buyBack' | 'buy' | 'sell';

/** A position that is there before the trade: coins that were bought, for `buyBack` coins that were sold. */
export interface HeldTerm {
  /** In coins. */
  readonly quantity: string;
  /** What one coin cost or brought, fees included; profit counts from it. */
  readonly price: string;
}

/** Plain JSON data with decimals as text. */
export interface SmartTradeSettings {
  readonly kind: 'smartTrade';
  readonly name: string;
  /** Exactly one. */
  readonly symbols: readonly string[];
  readonly type: TradeType;
  readonly entries: readonly EntryTerm[];
  readonly size?: SizeTerm;
  readonly held?: HeldTerm;
  readonly takeProfit: readonly TakeProfitTerm[];
  readonly stopLoss?: StopLossTerm;
  /** Whether limit entries and limit targets may only rest, and pay the maker's fee. */
  readonly postOnly: boolean;
  readonly maxSlippage: string;
}

const NAME_MAX = 80;
const QUANTITY_DECIMALS = 8;
/** Decimals of what a held coin cost. */
export const COST_DECIMALS = 18;

export const SMART_TRADE_FIELDS: FieldsOf<Omit<SmartTradeSettings, 'kind'>> = {
  name: { kind: 'text', lengthMax: NAME_MAX },
  symbols: { kind: 'symbols', least: 1, most: 1 },
  type: {
    kind: 'choice',
    choices: ['long', 'short', 'sellHeld', 'buyBack', 'buy', 'sell'],
    default: 'long',
  },
  entries: ENTRIES_FIELD,
  size: { ...SIZE_FIELD, optional: true },
  held: {
    kind: 'group',
    fields: {
      quantity: { kind: 'decimal', unit: 'base', decimals: QUANTITY_DECIMALS, above: 0 },
      price: { kind: 'decimal', unit: 'price', decimals: COST_DECIMALS, above: 0 },
    },
    optional: true,
  },
  takeProfit: TAKE_PROFIT_FIELD,
  stopLoss: STOP_LOSS_FIELD,
  postOnly: { kind: 'boolean', default: false },
  maxSlippage: SLIPPAGE_FIELD,
};

/** Which way a trade of `type` goes. */
export function directionOf(type: TradeType): Direction {
  return type === 'long' || type === 'sellHeld' || type === 'buy' ? 'long' : 'short';
}

/** Whether a trade of `type` begins with a position that is there already. */
export function beginsHeld(type: TradeType): boolean {
  return type === 'sellHeld' || type === 'buyBack';
}

/** The plan of `settings`. */
export function planOf(settings: SmartTradeSettings): TradePlan {
  const { type, entries, size, takeProfit, stopLoss, maxSlippage } = settings;
  return {
    direction: directionOf(type),
    endsWithEntry: type === 'buy' || type === 'sell',
    entries,
    ...(size === undefined ? {} : { size }),
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
    ...(settings.postOnly ? { postOnly: true } : {}),
    maxSlippage,
  };
}

/** What single fields cannot say: how `settings` of the right form contradict themselves. */
export function smartTradeContradictions(settings: SmartTradeSettings): readonly FieldError[] {
  const { type, entries, size, held, takeProfit, stopLoss } = settings;
  const errors: FieldError[] = [];
  const refuse = (field: string, expected: string, found: string): void => {
    errors.push({ field, expected, found });
  };
  if (beginsHeld(type)) {
    if (entries.length > 0) {
      refuse('entries', `no entry for the type ${type}`, `${entries.length} entries`);
    }
    if (size !== undefined) refuse('size', `no size for the type ${type}`, size.kind);
    if (held === undefined) refuse('held', 'what is held, and what it cost', 'nothing');
    if (takeProfit.length === 0 && stopLoss === undefined) {
      refuse('takeProfit', 'a take profit or a stop loss', 'neither');
    }
  } else {
    if (entries.length === 0) refuse('entries', `an entry for the type ${type}`, 'none');
    if (size === undefined) refuse('size', `a size for the type ${type}`, 'nothing');
    if (held !== undefined) {
      refuse('held', `nothing held for the type ${type}`, held.quantity);
    }
  }
  if (type === 'buy' || type === 'sell') {
    const expected = `none: a trade of the type ${type} closes nothing`;
    if (takeProfit.length > 0) refuse('takeProfit', expected, `${takeProfit.length} steps`);
    if (stopLoss !== undefined) refuse('stopLoss', expected, 'a stop loss');
  }
  return [...errors, ...planContradictions({ ...planOf(settings) })];
}
