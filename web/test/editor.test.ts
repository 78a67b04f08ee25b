// SPDX-License-Identifier: Apache-2.0
// Making and changing bots, in a real browser: few keys, errors at their fields, nothing typed is lost.

import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';

import { parsePrice, previewLadder, type DcaSettings } from '@kontor/core';
import type { Locator, Page } from 'playwright-core';

import { eventually, plain, Readers, settled } from './desk-page.ts';
import { market, presetDraft, settingsOf } from './editor-market.ts';
import { everyKind, GRID_BOT, TRADE_BOT } from './every-kind.ts';

const readers = new Readers();
before(() => readers.open());
after(() => readers.close());

const KEPT = 'kontor.draft.new.dca';

test('[W47] a bot is made with three keys, and started with a few more', async () => {
  await readers.read({ path: '/bots' }, async ({ page, server }) => {
    await settled(page);
    await page.keyboard.press('n');
    await page.getByRole('heading', { level: 1, name: 'What kind of bot?' }).waitFor();
    await page.keyboard.press('1');
    await formReady(page);
    await page.keyboard.press('Control+Enter');
    await page.getByRole('heading', { level: 1, name: 'BTCUSDT Steady' }).waitFor();
    await page.getByText('BTCUSDT Steady is there, stopped.').waitFor();
    const sent = server.bodies.get('POST /bots');
    assert.deepEqual(sent, {
      ...settingsOf<DcaSettings>('dca', presetDraft('dca', 'BTCUSDT')),
      name: 'BTCUSDT Steady',
    });
    assert.equal(server.data.bots.at(-1)?.state, 'stopped');
    assert.equal(await kept(page, KEPT), null, 'nothing is left to be saved');
  });
});

test('[W47] every kind begins with a preset that can be created and started as it is', async () => {
  const made: readonly (readonly [string, string])[] = [
    ['DCA bot', 'BTCUSDT Steady'],
    ['Grid bot', 'BTCUSDT Around the price'],
    ['Portfolio', 'Equal shares'],
    ['Signal bot', 'BTCUSDT Follow both ways'],
    ['Smart trade', 'BTCUSDT Buy now, one target'],
  ];
  await readers.read({ path: '/bots/new' }, async ({ page, server }) => {
    for (const [kind, name] of made) {
      await page.goto(`${server.url}/bots/new`);
      await page.getByRole('link', { name: kind }).press('Enter');
      await formReady(page);
      await page.getByRole('button', { name: 'Create and start' }).click();
      await page.getByRole('heading', { level: 1, name }).waitFor();
      await page.getByText(`${name} is there and runs.`).waitFor();
      const bot = server.data.bots.at(-1);
      assert.deepEqual([bot?.name, bot?.state], [name, 'running']);
    }
  });
});

test('[W48] errors stand at their fields while typing; the first wrong one takes the focus', async () => {
  await readers.read({ path: '/bots/new?kind=dca' }, async ({ page, server }) => {
    await formReady(page);
    const volume = page.getByLabel('Base order', { exact: true });
    await volume.fill('1');
    await said(
      field(page, 'baseOrderVolume'),
      'BTCUSDT needs a value of at least 5. This comes to',
    );
    await volume.fill('x');
    await said(field(page, 'baseOrderVolume'), 'A number is needed here.');
    assert.equal(await volume.inputValue(), 'x', 'what was typed stays');
    assert.equal(await volume.getAttribute('aria-invalid'), 'true');
    await volume.fill('');
    await said(field(page, 'baseOrderVolume'), 'This is needed.');
    await page.getByText('1 thing to fix').waitFor();
    await volume.fill('20');
    await field(page, 'baseOrderVolume').locator('.form-error p').waitFor({ state: 'detached' });

    // A folded field: it is unfolded and takes the focus when the form is sent.
    const limits = page.getByRole('region', { name: 'Within which limits' });
    await limits.locator('summary').click();
    await page.getByLabel('Most slippage').fill('50');
    await said(field(page, 'maxSlippage'), 'A number, at least 0, at most 10.');
    await limits.locator('summary').click();
    assert.equal(await page.getByLabel('Most slippage').isVisible(), false);
    await page.getByRole('button', { name: 'Create stopped' }).click();
    await eventually(
      () => page.evaluate(() => document.activeElement?.id),
      (id) => id === 'field-maxSlippage',
      'the wrong field has the focus',
    );
    assert.equal(server.bodies.get('POST /bots'), undefined, 'nothing was sent');
  });
});

