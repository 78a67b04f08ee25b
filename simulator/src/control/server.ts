// SPDX-License-Identifier: Apache-2.0
// The control server: JSON over HTTP on a port of its own, for tests and people on this computer.

import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';

import {
  CONTROL_ROUTES,
  describeRoutes,
  isControlRefusal,
  type ControlAnswer,
  type ControlHands,
  type ControlRoute,
} from './routes.ts';

const BODY_BYTES_MAX = 1024 * 1024;
/** A name that a stranger's page lets point here is none of these. */
const LOCAL_HOSTS: readonly string[] = ['127.0.0.1', 'localhost', '[::1]'];
const BODY_WITHIN_MS = 10_000;

/** The server, not listening yet. */
export function createControlServer(hands: ControlHands): Server {
  const server = createServer((request, response) => {
    void respond(request, response, hands);
  });
  server.requestTimeout = BODY_WITHIN_MS;
  return server;
}

async function respond(
  request: IncomingMessage,
  response: ServerResponse,
  hands: ControlHands,
): Promise<void> {
  let answer: ControlAnswer;
  try {
    answer = await answerTo(request, hands);
  } catch (error) {
    answer = isControlRefusal(error)
      ? { status: error.status, body: { error: error.message } }
      : { status: 500, body: { error: error instanceof Error ? error.message : String(error) } };
  }
  const text = JSON.stringify(answer.body);
  response.writeHead(answer.status, {
    'content-type': 'application/json; charset=utf-8',
    'cache-control': 'no-store',
  });
  response.end(text);
}

async function answerTo(request: IncomingMessage, hands: ControlHands): Promise<ControlAnswer> {
  // A web page must not reach into the simulator: browsers name the page that asks, programs do not.
  if (request.headers.origin !== undefined) {
    return refusal(
      403,
      `expected a request from a program, found one from ${request.headers.origin}`,
    );
  }
  const host = (request.headers.host ?? '').replace(/:\d+$/, '');
  if (!LOCAL_HOSTS.includes(host)) {
    return refusal(403, `expected a request to ${LOCAL_HOSTS.join(', ')}, found one to ${host}`);
  }
  const url = new URL(request.url ?? '/', 'http://control');
  const { pathname } = url;
  if (pathname === '/control' && request.method === 'GET') {
    return { status: 200, body: { routes: describeRoutes() } };
  }
  const found = findRoute(request.method ?? '', pathname);
  if (found === undefined) {
    return refusal(404, `no ${request.method} ${pathname}; GET /control lists what there is`);
  }
  const body = await readBody(request);
  if (!body.ok) return refusal(body.status, body.reason);
  return found.route.handle(
    { params: found.params, query: url.searchParams, body: body.value },
    hands,
  );
}

function findRoute(
  method: string,
  path: string,
): { readonly route: ControlRoute; readonly params: Readonly<Record<string, string>> } | undefined {
  for (const route of CONTROL_ROUTES) {
    const params = route.method === method ? matchPath(route.path, path) : undefined;
    if (params !== undefined) return { route, params };
  }
  return undefined;
}

function matchPath(pattern: string, path: string): Record<string, string> | undefined {
  const wanted = pattern.split('/');
  const parts = path.split('/');
  if (wanted.length !== parts.length) return undefined;
  const params: Record<string, string> = {};
  for (const [index, want] of wanted.entries()) {
    const part = parts[index] ?? '';
    if (want.startsWith(':')) {
      try {
        params[want.slice(1)] = decodeURIComponent(part);
      } catch {
        return undefined;
      }
    } else if (want !== part) return undefined;
  }
  return params;
}

type ReadBody =
  | { readonly ok: true; readonly value: Readonly<Record<string, unknown>> }
  | { readonly ok: false; readonly status: number; readonly reason: string };

async function readBody(request: IncomingMessage): Promise<ReadBody> {
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request) {
    const part = Buffer.isBuffer(chunk) ? chunk : Buffer.from(String(chunk));
    bytes += part.length;
    if (bytes > BODY_BYTES_MAX) {
      return { ok: false, status: 413, reason: `expected at most ${BODY_BYTES_MAX} bytes` };
    }
    chunks.push(part);
  }
  if (bytes === 0) return { ok: true, value: {} };
  try {
    const value: unknown = JSON.parse(Buffer.concat(chunks).toString('utf8'));
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) {
      return { ok: true, value: { ...value } };
    }
  } catch {
    // Falls through to the same answer as any other text that is no object.
  }
  return { ok: false, status: 400, reason: 'expected a JSON object' };
}

function refusal(status: number, message: string): ControlAnswer {
  return { status, body: { error: message } };
}
