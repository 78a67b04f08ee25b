// SPDX-License-Identifier: Apache-2.0
// The second address: a proxy that the owner of the machine named in a file beside egress's configuration, and the one
// way on which a read goes out to see whether a key's list of addresses is real. Nobody can name it while egress runs.
//
//   socks5://HOST:PORT or http://HOST:PORT     the proxy; `#` begins a remark
//   user NAME                                  where it wants them
//   password TEXT

import { readFileSync, statSync } from 'node:fs';
import { Agent as HttpAgent, type AgentOptions, type ClientRequestArgs } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { connect as connectTcp, isIP, type Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { connect as connectTls, type PeerCertificate } from 'node:tls';
import { ConfigError, isLoopback } from './config.ts';
import { send, type OutgoingRequest, type SendResult } from './send.ts';
import { openTunnel, type ProxyUser } from './tunnel.ts';

export interface Proxy {
  readonly protocol: 'socks5' | 'http';
  readonly host: string;
  readonly port: number;
  readonly user: ProxyUser | null;
}

type CheckIdentity = (host: string, certificate: PeerCertificate) => Error | undefined;
type OnCreate = (error: Error | null, stream: Duplex) => void;

const FILE_BYTES_MAX = 4_096;
/** Bytes that a user's name or password may have by RFC 1929. */
const WORD_BYTES_MAX = 255;
const HOST = /^(?:[a-z0-9](?:[a-z0-9.-]{0,251}[a-z0-9])?|\[[0-9a-f:.]{2,45}\])$/;
const PROXY = /^(socks5|http):\/\/([^/:@\s]+|\[[^\]\s]*\]):(\d{1,5})\/?$/i;
/** For the proxy, its way on and TLS together: shorter than a request may take. The tests are less patient. */
const CONNECT_MS_MAX = 8_000;
/** Nothing is kept for later: each request shows anew who is at the other end. */
const OPTIONS: AgentOptions = { keepAlive: false, maxSockets: 1 };

/** The proxy named in the file at `path`; null without the file. Throws ConfigError. */
export function readSecondAddress(path: string): Proxy | null {
  let text: string;
  let mode: number;
  try {
    const found = statSync(path);
    if (found.size > FILE_BYTES_MAX)
      throw new ConfigError(`${path}: expected at most ${FILE_BYTES_MAX} bytes`);
    ({ mode } = found);
    text = readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
  const proxy = parseSecondAddress(text, path);
  if (proxy !== null && proxy.user !== null && (mode & 0o007) !== 0) {
    throw new ConfigError(
      `${path}: expected that not everybody may read it, since it has a password; chmod o-rwx ${path}`,
    );
  }
  return proxy;
}

/** As `readSecondAddress`, of the file's text; errors never show a password. */
export function parseSecondAddress(text: string, path: string): Proxy | null {
  const lines = text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));
  const [address, ...others] = lines;
  if (address === undefined) return null;
  const [, protocol = '', host = '', port = ''] = PROXY.exec(address) ?? [];
  const name = host.toLowerCase();
  if (!HOST.test(name) || Number(port) < 1 || Number(port) > 65_535) {
    throw new ConfigError(
      `${path}: expected socks5://HOST:PORT or http://HOST:PORT in its first line, found something else`,
    );
  }
  return {
    protocol: protocol.toLowerCase() === 'http' ? 'http' : 'socks5',
    host: name.replaceAll(/^\[|\]$/g, ''),
    port: Number(port),
    user: userIn(others, path),
  };
}

function userIn(lines: readonly string[], path: string): ProxyUser | null {
  if (lines.length === 0) return null;
  const [name, password] = ['user', 'password'].map((word, index) => {
    const line = lines[index] ?? '';
    return line.startsWith(`${word} `) ? line.slice(word.length + 1).trim() : '';
  });
  const isWord = (word: string | undefined): word is string =>
    word !== undefined && word !== '' && Buffer.byteLength(word) <= WORD_BYTES_MAX;
  if (lines.length !== 2 || !isWord(name) || !isWord(password)) {
    throw new ConfigError(
      `${path}: expected after the address nothing, or a line "user NAME" and a line "password TEXT"`,
    );
  }
  return { name, password };
}

export class SecondAddress {
  readonly #proxy: Proxy;
  readonly #checkIdentity: CheckIdentity;
  readonly #connectMs: number;
  #isBusy = false;

