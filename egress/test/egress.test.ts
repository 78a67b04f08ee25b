// SPDX-License-Identifier: Apache-2.0
// Signer and egress as processes over real sockets, against an exchange that verifies every signature.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { createServer as createTlsServer } from 'node:tls';
import { selfSigned } from './certificate.ts';
import { API_KEY, Desk, EGRESS_MAIN, placeIntent, socketPair } from './desk.ts';
import { Peer } from './peer.ts';
import { json, VenueServer } from './venue-server.ts';

async function start(
  t: TestContext,
  links: 'channel' | 'inherited' = 'channel',
): Promise<{ desk: Desk; venue: VenueServer }> {
  const venue = await VenueServer.start(t);
  const desk = new Desk(t, { demo: venue.addresses });
  if (links === 'channel') await desk.startWithChannel();
  else desk.startWithInheritedLinks();
  await desk.connect();
  venue.publicKeyPem = desk.publicKeyPem;
  return { desk, venue };
}

for (const links of ['channel', 'inherited'] as const) {
  test(`[E1] an order goes to the exchange as signed and its answer to the server, with ${links} links`, async (t) => {
    const { desk, venue } = await start(t, links);
    venue.respond = (_request, response) =>
      json(response, 200, { orderId: 28, status: 'NEW' }, { 'x-mbx-used-weight-1m': '12' });
    const answer = await desk.perform(placeIntent(desk.connection, { clientOrderId: 'k1-a' }));
    assert.equal(answer.kind, 'answer');
    assert.equal(answer.status, 200);
    assert.deepEqual(JSON.parse(answer.body), { orderId: 28, status: 'NEW' });
    assert.equal(answer.usedWeight, 12);
    assert.ok(answer.receivedAt >= answer.sentAt);
    const [request] = venue.signed;
    assert.equal(venue.signed.length, 1);
    assert.equal(request?.method, 'POST');
    assert.equal(request.path, '/api/v3/order');
    assert.equal(request.apiKey, API_KEY);
    assert.equal(request.isSignatureValid, true);
    assert.match(request.parameters.get('newClientOrderId') ?? '', /^k1-a_[0-9a-v]{8}$/);
  });
}

test('[E1] every kind of request reaches its endpoint with a valid signature', async (t) => {
  const { desk, venue } = await start(t);
  const { connection } = desk;
  const about = { connection, symbol: 'BTCUSDT', clientOrderId: 'k1-a' } as const;
  const expected = [
    [{ kind: 'cancelOrder', ...about }, 'DELETE /api/v3/order'],
    [{ kind: 'queryOrder', ...about }, 'GET /api/v3/order'],
    [{ kind: 'queryOpenOrders', connection }, 'GET /api/v3/openOrders'],
    [{ kind: 'queryFills', connection, symbol: 'BTCUSDT' }, 'GET /api/v3/myTrades'],
    [{ kind: 'queryAccount', connection }, 'GET /api/v3/account'],
    [{ kind: 'queryPermissions', connection }, 'GET /sapi/v1/account/apiRestrictions'],
  ] as const;
  for (const [intent, endpoint] of expected) {
    const answer = await desk.perform(intent);
    assert.equal(answer.kind, 'answer');
    const request = venue.signed.at(-1);
    assert.equal(`${request?.method} ${request?.path}`, endpoint);
    assert.equal(request?.isSignatureValid, true, endpoint);
  }
});

test('[E1] an order outside the policy never reaches the exchange', async (t) => {
  const { desk, venue } = await start(t);
  const { connection } = desk;
  for (const order of [
    { price: '501' },
    { symbol: 'ETHUSDT' },
    { price: '100', quantity: '5.00000001' },
  ]) {
    const decision = await desk.ask(placeIntent(connection, order));
    assert.equal(decision.kind, 'refused');
  }
  const { price: _, ...market } = placeIntent(connection).order;
  const decision = await desk.ask({
    kind: 'placeOrder',
    connection,
    order: { ...market, type: 'market' },
  });
  assert.equal(decision.kind === 'refused' && decision.rule, 'type');
  assert.equal((await desk.perform(placeIntent(connection))).kind, 'answer');
  assert.equal(venue.signed.length, 1, 'the allowed one alone, and it came last');
});

