// SPDX-License-Identifier: Apache-2.0
// The REST API over real sockets: parameters, errors, market data, trading, limits and faults.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { existsSync, readFileSync } from 'node:fs';
import { request as httpRequest } from 'node:http';
import { test } from 'node:test';
import { ERROR_NAMES } from '../src/errors.ts';
import { ENDPOINTS } from '../src/rest/endpoints.ts';
import { BINANCE_LIMITS } from '../src/limits.ts';
import { ethBtc, ethUsdt, Lab } from './venue-lab.ts';
import { problem, record, withWire, type Fields, type Reply } from './venue-client.ts';

const DOCS = new URL('../../../shared/data/exchange/', import.meta.url);
const ORDER = '/api/v3/order';
const LIMIT_BUY: Fields = {
  symbol: 'ETHUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.5',
  price: '1990.00',
};

function without(fields: Fields, ...names: readonly string[]): Fields {
  return Object.fromEntries(Object.entries(fields).filter(([name]) => !names.includes(name)));
}

test('[X40] what is not the venue answers 404, and every endpoint its own method', async () => {
  await withWire(async (wire) => {
    assert.equal((await wire.send('GET', '/api/v3/nothing')).status, 404);
    assert.equal((await wire.send('DELETE', '/api/v3/ping')).status, 404);
    assert.deepEqual((await wire.get('/api/v3/ping')).body, {});
    const time = await wire.get('/api/v3/time');
    assert.deepEqual(time.body, { serverTime: wire.lab.clock.wall });
    assert.match(String(time.headers['content-type']), /application\/json/);
    for (const { method, path } of ENDPOINTS) {
      const reply = await wire.send(method, path);
      assert.notEqual(reply.status, 404, `${method} ${path}`);
    }
  });
});

test('[X41] parameters come in query, in body or in both, and the query wins', async () => {
  await withWire(async (wire) => {
    const { createHmac } = await import('node:crypto');
    const sign = (text: string): string =>
      createHmac('sha256', 'the secret').update(text).digest('hex');
    const headers = {
      'X-MBX-APIKEY': 'A'.repeat(64),
      'content-type': 'application/x-www-form-urlencoded',
    };
    const order = 'symbol=ETHUSDT&side=BUY&type=LIMIT&timeInForce=GTC&quantity=0.5';
    const rest = `price=1900&timestamp=${wire.lab.clock.wall}`;
    const inBody = `${order}&${rest}`;
    const body = await wire.send('POST', ORDER, {
      body: `${inBody}&signature=${sign(inBody)}`,
      headers,
    });
    assert.equal(record(body)['price'], '1900.00000000');
    const mixed = await wire.send('POST', `${ORDER}?${order}`, {
      body: `${rest}&signature=${sign(order + rest)}`,
      headers,
    });
    assert.equal(mixed.status, 200, problem(mixed));
    const query = `${order}&price=1800`;
    const both = await wire.send('POST', `${ORDER}?${query}`, {
      body: `${rest}&signature=${sign(query + rest)}`,
      headers,
    });
    assert.equal(record(both)['price'], '1800.00000000');
    const first = await wire.send(
      'POST',
      `${ORDER}?signature=${sign(`${query}&timestamp=${wire.lab.clock.wall}`)}&${query}&timestamp=${wire.lab.clock.wall}`,
      { headers },
    );
    assert.equal(first.status, 200, 'the signature may stand anywhere');
  });
});

test('[X42] duplicates, surplus and unread parameters are refused', async () => {
  await withWire(async (wire) => {
    assert.equal(
      problem(await wire.send('GET', '/api/v3/depth?symbol=ETHUSDT&symbol=ETHUSDT')),
      '400 -1101 Duplicate values for a parameter detected.',
    );
    assert.equal(
      problem(await wire.get('/api/v3/time', { a: 1 })),
      "400 -1101 Too many parameters; expected '0' and received '1'.",
    );
    assert.equal(
      problem(await wire.get('/api/v3/depth', { symbol: 'ETHUSDT', levels: 5 })),
      "400 -1104 Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
    );
    assert.equal(
      problem(await wire.signed('POST', ORDER, { ...LIMIT_BUY, colour: 'red' })),
      "400 -1104 Not all sent parameters were read; read '8' parameter(s) but was sent '9'.",
    );
    const large = await wire.send('POST', ORDER, { body: 'a='.padEnd(100_000, 'x') });
    assert.equal(large.status, 413);
  });
});

