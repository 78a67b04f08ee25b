// SPDX-License-Identifier: Apache-2.0
// A change that a button makes: busy while it runs, read again after it, told where it fails.

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { usePeopleError } from '../language/use-people-language.ts';
import { say } from '../parts/toasts.tsx';
import { readAgain } from './people-queries.ts';

export interface Change {
  readonly isBusy: boolean;
  readonly error: string | null;
  readonly run: (work: () => Promise<unknown>) => void;
}

/** `isErrorKept`: the caller shows the error; else it is told for a moment. */
export function useChange({
  isErrorKept = false,
}: { readonly isErrorKept?: boolean } = {}): Change {
  const client = useQueryClient();
  const peopleError = usePeopleError();
  const [isBusy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const run = (work: () => Promise<unknown>): void => {
    setBusy(true);
    setError(null);
    work()
      .catch((cause: unknown) => {
        const text = peopleError(cause);
        if (isErrorKept) setError(text);
        else say(text, { look: 'failed' });
      })
      .finally(() => {
        setBusy(false);
        void readAgain(client);
      });
  };
  return { isBusy, error, run };
}
