// SPDX-License-Identifier: Apache-2.0
// A signer on a directory of its own, inside the test or as a process, and the intents to give it.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { constants, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import {
  FRAME_BYTES_MAX,
  FrameReader,
  FrameWriter,
  parseDecision,
  parseEgressReport,
  parseEgressTask,
  type Act,
  type Decision,
  type Intent,
  type OrderIntent,
  type EgressReport,
  type SignedRequest,
  type WatchReferences,
} from '../src/index.ts';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import type { KeyRing } from '../src/key-ring.ts';
import { Signer } from '../src/signer.ts';
import { runTool } from '../src/tool/tool.ts';
import type { TimeSource } from '../src/clock.ts';
import { identityOf, readConnection } from '../src/connections.ts';
import { readObject } from '../src/fields.ts';
import { Vault } from '../src/vault/vault.ts';

export const NAME = 'demo';
export const API_KEY = 'vmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6utIco14y7Ju91duEh8A';
export const POLICY: string = `policy/v1
connection ${NAME}
allow id=btc op=order.place symbol=BTCUSDT side=buy,sell type=LIMIT,LIMIT_MAKER notional<=500 USDT per-day<=1000 USDT rate<=10/10s
allow id=rest op=order.cancel,read.* rate<=100/60s
default deny
`;
/** 2026-11-01T00:00:00Z; tests that do not need the system's clock start here. */
export const START_MS = 1_793_491_200_000;

/** A directory that the test removes at its end. */
export function temporaryDirectory(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'kontor-signer-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'data');
}

export function writePolicy(directory: string, text: string): void {
  mkdirSync(directory, { recursive: true, mode: 0o700 });
  writeFileSync(join(directory, 'policy'), text, { mode: 0o644 });
}

/** Takes a policy over as a person does at the terminal. Returns the sentences said. */
export async function takePolicy(
  directory: string,
  text: string,
  time: TimeSource,
): Promise<readonly string[]> {
  const said: string[] = [];
  await runTool(
    directory,
    { verb: 'policy', words: [], unlockFile: null },
    {
      disk: SYSTEM_DISK,
      time,
      say: (sentence) => said.push(sentence),
      ask: () => Promise.resolve(null),
      input: () => Buffer.from(text),
      output: () => assert.fail('a policy is taken over without a word on stdout'),
    },
  );
  return said;
}

/** A clock that only the test moves. */
export class TestTime implements TimeSource {
  wallMs = START_MS;
  monotonicMs = 1_000;
  readonly wall = (): number => this.wallMs;
  readonly monotonic = (): number => this.monotonicMs;

  pass(ms: number): void {
    this.wallMs += ms;
    this.monotonicMs += ms;
  }
}

/** A signer within the test, with everything it said. */
export class OpenSigner {
  readonly decisions: Decision[] = [];
  readonly requests: SignedRequest[] = [];
  /** What egress was told to watch, the newest last. */
  readonly watched: WatchReferences[] = [];
  /** Sentences for the person at the terminal. */
  readonly said: string[] = [];
  readonly time: TestTime;
  readonly directory: string;
  hasRoom = true;
  connection = '';
  readonly #signer: Signer;
  readonly #timers: { readonly at: number; readonly run: () => void }[] = [];
  #id = 0;

