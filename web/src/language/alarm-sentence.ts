// SPDX-License-Identifier: Apache-2.0
// What an alarm says, in the reader's language and with the numbers as the reader writes them.

import type { Alarm } from '../api/types.ts';
import { englishAlarms, type AlarmsText } from './alarms-english.ts';
import { germanAlarms } from './alarms-german.ts';
import type { Language, LanguageName } from './languages.ts';
import { reasonText } from './reason.ts';

const TEXTS: Readonly<Record<LanguageName, AlarmsText>> = { en: englishAlarms, de: germanAlarms };

export function alarmsIn(name: LanguageName): AlarmsText {
  return TEXTS[name];
}

/** Facts that are numbers; others, such as names, may look like one. */
const NUMBERS: ReadonlySet<string> = new Set([
  'price', 'quantity', 'difference', 'low', 'high', 'seconds', 'days', 'theirs', 'ours',
]); // prettier-ignore
const NUMBER = /^-?\d+(\.\d+)?$/;

/** What an alarm says; one of a kind that this page does not know is told as the desk says it. */
export function alarmSentence(alarm: Alarm, language: Language): string {
  const { kinds } = alarmsIn(language.name);
  const { kind, facts, sentence } = alarm;
  if (!isKnown(kind, kinds)) return sentence;
  return kinds[kind]((name) => factText(name, facts[name] ?? '', language));
}

/** One thing that was seen, with numbers as the reader writes them. */
export function factText(name: string, value: string, language: Language): string {
  if (NUMBERS.has(name) && NUMBER.test(value)) return language.format.exact(value);
  return name === 'reason' ? reasonText(value, language) : value;
}

function isKnown(kind: string, kinds: AlarmsText['kinds']): kind is keyof AlarmsText['kinds'] {
  return Object.hasOwn(kinds, kind);
}
