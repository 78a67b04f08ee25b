// SPDX-License-Identifier: Apache-2.0
// Events and refusals in plain sentences.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Instrument, Note } from '../src/api/types.ts';
import { loadLanguage, toLanguage } from '../src/language/languages.ts';
import { isNotable, noteSentence } from '../src/language/note-sentence.ts';
import { reasonText } from '../src/language/reason.ts';
import { refusalHint } from '../src/language/refusal.ts';

const english = toLanguage({ language: 'en', zone: 'utc', hours: 'h23' }, ['en-GB']);
await loadLanguage('de');
const german = toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, ['de-DE']);

const BTC: Instrument = {
  symbol: 'BTCUSDT', baseAsset: 'BTC', quoteAsset: 'USDT', priceDecimals: 2, quantityDecimals: 5,
  tickSize: '0.01', lotSize: '0.00001', minPrice: '0.01', maxPrice: '1000000',
  minQuantity: '0.00001', maxQuantity: '9000', minNotional: '5', maxNotional: '9000000', takesPairs: false,
}; // prettier-ignore

const ORDER = {
  order: 'safetyOrder',
  number: '2',
  side: 'buy',
  price: '92549.16',
  quantity: '0.00225',
  volume: '208.2356',
};

/** One event of each kind with the values that the trading machine gives it, and what it must say. */
const EVENTS: readonly (readonly [string, Record<string, string>, string, string])[] = [
  ['dealStarted', { symbol: 'BTCUSDT', bid: '94179.99', ask: '94180.01', last: '94180.00' }, 'Deal started on BTCUSDT; the last price is 94,180.00.', 'Deal auf BTCUSDT begonnen; der letzte Kurs ist 94.180,00.'],
  ['orderPlacing', ORDER, 'Places safety order 2: buys 0.00225 BTC at 92,549.16 (208.24 USDT) should the price fall there.', 'Gibt Nachkauforder 2 auf: kauft 0,00225 BTC zu 92.549,16 (208,24 USDT), falls der Kurs so weit fällt.'],
  ['orderFilled', { ...ORDER, filled: '0.00100', orderQuantity: '0.00225' }, 'Safety order 2 bought 0.00225 BTC at 92,549.16 for 208.24 USDT. Filled so far: 0.00100 BTC of 0.00225 BTC.', 'Nachkauforder 2: 0,00225 BTC zu 92.549,16 für 208,24 USDT gekauft. Bisher ausgeführt: 0,00100 BTC von 0,00225 BTC.'],
  ['orderFilled', { ...ORDER, order: 'takeProfit', number: '', side: 'sell', filled: '0.00225', orderQuantity: '0.00225' }, 'Take profit sold 0.00225 BTC at 92,549.16 for 208.24 USDT.', 'Take-Profit: 0,00225 BTC zu 92.549,16 für 208,24 USDT verkauft.'],
  ['orderCancelling', ORDER, 'Takes safety order 2 of 0.00225 BTC at 92,549.16 off the book.', 'Nimmt Nachkauforder 2 über 0,00225 BTC zu 92.549,16 aus dem Orderbuch.'],
  ['orderCancelled', { ...ORDER, end: 'cancelled', filled: '0.00000', asked: 'yes' }, 'Safety order 2 at 92,549.16 is off the book.', 'Nachkauforder 2 zu 92.549,16 ist aus dem Orderbuch genommen.'],
  ['orderCancelled', { ...ORDER, end: 'cancelled', filled: '0.00100', asked: 'no' }, 'Safety order 2 at 92,549.16 was cancelled, but not by the desk. 0.00100 BTC of it had been filled.', 'Nachkauforder 2 zu 92.549,16 wurde storniert, aber nicht vom Desk. 0,00100 BTC davon waren ausgeführt.'],
  ['orderRejected', { ...ORDER, by: 'policy', rule: 'allow demo-btc: notional', reason: 'too much' }, 'Safety order 2 of 0.00225 BTC at 92,549.16 was refused by policy. Rule allow demo-btc: notional: too much', 'Nachkauforder 2 über 0,00225 BTC zu 92.549,16 wurde von der Policy abgelehnt. Regel allow demo-btc: notional: too much'],
  ['averageChanged', { average: '94438.1612', breakEven: '94532.6938', takeProfit: '95288.95', held: '0.00590410', cost: '557.5731' }, 'The average is now 94,438.16, so take profit stands at 95,288.95. The deal holds 0.00590 BTC for 557.57 USDT.', 'Der Durchschnitt ist nun 94.438,16, Take-Profit steht damit bei 95.288,95. Der Deal hält 0,00590 BTC für 557,57 USDT.'],
  ['stopLossTriggered', { last: '86820.00', stopLoss: '86820.92' }, 'Stop loss: the last price 86,820.00 is at or below 86,820.92.', 'Stop-Loss: Der letzte Kurs 86.820,00 liegt bei oder unter 86.820,92.'],
  ['stopLossTriggered', { last: '101500.00', stopLoss: '101489.00', direction: 'short' }, 'Stop loss: the last price 101,500.00 is at or above 101,489.00.', 'Stop-Loss: Der letzte Kurs 101.500,00 liegt bei oder über 101.489,00.'],
  ['stopLossTriggered', { last: '86820.00', stopLoss: '86820.92', direction: 'long', source: 'bid' }, 'Stop loss: the bid 86,820.00 is at or below 86,820.92.', 'Stop-Loss: Der Geldkurs 86.820,00 liegt bei oder unter 86.820,92.'],
  ['stopLossTriggered', { last: '101500.00', stopLoss: '101489.00', direction: 'short', source: 'ask' }, 'Stop loss: the ask 101,500.00 is at or above 101,489.00.', 'Stop-Loss: Der Briefkurs 101.500,00 liegt bei oder über 101.489,00.'],
  ['orderPlacing', { ...ORDER, order: 'takeProfit', side: 'sell' }, 'Places take profit 2: sells 0.00225 BTC at 92,549.16 (208.24 USDT).', 'Gibt Take-Profit 2 auf: verkauft 0,00225 BTC zu 92.549,16 (208,24 USDT).'],
  ['orderPlacing', { ...ORDER, order: 'takeProfit', number: '', side: 'buy' }, 'Places take profit: buys back 0.00225 BTC at 92,549.16 (208.24 USDT).', 'Gibt Take-Profit auf: kauft 0,00225 BTC zu 92.549,16 (208,24 USDT) zurück.'],
  ['orderPlacing', { ...ORDER, order: 'baseOrder', number: '', side: 'sell' }, 'Opens the deal: base order to sell 0.00225 BTC at 92,549.16 or better (208.24 USDT).', 'Eröffnet den Deal: Basisorder verkauft 0,00225 BTC zu mindestens 92.549,16 (208,24 USDT).'],
  ['orderPlacing', { ...ORDER, order: 'stopLoss', number: '', side: 'buy' }, 'Buys back at stop loss: 0.00225 BTC at 92,549.16 or better.', 'Kauft am Stop-Loss zurück: 0,00225 BTC zu höchstens 92.549,16.'],
  ['stopLossTimedOut', { stopLoss: '86820.92', seconds: '60' }, 'Stop loss: the price has stayed beyond 86,820.92 for 1 min.', 'Stop-Loss: Der Kurs blieb 1 Min. lang jenseits von 86.820,92.'],
  ['closeTimedOut', { seconds: '3600' }, 'The deal has run for 1 hr and is closed at market.', 'Der Deal lief 1 Std. und wird zum Marktpreis geschlossen.'],
  ['orderPlacing', { ...ORDER, side: 'sell' }, 'Places safety order 2: sells 0.00225 BTC at 92,549.16 (208.24 USDT) should the price rise there.', 'Gibt Nachkauforder 2 auf: verkauft 0,00225 BTC zu 92.549,16 (208,24 USDT), falls der Kurs so weit steigt.'],
  ['dealCompleted', { outcome: 'completed', reason: 'trailing take profit', profit: '4.0713', profitPercent: '0.73', profitBase: '0.0001', seconds: '60', safetyOrders: '0' }, 'Deal ended (take profit reached, and the price came back): +4.07 USDT and 0.00010 BTC (+0.73%) after 1 min, safety orders used: 0.', 'Deal beendet (Take-Profit erreicht, und der Kurs kam zurück): +4,07 USDT und 0,00010 BTC (+0,73 %) nach 1 Min., Nachkäufe: 0.'],
  ['dealCancelled', { reason: 'cancelled by command', kept: '-0.7', missing: '0.7' }, 'Deal cancelled (cancelled by you). 0.70000 BTC were sold and not bought back.', 'Deal abgebrochen (von Ihnen abgebrochen). 0,70000 BTC wurden verkauft und nicht zurückgekauft.'],
  ['gridLaid', { price: '94000.00', buyLines: '19', sellLines: '20', emptyLine: '93950.00', coins: '0.02130', money: '1800' }, 'The grid stands at 94,000.00: 19 buy lines, 20 sell lines, the line at 93,950.00 is empty. It holds 0.02130 BTC; its buy lines need 1,800.00 USDT.', 'Das Grid steht bei 94.000,00: 19 Kauflinien, 20 Verkaufslinien, die Linie bei 93.950,00 ist leer. Es hält 0,02130 BTC; seine Kauflinien brauchen 1.800,00 USDT.'],
  ['gridLineClosed', { number: '21', buyPrice: '94000.00', sellPrice: '94500.00', profit: '0.31', profitBase: '0', lines: '7', totalProfit: '2.2' }, 'Line 21 closed: sold at 94,500.00, +0.31 USDT net of fees; it buys back at 94,000.00. Closed lines so far: 7.', 'Linie 21 geschlossen: zu 94.500,00 verkauft, +0,31 USDT nach Gebühren; zurückgekauft wird zu 94.000,00. Geschlossene Linien bisher: 7.'],
  ['gridMoved', { direction: 'up', how: 'trailing', lowest: '90500.00', highest: '100500.00' }, 'The grid follows the price up: its lines now stand from 90,500.00 to 100,500.00.', 'Das Grid folgt dem Kurs nach oben: Seine Linien stehen jetzt von 90.500,00 bis 100.500,00.'],
  ['gridStopReached', { last: '84900.00', price: '85000.00', stop: 'lowerStop', action: 'stopAndSell' }, 'Lower stop at 85,000.00: the last price is 84,900.00, so the grid stops and sells its coins.', 'Unterer Stopp bei 85.000,00: Der letzte Kurs ist 84.900,00, das Grid endet und verkauft seine Coins.'],
  ['dealCompleted', { outcome: 'stopLoss', reason: 'lower stop', profit: '-13.37', profitPercent: '-3.95', seconds: '60', lines: '4', kept: '0.00001' }, 'Grid ended (lower stop reached): -13.37 USDT (-3.95%) after 1 min, closed lines: 4. 0.00001 BTC stay in the account.', 'Grid beendet (unterer Stopp erreicht): -13,37 USDT (-3,95 %) nach 1 Min., geschlossene Linien: 4. 0,00001 BTC bleiben auf dem Konto.'],
  ['closeRequested', {}, 'You asked to close the deal at market.', 'Sie wollten den Deal zum Marktpreis schließen.'],
  ['cancelRequested', {}, 'You asked to cancel the deal and keep its coins.', 'Sie wollten den Deal abbrechen und die Coins behalten.'],
  ['dealCompleted', { outcome: 'completed', reason: 'take profit', profit: '4.0713', profitPercent: '0.73', seconds: '17280', safetyOrders: '3' }, 'Deal completed at take profit: +4.07 USDT (+0.73%) after 4.8 hrs, safety orders used: 3.', 'Deal mit Take-Profit beendet: +4,07 USDT (+0,73 %) nach 4,8 Std., Nachkäufe: 3.'],
  ['dealCompleted', { outcome: 'stopLoss', reason: 'stop loss', profit: '-13.37', profitPercent: '-3.95', seconds: '60', safetyOrders: '4' }, 'Deal closed at stop loss: -13.37 USDT (-3.95%) after 1 min, safety orders used: 4.', 'Deal am Stop-Loss geschlossen: -13,37 USDT (-3,95 %) nach 1 Min., Nachkäufe: 4.'],
  ['dealCancelled', { reason: 'cancelled by command', kept: '0.00590410' }, 'Deal cancelled (cancelled by you). 0.00590 BTC stay in the account.', 'Deal abgebrochen (von Ihnen abgebrochen). 0,00590 BTC bleiben auf dem Konto.'],
  ['dealFailed', { reason: 'base order filled nothing' }, 'Deal failed: the base order filled nothing.', 'Deal gescheitert: die Basisorder wurde nicht ausgeführt.'],
  ['dealPaused', { order: 'takeProfit', reason: 'the market did not take all coins', until: String(Date.UTC(2026, 10, 20, 12, 5)) }, 'Take profit waits until 12:05:00: the market did not take all coins.', 'Take-Profit wartet bis 12:05:00: der Markt nahm nicht alle Coins.'],
]; // prettier-ignore

