// SPDX-License-Identifier: Apache-2.0
// How a policy comes to hold: vouched for by the log, tightened at once, loosened with consent and time, or taken over at
// the terminal.

import { strict as assert } from 'node:assert';
import { createHmac, hash } from 'node:crypto';
import { existsSync, readFileSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { parseDecimal } from '../src/amount.ts';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { comparePolicies } from '../src/policy/compare.ts';
import { PolicyEvaluator, type RequestFacts } from '../src/policy/evaluator.ts';
import { describePolicyError, parsePolicy } from '../src/policy/grammar.ts';
import type { Policy } from '../src/policy/policy.ts';
import type { Decision, OrderIntent } from '../src/wire.ts';
import { Passkey } from '../../test/passkey.ts';
import {
  openConnected,
  OpenSigner,
  outcomeOf,
  POLICY,
  readLog,
  SignerProcess,
  START_MS,
  takePolicy,
  temporaryDirectory,
  writePolicy,
  reopen,
} from './fixture.ts';

const SEED = 20_261_123;
const TIGHTER = POLICY.replace('notional<=500', 'notional<=400');
const LOOSER = POLICY.replace('notional<=500', 'notional<=600');
const MINUTE_MS = 60_000;

function parse(text: string): Policy {
  const parsed = parsePolicy(Buffer.from(text));
  assert.ok(parsed.ok, parsed.ok ? '' : describePolicyError('policy', parsed.error));
  return parsed.policy;
}

function sha256(text: string): string {
  return hash('sha256', text, 'hex');
}

function change(signer: OpenSigner, policy: string): Decision {
  return signer.request({ kind: 'changePolicy', before: stateOf(signer).hash, policy });
}

function stateOf(signer: OpenSigner): Extract<Decision, { kind: 'policy' }>['policy'] {
  const [decision] = signer.ask({ kind: 'describePolicy' });
  assert.ok(decision?.kind === 'policy');
  return decision.policy;
}

/** Enrols the first owner, who comes by the code that the signer shows. */
function enrol(signer: OpenSigner): Passkey {
  const owner = new Passkey();
  const { credential, rpId, origin, cose } = owner;
  const publicKey = cose.toString('base64url');
  const asked = signer.request({
    kind: 'enrolOwner',
    name: 'Ada',
    credential,
    publicKey,
    rpId,
    origin,
  });
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  const code = /within an hour: ([A-Z2-9-]{19})$/.exec(signer.said.at(-1) ?? '')?.[1] ?? '';
  const proof = createHmac('sha256', code.replaceAll('-', ''))
    .update(asked.text)
    .digest('base64url');
  const approval = { kind: 'code', proof } as const;
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed', JSON.stringify(done));
  return owner;
}

/** Asks for a change that loosens, and consents to it. */
function loosen(signer: OpenSigner, owner: Passkey, policy: string): string {
  const asked = change(signer, policy);
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  const approval = owner.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed', JSON.stringify(done));
  return asked.text;
}

function changesOnLog(directory: string): readonly string[] {
  return readLog(directory)
    .filter(({ kind }) => kind === 'policy.change')
    .map(({ step, policy }) => `${String(step)} ${String(policy).slice(0, 8)}`);
}

function short(text: string): string {
  return sha256(text).slice(0, 8);
}

test('[S128] the first policy of a desk is vouched for on the log, once', (t) => {
  const signer = openConnected(t);
  assert.deepEqual(changesOnLog(signer.directory), [`attested ${short(POLICY)}`]);
  const next = reopen(signer);
  assert.equal(next.place(), 'signed');
  assert.deepEqual(changesOnLog(signer.directory), [`attested ${short(POLICY)}`]);
});

test('[S129] attack 19: a policy edited on disk, or taken away, starts with orders locked out; reads and cancels go on', (t) => {
  const signer = openConnected(t);
  for (const edit of [
    () => writePolicy(signer.directory, LOOSER),
    () => writePolicy(signer.directory, TIGHTER),
    () => rmSync(join(signer.directory, 'policy')),
  ]) {
    edit();
    const next = reopen(signer);
    const [decision] = next.ask({
      kind: 'explainOrder',
      connection: next.connection,
      order: order(),
    });
    assert.ok(decision?.kind === 'explained');
    assert.equal(decision.explanation.isAllowed, false);
    const { connection } = next;
    const [placed, cancelled, read] = next.ask(
      { kind: 'placeOrder', connection, order: order() },
      { kind: 'cancelOrder', connection, symbol: 'BTCUSDT', clientOrderId: 'k1-x' },
      { kind: 'queryAccount', connection },
    );
    assert.ok(placed?.kind === 'refused');
    assert.equal(placed.rule, 'policy-unattested');
    assert.match(
      placed.reason,
      /put the old file back, or take this one over with kontor policy edit/,
    );
    assert.deepEqual([cancelled, read].map(outcomeOf), ['signed', 'signed']);
    assert.match(
      next.said.join('\n'),
      /No order is signed: expected the policy that the log vouches/,
    );
    assert.match(stateOf(next).lock ?? '', /expected the policy/);
  }
  writePolicy(signer.directory, POLICY);
  assert.equal(reopen(signer).place(), 'signed', 'the old file, back in its place, holds');
});

test('[S133] at the terminal a policy is taken over at once, whatever it changes', async (t) => {
  const signer = openConnected(t);
  for (const policy of [TIGHTER, LOOSER, 'policy/v1\n']) {
    const said = await takePolicy(signer.directory, policy, signer.time);
    assert.match(said.at(-1) ?? '', /The policy holds from the next start on/);
    assert.equal(readFileSync(join(signer.directory, 'policy'), 'utf8'), policy);
    assert.equal(stateOf(reopen(signer)).lock, null);
  }
  assert.equal(reopen(signer).place(), 'default deny');
  await assert.rejects(
    takePolicy(signer.directory, 'policy/v1\nallow\n', signer.time),
    /policy:2:1: expected a connection line before the first rule/,
  );
  assert.equal(readFileSync(join(signer.directory, 'policy'), 'utf8'), 'policy/v1\n');
});

test('[S133] a file that was edited is taken over as it is, and what was pending is gone', async (t) => {
  const signer = openConnected(t);
  const owner = enrol(signer);
  loosen(signer, owner, LOOSER);
  writePolicy(signer.directory, TIGHTER);
  await takePolicy(signer.directory, TIGHTER, signer.time);
  const next = reopen(signer);
  assert.equal(next.place({ price: '450' }), 'btc: notional');
  assert.equal(stateOf(next).pending, null);
  assert.equal(existsSync(join(signer.directory, 'policy.pending')), false);
});

test('[S131] what only tightens holds at once and needs nobody', (t) => {
  const signer = openConnected(t);
  assert.equal(signer.place({ price: '450' }), 'signed');
  assert.equal(change(signer, TIGHTER).kind, 'performed');
  assert.equal(signer.place({ price: '450' }), 'btc: notional');
  assert.equal(signer.place({ price: '400' }), 'signed');
  assert.equal(signer.place({ price: '400' }), 'btc: per-day', 'what was signed before counts');
  assert.equal(readFileSync(join(signer.directory, 'policy'), 'utf8'), TIGHTER);
  const next = reopen(signer);
  assert.equal(next.place({ price: '401' }), 'btc: notional');
  assert.equal(stateOf(next).lock, null);
});

test('[S131] a change is of the policy that the person saw, and of another one', (t) => {
  const signer = openConnected(t);
  const stale = signer.request({ kind: 'changePolicy', before: sha256('other'), policy: TIGHTER });
  assert.ok(stale.kind === 'refused');
  assert.match(stale.reason, /^expected a change of the policy in force/);
  const same = change(signer, POLICY);
  assert.ok(same.kind === 'refused');
  assert.match(same.reason, /^expected another policy/);
  const wrong = change(signer, 'policy/v1\nallow\n');
  assert.ok(wrong.kind === 'refused');
  assert.match(wrong.reason, /^policy:2:1: expected a connection line/);
});

test('[S132] attack 20: loosening without a passkey, or inside the delay, changes nothing', (t) => {
  const signer = openConnected(t);
  const unasked = change(signer, LOOSER);
  assert.ok(unasked.kind === 'refused');
  assert.equal(unasked.rule, 'consent');
  const owner = enrol(signer);
  const asked = change(signer, LOOSER);
  assert.ok(asked.kind === 'consent');
  const forged = new Passkey().assert(asked.challenge);
  const [denied] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval: forged });
  assert.equal(outcomeOf(denied), 'consent');
  assert.equal(signer.place({ price: '550' }), 'btc: notional');
  const text = loosen(signer, owner, LOOSER);
  assert.match(text, /^direction: loosening$/m);
  assert.match(text, /^holds: 10 minutes after the consent$/m);
  assert.match(text, /^- demo: allow id=btc .*notional<=500 USDT/m);
  assert.match(text, /^\+ demo: allow id=btc .*notional<=600 USDT/m);
  signer.time.pass(10 * MINUTE_MS - 1);
  assert.equal(signer.place({ price: '550' }), 'btc: notional');
  assert.equal(stateOf(signer).pending?.hash, sha256(LOOSER));
  signer.time.pass(1);
  assert.equal(signer.place({ price: '550' }), 'signed');
  assert.equal(stateOf(signer).pending, null);
  assert.deepEqual(changesOnLog(signer.directory), [
    `attested ${short(POLICY)}`,
    `pending ${short(LOOSER)}`,
    `waiting ${short(LOOSER)}`,
    `applied ${short(LOOSER)}`,
  ]);
  assert.equal(reopen(signer).place({ price: '400' }), 'signed');
});

