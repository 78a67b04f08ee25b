// SPDX-License-Identifier: Apache-2.0
// Decides requests by the policy: deny beats all, the first matching allow counts with its limits; where it lacks or its
// money does not suffice a hold line may ask a person, and nothing else is allowed.

import { GRACE_MS } from '../life/state.ts';
import { formatNotional } from '../amount.ts';
import type { Explanation, LimitUse } from '../wire.ts';
import { approve, type PolicyApproved } from './approval.ts';
import { DayWindow, RateWindow } from './counters.ts';
import {
  isQuotedIn,
  type Policy,
  type PolicyLiquidity,
  type PolicyRule,
  type PolicySection,
} from './policy.ts';
import { HeldOrders } from './held-orders.ts';
import { OpenOrders, RecentRequests } from './history.ts';
import { bandBreach, liquidityBreach, sourcesOf, type MarketBreach } from './market-check.ts';
import { References } from './references.ts';
import type { RequestFacts } from './request-facts.ts';

export type { RequestFacts };

/** A connection as the policy knows it. */
export interface PolicySubject {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
}

export type Verdict<T> =
  | {
      readonly ok: true;
      readonly approved: PolicyApproved<T>;
      /** The rule that allowed each part of the request, in their order. */
      readonly rules: readonly string[];
      /** The release that each part used up, or null. */
      readonly releases: readonly (string | null)[];
      /** Takes the request out of the counters again, where no signature came of it. Newest first. */
      readonly release: () => void;
    }
  | {
      readonly ok: false;
      readonly rule: string;
      readonly reason: string;
      /** Which part of the request is refused, from 0. */
      readonly part: number;
      /** Only a fact of the market is missing, and it may come yet. */
      readonly mayCome: boolean;
      /** The line by which a person may release it; null where nobody may. */
      readonly hold: PolicyRule | null;
    };

const DEFAULT_DENY = 'default deny';
/** As many near misses are named where no line matched. */
const NEAR_MISSES_MAX = 3;

/** A part of a request that is allowed and counted. */
interface Counted {
  readonly ok: true;
  readonly rule: string;
  /** The release that it used up, or null. */
  readonly released: string | null;
  readonly release: () => void;
}

interface Refused {
  readonly ok: false;
  readonly rule: string;
  readonly reason: string;
  readonly mayCome: boolean;
  readonly hold: PolicyRule | null;
}

/** Why a line does not let a request through. */
interface Breach extends Refused {
  /** It is too much for the line, which a person may allow; a market or a pace that is wrong nobody may. */
  readonly isTooMuch: boolean;
}

interface RuleCounters {
  readonly rate: RateWindow | null;
  readonly perDay: DayWindow | null;
  /** IDs of the orders that may be open. */
  readonly open: Set<string> | null;
}

/** What outlives a change of the policy. */
export interface Past {
  readonly recent: RecentRequests;
  readonly openOrders: OpenOrders;
  readonly held: HeldOrders;
}

/** A rule with what its section says of the market. */
interface Ruling {
  readonly rule: PolicyRule;
  readonly section: PolicySection;
}

export function newPast(held: HeldOrders = new HeldOrders()): Past {
  return { recent: new RecentRequests(), openOrders: new OpenOrders(), held };
}

export class PolicyEvaluator {
  readonly #policy: Policy | null;
  readonly #policyFile: string;
  readonly #references: References;
  readonly #recent: RecentRequests;
  readonly #openOrders: OpenOrders;
  readonly #held: HeldOrders;
  readonly #counters = new Map<string, RuleCounters>();

  /** `policy` null: there is no file, so everything is refused with the name of the one to write. */
  constructor(
    policy: Policy | null,
    policyFile: string,
    references: References = new References(() => undefined),
    past: Past = newPast(),
  ) {
    this.#policy = policy;
    this.#policyFile = policyFile;
    this.#references = references;
    this.#recent = past.recent;
    this.#openOrders = past.openOrders;
    this.#held = past.held;
  }

