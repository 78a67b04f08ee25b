// SPDX-License-Identifier: Apache-2.0
// What a connection may be used for at a moment: a pure function of what the log says of it and of the clock.
//
//   draft → probing → active → expiring → expired (reductions → cancels → nothing) → retired, besides frozen and
//   quarantined. Only `active` and `expiring` sign new risk.

const DAY_MS = 86_400_000;
/** A key lives this long from its creation. */
export const KEY_LIFE_MS: number = 90 * DAY_MS;
/** A key that works from every address lives this long. */
export const OPEN_KEY_LIFE_MS: number = 14 * DAY_MS;
/** For so long before its end a connection is `expiring`. */
export const REMINDED_MS: number = 14 * DAY_MS;
/** After the end: as long orders that only reduce are signed, unless the policy says another time. */
export const GRACE_MS: number = 7 * DAY_MS;
export const GRACE_MS_MAX: number = 14 * DAY_MS;
/** After that: as long orders are cancelled and read. */
export const CLOSING_MS: number = 72 * 3_600_000;
/** A check of the key's rights holds so long: hourly checks may fail for a day. */
export const CHECK_HOLDS_MS: number = 26 * 3_600_000;

export const LIFE_STATES: readonly LifeState[] = [
  'draft',
  'probing',
  'active',
  'expiring',
  'expired',
  'frozen',
  'quarantined',
  'retired',
];
export type LifeState =
  'draft' | 'probing' | 'active' | 'expiring' | 'expired' | 'frozen' | 'quarantined' | 'retired';

/** What is signed, from all to nothing; each has what comes after it. Reads go with cancels. */
export type Scope = 'all' | 'reductions' | 'cancels' | 'nothing';
export const SCOPES: readonly Scope[] = ['all', 'reductions', 'cancels', 'nothing'];

/** Rights that no key of a connection may have, and whether the key is refused for good (grade D). */
const FORBIDDEN_RIGHTS: Readonly<Record<ForbiddenRight, boolean>> = {
  withdrawals: true,
  internalTransfer: true,
  universalTransfer: true,
  margin: false,
  futures: false,
  options: false,
  portfolioMargin: false,
};
export type ForbiddenRight =
  | 'withdrawals'
  | 'internalTransfer'
  | 'universalTransfer'
  | 'margin'
  | 'futures'
  | 'options'
  | 'portfolioMargin';

/** What speaks against a key: a right that it must not have, or a change that nobody here made. */
export type Fault = ForbiddenRight | 'unknownTransfer' | Drift;
export type Drift = 'rightAppeared' | 'ipListVanished' | 'createTimeChanged';
const DRIFTS: readonly string[] = [
  'rightAppeared',
  'ipListVanished',
  'createTimeChanged',
] satisfies readonly Drift[];

export const FAULTS: readonly Fault[] = [
  'withdrawals',
  'internalTransfer',
  'universalTransfer',
  'unknownTransfer',
  'margin',
  'futures',
  'options',
  'portfolioMargin',
  'rightAppeared',
  'ipListVanished',
  'createTimeChanged',
];

/** One reading of the rights that the exchange gives a key. */
export interface Check {
  readonly time: number;
  readonly isIpRestricted: boolean;
  /** When the exchange made the key; null where it does not say. */
  readonly keyCreatedAt: number | null;
  /** Every right that the key has, by the exchange's name, sorted. */
  readonly rights: readonly string[];
  readonly faults: readonly Fault[];
}

/** Why a probe from a second address told nothing. */
export const BIND_DOUBTS = ['noAnswer', 'otherAnswer', 'ordinaryRefused'] as const;
export type BindDoubt = (typeof BIND_DOUBTS)[number];

/** What reads from a second address showed of the key's list of addresses. */
export interface BindSeen {
  readonly time: number;
  readonly verdict: 'holds' | 'notReal';
}

export interface LifeFacts {
  readonly bornAt: number;
  readonly origin: 'born' | 'imported';
  /** As `KEY_KINDS` of the wire has it. */
  readonly keyKind: string;
  readonly venue: string;
  /** When the exchange's identifier of the key was named, and its hash; null before. */
  readonly named: { readonly at: number; readonly hash: string } | null;
  /** Whether a check ever passed, under whatever identifier. */
  readonly hasPassed: boolean;
  /** The last check without a fault, or the one that a person accepted by thawing. */
  readonly passed: Check | null;
  /** The same of each identifier that the key ever had, by its hash: what later checks are compared with. */
  readonly proven: ReadonlyMap<string, Check>;
  /** The last check of any kind. */
  readonly checked: Check | null;
  /** When a read from a second address was last signed; null where none was. */
  readonly probedAt: number | null;
  /** What the last such probe that told anything showed; null where none did. */
  readonly bind: BindSeen | null;
  /** A later probe that told nothing. `words`: what came instead. */
  readonly bindDoubt: {
    readonly time: number;
    readonly reason: BindDoubt;
    readonly words: string;
  } | null;
  readonly frozen: { readonly since: number; readonly cause: string } | null;
  readonly quarantined: { readonly since: number; readonly faults: readonly Fault[] } | null;
  readonly retiredAt: number | null;
}

