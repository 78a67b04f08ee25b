// SPDX-License-Identifier: Apache-2.0
// What the desk says in German about the policy.

import type { PolicyText } from './policy-english.ts';

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
  held: 'Orders, die auf dich warten',
  heldHint:
    'Eine hold-Zeile der Policy hält sie. Was du freigibst, wird einmal signiert, wenn es wiederkommt: zu diesem Preis oder einem besseren, und nicht mehr davon.',
  heldOrder: ({ side, quantity, symbol, price, type, stop }) =>
    `${quantity} ${symbol} zu ${price} ${side === 'buy' ? 'kaufen' : 'verkaufen'}, ${type}${stop === null ? '' : `, ab ${stop}`}`,
  worth: 'Wert',
  heldBy: 'gehalten von',
  timeLeft: 'verbleibend:',
  goodFor: 'gültig noch',
  isReleased: 'Freigegeben: Sie wird signiert, wenn sie wiederkommt.',
  release: 'Diese Order erlauben',
  released: 'Die Order ist freigegeben: Sie wird signiert, wenn sie wiederkommt.',
  drop: 'Verwerfen',
  dropped: 'Die Order ist verworfen.',
  giveUp: 'Verwerfen',
  gaveUp: 'Die Änderung ist verworfen.',
  edit: 'Policy ändern',
  editHint: 'Was nur verschärft, gilt sofort. Was lockert, braucht einen Passkey und wartet dann.',
  text: 'Die Policy-Datei',
  reset: 'Zurück zur geltenden Policy',
  change: 'Ändern',
  changed: 'Die Policy gilt ab jetzt.',
  waits: 'Die Änderung ist bestätigt und wartet auf ihre Zeit.',
  fault: (line, column, expected, found) =>
    `Zeile ${line}, Spalte ${column}: erwartet wird ${expected}, gefunden ${found}.`,
  direction: {
    same: 'An dem, was erlaubt ist, ändert sich nichts.',
    tightening: 'Sie verschärft nur: Sie gilt sofort.',
    loosening: 'Sie lockert, oder könnte es: Ein Passkey bestätigt sie, dann wartet sie.',
  },
  delay: (minutes) => `Was lockert, wartet ${minutes} Minuten.`,
  line: (line) => {
    const { effect, operations, symbols, sides, types, timesInForce } = line;
    const what = [
      operations.length === 0 ? 'was keine Anfrage sein kann' : operations.join(', '),
      ...(sides === null ? [] : [sides.join(' und ')]),
      ...(types === null ? [] : [`vom Typ ${types.join(', ')}`]),
      ...(timesInForce === null ? [] : [`gültig ${timesInForce.join(', ')}`]),
      ...(symbols === null ? [] : [`in ${symbols.join(', ')}`]),
    ].join(' ');
    if (effect === 'deny') return `Nie: ${what}`;
    const limits = [
      ...(line.notional === null ? [] : [`${line.notional} je Order`]),
      ...(line.perDay === null ? [] : [`${line.perDay} in 24 Stunden`]),
      ...(line.open === null ? [] : [`${line.open} zugleich offen`]),
      ...(line.rate === null ? [] : [`${line.rate} Anfragen`]),
      ...(line.band === null ? [] : [`${line.band} schlechter als die Referenzen`]),
    ];
    const most = limits.length === 0 ? 'ohne Grenze' : `höchstens ${limits.join(', ')}`;
    return effect === 'allow'
      ? `Darf: ${what}; ${most}`
      : `Wenn du es jedes Mal erlaubst: ${what}; ${most}`;
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
    return `Orders in ${symbols === null ? 'allen Märkten' : symbols.join(', ')} brauchen ${demands.join(', ')}`;
  },
  day: ({ asset, turnover, loss }) => {
    const unit = asset === null ? '' : ` ${asset}`;
    if (turnover === null || loss === null) return `Keine Grenze${unit === '' ? '' : ` in${unit}`}`;
    if (turnover === loss)
      return `Alle ${turnover}${unit} könnten verloren gehen: Eine Zeile hat kein Band`;
    return `${turnover}${unit} Umsatz, von dem schlechte Preise ${loss}${unit} kosten könnten`;
  },
  noDay: 'Nichts: Keine Order ist erlaubt',
};
