// SPDX-License-Identifier: Apache-2.0
// `kontor run`: one process of the desk, under a user or in a container of its own.

import { existsSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { EXIT_FAILED, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory, linksDirectory } from '../data-directory.ts';
import { Keeper, type KeeperOptions } from '../keeper.ts';
import { askSecret } from '../passphrase.ts';
import type { VaultState } from '../supervisor.ts';

interface RunOptions {
  readonly data?: string;
  readonly links?: string;
  readonly config: string;
  readonly unlockFile?: string;
}

const ABOUT = {
  signer: 'holds the keys: no network, reads and writes its own folder and the log alone',
  egress: 'talks to the exchanges: no keys, writes nothing',
  server: 'bots, pages and API: no keys and no signatures',
} as const;

export function runCommand(): Command {
  const command = withExitCodes(new Command('run'))
    .description('run one process of the desk alone, each under a user of its own')
    .addHelpText('after', '\nExample:\n  kontor run signer --data DIR --links DIR');
  for (const name of ['server', 'egress'] as const) {
    command.addCommand(
      part(name)
        .requiredOption('--config <file>', `what the ${name} is told, JSON`)
        .addHelpText('after', `\nExample:\n  kontor run ${name} --config ${name}.json`)
        .action((options: RunOptions) =>
          keep({ ...common(options), name, configFile: resolve(options.config) }, options.config),
        ),
    );
  }
  return command.addCommand(
    part('signer')
      .option('--unlock-file <file>', 'what opens the vault without a person')
      .addHelpText('after', '\nExample:\n  kontor run signer --unlock-file unlock')
      .action((options: RunOptions) => {
        const { unlockFile } = options;
        return keep({
          ...common(options),
          name: 'signer',
          unlockFile: unlockFile === undefined ? null : resolve(unlockFile),
          onVault: (state) => void openVault(state),
        });
      }),
  );
}

let keeper: Keeper | null = null;
let asking: AbortController | null = null;

function part(name: keyof typeof ABOUT): Command {
  return withExitCodes(new Command(name))
    .description(ABOUT[name])
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--links <dir>', 'where the processes meet (default: $KONTOR_LINKS, else /run/kontor)');
}

function common({ data, links }: RunOptions): Omit<KeeperOptions, 'name'> & {
  readonly dataDirectory: string;
} {
  return {
    dataDirectory: dataDirectory(data),
    links: linksDirectory(links),
    onLine: (line) => process.stderr.write(`${line}\n`),
  };
}

async function keep(options: KeeperOptions, configFile?: string): Promise<void> {
  if (configFile !== undefined && !existsSync(configFile)) {
    const message = `--config: expected a file, found nothing at ${resolve(configFile)}`;
    return reportFailure({ code: 'nothing', message }, false);
  }
  const running = new Keeper(options);
  keeper = running;
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const)
    process.on(signal, () => void running.stop());
  try {
    const code = await running.run();
    process.exit(code);
  } catch (error) {
    await running.stop();
    const message = error instanceof Error ? error.message : String(error);
    reportFailure({ code: 'links', message }, false);
    process.exit(EXIT_FAILED);
  }
}

/** Asks for the passphrase where the signer waits for one and somebody can be asked. */
async function openVault(state: VaultState): Promise<void> {
  if (state.kind === 'open') return asking?.abort();
  if (asking !== null) return;
  asking = new AbortController();
  const { signal } = asking;
  const passphrase = await askSecret('Passphrase of the vault: ', signal);
  asking = null;
  if (passphrase !== null) keeper?.unlock(passphrase);
  else if (!signal.aborted) {
    process.stderr.write(
      'The vault is locked and there is nobody to ask for its passphrase. Pipe it in, or name an unlock file with --unlock-file.\n',
    );
  }
}
