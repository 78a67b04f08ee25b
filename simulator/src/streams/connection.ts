// SPDX-License-Identifier: Apache-2.0
// One market stream connection: its subscriptions, its requests, its heartbeat and its end.

import type { WebSocket } from 'ws';
import { StreamHub, type StreamListener } from './hub.ts';
import { MICROSECONDS, MILLISECONDS, serverShutdownPayload } from './payloads.ts';

export interface StreamRules {
  readonly pingEveryMs: number;
  /** A ping that is not answered for so long ends the connection. */
  readonly pongWithinMs: number;
  readonly lifeMs: number;
  /** How long before its end a connection is told of it. */
  readonly noticeMs: number;
  readonly streamsMax: number;
  readonly messagesPerSecond: number;
  /** False lifts the limit on messages. */
  readonly areMessagesLimited: boolean;
}

export const BINANCE_STREAM_RULES: StreamRules = {
  pingEveryMs: 20_000,
  pongWithinMs: 60_000,
  lifeMs: 24 * 3_600_000,
  noticeMs: 600_000,
  streamsMax: 1024,
  messagesPerSecond: 5,
  areMessagesLimited: true,
};

/** A reader that lets so many bytes pile up is cut off. */
const UNSENT_BYTES_MAX = 16 * 1024 * 1024;
/** Pings without a pong that are remembered; an older one ended the connection before. */
const PINGS_MAX = 64;
const METHODS = [
  'SUBSCRIBE',
  'UNSUBSCRIBE',
  'LIST_SUBSCRIPTIONS',
  'SET_PROPERTY',
  'GET_PROPERTY',
] as const;

type Method = (typeof METHODS)[number];

/** Close codes of RFC 6455. */
const GOING_AWAY = 1001;
const POLICY_VIOLATION = 1008;

type RequestId = number | string | null;

interface StreamRequest {
  readonly id: RequestId;
  readonly method: Method;
  readonly params: readonly unknown[];
}

type Answer = Readonly<Record<string, unknown>>;

export class StreamConnection implements StreamListener {
  readonly wantsMicroseconds: boolean;
  readonly #socket: WebSocket;
  readonly #hub: StreamHub;
  readonly #rules: StreamRules;
  readonly #isSilent: () => boolean;
  readonly #steadyMs: () => number;
  readonly #marketMs: () => number;
  readonly #subscriptions = new Set<string>();
  readonly #arrivals: number[] = [];
  readonly #unanswered = new Map<string, number>();
  readonly #timers: NodeJS.Timeout[] = [];
  #isCombined: boolean;
  #pings = 0;

  constructor(options: {
    readonly socket: WebSocket;
    readonly hub: StreamHub;
    readonly rules: StreamRules;
    readonly isCombined: boolean;
    readonly wantsMicroseconds: boolean;
    readonly isSilent: () => boolean;
    readonly steadyMs: () => number;
    readonly marketMs: () => number;
  }) {
    this.#socket = options.socket;
    this.#hub = options.hub;
    this.#rules = options.rules;
    this.#isCombined = options.isCombined;
    this.wantsMicroseconds = options.wantsMicroseconds;
    this.#isSilent = options.isSilent;
    this.#steadyMs = options.steadyMs;
    this.#marketMs = options.marketMs;
    this.#listen();
    this.#keepAlive();
  }

  deliver(stream: string, text: string): void {
    this.#send(this.#isCombined ? `{"stream":${JSON.stringify(stream)},"data":${text}}` : text);
  }

  /** Subscribes to streams named in the address. */
  begin(names: readonly string[]): void {
    for (const name of names) this.#subscribe(name);
  }

