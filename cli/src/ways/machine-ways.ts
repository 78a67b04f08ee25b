// SPDX-License-Identifier: Apache-2.0
// The ways by which the machine itself opens a locked vault: tried in turn before a person is asked.

import { join } from 'node:path';
import type { Writable } from 'node:stream';
import { runWayChild } from './run-child.ts';

/** A way as the locked signer names it. */
export interface LockedWay {
  readonly id: string;
  readonly kind: string;
  readonly stanza: string;
}

const WAYS_MAX = 8;

export class MachineWays {
  readonly #configDirectory: string;
  readonly #say: (sentence: string) => void;
  /** What was not tried yet; null before the signer has named them. */
  #left: readonly LockedWay[] | null = null;

  constructor(dataDirectory: string, say: (sentence: string) => void) {
    this.#configDirectory = join(dataDirectory, 'config');
    this.#say = say;
  }

  /** Forgets what was tried: another signer has begun. */
  begin(): void {
    this.#left = null;
  }

  /** Tries the next; false when none is left. After one was tried the signer says once more how the vault is. */
  async tryNext(named: readonly LockedWay[], signerPipe: Writable): Promise<boolean> {
    this.#left ??= named.filter(({ kind }) => kind === 'keyring' || kind === 'kms');
    for (;;) {
      const [way, ...rest] = this.#left;
      if (way === undefined) return false;
      this.#left = rest;
      const { id, stanza } = way;
      const work = { do: 'give', way: id, stanza, configDirectory: this.#configDirectory } as const;
      const fault = await runWayChild(work, signerPipe);
      if (fault === null) return true;
      this.#say(`The ${way.kind === 'kms' ? 'key service' : 'keyring'} gives no key: ${fault}`);
    }
  }
}

/** The ways in the line of a locked signer, which is of this repository and this version. */
export function parseLockedWays(line: string): readonly LockedWay[] {
  if (!line.startsWith('{') || !line.includes('"ways":[{')) return [];
  try {
    const { ways } = JSON.parse(line) as { readonly ways: readonly LockedWay[] };
    return ways.slice(0, WAYS_MAX);
  } catch {
    return [];
  }
}
