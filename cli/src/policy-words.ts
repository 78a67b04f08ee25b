// SPDX-License-Identifier: Apache-2.0
// A policy in words, for the terminal: what each line means, and what the worst day could cost.

import { policyWords } from '@kontor/core';
import type { api } from '@kontor/server';

type Words = readonly string[];

/** The policy of one connection in lines. */
export function connectionWords(connection: api.PolicyConnection): Words {
  const { reference, floors, lines, worstDay } = connection;
  return [
    connection.connection,
    ...lines.map((line) => `  ${policyWords.line(line)}. (${line.id})`),
    ...(reference === null
      ? []
      : [
          `  ${policyWords.reference(reference.sources.join(', '), String(reference.maxAgeMs / 1_000), reference.agree)}.`,
        ]),
    ...floors.map((floor) => `  ${policyWords.floor(floor)}.`),
    '  Everything else is refused.',
    ...worstDayWords(worstDay).map((line) => `  ${line}`),
  ];
}

/** How a policy differs from the one before it. */
export function differenceWords({ direction, changes, reasons }: api.PolicyDifference): Words {
  if (direction === 'same') return ['Nothing changes in what is allowed.'];
  return [
    direction === 'tightening'
      ? 'It only tightens: nothing is allowed that was refused.'
      : 'It loosens, or may:',
    ...(direction === 'tightening' ? [] : reasons.map((reason) => `  ${reason}`)),
    ...changes.map(
      ({ connection, kind, text }) => `${kind === 'added' ? '+' : '-'} ${connection}: ${text}`,
    ),
  ];
}

/** What the policy says to one order. */
export function explanationWords({
  isAllowed,
  rule,
  reason,
  limits,
}: api.PolicyExplanation): Words {
  return [
    isAllowed ? `Allowed by ${rule}.` : `Refused by ${rule}: ${reason}.`,
    ...limits.map(({ field, limit, used }) =>
      used === ''
        ? `  ${field}  ${limit}`
        : field === 'liquidity'
          ? `  ${field}  ${limit}: ${used}`
          : `  ${field}  ${used} of ${limit} is used`,
    ),
  ];
}

/** An order that waits for a person, or was released, in one line. */
export function heldWords(held: api.HeldOrder): string {
  const { order, side, quantity, symbol, price, notional, rule, until, isReleased } = held;
  const end = new Date(until).toISOString();
  const state = isReleased ? `released, good until ${end}` : `waits until ${end}`;
  return `${order}  ${side} ${quantity} ${symbol} at ${price}, worth ${notional}, held by ${rule}: ${state}`;
}

function worstDayWords(days: api.PolicyConnection['worstDay']): Words {
  if (days.length === 0) return [`The worst day: ${policyWords.noDay}.`];
  return days.map((day) => `The worst day: ${policyWords.day(day)}.`);
}
