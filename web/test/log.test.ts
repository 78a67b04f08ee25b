// SPDX-License-Identifier: Apache-2.0
// The log in the browser: what it shows, what it proves by itself, and what it refuses to believe.

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import { englishLog } from '../src/language/log-english.ts';
import { germanLog } from '../src/language/log-german.ts';
import { plain, Readers, settled } from './desk-page.ts';
import { LOG_FROM, makeFixtureLog, OPENED, type FixtureLog } from './fixture-log.ts';
import type { FixtureServer } from './fixture-server.ts';

const FOLDER = process.env['KONTOR_SCREENSHOTS'] ?? join(tmpdir(), 'kontor-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const COUNT = 700;

const log = makeFixtureLog(COUNT, { nowMs: Date.now() });

function serve(server: FixtureServer, { files }: FixtureLog = log): void {
  server.logFiles = files;
  server.witnesses = {
    level: 'W3',
    operators: 1,
    meaning: '',
    witnesses: [
      {
        name: 'anna',
        url: 'http://10.0.0.7:2025',
        operator: 'Anna',
        relation: 'person',
        state: 'cosigned',
        size: COUNT,
        cosignedAt: Date.now() - 20_000,
        isFresh: true,
        reason: '',
        keys: ['kontor-witness-anna+0badcafe+BAAA'],
      },
    ],
    anchors: [
      {
        authority: 'clock',
        url: 'https://tsa.example/',
        state: 'anchored',
        size: 650,
        at: Date.now() - 3_600_000,
        count: 12,
        isFresh: true,
        reason: '',
        certificates: [{ subject: 'CN=Clock Root', sha256: 'c10c'.repeat(16) }],
      },
    ],
    fault: null,
    lists: { witnesses: 'trust/witnesses.json', authorities: 'trust/anchors.json' },
  };
}

const readers = new Readers();
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await readers.open();
});
after(() => readers.close());

test('[W95][W110][W155] the page says whose log it is, how far it goes and what it is worth, and finds entries by number and time', async () => {
  await readers.read({ path: '/log', prepare: serve }, async ({ page }) => {
    await settled(page);
    const text = plain(await page.locator('main').innerText());
    assert.match(text, /kontor\.local\/fixture/);
    assert.match(text, /([0-9a-f]{4} ){7}[0-9a-f]{4}/);
    assert.match(text, /W3: another person/);
    assert.match(text, /first time/);
    assert.match(text, /clock\s+Has dated\s+650 entries were there before .*Dates kept: 12/);
    assert.match(text, /Key kontor-witness-anna\+0badcafe/);
    assert.match(text, /said by trust\/witnesses\.json .* which the server cannot change/);
    assert.match(text, /Vouched for by CN=Clock Root c10cc10cc10cc10c…/);
    assert.match(text, /said by trust\/anchors\.json/);
    const rows = page.locator('.log-entry-head');
    assert.equal(await rows.count(), 50);
    assert.match(await rows.first().innerText(), /699/);
    const search = page.getByRole('searchbox', { name: englishLog.search });
    await search.fill('263');
    await page.keyboard.press('Enter');
    await page.locator('.log-entry-open').getByText('263').first().waitFor();
    await search.fill(new Date(LOG_FROM + 100 * 7_000 - 1).toISOString());
    await page.keyboard.press('Enter');
    await page.locator('.log-entry-open', { hasText: '"seq": 100' }).waitFor();
    await search.fill('yesterday or so');
    await page.keyboard.press('Enter');
    await page.getByText(englishLog.searchWrong).waitFor();
    await page.getByRole('button', { name: englishLog.newest }).click();
    await page.getByRole('button', { name: englishLog.older }).click();
    await page.locator('.log-entry-index', { hasText: '649' }).waitFor();
  });
});

