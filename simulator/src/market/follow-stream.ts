// SPDX-License-Identifier: Apache-2.0
// The connection to a followed exchange's streams: pings, silence, reconnects at a bounded pace, and a change of
// connection before the exchange ends it, without a moment unheard.

import { WebSocket } from 'ws';
import { asRow, FollowError, type Row } from './follow-rest.ts';

export interface FollowStreamListener {
  /** A payload, in the order of its connection. Throws FollowError when it cannot be read. */
  onMessage(stream: string, data: Row): void;
  /** Everything that the exchange sent before `sentMs` (on this computer's clock) has arrived. */
  onHeard(sentMs: number): void;
  /** Payloads come from here on; some may have come already. */
  onUp(): void;
  onDown(reason: string): void;
}

export interface FollowStreamRules {
  /** A healthy connection answers each ping at once. Binance takes five frames a second. */
  readonly pingEveryMs: number;
  readonly silenceMsMax: number;
  /** Binance ends a connection after 24 hours. */
  readonly lifetimeMs: number;
  /** How long two connections overlap at a change. */
  readonly overlapMs: number;
  readonly reconnectMsMin: number;
  readonly reconnectMsMax: number;
  /** A connection that lived so long starts the back-off anew. */
  readonly stableMs: number;
}

/** Binance allows 300 connections in five minutes; one a second at most stays below that. */
export const FOLLOW_STREAM_RULES: FollowStreamRules = {
  pingEveryMs: 1_000,
  silenceMsMax: 5_000,
  lifetimeMs: 23.5 * 3_600_000,
  overlapMs: 2_000,
  reconnectMsMin: 1_000,
  reconnectMsMax: 30_000,
  stableMs: 60_000,
};

const HANDSHAKE_MS_MAX = 10_000;
/** Trades and best prices are a quarter of a kilobyte. */
const FRAME_BYTES_MAX = 64 * 1024;
const PINGS_MAX = 100;

interface Connection {
  readonly socket: WebSocket;
  readonly openedAtMs: number;
  lastHeardMs: number;
  /** It has answered a ping: what is subscribed comes. */
  isReady: boolean;
  /** Another is on its way to take its place. */
  isReplaced: boolean;
  readonly pings: Map<string, number>;
  timer: NodeJS.Timeout | undefined;
}

export class FollowStream {
  readonly #url: string;
  readonly #base: string;
  readonly #listener: FollowStreamListener;
  readonly #nowMs: () => number;
  readonly #rules: FollowStreamRules;
  readonly #connections = new Set<Connection>();
  #pingNumber = 0;
  #isUp = false;
  #isStopped = true;
  #pauseMs: number;
  #reconnect: NodeJS.Timeout | undefined;
  #connects = 0;

  constructor(options: {
    /** e.g. `wss://stream.binance.com:9443` */
    readonly base: string;
    readonly names: readonly string[];
    readonly listener: FollowStreamListener;
    readonly nowMs: () => number;
    readonly rules?: Partial<FollowStreamRules>;
  }) {
    this.#base = options.base.replace(/\/+$/, '');
    this.#url = `${this.#base}/stream?streams=${options.names.join('/')}`;
    this.#listener = options.listener;
    this.#nowMs = options.nowMs;
    this.#rules = { ...FOLLOW_STREAM_RULES, ...options.rules };
    this.#pauseMs = this.#rules.reconnectMsMin;
  }

  /** How often a connection was begun. */
  get connects(): number {
    return this.#connects;
  }

