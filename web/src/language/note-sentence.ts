// SPDX-License-Identifier: Apache-2.0
// From an event of a deal, which is data, to a sentence in the reader's language.

import { ORDER_PURPOSES, type DealNoteKind, type OrderPurpose } from '@kontor/core';

import type { Instrument, Note } from '../api/types.ts';
import { amountDecimals, signOf } from '../number/format.ts';
import type { Catalogue } from './english.ts';
import type { Language } from './languages.ts';
import type { NoteText } from './note-text.ts';
import { reasonText, refuserText } from './reason.ts';

/** The values without which a kind's own sentence would have holes; then the general one is used. */
const NEEDS: Readonly<Record<DealNoteKind, readonly string[]>> = {
  dealStarted: ['symbol', 'last'],
  orderPlacing: ['order', 'price', 'quantity', 'volume'],
  orderFilled: ['order', 'side', 'price', 'quantity', 'volume'],
  orderCancelling: ['order', 'price', 'quantity'],
  orderCancelled: ['order', 'price'],
  orderRejected: ['order', 'price', 'quantity', 'by', 'rule', 'reason'],
  averageChanged: ['average', 'held', 'cost'],
  stopLossTriggered: ['last', 'stopLoss'],
  stopLossTimedOut: ['stopLoss', 'seconds'],
  closeTimedOut: ['seconds'],
  closeRequested: [],
  cancelRequested: [],
  dealCompleted: ['outcome', 'profit', 'profitPercent', 'seconds'],
  dealCancelled: ['reason', 'kept'],
  dealFailed: ['reason'],
  dealPaused: ['order', 'reason', 'until'],
  riskChanged: ['from', 'to'],
  rebalanceStarted: ['worth', 'cash', 'off'],
  rebalanceShort: ['cash', 'free'],
  rebalancePaused: ['until'],
  signalRefused: ['symbol', 'action', 'reason'],
  safetyOrderSignalled: ['number', 'price'],
  closeSignalled: ['profitPercent'],
  botStopped: ['reason'],
  settingsChanged: ['fields'],
  entryTriggered: ['order', 'price'],
  entryTrailing: ['order', 'price'],
  entryForced: ['order'],
  entryEnded: ['order', 'reason', 'filled'],
  trailingStarted: ['order', 'price'],
  takeProfitTriggered: ['order', 'price'],
  stopMoved: ['stopLoss'],
  stopBreached: ['price', 'stopLoss', 'until'],
  stopRecovered: ['price', 'stopLoss'],
  stopTakenByExchange: ['stopLoss', 'price'],
  stopWatchedByDesk: ['stopLoss', 'reason', 'until'],
  stepCancelled: ['order'],
  stepClosing: ['order'],
  dealEdited: ['fields'],
  commandRefused: ['command', 'reason'],
  signalTaken: ['symbol', 'action'],
  gridLaid: ['price', 'buyLines', 'sellLines', 'emptyLine'],
  gridLineClosed: ['number', 'buyPrice', 'sellPrice', 'profit', 'lines'],
  gridMoved: ['direction', 'how', 'lowest', 'highest'],
  gridStopReached: ['last', 'price', 'stop', 'action'],
};

/** What a glance at the latest events needs; the rest is in the deal's own stream. */
const NOTABLE: ReadonlySet<string> = new Set<DealNoteKind>([
  'dealStarted',
  'orderFilled',
  'orderRejected',
  'stopLossTriggered',
  'stopLossTimedOut',
  'closeTimedOut',
  'closeRequested',
  'cancelRequested',
  'dealCompleted',
  'dealCancelled',
  'dealFailed',
  'dealPaused',
  'riskChanged',
  'rebalanceShort',
  'rebalancePaused',
  'signalRefused',
  'botStopped',
  'settingsChanged',
  'entryTriggered',
  'entryEnded',
  'takeProfitTriggered',
  'stopMoved',
  'stopBreached',
  'stopRecovered',
  'stopTakenByExchange',
  'stopWatchedByDesk',
  'commandRefused',
  'signalTaken',
  'gridLaid',
  'gridLineClosed',
  'gridMoved',
  'gridStopReached',
]);

