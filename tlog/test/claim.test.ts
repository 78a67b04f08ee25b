// SPDX-License-Identifier: Apache-2.0
// Claims against the log: a table of what may be said, and what may not.

import assert from 'node:assert/strict';
import { createHash } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  checkOpening,
  claimedTime,
  claimFault,
  claimSentence,
  commitTo,
  judgeOrderClaim,
  parseEntry,
  parseProofExtra,
  proveInclusion,
  toEntryBytes,
  toProofExtra,
  verifyInclusion,
  type ClaimVerdict,
  type JsonObject,
  type LogEntry,
  type LogScope,
  type OrderClaim,
  type ReadEntry,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, valueOf } from './keys.ts';
import { hasher, logOf } from './log.ts';

const SEED = 20261123;
const DAY = Date.UTC(2026, 10, 23);
const at = (text: string): number => Date.parse(`2026-11-23T${text}Z`);

function nonceOf(seq: number): Uint8Array {
  return createHash('sha256').update(`nonce ${seq}`).digest();
}

function order(seq: number, time: number, fields: JsonObject): ReadEntry {
  const commit = valueOf(commitTo(nodeCryptography, nonceOf(seq), fields));
  const entry: LogEntry = {
    v: 1,
    t: time,
    seq,
    kind: 'intent',
    conn: 'c_1',
    keyver: 1,
    op: 'order.place',
    decision: 'allow',
    policy: '0'.repeat(64),
    commit,
  };
  return { entry, fields };
}

const BTC = {
  clientOrderId: 'k1ab-7-3',
  sentAs: 'k1ab-7-3_0123abcv',
  tag: 1,
  price: '64250.10',
  quantity: '0.5',
  side: 'BUY',
  symbol: 'BTCUSDT',
};
const ETH = {
  clientOrderId: 'k1ab-7-4',
  price: '3000',
  quantity: '2',
  side: 'SELL',
  symbol: 'ETHUSDT',
};
const ENTRIES: readonly ReadEntry[] = [
  { entry: { v: 1, t: at('09:00:00'), seq: 0, kind: 'unlock' }, fields: undefined },
  order(1, at('09:30:15'), BTC),
  {
    entry: { v: 1, t: at('09:31:00'), seq: 2, kind: 'refused', decision: 'deny', rule: 'band' },
    fields: undefined,
  },
  order(3, at('10:00:00'), ETH),
];
const SEALED = ENTRIES.map(({ entry }) => ({ entry, fields: undefined }));
const SCOPE: LogScope = { size: 4n, firstTime: at('09:00:00'), lastTime: at('10:00:00') };

function claim(
  text: string | undefined,
  orderId: string | undefined,
  fields: OrderClaim['fields'] = {},
): OrderClaim {
  return {
    time: text === undefined ? undefined : valueOf(claimedTime(text, 2_000)),
    orderId,
    fields,
  };
}

const TABLE: readonly (readonly [string, OrderClaim, RegExp])[] = [
  [
    'the order as it was',
    claim('2026-11-23 09:30', 'k1ab-7-3', { symbol: 'BTCUSDT', price: '64250.1' }),
    /^MATCHES entry 1$/,
  ],
  ['as the exchange names it', claim(undefined, 'k1ab-7-3_0123abcv'), /^MATCHES entry 1$/],
  [
    'an ID with something else behind it',
    claim(undefined, 'k1ab-7-3_0123abcz'),
    /^NO MATCH among 2 entries/,
  ],
  [
    'the desk’s ID with another tag',
    claim(undefined, 'k1ab-7-3_1123abcv'),
    /^CONTRADICTS entry 1: the same order, with another tag$/,
  ],
  [
    'another tag and another price',
    claim(undefined, 'k1ab-7-3_1123abcv', { price: '1' }),
    /^CONTRADICTS entry 1: the same order, with another price, tag$/,
  ],
  [
    'a tag behind an ID of before there were tags',
    claim(undefined, 'k1ab-7-4_0123abcv'),
    /^CONTRADICTS entry 3: the same order, with another tag$/,
  ],
  ['an ID that only begins like it', claim(undefined, 'k1ab-7-33'), /^NO MATCH among 2 entries/],
  [
    'another price',
    claim(undefined, 'k1ab-7-3', { price: '14250.1' }),
    /^CONTRADICTS entry 1: the same order, with another price$/,
  ],
  [
    'another time and side',
    claim('2026-11-23 10:00', 'k1ab-7-3', { side: 'sell' }),
    /^CONTRADICTS entry 1: the same order, with another side, time$/,
  ],
  [
    'an unknown ID',
    claim('2026-11-23 09:30', 'zz-1'),
    /^NO MATCH among 2 entries of the kinds intent between the checkpoints of 0 and 4 entries$/,
  ],
  [
    'no ID, enough else',
    claim('2026-11-23 10:00', undefined, { symbol: 'ethusdt', side: 'sell' }),
    /^MATCHES entry 3$/,
  ],
  [
    'no ID, something else wrong',
    claim('2026-11-23 10:00', undefined, { symbol: 'ETHUSDT', side: 'BUY' }),
    /^NO MATCH among 1 entry/,
  ],
  [
    'too little',
    claim('2026-11-23 10:00', undefined, { symbol: 'ETHUSDT' }),
    /^CANNOT TELL: a claim without an order ID must name at least 2/,
  ],
  [
    'no time',
    claim(undefined, undefined, { symbol: 'ETHUSDT', side: 'BUY' }),
    /^CANNOT TELL: .*must say when/,
  ],
  [
    'a minute in which nothing happened',
    claim('2026-11-23 09:45', undefined),
    /^NO MATCH among 0 entries/,
  ],
  ['before the log', claim('2026-11-22', 'k1ab-7-3'), /^OUT OF SCOPE: the log had not begun/],
  [
    'after the last checkpoint',
    claim('2026-11-24 09:00', 'k1ab-7-3'),
    /^OUT OF SCOPE: no checkpoint reaches/,
  ],
];