test('[E2] an answer that says no is an answer', async (t) => {
  const { desk, venue } = await start(t);
  for (const status of [400, 401, 403, 404, 409, 500, 503]) {
    venue.respond = (_request, response) => json(response, status, { code: -1, msg: 'no' });
    const answer = await desk.perform(placeIntent(desk.connection));
    assert.equal(answer.kind === 'answer' && answer.status, status);
  }
});

test('[E3] nobody listens: nothing was sent', async (t) => {
  const { desk, venue } = await start(t);
  venue.stop();
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind, 'failed');
  assert.equal(answer.certainty, 'notSent');
  assert.match(answer.reason, /^no connection: ECONN/);
});

test('[E3] a name that leads nowhere: nothing was sent', async (t) => {
  const desk = new Desk(t, {
    demo: { rest: 'https://kontor.invalid', wsApi: 'wss://kontor.invalid/ws-api/v3' },
  });
  await desk.startWithChannel();
  await desk.connect();
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind === 'failed' && answer.certainty, 'notSent');
});

test('[E3] a TLS connection that is not completed: nothing was sent', async (t) => {
  const received: Buffer[] = [];
  const listener = createServer((socket) => {
    socket.on('data', (bytes: Buffer) => {
      received.push(bytes);
      socket.end('this is not TLS');
    });
    socket.on('error', () => undefined);
  });
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const desk = await startWithTls(t, listener);
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind === 'failed' && answer.certainty, 'notSent');
  assert.ok(received.length > 0 && !Buffer.concat(received).includes('BTCUSDT'));
});

test('[E3] an exchange whose certificate is not trusted gets nothing', async (t) => {
  const heard: Buffer[] = [];
  const listener = createTlsServer(selfSigned('127.0.0.1'), (socket) => {
    socket.on('error', () => undefined);
    socket.on('data', (bytes: Buffer) => heard.push(bytes));
  });
  let handshakes = 0;
  listener.on('tlsClientError', () => (handshakes += 1));
  listener.on('secureConnection', () => (handshakes += 1));
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  t.after(() => listener.close());
  const desk = await startWithTls(t, listener);
  const answer = await desk.perform(placeIntent(desk.connection));
  assert.equal(answer.kind === 'failed' && answer.certainty, 'notSent');
  assert.match(
    answer.kind === 'failed' ? answer.reason : '',
    /^no connection: DEPTH_ZERO_SELF_SIGNED_CERT/,
  );
  assert.ok(handshakes > 0);
  assert.equal(heard.length, 0);
});

async function startWithTls(t: TestContext, listener: Server): Promise<Desk> {
  const address = listener.address();
  assert.ok(typeof address === 'object' && address !== null);
  const host = `127.0.0.1:${address.port}`;
  const desk = new Desk(t, { demo: { rest: `https://${host}`, wsApi: `wss://${host}/ws-api/v3` } });
  await desk.startWithChannel();
  return desk.connect();
}

test('[E4] a connection that breaks after the request: it may or may not be known', async (t) => {
  const { desk, venue } = await start(t);
  const breaks: readonly VenueServer['respond'][] = [
    (_request, _response, socket) => socket.destroy(),
    (_request, _response, socket) => socket.resetAndDestroy(),
    (_request, response, socket) => {
      response.writeHead(200, { 'content-length': '100' });
      response.write('{"half":');
      setImmediate(() => socket.destroy());
    },
    (_request, _response, socket) => socket.end('nonsense that is no HTTP\r\n\r\n'),
  ];
  for (const respond of breaks) {
    venue.respond = respond;
    const answer = await desk.perform(placeIntent(desk.connection));
    assert.equal(answer.kind, 'failed');
    assert.equal(answer.certainty, 'unknown');
    assert.match(answer.reason, /^no answer: /);
  }
  assert.equal(venue.signed.length, breaks.length, 'none was sent twice');
});

