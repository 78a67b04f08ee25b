// SPDX-License-Identifier: Apache-2.0
// The command as a person runs it, for tests: real processes, and a folder that is gone afterwards.

import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));

/** What Node is given before the command's own words. */
export const FLAGS: readonly string[] = ['--disable-warning=ExperimentalWarning', MAIN];
export const WAIT_MS_MAX = 60_000;

export interface Said {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

/** Runs the command with `input` piped in, and waits for its end. */
export function kontor(input: string, ...given: readonly string[]): Said {
  const { status, stdout, stderr } = spawnSync(process.execPath, [...FLAGS, ...given], {
    encoding: 'utf8',
    input,
    timeout: WAIT_MS_MAX,
  });
  return { code: status, out: stdout, err: stderr };
}

export function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-cli-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}
