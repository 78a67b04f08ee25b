// SPDX-License-Identifier: Apache-2.0
// Orders that the desk did not make and nobody has looked at, from the terminal.

import type { api } from '@kontor/server';
import { Command } from 'commander';
import { printJson, withExitCodes } from '../command-output.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

export function foreignCommand(): Command {
  return withExitCodes(new Command('foreign'))
    .description('orders at the account that this desk did not make')
    .addHelpText('after', '\nExample:\n  kontor foreign list')
    .addCommand(
      deskCommand('list')
        .description('those that nobody has looked at, the oldest first')
        .addHelpText('after', '\nExample:\n  kontor foreign list')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const found = await desk.get<api.ForeignOrders>('/api/v1/foreign-orders');
            if (options.json) printJson(found);
            else print(text(found));
          }),
        ),
    );
}

function text({ connection, orders }: api.ForeignOrders): string {
  if (orders.length === 0) return 'No order of others waits for a look.';
  return [
    `At ${connection}, not made by this desk:`,
    ...orders.map((line) => `  ${line}`),
    '',
    'If they are yours, an owner marks them on the page of alarms. If not, delete the key at the exchange now.',
  ].join('\n');
}