test('[S132] a wall clock that is set forward brings no loosening nearer', (t) => {
  const signer = openConnected(t);
  loosen(signer, enrol(signer), LOOSER);
  signer.time.wallMs += 3_600_000;
  assert.equal(signer.place({ price: '550' }), 'clock');
  signer.time.pass(MINUTE_MS);
  assert.equal(signer.place({ price: '550' }), 'btc: notional');
});

test('[S132] what waits outlives a restart, can be given up without consent, and gives way to what tightens', (t) => {
  const signer = openConnected(t);
  const owner = enrol(signer);
  loosen(signer, owner, LOOSER);
  signer.time.pass(4 * MINUTE_MS);
  signer.signer.rest();
  const second = reopen(signer);
  assert.equal(stateOf(second).pending?.text, LOOSER);
  assert.equal(stateOf(second).pending?.dueAt, START_MS + 10 * MINUTE_MS);
  second.time.pass(6 * MINUTE_MS - 1);
  assert.equal(second.place({ price: '550' }), 'btc: notional');
  assert.equal(second.request({ kind: 'cancelPolicyChange' }).kind, 'performed');
  assert.equal(second.request({ kind: 'cancelPolicyChange' }).kind, 'refused');
  second.time.pass(MINUTE_MS);
  assert.equal(second.place({ price: '550' }), 'btc: notional');
  const third = reopen(second);
  assert.equal(stateOf(third).pending, null);
  loosen(third, owner, LOOSER);
  assert.equal(change(third, TIGHTER).kind, 'performed');
  third.time.pass(20 * MINUTE_MS);
  assert.equal(third.place({ price: '450' }), 'btc: notional');
});

