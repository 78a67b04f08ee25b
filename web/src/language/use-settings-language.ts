// SPDX-License-Identifier: Apache-2.0
// The words of settings and forms, handed to components.

import { useMemo } from 'react';

import { useLanguage } from './language.tsx';
import { editorTexts, settingsWords, type SettingsLanguage } from './settings-languages.ts';

export function useSettingsLanguage(): SettingsLanguage {
  const { name } = useLanguage();
  return useMemo(() => ({ words: settingsWords[name], text: editorTexts[name] }), [name]);
}
