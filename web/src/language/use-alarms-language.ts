// SPDX-License-Identifier: Apache-2.0
// The words about alarms, handed to the pages that show them.

import { alarmsIn } from './alarm-sentence.ts';
import type { AlarmsText } from './alarms-english.ts';
import { useLanguage } from './language.tsx';

export function useAlarmsLanguage(): AlarmsText {
  return alarmsIn(useLanguage().name);
}
