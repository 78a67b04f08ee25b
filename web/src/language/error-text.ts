// SPDX-License-Identifier: Apache-2.0
// What went wrong, in the reader's words; the desk's own message where it has one.

import { useCallback } from 'react';

import { ApiError } from '../api/client.ts';
import { useLanguage } from './language.tsx';
import { reasonText } from './reason.ts';

export function useErrorText(): (error: unknown) => string {
  const language = useLanguage();
  return useCallback(
    (error: unknown): string => {
      const { text } = language;
      if (!(error instanceof ApiError)) return text.error.unknown;
      if (error.status === 401) return text.error.locked;
      if (error.code === 'unreachable') return text.error.unreachable;
      if (error.code === 'timeout') return text.error.timeout;
      if (error.code === 'not_found') return text.error.notFound;
      return error.message === '' ? text.error.unknown : reasonText(error.message, language);
    },
    [language],
  );
}
