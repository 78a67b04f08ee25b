// SPDX-License-Identifier: Apache-2.0
// The one place where a private key is used.

import { strict as assert } from 'node:assert';
import { createHmac, hash, sign as signBytes, type KeyObject } from 'node:crypto';
import type { RequestDraft } from './binance/requests.ts';
import type { Recorded } from './log/intent-log.ts';
import { spend, type PolicyApproved } from './policy/approval.ts';

/** The signature of a request that the policy approved and whose intent is on disk, by the kind of the key. */
export function sign(
  approved: PolicyApproved<RequestDraft>,
  recorded: Recorded,
  key: KeyObject,
): Buffer {
  spend(approved);
  const { text, intent } = approved.request;
  const { kind, fields } = recorded.entry;
  assert(
    kind === 'intent' &&
      fields['request'] === requestHash(text) &&
      fields['connection'] === intent.connection,
    'Invariant: the entry on disk is the one of this request',
  );
  return signatureOf(text, key);
}

/** Ed25519; RSA with PKCS #1 v1.5 and SHA-256; or HMAC-SHA256, which the exchange's secret makes. */
function signatureOf(text: string, key: KeyObject): Buffer {
  if (key.type === 'secret') return createHmac('sha256', key).update(text, 'utf8').digest();
  const digest = key.asymmetricKeyType === 'rsa' ? 'sha256' : null;
  return signBytes(digest, Buffer.from(text, 'utf8'), key);
}

/** A signature as Binance wants it written: HMACs in hexadecimal, all others in base64. */
export function signatureText(signature: Buffer, key: KeyObject): string {
  return signature.toString(key.type === 'secret' ? 'hex' : 'base64');
}

/** SHA-256 of a request's text, as the log has it. */
export function requestHash(text: string): string {
  return hash('sha256', text, 'hex');
}
