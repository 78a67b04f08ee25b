// SPDX-License-Identifier: Apache-2.0
// What docs/reading-the-signer.md says of the signer's files holds: their sittings, their lines, what the first one needs.

import { strict as assert } from 'node:assert';
import { globSync, readFileSync } from 'node:fs';
import { basename, dirname, posix, sep } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { imports } from '../../tools/source.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SOURCES = `${ROOT}signer/src/`;
const DOCUMENT = readFileSync(`${ROOT}docs/reading-the-signer.md`, 'utf8');
/** How far a figure for people may be off before it misleads them. */
const TOLERANCE = 0.05;
/** So few lines mislead nobody about one file. */
const FILE_LINES_OFF_MAX = 15;
/** Where the process begins: the launcher becomes it, and is told by its plan what to build. */
const STARTS = ['main.ts', 'hardening/launch.ts', 'hardening/plan.ts'];

interface Row {
  readonly file: string;
  readonly cells: readonly string[];
}

/** The rows of a section's tables that begin with a link to a file of the signer. */
function rowsOf(section: string): readonly Row[] {
  return section.split('\n').flatMap((line) => {
    const file = /^\| \[[^\]]+\]\(\.\.\/signer\/src\/([^)]+)\)/.exec(line)?.[1];
    const cells = line.split('|').map((cell) => cell.trim());
    return file === undefined ? [] : [{ file, cells: cells.slice(2, -1) }];
  });
}

