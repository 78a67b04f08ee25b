// SPDX-License-Identifier: Apache-2.0
// A key's list of addresses tried from a second address, over the whole desk: real processes behind their walls, a proxy that
// goes on from another address, and an exchange that binds the key, or does not.

import assert from 'node:assert/strict';
import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { api } from '@kontor/server';
import { DeskClientError } from '../cli/src/desk-client.ts';
import { ProxyServer } from '../egress/test/proxy.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';
import { kontor } from './kontor-command.ts';

interface World {
  readonly desk: TestDesk;
  readonly simulator: SimulatorProcess;
  /** Where the exchange's account reads came from are known by what the key may do. */
  bindTo(addresses: readonly string[]): Promise<void>;
}

async function openWorld(t: TestContext, secondAddress: string | null): Promise<World> {
  const defer = deferrer(t);
  const parent = temporaryDirectory(defer);
  const simulator = await startSimulator(['--account', 'demo:USDT=50000']);
  defer(() => simulator.stop());
  const directory = join(parent, 'desk');
  if (secondAddress !== null) {
    mkdirSync(join(directory, 'config'), { recursive: true, mode: 0o700 });
    writeFileSync(join(directory, 'config', 'second-address'), secondAddress, { mode: 0o600 });
  }
  const desk = await startDesk({ simulator, bots: [], directory, venue: 'binance' });
  defer(() => desk.stop());
  const account = await simulator.control<{
    readonly keys: readonly { readonly apiKey: string }[];
  }>('/accounts/demo');
  const apiKey = account.keys.at(-1)?.apiKey ?? '';
  return {
    desk,
    simulator,
    bindTo: async (ips) => void (await simulator.control(`/keys/${apiKey}`, { ips })),
  };
}

async function own(desk: TestDesk): Promise<api.Connection> {
  const [connection] = await desk.client.get<api.Connection[]>('/api/v1/connections');
  assert.ok(connection);
  return connection;
}

async function post(desk: TestDesk, what: 'check' | 'probe'): Promise<api.Connection> {
  const { id } = await own(desk);
  return desk.client.post<api.Connection>(`/api/v1/connections/${id}/${what}`);
}

test('[T200] a list that holds is seen to hold by CONNECT and by the terminal; one that does not is seen too, and rings', async (t) => {
  const proxy = await ProxyServer.start(t);
  const world = await openWorld(t, `http://127.0.0.1:${proxy.port}\n`);
  const { desk } = world;
  await until('the first check', async () => ((await own(desk)).grade === null ? null : true));
  await assert.rejects(post(desk, 'probe'), /the exchange says is bound/, 'nothing to try yet');
  await world.bindTo(['127.0.0.1']);
  const bound = await post(desk, 'check');
  assert.deepEqual([bound.grade, bound.isIpRestricted, bound.bind], ['A', true, null]);
  const held = await kontor(['connect', 'probe', 'demo', '--data', desk.directory]);
  assert.equal(held.code, 0, held.errors);
  assert.match(held.out, /list of addresses: seen to hold on \d{4}-/);
  assert.equal(proxy.targets.length, 1, 'one read went by the second address');
  assert.equal((await own(desk)).bind?.verdict, 'holds');
  const soon = await kontor(['connect', 'probe', 'demo', '--data', desk.directory]);
  assert.deepEqual([soon.code, /60 s between two probes/.test(soon.errors)], [1, true]);
  const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
  assert.ok(!alarms.some(({ kind }) => kind === 'bindNotReal'));
});

test('[T200] through SOCKS, a read that the exchange takes from outside the list: grade B, 14 days, and an alarm', async (t) => {
  const proxy = await ProxyServer.start(t);
  const world = await openWorld(t, `socks5://127.0.0.1:${proxy.port}\n`);
  const { desk } = world;
  await until('the first check', async () => ((await own(desk)).grade === null ? null : true));
  // What the exchange says of the list and what it does are two things: here it takes the proxy's address as well.
  await world.bindTo(['127.0.0.1', '127.0.0.2']);
  assert.equal((await post(desk, 'check')).grade, 'A');
  const probed = await post(desk, 'probe');
  assert.deepEqual([probed.bind?.verdict, probed.grade], ['notReal', 'B']);
  assert.equal(probed.expiresAt - probed.createdAt <= 14 * 86_400_000, true);
  const alarm = await until('the alarm', async () => {
    const told = await desk.client.get<api.Alarms>('/api/v1/alarms');
    return told.alarms.find(({ kind }) => kind === 'bindNotReal') ?? null;
  });
  assert.equal(alarm.severity, 'critical');
  assert.match(alarm.sentence, /demo .* the list does not hold/);
  const { processes } = await desk.client.get<api.Health>('/api/v1/health');
  const pid = processes.find(({ name }) => name === 'signer')?.pid ?? null;
  assert.ok(pid !== null);
  process.kill(pid, 'SIGKILL');
  await until('a new signer', async () => (desk.restarts.includes('signer') ? true : null));
  const again = await until('its word', async () => {
    const all = await desk.client.get<api.Connection[]>('/api/v1/connections');
    return all[0] ?? null;
  });
  assert.deepEqual([again.bind?.verdict, again.grade], ['notReal', 'B']);
});

test('[T201] without a second address, or with a proxy that is not there, nothing is sent and nothing is known', async (t) => {
  const bare = await openWorld(t, null);
  await bare.bindTo(['127.0.0.1']);
  await until('the check', async () =>
    (await post(bare.desk, 'check')).grade === 'A' ? true : null,
  );
  await assert.rejects(
    post(bare.desk, 'probe'),
    (error: unknown) => error instanceof DeskClientError && error.code === 'no_second_address',
  );
  const proxy = await ProxyServer.start(t);
  const { port } = proxy;
  proxy.stop();
  const world = await openWorld(t, `socks5://127.0.0.1:${port}\n`);
  await world.bindTo(['127.0.0.1']);
  await until('the check', async () =>
    (await post(world.desk, 'check')).grade === 'A' ? true : null,
  );
  await assert.rejects(post(world.desk, 'probe'), /the proxy: ECONNREFUSED/);
  const { bind, bindDoubt, grade } = await own(world.desk);
  assert.deepEqual([bind, bindDoubt?.reason, grade], [null, 'noAnswer', 'A']);
});
