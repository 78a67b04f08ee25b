// SPDX-License-Identifier: Apache-2.0
// Checkpoints, their log's signature, and what witnesses add.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import { toBase64, toUint64 } from '../src/bytes.ts';
import {
  cosignatureTime,
  openCheckpoint,
  parseCheckpointText,
  signCheckpoint,
  subtreeMessage,
  toCheckpointText,
  toNote,
  verifyCosignatures,
  type NoteSignature,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf, type TestSigner } from './keys.ts';
import { entriesOf, hasher, logOf, signedCheckpoint } from './log.ts';

const LOG = testSigner('desk.example/log');
const TREE = logOf(entriesOf(5)).tree;
const TEXT = toCheckpointText({ origin: LOG.key.name, extensions: [], ...TREE });
const WITNESSES = [
  testSigner('witness.example/1', 'ed25519-cosignature'),
  testSigner('witness.example/2', 'ml-dsa-44-cosignature'),
] as const;
const NOW = 1_700_000_000n;

const cosign = ({ key, sign }: TestSigner, timeSeconds = NOW, text = TEXT): NoteSignature =>
  valueOf(signCheckpoint(text, key, sign, timeSeconds));

const counted = (
  signatures: readonly NoteSignature[],
  text = TEXT,
  keys = WITNESSES.map(({ key }) => key),
): string => {
  const clock = { nowSeconds: NOW, skewSeconds: 60n };
  const found = verifyCosignatures(nodeCryptography, { text, signatures }, keys, clock);
  return found.ok
    ? found.value.map(({ key, timeSeconds }) => `${key.name} ${timeSeconds}`).join(', ')
    : `refused: ${found.reason}`;
};

test('[H27] a checkpoint has one writing', () => {
  const checkpoint = valueOf(parseCheckpointText(TEXT));
  assert.equal(checkpoint.origin, 'desk.example/log');
  assert.equal(checkpoint.size, 5n);
  assert.deepEqual(Buffer.from(checkpoint.root), Buffer.from(TREE.root));
  assert.equal(toCheckpointText(checkpoint), TEXT);
  const extended = `${TEXT}more\nand more\n`;
  assert.deepEqual(valueOf(parseCheckpointText(extended)).extensions, ['more', 'and more']);
});

test('[H27] a checkpoint that is malformed is refused', () => {
  const root = toBase64(TREE.root);
  const wrong: readonly (readonly [string, RegExp])[] = [
    [`\n5\n${root}\n`, /origin must not be empty/],
    [`o\n05\n${root}\n`, /size must be a decimal number, was "05"/],
    [`o\n-5\n${root}\n`, /size/],
    [`o\n5 \n${root}\n`, /size/],
    [`o\n5.0\n${root}\n`, /size/],
    [`o\n18446744073709551616\n${root}\n`, /size/],
    [`o\n5\n${root}`, /end with a newline/],
    [`o\n5\n${root} \n`, /root must be 32 bytes/],
    [`o\n5\n${toBase64(TREE.root.subarray(1))}\n`, /root must be 32 bytes/],
    [`o\n5\n${toBase64(Buffer.concat([TREE.root, Buffer.of(0)]))}\n`, /root must be 32 bytes/],
    [`o\n5\n`, /root must be 32 bytes/],
    [`o\n5\n${root}\n\nmore\n`, /extension lines must not be empty/],
    [`o\r\n5\r\n${root}\r\n`, /U\+000D/],
  ];
  for (const [text, expected] of wrong) {
    assert.match(reasonOf(parseCheckpointText(text)), expected, JSON.stringify(text));
  }
});

test('[H28] a checkpoint counts only with its own log’s signature', () => {
  const open = (note: Uint8Array, ...signers: readonly TestSigner[]): string => {
    const keys = signers.map(({ key }) => key);
    const opened = openCheckpoint(nodeCryptography, note, keys);
    return opened.ok ? `size ${opened.value.checkpoint.size}` : opened.reason;
  };
  const note = signedCheckpoint(LOG, TREE);
  const other = testSigner('other.example/log');
  assert.equal(open(note, LOG), 'size 5');
  assert.equal(open(note, other, LOG), 'size 5');
  assert.match(open(note, other), /no known log is called desk\.example\/log/);
  // Another log's key, known and right, under a text that names this log.
  const foreign = toNote({ text: TEXT, signatures: [cosign(other)] });
  assert.match(open(foreign, LOG, other), /no signature of a known key/);
  const cosigned = toNote({ text: TEXT, signatures: [cosign(WITNESSES[0])] });
  assert.match(open(cosigned, LOG, WITNESSES[0]), /no signature of a known key/);
  const torn = note.slice();
  torn[20] = (torn[20] ?? 0) ^ 1;
  assert.ok(!openCheckpoint(nodeCryptography, torn, [LOG.key]).ok);
});

test('[H28] a log may sign with ML-DSA-44 as well', () => {
  const quantum = testSigner(LOG.key.name, 'ml-dsa-44-cosignature');
  const signatures = [cosign(LOG, 0n), cosign(quantum, 0n)];
  const note = toNote({ text: TEXT, signatures });
  const keys = [LOG.key, quantum.key];
  const opened = valueOf(openCheckpoint(nodeCryptography, note, keys));
  assert.deepEqual(
    opened.verified.map(({ key }) => key.type),
    ['ed25519', 'ml-dsa-44-cosignature'],
  );
  assert.ok(note.length < 5000);
  assert.ok(signedCheckpoint(LOG, TREE).length < 1024);
});

