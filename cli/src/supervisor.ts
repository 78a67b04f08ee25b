// SPDX-License-Identifier: Apache-2.0
// Starts server, signer and egress, joins them with inherited pipes, and restarts what dies.
//
// A link has one end inherited by the younger process at its start and one end handed to the older over IPC. The
// order of age is server, egress, signer: a dead signer is replaced alone, a dead egress together with the signer, a
// dead server together with both. What is replaced along holds nothing in memory that its files do not.

import { spawn, type ChildProcess } from 'node:child_process';
import { appendFileSync, readFileSync } from 'node:fs';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import {
  closeOwnMemory,
  keptEnvironment,
  networkedArguments,
  signerArguments,
  type Hardening,
} from '@kontor/signer';
import { forgetCarriedKey, isCarrying, moveCarriedKey, openCarriedKey } from './carried-key.ts';
import { egressArguments, egressStart, mainOf, NODE_FLAGS, serverStart } from './process-starts.ts';
import { printable } from './printable.ts';
import { MachineWays, parseLockedWays, type LockedWay } from './ways/machine-ways.ts';
import { socketPair, type SocketPair } from './socket-pair.ts';

export type ProcessName = 'server' | 'signer' | 'egress';

export interface ProcessReport {
  readonly name: ProcessName;
  readonly state: 'up' | 'starting' | 'down';
  readonly pid: number | null;
  readonly startedAt: number | null;
  readonly restarts: number;
  readonly memoryBytes: number | null;
  readonly detail: string;
  /** Its walls, as it found them itself; absent where it was started without. */
  readonly hardening?: Hardening;
}

export interface SupervisorOptions {
  /** Of which the server writes its own folders, and reads no others. */
  readonly dataDirectory: string;
  readonly signerDirectory: string;
  /** What opens the signer's vault unattended, if it does not lie in the signer's directory. */
  readonly unlockFile?: string;
  /** False: a signer that is replaced waits for the passphrase again. */
  readonly isKeyCarried?: boolean;
  /** How the signer's vault is, when that changes; `unlock` gives it a passphrase. */
  readonly onVault?: (state: VaultState) => void;
  readonly egressConfigFile: string;
  readonly serverConfigFile: string;
  /** Further flags of Node for a process; one with flags of its own runs without walls. */
  readonly nodeFlags?: Partial<Record<ProcessName, readonly string[]>>;
  /** Where the processes' own log lines go. */
  readonly logFile: string;
  /** The server said what a person must be told once: the address and the link. */
  readonly onReady: (ready: ServerReady) => void;
  /** A process died in a way that a restart will not mend; it has said why on stderr. */
  readonly onFatal: (name: ProcessName) => void;
  /** A sentence of a process for the person at the terminal. */
  readonly onMessage: (name: ProcessName, line: string) => void;
  readonly onRestart: (name: ProcessName, reason: string) => void;
}

export type VaultState =
  | { readonly kind: 'open' }
  /** `ways`: what opens it besides its passphrase; `unlockKey`: to which a page seals it at this start, base64. */
  | { readonly kind: 'locked'; readonly ways: readonly LockedWay[]; readonly unlockKey: string }
  /** `waitMs`: before this the signer tries no passphrase again. */
  | { readonly kind: 'wrong' | 'tooSoon'; readonly waitMs: number };

export interface ServerReady {
  readonly url: string;
  readonly link: string;
}

/** A process that exits with this code has said on stderr why starting it again cannot help. */
export const FATAL_EXIT_CODE = 3;

const STOP_MS_MAX = 5_000;
const REPORT_MS = 1_000;
const RESTART_MS_MIN = 50;
const RESTART_MS_MAX = 10_000;
/** A process that lived this long starts its back-off anew. */
const STABLE_MS = 10_000;

