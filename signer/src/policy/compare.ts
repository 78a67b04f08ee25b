// SPDX-License-Identifier: Apache-2.0
// Whether a new policy provably allows no more than the old one. What cannot be shown to tighten counts as loosening.

import { GRACE_MS } from '../life/state.ts';
import { CONNECTION_PATTERN } from '../wire-fields.ts';
import type {
  Policy,
  PolicyLiquidity,
  PolicyReference,
  PolicyRule,
  PolicySection,
  RuleScope,
  Share,
} from './policy.ts';

export type Direction = 'same' | 'tightening' | 'loosening';

/** A line that one policy has and the other has not. */
export interface LineChange {
  readonly connection: string;
  readonly kind: 'added' | 'removed';
  readonly text: string;
}

export interface PolicyComparison {
  readonly direction: Direction;
  readonly changes: readonly LineChange[];
  /** Why it loosens, or may. */
  readonly reasons: readonly string[];
}

/** Compares what `next` allows with what `before` allows; `before` null: everything was refused. */
export function comparePolicies(before: Policy | null, next: Policy): PolicyComparison {
  const changes = changesOf(before, next);
  const reasons = before === null ? ['there was no policy'] : looseningsOf(before, next);
  if (reasons.length > 0) return { direction: 'loosening', changes, reasons };
  const isSame = changes.length === 0 && before?.looseningDelayMs === next.looseningDelayMs;
  return { direction: isSame ? 'same' : 'tightening', changes, reasons };
}

function looseningsOf(before: Policy, next: Policy): readonly string[] {
  const reasons: string[] = [];
  if (next.looseningDelayMs < before.looseningDelayMs) {
    reasons.push('changes that loosen would wait for less time');
  }
  const allowed = before.sections.flatMap((section) => linesWith('allow', section));
  const held = before.sections.flatMap((section) => linesWith('hold', section));
  const order: number[] = [];
  const heldOrder: number[] = [];
  /** Which line of now each line of before became. */
  const successors = new Map<PolicyRule, PolicyRule>();
  const succeed = (old: PolicyRule | undefined, rule: PolicyRule, connection: string): void => {
    if (old === undefined) return;
    successors.set(old, rule);
    if (isCounting(old) && !isSameScope(old.scope, rule.scope)) {
      reasons.push(
        `${connection}: what the line has counted would no longer count in full (a deny line narrows at once): ${rule.text}`,
      );
    }
  };
  for (const section of next.sections) {
    const old = before.sections.find(({ connection }) => connection === section.connection);
    const { connection } = section;
    if (old === undefined) {
      if (section.rules.some(({ effect }) => effect !== 'deny')) {
        reasons.push(`${connection}: it had no lines of its own`);
      }
      continue;
    }
    if (!isStricterReference(old.reference, section.reference)) {
      reasons.push(`${connection}: the reference line asks for less`);
    }
    for (const rule of section.rules.filter(({ effect }) => effect === 'allow')) {
      const at = allowed.findIndex(
        (candidate, index) =>
          candidate.section === old &&
          !order.includes(index) &&
          isWithin(rule.scope, candidate.rule.scope) &&
          isStricter(rule, candidate.rule),
      );
      if (at === -1) reasons.push(`${connection}: no earlier line allows as much as: ${rule.text}`);
      // The first line that matches counts: in another order others match.
      else if (order.some((earlier) => earlier > at)) {
        reasons.push(`${connection}: the lines come in another order: ${rule.text}`);
      } else {
        order.push(at);
        succeed(allowed[at]?.rule, rule, connection);
      }
    }
    for (const { rule } of linesWith('hold', section)) {
      const at = held.findIndex(
        (candidate, index) =>
          candidate.section === old &&
          !heldOrder.includes(index) &&
          isWithin(rule.scope, candidate.rule.scope) &&
          isStricter(rule, candidate.rule),
      );
      if (at !== -1) {
        if (heldOrder.some((earlier) => earlier > at)) {
          reasons.push(`${connection}: the lines come in another order: ${rule.text}`);
        } else {
          heldOrder.push(at);
          succeed(held[at]?.rule, rule, connection);
        }
        continue;
      }
      const from = allowed.findIndex(
        (candidate, index) =>
          candidate.section === old &&
          !order.includes(index) &&
          isWithin(rule.scope, candidate.rule.scope) &&
          isStricter(rule, candidate.rule),
      );
      if (from === -1 || !standsAlone(rule, { section, next, allowed, from })) {
        reasons.push(`${connection}: no earlier line allows or holds as much as: ${rule.text}`);
      } else order.push(from);
    }
  }
  for (const section of before.sections) reasons.push(...lostIn(section, next));
  reasons.push(...longerGraces(before, next));
  for (const effect of ['allow', 'hold'] as const) {
    reasons.push(...uncoveredBy(before, next, effect, successors));
  }
  reasons.push(...askedInstead(before, next));
  return reasons;
}

