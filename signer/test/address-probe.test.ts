// SPDX-License-Identifier: Apache-2.0
// The probe of a key's list of addresses: what the signer signs for it, what it concludes from the exchange's own answers,
// and what a server that has been taken over can make of it.

import { strict as assert } from 'node:assert';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import type { ConnectionInfo, ProbeStep, SignedRequest } from '../src/index.ts';
import {
  BOUND_KEY,
  checkRights,
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  reopen,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

const DAY_MS = 86_400_000;
const POLICY = `policy/v1
connection main
allow id=btc op=order.place symbol=BTCUSDT
allow id=rest op=order.cancel,read.* rate<=1000/10s
default deny
`;
const REFUSAL = { code: -2015, msg: 'Invalid API-key, IP, or permissions for action.' };

interface Word {
  readonly status: number;
  readonly body: unknown;
}

const TAKEN: Word = { status: 200, body: { canTrade: true, balances: [] } };
const REFUSED: Word = { status: 401, body: REFUSAL };

function opened(t: TestContext, policy: string = POLICY, disk: Disk = SYSTEM_DISK): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  const signer = new OpenSigner(directory, { disk }).connect('main', 'binance');
  checkRights(signer);
  return signer;
}

function last(signer: OpenSigner): Extract<SignedRequest, { kind: 'request' }> {
  const request = signer.requests.at(-1);
  assert.ok(request?.kind === 'request');
  return request;
}

/** Lets the exchange answer the newest request of the signer, by way of egress. */
function answer(signer: OpenSigner, { status, body }: Word): void {
  const { id } = last(signer);
  signer.report({ kind: 'echo', id, status, body: JSON.stringify(body) });
  signer.receipt(id);
}

function noAnswer(signer: OpenSigner): void {
  signer.report({ kind: 'receipt', id: last(signer).id, status: null });
}

function step(signer: OpenSigner, which: ProbeStep): string {
  const { connection } = signer;
  return outcomeOf(signer.ask({ kind: 'probeAddress', connection, step: which })[0]);
}

/** A whole probe, or as much of it as the signer signs. */
function probe(signer: OpenSigner, second: Word, after: Word = TAKEN): void {
  assert.equal(step(signer, 'before'), 'signed');
  answer(signer, TAKEN);
  assert.equal(step(signer, 'second'), 'signed');
  answer(signer, second);
  if (step(signer, 'after') === 'signed') answer(signer, after);
}

function infoOf(signer: OpenSigner): ConnectionInfo {
  const [listed] = signer.ask({ kind: 'listConnections' });
  assert.ok(listed?.kind === 'connections');
  const [info] = listed.connections;
  assert.ok(info);
  return info;
}

function daysOf({ createdAt, expiresAt }: ConnectionInfo): number {
  return (expiresAt - createdAt) / DAY_MS;
}

/** A signer, and then one that starts anew on its directory. */
function* lives(signer: OpenSigner): Generator<OpenSigner> {
  yield signer;
  yield reopen(signer);
}

test('[S261] a page that comes with 200 in place of the account is no verdict; an account too long for a copy is one', (t) => {
  const signer = opened(t);
  const pages: readonly unknown[] = ['<html>not in your country</html>', {}, [], null];
  for (const body of pages) {
    probe(signer, { status: 200, body });
    const { bind, bindDoubt } = infoOf(signer);
    assert.equal(bind, null);
    assert.equal(bindDoubt?.reason, 'otherAnswer');
    assert.equal(bindDoubt.words, 'HTTP 200, without an account');
    signer.pass(61_000);
  }
  // Nor does such a page stand for the ordinary way.
  probe(signer, REFUSED, { status: 200, body: {} });
  assert.equal(infoOf(signer).bindDoubt?.reason, 'ordinaryRefused');
  signer.pass(61_000);
  assert.equal(step(signer, 'before'), 'signed');
  answer(signer, TAKEN);
  assert.equal(step(signer, 'second'), 'signed');
  const { id } = last(signer);
  signer.report({ kind: 'echo', id, status: 200, body: '' });
  assert.equal(infoOf(signer).bind?.verdict, 'notReal');
});

