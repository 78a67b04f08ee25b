// SPDX-License-Identifier: Apache-2.0
// Makes a fresh clone runnable: installs what package-lock.json names, Kontor's own Node among it, and builds
// the desk's pages. Plain JavaScript, because it runs on whatever Node the machine already has.

import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import process from 'node:process';
import { setTimeout as delay } from 'node:timers/promises';

/** @typedef {'runtime' | 'all'} Scope what is installed: enough to run the desk, or the tools and tests too */

const NPM_MAJOR_MIN = 9;
/** A holder that showed no sign of life for this long is taken for dead. */
const LOCK_SILENCE_MS_MAX = 60_000;
const LOCK_HEARTBEAT_MS = 5_000;
/** Whoever waits longer than this for another set-up gives up. */
const LOCK_WAIT_MS_MAX = 30 * 60_000;
const INSTALL_MS_MAX = 30 * 60_000;
const STOP_MS_MAX = 3_000;
const WEB_BUILD_MS_MAX = 5 * 60_000;
/** The last part of npm's or the builder's output is kept for the case that it fails. */
const OUTPUT_CHARACTERS_MAX = 200_000;
/** Two equal signals closer than this are one: a terminal sends Ctrl-C to npm and to us, and npm passes it on. */
const SAME_SIGNAL_MS = 250;

/** Something outside is not as set-up needs it; the message is for the person at the terminal. */
export class SetupError extends Error {
  /** @param {string} message */
  constructor(message) {
    super(message);
    this.name = 'SetupError';
    this.code = 'setup_failed';
  }
}

/**
 * Installs and builds what is missing, or does nothing within milliseconds.
 *
 * @param {{ root: string, scope: Scope, web: boolean }} options
 * @returns {Promise<string>} the Node to run Kontor on
 */
export async function prepare({ root, scope, web }) {
  const isReady = () => isInstalled(root, scope) && (!web || isWebBuilt(root));
  if (isReady()) return nodePath(root);
  const release = await acquireLock(root, isReady);
  if (release === undefined) return nodePath(root);
  const stop = dieBySignal(release);
  try {
    if (!isInstalled(root, scope)) await install(root, scope);
    if (web && !isWebBuilt(root)) await buildWeb(root);
  } finally {
    stop();
    release();
  }
  return nodePath(root);
}

/**
 * Runs a program to its end and ends this process the same way. The child leads a process group of its own, so
 * that each signal reaches it once and through us; it hears of our own death by its IPC channel's disconnect.
 *
 * @param {{ command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv }} options
 * @returns {Promise<never>}
 */
export function runAs({ command, args, cwd, env }) {
  return new Promise((_, reject) => {
    const child = spawn(command, args, {
      cwd,
      env,
      detached: true,
      stdio: ['inherit', 'inherit', 'inherit', 'ipc'],
    });
    child.once('error', (error) =>
      reject(new SetupError(`cannot start ${command}: ${error.message}`)),
    );
    /** @type {Map<NodeJS.Signals, number>} */
    const lastSentAt = new Map();
    for (const signal of /** @type {NodeJS.Signals[]} */ ([
      'SIGINT',
      'SIGTERM',
      'SIGHUP',
      'SIGQUIT',
    ])) {
      process.on(signal, () => {
        const now = performance.now();
        const before = lastSentAt.get(signal);
        lastSentAt.set(signal, now);
        if (before === undefined || now - before > SAME_SIGNAL_MS) child.kill(signal);
      });
    }
    // A group without a terminal ignores SIGTSTP, so Ctrl-Z is carried over as the stop it stands for.
    process.on('SIGTSTP', () => {
      signalGroup(child.pid, 'SIGSTOP');
      process.kill(process.pid, 'SIGSTOP');
    });
    process.on('SIGCONT', () => signalGroup(child.pid, 'SIGCONT'));
    child.once('exit', (code, signal) => {
      if (signal === null) process.exit(code ?? 1);
      process.removeAllListeners(signal);
      process.kill(process.pid, signal);
      // A signal whose default is to be ignored leaves us alive: say it the shell's way.
      setTimeout(() => process.exit(128 + (os.constants.signals[signal] ?? 0)), 100);
    });
  });
}

