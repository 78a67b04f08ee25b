// SPDX-License-Identifier: Apache-2.0
// Settings described as data: what each field may hold. The parser, the API's schemas and the desk's forms are made
// from these descriptions, so that a rule is written once.

import { parseDecimal } from '../decimal.ts';

/** What a number means, for whoever shows it. `quote` and `base` are amounts of the instrument's assets. */
export type Unit =
  'none' | 'percent' | 'scale' | 'quote' | 'base' | 'price' | 'volume' | 'seconds' | 'candles';

export interface DecimalBounds {
  readonly above?: number;
  readonly least?: number;
  readonly below?: number;
  readonly most?: number;
}

interface Presence<V> {
  /** May be left out and then stays away. */
  readonly optional?: true;
  /** Taken when the field is left out. */
  readonly default?: V;
  /** What its type is called where it is described, for one that stands in several places. */
  readonly typeName?: string;
}

export interface TextField extends Presence<string> {
  readonly kind: 'text';
  readonly lengthMax: number;
}

/** Decimal text. Bounds have at most one decimal. */
export interface DecimalField extends Presence<string>, DecimalBounds {
  readonly kind: 'decimal';
  readonly unit: Unit;
  /** Most digits after the point. */
  readonly decimals: number;
}

export interface IntegerField extends Presence<number> {
  readonly kind: 'integer';
  readonly unit: Unit;
  readonly least: number;
  readonly most: number;
}

export interface BooleanField extends Presence<boolean> {
  readonly kind: 'boolean';
}

export interface ChoiceField<V extends string> extends Presence<V> {
  readonly kind: 'choice';
  readonly choices: readonly V[];
}

/** Different symbols of the venue. */
export interface SymbolsField {
  readonly kind: 'symbols';
  readonly least: number;
  readonly most: number;
}

export interface GroupField<V> extends Presence<V> {
  readonly kind: 'group';
  readonly fields: FieldsOf<V>;
}

export interface ListField<V> extends Presence<readonly V[]> {
  readonly kind: 'list';
  readonly item: FieldOf<V>;
  readonly least: number;
  readonly most: number;
}

/** One of several groups, named by its own field `kind`. */
export interface VariantField<V extends { readonly kind: string }> extends Presence<V> {
  readonly kind: 'variant';
  readonly variants: {
    readonly [K in V['kind']]: FieldsOf<Omit<Extract<V, { readonly kind: K }>, 'kind'>>;
  };
}

/** The descriptions that fit values of type `V`. */
export type FieldOf<V> = [V] extends [boolean]
  ? BooleanField
  : [V] extends [number]
    ? IntegerField
    : [V] extends [string]
      ? string extends V
        ? TextField | DecimalField
        : ChoiceField<V>
      : [V] extends [readonly (infer Item)[]]
        ? ListField<Item> | ([Item] extends [string] ? SymbolsField : never)
        : [V] extends [{ readonly kind: string }]
          ? VariantField<V>
          : GroupField<V>;

/** One description for each field of `V`; a field that may be absent is described as optional. */
export type FieldsOf<V> = {
  readonly [K in keyof V]-?: undefined extends V[K]
    ? FieldOf<Exclude<V[K], undefined>> & { readonly optional: true }
    : FieldOf<V[K]>;
};

/** A description whose type of value does not matter to the reader. */
export type Field =
  | TextField
  | DecimalField
  | IntegerField
  | BooleanField
  | ChoiceField<string>
  | SymbolsField
  | (Presence<unknown> & { readonly kind: 'group'; readonly fields: Fields })
  | (Presence<unknown> & {
      readonly kind: 'list';
      readonly item: Field;
      readonly least: number;
      readonly most: number;
    })
  | (Presence<unknown> & {
      readonly kind: 'variant';
      readonly variants: Readonly<Record<string, Fields>>;
    });

export type Fields = Readonly<Record<string, Field>>;

/** A wrong field: its path such as `takeProfitSteps[0].share`, what was expected there and what was found. */
export interface FieldError {
  readonly field: string;
  readonly expected: string;
  readonly found: string;
}

