// SPDX-License-Identifier: Apache-2.0
// The one place where a private key is used.

import { strict as assert } from 'node:assert';
import { hash, sign as signBytes, type KeyObject } from 'node:crypto';
import type { RequestDraft } from './binance/requests.ts';
import type { Recorded } from './intent-log.ts';
import { spend, type PolicyApproved } from './policy/approval.ts';

/** The Ed25519 signature of a request that the policy approved and whose intent is on disk. */
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
  return signBytes(null, Buffer.from(text, 'utf8'), key);
}

/** SHA-256 of a request's text, as the log has it. */
export function requestHash(text: string): string {
  return hash('sha256', text, 'hex');
}
