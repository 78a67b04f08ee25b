// SPDX-License-Identifier: Apache-2.0
// Orders against their market: references, bands, floors of liquidity, and how long the signer waits for a price.

import { strict as assert } from 'node:assert';
import { test, type TestContext } from 'node:test';
import fc from 'fast-check';
import type { Decision, OrderIntent, Reference } from '../src/index.ts';
import { bandBreach } from '../src/policy/market-check.ts';
import { References } from '../src/policy/references.ts';
import {
  OpenSigner,
  outcomeOf,
  placeIntent,
  readLog,
  SignerProcess,
  temporaryDirectory,
  writePolicy,
} from './fixture.ts';

const SEED = 20_261_123;
const RULES = `policy/v1
connection demo
reference source=egress:referencePrice,bookTicker max-age=3s agree=1.0%
liquidity BTCUSDT min-24h-quote=5000000 max-spread=0.30% max-book-share=20%@1.0%
allow id=btc op=order.place symbol=BTCUSDT type=LIMIT,LIMIT_MAKER,STOP_LOSS_LIMIT
      band=2.0% notional<=5000 USDT
allow id=eth op=order.place symbol=ETHUSDT band=2.0%
allow id=rest op=order.cancel,read.*
default deny
`;

type Facts = Reference extends infer R
  ? R extends Reference
    ? Omit<R, 'kind' | 'venue' | 'symbol' | 'ageMs'>
    : never
  : never;

const DEEP = Array.from({ length: 10 }, (_, index) => index);
/** A market at 100 in which every order of the tests fits. */
const CALM: readonly Facts[] = [
  { source: 'referencePrice', price: '100' },
  { source: 'bookTicker', bid: '99.9', ask: '100.1' },
  { source: 'dayVolume', quoteVolume: '5000000' },
  {
    source: 'depth',
    bids: DEEP.map((index) => [`${99.9 - index / 10}`.slice(0, 6), '100']),
    asks: DEEP.map((index) => [`${100.1 + index / 10}`.slice(0, 6), '100']),
  },
];

function open(t: TestContext, policy: string = RULES): OpenSigner {
  const directory = temporaryDirectory(t);
  writePolicy(directory, policy);
  return new OpenSigner(directory).connect();
}

function tell(signer: OpenSigner, facts: readonly Facts[], ageMs = 0, symbol = 'BTCUSDT'): void {
  for (const fact of facts) {
    signer.report({ kind: 'reference', venue: 'demo', symbol, ageMs, ...fact });
  }
}

/** A signer that watches BTCUSDT and knows nothing of it yet. */
function watching(t: TestContext, policy: string = RULES): OpenSigner {
  const signer = open(t, policy);
  signer.give({ ...placeIntent(signer.connection), id: 900_000 });
  signer.pass(1_000);
  return signer;
}

/** What becomes of an order in the end, however long it waits. */
function outcome(signer: OpenSigner, order: Partial<OrderIntent>): string {
  const decision = decide(signer, order);
  return outcomeOf(decision);
}

let nextId = 1_000_000;

function decide(signer: OpenSigner, order: Partial<OrderIntent>): Decision | undefined {
  const id = (nextId += 1);
  signer.give({ ...placeIntent(signer.connection, order), id });
  const now = signer.decisions.find((decision) => decision.id === id);
  if (now !== undefined) return now;
  signer.pass(1_000);
  return signer.decisions.find((decision) => decision.id === id);
}

const BANDS: readonly (readonly [what: string, order: Partial<OrderIntent>, expected: string])[] = [
  ['a buy at the edge of the band', { price: '102' }, 'signed'],
  ['a buy just over it', { price: '102.00000001' }, 'btc: band'],
  ['a buy 3 % over the reference', { price: '103' }, 'btc: band'],
  ['a buy far under the reference, which only rests', { price: '50' }, 'signed'],
  ['a sell at the edge of the band', { side: 'sell', price: '98' }, 'signed'],
  ['a sell just under it', { side: 'sell', price: '97.99999999' }, 'btc: band'],
  ['a sell far over the reference, which only rests', { side: 'sell', price: '200' }, 'signed'],
  ['a maker order out of the band', { type: 'limitMaker', price: '103' }, 'btc: band'],
];

