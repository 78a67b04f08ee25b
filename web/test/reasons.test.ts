// SPDX-License-Identifier: Apache-2.0
// Why something was refused or ended, told in the reader's language with its numbers.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import { loadLanguage, toLanguage } from '../src/language/languages.ts';
import { germanPolicyPhrase } from '../src/language/policy-fault-german.ts';
import { germanPolicy } from '../src/language/policy-german.ts';
import { reasonText, refusalText } from '../src/language/reason.ts';

const english = toLanguage({ language: 'en', zone: 'utc', hours: 'h23' }, ['en-GB']);
await loadLanguage('de');
const german = toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, ['de-DE']);

/** What the desk says, and how it reads in German. */
const REASONS: readonly (readonly [string, string])[] = [
  ['it was sent 412 s ago, at most 300 s are allowed', 'es wurde vor 412 Sekunden gesendet, erlaubt sind höchstens 300 Sekunden'],
  ['it would earn less than 1.5 percent: the price is 62000.5, 62900.25 is needed', 'der Gewinn läge unter 1,5 Prozent: Der Preis ist 62.000,5, nötig ist 62.900,25'],
  ['all positions together would be worth 1200.5 USDT, at most 1000 are allowed', 'alle Positionen zusammen wären 1.200,5 USDT wert, erlaubt sind höchstens 1.000'],
  ['a long position is open already', 'eine Long-Position ist bereits offen'],
  ['its size: expected a value of at least 5, found 4.2', 'Größe: nötig ist ein Wert von mindestens 5, es ist 4,2'],
  ['insufficient funds: needed 1500.25 USDT, free 20', 'zu wenig Guthaben: nötig 1.500,25 USDT, frei 20'],
  ['12.5 USDT are missing: needed 20, free 7.5; 0.5 BTC are missing: needed 1, free 0.5', 'es fehlen 12,5 USDT: nötig 20, frei 7,5; es fehlen 0,5 BTC: nötig 1, frei 0,5'],
  ['the grid has ended: lower stop', 'das Grid ist beendet: unterer Stopp erreicht'],
  ['the bot has all of its 3 deals on BTCUSDT', 'der Bot hat auf BTCUSDT schon alle erlaubten Deals (3)'],
  ['the price 61999.5 is below 62000', 'der Preis 61.999,5 liegt unter 62.000'],
  ['base order rejected: policy: allow demo: notional: expected notional of at most 1000 USDT, found 1250.5', 'die Basisorder wurde abgelehnt (von der Policy abgelehnt, Regel allow demo: notional: der Wert einer Order darf höchstens 1.000 USDT sein, er ist 1.250,5)'],
  ['desk: risk: bot:3: maxOpenOrders: expected at most 12 orders out, found 13', 'vom Desk abgelehnt, Regel risk: bot:3: maxOpenOrders: höchstens 12 Orders dürfen offen sein, es wären 13'],
  ['desk: reserved: expected at most 1234.5 USDT, the rest is held by running deals, found 2000 USDT', 'vom Desk abgelehnt, Regel reserved: höchstens 1.234,5 USDT sind frei, den Rest halten laufende Deals; nötig sind 2.000 USDT'],
  ['exchange: -2010: Account has insufficient balance for requested action.', 'von der Börse abgelehnt, Regel -2010: das Guthaben auf dem Konto reicht dafür nicht'],
  ['no allow line of connection demo matches order.place', 'keine allow-Zeile der Verbindung demo erlaubt order.place'],
  ['an order on BTCUSDT would need 50000 USDT, and the policy allows at most 2000 USDT an order', 'eine Order auf BTCUSDT bräuchte 50.000 USDT, die Policy erlaubt höchstens 2.000 USDT je Order'],
  ['a deal on BTCUSDT would need 50000 USDT, and 9432.5 USDT are free', 'ein Deal auf BTCUSDT bräuchte 50.000 USDT, frei sind 9.432,5 USDT'],
  ['amount: expected at least 5.2 USDT, found 0.01 USDT', 'Betrag: nötig sind mindestens 5,2 USDT, es sind 0,01 USDT'],
  ['amount: expected at most 9000.5 USDT, which is free, found 12000 USDT', 'Betrag: höchstens 9.000,5 USDT sind frei, verlangt sind 12.000 USDT'],
  ['expected at most 1000.00 COIN, what 100 orders close, found 1010.00 COIN', 'höchstens 1.000 COIN lassen sich mit 100 Orders schließen, es sind 1.010 COIN'],
  ['expected at most 1000 bots on a desk, found 1000: delete one that is stopped', 'ein Desk nimmt höchstens 1.000 Bots, es sind 1.000: lösche einen, der gestoppt ist'],
  ['amount: expected at most 0.5 BTC, which is held, found 2 BTC', 'Betrag: höchstens 0,5 BTC sind da, verlangt sind 2 BTC'],
  ['amount: expected at most 9000000 USDT in one order, found 12000000 USDT', 'Betrag: höchstens 9.000.000 USDT passen in eine Order, verlangt sind 12.000.000 USDT'],
  ['maxQuantity: expected at most 20 BTC in one order, found 30 BTC', 'maxQuantity: höchstens 20 BTC passen in eine Order, verlangt sind 30 BTC'],
  ['expected at most 0.0854 BTC, found 999 BTC', 'möglich sind höchstens 0,0854 BTC, verlangt sind 999 BTC'],
  ['the trade has ended, and a smart trade trades once: make a new one', 'der Trade ist beendet, und ein Smart-Trade handelt nur einmal: bitte einen neuen anlegen'],
  ['desk: connection: frozen: the connection main signs no new risk: it is frozen', 'vom Desk abgelehnt, Regel connection: frozen: die Verbindung main signiert kein neues Risiko: Sie ist eingefroren'],
  ['expected a check of what the exchange lets the key do, found none that passed in the last 26 hours', 'die Rechte des Schlüssels wurden in den letzten 26 Stunden nicht mit Erfolg geprüft'],
  ['policy: btc: band: expected a buy at most 2.0% above 100 (referencePrice), found 103', 'von der Policy abgelehnt, Regel btc: band: ein Kauf darf höchstens 2 % über 100 (referencePrice) liegen, dieser liegt bei 103'],
  ['expected a price by bookTicker of BTCUSDT from egress, found none yet', 'von Egress ist über BTCUSDT noch nicht alles gekommen, woran die Order gemessen wird'],
  ['expected at most 20 open orders, found 20 of which the exchange has not said that they ended', 'höchstens 20 Orders dürfen offen sein, es sind 20'],
  ['expected at most 20% of what rests within 1.0%, found 600 of 1500', 'die Order ist größer als 20 % dessen, was innerhalb von 1 % liegt: 600 von 1.500'],
  ['expected a vault with a passphrase, found one that a file opens: set one with kontor vault passphrase first', 'der Tresor hat keine Passphrase: bitte zuerst mit kontor vault passphrase eine setzen'],
  ['expected a message sealed to this signer since its last start, found another: load the page anew', 'der Signer wurde inzwischen neu gestartet: bitte die Seite neu laden und noch einmal versuchen'],
  ['expected fewer than 8 ways', 'mehr als 8 weitere Wege hat ein Tresor nicht'],
  ['expected a connection with a new key that waits, found none of this name', 'für diese Verbindung wartet kein neuer Schlüssel'],
  ['expected a new key that the exchange has confirmed, found one that is not checked: have its rights checked first', 'der neue Schlüssel ist nicht geprüft: bitte zuerst seine Rechte prüfen lassen'],
  ['expected 60 s between two probes of a connection, found 12 s', 'zwischen zwei Proben müssen 60 s liegen, es sind erst 12 s'],
  ['no connection: the proxy: ECONNREFUSED', 'der Proxy ist nicht zu erreichen (ECONNREFUSED)'],
  ['no connection: the proxy wants another user or password', 'der Proxy verlangt einen anderen Benutzer oder ein anderes Passwort'],
  ['the exchange answered HTTP 401 to the read from the ordinary address, so that nothing was sent from the second one', 'schon von der gewöhnlichen Adresse kam HTTP 401; von der zweiten wurde nichts gesendet'],
  ['expected a key in use, found a new one that has not taken over', 'der neue Schlüssel hat noch nicht übernommen'],
  ['expected the role trader, found viewer', 'das darf nur die Rolle trader, Ihre ist viewer'],
  ['expected another owner who stays, found that this is the last one', 'die letzte Eigentümerin, der letzte Eigentümer muss bleiben'],
  ['expected a recovery code that was not used yet, found another text', 'das ist kein Code, der noch gilt'],
  ['expected the code that the signer showed at the terminal, found another; 4 tries left', 'das ist nicht der Code vom Terminal; noch 4 Versuche'],
  ['authenticatorData.counter: expected more than 1200, found 7: this credential may have been copied', 'der Zähler des Passkeys steht bei 7 statt über 1.200: Er kann kopiert worden sein'],
  ['no allow line of connection bnb matches read.permissions; write one on the page Policy or with kontor policy edit', 'keine allow-Zeile der Verbindung bnb erlaubt read.permissions: bitte auf der Seite Policy eine schreiben'],
  ['expected an API key as the exchange shows it, 64 letters and digits, found 62 characters', 'ein API-Schlüssel, wie ihn die Börse zeigt, hat 64 Buchstaben und Ziffern; es sind 62 Zeichen'],
  ['name: expected 1 to 40 of letters, digits, space, "." "_" "-", beginning and ending visibly and not with "c_", found "a/b"', 'Name: nötig sind 1 bis 40 Buchstaben ohne Akzente, Ziffern, Leerzeichen, „.“, „_“ oder „-“, am Anfang und Ende kein Leerzeichen und nicht „c_“'],
  ['the exchange answered with HTTP 401', 'die Börse nimmt diesen Schlüssel nicht (HTTP 401): bitte API-Schlüssel, Rechte und Adressliste an der Börse vergleichen'],
  ['expected a wait of 1200 s before the next try, found none', 'bis zum nächsten Versuch sind es noch 1.200 s'],
  ['the bot runs: stop it first', 'der Bot läuft: bitte zuerst stoppen'],
]; // prettier-ignore

