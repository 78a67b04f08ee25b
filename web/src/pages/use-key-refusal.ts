// SPDX-License-Identifier: Apache-2.0
// What the desk answered to a request about keys, told at the field that is meant.

import { useCallback } from 'react';

import { ApiError } from '../api/client.ts';
import { useErrorText } from '../language/error-text.ts';
import { keyRefusal, type KeyRefusal } from '../language/key-refusal.ts';
import { useKeysLanguage } from '../language/use-keys-language.ts';

export function useKeyRefusal(): (error: unknown) => KeyRefusal {
  const keys = useKeysLanguage();
  const errorText = useErrorText();
  return useCallback(
    (error: unknown): KeyRefusal =>
      (error instanceof ApiError ? keyRefusal(error.message, keys) : null) ?? {
        field: null,
        text: errorText(error),
      },
    [keys, errorText],
  );
}