test('[H29] both kinds of cosignature count, with their time', () => {
  const lines = WITNESSES.map((witness) => cosign(witness));
  assert.equal(counted(lines), `witness.example/1 ${NOW}, witness.example/2 ${NOW}`);
  assert.equal(counted([]), '');
  assert.equal(counted([cosign(LOG)]), '');
});

test('[H29] the messages are those of tlog-cosignature, byte for byte', () => {
  const messages: Uint8Array[] = [];
  for (const { key, sign } of WITNESSES) {
    const watched = (message: Uint8Array): Uint8Array => {
      messages.push(new Uint8Array(message));
      return sign(message);
    };
    valueOf(signCheckpoint(TEXT, key, watched, 1_679_315_147n));
  }
  assert.equal(
    Buffer.from(messages[0] ?? []).toString(),
    `cosignature/v1\ntime 1679315147\n${TEXT}`,
  );
  const struct = Buffer.concat([
    Buffer.from('subtree/v1\n\0'),
    Buffer.of(17),
    Buffer.from('witness.example/2'),
    Buffer.from('00000000641850cb', 'hex'),
    Buffer.of(16),
    Buffer.from('desk.example/log'),
    Buffer.alloc(8),
    Buffer.from(toUint64(5n)),
    TREE.root,
  ]);
  assert.equal(Buffer.from(messages[1] ?? []).toString('hex'), struct.toString('hex'));
});

test('[H29] a cosignature does not fit another tree, time, name or log', () => {
  const otherTree = toCheckpointText({
    origin: LOG.key.name,
    extensions: [],
    ...logOf(entriesOf(6)).tree,
  });
  const otherLog = TEXT.replace('desk', 'dusk');
  for (const witness of WITNESSES) {
    const line = cosign(witness);
    assert.match(counted([line], otherTree), /is wrong/);
    assert.match(counted([line], otherLog), /is wrong/);
    const later = new Uint8Array(line.signature);
    later[7] = (later[7] ?? 0) ^ 1;
    assert.match(counted([{ ...line, signature: later }]), /is wrong/);
    assert.match(counted([{ ...line, signature: line.signature.subarray(0, -1) }]), /is wrong/);
    assert.match(counted([{ ...line, signature: line.signature.subarray(0, 7) }]), /is wrong/);
  }
});

test('[H29] ML-DSA-44 says nothing of extension lines', () => {
  const extended = `${TEXT}more\n`;
  const [ed25519, mlDsa] = WITNESSES;
  assert.match(reasonOf(signCheckpoint(extended, mlDsa.key, mlDsa.sign, NOW)), /no extension line/);
  assert.match(counted([cosign(mlDsa)], extended), /is wrong/);
  assert.equal(counted([cosign(ed25519, NOW, extended)], extended), `witness.example/1 ${NOW}`);
});

test('[H30] a cosignature dated later than the clock and its skew is not counted; it spoils nothing', () => {
  for (const witness of WITNESSES) {
    assert.equal(counted([cosign(witness, NOW + 60n)]), `${witness.key.name} ${NOW + 60n}`);
    assert.equal(counted([cosign(witness, NOW + 61n)]), '');
  }
  const [one, other] = WITNESSES;
  assert.equal(counted([cosign(one, NOW + 9999n), cosign(other)]), `witness.example/2 ${NOW}`);
});

test('[H30] a time over 2^63 - 1 is neither signed nor taken', () => {
  for (const { key, sign } of WITNESSES) {
    assert.ok(signCheckpoint(TEXT, key, sign, (1n << 63n) - 1n).ok);
    assert.match(reasonOf(signCheckpoint(TEXT, key, sign, 1n << 63n)), /2\^63 - 1/);
    assert.ok(!signCheckpoint(TEXT, key, sign, -1n).ok);
    const message = Buffer.from(`cosignature/v1\ntime ${1n << 63n}\n${TEXT}`);
    const signature = Buffer.concat([Buffer.from(toUint64(1n << 63n)), sign(message)]);
    assert.match(counted([{ name: key.name, keyId: key.id, signature }]), /is wrong/);
    assert.equal(cosignatureTime(key, signature), 1n << 63n);
  }
  assert.equal(cosignatureTime(LOG.key, new Uint8Array(64)), undefined);
});

test('[H29] names over 255 bytes and times on inner subtrees are not signed', () => {
  const message = {
    cosigner: 'w',
    timeSeconds: 1n,
    origin: 'o',
    start: 0n,
    end: 5n,
    hash: hasher.empty,
  };
  assert.equal(subtreeMessage(message)?.length, 12 + 2 + 8 + 2 + 16 + 32);
  assert.equal(subtreeMessage({ ...message, start: 4n }), undefined);
  assert.ok(subtreeMessage({ ...message, start: 4n, timeSeconds: 0n }) !== undefined);
  assert.equal(subtreeMessage({ ...message, origin: 'é'.repeat(128) }), undefined);
  assert.ok(subtreeMessage({ ...message, origin: 'é'.repeat(127) }) !== undefined);
  assert.equal(subtreeMessage({ ...message, cosigner: '' }), undefined);
});
