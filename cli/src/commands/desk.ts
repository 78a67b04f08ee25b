// SPDX-License-Identifier: Apache-2.0
// The commands that speak to a running desk: status, link, bots, deals.

import { readFileSync } from 'node:fs';
import type { api } from '@kontor/server';
import { Command, Option } from 'commander';
import { printJson, textTable, withExitCodes } from '../command-output.ts';
import { DeskClientError } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

interface DealListOptions extends CommonOptions {
  readonly bot?: string;
  readonly status: string;
  readonly limit: string;
}

export function statusCommand(): Command {
  return deskCommand('status')
    .description('how the running desk is: market, processes, bots, profit')
    .addHelpText('after', '\nExample:\n  kontor status --json')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const [overview, health, totals, risk] = await Promise.all([
          desk.get<api.Desk>('/api/v1/desk'),
          desk.get<api.Health>('/api/v1/health'),
          desk.get<api.Totals>('/api/v1/totals'),
          desk.get<api.Risk>('/api/v1/risk/desk'),
        ]);
        if (options.json) printJson({ url: desk.url, desk: overview, health, totals, risk });
        else print(statusText(desk.url, overview, health, totals, risk));
      }),
    );
}

export function linkCommand(): Command {
  return deskCommand('link')
    .description('make a new link that logs a browser in once, within ten minutes')
    .addHelpText('after', '\nExample:\n  kontor link')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const { token } = await desk.post<{ readonly token: string }>('/api/v1/links');
        const link = `${desk.url}/login?token=${token}`;
        if (options.json) printJson({ link });
        else print(link);
      }),
    );
}

export function botsCommand(): Command {
  return withExitCodes(new Command('bots'))
    .description('list, show, create, start and stop bots')
    .addHelpText('after', '\nExample:\n  kontor bots list')
    .addCommand(
      deskCommand('list')
        .description('all bots of the desk')
        .addHelpText('after', '\nExample:\n  kontor bots list')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const bots = await desk.get<api.Bot[]>('/api/v1/bots');
            if (options.json) printJson(bots);
            else print(botTable(bots));
          }),
        ),
    )
    .addCommand(
      deskCommand('show')
        .description('a bot and its settings')
        .argument('<id>', 'the bot, as in `kontor bots list`')
        .addHelpText('after', '\nExample:\n  kontor bots show 1 --json')
        .action((id: string, options: CommonOptions) =>
          withDesk(options, async (desk) =>
            printJson(await desk.get<api.Bot>(`/api/v1/bots/${encodeURIComponent(id)}`)),
          ),
        ),
    )
    .addCommand(
      deskCommand('create')
        .description('make a stopped bot from settings in a JSON file; - reads standard input')
        .argument(
          '<file>',
          'the settings, as `kontor bots show ID --json` prints them under "settings"',
        )
        .addHelpText('after', '\nExample:\n  kontor bots create steady.json')
        .action((file: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const bot = await desk.post<api.Bot>('/api/v1/bots', readSettings(file));
            if (options.json) printJson(bot);
            else
              print(
                `Bot ${bot.id} "${bot.name}" is made. Start it with: kontor bots start ${bot.id}`,
              );
          }),
        ),
    )
    .addCommand(botAction('start', 'open deals'))
    .addCommand(botAction('stop', 'open no new deals; running deals go on to their end'));
}

export function dealsCommand(): Command {
  return withExitCodes(new Command('deals'))
    .description('list, show, close and cancel deals')
    .addHelpText('after', '\nExample:\n  kontor deals list --status open')
    .addCommand(
      deskCommand('list')
        .description('deals, newest first')
        .option('--bot <id>', 'only of this bot')
        .addOption(
          new Option('--status <status>', 'which deals')
            .choices(['open', 'closed', 'all'])
            .default('all'),
        )
        .addOption(new Option('--limit <n>', 'at most so many').default('50'))
        .addHelpText('after', '\nExample:\n  kontor deals list --status open')
        .action((options: DealListOptions) =>
          withDesk(options, async (desk) => {
            const query = new URLSearchParams({ status: options.status, limit: options.limit });
            if (options.bot !== undefined) query.set('bot', options.bot);
            const page = await desk.get<api.DealPage>(`/api/v1/deals?${query.toString()}`);
            if (options.json) printJson(page);
            else print(dealTable(page));
          }),
        ),
    )
    .addCommand(
      deskCommand('show')
        .description('a deal with its orders, fills and what happened')
        .argument('<id>', 'the deal, as in `kontor deals list`')
        .addHelpText('after', '\nExample:\n  kontor deals show 1-12')
        .action((id: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const path = `/api/v1/deals/${encodeURIComponent(id)}`;
            const [deal, notes] = await Promise.all([
              desk.get<api.Deal>(path),
              desk.get<api.Note[]>(`${path}/notes`),
            ]);
            if (options.json) printJson({ deal, notes });
            else print(dealText(deal, notes));
          }),
        ),
    )
    .addCommand(dealAction('close', 'cancel its orders and sell its coins at the market'))
    .addCommand(dealAction('cancel', 'cancel its orders and keep its coins'));
}

