// SPDX-License-Identifier: Apache-2.0
// The import test sees the tree, and finds one planted violation of each kind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkLayers } from '../tools/layers.ts';
import { imports } from '../tools/source.ts';
import { HEAD, plantTree } from './planted-tree.ts';

interface Case {
  readonly rule: string;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  /** What the one problem found must say. */
  readonly expected: RegExp;
}

const CASES: readonly Case[] = [
  {
    rule: 'T20',
    title: 'core imports another package',
    files: { 'core/src/a.ts': `import { x } from '@kontor/exchange';` },
    expected: /core\/src\/a\.ts:1: core may not import exchange/,
  },
  {
    rule: 'T20',
    title: 'the web imports the server',
    files: { 'web/src/a.tsx': `import type { Deal } from '@kontor/server';` },
    expected: /web may not import server/,
  },
  {
    rule: 'T20',
    title: 'the web imports more of the signer than the entry that it may',
    files: {
      'signer/package.json': JSON.stringify({
        name: '@kontor/signer',
        type: 'module',
        exports: { '.': './src/index.ts', './seal': './src/seal.ts' },
      }),
      'signer/src/seal.ts': `export const seal = 1;`,
      'web/package.json': JSON.stringify({
        name: '@kontor/web',
        type: 'module',
        dependencies: { '@kontor/signer': '0.1.0' },
      }),
      'web/src/a.ts': `import { seal } from '@kontor/signer/seal';`,
      'web/src/b.ts': `import { name } from '@kontor/signer';`,
    },
    expected: /web\/src\/b\.ts:1: web may not import all of signer/,
  },
  {
    rule: 'T20',
    title: 'the server imports the simulator',
    files: { 'server/src/a.ts': `import { x } from '@kontor/simulator';` },
    expected: /server may not import simulator/,
  },
  {
    rule: 'T21',
    title: 'the signer imports an npm package',
    files: { 'signer/src/a.ts': `import { x } from 'fastify';` },
    expected: /signer may not import fastify/,
  },
  {
    rule: 'T21',
    title: 'an allowed npm package is not declared',
    files: { 'server/src/a.ts': `import pino from 'pino';` },
    expected: /pino is not among the dependencies of server\/package\.json/,
  },
  {
    rule: 'T21',
    title: 'a test imports what nobody declares',
    files: { 'core/test/a.test.ts': `import { x } from 'left-pad';` },
    expected: /left-pad is declared in no package\.json/,
  },
  {
    rule: 'T22',
    title: 'the log takes more of Node than it may',
    files: { 'tlog/src/a.ts': `import { createServer } from 'node:http';` },
    expected: /tlog may not import node:http/,
  },
  {
    rule: 'T22',
    title: 'core imports a module of Node',
    files: { 'core/src/a.ts': `import fs from 'node:fs';` },
    expected: /core may not import node:fs/,
  },
  {
    rule: 'T22',
    title: 'the signer imports a module that reaches a network',
    files: { 'signer/src/a.ts': `import { request } from 'node:https';` },
    expected: /signer may not import node:https/,
  },
  {
    rule: 'T22',
    title: 'the signer takes more than Socket from node:net',
    files: { 'signer/src/framing.ts': `import { Socket, connect } from 'node:net';` },
    expected: /signer may take only Socket from node:net, not connect/,
  },
  {
    rule: 'T22',
    title: 'the signer takes the whole of node:net',
    files: { 'signer/src/framing.ts': `import * as net from 'node:net';` },
    expected: /signer may take only Socket from node:net, not \*/,
  },
  {
    rule: 'T23',
    title: 'a package reaches into another by path',
    files: { 'server/src/a.ts': `import { name } from '../../core/src/index.ts';` },
    expected: /reaches into core by path/,
  },
  {
    rule: 'T23',
    title: 'a test reaches into another package by path',
    files: { 'server/test/a.test.ts': `import { name } from '../../core/src/index.ts';` },
    expected: /reaches into core by path/,
  },
  {
    rule: 'T23',
    title: 'an import names what is not exported',
    files: { 'server/src/a.ts': `import { x } from '@kontor/signer/vault';` },
    expected: /@kontor\/signer\/vault is no declared export of signer/,
  },
  {
    rule: 'T23',
    title: 'the server loads the signer’s process as a module',
    files: { 'server/src/a.ts': `await import('@kontor/signer/main');` },
    expected: /is a process, not a module for server/,
  },
  {
    rule: 'T23',
    title: 'source imports a test',
    files: {
      'core/src/a.ts': `import { x } from '../test/b.ts';`,
      'core/test/b.ts': `export const x = 1;`,
    },
    expected: /source imports core\/test\/b\.ts, which is not source/,
  },
  {
    rule: 'T24',
    title: 'a type-only import',
    files: { 'core/src/a.ts': `import type { X } from '@kontor/server';` },
    expected: /core may not import server/,
  },
  {
    rule: 'T24',
    title: 'a type in the middle of a line',
    files: { 'core/src/a.ts': `export const x: import('@kontor/server').X = 1;` },
    expected: /core may not import server/,
  },
  {
    rule: 'T24',
    title: 'a re-export',
    files: { 'core/src/a.ts': `export { x } from '@kontor/server';` },
    expected: /core may not import server/,
  },
  {
    rule: 'T24',
    title: 'a re-export of everything',
    files: { 'core/src/a.ts': `export * as all from '@kontor/server';` },
    expected: /core may not import server/,
  },
  {
    rule: 'T24',
    title: 'an import inside a template',
    files: { 'core/src/a.ts': 'export const x = `a ${await import("node:fs")} b`;' },
    expected: /core may not import node:fs/,
  },
  {
    rule: 'T24',
    title: 'a require',
    files: { 'signer/src/a.ts': `const http = require('node:http');` },
    expected: /signer may not import node:http/,
  },
  {
    rule: 'T25',
    title: 'a ring of two, closed by a type',
    files: {
      'core/src/a.ts': `import { b } from './b.ts';`,
      'core/src/b.ts': `import type { A } from './a.ts';`,
    },
    expected: /cycle: core\/src\/a\.ts → core\/src\/b\.ts → core\/src\/a\.ts$/,
  },
  {
    rule: 'T25',
    title: 'a ring of three',
    files: {
      'core/src/a.ts': `export * from './b.ts';`,
      'core/src/b.ts': `import { c } from './c.ts';`,
      'core/src/c.ts': `import { a } from './a.ts';`,
    },
    expected: /cycle: core\/src\/a\.ts → core\/src\/b\.ts → core\/src\/c\.ts → core\/src\/a\.ts$/,
  },
  {
    rule: 'T26',
    title: 'the core speaks Binance',
    files: { 'core/src/a.ts': `export interface Order { newClientOrderId: string }` },
    expected: /newClientOrderId is Binance's word/,
  },
  {
    rule: 'T26',
    title: 'the API speaks 3Commas outside its corner',
    files: { 'server/src/api/deals.ts': `export const field = 'martingale_volume_coefficient';` },
    expected: /martingale_volume_coefficient is 3Commas's word/,
  },
  {
    rule: 'T29',
    title: 'a file of the signer that holds no key makes signatures',
    files: { 'signer/src/a.ts': `import { hash, sign } from 'node:crypto';` },
    expected: /signer\/src\/a\.ts:1: takes sign from node:crypto: only the files listed/,
  },
  {
    rule: 'T29',
    title: 'a file of the signer that holds no key takes all of the cryptography',
    files: { 'signer/src/a.ts': `import * as crypto from 'node:crypto';` },
    expected: /takes \* from node:crypto/,
  },
  {
    rule: 'T29',
    title: 'another file of the signer opens files',
    files: { 'signer/src/policy/a.ts': `import { constants, openSync } from 'node:fs';` },
    expected: /signer\/src\/policy\/a\.ts:1: takes openSync from node:fs/,
  },
  {
    rule: 'T29',
    title: 'another file of the signer writes to a link',
    files: {
      'signer/src/framing.ts': `export class FrameLink {}\nexport class FrameReader {}`,
      'signer/src/a.ts': `import { FrameLink, FrameReader } from './framing.ts';`,
    },
    expected: /signer\/src\/a\.ts:1: takes FrameLink from framing/,
  },
  {
    rule: 'T29',
    title: 'the signer approves beside its policy',
    files: {
      'signer/src/policy/approval.ts': `export const approve = 1;`,
      'signer/src/policy/held.ts': `import { approve as allow } from './approval.ts';`,
    },
    expected: /held\.ts:1: takes approve from policy\/approval/,
  },
  {
    rule: 'T29',
    title: 'a file of the signer reads a key out',
    files: { 'signer/src/a.ts': `export const bytes = (key: Key): Buffer => key?.export();` },
    expected: /signer\/src\/a\.ts:1: names \.export/,
  },
  {
    rule: 'T29',
    title: 'a file of the signer reads a key out by a detour',
    files: { 'signer/src/a.ts': `export const bytes = (key: Key): Buffer => key['export']();` },
    expected: /signer\/src\/a\.ts:1: names \.export/,
  },
  {
    rule: 'T29',
    title: 'a file of the signer asks for a module by its name',
    files: { 'signer/src/a.ts': `export const found = process.getBuiltinModule(name);` },
    expected: /signer\/src\/a\.ts:1: names \.getBuiltinModule/,
  },
  {
    rule: 'T27',
    title: 'an import of a file that is not there',
    files: { 'core/src/a.ts': `import { gone } from './gone.ts';` },
    expected: /imports \.\/gone\.ts, which does not exist/,
  },
];

