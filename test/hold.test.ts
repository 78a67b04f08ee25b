// SPDX-License-Identifier: Apache-2.0
// The policy's third outcome over the whole desk: a bot's order waits, the person is told, releases it with a passkey,
// and the bot's next try is signed once.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { makeSettings, type DcaSettings } from '@kontor/core';
import type { api } from '@kontor/server';
import { leaveCode } from '../signer/src/acts/consent.ts';
import { SYSTEM_DISK } from '../signer/src/disk.ts';
import {
  deferrer,
  startDesk,
  startSimulator,
  temporaryDirectory,
  until,
  type SimulatorProcess,
  type TestDesk,
} from './harness.ts';
import { Passkey } from './passkey.ts';

const START = Date.parse('2024-01-01T00:00:00Z');
const MINUTES = 60;
const POLICY = `policy/v1
connection demo
allow id=small op=order.place symbol=ETHUSDT side=BUY,SELL type=LIMIT,LIMIT_MAKER notional<=50 USDT
hold id=big op=order.place symbol=ETHUSDT side=BUY type=LIMIT,LIMIT_MAKER notional<=500 USDT expires=1h
allow id=exits op=order.place symbol=BTCUSDT
allow id=rest op=order.cancel,read.*
default deny
`;
const BOT: DcaSettings = makeSettings<DcaSettings>('dca', {
  name: 'Wants more than it may',
  symbols: ['ETHUSDT'],
  baseOrderVolume: '100',
  baseOrderType: 'limit',
  safetyOrderVolume: '40',
  safetyOrderStep: '10',
  maxSafetyOrders: 0,
  maxActiveSafetyOrders: 0,
  volumeScale: '1',
  stepScale: '1',
  takeProfit: '50',
  cooldownSeconds: 1,
  maxActiveDeals: 1,
  maxSlippage: '1',
});

interface World {
  readonly simulator: SimulatorProcess;
  readonly desk: TestDesk;
}

async function openWorld(t: TestContext): Promise<World> {
  const defer = deferrer(t);
  const directory = temporaryDirectory(defer);
  const file = join(directory, 'ETHUSDT-1m.csv');
  const rows = Array.from(
    { length: MINUTES },
    (_, minute) => `${START + minute * 60_000},2000,2001,1999,2000,1000\n`,
  );
  writeFileSync(file, rows.join(''));
  const simulator = await startSimulator([
    ...['--market', file, '--speed', '0', '--history', '0', '--account', 'demo:USDT=50000'],
  ]);
  defer(() => simulator.stop());
  await simulator.control('/market/step', { points: 1 });
  const desk = await startDesk({
    simulator,
    bots: [BOT],
    directory: join(directory, 'desk'),
    policy: POLICY,
  });
  defer(() => desk.stop());
  return { simulator, desk };
}

async function enrol({ desk }: World): Promise<Passkey> {
  const owner = new Passkey();
  const code = leaveCode(SYSTEM_DISK, join(desk.directory, 'signer'), Date.now());
  const { credential, rpId, origin, cose } = owner;
  const publicKey = cose.toString('base64url');
  const act = { kind: 'enrolOwner', name: 'Ada', credential, publicKey, rpId, origin };
  const asked = await desk.client.post<api.ActAnswer>('/api/v1/acts', { act });
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  const proof = createHmac('sha256', code).update(asked.text).digest('base64url');
  const approval = { kind: 'code', proof };
  const done = await desk.client.post<api.ActAnswer>('/api/v1/acts/confirm', {
    nonce: asked.nonce,
    approval,
  });
  assert.equal(done.kind, 'performed');
  return owner;
}

function held({ desk }: World): Promise<readonly api.HeldOrder[]> {
  return desk.client.get<readonly api.HeldOrder[]>('/api/v1/policy/held');
}

async function alarmOf({ desk }: World, state: string): Promise<api.Alarm | null> {
  const { alarms } = await desk.client.get<api.Alarms>('/api/v1/alarms');
  return alarms.find((alarm) => alarm.kind === 'orderHeld' && alarm.state === state) ?? null;
}

async function buys({ simulator }: World): Promise<number> {
  const { orders } = await simulator.control<{
    readonly orders: readonly { readonly side: string }[];
  }>('/accounts/demo/orders');
  return orders.filter(({ side }) => side === 'BUY').length;
}

test('[T129] a bot’s order that the policy holds is told by an alarm, released with a passkey, and signed once when the bot tries again', async (t) => {
  const world = await openWorld(t);
  const { simulator, desk } = world;
  const order = await until('an order that waits', async () => (await held(world))[0] ?? null);
  assert.equal(order.rule, 'big');
  assert.match(order.line, /^hold id=big /);
  assert.equal(await buys(world), 0);
  const alarm = await until('the alarm', () => alarmOf(world, 'open'));
  assert.equal(alarm.severity, 'notice');
  assert.equal(alarm.facts['order'], order.order);
  const owner = await enrol(world);
  const act = { kind: 'releaseHeld', order: order.order };
  const asked = await desk.client.post<api.ActAnswer>('/api/v1/acts', { act });
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  assert.match(asked.text, /^act: release a held order/m);
  await desk.client.post<api.ActAnswer>('/api/v1/acts/confirm', {
    nonce: asked.nonce,
    approval: owner.assert(asked.challenge),
  });
  await until('the end of the alarm', () => alarmOf(world, 'resolved'));
  let minute = 0;
  await until('the order at the exchange', async () => {
    // The bot pauses after a refusal, on the market's clock.
    minute = Math.min(minute + 1, MINUTES - 1);
    await simulator.control('/market/step', { untilMs: START + minute * 60_000 });
    return (await buys(world)) > 0 ? true : null;
  });
  assert.equal(await buys(world), 1);
  assert.deepEqual(
    (await held(world)).filter(({ isReleased }) => isReleased),
    [],
    'the release is used up',
  );
});
