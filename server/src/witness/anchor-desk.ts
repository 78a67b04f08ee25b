// SPDX-License-Identifier: Apache-2.0
// Shows the hash of the log's last checkpoint once a day to the time-stamping authorities that the owner chose, and keeps
// what they sign. That bounds when the entries were made. It stops nobody from showing another history: for that there
// are witnesses.

import { randomBytes } from 'node:crypto';
import { statSync } from 'node:fs';
import type { NoteKey, Result } from '@kontor/tlog';
import type { CancelTimer, Time } from '../time.ts';
import type { AnchorPlace } from './anchor-files.ts';
import { authorityListPath, readAuthorityList, type TimeAuthority } from './anchor-list.ts';
import { certificateNames, type CertificateName } from './certificate-names.ts';
import { askOver } from './http-answer.ts';
import type { PublicLog } from './public-log.ts';

const DAY_MS = 24 * 60 * 60_000;
const ROUND_MS = 60_000;
const ANSWER_MS_MAX = 10_000;
const BACK_OFF_MS_MIN = 5 * 60_000;
const BACK_OFF_MS_MAX = 6 * 60 * 60_000;
/** For so long an anchor says something of today, and its absence is borne without an alarm. */
export const ANCHOR_FRESH_MS: number = 3 * DAY_MS;
/** What the clock of an authority and ours may differ by. */
const CLOCKS_MS_MAX = 5 * 60_000;
/** Who asks on demand does not ask more often. */
const ON_DEMAND_MS_MIN = 10_000;
const NONCE_BYTES = 8;

export interface AnchorView {
  readonly authority: string;
  readonly url: string;
  readonly state: 'waiting' | 'anchored' | 'failing';
  /** Entries of the tree of its last stamp. */
  readonly size: number | null;
  /** Before when that tree was there. */
  readonly at: number | null;
  readonly count: number;
  readonly isFresh: boolean;
  readonly reason: string;
  /** Whom the owner trusts to say who the authority is. */
  readonly certificates: readonly CertificateName[];
}

export interface AnchorStatus {
  readonly anchors: readonly AnchorView[];
  /** Why there are none, where the list cannot be read. */
  readonly fault: string | null;
}

export interface AnchorPorts {
  readonly dataDirectory: string;
  readonly log: PublicLog;
  /** The log's own keys; none while they are not known. */
  readonly logKeys: () => readonly NoteKey[];
  readonly time: Time;
  /** There has been no anchor of an authority for days, or there is one again. */
  readonly onStale: (authority: string, isStale: boolean, reason: string) => void;
  readonly onError: (error: unknown) => void;
}

interface Tracked {
  authority: TimeAuthority;
  certificates: readonly CertificateName[];
  last: { readonly size: bigint; readonly at: number } | undefined;
  count: number;
  reason: string;
  isFailing: boolean;
  /** Undefined until it was told either way. */
  isToldStale: boolean | undefined;
  askedAt: number;
  backOffMs: number;
}

export class AnchorDesk {
  readonly #ports: AnchorPorts;
  readonly #tracked = new Map<string, Tracked>();
  #cancel: CancelTimer | undefined;
  #listStamp: string | undefined;
  #fault: string | null = null;
  #work: Promise<void> = Promise.resolve();
  readonly #closing = new AbortController();

  constructor(ports: AnchorPorts) {
    this.#ports = ports;
  }

  start(): void {
    this.#cancel = this.#ports.time.every(ROUND_MS, () => void this.round());
    void this.round();
  }

  async close(): Promise<void> {
    this.#cancel?.();
    this.#cancel = undefined;
    this.#closing.abort();
    await this.#work;
  }