test('[S204] attack 20: a clock set forward while no signer runs shortens no delay, and a restart begins none anew', (t) => {
  const week = POLICY.replace('policy/v1', 'policy/v1\nloosening-delay 7d');
  const directory = temporaryDirectory(t);
  writePolicy(directory, week);
  let signer = new OpenSigner(directory).connect();
  loosen(signer, enrol(signer), week.replace('notional<=500', 'notional<=600'));
  const outcome = (): string =>
    signer.place({ price: '550', clientOrderId: `k1-${readLog(directory).length}` });
  let ranHours = 0;
  while (ranHours < 7 * 24) {
    // Killed each day, without a word, and started again where it is said to be a week later.
    signer.time.pass(60_000);
    assert.equal(outcome(), 'btc: notional', `after ${ranHours} hours`);
    for (let hour = 0; hour < 24 && ranHours < 7 * 24; hour += 1, ranHours += 1) {
      signer.pass(3_600_000);
      signer.signer.passTime();
    }
    if (ranHours === 7 * 24) break;
    signer.time.wallMs += 8 * 24 * 3_600_000;
    signer = reopen(signer);
  }
  assert.equal(stateOf(signer).pending, null);
  assert.equal(
    stateOf(signer).text.includes('notional<=600'),
    true,
    'a week of running was enough',
  );
  const noted = changesOnLog(directory).filter((line) => line.startsWith('waiting'));
  assert.ok(noted.length > 100 && noted.length <= 7 * 24, `${noted.length} notes`);
});

