// SPDX-License-Identifier: Apache-2.0
// A keep-alive agent that gives a request its socket only once that socket is connected and, with TLS, verified.
// So a request that ends without a socket has provably not left, and one that had a socket may have.

import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

const CONNECT_MS_MAX = 5_000;
/** Exchanges close idle connections; ours go first, so that a request rarely meets one that is closing. */
const IDLE_MS_MAX = 15_000;

const OPTIONS: AgentOptions = {
  keepAlive: true,
  scheduling: 'lifo',
  maxFreeSockets: 8,
  timeout: IDLE_MS_MAX,
};

type OnCreate = (error: Error | null, stream: Duplex) => void;

/** The agent for an origin's scheme. */
export function connectingAgent(protocol: string): HttpAgent {
  return protocol === 'https:'
    ? new ConnectingHttpsAgent(OPTIONS)
    : new ConnectingHttpAgent(OPTIONS);
}

class ConnectingHttpAgent extends HttpAgent {
  override createConnection(options: ClientRequestArgs, onCreate?: OnCreate): undefined {
    whenReady(super.createConnection(options), 'connect', onCreate);
  }
}

class ConnectingHttpsAgent extends HttpsAgent {
  override createConnection(options: ClientRequestArgs, onCreate?: OnCreate): undefined {
    whenReady(super.createConnection(options), 'secureConnect', onCreate);
  }
}

function whenReady(
  made: Duplex | null | undefined,
  event: 'connect' | 'secureConnect',
  onCreate: OnCreate | undefined,
): void {
  // Node's own agents make a socket here; anything else would be a change of Node's.
  const socket = made as Socket;
  const timer = setTimeout(
    () => socket.destroy(new Error(`expected a connection within ${CONNECT_MS_MAX} ms`)),
    CONNECT_MS_MAX,
  );
  const onError = (error: Error): void => finish(error);
  const onReady = (): void => finish(null);
  const finish = (error: Error | null): void => {
    clearTimeout(timer);
    socket.off('error', onError);
    socket.off(event, onReady);
    onCreate?.(error, socket);
  };
  socket.once('error', onError);
  socket.once(event, onReady);
}
