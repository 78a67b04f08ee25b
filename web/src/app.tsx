// SPDX-License-Identifier: Apache-2.0
// The desk, or the page that says why there is none: locked, or not answering.

import { useQueryClient } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { lazy, Suspense, useEffect, type ReactElement } from 'react';

import { setAccess, useAccess } from './access.ts';
import { ApiError, getJson } from './api/client.ts';
import { DeskFactsProvider } from './api/desk-facts.tsx';
import { setMarketClock } from './api/market-clock.ts';
import { useDesk, useLive } from './api/queries.ts';
import type { Desk } from './api/types.ts';
import { InvitedPage, LockedPage, UnreachablePage } from './pages/closed.tsx';
import { TooltipProvider } from './parts/tooltip.tsx';
import { createDeskRouter } from './router.tsx';

const router = createDeskRouter();
const StartPage = lazy(async () => ({ default: (await import('./pages/start.tsx')).StartPage }));
/** How often a page without a desk looks whether there is one again. */
const LOOK_AGAIN_MS = 3_000;

export function App(): ReactElement | null {
  const access = useAccess();
  const desk = useDesk();
  const client = useQueryClient();
  const live = useLive();
  const isLocked = access === 'locked';
  const isUnreachable = desk.isError && desk.data === undefined;
  const isStarting =
    isUnreachable && desk.error instanceof ApiError && desk.error.code === 'starting';

  useEffect(() => {
    if (!isLocked && !isUnreachable) return undefined;
    const look = (): void => {
      getJson<Desk>('/api/v1/desk').then(
        () => {
          setAccess('open');
          live.stop();
          live.start();
          void client.invalidateQueries();
        },
        (error: unknown) => {
          if (!(error instanceof ApiError)) return;
          if (error.status === 401) setAccess('locked');
          // Only who may see the desk is told that it has not started yet.
          else if (error.code === 'starting' && isLocked) {
            setAccess('open');
            void client.invalidateQueries();
          }
        },
      );
    };
    const timer = setInterval(look, LOOK_AGAIN_MS);
    window.addEventListener('focus', look);
    return () => {
      clearInterval(timer);
      window.removeEventListener('focus', look);
    };
  }, [isLocked, isUnreachable, client, live]);

  const market = desk.data?.market;
  useEffect(() => {
    if (market !== undefined) setMarketClock(market);
  }, [market]);

  if (location.pathname === '/invitation') return <InvitedPage />;
  if (isLocked) return <LockedPage />;
  if (isStarting) {
    return (
      <Suspense fallback={null}>
        <StartPage />
      </Suspense>
    );
  }
  if (isUnreachable) return <UnreachablePage onRetry={() => void desk.refetch()} />;
  // Answers within milliseconds on the same machine; until then the page is blank rather than half.
  if (desk.data === undefined) return null;
  return (
    <DeskFactsProvider desk={desk.data}>
      <TooltipProvider>
        <RouterProvider router={router} />
      </TooltipProvider>
    </DeskFactsProvider>
  );
}
