// SPDX-License-Identifier: Apache-2.0
// Two connected sockets of which this process reads nothing, to be given to two others.
//
// Node has no socketpair(2), and the pipe ends it makes for children are read from their first moment on: bytes that
// arrive before such an end has reached another process over IPC are lost. A connection accepted with
// `pauseOnConnect` is made for being passed on; its other end is inherited at a spawn, before anyone can write to it.

import { chmodSync, mkdtempSync, rmSync } from 'node:fs';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

export interface SocketPair {
  /** To be inherited by a child at its start, then destroyed here. */
  readonly inherited: Socket;
  /** To be handed to a running process over IPC. */
  readonly handed: Socket;
}

/** A fresh pair. Rejects when the temporary directory cannot hold a socket. */
export async function socketPair(): Promise<SocketPair> {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-link-'));
  chmodSync(directory, 0o700);
  const server = createServer({ pauseOnConnect: true });
  try {
    const path = join(directory, 's');
    await new Promise<void>((resolve, reject) => {
      server.once('error', reject);
      server.listen(path, resolve);
    });
    const handed = new Promise<Socket>((resolve) => server.once('connection', resolve));
    const inherited = await new Promise<Socket>((resolve, reject) => {
      const socket = connect(path);
      socket.once('connect', () => resolve(socket));
      socket.once('error', reject);
    });
    return { inherited, handed: await handed };
  } finally {
    server.close();
    rmSync(directory, { recursive: true, force: true });
  }
}
