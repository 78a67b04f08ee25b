// SPDX-License-Identifier: Apache-2.0
// What a trade intends: how its position is entered, where it is closed with profit, and what guards it.
//
// Smart trades and signal bots share these terms. Prices are given as prices or as percentages; the words are chosen so
// that one plan reads the same for a long and a short position.

import type { Direction } from '../order.ts';
import type {
  DecimalField,
  FieldError,
  FieldOf,
  FieldsOf,
  ListField,
  VariantField,
} from '../settings/field.ts';
import { ratioOf, sumIs } from './exact.ts';

/** Most entry steps and most take-profit steps of one trade. */
export const STEPS_MAX = 8;

/** Decimals a percentage, an amount and a price may have; a price is rounded to a tick where an order is made. */
const PERCENT_DECIMALS = 6;
const AMOUNT_DECIMALS = 8;
const PRICE_DECIMALS = 12;
const WAIT_SECONDS_MAX = 2_592_000;

/** A price as such, or as a percentage of another; what that is and to which side stands with each use. */
export type PriceTerm =
  | { readonly kind: 'price'; readonly price: string }
  | { readonly kind: 'percent'; readonly percent: string };

/** Which price of a quote is compared. `own` is the one the order would trade at: the ask of a buy, the bid of a sell. */
export type PriceSource = 'own' | 'bid' | 'ask' | 'last';

/** How much an entry moves. `balance`: percent of what is free, of the quote asset for a buy, of coins for a sell. */
export type SizeTerm =
  | { readonly kind: 'quote'; readonly amount: string }
  | { readonly kind: 'base'; readonly quantity: string }
  | { readonly kind: 'balance'; readonly percent: string };

/** An order is held back until the market reaches a price. */
export interface TriggerTerm {
  /** Percent: better than the market at the start of the trade, below it for a buy, above it for a sell. */
  readonly price: PriceTerm;
  /** `reaches`: coming from the side on which the market stood at the start of the trade. */
  readonly when: 'reaches' | 'atOrAbove' | 'atOrBelow';
  readonly source: PriceSource;
  /**
   * Percent. From the trigger on the best price is followed, and the order goes out when the market has turned by this
   * much: up from the lowest for a buy, down from the highest for a sell.
   */
  readonly trailing?: string;
}

export interface EntryTerm {
  /** `market`: at once within the trade's slippage. */
  readonly order: 'market' | 'limit';
  /** Of a limit order. Percent: better than the market at the start of the trade, as in `TriggerTerm`. */
  readonly price?: PriceTerm;
  readonly trigger?: TriggerTerm;
  /** Percent of the trade's size; all steps make 100. */
  readonly share: string;
  /** How long a limit order may rest; then it is taken back, and what it got is kept. */
  readonly waitSeconds?: number;
}

export interface TakeProfitTerm {
  /** Percent: profit of the position after both fees, measured from its average. */
  readonly price: PriceTerm;
  /** `limit` rests on the book; `market` trades at once when the price is reached, within the trade's slippage. */
  readonly order: 'limit' | 'market';
  /** Of a `market` step. */
  readonly source: PriceSource;
  /** Percent of the position; all steps make 100. */
  readonly share: string;
  /** Percent, only on the last step and of a `market` one: it trades when the price has turned by this much. */
  readonly trailing?: string;
}

export interface StopLossTerm {
  /** Percent: beyond the position's average, below it for a long one, above it for a short one. */
  readonly price: PriceTerm;
  readonly source: PriceSource;
  readonly order: 'market' | 'limit';
  /** Of a limit order. Percent: beyond the stop's own price. */
  readonly limit?: PriceTerm;
  /** Percent: the stop follows the best price at this distance, and never goes back. */
  readonly trailing?: string;
  /** How long the price must stay at or beyond the stop before it acts. */
  readonly timeoutSeconds: number;
  /** Whether the stop moves to the break-even price when the first take-profit step has filled. */
  readonly breakEven: boolean;
  /**
   * Who holds the stop. `desk` watches the price and trades; at the `exchange` it stands in a pair with the take
   * profit, also while the desk is not running.
   */
  readonly placement: 'desk' | 'exchange';
}

/** Everything a running trade goes by. It is replaced as a whole when a person edits the trade. */
export interface TradePlan {
  readonly direction: Direction;
  /** Whether the trade is done when its entries are: nothing is closed again. */
  readonly endsWithEntry: boolean;
  /** None where the position is there already. */
  readonly entries: readonly EntryTerm[];
  /** Absent where there are no entries. */
  readonly size?: SizeTerm;
  readonly takeProfit: readonly TakeProfitTerm[];
  readonly stopLoss?: StopLossTerm;
  /** Limit entries and limit targets may only rest. */
  readonly postOnly?: boolean;
  /** How far from the best price an immediate order may trade, in percent. */
  readonly maxSlippage: string;
}

const ONE_PRICE = {
  price: { kind: 'decimal', unit: 'price', decimals: PRICE_DECIMALS, above: 0 },
} as const;