  status(): AnchorStatus {
    return {
      anchors: [...this.#tracked.values()].map((each) => this.#viewOf(each)),
      fault: this.#fault,
    };
  }

  /** Asks every authority whose day has passed. */
  round(): Promise<void> {
    return this.#inTurn((each, now) => {
      const isDue = each.last === undefined || Math.abs(now - each.last.at) >= DAY_MS;
      return isDue && Math.abs(now - each.askedAt) >= (each.isFailing ? each.backOffMs : 0);
    });
  }

  /** Asks every authority, whenever it was asked last. */
  async now(): Promise<AnchorStatus> {
    await this.#inTurn((each, now) => Math.abs(now - each.askedAt) >= ON_DEMAND_MS_MIN);
    return this.status();
  }

  #inTurn(isDue: (each: Tracked, now: number) => boolean): Promise<void> {
    const before = this.#work;
    this.#work = before
      .then(async () => {
        await this.#readList();
        const now = this.#ports.time.now();
        const due = [...this.#tracked.values()].filter((each) => isDue(each, now));
        await Promise.all(due.map((each) => this.#anchor(each)));
        for (const each of this.#tracked.values()) this.#tellStale(each);
      })
      .catch(this.#ports.onError);
    return this.#work;
  }

  async #anchor(each: Tracked): Promise<void> {
    each.askedAt = this.#ports.time.now();
    const made = await this.#ask(each.authority);
    if (!made.ok) {
      each.reason = made.reason;
      each.backOffMs = each.isFailing
        ? Math.min(each.backOffMs * 2, BACK_OFF_MS_MAX)
        : BACK_OFF_MS_MIN;
      each.isFailing = true;
      return;
    }
    each.last = made.value;
    each.count += 1;
    each.isFailing = false;
    each.reason = '';
  }

  /** Checkpoint first, then the question, then the stamp: what was signed is never without what it is about. */
  async #ask(authority: TimeAuthority): Promise<Result<{ size: bigint; at: number }>> {
    const { dataDirectory, log, logKeys, time } = this.#ports;
    const found = log.checkpoint(logKeys());
    if (!found.ok) return found;
    const { note, signed } = found.value;
    const { size } = signed.checkpoint;
    if (size === 0n) return { ok: false, reason: 'the log has no entry yet' };
    // The reader of certificates is large, and most desks name no authority.
    const files = await import('./anchor-files.ts');
    const stamps = await import('./time-stamp.ts');
    if (files.listAnchors(dataDirectory).length >= files.ANCHORS_MAX) {
      const folder = files.anchorsFolder(dataDirectory);
      return { ok: false, reason: `${folder} holds ${files.ANCHORS_MAX} anchors; move old ones` };
    }
    const trusted = stamps.parseCertificates(authority.certificates);
    if (!trusted.ok) return trusted;
    const place = files.beginAnchor(dataDirectory, authority.name, time.now(), note);
    const digest = files.anchorDigest(note);
    const nonce = randomBytes(NONCE_BYTES);
    // A number of this form is positive and has one writing.
    nonce[0] = ((nonce[0] ?? 0) & 0x3f) | 0x40;
    const answer = await askOver(authority.url, {
      body: stamps.toTimeStampRequest(digest, nonce),
      contentType: 'application/timestamp-query',
      timeoutMs: ANSWER_MS_MAX,
      bytesMax: stamps.TIME_STAMP_BYTES_MAX,
      signal: this.#closing.signal,
    });
    if (!answer.ok) return answer;
    const { status, contentType, body } = answer.value;
    // Some answer that they have created one.
    if (status !== 200 && status !== 201) return { ok: false, reason: `it answered ${status}` };
    if (!/^application\/timestamp-reply\b/i.test(contentType)) {
      return { ok: false, reason: 'its answer is no application/timestamp-reply' };
    }
    const stamp = stamps.verifyTimeStamp(body, { digest, nonce, trusted: trusted.value });
    if (!stamp.ok) return stamp;
    const { at } = stamp.value;
    if (Math.abs(at - time.now()) > CLOCKS_MS_MAX) {
      const [theirs, ours] = [at, time.now()].map((each) => new Date(each).toISOString());
      return { ok: false, reason: `its clock says ${theirs}, ours ${ours}: one of them is wrong` };
    }
    files.endAnchor(place, body);
    return { ok: true, value: { size, at } };
  }

  #tellStale(each: Tracked): void {
    const { name, since } = each.authority;
    const newest = Math.max(each.last?.at ?? 0, since);
    const isStale = this.#ports.time.now() - newest > ANCHOR_FRESH_MS;
    if (isStale === each.isToldStale) return;
    each.isToldStale = isStale;
    this.#ports.onStale(name, isStale, each.reason);
  }

  #viewOf(each: Tracked): AnchorView {
    const { authority, certificates, last, count, isFailing, reason } = each;
    return {
      authority: authority.name,
      url: authority.url,
      state: isFailing ? 'failing' : last === undefined ? 'waiting' : 'anchored',
      size: last === undefined ? null : Number(last.size),
      at: last?.at ?? null,
      count,
      isFresh: last !== undefined && Math.abs(this.#ports.time.now() - last.at) < ANCHOR_FRESH_MS,
      reason,
      certificates,
    };
  }

  /** The list may be changed while the desk runs. */
  async #readList(): Promise<void> {
    const { dataDirectory, onStale } = this.#ports;
    const path = authorityListPath(dataDirectory);
    const stat = statSync(path, { throwIfNoEntry: false, bigint: true });
    const stamp = stat === undefined ? '' : `${stat.ino} ${stat.mtimeNs} ${stat.size}`;
    if (stamp === this.#listStamp) return;
    const list = readAuthorityList(dataDirectory);
    this.#fault = list.ok ? null : list.reason;
    this.#listStamp = stamp;
    if (!list.ok) return;
    for (const [name, { isToldStale }] of this.#tracked) {
      if (list.value.some((each) => each.name === name)) continue;
      this.#tracked.delete(name);
      if (isToldStale === true) onStale(name, false, '');
    }
    for (const authority of list.value) await this.#track(authority);
  }

  async #track(authority: TimeAuthority): Promise<void> {
    const known = this.#tracked.get(authority.name);
    const isSame =
      known !== undefined &&
      known.authority.url === authority.url &&
      known.authority.certificates === authority.certificates;
    if (isSame) {
      known.authority = authority;
      return;
    }
    const files = await import('./anchor-files.ts');
    const places = files
      .listAnchors(this.#ports.dataDirectory)
      .filter((each) => each.authority === authority.name);
    this.#tracked.set(authority.name, {
      authority,
      certificates: certificateNames(authority.certificates),
      last: this.#newestOf(files.readAnchor, files.verifyAnchor, places, authority),
      count: places.length,
      reason: '',
      isFailing: false,
      isToldStale: undefined,
      askedAt: -Infinity,
      backOffMs: BACK_OFF_MS_MIN,
    });
  }

  /** What lies on disk counts after a restart if it is right and of the log as it is called now. */
  #newestOf(
    read: (typeof import('./anchor-files.ts'))['readAnchor'],
    verify: (typeof import('./anchor-files.ts'))['verifyAnchor'],
    places: readonly AnchorPlace[],
    { certificates }: TimeAuthority,
  ): Tracked['last'] {
    const newest = places.at(-1);
    const pair = newest === undefined ? undefined : read(newest);
    if (pair?.ok !== true) return undefined;
    const anchor = verify(pair.value, this.#ports.logKeys(), certificates);
    if (!anchor.ok || anchor.value.stamp.at > this.#ports.time.now() + CLOCKS_MS_MAX) {
      return undefined;
    }
    const { signed, stamp } = anchor.value;
    return { size: signed.checkpoint.size, at: stamp.at };
  }
}
