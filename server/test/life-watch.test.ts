// SPDX-License-Identifier: Apache-2.0
// What the server does about the life of a connection: checks, reminders, alarms, and what it keeps bots from asking.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConnectionInfo, Intent } from '@kontor/signer';
import { LifeWatch } from '../src/connections/life-watch.ts';
import type { NewAlarm } from '../src/alarms/alarm-book.ts';
import type { Outcome } from '../src/link/links.ts';
import { connectionInfo } from './connection-info.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = 1_793_491_200_000;
const CONNECTION = 'c_ABCDEF2';
const INFO = connectionInfo(START, { connection: CONNECTION });
const TRADED = {
  kind: 'answered',
  status: 200,
  body: '{}',
  signedUntil: 0,
  pace: { orderCounts: [] },
};

/** A signer and an exchange in the test's hands, and what the watch made of them. */
class World {
  now = START;
  info: ConnectionInfo = INFO;
  /** What else the signer lists. */
  others: readonly ConnectionInfo[] = [];
  status = 200;
  isLocked = false;
  readonly asked: string[] = [];
  readonly standing = new Map<string, NewAlarm>();
  readonly told: string[] = [];
  changes = 0;
  readonly watch: LifeWatch;
  readonly #rounds: (() => void)[] = [];

  constructor() {
    this.watch = new LifeWatch({
      links: {
        submit: async (intent) => this.#submit(intent),
        connections: async () => ({ ok: true, connections: [this.info, ...this.others] }),
      },
      alarms: {
        raise: (alarm) => {
          this.standing.set(`${alarm.kind} ${alarm.subject}`, alarm);
          this.told.push(`${alarm.kind} ${alarm.severity} ${alarm.facts['days'] ?? ''}`.trim());
          return undefined as never;
        },
        resolve: (kind) => {
          for (const key of [...this.standing.keys()])
            if (key.startsWith(`${kind} `)) this.standing.delete(key);
        },
        resolveGone: () => undefined,
        resolveOthers: (kind, _connection, subject) => {
          for (const key of [...this.standing.keys()])
            if (key.startsWith(`${kind} `) && key !== `${kind} ${subject}`)
              this.standing.delete(key);
        },
      },
      time: {
        now: () => this.now,
        monotonic: () => this.now,
        after: () => () => undefined,
        every: (_ms, work) => {
          this.#rounds.push(work);
          return () => undefined;
        },
        soon: (work) => work(),
        pause: async () => undefined,
      },
      venue: 'binance',
      connection: () => CONNECTION,
      onChanged: () => (this.changes += 1),
      log: () => undefined,
    });
  }

  #submit(intent: Omit<Intent, 'id'>): Outcome {
    this.asked.push(intent.kind);
    if (this.isLocked) return { kind: 'refused', rule: 'locked', reason: 'by the test' };
    if (this.status === 200) this.info = { ...this.info, checkedAt: this.now };
    return { ...TRADED, kind: 'answered', status: this.status };
  }

  /** Lets time pass and the watch look once. */
  async pass(ms: number): Promise<void> {
    this.now += ms;
    for (const round of this.#rounds) round();
    for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  }
}

test('[Y40] rights are checked at the start, every hour, and soon again where nothing came of it', async () => {
  const world = new World();
  await world.watch.start(1_000);
  assert.equal(world.asked.length, 1);
  await world.pass(HOUR_MS - 1);
  assert.equal(world.asked.length, 1);
  await world.pass(1);
  assert.equal(world.asked.length, 2);
  world.status = 503;
  await world.pass(HOUR_MS);
  assert.equal(world.asked.length, 3);
  await world.pass(5 * 60_000 - 1);
  assert.equal(world.asked.length, 3);
  await world.pass(1);
  assert.equal(world.asked.length, 4);
});

