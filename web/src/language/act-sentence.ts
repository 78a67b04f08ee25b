// SPDX-License-Identifier: Apache-2.0
// What a person did, in one sentence; what the page does not know is told as the desk noted it.

import type { PersonAct } from '../api/types.ts';
import { englishActs, type ActsText } from './acts-english.ts';
import { germanActs } from './acts-german.ts';
import type { LanguageName } from './languages.ts';

const TEXTS: Readonly<Record<LanguageName, ActsText>> = { en: englishActs, de: germanActs };

/** What people call a thing, by its identifier. */
export type NameOf = (id: string) => string | undefined;

/** Null where the page has no sentence for it. */
export function actSentence(
  { act, about }: Pick<PersonAct, 'act' | 'about'>,
  language: LanguageName,
  nameOf: NameOf,
): string | null {
  const { did, asked, askedOther } = TEXTS[language];
  const said = did[act];
  if (said === undefined || typeof said === 'string') return said ?? null;
  if (act === 'POST /api/v1/acts') {
    const kind = /^act (\w+)$/.exec(about)?.[1] ?? '';
    return said(asked[kind] ?? askedOther);
  }
  // A route names its parameter before the value: `id 3`.
  const value = act.includes('/:') ? about.replace(/^\w+ /, '') : about;
  return said(nameOf(value) ?? value);
}