/**
 * Connections that may have more time after their end. Where two sections mean one connection the shorter of their lines
 * counts, so that a line of ten days does nothing beside one of two, and shortens nothing once that one is gone.
 */
function longerGraces(before: Policy, next: Policy): readonly string[] {
  const names = [...before.sections, ...next.sections].map(({ connection }) => connection);
  return [...new Set(names)].flatMap((connection) => {
    const isMeant = (section: PolicySection): boolean => section.connection === connection;
    const old = before.sections.find(isMeant);
    const now = next.sections.find(isMeant);
    const was = old?.grace?.ms ?? null;
    const is = now?.grace?.ms ?? null;
    const isShared = old !== undefined && next.sections.some((other) => mayBeSame(other, old));
    const isLonger =
      is !== null
        ? is > (was ?? GRACE_MS)
        : was !== null && (isShared || (now !== undefined && was < GRACE_MS));
    return isLonger ? [`${connection}: more time for orders after its end`] : [];
  });
}

/** Denials and floors of `section` that the new policy lacks. */
function lostIn(section: PolicySection, next: Policy): readonly string[] {
  const { connection } = section;
  const now = next.sections.find((candidate) => candidate.connection === connection);
  // Without its lines a connection is refused everything, unless it also stands under its other name.
  const others = next.sections.filter((candidate) => mayBeSame(candidate, section));
  if (now === undefined && others.length === 0) return [];
  const reasons: string[] = [];
  for (const rule of section.rules.filter(({ effect }) => effect === 'deny')) {
    const isKept = now?.rules.some(
      (candidate) => candidate.effect === 'deny' && isWithin(rule.scope, candidate.scope),
    );
    if (isKept !== true) reasons.push(`${connection}: a denial is gone: ${rule.text}`);
  }
  for (const floor of section.liquidity) {
    const isKept = now?.liquidity.some((candidate) => isStricterFloor(floor, candidate));
    if (isKept !== true) reasons.push(`${connection}: a floor is gone or lower: ${floor.text}`);
  }
  return reasons;
}

/**
 * A line that went or grew narrower may have stood before another that allows more: then what it covered now falls to
 * that one.
 */
function uncoveredBy(
  before: Policy,
  next: Policy,
  effect: 'allow' | 'hold',
  successors: ReadonlyMap<PolicyRule, PolicyRule>,
): readonly string[] {
  const reasons: string[] = [];
  for (const section of before.sections) {
    const now = next.sections.find(({ connection }) => connection === section.connection);
    for (const { rule } of linesWith(effect, section)) {
      const successor = successors.get(rule);
      if (successor !== undefined && isSameScope(successor.scope, rule.scope)) continue;
      const heir = next.sections
        .filter((candidate) => candidate === now || mayBeSame(candidate, section))
        .flatMap(({ rules }) => rules)
        .find(
          (candidate) =>
            candidate.effect === effect &&
            candidate !== successor &&
            overlaps(candidate.scope, rule.scope) &&
            // What one line counted together, two would count apart.
            (isCounting(rule) ||
              !(isWithin(candidate.scope, rule.scope) && isStricter(candidate, rule))),
        );
      if (heir !== undefined) {
        reasons.push(`${section.connection}: what was under one line falls to: ${heir.text}`);
      }
    }
  }
  return reasons;
}