/** @param {string} root @returns {string} Kontor's own Node, or this one where it is new enough and the own cannot run */
function nodePath(root) {
  const own = ownNode(root);
  return fs.existsSync(own) ? own : process.execPath;
}

/** @param {string} root */
function ownNode(root) {
  return path.join(root, 'node_modules', '.bin', 'node');
}

// ---- What is installed ----

/** @param {string} root */
function stampPath(root) {
  return path.join(root, 'node_modules', '.kontor-install.json');
}

/** @param {string} root @param {Scope} scope */
function isInstalled(root, scope) {
  const found = installedScope(root);
  return found === 'all' || found === scope;
}

/**
 * What node_modules holds, judged by the stamp of our last install, or, where npm was run by hand since, by
 * comparing npm's own record of what it installed with package-lock.json.
 *
 * @param {string} root
 * @returns {Scope | undefined}
 */
function installedScope(root) {
  const lock = readIfThere(path.join(root, 'package-lock.json'));
  if (lock === undefined) throw new SetupError(`package-lock.json is missing in ${root}`);
  const record = readIfThere(path.join(root, 'node_modules', '.package-lock.json'));
  if (record === undefined) return undefined;
  const platform = platformKey();
  const key = sha256([lock, record, Buffer.from(platform)]);
  const stamp = readStamp(root);
  if (stamp?.scope === 'unfinished') return undefined;
  if (stamp?.key === key && hasNode(root)) return stamp.scope;
  const scope = compareWithLock(root, lock, record);
  if (scope === undefined || !hasNode(root)) return undefined;
  try {
    fs.writeFileSync(stampPath(root), JSON.stringify({ key, scope, platform }));
  } catch {
    // A tree that cannot be written to is compared anew each time.
  }
  return scope;
}

/** @param {string} root */
function hasNode(root) {
  return fs.existsSync(ownNode(root)) || isOwnNodeGoodEnough(root);
}

/** @param {string} root @returns {{ key: string, scope: Scope | 'unfinished', platform?: string } | undefined} */
function readStamp(root) {
  const text = readIfThere(stampPath(root));
  if (text === undefined) return undefined;
  try {
    const stamp = JSON.parse(text.toString('utf8'));
    return ['runtime', 'all', 'unfinished'].includes(stamp.scope) ? stamp : undefined;
  } catch {
    return { key: '', scope: 'unfinished' };
  }
}

/**
 * npm's record is a claim (`npm install --package-lock-only` writes one for packages it never fetched), so each
 * package's own version is looked up as well.
 *
 * @param {string} root @param {Buffer} lock @param {Buffer} record
 * @returns {Scope | undefined}
 */
