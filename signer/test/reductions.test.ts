// SPDX-License-Identifier: Apache-2.0
// What only reduces: how much may be sold of what was bought, by the signer's own record of what the exchange said.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { comparePolicies } from '../src/policy/compare.ts';
import { parsePolicy } from '../src/policy/grammar.ts';
import type { Policy } from '../src/policy/policy.ts';
import {
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  temporaryDirectory,
  writePolicy,
  reopen,
} from './fixture.ts';
import {
  DAY_MS,
  POLICY,
  lives,
  answer,
  check,
  infoOf,
  active,
  freeze,
  buy,
  sell,
} from './life-fixture.ts';

test('[S178] a frozen connection signs sales up to what was bought here and not promised elsewhere', (t) => {
  const signer = active(t);
  const usdt = { commission: '0.01', commissionAsset: 'USDT' };
  buy(signer, 'b-1', [{ qty: '2', ...usdt }]);
  freeze(signer);
  let last = signer;
  for (const life of lives(signer)) {
    last = life;
    assert.equal(life.place({ price: '1' }), 'connection-frozen', 'no new risk');
    assert.equal(sell(life, '2.00000001'), 'connection-frozen');
    assert.equal(sell(life, '2', 'BNBUSDT'), 'connection-frozen', 'of each symbol its own');
  }
  assert.equal(sell(last, '1.5'), 'signed');
  assert.equal(sell(last, '0.6'), 'connection-frozen', 'what rests is promised');
  last = reopen(last);
  assert.equal(sell(last, '0.6'), 'connection-frozen');
  assert.equal(sell(last, '0.5'), 'signed');
  assert.equal(sell(last, '0.00000001'), 'connection-frozen');
  const together = reopen(last).ask(
    placeIntent(signer.connection, { side: 'sell', quantity: '0.1' }),
    { kind: 'cancelOrder', connection: signer.connection, symbol: 'BTCUSDT', clientOrderId: 'x' },
  );
  assert.deepEqual(together.map(outcomeOf), ['connection-frozen', 'signed']);
});

test('[S178] exits that come together share what is held', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  const exit = (): ReturnType<typeof placeIntent> =>
    placeIntent(signer.connection, { side: 'sell', quantity: '0.6' });
  assert.deepEqual(signer.ask(exit(), exit()).map(outcomeOf), ['signed', 'connection-frozen']);
});

test('[S178] a pair takes its coins once, and what ends gives them back', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  const leg = { symbol: 'BTCUSDT', side: 'sell', quantity: '1', timeInForce: 'GTC' } as const;
  const [pair] = signer.ask({
    kind: 'placePair',
    connection: signer.connection,
    takeProfit: { ...leg, type: 'limitMaker', price: '200', clientOrderId: 'p-1' },
    stopLoss: { ...leg, type: 'stopLimit', price: '90', stopPrice: '91', clientOrderId: 'p-2' },
  });
  assert.equal(outcomeOf(pair), 'signed');
  const report = (clientOrderId: string, status: string, executedQty = '0.00000000') => ({
    symbol: 'BTCUSDT',
    clientOrderId: signer.exchangeId(clientOrderId),
    executedQty,
    status,
  });
  answer(signer, { orderListId: 1, orderReports: [report('p-1', 'NEW'), report('p-2', 'NEW')] });
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
  const cancel = { kind: 'cancelOrder', connection: signer.connection, symbol: 'BTCUSDT' } as const;
  signer.ask({ ...cancel, clientOrderId: 'p-1' });
  answer(signer, {
    orderListId: 1,
    orderReports: [report('p-1', 'CANCELED'), report('p-2', 'CANCELED')],
  });
  assert.equal(sell(reopen(signer), '1'), 'signed');
});