for (const [title, made, expected] of TABLE) {
  test(`[H49] a claim: ${title}`, () => {
    assert.match(claimSentence(judgeOrderClaim(made, ENTRIES, SCOPE)), expected);
  });
}

test('[H49] attack 40: a plausible order that is not in the log is NO MATCH with its range, whatever it looks like', () => {
  const verdict = judgeOrderClaim(
    claim('2026-11-23 09:30:15', 'k1ab-7-9', { symbol: 'BTCUSDT', side: 'BUY', price: '64250.10' }),
    ENTRIES,
    SCOPE,
  );
  assert.deepEqual(verdict, {
    kind: 'noMatch',
    entries: 2,
    kinds: ['intent'],
    fromSize: 0n,
    toSize: 4n,
  });
});

test('[H49] no verdict calls a claim forged or genuine', () => {
  const verdicts = fc.record({
    id: fc.option(fc.constantFrom('k1ab-7-3', 'k1ab-7-4', 'other'), { nil: undefined }),
    time: fc.option(fc.constantFrom('2026-11-23 09:30', '2026-11-23', '2025-01-01'), {
      nil: undefined,
    }),
    price: fc.option(fc.constantFrom('64250.10', '1'), { nil: undefined }),
    isSealed: fc.boolean(),
  });
  fc.assert(
    fc.property(verdicts, ({ id, time, price, isSealed }) => {
      const fields = price === undefined ? {} : { price };
      const verdict = judgeOrderClaim(claim(time, id, fields), isSealed ? SEALED : ENTRIES, SCOPE);
      assert.doesNotMatch(claimSentence(verdict), /forg|fake|genuine|authentic|false/i);
      if (isSealed) assert.notEqual(verdict.kind, 'matches');
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('[H49] attack 43: what is sealed is not told, but that it is there, when and of which kind', () => {
  const verdict = judgeOrderClaim(claim('2026-11-23 09:30', 'k1ab-7-3'), SEALED, SCOPE);
  assert.match(
    claimSentence(verdict),
    /^CANNOT TELL: 2 of 2 entries that could be meant are sealed/,
  );
  const bytes = SEALED.map(({ entry }) => valueOf(toEntryBytes(entry)));
  const { tiles, tree } = logOf(bytes);
  const { index, leaf, proof } = valueOf(proveInclusion(hasher, tiles, 1n, tree));
  assert.ok(verifyInclusion(hasher, { index, leaf, proof, ...tree }).ok);
  const shown = valueOf(parseEntry(bytes[1] ?? Buffer.alloc(0)));
  assert.deepEqual([shown.kind, shown.t, shown['conn']], ['intent', at('09:30:15'), 'c_1']);
});

test('[H46] attack 42: the whole price grid opens no commitment without its nonce', () => {
  const [, sealed] = ENTRIES;
  const commit = sealed?.entry['commit'];
  const grid = Array.from({ length: 20_000 }, (_, step) =>
    ((6_425_010 - 10_000 + step) / 100).toFixed(2),
  );
  assert.ok(grid.includes('64250.10'), 'the right price is among those that are tried');
  const nonces = [Buffer.alloc(32), Buffer.alloc(32, 1), nonceOf(2), nonceOf(3)];
  for (const nonce of nonces) {
    for (const price of grid) {
      const found = commitTo(nodeCryptography, nonce, { ...BTC, price });
      assert.ok(found.ok && found.value !== commit, `opened at ${price}`);
    }
  }
  assert.equal(valueOf(commitTo(nodeCryptography, nonceOf(1), BTC)), commit);
});

test('[H50] a proof’s extra data show the entry and what opens it, and a changed opening is refused', () => {
  const [, sealed] = ENTRIES;
  assert.ok(sealed !== undefined);
  const entry = valueOf(toEntryBytes(sealed.entry));
  const opening = { nonce: nonceOf(1), fields: BTC };
  const bytes = valueOf(toProofExtra({ entry, opening, stamp: undefined }));
  const read = valueOf(parseProofExtra(bytes));
  assert.deepEqual(read.opening?.fields, BTC);
  assert.equal(valueOf(checkOpening(nodeCryptography, read)).seq, 1);
  const lie = { entry, opening: { ...opening, fields: { ...BTC, price: '1' } } };
  assert.match(reasonOf(checkOpening(nodeCryptography, lie)), /not what the entry committed to/);
  const bare = valueOf(
    parseProofExtra(valueOf(toProofExtra({ entry, opening: undefined, stamp: undefined }))),
  );
  assert.equal(bare.opening, undefined);
  assert.ok(checkOpening(nodeCryptography, bare).ok);
  for (const wrong of [
    '',
    '{}',
    '{"entry":1}',
    '{"entry":"a","nonce":"AA=="}',
    '{"entry":"a","fields":[],"nonce":"AA=="}',
  ]) {
    assert.ok(!parseProofExtra(Buffer.from(wrong)).ok, wrong);
  }
});

test('[H49] of an entry that does not say under which tag its order was sent nothing is said of a tag', () => {
  const { sentAs: _, ...fields } = BTC;
  const entries = [order(0, at('09:30:15'), fields)];
  const scope = { size: 1n, firstTime: at('09:00:00'), lastTime: at('10:00:00') };
  const said = (id: string, more: OrderClaim['fields'] = {}): string =>
    claimSentence(judgeOrderClaim(claim(undefined, id, more), entries, scope));
  assert.equal(
    said('k1ab-7-3_0123abcv'),
    'CANNOT TELL: entry 0 is the order k1ab-7-3, and does not say with which tag it was sent; ask by the ID without its tag',
  );
  assert.equal(said('k1ab-7-3'), 'MATCHES entry 0');
  assert.match(said('k1ab-7-3_0123abcv', { price: '1' }), /^CONTRADICTS entry 0: .* price$/);
});

test('[H49] a time is as exact as it is written, in UTC, and exists', () => {
  const cases: readonly (readonly [string, number, number])[] = [
    ['2026-11-23', DAY, 86_400_000],
    ['2026-11-23 09:30', at('09:30:00'), 60_000],
    ['2026-11-23T09:30:15Z', at('09:30:15'), 1000],
    ['2026-11-23 09:30:15.250 UTC', at('09:30:15.250'), 1],
    ['2024-02-29', Date.UTC(2024, 1, 29), 86_400_000],
  ];
  for (const [text, from, length] of cases) {
    assert.deepEqual(valueOf(claimedTime(text, 0)), { from, to: from + length - 1 });
  }
  for (const wrong of [
    '',
    'yesterday',
    '2026-02-29',
    '2026-13-01',
    '2026-11-23 24:00',
    '23.11.2026',
  ]) {
    assert.ok(!claimedTime(wrong, 0).ok, wrong);
  }
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 4_102_444_800_000 }), (ms) => {
      const text = new Date(ms).toISOString();
      assert.deepEqual(valueOf(claimedTime(text, 5)), { from: ms - 5, to: ms + 5 });
    }),
    { seed: SEED, numRuns: 300 },
  );
});

test('[H49] an empty log is no scope, and an order ID is enough of a claim', () => {
  const empty: LogScope = { size: 0n, firstTime: undefined, lastTime: undefined };
  const verdict: ClaimVerdict = judgeOrderClaim(claim(undefined, 'k1ab-7-3'), [], empty);
  assert.equal(verdict.kind, 'outOfScope');
  assert.equal(claimFault(claim(undefined, 'k1ab-7-3')), undefined);
});