  start(): void {
    if (!this.#isStopped) return;
    this.#isStopped = false;
    this.#connect();
  }

  stop(): void {
    this.#isStopped = true;
    this.#isUp = false;
    clearTimeout(this.#reconnect);
    for (const connection of this.#connections) this.#drop(connection);
  }

  #connect(): void {
    this.#connects += 1;
    const nowMs = this.#nowMs();
    const socket = new WebSocket(this.#url, {
      maxPayload: FRAME_BYTES_MAX,
      handshakeTimeout: HANDSHAKE_MS_MAX,
      perMessageDeflate: false,
    });
    const connection: Connection = {
      socket,
      openedAtMs: nowMs,
      lastHeardMs: nowMs,
      isReady: false,
      isReplaced: false,
      pings: new Map(),
      timer: undefined,
    };
    this.#connections.add(connection);
    socket.on('open', () => {
      connection.lastHeardMs = this.#nowMs();
      this.#ping(connection);
      connection.timer = setInterval(() => this.#beat(connection), this.#rules.pingEveryMs);
    });
    socket.on('message', (data, isBinary) => {
      connection.lastHeardMs = this.#nowMs();
      if (isBinary) this.#lost(connection, 'sent a binary frame');
      else this.#onText(connection, String(data));
    });
    socket.on('ping', () => {
      connection.lastHeardMs = this.#nowMs();
    });
    socket.on('pong', (data) => this.#onPong(connection, String(data)));
    socket.on('error', (error) => this.#lost(connection, reasonOf(error)));
    socket.on('close', (code) => this.#lost(connection, `was closed by the exchange (${code})`));
    socket.on('unexpected-response', (_request, response) => {
      this.#lost(connection, `answered HTTP ${response.statusCode ?? 0}`);
    });
  }

  #ping(connection: Connection): void {
    if (connection.socket.readyState !== WebSocket.OPEN || connection.pings.size >= PINGS_MAX) {
      return;
    }
    this.#pingNumber += 1;
    const name = String(this.#pingNumber);
    connection.pings.set(name, this.#nowMs());
    connection.socket.ping(name);
  }

  #beat(connection: Connection): void {
    const nowMs = this.#nowMs();
    const { silenceMsMax, lifetimeMs } = this.#rules;
    if (nowMs - connection.lastHeardMs > silenceMsMax) {
      this.#lost(connection, `was silent for ${silenceMsMax / 1000} s`);
      return;
    }
    if (nowMs - connection.openedAtMs > lifetimeMs) this.#replace(connection);
    this.#ping(connection);
  }

  /** Begins the connection that is to take this one's place; until it is ready, this one goes on. */
  #replace(connection: Connection): void {
    if (connection.isReplaced || this.#isStopped) return;
    connection.isReplaced = true;
    this.#connect();
  }

  #onPong(connection: Connection, name: string): void {
    connection.lastHeardMs = this.#nowMs();
    const sentMs = connection.pings.get(name);
    if (sentMs === undefined || !this.#connections.has(connection)) return;
    // Pongs come in order, and one answer may stand for several pings.
    for (const [earlier] of connection.pings) {
      connection.pings.delete(earlier);
      if (earlier === name) break;
    }
    if (!connection.isReady) this.#ready(connection);
    this.#listener.onHeard(sentMs);
  }

  #ready(connection: Connection): void {
    connection.isReady = true;
    for (const other of this.#connections) {
      if (other === connection || !other.isReplaced) continue;
      setTimeout(() => this.#drop(other), this.#rules.overlapMs).unref();
    }
    if (this.#isUp) return;
    this.#isUp = true;
    this.#listener.onUp();
  }

  #onText(connection: Connection, text: string): void {
    if (!this.#connections.has(connection)) return;
    try {
      const message = asRow(parseJson(text));
      const data = asRow(message['data']);
      if ((data['e'] ?? message['e']) === 'serverShutdown') {
        this.#replace(connection);
        return;
      }
      this.#listener.onMessage(String(message['stream'] ?? ''), data);
    } catch (error) {
      if (!(error instanceof FollowError)) throw error;
      // What cannot be read may hide a price: a fresh connection starts from known ground.
      this.#lost(connection, `sent what cannot be read: ${error.message}`);
    }
  }

  #lost(connection: Connection, reason: string): void {
    if (!this.#connections.has(connection)) return;
    const livedMs = this.#nowMs() - connection.openedAtMs;
    this.#drop(connection);
    if (this.#isStopped) return;
    const others = [...this.#connections];
    if (others.some(({ isReady }) => isReady)) {
      // The one that was to take over failed; the old one asks again in a while.
      for (const other of others) {
        if (other.isReplaced)
          setTimeout(() => (other.isReplaced = false), this.#rules.reconnectMsMax).unref();
      }
      return;
    }
    const wasUp = this.#isUp;
    this.#isUp = false;
    if (connection.isReady && livedMs >= this.#rules.stableMs) {
      this.#pauseMs = this.#rules.reconnectMsMin;
    }
    if (wasUp || others.length === 0) this.#listener.onDown(`${this.#base} ${reason}`);
    if (others.length > 0) return;
    clearTimeout(this.#reconnect);
    this.#reconnect = setTimeout(() => this.#connect(), this.#pauseMs);
    this.#pauseMs = Math.min(this.#pauseMs * 2, this.#rules.reconnectMsMax);
  }

  #drop(connection: Connection): void {
    this.#connections.delete(connection);
    clearInterval(connection.timer);
    connection.socket.terminate();
  }
}

function parseJson(text: string): unknown {
  try {
    const value: unknown = JSON.parse(text);
    return value;
  } catch (error) {
    throw new FollowError(
      'unreadable',
      `expected JSON, found ${JSON.stringify(text.slice(0, 40))}`,
      { cause: error },
    );
  }
}

function reasonOf(error: Error): string {
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  if (code === 'WS_ERR_UNSUPPORTED_MESSAGE_LENGTH') {
    return `sent a frame of more than ${FRAME_BYTES_MAX} bytes`;
  }
  return `cannot be reached: ${code ?? error.message}`;
}
