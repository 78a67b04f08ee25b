// SPDX-License-Identifier: Apache-2.0
// Puts the desk or a bot into another risk state, and says how that went.

import { useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';

import { setRiskState } from '../api/queries.ts';
import type { Risk } from '../api/types.ts';
import { useErrorText } from '../language/error-text.ts';
import { useLanguage } from '../language/language.tsx';
import { say } from '../parts/toasts.tsx';

export function useRiskState(scope: string): {
  readonly isBusy: boolean;
  readonly run: (state: Risk['state']) => Promise<boolean>;
} {
  const client = useQueryClient();
  const { text } = useLanguage();
  const errorText = useErrorText();
  const [isBusy, setBusy] = useState(false);
  const run = async (state: Risk['state']): Promise<boolean> => {
    if (isBusy) return false;
    setBusy(true);
    try {
      await setRiskState(client, scope, state);
      say(text.risk.changed[state]);
      return true;
    } catch (error) {
      say(text.risk.notChanged(errorText(error)), { look: 'failed' });
      return false;
    } finally {
      setBusy(false);
    }
  };
  return { isBusy, run };
}
