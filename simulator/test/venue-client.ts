// SPDX-License-Identifier: Apache-2.0
// A venue over real sockets, and the smallest client that signs for it.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { once } from 'node:events';
import {
  request as httpRequest,
  type IncomingHttpHeaders,
  type IncomingMessage,
  type Server,
} from 'node:http';
import type { AddressInfo } from 'node:net';
import { WebSocket } from 'ws';
import { BINANCE_LIMITS, RequestLimits, type LimitOptions } from '../src/limits.ts';
import { createRestServer } from '../src/rest/server.ts';
import { createWsApiServer, type WsApiOptions, type WsApiServer } from '../src/ws-api/server.ts';
import { Lab } from './venue-lab.ts';

/** Longest wait for anything that must come. */
const PATIENCE_MS = 10_000;

export const API_KEY: string = 'A'.repeat(64);
export const SECRET = 'the secret';

export interface Reply {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: unknown;
}

export type Fields = Readonly<Record<string, string | number | boolean>>;

export class Wire {
  readonly lab: Lab;
  readonly server: Server;
  readonly wsApi: WsApiServer;
  readonly limits: RequestLimits;
  port = 0;

  constructor(
    lab: Lab,
    options: { readonly limits?: Partial<LimitOptions>; readonly ws?: Partial<WsApiOptions> } = {},
  ) {
    this.lab = lab;
    this.limits = new RequestLimits(
      { ...BINANCE_LIMITS, isEnabled: false, ...options.limits },
      () => lab.clock.wall,
    );
    const { exchange, marketData, faults, clock } = lab;
    const parts = { exchange, marketData, faults, clock, limits: this.limits };
    this.server = createRestServer(parts);
    this.wsApi = createWsApiServer({ ...parts, ...options.ws });
    this.wsApi.attach(this.server);
    lab.onEvent = (accountId, payload) => this.wsApi.onUserEvent(accountId, payload);
  }

  async open(): Promise<void> {
    this.server.listen(0, '127.0.0.1');
    await once(this.server, 'listening');
    this.port = (this.server.address() as AddressInfo).port;
  }

  close(): void {
    this.wsApi.close();
    this.lab.faults.close();
    this.server.close();
    this.server.closeAllConnections();
  }

  /** Sends a request line and a body as they are. */
  async send(
    method: string,
    target: string,
    options: { readonly body?: string; readonly headers?: Readonly<Record<string, string>> } = {},
  ): Promise<Reply> {
    const request = httpRequest({
      host: '127.0.0.1',
      port: this.port,
      method,
      path: target,
      headers: options.headers ?? {},
      timeout: PATIENCE_MS,
    });
    request.end(options.body ?? '');
    const [response] = (await once(request, 'response')) as [IncomingMessage];
    response.setEncoding('utf8');
    let text = '';
    for await (const chunk of response) text += String(chunk);
    return {
      status: response.statusCode ?? 0,
      headers: response.headers,
      body: text === '' ? undefined : JSON.parse(text),
    };
  }

  /** A request that needs no key. */
  get(
    path: string,
    fields: Fields = {},
    headers: Readonly<Record<string, string>> = {},
  ): Promise<Reply> {
    return this.send('GET', `${path}?${encode(fields)}`, { headers });
  }

  /** A request of the HMAC key, signed now. */
  signed(
    method: string,
    path: string,
    fields: Fields = {},
    key: { readonly apiKey: string; readonly secret: string } = { apiKey: API_KEY, secret: SECRET },
  ): Promise<Reply> {
    const query = encode({ timestamp: this.lab.clock.wall, ...fields });
    const signature = createHmac('sha256', key.secret).update(query).digest('hex');
    return this.send(method, `${path}?${query}&signature=${signature}`, {
      headers: { 'X-MBX-APIKEY': key.apiKey },
    });
  }

  async connect(query = ''): Promise<WsClient> {
    const socket = new WebSocket(`ws://127.0.0.1:${this.port}/ws-api/v3${query}`);
    const client = new WsClient(socket, this);
    await once(socket, 'open');
    return client;
  }
}

