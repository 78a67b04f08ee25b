// SPDX-License-Identifier: Apache-2.0
// A small proxy for the tests: it speaks CONNECT and SOCKS 5, goes on from another loopback address, keeps what it was told,
// and misbehaves on request.

import { once } from 'node:events';
import { connect, createServer, type AddressInfo, type Server, type Socket } from 'node:net';
import type { TestContext } from 'node:test';
import { connect as connectTls, TLSSocket } from 'node:tls';
import type { ServerCertificate } from './authority.ts';

/** From where the proxy goes on: the second address. */
export const SECOND_ADDRESS = '127.0.0.2';

export interface ProxyManners {
  /** `user:password` that it wants. */
  readonly login?: string;
  /** Says this to whoever connects or asks, and nothing else. */
  readonly says?: Buffer;
  /** Takes what comes and never answers. */
  readonly isSilent?: boolean;
  /** Ends the TLS of whom it should lead on, with a certificate of its own, and reads along. */
  readonly intercepts?: ServerCertificate;
  /** What it does instead of leading on, once it has agreed. */
  readonly ends?: 'afterAgreeing' | 'inSilence';
  /** Adds something of its own before the exchange has said anything. */
  readonly adds?: Buffer;
}

export class ProxyServer {
  /** `HOST:PORT` of everybody it was to lead to. */
  readonly targets: string[] = [];
  /** What it could read of what went through, both ways. */
  readonly passed: Buffer[] = [];
  manners: ProxyManners = {};
  readonly #server: Server = createServer((socket) => this.#onClient(socket));
  readonly #sockets: Socket[] = [];

  static async start(t: TestContext): Promise<ProxyServer> {
    const proxy = new ProxyServer();
    proxy.#server.listen(0, '127.0.0.1');
    await once(proxy.#server, 'listening');
    t.after(() => proxy.stop());
    return proxy;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  stop(): void {
    for (const socket of this.#sockets) socket.destroy();
    this.#server.close();
  }

  #onClient(client: Socket): void {
    this.#sockets.push(client);
    client.on('error', () => undefined);
    const { says, isSilent } = this.manners;
    if (says !== undefined) client.end(says);
    else if (isSilent !== true) void this.#serve(client).catch(() => client.destroy());
  }

  async #serve(client: Socket): Promise<void> {
    const first = await take(client, 1);
    await (first[0] === 5 ? this.#socks(client) : this.#http(client, first));
  }

  async #http(client: Socket, first: Buffer): Promise<void> {
    let head = first;
    while (!head.includes('\r\n\r\n')) head = Buffer.concat([head, await take(client, 1)]);
    const [, host = '', port = ''] = /^CONNECT (.+):(\d+) HTTP\/1\.1\r\n/.exec(String(head)) ?? [];
    const { login } = this.manners;
    const given = /proxy-authorization: basic (\S+)/i.exec(String(head))?.[1] ?? '';
    if (login !== undefined && Buffer.from(given, 'base64').toString() !== login) {
      client.end('HTTP/1.1 407 Proxy Authentication Required\r\ncontent-length: 0\r\n\r\n');
      return;
    }
    await this.#leadOn(client, host.replaceAll(/[[\]]/g, ''), Number(port), () =>
      client.write('HTTP/1.1 200 Connection established\r\nvia: a test\r\n\r\n'),
    );
  }

  async #socks(client: Socket): Promise<void> {
    const [count = 0] = await take(client, 1);
    const ways = await take(client, count);
    const { login } = this.manners;
    const way = login === undefined ? 0 : 2;
    if (!ways.includes(way)) {
      client.end(Buffer.from([5, 0xff]));
      return;
    }
    client.write(Buffer.from([5, way]));
    if (login !== undefined) {
      const [, nameLength = 0] = await take(client, 2);
      const name = await take(client, nameLength);
      const [length = 0] = await take(client, 1);
      const isRight = `${String(name)}:${String(await take(client, length))}` === login;
      client.write(Buffer.from([1, isRight ? 0 : 1]));
      if (!isRight) return;
    }
    const [, , , kind = 0] = await take(client, 4);
    const host =
      kind === 1
        ? [...(await take(client, 4))].join('.')
        : String(await take(client, (await take(client, 1))[0] ?? 0));
    const port = (await take(client, 2)).readUInt16BE();
    await this.#leadOn(client, host, port, () =>
      client.write(Buffer.from([5, 0, 0, 1, 127, 0, 0, 2, 0, 9])),
    );
  }

  async #leadOn(client: Socket, host: string, port: number, agree: () => void): Promise<void> {
    this.targets.push(`${host}:${port}`);
    const onward = connect({ host, port, localAddress: SECOND_ADDRESS });
    this.#sockets.push(onward);
    onward.on('error', () => client.destroy());
    await once(onward, 'connect');
    agree();
    const { adds, ends, intercepts } = this.manners;
    if (ends === 'afterAgreeing') client.end();
    if (ends !== undefined) return;
    if (adds !== undefined) client.write(adds);
    const near =
      intercepts === undefined ? client : new TLSSocket(client, { isServer: true, ...intercepts });
    const far =
      intercepts === undefined ? onward : connectTls({ socket: onward, rejectUnauthorized: false });
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      from.on('error', () => to.destroy());
      from.on('data', (bytes: Buffer) => {
        this.passed.push(bytes);
        to.write(bytes);
      });
      from.on('end', () => to.end());
      from.on('close', () => to.destroy());
    }
  }
}

/** Exactly so many bytes, leaving the rest. */
async function take(socket: Socket, length: number): Promise<Buffer> {
  for (;;) {
    const bytes: unknown = socket.read(length);
    if (Buffer.isBuffer(bytes) || length === 0)
      return Buffer.isBuffer(bytes) ? bytes : Buffer.alloc(0);
    if (socket.readableEnded || socket.destroyed) throw new Error('the client has gone');
    await new Promise<void>((resolve) => {
      const wake = (): void => {
        socket.off('readable', wake);
        socket.off('close', wake);
        resolve();
      };
      socket.on('readable', wake);
      socket.on('close', wake);
    });
  }
}
