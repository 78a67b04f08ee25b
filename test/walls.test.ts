// SPDX-License-Identifier: Apache-2.0
// The walls around the processes of a running desk: what stands, and what another program of the same user can reach.

import { strict as assert } from 'node:assert';
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { getuid } from 'node:process';
import { createInterface } from 'node:readline';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import type { WalledDesk } from './walled-desk.ts';

const NOT_LINUX = process.platform === 'linux' ? false : 'Linux only';
const DESK = fileURLToPath(new URL('walled-desk.ts', import.meta.url));
/** Root without any of its rights: to the kernel a user like others. */
const WITHOUT_RIGHTS = ['setpriv', '--bounding-set=-all', '--inh-caps=-all'] as const;
/** Of /proc/PID/status. */
const NO_NEW_PRIVILEGES = /^NoNewPrivs:\t1$/m;
const FILTERED = /^Seccomp:\t2$/m;

test(
  '[T150] attacks 24 and 25: server, signer, egress and what started them stand behind walls, and no program of the same user reads their memory',
  { skip: NOT_LINUX },
  async (t) => {
    const [program, ...given] = [
      ...(getuid?.() === 0 ? WITHOUT_RIGHTS : []),
      process.execPath,
      '--disable-warning=ExperimentalWarning',
      DESK,
    ];
    const folder = mkdtempSync(join(tmpdir(), 'kontor-walls-'));
    t.after(() => rmSync(folder, { recursive: true, force: true }));
    const [evil, told] = [join(folder, 'evil.cjs'), join(folder, 'told')];
    writeFileSync(
      evil,
      `require('node:fs').appendFileSync(${JSON.stringify(told)}, process.argv.join(' ') + '\\n');`,
    );
    const child = spawn(program ?? '', given, {
      stdio: ['ignore', 'pipe', 'inherit'],
      env: { ...process.env, NODE_OPTIONS: `--require ${evil}` },
    });
    const ended = once(child, 'exit');
    // It ends by itself, when all that it started has ended.
    t.after(() => ended);
    const [line] = await Promise.race([
      once(createInterface({ input: child.stdout }), 'line'),
      ended.then(() => ['']),
    ]);
    assert.ok(typeof line === 'string' && line !== '', 'the desk said nothing');
    const desk = JSON.parse(line) as WalledDesk;
    assert.deepEqual(desk.bare, ['mem', 'environ', 'maps'], 'the check can fail');
    const hasLandlock = desk.processes.every(({ hardening }) =>
      hardening?.walls.every(({ name, isUp }) => name !== 'landlock' || isUp),
    );
    assert.deepEqual(desk.processes.map(({ name }) => name).toSorted(), [
      'egress',
      'server',
      'signer',
    ]);
    for (const { name, hardening, status, opened } of desk.processes) {
      t.diagnostic(`${name}: level ${hardening?.level ?? '?'}`);
      assert.equal(hardening?.level, hasLandlock ? 4 : 3, name);
      assert.match(status, NO_NEW_PRIVILEGES, name);
      assert.match(status, FILTERED, name);
      assert.deepEqual(opened, [], name);
    }
    const injected = readFileSync(told, 'utf8');
    assert.ok(injected.includes('walled-desk.ts'), 'the check can fail');
    assert.doesNotMatch(injected, /launch\.ts|(?:server|egress|signer)\/src\/main\.ts/);
    assert.deepEqual(desk.supervisor, []);
    assert.deepEqual(desk.replaced, []);
  },
);
