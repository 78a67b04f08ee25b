// SPDX-License-Identifier: Apache-2.0
// Entries: their canonical form, their fields, and what they keep to themselves.

import assert from 'node:assert/strict';
import { createHmac } from 'node:crypto';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  commitTo,
  judgeLogEntry,
  opensCommitment,
  parseCanonicalJson,
  parseEntry,
  successorOrigin,
  toCanonicalJson,
  toEntryBytes,
  type Json,
  type LogEntry,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, valueOf } from './keys.ts';

const SEED = 20261122;
const HASH = 'ab'.repeat(32);

const INTENT: LogEntry = {
  v: 1,
  t: 1_700_000_000_000,
  seq: 12,
  kind: 'intent',
  conn: 'c_7F3K',
  keyver: 1,
  op: 'order.place',
  symbol: 'BTCUSDT',
  decision: 'allow',
  rule: 'btc-grid',
  policy: HASH,
  commit: HASH,
};

test('[H43] fields are sorted by UTF-16 code units, texts escaped as RFC 8785 does', () => {
  const value = {
    '\u20ac': 'Euro Sign',
    '\r': 'Carriage Return',
    '\ufb33': 'Hebrew Letter Dalet With Dagesh',
    '1': 'One',
    '\u{1f600}': 'Smiley',
    '\u0080': 'Control',
    '\u00f6': 'Latin Small Letter O With Diaeresis',
  };
  assert.equal(
    valueOf(toCanonicalJson(value)),
    '{"\\r":"Carriage Return","1":"One","\u0080":"Control","\u00f6":"Latin Small Letter O With Diaeresis","\u20ac":"Euro Sign","\u{1f600}":"Smiley","\ufb33":"Hebrew Letter Dalet With Dagesh"}',
  );
  assert.equal(
    valueOf(toCanonicalJson('\u20ac$\u000f\nA\'B"\\\\"/')),
    '"\u20ac$\\u000f\\nA\'B\\"\\\\\\\\\\"/"',
  );
  assert.equal(
    valueOf(toCanonicalJson({ b: [true, null, -1], 10: 0, 9: {} })),
    '{"10":0,"9":{},"b":[true,null,-1]}',
  );
});

test('[H43] what is written is read back, and only what is written is read', () => {
  const json: fc.Arbitrary<Json> = fc.letrec<{ value: Json }>((tie) => ({
    value: fc.oneof(
      { depthSize: 'small', maxDepth: 6 },
      fc.constant(null),
      fc.boolean(),
      fc.maxSafeInteger(),
      fc.string({ unit: 'grapheme' }),
      fc.array(tie('value'), { maxLength: 4 }),
      fc.dictionary(fc.string({ unit: 'grapheme' }), tie('value'), {
        maxKeys: 4,
        noNullPrototype: true,
      }),
    ),
  })).value;
  fc.assert(
    fc.property(json, (value) => {
      const text = valueOf(toCanonicalJson(value));
      assert.equal(valueOf(toCanonicalJson(valueOf(parseCanonicalJson(text)))), text);
      assert.ok(!parseCanonicalJson(` ${text}`).ok);
      assert.ok(!parseCanonicalJson(`${text}\n`).ok);
    }),
    { seed: SEED },
  );
});

test('[H43] numbers that are not whole, halves of characters and bottomless values are refused', () => {
  for (const value of [0.1, Number.NaN, Infinity, -0, 2 ** 53, '\u{d800}', { '\u{dfff}': 1 }]) {
    assert.ok(!toCanonicalJson(value).ok, String(value));
  }
  let deep: Json = 1;
  for (let depth = 0; depth < 9; depth += 1) deep = [deep];
  assert.match(reasonOf(toCanonicalJson(deep)), /nested at most 8 deep/);
  const wrong = [
    '',
    '{',
    '{"a":1,"a":2}',
    '{"b":1,"a":2}',
    '1.0',
    '1e3',
    '-0',
    '0.5',
    '"\\u0041"',
    '"\\/"',
    '[1, 2]',
    '99999999999999999999',
  ];
  for (const text of wrong) assert.ok(!parseCanonicalJson(text).ok, text);
});

test('[H44] an entry is its canonical bytes, and nothing else is', () => {
  const bytes = valueOf(toEntryBytes(INTENT));
  assert.equal(
    Buffer.from(bytes).toString(),
    `{"commit":"${HASH}","conn":"c_7F3K","decision":"allow","keyver":1,"kind":"intent","op":"order.place","policy":"${HASH}","rule":"btc-grid","seq":12,"symbol":"BTCUSDT","t":1700000000000,"v":1}`,
  );
  assert.deepEqual(valueOf(parseEntry(bytes)), INTENT);
  assert.ok(!parseEntry(Buffer.concat([bytes, Buffer.from(' ')])).ok);
  assert.ok(!parseEntry(Buffer.of(0xff)).ok);
  assert.match(reasonOf(parseEntry(Buffer.from('[]'))), /must be a JSON object/);
  assert.match(reasonOf(parseEntry(Buffer.from('null'))), /must be a JSON object/);
  const long = { ...INTENT, remark: 'x'.repeat(4000) };
  assert.match(reasonOf(toEntryBytes(long)), /at most 4096 bytes, had 4\d\d\d/);
  assert.match(reasonOf(parseEntry(Buffer.alloc(4097, '1'))), /at most 4096 bytes/);
});

