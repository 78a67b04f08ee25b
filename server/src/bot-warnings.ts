// SPDX-License-Identifier: Apache-2.0
// What stands in the way of a bot before its first order: a policy that would refuse it, money that is not there.

import {
  formatDecimal,
  planOf,
  previewGrid,
  previewLadder,
  toScaled,
  trimDecimal,
  ASSET_SCALE,
  type BotSettings,
  type FreeFunds,
  type Instrument,
  type PriceTicks,
  type SizeTerm,
} from '@kontor/core';

/** What the desk knows as a bot is made or started. */
export interface WarningFacts {
  readonly instruments: readonly Instrument[];
  readonly feeRatePpm: number;
  readonly price: (symbol: string) => PriceTicks | undefined;
  readonly funds: (symbol: string) => FreeFunds | null;
  /** The lines of the connection's policy. */
  readonly policy: readonly string[];
}

/** In the quote asset, at `ASSET_SCALE` decimals. */
interface Need {
  /** The largest order that the settings themselves name. */
  readonly order: bigint;
  /** What a deal needs in all before it starts. */
  readonly start: bigint;
}

/** A sentence for each thing that the bot would run into with its first deal; it may be started all the same. */
export function botWarnings(settings: BotSettings, facts: WarningFacts): readonly string[] {
  const warnings = new Set<string>();
  for (const instrument of facts.instruments) {
    const { symbol, quoteAsset } = instrument;
    const price = facts.price(symbol);
    const need = price === undefined ? null : needOf(settings, instrument, price, facts);
    if (need === null) continue;
    const most = policyMost(facts.policy, symbol, quoteAsset);
    if (most !== null && need.order > most) {
      warnings.add(
        `an order on ${symbol} would need ${text(need.order)} ${quoteAsset}, and the policy allows at most ${text(most)} ${quoteAsset} an order`,
      );
    }
    const free = facts.funds(symbol)?.quote ?? null;
    if (free !== null && need.start > free) {
      warnings.add(
        `a deal on ${symbol} would need ${text(need.start)} ${quoteAsset}, and ${text(free)} ${quoteAsset} are free`,
      );
    }
  }
  return [...warnings];
}

/** Null where the settings name no amount of money, or where a deal begins by selling. */
function needOf(
  settings: BotSettings,
  instrument: Instrument,
  price: PriceTicks,
  { feeRatePpm, funds }: WarningFacts,
): Need | null {
  switch (settings.kind) {
    case 'dca': {
      const free = funds(instrument.symbol) ?? undefined;
      const ladder = previewLadder(settings, instrument, price, feeRatePpm, free);
      const orders = [ladder.baseOrder, ...ladder.safetyOrders].map(({ volume }) => amount(volume));
      return { order: mostOf(orders), start: amount(ladder.requiredQuote) };
    }
    case 'grid': {
      const grid = previewGrid(settings, instrument, price, feeRatePpm);
      if (!grid.ok) return null;
      const { lines, balancing, requiredQuoteAtStart } = grid.preview;
      const values = [...lines.map(({ value }) => value), balancing.value];
      return { order: mostOf(values.map(amount)), start: amount(requiredQuoteAtStart) };
    }
    case 'smartTrade': {
      const { direction, size } = planOf(settings);
      return direction === 'long' && size !== undefined ? sizeNeed(size) : null;
    }
    case 'signal':
      return sizeNeed(settings.size);
    case 'rebalance':
      return { order: 0n, start: amount(settings.investment) };
  }
}

function sizeNeed(size: SizeTerm): Need | null {
  if (size.kind !== 'quote') return null;
  const whole = amount(size.amount);
  return { order: whole, start: whole };
}

/** The most that one order on `symbol` may be worth by the lines that allow it, or null where none says. */
function policyMost(policy: readonly string[], symbol: string, asset: string): bigint | null {
  const limits: bigint[] = [];
  for (const line of policy) {
    const terms = line.split(';')[0] ?? '';
    if (!/^allow\s/.test(terms) || !/\bop=\S*order\.(place|\*)/.test(terms)) continue;
    const symbols = /\bsymbol=(\S+)/.exec(terms)?.[1]?.split(',');
    if (symbols !== undefined && !symbols.includes('*') && !symbols.includes(symbol)) continue;
    const limit = /\bnotional<=(\d+(?:\.\d+)?) (\S+)/.exec(terms);
    // A line without a limit allows any order.
    if (limit === null) return null;
    if (limit[2] === asset) limits.push(amount(limit[1] ?? '0'));
  }
  return limits.length === 0 ? null : mostOf(limits);
}

function amount(decimal: string): bigint {
  return decimal === '' ? 0n : toScaled(shortened(decimal), ASSET_SCALE, 'amount');
}

/** Without the digits beyond what an asset has. */
function shortened(decimal: string): string {
  const point = decimal.indexOf('.');
  return point < 0 ? decimal : decimal.slice(0, point + 1 + ASSET_SCALE);
}

function mostOf(amounts: readonly bigint[]): bigint {
  return amounts.reduce((most, each) => (each > most ? each : most), 0n);
}

function text(value: bigint): string {
  return trimDecimal(formatDecimal(value, ASSET_SCALE));
}
