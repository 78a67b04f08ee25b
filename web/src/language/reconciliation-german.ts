// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about comparing itself with the exchange.

import type { FindingSentences, FindingText } from './finding-text.ts';
import type { englishReconciliation } from './reconciliation-english.ts';

const order = (of: FindingText): string =>
  `${of.isBuy ? 'Kauf' : 'Verkauf'} von ${of.number('quantity')} zu ${of.number('price')} auf ${of.value('symbol')}`;

const END: Readonly<Record<string, string>> = {
  cancelled: 'storniert',
  expired: 'verfallen',
  filled: 'ausgeführt',
  rejected: 'abgelehnt',
  open: 'offen',
};

/** Warum eine Einzahlung ungemeldet geblieben sein kann. */
const BLIND: Readonly<Record<string, string>> = {
  start:
    ' Der Desk lief zeitweise nicht: Ein- und Auszahlungen aus dieser Zeit werden nicht nachgemeldet.',
  stream:
    ' Der Kontostrom war zeitweise aus: Ein- und Auszahlungen aus dieser Zeit werden nicht nachgemeldet.',
};

const end = (state: string): string => END[state] ?? state;

export const germanFindings: FindingSentences = {
  orphanFound: (of) =>
    `An der Börse liegt eine Order mit der Kennung dieses Desks, von der er nichts weiß: ${order(of)} (${of.value('clientOrderId')}). Übernehmen oder stornieren.`,
  orphanFilled: (of) =>
    `Eine Order mit der Kennung dieses Desks, von der er nichts weiß, hat ${of.number('filled')} gehandelt: ${order(of)} (${of.value('clientOrderId')}). Kein Bot rechnet mit diesen Coins.`,
  orphanEnded: (of) =>
    `Die unbekannte Order (${order(of)}) ist ${end(of.value('end'))}; der Desk war das nicht.`,
  orphanAdopted: (of) =>
    of.value('by') === 'deal'
      ? `Die unbekannte Order (${order(of)}) gehört jetzt zu Deal ${of.value('deal')}.`
      : `Die unbekannte Order (${order(of)}) bleibt und wird bis zu ihrem Ende verfolgt.`,
  orphanCancelled: (of) => `Die unbekannte Order (${order(of)}) ist storniert, wie gewünscht.`,
  foreignTrade: (of) =>
    `Jemand anderes hat auf diesem Konto gehandelt: ${order(of)}, davon ${of.number('filled')} ausgeführt. Wenn Sie das nicht waren, sehen Sie jetzt an der Börse nach.`,
  transfer: (of) =>
    of.value('amount').startsWith('-')
      ? `${of.number('amount')} ${of.value('asset')} haben das Konto verlassen (Auszahlung oder Übertrag).`
      : `${of.number('amount')} ${of.value('asset')} sind auf dem Konto eingegangen (Einzahlung oder Übertrag).`,
  balanceUnexplained: (of) =>
    `${of.value('asset')}: erwartet ${of.number('expected')}, vorhanden ${of.number('found')}. Weder eigene Ausführungen noch fremde Trades noch Überträge erklären die Differenz von ${of.number('difference')}.${BLIND[of.value('reason')] ?? ''}`,
  balanceExplained: (of) =>
    `${of.value('asset')}: Späte Nachrichten erklären eine frühere Differenz von ${of.number('difference')}.`,
  orderRevived: (of) =>
    `Der Desk hielt ${of.value('clientOrderId')} für ${end(of.value('believed'))}${of.value('rule') === '' ? '' : ` (${of.value('rule')})`}, an der Börse ist sie ${end(of.value('found'))}. Sie wird wieder verfolgt und storniert, denn ihr Deal ist ohne sie weitergegangen.`,
  orderMissed: (of) =>
    `Was mit ${of.value('clientOrderId')} geschah, zeigte erst der Vergleich; der Kontostrom hatte es nicht gemeldet.`,
  orderCancelledByOthers: (of) =>
    `${of.value('clientOrderId')} auf ${of.value('symbol')} ist nicht mehr im Buch, ohne dass der Desk es wollte (${end(of.value('end'))}). Ihr Bot stellt sie neu, wo sie gebraucht wird.`,
  namesake: (of) =>
    `Die Börse hat unter ${of.value('clientOrderId')} eine Order, die älter ist als unsere. Unsere kam nie an; die ältere zählt nicht.`,
  restoreNoticed: (of) =>
    `Dieser Speicher ist älter als seine Orders (${of.value('clientOrderId')} fehlt darin): Er stammt aus einer Sicherung. Orders, die seit ihr gesendet wurden, stehen unten; neue Orders bekommen neue Namen.`,
  otherDeskNoticed: (of) =>
    `Unter den Namen dieses Desks erschien eine Order, die er nicht gesendet hat (${of.value('clientOrderId')}). Läuft anderswo eine Kopie dieses Desks? Neue Orders bekommen neue Namen.`,
  streamDown: (of) => `Der Kontostrom endete: ${of.value('reason')}. Er wird wieder geöffnet.`,
  streamDeaf: (of) =>
    `Der Kontostrom stand und meldete nicht, was mit ${of.value('clientOrderId')} geschah. Er wird neu geöffnet.`,
  sweepFailed: (of) =>
    `Der Desk kann sich nicht mit der Börse vergleichen (${of.value('what')}): ${of.value('reason')}`,
  startedUnchecked: (of) =>
    `Die Bots begannen, bevor der Desk sich mit der Börse vergleichen konnte: ${of.value('reason')}`,
  questionRefused: (of) =>
    `Eine Frage nach ${of.value('about')} wird verweigert: ${of.value('reason')} Sie wird jede Minute neu gestellt.`,
};