for (const [kind, values, inEnglish, inGerman] of EVENTS) {
  test(`[W7] ${kind}: ${inEnglish.slice(0, 48)}`, () => {
    assert.equal(plain(noteSentence(note(kind, values), BTC, english)), inEnglish);
    assert.equal(plain(noteSentence(note(kind, values), BTC, german)), inGerman);
  });
}

test('[W8] an event of an unknown kind is told with everything it carries', () => {
  const sentence = noteSentence(note('moonRisen', { price: '94,000', by: '0.5' }), BTC, english);
  assert.equal(sentence, 'Moon risen: price 94,000, by 0.5.');
  assert.ok(isNotable(note('moonRisen', {})));
});

test('[W8] an event that lacks a value of its sentence is told by what it has', () => {
  assert.equal(
    noteSentence(note('orderFilled', { order: 'baseOrder', price: '94180.00' }), BTC, english),
    'Order filled: order baseOrder, price 94180.00.',
  );
});

test('[W8] an event of an instrument that is gone keeps its exact numbers', () => {
  const sentence = noteSentence(note('orderCancelling', ORDER), null, english);
  assert.equal(sentence, 'Takes safety order 2 of 0.00225 at 92,549.16 off the book.');
});

test('[W7] reasons of the trading machine are told in the reader’s language', () => {
  const rows: readonly (readonly [string, string, string])[] = [
    ['take profit', 'take profit reached', 'Take-Profit erreicht'],
    ['takeProfit', 'take profit reached', 'Take-Profit erreicht'],
    ['stop loss', 'stop loss hit', 'Stop-Loss ausgelöst'],
    ['closed by command', 'closed by you', 'von Ihnen geschlossen'],
    ['market', 'waits for the market', 'wartet auf den Markt'],
    ['cancelConfirmation', 'waits for cancels', 'wartet auf Stornierungen'],
    ['none', '', ''],
    ['something else', 'something else', 'something else'],
    ['base order rejected: policy: default deny: no allow line', 'the base order was refused (refused by policy, rule default deny: no allow line)', 'die Basisorder wurde abgelehnt (von der Policy abgelehnt, Regel default deny: no allow line)'],
  ]; // prettier-ignore
  for (const [reason, inEnglish, inGerman] of rows) {
    assert.equal(reasonText(reason, english), inEnglish);
    assert.equal(reasonText(reason, german), inGerman);
  }
});

