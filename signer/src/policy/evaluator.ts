// SPDX-License-Identifier: Apache-2.0
// Decides requests by the policy: deny beats allow, the first matching allow counts, and nothing else is allowed.

import { formatNotional } from '../amount.ts';
import { approve, type PolicyApproved } from './approval.ts';
import { DayWindow, RateWindow } from './counters.ts';
import {
  isQuotedIn,
  type Operation,
  type Policy,
  type PolicyOrderType,
  type PolicyRule,
  type PolicySide,
  type PolicyTimeInForce,
} from './grammar.ts';

/** What a rule may ask about a request. Null where the request has no such thing. */
export interface RequestFacts {
  readonly operation: Operation;
  readonly symbol: string | null;
  readonly side: PolicySide | null;
  readonly type: PolicyOrderType | null;
  readonly timeInForce: PolicyTimeInForce | null;
  /** Price times quantity; null for anything but an order with a price. */
  readonly notional: bigint | null;
}

/** A connection as the policy knows it. */
export interface PolicySubject {
  readonly connection: string;
  readonly name: string;
}

export type Verdict<T> =
  | {
      readonly ok: true;
      readonly approved: PolicyApproved<T>;
      /** The rule that allowed each part of the request, in their order. */
      readonly rules: readonly string[];
      /** Takes the request out of the counters again, where no signature came of it. Newest first. */
      readonly release: () => void;
    }
  | {
      readonly ok: false;
      readonly rule: string;
      readonly reason: string;
      /** Which part of the request is refused, from 0. */
      readonly part: number;
    };

const DEFAULT_DENY = 'default deny';
/** As many near misses are named where no line matched. */
const NEAR_MISSES_MAX = 3;

/** A part of a request that is allowed and counted. */
interface Counted {
  readonly ok: true;
  readonly rule: string;
  readonly release: () => void;
}

interface Refused {
  readonly ok: false;
  readonly rule: string;
  readonly reason: string;
}

interface RuleCounters {
  readonly rate: RateWindow | null;
  readonly perDay: DayWindow | null;
}

export class PolicyEvaluator {
  readonly #policy: Policy | null;
  readonly #policyFile: string;
  readonly #counters = new Map<string, RuleCounters>();

  /** `policy` null: there is no file, so everything is refused with the name of the one to write. */
  constructor(policy: Policy | null, policyFile: string) {
    this.#policy = policy;
    this.#policyFile = policyFile;
  }

  get hash(): string {
    return this.#policy?.hash ?? 'none';
  }

  /** The lines that apply to a connection, as written. */
  linesFor(subject: PolicySubject): readonly string[] {
    return this.#rulesFor(subject).map((rule) => rule.text);
  }

  /**
   * Decides by the facts of a request; only where they are allowed is the request counted, and then built. `now` is
   * on the window clock.
   */
  judge<T>(subject: PolicySubject, facts: RequestFacts, build: () => T, now: number): Verdict<T> {
    return this.judgeAll(subject, [facts], build, now);
  }

  /** As `judge`, for a request of several orders: each is judged and counted as if it came alone after the others. */
  judgeAll<T>(
    subject: PolicySubject,
    parts: readonly RequestFacts[],
    build: () => T,
    now: number,
  ): Verdict<T> {
    const counted: Counted[] = [];
    const release = (): void => {
      for (const each of counted.toReversed()) each.release();
    };
    for (const [part, facts] of parts.entries()) {
      const result = this.#judgePart(subject, facts, now);
      if (!result.ok) {
        release();
        return { ...result, part };
      }
      counted.push(result);
    }
    const rules = counted.map(({ rule }) => rule);
    return { ok: true, approved: approve(build(), rules.join('+')), rules, release };
  }

  #judgePart(subject: PolicySubject, facts: RequestFacts, now: number): Counted | Refused {
    if (this.#policy === null) {
      return refuse(
        DEFAULT_DENY,
        `there is no policy: write ${this.#policyFile} and restart the signer`,
      );
    }
    if (facts.type === 'MARKET') {
      return refuse(
        'type',
        'MARKET orders are never signed: they have no price that could be judged',
      );
    }
    const rules = this.#rulesFor(subject);
    const denial = rules.find((rule) => rule.effect === 'deny' && mismatchOf(rule, facts) === null);
    if (denial !== undefined) return refuse(denial.id, `the policy denies this: ${denial.text}`);
    const allowance = rules.find(
      (rule) => rule.effect === 'allow' && mismatchOf(rule, facts) === null,
    );
    if (allowance === undefined)
      return refuse(DEFAULT_DENY, this.#nearMisses(subject, rules, facts));
    const counters = this.#countersOf(subject, allowance);
    const breach = breachOf(allowance, counters, facts, now);
    if (breach !== null) return breach;
    return { ok: true, rule: allowance.id, release: count(counters, facts, now) };
  }

