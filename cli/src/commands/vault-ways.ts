// SPDX-License-Identifier: Apache-2.0
// `kontor vault keyring` and `kontor vault kms`: further ways to open the vault, kept by the machine or by a key service.

import { randomBytes } from 'node:crypto';
import { resolve } from 'node:path';
import { Command } from 'commander';
import { reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskFiles } from '../desk-files.ts';
import { runWayChild } from '../ways/run-child.ts';
import {
  objectionToService,
  readServices,
  readStanza,
  serviceName,
  writeServices,
  type KeyService,
} from '../ways/way-config.ts';
import { runVerb, type VaultOptions, type VerbRun } from './vault-verb.ts';

/** A further way, as the signer's program shows it. */
export interface ShownWay {
  readonly id: string;
  readonly kind: string;
  readonly name: string;
  readonly addedAt: number;
  readonly stanza: string;
}

interface KmsOptions extends VaultOptions {
  readonly transit?: string;
  readonly aws?: string;
  readonly mount: string;
  readonly key?: string;
  readonly tokenFile?: string;
  readonly credentials?: string;
  readonly profile: string;
  readonly endpoint?: string;
  readonly ca?: string;
}

const SERVICE = 'kontor';

export function keyringCommand(): Command {
  return withExitCodes(new Command('keyring'))
    .description('open the vault by the keyring of the system as well')
    .addHelpText('after', '\nExample:\n  kontor vault keyring on')
    .addCommand(
      common('on', 'put a key that opens the vault into the keyring')
        .addHelpText('after', '\nExample:\n  kontor vault keyring on')
        .action((options: VaultOptions) => turnOn(options)),
    )
    .addCommand(
      common('off', 'take it out again; the passphrase goes on opening the vault')
        .addHelpText('after', '\nExample:\n  kontor vault keyring off')
        .action((options: VaultOptions) => turnOff(options)),
    );
}

export function kmsCommand(): Command {
  return withExitCodes(new Command('kms'))
    .description('open the vault by a key service as well')
    .addHelpText('after', '\nExample:\n  kontor vault kms add --transit https://bao.example:8200 …')
    .addCommand(
      common('add', 'have a key service decrypt a key that opens the vault')
        .option('--transit <address>', 'an OpenBao or HashiCorp Vault with the Transit engine')
        .option('--key <name>', 'Transit: the name of its key')
        .option('--mount <path>', 'Transit: where the engine is mounted', 'transit')
        .option('--token-file <file>', 'Transit: a file with the token, mode 600')
        .option('--aws <arn>', 'AWS KMS: the ARN of the key')
        .option('--credentials <file>', 'AWS KMS: a file as ~/.aws/credentials, mode 600')
        .option('--profile <name>', 'AWS KMS: the section of that file', 'default')
        .option('--endpoint <address>', "AWS KMS: an address in place of the region's own")
        .option(
          '--ca <file>',
          "the certificate of who signed the service's, in place of the system's",
        )
        .addHelpText(
          'after',
          '\nExample:\n  kontor vault kms add --transit https://bao.example:8200 --key desk --token-file bao-token',
        )
        .action((options: KmsOptions) => addService(options)),
    )
    .addCommand(removeWayCommand('remove', 'kontor vault kms remove w_ABCDEF2'));
}

/** Takes away a way of any kind. */
export function removeWayCommand(name: string, example: string): Command {
  return common(name, 'take a way away; the passphrase goes on opening the vault')
    .argument('<way>', 'its identifier, w_…')
    .addHelpText('after', `\nExample:\n  ${example}`)
    .action((way: string, options: VaultOptions) => removeWay(options, way));
}

function common(name: string, description: string): Command {
  return withExitCodes(new Command(name))
    .description(description)
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)');
}

async function turnOn(options: VaultOptions): Promise<void> {
  const account = `desk-${randomBytes(8).toString('hex')}`;
  const place = { service: SERVICE, account };
  let isKept = false;
  const isDone = await isDoneBy(options, {
    words: ['way-add', 'the', 'keyring', 'of', 'the', 'system'],
    giveWay: async (pipe) => {
      const fault = await runWayChild({ do: 'makeKeyring', ...place }, pipe);
      isKept = fault === null;
      return fault;
    },
  });
  if (isKept && !isDone) await runWayChild({ do: 'dropKeyring', ...place }, null);
}