  get policy(): Policy | null {
    return this.#policy;
  }

  get hash(): string {
    return this.#policy?.hash ?? 'none';
  }

  get references(): References {
    return this.#references;
  }

  get held(): HeldOrders {
    return this.#held;
  }

  /** The hold line of that name. */
  holdLine(id: string): PolicyRule | undefined {
    return this.#policy?.sections
      .flatMap(({ rules }) => rules)
      .find((rule) => rule.effect === 'hold' && rule.id === id);
  }

  /** The same desk under another policy: what was signed before counts against the new limits. */
  under(
    policy: Policy,
    subjectOf: (connection: string) => PolicySubject | undefined,
    now: number,
  ): PolicyEvaluator {
    const past = { recent: this.#recent, openOrders: this.#openOrders, held: this.#held };
    this.#references.forgetNeeds();
    const next = new PolicyEvaluator(policy, this.#policyFile, this.#references, past);
    this.#recent.replay(now, (connection, facts, time) => {
      const subject = subjectOf(connection);
      const ruling = subject && next.#countedUnder(subject, facts);
      if (ruling) countIn(next.#countersOf(subject, ruling.rule), facts, time);
    });
    this.#openOrders.each((connection, id, facts) => {
      const subject = subjectOf(connection);
      const ruling = subject && next.#countedUnder(subject, facts);
      if (ruling) next.#countersOf(subject, ruling.rule).open?.add(id);
    });
    return next;
  }

  /** The lines that apply to a connection, as written. */
  linesFor(subject: PolicySubject): readonly string[] {
    return this.#sectionsFor(subject).flatMap(({ reference, liquidity, grace, rules }) => [
      ...(reference === null ? [] : [reference.text]),
      ...liquidity.map(({ text }) => text),
      ...(grace === null ? [] : [grace.text]),
      ...rules.map(({ text }) => text),
    ]);
  }

  /** How long after its end a connection's orders that only reduce are signed: the shorter of two lines. */
  graceMs(subject: PolicySubject): number {
    const lines = this.#sectionsFor(subject).flatMap(({ grace }) => grace ?? []);
    return lines.length === 0 ? GRACE_MS : Math.min(...lines.map(({ ms }) => ms));
  }

  /** Whether anything is asked of the markets that a connection trades in. */
  hasFloors(subject: PolicySubject): boolean {
    return this.#sectionsFor(subject).some(({ liquidity }) => liquidity.length > 0);
  }

  /** Has egress watch what an order of `facts` would be judged by. */
  want(subject: PolicySubject, facts: RequestFacts, now: number): void {
    const { symbol } = facts;
    if (facts.operation !== 'order.place' || symbol === null) return;
    for (const section of this.#sectionsFor(subject)) {
      const { reference } = section;
      if (reference === null) continue;
      const liquidity = liquidityFor(section, symbol);
      const isBanded = section.rules.some(
        (rule) => rule.band !== null && mismatchOf(rule, facts) === null,
      );
      if (!isBanded && liquidity.length === 0) continue;
      const sources = sourcesOf(reference, liquidity);
      const { maxAgeMs, agree } = reference;
      const agreement =
        agree === null ? null : { sources: reference.sources, millionths: agree.millionths };
      const needs = { sources, maxAgeMs, agreement };
      this.#references.want({ venue: subject.venue, symbol }, needs, now);
    }
  }

  /**
   * Decides by the facts of a request's orders: each is judged and counted as if it came alone after the others. Only where all
   * are allowed they stay counted, and the request is built. `now` is on the window clock.
   */
  judge<T>(
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
    const releases = counted.map(({ released }) => released);
    return { ok: true, approved: approve(build(), rules.join('+')), rules, releases, release };
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
    const rulings = this.#rulingsFor(subject);
    const denial = rulings.find(
      ({ rule }) => rule.effect === 'deny' && mismatchOf(rule, facts) === null,
    )?.rule;
    if (denial !== undefined) return refuse(denial.id, `the policy denies this: ${denial.text}`);
    const allowance = this.#firstOf('allow', subject, facts);
    if (allowance !== undefined) {
      const breach = this.#breachOf(subject, allowance, facts, now);
      if (breach === null) return this.#allow(subject, allowance.rule, facts, now);
      if (!breach.isTooMuch) return breach;
      return this.#askPerson(subject, facts, now) ?? breach;
    }
    return (
      this.#askPerson(subject, facts, now) ??
      refuse(DEFAULT_DENY, this.#nearMisses(subject, rulings, facts))
    );
  }

  #breachOf(
    subject: PolicySubject,
    ruling: Ruling,
    facts: RequestFacts,
    now: number,
  ): Breach | null {
    const { rule } = ruling;
    const counters = this.#countersOf(subject, rule);
    return (
      breachOf(rule, counters, facts, now) ??
      openBreach(rule, counters) ??
      this.#marketBreach(subject, ruling, facts, now)
    );
  }

  #allow(subject: PolicySubject, rule: PolicyRule, facts: RequestFacts, now: number): Counted {
    const release = this.#count(subject, this.#countersOf(subject, rule), facts, now);
    return { ok: true, rule: rule.id, released: null, release };
  }

  /** What the first hold line that matches makes of an order; undefined where none does. */
  #askPerson(
    subject: PolicySubject,
    facts: RequestFacts,
    now: number,
  ): Counted | Refused | undefined {
    const ruling = this.#firstOf('hold', subject, facts);
    if (ruling === undefined) return undefined;
    const { rule } = ruling;
    // A person is only asked about what would then be signed.
    const breach = this.#breachOf(subject, ruling, facts, now);
    if (breach !== null) return breach;
    const question = { connection: subject.connection, rule: rule.id, policy: this.hash, facts };
    const permission = this.#held.take(question, now);
    if (permission === null) {
      const reason = `expected a person to allow it first, as the policy has it: ${rule.text}`;
      return { ...refuse(`hold: ${rule.id}`, reason), hold: rule };
    }
    const allowed = this.#allow(subject, rule, { ...facts, isReleased: true }, now);
    return {
      ...allowed,
      released: permission.order,
      release: () => {
        allowed.release();
        permission.restore();
      },
    };
  }

  /** What would be said to an order, and what is used of the limits that it falls under. Nothing is counted. */
  explain(subject: PolicySubject, facts: RequestFacts, now: number): Explanation {
    const result = this.#judgePart(subject, facts, now);
    if (result.ok) result.release();
    const byHold = result.ok ? result.released !== null : result.hold !== null;
    const ruling = this.#firstOf(byHold ? 'hold' : 'allow', subject, facts);
    const limits = ruling === undefined ? [] : this.#limitsOf(subject, ruling, facts, now);
    const reason = result.ok ? '' : result.reason;
    return { isAllowed: result.ok, rule: result.rule, reason, limits };
  }

  #limitsOf(
    subject: PolicySubject,
    { rule, section }: Ruling,
    facts: RequestFacts,
    now: number,
  ): Explanation['limits'] {
    const { band, notional, perDay, open, rate } = rule;
    const counters = this.#countersOf(subject, rule);
    const limits: LimitUse[] = [];
    const say = (field: string, limit: string, used: string): void => {
      limits.push({ field, limit, used });
    };
    if (band !== null) say('band', band.text, '');
    if (notional !== null) say('notional', notional.text, '');
    if (perDay !== null) {
      const used = `${formatNotional(counters.perDay?.sumAt(now) ?? 0n)} ${perDay.asset}`;
      say('per-day', perDay.text, used);
    }
    if (open !== null) say('open', String(open), String(counters.open?.size ?? 0));
    if (rate !== null) say('rate', rate.text, String(counters.rate?.countAt(now) ?? 0));
    const floors = floorsFor({ rule, section }, facts);
    for (const floor of section.liquidity) {
      const isWaived = facts.isExit === true && !floors.includes(floor);
      say('liquidity', floor.text, isWaived ? 'not for a sale of what was bought here' : '');
    }
    return limits;
  }

  /**
   * Counts a request of an earlier run against the policy of today, whichever rule allowed it then. The caller
   * goes from old to new.
   */
  recount(subject: PolicySubject, facts: RequestFacts, time: number): void {
    this.#recent.add(subject.connection, facts, time);
    const ruling = this.#countedUnder(subject, facts);
    if (ruling !== undefined) countIn(this.#countersOf(subject, ruling.rule), facts, time);
  }

  /** Knows of an order of an earlier run that may be open. */
  reopen(subject: PolicySubject, facts: RequestFacts): void {
    const { clientOrderId } = facts;
    if (clientOrderId === null) return;
    this.#openOrders.add(subject.connection, clientOrderId, facts);
    const ruling = this.#countedUnder(subject, facts);
    if (ruling !== undefined) this.#countersOf(subject, ruling.rule).open?.add(clientOrderId);
  }

  /** An order has ended, by the word of the exchange. */
  close(connection: string, clientOrderId: string): void {
    if (!this.#openOrders.remove(connection, clientOrderId)) return;
    for (const [key, { open }] of this.#counters) {
      if (key.startsWith(`${connection} `)) open?.delete(clientOrderId);
    }
  }

  #count(
    { connection }: PolicySubject,
    counters: RuleCounters,
    facts: RequestFacts,
    now: number,
  ): () => void {
    const forget = this.#recent.add(connection, facts, now);
    const undo = countIn(counters, facts, now);
    const { clientOrderId } = facts;
    const isOrder = facts.operation === 'order.place' && clientOrderId !== null;
    if (isOrder) {
      this.#openOrders.add(connection, clientOrderId, facts);
      counters.open?.add(clientOrderId);
    }
    return () => {
      forget();
      undo();
      if (!isOrder) return;
      this.#openOrders.remove(connection, clientOrderId);
      counters.open?.delete(clientOrderId);
    };
  }

  #marketBreach(
    { venue }: PolicySubject,
    { rule, section }: Ruling,
    facts: RequestFacts,
    now: number,
  ): Breach | null {
    const { reference } = section;
    const { symbol, side, price, stop, notional } = facts;
    if (facts.operation !== 'order.place' || reference === null) return null;
    const liquidity = floorsFor({ rule, section }, facts);
    if (rule.band === null && liquidity.length === 0) return null;
    if (symbol === null || side === null || price === null || notional === null) {
      return refuse(`${rule.id}: band`, 'expected an order with a price, found none to measure');
    }
    const order = { venue, symbol, side, price, stop, notional };
    if (rule.band !== null) {
      const banded = { reference, band: rule.band };
      const breach = bandBreach(order, banded, this.#references, now);
      if (breach !== null) return refuseBy(rule.id, breach);
    }
    const { maxAgeMs } = reference;
    for (const floor of liquidity) {
      const breach = liquidityBreach(order, floor, this.#references, { now, maxAgeMs });
      if (breach !== null) return refuseBy(floor.id, breach);
    }
    return null;
  }

  #firstOf(
    effect: PolicyRule['effect'],
    subject: PolicySubject,
    facts: RequestFacts,
  ): Ruling | undefined {
    return this.#rulingsFor(subject).find(
      ({ rule }) => rule.effect === effect && mismatchOf(rule, facts) === null,
    );
  }

  /** The line against which a request of before counts: of the kind that let it through, else of the other. */
  #countedUnder(subject: PolicySubject, facts: RequestFacts): Ruling | undefined {
    const [first, second] = facts.isReleased
      ? (['hold', 'allow'] as const)
      : (['allow', 'hold'] as const);
    return this.#firstOf(first, subject, facts) ?? this.#firstOf(second, subject, facts);
  }

  #sectionsFor(subject: PolicySubject): readonly PolicySection[] {
    const sections = this.#policy?.sections ?? [];
    return sections.filter(
      ({ connection }) => connection === subject.connection || connection === subject.name,
    );
  }

  #rulingsFor(subject: PolicySubject): readonly Ruling[] {
    return this.#sectionsFor(subject).flatMap((section) =>
      section.rules.map((rule) => ({ rule, section })),
    );
  }

  #countersOf(subject: PolicySubject, rule: PolicyRule): RuleCounters {
    const key = `${subject.connection} ${rule.id}`;
    let counters = this.#counters.get(key);
    if (counters === undefined) {
      counters = {
        rate: rule.rate === null ? null : new RateWindow(rule.rate.count, rule.rate.windowMs),
        perDay: rule.perDay === null ? null : new DayWindow(),
        open: rule.open === null ? null : new Set(),
      };
      this.#counters.set(key, counters);
    }
    return counters;
  }

  #nearMisses(subject: PolicySubject, rulings: readonly Ruling[], facts: RequestFacts): string {
    const misses = rulings
      .map(({ rule }) => rule)
      .filter((rule) => rule.effect !== 'deny' && rule.scope.operations.has(facts.operation))
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
): Breach | null {
  for (const [field, limit] of [
    ['notional', rule.notional],
    ['per-day', rule.perDay],
  ] as const) {
    if (limit === null) continue;
    const { notional, symbol } = facts;
    if (notional === null || symbol === null || !isQuotedIn(symbol, limit.asset)) {
      return tooMuch(
        `${rule.id}: ${field}`,
        `${field} is limited in ${limit.asset}, but ${symbol ?? 'the request'} is not quoted in it`,
      );
    }
    const already = field === 'per-day' ? (counters.perDay?.sumAt(now) ?? 0n) : 0n;
    if (already + notional > limit.max) {
      const spent =
        field === 'per-day' ? `, ${formatNotional(already)} of it signed in the last 24 hours` : '';
      return tooMuch(
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

function openBreach(rule: PolicyRule, { open }: RuleCounters): Breach | null {
  if (rule.open === null || open === null || open.size < rule.open) return null;
  return tooMuch(
    `${rule.id}: open`,
    `expected at most ${rule.open} open orders, found ${open.size} of which the exchange has not said that they ended`,
  );
}

function countIn(counters: RuleCounters, facts: RequestFacts, now: number): () => void {
  const undoRate = counters.rate?.add(now);
  const undoDay = facts.notional === null ? undefined : counters.perDay?.add(now, facts.notional);
  return () => {
    undoRate?.();
    undoDay?.();
  };
}

function liquidityFor(section: PolicySection, symbol: string): readonly PolicyLiquidity[] {
  return section.liquidity.filter(({ symbols }) => symbols === null || symbols.has(symbol));
}

/**
 * The floors that an order must pass. They keep out of thin markets: who is in one gets out, at a price that the band
 * judges. Without a band nothing else would judge it.
 */
function floorsFor(
  { rule, section }: Ruling,
  { symbol, isExit }: RequestFacts,
): readonly PolicyLiquidity[] {
  if (isExit === true && rule.band !== null) return [];
  return symbol === null ? section.liquidity : liquidityFor(section, symbol);
}

function refuse(rule: string, reason: string): Breach {
  return { ok: false, rule, reason, mayCome: false, hold: null, isTooMuch: false };
}

function tooMuch(rule: string, reason: string): Breach {
  return { ...refuse(rule, reason), isTooMuch: true };
}

function refuseBy(id: string, { field, reason, mayCome }: MarketBreach): Breach {
  return { ...refuse(`${id}: ${field}`, reason), mayCome };
}
