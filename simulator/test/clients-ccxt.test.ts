// SPDX-License-Identifier: Apache-2.0
// ccxt as it comes, REST and WebSocket, with nothing but its addresses changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';
import ccxt, { type Order } from 'ccxt';
import { startSimulator, type RunningSimulator } from '../src/compose.ts';
import { until } from './venue-client.ts';

const PAIR = 'ETH/USDT';
const SEED = 'ccxt';
/** Addresses of the real exchange and what stands in for them. */
type Addresses = Readonly<Record<string, string>>;

/** Every string in `value` with the addresses exchanged. */
function exchanged(value: unknown, addresses: Addresses): unknown {
  if (typeof value === 'string') {
    return Object.entries(addresses).reduce((text, [from, to]) => text.replace(from, to), value);
  }
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, item]) => [name, exchanged(item, addresses)]),
  );
}

type Client = InstanceType<typeof ccxt.pro.binance>;

function connect(
  simulator: RunningSimulator,
  more: { readonly apiKey?: string; readonly secret?: string } = {},
): Client {
  const [account] = simulator.accounts;
  const client = new ccxt.pro.binance({
    apiKey: more.apiKey ?? account?.apiKey ?? '',
    secret: more.secret ?? account?.secret ?? '',
    options: { defaultType: 'spot', fetchMarkets: { types: ['spot'] } },
  });
  client.urls['api'] = exchanged(client.urls['api'], {
    'https://api.binance.com': simulator.rest,
    'wss://stream.binance.com:9443': simulator.streams,
    'wss://ws-api.binance.com:443/ws-api/v3': simulator.wsApi,
  }) as Client['urls']['api'];
  return client;
}

async function withClient(
  use: (client: Client, simulator: RunningSimulator) => Promise<void>,
): Promise<void> {
  const simulator = await startSimulator({
    market: { kind: 'synthetic', symbols: ['BTCUSDT', 'ETHUSDT'] },
    seed: SEED,
    speed: 0,
    accounts: [{ name: 'trader', balances: { USDT: '1000000', ETH: '100', BTC: '5' } }],
  });
  const client = connect(simulator);
  // ccxt asks for this before it talks to an address without TLS.
  await client.loadHttpProxyAgent();
  try {
    await client.loadMarkets();
    await simulator.step({ points: 20 });
    await use(client, simulator);
  } finally {
    await client.close();
    await simulator.stop();
  }
}

async function lastPrice(client: Client): Promise<number> {
  const { last } = await client.fetchTicker(PAIR);
  assert.ok(last !== undefined && last > 0);
  return last;
}

test('[X90] ccxt reads the market over REST', async () => {
  await withClient(async (client, simulator) => {
    const market = client.market(PAIR);
    assert.deepEqual(
      [market.precision.price, market.precision.amount, market.limits.cost?.min],
      [0.01, 0.0001, 5],
    );
    assert.equal((await client.fetchStatus())['status'], 'ok');
    assert.ok(Number(await client.fetchTime()) > 0);
    const price = await lastPrice(client);
    const book = await client.fetchOrderBook(PAIR, 5);
    assert.ok(Number(book.bids[0]?.[0]) < Number(book.asks[0]?.[0]));
    assert.deepEqual(Object.keys(await client.fetchTickers()).sort(), ['BTC/USDT', PAIR]);
    assert.deepEqual(Object.keys(await client.fetchBidsAsks()).sort(), ['BTC/USDT', PAIR]);
    assert.equal((await client.fetchOHLCV(PAIR, '1m', undefined, 5)).length, 5);
    const trades = await client.fetchTrades(PAIR, undefined, 3);
    assert.equal(trades.length, 3);
    assert.equal(trades.at(-1)?.price, price);
    assert.equal(simulator.market.symbols.length, 2);
  });
});

test('[X90] ccxt places, finds, changes and cancels every kind of order over REST', async () => {
  await withClient(async (client) => {
    const price = await lastPrice(client);
    const place = (
      type: string,
      side: string,
      factor?: number,
      params: Record<string, unknown> = {},
    ): Promise<Order> =>
      client.createOrder(
        PAIR,
        type,
        side,
        1,
        factor === undefined ? undefined : price * factor,
        params,
      ) as Promise<Order>;
    const market = await place('market', 'buy');
    assert.deepEqual([market.status, market.filled], ['closed', 1]);
    const byCost = await client.createMarketBuyOrderWithCost(PAIR, 1000);
    assert.ok(Number(byCost.cost) <= 1000 && Number(byCost.cost) > 990);
    const limit = await place('limit', 'buy', 0.95, { clientOrderId: 'mine' });
    assert.deepEqual([limit.status, limit.clientOrderId], ['open', 'mine']);
    assert.equal((await client.fetchOrder(String(limit.id), PAIR)).id, limit.id);
    const edited = await client.editOrder(String(limit.id), PAIR, 'limit', 'buy', 1, price * 0.94);
    assert.notEqual(edited.id, limit.id);
    assert.equal((await client.fetchOrder(String(limit.id), PAIR)).status, 'canceled');
    const statuses = [
      await place('limit', 'buy', 0.9, { postOnly: true }),
      await place('limit', 'buy', 0.9, { timeInForce: 'IOC' }),
      await place('limit', 'buy', 0.9, { timeInForce: 'FOK' }),
      await place('market', 'sell', undefined, { stopLossPrice: price * 0.9 }),
      await place('limit', 'sell', 1.2, { takeProfitPrice: price * 1.1 }),
      await place('market', 'sell', undefined, {
        trailingPercent: 1,
        stopLossOrTakeProfit: 'stopLoss',
      }),
    ].map((order) => order.status);
    assert.deepEqual(statuses, ['open', 'expired', 'expired', 'open', 'open', 'open']);
    const open = await client.fetchOpenOrders(PAIR);
    assert.equal(open.length, 5);
    assert.equal((await client.cancelOrder(String(edited.id), PAIR))['status'], 'canceled');
    assert.equal((await client.cancelAllOrders(PAIR)).length, 4);
    assert.equal((await client.fetchClosedOrders(PAIR)).length, 2);
    const trades = await client.fetchMyTrades(PAIR);
    assert.deepEqual(
      trades.map((trade) => [trade.order, trade.side, trade.takerOrMaker, trade.fee?.currency]),
      trades.map((trade) => [trade.order, 'buy', 'taker', 'ETH']),
    );
    assert.deepEqual(new Set(trades.map((trade) => trade.order)), new Set([market.id, byCost.id]));
    const balance = await client.fetchBalance();
    const fees = trades.reduce((sum, trade) => sum + Number(trade.fee?.cost), 0);
    const bought = 1 + Number(byCost.filled);
    assert.ok(Math.abs(Number(balance['ETH']?.total) - (100 + bought - fees)) < 1e-9);
    assert.equal(balance['USDT']?.used, 0);
    assert.equal((await client.fetchTradingFee(PAIR)).taker, 0.001);
  });
});

