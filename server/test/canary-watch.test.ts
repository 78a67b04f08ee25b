// SPDX-License-Identifier: Apache-2.0
// Who watches the canaries: a canary without a stream is told of, and is forgotten when it is none any more.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ConnectionInfo } from '@kontor/signer';
import { AlarmBook } from '../src/alarms/alarm-book.ts';
import { CanaryWatch } from '../src/alarms/canary-watch.ts';
import { CaseBook } from '../src/cases/case-book.ts';
import type { Outcome } from '../src/link/links.ts';
import { Store } from '../src/store/store.ts';
import { connectionInfo } from './connection-info.ts';

const CANARY = 'c_ABCDEF2';
const INFO = connectionInfo(0, {
  connection: CANARY,
  name: 'spot-2',
  venue: 'demo',
  isCanary: true,
});
const OPENED: Outcome = {
  kind: 'answered',
  status: 200,
  body: '{}',
  signedUntil: 0,
  pace: { orderCounts: [] },
};

interface Bench {
  readonly alarms: AlarmBook;
  infos: readonly ConnectionInfo[];
  outcome: Outcome;
  /** A watch of the same desk, as after another start. */
  begin(): CanaryWatch;
  /** Has the watch look once. */
  look(): Promise<void>;
}

function opened(t: TestContext): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-canary-'));
  const store = new Store(join(directory, 'desk.db'));
  const alarms = new AlarmBook({
    store,
    now: () => 1_000,
    onRaised: () => undefined,
    onChanged: () => undefined,
    log: () => undefined,
  });
  let rounds: (() => void)[] = [];
  const bench: Bench = {
    alarms,
    infos: [INFO],
    outcome: {
      kind: 'failed',
      certainty: 'notSent',
      reason: 'egress is not running',
      signedUntil: null,
    },
    begin() {
      rounds = [];
      const watch = new CanaryWatch({
        alarms,
        cases: new CaseBook(directory, () => 1_000),
        connections: async () => bench.infos,
        subscribe: async () => bench.outcome,
        onUnwatched: () => undefined,
        time: {
          now: () => 1_000,
          monotonic: () => 1_000,
          after: () => () => undefined,
          every: (_ms, work) => {
            rounds.push(work);
            return () => undefined;
          },
          soon: (work) => work(),
          pause: async () => undefined,
        },
      });
      watch.start();
      return watch;
    },
    async look() {
      for (const round of rounds) round();
      for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
    },
  };
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true });
  });
  return bench;
}

function standing({ alarms }: Bench): string[] {
  return alarms
    .list(10)
    .map(
      ({ kind, severity, connection, facts, state, count }) =>
        `${kind} ${severity} ${JSON.stringify(connection)} ${Object.values(facts).join()} ${state} ${count}`,
    );
}

test('[Y171] a canary that cannot be watched is told of after two looks, and no more once it is', async (t) => {
  const bench = opened(t);
  const watch = bench.begin();
  for (let turn = 0; turn < 20; turn += 1) await new Promise(setImmediate);
  assert.deepEqual(standing(bench), [], 'one failure may pass');
  await bench.look();
  const told = 'canaryUnwatched warning "" egress is not running';
  assert.deepEqual(standing(bench), [`${told} open 1`]);
  await bench.look();
  assert.deepEqual(standing(bench), [`${told} open 1`], 'one alarm for one condition');
  bench.outcome = OPENED;
  await bench.look();
  assert.deepEqual(standing(bench), [`${told} resolved 1`]);

  // The stream ends with a dead key: the same again, as an alarm of its own.
  bench.outcome = { kind: 'answered', status: 401, body: '{"code":-2015}', signedUntil: 0, pace: { orderCounts: [] } }; // prettier-ignore
  watch.onStream(CANARY, 'down');
  await bench.look();
  await bench.look();
  const [newest] = standing(bench);
  assert.equal(newest, 'canaryUnwatched warning "" HTTP 401 {"code":-2015} open 1');
});

test('[Y171] a canary that went while the desk stood still is not told of any more', async (t) => {
  const bench = opened(t);
  bench.begin();
  await bench.look();
  await bench.look();
  assert.match(standing(bench)[0] ?? '', /open 1$/);
  bench.infos = [];
  bench.begin();
  await bench.look();
  assert.match(standing(bench)[0] ?? '', /resolved 1$/);
});
