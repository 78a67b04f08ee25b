// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about alarms.

import { daysText } from '@kontor/core';

import type { Count } from './english.ts';

/** The facts of an alarm, ready to stand in a sentence; '' where it has none of that name. */
export type AlarmFact = (name: string) => string;

const order = (fact: AlarmFact): string =>
  `${fact('side') === 'buy' ? 'buy' : 'sell'} ${fact('quantity')} ${fact('symbol')} at ${fact('price')}`;

/** What speaks against a key, in a few words. */
const RIGHTS: Readonly<Record<string, string>> = {
  withdrawals: 'it may withdraw',
  internalTransfer: 'it may transfer to other accounts',
  universalTransfer: 'it may transfer between your accounts',
  unknownTransfer: 'it may move money in a way that this version does not know',
  margin: 'it may trade on margin',
  futures: 'it may trade futures',
  options: 'it may trade options',
  portfolioMargin: 'it may trade on portfolio margin',
  rightAppeared: 'it has a right that it did not have',
  ipListVanished: 'its address list is gone',
  createTimeChanged: 'the exchange says that it was made at another time',
};

/** Several in one come apart at their commas; what has no words is called by its own name. */
export function rightsOf(reason: string, words: Readonly<Record<string, string>>): string {
  return reason
    .split(', ')
    .map((each) => words[each] ?? each)
    .join(', ');
}

