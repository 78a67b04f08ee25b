// SPDX-License-Identifier: Apache-2.0
// Settings to read: the same questions in the same order as when they are changed, each with its answer.

import type { BotSettings, Field, Fields } from '@kontor/core';
import { useMemo, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import type { Language } from '../language/languages.ts';
import { choiceWord, fieldWords } from '../language/settings-words.ts';
import type { SettingsLanguage } from '../language/settings-languages.ts';
import { useSettingsLanguage } from '../language/use-settings-language.ts';
import {
  completeArrangement,
  fieldsOf,
  type Arrangement,
  type Place,
  type Section,
  type SectionName,
} from './arrangement.ts';
import { decimalsOf } from '../number/format.ts';
import { ARRANGEMENTS } from './arrangements.ts';
import {
  isDraftFields,
  isDraftList,
  isOptional,
  toDraftFields,
  type Draft,
  type DraftFields,
} from './draft.ts';
import './settings-view.css';

export interface Reader {
  readonly arrangement: Arrangement;
  readonly language: Language;
  readonly settings: SettingsLanguage;
  readonly quoteAsset: string;
  readonly baseAsset: string;
  /** Of the one instrument; 0 where there are several. */
  readonly priceDecimals: number;
}

interface Line {
  readonly key: string;
  readonly name: string;
  readonly value: string;
  /** What stands inside it, one line each. */
  readonly lines: readonly Line[];
}

export function SettingsView({
  settings,
  quoteAsset,
  baseAsset,
  priceDecimals,
}: {
  readonly settings: BotSettings;
  readonly quoteAsset: string;
  /** Empty where there are several instruments. */
  readonly baseAsset: string;
  readonly priceDecimals: number;
}): ReactElement {
  const language = useLanguage();
  const own = useSettingsLanguage();
  const sections = useMemo(() => {
    const fields = fieldsOf(settings.kind);
    const arrangement = completeArrangement(fields, ARRANGEMENTS[settings.kind] ?? null);
    const values = toDraftFields(settings);
    const reader = { arrangement, language, settings: own, quoteAsset, baseAsset, priceDecimals };
    return arrangement.sections
      .map((section) => ({
        name: own.words.sections[nameOf(section, values)],
        lines: linesOf(section, fields, values, settings.kind, reader),
      }))
      .filter(({ lines }) => lines.length > 0);
  }, [settings, language, own, quoteAsset, baseAsset, priceDecimals]);
  return (
    <div className="settings-view">
      {sections.map(({ name, lines }) => (
        <div key={name} role="group" aria-label={name}>
          <h3>{name}</h3>
          <Lines lines={lines} />
        </div>
      ))}
    </div>
  );
}

function Lines({ lines }: { readonly lines: readonly Line[] }): ReactElement {
  return (
    <dl>
      {lines.map((line) => (
        <div key={line.key} className={line.lines.length === 0 ? '' : 'settings-view-block'}>
          <dt>{line.name}</dt>
          <dd>{line.lines.length === 0 ? line.value : <Lines lines={line.lines} />}</dd>
        </div>
      ))}
    </dl>
  );
}

function nameOf(section: Section, values: DraftFields): SectionName {
  return typeof section.name === 'function' ? section.name(values) : section.name;
}

function linesOf(
  section: Section,
  fields: Fields,
  values: DraftFields,
  kind: string,
  reader: Reader,
): readonly Line[] {
  const shown = (place: Place, isAdvanced: boolean): readonly Line[] => {
    const field = fields[place.field];
    const value = values[place.field];
    if (field === undefined || place.field === 'name') return [];
    if (place.isAsked?.(values) === false) return [];
    // What nobody set and few people know is no news.
    if (isAdvanced && !isTold(field, value)) return [];
    return [lineOf(field, value, place, [kind, place.field], values, reader)];
  };
  return [
    ...section.places.flatMap((place) => shown(place, false)),
    ...(section.advanced ?? []).flatMap((place) => shown(place, true)),
  ];
}

function isTold(field: Field, value: Draft): boolean {
  if (value === undefined) return false;
  if (isOptional(field)) return true;
  return !('default' in field) || JSON.stringify(field.default) !== JSON.stringify(value);
}

function lineOf(
  field: Field,
  value: Draft,
  place: Place,
  path: readonly string[],
  siblings: DraftFields,
  reader: Reader,
): Line {
  const words = fieldWords(reader.settings.words, path);
  const line = { key: path.join('.'), name: words.name, value: '–', lines: [] as readonly Line[] };
  if (value === undefined) return line;
  if (field.kind === 'group' && isDraftFields(value)) {
    return { ...line, lines: groupLines(field.fields, value, path, reader) };
  }
  if (field.kind === 'list' && isDraftList(value)) {
    const items = value.map((item, index) => ({
      key: `${line.key}.${index}`,
      name: reader.settings.text.form.entryNumber(
        words.item ?? reader.settings.text.form.entry,
        String(index + 1),
      ),
      value: itemText(field.item, item, path, reader),
      lines: [],
    }));
    return items.length === 0 ? line : { ...line, lines: items };
  }
  return { ...line, value: settingText(field, value, path, reader, unitChoice(place, siblings)) };
}

function groupLines(
  fields: Fields,
  values: DraftFields,
  path: readonly string[],
  reader: Reader,
): readonly Line[] {
  const arranged = reader.arrangement.groups?.[path.slice(1).join('.')];
  const places: readonly Place[] = arranged ?? Object.keys(fields).map((field) => ({ field }));
  return places.flatMap((place) => {
    const field = fields[place.field];
    const value = values[place.field];
    if (field === undefined || value === undefined) return [];
    if (place.isAsked?.(values) === false || !isTold(field, value)) return [];
    return [lineOf(field, value, place, [...path, place.field], values, reader)];
  });
}

/** One entry of a list on one line: `rsi`, `14`, `1 hour`, `below 30`. */
function itemText(field: Field, value: Draft, path: readonly string[], reader: Reader): string {
  if (field.kind === 'group' && isDraftFields(value)) {
    return groupLines(field.fields, value, path, reader)
      .map((line) => (line.lines.length === 0 ? line.value : line.name))
      .join(', ');
  }
  return settingText(field, value, path, reader, '');
}

/** The value of one field as text. */
export function settingText(
  field: Field,
  value: Draft,
  path: readonly string[],
  reader: Reader,
  unit: string,
): string {
  const { format } = reader.language;
  const { words, text } = reader.settings;
  const own = fieldWords(words, path);
  switch (field.kind) {
    case 'text':
      return String(value);
    case 'boolean':
      return value === true ? text.form.on : text.form.off;
    case 'choice':
      return choiceWord(own, String(value));
    case 'symbols':
      return isDraftList(value) ? value.join(', ') : '';
    case 'decimal':
    case 'integer':
      return numberText(field, value, reader, unit);
    case 'variant': {
      if (!isDraftFields(value)) return '';
      const kind = String(value['kind']);
      const inside = field.variants[kind] ?? {};
      const parts = Object.entries(inside).flatMap(([name, each]) =>
        value[name] === undefined
          ? []
          : [settingText(each, value[name], [...path, kind, name], reader, '')],
      );
      // A price says by its unit which of the two it is; an indicator needs its name.
      return parts.length === 1 ? String(parts[0]) : [choiceWord(own, kind), ...parts].join(', ');
    }
    case 'group':
      return isDraftFields(value) ? itemText(field, value, path, reader) : '';
    case 'list':
      return isDraftList(value)
        ? value.map((item) => itemText(field.item, item, path, reader)).join('; ')
        : format.integer(0);
  }
}

function numberText(
  field: Extract<Field, { kind: 'decimal' | 'integer' }>,
  value: Draft,
  { language: { format }, settings: { text }, quoteAsset, baseAsset, priceDecimals }: Reader,
  unit: string,
): string {
  const shown = typeof value === 'number' ? format.integer(value) : format.exact(String(value));
  const coins = baseAsset === '' ? text.form.coins : baseAsset;
  switch (field.unit) {
    case 'percent':
      return format.share(String(value));
    case 'scale':
      return `× ${shown}`;
    case 'seconds':
      return format.duration(Number(value) * 1000);
    case 'quote':
      return `${shown} ${quoteAsset}`;
    case 'price': {
      const price = String(value);
      return `${format.decimal(price, Math.max(priceDecimals, decimalsOf(price)))} ${quoteAsset}`;
    }
    case 'base':
      return `${shown} ${coins}`;
    case 'volume':
    case 'none':
      if (unit === 'percent') return text.form.ofFree(format.share(String(value)));
      if (unit === 'base') return `${shown} ${coins}`;
      return unit === 'quote' ? `${shown} ${quoteAsset}` : shown;
    case 'candles':
      return shown;
  }
}

function unitChoice({ unitFrom }: Place, siblings: DraftFields): string {
  return unitFrom === undefined ? '' : String(siblings[unitFrom] ?? '');
}
