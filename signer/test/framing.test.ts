// SPDX-License-Identifier: Apache-2.0
// Frames: any split of any bytes, the limits, and the queue.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer, Socket, type AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import { FrameError, FrameLink, FrameReader, FrameWriter } from '../src/index.ts';

const SEED = 20_261_122;

function frame(payload: string | Uint8Array, version = 1): Buffer {
  const body = Buffer.from(payload);
  const header = Buffer.alloc(5);
  header.writeUInt32BE(body.length);
  header.writeUInt8(version, 4);
  return Buffer.concat([header, body]);
}

function cut(bytes: Buffer, places: readonly number[]): readonly Buffer[] {
  const ends = [...new Set(places.map((place) => place % (bytes.length + 1)))].sort(
    (a, b) => a - b,
  );
  return [...ends, bytes.length].map((end, index) =>
    bytes.subarray(index === 0 ? 0 : ends[index - 1], end),
  );
}

test('[S1] messages come out whole and in order, however the bytes are split', () => {
  fc.assert(
    fc.property(
      fc.array(fc.jsonValue(), { maxLength: 12 }),
      fc.array(fc.nat(), { maxLength: 40 }),
      (messages, places) => {
        const read: unknown[] = [];
        const reader = new FrameReader(1_000_000, (message) => read.push(message));
        const stream = Buffer.concat(messages.map((message) => frame(JSON.stringify(message))));
        for (const piece of cut(stream, places)) reader.push(piece);
        assert.deepEqual(
          JSON.stringify(read),
          JSON.stringify(messages.map((m) => JSON.parse(JSON.stringify(m)))),
        );
      },
    ),
    { seed: SEED },
  );
});

test('[S1] a stream of single bytes is read too', () => {
  const read: unknown[] = [];
  const reader = new FrameReader(1_000, (message) => read.push(message));
  for (const byte of Buffer.concat([frame('{"a":1}'), frame('"ü"')])) reader.push(Buffer.of(byte));
  assert.deepEqual(read, [{ a: 1 }, 'ü']);
});

const BROKEN: readonly { readonly what: string; readonly bytes: Buffer; readonly code: string }[] =
  [
    {
      what: 'a payload over the limit',
      bytes: frame('"' + 'x'.repeat(99) + '"'),
      code: 'frame.size',
    },
    {
      what: 'a length of four gigabytes',
      bytes: Buffer.from('ffffffff01', 'hex'),
      code: 'frame.size',
    },
    { what: 'an empty payload', bytes: frame(''), code: 'frame.size' },
    { what: 'version 0', bytes: frame('1', 0), code: 'frame.version' },
    { what: 'version 2', bytes: frame('1', 2), code: 'frame.version' },
    { what: 'half of JSON', bytes: frame('{"a":'), code: 'frame.text' },
    { what: 'no JSON at all', bytes: frame('GET / HTTP/1.1'), code: 'frame.text' },
    {
      what: 'bytes that are no UTF-8',
      bytes: frame(Buffer.from([0x22, 0xff, 0x22])),
      code: 'frame.text',
    },
    { what: 'a byte order mark', bytes: frame('\ufeff1'), code: 'frame.text' },
  ];

for (const { what, bytes, code } of BROKEN) {
  test(`[S2] ${what} ends the stream, after the messages before it`, () => {
    const read: unknown[] = [];
    const reader = new FrameReader(100, (message) => read.push(message));
    const isExpected = (error: unknown): boolean =>
      error instanceof FrameError && error.code === code;
    assert.throws(
      () => reader.push(Buffer.concat([frame('"before"'), bytes, frame('"after"')])),
      isExpected,
    );
    assert.deepEqual(read, ['before']);
    assert.throws(
      () => reader.push(frame('"later"')),
      (error) => error instanceof FrameError && error.code === 'frame.broken',
    );
    assert.deepEqual(read, ['before']);
  });
}

test('[S2] any bytes are read or refused with a code, and never anything else', () => {
  fc.assert(
    fc.property(
      fc.uint8Array({ maxLength: 200 }),
      fc.array(fc.nat(), { maxLength: 8 }),
      (bytes, places) => {
        const reader = new FrameReader(64, () => undefined);
        try {
          for (const piece of cut(Buffer.from(bytes), places)) reader.push(piece);
        } catch (error) {
          assert.ok(error instanceof FrameError);
        }
      },
    ),
    { seed: SEED },
  );
});

test('[S2] a message of a frame error never quotes the payload', () => {
  const reader = new FrameReader(100, () => undefined);
  assert.throws(
    () => reader.push(frame('{"secret-payload')),
    (error) => error instanceof Error && !error.message.includes('secret'),
  );
});

