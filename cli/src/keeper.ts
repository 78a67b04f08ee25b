// SPDX-License-Identifier: Apache-2.0
// Keeps one process of the desk running on its own: under a user of its own, in a container or a unit of the system.
// It brings the process its links, takes what it says to standard error, and starts it again when it ends.

import { spawn, type ChildProcess } from 'node:child_process';
import type { Server, Socket } from 'node:net';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import {
  closeOwnMemory,
  keptEnvironment,
  networkedArguments,
  signerArguments,
  type Hardening,
} from '@kontor/signer';
import { deskFiles } from './desk-files.ts';
import { connectLink, linkPath, listenForLinks } from './link-sockets.ts';
import { printable } from './printable.ts';
import { egressArguments, egressStart, NODE_FLAGS, serverStart } from './process-starts.ts';
import {
  endChild,
  FATAL_EXIT_CODE,
  parseHardening,
  parseVaultState,
  residentBytes,
  type ProcessName,
  type ProcessReport,
  type VaultState,
} from './supervisor.ts';
import { MachineWays } from './ways/machine-ways.ts';

export type KeeperOptions = {
  /** The folder with a folder for each link. */
  readonly links: string;
  /** What the process says, fit for a terminal or a journal. */
  readonly onLine: (line: string) => void;
} & (
  | {
      readonly name: 'signer';
      readonly dataDirectory: string;
      readonly unlockFile: string | null;
      readonly onVault: (state: VaultState) => void;
    }
  | {
      readonly name: 'server' | 'egress';
      readonly dataDirectory: string;
      readonly configFile: string;
    }
);

const RESTART_MS_MIN = 100;
const RESTART_MS_MAX = 10_000;
/** A process that lived this long starts its back-off anew. */
const STABLE_MS = 10_000;
const CHANNEL_FD = 3;
const REPORT_MS = 1_000;
const LINE_CHARACTERS_MAX = 65_536;

export class Keeper {
  readonly #options: KeeperOptions;
  readonly #stop = new AbortController();
  readonly #servers: Server[] = [];
  /** Ends that came and that the process could not be given yet; one of each kind, the latest. */
  readonly #waiting = new Map<ProcessName, Socket>();
  #wake: () => void = () => undefined;
  readonly #ways: MachineWays;
  #child: ChildProcess | null = null;
  #takesLinks = false;
  #startedAt: number | null = null;
  #restarts = -1;
  #hardening: Hardening | null = null;
  #report: NodeJS.Timeout | null = null;

  constructor(options: KeeperOptions) {
    this.#options = options;
    this.#ways = new MachineWays(options.dataDirectory, options.onLine);
  }

