// SPDX-License-Identifier: Apache-2.0
// The words about people, handed to the pages that show them; and what went wrong with a passkey, in those words.

import { useCallback } from 'react';

import { CeremonyError } from '../people/ceremony.ts';
import { useErrorText } from './error-text.ts';
import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';
import { englishPeople, type PeopleText } from './people-english.ts';
import { germanPeople } from './people-german.ts';

const TEXTS: Readonly<Record<LanguageName, PeopleText>> = { en: englishPeople, de: germanPeople };

export function usePeopleLanguage(): PeopleText {
  return TEXTS[useLanguage().name];
}

export function usePeopleError(): (error: unknown) => string {
  const people = usePeopleLanguage();
  const errorText = useErrorText();
  return useCallback(
    (error: unknown): string =>
      error instanceof CeremonyError ? people.faults[error.fault] : errorText(error),
    [people, errorText],
  );
}
