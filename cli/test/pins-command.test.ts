// SPDX-License-Identifier: Apache-2.0
// `kontor connect pins` where egress's configuration does not lie in the data directory, as under users of their own.

import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { PinStore } from '@kontor/egress/pins';
import { kontor } from './kontor-command.ts';

const HOST = 'api.example';
const [NAMED, FIRST, OTHER] = ['a', 'b', 'c'].map((digit) => digit.repeat(64)) as [
  string,
  string,
  string,
];

test('[E81] what tls-pins names for a host is shown wherever the file lies, and nothing is accepted beside it', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'egress'));
  const store = new PinStore(join(data, 'egress'));
  const first = [{ name: 'First Root', fingerprint: FIRST }];
  store.putPins(HOST, { since: 1, by: 'firstUse', issuers: first });
  store.putRefused(HOST, { at: 2, issuers: [{ name: 'Other Root', fingerprint: OTHER }] });
  store.putGiven(new Map([[HOST, new Set([NAMED])]]));
  const listed = kontor('', 'connect', 'pins', 'list', '--data', data);
  assert.equal(listed.code, 0, listed.err);
  assert.match(listed.out, new RegExp(`known by the file tls-pins alone:\n +${NAMED}`));
  assert.doesNotMatch(listed.out, /from its first connection|pins accept/);
  const accepted = kontor('', 'connect', 'pins', 'accept', HOST, OTHER, '--data', data);
  assert.equal(accepted.code, 1, accepted.out);
  assert.match(accepted.err, /there its keys alone count; put the new one into that file/);
  assert.deepEqual(store.pins.get(HOST)?.issuers, first);
  assert.ok(store.refused.has(HOST));
  // Without the file at egress's next start a person decides again.
  store.putGiven(new Map());
  assert.equal(kontor('', 'connect', 'pins', 'accept', HOST, OTHER, '--data', data).code, 0);
  assert.deepEqual(
    store.pins.get(HOST)?.issuers.map(({ fingerprint }) => fingerprint),
    [FIRST, OTHER],
  );
});