export type LifeEvent =
  | { readonly kind: 'named'; readonly time: number; readonly hash: string }
  | { readonly kind: 'checked'; readonly check: Check }
  | { readonly kind: 'probing'; readonly time: number }
  | { readonly kind: 'probed'; readonly bind: BindSeen }
  | { readonly kind: 'doubted'; readonly doubt: NonNullable<LifeFacts['bindDoubt']> }
  | { readonly kind: 'frozen'; readonly time: number; readonly cause: string }
  | { readonly kind: 'thawed'; readonly time: number }
  | { readonly kind: 'retired'; readonly time: number };

export interface Standing {
  readonly state: LifeState;
  readonly signs: Scope;
  /** From then on no new risk, whatever else. */
  readonly expiresAt: number;
  /** Until then orders that only reduce. */
  readonly reducesUntil: number;
  /** Until then cancels and reads. */
  readonly cancelsUntil: number;
}

/** A connection whose key was just made or taken in. */
export function bornLife(
  birth: Pick<LifeFacts, 'bornAt' | 'origin' | 'keyKind' | 'venue'>,
): LifeFacts {
  return {
    ...birth,
    named: null,
    hasPassed: false,
    passed: null,
    proven: new Map(),
    checked: null,
    probedAt: null,
    bind: null,
    bindDoubt: null,
    frozen: null,
    quarantined: null,
    retiredAt: null,
  };
}

/** The facts after an event. */
export function afterEvent(facts: LifeFacts, event: LifeEvent): LifeFacts {
  switch (event.kind) {
    case 'named':
      if (facts.named?.hash === event.hash) return facts;
      // Another identifier may have other rights: they are asked for anew.
      return {
        ...facts,
        named: { at: event.time, hash: event.hash },
        passed: null,
        checked: null,
        // What worked from everywhere is not trusted for a new name before a probe shows otherwise.
        bind: facts.bind?.verdict === 'notReal' ? facts.bind : null,
        bindDoubt: null,
      };
    case 'checked':
      return afterCheck(facts, event.check);
    case 'probing':
      return { ...facts, probedAt: event.time };
    case 'probed':
      return { ...facts, bind: event.bind, bindDoubt: null };
    case 'doubted':
      return { ...facts, bindDoubt: event.doubt };
    case 'frozen':
      return {
        ...facts,
        frozen: facts.frozen ?? { since: event.time, cause: event.cause },
      };
    case 'thawed':
      // What a person has accepted is what later checks are compared with.
      return {
        ...withPassed(facts, facts.checked ?? facts.passed),
        frozen: null,
        quarantined: null,
      };
    case 'retired':
      return { ...facts, retiredAt: event.time };
  }
}

function afterCheck(facts: LifeFacts, check: Check): LifeFacts {
  const { quarantined } = facts;
  if (check.faults.length > 0) {
    const known = quarantined?.faults ?? [];
    const faults = [...known, ...check.faults.filter((fault) => !known.includes(fault))];
    return {
      ...facts,
      checked: check,
      quarantined: { since: quarantined?.since ?? check.time, faults },
    };
  }
  // A key that never was in order may be set right at the exchange; one that was needs a person.
  if (quarantined !== null && facts.hasPassed) return { ...facts, checked: check };
  return { ...withPassed(facts, check), checked: check, hasPassed: true, quarantined: null };
}

function withPassed(facts: LifeFacts, passed: Check | null): LifeFacts {
  const { named, proven } = facts;
  if (named === null || passed === null) return { ...facts, passed };
  return { ...facts, passed, proven: new Map(proven).set(named.hash, passed) };
}

