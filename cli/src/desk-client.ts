// SPDX-License-Identifier: Apache-2.0
// Speaks to the running desk over its HTTP API, with the token that lies in the data directory.

import { readTerminalFile, type api, type TerminalAccess } from '@kontor/server';

const REQUEST_MS_MAX = 15_000;

type WrongField = NonNullable<api.ErrorBody['fields']>[number];

/** The desk is not there, or it said no; the message says what to do. */
export class DeskClientError extends Error {
  readonly code: string;
  /** What is wrong field by field, where the desk said so. */
  readonly fields: readonly WrongField[];

  constructor(
    code: string,
    message: string,
    options?: ErrorOptions & { readonly fields?: readonly WrongField[] },
  ) {
    super(message, options);
    this.name = 'DeskClientError';
    this.code = code;
    this.fields = options?.fields ?? [];
  }
}

export interface DeskClient {
  readonly url: string;
  /** `path` begins with `/api/v1`. Throws DeskClientError when the desk does not answer or answers no. */
  get<T>(path: string): Promise<T>;
  post<T>(path: string, body?: unknown): Promise<T>;
  put<T>(path: string, body: unknown): Promise<T>;
  patch<T>(path: string, body: unknown): Promise<T>;
  delete<T>(path: string): Promise<T>;
}

/** The desk that runs on `dataDirectory`. Throws DeskClientError `not_running` when there is none. */
export function connectDesk(dataDirectory: string): DeskClient {
  const access = readTerminalFile(dataDirectory);
  if (access === null) throw notRunning(dataDirectory);
  return {
    url: access.url,
    get: (path) => call(access, dataDirectory, path, 'GET'),
    post: (path, body) => call(access, dataDirectory, path, 'POST', body),
    put: (path, body) => call(access, dataDirectory, path, 'PUT', body),
    patch: (path, body) => call(access, dataDirectory, path, 'PATCH', body),
    delete: (path) => call(access, dataDirectory, path, 'DELETE'),
  };
}

async function call<T>(
  access: TerminalAccess,
  dataDirectory: string,
  path: string,
  method: 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE',
  body?: unknown,
): Promise<T> {
  let response: Response;
  try {
    response = await fetch(access.url + path, {
      method,
      headers: {
        authorization: `Bearer ${access.token.reveal()}`,
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
      },
      signal: AbortSignal.timeout(REQUEST_MS_MAX),
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
  } catch (error) {
    throw new DeskClientError(
      'not_running',
      `the desk on ${dataDirectory} does not answer at ${access.url}: it is being restarted, or it was killed; try again, and if it stays silent start it with \`kontor start\``,
      { cause: error },
    );
  }
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) {
    const said = typeof answer === 'object' && answer !== null ? answer : {};
    const code = 'error' in said ? String(said.error) : 'failed';
    const message =
      'message' in said ? String(said.message) : `the desk answered HTTP ${response.status}`;
    throw new DeskClientError(code, message, { fields: fieldsOf(said) });
  }
  // The desk and this command are of one repository and one version.
  return answer as T;
}

function fieldsOf(said: object): readonly WrongField[] {
  // The desk and this command are of one repository and one version.
  return 'fields' in said && Array.isArray(said.fields) ? (said.fields as WrongField[]) : [];
}

function notRunning(dataDirectory: string): DeskClientError {
  return new DeskClientError(
    'not_running',
    `no desk is running on ${dataDirectory}; start it with \`kontor start\`, or name its directory with --data DIR`,
  );
}
