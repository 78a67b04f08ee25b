// SPDX-License-Identifier: Apache-2.0
// The `kontor` command and all that are beneath it.

import { Command, type Option } from 'commander';
import { withExitCodes } from './command-output.ts';
import { version } from './version.ts';

/** Each command is loaded only when it is the one asked for, or when all are listed. */
const COMMANDS: Readonly<Record<string, () => Promise<Command>>> = {
  start: async () => (await import('./commands/start.ts')).startCommand(),
  run: async () => (await import('./commands/run.ts')).runCommand(),
  status: async () => (await import('./commands/desk.ts')).statusCommand(),
  link: async () => (await import('./commands/desk.ts')).linkCommand(),
  people: async () => (await import('./commands/people.ts')).peopleCommand(),
  bots: async () => (await import('./commands/desk.ts')).botsCommand(),
  deals: async () => (await import('./commands/deals.ts')).dealsCommand(),
  risk: async () => (await import('./commands/risk.ts')).riskCommand(),
  alarms: async () => (await import('./commands/alarms.ts')).alarmsCommand(),
  foreign: async () => (await import('./commands/foreign.ts')).foreignCommand(),
  case: async () => (await import('./commands/case.ts')).caseCommand(),
  orphans: async () => (await import('./commands/orphans.ts')).orphansCommand(),
  backtest: async () => (await import('./commands/backtest.ts')).backtestCommand(),
  candles: async () => (await import('./commands/candles.ts')).candlesCommand(),
  simulator: async () => (await import('./commands/simulator.ts')).simulatorCommand(),
  backup: async () => (await import('./commands/backup.ts')).backupCommand(),
  restore: async () => (await import('./commands/backup.ts')).restoreCommand(),
  vault: async () => (await import('./commands/vault.ts')).vaultCommand(),
  connect: async () => (await import('./commands/connect.ts')).connectCommand(),
  policy: async () => (await import('./commands/policy.ts')).policyCommand(),
  canary: async () => (await import('./commands/canary.ts')).canaryCommand(),
  scan: async () => (await import('./commands/scan.ts')).scanCommand(),
  log: async () => (await import('./commands/log.ts')).logCommand(),
  doctor: async () => (await import('./commands/doctor.ts')).doctorCommand(),
};

/** The program; with `asked` naming a command, that one alone. */
export async function kontorProgram(asked = ''): Promise<Command> {
  const program = withExitCodes(new Command('kontor'))
    .description('A self-hosted trading desk whose exchange keys live in a process of their own.')
    .version(version)
    .addHelpText('after', '\nExamples:\n  kontor start\n  kontor backtest --help');
  const only = COMMANDS[asked];
  for (const load of only === undefined ? Object.values(COMMANDS) : [only])
    program.addCommand(await load());
  finish(program, 'kontor');
  return program;
}

/** What all commands have alike: whoever called one wrongly is told which help says how. */
function finish(command: Command, path: string): void {
  const what = command.commands.length > 0 ? 'there is' : 'it takes';
  command.showHelpAfterError(`(run ${path} --help for what ${what})`);
  command.configureHelp({ optionDescription: optionText });
  for (const each of command.commands) finish(each, `${path} ${each.name()}`);
}

/** A default that says nothing is left out: a switch that is off, a list that is empty. */
function optionText({
  description,
  argChoices,
  defaultValue,
  defaultValueDescription,
}: Option): string {
  const value: unknown = defaultValue;
  const isPlain = typeof value === 'string' || typeof value === 'number';
  const byDefault = defaultValueDescription ?? (isPlain ? String(value) : undefined);
  const more = [
    ...(argChoices === undefined ? [] : [`choices: ${argChoices.join(', ')}`]),
    ...(byDefault === undefined ? [] : [`default: ${byDefault}`]),
  ];
  return more.length === 0 ? description : `${description} (${more.join('; ')})`;
}
