// SPDX-License-Identifier: Apache-2.0
// The commands that speak to a running desk about itself and its bots: status, link, bots.

import type { api } from '@kontor/server';
import { Command } from 'commander';
import { readSettings } from '../bot-file.ts';
import { printJson, textTable, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { deskFiles } from '../desk-files.ts';
import type { ProvenStanding } from '../log/proven-standing.ts';

interface SignalOptions extends CommonOptions {
  readonly symbol?: string;
}

export function statusCommand(): Command {
  return deskCommand('status')
    .description('how the running desk is: market, processes, bots, profit')
    .addHelpText('after', '\nExample:\n  kontor status --json')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const [overview, health, totals, risk, witnesses] = await Promise.all([
          desk.get<api.Desk>('/api/v1/desk'),
          desk.get<api.Health>('/api/v1/health'),
          desk.get<api.Totals>('/api/v1/totals'),
          desk.get<api.Risk>('/api/v1/risk/desk'),
          desk.get<api.WitnessStatus>('/api/v1/log/witnesses'),
        ]);
        // What reads certificates is large, and the other commands here need none of it.
        const { overclaim, provenStanding } = await import('../log/proven-standing.ts');
        const proven = await provenStanding(deskFiles(dataDirectory(options.data)), Date.now());
        if (options.json)
          printJson({ url: desk.url, desk: overview, health, totals, risk, witnesses, proven });
        else {
          print(statusText(desk.url, overview, health, totals, risk, proven));
          const doubt = overclaim(witnesses, proven);
          if (doubt !== null) print(`log      ${doubt}`);
        }
      }),
    );
}

export function linkCommand(): Command {
  return deskCommand('link')
    .description('make a new link that logs a browser in once, within ten minutes')
    .addHelpText('after', '\nExample:\n  kontor link')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const { link } = await desk.post<{ readonly link: string }>('/api/v1/links');
        if (options.json) printJson({ link });
        else print(link);
      }),
    );
}

export function botsCommand(): Command {
  return withExitCodes(new Command('bots'))
    .description('list, show, create, change, start, stop, signal and delete bots')
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
          withDesk(options, async (desk) => printJson(await desk.get<api.Bot>(botPath(id)))),
        ),
    )
    .addCommand(
      deskCommand('create')
        .description('make a stopped bot from settings in a JSON file; - reads standard input')
        .argument('<file>', 'the settings, or a bot as `kontor bots show ID` prints it')
        .addHelpText('after', '\nExample:\n  kontor bots create steady.json')
        .action((file: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const bot = await desk.post<api.Bot>('/api/v1/bots', readSettings(file));
            if (options.json) printJson(bot);
            else
              print(
                `Bot ${bot.id} "${bot.name}" is made. Start it with: kontor bots start ${bot.id}`,
              );
            if (!options.json) printWarnings(bot);
          }),
        ),
    )
    .addCommand(changeCommand())
    .addCommand(botAction('start', 'open deals'))
    .addCommand(botAction('stop', 'open no new deals; running deals go on to their end'))
    .addCommand(signalCommand())
    .addCommand(deleteCommand());
}

function changeCommand(): Command {
  return deskCommand('change')
    .description('replace the settings that a JSON file names; running deals keep theirs')
    .argument('<id>', 'the bot, as in `kontor bots list`')
    .argument('<file>', 'settings, null takes one away; - reads standard input')
    .addHelpText('after', '\nExample:\n  echo \'{"takeProfit":"2"}\' | kontor bots change 1 -')
    .action((id: string, file: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const bot = await desk.patch<api.Bot>(`${botPath(id)}/settings`, readSettings(file));
        if (options.json) printJson(bot);
        else print(`Bot ${bot.id} "${bot.name}" is changed; it is ${bot.state}.`);
      }),
    );
}

