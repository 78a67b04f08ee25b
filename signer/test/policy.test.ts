// SPDX-License-Identifier: Apache-2.0
// The policy: what its file may say, and what it decides.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import fc from 'fast-check';
import { formatNotional, notionalOf, parseDecimal, toNotional } from '../src/amount.ts';
import { approve, spend } from '../src/policy/approval.ts';
import { DayWindow, RateWindow } from '../src/policy/counters.ts';
import { PolicyEvaluator, type PolicySubject, type RequestFacts } from '../src/policy/evaluator.ts';
import { describePolicyError, parsePolicy } from '../src/policy/grammar.ts';
import type { Policy } from '../src/policy/policy.ts';
import { START_MS } from './fixture.ts';

const SEED = 20_261_122;

function parse(text: string): Policy {
  const parsed = parsePolicy(Buffer.from(text));
  assert.ok(parsed.ok, parsed.ok ? '' : describePolicyError('policy', parsed.error));
  return parsed.policy;
}

test('[S11] a whole policy is read, comments, sections and limits', () => {
  const policy = parse(`; who may do what
policy/v1   ; the version
connection demo
allow id=demo-btc op=order.place symbol=BTCUSDT,ETHUSDT side=buy,SELL type=LIMIT tif=GTC,IOC notional<=500.5 USDT per-day<=5000 USDT rate<=10/10s ; ä
deny  op=withdraw,transfer,convert,margin,subaccount,keys,session.logon
deny  type=MARKET
connection My Binance 2
allow op=order.cancel,read.* rate<=60/1m
connection c_ABCDEF2
default deny
`);
  assert.deepEqual(
    policy.sections.map(({ connection }) => connection),
    ['demo', 'My Binance 2', 'c_ABCDEF2'],
  );
  const [demo, second] = policy.sections;
  assert.deepEqual(
    demo?.rules.map(({ id, effect }) => `${effect} ${id}`),
    ['allow demo-btc', 'deny line 5', 'deny line 6'],
  );
  const [rule] = demo?.rules ?? [];
  assert.deepEqual([...(rule?.scope.sides ?? [])], ['BUY', 'SELL']);
  assert.equal(rule?.notional?.max, toNotional(50_050_000_000n));
  assert.equal(rule?.rate?.windowMs, 10_000);
  assert.equal(second?.rules[0]?.rate?.windowMs, 60_000);
  assert.equal(second?.rules[0]?.scope.operations.size, 7);
  assert.match(policy.hash, /^[0-9a-f]{64}$/);
  assert.notEqual(policy.hash, parse('policy/v1\n').hash);
});