  constructor(
    directory: string,
    options: { disk?: Disk; time?: TestTime; unlockFile?: string } = {},
  ) {
    this.directory = directory;
    this.time = options.time ?? new TestTime();
    this.#signer = Signer.open(
      directory,
      {
        disk: options.disk ?? SYSTEM_DISK,
        time: this.time,
        decide: (decision) => {
          // The wire is the judge of the form, also here.
          this.decisions.push(parseDecision(JSON.parse(JSON.stringify(decision))));
        },
        forward: (request) => {
          const task = parseEgressTask(JSON.parse(JSON.stringify(request)));
          if (task.kind === 'watchReferences') this.watched.push(task);
          else this.requests.push(task);
        },
        hasRoom: () => this.hasRoom,
        after: (ms, run) => this.#timers.push({ at: this.time.monotonicMs + ms, run }),
        say: (sentence) => this.said.push(sentence),
      },
      options.unlockFile ?? null,
    );
  }

  /** Makes and activates the connection that `POLICY` is about. */
  connect(name: string = NAME, venue = 'demo'): this {
    return this.adopt({ kind: 'createConnection', name, venue });
  }

  /** Makes and activates a connection as the intent has it. */
  adopt(
    intent: Unnumbered<Extract<Intent, { kind: 'createConnection' | 'importConnection' }>>,
  ): this {
    const [created] = this.ask(intent);
    assert.equal(created?.kind, 'connections');
    const [info] = created.connections;
    assert.ok(info);
    this.connection = info.connection;
    const connection = info.connection;
    const [active] = this.ask({ kind: 'activateConnection', connection, apiKey: API_KEY });
    assert.equal(active?.kind, 'connections');
    return this;
  }

  /** Gives intents that came together and returns what was said to them, in their order. */
  ask(...intents: readonly Unnumbered<Intent>[]): readonly Decision[] {
    const numbered = intents.map((intent) => ({ ...intent, id: (this.#id += 1) }));
    this.give(...numbered);
    return numbered.map(({ id }) => {
      const found = this.decisions.filter((decision) => decision.id === id);
      assert.equal(found.length, 1, `expected one decision on ${id}, found ${found.length}`);
      const [decision] = found;
      assert.ok(decision);
      return decision;
    });
  }

  /** Asks for an act; what a person must confirm comes back as `consent`. */
  request(act: Act): Decision {
    const [decision] = this.ask({ kind: 'requestAct', act });
    assert.ok(decision);
    return decision;
  }

  give(...messages: readonly unknown[]): void {
    this.#signer.process(messages);
  }

  get ring(): KeyRing {
    return this.#signer.ring;
  }

  receipt(id: number): void {
    this.report({ kind: 'receipt', id, status: 200 });
  }

  /** Lets time pass, with what was to happen meanwhile. */
  pass(ms: number): void {
    this.time.pass(ms);
    const due = this.#timers.filter(({ at }) => at <= this.time.monotonicMs);
    for (const timer of due) {
      this.#timers.splice(this.#timers.indexOf(timer), 1);
      timer.run();
    }
  }

  /** Says what egress says, by way of the wire. */
  report(report: EgressReport): void {
    this.#signer.onReport(parseEgressReport(JSON.parse(JSON.stringify(report))));
  }

  get signer(): Signer {
    return this.#signer;
  }

  /** The ID under which the exchange keeps the order that the desk calls `deskId`. */
  exchangeId(deskId: string): string {
    const tags = this.ring.vault.orderTags;
    assert.ok(tags);
    return tags.taggedId(this.connection, deskId);
  }

  /** Places one order; the outcome is `signed` or the rule that refused. */
  place(order: Partial<OrderIntent> = {}): string {
    const [decision] = this.ask(placeIntent(this.connection, order));
    return outcomeOf(decision);
  }
}

/** What Binance says of a key that trades spot and is bound to addresses. */
export const BOUND_KEY = {
  ipRestrict: true,
  createTime: START_MS,
  enableReading: true,
  enableWithdrawals: false,
  enableInternalTransfer: false,
  enableMargin: false,
  enableFutures: false,
  permitsUniversalTransfer: false,
  enableVanillaOptions: false,
  enableSpotAndMarginTrading: true,
};

/** Has the rights of the signer's key read, of which the exchange says `body`. */
export function checkRights(signer: OpenSigner, body: unknown = BOUND_KEY): void {
  const { connection } = signer;
  const [decision] = signer.ask({ kind: 'queryPermissions', connection });
  if (decision?.kind !== 'signed') return;
  const { id } = decision;
  signer.report({ kind: 'echo', id, status: 200, body: JSON.stringify(body) });
  signer.receipt(id);
}

/** A signer on a directory of its own, with a connection under `policy`. */
export function openConnected(t: TestContext, policy: string = POLICY, disk?: Disk): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  return new OpenSigner(directory, disk === undefined ? {} : { disk }).connect();
}

export type Unnumbered<T> = T extends { readonly id: number } ? Omit<T, 'id'> : never;

let orderCount = 0;

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

export function outcomeOf(decision: Decision | undefined): string {
  return decision?.kind === 'refused' ? decision.rule : (decision?.kind ?? 'nothing');
}

/** The secret that lies sealed for a connection, by the unlock file: what nothing else may hold. */
export function sealedSecret(directory: string, connection: string): Buffer {
  const file = JSON.parse(readFileSync(join(directory, 'connections'), 'utf8'));
  const options = {
    unlockFile: null,
    known: null,
    mayCreate: false,
    ownKeys: null,
    ways: new Map(),
  };
  const found = file.connections
    .map((entry: unknown) => readObject(entry, 'connection', (fields) => readConnection(fields)))
    .find((entry: { readonly connection: string }) => entry.connection === connection);
  return Vault.open(SYSTEM_DISK, directory, options).secretOf(identityOf(found));
}

export type LogLine = Readonly<Record<string, unknown>>;

/** The log's lines, after checking their form; that they are the tree which is signed is for the tests of the log. */
export function readLog(directory: string): readonly LogLine[] {
  const text = readFileSync(join(directory, 'intents.log'), 'utf8');
  assert.ok(text === '' || text.endsWith('\n'), 'the log ends with a whole line');
  return text
    .split('\n')
    .slice(0, -1)
    .map((line, index) => {
      const entry: unknown = JSON.parse(line);
      assert.ok(typeof entry === 'object' && entry !== null);
      const fields = Object.fromEntries(Object.entries(entry));
      assert.equal(fields['seq'], index);
      assert.match(String(fields['leaf']), /^[\w-]{43}$/, `line ${index + 1} carries its leaf`);
      return fields;
    });
}

/** One end of a link in the test's hands. */
export class Peer {
  readonly received: unknown[] = [];
  readonly socket: Socket;
  /** Every byte that came. */
  readonly bytes: Buffer[] = [];
  isClosed = false;
  readonly #writer: FrameWriter;
  #wake: (() => void)[] = [];

  constructor(socket: unknown) {
    assert.ok(socket instanceof Socket);
    this.socket = socket;
    this.#writer = new FrameWriter(socket, FRAME_BYTES_MAX.answer);
    const reader = new FrameReader(FRAME_BYTES_MAX.answer, (message) => {
      this.received.push(message);
    });
    socket.on('data', (bytes: Buffer) => {
      this.bytes.push(bytes);
      reader.push(bytes);
      this.#stir();
    });
    socket.on('error', () => this.#stir());
    socket.on('close', () => {
      this.isClosed = true;
      this.#stir();
    });
  }

  write(message: unknown): void {
    assert.ok(this.#writer.write(message));
  }

  /** The first message, received before or later, of which `pick` makes something. Fails after ten seconds. */
  async find<T>(pick: (message: unknown) => T | undefined): Promise<T> {
    const deadline = performance.now() + 10_000;
    for (let index = 0; ;) {
      for (; index < this.received.length; index += 1) {
        const picked = pick(this.received[index]);
        if (picked !== undefined) return picked;
      }
      assert.ok(!this.isClosed, 'the link closed before the message came');
      const left = deadline - performance.now();
      if (left <= 0) {
        const last = JSON.stringify(this.received.slice(-20)).slice(0, 2_000);
        assert.fail(`no such message among ${this.received.length}, the last of them ${last}`);
      }
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, left);
        this.#wake.push(() => {
          clearTimeout(timer);
          resolve();
        });
      });
    }
  }

  #stir(): void {
    for (const wake of this.#wake.splice(0)) wake();
  }
}

