// SPDX-License-Identifier: Apache-2.0
// An exchange to follow, on loopback: it tells in Binance's form what a test lets happen, and fails as the test says.

import assert from 'node:assert/strict';
import { createServer, type Server, type ServerResponse } from 'node:http';

import { WebSocketServer, type WebSocket } from 'ws';
import type { FollowStreamRules } from '../src/market/follow-stream.ts';
import { isInterval } from '@kontor/core';
import { windowEnd, windowStart } from '../src/market/intervals.ts';
import { startSimulator, type RunningSimulator, type SimulatorOptions } from '../src/index.ts';

export interface FollowedTrade {
  readonly a: number;
  readonly p: string;
  readonly q: string;
  readonly f: number;
  readonly l: number;
  readonly T: number;
  readonly m: boolean;
}

/** What an answer is, when it is not the usual one. */
export interface Answer {
  readonly status: number;
  readonly body: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

const SYMBOL = 'BTCUSDT';
const MINUTE_MS = 60_000;

export const LISTING: Readonly<Record<string, unknown>> = {
  symbol: SYMBOL,
  status: 'TRADING',
  baseAsset: 'BTC',
  quoteAsset: 'USDT',
  filters: [
    { filterType: 'PRICE_FILTER', minPrice: '0.01', maxPrice: '1000000.00', tickSize: '0.01' },
    { filterType: 'LOT_SIZE', minQty: '0.00001', maxQty: '9000', stepSize: '0.00001' },
    { filterType: 'NOTIONAL', minNotional: '5.00', maxNotional: '9000000.00' },
  ],
};

/** Everything quicker than at a real exchange. */
export const QUICK: FollowStreamRules = {
  pingEveryMs: 20,
  silenceMsMax: 1_000,
  lifetimeMs: 86_400_000,
  overlapMs: 50,
  reconnectMsMin: 20,
  reconnectMsMax: 160,
  stableMs: 60_000,
};

export class FollowedExchange {
  rest = '';
  streams = '';
  readonly trades: FollowedTrade[] = [];
  /** Best bid and ask with their quantities. */
  quotes: readonly [string, string, string, string] = ['99.99', '1.5', '100.01', '2.5'];
  listing: Readonly<Record<string, unknown>> = LISTING;
  /** Its clock minus this computer's. */
  skewMs = 0;
  /** No pong leaves while set. */
  isMute = false;
  /** Connections are refused while set. */
  isShut = false;
  readonly requests: string[] = [];
  /** When each connection came. */
  readonly connections: number[] = [];
  /** Answers instead of the usual. */
  intercept: (path: string, query: URLSearchParams) => Answer | 'hang' | undefined = () =>
    undefined;
  readonly #server: Server;
  readonly #sockets: WebSocketServer;
  #updateId = 1;

