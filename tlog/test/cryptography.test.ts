// SPDX-License-Identifier: Apache-2.0
// Signatures: one rule for Ed25519 in two libraries that differ by themselves, and the vectors of both kinds.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { verifyEd25519 } from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { rawKeyPair } from './keys.ts';
import { nobleCryptography } from './noble-cryptography.ts';
import { readVectors, skipWithout } from './vectors.ts';

const hex = (text: string): Uint8Array => Buffer.from(text, 'hex');
const LIBRARIES = { node: nodeCryptography, noble: nobleCryptography };

/** RFC 8032, section 7.1: tests 1 to 3. */
const RFC_8032 = [
  {
    key: 'd75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a',
    message: '',
    signature:
      'e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46bd25bf5f0595bbe24655141438e7a100b',
  },
  {
    key: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
    message: '72',
    signature:
      '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c387b2eaeb4302aeeb00d291612bb0c00',
  },
  {
    key: 'fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025',
    message: 'af82',
    signature:
      '6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc6594a7c15e9716ed28dc027beceea1ec40a',
  },
];

test('[H4] the signatures of RFC 8032 verify, and with any bit changed do not', () => {
  for (const cryptography of Object.values(LIBRARIES)) {
    for (const { key, message, signature } of RFC_8032) {
      const verify = (bytes: Uint8Array): boolean =>
        verifyEd25519(cryptography, hex(key), hex(message), bytes);
      assert.ok(verify(hex(signature)));
      for (let bit = 0; bit < 512; bit += 31) {
        const changed = Uint8Array.from(hex(signature));
        changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
        assert.ok(!verify(changed), `bit ${bit}`);
      }
      assert.ok(!verify(hex(signature).subarray(0, 63)));
      assert.ok(!verify(Buffer.concat([hex(signature), Buffer.of(0)])));
    }
  }
});

test('[H4] keys and points of low order and points written otherwise are refused by the rule itself', () => {
  /** A library that takes everything: what is refused with it, the rule refuses. */
  const credulous = { ...nodeCryptography, verifyEd25519: () => true };
  const [{ key, signature } = { key: '', signature: '' }] = RFC_8032;
  assert.ok(verifyEd25519(credulous, hex(key), hex(''), hex(signature)));
  const unsound = [
    '0100000000000000000000000000000000000000000000000000000000000000',
    '0100000000000000000000000000000000000000000000000000000000000080',
    '0000000000000000000000000000000000000000000000000000000000000000',
    '0000000000000000000000000000000000000000000000000000000000000080',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05',
    '26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc85',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a',
    'c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa',
    // p itself, p + 1 and the largest of all: y over the prime.
    'edffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'eeffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff7f',
    'ffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff',
  ];
  for (const point of unsound) {
    assert.ok(!verifyEd25519(credulous, hex(point), hex(''), hex(signature)), `key ${point}`);
    const withPoint = hex(point + signature.slice(64));
    assert.ok(!verifyEd25519(credulous, hex(key), hex(''), withPoint), `R ${point}`);
  }
  const order = 'edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010';
  const overOrder = hex(signature.slice(0, 64) + order);
  assert.ok(!verifyEd25519(credulous, hex(key), hex(''), overOrder));
  const belowOrder = hex(signature.slice(0, 64) + order.replace('ed', 'ec'));
  assert.ok(verifyEd25519(credulous, hex(key), hex(''), belowOrder));
});

const CCTV = 'cctv-ed25519vectors.json.gz';
for (const [library, cryptography] of Object.entries(LIBRARIES)) {
  test(
    `[H4] attack 39: all 914 edge cases of Ed25519, ${library}`,
    { skip: skipWithout(CCTV) },
    () => {
      const vectors = readVectors<
        readonly {
          number: number;
          key: string;
          sig: string;
          msg: string;
          flags: string[] | null;
        }[]
      >(CCTV);
      assert.equal(vectors.length, 914);
      const wrong = vectors.filter(({ key, sig, msg, flags }) => {
        // A component of low order may be there as long as it does not show.
        const isSound = (flags ?? []).every((flag) => /^low_order_component_[AR]$/.test(flag));
        return verifyEd25519(cryptography, hex(key), Buffer.from(msg), hex(sig)) !== isSound;
      });
      assert.deepEqual(wrong, []);
    },
  );
}

