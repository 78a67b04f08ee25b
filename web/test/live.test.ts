// SPDX-License-Identifier: Apache-2.0
// The live stream: numbers checked, gaps answered, updates gathered by frame.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { LiveStream, type Batch, type EventSourceLike } from '../src/api/live.ts';
import type { Deal, Note, StreamMessage } from '../src/api/types.ts';
import { makeFixtureData } from './fixture-data.ts';

const CONNECTING = 0;
const CLOSED = 2;

class FakeSource implements EventSourceLike {
  onopen: EventSourceLike['onopen'] = null;
  onmessage: EventSourceLike['onmessage'] = null;
  onerror: EventSourceLike['onerror'] = null;
  readyState = 1;
  isClosed = false;

  close(): void {
    this.isClosed = true;
  }

  send(id: number, message: StreamMessage): void {
    this.onmessage?.(
      new MessageEvent('message', { data: JSON.stringify(message), lastEventId: String(id) }),
    );
  }

  fail(readyState: number): void {
    this.readyState = readyState;
    this.onerror?.(new Event('error'));
  }
}

/** A stream with hand-driven frames, timers and clock. */
class Bench {
  readonly sources: FakeSource[] = [];
  readonly batches: Batch[] = [];
  readonly frames: (() => void)[] = [];
  timers: { readonly at: number; readonly callback: () => void }[] = [];
  nowMs = 1_000;
  reads = 0;
  checks = 0;
  isThere = true;
  readonly live: LiveStream = new LiveStream({
    open: () => {
      const source = new FakeSource();
      this.sources.push(source);
      return source;
    },
    nextFrame: (callback) => this.frames.push(callback),
    setTimer: (callback, delayMs) => {
      const timer = { at: this.nowMs + delayMs, callback };
      this.timers.push(timer);
      return timer;
    },
    clearTimer: (timer) => {
      this.timers = this.timers.filter((each) => each !== timer);
    },
    wallMs: () => this.nowMs,
    apply: (batch) => this.batches.push(batch),
    readAgain: () => {
      this.reads += 1;
    },
    check: () => {
      this.checks += 1;
      return Promise.resolve(this.isThere);
    },
  });

  constructor() {
    this.live.start();
  }

  get source(): FakeSource {
    const source = this.sources.at(-1);
    assert.ok(source);
    return source;
  }

  greet(sequence = 0): void {
    this.source.send(sequence, { kind: 'hello', sequence });
  }

  frame(): Batch | undefined {
    for (const callback of this.frames.splice(0)) callback();
    return this.batches.at(-1);
  }