export const SIGNER_MAIN: string = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** A signer as a process, its two links in the test's hands. */
export class SignerProcess {
  readonly child: ChildProcess;
  readonly server: Peer;
  readonly egress: Peer;
  stderr = '';
  readonly exit: Promise<number | null>;
  #id = 0;

  constructor(
    t: TestContext,
    directory: string,
    flags: readonly string[] = [],
    options: { readonly carry?: number; readonly stdin?: string } = {},
  ) {
    const { carry, stdin } = options;
    this.child = spawn(
      process.execPath,
      [
        ...flags,
        SIGNER_MAIN,
        '--data',
        directory,
        ...(carry === undefined ? [] : ['--carry', '5']),
      ],
      {
        stdio: [
          stdin === undefined ? 'ignore' : 'pipe',
          'ignore',
          'pipe',
          'pipe',
          'pipe',
          ...(carry === undefined ? [] : [carry]),
        ],
        env: {},
      },
    );
    if (stdin !== undefined) this.child.stdin?.write(stdin);
    this.child.stderr?.on('data', (bytes: Buffer) => {
      this.stderr += bytes.toString('utf8');
    });
    this.server = new Peer(this.child.stdio[3]);
    this.egress = new Peer(this.child.stdio[4]);
    this.exit = new Promise((resolve) => this.child.once('exit', (code) => resolve(code)));
    t.after(() => this.child.kill('SIGKILL'));
  }

