// SPDX-License-Identifier: Apache-2.0
// What stands behind `npm start` and `npm test`: checks the Node at hand, sets the folder up where needed, then
// runs the wanted program on Kontor's own Node.

const NODE_MAJOR_MIN = 20;

if (!(Number.parseInt(process.versions.node, 10) >= NODE_MAJOR_MIN)) {
  process.stderr.write(
    `Kontor needs Node ${NODE_MAJOR_MIN} or newer to set itself up, found ${process.versions.node}. It then runs on a Node of its own.\n`,
  );
  process.exit(1);
}

const { fileURLToPath } = await import('node:url');
const { prepare, runAs, SetupError } = await import('./setup.mjs');

/** @typedef {{ scope: 'runtime' | 'all', web: boolean, program: string[], keepsFolder?: boolean }} Task */

/** @type {Record<string, Task>} */
const TASKS = {
  start: { scope: 'runtime', web: true, program: ['cli/src/main.ts', 'start'], keepsFolder: true },
  kontor: { scope: 'runtime', web: true, program: ['cli/src/main.ts'], keepsFolder: true },
  test: { scope: 'all', web: true, program: ['tools/test.ts'] },
  'test:long': { scope: 'all', web: true, program: ['tools/test.ts', '--long'] },
  check: { scope: 'all', web: false, program: ['tools/check.ts'] },
  bench: { scope: 'all', web: false, program: ['bench/main.ts'] },
  format: {
    scope: 'all',
    web: false,
    program: ['node_modules/prettier/bin/prettier.cjs', '--write', '.'],
  },
};

const root = fileURLToPath(new URL('..', import.meta.url)).replace(/[/\\]$/, '');
const [name = '', ...args] = process.argv.slice(2);
const task = Object.hasOwn(TASKS, name) ? TASKS[name] : undefined;

if (task === undefined) {
  process.stderr.write(
    `Expected one of ${Object.keys(TASKS).join(', ')}, found ${name === '' ? 'nothing' : name}.\n`,
  );
  process.exit(2);
}

try {
  const node = await prepare({ root, scope: task.scope, web: task.web });
  const [script = '', ...fixed] = task.program;
  await runAs({
    command: node,
    args: [`${root}/${script}`, ...fixed, ...args],
    cwd: task.keepsFolder === true ? process.cwd() : root,
    // Compiled code is kept for the next command: half of what a short one takes.
    env: { NODE_COMPILE_CACHE: `${root}/.build/code-cache/${name}`, ...process.env },
  });
} catch (error) {
  if (!(error instanceof SetupError)) throw error;
  process.stderr.write(`${error.message}\n`);
  process.exit(1);
}
