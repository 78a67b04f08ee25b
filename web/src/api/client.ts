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
  /** Which fields of what was sent are wrong, where the desk says so. */
  readonly fields: readonly WrongField[];

  constructor(
    code: string,
    status: number,
    message: string,
    options: ErrorOptions & { readonly fields?: readonly WrongField[] } = {},
  ) {
    super(message, options);
    this.code = code;
    this.status = status;
    this.fields = options.fields ?? [];
  }
}

export type WrongField = NonNullable<ErrorBody['fields']>[number];

export function getJson<T>(path: string, signal?: AbortSignal): Promise<T> {
  return request<T>('GET', path, signal);
}

/** `body` is sent as JSON; without one nothing is. */
export function postJson<T>(path: string, body?: unknown): Promise<T> {
  return request<T>('POST', path, undefined, body);
}

export function putJson<T>(path: string, body: unknown): Promise<T> {
  return request<T>('PUT', path, undefined, body);
}

export function patchJson<T>(path: string, body: unknown): Promise<T> {
  return request<T>('PATCH', path, undefined, body);
}

export function deleteJson<T>(path: string): Promise<T> {
  return request<T>('DELETE', path);
}

/** What the desk does not do without a passkey now it does once one was shown; it had not begun. */
async function request<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  signal?: AbortSignal,
  sent?: unknown,
): Promise<T> {
  try {
    return await ask<T>(method, path, signal, sent);
  } catch (error) {
    if (!(error instanceof ApiError) || error.code !== 'step_up_needed' || onStepUp === null) {
      throw error;
    }
    if (!(await onStepUp(path))) throw error;
    return await ask<T>(method, path, signal, sent);
  }
}

let onStepUp: ((path: string) => Promise<boolean>) | null = null;

/** Who has a passkey shown when the desk asks for one. */
export function setStepUp(show: (path: string) => Promise<boolean>): void {
  onStepUp = show;
}

/** Does nothing a second time by itself: a caller that repeats a POST does so knowingly. */
async function ask<T>(
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  path: string,
  signal?: AbortSignal,
  sent?: unknown,
): Promise<T> {
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  let response: Response;
  let body: unknown;
  try {
    response = await fetch(path, {
      method,
      headers: {
        accept: 'application/json',
        ...(sent === undefined ? {} : { 'content-type': 'application/json' }),
      },
      ...(sent === undefined ? {} : { body: JSON.stringify(sent) }),
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
    const { error, message, fields } = parseErrorBody(body);
    throw new ApiError(error, response.status, message, { fields });
  }
  // The server checks each answer against the schema that T is made from, so this cast only names it.
  return body as T;
}

function parseErrorBody(
  body: unknown,
): Pick<ErrorBody, 'error' | 'message'> & { readonly fields: readonly WrongField[] } {
  if (typeof body === 'object' && body !== null && 'error' in body && 'message' in body) {
    const { error, message } = body;
    const fields = 'fields' in body && Array.isArray(body.fields) ? body.fields : [];
    if (typeof error === 'string' && typeof message === 'string') {
      return { error, message, fields: fields.filter(isWrongField) };
    }
  }
  return { error: 'unknown', message: '', fields: [] };
}

function isWrongField(value: unknown): value is WrongField {
  return (
    typeof value === 'object' &&
    value !== null &&
    ['field', 'expected', 'found'].every((name) => typeof Reflect.get(value, name) === 'string')
  );
}