test('[Y206] a check that found the vault locked is made as soon as it is open', async () => {
  const world = new World();
  world.isLocked = true;
  await world.watch.start(1_000);
  await world.pass(60_000);
  assert.deepEqual([world.asked.length, world.info.checkedAt], [1, null], 'not again and again');
  world.isLocked = false;
  await world.watch.goOn(1_000);
  await world.pass(0);
  assert.equal(world.asked.length, 2);
  assert.equal(world.info.checkedAt, world.now);
  await world.watch.goOn(1_000);
  await world.pass(0);
  assert.equal(world.asked.length, 2, 'what was asked is not asked again');
});

test('[Y40] a key that the exchange refused is checked at once, but not more than once a minute', async () => {
  const world = new World();
  await world.watch.start(1_000);
  world.watch.onKeyRefused(CONNECTION);
  assert.equal(world.asked.length, 1, 'it was checked a moment ago');
  world.now += 60_000;
  world.watch.onKeyRefused(CONNECTION);
  world.watch.onKeyRefused(CONNECTION);
  await world.pass(0);
  assert.equal(world.asked.length, 2);
});

test('[Y40] keys without an identifier, for other exchanges, or at their end are not asked about', async () => {
  for (const changes of [
    { state: 'draft', signs: 'nothing' },
    { venue: 'elsewhere' },
    { state: 'expired', signs: 'nothing' },
  ] as const) {
    const world = new World();
    world.info = { ...INFO, ...changes };
    await world.watch.start(1_000);
    assert.deepEqual(world.asked, []);
  }
});

test('[Y40] what the exchange did not say is told with its reason', async () => {
  const world = new World();
  world.status = 403;
  const checked = await world.watch.check(CONNECTION);
  assert.deepEqual(checked, { ok: false, reason: 'the exchange answered with HTTP 403' });
});

test('[Y41] a quarantine, a freeze, an end and rights that stay unknown raise an alarm each, which ends with its cause', async () => {
  const world = new World();
  await world.watch.start(1_000);
  assert.deepEqual(world.told, []);
  const cases: readonly (readonly [Partial<ConnectionInfo>, string])[] = [
    [{ quarantined: { since: START, faults: ['withdrawals'] } }, 'rightsChanged critical'],
    [{ frozen: { since: START, cause: 'terminal' } }, 'connectionFrozen warning'],
    [{ expiresAt: START, state: 'expired' }, 'connectionExpired critical'],
  ];
  for (const [changes, told] of cases) {
    world.info = { ...INFO, checkedAt: START, ...changes };
    await world.pass(0);
    await world.pass(0);
    assert.equal(world.told.at(-1), told);
    assert.equal(world.standing.size, 1, 'told once');
    world.info = { ...INFO, checkedAt: START };
    await world.pass(0);
    assert.equal(world.standing.size, 0);
  }
  world.status = 503;
  world.info = { ...INFO, state: 'probing', signs: 'reductions' };
  await world.pass(0);
  assert.equal(world.standing.size, 0);
  await world.pass(5 * 60_000);
  assert.deepEqual([...world.standing.keys()], ['rightsUnknown unknown']);
});

test('[Y41] what an alarm froze is told by that alarm, and a successor in waiting is not spoken of', async () => {
  const world = new World();
  const successor = { ...INFO, connection: 'c_ABCDEF3', replaces: CONNECTION, expiresAt: START };
  world.others = [{ ...successor, state: 'draft', signs: 'nothing' }];
  world.info = { ...INFO, frozen: { since: START, cause: 'alarm' } };
  await world.watch.start(1_000);
  assert.deepEqual(world.told, []);
});

test('[Y251] a key for another exchange than the desk trades at is not asked about, and nobody is alarmed about that', async () => {
  const world = new World();
  const other = { ...INFO, connection: 'c_ABCDEF3', venue: 'elsewhere' } as const;
  world.others = [{ ...other, state: 'probing', signs: 'cancels' }];
  await world.watch.start(1_000);
  const before = world.asked.length;
  assert.deepEqual(await world.watch.check('c_ABCDEF3'), {
    ok: false,
    rule: 'venue',
    reason:
      'expected a key for binance, where this desk trades, found one for elsewhere: it is kept in the vault and waits for a desk that trades there',
  });
  assert.equal(world.asked.length, before);
  for (let round = 0; round < 3; round += 1) await world.pass(3 * 60_000);
  assert.deepEqual(world.told, []);
});

