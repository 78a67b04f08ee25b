// SPDX-License-Identifier: Apache-2.0
// The import test: who may import what, cycles between files, and whose words may stand where.
// Depends on no compiler, so it cannot go blind with one.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { imports, isCode, tokens, treeFiles, type Import } from './source.ts';

interface Layer {
  /** Packages with all that they export, or `package/entry` for that one entry. */
  readonly packages: readonly string[];
  readonly npm: readonly string[];
  /** Node's own modules: any, or only these, and of each any name or only these. */
  readonly builtins: 'any' | Readonly<Record<string, 'any' | readonly string[]>>;
}

/** The table of ARCHITECTURE.md. A new line here is a decision, not a convenience. */
const LAYERS: Readonly<Record<string, Layer>> = {
  core: { packages: [], npm: [], builtins: {} },
  // Of its files only node-crypto.ts takes it, which lint sees to.
  tlog: { packages: [], npm: [], builtins: { crypto: ['createPublicKey', 'hash', 'verify'] } },
  signer: {
    packages: ['tlog'],
    npm: [],
    builtins: {
      assert: ['strict'],
      buffer: 'any',
      crypto: 'any',
      events: 'any',
      ffi: 'any',
      fs: 'any',
      // The end of an inherited pipe, nothing that dials or listens.
      net: ['Socket'],
      path: 'any',
      process: 'any',
      url: 'any',
      util: 'any',
    },
  },
  egress: { packages: ['signer'], npm: [], builtins: 'any' },
  exchange: { packages: ['core'], npm: [], builtins: 'any' },
  simulator: { packages: ['core'], npm: ['ws'], builtins: 'any' },
  server: {
    packages: ['core', 'exchange', 'signer', 'tlog'],
    npm: [
      '@fastify/cookie',
      '@fastify/helmet',
      '@fastify/rate-limit',
      '@fastify/static',
      '@fastify/swagger',
      '@fastify/type-provider-typebox',
      'fastify',
      '@simplewebauthn/server',
      'asn1js',
      'pino',
      'pkijs',
      'prom-client',
      'typebox',
    ],
    builtins: 'any',
  },
  web: {
    // Of the signer's package only what seals a secret where it is typed; it imports nothing itself.
    packages: ['core', 'signer/seal', 'tlog'],
    npm: [
      '@noble/curves',
      '@noble/hashes',
      '@tanstack/react-query',
      '@tanstack/react-router',
      'lightweight-charts',
      '@simplewebauthn/browser',
      'radix-ui',
      'react',
      'react-dom',
    ],
    builtins: {},
  },
  cli: {
    packages: ['core', 'egress', 'server', 'signer', 'simulator', 'tlog'],
    npm: ['@napi-rs/keyring', 'commander', 'tar'],
    builtins: 'any',
  },
};

/** Of these packages others see the wire protocol only, never the inside; the process is started by its path. */
const PROCESS_ONLY_ENTRIES = new Set(['@kontor/signer/main', '@kontor/egress/main']);
const MAY_NAME_PROCESS_ENTRIES = 'cli';

/** Words that belong to one exchange or to 3Commas, and the paths that may say them. */
const FOREIGN_WORDS: readonly { whose: string; words: RegExp; mayStandIn: RegExp }[] = [
  {
    whose: 'Binance',
    words:
      /^(newClientOrderId|origClientOrderId|origQty|executedQty|cummulativeQuoteQty|transactTime|newOrderRespType|executionReport|outboundAccountPosition|listenKey|PRICE_FILTER|LOT_SIZE|MIN_NOTIONAL|stepSize)$/,
    mayStandIn: /(^|\/)binance(\/|[\w-]*\.ts$)|^simulator\//,
  },
  {
    whose: '3Commas',
    words:
      /^(base_order_volume|safety_order_volume|safety_order_step_percentage|martingale_volume_coefficient|martingale_step_coefficient|max_safety_orders|active_safety_orders_count|take_profit_type|strategy_list|min_profit_percentage)$/,
    mayStandIn: /^server\/src\/api\/threecommas\//,
  },
];