const HEAD = 'policy/v1\nconnection demo\n';
const REFERENCED = `${HEAD}reference source=egress:avgPrice max-age=3s\n`;
const ERRORS: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /^p:1:1: expected policy\/v1 on the first line, found nothing$/],
  ['policy/v2\n', /^p:1:1: expected policy\/v1 on the first line, found "policy\/v2"$/],
  ['policy/v1 now\n', /^p:1:11: expected the end of the line, found "now"$/],
  ['policy/v1\nallow op=read.*\n', /^p:2:1: expected a connection line before the first rule/],
  ['policy/v1\nconnection\n', /^p:2:11: expected the name of a connection, or .+, found nothing$/],
  ['policy/v1\nconnection a=b\n', /^p:2:12: expected the name of a connection/],
  [`${HEAD}connection demo\n`, /^p:3:12: expected one section for a connection/],
  [
    `${HEAD}permit op=read.*\n`,
    /^p:3:1: expected connection, reference, liquidity, grace, allow, hold, deny, default or loosening-delay, found "permit"$/,
  ],
  [`${HEAD}default allow\n`, /^p:3:9: expected deny: no other default exists, found "allow"$/],
  [`${HEAD}default\n`, /^p:3:8: expected deny/],
  [`${HEAD}default deny always\n`, /^p:3:14: expected the end of the line/],
  [`${HEAD}allow symbol=BTCUSDT\n`, /^p:3:6: expected op= in an allow line, found none$/],
  [`${HEAD}allow op=order.amend\n`, /^p:3:10: expected one of order\.place.*found "order\.amend"$/],
  [
    `${HEAD}allow op=read.*,withdraw\n`,
    /^p:3:17: expected an operation that can be signed; withdraw never is/,
  ],
  [
    `${HEAD}allow op=session.logon\n`,
    /^p:3:10: expected an operation that can be signed; session\.logon never is/,
  ],
  [`${HEAD}allow op=read.* op=order.*\n`, /^p:3:17: expected every term once, found a second op$/],
  [`${HEAD}allow op=read.* colour=red\n`, /^p:3:17: expected one of id, op, symbol/],
  [`${HEAD}allow op=read.* nonsense\n`, /^p:3:17: expected a term like/],
  [`${HEAD}allow op=order.place symbol=btcusdt\n`, /^p:3:29: expected a symbol like BTCUSDT/],
  [`${HEAD}allow op=order.place symbol=BTCUSDT,*\n`, /^p:3:37: expected a symbol like BTCUSDT/],
  [`${HEAD}allow op=order.place symbol=BTCUSDT,,ETHUSDT\n`, /^p:3:37: expected a symbol/],
  [`${HEAD}allow op=order.place side=long\n`, /^p:3:27: expected one of BUY, SELL, found "long"$/],
  [
    `${HEAD}allow op=order.place type=STOP_LOSS\n`,
    /^p:3:27: expected one of LIMIT, LIMIT_MAKER, STOP_LOSS_LIMIT, MARKET/,
  ],
  [
    `${HEAD}allow op=order.place type=LIMIT,MARKET\n`,
    /^p:3:33: expected no MARKET in an allow line.+, found "MARKET"$/,
  ],
  [`${HEAD}allow op=order.place tif=GTX\n`, /^p:3:26: expected one of GTC, IOC, FOK/],
  [
    `${HEAD}allow op=order.place notional<=5e2 USDT\n`,
    /^p:3:32: expected a plain decimal number, found "5e2"$/,
  ],
  [
    `${HEAD}allow op=order.place notional<=500\n`,
    /^p:3:35: expected an asset like USDT after the number, found nothing$/,
  ],
  [`${HEAD}allow op=order.place notional<=500 usdt\n`, /^p:3:36: expected an asset like USDT/],
  [`${HEAD}allow op=order.place notional=500 USDT\n`, /^p:3:22: expected notional<=/],
  [`${HEAD}allow op=order.place symbol<=BTCUSDT\n`, /^p:3:22: expected symbol=/],
  [
    `${HEAD}allow op=order.place symbol=ETHBTC notional<=500 USDT\n`,
    /^p:3:36: expected symbols quoted in USDT, found ETHBTC$/,
  ],
  [
    `${HEAD}allow op=order.* notional<=500 USDT\n`,
    /^p:3:18: expected op=order\.place alone in a line with notional<=/,
  ],
  [
    `${HEAD}allow op=read.* per-day<=500 USDT\n`,
    /^p:3:17: expected op=order\.place alone in a line with per-day<=/,
  ],
  [`${HEAD}allow op=read.* rate<=0/10s\n`, /^p:3:23: expected a rate like 10\/10s/],
  [`${HEAD}allow op=read.* rate<=10/10d\n`, /^p:3:23: expected a rate like 10\/10s/],
  [`${HEAD}allow op=read.* rate<=10/25h\n`, /^p:3:23: expected a rate/],
  [`${HEAD}allow op=read.* rate<=10001/1h\n`, /^p:3:23: expected a rate/],
  [`${HEAD}allow op=order.place open<=0\n`, /^p:3:28: expected a number of orders from 1 to 10000/],
  [`${HEAD}allow op=order.* open<=20\n`, /^p:3:18: expected op=order\.place alone .+ open<=/],
  [`${HEAD}allow op=order.place open=20\n`, /^p:3:22: expected open<=, found "open=20"$/],
  [
    `${HEAD}allow op=order.place band=2.0%\n`,
    /^p:3:1: expected a reference line before the first band=, found none$/,
  ],
  [
    `${REFERENCED}allow op=order.place band=2\n`,
    /^p:4:27: expected more than 0 and at most 100 perc/,
  ],
  [`${REFERENCED}allow op=order.place band=0.0%\n`, /^p:4:27: expected more than 0/],
  [`${REFERENCED}allow op=order.place band=101%\n`, /^p:4:27: expected more than 0/],
  [`${REFERENCED}allow op=order.place band=0.00001%\n`, /^p:4:27: expected more than 0/],
  [`${REFERENCED}allow op=read.* band=2%\n`, /^p:4:17: expected op=order\.place alone .+ band=/],
  [
    `${REFERENCED}reference source=egress:avgPrice max-age=3s\n`,
    /^p:4:1: expected one reference line/,
  ],
  [`${HEAD}reference max-age=3s\n`, /^p:3:10: expected source= in a reference line, found none$/],
  [`${HEAD}reference source=avgPrice max-age=3s\n`, /^p:3:18: expected egress: and some of/],
  [
    `${HEAD}reference source=egress:lastPrice max-age=3s\n`,
    /^p:3:18: expected egress: and some of/,
  ],
  [
    `${HEAD}reference source=egress:avgPrice,avgPrice max-age=3s agree=1%\n`,
    /^p:3:11: expected every source once/,
  ],
  [`${HEAD}reference source=egress:avgPrice\n`, /^p:3:10: expected max-age= in a reference line/],
  [
    `${HEAD}reference source=egress:avgPrice max-age=61s\n`,
    /^p:3:42: expected a time from 1s to 60s/,
  ],
  [
    `${HEAD}reference source=egress:avgPrice,bookTicker max-age=3s\n`,
    /^p:3:10: expected agree= where there is more than one source, found none$/,
  ],
  [
    `${HEAD}liquidity BTCUSDT max-spread=1%\n`,
    /^p:3:1: expected a reference line before the first liq/,
  ],
  [`${REFERENCED}liquidity max-spread=1%\n`, /^p:4:11: expected the symbols of the liquidity line/],
  [`${REFERENCED}liquidity BTCUSDT\n`, /^p:4:18: expected min-24h-quote=, max-spread= or max-book/],
  [`${REFERENCED}liquidity BTCUSDT max-book-share=20%\n`, /^p:4:34: expected a share of the book/],
  [`${REFERENCED}liquidity BTCUSDT max-book-share=20%@x\n`, /^p:4:38: expected more than 0/],
  [
    `${REFERENCED}liquidity BTCUSDT min-24h-quote=5e6\n`,
    /^p:4:33: expected a plain decimal number/,
  ],
  [`${HEAD}loosening-delay 10m\n`, /^p:3:1: expected loosening-delay once, before the first conn/],
  ['policy/v1\nloosening-delay 59s\n', /^p:2:17: expected a time from 60s to 604800s/],
  ['policy/v1\nloosening-delay\n', /^p:2:16: expected a time from 60s/],
  [
    `${HEAD}allow op=order.place\n  notional<=5e2 USDT\n`,
    /^p:4:13: expected a plain decimal number, found "5e2"$/,
  ],
  [`${HEAD}  band=2%\n`, /^p:3:3: expected a line of its own, found a term/],
  [`${HEAD}deny op=order.place rate<=1/1s\n`, /^p:3:21: expected no limit in a deny line/],
  [`${HEAD}allow id=A op=read.*\n`, /^p:3:10: expected 1 to 32 of a-z 0-9 -, found "A"$/],
  [
    `${HEAD}allow id=a op=read.*\nallow id=a op=order.*\n`,
    /^p:4:1: expected every id once, found a second a$/,
  ],
  [`${HEAD}allow op=réad.*\n`, /^p:3:11: expected plain ASCII outside comments, found byte 0xc3$/],
  [
    `${HEAD}allow op=read.*\0\n`,
    /^p:3:16: expected plain ASCII outside comments, found byte 0x00$/,
  ],
  [`policy/v1\n${' '.repeat(65_536)}`, /^p:1:1: expected at most 65536 bytes, found 65546$/],
];

