// SPDX-License-Identifier: Apache-2.0
// The walls around processes with network: what the server and egress may not do, whoever speaks in them.

import { strict as assert } from 'node:assert';
import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { fileURLToPath } from 'node:url';
import { ARCHITECTURE } from '../src/hardening/native.ts';
import { keptEnvironment, networkedArguments } from '../src/hardening/plan.ts';
import { program } from '../src/hardening/seccomp.ts';
import { NETWORKED_WALLS, type Hardening } from '../src/hardening/walls.ts';
import { SIGNER_MAIN, temporaryDirectory } from './fixture.ts';

const PROBE = fileURLToPath(new URL('networked-probe.ts', import.meta.url));
const SOURCES = dirname(SIGNER_MAIN);
const QUIET = '--disable-warning=ExperimentalWarning';
const NOT_LINUX = ARCHITECTURE === null ? 'Linux on x86-64 or arm64 only' : false;

interface Probed {
  readonly child: ChildProcess;
  readonly hardening: Hardening | null;
  readonly outcomes: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string>>;
  readonly parent: string;
}

async function probe(
  t: TestContext,
  options: { readonly mayListen?: boolean; readonly env?: NodeJS.ProcessEnv } = {},
): Promise<Probed> {
  const parent = temporaryDirectory(t);
  const own = join(parent, 'own');
  const forbidden = join(parent, 'signer');
  mkdirSync(forbidden, { recursive: true, mode: 0o700 });
  writeFileSync(join(forbidden, 'unlock'), 'what opens the vault', { mode: 0o600 });
  const env = options.env ?? {};
  const given = networkedArguments(
    {
      main: PROBE,
      reads: [
        SOURCES,
        ...['package.json', '../package.json', '../tlog'].map((name) => join(SOURCES, '..', name)),
      ],
      writes: [own],
      mayListen: options.mayListen ?? false,
      environment: env,
      variables: { TMPDIR: own },
      inherited: [],
      channel: null,
    },
    [own, forbidden],
    [QUIET],
  );
  const child = spawn(process.execPath, given, {
    cwd: parent,
    stdio: ['pipe', 'pipe', 'pipe'],
    env: keptEnvironment(env),
  });
  t.after(() => child.kill('SIGKILL'));
  let stderr = '';
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
  const [line] = await Promise.race([
    once(createInterface({ input: child.stdout }), 'line'),
    once(child, 'exit').then(() => ['']),
  ]);
  assert.ok(typeof line === 'string' && line !== '', `the probe said nothing but: ${stderr}`);
  return { child, parent, ...(JSON.parse(line) as Omit<Probed, 'child' | 'parent'>) };
}

function isUp({ hardening }: Probed, name: string): boolean {
  return hardening?.walls.find((wall) => wall.name === name)?.isUp === true;
}

test(
  '[S76] attack 29: code of a stranger in server or egress reads, writes and starts nothing but what its start names',
  { skip: NOT_LINUX },
  async (t) => {
    const probed = await probe(t);
    t.diagnostic(JSON.stringify(probed.hardening));
    assert.deepEqual(
      probed.hardening?.walls.map(({ name }) => name),
      NETWORKED_WALLS,
    );
    const { ownFolder, connect, worker, listen, ...refused } = probed.outcomes;
    assert.equal(ownFolder, 'done');
    assert.equal(connect, 'ECONNREFUSED', 'it may dial');
    assert.equal(worker, 'done');
    if (!isUp(probed, 'landlock')) return t.skip('no Landlock here');
    assert.equal(probed.hardening?.level, isUp(probed, 'seccomp') ? 4 : 3);
    assert.notEqual(listen, 'done');
    for (const [name, outcome] of Object.entries(refused))
      assert.match(outcome, /^(EACCES|EPERM|EXDEV|thrown)$/, name);
    assert.deepEqual(readdirSync(join(probed.parent, 'signer')), ['unlock']);
  },
);

test(
  '[S76] one that is to listen can, and is refused the rest alike',
  { skip: NOT_LINUX },
  async (t) => {
    const probed = await probe(t, { mayListen: true });
    assert.equal(probed.outcomes['listen'], 'done');
    if (!isUp(probed, 'landlock')) return t.skip('no Landlock here');
    assert.notEqual(probed.outcomes['readForbidden'], 'done');
    assert.notEqual(probed.outcomes['spawnNode'], 'done');
  },
);

