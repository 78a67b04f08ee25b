// SPDX-License-Identifier: Apache-2.0
// Orders that a hold line keeps for a person: those that wait for a word, and those that were released and may be signed
// once. The log says all of it; nothing here is decided by the server.

import type { Entry, PastEntry } from '../log/intent-log.ts';
import { factsOf } from '../facts.ts';
import type { HeldInfo } from '../wire.ts';
import { formatNotional } from '../amount.ts';
import type { PolicyRule } from './policy.ts';
import type { RequestFacts } from './request-facts.ts';

/** Each connection has so many places of its own. A person reads them one by one; more would hide the one that matters. */
export const HELD_PER_CONNECTION_MAX = 16;
/** A dropped order keeps its place so long: whoever asks and drops in turn does not fill the log. */
const DROPPED_PLACE_MS = 60_000;
/** Dropped orders of one connection that are kept in mind, so that nobody is asked about them again. */
const DROPPED_MAX = 64;

export interface HeldOrder {
  /** Its name: `h` and the number of its entry. */
  readonly order: string;
  readonly connection: string;
  readonly rule: string;
  /** SHA-256 of the policy that held it; under another one it is void. */
  readonly policy: string;
  readonly facts: RequestFacts;
  /** As on the log. */
  readonly fields: Entry['fields'];
  readonly expiresMs: number;
  /** Wall time. */
  readonly since: number;
  /** On the window clock. */
  readonly until: number;
  readonly state: 'held' | 'released' | 'dropped';
}

/** What an order is asked about: which connection, line and policy. */
export interface HoldQuestion {
  readonly connection: string;
  readonly rule: string;
  readonly policy: string;
  readonly facts: RequestFacts;
}

/** A release that is used up by one request, unless that comes to nothing. */
export interface Permission {
  readonly order: string;
  readonly restore: () => void;
}

export class HeldOrders {
  readonly #orders = new Map<string, HeldOrder>();

  /**
   * Takes one entry of the log, at the start and when it was just written. `at` is its time on the window clock, which
   * at a start is the wall's.
   */
  read({ kind, sequence, time, fields }: PastEntry, at: number = time): void {
    const { held } = fields;
    if (kind === 'intent' && typeof held === 'string') this.#orders.delete(held);
    if (kind !== 'held') return;
    this.#prune(at);
    const { step, order } = fields;
    if (step === 'held') {
      this.#remember({
        order: `h${sequence}`,
        connection: String(fields['connection']),
        rule: String(fields['rule']),
        policy: String(fields['policy']),
        facts: factsOf(fields),
        fields,
        expiresMs: Number(fields['expires']),
        since: time,
        until: at + Number(fields['expires']),
        state: 'held',
      });
      return;
    }
    const known = this.#orders.get(String(order));
    if (known === undefined) return;
    // A dropped order stays away for as long as it could have waited.
    const until = at + known.expiresMs;
    this.#orders.set(known.order, {
      ...known,
      until,
      state: step === 'released' ? 'released' : 'dropped',
    });
  }

  /** The order of that name that waits or was released under `policy`. */
  get(order: string, policy: string, now: number): HeldOrder | undefined {
    return this.list(policy, now).find((held) => held.order === order);
  }

  /** What waits and what was released, the oldest first. */
  list(policy: string, now: number): readonly HeldOrder[] {
    return this.#live(policy, now).filter(({ state }) => state !== 'dropped');
  }

  /** What takes the places of a connection under `policy`. */
  inPlace(connection: string, policy: string, now: number): readonly HeldOrder[] {
    return this.#live(policy, now).filter(
      (held) =>
        held.connection === connection &&
        (held.state !== 'dropped' || now - held.until + held.expiresMs < DROPPED_PLACE_MS),
    );
  }

  /** What a person was asked, or has said, about an order like this one or a larger one. */
  find(question: HoldQuestion, now: number): HeldOrder | undefined {
    const covering = this.#covering(question, now);
    return covering.find(({ state }) => state === 'held') ?? covering[0];
  }

  /** Uses up the release of an order like this one; null where there is none. */
  take(question: HoldQuestion, now: number): Permission | null {
    const released = this.#covering(question, now).find(({ state }) => state === 'released');
    if (released === undefined) return null;
    this.#orders.delete(released.order);
    return {
      order: released.order,
      restore: () => void this.#orders.set(released.order, released),
    };
  }

  #covering({ connection, rule, policy, facts }: HoldQuestion, now: number): readonly HeldOrder[] {
    return this.#live(policy, now).filter(
      (held) =>
        held.connection === connection && held.rule === rule && isCovered(facts, held.facts),
    );
  }

  #live(policy: string, now: number): readonly HeldOrder[] {
    return [...this.#orders.values()].filter((held) => held.policy === policy && held.until > now);
  }

  /** What is void under the policy of today takes no place, and of what was dropped the newest are kept in mind. */
  #remember(held: HeldOrder): void {
    const others = [...this.#orders.values()].filter(
      ({ connection }) => connection === held.connection,
    );
    const dropped = others.filter(({ state }) => state === 'dropped');
    const forgotten = [
      ...others.filter(({ policy }) => policy !== held.policy),
      ...dropped.slice(0, Math.max(0, dropped.length - DROPPED_MAX)),
    ];
    for (const { order } of forgotten) this.#orders.delete(order);
    this.#orders.set(held.order, held);
  }

  #prune(now: number): void {
    for (const [order, { until }] of this.#orders) if (until <= now) this.#orders.delete(order);
  }
}

