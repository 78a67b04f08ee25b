// SPDX-License-Identifier: Apache-2.0
// What README and guide tell a person to type is there to be typed.

import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import test from 'node:test';
import { fileURLToPath } from 'node:url';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DOCUMENTS = ['README.md', 'docs/user-guide.md', 'docs/developing.md'];
const HELP_MS_MAX = 60_000;

interface Shown {
  readonly place: string;
  readonly words: readonly string[];
}

/** Lines of shell blocks and of single code spans that call npm, npx or Kontor's Node. */
function shownCommands(): Shown[] {
  return DOCUMENTS.flatMap((file) => {
    const lines = fs.readFileSync(path.join(ROOT, file), 'utf8').split('\n');
    let isShell = false;
    return lines.flatMap((line, index) => {
      if (line.startsWith('```')) isShell = line === '```sh';
      const texts = isShell
        ? [line]
        : [...line.matchAll(/`([^`]+)`/g)].map((match) => match[1] ?? '');
      return texts
        .filter((text) => /^(npm|npx|node_modules\/\.bin\/node) /.test(text) && !text.includes('…'))
        .map((text) => ({ place: `${file}:${index + 1}`, words: text.trim().split(/\s+/) }));
    });
  });
}

const helps = new Map<string, string>();

function help(command: readonly string[]): string {
  const key = command.join(' ');
  const known = helps.get(key);
  if (known !== undefined) return known;
  const ran = spawnSync(
    process.execPath,
    [path.join(ROOT, 'cli/src/main.ts'), ...command, '--help'],
    { encoding: 'utf8', timeout: HELP_MS_MAX },
  );
  assert.equal(ran.status, 0, `kontor ${key} --help: ${ran.stderr}`);
  helps.set(key, ran.stdout);
  return ran.stdout;
}

/** Whether the help lists `word` as a subcommand. */
function isSubcommand(text: string, word: string): boolean {
  return (text.split('\nCommands:\n')[1] ?? '')
    .split('\n')
    .some((line) => line.startsWith(`  ${word} `));
}

function checkKontor(words: readonly string[], place: string): void {
  const command: string[] = [];
  for (const word of words) {
    if (!help(command).includes('\nCommands:\n') || word.startsWith('-')) break;
    assert.ok(
      isSubcommand(help(command), word),
      `${place}: kontor ${command.join(' ')} has no command ${word}`,
    );
    command.push(word);
  }
  const options = words
    .filter((word) => word.startsWith('-'))
    .map((word) => word.split('=')[0] ?? '');
  for (const option of options) {
    assert.match(
      help(command),
      new RegExp(`^  (-\\w, )?${option}\\b`, 'm'),
      `${place}: kontor ${command.join(' ')} has no option ${option}`,
    );
  }
}

test('[T60] commands shown in the documents exist, with their options', () => {
  const { scripts } = JSON.parse(fs.readFileSync(path.join(ROOT, 'package.json'), 'utf8')) as {
    scripts: Record<string, string>;
  };
  const commands = shownCommands();
  assert.ok(commands.length > 15, `saw ${commands.length} commands`);
  for (const { place, words } of commands) {
    const [program, second = '', third = ''] = words;
    if (program === 'npx') {
      assert.equal(second, 'kontor', place);
      checkKontor(words.slice(2), place);
    } else if (program === 'npm') {
      const script = second === 'run' ? third : second;
      if (script === 'install') continue;
      assert.ok(Object.hasOwn(scripts, script), `${place}: package.json has no script ${script}`);
      if (script === 'start' && words.length > 2) checkKontor(['start', ...words.slice(3)], place);
    } else {
      assert.ok(fs.existsSync(path.join(ROOT, second)), `${place}: ${second} is not there`);
    }
  }
});
