// SPDX-License-Identifier: Apache-2.0
// Canaries: connections to accounts that exist only to be robbed. Their keys lie where a thief would look; this desk
// sends nothing to them but the opening of the account's stream, so whatever happens there is a thief's doing.
//
// Which connections those are the signer alone can tell. Until one rings nothing is written down here that names it, and the
// streams of connections that nobody trades through are opened as well: logs that show whose stream is open tell nothing.

import { hash } from 'node:crypto';
import type { ConnectionInfo } from '@kontor/signer';
import type { CaseBook, Evidence } from '../cases/case-book.ts';
import type { Outcome } from '../link/links.ts';
import type { CancelTimer, Time } from '../time.ts';
import type { AlarmBook } from './alarm-book.ts';

export interface CanaryPorts {
  readonly time: Time;
  readonly alarms: AlarmBook;
  readonly cases: CaseBook;
  readonly connections: () => Promise<readonly ConnectionInfo[]>;
  readonly subscribe: (connection: string) => Promise<Outcome>;
  /** The connection that the desk trades through, whose stream it opens by itself. */
  readonly own: () => string;
  /** A canary that cannot be watched, and why; '' once one is. */
  readonly onUnwatched: (reason: string) => void;
}

const LOOK_MS = 10_000;
/** Alarms of earlier runs that are looked through once. */
const EARLIER_ALARMS_MAX = 500;
/** Other connections that are listened to; egress has room for some more streams than these. */
const SPARES_MAX = 24;
/** Nobody needs the stream of a spare one: the signer's log is not filled for it. */
const SPARE_RETRY_MS = 60 * 60_000;
/** So many looks in a row without a stream, and a person is told: a canary that nobody watches guards nothing. */
const FAILED_TOLD_AT = 2;

export class CanaryWatch {
  readonly #ports: CanaryPorts;
  readonly #canaries = new Map<string, ConnectionInfo>();
  readonly #watched = new Set<string>();
  /** By connection that is no canary, when its stream was asked for in vain, by the clock that nobody sets. */
  readonly #refused = new Map<string, number>();
  /** Looks in a row at which a canary could not be watched. */
  readonly #failed = new Map<string, number>();
  /** The open case of each. */
  readonly #cases = new Map<string, string>();
  #timer: CancelTimer | null = null;
  #isLooking = false;
  #isFirstLook = true;

  constructor(ports: CanaryPorts) {
    this.#ports = ports;
  }

  start(): void {
    void this.#look();
    this.#timer = this.#ports.time.every(LOOK_MS, () => void this.#look());
  }

  close(): void {
    this.#timer?.();
  }

  has(connection: string): boolean {
    return this.#canaries.has(connection);
  }

  onStream(connection: string, state: 'up' | 'down'): void {
    if (state === 'up') this.#onWatched(connection);
    else {
      this.#watched.delete(connection);
      void this.#look();
    }
  }

  /** The process that holds the streams is gone, and all of them with it; its successor has none. */
  onEgressLost(): void {
    this.#watched.clear();
  }

  /** Every event of such an account is one too many: also one that nobody here can read. */
  onEvent(connection: string, event: unknown): void {
    const { alarms, time } = this.#ports;
    const info = this.#canaries.get(connection);
    if (info === undefined) return;
    const text = JSON.stringify(event);
    const caseId = this.#note(info, { source: 'stream', text });
    alarms.raise({
      kind: 'canaryUsed',
      severity: 'critical',
      connection,
      facts: {
        name: info.name,
        seenAt: new Date(time.now()).toISOString(),
        ...(caseId === null ? {} : { case: caseId }),
      },
    });
  }