  async ask(intent: Unnumbered<Intent>): Promise<Decision> {
    const id = (this.#id += 1);
    this.server.write({ ...intent, id });
    return this.server.find((message) => {
      const decision = parseDecision(message);
      return decision.id === id ? decision : undefined;
    });
  }

  /** Makes and activates a connection; returns it with its public key. */
  async connect(name: string = NAME): Promise<{ connection: string; publicKeyPem: string }> {
    const created = await this.ask({ kind: 'createConnection', name, venue: 'demo' });
    assert.equal(created.kind, 'connections');
    const [info] = created.connections;
    assert.ok(info);
    const { connection, publicKeyPem } = info;
    const active = await this.ask({ kind: 'activateConnection', connection, apiKey: API_KEY });
    assert.equal(active.kind, 'connections');
    return { connection, publicKeyPem };
  }
}

/** A message to egress that is a signed request. */
export function readSignedRequest(message: unknown): SignedRequest {
  const task = parseEgressTask(message);
  assert.ok(task.kind === 'request' || task.kind === 'subscribe');
  return task;
}

/** A disk that says before and after whatever takes bytes to disk: a sync, or a write that waits for it by itself. */
export function settlingDisk(told: {
  readonly before?: () => void;
  readonly after?: (fd: number) => void;
}): Disk {
  const waiting = new Set<number>();
  const telling = <T>(fd: number, act: () => T): T => {
    told.before?.();
    const result = act();
    told.after?.(fd);
    return result;
  };
  return {
    ...SYSTEM_DISK,
    openSync: (path, flags, mode) => {
      const fd = SYSTEM_DISK.openSync(path, flags, mode);
      const waits = typeof flags === 'number' && (flags & constants.O_DSYNC) !== 0;
      if (waits) waiting.add(fd);
      else waiting.delete(fd);
      return fd;
    },
    writeSync: ((...parameters: Parameters<Disk['writeSync']>) => {
      const act = (): number => SYSTEM_DISK.writeSync(...parameters);
      return waiting.has(parameters[0]) ? telling(parameters[0], act) : act();
    }) as Disk['writeSync'],
    fdatasyncSync: (fd) => telling(fd, () => SYSTEM_DISK.fdatasyncSync(fd)),
  };
}

/** Starts a second life on the directory of a first, at the same time on the clock. */
export function reopen(signer: OpenSigner): OpenSigner {
  const next = new OpenSigner(signer.directory, { time: signer.time });
  next.connection = signer.connection;
  return next;
}
