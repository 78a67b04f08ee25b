// SPDX-License-Identifier: Apache-2.0
// What of all that settings may hold was ever drawn: fields given and left out, choices, variants.

import type { Field, Fields } from '@kontor/core';

type Values = Readonly<Record<string, unknown>>;

/** Collects what values show, by the fields that describe them. */
export class Drawn {
  readonly #seen = new Set<string>();

  add(fields: Fields, values: Values, at: string): void {
    for (const [name, field] of Object.entries(fields)) {
      const value = values[name] ?? ('default' in field ? field.default : undefined);
      const path = `${at}.${name}`;
      this.#seen.add(`${path} ${value === undefined ? 'absent' : 'given'}`);
      if (value !== undefined) this.#addValue(field, value, path);
    }
  }

  /** What `fields` allow and nothing that was added shows. */
  missing(fields: Fields, at: string): readonly string[] {
    return Object.entries(fields).flatMap(([name, field]) => {
      const path = `${at}.${name}`;
      const presence =
        'optional' in field && field.optional === true ? ['given', 'absent'] : ['given'];
      return [...presence.map((word) => `${path} ${word}`), ...wanted(field, path)].filter(
        (line) => !this.#seen.has(line),
      );
    });
  }

  #addValue(field: Field, value: unknown, path: string): void {
    switch (field.kind) {
      case 'choice':
      case 'boolean':
        this.#seen.add(`${path} ${String(value)}`);
        return;
      case 'group':
        this.add(field.fields, value as Values, path);
        return;
      case 'list':
        for (const item of value as readonly unknown[]) this.#addValue(field.item, item, path);
        return;
      case 'variant': {
        const { kind } = value as { readonly kind: string };
        this.#seen.add(`${path} ${kind}`);
        this.add(field.variants[kind] ?? {}, value as Values, `${path} ${kind}`);
        return;
      }
      case 'text':
      case 'decimal':
      case 'integer':
      case 'symbols':
        return;
    }
  }
}

/** Everything that values of `field` may show, every field of a group and every variant among it. */
function wanted(field: Field, path: string): readonly string[] {
  switch (field.kind) {
    case 'choice':
      return field.choices.map((choice) => `${path} ${choice}`);
    case 'boolean':
      return [`${path} true`, `${path} false`];
    case 'group':
      return wantedOf(field.fields, path);
    case 'list':
      return wanted(field.item, path);
    case 'variant':
      return Object.entries(field.variants).flatMap(([kind, fields]) => [
        `${path} ${kind}`,
        ...wantedOf(fields, `${path} ${kind}`),
      ]);
    case 'text':
    case 'decimal':
    case 'integer':
    case 'symbols':
      return [];
  }
}

function wantedOf(fields: Fields, at: string): readonly string[] {
  return Object.entries(fields).flatMap(([name, field]) => [
    `${at}.${name} given`,
    ...wanted(field, `${at}.${name}`),
  ]);
}
