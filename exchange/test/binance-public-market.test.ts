// SPDX-License-Identifier: Apache-2.0
// Public market data against a small local server that speaks Binance's documented forms.

import assert from 'node:assert/strict';
import { createServer, type Server } from 'node:http';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { binancePublicMarket, VenueError, type MarketListener } from '@kontor/exchange';
import { WebSocketServer, type WebSocket as Socket } from 'ws';

const SYMBOL = {
  symbol: 'BTCUSDT',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  filters: [
    {
      filterType: 'PRICE_FILTER',
      minPrice: '0.01000000',
      maxPrice: '1000000.00000000',
      tickSize: '0.01000000',
    },
    {
      filterType: 'LOT_SIZE',
      minQty: '0.00001000',
      maxQty: '9000.00000000',
      stepSize: '0.00001000',
    },
    { filterType: 'NOTIONAL', minNotional: '5.00000000', maxNotional: '9000000.00000000' },
  ],
};

const BODIES: Readonly<Record<string, unknown>> = {
  '/api/v3/exchangeInfo': { symbols: [SYMBOL] },
  '/api/v3/klines': [[1000, '1.00', '2.00', '0.50', '1.50', '10.0', 1999, '15', 3, '1', '1', '0']],
  '/api/v3/ticker/bookTicker': {
    symbol: 'BTCUSDT',
    bidPrice: '100.00',
    bidQty: '1',
    askPrice: '100.02',
    askQty: '1',
  },
  '/api/v3/aggTrades': [{ a: 7, p: '100.01', q: '1', f: 9, l: 9, T: 55, m: false, M: true }],
};