  /**
   * Counts a request of an earlier run against the policy of today, whichever rule allowed it then. The caller
   * goes from old to new.
   */
  recount(subject: PolicySubject, facts: RequestFacts, time: number): void {
    const rule = this.#rulesFor(subject).find(
      (candidate) => candidate.effect === 'allow' && mismatchOf(candidate, facts) === null,
    );
    if (rule !== undefined) count(this.#countersOf(subject, rule), facts, time);
  }

  #rulesFor(subject: PolicySubject): readonly PolicyRule[] {
    const sections = this.#policy?.sections ?? [];
    return sections
      .filter(({ connection }) => connection === subject.connection || connection === subject.name)
      .flatMap((section) => section.rules);
  }

  #countersOf(subject: PolicySubject, rule: PolicyRule): RuleCounters {
    const key = `${subject.connection} ${rule.id}`;
    let counters = this.#counters.get(key);
    if (counters === undefined) {
      counters = {
        rate: rule.rate === null ? null : new RateWindow(rule.rate.count, rule.rate.windowMs),
        perDay: rule.perDay === null ? null : new DayWindow(),
      };
      this.#counters.set(key, counters);
    }
    return counters;
  }

  #nearMisses(subject: PolicySubject, rules: readonly PolicyRule[], facts: RequestFacts): string {
    const misses = rules
      .filter((rule) => rule.effect === 'allow' && rule.scope.operations.has(facts.operation))
      .slice(0, NEAR_MISSES_MAX)
      .map((rule) => `${rule.id} ${mismatchOf(rule, facts) ?? ''}`);
    const head = `no allow line of connection ${subject.name} matches ${facts.operation}`;
    return misses.length === 0 ? head : `${head}: ${misses.join('; ')}`;
  }
}

/** Null when the rule holds for the request, otherwise the first difference in words. */
function mismatchOf({ scope }: PolicyRule, facts: RequestFacts): string | null {
  if (!scope.operations.has(facts.operation)) return 'holds for other operations';
  return (
    differenceIn('symbol', scope.symbols, facts.symbol) ??
    differenceIn('side', scope.sides, facts.side) ??
    differenceIn('type', scope.types, facts.type) ??
    differenceIn('tif', scope.timesInForce, facts.timeInForce)
  );
}

/** A rule that names values does not hold for a request that has none: it could mean any of them. */
function differenceIn<T extends string>(
  name: string,
  expected: ReadonlySet<T> | null,
  found: T | null,
): string | null {
  if (expected === null || (found !== null && expected.has(found))) return null;
  return `expects ${name} ${[...expected].join(',')}, found ${found ?? 'none'}`;
}

function breachOf(
  rule: PolicyRule,
  counters: RuleCounters,
  facts: RequestFacts,
  now: number,
): Refused | null {
  for (const [field, limit] of [
    ['notional', rule.notional],
    ['per-day', rule.perDay],
  ] as const) {
    if (limit === null) continue;
    const { notional, symbol } = facts;
    if (notional === null || symbol === null || !isQuotedIn(symbol, limit.asset)) {
      return refuse(
        `${rule.id}: ${field}`,
        `${field} is limited in ${limit.asset}, but ${symbol ?? 'the request'} is not quoted in it`,
      );
    }
    const already = field === 'per-day' ? (counters.perDay?.sumAt(now) ?? 0n) : 0n;
    if (already + notional > limit.max) {
      const spent =
        field === 'per-day' ? `, ${formatNotional(already)} of it signed in the last 24 hours` : '';
      return refuse(
        `${rule.id}: ${field}`,
        `expected ${field} of at most ${limit.text}, found ${formatNotional(already + notional)}${spent}`,
      );
    }
  }
  if (rule.rate !== null && counters.rate?.hasRoomAt(now) === false) {
    return refuse(
      `${rule.id}: rate`,
      `expected at most ${rule.rate.text} requests, found ${counters.rate.countAt(now)} signed already`,
    );
  }
  return null;
}

function count(counters: RuleCounters, facts: RequestFacts, now: number): () => void {
  const undoRate = counters.rate?.add(now);
  const undoDay = facts.notional === null ? undefined : counters.perDay?.add(now, facts.notional);
  return () => {
    undoRate?.();
    undoDay?.();
  };
}

function refuse(rule: string, reason: string): Refused {
  return { ok: false, rule, reason };
}
