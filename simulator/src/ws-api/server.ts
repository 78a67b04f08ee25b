// SPDX-License-Identifier: Apache-2.0
// The WebSocket API transport: the same requests as REST in frames, sessions, and every account's events.

import { STATUS_CODES, type IncomingMessage, type Server } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, type RawData } from 'ws';
import { plainAddress } from '../auth.ts';
import { refusal, REJECTED_KEY, type Refusal } from '../errors.ts';
import type { Exchange } from '../exchange/exchange.ts';
import { BINANCE_LIMITS, RequestLimits } from '../limits.ts';
import type { Faults, MarketData, SimulatorClock } from '../ports.ts';
import {
  answer,
  refused,
  type Answer,
  type Endpoint,
  type OlderKlines,
  type Venue,
} from '../rest/endpoint.ts';
import { WS_METHODS } from '../rest/endpoints.ts';
import {
  admit,
  errorBody,
  INVALID_TIME_UNIT,
  parseTimeUnit,
  serve,
  toMicroseconds,
  type Credentials,
} from '../rest/gate.ts';
import type { Parameters } from '../rest/parameters.ts';
import {
  parseRequest,
  signedPayload,
  toParameters,
  type RequestId,
  type WsRequest,
} from './request.ts';
import { Session, SUBSCRIPTIONS_MAX } from './session.ts';

export const WS_API_PATH = '/ws-api/v3';

const FRAME_BYTES_MAX = 64 * 1024;
const CONNECTIONS_MAX = 10_000;
const SESSION_WEIGHT = 2;
const CONNECTION_WEIGHT = 2;
const PING_EVERY_MS = 20_000;
const PONG_WITHIN_MS = 60_000;
const LIFETIME_MS = 86_400_000;
const SHUTDOWN_NOTICE_MS = 600_000;
const GOING_AWAY = 1001;

const UNKNOWN_METHOD = refusal(-1020, 'This operation is not supported.');
const NOT_LOGGED_ON = refusal(-1002, 'You are not authorized to execute this request.', 401);
const IS_ACTIVE = refusal(-2035, 'User Data Stream subscription already active.');
const IS_INACTIVE = refusal(-2036, 'User Data Stream subscription not active.');
const TOO_MANY_IDS = refusal(-2042, 'Maximum subscription ID reached for this connection.');

export interface WsApiOptions {
  readonly exchange: Exchange;
  readonly marketData: MarketData;
  readonly faults: Faults;
  readonly clock: SimulatorClock;
  readonly limits?: RequestLimits;
  readonly olderKlines?: OlderKlines;
  readonly pingEveryMs?: number;
  readonly pongWithinMs?: number;
  /** A connection is cut after this long, and told so `shutdownNoticeMs` before. */
  readonly lifetimeMs?: number;
  readonly shutdownNoticeMs?: number;
}

export interface WsApiServer {
  /** Takes over upgrades of `server` to the API's path. */
  attach(server: Server): void;
  /** Takes an upgrade to the API's path; false when the path is another. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean;
  /** Passes an account's event on to those who subscribed to it. */
  onUserEvent(accountId: number, payload: Readonly<Record<string, unknown>>): void;
  /** Cuts every connection at once, without a word. */
  drop(): void;
  readonly connections: number;
  /** Cuts every connection and takes no new one. */
  close(): void;
}

export function createWsApiServer(options: WsApiOptions): WsApiServer {
  return new WsApi(options);
}

class WsApi implements WsApiServer {
  readonly #venue: Venue;
  readonly #server: WebSocketServer;
  readonly #sessions = new Set<Session>();
  /** Sessions of each account that have a subscription to it. */
  readonly #listeners = new Map<number, Set<Session>>();
  readonly #pongWithinMs: number;
  readonly #lifetimeMs: number;
  readonly #shutdownNoticeMs: number;
  readonly #pings: NodeJS.Timeout;
  #isClosed = false;

