// SPDX-License-Identifier: Apache-2.0
// What reconciliation found, in plain sentences.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import type { Finding } from '../src/api/types.ts';
import {
  findingSentence,
  findingWeight,
  type FindingWeight,
} from '../src/language/finding-sentence.ts';
import type { FindingCode } from '../src/language/finding-text.ts';
import { loadLanguage, toLanguage } from '../src/language/languages.ts';
import { reconciliationIn } from '../src/language/reconciliation-languages.ts';

const english = toLanguage({ language: 'en', zone: 'utc', hours: 'h23' }, ['en-GB']);
await loadLanguage('de');
const german = toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, ['de-DE']);

const ORDER = {
  clientOrderId: 'k1abcd1-2-3',
  symbol: 'BTCUSDT',
  side: 'sell',
  price: '94180.5',
  quantity: '0.0225',
  filled: '0.00125',
};
const ORDER_SAID = ['0.0225', '94,180.5', 'BTCUSDT'];

/** What the desk writes down with each code, and what a reader must find in the sentence. */
const FINDINGS: Readonly<
  Record<FindingCode, readonly [values: Record<string, string>, said: readonly string[]]>
> = {
  orphanFound: [{ ...ORDER, reason: 'olderStore' }, [...ORDER_SAID, 'k1abcd1-2-3']],
  orphanFilled: [{ ...ORDER, reason: 'olderStore' }, [...ORDER_SAID, '0.00125', 'k1abcd1-2-3']],
  orphanEnded: [{ ...ORDER, end: 'expired' }, ORDER_SAID],
  orphanAdopted: [{ ...ORDER, by: 'deal', deal: '1-2' }, [...ORDER_SAID, '1-2']],
  orphanCancelled: [{ ...ORDER, end: 'cancelled' }, ORDER_SAID],
  foreignTrade: [ORDER, [...ORDER_SAID, '0.00125']],
  transfer: [{ asset: 'USDT', amount: '-25.5' }, ['25.5', 'USDT']],
  balanceUnexplained: [
    { asset: 'USDT', expected: '100', found: '60', difference: '-40' },
    ['USDT', '100', '60', '40'],
  ],
  balanceExplained: [{ asset: 'USDT', difference: '2.5' }, ['USDT', '2.5']],
  orderRevived: [
    { ...ORDER, believed: 'rejected', rule: 'absent', found: 'open' },
    ['k1abcd1-2-3', 'absent'],
  ],
  orderMissed: [{ clientOrderId: 'k1abcd1-2-3' }, ['k1abcd1-2-3']],
  orderCancelledByOthers: [{ ...ORDER, end: 'cancelled' }, ['k1abcd1-2-3', 'BTCUSDT']],
  namesake: [{ clientOrderId: 'k1abcd1-2-3' }, ['k1abcd1-2-3']],
  restoreNoticed: [{ clientOrderId: 'k1abcd1-2-3', epoch: 'a1b2' }, ['k1abcd1-2-3']],
  otherDeskNoticed: [{ clientOrderId: 'k1abcd1-2-3', epoch: 'a1b2' }, ['k1abcd1-2-3']],
  streamDown: [{ reason: 'the venue closed it' }, ['the venue closed it']],
  streamDeaf: [{ clientOrderId: 'k1abcd1-2-3' }, ['k1abcd1-2-3']],
  sweepFailed: [{ what: 'balances', reason: 'HTTP 503' }, ['balances', 'HTTP 503']],
  startedUnchecked: [{ reason: 'balances: HTTP 503' }, ['balances: HTTP 503']],
  questionRefused: [
    { about: 'k1abcd1-2-3', reason: 'default deny' },
    ['k1abcd1-2-3', 'default deny'],
  ],
};

function finding(code: string, values: Record<string, string>): Finding {
  return { sequence: 1, time: 1, lastTime: 1, count: 1, code, values };
}

for (const [code, [values, said]] of Object.entries(FINDINGS)) {
  test(`[W61] ${code} says all that it carries, in both languages`, () => {
    const inEnglish = findingSentence(finding(code, values), english);
    const inGerman = findingSentence(finding(code, values), german);
    assert.notEqual(inEnglish, inGerman);
    for (const word of said) {
      assert.ok(inEnglish.includes(word), `${word} in: ${inEnglish}`);
      const local = /^[\d.,]+$/.test(word)
        ? word.replace(/[.,]/g, (mark) => (mark === '.' ? ',' : '.'))
        : word;
      assert.ok(inGerman.includes(local), `${local} in: ${inGerman}`);
    }
    for (const sentence of [inEnglish, inGerman]) assert.doesNotMatch(sentence, /undefined|\(\)/);
  });
}

test('[W61] a finding of another version of the desk is told by naming what it carries', () => {
  const unknown = finding('moonPhase', { phase: 'full', asset: 'USDT' });
  assert.equal(findingSentence(unknown, english), 'moonPhase, phase: full, asset: USDT');
  assert.equal(findingSentence(unknown, german), 'moonPhase, phase: full, asset: USDT');
});

test('[W61] both languages have words for everything around the findings', () => {
  const [inEnglish, inGerman] = [english, german].map(({ name }) => reconciliationIn(name).words);
  assert.ok(inEnglish !== undefined && inGerman !== undefined);
  const leaves = (value: unknown): readonly unknown[] =>
    typeof value === 'object' && value !== null ? Object.values(value).flatMap(leaves) : [value];
  const others = leaves(inGerman);
  for (const [index, said] of leaves(inEnglish).entries()) {
    if (typeof said === 'function') {
      const parts = ['Alpha', 'Bravo'].slice(0, said.length);
      for (const words of [said, others[index]]) {
        assert.ok(typeof words === 'function');
        const text = String(Reflect.apply(words, null, parts));
        for (const part of parts) assert.ok(text.includes(part), text);
      }
    } else {
      assert.ok(said !== '' && others[index] !== '');
      assert.notEqual(said, others[index], String(said));
    }
  }
});

test('[W61] what asks for a look stands out, also where the page does not know it', () => {
  const weights: readonly (readonly [string, FindingWeight])[] = [
    ['orphanFound', 'needsYou'],
    ['foreignTrade', 'money'],
    ['orphanCancelled', 'plain'],
    ['moonPhase', 'needsYou'],
  ];
  for (const [code, weight] of weights) assert.equal(findingWeight(code), weight, code);
});
