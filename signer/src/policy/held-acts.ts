// SPDX-License-Identifier: Apache-2.0
// The acts by which a person releases an order that a hold line keeps, or drops it.

import type { DenyHeld, ReleaseHeld } from '../acts/act.ts';
import type { BoundAct } from '../acts/bound-act.ts';
import { formatNotional, toNotional } from '../amount.ts';
import type { Entry } from '../log/intent-log.ts';
import type { PolicySubject } from './evaluator.ts';
import { answerEntry, reachOf, type HeldOrder } from './held-orders.ts';
import type { PolicyInForce } from './in-force.ts';

/** What acts on held orders reach. */
export interface HeldWorld {
  readonly rules: PolicyInForce;
  readonly subjectOf: (connection: string) => PolicySubject | undefined;
  readonly window: () => number;
  /** Puts an entry on the log and has the held orders read it. */
  readonly answerHeld: (entry: Entry) => void;
}

const SECOND_MS = 1_000;

export function releaseHeld({ order }: ReleaseHeld, world: HeldWorld): BoundAct {
  const held = find(order, world);
  return {
    needsConsent: true,
    lines: [
      'act: release a held order, so that it may be signed once',
      `order: ${order}`,
      ...(held === undefined ? [] : linesOf(held, world)),
    ],
    objection: () => objectionTo(order, world, ['held']),
    perform: ({ entry: { time } }) => answer(order, 'released', time, world),
  };
}

export function denyHeld({ order }: DenyHeld, world: HeldWorld): BoundAct {
  const held = find(order, world);
  return {
    needsConsent: false,
    lines: [
      'act: drop a held order, which is then refused',
      `order: ${order}`,
      ...(held === undefined ? [] : orderLines(held, world)),
    ],
    objection: () => objectionTo(order, world, ['held', 'released']),
    perform: ({ entry: { time } }) => answer(order, 'dropped', time, world),
  };
}

/** How long a hold line keeps an order, and a release is good for. */
export function secondsOf(ms: number): string {
  return `${Math.ceil(ms / SECOND_MS)} s`;
}

function linesOf(held: HeldOrder, world: HeldWorld): readonly string[] {
  const reach = reachOf(held.facts);
  const line = world.rules.evaluator.holdLine(held.rule)?.text ?? held.rule;
  return [
    ...orderLines(held, world),
    `held by: ${line.replace(/[^\x20-\x7e]+/g, ' ')}`,
    `good for: one order like it or smaller, within ${secondsOf(held.expiresMs)}`,
    reach.notional === null
      ? `at a price of at least: ${formatNotional(toNotional(reach.price))}`
      : `at a price of at most: ${formatNotional(toNotional(reach.price))}, worth at most ${formatNotional(reach.notional)}`,
  ];
}

function orderLines(
  { connection, facts, fields }: HeldOrder,
  { subjectOf }: HeldWorld,
): readonly string[] {
  const { side, quantity, symbol, type, tif, price, stop } = fields;
  return [
    `connection: ${connection} ${subjectOf(connection)?.name ?? ''}`.trimEnd(),
    `${side === 'SELL' ? 'sell' : 'buy'}: ${String(quantity)} ${String(symbol)} at ${String(price)}`,
    ...(stop === undefined ? [] : [`stop: ${String(stop)}`]),
    `type: ${String(type)} ${String(tif)}`,
    `worth: ${formatNotional(facts.notional ?? 0n)}`,
  ];
}

function find(order: string, { rules, window }: HeldWorld): HeldOrder | undefined {
  const { held, hash } = rules.evaluator;
  return held.get(order, hash, window());
}

function objectionTo(
  order: string,
  world: HeldWorld,
  states: readonly HeldOrder['state'][],
): string | null {
  const held = find(order, world);
  if (held === undefined || world.rules.evaluator.holdLine(held.rule) === undefined) {
    return `expected an order that waits for a person, found none named ${order}: its time may have passed`;
  }
  return states.includes(held.state)
    ? null
    : `expected an order that waits, found ${order} released`;
}

function answer(order: string, step: 'released' | 'dropped', time: number, world: HeldWorld): void {
  const held = find(order, world);
  if (held === undefined) throw new Error('Invariant: an act with an objection is not performed');
  world.answerHeld(answerEntry(held, step, time));
}
