// SPDX-License-Identifier: Apache-2.0
// What egress asks of a venue's public side, and what it makes of the answers.

import { strict as assert } from 'node:assert';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { mock, test, type TestContext } from 'node:test';
import type { Answer, Reference, WatchReferences } from '@kontor/signer';
import type { PriceNews } from '../src/price-watch.ts';
import { ReferenceFeed } from '../src/reference-feed.ts';
import { VenueClock } from '../src/venue-clock.ts';
import { Authority } from './authority.ts';
import { Desk, placeIntent } from './desk.ts';
import { json, VenueServer } from './venue-server.ts';

const WATCH: WatchReferences = {
  kind: 'watchReferences',
  venue: 'demo',
  symbols: ['BTCUSDT', 'ETHUSDT'],
  sources: ['referencePrice', 'avgPrice', 'bookTicker', 'dayVolume', 'depth'],
  everyMs: 1_000,
  agreement: null,
};

const VENUE_TIME = 1_800_000_000_000;

type Ask = (path: string, query: URLSearchParams) => { status: number; body: unknown } | null;

/** A feed whose time the test moves, with everything that it asked and told. */
class TestFeed {
  readonly asked: string[] = [];
  readonly told: Reference[] = [];
  readonly news: PriceNews[] = [];
  nowMs = 0;
  /** When the venue says that it answered. */
  saidAt: (() => number) | null = null;
  readonly #feed: ReferenceFeed;

  constructor(t: TestContext, answer: Ask) {
    mock.timers.enable({ apis: ['setTimeout'] });
    t.after(() => {
      this.#feed.close();
      mock.timers.reset();
    });
    this.#feed = new ReferenceFeed({
      venue: 'demo',
      ask: (path, query) => {
        this.asked.push(`${path}?${decodeURIComponent(query)}`);
        const given = answer(path, new URLSearchParams(query));
        if (given === null) return Promise.resolve(null);
        const saidAt = this.saidAt?.() ?? null;
        return Promise.resolve({ status: given.status, body: JSON.stringify(given.body), saidAt });
      },
      now: () => this.nowMs,
      venueNow: () => VENUE_TIME + this.nowMs,
      onNews: (news) => this.news.push(news),
    });
  }

  async watch(watch: Partial<WatchReferences> = {}): Promise<void> {
    this.#feed.watch({ ...WATCH, ...watch }, (reference) => this.told.push(reference));
    await settled();
  }

  async pass(ms: number): Promise<void> {
    this.nowMs += ms;
    mock.timers.tick(ms);
    await settled();
  }
}

/** All answers of one round are there after a few turns: none of them waits for anything else. */
async function settled(): Promise<void> {
  for (let turn = 0; turn < 50; turn += 1) await Promise.resolve();
}

const ANSWERS: Readonly<Record<string, (symbol: string) => unknown>> = {
  '/api/v3/referencePrice': (symbol) => ({
    symbol,
    referencePrice: '100.5',
    timestamp: VENUE_TIME,
  }),
  '/api/v3/avgPrice': () => ({ mins: 5, price: '100.1', closeTime: 1 }),
  '/api/v3/ticker/bookTicker': (symbol) => ({ symbol, bidPrice: '99', askPrice: '101' }),
  '/api/v3/ticker/24hr': (symbol) => ({ symbol, quoteVolume: '123456.78' }),
  '/api/v3/depth': () => ({ lastUpdateId: 1, bids: [['99', '1']], asks: [['101', '2']] }),
};

function answer(path: string, query: URLSearchParams): { status: number; body: unknown } {
  const make = ANSWERS[path];
  assert.ok(make, path);
  const one = query.get('symbol');
  if (one !== null) return { status: 200, body: make(one) };
  const symbols = JSON.parse(query.get('symbols') ?? '') as string[];
  return { status: 200, body: symbols.map(make) };
}