test('[E4] a kept connection that the exchange closes while idle is not used again', async (t) => {
  const { desk, venue } = await start(t);
  for (let round = 0; round < 10; round += 1) {
    const answer = await desk.perform(placeIntent(desk.connection));
    assert.equal(answer.kind, 'answer', JSON.stringify(answer));
    for (const socket of venue.connections.splice(0)) socket.end();
  }
  assert.equal(venue.signed.length, 10);
});

test('[E4] connections are kept and used again', async (t) => {
  const { desk, venue } = await start(t);
  for (let round = 0; round < 20; round += 1)
    await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  assert.ok(
    venue.connections.length <= 2,
    `${venue.connections.length} connections for 20 requests`,
  );
});

test('[E5] an answer over the limit is not passed on', async (t) => {
  const { desk, venue } = await start(t);
  venue.respond = (_request, response) => response.end('x'.repeat(8_388_609));
  const tooLong = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  assert.equal(tooLong.kind === 'failed' && tooLong.certainty, 'unknown');
  assert.match(tooLong.kind === 'failed' ? tooLong.reason : '', /at most 8388608 bytes/);
  venue.respond = (_request, response) => response.end('"'.repeat(8_388_608));
  const longest = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  assert.equal(longest.kind === 'answer' && longest.body.length, 8_388_608);
  venue.respond = (_request, response) => response.end('\u0001'.repeat(8_388_608));
  const escaped = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  assert.equal(escaped.kind === 'failed' && escaped.certainty, 'unknown');
});

test('[E6] an exchange that wants no requests gets none until the time is over', async (t) => {
  const { desk, venue } = await start(t);
  for (const status of [429, 418]) {
    venue.respond = (_request, response) =>
      json(response, status, { code: -1003 }, { 'retry-after': '1' });
    const first = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
    assert.equal(first.kind === 'answer' && first.status, status);
    const before = venue.signed.length;
    for (const intent of [
      { kind: 'queryAccount', connection: desk.connection } as const,
      placeIntent(desk.connection),
    ]) {
      const refused = await desk.perform(intent);
      assert.equal(refused.kind === 'failed' && refused.certainty, 'notSent');
      assert.match(
        refused.kind === 'failed' ? refused.reason : '',
        new RegExp(`answered ${status} and wants no requests`),
      );
    }
    assert.equal(venue.signed.length, before);
    venue.respond = (_request, response) => json(response, 200, {});
    for (;;) {
      const answer = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
      if (answer.kind === 'answer') break;
      await delay(20);
    }
  }
});

test('[E6] when the weight of the minute is nearly used, orders go on and reads wait', async (t) => {
  const { desk, venue } = await start(t);
  venue.respond = (_request, response) =>
    json(response, 200, {}, { 'x-mbx-used-weight-1m': '5401' });
  const minute = Math.floor(Date.now() / 60_000);
  await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  const read = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
  const order = await desk.perform(placeIntent(desk.connection));
  if (Math.floor(Date.now() / 60_000) !== minute) {
    t.skip('the minute ended within the test');
    return;
  }
  assert.equal(read.kind === 'failed' && read.certainty, 'notSent');
  assert.match(read.kind === 'failed' ? read.reason : '', /5401 of 6000 weight/);
  assert.equal(order.kind, 'answer');
});

