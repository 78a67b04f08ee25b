// SPDX-License-Identifier: Apache-2.0
// Writes web/src/api/types.ts from the schemas of the HTTP API, so that the web never imports the server; and tells
// tests whether a value fits a schema.
//
//   node tools/api-types.ts          writes the file
//   node tools/api-types.ts --check  fails when the committed file is stale

import { readFile, writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';

import * as prettier from 'prettier';

import * as schemas from '../server/src/api/schemas.ts';

const OUTPUT = fileURLToPath(new URL('../web/src/api/types.ts', import.meta.url));

/** The part of JSON Schema that the API's schemas use; anything else stops the generator. */
interface Schema {
  readonly $id?: string;
  readonly type?: string;
  readonly const?: unknown;
  readonly description?: string;
  /** The name of a type that stands in several places; they all hold the same. */
  readonly title?: string;
  readonly anyOf?: readonly Schema[];
  readonly properties?: Readonly<Record<string, Schema>>;
  readonly required?: readonly string[];
  readonly items?: Schema | readonly Schema[];
  readonly patternProperties?: Readonly<Record<string, Schema>>;
  readonly pattern?: string;
}

/** The text of the types file for `named`: one exported type for each schema, by its name. */
export function toTypes(named: Readonly<Record<string, Schema>>): string {
  const lines = [
    '// SPDX-License-Identifier: Apache-2.0',
    "// The shapes of the desk's HTTP API. Made from server/src/api/schemas.ts by tools/api-types.ts; do not edit.",
    '',
  ];
  const titled = new Map<string, string>();
  for (const [name, schema] of Object.entries(named)) {
    if (schema.$id !== name) {
      throw new Error(`schema ${name} must carry $id ${name}, found ${String(schema.$id)}`);
    }
    lines.push(`export type ${name} = ${body(schema, name, titled)};`, '');
  }
  for (const [title, text] of titled) {
    if (Object.hasOwn(named, title)) {
      throw new Error(`expected a title that no schema has as its name, found ${title}`);
    }
    lines.push(`export type ${title} = ${text};`, '');
  }
  return lines.join('\n');
}

/** The type of a schema inside another; what has a title goes to `titled` under it, once. */
function toType(schema: Schema, path: string, titled: Map<string, string>): string {
  if (schema.$id !== undefined) return schema.$id;
  const text = body(schema, path, titled);
  const { title } = schema;
  if (title === undefined) return text;
  if ((titled.get(title) ?? text) !== text) {
    throw new Error(`${path}: expected what ${title} is elsewhere, found another type`);
  }
  titled.set(title, text);
  return title;
}

function body(schema: Schema, path: string, titled: Map<string, string>): string {
  if (schema.anyOf !== undefined) {
    return schema.anyOf
      .map((member, index) => toType(member, `${path}|${index}`, titled))
      .join(' | ');
  }
  if (schema.const !== undefined) return JSON.stringify(schema.const);
  switch (schema.type) {
    case 'string':
      return 'string';
    case 'number':
    case 'integer':
      return 'number';
    case 'boolean':
      return 'boolean';
    case 'null':
      return 'null';
    case 'array':
      return arrayBody(schema, path, titled);
    case 'object':
      return objectBody(schema, path, titled);
    default:
      throw new Error(`${path}: expected a schema of a known type, found ${String(schema.type)}`);
  }
}

function arrayBody(schema: Schema, path: string, titled: Map<string, string>): string {
  const { items } = schema;
  if (items === undefined) throw new Error(`${path}: expected an array schema with items`);
  if (isTuple(items)) {
    return `readonly [${items.map((item, index) => toType(item, `${path}[${index}]`, titled)).join(', ')}]`;
  }
  return `readonly (${toType(items, `${path}[]`, titled)})[]`;
}

function isTuple(items: Schema | readonly Schema[]): items is readonly Schema[] {
  return Array.isArray(items);
}

function objectBody(schema: Schema, path: string, titled: Map<string, string>): string {
  const values = Object.values(schema.patternProperties ?? {});
  if (schema.properties === undefined) {
    const [value] = values;
    if (value === undefined) throw new Error(`${path}: expected an object schema with properties`);
    return `Readonly<Record<string, ${toType(value, `${path}{}`, titled)}>>`;
  }
  const required = new Set(schema.required);
  const fields = Object.entries(schema.properties).map(([field, value]) => {
    const comment = value.description === undefined ? '' : `/** ${value.description} */\n`;
    const mark = required.has(field) ? '' : '?';
    return `${comment}readonly ${field}${mark}: ${toType(value, `${path}.${field}`, titled)};`;
  });
  return `{\n${fields.join('\n')}\n}`;
}

/** What is wrong with `value` as the API's schema of that name, or null. Fields no schema names are passed over. */
export function faultOf(name: string, value: unknown): string | null {
  const schema = new Map<string, Schema>(Object.entries({ ...schemas })).get(name);
  if (schema === undefined) throw new Error(`there is no schema named ${name}`);
  return fault(schema, value, '');
}

function fault(schema: Schema, value: unknown, path: string): string | null {
  const at = path === '' ? '' : `${path}: `;
  if (schema.anyOf !== undefined) {
    const faults = schema.anyOf.map((member) => fault(member, value, path));
    return faults.includes(null) ? null : `${at}expected one of ${faults.join(' or ')}`;
  }
  if (schema.const !== undefined) {
    if (value === schema.const) return null;
    return `${at}expected ${JSON.stringify(schema.const)}, found ${JSON.stringify(value)}`;
  }
  const found = value === null ? 'null' : Array.isArray(value) ? 'array' : typeof value;
  const isType =
    found === schema.type ||
    (schema.type === 'integer' && Number.isInteger(value)) ||
    (schema.type === 'number' && found === 'number');
  if (!isType) return `${at}expected ${schema.type}, found ${found}`;
  if (typeof value === 'string' && schema.pattern !== undefined) {
    if (!new RegExp(schema.pattern).test(value)) {
      return `${at}expected text like ${schema.pattern}, found ${JSON.stringify(value)}`;
    }
  }
  if (Array.isArray(value)) return arrayFault(schema, value, path);
  if (typeof value === 'object' && value !== null) return objectFault(schema, value, path);
  return null;
}

function arrayFault(schema: Schema, values: readonly unknown[], path: string): string | null {
  const { items } = schema;
  if (items === undefined) return null;
  if (isTuple(items) && items.length !== values.length) {
    return `${path}: expected ${items.length} items, found ${values.length}`;
  }
  for (const [index, value] of values.entries()) {
    const item = isTuple(items) ? items[index] : items;
    const found = item === undefined ? null : fault(item, value, `${path}[${index}]`);
    if (found !== null) return found;
  }
  return null;
}

function objectFault(schema: Schema, value: object, path: string): string | null {
  const fields = new Map<string, unknown>(Object.entries(value));
  const pathOf = (field: string): string => (path === '' ? field : `${path}.${field}`);
  for (const field of schema.required ?? []) {
    if (!fields.has(field)) return `${pathOf(field)}: expected to be there`;
  }
  const [others] = Object.values(schema.patternProperties ?? {});
  for (const [field, found] of fields) {
    const inner = schema.properties?.[field] ?? others;
    const wrong = inner === undefined ? null : fault(inner, found, pathOf(field));
    if (wrong !== null) return wrong;
  }
  return null;
}

async function main(): Promise<void> {
  const raw = toTypes({ ...schemas });
  const options = await prettier.resolveConfig(OUTPUT);
  const text = await prettier.format(raw, { ...options, parser: 'typescript' });
  if (!process.argv.includes('--check')) {
    await writeFile(OUTPUT, text);
    return;
  }
  const committed = await readFile(OUTPUT, 'utf8').catch(() => '');
  if (committed !== text) {
    process.stderr.write(
      'web/src/api/types.ts is stale: expected what tools/api-types.ts makes of server/src/api/schemas.ts; run node tools/api-types.ts\n',
    );
    process.exitCode = 1;
  }
}

if (import.meta.main) await main();
