// SPDX-License-Identifier: Apache-2.0
// The market stream server: /ws/<stream> and /stream?streams=a/b on an HTTP server's upgrade requests.

import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';

import { WebSocketServer } from 'ws';
import type { AggregateTrade } from '../market/tape.ts';
import type { MarketHistory } from '../market-data.ts';
import type { BookChange, Faults, TradeEvent } from '../ports.ts';
import { BINANCE_STREAM_RULES, StreamConnection, type StreamRules } from './connection.ts';
import { StreamHub, type BookReader } from './hub.ts';

export { BINANCE_STREAM_RULES, type StreamRules } from './connection.ts';
export type { BookReader } from './hub.ts';

/** The longest message a client may send: a subscription to 1024 streams fits well. */
const MESSAGE_BYTES_MAX = 256 * 1024;
const BEAT_MS = 100;
const BEATS_PER_SECOND = 10;
const BEATS_PER_TWO_SECONDS = 20;

export interface StreamServerOptions {
  readonly data: MarketHistory;
  readonly book: BookReader;
  readonly faults: Pick<Faults, 'isSilent'>;
  readonly marketMs: () => number;
  /** Up to when all trades of a symbol are known for certain; by default up to now. */
  readonly completeMs?: (symbol: string) => number;
  /** Wall time that no fault bends. */
  readonly steadyMs: () => number;
  readonly rules?: StreamRules;
  /** Whether this address may open another connection. */
  readonly mayConnect?: (address: string) => boolean;
}

export class StreamServer {
  readonly hub: StreamHub;
  readonly #options: StreamServerOptions;
  readonly #rules: StreamRules;
  readonly #server: WebSocketServer;
  readonly #connections = new Set<StreamConnection>();
  readonly #timer: NodeJS.Timeout;
  #beats = 0;

  constructor(options: StreamServerOptions) {
    this.#options = options;
    this.#rules = options.rules ?? BINANCE_STREAM_RULES;
    this.hub = new StreamHub(options);
    this.#server = new WebSocketServer({
      noServer: true,
      maxPayload: MESSAGE_BYTES_MAX,
      perMessageDeflate: false,
      autoPong: false,
    });
    this.#timer = setInterval(() => this.#beat(), BEAT_MS);
    this.#timer.unref();
  }

  get connections(): number {
    return this.#connections.size;
  }

  /** True when the request was for streams; then it has been answered. */
  handleUpgrade(request: IncomingMessage, socket: Duplex, head: Buffer): boolean {
    const address = parseAddress(request.url ?? '/');
    if (address === undefined) return false;
    const refused = this.#refuse(address, request);
    if (refused !== undefined) {
      socket.end(`HTTP/1.1 ${refused}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
      return true;
    }
    this.#server.handleUpgrade(request, socket, head, (webSocket) => {
      const connection = new StreamConnection({
        socket: webSocket,
        hub: this.hub,
        rules: this.#rules,
        isCombined: address.isCombined,
        wantsMicroseconds: address.timeUnit === 'MICROSECOND',
        isSilent: () => this.#options.faults.isSilent(),
        steadyMs: this.#options.steadyMs,
        marketMs: this.#options.marketMs,
      });
      this.#connections.add(connection);
      webSocket.on('close', () => this.#connections.delete(connection));
      // Clients tell their connections apart by names that are none, such as /ws/0.
      connection.begin(address.names.filter((name) => StreamHub.isWellFormed(name)));
    });
    return true;
  }

  onTrade(trade: TradeEvent, completed: AggregateTrade | undefined): void {
    this.hub.onTrade(trade, completed);
  }

  onBookChange(change: BookChange): void {
    this.hub.onBookChange(change);
  }

  /** A market point is over, and market time has come to `marketMs` in every symbol, or in some (null). */
  afterPoint(marketMs: number | null): void {
    this.hub.settle();
    if (marketMs !== null) this.hub.passTime(marketMs);
  }

  /** Tells at once all that would be told at the next beats. */
  flush(): void {
    this.hub.settle();
    this.hub.beat();
  }

  /** Cuts every connection without a word. */
  drop(): void {
    for (const connection of this.#connections) connection.terminate();
  }

  /** Says farewell and closes. */
  close(): void {
    clearInterval(this.#timer);
    for (const connection of this.#connections) {
      connection.announceShutdown();
      connection.close();
    }
    this.#server.close();
  }

  #beat(): void {
    if (this.#connections.size === 0) return;
    this.#beats += 1;
    this.hub.settle();
    this.hub.passTime(this.#options.marketMs());
    this.hub.beat(100);
    if (this.#beats % BEATS_PER_SECOND === 0) this.hub.beat(1000);
    if (this.#beats % BEATS_PER_TWO_SECONDS === 0) this.hub.beat(2000);
  }

  /** The HTTP status line of a request that cannot be served. */
  #refuse(address: StreamAddress, request: IncomingMessage): string | undefined {
    if (address.timeUnit === undefined) return '400 Bad Request';
    if (address.names.length > this.#rules.streamsMax) return '400 Bad Request';
    const mayConnect = this.#options.mayConnect?.(request.socket.remoteAddress ?? '') ?? true;
    return mayConnect ? undefined : '429 Too Many Requests';
  }
}

interface StreamAddress {
  readonly isCombined: boolean;
  readonly names: readonly string[];
  /** `undefined` when the address asks for an unknown one. */
  readonly timeUnit: 'MILLISECOND' | 'MICROSECOND' | undefined;
}

/** What an upgrade request's address asks for; `undefined` when it is not about streams. */
function parseAddress(url: string): StreamAddress | undefined {
  const question = url.indexOf('?');
  const path = question === -1 ? url : url.slice(0, question);
  const query = parseQuery(question === -1 ? '' : url.slice(question + 1));
  const timeUnit = parseTimeUnit(query.get('timeUnit'));
  if (path === '/stream' || path === '/stream/') {
    return { isCombined: true, names: splitNames(query.get('streams') ?? ''), timeUnit };
  }
  if (path === '/ws' || path.startsWith('/ws/')) {
    return { isCombined: false, names: splitNames(decode(path.slice('/ws/'.length))), timeUnit };
  }
  return undefined;
}

/** A plus sign stays one: `@+08:00`. */
function parseQuery(text: string): Map<string, string> {
  const query = new Map<string, string>();
  for (const pair of text.split('&')) {
    const equals = pair.indexOf('=');
    if (equals > 0) query.set(decode(pair.slice(0, equals)), decode(pair.slice(equals + 1)));
  }
  return query;
}

function decode(text: string): string {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}

function splitNames(text: string): readonly string[] {
  return [...new Set(text.split('/').filter((name) => name !== ''))];
}

function parseTimeUnit(text: string | undefined): StreamAddress['timeUnit'] {
  if (text === undefined) return 'MILLISECOND';
  const upper = text.toUpperCase();
  return upper === 'MILLISECOND' || upper === 'MICROSECOND' ? upper : undefined;
}
