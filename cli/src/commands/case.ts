// SPDX-License-Identifier: Apache-2.0
// Case files from the terminal: what was seen when someone else was at an account.

import type { api } from '@kontor/server';
import { Command } from 'commander';
import { printJson, textTable, withExitCodes } from '../command-output.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

export function caseCommand(): Command {
  return withExitCodes(new Command('case'))
    .description('list and show case files')
    .addHelpText('after', '\nExample:\n  kontor case list')
    .addCommand(
      deskCommand('list')
        .description('the newest first')
        .addHelpText('after', '\nExample:\n  kontor case list')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const cases = await desk.get<api.CaseSummary[]>('/api/v1/cases');
            if (options.json) printJson(cases);
            else print(listText(cases));
          }),
        ),
    )
    .addCommand(
      deskCommand('show')
        .description('what happened, what shows it, and whether it is still as it was collected')
        .argument('<id>', 'the case, as in `kontor case list`')
        .addHelpText('after', '\nExample:\n  kontor case show 20261123T001500Z-1a2b3c')
        .action((id: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const found = await desk.get<api.Case>(`/api/v1/cases/${encodeURIComponent(id)}`);
            if (options.json) printJson(found);
            else print(caseText(found));
          }),
        ),
    );
}

function listText(cases: readonly api.CaseSummary[]): string {
  if (cases.length === 0) return 'No case was opened.';
  const rows = cases.map(({ id, openedAt, connection, events, evidence }) => [
    id,
    new Date(openedAt).toISOString(),
    connection,
    String(events),
    String(evidence),
  ]);
  return textTable([['CASE', 'OPENED', 'CONNECTION', 'EVENTS', 'EVIDENCE'], ...rows], 3);
}

function caseText(found: api.Case): string {
  const { subject, events, files, faults, left } = found;
  const rows = events.map(({ time, kind, facts }) => [
    new Date(time).toISOString(),
    kind,
    Object.entries(facts)
      .map(([name, value]) => `${name} ${value}`)
      .join(', '),
  ]);
  return [
    `case       ${found.id}, opened ${new Date(found.openedAt).toISOString()}`,
    `connection ${subject.connection} (${subject.name} at ${subject.venue}, ${subject.keyKind}, grade ${subject.grade || 'unknown'})`,
    `folder     ${found.folder}`,
    `files      ${files.length}; ${faults.length === 0 ? 'all as the manifest says' : 'CHANGED SINCE THEY WERE COLLECTED'}`,
    ...faults.map((fault) => `           ${fault}`),
    ...(left === 0 ? [] : [`left out   ${left} more events or pieces of evidence`]),
    '',
    textTable([['TIME', 'WHAT', 'FACTS'], ...rows], 3),
  ].join('\n');
}