  constructor(options: WsApiOptions) {
    const { exchange, marketData, faults, clock } = options;
    const limits = options.limits ?? new RequestLimits(BINANCE_LIMITS, () => clock.wallMs());
    const { olderKlines } = options;
    this.#venue = {
      exchange,
      marketData,
      faults,
      clock,
      limits,
      ...(olderKlines === undefined ? {} : { olderKlines }),
    };
    this.#pongWithinMs = options.pongWithinMs ?? PONG_WITHIN_MS;
    this.#lifetimeMs = options.lifetimeMs ?? LIFETIME_MS;
    this.#shutdownNoticeMs = options.shutdownNoticeMs ?? SHUTDOWN_NOTICE_MS;
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: FRAME_BYTES_MAX,
      perMessageDeflate: false,
      clientTracking: false,
      autoPong: false,
    });
    this.#pings = setInterval(() => this.#pingAll(), options.pingEveryMs ?? PING_EVERY_MS);
    this.#pings.unref();
  }

  get connections(): number {
    return this.#sessions.size;
  }

  attach(server: Server): void {
    server.on('upgrade', (request, socket, head) => {
      if (!this.upgrade(request, socket, head)) reject(socket, 404);
    });
  }

  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const url = new URL(request.url ?? '/', 'ws://venue');
    if (url.pathname !== WS_API_PATH) return false;
    const address = plainAddress(request.socket.remoteAddress ?? '');
    const limited = this.#venue.limits.connect(address, CONNECTION_WEIGHT);
    const timeUnit = parseTimeUnit(url.searchParams.get('timeUnit') ?? undefined);
    if (limited !== undefined || this.#isClosed || this.#sessions.size >= CONNECTIONS_MAX) {
      reject(socket, limited?.httpStatus ?? 503);
      return true;
    }
    if (timeUnit === undefined) {
      reject(socket, INVALID_TIME_UNIT.httpStatus);
      return true;
    }
    const returnRateLimits = url.searchParams.get('returnRateLimits') !== 'false';
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      this.#open(
        new Session({
          socket: webSocket,
          address,
          connectedSince: this.#venue.clock.wallMs(),
          timeUnit,
          returnRateLimits,
          lastSeen: performance.now(),
          isSilent: () => this.#venue.faults.isSilent(),
        }),
      );
    });
    return true;
  }

  onUserEvent(accountId: number, payload: Readonly<Record<string, unknown>>): void {
    const sessions = this.#listeners.get(accountId);
    if (sessions === undefined || sessions.size === 0) return;
    this.#venue.faults.userEvent(() => {
      for (const session of sessions) session.tell(accountId, payload);
    });
  }

  drop(): void {
    for (const session of this.#sessions) session.socket.terminate();
  }

  close(): void {
    this.#isClosed = true;
    clearInterval(this.#pings);
    this.drop();
  }

  #open(session: Session): void {
    const { socket } = session;
    this.#sessions.add(session);
    const notice = setTimeout(
      () => session.send({ event: { e: 'serverShutdown', E: this.#venue.clock.wallMs() } }),
      Math.max(0, this.#lifetimeMs - this.#shutdownNoticeMs),
    );
    const end = setTimeout(() => socket.close(GOING_AWAY), this.#lifetimeMs);
    notice.unref();
    end.unref();
    socket.on('pong', () => {
      session.lastSeen = performance.now();
    });
    socket.on('ping', (data) => {
      if (!this.#venue.faults.isSilent()) socket.pong(data);
    });
    socket.on('message', (data, isBinary) => {
      if (isBinary) socket.close(1003);
      else this.#onFrame(session, toText(data));
    });
    // A broken frame ends in `close`, which is where a connection's end is dealt with.
    socket.on('error', () => undefined);
    socket.on('close', () => {
      clearTimeout(notice);
      clearTimeout(end);
      this.#sessions.delete(session);
      for (const sessions of this.#listeners.values()) sessions.delete(session);
    });
  }

  #pingAll(): void {
    const now = performance.now();
    for (const session of this.#sessions) {
      if (now - session.lastSeen > this.#pongWithinMs) session.socket.terminate();
      else session.ping();
    }
  }

  #onFrame(session: Session, text: string): void {
    const parsed = parseRequest(text);
    if (!parsed.ok) {
      this.#venue.limits.charge(session.address, 1);
      this.#reply(session, parsed.id, refused(parsed.refusal), {
        endpoint: undefined,
        accountId: undefined,
        isLimited: session.returnRateLimits,
      });
      return;
    }
    const { request } = parsed;
    const call = { method: request.method, path: WS_API_PATH };
    const before = this.#venue.faults.beforeRequest(call);
    if (before.kind === 'hang') return;
    if (before.kind === 'respond') {
      session.send({ id: request.id, status: before.status, error: before.body });
      return;
    }
    const reply = this.#handle(session, request);
    const settle = (settled: Answer): void => {
      const after = this.#venue.faults.afterRequest(call);
      if (after.kind === 'hang') return;
      if (after.kind === 'respond') {
        session.send({ id: request.id, status: after.status, error: after.body });
        return;
      }
      this.#reply(session, request.id, settled, reply);
    };
    if (reply.answer instanceof Promise) void reply.answer.then(settle);
    else settle(reply.answer);
  }

  #handle(
    session: Session,
    request: WsRequest,
  ): {
    readonly answer: Answer | Promise<Answer>;
    readonly endpoint: Endpoint | undefined;
    readonly accountId: number | undefined;
    readonly isLimited: boolean;
  } {
    const { limits, exchange } = this.#venue;
    const payload = signedPayload(request.values);
    const parameters = toParameters(request.values);
    const isLimited = parameters.flag('returnRateLimits', session.returnRateLimits);
    const endpoint = WS_METHODS.get(request.method);
    const weight = endpoint?.weight(parameters) ?? SESSION_WEIGHT;
    const limited = limits.charge(session.address, weight);
    if (limited !== undefined) {
      return { answer: refused(limited), endpoint, accountId: undefined, isLimited };
    }
    const sent = parameters.take('apiKey');
    const isOfSession = sent === undefined && session.apiKey !== undefined;
    const apiKey = sent ?? session.apiKey;
    const credentials: Credentials = {
      apiKey,
      address: session.address,
      payload: isOfSession && !parameters.has('signature') ? null : payload,
    };
    const known = apiKey === undefined ? undefined : exchange.key(apiKey);
    if (isOfSession && known === undefined) this.#endSession(session);
    const result =
      endpoint === undefined
        ? this.#handleSession(session, request.method, parameters, credentials)
        : serve(this.#venue, endpoint, parameters, credentials);
    return { answer: result, endpoint, accountId: known?.accountId, isLimited };
  }

  #reply(
    session: Session,
    id: RequestId,
    result: Answer,
    context: {
      readonly endpoint: Endpoint | undefined;
      readonly accountId: number | undefined;
      readonly isLimited: boolean;
    },
  ): void {
    const message: Record<string, unknown> = { id, status: 200 };
    if (result.ok) {
      message['result'] =
        session.timeUnit === 'MICROSECOND' ? toMicroseconds(result.body) : result.body;
    } else {
      message['status'] = result.refusal.httpStatus;
      message['error'] = errorBody(result.refusal, true);
    }
    if (context.isLimited) {
      const { limits, exchange } = this.#venue;
      const counts =
        context.endpoint?.countsOrders === true && context.accountId !== undefined
          ? exchange.orderCounts.describe(context.accountId)
          : [];
      message['rateLimits'] = [...counts, limits.status(session.address)];
    }
    session.send(message);
  }

  // ---- Sessions and subscriptions ----

  #handleSession(
    session: Session,
    method: string,
    parameters: Parameters,
    credentials: Credentials,
  ): Answer {
    switch (method) {
      case 'session.logon':
        return this.#logon(session, parameters, credentials);
      case 'session.status':
        return this.#statusOf(session, parameters);
      case 'session.logout':
        this.#endSession(session);
        return this.#statusOf(session, parameters);
      case 'session.subscriptions':
        return settled(parameters, () =>
          Array.from(session.subscriptions.keys(), (subscriptionId) => ({ subscriptionId })),
        );
      case 'userDataStream.subscribe':
        return this.#subscribeSession(session, parameters);
      case 'userDataStream.subscribe.signature':
        return this.#subscribeSigned(session, parameters, credentials);
      case 'userDataStream.unsubscribe':
        return this.#unsubscribe(session, parameters);
      default:
        return refused(UNKNOWN_METHOD);
    }
  }

  #logon(session: Session, parameters: Parameters, credentials: Credentials): Answer {
    const admitted = this.#admit(parameters, credentials);
    if (!admitted.ok) return refused(admitted.refusal);
    if (admitted.key.kind !== 'ED25519') {
      const kind = admitted.key.kind === 'HMAC' ? 'HMAC_SHA256' : 'RSA';
      return refused(refusal(-4056, `${kind} API key is not supported.`));
    }
    if (session.apiKey !== undefined && session.apiKey !== admitted.key.apiKey) {
      this.#endSession(session);
    }
    session.apiKey = admitted.key.apiKey;
    session.authorizedSince = this.#venue.clock.wallMs();
    return this.#statusOf(session, parameters);
  }

  #statusOf(session: Session, parameters: Parameters): Answer {
    return settled(parameters, () => ({
      apiKey: session.apiKey ?? null,
      authorizedSince: session.authorizedSince ?? null,
      connectedSince: session.connectedSince,
      returnRateLimits: session.returnRateLimits,
      serverTime: this.#venue.clock.wallMs(),
      userDataStream: Array.from(session.subscriptions.values()).some(
        (subscription) => subscription.isOfSession,
      ),
    }));
  }

  #subscribeSession(session: Session, parameters: Parameters): Answer {
    const problem = parameters.problem();
    if (problem !== undefined) return refused(problem);
    const key = session.apiKey === undefined ? undefined : this.#venue.exchange.key(session.apiKey);
    if (key === undefined) return refused(NOT_LOGGED_ON);
    return this.#subscribe(session, key.accountId, key.apiKey, true);
  }

  #subscribeSigned(session: Session, parameters: Parameters, credentials: Credentials): Answer {
    const admitted = this.#admit(parameters, credentials);
    if (!admitted.ok) return refused(admitted.refusal);
    const { key } = admitted;
    if (!key.rights.reading) return refused(REJECTED_KEY);
    return this.#subscribe(session, key.accountId, key.apiKey, false);
  }

  #subscribe(session: Session, accountId: number, apiKey: string, isOfSession: boolean): Answer {
    for (const active of session.subscriptions.values()) {
      if (active.accountId === accountId) return refused(IS_ACTIVE);
    }
    if (session.nextSubscriptionId >= SUBSCRIPTIONS_MAX) return refused(TOO_MANY_IDS);
    let sessions = this.#listeners.get(accountId);
    if (sessions === undefined) {
      sessions = new Set();
      this.#listeners.set(accountId, sessions);
    }
    sessions.add(session);
    return answer({ subscriptionId: session.subscribe(accountId, apiKey, isOfSession) });
  }

  /** One subscription, or all of them when none is named. */
  #unsubscribe(session: Session, parameters: Parameters): Answer {
    const subscriptionId = parameters.optionalInteger('subscriptionId');
    const problem = parameters.problem();
    if (problem !== undefined) return refused(problem);
    const ended = session.endSubscriptions(
      (active) => subscriptionId === undefined || active.subscriptionId === subscriptionId,
      this.#venue.clock.wallMs(),
    );
    this.#forgetListener(session);
    return ended === 0 && subscriptionId !== undefined ? refused(IS_INACTIVE) : answer({});
  }

  #endSession(session: Session): void {
    session.apiKey = undefined;
    session.authorizedSince = undefined;
    session.endSubscriptions((active) => active.isOfSession, this.#venue.clock.wallMs());
    this.#forgetListener(session);
  }

  /** Takes `session` off the accounts it no longer listens to. */
  #forgetListener(session: Session): void {
    const heard = new Set(Array.from(session.subscriptions.values(), (active) => active.accountId));
    for (const [accountId, sessions] of this.#listeners) {
      if (!heard.has(accountId)) sessions.delete(session);
    }
  }

  #admit(parameters: Parameters, credentials: Credentials): ReturnType<typeof admit> {
    const admitted = admit(this.#venue, parameters, credentials);
    const problem = parameters.problem();
    return admitted.ok && problem !== undefined ? { ok: false, refusal: problem } : admitted;
  }
}

function settled(parameters: Parameters, body: () => unknown): Answer {
  const problem: Refusal | undefined = parameters.problem();
  return problem === undefined ? answer(body()) : refused(problem);
}

function toText(data: RawData): string {
  if (Buffer.isBuffer(data)) return data.toString('utf8');
  return Array.isArray(data) ? Buffer.concat(data).toString('utf8') : Buffer.from(data).toString();
}

function reject(socket: Duplex, status: number): void {
  const reason = STATUS_CODES[status] ?? 'Bad Request';
  socket.end(`HTTP/1.1 ${status} ${reason}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}