for (const [text, message] of ERRORS) {
  test(`[S11] refused: ${JSON.stringify(text.slice(-60))}`, () => {
    const parsed = parsePolicy(Buffer.from(text));
    assert.ok(!parsed.ok);
    assert.match(describePolicyError('p', parsed.error), message);
  });
}

test('[S11] any bytes are a policy or a named error', () => {
  const word = fc.constantFrom(
    'policy/v1',
    'connection',
    'demo',
    'allow',
    'deny',
    'default',
    'op=*',
    'symbol=*',
    'rate<=1/1s',
    'notional<=1',
    'USDT',
    ';',
    '\n',
    '\n',
    'id=a',
    'type=',
    '=',
    '<=',
    ',',
    '\r',
    '\xff',
  );
  fc.assert(
    fc.property(
      fc.oneof(
        fc.array(word).map((words) => words.join(' ')),
        fc.string(),
      ),
      (text) => {
        const parsed = parsePolicy(Buffer.from(`policy/v1\n${text}`, 'latin1'));
        if (!parsed.ok)
          assert.match(describePolicyError('p', parsed.error), /^p:\d+:\d+: expected .+, found /s);
      },
    ),
    { seed: SEED, numRuns: 500 },
  );
});

const SUBJECT = { connection: 'c_ABCDEF2', name: 'demo', venue: 'demo' };
const BUY: RequestFacts = {
  operation: 'order.place',
  symbol: 'BTCUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  notional: notional('100', '1'),
  price: parseDecimal('100'),
  stop: null,
  quantity: null,
  clientOrderId: null,
  isReleased: false,
};
const READ: RequestFacts = {
  operation: 'read.account',
  symbol: null,
  side: null,
  type: null,
  timeInForce: null,
  notional: null,
  price: null,
  stop: null,
  quantity: null,
  clientOrderId: null,
  isReleased: false,
};