function compareWithLock(root, lock, record) {
  /** @type {Record<string, { version?: string, link?: boolean, dev?: boolean, optional?: boolean, devOptional?: boolean }>} */
  const wanted = JSON.parse(lock.toString('utf8')).packages;
  /** @type {typeof wanted} */
  let found;
  try {
    found = JSON.parse(record.toString('utf8')).packages;
  } catch {
    return undefined;
  }
  let isDevThere = true;
  for (const [key, entry] of Object.entries(wanted)) {
    if (!/(^|\/)node_modules\//.test(key)) continue;
    const there = found[key];
    const isSame =
      there !== undefined &&
      there.version === entry.version &&
      there.link === entry.link &&
      (entry.link === true || versionOnDisk(root, key) === entry.version);
    if (isSame || (there === undefined && (entry.optional || entry.devOptional))) continue;
    if (there !== undefined || entry.dev !== true) return undefined;
    isDevThere = false;
  }
  if (Object.keys(found).some((key) => wanted[key] === undefined && !found[key]?.optional)) {
    return undefined;
  }
  return isDevThere ? 'all' : 'runtime';
}

/** @param {string} root @param {string} key @returns {string | undefined} */
function versionOnDisk(root, key) {
  const text = readIfThere(path.join(root, key, 'package.json'));
  try {
    return text === undefined ? undefined : JSON.parse(text.toString('utf8')).version;
  } catch {
    return undefined;
  }
}

// ---- Install ----

/**
 * Not `npm ci`: that refuses a lock in which optional packages for other kinds of machine are missing, as some
 * registries make it, and it empties node_modules under a desk that runs. `npm install --no-save` takes the same
 * versions from the same lock, checks the same hashes and writes neither file; we empty the folder only where
 * its state is unknown, and compare the result with the lock ourselves.
 *
 * @param {string} root
 * @param {Scope} scope
 */
async function install(root, scope) {
  const npm = findNpm(root);
  checkNpmVersion(npm);
  const wanted = hasDevelopmentPackages(root) ? 'all' : scope;
  if (!hasFinishedInstall(root)) emptyNodeModules(root);
  // Until npm has finished, what lies there counts for nothing: the next start begins anew.
  fs.mkdirSync(path.dirname(stampPath(root)), { recursive: true });
  fs.writeFileSync(stampPath(root), JSON.stringify({ key: '', scope: 'unfinished' }));
  // npm is to look at what is there, not at its record of it.
  fs.rmSync(path.join(root, 'node_modules', '.package-lock.json'), { force: true });
  const args = [
    'install',
    '--no-save',
    wanted === 'all' ? '--include=dev' : '--omit=dev',
    // Kontor's own Node comes as an optional package for this machine's kind of processor.
    '--include=optional',
    '--ignore-scripts',
    '--engine-strict=false',
    '--no-audit',
    '--no-fund',
    '--no-update-notifier',
    '--no-progress',
    '--color=false',
    '--loglevel=http',
  ];
  const wantedCount = countTarballs(root, wanted);
  const seen = new Set();
  const what =
    wanted === 'all'
      ? 'Installing packages, those for tests and tools included'
      : 'Installing packages, Kontor’s own Node among them';
  await runStep({
    what,
    done: 'Packages installed',
    command: npm.command,
    args: [...npm.args, ...args],
    cwd: root,
    env: npmEnvironment(root),
    timeoutMs: INSTALL_MS_MAX,
    onLine: (line) => {
      const tarball = /^npm http (?:fetch GET 200|cache) (\S+\.tgz)/.exec(line)?.[1];
      if (tarball !== undefined) seen.add(tarball);
      return seen.size === 0 ? '' : `${Math.min(seen.size, wantedCount)} of ${wantedCount}`;
    },
    isNoise: (line) => /^npm (http|warn EBADENGINE|verbose|silly)/i.test(line),
  });
  fs.rmSync(path.join(root, '.build', 'npm-cache'), { recursive: true, force: true });
  fs.rmSync(stampPath(root), { force: true });
  checkOwnNode(root);
  if (!isInstalled(root, scope)) {
    throw new SetupError(
      `npm finished, but node_modules does not hold what package-lock.json names (wanted ${scope}, found ${installedScope(root) ?? 'an incomplete tree'}). Delete node_modules and try again.`,
    );
  }
}

/** @param {string} root an install for tests is never cut down to what a start needs */
function hasDevelopmentPackages(root) {
  return fs.existsSync(path.join(root, 'node_modules', 'typescript', 'package.json'));
}

/** @param {string} root whether npm came to its end, though perhaps with an older lock */
function hasFinishedInstall(root) {
  return (
    readStamp(root)?.scope !== 'unfinished' &&
    fs.existsSync(path.join(root, 'node_modules', '.package-lock.json')) &&
    readStamp(root)?.platform === platformKey()
  );
}

/** @param {string} root the folders themselves stay, as one may be a mount */
function emptyNodeModules(root) {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  for (const workspace of ['.', ...(manifest.workspaces ?? [])]) {
    const folder = path.join(root, workspace, 'node_modules');
    for (const name of fs.existsSync(folder) ? fs.readdirSync(folder) : []) {
      fs.rmSync(path.join(folder, name), { recursive: true, force: true });
    }
  }
}

/** @param {string} root @param {Scope} scope how many packages npm will fetch here, about */
function countTarballs(root, scope) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  let count = 0;
  for (const [key, entry] of Object.entries(lock.packages)) {
    if (!key.includes('node_modules/') || entry.link) continue;
    if (scope === 'runtime' && entry.dev) continue;
    if (entry.os !== undefined && !isListed(entry.os, process.platform)) continue;
    if (entry.cpu !== undefined && !isListed(entry.cpu, process.arch)) continue;
    count += 1;
  }
  return count;
}

