// SPDX-License-Identifier: Apache-2.0
// What a person has typed so far: settings that may still be wrong or incomplete, as plain data.

import type { Field, Fields } from '@kontor/core';

/** Text in the place of a number that cannot be read as one. It is kept until it can. */
export interface Unread {
  readonly typed: string;
}

export type Draft = string | number | boolean | Unread | readonly Draft[] | DraftFields | undefined;

export interface DraftFields {
  readonly [name: string]: Draft;
}

export type Path = readonly (string | number)[];

export function isUnread(draft: Draft): draft is Unread {
  return (
    typeof draft === 'object' &&
    !Array.isArray(draft) &&
    Object.keys(draft).length === 1 &&
    typeof Reflect.get(draft, 'typed') === 'string'
  );
}

export function isDraftList(draft: Draft): draft is readonly Draft[] {
  return Array.isArray(draft);
}

export function isDraftFields(draft: Draft): draft is DraftFields {
  return typeof draft === 'object' && !Array.isArray(draft) && !isUnread(draft);
}

/** `path` as the machine's parser writes it: `takeProfitSteps[0].share`. */
export function pathText(path: Path): string {
  return path
    .map((part, index) =>
      typeof part === 'number' ? `[${part}]` : index === 0 ? part : `.${part}`,
    )
    .join('');
}

/** `takeProfitSteps[0].share` as the steps of a path. */
export function toPath(text: string): Path {
  return [...text.matchAll(/([^.[\]]+)|\[(\d+)\]/g)].map(([, name, index]) =>
    index === undefined ? String(name) : Number(index),
  );
}

export function draftAt(draft: Draft, path: Path): Draft {
  let found = draft;
  for (const part of path) {
    if (typeof part === 'number') found = isDraftList(found) ? found[part] : undefined;
    else found = isDraftFields(found) ? found[part] : undefined;
  }
  return found;
}

/** `draft` with `value` at `path`; undefined takes the field away. */
export function withDraft(draft: Draft, path: Path, value: Draft): Draft {
  const [first, ...rest] = path;
  if (first === undefined) return value;
  if (typeof first === 'number') {
    const items = isDraftList(draft) ? [...draft] : [];
    items[first] = withDraft(items[first], rest, value);
    return items;
  }
  const fields = isDraftFields(draft) ? { ...draft } : {};
  const next = withDraft(fields[first], rest, value);
  if (next === undefined) delete fields[first];
  else fields[first] = next;
  return fields;
}

/** Any data of the right form, such as stored settings or a kept draft; anything else is left out. */
export function toDraft(value: unknown): Draft {
  if (typeof value === 'string' || typeof value === 'number' || typeof value === 'boolean') {
    return value;
  }
  if (Array.isArray(value)) return value.map((item: unknown) => toDraft(item));
  if (typeof value !== 'object' || value === null) return undefined;
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, toDraft(part)]));
}

export function toDraftFields(value: unknown): DraftFields {
  const draft = toDraft(value);
  return isDraftFields(draft) ? draft : {};
}

/** Fields as a new form shows them: what has a default has it, what may be left out is. */
export function emptyFields(fields: Fields): DraftFields {
  const drafts: Record<string, Draft> = {};
  for (const [name, field] of Object.entries(fields)) {
    if (isOptional(field)) continue;
    const draft = emptyDraft(field);
    if (draft !== undefined) drafts[name] = draft;
  }
  return drafts;
}

/** What stands in a field that was just added. */
export function emptyDraft(field: Field): Draft {
  if ('default' in field && field.default !== undefined) return toDraft(field.default);
  switch (field.kind) {
    case 'text':
    case 'decimal':
    case 'integer':
      return undefined;
    case 'boolean':
      return false;
    case 'choice':
      return field.choices[0];
    case 'symbols':
      return [];
    case 'group':
      return emptyFields(field.fields);
    case 'list':
      return Array.from({ length: Math.max(1, field.least) }, () => emptyDraft(field.item));
    case 'variant': {
      const [kind = ''] = Object.keys(field.variants);
      return emptyVariant(field.variants, kind);
    }
  }
}

export function emptyVariant(
  variants: Readonly<Record<string, Fields>>,
  kind: string,
): DraftFields {
  return { kind, ...emptyFields(variants[kind] ?? {}) };
}

export function isOptional(field: Field): boolean {
  return 'optional' in field && field.optional === true;
}
