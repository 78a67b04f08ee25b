// SPDX-License-Identifier: Apache-2.0
// Signs of life of an account stream, with less patience than in earnest.

import { strict as assert } from 'node:assert';
import { createServer, type AddressInfo, type Socket } from 'node:net';
import { once } from 'node:events';
import { test, type TestContext } from 'node:test';
import { UserStream, type StreamPatience } from '../src/user-stream.ts';
import { VenueServer } from './venue-server.ts';

const QUICK: StreamPatience = { connectMs: 2_000, confirmMs: 300, probeMs: 60, silenceMs: 400 };
const PARAMS = { apiKey: 'abc', recvWindow: 3_000, timestamp: 1, signature: 'x' };

class Listener {
  readonly said: string[] = [];
  readonly events: unknown[] = [];
  readonly ended: Promise<string>;
  readonly #resolve: (what: string) => void;

  constructor() {
    const { promise, resolve } = Promise.withResolvers<string>();
    this.ended = promise;
    this.#resolve = resolve;
  }

  onAnswer = (status: number): void => void this.said.push(`answer ${status}`);
  onEvent = (event: unknown): void => void this.events.push(event);
  onFailed = (certainty: string, reason: string): void =>
    this.#end(`failed ${certainty}: ${reason}`);
  onEnd = (reason: string): void => this.#end(`end: ${reason}`);

  #end(what: string): void {
    this.said.push(what);
    this.#resolve(what);
  }
}

function open(t: TestContext, address: string, patience: Partial<StreamPatience> = {}): Listener {
  const listener = new Listener();
  const stream = new UserStream(new URL(address), PARAMS, listener, { ...QUICK, ...patience });
  t.after(() => stream.close());
  return listener;
}

async function startVenue(t: TestContext): Promise<VenueServer> {
  const venue = await VenueServer.start(t);
  venue.onMessage = ({ id, method }, socket) => {
    if (method === 'ping') return { id, status: 200, result: {} };
    socket.subscriptionId = 7;
    return { id, status: 200, result: { subscriptionId: 7 } };
  };
  return venue;
}

test('[E10] a venue that falls silent is asked for a sign of life, and given up without one', async (t) => {
  const venue = await startVenue(t);
  const answer = venue.onMessage;
  venue.onMessage = (message, socket) =>
    message['method'] === 'ping' ? null : answer(message, socket);
  const listener = open(t, venue.addresses.wsApi);
  assert.equal(await listener.ended, 'end: no sign of life for 400 ms');
  assert.deepEqual(listener.said, ['answer 200', 'end: no sign of life for 400 ms']);
  assert.deepEqual(
    venue.sockets[0]?.received.map(({ method }) => method),
    ['userDataStream.subscribe.signature', 'ping'],
  );
});

test('[E10] an answer to the question keeps a quiet stream up', async (t) => {
  const venue = await startVenue(t);
  const listener = open(t, venue.addresses.wsApi);
  await venue.until(() => ((venue.sockets[0]?.received.length ?? 0) >= 10 ? true : undefined));
  assert.deepEqual(listener.said, ['answer 200']);
  venue.sockets[0]?.sendEvent({ e: 'still here' });
  await venue.until(() => (listener.events.length > 0 ? true : undefined));
});

test("[E10] the venue's own pings are signs of life and are answered", async (t) => {
  const venue = await startVenue(t);
  const answer = venue.onMessage;
  venue.onMessage = (message, socket) =>
    message['method'] === 'ping' ? null : answer(message, socket);
  const silenceMs = 1_000;
  const listener = open(t, venue.addresses.wsApi, { probeMs: 800, silenceMs });
  const socket = await venue.until(() => venue.sockets[0]);
  await venue.until(() => (listener.said.length > 0 ? true : undefined));
  const start = performance.now();
  for (let count = 1; performance.now() - start < 2.5 * silenceMs; count += 1) {
    socket.ping();
    await venue.until(() => (socket.pongs >= count ? true : undefined));
  }
  assert.deepEqual(listener.said, ['answer 200']);
});

test('[E9] a venue that does not confirm has perhaps subscribed', async (t) => {
  const venue = await startVenue(t);
  venue.onMessage = () => null;
  const listener = open(t, venue.addresses.wsApi);
  assert.match(
    await listener.ended,
    /^failed unknown: expected the subscription to be confirmed within 300 ms/,
  );
});

test('[E9] an answer without a status is none', async (t) => {
  const venue = await startVenue(t);
  venue.onMessage = ({ id }) => ({ id, result: { subscriptionId: 1 } });
  assert.match(await open(t, venue.addresses.wsApi).ended, /^failed unknown: expected a status/);
});

test('[E9] no connection, no subscription', async (t) => {
  assert.match(await open(t, 'ws://127.0.0.1:1/').ended, /^failed notSent: the connection failed/);
  const sockets: Socket[] = [];
  const mute = createServer((socket) => sockets.push(socket));
  mute.listen(0, '127.0.0.1');
  await once(mute, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    mute.close();
  });
  const { port } = mute.address() as AddressInfo;
  assert.match(
    await open(t, `ws://127.0.0.1:${port}/`, { connectMs: 200 }).ended,
    /^failed notSent: expected a connection within 200 ms/,
  );
});

test('[E9] events of other subscriptions and unknown messages are not forwarded', async (t) => {
  const venue = await startVenue(t);
  const listener = open(t, venue.addresses.wsApi);
  const socket = await venue.until(() => venue.sockets[0]);
  await venue.until(() => (listener.said.length > 0 ? true : undefined));
  socket.send({ subscriptionId: 8, event: { e: 'foreign' } });
  socket.send({ subscriptionId: 7, event: 'no object' });
  socket.send({ rateLimits: [] });
  socket.send({ id: 'subscribe', status: 200, result: { subscriptionId: 9 } });
  socket.sendEvent({ e: 'ours' });
  await venue.until(() => (listener.events.length > 0 ? true : undefined));
  assert.deepEqual(listener.events, [{ e: 'ours' }]);
  assert.deepEqual(listener.said, ['answer 200']);
});
