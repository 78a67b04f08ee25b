// SPDX-License-Identifier: Apache-2.0
// What egress finds wrong with the exchange, as alarms.

import assert from 'node:assert/strict';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { Answer } from '@kontor/signer';
import { AlarmBook } from '../src/alarms/alarm-book.ts';
import { VenueConditions } from '../src/alarms/venue-conditions.ts';
import { Store } from '../src/store/store.ts';

interface Opened {
  readonly book: AlarmBook;
  readonly conditions: VenueConditions;
  readonly told: string[];
  condition(
    what: Extract<Answer, { kind: 'condition' }>['condition'],
    subject: string,
    isOver?: boolean,
  ): void;
}

function opened(t: TestContext): Opened {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-conditions-'));
  const store = new Store(join(directory, 'desk.db'));
  t.after(() => {
    store.close();
    rmSync(directory, { recursive: true, force: true });
  });
  const told: string[] = [];
  const book = new AlarmBook({
    store,
    now: () => 1_800_000_000_000,
    onRaised: ({ kind, severity }) => told.push(`${kind} ${severity}`),
    onChanged: () => undefined,
    log: () => undefined,
  });
  const conditions = new VenueConditions(book);
  return {
    book,
    conditions,
    told,
    condition: (what, subject, isOver = false) =>
      conditions.onCondition({
        ...{ kind: 'condition', venue: 'binance', condition: what, subject, isOver },
        facts: { low: 'avgPrice 1', high: 'bookTicker 2' },
      }),
  };
}

test('[Y150,Y151] what is wrong with the exchange is one alarm as long as it lasts; of a new egress only an issuer outlives the old', (t) => {
  const { book, conditions, told, condition } = opened(t);
  const open = (): readonly string[] =>
    book
      .list(100)
      .filter(({ state }) => state === 'open')
      .map(({ kind, subject }) => `${kind} ${subject}`)
      .toSorted();
  condition('pricesDisagree', 'BTCUSDT');
  condition('pricesDisagree', 'BTCUSDT');
  condition('pricesDisagree', 'ETHUSDT');
  condition('pricesSilent', 'ETHUSDT');
  condition('dataLate', 'clock');
  condition('issuerRefused', 'api.binance.com');
  assert.deepEqual(told, [
    'pricesDisagree warning',
    'pricesDisagree warning',
    'pricesSilent warning',
    'dataLate warning',
    'issuerRefused critical',
  ]);
  condition('pricesDisagree', 'BTCUSDT', true);
  condition('pricesDisagree', 'XRPUSDT', true);
  assert.deepEqual(open(), [
    'dataLate binance clock',
    'issuerRefused binance api.binance.com',
    'pricesDisagree binance ETHUSDT',
    'pricesSilent binance ETHUSDT',
  ]);
  const [alarm] = book.list(100).filter(({ kind }) => kind === 'pricesSilent');
  assert.equal(alarm?.facts['venue'], 'binance');
  conditions.onEgressUp();
  conditions.onHosts([{ venue: 'binance', host: 'api.binance.com' }]);
  assert.deepEqual(open(), ['issuerRefused binance api.binance.com']);
  condition('issuerRefused', 'api.binance.com', true);
  assert.deepEqual(open(), []);
});

test('[Y215] a refused issuer of a host that egress was not given any more is over, and stays on record', (t) => {
  const { book, condition, conditions } = opened(t);
  condition('issuerRefused', 'api.binance.com');
  condition('issuerRefused', 'ws-api.binance.com');
  const hosts = [
    { venue: 'binance', host: 'api1.binance.com' },
    { venue: 'binance', host: 'ws-api.binance.com' },
    { venue: 'other', host: 'api.binance.com' },
  ];
  conditions.onHosts(hosts);
  const states = book
    .list(100)
    .map(({ subject, state }) => `${subject} ${state}`)
    .toSorted();
  assert.deepEqual(states, ['binance api.binance.com resolved', 'binance ws-api.binance.com open']);
});
