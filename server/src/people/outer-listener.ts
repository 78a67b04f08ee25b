// SPDX-License-Identifier: Apache-2.0
// The listener beyond loopback: TLS of its own, or plain for one named proxy. What it takes it hands to the application.

import { readFileSync } from 'node:fs';
import {
  createServer as createPlainServer,
  type IncomingMessage,
  type Server,
  type ServerResponse,
} from 'node:http';
import { createServer as createTlsServer } from 'node:https';
import { Refusal } from '../refusal.ts';
import { listeningFault, parseAddress, type Listening } from './listening.ts';

/** As long as a request may take to arrive in full; streams are answers and may last. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const CONNECTIONS_MAX = 500;

export interface OuterListener {
  close(): Promise<void>;
}

/** Starts it, where `listening` asks for one. Throws Refusal where it must not or cannot listen so. */
export async function listenBeyond(
  listening: Listening,
  handle: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<OuterListener | null> {
  const fault = listeningFault(listening);
  if (fault !== null) throw new Refusal(fault);
  const { listen, tlsCertificate, tlsKey, behindProxy, origin = '' } = listening;
  const address = listen === undefined ? null : parseAddress(listen);
  if (address === null) return null;
  const { host: name } = new URL(origin);
  const take = (request: IncomingMessage, response: ServerResponse): void => {
    const from = (request.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
    if (behindProxy !== undefined && from !== behindProxy) {
      return turnAway(response, 403, 'wrong_proxy', `expected requests from ${behindProxy} alone`);
    }
    const forwarded = behindProxy === undefined ? undefined : request.headers['x-forwarded-host'];
    if ((forwarded ?? request.headers.host) !== name) {
      return turnAway(response, 421, 'wrong_host', `expected ${name} as the host`);
    }
    handle(request, response);
  };
  const server =
    tlsCertificate === undefined || tlsKey === undefined
      ? createPlainServer(take)
      : createTlsServer(
          { cert: readPem(tlsCertificate), key: readPem(tlsKey), minVersion: 'TLSv1.2' },
          take,
        );
  server.requestTimeout = REQUEST_MS;
  server.headersTimeout = HEADERS_MS;
  server.maxConnections = CONNECTIONS_MAX;
  await begin(server, address);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

function readPem(path: string): Buffer {
  try {
    return readFileSync(path);
  } catch (error) {
    const found = error instanceof Error ? error.message : String(error);
    throw new Refusal(`expected a PEM file at ${path}: ${found}`, { cause: error });
  }
}

function begin(
  server: Server,
  { host, port }: { readonly host: string; readonly port: number },
): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error) =>
      reject(new Refusal(`cannot listen on ${host}:${port}: ${error.message}`, { cause: error })),
    );
    server.listen({ host, port }, resolve);
  });
}

function turnAway(response: ServerResponse, status: number, error: string, message: string): void {
  response.writeHead(status, { 'content-type': 'application/json; charset=utf-8' });
  response.end(JSON.stringify({ error, message }));
}
