// SPDX-License-Identifier: Apache-2.0
// Decoys that a scan comes by: one where it was planted is no leak, and a scan that does not see it there is blind.

import { statSync, utimesSync } from 'node:fs';
import { resolve, sep } from 'node:path';
import type { Decoy } from './register.ts';

export class PlantedDecoys {
  /** By path: the labels of the canaries that lie there, and those that every scan has to see. */
  readonly #expected = new Map<string, Set<string>>();
  readonly #visible = new Map<string, Set<string>>();
  /** Backups of the desk or folders of them: what lies in its store lies in every copy of it. */
  readonly #backups: readonly string[];
  readonly #inStore = new Set<string>();

  constructor(decoys: readonly Decoy[], backups: readonly string[] = []) {
    this.#backups = backups.map((path) => resolve(path));
    for (const { form, place, slot, name, files } of decoys) {
      if (form === 'vault') continue;
      // A canary account's key is known by the connection that has it, where one has.
      const label = slot === null ? name : `string canary ${slot}`;
      // A store that is open keeps its last rows beside it.
      const paths = form === 'store' ? [place, `${place}-wal`] : files.map(({ path }) => path);
      for (const path of paths) labelsOf(this.#expected, path).add(label);
      if (form === 'store') this.#inStore.add(label);
      if (slot !== null && (form === 'env' || form === 'log'))
        labelsOf(this.#visible, place).add(label);
    }
  }

  /** Whether what was found lies where it was planted. */
  takeFind({ source, label }: { readonly source: string; readonly label: string }): boolean {
    const path = resolve(source);
    this.#visible.get(path)?.delete(label);
    if (this.#expected.get(path)?.has(label) === true) return true;
    return this.#inStore.has(label) && this.#isBackup(path);
  }

  #isBackup(path: string): boolean {
    return this.#backups.some((each) => path === each || path.startsWith(`${each}${sep}`));
  }

  /** What a source that was read to its end should have shown and did not. */
  blindTo(source: string): readonly string[] {
    return [...(this.#visible.get(resolve(source)) ?? [])].map(
      (label) =>
        `${source}: expected to find ${label}, which was planted there, found nothing: it was changed, or this scan is blind`,
    );
  }

  /** Does `work` on a source; where a decoy lies, that does not count as reading it. */
  async untouched<T>(source: string, work: () => Promise<T>): Promise<T> {
    if (!this.#expected.has(resolve(source))) return work();
    const { atime, mtime } = statSync(source);
    try {
      return await work();
    } finally {
      utimesSync(source, atime, mtime);
    }
  }
}

function labelsOf(map: Map<string, Set<string>>, path: string): Set<string> {
  const labels = map.get(path) ?? new Set<string>();
  map.set(path, labels);
  return labels;
}
