// SPDX-License-Identifier: Apache-2.0
// Above every page of a viewer: that nothing can be changed here. The words are fetched for viewers alone.

import { lazy, Suspense, type ReactElement } from 'react';

import { useSessionState } from '../people/session-state.ts';
import './alarm-banner.css';

const Note = lazy(async () => ({ default: (await import('./viewer-note.tsx')).ViewerNote }));

export function RoleSlot(): ReactElement | null {
  const { data: session } = useSessionState();
  if (session?.role !== 'viewer') return null;
  return (
    <Suspense fallback={null}>
      <Note />
    </Suspense>
  );
}
