// SPDX-License-Identifier: Apache-2.0
// Anchors as they lie on disk: a checkpoint and, beside it, the answer of an authority that was shown its hash. Anybody
// can check the pair, also without Kontor: `openssl ts -verify -data X.checkpoint -in X.tsr -CAfile CA`.

import { createHash } from 'node:crypto';
import { mkdirSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import {
  NOTE_BYTES_MAX,
  openCheckpoint,
  type NoteKey,
  type Result,
  type SignedCheckpoint,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { readPlainFile } from '../plain-file.ts';
import { putWhole } from '../whole-file.ts';
import {
  parseCertificates,
  TIME_STAMP_BYTES_MAX,
  verifyTimeStamp,
  type TimeStamp,
} from './time-stamp.ts';

export { parseCertificates, type TimeStamp } from './time-stamp.ts';

/** Four authorities, daily, for six years. */
export const ANCHORS_MAX = 10_000;
const NAME = /^(\d{8}T\d{9}Z)-([a-z0-9][a-z0-9.-]{0,39})\.(checkpoint|tsr)$/;

/** A checkpoint with its time stamp. */
export interface AnchorPair {
  readonly note: Uint8Array;
  readonly stamp: Uint8Array;
}

/** What a pair proves: this tree was there before `at`. */
export interface VerifiedAnchor {
  readonly signed: SignedCheckpoint;
  readonly stamp: TimeStamp;
}

/** Where an anchor lies. */
export interface AnchorPlace {
  /** As others name it: its time and the authority, without the ending. */
  readonly stem: string;
  readonly authority: string;
  readonly checkpoint: string;
  readonly tsr: string;
}

export function anchorsFolder(dataDirectory: string): string {
  return join(dataDirectory, 'witness', 'anchors');
}

export function anchorDigest(note: Uint8Array): Uint8Array {
  return createHash('sha256').update(note).digest();
}

/** All pairs that are whole, the oldest first. */
export function listAnchors(dataDirectory: string): readonly AnchorPlace[] {
  const folder = anchorsFolder(dataDirectory);
  const names = new Set(namesIn(folder));
  return [...names]
    .flatMap((name) => {
      const [, time = '', authority = '', part] = NAME.exec(name) ?? [];
      const place = placeOf(folder, `${time}-${authority}`, authority);
      return part === 'tsr' && names.has(`${place.stem}.checkpoint`) ? [place] : [];
    })
    .toSorted((left, right) => (left.stem < right.stem ? -1 : 1));
}

/**
 * Puts the checkpoint down, durably, before anybody is asked about it: a stamp without its document is worth nothing.
 * What an attempt before it left of this authority goes.
 */
export function beginAnchor(
  dataDirectory: string,
  authority: string,
  now: number,
  note: Uint8Array,
): AnchorPlace {
  const folder = anchorsFolder(dataDirectory);
  mkdirSync(folder, { recursive: true, mode: 0o700 });
  const names = new Set(namesIn(folder));
  for (const name of names) {
    const [, time = '', whose, part] = NAME.exec(name) ?? [];
    if (part !== 'checkpoint' || whose !== authority) continue;
    if (!names.has(`${time}-${authority}.tsr`)) rmSync(join(folder, name), { force: true });
  }
  let place = placeOf(folder, stemOf(now, authority), authority);
  // A clock may be put back; no anchor is put in the place of another.
  for (let later = 1; names.has(`${place.stem}.tsr`); later += 1) {
    place = placeOf(folder, stemOf(now + later, authority), authority);
  }
  putWhole(place.checkpoint, note);
  return place;
}

/** Makes an anchor whole. */
export function endAnchor({ tsr }: AnchorPlace, stamp: Uint8Array): void {
  putWhole(tsr, stamp);
}

/** The bytes of a pair; a failure where one of the two is missing or too large. */
export function readAnchor({
  checkpoint,
  tsr,
}: Pick<AnchorPlace, 'checkpoint' | 'tsr'>): Result<AnchorPair> {
  const note = readPlainFile(checkpoint, NOTE_BYTES_MAX);
  if (note === undefined) return { ok: false, reason: `${checkpoint} cannot be read` };
  const stamp = readPlainFile(tsr, TIME_STAMP_BYTES_MAX);
  if (stamp === undefined) return { ok: false, reason: `${tsr} cannot be read` };
  return { ok: true, value: { note, stamp } };
}

/** Whether a stamp is one over a note by an authority of these certificates, in PEM. */
export function verifyStampOver(
  note: Uint8Array,
  stamp: Uint8Array,
  certificates: string,
): Result<TimeStamp> {
  const trusted = parseCertificates(certificates);
  if (!trusted.ok) return trusted;
  const digest = anchorDigest(note);
  const stamped = verifyTimeStamp(stamp, { digest, nonce: undefined, trusted: trusted.value });
  return stamped.ok ? stamped : { ok: false, reason: `the time stamp: ${stamped.reason}` };
}

/** Whether the checkpoint is one of these logs, and the stamp one over it by an authority of these certificates. */
export function verifyAnchor(
  { note, stamp }: AnchorPair,
  logKeys: readonly NoteKey[],
  certificates: string,
): Result<VerifiedAnchor> {
  const opened = openCheckpoint(nodeCryptography, note, logKeys);
  if (!opened.ok) return { ok: false, reason: `the checkpoint: ${opened.reason}` };
  const stamped = verifyStampOver(note, stamp, certificates);
  if (!stamped.ok) return stamped;
  const { checkpoint, note: parts } = opened.value;
  return { ok: true, value: { signed: { checkpoint, note: parts }, stamp: stamped.value } };
}

function stemOf(time: number, authority: string): string {
  return `${new Date(time).toISOString().replaceAll(/[-:.]/g, '')}-${authority}`;
}

function placeOf(folder: string, stem: string, authority: string): AnchorPlace {
  const path = join(folder, stem);
  return { stem, authority, checkpoint: `${path}.checkpoint`, tsr: `${path}.tsr` };
}

function namesIn(folder: string): readonly string[] {
  try {
    return readdirSync(folder);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return [];
    throw error;
  }
}
