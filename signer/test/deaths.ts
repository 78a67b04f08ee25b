// SPDX-License-Identifier: Apache-2.0
// kill -9 at calls to the disk, then the checks that must hold whatever happened.

import { strict as assert } from 'node:assert';
import { execFile } from 'node:child_process';
import { hash } from 'node:crypto';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  parseDecision,
  type ConnectionInfo,
  type Decision,
  type SignedRequest,
} from '../src/index.ts';
import {
  API_KEY,
  OpenSigner,
  outcomeOf,
  POLICY,
  readLog,
  readSignedRequest,
  temporaryDirectory,
  TestTime,
  writePolicy,
} from './fixture.ts';

const CHILD = fileURLToPath(new URL('./crash-child.ts', import.meta.url));
const PARALLEL = 2;
/** Calls that change nothing on disk. */
const LOOKING = ['lstatSync', 'statSync', 'fstatSync', 'readSync', 'readdirSync', 'closeSync'];
const ORDER_IDS = ['a', 'b', 'c', 'd'];

interface Outcome {
  readonly signal: string | null;
  readonly calls: readonly string[];
  readonly decisions: readonly Decision[];
  readonly requests: readonly SignedRequest[];
}

function runChild(directory: string, at: number, moment: string): Promise<Outcome> {
  return new Promise((resolve, reject) => {
    execFile(
      process.execPath,
      [CHILD, directory, String(at), moment],
      { timeout: 30_000 },
      (error, stdout, stderr) => {
        if (error !== null && error.signal !== 'SIGKILL') {
          reject(new Error(stderr, { cause: error }));
          return;
        }
        const lines = stdout
          .split('\n')
          .slice(0, -1)
          .map((line) => Object.entries(JSON.parse(line))[0]);
        const said = (what: string): unknown[] =>
          lines.filter((line) => line?.[0] === what).map((line) => line?.[1]);
        resolve({
          signal: error?.signal ?? null,
          calls: said('call').map(String),
          decisions: said('decision').map(parseDecision),
          requests: said('request').map(readSignedRequest),
        });
      },
    );
  });
}

/** Restarts on what the crash left and checks it against what the crashed signer had said. */
function check(directory: string, crashed: Outcome): void {
  const time = new TestTime();
  time.wallMs = Date.now();
  const signer = new OpenSigner(directory, { time });
  const lines = readLog(directory);
  const intents = lines.filter(({ kind }) => kind === 'intent');

  for (const request of crashed.requests) {
    const text =
      request.kind === 'request'
        ? request.payload.replace(/&signature=.*$/, '')
        : Object.keys(request.params)
            .filter((name) => name !== 'signature')
            .sort()
            .map((name) => `${name}=${request.params[name]}`)
            .join('&');
    const digest = hash('sha256', text, 'hex');
    assert.equal(
      intents.filter((line) => line['request'] === digest).length,
      1,
      'a signature has its intent on disk',
    );
  }
  for (const line of lines.filter(({ kind }) => kind === 'signed')) {
    assert.ok(
      intents.some(({ seq }) => seq === line['intent']),
      'a signature noted has its intent',
    );
  }
  for (const decision of crashed.decisions) {
    if (decision.kind === 'signed') {
      assert.ok(
        intents.some(({ time: at }) => at === decision.timestamp),
        'what was told is on disk',
      );
    }
  }

  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind, 'connections');
  const told = crashed.decisions.filter(({ kind }) => kind === 'connections');
  for (const decision of told) {
    const [info] = decision.kind === 'connections' ? decision.connections : [];
    const known: ConnectionInfo | undefined = listed.connections.find(
      ({ connection }) => connection === info?.connection,
    );
    assert.equal(known?.publicKeyPem, info?.publicKeyPem, 'a connection that was shown is kept');
    if (info?.state === 'active') assert.equal(known?.state, 'active');
  }

  const [info] = listed.connections;
  if (info === undefined) return;
  signer.connection = info.connection;
  if (info.state === 'draft') {
    signer.ask({ kind: 'activateConnection', connection: info.connection, apiKey: API_KEY });
  }
  // Counters: a full window of ten, minus what the log holds; and the day's sum to the last unit.
  const orders = intents.filter(({ op }) => op === 'order.place');
  const spent = orders.reduce((sum, line) => sum + Number(line['price']), 0);
  assert.equal(signer.place({ price: String(500 - spent) }), 'signed');
  assert.equal(signer.place({ price: '500.01' }), 'btc: notional');
  assert.equal(signer.place({ price: '500' }), 'signed');
  assert.equal(signer.place({ price: '0.00000001' }), 'btc: per-day');
  for (const clientOrderId of ORDER_IDS) {
    const isOnDisk = orders.some((line) => line['clientOrderId'] === clientOrderId);
    const [found] = signer.ask({ kind: 'lookUp', connection: info.connection, clientOrderId });
    assert.equal(
      found?.kind === 'record' && found.signedAt !== null,
      isOnDisk,
      'the record knows what is on disk',
    );
    assert.equal(
      signer.place({ clientOrderId, price: '499' }),
      isOnDisk ? 'duplicate' : 'btc: per-day',
    );
  }
  const [read] = signer.ask({ kind: 'queryAccount', connection: info.connection });
  assert.equal(outcomeOf(read), 'signed');
  readLog(directory);
}

async function crash(t: TestContext, at: number, moment: string): Promise<void> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const outcome = await runChild(directory, at, moment);
  assert.equal(outcome.signal, 'SIGKILL');
  check(directory, outcome);
}

/** Dies at every `stride`-th moment of the script, from the `first` on, and checks each time what is left. */
export async function dieAt(
  t: TestContext,
  { stride, first }: { readonly stride: number; readonly first: number },
): Promise<void> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const whole = await runChild(directory, 0, 'list');
  assert.equal(whole.signal, null);
  assert.deepEqual(whole.decisions.map(outcomeOf), [
    'connections',
    'connections',
    'signed',
    'duplicate',
    'btc: notional',
    'signed',
    'signed',
    'signed',
    'signed',
  ]);
  check(directory, whole);
  const deaths = whole.calls
    .flatMap((call, index) => [
      { at: index + 1, moment: 'before' },
      ...(call === 'writeSync' ? [{ at: index + 1, moment: 'within' }] : []),
    ])
    // Looking changes nothing: dying before it is dying after the change before.
    .filter(({ at }) => !LOOKING.includes(whole.calls[at - 1] ?? ''))
    .filter((_, index) => index % stride === first);
  t.diagnostic(`${deaths.length} deaths at ${whole.calls.length} calls`);
  assert.ok(deaths.length > 40);
  const workers = Array.from({ length: PARALLEL }, async () => {
    for (let death = deaths.shift(); death !== undefined; death = deaths.shift()) {
      const { at, moment } = death;
      await crash(t, at, moment).catch((error: unknown) => {
        throw new Error(`died ${moment} call ${at} (${whole.calls[at - 1]})`, { cause: error });
      });
    }
  });
  await Promise.all(workers);
}