test('[E7] many requests at once are bounded, orders overtake reads, and all are answered once', async (t) => {
  const { desk, venue } = await start(t);
  let running = 0;
  let most = 0;
  const order: string[] = [];
  venue.respond = (request, response) => {
    running += 1;
    most = Math.max(most, running);
    order.push(request.method);
    setTimeout(() => {
      running -= 1;
      json(response, 200, {});
    }, 25);
  };
  const reads = Array.from({ length: 200 }, () =>
    desk.perform({ kind: 'queryAccount', connection: desk.connection }),
  );
  const orders = Array.from({ length: 60 }, () => desk.perform(placeIntent(desk.connection)));
  const answers = await Promise.all([...reads, ...orders]);
  assert.ok(answers.slice(200).every(({ kind }) => kind === 'answer'));
  assert.ok(most > 12 && most <= 16, `${most} at once`);
  const ids = desk.server.answers.flatMap((answer) => ('id' in answer ? [answer.id] : []));
  assert.equal(new Set(ids).size, ids.length, 'one answer each');
  assert.ok(
    order.lastIndexOf('POST') < order.length - 50,
    'reads that were there first are not served first',
  );
});

test("[E8] the exchange's clock is told at the start, with its difference to ours", async (t) => {
  const venue = await VenueServer.start(t);
  venue.skewMs = 4_000;
  const desk = new Desk(t, {
    demo: venue.addresses,
    other: { rest: 'http://127.0.0.1:1', wsApi: 'ws://127.0.0.1:1/' },
  });
  await desk.startWithChannel();
  const good = await desk.server.find((answer) =>
    answer.kind === 'egressHealth' && answer.venue === 'demo' ? answer : undefined,
  );
  assert.ok(
    good.clockSkewMs !== null && Math.abs(good.clockSkewMs - 4_000) < 2_000,
    String(good.clockSkewMs),
  );
  assert.ok(good.roundTripMs !== null && good.roundTripMs >= 0);
  const bad = await desk.server.find((answer) =>
    answer.kind === 'egressHealth' && answer.venue === 'other' ? answer : undefined,
  );
  assert.deepEqual(
    { ...bad, reason: '' },
    {
      kind: 'egressHealth',
      venue: 'other',
      clockSkewMs: null,
      roundTripMs: null,
      hasSecondAddress: false,
      reason: '',
    },
  );
  assert.match(bad.reason, /ECONNREFUSED/);
});

test('[E9] account events flow once the exchange has confirmed the subscription', async (t) => {
  const { desk, venue } = await start(t);
  const answer = await desk.perform({ kind: 'subscribe', connection: desk.connection });
  assert.equal(answer.kind === 'answer' && answer.status, 200);
  const up = await desk.server.find((found) => (found.kind === 'userStream' ? found : undefined));
  assert.deepEqual(up, {
    kind: 'userStream',
    connection: desk.connection,
    state: 'up',
    reason: 'subscribed',
  });
  const [socket] = venue.sockets;
  assert.ok(socket);
  assert.equal(venue.isValidSubscription(socket.received[0]?.['params']), true);
  const event = { e: 'executionReport', c: 'k1-a', X: 'FILLED', nested: { list: [1, 2] } };
  socket.sendEvent(event);
  const heard = await desk.server.find((found) => (found.kind === 'userEvent' ? found : undefined));
  assert.deepEqual(heard, { kind: 'userEvent', connection: desk.connection, event });
});

test('[E9] a refused subscription is an answer and no stream', async (t) => {
  const { desk, venue } = await start(t);
  venue.onMessage = ({ id }) => ({
    id,
    status: 401,
    error: { code: -2015, msg: 'Invalid API-key' },
  });
  const answer = await desk.perform({ kind: 'subscribe', connection: desk.connection });
  assert.equal(answer.kind === 'answer' && answer.status, 401);
  assert.ok(!desk.server.answers.some(({ kind }) => kind === 'userStream'));
});

