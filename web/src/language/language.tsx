// SPDX-License-Identifier: Apache-2.0
// The reader's language and locale, handed to every component.

import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  type ReactElement,
  type ReactNode,
} from 'react';

import { usePreferences } from '../preferences.ts';
import { toLanguage, type Language } from './languages.ts';

const LanguageContext = createContext<Language | null>(null);

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const preferences = usePreferences();
  const language = useMemo(() => toLanguage(preferences, navigator.languages), [preferences]);
  useEffect(() => {
    document.documentElement.lang = language.format.locale;
  }, [language]);
  return <LanguageContext value={language}>{children}</LanguageContext>;
}

export function useLanguage(): Language {
  const language = useContext(LanguageContext);
  if (language === null) throw new Error('Invariant: the page must stand inside LanguageProvider');
  return language;
}
