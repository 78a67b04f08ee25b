// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about keys and the vault.

import type { KeysText } from './keys-english.ts';

export const germanKeys: KeysText = {
  newConnection: 'Neue Verbindung',
  step: (at, of) => `Schritt ${at} von ${of}`,
  choose: 'Börse und Schlüssel',
  onlyOwner:
    'Schlüssel sind Sache der Eigentümer des Desks: Was Sie hier eingeben, wird abgelehnt.',
  venue: 'Börse',
  venueName: {
    binance: 'Binance Spot',
    demo: 'Kontors Demo-Börse',
    'paper-binance': 'Kontors Papierbörse',
  },
  otherVenue: (venue) =>
    `Dieser Desk handelt bei ${venue}. Ein Schlüssel für eine andere Börse bleibt im Tresor und wartet auf einen Desk, der dort handelt; hier wird nichts mit ihm signiert, und seine Rechte lassen sich nicht prüfen.`,
  noRealDesk:
    'Diese Version von Kontor startet Desks für ihre Demo-Börse und zum Üben zu echten Kursen, noch keine mit echtem Geld.',
  elsewhere: 'Wartet auf seine Börse',
  name: 'Name',
  nameHelp: 'So nennt die Policy-Datei diese Verbindung.',
  nameWrong:
    'Erlaubt sind 1 bis 40 Buchstaben ohne Umlaute, Ziffern, Leerzeichen, „.“, „_“ oder „-“, mit einem Buchstaben oder einer Ziffer am Anfang, nicht mit „c_“, und ohne Leerzeichen am Ende.',
  nameTaken: (name) => `Eine Verbindung namens ${name} gibt es schon.`,
  kind: 'Art des Schlüssels',
  kinds: {
    'made ed25519': {
      name: 'Ed25519',
      grade: 'Empfohlen · Stufe A oder B',
      what: 'Entsteht im Signer; die Börse erfährt nur die öffentliche Hälfte. Stufe A, sobald die Börse ihn an Ihre Adressen bindet, bis dahin B.',
    },
    'made rsa-2048': {
      name: 'RSA mit 2.048 Bit',
      grade: 'Stufe A oder B',
      what: 'Wie Ed25519, für Börsen, die das nicht annehmen. Während er entsteht, unterschreibt der Signer etwa eine Sekunde lang nichts.',
    },
    'imported ed25519': {
      name: 'Eigener Ed25519-Schlüssel',
      grade: 'Stufe B oder C',
      what: 'Anderswo entstanden und als versiegelte Datei übergeben. Nur, wo es so einen Schlüssel schon gibt: Auch jede andere Kopie kann unterschreiben.',
    },
    'imported rsa-2048': {
      name: 'Eigener RSA-Schlüssel mit 2.048 Bit',
      grade: 'Stufe B oder C',
      what: 'Wie ein eigener Ed25519-Schlüssel.',
    },
    'imported hmac-sha256': {
      name: 'HMAC-Geheimnis',
      grade: 'Stufe C',
      what: 'Von der Börse gemacht, die es auch kennt, und vorher in Browser und Zwischenablage gewesen. Nur, wo nichts anderes geht.',
    },
  },
  make: 'Schlüssel erzeugen',
  next: 'Weiter',
  back: 'Zurück',
  secretTitle: 'Geheimnis versiegeln',
  fingerprint: 'Fingerabdruck des Importschlüssels',
  fingerprintHelp: (command) =>
    `Im Terminal des Desks ${command} ausführen und vergleichen: Nur dieser Tresor kann öffnen, was an diesen Schlüssel versiegelt ist.`,
  fingerprintSame: 'Das Terminal zeigt denselben Fingerabdruck.',
  fingerprintNeeded: 'Bitte zuerst den Fingerabdruck vergleichen.',
  pageTrust:
    'Diese Seite kommt vom Server des Desks. Wer dieser Maschine nicht traut, versiegelt stattdessen im Terminal:',
  copyCommand: 'Befehl kopieren',
  secret: 'Geheimnis der Börse',
  secretHelp: 'Es wird in diesem Browser versiegelt. Der Server trägt, was er nicht lesen kann.',
  secretWrong:
    'Bitte das Geheimnis so eingeben, wie die Börse es zeigt: 16 bis 512 Zeichen ohne Leerzeichen.',
  secretAgain: 'Das Feld wurde geleert; für einen neuen Versuch bitte noch einmal eingeben.',
  privateFile: 'Datei des privaten Schlüssels',
  privateFileHelp:
    'PKCS #8 in PEM, ohne Passphrase (beginnt mit „BEGIN PRIVATE KEY“). Sie wird in diesem Browser gelesen und versiegelt; der Server trägt, was er nicht lesen kann.',
  privateFileNeeded: 'Bitte die Datei des privaten Schlüssels wählen.',
  privateFileWrong:
    'Diese Datei enthält keinen privaten Schlüssel in PKCS #8 ohne Passphrase. So wird einer daraus: openssl pkcs8 -topk8 -nocrypt.',
  privateFileSealed: 'Versiegelt. Jetzt jede andere Kopie des privaten Schlüssels vernichten.',
  publicHalf: 'Seine öffentliche Hälfte',
  publicHalfHelp:
    'So, wie die Börse sie hat, in PEM. Der Signer nimmt den Schlüssel nur, wenn beide zusammengehören.',
  publicHalfWrong:
    'Bitte den öffentlichen Schlüssel in PEM eingeben: Er beginnt mit „BEGIN PUBLIC KEY“.',
  clipboard: 'Versiegelt. Jetzt die Zwischenablage leeren, sie kann das Geheimnis noch enthalten.',
  seal: 'Versiegeln und übergeben',
  noSealing:
    'Hier kann dieser Browser nicht versiegeln. Er braucht eine Adresse, die mit https:// oder http://localhost beginnt, und X25519, das Browser seit 2025 kennen. Stattdessen im Terminal versiegeln:',
  notSealed:
    'Der Browser konnte das Geheimnis nicht versiegeln; gesendet wurde nichts. Bitte im Terminal versiegeln.',
  registerTitle: 'Schlüssel bei der Börse anmelden',
  identifyTitle: 'API-Schlüssel nennen',
  publicKey: 'Öffentlicher Schlüssel',
  publicKeyHelp: 'Kein Geheimnis: Diese Hälfte bekommt die Börse.',
  copyPublicKey: 'Öffentlichen Schlüssel kopieren',
  steps: {
    create: 'Bei Binance unter Profil die API-Verwaltung öffnen und „API erstellen“ wählen.',
    createElsewhere:
      'Bei der Börse einen API-Schlüssel mit eigenem öffentlichen Schlüssel anlegen.',
    paste: '„Selbst generiert“ wählen und den öffentlichen Schlüssel einfügen.',
    permissions:
      'Lesen und „Spot- & Margin-Handel aktivieren“ erlauben, sonst nichts. Niemals Auszahlungen erlauben.',
    permissionsElsewhere:
      'Lesen und Spot-Handel erlauben, sonst nichts. Niemals Auszahlungen erlauben.',
    addresses:
      'Den Zugriff auf vertrauenswürdige IPs beschränken: die öffentliche Adresse der Maschine, auf der der Desk läuft.',
    identifier: 'Den API-Schlüssel eingeben, den die Börse jetzt zeigt.',
  },
  apiKey: 'API-Schlüssel',
  apiKeyHelp: 'Die Kennung des Schlüssels, 64 Buchstaben und Ziffern. Sie ist kein Geheimnis.',
  apiKeyLength: (found) =>
    `Übernehmen Sie den API-Schlüssel, wie ihn die Börse zeigt: 64 Buchstaben und Ziffern. Das sind ${found} Zeichen.`,
  apiKeyLetters:
    'Übernehmen Sie den API-Schlüssel, wie ihn die Börse zeigt: 64 Buchstaben und Ziffern. Hier sind andere Zeichen darunter.',
  apiKeyIsSecret:
    'Das ist das Geheimnis. Gebraucht wird der API-Schlüssel, der bei der Börse daneben steht.',
  activate: 'Freischalten',
  activated: (name) => `${name} ist benannt.`,
  later: 'Später',
  goOn: 'Mit der Freischaltung fortfahren',
  doneTitle: 'Der Schlüssel ist benannt',
  unconfirmed:
    'Die Börse hat den Schlüssel noch nicht bestätigt. Bleibt das so, bitte den API-Schlüssel mit dem vergleichen, den die Börse zeigt.',
  nameAnew: 'Anderen API-Schlüssel eintragen',
  done: 'Der Desk fragt die Börse jetzt, was dieser Schlüssel darf. Sobald das in Ordnung ist, signiert der Signer, was die Policy-Datei für die Verbindung erlaubt, und sonst nichts.',
  donePolicy:
    'Noch nennt keine Zeile der Policy sie; für sie wird nichts unterschrieben, nicht einmal die Frage, was sie darf. Bitte ihre Zeilen auf der Seite der Policy schreiben; von Hand geändert wäre die Datei gesperrt.',
  toPolicy: 'Zur Policy',
  toConnections: 'Zu den Verbindungen',
  notThere: 'Diese Verbindung gibt es nicht mehr.',
  keyKind: 'Schlüssel',
  keyKindName: {
    ed25519: 'Ed25519',
    'rsa-2048': 'RSA mit 2.048 Bit',
    'rsa-4096': 'RSA mit 4.096 Bit',
    'hmac-sha256': 'HMAC-Geheimnis',
  },
  grade: 'Stufe',
  vault: 'Tresor',
  vaultState: { open: 'Offen', locked: 'Verschlossen', unattended: 'Offen, unbeaufsichtigt' },
  vaultOpen: 'Er öffnet sich mit einer Passphrase. Die Schlüsseldateien allein öffnen nichts.',
  vaultUnattended:
    'Eine Entsperrdatei öffnet den Tresor ohne Rückfrage: Wer den Datenordner liest oder den Ort, an dem diese Datei liegt, hat die Schlüssel.',
  vaultPassphrase: 'Für eine Passphrase stattdessen den Desk anhalten und ausführen:',
  vaultLockedTitle: 'Der Tresor ist verschlossen: nichts wird unterschrieben',
  vaultLocked:
    'Orders, Ausstiege, Stop-Loss und das Lesen des Kontos warten. Preise werden verfolgt, und was an der Börse liegt, bleibt dort.',
  vaultUnknown: 'Der Signer ist gerade nicht zu erreichen; er wird neu gestartet.',
  refused: {
    nameInUse: (name) => `Den Namen ${name} hat schon eine gültige Verbindung.`,
    tooMany: (most) => `Es gibt schon ${most} Verbindungen, mehr sind nicht möglich.`,
    keyInUse: (holder) =>
      `Dieser Schlüssel liegt oder lag schon im Tresor (${holder}). Bitte bei der Börse einen neuen anlegen.`,
    notOpened:
      'Der Tresor konnte es nicht öffnen: Es wurde an einen anderen Importschlüssel versiegelt oder unterwegs verändert. Bitte den Fingerabdruck vergleichen.',
    notASecret: (least, most) =>
      `Der Tresor hielt es für kein Geheimnis: Nötig sind ${least} bis ${most} druckbare Zeichen.`,
    noRoom: (code) => `Auf der Platte ist kein Platz für den Schlüssel (${code}).`,
    noSuch: (connection) => `Die Verbindung ${connection} gibt es nicht.`,
    locked:
      'Der Tresor ist verschlossen. Bitte die Passphrase im Terminal eingeben, in dem der Desk gestartet wurde.',
    notRunning: 'Der Signer läuft gerade nicht. Bitte gleich noch einmal versuchen.',
  },
};
