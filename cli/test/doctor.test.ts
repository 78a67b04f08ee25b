// SPDX-License-Identifier: Apache-2.0
// What `kontor doctor` says of keys, people, backups and alarms.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import type { api } from '@kontor/server';
import { noteBackup, readBackupTimes } from '../src/backup-times.ts';
import { deskFiles, makeDirectories } from '../src/desk-files.ts';
import {
  alarmFindings,
  backupFindings,
  connectionFindings,
  peopleFindings,
} from '../src/doctor/custody-findings.ts';
import type { Finding } from '../src/doctor/finding.ts';

const DAY_MS = 86_400_000;
const NOW = Date.UTC(2026, 10, 23);

const BEST: api.Connection = {
  id: 'c_AAAAAAA',
  name: 'main',
  venue: 'binance',
  state: 'active',
  signs: 'all',
  grade: 'A',
  keyKind: 'ed25519',
  publicKeyPem: '',
  createdAt: NOW - 10 * DAY_MS,
  expiresAt: NOW + 80 * DAY_MS,
  reducesUntil: NOW + 81 * DAY_MS,
  cancelsUntil: NOW + 82 * DAY_MS,
  checkedAt: NOW,
  isIpRestricted: true,
  bind: null,
  bindDoubt: null,
  frozen: null,
  quarantined: null,
  replaces: null,
  isReady: false,
  policy: [],
  policyHash: '',
};
const DEMO: api.Connection = { ...BEST, venue: 'demo', grade: null, isIpRestricted: null };

const lines = (findings: readonly Finding[]): string =>
  findings.map(({ check, level, detail }) => `${level} ${check} ${detail}`).join('\n');

test('[C185] a key that could be safer is told, and one of the demo is not', () => {
  const cases: readonly (readonly [Partial<api.Connection>, RegExp])[] = [
    [{}, /^ok key main: grade A, 80 days left$/],
    [
      { bind: { verdict: 'notReal', seenAt: 1 } },
      /^warning key main has a list of addresses that does not hold: .*kontor connect rotate main/,
    ],
    [{ isIpRestricted: false }, /^warning key main takes its key from any address: bind it/],
    [{ grade: 'B' }, /^note key the key of main is of grade B/],
    [{ grade: 'C' }, /^warning key the key of main is of grade C/],
    [{ checkedAt: null }, /^warning key what the key of main may do was never checked/],
    [
      { expiresAt: NOW + 3 * DAY_MS },
      /^warning key the key of main ends in 3 days; kontor connect rotate/,
    ],
    [{ state: 'quarantined' }, /^warning key main is quarantined and signs no new risk$/],
    [{ venue: 'demo' }, /^$/],
    [{ venue: 'paper-binance' }, /^$/],
    [{ state: 'retired' }, /^$/],
  ];
  for (const [change, expected] of cases)
    assert.match(lines(connectionFindings([{ ...BEST, ...change }], NOW)), expected);
});

test('[C185] people who cannot be replaced are told', () => {
  const passkey = {
    credential: 'p',
    name: 'Key',
    publicKey: '',
    rpId: '',
    isBackedUp: false,
    createdAt: NOW,
    usedAt: null,
  };
  const member = (name: string, keys: number, recoveryCodesLeft = 10): api.Member => ({
    person: { id: name, name, role: 'owner', createdAt: NOW },
    passkeys: Array.from({ length: keys }, () => passkey),
    recoveryCodesLeft,
  });
  const owner = {
    credential: 'c',
    name: 'A',
    fingerprint: '',
    rpId: '',
    origin: '',
    enrolledAt: NOW,
  };
  const found = (
    members: readonly api.Member[],
    owners: number,
    connection: api.Connection = BEST,
  ): string =>
    lines(
      peopleFindings(
        { members: [...members], invitations: [] },
        Array.from({ length: owners }, () => owner),
        [connection],
      ),
    );
  assert.match(found([], 0), /^warning people nobody has a passkey/);
  assert.match(found([], 0, DEMO), /^note people nobody has a passkey/);
  assert.match(
    found([member('Ada', 1)], 1),
    /^warning people one owner with one passkey.*\nwarning owners .*from one passkey alone/,
  );
  assert.match(
    found([member('Ada', 2)], 0),
    /^warning owners the signer takes consent from nobody/,
  );
  assert.match(
    found([member('Ada', 2, 1)], 2),
    /^warning people Ada has 1 recovery code left; kontor people recovery Ada$/m,
  );
  assert.equal(
    found([member('Ada', 1), member('Bo', 1)], 2),
    'ok owners the signer takes consent from 2 passkeys',
  );
});

test('[C185] backups that are missing, old or older than a key are told, once there is a real key', (t) => {
  const files = deskFiles(mkdtempSync(join(tmpdir(), 'kontor-doctor-')));
  t.after(() => rmSync(files.directory, { recursive: true, force: true }));
  assert.deepEqual(readBackupTimes(files), { desk: null, keys: null });
  // Nothing to note it in: the backup counts all the same.
  noteBackup(files, 'desk');
  makeDirectories(files);
  noteBackup(files, 'desk');
  noteBackup(files, 'keys');
  const times = readBackupTimes(files);
  assert.ok(times.desk !== null && times.keys !== null);
  const none = { desk: null, keys: null };
  assert.deepEqual(backupFindings(none, [DEMO], NOW), []);
  assert.match(
    lines(backupFindings(none, [BEST], NOW)),
    /^warning backup no backup of the keys was made here: kontor vault backup.*\nwarning backup no backup of the desk/,
  );
  const old = { desk: NOW - 40 * DAY_MS, keys: NOW - 11 * DAY_MS };
  assert.match(
    lines(backupFindings(old, [BEST], NOW)),
    /^ok backup .*keys was made 11 days ago\nwarning backup a key was made after .*\nwarning backup .*desk was made 40 days ago: kontor backup$/,
  );
});

test('[C185] alarms that wait, and alarms that reach nobody, are told', () => {
  const channel = {
    kind: 'webhook',
    isSet: true,
    address: null,
    waiting: 0,
    sentAt: null,
    fault: null,
  };
  const alarm = { state: 'open', severity: 'critical' } as api.Alarm;
  const none = { openCount: 0, alarms: [] };
  assert.equal(lines(alarmFindings(none, [channel], [BEST])), 'ok alarms none waits for a person');
  assert.match(
    lines(
      alarmFindings({ openCount: 1, alarms: [alarm] }, [{ ...channel, fault: 'gone' }], [BEST]),
    ),
    /^error alarms 1 wait for a person, 1 of them critical.*\nwarning alarms the webhook did not take the last one: gone$/,
  );
  assert.match(
    lines(alarmFindings(none, [{ ...channel, isSet: false }], [BEST])),
    /\nwarning alarms .*webhook set/,
  );
  assert.match(
    lines(alarmFindings(none, [{ ...channel, isSet: false }], [DEMO])),
    /\nnote alarms /,
  );
});
