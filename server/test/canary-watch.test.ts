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
  /** Whose stream was asked for, in order, and when the log heard of canaries. */
  readonly asked: string[];
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
    asked: [],
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
        subscribe: async (connection) => {
          bench.asked.push(connection);
          return bench.outcome;
        },
        own: () => 'c_OWNOWN2',
        onUnwatched: () => bench.asked.push('told'),
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

test('[Y262] streams of connections that nobody trades through are opened as a canary’s is, so that they do not tell which it is', async (t) => {
  const bench = opened(t);
  const spare = connectionInfo(0, { connection: 'c_SPARES2', name: 'spot-3', venue: 'demo' });
  const own = connectionInfo(0, { connection: 'c_OWNOWN2', venue: 'demo' });
  const next = connectionInfo(0, { connection: 'c_NEXTKE2', replaces: CANARY });
  const draft = connectionInfo(0, { connection: 'c_DRAFTS2', state: 'draft' });
  bench.infos = [own, INFO, next, draft, spare];
  bench.outcome = OPENED;
  const watch = bench.begin();
  await bench.look();
  assert.deepEqual(bench.asked, [CANARY, spare.connection, 'told']);
  // An account that is no canary's rings nothing, and its stream is opened again as the canary's is.
  watch.onEvent(spare.connection, { e: 'executionReport' });
  assert.deepEqual(standing(bench), []);
  watch.onStream(spare.connection, 'down');
  await bench.look();
  assert.deepEqual(bench.asked.slice(3), [spare.connection]);
  // One that is refused is not asked for again and again, and nobody is told.
  bench.outcome = { kind: 'refused', rule: 'default deny', reason: 'by the test' };
  watch.onStream(spare.connection, 'down');
  for (let look = 0; look < 3; look += 1) await bench.look();
  assert.equal(bench.asked.length, 5);
  assert.deepEqual(standing(bench), []);
});
