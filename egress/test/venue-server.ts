// SPDX-License-Identifier: Apache-2.0
// A small exchange for the tests: it verifies every signature, keeps what it received, and misbehaves on request.

import { strict as assert } from 'node:assert';
import { createHash, createPublicKey, verify } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { createServer as createTlsServer, type Server as TlsServer } from 'node:https';
import type { AddressInfo, Socket } from 'node:net';
import type { TestContext } from 'node:test';
import type { ServerCertificate } from './authority.ts';

export interface ReceivedRequest {
  readonly method: string;
  readonly path: string;
  readonly parameters: URLSearchParams;
  readonly apiKey: string | undefined;
  readonly isSignatureValid: boolean;
  /** From where it came. */
  readonly from: string;
}

export type Respond = (request: ReceivedRequest, response: ServerResponse, socket: Socket) => void;

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const OPCODE = { text: 0x1, close: 0x8, ping: 0x9, pong: 0xa } as const;

export class VenueServer {
  readonly requests: ReceivedRequest[] = [];
  readonly sockets: VenueSocket[] = [];
  readonly connections: Socket[] = [];
  publicKeyPem = '';
  skewMs = 0;
  respond: Respond = (_request, response) => json(response, 200, {});
  /** Answers a message of the WebSocket API; null says nothing. */
  onMessage: (message: Readonly<Record<string, unknown>>, socket: VenueSocket) => unknown = (
    message,
    socket,
  ) => {
    if (message['method'] === 'ping') return { id: message['id'], status: 200, result: {} };
    assert.equal(message['method'], 'userDataStream.subscribe.signature');
    const isValid = this.isValidSubscription(message['params']);
    if (!isValid)
      return { id: message['id'], status: 400, error: { code: -1022, msg: 'not valid' } };
    socket.subscriptionId = 7;
    return { id: message['id'], status: 200, result: { subscriptionId: 7 } };
  };
  readonly #server: Server | TlsServer;
  readonly #isSecure: boolean;
  #wake: (() => void)[] = [];

  private constructor(certificate: ServerCertificate | null) {
    const onRequest = (request: IncomingMessage, response: ServerResponse): void =>
      void this.#onRequest(request, response);
    this.#isSecure = certificate !== null;
    this.#server =
      certificate === null ? createServer(onRequest) : createTlsServer(certificate, onRequest);
    this.#server.on('connection', (socket) => this.connections.push(socket));
    this.#server.on('upgrade', (request, socket) => this.#onUpgrade(request, socket as Socket));
  }