/** @param {string | string[]} rule an `os` or `cpu` rule of a package @param {string} value */
function isListed(rule, value) {
  const list = [rule].flat();
  const isDenyList = list.every((entry) => entry.startsWith('!'));
  return isDenyList ? !list.includes(`!${value}`) : list.includes(value);
}

/**
 * The npm that started us, else the one on the PATH.
 *
 * @param {string} root
 * @returns {{ command: string, args: string[] }}
 */
function findNpm(root) {
  const script = process.env['npm_execpath'];
  if (
    script !== undefined &&
    /^npm-cli\.c?js$/.test(path.basename(script)) &&
    fs.existsSync(script)
  ) {
    return { command: outsideNode(root), args: [script] };
  }
  return { command: 'npm', args: [] };
}

/** @param {string} root a Node that does not lie in the folder npm is about to empty */
function outsideNode(root) {
  const inside = fs.existsSync(path.join(root, 'node_modules'))
    ? fs.realpathSync(path.join(root, 'node_modules')) + path.sep
    : path.join(root, 'node_modules') + path.sep;
  for (const candidate of [process.env['npm_node_execpath'], process.execPath]) {
    if (candidate === undefined || !fs.existsSync(candidate)) continue;
    if (!fs.realpathSync(candidate).startsWith(inside)) return candidate;
  }
  return process.execPath;
}

/** @param {{ command: string, args: string[] }} npm */
function checkNpmVersion(npm) {
  const agent = /^npm\/(\S+)/.exec(process.env['npm_config_user_agent'] ?? '')?.[1];
  let version = npm.args.length > 0 ? agent : undefined;
  if (version === undefined) {
    const answer = spawnSync(npm.command, [...npm.args, '--version'], {
      encoding: 'utf8',
      timeout: 60_000,
      env: npmEnvironment(os.tmpdir()),
    });
    if (answer.error !== undefined) {
      throw new SetupError(
        `npm was not found (${answer.error.message}). Install Node with npm, version ${NPM_MAJOR_MIN} or newer.`,
      );
    }
    version = answer.stdout.trim();
  }
  if (!(Number.parseInt(version, 10) >= NPM_MAJOR_MIN)) {
    throw new SetupError(
      `npm ${NPM_MAJOR_MIN} or newer is needed, found ${version || 'none that answers'}. Update with: npm install -g npm@latest`,
    );
  }
}

/** @param {string} root @returns {NodeJS.ProcessEnv} the environment without what an outer npm wants of its own run */
function npmEnvironment(root) {
  const env = { ...process.env };
  for (const name of Object.keys(env)) {
    if (
      /^npm_config_(prefix|local_prefix|global|global_prefix|location|workspaces?|include_workspace_root|dry_run|package_lock|package_lock_only|loglevel|silent|json|omit|only|production|include|install_strategy)$/i.test(
        name,
      )
    ) {
      delete env[name];
    }
  }
  const home = env['HOME'] ?? '';
  const cache = env['npm_config_cache'] ?? (home === '' ? '' : path.join(home, '.npm'));
  if (!path.isAbsolute(cache) || home === '' || !isWritable(cache)) {
    env['npm_config_cache'] = path.join(root, '.build', 'npm-cache');
  }
  return env;
}

/** @param {string} folder or, where it does not exist, the nearest one above that does */
function isWritable(folder) {
  let at = folder;
  while (!fs.existsSync(at) && path.dirname(at) !== at) at = path.dirname(at);
  try {
    fs.accessSync(at, fs.constants.W_OK);
    return true;
  } catch {
    return false;
  }
}

/**
 * npm 9, which Debian and Ubuntu carry, takes the link away again with the packages for other kinds of machine that bear
 * the same name.
 *
 * @param {string} root
 */
function linkOwnNode(root) {
  const link = ownNode(root);
  if (fs.existsSync(link)) return;
  const names = Object.keys(ownNodePackages(root));
  const name = names.find((one) => fs.existsSync(path.join(root, 'node_modules', one, 'bin/node')));
  if (name === undefined) return;
  fs.rmSync(link, { force: true });
  fs.mkdirSync(path.dirname(link), { recursive: true });
  fs.symlinkSync(path.join('..', name, 'bin', 'node'), link);
}

