// SPDX-License-Identifier: Apache-2.0
// A small repository in a temporary folder, clean by itself, into which tests plant what a tool must find.

import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import type { TestContext } from 'node:test';

const PACKAGES = [
  'core',
  'tlog',
  'signer',
  'egress',
  'exchange',
  'simulator',
  'server',
  'web',
  'cli',
];

/** Declared dependencies of the planted packages; the rest has none. */
const DEPENDENCIES: Readonly<Record<string, Record<string, string>>> = {
  exchange: { '@kontor/core': '0.1.0' },
  server: { '@kontor/core': '0.1.0', '@kontor/signer': '0.1.0', fastify: '5.12.8' },
  cli: { '@kontor/signer': '0.1.0' },
};

export const HEAD = '// SPDX-License-Identifier: Apache-2.0\n// Planted.\n\n';

export function plantTree(t: TestContext, files: Readonly<Record<string, string>>): string {
  const root = fs.mkdtempSync(path.join(os.tmpdir(), 'kontor-planted-'));
  t.after(() => fs.rmSync(root, { recursive: true, force: true }));
  const lock: Record<string, unknown> = {
    '': { name: 'planted', version: '0.1.0' },
    'node_modules/fastify': { version: '5.12.8', integrity: 'sha512-x', license: 'MIT' },
  };
  const all: Record<string, string> = {
    'package.json': JSON.stringify({
      name: 'planted',
      version: '0.1.0',
      type: 'module',
      workspaces: PACKAGES,
    }),
    '.gitignore': 'node_modules/\n',
    '.npmrc': 'ignore-scripts=true\n',
  };
  for (const name of PACKAGES) {
    const dependencies = DEPENDENCIES[name] ?? {};
    all[`${name}/package.json`] = JSON.stringify({
      name: `@kontor/${name}`,
      type: 'module',
      exports: { '.': './src/index.ts', './main': './src/main.ts' },
      dependencies,
    });
    all[`${name}/src/index.ts`] = `${HEAD}export const name = '${name}';\n`;
    lock[name] = { name: `@kontor/${name}`, dependencies };
  }
  all['package-lock.json'] = JSON.stringify({ lockfileVersion: 3, packages: lock });
  for (const [file, text] of Object.entries({ ...all, ...files })) {
    fs.mkdirSync(path.dirname(path.join(root, file)), { recursive: true });
    fs.writeFileSync(path.join(root, file), text);
  }
  return root;
}
