// SPDX-License-Identifier: Apache-2.0
// Every page looked at: no accessibility fault, nothing that jumps, and a picture of each for a reviewer
// (dark and light, desktop and phone, English and German).

import assert from 'node:assert/strict';
import { mkdirSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, before, test } from 'node:test';

import type { Page } from 'playwright-core';

import { eventually, Readers, SEED, settled } from './desk-page.ts';
import { CONDITIONS, everyKind, GRID_BOT, PORTFOLIO_BOT, SHORT_BOT, SIGNAL_BOT, TRADE_BOT, WAITING_BOT } from './every-kind.ts'; // prettier-ignore

const FOLDER = process.env['KONTOR_SCREENSHOTS'] ?? join(tmpdir(), 'kontor-screenshots');
const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const LAYOUT_SHIFT_MAX = 0.02;

const PAGES: readonly (readonly [string, string])[] = [
  ['overview', '/'],
  ['bots', '/bots'],
  ['bots-panel', '/bots?panel=4'],
  ['bot', '/bots/1'],
  ['deals', '/deals'],
  ['deals-panel', '/deals?panel=4-9'],
  ['deal', '/deals/4-9'],
  ['deal-closed', '/deals/3-20'],
  ['connections', '/connections'],
  ['settings', '/settings'],
  ['risk', '/risk'],
  ['new', '/bots/new'],
  ['new-dca', '/bots/new?kind=dca'],
  ['new-grid', '/bots/new?kind=grid'],
  ['new-smart-trade', '/bots/new?kind=smartTrade'],
  ['new-signal', '/bots/new?kind=signal'],
  ['new-portfolio', '/bots/new?kind=rebalance'],
  ['bot-edit', '/bots/1/edit'],
  ['bot-grid', `/bots/${GRID_BOT}`],
  ['bot-waiting', `/bots/${WAITING_BOT}`],
  ['bot-portfolio', `/bots/${PORTFOLIO_BOT}`],
  ['deal-grid', `/deals/${GRID_BOT}-1`],
  ['deal-trade', `/deals/${TRADE_BOT}-1`],
  ['deal-short', `/deals/${SHORT_BOT}-1`],
  ['deal-edit', '/deals/4-9/edit'],
  ['bot-trade', `/bots/${TRADE_BOT}`],
  ['bot-signal', `/bots/${SIGNAL_BOT}`],
  ['deal-signal', `/deals/${SIGNAL_BOT}-1`],
  ['deal-portfolio', `/deals/${PORTFOLIO_BOT}-1`],
  ['bot-edit-grid', `/bots/${GRID_BOT}/edit`],
  ['bot-edit-trade', `/bots/${TRADE_BOT}/edit`],
  ['bot-edit-signal', `/bots/${SIGNAL_BOT}/edit`],
  ['bot-edit-portfolio', `/bots/${PORTFOLIO_BOT}/edit`],
];

const SIZES = [
  ['desktop', 1440],
  ['phone', 390],
] as const;

const readers = new Readers();
before(async () => {
  mkdirSync(FOLDER, { recursive: true });
  await readers.open();
});
after(() => readers.close());

for (const [size, width] of SIZES) {
  test(`[W38] every page on a ${size}: accessible, nothing jumps, pictures taken`, async (context) => {
    await readers.read(
      {
        width,
        reducedMotion: true,
        path: '/settings',
        data: everyKind(SEED),
        prepare: (server) => {
          server.conditions = CONDITIONS;
        },
      },
      async ({ page, server }) => {
        await watchLayoutShift(page);
        for (const [index, [name, path]] of PAGES.entries()) {
          await page.goto(server.url + path);
          await settled(page);
          await exercise(server, page);
          const shift = await page.evaluate(() => Number(Reflect.get(window, 'layoutShift')));
          assert.ok(shift < LAYOUT_SHIFT_MAX, `${name} on a ${size} jumps: ${shift}`);
          const themes =
            index % 2 === 0 ? (['dark', 'light'] as const) : (['light', 'dark'] as const);
          // On the phone one of the two: the colours of the other are looked at on the desktop.
          for (const theme of size === 'desktop' ? themes : themes.slice(0, 1)) {
            // The other theme differs in its colours only, so it is looked at in the other language.
            const language = theme === 'dark' ? 'en' : 'de';
            await choose(page, theme, language);
            const picture = `${name}-${theme}-${size}-${language}.png`;
            await page.screenshot({ path: join(FOLDER, picture) });
            const found = await faults(page, theme === themes[0] ? 'all' : 'contrast');
            assert.deepEqual(found, [], `${name} on a ${size}, ${theme}`);
          }
        }
      },
    );
    context.diagnostic(`pictures in ${FOLDER}`);
  });
}

