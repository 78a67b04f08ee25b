// SPDX-License-Identifier: Apache-2.0
// The signer within the test: precedence of its checks, its record, its clock, its connections.

import { strict as assert } from 'node:assert';
import { createPrivateKey, createPublicKey, generateKeyPairSync, hash } from 'node:crypto';
import {
  appendFileSync,
  chmodSync,
  cpSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  statSync,
  symlinkSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { inspect } from 'node:util';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import type { Recorded } from '../src/log/intent-log.ts';
import { approve } from '../src/policy/approval.ts';
import { identityOf, readConnection } from '../src/connections.ts';
import { readObject } from '../src/fields.ts';
import { draftRequest } from '../src/binance/requests.ts';
import { SigningKey } from '../src/sign.ts';
import { SIGNED_ORDERS_MAX, SignedOrders } from '../src/signed-orders.ts';
import {
  openConnected,
  OpenSigner,
  outcomeOf,
  placeIntent,
  POLICY,
  readLog,
  sealedSecret,
  settlingDisk,
  START_MS,
  takePolicy,
  temporaryDirectory,
  TestTime,
  writePolicy,
  reopen,
} from './fixture.ts';

const DAY_MS = 86_400_000;

/** A disk on which one call fails: the `at`th of `name`. */
function failingDisk(
  name: 'writeSync' | 'ftruncateSync' | 'renameSync',
  code: string,
): { disk: Disk; failing: boolean } {
  const state = {
    failing: false,
    disk: {
      ...SYSTEM_DISK,
      [name]: (...parameters: readonly unknown[]): unknown => {
        if (state.failing) throw Object.assign(new Error(`${code}: made by the test`), { code });
        return Reflect.apply(SYSTEM_DISK[name], SYSTEM_DISK, parameters);
      },
    },
  };
  return state;
}

test('[S6] an allowed order is recorded, then signed, then handed on', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ clientOrderId: 'k1-first' }), 'signed');
  const [request] = signer.requests;
  assert.equal(request?.kind, 'request');
  const lines = readLog(signer.directory);
  const intent = lines.find(({ kind }) => kind === 'intent');
  assert.deepEqual(
    { ...intent, seq: 0, nonce: '', leaf: '', policy: '', request: '' },
    {
      v: 2,
      seq: 0,
      time: START_MS,
      kind: 'intent',
      connection: signer.connection,
      op: 'order.place',
      symbol: 'BTCUSDT',
      side: 'BUY',
      type: 'LIMIT',
      tif: 'GTC',
      price: '100',
      quantity: '1',
      clientOrderId: 'k1-first',
      tag: 1,
      sentAs: /newClientOrderId=([^&]+)/.exec(request.payload)?.[1],
      rule: 'btc',
      policy: '',
      request: '',
      nonce: '',
      leaf: '',
    },
  );
  const text = request.payload.replace(/&signature=.*$/, '');
  assert.equal(intent?.['request'], hash('sha256', text, 'hex'));
  assert.equal(
    intent['policy'],
    hash('sha256', readFileSync(join(signer.directory, 'policy')), 'hex'),
  );
  const signature = decodeURIComponent(request.payload.replace(/^.*&signature=/, ''));
  const signed = lines.find(({ kind }) => kind === 'signed');
  assert.equal(signed?.['intent'], intent['seq']);
  assert.equal(signed?.['signature'], hash('sha256', Buffer.from(signature, 'base64'), 'hex'));
});

test('[S10] what is no operation of the protocol is refused and recorded', (t) => {
  const signer = openConnected(t, 'policy/v1\nconnection demo\nallow op=*\n');
  const { connection } = signer;
  const attempts: readonly (readonly [unknown, number])[] = [
    [{ kind: 'sign', id: 71, connection, payload: 'symbol=BTCUSDT' }, 71],
    [{ kind: 'withdraw', id: 72, connection, coin: 'BTC', address: 'x', amount: '1' }, 72],
    [{ kind: 'transfer', id: 73, connection }, 73],
    [{ kind: 'sessionLogon', id: 74, connection }, 74],
    [{ kind: 'subscribe', id: 75, connection, method: 'session.logon' }, 75],
    [{ kind: 'deleteApiKey', id: 76, connection }, 76],
    [{ kind: 'placeOrder', id: 77, connection, path: '/sapi/v1/margin/order' }, 77],
    [{ kind: 'exportKey', connection }, 0],
    ['sign this', 0],
    [null, 0],
  ];
  for (const [attempt, id] of attempts) {
    signer.decisions.length = 0;
    signer.give(attempt);
    assert.equal(signer.decisions.length, 1);
    assert.deepEqual(
      { ...signer.decisions[0], reason: '' },
      { kind: 'refused', id, rule: 'intent', reason: '' },
    );
  }
  assert.equal(signer.requests.length, 0);
  const refused = readLog(signer.directory).filter(({ kind }) => kind === 'refused');
  assert.equal(refused.length, attempts.length);
});

