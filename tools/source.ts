// SPDX-License-Identifier: Apache-2.0
// Reads the tree's own source files as far as the tools need it: which files there are, their words, their imports.

import fs from 'node:fs';
import path from 'node:path';

/** What a source file is made of, comments and white space left out. */
export interface Token {
  readonly kind: 'word' | 'string' | 'template' | 'number' | 'regex' | 'punctuation';
  readonly text: string;
  readonly line: number;
}

export interface Import {
  readonly specifier: string;
  /** `file`: named beside `import.meta` (`new URL`, `resolve`, `join` with `dirname`), so loaded, not imported. */
  readonly kind: 'static' | 'dynamic' | 'file';
  readonly isTypeOnly: boolean;
  /** Names taken by braces; `*` for a whole module or a default. */
  readonly names: readonly string[];
  readonly line: number;
}

/** Every file of the tree that git would keep, relative to its root with forward slashes, sorted. */
export function treeFiles(root: string): string[] {
  const isIgnored = ignoreRules(root);
  const found: string[] = [];
  const walk = (folder: string): void => {
    for (const entry of fs.readdirSync(path.join(root, folder), { withFileTypes: true })) {
      const relative = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.name === '.git' || isIgnored(relative, entry.isDirectory())) continue;
      if (entry.isDirectory()) walk(relative);
      else if (entry.isFile()) found.push(relative);
    }
  };
  walk('');
  return found.toSorted();
}

export function isCode(file: string): boolean {
  return /\.(ts|tsx|mts|mjs|js|cjs)$/.test(file) && !file.endsWith('.d.ts');
}

/** Understands the few forms of .gitignore that this repository uses: `name/`, `path/name/` and `*.ending`. */
function ignoreRules(root: string): (relative: string, isFolder: boolean) => boolean {
  const file = path.join(root, '.gitignore');
  const lines = fs.existsSync(file) ? fs.readFileSync(file, 'utf8').split('\n') : [];
  const folders = new Set<string>();
  const endings: string[] = [];
  for (const line of lines.map((each) => each.trim())) {
    if (line === '' || line.startsWith('#')) continue;
    if (line.endsWith('/')) folders.add(line.slice(0, -1));
    else if (line.startsWith('*.')) endings.push(line.slice(1));
    else throw new Error(`.gitignore: expected name/, path/name/ or *.ending, found ${line}`);
  }
  return (relative, isFolder) =>
    isFolder
      ? folders.has(relative) || folders.has(path.posix.basename(relative))
      : endings.some((ending) => relative.endsWith(ending));
}

/** Words after which a slash begins a regular expression and not a division. */
const BEFORE_REGEX = new Set(
  'return typeof case in of delete void throw new instanceof else do yield await'.split(' '),
);

export function tokens(source: string): Token[] {
  const found: Token[] = [];
  let at = 0;
  let line = 1;
  /** Open braces inside the `${…}` of each template we are in. */
  const templates: number[] = [];

  const push = (kind: Token['kind'], end: number): void => {
    const text = source.slice(at, end);
    found.push({ kind, text, line });
    line += newlines(text);
    at = end;
  };
  const skip = (end: number): void => {
    line += newlines(source.slice(at, end));
    at = end;
  };
  /** From `at` (a backtick, or the brace that closes `${`) to the template's end or its next `${`. */
  const template = (): void => {
    let end = at + 1;
    while (end < source.length && source[end] !== '`') {
      if (source[end] === '\\') end += 1;
      else if (source[end] === '$' && source[end + 1] === '{') {
        templates.push(0);
        push('template', end + 2);
        return;
      }
      end += 1;
    }
    push('template', end + 1);
  };

  while (at < source.length) {
    const character = source[at] ?? '';
    const next = source[at + 1] ?? '';
    if (/\s/.test(character)) {
      skip(at + 1);
    } else if (character === '/' && next === '/') {
      const end = source.indexOf('\n', at);
      skip(end === -1 ? source.length : end);
    } else if (character === '/' && next === '*') {
      const end = source.indexOf('*/', at + 2);
      skip(end === -1 ? source.length : end + 2);
    } else if (character === '#' && next === '!' && at === 0) {
      skip(source.indexOf('\n') === -1 ? source.length : source.indexOf('\n'));
    } else if (character === "'" || character === '"') {
      const match = matchAt(
        character === "'" ? /'(?:[^'\\\n]|\\[\s\S])*'/y : /"(?:[^"\\\n]|\\[\s\S])*"/y,
        source,
        at,
      );
      // An apostrophe in the text of a page has no end on its line.
      push(match === undefined ? 'punctuation' : 'string', at + (match?.length ?? 1));
    } else if (character === '`') {
      template();
    } else if (character === '}' && templates.at(-1) === 0) {
      templates.pop();
      template();
    } else if (character === '/' && mayBeginRegex(found.at(-1))) {
      const match = matchAt(
        /\/(?:[^/\\[\n]|\\[^\n]|\[(?:[^\]\\\n]|\\[^\n])*\])+\/[a-z]*/y,
        source,
        at,
      );
      push(match === undefined ? 'punctuation' : 'regex', at + (match?.length ?? 1));
    } else {
      const word = matchAt(/[\p{ID_Start}_$#][\p{ID_Continue}$]*/uy, source, at);
      const number = word === undefined ? matchAt(/\d[\w.]*/y, source, at) : undefined;
      if (word !== undefined) push('word', at + word.length);
      else if (number !== undefined) push('number', at + number.length);
      else {
        const depth = templates.length - 1;
        if (depth >= 0 && character === '{') templates[depth] = (templates[depth] ?? 0) + 1;
        if (depth >= 0 && character === '}') templates[depth] = (templates[depth] ?? 0) - 1;
        push('punctuation', at + 1);
      }
    }
  }
  return found;
}

