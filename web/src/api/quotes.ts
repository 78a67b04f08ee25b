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

/** The newest quote of `symbol`, or null before the first one. */
export function latestQuote(symbol: string): QuoteMessage | null {
  return quotes.get(symbol) ?? null;
}

/** The last prices of `symbols`, as one text that changes when one of them does; empty where there is none yet. */
export function useLastPrices(symbols: readonly string[]): string {
  const key = symbols.join(' ');
  const subscribe = useCallback(
    (listener: () => void) => {
      const own = key.split(' ');
      for (const symbol of own) {
        const known = listeners.get(symbol) ?? new Set();
        listeners.set(symbol, known);
        known.add(listener);
      }
      return () => {
        for (const symbol of own) listeners.get(symbol)?.delete(listener);
      };
    },
    [key],
  );
  return useSyncExternalStore(subscribe, () =>
    key
      .split(' ')
      .map((symbol) => quotes.get(symbol)?.last ?? '')
      .join(' '),
  );
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
