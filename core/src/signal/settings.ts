// SPDX-License-Identifier: Apache-2.0
// What a person sets on a signal bot: which signals it follows, how large its positions are, and how they are closed.

import type { Direction } from '../order.ts';
import type { FieldError, FieldsOf } from '../settings/field.ts';
import {
  planContradictions,
  SIZE_FIELD,
  SLIPPAGE_FIELD,
  STOP_LOSS_FIELD,
  TAKE_PROFIT_FIELD,
  type PriceTerm,
  type SizeTerm,
  type StopLossTerm,
  type TakeProfitTerm,
  type TradePlan,
} from '../smart-trade/plan.ts';

/** Plain JSON data with decimals as text. */
export interface SignalSettings {
  readonly kind: 'signal';
  readonly name: string;
  readonly symbols: readonly string[];
  /** Which positions may be opened. A short one sells coins the account holds and buys them back later. */
  readonly directions: Direction | 'both';
  /** What an entry against the open position does: nothing, close it, or close it and open the opposite one. */
  readonly onOpposite: 'ignore' | 'close' | 'reverse';
  /** Of a position's first entry, and of each that is added. */
  readonly size: SizeTerm;
  /** Whether a signal's own size counts where it names one. */
  readonly useSignalSize: boolean;
  readonly entryOrder: 'market' | 'limit';
  /** How much better than the market a limit entry stands, in percent; 0 just rests. */
  readonly entryOffset: string;
  /** How long a limit entry may rest. */
  readonly entryWaitSeconds: number;
  /** Entries of one position, the first included. */
  readonly maxEntries: number;
  /** Positions open at once. */
  readonly maxPositions: number;
  /** What all positions and entries together may be worth, in quote, for each quote asset; absent means no limit. */
  readonly maxInvestment?: string;
  /** How far from the signal's own price the market may be for an entry, in percent; absent means no limit. */
  readonly maxPriceDeviation?: string;
  /** Older signals are refused. */
  readonly maxLagSeconds: number;
  /** Whether a webhook's signal that does not say when it was sent is followed. */
  readonly acceptUntimed: boolean;
  /** For how long a signal that comes again is refused. */
  readonly duplicateSeconds: number;
  /** In percent after fees: signals to close are refused while less is earned; absent means no limit. */
  readonly minProfit?: string;
  /** Per symbol, counted from the close of its position. */
  readonly cooldownSeconds: number;
  readonly takeProfit: readonly TakeProfitTerm[];
  readonly stopLoss?: StopLossTerm;
  /** Whether a signal's own exits count where it names them. */
  readonly useSignalExits: boolean;
  readonly maxSlippage: string;
}

const MAX_SYMBOLS = 200;
const MAX_POSITIONS = 200;
const MAX_ENTRIES = 50;
const NAME_MAX = 80;
const WAIT_SECONDS_MAX = 2_592_000;
const LAG_SECONDS_MAX = 86_400;
const PERCENT_DECIMALS = 6;
const AMOUNT_DECIMALS = 8;