for (const { rule, title, files, expected } of CASES) {
  test(`[${rule}] found: ${title}`, (t) => {
    const { problems } = checkLayers(plantTree(t, files), []);
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', expected);
  });
}

test('[T25] a listed ring passes while only types close it, and leaves the list when it is gone', (t) => {
  const listed = [{ files: ['core/src/a.ts', 'core/src/b.ts'], why: 'planted' }];
  const problemsOf = (a: string, b: string): readonly string[] =>
    checkLayers(plantTree(t, { 'core/src/a.ts': a, 'core/src/b.ts': b }), listed).problems;
  assert.deepEqual(
    problemsOf(`import { b } from './b.ts';`, `import type { A } from './a.ts';`),
    [],
  );
  const code = problemsOf(`import { b } from './b.ts';`, `import { a } from './a.ts';`);
  assert.match(code.join(), /^cycle: core\/src\/a\.ts → core\/src\/b\.ts → core\/src\/a\.ts$/);
  assert.match(problemsOf(`import { b } from './b.ts';`, '').join(), /no such ring any more/);
});

test('[T26] at their borders the words may stand', (t) => {
  const words = `export const field = 'newClientOrderId';`;
  const { problems } = checkLayers(
    plantTree(t, {
      'exchange/src/binance/answers.ts': words,
      'signer/src/binance.ts': words,
      'simulator/src/orders.ts': words,
      'server/src/api/threecommas/bots.ts': `export const field = 'max_safety_orders';`,
    }),
    [],
  );
  assert.deepEqual(problems, []);
});

