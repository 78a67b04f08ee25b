// SPDX-License-Identifier: Apache-2.0
// The words about opening the vault, handed to the pages that show them.

import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';
import { englishVault, type VaultText } from './vault-english.ts';
import { germanVault } from './vault-german.ts';

const TEXTS: Readonly<Record<LanguageName, VaultText>> = { en: englishVault, de: germanVault };

export function useVaultLanguage(): VaultText {
  return TEXTS[useLanguage().name];
}
