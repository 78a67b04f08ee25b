// SPDX-License-Identifier: Apache-2.0
// What was just done, said once, with the way to undo it where there is one.

import { useEffect, useSyncExternalStore, type ReactElement } from 'react';

import { useLanguage } from '../language/language.tsx';
import { Button, IconButton } from './button.tsx';
import './toasts.css';

export interface Toast {
  readonly id: number;
  readonly message: string;
  readonly look: 'done' | 'failed';
  readonly undo: (() => void) | null;
}

const SHOWN_MS = 8_000;
/** Older ones make room; nobody reads a tower of them. */
const SHOWN_MOST = 3;

let toasts: readonly Toast[] = [];
let nextId = 1;
const listeners = new Set<() => void>();

export function say(
  message: string,
  { look = 'done', undo = null }: Partial<Pick<Toast, 'look' | 'undo'>> = {},
): void {
  set([...toasts, { id: nextId, message, look, undo }].slice(-SHOWN_MOST));
  nextId += 1;
}

export function Toasts(): ReactElement {
  const { text } = useLanguage();
  const shown = useSyncExternalStore(subscribe, () => toasts);
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((toast) => (
        <div key={toast.id} className={`toast toast-${toast.look}`}>
          <Expiry id={toast.id} />
          <p>{toast.message}</p>
          {toast.undo === null ? null : (
            <Button
              onClick={() => {
                remove(toast.id);
                toast.undo?.();
              }}
            >
              {text.common.undo}
            </Button>
          )}
          <IconButton icon="close" label={text.common.close} onClick={() => remove(toast.id)} />
        </div>
      ))}
    </div>
  );
}

function Expiry({ id }: { readonly id: number }): null {
  useEffect(() => {
    const timer = setTimeout(() => remove(id), SHOWN_MS);
    return () => clearTimeout(timer);
  }, [id]);
  return null;
}

function remove(id: number): void {
  set(toasts.filter((toast) => toast.id !== id));
}

function set(next: readonly Toast[]): void {
  toasts = next;
  for (const listener of listeners) listener();
}

function subscribe(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}
