// SPDX-License-Identifier: Apache-2.0
// Why something was refused, waits or ended, in German: the fixed sentences of the trading machine, the desk, the
// signer and the exchange, each with the values that it carries.

import { FIELD_PLACES, REFUSALS, type ReasonRow } from './german-refusals.ts';

const LIMITED: Readonly<Record<string, string>> = {
  'price of at least': 'ein Preis von mindestens',
  'price of at most': 'ein Preis von höchstens',
  'quantity of at least': 'eine Menge von mindestens',
  'quantity of at most': 'eine Menge von höchstens',
  'value of at least': 'ein Wert von mindestens',
  'value of at most': 'ein Wert von höchstens',
};

const DIRECTION: Readonly<Record<string, string>> = { long: 'Long', short: 'Short' };

const CONNECTION_STATE: Readonly<Record<string, string>> = {
  draft: 'nicht freigeschaltet',
  probing: 'noch nicht geprüft',
  expired: 'abgelaufen',
  frozen: 'eingefroren',
  quarantined: 'in Quarantäne',
};

const STEP: Readonly<Record<string, string>> = {
  entry: 'Einstieg',
  'take-profit step': 'Ziel',
  step: 'Schritt',
};

const PLACES: Readonly<Record<string, string>> = {
  ...FIELD_PLACES,
  'its size': 'Größe',
  amount: 'Betrag',
  price: 'Preis',
};

