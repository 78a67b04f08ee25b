// SPDX-License-Identifier: Apache-2.0
// Candles and the budget of public requests against a small local server that speaks Binance's documented forms.

import assert from 'node:assert/strict';
import { createServer, type ServerResponse } from 'node:http';
import { test, type TestContext } from 'node:test';
import { binancePublicMarket, VenueError } from '@kontor/exchange';
import { readCandlePage, toStreamedCandle } from '../src/binance/public-candles.ts';
import { binancePublicRest } from '../src/binance/public-rest.ts';

const ROW = [60_000, '1.00', '2.00', '0.50', '1.50', '10.0', 119_999, '15', 3, '1', '1', '0'];

interface Venue {
  readonly rest: string;
  /** Path and query of each request, in order. */
  readonly requests: string[];
  answer: (response: ServerResponse) => void;
}

async function serve(context: TestContext): Promise<Venue> {
  const venue = { rest: '', requests: [] as string[], answer: answerWith([ROW]) };
  const server = createServer((request, response) => {
    venue.requests.push(request.url ?? '');
    venue.answer(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  context.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  venue.rest = `http://127.0.0.1:${address.port}`;
  return venue;
}

function answerWith(
  body: unknown,
  status = 200,
  headers: Readonly<Record<string, string>> = {},
): (response: ServerResponse) => void {
  return (response) => {
    response.writeHead(status, { 'content-type': 'application/json', ...headers });
    response.end(JSON.stringify(body));
  };
}

test('[V13] a page of candles is asked by its first or its last time', async (context) => {
  const venue = await serve(context);
  const market = binancePublicMarket({ rest: venue.rest, streams: 'ws://127.0.0.1:1' });
  const rows = await market.candles('BTCUSDT', '1m', { startTime: 5, limit: 7, haste: 'now' });
  assert.deepEqual(rows, [[60_000, '1.00', '2.00', '0.50', '1.50', '10.0']]);
  await market.candles('ETHUSDT', '1M', { endTime: 9, limit: 1_000, haste: 'history' });
  assert.deepEqual(venue.requests, [
    '/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=7&startTime=5',
    '/api/v3/klines?symbol=ETHUSDT&interval=1M&limit=1000&endTime=9',
  ]);
});

test('[V13] what is no list of candles is refused', async (context) => {
  const venue = await serve(context);
  const rest = binancePublicRest(venue.rest);
  for (const [body, expected] of [
    [{}, /expected a list of klines/],
    [[7], /expected a kline row that starts with its open time/],
    [[['soon', '1', '1', '1', '1', '1']], /expected a kline row that starts with its open time/],
    [[[1.5, '1', '1', '1', '1', '1']], /expected a kline row that starts with its open time/],
  ] as const) {
    venue.answer = answerWith(body);
    const page = { limit: 1, haste: 'now' } as const;
    await assert.rejects(readCandlePage(rest, 'BTCUSDT', '1m', page), expected);
  }
});

test('[V13] the stream says which candle is the last word on its minute', () => {
  const kline = { t: 60_000, o: '1', h: '2', l: '0.5', c: '1.5', v: '7' };
  const candle = [60_000, '1', '2', '0.5', '1.5', '7'];
  assert.deepEqual(toStreamedCandle({ ...kline, x: true }), { candle, isClosed: true });
  assert.deepEqual(toStreamedCandle({ ...kline, x: false }), { candle, isClosed: false });
  assert.deepEqual(toStreamedCandle(kline), { candle, isClosed: false });
  assert.throws(() => toStreamedCandle({ ...kline, t: '60000' }), VenueError);
});

test('[V14] history keeps to its share of the weight, what cannot wait does not', async (context) => {
  const venue = await serve(context);
  const rest = binancePublicRest(venue.rest, { historyWeightPerMinute: 6 });
  const read = (haste: 'now' | 'history'): Promise<unknown> =>
    rest.get('/klines', { weight: 2, haste });
  const history = [1, 2, 3, 4, 5].map(() => read('history'));
  for (const waiting of history.slice(3)) waiting.catch(() => undefined);
  await Promise.all(history.slice(0, 3));
  await read('now');
  await read('now');
  assert.equal(venue.requests.length, 5);
  // The rest waits for the next minute; nothing here waits for it.
  const late = await Promise.race([history[3], new Promise((done) => setImmediate(done, 'waits'))]);
  assert.equal(late, 'waits');
});

test('[V14] no more than four pages of history are under way at once', async (context) => {
  const venue = await serve(context);
  const held: ServerResponse[] = [];
  venue.answer = (response) => void held.push(response);
  const rest = binancePublicRest(venue.rest);
  const reads = Array.from({ length: 9 }, () =>
    rest.get('/klines', { weight: 2, haste: 'history' }),
  );
  let most = 0;
  for (let answered = 0; answered < 9;) {
    most = Math.max(most, held.length);
    const response = held.shift();
    if (response === undefined) {
      await new Promise((resolve) => setImmediate(resolve));
      continue;
    }
    answerWith([])(response);
    answered += 1;
  }
  await Promise.all(reads);
  assert.ok(most <= 4, String(most));
  assert.equal(venue.requests.length, 9);
});

test('[V14] an exchange that asks to wait is left alone for so long', async (context) => {
  const venue = await serve(context);
  const rest = binancePublicRest(venue.rest);
  venue.answer = answerWith({ code: -1003, msg: 'Too many requests.' }, 429, {
    'retry-after': '1',
  });
  const now = { weight: 1, haste: 'now' } as const;
  await assert.rejects(rest.get('/time', now), /\/time: HTTP 429 Too many requests\./);
  venue.answer = answerWith({});
  const before = performance.now();
  await assert.rejects(rest.get('/time', now), (error: unknown) => {
    assert.ok(error instanceof VenueError);
    assert.equal(error.code, '-1003');
    assert.match(error.message, /asked to wait, 1 s more/);
    return true;
  });
  assert.equal(venue.requests.length, 1);
  // History has the patience.
  assert.deepEqual(await rest.get('/klines', { weight: 2, haste: 'history' }), {});
  assert.ok(performance.now() - before >= 900);
  assert.deepEqual(await rest.get('/time', now), {});
});
