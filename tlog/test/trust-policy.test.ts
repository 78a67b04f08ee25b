// SPDX-License-Identifier: Apache-2.0
// Trust policies: their one reading, and which witnesses make a quorum.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { isQuorumMet, parseTrustPolicy, toVerifierKey } from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf } from './keys.ts';

const SEED = 20261122;
const LOG = testSigner('desk.example/log');
const WITNESSES = Array.from({ length: 40 }, (_, place) =>
  testSigner(`witness.example/${place}`, 'ed25519-cosignature'),
);
const vkey = (place: number): string => toVerifierKey(WITNESSES[place]?.key ?? LOG.key);
const LOG_KEY = toVerifierKey(LOG.key);

const parse = (text: string | Uint8Array): ReturnType<typeof parseTrustPolicy> =>
  parseTrustPolicy(nodeCryptography, typeof text === 'string' ? Buffer.from(text) : text);

/** Whether the witnesses of these places are enough. */
const isMet = (text: string, ...places: readonly number[]): boolean =>
  isQuorumMet(
    valueOf(parse(text)),
    places.map((place) => WITNESSES[place]?.key ?? LOG.key),
  );

const TWO_LEVELS = `
# two operators
log ${LOG_KEY} https://desk.example/log
witness X1 ${vkey(1)}
witness X2\t${vkey(2)}  https://witness.example/
  witness X3 ${vkey(3)}
group X-witnesses 2 X1 X2 X3

witness Y1 ${vkey(4)}
witness Y2 ${vkey(5)}
group Y-witnesses any Y1 Y2
group X-and-Y all X-witnesses Y-witnesses
quorum X-and-Y
`;

test('[H32] a policy is read line by line', () => {
  const policy = valueOf(parse(TWO_LEVELS));
  assert.deepEqual(
    policy.logs.map(({ key, url }) => [key.name, url]),
    [['desk.example/log', 'https://desk.example/log']],
  );
  assert.deepEqual(
    policy.witnesses.map(({ name, url }) => [name, url]),
    [
      ['X1', undefined],
      ['X2', 'https://witness.example/'],
      ['X3', undefined],
      ['Y1', undefined],
      ['Y2', undefined],
    ],
  );
  assert.equal(policy.quorum, 'X-and-Y');
});

test('[H33] a quorum over two levels of groups', () => {
  assert.ok(isMet(TWO_LEVELS, 1, 2, 4));
  assert.ok(isMet(TWO_LEVELS, 1, 2, 3, 4, 5));
  assert.ok(!isMet(TWO_LEVELS, 1, 4, 5));
  assert.ok(!isMet(TWO_LEVELS, 1, 2, 3));
  assert.ok(!isMet(TWO_LEVELS, 1, 1, 1, 4), 'nobody counts twice');
  assert.ok(!isMet(TWO_LEVELS));
});

test('[H33] one witness, or none, can be the quorum', () => {
  assert.ok(isMet(`witness one ${vkey(1)}\nquorum one\n`, 1));
  assert.ok(!isMet(`witness one ${vkey(1)}\nquorum one\n`, 2));
  assert.ok(isMet('quorum none\n'));
  assert.ok(isMet('quorum none'));
});

test('[H33] any number of a group is a count of its different members', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 1, max: 8 }),
      fc.integer({ min: 1, max: 8 }),
      fc.array(fc.nat(9), { maxLength: 12 }),
      (members, needed, cosigners) => {
        const places = Array.from({ length: members }, (_, place) => place);
        const text = [
          ...places.map((place) => `witness w${place} ${vkey(place)}`),
          `group all-of-them ${Math.min(needed, members)} ${places.map((place) => `w${place}`).join(' ')}`,
          'quorum all-of-them\n',
        ].join('\n');
        const count = new Set(cosigners.filter((place) => place < members)).size;
        assert.equal(isMet(text, ...cosigners), count >= Math.min(needed, members));
      },
    ),
    { seed: SEED, numRuns: 50 },
  );
});

