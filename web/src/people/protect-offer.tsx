// SPDX-License-Identifier: Apache-2.0
// Whether the note about the first passkey is to be shown; only then is it loaded.

import { lazy, Suspense, useState, type ReactElement } from 'react';

import { useSessionState } from './session-state.ts';

const PUT_OFF = 'kontor.protect-later';
const ProtectNote = lazy(async () => ({
  default: (await import('./protect-card.tsx')).ProtectNote,
}));

export function ProtectOffer(): ReactElement | null {
  const { data: session } = useSessionState();
  const [isPutOff, setPutOff] = useState(() => localStorage.getItem(PUT_OFF) !== null);
  if (session === undefined || session.isProtected || session.person !== null || isPutOff) {
    return null;
  }
  const later = (): void => {
    localStorage.setItem(PUT_OFF, 'yes');
    setPutOff(true);
  };
  return (
    <Suspense fallback={null}>
      <ProtectNote onLater={later} />
    </Suspense>
  );
}