test('[S205] a change whose file cannot be put into its place holds, is noted once, and is put there later', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const room = { isBroken: false };
  const renameSync = (from: string, to: string): void => {
    if (room.isBroken && to === join(directory, 'policy'))
      throw Object.assign(new Error('made by the test'), { code: 'EIO' });
    SYSTEM_DISK.renameSync(from, to);
  };
  const disk = { ...SYSTEM_DISK, renameSync } as Disk;
  const signer = new OpenSigner(directory, { disk }).connect();
  loosen(signer, enrol(signer), LOOSER);
  room.isBroken = true;
  signer.time.pass(10 * MINUTE_MS);
  for (let attempt = 0; attempt < 20; attempt += 1) {
    signer.time.pass(1_000);
    signer.place({ price: '550', quantity: '0.01' });
  }
  assert.equal(readFileSync(join(directory, 'policy'), 'utf8'), POLICY);
  const applied = (): readonly string[] =>
    changesOnLog(directory).filter((line) => line.startsWith('applied'));
  assert.deepEqual(applied(), [`applied ${short(LOOSER)}`]);
  const [refused] = signer.ask({
    kind: 'requestAct',
    act: { kind: 'changePolicy', before: sha256(LOOSER), policy: TIGHTER },
  });
  assert.equal(refused?.kind, 'refused', 'the only copy of what holds is not written over');
  assert.equal(stateOf(reopen(signer)).text, LOOSER, 'a start makes it good');
  const other = new OpenSigner(directory, { disk, time: signer.time });
  other.connection = signer.connection;
  room.isBroken = false;
  assert.equal(change(other, TIGHTER).kind, 'performed');
  room.isBroken = true;
  assert.equal(change(other, POLICY.replace('notional<=500', 'notional<=300')).kind, 'performed');
  room.isBroken = false;
  other.give();
  assert.match(readFileSync(join(directory, 'policy'), 'utf8'), /notional<=300/);
  assert.equal(existsSync(join(directory, 'policy.next')), false);
});

test('[S132] a pending text that is not the confirmed one is dropped', (t) => {
  const signer = openConnected(t);
  loosen(signer, enrol(signer), LOOSER);
  writeFileSync(
    join(signer.directory, 'policy.pending'),
    POLICY.replace('notional<=500', 'notional<=9000'),
  );
  const next = reopen(signer);
  assert.equal(stateOf(next).pending, null);
  next.time.pass(20 * MINUTE_MS);
  assert.equal(next.place({ price: '550' }), 'btc: notional');
});

test('[S134] a change that a crash cut off is finished where the log knows it, and void where it does not', (t) => {
  for (const [call, expected] of [
    ['renameSync', TIGHTER],
    ['openSync', POLICY],
  ] as const) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY);
    let isArmed = false;
    const disk: Disk = {
      ...SYSTEM_DISK,
      [call]: ((path: string, ...rest: readonly never[]) => {
        if (isArmed && path.includes('policy.next') && !path.endsWith('.new')) {
          throw Object.assign(new Error('made by the test'), { code: 'EIO' });
        }
        if (isArmed && call === 'openSync' && path.includes('policy.next')) {
          throw Object.assign(new Error('made by the test'), { code: 'EIO' });
        }
        return Reflect.apply(SYSTEM_DISK[call], SYSTEM_DISK, [path, ...rest]);
      }) as never,
    };
    const signer = new OpenSigner(directory, { disk }).connect();
    isArmed = true;
    // Once the log has it, it holds.
    const outcome = call === 'renameSync' ? 'performed' : 'refused';
    assert.equal(change(signer, TIGHTER).kind, outcome, call);
    isArmed = false;
    const next = reopen(signer);
    assert.equal(stateOf(next).lock, null, call);
    assert.equal(stateOf(next).text, expected, call);
  }
});

test('[S134] a draft that the log does not know never takes the place of the policy', (t) => {
  const signer = openConnected(t);
  writeFileSync(join(signer.directory, 'policy.next'), LOOSER);
  renameSync(join(signer.directory, 'policy'), join(signer.directory, 'elsewhere'));
  assert.match(stateOf(reopen(signer)).lock ?? '', /expected the policy that the log vouches for/);
});

const BASE = `policy/v1
connection demo
reference source=egress:referencePrice,bookTicker max-age=3s agree=1.0%
liquidity BTCUSDT min-24h-quote=5000000 max-spread=0.30% max-book-share=20%@1.0%
deny id=no-sell op=order.place side=SELL tif=FOK
allow id=btc op=order.place symbol=BTCUSDT,ETHUSDT side=BUY,SELL type=LIMIT band=2.0% notional<=500 USDT per-day<=5000 USDT open<=20 rate<=10/10s
allow id=all op=order.place notional<=9000 USDT
allow id=rest op=order.cancel,read.* rate<=60/60s
`;

