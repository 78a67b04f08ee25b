// SPDX-License-Identifier: Apache-2.0
// Links between processes that nobody starts together: Unix sockets in folders whose group is the two that a link
// joins. Of what arrives nothing is read here; each end goes on to the process it is for.

import { chmodSync, existsSync, lstatSync, unlinkSync } from 'node:fs';
import { createServer, Socket, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';

export type LinkFolder = 'signer-server' | 'signer-egress' | 'egress-server';

/** For owner and group: who else may come near is the folder's to say. */
const SOCKET_MODE = 0o660;
const RETRY_MS = 250;
const CONNECT_MS_MAX = 5_000;

/** Where the two ends of a link meet. */
export function linkPath(links: string, folder: LinkFolder): string {
  return join(links, folder, 'link');
}

/** Listens at `path`; `onLink` takes each end that comes, unread. Throws the system's error where that cannot be. */
export async function listenForLinks(path: string, onLink: (end: Socket) => void): Promise<Server> {
  // What a process that died has left; anything else is not ours to remove.
  if (existsSync(path) && lstatSync(path).isSocket()) unlinkSync(path);
  const server = createServer({ pauseOnConnect: true }, onLink);
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
  chmodSync(path, SOCKET_MODE);
  return server;
}

/**
 * Tries until somebody listens at `path`; null when `signal` is aborted. Nothing is read of what comes. `onWaiting` hears
 * once that nobody listens there yet.
 */
export async function connectLink(
  path: string,
  signal: AbortSignal,
  onWaiting: () => void = () => undefined,
): Promise<Socket | null> {
  for (let tries = 1; !signal.aborted; tries += 1) {
    const end = await tryOnce(path);
    if (end !== null) return end;
    if (tries === 1) onWaiting();
    await delay(RETRY_MS, undefined, { signal }).catch(() => undefined);
  }
  return null;
}

function tryOnce(path: string): Promise<Socket | null> {
  return new Promise((resolve) => {
    const end = new Socket();
    // Before it is connected: otherwise its first bytes are read here, and lost.
    end.pause();
    const timer = setTimeout(() => end.destroy(), CONNECT_MS_MAX);
    end.once('connect', () => {
      clearTimeout(timer);
      end.removeAllListeners('close');
      resolve(end);
    });
    end.once('error', () => undefined);
    end.once('close', () => {
      clearTimeout(timer);
      resolve(null);
    });
    end.connect(path);
  });
}