/** What of the signer reaches private keys, files and pipes, and the files of its process that may take it. */
interface Hold {
  /** A module of Node's, or a file of the signer's. */
  readonly from: string;
  /** These names of it; without them all names but `harmless`. */
  readonly names?: readonly string[];
  readonly harmless?: readonly string[];
  readonly files: readonly string[];
}

/** The signer's process without the tool, which is another program. */
const SIGNER_PROCESS = /^signer\/src\/(?!tool\/)/;
const vaultFiles = ['file', 'keys', 'sealed-box', 'sealed-import', 'unlock', 'vault', 'ways'].map(
  (name) => `vault/${name}`,
);
/** The log has a key of its own, which signs checkpoints. */
const logKeyFiles = ['log/cosigner', 'log/log-key', 'log/seal'];

/** Paths below signer/src without their ending. docs/reading-the-signer.md builds on this table. */
const SIGNER_HOLDS: readonly Hold[] = [
  {
    from: 'node:crypto',
    harmless: [
      'Hash',
      'KeyObject',
      'createHash',
      'createPublicKey',
      'hash',
      'randomBytes',
      'timingSafeEqual',
      'verify',
    ],
    // consent: the code at the terminal; connection-changes: whether an identifier is the secret itself.
    files: [
      'sign',
      'order-tag',
      'connection-changes',
      'acts/consent',
      ...vaultFiles,
      ...logKeyFiles,
    ],
  },
  {
    from: 'node:crypto',
    names: ['KeyObject'],
    // acts: public keys of owners.
    files: [
      'sign',
      'order-tag',
      'acts/assertion',
      'acts/cose',
      'acts/owners',
      'acts/perform',
      ...vaultFiles,
      'log/intent-log',
      ...logKeyFiles,
    ],
  },
  {
    from: 'node:fs',
    harmless: ['constants'],
    files: ['disk', 'main', 'process-end', 'hardening/landlock', 'hardening/launch'],
  },
  { from: 'node:net', files: ['main', 'framing'] },
  { from: 'node:ffi', files: ['hardening/native'] },
  { from: 'framing', names: ['FrameLink', 'FrameWriter'], files: ['main', 'index'] },
  { from: 'sign', names: ['SigningKey'], files: ['connections'] },
  { from: 'sign', names: ['signAll'], files: ['signer'] },
  { from: 'binance/requests', names: ['signedRequest'], files: ['sign'] },
  { from: 'policy/approval', names: ['approve'], files: ['policy/evaluator'] },
  { from: 'policy/approval', names: ['spend'], files: ['sign'] },
  { from: 'vault/vault', files: ['key-ring', 'connections', 'life/keeper'] },
  {
    from: 'vault/keys',
    files: ['key-ring', 'connections', 'connection-changes', ...vaultFiles],
  },
];

/** Members that give away keys or the means to reach them, and where they may be named. */
const SIGNER_MEMBERS: readonly { readonly word: string; readonly files: readonly string[] }[] = [
  { word: 'getBuiltinModule', files: ['hardening/native'] },
  { word: 'carried', files: ['main'] },
  { word: 'secretOf', files: ['connections'] },
  // What is said goes through process-end, what is asked for through secret-lines.
  { word: 'stdout', files: [] },
  { word: 'stderr', files: [] },
  { word: 'own', files: ['key-ring', 'connection-changes', 'vault/vault'] },
  // acts: public keys of owners; log-key: the log's public key.
  {
    word: 'export',
    files: ['acts/cose', 'acts/owners', 'log/log-key', 'log/cosigner', ...vaultFiles],
  },
];

const HELD_BY = 'only the files listed in tools/layers.ts hold keys, files and pipes';

interface TypeRing {
  readonly files: readonly string[];
  readonly why: string;
}

/** Files whose types speak of each other and whose code does not. The list may only become shorter. */
const TYPE_RINGS: readonly TypeRing[] = [
  {
    files: ['account.ts', 'filters.ts', 'market.ts', 'venue-order.ts'].map(
      (name) => `simulator/src/exchange/${name}`,
    ),
    why: 'an order knows its market and its account, and both know their orders',
  },
  {
    files: ['exchange.ts', 'snapshot.ts'].map((name) => `simulator/src/exchange/${name}`),
    why: 'the exchange writes and reads snapshots of itself',
  },
];

