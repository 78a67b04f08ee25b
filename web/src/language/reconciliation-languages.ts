// SPDX-License-Identifier: Apache-2.0
// What the desk says about comparing itself with the exchange, by language.

import type { FindingSentences } from './finding-text.ts';
import type { LanguageName } from './languages.ts';
import { englishFindings, englishReconciliation } from './reconciliation-english.ts';
import { germanFindings, germanReconciliation } from './reconciliation-german.ts';

export interface ReconciliationText {
  readonly words: typeof englishReconciliation;
  readonly findings: FindingSentences;
}

const TEXTS: Readonly<Record<LanguageName, ReconciliationText>> = {
  en: { words: englishReconciliation, findings: englishFindings },
  de: { words: germanReconciliation, findings: germanFindings },
};

export function reconciliationIn(name: LanguageName): ReconciliationText {
  return TEXTS[name];
}
