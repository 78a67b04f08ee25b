// SPDX-License-Identifier: Apache-2.0
// The policy's third outcome: an order waits for a person, who releases one like it once, or drops it.

import { strict as assert } from 'node:assert';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';
import fc from 'fast-check';
import { notionalOf } from '../src/amount.ts';
import { SYSTEM_DISK } from '../src/disk.ts';
import { comparePolicies } from '../src/policy/compare.ts';
import { PolicyEvaluator, type RequestFacts } from '../src/policy/evaluator.ts';
import { describePolicyError, parsePolicy } from '../src/policy/grammar.ts';
import type { Policy } from '../src/policy/policy.ts';
import { overviewOf } from '../src/peers/policy-overview.ts';
import type { HeldInfo, OrderIntent } from '../src/wire.ts';
import { Passkey } from '../../test/passkey.ts';
import {
  openConnected,
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  START_MS,
  temporaryDirectory,
  writePolicy,
  reopen,
} from './fixture.ts';

const SEED = 20_261_124;
const POLICY = `policy/v1
connection demo
deny id=never op=order.place symbol=XRPUSDT
allow id=btc op=order.place symbol=BTCUSDT side=buy type=LIMIT notional<=500 USDT per-day<=900 USDT rate<=3/10s
hold id=big op=order.place symbol=BTCUSDT,XRPUSDT side=buy,sell type=LIMIT notional<=2000 USDT per-day<=3000 USDT expires=2m
allow id=rest op=order.cancel,read.* rate<=100/60s
default deny
`;

function parse(text: string): Policy {
  const parsed = parsePolicy(Buffer.from(text));
  assert.ok(parsed.ok, parsed.ok ? '' : describePolicyError('policy', parsed.error));
  return parsed.policy;
}

function heldOf(signer: OpenSigner): readonly HeldInfo[] {
  const [decision] = signer.ask({ kind: 'describePolicy' });
  assert.ok(decision?.kind === 'policy');
  return decision.policy.held;
}

function refusalOf(signer: OpenSigner, changes: Partial<OrderIntent>): string {
  const [decision] = signer.ask(placeIntent(signer.connection, changes));
  assert.ok(decision?.kind === 'refused');
  return decision.reason;
}

/** Enrols the first owner, who comes by the code that the signer shows. */
function enrol(signer: OpenSigner): Passkey {
  const owner = new Passkey();
  const { credential, rpId, origin, cose } = owner;
  const publicKey = cose.toString('base64url');
  const enrolment = {
    kind: 'enrolOwner',
    name: 'Ada',
    credential,
    publicKey,
    rpId,
    origin,
  } as const;
  const asked = signer.request(enrolment);
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  const code = /within an hour: ([A-Z2-9-]{19})$/.exec(signer.said.at(-1) ?? '')?.[1] ?? '';
  const proof = createHmac('sha256', code.replaceAll('-', ''))
    .update(asked.text)
    .digest('base64url');
  const [done] = signer.ask({
    kind: 'confirmAct',
    nonce: asked.nonce,
    approval: { kind: 'code', proof },
  });
  assert.equal(done?.kind, 'performed', JSON.stringify(done));
  return owner;
}

/** Releases `order` by the owner's passkey; returns the text that he consented to. */
function release(signer: OpenSigner, owner: Passkey, order: string): string {
  const asked = signer.request({ kind: 'releaseHeld', order });
  assert.ok(asked.kind === 'consent', JSON.stringify(asked));
  const approval = owner.assert(asked.challenge);
  const [done] = signer.ask({ kind: 'confirmAct', nonce: asked.nonce, approval });
  assert.equal(done?.kind, 'performed', JSON.stringify(done));
  return asked.text;
}

/** Places an order that the hold line keeps; the name under which it waits. */
function hold(signer: OpenSigner, order: Partial<OrderIntent> = { price: '1000' }): string {
  const before = heldOf(signer).length;
  assert.equal(signer.place(order), 'hold: big');
  const held = heldOf(signer);
  assert.equal(held.length, before + 1);
  return held.at(-1)?.order ?? '';
}