export interface LayerReport {
  readonly files: number;
  readonly imports: number;
  readonly problems: readonly string[];
}

interface Manifest {
  readonly exports?: string | Readonly<Record<string, string>>;
  readonly dependencies?: Readonly<Record<string, string>>;
  readonly devDependencies?: Readonly<Record<string, string>>;
  readonly optionalDependencies?: Readonly<Record<string, string>>;
  readonly workspaces?: readonly string[];
}

export function checkLayers(
  root: string,
  typeRings: readonly TypeRing[] = TYPE_RINGS,
): LayerReport {
  const problems: string[] = [];
  const rootManifest = readManifest(path.join(root, 'package.json'));
  const workspaces = rootManifest.workspaces ?? [];
  const manifests = new Map(
    workspaces.map((name) => [name, readManifest(path.join(root, name, 'package.json'))]),
  );
  for (const name of new Set([...workspaces, ...Object.keys(LAYERS)])) {
    if (!workspaces.includes(name)) problems.push(`${name}: in the table, but no workspace`);
    if (!Object.hasOwn(LAYERS, name)) problems.push(`${name}: a workspace, but not in the table`);
  }

  const files = treeFiles(root).filter(isCode);
  const known = new Set(files);
  const edges = new Map<string, string[]>();
  /** As far as code is run by them. */
  const codeEdges = new Map<string, string[]>();
  let count = 0;
  for (const file of files) {
    const source = fs.readFileSync(path.join(root, file), 'utf8');
    const targets: string[] = [];
    const codeTargets: string[] = [];
    edges.set(file, targets);
    codeEdges.set(file, codeTargets);
    for (const entry of imports(source)) {
      count += 1;
      const problem = judge(file, entry);
      if (problem !== undefined) problems.push(`${file}:${entry.line}: ${problem}`);
      const target = resolveRelative(file, entry.specifier);
      if (target === undefined || !known.has(target) || entry.kind !== 'static') continue;
      targets.push(target);
      if (!entry.isTypeOnly) codeTargets.push(target);
    }
    problems.push(...foreignWords(file, source), ...signerHolds(file, source));
  }
  for (const name of Object.keys(LAYERS)) {
    if (!files.some((file) => file.startsWith(`${name}/src/`))) {
      problems.push(`${name}/src: no source file seen`);
    }
  }
  const rings = cycles(edges);
  for (const ring of typeRings) {
    if (!rings.some((group) => group.join() === ring.files.toSorted().join())) {
      problems.push(`${ring.files.join(', ')}: no such ring any more; take it from the list`);
    }
  }
  const codeRings = cycles(codeEdges);
  for (const group of rings) {
    const isListed = typeRings.some((ring) => group.join() === ring.files.toSorted().join());
    const isOfTypes = !codeRings.some((ring) => ring.some((file) => group.includes(file)));
    if (isListed && isOfTypes) continue;
    problems.push(`cycle: ${shortestRing(group, edges).join(' → ')}`);
  }
  return { files: files.length, imports: count, problems };

  function judge(file: string, entry: Import): string | undefined {
    const { specifier } = entry;
    const home = file.split('/')[0] ?? '';
    const isSource = /^[^/]+\/src\//.test(file) && Object.hasOwn(LAYERS, home);
    if (specifier.startsWith('.')) return judgeRelative(file, home, entry);
    if (/^(https?|data|file):/.test(specifier)) {
      return entry.kind === 'file'
        ? undefined
        : `imports ${specifier}: nothing is loaded by address`;
    }
    const layer = isSource ? LAYERS[home] : undefined;
    if (specifier.startsWith('node:')) {
      return layer === undefined ? undefined : judgeBuiltin(home, layer, entry);
    }
    if (specifier.startsWith('@kontor/')) return judgePackage(home, layer, specifier);
    const name = packageName(specifier);
    if (layer !== undefined) {
      if (!layer.npm.includes(name)) return `${home} may not import ${name}`;
      const { dependencies, optionalDependencies } = manifests.get(home) ?? {};
      if (dependencies?.[name] === undefined && optionalDependencies?.[name] === undefined) {
        return `${name} is not among the dependencies of ${home}/package.json`;
      }
      return undefined;
    }
    const isDeclared = [rootManifest, manifests.get(home)].some(
      (manifest) =>
        manifest?.dependencies?.[name] !== undefined ||
        manifest?.devDependencies?.[name] !== undefined,
    );
    return isDeclared ? undefined : `${name} is declared in no package.json that ${file} can see`;
  }

  function judgeRelative(file: string, home: string, entry: Import): string | undefined {
    const target = resolveRelative(file, entry.specifier) ?? '';
    const to = target.split('/')[0] ?? '';
    // A folder that a program serves or writes to need not be there.
    if (entry.kind === 'static' && !fs.existsSync(path.join(root, target))) {
      return `imports ${entry.specifier}, which does not exist`;
    }
    const isTest = !/^[^/]+\/src\//.test(file);
    // What spans packages may look into them; what a package's own tests share lies in test/.
    const isSpanning = ['bench', 'test', 'tools'].includes(home);
    const isShared = isTest && (isSpanning || to === 'test' || to === 'tools');
    const isBin = file === 'cli/bin/kontor.mjs' && to === 'tools';
    const isLoaded = entry.kind === 'file' && !isCode(target);
    if (to !== home && !isShared && !isBin && !isLoaded) {
      return `reaches into ${to} by path (${entry.specifier}); import what its package.json exports`;
    }
    if (!isTest && to === home && !target.startsWith(`${home}/src/`) && isCode(target)) {
      return `source imports ${target}, which is not source`;
    }
    return undefined;
  }

  function judgePackage(
    home: string,
    layer: Layer | undefined,
    specifier: string,
  ): string | undefined {
    const name = specifier.split('/')[1] ?? '';
    if (name === home && layer !== undefined) return 'imports its own package by name';
    const entry = specifier.slice('@kontor/'.length);
    if (layer !== undefined && ![name, entry].some((each) => layer.packages.includes(each))) {
      const isPart = layer.packages.some((each) => each.startsWith(`${name}/`));
      return `${home} may not import ${isPart ? `all of ${name}` : name}`;
    }
    const { exports } = manifests.get(name) ?? {};
    const entries = typeof exports === 'string' ? { '.': exports } : (exports ?? {});
    const key = ['.', ...specifier.split('/').slice(2)].join('/');
    if (!Object.hasOwn(entries, key)) return `${specifier} is no declared export of ${name}`;
    if (layer === undefined) return undefined;
    if (PROCESS_ONLY_ENTRIES.has(specifier) && home !== MAY_NAME_PROCESS_ENTRIES) {
      return `${specifier} is a process, not a module for ${home}`;
    }
    if (manifests.get(home)?.dependencies?.[`@kontor/${name}`] === undefined) {
      return `@kontor/${name} is not among the dependencies of ${home}/package.json`;
    }
    return undefined;
  }
}

