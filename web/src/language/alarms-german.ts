// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about alarms.

import { rightsOf, type AlarmFact, type AlarmsText } from './alarms-english.ts';

const order = (fact: AlarmFact): string =>
  `${fact('side') === 'buy' ? 'Kauf' : 'Verkauf'} von ${fact('quantity')} ${fact('symbol')} zu ${fact('price')}`;

const RIGHTS: Readonly<Record<string, string>> = {
  withdrawals: 'er darf auszahlen',
  internalTransfer: 'er darf an andere Konten übertragen',
  universalTransfer: 'er darf zwischen Ihren Konten übertragen',
  unknownTransfer: 'er darf Geld auf eine Weise bewegen, die diese Version nicht kennt',
  margin: 'er darf auf Margin handeln',
  futures: 'er darf Futures handeln',
  options: 'er darf Optionen handeln',
  portfolioMargin: 'er darf auf Portfolio-Margin handeln',
  rightAppeared: 'er hat ein Recht, das er vorher nicht hatte',
  ipListVanished: 'seine Adressliste fehlt',
  createTimeChanged: 'die Börse nennt eine andere Zeit, zu der er entstand',
};

function daysOf(days: string): string {
  if (days === '0') return 'weniger als einem Tag';
  return days === '1' ? '1 Tag' : `${days} Tagen`;
}

export const germanAlarms: AlarmsText = {
  title: 'Alarme',
  raised: 'Was gemeldet wurde',
  none: 'Kein Alarm.',
  noneHint: 'Was der Desk sofort sagen muss, steht hier und über jeder Seite.',
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
  caseHint:
    'Jeder Fall ist ein Ordner mit dem Gesehenen, Byte für Byte, und seinen Prüfsummen. Ganz zeigt ihn das Terminal: kontor case show, mit seinem Namen.',
  caseEvents: (n) => (n.count === 1 ? '1 Ereignis' : `${n.text} Ereignisse`),
  caseSays: (n) => (n.count === 1 ? '1 Beweisstück' : `${n.text} Beweisstücke`),
  unreviewed: 'Orders, die dieser Desk nicht gemacht hat',
  unreviewedHint:
    'Haben Sie sie selbst aufgegeben, sagt das ein Eigentümer mit einem Passkey; der Signer zeigt vorher genau diese Orders. Haben Sie es nicht, löschen Sie jetzt den Schlüssel bei der Börse.',
  markOwn: 'Das sind meine',
  notMarked: (reason) => `Die Orders wurden nicht markiert: ${reason}`,
  kinds: {
    foreignOrder: (fact) =>
      `Auf Ihrem Konto liegt eine Order, die dieser Desk nicht gesendet hat: ${order(fact)}.`,
    foreignTrade: (fact) => `Ein Geschäft, das dieser Desk nicht gemacht hat: ${order(fact)}.`,
    forgedTag: (fact) =>
      `Eine Order trägt das Zeichen dieses Desks und wurde hier nicht unterschrieben: ${fact('clientOrderId')}, ${order(fact)}.`,
    cancelledByOthers: (fact) =>
      `Jemand anderes hat eine Order dieses Desks aus dem Buch genommen: ${fact('clientOrderId')} auf ${fact('symbol')}.`,
    balanceUnexplained: (fact) =>
      `Ihr Guthaben an ${fact('asset')} hat sich um ${fact('difference')} geändert, und nichts, was der Desk weiß, erklärt es. Es kann eine Einzahlung, Auszahlung, Überweisung, Umwandlung oder Staub sein, oder ein Geschäft auf einem Paar, das nicht gelesen werden konnte.`,
    streamGap: (fact) =>
      `Der Kontostrom ist stumm: ${fact('reason')}. Was auf dem Konto geschieht, wird später gesehen.`,
    sourcesDisagree: (fact) =>
      `Zwei Quellen der Börse widersprechen sich über ${fact('clientOrderId')}: Der Strom sagt ${fact('stream')}, die Liste sagt ${fact('list')}.`,
    issuerRefused: (fact) =>
      `Das Zertifikat von ${fact('host')} kommt von ${fact('found')}, erwartet wurde ${fact('expected')}. Dorthin wird nichts gesendet, und über den Desk lässt sich nichts stornieren, bis Sie am Terminal mit kontor connect pins entscheiden.`,
    pricesDisagree: (fact) =>
      `Zwei Preise von ${fact('symbol')} widersprechen sich: ${fact('low')} und ${fact('high')}. Die Policy lehnt dort Orders ab.`,
    pricesSilent: (fact) =>
      `Seit ${fact('seconds')} s kommt kein Preis von ${fact('symbol')} über ${fact('sources')}. Die Policy lehnt dort Orders ab.`,
    dataLate: (fact) =>
      `Was ${fact('venue')} sagt, kommt verspätet: ${fact('what')} um ${fact('seconds')} s. Entweder geht eine Uhr falsch, oder jemand hält es zurück.`,
    notificationFailed: (fact) =>
      `Alarme kommen über ${fact('channel')} nicht hinaus: ${fact('reason')}.`,
    connectionExpiring: (fact) =>
      `Die Verbindung ${fact('name')} endet in ${daysOf(fact('days'))}: Machen Sie einen neuen Schlüssel.`,
    connectionExpired: (fact) =>
      `Die Verbindung ${fact('name')} ist abgelaufen: Sie geht kein Risiko mehr ein.`,
    rightsChanged: (fact) =>
      `Die Rechte des Schlüssels von ${fact('name')} sind nicht mehr, was sie waren: ${rightsOf(fact('reason'), RIGHTS)}.`,
    bindNotReal: (fact) =>
      `Die Börse nahm den Schlüssel von ${fact('name')} von einer Adresse an, die nicht auf seiner Liste steht: Die Liste greift nicht. Sehen Sie sich die Liste auf der Seite der Börse an und erzeugen Sie einen neuen Schlüssel.`,
    rightsUnknown: (fact) =>
      `Was der Schlüssel von ${fact('name')} darf, ließ sich nicht prüfen: Bis dahin signiert er kein neues Risiko.`,
    connectionFrozen: (fact) =>
      `Die Verbindung ${fact('name')} ist eingefroren: ${fact('reason')}.`,
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
      `Ein Kanarienvogel lässt sich nicht beobachten; würde er benutzt, käme kein Alarm: ${fact('reason')}.`,
    vaultLocked: (fact) =>
      `Der Tresor ist seit ${fact('minutes')} Minuten verschlossen: Kein Bot handelt, und nichts lässt sich stornieren. Öffnen Sie ihn dort, wo der Desk gestartet wurde, oder hier.`,
    clonedSite: (fact) =>
      fact('site') === ''
        ? 'Kopien der Seiten dieses Desks sollen unter mehr Adressen stehen, als hier genannt sind. Behaupten kann das jeder. Geben Sie nur unter der Adresse etwas ein, die Sie kennen, und sagen Sie es allen, die hier arbeiten.'
        : `Eine Kopie der Seiten dieses Desks wurde unter ${fact('site')} gezeigt, vielleicht als Falle für alle, die sich dort anmelden. Geben Sie dort nichts ein, und sagen Sie es allen, die hier arbeiten.`,
  },
};
