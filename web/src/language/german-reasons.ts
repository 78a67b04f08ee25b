// SPDX-License-Identifier: Apache-2.0
// Why something was refused, waits or ended, in German: the fixed sentences of the trading machine, the desk, the
// signer and the exchange, each with the values that it carries.

type Tell = (...parts: readonly string[]) => string;

const LIMITED: Readonly<Record<string, string>> = {
  'price of at least': 'ein Preis von mindestens',
  'price of at most': 'ein Preis von höchstens',
  'quantity of at least': 'eine Menge von mindestens',
  'quantity of at most': 'eine Menge von höchstens',
  'value of at least': 'ein Wert von mindestens',
  'value of at most': 'ein Wert von höchstens',
};

const DIRECTION: Readonly<Record<string, string>> = { long: 'Long', short: 'Short' };

const STEP: Readonly<Record<string, string>> = {
  entry: 'Einstieg',
  'take-profit step': 'Ziel',
  step: 'Schritt',
};

const PLACES: Readonly<Record<string, string>> = {
  'its size': 'Größe',
  amount: 'Betrag',
  price: 'Preis',
};

/** Patterns of whole sentences. Read from the top; the first that fits is said. */
const ROWS: readonly (readonly [string, string | Tell])[] = [
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
    'no allow line of connection (\\S+) matches (\\S+?)(?:: (.+))?',
    (connection, operation, near) =>
      `keine allow-Zeile der Verbindung ${connection} erlaubt ${operation}${near === '' ? '' : ` (${near})`}`,
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

const SENTENCES = ROWS.map(([pattern, tell]) => [new RegExp(`^${pattern}$`, 's'), tell] as const);

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
