// SPDX-License-Identifier: Apache-2.0
// What the grammar of the policy expects and finds, in German; names of its own stay as they are written.

type Row = readonly [RegExp, string | ((...parts: readonly string[]) => string)];

const KINDS: Readonly<Record<string, string>> = {
  'an allow': 'allow',
  'a hold': 'hold',
};

const ROWS: readonly Row[] = [
  // Expected.
  [/^policy\/v1 on the first line$/, 'policy/v1 in der ersten Zeile'],
  [/^at most (\d+) bytes$/, (most) => `höchstens ${most} Bytes`],
  [/^plain ASCII outside comments$/, 'reines ASCII außerhalb von Kommentaren'],
  [/^a line of its own$/, 'eine eigene Zeile'],
  [/^the end of the line$/, 'das Ende der Zeile'],
  [/^one reference line for a connection$/, 'eine reference-Zeile je Verbindung'],
  [
    /^the reference line before what is measured by it$/,
    'die reference-Zeile vor dem, was an ihr gemessen wird',
  ],
  [
    /^a reference line before the first (liquidity line|band=)$/,
    (before) =>
      `eine reference-Zeile vor ${before === 'band=' ? 'dem ersten band=' : 'der ersten liquidity-Zeile'}`,
  ],
  [/^one grace line for a connection$/, 'eine grace-Zeile je Verbindung'],
  [/^one section for a connection$/, 'ein Abschnitt je Verbindung'],
  [/^every (id|source|term) once$/, (what) => `jedes ${what} nur einmal`],
  [/^deny: no other default exists$/, 'deny: Eine andere Vorgabe gibt es nicht'],
  [
    /^loosening-delay once, before the first connection$/,
    'loosening-delay einmal, vor der ersten Verbindung',
  ],
  [
    /^connection, reference, liquidity, grace, allow, hold, deny, default or loosening-delay$/,
    'connection, reference, liquidity, grace, allow, hold, deny, default oder loosening-delay',
  ],
  [
    /^the name of a connection, or c_ and 7 of A-Z 2-7$/,
    'der Name einer Verbindung, oder c_ und 7 Zeichen aus A-Z 2-7',
  ],
  [/^a connection line before the first rule$/, 'eine connection-Zeile vor der ersten Regel'],
  [/^(source|max-age)= in a reference line$/, (what) => `${what}= in einer reference-Zeile`],
  [/^agree= where there is more than one source$/, 'agree=, wo es mehr als eine Quelle gibt'],
  [
    /^the symbols of the liquidity line, or \* for all$/,
    'die Symbole der liquidity-Zeile, oder * für alle',
  ],
  [
    /^min-24h-quote=, max-spread= or max-book-share=$/,
    'min-24h-quote=, max-spread= oder max-book-share=',
  ],
  [/^op= in (an allow|a hold) line$/, (kind) => `op= in einer ${KINDS[kind ?? '']}-Zeile`],
  [/^symbols quoted in (\S+)$/, (asset) => `Symbole, die in ${asset} gehandelt werden`],
  [
    /^op=order\.place alone in a line with (\S+)$/,
    (term) => `op=order.place allein in einer Zeile mit ${term}`,
  ],
  [
    /^op=order\.place alone in an? (\S+) line$/,
    (kind) => `op=order.place allein in einer ${kind}-Zeile`,
  ],
  [
    /^no MARKET in (an allow|a hold) line: such an order has no price to judge$/,
    (kind) =>
      `kein MARKET in einer ${KINDS[kind ?? '']}-Zeile: Eine solche Order hat keinen Preis, der sich prüfen ließe`,
  ],
  [
    /^no limit in a deny line: it refuses whatever it matches$/,
    'keine Grenze in einer deny-Zeile: Sie lehnt alles ab, was zu ihr passt',
  ],
  [
    /^an operation that can be signed; (\S+) never is$/,
    (operation) => `etwas, das signiert werden kann; ${operation} wird es nie`,
  ],
  [/^one of (.+)$/s, (choices) => `eines von ${choices}`],
  [/^a plain decimal number$/, 'eine einfache Dezimalzahl'],
  [/^an asset like USDT after the number$/, 'ein Asset wie USDT nach der Zahl'],
  [
    /^more than 0 and at most 100 percent, like 2\.0%$/,
    'mehr als 0 und höchstens 100 Prozent, wie 2.0%',
  ],
  [
    /^a share of the book and how deep, like 20%@1\.0%$/,
    'ein Anteil am Buch und wie tief, wie 20%@1.0%',
  ],
  [/^a symbol like BTCUSDT, or \* alone$/, 'ein Symbol wie BTCUSDT, oder * allein'],
  [/^a term that goes on with no rule$/, 'ein Begriff, der zu keiner Regel gehört'],
  [
    /^a term like (\S+)(?: or (\S+))?$/,
    (term, other) => `ein Begriff wie ${term}${other === undefined ? '' : ` oder ${other}`}`,
  ],
  [
    /^a number of days from (\S+) to (\S+)$/,
    (from, to) => `eine Zahl von Tagen von ${from} bis ${to}`,
  ],
  [
    /^a number of orders from (\d+) to (\d+)$/,
    (from, to) => `eine Zahl von Orders von ${from} bis ${to}`,
  ],
  [
    /^a rate like 10\/10s, at most (\d+) in at most 24h$/,
    (most) => `eine Rate wie 10/10s, höchstens ${most} in höchstens 24h`,
  ],
  [
    /^a time from (\S+) to (\S+), like 10s or 10m$/,
    (from, to) => `eine Zeit von ${from} bis ${to}, wie 10s oder 10m`,
  ],
  [/^(\d+) to (\d+) of a-z 0-9 -$/, (least, most) => `${least} bis ${most} Zeichen aus a-z 0-9 -`],
  // Found.
  [/^none$/, 'nichts'],
  [/^a second one$/, 'noch eine'],
  [/^a second one for (\S+)$/, (connection) => `noch einer für ${connection}`],
  [/^a second (\S+)$/, (name) => `noch einmal ${name}`],
  [/^byte (0x[0-9a-f]+)$/, (byte) => `das Byte ${byte}`],
];

/** `phrase` in German; one that this page does not know, and what stands in the policy itself, as it came. */
export function germanPolicyPhrase(phrase: string): string {
  for (const [pattern, tell] of ROWS) {
    const match = pattern.exec(phrase);
    if (match !== null) return typeof tell === 'string' ? tell : tell(...match.slice(1));
  }
  return phrase;
}
