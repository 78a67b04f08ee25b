// SPDX-License-Identifier: Apache-2.0
// What happens when others act at the account: alarm, freeze and case; what was there before and what is a person's own.

import assert from 'node:assert/strict';
import { mkdtempSync, readFileSync, rmSync, writeFileSync, chmodSync, mkdirSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import type { ListedOrder, ReportedTrade } from '@kontor/exchange';
import type { ConnectionInfo } from '@kontor/signer';
import { AlarmBook } from '../src/alarms/alarm-book.ts';
import { ConnectionFreeze } from '../src/alarms/connection-freeze.ts';
import { ForeignWatch } from '../src/alarms/foreign-watch.ts';
import { keyPageOf } from '../src/alarms/key-page.ts';
import { OwnTrades } from '../src/alarms/own-trades.ts';
import { StreamGap } from '../src/alarms/stream-gap.ts';
import { CaseBook, type CaseSubject } from '../src/cases/case-book.ts';
import { Store } from '../src/store/store.ts';
import { systemTime } from '../src/time.ts';
import { until } from './scripted-desk.ts';

const CONNECTION = 'c_ABCDEF2';
const SUBJECT: CaseSubject = {
  connection: CONNECTION,
  name: 'main',
  venue: 'binance',
  grade: 'A',
  keyKind: 'ed25519',
  publicKeySha256: 'ab',
  createdAt: 1,
  expiresAt: 2,
};

function order(exchangeOrderId: string, changes: Partial<ListedOrder> = {}): ListedOrder {
  return {
    symbol: 'DOGEUSDT',
    clientOrderId: `app-${exchangeOrderId}`,
    venueClientOrderId: `app-${exchangeOrderId}`,
    exchangeOrderId,
    side: 'sell',
    state: 'open',
    price: '0.1',
    quantity: '500',
    filledQuantity: '0',
    time: 1_000,
    updateTime: 1_000,
    ...changes,
  };
}

const TRADE: ReportedTrade = {
  tradeId: '1',
  price: '0.1',
  quantity: '500',
  commission: '0',
  commissionAsset: '',
};

/** What a watch is told of the account. */
const PORTS = {
  connection: () => CONNECTION,
  subject: () => SUBJECT,
  keyPage: () => keyPageOf('binance'),
  now: () => Date.now(),
};

interface Bench {
  readonly directory: string;
  readonly store: Store;
  readonly alarms: AlarmBook;
  readonly cases: CaseBook;
  readonly freeze: ConnectionFreeze;
  readonly watch: ForeignWatch;
  readonly thawed: string[];
  /** What the signer answers; while false it cannot be asked. */
  isSignerUp: boolean;
  isFrozenThere: boolean;
  asked: number;
  /** Starts again on the same store. */
  restart(): Pick<Bench, 'freeze' | 'watch'>;
}

function opened(t: TestContext): Bench {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-foreign-'));
  const store = new Store(join(directory, 'desk.db'));
  const freezes: ConnectionFreeze[] = [];
  const alarms = new AlarmBook({
    store,
    now: () => Date.now(),
    onRaised: () => undefined,
    onChanged: () => undefined,
    log: () => undefined,
  });
  const cases = new CaseBook(directory, () => Date.now());
  const thawed: string[] = [];
  const info = (): ConnectionInfo =>
    ({
      connection: CONNECTION,
      frozen: bench.isFrozenThere ? { since: 1, cause: 'alarm' } : null,
    }) as ConnectionInfo;
  const make = (): Pick<Bench, 'freeze' | 'watch'> => {
    const freeze = new ConnectionFreeze({
      store,
      time: systemTime,
      name: () => 'main',
      freeze: async () => {
        bench.asked += 1;
        if (!bench.isSignerUp) return { ok: false, reason: 'the signer is not running' };
        bench.isFrozenThere = true;
        return { ok: true, connections: [info()] };
      },
      connections: async () => (bench.isSignerUp ? [info()] : []),
      onThawed(connection) {
        thawed.push(connection);
        watch.onThawed(connection);
      },
      log: () => undefined,
      retryMs: 5,
      watchMs: 5,
    });
    const watch = new ForeignWatch({ store, alarms, cases, freeze, ...PORTS });
    freezes.push(freeze);
    return { freeze, watch };
  };
  const bench: Bench = {
    directory,
    store,
    alarms,
    cases,
    thawed,
    isSignerUp: true,
    isFrozenThere: false,
    asked: 0,
    restart() {
      for (const freeze of freezes) freeze.close();
      return make();
    },
    ...make(),
  };
  t.after(() => {
    for (const freeze of freezes) freeze.close();
    store.close();
    chmodSync(directory, 0o700);
    rmSync(directory, { recursive: true, force: true });
  });
  return bench;
}

const kinds = ({ alarms }: Bench): readonly string[] =>
  alarms.list(100).map(({ kind, state }) => `${kind} ${state}`);

const EVIDENCE = { source: 'stream', text: '{"e":"executionReport"}' };

test('[Y67] orders that rested before the desk came raise no alarm, nor do their trades; the next one does', (t) => {
  const bench = opened(t);
  const { watch, freeze } = bench;
  watch.onFirstSight([order('1')]);
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: null, evidence: EVIDENCE });
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: TRADE, evidence: EVIDENCE });
  assert.deepEqual([kinds(bench), freeze.since(CONNECTION)], [[], null]);
  // What comes later is no first sight any more, also after a restart.
  watch.onFirstSight([order('2')]);
  const again = bench.restart();
  again.watch.onFirstSight([order('2')]);
  again.watch.onForeign({ origin: 'foreign', order: order('2'), trade: null, evidence: EVIDENCE });
  assert.deepEqual(kinds(bench).toSorted(), ['connectionFrozen open', 'foreignOrder open']);
});