test('[S136] a hold line has the terms of an allow line and expires=, for orders alone', () => {
  const line = (text: string): string => {
    const parsed = parsePolicy(Buffer.from(`policy/v1\nconnection demo\n${text}\n`));
    return parsed.ok ? 'a policy' : describePolicyError('p', parsed.error);
  };
  assert.equal(
    line('hold id=a op=order.place notional<=9 USDT open<=3 rate<=1/1s expires=1h'),
    'a policy',
  );
  assert.match(line('hold symbol=BTCUSDT'), /^p:3:5: expected op= in a hold line, found none/);
  assert.match(line('hold op=read.*'), /^p:3:6: expected op=order\.place alone in a hold line/);
  assert.match(line('hold op=order.*'), /^p:3:6: expected op=order\.place alone in a hold line/);
  assert.match(
    line('hold op=order.place expires=29s'),
    /^p:3:29: expected a time from 30s to 3600s/,
  );
  assert.match(
    line('hold op=order.place expires=61m'),
    /^p:3:29: expected a time from 30s to 3600s/,
  );
  assert.match(line('hold op=order.place type=MARKET'), /expected no MARKET in a hold line/);
  assert.match(
    line('hold op=order.place band=1%'),
    /expected a reference line before the first band=/,
  );
  assert.match(line('allow op=order.place expires=5m'), /^p:3:22: expected one of id, op/);
  assert.match(line('deny op=order.place expires=5m'), /no limit in a deny line/);
  const [rule] =
    parse('policy/v1\nconnection demo\nhold op=order.place\n').sections[0]?.rules ?? [];
  assert.equal(rule?.expiresMs, 1_800_000);
});

test('[S136] attack 3: a hold line cannot hold what is never signed', () => {
  for (const operation of ['withdraw', 'transfer', 'session.logon', 'keys', 'margin']) {
    const parsed = parsePolicy(Buffer.from(`policy/v1\nconnection demo\nhold op=${operation}\n`));
    assert.equal(parsed.ok, false, operation);
  }
});

test('[S137] deny beats hold; a hold line is asked where no allow line matches or its money does not suffice', (t) => {
  const signer = openConnected(t, POLICY);
  assert.equal(signer.place({ price: '500' }), 'signed', 'within the allow line nobody is asked');
  assert.equal(signer.place({ price: '501' }), 'hold: big', 'notional');
  assert.equal(signer.place({ price: '401' }), 'hold: big', 'per-day');
  assert.equal(signer.place({ side: 'sell', price: '10' }), 'hold: big', 'no allow line');
  assert.equal(signer.place({ symbol: 'XRPUSDT' }), 'never', 'a denial is final');
  assert.equal(
    signer.place({ price: '2001' }),
    'big: notional',
    'the limits of the hold line hold',
  );
  assert.equal(signer.place({ symbol: 'ETHUSDT' }), 'default deny');
  assert.equal(signer.place({ type: 'limitMaker' }), 'default deny', 'its scope holds too');
  signer.place({ price: '1' });
  signer.place({ price: '1' });
  assert.equal(signer.place({ price: '1' }), 'btc: rate', 'no person is asked for a faster pace');
});

test('[S137] what the policy decides is what its plain reading says', () => {
  const SYMBOLS = ['BTCUSDT', 'ETHUSDT'] as const;
  const rule = fc.record({
    effect: fc.constantFrom('allow', 'hold', 'deny'),
    symbols: fc.subarray([...SYMBOLS], { minLength: 1 }),
    side: fc.constantFrom('BUY', 'SELL', 'BUY,SELL'),
    most: fc.integer({ min: 1, max: 9 }),
    isLimited: fc.boolean(),
  });
  const order = fc.record({
    symbol: fc.constantFrom(...SYMBOLS),
    side: fc.constantFrom('BUY', 'SELL'),
    notional: fc.integer({ min: 1, max: 10 }),
  });
  let heldCount = 0;
  fc.assert(
    fc.property(fc.array(rule, { maxLength: 6 }), order, (rules, asked) => {
      const lines = rules.map(({ effect, symbols, side, most, isLimited }) => {
        const limit = effect !== 'deny' && isLimited ? ` notional<=${most} USDT` : '';
        return `${effect} op=order.place symbol=${symbols.join(',')} side=${side}${limit}\n`;
      });
      const policy = parse(`policy/v1\nconnection demo\n${lines.join('')}`);
      const first = (effect: string): (typeof rules)[number] | undefined =>
        rules.find(
          (one) =>
            one.effect === effect &&
            one.symbols.includes(asked.symbol) &&
            one.side.split(',').includes(asked.side),
        );
      const fits = (one: (typeof rules)[number] | undefined): boolean =>
        one !== undefined && (!one.isLimited || asked.notional <= one.most);
      const expected =
        first('deny') !== undefined
          ? 'refused'
          : fits(first('allow'))
            ? 'allowed'
            : fits(first('hold'))
              ? 'held'
              : 'refused';
      const verdict = new PolicyEvaluator(policy, 'policy').judge(
        { connection: 'c_ABCDEF2', name: 'demo', venue: 'demo' },
        [factsOf(asked.symbol, asked.side === 'BUY' ? 'BUY' : 'SELL', asked.notional)],
        () => null,
        START_MS,
      );
      const found = verdict.ok ? 'allowed' : verdict.hold === null ? 'refused' : 'held';
      if (found === 'held') heldCount += 1;
      assert.equal(found, expected, lines.join(''));
    }),
    { seed: SEED, numRuns: 1_000 },
  );
  assert.ok(heldCount > 20, `expected more than 20 held orders, found ${heldCount}`);
});

