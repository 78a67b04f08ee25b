// SPDX-License-Identifier: Apache-2.0
// The live stream over real sockets: numbers without holes, pages that stop reading, and too much at once.

import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { LiveHub, type LiveSource } from '../src/api/live.ts';
import type { Note, StreamMessage } from '../src/api/schemas.ts';

const WAIT_MS_MAX = 10_000;
const MEGABYTE = 1_048_576;

/** A desk that has only to be named. */
const SOURCE: LiveSource = {
  botMessage: () => null,
  dealMessages: () => [],
  totalsMessage: () => ({ kind: 'reset' }),
  healthMessage: () => ({ kind: 'reset' }),
  marketMessage: () => ({ kind: 'reset' }),
  balancesMessage: () => ({ kind: 'balances', balances: [] }),
  reconciliationMessage: () => ({ kind: 'reset' }),
};

function quote(symbol: string): StreamMessage {
  return { kind: 'quote', symbol, time: 1, bid: '1', ask: '2', last: '1' };
}

function note(sequence: number): Note {
  return { sequence, botId: '1', dealId: '1-1', time: 1, kind: 'orderFilled', values: {} };
}

interface Served {
  readonly live: LiveHub;
  /** Sessions that are over. */
  readonly over: Set<string>;
  readonly port: number;
}

async function served(t: TestContext): Promise<Served> {
  const over = new Set<string>();
  const live = new LiveHub(SOURCE, (session) => !over.has(session));
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    // The path stands for the session.
    const added = live.add(response, request.url ?? null);
    if (added !== 'added') response.writeHead(added === 'full' ? 503 : 429).end();
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  t.after(async () => {
    live.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return { live, over, port: address.port };
}

interface Heard {
  readonly id: number;
  readonly message: StreamMessage;
}

/** A page that reads; what it heard grows. */
async function listen(t: TestContext, port: number, path = '/'): Promise<Heard[]> {
  const heard: Heard[] = [];
  const page = new AbortController();
  t.after(() => page.abort());
  const response = await fetch(`http://127.0.0.1:${port}${path}`, { signal: page.signal });
  assert.match(response.headers.get('content-type') ?? '', /^text\/event-stream/);
  void read(response, heard);
  await until('hello', () => heard.length > 0);
  return heard;
}

async function read(response: Response, heard: Heard[]): Promise<void> {
  const decoder = new TextDecoder();
  let text = '';
  try {
    for await (const chunk of response.body ?? []) {
      text += decoder.decode(chunk, { stream: true });
      const events = text.split('\n\n');
      text = events.pop() ?? '';
      for (const event of events) {
        const id = /^id: (\d+)$/m.exec(event)?.[1];
        const data = /^data: (.*)$/m.exec(event)?.[1];
        if (data !== undefined) heard.push({ id: Number(id), message: JSON.parse(data) });
      }
    }
  } catch {
    // The test is over.
  }
}

async function until(what: string, condition: () => boolean): Promise<void> {
  const started = performance.now();
  while (!condition()) {
    assert.ok(performance.now() - started < WAIT_MS_MAX, `${what} did not happen`);
    await delay(5);
  }
}

function isGapless(heard: readonly Heard[]): boolean {
  return heard.every(({ id }, index) => index === 0 || id === (heard[index - 1]?.id ?? 0) + 1);
}

test('[A6] messages are numbered without holes, for a page that comes later too', async (t) => {
  const { live, port } = await served(t);
  const first = await listen(t, port);
  assert.deepEqual(first[0], { id: 0, message: { kind: 'hello', sequence: 0 } });
  for (let round = 0; round < 3; round += 1) {
    live.put(`quote ${round}`, quote(`S${round}`));
    live.addNote(note(round));
    await until('heard', () =>
      first.some(({ message }) => message.kind === 'note' && message.note.sequence === round),
    );
  }
  const second = await listen(t, port);
  const [hello] = second;
  assert.ok(hello !== undefined && hello.message.kind === 'hello');
  assert.equal(hello.message.sequence, hello.id);
  assert.ok(hello.id >= 6);
  live.put('quote', quote('LAST'));
  const isLast = ({ message }: Heard): boolean =>
    message.kind === 'quote' && message.symbol === 'LAST';
  await until('both heard', () => first.some(isLast) && second.some(isLast));
  assert.ok(isGapless(first), JSON.stringify(first.map(({ id }) => id)));
  assert.ok(isGapless(second));
  assert.equal(first.find(isLast)?.id, second.find(isLast)?.id);
});

test('[A6] of a quote only the newest is sent', async (t) => {
  const { live, port } = await served(t);
  const heard = await listen(t, port);
  for (let count = 0; count < 1_000; count += 1) {
    live.put('quote S', { kind: 'quote', symbol: 'S', time: count, bid: '1', ask: '2', last: '1' });
  }
  await until('heard', () => heard.length > 1);
  const quotes = heard.filter(({ message }) => message.kind === 'quote');
  assert.deepEqual(
    quotes.map(({ message }) => message.kind === 'quote' && message.time),
    [999],
  );
});

test('[A6] more notes than a page takes at once make it read everything again', async (t) => {
  const { live, port } = await served(t);
  const heard = await listen(t, port);
  for (let count = 0; count < 2_000; count += 1) live.addNote(note(count));
  await until('reset', () => heard.some(({ message }) => message.kind === 'reset'));
  assert.ok(heard.filter(({ message }) => message.kind === 'note').length <= 500);
  assert.ok(isGapless(heard));
});

test('[A6] a page that stops reading is cut off; the others go on', async (t) => {
  const { live, port } = await served(t);
  const reading = await listen(t, port);
  const silent = connect(port, '127.0.0.1');
  t.after(() => silent.destroy());
  silent.on('error', () => undefined);
  silent.write('GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n');
  silent.pause();
  await until('both listen', () => live.clientCount === 2);
  const started = performance.now();
  let sent = 0;
  while (live.clientCount === 2) {
    assert.ok(performance.now() - started < WAIT_MS_MAX, 'it was never cut off');
    const before = reading.length;
    live.put('large', quote('x'.repeat(2 * MEGABYTE)));
    await until('the reader heard it', () => reading.length > before);
    sent += 1;
  }
  assert.ok(sent > 2, 'a little backlog is borne');
  live.put('quote', quote('AFTER'));
  await until('the reader goes on', () =>
    reading.some(({ message }) => message.kind === 'quote' && message.symbol === 'AFTER'),
  );
  assert.ok(isGapless(reading));
});

test('[A6] too many pages are refused', async (t) => {
  const { live, port } = await served(t);
  const pages = await Promise.all(
    Array.from({ length: 100 }, (_, index) => listen(t, port, `/${index % 10}`)),
  );
  assert.equal(live.clientCount, pages.length);
  const response = await fetch(`http://127.0.0.1:${port}/other`);
  assert.equal(response.status, 503);
});

test('[Y170] one session has ten live streams at most and takes none from the others', async (t) => {
  const { live, port } = await served(t);
  await Promise.all(Array.from({ length: 10 }, () => listen(t, port, '/greedy')));
  const refused = await fetch(`http://127.0.0.1:${port}/greedy`);
  assert.equal(refused.status, 429);
  await listen(t, port, '/other');
  assert.equal(live.clientCount, 11);
});

test('[Y7] a session that ends without a word, by age or with its user, hears nothing more', async (t) => {
  const { live, over, port } = await served(t);
  await listen(t, port);
  const other = await fetch(`http://127.0.0.1:${port}/other`);
  assert.equal(live.clientCount, 2);
  over.add('/other');
  await other.text();
  assert.equal(live.clientCount, 1, 'the others go on');
});