test('[E10] a stream that ends is told with its reason, and a new subscription opens it again', async (t) => {
  const { desk, venue } = await start(t);
  const endings: readonly (readonly [(socket: VenueServer['sockets'][number]) => void, RegExp])[] =
    [
      [(socket) => socket.close(), /closed it with code 1000/],
      [(socket) => socket.destroy(), /closed it with code 1006|connection failed/],
      [
        (socket) => socket.sendEvent({ e: 'eventStreamTerminated', E: 1 }),
        /announced eventStreamTerminated/,
      ],
      [
        (socket) => socket.send({ event: { e: 'serverShutdown', E: 1 } }),
        /announced serverShutdown/,
      ],
      [(socket) => socket.sendText('no JSON'), /expected a JSON object/],
      [
        (socket) => socket.sendText(`"${'x'.repeat(1_048_576)}"`),
        /expected a JSON object of reasonable length/,
      ],
    ];
  for (const [end, reason] of endings) {
    desk.server.egress.received.length = 0;
    const answer = await desk.perform({ kind: 'subscribe', connection: desk.connection });
    assert.equal(answer.kind, 'answer');
    const socket = venue.sockets.at(-1);
    assert.ok(socket);
    end(socket);
    const down = await desk.server.find((found) =>
      found.kind === 'userStream' && found.state === 'down' ? found : undefined,
    );
    assert.match(down.reason, reason);
  }
});

test("[E10] a new subscription takes the old one's place without a gap or a word", async (t) => {
  const { desk, venue } = await start(t);
  await desk.perform({ kind: 'subscribe', connection: desk.connection });
  await desk.perform({ kind: 'subscribe', connection: desk.connection });
  const [first, second] = venue.sockets;
  assert.ok(first && second);
  await venue.until(() => (first.isClosed ? true : undefined));
  second.sendEvent({ e: 'balanceUpdate', n: 2 });
  await desk.server.find((found) => (found.kind === 'userEvent' ? found : undefined));
  assert.ok(
    !desk.server.answers.some((answer) => answer.kind === 'userStream' && answer.state === 'down'),
  );
});

test("[E11,Y215] when the server's link is replaced, answers take the new one and streams end with a word", async (t) => {
  const { desk, venue } = await start(t);
  await desk.perform({ kind: 'subscribe', connection: desk.connection });
  const held: (() => void)[] = [];
  venue.respond = (_request, response) => held.push(() => json(response, 200, { late: true }));
  const decision = await desk.ask(placeIntent(desk.connection));
  await venue.until(() => (held.length > 0 ? true : undefined));
  const old = desk.server;
  await desk.joinServer();
  const down = await desk.server.find((found) => (found.kind === 'userStream' ? found : undefined));
  assert.equal(down.state, 'down');
  assert.match(down.reason, /link to the server was replaced/);
  assert.ok(
    desk.server.answers.some(({ kind }) => kind === 'egressHealth'),
    'a new server learns the clocks at once',
  );
  const named = desk.server.answers.find((found) => found.kind === 'hosts');
  assert.ok(named?.hosts.some(({ venue: name, host }) => name === 'demo' && host === '127.0.0.1'));
  held[0]?.();
  const answer = await desk.server.answerTo(decision.id);
  assert.equal(answer.kind === 'answer' && answer.body, '{"late":true}');
  await venue.until(() => (old.egress.isClosed ? true : undefined));
  assert.ok(!old.answers.some((found) => 'id' in found && found.id === decision.id));
});

test('[E11] a killed signer costs egress one link: open requests end, a new signer goes on', async (t) => {
  const { desk, venue } = await start(t);
  const held: (() => void)[] = [];
  venue.respond = (_request, response) => held.push(() => json(response, 200, {}));
  const decision = await desk.ask(placeIntent(desk.connection, { clientOrderId: 'k1-held' }));
  await venue.until(() => (held.length > 0 ? true : undefined));
  desk.signerChild.kill('SIGKILL');
  await once(desk.signerChild, 'exit');
  await desk.startSigner();
  const again = await desk.ask(placeIntent(desk.connection, { clientOrderId: 'k1-held' }));
  assert.equal(again.kind === 'refused' && again.rule, 'duplicate');
  held[0]?.();
  assert.equal((await desk.server.answerTo(decision.id)).kind, 'answer');
  venue.respond = (_request, response) => json(response, 200, {});
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
});

