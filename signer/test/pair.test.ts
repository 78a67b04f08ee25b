// SPDX-License-Identifier: Apache-2.0
// Two orders as one request: a take profit and a stop of the same coins, each judged by the policy.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { draftRequest } from '../src/binance/requests.ts';
import { WireError } from '../src/fields.ts';
import type { Intent } from '../src/index.ts';
import { parseIntent } from '../src/wire-parsers.ts';
import {
  API_KEY,
  NAME,
  OpenSigner,
  outcomeOf,
  readLog,
  temporaryDirectory,
  writePolicy,
  type Unnumbered,
} from './fixture.ts';

type PairIntent = Unnumbered<Extract<Intent, { kind: 'placePair' }>>;

const POLICY = `policy/v1
connection ${NAME}
allow id=btc op=order.place symbol=BTCUSDT type=LIMIT_MAKER,STOP_LOSS_LIMIT notional<=500 USDT per-day<=1000 USDT rate<=4/10s
default deny
`;

let count = 0;

/** Sells one coin at 120, or at 90 to 89 when the market falls that far. */
function pairOf(
  connection: string,
  takeProfit: Partial<PairIntent['takeProfit']> = {},
  stopLoss: Partial<PairIntent['stopLoss']> = {},
): PairIntent {
  count += 1;
  const common = { symbol: 'BTCUSDT', side: 'sell', timeInForce: 'GTC', quantity: '1' } as const;
  return {
    kind: 'placePair',
    connection,
    takeProfit: {
      ...common,
      type: 'limitMaker',
      price: '120',
      clientOrderId: `k1-${count}p`,
      ...takeProfit,
    },
    stopLoss: {
      ...common,
      type: 'stopLimit',
      price: '89',
      stopPrice: '90',
      clientOrderId: `k1-${count}s`,
      ...stopLoss,
    },
  };
}

function signerOf(
  t: Parameters<typeof temporaryDirectory>[0],
  policy: string = POLICY,
): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  return new OpenSigner(directory).connect();
}

const CONTEXT = { venue: 'demo', apiKey: API_KEY, timestamp: 1_499_827_319_559 };
const TAIL = 'newOrderRespType=RESULT&recvWindow=2000&timestamp=1499827319559';

test('[S80] a pair is one order list: what stands above the market comes first', () => {
  const connection = 'c_ABCDEF2';
  const sell = pairOf(connection, { clientOrderId: 'k1-1' }, { clientOrderId: 'k1-2' });
  const draft = draftRequest({ ...sell, id: 1 }, CONTEXT);
  assert.deepEqual(draft.endpoint, { kind: 'rest', method: 'POST', path: '/api/v3/orderList/oco' });
  assert.equal(
    draft.text,
    `symbol=BTCUSDT&side=SELL&quantity=1&aboveType=LIMIT_MAKER&aboveClientOrderId=k1-1&abovePrice=120&belowType=STOP_LOSS_LIMIT&belowClientOrderId=k1-2&belowPrice=89&belowStopPrice=90&belowTimeInForce=GTC&${TAIL}`,
  );
  const buy = pairOf(
    connection,
    { side: 'buy', clientOrderId: 'k1-1', price: '80' },
    { side: 'buy', clientOrderId: 'k1-2', price: '111', stopPrice: '110' },
  );
  assert.equal(
    draftRequest({ ...buy, id: 1 }, CONTEXT).text,
    `symbol=BTCUSDT&side=BUY&quantity=1&aboveType=STOP_LOSS_LIMIT&aboveClientOrderId=k1-2&abovePrice=111&aboveStopPrice=110&aboveTimeInForce=GTC&belowType=LIMIT_MAKER&belowClientOrderId=k1-1&belowPrice=80&${TAIL}`,
  );
});

const CROOKED: readonly (readonly [
  string,
  Readonly<Record<string, unknown>>,
  Readonly<Record<string, unknown>>,
])[] = [
  ['another symbol', {}, { symbol: 'ETHUSDT' }],
  ['another side', {}, { side: 'buy' }],
  ['another quantity', {}, { quantity: '2' }],
  ['the same ID', { clientOrderId: 'k1-x' }, { clientOrderId: 'k1-x' }],
  ['a stop in the place of the take profit', { type: 'stopLimit' }, {}],
  ['a take profit in the place of the stop', {}, { type: 'limitMaker' }],
  ['a stop at the market', {}, { type: 'market' }],
  ['an order that does not rest', { timeInForce: 'IOC' }, {}],
  ['no stop price', {}, { stopPrice: undefined }],
  ['a stop price of zero', {}, { stopPrice: '0' }],
  ['a field too many', { stopPrice: '90' }, {}],
  ['a trailing stop', {}, { trailingDelta: '100' }],
];

