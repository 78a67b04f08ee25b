// SPDX-License-Identifier: Apache-2.0
// How a public key is shown to a person who compares it with the page.

import { hash } from 'node:crypto';

/** The first half of the key's SHA-256, in groups: as the page and the signer's own program show it. */
export function keyFingerprint(key: Uint8Array): string {
  return (hash('sha256', key, 'hex').slice(0, 32).match(/.{4}/g) ?? []).join(' ');
}

/** The line that goes with the question for the passphrase; '' for a signer that did not say its key. */
export function unlockKeyLine(unlockKey: string): string {
  if (unlockKey === '') return '';
  const fingerprint = keyFingerprint(Buffer.from(unlockKey, 'base64'));
  return `Unlock key  ${fingerprint}  (until the signer starts anew; a page that asks for the passphrase shows the same)\n`;
}
