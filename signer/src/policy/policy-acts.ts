// SPDX-License-Identifier: Apache-2.0
// Changing the policy as an act of a person: what they read, and what follows. What only tightens needs no consent and
// holds at once; what may loosen needs both consent and time.

import type { CancelPolicyChange, ChangePolicy } from '../acts/act.ts';
import type { BoundAct } from '../acts/bound-act.ts';
import type { PolicySubject } from './evaluator.ts';
import type { PolicyInForce } from './in-force.ts';

/** What acts on the policy reach. */
export interface PolicyWorld {
  readonly rules: PolicyInForce;
  readonly subjectOf: (connection: string) => PolicySubject | undefined;
  /** Time on the window clock. */
  readonly window: () => number;
  readonly say: (sentence: string) => void;
}

const LINES_CHARACTERS_MAX = 12_000;
const MINUTE_MS = 60_000;

export function changePolicy(act: ChangePolicy, world: PolicyWorld): BoundAct {
  const { rules, say } = world;
  const compared = rules.compare(act.policy);
  if (!compared.ok) return impossible(compared.reason);
  const { policy, comparison } = compared;
  const { direction, changes, reasons } = comparison;
  const isLoosening = direction === 'loosening';
  const minutes = Math.ceil(rules.looseningDelayMs / MINUTE_MS);
  const lines = [
    'act: change the policy, which decides what the keys may sign',
    `from: ${act.before}`,
    `to: ${policy.hash}`,
    `direction: ${direction}`,
    isLoosening ? `holds: ${minutes} minutes after the consent` : 'holds: at once',
    `loosening-delay: ${policy.looseningDelayMs / 1_000}s`,
    ...changes.map(
      ({ connection, kind, text }) => `${kind === 'added' ? '+' : '-'} ${connection}: ${text}`,
    ),
    ...reasons.map((reason) => `loosens: ${reason}`),
  ].map(printable);
  return {
    needsConsent: isLoosening,
    lines,
    objection: () => {
      if (rules.evaluator.hash !== act.before) {
        return `expected a change of the policy in force (${rules.evaluator.hash}), found one of ${act.before}`;
      }
      if (direction === 'same') return 'expected another policy, found the one in force';
      if (lines.join('').length > LINES_CHARACTERS_MAX) {
        return 'expected a change that a person can read at once: take it over with kontor policy edit while the desk is stopped';
      }
      return null;
    },
    perform: ({ sequence, entry: { time } }) => {
      const now = { wall: time, window: world.window() };
      if (!isLoosening) {
        const how = { by: 'server', evidence: sequence } as const;
        rules.apply({ policy, text: act.policy }, how, world.subjectOf, now);
        say('The policy is tightened from now on.');
        return;
      }
      const { dueAt } = rules.postpone({ policy, text: act.policy }, sequence, now);
      say(`A policy that loosens holds from ${new Date(dueAt).toISOString()} on.`);
    },
  };
}

export function cancelPolicyChange(_act: CancelPolicyChange, world: PolicyWorld): BoundAct {
  const { rules, say } = world;
  return {
    needsConsent: false,
    lines: [
      'act: give up the change of the policy that waits',
      `to: ${rules.pending?.policy.hash ?? 'none'}`,
    ],
    objection: () =>
      rules.pending === null ? 'expected a change of the policy that waits, found none' : null,
    perform: ({ entry: { time } }) => {
      rules.cancel(time);
      say('The change of the policy that waited is given up.');
    },
  };
}

function impossible(reason: string): BoundAct {
  return {
    needsConsent: true,
    lines: [],
    objection: () => reason,
    perform: () => {
      throw new Error('Invariant: an act with an objection is not performed');
    },
  };
}

/** A policy's lines are ASCII but may hold tabs. */
function printable(line: string): string {
  return line.replace(/[^\x20-\x7e]+/g, ' ');
}
