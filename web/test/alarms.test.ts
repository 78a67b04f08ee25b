// SPDX-License-Identifier: Apache-2.0
// Alarms in a real browser: above every page, on a page of their own, and what leads out of the desk.

import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';

import type { Alarm } from '../src/api/types.ts';
import { loadLanguage, toLanguage } from '../src/language/languages.ts';
import { alarmSentence } from '../src/language/alarm-sentence.ts';
import { eventually, plain, Readers, settled } from './desk-page.ts';

const readers = new Readers();
before(async () => {
  await loadLanguage('de');
  await readers.open();
});
after(() => readers.close());

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
const KEY_PAGE = 'https://www.binance.com/en/my/settings/api-management';

function alarm(changes: Partial<Alarm> = {}): Alarm {
  return {
    id: '00000000-0000-4000-8000-000000000001',
    kind: 'foreignTrade',
    severity: 'critical',
    connection: 'c_ABCDEF2',
    subject: '',
    facts: {
      ...{ symbol: 'DOGEUSDT', side: 'sell', price: '0.1', quantity: '500' },
      keyPage: KEY_PAGE,
    },
    state: 'open',
    raisedAt: Date.now() - 60_000,
    lastAt: Date.now(),
    count: 3,
    acknowledgedAt: null,
    acknowledgedBy: null,
    resolvedAt: null,
    isLasting: false,
    sentence: 'said by the desk',
    ...changes,
  };
}

const SECOND = alarm({
  id: '00000000-0000-4000-8000-000000000002',
  kind: 'streamGap',
  severity: 'warning',
  facts: { reason: 'no sign of life for 16000 ms' },
});

test('[W124] an alarm names its connection as people do', async () => {
  await readers.read({ path: '/alarms' }, async ({ page, server }) => {
    const [own] = server.data.connections;
    assert.ok(own);
    server.alarms = {
      openCount: 2,
      alarms: [alarm({ connection: own.id }), { ...SECOND, connection: 'c_GONE222' }],
    };
    await page.reload();
    const [named, gone] = [page.locator('.alarm').first(), page.locator('.alarm').nth(1)];
    await named.getByText(own.name, { exact: true }).waitFor();
    assert.equal(
      (await named.locator('.alarm-what > p').allInnerTexts()).join().includes(own.id),
      false,
    );
    await gone.getByText('c_GONE222').waitFor();
  });
});

for (const [locale, said, more] of [
  ['en-GB', 'A trade that this desk did not make: sell 500 DOGEUSDT at 0.1.', 'And 1 more'],
  [
    'de-DE',
    'Ein Geschäft, das dieser Desk nicht gemacht hat: Verkauf von 500 DOGEUSDT zu 0,1.',
    'Und 1 weitere',
  ],
] as const) {
  test(`[W90] the gravest alarm stands above every page until it is acknowledged (${locale})`, async () => {
    await readers.read({ locale, path: '/bots' }, async ({ page, server }) => {
      await page.locator('h1').waitFor();
      assert.equal(await page.locator('.alarm-banner').count(), 0);
      server.alarms = { openCount: 2, alarms: [SECOND, alarm()] };
      server.push({ kind: 'alarms', alarms: server.alarms });
      const banner = page.locator('.alarm-banner[role=alert]');
      await banner.getByText(said).waitFor();
      assert.match((await banner.textContent()) ?? '', new RegExp(more));
      assert.equal(await page.locator('.alarm-count').textContent(), '2');
      for (const path of ['/', '/deals', '/risk', '/connections']) {
        await page.goto(server.url + path);
        await page.locator('.alarm-banner').waitFor();
      }
      await page.locator('.alarm-banner a').click();
      await page.locator('.alarm').first().waitFor();
      server.alarms = { openCount: 0, alarms: [] };
      server.push({ kind: 'alarms', alarms: server.alarms });
      await page.locator('.alarm-banner').waitFor({ state: 'detached' });
    });
  });
}

