// SPDX-License-Identifier: Apache-2.0
// Claims about lines of an edge log, against the batches that were committed when they arrived.

import type { ReadEntry } from '@kontor/tlog';
import {
  edgeLineId,
  edgeLineTime,
  EdgeBatchError,
  findLine,
  linesOf,
  type CommittedLine,
  type EdgeBatch,
} from './edge-batches.ts';

export interface EdgeVerdict {
  readonly kind: 'matches' | 'contradicts' | 'noMatch' | 'outOfScope' | 'cannotTell';
  /** In the words that may be said of it. */
  readonly verdict: string;
  /** The line of the claim, from 1. */
  readonly line?: number;
  readonly proof?: CommittedLine;
}

/** The signed half of the log, as far as it is needed here. */
interface SignedEntries {
  readonly entries: readonly ReadEntry[];
}

/** One verdict for each line. */
export function judgeEdgeLines(
  lines: readonly Uint8Array[],
  batches: readonly EdgeBatch[],
  log: SignedEntries,
): readonly EdgeVerdict[] {
  const known = committed(batches, log);
  return lines.map((line, place) => ({
    ...judgeLine(line, edgeLineTime(line), known),
    line: place + 1,
  }));
}

/** A line that is known by some of its fields only, looked for in edge logs that are at hand. */
export async function judgeEdgeField(
  claim: {
    readonly endpoint: string | undefined;
    readonly ip: string | undefined;
    readonly time: { readonly from: number; readonly to: number } | undefined;
  },
  files: readonly string[],
  batches: readonly EdgeBatch[],
  log: SignedEntries,
): Promise<EdgeVerdict> {
  const known = committed(batches, log);
  const outside = outOfScope(claim.time?.to, known);
  if (outside !== undefined) return outside;
  if (claim.ip === undefined || claim.endpoint === undefined || claim.time === undefined) {
    return cannotTell('a claim about a request must name its time, endpoint and address');
  }
  if (files.length === 0) {
    return cannotTell('the log holds hashes of lines only; name the edge log itself by --lines');
  }
  const wanted = [claim.ip, claim.endpoint];
  for (const file of files) {
    for await (const line of linesOf(file)) {
      const time = edgeLineTime(line);
      if (time === undefined || time < claim.time.from || time > claim.time.to) continue;
      const values = valuesOf(line);
      if (!wanted.every((each) => values.some((value) => isNamed(value, each)))) continue;
      const verdict = judgeLine(line, time, known);
      if (verdict.kind === 'matches') return verdict;
    }
  }
  return noMatch(known);
}

/** Batches whose root a signed entry holds; a batch of another root was changed here and says nothing. */
function committed(
  batches: readonly EdgeBatch[],
  { entries }: SignedEntries,
): readonly EdgeBatch[] {
  return batches.filter((batch) => {
    const entry = entries.find(
      (each) => each.entry.kind === 'edgelog.batch' && each.entry.seq === batch.entry,
    )?.entry;
    // Not under a checkpoint yet.
    if (entry === undefined) return false;
    if (entry['root'] === batch.root && entry['lines'] === batch.lines) return true;
    throw new EdgeBatchError(
      `${batch.folder}: entry ${batch.entry} of the log holds another root; this folder was changed`,
    );
  });
}

function judgeLine(
  line: Uint8Array,
  time: number | undefined,
  batches: readonly EdgeBatch[],
): EdgeVerdict {
  const outside = outOfScope(time, batches);
  const found = batches.length === 0 ? undefined : findLine(batches, line);
  if (found !== undefined) {
    const { batch, index } = found;
    return {
      kind: 'matches',
      verdict: `MATCHES committed edge-log line ${index + 1} of entry ${batch.entry}`,
      proof: found,
    };
  }
  if (outside !== undefined) return outside;
  if (time === undefined && edgeLineId(line) === undefined) {
    return cannotTell('the line names neither a time nor a request');
  }
  return noMatch(batches);
}

function outOfScope(
  time: number | undefined,
  batches: readonly EdgeBatch[],
): EdgeVerdict | undefined {
  const out = (reason: string): EdgeVerdict => ({
    kind: 'outOfScope',
    verdict: `OUT OF SCOPE: ${reason}`,
  });
  if (batches.length === 0) return out('no line of an edge log is committed in this log');
  if (time === undefined) return undefined;
  const starts = batches.map(({ from }) => from).filter((from) => from !== null);
  const ends = batches.map(({ to }) => to).filter((to) => to !== null);
  if (starts.length === 0 || ends.length === 0) return undefined;
  if (time < Math.min(...starts)) return out('edge logs were not committed at that time yet');
  if (time > Math.max(...ends)) return out('no committed edge log reaches to that time');
  return undefined;
}

function noMatch(batches: readonly EdgeBatch[]): EdgeVerdict {
  const lines = batches.reduce((sum, batch) => sum + batch.lines, 0);
  const [first] = batches;
  const last = batches.at(-1);
  return {
    kind: 'noMatch',
    verdict: `NO MATCH among ${lines} committed lines of the kinds edgelog.batch between the checkpoints of ${first?.entry ?? 0} and ${(last?.entry ?? 0) + 1} entries`,
  };
}

function cannotTell(reason: string): EdgeVerdict {
  return { kind: 'cannotTell', verdict: `CANNOT TELL: ${reason}` };
}

/** The texts of a line's fields. */
function valuesOf(line: Uint8Array): readonly string[] {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    return Object.values(Object(value)).filter((each) => typeof each === 'string');
  } catch {
    return [];
  }
}

/** A field is the claimed value, or a request's address whose path is. */
function isNamed(value: string, claimed: string): boolean {
  if (value === claimed) return true;
  const [path = ''] = value.split('?');
  return path === claimed || URL.parse(value)?.pathname === claimed;
}
