// SPDX-License-Identifier: Apache-2.0
// Has the log's checkpoints cosigned by the witnesses of the owner's choice, and looks whether anybody was shown
// another history. A witness that fails stops nothing: the desk trades on, and says what its log is worth meanwhile.

import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import {
  NOTE_SIGNATURES_MAX,
  openCheckpoint,
  toNote,
  toVerifierKey,
  verifyCosignatures,
  type Cosignature,
  type ForkEvidence,
  type NoteKey,
  type NoteSignature,
  type SignedCheckpoint,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { CancelTimer, Time } from '../time.ts';
import { putWhole } from '../whole-file.ts';
import type { AnchorStatus, AnchorView } from './anchor-desk.ts';
import { askWitness, monitorWitness, type OwnLog, type WitnessOutcome } from './ask-witness.ts';
import { TRUST_FOLDER } from './list-file.ts';
import type { PublicLog } from './public-log.ts';
import { trustPolicyText } from './trust-policy-text.ts';
import {
  parseWitnessList,
  readWitnessList,
  witnessListPath,
  type Witness,
} from './witness-list.ts';
import { witnessStanding, type WitnessStanding } from './witness-level.ts';

/** How often it is looked whether the log has a new checkpoint. */
const ROUND_MS = 15_000;
/** A log that rests is cosigned again, so that a witness's silence can be told from the log's. */
const AGAIN_MS = 10 * 60_000;
const MONITOR_MS = 5 * 60_000;
const BACK_OFF_MS_MIN = 15_000;
const BACK_OFF_MS_MAX = 10 * 60_000;
/** A cosignature older than this says nothing of today. */
export const COSIGNATURE_FRESH_MS: number = 60 * 60_000;
/** A cosignature from the future is not counted; clocks may differ by this. */
const SKEW_SECONDS = 60n;
const EVIDENCE_FILES_MAX = 100;
const NOTE_BYTES_READ_MAX = 512 * 1024;

export type WitnessState = 'waiting' | 'cosigned' | 'silent' | 'disagrees';

export interface WitnessView {
  readonly name: string;
  readonly url: string;
  readonly operator: string;
  readonly relation: Witness['relation'];
  readonly state: WitnessState;
  /** What it cosigned last. */
  readonly size: number | null;
  /** When, by its own clock. */
  readonly cosignedAt: number | null;
  readonly isFresh: boolean;
  readonly reason: string;
  /** Verifier keys that count as its own. */
  readonly keys: readonly string[];
}

export interface WitnessStatus extends WitnessStanding {
  readonly anchors: readonly AnchorView[];
  readonly witnesses: readonly WitnessView[];
  /** Why there are none, where one of the lists cannot be read. */
  readonly fault: string | null;
  /** By which files it is known who counts; the server cannot write them. */
  readonly lists: { readonly witnesses: string; readonly authorities: string };
}

/** What happened to our own log, as far as it can be shown. */
export type LogAlarm =
  | {
      readonly kind: 'split';
      readonly witness: string;
      /** Where it lies. */
      readonly evidence: string;
      readonly ours: string;
      readonly theirs: string;
    }
  | {
      readonly kind: 'rolledBack';
      readonly witness: string;
      /** Where it lies; null where the witness only says so. */
      readonly evidence: string | null;
      readonly ours: string;
      readonly theirs: string;
    };

export interface WitnessPorts {
  readonly dataDirectory: string;
  readonly log: PublicLog;
  /** The log's own keys; none while they are not known. */
  readonly logKeys: () => readonly NoteKey[];
  readonly time: Time;
  /** What time-stamping authorities have dated. */
  readonly anchors: () => AnchorStatus;
  readonly raise: (alarm: LogAlarm) => void;
  /** A witness has signed the log as it stands here, for the first time or after it disagreed. */
  readonly onAgreed: (witness: string) => void;
  /** A witness has been silent for longer than its cosignature is worth something, or is heard again. */
  readonly onSilence: (witness: string, isSilent: boolean, reason: string) => void;
  readonly onError: (error: unknown) => void;
}

interface Tracked {
  witness: Witness;
  state: WitnessState;
  reason: string;
  /** Its last cosignatures and what they are about. */
  last: { readonly size: bigint; readonly text: string; readonly atMs: number } | undefined;
  /** Since when it was first asked without an answer. */
  silentSince: number | null;
  isToldSilent: boolean;
  isAgreedTold: boolean;
  askedAt: number;
  monitoredAt: number;
  backOffMs: number;
}

export class WitnessDesk {
  readonly #ports: WitnessPorts;
  readonly #folder: string;
  readonly #tracked = new Map<string, Tracked>();
  #cancel: CancelTimer | undefined;
  #listStamp: string | undefined;
  #fault: string | null = null;
  #round: Promise<void> = Promise.resolve();
  #isRunning = false;

  constructor(ports: WitnessPorts) {
    this.#ports = ports;
    this.#folder = join(ports.dataDirectory, 'witness');
  }

  start(): void {
    this.#cancel = this.#ports.time.every(ROUND_MS, () => void this.round());
    void this.round();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    await this.#round;
  }

  status(): WitnessStatus {
    const witnesses = [...this.#tracked.values()].map((each) => this.#viewOf(each));
    const { anchors, fault } = this.#ports.anchors();
    return {
      ...witnessStanding(witnesses, anchors),
      witnesses,
      anchors,
      fault: this.#fault ?? fault,
      lists: {
        witnesses: `${TRUST_FOLDER}/witnesses.json`,
        authorities: `${TRUST_FOLDER}/anchors.json`,
      },
    };
  }

  /** The newest checkpoint that witnesses have cosigned, with all their signatures; undefined where there is none. */
  witnessedNote(): Uint8Array | undefined {
    return readBounded(join(this.#folder, 'checkpoint'));
  }

  /** The trust policy that others check our proofs against. */
  trustPolicy(): string {
    this.#readList();
    return trustPolicyText(
      this.#ports.logKeys(),
      [...this.#tracked.values()].map(({ witness }) => witness),
    );
  }

  /** Asks every witness whose turn it is; one round at a time. */
  round(): Promise<void> {
    if (this.#isRunning) return this.#round;
    this.#isRunning = true;
    this.#round = this.#goRound()
      .catch(this.#ports.onError)
      .finally(() => {
        this.#isRunning = false;
      });
    return this.#round;
  }

  async #goRound(): Promise<void> {
    this.#readList();
    if (this.#tracked.size === 0) return;
    const keys = this.#ports.logKeys();
    const found = this.#ports.log.checkpoint(keys);
    if (!found.ok) {
      for (const each of this.#tracked.values()) each.reason = found.reason;
      return;
    }
    const own: OwnLog = { ...found.value, tiles: this.#ports.log, keys };
    const notes = await Promise.all(
      [...this.#tracked.values()].map((each) => this.#visit(each, own)),
    );
    const cosigned = notes.filter((note) => note !== undefined);
    if (cosigned.length > 0) this.#keepWitnessed(own, cosigned);
  }

  /** The note with the witness's signatures, where it was asked and gave them. */
  async #visit(each: Tracked, own: OwnLog): Promise<Uint8Array | undefined> {
    const now = this.#ports.time.now();
    const isDue =
      each.last?.text !== own.signed.note.text || Math.abs(now - each.last.atMs) >= AGAIN_MS;
    let note: Uint8Array | undefined;
    if (isDue && Math.abs(now - each.askedAt) >= each.backOffMs) {
      each.askedAt = now;
      const outcome = await askWitness(each.witness, own, each.last?.size ?? 0n);
      this.#take(each, own, outcome);
      if (outcome.kind === 'cosigned') note = outcome.note;
    }
    if (each.state === 'cosigned' && Math.abs(now - each.monitoredAt) >= MONITOR_MS) {
      each.monitoredAt = now;
      const seen = await monitorWitness(each.witness, own);
      if (seen !== null && seen.kind !== 'failed') this.#take(each, own, seen);
    }
    return note;
  }

  #take(each: Tracked, own: OwnLog, outcome: WitnessOutcome): void {
    const { witness } = each;
    const now = this.#ports.time.now();
    const ours = own.signed.checkpoint.size;
    switch (outcome.kind) {
      case 'cosigned': {
        const last = lastOf(outcome.note, witness, own.keys, now);
        if (last === undefined) {
          this.#failed(each, 'its cosignature is dated in the future: one of the clocks is wrong');
          return;
        }
        each.last = last;
        if (!each.isAgreedTold) this.#ports.onAgreed(witness.name);
        each.isAgreedTold = true;
        each.state = 'cosigned';
        each.reason = '';
        each.silentSince = null;
        each.backOffMs = BACK_OFF_MS_MIN;
        if (each.isToldSilent) this.#ports.onSilence(witness.name, false, '');
        each.isToldSilent = false;
        this.#write(`${witness.name}.checkpoint`, outcome.note);
        return;
      }
      case 'fork': {
        const { first, second, bridge } = outcome.evidence;
        each.state = 'disagrees';
        each.isAgreedTold = false;
        each.reason = 'it was shown another history of this log, under the log’s own signature';
        each.backOffMs = BACK_OFF_MS_MAX;
        const evidence = this.#keepEvidence({ first, second, bridge });
        const theirs = openCheckpoint(nodeCryptography, second, own.keys);
        const size = theirs.ok ? theirs.value.checkpoint.size : 0n;
        this.#ports.raise({
          kind: 'split',
          witness: witness.name,
          evidence,
          ours: String(ours),
          theirs: String(size),
        });
        return;
      }
      case 'rolledBack': {
        each.state = 'disagrees';
        each.isAgreedTold = false;
        each.reason = `it has seen ${outcome.size} entries, this log has ${ours}: the log was rolled back`;
        each.backOffMs = BACK_OFF_MS_MAX;
        const evidence =
          outcome.proof === undefined
            ? null
            : this.#keepEvidence({ first: own.note, second: outcome.proof, bridge: undefined });
        this.#ports.raise({
          kind: 'rolledBack',
          witness: witness.name,
          evidence,
          ours: String(ours),
          theirs: String(outcome.size),
        });
        return;
      }
      case 'failed':
        this.#failed(each, outcome.reason);
    }
  }

  #failed(each: Tracked, reason: string): void {
    const now = this.#ports.time.now();
    each.backOffMs = Math.min(each.backOffMs * 2, BACK_OFF_MS_MAX);
    each.silentSince ??= now;
    // Silence takes nothing back: what it signed before it disagreed vouches for nothing.
    if (each.state !== 'disagrees') {
      each.reason = reason;
      each.state = 'silent';
    }
    const since = Math.max(each.silentSince, each.last?.atMs ?? 0);
    if (each.isToldSilent || now - since < COSIGNATURE_FRESH_MS) return;
    each.isToldSilent = true;
    this.#ports.onSilence(each.witness.name, true, reason);
  }

  #viewOf(each: Tracked): WitnessView {
    const { name, url, operator, relation } = each.witness;
    const { last, state, reason } = each;
    const isFresh =
      last !== undefined &&
      state !== 'disagrees' &&
      Math.abs(this.#ports.time.now() - last.atMs) < COSIGNATURE_FRESH_MS;
    return {
      name,
      url,
      operator,
      relation,
      state,
      size: last === undefined ? null : Number(last.size),
      cosignedAt: last?.atMs ?? null,
      isFresh,
      reason,
      keys: each.witness.keys.map(toVerifierKey),
    };
  }

  /** The list may be changed while the desk runs. */
  #readList(): void {
    const stat = statSync(witnessListPath(this.#ports.dataDirectory), {
      throwIfNoEntry: false,
      bigint: true,
    });
    const stamp = stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
    if (stamp === this.#listStamp) return;
    this.#listStamp = stamp;
    const list = readWitnessList(this.#ports.dataDirectory);
    const parsed = list.ok ? parseWitnessList({ witnesses: list.value }) : list;
    this.#fault = parsed.ok ? null : parsed.reason;
    if (!parsed.ok) return;
    for (const name of this.#tracked.keys()) {
      if (!parsed.value.some((each) => each.name === name)) {
        const isToldSilent = this.#tracked.get(name)?.isToldSilent === true;
        this.#tracked.delete(name);
        if (isToldSilent) this.#ports.onSilence(name, false, '');
      }
    }
    for (const witness of parsed.value) this.#track(witness);
  }

  #track(witness: Witness): void {
    const known = this.#tracked.get(witness.name);
    const isSame =
      known !== undefined &&
      known.witness.url === witness.url &&
      keyText(known.witness.keys) === keyText(witness.keys);
    if (isSame) {
      known.witness = witness;
      return;
    }
    const note = readBounded(join(this.#folder, `${witness.name}.checkpoint`));
    const { time, logKeys } = this.#ports;
    const last = note === undefined ? undefined : lastOf(note, witness, logKeys(), time.now());
    this.#tracked.set(witness.name, {
      witness,
      state: last === undefined ? 'waiting' : 'cosigned',
      reason: last === undefined ? 'not asked yet' : '',
      last,
      silentSince: null,
      isToldSilent: false,
      isAgreedTold: false,
      askedAt: -Infinity,
      monitoredAt: -Infinity,
      backOffMs: BACK_OFF_MS_MIN,
    });
  }

  /** Puts all signatures under one note, unless an older one, not yet stale, has more operators behind it. */
  #keepWitnessed(own: OwnLog, notes: readonly Uint8Array[]): void {
    const witnesses = [...this.#tracked.values()].map(({ witness }) => witness);
    const now = this.#ports.time.now();
    const { text } = own.signed.note;
    const before = this.#opened(this.witnessedNote(), own.keys);
    const sources = [...notes, ...(before?.note.text === text ? [toNote(before.note)] : [])];
    const signatures: NoteSignature[] = [...own.signed.note.signatures];
    for (const source of sources) {
      const opened = this.#opened(source, own.keys);
      for (const { key, signature } of cosignaturesOf(opened, witnesses, now)) {
        const isThere = signatures.some(
          (each) => each.name === key.name && Buffer.from(each.keyId).equals(key.id),
        );
        if (isThere || signatures.length >= NOTE_SIGNATURES_MAX) continue;
        signatures.push({ name: key.name, keyId: key.id, signature });
      }
    }
    const note = toNote({ text, signatures });
    const fresh = this.#operatorsOf(this.#opened(note, own.keys), witnesses, now);
    if (fresh.count === 0) return;
    const kept = this.#operatorsOf(before, witnesses, now);
    const isStale = kept.newestMs < now - AGAIN_MS;
    if (before?.note.text !== text && !isStale && kept.count > fresh.count) return;
    this.#write('checkpoint', note);
  }

  #operatorsOf(
    signed: SignedCheckpoint | undefined,
    witnesses: readonly Witness[],
    now: number,
  ): { readonly count: number; readonly newestMs: number } {
    const found = cosignaturesOf(signed, witnesses, now);
    const standing = witnessStanding(
      witnesses
        .filter(({ keys }) => found.some(({ key }) => keys.includes(key)))
        .map(({ operator, relation }) => ({ operator, relation, isFresh: true })),
    );
    const newest = Math.max(0, ...found.map(({ timeSeconds }) => Number(timeSeconds)));
    return { count: standing.operators, newestMs: newest * 1000 };
  }

  #opened(note: Uint8Array | undefined, keys: readonly NoteKey[]): SignedCheckpoint | undefined {
    if (note === undefined) return undefined;
    const opened = openCheckpoint(nodeCryptography, note, keys);
    return opened.ok ? opened.value : undefined;
  }

  /** Where the evidence lies. */
  #keepEvidence({ first, second, bridge }: ForkEvidence): string {
    const document = {
      about: 'two checkpoints of one log, both under its signature, that do not go together',
      first: Buffer.from(first).toString('utf8'),
      second: Buffer.from(second).toString('utf8'),
      olderRoot: bridge === undefined ? null : Buffer.from(bridge.olderRoot).toString('base64'),
      proof: (bridge?.proof ?? []).map((hash) => Buffer.from(hash).toString('base64')),
    };
    const bytes = Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
    const folder = join(this.#folder, 'evidence');
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const name = `${createHash('sha256').update(second).digest('hex')}.json`;
    if (existsSync(join(folder, name)) || readdirSync(folder).length >= EVIDENCE_FILES_MAX) {
      return join(folder, name);
    }
    this.#write(join('evidence', name), bytes);
    return join(folder, name);
  }

  #write(name: string, bytes: Uint8Array): void {
    mkdirSync(this.#folder, { recursive: true, mode: 0o700 });
    putWhole(join(this.#folder, name), bytes);
  }
}

/** What a witness's cosignatures on a note are about, and the newest of their times. */
function lastOf(
  note: Uint8Array,
  witness: Witness,
  logKeys: readonly NoteKey[],
  nowMs: number,
): Tracked['last'] {
  const opened = openCheckpoint(nodeCryptography, note, logKeys);
  if (!opened.ok) return undefined;
  const found = cosignaturesOf(opened.value, [witness], nowMs);
  if (found.length === 0) return undefined;
  const newest = found.reduce(
    (most, { timeSeconds }) => (timeSeconds > most ? timeSeconds : most),
    0n,
  );
  const { checkpoint, note: parts } = opened.value;
  return { size: checkpoint.size, text: parts.text, atMs: Number(newest) * 1000 };
}

function cosignaturesOf(
  signed: SignedCheckpoint | undefined,
  witnesses: readonly Witness[],
  nowMs: number,
): readonly Cosignature[] {
  if (signed === undefined) return [];
  const keys = witnesses.flatMap((witness) => witness.keys);
  const nowSeconds = BigInt(Math.floor(nowMs / 1000));
  const found = verifyCosignatures(nodeCryptography, signed.note, keys, {
    nowSeconds,
    skewSeconds: SKEW_SECONDS,
  });
  return found.ok ? found.value : [];
}

function keyText(keys: readonly NoteKey[]): string {
  return keys.map(({ publicKey }) => Buffer.from(publicKey).toString('hex')).join();
}

function readBounded(path: string): Uint8Array | undefined {
  const stat = statSync(path, { throwIfNoEntry: false });
  return stat === undefined || stat.size > NOTE_BYTES_READ_MAX ? undefined : readFileSync(path);
}
