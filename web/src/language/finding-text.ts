// SPDX-License-Identifier: Apache-2.0
// What a sentence about a finding of reconciliation may use, and for which findings there are sentences.

import type { Finding } from '../api/types.ts';
import { decimalsOf } from '../number/format.ts';
import type { Language } from './languages.ts';

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

/** How a finding weighs: `needsYou` asks for a look, `money` moved coins that no bot moved. */
export type FindingWeight = 'plain' | 'money' | 'needsYou';

const WEIGHTS: Readonly<Record<FindingCode, FindingWeight>> = {
  orphanFound: 'needsYou',
  orphanFilled: 'needsYou',
  orphanEnded: 'plain',
  orphanAdopted: 'plain',
  orphanCancelled: 'plain',
  foreignTrade: 'money',
  transfer: 'money',
  balanceUnexplained: 'needsYou',
  balanceExplained: 'plain',
  orderRevived: 'needsYou',
  orderMissed: 'plain',
  orderCancelledByOthers: 'plain',
  namesake: 'needsYou',
  restoreNoticed: 'needsYou',
  otherDeskNoticed: 'needsYou',
  streamDown: 'plain',
  streamDeaf: 'plain',
  sweepFailed: 'needsYou',
  startedUnchecked: 'needsYou',
  questionRefused: 'needsYou',
};

/** A code that this page does not know counts as one that needs a look: it is new. */
export function findingWeight(code: string): FindingWeight {
  return isKnown(code) ? WEIGHTS[code] : 'needsYou';
}

/** The sentence of `finding`; one that this page does not know is told by naming everything it carries. */
export function findingSentence(finding: Finding, { text, format }: Language): string {
  const { code, values } = finding;
  if (!isKnown(code)) {
    return [code, ...Object.entries(values).map(([name, value]) => `${name}: ${value}`)].join(', ');
  }
  const value = (name: string): string => values[name] ?? '';
  return text.findings[code]({
    value,
    number: (name) =>
      /^-?\d+(?:\.\d+)?$/.test(value(name))
        ? format.decimal(value(name), decimalsOf(value(name)))
        : value(name),
    isBuy: value('side') === 'buy',
  });
}

function isKnown(code: string): code is FindingCode {
  return Object.hasOwn(WEIGHTS, code);
}