test('[W62] reasons are told in German with their numbers, in English as they came', () => {
  for (const [reason, inGerman] of REASONS) {
    assert.equal(plain(reasonText(reason, german)), inGerman);
  }
  const first = REASONS[0]?.[0] ?? '';
  assert.equal(reasonText(first, english), first);
  assert.equal(reasonText('it rains: 1000 drops', german), 'it rains: 1000 drops');
  assert.equal(
    refusalText(
      { by: 'policy', rule: 'no-margin', reason: 'the policy denies this: op=x' },
      german,
    ),
    'von der Policy abgelehnt, Regel no-margin: die Policy verbietet es: op=x',
  );
});

/** Where the trading machine and the desk make the sentences of a refusal, each a literal of its file. */
const SOURCES: readonly string[] = [
  'core/src/signal/following.ts',
  'core/src/signal/opening.ts',
  'core/src/signal/acceptance.ts',
  'core/src/signal/decision.ts',
  'core/src/smart-trade/commands.ts',
  'core/src/smart-trade/edit.ts',
  'core/src/smart-trade/entries.ts',
  'core/src/dca/manual-orders.ts',
  'core/src/grid/opening.ts',
  'server/src/bot-actions.ts',
];
const PLACEHOLDER = /\$\{(?:[^{}]|\{[^{}]*\})*\}/g;

