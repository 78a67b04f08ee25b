// SPDX-License-Identifier: Apache-2.0
// Requests to the desk's own server: same origin, cookie session, every one with a timeout.

import type { ErrorBody } from './types.ts';

const TIMEOUT_MS = 15_000;

/** The desk did not do what was asked. `code` is the server's, or `unreachable`, `timeout`, `unknown`. */
export class ApiError extends Error {
  override readonly name = 'ApiError';
  readonly code: string;
  /** 0 when there was no answer. */
  readonly status: number;

  constructor(code: string, status: number, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.status = status;
  }
}

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', path, signal);
}

export function postJson<T>(path: string): Promise<T> {
  return request<T>('POST', path);
}

/** Does nothing a second time by itself: a caller that repeats a POST does so knowingly. */
async function request<T>(method: 'GET' | 'POST', path: string, signal?: AbortSignal): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      method,
      headers: { accept: 'application/json' },
      credentials: 'same-origin',
      cache: 'no-store',
      signal: signal === undefined ? timeout : AbortSignal.any([signal, timeout]),
    });
    body = await response.json().catch(() => null);
  } catch (error) {
    if (signal?.aborted === true) throw error;
    const code = timeout.aborted ? 'timeout' : 'unreachable';
    throw new ApiError(code, 0, `${method} ${path}: ${code}`, { cause: error });
  }
  if (!response.ok) {
    const { error, message } = parseErrorBody(body);
    throw new ApiError(error, response.status, message);
  }
  // The server checks each answer against the schema that T is made from, so this cast only names it.
  return body as T;
}

function parseErrorBody(body: unknown): Pick<ErrorBody, 'error' | 'message'> {
  if (typeof body === 'object' && body !== null && 'error' in body && 'message' in body) {
    const { error, message } = body;
    if (typeof error === 'string' && typeof message === 'string') return { error, message };
  }
  return { error: 'unknown', message: '' };
}
