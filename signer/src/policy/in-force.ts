// SPDX-License-Identifier: Apache-2.0
// The policy in force: the file, vouched for by its hash on the log, and a change that waits for its time.
//
// The log says which policy holds; the file only holds its text. A file that the log does not know locks orders out. A
// change goes to disk as a draft, then to the log, then into the file's place, so that a crash leaves one of the two.
//
// A loosening waits for as long as the signer runs, by the monotonic clock. How much of that is left is noted from time to
// time: a wall clock that somebody sets while the signer is down shortens nothing, and a restart begins nothing anew.

import { hash } from 'node:crypto';
import { join } from 'node:path';
import {
  destroyFile,
  isSystemError,
  readFile,
  syncDirectoryOf,
  writeFileAtomically,
  type Disk,
} from '../disk.ts';
import type { Entry, PastEntry } from '../log/intent-log.ts';
import { comparePolicies, type PolicyComparison } from './compare.ts';
import { newPast, PolicyEvaluator, type PolicySubject } from './evaluator.ts';
import type { HeldOrders } from './held-orders.ts';
import { describePolicyError, parsePolicy, type ParsedPolicy } from './grammar.ts';
import type { Policy } from './policy.ts';
import { POLICY_BYTES_MAX } from '../wire-fields.ts';
import type { References } from './references.ts';

const POLICY_FILE = 'policy';
/** A policy that the log knows already and that is not in its place yet. */
const NEXT_FILE = 'policy.next';
/** A loosening that waits. */
export const PENDING_FILE = 'policy.pending';
const FILE_MODE = 0o644;
const SHORT_HASH = 12;
/** What is left of a delay is noted after each tenth of it, within these bounds. */
const NOTED_PARTS = 10;
const NOTED_MS_MIN = 60_000;
const NOTED_MS_MAX = 3_600_000;

export class PolicyFileError extends Error {
  readonly code = 'policy.syntax';

  constructor(message: string) {
    super(message);
    this.name = 'PolicyFileError';
  }
}

/** How a policy came about. */
export type PolicyChangedBy = 'start' | 'server' | 'passkey' | 'terminal';

interface PendingEntry {
  readonly hash: string;
  /** How long it had still to wait when that was last noted. */
  readonly leftMs: number;
}

/** What the log says of policies. */
export class PolicyHistory {
  /** SHA-256 of the policy that holds; null where the log knows of none. */
  attested: string | null = null;
  pending: PendingEntry | null = null;

  read({ kind, time, fields }: PastEntry | Entry): void {
    if (kind !== 'policy.change') return;
    const { step, policy, due, left } = fields;
    switch (step) {
      case 'attested':
      case 'applied':
        this.attested = String(policy);
        this.pending = null;
        return;
      case 'pending':
        this.pending = { hash: String(policy), leftMs: Number(due) - time };
        return;
      case 'waiting':
        this.pending = { hash: String(policy), leftMs: Number(left) };
        return;
      default:
        this.pending = null;
    }
  }
}

/** A policy and the very text that it was read from. */
export interface WrittenPolicy {
  readonly policy: Policy;
  readonly text: string;
}

/** A loosening that a person has confirmed and that waits for its time. */
export interface PendingPolicy extends WrittenPolicy {
  /** Wall time at which it holds if the signer runs on; for people. */
  readonly dueAt: number;
  /** The same by the window clock, which decides: nobody can set it. */
  readonly dueWindow: number;
}

interface PolicyPorts {
  readonly disk: Disk;
  readonly directory: string;
  /** Puts entries on the log; throws LogError where they may not be on disk. */
  readonly append: (entries: readonly Entry[]) => void;
}

/** The policy file as it lies there, before the log was asked about it. */
export interface PolicyFile {
  readonly path: string;
  readonly bytes: Buffer | null;
  readonly policy: Policy | null;
}

