// SPDX-License-Identifier: Apache-2.0
// What comes from others is pinned to one version, checked by its hash, named without a download address, and
// under a licence we may pass on.

import fs from 'node:fs';
import path from 'node:path';
import { isDeepStrictEqual } from 'node:util';

/** Licences that ask no more than to be named; MPL-2.0 covers its own files only, which we leave as they are. */
const LICENCES = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MPL-2.0',
  'Unlicense',
]);

const EXACT_VERSION = /^\d+\.\d+\.\d+(-[0-9A-Za-z.-]+)?$/;
const DEPENDENCY_FIELDS = [
  'dependencies',
  'devDependencies',
  'optionalDependencies',
  'peerDependencies',
] as const;

type Dependencies = Partial<Record<(typeof DEPENDENCY_FIELDS)[number], Record<string, string>>>;

interface LockEntry extends Dependencies {
  readonly version?: string;
  readonly resolved?: string;
  readonly integrity?: string;
  readonly link?: boolean;
  readonly dev?: boolean;
  readonly license?: string;
}

export interface DependencyReport {
  readonly runtimePackages: number;
  readonly problems: readonly string[];
}

export function checkDependencies(root: string, files: readonly string[]): DependencyReport {
  const problems: string[] = [];
  const manifests = new Map<string, Dependencies>(
    files
      .filter((file) => path.posix.basename(file) === 'package.json')
      .map((file) => [file, JSON.parse(fs.readFileSync(path.join(root, file), 'utf8'))]),
  );
  for (const [file, manifest] of manifests) {
    for (const field of DEPENDENCY_FIELDS) {
      for (const [name, version] of Object.entries(manifest[field] ?? {})) {
        if (!EXACT_VERSION.test(version)) {
          problems.push(`${file}: ${name} must be pinned to one version, found ${version}`);
        }
      }
    }
  }

  if (!/^ignore-scripts=true$/m.test(fs.readFileSync(path.join(root, '.npmrc'), 'utf8'))) {
    problems.push(
      '.npmrc: must say ignore-scripts=true, so that no package runs a script of its own',
    );
  }

  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8')) as {
    packages: Record<string, LockEntry>;
  };
  for (const [file, manifest] of manifests) {
    const entry = lock.packages[path.posix.dirname(file).replace(/^\.$/, '')];
    for (const field of DEPENDENCY_FIELDS) {
      if (!isDeepStrictEqual({ ...entry?.[field] }, { ...manifest[field] })) {
        problems.push(`package-lock.json: the ${field} of ${file} differ; run npm install`);
      }
    }
  }
  let runtimePackages = 0;
  for (const [key, entry] of Object.entries(lock.packages)) {
    if (entry.resolved !== undefined && entry.link !== true) {
      problems.push(`package-lock.json: ${key} carries a download address`);
    }
    if (!key.includes('node_modules/') || entry.link === true) continue;
    if (entry.integrity === undefined) problems.push(`package-lock.json: ${key} has no hash`);
    if (entry.dev === true) continue;
    runtimePackages += 1;
    const licence = installedLicence(root, key) ?? entry.license ?? 'none';
    if (!isAllowed(licence)) {
      problems.push(`${key}: licence ${licence} is not in the list of tools/dependencies.ts`);
    }
  }
  return { runtimePackages, problems };
}

/** What the installed package itself says; undefined where it is not installed, as for other kinds of machine. */
function installedLicence(root: string, key: string): string | undefined {
  const file = path.join(root, key, 'package.json');
  if (!fs.existsSync(file)) return undefined;
  const { license } = JSON.parse(fs.readFileSync(file, 'utf8')) as {
    license?: string | { type?: string };
  };
  return typeof license === 'object' ? license.type : license;
}

/** Understands `A`, `(A OR B)` and `A AND B`. */
function isAllowed(expression: string): boolean {
  return expression
    .replaceAll(/[()]/g, '')
    .split(' OR ')
    .some((choice) => choice.split(' AND ').every((name) => LICENCES.has(name.trim())));
}
