// SPDX-License-Identifier: Apache-2.0
// What the signer hears of an account's own events.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { Desk } from './desk.ts';
import { VenueServer } from './venue-server.ts';

const CONNECTION = 'c_ABCDEF2';

test('[E50] events of orders are copied to the signer before the server hears of them, others are not', async (t) => {
  const venue = await VenueServer.start(t);
  venue.onMessage = ({ id }, socket) => {
    socket.subscriptionId = 7;
    return { id, status: 200, result: { subscriptionId: 7 } };
  };
  const desk = new Desk(t, { demo: venue.addresses });
  await desk.startWithChannel();
  const signer = await desk.becomeSigner();
  signer.write({
    ...{ kind: 'subscribe', id: 1, connection: CONNECTION, venue: 'demo' },
    params: { apiKey: 'abc', recvWindow: 3_000, timestamp: Date.now(), signature: 'x' },
  });
  await desk.server.find((found) =>
    found.kind === 'userStream' && found.state === 'up' ? found : undefined,
  );
  const [socket] = venue.sockets;
  assert.ok(socket);
  const order = { e: 'executionReport', c: 'k1-a', X: 'FILLED', z: '1.00000000' };
  socket.sendEvent({ e: 'outboundAccountPosition', B: [] });
  socket.sendEvent({ ...order, c: 'k1-long', more: 'x'.repeat(70_000) });
  socket.sendEvent(order);
  const heard = await signer.find((message) =>
    JSON.stringify(message).includes('accountNews') ? message : undefined,
  );
  assert.deepEqual(heard, { kind: 'accountNews', connection: CONNECTION, event: order });
  const told = await desk.server.find((found) =>
    found.kind === 'userEvent' && JSON.stringify(found).includes('k1-a') ? found : undefined,
  );
  assert.deepEqual(told, { kind: 'userEvent', connection: CONNECTION, event: order });
  const news = signer.received.filter((message) => JSON.stringify(message).includes('accountNews'));
  assert.equal(news.length, 1, 'neither balances nor what is too long');
});
