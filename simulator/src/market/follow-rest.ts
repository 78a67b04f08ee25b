// SPDX-License-Identifier: Apache-2.0
// Public REST of the exchange that a market follows: what it asks, how often at most, and what went wrong in plain words.
// No key is known here, and none is ever sent.

import { setTimeout as delay } from 'node:timers/promises';

/** The followed exchange, or the way to it, failed. */
export class FollowError extends Error {
  /** `refused`: it answered and said no, and would again. */
  readonly code: 'unreachable' | 'refused' | 'busy' | 'unreadable' | 'stopped';

  constructor(code: FollowError['code'], message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'FollowError';
    this.code = code;
  }
}

export type Row = Readonly<Record<string, unknown>>;

/** A range of candles or trades as a request asks for it. */
export interface RestRange {
  readonly startTime?: number;
  readonly endTime?: number;
  readonly fromId?: number;
  readonly limit: number;
}

const REQUEST_MS_MAX = 10_000;
/** A thousand klines are a fifth of a megabyte; the rules of a hundred symbols half of one. */
const BODY_BYTES_MAX = 8 * 1024 * 1024;
const IN_FLIGHT_MAX = 4;
const WAITING_MAX = 2_000;
/** Of Binance's 6,000 a minute, shared with whatever else this address asks. */
const WEIGHT_PER_MINUTE = 3_000;
const MINUTE_MS = 60_000;
const DEFAULT_RETRY_AFTER_S = 30;
const RETRY_AFTER_S_MAX = 600;
const TOO_MANY_REQUESTS = 429;
const BANNED = 418;
const FORBIDDEN_PLACE = 451;
const SERVER_ERRORS_FROM = 500;

/** What each request weighs at Binance. */
const WEIGHTS = {
  time: 1,
  exchangeInfo: 20,
  klines: 2,
  aggTrades: 4,
  'ticker/bookTicker': 4,
} as const;

export class FollowRest {
  readonly base: string;
  readonly #stop: AbortSignal;
  readonly #weightPerMinute: number;
  #inFlight = 0;
  readonly #waiting: (() => void)[] = [];
  #windowStart = Number.NEGATIVE_INFINITY;
  #used = 0;
  #blockedUntil = Number.NEGATIVE_INFINITY;

  constructor(options: {
    /** e.g. `https://api.binance.com` */
    readonly base: string;
    /** Ends every request and every wait. */
    readonly stop: AbortSignal;
    readonly weightPerMinute?: number;
  }) {
    this.base = options.base.replace(/\/+$/, '');
    this.#stop = options.stop;
    this.#weightPerMinute = options.weightPerMinute ?? WEIGHT_PER_MINUTE;
  }

  /** The exchange's clock, and how long the question was under way. */
  async serverTime(): Promise<number> {
    const body = asRow(await this.#get('time', {}));
    const serverTime = body['serverTime'];
    if (!isTime(serverTime)) throw unreadable('time: serverTime', serverTime);
    return serverTime;
  }

  /** The symbols' objects as listed, filters included. */
  async exchangeInfo(symbols: readonly string[]): Promise<readonly Row[]> {
    const body = asRow(await this.#get('exchangeInfo', { symbols: JSON.stringify(symbols) }));
    return asList(body['symbols'], 'exchangeInfo: symbols').map(asRow);
  }

  async klines(
    symbol: string,
    interval: string,
    range: RestRange,
    timeZone?: string,
  ): Promise<readonly (readonly unknown[])[]> {
    const zone = timeZone === undefined ? {} : { timeZone };
    const body = await this.#get('klines', { symbol, interval, ...zone, ...range });
    return asList(body, 'klines').map((row) => asList(row, 'a kline'));
  }

  async aggregates(symbol: string, range: RestRange): Promise<readonly Row[]> {
    return asList(await this.#get('aggTrades', { symbol, ...range }), 'aggTrades').map(asRow);
  }

  async bookTickers(symbols: readonly string[]): Promise<readonly Row[]> {
    const body = await this.#get('ticker/bookTicker', { symbols: JSON.stringify(symbols) });
    return asList(body, 'bookTicker').map(asRow);
  }

  async #get(
    name: keyof typeof WEIGHTS,
    query: Readonly<Record<string, string | number>>,
  ): Promise<unknown> {
    await this.#enter();
    try {
      await this.#admit(WEIGHTS[name]);
      const text = new URLSearchParams(
        Object.entries(query).map(([key, value]) => [key, String(value)]),
      ).toString();
      return await this.#ask(`/api/v3/${name}${text === '' ? '' : `?${text}`}`);
    } finally {
      this.#inFlight -= 1;
      this.#waiting.shift()?.();
    }
  }

  async #enter(): Promise<void> {
    if (this.#waiting.length >= WAITING_MAX) {
      throw new FollowError('busy', `${this.base}: ${WAITING_MAX} requests are waiting already`);
    }
    while (this.#inFlight >= IN_FLIGHT_MAX) {
      await new Promise<void>((resolve) => {
        this.#waiting.push(resolve);
      });
    }
    this.#inFlight += 1;
  }

  /** Waits until the exchange may be asked for so much more. */
  async #admit(weight: number): Promise<void> {
    for (;;) {
      const now = performance.now();
      if (now - this.#windowStart >= MINUTE_MS) {
        this.#windowStart = now;
        this.#used = 0;
      }
      const isFree = now >= this.#blockedUntil;
      if (isFree && this.#used + weight <= this.#weightPerMinute) {
        this.#used += weight;
        return;
      }
      const until = isFree ? this.#windowStart + MINUTE_MS : this.#blockedUntil;
      await this.#pause(Math.max(1, until - now));
    }
  }

