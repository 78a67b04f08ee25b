// SPDX-License-Identifier: Apache-2.0
// The words about the life of connections, handed to the pages that show them.

import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';
import { englishLife, type LifeText } from './life-english.ts';
import { germanLife } from './life-german.ts';

const TEXTS: Readonly<Record<LanguageName, LifeText>> = { en: englishLife, de: germanLife };

export function useLifeLanguage(): LifeText {
  return TEXTS[useLanguage().name];
}

/** What speaks against a key, in a sentence; one that this page does not know is told by its name. */
export function faultSentence(fault: string, { faults }: LifeText): string {
  return isKnown(fault, faults) ? faults[fault] : fault;
}

function isKnown(fault: string, faults: LifeText['faults']): fault is keyof LifeText['faults'] {
  return Object.hasOwn(faults, fault);
}