test('[E41] every source is asked for by one cheap question where the venue has one, and told as it came', async (t) => {
  const feed = new TestFeed(t, answer);
  await feed.watch();
  assert.deepEqual(feed.asked.toSorted(), [
    '/api/v3/avgPrice?symbol=BTCUSDT',
    '/api/v3/avgPrice?symbol=ETHUSDT',
    '/api/v3/depth?symbol=BTCUSDT&limit=100',
    '/api/v3/depth?symbol=ETHUSDT&limit=100',
    '/api/v3/referencePrice?symbol=BTCUSDT',
    '/api/v3/referencePrice?symbol=ETHUSDT',
    '/api/v3/ticker/24hr?symbols=["BTCUSDT","ETHUSDT"]&type=MINI',
    '/api/v3/ticker/bookTicker?symbols=["BTCUSDT","ETHUSDT"]',
  ]);
  const ofBtc = feed.told.filter(({ symbol }) => symbol === 'BTCUSDT');
  const common = { kind: 'reference', venue: 'demo', symbol: 'BTCUSDT', ageMs: 0 };
  for (const expected of [
    { ...common, source: 'referencePrice', price: '100.5' },
    { ...common, source: 'avgPrice', price: '100.1' },
    { ...common, source: 'bookTicker', bid: '99', ask: '101' },
    { ...common, source: 'dayVolume', quoteVolume: '123456.78' },
    { ...common, source: 'depth', bids: [['99', '1']], asks: [['101', '2']] },
  ]) {
    assert.ok(
      ofBtc.some((told) => JSON.stringify(told) === JSON.stringify(expected, Object.keys(told))),
      JSON.stringify(expected),
    );
  }
  assert.equal(feed.told.length, 10);
});

test('[E41] prices are asked for every round, the book every 5 s, the volume every minute', async (t) => {
  const feed = new TestFeed(t, answer);
  await feed.watch({ symbols: ['BTCUSDT'] });
  for (let second = 0; second < 60; second += 1) await feed.pass(1_000);
  const count = (path: string): number =>
    feed.asked.filter((asked) => asked.startsWith(path)).length;
  assert.equal(count('/api/v3/ticker/bookTicker'), 61);
  assert.equal(count('/api/v3/avgPrice'), 61);
  assert.equal(count('/api/v3/depth'), 13);
  assert.equal(count('/api/v3/ticker/24hr'), 2);
});

test('[E41] a symbol that is new is asked for at once, one that is watched no more not at all', async (t) => {
  const feed = new TestFeed(t, answer);
  await feed.watch({ symbols: ['BTCUSDT'], sources: ['avgPrice'] });
  await feed.watch({ symbols: ['BTCUSDT', 'ETHUSDT'], sources: ['avgPrice'] });
  assert.deepEqual(feed.asked, [
    '/api/v3/avgPrice?symbol=BTCUSDT',
    '/api/v3/avgPrice?symbol=ETHUSDT',
  ]);
  await feed.watch({ symbols: ['ETHUSDT'], sources: ['avgPrice'] });
  await feed.pass(1_000);
  assert.deepEqual(feed.asked.slice(2), ['/api/v3/avgPrice?symbol=ETHUSDT']);
  await feed.watch({ symbols: [] });
  await feed.pass(10_000);
  assert.equal(feed.asked.length, 3);
});

test('[E42] at most 3,000 weight a minute: beyond it nothing is asked, and in the next minute again', async (t) => {
  const feed = new TestFeed(t, answer);
  const symbols = Array.from({ length: 100 }, (_, index) => `S${index}USDT`);
  await feed.watch({ symbols, sources: ['avgPrice'], everyMs: 1_000 });
  for (let second = 0; second < 58; second += 1) await feed.pass(1_000);
  assert.equal(feed.asked.length, 1_500);
  await feed.pass(2_000);
  assert.ok(feed.asked.length > 1_500);
});

test('[E43] a symbol that the venue does not know spoils no other, and is left alone for 5 minutes', async (t) => {
  const feed = new TestFeed(t, (path, query) => {
    const names = query.get('symbol') ?? query.get('symbols') ?? '';
    return names.includes('ETHUSDT') ? { status: 400, body: { code: -1121 } } : answer(path, query);
  });
  await feed.watch({ sources: ['bookTicker'] });
  assert.deepEqual(
    feed.told.map(({ symbol }) => symbol),
    ['BTCUSDT'],
  );
  const before = feed.asked.length;
  await feed.pass(1_000);
  assert.deepEqual(feed.asked.slice(before), ['/api/v3/ticker/bookTicker?symbol=BTCUSDT']);
  await feed.pass(300_000);
  assert.ok(feed.asked.at(-1)?.includes('ETHUSDT'));
});

