// SPDX-License-Identifier: Apache-2.0
// Where Kontor keeps its data: the option, else the environment, else the home folder.

import { homedir } from 'node:os';
import { join, resolve } from 'node:path';

/** The folder that `option` names, else `$KONTOR_DATA`, else `~/.kontor`. */
export function dataDirectory(option: string | undefined, byDefault = '.kontor'): string {
  const named = option ?? process.env['KONTOR_DATA'];
  return named === undefined || named === '' ? join(homedir(), byDefault) : resolve(named);
}

/** As `dataDirectory`, but paper trading has a folder of its own: `~/.kontor-paper`. */
export function paperDirectory(option: string | undefined): string {
  return dataDirectory(option, '.kontor-paper');
}

/** Where processes that run apart meet: the folder that `option` names, else `$KONTOR_LINKS`, else `/run/kontor`. */
export function linksDirectory(option: string | undefined): string {
  const named = option ?? process.env['KONTOR_LINKS'];
  return named === undefined || named === '' ? '/run/kontor' : resolve(named);
}
