// SPDX-License-Identifier: Apache-2.0
// The page as it is shipped: built anew when a source is younger than web/dist.

import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, rmSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const LOCK = join(ROOT, '.build', 'web-test-build.lock');
const BUILD_MS_MAX = 120_000;

/** The folder of the built page. Test files that run side by side build it once. */
export async function builtPage(): Promise<string> {
  const until = Date.now() + BUILD_MS_MAX;
  mkdirSync(join(ROOT, '.build'), { recursive: true });
  while (isStale()) {
    if (Date.now() > until) throw new Error(`${LOCK} stands for too long`);
    if (!lock()) {
      await delay(100);
      continue;
    }
    try {
      if (isStale()) build();
    } finally {
      rmSync(LOCK, { recursive: true, force: true });
    }
  }
  return join(ROOT, 'web/dist');
}

function lock(): boolean {
  try {
    mkdirSync(LOCK);
    return true;
  } catch {
    // A lock older than any build was left by a test that was killed.
    const age = existsSync(LOCK) ? Date.now() - statSync(LOCK).mtimeMs : 0;
    if (age > BUILD_MS_MAX) rmSync(LOCK, { recursive: true, force: true });
    return false;
  }
}

function build(): void {
  const { status, stderr } = spawnSync(
    process.execPath,
    [join(ROOT, 'node_modules/vite/bin/vite.js'), 'build', join(ROOT, 'web'), '--logLevel', 'warn'],
    { cwd: ROOT, encoding: 'utf8', timeout: BUILD_MS_MAX },
  );
  if (status !== 0) throw new Error(`the page was not built: ${stderr}`);
}

function isStale(): boolean {
  const made = join(ROOT, 'web/dist/index.html');
  if (!existsSync(made)) return true;
  const sources = [
    'web/src',
    'web/public',
    'core/src',
    'signer/src/seal-secret.ts',
    'web/index.html',
    'web/vite.config.ts',
  ];
  return Math.max(...sources.map((path) => newest(join(ROOT, path)))) > statSync(made).mtimeMs;
}

function newest(path: string): number {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newest(join(path, name))));
}