for (const [what, order, expected] of BANDS) {
  test(`[S122] ${what}: ${expected}`, (t) => {
    const signer = watching(t);
    tell(signer, CALM);
    assert.equal(outcome(signer, order), expected);
  });
}

test('[S122] attack 5: a listed pair, 3 % off under a 2 % band, is refused and recorded with both prices', (t) => {
  const signer = watching(t);
  tell(signer, CALM);
  const decision = decide(signer, { price: '103' });
  assert.ok(decision?.kind === 'refused');
  assert.equal(decision.rule, 'btc: band');
  assert.match(decision.reason, /at most 2\.0% above 100 \(referencePrice\), found 103/);
  const last = readLog(signer.directory).at(-1);
  assert.equal(last?.['kind'], 'refused');
  assert.equal(signer.requests.length, 0);
});

test('[S122] a stop is measured from its stop price where that lies further out, never nearer in', (t) => {
  const cases: readonly (readonly [stopPrice: string, price: string, expected: string])[] = [
    ['90', '88.2', 'signed'],
    ['90', '88.19999999', 'btc: band'],
    // A stop over the market is at once: the reference counts.
    ['110', '98', 'signed'],
    ['110', '97.99', 'btc: band'],
  ];
  for (const [stopPrice, price, expected] of cases) {
    const signer = watching(t);
    tell(signer, CALM);
    const { order } = placeIntent('', { side: 'sell', quantity: '1' });
    const pair = {
      kind: 'placePair',
      connection: signer.connection,
      takeProfit: { ...order, type: 'limitMaker', timeInForce: 'GTC', price: '105' },
      stopLoss: {
        ...order,
        type: 'stopLimit',
        timeInForce: 'GTC',
        price,
        stopPrice,
        clientOrderId: 'k1-stop',
      },
    } as const;
    const [decision] = signer.ask(pair);
    assert.equal(outcomeOf(decision), expected, `${stopPrice} ${price}`);
  }
});

test('[S122] attack 11: a pair with one fair and one absurd leg is refused as a whole', (t) => {
  const signer = watching(t);
  tell(signer, CALM);
  const { order } = placeIntent('', { side: 'sell', quantity: '1' });
  const [decision] = signer.ask({
    kind: 'placePair',
    connection: signer.connection,
    takeProfit: { ...order, type: 'limitMaker', timeInForce: 'GTC', price: '105' },
    stopLoss: {
      ...order,
      type: 'stopLimit',
      timeInForce: 'GTC',
      price: '1',
      stopPrice: '99',
      clientOrderId: 'k1-stop',
    },
  });
  assert.equal(outcomeOf(decision), 'btc: band');
  assert.equal(signer.requests.length, 0);
});