test('[W48] an empty field that nobody has been to is no mistake until the form is sent', async () => {
  await readers.read({ path: '/bots/new?kind=smartTrade' }, async ({ page }) => {
    await formReady(page);
    await page.getByRole('button', { name: 'Sell what you hold' }).click();
    await page.getByLabel('Coins', { exact: true }).waitFor();
    assert.equal(await field(page, 'held.quantity').locator('.form-error p').count(), 0);
    await page.getByRole('button', { name: 'Create stopped' }).click();
    await said(field(page, 'held.quantity'), 'This is needed.');
    await eventually(
      () => page.evaluate(() => document.activeElement?.id),
      (id) => id === 'field-held.quantity',
      'the empty field has the focus',
    );
  });
});

test('[W49] what was typed survives a reload and other pages, until it is discarded, and even then', async () => {
  await readers.read({ path: '/bots/new?kind=dca' }, async ({ page }) => {
    await formReady(page);
    await page.getByLabel('Name').fill('Half done');
    await page.getByLabel('Base order', { exact: true }).fill('abc');
    await page.reload();
    await formReady(page);
    assert.equal(await page.getByLabel('Name').inputValue(), 'Half done');
    assert.equal(await page.getByLabel('Base order', { exact: true }).inputValue(), 'abc');
    await page.getByText('Not saved yet, typed').waitFor();
    await page.getByRole('link', { name: 'Deals', exact: true }).click();
    await settled(page);
    await page.goBack();
    await formReady(page);
    assert.equal(await page.getByLabel('Name').inputValue(), 'Half done');
    await page.getByRole('button', { name: 'Discard' }).click();
    await value(page.getByLabel('Name'), 'BTCUSDT Steady');
    assert.equal(await kept(page, KEPT), null);
    await page.getByRole('button', { name: 'Undo' }).click();
    await value(page.getByLabel('Name'), 'Half done');
    await page.getByRole('button', { name: 'Brisk' }).click();
    await value(page.getByLabel('Name'), 'BTCUSDT Brisk');
    await page.getByText('Began with Brisk.').waitFor();
    await page.getByRole('button', { name: 'Undo' }).last().click();
    await value(page.getByLabel('Name'), 'Half done');
  });
});

test('[W58] the preview follows what is typed and the price, with the machine’s own numbers', async () => {
  await readers.read({ path: '/bots/new?kind=dca' }, async ({ page, server }) => {
    await formReady(page);
    await page.getByLabel('Safety orders', { exact: true }).fill('8');
    await page.getByLabel('Step to the first').fill('0.7');
    const settings = settingsOf<DcaSettings>(
      'dca',
      presetDraft('dca', 'BTCUSDT', { maxSafetyOrders: 8, safetyOrderStep: '0.7' }),
    );
    await previewShows(page, settings, market.lastPrice('BTCUSDT') ?? '');
    server.move('BTCUSDT', 91_234.56);
    await previewShows(page, settings, '91234.56');
    assert.ok((await page.locator('.price-chart canvas').count()) > 0);
    await page.getByLabel('Base order', { exact: true }).fill('');
    await page.getByText('The preview is there as soon as the fields are right.').waitFor();
    await page.getByLabel('Base order', { exact: true }).fill('9000');
    await page.getByText(/USDT are missing: the account has 8,123\.44 USDT free\./).waitFor();
  });
});

test('[W41] in German, numbers are typed with a comma, and what could be two is refused', async () => {
  const options = { path: '/bots/new?kind=dca', locale: 'de-DE' };
  await readers.read(options, async ({ page, server }) => {
    await formReady(page);
    const scale = page.getByLabel('Jede größer um');
    await value(scale, '1,3');
    await scale.fill('1,45');
    const volume = page.getByLabel('Basisorder', { exact: true });
    await volume.fill('1.500');
    await said(
      field(page, 'baseOrderVolume'),
      'Das könnte 1500 oder 1,500 sein. Bitte ohne Tausenderzeichen schreiben.',
    );
    await volume.fill('25,5');
    await page.keyboard.press('Control+Enter');
    await page.getByText('BTCUSDT Stetig ist da, gestoppt.').waitFor();
    const sent = server.bodies.get('POST /bots');
    assert.equal(Reflect.get(Object(sent), 'volumeScale'), '1.45');
    assert.equal(Reflect.get(Object(sent), 'baseOrderVolume'), '25.5');
  });
});