test('[E11] the server cannot send a request of its own, however well formed', async (t) => {
  const { desk, venue } = await start(t);
  desk.server.egress.write({
    kind: 'request',
    id: 1,
    connection: 'c_ABCDEF2',
    venue: 'demo',
    method: 'POST',
    path: '/api/v3/order',
    apiKey: 'abc',
    payload: 'a=b&signature=x',
    timeoutMs: 5_000,
  });
  await assert.rejects(
    desk.server.find(() => undefined),
    /the link closed/,
  );
  await desk.joinServer();
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  assert.equal(venue.signed.length, 1);
});

test('[E11] a subscription confirmed after its server has gone is no stream of the next one', async (t) => {
  const { desk, venue } = await start(t);
  const confirm: (() => void)[] = [];
  const answer = venue.onMessage;
  venue.onMessage = (message, socket) => {
    confirm.push(() => socket.send(answer(message, socket)));
    return null;
  };
  const decision = await desk.ask({ kind: 'subscribe', connection: desk.connection });
  await venue.until(() => (confirm.length > 0 ? true : undefined));
  await desk.joinServer();
  await desk.server.find((found) => (found.kind === 'egressHealth' ? found : undefined));
  confirm[0]?.();
  assert.equal((await desk.server.answerTo(decision.id)).kind, 'answer');
  const told = await desk.server.find((found) => (found.kind === 'userStream' ? found : undefined));
  assert.equal(told.state, 'down');
  await venue.until(() => (venue.sockets[0]?.isClosed === true ? true : undefined));
});

test('[E11] a peer that breaks the protocol loses its link, and egress lives on', async (t) => {
  const { desk } = await start(t);
  desk.server.egress.write({ kind: 'request', id: 1 });
  await assert.rejects(
    desk.server.find(() => undefined),
    /the link closed/,
  );
  await desk.joinServer();
  assert.equal((await desk.perform(placeIntent(desk.connection))).kind, 'answer');
  const [near, far] = await socketPair(desk.parent);
  desk.egressChild.send({ link: 'signer' }, far);
  const stranger = new Peer(near);
  stranger.write({ kind: 'request', id: 1, path: '/sapi/v1/capital/withdraw/apply' });
  await assert.rejects(
    stranger.find(() => undefined),
    /the link closed/,
  );
});

test('[E12] only listed endpoints of listed exchanges are spoken to, whoever signed', async (t) => {
  const { desk, venue } = await start(t);
  const [near, far] = await socketPair(desk.parent);
  desk.egressChild.send({ link: 'signer' }, far);
  const signer = new Peer(near);
  const request = {
    kind: 'request',
    connection: 'c_ABCDEF2',
    venue: 'demo',
    method: 'POST',
    path: '/api/v3/order',
    apiKey: 'abc',
    payload: 'a=b&signature=x',
    timeoutMs: 5_000,
  };
  const strange = [
    { path: '/sapi/v1/margin/order' },
    { path: '/sapi/v1/capital/withdraw/apply' },
    { path: '/api/v3/order/test' },
    { path: '/api/v3/account' },
    { method: 'DELETE', path: '/api/v3/openOrders' },
    { method: 'GET', path: '/api/v3/time' },
    { venue: 'elsewhere' },
  ];
  for (const [index, change] of strange.entries()) {
    signer.write({ ...request, id: 50 + index, ...change });
    const answer = await desk.server.answerTo(50 + index);
    assert.equal(answer.kind === 'failed' && answer.certainty, 'notSent');
    assert.match(
      answer.kind === 'failed' ? answer.reason : '',
      /not an endpoint|expected one of the venues demo, found elsewhere/,
    );
    const receipt = await signer.find((message) =>
      JSON.stringify(message).includes(`"id":${50 + index}`) ? message : undefined,
    );
    assert.deepEqual(receipt, { kind: 'receipt', id: 50 + index, status: null });
  }
  assert.equal(venue.signed.length, 0);
  signer.write({ ...request, id: 70 });
  assert.equal((await desk.server.answerTo(70)).kind, 'answer');
});

