// SPDX-License-Identifier: Apache-2.0
// How the fields of a kind of bot are laid out as questions. A kind without an arrangement of its own is shown field
// by field.

import { SETTINGS_FIELDS, type BotKind, type Field, type Fields } from '@kontor/core';

import { isDraftFields, isDraftList, isOptional, type Draft, type DraftFields } from './draft.ts';

/** Names of the questions; the catalogue has a title for each. */
export type SectionName =
  | 'what'
  | 'buy'
  | 'sellFirst'
  | 'average'
  | 'averageUp'
  | 'sell'
  | 'buyBack'
  | 'giveUp'
  | 'limits'
  | 'range'
  | 'lines'
  | 'move'
  | 'shares'
  | 'when'
  | 'size'
  | 'signals'
  | 'exits'
  | 'settings'
  | 'more';

export interface Place {
  readonly field: string;
  /** A choice among the siblings that says what the number counts; shown beside it instead of on its own. */
  readonly unitFrom?: string;
  /** Whether the field is asked at all; what is not asked is not sent. */
  readonly isAsked?: (draft: DraftFields) => boolean;
  /** What an optional field begins with when it is added. */
  readonly suggestion?: Draft;
  /** An optional field that must be there whenever it is asked. */
  readonly isNeeded?: true;
}

export interface Section {
  readonly name: SectionName | ((draft: DraftFields) => SectionName);
  readonly places: readonly Place[];
  /** Folded until asked for. */
  readonly advanced?: readonly Place[];
}

export interface Arrangement {
  readonly sections: readonly Section[];
  /** Fields that follow from others and are never typed. */
  readonly derive?: (draft: DraftFields) => DraftFields;
  /** Where an error of a field that is not shown belongs. */
  readonly errorsOf?: Readonly<Record<string, string>>;
  /** Text fields, by their path without indexes, that name an instrument of the desk or an asset to pay with. */
  readonly choicesFrom?: Readonly<Record<string, 'symbols' | 'quoteAssets'>>;
  /** What is asked inside groups and the groups of lists, by path without indexes; `isAsked` is told the group's fields. */
  readonly groups?: Readonly<Record<string, readonly Place[]>>;
}

/** The arrangement with every field of `fields` in it: what it does not name comes last, folded. */
export function completeArrangement(fields: Fields, given: Arrangement | null): Arrangement {
  const placed = new Set<string>();
  for (const { places, advanced = [] } of given?.sections ?? []) {
    for (const { field, unitFrom } of [...places, ...advanced]) {
      placed.add(field);
      if (unitFrom !== undefined) placed.add(unitFrom);
    }
  }
  for (const field of Object.keys(given?.errorsOf ?? {})) placed.add(field);
  const left = Object.entries(fields).filter(([name]) => !placed.has(name));
  const toPlace = ([field]: readonly [string, Field]): Place => ({ field });
  if (given === null) {
    const mayWait = ([, field]: readonly [string, Field]): boolean =>
      isOptional(field) || 'default' in field;
    return {
      sections: [
        {
          name: 'settings',
          places: left.filter((entry) => !mayWait(entry)).map(toPlace),
          advanced: left.filter(mayWait).map(toPlace),
        },
      ],
    };
  }
  if (left.length === 0) return given;
  const more: Section = { name: 'more', places: [], advanced: left.map(toPlace) };
  return { ...given, sections: [...given.sections, more] };
}

/** The arrangement with only the fields of `names`; questions without any are left out. */
export function withFields(arrangement: Arrangement, names: readonly string[] | null): Arrangement {
  if (names === null) return arrangement;
  const kept = (places: readonly Place[]): readonly Place[] =>
    places.filter(({ field }) => names.includes(field));
  return {
    ...arrangement,
    sections: arrangement.sections
      .map((section) => ({
        ...section,
        places: kept(section.places),
        advanced: kept(section.advanced ?? []),
      }))
      .filter(({ places, advanced }) => places.length + advanced.length > 0),
  };
}

/** `draft` as it would be sent: without what is not asked, with what follows from it. */
export function sentDraft(
  fields: Fields,
  arrangement: Arrangement,
  draft: DraftFields,
): DraftFields {
  const places = arrangement.sections.flatMap((section) => [
    ...section.places,
    ...(section.advanced ?? []),
  ]);
  const sent = strip(arrangement, fields, draft, places, '');
  return arrangement.derive === undefined ? sent : arrangement.derive(sent);
}

function strip(
  arrangement: Arrangement,
  fields: Fields,
  draft: DraftFields,
  places: readonly Place[],
  path: string,
): DraftFields {
  const sent: Record<string, Draft> = {};
  for (const [name, value] of Object.entries(draft)) {
    const place = places.find(({ field }) => field === name);
    if (place?.isAsked?.(draft) === false) continue;
    const field = fields[name];
    sent[name] =
      field === undefined
        ? value
        : stripValue(arrangement, field, value, path === '' ? name : `${path}.${name}`);
  }
  return sent;
}

function stripValue(arrangement: Arrangement, field: Field, value: Draft, path: string): Draft {
  if (field.kind === 'list' && isDraftList(value)) {
    return value.map((item) => stripValue(arrangement, field.item, item, path));
  }
  const places = arrangement.groups?.[path];
  if (field.kind !== 'group' || places === undefined || !isDraftFields(value)) return value;
  return strip(arrangement, field.fields, value, places, path);
}

/** The field at `path` (without list indexes and names of variants in between being lost), or null. */
export function fieldAt(
  fields: Fields,
  draft: DraftFields,
  path: readonly (string | number)[],
): Field | null {
  let field: Field | undefined;
  let inside: Fields | null = fields;
  let value: Draft = draft;
  for (const part of path) {
    if (typeof part === 'number') {
      if (field?.kind !== 'list') return null;
      field = field.item;
      value = isDraftList(value) ? value[part] : undefined;
    } else {
      if (inside === null) return null;
      field = inside[part];
      value = isDraftFields(value) ? value[part] : undefined;
    }
    if (field === undefined) return null;
    inside = insideOf(field, value);
  }
  return field ?? null;
}

function insideOf(field: Field, value: Draft): Fields | null {
  if (field.kind === 'group') return field.fields;
  if (field.kind !== 'variant') return null;
  const kind = isDraftFields(value) ? value['kind'] : undefined;
  return typeof kind === 'string' ? (field.variants[kind] ?? null) : null;
}

export function fieldsOf(kind: BotKind): Fields {
  return SETTINGS_FIELDS[kind];
}
