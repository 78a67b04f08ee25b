// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about opening the vault.

import type { VaultText } from './vault-english.ts';

export const germanVault: VaultText = {
  passphrase: 'Passphrase des Tresors',
  passphraseHelp:
    'Sie wird in diesem Browser an den Signer versiegelt; der Server befördert, was er nicht lesen kann. Oder im Terminal eingeben, in dem „kontor start“ läuft.',
  open: 'Tresor öffnen',
  opening: 'Das dauert etwa eine Sekunde.',
  passphraseNeeded: 'Bitte die Passphrase eingeben.',
  wrong: 'Das öffnet den Tresor nicht.',
  wrongPasskey: 'Dieser Passkey öffnet den Tresor nicht.',
  wait: (seconds) => `Nächster Versuch in ${seconds} s.`,
  openWith: (name) => `Mit ${name} öffnen`,
  opened: 'Der Tresor ist offen.',
  noSealing:
    'Dieser Browser kann hier nicht versiegeln. Nötig sind eine Adresse mit https:// oder http://localhost und X25519, das Browser seit 2025 können. Bitte die Passphrase im Terminal eingeben, in dem „kontor start“ läuft.',
  trust:
    'Diese Seite kommt vom Server des Desks. Wer dieser Maschine nicht traut, gibt die Passphrase im Terminal ein.',
  unlockKey: 'Schlüssel zum Öffnen:',
  unlockKeyHelp: 'Das Terminal, in dem Kontor gestartet wurde, zeigt denselben.',
  ways: 'Öffnet sich auch mit',
  wayKind: { prf: 'Passkey', keyring: 'Schlüsselbund des Systems', kms: 'Schlüsseldienst' },
  added: (date) => `seit ${date}`,
  takeAway: 'Entfernen',
  takeAwayOf: (name) => `${name} entfernen`,
  takenAway: (name) =>
    `Der Tresor öffnet sich nicht mehr mit ${name}. Die Passphrase öffnet ihn weiterhin.`,
  addPasskey: 'Mit Passkey öffnen…',
  addTitle: 'Ein Passkey für den Tresor',
  addHelp:
    'Der Browser legt einen Passkey an, der nur den Tresor öffnet. Er ist ein zusätzlicher Weg: Die Passphrase öffnet ihn weiterhin, und ein verlorener Passkey kostet nichts.',
  name: 'Name des Passkeys',
  nameHelp: 'Zum Beispiel das Gerät, auf dem er liegt.',
  nameWrong:
    'Bitte 1 bis 40 Buchstaben, Ziffern, Leerzeichen und . _ @ ( ) - nehmen, mit Buchstabe oder Ziffer am Anfang.',
  make: 'Passkey anlegen',
  cancel: 'Abbrechen',
  made: (name) => `Der Tresor öffnet sich jetzt auch mit ${name}.`,
  fault: {
    cancelled: 'Der Passkey wurde nicht gezeigt. Bitte noch einmal versuchen.',
    noPrf:
      'Dieses Gerät gibt mit seinen Passkeys keinen Schlüssel heraus (die Erweiterung „prf“). Bitte ein anderes Gerät oder einen anderen Browser nehmen; die Passphrase öffnet den Tresor weiterhin.',
    place:
      'Passkeys brauchen eine Adresse mit Namen wie http://localhost, keine Nummer. Bitte den Desk unter seinem Namen öffnen.',
    failed: 'Das Gerät hat keinen Passkey angelegt. Bitte noch einmal oder ein anderes versuchen.',
  },
  start: {
    title: 'Der Tresor ist verschlossen',
    text: 'Der Desk wartet auf ihn. Bis er offen ist, wird kein Schlüssel benutzt, nichts unterschrieben und kein Bot handelt; was an der Börse liegt, bleibt dort.',
    openTitle: 'Den Tresor öffnen',
    passkeyLater: 'Das geht auch später.',
    otherWays: 'Ohne einen Menschen starten',
    unattended:
      'Eine Entsperrdatei öffnet den Tresor einer Maschine, die von selbst neu startet. Wer diese Datei und den Datenordner liest, hat die Schlüssel:',
    afterwards:
      'Danach, auf der Seite Personen: den Passkey im Signer eintragen und Wiederherstellungscodes anlegen.',
    onlyOwner:
      'Ein Eigentümer des Desks öffnet den Tresor. Diese Seite geht von selbst weiter, sobald er offen ist.',
    unknown: 'Der Signer ist gerade nicht zu erreichen. Diese Seite versucht es von selbst wieder.',
    openedTitle: 'Der Desk startet',
    opened: 'Der Tresor ist offen. Diese Seite geht in wenigen Sekunden von selbst weiter.',
    waitsFor: {
      market: 'Die Börse antwortet nicht',
      connection: 'Der Desk hat noch keine Verbindung',
    },
    waits:
      'Der Desk fragt alle paar Sekunden wieder und startet von selbst, sobald er Antwort hat. Bis dahin handelt kein Bot; was an der Börse liegt, bleibt dort.',
    since: (time) => `Vergeblich seit ${time}:`,
  },
  banner: 'Der Tresor ist verschlossen: nichts wird unterschrieben.',
  unattendedFirst: 'Ein Passkey lässt sich hinzufügen, sobald der Tresor eine Passphrase hat.',
};