/** Kinds this page has no sentence for count as notable: they are new. */
export function isNotable(note: Note): boolean {
  return NOTABLE.has(note.kind) || !(note.kind in NEEDS);
}

/**
 * The sentence of `note`. A kind without a sentence of its own, or one that lacks values, is told by naming
 * everything it carries.
 */
export function noteSentence(
  note: Note,
  instrument: Instrument | null,
  language: Language,
): string {
  const kind = isKnownKind(note.kind) ? note.kind : null;
  if (kind === null || NEEDS[kind].some((key) => note.values[key] === undefined)) {
    return generalSentence(note);
  }
  return language.text.notes[kind](toNoteText(note, instrument, language));
}

function generalSentence(note: Note): string {
  const kind = note.kind.replace(
    /([a-z])([A-Z])/g,
    (_, left: string, right: string) => `${left} ${right.toLowerCase()}`,
  );
  const values = Object.entries(note.values).map(([key, value]) => `${key} ${value}`);
  const first = kind.charAt(0).toUpperCase() + kind.slice(1);
  return values.length === 0 ? `${first}.` : `${first}: ${values.join(', ')}.`;
}

function isKnownKind(kind: string): kind is DealNoteKind {
  return kind in NEEDS;
}

function toNoteText(note: Note, instrument: Instrument | null, language: Language): NoteText {
  const { text, format } = language;
  const value = (key: string): string => note.values[key] ?? '';
  const number = (key: string, decimals: number | undefined, unit: string | undefined): string => {
    const found = value(key);
    if (!/^-?\d+(\.\d+)?$/.test(found)) return found;
    const shown = decimals === undefined ? format.exact(found) : format.decimal(found, decimals);
    return unit === undefined ? shown : `${shown} ${unit}`;
  };
  const price = (key: string): string => number(key, instrument?.priceDecimals, undefined);
  const quantity = (key: string): string =>
    number(key, instrument?.quantityDecimals, instrument?.baseAsset);
  const quoteDecimals =
    instrument === null
      ? undefined
      : amountDecimals(instrument.quoteAsset, instrument.priceDecimals);
  const money = (key: string): string => number(key, quoteDecimals, instrument?.quoteAsset);
  const purpose = toPurpose(value('order'));
  const order = orderWords(purpose, value('number'), text);
  const profit = money('profit');
  const until = Number(value('until'));
  return {
    purpose: purpose ?? 'baseOrder',
    order,
    orderFirst: order.charAt(0).toUpperCase() + order.slice(1),
    isBuy: value('side') === 'buy',
    isPartial: value('orderQuantity') !== '' && value('filled') !== value('orderQuantity'),
    hasFills: /[1-9]/.test(value('filled')),
    isExpired: value('end') === 'expired',
    isAsked: value('asked') === 'yes',
    outcome: toOutcome(value('outcome')),
    isUsualEnd: isUsualEnd(value('reason')),
    isShort: value('direction') === 'short',
    watched: watchedWord(value('source'), text),
    profitBase: quantity('profitBase'),
    missing: quantity('missing'),
    symbol: value('symbol'),
    last: price('last'),
    price: price('price'),
    quantity: quantity('quantity'),
    volume: money('volume'),
    filled: quantity('filled'),
    orderQuantity: quantity('orderQuantity'),
    by: refuserText(value('by'), text),
    rule: value('rule'),
    reason: reasonText(value('reason'), language),
    average: price('average'),
    takeProfit: price('takeProfit'),
    stopLoss: price('stopLoss'),
    takeProfitSteps: value('steps'),
    held: quantity('held'),
    cost: money('cost'),
    profit: signOf(value('profit')) > 0 ? `+${profit}` : profit,
    profitPercent: /^-?\d+(\.\d+)?$/.test(value('profitPercent'))
      ? format.percent(value('profitPercent'))
      : value('profitPercent'),
    kept: quantity('kept'),
    safetyOrders: value('safetyOrders'),
    action: actionWord(value('action'), text),
    readings: value('readings'),
    number: value('number'),
    fields: value('fields'),
    command: commandWord(value('command'), text),
    worth: money('worth'),
    cash: money('cash'),
    free: money('free'),
    off: value('off'),
    from: riskWord(value('from'), text),
    to: riskWord(value('to'), text),
    duration: format.duration(Number(value('seconds')) * 1000 || 0),
    until: Number.isFinite(until) && until > 0 ? format.clock(until) : value('until'),
    grid: {
      buyLines: value('buyLines'),
      sellLines: value('sellLines'),
      emptyLine: price('emptyLine'),
      coins: quantity('coins'),
      money: money('money'),
      buyPrice: price('buyPrice'),
      sellPrice: price('sellPrice'),
      profitBase: /[1-9]/.test(value('profitBase')) ? quantity('profitBase') : '',
      lines: value('lines'),
      isUp: value('direction') === 'up',
      isTrailing: value('how') === 'trailing',
      lowest: price('lowest'),
      highest: price('highest'),
      stop: toStop(value('stop')),
      action: toStopAction(value('action')),
    },
  };
}

