// SPDX-License-Identifier: Apache-2.0
// Proof files: what they say, to whom, and that no byte of them can be changed.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import {
  parseProofFile,
  parseSignedCheckpoint,
  parseTrustPolicy,
  proveInclusion,
  signCheckpoint,
  toCheckpointText,
  toNote,
  toProofFile,
  toVerifierKey,
  verifyProofFile,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf } from './keys.ts';
import { entriesOf, hasher, logOf } from './log.ts';

const SEED = 20261122;
const NOW = 1_700_000_000n;
const LOG = testSigner('desk.example/log');
const WITNESSES = [1, 2, 3].map((place) =>
  testSigner(
    `witness.example/${place}`,
    place === 3 ? 'ml-dsa-44-cosignature' : 'ed25519-cosignature',
  ),
);
const POLICY = valueOf(
  parseTrustPolicy(
    nodeCryptography,
    Buffer.from(
      [
        `log ${toVerifierKey(LOG.key)}`,
        ...WITNESSES.map(({ key }, place) => `witness w${place} ${toVerifierKey(key)}`),
        'group two 2 w0 w1 w2',
        'quorum two\n',
      ].join('\n'),
    ),
  ),
);
const ENTRIES = entriesOf(300);
const { tiles, tree } = logOf(ENTRIES);
const TEXT = toCheckpointText({ origin: LOG.key.name, extensions: [], ...tree });

function proofFile(
  index: number,
  witnesses: readonly number[],
  { extra, timeSeconds = NOW }: { extra?: Uint8Array; timeSeconds?: bigint } = {},
): Uint8Array {
  const signers = [LOG, ...WITNESSES.filter((_, place) => witnesses.includes(place))];
  const note = toNote({
    text: TEXT,
    signatures: signers.map(({ key, sign }) =>
      valueOf(signCheckpoint(TEXT, key, sign, timeSeconds)),
    ),
  });
  const proof = valueOf(proveInclusion(hasher, tiles, BigInt(index), tree));
  const signed = valueOf(parseSignedCheckpoint(note));
  return toProofFile({ ...proof, extra, signed });
}

const verify = (file: Uint8Array, entry = ENTRIES[7] ?? new Uint8Array(0)): string => {
  const options = { policy: POLICY, nowSeconds: NOW, skewSeconds: 60n };
  const proven = verifyProofFile(nodeCryptography, file, entry, options);
  return proven.ok
    ? `entry ${proven.value.index} of ${proven.value.signed.checkpoint.size}, ${proven.value.cosignatures.length} cosignatures`
    : proven.reason;
};

test('[H31] a proof file proves an entry to who has the policy only', () => {
  assert.equal(verify(proofFile(7, [0, 1])), 'entry 7 of 300, 2 cosignatures');
  assert.equal(verify(proofFile(7, [0, 1, 2])), 'entry 7 of 300, 3 cosignatures');
  assert.match(verify(proofFile(7, [0, 1]), ENTRIES[8]), /another root/);
  assert.match(verify(proofFile(8, [0, 1])), /another root/);
});

test('[H31] without the quorum it proves nothing', () => {
  assert.match(
    verify(proofFile(7, [0])),
    /1 cosignatures of known witnesses do not make the quorum/,
  );
  assert.match(verify(proofFile(7, [])), /do not make the quorum/);
  const future = proofFile(7, [0, 1], { timeSeconds: NOW + 61n });
  assert.match(verify(future), /0 cosignatures/);
});

test('[H31] extra data come along and prove nothing', () => {
  const extra = Buffer.from('context');
  const file = proofFile(7, [0, 1], { extra });
  assert.equal(verify(file), 'entry 7 of 300, 2 cosignatures');
  const parsed = valueOf(parseProofFile(file));
  assert.deepEqual(Buffer.from(parsed.extra ?? []), extra);
  assert.deepEqual(Buffer.from(toProofFile(parsed)), Buffer.from(file));
  assert.equal(valueOf(parseProofFile(proofFile(7, [0]))).extra, undefined);
});

test('[H31] a file with one byte changed proves nothing', () => {
  const file = proofFile(7, [0, 1]);
  fc.assert(
    fc.property(fc.nat(file.length - 1), fc.integer({ min: 1, max: 255 }), (place, change) => {
      const changed = new Uint8Array(file);
      changed[place] = (changed[place] ?? 0) ^ change;
      assert.notEqual(verify(changed), 'entry 7 of 300, 2 cosignatures');
    }),
    { seed: SEED, numRuns: 500 },
  );
});

test('[H31] a file that is malformed is refused', () => {
  const file = Buffer.from(proofFile(7, [0, 1])).toString();
  const hash = file.split('\n')[2] ?? '';
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /empty line/],
    [file.replace('@v1', '@v2'), /first line must be/],
    [file.replaceAll('\n', '\r\n'), /first line|empty line/],
    [file.replace('index 7', 'index 07'), /expected "index NUMBER", found "index 07"/],
    [file.replace('index 7', 'index  7'), /expected "index/],
    [file.replace('index 7\n', ''), /expected "index/],
    [file.replace('index 7', 'extra AA\nindex 7'), /extra data must be base64/],
    [file.replace('index 7', 'extra AAAA\nextra AAAA\nindex 7'), /expected "index/],
    [file.replace('index 7', 'index 7\nextra AAAA'), /hash must be 32 bytes/],
    [file.replace(hash, hash.slice(4)), /hash must be 32 bytes/],
    [file.replace(hash, `${hash}=`), /hash must be 32 bytes/],
    [file.replace(hash, `${hash}\n`.repeat(64).trimEnd()), /at most 64 hashes/],
    [`${file}\n`, /signatures must end|empty line|em dash/],
    [file.slice(0, -1), /newline/],
    [`${'x'.repeat(700_000)}${file}`, /at most/],
  ];
  for (const [text, expected] of wrong) {
    assert.match(reasonOf(parseProofFile(Buffer.from(text))), expected, text.slice(0, 80));
  }
});
