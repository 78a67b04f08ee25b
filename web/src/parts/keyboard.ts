// SPDX-License-Identifier: Apache-2.0
// Keys that work without a focus: single ones, and two pressed one after another (`g b`).

import { useEffect, useRef } from 'react';

export type KeyBindings = Readonly<Record<string, (() => void) | undefined>>;

/** How long the first key of two waits for the second. */
const SEQUENCE_MS = 1_000;

interface Layer {
  current: KeyBindings;
}

const layers: Layer[] = [];
let firstKey: { readonly key: string; readonly atMs: number } | null = null;
let isListening = false;

/**
 * Binds keys while the component is on the page; the component that came last is asked first. A binding is a
 * key (`j`), with modifiers (`shift+a`, `mod+k` for Ctrl or ⌘), or two keys in a row (`g b`).
 */
export function useKeys(bindings: KeyBindings): void {
  const layer = useRef<KeyBindings>(bindings);
  useEffect(() => {
    layer.current = bindings;
  });
  useEffect(() => {
    if (!isListening) {
      isListening = true;
      document.addEventListener('keydown', onKeyDown);
    }
    layers.push(layer);
    return () => {
      layers.splice(layers.indexOf(layer), 1);
    };
  }, []);
}

function onKeyDown(event: KeyboardEvent): void {
  if (event.defaultPrevented || event.isComposing) return;
  const name = toName(event);
  if (name === null) return;
  const isPlain = !name.startsWith('mod+');
  // Whoever is writing, or stands in a dialog, keeps the plain keys.
  if (
    isPlain &&
    (isWriting(event.target) ||
      document.querySelector('[role="dialog"], [role="alertdialog"], [role="menu"]') !== null)
  ) {
    return;
  }
  const pair =
    firstKey !== null && event.timeStamp - firstKey.atMs < SEQUENCE_MS
      ? `${firstKey.key} ${name}`
      : null;
  firstKey = null;
  if ((pair !== null && run(pair)) || run(name)) {
    event.preventDefault();
    return;
  }
  firstKey = { key: name, atMs: event.timeStamp };
}

function run(name: string): boolean {
  for (const layer of layers.toReversed()) {
    const action = layer.current[name];
    if (action === undefined) continue;
    action();
    return true;
  }
  return false;
}

function toName(event: KeyboardEvent): string | null {
  if (event.altKey) return null;
  const isLetter = /^[a-z]$/i.test(event.key);
  const key = isLetter ? event.key.toLowerCase() : event.key;
  if (event.ctrlKey || event.metaKey) return `mod+${key}`;
  return event.shiftKey && isLetter ? `shift+${key}` : key;
}

function isWriting(target: EventTarget | null): boolean {
  if (!(target instanceof HTMLElement)) return false;
  if (target.isContentEditable) return true;
  if (target instanceof HTMLInputElement) {
    return target.type !== 'checkbox' && target.type !== 'radio' && target.type !== 'button';
  }
  return target instanceof HTMLTextAreaElement || target instanceof HTMLSelectElement;
}
