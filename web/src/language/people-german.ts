// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about people, passkeys and consent.

import type { PeopleText } from './people-english.ts';

export const germanPeople: PeopleText = {
  title: 'Personen',
  intro: 'Wer hereindarf und was er darf.',
  login: {
    passkey: 'Mit Passkey anmelden',
    otherWays: 'Andere Wege hinein',
    recovery: 'Wiederherstellungscode',
    recoveryHelp: 'Einer der zehn Codes, die Sie notiert haben. Er ist damit verbraucht.',
    useCode: 'Mit dem Code anmelden',
    terminal: 'Oder erzeugen Sie einen Link im Terminal des Desks:',
    wrongPlace: 'Passkeys gelten nur unter dem eigenen Namen des Desks. Öffnen Sie ihn dort:',
  },
  protect: {
    title: 'Schützen Sie diesen Desk mit einem Passkey',
    text: 'Ihr Telefon, Rechner oder Sicherheitsschlüssel öffnet dann den Desk und bestätigt, was wichtig ist, etwa neue Verbindungen und Sicherungen. Ein Passwort gibt es nicht.',
    start: 'Passkey anlegen',
    later: 'Nicht jetzt',
    name: 'Ihr Name',
    wrongPlace:
      'Passkeys brauchen einen Namen statt einer Adresse. Öffnen Sie den Desk zuerst hier:',
  },
  roles: { owner: 'Eigentümer', trader: 'Händler', viewer: 'Zuschauer' },
  roleHelp: {
    owner: 'darf alles',
    trader: 'handelt: Bots, Deals, Alarme, Anhalten',
    viewer: 'sieht alles, ändert nichts',
  },
  role: 'Rolle',
  name: 'Name',
  you: 'Sie',
  youTerminal:
    'Diese Sitzung kam über einen Link aus dem Terminal und steht für den Eigentümer dieses Rechners. Um unter Ihrem Namen zu handeln, melden Sie sich mit Ihrem Passkey an.',
  youNew:
    'Hier noch kein Passkey? Laden Sie sich unten selbst ein und öffnen Sie den Link: Er legt einen Passkey für Sie an. Ohne einen kann niemand bestätigen, was der Signer bewacht.',
  next: {
    title: 'Was noch einzurichten ist',
    passkey: 'Ein eigener Passkey.',
    approval:
      'Seine Zustimmung: Tragen Sie ihn unten im Signer ein. Der Signer zeigt einen Code dort, wo „kontor start“ läuft. Bis dahin geschieht nichts, was Zustimmung braucht.',
    codes: 'Wiederherstellungscodes, für den Tag, an dem der Passkey verloren geht.',
    done: '✓ erledigt',
  },
  youViewer: 'Sie sind als Zuschauer hier: Sie sehen alles und ändern nichts.',
  passkeys: 'Passkeys',
  noPasskeys: 'Kein Passkey.',
  addPasskey: 'Passkey hinzufügen',
  passkeyName: 'Name des Passkeys',
  passkeyHelp: 'Wie Sie das Gerät nennen, etwa „Telefon“.',
  removePasskey: 'Entfernen',
  removePasskeyTitle: (name) => `Passkey ${name} entfernen?`,
  removePasskeyText: 'Er öffnet hier nichts mehr. Löschen Sie ihn auch auf dem Gerät.',
  shared: 'Auf mehreren Geräten',
  device: 'Auf einem Gerät',
  made: (time) => `angelegt ${time}`,
  used: (time) => `zuletzt benutzt ${time}`,
  neverUsed: 'noch nicht benutzt',
  recoveryTitle: 'Wiederherstellungscodes',
  recoveryLeft: (count) => `${count} Codes übrig`,
  recoveryNone:
    'Keine Codes. Ohne sie und ohne Ihren Passkey lässt Sie nur das Terminal des Desks herein.',
  makeCodes: 'Zehn neue Codes erzeugen',
  codesOnce:
    'Notieren oder drucken Sie diese Codes; sie werden einmal gezeigt. Jeder meldet Sie einmal an. Frühere Codes gelten nicht mehr.',
  copyCodes: 'Codes kopieren',
  codesKept: 'Ich habe sie aufbewahrt',
  members: 'Personen dieses Desks',
  nobody: 'Noch niemand: Wer einen Link vom Terminal hat, ist der Eigentümer.',
  isYou: 'Sie',
  remove: 'Entfernen',
  removeTitle: (name) => `${name} vom Desk nehmen?`,
  removeText:
    'Alle Sitzungen dieser Person enden sofort; ihre Passkeys und Codes öffnen nichts mehr.',
  invite: 'Jemanden einladen',
  inviteNext: 'Noch jemanden einladen',
  inviteMake: 'Link erzeugen',
  inviteLink:
    'Geben Sie diesen Link auf einem Weg weiter, dem Sie trauen: Wer ihn zuerst öffnet, kommt herein. Er gilt einmal, eine Woche lang, und wird nur jetzt gezeigt.',
  copyLink: 'Link kopieren',
  invited: 'Offene Einladungen',
  invitedUntil: (time) => `bis ${time}`,
  takeBack: 'Zurücknehmen',
  invitation: {
    title: 'Sie sind zu diesem Desk eingeladen',
    text: (by, role) => `${by} lädt Sie als ${role} ein.`,
    accept: 'Passkey anlegen und eintreten',
    gone: 'Diese Einladung ist nicht mehr offen. Bitten Sie einen Eigentümer des Desks um eine neue.',
  },
  sessions: 'Sitzungen',
  session: {
    link: 'Link vom Terminal',
    passkey: 'Passkey',
    recovery: 'Wiederherstellungscode',
    invitation: 'Einladung',
  },
  thisSession: 'diese hier',
  seen: (time) => `zuletzt gesehen ${time}`,
  end: 'Beenden',
  endOthers: 'Alle anderen beenden',
  ended: (count) => `${count} Sitzungen beendet.`,
  approvals: 'Zustimmung im Signer',
  approvalsText:
    'Der Signer führt seine eigene Liste der Passkeys, deren Zustimmung er annimmt: für lockerere Regeln, neue Eigentümer, das Auftauen einer eingefrorenen Verbindung und anderes. Der Server kann nichts hinzufügen.',
  approvalsNone:
    'Noch stimmt kein Passkey zu: Bis dahin geschieht nichts, was eine Zustimmung braucht.',
  approves: 'stimmt zu',
  enrol: (name) => `${name} aufnehmen`,
  enrolled: 'Der Passkey ist im Signer aufgenommen.',
  unenrol: 'Aus dem Signer nehmen',
  fingerprint: 'Fingerabdruck',
  signerAway: 'Der Signer ist gerade nicht zu fragen.',
  acts: 'Was Personen getan haben',
  terminalName: 'Das Terminal',
  noActs: 'Noch nichts.',
  notDone: (status) => `abgelehnt oder gescheitert (${status})`,
  consent: {
    stepUpTitle: 'Mit Ihrem Passkey bestätigen',
    stepUpText:
      'Dies verlangt jetzt einen Passkey. Fünf Minuten lang gehen weitere solche Schritte dann ohne.',
    actTitle: 'Diese Handlung bestätigen',
    actText:
      'Lesen Sie sie. Ihr Passkey unterschreibt genau diesen Text, und der Signer prüft es selbst.',
    confirm: 'Mit Passkey bestätigen',
    code: 'Code vom Terminal des Signers',
    codeHelp:
      'Der Signer zeigt ihn dort, wo „kontor start“ läuft. Er bleibt in dieser Seite: Gesendet wird ein Beweis, dass Sie ihn kennen.',
    codeConfirm: 'Mit dem Code bestätigen',
    compare:
      'Vergleichen Sie den Fingerabdruck mit dem, den das Terminal nach dem Bestätigen zeigt.',
  },
  purposes: {
    change: 'eine Änderung bestätigen',
    connection: 'eine Verbindung einrichten',
    backup: 'eine Sicherung anlegen',
    unlock: 'den Tresor öffnen',
    vault: 'ändern, was den Tresor öffnet',
    alarms: 'ändern, wohin Alarme gehen',
    people: 'Personen oder ihre Passkeys ändern',
  },
  faults: {
    cancelled: 'Der Passkey wurde nicht gezeigt. Versuchen Sie es, wenn Sie bereit sind.',
    known: 'Dieses Gerät hat schon einen Passkey für diesen Desk.',
    noDevice:
      'Dieses Gerät kann keinen solchen Passkey behalten. Nehmen Sie ein anderes oder einen Sicherheitsschlüssel.',
    failed: 'Der Browser konnte das nicht. Versuchen Sie es erneut oder mit einem anderen Browser.',
  },
  tooLong:
    'Nehmen Sie 1 bis 60 Buchstaben, Ziffern, Leerzeichen und . _ @ - ( ), mit Buchstabe oder Ziffer am Anfang.',
};
