// SPDX-License-Identifier: Apache-2.0
// The composition root of the desk: the stream, what was read, the pages.

import { QueryCache, QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { StrictMode } from 'react';
import { createRoot } from 'react-dom/client';

import { setAccess } from './access.ts';
import { applyBatch, keys } from './api/cache.ts';
import { CandleBook } from './api/candle-book.ts';
import { ApiError, getJson } from './api/client.ts';
import { LiveStream } from './api/live.ts';
import { advanceMarketClock, setMarketClock } from './api/market-clock.ts';
import { LiveProvider } from './api/queries.ts';
import { keepQuotes } from './api/quotes.ts';
import type { Desk } from './api/types.ts';
import { App } from './app.tsx';
import { LanguageProvider } from './language/language.tsx';
import { loadLanguage, wantedLanguage } from './language/languages.ts';
import { currentPreferences, watchPreferences } from './preferences.ts';
import './styles/tokens.css';
import './styles/base.css';

const RETRIES = 2;

const client = new QueryClient({
  queryCache: new QueryCache({
    onError: (error) => {
      if (error instanceof ApiError && error.status === 401) setAccess('locked');
    },
  }),
  defaultOptions: {
    queries: {
      // The stream keeps what was read fresh; only a gap makes it old.
      staleTime: Number.POSITIVE_INFINITY,
      refetchOnWindowFocus: false,
      refetchOnReconnect: false,
      networkMode: 'always',
      retry: (count, error) =>
        count < RETRIES &&
        !(error instanceof ApiError && (isDecided(error.status) || error.code === 'starting')),
      retryDelay: (count) => 500 * 2 ** count,
    },
  },
});

function isDecided(status: number): boolean {
  return status >= 400 && status < 500;
}

const candleBook = new CandleBook(client, () => Date.now());

const live = new LiveStream({
  open: () => new EventSource('/api/v1/stream'),
  nextFrame: (callback) => requestAnimationFrame(callback),
  setTimer: (callback, delayMs) => setTimeout(callback, delayMs),
  clearTimer: (timer) => {
    if (typeof timer === 'number') clearTimeout(timer);
  },
  wallMs: () => Date.now(),
  apply: (batch) => {
    for (const quote of batch.quotes.values()) advanceMarketClock(quote.time);
    if (batch.market !== null) setMarketClock(batch.market);
    keepQuotes(batch.quotes);
    applyBatch(client, batch);
    candleBook.apply(batch.candles);
  },
  readAgain: () => void client.invalidateQueries(),
  check: async () => {
    try {
      client.setQueryData(keys.desk, await getJson<Desk>('/api/v1/desk'));
      setAccess('open');
      return true;
    } catch (error) {
      if (error instanceof ApiError && error.status === 401) setAccess('locked');
      return error instanceof ApiError && error.status > 0 && error.status !== 401;
    }
  },
});

watchPreferences();
live.start();

const element = document.querySelector('#desk');
if (element === null) throw new Error('Invariant: index.html has the element #desk');
// The first thing drawn is in the reader's language; without its words the page opens in English.
await loadLanguage(wantedLanguage(currentPreferences(), navigator.languages)).catch(
  () => undefined,
);
createRoot(element).render(
  <StrictMode>
    <QueryClientProvider client={client}>
      <LiveProvider value={live}>
        <LanguageProvider>
          <App />
        </LanguageProvider>
      </LiveProvider>
    </QueryClientProvider>
  </StrictMode>,
);
