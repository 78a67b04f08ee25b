// SPDX-License-Identifier: Apache-2.0
// The words of settings and forms in the reader's language. They are many, so pages load them when they need them.

import type { LanguageName } from './languages.ts';
import { englishEditor } from './editor-english.ts';
import { germanEditor } from './editor-german.ts';
import { englishSettings } from './settings-english.ts';
import { germanSettings } from './settings-german.ts';
import type { SettingsWords } from './settings-words.ts';

export const settingsWords: Readonly<Record<LanguageName, SettingsWords>> = {
  en: englishSettings,
  de: germanSettings,
};

export type EditorText = typeof englishEditor;

export const editorTexts: Readonly<Record<LanguageName, EditorText>> = {
  en: englishEditor,
  de: germanEditor,
};

export interface SettingsLanguage {
  readonly words: SettingsWords;
  readonly text: EditorText;
}
