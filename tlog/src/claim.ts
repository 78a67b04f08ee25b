// SPDX-License-Identifier: Apache-2.0
// Claims about the past against the log: what the log says to them, and what it cannot say. A log proves what was
// logged and never what was not, so no verdict calls a claim forged or genuine.

import { failure, success, type Result } from './bytes.ts';
import type { EntryKind, JsonObject, LogEntry } from './entry.ts';

/** What an order claim may name beside time and ID, and what the private fields of an entry say of it. */
export const CLAIMED_FIELDS = [
  'symbol',
  'side',
  'type',
  'price',
  'quantity',
  'connection',
] as const;
export type ClaimedField = (typeof CLAIMED_FIELDS)[number];

export interface OrderClaim {
  /** When it is said to have happened: both ends included, in milliseconds. */
  readonly time: { readonly from: number; readonly to: number } | undefined;
  /** The order's ID, as the desk or the exchange has it. */
  readonly orderId: string | undefined;
  readonly fields: Readonly<Partial<Record<ClaimedField, string>>>;
}

/** An entry of the log; `fields` where its private half was opened and is what the entry committed to. */
export interface ReadEntry {
  readonly entry: LogEntry;
  readonly fields: JsonObject | undefined;
}

/** What the log can speak of: from its first entry to its last checkpoint. */
export interface LogScope {
  readonly size: bigint;
  /** When the first entry was written; undefined where there is none. */
  readonly firstTime: number | undefined;
  /** When the newest entry under the checkpoint was written. */
  readonly lastTime: number | undefined;
}

/** Of how many entries that could be meant, of which kinds, between which checkpoints something is said. */
export interface Searched {
  readonly entries: number;
  readonly kinds: readonly EntryKind[];
  /** Sizes of the tree between which all was looked through. */
  readonly fromSize: bigint;
  readonly toSize: bigint;
}

/** `tag`: the order's ID is the desk's, and what stands behind it is not what the signer put there. */
type ContradictedField = ClaimedField | 'time' | 'tag';

export type ClaimVerdict =
  | { readonly kind: 'matches'; readonly index: number }
  /** Same order, other content. */
  | {
      readonly kind: 'contradicts';
      readonly index: number;
      readonly fields: readonly ContradictedField[];
    }
  | ({ readonly kind: 'noMatch' } & Searched)
  /** Nothing was committed at that time. */
  | { readonly kind: 'outOfScope'; readonly reason: string }
  | { readonly kind: 'cannotTell'; readonly reason: string };

/** An order that was placed is an intent; what was refused never became one. */
export const ORDER_KINDS: readonly EntryKind[] = ['intent'];
const ORDER_OP = 'order.place';
/** With fewer facts than these a match would be chance. */
const FACTS_MIN = 2;

/** Whether the claim says enough to be looked for, and what is wrong with it otherwise. */
export function claimFault({ time, orderId, fields }: OrderClaim): string | undefined {
  if (orderId !== undefined) return undefined;
  const facts = Object.values(fields).filter((value) => value !== undefined).length;
  if (time === undefined) return 'a claim without an order ID must say when';
  if (facts < FACTS_MIN) {
    return `a claim without an order ID must name at least ${FACTS_MIN} of ${CLAIMED_FIELDS.join(', ')}`;
  }
  return undefined;
}

