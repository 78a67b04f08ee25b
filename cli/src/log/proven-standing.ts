// SPDX-License-Identifier: Apache-2.0
// What the log's word is worth by what lies on disk: the terminal takes no word of the server's for it, which could say
// anything once it is taken over. Whose signature counts stands where the server cannot write.

import { join } from 'node:path';
import {
  ANCHOR_FRESH_MS,
  COSIGNATURE_FRESH_MS,
  parseWitnessList,
  readAuthorityList,
  readWitnessList,
  WITNESS_LEVELS,
  witnessStanding,
  type Anchor,
  type Cosigner,
  type TimeAuthority,
  type WitnessStanding,
} from '@kontor/server';
import type { AnchorPlace } from '@kontor/server/anchors';
import { openCheckpoint, verifyCosignatures, type NoteKey } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { DeskFiles } from '../desk-files.ts';
import { readPlainFile } from '@kontor/server/plain-file';
import { checkAnchor, historyFault } from './anchored-log.ts';
import { LogFolderError, openLog, type OpenLog } from './log-folder.ts';

/** As the desk itself bears with clocks. */
const SKEW_SECONDS = 60n;
const NOTE_BYTES_MAX = 512 * 1024;
/** Of an authority's dates, as many are looked at, the newest first: one may be damaged. */
const DATES_TRIED_MAX = 3;

export interface ProvenStanding extends WitnessStanding {
  /** Why less could be looked at than there is; null where all could. */
  readonly fault: string | null;
}

/** Never throws for what lies there: what cannot be read proves nothing. */
export async function provenStanding(files: DeskFiles, now: number): Promise<ProvenStanding> {
  const { directory } = files;
  const list = readWitnessList(directory);
  const parsed = list.ok ? parseWitnessList({ witnesses: list.value }) : list;
  const authorities = readAuthorityList(directory);
  const faults = [parsed, authorities].flatMap((each) => (each.ok ? [] : [each.reason]));
  // Before the log itself: a desk that runs goes on, and what is signed by then is in the log by now.
  const shared = readPlainFile(join(directory, 'witness', 'checkpoint'), NOTE_BYTES_MAX);
  const witnesses = (parsed.ok ? parsed.value : []).map((witness) => ({
    witness,
    notes: [
      readPlainFile(join(directory, 'witness', `${witness.name}.checkpoint`), NOTE_BYTES_MAX),
      shared,
    ],
  }));
  const places = authorities.ok ? await datesOf(directory, authorities.value) : [];
  let log: OpenLog;
  try {
    log = openLog(files.log, undefined);
  } catch (error) {
    if (!(error instanceof LogFolderError)) throw error;
    return { ...witnessStanding([]), fault: error.message };
  }
  const cosigners = witnesses.map(({ witness, notes }): Cosigner => {
    const { keys, operator, relation } = witness;
    const at = cosignedAt(log, keys, notes, now);
    return { operator, relation, isFresh: Math.abs(now - at) < COSIGNATURE_FRESH_MS };
  });
  const anchors: Anchor[] = [];
  for (const { authority, found } of places) {
    const at = await datedAt(log, found, authority.certificates);
    const isFresh = at !== null && Math.abs(now - at) < ANCHOR_FRESH_MS;
    anchors.push({ authority: authority.name, at, isFresh });
  }
  return { ...witnessStanding(cosigners, anchors), fault: faults[0] ?? null };
}

/** What to say where the desk claims more than what lies on disk proves; null where it does not. */
export function overclaim(said: WitnessStanding, proven: WitnessStanding): string | null {
  const rank = ({ level }: WitnessStanding): number => WITNESS_LEVELS.indexOf(level);
  return rank(said) <= rank(proven)
    ? null
    : `the desk says ${said.level}, and what lies on disk proves ${proven.level} alone: the server may be taken over, or its files are damaged`;
}

/** When one of the keys last cosigned a tree that this log continues; -Infinity where none did. */
function cosignedAt(
  log: OpenLog,
  keys: readonly NoteKey[],
  notes: readonly (Uint8Array | undefined)[],
  now: number,
): number {
  let newest = -Infinity;
  for (const note of notes) {
    const opened =
      note === undefined ? undefined : openCheckpoint(nodeCryptography, note, log.keys);
    if (opened?.ok !== true) continue;
    const { checkpoint, note: parts } = opened.value;
    const found = verifyCosignatures(nodeCryptography, parts, keys, {
      nowSeconds: BigInt(Math.floor(now / 1000)),
      skewSeconds: SKEW_SECONDS,
    });
    if (!found.ok || found.value.length === 0) continue;
    if (historyFault(log, checkpoint) !== undefined) continue;
    for (const { timeSeconds } of found.value)
      newest = Math.max(newest, Number(timeSeconds) * 1000);
  }
  return newest;
}

/** The last dates of each authority, the newest first. */
async function datesOf(
  dataDirectory: string,
  authorities: readonly TimeAuthority[],
): Promise<
  readonly { readonly authority: TimeAuthority; readonly found: readonly AnchorPlace[] }[]
> {
  if (authorities.length === 0) return [];
  const { listAnchors } = await import('@kontor/server/anchors');
  const places = listAnchors(dataDirectory);
  return authorities.map((authority) => ({
    authority,
    found: places
      .filter((place) => place.authority === authority.name)
      .slice(-DATES_TRIED_MAX)
      .toReversed(),
  }));
}

/** Before when the last tree of this log that was dated was there; null where there is none. */
async function datedAt(
  log: OpenLog,
  places: readonly AnchorPlace[],
  certificates: string,
): Promise<number | null> {
  for (const place of places) {
    const found = await checkAnchor(log, place, certificates);
    if (found.ok && found.value.signed.checkpoint.origin === log.signed.checkpoint.origin)
      return found.value.stamp.at;
  }
  return null;
}