export const germanReconciliation: typeof englishReconciliation = {
  title: 'Vergleich mit der Börse',
  sweptAt: 'Zuletzt verglichen',
  never: 'noch nicht',
  sweep: 'Jetzt vergleichen',
  sweeping: 'Der Desk vergleicht sich mit der Börse.',
  fault: (reason) => `Der letzte Vergleich ist gescheitert: ${reason}`,
  orphans: 'Orders, die der Desk nicht kennt',
  orphansHint:
    'Sie tragen die Kennung dieses Desks, und sein Speicher weiß nichts von ihnen. Mit ihnen geschieht nichts, bis Sie entscheiden.',
  noOrphans: 'Keine. Jede Order mit der Kennung dieses Desks ist ihm bekannt.',
  filled: 'Ausgeführt',
  state: {
    shown: 'Wartet auf Sie',
    adopted: 'Übernommen',
    cancelled: 'Storniert',
    gone: 'Beendet',
  },
  orderState: {
    open: 'offen',
    filled: 'ausgeführt',
    cancelled: 'storniert',
    expired: 'verfallen',
  },
  reason: {
    olderStore: 'nach der Sicherung gesendet, aus der dieser Speicher stammt',
    unknownBot: 'nennt einen Bot, den dieser Desk nicht hat',
    unknownForm: 'trägt die Kennung in einer Form, die kein Bot schreibt',
    unknownOrder: 'nennt einen Bot, der sie nie gesendet hat',
  },
  buy: 'Kauf',
  sell: 'Verkauf',
  adopt: 'Übernehmen',
  cancel: 'Zum Stornieren halten',
  cancelArmed: 'Zum Stornieren noch einmal drücken',
  adopted: (id) => `${id} bleibt und wird bis zum Ende verfolgt.`,
  cancelled: (id) => `${id} ist nicht mehr im Buch.`,
  endedSo: (id, state) => `${id} ist schon ${state}.`,
  notAdopted: (id, reason) => `${id} konnte nicht übernommen werden: ${reason}`,
  notCancelled: (id, reason) => `${id} konnte nicht storniert werden: ${reason}`,
  notSwept: (reason) => `Der Desk hat den Wunsch nicht angenommen: ${reason}`,
  foreign: 'Orders anderer',
  foreignHint: 'Auf demselben Konto und nicht von diesem Desk: Sie werden gezeigt und nie berührt.',
  noForeign: 'Es liegt keine.',
  moreForeign: (count) => `und ${count} weitere`,
  findings: 'Befunde',
  noFindings: 'Es gab nichts, das ein Wort braucht.',
  times: (count) => `${count}-mal`,
};
