// SPDX-License-Identifier: Apache-2.0
// The languages of the desk, and which one a reader gets.

import { createFormat, type Format } from '../number/format.ts';
import type { Preferences } from '../preferences.ts';
import { english, type Catalogue } from './english.ts';

export type LanguageName = 'en' | 'de';

/** English comes with the page; other languages are fetched when somebody reads them. */
const catalogues: Partial<Record<LanguageName, Catalogue>> = { en: english };

/** Says a reason of the desk in one language, with its numbers written by `told`; null where it knows no sentence. */
type ReasonTeller = (reason: string, told: (part: string) => string) => string | null;

/** English needs none: the desk's own sentences are English. */
const tellers: Partial<Record<LanguageName, ReasonTeller>> = {};

/** Resolves once `name` can be read; a language that does not come leaves the page in English. */
export async function loadLanguage(name: LanguageName): Promise<void> {
  if (name === 'de' && catalogues.de === undefined) {
    const [{ german }, { germanReason }] = await Promise.all([
      import('./german.ts'),
      import('./german-reasons.ts'),
    ]);
    tellers.de = germanReason;
    catalogues.de = german;
  }
}

export interface Language {
  readonly name: LanguageName;
  readonly text: Catalogue;
  readonly format: Format;
  readonly tellReason: ReasonTeller;
}

/**
 * The language of `preferences` in the reader's own regional form: with English chosen and `de-AT, en-GB`
 * preferred in the browser, the locale is `en-GB`.
 */
export function toLanguage(
  preferences: Pick<Preferences, 'language' | 'zone' | 'hours'>,
  preferred: readonly string[],
): Language {
  const wanted = wantedLanguage(preferences, preferred);
  // Until the words are there, numbers and times are not in their language either.
  const name = catalogues[wanted] === undefined ? 'en' : wanted;
  const locale =
    preferred.find((tag) => (tag === name || tag.startsWith(`${name}-`)) && isLocale(tag)) ?? name;
  return {
    name,
    text: catalogues[name] ?? english,
    tellReason: tellers[name] ?? (() => null),
    format: createFormat({ locale, zone: preferences.zone, hours: preferences.hours }),
  };
}

/** The language that `preferences` ask for. */
export function wantedLanguage(
  preferences: Pick<Preferences, 'language'>,
  preferred: readonly string[],
): LanguageName {
  return preferences.language === 'system' ? firstKnown(preferred) : preferences.language;
}

/** Some systems name their language in forms that Intl does not take, such as `en-US@posix`. */
function isLocale(tag: string): boolean {
  try {
    return Intl.getCanonicalLocales(tag).length === 1;
  } catch {
    return false;
  }
}

function firstKnown(preferred: readonly string[]): LanguageName {
  for (const tag of preferred) {
    if (tag === 'de' || tag.startsWith('de-')) return 'de';
    if (tag === 'en' || tag.startsWith('en-')) return 'en';
  }
  return 'en';
}
