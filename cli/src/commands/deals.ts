// SPDX-License-Identifier: Apache-2.0
// `kontor deals`: the deals of a running desk, and everything that may be asked of one.

import type { api } from '@kontor/server';
import { Argument, Command, Option } from 'commander';
import { readSettings } from '../bot-file.ts';
import { printJson, shortened, textTable, withExitCodes } from '../command-output.ts';
import { DeskClientError, type DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

/** Most characters of a reason in the list; `deals show` has all of it. */
const REASON_LENGTH_MAX = 40;

interface ListOptions extends CommonOptions {
  readonly bot?: string;
  readonly status: string;
  readonly limit: string;
}

interface FundsOptions extends CommonOptions {
  readonly price?: string;
}

/** What can be taken back of a deal, and the API's word for it. */
const STEPS = {
  entry: 'entry',
  'take-profit': 'takeProfit',
  'added-funds': 'addFunds',
  reduction: 'reduceFunds',
} as const;

export function dealsCommand(): Command {
  return withExitCodes(new Command('deals'))
    .description('list, show, enlarge, reduce, change, convert, close and cancel deals')
    .addHelpText('after', '\nExample:\n  kontor deals list --status open')
    .addCommand(listCommand())
    .addCommand(showCommand())
    .addCommand(fundsCommand('add-funds', 'enlarge the position, now or at a price'))
    .addCommand(fundsCommand('reduce', 'close a part of the position, now or at a price'))
    .addCommand(editCommand())
    .addCommand(closeStepCommand())
    .addCommand(cancelStepCommand())
    .addCommand(cancelOrderCommand())
    .addCommand(
      dealAction('force-entry', {
        description: 'send entries that wait for their price at the market now',
        said: ({ id }) => `Deal ${id}: entries that waited go out at the market.`,
      }),
    )
    .addCommand(
      dealAction('convert', {
        description: 'leave the position of a DCA deal to a new smart trade',
        said: ({ id }) => `Deal ${id} leaves its position to a new smart trade.`,
      }),
    )
    .addCommand(
      dealAction('close', {
        description: 'cancel its orders and sell its coins at the market',
        said: ({ id, status, reason }) => `Deal ${id} is ${status}: ${reason}.`,
      }),
    )
    .addCommand(
      dealAction('cancel', {
        description: 'cancel its orders and keep its coins',
        said: ({ id, status, reason }) => `Deal ${id} is ${status}: ${reason}.`,
      }),
    );
}

function listCommand(): Command {
  return deskCommand('list')
    .description('deals, newest first')
    .option('--bot <id>', 'only of this bot')
    .addOption(
      new Option('--status <status>', 'which deals')
        .choices(['open', 'closed', 'all'])
        .default('all'),
    )
    .addOption(new Option('--limit <n>', 'at most so many').default('50'))
    .addHelpText('after', '\nExample:\n  kontor deals list --status open')
    .action((options: ListOptions) =>
      withDesk(options, async (desk) => {
        const query = new URLSearchParams({ status: options.status, limit: options.limit });
        if (options.bot !== undefined) query.set('bot', options.bot);
        const page = await desk.get<api.DealPage>(`/api/v1/deals?${query.toString()}`);
        if (options.json) printJson(page);
        else print(dealTable(page));
      }),
    );
}

function showCommand(): Command {
  return deskCommand('show')
    .description('a deal with its orders, fills and what happened')
    .argument('<id>', 'the deal, as in `kontor deals list`')
    .addHelpText('after', '\nExample:\n  kontor deals show 1-12')
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const [deal, notes] = await Promise.all([
          desk.get<api.Deal>(dealPath(id)),
          desk.get<api.Note[]>(`${dealPath(id)}/notes`),
        ]);
        if (options.json) printJson({ deal, notes });
        else print(dealText(deal, notes));
      }),
    );
}

/** The amount is said with its asset: 100 USDT and 100 BTC are not the same mistake. */
function fundsCommand(action: 'add-funds' | 'reduce', description: string): Command {
  const example = action === 'add-funds' ? '100 USDT --price 60000' : '0.001 BTC';
  return openDealCommand(action)
    .description(description)
    .argument('<amount>', 'how much')
    .argument('<asset>', 'the money or the coin that the amount is in')
    .option('--price <price>', 'rest at this price; without it the order trades at once')
    .addHelpText('after', `\nExample:\n  kontor deals ${action} 1-12 ${example}`)
    .action((id: string, amount: string, asset: string, options: FundsOptions) =>
      withDesk(options, async (desk) => {
        const { quoteAsset, baseAsset } = await desk.get<api.Deal>(dealPath(id));
        const kind = amountKind(asset, { quoteAsset, baseAsset });
        const { price } = options;
        const deal = await desk.post<api.Deal>(
          `${dealPath(id)}/${action === 'reduce' ? 'reduce-funds' : action}`,
          { amount: { kind, value: amount }, ...(price === undefined ? {} : { price }) },
        );
        if (options.json) printJson(deal);
        else {
          const where = price === undefined ? 'at once' : `at ${price} ${quoteAsset}`;
          const what = action === 'reduce' ? 'is reduced' : 'is enlarged';
          print(`Deal ${deal.id} ${what} by ${amount} ${asset.toUpperCase()} ${where}.`);
        }
      }),
    );
}

function amountKind(
  asset: string,
  { quoteAsset, baseAsset }: Pick<api.Deal, 'quoteAsset' | 'baseAsset'>,
): 'quote' | 'base' {
  const name = asset.toUpperCase();
  if (name === quoteAsset.toUpperCase()) return 'quote';
  if (name === baseAsset.toUpperCase()) return 'base';
  throw new DeskClientError(
    'wrong_asset',
    `asset: expected ${quoteAsset} or ${baseAsset}, found ${asset}`,
  );
}

