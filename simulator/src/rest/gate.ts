// SPDX-License-Identifier: Apache-2.0
// What every request passes before its handler: key, address, signature, time and rights.

import { mayComeFrom, type ApiKey } from '../auth.ts';
import { illegalCharacters, missing, refusal, REJECTED_KEY, type Refusal } from '../errors.ts';
import { refused, type Answer, type Endpoint, type Venue } from './endpoint.ts';
import type { Parameters } from './parameters.ts';

const DEFAULT_RECV_WINDOW_MS = 5000;
const MAX_RECV_WINDOW_MS = 60_000;
/** A clock may be ahead by less than this. */
const AHEAD_MS = 1000;
const MICROSECONDS_FROM = 1e15;
const RECV_WINDOW = /^[0-9]{1,8}(?:\.[0-9]{1,3})?$/;
const TIMESTAMP = /^[0-9]{1,20}$/;

const BAD_KEY_FORMAT = refusal(-2014, 'API-key format invalid.', 401);
const BAD_SIGNATURE = refusal(-1022, 'Signature for this request is not valid.');
const AHEAD = refusal(-1021, "Timestamp for this request was 1000ms ahead of the server's time.");
const STALE = refusal(-1021, 'Timestamp for this request is outside of the recvWindow.');

/** Who asks, and how they prove it. */
export interface Credentials {
  /** As sent; undefined when none was. */
  readonly apiKey: string | undefined;
  readonly address: string;
  /** What was signed; null when the session has proved itself before. */
  readonly payload: string | null;
}

/** Passes a request to `endpoint`'s handler, or says why it may not go there. */
export function serve(
  venue: Venue,
  endpoint: Endpoint,
  parameters: Parameters,
  credentials: Credentials,
): Answer | Promise<Answer> {
  if (endpoint.security === 'NONE') return endpoint.handle({ venue, parameters });
  const admitted = admit(venue, parameters, credentials);
  if (!admitted.ok) return refused(admitted.refusal);
  const { key } = admitted;
  const account = venue.exchange.account(key.accountId);
  const mayAsk = endpoint.security === 'TRADE' ? key.rights.spotTrading : key.rights.reading;
  if (!mayAsk || account === undefined) return refused(REJECTED_KEY);
  return endpoint.handle({ venue, parameters, account, key });
}

export type Admission =
  { readonly ok: true; readonly key: ApiKey } | { readonly ok: false; readonly refusal: Refusal };

/** Checks key, address, signature and time; takes their parameters away. */
export function admit(venue: Venue, parameters: Parameters, credentials: Credentials): Admission {
  const { apiKey, address, payload } = credentials;
  if (apiKey === undefined || apiKey === '') return { ok: false, refusal: BAD_KEY_FORMAT };
  const timestamp = parameters.take('timestamp');
  const recvWindow = parameters.take('recvWindow');
  const signature = payload === null ? '' : parameters.take('signature');
  if (parameters.refusal !== undefined) return { ok: false, refusal: parameters.refusal };
  const timing = readTiming(timestamp, recvWindow);
  if ('code' in timing) return { ok: false, refusal: timing };
  if (signature === undefined) return { ok: false, refusal: missing('signature') };
  const late = checkTiming(timing, venue.clock.wallMs());
  if (late !== undefined) return { ok: false, refusal: late };
  const key = venue.exchange.key(apiKey);
  if (key === undefined || !mayComeFrom(key, address)) return { ok: false, refusal: REJECTED_KEY };
  if (payload !== null && !venue.exchange.keys.isSigned(apiKey, payload, signature)) {
    return { ok: false, refusal: BAD_SIGNATURE };
  }
  // Time passed while the request was looked at; what is too old now does not reach the book.
  if (venue.clock.wallMs() - timing.timestampMs > timing.windowMs) {
    return { ok: false, refusal: STALE };
  }
  return { ok: true, key };
}

interface Timing {
  readonly timestampMs: number;
  readonly windowMs: number;
}

function readTiming(
  timestamp: string | undefined,
  recvWindow: string | undefined,
): Timing | Refusal {
  if (timestamp === undefined || timestamp === '') return missing('timestamp');
  if (!TIMESTAMP.test(timestamp)) return illegalCharacters('timestamp', TIMESTAMP.source);
  if (recvWindow !== undefined && !RECV_WINDOW.test(recvWindow)) {
    return illegalCharacters('recvWindow', '^([0-9]{1,5})(\\.[0-9]{1,3})?$');
  }
  const windowMs = recvWindow === undefined ? DEFAULT_RECV_WINDOW_MS : Number(recvWindow);
  if (windowMs > MAX_RECV_WINDOW_MS) return refusal(-1131, 'recvWindow must be less than 60000');
  const sent = Number(timestamp);
  return { timestampMs: sent >= MICROSECONDS_FROM ? sent / 1000 : sent, windowMs };
}

function checkTiming({ timestampMs, windowMs }: Timing, now: number): Refusal | undefined {
  if (timestampMs >= now + AHEAD_MS) return AHEAD;
  return now - timestampMs > windowMs ? STALE : undefined;
}

// ---- Answers on the wire ----

const TIME_FIELDS: ReadonlySet<string> = new Set([
  'serverTime',
  'transactTime',
  'transactionTime',
  'workingTime',
  'trailingTime',
  'time',
  'updateTime',
  'openTime',
  'closeTime',
  'createTime',
  'T',
  'E',
  'W',
  'O',
  'D',
  'u',
]);
const KLINE_COLUMNS = 12;

/** `body` with its times in microseconds. */
export function toMicroseconds(body: unknown, field = ''): unknown {
  if (typeof body === 'number') return TIME_FIELDS.has(field) && body > 0 ? body * 1000 : body;
  if (Array.isArray(body)) {
    const isKline = body.length === KLINE_COLUMNS && typeof body[0] === 'number';
    if (!isKline) return body.map((item) => toMicroseconds(item));
    const row: unknown[] = [...body];
    row[0] = Number(row[0]) * 1000;
    // A candle ends with the last microsecond of its last millisecond.
    row[6] = Number(row[6]) * 1000 + 999;
    return row;
  }
  if (typeof body !== 'object' || body === null) return body;
  return Object.fromEntries(
    Object.entries(body).map(([name, value]) => [name, toMicroseconds(value, name)]),
  );
}

export type TimeUnit = 'MILLISECOND' | 'MICROSECOND';

/** The unit that `text` names; undefined when it names none. */
export function parseTimeUnit(text: string | undefined): TimeUnit | undefined {
  const upper = text?.toUpperCase() ?? 'MILLISECOND';
  return upper === 'MILLISECOND' || upper === 'MICROSECOND' ? upper : undefined;
}

export const INVALID_TIME_UNIT: Refusal = refusal(
  -1194,
  'Invalid value for time unit; expected either MICROSECOND or MILLISECOND.',
);

/** An error as the wire has it; `data` goes along where it is part of the documented body. */
export function errorBody(reason: Refusal, withData: boolean): Record<string, unknown> {
  const body: Record<string, unknown> = { code: reason.code, msg: reason.message };
  if (withData && reason.data !== undefined) body['data'] = reason.data;
  return body;
}