test(
  '[S76] attack 24: what the environment says changes nothing in them',
  { skip: NOT_LINUX },
  async (t) => {
    const parent = temporaryDirectory(t);
    mkdirSync(parent, { recursive: true });
    const evil = join(parent, 'evil.cjs');
    writeFileSync(evil, `require('node:fs').writeFileSync(${JSON.stringify(`${evil}.ran`)}, 'x');`);
    const env = {
      NODE_OPTIONS: `--require ${evil}`,
      LD_PRELOAD: '/nowhere.so',
      TZ: 'UTC',
      HOME: '/',
    };
    const probed = await probe(t, { env });
    assert.deepEqual(probed.environment, { TZ: 'UTC', TMPDIR: join(probed.parent, 'own') });
    assert.ok(!readdirSync(parent).includes('evil.cjs.ran'));
    // The check can fail: without the launcher the module runs.
    spawnSync(process.execPath, ['-e', '0'], { env });
    assert.ok(readdirSync(parent).includes('evil.cjs.ran'));
  },
);

test('[S76] a crash of one leaves no core', { skip: NOT_LINUX }, async (t) => {
  for (const signal of ['SIGSEGV', 'SIGABRT'] as const) {
    const probed = await probe(t);
    probed.child.kill(signal);
    const [, ended] = await once(probed.child, 'exit');
    assert.equal(ended, signal);
    assert.deepEqual(readdirSync(probed.parent).toSorted(), ['own', 'signer']);
  }
});

test(
  '[S75] the filter of a process with network leaves sockets alone and refuses the rest',
  { skip: NOT_LINUX },
  () => {
    const made = ARCHITECTURE ?? assert.fail('no processor is known');
    const [closed, open] = [program(made, false), program(made, true)];
    const refused = (filter: Buffer): Set<number> => {
      const numbers = new Set<number>();
      for (let at = 0; at < filter.length; at += 8)
        if (filter.readUInt16LE(at) === 0x15) numbers.add(filter.readUInt32LE(at + 4));
      return numbers;
    };
    const network = [
      'socket',
      'socketpair',
      'connect',
      'bind',
      'listen',
      'accept',
      'accept4',
    ] as const;
    assert.deepEqual(
      new Set([...refused(open), ...network.map((name) => made.calls[name])]),
      refused(closed),
    );
    for (const name of network) assert.ok(!refused(open).has(made.calls[name] ?? -1), name);
    for (const name of ['execve', 'ptrace', 'process_vm_readv', 'bpf'] as const)
      assert.ok(refused(open).has(made.calls[name] ?? -1), name);
  },
);

test('[S77] the running signer has no code that reads or writes backups, patterns or age files', (t) => {
  const { files, lines } = closure(SIGNER_MAIN);
  const tool = closure(join(SOURCES, 'tool', 'main.ts'));
  assert.deepEqual(
    files.filter((path) => path.startsWith(join(SOURCES, 'tool'))),
    [],
  );
  assert.ok(tool.files.includes(join(SOURCES, 'tool', 'backup.ts')), 'the check can fail');
  t.diagnostic(
    `the signer is ${files.length} files of ${lines} lines, the tool ${tool.files.length} of ${tool.lines}`,
  );
});

/** A file with all that it imports of this package, type-only imports left out. */
function closure(main: string): { readonly files: readonly string[]; readonly lines: number } {
  const files = new Set<string>();
  const waiting = [main];
  let lines = 0;
  for (let path = waiting.pop(); path !== undefined; path = waiting.pop()) {
    if (files.has(path)) continue;
    files.add(path);
    const text = readFileSync(path, 'utf8');
    lines += text.split('\n').length - 1;
    for (const [, isType, from = ''] of text.matchAll(
      /^(?:import|export) (type )?[^;]*?from '(\.[^']+)';/gms,
    )) {
      if (isType === undefined) waiting.push(join(dirname(path), from));
    }
  }
  return { files: [...files], lines };
}
