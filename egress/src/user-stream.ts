// SPDX-License-Identifier: Apache-2.0
// The stream of one account's events over a venue's WebSocket API: subscribed once with the signer's parameters, then
// listened to until it ends. It is never opened again here: a new one needs a new signature.

import { subscribe } from 'node:diagnostics_channel';

/** How patient a stream is; the tests are less so. */
export interface StreamPatience {
  readonly connectMs: number;
  readonly confirmMs: number;
  /** After this long without a sign of life the venue is asked for one. */
  readonly probeMs: number;
  /** After this long without a sign of life the stream counts as dead. */
  readonly silenceMs: number;
}

export const PATIENCE: StreamPatience = {
  connectMs: 5_000,
  confirmMs: 5_000,
  probeMs: 8_000,
  silenceMs: 16_000,
};

export interface StreamListener {
  /** The venue's answer to the subscription. With status 200 the stream is up. */
  readonly onAnswer: (status: number, body: string) => void;
  /** There is no answer. */
  readonly onFailed: (certainty: 'notSent' | 'unknown', reason: string) => void;
  readonly onEvent: (event: unknown) => void;
  /** A stream that was up has ended. */
  readonly onEnd: (reason: string) => void;
}

const METHOD = 'userDataStream.subscribe.signature';
const SUBSCRIBE_ID = 'subscribe';
const PROBE: string = JSON.stringify({ id: 'ping', method: 'ping' });
const MESSAGE_CHARACTERS_MAX = 1_048_576;
/** The venue's own words for an end that is near or here. */
const LAST_EVENTS: readonly unknown[] = ['eventStreamTerminated', 'serverShutdown'];

/** Pings reach no event of a WebSocket, but they are the venue's regular sign of life. */
const pinged = new WeakMap<object, () => void>();
subscribe('undici:websocket:ping', (message) => {
  if (typeof message === 'object' && message !== null && 'websocket' in message) {
    const { websocket } = message;
    if (typeof websocket === 'object' && websocket !== null) pinged.get(websocket)?.();
  }
});

export class UserStream {
  readonly #listener: StreamListener;
  readonly #patience: StreamPatience;
  readonly #socket: WebSocket;
  #state: 'connecting' | 'subscribing' | 'up' | 'ended' = 'connecting';
  #subscriptionId: unknown = null;
  #timer: NodeJS.Timeout;
  #lastSign = 0;
  /** Whether the venue was asked since then. */
  #isProbed = false;

  constructor(
    address: URL,
    params: Readonly<Record<string, string | number>>,
    listener: StreamListener,
    patience: StreamPatience = PATIENCE,
  ) {
    this.#listener = listener;
    this.#patience = patience;
    this.#timer = this.#limit(patience.connectMs, 'expected a connection');
    this.#socket = new WebSocket(address);
    pinged.set(this.#socket, () => this.#sign());
    this.#socket.addEventListener('open', () => {
      if (this.#state !== 'connecting') return;
      this.#state = 'subscribing';
      clearTimeout(this.#timer);
      this.#timer = this.#limit(patience.confirmMs, 'expected the subscription to be confirmed');
      this.#socket.send(JSON.stringify({ id: SUBSCRIBE_ID, method: METHOD, params }));
    });
    this.#socket.addEventListener('message', ({ data }) => this.#onMessage(data));
    this.#socket.addEventListener('error', () => this.#end('the connection failed'));
    this.#socket.addEventListener('close', ({ code }) =>
      this.#end(`the venue closed it with code ${code}`),
    );
  }

  /** Ends the stream without a word to the listener. */
  close(): void {
    this.#state = 'ended';
    clearTimeout(this.#timer);
    this.#socket.close();
  }

  #onMessage(data: unknown): void {
    if (this.#state === 'ended') return;
    this.#sign();
    const message = parse(data);
    if (message === null) {
      this.#end('expected a JSON object of reasonable length, found something else');
      return;
    }
    if (message['id'] === SUBSCRIBE_ID && this.#state === 'subscribing') {
      this.#onConfirmation(message, String(data));
      return;
    }
    const { event, subscriptionId } = message;
    if (typeof event !== 'object' || event === null) return;
    if ('e' in event && LAST_EVENTS.includes(event.e)) {
      this.#end(`the venue announced ${String(event.e)}`);
    } else if (this.#state === 'up' && subscriptionId === this.#subscriptionId) {
      this.#listener.onEvent(event);
    }
  }

  #onConfirmation(message: Readonly<Record<string, unknown>>, body: string): void {
    const { status, result } = message;
    clearTimeout(this.#timer);
    if (typeof status !== 'number') {
      this.#end('expected a status in the answer, found none');
      return;
    }
    if (status !== 200) {
      this.close();
      this.#listener.onAnswer(status, body);
      return;
    }
    this.#state = 'up';
    this.#subscriptionId =
      typeof result === 'object' && result !== null && 'subscriptionId' in result
        ? result.subscriptionId
        : undefined;
    this.#watch();
    this.#listener.onAnswer(status, body);
  }

  /** Looks for signs of life, asks for one in time, and ends the stream where none comes. */
  #watch(): void {
    const { probeMs, silenceMs } = this.#patience;
    const silentMs = performance.now() - this.#lastSign;
    if (silentMs >= silenceMs) {
      this.#end(`no sign of life for ${silenceMs} ms`);
      return;
    }
    if (silentMs >= probeMs && !this.#isProbed) {
      this.#isProbed = true;
      this.#socket.send(PROBE);
    }
    const nextMs = silentMs < probeMs ? probeMs - silentMs : silenceMs - silentMs;
    this.#timer = setTimeout(() => this.#watch(), nextMs);
  }

  #sign(): void {
    this.#lastSign = performance.now();
    this.#isProbed = false;
  }

  #limit(ms: number, expected: string): NodeJS.Timeout {
    return setTimeout(() => this.#end(`${expected} within ${ms} ms`), ms);
  }

  #end(reason: string): void {
    const before = this.#state;
    if (before === 'ended') return;
    this.close();
    if (before === 'up') this.#listener.onEnd(reason);
    else this.#listener.onFailed(before === 'connecting' ? 'notSent' : 'unknown', reason);
  }
}

function parse(data: unknown): Readonly<Record<string, unknown>> | null {
  if (typeof data !== 'string' || data.length > MESSAGE_CHARACTERS_MAX) return null;
  try {
    const value: unknown = JSON.parse(data);
    return typeof value === 'object' && value !== null && !Array.isArray(value)
      ? (value as Readonly<Record<string, unknown>>)
      : null;
  } catch {
    return null;
  }
}
