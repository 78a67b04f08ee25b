// SPDX-License-Identifier: Apache-2.0
// Which Kontor this is: the version all packages share.

import { readFileSync } from 'node:fs';

export const version: string = readVersion();

function readVersion(): string {
  const parsed: unknown = JSON.parse(
    readFileSync(new URL('../package.json', import.meta.url), 'utf8'),
  );
  if (typeof parsed === 'object' && parsed !== null && 'version' in parsed)
    return String(parsed.version);
  throw new Error('Invariant: cli/package.json carries the version');
}
