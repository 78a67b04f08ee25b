// SPDX-License-Identifier: Apache-2.0
// The words about the policy, handed to the page that shows it.

import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';
import { englishPolicy, type PolicyText } from './policy-english.ts';
import { germanPolicy } from './policy-german.ts';

const TEXTS: Readonly<Record<LanguageName, PolicyText>> = { en: englishPolicy, de: germanPolicy };

export function usePolicyLanguage(): PolicyText {
  return TEXTS[useLanguage().name];
}
