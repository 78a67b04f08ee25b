// SPDX-License-Identifier: Apache-2.0
// The process of the `kontor` command.

import { kontorProgram } from './program.ts';

// Whoever reads no further, as `head` does, stops no command and no desk.
for (const output of [process.stdout, process.stderr]) {
  output.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
  });
}

const [, , asked] = process.argv;
await (await kontorProgram(asked)).parseAsync();
