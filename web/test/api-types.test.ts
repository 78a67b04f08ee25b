// SPDX-License-Identifier: Apache-2.0
// The web's types are those of the HTTP API's schemas.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { toTypes } from '../../tools/api-types.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

test('[W1] the committed types are those of the schemas', () => {
  const { status, stderr } = check(ROOT);
  assert.equal(status, 0, stderr);
});

test('[W1] a stale types file fails the check', () => {
  const copy = mkdtempSync(join(tmpdir(), 'kontor-types-'));
  try {
    for (const path of [
      'tools/api-types.ts',
      'server/src/api/schemas.ts',
      'server/src/api/settings-schema.ts',
      'server/src/api/policy-schemas.ts',
      'server/src/api/people-schemas.ts',
      'web/src/api/types.ts',
    ]) {
      cpSync(join(ROOT, path), join(copy, path));
    }
    cpSync(join(ROOT, '.prettierrc.json'), join(copy, '.prettierrc.json'));
    cpSync(join(ROOT, 'package.json'), join(copy, 'package.json'));
    symlinkSync(join(ROOT, 'node_modules'), join(copy, 'node_modules'));
    assert.equal(check(copy).status, 0, 'the copy is fresh');
    const file = join(copy, 'web/src/api/types.ts');
    writeFileSync(
      file,
      readFileSync(file, 'utf8').replace('readonly asset: string', 'readonly asset: number'),
    );
    const { status, stderr } = check(copy);
    assert.equal(status, 1);
    assert.match(stderr, /stale/);
  } finally {
    rmSync(copy, { recursive: true, force: true });
  }
});

test('[W1] schemas become types by name', () => {
  const named = { $id: 'Named', type: 'string' } as const;
  const whole = {
    $id: 'Whole',
    type: 'object',
    required: ['name', 'pair', 'choice', 'map', 'list'],
    properties: {
      name: named,
      pair: { type: 'array', items: [{ type: 'number' }, { type: 'boolean' }] },
      choice: { anyOf: [{ const: 'a' }, { type: 'null' }] },
      map: { type: 'object', patternProperties: { '^.*$': { type: 'string' } } },
      list: { type: 'array', items: named },
      left: { type: 'integer' },
    },
  } as const;
  const text = toTypes({ Named: named, Whole: whole });
  for (const part of [
    'export type Named = string;',
    'readonly name: Named;',
    'readonly pair: readonly [number, boolean];',
    'readonly choice: "a" | null;',
    'readonly map: Readonly<Record<string, string>>;',
    'readonly list: readonly (Named)[];',
    'readonly left?: number;',
  ]) {
    assert.ok(text.includes(part), `expected ${part} in ${text}`);
  }
});

test('[W1] what stands in several places has one type, by its title', () => {
  const side = { title: 'Side', anyOf: [{ const: 'buy' }, { const: 'sell' }] } as const;
  const schema = (id: string, field: object): Readonly<Record<string, object>> => ({
    [id]: { $id: id, type: 'object', required: ['side'], properties: { side: field } },
  });
  const text = toTypes({ ...schema('Left', side), ...schema('Right', side) });
  assert.equal(text.match(/readonly side: Side;/g)?.length, 2);
  assert.equal(text.match(/export type Side = "buy" \| "sell";/g)?.length, 1);
  const other = { title: 'Side', anyOf: [{ const: 'up' }] };
  assert.throws(
    () => toTypes({ ...schema('Left', side), ...schema('Right', other) }),
    /Right\.side: expected what Side is elsewhere/,
  );
  assert.throws(() => toTypes(schema('Side', side)), /no schema has as its name, found Side/);
});

test('[W1] a schema that the generator does not know stops it', () => {
  assert.throws(() => toTypes({ Odd: { $id: 'Odd', type: 'date' } }), /known type, found date/);
  assert.throws(() => toTypes({ Odd: { type: 'string' } }), /must carry \$id Odd/);
});

function check(root: string): { status: number | null; stderr: string } {
  return spawnSync(process.execPath, [join(root, 'tools/api-types.ts'), '--check'], {
    encoding: 'utf8',
    timeout: 60_000,
  });
}
