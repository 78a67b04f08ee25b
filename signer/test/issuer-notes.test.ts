// SPDX-License-Identifier: Apache-2.0
// What egress says of issuers, on the log: neither filled by many nor closed to the next.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { OpenSigner, readLog, temporaryDirectory, writePolicy, POLICY } from './fixture.ts';

const HOST = 'api.example.com';

test('[S247] a flood of refused issuers is noted four a minute with their number, and later ones as the first', (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, POLICY);
  const signer = new OpenSigner(directory);
  const tell = (verdict: 'met' | 'refused', issuers: string, host = HOST): void =>
    signer.report({ kind: 'issuer', venue: 'demo', host, verdict, issuers });
  for (let number = 0; number < 500; number += 1) tell('refused', `Rogue ${number}`);
  tell('met', 'Honest Root', 'other.example.com');
  signer.pass(60_000);
  tell('refused', 'Rogue 500');
  const notes = readLog(directory).filter(({ note }) => String(note).startsWith('issuer.'));
  assert.deepEqual(
    notes.map(({ issuers, unlogged }) => [issuers, unlogged]),
    [
      ...[0, 1, 2, 3].map((number) => [`Rogue ${number}`, undefined]),
      ['Honest Root', 496],
      ['Rogue 500', undefined],
    ],
  );
});
