// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about the policy.

import type { PolicyText } from './policy-english.ts';
import { germanPolicyPhrase } from './policy-fault-german.ts';

const OPERATIONS = {
  'order.place': 'Orders stellen',
  'order.cancel': 'Orders löschen',
  'order.cancelAll': 'alle Orders auf einmal löschen',
  'read.order': 'Orders lesen',
  'read.openOrders': 'Orders lesen',
  'read.fills': 'Ausführungen lesen',
  'read.account': 'das Konto lesen',
  'read.permissions': 'die Rechte des Schlüssels lesen',
  'read.stream': 'dem Konto folgen',
  withdraw: 'auszahlen',
  transfer: 'übertragen',
  convert: 'umtauschen',
  margin: 'auf Kredit handeln',
  subaccount: 'Unterkonten anfassen',
  keys: 'Schlüssel verwalten',
  'session.logon': 'anmelden, ohne jede Anfrage zu unterschreiben',
};
const SIDES = { BUY: 'zum Kauf', SELL: 'zum Verkauf' };
const TYPES = {
  LIMIT: 'Limit-Orders',
  LIMIT_MAKER: 'Limit-Orders, die nie nehmen',
  STOP_LOSS_LIMIT: 'Limit-Orders hinter einem Stopp',
  TAKE_PROFIT_LIMIT: 'Limit-Orders bei Gewinn',
  MARKET: 'Market-Orders',
  STOP_LOSS: 'Market-Orders hinter einem Stopp',
  TAKE_PROFIT: 'Market-Orders bei Gewinn',
};
const TIMES = {
  GTC: 'gültig bis zum Löschen',
  IOC: 'sofort ausgeführt oder gelöscht',
  FOK: 'sofort ganz ausgeführt oder gelöscht',
};

/** What has no word is told as the policy calls it. */
function wordFor(name: string, words: Readonly<Record<string, string>>): string {
  return words[name] ?? name;
}

/** How long a person has for each. */
function within(expiresMs: number | null): string {
  if (expiresMs === null) return '';
  const seconds = Math.ceil(expiresMs / 1_000);
  if (seconds % 3_600 === 0) return `, binnen ${seconds / 3_600} Std.`;
  return seconds % 60 === 0 ? `, binnen ${seconds / 60} Min.` : `, binnen ${seconds} s`;
}