export const englishAlarms = {
  title: 'Alarms',
  raised: 'What was raised',
  none: 'No alarm.',
  noneHint: 'What the desk must tell you at once stands here and above every page.',
  severity: { critical: 'Critical', warning: 'Warning', notice: 'Notice' },
  state: { open: 'Waits for you', acknowledged: 'Seen', resolved: 'Over' },
  acknowledge: 'I have seen it',
  notAcknowledged: (reason: string): string => `The alarm was not marked: ${reason}`,
  show: 'Show',
  more: (count: string): string => `And ${count} more.`,
  times: (count: string): string => `${count} times`,
  facts: 'What was seen',
  connection: 'connection',
  raisedAt: 'Raised',
  keyPage: 'Delete the key at the exchange',
  heldPage: 'Release or drop it',
  channels: 'Ways out of the desk',
  channelsHint:
    'Alarms also go to an address you name, as JSON signed with HMAC-SHA256: https, or http on this machine.',
  webhook: 'Webhook address',
  webhookSet: (address: string): string => `Alarms go to ${address}.`,
  webhookUnset: 'Alarms stay on this desk.',
  set: 'Set the address',
  remove: 'Remove',
  test: 'Send a test',
  tested: 'The receiver has taken the test.',
  notTested: (reason: string): string => `The test did not arrive: ${reason}`,
  notSet: (reason: string): string => `The address was not set: ${reason}`,
  secret: 'The secret its receiver checks signatures with; it is shown this once:',
  fault: (reason: string): string => `The last delivery failed: ${reason}`,
  cases: 'Cases',
  noCases: 'No case was opened.',
  caseHint:
    'Each case is a folder with what was seen, byte for byte, and its checksums. The terminal shows it whole: kontor case show, with its name.',
  caseEvents: (n: Count): string => (n.count === 1 ? '1 event' : `${n.text} events`),
  caseSays: (n: Count): string =>
    n.count === 1 ? '1 piece of evidence' : `${n.text} pieces of evidence`,
  unreviewed: 'Orders that this desk did not make',
  unreviewedHint:
    'If you placed them yourself, an owner can say so with a passkey; the signer shows the very orders first. If you did not, delete the key at the exchange now.',
  markOwn: 'They are mine',
  notMarked: (reason: string): string => `The orders were not marked: ${reason}`,
  kinds: {
    foreignOrder: (fact: AlarmFact): string =>
      `An order that this desk did not send is at your account: ${order(fact)}.`,
    foreignTrade: (fact: AlarmFact): string =>
      `A trade that this desk did not make: ${order(fact)}.`,
    forgedTag: (fact: AlarmFact): string =>
      `An order bears this desk’s mark and was not signed here: ${fact('clientOrderId')}, ${order(fact)}.`,
    cancelledByOthers: (fact: AlarmFact): string =>
      `Someone else took an order of this desk off the book: ${fact('clientOrderId')} on ${fact('symbol')}.`,
    balanceUnexplained: (fact: AlarmFact): string =>
      `Your balance of ${fact('asset')} changed by ${fact('difference')}, and nothing the desk knows of explains it. It may be a deposit, a withdrawal, a transfer, a conversion or dust, or a trade on a pair that could not be read.`,
    streamGap: (fact: AlarmFact): string =>
      `The account stream is silent: ${fact('reason')}. What happens at the account is seen later.`,
    sourcesDisagree: (fact: AlarmFact): string =>
      `Two sources of the exchange contradict each other about ${fact('clientOrderId')}: the stream says ${fact('stream')}, the list says ${fact('list')}.`,
    issuerRefused: (fact: AlarmFact): string =>
      `The certificate of ${fact('host')} comes from ${fact('found')}, expected ${fact('expected')}. Nothing is sent there, and nothing can be cancelled through the desk, until you decide at the terminal with kontor connect pins.`,
    pricesDisagree: (fact: AlarmFact): string =>
      `Two prices of ${fact('symbol')} contradict each other: ${fact('low')} and ${fact('high')}. The policy refuses orders there.`,
    pricesSilent: (fact: AlarmFact): string =>
      `No price of ${fact('symbol')} has come by ${fact('sources')} for ${fact('seconds')} s. The policy refuses orders there.`,
    dataLate: (fact: AlarmFact): string =>
      `What ${fact('venue')} says is late: ${fact('what')} by ${fact('seconds')} s. Either a clock is wrong or someone holds it back.`,
    notificationFailed: (fact: AlarmFact): string =>
      `Alarms do not get out by ${fact('channel')}: ${fact('reason')}.`,
    connectionExpiring: (fact: AlarmFact): string =>
      `The connection ${fact('name')} ends in ${daysText(Number(fact('days')))}: make a new key.`,
    connectionExpired: (fact: AlarmFact): string =>
      `The connection ${fact('name')} has ended: it opens no risk.`,
    rightsChanged: (fact: AlarmFact): string =>
      `The rights of the key of ${fact('name')} are not what they were: ${rightsOf(fact('reason'), RIGHTS)}.`,
    bindNotReal: (fact: AlarmFact): string =>
      `The exchange took the key of ${fact('name')} from an address that is not on its list: the list does not hold. Look at the list on the exchange’s page, and make a new key.`,
    rightsUnknown: (fact: AlarmFact): string =>
      `What the key of ${fact('name')} may do could not be checked: it signs no new risk until then.`,
    connectionFrozen: (fact: AlarmFact): string =>
      `The connection ${fact('name')} is frozen: ${fact('reason')}.`,
    splitView: (fact: AlarmFact): string =>
      `The log was shown to the witness ${fact('name')} otherwise than it stands here: another history of ${fact('theirs')} entries, under the log’s own signature.`,
    logRolledBack: (fact: AlarmFact): string =>
      `The log was cut back: the witness ${fact('name')} has seen ${fact('theirs')} entries, here are ${fact('ours')}.`,
    witnessSilent: (fact: AlarmFact): string => `The witness ${fact('name')} does not answer.`,
    anchorStale: (fact: AlarmFact): string =>
      `The time-stamping authority ${fact('name')} has not dated the log for three days.`,
    orderHeld: (fact: AlarmFact): string =>
      `An order waits for you: ${order(fact)}. The line ${fact('line')} of the policy holds it; release or drop it on the page Policy.`,
    canaryUsed: (fact: AlarmFact): string =>
      `A key that exists only to be stolen was used: ${fact('name')}. Someone is in your systems.`,
    canaryUnwatched: (fact: AlarmFact): string =>
      `A canary cannot be watched, so its use would ring no alarm: ${fact('reason')}.`,
    vaultLocked: (fact: AlarmFact): string =>
      `The vault has been locked for ${fact('minutes')} minutes: no bot acts and nothing can be cancelled. Open it where the desk was started, or here.`,
    clonedSite: (fact: AlarmFact): string =>
      fact('site') === ''
        ? 'Copies of this desk’s pages are said to stand at more sites than are named here. Anybody can say so. Type in nothing but at the address that you know, and tell those who use the desk.'
        : `A copy of this desk’s pages was shown at ${fact('site')}, perhaps to catch those who log in there. Type in nothing there, and tell those who use the desk.`,
  },
};

export type AlarmsText = typeof englishAlarms;