test('[W62] every refusal of the machine and the desk has a German sentence', () => {
  const untold: string[] = [];
  let seen = 0;
  for (const file of SOURCES) {
    const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
    const literals = text.matchAll(
      /(?:return|reason:|refuse\([^'`\n]*)\s*(?:'((?:[^'\\\n]|\\.)* (?:[^'\\\n]|\\.)*)'|`([^`\n]* [^`\n]*)`)/g,
    );
    for (const [, quoted, template] of literals) {
      // Whatever stands in a gap is short: a number, a symbol, a direction.
      const shapes = [
        '3',
        'long',
        'above',
        'entry 2',
        'a value of at least 5',
        'expected more than 0, found 0',
      ].map((filled) => (quoted ?? template ?? '').replace(PLACEHOLDER, filled));
      seen += 1;
      if (shapes.every((reason) => reasonText(reason, german) === reason)) {
        untold.push(`${file}: ${shapes[0]}`);
      }
    }
  }
  assert.ok(seen > 50, `expected more than 50 sentences, found ${seen}`);
  assert.deepEqual(untold, []);
});

/** Where the signer and the desk refuse what pages ask of them. */
const REFUSERS: readonly string[] = [
  'signer/src/connection-changes.ts',
  'signer/src/clock.ts',
  'signer/src/acts/act.ts',
  'signer/src/acts/assertion.ts',
  'signer/src/acts/consent.ts',
  'signer/src/acts/perform.ts',
  'signer/src/life/address-probe.ts',
  'signer/src/life/keeper.ts',
  'signer/src/life/lives.ts',
  'signer/src/policy/held-acts.ts',
  'signer/src/policy/policy-acts.ts',
  'signer/src/vault/unlock.ts',
  'signer/src/vault/vault-intents.ts',
  'server/src/alarms/webhook.ts',
  'server/src/connections/address-probe.ts',
  'server/src/connections/life-watch.ts',
  'server/src/people/access.ts',
  'server/src/people/ceremonies.ts',
  'server/src/people/people-book.ts',
  'server/src/api/people-routes.ts',
];
/** What a process says of its own start or a broken invariant, and no page sees. */
const UNSEEN: readonly string[] = ['expected a connection that the log knows'];

test('[W62] every refusal of keys, acts, people and the vault has a German sentence', () => {
  const untold: string[] = [];
  let seen = 0;
  for (const file of REFUSERS) {
    const text = readFileSync(fileURLToPath(new URL(`../../${file}`, import.meta.url)), 'utf8');
    const literals = text.matchAll(
      /'((?:[\w.]+: )?expected (?:[^'\\\n]|\\.)*)'|"((?:[\w.]+: )?expected [^"\n]*)"|`((?:[\w.]+: )?expected [^`\n]*)`/g,
    );
    for (const [, single, double, template] of literals) {
      const sentence = single ?? double ?? template ?? '';
      if (UNSEEN.includes(sentence)) continue;
      seen += 1;
      const shapes = ['3', 'main', 'https://desk.example'].map((filled) =>
        sentence.replace(PLACEHOLDER, filled),
      );
      if (shapes.every((reason) => reasonText(reason, german) === reason))
        untold.push(`${file}: ${shapes[0]}`);
    }
  }
  assert.ok(seen > 60, `expected more than 60 sentences, found ${seen}`);
  assert.deepEqual(untold, []);
});

