// SPDX-License-Identifier: Apache-2.0
// Signed notes: the one writing they have, the keys they are verified with, and all that is no note.

import assert from 'node:assert/strict';
import { test } from 'node:test';

import fc from 'fast-check';

import { toBase64, toHex } from '../src/bytes.ts';
import {
  NOTE_SIGNATURES_MAX,
  openNote,
  parseNote,
  parseVerifierKey,
  signNote,
  toNote,
  toVerifierKey,
  type NoteKey,
} from '../src/index.ts';
import { nodeCryptography } from '../src/node-crypto.ts';
import { reasonOf, testSigner, valueOf } from './keys.ts';
import { nobleCryptography } from './noble-cryptography.ts';
import { readVectors, skipWithout } from './vectors.ts';

const SEED = 20261122;
const utf8 = (text: string): Uint8Array => Buffer.from(text);
const ALICE = testSigner('alice.example/log');
const BOB = testSigner('bob.example');

/** A key and a note of the signed-note specification's family, checked with two libraries. */
const EXAMPLE = {
  vkey: 'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
  note: 'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n',
};

const signed = (text: string, ...signers: readonly (typeof ALICE)[]): Uint8Array =>
  toNote({ text, signatures: signers.map(({ key, sign }) => valueOf(signNote(text, key, sign))) });

const open = (note: Uint8Array, ...keys: readonly NoteKey[]): string => {
  const opened = openNote(nodeCryptography, note, keys);
  return opened.ok ? opened.value.text : `refused: ${opened.reason}`;
};

test('[H24, H25] the example of the specification verifies, in two libraries', () => {
  for (const cryptography of [nodeCryptography, nobleCryptography]) {
    const key = valueOf(parseVerifierKey(cryptography, EXAMPLE.vkey));
    assert.equal(toVerifierKey(key), EXAMPLE.vkey);
    const opened = valueOf(openNote(cryptography, utf8(EXAMPLE.note), [key]));
    assert.equal(opened.text, 'This is an example message.\n');
    assert.deepEqual(
      opened.verified.map(({ key: { name } }) => name),
      ['example.com/foo'],
    );
  }
});

const VECTOR = 'signed-note-example.json';
test('[H25] the example as the vectors have it', { skip: skipWithout(VECTOR) }, () => {
  const { vkey, note } = readVectors<{ vkey: string; note: string }>(VECTOR);
  assert.deepEqual({ vkey, note }, EXAMPLE);
});

test('[H23, H25] what was signed is parsed, written the same and verified', () => {
  const text = fc.string({ unit: fc.constantFrom('a', 'é', '\n', '\u2014', ' ', '\u{1f512}') });
  fc.assert(
    fc.property(text, (line) => {
      const note = signed(`${line}\n`, ALICE, BOB);
      assert.equal(open(note, ALICE.key), `${line}\n`);
      assert.equal(open(note, BOB.key, ALICE.key), `${line}\n`);
      assert.deepEqual(Buffer.from(toNote(valueOf(parseNote(note)))), Buffer.from(note));
    }),
    { seed: SEED, numRuns: 200 },
  );
});

test('[H23] a text may hold empty lines and lines that look like signatures', () => {
  const text = `first\n\n\u2014 nobody AAAAAAAA\n\nlast\n`;
  assert.equal(open(signed(text, ALICE), ALICE.key), text);
});

const GOOD = Buffer.from(signed('a text\n', ALICE)).toString();
const [, GOOD_BLOB = ''] = /([A-Za-z0-9+/=]+)\n$/.exec(GOOD) ?? [];

const MALFORMED: readonly (readonly [string, Uint8Array | string, RegExp])[] = [
  ['empty', '', /empty line/],
  ['a text alone', 'a text\n', /empty line/],
  ['no signature', 'a text\n\n', /must end with a newline/],
  ['no final newline', GOOD.slice(0, -1), /must end with a newline/],
  ['carriage returns', GOOD.replaceAll('\n', '\r\n'), /U\+000D/],
  ['one carriage return', GOOD.replace('text', 'text\r'), /U\+000D/],
  ['a tab', GOOD.replace('a text', 'a\ttext'), /U\+0009/],
  ['a null', GOOD.replace('a text', 'a\0text'), /U\+0000/],
  ['an escape', GOOD.replace('a text', '\u001b[2Ja text'), /U\+001B/],
  ['a hyphen for the dash', GOOD.replace('\u2014', '-'), /em dash/],
  ['an en dash', GOOD.replace('\u2014', '\u2013'), /em dash/],
  ['no space after the dash', GOOD.replace('\u2014 ', '\u2014'), /em dash/],
  ['two spaces', GOOD.replace('\u2014 ', '\u2014  '), /em dash/],
  ['a space at the end', GOOD.replace(/\n$/, ' \n'), /em dash/],
  ['a third field', GOOD.replace(/\n$/, ' more\n'), /em dash/],
  ['a plus in the name', GOOD.replace('alice.example/log', 'alice+log'), /em dash/],
  ['a no-break space in the name', GOOD.replace('alice.example', 'alice\u00a0example'), /em dash/],
  ['a line separator in the name', GOOD.replace('alice.example', 'alice\u2028'), /em dash/],
  ['no name', GOOD.replace('alice.example/log ', ''), /em dash/],
  ['base64 without padding', GOOD.replace(/=+\n$/, '\n'), /em dash/],
  [
    'base64 with junk',
    GOOD.replace(GOOD_BLOB, `${GOOD_BLOB.slice(0, 8)}*${GOOD_BLOB.slice(9)}`),
    /em dash/,
  ],
  [
    'base64 in two lines',
    GOOD.replace(GOOD_BLOB, `${GOOD_BLOB.slice(0, 8)}\n${GOOD_BLOB.slice(8)}`),
    /em dash/,
  ],
  ['base64 of the other alphabet', GOOD.replace(GOOD_BLOB, `-_${GOOD_BLOB.slice(2)}`), /em dash/],
  ['base64 with bits left over', GOOD.replace(GOOD_BLOB, 'AAAAAAB='), /em dash/],
  ['a key ID without a signature', GOOD.replace(GOOD_BLOB, 'AAAAAA=='), /em dash/],
  ['an empty line at the end', `${GOOD}\n`, /must end with a newline/],
  ['a line after the signature', `${GOOD}more\n`, /em dash/],
  ['wrong UTF-8', Buffer.concat([Buffer.of(0xff), Buffer.from(GOOD)]), /valid UTF-8/],
  ['half a character', Buffer.concat([Buffer.from('x\n\n'), Buffer.of(0xe2, 0x80)]), /valid UTF-8/],
  ['over half a mebibyte', 'x'.repeat(600_000) + GOOD, /at most 524288 bytes/],
];