test('[X43] each wrong field of an order has its documented answer', async () => {
  await withWire(async (wire) => {
    const missing = (name: string): string =>
      `400 -1102 Mandatory parameter '${name}' was not sent, was empty/null, or malformed.`;
    const surplus = (name: string): string =>
      `400 -1106 Parameter '${name}' sent when not required.`;
    const number = String.raw`^([0-9]{1,20})(\.[0-9]{1,20})?$`;
    const illegal = (name: string, range: string): string =>
      `400 -1100 Illegal characters found in parameter '${name}'; legal range is '${range}'.`;
    const market = { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET' };
    const stop = { symbol: 'ETHUSDT', side: 'SELL', type: 'STOP_LOSS', quantity: '1' };
    const rows: readonly (readonly [string, Fields])[] = [
      [missing('symbol'), without(LIMIT_BUY, 'symbol')],
      [missing('side'), without(LIMIT_BUY, 'side')],
      [missing('type'), without(LIMIT_BUY, 'type')],
      [missing('timeInForce'), without(LIMIT_BUY, 'timeInForce')],
      [missing('quantity'), without(LIMIT_BUY, 'quantity')],
      [missing('price'), without(LIMIT_BUY, 'price')],
      ['400 -1121 Invalid symbol.', { ...LIMIT_BUY, symbol: 'NOPE' }],
      [illegal('symbol', '^[A-Z0-9-_.]{1,20}$'), { ...LIMIT_BUY, symbol: 'ethusdt' }],
      ['400 -1117 Invalid side.', { ...LIMIT_BUY, side: 'LONG' }],
      ['400 -1116 Invalid orderType.', { ...LIMIT_BUY, type: 'MAGIC' }],
      ['400 -1115 Invalid timeInForce.', { ...LIMIT_BUY, timeInForce: 'GTX' }],
      [illegal('price', number), { ...LIMIT_BUY, price: '-1' }],
      [illegal('quantity', number), { ...LIMIT_BUY, quantity: '1e3' }],
      ['400 -1013 Invalid price.', { ...LIMIT_BUY, price: '0' }],
      ['400 -1013 Invalid quantity.', { ...LIMIT_BUY, quantity: '0.0' }],
      ["400 -1105 Parameter 'newClientOrderId' was empty.", { ...LIMIT_BUY, newClientOrderId: '' }],
      [
        illegal('newClientOrderId', '^[a-zA-Z0-9-_]{1,36}$'),
        { ...LIMIT_BUY, newClientOrderId: 'a b' },
      ],
      [surplus('stopPrice'), { ...LIMIT_BUY, stopPrice: '1' }],
      [surplus('quoteOrderQty'), { ...LIMIT_BUY, quoteOrderQty: '10' }],
      [
        "400 -1102 Param 'quantity' or 'quoteOrderQty' must be sent, but both were empty/null!",
        market,
      ],
      [
        '400 -1128 Combination of optional parameters invalid.',
        { ...market, quantity: '1', quoteOrderQty: '1' },
      ],
      [surplus('price'), { ...market, quantity: '1', price: '1' }],
      [surplus('timeInForce'), { ...market, quantity: '1', timeInForce: 'GTC' }],
      [surplus('icebergQty'), { ...market, quantity: '1', icebergQty: '1' }],
      [
        "400 -1102 Param 'stopPrice' or 'trailingDelta' must be sent, but both were empty/null!",
        stop,
      ],
      [surplus('price'), { ...stop, stopPrice: '1900', price: '1' }],
      [surplus('timeInForce'), { ...LIMIT_BUY, type: 'LIMIT_MAKER' }],
      ['400 -1134 `strategyType` was less than 1000000.', { ...LIMIT_BUY, strategyType: 999_999 }],
      ['400 -1136 Invalid newOrderRespType.', { ...LIMIT_BUY, newOrderRespType: 'ALL' }],
      [
        "400 -1130 Data sent for parameter 'selfTradePreventionMode' is not valid.",
        { ...LIMIT_BUY, selfTradePreventionMode: 'MAYBE' },
      ],
      [
        "400 -1160 Parameter 'icebergQty' is not supported if `timeInForce` is not GTC.",
        { ...LIMIT_BUY, timeInForce: 'IOC', icebergQty: '0.1' },
      ],
      ['400 -1013 IcebergQty exceeds QTY.', { ...LIMIT_BUY, icebergQty: '0.6' }],
      [
        '400 -1013 Pegged orders are not supported for this symbol.',
        { ...LIMIT_BUY, pegPriceType: 'PRIMARY_PEG' },
      ],
    ];
    for (const [expected, fields] of rows) {
      assert.equal(problem(await wire.signed('POST', ORDER, fields)), expected);
    }
    assert.equal(wire.lab.exchange.account(1)?.openOrders.size, 0);
  });
});

test('[X44] more than eight decimals are too precise; steps and ticks are the filters', async () => {
  await withWire(async (wire) => {
    const answer = async (more: Fields): Promise<string> =>
      problem(await wire.signed('POST', ORDER, { ...LIMIT_BUY, ...more }));
    assert.equal(
      await answer({ price: '1990.123456789' }),
      "400 -1111 Parameter 'price' has too much precision.",
    );
    assert.equal(
      await answer({ quantity: '0.123456789' }),
      "400 -1111 Parameter 'quantity' has too much precision.",
    );
    assert.equal(await answer({ price: '1990.005' }), '400 -1013 Filter failure: PRICE_FILTER');
    assert.equal(await answer({ quantity: '0.50005' }), '400 -1013 Filter failure: LOT_SIZE');
    const padded = await wire.signed('POST', ORDER, { ...LIMIT_BUY, price: '1990.0000000000' });
    assert.equal(padded.status, 200, 'zeros are no precision');
  });
});

test('[X45] what a symbol does not offer is refused', async () => {
  const info = {
    orderTypes: ['LIMIT', 'MARKET'],
    icebergAllowed: false,
    ocoAllowed: false,
    otoAllowed: false,
    quoteOrderQtyMarketAllowed: false,
    cancelReplaceAllowed: false,
    amendAllowed: false,
    allowedSelfTradePreventionModes: ['NONE'],
    defaultSelfTradePreventionMode: 'NONE',
  };
  const lab = new Lab({ instruments: [ethUsdt(info)] });
  await withWire(
    async (wire) => {
      const order = async (more: Fields): Promise<string> =>
        problem(await wire.signed('POST', ORDER, { ...LIMIT_BUY, ...more }));
      const market = { symbol: 'ETHUSDT', side: 'BUY', type: 'MARKET', quoteOrderQty: '100' };
      assert.equal(
        problem(
          await wire.signed('POST', ORDER, {
            ...without(LIMIT_BUY, 'timeInForce'),
            type: 'LIMIT_MAKER',
          }),
        ),
        '400 -1013 Limit maker orders are not supported for this symbol.',
      );
      assert.equal(
        await order({ icebergQty: '0.1' }),
        '400 -1013 Iceberg orders are not supported for this symbol.',
      );
      assert.equal(
        problem(await wire.signed('POST', ORDER, market)),
        '400 -1013 Quote order qty market orders are not support for this symbol.',
      );
      assert.equal(
        await order({ selfTradePreventionMode: 'EXPIRE_MAKER' }),
        '400 -1013 This symbol does not allow the specified self-trade prevention mode.',
      );
      assert.equal(
        problem(
          await wire.signed('POST', `${ORDER}/cancelReplace`, {
            ...LIMIT_BUY,
            cancelReplaceMode: 'ALLOW_FAILURE',
            cancelOrderId: 1,
          }),
        ),
        '400 -1013 Order cancel-replace is not supported for this symbol.',
      );
      assert.equal(
        problem(
          await wire.signed('PUT', `${ORDER}/amend/keepPriority`, {
            symbol: 'ETHUSDT',
            orderId: 1,
            newQty: 1,
          }),
        ),
        '400 -1013 Order amend is not supported for this symbol.',
      );
      assert.equal(
        problem(await wire.signed('POST', '/api/v3/orderList/oco', OCO)),
        '400 -1013 OCO orders are not supported for this symbol',
      );
    },
    { lab },
  );
});

test('[X46] market data: books, trades, candles and statistics in all their forms', async () => {
  const lab = new Lab({ instruments: [ethUsdt(), ethBtc()] });
  await withWire(
    async (wire) => {
      lab.clock.advance(60_000);
      lab.move(2010, 500);
      const read = async (path: string, fields: Fields): Promise<unknown> => {
        const reply = await wire.get(`/api/v3/${path}`, fields);
        assert.equal(reply.status, 200, problem(reply));
        return reply.body;
      };
      const symbol = 'ETHUSDT';
      const depth = record({ body: await read('depth', { symbol, limit: 1 }) });
      assert.equal(depth['lastUpdateId'], lab.exchange.lastUpdateId(symbol));
      assert.deepEqual((depth['bids'] as unknown[][])[0]?.[0], '2009.99000000');
      const trades = (await read('trades', { symbol, limit: 1 })) as Record<string, unknown>[];
      assert.deepEqual(trades, [
        {
          id: 2,
          price: '2010.00000000',
          qty: '0.05000000',
          quoteQty: '100.50000000',
          time: lab.clock.market,
          isBuyerMaker: false,
          isBestMatch: true,
        },
      ]);
      assert.deepEqual(await read('historicalTrades', { symbol, fromId: 2 }), trades);
      assert.equal(((await read('aggTrades', { symbol })) as unknown[]).length, 2);
      const klines = (await read('klines', { symbol, interval: '1m' })) as unknown[][];
      assert.deepEqual(
        klines.map((row) => [row.length, row[4]]),
        [
          [12, '2000.00000000'],
          [12, '2010.00000000'],
        ],
      );
      assert.deepEqual(await read('uiKlines', { symbol, interval: '1m' }), klines);
      const shifted = (await read('klines', {
        symbol,
        interval: '1d',
        timeZone: '+05:45',
      })) as unknown[][];
      assert.equal(
        (Number(shifted[0]?.[0]) + (5 * 60 + 45) * 60_000) % 86_400_000,
        0,
        'days begin at midnight of the zone',
      );
      assert.equal(record({ body: await read('avgPrice', { symbol }) })['mins'], 5);
      assert.deepEqual(await read('ticker/price', { symbol }), {
        symbol,
        price: '2010.00000000',
      });
      assert.equal(((await read('ticker/price', {})) as unknown[]).length, 2);
      assert.equal(
        ((await read('ticker/bookTicker', { symbols: '["ETHUSDT"]' })) as unknown[]).length,
        1,
      );
      const full = record({ body: await read('ticker/24hr', { symbol }) });
      assert.deepEqual(
        [full['openPrice'], full['lastPrice'], full['priceChange'], full['count']],
        ['2000.00000000', '2010.00000000', '10.00000000', 2],
      );
      assert.equal(Object.keys(full).length, 21);
      const mini = (await read('ticker/24hr', { type: 'MINI' })) as object[];
      assert.deepEqual(
        mini.map((body) => Object.keys(body).length),
        [12, 12],
      );
      const window = record({ body: await read('ticker', { symbol, windowSize: '1m' }) });
      assert.equal(Number(window['openTime']) % 60_000, 0);
      const day = record({ body: await read('ticker/tradingDay', { symbol, timeZone: '2' }) });
      assert.equal((Number(day['openTime']) + 7_200_000) % 86_400_000, 0);
      assert.equal(Number(day['closeTime']) - Number(day['openTime']), 86_399_999);
    },
    { lab },
  );
});

test('[X46] wrong questions about the market have their answers', async () => {
  const lab = new Lab({ instruments: [ethUsdt(), { ...ethBtc(), info: { status: 'BREAK' } }] });
  await withWire(
    async (wire) => {
      const rows: readonly (readonly [string, string, Fields])[] = [
        ['400 -1120 Invalid interval.', 'klines', { symbol: 'ETHUSDT', interval: '7m' }],
        ['400 -1121 Invalid symbol.', 'depth', { symbol: 'XXX' }],
        [
          "400 -1130 Data sent for parameter 'limit' is not valid.",
          'depth',
          { symbol: 'ETHUSDT', limit: 0 },
        ],
        [
          "400 -1100 Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
          'depth',
          { symbol: 'ETHUSDT', limit: 'x' },
        ],
        [
          '400 -1128 Combination of optional parameters invalid.',
          'ticker/price',
          { symbol: 'ETHUSDT', symbols: '["ETHUSDT"]' },
        ],
        [
          '400 -1151 Symbol is present multiple times in the list.',
          'ticker/price',
          { symbols: '["ETHUSDT","ETHUSDT"]' },
        ],
        [
          "400 -1102 Param 'symbol' or 'symbols' must be sent, but both were empty/null!",
          'ticker',
          {},
        ],
        [
          "400 -1130 Data sent for parameter 'windowSize' is not valid.",
          'ticker',
          { symbol: 'ETHUSDT', windowSize: '8d' },
        ],
        ['400 -1139 Invalid ticker type.', 'ticker/24hr', { type: 'HUGE' }],
        ['400 -1122 Invalid symbolStatus.', 'ticker/24hr', { symbolStatus: 'ODD' }],
        [
          "400 -1220 The symbol's status does not match the requested symbolStatus.",
          'depth',
          { symbol: 'ETHBTC', symbolStatus: 'TRADING' },
        ],
        [
          "400 -1130 Data sent for parameter 'timeZone' is not valid.",
          'klines',
          { symbol: 'ETHUSDT', interval: '1d', timeZone: '15' },
        ],
      ];
      for (const [expected, path, fields] of rows) {
        assert.equal(problem(await wire.get(`/api/v3/${path}`, fields)), expected);
      }
      const trading = await wire.get('/api/v3/ticker/price', { symbolStatus: 'TRADING' });
      assert.deepEqual(
        (trading.body as Record<string, unknown>[]).map((body) => body['symbol']),
        ['ETHUSDT'],
      );
    },
    { lab },
  );
});

test('[X250] the reference price is the mean of the last five minutes, and null when nothing traded in them', async () => {
  const lab = new Lab({ instruments: [ethUsdt(), ethBtc()] });
  await withWire(
    async (wire) => {
      const read = async (path: string): Promise<Readonly<Record<string, unknown>>> =>
        record(await wire.get(`/api/v3/${path}`, { symbol: 'ETHUSDT' }));
      lab.move(2000);
      lab.move(2004);
      const { symbol, referencePrice } = await read('referencePrice');
      assert.deepEqual([symbol, referencePrice], ['ETHUSDT', (await read('avgPrice'))['price']]);
      assert.equal(
        (await read('referencePrice/calculation'))['calculationType'],
        'ARITHMETIC_MEAN',
      );
      lab.clock.advance(6 * 60_000);
      assert.equal((await read('referencePrice'))['referencePrice'], null);
      assert.equal(
        problem(await wire.get('/api/v3/referencePrice', { symbol: 'ETHBTC' })),
        "400 -2043 This symbol doesn't have a reference price.",
      );
    },
    { lab },
  );
});

test('[X47] exchangeInfo lists the instruments as given and filters them as asked', async () => {
  const lab = new Lab({ instruments: [ethUsdt(), { ...ethBtc(), info: { status: 'BREAK' } }] });
  await withWire(
    async (wire) => {
      const ask = async (fields: Fields): Promise<Record<string, unknown>[]> =>
        record(await wire.get('/api/v3/exchangeInfo', fields))['symbols'] as Record<
          string,
          unknown
        >[];
      const names = async (fields: Fields): Promise<unknown[]> =>
        (await ask(fields)).map((symbol) => symbol['symbol']);
      const [eth] = await ask({ symbol: 'ETHUSDT' });
      const given = ethUsdt().info;
      for (const [field, value] of Object.entries(given)) {
        if (field === 'opoAllowed' || field === 'pegInstructionsAllowed') continue;
        assert.deepEqual(eth?.[field], value, field);
      }
      assert.deepEqual(await names({}), ['ETHUSDT', 'ETHBTC']);
      assert.deepEqual(await names({ symbols: '["ETHBTC"]' }), ['ETHBTC']);
      assert.deepEqual(await names({ symbolStatus: 'BREAK' }), ['ETHBTC']);
      assert.deepEqual(await names({ permissions: 'SPOT' }), ['ETHUSDT', 'ETHBTC']);
      assert.deepEqual(await names({ permissions: '["MARGIN"]' }), []);
      assert.deepEqual((await ask({ showPermissionSets: false }))[0]?.['permissionSets'], []);
      assert.equal(
        problem(await wire.get('/api/v3/exchangeInfo', { symbol: 'ETHUSDT', permissions: 'SPOT' })),
        '400 -1128 Combination of optional parameters invalid.',
      );
      const body = record(await wire.get('/api/v3/exchangeInfo'));
      assert.deepEqual(
        (body['rateLimits'] as Record<string, unknown>[]).map((limit) => [
          limit['rateLimitType'],
          limit['interval'],
          limit['intervalNum'],
          limit['limit'],
        ]),
        [
          ['REQUEST_WEIGHT', 'MINUTE', 1, 6000],
          ['ORDERS', 'SECOND', 10, 100],
          ['ORDERS', 'DAY', 1, 200_000],
          ['RAW_REQUESTS', 'MINUTE', 5, 61_000],
        ],
      );
    },
    { lab, limits: { isEnabled: true } },
  );
});

const OCO: Fields = {
  symbol: 'ETHUSDT',
  side: 'SELL',
  quantity: '1',
  aboveType: 'LIMIT_MAKER',
  abovePrice: '2100',
  belowType: 'STOP_LOSS_LIMIT',
  belowPrice: '1890',
  belowStopPrice: '1900',
  belowTimeInForce: 'GTC',
};

test('[X48] orders are queried open, closed and by time, trades by all their combinations', async () => {
  await withWire(async (wire) => {
    const { lab } = wire;
    const ids: number[] = [];
    for (const price of ['1990', '2005', '1980']) {
      const reply = await wire.signed('POST', ORDER, { ...LIMIT_BUY, price, quantity: '0.1' });
      ids.push(Number(record(reply)['orderId']));
      lab.clock.advance(1000);
    }
    const list = async (path: string, fields: Fields): Promise<Record<string, unknown>[]> => {
      const reply = await wire.signed('GET', `/api/v3/${path}`, fields);
      assert.equal(reply.status, 200, problem(reply));
      return reply.body as Record<string, unknown>[];
    };
    const symbol = 'ETHUSDT';
    const orderIds = async (path: string, fields: Fields): Promise<unknown[]> =>
      (await list(path, fields)).map((order) => order['orderId']);
    assert.deepEqual(await orderIds('openOrders', { symbol }), [ids[0], ids[2]]);
    assert.deepEqual(await orderIds('openOrders', {}), [ids[0], ids[2]]);
    assert.deepEqual(await orderIds('allOrders', { symbol }), ids);
    assert.deepEqual(await orderIds('allOrders', { symbol, limit: 1 }), [ids[2]]);
    assert.deepEqual(await orderIds('allOrders', { symbol, orderId: ids[1] ?? 0 }), ids.slice(1));
    const start = lab.clock.wall - 2000;
    assert.deepEqual(await orderIds('allOrders', { symbol, startTime: start }), ids.slice(1));
    assert.deepEqual(
      await orderIds('allOrders', { symbol, startTime: start * 1000, limit: 1 }),
      [ids[1]],
      'microseconds too',
    );
    assert.equal(
      problem(
        await wire.signed('GET', '/api/v3/allOrders', {
          symbol,
          startTime: 0,
          endTime: 86_400_001,
        }),
      ),
      '400 -1127 More than 24 hours between startTime and endTime.',
    );
    const queried = record(await wire.signed('GET', ORDER, { symbol, orderId: ids[1] ?? 0 }));
    assert.deepEqual([queried['status'], queried['executedQty']], ['FILLED', '0.10000000']);
    assert.equal(
      problem(await wire.signed('GET', ORDER, { symbol, orderId: 999 })),
      '400 -2013 Order does not exist.',
    );
    assert.equal(
      problem(await wire.signed('GET', ORDER, { symbol })),
      "400 -1102 Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    );
    const [trade] = await list('myTrades', { symbol });
    assert.deepEqual(
      [trade?.['orderId'], trade?.['isMaker'], trade?.['quoteQty'], trade?.['commissionAsset']],
      [ids[1], false, '200.00100000', 'ETH'],
    );
    const id = Number(trade?.['id']);
    for (const fields of [
      { orderId: ids[1] ?? 0 },
      { startTime: lab.clock.wall - 10_000 },
      { endTime: lab.clock.wall },
      { fromId: id },
      { orderId: ids[1] ?? 0, fromId: id },
    ]) {
      assert.equal((await list('myTrades', { symbol, ...fields })).length, 1);
    }
    assert.equal((await list('myTrades', { symbol, fromId: id + 1 })).length, 0);
    assert.equal(
      problem(await wire.signed('GET', '/api/v3/myTrades', { symbol, orderId: 1, startTime: 1 })),
      '400 -1128 Combination of optional parameters invalid.',
    );
  });
});

test('[X16] a cancel-replace says how far it went', async () => {
  await withWire(async (wire) => {
    const path = `${ORDER}/cancelReplace`;
    const first = record(await wire.signed('POST', ORDER, LIMIT_BUY));
    const replace = (more: Fields): Promise<Reply> =>
      wire.signed('POST', path, { ...LIMIT_BUY, cancelReplaceMode: 'STOP_ON_FAILURE', ...more });
    const results = (reply: Reply): unknown[] => {
      const body = record(reply);
      const data = (body['data'] ?? body) as Record<string, unknown>;
      return [reply.status, body['code'], data['cancelResult'], data['newOrderResult']];
    };
    const done = await replace({ cancelOrderId: Number(first['orderId']), price: '1980' });
    assert.deepEqual(results(done), [200, undefined, 'SUCCESS', 'SUCCESS']);
    const { newOrderResponse } = record(done);
    const second = Number((newOrderResponse as Record<string, unknown>)['orderId']);
    const unknown = await replace({ cancelOrderId: 999 });
    assert.deepEqual(results(unknown), [400, -2022, 'FAILURE', 'NOT_ATTEMPTED']);
    const data = record(unknown)['data'] as Record<string, unknown>;
    assert.deepEqual(data['cancelResponse'], { code: -2011, msg: 'Unknown order sent.' });
    assert.equal(data['newOrderResponse'], null);
    const placed = await replace({ cancelOrderId: 999, cancelReplaceMode: 'ALLOW_FAILURE' });
    assert.deepEqual(results(placed), [409, -2021, 'FAILURE', 'SUCCESS']);
    wire.lab.events.length = 0;
    const poor = await replace({ cancelOrderId: second, quantity: '9', price: '1999' });
    assert.deepEqual(results(poor), [409, -2021, 'SUCCESS', 'FAILURE']);
    const rejected = wire.lab.take('executionReport').find((report) => report['x'] === 'REJECTED');
    assert.deepEqual([rejected?.['r'], rejected?.['i']], ['INSUFFICIENT_BALANCES', -1]);
    const both = await replace({
      cancelOrderId: second,
      cancelReplaceMode: 'ALLOW_FAILURE',
      quantity: '9',
      price: '1999',
    });
    assert.deepEqual(results(both), [400, -2022, 'FAILURE', 'FAILURE']);
    assert.equal(
      problem(await replace({ cancelOrderId: second, quantity: '0.00015' })),
      '400 -1013 Filter failure: LOT_SIZE',
      'filters come before the cancel',
    );
    assert.equal(
      problem(await replace({})),
      "400 -1102 Param 'cancelOrigClientOrderId' or 'cancelOrderId' must be sent, but both were empty/null!",
    );
  });
});

test('[X6] the answer is FULL for market and limit orders, ACK for other kinds, RESULT for lists', async () => {
  await withWire(async (wire) => {
    const kindOf = (body: Record<string, unknown>): string =>
      'fills' in body ? 'FULL' : 'status' in body ? 'RESULT' : 'ACK';
    const place = async (fields: Fields): Promise<string> =>
      kindOf(record(await wire.signed('POST', ORDER, { symbol: 'ETHUSDT', ...fields })));
    const sell = { side: 'SELL', quantity: '1' };
    assert.equal(await place({ ...sell, type: 'MARKET' }), 'FULL');
    assert.equal(await place(LIMIT_BUY), 'FULL');
    assert.equal(await place({ ...sell, type: 'LIMIT_MAKER', price: '2100' }), 'ACK');
    assert.equal(await place({ ...sell, type: 'STOP_LOSS', stopPrice: '1900' }), 'ACK');
    assert.equal(
      await place({ ...sell, type: 'TAKE_PROFIT', stopPrice: '2100', newOrderRespType: 'RESULT' }),
      'RESULT',
    );
    const list = record(await wire.signed('POST', '/api/v3/orderList/oco', OCO));
    const reports = list['orderReports'] as Record<string, unknown>[];
    assert.deepEqual(reports.map(kindOf), ['RESULT', 'RESULT']);
  });
});

test('[X22] lists over the wire: placing, querying, cancelling by list and by leg', async () => {
  await withWire(async (wire) => {
    const placed = record(
      await wire.signed('POST', '/api/v3/orderList/oco', { ...OCO, listClientOrderId: 'list' }),
    );
    assert.equal(placed['listClientOrderId'], 'list');
    const legs = placed['orders'] as Record<string, unknown>[];
    const query = async (fields: Fields): Promise<unknown> =>
      (await wire.signed('GET', '/api/v3/orderList', fields)).body;
    const byId = await query({ orderListId: Number(placed['orderListId']) });
    assert.deepEqual(await query({ origClientOrderId: 'list' }), byId);
    assert.deepEqual((await wire.signed('GET', '/api/v3/openOrderList')).body, [byId]);
    assert.equal(
      problem(
        await wire.signed('POST', '/api/v3/orderList/oco', { ...OCO, listClientOrderId: 'list' }),
      ),
      '400 -2010 Duplicate order sent.',
    );
    const cancelled = record(
      await wire.signed('DELETE', ORDER, {
        symbol: 'ETHUSDT',
        orderId: Number(legs[0]?.['orderId']),
      }),
    );
    assert.equal(cancelled['listOrderStatus'], 'ALL_DONE');
    assert.equal((cancelled['orderReports'] as unknown[]).length, 2);
    const old = record(
      await wire.signed('POST', '/api/v3/order/oco', {
        symbol: 'ETHUSDT',
        side: 'BUY',
        quantity: '1',
        price: '1900',
        stopPrice: '2100',
        stopLimitPrice: '2110',
        stopLimitTimeInForce: 'GTC',
        limitClientOrderId: 'profit',
        stopClientOrderId: 'loss',
      }),
    );
    assert.deepEqual(
      (old['orderReports'] as Record<string, unknown>[]).map((report) => [
        report['clientOrderId'],
        report['type'],
        report['price'],
      ]),
      [
        ['loss', 'STOP_LOSS_LIMIT', '2110.00000000'],
        ['profit', 'LIMIT_MAKER', '1900.00000000'],
      ],
    );
    const gone = await wire.signed('DELETE', '/api/v3/orderList', {
      symbol: 'ETHUSDT',
      orderListId: Number(old['orderListId']),
    });
    assert.equal(gone.status, 200);
    assert.equal(
      problem(
        await wire.signed('DELETE', '/api/v3/orderList', {
          symbol: 'ETHUSDT',
          orderListId: Number(old['orderListId']),
        }),
      ),
      '400 -2011 Unknown order sent.',
    );
    const all = (await wire.signed('GET', '/api/v3/allOrderList')).body as unknown[];
    assert.equal(all.length, 2);
    const oto = record(
      await wire.signed('POST', '/api/v3/orderList/oto', {
        symbol: 'ETHUSDT',
        workingType: 'LIMIT',
        workingSide: 'BUY',
        workingPrice: '1900',
        workingQuantity: '1',
        workingTimeInForce: 'GTC',
        pendingType: 'MARKET',
        pendingSide: 'SELL',
        pendingQuantity: '1',
      }),
    );
    assert.equal(oto['contingencyType'], 'OTO');
    const otoco = record(
      await wire.signed('POST', '/api/v3/orderList/otoco', {
        symbol: 'ETHUSDT',
        workingType: 'LIMIT_MAKER',
        workingSide: 'BUY',
        workingPrice: '1900',
        workingQuantity: '1',
        pendingSide: 'SELL',
        pendingQuantity: '1',
        pendingAboveType: 'TAKE_PROFIT_LIMIT',
        pendingAbovePrice: '2090',
        pendingAboveStopPrice: '2100',
        pendingAboveTimeInForce: 'GTC',
        pendingBelowType: 'STOP_LOSS',
        pendingBelowStopPrice: '1800',
      }),
    );
    assert.equal((otoco['orders'] as unknown[]).length, 3);
    wire.lab.move(1899);
    const open = (await wire.signed('GET', '/api/v3/openOrders')).body as unknown[];
    assert.equal(open.length, 2, "the OTO's sale is done, the OTOCO's legs wait");
  });
});

test('[X21] the legs of an OCO have their kinds and sides', async () => {
  await withWire(async (wire) => {
    const rows: readonly (readonly [string, Fields])[] = [
      ['400 -1166 A limit order in a sell OCO must be above.', { belowType: 'LIMIT_MAKER' }],
      ['400 -1165 A limit order in a buy OCO must be below.', { side: 'BUY' }],
      ['400 -1197 A stop loss order in a sell OCO must be below.', { aboveType: 'STOP_LOSS' }],
      [
        '400 -1196 A stop loss order in a buy OCO must be above.',
        { side: 'BUY', aboveType: 'STOP_LOSS' },
      ],
      [
        '400 -1199 A take profit order in a sell OCO must be above.',
        { belowType: 'TAKE_PROFIT_LIMIT' },
      ],
      [
        '400 -1198 A take profit order in a buy OCO must be below.',
        { side: 'BUY', aboveType: 'TAKE_PROFIT', belowType: 'LIMIT_MAKER' },
      ],
      ['400 -1158 Order type not supported in OCO.', { aboveType: 'MARKET' }],
      [
        '400 -2010 The relationship of the prices for the orders is not correct.',
        { abovePrice: '1999' },
      ],
    ];
    for (const [expected, more] of rows) {
      const reply = await wire.signed('POST', '/api/v3/orderList/oco', { ...OCO, ...more });
      assert.equal(problem(reply), expected);
    }
  });
});

test('[X15] cancels over the wire', async () => {
  await withWire(async (wire) => {
    await wire.signed('POST', ORDER, { ...LIMIT_BUY, newClientOrderId: 'mine' });
    const cancel = (fields: Fields): Promise<Reply> =>
      wire.signed('DELETE', ORDER, { symbol: 'ETHUSDT', ...fields });
    assert.equal(
      problem(await cancel({ origClientOrderId: 'mine', cancelRestrictions: 'ODD' })),
      '400 -1145 Invalid cancelRestrictions',
    );
    assert.equal(
      problem(await cancel({})),
      "400 -1102 Param 'origClientOrderId' or 'orderId' must be sent, but both were empty/null!",
    );
    const done = record(await cancel({ origClientOrderId: 'mine', newClientOrderId: 'bye' }));
    assert.deepEqual([done['status'], done['clientOrderId']], ['CANCELED', 'bye']);
    assert.equal(
      problem(await cancel({ origClientOrderId: 'mine' })),
      '400 -2011 Unknown order sent.',
    );
    assert.equal(
      problem(await wire.signed('DELETE', '/api/v3/openOrders', { symbol: 'ETHUSDT' })),
      '400 -2011 Unknown order sent.',
    );
  });
});

test('[X35] a test order is checked and leaves no trace', async () => {
  await withWire(async (wire) => {
    const path = `${ORDER}/test`;
    assert.deepEqual((await wire.signed('POST', path, LIMIT_BUY)).body, {});
    const rates = record(
      await wire.signed('POST', path, { ...LIMIT_BUY, computeCommissionRates: true }),
    );
    assert.deepEqual(rates['standardCommissionForOrder'], {
      maker: '0.00100000',
      taker: '0.00100000',
    });
    assert.equal(
      problem(await wire.signed('POST', path, { ...LIMIT_BUY, price: '1990.001' })),
      '400 -1013 Filter failure: PRICE_FILTER',
    );
    assert.deepEqual(wire.lab.events, []);
  });
});

test('[X36] an account shows its balances, fees and rights', async () => {
  await withWire(async (wire) => {
    await wire.signed('POST', ORDER, LIMIT_BUY);
    const account = record(await wire.signed('GET', '/api/v3/account'));
    assert.deepEqual(account['balances'], [
      { asset: 'ETH', free: '10.00000000', locked: '0.00000000' },
      { asset: 'USDT', free: '9005.00000000', locked: '995.00000000' },
    ]);
    assert.deepEqual([account['makerCommission'], account['canWithdraw']], [10, false]);
    wire.lab.exchange.deposit(1, 'ETH', '-10');
    const without0 = record(
      await wire.signed('GET', '/api/v3/account', { omitZeroBalances: true }),
    );
    assert.equal((without0['balances'] as unknown[]).length, 1);
    const commission = record(
      await wire.signed('GET', '/api/v3/account/commission', { symbol: 'ETHUSDT' }),
    );
    assert.deepEqual(commission['standardCommission'], {
      maker: '0.00100000',
      taker: '0.00100000',
      buyer: '0.00000000',
      seller: '0.00000000',
    });
    const filters = record(await wire.signed('GET', '/api/v3/myFilters', { symbol: 'ETHUSDT' }));
    assert.deepEqual(filters['symbolFilters'], ethUsdt().info['filters']);
    assert.deepEqual(
      (await wire.signed('GET', '/api/v3/myAllocations', { symbol: 'ETHUSDT' })).body,
      [],
    );
  });
});

test('[X14] prevented matches can be asked for', async () => {
  await withWire(async (wire) => {
    const sell = { ...LIMIT_BUY, side: 'SELL', price: '1999.995', quantity: '0.1' };
    const maker = record(await wire.signed('POST', ORDER, { ...sell, price: '2000.00' }));
    const taker = record(
      await wire.signed('POST', ORDER, {
        ...LIMIT_BUY,
        price: '2000.00',
        quantity: '0.2',
        selfTradePreventionMode: 'EXPIRE_TAKER',
      }),
    );
    assert.equal(taker['status'], 'EXPIRED_IN_MATCH');
    assert.equal(taker['preventedQuantity'], '0.20000000');
    const ask = async (fields: Fields): Promise<unknown> =>
      (await wire.signed('GET', '/api/v3/myPreventedMatches', { symbol: 'ETHUSDT', ...fields }))
        .body;
    const expected = [
      {
        symbol: 'ETHUSDT',
        preventedMatchId: 0,
        takerOrderId: taker['orderId'],
        makerSymbol: 'ETHUSDT',
        makerOrderId: maker['orderId'],
        tradeGroupId: 1,
        selfTradePreventionMode: 'EXPIRE_TAKER',
        price: '2000.00000000',
        takerPreventedQuantity: '0.20000000',
        transactTime: wire.lab.clock.market,
      },
    ];
    assert.deepEqual(await ask({ preventedMatchId: 0 }), expected);
    assert.deepEqual(await ask({ orderId: Number(maker['orderId']) }), expected);
    assert.deepEqual(await ask({ orderId: Number(taker['orderId']), fromPreventedMatchId: 1 }), []);
  });
});

test('[X17] amendments over the wire, and their history', async () => {
  await withWire(async (wire) => {
    const order = record(await wire.signed('POST', ORDER, { ...LIMIT_BUY, newClientOrderId: 'a' }));
    const orderId = Number(order['orderId']);
    const amended = record(
      await wire.signed('PUT', `${ORDER}/amend/keepPriority`, {
        symbol: 'ETHUSDT',
        orderId,
        newQty: '0.3',
        newClientOrderId: 'b',
      }),
    );
    const body = amended['amendedOrder'] as Record<string, unknown>;
    assert.deepEqual(
      [body['qty'], body['origClientOrderId'], body['clientOrderId']],
      ['0.30000000', 'a', 'b'],
    );
    const history = await wire.signed('GET', `${ORDER}/amendments`, { symbol: 'ETHUSDT', orderId });
    assert.deepEqual(history.body, [
      {
        symbol: 'ETHUSDT',
        orderId,
        executionId: amended['executionId'],
        origClientOrderId: 'a',
        newClientOrderId: 'b',
        origQty: '0.50000000',
        newQty: '0.30000000',
        time: wire.lab.clock.market,
      },
    ]);
    const byNew = await wire.signed('GET', ORDER, { symbol: 'ETHUSDT', origClientOrderId: 'b' });
    assert.equal(record(byNew)['origQty'], '0.30000000');
    assert.equal(
      problem(
        await wire.signed('PUT', `${ORDER}/amend/keepPriority`, {
          symbol: 'ETHUSDT',
          orderId: 999,
          newQty: '0.1',
        }),
      ),
      '400 -2038 Unknown order sent.',
    );
  });
});

test('[X49] every code that the venue answers with is documented under its name', (context) => {
  const undocumented = new Set([-1131, -1136, -2038, -4056]);
  const source = new URL('binance-spot-error-codes.csv', DOCS);
  if (!existsSync(source)) {
    context.skip('the documentation examples are not there');
    return;
  }
  const names = new Map<number, string>();
  for (const line of readFileSync(source, 'utf8').split('\n')) {
    const [code, name] = line.split(',');
    names.set(Number(code), name ?? '');
  }
  for (const [code, name] of Object.entries(ERROR_NAMES)) {
    if (undocumented.has(Number(code))) continue;
    const documented = names.get(Number(code));
    assert.ok(documented !== undefined, `${code} is not documented`);
    if (Number(code) !== -2021 && Number(code) !== -2022) assert.equal(name, documented);
  }
});

test('[X50] every answer tells the weight used, orders also their count', async () => {
  await withWire(async (wire) => {
    const used = async (reply: Promise<Reply>): Promise<number> =>
      Number((await reply).headers['x-mbx-used-weight-1m']);
    assert.equal(await used(wire.get('/api/v3/ping')), 1);
    assert.equal(await used(wire.get('/api/v3/depth', { symbol: 'ETHUSDT', limit: 5000 })), 251);
    assert.equal(await used(wire.get('/api/v3/ticker/24hr')), 331);
    assert.equal(await used(wire.get('/api/v3/ticker', { symbols: '["ETHUSDT"]' })), 335);
    wire.lab.clock.advance(60_000);
    const order = await wire.signed('POST', ORDER, LIMIT_BUY);
    assert.deepEqual(
      ['x-mbx-used-weight-1m', 'x-mbx-order-count-10s', 'x-mbx-order-count-1d'].map(
        (name) => order.headers[name],
      ),
      ['1', '1', '1'],
    );
    assert.deepEqual((await wire.signed('GET', '/api/v3/rateLimit/order')).body, [
      { rateLimitType: 'ORDERS', interval: 'SECOND', intervalNum: 10, limit: 100, count: 1 },
      { rateLimitType: 'ORDERS', interval: 'DAY', intervalNum: 1, limit: 200_000, count: 1 },
    ]);
  });
});

test('[X51] too much weight is answered 429, then the address is banned, longer each time', async () => {
  await withWire(
    async (wire) => {
      const { clock } = wire.lab;
      const info = (): Promise<Reply> => wire.get('/api/v3/exchangeInfo');
      for (let count = 0; count < 5; count += 1) assert.equal((await info()).status, 200);
      clock.advance(1000);
      const limited = await info();
      assert.equal(
        problem(limited),
        '429 -1003 Too much request weight used; current limit is 100 request weight per 1 MINUTE. Please use WebSocket Streams for live updates to avoid polling the API.',
      );
      const windowEnds = Math.ceil(clock.wall / 60_000) * 60_000;
      assert.equal(
        limited.headers['retry-after'],
        String(Math.ceil((windowEnds - clock.wall) / 1000)),
      );
      assert.equal((await info()).status, 429);
      assert.equal((await info()).status, 429);
      const banned = await info();
      const until = clock.wall + 120_000;
      assert.equal(
        problem(banned),
        `418 -1003 Way too much request weight used; IP banned until ${until}. Please use WebSocket Streams for live updates to avoid bans.`,
      );
      assert.equal(banned.headers['retry-after'], '120');
      clock.advance(119_000);
      assert.equal((await wire.get('/api/v3/ping')).status, 418);
      clock.advance(1001);
      assert.equal((await wire.get('/api/v3/ping')).status, 200);
      let last = await info();
      for (let count = 0; count < 9; count += 1) last = await info();
      assert.equal(last.status, 418);
      assert.equal(last.headers['retry-after'], '240');
    },
    { limits: { isEnabled: true, requestWeightPerMinute: 100, ignoredBeforeBan: 3 } },
  );
});

test('[X34] unfilled orders are counted by account, and trading takes off the count', async () => {
  const limits = { ...BINANCE_LIMITS, isEnabled: true, ordersPer10Seconds: 3 };
  const lab = new Lab({ limits });
  await withWire(
    async (wire) => {
      const count = async (): Promise<unknown> =>
        (
          (await wire.signed('GET', '/api/v3/rateLimit/order')).body as Record<string, unknown>[]
        )[0]?.['count'];
      const order = { ...LIMIT_BUY, quantity: '0.01' };
      await wire.signed('POST', ORDER, order);
      await wire.signed('POST', ORDER, { ...order, price: '1990.001' });
      assert.equal(await count(), 1, 'a refused order does not count');
      await wire.signed('POST', ORDER, { ...order, price: '2005' });
      assert.equal(await count(), 1, 'an order that trades at once does not count');
      await wire.signed('POST', ORDER, order);
      assert.equal(await count(), 2);
      assert.equal(
        problem(await wire.signed('POST', '/api/v3/orderList/oco', OCO)),
        '429 -1015 Too many new orders; current limit is 3 orders per 10 SECOND.',
      );
      await wire.signed('POST', ORDER, order);
      const limited = await wire.signed('POST', ORDER, order);
      assert.equal(limited.status, 429);
      assert.ok(Number(limited.headers['retry-after']) <= 10);
      const replace = {
        ...order,
        cancelReplaceMode: 'STOP_ON_FAILURE',
        cancelOrigClientOrderId: 'none',
      };
      assert.equal((await wire.signed('POST', `${ORDER}/cancelReplace`, replace)).status, 429);
      const [open] = (await wire.signed('GET', '/api/v3/openOrders')).body as Record<
        string,
        unknown
      >[];
      const only = await wire.signed('POST', `${ORDER}/cancelReplace`, {
        ...order,
        cancelReplaceMode: 'ALLOW_FAILURE',
        cancelOrderId: Number(open?.['orderId']),
        orderRateLimitExceededMode: 'CANCEL_ONLY',
      });
      assert.deepEqual([only.status, record(only)['code']], [409, -2021]);
      lab.move(1980);
      assert.equal(await count(), 0, 'a maker fill takes off more');
      lab.clock.advance(10_000);
      assert.equal((await wire.signed('POST', ORDER, order)).status, 200);
    },
    { lab },
  );
});

test('[X52] times come in microseconds when asked for', async () => {
  await withWire(async (wire) => {
    const { clock } = wire.lab;
    const micro = { 'X-MBX-TIME-UNIT': 'MICROSECOND' };
    const time = await wire.get('/api/v3/time', {}, micro);
    assert.deepEqual(time.body, { serverTime: clock.wall * 1000 });
    const klines = await wire.get('/api/v3/klines', { symbol: 'ETHUSDT', interval: '1m' }, micro);
    const [row] = klines.body as number[][];
    assert.equal(Number(row?.[6]) - Number(row?.[0]), 59_999_999);
    const wrong = await wire.get('/api/v3/time', {}, { 'X-MBX-TIME-UNIT': 'YEAR' });
    assert.equal(
      problem(wrong),
      '400 -1194 Invalid value for time unit; expected either MICROSECOND or MILLISECOND.',
    );
  });
});

test('[X53] faults answer before or after the request took effect, or never', async () => {
  await withWire(async (wire) => {
    const { faults, exchange } = wire.lab;
    const open = (): number | undefined => exchange.account(1)?.openOrders.size;
    faults.arm({ kind: 'errorBeforeAccept', count: 1 });
    assert.equal((await wire.signed('POST', ORDER, LIMIT_BUY)).status, 503);
    assert.equal(open(), 0);
    faults.arm({ kind: 'errorAfterAccept', count: 1 });
    assert.equal((await wire.signed('POST', ORDER, LIMIT_BUY)).status, 503);
    assert.equal(open(), 1);
    faults.arm({ kind: 'acceptThenTimeout', count: 1, path: '/api/v3/time' });
    const request = httpRequest({ port: wire.port, path: '/api/v3/time', timeout: 200 });
    request.end();
    request.on('error', () => undefined);
    await once(request, 'timeout');
    request.destroy();
    assert.equal((await wire.get('/api/v3/time')).status, 200);
  });
});