test('[X90] ccxt knows our errors by their classes', async () => {
  await withClient(async (client, simulator) => {
    const price = await lastPrice(client);
    await assert.rejects(client.fetchOrder('999999', PAIR), ccxt.OrderNotFound);
    await assert.rejects(client.cancelOrder('999999', PAIR), ccxt.OrderNotFound);
    await assert.rejects(
      client.createOrder(PAIR, 'limit', 'buy', 900, price * 0.9),
      ccxt.InsufficientFunds,
    );
    await assert.rejects(
      client.createOrder(PAIR, 'limit', 'buy', 1, price * 1.01, { postOnly: true }),
      ccxt.OrderImmediatelyFillable,
    );
    await client.createOrder(PAIR, 'limit', 'buy', 1, price * 0.9, { clientOrderId: 'twice' });
    await assert.rejects(
      client.createOrder(PAIR, 'limit', 'buy', 1, price * 0.9, { clientOrderId: 'twice' }),
      ccxt.InvalidOrder,
    );
    await assert.rejects(client.publicGetTickerPrice({ symbol: 'XXXYYY' }), ccxt.BadSymbol);
    for (const wrong of [{ secret: 'wrong' }, { apiKey: 'wrong' }]) {
      await assert.rejects(connect(simulator, wrong).fetchBalance(), ccxt.AuthenticationError);
    }
  });
});

test('[X91] ccxt hears its orders, fills and balances over the user stream', async () => {
  await withClient(async (client, simulator) => {
    const heard: Order[] = [];
    let balance: Awaited<ReturnType<Client['watchBalance']>> | undefined;
    let trades = 0;
    const over = new AbortController();
    const watch = async (listen: () => Promise<void>): Promise<void> => {
      while (!over.signal.aborted) await listen();
    };
    const watching = Promise.allSettled([
      watch(async () => void heard.push(...(await client.watchOrders(PAIR)))),
      watch(async () => void (balance = await client.watchBalance())),
      watch(async () => void (trades += (await client.watchMyTrades(PAIR)).length)),
    ]);
    const price = await lastPrice(client);
    // The subscription is there when something of the account is heard.
    await until(() => {
      simulator.exchange.deposit(1, 'BTC', '1');
      return balance !== undefined;
    }, 'the user stream to be open');
    const limit = await client.createOrder(PAIR, 'limit', 'buy', 1, price * 0.9);
    await until(() => heard.some((order) => order.id === limit.id), 'the open order');
    const market = await client.createOrder(PAIR, 'market', 'buy', 1);
    await until(
      () => heard.some((order) => order.id === market.id && order.status === 'closed'),
      'the filled order',
    );
    await until(() => trades > 0, 'the fill');
    await client.cancelOrder(String(limit.id), PAIR);
    await until(
      () => heard.some((order) => order.id === limit.id && order.status === 'canceled'),
      'the cancelled order',
    );
    await until(() => Number(balance?.['ETH']?.total) === 100.999, 'the balance after the fee');
    over.abort();
    await client.close();
    await watching;
  });
});

test('[X91] ccxt trades over the WebSocket API and watches the market', async () => {
  await withClient(async (client, simulator) => {
    const price = await lastPrice(client);
    const order = await client.createOrderWs(PAIR, 'limit', 'buy', 1, price * 0.9);
    assert.equal(order.status, 'open');
    assert.equal((await client.fetchOrderWs(String(order.id), PAIR)).id, order.id);
    assert.equal((await client.fetchOpenOrdersWs(PAIR)).length, 1);
    assert.equal((await client.cancelAllOrdersWs(PAIR)).length, 1);
    assert.equal((await client.fetchOHLCVWs(PAIR, '1m', undefined, 5)).length, 5);
    const over = new AbortController();
    const stepping = (async () => {
      while (!over.signal.aborted) {
        await simulator.step({ points: 5 });
        await new Promise((resolve) => setTimeout(resolve, 10));
      }
    })();
    const ticker = await client.watchTicker(PAIR);
    assert.ok(Number(ticker.last) > 0);
    const book = await client.watchOrderBook(PAIR);
    assert.ok(Number(book.bids[0]?.[0]) < Number(book.asks[0]?.[0]));
    assert.ok((await client.watchTrades(PAIR)).length > 0);
    assert.ok((await client.watchOHLCV(PAIR, '1m')).length > 0);
    over.abort();
    await stepping;
  });
});