test('[S179] commission in the coin itself is taken off exactly; unknown commission keeps a hundredth back', (t) => {
  const signer = active(t);
  const base = { commissionAsset: 'BTC' };
  buy(signer, 'b-1', [
    { qty: '0.5', commission: '0.0005', ...base },
    { qty: '0.5', commission: '0.00000001', ...base },
  ]);
  freeze(signer);
  assert.equal(sell(signer, '0.9995'), 'connection-frozen');
  assert.equal(sell(signer, '0.99949999'), 'signed');
  const other = active(t);
  assert.equal(other.place({ clientOrderId: 'b-2', quantity: '1' }), 'signed');
  const order = {
    symbol: 'BTCUSDT',
    orderId: 9,
    clientOrderId: other.exchangeId('b-2'),
    status: 'FILLED',
  };
  answer(other, { ...order, executedQty: '1.00000000' });
  freeze(other);
  assert.equal(sell(other, '0.99000001'), 'connection-frozen');
  const fills = { kind: 'queryFills', connection: other.connection, symbol: 'BTCUSDT' } as const;
  other.ask(fills);
  const trade = { symbol: 'BTCUSDT', orderId: 9, commissionAsset: 'BTC', commission: '0.001' };
  answer(other, [{ ...trade, qty: '0.4' }]);
  assert.equal(
    sell(other, '0.99000001'),
    'connection-frozen',
    'trades that are not all say nothing',
  );
  other.ask(fills);
  answer(other, [
    { ...trade, qty: '0.4' },
    { ...trade, qty: '0.6' },
    { ...trade, orderId: 10, qty: '3' },
  ]);
  assert.equal(sell(other, '0.998'), 'signed');
});

test('[S179] events of the account count each trade once, whatever their order and number', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const event = (z: string, l: string, n: string, X = 'PARTIALLY_FILLED') => ({
    e: 'executionReport',
    s: 'BTCUSDT',
    c: signer.exchangeId('b-1'),
    C: '',
    i: 5,
    X,
    z,
    l,
    n,
    N: 'BTC',
  });
  const tell = (...events: readonly unknown[]): void => {
    for (const each of events)
      signer.report({ kind: 'accountNews', connection: signer.connection, event: each });
  };
  const first = event('0.50000000', '0.50000000', '0.0005');
  const second = event('2.00000000', '1.50000000', '0.0015', 'FILLED');
  tell(first, first, second, second, first);
  freeze(signer);
  assert.equal(sell(reopen(signer), '1.99800001'), 'connection-frozen');
  assert.equal(sell(reopen(signer), '1.998'), 'signed');
  const lines = readLog(signer.directory).filter(({ kind }) => kind === 'answer');
  assert.equal(lines.length, 2, 'what is no news is not written');
});

test('[S210] egress lies of executions: no order becomes more than was signed, and the log is not filled', (t) => {
  const signer = active(t);
  const { connection } = signer;
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const { id } = signer.requests.at(-1) ?? { id: 0 };
  const says = (z: string, X: string, l = '0', i = 5): void =>
    signer.report({
      kind: 'accountNews',
      connection,
      event: {
        ...{ e: 'executionReport', s: 'BTCUSDT', c: signer.exchangeId('b-1'), C: '' },
        ...{ i, X, z, l, n: '0', N: 'BTC' },
      },
    });
  const answers = (): number =>
    readLog(signer.directory).filter(({ kind }) => kind === 'answer').length;
  for (let step = 1; step <= 3_000; step += 1)
    says(`0.${String(step).padStart(8, '0')}`, 'PARTIALLY_FILLED');
  assert.equal(answers(), 1_000);
  for (let executed = 3; executed < 100; executed += 1) {
    const fills = [{ qty: String(executed), commission: '0', commissionAsset: 'BTC' }];
    const body = {
      ...{ symbol: 'BTCUSDT', orderId: 5, clientOrderId: signer.exchangeId('b-1') },
      ...{ executedQty: String(executed), status: 'PARTIALLY_FILLED', fills },
    };
    signer.report({ kind: 'echo', id, status: 200, body: JSON.stringify(body) });
  }
  assert.equal(answers(), 1_000);
  says('1000', 'FILLED');
  says('2000', 'FILLED');
  assert.equal(answers(), 1_001, 'that it ended is heard once more');
  freeze(signer);
  for (const life of lives(signer)) {
    assert.equal(sell(life, '2'), 'connection-frozen', 'a hundredth is kept for its commission');
    assert.equal(sell(life, '1000'), 'connection-frozen');
  }
  assert.equal(sell(reopen(signer), '1.98'), 'signed');
});