export type ParsedFields<V> =
  | { readonly ok: true; readonly value: V }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

/** Name of a bot, deal or list, without control and formatting characters. */
const TEXT = /^[^\p{Cc}\p{Cf}\p{Zl}\p{Zp}]*$/u;
const SYMBOL = /^[A-Za-z0-9_.:/-]{1,40}$/;
/** The largest decimal number of any field. */
const DECIMAL_MAX = 1_000_000_000_000;
/** Most characters of a wrong value that an error repeats. */
const SHOWN_MAX = 60;

/**
 * `input` as values of `fields`, frozen, with defaults filled in; or every wrong field at once. Unknown fields are
 * refused. `name` is what the whole is called in an error.
 */
export function parseFields<V>(fields: FieldsOf<V>, input: unknown, name: string): ParsedFields<V> {
  const parser = new Parser();
  const value = parser.group(fields, input, '', name);
  // Every field was read by its own description, which `FieldsOf` ties to the type.
  return parser.errors.length > 0
    ? { ok: false, errors: parser.errors }
    : { ok: true, value: value as V };
}

/** A wrong value as an error shows it: JSON, cut at 60 characters. */
export function shownValue(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = typeof value === 'bigint' ? `${value}n` : (JSON.stringify(value) ?? typeof value);
  return text.length > SHOWN_MAX ? `${text.slice(0, SHOWN_MAX - 3)}...` : text;
}

/** What a decimal field expects, in words: 'more than 0, at most 100'. */
export function describeBounds(bounds: DecimalBounds): string {
  const parts: string[] = [];
  if (bounds.above !== undefined) parts.push(`more than ${bounds.above}`);
  if (bounds.least !== undefined) parts.push(`at least ${bounds.least}`);
  if (bounds.below !== undefined) parts.push(`less than ${bounds.below}`);
  if (bounds.most !== undefined) parts.push(`at most ${bounds.most}`);
  return parts.join(', ');
}

class Parser {
  readonly errors: FieldError[] = [];

  group(fields: Fields, input: unknown, path: string, name: string): unknown {
    if (typeof input !== 'object' || input === null || Array.isArray(input)) {
      return this.#refuse(path === '' ? name : path, 'an object', input);
    }
    return this.#fields(fields, new Map(Object.entries(input)), path);
  }

