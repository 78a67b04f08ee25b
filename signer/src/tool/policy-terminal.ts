// SPDX-License-Identifier: Apache-2.0
// A policy taken over at the terminal, while no desk runs on the directory: by whoever can open the vault, at once.

import { destroyFile } from '../disk.ts';
import type { Entry } from '../log/intent-log.ts';
import type { Disk } from '../disk.ts';
import { join } from 'node:path';
import { comparePolicies, type PolicyComparison } from '../policy/compare.ts';
import { describePolicyError, parsePolicy } from '../policy/grammar.ts';
import type { Policy } from '../policy/policy.ts';
import {
  attestPolicy,
  PENDING_FILE,
  placePolicy,
  PolicyFileError,
  readPolicyFile,
  type PolicyHistory,
} from '../policy/in-force.ts';

/** Puts the policy in `bytes` in force and returns how it differs from the one before. Throws PolicyFileError. */
export function takeOverPolicy(
  directory: string,
  bytes: Buffer,
  history: PolicyHistory,
  ports: {
    readonly disk: Disk;
    readonly append: (entries: readonly Entry[]) => void;
    readonly now: number;
  },
): PolicyComparison {
  const { disk, append, now } = ports;
  const parsed = parsePolicy(bytes);
  if (!parsed.ok) throw new PolicyFileError(describePolicyError('policy', parsed.error));
  const comparison = comparePolicies(attestedPolicy(disk, directory, history), parsed.policy);
  const before = history.attested ?? 'none';
  const files = { disk, directory, append };
  attestPolicy(files, bytes, parsed.policy, { before, by: 'terminal' }, now);
  placePolicy(files);
  destroyFile(disk, join(directory, PENDING_FILE));
  return comparison;
}

/** The policy that held, where its text is still there to compare with. */
function attestedPolicy(disk: Disk, directory: string, history: PolicyHistory): Policy | null {
  try {
    const { policy } = readPolicyFile(disk, directory);
    return policy !== null && policy.hash === history.attested ? policy : null;
  } catch (error) {
    // What lies there may be what the person is about to mend.
    if (error instanceof PolicyFileError) return null;
    throw error;
  }
}