test('[H32] more than thirty-two of each are read', () => {
  const logs = Array.from({ length: 33 }, (_, place) =>
    toVerifierKey(testSigner(`log ${place}`.replace(' ', '/')).key),
  );
  const text = [
    ...logs.map((key) => `log ${key}`),
    ...WITNESSES.map((_, place) => `witness w${place} ${vkey(place)}`),
    ...WITNESSES.map((_, place) => `group g${place} all w${place}`),
    'quorum g39\n',
  ].join('\n');
  assert.ok(isMet(text, 39));
  assert.ok(!isMet(text, 38));
});

test('[H32] names are bytes: what looks alike is not the same', () => {
  const text = `witness K ${vkey(1)}\nwitness \u{212a} ${vkey(2)}\nquorum \u{212a}\n`;
  assert.ok(isMet(text, 2));
  assert.ok(!isMet(text, 1));
  const bytes = Buffer.concat([
    Buffer.from('# '),
    Buffer.of(0xff, 0xfe),
    Buffer.from('\nquorum none\n'),
  ]);
  assert.ok(parse(bytes).ok);
});

test('[H32] what is no policy is refused, with its line', () => {
  const one = `witness one ${vkey(1)}\n`;
  const sameKey = testSigner('elsewhere', 'ed25519-cosignature', 'witness.example/1');
  const logAsWitness = testSigner('elsewhere', 'ed25519-cosignature', 'desk.example/log');
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /must have a quorum line/],
    [one, /must have a quorum line/],
    ['quorum none\r\n', /control character/],
    ['# \u007f\nquorum none\n', /control character, byte 2 is one/],
    ['quorum none\nquorum none\n', /line 2: there is a quorum line already/],
    ['quorum\n', /line 1: expected quorum NAME/],
    ['quorum none none\n', /line 1: expected quorum NAME/],
    ['quorum one\n', /line 1: one is not defined above/],
    [`quorum one\n${one}`, /line 1: one is not defined above/],
    ['trust everybody\n', /line 1: expected log, witness, group or quorum, found trust/],
    ['log\n', /expected log KEY/],
    [`log ${LOG_KEY} url more\n`, /expected log KEY/],
    [`log ${LOG_KEY}\nlog ${LOG_KEY}\n`, /line 2: the key [0-9a-f]{8} is here already/],
    [`log ${vkey(1)}\n`, /must be of type ed25519 or ml-dsa-44/],
    [`witness one ${LOG_KEY}\n`, /must be of type ed25519-cosignature or/],
    [`${one}witness two ${vkey(1)}\n`, /line 2: the key [0-9a-f]{8} is here already/],
    [`${one}witness two ${toVerifierKey(sameKey.key)}\n`, /is here already/],
    [`log ${LOG_KEY}\nwitness self ${toVerifierKey(logAsWitness.key)}\n`, /is here already/],
    [`${one}witness one ${vkey(2)}\n`, /line 2: one is defined already/],
    [`witness none ${vkey(1)}\n`, /none is no name/],
    [`${one}group none all one\n`, /none is no name/],
    [`${one}group one all one\n`, /one is defined already/],
    [`${one}group g all\n`, /expected group NAME/],
    [`${one}group g 0 one\n`, /threshold must be all, any or 1 to 1, was 0/],
    [`${one}group g 2 one\n`, /threshold must be/],
    [`${one}group g 01 one\n`, /threshold must be/],
    [`${one}group g most one\n`, /threshold must be/],
    [`${one}group g any one one\n`, /one is a member already/],
    [`${one}group g any one\ngroup h any one g\n`, /line 3: one is a member already/],
    [`${one}group g any g\n`, /g is not defined above/],
    [`${one}group g any none\n`, /none is not defined above/],
    ['witness one bad+key\n', /must read NAME/],
  ];
  for (const [text, expected] of wrong) {
    assert.match(reasonOf(parse(text)), expected, text);
  }
});