const DOUBTS: readonly (readonly [what: string, facts: readonly Facts[], expected: string])[] = [
  ['a reference price of null', [{ source: 'referencePrice', price: null }], 'btc: reference'],
  ['a book without asks', [{ source: 'bookTicker', bid: '99', ask: null }], 'btc: reference'],
  ['a crossed book', [{ source: 'bookTicker', bid: '101', ask: '99' }], 'btc: reference'],
  [
    'references 1 % apart, which is agreed',
    [{ source: 'bookTicker', bid: '100.9', ask: '101.1' }],
    'signed',
  ],
  [
    'references just over 1 % apart',
    [{ source: 'bookTicker', bid: '100.91', ask: '101.1' }],
    'btc: agree',
  ],
  [
    'a day of too little trade',
    [{ source: 'dayVolume', quoteVolume: '4999999.99999999' }],
    'liquidity line 4: min-24h-quote',
  ],
  ['a spread at the limit', [{ source: 'bookTicker', bid: '99.85', ask: '100.15' }], 'signed'],
  [
    'a spread over the limit',
    [{ source: 'bookTicker', bid: '99.84', ask: '100.15' }],
    'liquidity line 4: max-spread',
  ],
  [
    'a thin book on the side that is bought',
    [
      {
        source: 'depth',
        bids: [['99.9', '1000']],
        asks: [
          ['100.1', '4.99'],
          ['101.9', '1000'],
        ],
      },
    ],
    'liquidity line 4: max-book-share',
  ],
  [
    'a book just deep enough',
    [{ source: 'depth', bids: [['99.9', '1']], asks: [['100.1', '5']] }],
    'signed',
  ],
  ['an empty book', [{ source: 'depth', bids: [], asks: [] }], 'liquidity line 4: max-book-share'],
];

for (const [what, facts, expected] of DOUBTS) {
  test(`[S123,S125] ${what}: ${expected}`, (t) => {
    const signer = watching(t);
    tell(signer, [...CALM, ...facts]);
    assert.equal(outcome(signer, { price: '100', quantity: '1' }), expected);
  });
}

/** Buys `quantity` in a calm market, and lets the exchange say that it was executed. */
function buy(signer: OpenSigner, quantity: string): void {
  tell(signer, CALM);
  const id = (nextId += 1);
  const clientOrderId = `b-${id}`;
  signer.give({ ...placeIntent(signer.connection, { quantity, clientOrderId }), id });
  const body = {
    symbol: 'BTCUSDT',
    orderId: id,
    clientOrderId: signer.exchangeId(clientOrderId),
    executedQty: quantity,
    status: 'FILLED',
    fills: [{ qty: quantity, commission: '0', commissionAsset: 'BNB' }],
  };
  signer.report({ kind: 'echo', id, status: 200, body: JSON.stringify(body) });
  signer.receipt(id);
}

/** The same prices, and nobody there. */
const THIN: readonly Facts[] = [
  { source: 'referencePrice', price: '100' },
  { source: 'bookTicker', bid: '99', ask: '101' },
  { source: 'dayVolume', quoteVolume: '5' },
  { source: 'depth', bids: [['99', '0.01']], asks: [['101', '0.01']] },
];

test('[S207] who is in a market that has grown thin gets out at a price within the band, and nobody gets in', (t) => {
  const signer = watching(t);
  buy(signer, '2');
  tell(signer, THIN);
  const sell = (quantity: string, price = '98'): string =>
    outcome(signer, { side: 'sell', quantity, price });
  assert.match(outcome(signer, { price: '100' }), /min-24h-quote/, 'no way in');
  assert.match(sell('2.00000001'), /min-24h-quote/, 'more than was bought here is no exit');
  assert.equal(sell('2', '97.99'), 'btc: band', 'the band holds for exits too');
  const explain = (quantity: string): Extract<Decision, { kind: 'explained' }>['explanation'] => {
    const { order } = placeIntent(signer.connection, { side: 'sell', quantity, price: '98' });
    const { connection } = signer;
    const [decision] = signer.ask({ kind: 'explainOrder', connection, order });
    assert.ok(decision?.kind === 'explained');
    return decision.explanation;
  };
  const used = (quantity: string): string | undefined =>
    explain(quantity).limits.find(({ field }) => field === 'liquidity')?.used;
  assert.equal(used('2'), 'not for a sale of what was bought here');
  assert.equal(used('3'), '');
  assert.deepEqual([explain('2').isAllowed, explain('3').isAllowed], [true, false]);
  assert.equal(sell('1.5'), 'signed');
  assert.match(sell('0.6'), /min-24h-quote/, 'what rests is promised');
  assert.equal(sell('0.5'), 'signed');
});

