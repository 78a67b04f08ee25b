// SPDX-License-Identifier: Apache-2.0
// Acts from the page of the policy: one at a time, and what is shown is read again afterwards.

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { usePeopleError } from '../language/use-people-language.ts';
import { say } from '../parts/toasts.tsx';
import { performAct, type WantedAct } from '../people/consent.ts';
import { readPolicyAgain } from './policy-queries.ts';

/** Has the signer do an act; what goes wrong is told for a moment. */
export function useAct(): {
  readonly isBusy: boolean;
  /** `outcome` says what came about. */
  readonly run: (act: WantedAct, outcome: () => string) => void;
} {
  const client = useQueryClient();
  const errorText = usePeopleError();
  const [isBusy, setBusy] = useState(false);
  const run = (act: WantedAct, outcome: () => string): void => {
    setBusy(true);
    performAct(act)
      .then((answer) => {
        if (answer === 'performed') say(outcome());
      })
      .catch((cause: unknown) => say(errorText(cause), { look: 'failed' }))
      .finally(() => {
        setBusy(false);
        void readPolicyAgain(client);
      });
  };
  return { isBusy, run };
}
