// SPDX-License-Identifier: Apache-2.0
// The authorities by which hosts are known, in egress's own folder; what a person decides about them at the terminal is
// written to the same place, which the server cannot write.
//
//   pins.json     by host: since when, by whose decision, the authorities' names and keys
//   refused.json  by host: the authorities of the certificates that were refused last
//   given.json    by host: what the file tls-pins named when egress last started, wherever that file lies

import {
  closeSync,
  fchownSync,
  fsyncSync,
  openSync,
  readFileSync,
  renameSync,
  rmSync,
  statSync,
  writeSync,
} from 'node:fs';
import { dirname, join } from 'node:path';

/** An authority that issues certificates. */
export interface Issuer {
  readonly name: string;
  /** SHA-256 of its public key (SubjectPublicKeyInfo), in hexadecimal. */
  readonly fingerprint: string;
}

export interface HostPins {
  /** Unix time in ms. */
  readonly since: number;
  /** Seen at the first connection, or named by a person. */
  readonly by: 'firstUse' | 'person';
  readonly issuers: readonly Issuer[];
}

/** Who was refused last. */
export interface RefusedIssuers {
  readonly at: number;
  /** The newest first, whatever certificates they came with. */
  readonly issuers: readonly Issuer[];
}

type ByHost<T> = ReadonlyMap<string, T>;

/** The files about pins cannot be used; the message says which and what to do. */
export class PinStoreError extends Error {
  readonly code = 'pins.file';

  constructor(message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'PinStoreError';
  }
}

const FILE_BYTES_MAX = 262_144;
const HOSTS_MAX = 64;
const ISSUERS_MAX = 16;
const PRIVATE_MODE = 0o600;
const FINGERPRINT = /^[0-9a-f]{64}$/;
const HOST = /^[a-z0-9.:-]{1,253}$/;

export class PinStore {
  readonly #directory: string;
  readonly #writer: string;

  /** `writer`: each has a draft of its own, for egress may write in the moment in which a person decides. */
  constructor(directory: string, writer: 'egress' | 'terminal' = 'terminal') {
    this.#directory = directory;
    this.#writer = writer;
  }

  get pins(): ByHost<HostPins> {
    return this.#read('pins.json', (value) => ({
      since: wholeNumber(value['since']),
      by: value['by'] === 'person' ? 'person' : 'firstUse',
      issuers: issuersIn(value['issuers']),
    }));
  }

  get refused(): ByHost<RefusedIssuers> {
    return this.#read('refused.json', (value) => ({
      at: wholeNumber(value['at']),
      issuers: issuersIn(value['issuers']),
    }));
  }

  get given(): ByHost<ReadonlySet<string>> {
    return this.#read(
      'given.json',
      ({ issuers }) => new Set(issuersIn(issuers).map(({ fingerprint }) => fingerprint)),
    );
  }

  /** For people at the terminal, which may not know where egress's configuration lies. */
  putGiven(given: ByHost<ReadonlySet<string>>): void {
    const named = [...given].map(([host, keys]): [string, { issuers: readonly Issuer[] }] => [
      host,
      { issuers: [...keys].map((fingerprint) => ({ name: 'tls-pins', fingerprint })) },
    ]);
    this.#write('given.json', new Map(named));
  }

  /** `null`: the host is known by none any more, until it is met again. */
  putPins(host: string, pins: HostPins | null): void {
    if (pins !== null && pins.issuers.length > ISSUERS_MAX) {
      throw new PinStoreError(
        `expected at most ${ISSUERS_MAX} issuers of ${host}: forget those of before with kontor connect pins reset ${host}`,
      );
    }
    this.#put('pins.json', this.pins, host, pins);
  }

  /** Adds who was refused to those before, of whom the oldest go: whoever shows many does not hide one of them at once. */
  noteRefused(host: string, { at, issuers }: RefusedIssuers): void {
    const all = [...issuers, ...(this.refused.get(host)?.issuers ?? [])];
    const isFirst = ({ fingerprint }: Issuer, index: number): boolean =>
      all.findIndex((each) => each.fingerprint === fingerprint) === index;
    const newest = all.filter(isFirst).slice(0, ISSUERS_MAX);
    this.#put('refused.json', this.refused, host, { at, issuers: newest });
  }

  forgetRefused(host: string): void {
    this.#put('refused.json', this.refused, host, null);
  }

  #read<T>(name: string, parse: (value: Readonly<Record<string, unknown>>) => T): ByHost<T> {
    const path = join(this.#directory, name);
    const text = readText(path);
    if (text === null) return new Map();
    try {
      const file = objectOf(JSON.parse(text));
      if (file['version'] !== 1) throw new Error('expected version 1');
      const hosts = Object.entries(objectOf(file['hosts']));
      if (hosts.length > HOSTS_MAX) throw new Error(`expected at most ${HOSTS_MAX} hosts`);
      return new Map(hosts.map(([host, value]) => [host, parse(objectOf(value))]));
    } catch (error) {
      throw new PinStoreError(
        `${path} is damaged: ${error instanceof Error ? error.message : String(error)}; restore it, or remove it to learn the issuers anew`,
        { cause: error },
      );
    }
  }

  #put<T>(name: string, before: ByHost<T>, host: string, value: T | null): void {
    const all = new Map(before);
    if (value === null) all.delete(host);
    else all.set(host, value);
    this.#write(name, all);
  }

  #write(name: string, all: ByHost<unknown>): void {
    if (all.size > HOSTS_MAX) throw new PinStoreError(`expected at most ${HOSTS_MAX} hosts`);
    const text = JSON.stringify({ version: 1, hosts: Object.fromEntries(all) }, null, 2);
    putWhole(join(this.#directory, name), `${text}\n`, this.#writer);
  }
}

