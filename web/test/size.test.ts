// SPDX-License-Identifier: Apache-2.0
// The built page: small, hashed, with nothing inline and nothing from elsewhere.

import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { gzipSync } from 'node:zlib';

import { builtPage } from './built-page.ts';

const FIRST_LOAD_BYTES_MAX = 250_000;

let dist = '';
before(async () => {
  dist = await builtPage();
});

test('[W20] the first page loads at most 250 kB of compressed script', (context) => {
  const loaded = scriptsOf('overview');
  const bytes = [...loaded].reduce((sum, name) => sum + compressed(join(dist, 'assets', name)), 0);
  const all = readdirSync(join(dist, 'assets'))
    .filter((name) => name.endsWith('.js'))
    .reduce((sum, name) => sum + compressed(join(dist, 'assets', name)), 0);
  context.diagnostic(`first load ${bytes} bytes in ${loaded.size} files, all pages ${all} bytes`);
  assert.ok(
    bytes <= FIRST_LOAD_BYTES_MAX,
    `expected at most ${FIRST_LOAD_BYTES_MAX}, found ${bytes}`,
  );
});

test('[W20] pages that are not open are not loaded', () => {
  const first = scriptsOf('overview');
  for (const page of [
    'deals',
    'deal',
    'bots',
    'settings',
    'connections',
    'bot-editor',
    'deal-editor',
    'risk',
    'log',
    'german',
  ]) {
    assert.equal(first.has(entryOf(page)), false, `${page} is loaded with the overview`);
  }
});

test('[W21] the page needs nothing inline and nothing from elsewhere', () => {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  assert.doesNotMatch(html, /<script(?![^>]*\bsrc=)[^>]*>/, 'no inline script');
  assert.doesNotMatch(html, /<style/, 'no inline style');
  assert.doesNotMatch(html, /\son\w+=/, 'no inline handler');
  for (const [, address = ''] of html.matchAll(/(?:src|href)="([^"]+)"/g)) {
    assert.match(address, /^\//, 'every address is the desk’s own');
  }
  for (const name of readdirSync(join(dist, 'assets'))) {
    const text = readFileSync(join(dist, 'assets', name), 'utf8');
    if (name.endsWith('.css')) assert.doesNotMatch(text, /url\(["']?(?:data|https?):/, name);
    if (name.endsWith('.js')) assert.doesNotMatch(text, /\beval\(|new Function\(/, name);
  }
});

test('[W21] files that may be kept forever carry their content’s hash', () => {
  for (const name of readdirSync(join(dist, 'assets'))) {
    assert.match(name, /-[\w-]{8}\.(js|css|svg)$/);
  }
});

function compressed(file: string): number {
  return gzipSync(readFileSync(file), { level: 6 }).length;
}

/** The chunk that holds a page: the one that `index` imports under the page's name. */
function entryOf(page: string): string {
  const name = readdirSync(join(dist, 'assets')).find((each) =>
    new RegExp(`^${page}-[\\w-]{8}\\.js$`).test(each),
  );
  assert.ok(name, `expected a chunk of the page ${page}`);
  return name;
}

/** All scripts that the browser loads for `page`: the entry, the page, and what both import. */
function scriptsOf(page: string): ReadonlySet<string> {
  const html = readFileSync(join(dist, 'index.html'), 'utf8');
  const loaded = new Set<string>();
  const load = (name: string): void => {
    if (loaded.has(name)) return;
    loaded.add(name);
    const text = readFileSync(join(dist, 'assets', name), 'utf8');
    // Static imports only: `import("…")` loads later.
    for (const [, next = ''] of text.matchAll(/(?:from|import)\s*["'`]\.\/([\w.-]+\.js)["'`]/g))
      load(next);
  };
  for (const [, name = ''] of html.matchAll(/\/assets\/([\w.-]+\.js)"/g)) load(name);
  assert.ok(loaded.size > 0, 'index.html names its entry');
  load(entryOf(page));
  return loaded;
}