test('[S242] three reads of the account are signed for a probe; one of them alone is for the second address', (t) => {
  const signer = opened(t);
  probe(signer, REFUSED);
  const [before, second, after] = signer.requests.slice(-3);
  const seen = [before, second, after].map((request) => {
    assert.ok(request?.kind === 'request');
    const { method, path, echo, secondAddress, payload } = request;
    assert.match(payload, /^omitZeroBalances=true&recvWindow=3000&timestamp=\d+&signature=/);
    return { method, path, echo, secondAddress };
  });
  const read = { method: 'GET', path: '/api/v3/account', echo: true };
  assert.deepEqual(seen, [
    { ...read, secondAddress: undefined },
    { ...read, secondAddress: true },
    { ...read, secondAddress: undefined },
  ]);
  const entries = readLog(signer.directory).filter(({ probe: which }) => which !== undefined);
  assert.deepEqual(
    entries.map(({ kind, op, probe: which, rule }) => [kind, op, which, rule]),
    [
      ['intent', 'read.account', 'before', 'rest'],
      ['intent', 'read.account', 'second', 'rest'],
      ['intent', 'read.account', 'after', 'rest'],
    ],
  );
  // Nothing else is ever marked, whatever is asked for.
  signer.ask({ kind: 'queryAccount', connection: signer.connection });
  assert.equal(last(signer).secondAddress, undefined);
});

test('[S243] refused from the second address and taken before and after from the ordinary one: seen to hold', (t) => {
  for (const signer of lives(probedWith(opened(t), REFUSED))) {
    const info = infoOf(signer);
    assert.equal(info.bind?.verdict, 'holds');
    assert.equal(info.bindDoubt, null);
    assert.deepEqual([info.grade, daysOf(info), info.signs], ['A', 90, 'all']);
  }
});

