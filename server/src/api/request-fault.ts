// SPDX-License-Identifier: Apache-2.0
// Says what is wrong with a request that does not fit its schema: field, what was expected, what came.

import type { FastifyRequest } from 'fastify';

const FOUND_MAX = 60;

/** Patterns of the schemas in words. */
const WORDS: Readonly<Record<string, string>> = {
  '^[0-9]+$': 'a number like 12',
  '^[0-9]{1,15}$': 'a number like 12',
  '^[0-9]+-[0-9]+$': 'a deal like 1-12',
  '^(desk|bot:[0-9]{1,9})$': 'desk, or a bot like bot:12',
  '^(?:0|[1-9][0-9]{0,14})(?:\\.[0-9]{1,8})?$': 'a decimal number like 2.5',
  '^[A-Z0-9][A-Z0-9._-]{0,29}$': 'a symbol like BTCUSDT',
  '^[a-z][a-z0-9-]{0,31}$': 'the name of an exchange like binance',
  '^c_[A-Z2-7]{7}$': 'the identifier of a connection like c_ABCDEF2',
  '^[A-Za-z0-9]{1,128}$': 'letters and digits as the exchange shows them',
  '^[0-9TZa-v-]{1,40}$': 'the identifier of a case as the list shows it',
  '^\\d+(\\.\\d+)?$': 'a decimal number as text without a sign, like "2.5"',
};

interface Fault {
  readonly field: string;
  readonly path: string;
  readonly choices: string[];
  expected: string;
}

/** The faults of `request` as one sentence, or null where `error` is not about its shape. */
export function requestFault(error: unknown, request: FastifyRequest): string | null {
  if (!(error instanceof Error) || !('validation' in error)) return null;
  if (!Array.isArray(error.validation) || error.validation.length === 0) return null;
  const context = 'validationContext' in error ? error.validationContext : undefined;
  const data =
    context === 'params' ? request.params : context === 'body' ? request.body : request.query;
  const faults = new Map<string, Fault>();
  for (const entry of error.validation) collect(faults, Object(entry));
  return [...faults.values()]
    .map((fault) => {
      const expected =
        fault.choices.length > 0 ? `one of ${fault.choices.join(', ')}` : fault.expected;
      const name = fault.field === '' ? String(context) : fault.field;
      return `${name}: expected ${expected}, found ${shown(valueAt(data, fault.path))}`;
    })
    .join('; ');
}

function collect(faults: Map<string, Fault>, entry: Record<string, unknown>): void {
  const path = String(entry['instancePath'] ?? '');
  const params = Object(entry['params']);
  const message = String(entry['message'] ?? 'another value');
  if (entry['keyword'] === 'required') {
    for (const property of params.requiredProperties ?? []) {
      add(faults, `${path}/${String(property)}`, 'a value');
    }
    return;
  }
  const fault = add(faults, path, expectedBy(entry['keyword'], params, message));
  if (entry['keyword'] === 'const') fault.choices.push(String(params.allowedValue));
  if (entry['keyword'] === 'enum') fault.choices.push(...(params.allowedValues ?? []).map(String));
}

function add(faults: Map<string, Fault>, path: string, expected: string): Fault {
  const known = faults.get(path);
  if (known !== undefined) return known;
  const fault: Fault = { field: path.slice(1).replaceAll('/', '.'), path, choices: [], expected };
  faults.set(path, fault);
  return fault;
}

function expectedBy(keyword: unknown, params: Record<string, unknown>, message: string): string {
  switch (keyword) {
    case 'pattern':
      return WORDS[String(params['pattern'])] ?? `text that matches ${String(params['pattern'])}`;
    case 'minimum':
      return `at least ${String(params['limit'])}`;
    case 'maximum':
      return `at most ${String(params['limit'])}`;
    case 'type':
      return String(params['type']);
    default:
      return message.replace(/^must (be|have) /, '');
  }
}

function valueAt(data: unknown, path: string): unknown {
  let value = data;
  for (const name of path.split('/').slice(1)) {
    value = typeof value === 'object' && value !== null ? Object(value)[name] : undefined;
  }
  return value;
}

function shown(value: unknown): string {
  if (value === undefined) return 'nothing';
  const text = JSON.stringify(value);
  return text.length > FOUND_MAX ? `${text.slice(0, FOUND_MAX)}…` : text;
}