/**
 * Whether what `rule` holds was allowed: the line at `from`, which it takes the place of, decided about all of it, and no
 * allow line of now takes a part of it that a person would then be asked about besides.
 */
function standsAlone(
  rule: PolicyRule,
  {
    section,
    next,
    allowed,
    from,
  }: {
    readonly section: PolicySection;
    readonly next: Policy;
    readonly allowed: readonly { readonly section: PolicySection; readonly rule: PolicyRule }[];
    readonly from: number;
  },
): boolean {
  const isMeant = (other: PolicySection): boolean =>
    other.connection === section.connection || mayBeSame(other, section);
  const others = [
    ...allowed.slice(0, from),
    ...allowed.slice(from + 1).filter((line) => mayBeSame(line.section, section)),
    ...next.sections.flatMap((other) => linesWith('allow', other)),
  ];
  return !others.some((line) => isMeant(line.section) && overlaps(line.rule.scope, rule.scope));
}

/**
 * Where an allow line goes or grows narrower, a hold line may ask about what the allow line refused for its price or its
 * pace, which no person could allow.
 */
function askedInstead(before: Policy, next: Policy): readonly string[] {
  const reasons: string[] = [];
  for (const section of before.sections) {
    const now = next.sections.find(({ connection }) => connection === section.connection);
    for (const { rule } of linesWith('allow', section)) {
      const isKept = now?.rules.some(
        (candidate) => candidate.effect === 'allow' && isSameScope(candidate.scope, rule.scope),
      );
      if (isKept === true) continue;
      const heir = next.sections
        .filter((candidate) => candidate === now || mayBeSame(candidate, section))
        .flatMap((candidate) => linesWith('hold', candidate))
        .find(
          ({ rule: hold }) =>
            overlaps(hold.scope, rule.scope) &&
            !(isStricterShare(rule.band, hold.band) && isStricterRate(rule.rate, hold.rate)),
        );
      if (heir !== undefined) {
        reasons.push(`${section.connection}: what was refused would be asked: ${heir.rule.text}`);
      }
    }
  }
  return reasons;
}

function linesWith(
  effect: PolicyRule['effect'],
  section: PolicySection,
): readonly { readonly section: PolicySection; readonly rule: PolicyRule }[] {
  return section.rules.filter((rule) => rule.effect === effect).map((rule) => ({ section, rule }));
}

/** One by name and one by identifier may mean the same connection. */
function mayBeSame(left: PolicySection, right: PolicySection): boolean {
  if (left.connection === right.connection) return false;
  return CONNECTION_PATTERN.test(left.connection) !== CONNECTION_PATTERN.test(right.connection);
}

/** Whether a rule has limits that requests use up together. */
function isCounting({ perDay, open, rate }: PolicyRule): boolean {
  return perDay !== null || open !== null || rate !== null;
}

function isStricter(next: PolicyRule, before: PolicyRule): boolean {
  return (
    isStricterShare(before.band, next.band) &&
    isStricterMoney(before.notional, next.notional) &&
    isStricterMoney(before.perDay, next.perDay) &&
    (before.open === null || (next.open !== null && next.open <= before.open)) &&
    isStricterRate(before.rate, next.rate) &&
    // Nobody waits for a line that allows at once.
    (before.expiresMs === null || (next.expiresMs !== null && next.expiresMs <= before.expiresMs))
  );
}

function isStricterRate(before: PolicyRule['rate'], next: PolicyRule['rate']): boolean {
  return (
    before === null ||
    (next !== null && next.count <= before.count && next.windowMs >= before.windowMs)
  );
}

function isStricterMoney(before: PolicyRule['notional'], next: PolicyRule['notional']): boolean {
  if (before === null) return true;
  return next !== null && next.asset === before.asset && next.max <= before.max;
}

