// SPDX-License-Identifier: Apache-2.0
// Approval as a type: only the policy makes a `PolicyApproved`, and only a `PolicyApproved` can be signed.

import { strict as assert } from 'node:assert';

declare const brand: unique symbol;

/** A request that the policy allowed, with the rule that did. It is good for one signature. */
export interface PolicyApproved<T> {
  readonly [brand]: 'PolicyApproved';
  readonly request: T;
  readonly rule: string;
}

// The type keeps honest code honest; this set keeps a forged object out as well.
const unspent = new WeakSet<object>();

/** For the evaluator alone. */
export function approve<T>(request: T, rule: string): PolicyApproved<T> {
  const approved = Object.freeze({ request, rule }) as PolicyApproved<T>;
  unspent.add(approved);
  return approved;
}

/** Takes the approval's one use. Asserts that the policy made it and nobody used it before. */
export function spend(approved: PolicyApproved<unknown>): void {
  assert(unspent.delete(approved), 'Invariant: an approval is made by the policy and used once');
}