/** The entry that keeps an order for a person. */
export function heldEntry(
  {
    fields,
    rule,
    policy,
  }: { readonly fields: Entry['fields']; readonly rule: PolicyRule; readonly policy: string },
  time: number,
): Entry {
  const expires = rule.expiresMs ?? 0;
  return {
    time,
    kind: 'held',
    fields: { ...fields, step: 'held', rule: rule.id, policy, expires },
  };
}

/** The entry that says what a person made of it. */
export function answerEntry(
  { order, connection, rule }: HeldOrder,
  step: 'released' | 'dropped',
  time: number,
): Entry {
  return { time, kind: 'held', fields: { step, connection, rule, order } };
}

/** What the server may know of it. */
export function heldInfo(
  { order, connection, rule, fields, facts, since, until, state }: HeldOrder,
  now: { readonly wall: number; readonly window: number },
): HeldInfo {
  const text = (name: string): string => String(fields[name] ?? '');
  return {
    order,
    connection,
    rule,
    symbol: text('symbol'),
    side: facts.side === 'SELL' ? 'sell' : 'buy',
    type: text('type'),
    timeInForce: text('tif'),
    price: text('price'),
    stop: fields['stop'] === undefined ? null : text('stop'),
    quantity: text('quantity'),
    notional: formatNotional(facts.notional ?? 0n),
    clientOrderId: text('clientOrderId'),
    since,
    until: Math.max(Math.floor(now.wall + until - now.window), 0),
    isReleased: state === 'released',
  };
}

/** A release also covers a price and a worth beyond its own by so much, in a hundred: markets move while a person reads. */
const LEEWAY_PERCENT = 1n;

/** What a release covers at most: the worst price, and for a buy the most money. */
export function reachOf({ side, price, notional }: RequestFacts): {
  readonly price: bigint;
  readonly notional: bigint | null;
} {
  const leeway = (amount: bigint): bigint => (amount * LEEWAY_PERCENT) / 100n;
  const from = price ?? 0n;
  if (side !== 'BUY') return { price: from - leeway(from), notional: null };
  const money = notional ?? 0n;
  return { price: from + leeway(from), notional: money + leeway(money) };
}

/**
 * Whether who allowed `held` has allowed `asked`: as much or less of it, at that price, a better one, or one that is worse
 * by no more than the leeway. Bots buy for a sum of money, so what counts of a buy is its worth, not its coins.
 */
function isCovered(asked: RequestFacts, held: RequestFacts): boolean {
  if (
    asked.operation !== held.operation ||
    asked.symbol !== held.symbol ||
    asked.side !== held.side ||
    asked.type !== held.type ||
    asked.timeInForce !== held.timeInForce ||
    asked.stop !== held.stop ||
    asked.price === null ||
    held.price === null ||
    asked.quantity === null ||
    held.quantity === null
  ) {
    return false;
  }
  const reach = reachOf(held);
  if (reach.notional === null) {
    return asked.price >= reach.price && asked.quantity <= held.quantity;
  }
  return asked.price <= reach.price && asked.notional !== null && asked.notional <= reach.notional;
}