/** What the log says to a claim about an order. `entries`: all of the log, in order. */
export function judgeOrderClaim(
  claim: OrderClaim,
  entries: Iterable<ReadEntry>,
  scope: LogScope,
): ClaimVerdict {
  const outside = outOfScope(claim.time, scope);
  if (outside !== undefined) return outside;
  const { time, orderId } = claim;
  let searched = 0;
  let sealed = 0;
  let found: EntryVerdict | undefined;
  for (const { entry, fields } of entries) {
    // What is done is told by `op`, which everybody sees.
    if (!ORDER_KINDS.includes(entry.kind) || entry['op'] !== ORDER_OP) continue;
    // An ID is looked for everywhere: the same order at another time is a contradiction.
    if (orderId === undefined && !isWithin(entry.t, time)) continue;
    searched += 1;
    if (fields === undefined) {
      sealed += 1;
      continue;
    }
    const verdict = compare(claim, entry, fields);
    if (verdict?.kind === 'matches') return verdict;
    found ??= verdict;
  }
  if (found !== undefined) return found;
  if (sealed > 0) {
    const reason = `${sealed} of ${searched} entries that could be meant are sealed here; whoever has the private half of the log can open them`;
    const fault = claimFault(claim);
    return { kind: 'cannotTell', reason: fault === undefined ? reason : `${fault}; and ${reason}` };
  }
  // Nothing at all at that time needs no further fact to be said.
  const fault = searched === 0 ? undefined : claimFault(claim);
  if (fault !== undefined) return { kind: 'cannotTell', reason: fault };
  return {
    kind: 'noMatch',
    entries: searched,
    kinds: ORDER_KINDS,
    fromSize: 0n,
    toSize: scope.size,
  };
}

type EntryVerdict = Extract<ClaimVerdict, { kind: 'matches' | 'contradicts' | 'cannotTell' }>;

/** What a claim says against one order; undefined where it is about another. */
function compare(claim: OrderClaim, entry: LogEntry, fields: JsonObject): EntryVerdict | undefined {
  const index = entry.seq;
  const differing: ContradictedField[] = [];
  for (const name of CLAIMED_FIELDS) {
    const claimed = claim.fields[name];
    if (claimed !== undefined && !isSame(claimed, fields[name])) differing.push(name);
  }
  if (!isWithin(entry.t, claim.time)) differing.push('time');
  if (claim.orderId === undefined) {
    return differing.length === 0 && claimFault(claim) === undefined
      ? { kind: 'matches', index }
      : undefined;
  }
  const id = compareId(claim.orderId, fields);
  if (id === 'other') return undefined;
  if (id === 'otherTag') differing.push('tag');
  if (id === 'unknownTag' && differing.length === 0) {
    const reason = `entry ${index} is the order ${claim.orderId.slice(0, -TAG_LENGTH)}, and does not say with which tag it was sent; ask by the ID without its tag`;
    return { kind: 'cannotTell', reason };
  }
  return differing.length === 0
    ? { kind: 'matches', index }
    : { kind: 'contradicts', index, fields: differing };
}

/** `_` and eight characters, which the signer puts behind the desk's ID on its way to the exchange. */
const TAG = /^_[0-9a-v]{8}$/;
const TAG_LENGTH = 9;

/** The exchange has the desk's ID with a tag that the signer alone can make: another tag is another order there. */
function compareId(
  claimed: string,
  fields: JsonObject,
): 'same' | 'other' | 'otherTag' | 'unknownTag' {
  const { clientOrderId: logged, sentAs, tag } = fields;
  if (typeof logged !== 'string' || logged === '') return 'other';
  if (claimed === logged || claimed === sentAs) return 'same';
  if (!claimed.startsWith(logged) || !TAG.test(claimed.slice(logged.length))) return 'other';
  // Entries of before there were tags were sent as they are; some of after it do not say how they were.
  return tag !== undefined && sentAs === undefined ? 'unknownTag' : 'otherTag';
}

/** Numbers are the same whatever zeros they are written with; words, whatever their case. */
function isSame(claimed: string, logged: unknown): boolean {
  if (typeof logged !== 'string' && typeof logged !== 'number') return false;
  return plain(claimed) === plain(String(logged));
}

function plain(text: string): string {
  const trimmed = text.trim();
  if (!/^\d+(\.\d+)?$/.test(trimmed)) return trimmed.toUpperCase();
  const [whole = '', fraction = ''] = trimmed.split('.');
  const digits = fraction.replace(/0+$/, '');
  const integer = whole.replace(/^0+(?=\d)/, '');
  return digits === '' ? integer : `${integer}.${digits}`;
}

function isWithin(time: number, window: OrderClaim['time']): boolean {
  return window === undefined || (time >= window.from && time <= window.to);
}

