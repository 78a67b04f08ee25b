// SPDX-License-Identifier: Apache-2.0
// The key that this browser saw first. A server that shows another log later shows another key, and this tells.

const STORED = 'kontor.log-key';

export type Pin =
  | { readonly kind: 'first' | 'same' }
  | { readonly kind: 'changed'; readonly before: string }
  /** The browser keeps nothing for this page. */
  | { readonly kind: 'unkept' };

/** Compares a verifier key with the one that is kept, and keeps it where none is. */
export function checkPin(verifierKey: string): Pin {
  try {
    const before = localStorage.getItem(STORED);
    if (before === verifierKey) return { kind: 'same' };
    if (before !== null) return { kind: 'changed', before };
    localStorage.setItem(STORED, verifierKey);
    return { kind: 'first' };
  } catch {
    return { kind: 'unkept' };
  }
}

/** From now on this key is the one to expect: a person has compared it. */
export function pinKey(verifierKey: string): void {
  try {
    localStorage.setItem(STORED, verifierKey);
  } catch {
    // Without storage there is nothing to compare with next time, and the page says so.
  }
}