test('[W38] what opens above the page is accessible, too', async () => {
  await readers.read({ path: '/deals/4-9', reducedMotion: true }, async ({ page }) => {
    await settled(page);
    for (const theme of ['dark', 'light'] as const) {
      await choose(page, theme, 'en');
      await page.getByRole('button', { name: 'Close at market' }).click();
      await page.getByRole('alertdialog').waitFor();
      await page.screenshot({ path: join(FOLDER, `close-${theme}-desktop-en.png`) });
      assert.deepEqual(await faults(page), [], `closing, ${theme}`);
      await page.keyboard.press('Escape');
      await page.keyboard.press('Control+k');
      await page.getByRole('combobox').waitFor();
      await page.screenshot({ path: join(FOLDER, `commands-${theme}-desktop-en.png`) });
      assert.deepEqual(await faults(page), [], `commands, ${theme}`);
      await page.keyboard.press('Escape');
      await page.keyboard.press('?');
      await page.getByRole('dialog', { name: 'Keyboard' }).waitFor();
      await page.screenshot({ path: join(FOLDER, `keyboard-${theme}-desktop-en.png`) });
      assert.deepEqual(await faults(page), [], `keyboard list, ${theme}`);
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'detached' });
    }
  });
});

test('[W38] the locked page and stale numbers are accessible, too', async () => {
  const expected = /401|ERR_|EMPTY_RESPONSE/;
  await readers.read({ reducedMotion: true, expected }, async ({ page, server }) => {
    await settled(page);
    server.isDown = true;
    server.dropStreams();
    await page.locator('.strip-warning').waitFor();
    for (const theme of ['dark', 'light'] as const) {
      await choose(page, theme, 'en');
      await page.screenshot({ path: join(FOLDER, `stale-${theme}-desktop-en.png`) });
      assert.deepEqual(await faults(page), [], `stale, ${theme}`);
    }
    server.isDown = false;
    server.isLocked = true;
    await page.reload();
    await page.getByRole('heading', { name: 'This desk is locked' }).waitFor();
    for (const theme of ['dark', 'light'] as const) {
      await choose(page, theme, 'en');
      await page.screenshot({ path: join(FOLDER, `locked-${theme}-desktop-en.png`) });
      assert.deepEqual(await faults(page), [], `locked, ${theme}`);
    }
  });
});

test('[W38] the look for accessibility faults finds one', async () => {
  await readers.read({ path: '/settings' }, async ({ page }) => {
    await settled(page);
    await page.evaluate(() => {
      const image = document.createElement('img');
      image.src = '/icon.svg';
      document.querySelector('main')?.append(image);
    });
    assert.match((await faults(page)).join(), /image-alt/);
  });
});

/** Live prices while the page stands: numbers may change, nothing may move. */
async function exercise(
  server: { move(symbol: string, price: number): void },
  page: Page,
): Promise<void> {
  for (const factor of [1.004, 0.93, 1]) {
    server.move('XRPUSDT', 2.3 * factor);
    server.move('BTCUSDT', 93_700 * factor);
  }
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

/** Switches as another tab would: at once, without loading the page again. */
async function choose(page: Page, theme: 'dark' | 'light', language: 'en' | 'de'): Promise<void> {
  await page.evaluate(
    (preferences) => {
      localStorage.setItem('kontor.preferences', JSON.stringify(preferences));
      window.dispatchEvent(new StorageEvent('storage', { key: 'kontor.preferences' }));
    },
    { theme, language, zone: 'local', hours: 'system' },
  );
  await eventually(
    () =>
      page.evaluate(() => [
        document.documentElement.dataset['theme'],
        document.documentElement.lang.slice(0, 2),
      ]),
    (found) => found[0] === theme && found[1] === language,
    'the page has switched',
  );
  await page.evaluate(
    () =>
      new Promise((resolve) => {
        requestAnimationFrame(() => requestAnimationFrame(resolve));
      }),
  );
}

/** What axe finds, one line a fault. */
async function faults(page: Page, rules: 'all' | 'contrast' = 'all'): Promise<string[]> {
  await page.evaluate(`if (window.axe === undefined) { ${AXE} }`);
  return await page.evaluate(async (isAll) => {
    interface Axe {
      run(
        context: Document,
        options: object,
      ): Promise<{
        violations: { id: string; nodes: { html: string; failureSummary?: string }[] }[];
      }>;
    }
    // The line before put axe into the page.
    const axe = Reflect.get(window, 'axe') as Axe;
    const { violations } = await axe.run(document, {
      resultTypes: ['violations'],
      ...(isAll ? {} : { runOnly: ['color-contrast'] }),
    });
    return violations.flatMap(({ id, nodes }) =>
      nodes.map((node) => `${id}: ${node.html.slice(0, 160)} ${node.failureSummary ?? ''}`),
    );
  }, rules === 'all');
}

async function watchLayoutShift(page: Page): Promise<void> {
  await page.addInitScript(() => {
    Reflect.set(window, 'layoutShift', 0);
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) {
        if (Reflect.get(entry, 'hadRecentInput') === true) continue;
        Reflect.set(
          window,
          'layoutShift',
          Number(Reflect.get(window, 'layoutShift')) + Number(Reflect.get(entry, 'value')),
        );
      }
    }).observe({ type: 'layout-shift', buffered: true });
  });
}