test('[S207] without a band the floors hold for exits too, and buying back what was sold is no exit', (t) => {
  const bandless = watching(t, RULES.replace('band=2.0% ', ''));
  buy(bandless, '1');
  tell(bandless, THIN);
  assert.match(outcome(bandless, { side: 'sell', price: '1' }), /min-24h-quote/);
  const signer = watching(t);
  tell(signer, CALM);
  const id = (nextId += 1);
  const order = placeIntent(signer.connection, { side: 'sell', clientOrderId: 's-1' });
  signer.give({ ...order, id });
  const body = {
    symbol: 'BTCUSDT',
    orderId: 1,
    clientOrderId: signer.exchangeId('s-1'),
    executedQty: '1',
    status: 'FILLED',
  };
  signer.report({ kind: 'echo', id, status: 200, body: JSON.stringify(body) });
  tell(signer, THIN);
  assert.match(outcome(signer, { quantity: '0.5' }), /min-24h-quote/);
});

test('[S123] attack 6: a reference that is 4 s old or null refuses, and so does one that never came', (t) => {
  const signer = watching(t);
  assert.equal(outcome(signer, {}), 'btc: reference');
  tell(signer, CALM);
  assert.equal(outcome(signer, {}), 'signed');
  signer.pass(3_001);
  assert.equal(outcome(signer, {}), 'btc: reference');
  tell(signer, CALM, 3_001);
  assert.equal(outcome(signer, {}), 'btc: reference', 'the age that egress says counts too');
  tell(signer, CALM);
  tell(signer, [{ source: 'referencePrice', price: null }]);
  assert.equal(outcome(signer, {}), 'btc: reference');
});

test('[S123] attack 8: two references that disagree by more than 1 % refuse', (t) => {
  const signer = watching(t);
  tell(signer, [...CALM, { source: 'referencePrice', price: '102' }]);
  const decision = decide(signer, {});
  assert.ok(decision?.kind === 'refused');
  assert.match(
    decision.reason,
    /within 1\.0% of each other, found bookTicker 100 and referencePrice 102/,
  );
});

test('[S123] cancels and reads are judged without any reference', (t) => {
  const signer = open(t);
  const { connection } = signer;
  const about = { connection, symbol: 'BTCUSDT', clientOrderId: 'k1' } as const;
  const decisions = signer.ask(
    { kind: 'cancelOrder', ...about },
    { kind: 'queryAccount', connection },
  );
  assert.deepEqual(decisions.map(outcomeOf), ['signed', 'signed']);
});

test('[S121] attack 7: the server cannot say what the market is: such a message is none of its protocol', (t) => {
  const signer = watching(t);
  signer.give({ kind: 'reference', venue: 'demo', symbol: 'BTCUSDT', ageMs: 0, ...CALM[0] });
  signer.give({ ...placeIntent(signer.connection), id: 77, marketPrice: '100' });
  assert.equal(signer.decisions.at(-2)?.kind, 'refused');
  assert.equal(outcomeOf(signer.decisions.at(-1)), 'intent');
  assert.equal(outcome(signer, {}), 'btc: reference', 'nothing was learnt');
});

test('[S121] egress is told which markets orders are in, by all the sources that judge them, for a minute', (t) => {
  const signer = open(t);
  assert.equal(signer.watched.length, 0, 'nothing before an order needs it');
  signer.give({ ...placeIntent(signer.connection), id: 801 });
  assert.deepEqual(signer.watched.at(-1), {
    kind: 'watchReferences',
    venue: 'demo',
    symbols: ['BTCUSDT'],
    sources: ['referencePrice', 'bookTicker', 'dayVolume', 'depth'],
    everyMs: 1_000,
    agreement: { sources: ['referencePrice', 'bookTicker'], millionths: 10_000 },
  });
  signer.give({ ...placeIntent(signer.connection, { symbol: 'ETHUSDT' }), id: 802 });
  assert.deepEqual(signer.watched.at(-1)?.symbols, ['BTCUSDT', 'ETHUSDT']);
  signer.pass(30_000);
  signer.give({ ...placeIntent(signer.connection), id: 803 });
  signer.pass(31_000);
  signer.pass(30_000);
  tell(signer, [{ source: 'referencePrice', price: '2000' }], 0, 'ETHUSDT');
  assert.deepEqual(signer.watched.at(-1)?.symbols, ['BTCUSDT']);
});

