// SPDX-License-Identifier: Apache-2.0
// Measures the scanner: how fast it reads an edge log, looking for the keys of a desk and all string canaries in every
// encoding.

import { strict as assert } from 'node:assert';
import { createHmac, randomBytes } from 'node:crypto';
import { patternsOf } from '@kontor/signer';
import { PatternTable, Scanner } from '../cli/src/scan/scanner.ts';
import { canaryPatterns } from '../cli/src/scan/string-canaries.ts';
import type { BenchResult } from './result.ts';

const KEYS = 10;
const LINES = 20_000;
const ROUNDS = 32;

export async function run(): Promise<BenchResult[]> {
  const key = randomBytes(32);
  const secrets = Array.from({ length: KEYS }, () =>
    Buffer.from(randomBytes(48).toString('base64')),
  );
  const patterns = secrets.flatMap((secret, index) => patternsOf(`key ${index}`, secret, key));
  const table = new PatternTable([...patterns, ...canaryPatterns(key)], key);
  const text = Buffer.from(Array.from({ length: LINES }, (_, line) => edgeLine(line)).join(''));
  let finds = 0;
  const scanner = new Scanner(table, () => (finds += 1));
  const startedAt = performance.now();
  for (let round = 0; round < ROUNDS; round += 1) await scanner.write(text);
  const { bytes } = await scanner.end();
  const seconds = (performance.now() - startedAt) / 1_000;
  assert.equal(finds, 0, 'nothing was planted');
  return [
    {
      name: 'scan: an edge log, 42 secrets in 26 encodings',
      value: bytes / seconds / 1_000_000,
      unit: 'MB/s',
      higherIsBetter: true,
    },
  ];
}

/** As an edge writes it: paths, numbers, hashes. */
function edgeLine(line: number): string {
  const drawn = createHmac('sha256', 'kontor-bench').update(String(line)).digest('hex');
  return `${JSON.stringify({
    EdgeStartTimestamp: 1_700_000_000_000 + line,
    ClientRequestURI: `/api/v1/deals/${drawn.slice(0, 12)}?page=${line % 50}`,
    ClientRequestUserAgent:
      'Mozilla/5.0 (X11; Linux x86_64; rv:150.0) Gecko/20100101 Firefox/150.0',
    Cookies: { desk: drawn },
    EdgeResponseStatus: 200,
  })}\n`;
}
