// SPDX-License-Identifier: Apache-2.0
// What the command does around the walls: terminal, swap, the key between two signers, and single processes.

import assert from 'node:assert/strict';
import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import fc from 'fast-check';
import {
  forgetCarriedKey,
  isCarrying,
  moveCarriedKey,
  openCarriedKey,
} from '../src/carried-key.ts';
import { holderOf, lockFolder } from '../src/folder-lock.ts';
import { connectLink, linkPath, listenForLinks } from '../src/link-sockets.ts';
import { printable, printableLines } from '../src/printable.ts';
import { swapsOnDisk } from '../src/swap.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const WAIT_MS_MAX = 30_000;
/** A user and a group without rights on every system. */
const NOBODY = 65_534;

function scratch(t: TestContext): string {
  const directory = mkdtempSync(join(tmpdir(), 'kontor-walls-'));
  t.after(() => rmSync(directory, { recursive: true, force: true }));
  return directory;
}

test('[C141] attack 53: line ends, escapes and turned text are written out, and the rest is left as it is', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['plain text, äöü €', 'plain text, äöü €'],
    ['\u001b[2J\u001b[1;31mred', String.raw`\x1b[2J\x1b[1;31mred`],
    ['a\r\nb\u0000', String.raw`a\x0d\x0ab\x00`],
    ['\u009b31m', String.raw`\x9b31m`],
    ['\u202egnp.exe', String.raw`\u202egnp.exe`],
    ['{"a":"\u2028"}', String.raw`{"a":"\u2028"}`],
  ];
  for (const [given, expected] of cases) assert.equal(printable(given), expected);
  assert.equal(printableLines('a\nb\u001b[2J\r\nc'), 'a\nb\\x1b[2J\\x0d\nc');
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      assert.doesNotMatch(printable(text), /[\p{Cc}\u202a-\u202e\u2066-\u2069]/u);
    }),
    { seed: 53 },
  );
});

test('[C140] attack 30: a host that swaps to a disk is named, one that swaps into memory is not', () => {
  const head = 'Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n';
  assert.deepEqual(swapsOnDisk(head), []);
  assert.deepEqual(swapsOnDisk(`${head}/dev/zram0 partition 8388604 0 100\n`), []);
  assert.deepEqual(
    swapsOnDisk(
      `${head}/dev/zram0 partition 8 0 100\n/dev/sda2 partition 8 0 -2\n/swapfile file 8 0 -3\n`,
    ),
    ['/dev/sda2', '/swapfile'],
  );
});

test('[C142] a key waits in a place of its own and moves once', (t) => {
  const [from, to] = [openCarriedKey(), openCarriedKey()];
  if (from === null || to === null) return t.skip('no memory file system here');
  assert.equal(isCarrying(from), false);
  const descriptor = (fd: number): string => `/proc/self/fd/${fd}`;
  writeFileSync(descriptor(from), Buffer.alloc(32, 5), { flag: 'r+' });
  assert.equal(isCarrying(from), true);
  assert.equal(isCarrying(to), false);
  moveCarriedKey(from, to);
  assert.deepEqual(readFileSync(descriptor(to)), Buffer.alloc(32, 5));
  forgetCarriedKey(to);
});

test('[C143] what arrives on a link before anybody took it is not lost, and a stale socket is replaced', async (t) => {
  const links = scratch(t);
  mkdirSync(join(links, 'signer-server'));
  const path = linkPath(links, 'signer-server');
  // A process that died left its socket.
  const dead = createServer().listen(path);
  await once(dead, 'listening');
  const heard: string[] = [];
  const abort = new AbortController();
  const early = connectLink(join(links, 'nobody'), abort.signal);
  const server = await listenForLinks(path, (end) => {
    end.on('error', () => undefined);
    end.write('hello');
    end.on('data', (bytes: Buffer) => heard.push(bytes.toString('utf8')));
    end.resume();
  });
  t.after(() => server.close());
  t.after(() => dead.close());
  const end = await connectLink(path, abort.signal);
  assert.ok(end !== null);
  end.write('first');
  while (heard.length === 0) await delay(5);
  assert.deepEqual(heard, ['first']);
  const [bytes] = await once(end.resume(), 'data');
  assert.equal(String(bytes), 'hello');
  end.destroy();
  abort.abort();
  assert.equal(await early, null, 'waiting ends when it is told to');
});

