// SPDX-License-Identifier: Apache-2.0
// Risk from the terminal: states of the desk and of single bots, and their limits.

import type { api } from '@kontor/server';
import { Command, InvalidArgumentError } from 'commander';
import { printJson, textTable, withExitCodes } from '../command-output.ts';
import type { DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

interface ScopeOptions extends CommonOptions {
  readonly bot?: string;
}

interface LimitOptions extends ScopeOptions {
  readonly maxExposure: readonly api.RiskLimits['maxExposure'][number][];
  readonly dailyLoss: readonly api.RiskLimits['dailyLoss'][number][];
  readonly maxOpenOrders?: number;
  readonly none: boolean;
}

const STATES = {
  reduce: ['reducing', 'take entries off the book and open nothing; exits stay'],
  halt: ['halted', 'send nothing at all; exits that rest stay where they are'],
  resume: ['active', 'trade again'],
} as const;

export function riskCommand(): Command {
  const command = withExitCodes(new Command('risk'))
    .description('show limits and risk states; reduce, halt and resume the desk or one bot')
    .addHelpText('after', '\nExample:\n  kontor risk reduce')
    .addCommand(
      deskCommand('show')
        .description('the desk and every bot that has limits or a state of its own')
        .addHelpText('after', '\nExample:\n  kontor risk show')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const risks = await desk.get<api.Risk[]>('/api/v1/risk');
            if (options.json) printJson(risks);
            else print(riskTable(risks));
          }),
        ),
    )
    .addCommand(limitCommand());
  for (const action of ['reduce', 'halt', 'resume'] as const)
    command.addCommand(stateCommand(action));
  return command;
}

function stateCommand(action: keyof typeof STATES): Command {
  const [state, description] = STATES[action];
  return scopeCommand(action)
    .description(description)
    .addHelpText('after', `\nExample:\n  kontor risk ${action}`)
    .action((options: ScopeOptions) =>
      withDesk(options, async (desk) => {
        const risk = await desk.post<api.Risk>(`${pathOf(options)}/state`, { state });
        if (options.json) printJson(risk);
        else print(`${nameOf(risk.scope)} is ${risk.state}.`);
      }),
    );
}

function limitCommand(): Command {
  return scopeCommand('limit')
    .description(
      'set the limits of the desk (and so of its connection) or of one bot; those left out are lifted',
    )
    .option(
      '--max-exposure <asset=amount>',
      'most at stake in a quote asset; repeatable',
      assets,
      [],
    )
    .option(
      '--daily-loss <asset=amount>',
      'realised loss of one day, running deals included, after which only exits go on; repeatable',
      assets,
      [],
    )
    .option('--max-open-orders <n>', 'most orders out at once', wholeNumber)
    .addHelpText(
      'after',
      '\nExample:\n  kontor risk limit --max-exposure USDT=5000 --daily-loss USDT=100 --max-open-orders 60',
    )
    .option('--none', 'lift every limit', false)
    .action((options: LimitOptions, command: Command) => {
      const { maxExposure, dailyLoss, maxOpenOrders, none } = options;
      const isEmpty = maxExposure.length + dailyLoss.length === 0 && maxOpenOrders === undefined;
      // Limits left out are lifted; a bare `limit` would lift all of them unasked.
      if (isEmpty !== none) {
        command.error('error: expected the limits to set, or --none alone to lift all of them');
      }
      return withDesk(options, async (desk) => {
        const risk = await setLimits(desk, options);
        if (options.json) printJson(risk);
        else print(riskTable([risk]));
      });
    });
}

function setLimits(desk: DeskClient, options: LimitOptions): Promise<api.Risk> {
  return desk.put<api.Risk>(`${pathOf(options)}/limits`, {
    maxExposure: options.maxExposure,
    dailyLoss: options.dailyLoss,
    ...(options.maxOpenOrders === undefined ? {} : { maxOpenOrders: options.maxOpenOrders }),
  });
}

function scopeCommand(name: string): Command {
  return deskCommand(name).option('--bot <id>', 'this bot instead of the whole desk');
}

function pathOf({ bot }: ScopeOptions): string {
  return `/api/v1/risk/${bot === undefined ? 'desk' : `bot:${encodeURIComponent(bot)}`}`;
}

function assets(
  given: string,
  before: readonly { readonly asset: string; readonly amount: string }[],
): readonly { readonly asset: string; readonly amount: string }[] {
  const [asset = '', amount = ''] = given.split('=');
  if (asset === '' || amount === '') throw new InvalidArgumentError('expected ASSET=AMOUNT.');
  return [...before, { asset: asset.toUpperCase(), amount }];
}

function wholeNumber(given: string): number {
  if (!/^\d{1,6}$/.test(given)) throw new InvalidArgumentError('expected a whole number.');
  return Number(given);
}

function riskTable(risks: readonly api.Risk[]): string {
  return textTable(
    [
      ['SCOPE', 'STATE', 'WHY', 'AT STAKE', 'LIMIT', 'ORDERS', 'LIMIT', 'TODAY', 'LOSS LIMIT'],
      ...risks.map((risk) => [
        nameOf(risk.scope),
        risk.state,
        risk.cause === 'none' ? '' : risk.cause,
        amounts(risk.exposure),
        amounts(risk.limits.maxExposure),
        String(risk.openOrders),
        String(risk.limits.maxOpenOrders ?? ''),
        amounts(risk.realisedToday),
        amounts(risk.limits.dailyLoss),
      ]),
    ],
    3,
  );
}

function amounts(list: readonly { readonly asset: string; readonly amount: string }[]): string {
  return list.map(({ asset, amount }) => `${amount} ${asset}`).join(', ');
}

function nameOf(scope: string): string {
  return scope === 'desk' ? 'The desk' : scope.replace('bot:', 'Bot ');
}
