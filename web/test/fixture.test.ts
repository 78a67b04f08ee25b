// SPDX-License-Identifier: Apache-2.0
// The fixture speaks exactly the API that the desk's server speaks.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { faultOf } from '../../tools/api-types.ts';
import { makeFixtureData } from './fixture-data.ts';
import { FixtureServer } from './fixture-server.ts';

const server = new FixtureServer(makeFixtureData(42));
before(() => server.start());
after(() => server.stop());

/** A path and the schema of its answer, or of each thing in its answer. */
const ANSWERS: readonly (readonly [string, string, 'one' | 'list'])[] = [
  ['desk', 'Desk', 'one'],
  ['health', 'Health', 'one'],
  ['totals', 'Totals', 'one'],
  ['balances', 'Balance', 'list'],
  ['connections', 'Connection', 'list'],
  ['bots', 'Bot', 'list'],
  ['bots/1', 'Bot', 'one'],
  ['deals?status=all&limit=500', 'DealPage', 'one'],
  ['deals/4-9', 'Deal', 'one'],
  ['deals/4-9/notes', 'Note', 'list'],
  ['notes?limit=500', 'Note', 'list'],
  ['candles?symbol=BTCUSDT&interval=15m&limit=300', 'Candles', 'one'],
];

for (const [path, schema, number] of ANSWERS) {
  test(`[W2] the fixture answers ${path} in the API's shape`, async () => {
    const response = await fetch(`${server.url}/api/v1/${path}`);
    assert.equal(response.status, 200);
    const body: unknown = await response.json();
    if (number === 'one') return fits(schema, body);
    assert.ok(Array.isArray(body) && body.length > 0, 'the fixture has some');
    for (const each of body) fits(schema, each);
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
    fits('StreamMessage', JSON.parse(data.slice(6)));
  }
  assert.ok(ids.length > 4);
  for (const [index, id] of ids.entries()) assert.equal(id, (ids[0] ?? 0) + index);
});

test('[W2] errors of the fixture have the shape of errors', async () => {
  const response = await fetch(`${server.url}/api/v1/deals/9-9`);
  assert.equal(response.status, 404);
  fits('ErrorBody', await response.json());
});

test('[W2] the look for faults finds one', () => {
  const [balance] = makeFixtureData(1).balances;
  assert.ok(balance);
  assert.equal(faultOf('Balance', balance), null);
  assert.match(
    faultOf('Balance', { ...balance, free: 1 }) ?? '',
    /^free: expected string, found number$/,
  );
  assert.match(faultOf('Balance', { ...balance, free: '1,5' }) ?? '', /^free: expected text like/);
  assert.match(
    faultOf('Balance', { asset: 'BTC', free: '1' }) ?? '',
    /^locked: expected to be there$/,
  );
  assert.match(faultOf('Balance', null) ?? '', /expected object, found null/);
  assert.match(faultOf('StreamMessage', { kind: 'quote' }) ?? '', /expected one of/);
  assert.match(
    faultOf('Market', { ...makeFixtureData(1).desk.market, kind: 'moon' }) ?? '',
    /^kind: expected one of/,
  );
  assert.throws(() => faultOf('Nothing', null), /no schema named Nothing/);
});

function fits(schema: string, value: unknown): void {
  assert.equal(faultOf(schema, value), null);
}
