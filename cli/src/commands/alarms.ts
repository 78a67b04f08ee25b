// SPDX-License-Identifier: Apache-2.0
// Alarms from the terminal: what waits for a person, and where alarms go.

import type { api } from '@kontor/server';
import { Command } from 'commander';
import { printJson, reportFailure, textTable, withExitCodes } from '../command-output.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

const WEBHOOK = '/api/v1/alarms/channels/webhook';

export function alarmsCommand(): Command {
  return withExitCodes(new Command('alarms'))
    .description('list and acknowledge alarms, and say where they go')
    .addHelpText(
      'after',
      '\nExamples:\n  kontor alarms list\n  kontor alarms webhook set https://…',
    )
    .addCommand(list())
    .addCommand(acknowledge())
    .addCommand(webhook());
}

function list(): Command {
  return deskCommand('list')
    .description('those that wait for a person first, then the newest')
    .addHelpText('after', '\nExample:\n  kontor alarms list')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const found = await desk.get<api.Alarms>('/api/v1/alarms');
        if (options.json) printJson(found);
        else print(text(found));
      }),
    );
}

function acknowledge(): Command {
  return deskCommand('acknowledge')
    .description('say that you have seen an alarm; what lasts stays listed until it is over')
    .argument('<id>', 'the alarm, as in `kontor alarms list`; its first letters are enough')
    .addHelpText('after', '\nExample:\n  kontor alarms acknowledge 1c9f')
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const { alarms } = await desk.get<api.Alarms>('/api/v1/alarms?limit=500');
        const [meant, other] = alarms.filter((alarm) => alarm.id.startsWith(id));
        if (meant === undefined || other !== undefined) {
          const found = meant === undefined ? 'none' : 'several';
          const message = `expected one alarm that begins with ${id}, found ${found}`;
          reportFailure({ code: 'not_found', message }, options.json);
          return;
        }
        const seen = await desk.post<api.Alarm>(`/api/v1/alarms/${meant.id}/acknowledge`);
        if (options.json) printJson(seen);
        else print(`Seen: ${seen.sentence}`);
      }),
    );
}

function webhook(): Command {
  return withExitCodes(new Command('webhook'))
    .description('the address to which alarms are sent as signed JSON')
    .addHelpText('after', '\nExample:\n  kontor alarms webhook set https://example.com/hook')
    .addCommand(
      deskCommand('show')
        .description('where alarms go, and how the last delivery went')
        .addHelpText('after', '\nExample:\n  kontor alarms webhook show')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const channels = await desk.get<api.AlarmChannel[]>('/api/v1/alarms/channels');
            if (options.json) printJson(channels);
            else for (const channel of channels) print(channelText(channel));
          }),
        ),
    )
    .addCommand(
      deskCommand('set')
        .description('set the address; the secret that its receiver needs is printed once')
        .argument('<url>', 'https, or http on this machine')
        .addHelpText('after', '\nExample:\n  kontor alarms webhook set https://example.com/hook')
        .action((url: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const set = await desk.put<{ channel: api.AlarmChannel; secret: string }>(WEBHOOK, {
              url,
            });
            if (options.json) printJson(set);
            else {
              print(`${channelText(set.channel)}\n\nSecret (shown this once): ${set.secret}`);
            }
          }),
        ),
    )
    .addCommand(
      deskCommand('test')
        .description('send a test now')
        .addHelpText('after', '\nExample:\n  kontor alarms webhook test')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const result = await desk.post<{ isTaken: boolean; reason: string }>(`${WEBHOOK}/test`);
            if (result.isTaken) {
              if (options.json) printJson(result);
              else print('The receiver has taken the test.');
              return;
            }
            reportFailure({ code: 'not_taken', message: result.reason }, options.json);
          }),
        ),
    )
    .addCommand(
      deskCommand('remove')
        .description('alarms go out by it no more')
        .addHelpText('after', '\nExample:\n  kontor alarms webhook remove')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const channel = await desk.delete<api.AlarmChannel>(WEBHOOK);
            if (options.json) printJson(channel);
            else print(channelText(channel));
          }),
        ),
    );
}

function text({ openCount, alarms }: api.Alarms): string {
  if (alarms.length === 0) return 'No alarm.';
  const rows = alarms.map((alarm) => [
    alarm.id.slice(0, 8),
    alarm.state,
    alarm.severity,
    new Date(alarm.raisedAt).toISOString(),
    String(alarm.count),
    alarm.sentence,
  ]);
  const table = textTable([['ID', 'STATE', 'SEVERITY', 'SINCE', 'TIMES', 'ALARM'], ...rows], 5);
  const keyPages = new Set(
    alarms.flatMap(({ state, facts }) =>
      state === 'open' && facts['keyPage'] !== undefined ? [facts['keyPage']] : [],
    ),
  );
  const links = [...keyPages].map((page) => `Delete the key at the exchange: ${page}`);
  return [`${openCount} wait for you.`, '', table, ...links].join('\n');
}

function channelText({ kind, address, waiting, fault }: api.AlarmChannel): string {
  if (address === null) return `${kind}: not set; alarms stay on the desk`;
  const trouble = fault === null ? '' : `; the last delivery failed: ${fault}`;
  return `${kind}: ${address}, ${waiting} deliveries wait${trouble}`;
}
