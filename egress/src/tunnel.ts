// SPDX-License-Identifier: Apache-2.0
// Has a proxy lead a connection on to a host: by HTTP's CONNECT (RFC 9110, 9.3.6) or by SOCKS 5 (RFC 1928, 1929). What the
// proxy says is bounded and quoted nowhere; what goes through the tunnel later is none of this file's.

import { isIP, isIPv4, type Socket } from 'node:net';

export interface ProxyUser {
  readonly name: string;
  readonly password: string;
}

interface Target {
  readonly host: string;
  readonly port: number;
}

const HEAD_BYTES_MAX = 8_192;
const HEAD_END = '\r\n\r\n';
const SOCKS = 5;
const NO_LOGIN = 0;
const BY_PASSWORD = 2;
const LOGIN_VERSION = 1;
const CONNECT = 1;
const IPV4 = 1;
const NAME = 3;
const IPV6 = 4;
/** Bytes of an address by its kind; a name says its own length. */
const ADDRESS_BYTES: Readonly<Record<number, number>> = { [IPV4]: 4, [IPV6]: 16 };
const SOCKS_FAULTS: readonly string[] = [
  '',
  'a fault of its own',
  'that it may not',
  'that the network cannot be reached',
  'that the host cannot be reached',
  'that the connection was refused',
  'that the way is too long',
  'that it cannot connect',
  'that it does not know this kind of address',
];

/** Waits until `tcp`, which leads to a proxy, leads on to `target`. Rejects with what is wrong, in words; ends when `tcp` does. */
export async function openTunnel(
  tcp: Socket,
  proxy: { readonly protocol: 'socks5' | 'http'; readonly user: ProxyUser | null },
  target: Target,
): Promise<void> {
  const wire = new ProxyWire(tcp);
  try {
    await wire.connected();
    if (proxy.protocol === 'http') await openByConnect(wire, proxy.user, target);
    else await openBySocks(wire, proxy.user, target);
    wire.checkEmpty();
  } finally {
    wire.release();
  }
}

async function openByConnect(
  wire: ProxyWire,
  user: ProxyUser | null,
  { host, port }: Target,
): Promise<void> {
  const authority = `${isIP(host) === 6 ? `[${host}]` : host}:${port}`;
  const login =
    user === null ? '' : Buffer.from(`${user.name}:${user.password}`).toString('base64');
  wire.write(
    Buffer.from(
      `CONNECT ${authority} HTTP/1.1\r\nHost: ${authority}\r\n${login === '' ? '' : `Proxy-Authorization: Basic ${login}\r\n`}\r\n`,
    ),
  );
  const head = await wire.readHead();
  const status = /^HTTP\/1\.[01] (\d{3})(?: |\r)/.exec(head)?.[1];
  if (status === undefined) throw new Error('the proxy does not speak HTTP');
  if (status === '407') throw new Error('the proxy wants another user or password');
  if (!status.startsWith('2')) throw new Error(`the proxy answered ${status}`);
}

async function openBySocks(wire: ProxyWire, user: ProxyUser | null, target: Target): Promise<void> {
  const ways = user === null ? [NO_LOGIN] : [NO_LOGIN, BY_PASSWORD];
  wire.write(Buffer.from([SOCKS, ways.length, ...ways]));
  const [version, way] = await wire.read(2);
  if (version !== SOCKS) throw new Error('the proxy does not speak SOCKS 5');
  if (way === BY_PASSWORD && user !== null) await logIn(wire, user);
  else if (way !== NO_LOGIN) throw new Error('the proxy wants another user or password');
  wire.write(Buffer.concat([Buffer.from([SOCKS, CONNECT, 0]), addressBytes(target)]));
  const [answered, fault = 0, , kind = 0] = await wire.read(4);
  if (answered !== SOCKS) throw new Error('the proxy does not speak SOCKS 5');
  if (fault !== 0) throw new Error(`the proxy says ${SOCKS_FAULTS[fault] ?? `no (${fault})`}`);
  const [length = 0] = kind === NAME ? await wire.read(1) : [ADDRESS_BYTES[kind]];
  if (length === 0) throw new Error('the proxy does not speak SOCKS 5');
  await wire.read(length + 2);
}