function factsOf(symbol: string, side: 'BUY' | 'SELL', notional: number): RequestFacts {
  const price = BigInt(notional) * 100_000_000n;
  const quantity = 100_000_000n;
  return {
    ...{ operation: 'order.place', symbol, side, type: 'LIMIT', timeInForce: 'GTC' },
    ...{ notional: notionalOf(price, quantity), price, stop: null, quantity },
    ...{ clientOrderId: null, isReleased: false },
  };
}

test('[S138] what waits is kept once, told with its line and time, and written on the log', (t) => {
  const signer = openConnected(t, POLICY);
  const [first, again] = signer.ask(
    placeIntent(signer.connection, { price: '1000', clientOrderId: 'k1-first' }),
    placeIntent(signer.connection, { price: '900', quantity: '0.9' }),
  );
  assert.ok(first?.kind === 'refused' && again?.kind === 'refused');
  assert.equal(first.rule, 'hold: big');
  const [held, ...others] = heldOf(signer);
  assert.deepEqual(others, [], 'the smaller one is asked about with the first');
  assert.ok(held);
  assert.equal(
    first.reason,
    `expected a person to allow it first: it waits as ${held.order} for 120 s; release it on the page Policy and it is signed when it comes again`,
  );
  assert.deepEqual(held, {
    ...{ order: held.order, connection: signer.connection, rule: 'big', symbol: 'BTCUSDT' },
    ...{ side: 'buy', type: 'LIMIT', timeInForce: 'GTC', price: '1000', stop: null },
    ...{ quantity: '1', notional: '1000', clientOrderId: 'k1-first', since: START_MS },
    ...{ until: START_MS + 120_000, isReleased: false },
  });
  const entries = readLog(signer.directory).filter(({ kind }) => kind === 'held');
  assert.deepEqual(
    entries.map(({ seq, step, rule, price, expires }) => ({
      seq: `h${String(seq)}`,
      step,
      rule,
      price,
      expires,
    })),
    [{ seq: held.order, step: 'held', rule: 'big', price: '1000', expires: 120_000 }],
  );
  assert.equal(signer.requests.length, 0, 'nothing was signed');
  hold(signer, { price: '1010.01' });
  hold(signer, { side: 'sell', price: '1000' });
  assert.equal(signer.place({ side: 'sell', price: '1100' }), 'hold: big', 'a seller wants more');
  assert.equal(heldOf(signer).length, 3);
});

test('[S138] at most 16 of a connection wait; after their time they are forgotten', (t) => {
  const signer = openConnected(t, POLICY);
  for (let index = 0; index < 16; index += 1) hold(signer, { price: String(1_000 + 20 * index) });
  signer.pass(119_999);
  assert.equal(heldOf(signer).length, 16);
  signer.pass(1);
  assert.equal(heldOf(signer).length, 0);
  hold(signer);
});

