// SPDX-License-Identifier: Apache-2.0
// Attacks on what may be signed, against the signer as a process over its real pipes.

import { strict as assert } from 'node:assert';
import { test, type TestContext } from 'node:test';
import type { Intent, OrderIntent } from '../src/index.ts';
import {
  OpenSigner,
  outcomeOf,
  placeIntent,
  POLICY,
  readLog,
  readSignedRequest,
  SignerProcess,
  temporaryDirectory,
  writePolicy,
  type Unnumbered,
} from './fixture.ts';

const OPEN_POLICY = 'policy/v1\nconnection demo\nallow id=all op=*\n';

interface Started {
  readonly signer: SignerProcess;
  readonly directory: string;
  readonly connection: string;
}

async function start(t: TestContext, policy: string = OPEN_POLICY): Promise<Started> {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  const signer = new SignerProcess(t, directory);
  const { connection } = await signer.connect();
  return { signer, directory, connection };
}

/** Gives a message in whatever form and returns the rule that refused it, which stands on the log too. */
async function refusalOf({ signer, directory }: Started, message: object): Promise<string> {
  const decision = await signer.ask(message as Unnumbered<Intent>);
  assert.equal(decision.kind, 'refused', JSON.stringify(decision));
  const last = readLog(directory).findLast(({ kind }) => kind === 'refused');
  assert.equal(last?.['rule'], decision.rule);
  assert.equal(last['reason'], decision.reason);
  assert.equal(signer.egress.received.length, 0, 'nothing went to egress');
  return decision.rule;
}

test('[S10] attack 1: a signature over given bytes is no operation; refused and logged', async (t) => {
  const started = await start(t);
  const { connection } = started;
  for (const kind of ['sign', 'signBytes', 'signText', 'raw']) {
    const message = { kind, connection, payload: 'symbol=BTCUSDT&side=BUY', bytes: 'AAAA' };
    assert.equal(await refusalOf(started, message), 'intent', kind);
  }
});

test('[S4] attack 2: an intent with an unknown field is refused, at every level', async (t) => {
  const started = await start(t);
  const { order, ...intent } = placeIntent(started.connection);
  for (const field of [
    'extra',
    'recvWindow',
    'timestamp',
    'path',
    'signature',
    'newOrderRespType',
  ]) {
    assert.equal(await refusalOf(started, { ...intent, order, [field]: '1' }), 'intent');
    assert.equal(
      await refusalOf(started, { ...intent, order: { ...order, [field]: '1' } }),
      'intent',
    );
  }
});

test('[S10] attack 3: withdrawals and their like are refused even where every operation is allowed, and no line can allow them', async (t) => {
  const started = await start(t);
  const { connection } = started;
  const names = ['withdraw', 'transfer', 'convert', 'margin', 'subaccount', 'keys'];
  for (const kind of names) {
    const message = { kind, connection, asset: 'BTC', amount: '1', address: 'x' };
    assert.equal(await refusalOf(started, message), 'intent', kind);
  }
  for (const name of [...names, 'session.logon']) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, `policy/v1\nconnection demo\nallow op=${name}\n`);
    const signer = new SignerProcess(t, directory);
    assert.equal(await signer.exit, 3);
    assert.match(signer.stderr, new RegExp(`expected an operation that can be signed; ${name}`));
  }
});

test('[S10] attack 4: session.logon is refused over every transport', async (t) => {
  const started = await start(t);
  const { connection } = started;
  for (const message of [
    { kind: 'session.logon', connection },
    { kind: 'sessionLogon', connection },
    { kind: 'subscribe', connection, method: 'session.logon' },
    { kind: 'queryAccount', connection, method: 'session.logon' },
    { kind: 'queryAccount', connection, path: '/ws-api/v3' },
  ]) {
    assert.equal(await refusalOf(started, message), 'intent');
  }
  const decision = await started.signer.ask({ kind: 'subscribe', connection });
  assert.equal(decision.kind, 'signed');
  const request = await started.signer.egress.find((message) => readSignedRequest(message));
  assert.equal(request.kind, 'subscribe', 'what is signed for a stream goes to egress as a stream');
});

test('[S81] attack 9: quoteOrderQty is no field of an order, and ten times the limit is refused however it is written', async (t) => {
  const started = await start(t, POLICY);
  const intent = placeIntent(started.connection);
  const quoted = { ...intent, order: { ...intent.order, quoteOrderQty: '5000' } };
  assert.equal(await refusalOf(started, quoted), 'intent');
  for (const order of [
    { price: '5000', quantity: '1' },
    { price: '1', quantity: '5000' },
    { price: '0.00000001', quantity: '500000000000' },
  ]) {
    const large = placeIntent(started.connection, order);
    assert.equal(await refusalOf(started, large), 'btc: notional');
  }
});

test('[S16] attack 10: a thousand small orders stop at the limits of day and rate, also over a kill', async (t) => {
  const started = await start(t, POLICY.replace('rate<=10/10s', 'rate<=2000/24h'));
  const { signer, directory, connection } = started;
  const place = (on: SignerProcess, price: string): Promise<string> =>
    on.ask(placeIntent(connection, { price })).then(outcomeOf);
  const outcomes = await Promise.all(Array.from({ length: 1_000 }, () => place(signer, '2')));
  assert.equal(outcomes.filter((outcome) => outcome === 'signed').length, 500);
  assert.equal(outcomes.filter((outcome) => outcome === 'btc: per-day').length, 500);
  signer.child.kill('SIGKILL');
  await signer.exit;
  const next = new SignerProcess(t, directory);
  assert.equal(await place(next, '0.01'), 'btc: per-day');
});