  async #look(): Promise<void> {
    if (this.#isLooking) return;
    this.#isLooking = true;
    try {
      const infos = await this.#ports.connections();
      // While the vault is locked nobody can tell: what was one is one still.
      const known = new Set(this.#canaries.keys());
      this.#canaries.clear();
      for (const info of infos) {
        const isCanary = info.isCanary ?? known.has(info.connection);
        if (isCanary && info.state !== 'draft') this.#canaries.set(info.connection, info);
      }
      this.#forgetGone();
      await this.#openStreams(infos);
    } catch {
      // The signer is being replaced: the next look finds it.
    } finally {
      this.#isLooking = false;
    }
  }

  /** What came of the canaries is told at the end: the moment alone would say which one it was about. */
  async #openStreams(infos: readonly ConnectionInfo[]): Promise<void> {
    const reasons: string[] = [];
    for (const info of infos) {
      if (!this.#isWanted(info)) continue;
      const { connection: id, name } = info;
      const outcome = await this.#ports.subscribe(id);
      const isUp = outcome.kind === 'answered' && outcome.status === 200;
      if (!this.#canaries.has(id)) {
        if (isUp) this.#watched.add(id);
        else this.#refused.set(id, this.#ports.time.monotonic());
        continue;
      }
      const reason = isUp ? '' : reasonOf(outcome).replaceAll(id, '…').replaceAll(name, '…');
      if (isUp) this.#onWatched(id);
      else this.#onFailed(id, reason);
      reasons.push(reason);
    }
    for (const reason of reasons) this.#ports.onUnwatched(reason);
  }

  #isWanted({ connection, state, signs, replaces }: ConnectionInfo): boolean {
    if (this.#watched.has(connection)) return false;
    if (this.#canaries.has(connection)) return true;
    if (connection === this.#ports.own() || replaces !== null) return false;
    if (state === 'draft' || signs === 'nothing') return false;
    const spares = [...this.#watched].filter((each) => !this.#canaries.has(each));
    const refusedAt = this.#refused.get(connection) ?? Number.NEGATIVE_INFINITY;
    return spares.length < SPARES_MAX && this.#ports.time.monotonic() - refusedAt >= SPARE_RETRY_MS;
  }

  #onWatched(connection: string): void {
    this.#watched.add(connection);
    this.#failed.delete(connection);
    this.#settle();
  }

  #onFailed(connection: string, reason: string): void {
    const failed = (this.#failed.get(connection) ?? 0) + 1;
    this.#failed.set(connection, failed);
    if (failed < FAILED_TOLD_AT) return;
    // Alarms lie in the store, where a thief looks: this one says that there is a canary, and not which.
    this.#ports.alarms.raise({
      kind: 'canaryUnwatched',
      severity: 'warning',
      connection: '',
      facts: { reason },
    });
  }

  /** Of a canary that is none any more nobody has to be told; also where it went while the desk stood still. */
  #forgetGone(): void {
    const gone = [...this.#failed.keys()].filter((each) => !this.#canaries.has(each));
    for (const connection of gone) this.#failed.delete(connection);
    if (gone.length > 0 || this.#canaries.size === 0) this.#settle();
    if (!this.#isFirstLook) return;
    this.#isFirstLook = false;
    const { alarms } = this.#ports;
    // Earlier versions named the canary.
    for (const { kind, connection } of alarms.list(EARLIER_ALARMS_MAX))
      if (kind === 'canaryUnwatched' && connection !== '') alarms.resolve(kind, connection);
  }

  /** The alarm lasts until every canary is watched. */
  #settle(): void {
    if (this.#failed.size === 0) this.#ports.alarms.resolve('canaryUnwatched', '');
  }

  /** Writes the event into the canary's case. A disk that takes no case must not keep the alarm from being told. */
  #note(info: ConnectionInfo, evidence: Evidence): string | null {
    const { cases, time } = this.#ports;
    try {
      const id =
        this.#cases.get(info.connection) ??
        cases.open({
          connection: info.connection,
          name: info.name,
          venue: info.venue,
          grade: info.grade ?? '',
          keyKind: info.keyKind,
          publicKeySha256: info.publicKeyPem === '' ? '' : hash('sha256', info.publicKeyPem, 'hex'),
          createdAt: info.createdAt,
          expiresAt: info.expiresAt,
        });
      if (id === null) return null;
      this.#cases.set(info.connection, id);
      cases.add(id, { time: time.now(), kind: 'canaryUsed', facts: { name: info.name } }, [
        evidence,
      ]);
      return id;
    } catch (error) {
      if (!(error instanceof Error && 'code' in error)) throw error;
      return null;
    }
  }
}

function reasonOf(outcome: Outcome): string {
  return outcome.kind === 'answered'
    ? `HTTP ${outcome.status} ${outcome.body.slice(0, 200)}`
    : outcome.reason;
}
