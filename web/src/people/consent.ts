// SPDX-License-Identifier: Apache-2.0
// Where pages ask for a person's consent: to go on with what needs a passkey now, and to acts that the signer guards.
//
// One question at a time; `ConsentDialog` in the shell shows it. `performAct` is what pages of other parts call.

import { useSyncExternalStore } from 'react';

import { postJson } from '../api/client.ts';
import type { ActAnswer, ActApproval } from '../api/types.ts';

export type ConsentQuestion =
  /** A passkey must be shown again before the desk does what was asked at `path`. */
  | { readonly kind: 'stepUp'; readonly path: string }
  /** The signer waits for consent to `text`. */
  | { readonly kind: 'act'; readonly consent: Extract<ActAnswer, { kind: 'consent' }> };

export interface OpenQuestion {
  readonly question: ConsentQuestion;
  /** Ends the question: whether the person consented and it went through. */
  readonly answer: (isDone: boolean) => void;
}

/** An act for the signer; which fields it has is the signer's to judge. */
export interface WantedAct {
  readonly kind: string;
  readonly [field: string]: unknown;
}

let open: OpenQuestion | null = null;
const listeners = new Set<() => void>();

export function useOpenQuestion(): OpenQuestion | null {
  return useSyncExternalStore(
    (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
    () => open,
  );
}

/** Has a passkey shown again; false where the person does not. */
export function stepUp(path: string): Promise<boolean> {
  return put({ kind: 'stepUp', path });
}

/**
 * Has the signer do `act`, with a person's consent where it needs one. `cancelled` when the person does not consent;
 * throws ApiError when the signer refuses.
 */
export async function performAct(act: WantedAct): Promise<'performed' | 'cancelled'> {
  const answer = await postJson<ActAnswer>('/api/v1/acts', { act });
  if (answer.kind === 'performed') return 'performed';
  return (await put({ kind: 'act', consent: answer })) ? 'performed' : 'cancelled';
}

/** Brings the consent to the signer. Throws ApiError when it does not take it. */
export async function confirmAct(nonce: string, approval: ActApproval): Promise<void> {
  await postJson<ActAnswer>('/api/v1/acts/confirm', { nonce, approval });
}

function put(question: ConsentQuestion): Promise<boolean> {
  open?.answer(false);
  return new Promise((resolve) => {
    const answer = (isDone: boolean): void => {
      if (open?.answer === answer) set(null);
      resolve(isDone);
    };
    set({ question, answer });
  });
}

function set(next: OpenQuestion | null): void {
  open = next;
  for (const listener of listeners) listener();
}
