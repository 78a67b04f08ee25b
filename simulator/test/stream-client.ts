// SPDX-License-Identifier: Apache-2.0
// A WebSocket client that keeps all messages and waits for the one a test looks for.

import { WebSocket } from 'ws';

export type Message = Record<string, unknown>;

const WAIT_MS = 5000;

export class StreamClient {
  readonly messages: Message[] = [];
  readonly socket: WebSocket;
  pings = 0;
  closed: { readonly code: number; readonly reason: string } | undefined;
  #nextId = 1;
  readonly #wakers = new Set<() => void>();

  private constructor(url: string, options: { readonly autoPong?: boolean }) {
    this.socket = new WebSocket(url, { autoPong: options.autoPong ?? true });
    this.socket.on('message', (data) => {
      const text = Buffer.isBuffer(data) ? data.toString('utf8') : '';
      this.messages.push(JSON.parse(text) as Message);
      this.#wake();
    });
    this.socket.on('ping', () => {
      this.pings += 1;
      this.#wake();
    });
    this.socket.on('error', () => undefined);
    this.socket.on('close', (code, reason) => {
      this.closed = { code, reason: reason.toString() };
      this.#wake();
    });
  }

  static async open(
    url: string,
    options: { readonly autoPong?: boolean } = {},
  ): Promise<StreamClient> {
    const client = new StreamClient(url, options);
    await new Promise<void>((resolve, reject) => {
      client.socket.once('open', () => resolve());
      client.socket.once('unexpected-response', (_request, response) => {
        reject(new Error(`HTTP ${response.statusCode}`));
      });
      client.socket.once('error', reject);
    });
    return client;
  }

  /** The first message, of those here and those to come, that `pick` picks. */
  async find(pick: (message: Message) => boolean, from = 0): Promise<Message> {
    let seen = from;
    await this.until(() => {
      while (seen < this.messages.length) {
        const message = this.messages[seen];
        if (message !== undefined && pick(message)) return true;
        seen += 1;
      }
      return false;
    });
    return this.messages[seen] ?? {};
  }

  async until(condition: () => boolean): Promise<void> {
    const endMs = performance.now() + WAIT_MS;
    while (!condition()) {
      const leftMs = endMs - performance.now();
      if (leftMs <= 0) {
        throw new Error(
          `waited in vain; ${this.messages.length} messages, the last ${JSON.stringify(this.messages.at(-1))}, closed ${JSON.stringify(this.closed)}`,
        );
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(done, Math.min(leftMs, 50));
        const wakers = this.#wakers;
        function done(): void {
          clearTimeout(timer);
          wakers.delete(done);
          resolve();
        }
        wakers.add(done);
      });
    }
  }

  /** Sends a request and gives its answer. */
  async ask(method: string, params?: readonly unknown[]): Promise<Message> {
    const id = this.#nextId;
    this.#nextId += 1;
    const from = this.messages.length;
    this.socket.send(JSON.stringify({ method, ...(params === undefined ? {} : { params }), id }));
    return this.find((message) => message['id'] === id, from);
  }

  send(text: string): void {
    this.socket.send(text);
  }

  close(): void {
    this.socket.terminate();
  }

  #wake(): void {
    for (const wake of this.#wakers) wake();
  }
}