test('[S178] an order of another’s under an ID like ours adds nothing to what may be sold', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '1' }), 'signed');
  const { connection } = signer;
  const report = (c: string, z: string): void =>
    signer.report({
      kind: 'accountNews',
      connection,
      event: {
        e: 'executionReport',
        s: 'BTCUSDT',
        c,
        C: '',
        i: 5,
        X: 'FILLED',
        z,
        l: z,
        n: '0',
        N: 'USDT',
      },
    });
  for (const forged of ['b-1', 'b-1_00000000', 'b-1_x', `${signer.exchangeId('b-1')}_x`])
    report(forged, '1');
  freeze(signer);
  assert.equal(sell(signer, '0.00000001'), 'connection-frozen');
  // No word makes more of an order than was asked for.
  report(signer.exchangeId('b-1'), '5');
  assert.equal(sell(signer, '1.00000001'), 'connection-frozen');
  assert.equal(sell(signer, '1'), 'signed');
});

test('[S178] trades of another market whose order has the same number say nothing of ours', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '2' }), 'signed');
  const clientOrderId = signer.exchangeId('b-1');
  answer(signer, { symbol: 'BTCUSDT', orderId: 9, clientOrderId, status: 'NEW', executedQty: '0' });
  freeze(signer);
  signer.ask({ kind: 'queryFills', connection: signer.connection, symbol: 'BNBUSDT' });
  const trade = { symbol: 'BNBUSDT', orderId: 9, commissionAsset: 'USDT', commission: '0' };
  answer(signer, [{ ...trade, qty: '2' }]);
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
});

test('[S178] what is not of this exchange’s form, or of no order of ours, changes nothing', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ clientOrderId: 'b-1', quantity: '1' }), 'signed');
  const { connection } = signer;
  const event = {
    e: 'executionReport',
    s: 'BTCUSDT',
    c: signer.exchangeId('b-1'),
    C: '',
    X: 'FILLED',
    z: '1',
    l: '1',
  };
  for (const strange of [
    null,
    'b-1',
    [event],
    { ...event, z: 1 },
    { ...event, z: '1e3' },
    { ...event, z: '-1' },
    { ...event, s: 'ETHUSDT' },
    { ...event, c: 'b-2' },
    { ...event, e: 'balanceUpdate' },
  ]) {
    signer.report({ kind: 'accountNews', connection, event: strange });
  }
  answer(signer, { ...event, executedQty: '9', fills: 'many' });
  freeze(signer);
  assert.equal(sell(signer, '0.00000001'), 'connection-frozen');
});

test('[S177] attack 49: for seven days after its end only what was opened here is closed, by the server’s own wish or not', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  signer.time.pass(90 * DAY_MS);
  check(signer);
  assert.equal(infoOf(signer).state, 'expired');
  assert.equal(signer.place({ price: '1' }), 'connection-expired');
  assert.equal(sell(signer, '1.1'), 'connection-expired');
  assert.equal(sell(signer, '0.4'), 'signed');
  signer.time.pass(7 * DAY_MS);
  assert.equal(sell(signer, '0.4'), 'connection-expired');
  const cancel = {
    kind: 'cancelOrder',
    connection: signer.connection,
    symbol: 'BTCUSDT',
    clientOrderId: 'x',
  } as const;
  assert.equal(outcomeOf(signer.ask(cancel)[0]), 'signed');
  signer.time.pass(3 * DAY_MS);
  assert.equal(outcomeOf(signer.ask(cancel)[0]), 'connection-expired');
});