export const SIGNAL_FIELDS: FieldsOf<Omit<SignalSettings, 'kind'>> = {
  name: { kind: 'text', lengthMax: NAME_MAX },
  symbols: { kind: 'symbols', least: 1, most: MAX_SYMBOLS },
  directions: { kind: 'choice', choices: ['long', 'short', 'both'], default: 'long' },
  onOpposite: { kind: 'choice', choices: ['ignore', 'close', 'reverse'], default: 'close' },
  size: SIZE_FIELD,
  useSignalSize: { kind: 'boolean', default: false },
  entryOrder: { kind: 'choice', choices: ['market', 'limit'], default: 'market' },
  entryOffset: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: 0,
    below: 100,
    default: '0',
  },
  entryWaitSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 1,
    most: WAIT_SECONDS_MAX,
    default: 300,
  },
  maxEntries: { kind: 'integer', unit: 'none', least: 1, most: MAX_ENTRIES, default: 1 },
  maxPositions: { kind: 'integer', unit: 'none', least: 1, most: MAX_POSITIONS, default: 1 },
  maxInvestment: {
    kind: 'decimal',
    unit: 'quote',
    decimals: AMOUNT_DECIMALS,
    above: 0,
    optional: true,
  },
  maxPriceDeviation: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: 0,
    most: 100,
    optional: true,
  },
  maxLagSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 1,
    most: LAG_SECONDS_MAX,
    default: 300,
  },
  acceptUntimed: { kind: 'boolean', default: false },
  duplicateSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 0,
    most: LAG_SECONDS_MAX,
    default: 300,
  },
  minProfit: {
    kind: 'decimal',
    unit: 'percent',
    decimals: PERCENT_DECIMALS,
    least: -100,
    most: 1000,
    optional: true,
  },
  cooldownSeconds: {
    kind: 'integer',
    unit: 'seconds',
    least: 0,
    most: WAIT_SECONDS_MAX,
    default: 0,
  },
  takeProfit: TAKE_PROFIT_FIELD,
  stopLoss: STOP_LOSS_FIELD,
  useSignalExits: { kind: 'boolean', default: true },
  maxSlippage: SLIPPAGE_FIELD,
};

/** What single fields cannot say: how `settings` of the right form contradict themselves. */
export function signalContradictions(settings: SignalSettings): readonly FieldError[] {
  const { takeProfit, stopLoss } = settings;
  const errors = exitContradictions(takeProfit, stopLoss);
  if (settings.duplicateSeconds < settings.maxLagSeconds) {
    errors.push({
      field: 'duplicateSeconds',
      expected: `at least maxLagSeconds (${settings.maxLagSeconds}): a signal that may still be followed must not come twice`,
      found: String(settings.duplicateSeconds),
    });
  }
  if (settings.onOpposite === 'reverse' && settings.directions !== 'both') {
    errors.push({
      field: 'onOpposite',
      expected: 'ignore or close where only one direction may be opened',
      found: settings.onOpposite,
    });
  }
  return errors;
}

/** How exits that hold for every symbol contradict themselves; fixed prices cannot hold for all of them. */
export function exitContradictions(
  takeProfit: readonly TakeProfitTerm[],
  stopLoss: StopLossTerm | undefined,
): FieldError[] {
  const errors: FieldError[] = [];
  const check = (term: PriceTerm | undefined, field: string): void => {
    if (term?.kind !== 'price') return;
    errors.push({ field, expected: 'a percentage', found: term.price });
  };
  for (const [index, step] of takeProfit.entries()) {
    check(step.price, `takeProfit[${index}].price`);
  }
  check(stopLoss?.price, 'stopLoss.price');
  check(stopLoss?.limit, 'stopLoss.limit');
  if (errors.length > 0) return errors;
  return planContradictions({
    direction: 'long',
    entries: [],
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
  });
}

/** How a position is opened and closed when nothing but the settings says so. */
export function signalPlan(settings: SignalSettings, direction: Direction): TradePlan {
  const { entryOrder, entryOffset, entryWaitSeconds, size, takeProfit, stopLoss } = settings;
  const price: PriceTerm = { kind: 'percent', percent: entryOffset };
  return {
    direction,
    endsWithEntry: false,
    entries: [
      entryOrder === 'market'
        ? { order: 'market', share: '100' }
        : { order: 'limit', price, share: '100', waitSeconds: entryWaitSeconds },
    ],
    size,
    takeProfit,
    ...(stopLoss === undefined ? {} : { stopLoss }),
    maxSlippage: settings.maxSlippage,
  };
}

/** Whether `settings` let a position go `direction`. */
export function mayOpen(
  settings: Pick<SignalSettings, 'directions'>,
  direction: Direction,
): boolean {
  return settings.directions === 'both' || settings.directions === direction;
}