/** Reads the policy file. Throws PolicyFileError where it departs from the grammar, DiskError where others may write it. */
export function readPolicyFile(disk: Disk, directory: string): PolicyFile {
  const path = join(directory, POLICY_FILE);
  const bytes = readFile(disk, path, { bytesMax: POLICY_BYTES_MAX, others: 'read' });
  if (bytes === null) return { path, bytes, policy: null };
  const parsed = parsePolicy(bytes);
  if (!parsed.ok) throw new PolicyFileError(describePolicyError(path, parsed.error));
  return { path, bytes, policy: parsed.policy };
}

export class PolicyInForce {
  readonly #ports: PolicyPorts;
  #text: string;
  #evaluator: PolicyEvaluator;
  #pending: PendingPolicy | null = null;
  /** How much of the delay was left when the log was last told. */
  #notedLeftMs = 0;
  /** The log has the change, and the disk did not take the file into its place yet. */
  #isUnplaced = false;
  /** Why no order is allowed whatever the file says; null where the log vouches for it. */
  #lock: string | null = null;

  private constructor(ports: PolicyPorts, text: string, evaluator: PolicyEvaluator) {
    this.#ports = ports;
    this.#text = text;
    this.#evaluator = evaluator;
  }

  /**
   * Compares the file with what the log vouches for. The first policy of a desk is vouched for as it lies there.
   * `subjects` are the connections there are.
   */
  static open(
    ports: PolicyPorts,
    file: PolicyFile,
    history: PolicyHistory,
    now: { readonly wall: number; readonly window: number },
    options: {
      readonly references: References;
      readonly subjects: readonly PolicySubject[];
      /** What the log says of orders that wait for a person. */
      readonly held?: HeldOrders;
    },
  ): PolicyInForce {
    const { references, subjects } = options;
    const found = file.policy?.hash ?? null;
    if (history.attested === null && file.policy !== null) {
      ports.append([changeEntry(now.wall, 'attested', file.policy.hash, { by: 'start' })]);
    } else if (history.attested !== found) {
      const finished = finishChange(ports, file, history.attested);
      if (finished === null) {
        const policy = withoutOrders(subjects);
        const evaluator = new PolicyEvaluator(policy, file.path, references);
        const kept = new PolicyInForce(ports, textOf(file.bytes), evaluator);
        kept.#lock = lockReason(file.path, history.attested, found);
        return kept;
      }
      return PolicyInForce.#attested(ports, finished, history, now, options);
    }
    return PolicyInForce.#attested(ports, file, history, now, options);
  }