test('[Y68] an order of others is told once, its trades each, with the page where the key is deleted', (t) => {
  const bench = opened(t);
  const { watch, alarms, freeze, cases } = bench;
  watch.onFirstSight([]);
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: null, evidence: EVIDENCE });
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: null, evidence: EVIDENCE });
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: TRADE, evidence: EVIDENCE });
  watch.onForeign({
    origin: 'forged',
    order: order('2', { venueClientOrderId: 'k1abcd1-1-1_00000000' }),
    trade: null,
    evidence: { source: 'openOrders', text: '[]' },
  });
  const [first] = alarms.list(10).filter(({ kind }) => kind === 'foreignOrder');
  assert.deepEqual([first?.count, first?.severity], [1, 'critical']);
  assert.match(first?.facts['keyPage'] ?? '', /^https:\/\/www\.binance\.com\/.*api-management/);
  assert.deepEqual(kinds(bench).toSorted(), [
    'connectionFrozen open',
    'foreignOrder open',
    'foreignTrade open',
    'forgedTag open',
  ]);
  assert.notEqual(freeze.since(CONNECTION), null);
  const [summary] = cases.list(10);
  assert.deepEqual([summary?.events, summary?.evidence], [3, 2], 'the same event is one piece');
});

test('[Y69] an order of ours that others cancelled freezes; one that the exchange let go, or an older store, only warns', (t) => {
  const values = { clientOrderId: 'k1abcd1-1-1', symbol: 'ETHUSDT' };
  for (const [end, isOlderStore, isFrozen] of [
    ['cancelled', false, true],
    ['expired', false, false],
    ['cancelled', true, false],
  ] as const) {
    const { watch, freeze, alarms } = opened(t);
    watch.onCancelledByOthers({ ...values, end }, isOlderStore);
    assert.equal(freeze.since(CONNECTION) !== null, isFrozen, `${end} ${isOlderStore}`);
    const told = alarms.list(10).find(({ kind }) => kind === 'cancelledByOthers');
    assert.equal(told?.severity, isFrozen ? 'critical' : 'warning');
  }
});