test('[E43] a market without a reference price is told as one without, not as unknown', async (t) => {
  const feed = new TestFeed(t, (path, query) =>
    path === '/api/v3/referencePrice'
      ? { status: 400, body: { code: -2043 } }
      : answer(path, query),
  );
  await feed.watch({ symbols: ['BTCUSDT'], sources: ['referencePrice', 'avgPrice'] });
  await feed.pass(1_000);
  const prices = feed.told.map((told) => ('price' in told ? [told.source, told.price] : []));
  assert.deepEqual(prices.slice(0, 2), [
    ['referencePrice', null],
    ['avgPrice', '100.1'],
  ]);
  assert.equal(prices.length, 4);
});

const ODD: readonly (readonly [what: string, status: number, body: unknown])[] = [
  ['a failure', 500, {}],
  ['an answer that is no object', 200, 'hello'],
  ['a number in place of text', 200, { price: 100 }],
  ['an exponent', 200, { price: '1e9' }],
  ['a price of another symbol', 200, [{ symbol: 'XUSDT', price: '1' }]],
  ['none at all', 0, null],
];

for (const [what, status, body] of ODD) {
  test(`[E43] ${what} tells no price`, async (t) => {
    const feed = new TestFeed(t, () => (status === 0 ? null : { status, body }));
    await feed.watch({ symbols: ['BTCUSDT'], sources: ['avgPrice'] });
    assert.deepEqual(
      feed.told.filter((told) => 'price' in told && told.price !== null),
      [],
    );
  });
}

const BANDED = `policy/v1
connection demo
reference source=egress:avgPrice,bookTicker max-age=3s agree=1.0%
allow id=btc op=order.place symbol=BTCUSDT band=2.0%
allow id=rest op=order.cancel,read.*
`;

test('[E40,E41] with the real signer: prices and echoes reach it, and nothing of them the server', async (t) => {
  const venue = await VenueServer.start(t);
  venue.respond = (request, response) => {
    if (request.path in ANSWERS) {
      const { status, body } = answer(request.path, request.parameters);
      json(response, status, body);
    } else json(response, 200, { symbol: 'BTCUSDT', status: 'NEW' });
  };
  const desk = new Desk(t, { demo: venue.addresses }, BANDED);
  await desk.startWithChannel();
  await desk.connect();
  venue.publicKeyPem = desk.publicKeyPem;
  const answered = await desk.perform(placeIntent(desk.connection));
  assert.equal(answered.kind === 'answer' && answered.status, 200);
  const refused = await desk.ask(placeIntent(desk.connection, { price: '103' }));
  assert.ok(refused.kind === 'refused');
  assert.equal(refused.rule, 'btc: band');
  assert.ok(venue.requests.every(({ path, apiKey }) => !(path in ANSWERS) || apiKey === undefined));
  assert.ok(
    desk.server.answers.every(({ kind }) => kind !== 'answer' || answered.kind === 'answer'),
  );
  const heard = JSON.stringify(desk.server.egress.received);
  assert.equal(heard.includes('reference') || heard.includes('echo'), false);
});

test('[E40] a copy of the answer goes to the signer, before the receipt, for marked requests alone', async (t) => {
  const venue = await VenueServer.start(t);
  const long = 'x'.repeat(65_537);
  venue.respond = (request, response) =>
    json(response, 200, request.path === '/api/v3/openOrders' ? long : { status: 'NEW' });
  const desk = new Desk(t, { demo: venue.addresses });
  await desk.startWithChannel();
  const signer = await desk.becomeSigner();
  const request = {
    ...{ kind: 'request', connection: 'c_ABCDEF2', venue: 'demo', apiKey: 'abc' },
    ...{ payload: 'a=b&signature=x', timeoutMs: 5_000 },
  };
  signer.write({ ...request, id: 1, method: 'POST', path: '/api/v3/order', echo: true });
  signer.write({ ...request, id: 2, method: 'POST', path: '/api/v3/order' });
  signer.write({ ...request, id: 3, method: 'GET', path: '/api/v3/openOrders', echo: true });
  for (const id of [1, 2, 3]) await signer.find((message) => receiptOf(message, id));
  const ofId = (id: number): readonly unknown[] =>
    signer.received.filter((message) => JSON.stringify(message).includes(`"id":${id}`));
  assert.deepEqual(ofId(1), [
    { kind: 'echo', id: 1, status: 200, body: '{"status":"NEW"}' },
    { kind: 'receipt', id: 1, status: 200 },
  ]);
  assert.deepEqual(ofId(2), [{ kind: 'receipt', id: 2, status: 200 }]);
  assert.deepEqual(ofId(3), [
    { kind: 'echo', id: 3, status: 200, body: '' },
    { kind: 'receipt', id: 3, status: 200 },
  ]);
});