function notional(price: string, quantity: string): bigint {
  const [p, q] = [parseDecimal(price), parseDecimal(quantity)];
  assert.ok(p !== null && q !== null);
  return notionalOf(p, q);
}

const FULL_RULE =
  'allow id=btc op=order.place symbol=BTCUSDT side=buy type=LIMIT tif=GTC notional<=500 USDT per-day<=900 USDT rate<=3/10s';

/** In order of precedence: the first cause that holds is the one that is named. */
const DECISIONS: readonly {
  readonly what: string;
  readonly rules: string | null;
  readonly facts: Partial<RequestFacts>;
  readonly before?: number;
  readonly outcome: string;
  readonly reason?: RegExp;
}[] = [
  {
    what: 'no policy file',
    rules: null,
    facts: {},
    outcome: 'default deny',
    reason: /there is no policy: write \/data\/policy/,
  },
  {
    what: 'a market order, allowed or not',
    rules: 'allow op=*',
    facts: { type: 'MARKET', notional: null },
    outcome: 'type',
    reason: /no price/,
  },
  {
    what: 'a deny before the allow',
    rules: `deny id=no op=order.place\n${FULL_RULE}`,
    facts: {},
    outcome: 'no',
    reason: /deny id=no op=order.place/,
  },
  {
    what: 'a deny after the allow',
    rules: `${FULL_RULE}\ndeny symbol=BTCUSDT`,
    facts: {},
    outcome: 'line 4',
  },
  {
    what: 'a deny of another symbol',
    rules: `deny symbol=DOGEUSDT\n${FULL_RULE}`,
    facts: {},
    outcome: 'allowed by btc',
  },
  {
    what: 'a deny of operations that do not exist here',
    rules: `deny op=withdraw,keys\n${FULL_RULE}`,
    facts: {},
    outcome: 'allowed by btc',
  },
  {
    what: 'an empty section',
    rules: '',
    facts: {},
    outcome: 'default deny',
    reason: /no allow line of connection demo matches order\.place$/,
  },
  {
    what: 'another operation',
    rules: FULL_RULE,
    facts: { operation: 'order.cancel' },
    outcome: 'default deny',
  },
  {
    what: 'another symbol',
    rules: FULL_RULE,
    facts: { symbol: 'ETHUSDT' },
    outcome: 'default deny',
    reason: /btc expects symbol BTCUSDT, found ETHUSDT/,
  },
  {
    what: 'another side',
    rules: FULL_RULE,
    facts: { side: 'SELL' },
    outcome: 'default deny',
    reason: /btc expects side BUY, found SELL/,
  },
  {
    what: 'another type',
    rules: FULL_RULE,
    facts: { type: 'LIMIT_MAKER' },
    outcome: 'default deny',
    reason: /btc expects type LIMIT, found LIMIT_MAKER/,
  },
  {
    what: 'another time in force',
    rules: FULL_RULE,
    facts: { timeInForce: 'IOC' },
    outcome: 'default deny',
    reason: /btc expects tif GTC, found IOC/,
  },
  {
    what: 'a hair above the notional',
    rules: FULL_RULE,
    facts: { notional: notional('500.00000001', '1') },
    outcome: 'btc: notional',
    reason: /at most 500 USDT, found 500\.00000001/,
  },
  {
    what: 'the notional exactly',
    rules: FULL_RULE,
    facts: { notional: notional('500', '1') },
    outcome: 'allowed by btc',
  },
  {
    what: 'a product of sixteen decimals above the notional',
    rules: FULL_RULE,
    facts: { notional: notional('0.00000001', '0.00000001') + notional('500', '1') },
    outcome: 'btc: notional',
    reason: /found 500\.0000000000000001/,
  },
  {
    what: "the day's sum",
    rules: FULL_RULE,
    facts: { notional: notional('500', '1') },
    before: 1,
    outcome: 'btc: per-day',
    reason: /at most 900 USDT, found 1000, 500 of it signed in the last 24 hours/,
  },
  {
    what: 'the rate',
    rules: FULL_RULE,
    facts: { notional: notional('1', '1') },
    before: 3,
    outcome: 'btc: rate',
    reason: /at most 3\/10s requests, found 3 signed already/,
  },
  {
    what: 'a symbol in another currency under symbol=*',
    rules: 'allow id=all op=order.place symbol=* notional<=500 USDT',
    facts: { symbol: 'ETHBTC' },
    outcome: 'all: notional',
    reason: /limited in USDT, but ETHBTC is not quoted in it/,
  },
  {
    what: 'the currency itself as symbol',
    rules: 'allow id=all op=order.place notional<=500 USDT',
    facts: { symbol: 'USDT' },
    outcome: 'all: notional',
  },
  {
    what: 'the first of two allows, though the second would do',
    rules: `${FULL_RULE}\nallow id=wide op=order.*`,
    facts: { notional: notional('501', '1') },
    outcome: 'btc: notional',
  },
  {
    what: 'the second of two allows where the first is for others',
    rules: `${FULL_RULE}\nallow id=wide op=order.*`,
    facts: { symbol: 'ETHUSDT' },
    outcome: 'allowed by wide',
  },
  {
    what: 'a read without symbol under a rule for a symbol',
    rules: 'allow op=read.* symbol=BTCUSDT',
    facts: READ,
    outcome: 'default deny',
    reason: /expects symbol BTCUSDT, found none/,
  },
  { what: 'a read', rules: 'allow id=r op=read.*', facts: READ, outcome: 'allowed by r' },
  { what: 'an order', rules: FULL_RULE, facts: {}, outcome: 'allowed by btc' },
];