function editCommand(): Command {
  return openDealCommand('edit')
    .description('replace the settings of this deal alone that a JSON file names')
    .argument('<file>', 'settings, null takes one away; - reads standard input')
    .addHelpText('after', '\nExample:\n  echo \'{"takeProfit":"2"}\' | kontor deals edit 1-12 -')
    .action((id: string, file: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const deal = await desk.patch<api.Deal>(`${dealPath(id)}/settings`, readSettings(file));
        if (options.json) printJson(deal);
        else print(`Deal ${deal.id} is changed.`);
      }),
    );
}

function closeStepCommand(): Command {
  return openDealCommand('close-step')
    .description('close what a take-profit step has left at once')
    .argument('<step>', 'the step, from 1')
    .addHelpText('after', '\nExample:\n  kontor deals close-step 1-12 2')
    .action((id: string, step: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const body = { step: Number(step) };
        const deal = await desk.post<api.Deal>(`${dealPath(id)}/close-step`, body);
        if (options.json) printJson(deal);
        else print(`Deal ${deal.id}: take-profit step ${step} is closed at the market.`);
      }),
    );
}

function cancelStepCommand(): Command {
  return openDealCommand('cancel-step')
    .description('take back what waits: an entry, a take profit, added funds or a reduction')
    .addArgument(new Argument('<of>', 'what it is').choices(Object.keys(STEPS)))
    .argument('<number>', 'which one, from 1')
    .addHelpText('after', '\nExample:\n  kontor deals cancel-step 1-12 added-funds 1')
    .action((id: string, of: keyof typeof STEPS, number: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const body = { of: STEPS[of], step: Number(number) };
        const deal = await desk.post<api.Deal>(`${dealPath(id)}/cancel-step`, body);
        if (options.json) printJson(deal);
        else print(`Deal ${deal.id}: ${of} ${number} is taken back.`);
      }),
    );
}

function cancelOrderCommand(): Command {
  return openDealCommand('cancel-order')
    .description('cancel an order that add-funds or reduce placed')
    .argument('<order>', 'its own ID, as `kontor deals show ID --json` has it')
    .addHelpText('after', '\nExample:\n  kontor deals cancel-order 1-12 k1abc-12-3')
    .action((id: string, order: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const body = { clientOrderId: order };
        const deal = await desk.post<api.Deal>(`${dealPath(id)}/cancel-order`, body);
        if (options.json) printJson(deal);
        else print(`Deal ${deal.id}: order ${order} is being cancelled.`);
      }),
    );
}

function dealAction(
  action: 'close' | 'cancel' | 'convert' | 'force-entry',
  words: { readonly description: string; readonly said: (deal: api.Deal) => string },
): Command {
  return openDealCommand(action)
    .description(words.description)
    .addHelpText('after', `\nExample:\n  kontor deals ${action} 1-12`)
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const deal = await actOn(desk, id, action);
        if (options.json) printJson(deal);
        else print(words.said(deal));
      }),
    );
}

async function actOn(desk: DeskClient, id: string, action: string): Promise<api.Deal> {
  return desk.post<api.Deal>(`${dealPath(id)}/${action}`);
}

function openDealCommand(name: string): Command {
  return deskCommand(name).argument('<id>', 'the deal, as in `kontor deals list --status open`');
}

function dealPath(id: string): string {
  return `/api/v1/deals/${encodeURIComponent(id)}`;
}

function dealTable(page: api.DealPage): string {
  if (page.deals.length === 0) return 'No deals.';
  const table = textTable(
    [
      ['ID', 'BOT', 'SYMBOL', 'STATUS', 'WHY', 'COST', 'AVERAGE', 'REALISED', '%'],
      ...page.deals.map((deal) => [
        deal.id,
        deal.botName,
        deal.symbol,
        deal.status,
        shortened(deal.reason, REASON_LENGTH_MAX),
        deal.cost,
        deal.averagePrice ?? '–',
        deal.realisedProfit,
        deal.realisedProfitPercent,
      ]),
    ],
    5,
  );
  const more =
    page.total > page.deals.length
      ? `\n${page.deals.length} of ${page.total}; --limit shows more`
      : '';
  return table + more;
}

function dealText(deal: api.Deal, notes: readonly api.Note[]): string {
  const orders = textTable(
    [
      ['ORDER', 'SIDE', 'PRICE', 'QUANTITY', 'FILLED', 'STATE', 'REFUSED BY'],
      ...deal.orders.map((order) => [
        order.purpose,
        order.side,
        order.price,
        order.quantity,
        order.filledQuantity,
        order.state,
        order.rejectedBy === null ? '' : `${order.rejectedBy}: ${order.rule ?? ''}`,
      ]),
    ],
    2,
  );
  const story = notes.map(
    (note) =>
      `${new Date(note.time).toISOString()}  ${note.kind}  ${Object.entries(note.values)
        .map(([name, value]) => `${name}=${value}`)
        .join(' ')}`,
  );
  return [
    `Deal ${deal.id} of ${deal.botName}: ${deal.symbol}, ${deal.status} (${deal.reason})`,
    `bought for ${deal.cost} ${deal.quoteAsset}, average ${deal.averagePrice ?? '–'}, take profit ${deal.takeProfitPrice ?? '–'}, stop loss ${deal.stopLossPrice ?? '–'}`,
    `realised ${deal.realisedProfit} ${deal.quoteAsset} (${deal.realisedProfitPercent} %), unrealised ${deal.unrealisedProfit}`,
    '',
    orders,
    '',
    ...story,
  ].join('\n');
}