test('[S177] the policy’s line `grace` shortens or lengthens the time for reductions', (t) => {
  for (const [line, days] of [
    ['grace 0d', 0],
    ['grace 14d', 14],
    ['', 7],
  ] as const) {
    const directory = temporaryDirectory(t);
    writePolicy(directory, POLICY.replace('connection main\n', `connection main\n${line}\n`));
    const signer = new OpenSigner(directory).connect('main', 'binance');
    check(signer);
    buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
    signer.time.pass(90 * DAY_MS);
    check(signer);
    assert.equal(infoOf(signer).reducesUntil - infoOf(signer).expiresAt, days * DAY_MS);
    assert.equal(sell(signer, '0.1'), days === 0 ? 'connection-expired' : 'signed');
    signer.time.pass(days * DAY_MS);
    assert.equal(sell(signer, '0.1'), 'connection-expired');
  }
  for (const wrong of [
    'grace',
    'grace 15d',
    'grace 7',
    'grace -1d',
    'grace 7d 8d',
    'grace 1d\ngrace 1d',
  ]) {
    const text = POLICY.replace('connection main\n', `connection main\n${wrong}\n`);
    assert.equal(parsePolicy(Buffer.from(text)).ok, false, wrong);
  }
  const policyOf = (line: string): Policy => {
    const parsed = parsePolicy(Buffer.from(POLICY.replace('main\n', `main\n${line}\n`)));
    assert.ok(parsed.ok);
    return parsed.policy;
  };
  for (const [before, next, direction] of [
    ['grace 5d', 'grace 4d', 'tightening'],
    ['', 'grace 6d', 'tightening'],
    ['', 'grace 8d', 'loosening'],
    ['grace 5d', '', 'loosening'],
  ] as const)
    assert.equal(comparePolicies(policyOf(before), policyOf(next)).direction, direction);
});

test('[S178] an order that the exchange refused, or does not know after a minute, gives its coins back', (t) => {
  const signer = active(t);
  buy(signer, 'b-1', [{ qty: '1', commission: '0', commissionAsset: 'USDT' }]);
  freeze(signer);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-1' }), 'signed');
  answer(signer, { code: -1007, msg: 'Timeout' }, 400);
  assert.equal(sell(signer, '1'), 'connection-frozen', 'it may have come about all the same');
  const ask = {
    kind: 'queryOrder',
    connection: signer.connection,
    symbol: 'BTCUSDT',
    clientOrderId: 's-1',
  } as const;
  signer.ask(ask);
  answer(signer, { code: -2013, msg: 'Order does not exist.' }, 400);
  assert.equal(sell(signer, '1'), 'connection-frozen', 'it may be on its way');
  signer.time.pass(60_001);
  signer.ask(ask);
  answer(signer, { code: -2013, msg: 'Order does not exist.' }, 400);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-2' }), 'signed');
  answer(signer, { code: -2010, msg: 'Account has insufficient balance.' }, 400);
  assert.equal(sell(signer, '1'), 'signed');
});

test('[S178] what was sold here may be bought back, and nothing beyond it', (t) => {
  const signer = active(t);
  assert.equal(signer.place({ side: 'sell', quantity: '1', clientOrderId: 's-1' }), 'signed');
  const fills = [{ qty: '1', commission: '0.1', commissionAsset: 'USDT' }];
  const order = {
    symbol: 'BTCUSDT',
    orderId: 3,
    clientOrderId: signer.exchangeId('s-1'),
    status: 'FILLED',
  };
  answer(signer, { ...order, executedQty: '1.00000000', fills });
  freeze(signer);
  assert.equal(sell(signer, '0.1'), 'connection-frozen');
  assert.equal(signer.place({ quantity: '1.1' }), 'connection-frozen');
  assert.equal(signer.place({ quantity: '1' }), 'signed');
});
