// SPDX-License-Identifier: Apache-2.0
// How well keys and the people who answer for them are kept: what a desk with money at an exchange should have, and
// what the demo need not.

import { daysLeft, daysText, shellWord } from '@kontor/core';
import type { api } from '@kontor/server';
import type { BackupTimes } from '../backup-times.ts';
import { DEMO_VENUE } from '../demo-desk.ts';
import { paperVenue } from '../paper-desk.ts';
import type { Finding } from './finding.ts';

const DAY_MS = 86_400_000;
const BACKUP_DAYS_MAX = 30;
const KEY_DAYS_WARNED = 14;
const CODES_MIN = 3;
const PAPER = paperVenue('');

/** Whether there is money behind it. */
function isReal({ venue, state }: Pick<api.Connection, 'venue' | 'state'>): boolean {
  return venue !== DEMO_VENUE && !venue.startsWith(PAPER) && state !== 'retired';
}

/** The keys: how long they last, what they may do, whether they stand still. */
export function connectionFindings(
  connections: readonly api.Connection[],
  now: number,
): readonly Finding[] {
  return connections
    .filter((one) => isReal(one) && one.state !== 'draft')
    .flatMap((one): Finding[] => {
      const { name, grade, state, isIpRestricted, checkedAt, expiresAt } = one;
      const days = daysLeft(expiresAt, now) ?? 0;
      const found: Finding[] = [];
      if (isIpRestricted === false)
        found.push(
          about(
            'warning',
            `${name} takes its key from any address: bind it to this machine's at the exchange`,
          ),
        );
      if (one.bind?.verdict === 'notReal')
        found.push(
          about(
            'warning',
            `${name} has a list of addresses that does not hold: look at it at the exchange, and kontor connect rotate ${shellWord(name)}`,
          ),
        );
      if (checkedAt === null)
        found.push(
          about(
            'warning',
            `what the key of ${name} may do was never checked; kontor connect check ${shellWord(name)}`,
          ),
        );
      if (grade !== null && grade !== 'A')
        found.push(
          about(
            grade === 'B' ? 'note' : 'warning',
            `the key of ${name} is of grade ${grade}; A is the best`,
          ),
        );
      if (state === 'frozen' || state === 'quarantined' || state === 'expired')
        found.push(about('warning', `${name} is ${state} and signs no new risk`));
      else if (days <= KEY_DAYS_WARNED)
        found.push(
          about(
            'warning',
            `the key of ${name} ends in ${daysText(days)}; kontor connect rotate ${shellWord(name)}`,
          ),
        );
      return found.length > 0
        ? found
        : [about('ok', `${name}: grade ${grade ?? 'not known'}, ${daysText(days)} left`)];
    });
}

/** Who can consent, and who is left when one of them loses the passkey. */
export function peopleFindings(
  { members }: api.People,
  owners: readonly api.SignerOwner[],
  connections: readonly api.Connection[],
): readonly Finding[] {
  const level = connections.some(isReal) ? 'warning' : 'note';
  const own = members.filter(({ person }) => person.role === 'owner');
  if (own.every(({ passkeys }) => passkeys.length === 0)) {
    return [
      {
        check: 'people',
        level,
        detail:
          'nobody has a passkey: whoever has a link of this desk may do everything; make one on the page People',
      },
    ];
  }
  const found: Finding[] = [];
  const keys = own.reduce((sum, { passkeys }) => sum + passkeys.length, 0);
  if (own.length === 1 && keys === 1)
    found.push({
      check: 'people',
      level,
      detail:
        'one owner with one passkey: when it is lost, recovery codes are all that is left; add a second passkey or owner',
    });
  for (const { person, recoveryCodesLeft } of own) {
    if (recoveryCodesLeft < CODES_MIN)
      found.push({
        check: 'people',
        level: 'warning',
        detail: `${person.name} has ${recoveryCodesLeft} recovery ${recoveryCodesLeft === 1 ? 'code' : 'codes'} left; kontor people recovery ${shellWord(person.name)}`,
      });
  }
  found.push(
    owners.length >= 2
      ? {
          check: 'owners',
          level: 'ok',
          detail: `the signer takes consent from ${owners.length} passkeys`,
        }
      : {
          check: 'owners',
          level,
          detail:
            owners.length === 0
              ? 'the signer takes consent from nobody: loosening the policy needs the desk stopped; kontor people code enrols an owner'
              : 'the signer takes consent from one passkey alone; enrol a second owner',
        },
  );
  return found;
}

/** Whether what cannot be made again lies somewhere else, too. */
export function backupFindings(
  times: BackupTimes,
  connections: readonly api.Connection[],
  now: number,
): readonly Finding[] {
  const real = connections.filter(isReal);
  if (real.length === 0) return [];
  const newest = Math.max(...real.map(({ createdAt }) => createdAt));
  return [
    backupFinding('keys', times.keys, now, 'kontor vault backup (while the desk is stopped)'),
    ...(times.keys !== null && newest > times.keys
      ? [
          {
            check: 'backup',
            level: 'warning',
            detail: 'a key was made after the last backup of the keys',
          } as const,
        ]
      : []),
    backupFinding('desk', times.desk, now, 'kontor backup'),
  ];
}

function backupFinding(of: string, at: number | null, now: number, command: string): Finding {
  if (at === null)
    return {
      check: 'backup',
      level: 'warning',
      detail: `no backup of the ${of} was made here: ${command}`,
    };
  const days = Math.floor((now - at) / DAY_MS);
  return {
    check: 'backup',
    level: days > BACKUP_DAYS_MAX ? 'warning' : 'ok',
    detail: `the last backup of the ${of} was made ${days} days ago${days > BACKUP_DAYS_MAX ? `: ${command}` : ''}`,
  };
}

/** Alarms that nobody has looked at, and whether any leaves the desk. */
export function alarmFindings(
  { alarms }: api.Alarms,
  channels: readonly api.AlarmChannel[],
  connections: readonly api.Connection[],
): readonly Finding[] {
  const open = alarms.filter(({ state }) => state === 'open');
  const critical = open.filter(({ severity }) => severity === 'critical').length;
  const waiting: Finding =
    open.length === 0
      ? { check: 'alarms', level: 'ok', detail: 'none waits for a person' }
      : {
          check: 'alarms',
          level: critical > 0 ? 'error' : 'warning',
          detail: `${open.length} wait for a person, ${critical} of them critical; kontor alarms list`,
        };
  const set = channels.filter(({ isSet }) => isSet);
  const faults = set.flatMap(({ kind, fault }): Finding[] =>
    fault === null
      ? []
      : [
          {
            check: 'alarms',
            level: 'warning',
            detail: `the ${kind} did not take the last one: ${fault}`,
          },
        ],
  );
  if (set.length > 0) return [waiting, ...faults];
  return [
    waiting,
    {
      check: 'alarms',
      level: connections.some(isReal) ? 'warning' : 'note',
      detail: 'they are shown on the page alone; kontor alarms webhook set sends them on',
    },
  ];
}

function about(level: Finding['level'], detail: string): Finding {
  return { check: 'key', level, detail };
}