/** Each cause together with all later ones: the earliest is named. */
test('[S12] checks come in a fixed order: clock, connection, room, number, ID, policy', (t) => {
  const signer = openConnected(t);
  const outcome = (message: Record<string, unknown> = {}): string => {
    signer.decisions.length = 0;
    signer.give({
      ...placeIntent(signer.connection, { clientOrderId: 'once', price: '501' }),
      id: 900,
      ...message,
    });
    return outcomeOf(signer.decisions[0]);
  };
  signer.ask(placeIntent(signer.connection, { clientOrderId: 'once' }));
  const inFlight = signer.requests.at(-1)?.id;
  signer.hasRoom = false;
  signer.time.wallMs -= 2_000;
  assert.equal(outcome({ connection: 'c_7777777' }), 'clock');
  signer.time.wallMs += 2_000;
  assert.equal(outcome({ connection: 'c_7777777' }), 'connection-unknown');
  assert.equal(outcome({ id: inFlight }), 'busy');
  signer.hasRoom = true;
  assert.equal(outcome({ id: inFlight }), 'intent');
  assert.equal(outcome(), 'duplicate');
  assert.equal(outcome(placeIntent(signer.connection, { price: '501' })), 'btc: notional');
  signer.time.pass(90 * DAY_MS);
  signer.hasRoom = false;
  assert.equal(outcome(), 'connection-expired');
  assert.equal(signer.requests.length, 1);
});

test('[S12] a connection whose key the exchange does not know yet signs nothing', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory);
  const [created] = signer.ask({ kind: 'createConnection', name: 'demo', venue: 'demo' });
  assert.equal(created?.kind, 'connections');
  signer.connection = created.connections[0]?.connection ?? '';
  assert.equal(created.connections[0]?.state, 'draft');
  assert.equal(signer.place(), 'connection-not-active');
});

test('[S12] more requests than egress reports on are refused until it does', (t) => {
  const signer = openConnected(t, 'policy/v1\nconnection demo\nallow op=*\n');
  const reads = Array.from(
    { length: 1_025 },
    () => ({ kind: 'queryAccount', connection: signer.connection }) as const,
  );
  const decisions = signer.ask(...reads);
  assert.deepEqual(
    decisions.slice(0, 1_024).map(outcomeOf),
    Array.from({ length: 1_024 }, () => 'signed'),
  );
  assert.equal(outcomeOf(decisions[1_024]), 'busy');
  signer.receipt(decisions[0]?.id ?? 0);
  assert.equal(
    outcomeOf(signer.ask({ kind: 'queryAccount', connection: signer.connection })[0]),
    'signed',
  );
  assert.equal(
    outcomeOf(signer.ask({ kind: 'queryAccount', connection: signer.connection })[0]),
    'busy',
  );
  signer.time.pass(30_001);
  assert.equal(
    outcomeOf(signer.ask({ kind: 'queryAccount', connection: signer.connection })[0]),
    'signed',
  );
});

test('[S17] without a policy nothing is signed, and the reason names the file to write', (t) => {
  const signer = new OpenSigner(temporaryDirectory(t)).connect();
  const [decision] = signer.ask({ kind: 'queryAccount', connection: signer.connection });
  assert.equal(decision?.kind, 'refused');
  assert.equal(decision.rule, 'default deny');
  assert.match(
    decision.reason,
    new RegExp(`write ${join(signer.directory, 'policy')} and restart`),
  );
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind === 'connections' && listed.connections[0]?.policyHash, 'none');
});

test('[S17] a policy that is no policy, or that others may write, stops the start', (t) => {
  const signer = openConnected(t);
  writePolicy(signer.directory, 'policy/v1\n');
  assert.equal(signer.place(), 'signed', 'the file is read at the start only');
  writePolicy(signer.directory, 'policy/v1\nallow\n');
  assert.throws(
    () => reopen(signer),
    /policy:2:1: expected a connection line before the first rule, found "allow"/,
  );
  chmodSync(join(signer.directory, 'policy'), 0o666);
  assert.throws(() => reopen(signer), /policy: expected mode 644 or stricter, found 666/);
});

test('[S16] counters survive a restart', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ price: '450' }), 'signed');
  assert.equal(signer.place({ price: '450' }), 'signed');
  assert.equal(signer.place({ price: '101' }), 'btc: per-day');
  const next = reopen(signer);
  assert.equal(next.place({ price: '101' }), 'btc: per-day');
  assert.equal(next.place({ price: '100' }), 'signed');
  assert.equal(next.place({ price: '0.00000001' }), 'btc: per-day');
  next.time.pass(DAY_MS - 1);
  assert.equal(reopen(next).place({ price: '0.00000001' }), 'btc: per-day', 'the whole day counts');
  next.time.pass(60_001);
  assert.equal(reopen(next).place({ price: '500' }), 'signed');
});