async function logIn(wire: ProxyWire, { name, password }: ProxyUser): Promise<void> {
  const words = [name, password].map((word) => {
    const bytes = Buffer.from(word);
    return Buffer.concat([Buffer.from([bytes.length]), bytes]);
  });
  wire.write(Buffer.concat([Buffer.from([LOGIN_VERSION]), ...words]));
  const [, status] = await wire.read(2);
  if (status !== 0) throw new Error('the proxy wants another user or password');
}

/** A host's kind, itself and its port. Names are resolved by the proxy, as seen from the second address. */
function addressBytes({ host, port }: Target): Buffer {
  const end = Buffer.from([port >> 8, port & 0xff]);
  if (isIPv4(host))
    return Buffer.concat([Buffer.from([IPV4, ...host.split('.').map(Number)]), end]);
  if (isIP(host) === 6) throw new Error('expected a name or an IPv4 address of the exchange');
  const name = Buffer.from(host);
  return Buffer.concat([Buffer.from([NAME, name.length]), name, end]);
}

/** The connection to the proxy while the tunnel is made: exact reads, so that nothing of what follows is taken. */
class ProxyWire {
  readonly #tcp: Socket;
  #bytes: Buffer = Buffer.alloc(0);
  #fault: Error | null = null;
  #isConnected = false;
  #wake: () => void = () => undefined;

  constructor(tcp: Socket) {
    this.#tcp = tcp;
    tcp.on('connect', this.#onConnect);
    tcp.on('readable', this.#onReadable);
    tcp.on('error', this.#onError);
    tcp.on('end', this.#onEnd);
    tcp.on('close', this.#onEnd);
  }

  release(): void {
    this.#tcp.off('connect', this.#onConnect);
    this.#tcp.off('readable', this.#onReadable);
    this.#tcp.off('error', this.#onError);
    this.#tcp.off('end', this.#onEnd);
    this.#tcp.off('close', this.#onEnd);
  }

  write(bytes: Buffer): void {
    this.#tcp.write(bytes);
  }

  async connected(): Promise<void> {
    await this.#until(() => (this.#isConnected ? true : null));
  }

  read(length: number): Promise<Buffer> {
    return this.#until(() => (this.#bytes.length < length ? null : this.#take(length)));
  }

  async readHead(): Promise<string> {
    const head = await this.#until(() => {
      const end = this.#bytes.indexOf(HEAD_END);
      return end === -1 ? null : this.#take(end + HEAD_END.length);
    });
    return head.toString('latin1');
  }

  /** Before it is spoken to, an exchange says nothing: what is there now is the proxy's own. */
  checkEmpty(): void {
    if (this.#bytes.length > 0) throw new Error('the proxy says more than it was asked');
  }

  #take(length: number): Buffer {
    const taken = this.#bytes.subarray(0, length);
    this.#bytes = this.#bytes.subarray(length);
    return taken;
  }

  /** What `pick` makes of what has come, once it makes anything. */
  async #until<T>(pick: () => T | null): Promise<T> {
    for (;;) {
      const picked = pick();
      if (picked !== null) return picked;
      if (this.#fault !== null) throw this.#fault;
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
  }

  #fail(error: Error): void {
    this.#fault ??= error;
    this.#wake();
  }

  readonly #onConnect = (): void => {
    this.#isConnected = true;
    this.#wake();
  };

  readonly #onReadable = (): void => {
    for (;;) {
      const chunk: unknown = this.#tcp.read();
      if (!Buffer.isBuffer(chunk)) break;
      this.#bytes = Buffer.concat([this.#bytes, chunk]);
      if (this.#bytes.length <= HEAD_BYTES_MAX) continue;
      this.#bytes = Buffer.alloc(0);
      this.#fail(new Error(`the proxy says more than ${HEAD_BYTES_MAX} bytes`));
      return;
    }
    this.#wake();
  };

  readonly #onError = (error: Error): void => {
    const cause = 'code' in error ? String(error.code) : error.message;
    this.#fail(new Error(`the proxy: ${cause}`, { cause: error }));
  };

  readonly #onEnd = (): void => this.#fail(new Error('the proxy ended the connection'));
}
