// SPDX-License-Identifier: Apache-2.0
// The tidiness test sees the tree, and finds one planted fault of each kind.

import assert from 'node:assert/strict';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

import { checkTidy } from '../tools/tidy.ts';
import { HEAD, plantTree } from './planted-tree.ts';

/** Joined here, so that this file itself stays tidy. */
const joined = (...parts: string[]): string => parts.join('');

interface Case {
  readonly rule: string;
  readonly title: string;
  readonly files: Readonly<Record<string, string>>;
  readonly expected: RegExp;
}

/** A file that is imported, so that only the planted fault is found. */
const used = (text: string): Readonly<Record<string, string>> => ({
  'core/src/planted.ts': HEAD + text,
  'core/src/index.ts': `${HEAD}export * from './planted.ts';\n`,
});
const usedBySigner = (text: string): Readonly<Record<string, string>> => ({
  'signer/src/planted.ts': HEAD + text,
  'signer/src/index.ts': `${HEAD}export * from './planted.ts';\n`,
});
const tested = (text: string): string => `${HEAD}import test from 'node:test';\n${text}`;
const RULE = '# Rules\n\n- **P1.** It works.\n';
const lockOf = (entry: Record<string, unknown>): string =>
  JSON.stringify({ packages: { '': {}, 'node_modules/x': { version: '1.0.0', ...entry } } });