test('[C143] a process that ends with 3 has said why, and is not started again', async (t) => {
  const root = scratch(t);
  for (const link of ['signer-server', 'signer-egress']) {
    mkdirSync(join(root, link));
    const server = await listenForLinks(join(root, link, 'link'), (end) => end.resume());
    t.after(() => server.close());
  }
  mkdirSync(join(root, 'signer'), { mode: 0o700 });
  writeFileSync(join(root, 'signer', 'policy'), 'no policy at all', { mode: 0o600 });
  const child = spawn(process.execPath, [MAIN, 'run', 'signer', '--data', root, '--links', root], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: WAIT_MS_MAX,
  });
  let said = '';
  child.stderr.on('data', (text: Buffer) => (said += text.toString('utf8')));
  const [code] = await once(child, 'close');
  assert.equal(code, 3, said);
  assert.match(said, /policy:1:1: expected policy\/v1/);
});

test('[C180] a process that cannot have what another holds says who holds it at once, and ends with 2', (t) => {
  const data = scratch(t);
  const run = (...given: readonly string[]): { code: number | null; err: string } => {
    const { status, stderr } = spawnSync(
      process.execPath,
      [MAIN, 'run', ...given, '--data', data, '--links', join(data, 'links')],
      { encoding: 'utf8', timeout: WAIT_MS_MAX, input: '' },
    );
    return { code: status, err: stderr };
  };
  const config = join(data, 'config.json');
  writeFileSync(config, '{}');
  const missing = run('signer');
  assert.equal(missing.code, 2, missing.err);
  assert.match(
    missing.err,
    /^error: --links: expected the folder .*signer-server.*kontor start\n$/s,
  );
  const held = (folder: string, command: string): { readonly release: () => void } => {
    mkdirSync(join(data, folder), { recursive: true });
    return lockFolder(join(data, folder), command);
  };
  const desk = ['run', 'signer'].map((folder) => held(folder, 'kontor start'));
  for (const given of [
    ['signer'],
    ['server', '--config', config],
    ['egress', '--config', config],
  ]) {
    const busy = run(...given);
    assert.equal(busy.code, 2, busy.err);
    assert.match(busy.err, new RegExp(`process ${process.pid} \\(kontor start\\)`), given[0] ?? '');
    assert.ok(busy.err.includes(data));
  }
  for (const { release } of desk) release();
  // A second egress would take the first one's link away.
  for (const link of ['signer-egress', 'egress-server'])
    mkdirSync(join(data, 'links', link), { recursive: true });
  const first = held(join('links', 'signer-egress'), 'kontor run egress');
  const second = run('egress', '--config', config);
  assert.equal(second.code, 2, second.err);
  assert.match(
    second.err,
    new RegExp(`signer-egress is held by process ${process.pid} \\(kontor run egress\\)`),
  );
  first.release();
  assert.equal(holderOf(join(data, 'links', 'signer-egress')), null);
});

test(
  '[T195] root that takes the lock of a folder of another user goes through no link of that user',
  { skip: process.getuid?.() === 0 ? false : 'only root can be led astray' },
  (t) => {
    const data = scratch(t);
    chmodSync(data, 0o755);
    const folder = join(data, 'run');
    const victim = join(data, 'victim');
    mkdirSync(folder);
    chownSync(folder, NOBODY, NOBODY);
    writeFileSync(victim, 'as it was', { mode: 0o600 });
    for (const [name, target] of [
      ['lock.db', join(data, 'not there')],
      ['lock.holder', victim],
    ] as const) {
      symlinkSync(target, join(folder, name));
      assert.throws(() => lockFolder(folder, 'kontor canary'));
      assert.equal(holderOf(folder), null);
      rmSync(join(folder, name));
    }
    assert.equal(readFileSync(victim, 'utf8'), 'as it was');
    assert.equal(statSync(victim).uid, 0);
    assert.equal(existsSync(join(data, 'not there')), false);
    const lock = lockFolder(folder, 'kontor canary');
    assert.equal(process.geteuid?.(), 0);
    for (const name of ['lock.db', 'lock.holder'])
      assert.equal(statSync(join(folder, name)).uid, NOBODY, 'its owner can take it later');
    assert.match(holderOf(folder) ?? '', /kontor canary/);
    lock.release();
    assert.equal(holderOf(folder), null);
  },
);

test('[C180] a process that waits for another says for which and where', async (t) => {
  const data = scratch(t);
  for (const link of ['signer-egress', 'signer-server']) mkdirSync(join(data, link));
  const child = spawn(process.execPath, [MAIN, 'run', 'signer', '--data', data, '--links', data], {
    stdio: ['ignore', 'ignore', 'pipe'],
    timeout: WAIT_MS_MAX,
  });
  const [line] = await once(createInterface({ input: child.stderr }), 'line');
  assert.equal(
    line,
    `signer waits for the server, which is to meet it at ${join(data, 'signer-server', 'link')}: kontor run server --links ${data}`,
  );
  child.kill('SIGTERM');
  const [code] = await once(child, 'close');
  assert.equal(code, 0);
});
