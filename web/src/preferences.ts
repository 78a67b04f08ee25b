// SPDX-License-Identifier: Apache-2.0
// What the reader chose: language, theme, how times are written. Kept in this browser, shared by its tabs.

import { useSyncExternalStore } from 'react';

export interface Preferences {
  readonly language: 'system' | 'en' | 'de';
  readonly theme: 'system' | 'dark' | 'light';
  readonly zone: 'local' | 'utc';
  readonly hours: 'system' | 'h23' | 'h12';
}

const STORAGE_KEY = 'kontor.preferences';

const CHOICES: { readonly [Key in keyof Preferences]: readonly Preferences[Key][] } = {
  language: ['system', 'en', 'de'],
  theme: ['system', 'dark', 'light'],
  zone: ['local', 'utc'],
  hours: ['system', 'h23', 'h12'],
};

const listeners = new Set<() => void>();
let current: Preferences = read();

/** The preferences in `text`; whatever is missing or unknown takes its default. */
export function parsePreferences(text: string | null): Preferences {
  let found: unknown = null;
  try {
    found = text === null ? null : JSON.parse(text);
  } catch {
    found = null;
  }
  const fields = new Map<string, unknown>(
    typeof found === 'object' && found !== null ? Object.entries(found) : [],
  );
  const pick = <Key extends keyof Preferences>(key: Key): Preferences[Key] => {
    const [fallback] = CHOICES[key];
    const choice = CHOICES[key].find((value) => value === fields.get(key));
    if (fallback === undefined) throw new Error(`Invariant: ${key} must have a default`);
    return choice ?? fallback;
  };
  return {
    language: pick('language'),
    theme: pick('theme'),
    zone: pick('zone'),
    hours: pick('hours'),
  };
}

/** What is chosen now, for whoever asks before the page is drawn. */
export function currentPreferences(): Preferences {
  return current;
}

export function usePreferences(): Preferences {
  return useSyncExternalStore(subscribe, () => current);
}

/** Changes some preferences, in every tab of this browser. */
export function choosePreferences(change: Partial<Preferences>): void {
  current = { ...current, ...change };
  try {
    localStorage.setItem(STORAGE_KEY, JSON.stringify(current));
  } catch {
    // A browser that stores nothing still follows the choice until it is closed.
  }
  showTheme();
  for (const listener of listeners) listener();
}

/** Follows changes that other tabs make, and shows the theme. */
export function watchPreferences(): void {
  showTheme();
  window.addEventListener('storage', (event) => {
    if (event.key !== STORAGE_KEY && event.key !== null) return;
    current = read();
    showTheme();
    for (const listener of listeners) listener();
  });
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

function read(): Preferences {
  try {
    return parsePreferences(localStorage.getItem(STORAGE_KEY));
  } catch {
    return parsePreferences(null);
  }
}

function showTheme(): void {
  const root = document.documentElement;
  if (current.theme === 'system') delete root.dataset['theme'];
  else root.dataset['theme'] = current.theme;
}
