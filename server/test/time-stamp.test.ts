// SPDX-License-Identifier: Apache-2.0
// Time stamps of RFC 3161: what a right answer says, and that no wrong one is taken.

import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { createHash, randomBytes, X509Certificate } from 'node:crypto';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  parseCertificates,
  toTimeStampRequest,
  verifyTimeStamp,
  type TimeStamp,
} from '../src/witness/time-stamp.ts';
import {
  authorityChain,
  CHANGED,
  certificateOf,
  pemOf,
  REJECTED,
  stampOf,
  type CertificateOptions,
  type Holder,
  type Wrong,
} from './time-authority.ts';

const DOCUMENT = Buffer.from('what was there\n');
const DIGEST = createHash('sha256').update(DOCUMENT).digest();
const NONCE = Uint8Array.of(0x5a, 1, 2, 3, 4, 5, 6, 7);
const REQUEST = toTimeStampRequest(DIGEST, NONCE);
/** Each costs a verification. */
const FLIP_EVERY = 11;
const NOON = new Date(Math.floor(Date.now() / 1000) * 1000);

const CHAIN = authorityChain();
const STRANGER = authorityChain();

function judged(
  answer: Uint8Array,
  trusted: readonly Holder[] = [CHAIN.root],
): ReturnType<typeof verifyTimeStamp> {
  const certificates = parseCertificates(trusted.map(pemOf).join(''));
  assert(certificates.ok);
  return verifyTimeStamp(answer, { digest: DIGEST, nonce: NONCE, trusted: certificates.value });
}

function taken(result: ReturnType<typeof verifyTimeStamp>): TimeStamp {
  assert(result.ok, result.ok ? '' : result.reason);
  return result.value;
}

function refused(result: ReturnType<typeof verifyTimeStamp>, reason: RegExp): void {
  assert(!result.ok, 'expected a refusal');
  assert.match(result.reason, reason);
}

test('[Y160] a right answer of an authority gives its time, at the latest it may mean, and its name', async () => {
  const exact = taken(judged(stampOf(REQUEST, CHAIN.authority, { at: NOON })));
  assert.equal(exact.at, NOON.getTime());
  assert.equal(exact.authority, 'Test Time Authority');
  const rough = stampOf(REQUEST, CHAIN.authority, { at: NOON, accuracySeconds: 3 });
  assert.equal(taken(judged(rough)).at, NOON.getTime() + 3_000);
  for (const wrong of [{ attribute: 'first' }, { status: CHANGED }] satisfies Wrong[]) {
    taken(judged(stampOf(REQUEST, CHAIN.authority, wrong)));
  }
  // One that is trusted by itself, and one below another authority.
  taken(judged(stampOf(REQUEST, CHAIN.authority), [CHAIN.authority]));
  const between = certificateOf('Between', CHAIN.root, { isAuthority: true, pathLength: 0 });
  const below = certificateOf('Below', between, { purposes: ['1.3.6.1.5.5.7.3.8'] });
  taken(judged(stampOf(REQUEST, below, { certificates: [below, between] })));
  refused(judged(stampOf(REQUEST, below, { certificates: [below] })), /not issued by one/);
});