async function serve(
  bodies: Readonly<Record<string, unknown>>,
  onSocket: (socket: Socket) => void = () => undefined,
): Promise<{
  readonly rest: string;
  readonly streams: string;
  close(): Promise<void>;
  readonly server: Server;
}> {
  const server = createServer((request, response) => {
    const path = (request.url ?? '').split('?')[0] ?? '';
    const body = bodies[path];
    response.writeHead(body === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(body ?? { code: -1121, msg: 'Invalid symbol.' }));
  });
  const sockets = new WebSocketServer({ server, path: '/stream' });
  sockets.on('connection', onSocket);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  assert.ok(address !== null && typeof address === 'object');
  return {
    server,
    rest: `http://127.0.0.1:${address.port}`,
    streams: `ws://127.0.0.1:${address.port}`,
    async close() {
      for (const client of sockets.clients) client.terminate();
      sockets.close();
      server.closeAllConnections();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

async function until(condition: () => boolean): Promise<void> {
  for (let waited = 0; waited < 5_000; waited += 10) {
    if (condition()) return;
    await delay(10);
  }
  assert.fail('what was waited for did not happen within 5 s');
}

test('[V20] a symbol that takes order lists says so', async () => {
  const second = { ...SYMBOL, symbol: 'ETHUSDT', baseAsset: 'ETH', ocoAllowed: true };
  const venue = await serve({ '/api/v3/exchangeInfo': { symbols: [SYMBOL, second] } });
  try {
    const market = binancePublicMarket(venue);
    const found = await market.instruments(['BTCUSDT', 'ETHUSDT']);
    assert.deepEqual(
      found.map(({ takesPairs }) => takesPairs),
      [undefined, true],
    );
  } finally {
    await venue.close();
  }
});

test('[V8] instruments, candles and quotes come as the venue documents them', async () => {
  const venue = await serve(BODIES);
  try {
    const market = binancePublicMarket(venue);
    const [instrument] = await market.instruments(['BTCUSDT']);
    assert.equal(instrument?.priceScale, 2);
    assert.equal(instrument?.quantityScale, 5);
    assert.equal(instrument?.minNotional, 50_000_000);
    assert.deepEqual(await market.candles('BTCUSDT', '1m', { limit: 1, haste: 'now' }), [
      [1000, '1.00', '2.00', '0.50', '1.50', '10.0'],
    ]);
    assert.deepEqual(await market.quote('BTCUSDT'), {
      time: 55,
      quote: { bid: 10_000, ask: 10_002, last: 10_001 },
    });
  } finally {
    await venue.close();
  }
});

test('[V8] a symbol without its price and lot rules is refused', async () => {
  const venue = await serve({ '/api/v3/exchangeInfo': { symbols: [{ ...SYMBOL, filters: [] }] } });
  try {
    await assert.rejects(
      binancePublicMarket(venue).instruments(['BTCUSDT']),
      /BTCUSDT: expected PRICE_FILTER and LOT_SIZE/,
    );
  } finally {
    await venue.close();
  }
});

test('[V8] a market with an empty side has no quote', async () => {
  const book = {
    symbol: 'BTCUSDT',
    bidPrice: '0.00000000',
    bidQty: '0',
    askPrice: '100.02',
    askQty: '1',
  };
  const venue = await serve({ ...BODIES, '/api/v3/ticker/bookTicker': book });
  try {
    const market = binancePublicMarket(venue);
    await market.instruments(['BTCUSDT']);
    await assert.rejects(
      market.quote('BTCUSDT'),
      /BTCUSDT has no trade or no price on one side yet/,
    );
  } finally {
    await venue.close();
  }
});

test('[V9] the stream tells trades with the best prices known, comes back after a cut and says so', async () => {
  const open: Socket[] = [];
  const venue = await serve(BODIES, (socket) => {
    open.push(socket);
    socket.send(
      JSON.stringify({
        stream: 'btcusdt@bookTicker',
        data: { u: 1, s: 'BTCUSDT', b: '99.99', B: '1', a: '100.01', A: '1' },
      }),
    );
    socket.send(
      JSON.stringify({
        stream: 'btcusdt@trade',
        data: { e: 'trade', E: 5, s: 'BTCUSDT', t: 1, p: '100.00', q: '1', T: 4 },
      }),
    );
    socket.send(
      JSON.stringify({
        stream: 'btcusdt@kline_1m',
        data: { e: 'kline', s: 'BTCUSDT', k: { t: 0, o: '1', h: '2', l: '0.5', c: '1.5', v: '7' } },
      }),
    );
  });
  const states: string[] = [];
  const trades: unknown[] = [];
  const candles: unknown[] = [];
  const listener: MarketListener = {
    onTrade: (symbol, time, quote) => trades.push([symbol, time, quote]),
    onQuote: () => undefined,
    onCandle: (symbol, interval, candle) => candles.push([symbol, interval, candle]),
    onState: (state) => states.push(state),
  };
  const market = binancePublicMarket(venue);
  await market.instruments(['BTCUSDT']);
  const stream = market.open(['BTCUSDT'], '1m', listener);
  try {
    await until(() => candles.length === 1);
    assert.deepEqual(trades[0], ['BTCUSDT', 4, { bid: 9_999, ask: 10_001, last: 10_000 }]);
    assert.deepEqual(candles[0], ['BTCUSDT', '1m', [0, '1', '2', '0.5', '1.5', '7']]);
    open[0]?.terminate();
    await until(() => trades.length === 2);
    assert.deepEqual(states, ['up', 'down', 'up']);
  } finally {
    stream.close();
    await venue.close();
  }
});

test('[V9] a message that cannot be read ends the connection, not the process', async () => {
  let connections = 0;
  const venue = await serve(BODIES, (socket) => {
    connections += 1;
    const price = connections === 1 ? '100.001' : '100.00';
    socket.send(
      JSON.stringify({
        stream: 'btcusdt@trade',
        data: { e: 'trade', s: 'BTCUSDT', p: price, T: 4 },
      }),
    );
  });
  const states: string[] = [];
  const trades: unknown[] = [];
  const market = binancePublicMarket(venue);
  await market.instruments(['BTCUSDT']);
  const stream = market.open(['BTCUSDT'], '1m', {
    onTrade: (_symbol, _time, quote) => trades.push(quote.last),
    onQuote: () => undefined,
    onCandle: () => undefined,
    onState: (state, reason) => states.push(`${state} ${reason}`),
  });
  try {
    await until(() => trades.length === 1);
    assert.deepEqual(trades, [10_000]);
    assert.match(
      states[1] ?? '',
      /^down sent what cannot be read: price: expected at most 2 decimals/,
    );
  } finally {
    stream.close();
    await venue.close();
  }
});

test('[V10] a venue that is not there is named with its address', async () => {
  const venue = await serve(BODIES);
  await venue.close();
  await assert.rejects(binancePublicMarket(venue).quote('BTCUSDT'), (error: unknown) => {
    assert.ok(error instanceof VenueError);
    assert.equal(error.code, 'network');
    assert.match(error.message, new RegExp(venue.rest));
    return true;
  });
});

test('[V10] an error of the venue keeps its code', async () => {
  const venue = await serve({});
  try {
    const page = { limit: 1, haste: 'now' } as const;
    await assert.rejects(
      binancePublicMarket(venue).candles('NOPE', '1m', page),
      (error: unknown) => {
        assert.ok(error instanceof VenueError);
        assert.equal(error.code, '-1121');
        return true;
      },
    );
  } finally {
    await venue.close();
  }
});