function botAction(action: 'start' | 'stop', description: string): Command {
  return deskCommand(action)
    .description(description)
    .argument('<id>', 'the bot, as in `kontor bots list`')
    .addHelpText('after', `\nExample:\n  kontor bots ${action} 1`)
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const bot = await desk.post<api.Bot>(`/api/v1/bots/${encodeURIComponent(id)}/${action}`);
        if (options.json) printJson(bot);
        else print(`Bot ${bot.id} "${bot.name}" is ${bot.state}.`);
      }),
    );
}

function dealAction(action: 'close' | 'cancel', description: string): Command {
  return deskCommand(action)
    .description(description)
    .argument('<id>', 'the deal, as in `kontor deals list --status open`')
    .addHelpText('after', `\nExample:\n  kontor deals ${action} 1-12`)
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const deal = await desk.post<api.Deal>(`/api/v1/deals/${encodeURIComponent(id)}/${action}`);
        if (options.json) printJson(deal);
        else print(`Deal ${deal.id} is ${deal.status}: ${deal.reason}.`);
      }),
    );
}

function readSettings(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file === '-' ? 0 : file, 'utf8');
  } catch (error) {
    throw new DeskClientError('unreadable', `${file} cannot be read: ${messageOf(error)}`, {
      cause: error,
    });
  }
  try {
    return JSON.parse(text.replace(/^\uFEFF/, ''));
  } catch (error) {
    throw new DeskClientError('invalid_json', `${file} is no JSON: ${messageOf(error)}`, {
      cause: error,
    });
  }
}

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function statusText(
  url: string,
  desk: api.Desk,
  health: api.Health,
  totals: api.Totals,
  risk: api.Risk,
): string {
  const { market } = desk;
  const lines = [
    `desk     ${url}, ${health.state}`,
    `market   ${market.kind} (${market.label})${market.isSimulated ? ', simulated' : ''}${market.hasEnded ? ', the replay has ended' : ''}`,
    `risk     ${risk.state}, ${risk.openOrders} orders out`,
    `bots     ${totals.runningBots} running, ${totals.activeDeals} open deals, ${totals.completedDeals} ended`,
    `profit   ${totals.realizedProfit} ${totals.quoteAsset} realised, ${totals.unrealizedProfit} unrealised`,
    ...health.processes.map(
      ({ name, state, pid, restarts, memoryBytes }) =>
        `${name.padEnd(8)} ${state}, pid ${pid ?? '–'}, ${memoryBytes === null ? '–' : `${Math.round(memoryBytes / 1_048_576)} MB`}, ${restarts} restarts`,
    ),
    ...health.streams.map(
      ({ name, state, detail }) => `${name.padEnd(8)} stream ${state}: ${detail}`,
    ),
  ];
  return lines.join('\n');
}

function botTable(bots: readonly api.Bot[]): string {
  if (bots.length === 0) return 'No bots yet. Make one with: kontor bots create FILE';
  return textTable(
    [
      ['ID', 'NAME', 'STATE', 'SYMBOLS', 'OPEN', 'ENDED', 'REALISED', 'UNREALISED'],
      ...bots.map((bot) => [
        bot.id,
        bot.name,
        bot.state,
        bot.settings.symbols.join(','),
        String(bot.activeDeals),
        String(bot.completedDeals),
        bot.realizedProfit,
        bot.unrealizedProfit,
      ]),
    ],
    4,
  );
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
        deal.reason,
        deal.cost,
        deal.averagePrice ?? '–',
        deal.realizedProfit,
        deal.realizedProfitPercent,
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
    `realised ${deal.realizedProfit} ${deal.quoteAsset} (${deal.realizedProfitPercent} %), unrealised ${deal.unrealizedProfit}`,
    '',
    orders,
    '',
    ...story,
  ].join('\n');
}