test('[S16] earlier requests count against the policy of today, whatever its rules are called', async (t) => {
  const signer = openConnected(t);
  for (let count = 0; count < 3; count += 1) assert.equal(signer.place({ price: '300' }), 'signed');
  const renamed = POLICY.replace('id=btc', 'id=renamed').replace('10/10s', '4/10s');
  await takePolicy(signer.directory, renamed, signer.time);
  const next = reopen(signer);
  assert.equal(next.place({ price: '101' }), 'renamed: per-day');
  assert.equal(next.place({ price: '50' }), 'signed');
  assert.equal(next.place({ price: '50' }), 'renamed: rate');
});

test('[S16] a thousand small orders stop at the rate, and a refused one moves no counter', (t) => {
  const signer = openConnected(t);
  const outcomes = signer
    .ask(...Array.from({ length: 1_000 }, () => placeIntent(signer.connection, { price: '1' })))
    .map(outcomeOf);
  assert.equal(outcomes.filter((outcome) => outcome === 'signed').length, 10);
  assert.equal(outcomes.filter((outcome) => outcome === 'btc: rate').length, 990);
  signer.time.pass(10_000);
  assert.equal(signer.place({ price: '1' }), 'signed');
});

test('[S24] an order ID is signed once: twice at once, later, and after a restart', (t) => {
  const signer = openConnected(t);
  const twice = placeIntent(signer.connection, { clientOrderId: 'k1-same' });
  assert.deepEqual(signer.ask(twice, twice).map(outcomeOf), ['signed', 'duplicate']);
  signer.time.pass(60_000);
  assert.equal(signer.place({ clientOrderId: 'k1-same' }), 'duplicate');
  assert.equal(reopen(signer).place({ clientOrderId: 'k1-same', price: '7' }), 'duplicate');
  assert.equal(signer.requests.length, 1);
});

test('[S24] cancels and questions about one order may be signed again', (t) => {
  const signer = openConnected(t);
  const about = { connection: signer.connection, symbol: 'BTCUSDT', clientOrderId: 'k1' } as const;
  const outcomes = signer
    .ask(
      { kind: 'cancelOrder', ...about },
      { kind: 'cancelOrder', ...about },
      { kind: 'queryOrder', ...about },
    )
    .map(outcomeOf);
  assert.deepEqual(outcomes, ['signed', 'signed', 'signed']);
});

test('[S25] the record tells when an order was signed, that it never was, and keeps knowing', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ clientOrderId: 'k1-a' }), 'signed');
  assert.equal(signer.place({ clientOrderId: 'k1-b', price: '501' }), 'btc: notional');
  const lookUp = (from: OpenSigner, clientOrderId: string): unknown => {
    const [decision] = from.ask({ kind: 'lookUp', connection: from.connection, clientOrderId });
    return decision?.kind === 'record' ? decision.signedAt : outcomeOf(decision);
  };
  const next = reopen(signer);
  for (const life of [signer, next]) {
    assert.equal(lookUp(life, 'k1-a'), START_MS);
    assert.equal(lookUp(life, 'k1-b'), null);
  }
  next.time.pass((90 + 7 + 3 + 7) * DAY_MS - 1);
  assert.equal(lookUp(next, 'k1-a'), START_MS, 'a week after the connection has ended');
  assert.equal(lookUp(reopen(next), 'k1-a'), START_MS);
  next.time.pass(1);
  assert.equal(
    lookUp(next, 'k1-a'),
    'connection-expired',
    'later the record is not at hand, which is no "never"',
  );
  next.connection = 'c_7777777';
  assert.equal(lookUp(next, 'k1-a'), 'connection-unknown');
});

test('[S25] an intent without a noted signature counts as signed', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ clientOrderId: 'k1-a', price: '500' }), 'signed');
  const path = join(signer.directory, 'intents.log');
  const lines = readFileSync(path, 'utf8').split('\n');
  assert.match(lines.at(-2) ?? '', /"kind":"signed"/);
  writeFileSync(path, `${lines.slice(0, -2).join('\n')}\n`);
  const next = reopen(signer);
  assert.equal(next.place({ clientOrderId: 'k1-a' }), 'duplicate');
  const [decision] = next.ask({
    kind: 'lookUp',
    connection: next.connection,
    clientOrderId: 'k1-a',
  });
  assert.deepEqual(decision?.kind === 'record' && decision.signedAt, START_MS);
  assert.equal(next.place({ price: '500' }), 'signed');
  assert.equal(next.place({ price: '1' }), 'btc: per-day');
});

test('[S24] the IDs held have a bound, which a full memory makes known', () => {
  const orders = new SignedOrders();
  orders.add('c_A', 'a', 1);
  orders.add('c_A', 'a', 1);
  for (let index = 0; index < SIGNED_ORDERS_MAX - 2; index += 1)
    orders.add('c_B', String(index), 1);
  assert.equal(orders.hasRoomFor(1), true);
  assert.equal(orders.hasRoomFor(2), false);
  orders.add('c_A', 'b', 1);
  assert.equal(orders.hasRoomFor(1), false);
  orders.remove('c_A', 'b');
  orders.remove('c_A', 'b');
  assert.equal(orders.hasRoomFor(1), true);
  orders.add('c_A', 'b', 1);
  orders.forget('c_B');
  assert.equal(orders.hasRoomFor(1), true);
  assert.equal(orders.timeOf('c_B', '0'), undefined);
  assert.equal(orders.timeOf('c_A', 'a'), 1);
});