test('[W166] where a text departs from the grammar of the policy, what was expected is told in German', () => {
  const untold: string[] = [];
  let seen = 0;
  for (const name of ['grammar', 'terms', 'words']) {
    const path = fileURLToPath(new URL(`../../signer/src/policy/${name}.ts`, import.meta.url));
    const text = readFileSync(path, 'utf8');
    for (const [, inside = ''] of text.matchAll(/new Departure\(([^;]*?)\);/gs)) {
      for (const [, single, template] of inside.matchAll(
        /'([a-z][^'\n]* [^'\n]*)'|`([a-z][^`\n]* [^`\n]*)`/gs,
      )) {
        const phrase = single ?? template ?? '';
        seen += 1;
        const shapes = ['3', 'an allow', '0x1f', 'a hold line', 'a line with rate<='].map(
          (filled) => phrase.replace(PLACEHOLDER, filled),
        );
        if (shapes.every((shape) => germanPolicyPhrase(shape) === shape)) untold.push(phrase);
      }
    }
  }
  assert.ok(seen > 25, `expected more than 25 phrases, found ${seen}`);
  assert.deepEqual(untold, []);
  assert.equal(
    germanPolicy.fault('3', '7', 'a plain decimal number', '"5e2"'),
    'Zeile 3, Spalte 7: erwartet wird eine einfache Dezimalzahl, gefunden "5e2".',
  );
});

function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}