test('[T27] a package without source and a package missing from the table are found', (t) => {
  const root = plantTree(t, {
    'package.json': JSON.stringify({
      workspaces: [
        'core',
        'tlog',
        'signer',
        'egress',
        'exchange',
        'simulator',
        'server',
        'web',
        'cli',
        'new',
      ],
    }),
    'new/package.json': '{}',
    'new/src/index.ts': HEAD,
    'egress/src/index.ts': HEAD,
  });
  assert.deepEqual(checkLayers(root, []).problems, ['new: a workspace, but not in the table']);
  const empty = plantTree(t, { '.gitignore': 'node_modules/\ncore/src/\n' });
  assert.deepEqual(checkLayers(empty, []).problems, ['core/src: no source file seen']);
});

test('[T27] a clean tree has no problem, and every file and import was seen', (t) => {
  const report = checkLayers(
    plantTree(t, {
      'server/src/a.ts': `import { name } from '@kontor/core';\nimport type { Intent } from '@kontor/signer';\n`,
      'cli/src/a.ts': `const signer = import.meta.resolve('@kontor/signer/main');\n`,
    }),
    [],
  );
  assert.deepEqual(report, { files: 11, imports: 3, problems: [] });
});

test('[T27] the whole of this repository is looked at', () => {
  const report = checkLayers(fileURLToPath(new URL('..', import.meta.url)));
  assert.ok(report.files > 100, `saw ${report.files} files`);
  assert.ok(report.imports > report.files, `saw ${report.imports} imports`);
});

test('[T28] what only looks like an import is none', () => {
  const source = `
    // import a from 'comment-line';
    /* import b from 'comment-block'; */
    const text = "import c from 'string'";
    const template = \`import d from 'template'\`;
    const pattern = /import e from 'regex'/;
    const half = total / 2; const note = 'a'; // '/
    object.import('member'); object.require('member');
    const importance = 1; export const exported = { from: 'value' };
    export { exported as other };
    const page = <p>Don't import 'text'</p>;
    import { real } from 'real';
  `;
  assert.deepEqual(
    imports(source).map(({ specifier }) => specifier),
    ['real'],
  );
});

test('[T24] what is taken, and whether only types are, is read', () => {
  const cases: [string, readonly string[], boolean][] = [
    [`import 'a';`, [], false],
    [`import x from 'a';`, ['*'], false],
    [`import x, { y as z, type W } from 'a';`, ['*', 'y', 'W'], false],
    [`import { type V, type W } from 'a';`, ['V', 'W'], true],
    [`import { type } from 'a';`, ['type'], false],
    [`import type X from 'a';`, ['*'], true],
    [`import type { X } from 'a' with { type: 'json' };`, ['X'], true],
    [`export type { X } from 'a';`, ['X'], true],
    [`export * from 'a';`, ['*'], false],
  ];
  for (const [source, names, isTypeOnly] of cases) {
    assert.deepEqual(
      imports(source),
      [{ specifier: 'a', line: 1, kind: 'static', isTypeOnly, names }],
      source,
    );
  }
});
