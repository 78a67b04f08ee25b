// SPDX-License-Identifier: Apache-2.0
// The vectors of others, through the cryptography that the signer uses and in the ways it uses it.

import { strict as assert } from 'node:assert';
import {
  argon2Sync,
  createCipheriv,
  createDecipheriv,
  createHmac,
  createPrivateKey,
  createPublicKey,
  diffieHellman,
  hkdfSync,
  verify,
} from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test, type TestContext } from 'node:test';
import { gunzipSync } from 'node:zlib';

const FOLDER = new URL('../../../shared/data/vectors/', import.meta.url);
const ARGON2_ANSWER = '0d640df58d78766c08c037a34a8b53c9d01ef0452d75b65eb52520e96b01e659';
const TAG_BYTES = 16;
/** OpenSSL takes no longer ones; the vault's have 12 bytes. */
const IV_BITS_MAX = 1_024;

type Vector = Readonly<Record<string, string>> & { readonly tcId: number };
type Group = Readonly<Record<string, string>> & { readonly tests: readonly Vector[] };

const hex = (text: string | undefined): Buffer => Buffer.from(text ?? '', 'hex');

/** Runs every vector of a file; `judge` says whether ours accepts it. */
function vectors(
  rule: string,
  { name, count }: { readonly name: string; readonly count: number },
  judge: (vector: Vector, group: Group) => boolean,
): void {
  const file = new URL(`wycheproof-${name}.json.gz`, FOLDER);
  const skip = existsSync(file) ? false : `the vectors ${name} are not here`;
  test(`[${rule}] all ${count} Wycheproof vectors of ${name}`, { skip }, (t: TestContext) => {
    const { testGroups } = JSON.parse(gunzipSync(readFileSync(file)).toString('utf8'));
    let seen = 0;
    const wrong: string[] = [];
    for (const group of testGroups) {
      for (const vector of group.tests) {
        seen += 1;
        const isAccepted = judge(vector, group);
        const isRight =
          vector.result === 'acceptable' || isAccepted === (vector.result === 'valid');
        if (!isRight)
          wrong.push(`${vector.tcId} ${vector.comment} ${JSON.stringify(vector.flags)}`);
      }
    }
    assert.deepEqual(wrong, []);
    assert.equal(seen, count);
    t.diagnostic(`${name}: ${seen} vectors`);
  });
}

vectors('S85', { name: 'hmac_sha256_test', count: 174 }, ({ key, msg, tag }, { tagSize }) => {
  const made = createHmac('sha256', hex(key)).update(hex(msg)).digest();
  return made.subarray(0, Number(tagSize) / 8).equals(hex(tag));
});

vectors('S85', { name: 'hkdf_sha256_test', count: 86 }, ({ ikm, salt, info, size, okm }) => {
  try {
    const made = Buffer.from(hkdfSync('sha256', hex(ikm), hex(salt), hex(info), Number(size)));
    return made.equals(hex(okm));
  } catch {
    return false;
  }
});

vectors('S85', { name: 'aes_gcm_test', count: 316 }, ({ key, iv, aad, msg, ct, tag }, group) => {
  if (Number(group['ivSize']) > IV_BITS_MAX) return isRefusedIv(hex(key), hex(iv));
  const name = `aes-${Number(group['keySize'])}-gcm` as 'aes-256-gcm';
  try {
    const cipher = createCipheriv(name, hex(key), hex(iv), { authTagLength: TAG_BYTES });
    cipher.setAAD(hex(aad));
    const sealed = Buffer.concat([cipher.update(hex(msg)), cipher.final()]);
    const decipher = createDecipheriv(name, hex(key), hex(iv), { authTagLength: TAG_BYTES });
    decipher.setAAD(hex(aad));
    decipher.setAuthTag(hex(tag));
    const opened = Buffer.concat([decipher.update(hex(ct)), decipher.final()]);
    return (
      opened.equals(hex(msg)) && sealed.equals(hex(ct)) && cipher.getAuthTag().equals(hex(tag))
    );
  } catch {
    return false;
  }
});

function isRefusedIv(key: Buffer, iv: Buffer): boolean {
  assert.throws(() => createCipheriv('aes-256-gcm', key, iv), /initialization vector/);
  return true;
}

vectors('S85', { name: 'rsa_signature_2048_sha256_test', count: 259 }, ({ msg, sig }, group) =>
  verify('sha256', hex(msg), group['publicKeyPem'] ?? '', hex(sig)),
);

vectors('S85', { name: 'x25519_test', count: 518 }, (vector) => {
  const { public: peer, private: own, shared } = vector;
  try {
    const made = diffieHellman({
      publicKey: createPublicKey({
        key: Buffer.concat([hex('302a300506032b656e032100'), hex(peer)]),
        format: 'der',
        type: 'spki',
      }),
      privateKey: createPrivateKey({
        key: Buffer.concat([hex('302e020100300506032b656e04220420'), hex(own)]),
        format: 'der',
        type: 'pkcs8',
      }),
    });
    return made.equals(hex(shared));
  } catch {
    return false;
  }
});

test('[S85] Argon2id gives the answer of RFC 9106, section 5.3', () => {
  const made = argon2Sync('argon2id', {
    message: Buffer.alloc(32, 1),
    nonce: Buffer.alloc(16, 2),
    secret: Buffer.alloc(8, 3),
    associatedData: Buffer.alloc(12, 4),
    memory: 32,
    passes: 3,
    parallelism: 4,
    tagLength: 32,
  });
  assert.equal(made.toString('hex'), ARGON2_ANSWER);
});
