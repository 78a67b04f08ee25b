// SPDX-License-Identifier: Apache-2.0
// The life of a connection over the whole desk: what the exchange says of the key decides what the signer signs, and
// bots, pages and terminal show it.

import assert from 'node:assert/strict';
import { existsSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';

const START = Date.parse('2024-01-01T00:00:00Z');
/** Market minutes: the price stands, then rises beyond every take profit, and stays within the policy's band. */
const PRICES = [2_000, 2_000, 2_000, 2_060, 2_060, 2_060];
const BOT: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Keeps buying',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '50',
  baseOrderType: 'market',
  safetyOrderVolume: '50',
  safetyOrderStep: '1',
  maxSafetyOrders: 1,
  maxActiveSafetyOrders: 1,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '2',
  cooldownSeconds: 1,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

interface World {
  readonly simulator: SimulatorProcess;
  readonly desk: TestDesk;
  /** The desk's connection as the signer tells it. */
  connection(): Promise<api.Connection>;
  /** Changes the key at the exchange. */
  changeKey(changes: unknown, apiKey?: string): Promise<void>;
  buys(): Promise<number>;
}

async function openWorld(t: TestContext): Promise<World> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  writeFileSync(
    file,
    PRICES.map((price, minute) => {
      const [high, low] = [price + 1, price - 1];
      return `${START + minute * 60_000},${price},${high},${low},${price},1000\n`;
    }).join(''),
  );
  const simulator = await startSimulator([
    ...['--market', file, '--speed', '0', '--history', '0'],
    ...['--account', 'demo:USDT=50000'],
  ]);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 1 });
  const desk = await startDesk({
    simulator,
    bots: [BOT],
    directory: join(directory, 'desk'),
    venue: 'binance',
    feeRatePpm: 0,
  });
  defer(() => desk.stop());
  const keys = async (): Promise<readonly { readonly apiKey: string }[]> =>
    (
      await simulator.control<{ readonly keys: readonly { readonly apiKey: string }[] }>(
        '/accounts/demo',
      )
    ).keys;
  return {
    simulator,
    desk,
    async connection() {
      const all = await desk.client.get<api.Connection[]>('/api/v1/connections');
      const own = all.find(({ replaces }) => replaces === null);
      assert.ok(own);
      return own;
    },
    async changeKey(changes, apiKey) {
      const last = apiKey ?? (await keys()).at(-1)?.apiKey;
      await simulator.control(`/keys/${last}`, changes);
    },
    async buys() {
      const { orders } = await simulator.control<{
        readonly orders: readonly { readonly side: string }[];
      }>('/accounts/demo/orders');
      return orders.filter(({ side }) => side === 'BUY').length;
    },
  };
}

async function untilAlarm(desk: TestDesk, kind: string): Promise<api.Alarm> {
  return until(`the alarm ${kind}`, async () => {
    const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
    return alarms.find((alarm) => alarm.kind === kind && alarm.state === 'open') ?? null;
  });
}

/** Has the exchange asked what the key may do, as a person does who presses the button. */
async function check(world: World): Promise<api.Connection> {
  const { id } = await world.connection();
  return world.desk.client.post<api.Connection>(`/api/v1/connections/${id}/check`);
}

async function untilBought(world: World, count: number): Promise<void> {
  await until(`${count} buys`, async () => ((await world.buys()) >= count ? true : null));
}

/** The price rises, the deal ends with its take profit, and the market goes on for the next. */
async function exitAndGoOn({ desk, simulator }: World): Promise<void> {
  await simulator.control('/market/step', { untilMs: START + 4 * 60_000 });
  await until('the exit', async () => {
    const page = await desk.client.get<api.DealPage>('/api/v1/deals?limit=10');
    return page.deals.some(({ closedAt }) => closedAt !== null) ? true : null;
  });
  await simulator.control('/market/step', { untilMs: START + 6 * 60_000 - 1 });
}