test('[H23] a note that is malformed in any way is refused', () => {
  assert.equal(open(utf8(GOOD), ALICE.key), 'a text\n');
  for (const [title, note, expected] of MALFORMED) {
    const bytes = typeof note === 'string' ? utf8(note) : note;
    assert.match(open(bytes, ALICE.key), expected, title);
  }
});

test('[H26] sixteen signatures are accepted, a hundred too, more are not', () => {
  const line = `\u2014 nobody ${toBase64(new Uint8Array(68))}\n`;
  for (const count of [1, 15, 16, 17, NOTE_SIGNATURES_MAX - 1]) {
    assert.equal(open(utf8(GOOD + line.repeat(count)), ALICE.key), 'a text\n', `${count} more`);
  }
  assert.match(
    open(utf8(GOOD + line.repeat(NOTE_SIGNATURES_MAX)), ALICE.key),
    /at most 100 signatures, had 101/,
  );
});

test('[H25] a wrong signature of a known key spoils the note, whatever else it carries', () => {
  const note = Buffer.from(signed('a text\n', BOB, ALICE)).toString();
  const changed = utf8(note.replace('a text', 'A text'));
  assert.match(open(changed, ALICE.key), /signature of alice\.example\/log\+[0-9a-f]{8} is wrong/);
  const { key } = ALICE;
  const wrong = { name: key.name, keyId: key.id, signature: new Uint8Array(64).fill(1) };
  const spoiled = toNote({
    text: 'a text\n',
    signatures: [valueOf(signNote('a text\n', BOB.key, BOB.sign)), wrong],
  });
  assert.match(open(spoiled, ALICE.key, BOB.key), /is wrong/);
  assert.equal(open(spoiled, BOB.key), 'a text\n');
});

test('[H25] signatures of unknown keys are passed over, under a known name and with a known ID too', () => {
  const text = 'a text\n';
  const impostor = testSigner(ALICE.key.name, 'ed25519', 'another key');
  assert.notDeepEqual(impostor.key.id, ALICE.key.id);
  const good = valueOf(signNote(text, ALICE.key, ALICE.sign));
  const sameName = valueOf(signNote(text, impostor.key, impostor.sign));
  const sameId = { name: 'mallory', keyId: ALICE.key.id, signature: good.signature };
  assert.equal(open(toNote({ text, signatures: [sameName, sameId, good] }), ALICE.key), text);
  assert.match(
    open(toNote({ text, signatures: [sameName, sameId] }), ALICE.key),
    /no signature of a known key/,
  );
  assert.match(open(utf8(GOOD)), /no signature of a known key/);
});

test('[H25] two known keys of one name and ID are nobody’s choice', () => {
  const twin: NoteKey = { ...BOB.key, name: ALICE.key.name, id: ALICE.key.id };
  assert.match(open(utf8(GOOD), ALICE.key, twin), /two known keys are called/);
});

test('[H24] a verifier key has one writing, and its ID is that of its name and key', () => {
  for (const { key } of [ALICE, BOB, testSigner('w', 'ml-dsa-44-cosignature')]) {
    assert.deepEqual(valueOf(parseVerifierKey(nodeCryptography, toVerifierKey(key))), key);
  }
  const vkey = toVerifierKey(ALICE.key);
  const id = toHex(ALICE.key.id);
  const keyText = vkey.split('+').slice(2).join('+');
  const wrong: readonly (readonly [string, RegExp])[] = [
    ['', /must read NAME/],
    [vkey.replace(id, id.toUpperCase().replace(/^\d+$/, 'A')), /must read NAME|must be/],
    [vkey.replace(id, '00000000'), /must be [0-9a-f]{8}, was 00000000/],
    [`x${vkey}`, /ID of the key xalice/],
    [vkey.replace('alice.example', 'alice example'), /no white space/],
    [`${vkey}=`, /must read NAME/],
    [vkey.replace(keyText, 'AAAA'), /of type|type 0/],
    [vkey.replace(keyText, toBase64(new Uint8Array(33).fill(2))), /signature type 2/],
    [vkey.replace(keyText, toBase64(new Uint8Array(34).fill(1))), /must have 32 bytes, had 33/],
    [`${vkey}\n`, /must read NAME/],
  ];
  for (const [text, expected] of wrong) {
    assert.match(reasonOf(parseVerifierKey(nodeCryptography, text)), expected, text);
  }
});

test('[H23] what could not be parsed is not signed', () => {
  for (const text of ['', 'no newline', 'a\ttab\n', 'a\r\n', '\u{d800}\n']) {
    assert.ok(!signNote(text, ALICE.key, ALICE.sign).ok, JSON.stringify(text));
  }
});