test('[S22] intents that come together share one sync', (t) => {
  let syncs = 0;
  const disk = settlingDisk({ after: () => (syncs += 1) });
  const signer = openConnected(t, POLICY, disk);
  syncs = 0;
  const orders = Array.from({ length: 8 }, () => placeIntent(signer.connection, { price: '1' }));
  assert.deepEqual(
    signer.ask(...orders).map(outcomeOf),
    orders.map(() => 'signed'),
  );
  assert.equal(syncs, 1);
});

/** A disk on which nothing can be taken to disk while `failing` is set. */
function unsettledDisk(): { disk: Disk; failing: boolean } {
  const before = (): void => {
    if (state.failing) throw Object.assign(new Error('EIO: made by the test'), { code: 'EIO' });
  };
  const state = { failing: false, disk: settlingDisk({ before }) };
  return state;
}

for (const what of ['a full disk', 'a failed sync'] as const) {
  test(`[S21] ${what}: no signature, no counter moved, no ID used`, (t) => {
    const isFull = what === 'a full disk';
    const failing = isFull ? failingDisk('writeSync', 'ENOSPC') : unsettledDisk();
    const signer = openConnected(t, POLICY, failing.disk);
    failing.failing = true;
    const orders = ['k1-x', 'k1-y'].map((clientOrderId) =>
      placeIntent(signer.connection, { clientOrderId, price: '500' }),
    );
    const decisions = signer.ask(...orders);
    assert.deepEqual(decisions.map(outcomeOf), ['log', 'log']);
    assert.equal(signer.requests.length, 0);
    assert.equal(
      signer.place({ clientOrderId: 'k1-x', price: '500' }),
      'log',
      'no leftover of the first try',
    );
    failing.failing = false;
    // After a failed sync only a restart knows what is on disk; a full disk may have room again.
    const later = isFull ? signer : reopen(signer);
    if (!isFull) {
      assert.equal(signer.place({ price: '1' }), 'log');
      // The lines had been written, so after the restart they count: rather too much than too little.
      assert.equal(later.place({ clientOrderId: 'k1-x', price: '500' }), 'duplicate');
    } else {
      assert.equal(later.place({ clientOrderId: 'k1-x', price: '500' }), 'signed');
      assert.equal(later.place({ clientOrderId: 'k1-y', price: '500' }), 'signed');
      assert.equal(later.place({ price: '1' }), 'btc: per-day');
    }
    readLog(signer.directory);
  });
}