function sectionOf(heading: string): string {
  const sections = DOCUMENT.split(/^## /m).filter((each) => each.startsWith(`${heading}\n`));
  assert.equal(sections.length, 1, `expected one section "${heading}"`);
  return sections[0] ?? '';
}

/** A sitting's files have their lines in the second column, its interfaces have names there. */
function filesOf(heading: string): readonly Row[] {
  return rowsOf(sectionOf(heading)).filter(({ cells }) => /^\d+$/.test(cells[0] ?? ''));
}

const SITTINGS = [...DOCUMENT.matchAll(/^## (\d\. .+)$/gm)].map(([, heading = '']) => heading);
const [FIRST = ''] = SITTINGS;

function linesOf(file: string): { readonly all: number; readonly code: number } {
  const lines = readFileSync(file, 'utf8').trimEnd().split('\n');
  const code = lines.filter((line) => line.trim() !== '' && !/^\s*(\/\/|\/\*|\*)/.test(line));
  return { all: lines.length, code: code.length };
}

function assertNear(found: number, stated: number, what: string): void {
  const isNear = Math.abs(found - stated) <= stated * TOLERANCE;
  assert.ok(isNear, `${what}: expected about ${found} lines in the document, found ${stated}`);
}

/** The files that `file` imports, types included, below signer/src. */
function importsOf(file: string): { readonly target: string; readonly names: readonly string[] }[] {
  return imports(readFileSync(SOURCES + file, 'utf8'))
    .filter(({ kind, specifier }) => kind !== 'file' && specifier.startsWith('.'))
    .map(({ specifier, names }) => ({
      target: posix.join(dirname(file), specifier),
      names,
    }));
}

/** All that the process loads, and the types that are read with it. */
function processFiles(): ReadonlySet<string> {
  const seen = new Set<string>();
  const open = [...STARTS];
  for (let file = open.pop(); file !== undefined; file = open.pop()) {
    if (seen.has(file)) continue;
    seen.add(file);
    open.push(...importsOf(file).map(({ target }) => target));
  }
  return seen;
}

test('[S240] every file of the process is in exactly one sitting, and every other file among those that it does not load', () => {
  assert.equal(SITTINGS.length, 5);
  const read = SITTINGS.flatMap((heading) => filesOf(heading).map(({ file }) => file));
  assert.deepEqual(read.toSorted(), [...processFiles()].toSorted());
  const others = filesOf('Not of the process').map(({ file }) => file);
  const all = globSync('**/*.ts', { cwd: SOURCES }).map((file) => file.replaceAll(sep, '/'));
  assert.deepEqual([...read, ...others].toSorted(), all.toSorted());
});

test('[S240] the lines that the document states are there', () => {
  const stated = new Map<string, readonly number[]>();
  for (const [, name = '', all, code] of DOCUMENT.matchAll(
    /^\| (?:\[(\d\. [^\]]+)\]\(#[^)]*\)|together) +\|.*\| +(\d+) +\| +(\d+) +\|$/gm,
  )) {
    stated.set(name, [Number(all), Number(code)]);
  }
  const sum = { all: 0, code: 0 };
  for (const heading of SITTINGS) {
    const rows = filesOf(heading);
    const found = { all: 0, code: 0 };
    for (const { file, cells } of rows) {
      const { all, code } = linesOf(SOURCES + file);
      const off = Math.abs(all - Number(cells[0]));
      assert.ok(
        off <= Math.max(FILE_LINES_OFF_MAX, all * TOLERANCE),
        `${file}: expected about ${all} lines in the document, found ${cells[0]}`,
      );
      found.all += all;
      found.code += code;
    }
    const [all = 0, code = 0] = stated.get(heading) ?? [];
    assertNear(found.all, all, heading);
    assertNear(found.code, code, `${heading}, code`);
    sum.all += found.all;
    sum.code += found.code;
    if (heading !== FIRST) continue;
    const said = /the first sitting, [^:]*: ([\d,]+) lines, ([\d,]+)\s+of\s+them code/.exec(
      DOCUMENT,
    );
    assertNear(found.all, numberOf(said?.[1]), 'the text on the first sitting');
    assertNear(found.code, numberOf(said?.[2]), 'the text on the first sitting, code');
  }
  const [all = 0, code = 0] = stated.get('') ?? [];
  assertNear(sum.all, all, 'together');
  assertNear(sum.code, code, 'together, code');
  const said = /The process has\s+([\d,]+) lines, ([\d,]+) of them code/.exec(DOCUMENT);
  assertNear(sum.all, numberOf(said?.[1]), 'the text');
  assertNear(sum.code, numberOf(said?.[2]), 'the text, code');
  const tree = globSync('tlog/src/*.ts', { cwd: ROOT }).map((file) => linesOf(ROOT + file).all);
  const saidOfTree = /`tlog\/src`, ([\d,]+) lines/.exec(DOCUMENT);
  assertNear(
    tree.reduce((lines, more) => lines + more, 0),
    numberOf(saidOfTree?.[1]),
    'tlog',
  );
});

test('[S241] the first sitting takes from the others what its table names and nothing else', () => {
  const inside = new Set(filesOf(FIRST).map(({ file }) => file));
  const interfaces = rowsOf(sectionOf(FIRST)).filter(({ file }) => !inside.has(file));
  const stated = interfaces.flatMap(({ file, cells }) =>
    [...(cells[0] ?? '').matchAll(/`([^`]+)`/g)].map(([, name]) => `${name} of ${file}`),
  );
  const taken = [...inside].flatMap((file) =>
    importsOf(file)
      .filter(({ target }) => !inside.has(target))
      .flatMap(({ target, names }) => names.map((name) => `${name} of ${target}`)),
  );
  assert.ok(stated.length > 0);
  assert.deepEqual(stated.toSorted(), [...new Set(taken)].toSorted());
});

test('[S241] the files that hold keys, by the table of the import test, are of the first sitting or named beside it', () => {
  const tool = readFileSync(`${ROOT}tools/layers.ts`, 'utf8');
  const named = sectionOf('What holds by construction');
  const inside = new Set(filesOf(FIRST).map(({ file }) => file));
  const loaded = processFiles();
  const holders = globSync('{*,*/*}.ts', { cwd: SOURCES })
    .map((file) => file.replaceAll(sep, '/'))
    .filter((file) => loaded.has(file))
    .filter((file) =>
      imports(readFileSync(SOURCES + file, 'utf8')).some(
        ({ specifier, names }) =>
          specifier === 'node:crypto' &&
          names.some((name) => /^create(Private|Secret)Key$|^sign$|^createHmac$/.test(name)),
      ),
    );
  assert.ok(holders.length > 5);
  for (const file of holders) {
    assert.ok(inside.has(file) || named.includes(`\`${file}\``), `${file} holds keys`);
    assert.ok(tool.includes(basename(file, '.ts')), `${file} in the table of the import test`);
  }
});

function numberOf(text: string | undefined): number {
  return Number((text ?? '').replaceAll(',', ''));
}
