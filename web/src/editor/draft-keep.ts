// SPDX-License-Identifier: Apache-2.0
// Keeps what was typed while the page is left or loaded again, until it is saved or discarded.

import { toDraftFields, type DraftFields } from './draft.ts';

export interface KeptDraft {
  readonly draft: DraftFields;
  /** What the form began with, as JSON: tells whether something was typed and whether others changed it since. */
  readonly base: string;
  /** Wall time of the last change. */
  readonly changedAt: number;
}

const STORAGE_KEY = 'kontor.draft';

export function readDraft(name: string): KeptDraft | null {
  try {
    const text = sessionStorage.getItem(`${STORAGE_KEY}.${name}`);
    const found: unknown = text === null ? null : JSON.parse(text);
    if (typeof found !== 'object' || found === null) return null;
    if (!('draft' in found) || !('base' in found) || !('changedAt' in found)) return null;
    const { draft, base, changedAt } = found;
    if (typeof base !== 'string' || typeof changedAt !== 'number') return null;
    return { draft: toDraftFields(draft), base, changedAt };
  } catch {
    return null;
  }
}

export function keepDraft(name: string, kept: KeptDraft): void {
  try {
    sessionStorage.setItem(`${STORAGE_KEY}.${name}`, JSON.stringify(kept));
  } catch {
    // A browser that stores nothing keeps the draft until the page is left.
  }
}

export function dropDraft(name: string): void {
  try {
    sessionStorage.removeItem(`${STORAGE_KEY}.${name}`);
  } catch {
    // Nothing was stored.
  }
}