test('[W7] what was not done is named in words, with units', () => {
  const reason = 'expected at most 0.0854 BTC, found 999 BTC';
  const refused = note('commandRefused', { command: 'reduceFunds', reason });
  assert.equal(
    noteSentence(refused, null, english),
    'Not done (close a part): expected at most 0.0854 BTC, found 999 BTC.',
  );
  assert.equal(
    noteSentence(refused, null, german),
    'Nicht ausgeführt (einen Teil schließen): möglich sind höchstens 0,0854 BTC, verlangt sind 999 BTC.',
  );
});

test('[W9] a refusal says what would make it pass, by who refused and the rule', () => {
  const rows = [
    ['policy', 'demo-btc: notional', 'expected notional of at most 500 USDT', 'notional'],
    ['policy', 'demo-btc: per-day', '', 'perDay'],
    ['policy', 'demo-btc: rate', '', 'rate'],
    ['policy', 'default deny', 'no allow line of connection demo matches order.place', 'allow'],
    ['policy', 'no-margin', 'the policy denies this: deny op=margin', 'deny'],
    ['policy', 'connection-expired', '', 'expired'],
    ['policy', 'connection-not-active', '', 'notActive'],
    ['policy', 'clock', '', 'clock'],
    ['policy', 'something-new', '', 'policy'],
    ['exchange', '-2010', 'Account has insufficient balance for requested action.', 'balance'],
    ['exchange', '-2010', 'Order would immediately match and take.', 'makerOnly'],
    ['exchange', '-1013', 'Filter failure: NOTIONAL', 'minNotional'],
    ['exchange', '-1013', 'Filter failure: PERCENT_PRICE_BY_SIDE', 'percentPrice'],
    ['exchange', '-1021', 'Timestamp for this request is outside of the recvWindow.', 'clock'],
    ['exchange', '-9999', 'Something new.', 'exchange'],
    ['desk', 'minNotional', '', 'minNotional'],
    ['desk', 'notSent', 'egress is down', 'again'],
    ['desk', 'something', '', 'desk'],
    [null, null, null, 'desk'],
  ] as const;
  for (const [by, rule, reason, expected] of rows) {
    assert.equal(refusalHint({ by, rule, reason }), expected, `${by} ${rule} ${reason}`);
  }
});

function note(kind: string, values: Record<string, string>): Note {
  return { sequence: 1, botId: '1', dealId: '1-1', time: Date.UTC(2026, 10, 20, 12), kind, values };
}

function plain(text: string): string {
  return text.replace(/[\u00a0\u202f]/g, ' ');
}
