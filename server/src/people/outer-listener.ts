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
import type { Socket } from 'node:net';
import { Refusal } from '../refusal.ts';
import { customerOf, listeningFault, parseAddress, type Listening } from './listening.ts';

/** As long as a request may take to arrive in full; streams are answers and may last. */
const REQUEST_MS = 30_000;
const HEADERS_MS = 10_000;
const CONNECTIONS_MAX = 500;
/** Of one customer's networks, so that nobody alone takes all of them. */
const CONNECTIONS_OF_NETWORK_MAX = 100;
/** Of everybody who is not the proxy, where only the proxy is heard: enough to tell them so. */
const CONNECTIONS_BESIDE_PROXY_MAX = 20;

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
    if (behindProxy !== undefined && addressOf(request.socket) !== behindProxy) {
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
  const open = shareOut(server, behindProxy);
  await begin(server, address);
  return {
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        // Those too that have sent no request yet, of which HTTP knows nothing.
        for (const socket of open) socket.destroy();
      }),
  };
}

/** Lets the server take no more connections of anybody than are his. Returns those that are open. */
function shareOut(server: Server, proxy: string | undefined): ReadonlySet<Socket> {
  const open = new Set<Socket>();
  const counts = new Map<string, number>();
  // Once TLS has a connection, only TLS can end it.
  const takers = server.listeners('connection');
  server.removeAllListeners('connection');
  server.on('connection', (socket: Socket) => {
    if (!mayCome(socket)) {
      socket.destroy();
      return;
    }
    open.add(socket);
    socket.once('close', () => open.delete(socket));
    for (const take of takers) Reflect.apply(take, server, [socket]);
  });
  const mayCome = (socket: Socket): boolean => {
    const from = addressOf(socket);
    if (from === proxy) return true;
    const whose = proxy === undefined ? customerOf(from) : 'others';
    const most = proxy === undefined ? CONNECTIONS_OF_NETWORK_MAX : CONNECTIONS_BESIDE_PROXY_MAX;
    const count = (counts.get(whose) ?? 0) + 1;
    if (count > most) return false;
    counts.set(whose, count);
    socket.once('close', () => {
      const left = (counts.get(whose) ?? 1) - 1;
      if (left === 0) counts.delete(whose);
      else counts.set(whose, left);
    });
    return true;
  };
  return open;
}

function addressOf({ remoteAddress = '' }: Socket): string {
  return remoteAddress.replace(/^::ffff:/, '');
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