test('[W96][W110] an entry is proven in the browser, and a changed file of the server proves nothing', async () => {
  await readers.read({ path: '/log', prepare: serve }, async ({ page, server }) => {
    await settled(page);
    await page.locator('.log-entry-head').first().click();
    await page.getByRole('button', { name: englishLog.check }).click();
    await page.getByText('Verified in this browser').waitFor();
    const found = plain(await page.locator('.log-check').innerText());
    assert.match(found, /Cosigned by witness\.example\/anna/);
    assert.match(found, /not verified in a browser: 1\./);
    const saved = page.waitForEvent('download');
    await page.getByRole('button', { name: englishLog.download }).click();
    const download = await saved;
    assert.equal(download.suggestedFilename(), 'entry-699.tlog-proof');
    const file = readFileSync(await download.path(), 'utf8');
    assert.match(file, /^c2sp\.org\/tlog-proof@v1\n/);

    const path = 'tile/entries/000';
    const changed = Buffer.from(log.files.get(path) ?? '');
    changed.write('deny', changed.indexOf('allow'));
    server.logFiles = new Map([...log.files, [path, changed]]);
    const search = page.getByRole('searchbox', { name: englishLog.search });
    await search.fill('1');
    await page.keyboard.press('Enter');
    await page.locator('.log-entry-open').getByRole('button', { name: englishLog.check }).click();
    await page.getByText(/Not proven: entry 1 is not the one/).waitFor();
  });
});

test('[W96] a checkpoint that the key has not signed is not shown as a log', async () => {
  const other = makeFixtureLog(COUNT, { nowMs: Date.now(), name: 'kontor.local/other' });
  const files = new Map([
    ...log.files,
    ['checkpoint', other.files.get('checkpoint') ?? Buffer.of()],
  ]);
  await readers.read(
    { path: '/log', prepare: (server) => serve(server, { ...log, files }) },
    async ({ page }) => {
      await page.getByText(/Not proven: no known log is called kontor\.local\/other/).waitFor();
      assert.equal(await page.locator('.log-entry').count(), 0);
    },
  );
});

test('[W97] the browser remembers the key, and a change of it is told loudly until a person has compared', async () => {
  const other = makeFixtureLog(COUNT, { nowMs: Date.now(), name: 'kontor.local/other' });
  await readers.read({ path: '/log', prepare: serve }, async ({ page, server }) => {
    await page.getByText(englishLog.pinFirst).waitFor();
    await page.reload();
    await page.getByText(englishLog.pinSame).waitFor();
    server.logFiles = other.files;
    await page.reload();
    await page.getByRole('alert').getByText(englishLog.pinChangedTitle).waitFor();
    await page.reload();
    await page.getByRole('button', { name: englishLog.pinAccept }).click();
    await page.getByText(englishLog.pinChangedTitle).waitFor({ state: 'detached' });
    await page.reload();
    await page.getByText(englishLog.pinSame).waitFor();
  });
});

test('[W98] a proof file is verified where it was chosen, with what it opens, and a changed one is refused', async () => {
  await readers.read({ path: '/log', prepare: serve }, async ({ page, server }) => {
    await settled(page);
    const asked = server.requests.size;
    const choose = async (bytes: Uint8Array): Promise<void> =>
      page.locator('input[type=file]').setInputFiles({
        name: 'a.tlog-proof',
        mimeType: 'text/plain',
        buffer: Buffer.from(bytes),
      });
    await choose(log.proof);
    const card = page.getByRole('region', { name: englishLog.file });
    await card.getByText(`Entry ${OPENED} is in the signed tree`).waitFor();
    assert.match(plain(await card.innerText()), /"price": "64250\.10"/);
    assert.equal(server.requests.size, asked, 'nothing was sent');
    const text = Buffer.from(log.proof).toString();
    const [, extra = ''] = /extra (\S+)/.exec(text) ?? [];
    const opened = Buffer.from(extra, 'base64').toString();
    const forged = text.replace(
      extra,
      Buffer.from(opened.replace('64250.10', '14250.10')).toString('base64'),
    );
    assert.notEqual(forged, text);
    await choose(Buffer.from(forged));
    await card.getByText(/Not proven: the opening is not what the entry committed to/).waitFor();
    await choose(Buffer.from(text.replace(`index ${OPENED}`, 'index 302')));
    await card.getByText(/Not proven/).waitFor();
    await choose(Buffer.from('hello'));
    await card.getByText(/Not proven: a proof must have an empty line/).waitFor();
  });
});