export const germanPolicy: PolicyText = {
  title: 'Policy',
  intro: 'Was Ihre Schlüssel signieren dürfen. Alles andere wird abgelehnt.',
  open: 'Policy lesen oder ändern',
  inForce: 'In Kraft',
  none: 'Es gibt keine Policy',
  noneHint: 'Bis es eine gibt, wird alles abgelehnt.',
  locked: 'Keine Order wird signiert',
  lockedHint:
    'Die Policy-Datei wurde von fremder Hand geändert. Lege die alte Datei zurück, oder halte den Desk an und übernimm diese mit kontor policy edit.',
  worstDay: 'Der schlimmste Tag',
  worstDayHint:
    'Was jemand, der den Server in der Hand hat, in 24 Stunden tun könnte, abgesehen davon, was die Kurse von selbst tun.',
  pending: 'Eine Änderung wartet',
  pendingHint: 'Sie erlaubt mehr und gilt ab dieser Zeit:',
  held: 'Orders, die auf Sie warten',
  heldHint:
    'Eine hold-Zeile der Policy hält sie. Was Sie freigeben, wird einmal signiert, wenn es wiederkommt: zu einem Preis, der höchstens 1\u00a0% schlechter ist, und nicht mehr davon; ein Kauf darf 1\u00a0% mehr wert sein.',
  heldOrder: ({ side, quantity, symbol, price, type, stop }) =>
    `${quantity} ${symbol} zu ${price} ${side === 'buy' ? 'kaufen' : 'verkaufen'}, Art: ${wordFor(type, TYPES)}${stop === null ? '' : `, ab ${stop}`}`,
  worth: 'Wert',
  heldBy: 'gehalten von',
  timeLeft: 'verbleibend:',
  goodFor: 'gültig noch',
  isReleased: 'Freigegeben: Sie wird signiert, wenn sie wiederkommt.',
  release: 'Diese Order erlauben',
  released: 'Die Order ist freigegeben: Sie wird signiert, wenn sie wiederkommt.',
  drop: 'Verwerfen',
  dropped: 'Die Order ist verworfen.',
  heldBeyond: {
    trader: 'Verwerfen dürfen Sie sie. Freigeben kann sie ein Eigentümer, mit Passkey.',
    viewer:
      'Ansehen dürfen Sie sie. Verwerfen kann ein Händler, freigeben ein Eigentümer mit Passkey.',
  },
  giveUp: 'Verwerfen',
  gaveUp: 'Die Änderung ist verworfen.',
  edit: 'Policy ändern',
  tryOut: 'Eine Policy ausprobieren',
  tryOutHint:
    'Eigentümer des Desks ändern die Policy. Was Sie hier schreiben, wird geprüft und ändert nichts.',
  editHint: 'Was nur verschärft, gilt sofort. Was lockert, braucht einen Passkey und wartet dann.',
  text: 'Die Policy-Datei',
  reset: 'Zurück zur geltenden Policy',
  change: 'Ändern',
  changed: 'Die Policy gilt ab jetzt.',
  waits: 'Die Änderung ist bestätigt und wartet auf ihre Zeit.',
  fault: (line, column, expected, found) =>
    `Zeile ${line}, Spalte ${column}: erwartet wird ${germanPolicyPhrase(expected)}, gefunden ${germanPolicyPhrase(found)}.`,
  direction: {
    same: 'An dem, was erlaubt ist, ändert sich nichts.',
    tightening: 'Sie verschärft nur: Sie gilt sofort.',
    loosening: 'Sie lockert, oder könnte es: Ein Passkey bestätigt sie, dann wartet sie.',
  },
  delay: (minutes) => `Was lockert, wartet ${minutes} Minuten.`,
  line: (line) => {
    const { effect, operations, symbols, sides, types, timesInForce } = line;
    const said = new Set(operations.map((name) => wordFor(name, OPERATIONS)));
    const what = [
      said.size === 0 ? 'was keine Anfrage sein kann' : [...said].join(', '),
      ...(sides === null ? [] : [sides.map((side) => wordFor(side, SIDES)).join(' und ')]),
      ...(types === null ? [] : [`als ${types.map((type) => wordFor(type, TYPES)).join(', ')}`]),
      ...(timesInForce === null
        ? []
        : [timesInForce.map((time) => wordFor(time, TIMES)).join(' oder ')]),
      ...(symbols === null ? [] : [`in ${symbols.join(', ')}`]),
    ].join(' ');
    if (effect === 'deny') return `Nie: ${what}`;
    const limits = [
      ...(line.notional === null ? [] : [`${line.notional} je Order`]),
      ...(line.perDay === null ? [] : [`${line.perDay} am Tag`]),
      ...(line.open === null ? [] : [`${line.open} zugleich offen`]),
      ...(line.rate === null ? [] : [line.rate.replace(/ ?\/ ?(\d+) ?/, ' Anfragen je $1 ')]),
      ...(line.band === null ? [] : [`Preise ${line.band} schlechter als die Referenzen`]),
    ];
    const most = limits.length === 0 ? 'ohne Grenze' : `bis zu ${limits.join(', ')}`;
    return effect === 'allow'
      ? `Darf: ${what}; ${most}`
      : `Wenn Sie es jedes Mal erlauben${within(line.expiresMs)}: ${what}; ${most}`;
  },
  reference: (sources, seconds, agree) =>
    `Preise: ${sources}, von Egress erfragt, höchstens ${seconds} s alt${agree === null ? '' : `, höchstens ${agree} auseinander`}`,
  floor: ({ symbols, minDayQuote, maxSpread, bookShare }) => {
    const demands = [
      ...(minDayQuote === null ? [] : [`mindestens ${minDayQuote} Umsatz am Tag`]),
      ...(maxSpread === null ? [] : [`eine Spanne von höchstens ${maxSpread}`]),
      ...(bookShare === null
        ? []
        : [
            `eine Order von höchstens ${bookShare.share} dessen, was innerhalb von ${bookShare.within} liegt`,
          ]),
    ];
    return `Orders in ${symbols === null ? 'allen Märkten' : symbols.join(', ')} brauchen ${demands.join(', ')}; Verkäufe von hier Gekauftem brauchen nur ein Band`;
  },
  day: ({ asset, turnover, loss }) => {
    const unit = asset === null ? '' : ` ${asset}`;
    if (turnover === null || loss === null) return `keine Grenze${unit === '' ? '' : ` in${unit}`}`;
    if (turnover === loss)
      return `alle ${turnover}${unit} könnten verloren gehen: Eine Zeile hat kein Band`;
    return `${turnover}${unit} Umsatz, von dem schlechte Preise ${loss}${unit} kosten könnten`;
  },
  noDay: () => 'nichts, denn ohne einen Menschen wird keine Order signiert',
};
