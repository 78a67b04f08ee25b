// SPDX-License-Identifier: Apache-2.0
// Requests that come at the same moment: each is done on what the one before it left, and answered for itself.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { openApi, type ScriptedApi } from './scripted-api.ts';
import { ONE_ORDER } from './scripted-desk.ts';

async function opened(t: TestContext): Promise<ScriptedApi> {
  const api = await openApi();
  t.after(() => api.close());
  return api;
}

async function made(api: ScriptedApi): Promise<string> {
  const answer = await api.ask('POST', '/api/v1/bots', ONE_ORDER);
  assert.equal(answer.status, 201, JSON.stringify(answer.body));
  return String(answer.body.id);
}

test('[A28] two edits at once both count, and none takes the other back', async (t) => {
  const api = await opened(t);
  const id = await made(api);
  const url = `/api/v1/bots/${id}/settings`;
  const answers = await Promise.all([
    api.ask('PATCH', url, { takeProfit: '3' }),
    api.ask('PATCH', url, { stopLoss: '7' }),
    api.ask('PATCH', url, { name: 'Renamed' }),
    api.ask('PATCH', url, { takeProfit: '-1' }),
  ]);
  assert.deepEqual(
    answers.map(({ status }) => status),
    [200, 200, 200, 400],
  );
  const { settings } = (await api.ask('GET', `/api/v1/bots/${id}`)).body;
  assert.deepEqual([settings.takeProfit, settings.stopLoss, settings.name], ['3', '7', 'Renamed']);
});

test('[A28] of two wishes at once only the one that was refused is answered so', async (t) => {
  const api = await opened(t);
  const id = await made(api);
  const url = `/api/v1/bots/${id}/start-deal`;
  const answers = await Promise.all([api.ask('POST', url, {}), api.ask('POST', url, {})]);
  assert.deepEqual(answers.map(({ status }) => status).toSorted(), [200, 409]);
  const refused = answers.find(({ status }) => status === 409);
  assert.match(refused?.body.message, /^a deal on \w+ is about to start$/);
});

test('[A28] a start told twice starts once', async (t) => {
  const api = await opened(t);
  const id = await made(api);
  const start = `/api/v1/bots/${id}/start`;
  const answers = await Promise.all([api.ask('POST', start), api.ask('POST', start)]);
  assert.deepEqual(
    answers.map(({ status, body }) => [status, body.state]),
    [
      [200, 'running'],
      [200, 'running'],
    ],
  );
  const stored = api.desk.row(
    'SELECT count(*) AS starts FROM journal WHERE bot_id = ? AND event LIKE \'%"start"%\'',
    id,
  );
  assert.equal(stored?.['starts'], 1);
});

test('[A28] a bot that is started and deleted at once is either there and runs, or gone', async (t) => {
  const api = await opened(t);
  const id = await made(api);
  const [start, gone] = await Promise.all([
    api.ask('POST', `/api/v1/bots/${id}/start`),
    api.ask('DELETE', `/api/v1/bots/${id}`),
  ]);
  assert.deepEqual([start.status, gone.status], [200, 409], JSON.stringify([start, gone]));
  assert.equal(api.desk.runner.bots.get(id)?.state.isRunning, true);
});
