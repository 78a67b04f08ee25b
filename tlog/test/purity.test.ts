// SPDX-License-Identifier: Apache-2.0
// The package runs anywhere: nothing of it but one file knows a runtime, and no other file knows that one.

import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';

import {
  openNote,
  parseVerifierKey,
  proveInclusion,
  treeHasher,
  verifyInclusion,
} from '../src/index.ts';
import { nobleCryptography } from './noble-cryptography.ts';
import { entriesOf, logOf } from './log.ts';
import { reasonOf, valueOf } from './keys.ts';

const SOURCE = fileURLToPath(new URL('../src', import.meta.url));

/** What each source file imports, as it is written. */
function importsOf(file: string): readonly string[] {
  const text = fs.readFileSync(path.join(SOURCE, file), 'utf8');
  return [...text.matchAll(/^(?:import|export|\}) .*from '([^']+)';$|^import '([^']+)';$/gm)].map(
    (match) => match[1] ?? match[2] ?? '',
  );
}

test('[H1] only node-crypto.ts imports anything from outside, and the index does not reach it', () => {
  const reached = new Set<string>();
  const visit = (file: string): void => {
    if (reached.has(file)) return;
    reached.add(file);
    for (const specifier of importsOf(file)) {
      assert.match(specifier, /^\.\/[a-z0-9-]+\.ts$/, `${file} imports ${specifier}`);
      visit(specifier.slice(2));
    }
  };
  visit('index.ts');
  assert.ok(!reached.has('node-crypto.ts'));
  const all = fs.readdirSync(SOURCE);
  assert.deepEqual(
    all.filter((file) => !reached.has(file)),
    ['node-crypto.ts'],
  );
  assert.deepEqual(importsOf('node-crypto.ts').toSorted(), [
    './cryptography.ts',
    './cryptography.ts',
    'node:crypto',
  ]);
});

test('[H1] proofs and notes verify with another cryptography than Node’s', () => {
  const hasher = treeHasher(nobleCryptography);
  const { tiles, tree } = logOf(entriesOf(300));
  const proof = valueOf(proveInclusion(hasher, tiles, 299n, tree));
  assert.equal(reasonOf(verifyInclusion(hasher, { ...proof, ...tree })), '');
  const key = valueOf(
    parseVerifierKey(
      nobleCryptography,
      'example.com/foo+530d903a+AekyeRrm56hApGFkyQR4ZCbV54Id2LKaANYcrnKv3U2k',
    ),
  );
  const note =
    'This is an example message.\n\n\u2014 example.com/foo Uw2QOkn8srV1yJGh2VYRlL1Tnagv1YEq6TfXppzi2ONncAlTgK7Ztg1ERYNZXsYjOBH3mFXmRKuwHjG1Yu72IneyaQM=\n';
  assert.ok(openNote(nobleCryptography, Buffer.from(note), [key]).ok);
});
