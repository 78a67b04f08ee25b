// SPDX-License-Identifier: Apache-2.0
// A policy as data that can be said in any language: what each line holds for and limits, and what the worst day could
// cost.

import { formatNotional } from '../amount.ts';
import type { Policy, PolicyRule, PolicySection, RuleScope } from '../policy/policy.ts';

export interface PolicyOverview {
  readonly hash: string;
  readonly looseningDelayMs: number;
  readonly connections: readonly ConnectionOverview[];
}

export interface ConnectionOverview {
  /** A name or an identifier. */
  readonly connection: string;
  readonly reference: {
    readonly text: string;
    readonly sources: readonly string[];
    readonly maxAgeMs: number;
    readonly agree: string | null;
  } | null;
  readonly floors: readonly {
    readonly text: string;
    /** Null: all. */
    readonly symbols: readonly string[] | null;
    readonly minDayQuote: string | null;
    readonly maxSpread: string | null;
    readonly bookShare: { readonly share: string; readonly within: string } | null;
  }[];
  readonly lines: readonly LineOverview[];
  readonly worstDay: readonly WorstDay[];
}

export interface LineOverview {
  readonly id: string;
  readonly effect: PolicyRule['effect'];
  readonly text: string;
  readonly operations: readonly string[];
  /** Null: all. */
  readonly symbols: readonly string[] | null;
  readonly sides: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly timesInForce: readonly string[] | null;
  readonly band: string | null;
  readonly notional: string | null;
  readonly perDay: string | null;
  readonly open: number | null;
  readonly rate: string | null;
  /** Of a hold line. */
  readonly expiresMs: number | null;
}

/**
 * What somebody who has the server in his hands could do to an account in 24 hours within the policy, apart from what
 * prices do by themselves. Null: no limit.
 */
export interface WorstDay {
  /** The quote asset; null where a line names none. */
  readonly asset: string | null;
  /** Bought and sold together. */
  readonly turnover: string | null;
  /** Lost by trading at the worst prices that the bands allow; all of the turnover where there is no band. */
  readonly loss: string | null;
}

const DAY_MS = 86_400_000;
const WHOLE = 1_000_000n;

/** What `policy` allows and what its worst day could cost, connection by connection. */
export function overviewOf({ hash, looseningDelayMs, sections }: Policy): PolicyOverview {
  return { hash, looseningDelayMs, connections: sections.map(connectionOf) };
}

function connectionOf(section: PolicySection): ConnectionOverview {
  const { connection, reference, liquidity, rules } = section;
  return {
    connection,
    reference:
      reference === null
        ? null
        : {
            text: reference.text,
            sources: reference.sources,
            maxAgeMs: reference.maxAgeMs,
            agree: reference.agree?.text ?? null,
          },
    floors: liquidity.map(({ text, symbols, minDayQuote, maxSpread, maxBookShare }) => ({
      text,
      symbols: listOf(symbols),
      minDayQuote: minDayQuote?.text ?? null,
      maxSpread: maxSpread?.text ?? null,
      bookShare:
        maxBookShare === null
          ? null
          : { share: maxBookShare.share.text, within: maxBookShare.within.text },
    })),
    lines: rules.map(lineOf),
    worstDay: worstDayOf(rules),
  };
}

function lineOf(rule: PolicyRule): LineOverview {
  const { id, effect, text, scope, band, notional, perDay, open, rate, expiresMs } = rule;
  return {
    ...{ id, effect, text, open, expiresMs },
    operations: [...scope.operations],
    symbols: listOf(scope.symbols),
    sides: listOf(scope.sides),
    types: listOf(scope.types),
    timesInForce: listOf(scope.timesInForce),
    band: band?.text ?? null,
    notional: notional?.text ?? null,
    perDay: perDay?.text ?? null,
    rate: rate?.text ?? null,
  };
}

/** Every line has counters of its own, so the lines add up. What a person must release is nobody else's to spend. */
function worstDayOf(rules: readonly PolicyRule[]): readonly WorstDay[] {
  const days = new Map<string | null, { turnover: bigint | null; loss: bigint | null }>();
  for (const rule of rules) {
    if (rule.effect !== 'allow' || !rule.scope.operations.has('order.place')) continue;
    if (isDenied(rule.scope, rules)) continue;
    const asset = rule.perDay?.asset ?? rule.notional?.asset ?? null;
    const turnover = turnoverOf(rule);
    const loss = turnover === null ? null : lossOf(turnover, rule);
    const day = days.get(asset);
    days.set(asset, {
      turnover: day === undefined ? turnover : sum(day.turnover, turnover),
      loss: day === undefined ? loss : sum(day.loss, loss),
    });
  }
  return [...days].map(([asset, { turnover, loss }]) => ({
    asset,
    turnover: turnover === null ? null : formatNotional(turnover),
    loss: loss === null ? null : formatNotional(loss),
  }));
}

/** The most of a day: its own limit, or as many orders as the rate lets through, whichever is less. */
function turnoverOf({ perDay, notional, rate }: PolicyRule): bigint | null {
  if (rate === null || notional === null) return perDay?.max ?? null;
  // In any 24 hours there are so many whole windows, and one more that reaches into them.
  const windows = BigInt(Math.floor(DAY_MS / rate.windowMs) + 1);
  const byRate = notional.max * BigInt(rate.count) * windows;
  return perDay === null || byRate < perDay.max ? byRate : perDay.max;
}

/** Rounded up. */
function lossOf(turnover: bigint, { band }: PolicyRule): bigint {
  return band === null ? turnover : (turnover * band.millionths + WHOLE - 1n) / WHOLE;
}

/** A denial that covers the whole line leaves nothing of it. */
function isDenied(scope: RuleScope, rules: readonly PolicyRule[]): boolean {
  return rules.some(
    ({ effect, scope: denied }) =>
      effect === 'deny' &&
      denied.operations.has('order.place') &&
      covers(denied.symbols, scope.symbols) &&
      covers(denied.sides, scope.sides) &&
      covers(denied.types, scope.types) &&
      covers(denied.timesInForce, scope.timesInForce),
  );
}

function covers(outer: ReadonlySet<string> | null, inner: ReadonlySet<string> | null): boolean {
  return outer === null || (inner !== null && inner.isSubsetOf(outer));
}

function sum(left: bigint | null, right: bigint | null): bigint | null {
  return left === null || right === null ? null : left + right;
}

function listOf(values: ReadonlySet<string> | null): readonly string[] | null {
  return values === null ? null : [...values];
}