test('[W43] lists grow, shrink and change their order; a condition keeps what both kinds have', async () => {
  await readers.read({ path: '/bots/new?kind=dca' }, async ({ page, server }) => {
    await formReady(page);
    await page.getByLabel('A deal starts').selectOption('conditions');
    await page.getByRole('button', { name: 'Add condition' }).click();
    const first = page.getByRole('listitem', { name: 'Condition 1' });
    await first.getByLabel('Candles of').selectOption('4h');
    await first.getByLabel('Condition 1', { exact: true }).selectOption('macd');
    assert.equal(await first.getByLabel('Candles of').inputValue(), '4h');
    assert.equal(await first.getByLabel('Fast period').inputValue(), '12');
    await first.getByLabel('Fast period').fill('30');
    await said(first, 'Less than 26.');
    await first.getByLabel('Fast period').fill('8');
    await page.getByRole('button', { name: 'Add condition' }).click();
    await page.getByRole('listitem', { name: 'Condition 2' }).waitFor();
    await page.getByRole('button', { name: 'Remove condition 2' }).click();
    await page.getByRole('listitem', { name: 'Condition 2' }).waitFor({ state: 'detached' });

    await page.getByRole('button', { name: 'Add target' }).click();
    await page.getByRole('button', { name: 'Move target 1 down' }).click();
    await said(page.getByRole('listitem', { name: 'Target 2' }), 'Each target must be farther');
    await page.getByRole('button', { name: 'Move target 2 up' }).click();
    await page.getByLabel('Name').fill('By MACD');
    await page.keyboard.press('Control+Enter');
    await page.getByText('By MACD is there, stopped.').waitFor();
    const sent: DcaSettings = Object(server.bodies.get('POST /bots'));
    assert.deepEqual(sent.startConditions, [
      { kind: 'macd', interval: '4h', fastPeriod: 8, slowPeriod: 26, signalPeriod: 9, comparison: 'crossesAbove', line: 'any' },
    ]); // prettier-ignore
    assert.deepEqual(
      sent.takeProfitSteps?.map(({ profit }) => profit),
      ['1', '2'],
    );
    assert.equal(sent.takeProfit, undefined);
  });
});

test('[W43] several instruments are found by typing and taken away again', async () => {
  await readers.read({ path: '/bots/new?kind=dca' }, async ({ page, server }) => {
    await formReady(page);
    const symbols = page.getByRole('combobox', { name: 'Instruments' });
    await symbols.focus();
    await page.keyboard.type('eth');
    await page.keyboard.press('Enter');
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Enter');
    await page.getByRole('button', { name: 'Remove: BTCUSDT' }).click();
    await page.keyboard.press('Escape');
    await page.getByLabel('Name').fill('Two');
    await page.keyboard.press('Control+Enter');
    await page.getByText('Two is there, stopped.').waitFor();
    const sent: DcaSettings = Object(server.bodies.get('POST /bots'));
    assert.deepEqual(sent.symbols, ['ETHUSDT', 'SOLUSDT']);
  });
});

test('[W50] changing a bot sends what changed, and says what running deals do', async () => {
  await readers.read({ path: '/bots/1' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('link', { name: 'Change' }).click();
    await formReady(page);
    await page.getByText('1 running deal keeps the settings it began with.').waitFor();
    await page.getByText('Nothing changed yet').waitFor();
    assert.equal(await page.getByRole('button', { name: 'Save changes' }).isDisabled(), true);
    await page.getByLabel('Take profit', { exact: true }).fill('2.25');
    await page.getByRole('button', { name: 'Remove: Stop loss' }).click();
    await page.getByText('2 changes').waitFor();
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('BTC steady changed.').waitFor();
    assert.deepEqual(server.bodies.get('PATCH /bots/1/settings'), {
      takeProfit: '2.25',
      stopLoss: null,
    });
    await page.getByRole('heading', { level: 1, name: 'BTC steady' }).waitFor();
    await page.getByText('2.25%').waitFor();
  });
});

test('[W50] what others changed meanwhile is told, and can be taken over', async () => {
  await readers.read({ path: '/bots/1/edit' }, async ({ page, server }) => {
    await formReady(page);
    await page.getByLabel('Take profit', { exact: true }).fill('3');
    const [bot] = server.data.bots;
    assert.ok(bot?.settings.kind === 'dca');
    server.push({ kind: 'bot', bot: { ...bot, settings: { ...bot.settings, takeProfit: '4' } } });
    await page.getByText('The settings were changed elsewhere since you began.').waitFor();
    assert.equal(await page.getByLabel('Take profit', { exact: true }).inputValue(), '3');
    await page.getByRole('button', { name: 'Begin again with them' }).click();
    await value(page.getByLabel('Take profit', { exact: true }), '4');
  });
});

test('[W50] a smart trade says that its running trade follows; a running deal has a form of its own', async () => {
  const options = { path: `/bots/${TRADE_BOT}/edit`, data: everyKind(42) };
  await readers.read(options, async ({ page, server }) => {
    await formReady(page);
    await page.getByText('The running trade goes on by what you save here').waitFor();
    await page.goto(`${server.url}/deals/4-9`);
    await settled(page);
    await page.getByRole('link', { name: 'Change' }).click();
    await formReady(page);
    assert.equal(await page.getByLabel('Base order', { exact: true }).count(), 0, 'it is bought');
    await page.getByLabel('Take profit', { exact: true }).fill('1.6');
    await page.getByRole('button', { name: 'Save changes' }).click();
    await page.getByText('XRPUSDT deal #9 changed.').waitFor();
    assert.deepEqual(server.bodies.get('PATCH /deals/4-9/settings'), { takeProfit: '1.6' });
    await page.goto(`${server.url}/deals/${GRID_BOT}-1/edit`);
    await formReady(page);
    assert.equal(await page.getByLabel('Instrument').count(), 0, 'a running grid keeps its market');
  });
});

