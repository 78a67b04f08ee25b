// SPDX-License-Identifier: Apache-2.0
// A passphrase that costs little to try, for tests that try many.

import { readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseVaultFile, rewrapVaultFile } from '../src/vault/file.ts';
import { fileKek, isOwnStanza, passphraseKek } from '../src/vault/unlock.ts';

const CHEAP = 'argon2id m=19456,t=2,p=1 AAAAAAAAAAAAAAAAAAAAAA';

/** Puts a passphrase at the floor's cost over the vault in `directory`; what `setPassphrase` does at a second each. */
export function setCheapPassphrase(
  { directory }: { readonly directory: string },
  text: string,
): void {
  const fileKey = readFileSync(join(directory, 'unlock'));
  const next = passphraseKek(Buffer.from(text), CHEAP, 'test');
  const keks = [fileKek(fileKey)];
  for (const name of readdirSync(join(directory, 'vault'))) {
    const path = join(directory, 'vault', name);
    const file = parseVaultFile(readFileSync(path), path);
    writeFileSync(path, rewrapVaultFile(file, keks, [next], isOwnStanza, path), {
      mode: 0o600,
    });
  }
  rmSync(join(directory, 'unlock'));
}