/** The signer's descriptor after its links. */
const CARRY_FD = 5;
/** Where Node's channel to a process is, after stderr. */
const CHANNEL_FD = 3;
const LINES_KEPT_BYTES_MAX = 65_536;
const ORDER_OF_AGE = ['server', 'egress', 'signer'] as const;
/** To whom each process inherits links, in the order of its descriptors: after stderr, or after its IPC channel. */
const LINKS: Readonly<Record<ProcessName, readonly ('server' | 'egress')[]>> = {
  server: [],
  egress: ['server'],
  signer: ['server', 'egress'],
};

interface Managed {
  child: ChildProcess | null;
  state: ProcessReport['state'];
  startedAt: number | null;
  restarts: number;
  backOffMs: number;
  detail: string;
  hardening: Hardening | null;
  /** Takes messages: before, the launcher is there, which would lose them. */
  hasBegun: boolean;
  /** Ends of links that wait for that. */
  waiting: { readonly link: ProcessName; readonly end: Socket }[];
}

export class Supervisor {
  readonly #options: SupervisorOptions;
  readonly #processes: Readonly<Record<ProcessName, Managed>> = {
    server: managed(),
    signer: managed(),
    egress: managed(),
  };
  #isStopping = false;
  #report: NodeJS.Timeout | null = null;
  #restart: NodeJS.Timeout | null = null;
  #restartFrom: ProcessName | null = null;
  #starting: Promise<void> = Promise.resolve();
  /** Where the signer leaves the key of an opened vault for the next one. */
  #carriedKey: number | null = null;
  readonly #ways: MachineWays;
  /** The one before's, until the next signer has built its walls. */
  #keyOfBefore: number | null = null;

  constructor(options: SupervisorOptions) {
    this.#options = options;
    this.#ways = new MachineWays(options.dataDirectory, (sentence) =>
      options.onMessage('signer', sentence),
    );
  }

  start(): void {
    // It holds the passphrase on its way, and the key that waits for the next signer.
    closeOwnMemory();
    this.#start('server');
    this.#report = setInterval(() => this.#sendReport(), REPORT_MS);
  }

  /** Gives the signer a passphrase through a pipe of its own; zeroes it. */
  unlock(passphrase: Buffer): void {
    const { child } = this.#processes.signer;
    const line = Buffer.concat([passphrase, Buffer.from('\n')]);
    passphrase.fill(0);
    if (child?.stdin?.writable !== true) line.fill(0);
    else child.stdin.write(line, () => line.fill(0));
  }

  reports(): readonly ProcessReport[] {
    return ORDER_OF_AGE.map((name) => {
      const entry = this.#processes[name];
      return {
        name,
        state: entry.state,
        pid: entry.child?.pid ?? null,
        startedAt: entry.startedAt,
        restarts: entry.restarts,
        memoryBytes: entry.child?.pid === undefined ? null : residentBytes(entry.child.pid),
        detail: entry.detail,
        ...(entry.hardening === null ? {} : { hardening: entry.hardening }),
      };
    });
  }

  /** Ends the server first, so that nothing new is asked, then the others. */
  async stop(): Promise<void> {
    this.#isStopping = true;
    if (this.#report !== null) clearInterval(this.#report);
    if (this.#restart !== null) clearTimeout(this.#restart);
    await this.#starting;
    for (const name of ORDER_OF_AGE) await endChild(this.#processes[name].child);
    const carried = [this.#carriedKey, this.#keyOfBefore];
    // Stopped once more, their numbers may be other files' by then.
    this.#carriedKey = null;
    this.#keyOfBefore = null;
    for (const fd of carried) if (fd !== null) forgetCarriedKey(fd);
  }

  /** One start after the other: two that overlap would join ends of different generations. */
  #start(oldest: ProcessName): void {
    this.#starting = this.#starting
      .then(() => (this.#isStopping ? undefined : this.#startFrom(oldest)))
      .catch((error: unknown) => {
        const reason = error instanceof Error ? error.message : String(error);
        this.#options.onMessage(oldest, `error: ${oldest} cannot be started: ${reason}`);
        this.#options.onFatal(oldest);
      });
  }

  /** Starts `oldest` and all that are younger, ending what still runs of them. */
  async #startFrom(oldest: ProcessName): Promise<void> {
    const names = ORDER_OF_AGE.slice(ORDER_OF_AGE.indexOf(oldest));
    for (const name of names) {
      const { child } = this.#processes[name];
      this.#processes[name].child = null;
      child?.kill('SIGKILL');
      for (const { end } of this.#processes[name].waiting.splice(0)) end.destroy();
    }
    for (const name of names) {
      const pairs = await Promise.all(LINKS[name].map(() => socketPair()));
      if (this.#isStopping) return;
      this.#spawn(name, pairs);
    }
  }

  #spawn(name: ProcessName, pairs: readonly SocketPair[]): void {
    const entry = this.#processes[name];
    const ends = pairs.map(({ inherited }) => inherited);
    if (name === 'signer') {
      this.#renewCarriedKey();
      this.#ways.begin();
    }
    const child = spawn(process.execPath, this.#commandLineOf(name), {
      stdio: [
        name === 'signer' ? 'pipe' : 'ignore',
        'ignore',
        'pipe',
        ...(name === 'signer' ? [] : ['ipc' as const]),
        ...ends,
        ...(name === 'signer' && this.#carriedKey !== null ? [this.#carriedKey] : []),
      ],
      // A process group of its own: Ctrl-C reaches the supervisor only, which then ends the others in order.
      detached: true,
      env: this.#environmentOf(name),
    });
    for (const end of ends) end.destroy();
    // Node listens once more for the end of a process with each link that is handed to it.
    child.setMaxListeners(0);
    entry.child = child;
    if (entry.startedAt !== null) entry.restarts += 1;
    entry.state = name === 'signer' ? 'up' : 'starting';
    entry.startedAt = Date.now();
    entry.hardening = null;
    entry.hasBegun = false;
    entry.detail = name === 'signer' ? 'running' : 'starting';
    for (const [index, { handed }] of pairs.entries())
      this.#handOver(LINKS[name][index], name, handed);
    if (child.stderr !== null) this.#readLines(name, child.stderr);
    // A signer that dies while it is given a passphrase is replaced, and asks again.
    child.stdin?.on('error', () => undefined);
    child.on('error', (error) => this.#died(name, child, error.message, null));
    child.on('exit', (code, signal) =>
      this.#died(name, child, signal === null ? `exit code ${code}` : signal, code),
    );
    if (name !== 'signer')
      child.on('message', (message: unknown) => this.#onMessage(name, message));
  }

  /** What a process says in JSON is for the log; a plain sentence is for the person at the terminal. */
  #readLines(name: ProcessName, stream: Readable): void {
    createInterface({ input: stream }).on('line', (whole) => {
      // A process that was taken over may say anything, and at any length.
      const line = printable(whole.slice(0, LINES_KEPT_BYTES_MAX));
      const vault = name === 'signer' ? parseVaultState(line) : null;
      if (vault !== null) this.#onVault(vault);
      this.#processes[name].hardening ??= parseHardening(line);
      if (line.startsWith('{')) appendFileSync(this.#options.logFile, `${line}\n`, { mode: 0o600 });
      else this.#options.onMessage(name, line);
    });
  }

  /** The next signer finds a key only once it has said that it is locked: by then its walls stand. */
  #onVault(state: VaultState): void {
    const [before, carried] = [this.#keyOfBefore, this.#carriedKey];
    if (state.kind === 'locked' && before !== null && carried !== null) {
      this.#keyOfBefore = null;
      moveCarriedKey(before, carried);
      // An empty line says where to look; if nothing there fits, it is said again that the vault is locked.
      this.#processes.signer.child?.stdin?.write('\n');
      return;
    }
    if (state.kind === 'locked') void this.#openByMachine(state);
    else this.#options.onVault?.(state);
  }

  /** Whoever wants a person asked at each restart is asked by no machine then. */
  async #openByMachine(state: Extract<VaultState, { kind: 'locked' }>): Promise<void> {
    const { child, restarts } = this.#processes.signer;
    const mayTry = this.#options.isKeyCarried !== false || restarts === 0;
    const pipe = child?.stdin ?? null;
    if (mayTry && pipe !== null && (await this.#ways.tryNext(state.ways, pipe))) return;
    // Another signer that began meanwhile says for itself how it is.
    if (this.#processes.signer.child === child && !this.#isStopping) this.#options.onVault?.(state);
  }

  /** Each signer gets a place of its own, empty when it starts. */
  #renewCarriedKey(): void {
    if (this.#options.isKeyCarried === false) return;
    const left = this.#carriedKey;
    if (left !== null && isCarrying(left)) {
      if (this.#keyOfBefore !== null) forgetCarriedKey(this.#keyOfBefore);
      this.#keyOfBefore = left;
    } else if (left !== null) forgetCarriedKey(left);
    this.#carriedKey = openCarriedKey();
  }

  /** What runs before the walls stand must not be changed by what this process was given. */
  #environmentOf(name: ProcessName): NodeJS.ProcessEnv {
    if (name === 'signer') return {};
    const hasWalls = this.#options.nodeFlags?.[name] === undefined;
    return hasWalls ? keptEnvironment(process.env) : process.env;
  }

  #commandLineOf(name: ProcessName): readonly string[] {
    const own = this.#options.nodeFlags?.[name];
    const given = this.#argumentsOf(name);
    if (own !== undefined) return [...NODE_FLAGS, ...own, mainOf(name), ...given];
    const { dataDirectory, signerDirectory: directory, unlockFile } = this.#options;
    if (name === 'signer') {
      const reads = unlockFile === undefined ? [] : [unlockFile];
      const writes = [join(dataDirectory, 'log')];
      return signerArguments({ directory, reads, writes }, given, NODE_FLAGS);
    }
    const start = {
      dataDirectory,
      configFile:
        name === 'server' ? this.#options.serverConfigFile : this.#options.egressConfigFile,
      environment: process.env,
      inherited: LINKS[name].map((_, index) => CHANNEL_FD + 1 + index),
      channel: CHANNEL_FD,
    };
    return networkedArguments(
      name === 'server' ? serverStart(start) : egressStart(start),
      given,
      NODE_FLAGS,
    );
  }

  #argumentsOf(name: ProcessName): readonly string[] {
    switch (name) {
      case 'server':
        return ['--config', this.#options.serverConfigFile];
      case 'egress':
        return egressArguments({
          dataDirectory: this.#options.dataDirectory,
          configFile: this.#options.egressConfigFile,
        });
      case 'signer':
        return [
          '--data',
          this.#options.signerDirectory,
          '--log',
          join(this.#options.dataDirectory, 'log'),
          ...(this.#options.unlockFile === undefined
            ? []
            : ['--unlock-file', this.#options.unlockFile]),
          ...(this.#carriedKey === null ? [] : ['--carry', String(CARRY_FD)]),
        ];
    }
  }

  #handOver(to: 'server' | 'egress' | undefined, link: ProcessName, end: Socket): void {
    const entry = to === undefined ? null : this.#processes[to];
    if (entry?.child?.connected !== true) end.destroy();
    else if (!entry.hasBegun) entry.waiting.push({ link, end });
    // A receiver that dies before it gets the end is replaced, and then everything is joined again.
    else entry.child.send({ link }, end, { keepOpen: false }, () => undefined);
  }

  #onMessage(name: ProcessName, message: unknown): void {
    const entry = this.#processes[name];
    if (!entry.hasBegun && name !== 'signer') {
      entry.hasBegun = true;
      for (const { link, end } of entry.waiting.splice(0)) this.#handOver(name, link, end);
    }
    const ready = parseReady(message);
    if (ready === null) return;
    entry.state = 'up';
    entry.detail = 'running';
    if (ready.kind === 'server') this.#options.onReady(ready);
    this.#sendReport();
  }

  #died(name: ProcessName, child: ChildProcess, reason: string, code: number | null): void {
    const entry = this.#processes[name];
    if (entry.child !== child) return;
    entry.child = null;
    for (const { end } of entry.waiting.splice(0)) end.destroy();
    entry.state = 'down';
    entry.detail = reason;
    if (this.#isStopping) return;
    if (code === FATAL_EXIT_CODE) {
      this.#options.onFatal(name);
      return;
    }
    const lived = Date.now() - (entry.startedAt ?? 0);
    entry.backOffMs =
      lived > STABLE_MS ? RESTART_MS_MIN : Math.min(entry.backOffMs * 2, RESTART_MS_MAX);
    this.#options.onRestart(name, reason);
    this.#sendReport();
    this.#restartSoon(name, entry.backOffMs);
  }

  /** Several that died together come back together, from the oldest on. */
  #restartSoon(name: ProcessName, delayMs: number): void {
    if (this.#restart !== null) clearTimeout(this.#restart);
    const oldest = this.#restartFrom;
    const isOlder = oldest === null || ORDER_OF_AGE.indexOf(name) < ORDER_OF_AGE.indexOf(oldest);
    this.#restartFrom = isOlder ? name : oldest;
    this.#restart = setTimeout(() => {
      const from = this.#restartFrom;
      this.#restart = null;
      this.#restartFrom = null;
      if (from !== null) this.#start(from);
    }, delayMs);
  }

  #sendReport(): void {
    const { child, hasBegun } = this.#processes.server;
    if (child?.connected === true && hasBegun)
      child.send({ processes: this.reports() }, () => undefined);
  }
}

function managed(): Managed {
  return {
    child: null,
    state: 'down',
    startedAt: null,
    restarts: 0,
    backOffMs: RESTART_MS_MIN,
    detail: '',
    hardening: null,
    hasBegun: false,
    waiting: [],
  };
}

export function parseVaultState(line: string): VaultState | null {
  const match = /"vault":"(locked|open|wrong|tooSoon)"(?:,"waitMs":([0-9]+))?\}$/.exec(line);
  const kind = match?.[1];
  if (kind === 'locked') {
    const unlockKey = /"unlockKey":"([A-Za-z0-9+/]{43}=)"/.exec(line)?.[1] ?? '';
    return { kind, ways: parseLockedWays(line), unlockKey };
  }
  if (kind === 'open') return { kind };
  if (kind === 'wrong' || kind === 'tooSoon') return { kind, waitMs: Number(match?.[2] ?? 0) };
  return null;
}

/** A process's own line about its walls; it is of this repository and this version. */
export function parseHardening(line: string): Hardening | null {
  if (!line.startsWith('{') || !line.includes('"hardening":')) return null;
  try {
    const { hardening } = JSON.parse(line) as { readonly hardening: Hardening };
    return hardening;
  } catch {
    return null;
  }
}

type Ready = ({ readonly kind: 'server' } & ServerReady) | { readonly kind: 'egress' };

function parseReady(message: unknown): Ready | null {
  if (typeof message !== 'object' || message === null || !('ready' in message)) return null;
  if (message.ready === 'egress') return { kind: 'egress' };
  if (
    message.ready === 'server' &&
    'url' in message &&
    'link' in message &&
    typeof message.url === 'string' &&
    typeof message.link === 'string'
  ) {
    return { kind: 'server', url: message.url, link: message.link };
  }
  return null;
}

/** Ends a process by SIGTERM, after a while by SIGKILL; returns when it is gone. */
export async function endChild(child: ChildProcess | null): Promise<void> {
  if (child === null || child.exitCode !== null || child.signalCode !== null) return;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const timer = setTimeout(() => child.kill('SIGKILL'), STOP_MS_MAX);
  child.kill('SIGTERM');
  await gone;
  clearTimeout(timer);
}

/** Resident memory of a process, where the system says (Linux); null elsewhere. */
export function residentBytes(pid: number): number | null {
  try {
    const match = /^VmRSS:\s+(\d+) kB$/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'));
    return match?.[1] === undefined ? null : Number(match[1]) * 1024;
  } catch {
    return null;
  }
}