function judgeBuiltin(home: string, layer: Layer, entry: Import): string | undefined {
  if (layer.builtins === 'any') return undefined;
  const name = entry.specifier.slice('node:'.length).split('/')[0] ?? '';
  const allowed = Object.hasOwn(layer.builtins, name) ? layer.builtins[name] : undefined;
  if (allowed === undefined) return `${home} may not import ${entry.specifier}`;
  if (allowed === 'any') return undefined;
  const taken = entry.names.filter((each) => !allowed.includes(each));
  if (taken.length === 0 && entry.names.length > 0) return undefined;
  return `${home} may take only ${allowed.join(', ')} from ${entry.specifier}, not ${taken.join(', ') || 'all of it'}`;
}

function foreignWords(file: string, source: string): string[] {
  if (!/^[^/]+\/src\//.test(file)) return [];
  const found: string[] = [];
  for (const { whose, words, mayStandIn } of FOREIGN_WORDS) {
    if (mayStandIn.test(file)) continue;
    for (const token of tokens(source)) {
      const word = token.kind === 'string' ? token.text.slice(1, -1) : token.text;
      if ((token.kind === 'word' || token.kind === 'string') && words.test(word)) {
        found.push(`${file}:${token.line}: ${word} is ${whose}'s word and stays at its border`);
      }
    }
  }
  return found;
}

/** What a file of the signer's process takes without being in the list of those that may. */
function signerHolds(file: string, source: string): string[] {
  if (!SIGNER_PROCESS.test(file)) return [];
  const found: string[] = [];
  const mayTake = (files: readonly string[]): boolean =>
    files.some((each) => file === `signer/src/${each}.ts`);
  for (const entry of imports(source)) {
    const target = resolveRelative(file, entry.specifier) ?? entry.specifier;
    for (const { from, names, harmless = [], files } of SIGNER_HOLDS) {
      if (target !== (from.startsWith('node:') ? from : `signer/src/${from}.ts`)) continue;
      const isTaken = (name: string): boolean =>
        name === '*' || (names === undefined ? !harmless.includes(name) : names.includes(name));
      // Nothing named: the whole module.
      const taken = (entry.names.length === 0 ? ['*'] : entry.names).filter(isTaken);
      if (taken.length === 0 || mayTake(files)) continue;
      found.push(`${file}:${entry.line}: takes ${taken.join(', ')} from ${from}: ${HELD_BY}`);
      break;
    }
  }
  let before = '';
  for (const { kind, text, line } of tokens(source)) {
    // As a member, or as a text in brackets.
    const name = kind === 'string' ? text.slice(1, -1) : text;
    const isNamed = kind === 'string' ? before === '[' : /^\??\.$/.test(before);
    const member = SIGNER_MEMBERS.find(({ word }) => word === name);
    if (member !== undefined && isNamed && !mayTake(member.files)) {
      found.push(`${file}:${line}: names .${name}: ${HELD_BY}`);
    }
    before = text;
  }
  return found;
}

/** Groups of files that import each other in a ring, type-only imports included (Tarjan's algorithm). */
function cycles(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const indexOf = new Map<string, number>();
  const lowest = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const visit = (file: string): void => {
    indexOf.set(file, indexOf.size);
    lowest.set(file, indexOf.get(file) ?? 0);
    stack.push(file);
    const lower = (to: number): void => {
      lowest.set(file, Math.min(lowest.get(file) ?? to, to));
    };
    for (const target of edges.get(file) ?? []) {
      if (!indexOf.has(target)) {
        visit(target);
        lower(lowest.get(target) ?? 0);
      } else if (stack.includes(target)) {
        lower(indexOf.get(target) ?? 0);
      }
    }
    if (lowest.get(file) !== indexOf.get(file)) return;
    const ring = stack.splice(stack.indexOf(file));
    if (ring.length > 1 || (edges.get(file) ?? []).includes(file)) found.push(ring.toSorted());
  };
  for (const file of edges.keys()) if (!indexOf.has(file)) visit(file);
  return found;
}

/** The shortest way round from a file of the group back to itself: the imports to look at first. */
function shortestRing(
  group: readonly string[],
  edges: ReadonlyMap<string, readonly string[]>,
): string[] {
  const inside = new Set(group);
  let shortest: string[] | undefined;
  for (const start of group) {
    const ways: string[][] = [[start]];
    const seen = new Set<string>();
    for (let way = ways.shift(); way !== undefined; way = ways.shift()) {
      const targets = (edges.get(way.at(-1) ?? '') ?? []).filter((target) => inside.has(target));
      if (targets.includes(start)) {
        if (shortest === undefined || way.length + 1 < shortest.length) shortest = [...way, start];
        break;
      }
      for (const target of targets) {
        if (!seen.has(target)) ways.push([...way, target]);
        seen.add(target);
      }
    }
  }
  return shortest ?? [...group];
}

function resolveRelative(file: string, specifier: string): string | undefined {
  if (!specifier.startsWith('.')) return undefined;
  const bare = specifier.replace(/[?#].*$/, '');
  return path.posix.join(path.posix.dirname(file), bare);
}

function packageName(specifier: string): string {
  return specifier
    .split('/')
    .slice(0, specifier.startsWith('@') ? 2 : 1)
    .join('/');
}

function readManifest(file: string): Manifest {
  return JSON.parse(fs.readFileSync(file, 'utf8')) as Manifest;
}

if (import.meta.main) {
  const report = checkLayers(fileURLToPath(new URL('..', import.meta.url)));
  for (const problem of report.problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`layers: ${report.files} files, ${report.imports} imports\n`);
  if (report.problems.length > 0 || report.files === 0) process.exitCode = 1;
}