test('[S203] attack 31: who floods the orders that wait fills the places of one connection, visibly, and nobody else’s', (t) => {
  const policy = `${POLICY.replace('default deny\n', '')}connection other
hold id=others op=order.place symbol=BTCUSDT expires=2m
default deny
`;
  const signer = openConnected(t, policy);
  const flooded = signer.connection;
  for (let index = 0; index < 16; index += 1) hold(signer, { price: String(1_000 + 20 * index) });
  const kept = heldOf(signer);
  assert.match(signer.said.at(-1) ?? '', /^16 orders of demo \(c_\w{7}\) wait for a person/);
  const told = signer.said.length;
  signer.pass(20_000);
  for (let index = 0; index < 200; index += 1) {
    const [decision] = signer.ask(placeIntent(flooded, { price: String(1_400 + index) }));
    assert.ok(decision?.kind === 'refused');
    assert.equal(
      decision.reason,
      'expected fewer than 16 orders of this connection that wait for a person, found 16, 16 of them in BTCUSDT: ' +
        'release or drop some on the page Policy; the first of them goes by itself in 100 s',
    );
  }
  assert.deepEqual(heldOf(signer), kept, 'nothing that a person could release is pushed out');
  assert.equal(signer.said.length, told, 'it is said once');
  const refused = readLog(signer.directory).filter(
    ({ kind, rule }) => kind === 'refused' && rule === 'hold: big',
  );
  assert.ok(refused.length >= 200, 'and stands on the log, each');
  signer.connect('other');
  assert.equal(signer.place({ price: '900' }), 'hold: others');
  assert.equal(heldOf(signer).length, 17, 'another connection has places of its own');
  signer.connection = flooded;
  const [first] = kept;
  assert.ok(first);
  assert.equal(signer.request({ kind: 'denyHeld', order: first.order }).kind, 'performed');
  const next = reopen(signer);
  for (const life of [signer, next]) {
    const [full] = life.ask(placeIntent(flooded, { price: '1400' }));
    assert.match(full?.kind === 'refused' ? full.reason : '', /expected fewer than 16/);
  }
  next.pass(60_000);
  assert.equal(next.place({ price: '1400' }), 'hold: big', 'a dropped order gives its place back');
  assert.ok(heldOf(next).some(({ price }) => price === '1400'));
});

test('[S203] who holds and drops in turn makes no more than 16 entries a minute', (t) => {
  const signer = openConnected(t, POLICY);
  let count = 0;
  for (let index = 0; index < 300; index += 1) {
    signer.pass(1_000);
    // Each is beyond what those before it cover, until they are forgotten.
    signer.place({ price: (520 * 1.0102 ** (index % 125)).toFixed(2) });
    for (const { order } of heldOf(signer)) {
      assert.equal(signer.request({ kind: 'denyHeld', order }).kind, 'performed');
      count += 1;
    }
  }
  assert.ok(count > 16 && count <= 16 * 6, `${count} in five minutes`);
  assert.equal(signer.place({ price: '1900' }), 'hold: big');
});

test('[S139] a release is an owner’s consent to the very order, and one signature', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  const order = hold(signer);
  const text = release(signer, owner, order);
  assert.match(text, /^act: release a held order, so that it may be signed once$/m);
  assert.match(text, /^buy: 1 BTCUSDT at 1000$/m);
  assert.match(text, /^worth: 1000$/m);
  assert.match(text, /^held by: hold id=big op=order\.place .* expires=2m$/m);
  assert.deepEqual(
    heldOf(signer).map(({ isReleased }) => isReleased),
    [true],
  );
  assert.equal(signer.requests.length, 0, 'nobody signs for an order that is not asked for');
  const [explained] = signer.ask({
    kind: 'explainOrder',
    connection: signer.connection,
    order: { ...placeIntent(signer.connection).order, price: '1000' },
  });
  assert.ok(explained?.kind === 'explained' && explained.explanation.isAllowed);
  assert.equal(signer.place({ price: '1000' }), 'signed');
  const intent = readLog(signer.directory).findLast(({ kind }) => kind === 'intent');
  assert.equal(intent?.['rule'], 'big');
  assert.equal(intent?.['held'], order);
  assert.deepEqual(heldOf(signer), []);
  assert.equal(signer.place({ price: '1000' }), 'hold: big', 'one release, one signature');
  const second = signer.request({ kind: 'releaseHeld', order });
  assert.ok(second.kind === 'refused' && second.rule === 'act');
});

test('[S139] attack 15: a released order that comes twice at once is signed once', (t) => {
  const signer = openConnected(t, POLICY);
  release(signer, enrol(signer), hold(signer));
  const outcomes = signer
    .ask(
      placeIntent(signer.connection, { price: '1000' }),
      placeIntent(signer.connection, { price: '1000' }),
    )
    .map(outcomeOf);
  assert.deepEqual(outcomes, ['signed', 'hold: big']);
});