  static #attested(
    ports: PolicyPorts,
    { path, policy, bytes }: PolicyFile,
    history: PolicyHistory,
    now: { readonly wall: number; readonly window: number },
    { references, held }: { readonly references: References; readonly held?: HeldOrders },
  ): PolicyInForce {
    const evaluator = new PolicyEvaluator(policy, path, references, newPast(held));
    const kept = new PolicyInForce(ports, textOf(bytes), evaluator);
    const { pending } = history;
    if (pending !== null) kept.#takeUp(pending, now);
    return kept;
  }

  get evaluator(): PolicyEvaluator {
    return this.#evaluator;
  }

  /** Why no order is allowed whatever the file says, or null. */
  get lock(): string | null {
    return this.#lock;
  }

  get pending(): PendingPolicy | null {
    return this.#pending;
  }

  /** The policy in force as people wrote it; empty where there is none. */
  get text(): string {
    return this.#text;
  }

  /** How `text` differs from what holds, or why it cannot hold at all. */
  compare(
    text: string,
  ):
    | { readonly ok: true; readonly policy: Policy; readonly comparison: PolicyComparison }
    | { readonly ok: false; readonly reason: string } {
    const parsed: ParsedPolicy = parsePolicy(Buffer.from(text));
    if (!parsed.ok) return { ok: false, reason: describePolicyError('policy', parsed.error) };
    const before = this.#lock === null ? this.#evaluator.policy : null;
    return {
      ok: true,
      policy: parsed.policy,
      comparison: comparePolicies(before, parsed.policy),
    };
  }

  /** How long a loosening waits from now on. */
  get looseningDelayMs(): number {
    return this.#evaluator.policy?.looseningDelayMs ?? 0;
  }

  /** Puts a policy in force now. The caller knows that it only tightens, or that the person may. */
  apply(
    { policy, text }: WrittenPolicy,
    how: { readonly by: PolicyChangedBy; readonly evidence?: number },
    subjectOf: (connection: string) => PolicySubject | undefined,
    now: { readonly wall: number; readonly window: number },
  ): void {
    // Its draft is all there is of a change that is not in its place: it is not written over.
    if (this.#isUnplaced) placePolicy(this.#ports);
    const { hash: before } = this.#evaluator;
    attestPolicy(this.#ports, Buffer.from(text), policy, { before, ...how }, now.wall);
    // From here on the log says that it holds, whatever becomes of the files.
    this.#isUnplaced = true;
    this.#evaluator = this.#evaluator.under(policy, subjectOf, now.window);
    this.#text = text;
    this.#lock = null;
    this.#pending = null;
    this.#place();
  }

  /** Puts what holds into its place; where the disk does not take it that is tried again, and made good at a start. */
  #place(): void {
    if (!this.#isUnplaced) return;
    try {
      placePolicy(this.#ports);
      destroyFile(this.#ports.disk, join(this.#ports.directory, PENDING_FILE));
      this.#isUnplaced = false;
    } catch (error) {
      if (!isSystemError(error)) throw error;
    }
  }

  /** Keeps a loosening until its time has come. */
  postpone(
    { policy, text }: WrittenPolicy,
    evidence: number,
    now: { readonly wall: number; readonly window: number },
  ): PendingPolicy {
    const { disk, directory, append } = this.#ports;
    const delayMs = this.looseningDelayMs;
    const pending: PendingPolicy = {
      policy,
      text,
      dueAt: now.wall + delayMs,
      dueWindow: now.window + delayMs,
    };
    writeFileAtomically(disk, join(directory, PENDING_FILE), Buffer.from(text));
    append([
      changeEntry(now.wall, 'pending', policy.hash, {
        by: 'passkey',
        evidence,
        due: pending.dueAt,
      }),
    ]);
    this.#pending = pending;
    this.#notedLeftMs = delayMs;
    return pending;
  }

  /** Gives up the change that waits. */
  cancel(now: number): void {
    const pending = this.#pending;
    if (pending === null) return;
    this.#ports.append([changeEntry(now, 'cancelled', pending.policy.hash, {})]);
    this.#dropPending();
  }

  /** Puts the change that waits in force once its time has come, and notes from time to time how long that still is. */
  applyDue(
    subjectOf: (connection: string) => PolicySubject | undefined,
    now: { readonly wall: number; readonly window: number },
  ): void {
    this.#place();
    const pending = this.#pending;
    if (pending === null) return;
    if (now.window >= pending.dueWindow)
      return this.apply(pending, { by: 'passkey' }, subjectOf, now);
    const tenth = this.looseningDelayMs / NOTED_PARTS;
    const stepMs = Math.min(Math.max(tenth, NOTED_MS_MIN), NOTED_MS_MAX);
    if (this.#notedLeftMs - (pending.dueWindow - now.window) >= stepMs) this.noteLeft(now);
  }

  /** Notes how long the change that waits still has to, so that the next start goes on from there. */
  noteLeft(now: { readonly wall: number; readonly window: number }): void {
    const pending = this.#pending;
    if (pending === null) return;
    const left = Math.max(0, pending.dueWindow - now.window);
    if (left >= this.#notedLeftMs) return;
    this.#ports.append([changeEntry(now.wall, 'waiting', pending.policy.hash, { left })]);
    this.#notedLeftMs = left;
  }

  /** A change of an earlier run. Its text must be the one that was confirmed. */
  #takeUp(
    { hash: wanted, leftMs }: PendingEntry,
    now: { readonly wall: number; readonly window: number },
  ): void {
    const { disk, directory, append } = this.#ports;
    const bytes = readFile(disk, join(directory, PENDING_FILE), {
      bytesMax: POLICY_BYTES_MAX,
      others: 'nothing',
    });
    const parsed = bytes === null ? null : parsePolicy(bytes);
    if (bytes === null || parsed?.ok !== true || parsed.policy.hash !== wanted) {
      append([changeEntry(now.wall, 'cancelled', wanted, { reason: 'its text is gone' })]);
      this.#dropPending();
      return;
    }
    this.#pending = {
      policy: parsed.policy,
      text: textOf(bytes),
      dueAt: now.wall + leftMs,
      dueWindow: now.window + leftMs,
    };
    this.#notedLeftMs = leftMs;
  }

  #dropPending(): void {
    this.#pending = null;
    destroyFile(this.#ports.disk, join(this.#ports.directory, PENDING_FILE));
  }
}

/** Draft, then log: from then on the policy holds. */
export function attestPolicy(
  { disk, directory, append }: PolicyPorts,
  text: Uint8Array,
  policy: Policy,
  how: { readonly before: string; readonly by: PolicyChangedBy; readonly evidence?: number },
  now: number,
): void {
  writeFileAtomically(disk, join(directory, NEXT_FILE), text, FILE_MODE);
  append([changeEntry(now, 'applied', policy.hash, how)]);
}

/** Then its place: whatever a crash leaves, the log and one of the two files agree. */
export function placePolicy({ disk, directory }: Omit<PolicyPorts, 'append'>): void {
  const path = join(directory, POLICY_FILE);
  const draft = join(directory, NEXT_FILE);
  // A rename that was done and not synced is not done twice.
  if (disk.statSync(draft, { throwIfNoEntry: false }) !== undefined) disk.renameSync(draft, path);
  syncDirectoryOf(disk, path);
}

/** The file that a crash kept from its place; null where there is none that the log vouches for. */
function finishChange(
  { disk, directory }: PolicyPorts,
  { path }: PolicyFile,
  attested: string | null,
): PolicyFile | null {
  const draft = join(directory, NEXT_FILE);
  const bytes = readFile(disk, draft, { bytesMax: POLICY_BYTES_MAX, others: 'read' });
  if (bytes === null || hash('sha256', bytes, 'hex') !== attested) return null;
  const parsed = parsePolicy(bytes);
  if (!parsed.ok) return null;
  placePolicy({ disk, directory });
  return { path, bytes, policy: parsed.policy };
}

/** What holds while nobody vouches for the file: looking and cancelling. */
function withoutOrders(subjects: readonly PolicySubject[]): Policy {
  const sections = subjects.map(
    ({ connection }, index) =>
      `connection ${connection}\nallow id=unattested-${index} op=order.cancel,read.* rate<=600/60s\n`,
  );
  const parsed = parsePolicy(Buffer.from(`policy/v1\n${sections.join('')}default deny\n`));
  if (!parsed.ok) throw new Error('Invariant: a policy for looking and cancelling can be read');
  return parsed.policy;
}

function lockReason(path: string, attested: string | null, found: string | null): string {
  return (
    `expected the policy that the log vouches for (${short(attested)}), found another in ${path} (${short(found)}): ` +
    'put the old file back, or take this one over with kontor policy edit while the desk is stopped'
  );
}

function short(value: string | null): string {
  return value === null ? 'none' : value.slice(0, SHORT_HASH);
}

function changeEntry(
  time: number,
  step: 'attested' | 'pending' | 'waiting' | 'applied' | 'cancelled',
  policy: string,
  fields: Entry['fields'],
): Entry {
  return { time: Math.max(time, 0), kind: 'policy.change', fields: { step, policy, ...fields } };
}

function textOf(bytes: Buffer | null): string {
  return bytes === null ? '' : bytes.toString('utf8');
}