/** @param {string} root */
function checkOwnNode(root) {
  linkOwnNode(root);
  const wanted = wantedNodeVersion(root);
  const answer = spawnSync(ownNode(root), ['--version'], { encoding: 'utf8', timeout: 60_000 });
  if (answer.status === 0 && answer.stdout.trim() === `v${wanted}`) return;
  // `npm start` looks into node_modules/.bin first: a Node that cannot run there would hide the machine's own.
  fs.rmSync(ownNode(root), { force: true });
  if (isOwnNodeGoodEnough(root)) return;
  throw new SetupError(
    `Kontor brings Node ${wanted} for Linux (glibc) and macOS on x64 and arm64; it does not run on this ${platformKey()} machine. Install Node ${wanted} or newer yourself and try again.`,
  );
}

/** @param {string} root whether the Node that runs this file can stand in */
function isOwnNodeGoodEnough(root) {
  const inside = path.join(root, 'node_modules') + path.sep;
  const major = Number.parseInt(process.versions.node, 10);
  return (
    !process.execPath.startsWith(inside) && major >= Number.parseInt(wantedNodeVersion(root), 10)
  );
}

/** @param {string} root @returns {string} */
function wantedNodeVersion(root) {
  const [version] = Object.values(ownNodePackages(root));
  if (version === undefined) throw new SetupError('package.json names no Node of its own');
  return version;
}

/** @param {string} root @returns {Record<string, string>} a package for each kind of machine, and its version */
function ownNodePackages(root) {
  const manifest = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  return Object.fromEntries(
    Object.entries(manifest.optionalDependencies ?? {}).filter(([name]) =>
      /^node-(bin-)?(linux|darwin)-/.test(name),
    ),
  );
}

function platformKey() {
  return `${process.platform}-${process.arch}`;
}

// ---- The desk's pages ----

/** What the built pages are made from: a change in any of these asks for a new build. */
const WEB_SOURCES = [
  'web',
  'core/src',
  'core/package.json',
  'signer/src/seal-secret.ts',
  'signer/package.json',
  'tlog/src',
  'tlog/package.json',
  'tsconfig.base.json',
  'package-lock.json',
];
const NOT_WEB_SOURCES = new Set(['web/dist', 'web/test', 'web/node_modules', 'web/SPEC.md']);

/** @param {string} root */
function isWebBuilt(root) {
  const dist = path.join(root, 'web', 'dist');
  const stamp = readIfThere(path.join(dist, '.kontor-build'))?.toString('utf8');
  return (
    stamp !== undefined && fs.existsSync(path.join(dist, 'index.html')) && stamp === webHash(root)
  );
}

/** @param {string} root @returns {string} */
function webHash(root) {
  /** @type {Buffer[]} */
  const parts = [];
  /** @param {string} relative */
  const walk = (relative) => {
    const absolute = path.join(root, relative);
    const stat = fs.statSync(absolute, { throwIfNoEntry: false });
    if (stat === undefined || NOT_WEB_SOURCES.has(relative)) return;
    if (stat.isDirectory()) {
      for (const name of fs.readdirSync(absolute).toSorted()) walk(`${relative}/${name}`);
    } else if (stat.isFile()) {
      parts.push(Buffer.from(`${relative}\n`), fs.readFileSync(absolute));
    }
  };
  for (const source of WEB_SOURCES) walk(source);
  return sha256(parts);
}

/** @param {string} root */
async function buildWeb(root) {
  const hash = webHash(root);
  const fresh = path.join(root, '.build', 'web-dist');
  const dist = path.join(root, 'web', 'dist');
  const old = path.join(root, '.build', 'web-dist-old');
  for (const folder of [fresh, old]) fs.rmSync(folder, { recursive: true, force: true });
  await runStep({
    what: 'Building the desk’s pages',
    done: 'Pages built',
    command: nodePath(root),
    args: [
      path.join(root, 'node_modules', 'vite', 'bin', 'vite.js'),
      'build',
      'web',
      '--outDir',
      fresh,
      '--emptyOutDir',
      '--logLevel',
      'warn',
    ],
    cwd: root,
    env: { ...process.env, NO_COLOR: '1' },
    timeoutMs: WEB_BUILD_MS_MAX,
    onLine: () => '',
    isNoise: () => false,
  });
  fs.writeFileSync(path.join(fresh, '.kontor-build'), hash);
  // Built aside and moved in whole: an interrupted build never leaves half a desk.
  if (fs.existsSync(dist)) fs.renameSync(dist, old);
  fs.renameSync(fresh, dist);
  fs.rmSync(old, { recursive: true, force: true });
}

