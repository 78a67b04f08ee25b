// SPDX-License-Identifier: Apache-2.0
// What the desk, a connection or a bot may have at stake, and whether one more order keeps to it.

import { formatDecimal, toScaled, trimDecimal } from '../decimal.ts';
import { ASSET_SCALE } from '../instrument.ts';
import type { OrderRole, RiskState } from '../machine.ts';
import type { FieldsOf } from '../settings/field.ts';
import type { BotExposure } from './exposure.ts';

export interface AssetLimit {
  readonly asset: string;
  /** Decimal text in `asset`. */
  readonly amount: string;
}

/** Limits of one scope. An absent limit, or an asset without one, is not limited here. */
export interface RiskLimits {
  /** Coins held, coins owed and entries that rest, together, by quote asset. */
  readonly maxExposure: readonly AssetLimit[];
  /** Orders out at once, exits included. */
  readonly maxOpenOrders?: number;
  /** Realised loss of one day (UTC, the venue's clock), by quote asset, after which the scope only reduces. */
  readonly dailyLoss: readonly AssetLimit[];
}

const ASSETS_MAX = 20;
const ORDERS_MAX = 100_000;

const ASSET_LIMITS: FieldsOf<RiskLimits>['dailyLoss'] = {
  kind: 'list',
  least: 0,
  most: ASSETS_MAX,
  default: [],
  item: {
    kind: 'group',
    fields: {
      asset: { kind: 'text', lengthMax: 20 },
      amount: { kind: 'decimal', unit: 'quote', decimals: ASSET_SCALE, above: 0 },
    },
  },
};

export const RISK_LIMIT_FIELDS: FieldsOf<RiskLimits> = {
  maxExposure: ASSET_LIMITS,
  maxOpenOrders: { kind: 'integer', unit: 'none', least: 1, most: ORDERS_MAX, optional: true },
  dailyLoss: ASSET_LIMITS,
};

export const NO_LIMITS: RiskLimits = Object.freeze({
  maxExposure: Object.freeze([]),
  dailyLoss: Object.freeze([]),
});

/** Why an order is denied: the limit, what it allows and what the order would make of it. */
export interface RiskFault {
  readonly rule: 'maxExposure' | 'maxOpenOrders';
  readonly expected: string;
  readonly found: string;
}

/** An order about to leave: what it is for and what it would put at stake. */
export interface RiskQuestion {
  readonly role: OrderRole;
  readonly quoteAsset: string;
  /** In the quote asset, at `ASSET_SCALE` decimals. */
  readonly stake: bigint;
}

/** The limit of `limits` that one more order would break, or null. Exits are never denied. */
export function riskFault(
  limits: RiskLimits,
  exposure: BotExposure,
  question: RiskQuestion,
): RiskFault | null {
  if (question.role === 'exit') return null;
  const { maxOpenOrders } = limits;
  if (maxOpenOrders !== undefined && exposure.openOrders + 1 > maxOpenOrders) {
    return {
      rule: 'maxOpenOrders',
      expected: `at most ${maxOpenOrders} orders out`,
      found: String(exposure.openOrders + 1),
    };
  }
  const most = amountOf(limits.maxExposure, question.quoteAsset);
  if (most === null) return null;
  const now = exposure.assets.get(question.quoteAsset);
  const then = (now === undefined ? 0n : now.open + now.entries) + question.stake;
  if (then <= most) return null;
  return {
    rule: 'maxExposure',
    expected: `at most ${text(most)} ${question.quoteAsset} at stake`,
    found: `${text(then)} ${question.quoteAsset}`,
  };
}

/**
 * The loss limit that `realised` (profit of the day by quote asset, at `ASSET_SCALE` decimals; a loss is below
 * zero) has reached, or null.
 */
export function lossFault(
  limits: RiskLimits,
  realised: ReadonlyMap<string, bigint>,
): { readonly asset: string; readonly limit: string; readonly loss: string } | null {
  for (const { asset, amount } of limits.dailyLoss) {
    const loss = -(realised.get(asset) ?? 0n);
    if (loss >= toScaled(amount, ASSET_SCALE, 'dailyLoss')) {
      return { asset, limit: amount, loss: text(loss) };
    }
  }
  return null;
}

/** The strictest of several states. */
export function strictest(states: Iterable<RiskState>): RiskState {
  let found: RiskState = 'active';
  for (const state of states) {
    if (state === 'halted') return 'halted';
    if (state === 'reducing') found = 'reducing';
  }
  return found;
}

/** The exposures of several bots as one. */
export function sumExposure(exposures: Iterable<BotExposure>): BotExposure {
  const assets = new Map<string, { open: bigint; entries: bigint }>();
  let openOrders = 0;
  for (const exposure of exposures) {
    openOrders += exposure.openOrders;
    for (const [asset, { open, entries }] of exposure.assets) {
      const sum = assets.get(asset) ?? { open: 0n, entries: 0n };
      assets.set(asset, { open: sum.open + open, entries: sum.entries + entries });
    }
  }
  return { assets, openOrders };
}

function amountOf(limits: readonly AssetLimit[], asset: string): bigint | null {
  const found = limits.find((limit) => limit.asset === asset);
  return found === undefined ? null : toScaled(found.amount, ASSET_SCALE, 'maxExposure');
}

function text(amount: bigint): string {
  return trimDecimal(formatDecimal(amount, ASSET_SCALE));
}
