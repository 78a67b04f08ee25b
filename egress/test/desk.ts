// SPDX-License-Identifier: Apache-2.0
// Signer and egress as processes, joined as the supervisor joins them, with the test in the server's place.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess, type StdioOptions } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { connect, createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  parseAnswer,
  parseDecision,
  type Answer,
  type Decision,
  type Intent,
  type OrderIntent,
} from '@kontor/signer';
import { Peer } from './peer.ts';

export const EGRESS_MAIN: string = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SIGNER_MAIN = fileURLToPath(import.meta.resolve('@kontor/signer/main'));
export const API_KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
const POLICY = `policy/v1
connection demo
allow id=btc op=order.place symbol=BTCUSDT notional<=500 USDT rate<=1000/10s
allow id=rest op=order.cancel,read.* rate<=1000/10s
`;

type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;
export type Settled = Extract<Answer, { kind: 'answer' | 'failed' }>;

/** A machine that does other things as well. */
const START_MS_MAX = 60_000;

let orderCount = 0;

/** An order that the policy allows, unless `order` makes it another. */
export function placeIntent(
  connection: string,
  order: Partial<OrderIntent> = {},
): Unnumbered<Extract<Intent, { kind: 'placeOrder' }>> {
  orderCount += 1;
  return {
    kind: 'placeOrder',
    connection,
    order: {
      symbol: 'BTCUSDT',
      side: 'buy',
      type: 'limit',
      timeInForce: 'GTC',
      price: '100',
      quantity: '1',
      clientOrderId: `k1-${orderCount}`,
      ...order,
    },
  };
}

/** Two joined sockets, as a supervisor makes them. */
export async function socketPair(directory: string): Promise<readonly [Socket, Socket]> {
  const path = join(directory, `pair-${Math.random().toString(36).slice(2)}`);
  const listener = createServer({ pauseOnConnect: true });
  listener.listen(path);
  await once(listener, 'listening');
  const near = connect(path);
  const [far] = await once(listener, 'connection');
  assert.ok(far instanceof Socket);
  listener.close();
  return [near, far];
}

/** Everything an egress says to the test in the server's place. */
export class ServerEnd {
  readonly egress: Peer;

  constructor(egress: Peer) {
    this.egress = egress;
  }

  answerTo(id: number): Promise<Settled> {
    return this.find((answer) =>
      (answer.kind === 'answer' || answer.kind === 'failed') && answer.id === id
        ? answer
        : undefined,
    );
  }

  find<T>(pick: (answer: Answer) => T | undefined): Promise<T> {
    return this.egress.find((message) => pick(parseAnswer(message)));
  }

  get answers(): readonly Answer[] {
    return this.egress.received.map(parseAnswer);
  }
}

export class Desk {
  readonly parent: string;
  readonly directory: string;
  readonly config: string;
  readonly #t: TestContext;
  #egress?: ChildProcess;
  #signer?: ChildProcess;
  #fromSigner?: Peer;
  #server?: ServerEnd;
  connection = '';
  publicKeyPem = '';
  stderr = '';
  /** The environment of the processes, and what egress is told besides its configuration. */
  environment: NodeJS.ProcessEnv = {};
  egressOptions: readonly string[] = [];
  #id = 1_000;

  constructor(t: TestContext, venues: Readonly<Record<string, unknown>>, policy: string = POLICY) {
    this.#t = t;
    this.parent = mkdtempSync(join(tmpdir(), 'kontor-egress-'));
    t.after(() => rmSync(this.parent, { recursive: true, force: true }));
    this.directory = join(this.parent, 'signer');
    this.config = join(this.parent, 'egress.json');
    mkdirSync(this.directory, { mode: 0o700 });
    writeFileSync(join(this.directory, 'policy'), policy, { mode: 0o644 });
    writeFileSync(this.config, JSON.stringify({ venues }));
  }

