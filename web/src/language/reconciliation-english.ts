// SPDX-License-Identifier: Apache-2.0
// What the desk says in English about comparing itself with the exchange.

import type { FindingSentences, FindingText } from './finding-text.ts';

const order = (of: FindingText): string =>
  `${of.isBuy ? 'buy' : 'sell'} of ${of.number('quantity')} at ${of.number('price')} on ${of.value('symbol')}`;

const END: Readonly<Record<string, string>> = {
  cancelled: 'cancelled',
  expired: 'expired',
  filled: 'filled',
};

/** Why a deposit may have come without a word. */
const BLIND: Readonly<Record<string, string>> = {
  start:
    ' The desk was not running for a while: deposits and withdrawals of that time are not told again.',
  stream:
    ' The account stream was out for a while: deposits and withdrawals of that time are not told again.',
};

export const englishFindings: FindingSentences = {
  orphanFound: (of) =>
    `An order with this desk’s mark rests at the exchange that the desk knows nothing of: ${order(of)} (${of.value('clientOrderId')}). Adopt it or cancel it.`,
  orphanFilled: (of) =>
    `An order with this desk’s mark that the desk knows nothing of has traded ${of.number('filled')}: ${order(of)} (${of.value('clientOrderId')}). No bot counts these coins.`,
  orphanEnded: (of) =>
    `The unknown ${order(of)} is ${END[of.value('end')] ?? of.value('end')}; the desk did not do that.`,
  orphanAdopted: (of) =>
    of.value('by') === 'deal'
      ? `The unknown ${order(of)} now belongs to deal ${of.value('deal')}.`
      : `The unknown ${order(of)} stays and is followed to its end.`,
  orphanCancelled: (of) => `The unknown ${order(of)} was cancelled as you asked.`,
  foreignTrade: (of) =>
    `Someone else traded on this account: ${order(of)}, of which ${of.number('filled')} traded. If that was not you, look at the exchange now.`,
  transfer: (of) =>
    of.value('amount').startsWith('-')
      ? `${of.number('amount')} ${of.value('asset')} left the account (withdrawal or transfer).`
      : `${of.number('amount')} ${of.value('asset')} came into the account (deposit or transfer).`,
  balanceUnexplained: (of) =>
    `${of.value('asset')}: ${of.number('expected')} was expected and ${of.number('found')} is there. Neither our fills nor trades of others nor transfers explain the difference of ${of.number('difference')}.${BLIND[of.value('reason')] ?? ''}`,
  balanceExplained: (of) =>
    `${of.value('asset')}: late news explain an earlier difference of ${of.number('difference')}.`,
  orderRevived: (of) =>
    `The desk believed ${of.value('clientOrderId')} ${of.value('believed')}${of.value('rule') === '' ? '' : ` (${of.value('rule')})`}, the exchange has it ${of.value('found')}. It is followed again and cancelled, for its deal has gone on without it.`,
  orderMissed: (of) =>
    `What happened to ${of.value('clientOrderId')} was found by comparing; the account stream had not told it.`,
  orderCancelledByOthers: (of) =>
    `${of.value('clientOrderId')} on ${of.value('symbol')} is off the book and the desk had not asked for it (${END[of.value('end')] ?? of.value('end')}). Its bot places it again where it is needed.`,
  namesake: (of) =>
    `The exchange has an order under ${of.value('clientOrderId')} that is older than ours. Ours never arrived; the older one counts for nothing.`,
  restoreNoticed: (of) =>
    `This store is older than its orders (${of.value('clientOrderId')} is not in it): it was restored from a copy. Orders sent since the copy are shown below; new orders get new names.`,
  otherDeskNoticed: (of) =>
    `An order under this desk’s names appeared that it did not send (${of.value('clientOrderId')}). Is a copy of this desk running elsewhere? New orders get new names.`,
  streamDown: (of) => `The account stream ended: ${of.value('reason')}. It is opened again.`,
  streamDeaf: (of) =>
    `The account stream was up and did not tell what happened to ${of.value('clientOrderId')}. It is opened anew.`,
  sweepFailed: (of) =>
    `The desk cannot compare itself with the exchange (${of.value('what')}): ${of.value('reason')}`,
  startedUnchecked: (of) =>
    `The bots began before the desk could compare itself with the exchange: ${of.value('reason')}`,
  questionRefused: (of) =>
    `A question about ${of.value('about')} is refused: ${of.value('reason')} It is put again every minute.`,
};

export const englishReconciliation = {
  title: 'Compared with the exchange',
  sweptAt: 'Last compared',
  never: 'not yet',
  sweep: 'Compare now',
  sweeping: 'The desk compares itself with the exchange.',
  fault: (reason: string): string => `The last comparison failed: ${reason}`,
  orphans: 'Orders the desk does not know',
  orphansHint:
    'They carry this desk’s mark, and its store knows nothing of them. Nothing happens to them until you decide.',
  noOrphans: 'None. Every order with this desk’s mark is one it knows.',
  filled: 'Filled',
  state: { shown: 'Waits for you', adopted: 'Adopted', cancelled: 'Cancelled', gone: 'Gone' },
  orderState: { open: 'open', filled: 'filled', cancelled: 'cancelled', expired: 'expired' },
  reason: {
    olderStore: 'sent after the copy this store was restored from',
    unknownBot: 'names a bot this desk does not have',
    unknownForm: 'carries the mark in a form no bot writes',
    unknownOrder: 'names a bot that never sent it',
  },
  buy: 'Buy',
  sell: 'Sell',
  adopt: 'Adopt',
  cancel: 'Hold to cancel',
  cancelArmed: 'Press again to cancel',
  adopted: (id: string): string => `${id} stays and is followed to its end.`,
  cancelled: (id: string): string => `${id} is off the book.`,
  endedSo: (id: string, state: string): string => `${id} is ${state} already.`,
  notAdopted: (id: string, reason: string): string => `${id} could not be adopted: ${reason}`,
  notCancelled: (id: string, reason: string): string => `${id} could not be cancelled: ${reason}`,
  notSwept: (reason: string): string => `The desk did not take the request: ${reason}`,
  foreign: 'Orders of others',
  foreignHint: 'On the same account and not this desk’s: they are shown and never touched.',
  noForeign: 'None rests.',
  moreForeign: (count: string): string => `and ${count} more`,
  findings: 'Findings',
  noFindings: 'Nothing was found that needs a word.',
  times: (count: string): string => `${count} times`,
};
