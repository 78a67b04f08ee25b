// SPDX-License-Identifier: Apache-2.0
// The house rules that no other tool sees: names, words, first lines, hidden inputs, files nobody uses; and what
// tools/rules.ts, tools/markdown.ts and tools/dependencies.ts look at.

import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

import { checkDependencies } from './dependencies.ts';
import { checkLinks } from './markdown.ts';
import { checkRules } from './rules.ts';
import { imports, isCode, tokens, treeFiles, type Token } from './source.ts';

const SPDX = 'SPDX-License-Identifier: Apache-2.0';

/** Drawers: a file or folder of such a name says nothing about what is in it. */
const DRAWERS = new Set(
  'utils util common types misc helpers helper shared lib stuff constants'.split(' '),
);
/** Made by tools/api-types.ts, under the name the pages import it by. */
const DRAWERS_ALLOWED = new Set(['web/src/api/types.ts']);

/** Each is split, so that this file does not trip over itself. */
const BANNED_WORDS: readonly { word: RegExp; why: string }[] = [
  { word: new RegExp(['\\b(FIX', 'ME|TO', 'DO|HA', 'CK)\\b'].join('')), why: 'is an open end' },
  {
    word: new RegExp(['\\b(test|it|describe|suite)\\.', 'only\\('].join('')),
    why: 'hides other tests',
  },
  { word: new RegExp(['@ts-', '(ignore|nocheck)'].join('')), why: 'blinds the compiler' },
];