test('[W91] an alarm leads to the page where the key is deleted, and is seen once', async () => {
  await readers.read(
    {
      path: '/alarms',
      prepare(server) {
        server.alarms = { openCount: 1, alarms: [alarm()] };
        server.cases = [
          {
            id: '20261123T001500Z-1a2b3c',
            openedAt: Date.now(),
            connection: 'c_ABCDEF2',
            events: 3,
            evidence: 4,
          },
        ];
        server.foreignOrders = {
          connection: 'c_ABCDEF2',
          orders: ['sell 500 DOGEUSDT at 0.1, order 7'],
        };
      },
    },
    async ({ page, server }) => {
      const link = page.locator('.alarm a.button');
      await link.waitFor();
      assert.equal(await link.getAttribute('href'), KEY_PAGE);
      assert.match((await link.getAttribute('rel')) ?? '', /noreferrer/);
      await page.getByText('20261123T001500Z-1a2b3c').waitFor();
      await page.getByText(/3 events, 4 pieces of evidence, connection c_ABCDEF2/).waitFor();
      await page.getByText('sell 500 DOGEUSDT at 0.1, order 7').waitFor();
      await page.locator('.alarm-decide .button').click();
      await page.locator('.alarm .badge-off').waitFor();
      const path = '/alarms/00000000-0000-4000-8000-000000000001/acknowledge';
      assert.equal(server.requests.get(`POST /api/v1${path}`), 1);
    },
  );
});

test('[W91] an address that is no https leads nowhere', async () => {
  await readers.read(
    {
      path: '/alarms',
      prepare(server) {
        const facts = { symbol: 'A', keyPage: 'javascript:alert(1)' };
        server.alarms = { openCount: 1, alarms: [alarm({ facts, kind: 'tomorrow' })] };
      },
    },
    async ({ page }) => {
      // A kind that this page does not know is told as the desk says it.
      await page.locator('.alarm').getByText('said by the desk').waitFor();
      assert.equal(await page.locator('.alarm a').count(), 0);
    },
  );
});

test('[W91] the webhook is set with an address, and its secret is shown once', async () => {
  await readers.read({ path: '/alarms' }, async ({ page, server }) => {
    await page.locator('.alarm-webhook input').fill('https://example.com/hook');
    await page.locator('.alarm-webhook button[type=submit]').click();
    await page.getByText('the-secret-of-the-webhook').waitFor();
    await page.getByText('Alarms go to https://example.com.').waitFor();
    assert.deepEqual(server.bodies.get('PUT /alarms/channels/webhook'), {
      url: 'https://example.com/hook',
    });
    await page.getByRole('button', { name: 'Send a test' }).click();
    await page.getByText('The receiver has taken the test.').waitFor();
    await page.reload();
    await page.getByText('Alarms go to https://example.com.').waitFor();
    assert.equal(await page.getByText('the-secret-of-the-webhook').count(), 0);
  });
});

test('[W160] no page says that all is well beside an alarm, or beside a condition that was only seen', async () => {
  await readers.read({ path: '/' }, async ({ page, server }) => {
    await settled(page);
    const badges = page.locator('.strip-health .badge, .card-head .badge').filter({
      hasText: /All well|alarm|Degraded/,
    });
    const said = async (expected: string): Promise<void> => {
      await eventually(
        async () => (await badges.allInnerTexts()).map(plain),
        (found) => found.length === 2 && found.every((text) => text === expected),
        `both badges say ${expected}`,
      );
    };
    const show = (alarms: readonly Alarm[]): void => {
      const openCount = alarms.filter(({ state }) => state === 'open').length;
      server.alarms = { openCount, alarms: [...alarms] };
      server.push({ kind: 'alarms', alarms: server.alarms });
    };
    await said('All well');
    show([alarm()]);
    await said('1 alarm');
    show([alarm(), SECOND]);
    await said('2 alarms');
    show([alarm({ state: 'acknowledged' })]);
    await said('All well');
    show([{ ...SECOND, state: 'acknowledged', isLasting: true }]);
    await said('Degraded');
    show([{ ...SECOND, state: 'resolved', isLasting: true }]);
    await said('All well');
  });
});