test('[S80] the orders of a pair differ in price and ID alone', () => {
  const fair = pairOf('c_ABCDEF2');
  assert.deepEqual(parseIntent({ ...fair, id: 1 }), { ...fair, id: 1 });
  for (const [name, takeProfit, stopLoss] of CROOKED) {
    const pair = {
      ...fair,
      id: 1,
      takeProfit: { ...fair.takeProfit, ...takeProfit },
      stopLoss: { ...fair.stopLoss, ...stopLoss },
    };
    assert.throws(() => parseIntent(JSON.parse(JSON.stringify(pair))), WireError, name);
  }
});

const ABSURD: readonly (readonly [
  name: string,
  rule: string,
  takeProfit: Partial<PairIntent['takeProfit']>,
  stopLoss: Partial<PairIntent['stopLoss']>,
])[] = [
  ['an absurd take profit', 'btc: notional', { price: '50000' }, {}],
  ['an absurd limit of the stop', 'btc: notional', {}, { price: '50000' }],
  ['an absurd stop price', 'btc: notional', {}, { stopPrice: '50000' }],
];

test('[S81] of a pair with one fair and one absurd order nothing is signed, and nothing has been counted', (t) => {
  for (const [name, rule, takeProfit, stopLoss] of ABSURD) {
    const signer = signerOf(t);
    const bad = pairOf(signer.connection, takeProfit, stopLoss);
    assert.equal(outcomeOf(signer.ask(bad)[0]), rule, name);
    assert.equal(signer.requests.length, 0, name);
    // Neither the window of 4 nor the IDs have moved: two fair pairs fit, one with an ID of the refused one.
    const { clientOrderId } = bad.takeProfit;
    assert.equal(outcomeOf(signer.ask(pairOf(signer.connection, { clientOrderId }))[0]), 'signed');
    assert.equal(outcomeOf(signer.ask(pairOf(signer.connection))[0]), 'signed', name);
    assert.equal(outcomeOf(signer.ask(pairOf(signer.connection))[0]), 'btc: rate', name);
  }
});

test('[S81] both orders count against the day and the rate', (t) => {
  const signer = signerOf(t);
  const dear = pairOf(signer.connection, { price: '499' }, { stopPrice: '450', price: '449' });
  assert.equal(outcomeOf(signer.ask(dear)[0]), 'signed');
  // 949 of 1000 are signed: the take profit alone would fit, the stop beside it does not.
  const small = pairOf(signer.connection, { price: '30' }, { stopPrice: '25', price: '25' });
  assert.equal(outcomeOf(signer.ask(small)[0]), 'btc: per-day');
});

test('[S81] a policy that names no STOP_LOSS_LIMIT allows no pair', (t) => {
  const signer = signerOf(t, POLICY.replace(',STOP_LOSS_LIMIT', ''));
  const [decision] = signer.ask(pairOf(signer.connection));
  assert.ok(decision?.kind === 'refused');
  assert.equal(decision.rule, 'default deny');
  assert.match(decision.reason, /type LIMIT_MAKER, found STOP_LOSS_LIMIT/);
});

test('[S82] both orders are on the log before the one signature, count after a restart, and are never signed again', (t) => {
  const signer = signerOf(t);
  const pair = pairOf(signer.connection);
  assert.equal(outcomeOf(signer.ask(pair)[0]), 'signed');
  assert.equal(signer.requests.length, 1);
  const lines = readLog(signer.directory);
  const intents = lines.filter(({ kind }) => kind === 'intent');
  const ids = [pair.takeProfit.clientOrderId, pair.stopLoss.clientOrderId];
  assert.deepEqual(
    intents.map((line) => line['clientOrderId']),
    ids,
  );
  assert.equal(intents[1]?.['stop'], '90');
  assert.equal(intents[0]?.['request'], intents[1]?.['request']);
  assert.equal(lines.filter(({ kind }) => kind === 'signed').length, 1);
  const again = new OpenSigner(signer.directory, { time: signer.time });
  again.connection = signer.connection;
  for (const clientOrderId of ids) {
    const [record] = again.ask({ kind: 'lookUp', connection: again.connection, clientOrderId });
    assert.ok(record?.kind === 'record' && record.signedAt !== null, clientOrderId);
    assert.equal(
      outcomeOf(again.ask(pairOf(again.connection, {}, { clientOrderId }))[0]),
      'duplicate',
    );
  }
  // Two of four are signed: one more pair, and no third.
  assert.equal(outcomeOf(again.ask(pairOf(again.connection))[0]), 'signed');
  assert.equal(outcomeOf(again.ask(pairOf(again.connection))[0]), 'btc: rate');
});