test('[W98] a claim is told what the public half can say, and which command knows more', async () => {
  await readers.read({ path: '/log', prepare: serve }, async ({ page, server }) => {
    await settled(page);
    const card = page.getByRole('region', { name: englishLog.claim });
    const ask = async (time: string, order = ''): Promise<string> => {
      await card.getByRole('textbox', { name: englishLog.claimTime }).fill(time);
      await card.getByRole('textbox', { name: englishLog.claimOrder }).fill(order);
      const before = await card.getByRole('status').innerText();
      await card.getByRole('button', { name: englishLog.claimCheck }).click();
      await page.waitForFunction((old) => {
        const form = document.querySelector('.log-claim');
        const status = form?.querySelector('[role=status]');
        return (
          form?.querySelector('[aria-busy=true]') === null &&
          status instanceof HTMLElement &&
          status.innerText !== old
        );
      }, before);
      return plain(await card.getByRole('status').innerText());
    };
    assert.match(await ask('2026-09-30 10:00'), /^OUT OF SCOPE: the log had not begun/);
    assert.match(await ask('2027-10-01'), /^OUT OF SCOPE: no checkpoint reaches/);
    assert.match(
      await ask('2026-10-01 00:10', "k1'x"),
      /^CANNOT TELL: at that time there are \d+ orders.*kontor log claim --time '2026-10-01 00:10' --order 'k1'\\''x'/,
    );
    assert.match(await ask('', 'k1'), /^CANNOT TELL: without a time/);
    assert.match(await ask('soon'), /Write the time as/);
    // Entry 300 alone, which is a signature and no order.
    const still = new Date(LOG_FROM + 300 * 7_000).toISOString().slice(0, 23);
    assert.match(await ask(still), /^NO MATCH: no order was allowed at that time, among 700/);
    const path = 'tile/entries/001';
    const changed = Buffer.from(log.files.get(path) ?? '');
    changed.write('heartbeax', changed.indexOf('heartbeat'));
    server.logFiles = new Map([...log.files, [path, changed]]);
    await page.reload();
    await settled(page);
    assert.match(await ask(still), /^Not proven: entry \d+ is not the one/);
  });
});

test('[W95] without a log the page says when there will be one', async () => {
  await readers.read({ path: '/log', expected: /404|Not Found/ }, async ({ page }) => {
    await page.getByText(englishLog.none).waitFor();
  });
});

for (const [language, words, locale] of [
  ['english', englishLog, 'en-GB'],
  ['german', germanLog, 'de-DE'],
] as const) {
  for (const [size, width] of [
    ['desktop', 1440],
    ['phone', 390],
  ] as const) {
    for (const theme of ['light', 'dark'] as const) {
      test(`[W99] the page is in order for ${language} on ${size}, ${theme}`, async () => {
        await readers.read(
          { path: '/log', prepare: serve, width, locale, theme },
          async ({ page }) => {
            await page.getByText(words.intro).waitFor();
            await page.locator('.log-entry-head').first().click();
            await page.getByRole('button', { name: words.check }).click();
            await page.locator('.log-proven').waitFor();
            await page.evaluate(`if (window.axe === undefined) { ${AXE} }`);
            const faults: unknown = await page.evaluate(
              `window.axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
                violations.map(({ id, nodes }) => id + ': ' + nodes.map(({ html }) => html).join(' | ')))`,
            );
            assert.deepEqual(faults, []);
            const isWide = await page.evaluate(
              () => document.documentElement.scrollWidth > globalThis.innerWidth,
            );
            assert.equal(isWide, false, 'nothing is wider than the screen');
            await page.screenshot({
              path: join(FOLDER, `log-${language}-${size}-${theme}.png`),
              fullPage: false,
            });
          },
        );
      });
    }
  }
}