test('[E13] no signature reaches the server or a log, though the exchange sends it back', async (t) => {
  const { desk, venue } = await start(t);
  const signatures: string[] = [];
  venue.respond = (request, response) => {
    const signature = request.parameters.get('signature') ?? '';
    signatures.push(signature);
    response.writeHead(403, { 'content-type': 'text/html' });
    response.end(
      `<p>${request.path}?${request.parameters.toString()} ${encodeURIComponent(signature)} ${signature} ${signature.replaceAll('/', '\\/')}</p>`,
    );
  };
  for (let round = 0; round < 20; round += 1) {
    const answer = await desk.perform({ kind: 'queryAccount', connection: desk.connection });
    assert.match(answer.kind === 'answer' ? answer.body : '', /\[removed\].*\[removed\]/);
  }
  venue.onMessage = ({ id, params }) => {
    const signature = String(
      Object.entries(params ?? {}).find(([name]) => name === 'signature')?.[1],
    );
    signatures.push(signature);
    return { id, status: 400, error: { code: -1022, msg: `wrong: ${signature}` } };
  };
  await desk.perform({ kind: 'subscribe', connection: desk.connection });
  assert.equal(signatures.length, 21);
  const bytes = Buffer.concat(desk.server.egress.bytes);
  for (const signature of signatures) {
    for (const form of [
      signature,
      encodeURIComponent(signature),
      signature.replaceAll('/', '\\/'),
      signature.slice(0, 40),
    ]) {
      assert.ok(signature.length > 80 && !bytes.includes(form) && !desk.stderr.includes(form));
    }
  }
  assert.ok(!desk.stderr.includes(API_KEY));
});

test('[E14] the process ends with 0 when the supervisor goes, on SIGTERM, and when an inherited link ends', async (t) => {
  for (const end of [
    (desk: Desk) => desk.egressChild.disconnect(),
    (desk: Desk) => desk.egressChild.kill('SIGTERM'),
  ]) {
    const { desk } = await start(t);
    end(desk);
    const [code] = await once(desk.egressChild, 'exit');
    assert.equal(code, 0);
  }
  for (const end of [
    (desk: Desk) => desk.server.egress.socket.destroy(),
    (desk: Desk) => desk.signerChild.kill('SIGKILL'),
  ]) {
    const { desk } = await start(t, 'inherited');
    end(desk);
    const [code] = await once(desk.egressChild, 'exit');
    assert.equal(code, 0);
  }
});

test('[E14] a process without links or with a wrong configuration ends with 3 and a sentence', async (t) => {
  const desk = new Desk(t, {});
  const file = join(desk.parent, 'config.json');
  const cases: readonly (readonly [readonly string[], string | null, boolean, RegExp])[] = [
    [
      ['--config', file],
      '{}',
      false,
      /^kontor egress: expected links on descriptors 3 \(signer\) and 4 \(server\)/,
    ],
    [[], null, true, /expected exactly: --config FILE/],
    [['--config', join(desk.parent, 'none')], null, true, /ENOENT/],
    [['--config', file], '{"venues":{}}', true, /venues: expected 1 to 32 venues, found 0/],
  ];
  for (const [given, text, hasChannel, message] of cases) {
    if (text !== null) writeFileSync(file, text);
    const child = spawn(process.execPath, [EGRESS_MAIN, ...given], {
      stdio: ['ignore', 'ignore', 'pipe', ...(hasChannel ? (['ipc'] as const) : [])],
      env: {},
    });
    let stderr = '';
    child.stderr?.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
    const [code] = await once(child, 'close');
    assert.equal(code, 3, stderr);
    assert.match(stderr, message);
  }
});
