// SPDX-License-Identifier: Apache-2.0
// An alarm in one English sentence, for the terminal and for channels outside the desk.

import { daysText } from '@kontor/core';
import type { Alarm, AlarmKind } from './alarm-book.ts';

type Facts = Alarm['facts'];

const SENTENCES: Readonly<Record<AlarmKind, (facts: Facts) => string>> = {
  foreignOrder: (facts) =>
    `An order that this desk did not send is at your account: ${orderOf(facts)}.`,
  foreignTrade: (facts) => `A trade that this desk did not make: ${orderOf(facts)}.`,
  forgedTag: (facts) =>
    `An order bears this desk's mark and was not signed here: ${facts['clientOrderId'] ?? ''}, ${orderOf(facts)}.`,
  cancelledByOthers: (facts) =>
    `Someone else took one of this desk's orders off the book: ${facts['clientOrderId'] ?? ''} on ${facts['symbol'] ?? ''}.`,
  balanceUnexplained: (facts) =>
    `Your balance of ${facts['asset'] ?? ''} changed by ${facts['difference'] ?? ''}, and nothing this desk knows of explains it.`,
  streamGap: (facts) =>
    `The account stream is silent (${facts['reason'] ?? ''}): what happens at the account is seen later.`,
  sourcesDisagree: (facts) =>
    `Two sources of the exchange contradict each other about ${facts['clientOrderId'] ?? facts['symbol'] ?? 'an order'}.`,
  issuerRefused: (facts) =>
    `The certificate of ${facts['host'] ?? ''} comes from ${facts['found'] ?? ''}, expected ${facts['expected'] ?? ''}. Nothing is sent there, and nothing can be cancelled, until you decide with kontor connect pins.`,
  pricesDisagree: (facts) =>
    `Two prices of ${facts['symbol'] ?? ''} contradict each other: ${facts['low'] ?? ''} and ${facts['high'] ?? ''}. The policy refuses orders there.`,
  pricesSilent: (facts) =>
    `No price of ${facts['symbol'] ?? ''} has come by ${facts['sources'] ?? ''} for ${facts['seconds'] ?? ''} s. The policy refuses orders there.`,
  dataLate: (facts) =>
    `What ${facts['venue'] ?? 'the exchange'} says is late: ${facts['what'] ?? ''} by ${facts['seconds'] ?? ''} s. Either a clock is wrong or someone holds it back.`,
  notificationFailed: (facts) =>
    `Alarms do not get out by ${facts['channel'] ?? ''}: ${facts['reason'] ?? ''}.`,
  connectionExpiring: (facts) =>
    `The connection ${facts['name'] ?? ''} ends in ${daysText(Number(facts['days'] ?? 0))}: make a new key.`,
  connectionExpired: (facts) =>
    `The connection ${facts['name'] ?? ''} has ended: it opens no risk.`,
  rightsChanged: (facts) =>
    `The rights of the key of ${facts['name'] ?? ''} are not what they were: ${facts['reason'] ?? ''}.`,
  bindNotReal: (facts) =>
    `The exchange took the key of ${facts['name'] ?? ''} from an address that is not on its list: the list does not hold. Look at the list at the exchange, and make a new key.`,
  rightsUnknown: (facts) =>
    `What the key of ${facts['name'] ?? ''} may do could not be checked: it signs no new risk until then.`,
  connectionFrozen: (facts) =>
    `The connection ${facts['name'] ?? ''} is frozen: ${facts['reason'] ?? ''}.`,
  splitView: (facts) =>
    `The log was shown to the witness ${facts['name'] ?? ''} otherwise than it stands here: another history of ${facts['theirs'] ?? ''} entries, under the log's own signature.`,
  logRolledBack: (facts) =>
    `The log was cut back: the witness ${facts['name'] ?? ''} has seen ${facts['theirs'] ?? ''} entries, here are ${facts['ours'] ?? ''}.`,
  witnessSilent: (facts) => `The witness ${facts['name'] ?? ''} does not answer.`,
  anchorStale: (facts) =>
    `The time-stamping authority ${facts['name'] ?? ''} has not dated the log for three days.`,
  orderHeld: (facts) =>
    `An order waits for you as ${facts['order'] ?? ''}: ${orderOf(facts)}, held by ${facts['line'] ?? ''} of the policy.`,
  canaryUsed: (facts) =>
    `A key that exists only to be stolen was used: ${facts['name'] ?? ''}. Someone is in your systems.`,
  canaryUnwatched: (facts) =>
    `A canary cannot be watched, so its use would ring no alarm: ${facts['reason'] ?? ''}.`,
  vaultLocked: (facts) =>
    `The vault has been locked for ${facts['minutes'] ?? ''} minutes: no bot acts and nothing can be cancelled. Open it where the desk was started, or on its pages.`,
  clonedSite: (facts) =>
    (facts['site'] ?? '') === ''
      ? "Copies of this desk's pages are said to stand at more sites than are named here. Anybody can say so. Type in nothing but at the address that you know, and tell those who use the desk."
      : `A copy of this desk's pages was shown at ${facts['site'] ?? ''}, perhaps to catch those who log in there. Type in nothing there, and tell those who use the desk.`,
};

/** What an alarm says, without its time. */
export function alarmSentence({ kind, facts }: Pick<Alarm, 'kind' | 'facts'>): string {
  return SENTENCES[kind](facts);
}

function orderOf(facts: Facts): string {
  const of = (name: string): string => facts[name] ?? '';
  return `${of('side')} ${of('quantity')} ${of('symbol')} at ${of('price')}`;
}
