// SPDX-License-Identifier: Apache-2.0
// The latest quote of each instrument, outside the query cache because it changes with every frame.

import { useCallback, useSyncExternalStore } from 'react';

import type { QuoteMessage } from './live.ts';

const quotes = new Map<string, QuoteMessage>();
const listeners = new Map<string, Set<() => void>>();

export function keepQuotes(changed: ReadonlyMap<string, QuoteMessage>): void {
  for (const [symbol, quote] of changed) {
    quotes.set(symbol, quote);
    for (const listener of listeners.get(symbol) ?? []) listener();
  }
}

/** The quote of `symbol`, or null before the first one. */
export function useQuote(symbol: string): QuoteMessage | null {
  const subscribe = useCallback(
    (listener: () => void) => {
      const own = listeners.get(symbol) ?? new Set();
      listeners.set(symbol, own);
      own.add(listener);
      return () => {
        own.delete(listener);
        if (own.size === 0) listeners.delete(symbol);
      };
    },
    [symbol],
  );
  return useSyncExternalStore(subscribe, () => quotes.get(symbol) ?? null);
}