const DIRECTIONS: readonly (readonly [what: string, next: (text: string) => string, string])[] = [
  ['the same text', (text) => text, 'same'],
  ['a comment', (text) => `${text}; nothing\n`, 'same'],
  ['a smaller band', (text) => text.replace('band=2.0%', 'band=1.9%'), 'tightening'],
  ['a larger band', (text) => text.replace('band=2.0%', 'band=2.1%'), 'loosening'],
  ['no band', (text) => text.replace(' band=2.0%', ''), 'loosening'],
  ['less an order', (text) => text.replace('notional<=500', 'notional<=499'), 'tightening'],
  ['more an order', (text) => text.replace('notional<=500', 'notional<=501'), 'loosening'],
  ['less a day', (text) => text.replace('per-day<=5000', 'per-day<=4999'), 'tightening'],
  ['more a day', (text) => text.replace('per-day<=5000', 'per-day<=5001'), 'loosening'],
  ['no day limit', (text) => text.replace(' per-day<=5000 USDT', ''), 'loosening'],
  [
    'a day limit in another asset',
    (text) =>
      text
        .replace('per-day<=5000 USDT', 'per-day<=5 BTC')
        .replace('symbol=BTCUSDT,ETHUSDT', 'symbol=ETHBTC')
        .replace('notional<=500 USDT', 'notional<=1 BTC'),
    'loosening',
  ],
  ['fewer open orders', (text) => text.replace('open<=20', 'open<=19'), 'tightening'],
  ['more open orders', (text) => text.replace('open<=20', 'open<=21'), 'loosening'],
  ['a slower rate', (text) => text.replace('rate<=10/10s', 'rate<=10/11s'), 'tightening'],
  [
    'the same count in less time',
    (text) => text.replace('rate<=10/10s', 'rate<=10/9s'),
    'loosening',
  ],
  ['a denial more', (text) => `${text}deny op=order.place symbol=SHIBUSDT\n`, 'tightening'],
  ['a denial less', (text) => text.replace(/deny id=no-sell.*\n/, ''), 'loosening'],
  ['a wider denial', (text) => text.replace(' tif=FOK', ''), 'tightening'],
  ['a narrower denial', (text) => text.replace('tif=FOK', 'tif=FOK symbol=BTCUSDT'), 'loosening'],
  ['an allow line more', (text) => `${text}allow id=x op=read.account\n`, 'loosening'],
  ['the last allow line less', (text) => text.replace(/allow id=rest.*\n/, ''), 'tightening'],
  [
    'an allow line less, whose orders fall to a wider one',
    (text) => text.replace(/allow id=btc.*\n/, ''),
    'loosening',
  ],
  [
    'a symbol less, whose orders fall to a wider line',
    (text) => text.replace('BTCUSDT,ETHUSDT', 'BTCUSDT'),
    'loosening',
  ],
  [
    'a symbol less, whose share of the day no longer counts',
    (text) => text.replace('BTCUSDT,ETHUSDT', 'BTCUSDT').replace(/allow id=all.*\n/, ''),
    'loosening',
  ],
  [
    'a side less in a line that counts nothing',
    (text) => text.replace('id=all op=order.place', 'id=all op=order.place side=BUY'),
    'tightening',
  ],
  [
    'a line twice, each with counters of its own',
    (text) => `${text}allow id=again op=order.cancel,read.* rate<=60/60s\n`,
    'loosening',
  ],
  [
    'another order of the lines',
    (text) => text.replace(/(allow id=btc.*\n)(allow id=all.*\n)/, '$2$1'),
    'loosening',
  ],
  ['another name of a line', (text) => text.replace('id=btc', 'id=other'), 'tightening'],
  ['a younger reference', (text) => text.replace('max-age=3s', 'max-age=2s'), 'tightening'],
  ['an older reference', (text) => text.replace('max-age=3s', 'max-age=4s'), 'loosening'],
  ['a source less', (text) => text.replace('referencePrice,', ''), 'loosening'],
  [
    'a source more',
    (text) => text.replace('referencePrice,', 'referencePrice,avgPrice,'),
    'tightening',
  ],
  [
    'sources that may be further apart',
    (text) => text.replace('agree=1.0%', 'agree=1.1%'),
    'loosening',
  ],
  ['a higher floor', (text) => text.replace('quote=5000000', 'quote=6000000'), 'tightening'],
  ['a lower floor', (text) => text.replace('quote=5000000', 'quote=4000000'), 'loosening'],
  [
    'a floor for more symbols',
    (text) => text.replace('liquidity BTCUSDT', 'liquidity *'),
    'tightening',
  ],
  ['no floor', (text) => text.replace(/liquidity.*\n/, ''), 'loosening'],
  ['a larger share of the book', (text) => text.replace('20%@1.0%', '21%@1.0%'), 'loosening'],
  ['a deeper look into the book', (text) => text.replace('20%@1.0%', '20%@1.1%'), 'loosening'],
  ['a connection more', (text) => `${text}connection other\nallow id=o op=read.*\n`, 'loosening'],
  ['a connection less', () => 'policy/v1\n', 'tightening'],
  [
    'another connection',
    (text) => text.replace('connection demo', 'connection demo2'),
    'loosening',
  ],
  ['a longer delay', (text) => text.replace('v1\n', 'v1\nloosening-delay 1h\n'), 'tightening'],
  ['a shorter delay', (text) => text.replace('v1\n', 'v1\nloosening-delay 1m\n'), 'loosening'],
];

