// SPDX-License-Identifier: Apache-2.0
// An exchange in a thread of its own, which closes its kept connections while the test's thread does not look.
// They speak through shared cells: the port, how often to close, and how often that was done.

import { createServer } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { workerData } from 'node:worker_threads';

export const CELL = { port: 0, wanted: 1, done: 2 } as const;
export const CELLS = 3;

if (workerData instanceof Int32Array) serve(workerData);

function serve(cells: Int32Array): void {
  const sockets = new Set<Socket>();
  const server = createServer((_request, response) => response.end('{}'));
  server.keepAliveTimeout = 0;
  server.on('connection', (socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.on('close', () => sockets.delete(socket));
  });
  server.listen(0, '127.0.0.1', () => {
    set(cells, CELL.port, (server.address() as AddressInfo).port);
    void closeWhenTold(cells, sockets);
  });
}

async function closeWhenTold(cells: Int32Array, sockets: ReadonlySet<Socket>): Promise<void> {
  for (let done = 0; ; done += 1) {
    await Atomics.waitAsync(cells, CELL.wanted, done).value;
    await Promise.all(
      [...sockets].map((socket) => new Promise<void>((resolve) => socket.end(resolve))),
    );
    set(cells, CELL.done, done + 1);
  }
}

function set(cells: Int32Array, cell: number, value: number): void {
  Atomics.store(cells, cell, value);
  Atomics.notify(cells, cell);
}
