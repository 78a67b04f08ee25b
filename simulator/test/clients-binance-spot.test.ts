// SPDX-License-Identifier: Apache-2.0
// Binance's own connector as it comes, REST, WebSocket API and streams, with nothing but its addresses changed.

import assert from 'node:assert/strict';
import { generateKeyPairSync } from 'node:crypto';
import { test } from 'node:test';
import { Spot, SpotRestAPI, SpotWebsocketAPI } from '@binance/spot';
import { startSimulator, type RunningSimulator } from '../src/compose.ts';
import { until } from './venue-client.ts';

const SYMBOL = 'ETHUSDT';
const {
  NewOrderSideEnum: Side,
  NewOrderTypeEnum: Type,
  NewOrderTimeInForceEnum: Tif,
} = SpotRestAPI;

async function withSpot(
  use: (spot: Spot, simulator: RunningSimulator) => Promise<void>,
): Promise<void> {
  const pair = generateKeyPairSync('ed25519');
  const simulator = await startSimulator({
    market: { kind: 'synthetic', symbols: ['BTCUSDT', SYMBOL] },
    seed: 'spot',
    speed: 0,
    accounts: [
      { name: 'hmac', balances: { USDT: '1000000', ETH: '100' } },
      {
        name: 'ed25519',
        balances: { USDT: '1000000', ETH: '100' },
        publicKeyPem: pair.publicKey.export({ type: 'spki', format: 'pem' }).toString(),
      },
    ],
  });
  const [hmac, ed25519] = simulator.accounts;
  const spot = new Spot({
    configurationRestAPI: {
      apiKey: hmac?.apiKey ?? '',
      apiSecret: hmac?.secret ?? '',
      basePath: simulator.rest,
      retries: 0,
      timeout: 10_000,
    },
    configurationWebsocketAPI: {
      apiKey: ed25519?.apiKey ?? '',
      privateKey: pair.privateKey.export({ type: 'pkcs8', format: 'pem' }).toString(),
      wsURL: simulator.wsApi,
    },
    configurationWebsocketStreams: { wsURL: simulator.streams },
  });
  try {
    await simulator.step({ points: 20 });
    await use(spot, simulator);
  } finally {
    await simulator.stop();
  }
}

async function dataOf<T>(response: Promise<{ data: () => Promise<T> }>): Promise<T> {
  return (await response).data();
}

function round(price: number): number {
  return Number(price.toFixed(2));
}

async function lastPrice(spot: Spot): Promise<number> {
  const ticker = await dataOf(spot.restAPI.ticker24hr({ symbol: SYMBOL }));
  return Number((ticker as { lastPrice?: string }).lastPrice);
}

test('[X92] the connector reads the market and trades over REST', async () => {
  await withSpot(async (spot, simulator) => {
    const rest = spot.restAPI;
    await dataOf(rest.ping());
    const info = await dataOf(rest.exchangeInfo({ symbol: SYMBOL }));
    assert.equal(info.symbols?.[0]?.symbol, SYMBOL);
    assert.equal((await dataOf(rest.depth({ symbol: SYMBOL, limit: 5 }))).bids?.length, 5);
    const interval = SpotRestAPI.KlinesIntervalEnum.INTERVAL_1m;
    assert.equal((await dataOf(rest.klines({ symbol: SYMBOL, interval, limit: 2 }))).length, 2);
    const price = await lastPrice(spot);
    const order = { symbol: SYMBOL, side: Side.BUY };
    const bought = await dataOf(rest.newOrder({ ...order, type: Type.MARKET, quantity: 1 }));
    assert.equal(bought.status, 'FILLED');
    const limit = await dataOf(
      rest.newOrder({
        ...order,
        type: Type.LIMIT,
        timeInForce: Tif.GTC,
        quantity: 0.5,
        price: round(price * 0.95),
      }),
    );
    assert.equal(limit.status, 'NEW');
    const orderId = limit.orderId ?? 0;
    assert.equal((await dataOf(rest.getOrder({ symbol: SYMBOL, orderId }))).origQty, '0.50000000');
    const amended = await dataOf(
      rest.orderAmendKeepPriority({ symbol: SYMBOL, orderId, newQty: 0.4 }),
    );
    assert.equal(amended.amendedOrder?.qty, '0.40000000');
    const replaced = await dataOf(
      rest.orderCancelReplace({
        symbol: SYMBOL,
        side: SpotRestAPI.OrderCancelReplaceSideEnum.BUY,
        type: SpotRestAPI.OrderCancelReplaceTypeEnum.LIMIT,
        cancelReplaceMode: SpotRestAPI.OrderCancelReplaceCancelReplaceModeEnum.STOP_ON_FAILURE,
        timeInForce: SpotRestAPI.OrderCancelReplaceTimeInForceEnum.GTC,
        quantity: 0.5,
        price: round(price * 0.94),
        cancelOrderId: orderId,
      }),
    );
    assert.equal(replaced.newOrderResult, 'SUCCESS');
    const oco = await dataOf(
      rest.orderListOco({
        symbol: SYMBOL,
        side: SpotRestAPI.OrderListOcoSideEnum.SELL,
        quantity: 0.5,
        aboveType: SpotRestAPI.OrderListOcoAboveTypeEnum.LIMIT_MAKER,
        abovePrice: round(price * 1.1),
        belowType: SpotRestAPI.OrderListOcoBelowTypeEnum.STOP_LOSS_LIMIT,
        belowPrice: round(price * 0.89),
        belowStopPrice: round(price * 0.9),
        belowTimeInForce: SpotRestAPI.OrderListOcoBelowTimeInForceEnum.GTC,
      }),
    );
    assert.equal(oco.contingencyType, 'OCO');
    const opened = await dataOf(rest.getOpenOrders({ symbol: SYMBOL }));
    assert.equal(opened.length, 3);
    const account = await dataOf(rest.getAccount({ omitZeroBalances: true }));
    const eth = account.balances?.find((balance) => balance.asset === 'ETH');
    assert.deepEqual([eth?.free, eth?.locked], ['100.49900000', '0.50000000']);
    const trades = await dataOf(rest.myTrades({ symbol: SYMBOL }));
    assert.ok(trades.every((trade) => trade.orderId === bought.orderId));
    assert.equal((await dataOf(rest.deleteOpenOrders({ symbol: SYMBOL }))).length, 2);
    assert.equal(simulator.exchange.account(1)?.openOrders.size, 0);
  });
});