test('[Y70] a balance that nothing explains is told by what it may mean, and freezes nothing', (t) => {
  const { watch, freeze, alarms } = opened(t);
  for (const [asset, difference, wasWatched, severity] of [
    ['BTC', '-1', true, 'critical'],
    ['ETH', '-1', false, 'warning'],
    ['USDT', '100', true, 'notice'],
  ] as const) {
    watch.onUnexplained({ asset, difference }, wasWatched, []);
    const told = alarms.list(10).find(({ subject }) => subject === asset);
    assert.equal(told?.severity, severity, asset);
  }
  assert.equal(freeze.since(CONNECTION), null);
});

test('[Y73] a frozen connection denies entries at once and exits never, and asks the signer until it has frozen too', async (t) => {
  const bench = opened(t);
  bench.isSignerUp = false;
  assert.equal(bench.freeze.freeze(CONNECTION, 'foreignTrade'), true);
  assert.equal(bench.freeze.freeze(CONNECTION, 'foreignTrade'), false, 'once is enough');
  assert.deepEqual(bench.freeze.denial(CONNECTION, 'entry'), {
    rule: 'connection: frozen',
    reason: 'the connection main signs no new risk: it is frozen',
  });
  assert.equal(bench.freeze.denial(CONNECTION, 'exit'), null);
  assert.equal(bench.freeze.denial('c_OTHER22', 'entry'), null);
  await until('several questions', () => (bench.asked >= 3 ? true : null));
  // A crash in between forgets nothing.
  const { freeze } = bench.restart();
  assert.notEqual(freeze.denial(CONNECTION, 'entry'), null);
  freeze.start();
  bench.isSignerUp = true;
  await until('the signer to freeze', () => (bench.isFrozenThere ? true : null));
  const asked = bench.asked;
  assert.deepEqual(bench.thawed, []);
  // A person thaws it at the signer.
  await until('the freeze to be watched', () =>
    String(bench.store.meta('frozenConnections')).includes('"isSigned":true') ? true : null,
  );
  bench.isFrozenThere = false;
  await until('the thaw', () => (bench.thawed.length === 1 ? true : null));
  assert.equal(freeze.denial(CONNECTION, 'entry'), null);
  assert.equal(bench.asked, asked, 'it is not frozen again');
});

test('[Y73] who acts between a thaw and its being noticed is met with a freeze all the same', async (t) => {
  const bench = opened(t);
  const { freeze } = bench;
  freeze.freeze(CONNECTION, 'foreignTrade');
  await until('the freeze to be watched', () =>
    String(bench.store.meta('frozenConnections')).includes('"isSigned":true') ? true : null,
  );
  bench.isFrozenThere = false;
  freeze.freeze(CONNECTION, 'foreignTrade');
  await until('the signer to freeze again', () => (bench.isFrozenThere ? true : null));
  await until('that to be known', () =>
    String(bench.store.meta('frozenConnections')).includes('"isSigned":true') ? true : null,
  );
  assert.deepEqual(bench.thawed, []);
  assert.notEqual(freeze.denial(CONNECTION, 'entry'), null);
});

test('[Y74] a stream that falls silent is told at once, one that ends with a word after its grace; both end with it', async (t) => {
  const bench = opened(t);
  const { alarms } = bench;
  const gap = new StreamGap({
    time: systemTime,
    alarms,
    connection: () => CONNECTION,
    graceMs: 20,
  });
  t.after(() => gap.close());
  gap.onDown('no sign of life for 16000 ms', true);
  assert.deepEqual(kinds(bench), ['streamGap open']);
  gap.onUp();
  assert.deepEqual(kinds(bench), ['streamGap resolved']);
  gap.onDown('the venue closed it', false);
  assert.equal(alarms.openCount, 0);
  await until('the grace to end', () => (alarms.openCount === 1 ? true : null));
  gap.onUp();
  assert.equal(alarms.openCount, 0);
});