test('[S139] attack 20: the server cannot release; without an owner, with another text or too late nothing is released', (t) => {
  const signer = openConnected(t, POLICY);
  const order = hold(signer);
  const refused = signer.request({ kind: 'releaseHeld', order });
  assert.ok(refused.kind === 'refused' && refused.rule === 'consent');
  assert.match(refused.reason, /expected an enrolled owner, found none/);
  const owner = enrol(signer);
  const asked = signer.request({ kind: 'releaseHeld', order });
  assert.ok(asked.kind === 'consent');
  const stranger = new Passkey();
  const [wrong] = signer.ask({
    kind: 'confirmAct',
    nonce: asked.nonce,
    approval: stranger.assert(asked.challenge),
  });
  assert.equal(outcomeOf(wrong), 'consent');
  const late = signer.request({ kind: 'releaseHeld', order });
  assert.ok(late.kind === 'consent');
  signer.pass(120_000);
  const approval = owner.assert(late.challenge);
  const [gone] = signer.ask({ kind: 'confirmAct', nonce: late.nonce, approval });
  assert.equal(outcomeOf(gone), 'act');
  assert.equal(signer.place({ price: '1000' }), 'hold: big');
});

test('[S140] a release is for no more, at a price worse by a hundredth at most, of the same kind, and for its time', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  const text = release(signer, owner, hold(signer));
  assert.match(text, /^at a price of at most: 1010, worth at most 1010$/m);
  for (const other of [
    { price: '1010.01', quantity: '0.9' },
    { price: '1000', quantity: '1.01000001' },
    { price: '1000', side: 'sell' },
    { price: '1000', timeInForce: 'IOC' },
  ] as const) {
    assert.equal(signer.place(other), 'hold: big', JSON.stringify(other));
  }
  assert.equal(signer.place({ price: '1000', type: 'limitMaker' }), 'default deny');
  assert.equal(signer.place({ price: '1009.99' }), 'signed', 'the market has moved');
  assert.equal(signer.place({ price: '999', quantity: '0.9' }), 'hold: big', 'once');
  const sold = hold(signer, { side: 'sell', price: '900' });
  assert.match(release(signer, owner, sold), /^at a price of at least: 891$/m);
  assert.equal(signer.place({ side: 'sell', price: '890.99' }), 'hold: big');
  assert.equal(signer.place({ side: 'sell', price: '950', quantity: '1.0001' }), 'hold: big');
  signer.pass(60_000);
  assert.equal(signer.place({ side: 'sell', price: '891' }), 'signed');
  release(signer, owner, hold(signer, { price: '400', quantity: '2.6' }));
  signer.pass(120_000);
  assert.equal(signer.place({ price: '400', quantity: '2.6' }), 'hold: big', 'too late');
});

test('[S140] a bot that buys for a sum of money gets what was released when the price has moved, and asks once', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  const order = hold(signer, { price: '1000', quantity: '1.5' });
  for (const [price, quantity] of [
    ['1004', '1.494'],
    ['993', '1.5105'],
    ['1010', '1.485'],
  ] as const)
    assert.equal(signer.place({ price, quantity }), 'hold: big');
  assert.equal(heldOf(signer).length, 1, 'each is like the first');
  release(signer, owner, order);
  assert.equal(signer.place({ price: '990', quantity: '1.5304' }), 'hold: big', 'for more money');
  assert.equal(signer.place({ price: '990', quantity: '1.5303' }), 'signed');
});

test('[S140] the limits and the market are judged again when a released order comes', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  const orders = ['1990', '1000', '500.01'].map((price) => hold(signer, { price, side: 'sell' }));
  for (const order of orders) release(signer, owner, order);
  assert.equal(signer.place({ side: 'sell', price: '1990' }), 'signed');
  assert.equal(signer.place({ side: 'sell', price: '1010' }), 'signed');
  assert.equal(signer.place({ side: 'sell', price: '501' }), 'big: per-day');
  const next = reopen(signer);
  assert.equal(next.place({ side: 'sell', price: '501' }), 'big: per-day', 'over a restart');
  assert.equal(next.place({ price: '500' }), 'signed', 'the allow line has its own count');
});

