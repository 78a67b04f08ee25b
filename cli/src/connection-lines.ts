// SPDX-License-Identifier: Apache-2.0
// A connection in a few lines for the terminal: what it signs, how safe its key is, and how long it lasts.

import type { api } from '@kontor/server';

const DAY_MS = 86_400_000;

const SIGNED: Readonly<Record<api.Connection['signs'], string>> = {
  all: 'what the policy allows',
  reductions: 'exits, cancels and reads',
  cancels: 'cancels and reads',
  nothing: 'nothing',
};

/** The lines of one connection, the first with its name. */
export function stateLines(connection: api.Connection, now: number = Date.now()): string[] {
  const { id, name, venue, state, signs, grade, keyKind, frozen, quarantined } = connection;
  const successor =
    connection.replaces === null ? '' : `  replaces the key of ${connection.replaces}`;
  const readyText =
    '  ready to take over: an owner compares it with the page of the exchange and confirms it on the page Connections ("Use the new key"); the old key stays in use until then';
  return [
    `${name}  ${id}  ${venue}  ${keyKind}${successor}`,
    `  ${state}; signed: ${SIGNED[signs]}; grade ${grade ?? 'not known yet'}; ${endText(connection, now)}`,
    ...(connection.isReady ? [readyText] : []),
    ...(frozen === null
      ? []
      : [
          `  frozen since ${new Date(frozen.since).toISOString()} (${frozen.cause}); an owner thaws it on the page Connections, or, with the desk stopped, kontor vault thaw ${name}`,
        ]),
    ...(quarantined === null
      ? []
      : [
          `  quarantined since ${new Date(quarantined.since).toISOString()}: ${quarantined.faults.join(', ')}`,
        ]),
  ];
}

function endText({ expiresAt, cancelsUntil }: api.Connection, now: number): string {
  const end = new Date(expiresAt).toISOString().slice(0, 10);
  const days = Math.ceil((expiresAt - now) / DAY_MS);
  if (days > 0) return `${days} ${days === 1 ? 'day' : 'days'} left, until ${end}`;
  const last = new Date(cancelsUntil).toISOString().slice(0, 10);
  return now < cancelsUntil ? `ended on ${end}, closes on ${last}` : `ended on ${end}`;
}