  /** Tells that the end is near; the connection stays open. */
  announceShutdown(): void {
    const time = this.wantsMicroseconds ? MICROSECONDS : MILLISECONDS;
    const text = JSON.stringify(serverShutdownPayload(this.#marketMs(), time));
    this.#send(this.#isCombined ? `{"stream":"!serverShutdown","data":${text}}` : text);
  }

  close(): void {
    this.#socket.close(GOING_AWAY, 'Going away');
  }

  terminate(): void {
    this.#socket.terminate();
  }

  #listen(): void {
    this.#socket.on('message', (data, isBinary) => {
      if (!this.#mayReceive() || isBinary) return;
      this.#onText(toText(data));
    });
    this.#socket.on('ping', (payload) => {
      if (this.#mayReceive() && !this.#isSilent()) this.#socket.pong(payload);
    });
    this.#socket.on('pong', (payload) => {
      if (!this.#mayReceive()) return;
      this.#unanswered.delete(payload.toString('latin1'));
    });
    // A broken connection ends with 'close' too; there is nobody to tell.
    this.#socket.on('error', () => undefined);
    this.#socket.on('close', () => this.#end());
  }

  #keepAlive(): void {
    const { pingEveryMs, lifeMs, noticeMs } = this.#rules;
    const timer = (handler: () => void, ms: number): NodeJS.Timeout => {
      const made = setTimeout(handler, Math.max(1, ms));
      made.unref();
      this.#timers.push(made);
      return made;
    };
    const beat = setInterval(() => this.#heartbeat(), pingEveryMs);
    beat.unref();
    this.#timers.push(beat);
    timer(() => this.announceShutdown(), lifeMs - noticeMs);
    timer(() => this.close(), lifeMs);
  }

  #heartbeat(): void {
    const nowMs = this.#steadyMs();
    for (const [, sentMs] of this.#unanswered) {
      if (nowMs - sentMs >= this.#rules.pongWithinMs) {
        this.terminate();
        return;
      }
    }
    if (this.#isSilent() || this.#unanswered.size >= PINGS_MAX) return;
    this.#pings += 1;
    const payload = `${nowMs}.${this.#pings}`;
    this.#unanswered.set(payload, nowMs);
    this.#socket.ping(payload);
  }

  /** Counts what came in; a connection that sends too much is closed. */
  #mayReceive(): boolean {
    if (!this.#rules.areMessagesLimited) return true;
    const nowMs = this.#steadyMs();
    this.#arrivals.push(nowMs);
    if (this.#arrivals.length <= this.#rules.messagesPerSecond) return true;
    const earliestMs = this.#arrivals.shift() ?? nowMs;
    if (nowMs - earliestMs >= 1000) return true;
    this.#socket.close(POLICY_VIOLATION, 'Too many requests');
    return false;
  }

  #onText(text: string): void {
    const parsed = parseRequest(text);
    this.#send(JSON.stringify(parsed.ok ? this.#answer(parsed.request) : parsed.answer));
  }

  #answer(request: StreamRequest): Answer {
    const { id, method, params } = request;
    switch (method) {
      case 'SUBSCRIBE':
      case 'UNSUBSCRIBE':
        return this.#change(id, method, params);
      case 'LIST_SUBSCRIPTIONS':
        return { result: [...this.#subscriptions], id };
      case 'SET_PROPERTY':
        return this.#setProperty(id, params);
      case 'GET_PROPERTY':
        return this.#getProperty(id, params);
    }
  }

  #change(id: RequestId, method: 'SUBSCRIBE' | 'UNSUBSCRIBE', params: readonly unknown[]): Answer {
    const names: string[] = [];
    for (const name of params) {
      if (typeof name !== 'string' || !StreamHub.isWellFormed(name)) {
        return refusal(2, 'Invalid request: invalid stream', id);
      }
      names.push(name);
    }
    if (method === 'UNSUBSCRIBE') {
      for (const name of names) {
        this.#subscriptions.delete(name);
        this.#hub.unsubscribe(name, this);
      }
      return { result: null, id };
    }
    const added = new Set(names.filter((name) => !this.#subscriptions.has(name)));
    if (this.#subscriptions.size + added.size > this.#rules.streamsMax) {
      return refusal(4, 'Too many subscriptions', id);
    }
    for (const name of added) this.#subscribe(name);
    return { result: null, id };
  }

  #setProperty(id: RequestId, params: readonly unknown[]): Answer {
    const [name, value, ...rest] = params;
    if (typeof name !== 'string') {
      return refusal(2, 'Invalid request: property name must be a string', id);
    }
    if (rest.length > 0) return refusal(2, 'Invalid request: too many parameters', id);
    if (name !== 'combined') return refusal(0, 'Unknown property', id);
    if (typeof value !== 'boolean') {
      return refusal(1, 'Invalid value type: expected Boolean', id);
    }
    this.#isCombined = value;
    return { result: null, id };
  }

  #getProperty(id: RequestId, params: readonly unknown[]): Answer {
    const [name, ...rest] = params;
    if (typeof name !== 'string') {
      return refusal(2, 'Invalid request: property name must be a string', id);
    }
    if (rest.length > 0) return refusal(2, 'Invalid request: too many parameters', id);
    if (name !== 'combined') return refusal(0, 'Unknown property', id);
    return { result: this.#isCombined, id };
  }

  #subscribe(name: string): void {
    if (this.#subscriptions.has(name)) return;
    this.#subscriptions.add(name);
    this.#hub.subscribe(name, this);
  }

  #send(text: string): void {
    if (this.#isSilent() || this.#socket.readyState !== this.#socket.OPEN) return;
    if (this.#socket.bufferedAmount > UNSENT_BYTES_MAX) {
      this.terminate();
      return;
    }
    this.#socket.send(text);
  }

  #end(): void {
    for (const timer of this.#timers) clearTimeout(timer);
    for (const name of this.#subscriptions) this.#hub.unsubscribe(name, this);
    this.#subscriptions.clear();
  }
}

function toText(data: Buffer | ArrayBuffer | Buffer[]): string {
  if (Array.isArray(data)) return Buffer.concat(data).toString('utf8');
  return Buffer.isBuffer(data) ? data.toString('utf8') : Buffer.from(data).toString('utf8');
}

function refusal(code: number, message: string, id?: RequestId): Answer {
  return id === undefined
    ? { error: { code, msg: message } }
    : { error: { code, msg: message }, id };
}

type ParsedRequest =
  | { readonly ok: true; readonly request: StreamRequest }
  | { readonly ok: false; readonly answer: Answer };

function parseRequest(text: string): ParsedRequest {
  const refuse = (code: number, message: string, id?: RequestId): ParsedRequest => ({
    ok: false,
    answer: refusal(code, message, id),
  });
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    return refuse(3, `Invalid JSON: expected value at ${jsonPlace(text, error)}`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    return refuse(2, 'Invalid request: expected an object at line 1 column 1');
  }
  const id = requestId(value);
  if (id === undefined) {
    return refuse(2, 'Invalid request: request ID must be an unsigned integer');
  }
  if (!('method' in value)) {
    return refuse(
      2,
      `Invalid request: missing field \`method\` at line 1 column ${text.length}`,
      id,
    );
  }
  const method = METHODS.find((known) => known === value.method);
  if (method === undefined) {
    const known = METHODS.map((name) => `\`${name}\``).join(', ');
    const column = text.indexOf('"method"') + 1;
    return refuse(
      2,
      `Invalid request: unknown variant \`${String(value.method).slice(0, 40)}\`, expected one of ${known} at line 1 column ${column}`,
      id,
    );
  }
  const params = 'params' in value ? value.params : [];
  if (!Array.isArray(params)) {
    return refuse(2, 'Invalid request: params must be an array', id);
  }
  return { ok: true, request: { id, method, params } };
}

function requestId(value: object): RequestId | undefined {
  if (!('id' in value)) return undefined;
  const { id } = value;
  if (id === null) return null;
  if (typeof id === 'number') return Number.isInteger(id) ? id : undefined;
  return typeof id === 'string' && /^[A-Za-z0-9_-]{1,36}$/.test(id) ? id : undefined;
}

/** Line and column where the JSON went wrong, as far as the parser says. */
function jsonPlace(text: string, error: unknown): string {
  const match = /position (\d+)/.exec(error instanceof Error ? error.message : '');
  const before = text.slice(0, Number(match?.[1] ?? 0));
  const line = before.split('\n').length;
  return `line ${line} column ${before.length - before.lastIndexOf('\n')}`;
}
