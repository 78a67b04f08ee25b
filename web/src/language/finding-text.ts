// SPDX-License-Identifier: Apache-2.0
// What a sentence about a finding of reconciliation may use, and for which findings there are sentences.

/** The values of a finding, ready to stand in a sentence; '' where it has none of that name. */
export interface FindingText {
  readonly value: (name: string) => string;
  /** A number in the reader's locale. */
  readonly number: (name: string) => string;
  readonly isBuy: boolean;
}

export type FindingCode =
  | 'orphanFound'
  | 'orphanFilled'
  | 'orphanEnded'
  | 'orphanAdopted'
  | 'orphanCancelled'
  | 'foreignTrade'
  | 'transfer'
  | 'balanceUnexplained'
  | 'balanceExplained'
  | 'orderRevived'
  | 'orderMissed'
  | 'orderCancelledByOthers'
  | 'namesake'
  | 'restoreNoticed'
  | 'otherDeskNoticed'
  | 'streamDown'
  | 'streamDeaf'
  | 'sweepFailed'
  | 'startedUnchecked'
  | 'questionRefused';

export type FindingSentences = Readonly<Record<FindingCode, (finding: FindingText) => string>>;
