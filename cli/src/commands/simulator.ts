// SPDX-License-Identifier: Apache-2.0
// `kontor simulator`: the demo exchange alone, for anyone's client to point at.

import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { Command } from 'commander';

/** Passes everything on to the simulator's own command line, help included. */
export function simulatorCommand(): Command {
  return new Command('simulator')
    .description(
      'run an exchange that speaks Binance Spot; kontor simulator --help lists its options',
    )
    .helpOption(false)
    .allowUnknownOption()
    .allowExcessArguments()
    .argument('[options...]')
    .action((_options, _flags, command: Command) => {
      const child = spawn(
        process.execPath,
        [
          '--disable-warning=ExperimentalWarning',
          fileURLToPath(import.meta.resolve('@kontor/simulator/main')),
          ...command.args,
        ],
        { stdio: 'inherit' },
      );
      for (const signal of ['SIGINT', 'SIGTERM'] as const)
        process.on(signal, () => child.kill(signal));
      child.on('exit', (code, signal) => {
        process.exitCode = signal === null ? (code ?? 1) : 1;
      });
    });
}