function outOfScope(
  time: OrderClaim['time'],
  { size, firstTime, lastTime }: LogScope,
): Extract<ClaimVerdict, { kind: 'outOfScope' }> | undefined {
  const out = (reason: string): Extract<ClaimVerdict, { kind: 'outOfScope' }> => ({
    kind: 'outOfScope',
    reason,
  });
  if (size === 0n || firstTime === undefined || lastTime === undefined) {
    return out('the log has no signed entry yet');
  }
  if (time === undefined) return undefined;
  if (time.to < firstTime) return out('the log had not begun at that time');
  if (time.from > lastTime) return out('no checkpoint reaches to that time yet');
  return undefined;
}

/** The window that a written time stands for: as exact as it was written, and `slackMs` more on both sides. */
export function claimedTime(
  text: string,
  slackMs: number,
): Result<{ readonly from: number; readonly to: number }> {
  const match =
    /^(\d{4})-(\d\d)-(\d\d)(?:[T ](\d\d):(\d\d)(?::(\d\d)(?:\.(\d{1,3}))?)?)?(?:Z| ?UTC)?$/.exec(
      text.trim(),
    );
  if (match === null) {
    return failure(`a time must be written as 2026-11-23 09:30:15 in UTC, was "${text}"`);
  }
  const [, year, month, day, hour, minute, second, fraction] = match;
  const days = daysOf(Number(year), Number(month), Number(day));
  const parts = [Number(hour ?? 0), Number(minute ?? 0), Number(second ?? 0)] as const;
  if (days === undefined || parts[0] > 23 || parts[1] > 59 || parts[2] > 59) {
    return failure(`a time must exist in the calendar, "${text}" does not`);
  }
  const milliseconds = Number((fraction ?? '').padEnd(3, '0'));
  const from =
    days * 86_400_000 + parts[0] * 3_600_000 + parts[1] * 60_000 + parts[2] * 1000 + milliseconds;
  let length = 86_400_000;
  if (fraction !== undefined) length = 1;
  else if (second !== undefined) length = 1000;
  else if (minute !== undefined) length = 60_000;
  return success({ from: from - slackMs, to: from + length - 1 + slackMs });
}

/** Days since 1970 of a date of the Gregorian calendar; undefined where there is no such date. */
function daysOf(year: number, month: number, day: number): number | undefined {
  const isLeap = (year % 4 === 0 && year % 100 !== 0) || year % 400 === 0;
  const lengths = [31, isLeap ? 29 : 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];
  const length = lengths[month - 1];
  if (length === undefined || day < 1 || day > length || year < 1970) return undefined;
  const before = year - 1;
  const leaps = Math.floor(before / 4) - Math.floor(before / 100) + Math.floor(before / 400) - 477;
  const months = lengths.slice(0, month - 1).reduce((sum, each) => sum + each, 0);
  return (year - 1970) * 365 + leaps + months + day - 1;
}

/** A verdict in the words that may be said of it. */
export function claimSentence(verdict: ClaimVerdict): string {
  switch (verdict.kind) {
    case 'matches':
      return `MATCHES entry ${verdict.index}`;
    case 'contradicts':
      return `CONTRADICTS entry ${verdict.index}: the same order, with another ${verdict.fields.join(', ')}`;
    case 'noMatch':
      return `NO MATCH among ${verdict.entries} ${verdict.entries === 1 ? 'entry' : 'entries'} of the kinds ${verdict.kinds.join(', ')} between the checkpoints of ${verdict.fromSize} and ${verdict.toSize} entries`;
    case 'outOfScope':
      return `OUT OF SCOPE: ${verdict.reason}`;
    case 'cannotTell':
      return `CANNOT TELL: ${verdict.reason}`;
  }
}

// ---- Edge logs ----

/** The entry of a committed line in its batch's tree: 32 random bytes, then the line's SHA-256. */
export const EDGE_LEAF_BYTES = 64;
export const EDGE_SALT_BYTES = 32;
