// SPDX-License-Identifier: Apache-2.0
// Loaded into a process of the desk before its own program: makes it fail in the way that a file in the given folder
// names, as a fault of its own would.
//
//   node --import file:///…/fail-on-request.ts?FOLDER main.ts

import { existsSync, unlinkSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';

const POLL_MS = 20;
const folder = decodeURIComponent(new URL(import.meta.url).search.slice(1));
/** The package of the program: server or egress. */
const name = basename(dirname(dirname(process.argv[1] ?? '')));

setInterval(() => {
  if (isAsked('throw')) throw new Error('a fault that nobody catches');
  if (isAsked('memory')) {
    const kept: string[][] = [];
    for (;;) kept.push(Array.from({ length: 10_000 }, (_, index) => `${index}-${kept.length}`));
  }
}, POLL_MS).unref();

function isAsked(fault: string): boolean {
  const path = join(folder, `${name}-${fault}`);
  if (!existsSync(path)) return false;
  unlinkSync(path);
  return true;
}