test('[S21] a signature whose note cannot be written ends in the signer', (t) => {
  let left = Number.POSITIVE_INFINITY;
  const disk: Disk = {
    ...SYSTEM_DISK,
    writeSync: ((...parameters: Parameters<Disk['writeSync']>) => {
      left -= 1;
      if (left < 0) throw Object.assign(new Error('made by the test'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(...parameters);
    }) as Disk['writeSync'],
  };
  const signer = openConnected(t, POLICY, disk);
  // The line of the intent, and the same ahead of the file.
  left = 2;
  assert.equal(signer.place({ clientOrderId: 'k1-x' }), 'log');
  assert.equal(signer.requests.length, 0);
  left = Number.POSITIVE_INFINITY;
  assert.equal(signer.place({ clientOrderId: 'k1-x' }), 'duplicate', 'its intent is on disk');
});

test('[S21] a half-written line on a full disk is cut off at once', (t) => {
  let isFull = false;
  const disk: Disk = {
    ...SYSTEM_DISK,
    writeSync: ((fd: number, bytes: Uint8Array, offset: number, length: number) => {
      if (!isFull) return SYSTEM_DISK.writeSync(fd, bytes, offset, length);
      if (length < 100) throw Object.assign(new Error('made by the test'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(fd, bytes, offset, length - 99);
    }) as Disk['writeSync'],
  };
  const signer = openConnected(t, POLICY, disk);
  const before = readLog(signer.directory).length;
  isFull = true;
  assert.equal(signer.place(), 'log');
  isFull = false;
  assert.equal(readLog(signer.directory).length, before);
  assert.equal(signer.place(), 'signed');
  readLog(signer.directory);
});

test('[S20] a line that a crash left half written is cut off and noted', (t) => {
  for (const torn of ['{"v":1,"seq":9', '\0\0\0\0', '\0'.repeat(20_000), '{"v":1}']) {
    const signer = openConnected(t);
    assert.equal(signer.place({ clientOrderId: 'k1-a' }), 'signed');
    appendFileSync(join(signer.directory, 'intents.log'), torn);
    const next = reopen(signer);
    const note = readLog(signer.directory).at(-1);
    assert.equal(note?.['note'], 'start');
    assert.equal(note['cut'], torn.length);
    assert.equal(next.place({ clientOrderId: 'k1-a' }), 'duplicate');
    assert.equal(next.place(), 'signed');
    assert.equal(reopen(next).place({ clientOrderId: 'k1-a' }), 'duplicate');
  }
});

const DAMAGES: readonly {
  readonly what: string;
  readonly change: (lines: string[]) => void;
  readonly message: RegExp;
}[] = [
  {
    what: 'a changed price',
    change: (lines) => {
      const at = lines.findIndex((line) => line.includes('"price":"100"'));
      lines.splice(at, 1, (lines[at] ?? '').replace('"100"', '"999"'));
    },
    message: /line \d+: expected the entry that its leaf hash is of, found another/,
  },
  {
    what: 'a removed line',
    change: (lines) => lines.splice(3, 1),
    message: /line 4: expected sequence number 3/,
  },
  {
    what: 'a doubled line',
    change: (lines) => lines.splice(3, 0, lines[3] ?? ''),
    message: /line 5: expected sequence number 4/,
  },
  {
    what: 'two lines exchanged',
    change: (lines) => lines.splice(3, 2, lines[4] ?? '', lines[3] ?? ''),
    message: /line 4: expected sequence number 3/,
  },
  {
    what: 'an inserted line',
    change: (lines) => lines.splice(3, 0, '{}'),
    message: /line 4: expected version 2/,
  },
  {
    what: 'text in the middle',
    change: (lines) => lines.splice(3, 1, 'oops'),
    message: /line 4: expected a JSON object, found other text/,
  },
  {
    what: 'text at the end',
    change: (lines) => lines.splice(-1, 1, 'oops', ''),
    message: /expected a JSON object/,
  },
  {
    what: 'a missing first line',
    change: (lines) => lines.shift(),
    message: /line 1: expected sequence number 0/,
  },
];

for (const { what, change, message } of DAMAGES) {
  test(`[S20] ${what} in the log stops the signer`, (t) => {
    const signer = openConnected(t);
    for (let count = 0; count < 3; count += 1) assert.equal(signer.place(), 'signed');
    const path = join(signer.directory, 'intents.log');
    const lines = readFileSync(path, 'utf8').split('\n');
    change(lines);
    writeFileSync(path, lines.join('\n'));
    assert.throws(
      () => reopen(signer),
      (error) => error instanceof Error && message.test(error.message),
    );
  });
}

test('[S23] a later signer takes the directory over and the earlier signs nothing more', (t) => {
  const first = openConnected(t);
  assert.equal(first.place({ clientOrderId: 'k1-a' }), 'signed');
  const second = reopen(first);
  assert.equal(first.place({ clientOrderId: 'k1-b' }), 'log');
  assert.equal(second.place({ clientOrderId: 'k1-b' }), 'signed');
  assert.equal(first.place({ clientOrderId: 'k1-c' }), 'log');
  assert.equal(first.requests.length, 1);
  readLog(first.directory);
});

test('[S23] a signer that is overtaken while it writes lets no signature out', (t) => {
  const state: { overtake: (() => void) | null } = { overtake: null };
  const disk = settlingDisk({ after: () => state.overtake?.() });
  const first = openConnected(t, POLICY, disk);
  const later: OpenSigner[] = [];
  state.overtake = (): void => {
    state.overtake = null;
    later.push(reopen(first));
  };
  assert.equal(first.place({ clientOrderId: 'k1-a' }), 'log');
  assert.equal(first.requests.length, 0);
  assert.equal(
    later[0]?.place({ clientOrderId: 'k1-a' }),
    'duplicate',
    'the later one saw the intent',
  );
  assert.equal(later[0]?.place({ clientOrderId: 'k1-b' }), 'signed');
});

test('[S23] a signer that is overtaken while it makes a key shows no connection', (t) => {
  const state: { overtake: (() => void) | null } = { overtake: null };
  const isOfLog = (fd: number): boolean => SYSTEM_DISK.fstatSync(fd).size > 100_000;
  const disk = settlingDisk({ after: (fd) => isOfLog(fd) && state.overtake?.() });
  const first = openConnected(t, POLICY, disk);
  state.overtake = (): void => {
    state.overtake = null;
    reopen(first);
  };
  const [refused] = first.ask({ kind: 'createConnection', name: 'second', venue: 'demo' });
  assert.equal(outcomeOf(refused), 'log');
  const [listed] = reopen(first).ask({ kind: 'listConnections' });
  assert.equal(listed?.kind === 'connections' && listed.connections.length, 1);
});

test('[S23] anything else that writes to the log stops the signing', (t) => {
  const signer = openConnected(t);
  appendFileSync(join(signer.directory, 'intents.log'), '{"v":1}\n');
  assert.equal(signer.place(), 'log');
  const shortened = openConnected(t);
  truncateSync(join(shortened.directory, 'intents.log'), 10);
  assert.equal(shortened.place(), 'log');
});

test('[S26] refusals are recorded up to a rate, and the rest is counted', (t) => {
  const signer = openConnected(t);
  const bad = Array.from(
    { length: 700 },
    () => ({ kind: 'queryOpenOrders', connection: 'c_7777777' }) as const,
  );
  assert.ok(signer.ask(...bad).every((decision) => outcomeOf(decision) === 'connection-unknown'));
  assert.equal(readLog(signer.directory).filter(({ kind }) => kind === 'refused').length, 600);
  signer.time.pass(60_000);
  signer.ask({ kind: 'queryOpenOrders', connection: 'c_7777777' });
  assert.equal(readLog(signer.directory).at(-1)?.['unlogged'], 100);
  signer.ask({ kind: 'queryOpenOrders', connection: 'c_7777777' });
  assert.equal(readLog(signer.directory).at(-1)?.['unlogged'], undefined);
});

test('[S27] a wall clock behind the record signs nothing until it has caught up', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place(), 'signed');
  const time = new TestTime();
  time.wallMs = START_MS - 3_600_000;
  const next = new OpenSigner(signer.directory, { time });
  next.connection = signer.connection;
  assert.equal(next.place(), 'clock');
  const [created] = next.ask({ kind: 'createConnection', name: 'second', venue: 'demo' });
  assert.equal(outcomeOf(created), 'clock');
  time.pass(3_600_000 - 1_001);
  assert.equal(next.place(), 'clock');
  time.pass(1);
  assert.equal(next.place(), 'signed');
});

test('[S27] a step of the wall clock stops the signing for a minute and moves no window', (t) => {
  for (const stepMs of [1_001, 3_600_000, 2 * DAY_MS]) {
    const signer = openConnected(t);
    for (const price of ['450', '450']) assert.equal(signer.place({ price }), 'signed');
    signer.time.wallMs += stepMs;
    assert.equal(signer.place({ price: '1' }), 'clock');
    signer.time.pass(59_999);
    assert.equal(signer.place({ price: '1' }), 'clock');
    signer.time.pass(1);
    assert.equal(signer.place({ price: '101' }), 'btc: per-day', 'the day has not passed');
    assert.equal(signer.place({ price: '1' }), 'signed');
    assert.equal(signer.requests.at(-1)?.kind, 'request');
    const payload =
      signer.requests.at(-1)?.kind === 'request' ? JSON.stringify(signer.requests.at(-1)) : '';
    assert.match(payload, new RegExp(`timestamp=${signer.time.wallMs}`));
  }
});

test('[S27] a clock that was wrong while nothing was signed does not bind the right one', (t) => {
  const signer = openConnected(t);
  signer.time.wallMs += 2 * DAY_MS;
  assert.equal(signer.place({ price: '1' }), 'clock');
  signer.time.wallMs -= 2 * DAY_MS;
  assert.equal(signer.place({ price: '1' }), 'signed');
  const ahead = new TestTime();
  ahead.wallMs += 7_200_000;
  assert.equal(new OpenSigner(signer.directory, { time: ahead }).requests.length, 0);
  assert.equal(
    reopen(signer).place({ price: '1' }),
    'signed',
    'a start with a wrong clock signs nothing',
  );
});

test('[S27] a clock that steps again and again is not believed; small differences are', (t) => {
  const signer = openConnected(t);
  for (let count = 0; count < 5; count += 1) {
    signer.time.pass(50_000);
    signer.time.wallMs += 5_000;
    assert.equal(signer.place({ price: '1' }), 'clock');
  }
  const steady = openConnected(t);
  for (let count = 0; count < 5; count += 1) {
    steady.time.pass(60_000);
    steady.time.wallMs += 200;
    assert.equal(steady.place({ price: '1' }), 'signed');
  }
  steady.time.wallMs -= 1_000;
  assert.equal(steady.place({ price: '1' }), 'signed', 'up to a second back is within tolerance');
});

test('[S28] a key is born here, stored for its owner alone, and never as text', (t) => {
  const signer = openConnected(t);
  const { directory, connection } = signer;
  const bytes = sealedSecret(directory, connection);
  const key = createPrivateKey({ key: bytes, format: 'der', type: 'pkcs8' });
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind, 'connections');
  const [info] = listed.connections;
  assert.equal(createPublicKey(key).export({ format: 'pem', type: 'spki' }), info?.publicKeyPem);
  assert.match(connection, /^c_[A-Z2-7]{7}$/);
  for (const name of readdirSync(directory, { recursive: true }).map(String)) {
    const { mode } = statSync(join(directory, name));
    const isPublic = name === 'log' || name.startsWith('log/');
    const isDirectory = statSync(join(directory, name)).isDirectory();
    const own = isDirectory ? 0o700 : name === 'policy' ? 0o644 : 0o600;
    const expected = isPublic ? (isDirectory ? 0o750 : 0o640) : own;
    assert.equal(mode & 0o777, expected, name);
  }
  assert.equal(statSync(directory).mode & 0o777, 0o700);
  assert.deepEqual(readdirSync(directory).toSorted(), [
    'checkpoint',
    'connections',
    'import-key',
    'intents.log',
    'intents.log.ahead',
    'log',
    'owner',
    'policy',
    'unlock',
    'vault',
  ]);
  for (const name of readdirSync(directory, { recursive: true }).map(String)) {
    if (!statSync(join(directory, name)).isFile()) continue;
    const content = readFileSync(join(directory, name));
    assert.ok(!content.includes(bytes.subarray(-32)), `${name} holds the key in the clear`);
  }
});

test('[S28] the log says when a key was born and named, and shows neither key nor identifier', (t) => {
  const signer = openConnected(t);
  const lines = readLog(signer.directory);
  const born = lines.find(({ kind }) => kind === 'key.new');
  assert.equal(born?.['connection'], signer.connection);
  assert.equal(born['time'], START_MS);
  assert.ok(lines.some(({ kind }) => kind === 'key.active'));
  assert.ok(
    !readFileSync(join(signer.directory, 'intents.log'), 'utf8').includes(
      'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2',
    ),
  );
});

test('[S29] attack 49: ten days after its 90 days a connection signs nothing, reads included, and says so', (t) => {
  const signer = openConnected(t);
  signer.time.pass(90 * DAY_MS - 1);
  assert.equal(signer.place({ price: '1' }), 'signed');
  signer.time.pass(1);
  assert.equal(signer.place({ price: '1' }), 'connection-expired');
  const read = { kind: 'queryAccount', connection: signer.connection } as const;
  assert.equal(outcomeOf(signer.ask(read)[0]), 'signed');
  signer.time.pass(10 * DAY_MS - 1);
  assert.equal(outcomeOf(signer.ask(read)[0]), 'signed');
  signer.time.pass(1);
  for (const life of [signer, reopen(signer)]) {
    assert.equal(life.place({ price: '1' }), 'connection-expired');
    const { connection } = life;
    const asked = life.ask(
      { kind: 'queryAccount', connection },
      { kind: 'subscribe', connection },
      { kind: 'cancelOrder', connection, symbol: 'BTCUSDT', clientOrderId: 'k1' },
      { kind: 'activateConnection', connection, apiKey: 'another' },
      { kind: 'listConnections' },
    );
    assert.deepEqual(asked.map(outcomeOf), [
      'connection-expired',
      'connection-expired',
      'connection-expired',
      'connections',
      'connections',
    ]);
    const listed = asked.at(-1);
    assert.equal(asked[3]?.kind, 'refused');
    assert.equal(listed?.kind === 'connections' && listed.connections[0]?.state, 'expired');
  }
  signer.time.wallMs -= DAY_MS;
  assert.equal(reopen(signer).place({ price: '1' }), 'clock', 'a clock set back revives nothing');
});

test('[S206] a connection that ends between two intents of one batch signs the first, refuses the second, and nothing breaks', (t) => {
  const signer = openConnected(t);
  const { time, connection } = signer;
  time.pass(100 * DAY_MS - 10);
  // From now on each look at the clock takes a millisecond.
  Object.assign(time, {
    wall: () => {
      time.pass(1);
      return time.wallMs;
    },
  });
  const read = { kind: 'queryAccount', connection } as const;
  const outcomes = signer.ask(...Array.from({ length: 12 }, () => read)).map(outcomeOf);
  assert.equal(outcomes[0], 'signed');
  assert.equal(outcomes.at(-1), 'connection-expired');
  const turn = outcomes.indexOf('connection-expired');
  assert.deepEqual(
    outcomes,
    outcomes.map((_, index) => (index < turn ? 'signed' : 'connection-expired')),
  );
  assert.equal(signer.requests.length, turn, 'what was allowed before the end is signed');
});

test('[S30] nobody gives a key a later birthday, another name for its half, or a connection without a birth', (t) => {
  const signer = openConnected(t);
  const path = join(signer.directory, 'connections');
  const honest = readFileSync(path, 'utf8');
  const file = JSON.parse(honest);
  const [entry] = file.connections;
  const other = generateKeyPairSync('ed25519').publicKey.export({ format: 'pem', type: 'spki' });
  for (const changed of [
    { ...entry, createdAt: entry.createdAt + 1 },
    { ...entry, publicKeyPem: other },
    { ...entry, connection: 'c_7777777' },
  ]) {
    writeFileSync(path, JSON.stringify({ ...file, connections: [changed] }));
    assert.throws(() => reopen(signer), /expected c_[A-Z2-7]{7} as the log has it/);
  }
  writeFileSync(path, JSON.stringify({ ...file, more: 1 }));
  assert.throws(() => reopen(signer), /connections\.more: expected no such field/);
  writeFileSync(path, honest);
  assert.equal(reopen(signer).place(), 'signed');
});

test('[S31] a sealed key must be the private half of its connection, and readable by its owner alone', (t) => {
  const signer = openConnected(t);
  const path = join(signer.directory, 'vault', `${signer.connection}.vault`);
  const honest = readFileSync(path);
  const [entry] = JSON.parse(
    readFileSync(join(signer.directory, 'connections'), 'utf8'),
  ).connections;
  for (const [type, message] of [
    ['ed25519', /found another key/],
    ['x25519', /expected a key of the kind ed25519, found another/],
  ] as const) {
    const { privateKey } =
      type === 'ed25519' ? generateKeyPairSync(type) : generateKeyPairSync(type);
    const secret = privateKey.export({ format: 'der', type: 'pkcs8' });
    // Whoever can seal for this vault can put another key in the place, and is found out by the public half.
    signer.ring.vault.write(identityOf(readObject(entry, 'connection', readConnection)), secret);
    assert.throws(() => reopen(signer), message);
  }
  writeFileSync(path, honest);
  chmodSync(path, 0o640);
  assert.throws(() => reopen(signer), /expected mode 600 or stricter, found 640/);
  chmodSync(path, 0o600);
  assert.equal(reopen(signer).place(), 'signed');
});

test('[S31] directories that others can look into are not used', (t) => {
  const directory = temporaryDirectory(t);
  mkdirSync(directory);
  chmodSync(directory, 0o755);
  assert.throws(
    () => new OpenSigner(directory),
    /expected mode 700 or stricter, found 755; run chmod 700/,
  );
  chmodSync(directory, 0o700);
  const signer = new OpenSigner(directory).connect();
  chmodSync(join(directory, 'vault'), 0o750);
  assert.throws(() => reopen(signer), /vault: expected mode 700/);
  chmodSync(join(directory, 'vault'), 0o700);
  chmodSync(join(directory, 'intents.log'), 0o644);
  assert.throws(() => reopen(signer), /intents\.log: expected mode 600/);
  const linked = temporaryDirectory(t);
  symlinkSync(directory, linked);
  assert.throws(() => new OpenSigner(linked), /expected a directory, found something else/);
});

test('[S32] live connections have names of their own and a bound', (t) => {
  const signer = openConnected(t);
  const outcome = (name: string): string =>
    outcomeOf(signer.ask({ kind: 'createConnection', name, venue: 'demo' })[0]);
  assert.equal(outcome('demo'), 'connections');
  assert.equal(signer.decisions.at(-1)?.kind, 'refused');
  for (let index = 1; index < 64; index += 1) {
    outcome(`number ${index}`);
    assert.equal(signer.decisions.at(-1)?.kind, 'connections');
  }
  outcome('one too many');
  assert.equal(signer.decisions.at(-1)?.kind, 'refused');
  signer.time.pass(90 * DAY_MS);
  outcome('demo');
  const last = signer.decisions.at(-1);
  assert.equal(last?.kind, 'connections', 'a name is free again after its connection has ended');
  const [renewed] = last.kind === 'connections' ? last.connections : [];
  assert.notEqual(renewed?.connection, signer.connection);
  assert.equal(reopen(signer).place(), 'connection-expired');
});

test('[S32] a key that cannot be stored makes no connection', (t) => {
  const failing = failingDisk('renameSync', 'ENOSPC');
  const signer = openConnected(t, POLICY, failing.disk);
  failing.failing = true;
  const [refused] = signer.ask({ kind: 'createConnection', name: 'second', venue: 'demo' });
  assert.equal(outcomeOf(refused), 'disk');
  failing.failing = false;
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.equal(listed?.kind === 'connections' && listed.connections.length, 1);
  assert.equal(reopen(signer).place(), 'signed');
});

test('[S18] a signature needs the entry of this very request on disk', () => {
  const key = new SigningKey(generateKeyPairSync('ed25519').privateKey);
  const intent = { kind: 'queryAccount', id: 1, connection: 'c_ABCDEF2' } as const;
  const draft = draftRequest(intent, { venue: 'demo', apiKey: 'abc', timestamp: 1 });
  const recorded = (fields: Record<string, string>, kind = 'intent'): Recorded =>
    ({ sequence: 1, entry: { time: 1, kind, fields } }) as unknown as Recorded;
  const request = hash('sha256', draft.text, 'hex');
  const { connection } = intent;
  for (const wrong of [
    recorded({ connection, request: hash('sha256', 'another', 'hex') }),
    recorded({ connection: 'c_7777777', request }),
    recorded({ connection, request }, 'refused'),
  ]) {
    assert.throws(() => key.sign(approve(draft, 'rule'), wrong), /Invariant/);
  }
  const { text } = key.sign(approve(draft, 'rule'), recorded({ connection, request }));
  assert.equal(Buffer.from(text, 'base64').length, 64);
  assert.equal(inspect(key, { showHidden: true, depth: null }), 'SigningKey {}');
  assert.equal(JSON.stringify(key), '{}');
});

test('[S20] a copy of the directory goes on where the original stood', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ clientOrderId: 'k1-a' }), 'signed');
  const copy = temporaryDirectory(t);
  cpSync(signer.directory, copy, { recursive: true });
  const next = new OpenSigner(copy);
  next.connection = signer.connection;
  assert.equal(next.place({ clientOrderId: 'k1-a' }), 'duplicate');
  assert.equal(next.place(), 'signed');
});
