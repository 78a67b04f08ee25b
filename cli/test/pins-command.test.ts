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
  store.noteRefused(HOST, { at: 2, issuers: [{ name: 'Other Root', fingerprint: OTHER }] });
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

test('[C216] a host that is not known is not forgotten, and it is said which are', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'egress'));
  const reset = (host: string): { readonly code: number | null; readonly err: string } =>
    kontor('', 'connect', 'pins', 'reset', host, '--data', data);
  assert.match(
    reset('x').err,
    /expected a host that this desk knows, found x: it has met none yet/,
  );
  const early = kontor('', 'connect', 'pins', 'accept', 'x', FIRST, '--data', data);
  assert.match(early.err, /expected a host that this desk knows, found x: it has met none yet/);
  const issuers = [{ name: 'First Root', fingerprint: FIRST }];
  new PinStore(join(data, 'egress')).putPins(HOST, { since: 1, by: 'firstUse', issuers });
  const unknown = reset('X');
  assert.equal(unknown.code, 1);
  assert.match(unknown.err, /expected a host that this desk knows \(api\.example\), found x;/);
  assert.equal(reset('API.example').code, 0);
  assert.equal(new PinStore(join(data, 'egress')).pins.size, 0);
});

test('[C204] an issuer that is not among the refused ones is taken by its whole fingerprint and by no part of it', (t) => {
  const data = mkdtempSync(join(tmpdir(), 'kontor-pins-'));
  t.after(() => rmSync(data, { recursive: true, force: true }));
  mkdirSync(join(data, 'egress'));
  const store = new PinStore(join(data, 'egress'));
  const accept = (
    host: string,
    given: string,
  ): { readonly code: number | null; readonly err: string } =>
    kontor('', 'connect', 'pins', 'accept', host, given, '--data', data);
  assert.equal(accept(HOST, OTHER).code, 1, 'a host that was never met has nobody to be added to');
  const first = { name: 'First Root', fingerprint: FIRST };
  store.putPins(HOST, { since: 1, by: 'firstUse', issuers: [first] });
  store.noteRefused(HOST, { at: 2, issuers: [{ name: 'Rogue', fingerprint: NAMED }] });
  const part = accept(HOST, OTHER.slice(0, 63));
  assert.equal(part.code, 1);
  assert.match(part.err, /one of the refused issuers of .*, or all 64 digits of another/);
  assert.match(accept(HOST, FIRST).err, /expected another issuer, found one by which .* is known/);
  const colons = OTHER.toUpperCase().replaceAll(/(..)(?=.)/g, '$1:');
  assert.equal(accept(HOST, colons).code, 0);
  assert.deepEqual(store.pins.get(HOST)?.issuers, [
    first,
    { name: 'named in full', fingerprint: OTHER },
  ]);
});
