// SPDX-License-Identifier: Apache-2.0
// A connection in a few lines for the terminal: what it signs, how safe its key is, and how long it lasts.

import { daysLeft, daysText, shellWord } from '@kontor/core';
import type { api } from '@kontor/server';

const SIGNED: Readonly<Record<api.Connection['signs'], string>> = {
  all: 'what the policy allows',
  reductions: 'exits, cancels and reads',
  cancels: 'cancels and reads',
  nothing: 'nothing',
};

/** The lines of one connection, the first with its name; `traded` is the exchange that the desk trades at. */
export function stateLines(
  connection: api.Connection,
  now: number = Date.now(),
  traded: api.Venue | null = null,
): string[] {
  const { id, name, venue, state, signs, grade, keyKind, frozen, quarantined } = connection;
  const successor =
    connection.replaces === null ? '' : `  replaces the key of ${connection.replaces}`;
  const readyText =
    '  ready to take over: an owner compares it with the page of the exchange and confirms it on the page Connections ("Use the new key"); the old key stays in use until then';
  return [
    `${name}  ${id}  ${venue}  ${keyKind}${successor}`,
    `  ${state}; signed: ${SIGNED[signs]}; grade ${grade ?? 'not known yet'}; ${endText(connection, now)}`,
    ...elsewhereLines(venue, traded).map((line) => `  ${line}`),
    ...(connection.isReady ? [readyText] : []),
    ...(frozen === null
      ? []
      : [
          `  frozen since ${new Date(frozen.since).toISOString()} (${frozen.cause}); an owner thaws it on the page Connections; where no owner is enrolled, with the desk stopped: kontor vault thaw ${shellWord(name)}`,
        ]),
    ...(quarantined === null
      ? []
      : [
          `  quarantined since ${new Date(quarantined.since).toISOString()}: ${quarantined.faults.join(', ')}`,
        ]),
    ...(connection.bind === null && connection.bindDoubt === null ? [] : probeLines(connection)),
  ];
}

const DOUBTS: Readonly<
  Record<NonNullable<api.Connection['bindDoubt']>['reason'], (words: string) => string>
> = {
  noAnswer: () => 'no answer came by the second address',
  otherAnswer: (words) => `the exchange answered neither yes nor no there (${words})`,
  ordinaryRefused: (words) =>
    `right after it the exchange did not take the key from the ordinary address either (${words})`,
};

/** What reads from a second address showed of the key's list of addresses. */
function probeLines({ name, bind, bindDoubt }: api.Connection): string[] {
  return [...bindLines(name, bind), ...doubtLines(bindDoubt)];
}

function bindLines(name: string, bind: api.Connection['bind']): string[] {
  if (bind === null) return ['  list of addresses: never seen to hold'];
  const at = new Date(bind.seenAt).toISOString();
  return [
    bind.verdict === 'holds'
      ? `  list of addresses: seen to hold on ${at}; the exchange refused the key from the second address`
      : `  list of addresses: NOT REAL; on ${at} the exchange took the key from the second address. Look at the list on the exchange's page, and make a new key: kontor connect rotate ${shellWord(name)}`,
  ];
}

function doubtLines(doubt: api.Connection['bindDoubt']): string[] {
  if (doubt === null) return [];
  const at = new Date(doubt.at).toISOString();
  return [`  the probe on ${at} told nothing: ${DOUBTS[doubt.reason](doubt.words)}`];
}

/** Of a key for another exchange than the desk trades at: that it waits, and for what. */
export function elsewhereLines(venue: string, traded: api.Venue | null): string[] {
  if (traded === null || traded.venue === venue) return [];
  return [
    `waits: this desk trades at ${traded.venue}. A key for ${venue} is kept in the vault; here nothing is signed with it, and its rights cannot be checked.`,
    ...(traded.hasAdapter
      ? []
      : [
          'This version of Kontor starts desks for its demo exchange and for paper trading, none with real money yet.',
        ]),
  ];
}

function endText({ expiresAt, cancelsUntil }: api.Connection, now: number): string {
  const end = new Date(expiresAt).toISOString().slice(0, 10);
  const days = daysLeft(expiresAt, now);
  if (days !== null) return `${daysText(days)} left, until ${end}`;
  const last = new Date(cancelsUntil).toISOString().slice(0, 10);
  return now < cancelsUntil ? `ended on ${end}, closes on ${last}` : `ended on ${end}`;
}