interface Wycheproof {
  readonly testGroups: readonly {
    readonly publicKey: string | { readonly pk: string };
    readonly privateSeed?: string;
    readonly tests: readonly {
      readonly tcId: number;
      readonly comment: string;
      readonly msg: string;
      readonly sig: string;
      readonly ctx?: string;
      readonly result: 'valid' | 'invalid' | 'acceptable';
    }[];
  }[];
}

const ED25519 = 'wycheproof-ed25519_test.json.gz';
for (const [library, cryptography] of Object.entries(LIBRARIES)) {
  test(
    `[H4] all 151 Wycheproof vectors of Ed25519, ${library}`,
    { skip: skipWithout(ED25519) },
    () => {
      let count = 0;
      for (const { publicKey, tests } of readVectors<Wycheproof>(ED25519).testGroups) {
        const key = hex(typeof publicKey === 'string' ? publicKey : publicKey.pk);
        for (const { tcId, comment, msg, sig, result } of tests) {
          const isValid = verifyEd25519(cryptography, key, hex(msg), hex(sig));
          assert.equal(isValid, result === 'valid', `${tcId}: ${comment}`);
          count += 1;
        }
      }
      assert.equal(count, 151);
    },
  );
}

const ML_DSA = 'wycheproof-mldsa_44_verify_test.json.gz';
test('[H5] all 180 Wycheproof vectors of ML-DSA-44', { skip: skipWithout(ML_DSA) }, () => {
  let count = 0;
  for (const { publicKey, tests } of readVectors<Wycheproof>(ML_DSA).testGroups) {
    assert.ok(typeof publicKey === 'string');
    for (const { tcId, comment, msg, sig, ctx, result } of tests) {
      const isValid = nodeCryptography.verifyMlDsa44(hex(publicKey), hex(msg), hex(sig));
      // A signature made for a context is none without it.
      assert.equal(isValid, result === 'valid' && (ctx ?? '') === '', `${tcId}: ${comment}`);
      count += 1;
    }
  }
  assert.equal(count, 180);
});

const ML_DSA_SEEDS = 'wycheproof-mldsa_44_sign_seed_test.json.gz';
test(
  '[H5] the keys of 86 Wycheproof seeds are those that verify',
  { skip: skipWithout(ML_DSA_SEEDS) },
  () => {
    let count = 0;
    for (const { publicKey, privateSeed = '', tests } of readVectors<Wycheproof>(ML_DSA_SEEDS)
      .testGroups) {
      for (const { msg, sig, ctx, result, comment, tcId } of tests) {
        count += 1;
        if (privateSeed.length !== 64 || typeof publicKey !== 'string') continue;
        const pair = rawKeyPair('ml-dsa-44', hex(privateSeed));
        assert.equal(Buffer.from(pair.publicKey).toString('hex'), publicKey);
        if (result !== 'valid' || msg === undefined || (ctx ?? '') !== '') continue;
        const verify = (bytes: Uint8Array): boolean =>
          nodeCryptography.verifyMlDsa44(pair.publicKey, hex(msg), bytes);
        assert.ok(verify(hex(sig)), `${tcId}: ${comment}`);
        assert.ok(verify(pair.sign(hex(msg))));
      }
    }
    assert.equal(count, 86);
  },
);

test('[H5] ML-DSA-44 verifies what was signed and nothing else', () => {
  const { publicKey, sign } = rawKeyPair('ml-dsa-44', Buffer.alloc(32, 7));
  const message = Buffer.from('a message');
  const signature = Uint8Array.from(sign(message));
  assert.equal(signature.length, 2420);
  assert.ok(nodeCryptography.verifyMlDsa44(publicKey, message, signature));
  assert.ok(!nodeCryptography.verifyMlDsa44(publicKey, Buffer.from('another'), signature));
  assert.ok(!nodeCryptography.verifyMlDsa44(publicKey, message, signature.subarray(1)));
  assert.ok(!nodeCryptography.verifyMlDsa44(publicKey.subarray(1), message, signature));
  signature[100] = (signature[100] ?? 0) ^ 1;
  assert.ok(!nodeCryptography.verifyMlDsa44(publicKey, message, signature));
});
