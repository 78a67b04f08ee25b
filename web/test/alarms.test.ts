// SPDX-License-Identifier: Apache-2.0
// Alarms in a real browser: above every page, on a page of their own, and what leads out of the desk.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import type { Alarm } from '../src/api/types.ts';
import { Readers } from './desk-page.ts';

const readers = new Readers();
before(() => readers.open());
after(() => readers.close());

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
    'Ein Geschäft, das dieses Desk nicht gemacht hat: Verkauf von 500 DOGEUSDT zu 0.1.',
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
      await page.getByText('4 pieces of evidence').waitFor();
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
