// SPDX-License-Identifier: Apache-2.0
// What the fields of settings are called, and what to know about each; found by a field's path in its settings.

import type { SectionName } from '../editor/arrangement.ts';

export interface FieldWords {
  readonly name: string;
  /** A sentence beside the field. */
  readonly help?: string;
  /** By choice, or by the kinds of a variant. */
  readonly choices?: Readonly<Record<string, string>>;
  /** What one entry of a list is called. */
  readonly item?: string;
}

export interface KindWords {
  readonly name: string;
  /** What it does, in one sentence. */
  readonly sentence: string;
}

export interface PresetWords {
  readonly name: string;
  readonly sentence: string;
}

export interface SettingsWords {
  readonly sections: Readonly<Record<SectionName, string>>;
  readonly kinds: Readonly<Record<string, KindWords>>;
  /** By `kind.preset`. */
  readonly presets: Readonly<Record<string, PresetWords>>;
  /**
   * By the path without list indexes, the kind of bot first, kinds of variants as steps: `dca.takeProfitSteps.share`,
   * `dca.startConditions.rsi.period`. `*` stands for any beginning: `*.rsi.period`, `*.period`; the longest wins.
   */
  readonly fields: Readonly<Record<string, FieldWords>>;
}

/** The words for the field at `path`; null where the catalogue has none. */
export function findFieldWords(words: SettingsWords, path: readonly string[]): FieldWords | null {
  const whole = words.fields[path.join('.')];
  if (whole !== undefined) return whole;
  for (let from = 1; from < path.length; from += 1) {
    const found = words.fields[`*.${path.slice(from).join('.')}`];
    if (found !== undefined) return found;
  }
  return null;
}

/** The words for the field at `path`; its own name, as words, where the catalogue has none yet. */
export function fieldWords(words: SettingsWords, path: readonly string[]): FieldWords {
  return findFieldWords(words, path) ?? { name: spoken(path.at(-1) ?? '') };
}

/** What `choice` of a field is called. */
export function choiceWord(words: FieldWords, choice: string): string {
  return words.choices?.[choice] ?? spoken(choice);
}

/** `maxActiveDeals` as `Max active deals`. */
function spoken(name: string): string {
  const words = name.replace(
    /([a-z0-9])([A-Z])/g,
    (_, left: string, right: string) => `${left} ${right.toLowerCase()}`,
  );
  return words.charAt(0).toUpperCase() + words.slice(1);
}