test('[T135] a desk has its key checked before it trades; a right that appears quarantines it and rings', async (t) => {
  const world = await openWorld(t);
  const { desk } = world;
  await untilBought(world, 2);
  const first = await world.connection();
  assert.deepEqual([first.state, first.signs, first.grade], ['expiring', 'all', 'B']);
  assert.equal(first.isIpRestricted, false);
  const reminder = await untilAlarm(desk, 'connectionExpiring');
  assert.match(reminder.sentence, /ends in 14 days/);
  await world.changeKey({ rights: { withdrawals: true } });
  const refused = await check(world);
  assert.deepEqual([refused.state, refused.grade, refused.signs], ['quarantined', 'D', 'cancels']);
  assert.match((await untilAlarm(desk, 'rightsChanged')).sentence, /withdrawals/);
  await world.changeKey({ rights: { withdrawals: false } });
  assert.equal((await check(world)).state, 'quarantined', 'what was taken back stays suspicious');
});

test('[T136] a frozen connection buys nothing more; what was bought is sold; the terminal freezes it without the server', async (t) => {
  const world = await openWorld(t);
  const { desk } = world;
  await untilBought(world, 2);
  writeFileSync(join(desk.directory, 'signer', 'freeze'), 'demo\n', { mode: 0o600 });
  const frozen = await until('the freeze', async () => {
    const seen = await world.connection();
    return seen.frozen === null ? null : seen;
  });
  assert.deepEqual(
    [frozen.state, frozen.signs, frozen.frozen?.cause],
    ['frozen', 'reductions', 'terminal'],
  );
  assert.ok(!existsSync(join(desk.directory, 'signer', 'freeze')));
  await untilAlarm(desk, 'connectionFrozen');
  await exitAndGoOn(world);
  const denied = await until('the refusal of the next deal', async () => {
    const notes = await desk.client.get<readonly api.Note[]>('/api/v1/notes?limit=100');
    return notes.find((note) => JSON.stringify(note).includes('connection: frozen')) ?? null;
  });
  assert.ok(denied);
  assert.equal(await world.buys(), 2, 'one entry and one safety order, and no more');
});

test('[T137] a key is renewed while bots trade: the new one takes over once it is checked, the old one is refused and gone', async (t) => {
  const world = await openWorld(t);
  const { desk, simulator } = world;
  await untilBought(world, 2);
  const old = await world.connection();
  const successor = await desk.client.post<api.Connection>('/api/v1/connections', {
    name: old.name,
    venue: old.venue,
    keyKind: 'ed25519',
    replaces: old.id,
  });
  assert.equal(successor.replaces, old.id);
  const { apiKey } = await simulator.control<{ readonly apiKey: string }>('/accounts/demo/keys', {
    publicKeyPem: successor.publicKeyPem,
    ips: ['127.0.0.1'],
  });
  await desk.client.put(`/api/v1/connections/${successor.id}/api-key`, { apiKey });
  const renewed = await until('the new key', async () => {
    const seen = await world.connection();
    return seen.publicKeyPem === successor.publicKeyPem ? seen : null;
  });
  assert.deepEqual([renewed.id, renewed.state, renewed.grade], [old.id, 'active', 'A']);
  const all = await desk.client.get<api.Connection[]>('/api/v1/connections');
  assert.equal(all.length, 1);
  await exitAndGoOn(world);
  let notes: readonly api.Note[] = [];
  await until(
    () =>
      `the next deal, bought with the new key; the desk says ${JSON.stringify(notes.slice(0, 6))}`,
    async () => {
      notes = await desk.client.get<readonly api.Note[]>('/api/v1/notes?limit=20');
      return (await world.buys()) >= 3 ? true : null;
    },
  );
  const files = readdirSync(join(desk.directory, 'signer', 'vault'));
  assert.ok(!files.includes(`${old.id}.vault`), files.join(' '));
});
