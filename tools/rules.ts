// SPDX-License-Identifier: Apache-2.0
// Rules and tests name each other: every numbered rule of a SPEC.md has a test, every test begins with known rules.

import fs from 'node:fs';
import path from 'node:path';

import { tokens } from './source.ts';

/** `- **D7.** …`, `- **D7** …`, `## D7. …`, `| D7 | …`. */
const RULE_LINE =
  /^\s*(?:[-*]\s+|#+\s+|\|\s*)?(?:\*\*([A-Z]\d+[a-z]?)\.?\*\*|([A-Z]\d+[a-z]?)(?:\.|\s*\|))/;
const RULE_ID = /^[A-Z]\d+[a-z]?$/;
const NAME_PREFIX = /^(?:\[[^\]]*\])+/;
/** Where the numbered attacks of the threat model stand, as `| 3, 4: …`, and how a test's name says which it tries. */
const ATTACKS_FILE = 'docs/threat-model.md';
const ATTACK_ROW = /^\| (\d+(?:, \d+)*):/;
const ATTACK_NAME = /\battacks? (\d+(?:(?:, | and )\d+)*)/g;

export interface RuleReport {
  readonly rules: number;
  readonly tests: number;
  readonly problems: readonly string[];
}

export function checkRules(root: string, files: readonly string[]): RuleReport {
  const problems: string[] = [];
  /** Where each rule is written. */
  const written = new Map<string, string>();
  for (const file of files.filter((each) => path.posix.basename(each) === 'SPEC.md')) {
    let isFenced = false;
    for (const [index, line] of read(root, file).split('\n').entries()) {
      if (line.startsWith('```')) isFenced = !isFenced;
      const match = isFenced ? null : RULE_LINE.exec(line);
      const id = match?.[1] ?? match?.[2];
      if (id === undefined) continue;
      const place = `${file}:${index + 1}`;
      const before = written.get(id);
      if (before !== undefined)
        problems.push(`${place}: rule ${id} is written in ${before} already`);
      else written.set(id, place);
    }
  }

  const tested = new Set<string>();
  const tried = new Set<string>();
  let tests = 0;
  for (const file of files.filter((each) => /\.test\.tsx?$/.test(each))) {
    const source = read(root, file);
    const found = testNames(source);
    tests += found.count;
    for (const [, numbers = ''] of source.matchAll(ATTACK_NAME)) {
      for (const number of numbers.split(/, | and /)) tried.add(number);
    }
    if (found.count === 0) problems.push(`${file}: holds no test`);
    for (const line of found.unnumbered) {
      problems.push(`${file}:${line}: the test's name must begin with its rule, as in [D7]`);
    }
    for (const [id, line] of found.ids) {
      if (written.has(id)) tested.add(id);
      else problems.push(`${file}:${line}: rule ${id} is written in no SPEC.md`);
    }
  }
  for (const [id, place] of written) {
    if (!tested.has(id)) problems.push(`${place}: no test is named after rule ${id}`);
  }
  if (files.includes(ATTACKS_FILE)) {
    for (const [index, line] of read(root, ATTACKS_FILE).split('\n').entries()) {
      for (const number of ATTACK_ROW.exec(line)?.[1]?.split(', ') ?? []) {
        if (!tried.has(number))
          problems.push(`${ATTACKS_FILE}:${index + 1}: no test is named after attack ${number}`);
      }
    }
  }
  return { rules: written.size, tests, problems };
}

/**
 * The rules that the names of a file's tests begin with. Where a name is put together from a table, the rules are
 * looked for among the file's strings.
 */
function testNames(source: string): {
  count: number;
  ids: Map<string, number>;
  unnumbered: number[];
} {
  const list = tokens(source);
  const ids = new Map<string, number>();
  const unnumbered: number[] = [];
  let count = 0;
  let isComposed = false;
  const take = (text: string, line: number): void => {
    for (const id of text.split(/[\][,\s]+/)) if (RULE_ID.test(id)) ids.set(id, line);
  };
  for (const [index, token] of list.entries()) {
    if (token.kind !== 'word' || !['test', 'it'].includes(token.text)) continue;
    if (list[index - 1]?.text === '.') continue;
    const isMarked = list[index + 1]?.text === '.';
    const open = index + (isMarked ? 3 : 1);
    if (list[open]?.text !== '(') continue;
    const name = list[open + 1];
    if (name === undefined) continue;
    count += 1;
    const text = name.text.slice(1);
    if (name.kind === 'word' || (name.kind === 'template' && text.startsWith('[${'))) {
      isComposed = true;
    } else if (name.kind === 'string' || name.kind === 'template') {
      const prefix = NAME_PREFIX.exec(text)?.[0] ?? '';
      const before = ids.size;
      take(prefix, name.line);
      const isNumbered = prefix.split(/[\][,\s]+/).some((id) => RULE_ID.test(id));
      if (!isNumbered && ids.size === before) unnumbered.push(name.line);
    }
  }
  if (isComposed) {
    for (const token of list) {
      if (token.kind !== 'string' && token.kind !== 'template') continue;
      const text = token.text.slice(1, -1);
      if (RULE_ID.test(text)) ids.set(text, token.line);
      else take(NAME_PREFIX.exec(text)?.[0] ?? '', token.line);
    }
  }
  return { count, ids, unnumbered };
}

function read(root: string, file: string): string {
  return fs.readFileSync(path.join(root, file), 'utf8');
}
