// SPDX-License-Identifier: Apache-2.0
// `kontor vault`: what opens the keys, and their backups. The work is done by the signer's own program, which asks
// for secrets through a pipe; this process hands on what the person types and keeps nothing.

import { randomBytes } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { Command } from 'commander';
import { noteBackup } from '../backup-times.ts';
import { reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskFiles } from '../desk-files.ts';
import { keyFingerprint } from '../key-fingerprint.ts';
import { printable } from '../printable.ts';
import { runVerb, type VaultOptions } from './vault-verb.ts';
import { keyringCommand, kmsCommand, removeWayCommand, type ShownWay } from './vault-ways.ts';

interface VaultFacts {
  readonly isOpen: boolean;
  readonly isUnattended: boolean;
  readonly ways: readonly ShownWay[];
  readonly fingerprint: string | null;
  readonly connections: readonly {
    readonly connection: string;
    readonly name: string;
    readonly venue: string;
    readonly keyKind: string;
    readonly isExpired: boolean;
    /** Told only where that was asked for. */
    readonly isCanary?: boolean;
  }[];
}

const SCAN_KEY_BYTES = 32;
const IMPORT_KEY_BYTES = 32;
const WAY_KINDS: Readonly<Record<string, string>> = {
  prf: 'passkey',
  keyring: 'keyring',
  kms: 'key service',
};

export function vaultCommand(): Command {
  return withExitCodes(new Command('vault'))
    .description('what opens the keys, and their backups; the desk must not be running')
    .addHelpText('after', '\nExample:\n  kontor vault passphrase')
    .addCommand(
      verb('show', 'what opens the vault, its import key and the keys in it')
        .option('--canaries', 'tell the canaries among them too; the vault must open for that')
        .action((options: VaultOptions & { readonly canaries?: boolean }) =>
          runVerb(options, {
            words: [options.canaries === true ? 'show-canaries' : 'show'],
            onOutput: (text) => process.stdout.write(showText(text, options.json ?? false)),
          }),
        ),
    )
    .addCommand(
      withExitCodes(new Command('fingerprint'))
        .description('the fingerprint of the import key, also while the desk runs')
        .option(
          '--data <dir>',
          'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)',
        )
        .addHelpText('after', '\nExample:\n  kontor vault fingerprint')
        .action((options: VaultOptions) => showFingerprint(options)),
    )
    .addCommand(
      verb('passphrase', 'set a passphrase; the unlock file is destroyed')
        .option('--new', 'begin a desk: its vault has a passphrase before its first key', false)
        .action((options: VaultOptions & { readonly new: boolean }) =>
          runVerb(options, {
            words: ['passphrase'],
            destroysUnlockFile: true,
            mayBeginDesk: options.new,
          }),
        ),
    )
    .addCommand(
      verb(
        'unattended',
        'open without a person from now on: whoever reads the folder has the keys',
      ).action((options: VaultOptions) => runVerb(options, { words: ['unattended'] })),
    )
    .addCommand(keyringCommand())
    .addCommand(kmsCommand())
    .addCommand(removeWayCommand('remove-way', 'kontor vault remove-way w_ABCDEF2'))
    .addCommand(
      verb('retire', 'destroy the key of a connection')
        .argument('<connection>', 'its name or identifier')
        .action((name: string, options: VaultOptions) =>
          runVerb(options, { words: ['retire', name] }),
        ),
    )
    .addCommand(
      verb(
        'thaw',
        'let a frozen or quarantined connection sign new risk again, where no owner has a passkey',
      )
        .argument('<connection>', 'its name or identifier')
        .action((name: string, options: VaultOptions) =>
          runVerb(options, { words: ['thaw', name] }),
        ),
    )
    .addCommand(
      verb(
        'take-over',
        'use the checked new key of a connection and destroy the old one, where no owner has a passkey any more',
      )
        .argument('<connection>', 'its name or identifier')
        .action((name: string, options: VaultOptions) =>
          runVerb(options, { words: ['take-over', name] }),
        ),
    )
    .addCommand(
      verb('backup', 'write all keys into a file that only the owner of an age identity can read')
        .argument('<file>', 'where to write; must not exist')
        .requiredOption('--to <recipient>', 'the age recipient, age1…')
        .action((file: string, options: VaultOptions & { readonly to: string }) =>
          runVerb(options, {
            words: ['backup', options.to],
            outputFile: resolve(file),
            written: `holds the keys, for the owner of ${options.to} only.`,
            onDone: () => noteBackup(deskFiles(dataDirectory(options.data)), 'keys'),
          }),
        ),
    )
    .addCommand(
      verb('restore', 'put keys back from a file that `kontor vault backup` wrote')
        .argument('<file>', 'the backup')
        .option(
          '--without-log',
          "accept that the signer's log is not here, or older than the backup",
          false,
        )
        .action((file: string, options: VaultOptions & { readonly withoutLog: boolean }) =>
          runVerb(options, {
            words: ['restore', ...(options.withoutLog ? ['without-log'] : [])],
            inputFile: resolve(file),
            mayBeginDesk: true,
          }),
        ),
    )
    .addCommand(
      verb('patterns', 'write what `kontor scan` needs to recognise the keys')
        .argument('<file>', 'where to write; must not exist')
        .requiredOption(
          '--key <file>',
          'the key that the patterns say nothing without; made if missing',
        )
        .action((file: string, options: VaultOptions & { readonly key: string }) => {
          const key = resolve(options.key);
          if (!existsSync(key))
            writeFileSync(key, randomBytes(SCAN_KEY_BYTES), { mode: 0o600, flag: 'wx' });
          return runVerb(options, {
            words: ['patterns'],
            inputFile: key,
            outputFile: resolve(file),
            written: `holds patterns of the keys, for kontor scan with the key in ${key}. Whoever has both can work out the keys: keep them apart.`,
          });
        }),
    );
}