  /** With a certificate it speaks TLS. */
  static async start(
    t: TestContext,
    certificate: ServerCertificate | null = null,
  ): Promise<VenueServer> {
    const venue = new VenueServer(certificate);
    venue.#server.listen(0, '127.0.0.1');
    await once(venue.#server, 'listening');
    t.after(() => venue.stop());
    return venue;
  }

  get port(): number {
    return (this.#server.address() as AddressInfo).port;
  }

  get addresses(): { readonly rest: string; readonly wsApi: string } {
    const s = this.#isSecure ? 's' : '';
    return {
      rest: `http${s}://127.0.0.1:${this.port}`,
      wsApi: `ws${s}://127.0.0.1:${this.port}/ws-api/v3`,
    };
  }

  /** From now on new connections are shown another certificate, and those that stand are cut. */
  showCertificate(certificate: ServerCertificate): void {
    assert.ok('setSecureContext' in this.#server);
    this.#server.setSecureContext(certificate);
    for (const socket of this.connections.splice(0)) socket.destroy();
  }

  stop(): void {
    for (const socket of this.connections) socket.destroy();
    this.#server.close();
  }

  /** Orders, reads and the like, without the public questions for the time. */
  get signed(): readonly ReceivedRequest[] {
    return this.requests.filter(({ path }) => path !== '/api/v3/time');
  }

  /** Waits until `look` finds something. Fails after 30 s. */
  async until<T>(look: () => T | undefined | Promise<T | undefined>): Promise<T> {
    const deadline = performance.now() + 30_000;
    for (;;) {
      const found = await look();
      if (found !== undefined) return found;
      const left = deadline - performance.now();
      assert.ok(left > 0, 'the venue waited in vain');
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, Math.min(left, 50));
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  isValidSubscription(params: unknown): boolean {
    if (typeof params !== 'object' || params === null || !('signature' in params)) return false;
    const { signature, ...rest } = params;
    const text = Object.entries(rest)
      .sort(([left], [right]) => (left < right ? -1 : 1))
      .map(([name, value]) => `${name}=${String(value)}`)
      .join('&');
    return this.#verify(text, String(signature));
  }

  #verify(text: string, signature: string): boolean {
    if (this.publicKeyPem === '') return false;
    return verify(
      null,
      Buffer.from(text),
      createPublicKey(this.publicKeyPem),
      Buffer.from(signature, 'base64'),
    );
  }

  async #onRequest(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request as AsyncIterable<Buffer>) chunks.push(chunk);
    const [path = '', query = ''] = (request.url ?? '').split('?');
    const payload = request.method === 'POST' ? Buffer.concat(chunks).toString('utf8') : query;
    const [, text = '', signature = ''] = /^(.*)&signature=(.*)$/.exec(payload) ?? [];
    const received: ReceivedRequest = {
      method: request.method ?? '',
      path,
      parameters: new URLSearchParams(payload),
      apiKey: [request.headers['x-mbx-apikey']].flat()[0],
      isSignatureValid: this.#verify(text, decodeURIComponent(signature)),
      from: request.socket.remoteAddress ?? '',
    };
    this.requests.push(received);
    if (path === '/api/v3/time') json(response, 200, { serverTime: Date.now() + this.skewMs });
    else this.respond(received, response, request.socket);
    this.#stir();
  }

  #onUpgrade(request: IncomingMessage, socket: Socket): void {
    const accept = createHash('sha1')
      .update(`${request.headers['sec-websocket-key']}${WEBSOCKET_GUID}`)
      .digest('base64');
    socket.write(
      'HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n' +
        `Sec-WebSocket-Accept: ${accept}\r\n\r\n`,
    );
    const near = new VenueSocket(socket, (message) => {
      const answer = this.onMessage(message, near);
      if (answer !== null && answer !== undefined) near.send(answer);
      this.#stir();
    });
    this.sockets.push(near);
    this.#stir();
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

/** The venue's end of a WebSocket: whole, unfragmented frames only. */
export class VenueSocket {
  readonly received: Readonly<Record<string, unknown>>[] = [];
  subscriptionId: number | null = null;
  pongs = 0;
  isClosed = false;
  readonly #socket: Socket;
  #bytes: Buffer = Buffer.alloc(0);

  constructor(socket: Socket, onMessage: (message: Readonly<Record<string, unknown>>) => void) {
    this.#socket = socket;
    socket.on('error', () => undefined);
    socket.on('close', () => (this.isClosed = true));
    socket.on('data', (bytes: Buffer) => {
      this.#bytes = Buffer.concat([this.#bytes, bytes]);
      for (let frame = this.#take(); frame !== null; frame = this.#take()) {
        if (frame.opcode === OPCODE.pong) this.pongs += 1;
        if (frame.opcode === OPCODE.close) this.close();
        if (frame.opcode !== OPCODE.text) continue;
        const message = JSON.parse(frame.payload.toString('utf8')) as Readonly<
          Record<string, unknown>
        >;
        this.received.push(message);
        onMessage(message);
      }
    });
  }

  send(message: unknown): void {
    this.sendText(JSON.stringify(message));
  }

  sendText(text: string): void {
    this.#write(OPCODE.text, Buffer.from(text));
  }

  sendEvent(event: unknown): void {
    this.send({ subscriptionId: this.subscriptionId, event });
  }

  ping(): void {
    this.#write(OPCODE.ping, Buffer.from('alive'));
  }

  close(): void {
    if (this.isClosed) return;
    this.isClosed = true;
    this.#write(OPCODE.close, Buffer.from([0x03, 0xe8]));
    this.#socket.end();
  }

  destroy(): void {
    this.#socket.destroy();
  }

  #write(opcode: number, payload: Buffer): void {
    const header = Buffer.alloc(payload.length < 126 ? 2 : 10);
    header[0] = 0x80 | opcode;
    if (payload.length < 126) header[1] = payload.length;
    else {
      header[1] = 127;
      header.writeBigUInt64BE(BigInt(payload.length), 2);
    }
    this.#socket.write(Buffer.concat([header, payload]));
  }

  #take(): { opcode: number; payload: Buffer } | null {
    const [first = 0, second = 0] = this.#bytes;
    let length = second & 0x7f;
    let at = 2;
    if (length === 126 && this.#bytes.length >= 4) {
      length = this.#bytes.readUInt16BE(2);
      at = 4;
    }
    if (this.#bytes.length < at + 4 + length) return null;
    const mask = this.#bytes.subarray(at, at + 4);
    const payload = Buffer.from(this.#bytes.subarray(at + 4, at + 4 + length)).map(
      (byte, index) => byte ^ (mask[index % 4] ?? 0),
    );
    this.#bytes = this.#bytes.subarray(at + 4 + length);
    return { opcode: first & 0x0f, payload: Buffer.from(payload) };
  }
}

export function json(
  response: ServerResponse,
  status: number,
  body: unknown,
  headers: Record<string, string> = {},
): void {
  response.writeHead(status, { 'content-type': 'application/json', ...headers });
  response.end(JSON.stringify(body));
}