function priceTerm(percent: {
  readonly above?: number;
  readonly least?: number;
  readonly below: number;
}): VariantField<PriceTerm> {
  return {
    kind: 'variant',
    variants: {
      price: ONE_PRICE,
      percent: {
        percent: { kind: 'decimal', unit: 'percent', decimals: PERCENT_DECIMALS, ...percent },
      },
    },
  };
}

/** Either way from the market; a buy 100 % below it would be free. */
const FROM_MARKET = priceTerm({ least: -1000, below: 100 });

const SHARE = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  above: 0,
  most: 100,
  default: '100',
} as const;

const SOURCE: FieldOf<PriceSource> = {
  kind: 'choice',
  choices: ['own', 'bid', 'ask', 'last'],
  default: 'own',
};

const TRAILING = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  above: 0,
  below: 100,
  optional: true,
} as const;

export const SIZE_FIELD: VariantField<SizeTerm> = {
  kind: 'variant',
  variants: {
    quote: { amount: { kind: 'decimal', unit: 'quote', decimals: AMOUNT_DECIMALS, above: 0 } },
    base: { quantity: { kind: 'decimal', unit: 'base', decimals: AMOUNT_DECIMALS, above: 0 } },
    balance: {
      percent: {
        kind: 'decimal',
        unit: 'percent',
        decimals: PERCENT_DECIMALS,
        above: 0,
        most: 100,
      },
    },
  },
};

const ENTRY_FIELDS: FieldsOf<EntryTerm> = {
  order: { kind: 'choice', choices: ['market', 'limit'], default: 'market' },
  price: { ...FROM_MARKET, optional: true },
  trigger: {
    kind: 'group',
    fields: {
      price: FROM_MARKET,
      when: { kind: 'choice', choices: ['reaches', 'atOrAbove', 'atOrBelow'], default: 'reaches' },
      source: SOURCE,
      trailing: TRAILING,
    },
    optional: true,
  },
  share: SHARE,
  waitSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 1,
    most: WAIT_SECONDS_MAX,
    optional: true,
  },
};

export const ENTRIES_FIELD: ListField<EntryTerm> = {
  kind: 'list',
  item: { kind: 'group', fields: ENTRY_FIELDS },
  least: 0,
  most: STEPS_MAX,
  default: [],
};

const TAKE_PROFIT_FIELDS: FieldsOf<TakeProfitTerm> = {
  price: priceTerm({ above: 0, below: 1000 }),
  order: { kind: 'choice', choices: ['limit', 'market'], default: 'limit' },
  source: SOURCE,
  share: SHARE,
  trailing: TRAILING,
};

export const TAKE_PROFIT_FIELD: ListField<TakeProfitTerm> = {
  kind: 'list',
  item: { kind: 'group', fields: TAKE_PROFIT_FIELDS },
  least: 0,
  most: STEPS_MAX,
  default: [],
};

const STOP_LOSS_FIELDS: FieldsOf<StopLossTerm> = {
  price: priceTerm({ above: 0, below: 100 }),
  source: SOURCE,
  order: { kind: 'choice', choices: ['market', 'limit'], default: 'market' },
  limit: { ...priceTerm({ least: 0, below: 100 }), optional: true },
  trailing: TRAILING,
  timeoutSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 0,
    most: WAIT_SECONDS_MAX,
    default: 0,
  },
  breakEven: { kind: 'boolean', default: false },
  placement: { kind: 'choice', choices: ['desk', 'exchange'], default: 'desk' },
};

export const STOP_LOSS_FIELD: FieldOf<StopLossTerm> & { readonly optional: true } = {
  kind: 'group',
  fields: STOP_LOSS_FIELDS,
  optional: true,
};

export const SLIPPAGE_FIELD: DecimalField = {
  kind: 'decimal',
  unit: 'percent',
  decimals: PERCENT_DECIMALS,
  least: 0,
  most: 10,
  default: '1',
};

/** What single fields cannot say: how the terms of a plan contradict themselves. */
export function planContradictions(
  plan: Pick<TradePlan, 'direction' | 'entries' | 'takeProfit' | 'stopLoss'>,
): FieldError[] {
  return [
    ...entryContradictions(plan.entries),
    ...takeProfitContradictions(plan.direction, plan.takeProfit),
    ...stopLossContradictions(plan),
  ];
}

function entryContradictions(entries: readonly EntryTerm[]): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, entry] of entries.entries()) {
    const at = `entries[${index}]`;
    const isLimit = entry.order === 'limit';
    if (isLimit && entry.price === undefined) {
      errors.push({
        field: `${at}.price`,
        expected: 'a price for a limit order',
        found: 'nothing',
      });
    }
    if (!isLimit && entry.price !== undefined) {
      errors.push({
        field: `${at}.price`,
        expected: 'no price for a market order; a trigger says when it goes out',
        found: shownPrice(entry.price),
      });
    }
    if (!isLimit && entry.waitSeconds !== undefined) {
      errors.push({
        field: `${at}.waitSeconds`,
        expected: 'nothing: a market order does not rest',
        found: String(entry.waitSeconds),
      });
    }
    if (isLimit && entry.trigger?.trailing !== undefined) {
      errors.push({
        field: `${at}.trigger.trailing`,
        expected: 'a market order for an entry that trails',
        found: 'limit',
      });
    }
  }
  return [...errors, ...shareErrors('entries', entries)];
}

