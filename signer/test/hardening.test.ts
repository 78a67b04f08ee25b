// SPDX-License-Identifier: Apache-2.0
// The walls around the signer: which stand is told truly, and what stands holds.

import { strict as assert } from 'node:assert';
import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { chmodSync, chownSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname } from 'node:path';
import { getuid } from 'node:process';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { ARCHITECTURE } from '../src/hardening/native.ts';
import { confinedArguments, signerArguments } from '../src/hardening/plan.ts';
import { program } from '../src/hardening/seccomp.ts';
import { hardeningOf, WALLS, type Hardening, type WallName } from '../src/hardening/walls.ts';
import { temporaryDirectory } from './fixture.ts';
import { PROBE, probeStart } from './hardening-start.ts';

const QUIET = '--disable-warning=ExperimentalWarning';
const NOBODY = 65_534;
const NOT_LINUX = ARCHITECTURE === null ? 'Linux on x86-64 or arm64 only' : false;

interface Probed {
  readonly child: ChildProcess;
  readonly hardening: Hardening;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly directory: string;
}

interface ProbeOptions {
  readonly given?: (directory: string) => readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  readonly uid?: number;
}

async function probe(t: TestContext, options: ProbeOptions = {}): Promise<Probed> {
  const directory = temporaryDirectory(t);
  mkdirSync(directory, { mode: 0o700 });
  const { uid } = options;
  if (uid !== undefined) {
    chmodSync(dirname(directory), 0o755);
    chownSync(directory, uid, uid);
  }
  const given =
    options.given?.(directory) ??
    signerArguments(probeStart(directory), [directory], [QUIET], PROBE);
  const child = spawn(process.execPath, given, {
    // Where a core would be written.
    cwd: directory,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: options.env ?? {},
    ...(uid === undefined ? {} : { uid, gid: uid }),
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => ['']),
  ]);
  assert.ok(typeof line === 'string' && line !== '', `the probe said nothing but: ${stderr}`);
  return { child, directory, ...(JSON.parse(line) as Omit<Probed, 'child' | 'directory'>) };
}

function isUp({ hardening }: Probed, name: WallName): boolean {
  const wall = hardening.walls.find((each) => each.name === name);
  assert.ok(wall);
  assert.equal(wall.isUp, wall.reason === '', `${name}: ${wall.reason}`);
  return wall.isUp;
}

test(
  '[S70] attacks 27, 28 and 29: behind the launcher the walls of Node stand on every Linux',
  { skip: NOT_LINUX },
  async (t) => {
    const probed = await probe(t);
    t.diagnostic(JSON.stringify(probed.hardening));
    for (const name of [
      'environment',
      'permissions',
      'noNewPrivileges',
      'noCoreDump',
      'notDumpable',
      'nativeCallsDropped',
    ] as const)
      assert.ok(isUp(probed, name), name);
    const { ownDirectory, ...forbidden } = probed.outcomes;
    assert.equal(ownDirectory, 'done');
    const { sqliteFile, ...byNode } = forbidden;
    for (const [name, outcome] of Object.entries(byNode)) {
      if (name === 'signalParent' && !isUp(probed, 'seccomp') && !isUp(probed, 'landlock'))
        continue;
      assert.notEqual(outcome, 'done', name);
    }
    // The permission model does not know of SQLite: only Landlock does.
    if (isUp(probed, 'landlock')) assert.match(sqliteFile ?? '', /unable to open database file/);
    else t.diagnostic('no Landlock here: a file written through SQLite was not stopped');
    assert.deepEqual(
      readdirSync(dirname(probed.directory)).filter((name) => name.includes('outside')),
      isUp(probed, 'landlock') ? [] : ['data-outside.db'],
    );
    assert.equal(
      probed.hardening.level,
      isUp(probed, 'landlock') && isUp(probed, 'seccomp') ? 4 : 3,
    );
  },
);

test(
  '[S71] attack 24: what the environment says reaches no signer',
  { skip: NOT_LINUX },
  async (t) => {
    const probed = await probe(t, {
      env: {
        PATH: '/bin',
        SECRET: 'x',
        LD_LIBRARY_PATH: '/nowhere',
        NODE_EXTRA_CA_CERTS: '/nowhere',
      },
    });
    assert.deepEqual(probed.environment, {});
  },
);

test(
  '[S72] attack 25: a program of the same user cannot read its memory',
  { skip: NOT_LINUX },
  async (t) => {
    const isRoot = getuid?.() === 0;
    if (isRoot && !isOpenToOthers()) {
      t.skip('run as root from a folder that other users cannot enter');
      return;
    }
    const probed = await probe(t, isRoot ? { uid: NOBODY } : {});
    const { pid } = probed.child;
    assert.ok(pid !== undefined);
    const opened = async (target: string): Promise<string> => {
      const reader = spawn(
        process.execPath,
        [
          '-e',
          'try { fs.openSync(process.argv[1]); console.log("opened"); } catch ({ code }) { console.log(code); }',
          target,
        ],
        {
          stdio: ['ignore', 'pipe', 'ignore'],
          env: {},
          ...(isRoot ? { uid: NOBODY, gid: NOBODY } : {}),
        },
      );
      const [line] = await once(createInterface({ input: reader.stdout }), 'line');
      return String(line);
    };
    for (const name of ['mem', 'environ', 'maps'])
      assert.equal(await opened(`/proc/${pid}/${name}`), 'EACCES', name);
    // The check can fail: the memory of a process without the wall opens.
    assert.equal(await opened('/proc/self/mem'), 'opened');
  },
);

