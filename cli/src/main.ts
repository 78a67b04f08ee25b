// SPDX-License-Identifier: Apache-2.0
// The process of the `kontor` command.

import { kontorProgram } from './program.ts';

const [, , asked] = process.argv;
await (await kontorProgram(asked)).parseAsync();