  /** Runs until `stop`, or until the process ends in a way that a start will not mend; gives its exit code then. */
  async run(): Promise<number> {
    // It holds the passphrase on its way.
    closeOwnMemory();
    const { name, links } = this.#options;
    if (name === 'server') {
      await this.#listen('signer', linkPath(links, 'signer-server'));
      await this.#listen('egress', linkPath(links, 'egress-server'));
      this.#report = setInterval(() => this.#sendReport(), REPORT_MS);
    } else if (name === 'egress') await this.#listen('signer', linkPath(links, 'signer-egress'));
    let pauseMs = RESTART_MS_MIN;
    while (!this.#stop.signal.aborted) {
      const startedAt = performance.now();
      const code = await this.#runOnce();
      if (this.#stop.signal.aborted) break;
      if (code === FATAL_EXIT_CODE) {
        this.#close();
        return FATAL_EXIT_CODE;
      }
      pauseMs =
        performance.now() - startedAt > STABLE_MS
          ? RESTART_MS_MIN
          : Math.min(pauseMs * 2, RESTART_MS_MAX);
      await delay(pauseMs, undefined, { signal: this.#stop.signal }).catch(() => undefined);
    }
    this.#close();
    return 0;
  }

  async stop(): Promise<void> {
    this.#stop.abort();
    this.#wake();
    await endChild(this.#child);
  }

  /** Gives the signer a passphrase through a pipe of its own; zeroes it. */
  unlock(passphrase: Buffer): void {
    const line = Buffer.concat([passphrase, Buffer.from('\n')]);
    passphrase.fill(0);
    const stdin = this.#child?.stdin;
    if (stdin?.writable !== true) line.fill(0);
    else stdin.write(line, () => line.fill(0));
  }

  async #listen(from: ProcessName, path: string): Promise<void> {
    const server = await listenForLinks(path, (end) => {
      end.on('error', () => undefined);
      this.#waiting.get(from)?.destroy();
      this.#waiting.set(from, end);
      this.#handOver();
      this.#wake();
    });
    this.#servers.push(server);
  }

  /** Starts the process once its links are there; its exit code when it ends. */
  async #runOnce(): Promise<number | null> {
    const ends = await this.#endsAtStart();
    if (ends === null) return null;
    const { name } = this.#options;
    this.#ways.begin();
    const child = spawn(process.execPath, this.#commandLine(), {
      stdio: [
        name === 'signer' ? 'pipe' : 'ignore',
        'ignore',
        'pipe',
        ...(name === 'server' ? ['ipc' as const] : []),
        ...ends,
      ],
      detached: true,
      env: name === 'signer' ? {} : keptEnvironment(process.env),
    });
    for (const end of ends) end.destroy();
    // Node listens once more for its end with each link that is handed to it.
    child.setMaxListeners(0);
    this.#child = child;
    this.#takesLinks = false;
    this.#startedAt = Date.now();
    this.#restarts += 1;
    this.#hardening = null;
    child.stdin?.on('error', () => undefined);
    if (child.stderr !== null)
      createInterface({ input: child.stderr }).on('line', (line) => this.#onLine(line));
    child.on('message', () => {
      this.#takesLinks = true;
      this.#handOver();
    });
    return new Promise((resolve) => {
      child.once('error', (error) => {
        this.#options.onLine(error.message);
        resolve(null);
      });
      child.once('exit', (code, signal) => {
        this.#child = null;
        this.#takesLinks = false;
        if (code !== 0) this.#options.onLine(`${name} ended: ${signal ?? `exit code ${code}`}`);
        resolve(code);
      });
    });
  }

  /** What the process inherits, in the order of its descriptors: none for the server, which takes links as they come. */
  async #endsAtStart(): Promise<readonly Socket[] | null> {
    const { name, links } = this.#options;
    const { signal } = this.#stop;
    if (name === 'server') return [];
    if (name === 'signer') {
      const server = await this.#connect('server', linkPath(links, 'signer-server'));
      const egress = await this.#connect('egress', linkPath(links, 'signer-egress'));
      return server === null || egress === null ? null : [server, egress];
    }
    const server = await this.#connect('server', linkPath(links, 'egress-server'));
    for (let looks = 1; !signal.aborted; looks += 1) {
      const signer = this.#waiting.get('signer');
      this.#waiting.delete('signer');
      if (signer !== undefined && !signer.destroyed && server !== null) return [signer, server];
      if (looks === 1) this.#sayWaiting('signer', linkPath(links, 'signer-egress'));
      await new Promise<void>((resolve) => (this.#wake = resolve));
    }
    return null;
  }

  /** The end of a link that another process listens for; says so when that one is not there yet. */
  #connect(other: ProcessName, path: string): Promise<Socket | null> {
    return connectLink(path, this.#stop.signal, () => this.#sayWaiting(other, path));
  }

  #sayWaiting(other: ProcessName, path: string): void {
    this.#options.onLine(
      `${this.#options.name} waits for the ${other}, which is to meet it at ${path}: kontor run ${other} --links ${this.#options.links}`,
    );
  }

  #handOver(): void {
    const child = this.#child;
    if (child?.connected !== true || !this.#takesLinks) return;
    for (const [link, end] of this.#waiting) {
      child.send({ link }, end, { keepOpen: false }, () => undefined);
      this.#waiting.delete(link);
    }
  }

  #onLine(whole: string): void {
    const line = printable(whole.slice(0, LINE_CHARACTERS_MAX));
    const state = this.#options.name === 'signer' ? parseVaultState(line) : null;
    if (state !== null) void this.#onVault(state);
    this.#hardening ??= parseHardening(line);
    this.#options.onLine(line);
  }

  /** What the server shows of the processes: itself, since it cannot see how others are kept. */
  #sendReport(): void {
    const child = this.#child;
    if (child?.connected !== true || child.pid === undefined || !this.#takesLinks) return;
    const report: ProcessReport = {
      name: this.#options.name,
      state: 'up',
      pid: child.pid,
      startedAt: this.#startedAt,
      restarts: this.#restarts,
      memoryBytes: residentBytes(child.pid),
      detail: 'running',
      ...(this.#hardening === null ? {} : { hardening: this.#hardening }),
    };
    child.send({ processes: [report] }, () => undefined);
  }

  /** The machine's own ways come before a person. */
  async #onVault(state: VaultState): Promise<void> {
    const child = this.#child;
    const pipe = child?.stdin ?? null;
    if (this.#options.name !== 'signer') return;
    if (state.kind === 'locked' && pipe !== null) {
      if (await this.#ways.tryNext(state.ways, pipe)) return;
      if (this.#child !== child) return;
    }
    this.#options.onVault(state);
  }

  #commandLine(): readonly string[] {
    const options = this.#options;
    if (options.name === 'signer') {
      const { unlockFile } = options;
      const unlock = unlockFile === null ? [] : [unlockFile];
      const { signer: directory, log } = deskFiles(options.dataDirectory);
      return signerArguments(
        { directory, reads: unlock, writes: [log] },
        ['--data', directory, '--log', log, ...unlock.flatMap((file) => ['--unlock-file', file])],
        NODE_FLAGS,
      );
    }
    const start = {
      dataDirectory: options.dataDirectory,
      configFile: options.configFile,
      environment: process.env,
      inherited: options.name === 'egress' ? [3, 4] : [],
      channel: options.name === 'egress' ? null : CHANNEL_FD,
    };
    return networkedArguments(
      options.name === 'server' ? serverStart(start) : egressStart(start),
      options.name === 'server' ? ['--config', options.configFile] : egressArguments(start),
      NODE_FLAGS,
    );
  }

  #close(): void {
    if (this.#report !== null) clearInterval(this.#report);
    for (const server of this.#servers) server.close();
    for (const end of this.#waiting.values()) end.destroy();
  }
}