function receiptOf(message: unknown, id: number): true | undefined {
  const text = JSON.stringify(message);
  return text.includes('"receipt"') && text.includes(`"id":${id}`) ? true : undefined;
}

const COMPARED = {
  symbols: ['BTCUSDT'],
  sources: ['avgPrice', 'bookTicker'],
  agreement: { sources: ['avgPrice', 'bookTicker'], millionths: 10_000 },
} satisfies Partial<WatchReferences>;

test('[E69] prices further apart than the policy lets them be are told once, with both, until they agree for 10 s', async (t) => {
  let average = '100.1';
  const feed = new TestFeed(t, (path, query) =>
    path === '/api/v3/avgPrice' ? { status: 200, body: { price: average } } : answer(path, query),
  );
  await feed.watch(COMPARED);
  for (let second = 0; second < 20; second += 1) await feed.pass(1_000);
  assert.equal(feed.news.length, 0);
  // The book's middle is 100: 1 % above the lower is the edge, which still agrees.
  average = '101';
  await feed.pass(1_000);
  assert.equal(feed.news.length, 0);
  average = '101.01';
  for (let second = 0; second < 5; second += 1) await feed.pass(1_000);
  const facts = {
    ...{ symbol: 'BTCUSDT', low: 'bookTicker 99 to 101', high: 'avgPrice 101.01', agree: '1%' },
  };
  const disputed = { condition: 'pricesDisagree', subject: 'BTCUSDT' };
  assert.deepEqual(feed.news, [{ ...disputed, isOver: false, facts }]);
  average = '100';
  for (let second = 0; second < 9; second += 1) await feed.pass(1_000);
  assert.equal(feed.news.length, 1, 'not before it has agreed for a while');
  for (let second = 0; second < 4; second += 1) await feed.pass(1_000);
  const over = { ...disputed, isOver: true, facts: { symbol: 'BTCUSDT' } };
  assert.deepEqual(feed.news.slice(1), [over]);
  average = '50';
  await feed.pass(1_000);
  await feed.watch({ ...COMPARED, symbols: [] });
  assert.deepEqual(feed.news.slice(3), [over], 'nobody trades there any more');
});

test('[E70] a market whose prices do not come for 10 s while orders are in it is told once, until all come again', async (t) => {
  let isSilent = false;
  const feed = new TestFeed(t, (path, query) =>
    isSilent && path === '/api/v3/avgPrice' ? null : answer(path, query),
  );
  await feed.watch(COMPARED);
  await feed.pass(1_000);
  isSilent = true;
  for (let second = 0; second < 9; second += 1) await feed.pass(1_000);
  assert.equal(feed.news.length, 0);
  for (let second = 0; second < 5; second += 1) await feed.pass(1_000);
  assert.deepEqual(
    feed.news.map(({ condition, isOver, facts }) => [condition, isOver, facts['sources']]),
    [['pricesSilent', false, 'avgPrice']],
  );
  assert.ok(Number(feed.news[0]?.facts['seconds']) >= 10);
  isSilent = false;
  for (let second = 0; second < 3; second += 1) await feed.pass(1_000);
  assert.deepEqual(
    feed.news.slice(1).map(({ condition, isOver }) => [condition, isOver]),
    [['pricesSilent', true]],
  );
});

