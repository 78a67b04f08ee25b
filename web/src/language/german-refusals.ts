// SPDX-License-Identifier: Apache-2.0
// What the signer and the desk refuse besides orders, in German, each with what helps: keys, acts, passkeys, people, the
// vault, alarms, and what was not as it should be.

/** A pattern of a whole sentence and what is said for it, with what the pattern's groups found. */
export type ReasonRow = readonly [string, string | ((...parts: readonly string[]) => string)];

const BACKSTEP = 'bitte die Seite neu laden und noch einmal beginnen';

/** What a field is called where something in it is wrong. */
export const FIELD_PLACES: Readonly<Record<string, string>> = {
  name: 'Name',
  venue: 'Börse',
  symbol: 'Instrument',
  connection: 'Verbindung',
  url: 'Adresse',
  origin: 'Adresse des Desks',
  publicKey: 'öffentlicher Schlüssel',
  order: 'Order',
  policy: 'Policy',
  to: 'Ende',
};

export const REFUSALS: readonly ReasonRow[] = [
  // Connections and their keys.
  [
    'expected a key that is used nowhere else, found the key of (.+)',
    (holder) => `diesen Schlüssel hat schon ${holder}: bitte an der Börse einen neuen anlegen`,
  ],
  [
    'expected a connection(?: to replace the key of)?, found none (?:named (.+)|of this name)',
    (name) =>
      `eine Verbindung${name === '' ? ' dieses Namens' : ` ${name}`} gibt es nicht: Die Seite Verbindungen zeigt alle`,
  ],
  [
    'expected a key that has not expired, found one that has: replace it by a new one',
    'der Schlüssel ist abgelaufen: bitte durch einen neuen ersetzen',
  ],
  [
    "expected the exchange's identifier of the key, found the secret itself: replace it at the exchange, it was on the way here in the clear",
    'das ist das Geheimnis und nicht der API-Schlüssel; es kam unverschlüsselt hierher: bitte an der Börse ein neues anlegen',
  ],
  [
    "expected the exchange's identifier of the key, found none yet",
    'der API-Schlüssel fehlt noch: bitte auf der Seite Verbindungen benennen',
  ],
  [
    'expected a connection in use, found the successor of another',
    'das ist ein neuer Schlüssel, der noch wartet: bitte die Verbindung wählen, die in Gebrauch ist',
  ],
  [
    'expected (.+) at (\\S+), as the connection is called, found (.+) at (\\S+)',
    (name, venue) =>
      `ein neuer Schlüssel gehört zu ${name} bei ${venue}: bitte Namen und Börse so lassen`,
  ],
  [
    'expected no public half with an HMAC secret, found one',
    'ein HMAC-Geheimnis hat keine öffentliche Hälfte: bitte weglassen',
  ],
  [
    'expected the public half of the sealed key, found another or none',
    'die öffentliche Hälfte gehört nicht zu diesem Schlüssel: bitte die nehmen, die mit ihm entstand',
  ],
  [
    'expected a name that no live connection has, found (.+) in use',
    (name) => `eine Verbindung namens ${name} gibt es schon: bitte anders nennen`,
  ],
  [
    'expected fewer than (\\d+) (?:live )?connections',
    (most) =>
      `mehr als ${most} Verbindungen kennt ein Signer nicht: bitte mit kontor start --fresh ein neues Datenverzeichnis beginnen`,
  ],
  [
    'expected a key in use, found that it had ended when the clock was last looked at: restart the desk',
    'der Schlüssel galt beim letzten Blick auf die Uhr als abgelaufen: bitte den Desk neu starten',
  ],
  [
    'expected an open vault, found it locked(?:: give the passphrase where the desk was started)?',
    'der Tresor ist verschlossen: bitte zuerst öffnen',
  ],
  [
    'expected a key that has not expired, found that (.+) expired at (\\S+)',
    (name, end) => `der Schlüssel von ${name} ist am ${end} abgelaufen: bitte erneuern`,
  ],
  [
    'expected 1 to 40 of letters, digits, .*',
    'nötig sind 1 bis 40 Buchstaben ohne Akzente, Ziffern, Leerzeichen, „.“, „_“ oder „-“, am Anfang und Ende kein Leerzeichen und nicht „c_“',
  ],
  [
    'expected 1 to 32 of a-z 0-9 -, beginning with a letter, found .*',
    'nötig sind 1 bis 32 Zeichen aus a-z, 0-9 und „-“, mit einem Buchstaben vorn',
  ],
  [
    'expected a connection that is frozen or quarantined, found one that is neither',
    'die Verbindung ist weder eingefroren noch in Quarantäne: Es gibt nichts aufzutauen',
  ],
  [
    'expected a key without forbidden rights, found (.+): take them away at the exchange and have it checked again',
    (rights) =>
      `der Schlüssel hat verbotene Rechte (${rights}): bitte sie ihm an der Börse nehmen und neu prüfen lassen`,
  ],
  [
    'it is frozen, but the log did not take it: (.+)',
    (fault) =>
      `sie ist eingefroren, doch im Log steht es nicht (${fault}): bitte den Datenträger prüfen`,
  ],
  [
    'the exchange said nothing (?:of the key that can be read|that the signer could read)',
    'die Börse hat nichts gesagt, was der Signer lesen kann: bitte gleich noch einmal prüfen lassen',
  ],
  [
    'the exchange answered with HTTP (\\d{3})',
    (status) =>
      status === '401' || status === '403'
        ? `die Börse nimmt diesen Schlüssel nicht (HTTP ${status}): bitte API-Schlüssel, Rechte und Adressliste an der Börse vergleichen`
        : `die Börse antwortete mit HTTP ${status}: bitte später noch einmal`,
  ],
  [
    "expected a secret sealed to this vault's import key for this name, venue and kind, found another or a changed one",
    'das Versiegelte gehört nicht zu diesem Tresor, Namen, Börse und Art: bitte Fingerabdruck vergleichen und neu versiegeln',
  ],
  [
    'expected an HMAC secret of (\\d+) to (\\d+) printable characters, found something else',
    (least, most) => `ein HMAC-Geheimnis hat ${least} bis ${most} druckbare Zeichen`,
  ],

  // The second address.
  [
    'expected a key that the exchange says is bound to addresses, found one .*',
    'die Börse sagt nicht, dass dieser Schlüssel an Adressen gebunden ist: bitte dort eine Adressliste setzen und die Rechte prüfen lassen',
  ],
  [
    'expected no probe of this connection under way, found one',
    'eine Probe läuft schon: bitte ihr Ende abwarten',
  ],
  [
    'expected (\\d+ s) between two probes of a connection, found (\\d+ s)',
    (least, found) => `zwischen zwei Proben müssen ${least} liegen, es sind erst ${found}`,
  ],
  [
    'expected the step \\S+ answered within (\\d+ s), found none',
    (within) => `die Abfrage davor wurde nicht binnen ${within} beantwortet`,
  ],
  [
    'the exchange answered HTTP (\\d{3}) to the read from the ordinary address, so that nothing was sent from the second one',
    (status) =>
      `schon von der gewöhnlichen Adresse kam HTTP ${status}; von der zweiten wurde nichts gesendet`,
  ],
  [
    'expected a second address for egress, found none: .*',
    'Egress hat keine zweite Adresse: bitte die eines Proxys in die Datei second-address neben egress.json schreiben und den Desk neu starten',
  ],
  [
    'another request is on its way by the second address',
    'über die zweite Adresse ist schon eine Abfrage unterwegs',
  ],
  ['no connection: the proxy: (\\S+)', (code) => `der Proxy ist nicht zu erreichen (${code})`],
  [
    'no connection: the proxy wants another user or password',
    'der Proxy verlangt einen anderen Benutzer oder ein anderes Passwort',
  ],
  [
    'no connection: the proxy does not speak (HTTP|SOCKS 5)',
    (protocol) => `dort antwortet kein Proxy, der ${protocol} spricht`,
  ],
  ['no connection: the proxy ended the connection', 'der Proxy hat die Verbindung beendet'],
  ['no connection: the proxy answered (\\S+)', (status) => `der Proxy antwortete ${status}`],
  ['no connection: the proxy says (.+)', (words) => `der Proxy lehnte ab (${words})`],
  [
    'no connection: the certificate of (\\S+) comes from (.+), expected (.+)',
    (host, found, expected) =>
      `durch den Proxy zeigte ${host} ein Zertifikat von ${found}, erwartet ist ${expected}`,
  ],

  // Orders and what comes before them.
  [
    'expected a clock that runs forward, found it (\\d+) ms behind the last use of a key',
    (ms) => `die Uhr geht ${ms} ms nach: bitte die Uhr dieses Rechners stellen`,
  ],
  [
    'expected wall and monotonic clock to agree within (\\d+) ms, found (-?\\d+) ms .*',
    (most, found) =>
      `die Uhr sprang um ${found} ms, erlaubt sind ${most} ms: bitte die Uhr stellen`,
  ],
  [
    '(?:id: )?expected a new (?:one|clientOrderId), found (\\S+) (?:under way|signed already)',
    (id) => `${id} wurde schon verwendet`,
  ],
  [
    'expected fewer than (\\d+) orders in 90 days, found as many',
    (most) => `mehr als ${most} Orders in 90 Tagen merkt sich der Signer nicht`,
  ],
  [
    'expected fewer than (\\d+) orders of which the exchange has not said what became, found as many: have it asked for them',
    (most) =>
      `von ${most} Orders hat die Börse nicht gesagt, was aus ihnen wurde, und mehr werden nicht offen gelassen: bitte auf der Seite Verbindungen mit der Börse abgleichen lassen`,
  ],
  [
    'expected a person to allow it first, as the policy has it: (.+)',
    (line) => `die Policy verlangt, dass ein Mensch sie zuerst erlaubt: ${line}`,
  ],
  [
    'expected an order with a price, found none to measure',
    'die Order hat keinen Preis, an dem sich etwas messen ließe',
  ],
  [
    'expected GTC for a limitMaker order, found (\\S+)',
    (found) => `eine Order, die nie nimmt, gilt bis zum Löschen (GTC), nicht ${found}`,
  ],
  [
    'expected at most (\\d+) characters, so that its tag fits, found (\\d+)',
    (most, found) => `höchstens ${most} Zeichen sind möglich, es sind ${found}`,
  ],
  [
    'expected fewer orders to wait for their turn, found (\\d+)',
    (found) => `es warten schon ${found} Orders auf ihre Reihe`,
  ],
  [
    'expected at most (\\d+) batches of edge log lines a minute, found one more',
    (most) => `mehr als ${most} Bündel in der Minute nimmt der Signer nicht: bitte kurz warten`,
  ],
  [
    'expected an order that waits for a person, found none named (\\S+): its time may have passed',
    (order) => `${order} wartet nicht mehr: Die Frist ist wohl abgelaufen`,
  ],
  [
    'expected an order that waits, found (\\S+) released',
    (order) => `${order} ist schon freigegeben`,
  ],
  ['the answer did not name the order', 'die Antwort der Börse nannte die Order nicht'],
  ['the desk restarted', 'der Desk wurde neu gestartet'],
  [
    'the order never arrived; the exchange has an older one under its ID',
    'die Order kam nie an; unter ihrer ID hat die Börse eine ältere',
  ],

  // Acts and the passkeys that consent to them.
  [
    'expected fewer than (\\d+) acts that wait for consent',
    (most) => `mehr als ${most} Handlungen warten nicht zugleich: bitte eine abschließen`,
  ],
  [
    'expected lines of plain text, found one with a control or formatting character',
    'darin stehen unsichtbare Zeichen: bitte als einfachen Text neu eingeben',
  ],
  [
    'signature: expected one by the key of this credential',
    'die Unterschrift stammt nicht von diesem Passkey',
  ],
  [
    'clientData(?:\\.type)?: expected (?:JSON|each field once, unescaped|webauthn\\.get)',
    `der Browser antwortete in fremder Form: ${BACKSTEP}`,
  ],
  [
    'clientData.challenge: expected the hash of this action, found another',
    `bestätigt wurde etwas anderes als gezeigt: ${BACKSTEP}`,
  ],
  [
    'clientData.origin: expected (\\S+), found (.+)',
    (origin, found) => `der Passkey gehört zu ${origin}, geöffnet ist der Desk unter ${found}`,
  ],
  [
    'clientData.crossOrigin: expected a page that is in no other page',
    'der Desk war in eine andere Seite eingebettet: bitte in einem eigenen Tab öffnen',
  ],
  [
    'authenticatorData: expected (\\d+) bytes .*',
    `das Gerät antwortete in fremder Form: ${BACKSTEP}`,
  ],
  [
    'authenticatorData.rpIdHash: expected that of (\\S+), found another',
    (id) => `dieser Passkey gehört nicht zu ${id}`,
  ],
  [
    'authenticatorData.flags: expected a present person',
    'niemand hat am Gerät bestätigt: bitte noch einmal und den Passkey berühren',
  ],
  [
    'authenticatorData.flags: expected a person whom the device has verified \\(PIN, finger or face\\)',
    'das Gerät hat nicht geprüft, wer Sie sind: bitte PIN, Finger oder Gesicht am Passkey einrichten',
  ],
  [
    'authenticatorData.flags: expected those of an assertion, found a contradiction',
    `das Gerät widerspricht sich: ${BACKSTEP}`,
  ],
  [
    'expected an origin of (\\S+), found (\\S+)',
    (id, found) => `${found} gehört nicht zu ${id}: bitte den Desk unter seiner Adresse öffnen`,
  ],
  [
    'expected https for (\\S+), found http',
    (id) => `für ${id} braucht ein Passkey https: bitte den Desk so öffnen`,
  ],
  [
    'publicKey: expected an ES256, EdDSA or RS256 key in COSE form, found something else',
    'diese Art von Passkey kennt der Signer nicht: bitte einen anderen nehmen',
  ],
  [
    'expected fewer than (\\d+) owners',
    (most) =>
      `mehr als ${most} Eigentümer nimmt ein Signer nicht auf: bitte zuerst einen entfernen`,
  ],
  [
    'expected the passkey of an enrolled owner, found another',
    'dieser Passkey ist im Signer nicht aufgenommen',
  ],

  // People.
  [
    'expected a login of the last five minutes: make a new link with `kontor link`, or confirm with a passkey',
    'die Anmeldung ist älter als fünf Minuten: bitte mit einem Passkey bestätigen oder mit kontor link einen neuen Link erzeugen',
  ],
  [
    'expected a passkey that was shown in the last five minutes: confirm with yours',
    'bitte mit Ihrem Passkey bestätigen',
  ],
  [
    'expected the terminal of this machine: use the kontor command',
    'das geht nur am Terminal dieses Rechners, mit dem Befehl kontor',
  ],
  ['expected a passkey(?: of this desk)?, found none', 'es kam kein Passkey an: bitte noch einmal'],
  [
    "expected the passkey's own user, found another",
    'der Passkey gehört jemand anderem: bitte den eigenen nehmen',
  ],
  ['expected a signature by this passkey', 'die Unterschrift stammt nicht von diesem Passkey'],
  [
    'expected a user(?: of this desk)?(?:, found (?:none named \\S+|one who left))?',
    'diese Person gibt es auf dem Desk nicht mehr: bitte die Seite neu laden',
  ],
  [
    'expected an invitation that is open, found none: ask an owner of the desk for a new one',
    'die Einladung gilt nicht mehr: bitte einen Eigentümer um eine neue',
  ],
  ['expected fewer than (\\d+) users', (most) => `mehr als ${most} Personen hat ein Desk nicht`],
  ['expected a session that goes on, found none', 'diese Sitzung ist schon beendet'],
  [
    'expected the browser session that began this, found another caller',
    'das hat ein anderer Browser begonnen: bitte hier noch einmal beginnen',
  ],
  [
    'expected a session of a person, found one of the terminal: log in with a passkey, or invite a person',
    'das ist die Sitzung des Terminals: bitte mit einem Passkey anmelden oder eine Person einladen',
  ],
  [
    'expected something of your own, found what belongs to somebody else',
    'das gehört jemand anderem',
  ],

  // The vault.
  ['expected what opens the vault, found something else', 'damit öffnet sich der Tresor nicht'],
  [
    'expected a wait of (\\d+) s before the next try, found none',
    (seconds) => `bis zum nächsten Versuch sind es noch ${seconds} s`,
  ],
  [
    'expected a passphrase of (\\d+) to (\\d+) bytes, found (\\d+)',
    (least, most, found) => `eine Passphrase hat ${least} bis ${most} Zeichen, diese ${found}`,
  ],
  [
    'expected a passphrase that begins with a character, found a zero byte',
    'eine Passphrase beginnt mit einem Zeichen',
  ],

  // The desk and the way to the signer.
  [
    'the signer named no connection',
    'der Signer nannte keine Verbindung: bitte die Seite neu laden',
  ],
  [
    'the signer answered (\\S+)',
    (kind) => `der Signer antwortete unerwartet (${kind}): bitte noch einmal`,
  ],
  [
    'the signer did not decide in time',
    'der Signer antwortete nicht rechtzeitig: bitte noch einmal',
  ],
  ['egress did not answer in time', 'Egress antwortete nicht rechtzeitig: bitte noch einmal'],
  ['egress is not running', 'Egress läuft nicht und wird neu gestartet: bitte gleich noch einmal'],
  ['the server stops', 'der Desk wird gerade beendet'],
  [
    'the (signer|egress) stopped: (.+)',
    (which) =>
      `${which === 'signer' ? 'der Signer' : 'Egress'} ist stehen geblieben und wird neu gestartet`,
  ],
  [
    'expected a disk that works, found (\\S+)',
    (code) => `der Datenträger nimmt nichts an (${code}): bitte prüfen, ob Platz ist`,
  ],
  [
    'expected room for the key, found (\\S+)',
    (code) => `für den Schlüssel ist auf dem Datenträger kein Platz (${code})`,
  ],
  [
    'expected a desk that has started, found one that waits for its vault: .*',
    'der Desk wartet auf seinen Tresor: bitte auf der Seite öffnen',
  ],
  [
    'expected a desk that has started, found one that asks for (?:the market of the exchange|its connection) since (\\S+) and goes on by itself: (.*)',
    (since, reason) =>
      `der Desk fragt seit ${since} vergeblich und geht von selbst weiter, sobald er Antwort hat: ${reason}`,
  ],
  ['this desk does not watch (\\S+)', (symbol) => `dieser Desk beobachtet ${symbol} nicht`],
  [
    'expected at most (\\d+) live streams of one session, found one more: close a page',
    (most) =>
      `mehr als ${most} Seiten dieses Desks zeigt ein Browser nicht zugleich: bitte eine schließen`,
  ],
  [
    'there is no (?:open )?(bot|deal|case|alarm|orphan) (\\S+)(?: that can be read|, and there never was)?',
    'das gibt es nicht mehr: bitte die Seite neu laden',
  ],
  ['there is nothing at (.+)', (what) => `unter ${what} gibt es hier nichts`],
  ['a request failed', 'dabei ging etwas schief: Mehr steht im Protokoll des Servers'],
  ['the signer refused (.+?): (.+)', (what, why) => `der Signer lehnte ${what} ab: ${why}`],
  [
    'the exchange does not say what became of it: (.+)',
    (why) => `die Börse sagt nicht, was daraus wurde: ${why}`,
  ],
  ['it is still open: (.+)', (why) => `sie ist noch offen: ${why}`],
  ['the replay has ended', 'die Wiedergabe ist zu Ende'],

  // Alarms and their way out.
  ['the alarm is (\\S+) already', 'der Alarm wurde schon vermerkt'],
  [
    'no (\\S+) is set up(?: any more)?|no address is set',
    'es ist keine Adresse gesetzt: bitte zuerst eine eintragen',
  ],
  ['no answer: (.+)', (cause) => `keine Antwort (${cause})`],
  ['the case was not written: (\\S+)', (code) => `der Fall wurde nicht geschrieben (${code})`],
  [
    'expected an answer of 200 to 299, found the redirect (\\d+), which is not followed',
    (status) =>
      `die Adresse leitet weiter (${status}), und dem wird nicht gefolgt: bitte das Ziel eintragen`,
  ],
  [
    'expected an answer of 200 to 299, found (\\d+)',
    (status) => `der Empfänger antwortete mit ${status} statt 200 bis 299`,
  ],
  [
    'expected an address such as https://example.com/hook, found no address',
    'das ist keine Adresse: bitte eine wie https://example.com/hook eintragen',
  ],
  [
    'expected an address without a user or password, found one with it',
    'darin stehen Benutzer oder Passwort: bitte weglassen',
  ],
  [
    'expected https, or http on this machine, found (\\S+)',
    (found) => `nötig ist https, oder http auf diesem Rechner, nicht ${found}`,
  ],
  [
    'expected at most (\\d+) characters, found (\\d+)',
    (most, found) => `höchstens ${most} Zeichen sind möglich, es sind ${found}`,
  ],
  [
    'expected a time from (\\S+) on, found (\\S+)',
    (from, found) => `nötig ist eine Zeit ab ${from}, nicht ${found}`,
  ],

  // Values that are of another kind than asked for.
  ['expected a value, found none', 'der Wert fehlt'],
  ['expected no such field, found one', `dieses Feld kennt der Desk nicht: ${BACKSTEP}`],
  [
    'expected true or false, found (.+)',
    (found) => `ja oder nein wird erwartet, gefunden ${found}`,
  ],
  [
    'expected a (?:whole )?number(?: from (\\S+) to (\\S+))?, found (.+)',
    (from, to, found) =>
      `eine Zahl${from === '' ? '' : ` von ${from} bis ${to}`} wird erwartet, gefunden ${found}`,
  ],
  [
    'expected (?:text of )?at most (\\d+) (?:characters|bytes)',
    (most) => `höchstens ${most} Zeichen sind möglich`,
  ],
  [
    'expected one of (.+), found (.+)',
    (choices, found) => `möglich sind ${choices}; gefunden ${found}`,
  ],
  ['expected more than zero, found zero', 'muss mehr als 0 sein'],
];