test('[S231] what another policy asked of prices is asked no more', (t) => {
  const strict = RULES.replace('default deny\n', '')
    .concat('connection other\nreference source=egress:bookTicker,avgPrice max-age=3s agree=0.1%\n')
    .concat('allow id=others op=order.place symbol=BTCUSDT band=2.0%\ndefault deny\n');
  const signer = open(t, strict);
  const first = signer.connection;
  signer.give({ ...placeIntent(first), id: 801 });
  signer.connect('other');
  signer.give({ ...placeIntent(signer.connection), id: 802 });
  const both = { sources: ['referencePrice', 'bookTicker', 'avgPrice'], millionths: 1_000 };
  assert.deepEqual(signer.watched.at(-1)?.agreement, both);
  const [state] = signer.ask({ kind: 'describePolicy' });
  assert.ok(state?.kind === 'policy');
  const act = { kind: 'changePolicy', before: state.policy.hash, policy: RULES } as const;
  assert.deepEqual(signer.ask({ kind: 'requestAct', act }).map(outcomeOf), ['performed']);
  signer.give({ ...placeIntent(first), id: 803 });
  const { sources, agreement } = signer.watched.at(-1) ?? {};
  assert.deepEqual(sources, ['referencePrice', 'bookTicker', 'dayVolume', 'depth']);
  const own = { sources: ['referencePrice', 'bookTicker'], millionths: 10_000 };
  assert.deepEqual(agreement, own);
});

test('[S124] the first order of a market waits for its first word, at most a second', (t) => {
  const signer = open(t);
  const intent = { ...placeIntent(signer.connection), id: 5_000 };
  signer.give(intent);
  assert.equal(
    signer.decisions.some(({ id }) => id === 5_000),
    false,
    'it waits',
  );
  signer.pass(400);
  tell(signer, CALM.slice(0, 2));
  assert.equal(
    signer.decisions.some(({ id }) => id === 5_000),
    false,
    'volume and book are missing',
  );
  tell(signer, CALM.slice(2));
  assert.equal(outcomeOf(signer.decisions.at(-1)), 'signed');
  signer.pass(2_000);
  assert.equal(signer.decisions.filter(({ id }) => id === 5_000).length, 1);
});

test('[S124] what is never priced is refused after a second', (t) => {
  const signer = open(t);
  signer.give({ ...placeIntent(signer.connection), id: 5_001 });
  signer.pass(999);
  assert.equal(
    signer.decisions.some(({ id }) => id === 5_001),
    false,
  );
  signer.pass(1);
  assert.equal(outcomeOf(signer.decisions.at(-1)), 'btc: reference');
});

test('[S124] an order that waits is not cancelled into being: cancel and look-up end it first', (t) => {
  const signer = open(t);
  const { connection } = signer;
  for (const [index, kind] of (['cancelOrder', 'lookUp'] as const).entries()) {
    const clientOrderId = `k1-held-${index}`;
    signer.give({ ...placeIntent(connection, { clientOrderId }), id: 6_000 + index });
    const about = { connection, clientOrderId };
    const [decision] =
      kind === 'lookUp'
        ? signer.ask({ kind, ...about })
        : signer.ask({ kind, ...about, symbol: 'BTCUSDT' });
    const held = signer.decisions.find(({ id }) => id === 6_000 + index);
    assert.equal(outcomeOf(held), 'reference');
    assert.deepEqual(decision?.kind === 'record' ? decision.signedAt : null, null);
  }
  tell(signer, CALM);
  assert.equal(signer.requests.filter(({ kind }) => kind === 'request').length, 1, 'the cancel');
});