test('[S141] a restart keeps what waits and what was released, and what was used', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  const [waiting, released, used] = [
    hold(signer, { price: '1000' }),
    hold(signer, { side: 'sell', price: '600' }),
    hold(signer, { price: '1200' }),
  ];
  release(signer, owner, released);
  release(signer, owner, used);
  assert.equal(signer.place({ price: '1200' }), 'signed');
  signer.pass(60_000);
  const next = reopen(signer);
  assert.deepEqual(
    heldOf(next).map(({ order, isReleased }) => [order, isReleased]),
    [
      [waiting, false],
      [released, true],
    ],
  );
  assert.equal(next.place({ price: '1200' }), 'hold: big');
  assert.equal(next.place({ side: 'sell', price: '600' }), 'signed');
  const last = reopen(next);
  assert.equal(last.place({ side: 'sell', price: '600' }), 'hold: big');
  last.pass(120_000);
  assert.deepEqual(heldOf(reopen(last)), []);
});

test('[S141] another policy voids what waits and what was released', (t) => {
  const signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  release(signer, owner, hold(signer));
  const policy = POLICY.replace('notional<=2000', 'notional<=1500');
  const [state] = signer.ask({ kind: 'describePolicy' });
  assert.ok(state?.kind === 'policy');
  const changed = signer.request({ kind: 'changePolicy', before: state.policy.hash, policy });
  assert.equal(changed.kind, 'performed');
  assert.deepEqual(heldOf(signer), []);
  assert.equal(signer.place({ price: '1000' }), 'hold: big');
});

test('[S230] what is void under the policy of today takes no place, also after a restart', (t) => {
  const signer = openConnected(t, POLICY);
  for (let index = 0; index < 16; index += 1) hold(signer, { price: String(1_000 + 20 * index) });
  assert.match(refusalOf(signer, { price: '1400' }), /expected fewer than 16/);
  const [state] = signer.ask({ kind: 'describePolicy' });
  assert.ok(state?.kind === 'policy');
  const policy = POLICY.replace('notional<=2000', 'notional<=1500');
  const changed = signer.request({ kind: 'changePolicy', before: state.policy.hash, policy });
  assert.equal(changed.kind, 'performed');
  assert.deepEqual(heldOf(signer), [], 'nobody can drop them any more');
  const next = reopen(signer);
  assert.match(refusalOf(next, { price: '1400' }), /it waits as h\d+/);
  assert.equal(heldOf(next).length, 1);
});

test('[S142] dropping needs nobody; what was dropped, released or not, is refused without asking again', (t) => {
  let signer = openConnected(t, POLICY);
  const owner = enrol(signer);
  for (const isReleased of [false, true]) {
    const order = hold(signer);
    if (isReleased) release(signer, owner, order);
    assert.equal(signer.request({ kind: 'denyHeld', order }).kind, 'performed');
    assert.deepEqual(heldOf(signer), []);
    const [decision] = signer.ask(placeIntent(signer.connection, { price: '999' }));
    assert.ok(decision?.kind === 'refused');
    assert.match(decision.reason, /found one like it that a person has dropped/);
    signer = reopen(signer);
    assert.deepEqual(heldOf(signer), []);
    assert.equal(signer.place({ price: '999' }), 'hold: big');
    assert.deepEqual(heldOf(signer), [], 'dropped over a restart');
    signer.pass(120_000);
  }
  const none = signer.request({ kind: 'denyHeld', order: 'h1' });
  assert.ok(none.kind === 'refused' && none.rule === 'act');
});

