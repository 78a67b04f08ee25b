// SPDX-License-Identifier: Apache-2.0
// The words about the log, handed to the page that shows it.

import type { EntryKind } from '@kontor/tlog';

import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';
import { englishLog, type LogText } from './log-english.ts';
import { germanLog } from './log-german.ts';

const TEXTS: Readonly<Record<LanguageName, LogText>> = { en: englishLog, de: germanLog };

export function useLogLanguage(): LogText {
  return TEXTS[useLanguage().name];
}

/** What an entry of a kind says. */
export function kindText(kind: string, words: LogText): string {
  // Each kind that this version writes has words, or this does not compile.
  const each: Readonly<Record<EntryKind, string>> = words.kinds;
  const known: Readonly<Record<string, string>> = each;
  return Object.hasOwn(known, kind) ? (known[kind] ?? kind) : words.otherKind(kind);
}