/** A place on somebody's machine. */
const MACHINE_PATH =
  /(?:^|[\s'"`(=:])(?:\/(?:root|work|workspace|tmp)\/[\w.-]|\/(?:home|Users)\/\w|[A-Z]:\\\w)/;
const REGISTRY = /https?:\/\/(?:registry|deb|pypi|proxy|crates)\./;
const EMOJI = /\p{Emoji_Presentation}/u;

/** Packages without I/O, clock and chance. */
const PURE = ['core', 'tlog'];
const PURE_GLOBALS = new Set(
  'Date Intl performance process globalThis console fetch crypto setTimeout setInterval setImmediate queueMicrotask async await Promise'.split(
    ' ',
  ),
);
/** They hang on the reader's language, or may differ between engines in the last digit. */
const PURE_MEMBERS =
  /^(toLocale\w*|localeCompare|random|sin|cos|tan|asin|acos|atan|atan2|sinh|cosh|tanh|asinh|acosh|atanh|exp|expm1|log|log2|log10|log1p|pow|cbrt|hypot)$/;
const MATH_MEMBERS_ONLY = /^(?!toLocale|localeCompare)/;

/** Packages that may not reach a network, not even by what needs no import. */
const OFFLINE = ['core', 'signer', 'tlog'];
const NETWORK_GLOBALS = new Set('fetch WebSocket EventSource XMLHttpRequest'.split(' '));
const NETWORK_MEMBERS = new Set(['connect', 'createConnection', 'listen', 'createServer']);

const LOGGERS = /^#?(?:logger|log|console)$/i;
const REVEALS = 'reveal';

export interface TidyReport {
  readonly files: number;
  readonly summary: string;
  readonly problems: readonly string[];
}

export function checkTidy(root: string): TidyReport {
  const files = treeFiles(root);
  const rules = checkRules(root, files);
  const dependencies = checkDependencies(root, files);
  const problems: string[] = [];
  for (const file of files) {
    problems.push(...names(file));
    if (!isText(file)) continue;
    const text = fs.readFileSync(path.join(root, file), 'utf8');
    if (file === 'package-lock.json') continue;
    problems.push(...firstLines(file, text), ...words(file, text));
    if (isCode(file)) problems.push(...hiddenInputs(file, text), ...loggedSecrets(file, text));
  }
  problems.push(
    ...unused(root, files),
    ...rules.problems,
    ...checkLinks(root, files),
    ...dependencies.problems,
  );
  const summary = `${files.length} files, ${rules.rules} rules, ${rules.tests} tests by name, ${dependencies.runtimePackages} runtime packages`;
  return { files: files.length, summary, problems };
}

function isText(file: string): boolean {
  return /\.(ts|tsx|mts|mjs|js|cjs|css|html|json|md|svg|yml|yaml)$|(^|\/)(run|LICENSE|\.\w+)$/.test(
    file,
  );
}

function names(file: string): string[] {
  if (DRAWERS_ALLOWED.has(file)) return [];
  return file
    .split('/')
    .map((part) => part.split('.')[0] ?? '')
    .filter((part) => DRAWERS.has(part.toLowerCase()))
    .map((part) => `${file}: ${part} is a drawer; name the file by what is in it`);
}

function firstLines(file: string, text: string): string[] {
  const lines = text.split('\n');
  const first = (lines[0] ?? '').startsWith('#!') ? 1 : 0;
  if (isCode(file)) {
    if (lines[first] !== `// ${SPDX}`) return [`${file}: the first line must be // ${SPDX}`];
    if (
      !/^(\/\/|\/\*) ?\S/.test(lines[first + 1] ?? '') &&
      !/^\/\*\*?$/.test(lines[first + 1] ?? '')
    ) {
      return [`${file}: the second line must say what the file is for`];
    }
  } else if (file.startsWith('.ci/') && !(lines[first] ?? '').includes(SPDX)) {
    return [`${file}: the first line must carry ${SPDX}`];
  }
  return [];
}

function words(file: string, text: string): string[] {
  const found: string[] = [];
  for (const [index, line] of text.split('\n').entries()) {
    const where = `${file}:${index + 1}`;
    for (const { word, why } of BANNED_WORDS) {
      const match = word.exec(line)?.[0];
      if (match !== undefined) found.push(`${where}: ${match} ${why}`);
    }
    if (MACHINE_PATH.test(line))
      found.push(`${where}: names a path of one machine: ${line.trim()}`);
    if (REGISTRY.test(line)) found.push(`${where}: names a package registry's host`);
    const emoji = EMOJI.exec(line)?.[0];
    if (emoji !== undefined) found.push(`${where}: ${emoji} is an emoji`);
  }
  return found;
}

/** What lint cannot see or might be told to overlook: time, chance, place and network slipping in. */
function hiddenInputs(file: string, text: string): string[] {
  const home = /^([^/]+)\/src\//.exec(file)?.[1];
  if (home === undefined) return [];
  const isPure = PURE.includes(home);
  const isOffline = OFFLINE.includes(home);
  if (!isPure && !isOffline) return [];
  const found: string[] = [];
  const list = tokens(text);
  for (const [index, token] of list.entries()) {
    if (token.kind !== 'word') continue;
    const where = `${file}:${token.line}`;
    if (isMember(list, index)) {
      const isOfMath = list[index - 2]?.text === 'Math';
      const isHidden =
        PURE_MEMBERS.test(token.text) && (isOfMath || !MATH_MEMBERS_ONLY.test(token.text));
      if (isPure && isHidden) found.push(`${where}: ${token.text} is a hidden input`);
      if (isOffline && NETWORK_MEMBERS.has(token.text)) {
        found.push(`${where}: ${home} reaches no network, found .${token.text}`);
      }
    } else if (!isKey(list, index)) {
      if (isPure && PURE_GLOBALS.has(token.text)) {
        found.push(`${where}: ${token.text} is a hidden input`);
      }
      if (isOffline && NETWORK_GLOBALS.has(token.text)) {
        found.push(`${where}: ${home} reaches no network, found ${token.text}`);
      }
    }
  }
  return found;
}

/** A secret is a type that prints as nothing; opened within what is logged it would be text like any other. */
function loggedSecrets(file: string, text: string): string[] {
  if (!/^[^/]+\/src\//.test(file) || !text.includes(REVEALS)) return [];
  const found: string[] = [];
  const list = tokens(text);
  for (const [index, token] of list.entries()) {
    if (token.kind !== 'word' || !LOGGERS.test(token.text)) continue;
    // `logger.info(`, `this.#ports.log(`, `console.error(`.
    const opens = list[index + 1]?.text === '.' ? index + 3 : index + 1;
    if (list[opens]?.text !== '(') continue;
    let depth = 0;
    for (let at = opens; at < list.length; at += 1) {
      const part = list[at];
      if (part?.text === '(') depth += 1;
      else if (part?.text === ')') depth -= 1;
      else if (part?.text === REVEALS)
        found.push(`${file}:${part.line}: a secret is opened within what is logged`);
      if (depth === 0) break;
    }
  }
  return found;
}

function isMember(list: readonly Token[], index: number): boolean {
  return list[index - 1]?.text === '.' && list[index - 2]?.text !== '.';
}

/** `{ process: … }`, `process?: …`: a name of ours that happens to be the same. */
function isKey(list: readonly Token[], index: number): boolean {
  const next = list[index + 1]?.text;
  const isTernary = list[index - 1]?.text === '?';
  return (next === ':' && !isTernary) || (next === '?' && list[index + 2]?.text === ':');
}

/** Code that nothing imports, starts or names. */
function unused(root: string, files: readonly string[]): string[] {
  const code = files.filter((file) => isCode(file) || file.endsWith('.css'));
  const used = new Set<string>();
  const reach = (from: string, specifier: string): void => {
    used.add(path.posix.join(path.posix.dirname(from), specifier.replace(/[?#].*$/, '')));
  };
  let mentions = '';
  for (const file of files) {
    if (isCode(file)) {
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      for (const { specifier } of imports(text)) reach(file, specifier);
      if (/^(tools|cli\/bin)\//.test(file)) mentions += mentionsOf(text, file);
    } else if (file.endsWith('package.json')) {
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      for (const match of text.matchAll(/"(\.\/[^"]+|[\w/]+\/[\w.-]+\.m?ts|[\w/]+\.mjs)"/g)) {
        reach(file, match[1] ?? '');
      }
      mentions += text;
    } else if (file.endsWith('.html')) {
      const text = fs.readFileSync(path.join(root, file), 'utf8');
      for (const match of text.matchAll(/\s(?:src|href)="\/?([^"]+)"/g)) {
        reach(file, match[1] ?? '');
        reach(file, `public/${match[1] ?? ''}`);
      }
    } else if (file.endsWith('.md') || file.startsWith('.ci/') || file === 'knip.json') {
      mentions += fs.readFileSync(path.join(root, file), 'utf8');
    }
  }
  return code
    .filter((file) => {
      const isStartedByItself =
        /\.test\.tsx?$|\.type-test\.ts$|(^|\/)vite\.config\.ts$/.test(file) ||
        // bench/main.ts loads its neighbours by reading the folder.
        /^bench\/[\w-]+\.ts$/.test(file);
      return !isStartedByItself && !used.has(file) && !mentions.includes(file);
    })
    .map((file) => `${file}: nothing imports, starts or names it`);
}

/** A tool's text, less its own path: naming oneself is no use. */
function mentionsOf(text: string, file: string): string {
  return text.replaceAll(file, '');
}

if (import.meta.main) {
  const report = checkTidy(fileURLToPath(new URL('..', import.meta.url)));
  for (const problem of report.problems) process.stderr.write(`${problem}\n`);
  process.stdout.write(`tidy: ${report.summary}\n`);
  if (report.problems.length > 0 || report.files === 0) process.exitCode = 1;
}
