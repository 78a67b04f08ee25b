// SPDX-License-Identifier: Apache-2.0
// `kontor run`: one process of the desk, under a user or in a container of its own.

import { existsSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { EXIT_FAILED, EXIT_USAGE, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory, linksDirectory } from '../data-directory.ts';
import { deskFiles, DeskFilesError, lockPart, makePart } from '../desk-files.ts';
import { holderOf, lockFolder } from '../folder-lock.ts';
import { Keeper, type KeeperOptions } from '../keeper.ts';
import { unlockKeyLine } from '../key-fingerprint.ts';
import type { LinkFolder } from '../link-sockets.ts';
import { askSecret } from '../passphrase.ts';
import type { ProcessName, VaultState } from '../supervisor.ts';

interface RunOptions {
  readonly data?: string;
  readonly links?: string;
  readonly config: string;
  readonly unlockFile?: string;
}

const ABOUT = {
  signer: 'holds the keys: no network, reads and writes its own folder and the log alone',
  egress: 'talks to the exchanges: no keys; writes only by whom it knows them',
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

/** The folders in which each meets the others. */
const LINKS: Readonly<Record<ProcessName, readonly LinkFolder[]>> = {
  signer: ['signer-server', 'signer-egress'],
  egress: ['signer-egress', 'egress-server'],
  server: ['signer-server', 'egress-server'],
};

/**
 * Takes what no second process of the kind may have: two signers on one folder would sign from two logs, and who listens
 * second takes the links away from the first. Throws DeskFilesError, or FolderHeldError for a link.
 */
function hold({ name, dataDirectory: directory, links }: KeeperOptions): void {
  const files = deskFiles(directory);
  const command = `kontor run ${name}`;
  const starter = name === 'egress' ? holderOf(files.run) : null;
  if (starter?.includes('(kontor start)') === true) {
    throw new DeskFilesError(
      'busy',
      `${starter} runs a whole desk on ${directory}, with an egress of its own; stop it first, or choose another directory with --data DIR`,
    );
  }
  const own = { signer: files.signer, server: files.run, egress: null }[name];
  if (own !== null) {
    makePart(files, own);
    lockPart(files, own, command);
  }
  const missing = LINKS[name].find((folder) => !existsSync(join(links, folder)));
  if (missing !== undefined) {
    throw new DeskFilesError(
      'notWritable',
      `--links: expected the folder ${join(links, missing)}, where the ${name} meets the others, found nothing; docs/deploy.md says how to make it. A desk under one user is one command: kontor start`,
    );
  }
  if (name !== 'signer')
    lockFolder(join(links, name === 'server' ? 'egress-server' : 'signer-egress'), command);
}

async function keep(options: KeeperOptions, configFile?: string): Promise<void> {
  if (configFile !== undefined && !existsSync(configFile)) {
    const message = `--config: expected a file, found nothing at ${resolve(configFile)}`;
    return reportFailure({ code: 'nothing', message }, false);
  }
  try {
    hold(options);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    reportFailure({ code: String(error.code), message: error.message }, false);
    process.exit(EXIT_USAGE);
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
  if (state.kind === 'locked') process.stderr.write(unlockKeyLine(state.unlockKey));
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