test('[S243] taken from the second address: the list is not real, at once, over restarts, whatever the exchange says of it', (t) => {
  const signer = opened(t);
  assert.equal(infoOf(signer).grade, 'A');
  step(signer, 'before');
  answer(signer, TAKEN);
  step(signer, 'second');
  answer(signer, TAKEN);
  assert.ok(signer.said.some((line) => /main \(c_.*the list does not hold/.test(line)));
  for (const each of lives(signer)) {
    const info = infoOf(each);
    assert.equal(info.bind?.verdict, 'notReal');
    assert.equal(info.isIpRestricted, true, 'which is what the exchange says');
    assert.deepEqual([info.grade, daysOf(info)], ['B', 14]);
  }
  const again = reopen(signer);
  checkRights(again);
  assert.equal(infoOf(again).grade, 'B', 'a later check of the rights says nothing of it');
  again.pass(14 * DAY_MS);
  checkRights(again);
  const ended = infoOf(again);
  assert.deepEqual([ended.state, ended.signs], ['expired', 'reductions']);
  assert.equal(again.place(placeIntent(again.connection).order), 'connection-expired');
});

test('[S243] what is not real stays so under another name of the key, until a probe sees it hold', (t) => {
  const signer = opened(t);
  probe(signer, TAKEN);
  const { connection } = signer;
  signer.ask({ kind: 'activateConnection', connection, apiKey: 'x'.repeat(64) });
  checkRights(signer);
  assert.deepEqual([infoOf(signer).bind?.verdict, infoOf(signer).grade], ['notReal', 'B']);
  signer.pass(61_000);
  probe(signer, REFUSED);
  for (const each of lives(signer)) {
    const info = infoOf(each);
    assert.deepEqual([info.bind?.verdict, info.grade, daysOf(info)], ['holds', 'A', 90]);
  }
  // And what was seen to hold says nothing of another name.
  const again = reopen(signer);
  again.ask({ kind: 'activateConnection', connection, apiKey: 'y'.repeat(64) });
  checkRights(again);
  assert.equal(infoOf(again).bind, null);
});

function probedWith(signer: OpenSigner, second: Word, after: Word = TAKEN): OpenSigner {
  probe(signer, second, after);
  return signer;
}

test('[S244] anything else tells nothing and leaves what is known as it is', (t) => {
  const cases: readonly (readonly [second: Word, after: Word, reason: string, words: string])[] = [
    [{ status: 429, body: { code: -1003 } }, TAKEN, 'otherAnswer', 'HTTP 429, code -1003'],
    [{ status: 451, body: 'blocked' }, TAKEN, 'otherAnswer', 'HTTP 451'],
    [{ status: 400, body: { code: -1021 } }, TAKEN, 'otherAnswer', 'HTTP 400, code -1021'],
    [{ status: 500, body: REFUSAL }, TAKEN, 'otherAnswer', 'HTTP 500, code -2015'],
    [{ status: 204, body: {} }, TAKEN, 'otherAnswer', 'HTTP 204'],
    [{ status: 401, body: { code: '-2015' } }, TAKEN, 'otherAnswer', 'HTTP 401'],
    [REFUSED, REFUSED, 'ordinaryRefused', 'HTTP 401, code -2015'],
    [REFUSED, { status: 503, body: '' }, 'ordinaryRefused', 'HTTP 503'],
  ];
  const signer = opened(t);
  for (const known of ['never', 'holds', 'notReal'] as const) {
    if (known !== 'never') {
      signer.pass(61_000);
      probe(signer, known === 'holds' ? REFUSED : TAKEN);
    }
    const before = infoOf(signer);
    for (const [second, after, reason, words] of cases) {
      signer.pass(61_000);
      probe(signer, second, after);
      const info = infoOf(signer);
      assert.deepEqual(info.bind, before.bind);
      assert.equal(info.grade, before.grade);
      assert.deepEqual([info.bindDoubt?.reason, info.bindDoubt?.words], [reason, words]);
    }
  }
  assert.deepEqual(infoOf(reopen(signer)).bindDoubt, infoOf(signer).bindDoubt);
});

test('[S244] no answer by the second address, or none after it, tells nothing either; before it there is nothing to tell', (t) => {
  const signer = opened(t);
  step(signer, 'before');
  noAnswer(signer);
  assert.equal(infoOf(signer).bindDoubt, null);
  assert.equal(step(signer, 'second'), 'address-probe', 'nor is the second address used');
  step(signer, 'before');
  answer(signer, REFUSED);
  assert.equal(step(signer, 'second'), 'address-probe');
  assert.equal(infoOf(signer).bindDoubt, null);
  step(signer, 'before');
  answer(signer, TAKEN);
  step(signer, 'second');
  noAnswer(signer);
  assert.equal(infoOf(signer).bindDoubt?.reason, 'noAnswer');
  assert.equal(step(signer, 'after'), 'address-probe');
  signer.pass(61_000);
  step(signer, 'before');
  answer(signer, TAKEN);
  step(signer, 'second');
  answer(signer, REFUSED);
  assert.equal(infoOf(signer).bind, null, 'half a probe is none');
  step(signer, 'after');
  noAnswer(signer);
  const { bind, bindDoubt } = infoOf(signer);
  assert.deepEqual([bind, bindDoubt?.reason], [null, 'ordinaryRefused']);
});

test('[S245] steps come in their order and in time, one probe at a time, and once a minute', (t) => {
  const signer = opened(t);
  assert.equal(step(signer, 'second'), 'address-probe');
  assert.equal(step(signer, 'after'), 'address-probe');
  assert.equal(step(signer, 'before'), 'signed');
  assert.equal(step(signer, 'before'), 'address-probe', 'one is under way');
  assert.equal(step(signer, 'second'), 'address-probe', 'its answer is not here yet');
  answer(signer, TAKEN);
  signer.pass(10_001);
  assert.equal(step(signer, 'second'), 'address-probe', 'what was so is too long ago');
  assert.equal(step(signer, 'before'), 'signed');
  answer(signer, TAKEN);
  assert.equal(step(signer, 'second'), 'signed');
  answer(signer, REFUSED);
  signer.pass(10_001);
  assert.equal(step(signer, 'after'), 'address-probe');
  assert.equal(infoOf(signer).bind, null);
  assert.equal(
    step(signer, 'before'),
    'address-probe',
    'the second address had its minute not yet',
  );
  const again = reopen(signer);
  assert.equal(step(again, 'before'), 'address-probe', 'nor after a restart');
  again.pass(60_000);
  assert.equal(step(again, 'before'), 'signed');
  // A step of which egress says nothing any more does not block the next probe for good.
  again.pass(30_001);
  assert.equal(step(again, 'before'), 'signed');
});

test('[S245] a probe needs a key that the exchange says is bound, and the policy’s right to read the account', (t) => {
  const open = opened(t);
  checkRights(open, { ...BOUND_KEY, ipRestrict: false });
  assert.equal(step(open, 'before'), 'address-probe');
  const unchecked = opened(t);
  const { connection } = unchecked;
  unchecked.ask({ kind: 'activateConnection', connection, apiKey: 'x'.repeat(64) });
  assert.equal(step(unchecked, 'before'), 'address-probe');
  const narrow = opened(t, POLICY.replace('read.*', 'read.permissions'));
  assert.equal(step(narrow, 'before'), 'default deny');
  const fast = opened(t, POLICY.replace('rate<=1000/10s', 'rate<=2/60s'));
  assert.equal(step(fast, 'before'), 'signed');
  answer(fast, TAKEN);
  assert.equal(step(fast, 'second'), 'rest: rate', 'reads of a probe count as reads');
});

test('[S245] no order of asking brings a verdict that the exchange’s answers do not bear out', (t) => {
  const seed = 20_261_123;
  t.diagnostic(`seed ${seed}`);
  const anyStep = fc.constantFrom<ProbeStep>('before', 'second', 'after');
  const anyWord = fc.constantFrom(TAKEN, REFUSED, { status: 429, body: {} }, null);
  const anyMove = fc.record({
    step: anyStep,
    word: anyWord,
    passMs: fc.constantFrom(0, 0, 5_000, 61_000),
  });
  fc.assert(
    fc.property(fc.array(anyMove, { maxLength: 12 }), (moves) => {
      const signer = opened(t);
      const said: string[] = [];
      for (const move of moves) {
        signer.pass(move.passMs);
        if (step(signer, move.step) !== 'signed') continue;
        const { secondAddress } = last(signer);
        assert.equal(secondAddress === true, move.step === 'second');
        if (move.word === null) noAnswer(signer);
        else answer(signer, move.word);
        said.push(`${move.step} ${move.word?.status ?? 'none'}`);
      }
      const sequence = said.join(', ');
      const { bind } = infoOf(signer);
      if (bind?.verdict === 'holds') assert.match(sequence, /before 200, second 401, after 200/);
      if (
        /second 200/.test(sequence) &&
        !/after 200/.test(sequence.split('second 200').at(-1) ?? '')
      )
        assert.equal(bind?.verdict, 'notReal', sequence);
      if (bind?.verdict === 'notReal') assert.match(sequence, /before 200, second 200/);
    }),
    { seed, numRuns: 60 },
  );
});

test('[S246] a list that is not real counts though the log takes nothing, and goes there first once it does', (t) => {
  const room = { isFull: false };
  const disk = {
    ...SYSTEM_DISK,
    writeSync: (...given: Parameters<typeof SYSTEM_DISK.writeSync>) => {
      if (room.isFull) throw Object.assign(new Error('no room'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(...given);
    },
  };
  const signer = opened(t, POLICY, disk as Disk);
  step(signer, 'before');
  answer(signer, TAKEN);
  assert.equal(step(signer, 'second'), 'signed');
  room.isFull = true;
  answer(signer, TAKEN);
  assert.equal(infoOf(signer).bind?.verdict, 'notReal');
  assert.equal(infoOf(signer).grade, 'B');
  room.isFull = false;
  signer.pass(1_000);
  checkRights(signer);
  const kept = readLog(signer.directory).find(({ result }) => result === 'bindNotReal');
  assert.equal(kept?.['kind'], 'perm.check');
  assert.equal(infoOf(reopen(signer)).bind?.verdict, 'notReal');
});
