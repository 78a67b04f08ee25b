// SPDX-License-Identifier: Apache-2.0
// Where the probe of the walls is, and what it may read.

import { fileURLToPath } from 'node:url';
import type { SignerStart } from '../src/hardening/plan.ts';

export const PROBE: string = fileURLToPath(new URL('hardening-probe.ts', import.meta.url));

export function probeStart(directory: string): SignerStart {
  return { directory, reads: [PROBE] };
}