  #fields(fields: Fields, given: ReadonlyMap<string, unknown>, path: string): unknown {
    const values: Record<string, unknown> = {};
    for (const [name, field] of Object.entries(fields)) {
      const at = path === '' ? name : `${path}.${name}`;
      const value = given.get(name);
      if (value === undefined && isOptional(field)) continue;
      values[name] =
        value === undefined && 'default' in field
          ? frozen(field.default)
          : this.#value(field, value, at);
    }
    for (const [name, value] of given) {
      if (Object.hasOwn(fields, name)) continue;
      this.#refuse(path === '' ? name : `${path}.${name}`, 'no such field', value);
    }
    return Object.freeze(values);
  }

  #value(field: Field, value: unknown, at: string): unknown {
    switch (field.kind) {
      case 'text':
        return this.#text(field, value, at);
      case 'decimal':
        return this.#decimal(field, value, at);
      case 'integer':
        return typeof value === 'number' &&
          Number.isInteger(value) &&
          value >= field.least &&
          value <= field.most
          ? value
          : this.#refuse(at, `a whole number from ${field.least} to ${field.most}`, value);
      case 'boolean':
        return typeof value === 'boolean' ? value : this.#refuse(at, 'true or false', value);
      case 'choice':
        return (
          field.choices.find((choice) => choice === value) ??
          this.#refuse(at, `one of ${field.choices.join(', ')}`, value)
        );
      case 'symbols':
        return this.#symbols(field, value, at);
      case 'group':
        return this.group(field.fields, value, at, at);
      case 'list':
        return this.#list(field, value, at);
      case 'variant':
        return this.#variant(field, value, at);
    }
  }

  #text(field: TextField, value: unknown, at: string): unknown {
    const isFit =
      typeof value === 'string' &&
      value.length >= 1 &&
      value.length <= field.lengthMax &&
      TEXT.test(value);
    if (isFit) return value;
    return this.#refuse(
      at,
      `a text of 1 to ${field.lengthMax} characters, none of them a control or formatting character`,
      value,
    );
  }

  #decimal(field: DecimalField, value: unknown, at: string): unknown {
    let isTooLarge = false;
    if (typeof value === 'string') {
      const parsed = parseDecimal(value, field.decimals);
      if (parsed.ok && isWithin(parsed.value, field.decimals, field)) return value;
      isTooLarge = parsed.ok && parsed.value > 0n && !isWithin(parsed.value, field.decimals, {});
    }
    // The largest number of all is said where it is passed: elsewhere it would only be noise.
    const bounds = describeBounds(isTooLarge ? { most: DECIMAL_MAX, ...field } : field);
    return this.#refuse(
      at,
      `a decimal number as text,${bounds === '' ? '' : ` ${bounds},`} at most ${field.decimals} decimals`,
      value,
    );
  }

  #symbols(field: SymbolsField, value: unknown, at: string): unknown {
    const expected =
      field.most === 1
        ? 'a list of one symbol'
        : `${field.least} to ${field.most} different symbols`;
    if (!Array.isArray(value)) return this.#refuse(at, expected, value);
    for (const [index, symbol] of value.entries()) {
      const isFit = typeof symbol === 'string' && SYMBOL.test(symbol);
      if (!isFit || value.indexOf(symbol) !== index) return this.#refuse(at, expected, symbol);
    }
    if (value.length < field.least || value.length > field.most) {
      return this.#refuse(at, expected, value);
    }
    return Object.freeze([...(value as unknown[])]);
  }

  #list(field: Extract<Field, { kind: 'list' }>, value: unknown, at: string): unknown {
    if (!Array.isArray(value) || value.length < field.least || value.length > field.most) {
      return this.#refuse(at, `a list of ${field.least} to ${field.most} entries`, value);
    }
    return Object.freeze(
      value.map((item: unknown, index) => this.#value(field.item, item, `${at}[${index}]`)),
    );
  }

  #variant(field: Extract<Field, { kind: 'variant' }>, value: unknown, at: string): unknown {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      return this.#refuse(at, 'an object', value);
    }
    const given = new Map<string, unknown>(Object.entries(value));
    const kind = given.get('kind');
    const kinds = Object.keys(field.variants);
    const fields =
      typeof kind === 'string' && Object.hasOwn(field.variants, kind)
        ? field.variants[kind]
        : undefined;
    if (fields === undefined) {
      return this.#refuse(`${at}.kind`, `one of ${kinds.join(', ')}`, kind);
    }
    given.delete('kind');
    const values = this.#fields(fields, given, at);
    return Object.freeze(Object.assign({ kind }, values));
  }

  #refuse(field: string, expected: string, value: unknown): null {
    this.errors.push({ field, expected, found: shownValue(value) });
    return null;
  }
}

function isOptional(field: Field): boolean {
  return 'optional' in field && field.optional === true;
}

function frozen(value: unknown): unknown {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    for (const part of Object.values(value)) frozen(part);
    Object.freeze(value);
  }
  return value;
}

/** Bounds have at most one decimal, so they are compared exactly in tenths. */
function isWithin(value: bigint, decimals: number, bounds: DecimalBounds): boolean {
  const tenths = value * 10n;
  const unit = 10n ** BigInt(decimals);
  const at = (bound: number): bigint => BigInt(Math.round(bound * 10)) * unit;
  const most = BigInt(DECIMAL_MAX) * 10n * unit;
  return (
    (bounds.above === undefined || tenths > at(bounds.above)) &&
    (bounds.least === undefined || tenths >= at(bounds.least)) &&
    (bounds.below === undefined || tenths < at(bounds.below)) &&
    (bounds.most === undefined ? tenths <= most : tenths <= at(bounds.most))
  );
}