/** How a connection stands at `now`. `graceMs` is the policy's time for reductions after the end. */
export function standingAt(facts: LifeFacts, now: number, graceMs: number = GRACE_MS): Standing {
  const expiresAt = endOf(facts);
  const reducesUntil = expiresAt + Math.min(Math.max(graceMs, 0), GRACE_MS_MAX);
  const cancelsUntil = reducesUntil + CLOSING_MS;
  const byTime = scopeByTime(now, { expiresAt, reducesUntil, cancelsUntil });
  const standing = (state: LifeState, most: Scope): Standing => ({
    state,
    signs: lesser(byTime, most),
    expiresAt,
    reducesUntil,
    cancelsUntil,
  });
  if (facts.retiredAt !== null) return standing('retired', 'nothing');
  if (byTime === 'nothing') return standing('expired', 'nothing');
  if (facts.named === null) return standing(byTime === 'all' ? 'draft' : 'expired', 'nothing');
  if (facts.quarantined !== null) return standing('quarantined', 'cancels');
  const isUnchecked = !isHouse(facts.venue) && facts.passed === null;
  if (byTime !== 'all') return standing('expired', isUnchecked ? 'cancels' : 'reductions');
  if (isUnchecked) return standing('probing', 'cancels');
  if (facts.frozen !== null) return standing('frozen', 'reductions');
  if (isStale(facts, now)) return standing('probing', 'reductions');
  return standing(now >= expiresAt - REMINDED_MS ? 'expiring' : 'active', 'all');
}

/** The lesser of two scopes. */
export function lesser(left: Scope, right: Scope): Scope {
  return SCOPES.indexOf(left) > SCOPES.indexOf(right) ? left : right;
}

/**
 * Whether a venue is the desk's own: the demonstration and paper trading. There is nothing to lose there, so a check of
 * rights may be missing, and market times say nothing about the age of a key.
 */
export function isHouse(venue: string): boolean {
  return venue === 'demo' || venue.startsWith('paper-') || cannotBeAsked(venue);
}

/** Whether the key of a successor may take the place of another's now, as far as its own life goes. */
export function mayTakeOver(facts: LifeFacts, now: number): boolean {
  const { named, quarantined, passed, venue } = facts;
  if (named === null || quarantined !== null || now >= endOf(facts)) return false;
  // Where the exchange has no way to ask for rights, a named key is all there is.
  return cannotBeAsked(venue) || (passed !== null && !isStale(facts, now));
}

/** Whether a venue has no way to ask what a key may do. */
export function cannotBeAsked(venue: string): boolean {
  return venue.endsWith('-testnet');
}

/** Whether the exchange gives the key a right for which it is refused for good. */
export function isRefused(faults: readonly Fault[]): boolean {
  return faults.some(
    (fault) =>
      fault === 'unknownTransfer' ||
      (!DRIFTS.includes(fault) && FORBIDDEN_RIGHTS[fault as ForbiddenRight]),
  );
}

/** Whether a person may accept what the last check found: changes, but no forbidden right. */
export function mayBeThawed(facts: LifeFacts): boolean {
  // A key that was named anew and not checked since may be the same one.
  const faults = (facts.checked ?? facts.quarantined)?.faults ?? [];
  return faults.every((fault) => DRIFTS.includes(fault));
}

export const GRADES: readonly Grade[] = ['A', 'B', 'C', 'D'];
export type Grade = 'A' | 'B' | 'C' | 'D';

/**
 * How safe a key is by where it was made and what the exchange lets it do; null before the first check. A key that works
 * from every address is one grade lower, and C is the lowest that may trade.
 */
export function gradeOf(facts: LifeFacts): Grade | null {
  const { checked, origin, keyKind } = facts;
  const isBound = isBoundToAddresses(facts);
  if (checked === null) return null;
  if (isRefused(checked.faults)) return 'D';
  if (keyKind === 'hmac-sha256') return 'C';
  if (origin === 'born') return isBound ? 'A' : 'B';
  return isBound ? 'B' : 'C';
}

/** By the exchange's word, unless a read from another address went through all the same. */
function isBoundToAddresses({ checked, bind }: LifeFacts): boolean {
  return checked?.isIpRestricted === true && bind?.verdict !== 'notReal';
}

function endOf(facts: LifeFacts): number {
  const { bornAt, venue, checked } = facts;
  if (isHouse(venue) || checked === null) return bornAt + KEY_LIFE_MS;
  const createdAt = Math.min(bornAt, checked.keyCreatedAt ?? bornAt);
  return createdAt + (isBoundToAddresses(facts) ? KEY_LIFE_MS : OPEN_KEY_LIFE_MS);
}

function isStale({ venue, passed }: LifeFacts, now: number): boolean {
  if (isHouse(venue)) return false;
  // A check from the future was made by a wrong clock: it must not hold longer for that.
  return passed === null || Math.abs(now - passed.time) >= CHECK_HOLDS_MS;
}

function scopeByTime(
  now: number,
  times: Pick<Standing, 'expiresAt' | 'reducesUntil' | 'cancelsUntil'>,
): Scope {
  if (now < times.expiresAt) return 'all';
  if (now < times.reducesUntil) return 'reductions';
  return now < times.cancelsUntil ? 'cancels' : 'nothing';
}