function takeProfitContradictions(
  direction: Direction,
  steps: readonly TakeProfitTerm[],
): FieldError[] {
  const errors: FieldError[] = [];
  for (const [index, step] of steps.entries()) {
    const at = `takeProfit[${index}]`;
    if (step.trailing !== undefined && index < steps.length - 1) {
      errors.push({
        field: `${at}.trailing`,
        expected: 'trailing on the last step only',
        found: `step ${index + 1} of ${steps.length}`,
      });
    }
    if (step.trailing !== undefined && step.order === 'limit') {
      errors.push({
        field: `${at}.trailing`,
        expected: 'a market order for a step that trails',
        found: 'limit',
      });
    }
    const before = steps[index - 1];
    if (before === undefined || before.price.kind !== step.price.kind) continue;
    const isFarther =
      step.price.kind === 'percent' || direction === 'long'
        ? isAbove(step.price, before.price)
        : isAbove(before.price, step.price);
    if (!isFarther) {
      errors.push({
        field: `${at}.price`,
        expected: `a price beyond that of step ${index} (${shownPrice(before.price)})`,
        found: shownPrice(step.price),
      });
    }
  }
  return [...errors, ...shareErrors('takeProfit', steps)];
}

function stopLossContradictions({
  direction,
  takeProfit,
  stopLoss,
}: Pick<TradePlan, 'direction' | 'takeProfit' | 'stopLoss'>): FieldError[] {
  if (stopLoss === undefined) return [];
  const errors: FieldError[] = [];
  const refuse = (field: string, expected: string, found: string): void => {
    errors.push({ field: `stopLoss.${field}`, expected, found });
  };
  if (stopLoss.order === 'limit' && stopLoss.limit === undefined) {
    refuse('limit', 'a limit price for a limit order', 'nothing');
  }
  if (stopLoss.order === 'market' && stopLoss.limit !== undefined) {
    refuse('limit', 'no limit price for a market order', shownPrice(stopLoss.limit));
  }
  if (stopLoss.breakEven && takeProfit.length < 2) {
    const found = String(takeProfit.length);
    refuse('breakEven', 'at least two take-profit steps, the first of which moves the stop', found);
  }
  if (stopLoss.placement === 'exchange') {
    const obstacle = pairObstacle(takeProfit, stopLoss);
    if (obstacle !== null) refuse('placement', `desk, or for the exchange ${obstacle}`, 'exchange');
  }
  const first = takeProfit[0];
  if (stopLoss.price.kind === 'price' && first?.price.kind === 'price') {
    const isBeyond =
      direction === 'long'
        ? isAbove(first.price, stopLoss.price)
        : isAbove(stopLoss.price, first.price);
    if (!isBeyond) {
      const side = direction === 'long' ? 'below' : 'above';
      const expected = `a price ${side} the first take profit (${first.price.price})`;
      refuse('price', expected, stopLoss.price.price);
    }
  }
  return errors;
}

/** What must be otherwise for the stop to stand in a pair at the exchange, or null. */
function pairObstacle(
  takeProfit: readonly TakeProfitTerm[],
  stopLoss: StopLossTerm,
): string | null {
  const [step] = takeProfit;
  if (step === undefined || takeProfit.length > 1) {
    return `exactly one take-profit step beside the stop, not ${takeProfit.length}`;
  }
  if (step.order !== 'limit') return 'a take profit that rests as a limit order';
  if (stopLoss.trailing !== undefined) return 'a stop that does not trail';
  if (stopLoss.timeoutSeconds > 0) return 'a stop without a timeout';
  if (stopLoss.source === 'bid' || stopLoss.source === 'ask') {
    return `a stop that counts the last price, not the ${stopLoss.source}`;
  }
  return null;
}

function shareErrors(field: string, steps: readonly { readonly share: string }[]): FieldError[] {
  if (steps.length === 0) return [];
  const shares = steps.map(({ share }) => share);
  if (sumIs(shares, 100n)) return [];
  return [
    {
      field: `${field}[${steps.length - 1}].share`,
      expected: `shares that make 100 percent in all ${steps.length} steps`,
      found: shares.join(' + '),
    },
  ];
}

function isAbove(left: PriceTerm, right: PriceTerm): boolean {
  const a = ratioOf(left.kind === 'price' ? left.price : left.percent);
  const b = ratioOf(right.kind === 'price' ? right.price : right.percent);
  return a.numerator * b.denominator > b.numerator * a.denominator;
}

function shownPrice(term: PriceTerm): string {
  return term.kind === 'price' ? term.price : `${term.percent} %`;
}
