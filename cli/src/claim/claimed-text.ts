// SPDX-License-Identifier: Apache-2.0
// What somebody brought: lines of an edge log, or a text that names things.

export interface ClaimedText {
  /** Each an object of JSON on a line of its own, byte for byte; none where it is another text. */
  readonly lines: readonly Uint8Array[];
  readonly text: string;
}

const NEWLINE = 0x0a;
const CARRIAGE_RETURN = 0x0d;

export function claimedText(bytes: Uint8Array): ClaimedText {
  const lines: Uint8Array[] = [];
  let start = 0;
  for (
    let end = bytes.indexOf(NEWLINE);
    start < bytes.length;
    end = bytes.indexOf(NEWLINE, start)
  ) {
    const stop = end === -1 ? bytes.length : end;
    const isReturn = stop > start && bytes[stop - 1] === CARRIAGE_RETURN;
    const line = bytes.subarray(start, isReturn ? stop - 1 : stop);
    if (line.length > 0) lines.push(line);
    start = stop + 1;
  }
  const text = Buffer.from(bytes).toString('utf8');
  return { lines: lines.length > 0 && lines.every(isObject) ? lines : [], text };
}

function isObject(line: Uint8Array): boolean {
  try {
    const value: unknown = JSON.parse(Buffer.from(line).toString('utf8'));
    return typeof value === 'object' && value !== null && !Array.isArray(value);
  } catch {
    return false;
  }
}