const CASES: readonly Case[] = [
  {
    rule: 'T30',
    title: 'no licence line',
    files: { 'core/src/index.ts': 'export const a = 1;\n' },
    expected: /core\/src\/index\.ts: the first line must be \/\/ SPDX/,
  },
  {
    rule: 'T30',
    title: 'no sentence on what the file is for',
    files: { 'core/src/index.ts': '// SPDX-License-Identifier: Apache-2.0\nexport const a = 1;\n' },
    expected: /the second line must say/,
  },
  {
    rule: 'T31',
    title: 'a drawer',
    files: {
      'core/src/utils.ts': HEAD,
      'core/src/index.ts': `${HEAD}export * from './utils.ts';\n`,
    },
    expected: /utils is a drawer/,
  },
  {
    rule: 'T31',
    title: 'a drawer of a folder',
    files: {
      'core/src/common/price.ts': HEAD,
      'core/src/index.ts': `${HEAD}export * from './common/price.ts';\n`,
    },
    expected: /common is a drawer/,
  },
  {
    rule: 'T31',
    title: 'an open end',
    files: used(joined('// TO', 'DO later\nexport const a = 1;\n')),
    expected: /is an open end/,
  },
  {
    rule: 'T31',
    title: 'a test that hides the others',
    files: {
      'core/SPEC.md': RULE,
      'core/test/a.test.ts': tested(
        joined("test('[P1] works', () => {});\ntest.", "only('[P1] x', () => {});\n"),
      ),
    },
    expected: /hides other tests/,
  },
  {
    rule: 'T31',
    title: 'a blindfold for the compiler',
    files: used(joined('// @ts-', 'ignore\nexport const a = 1;\n')),
    expected: /blinds the compiler/,
  },
  {
    rule: 'T31',
    title: 'a path of one machine',
    files: { 'README.md': joined('Look into /ho', 'me/ann/kontor.\n') },
    expected: /names a path of one machine/,
  },
  {
    rule: 'T31',
    title: 'a registry’s host',
    files: { 'README.md': joined('See https://regis', 'try.example/kontor.\n') },
    expected: /names a package registry's host/,
  },
  {
    rule: 'T31',
    title: 'an emoji',
    files: { 'README.md': joined('Off we go ', '\u{1F680}', '\n') },
    expected: /is an emoji/,
  },
  ...[
    'Date.now()',
    'new Date(0)',
    'Math.random()',
    'Math.sin(1)',
    'Math.pow(2, 3)',
    "'a'.localeCompare('b')",
    '(1).toLocaleString()',
    'new Intl.NumberFormat()',
    'performance.now()',
    'process.env',
    'setTimeout(() => 1, 1)',
    'globalThis',
    'async () => 1',
  ].map((expression) => ({
    rule: 'T32',
    title: `core uses ${expression}`,
    files: used(`export const a = ${expression};\n`),
    expected: /is a hidden input/,
  })),
  ...['fetch("a")', 'new WebSocket("a")', 'socket.connect(1)', 'server.listen(1)'].map(
    (expression) => ({
      rule: 'T32',
      title: `the signer uses ${expression}`,
      files: usedBySigner(`export const a = ${expression};\n`),
      expected: /signer reaches no network/,
    }),
  ),
  {
    rule: 'T33',
    title: 'a file nobody uses',
    files: { 'core/src/lonely.ts': HEAD },
    expected: /core\/src\/lonely\.ts: nothing imports, starts or names it/,
  },
  {
    rule: 'T34',
    title: 'a rule without a test',
    files: { 'core/SPEC.md': RULE },
    expected: /core\/SPEC\.md:3: no test is named after rule P1/,
  },
  {
    rule: 'T34',
    title: 'an attack of the threat model that no test tries',
    files: { 'docs/threat-model.md': '# Attacks\n\n| 4: a withdrawal | refused | P1 |\n' },
    expected: /docs\/threat-model\.md:3: no test is named after attack 4/,
  },
  {
    rule: 'T34',
    title: 'a test of a rule that is not written',
    files: { 'core/test/a.test.ts': tested("test('[P9] works', () => {});\n") },
    expected: /rule P9 is written in no SPEC\.md/,
  },
  {
    rule: 'T34',
    title: 'a test without a rule',
    files: { 'core/test/a.test.ts': tested("test('works', () => {});\n") },
    expected: /must begin with its rule/,
  },
  {
    rule: 'T34',
    title: 'a rule written twice',
    files: {
      'core/SPEC.md': RULE,
      'server/SPEC.md': RULE,
      'core/test/a.test.ts': tested("test('[P1] works', () => {});\n"),
    },
    expected: /server\/SPEC\.md:3: rule P1 is written in core\/SPEC\.md:3 already/,
  },
  {
    rule: 'T34',
    title: 'a test file without a test',
    files: { 'core/test/a.test.ts': tested('') },
    expected: /core\/test\/a\.test\.ts: holds no test/,
  },
  {
    rule: 'T35',
    title: 'a link to a file that is not there',
    files: { 'README.md': 'See [the guide](docs/guide.md).\n' },
    expected: /README\.md:1: docs\/guide\.md leads nowhere/,
  },
  {
    rule: 'T35',
    title: 'a picture that is not there',
    files: { 'README.md': '<img src="docs/desk.png" alt="desk">\n' },
    expected: /docs\/desk\.png leads nowhere/,
  },
  {
    rule: 'T35',
    title: 'a link to a heading that is not there',
    files: { 'README.md': '# One thing\n\n[good](#one-thing) [bad](#another)\n' },
    expected: /README\.md has no heading #another/,
  },
  {
    rule: 'T36',
    title: 'a version that may drift',
    files: {
      'core/package.json': JSON.stringify({
        exports: './src/index.ts',
        dependencies: { x: '^1.0.0' },
      }),
      'package-lock.json': JSON.stringify({
        packages: {
          core: { dependencies: { x: '^1.0.0' } },
          exchange: { dependencies: { '@kontor/core': '0.1.0' } },
          server: {
            dependencies: {
              '@kontor/core': '0.1.0',
              '@kontor/signer': '0.1.0',
              fastify: '5.12.8',
            },
          },
          cli: { dependencies: { '@kontor/signer': '0.1.0' } },
        },
      }),
    },
    expected: /core\/package\.json: x must be pinned to one version, found \^1\.0\.0/,
  },
  {
    rule: 'T36',
    title: 'install scripts are on',
    files: { '.npmrc': 'fund=false\n' },
    expected: /\.npmrc: must say ignore-scripts=true/,
  },
];

for (const { rule, title, files, expected } of CASES) {
  test(`[${rule}] found: ${title}`, (t) => {
    const { problems } = checkTidy(plantTree(t, files));
    assert.equal(problems.length, 1, problems.join('\n'));
    assert.match(problems[0] ?? '', expected);
  });
}

test('[T36] found: a lock without a hash, with an address, or behind a package.json', (t) => {
  const { problems } = checkTidy(
    plantTree(t, {
      'package-lock.json': lockOf({ resolved: 'https://x.example/x.tgz', license: 'MIT' }),
    }),
  );
  for (const expected of [
    /node_modules\/x carries a download address/,
    /node_modules\/x has no hash/,
    /the dependencies of server\/package\.json differ/,
  ]) {
    assert.ok(
      problems.some((problem) => expected.test(problem)),
      String(expected),
    );
  }
});