  constructor() {
    this.#server = createServer((request, response) => {
      const url = new URL(request.url ?? '/', 'http://followed');
      this.requests.push(`${url.pathname}${url.search}`);
      const answer = this.intercept(url.pathname, url.searchParams) ?? {
        status: 200,
        body: this.#body(url.pathname, url.searchParams),
      };
      if (answer !== 'hang') send(response, answer);
    });
    this.#sockets = new WebSocketServer({
      noServer: true,
      autoPong: false,
      perMessageDeflate: false,
    });
    this.#server.on('upgrade', (request, socket, head) => {
      this.connections.push(performance.now());
      if (this.isShut) {
        socket.destroy();
        return;
      }
      this.#sockets.handleUpgrade(request, socket, head, (webSocket) => {
        webSocket.on('ping', (data) => {
          if (!this.isMute) webSocket.pong(data);
        });
        webSocket.on('error', () => undefined);
      });
    });
  }

  async open(port = 0): Promise<this> {
    await new Promise<void>((resolve) => this.#server.listen(port, '127.0.0.1', resolve));
    const address = this.#server.address();
    assert.ok(address !== null && typeof address === 'object');
    this.rest = `http://127.0.0.1:${address.port}`;
    this.streams = `ws://127.0.0.1:${address.port}`;
    return this;
  }

  async close(): Promise<void> {
    this.cut();
    this.#sockets.close();
    if (!this.#server.listening) return;
    const closed = new Promise((resolve) => this.#server.close(resolve));
    this.#server.closeAllConnections();
    await closed;
  }

  get clients(): readonly WebSocket[] {
    return [...this.#sockets.clients];
  }

  now(): number {
    return Date.now() + this.skewMs;
  }

  /** A trade that nobody hears of; `say` tells it. */
  trade(price: string, quantity = '0.1', options: Partial<FollowedTrade> = {}): FollowedTrade {
    const last = this.trades.at(-1);
    const id = (last?.a ?? 0) + 1;
    const first = (last?.l ?? 0) + 1;
    const trade = {
      a: id,
      p: price,
      q: quantity,
      f: first,
      l: first,
      T: Math.max(this.now(), last?.T ?? 0),
      m: false,
      ...options,
    };
    this.trades.push(trade);
    return trade;
  }

  say(trade: FollowedTrade): void {
    this.sayRaw('aggTrade', { e: 'aggTrade', E: this.now(), s: SYMBOL, M: true, ...trade });
  }

  /** A trade that all listeners hear. */
  print(price: string, quantity = '0.1', options: Partial<FollowedTrade> = {}): FollowedTrade {
    const trade = this.trade(price, quantity, options);
    this.say(trade);
    return trade;
  }

  quote(bid: string, bidQuantity: string, ask: string, askQuantity: string): void {
    this.quotes = [bid, bidQuantity, ask, askQuantity];
    this.#updateId += 1;
    this.sayRaw('bookTicker', {
      u: this.#updateId,
      s: SYMBOL,
      b: bid,
      B: bidQuantity,
      a: ask,
      A: askQuantity,
    });
  }

  sayRaw(topic: string, data: unknown): void {
    this.sayText(JSON.stringify({ stream: `${SYMBOL.toLowerCase()}@${topic}`, data }));
  }

  sayText(text: string): void {
    for (const client of this.#sockets.clients) client.send(text);
  }

  /** Cuts all connections without a word. */
  cut(): void {
    for (const client of this.#sockets.clients) client.terminate();
  }

  /** Klines of the trades so far, as Binance has them: a minute without trades shows the last close. */
  klines(interval: string, query: URLSearchParams): readonly (readonly unknown[])[] {
    assert.ok(isInterval(interval), interval);
    const first = this.trades[0];
    const rows: (readonly unknown[])[] = [];
    if (first === undefined) return rows;
    let close = first.p;
    let index = 0;
    const endMs = Math.max(this.now(), this.trades.at(-1)?.T ?? 0);
    for (let at = windowStart(interval, first.T); at <= endMs; at = windowEnd(interval, at)) {
      const inside: FollowedTrade[] = [];
      for (; index < this.trades.length; index += 1) {
        const trade = this.trades[index];
        if (trade === undefined || trade.T >= windowEnd(interval, at)) break;
        inside.push(trade);
      }
      const prices = inside.map(({ p }) => Number(p));
      const sum = (pick: (trade: FollowedTrade) => number): string =>
        inside.reduce((total, trade) => total + pick(trade), 0).toFixed(8);
      const open = inside[0]?.p ?? close;
      close = inside.at(-1)?.p ?? close;
      const extreme = (of: (...values: number[]) => number): string =>
        prices.length === 0 ? close : of(...prices).toFixed(8);
      rows.push([
        at,
        open,
        extreme(Math.max),
        extreme(Math.min),
        close,
        sum(({ q }) => Number(q)),
        windowEnd(interval, at) - 1,
        sum(({ p, q }) => Number(p) * Number(q)),
        inside.reduce((count, { f, l }) => count + l - f + 1, 0),
        sum(({ q, m }) => (m ? 0 : Number(q))),
        sum(({ p, q, m }) => (m ? 0 : Number(p) * Number(q))),
        '0',
      ]);
    }
    const from = Number(query.get('startTime') ?? Number.NEGATIVE_INFINITY);
    const to = Number(query.get('endTime') ?? Number.POSITIVE_INFINITY);
    const limit = Number(query.get('limit') ?? 500);
    const found = rows.filter(([openMs]) => Number(openMs) >= from && Number(openMs) <= to);
    return query.has('startTime') ? found.slice(0, limit) : found.slice(-limit);
  }

  #body(path: string, query: URLSearchParams): unknown {
    const [bidPrice, bidQty, askPrice, askQty] = this.quotes;
    switch (path) {
      case '/api/v3/time':
        return { serverTime: this.now() };
      case '/api/v3/exchangeInfo':
        return { symbols: [this.listing] };
      case '/api/v3/klines':
        return this.klines(query.get('interval') ?? '', query);
      case '/api/v3/aggTrades':
        return this.#aggregates(query);
      case '/api/v3/ticker/bookTicker':
        return [{ symbol: SYMBOL, bidPrice, bidQty, askPrice, askQty }];
      default:
        return assert.fail(`nobody should ask for ${path}`);
    }
  }

  #aggregates(query: URLSearchParams): readonly FollowedTrade[] {
    const limit = Number(query.get('limit') ?? 500);
    const fromId = query.get('fromId');
    const startTime = query.get('startTime');
    if (fromId === null && startTime === null) return this.trades.slice(-limit);
    return this.trades
      .filter(({ a, T }) => a >= Number(fromId ?? 0) && T >= Number(startTime ?? 0))
      .slice(0, limit);
  }
}

/** A simulator that follows `exchange`, with one account that can pay for anything. */
export function follow(
  exchange: Pick<FollowedExchange, 'rest' | 'streams'>,
  options: SimulatorOptions & {
    readonly rules?: Partial<FollowStreamRules>;
    readonly symbols?: readonly string[];
  } = {},
): Promise<RunningSimulator> {
  const { rules, symbols, ...rest } = options;
  return startSimulator({
    market: {
      kind: 'follow',
      venue: 'test',
      addresses: { rest: exchange.rest, streams: exchange.streams },
      symbols: symbols ?? [SYMBOL],
      streamRules: { ...QUICK, ...rules },
    },
    accounts: [{ name: 'demo', balances: { USDT: '1000000', BTC: '1000' } }],
    seed: 'follow',
    isLimited: false,
    ...rest,
  });
}

export interface FollowStatus {
  readonly state: string;
  readonly marketMs: number;
  readonly source: {
    readonly reason: string;
    readonly trades: number;
    readonly gaps: number;
    readonly readAgain: number;
    readonly candlesWalked: number;
    readonly downs: number;
    readonly connects: number;
    readonly offsetMs: number;
    readonly isOwnTime: boolean;
  };
}

export function statusOf(simulator: RunningSimulator): FollowStatus {
  return simulator.status()['market'] as FollowStatus;
}

const WAIT_MS_MAX = 10_000;

/** Waits until `condition` holds. */
export async function until(
  condition: () => boolean,
  why: () => unknown = () => '',
): Promise<void> {
  const endMs = performance.now() + WAIT_MS_MAX;
  while (!condition()) {
    if (performance.now() > endMs) assert.fail(`did not come about: ${JSON.stringify(why())}`);
    await new Promise((resolve) => setTimeout(resolve, 2));
  }
}

export async function live(simulator: RunningSimulator): Promise<void> {
  await until(
    () => statusOf(simulator).state === 'running',
    () => simulator.status(),
  );
}

/** The minute that `ms` lies in. */
export function minuteOf(ms: number): number {
  return Math.floor(ms / MINUTE_MS) * MINUTE_MS;
}

function send(response: ServerResponse, { status, body, headers }: Answer): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(typeof body === 'string' ? body : JSON.stringify(body));
}