test('[Y76] a case is files that their manifest names, private, whole, and checked again when it is shown', (t) => {
  const { cases, directory } = opened(t);
  mkdirSync(join(directory, 'log'));
  writeFileSync(join(directory, 'log', 'checkpoint'), 'origin\n5\nroot\n');
  const id = cases.open(SUBJECT);
  assert.ok(id !== null);
  assert.match(id, /^\d{8}T\d{6}Z-[0-9a-v]{6}$/);
  const event = { time: 1, kind: 'foreignTrade', facts: { symbol: 'DOGEUSDT' } };
  assert.ok(cases.add(id, event, [EVIDENCE, { source: 'account', text: '{"balances":[]}' }]));
  assert.ok(!cases.add('20260101T000000Z-000000', event, []));
  assert.deepEqual(cases.verify(id), []);
  const known = cases.get(id);
  assert.equal(known?.file.log.checkpoint, 'origin\n5\nroot\n');
  const file = join(cases.folderOf(id), 'evidence', '0001-stream.json');
  assert.equal(readFileSync(file, 'utf8'), EVIDENCE.text);
  writeFileSync(file, '{"e":"somethingElse"}');
  assert.match(cases.verify(id).join(), /evidence\/0001-stream\.json: expected 23 bytes/);
  assert.equal(cases.get('../../etc'), null);
  // A start reads what the last one wrote.
  const later = new CaseBook(directory, () => 2);
  assert.equal(later.get(id)?.file.events.length, 1);
  // One piece too long, and more pieces than a case takes.
  const long = { source: 'openOrders', text: 'x'.repeat(1_048_577) };
  const pieces = Array.from({ length: 510 }, (_, index) => ({
    source: 'stream',
    text: `${index}`,
  }));
  later.add(id, event, [long, ...pieces]);
  const whole = later.get(id);
  assert.equal(whole?.manifest.length, 501, 'its pieces and case.json');
  assert.equal(whole?.file.left, 13);
  assert.deepEqual(later.list(10).length, 1);
});

test('[Y76] a case that is gone or broken loses no later evidence and hides no other case', (t) => {
  const bench = opened(t);
  const { cases, watch, directory } = bench;
  watch.onFirstSight([]);
  const report = { origin: 'foreign', trade: null, evidence: EVIDENCE } as const;
  watch.onForeign({ ...report, order: order('1') });
  const [first] = cases.list(10);
  assert.ok(first !== undefined);
  writeFileSync(join(cases.folderOf(first.id), 'case.json'), '{"version":1,');
  const later = new CaseBook(directory, () => 2);
  assert.equal(later.get(first.id), null);
  assert.deepEqual(later.list(10), []);
  const again = new ForeignWatch({ ...bench, cases: later, ...PORTS });
  again.onForeign({ ...report, order: order('2') });
  const [second] = later.list(10);
  assert.equal(second?.evidence, 1);
  assert.notEqual(second?.id, first.id);
});

test('[Y76] a case that cannot be written keeps no alarm and no freeze from happening', (t) => {
  const bench = opened(t);
  writeFileSync(join(bench.directory, 'cases'), 'no folder');
  bench.watch.onFirstSight([]);
  bench.watch.onForeign({ origin: 'foreign', order: order('1'), trade: TRADE, evidence: EVIDENCE });
  assert.ok(kinds(bench).includes('foreignTrade open'), kinds(bench).join());
  assert.notEqual(bench.freeze.since(CONNECTION), null);
  const failed = bench.alarms.list(10).find(({ subject }) => subject === 'cases');
  assert.match(failed?.facts['reason'] ?? '', /the case was not written: E/);
});

