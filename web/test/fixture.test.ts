// SPDX-License-Identifier: Apache-2.0
// The fixture speaks exactly the API that the desk's server speaks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { Type, type TSchema } from 'typebox';
import { Value } from 'typebox/value';

import * as schemas from '../../server/src/api/schemas.ts';
import { makeFixtureData } from './fixture-data.ts';
import { FixtureServer } from './fixture-server.ts';

const server = new FixtureServer(makeFixtureData(42));
before(() => server.start());
after(() => server.stop());

const ANSWERS: readonly (readonly [string, TSchema])[] = [
  ['desk', schemas.Desk],
  ['health', schemas.Health],
  ['totals', schemas.Totals],
  ['balances', Type.Array(schemas.Balance)],
  ['connections', Type.Array(schemas.Connection)],
  ['bots', Type.Array(schemas.Bot)],
  ['bots/1', schemas.Bot],
  ['deals?status=all&limit=500', schemas.DealPage],
  ['deals/4-9', schemas.Deal],
  ['deals/4-9/notes', Type.Array(schemas.Note)],
  ['notes?limit=500', Type.Array(schemas.Note)],
  ['candles?symbol=BTCUSDT&interval=15m&limit=300', schemas.Candles],
];

for (const [path, schema] of ANSWERS) {
  test(`[W2] the fixture answers ${path} in the API's shape`, async () => {
    const response = await fetch(`${server.url}/api/v1/${path}`);
    assert.equal(response.status, 200);
    fits(schema, await response.json());
  });
}

test("[W2] the fixture streams in the API's shape, numbered without holes", async () => {
  const response = await fetch(`${server.url}/api/v1/stream`);
  const reader = response.body?.getReader();
  assert.ok(reader);
  server.move('BTCUSDT', 94_000);
  let text = '';
  const decoder = new TextDecoder();
  while (!text.includes('"totals"')) {
    const { value, done } = await reader.read();
    assert.equal(done, false, 'the stream stays open');
    text += decoder.decode(value, { stream: true });
  }
  await reader.cancel();
  const events = text.split('\n\n').filter((event) => event.startsWith('id: '));
  const ids: number[] = [];
  for (const event of events.slice(0, -1)) {
    const [id = '', data = ''] = event.split('\n');
    ids.push(Number(id.slice(4)));
    fits(schemas.StreamMessage, JSON.parse(data.slice(6)));
  }
  assert.ok(ids.length > 4);
  for (const [index, id] of ids.entries()) assert.equal(id, (ids[0] ?? 0) + index);
});

test('[W2] errors of the fixture have the shape of errors', async () => {
  const response = await fetch(`${server.url}/api/v1/deals/9-9`);
  assert.equal(response.status, 404);
  fits(schemas.ErrorBody, await response.json());
});

function fits(schema: TSchema, value: unknown): void {
  const [first] = Value.Errors(schema, value);
  assert.equal(first, undefined, JSON.stringify(first));
}
