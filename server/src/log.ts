// SPDX-License-Identifier: Apache-2.0
// The server's log: one JSON object a line, on stderr or in a file.

import { pino, type Logger } from 'pino';

export type { Logger } from 'pino';

/**
 * A logger that writes to `file`. Secrets are a type of their own and print as [secret]; these paths are a second
 * net below that, for objects that come from libraries.
 */
export function createLogger(file: string): Logger {
  return pino(
    {
      base: null,
      redact: {
        paths: [
          'req.headers.authorization',
          'req.headers.cookie',
          'headers.authorization',
          'headers.cookie',
        ],
        censor: '[secret]',
      },
    },
    pino.destination({ dest: file, mkdir: true, append: true, sync: true, mode: 0o600 }),
  );
}