test('[S10] attack 12: cancelReplace is no operation; what follows a cancel is judged as a new order', async (t) => {
  const started = await start(t, POLICY);
  const { signer, connection } = started;
  const intent = placeIntent(connection, { price: '501' });
  for (const kind of ['cancelReplace', 'replaceOrder', 'amendOrder']) {
    const message = { ...intent, kind, cancelClientOrderId: 'k1-old' };
    assert.equal(await refusalOf(started, message), 'intent', kind);
  }
  const about = { connection, symbol: 'BTCUSDT', clientOrderId: 'k1-old' } as const;
  assert.equal((await signer.ask({ kind: 'cancelOrder', ...about })).kind, 'signed');
  assert.equal(outcomeOf(await signer.ask(intent)), 'btc: notional');
});

test('[S5] attack 13: doubled parameters, encodings, full-width digits, line ends and NUL cannot be expressed', async (t) => {
  const started = await start(t);
  const base = placeIntent(started.connection).order;
  const changes: readonly Partial<Record<keyof OrderIntent, string>>[] = [
    { symbol: 'BTCUSDT&side=SELL' },
    { symbol: '%42TCUSDT' },
    { symbol: 'BTCUSDT\r\nX-MBX-APIKEY: other' },
    { symbol: 'BTC\0USDT' },
    { symbol: 'ＢＴＣUSDT' },
    { price: '１００' },
    { price: '100&price=1' },
    { quantity: '1%26price=1' },
    { clientOrderId: 'a&newOrderRespType=ACK' },
    { clientOrderId: 'a%73' },
  ];
  for (const change of changes) {
    const message = {
      kind: 'placeOrder',
      connection: started.connection,
      order: { ...base, ...change },
    };
    assert.equal(await refusalOf(started, message), 'intent', JSON.stringify(change));
  }
});

test('[S5] attack 14: numbers in any other writing than the plain one are refused', async (t) => {
  const started = await start(t);
  const { order } = placeIntent(started.connection);
  for (const number of [
    ...['1e9', '0x10', '-0', '-1', '+1', '1.0000000000000001', '9'.repeat(400), '00', '01'],
    ...['1.', '.5', '1,5', ' 1', '1 ', 'NaN', 'Infinity', '0', '0.00000000', '1_000'],
  ]) {
    for (const field of ['price', 'quantity']) {
      const message = {
        kind: 'placeOrder',
        connection: started.connection,
        order: { ...order, [field]: number },
      };
      assert.equal(await refusalOf(started, message), 'intent', `${field} ${number}`);
    }
  }
});

test('[S24] attack 15: one intent sent twice at once is signed once', async (t) => {
  const { signer, connection } = await start(t);
  const intent = placeIntent(connection, { clientOrderId: 'k1-twice' });
  const outcomes = await Promise.all([signer.ask(intent), signer.ask(intent)]);
  assert.deepEqual(outcomes.map(outcomeOf).sort(), ['duplicate', 'signed']);
  await signer.egress.find((message) => readSignedRequest(message));
  const read = await signer.ask({ kind: 'queryAccount', connection });
  await signer.egress.find((message) =>
    readSignedRequest(message).id === read.id ? true : undefined,
  );
  assert.equal(signer.egress.received.length, 2, 'one order, then the read');
});

test('[S7] attack 16: a captured order is good for 2 s and one ID, and the server never holds it', async (t) => {
  const { signer, connection } = await start(t);
  const decision = await signer.ask(placeIntent(connection, { clientOrderId: 'k1-caught' }));
  assert.equal(decision.kind, 'signed');
  const request = await signer.egress.find((message) => readSignedRequest(message));
  assert.ok(request.kind === 'request');
  const parameters = new URLSearchParams(request.payload);
  assert.equal(parameters.get('recvWindow'), '2000');
  const id = parameters.get('newClientOrderId') ?? '';
  assert.match(id, /^k1-caught/);
  const heard = Buffer.concat(signer.server.bytes).toString('latin1');
  const signature = parameters.get('signature') ?? '';
  assert.ok(signature.length > 40);
  assert.equal(heard.includes(signature) || heard.includes(encodeURIComponent(signature)), false);
  assert.equal(
    outcomeOf(await signer.ask(placeIntent(connection, { clientOrderId: 'k1-caught' }))),
    'duplicate',
  );
});

test('[S27] attack 18: a clock set back or forward is not signed under, and opens no window', (t) => {
  for (const stepMs of [-5_000, -86_400_000, 5_000, 86_400_000]) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY);
    const signer = new OpenSigner(directory).connect();
    for (let count = 0; count < 10; count += 1)
      assert.equal(signer.place({ price: '1' }), 'signed');
    assert.equal(signer.place({ price: '1' }), 'btc: rate');
    signer.time.wallMs += stepMs;
    assert.equal(signer.place({ price: '1' }), 'clock', String(stepMs));
  }
});
