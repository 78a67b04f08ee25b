// SPDX-License-Identifier: Apache-2.0
// The words about alarms, handed to the pages that show them.

import type { Alarm } from '../api/types.ts';
import { englishAlarms, type AlarmsText } from './alarms-english.ts';
import { germanAlarms } from './alarms-german.ts';
import { useLanguage } from './language.tsx';
import type { LanguageName } from './languages.ts';

const TEXTS: Readonly<Record<LanguageName, AlarmsText>> = { en: englishAlarms, de: germanAlarms };

export function useAlarmsLanguage(): AlarmsText {
  return TEXTS[useLanguage().name];
}

/** What an alarm says; one of a kind that this page does not know is told as the desk says it. */
export function alarmSentence(alarm: Alarm, { kinds }: AlarmsText): string {
  const { kind, facts, sentence } = alarm;
  if (!isKnown(kind, kinds)) return sentence;
  return kinds[kind]((name) => facts[name] ?? '');
}

function isKnown(kind: string, kinds: AlarmsText['kinds']): kind is keyof AlarmsText['kinds'] {
  return Object.hasOwn(kinds, kind);
}