function toPurpose(text: string): OrderPurpose | null {
  return ORDER_PURPOSES.find((purpose) => purpose === text) ?? null;
}

/** Whether the outcome alone says why a deal ended. */
function isUsualEnd(reason: string): boolean {
  return ['', 'take profit', 'stop loss', 'closed by command'].includes(reason);
}

function toOutcome(text: string): NoteText['outcome'] {
  return text === 'stopLoss' || text === 'closed' ? text : 'completed';
}

function toStop(text: string): NoteText['grid']['stop'] {
  return text === 'lowerStop' || text === 'upperStop' ? text : 'takeProfit';
}

function toStopAction(text: string): NoteText['grid']['action'] {
  return text === 'stopAndSell' || text === 'stopAndBuy' ? text : 'stop';
}

function orderWords(purpose: OrderPurpose | null, number: string, text: Catalogue): string {
  if (purpose === null) return text.noteWords.unknownOrder;
  if (purpose === 'safetyOrder' && number !== '') return text.noteWords.safetyOrderNumber(number);
  if (purpose === 'gridLine' && number !== '') return text.noteWords.gridLineNumber(number);
  if (purpose === 'takeProfit' && number !== '') return text.noteWords.takeProfitNumber(number);
  if (purpose === 'entry' && number !== '') return text.noteWords.entryNumber(number);
  return text.noteWords[purpose];
}

function actionWord(action: string, { noteWords }: Catalogue): string {
  switch (action) {
    case 'start':
      return noteWords.actionStart;
    case 'safetyOrder':
      return noteWords.actionSafetyOrder;
    case 'close':
      return noteWords.actionClose;
    case 'enterLong':
      return noteWords.actionEnterLong;
    case 'exitLong':
      return noteWords.actionExitLong;
    case 'enterShort':
      return noteWords.actionEnterShort;
    case 'exitShort':
      return noteWords.actionExitShort;
    case 'reverse':
      return noteWords.actionReverse;
    case 'disable':
      return noteWords.actionDisable;
    default:
      return action;
  }
}

function commandWord(command: string, { noteWords }: Catalogue): string {
  switch (command) {
    case 'addFunds':
      return noteWords.commandAddFunds;
    case 'reduceFunds':
      return noteWords.commandReduceFunds;
    case 'cancelOrder':
      return noteWords.commandCancelOrder;
    case 'closeStep':
      return noteWords.commandCloseStep;
    case 'cancelStep':
      return noteWords.commandCancelStep;
    case 'forceEntry':
      return noteWords.commandForceEntry;
    case 'editDeal':
      return noteWords.commandEditDeal;
    case 'editSettings':
      return noteWords.commandEditSettings;
    case 'handOverDeal':
      return noteWords.commandHandOver;
    default:
      return command;
  }
}

function watchedWord(source: string, { noteWords }: Catalogue): string {
  switch (source) {
    case 'bid':
      return noteWords.watchedBid;
    case 'ask':
      return noteWords.watchedAsk;
    default:
      return noteWords.watchedLast;
  }
}

function riskWord(risk: string, { noteWords }: Catalogue): string {
  switch (risk) {
    case 'active':
      return noteWords.riskActive;
    case 'reducing':
      return noteWords.riskReducing;
    case 'halted':
      return noteWords.riskHalted;
    default:
      return risk;
  }
}