function verb(name: string, description: string): Command {
  return withExitCodes(new Command(name))
    .description(description)
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory')
    .option('--json', 'print one JSON document where there is one to print', false)
    .addHelpText('after', `\nExample:\n  kontor vault ${name}${EXAMPLES[name] ?? ''}`);
}

const EXAMPLES: Readonly<Record<string, string>> = {
  retire: ' demo',
  thaw: ' demo',
  'take-over': ' main',
  backup: ' keys.age --to age1…',
  restore: ' keys.age',
  patterns: ' keys.patterns --key patterns.key',
};

/** From the signer's own folder, which the server cannot write. */
function showFingerprint(options: VaultOptions): void {
  const path = importKeyFile(deskFiles(dataDirectory(options.data)).signer);
  const key = existsSync(path) ? Buffer.from(readFileSync(path, 'utf8'), 'base64') : null;
  if (key?.length === IMPORT_KEY_BYTES) {
    process.stdout.write(`${keyFingerprint(key)}\n`);
    return;
  }
  const message = `expected the vault's import key at ${path}, found none; open the vault once`;
  reportFailure({ code: 'no_import_key', message }, false);
}

function showText(text: string, isJson: boolean): string {
  // The signer's program and this command are of one repository and one version.
  const facts = JSON.parse(text) as VaultFacts;
  if (isJson) return `${JSON.stringify(facts, null, 2)}\n`;
  const how = facts.isUnattended
    ? 'opens unattended: whoever reads this folder has the keys (kontor vault passphrase changes that)'
    : 'opens with a passphrase';
  const keys = facts.connections.map(
    ({ connection, name, venue, keyKind, isExpired, isCanary }) =>
      `  ${connection}  ${name}  ${venue}  ${keyKind}${isExpired ? '  expired' : ''}${isCanary === true ? '  canary' : ''}`,
  );
  const ways = facts.ways.map(
    ({ id, kind, name, addedAt }) =>
      `  ${id}  ${WAY_KINDS[kind] ?? kind}  ${printable(name)}  since ${new Date(addedAt).toISOString().slice(0, 10)}`,
  );
  return [
    `The vault ${how}.`,
    ...(ways.length === 0 ? [] : ['It opens as well by', ...ways]),
    `Import key  ${facts.fingerprint ?? 'not known yet'}`,
    'Keys',
    ...keys,
    '',
  ].join('\n');
}

/** Where the signer shows the public half of its import key. */
export function importKeyFile(signerDirectory: string): string {
  return join(signerDirectory, 'import-key');
}