  async #pause(ms: number): Promise<void> {
    try {
      await delay(ms, undefined, { signal: this.#stop });
    } catch (error) {
      throw new FollowError('stopped', 'the market was stopped', { cause: error });
    }
  }

  async #ask(path: string): Promise<unknown> {
    let response: Response;
    let body: unknown;
    try {
      response = await fetch(this.base + path, {
        signal: AbortSignal.any([this.#stop, AbortSignal.timeout(REQUEST_MS_MAX)]),
        redirect: 'error',
      });
      body = await readJson(response, this.base + path);
    } catch (error) {
      if (error instanceof FollowError) throw error;
      if (this.#stop.aborted) {
        throw new FollowError('stopped', 'the market was stopped', { cause: error });
      }
      throw new FollowError('unreachable', `${this.base} cannot be reached: ${why(error)}`, {
        cause: error,
      });
    }
    if (response.ok) return body;
    throw this.#refusal(response, path, asRow(body));
  }

  #refusal(response: Response, path: string, body: Row): FollowError {
    const { status } = response;
    const said = `HTTP ${status}${body['msg'] === undefined ? '' : ` ${JSON.stringify(body['msg']).slice(0, 200)}`}`;
    if (status === TOO_MANY_REQUESTS || status === BANNED) {
      const seconds = Number(response.headers.get('retry-after') ?? DEFAULT_RETRY_AFTER_S);
      const pauseS = seconds >= 0 ? Math.min(seconds, RETRY_AFTER_S_MAX) : DEFAULT_RETRY_AFTER_S;
      this.#blockedUntil = performance.now() + pauseS * 1000;
      return new FollowError('unreachable', `${this.base} asks to wait ${pauseS} s (${said})`);
    }
    if (status === FORBIDDEN_PLACE) {
      return new FollowError('unreachable', `${this.base} does not serve this place (${said})`);
    }
    if (status >= SERVER_ERRORS_FROM) {
      return new FollowError('unreachable', `${this.base} is out of order (${said})`);
    }
    return new FollowError('refused', `${this.base}${path}: ${said}`);
  }
}

/** The body as JSON. Throws FollowError when it is too large or no JSON. */
async function readJson(response: Response, url: string): Promise<unknown> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  if (response.body !== null) {
    for await (const chunk of response.body) {
      bytes += chunk.length;
      if (bytes > BODY_BYTES_MAX) {
        throw new FollowError(
          'unreadable',
          `${url}: expected at most ${BODY_BYTES_MAX} bytes, found more`,
        );
      }
      chunks.push(chunk);
    }
  }
  const text = Buffer.concat(chunks).toString('utf8');
  try {
    const body: unknown = JSON.parse(text);
    return body;
  } catch (error) {
    // A gateway in between answers its own errors as pages.
    if (!response.ok) return {};
    throw new FollowError(
      'unreadable',
      `${url}: expected JSON, found ${JSON.stringify(text.slice(0, 40))}`,
      { cause: error },
    );
  }
}

/** What kept a request from being answered: the system's own code where there is one. */
function why(error: unknown): string {
  if (error instanceof Error && error.name === 'TimeoutError') {
    return `no answer within ${REQUEST_MS_MAX / 1000} s`;
  }
  for (let cause: unknown = error, depth = 0; cause instanceof Error && depth < 5; depth += 1) {
    if ('code' in cause && typeof cause.code === 'string') {
      return `${cause.code}${cause.message === '' ? '' : ` (${cause.message})`}`;
    }
    if (cause.cause === undefined) return cause.message;
    cause = cause.cause;
  }
  return String(error);
}

export function unreadable(what: string, found: unknown): FollowError {
  const text = JSON.stringify(found) ?? String(found);
  return new FollowError('unreadable', `${what}: found ${text.slice(0, 80)}`);
}

export function isTime(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0;
}

export function asRow(value: unknown): Row {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? { ...value } : {};
}

function asList(value: unknown, what: string): readonly unknown[] {
  if (!Array.isArray(value)) throw unreadable(`${what}: expected a list`, value);
  return value;
}
