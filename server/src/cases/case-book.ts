// SPDX-License-Identifier: Apache-2.0
// Case files: for each incident a folder with what was seen, byte for byte, and a manifest of checksums.
//
//   cases/<id>/case.json       what happened, at which connection, in order
//   cases/<id>/evidence/       answers and events of the exchange as they came
//   cases/<id>/manifest.json   SHA-256, size, time and source of every file
//
// Every file is written aside and put in its place whole; the manifest comes last, so it names only what is there.

import { hash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomText } from '../reconcile/order-ids.ts';
import { putWhole } from '../whole-file.ts';

/** Something that came from outside, as it came. */
export interface Evidence {
  /** Where it came from: `stream`, `openOrders`, `myTrades`, `account`. */
  readonly source: string;
  readonly text: string;
}

/** A line of a case's history: what happened, as values. */
export interface CaseEvent {
  /** Wall time. */
  readonly time: number;
  readonly kind: string;
  readonly facts: Readonly<Record<string, string>>;
}

/** Whose account it is about. */
export interface CaseSubject {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
  readonly grade: string;
  readonly keyKind: string;
  /** SHA-256 of the public half; empty for a key that has none. */
  readonly publicKeySha256: string;
  readonly createdAt: number | null;
  readonly expiresAt: number | null;
}

interface LogReference {
  /** The checkpoint of the signer's log as it stood when the case was opened; null where there is none to read. */
  readonly checkpoint: string | null;
}

export interface CaseFile {
  readonly version: 1;
  readonly id: string;
  readonly openedAt: number;
  readonly subject: CaseSubject;
  readonly log: LogReference;
  readonly events: readonly CaseEvent[];
  /** Events and evidence beyond the bounds of a case, counted. */
  readonly left: number;
}

export interface ManifestEntry {
  readonly path: string;
  readonly sha256: string;
  readonly size: number;
  readonly collectedAt: number;
  readonly source: string;
}

/** A case in the list. */
export interface CaseSummary {
  readonly id: string;
  readonly openedAt: number;
  readonly connection: string;
  readonly events: number;
  readonly evidence: number;
}

const CASES_MAX = 500;
const EVENTS_MAX = 1_000;
const EVIDENCE_MAX = 500;
const EVIDENCE_BYTES_MAX = 1_048_576;
const CASE_BYTES_MAX = 33_554_432;
const CHECKPOINT_BYTES_MAX = 65_536;
const ID_LETTERS = 6;
const ID = /^\d{8}T\d{6}Z-[0-9a-v]{6}$/;

export class CaseBook {
  readonly #directory: string;
  readonly #checkpointPath: string;
  readonly #now: () => number;
  readonly #draw: (length: number) => string;
  /** Cases that were written to since the start, so that not each event reads the folder again. */
  readonly #open = new Map<string, { file: CaseFile; manifest: ManifestEntry[] }>();

  /** `draw` makes random letters and digits. */
  constructor(
    dataDirectory: string,
    now: () => number,
    draw: (length: number) => string = randomText,
  ) {
    this.#directory = join(dataDirectory, 'cases');
    this.#checkpointPath = join(dataDirectory, 'log', 'checkpoint');
    this.#now = now;
    this.#draw = draw;
  }

