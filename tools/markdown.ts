// SPDX-License-Identifier: Apache-2.0
// Every link of every Markdown file that stays inside the repository leads somewhere, its anchor too.

import fs from 'node:fs';
import path from 'node:path';

export function checkLinks(root: string, files: readonly string[]): string[] {
  const problems: string[] = [];
  const anchors = new Map<string, ReadonlySet<string>>();
  const anchorsOf = (file: string): ReadonlySet<string> => {
    const known = anchors.get(file);
    if (known !== undefined) return known;
    const found = headingAnchors(fs.readFileSync(path.join(root, file), 'utf8'));
    anchors.set(file, found);
    return found;
  };
  for (const file of files.filter((each) => each.endsWith('.md'))) {
    for (const { target, line } of links(fs.readFileSync(path.join(root, file), 'utf8'))) {
      const where = `${file}:${line}`;
      if (/^(https?|mailto):/.test(target)) continue;
      const [page = '', anchor] = target.split('#');
      const to = page === '' ? file : path.posix.join(path.posix.dirname(file), decodeURI(page));
      if (to.startsWith('..')) problems.push(`${where}: ${target} leaves the repository`);
      else if (!fs.existsSync(path.join(root, to))) {
        problems.push(`${where}: ${target} leads nowhere`);
      } else if (anchor !== undefined && to.endsWith('.md') && !anchorsOf(to).has(anchor)) {
        problems.push(`${where}: ${to} has no heading #${anchor}`);
      }
    }
  }
  return problems;
}

function links(text: string): { target: string; line: number }[] {
  const found: { target: string; line: number }[] = [];
  let isFenced = false;
  for (const [index, line] of text.split('\n').entries()) {
    if (line.trimStart().startsWith('```')) isFenced = !isFenced;
    if (isFenced) continue;
    const bare = line.replaceAll(/`[^`]*`/g, '');
    const patterns = [
      /\]\(<?([^)\s>]+)>?(?:\s+"[^"]*")?\)/g,
      /^\s*\[[^\]]+\]:\s+(\S+)/g,
      /\s(?:src|href|srcset)="([^"\s]+)"/g,
    ];
    for (const pattern of patterns) {
      for (const match of bare.matchAll(pattern)) {
        found.push({ target: match[1] ?? '', line: index + 1 });
      }
    }
  }
  return found;
}

/** The anchors a reader's browser finds: lower case, spaces to hyphens, other signs dropped, repeats numbered. */
function headingAnchors(text: string): ReadonlySet<string> {
  const found = new Set<string>();
  let isFenced = false;
  for (const line of text.split('\n')) {
    if (line.startsWith('```')) isFenced = !isFenced;
    const heading = isFenced ? undefined : /^#{1,6}\s+(.*?)\s*#*$/.exec(line)?.[1];
    if (heading === undefined) continue;
    const base = heading
      .replaceAll(/\[([^\]]*)\]\([^)]*\)/g, '$1')
      .toLowerCase()
      .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
      .replaceAll(' ', '-');
    let anchor = base;
    for (let repeat = 1; found.has(anchor); repeat += 1) anchor = `${base}-${repeat}`;
    found.add(anchor);
  }
  return found;
}