  /** Lets time pass and calls the timers that are due by then. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    const due = this.timers.filter((timer) => timer.at <= this.nowMs);
    this.timers = this.timers.filter((timer) => timer.at > this.nowMs);
    for (const timer of due) timer.callback();
    await Promise.resolve();
    await Promise.resolve();
  }
}

const [DEAL] = makeFixtureData(1).deals;

function quote(last: string): StreamMessage {
  return { kind: 'quote', symbol: 'BTCUSDT', time: 1, bid: last, ask: last, last };
}

function deal(fields: Partial<Deal>): StreamMessage {
  assert.ok(DEAL);
  return { kind: 'deal', deal: { ...DEAL, ...fields } };
}

function note(sequence: number): Note {
  return { sequence, botId: '1', dealId: '1-1', time: 1, kind: 'closeRequested', values: {} };
}

test('[W10] numbers without holes are applied, and nothing is read again', () => {
  const bench = new Bench();
  bench.greet(41);
  bench.source.send(42, quote('1'));
  bench.source.send(43, quote('2'));
  assert.equal(bench.frame()?.quotes.get('BTCUSDT')?.last, '2');
  assert.equal(bench.reads, 0);
  assert.deepEqual(bench.live.state(), { kind: 'up' });
});

test('[W10] a hole makes the page read everything again, once', () => {
  const bench = new Bench();
  bench.greet(0);
  bench.source.send(1, quote('1'));
  bench.source.send(3, quote('3'));
  bench.source.send(4, quote('4'));
  assert.equal(bench.reads, 1);
  assert.equal(bench.frame()?.quotes.get('BTCUSDT')?.last, '4', 'what came still counts');
});

test('[W10] a hole right after hello is one, too', () => {
  const bench = new Bench();
  bench.greet(7);
  bench.source.send(9, quote('1'));
  assert.equal(bench.reads, 1);
});

test('[W10] reset makes the page read everything again and drops what was gathered before', () => {
  const bench = new Bench();
  bench.greet(0);
  bench.source.send(1, quote('1'));
  bench.source.send(2, { kind: 'reset' });
  assert.equal(bench.reads, 1);
  assert.equal(bench.frame()?.quotes.size, 0);
});

test('[W10] the first hello reads nothing, one after a break reads everything', () => {
  const bench = new Bench();
  bench.greet(5);
  assert.equal(bench.reads, 0);
  bench.source.fail(CONNECTING);
  bench.greet(5);
  assert.equal(bench.reads, 1);
});

test('[W11] a broken stream is down since its last message, and up again with the next hello', () => {
  const bench = new Bench();
  bench.greet(0);
  bench.nowMs = 5_000;
  bench.source.send(1, quote('1'));
  bench.nowMs = 9_000;
  bench.source.fail(CONNECTING);
  assert.deepEqual(bench.live.state(), { kind: 'down', since: 5_000 });
  bench.greet(1);
  assert.deepEqual(bench.live.state(), { kind: 'up' });
});

test('[W11] a stream that the browser gave up is opened anew, with growing pauses', async () => {
  const bench = new Bench();
  bench.greet(0);
  const pauses: number[] = [];
  for (let round = 0; round < 7; round += 1) {
    const before = bench.sources.length;
    bench.source.fail(CLOSED);
    let waited = 0;
    while (bench.sources.length === before) {
      await bench.pass(250);
      waited += 250;
    }
    pauses.push(waited);
  }
  assert.deepEqual(pauses, [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000]);
  assert.equal(bench.checks, 7, 'each time the desk is asked whether it is there');
});

test('[W11] a silent stream is asked about, and counts as broken when nobody answers', async () => {
  const bench = new Bench();
  bench.greet(0);
  await bench.pass(20_000);
  assert.equal(bench.checks, 1);
  assert.deepEqual(bench.live.state(), { kind: 'up' }, 'the desk answered: it is only quiet');
  bench.isThere = false;
  await bench.pass(20_000);
  assert.equal(bench.live.state().kind, 'down');
  assert.equal(bench.sources.length, 2, 'and is opened anew');
  assert.equal(bench.sources[0]?.isClosed, true);
});

test('[W11] messages of a stream that was replaced are not heard', async () => {
  const bench = new Bench();
  bench.greet(0);
  const old = bench.source;
  old.fail(CLOSED);
  await bench.pass(500);
  bench.greet(10);
  old.send(1, quote('9'));
  bench.source.send(11, quote('2'));
  assert.equal(bench.frame()?.quotes.get('BTCUSDT')?.last, '2');
});

test('[W12] a frame brings the last state of each thing and every note', () => {
  const bench = new Bench();
  bench.greet(0);
  let id = 0;
  for (let round = 0; round < 2_000; round += 1) {
    id += 1;
    bench.source.send(id, quote(String(round)));
  }
  bench.source.send(id + 1, deal({ id: '1-1', unrealisedProfit: '1' }));
  bench.source.send(id + 2, deal({ id: '1-1', unrealisedProfit: '2' }));
  bench.source.send(id + 3, { kind: 'note', note: note(1) });
  bench.source.send(id + 4, { kind: 'note', note: note(2) });
  assert.equal(bench.frames.length, 1, 'one frame is asked for');
  const batch = bench.frame();
  assert.equal(batch?.quotes.get('BTCUSDT')?.last, '1999');
  assert.equal(batch?.deals.get('1-1')?.unrealisedProfit, '2');
  assert.deepEqual(
    batch?.notes.map((each) => each.sequence),
    [1, 2],
  );
  assert.equal(bench.batches.length, 1);
});

test('[W12] candles of one frame are kept by their open time', () => {
  const bench = new Bench();
  bench.greet(0);
  const candle = (time: number, close: string): StreamMessage => ({
    kind: 'candle', symbol: 'BTCUSDT', interval: '1m', candle: [time, '1', '2', '0', close, '5'],
  }); // prettier-ignore
  bench.source.send(1, candle(60_000, '1.5'));
  bench.source.send(2, candle(60_000, '1.6'));
  bench.source.send(3, candle(120_000, '1.7'));
  const rows = bench.frame()?.candles.get('BTCUSDT 1m');
  assert.deepEqual(
    [...(rows?.values() ?? [])].map((row) => row[4]),
    ['1.6', '1.7'],
  );
});

test('[W12] a page that slept too long reads again instead of holding everything', () => {
  const bench = new Bench();
  bench.greet(0);
  for (let id = 1; id <= 1_001; id += 1) bench.source.send(id, { kind: 'note', note: note(id) });
  assert.equal(bench.reads, 1);
  assert.equal(bench.frame()?.notes.length, 0);
});

test('[W12] messages that are no messages are passed over', () => {
  const bench = new Bench();
  bench.greet(0);
  for (const data of ['', 'null', '{}', '{"kind":"later"}', 'not json']) {
    bench.source.onmessage?.(new MessageEvent('message', { data, lastEventId: '1' }));
  }
  bench.source.send(2, quote('1'));
  assert.equal(bench.frame()?.quotes.size, 1);
  assert.equal(bench.reads, 0);
});

test('[W13] what comes while a request is under way is held for its answer', () => {
  const bench = new Bench();
  bench.greet(0);
  bench.source.send(1, quote('1'));
  const held = bench.live.hold();
  bench.source.send(2, deal({ id: '1-1' }));
  held.release();
  bench.source.send(3, deal({ id: '1-2' }));
  assert.deepEqual(
    held.messages.map((message) => message.kind),
    ['deal'],
  );
});