/**
 * The keys that a person has named in a file, by host: one a line, `HOST SHA-256`, `#` before a remark. Without the
 * file none. Throws PinStoreError.
 */
export function readGivenPins(path: string): ByHost<ReadonlySet<string>> {
  const given = new Map<string, Set<string>>();
  const lines = (readText(path) ?? '').split('\n');
  for (const [index, line] of lines.entries()) {
    const words = line
      .replace(/#.*$/, '')
      .trim()
      .split(/\s+/)
      .filter((word) => word !== '');
    if (words.length === 0) continue;
    const [host = '', fingerprint = '', ...rest] = words.map((word) => word.toLowerCase());
    if (!HOST.test(host) || !FINGERPRINT.test(fingerprint) || rest.length > 0) {
      throw new PinStoreError(
        `${path}, line ${index + 1}: expected a host and the SHA-256 of an issuer's key in 64 hexadecimal digits`,
      );
    }
    const known = given.get(host) ?? new Set<string>();
    given.set(host, known.add(fingerprint));
    if (given.size > HOSTS_MAX || known.size > ISSUERS_MAX) {
      throw new PinStoreError(
        `${path}: expected at most ${HOSTS_MAX} hosts with ${ISSUERS_MAX} keys each, found more`,
      );
    }
  }
  return given;
}

function readText(path: string): string | null {
  try {
    const stat = statSync(path);
    // A pipe would keep whoever reads it waiting, people at the terminal as well.
    if (!stat.isFile())
      throw new PinStoreError(`${path}: expected a plain file, found something else`);
    if (stat.size > FILE_BYTES_MAX) {
      throw new PinStoreError(`${path}: expected at most ${FILE_BYTES_MAX} bytes`);
    }
    return readFileSync(path, 'utf8');
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
}

/** Whole or not at all, and on disk once it returns. */
function putWhole(path: string, text: string, writer: string): void {
  const draft = `${path}.${writer}.new`;
  // Whoever owns the folder may have put a link there, and it may be root who writes: only a new file is written to.
  rmSync(draft, { force: true });
  const fd = openSync(draft, 'wx', PRIVATE_MODE);
  try {
    // What root decides in another user's folder that user must be able to read.
    if (process.getuid?.() === 0) {
      const { uid, gid } = statSync(dirname(path));
      fchownSync(fd, uid, gid);
    }
    const bytes = Buffer.from(text);
    for (let written = 0; written < bytes.length;) written += writeSync(fd, bytes, written);
    fsyncSync(fd);
  } finally {
    closeSync(fd);
  }
  renameSync(draft, path);
  const folder = openSync(dirname(path), 'r');
  try {
    fsyncSync(folder);
  } finally {
    closeSync(folder);
  }
}

function issuersIn(value: unknown): readonly Issuer[] {
  if (!Array.isArray(value) || value.length > ISSUERS_MAX) {
    throw new Error(`expected a list of at most ${ISSUERS_MAX} issuers`);
  }
  return (value as unknown[]).map((each) => {
    const { name, fingerprint } = objectOf(each);
    if (typeof name !== 'string' || typeof fingerprint !== 'string')
      throw new Error('expected a name and a fingerprint');
    if (!FINGERPRINT.test(fingerprint)) throw new Error('expected a fingerprint of 64 digits');
    return { name, fingerprint };
  });
}

function wholeNumber(value: unknown): number {
  if (typeof value !== 'number' || !Number.isSafeInteger(value)) throw new Error('expected a time');
  return value;
}

function objectOf(value: unknown): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new Error('expected an object');
  return value as Readonly<Record<string, unknown>>;
}
