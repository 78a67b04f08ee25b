// SPDX-License-Identifier: Apache-2.0
// The reader's language and locale, handed to every component.

import {
  createContext,
  useContext,
  useEffect,
  useMemo,
  useState,
  type ReactElement,
  type ReactNode,
} from 'react';

import { usePreferences, type Preferences } from '../preferences.ts';
import {
  loadLanguage,
  toLanguage,
  wantedLanguage,
  type Language,
  type LanguageName,
} from './languages.ts';

const LanguageContext = createContext<Language | null>(null);

export function LanguageProvider({ children }: { readonly children: ReactNode }): ReactElement {
  const preferences = usePreferences();
  const wanted = wantedLanguage(preferences, navigator.languages);
  const [loaded, setLoaded] = useState<LanguageName>('en');
  useEffect(() => {
    let isWanted = true;
    loadLanguage(wanted).then(
      () => {
        if (isWanted) setLoaded(wanted);
      },
      // Without its words the page stays in the language that it has.
      () => undefined,
    );
    return () => {
      isWanted = false;
    };
  }, [wanted]);
  const language = useMemo(() => readLanguage(preferences, loaded), [preferences, loaded]);
  useEffect(() => {
    document.documentElement.lang = language.format.locale;
  }, [language]);
  return <LanguageContext value={language}>{children}</LanguageContext>;
}

/** `_loaded` is the language whose words came last: what was asked for may be there now. */
function readLanguage(preferences: Preferences, _loaded: LanguageName): Language {
  return toLanguage(preferences, navigator.languages);
}

export function useLanguage(): Language {
  const language = useContext(LanguageContext);
  if (language === null) throw new Error('Invariant: the page must stand inside LanguageProvider');
  return language;
}