/** Two joined sockets. */
async function socketPair(t: TestContext): Promise<readonly [Socket, Socket]> {
  const listener = createServer();
  listener.listen(0, '127.0.0.1');
  await once(listener, 'listening');
  const near = new Socket();
  const accepted = once(listener, 'connection');
  near.connect((listener.address() as AddressInfo).port, '127.0.0.1');
  const [far] = await accepted;
  assert.ok(far instanceof Socket);
  t.after(() => {
    near.destroy();
    far.destroy();
    listener.close();
  });
  return [near, far];
}

test('[S3] messages of one tick leave in one write', async (t) => {
  const [near, far] = await socketPair(t);
  const writer = new FrameWriter(near, 1_000);
  for (let index = 0; index < 100; index += 1) assert.equal(writer.write({ index }), true);
  assert.equal(near.bytesWritten, 0);
  const [first] = await once(far, 'data');
  const read: unknown[] = [];
  new FrameReader(1_000, (message) => read.push(message)).push(first as Buffer);
  assert.equal(read.length, 100);
});

test('[S3] a full queue takes nothing more until the peer reads', async (t) => {
  const [near, far] = await socketPair(t);
  far.pause();
  const writer = new FrameWriter(near, 70_000, 1_000_000);
  const message = 'x'.repeat(60_000);
  let taken = 0;
  while (taken < 10_000 && writer.write(message)) {
    taken += 1;
    // Kernel buffers take some megabytes first.
    await new Promise((resolve) => setImmediate(resolve));
  }
  assert.ok(taken < 10_000);
  assert.equal(writer.hasRoom, false);
  assert.ok(writer.queuedBytes >= 1_000_000 && writer.queuedBytes < 1_100_000);
  const received: unknown[] = [];
  const reader = new FrameReader(70_000, (read) => received.push(read));
  far.on('data', (bytes: Buffer) => reader.push(bytes));
  far.resume();
  await once(near, 'drain');
  assert.equal(writer.write('end'), true);
  const expected = taken + 1;
  while (received.length < expected) await once(far, 'data');
  assert.equal(received.length, expected);
});

test('[S3] a message over its limit is not queued', async (t) => {
  const [near] = await socketPair(t);
  const writer = new FrameWriter(near, 10);
  assert.throws(
    () => writer.write('x'.repeat(9)),
    (error) => error instanceof FrameError && error.code === 'frame.size',
  );
  assert.equal(writer.queuedBytes, 0);
  assert.equal(writer.write('x'.repeat(8)), true);
});

test('[S3] a link tells once why it ended: the peer left, or broke the protocol', async (t) => {
  for (const [bytes, cause] of [
    [null, 'ended'],
    [frame('nonsense'), 'broken'],
    [frame('"refused by the reader"'), 'broken'],
  ] as const) {
    const [near, far] = await socketPair(t);
    const ends: string[] = [];
    const link = new FrameLink(near, {
      incomingBytesMax: 100,
      outgoingBytesMax: 100,
      onMessage: () => {
        throw new Error('not of this protocol');
      },
      onClosed: (_reason, found) => ends.push(found),
    });
    if (bytes === null) far.end();
    else far.write(bytes);
    await once(near, 'close');
    assert.deepEqual(ends, [cause]);
    assert.equal(link.write('more'), false);
  }
});

test('[S1] two processes speak over an inherited socket pair', async (t) => {
  const source = `
    import { Socket } from 'node:net';
    import { FrameLink } from ${JSON.stringify(new URL('../src/index.ts', import.meta.url).href)};
    const link = new FrameLink(new Socket({ fd: 3, readable: true, writable: true }), {
      incomingBytesMax: 1000000, outgoingBytesMax: 1000000,
      onMessage: (message) => link.write({ echo: message }), onClosed: () => process.exit(0),
    });`;
  const child = spawn(process.execPath, ['--input-type=module', '-e', source], {
    stdio: ['ignore', 'inherit', 'inherit', 'pipe'],
  });
  t.after(() => child.kill('SIGKILL'));
  const socket = child.stdio[3];
  assert.ok(socket instanceof Socket);
  const echoed: unknown[] = [];
  const reader = new FrameReader(1_000_000, (message) => echoed.push(message));
  socket.on('data', (bytes: Buffer) => reader.push(bytes));
  const writer = new FrameWriter(socket, 1_000_000);
  const messages = Array.from({ length: 50 }, (_, index) => ({
    index,
    filler: 'y'.repeat(index * 500),
  }));
  for (const message of messages) writer.write(message);
  while (echoed.length < messages.length) await once(socket, 'data');
  assert.deepEqual(
    echoed,
    messages.map((echo) => ({ echo })),
  );
  socket.end();
  const [code] = await once(child, 'exit');
  assert.equal(code, 0);
});