// ---- One set-up at a time ----

/** @param {string} root */
function lockPath(root) {
  return path.join(root, '.build', 'setup.lock');
}

/**
 * @param {string} root
 * @param {() => boolean} isReady asked while waiting: another set-up may do our work
 * @returns {Promise<(() => void) | undefined>} undefined where the work is done already
 */
async function acquireLock(root, isReady) {
  const file = lockPath(root);
  const token = `${process.pid} ${os.hostname()} ${Date.now()}`;
  try {
    fs.mkdirSync(path.dirname(file), { recursive: true });
  } catch (error) {
    throw new SetupError(`Set-up needs to write to ${root}: ${messageOf(error)}`);
  }
  const startedAt = performance.now();
  for (let isFirst = true; ; isFirst = false) {
    try {
      fs.writeFileSync(file, token, { flag: 'wx' });
      break;
    } catch (error) {
      if (codeOf(error) !== 'EEXIST') {
        throw new SetupError(`Set-up needs to write to ${root}: ${messageOf(error)}`);
      }
    }
    if (isAbandoned(file)) {
      removeAbandoned(file);
      continue;
    }
    if (isFirst) {
      const holder = readIfThere(file)?.toString('utf8').split(' ')[0] ?? 'unknown';
      say(`Another Kontor command (process ${holder}) is setting up this folder. Waiting for it.`);
    }
    if (performance.now() - startedAt > LOCK_WAIT_MS_MAX) {
      throw new SetupError(
        `Another set-up has held ${file} for half an hour. If none is running, delete that file and try again.`,
      );
    }
    await delay(200);
    if (isReady() && !fs.existsSync(file)) return undefined;
  }
  const heartbeat = setInterval(() => {
    try {
      fs.utimesSync(file, new Date(), new Date());
    } catch {
      // Someone deleted the lock; the work goes on.
    }
  }, LOCK_HEARTBEAT_MS);
  heartbeat.unref();
  return () => {
    clearInterval(heartbeat);
    if (readIfThere(file)?.toString('utf8') === token) fs.rmSync(file, { force: true });
  };
}

/** @param {string} file */
function isAbandoned(file) {
  const stat = fs.statSync(file, { throwIfNoEntry: false });
  if (stat === undefined) return false;
  const silenceMs = Date.now() - stat.mtimeMs;
  if (silenceMs > LOCK_SILENCE_MS_MAX) return true;
  const [pid, host] = (readIfThere(file)?.toString('utf8') ?? '').split(' ');
  // An empty file is one that is being written this moment.
  if (pid === undefined || pid === '' || host !== os.hostname()) return false;
  try {
    process.kill(Number(pid), 0);
    return false;
  } catch (error) {
    return codeOf(error) === 'ESRCH';
  }
}

/** @param {string} file taken aside first, so that of two who saw it abandoned only one removes it, and never a new one */
function removeAbandoned(file) {
  const aside = `${file}.${process.pid}`;
  try {
    fs.renameSync(file, aside);
    if (!isAbandoned(aside)) fs.linkSync(aside, file);
  } catch {
    // Another was faster.
  }
  fs.rmSync(aside, { force: true });
}

// ---- Steps a person can follow ----

/** @type {import('node:child_process').ChildProcess | undefined} */
let running;