test('[Y77] attack 48: what a person marks as his own after the signer took his consent is reviewed; nothing else is', async (t) => {
  const bench = opened(t);
  const { watch, alarms } = bench;
  watch.onFirstSight([]);
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: TRADE, evidence: EVIDENCE });
  watch.onForeign({ origin: 'foreign', order: order('2'), trade: null, evidence: EVIDENCE });
  const lines = watch.unreviewed(10);
  assert.deepEqual(lines, [
    'sell 500 DOGEUSDT at 0.1, order 1',
    'sell 500 DOGEUSDT at 0.1, order 2',
  ]);
  let isConsentGood = false;
  const own = new OwnTrades(async (request) => {
    if (request.kind === 'requestAct') {
      const text = 'act: …';
      return { kind: 'consent', id: 1, nonce: 'n1', text, challenge: 'c', credentials: [] };
    }
    return isConsentGood
      ? { kind: 'performed', id: 2, act: 'ownTrade', entry: 5 }
      : { kind: 'refused', rule: 'consent', reason: 'expected the passkey of an owner' };
  }, watch);
  const act = { kind: 'ownTrade', connection: CONNECTION, orders: lines.slice(0, 1) } as const;
  const approval = { kind: 'code', proof: 'AAAA' } as const;
  await own.act({ kind: 'requestAct', act });
  await own.act({ kind: 'confirmAct', nonce: 'n1', approval });
  assert.equal(watch.unreviewed(10).length, 2, 'without consent nothing is reviewed');
  isConsentGood = true;
  await own.act({ kind: 'confirmAct', nonce: 'n2', approval });
  assert.equal(watch.unreviewed(10).length, 2, 'another act’s consent marks nothing');
  await own.act({ kind: 'confirmAct', nonce: 'n1', approval });
  assert.deepEqual(watch.unreviewed(10), lines.slice(1));
  assert.ok(kinds(bench).includes('foreignTrade open'), 'one is still unreviewed');
  watch.markOwned(lines);
  assert.ok(!kinds(bench).some((kind) => /^foreign.* open$/.test(kind)), kinds(bench).join());
  const before = alarms.openCount;
  watch.onForeign({ origin: 'foreign', order: order('1'), trade: TRADE, evidence: EVIDENCE });
  assert.equal(alarms.openCount, before, 'his own order goes on trading');
});

test('[Y217] of too many orders of others those that nobody has reviewed are forgotten last', (t) => {
  const { store, watch } = opened(t);
  watch.onFirstSight([order('1')]);
  watch.onForeign({
    ...{ origin: 'foreign', order: order('2'), trade: null },
    evidence: { source: 'stream', text: '{}' },
  });
  const count = (state: string): number =>
    Number(
      store.get('SELECT count(*) AS count FROM foreign_orders WHERE state = ?', state)?.['count'],
    );
  store.transaction(() => {
    for (let number = 0; number < 19_998; number += 1) {
      store.run(
        "INSERT INTO foreign_orders VALUES (?, 'DOGEUSDT', ?, '', 'buy', '1', '1', 'owned', 0)",
        CONNECTION,
        `own-${number}`,
      );
    }
  });
  watch.onForeign({
    ...{ origin: 'foreign', order: order('3'), trade: null },
    evidence: { source: 'stream', text: '{}' },
  });
  assert.deepEqual([count('before'), count('unreviewed'), count('owned')], [1, 2, 19_997]);
});

test('[Y206] a thaw that a person consented to counts at once', async (t) => {
  const { store } = opened(t);
  let frozen: ConnectionInfo['frozen'] = null;
  let looks = 0;
  const thawed: string[] = [];
  const infos = (): readonly ConnectionInfo[] => {
    looks += 1;
    return [{ connection: CONNECTION, frozen } as ConnectionInfo];
  };
  const freeze = new ConnectionFreeze({
    store,
    time: systemTime,
    name: () => 'main',
    async freeze() {
      frozen = { cause: 'alarm', since: 1 };
      return { ok: true, connections: infos() };
    },
    connections: async () => infos(),
    onThawed: (connection) => thawed.push(connection),
    log: () => undefined,
    watchMs: 3_600_000,
  });
  t.after(() => freeze.close());
  freeze.freeze(CONNECTION, 'foreignTrade');
  await until('the freeze and a look', () => (looks === 2 ? true : null));
  frozen = null;
  await until('the thaw', () => {
    freeze.look();
    return thawed.length === 1 ? true : null;
  });
  assert.equal(freeze.denial(CONNECTION, 'entry'), null);
});
