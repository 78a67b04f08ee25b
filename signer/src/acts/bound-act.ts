// SPDX-License-Identifier: Apache-2.0
// What every act is once it knows its world: lines for a person, an objection, and what it does.

import type { Recorded } from '../log/intent-log.ts';

/** One act, ready to be shown and done. */
export interface BoundAct {
  /** The action in lines without control characters: what a person consents to, and what the log holds the hash of. */
  readonly lines: readonly string[];
  /** Why it cannot be done now, or null. Asked before the consent and again after it. */
  readonly objection: () => string | null;
  /** False where the act only tightens: it happens at once. */
  readonly needsConsent: boolean;
  /** Does it. `evidence` proves that the consent is on disk. */
  readonly perform: (evidence: Recorded) => void;
}