test('[H45] each field is what it must be, and each kind has its own', () => {
  const wrong: readonly (readonly [Record<string, Json>, RegExp])[] = [
    [{ v: 2 }, /v must be 1/],
    [{ t: -1 }, /t must be a whole number from 0/],
    [{ t: '1' }, /t must be/],
    [{ seq: 1.5 }, /must be whole|number/],
    [{ kind: 'gossip' }, /kind must be a kind of entry/],
    [{ kind: 'toString' }, /kind must be/],
    [{ conn: '' }, /conn must be 1 to 64/],
    [{ conn: 'a b' }, /conn must be/],
    [{ decision: 'ALLOW' }, /decision must be allow, deny or hold/],
    [{ rule: 'two\nlines' }, /rule must be 1 to 200 printable/],
    [{ policy: HASH.toUpperCase() }, /policy must be 32 bytes in lower-case/],
    [{ commit: HASH.slice(2) }, /commit must be 32 bytes/],
    [{ kind: 'signed' }, /of kind signed must have intent/],
    [{ kind: 'note' }, /of kind note must have note/],
    [{ kind: 'note', note: 'two\nlines' }, /note must be 1 to 200 printable/],
    [{ kind: 'fork.notice' }, /of kind fork\.notice must have origin/],
  ];
  for (const [change, expected] of wrong) {
    const entry = { ...INTENT, ...change } as unknown as LogEntry;
    assert.match(reasonOf(toEntryBytes(entry)), expected, JSON.stringify(change));
  }
  for (const name of ['v', 't', 'seq', 'kind', 'conn', 'keyver', 'op', 'policy', 'commit']) {
    const entry = Object.fromEntries(Object.entries(INTENT).filter(([field]) => field !== name));
    assert.match(reasonOf(toEntryBytes(entry as unknown as LogEntry)), new RegExp(name));
  }
  const base = { v: 1, t: 0, seq: 0 } as const;
  assert.ok(toEntryBytes({ ...base, kind: 'heartbeat' }).ok);
  assert.ok(
    toEntryBytes({ ...base, kind: 'signed', conn: 'c', keyver: 1, intent: 3, signature: HASH }).ok,
  );
  assert.ok(toEntryBytes({ ...base, kind: 'refused', decision: 'deny', rule: 'default' }).ok);
});

test('[H22] an entry that stands elsewhere than it says is judged', () => {
  const bytes = valueOf(toEntryBytes(INTENT));
  assert.equal(judgeLogEntry(bytes, 12n), undefined);
  assert.equal(judgeLogEntry(bytes, 13n), 'seq must be 13, was 12');
});

test('[H46] a commitment is HMAC-SHA-256 of the canonical bytes under the nonce', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 32, maxLength: 32 }), fc.string(), (nonce, price) => {
      const value = { price, quantity: '1.5' };
      const expected = createHmac('sha256', nonce)
        .update(`{"price":${JSON.stringify(price)},"quantity":"1.5"}`)
        .digest('hex');
      assert.equal(valueOf(commitTo(nodeCryptography, nonce, value)), expected);
      assert.ok(opensCommitment(nodeCryptography, expected, { nonce, value }));
    }),
    { seed: SEED },
  );
});

test('[H46] only the right nonce and value open a commitment; trying every price does not', () => {
  const nonce = Buffer.alloc(32, 9);
  const commit = valueOf(commitTo(nodeCryptography, nonce, { price: '30000.00' }));
  const opens = (key: Uint8Array, price: string): boolean =>
    opensCommitment(nodeCryptography, commit, { nonce: key, value: { price } });
  assert.ok(opens(nonce, '30000.00'));
  assert.ok(!opens(nonce, '30000.0'));
  assert.ok(!opens(Buffer.alloc(32, 8), '30000.00'));
  // The whole grid around the price, by who does not have the nonce.
  for (const guess of [Buffer.alloc(32), Buffer.alloc(32, 255)]) {
    for (let cents = 2_990_000; cents <= 3_010_000; cents += 1) {
      assert.ok(!opens(guess, (cents / 100).toFixed(2)));
    }
  }
  assert.match(reasonOf(commitTo(nodeCryptography, nonce.subarray(1), 1)), /32 bytes, had 31/);
  assert.ok(!opensCommitment(nodeCryptography, 'zz', { nonce, value: 1 }));
  assert.ok(!opensCommitment(nodeCryptography, '', { nonce, value: 1 }));
});

test('[H47] a log whose history was lost goes on under the next name', () => {
  assert.equal(successorOrigin('desk.example/log'), 'desk.example/log/2');
  assert.equal(successorOrigin('desk.example/log/2'), 'desk.example/log/3');
  assert.equal(successorOrigin('desk.example/log/9'), 'desk.example/log/10');
  assert.equal(successorOrigin('desk.example/log/02'), 'desk.example/log/02/2');
});
