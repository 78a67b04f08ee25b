// SPDX-License-Identifier: Apache-2.0
// The anchors of a desk's log: checkpoints that time-stamping authorities have dated, each checked anew, and against the
// log as it stands now.

import { readFileSync } from 'node:fs';
import { readAuthorityList } from '@kontor/server';
import type { AnchorPair, AnchorPlace, VerifiedAnchor } from '@kontor/server/anchors';
import {
  compareViews,
  parseSignedCheckpoint,
  proveConsistency,
  treeHasher,
  type Checkpoint,
  type Result,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { LogFolderError, type OpenLog } from './log-folder.ts';

const HASHER = treeHasher(nodeCryptography);
/** What an authority's clock may be ahead of ours. */
const SKEW_MS = 5 * 60_000;

/** An anchor with all that its check needs: it opens with the log's key and is right. */
export interface Anchored extends VerifiedAnchor {
  readonly place: AnchorPlace;
  readonly pair: AnchorPair;
}

/** The anchors of the desk, the oldest first, each verified or with the reason why it proves nothing. */
export async function* readAnchors(
  log: OpenLog,
  dataDirectory: string,
  /** Whom to trust, in PEM, whoever the authority is; otherwise as the desk's own list says. */
  certificates: string | undefined,
  /** Which ones are looked at at all. */
  isWanted: (checkpoint: Checkpoint) => boolean = () => true,
): AsyncGenerator<{ readonly place: AnchorPlace; readonly found: Result<Anchored> }> {
  const files = await import('@kontor/server/anchors');
  const list = readAuthorityList(dataDirectory);
  if (!list.ok) throw new LogFolderError('unreadable', list.reason);
  for (const place of files.listAnchors(dataDirectory)) {
    const pair = files.readAnchor(place);
    const parsed = pair.ok ? parseSignedCheckpoint(pair.value.note) : pair;
    if (parsed.ok && !isWanted(parsed.value.checkpoint)) continue;
    const trusted =
      certificates ?? list.value.find(({ name }) => name === place.authority)?.certificates;
    yield { place, found: await checkAnchor(log, place, trusted) };
  }
}

/** Whether a date is right, by an authority of these certificates in PEM, and of a tree that the log continues. */
export async function checkAnchor(
  log: OpenLog,
  place: AnchorPlace,
  certificates: string | undefined,
): Promise<Result<Anchored>> {
  const files = await import('@kontor/server/anchors');
  const pair = files.readAnchor(place);
  if (!pair.ok) return pair;
  if (certificates === undefined) {
    return { ok: false, reason: `nobody is trusted for ${place.authority}: use --ca FILE` };
  }
  const verified = files.verifyAnchor(pair.value, [log.key], certificates);
  if (!verified.ok) return verified;
  if (verified.value.stamp.at > Date.now() + SKEW_MS) {
    return { ok: false, reason: 'the time stamp: it is from the future' };
  }
  const fault = historyFault(log, verified.value.signed.checkpoint);
  if (fault !== undefined) return { ok: false, reason: fault };
  return { ok: true, value: { ...verified.value, place, pair: pair.value } };
}

/** The earliest date of a tree that holds the entry; undefined where there is none. */
export async function earliestAnchor(
  log: OpenLog,
  dataDirectory: string,
  index: bigint,
): Promise<Anchored | undefined> {
  const { origin } = log.signed.checkpoint;
  const covers = (checkpoint: Checkpoint): boolean =>
    checkpoint.origin === origin && checkpoint.size > index;
  for await (const { found } of readAnchors(log, dataDirectory, undefined, covers)) {
    if (found.ok) return found.value;
  }
  return undefined;
}

/** What is said of an entry or a tree that an authority has dated. */
export function datedText({ stamp, place }: Pick<Anchored, 'stamp' | 'place'>): string {
  return `existed before ${new Date(stamp.at).toISOString()}, says ${place.authority} (${stamp.authority})`;
}

/** Why the log as it stands does not continue a tree that it once had; undefined where it does. */
export function historyFault({ reader, signed }: OpenLog, dated: Checkpoint): string | undefined {
  const { size, root, origin } = signed.checkpoint;
  if (dated.origin !== origin) return undefined;
  if (dated.size > size) {
    return `the log has ${size} entries, the tree that was dated ${dated.size}: it was cut back`;
  }
  const bridge =
    dated.size === size ? undefined : proveConsistency(HASHER, reader, dated.size, { size, root });
  if (bridge?.ok === false) return `no proof can be made: ${bridge.reason}`;
  const { kind } = compareViews(HASHER, signed.checkpoint, dated, bridge?.value);
  return kind === 'same' || kind === 'continued'
    ? undefined
    : 'the tree that was dated is not in the log as it stands: the log was rewritten';
}

/** The certificates that a user trusts. Throws LogFolderError. */
export function readCertificates(path: string): string {
  try {
    return readFileSync(path, 'utf8');
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : '';
    throw new LogFolderError('unreadable', `${path} cannot be read: ${code}`);
  }
}