  get server(): ServerEnd {
    assert.ok(this.#server);
    return this.#server;
  }

  get egressChild(): ChildProcess {
    assert.ok(this.#egress);
    return this.#egress;
  }

  get signerChild(): ChildProcess {
    assert.ok(this.#signer);
    return this.#signer;
  }

  get fromSigner(): Peer {
    assert.ok(this.#fromSigner);
    return this.#fromSigner;
  }

  /** Egress under a supervisor: all its links come over IPC. */
  async startWithChannel(): Promise<this> {
    this.#egress = this.#spawn(
      [EGRESS_MAIN, '--config', this.config, ...this.egressOptions],
      ['ignore', 'ignore', 'pipe', 'ipc'],
    );
    const ended = once(this.#egress, 'exit').then(() =>
      assert.fail(`egress ended: ${this.stderr}`),
    );
    const told = once(this.#egress, 'message', { signal: AbortSignal.timeout(START_MS_MAX) });
    const [ready] = await Promise.race([told, ended]);
    // Its end is the test's own doing from here on.
    ended.catch(() => undefined);
    assert.deepEqual(ready, { ready: 'egress' });
    await this.joinServer();
    await this.startSigner();
    return this;
  }

  /** Egress without a supervisor: both links are inherited. */
  startWithInheritedLinks(): this {
    const signer = this.#spawnSigner();
    const end = signer.stdio[4];
    assert.ok(end instanceof Socket);
    this.#egress = this.#spawn(
      [EGRESS_MAIN, '--config', this.config, ...this.egressOptions],
      ['ignore', 'ignore', 'pipe', end, 'pipe'],
    );
    end.destroy();
    this.#server = new ServerEnd(new Peer(this.#egress.stdio[4]));
    return this;
  }

  /** Gives egress a new link to the server and keeps the other end. */
  async joinServer(): Promise<void> {
    this.#server = new ServerEnd(new Peer(await this.#link('server')));
  }

  /** Puts the test in the signer's place. */
  async becomeSigner(): Promise<Peer> {
    return new Peer(await this.#link('signer'));
  }

  /** Hands egress one end of a new link; the other end, which no failing test leaves open. */
  async #link(link: 'server' | 'signer'): Promise<Socket> {
    const [near, far] = await socketPair(this.parent);
    this.#t.after(() => {
      near.destroy();
      far.destroy();
    });
    this.egressChild.send({ link }, far);
    return near;
  }

  /** Starts a signer and gives egress its other end. */
  async startSigner(): Promise<void> {
    const signer = this.#spawnSigner();
    const end = signer.stdio[4];
    assert.ok(end instanceof Socket);
    await new Promise<void>((resolve, reject) => {
      this.egressChild.send({ link: 'signer' }, end, (error) =>
        error === null ? resolve() : reject(error),
      );
    });
  }

  async connect(): Promise<this> {
    const created = await this.ask({ kind: 'createConnection', name: 'demo', venue: 'demo' });
    assert.equal(created.kind, 'connections');
    const [info] = created.connections;
    assert.ok(info);
    this.connection = info.connection;
    this.publicKeyPem = info.publicKeyPem;
    const { connection } = info;
    const active = await this.ask({ kind: 'activateConnection', connection, apiKey: API_KEY });
    assert.equal(active.kind, 'connections');
    return this;
  }

  /** Gives an intent and returns the signer's word on it. */
  async ask(intent: Unnumbered<Intent>): Promise<Decision> {
    const id = (this.#id += 1);
    this.fromSigner.write({ ...intent, id });
    return this.fromSigner.find((message) => {
      const decision = parseDecision(message);
      return decision.id === id ? decision : undefined;
    });
  }

  /** Gives an intent that must be signed and returns what became of it. */
  async perform(intent: Unnumbered<Intent>): Promise<Settled> {
    const decision = await this.ask(intent);
    assert.equal(decision.kind, 'signed', JSON.stringify(decision));
    return this.server.answerTo(decision.id);
  }

  #spawnSigner(): ChildProcess {
    this.#signer = this.#spawn(
      [SIGNER_MAIN, '--data', this.directory],
      ['ignore', 'ignore', 'pipe', 'pipe', 'pipe'],
    );
    this.#fromSigner = new Peer(this.#signer.stdio[3]);
    return this.#signer;
  }

  #spawn(command: readonly string[], stdio: StdioOptions): ChildProcess {
    const child = spawn(process.execPath, command, { stdio, env: this.environment });
    child.stderr?.on('data', (bytes: Buffer) => (this.stderr += bytes.toString('utf8')));
    this.#t.after(() => child.kill('SIGKILL'));
    return child;
  }
}