const DIRECTIONS: readonly (readonly [
  name: string,
  before: string,
  next: string,
  direction: string,
])[] = [
  ['a new hold line', '', 'hold op=order.place', 'loosening'],
  ['a hold line that goes', 'hold op=order.place', '', 'tightening'],
  [
    'allow to hold',
    'allow op=order.place notional<=5 USDT',
    'hold op=order.place notional<=5 USDT',
    'tightening',
  ],
  ['hold to allow', 'hold op=order.place', 'allow op=order.place', 'loosening'],
  [
    'allow to a wider hold',
    'allow op=order.place notional<=5 USDT',
    'hold op=order.place',
    'loosening',
  ],
  [
    'a longer wait',
    'hold op=order.place expires=1m',
    'hold op=order.place expires=2m',
    'loosening',
  ],
  ['a shorter wait', 'hold op=order.place', 'hold op=order.place expires=1m', 'tightening'],
  ['a lower limit', 'hold op=order.place', 'hold op=order.place notional<=5 USDT', 'tightening'],
  [
    'allow to hold behind an allow line that refused',
    'allow op=order.place symbol=BTCUSDT notional<=5 USDT\nallow op=order.place',
    'allow op=order.place symbol=BTCUSDT notional<=5 USDT\nhold op=order.place',
    'loosening',
  ],
  [
    'a hold line beside the allow line',
    'allow op=order.place per-day<=5 USDT',
    'allow op=order.place per-day<=5 USDT\nhold op=order.place per-day<=5 USDT',
    'loosening',
  ],
  [
    'an allow line with a pace goes before a hold line without',
    'allow op=order.place rate<=1/1s\nhold op=order.place',
    'hold op=order.place',
    'loosening',
  ],
  [
    'an allow line goes before a hold line',
    'allow op=order.place notional<=5 USDT\nhold op=order.place',
    'hold op=order.place',
    'tightening',
  ],
  [
    'a strict hold line goes before a wide one',
    'hold op=order.place symbol=BTCUSDT notional<=5 USDT\nhold op=order.place',
    'hold op=order.place',
    'loosening',
  ],
];

for (const [name, before, next, direction] of DIRECTIONS) {
  test(`[S130] ${name}: ${direction}`, () => {
    const text = (lines: string): Policy => parse(`policy/v1\nconnection demo\n${lines}\n`);
    const compared = comparePolicies(text(before), text(next));
    assert.equal(compared.direction, direction, compared.reasons.join('; '));
  });
}

test('[S130] what tightens by the comparison allows and holds nothing that was refused', () => {
  const rule = fc.record({
    effect: fc.constantFrom('allow', 'hold', 'deny'),
    symbols: fc.subarray(['BTCUSDT', 'ETHUSDT'], { minLength: 1 }),
    side: fc.constantFrom('BUY', 'SELL', 'BUY,SELL'),
    most: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
  });
  interface Line {
    readonly effect: string;
    readonly symbols: readonly string[];
    readonly side: string;
    readonly most: number | null;
  }
  const textOf = (rules: readonly Line[]): string =>
    rules
      .map(({ effect, symbols, side, most }) => {
        const limit = most !== null && effect !== 'deny' ? ` notional<=${most} USDT` : '';
        return `${effect} op=order.place symbol=${symbols.join(',')} side=${side}${limit}\n`;
      })
      .join('');
  const rank = (policy: Policy, facts: RequestFacts): number => {
    const subject = { connection: 'c_ABCDEF2', name: 'demo', venue: 'demo' };
    const verdict = new PolicyEvaluator(policy, 'p').judge(subject, [facts], () => null, START_MS);
    return verdict.ok ? 2 : verdict.hold === null ? 0 : 1;
  };
  let tightened = 0;
  const changes = fc.record({
    rules: fc.array(rule, { maxLength: 4 }),
    dropped: fc.nat(4),
    changed: fc.nat(4),
    to: fc.constantFrom('allow', 'hold', 'deny'),
    most: fc.option(fc.integer({ min: 1, max: 9 }), { nil: null }),
  });
  fc.assert(
    fc.property(changes, ({ rules, dropped, changed, to, most }) => {
      const after = rules
        .map((one, index) => (index === changed ? { ...one, effect: to, most } : one))
        .filter((_one, index) => index !== dropped);
      const before = parse(`policy/v1\nconnection demo\n${textOf(rules)}`);
      const next = parse(`policy/v1\nconnection demo\n${textOf(after)}`);
      if (comparePolicies(before, next).direction === 'loosening') return;
      tightened += 1;
      for (const symbol of ['BTCUSDT', 'ETHUSDT']) {
        for (const side of ['BUY', 'SELL'] as const) {
          for (let notional = 1; notional <= 10; notional += 1) {
            const facts = factsOf(symbol, side, notional);
            assert.ok(
              rank(next, facts) <= rank(before, facts),
              `${textOf(rules)}→\n${textOf(after)}`,
            );
          }
        }
      }
    }),
    { seed: SEED, numRuns: 2_000 },
  );
  assert.ok(tightened > 100, `expected more than 100 that tighten, found ${tightened}`);
});

test('[S137] the worst day counts no hold line: nobody but a person spends it', () => {
  const policy = parse('policy/v1\nconnection demo\nhold op=order.place per-day<=9 USDT\n');
  const [section] = overviewOf(policy).connections;
  assert.deepEqual(section?.worstDay, []);
  assert.equal(section?.lines[0]?.effect, 'hold');
});

