// SPDX-License-Identifier: Apache-2.0
// How the desk compares with the exchange, from the terminal: orders it does not know, and what is decided about them.

import type { api } from '@kontor/server';
import { Command } from 'commander';
import { printJson, textTable, withExitCodes } from '../command-output.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';

export function orphansCommand(): Command {
  return withExitCodes(new Command('orphans'))
    .description("list, adopt and cancel orders with this desk's mark that it does not know")
    .addHelpText('after', '\nExample:\n  kontor orphans list')
    .addCommand(
      deskCommand('list')
        .description('orders the desk does not know, and how it compares with the exchange')
        .addHelpText('after', '\nExample:\n  kontor orphans list')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const found = await desk.get<api.Reconciliation>('/api/v1/reconciliation');
            if (options.json) printJson(found);
            else print(text(found));
          }),
        ),
    )
    .addCommand(decision('adopt', 'leave the order where it is and follow it to its end'))
    .addCommand(decision('cancel', 'take the order off the book'));
}

function decision(action: 'adopt' | 'cancel', description: string): Command {
  return deskCommand(action)
    .description(description)
    .argument('<id>', 'the orphan, as in `kontor orphans list`')
    .addHelpText('after', `\nExample:\n  kontor orphans ${action} 1`)
    .action((id: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const path = `/api/v1/orphans/${encodeURIComponent(id)}/${action}`;
        const orphan = await desk.post<api.Orphan>(path);
        if (options.json) printJson(orphan);
        else print(`${orphan.clientOrderId} is ${orphan.state}, and ${orphan.orderState} there.`);
      }),
    );
}

function text(found: api.Reconciliation): string {
  const { sweptAt, fault, foreignCount, orphans } = found;
  const swept = sweptAt === null ? 'not compared yet' : new Date(sweptAt).toISOString();
  const lines = [
    `compared ${swept}${fault === null ? '' : `; the last comparison failed: ${fault}`}`,
    `others   ${foreignCount} open orders that are not this desk's; they are never touched`,
  ];
  if (orphans.length === 0)
    return [...lines, "No order with this desk's mark is unknown."].join('\n');
  const table = textTable(
    [
      ['ID', 'ORDER', 'SYMBOL', 'SIDE', 'STATE', 'THERE', 'QUANTITY', 'FILLED', 'PRICE'],
      ...orphans.map((orphan) => [
        orphan.id,
        orphan.clientOrderId,
        orphan.symbol,
        orphan.side,
        orphan.state,
        orphan.orderState,
        orphan.quantity,
        orphan.filledQuantity,
        orphan.price,
      ]),
    ],
    6,
  );
  return [...lines, '', table].join('\n');
}