for (const { what, rules, facts, before = 0, outcome, reason } of DECISIONS) {
  test(`[S13] ${what}: ${outcome}`, () => {
    const policy = rules === null ? null : parse(`${HEAD}${rules}\n`);
    const evaluator = new PolicyEvaluator(policy, '/data/policy');
    const request = { ...BUY, ...facts };
    for (let count = 0; count < before; count += 1) {
      assert.ok(evaluator.judge(SUBJECT, [request], () => null, START_MS).ok);
    }
    const verdict = evaluator.judge(SUBJECT, [request], () => null, START_MS);
    assert.equal(verdict.ok ? `allowed by ${verdict.approved.rule}` : verdict.rule, outcome);
    if (reason !== undefined) assert.match(verdict.ok ? '' : verdict.reason, reason);
  });
}

test('[S14] a refused request is not even built', () => {
  const evaluator = new PolicyEvaluator(parse(HEAD), 'policy');
  const verdict = evaluator.judge(SUBJECT, [BUY], () => assert.fail('built'), START_MS);
  assert.equal(verdict.ok, false);
});

test('[S14] sections hold for a name, an identifier, or both in the order of the file', () => {
  const policy = parse(
    'policy/v1\nconnection demo\nallow id=name op=read.*\nconnection c_ABCDEF2\nallow id=id op=*\nconnection other\nallow id=o op=*\n',
  );
  const evaluator = new PolicyEvaluator(policy, 'policy');
  const rule = (subject: PolicySubject, facts: RequestFacts): string => {
    const verdict = evaluator.judge(subject, [facts], () => null, START_MS);
    return verdict.ok ? verdict.approved.rule : verdict.rule;
  };
  assert.equal(rule(SUBJECT, READ), 'name');
  assert.equal(rule(SUBJECT, BUY), 'id');
  assert.equal(rule({ ...SUBJECT, connection: 'c_7777777' }, BUY), 'default deny');
  assert.equal(
    rule({ ...SUBJECT, connection: 'c_7777777', name: 'stranger' }, READ),
    'default deny',
  );
  assert.deepEqual(evaluator.linesFor(SUBJECT), ['allow id=name op=read.*', 'allow id=id op=*']);
});