/** Patterns of whole sentences. Read from the top; the first that fits is said. */
const ROWS: readonly ReasonRow[] = [
  ['by the terminal', 'vom Terminal aus'],
  ['by a person', 'von einer Person'],
  ['someone else seems to be at work at the account', 'jemand anderes scheint am Konto zu handeln'],
  [
    'expected an API key as the exchange shows it, (\\d+) letters and digits, found (?:(\\d+) characters|other characters among them)',
    (length, found) =>
      `ein API-Schlüssel, wie ihn die Börse zeigt, hat ${length} Buchstaben und Ziffern; ${found === '' ? 'es sind andere Zeichen darunter' : `es sind ${found} Zeichen`}`,
  ],
  [
    'expected a key for (\\S+), where this desk trades, found one for (\\S+): it is kept in the vault and waits for a desk that trades there',
    (venue, of) =>
      `dieser Desk handelt bei ${venue}; der Schlüssel für ${of} bleibt im Tresor und wartet auf einen Desk, der dort handelt`,
  ],
  ['no sign of life for (\\S+) ms', (time) => `kein Lebenszeichen seit ${time} ms`],
  [
    'expected a connection with a new key that waits, found none of this name',
    'für diese Verbindung wartet kein neuer Schlüssel',
  ],
  [
    'expected a new key that the exchange has confirmed, found one that is not checked: have its rights checked first',
    'der neue Schlüssel ist nicht geprüft: bitte zuerst seine Rechte prüfen lassen',
  ],
  [
    'expected an open vault that has the new key, found it locked',
    'der Tresor ist verschlossen: bitte zuerst öffnen',
  ],
  [
    'expected a key in use, found a new one that has not taken over',
    'der neue Schlüssel hat noch nicht übernommen',
  ],
  [
    'expected another owner who stays, found that this is the last one',
    'die letzte Eigentümerin, der letzte Eigentümer muss bleiben',
  ],
  [
    'venue: expected one of (.+), found (\\S+)',
    (venues, found) => `bei ${found} kann dieser Desk nicht handeln, nur bei ${venues}`,
  ],
  [
    'expected fewer than (\\d+) passkeys: remove one first',
    (most) => `mehr als ${most} Passkeys hat niemand: bitte zuerst einen entfernen`,
  ],
  [
    'expected a passkey that this desk does not know yet, found one that it does',
    'diesen Passkey kennt der Desk schon',
  ],
  [
    'expected a passkey of this desk, found one that it does not know',
    'diesen Passkey kennt der Desk nicht',
  ],
  [
    'expected a recovery code that was not used yet, found another text',
    'das ist kein Code, der noch gilt',
  ],
  [
    'expected fewer logins at once, found too many: try again in a moment',
    'zu viele melden sich gerade an: bitte gleich noch einmal versuchen',
  ],
  [
    'expected fewer open invitations: take one back first',
    'es sind schon genug Einladungen offen: bitte zuerst eine zurücknehmen',
  ],
  [
    'expected a challenge that was given out in the last five minutes and not used, found another',
    'das hat zu lange gedauert oder galt schon einmal: bitte noch einmal beginnen',
  ],
  [
    'expected a passkey to confirm with, found none: make a new link with `kontor link`',
    'es gibt keinen Passkey zum Bestätigen: bitte mit kontor link einen neuen Link erzeugen',
  ],
  [
    'expected the role (\\w+), found (\\w+)',
    (needed, found) => `das darf nur die Rolle ${needed}, Ihre ist ${found}`,
  ],
  [
    'expected an act that waits for consent, found it done or too old',
    'die Handlung wartet nicht mehr auf Zustimmung: bitte noch einmal beginnen',
  ],
  [
    'credential: expected that of an enrolled owner, found another',
    'dieser Passkey ist im Signer nicht aufgenommen',
  ],
  [
    'expected the code that the signer showed at the terminal, found another; (\\d+) tries left',
    (left) => `das ist nicht der Code vom Terminal; noch ${left} Versuche`,
  ],
  [
    'expected the consent of an owner, found a code that is not in force',
    'dieser Code gilt nicht mehr: bitte noch einmal beginnen',
  ],
  [
    'expected an enrolled owner, found none: enrol one on the page People, or run kontor people code',
    'im Signer ist noch niemand aufgenommen: bitte auf der Seite Personen einen Passkey aufnehmen, oder kontor people code aufrufen',
  ],
  [
    'expected a passkey that is not enrolled yet, found one that is',
    'dieser Passkey ist schon aufgenommen',
  ],
  [
    'authenticatorData\\.counter: expected more than (\\d+), found (\\d+): this credential may have been copied',
    (least, found) =>
      `der Zähler des Passkeys steht bei ${found} statt über ${least}: Er kann kopiert worden sein`,
  ],
  [
    'expected a vault with a passphrase, found one that a file opens: set one with kontor vault passphrase first',
    'der Tresor hat keine Passphrase: bitte zuerst mit kontor vault passphrase eine setzen',
  ],
  [
    'expected a passkey that is no way yet, found one that is',
    'mit diesem Passkey öffnet sich der Tresor schon',
  ],
  [
    'expected fewer than (\\d+) ways',
    (most) => `mehr als ${most} weitere Wege hat ein Tresor nicht`,
  ],
  [
    'expected a way that opens the vault, found none of this name',
    'diesen Weg, den Tresor zu öffnen, gibt es nicht mehr',
  ],
  [
    'expected a message sealed to this signer since its last start, found another: load the page anew',
    'der Signer wurde inzwischen neu gestartet: bitte die Seite neu laden und noch einmal versuchen',
  ],
  [
    'the connection (.+) signs no new risk: it is (\\S+)',
    (name, state) =>
      `die Verbindung ${name} signiert kein neues Risiko: Sie ist ${CONNECTION_STATE[state] ?? state}`,
  ],
  [
    'expected a connection that is not frozen, found it frozen \\((\\S*)\\)(?:; .*)?',
    'die Verbindung ist eingefroren und signiert nur Ausstiege aus dem, was durch sie eröffnet wurde',
  ],
  [
    'expected a key that has not expired, found that it expired at (\\S+?)(?:; .*)?',
    (end) => `der Schlüssel ist am ${end} abgelaufen und signiert kein neues Risiko`,
  ],
  [
    'expected a key as it was checked before, found (.+)',
    (faults) => `die Börse sagt über den Schlüssel anderes als zuvor: ${faults}`,
  ],
  [
    'expected a check of what the exchange lets the key do, found none that passed in the last 26 hours(?:; .*)?',
    'die Rechte des Schlüssels wurden in den letzten 26 Stunden nicht mit Erfolg geprüft',
  ],
  ['the bot does not trade this symbol(?: any more)?', 'der Bot handelt dieses Instrument nicht'],
  ['the bot does not trade (\\S+)', (symbol) => `der Bot handelt ${symbol} nicht`],
  ['a signal asked for it', 'ein Signal verlangte es'],
  ['a later entry came', 'ein späterer Einstieg kam dazwischen'],
  ['an exit is under way', 'ein Ausstieg läuft bereits'],
  ['an exit came after it', 'danach kam ein Ausstieg'],
  ['the position is being closed(?: already)?', 'die Position wird bereits geschlossen'],
  ['a position is open', 'eine Position ist offen'],
  ['it does not say the price it was sent at', 'ihm fehlt der Preis, zu dem es gesendet wurde'],
  [
    'the size of an entry is an amount, a quantity or a share of the balance',
    'die Größe eines Einstiegs ist ein Betrag, eine Menge oder ein Anteil am Guthaben',
  ],
  [
    'the size of an exit is a percentage of the position',
    'die Größe eines Ausstiegs ist ein Anteil der Position in Prozent',
  ],
  [
    'the strategy does not say how much of its position is left',
    'die Strategie sagt nicht, wie viel von ihrer Position bleibt',
  ],
  [
    'contradiction: an? (\\S+) cannot lead from (\\S+) to (\\S+)',
    (action, from, to) => `Widerspruch: ${action} führt nicht von ${from} zu ${to}`,
  ],
  [
    'contradiction: the position is to shrink, but goes from (\\S+) to (\\S+)',
    (from, to) => `Widerspruch: Die Position soll kleiner werden, geht aber von ${from} auf ${to}`,
  ],
  [
    "the market is at (\\S+), more than (\\S+) percent from the signal's (\\S+)",
    (price, most, sent) =>
      `der Markt steht bei ${price}, mehr als ${most} Prozent vom Preis des Signals (${sent}) entfernt`,
  ],
  [
    'contradiction: the position is to grow, but goes from (\\S+) to (\\S+)',
    (from, to) => `Widerspruch: Die Position soll wachsen, geht aber von ${from} auf ${to}`,
  ],
  [
    'a signal bot does not know the action (.+)',
    (action) => `ein Signal-Bot kennt ${action} nicht`,
  ],
  [
    'a (long|short) position is open(?: already)?',
    (which) => `eine ${DIRECTION[which ?? '']}-Position ist bereits offen`,
  ],
  [
    'no (long|short) position is open(?: that could be enlarged)?',
    (which) => `keine ${DIRECTION[which ?? '']}-Position ist offen`,
  ],
  [
    '(long|short) positions are not allowed',
    (which) => `${DIRECTION[which ?? '']}-Positionen sind nicht erlaubt`,
  ],
  [
    'the position has its (\\S+) entries',
    (most) => `die Position hat schon alle Einstiege (${most})`,
  ],
  [
    'the symbol cools down for (\\S+) s more',
    (seconds) => `das Instrument ruht noch ${seconds} Sekunden`,
  ],
  [
    'it would earn less than (\\S+) percent: the price is (\\S+), (\\S+) is needed',
    (least, price, needed) =>
      `der Gewinn läge unter ${least} Prozent: Der Preis ist ${price}, nötig ist ${needed}`,
  ],
  [
    'it was sent (\\S+) s in the future',
    (seconds) => `es trägt eine Zeit ${seconds} Sekunden in der Zukunft`,
  ],
  [
    'it was sent (\\S+) s ago, at most (\\S+) s are allowed',
    (seconds, most) =>
      `es wurde vor ${seconds} Sekunden gesendet, erlaubt sind höchstens ${most} Sekunden`,
  ],
  [
    'more than (\\S+) signals in (\\S+) s',
    (most, seconds) => `mehr als ${most} Signale in ${seconds} Sekunden`,
  ],
  [
    'all positions together would be worth (\\S+ \\S+), at most (\\S+) are allowed',
    (worth, most) => `alle Positionen zusammen wären ${worth} wert, erlaubt sind höchstens ${most}`,
  ],
  [
    'expected an ID of 1 to (\\S+) characters, found (\\S+)',
    (most, found) => `die ID muss 1 bis ${most} Zeichen lang sein, ist aber ${found} lang`,
  ],
  [
    'expected a time above 0, found (.+)',
    (found) => `die Zeit muss über 0 liegen, ist aber ${found}`,
  ],
  ['no entry waits', 'kein Einstieg wartet'],
  ['only a DCA deal can be converted', 'nur ein DCA-Deal lässt sich umwandeln'],
  [
    'a grid and a portfolio take no single orders and have no steps',
    'ein Grid und ein Portfolio nehmen keine einzelnen Orders und haben keine Stufen',
  ],
  [
    'only a trade has entries that wait for their price',
    'nur ein Trade hat Einstiege, die auf ihren Preis warten',
  ],
  ['nothing of that number waits', 'nichts mit dieser Nummer wartet'],
  ['added order (\\S+) is done', (number) => `Aufstockung ${number} ist erledigt`],
  [
    'the trade is open already and goes on to its end',
    'der Trade läuft schon und läuft bis zu seinem Ende weiter',
  ],
  [
    'the trade has ended, and a smart trade trades once: make a new one',
    'der Trade ist beendet, und ein Smart-Trade handelt nur einmal: bitte einen neuen anlegen',
  ],
  [
    'an order on (\\S+) would need (\\S+ \\S+), and the policy allows at most (\\S+ \\S+) an order',
    (symbol, needed, most) =>
      `eine Order auf ${symbol} bräuchte ${needed}, die Policy erlaubt höchstens ${most} je Order`,
  ],
  [
    'a deal on (\\S+) would need (\\S+ \\S+), and (\\S+ \\S+) are free',
    (symbol, needed, free) => `ein Deal auf ${symbol} bräuchte ${needed}, frei sind ${free}`,
  ],
  [
    'expected at least (\\S+ \\S+), found (.+)',
    (least, found) => `nötig sind mindestens ${least}, es sind ${found}`,
  ],
  [
    'expected at most (\\S+ \\S+), which is (free|held), found (.+)',
    (most, which, found) =>
      `höchstens ${most} sind ${which === 'free' ? 'frei' : 'da'}, verlangt sind ${found}`,
  ],
  [
    'expected at most (\\S+ \\S+) in one order, found (.+)',
    (most, found) => `höchstens ${most} passen in eine Order, verlangt sind ${found}`,
  ],
  [
    'expected at most (\\S+ \\S+) in (\\S+) orders, found (.+)',
    (most, orders, found) => `höchstens ${most} passen in ${orders} Orders, verlangt sind ${found}`,
  ],
  [
    'expected at most (\\S+ \\S+), what (\\S+) orders close, found (\\S+ \\S+)',
    (most, orders, found) =>
      `höchstens ${most} lassen sich mit ${orders} Orders schließen, es sind ${found}`,
  ],
  [
    'expected at most (\\S+) bots on a desk, found (\\S+): delete one that is stopped',
    (most, found) =>
      `ein Desk nimmt höchstens ${most} Bots, es sind ${found}: lösche einen, der gestoppt ist`,
  ],
  [
    'expected at most ([0-9.]+ \\S+), found ([0-9.]+ \\S+)',
    (most, found) => `möglich sind höchstens ${most}, verlangt sind ${found}`,
  ],
  [
    'a trade that only enters takes no more funds',
    'ein Trade, der nur einsteigt, lässt sich nicht vergrößern',
  ],
  ['a trade that only enters closes nothing', 'ein Trade, der nur einsteigt, schließt nichts'],
  ['nothing is held yet', 'noch wird nichts gehalten'],
  ['it is being cancelled', 'die Order wird gerade storniert'],
  ['it is done', 'die Order ist erledigt'],
  ['it trades at once', 'die Order wird sofort gehandelt'],
  ['no added or reducing order has this ID', 'keine solche Order trägt diese ID'],
  ['expected the type of the running trade', 'die Art des laufenden Trades muss bleiben'],
  ['expected a size', 'die Größe fehlt'],
  [
    'at most (\\S+) added orders may wait at once',
    (most) => `höchstens ${most} zusätzliche Orders dürfen zugleich warten`,
  ],
  [
    'at most (\\S+) reductions may wait at once',
    (most) => `höchstens ${most} Verkleinerungen dürfen zugleich warten`,
  ],
  [
    'the deal carries (\\S+) such orders already',
    (count) => `der Deal hat schon ${count} solche Orders`,
  ],
  ['there is no take-profit step (\\S+)', (step) => `es gibt kein Ziel ${step}`],
  ['(\\S+) positions are open', (count) => `${count} Positionen sind offen`],
  [
    '(entry|take-profit step|step) (\\S+) is done(?: and must stay)?',
    (what, step) => `${STEP[what ?? '']} ${step} ist erledigt und bleibt, wie es ist`,
  ],
  [
    '(entry|take-profit step|step) (\\S+) has traded and must stay',
    (what, step) => `${STEP[what ?? '']} ${step} wurde gehandelt und bleibt, wie es ist`,
  ],
  [
    '(entry|take-profit step|step) (\\S+) is being taken back',
    (what, step) => `${STEP[what ?? '']} ${step} wird gerade zurückgenommen`,
  ],
  ['take-profit step (\\S+) is being closed', (step) => `Ziel ${step} wird gerade geschlossen`],
  ['take-profit step (\\S+) holds nothing', (step) => `Ziel ${step} hält nichts`],
  ['there is no entry (\\S+)', (entry) => `es gibt keinen Einstieg ${entry}`],
  ['the deal holds no position', 'der Deal hält keine Position'],
  ['the desk is halted', 'der Desk ist angehalten'],
  ['the deal has no steps', 'der Deal hat keine Ziele'],
  ['the deal has steps 1 to (\\S+)', (last) => `der Deal hat die Ziele 1 bis ${last}`],
  ['the step is being closed', 'das Ziel wird gerade geschlossen'],
  [
    'insufficient funds: needed (\\S+ \\S+), free (.+)',
    (needed, free) => `zu wenig Guthaben: nötig ${needed}, frei ${free}`,
  ],
  [
    '(\\S+ \\S+) are missing: needed (\\S+), free (\\S+)',
    (missing, needed, free) => `es fehlen ${missing}: nötig ${needed}, frei ${free}`,
  ],
  [
    '(.+) are needed, and what the account holds is not known',
    (needed) => `nötig sind ${needed}, und was das Konto hält, ist nicht bekannt`,
  ],
  [
    'a DCA bot follows signals to start, average and close',
    'ein DCA-Bot folgt Signalen zum Starten, Nachkaufen und Schließen',
  ],
  [
    'deals of this bot do not start by signals',
    'die Deals dieses Bots beginnen nicht durch Signale',
  ],
  ['the conditions are not met', 'die Bedingungen sind nicht erfüllt'],
  [
    'it is not known whether the conditions are met',
    'ob die Bedingungen erfüllt sind, ist noch nicht bekannt',
  ],
  ['(\\S+) rests after its last deal', (symbol) => `${symbol} ruht nach dem letzten Deal`],
  [
    '(\\S+) rests after a deal that failed',
    (symbol) => `${symbol} ruht nach einem gescheiterten Deal`,
  ],
  ['a deal on (\\S+) is about to start', (symbol) => `ein Deal auf ${symbol} beginnt gerade`],
  [
    'the bot has all of its (\\S+) deals',
    (most) => `der Bot hat schon alle erlaubten Deals (${most})`,
  ],
  [
    'the bot has all of its (\\S+) deals on (\\S+)',
    (most, symbol) => `der Bot hat auf ${symbol} schon alle erlaubten Deals (${most})`,
  ],
  ['the price (\\S+) is below (\\S+)', (price, least) => `der Preis ${price} liegt unter ${least}`],
  ['the price (\\S+) is above (\\S+)', (price, most) => `der Preis ${price} liegt über ${most}`],
  ['deal (\\S+) ended at its stop loss', (deal) => `Deal ${deal} endete an seinem Stop-Loss`],
  [
    'it has opened the (\\S+) deals it was to open',
    (count) => `er hat alle Deals eröffnet, die er sollte (${count})`,
  ],
  [
    'only a DCA bot opens single deals by a wish',
    'nur ein DCA-Bot eröffnet einzelne Deals auf Wunsch',
  ],
  ['the bot runs: stop it first', 'der Bot läuft: bitte zuerst stoppen'],
  ['the bot has (\\S+) open deals', (count) => `der Bot hat offene Deals (${count})`],
  [
    'expected at least (\\S+), found less',
    (least) => `nötig ist mindestens ${least}, es ist weniger`,
  ],
  [
    'expected an amount above 0, found (.+)',
    (found) => `der Betrag muss über 0 liegen, ist aber ${found}`,
  ],
  [
    'expected a price above 0, found (.+)',
    (found) => `der Preis muss über 0 liegen, ist aber ${found}`,
  ],
  ['expected more than 0, found (.+)', (found) => `muss mehr als 0 sein, ist aber ${found}`],
  [
    'expected a multiple of the (tick|lot) size (\\S+) and ≥ 0, found (.+)',
    (_which, size, found) => `muss ein Vielfaches von ${size} sein, ist aber ${found}`,
  ],
  [
    'expected a person to allow it first: it waits as (\\S+) for (\\S+ s); release it on the page Policy and it is signed when it comes again',
    (order, time) =>
      `ein Mensch muss sie zuerst erlauben: Sie wartet als ${order} noch ${time}; auf der Seite Policy freigegeben, wird sie signiert, wenn sie wiederkommt`,
  ],
  [
    'expected fewer than (\\S+) orders of this connection that wait for a person, found (\\S+), (\\S+) of them in (\\S+): release or drop some on the page Policy; the first of them goes by itself in (\\S+ s)',
    (_most, found, part, symbol, time) =>
      `von dieser Verbindung warten schon ${found} Orders auf einen Menschen, ${part} davon in ${symbol}: einige auf der Seite Policy freigeben oder verwerfen; die erste geht in ${time} von selbst`,
  ],
  [
    "expected the exchange's identifier that the key is in use under, found another: renew the key, which an owner confirms",
    'dieser Schlüssel ist unter einem anderen API-Schlüssel in Gebrauch: Für einen neuen den Schlüssel erneuern, was ein Eigentümer bestätigt',
  ],
  [
    'expected another order, found one like it that a person has dropped',
    () => 'ein Mensch hat eine solche Order verworfen',
  ],
  [
    'expected at most (\\S+) decimals, found (.+)',
    (most, found) => `höchstens ${most} Nachkommastellen sind möglich, gefunden ${found}`,
  ],
  [
    'expected a decimal number, found (.+)',
    (found) => `eine Zahl wird erwartet, gefunden ${found}`,
  ],
  [
    'expected a ((?:price|quantity|value) of at (?:least|most)) (\\S+), found (.+)',
    (which, limit, found) => `nötig ist ${LIMITED[which ?? '']} ${limit}, es ist ${found}`,
  ],
  [
    'expected at most (\\S+) orders out, found (\\S+)',
    (most, found) => `höchstens ${most} Orders dürfen offen sein, es wären ${found}`,
  ],
  [
    'expected at most (\\S+ \\S+) at stake, found (\\S+ \\S+)',
    (most, found) => `höchstens ${most} dürfen im Einsatz sein, es wären ${found}`,
  ],
  [
    "expected at most (\\S+ \\S+) of (\\S+): other bots hold or plan to use (\\S+), found (\\S+ \\S+) for this bot's orders",
    (most, total, kept, needed) =>
      `höchstens ${most} von ${total} sind frei, ${kept} halten oder planen andere Bots; nötig sind ${needed}`,
  ],
  [
    'the trade did not come to rest within (\\d+) decisions',
    (rounds) => `der Trade kam nach ${rounds} Entscheidungen nicht zur Ruhe`,
  ],
  [
    'expected at most (\\S+ \\S+), the rest is held by running deals, found (\\S+ \\S+)',
    (most, found) =>
      `höchstens ${most} sind frei, den Rest halten laufende Deals; nötig sind ${found}`,
  ],
  ['expected fewer orders to wait, found (\\S+)', (found) => `es warten schon ${found} Orders`],
  [
    'expected a (\\S+) (above|below|of at least|of at most) 0, found (\\S+)',
    (what, _how, found) => `${what} ist außerhalb des Erlaubten: ${found}`,
  ],
  [
    'expected at most (\\S+), found (\\S+)',
    (most, found) => `möglich ist höchstens ${most}, es ist ${found}`,
  ],
  [
    'expected a (buy|sell) at most (\\S+) (?:above|below) (\\S+) \\((.+)\\), found (\\S+)',
    (side, band, price, source, found) =>
      side === 'buy'
        ? `ein Kauf darf höchstens ${band} über ${price} (${source}) liegen, dieser liegt bei ${found}`
        : `ein Verkauf darf höchstens ${band} unter ${price} (${source}) liegen, dieser liegt bei ${found}`,
  ],
  [
    'expected references within (\\S+) of each other, found (\\S+) (\\S+) and (\\S+) (\\S+)',
    (agree, low, lowPrice, high, highPrice) =>
      `die Referenzen liegen weiter als ${agree} auseinander: ${low} ${lowPrice} und ${high} ${highPrice}`,
  ],
  [
    'expected a price by (\\S+) of at most (\\S+) ms, found one of (\\S+) ms',
    (source, most, found) =>
      `der Preis von ${source} ist ${found} ms alt, höchstens ${most} ms gelten`,
  ],
  [
    'expected a price by (\\S+) of (\\S+), found that the exchange has none now',
    (source, symbol) => `die Börse hat gerade keinen Preis von ${source} für ${symbol}`,
  ],
  [
    'expected (?:a price by \\S+ of|a day’s volume of|a spread of|a book of) (\\S+) from egress, found none yet',
    (symbol) =>
      `von Egress ist über ${symbol} noch nicht alles gekommen, woran die Order gemessen wird`,
  ],
  [
    'expected (\\S+) to trade at least (\\S+) a day, found (\\S+)',
    (symbol, least, found) =>
      `${symbol} muss am Tag mindestens ${least} umsetzen, es sind ${found}`,
  ],
  [
    'expected a spread of at most (\\S+), found (\\S+) to (\\S+)',
    (most, bid, ask) => `die Spanne ist größer als ${most}: ${bid} bis ${ask}`,
  ],
  [
    'expected at most (\\S+) of what rests within (\\S+), found (\\S+) of (\\S+)',
    (share, within, found, resting) =>
      `die Order ist größer als ${share} dessen, was innerhalb von ${within} liegt: ${found} von ${resting}`,
  ],
  [
    'expected at most (\\S+) open orders, found (\\S+) of which the exchange has not said that they ended',
    (most, found) => `höchstens ${most} Orders dürfen offen sein, es sind ${found}`,
  ],
  [
    'expected a price of its market first, found it cancelled or asked about',
    'die Order wartete noch auf einen Preis, als sie gestrichen oder nach ihr gefragt wurde',
  ],
  [
    'expected the policy that the log vouches for .*',
    'die Policy-Datei wurde von fremder Hand geändert: Lege die alte zurück, oder übernimm diese mit kontor policy edit, während der Desk steht',
  ],
  ['expected another policy, found the one in force', 'diese Policy ist schon in Kraft'],
  [
    'expected the action as it was shown, found that what it is about has changed since: ask for it anew',
    'was bestätigt werden sollte, hat sich inzwischen geändert: bitte noch einmal beginnen',
  ],
  [
    'expected a change of the policy in force .*',
    'inzwischen ist eine andere Policy in Kraft: Lade die Seite neu',
  ],
  ['expected a change of the policy that waits, found none', 'es wartet keine Änderung der Policy'],
  [
    'expected a change that a person can read at once: .*',
    'die Änderung ist zu lang, um sie auf einmal zu lesen: Übernimm sie mit kontor policy edit, während der Desk steht',
  ],
  [
    'expected notional of at most (.+), found (\\S+)',
    (most, found) => `der Wert einer Order darf höchstens ${most} sein, er ist ${found}`,
  ],
  [
    'expected per-day of at most (.+), found (\\S+), (\\S+) of it signed in the last 24 hours',
    (most, found, signed) =>
      `am Tag sind höchstens ${most} erlaubt; mit dieser Order wären es ${found}, davon ${signed} in den letzten 24 Stunden`,
  ],
  [
    '(?:notional|per-day) is limited in (\\S+), but (.+) is not quoted in it',
    (asset, symbol) => `die Grenze gilt in ${asset}, aber ${symbol} wird nicht darin gehandelt`,
  ],
  [
    'expected at most (.+) requests, found (\\S+) signed already',
    (most, found) => `höchstens ${most} Anfragen sind erlaubt, ${found} sind schon unterschrieben`,
  ],
  [
    'no allow line of connection (\\S+) matches (\\S+?)(; write one on the page Policy or with kontor policy edit)?(?:: (.+))?',
    (connection, operation, advice, near) =>
      `keine allow-Zeile der Verbindung ${connection} erlaubt ${operation}${near === '' ? '' : ` (${near})`}${advice === '' ? '' : ': bitte auf der Seite Policy eine schreiben'}`,
  ],
  ['the policy denies this: (.+)', (line) => `die Policy verbietet es: ${line}`],
  [
    'there is no policy: write (\\S+) and restart the signer',
    (file) => `es gibt keine Policy: ${file} schreiben und den Signer neu starten`,
  ],
  [
    'MARKET orders are never signed: they have no price that could be judged',
    'MARKET-Orders werden nie unterschrieben: Sie haben keinen Preis, der sich prüfen ließe',
  ],
  ['the signer is not running', 'der Signer läuft nicht'],
  ['the link to the signer is full', 'die Leitung zum Signer ist voll'],
  ['(\\S+) requests are waiting already', (count) => `es warten schon ${count} Anfragen`],
  ['the order never arrived at the exchange', 'die Order kam nie bei der Börse an'],
  [
    'Account has insufficient balance for requested action\\.?',
    'das Guthaben auf dem Konto reicht dafür nicht',
  ],
  [
    'Order would immediately match and take\\.?',
    'die Order würde sofort ausgeführt, sollte aber im Orderbuch ruhen',
  ],
  ['Filter failure: (.+)', (filter) => `gegen die Regel ${filter} der Börse`],
  ['Unknown order sent\\.?', 'die Börse kennt die Order nicht'],
  ['Too many new orders;?(.*)', 'zu viele Orders in kurzer Zeit'],
];