test('[E67,E68] a price is as old as the venue says that it is, however fresh its answer; 5 s are told', async (t) => {
  let lateMs = 0;
  const feed = new TestFeed(t, (path, query) =>
    path === '/api/v3/referencePrice'
      ? {
          status: 200,
          body: {
            ...{ symbol: 'BTCUSDT', referencePrice: '100' },
            timestamp: VENUE_TIME + feed.nowMs - lateMs,
          },
        }
      : answer(path, query),
  );
  const last = (): number | undefined => feed.told.at(-1)?.ageMs;
  await feed.watch({ symbols: ['BTCUSDT'], sources: ['referencePrice'] });
  assert.equal(last(), 0);
  lateMs = 4_000;
  await feed.pass(1_000);
  assert.equal(last(), 4_000);
  assert.equal(feed.news.length, 0);
  lateMs = 30_000;
  await feed.pass(1_000);
  await feed.pass(1_000);
  assert.equal(last(), 30_000);
  const late = { condition: 'dataLate', subject: 'BTCUSDT' };
  const what = 'prices of BTCUSDT';
  const facts = { what, seconds: '30' };
  assert.deepEqual(feed.news, [{ ...late, isOver: false, facts }]);
  lateMs = 0;
  await feed.pass(1_000);
  assert.deepEqual(feed.news.slice(1), [{ ...late, isOver: true, facts: { what } }]);
  // An answer out of somebody's store bears its time outside.
  feed.saidAt = () => VENUE_TIME + feed.nowMs - 60_000;
  await feed.pass(1_000);
  assert.equal(last(), 60_000);
  assert.equal(feed.news.at(-1)?.isOver, false);
});

test('[E67] the venue’s clock goes on by ours: answers that were held back do not turn it back', () => {
  let monotonic = 0;
  let wall = 5_000;
  const clock = new VenueClock({ wall: () => wall, monotonic: () => monotonic });
  assert.equal(clock.now(), 5_000, 'by our own before it told');
  monotonic = 100;
  assert.equal(clock.learn(VENUE_TIME, 0, 100), 0);
  assert.equal(clock.now(), VENUE_TIME + 50);
  // Ours is set: the venue's does not move with it.
  wall = 9e12;
  monotonic = 60_100;
  assert.equal(clock.now(), VENUE_TIME + 60_050);
  // An hour-old answer is late by an hour, and counts for nothing.
  assert.equal(clock.learn(VENUE_TIME + 60_000 - 3_600_000, 60_000, 60_100), 3_599_950);
  assert.equal(clock.now(), VENUE_TIME + 60_050);
  assert.equal(clock.learn(VENUE_TIME + 60_000, 60_000, 60_100), 0);
});

const DELAYED = `policy/v1
connection demo
reference source=egress:referencePrice max-age=3s
allow id=btc op=order.place symbol=BTCUSDT band=2.0%
allow id=rest op=order.cancel,read.*
`;

test('[E67,E68] attack 51: over TLS, old prices and events that are delivered fresh are refused and told', async (t) => {
  const root = new Authority('Root');
  const venue = await VenueServer.start(t, root.issue());
  let lateMs = 0;
  venue.respond = (request, response) =>
    json(response, 200, {
      ...{ symbol: 'BTCUSDT', status: 'NEW', referencePrice: '100' },
      ...(request.path === '/api/v3/referencePrice' && { timestamp: Date.now() - lateMs }),
    });
  const desk = new Desk(t, { demo: venue.addresses }, DELAYED);
  const trusted = join(desk.parent, 'trusted.pem');
  writeFileSync(trusted, root.pem);
  desk.environment = { NODE_EXTRA_CA_CERTS: trusted };
  await desk.startWithChannel();
  await desk.connect();
  venue.publicKeyPem = desk.publicKeyPem;
  const { connection } = desk;
  assert.equal((await desk.perform(placeIntent(connection))).kind, 'answer');
  lateMs = 30_000;
  const told = (subject: string, isOver: boolean): Promise<Answer> =>
    desk.server.find((found) =>
      found.kind === 'condition' && found.subject === subject && found.isOver === isOver
        ? found
        : undefined,
    );
  await told('BTCUSDT', false);
  const refused = await venue.until(async () => {
    const decision = await desk.ask(placeIntent(connection));
    return decision.kind === 'refused' ? decision : undefined;
  });
  assert.equal(refused.rule, 'btc: reference');
  assert.match(refused.reason, /at most 3000 ms, found one of \d{4,5} ms/);
  assert.equal((await desk.perform({ kind: 'subscribe', connection })).kind, 'answer');
  const [socket] = venue.sockets;
  const event = { e: 'executionReport', c: 'k1-a', X: 'FILLED' };
  socket?.sendEvent({ ...event, E: Date.now() - 20_000 });
  const late = await told(connection, false);
  assert.match(JSON.stringify(late), /events of the account","seconds":"(19|2\d)"/);
  socket?.sendEvent({ ...event, E: Date.now() });
  await told(connection, true);
});