test('[S14] connections of one policy have counters of their own', () => {
  const evaluator = new PolicyEvaluator(
    parse(
      'policy/v1\nconnection a\nallow id=a op=read.* rate<=1/1h\nconnection b\nallow id=b op=read.* rate<=1/1h\n',
    ),
    'policy',
  );
  for (const name of ['a', 'b']) {
    const subject = { connection: `c_${name.toUpperCase().repeat(7)}`, name, venue: 'demo' };
    assert.equal(evaluator.judge(subject, [READ], () => null, START_MS).ok, true);
    assert.equal(evaluator.judge(subject, [READ], () => null, START_MS).ok, false);
  }
});

test('[S14] a later connection of the same name starts with counters of its own', () => {
  const evaluator = new PolicyEvaluator(
    parse(`${HEAD}allow id=r op=read.* rate<=1/1h\n`),
    'policy',
  );
  for (const connection of ['c_AAAAAAA', 'c_BBBBBBB']) {
    const subject = { ...SUBJECT, connection };
    assert.equal(evaluator.judge(subject, [READ], () => null, START_MS).ok, true);
    assert.equal(evaluator.judge(subject, [READ], () => null, START_MS).ok, false);
  }
});

test('[S15] a request leaves the rate window exactly when the window has passed', () => {
  const window = new RateWindow(2, 10_000);
  window.add(START_MS);
  window.add(START_MS + 1);
  assert.equal(window.hasRoomAt(START_MS + 9_999), false);
  assert.equal(window.hasRoomAt(START_MS + 10_000), true);
  window.add(START_MS + 10_000);
  assert.equal(window.hasRoomAt(START_MS + 10_000), false);
  assert.equal(window.hasRoomAt(START_MS + 10_001), true);
});

test('[S15] an amount counts to the last millisecond of its 24 hours, wherever in a minute it came', () => {
  for (const offset of [0, 1, 30_000, 59_999]) {
    const window = new DayWindow();
    window.add(START_MS + offset, 7n);
    assert.equal(window.sumAt(START_MS + offset + 86_399_999), 7n);
    assert.equal(window.sumAt(START_MS + offset + 86_400_000 + 60_000), 0n);
  }
});