  /** Opens a case; null where there are too many to open another. */
  open(subject: CaseSubject): string | null {
    if (this.#ids().length >= CASES_MAX) return null;
    const openedAt = this.#now();
    const stamp = new Date(openedAt).toISOString().replaceAll(/[-:]|\.\d+/g, '');
    const id = `${stamp}-${this.#draw(ID_LETTERS)}`;
    mkdirSync(join(this.#directory, id, 'evidence'), { recursive: true, mode: 0o700 });
    const file: CaseFile = {
      version: 1,
      id,
      openedAt,
      subject,
      log: { checkpoint: this.#checkpoint() },
      events: [],
      left: 0,
    };
    const known = { file, manifest: [] };
    this.#open.set(id, known);
    this.#write(known);
    return id;
  }

  /** Adds what happened and what shows it. False where there is no such case. */
  add(id: string, event: CaseEvent, evidence: readonly Evidence[]): boolean {
    const known = this.#known(id);
    if (known === null) return false;
    const isFull = known.file.events.length >= EVENTS_MAX;
    let left = known.file.left + (isFull ? 1 : 0);
    for (const piece of isFull ? [] : evidence) {
      if (!this.#addEvidence(known, piece)) left += 1;
    }
    const events = isFull ? known.file.events : [...known.file.events, event];
    known.file = { ...known.file, events, left };
    this.#write(known);
    return true;
  }

  /** The newest first. */
  list(limit: number): readonly CaseSummary[] {
    return this.#ids()
      .toSorted()
      .toReversed()
      .slice(0, limit)
      .flatMap((id) => {
        const known = this.#known(id);
        if (known === null) return [];
        const { openedAt, subject, events } = known.file;
        const { connection } = subject;
        const evidence = known.manifest.filter(({ path }) => path.startsWith('evidence/')).length;
        return [{ id, openedAt, connection, events: events.length, evidence }];
      });
  }

  get(id: string): { readonly file: CaseFile; readonly manifest: readonly ManifestEntry[] } | null {
    return ID.test(id) ? this.#known(id) : null;
  }

  folderOf(id: string): string {
    return join(this.#directory, id);
  }

  /** What is not as the manifest of a case says, as sentences; empty where all is. */
  verify(id: string): readonly string[] {
    const known = this.get(id);
    if (known === null) return [`there is no case ${id}`];
    return known.manifest.flatMap(({ path, sha256, size }) => {
      const whole = join(this.#directory, id, path);
      if (!existsSync(whole)) return [`${path}: expected a file, found none`];
      const bytes = readFileSync(whole);
      if (bytes.length === size && hash('sha256', bytes, 'hex') === sha256) return [];
      return [`${path}: expected ${size} bytes with SHA-256 ${sha256}, found others`];
    });
  }

  #addEvidence(
    known: { readonly file: CaseFile; manifest: ManifestEntry[] },
    { source, text }: Evidence,
  ): boolean {
    const bytes = Buffer.from(text);
    const sha256 = hash('sha256', bytes, 'hex');
    // The same answer told twice is one piece.
    if (known.manifest.some((entry) => entry.sha256 === sha256)) return true;
    const pieces = known.manifest.filter(({ path }) => path.startsWith('evidence/'));
    const total = pieces.reduce((sum, { size }) => sum + size, bytes.length);
    const isTooMuch =
      pieces.length >= EVIDENCE_MAX || bytes.length > EVIDENCE_BYTES_MAX || total > CASE_BYTES_MAX;
    if (isTooMuch) return false;
    const path = `evidence/${String(pieces.length + 1).padStart(4, '0')}-${source}.json`;
    putWhole(join(this.#directory, known.file.id, path), bytes);
    known.manifest.push({
      path,
      sha256,
      size: bytes.length,
      collectedAt: this.#now(),
      source,
    });
    return true;
  }

  #write(known: { readonly file: CaseFile; manifest: ManifestEntry[] }): void {
    const { id } = known.file;
    const bytes = Buffer.from(`${JSON.stringify(known.file, null, 2)}\n`);
    putWhole(join(this.#directory, id, 'case.json'), bytes);
    const entry: ManifestEntry = {
      path: 'case.json',
      sha256: hash('sha256', bytes, 'hex'),
      size: bytes.length,
      collectedAt: this.#now(),
      source: 'desk',
    };
    known.manifest = [...known.manifest.filter(({ path }) => path !== 'case.json'), entry];
    const manifest = `${JSON.stringify({ version: 1, files: known.manifest }, null, 2)}\n`;
    putWhole(join(this.#directory, id, 'manifest.json'), Buffer.from(manifest));
  }

  /** Null also for a case whose own files somebody broke: the others are still to be read. */
  #known(id: string): { file: CaseFile; manifest: ManifestEntry[] } | null {
    const open = this.#open.get(id);
    if (open !== undefined) return open;
    const folder = join(this.#directory, id);
    if (!existsSync(join(folder, 'manifest.json'))) return null;
    try {
      // Files of ours: the manifest tells where they were changed by others.
      const file = JSON.parse(readFileSync(join(folder, 'case.json'), 'utf8')) as CaseFile;
      const { files } = JSON.parse(readFileSync(join(folder, 'manifest.json'), 'utf8')) as {
        readonly files: ManifestEntry[];
      };
      const known = { file, manifest: [...files] };
      this.#open.set(id, known);
      return known;
    } catch (error) {
      if (error instanceof SyntaxError || isMissing(error)) return null;
      throw error;
    }
  }

  #ids(): readonly string[] {
    if (!existsSync(this.#directory)) return [];
    return readdirSync(this.#directory).filter((name) => ID.test(name));
  }

  #checkpoint(): string | null {
    if (!existsSync(this.#checkpointPath)) return null;
    const text = readFileSync(this.#checkpointPath, 'utf8');
    return text.length <= CHECKPOINT_BYTES_MAX ? text : null;
  }
}

function isMissing(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ENOENT';
}
