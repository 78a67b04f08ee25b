// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about alarms.

import type { AlarmFact, AlarmsText } from './alarms-english.ts';

const order = (fact: AlarmFact): string =>
  `${fact('side') === 'buy' ? 'Kauf' : 'Verkauf'} von ${fact('quantity')} ${fact('symbol')} zu ${fact('price')}`;

/** What froze a connection comes in the desk's own words. */
const FREEZE_REASONS: Readonly<Record<string, string>> = {
  'by the terminal': 'vom Terminal aus',
  'by a person': 'von einer Person',
  'someone else seems to be at work at the account': 'Jemand anderes scheint am Konto zu handeln',
};

export const germanAlarms: AlarmsText = {
  title: 'Alarme',
  raised: 'Was gemeldet wurde',
  none: 'Kein Alarm.',
  noneHint: 'Was das Desk sofort sagen muss, steht hier und über jeder Seite.',
  severity: { critical: 'Kritisch', warning: 'Warnung', notice: 'Hinweis' },
  state: { open: 'Wartet auf Sie', acknowledged: 'Gesehen', resolved: 'Vorbei' },
  acknowledge: 'Gesehen',
  notAcknowledged: (reason) => `Der Alarm wurde nicht vermerkt: ${reason}`,
  show: 'Zeigen',
  more: (count) => `Und ${count} weitere.`,
  times: (count) => `${count}-mal`,
  facts: 'Was gesehen wurde',
  connection: 'Verbindung',
  raisedAt: 'Gemeldet',
  keyPage: 'Schlüssel bei der Börse löschen',
  heldPage: 'Freigeben oder verwerfen',
  channels: 'Wege aus dem Desk',
  channelsHint:
    'Alarme gehen auch an eine Adresse, die Sie nennen, als JSON mit HMAC-SHA256 unterschrieben: https, oder http auf diesem Rechner.',
  webhook: 'Adresse des Webhooks',
  webhookSet: (address) => `Alarme gehen an ${address}.`,
  webhookUnset: 'Alarme bleiben auf diesem Desk.',
  set: 'Adresse setzen',
  remove: 'Entfernen',
  test: 'Probe senden',
  tested: 'Der Empfänger hat die Probe angenommen.',
  notTested: (reason) => `Die Probe kam nicht an: ${reason}`,
  notSet: (reason) => `Die Adresse wurde nicht gesetzt: ${reason}`,
  secret:
    'Das Geheimnis, mit dem der Empfänger Unterschriften prüft; es wird nur dieses Mal gezeigt:',
  fault: (reason) => `Die letzte Zustellung schlug fehl: ${reason}`,
  cases: 'Fälle',
  noCases: 'Es wurde kein Fall angelegt.',
  caseHint: 'Jeder Fall ist ein Ordner mit dem Gesehenen, Byte für Byte, und seinen Prüfsummen.',
  caseSays: (pieces) => `${pieces} Beweisstücke`,
  unreviewed: 'Orders, die dieses Desk nicht gemacht hat',
  unreviewedHint:
    'Haben Sie sie selbst aufgegeben, sagt das ein Inhaber mit einem Passkey; der Signer zeigt vorher genau diese Orders. Haben Sie es nicht, löschen Sie jetzt den Schlüssel bei der Börse.',
  markOwn: 'Das sind meine',
  notMarked: (reason) => `Die Orders wurden nicht markiert: ${reason}`,
  kinds: {
    foreignOrder: (fact) =>
      `Auf Ihrem Konto liegt eine Order, die dieses Desk nicht gesendet hat: ${order(fact)}.`,
    foreignTrade: (fact) => `Ein Geschäft, das dieses Desk nicht gemacht hat: ${order(fact)}.`,
    forgedTag: (fact) =>
      `Eine Order trägt das Zeichen dieses Desks und wurde hier nicht unterschrieben: ${fact('clientOrderId')}, ${order(fact)}.`,
    cancelledByOthers: (fact) =>
      `Jemand anderes hat eine Order dieses Desks aus dem Buch genommen: ${fact('clientOrderId')} auf ${fact('symbol')}.`,
    balanceUnexplained: (fact) =>
      `Ihr Guthaben an ${fact('asset')} hat sich um ${fact('difference')} geändert, und nichts, was das Desk weiß, erklärt es. Es kann eine Einzahlung, Auszahlung, Überweisung, Umwandlung oder Staub sein, oder ein Geschäft auf einem Paar, das nicht gelesen werden konnte.`,
    streamGap: (fact) =>
      `Der Kontostrom ist stumm: ${fact('reason')}. Was auf dem Konto geschieht, wird später gesehen.`,
    sourcesDisagree: (fact) =>
      `Zwei Quellen der Börse widersprechen sich über ${fact('clientOrderId')}: Der Strom sagt ${fact('stream')}, die Liste sagt ${fact('list')}.`,
    issuerRefused: (fact) =>
      `Das Zertifikat von ${fact('host')} kommt von ${fact('found')}, erwartet wurde ${fact('expected')}. Dorthin wird nichts gesendet, und durch das Desk lässt sich nichts stornieren, bis Sie am Terminal mit kontor connect pins entscheiden.`,
    pricesDisagree: (fact) =>
      `Zwei Preise von ${fact('symbol')} widersprechen sich: ${fact('low')} und ${fact('high')}. Die Richtlinie lehnt dort Orders ab.`,
    pricesSilent: (fact) =>
      `Seit ${fact('seconds')} s kommt kein Preis von ${fact('symbol')} über ${fact('sources')}. Die Richtlinie lehnt dort Orders ab.`,
    dataLate: (fact) =>
      `Was ${fact('venue')} sagt, kommt verspätet: ${fact('what')} um ${fact('seconds')} s. Entweder geht eine Uhr falsch, oder jemand hält es zurück.`,
    notificationFailed: (fact) =>
      `Alarme kommen über ${fact('channel')} nicht hinaus: ${fact('reason')}.`,
    connectionExpiring: (fact) =>
      `Die Verbindung ${fact('name')} endet in ${fact('days')} Tagen: Machen Sie einen neuen Schlüssel.`,
    connectionExpired: (fact) =>
      `Die Verbindung ${fact('name')} ist abgelaufen: Sie geht kein Risiko mehr ein.`,
    rightsChanged: (fact) =>
      `Die Rechte des Schlüssels von ${fact('name')} sind nicht mehr, was sie waren: ${fact('reason')}.`,
    rightsUnknown: (fact) =>
      `Was der Schlüssel von ${fact('name')} darf, ließ sich nicht prüfen: Bis dahin signiert er kein neues Risiko.`,
    connectionFrozen: (fact) =>
      `Die Verbindung ${fact('name')} ist eingefroren: ${FREEZE_REASONS[fact('reason')] ?? fact('reason')}.`,
    splitView: (fact) =>
      `Das Log wurde dem Zeugen ${fact('name')} anders gezeigt, als es hier steht: eine andere Geschichte von ${fact('theirs')} Einträgen, unter der Unterschrift des Logs selbst.`,
    logRolledBack: (fact) =>
      `Das Log wurde gekürzt: Der Zeuge ${fact('name')} hat ${fact('theirs')} Einträge gesehen, hier stehen ${fact('ours')}.`,
    witnessSilent: (fact) => `Der Zeuge ${fact('name')} antwortet nicht.`,
    anchorStale: (fact) =>
      `Die Zeitstempelstelle ${fact('name')} hat das Log seit drei Tagen nicht datiert.`,
    orderHeld: (fact) =>
      `Eine Order wartet auf Sie: ${order(fact)}. Die Zeile ${fact('line')} der Policy hält sie; auf der Seite Policy geben Sie sie frei oder verwerfen sie.`,
    canaryUsed: (fact) =>
      `Ein Schlüssel, den es nur gibt, damit man ihn stiehlt, wurde benutzt: ${fact('name')}. Jemand ist in Ihren Systemen.`,
    canaryUnwatched: (fact) =>
      `Der Kanarienvogel ${fact('name')} lässt sich nicht beobachten; würde er benutzt, käme kein Alarm: ${fact('reason')}.`,
  },
};