for (const [what, next, direction] of DIRECTIONS) {
  test(`[S130] ${what}: ${direction}`, () => {
    const text = next(BASE);
    const found = comparePolicies(parse(BASE), parse(text));
    assert.equal(found.direction, direction, found.reasons.join('; '));
    if (direction === 'loosening') assert.ok(found.reasons.length > 0);
  });
}

test('[S130] where there was no policy, any is loosening', () => {
  assert.equal(comparePolicies(null, parse('policy/v1\n')).direction, 'loosening');
});

/** Pairs of policies of which the second allows more than the first, each by another way round. */
const DISGUISED: readonly (readonly [what: string, before: string, next: string])[] = [
  [
    'a line that stood in the shadow of a stricter one of the same scope',
    'allow id=a op=order.place symbol=AUSDT notional<=1 USDT\nallow id=b op=order.place symbol=AUSDT notional<=4 USDT',
    'allow id=b op=order.place symbol=AUSDT notional<=4 USDT',
  ],
  [
    'two lines in the shadow of one, each with a day of its own',
    'allow id=a op=order.place symbol=AUSDT,BUSDT per-day<=9 USDT\nallow id=b op=order.place symbol=AUSDT per-day<=9 USDT\nallow id=c op=order.place symbol=BUSDT per-day<=9 USDT',
    'allow id=b op=order.place symbol=AUSDT per-day<=9 USDT\nallow id=c op=order.place symbol=BUSDT per-day<=9 USDT',
  ],
  [
    'one line that becomes two',
    'allow id=a op=order.place symbol=AUSDT,BUSDT open<=2\nallow id=b op=order.place symbol=AUSDT,BUSDT open<=2',
    'allow id=a op=order.place symbol=AUSDT open<=2\nallow id=b op=order.place symbol=BUSDT open<=2',
  ],
];

for (const [what, before, next] of DISGUISED) {
  test(`[S130] attack 20: loosening dressed up as tightening: ${what}`, () => {
    const policy = (lines: string): Policy => parse(`policy/v1\nconnection demo\n${lines}\n`);
    assert.equal(comparePolicies(policy(before), policy(next)).direction, 'loosening');
  });
}

test('[S130] attack 20: more time after the end, by a section under the other name or one that goes', () => {
  const name = 'connection demo\nallow id=a op=order.place symbol=AUSDT\n';
  const identifier = 'connection c_ABCDEF2\n';
  const directionOf = (before: string, next: string): string =>
    comparePolicies(parse(`policy/v1\n${before}`), parse(`policy/v1\n${next}`)).direction;
  assert.equal(directionOf(name, `${name}${identifier}grace 14d\n`), 'loosening');
  assert.equal(directionOf(name, `${name}${identifier}grace 6d\n`), 'tightening');
  assert.equal(directionOf(`${name}${identifier}grace 1d\n`, name), 'loosening');
  const both = `${name}grace 10d\n${identifier}grace 12d\n`;
  assert.equal(directionOf(both, `${name}${identifier}grace 12d\n`), 'loosening');
});

test('[S131] attack 20: narrowing line after line, by the server alone, makes no second limit of a day', (t) => {
  const lines = (symbols: string): string =>
    `policy/v1\nconnection demo\nallow id=all op=order.place symbol=${symbols} per-day<=500 USDT\n`;
  const signer = openConnected(t, lines('BTCUSDT,ETHUSDT'));
  assert.equal(signer.place({ price: '500' }), 'signed');
  assert.equal(signer.place({ symbol: 'ETHUSDT', price: '500' }), 'all: per-day');
  const act = { kind: 'changePolicy', before: sha256(lines('BTCUSDT,ETHUSDT')) } as const;
  signer.ask({ kind: 'requestAct', act: { ...act, policy: lines('ETHUSDT') } });
  assert.equal(signer.place({ symbol: 'ETHUSDT', price: '500' }), 'all: per-day');
});