/** @param {() => void} release @returns {() => void} */
function dieBySignal(release) {
  const signals = /** @type {NodeJS.Signals[]} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);
  const handlers = signals.map((signal) => {
    const end = () => {
      release();
      clearSpinner();
      say('Set-up interrupted; the next start does it anew.');
      for (const [index, other] of signals.entries())
        process.off(other, handlers[index] ?? handler);
      process.kill(process.pid, signal);
    };
    const handler = () => {
      if (running === undefined) {
        end();
        return;
      }
      // The next set-up may come at once, so this one's helper is to be gone before the lock is.
      running.once('close', end);
      running.kill('SIGTERM');
      setTimeout(end, STOP_MS_MAX);
    };
    process.on(signal, handler);
    return handler;
  });
  return () => {
    for (const [index, signal] of signals.entries()) {
      const handler = handlers[index];
      if (handler !== undefined) process.off(signal, handler);
    }
  };
}

/**
 * Runs one long step with a line that shows it is alive. Its output is shown only if it fails, then in full.
 *
 * @param {{
 *   what: string, done: string, command: string, args: string[], cwd: string, env: NodeJS.ProcessEnv,
 *   timeoutMs: number, onLine: (line: string) => string, isNoise: (line: string) => boolean,
 * }} step
 */
async function runStep(step) {
  const startedAt = performance.now();
  const seconds = () => Math.round((performance.now() - startedAt) / 1000);
  let progress = '';
  let frame = 0;
  const isLive = process.stderr.isTTY === true;
  const line = () => `${step.what}: ${progress === '' ? '' : `${progress}, `}${seconds()} s`;
  if (!isLive) say(`${step.what}…`);
  const ticker = setInterval(
    () => {
      if (isLive) process.stderr.write(`\r\u001b[K${'⠋⠙⠹⠸⠼⠴⠦⠧⠇⠏'[frame++ % 10]} ${line()}`);
      else say(`  ${line()}`);
    },
    isLive ? 100 : 10_000,
  );
  let output = '';
  let rest = '';
  /** @param {string} text */
  const take = (text) => {
    const lines = (rest + text).split('\n');
    rest = lines.pop() ?? '';
    for (const each of lines) {
      progress = step.onLine(each) || progress;
      if (!step.isNoise(each)) output = `${output}${each}\n`.slice(-OUTPUT_CHARACTERS_MAX);
    }
  };
  try {
    const outcome = await new Promise((resolve) => {
      const child = spawn(step.command, step.args, {
        cwd: step.cwd,
        env: step.env,
        stdio: ['ignore', 'pipe', 'pipe'],
      });
      running = child;
      const timer = setTimeout(() => child.kill('SIGKILL'), step.timeoutMs);
      for (const stream of [child.stdout, child.stderr]) {
        stream.setEncoding('utf8');
        stream.on('data', take);
      }
      child.once('error', (error) => {
        clearTimeout(timer);
        resolve(error.message);
      });
      child.once('close', (code, signal) => {
        clearTimeout(timer);
        resolve(
          code === 0 ? undefined : signal === null ? `exit code ${code}` : `stopped by ${signal}`,
        );
      });
    });
    if (outcome !== undefined) {
      take('\n');
      clearSpinner();
      process.stderr.write(output);
      throw new SetupError(
        `${step.what}: failed (${outcome}). The output of the failed step is above.`,
      );
    }
  } finally {
    running = undefined;
    clearInterval(ticker);
    clearSpinner();
  }
  say(`${step.done} in ${seconds()} s.`);
}

function clearSpinner() {
  if (process.stderr.isTTY === true) process.stderr.write('\r\u001b[K');
}

/** @param {string} text on standard error, so that a command's own output stays clean */
function say(text) {
  process.stderr.write(`${text}\n`);
}

// ---- Small things ----

/** @param {string} file @returns {Buffer | undefined} */
function readIfThere(file) {
  try {
    return fs.readFileSync(file);
  } catch (error) {
    if (['ENOENT', 'ENOTDIR'].includes(codeOf(error))) return undefined;
    throw error;
  }
}

/** @param {readonly Buffer[]} parts */
function sha256(parts) {
  const hash = createHash('sha256');
  for (const part of parts) hash.update(`${part.length}:`).update(part);
  return hash.digest('hex');
}

/** @param {number | undefined} pid @param {NodeJS.Signals} signal */
function signalGroup(pid, signal) {
  try {
    if (pid !== undefined) process.kill(-pid, signal);
  } catch {
    // The group has ended.
  }
}

/** @param {unknown} error @returns {string} */
function codeOf(error) {
  return error instanceof Error && 'code' in error ? String(error.code) : '';
}

/** @param {unknown} error @returns {string} */
function messageOf(error) {
  return error instanceof Error ? error.message : String(error);
}
