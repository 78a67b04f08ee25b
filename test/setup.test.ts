// SPDX-License-Identifier: Apache-2.0
// The launcher on small clones, with the real npm: installs what is missing, once, and passes on how things end.

import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test, { type TestContext } from 'node:test';

import { makeSmallClone, until, writeManifest, type SmallClone } from './small-clone.ts';

async function clone(t: TestContext): Promise<SmallClone> {
  const made = await makeSmallClone();
  t.after(made.close);
  return made;
}

function said(stdout: string): { args: string[]; cwd: string; execPath: string; pid: number } {
  return JSON.parse(stdout.split('\n')[0] ?? '') as ReturnType<typeof said>;
}

function tarballs(asked: readonly string[]): string[] {
  return asked.filter((url) => url.endsWith('.tgz')).map((url) => url.split('/')[1] ?? '');
}

test('[T1] a fresh clone starts: packages for running, pages, then the program', async (t) => {
  const fresh = await clone(t);
  const { code, stdout, stderr } = await fresh.run(['start', 'exit', '0', '--port', '1']);
  assert.equal(code, 0, stderr);
  assert.deepEqual(said(stdout).args, ['start', 'exit', '0', '--port', '1']);
  assert.match(stderr, /Installing packages.*\nPackages installed in \d+ s\./s);
  assert.match(stderr, /Building the desk’s pages.*\nPages built in \d+ s\./s);
  assert.equal(fresh.has('node_modules/vite/package.json'), true);
  assert.equal(fresh.has('node_modules/typescript'), false, 'no development packages for a start');
  assert.equal(
    fs.readFileSync(path.join(fresh.folder, 'web/dist/index.html'), 'utf8'),
    '<p>desk</p>',
  );
});

test('[T2] a second start sets nothing up and asks no registry', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  fresh.asked.length = 0;
  const { code, stderr } = await fresh.run(['start']);
  assert.equal(code, 0);
  assert.equal(stderr, '');
  assert.deepEqual(fresh.asked, []);
});

test('[T3] tests add what they need in place, and a start afterwards takes nothing away', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  const before = fs.statSync(path.join(fresh.folder, 'node_modules/vite/bin/vite.js'));
  const checked = await fresh.run(['check']);
  assert.equal(checked.code, 0, checked.stderr);
  const after = fs.statSync(path.join(fresh.folder, 'node_modules/vite/bin/vite.js'));
  assert.equal(after.ino, before.ino, 'a desk that runs meanwhile keeps its files');
  assert.equal(fresh.has('node_modules/typescript/package.json'), true);
  const started = await fresh.run(['start']);
  assert.equal(started.stderr, '');
  assert.equal(fresh.has('node_modules/typescript/package.json'), true);
});

test('[T4] an install that was killed is begun anew', async (t) => {
  const fresh = await clone(t);
  fresh.stalled = 'vite-1.0.0.tgz';
  const first = fresh.start(['start']);
  await until('the download', () => fresh.asked.some((url) => url.includes('vite-1.0.0.tgz')));
  first.child.kill('SIGTERM');
  const { signal, stderr } = await first.finished;
  assert.equal(signal, 'SIGTERM');
  assert.match(stderr, /Set-up interrupted/);
  fresh.stalled = undefined;
  const second = await fresh.run(['start']);
  assert.equal(second.code, 0, second.stderr);
  assert.match(second.stderr, /Packages installed/);
  assert.equal(fresh.has('node_modules/vite/bin/vite.js'), true);
});

test('[T4] a launcher killed outright leaves no lock that holds up the next', async (t) => {
  const fresh = await clone(t);
  fresh.stalled = 'vite-1.0.0.tgz';
  const first = fresh.start(['start']);
  await until('the download', () => fresh.asked.some((url) => url.includes('vite-1.0.0.tgz')));
  first.child.kill('SIGKILL');
  assert.equal(fresh.has('.build/setup.lock'), true);
  fresh.stalled = undefined;
  const second = await fresh.run(['start']);
  assert.equal(second.code, 0, second.stderr);
  assert.equal(fresh.has('.build/setup.lock'), false);
});

