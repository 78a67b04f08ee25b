// SPDX-License-Identifier: Apache-2.0
// Root in the folder of another user, who may have been taken over: it works there as that user.

import { statSync } from 'node:fs';

/**
 * Does `work` as the owner of `folder`, where root does it: what is made belongs to the owner, and a link that he put
 * there leads root nowhere but where he could go himself.
 */
export function asOwner<T>(folder: string, work: () => T): T {
  const { uid, gid } = statSync(folder);
  if (process.geteuid?.() !== 0 || uid === 0) return work();
  process.setegid?.(gid);
  process.seteuid?.(uid);
  try {
    return work();
  } finally {
    process.seteuid?.(0);
    process.setegid?.(0);
  }
}