const SENTENCES = [...ROWS, ...REFUSALS].map(
  ([pattern, tell]) => [new RegExp(`^${pattern}$`, 's'), tell] as const,
);

/** `price: expected …` and the like: where it is wrong, then what. */
const PLACED = /^(?:refused by the instrument: )?(its size|amount|price|[a-zA-Z]+): (.+)$/s;

/**
 * `reason` in German, with its numbers written by `told`; null where no sentence is known. Several in one come apart
 * at their semicolons.
 */
export function germanReason(reason: string, told: (part: string) => string): string | null {
  for (const [pattern, tell] of SENTENCES) {
    const match = pattern.exec(reason);
    if (match === null) continue;
    if (typeof tell === 'string') return tell;
    const parts = match.slice(1).map((part) => (part === undefined ? '' : told(part)));
    return tell(...parts);
  }
  const placed = PLACED.exec(reason);
  if (placed !== null) {
    const [, place = '', rest = ''] = placed;
    const inner = germanReason(rest, told);
    if (inner !== null) return `${PLACES[place] ?? place}: ${inner}`;
  }
  if (!reason.includes('; ')) return null;
  const parts = reason.split('; ').map((part) => germanReason(part, told));
  return parts.every((part) => part !== null) ? parts.join('; ') : null;
}