test('[W51] a copy begins with the settings of the other bot', async () => {
  await readers.read({ path: '/bots/2' }, async ({ page, server }) => {
    await settled(page);
    await page.getByRole('link', { name: 'Copy' }).click();
    await formReady(page);
    await page.getByRole('button', { name: 'Create stopped' }).click();
    await page.getByText('ETH ladder (copy) is there, stopped.').waitFor();
    const [, bot] = server.data.bots;
    assert.deepEqual(server.bodies.get('POST /bots'), {
      ...bot?.settings,
      name: 'ETH ladder (copy)',
    });
  });
});

test('[W52] what the desk alone knows is said at the field; a silence is not taken for a no', async () => {
  const expected = /400|ERR_|EMPTY_RESPONSE/;
  await readers.read({ path: '/bots/new?kind=dca', expected }, async ({ page, server }) => {
    await formReady(page);
    server.refusedFields = [{ field: 'takeProfit', expected: 'less than 1 today', found: '1.5' }];
    await page.getByRole('button', { name: 'Create stopped' }).click();
    await said(field(page, 'takeProfit'), 'Expected less than 1 today, found 1.5.');
    await eventually(
      () => page.evaluate(() => document.activeElement?.id),
      (id) => id === 'field-takeProfit',
      'the refused field has the focus',
    );
    server.refusedFields = [];
    await page.getByLabel('Take profit', { exact: true }).fill('1.4');
    await field(page, 'takeProfit').locator('.form-error p').waitFor({ state: 'detached' });
    server.isDown = true;
    await page.getByRole('button', { name: 'Create stopped' }).click();
    await page
      .getByText('The desk did not answer. Look at the list of bots before trying again.')
      .waitFor();
    assert.equal(await page.getByLabel('Take profit', { exact: true }).inputValue(), '1.4');
  });
});

/** The form is there with the market that its presets count from. */
async function formReady(page: Page): Promise<void> {
  await page.locator('.editor-form .form-section').first().waitFor();
  await settled(page);
  await page.locator('.chart-panel .number').first().waitFor();
  await eventually(
    () =>
      page.locator('.preview-figures, .preview .empty-title, .editor-preview .chart-panel').count(),
    (count) => count > 0,
    'the preview stands',
  );
}

function field(page: Page, path: string): Locator {
  return page.locator(`[data-path="${path}"]`);
}

async function said(place: Locator, sentence: string): Promise<void> {
  await eventually(
    async () =>
      plain(
        await place
          .locator('.form-error')
          .allInnerTexts()
          .then((all) => all.join(' ')),
      ),
    (text) => text.includes(sentence),
    sentence,
  );
}

async function value(control: Locator, wanted: string): Promise<void> {
  await eventually(
    () => control.inputValue(),
    (found) => found === wanted,
    wanted,
  );
}

async function kept(page: Page, name: string): Promise<string | null> {
  return await page.evaluate((key) => sessionStorage.getItem(key), name);
}

/** The preview says what the machine says of `settings` at `price`. */
async function previewShows(page: Page, settings: DcaSettings, price: string): Promise<void> {
  const instrument = market.instruments.get('BTCUSDT');
  assert.ok(instrument);
  const ticks = parsePrice(instrument, price);
  assert.ok(ticks.ok);
  const ladder = previewLadder(settings, instrument, ticks.value, market.feeRatePpm);
  const expected = [ladder.baseOrder, ...ladder.safetyOrders].map((row) => [
    row.price,
    row.quantity,
    row.takeProfit,
  ]);
  await eventually(
    async () => {
      const rows = await page
        .getByRole('table', { name: 'Orders of a deal' })
        .getByRole('row')
        .all();
      return await Promise.all(
        rows.slice(1).map(async (row) => {
          const cells = (await row.locator('th, td').allInnerTexts()).map((cell) =>
            plain(cell).replaceAll(',', ''),
          );
          return [cells[2], cells[3], cells[7]];
        }),
      );
    },
    (rows) => JSON.stringify(rows) === JSON.stringify(expected),
    `the ladder at ${price}`,
  );
  const figures = plain(await page.locator('.preview-figures').innerText()).replaceAll(',', '');
  assert.ok(figures.includes(`${Number(ladder.coverage).toFixed(2)}%`), figures);
  const last = ladder.safetyOrders.at(-1);
  assert.ok(figures.includes(Number(last?.breakEven).toFixed(2)), figures);
  assert.ok(figures.includes(Number(ladder.requiredQuote).toFixed(2)), figures);
}