test('[W161] figures in alarms are written as the reader writes them, names and evidence as they are', () => {
  const english = toLanguage({ language: 'en', zone: 'utc', hours: 'h23' }, ['en-GB']);
  const german = toLanguage({ language: 'de', zone: 'utc', hours: 'h23' }, ['de-DE']);
  const cases: readonly (readonly [Partial<Alarm>, string, string])[] = [
    [
      { facts: { symbol: 'BTCUSDT', side: 'sell', price: '62000.5', quantity: '0.25' } },
      'A trade that this desk did not make: sell 0.25 BTCUSDT at 62,000.5.',
      'Ein Geschäft, das dieser Desk nicht gemacht hat: Verkauf von 0,25 BTCUSDT zu 62.000,5.',
    ],
    [
      { kind: 'connectionExpiring', facts: { name: '1.5', days: '1' } },
      'The connection 1.5 ends in 1 day: make a new key.',
      'Die Verbindung 1.5 endet in 1 Tag: Machen Sie einen neuen Schlüssel.',
    ],
    [
      { kind: 'connectionExpiring', facts: { name: 'main', days: '0' } },
      'The connection main ends in less than a day: make a new key.',
      'Die Verbindung main endet in weniger als einem Tag: Machen Sie einen neuen Schlüssel.',
    ],
    [
      { kind: 'streamGap', facts: { reason: 'no sign of life for 16000 ms' } },
      'The account stream is silent: no sign of life for 16000 ms. What happens at the account is seen later.',
      'Der Kontostrom ist stumm: kein Lebenszeichen seit 16.000 ms. Was auf dem Konto geschieht, wird später gesehen.',
    ],
    [
      { kind: 'rightsChanged', facts: { name: 'main', reason: 'withdrawals, ipListVanished' } },
      'The rights of the key of main are not what they were: it may withdraw, its address list is gone.',
      'Die Rechte des Schlüssels von main sind nicht mehr, was sie waren: er darf auszahlen, seine Adressliste fehlt.',
    ],
    [
      { kind: 'connectionFrozen', facts: { name: 'main', reason: 'by a person' } },
      'The connection main is frozen: by a person.',
      'Die Verbindung main ist eingefroren: von einer Person.',
    ],
  ];
  for (const [changes, inEnglish, inGerman] of cases) {
    assert.equal(alarmSentence(alarm(changes), english), inEnglish);
    assert.equal(alarmSentence(alarm(changes), german), inGerman);
  }
});

for (const [width, theme, locale] of [
  [1280, 'light', 'en-GB'],
  [390, 'dark', 'de-DE'],
] as const) {
  test(`[W165] alarms and cases have no accessibility fault and fit, and so does what a phone opens (${width}, ${locale})`, async () => {
    await readers.read(
      {
        width,
        theme,
        locale,
        path: '/cases',
        prepare(server) {
          const kinds = ['foreignTrade', 'orderHeld', 'rightsChanged', 'tomorrow'];
          const alarms = kinds.map((kind, index) =>
            alarm({ kind, id: `00000000-0000-4000-8000-00000000000${index}` }),
          );
          server.alarms = { openCount: alarms.length, alarms };
          const opened = { openedAt: Date.now(), connection: 'c_ABCDEF2' };
          server.cases = [
            { id: '20261123T001500Z-1a2b3c', ...opened, events: 1, evidence: 1 },
            { id: '20261122T001500Z-1a2b3c', ...opened, events: 12_000, evidence: 4 },
          ];
          server.foreignOrders = {
            connection: 'c_ABCDEF2',
            orders: ['sell 500 DOGEUSDT at 0.1, order 7'],
          };
        },
      },
      async ({ page }) => {
        // The address of the cases leads to where they stand.
        await page.waitForURL((url) => url.pathname === '/alarms');
        await settled(page);
        await page.getByText(locale === 'en-GB' ? '12,000 events' : '12.000 Ereignisse').waitFor();
        await page
          .getByText(locale === 'en-GB' ? '1 event, 1 piece' : '1 Ereignis, 1 Bew')
          .waitFor();
        // The way there is not offered where one is.
        assert.equal(await page.locator('.alarm-banner a').count(), 0);
        const check = async (what: string): Promise<void> => {
          await page.evaluate(`if (window.axe === undefined) { ${AXE} }`);
          const found = await page.evaluate(
            `window.axe.run(document, { resultTypes: ['violations'] }).then(({ violations }) =>
              violations.flatMap(({ id, nodes }) => nodes.map(({ html }) => id + ': ' + html.slice(0, 160))))`,
          );
          assert.deepEqual(found, [], what);
          const isWide = await page.evaluate(
            () => document.documentElement.scrollWidth > window.innerWidth,
          );
          assert.equal(isWide, false, `${what}: nothing is wider than the screen`);
        };
        await check('alarms');
        if (width === 1280) return;
        await page.locator('.rail-more').tap();
        await page.getByRole('dialog').getByRole('link').first().waitFor();
        await check('the sheet of further pages');
      },
    );
  });
}
