// SPDX-License-Identifier: Apache-2.0
// The words about keys and the vault, handed to the pages that show them.

import { englishKeys, type KeysText } from './keys-english.ts';
import { germanKeys } from './keys-german.ts';
import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';

const TEXTS: Readonly<Record<LanguageName, KeysText>> = { en: englishKeys, de: germanKeys };

export function useKeysLanguage(): KeysText {
  return TEXTS[useLanguage().name];
}