test('[S15] the rate window equals a plain count over the times', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 6 }),
      fc.integer({ min: 1, max: 50 }),
      fc.array(fc.tuple(fc.integer({ min: 0, max: 30 }), fc.boolean()), { maxLength: 60 }),
      (limit, windowMs, steps) => {
        const window = new RateWindow(limit, windowMs);
        const times: number[] = [];
        let now = 0;
        for (const [gap, isTakenBack] of steps) {
          now += gap;
          const inWindow = times.filter((time) => time > now - windowMs).length;
          assert.equal(window.countAt(now), inWindow);
          assert.equal(window.hasRoomAt(now), inWindow < limit);
          if (inWindow >= limit) continue;
          const undo = window.add(now);
          if (isTakenBack) undo();
          else times.push(now);
        }
      },
    ),
    { seed: SEED },
  );
});

test('[S15] the day window never forgets an amount early, and none later than a minute', () => {
  const day = 86_400_000;
  fc.assert(
    fc.property(
      fc.array(
        fc.tuple(
          fc.integer({ min: 0, max: day / 4 }),
          fc.bigInt({ min: 0n, max: 10n ** 30n }),
          fc.boolean(),
        ),
        {
          maxLength: 40,
        },
      ),
      (steps) => {
        const window = new DayWindow();
        const kept: { time: number; amount: bigint }[] = [];
        const sumSince = (since: number): bigint =>
          kept.filter(({ time }) => time > since).reduce((sum, { amount }) => sum + amount, 0n);
        let now = START_MS;
        for (const [gap, amount, isTakenBack] of steps) {
          now += gap;
          const sum = window.sumAt(now);
          assert.ok(sum >= sumSince(now - day), 'nothing is missing');
          assert.ok(sum <= sumSince(now - day - 60_000), 'nothing is too old');
          const undo = window.add(now, amount);
          if (isTakenBack) undo();
          else kept.push({ time: now, amount });
        }
      },
    ),
    { seed: SEED },
  );
});

test('[S15] an amount from before the newest minute still counts', () => {
  const window = new DayWindow();
  window.add(START_MS + 300_000, 1n);
  window.add(START_MS, 2n);
  assert.equal(window.sumAt(START_MS + 300_000), 3n);
  assert.equal(window.sumAt(START_MS + 300_000 + 86_400_000 + 60_000), 0n);
});

test('[S15] amounts are exact and plain', () => {
  assert.equal(parseDecimal('0.1'), 10_000_000n);
  assert.equal(parseDecimal('1e3'), null);
  assert.equal(formatNotional(notional('0.1', '0.2')), '0.02');
  assert.equal(formatNotional(0n), '0');
  assert.equal(formatNotional(toNotional(150_000_000n)), '1.5');
  assert.equal(
    notional('999999999999999.99999999', '999999999999999.99999999'),
    99999999999999999999999n ** 2n,
  );
});

test('[S18] an approval is made by the policy and good for one use', () => {
  const approved = approve({ text: 'x' }, 'rule');
  spend(approved);
  assert.throws(() => spend(approved), /Invariant/);
  const forged = { ...approve({ text: 'x' }, 'rule') };
  assert.throws(() => spend(forged), /Invariant/);
});

/** A line of a policy as a reader without the grammar sees it. */
interface PlainLine {
  readonly effect: 'allow' | 'deny';
  readonly terms: Readonly<Record<string, readonly string[]>>;
  readonly most: number | null;
}

/** Whether the first of `lines` that matches, or a later one, allows: what the file says, read from top to bottom. */
function readPlainly(lines: readonly PlainLine[], asked: Readonly<Record<string, string>>): string {
  const isMeant = ({ terms }: PlainLine): boolean =>
    Object.entries(terms).every(([name, values]) => values.includes(asked[name] ?? ''));
  const read = ([line, ...rest]: readonly PlainLine[], effect: PlainLine['effect']): string => {
    if (line === undefined) return 'nothing';
    if (line.effect !== effect || !isMeant(line)) return read(rest, effect);
    if (effect === 'deny') return 'denied';
    return line.most === null || Number(asked['notional']) <= line.most ? 'allowed' : 'limited';
  };
  const denied = read(lines, 'deny');
  return denied === 'denied' ? denied : read(lines, 'allow');
}