test('[T5] of two started at once one sets up and the other waits and says so', async (t) => {
  const fresh = await clone(t);
  fresh.stalled = 'vite-1.0.0.tgz';
  const first = fresh.start(['start']);
  await until('the download', () => fresh.asked.some((url) => url.includes('vite-1.0.0.tgz')));
  const second = fresh.start(['start']);
  await until('the second to wait', () => second.stderr().includes('Waiting for it'));
  assert.match(second.stderr(), new RegExp(`process ${first.child.pid}\\b`));
  // The download that is kept back fails, and npm asks again.
  fresh.stalled = undefined;
  first.child.kill('SIGTERM');
  const [one, two] = await Promise.all([first.finished, second.finished]);
  assert.equal(one.signal, 'SIGTERM');
  assert.equal(two.code, 0, two.stderr);
});

test('[T5] two at once install each package once', async (t) => {
  const fresh = await clone(t);
  const results = await Promise.all([fresh.run(['start']), fresh.run(['start'])]);
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  const names = tarballs(fresh.asked);
  assert.deepEqual(names.toSorted(), [...new Set(names)].toSorted());
  assert.equal(results.filter(({ stderr }) => stderr.includes('Packages installed')).length, 1);
});

test('[T6] a changed lock is installed', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['check']);
  writeManifest(fresh, { addition: '1.0.0' });
  await fresh.npm('install', '--package-lock-only');
  const { code, stderr } = await fresh.run(['start']);
  assert.equal(code, 0, stderr);
  assert.equal(fresh.has('node_modules/addition/package.json'), true);
  assert.equal(
    fresh.has('node_modules/typescript/package.json'),
    true,
    'a full install stays full',
  );
});

test('[T6] what a hand-run npm left is taken as it is where it fits the lock', async (t) => {
  const fresh = await clone(t);
  await fresh.npm('ci');
  fresh.asked.length = 0;
  const { code, stderr } = await fresh.run(['check']);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, '');
  assert.deepEqual(fresh.asked, []);
});

test('[T6] a package that npm only claims to have is fetched', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['check']);
  fs.rmSync(path.join(fresh.folder, 'node_modules/vite'), { recursive: true });
  fs.rmSync(path.join(fresh.folder, 'node_modules/.kontor-install.json'));
  const { code, stderr } = await fresh.run(['check']);
  assert.equal(code, 0, stderr);
  assert.equal(fresh.has('node_modules/vite/package.json'), true);
});

test('[T7] npm’s own words are shown when it fails, and only then', async (t) => {
  const fresh = await clone(t);
  const good = await fresh.run(['check']);
  assert.doesNotMatch(good.stderr, /npm (warn|notice|http)|EBADENGINE/);
  writeManifest(fresh, { missing: '1.0.0' });
  const file = path.join(fresh.folder, 'package-lock.json');
  const lock = JSON.parse(fs.readFileSync(file, 'utf8')) as { packages: Record<string, unknown> };
  lock.packages['node_modules/missing'] = { version: '1.0.0' };
  fs.writeFileSync(file, JSON.stringify(lock));
  const bad = await fresh.run(['start']);
  assert.equal(bad.code, 1);
  assert.match(bad.stderr, /npm error.*404/s);
  assert.match(bad.stderr, /failed \(exit code 1\)/);
  assert.doesNotMatch(bad.stderr, /EBADENGINE/);
  assert.equal(bad.stdout, '', 'the program does not run');
});

test('[T8] pages are built anew when their sources change, and a failed build keeps the old ones', async (t) => {
  const fresh = await clone(t);
  const dist = path.join(fresh.folder, 'web/dist/index.html');
  await fresh.run(['start']);
  fresh.write('web/index.html', '<p>changed</p>');
  const changed = await fresh.run(['start']);
  assert.match(changed.stderr, /Pages built/);
  assert.doesNotMatch(changed.stderr, /Installing/);
  assert.equal(fs.readFileSync(dist, 'utf8'), '<p>changed</p>');
  // A touched file is not a changed one.
  fs.utimesSync(path.join(fresh.folder, 'web/index.html'), new Date(), new Date());
  assert.equal((await fresh.run(['start'])).stderr, '');
  fresh.write('web/index.html', '<p>broken</p>');
  const broken = await fresh.run(['start']);
  assert.equal(broken.code, 1);
  assert.match(broken.stderr, /builder: the page is broken/);
  assert.equal(fs.readFileSync(dist, 'utf8'), '<p>changed</p>');
});