const MARKET = `policy/v1
connection demo
reference source=egress:avgPrice max-age=3s
allow id=near op=order.place symbol=BTCUSDT side=BUY band=1.0% notional<=500 USDT
hold id=big op=order.place symbol=BTCUSDT,ETHUSDT band=2.0% expires=2m
default deny
`;

/** Has egress say what BTC costs. */
function priced(signer: OpenSigner, price: string): void {
  const about = { venue: 'demo', symbol: 'BTCUSDT', ageMs: 0 };
  signer.report({ kind: 'reference', ...about, source: 'avgPrice', price });
}

test('[S137, S140] attack 6: a price that is missing, old or out of the band is refused, and no person is asked', (t) => {
  const signer = openConnected(t, MARKET);
  const owner = enrol(signer);
  const outcomeAt = (price: string, quantity = '10'): string => {
    const intent = placeIntent(signer.connection, { price, quantity });
    const id = 1_000_000 + signer.decisions.length;
    signer.give({ ...intent, id });
    signer.pass(1_000);
    return outcomeOf(signer.decisions.find((decision) => decision.id === id));
  };
  assert.equal(outcomeAt('100'), 'big: reference', 'no price yet');
  priced(signer, '100');
  assert.equal(signer.place({ price: '101.5' }), 'near: band', 'the allow line decides');
  assert.equal(signer.place({ price: '102.01', quantity: '10' }), 'big: band');
  assert.equal(signer.place({ price: '101', quantity: '10' }), 'hold: big');
  const [held] = heldOf(signer);
  release(signer, owner, held?.order ?? '');
  signer.pass(4_000);
  assert.equal(outcomeAt('101'), 'big: reference', 'an old price');
  priced(signer, '90');
  assert.equal(
    signer.place({ price: '101', quantity: '10' }),
    'big: band',
    'the market has fallen',
  );
  priced(signer, '100');
  assert.equal(signer.place({ price: '101', quantity: '10' }), 'signed');
  assert.equal(heldOf(signer).length, 0);
});

test('[S137] attack 11: each order of a pair is asked about; both must be released', (t) => {
  const signer = openConnected(
    t,
    'policy/v1\nconnection demo\nhold id=big op=order.place\ndefault deny\n',
  );
  const owner = enrol(signer);
  let count = 0;
  const place = (): string => {
    count += 1;
    const shared = { symbol: 'BTCUSDT', side: 'sell', timeInForce: 'GTC', quantity: '1' } as const;
    const [decision] = signer.ask({
      kind: 'placePair',
      connection: signer.connection,
      takeProfit: { ...shared, type: 'limitMaker', price: '120', clientOrderId: `k1-t${count}` },
      stopLoss: {
        ...shared,
        ...{ type: 'stopLimit', price: '79', stopPrice: '80', clientOrderId: `k1-s${count}` },
      },
    });
    return outcomeOf(decision);
  };
  assert.equal(place(), 'hold: big');
  release(signer, owner, heldOf(signer)[0]?.order ?? '');
  assert.equal(place(), 'hold: big', 'the stop');
  assert.deepEqual(
    heldOf(signer).map(({ type, stop, isReleased }) => [type, stop, isReleased]),
    [
      ['LIMIT_MAKER', null, true],
      ['STOP_LOSS_LIMIT', '80', false],
    ],
  );
  release(signer, owner, heldOf(signer)[1]?.order ?? '');
  assert.equal(place(), 'signed');
  assert.deepEqual(heldOf(signer), []);
  assert.equal(place(), 'hold: big');
});

test('[S138] what cannot be written is not held, and nothing is signed', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  let isFull = false;
  const fullable = {
    ...SYSTEM_DISK,
    writeSync: (...given: Parameters<typeof SYSTEM_DISK.writeSync>) => {
      if (isFull) throw Object.assign(new Error('no space'), { code: 'ENOSPC' });
      return SYSTEM_DISK.writeSync(...given);
    },
  };
  const disk = fullable as typeof SYSTEM_DISK;
  const signer = new OpenSigner(directory, { disk }).connect();
  isFull = true;
  assert.equal(signer.place({ price: '1000' }), 'log');
  assert.deepEqual(heldOf(signer), []);
  assert.equal(signer.requests.length, 0);
});