export function imports(source: string): Import[] {
  const list = tokens(source);
  const found: Import[] = [];
  const text = (index: number): string => list[index]?.text ?? '';
  const add = (index: number, entry: Omit<Import, 'specifier' | 'line'>): void => {
    const token = list[index];
    if (token?.kind !== 'string' && !(token?.kind === 'template' && token.text.endsWith('`')))
      return;
    const text = token.text.slice(1, -1);
    // An address beside `import.meta.url` is relative with and without its dot.
    const isBare = list[index - 2]?.text === 'URL' && !/^([./]|\w+:)/.test(text);
    found.push({ specifier: isBare ? `./${text}` : text, line: token.line, ...entry });
  };
  for (const [index, token] of list.entries()) {
    if (token.kind !== 'word') continue;
    if (token.text === 'dirname' && text(index - 2) === 'meta' && text(index + 1) === ',') {
      const name = text(index + 2).slice(1, -1);
      if (/^[\w.-]+$/.test(name)) {
        found.push({
          specifier: `./${name}`,
          line: token.line,
          kind: 'file',
          isTypeOnly: false,
          names: ['*'],
        });
      }
    }
    if (text(index - 1) === '.') continue;
    if (token.text === 'import' && text(index + 1) === '(') {
      add(index + 2, { kind: 'dynamic', isTypeOnly: false, names: ['*'] });
    } else if (token.text === 'import' && text(index + 1) === '.') {
      if (text(index + 4) === 'resolve') {
        add(index + 6, { kind: 'file', isTypeOnly: false, names: ['*'] });
      }
    } else if (token.text === 'require' && text(index + 1) === '(') {
      add(index + 2, { kind: 'static', isTypeOnly: false, names: ['*'] });
    } else if (token.text === 'URL' && text(index + 1) === '(' && text(index + 3) === ',') {
      if (text(index + 4) === 'import' && text(index + 6) === 'meta') {
        add(index + 2, { kind: 'file', isTypeOnly: false, names: ['*'] });
      }
    } else if (token.text === 'import' || token.text === 'export') {
      const clause = readClause(list, index);
      if (clause === undefined) continue;
      const { end, names, isTypeOnly } = clause;
      add(end, { kind: 'static', isTypeOnly, names });
    }
  }
  return found;
}

/** `import … from 'x'`, `import 'x'` or `export … from 'x'` at `start`: where its string stands, and what it takes. */
function readClause(
  list: readonly Token[],
  start: number,
): { end: number; names: string[]; isTypeOnly: boolean } | undefined {
  const text = (index: number): string => list[index]?.text ?? '';
  let at = start + 1;
  if (list[at]?.kind === 'string') return { end: at, names: [], isTypeOnly: false };
  let isTypeOnly = false;
  if (text(at) === 'type' && text(at + 1) !== 'from' && text(at + 1) !== ',') {
    isTypeOnly = true;
    at += 1;
  }
  const isExport = text(start) === 'export';
  if (isExport && text(at) !== '*' && text(at) !== '{') return undefined;
  const names: string[] = [];
  let areAllTypes = true;
  for (; at < list.length && text(at) !== 'from'; at += 1) {
    if (text(at) === '{') {
      for (at += 1; at < list.length && text(at) !== '}'; at += 1) {
        const isType = text(at) === 'type' && ![',', '}', 'as'].includes(text(at + 1));
        if (isType) at += 1;
        else areAllTypes = false;
        names.push(text(at));
        while (at + 1 < list.length && text(at + 1) !== ',' && text(at + 1) !== '}') at += 1;
        if (text(at + 1) === ',') at += 1;
      }
    } else if (text(at) !== ',') {
      if (text(at) === ';' || text(at) === '=') return undefined;
      areAllTypes = false;
      if (!names.includes('*')) names.push('*');
    }
  }
  const isBraceOfTypes = names.length > 0 && areAllTypes;
  if (list[at + 1]?.kind !== 'string') return undefined;
  return { end: at + 1, names, isTypeOnly: isTypeOnly || isBraceOfTypes };
}

function mayBeginRegex(before: Token | undefined): boolean {
  if (before === undefined) return true;
  if (before.kind === 'word') return BEFORE_REGEX.has(before.text);
  if (before.kind === 'template') return before.text.endsWith('${');
  return before.kind === 'punctuation' && !')]}<'.includes(before.text);
}

function matchAt(pattern: RegExp, source: string, at: number): string | undefined {
  pattern.lastIndex = at;
  return pattern.exec(source)?.[0];
}

function newlines(text: string): number {
  let count = 0;
  for (const character of text) if (character === '\n') count += 1;
  return count;
}
