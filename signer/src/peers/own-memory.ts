// SPDX-License-Identifier: Apache-2.0
// Closes a process's memory to other programs of the same user, for one that must go on starting others and so
// cannot stand behind the launcher's walls: the supervisor.

import { ARCHITECTURE, Native } from '../hardening/native.ts';

const PR_GET_DUMPABLE = 3;
const PR_SET_DUMPABLE = 4;

/** Whether the memory is closed now; what this process starts is not touched by it. */
export function closeOwnMemory(): boolean {
  if (ARCHITECTURE === null) return false;
  const { emitWarning } = process;
  // That Node calls the module experimental is nothing for the person at the terminal.
  process.emitWarning = () => undefined;
  try {
    const native = new Native();
    native.prctl(PR_SET_DUMPABLE, 0);
    const isClosed = native.prctl(PR_GET_DUMPABLE, 0) === 0;
    native.close();
    return isClosed;
  } finally {
    process.emitWarning = emitWarning;
  }
}