test('[T190] an own Node that npm did not link is linked', async (t) => {
  const fresh = await clone(t);
  const { code, stdout, stderr } = await fresh.run(['start'], { npm_config_bin_links: 'false' });
  assert.equal(code, 0, stderr);
  assert.equal(said(stdout).args[0], 'start');
  assert.match(
    fs.readlinkSync(path.join(fresh.folder, 'node_modules/.bin/node')),
    /^\.\.\/node-(bin-)?(linux|darwin)-/,
  );
});

test('[T9] the program’s exit code is ours', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  for (const code of [0, 3, 42]) {
    assert.equal((await fresh.run(['start', 'exit', String(code)])).code, code);
  }
});

test('[T9] a signal reaches the program once, though it comes to us twice', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  const running = fresh.start(['start', 'wait']);
  await until('the program', () => running.stdout().includes('ready'));
  // As when Ctrl-C at a terminal reaches npm and us, and npm passes it on.
  running.child.kill('SIGINT');
  running.child.kill('SIGINT');
  await until('the signal', () => running.stdout().includes('got SIGINT'));
  running.child.kill('SIGTERM');
  await until('the signal', () => running.stdout().includes('got SIGTERM'));
  assert.equal(running.stdout().match(/got SIGINT/g)?.length, 1);
  process.kill(said(running.stdout()).pid, 'SIGKILL');
  assert.equal((await running.finished).signal, 'SIGKILL', 'we end as the program did');
});

test('[T9] a whole group that is signalled signals the program once', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  const child = spawn('npm', ['start', '--silent', '--', 'wait'], {
    cwd: fresh.folder,
    env: { PATH: process.env['PATH'], HOME: path.join(fresh.folder, '..', 'home') },
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until('the program', () => output.includes('ready'));
  process.kill(-(child.pid ?? 0), 'SIGINT');
  await until('the signal', () => output.includes('got SIGINT'));
  process.kill(-(child.pid ?? 0), 'SIGTERM');
  await until('the next signal', () => output.includes('got SIGTERM'));
  assert.equal(output.match(/got SIGINT/g)?.length, 1);
  process.kill(said(output).pid, 'SIGKILL');
});

test('[T10] the program hears of the launcher’s sudden death', async (t) => {
  const fresh = await clone(t);
  await fresh.run(['start']);
  const running = fresh.start(['start', 'wait']);
  await until('the program', () => running.stdout().includes('ready'));
  running.child.kill('SIGKILL');
  await until('the program’s end', () => running.stdout().includes('alone'));
});

test('[T11] a Node that is too old is refused in one sentence', async (t) => {
  const fresh = await clone(t);
  const old =
    "data:text/javascript,Object.defineProperty(process,'versions',{value:{...process.versions,node:'18.20.0'}})";
  const { code, stderr } = await fresh.run(['start'], {}, ['--import', old]);
  assert.equal(code, 1);
  assert.equal(
    stderr,
    'Kontor needs Node 20 or newer to set itself up, found 18.20.0. It then runs on a Node of its own.\n',
  );
});

test('[T12] without a home the cache lies in the clone and goes again', async (t) => {
  const fresh = await clone(t);
  const { code, stderr } = await fresh.run(['start'], { HOME: '' });
  assert.equal(code, 0, stderr);
  assert.equal(fresh.has('.npm'), false);
  assert.equal(fresh.has('.build/npm-cache'), false);
});

test('[T13] the kontor command does the same set-up and keeps the folder it was called in', async (t) => {
  const fresh = await clone(t);
  const elsewhere = path.join(fresh.folder, '..', 'home');
  const child = spawn(
    process.execPath,
    [path.join(fresh.folder, 'cli/bin/kontor.mjs'), 'desk', 'list'],
    {
      cwd: elsewhere,
      env: { PATH: process.env['PATH'], HOME: elsewhere },
      stdio: ['ignore', 'pipe', 'ignore'],
    },
  );
  let output = '';
  child.stdout.setEncoding('utf8').on('data', (text: string) => (output += text));
  await until('the command’s end', () => child.exitCode !== null && output !== '');
  assert.equal(child.exitCode, 0);
  assert.deepEqual(said(output).args, ['desk', 'list']);
  assert.equal(said(output).cwd, elsewhere);
});

test('[T14] an unknown task is named', async (t) => {
  const fresh = await clone(t);
  const { code, stderr } = await fresh.run(['fly']);
  assert.equal(code, 2);
  assert.match(stderr, /Expected one of start, .*found fly/);
});