test('[X92] the connector knows our errors by their classes', async () => {
  await withSpot(async (spot, simulator) => {
    const rest = spot.restAPI;
    const named = (name: string, code: number) => (error: unknown) =>
      error instanceof Error &&
      error.constructor.name === name &&
      'code' in error &&
      error.code === code;
    await assert.rejects(
      rest.getOrder({ symbol: SYMBOL, orderId: 999_999 }),
      named('BadRequestError', -2013),
    );
    await assert.rejects(
      rest.newOrder({
        symbol: SYMBOL,
        side: Side.BUY,
        type: Type.LIMIT,
        timeInForce: Tif.GTC,
        quantity: 900,
        price: round(await lastPrice(spot)),
      }),
      named('BadRequestError', -2010),
    );
    const stranger = new Spot({
      configurationRestAPI: {
        apiKey: 'stranger',
        apiSecret: 'x',
        basePath: simulator.rest,
        retries: 0,
      },
    });
    await assert.rejects(stranger.restAPI.getAccount(), named('UnauthorizedError', -2015));
  });
});

test('[X93] the connector logs a session on, trades and hears its events', async () => {
  await withSpot(async (spot) => {
    const connection = await spot.websocketAPI.connect();
    try {
      await connection.ping();
      await connection.sessionLogon();
      const { stream } = await connection.userDataStreamSubscribe();
      const heard: string[] = [];
      stream.on('message', (event: unknown) => {
        const { e, x } = event as { e?: string; x?: string };
        heard.push(`${e ?? ''} ${x ?? ''}`.trim());
      });
      const placed = await connection.orderPlace({
        symbol: SYMBOL,
        side: SpotWebsocketAPI.OrderPlaceSideEnum.BUY,
        type: SpotWebsocketAPI.OrderPlaceTypeEnum.MARKET,
        quantity: 0.1,
      });
      assert.equal(placed.data?.status, 'FILLED');
      await until(() => heard.includes('outboundAccountPosition'), 'the account position');
      assert.deepEqual(
        new Set(heard),
        new Set(['executionReport NEW', 'executionReport TRADE', 'outboundAccountPosition']),
      );
      const status = await connection.sessionStatus();
      assert.equal(status.data?.userDataStream, true);
      await assert.rejects(
        connection.orderCancel({ symbol: SYMBOL, orderId: 999_999 }),
        (error: unknown) => (error as { code?: number }).code === -2011,
      );
    } finally {
      await connection.disconnect();
    }
  });
});

test('[X93] the connector hears the market over its streams', async () => {
  await withSpot(async (spot, simulator) => {
    const connection = await spot.websocketStreams.connect();
    let price: string | undefined;
    connection.trade({ symbol: SYMBOL.toLowerCase() }).on('message', (trade) => {
      price = trade.p;
    });
    await until(() => {
      void simulator.step({ points: 3 });
      return price !== undefined;
    }, 'a trade');
    assert.ok(Number(price) > 0);
    await connection.disconnect();
  });
});