test('[S124] one ID that waits twice is signed once, and so is one order', (t) => {
  const signer = open(t);
  const intent = placeIntent(signer.connection, { clientOrderId: 'k1-twice' });
  signer.give({ ...intent, id: 7_000 }, { ...intent, id: 7_001 }, { ...intent, id: 7_000 });
  tell(signer, CALM);
  const outcomes = signer.decisions
    .filter(({ id }) => id === 7_000 || id === 7_001)
    .map((decision) => `${decision.id} ${outcomeOf(decision)}`);
  assert.deepEqual(outcomes.sort(), ['7000 intent', '7000 signed', '7001 duplicate']);
  assert.equal(signer.requests.length, 1);
});

test('[S124] at most 256 orders wait; the next one is refused at once', (t) => {
  const signer = open(t);
  for (let index = 0; index <= 256; index += 1) {
    signer.give({ ...placeIntent(signer.connection), id: 8_000 + index });
  }
  const decided = signer.decisions.filter(({ id }) => id >= 8_000);
  assert.deepEqual(
    decided.map((decision) => `${decision.id} ${outcomeOf(decision)}`),
    ['8256 btc: reference'],
  );
});

test('[S122] the band is as a plain reading of it with fractions, for any price, share and side', () => {
  const number = fc.integer({ min: 1, max: 10_000_000 });
  fc.assert(
    fc.property(
      number,
      number,
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.boolean(),
      (r, p, b, isBuy) => {
        // In exact fractions: p / r <= 1 + b / 1e6, or >= 1 - b / 1e6.
        const [left, right] = [BigInt(p) * 1_000_000n, BigInt(r)];
        const edge = right * (isBuy ? 1_000_000n + BigInt(b) : 1_000_000n - BigInt(b));
        const isWithin = isBuy ? left <= edge : left >= edge;
        const references = new References(() => undefined);
        const market = { venue: 'demo', symbol: 'A' };
        references.want(market, { sources: ['avgPrice'], maxAgeMs: 3_000, agreement: null }, 0);
        const price = (value: number): string => (value / 100).toFixed(2);
        const common = { kind: 'reference', ageMs: 0, ...market } as const;
        references.take({ ...common, source: 'avgPrice', price: price(r) }, 0);
        const order = {
          ...market,
          side: isBuy ? ('BUY' as const) : ('SELL' as const),
          price: BigInt(p) * 1_000_000n,
          stop: null,
          notional: 0n,
        };
        const reference = {
          sources: ['avgPrice'],
          maxAgeMs: 3_000,
          agree: null,
          text: '',
        } as const;
        const band = { millionths: BigInt(b), text: '' };
        const breach = bandBreach(order, { reference, band }, references, 0);
        assert.equal(breach === null, isWithin);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

test('[S121,S124] over real pipes: the order waits, egress prices the market, the order goes out', async (t) => {
  const directory = temporaryDirectory(t);
  writePolicy(directory, RULES);
  const signer = new SignerProcess(t, directory);
  const { connection } = await signer.connect();
  const asked = signer.ask(placeIntent(connection));
  const watch = await signer.egress.find((message) => {
    const { kind } = message as { kind: unknown };
    return kind === 'watchReferences' ? message : undefined;
  });
  assert.deepEqual((watch as { symbols: unknown }).symbols, ['BTCUSDT']);
  for (const fact of CALM) {
    signer.egress.write({ kind: 'reference', venue: 'demo', symbol: 'BTCUSDT', ageMs: 5, ...fact });
  }
  assert.equal((await asked).kind, 'signed');
  const refused = await signer.ask(placeIntent(connection, { price: '103' }));
  assert.equal(outcomeOf(refused), 'btc: band');
});
