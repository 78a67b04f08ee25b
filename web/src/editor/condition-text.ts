// SPDX-License-Identifier: Apache-2.0
// One condition as a line in the reader's language: `RSI, 1 hour, 14, below, 30`.

import { CONDITION_FIELD } from '@kontor/core';

import type { Language } from '../language/languages.ts';
import type { SettingsLanguage } from '../language/settings-languages.ts';
import { toDraft } from './draft.ts';
import { settingText } from './settings-view.tsx';

/** `condition` as the settings hold it. */
export function conditionText(
  condition: unknown,
  language: Language,
  settings: SettingsLanguage,
): string {
  const reader = {
    arrangement: { sections: [] },
    language,
    settings,
    quoteAsset: '',
    baseAsset: '',
    priceDecimals: 0,
  };
  return settingText(CONDITION_FIELD, toDraft(condition), ['dca', 'startConditions'], reader, '');
}