test('[Y42] the end is announced 14, 7, 3 and 1 days before, each time as an alarm of its own', async () => {
  const world = new World();
  await world.watch.start(1_000);
  const until = (days: number): number => INFO.expiresAt - days * DAY_MS - world.now;
  for (const days of [20, 14.01, 14, 10, 7, 6.5, 3, 2, 1, 0.5]) await world.pass(until(days));
  assert.deepEqual(world.told, [
    'connectionExpiring notice 14',
    'connectionExpiring warning 7',
    'connectionExpiring warning 3',
    'connectionExpiring critical 1',
  ]);
  assert.equal(world.standing.size, 1);
  await world.pass(until(0));
  assert.deepEqual([...world.standing.keys()], ['connectionExpired ended']);
  world.info = { ...INFO, expiresAt: world.now + 90 * DAY_MS };
  await world.pass(0);
  assert.equal(world.standing.size, 0, 'a new key ends both');
});

test('[Y174] what stands still is named, whichever connection it is, and a successor in waiting is not', async () => {
  const world = new World();
  await world.watch.start(1_000);
  assert.deepEqual(world.watch.troubled, []);
  for (const state of ['frozen', 'quarantined', 'expired'] as const) {
    world.others = [
      { ...INFO, connection: 'c_ABCDEF3', name: 'second', state, signs: 'cancels' },
      { ...INFO, connection: 'c_ABCDEF4', name: 'next', state, replaces: CONNECTION },
    ];
    await world.pass(15_000);
    assert.deepEqual(world.watch.troubled, [{ name: 'second', state }]);
  }
  world.others = [{ ...INFO, connection: 'c_ABCDEF3', state: 'retired', signs: 'nothing' }];
  await world.pass(15_000);
  assert.deepEqual(world.watch.troubled, []);
});

test('[Y43] bots start nothing that would be refused: frozen keeps what rests, an end takes entries back, a quarantine halts', async () => {
  const world = new World();
  await world.watch.start(1_000);
  assert.deepEqual([world.watch.risk, world.watch.entryDenial()], ['active', null]);
  for (const [state, signs, risk] of [
    ['frozen', 'reductions', 'active'],
    ['probing', 'reductions', 'active'],
    ['expired', 'reductions', 'reducing'],
    ['expired', 'cancels', 'halted'],
    ['quarantined', 'cancels', 'halted'],
  ] as const) {
    const before = world.changes;
    world.info = { ...INFO, state, signs };
    await world.pass(0);
    assert.equal(world.watch.risk, risk, `${state} ${signs}`);
    assert.deepEqual(world.watch.entryDenial(), {
      rule: `connection: ${state}`,
      reason: `the connection main signs no new risk: it is ${state}`,
    });
    assert.ok(world.changes > before, 'bots are told');
  }
  world.info = INFO;
  await world.pass(0);
  assert.deepEqual([world.watch.risk, world.watch.entryDenial()], ['active', null]);
});

test('[Y232] a list of addresses that is not real is a critical alarm until it was seen to hold', async () => {
  const world = new World();
  await world.watch.start(1_000);
  assert.ok(![...world.standing.keys()].some((key) => key.startsWith('bindNotReal')));
  world.info = { ...world.info, bind: { verdict: 'notReal', seenAt: START } };
  await world.pass(15_000);
  const raised = world.standing.get(`bindNotReal ${START}`);
  assert.deepEqual([raised?.severity, raised?.facts], ['critical', { name: 'main' }]);
  await world.pass(15_000);
  assert.equal(world.told.filter((line) => line.startsWith('bindNotReal')).length, 1, 'told once');
  world.info = { ...world.info, bind: { verdict: 'holds', seenAt: START + 1 } };
  await world.pass(15_000);
  assert.equal(world.standing.has(`bindNotReal ${START}`), false);
});