test('[S130] whatever is called tightening allows nothing that was refused, for any two policies', () => {
  const symbols = ['AUSDT', 'BUSDT', '*'];
  const rule = fc.record({
    effect: fc.constantFrom('allow', 'allow', 'deny'),
    symbol: fc.constantFrom(...symbols),
    side: fc.constantFrom('BUY', 'SELL', 'BUY,SELL'),
    notional: fc.option(fc.integer({ min: 1, max: 4 }), { nil: null }),
    rate: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
  });
  const policy = fc.array(rule, { maxLength: 4 }).map((rules) =>
    ['policy/v1', 'connection demo']
      .concat(
        rules.map(({ effect, symbol, side, notional, rate }, index) => {
          const limits =
            effect === 'deny'
              ? ''
              : `${notional === null ? '' : ` notional<=${notional} USDT`}${rate === null ? '' : ` rate<=${rate}/10s`}`;
          return `${effect} id=r${index} op=order.place symbol=${symbol} side=${side}${limits}`;
        }),
      )
      .join('\n'),
  );
  const request = fc.record({
    symbol: fc.constantFrom('AUSDT', 'BUSDT', 'CUSDT'),
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
    notional: fc.integer({ min: 1, max: 5 }),
  });
  const subject = { connection: 'c_ABCDEF2', name: 'demo', venue: 'demo' };
  let tightenings = 0;
  fc.assert(
    fc.property(policy, policy, fc.array(request, { maxLength: 6 }), (before, next, requests) => {
      const [old, now] = [parse(before), parse(next)];
      if (comparePolicies(old, now).direction !== 'tightening') return;
      tightenings += 1;
      const loose = new PolicyEvaluator(old, 'policy');
      const strict = new PolicyEvaluator(now, 'policy');
      for (const { symbol, side, notional } of requests) {
        const facts: RequestFacts = {
          ...{ operation: 'order.place', type: 'LIMIT', timeInForce: 'GTC', stop: null },
          ...{ symbol, side, clientOrderId: null, quantity: null, isReleased: false },
          price: parseDecimal(String(notional)),
          notional: BigInt(notional) * 10n ** 16n,
        };
        // What the stricter one allows both count, so that their windows stay alike.
        if (!strict.judge(subject, [facts], () => null, START_MS).ok) continue;
        const verdict = loose.judge(subject, [facts], () => null, START_MS);
        assert.ok(verdict.ok, `${before}\n→\n${next}\n${symbol} ${side} ${notional}`);
      }
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  assert.ok(tightenings > 100, `expected many tightenings, found ${tightenings}`);
});

test('[S131] what was signed before a tightening leaves no more room than without it, for any two policies', () => {
  const limit = fc.option(fc.integer({ min: 1, max: 4 }), { nil: null });
  const rule = fc.record({
    effect: fc.constantFrom('allow', 'allow', 'allow', 'deny'),
    symbol: fc.constantFrom('AUSDT', 'BUSDT', 'AUSDT,BUSDT', '*'),
    ...{ perDay: limit, open: limit, rate: limit },
  });
  type Rule = typeof rule extends fc.Arbitrary<infer T> ? T : never;
  const textOf = (rules: readonly Rule[]): string =>
    ['policy/v1', 'connection demo']
      .concat(
        rules.map(({ effect, symbol, perDay, open: most, rate }, index) => {
          const limits = [
            perDay === null ? '' : ` per-day<=${perDay} USDT`,
            most === null ? '' : ` open<=${most}`,
            rate === null ? '' : ` rate<=${rate}/1h`,
          ].join('');
          return `${effect} id=r${index} op=order.place symbol=${symbol}${effect === 'deny' ? '' : limits}`;
        }),
      )
      .join('\n');
  // Near neighbours: a line less, or one line other than before. Far ones are hardly ever tightenings.
  const pair = fc
    .record({
      rules: fc.array(rule, { minLength: 1, maxLength: 4 }),
      at: fc.nat(3),
      other: fc.option(rule, { nil: null }),
    })
    .map(({ rules, at, other }) => {
      const next = rules.toSpliced(at % rules.length, 1, ...(other === null ? [] : [other]));
      return [textOf(rules), textOf(next)] as const;
    });
  const requests = fc.array(fc.constantFrom('AUSDT', 'BUSDT'), { maxLength: 6 });
  const subject = { connection: 'c_ABCDEF2', name: 'demo', venue: 'demo' };
  let tightenings = 0;
  fc.assert(
    fc.property(pair, requests, requests, ([before, next], first, second) => {
      const [old, now] = [parse(before), parse(next)];
      if (comparePolicies(old, now).direction !== 'tightening') return;
      tightenings += 1;
      const [changed, kept] = [
        new PolicyEvaluator(old, 'policy'),
        new PolicyEvaluator(old, 'policy'),
      ];
      let count = 0;
      const signs = (policy: PolicyEvaluator, symbol: string): boolean => {
        const facts: RequestFacts = {
          ...{
            operation: 'order.place',
            type: 'LIMIT',
            timeInForce: 'GTC',
            stop: null,
            side: 'BUY',
          },
          ...{ symbol, clientOrderId: `k${count}`, price: 10n ** 8n, quantity: 10n ** 8n },
          notional: 10n ** 16n,
          isReleased: false,
        };
        return policy.judge(subject, [facts], () => null, START_MS).ok;
      };
      for (const symbol of first) {
        count += 1;
        assert.equal(signs(changed, symbol), signs(kept, symbol));
      }
      const strict = changed.under(now, () => subject, START_MS);
      for (const symbol of second) {
        count += 1;
        if (!signs(strict, symbol)) continue;
        assert.ok(
          signs(kept, symbol),
          `${before}\n→\n${next}\n${first.join()} then ${second.join()}`,
        );
      }
    }),
    { seed: SEED, numRuns: 20_000 },
  );
  assert.ok(tightenings > 500, `expected many tightenings, found ${tightenings}`);
});

test('[S126] open orders are counted until the exchange says that they ended, over a restart too', (t) => {
  const signer = openConnected(t, POLICY.replace('rate<=10/10s', 'open<=2 rate<=1000/10s'));
  const ids = ['k1-a', 'k1-b'];
  for (const clientOrderId of ids) assert.equal(signer.place({ clientOrderId }), 'signed');
  assert.equal(signer.place(), 'btc: open');
  const next = reopen(signer);
  assert.equal(next.place(), 'btc: open');
  const { connection } = next;
  const about = { connection, symbol: 'BTCUSDT', clientOrderId: 'k1-a' } as const;
  for (const status of ['PARTIALLY_FILLED', 'FILLED']) {
    const [decision] = next.ask({ kind: 'queryOrder', ...about });
    assert.ok(decision?.kind === 'signed');
    const executedQty = status === 'FILLED' ? '1' : '0.5';
    const body = JSON.stringify({
      symbol: 'BTCUSDT',
      clientOrderId: next.exchangeId('k1-a'),
      executedQty,
      status,
    });
    next.report({ kind: 'echo', id: decision.id, status: 200, body });
    assert.equal(
      next.place({ clientOrderId: 'k1-c' }),
      status === 'FILLED' ? 'signed' : 'btc: open',
    );
  }
  assert.equal(next.place(), 'btc: open');
  assert.equal(reopen(next).place(), 'btc: open');
});

test('[S135] an order is explained without being signed, counted or recorded', (t) => {
  const signer = openConnected(t);
  signer.place({ price: '300' });
  const before = readLog(signer.directory).length;
  const explain = (price: string): Extract<Decision, { kind: 'explained' }>['explanation'] => {
    const [decision] = signer.ask({
      kind: 'explainOrder',
      connection: signer.connection,
      order: { ...order(), price },
    });
    assert.ok(decision?.kind === 'explained');
    return decision.explanation;
  };
  for (let count = 0; count < 20; count += 1) assert.equal(explain('400').isAllowed, true);
  assert.deepEqual(explain('501'), {
    isAllowed: false,
    rule: 'btc: notional',
    reason: 'expected notional of at most 500 USDT, found 501',
    limits: [
      { field: 'notional', limit: '500 USDT', used: '' },
      { field: 'per-day', limit: '1000 USDT', used: '300 USDT' },
      { field: 'rate', limit: '10/10s', used: '1' },
    ],
  });
  assert.equal(readLog(signer.directory).length, before);
});

test('[S131] as a process: tightened through the server, in force at once and after the next start', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new SignerProcess(t, directory);
  const { connection } = await signer.connect();
  const act = { kind: 'changePolicy', before: sha256(POLICY), policy: TIGHTER } as const;
  assert.equal((await signer.ask({ kind: 'requestAct', act })).kind, 'performed');
  const refused = await signer.ask({ kind: 'placeOrder', connection, order: order('450') });
  assert.equal(outcomeOf(refused), 'btc: notional');
  signer.child.kill('SIGKILL');
  await signer.exit;
  const next = new SignerProcess(t, directory);
  const again = await next.ask({ kind: 'placeOrder', connection, order: order('450') });
  assert.equal(outcomeOf(again), 'btc: notional');
});

let orders = 0;

function order(price = '100'): OrderIntent {
  orders += 1;
  const clientOrderId = `k9-${orders}`;
  return {
    ...{ symbol: 'BTCUSDT', side: 'buy', type: 'limit', timeInForce: 'GTC' },
    ...{ price, quantity: '1', clientOrderId },
  };
}
