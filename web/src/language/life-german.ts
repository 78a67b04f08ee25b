// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about the life of a connection.

import type { LifeText } from './life-english.ts';

export const germanLife: LifeText = {
  state: {
    draft: 'Wartet auf Freischaltung',
    probing: 'Rechte nicht geprüft',
    active: 'Aktiv',
    expiring: 'Endet bald',
    expired: 'Abgelaufen',
    frozen: 'Eingefroren',
    quarantined: 'In Quarantäne',
    retired: 'Ausgemustert',
  },
  signs: {
    all: 'Alles, was die Policy erlaubt',
    reductions:
      'Ausstiege aus dem, was hier eröffnet wurde, Stornos und Abfragen; nichts, was Risiko hinzufügt',
    cancels: 'Nur Stornos und Abfragen',
    nothing: 'Nichts',
  },
  signsLabel: 'Wird jetzt signiert',
  grade: {
    A: 'A: Der Schlüssel entstand im Tresor und gilt nur von Ihren Adressen aus.',
    B: 'B: Die Börse kennt nur die öffentliche Hälfte, doch der Schlüssel gilt von überall oder entstand anderswo.',
    C: 'C: Die Börse kennt dieses Geheimnis auch, oder der Schlüssel entstand anderswo und gilt von überall.',
    D: 'D: abgelehnt. Die Börse erlaubt diesem Schlüssel, Geld abzuziehen.',
  },
  gradeUnknown: {
    own: 'Höchstens A. Der Signer nennt sie, sobald die Börse gesagt hat, was der Schlüssel darf.',
    shared: 'Höchstens C: Die Börse kennt dieses Geheimnis auch.',
  },
  checked: 'Rechte geprüft',
  neverChecked: 'noch nicht',
  check: 'Rechte jetzt prüfen',
  checkFailed: (reason) => `Die Rechte wurden nicht geprüft: ${reason}.`,
  addresses: 'Adressen',
  ipRestricted: 'Nur Ihre Liste',
  ipEvery: 'Jede Adresse',
  ipOpen: 'Jede Adresse; ein solcher Schlüssel endet nach 14 Tagen',
  bind: {
    label: 'Liste von anderswo erprobt',
    neverTried: 'Nie erprobt: Dass die Liste greift, sagt allein die Börse.',
    holds: (time) =>
      `Am ${time} hat sie gegriffen: Die Börse lehnte den Schlüssel von der zweiten Adresse ab.`,
    broken: 'Sie greift nicht.',
    notReal: (time) =>
      `Die Adressliste greift nicht: Am ${time} nahm die Börse den Schlüssel von einer Adresse an, die nicht auf der Liste stehen darf. Der Schlüssel zählt als einer, der von überall gilt. Sehen Sie sich die Liste auf der Seite der Börse an und erzeugen Sie einen neuen Schlüssel.`,
    doubt: (time, reason) => `Die Probe am ${time} ergab nichts: ${reason}.`,
    doubts: {
      noAnswer: () => 'über die zweite Adresse kam keine Antwort',
      otherAnswer: (words) => `die Börse sagte dort weder ja noch nein (${words})`,
      ordinaryRefused: (words) =>
        `gleich danach nahm die Börse den Schlüssel auch von der gewöhnlichen Adresse nicht an (${words})`,
    },
  },
  probe: 'Adressliste von anderswo erproben',
  probeWhat:
    'Ein Schlüssel, der an Ihre Adressen gebunden ist, darf von anderen aus nicht gelten. Ob die Börse sich daran hält, zeigt nur eine Probe: eine Abfrage von einer zweiten Adresse, einem Proxy, den Sie nennen, zwischen zweien von der gewöhnlichen.',
  probeConsent: (name) =>
    `Mit Ihrer Zustimmung gehen drei Abfragen des Kontos mit dem Schlüssel von ${name} an die Börse, signiert und im Log wie jede andere. Sie geben keine Order auf, ändern und bewegen nichts; der Proxy sieht den Namen der Börse und nie den Schlüssel. Wird die zweite angenommen, greift die Liste nicht: Die Stufe sinkt, der Schlüssel endet 14 Tage nach seiner Entstehung, und es gibt Alarm. Wird sie abgelehnt, hat die Liste in diesem Augenblick gegen diese Adresse gegriffen. Die zweite Adresse darf nicht auf der Liste stehen.`,
  probeSend: 'Abfragen senden',
  probeFailed: (reason) => `Die Liste wurde nicht erprobt: ${reason}.`,
  probeHow: (file, example) =>
    `Es ist keine zweite Adresse gesetzt. Schreiben Sie am Rechner des Desks einen Proxy in die Datei ${file} neben egress.json, im Ordner config des Datenverzeichnisses, etwa ${example}, und starten Sie den Desk neu; kontor connect probe --help sagt mehr.`,
  frozenBy: {
    person: 'eine Person im Desk',
    terminal: 'das Terminal',
    alarm: 'einen Alarm',
    other: 'den Desk',
  },
  frozenSince: (time, by) =>
    `Eingefroren seit ${time} durch ${by}. Was an der Börse liegt, bleibt dort; Ausstiege, Stornos und Abfragen gehen weiter.`,
  quarantinedSince: (time) =>
    `In Quarantäne seit ${time}: Der Schlüssel ist nicht mehr der, der geprüft wurde.`,
  faults: {
    withdrawals: 'Der Schlüssel darf auszahlen. Nehmen Sie ihm dieses Recht an der Börse sofort.',
    internalTransfer:
      'Der Schlüssel darf an andere Konten übertragen. Nehmen Sie ihm dieses Recht.',
    universalTransfer:
      'Der Schlüssel darf zwischen Ihren Konten übertragen. Nehmen Sie ihm dieses Recht.',
    unknownTransfer:
      'Der Schlüssel darf Geld auf eine Weise bewegen, die diese Version nicht kennt. Nehmen Sie ihm dieses Recht.',
    margin: 'Der Schlüssel darf auf Margin handeln. Nehmen Sie ihm dieses Recht.',
    futures: 'Der Schlüssel darf Futures handeln. Nehmen Sie ihm dieses Recht.',
    options: 'Der Schlüssel darf Optionen handeln. Nehmen Sie ihm dieses Recht.',
    portfolioMargin:
      'Der Schlüssel darf auf Portfolio-Margin handeln. Nehmen Sie ihm dieses Recht.',
    rightAppeared: 'Der Schlüssel hat ein Recht, das er vorher nicht hatte.',
    ipListVanished: 'Die Adressliste wurde vom Schlüssel genommen.',
    createTimeChanged: 'Die Börse nennt einen anderen Zeitpunkt, zu dem der Schlüssel entstand.',
  },
  thawHow: (command) =>
    `Ein Eigentümer taut sie mit einem Passkey auf. Ohne eingetragenen Eigentümer: den Desk anhalten und ${command} ausführen.`,
  thaw: 'Mit Passkey auftauen',
  freeze: 'Zum Einfrieren halten',
  freezeAgain: 'Zum Einfrieren noch einmal drücken',
  freezeWhat:
    'Ab dann wird kein neues Risiko signiert. Was an der Börse liegt, bleibt; Ausstiege, Stornos und Abfragen gehen weiter.',
  notThawed: (reason) => `Die Verbindung wurde nicht aufgetaut: ${reason}.`,
  notFrozen: (reason) => `Die Verbindung wurde nicht eingefroren: ${reason}.`,
  rotate: 'Schlüssel erneuern',
  newKey: 'Neuer Schlüssel',
  rotation: 'Ein neuer Schlüssel für diese Verbindung',
  rotationWhat: (name) =>
    `Der neue Schlüssel tritt an die Stelle dessen von ${name}, sobald die Börse ihn hat, seine Rechte geprüft sind und, wo jemand als Eigentümer eingetragen ist, ein Eigentümer ihn bestätigt hat. Bots und Policy bleiben, wie sie sind; der alte Schlüssel wird hier vernichtet. Löschen Sie ihn dann an der Börse.`,
  rotationWaits: 'Ein neuer Schlüssel wartet darauf, an der Börse eingetragen zu werden.',
  rotationUnconfirmed: 'Ein neuer Schlüssel ist benannt; die Börse hat ihn noch nicht bestätigt.',
  rotationGoOn: 'Weiter mit dem neuen Schlüssel',
  rotationDone: (name) =>
    `Der neue Schlüssel von ${name} ist in Gebrauch, der alte hier vernichtet. Löschen Sie den alten an der Börse.`,
  rotationChecked:
    'Der Schlüssel ist benannt. Er übernimmt, sobald seine Rechte geprüft sind; wo jemand als Eigentümer eingetragen ist, bestätigt das ein Eigentümer.',
  rotationReady:
    'Der neue Schlüssel ist geprüft und bereit. Bis ein Eigentümer ihn bestätigt, bleibt der alte in Gebrauch. Vergleichen Sie seine Kennung und seine öffentliche Hälfte mit der Seite Ihrer Börse: Der Schlüssel muss in Ihrem eigenen Konto stehen.',
  takeOver: 'Den neuen Schlüssel verwenden',
  notTakenOver: (reason) => `Der neue Schlüssel hat nicht übernommen: ${reason}.`,
  endsAt: {
    reductions: (time) => `Ausstiege bis ${time}, danach Stornos und Abfragen.`,
    cancels: (time) => `Stornos und Abfragen bis ${time}, danach nichts.`,
  },
};