function signalCommand(): Command {
  return deskCommand('signal')
    .description('hand a bot that follows signals a signal')
    .argument('<id>', 'the bot, as in `kontor bots list`')
    .argument('<action>', 'what to do, such as buy, sell, start or close')
    .option('--symbol <symbol>', 'the instrument, where the bot trades several')
    .addHelpText('after', '\nExample:\n  kontor bots signal 4 buy --symbol BTCUSDT')
    .action((id: string, action: string, options: SignalOptions) =>
      withDesk(options, async (desk) => {
        const { symbol } = options;
        const signal = { action, ...(symbol === undefined ? {} : { symbol }) };
        const bot = await desk.post<api.Bot>(`${botPath(id)}/signal`, signal);
        if (options.json) printJson(bot);
        else print(`Bot ${bot.id} "${bot.name}" follows the signal.`);
      }),
    );
}

function deleteCommand(): Command {
  return deskCommand('delete')
    .description('take a stopped bot without open deals off the desk; its deals stay')
    .argument('<id>', 'the bot, as in `kontor bots list`')
    .addHelpText('after', '\nExample:\n  kontor bots delete 1')
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        await desk.delete(botPath(id));
        if (options.json) printJson({ deleted: id });
        else print(`Bot ${id} is deleted.`);
      }),
    );
}

function botPath(id: string): string {
  return `/api/v1/bots/${encodeURIComponent(id)}`;
}

function botAction(action: 'start' | 'stop', description: string): Command {
  return deskCommand(action)
    .description(description)
    .argument('<id>', 'the bot, as in `kontor bots list`')
    .addHelpText('after', `\nExample:\n  kontor bots ${action} 1`)
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const bot = await desk.post<api.Bot>(`${botPath(id)}/${action}`);
        if (options.json) printJson(bot);
        else {
          print(`Bot ${bot.id} "${bot.name}" is ${bot.state}.`);
          printWarnings(bot);
        }
      }),
    );
}

function printWarnings({ warnings = [] }: api.Bot): void {
  for (const warning of warnings) print(`Warning: ${warning}.`);
}

function statusText(
  url: string,
  desk: api.Desk,
  health: api.Health,
  totals: api.Totals,
  risk: api.Risk,
  proven: ProvenStanding,
): string {
  const { market } = desk;
  const lines = [
    `desk     ${url}, ${health.state}`,
    `market   ${market.kind} (${market.label})${market.isSimulated ? ', simulated' : ''}${market.hasEnded ? ', the replay has ended' : ''}`,
    `risk     ${risk.state}, ${risk.openOrders} orders out`,
    `bots     ${totals.runningBots} running, ${totals.activeDeals} open deals, ${totals.completedDeals} ended`,
    `profit   ${totals.realisedProfit} ${totals.quoteAsset} realised, ${totals.unrealisedProfit} unrealised`,
    ...health.processes.map(
      ({ name, state, pid, restarts, memoryBytes, hardening }) =>
        `${name.padEnd(8)} ${state}, pid ${pid ?? '–'}, ${memoryBytes === null ? '–' : `${Math.round(memoryBytes / 1_048_576)} MB`}, ${restarts} restarts${hardening === undefined ? '' : `, hardening level ${hardening.level} of 4`}`,
    ),
    ...health.streams.map(
      ({ name, state, detail }) =>
        `${name.padEnd(8)} ${name === 'reconciliation' ? '' : 'stream '}${state}: ${detail}`,
    ),
    ...health.connections.map(
      ({ name, state }) => `connection ${name} is ${state}; kontor connect list says why`,
    ),
    `log      ${proven.level}: ${proven.meaning}`,
  ];
  return lines.join('\n');
}

/** What the bot trades, and beside it what deals from before a change still do. */
function symbolsText({ settings, formerSymbols }: api.Bot): string {
  const symbols = settings.symbols.join(',');
  return formerSymbols === undefined
    ? symbols
    : `${symbols} (still open on ${formerSymbols.join(',')})`;
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
        symbolsText(bot),
        String(bot.activeDeals),
        String(bot.completedDeals),
        bot.realisedProfit,
        bot.unrealisedProfit,
      ]),
    ],
    4,
  );
}