/** A venue with one funded account that has an HMAC key, and a market at 2000. */
export async function withWire(
  use: (wire: Wire) => Promise<void>,
  options: ConstructorParameters<typeof Wire>[1] & { readonly lab?: Lab } = {},
): Promise<void> {
  const lab = options.lab ?? new Lab();
  const account = lab.account();
  lab.exchange.registerKey({
    accountId: account.accountId,
    apiKey: API_KEY,
    secret: SECRET,
    rights: { reading: true, spotTrading: true },
  });
  lab.move(2000);
  lab.events.length = 0;
  const wire = new Wire(lab, options);
  await wire.open();
  try {
    await use(wire);
  } finally {
    wire.close();
  }
}

export class WsClient {
  readonly socket: WebSocket;
  readonly messages: Record<string, unknown>[] = [];
  readonly #wire: Wire;
  #lastId = 0;
  #wakers: (() => void)[] = [];

  constructor(socket: WebSocket, wire: Wire) {
    this.socket = socket;
    this.#wire = wire;
    socket.on('message', (data) => {
      this.messages.push(JSON.parse(String(data)));
      for (const wake of this.#wakers.splice(0)) wake();
    });
    socket.on('close', () => {
      for (const wake of this.#wakers.splice(0)) wake();
    });
    socket.on('error', () => undefined);
  }

  /** The first message that fits, come or to come; it is taken away. */
  async next(
    fits: (message: Record<string, unknown>) => boolean = () => true,
  ): Promise<Record<string, unknown>> {
    for (const deadline = Date.now() + PATIENCE_MS; ;) {
      const index = this.messages.findIndex(fits);
      if (index !== -1) return this.messages.splice(index, 1)[0] ?? {};
      const left = deadline - Date.now();
      assert.ok(left > 0, `expected a message, had ${JSON.stringify(this.messages)}`);
      assert.ok(this.socket.readyState <= 1, 'expected a message, the socket closed');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wakers.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  /** Sends a request and waits for its answer. */
  async call(
    method: string,
    params?: Readonly<Record<string, unknown>>,
  ): Promise<Record<string, unknown>> {
    this.#lastId += 1;
    const id = this.#lastId;
    this.socket.send(JSON.stringify({ id, method, ...(params === undefined ? {} : { params }) }));
    return this.next((message) => message['id'] === id);
  }

  /** As `call`, signed with the HMAC key. */
  signed(
    method: string,
    params: Readonly<Record<string, string | number | boolean>> = {},
  ): Promise<Record<string, unknown>> {
    const all: Record<string, string | number | boolean> = {
      apiKey: API_KEY,
      timestamp: this.#wire.lab.clock.wall,
      ...params,
    };
    const signature = createHmac('sha256', SECRET).update(sortedPayload(all)).digest('hex');
    return this.call(method, { ...all, signature });
  }
}

export function sortedPayload(params: Fields): string {
  return Object.keys(params)
    .sort()
    .map((name) => `${name}=${params[name]}`)
    .join('&');
}

/** Waits until `holds`, with a bound. */
export async function until(holds: () => boolean, what: string): Promise<void> {
  for (const deadline = Date.now() + PATIENCE_MS; !holds();) {
    assert.ok(Date.now() < deadline, `expected ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}

export function encode(fields: Fields): string {
  return Object.entries(fields)
    .map(([name, value]) => `${name}=${encodeURIComponent(value)}`)
    .join('&');
}

/** The body of a reply as a record. */
export function record(reply: { readonly body: unknown }): Record<string, unknown> {
  assert.ok(typeof reply.body === 'object' && reply.body !== null);
  return reply.body as Record<string, unknown>;
}

/** `code message` of an error reply. */
export function problem(reply: Reply): string {
  const { code, msg } = record(reply);
  return `${reply.status} ${String(code)} ${String(msg)}`;
}