function isStricterShare(before: Share | null, next: Share | null): boolean {
  return before === null || (next !== null && next.millionths <= before.millionths);
}

/** More sources, younger prices, closer together. */
function isStricterReference(
  before: PolicyReference | null,
  next: PolicyReference | null,
): boolean {
  // Bands and floors cannot do without: where the line goes, they went with it, and count themselves.
  if (before === null || next === null) return true;
  return (
    before.sources.every((source) => next.sources.includes(source)) &&
    next.maxAgeMs <= before.maxAgeMs &&
    isStricterShare(before.agree, next.agree)
  );
}

function isStricterFloor(before: PolicyLiquidity, next: PolicyLiquidity): boolean {
  const { minDayQuote, maxSpread, maxBookShare } = before;
  return (
    isSubset(before.symbols, next.symbols) &&
    (minDayQuote === null ||
      (next.minDayQuote !== null && next.minDayQuote.min >= minDayQuote.min)) &&
    isStricterShare(maxSpread, next.maxSpread) &&
    (maxBookShare === null ||
      (next.maxBookShare !== null &&
        next.maxBookShare.share.millionths <= maxBookShare.share.millionths &&
        next.maxBookShare.within.millionths <= maxBookShare.within.millionths))
  );
}

/** Whether every request that `inner` holds for is one that `outer` holds for. */
function isWithin(inner: RuleScope, outer: RuleScope): boolean {
  return (
    inner.operations.isSubsetOf(outer.operations) &&
    isSubset(inner.symbols, outer.symbols) &&
    isSubset(inner.sides, outer.sides) &&
    isSubset(inner.types, outer.types) &&
    isSubset(inner.timesInForce, outer.timesInForce)
  );
}

function isSameScope(left: RuleScope, right: RuleScope): boolean {
  return isWithin(left, right) && isWithin(right, left);
}

function overlaps(left: RuleScope, right: RuleScope): boolean {
  return (
    !left.operations.isDisjointFrom(right.operations) &&
    meets(left.symbols, right.symbols) &&
    meets(left.sides, right.sides) &&
    meets(left.types, right.types) &&
    meets(left.timesInForce, right.timesInForce)
  );
}

/** Null is every value. */
function isSubset(inner: ReadonlySet<string> | null, outer: ReadonlySet<string> | null): boolean {
  if (outer === null) return true;
  return inner !== null && inner.isSubsetOf(outer);
}

function meets(left: ReadonlySet<string> | null, right: ReadonlySet<string> | null): boolean {
  return left === null || right === null || !left.isDisjointFrom(right);
}

/** The lines that went and those that came, by connection; spaces and comments do not count. */
function changesOf(before: Policy | null, next: Policy): readonly LineChange[] {
  const old = linesOf(before);
  const now = linesOf(next);
  const names = new Set([...old.keys(), ...now.keys()]);
  return [...names].flatMap((connection) => {
    const [gone, come] = [old.get(connection) ?? [], now.get(connection) ?? []];
    return [
      ...without(gone, come).map((text) => ({ connection, kind: 'removed' as const, text })),
      ...without(come, gone).map((text) => ({ connection, kind: 'added' as const, text })),
    ];
  });
}

function linesOf(policy: Policy | null): ReadonlyMap<string, readonly string[]> {
  return new Map(
    (policy?.sections ?? []).map(({ connection, reference, liquidity, grace, rules }) => [
      connection,
      [
        ...(reference === null ? [] : [reference.text]),
        ...liquidity.map(({ text }) => text),
        ...(grace === null ? [] : [grace.text]),
        ...rules.map(({ text }) => text),
      ].map((text) => text.replace(/\s+/g, ' ')),
    ]),
  );
}

/** `lines` less those in `others`, each as often as it is there. */
function without(lines: readonly string[], others: readonly string[]): readonly string[] {
  const left = [...others];
  return lines.filter((line) => {
    const at = left.indexOf(line);
    if (at === -1) return true;
    left.splice(at, 1);
    return false;
  });
}