test('[S73] attack 26: a crash leaves no core', { skip: NOT_LINUX }, async (t) => {
  for (const signal of ['SIGSEGV', 'SIGABRT'] as const) {
    const probed = await probe(t);
    probed.child.kill(signal);
    const [, ended] = await once(probed.child, 'exit');
    assert.equal(ended, signal);
    assert.deepEqual(readdirSync(probed.directory), []);
  }
});

test('[S74] what is missing is said, and lowers the level', async (t) => {
  const bare = await probe(t, {
    given: (directory) => [QUIET, PROBE, directory],
    env: { PATH: '/bin' },
  });
  assert.equal(bare.hardening.level, 1);
  assert.ok(!isUp(bare, 'environment') && !isUp(bare, 'permissions') && !isUp(bare, 'landlock'));
  const confined = await probe(t, {
    given: (directory) => confinedArguments(probeStart(directory), [directory], [], PROBE),
  });
  assert.equal(confined.hardening.level, 2);
  assert.ok(isUp(confined, 'permissions'));
  assert.ok(!isUp(confined, 'landlock'));
  const withoutNative = await probe(t, {
    given: (directory) =>
      confinedArguments(probeStart(directory), [directory], [], PROBE).filter(
        (flag) => flag !== '--allow-ffi',
      ),
  });
  assert.equal(withoutNative.hardening.level, 2);
  assert.ok(!isUp(withoutNative, 'seccomp') && !isUp(withoutNative, 'notDumpable'));
});

test('[S74] a level needs every wall of it and of those below', () => {
  assert.equal(hardeningOf(new Map()).level, 4);
  const expected: Readonly<Record<WallName, number>> = {
    environment: 1,
    permissions: 1,
    noNewPrivileges: 2,
    noCoreDump: 2,
    notDumpable: 2,
    landlock: 3,
    seccomp: 3,
    nativeCallsDropped: 3,
  };
  for (const name of WALLS) {
    const { level, walls } = hardeningOf(new Map([[name, 'why']]));
    assert.equal(level, expected[name], name);
    assert.deepEqual(
      walls.filter((wall) => !wall.isUp),
      [{ name, isUp: false, reason: 'why' }],
    );
  }
});

/** Runs a filter as the kernel would; the numbers are those of linux/filter.h. */
function run(filter: Buffer, audit: number, number: number, firstArgument: number): number {
  let accumulator = 0;
  for (let at = 0; ; at += 1) {
    const code = filter.readUInt16LE(at * 8);
    const ifTrue = filter.readUInt8(at * 8 + 2);
    const ifFalse = filter.readUInt8(at * 8 + 3);
    const operand = filter.readUInt32LE(at * 8 + 4);
    if (code === 0x06) return operand;
    if (code === 0x20) accumulator = operand === 0 ? number : operand === 4 ? audit : firstArgument;
    else if (code === 0x15) at += accumulator === operand ? ifTrue : ifFalse;
    else if (code === 0x35) at += accumulator >= operand ? ifTrue : ifFalse;
    else if (code === 0x45) at += (accumulator & operand) !== 0 ? ifTrue : ifFalse;
    else assert.fail(`instruction ${code}`);
  }
}

test(
  '[S75] the filter refuses exactly the calls it names, and every call of another processor',
  { skip: NOT_LINUX },
  () => {
    const made = ARCHITECTURE ?? assert.fail('no processor is known');
    const filter = program(made, false);
    const { clone, clone3, openat, seccomp, ...denied } = made.calls;
    const refused = new Set(Object.values(denied));
    const [ALLOW, EPERM, ENOSYS, KILL] = [0x7fff0000, 0x00050001, 0x00050026, 0x80000000];
    for (let number = 0; number < 600; number += 1) {
      if (number === clone || number === clone3) continue;
      assert.equal(
        run(filter, made.audit, number, 0),
        refused.has(number) ? EPERM : ALLOW,
        String(number),
      );
      assert.equal(run(filter, made.audit + 1, number, 0), KILL);
    }
    assert.ok(clone !== null && clone3 !== null && openat !== null && seccomp !== null);
    assert.equal(run(filter, made.audit, clone3, 0), ENOSYS);
    assert.equal(run(filter, made.audit, clone, 0x11), EPERM);
    // CLONE_VM | CLONE_FS | CLONE_FILES | CLONE_SIGHAND | CLONE_THREAD | …, as pthread_create has it.
    assert.equal(run(filter, made.audit, clone, 0x3d0f00), ALLOW);
    assert.equal(run(filter, made.audit, 0x40000000 + 41, 0), EPERM);
  },
);

/** Whether another user could run this repository's files. */
function isOpenToOthers(): boolean {
  for (let folder = dirname(PROBE); folder !== '/'; folder = dirname(folder)) {
    if ((statSync(folder).mode & 0o005) !== 0o005) return false;
  }
  return true;
}
