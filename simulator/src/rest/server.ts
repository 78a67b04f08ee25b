// SPDX-License-Identifier: Apache-2.0
// The REST transport: one request in, one write out.

import { createServer, IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { plainAddress } from '../auth.ts';
import { refusal, type Refusal } from '../errors.ts';
import { BINANCE_LIMITS, RequestLimits } from '../limits.ts';
import type { Exchange } from '../exchange/exchange.ts';
import type { Faults, MarketData, SimulatorClock } from '../ports.ts';
import type { Answer, Endpoint, OlderKlines, Venue } from './endpoint.ts';
import { REST_ROUTES } from './endpoints.ts';
import {
  errorBody,
  INVALID_TIME_UNIT,
  parseTimeUnit,
  serve,
  toMicroseconds,
  type TimeUnit,
} from './gate.ts';
import { parseForm, withoutSignature } from './parameters.ts';

/** Longest form body taken. */
const BODY_BYTES_MAX = 64 * 1024;
const KEEP_ALIVE_MS = 75_000;
const REQUEST_TIMEOUT_MS = 60_000;
const JSON_TYPE = 'application/json;charset=UTF-8';

const NOT_FOUND = refusal(-1020, 'This operation is not supported.', 404);
const TOO_LARGE = refusal(-1101, 'Too many parameters sent for this endpoint.', 413);

export interface RestOptions {
  readonly exchange: Exchange;
  readonly marketData: MarketData;
  readonly faults: Faults;
  readonly clock: SimulatorClock;
  /** Shared with the WebSocket API, since both count against one address. */
  readonly limits?: RequestLimits;
  readonly olderKlines?: OlderKlines;
}

/** The venue over HTTP. The caller listens and closes. */
export function createRestServer(options: RestOptions): Server {
  const { exchange, marketData, faults, clock } = options;
  const limits = options.limits ?? new RequestLimits(BINANCE_LIMITS, () => clock.wallMs());
  const { olderKlines } = options;
  const older = olderKlines === undefined ? {} : { olderKlines };
  const venue: Venue = { exchange, marketData, faults, clock, limits, ...older };
  const server = createServer({ IncomingMessage: RestRequest }, (request, response) => {
    begin(venue, request, response);
  });
  server.keepAliveTimeout = KEEP_ALIVE_MS;
  server.requestTimeout = REQUEST_TIMEOUT_MS;
  return server;
}

/** A request with what is gathered of it, so that no closure is made for each one. */
class RestRequest extends IncomingMessage {
  venue: Venue | undefined;
  response: ServerResponse | undefined;
  body = '';
  isRefused = false;
}

function begin(venue: Venue, request: RestRequest, response: ServerResponse): void {
  request.venue = venue;
  request.response = response;
  const { method } = request;
  if (method === 'GET' || method === 'HEAD') {
    process(request);
    return;
  }
  request.setEncoding('utf8');
  request.on('data', gather);
  request.on('end', finishBody);
}

function gather(this: RestRequest, chunk: string): void {
  if (this.isRefused) return;
  this.body += chunk;
  if (this.body.length > BODY_BYTES_MAX) {
    this.isRefused = true;
    this.body = '';
  }
}

function finishBody(this: RestRequest): void {
  process(this);
}

function process(request: RestRequest): void {
  const { venue, response } = request;
  if (venue === undefined || response === undefined) return;
  const url = request.url ?? '/';
  const split = url.indexOf('?');
  const path = split === -1 ? url : url.slice(0, split);
  const method = request.method ?? 'GET';
  const call = { method, path };
  const before = venue.faults.beforeRequest(call);
  if (before.kind === 'hang') return;
  if (before.kind === 'respond') {
    send(response, before.status, before.body, {});
    return;
  }
  const query = split === -1 ? '' : url.slice(split + 1);
  const headers: Record<string, string | number> = {};
  const handled = handle(request, { venue, path, query, headers });
  // Almost every answer is at hand; only what another exchange must be asked for comes later.
  if (handled instanceof Promise) {
    void handled.then((later) => reply(venue, call, response, later, headers));
  } else {
    reply(venue, call, response, handled, headers);
  }
}

function reply(
  venue: Venue,
  call: { readonly method: string; readonly path: string },
  response: ServerResponse,
  { status, body }: Reply,
  headers: Record<string, string | number>,
): void {
  const after = venue.faults.afterRequest(call);
  if (after.kind === 'hang') return;
  if (after.kind === 'respond') send(response, after.status, after.body, headers);
  else send(response, status, body, headers);
}

interface Reply {
  readonly status: number;
  readonly body: unknown;
}

interface Call {
  readonly venue: Venue;
  readonly path: string;
  readonly query: string;
  /** Filled on the way. */
  readonly headers: Record<string, string | number>;
}

function handle(request: RestRequest, call: Call): Reply | Promise<Reply> {
  const { venue, headers } = call;
  const address = plainAddress(request.socket.remoteAddress ?? '');
  const endpoint = REST_ROUTES.get(`${request.method ?? 'GET'} ${call.path}`);
  if (endpoint === undefined) return fail(NOT_FOUND, headers);
  const parameters = parseForm(call.query, request.body);
  const limited = venue.limits.charge(address, endpoint.weight(parameters));
  const used = venue.limits.used(address);
  headers['x-mbx-used-weight'] = used;
  headers['x-mbx-used-weight-1m'] = used;
  if (limited !== undefined) return fail(limited, headers);
  if (request.isRefused) return fail(TOO_LARGE, headers);
  const unit = parseTimeUnit(header(request, 'x-mbx-time-unit'));
  if (unit === undefined) return fail(INVALID_TIME_UNIT, headers);
  const apiKey = header(request, 'x-mbx-apikey');
  const result = serve(venue, endpoint, parameters, {
    apiKey,
    address,
    payload: withoutSignature(call.query) + withoutSignature(request.body),
  });
  if (result instanceof Promise) return result.then((later) => finish(later, unit, headers));
  if (result.ok) countOrders(venue, endpoint, apiKey, headers);
  return finish(result, unit, headers);
}

function finish(result: Answer, unit: TimeUnit, headers: Record<string, string | number>): Reply {
  if (!result.ok) return fail(result.refusal, headers);
  const body = unit === 'MICROSECOND' ? toMicroseconds(result.body) : result.body;
  return { status: 200, body };
}

function fail(reason: Refusal, headers: Record<string, string | number>): Reply {
  if (reason.retryAfterSeconds !== undefined) headers['retry-after'] = reason.retryAfterSeconds;
  // Rate limits tell their times in the header; only half-done cancel-replaces have data in the body.
  return { status: reason.httpStatus, body: errorBody(reason, reason.code <= -2000) };
}

function countOrders(
  venue: Venue,
  endpoint: Endpoint,
  apiKey: string | undefined,
  headers: Record<string, string | number>,
): void {
  if (!endpoint.countsOrders || apiKey === undefined) return;
  const key = venue.exchange.key(apiKey);
  if (key === undefined) return;
  const counts = venue.exchange.orderCounts.of(key.accountId);
  headers['x-mbx-order-count-10s'] = counts.short;
  headers['x-mbx-order-count-1d'] = counts.long;
}

function header(request: IncomingMessage, name: string): string | undefined {
  const value = request.headers[name];
  return Array.isArray(value) ? value[0] : value;
}

function send(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string | number>,
): void {
  const text = JSON.stringify(body) ?? '';
  headers['content-type'] = JSON_TYPE;
  headers['content-length'] = Buffer.byteLength(text);
  response.writeHead(status, headers);
  response.end(text);
}