  /** `checkIdentity` judges the certificate that the exchange shows through the proxy. */
  constructor(proxy: Proxy, checkIdentity: CheckIdentity, connectMs: number = CONNECT_MS_MAX) {
    this.#proxy = proxy;
    this.#checkIdentity = checkIdentity;
    this.#connectMs = connectMs;
  }

  /** Sends one request to `origin` through the proxy and by no other way. Never rejects. */
  async send(origin: URL, outgoing: OutgoingRequest): Promise<SendResult> {
    const isPlain = origin.protocol === 'http:';
    if (isPlain && !isLoopback(this.#proxy.host)) {
      const reason =
        'this exchange is spoken to without TLS: expected a proxy on this machine, found another';
      return { kind: 'failed', certainty: 'notSent', reason };
    }
    if (this.#isBusy) {
      const reason = 'another request is on its way by the second address';
      return { kind: 'failed', certainty: 'notSent', reason };
    }
    this.#isBusy = true;
    const way = { proxy: this.#proxy, connectMs: this.#connectMs };
    const agent = isPlain ? new PlainAgent(way) : new TlsAgent(way, this.#checkIdentity);
    try {
      return await send(origin, agent, outgoing);
    } finally {
      agent.destroy();
      this.#isBusy = false;
    }
  }
}

interface Way {
  readonly proxy: Proxy;
  readonly connectMs: number;
}

class PlainAgent extends HttpAgent {
  readonly #way: Way;

  constructor(way: Way) {
    super(OPTIONS);
    this.#way = way;
  }

  override createConnection(options: ClientRequestArgs, onCreate?: OnCreate): undefined {
    const tcp = reach(this.#way.proxy);
    connectThrough(this.#way, tcp, options, onCreate, () => Promise.resolve(tcp));
  }
}

class TlsAgent extends HttpsAgent {
  readonly #way: Way;
  readonly #checkIdentity: CheckIdentity;

  constructor(way: Way, checkIdentity: CheckIdentity) {
    super(OPTIONS);
    this.#way = way;
    this.#checkIdentity = checkIdentity;
  }

  override createConnection(options: ClientRequestArgs, onCreate?: OnCreate): undefined {
    const tcp = reach(this.#way.proxy);
    const { host } = targetOf(options);
    connectThrough(this.#way, tcp, options, onCreate, () => {
      const socket = connectTls({
        socket: tcp,
        host,
        // An address is no name that a server could be asked for.
        ...(isIP(host) === 0 && { servername: host }),
        ALPNProtocols: ['http/1.1'],
        checkServerIdentity: this.#checkIdentity,
      });
      return new Promise((resolve, reject) => {
        socket.once('error', reject);
        socket.once('close', () => reject(new Error('the way through the proxy ended')));
        socket.once('secureConnect', () => {
          socket.off('error', reject);
          resolve(socket);
        });
      });
    });
  }
}

function reach({ host, port }: Proxy): Socket {
  const tcp = connectTcp({ host, port, autoSelectFamily: true });
  // What comes of it is told by the tunnel, or by TLS above it.
  tcp.on('error', () => undefined);
  return tcp;
}

/** Hands the request its socket once there is a tunnel and, with TLS, a peer that passed. Then alone it is sent. */
function connectThrough(
  { proxy, connectMs }: Way,
  tcp: Socket,
  options: ClientRequestArgs,
  onCreate: OnCreate | undefined,
  secure: () => Promise<Duplex>,
): void {
  const timer = setTimeout(
    () => tcp.destroy(new Error(`expected a connection within ${connectMs} ms`)),
    connectMs,
  );
  openTunnel(tcp, proxy, targetOf(options))
    .then(secure)
    .then(
      (socket) => onCreate?.(null, socket),
      (error: unknown) => {
        tcp.destroy();
        onCreate?.(error instanceof Error ? error : new Error(String(error)), tcp);
      },
    )
    .finally(() => clearTimeout(timer));
}

function targetOf({ host, port, protocol, defaultPort }: ClientRequestArgs): {
  readonly host: string;
  readonly port: number;
} {
  const given = Number(port ?? defaultPort ?? 0);
  const usual = protocol === 'http:' ? 80 : 443;
  return { host: host ?? '', port: given === 0 ? usual : given };
}
