// SPDX-License-Identifier: Apache-2.0
// A log that lies in a data directory, witnesses on real sockets, and a clock that the test turns.

import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import type { TestContext } from 'node:test';

import { SYSTEM_DISK, type WitnessDisk } from '../cli/src/durable-file.ts';
import { openKeys, type WitnessKeys } from '../cli/src/witness/keys.ts';
import { witnessServer } from '../cli/src/witness/serve.ts';
import { WitnessStore } from '../cli/src/witness/store.ts';
import type { Time } from '../server/src/time.ts';
import { PublicLog } from '../server/src/witness/public-log.ts';
import {
  WitnessDesk,
  type LogAlarm,
  type WitnessPorts,
} from '../server/src/witness/witness-desk.ts';
import { witnessListPath, type KnownWitness } from '../server/src/witness/witness-list.ts';
import { proveConsistency, toAddCheckpoint, toVerifierKey, type Tree } from '../tlog/src/index.ts';
import { testSigner, valueOf, type TestSigner } from '../tlog/test/keys.ts';
import { entriesOf, hasher, logOf, plainRoot, signedCheckpoint } from '../tlog/test/log.ts';

export const LOG: TestSigner = testSigner('kontor.local/test-desk');
export const LOG_KEY: string = toVerifierKey(LOG.key);
export const ENTRIES: readonly Uint8Array[] = entriesOf(60);
const { tiles } = logOf(ENTRIES, 1);
/** The same log with another fourth entry, as a thief of its key would tell it. */
export const FORGED_ENTRIES: readonly Uint8Array[] = ENTRIES.with(3, Buffer.from('another past'));

export const treeOf = (size: number, entries: readonly Uint8Array[] = ENTRIES): Tree => ({
  size: BigInt(size),
  root: plainRoot(entries.slice(0, size)),
});

/** The body of an add-checkpoint request. */
export function request(
  from: number,
  to: number,
  { signer = LOG, tree = treeOf(to) }: { signer?: TestSigner; tree?: Tree } = {},
): Uint8Array {
  const proof =
    from === 0 || from >= to
      ? []
      : valueOf(proveConsistency(hasher, tiles, BigInt(from), treeOf(to))).proof;
  return toAddCheckpoint({ oldSize: BigInt(from), proof, note: signedCheckpoint(signer, tree) });
}

export function temporaryFolder(t: TestContext): string {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-witness-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  return folder;
}

export interface RunningWitness {
  readonly url: string;
  readonly keys: WitnessKeys;
  readonly store: WitnessStore;
  readonly server: Server;
}

export async function startWitness(
  t: TestContext,
  folder: string,
  {
    now = () => Date.now(),
    disk = SYSTEM_DISK,
    requestsPerMinute,
    logs = [LOG_KEY],
  }: {
    now?: () => number;
    disk?: WitnessDisk;
    requestsPerMinute?: number;
    logs?: readonly string[];
  } = {},
): Promise<RunningWitness> {
  mkdirSync(folder, { recursive: true });
  const store = new WitnessStore(folder, disk);
  const keys = openKeys(SYSTEM_DISK, folder, undefined);
  for (const key of logs) new WitnessStore(folder).addLog(key);
  const server = witnessServer({
    store,
    keys,
    now,
    tell: () => undefined,
    ...(requestsPerMinute === undefined ? {} : { requestsPerMinute }),
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}`, keys, store, server };
}

export async function post(
  url: string,
  body: Uint8Array,
): Promise<{ readonly status: number; readonly type: string; readonly text: string }> {
  const response = await fetch(`${url}/add-checkpoint`, {
    method: 'POST',
    body: Buffer.from(body),
    signal: AbortSignal.timeout(20_000),
  });
  const type = response.headers.get('content-type') ?? '';
  return { status: response.status, type, text: await response.text() };
}

/** The server's side: a data directory with a log, and the desk's witnesses. */
export class ClientWorld {
  readonly directory: string;
  readonly alarms: LogAlarm[] = [];
  readonly silences: { witness: string; isSilent: boolean }[] = [];
  readonly errors: unknown[] = [];
  readonly agreed: string[] = [];
  nowMs = 1_800_000_000_000;
  readonly desk: WitnessDesk;

  constructor(t: TestContext, ports: Partial<WitnessPorts> = {}) {
    this.directory = temporaryFolder(t);
    const time: Time = {
      now: () => this.nowMs,
      monotonic: () => this.nowMs,
      after: () => () => undefined,
      every: () => () => undefined,
      soon: (work) => setImmediate(work),
      pause: async () => undefined,
    };
    this.desk = new WitnessDesk({
      dataDirectory: this.directory,
      log: new PublicLog(this.directory),
      logKeys: () => [LOG.key],
      time,
      anchors: () => ({ anchors: [], fault: null }),
      raise: (alarm) => this.alarms.push(alarm),
      onSilence: (witness, isSilent) => this.silences.push({ witness, isSilent }),
      onAgreed: (witness) => this.agreed.push(witness),
      onError: (error) => this.errors.push(error),
      ...ports,
    });
  }

  /** Writes a log of that size, with its tiles, over whatever lay there. */
  writeLog(size: number, entries: readonly Uint8Array[] = ENTRIES, signer: TestSigner = LOG): void {
    const folder = join(this.directory, 'log');
    rmSync(folder, { recursive: true, force: true });
    const { tiles: files } = logOf(entries.slice(0, size), 1);
    for (const [path, bytes] of files.files) {
      mkdirSync(dirname(join(folder, path)), { recursive: true });
      writeFileSync(join(folder, path), bytes);
    }
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'checkpoint'), signedCheckpoint(signer, treeOf(size, entries)));
  }

  writeList(witnesses: readonly KnownWitness[]): void {
    const path = witnessListPath(this.directory);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, JSON.stringify({ witnesses }));
  }

  /** So much later, one more round. */
  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    await this.desk.round();
    if (this.errors.length > 0) throw this.errors[0];
  }
}

export function listed(
  name: string,
  { url, keys }: Pick<RunningWitness, 'url' | 'keys'>,
  change: Partial<KnownWitness> = {},
): KnownWitness {
  return {
    name,
    url,
    keys: [...keys.verifierKeys],
    operator: name,
    relation: 'person',
    ...change,
  };
}