const WRONGS: readonly (readonly [string, Wrong, RegExp])[] = [
  [
    'a refusal',
    { status: REJECTED, statusWords: 'bad\u001b[2J day' },
    /refused: rejection: bad \[2J day$/,
  ],
  ['no token', { hasToken: false }, /no signed token/],
  ['another hash', { digest: new Uint8Array(32) }, /about other bytes/],
  ['another nonce', { nonce: 7n }, /nonce/],
  ['no nonce', { nonce: null }, /nonce/],
  ['another content', { contentType: '1.2.840.113549.1.7.1' }, /no time stamp/],
  ['a signature about other content', { signedType: '1.2.840.113549.1.7.1' }, /something else/],
  ['the digest of another stamp', { digestOf: Buffer.from('other') }, /another time stamp/],
  ['no certificate that is named', { attribute: 'none' }, /one attribute/],
  ['another certificate named', { named: STRANGER.authority }, /is not there/],
  [
    'another certificate named and sent',
    { named: STRANGER.authority, certificates: [CHAIN.authority, STRANGER.authority] },
    /two signers/,
  ],
  ['no certificate', { certificates: [] }, /is not there/],
  ['a broken signature', { isSignatureBroken: true }, /signature is wrong/],
  ['two signatures', { signers: 2 }, /one signature/],
  ['no signature', { signers: 0 }, /one signature/],
  ['a critical extension', { criticalExtension: true }, /critical extension/],
  ['an accuracy of days', { accuracySeconds: 90_000 }, /more than a day/],
];

test('[Y160] an answer that is wrong in one thing alone is refused for that thing', async (t) => {
  for (const [name, wrong, reason] of WRONGS) {
    await t.test(name, async () => {
      refused(judged(stampOf(REQUEST, CHAIN.authority, wrong)), reason);
    });
  }
});

const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const CERTIFICATES: readonly (readonly [string, CertificateOptions, RegExp])[] = [
  ['for no purpose', { purposes: [] }, /time stamping alone/],
  ['for another purpose', { purposes: ['1.3.6.1.5.5.7.3.1'] }, /time stamping alone/],
  ['for two purposes', { purposes: [TIME_STAMPING, '1.3.6.1.5.5.7.3.1'] }, /time stamping alone/],
  ['whose purpose is a remark', { isPurposeCritical: false }, /time stamping alone/],
  ['that may not sign', { keyUsage: 0x20 }, /may not sign/],
  [
    'that had run out',
    { from: new Date(NOON.getTime() - 9e9), to: new Date(NOON.getTime() - 1e9) },
    /was not valid then/,
  ],
  ['that is not valid yet', { from: new Date(NOON.getTime() + 1e9) }, /was not valid then/],
  ['with a critical extension', { strange: true }, /critical extension/],
];

test('[Y161] a certificate that is not one for time stamps at that time is refused', async (t) => {
  for (const [name, options, reason] of CERTIFICATES) {
    await t.test(name, async () => {
      const { root, authority } = authorityChain(options);
      refused(judged(stampOf(REQUEST, authority, { at: NOON }), [root]), reason);
    });
  }
});

test('[Y161] only who is trusted, or was issued by one who may issue, is an authority', async () => {
  refused(judged(stampOf(REQUEST, STRANGER.authority)), /not issued by one that is trusted/);
  // The stranger's root comes along and stays a stranger.
  const both = { certificates: [STRANGER.authority, STRANGER.root] };
  refused(judged(stampOf(REQUEST, STRANGER.authority, both)), /not issued by one/);
  const purposes = [TIME_STAMPING];
  const notAuthority = certificateOf('Nobody', CHAIN.root, {});
  const below = certificateOf('Below', notAuthority, { purposes });
  const chain = { certificates: [below, notAuthority] };
  refused(judged(stampOf(REQUEST, below, chain)), /may issue no others|not issued/);
  const short = certificateOf('Short', CHAIN.root, { isAuthority: true, pathLength: 0 });
  const long = certificateOf('Long', short, { isAuthority: true });
  const end = certificateOf('End', long, { purposes });
  const tooLong = { certificates: [end, long, short] };
  refused(judged(stampOf(REQUEST, end, tooLong)), /so long a chain/);
  const web = certificateOf('Web', CHAIN.root, {
    isAuthority: true,
    purposes: ['1.3.6.1.5.5.7.3.1'],
  });
  const ofWeb = certificateOf('OfWeb', web, { purposes });
  refused(
    judged(stampOf(REQUEST, ofWeb, { certificates: [ofWeb, web] })),
    /none for time stamping/,
  );
});

test('[Y200] a heap of certificates that all issue each other costs one look at each pair', (t) => {
  const first = certificateOf('Heap', undefined, { isAuthority: true });
  const heap = Array.from({ length: 6 }, () =>
    certificateOf('Heap', first, { isAuthority: true, keysOf: first }),
  );
  const signer = certificateOf('Time', first, { purposes: [TIME_STAMPING] });
  const certificates = [signer, first, ...heap];
  const verify = t.mock.method(X509Certificate.prototype, 'verify');
  refused(judged(stampOf(REQUEST, signer, { certificates })), /not issued by one that is trusted/);
  assert(verify.mock.callCount() <= certificates.length ** 2, `${verify.mock.callCount()} looks`);
  // One more than real chains ever have is not looked at.
  const many = Array.from({ length: 17 }, () => signer);
  refused(judged(stampOf(REQUEST, signer, { certificates: many })), /at most 16 certificates/);
});

test('[Y160] garbage, a cut answer, one with a tail and a flipped byte prove nothing else', async () => {
  const answer = stampOf(REQUEST, CHAIN.authority, { at: NOON });
  for (const bytes of [
    new Uint8Array(),
    Buffer.from('<html>Sorry</html>'),
    randomBytes(500),
    answer.subarray(0, answer.length - 1),
    Buffer.concat([answer, Buffer.of(0)]),
    new Uint8Array(70_000),
  ]) {
    assert.equal(judged(bytes).ok, false);
  }
  let same = 0;
  for (let at = 0; at < answer.length; at += FLIP_EVERY) {
    const changed = Uint8Array.from(answer);
    changed[at] = (changed[at] ?? 0) ^ 0x01;
    const result = judged(changed);
    // What is not signed, as a version, may differ; what it says may not.
    if (result.ok) {
      same += 1;
      assert.equal(result.value.at, NOON.getTime(), `byte ${at}`);
    }
  }
  assert(same <= 3, `${same} bytes that were flipped change nothing`);
});

test('[Y161] a file of certificates is read whole, and another is none', () => {
  const both = parseCertificates(`words\n${pemOf(CHAIN.root)}\n${pemOf(STRANGER.root)}`);
  assert(both.ok);
  assert.equal(both.value.length, 2);
  for (const text of [
    '',
    'nothing',
    '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
    'x'.repeat(300_000),
  ]) {
    assert.equal(parseCertificates(text).ok, false);
  }
});

const PROGRAM = 'openssl';
const OPENSSL = hasOpenssl();

test(
  '[Y160] openssl takes our request, and its answers are taken, of RSA and of elliptic curves',
  { skip: OPENSSL ? false : 'no openssl here' },
  (t) => {
    const folder = mkdtempSync(join(tmpdir(), 'kontor-openssl-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    for (const kind of [['rsa:2048'], ['ec', '-pkeyopt', 'ec_paramgen_curve:P-384']]) {
      opensslAuthority(folder, kind);
      writeFileSync(join(folder, 'q'), REQUEST);
      openssl(folder, ['ts', '-reply', '-config', 'ts.conf', '-queryfile', 'q', '-out', 'r']);
      const trusted = parseCertificates(readFileSync(join(folder, 'ca.pem'), 'utf8'));
      assert(trusted.ok);
      const answer = new Uint8Array(readFileSync(join(folder, 'r')));
      const expected = { digest: DIGEST, nonce: NONCE, trusted: trusted.value };
      const stamp = taken(verifyTimeStamp(answer, expected));
      assert.equal(stamp.authority, 'Time');
      assert(Math.abs(stamp.at - Date.now()) < 600_000);
      refused(judged(answer), /not issued/);
      const other = { ...expected, digest: new Uint8Array(32) };
      refused(verifyTimeStamp(answer, other), /other bytes/);
      // As the documents say that anybody can check a pair.
      writeFileSync(join(folder, 'd'), DOCUMENT);
      openssl(folder, ['ts', '-verify', '-data', 'd', '-in', 'r', '-CAfile', 'ca.pem']);
    }
    // And what we made is one for openssl.
    writeFileSync(join(folder, 'q'), REQUEST);
    assert.match(
      openssl(folder, ['ts', '-query', '-in', 'q', '-text']),
      /Nonce: 0x5A01020304050607/,
    );
  },
);

function hasOpenssl(): boolean {
  try {
    return execFileSync(PROGRAM, ['version'], { encoding: 'utf8' }).startsWith('OpenSSL');
  } catch {
    return false;
  }
}

function openssl(folder: string, args: readonly string[]): string {
  return execFileSync(PROGRAM, args, {
    cwd: folder,
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
    timeout: 60_000,
  });
}

function opensslAuthority(folder: string, kind: readonly string[]): void {
  const config = [
    '[tsa]',
    'default_tsa = here',
    '[here]',
    'serial = serial',
    'signer_cert = tsa.pem',
    'signer_key = tsa.key',
    'signer_digest = sha256',
    'default_policy = 1.2.3.4.1',
    'digests = sha256',
    'accuracy = secs:1',
    'ess_cert_id_chain = no',
    'certs = ca.pem',
    '[ext]',
    'extendedKeyUsage = critical,timeStamping',
    '[ca]',
    'basicConstraints = critical,CA:TRUE',
    '[req]',
    'distinguished_name = dn',
    'prompt = no',
    '[dn]',
    'CN = none',
    '',
  ].join('\n');
  writeFileSync(join(folder, 'ts.conf'), config);
  writeFileSync(join(folder, 'serial'), '01\n');
  const key = ['-newkey', ...kind, '-nodes', '-config', 'ts.conf'];
  openssl(folder, [
    'req',
    '-x509',
    ...key,
    '-keyout',
    'ca.key',
    '-out',
    'ca.pem',
    '-subj',
    '/CN=Root',
    '-days',
    '30',
    '-extensions',
    'ca',
  ]);
  openssl(folder, ['req', ...key, '-keyout', 'tsa.key', '-out', 'tsa.csr', '-subj', '/CN=Time']);
  openssl(folder, [
    'x509',
    '-req',
    '-in',
    'tsa.csr',
    '-CA',
    'ca.pem',
    '-CAkey',
    'ca.key',
    '-CAcreateserial',
    '-out',
    'tsa.pem',
    '-days',
    '20',
    '-extfile',
    'ts.conf',
    '-extensions',
    'ext',
  ]);
}