test('[S14] decisions are those of a plain reading of the lines, for any policy and request', () => {
  const some = (values: readonly string[]): fc.Arbitrary<string[] | null> =>
    fc.option(fc.uniqueArray(fc.constantFrom(...values), { minLength: 1 }), { nil: null });
  const scope = fc.record({
    op: fc.oneof(
      { weight: 4, arbitrary: fc.constant(['order.place']) },
      {
        weight: 1,
        arbitrary: fc.uniqueArray(fc.constantFrom('order.place', 'order.cancel', 'read.account'), {
          minLength: 1,
        }),
      },
    ),
    symbol: some(['AUSDT', 'BUSDT']),
    side: some(['BUY', 'SELL']),
    type: some(['LIMIT', 'LIMIT_MAKER']),
    tif: some(['GTC', 'IOC']),
  });
  const line = fc.record({
    effect: fc.constantFrom('allow' as const, 'deny' as const),
    scope,
    most: fc.option(fc.integer({ min: 1, max: 5 }), { nil: null }),
  });
  const request = fc.record({
    op: fc.constantFrom(
      'order.place' as const,
      'order.place' as const,
      'order.cancel' as const,
      'read.account' as const,
    ),
    symbol: fc.constantFrom('AUSDT', 'BUSDT', 'CUSDT'),
    side: fc.constantFrom('BUY' as const, 'SELL' as const),
    type: fc.constantFrom('LIMIT' as const, 'LIMIT_MAKER' as const),
    tif: fc.constantFrom('GTC' as const, 'IOC' as const),
    notional: fc.integer({ min: 1, max: 6 }),
  });
  const outcomes = new Map<string, number>();
  fc.assert(
    fc.property(fc.array(line, { maxLength: 6 }), request, (lines, asked) => {
      const plain = lines.map(({ effect, scope: given, most }): PlainLine => {
        const named = Object.entries(given).flatMap(([name, values]) =>
          values === null ? [] : [[name, values] as const],
        );
        const isLimited = effect === 'allow' && given.op.join() === 'order.place';
        return { effect, terms: Object.fromEntries(named), most: isLimited ? most : null };
      });
      const text = plain.map(({ effect, terms, most }, index) =>
        [
          `${effect} id=r${index}`,
          ...Object.entries(terms).map(([name, values]) => `${name}=${values.join(',')}`),
          ...(most === null ? [] : [`notional<=${most} USDT`]),
        ].join(' '),
      );
      const policy = parse(`${HEAD}${text.join('\n')}\n`);
      const isOrder = asked.op === 'order.place';
      const known: Readonly<Record<string, string>> = isOrder
        ? { ...asked, notional: String(asked.notional) }
        : asked.op === 'order.cancel'
          ? { op: asked.op, symbol: asked.symbol }
          : { op: asked.op };
      const facts: RequestFacts = {
        ...READ,
        operation: asked.op,
        symbol: known['symbol'] ?? null,
        ...(isOrder && {
          ...{ side: asked.side, type: asked.type, timeInForce: asked.tif },
          notional: toNotional(BigInt(asked.notional) * 100_000_000n),
        }),
      };
      const verdict = new PolicyEvaluator(policy, 'policy').judge(
        SUBJECT,
        [facts],
        () => null,
        START_MS,
      );
      const found = verdict.ok
        ? 'allowed'
        : verdict.rule === 'default deny'
          ? 'nothing'
          : verdict.rule.endsWith(': notional')
            ? 'limited'
            : 'denied';
      const expected = readPlainly(plain, known);
      outcomes.set(expected, (outcomes.get(expected) ?? 0) + 1);
      assert.equal(found, expected, text.join('\n'));
    }),
    { seed: SEED, numRuns: 4_000 },
  );
  for (const outcome of ['allowed', 'denied', 'limited', 'nothing']) {
    assert.ok((outcomes.get(outcome) ?? 0) > 50, `${outcome}: ${outcomes.get(outcome) ?? 0}`);
  }
});