async function turnOff(options: VaultOptions): Promise<void> {
  const ways = await shownWays(options);
  if (ways === null) return;
  const own = ways.filter(({ kind }) => kind === 'keyring');
  if (own.length === 0)
    return fail('nothing', 'expected a vault that the keyring opens, found one that it does not');
  for (const { id, stanza } of own) {
    if (!(await isDoneBy(options, { words: ['way-remove', id] }))) return;
    const way = readStanza(stanza);
    if (way?.kind !== 'keyring') continue;
    const { service, account } = way;
    const fault = await runWayChild({ do: 'dropKeyring', service, account }, null);
    if (fault !== null)
      process.stderr.write(`What is left in the keyring opens nothing any more: ${fault}\n`);
  }
}

async function addService(options: KmsOptions): Promise<void> {
  const service = serviceOf(options);
  if (typeof service === 'string') return fail('usage', service);
  const objection = objectionToService(service);
  if (objection !== null) return fail('usage', objection);
  const { config } = deskFiles(dataDirectory(options.data));
  const name = serviceName(service);
  const isDone = await isDoneBy(options, {
    words: ['way-add', ...name.split(' ').slice(0, 2)],
    giveWay: async (pipe) => {
      const fault = await runWayChild({ do: 'makeService', service }, pipe);
      if (fault !== null) return fault;
      const others = readServices(config).filter((each) => serviceName(each) !== name);
      writeServices(config, [...others, service]);
      return null;
    },
  });
  if (!isDone) await dropUnusedServices(options);
}

async function removeWay(options: VaultOptions, way: string): Promise<void> {
  if (await isDoneBy(options, { words: ['way-remove', way] })) await dropUnusedServices(options);
}

/** What opens nothing any more is not asked either. */
async function dropUnusedServices(options: VaultOptions): Promise<void> {
  const { config } = deskFiles(dataDirectory(options.data));
  const services = readServices(config);
  const ways = services.length === 0 ? null : await shownWays(options);
  if (ways === null) return;
  const used = ways.map(({ stanza }) => readStanza(stanza));
  const isUsed = (service: KeyService): boolean =>
    used.some((way) => way?.kind === 'kms' && way.name === serviceName(service));
  const left = services.filter(isUsed);
  if (left.length < services.length) writeServices(config, left);
}

function serviceOf(options: KmsOptions): KeyService | string {
  const { transit, aws, ca } = options;
  const caFile = ca === undefined ? {} : { caFile: resolve(ca) };
  if ((transit === undefined) === (aws === undefined))
    return 'expected either --transit or --aws, found both or neither';
  if (transit !== undefined) {
    const { key, mount, tokenFile } = options;
    if (key === undefined || tokenFile === undefined)
      return 'expected --key and --token-file with --transit, found them missing';
    const address = transit.replace(/\/$/, '');
    return { kind: 'transit', address, mount, key, tokenFile: resolve(tokenFile), ...caFile };
  }
  const { credentials, profile, endpoint } = options;
  if (aws === undefined || credentials === undefined)
    return 'expected --credentials with --aws, found none';
  return {
    kind: 'aws',
    arn: aws,
    desk: randomBytes(8).toString('hex'),
    credentialsFile: resolve(credentials),
    profile,
    ...(endpoint === undefined ? {} : { address: endpoint }),
    ...caFile,
  };
}

async function isDoneBy(options: VaultOptions, run: VerbRun): Promise<boolean> {
  let isDone = false;
  await runVerb(options, { ...run, onDone: () => (isDone = true) });
  return isDone;
}

async function shownWays(options: VaultOptions): Promise<readonly ShownWay[] | null> {
  let text = '';
  const isDone = await isDoneBy(options, { words: ['show'], onOutput: (said) => (text = said) });
  // The signer's program and this command are of one repository and one version.
  return isDone ? (JSON.parse(text) as { readonly ways: readonly ShownWay[] }).ways : null;
}

function fail(code: string, message: string): void {
  reportFailure({ code, message }, false);
}