test('[T37] found: a licence that is not in the list, of what runs, not of tools', (t) => {
  const licences = (lock: string, files: Record<string, string> = {}): string[] =>
    checkTidy(plantTree(t, { 'package-lock.json': lock, ...files })).problems.filter((problem) =>
      problem.includes('licence'),
    );
  assert.equal(licences(lockOf({ integrity: 'x', license: 'AGPL-3.0' })).length, 1);
  assert.equal(licences(lockOf({ integrity: 'x' })).length, 1);
  assert.equal(licences(lockOf({ integrity: 'x', license: '(MIT OR AGPL-3.0)' })).length, 0);
  assert.equal(licences(lockOf({ integrity: 'x', license: 'MIT AND AGPL-3.0' })).length, 1);
  assert.equal(licences(lockOf({ integrity: 'x', license: 'AGPL-3.0', dev: true })).length, 0);
  assert.equal(
    licences(lockOf({ integrity: 'x', license: 'MIT' }), {
      'node_modules/x/package.json': JSON.stringify({ license: 'AGPL-3.0' }),
    }).length,
    1,
    'the installed package says otherwise than the lock',
  );
});

test('[T32] names of ours that look like a clock are none', (t) => {
  const { problems } = checkTidy(
    plantTree(
      t,
      used(`
// Date.now() in a comment
export const text = 'new Date()';
export interface Row { process: string; readonly fetch?: number }
export const row = (value: Row): string => value.process + [3].at(-1)?.toString() + Math.floor(1);
`),
    ),
  );
  assert.deepEqual(problems, []);
});

test('[T38] a secret opened within what is logged is reported, and nowhere else', (t) => {
  const plant = (line: string): readonly string[] =>
    checkTidy(
      plantTree(t, {
        'server/src/index.ts': `${HEAD}export const work = (logger, secret) => {\n  ${line}\n};\n`,
      }),
    ).problems.filter((problem) => problem.includes('opened'));
  for (const line of [
    "logger.info({ token: secret.reveal() }, 'ready');",
    'console.error(`${secret.reveal()}`);',
    'this.log(text(secret.reveal()));',
  ])
    assert.deepEqual(plant(line), [
      'server/src/index.ts:5: a secret is opened within what is logged',
    ]);
  for (const line of [
    "logger.info({ token: secret }, 'ready'); send(secret.reveal());",
    'return secret.reveal();',
  ])
    assert.deepEqual(plant(line), []);
});

test('[T33] a file that is started by its path is used', (t) => {
  const { problems } = checkTidy(
    plantTree(t, {
      'core/src/index.ts': `${HEAD}export const workers = [new URL('./worker.ts', import.meta.url), new URL('inner/worker.ts', import.meta.url)];\n`,
      'core/src/worker.ts': HEAD,
      'core/src/inner/worker.ts': HEAD,
      'core/test/preload.ts': HEAD,
      'core/test/start.ts': `${HEAD}export const preload = join(import.meta.dirname, 'preload.ts');\n`,
      'core/test/a.test.ts': tested("import './start.ts';\ntest('[P1] works', () => {});\n"),
      'core/SPEC.md': RULE,
    }),
  );
  assert.deepEqual(problems, []);
});

test('[T34] rules are found in tables of tests, and several may share a test', (t) => {
  const { problems } = checkTidy(
    plantTree(t, {
      'core/SPEC.md': '- **P1.** One.\n- **P2** Two.\n\n| P3 | three |\n\n## P4. Four\n',
      'core/test/a.test.ts': tested(
        "test('[P1][P2] both', () => {});\nfor (const rule of ['P3', 'P4']) test(`[${rule}] it`, () => {});\n",
      ),
    }),
  );
  assert.deepEqual(problems, []);
});

test('[T30][T31][T33][T35] the whole of this repository is looked at', () => {
  const report = checkTidy(fileURLToPath(new URL('..', import.meta.url)));
  assert.ok(report.files > 100, `saw ${report.files} files`);
  assert.match(report.summary, /[1-9]\d* rules, [1-9]\d* tests by name, [1-9]\d* runtime packages/);
});
