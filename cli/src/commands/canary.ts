// SPDX-License-Identifier: Apache-2.0
// `kontor canary`: false secrets to be stolen, which the scanner knows again.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { Command, InvalidArgumentError } from 'commander';
import { reportFailure, withExitCodes } from '../command-output.ts';
import { STRING_CANARIES, stringCanary } from '../scan/string-canaries.ts';

const KEY_BYTES = 32;

interface PlantOptions {
  readonly key: string;
  readonly slot: number;
}

export function canaryCommand(): Command {
  return withExitCodes(new Command('canary'))
    .description('false secrets to be stolen, which `kontor scan` knows again')
    .addHelpText('after', '\nExample:\n  kontor canary plant .env.old --key patterns.key')
    .addCommand(
      withExitCodes(new Command('plant'))
        .description('write a decoy: a settings file with a key that opens nothing')
        .argument('<file>', 'where a thief would look, such as .env; must not exist')
        .requiredOption('--key <file>', 'the key of the scanner')
        .option('--slot <n>', `which canary, 0 to ${STRING_CANARIES - 1}`, slotNumber, 0)
        .addHelpText(
          'after',
          '\nExample:\n  kontor canary plant /srv/old-bot/.env --key patterns.key --slot 3',
        )
        .action(plant),
    );
}

function plant(file: string, options: PlantOptions): void {
  const path = resolve(file);
  if (existsSync(path))
    return reportFailure(
      { code: 'exists', message: `${path} exists already; name a new file` },
      false,
    );
  if (!existsSync(options.key)) {
    const message = `--key: expected a file, found nothing at ${resolve(options.key)}`;
    return reportFailure({ code: 'nothing', message }, false);
  }
  const key = readFileSync(options.key);
  if (key.length !== KEY_BYTES) {
    const message = `${options.key}: expected a key of ${KEY_BYTES} bytes, found ${key.length}`;
    return reportFailure({ code: 'key', message }, false);
  }
  const { apiKey, secret } = stringCanary(key, options.slot);
  writeFileSync(
    path,
    `NODE_ENV=production\nBINANCE_API_KEY=${apiKey}\nBINANCE_API_SECRET=${secret}\n`,
    { mode: 0o600, flag: 'wx' },
  );
  process.stdout.write(
    `${path} holds string canary ${options.slot}. It opens nothing; kontor scan names it wherever it turns up.\n`,
  );
}

function slotNumber(text: string): number {
  const slot = Number(text);
  if (!/^\d{1,2}$/.test(text) || slot >= STRING_CANARIES)
    throw new InvalidArgumentError(`expected 0 to ${STRING_CANARIES - 1}, found ${text}.`);
  return slot;
}
