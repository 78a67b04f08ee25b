// SPDX-License-Identifier: Apache-2.0
// Who may look into a data directory, of a desk under one user and of one whose processes have users of their own.

import { accessSync, constants, existsSync, statSync } from 'node:fs';
import type { DeskFiles } from '../desk-files.ts';
import type { Finding } from './finding.ts';

/**
 * Where the signer's folder belongs to another than the directory, the processes have users of their own: all of them
 * pass through the directory, none may change it, and each part is its owner's alone.
 */
export function directoryFindings(files: DeskFiles): readonly Finding[] {
  const { directory, server, run, signer, trust } = files;
  if (!isApart(files)) return [rightsOf('data', directory)];
  const owner = statSync(signer).uid;
  const mode = statSync(directory).mode & 0o777;
  const shared = [server, run].filter((path) => existsSync(path) && statSync(path).uid === owner);
  const isTrustOfServer =
    existsSync(trust) && existsSync(server) && statSync(trust).uid === statSync(server).uid;
  return [
    (mode & 0o022) === 0
      ? {
          check: 'data',
          level: 'ok',
          detail: `${directory} is for processes with users of their own, and none can change it`,
        }
      : {
          check: 'data',
          level: 'error',
          detail: `others may write in ${directory} (mode ${mode.toString(8)}); run: chmod go-w ${directory}`,
        },
    ...[server, run].filter((path) => existsSync(path)).map((path) => rightsOf('server', path)),
    ...(isTrustOfServer
      ? [
          {
            check: 'trust',
            level: 'error',
            detail: `${trust} belongs to the server's user, who could then say whose word on the log counts; run: chown root ${trust}`,
          } as const,
        ]
      : []),
    ...shared.map((path): Finding => ({
      check: 'server',
      level: 'error',
      detail: `${path} belongs to the signer's user (${owner}); give the server a user of its own: docs/deploy.md`,
    })),
  ];
}

/** Whether the processes of the desk run under users of their own. */
function isApart({ directory, signer }: DeskFiles): boolean {
  return existsSync(signer) && statSync(signer).uid !== statSync(directory).uid;
}

/** Whether only its owner may look at `path`. */
export function rightsOf(check: string, path: string): Finding {
  const mode = statSync(path).mode & 0o777;
  return (mode & 0o077) === 0
    ? { check, level: 'ok', detail: `${path} is its owner's alone` }
    : {
        check,
        level: 'error',
        detail: `others may look into ${path} (mode ${mode.toString(8)}); run: chmod go-rwx ${path}`,
      };
}

/** Whether this process may look into a folder: of what it cannot see it says nothing. */
export function mayLookInto(folder: string): boolean {
  try {
    accessSync(folder, constants.R_OK | constants.X_OK);
    return true;
  } catch {
    return false;
  }
}
