// SPDX-License-Identifier: Apache-2.0
// From a finding of reconciliation, which is data, to a sentence in the reader's language.

import type { Finding } from '../api/types.ts';
import { decimalsOf } from '../number/format.ts';
import type { FindingCode } from './finding-text.ts';
import type { Language } from './languages.ts';
import { reconciliationIn } from './reconciliation-languages.ts';

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
export function findingSentence(finding: Finding, { name, format }: Language): string {
  const { code, values } = finding;
  if (!isKnown(code)) {
    return [code, ...Object.entries(values).map(([field, said]) => `${field}: ${said}`)].join(', ');
  }
  const value = (field: string): string => values[field] ?? '';
  return reconciliationIn(name).findings[code]({
    value,
    number: (field) =>
      /^-?\d+(?:\.\d+)?$/.test(value(field))
        ? format.decimal(value(field), decimalsOf(value(field)))
        : value(field),
    isBuy: value('side') === 'buy',
  });
}

function isKnown(code: string): code is FindingCode {
  return Object.hasOwn(WEIGHTS, code);
}
