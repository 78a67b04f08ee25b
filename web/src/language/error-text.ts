// SPDX-License-Identifier: Apache-2.0
// What went wrong, in the reader's words; the desk's own message where it has one.

import { useCallback } from 'react';

import { ApiError } from '../api/client.ts';
import { useLanguage } from './language.tsx';

export function useErrorText(): (error: unknown) => string {
  const { text } = useLanguage();
  return useCallback(
    (error: unknown): string => {
      if (!(error instanceof ApiError)) return text.error.unknown;
      if (error.status === 401) return text.error.locked;
      if (error.code === 'unreachable') return text.error.unreachable;
      if (error.code === 'timeout') return text.error.timeout;
      return error.message === '' ? text.error.unknown : error.message;
    },
    [text],
  );
}
