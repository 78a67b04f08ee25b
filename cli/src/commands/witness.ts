// SPDX-License-Identifier: Apache-2.0
// `kontor log witness`: a witness for other desks' logs, and the witnesses of one's own.

import { once } from 'node:events';
import { isIPv6, type AddressInfo } from 'node:net';
import { resolve } from 'node:path';
import {
  parseWitnessList,
  readWitnessList,
  trustPolicyText,
  WITNESS_RELATIONS,
  type api,
  type KnownWitness,
  type WitnessRelation,
} from '@kontor/server';
import { toVerifierKey } from '@kontor/tlog';
import { Command, InvalidArgumentError, Option } from 'commander';
import { printJson, reportFailure, textTable, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { deskFiles, DeskFilesError } from '../desk-files.ts';
import { LogFolderError, openLog } from '../log/log-folder.ts';
import { overclaim, provenStanding } from '../log/proven-standing.ts';
import { changeTrustedList, type TrustedList } from './trust.ts';
import { anchorTable } from './anchor.ts';
import { makeDirectory, SYSTEM_DISK } from '../durable-file.ts';
import { WitnessError } from '../witness/errors.ts';
import { openKeys } from '../witness/keys.ts';
import { lockWitness } from '../witness/lock.ts';
import { witnessServer } from '../witness/serve.ts';
import { WitnessStore } from '../witness/store.ts';

const DEFAULT_LISTEN = '127.0.0.1:2025';

interface Address {
  readonly host: string;
  readonly port: number;
}

interface ServeOptions {
  readonly data: string;
  readonly listen: Address;
  readonly name?: string;
  readonly log: readonly string[];
}

interface UseOptions extends CommonOptions {
  readonly url: string;
  readonly key: readonly string[];
  readonly operator: string;
  readonly relation: WitnessRelation;
}

export function witnessCommand(): Command {
  return withExitCodes(new Command('witness'))
    .description('cosign the logs of other desks, and have your own log cosigned')
    .addHelpText('after', '\nExample:\n  kontor log witness serve --data ~/witness')
    .addCommand(serveCommand())
    .addCommand(addLogCommand())
    .addCommand(listCommand())
    .addCommand(useCommand())
    .addCommand(dropCommand())
    .addCommand(statusCommand())
    .addCommand(policyCommand());
}

// ---- A witness for others ----

function serveCommand(): Command {
  return ownDirectoryCommand('serve')
    .description('run a witness; its keys are made at the first start')
    .option(
      '--listen <address>',
      `where to listen; beyond this machine only if you name such an address (default: ${DEFAULT_LISTEN})`,
      parseAddress,
      parseAddress(DEFAULT_LISTEN),
    )
    .option('--name <name>', 'the name it signs under; unique in the world, random by default')
    .option('--log <vkey>', 'watch this log too; repeatable', collect, [])
    .addHelpText(
      'after',
      '\nExample:\n  kontor log witness serve --data ~/witness --listen 127.0.0.1:2025 --log VKEY',
    )
    .action((options: ServeOptions) => withWitness(() => serve(options)));
}

async function serve(options: ServeOptions): Promise<void> {
  const directory = resolve(options.data);
  makeDirectory(SYSTEM_DISK, directory);
  const lock = lockWitness(directory);
  try {
    const store = new WitnessStore(directory);
    const keys = openKeys(SYSTEM_DISK, directory, options.name);
    for (const key of options.log) store.addLog(key);
    const tell = (line: string): void => {
      process.stdout.write(`${new Date().toISOString()} ${line}\n`);
    };
    const server = witnessServer({ store, keys, now: Date.now, tell });
    const { host, port } = options.listen;
    server.listen(port, host);
    await once(server, 'listening');
    // A server that listens on a port has an address of this form.
    const bound = server.address() as AddressInfo;
    print(`Witness ${keys.name} on http://${isIPv6(host) ? `[${host}]` : host}:${bound.port}`);
    print('Its keys, for those who use it:');
    for (const key of keys.verifierKeys) print(`  ${key}`);
    print(`Logs it watches: ${store.logs.length}`);
    const stop = (): void => {
      server.close();
      server.closeAllConnections();
    };
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    await once(server, 'close');
  } finally {
    lock.release();
  }
}

function addLogCommand(): Command {
  return ownDirectoryCommand('add-log')
    .description('put a log on the list of those that are cosigned; a running witness takes note')
    .argument('<vkey>', 'the log’s verifier key, as its desk shows it')
    .addHelpText('after', '\nExample:\n  kontor log witness add-log --data ~/witness VKEY')
    .action((key: string, { data }: { readonly data: string }) =>
      withWitness(() => {
        const isNew = new WitnessStore(resolve(data)).addLog(key);
        print(isNew ? 'The log is on the list.' : 'The log was on the list already.');
      }),
    );
}

function listCommand(): Command {
  return ownDirectoryCommand('list')
    .description('the logs of a witness with the last size it cosigned')
    .option('--json', 'print one JSON document', false)
    .addHelpText('after', '\nExample:\n  kontor log witness list --data ~/witness')
    .action(({ data, json }: { readonly data: string; readonly json: boolean }) =>
      withWitness(() => {
        const store = new WitnessStore(resolve(data));
        const rows = store.logs.map((key) => ({
          origin: key.name,
          key: toVerifierKey(key),
          size: store.logOf(key.name)?.record?.size.toString() ?? null,
        }));
        if (json) printJson(rows);
        else {
          const table = rows.map(({ origin, size }) => [origin, size ?? 'nothing yet']);
          print(textTable([['LOG', 'LAST SIZE'], ...table], 2));
        }
      }),
    );
}

function ownDirectoryCommand(name: string): Command {
  return withExitCodes(new Command(name)).requiredOption(
    '--data <dir>',
    'the directory of the witness, not that of a desk',
  );
}

async function withWitness(work: () => void | Promise<void>): Promise<void> {
  try {
    await work();
  } catch (error) {
    if (error instanceof WitnessError || error instanceof DeskFilesError) {
      reportFailure({ code: error.code, message: error.message }, false);
    } else if (error instanceof Error && 'code' in error) {
      reportFailure({ code: String(error.code), message: error.message }, false);
    } else throw error;
  }
}

// ---- Witnesses of this desk ----

function useCommand(): Command {
  return deskCommand('use')
    .description('have this desk’s log cosigned by a witness; a running desk takes note')
    .argument('<name>', 'what to call it here')
    .requiredOption('--url <url>', 'its address')
    .requiredOption('--key <vkey>', 'a key of it, as it prints them; repeatable', collect, [])
    .requiredOption('--operator <who>', 'whose it is; witnesses of one operator count as one')
    .addOption(
      new Option('--relation <what>', 'whose machine it stands on')
        .choices(WITNESS_RELATIONS)
        .makeOptionMandatory(),
    )
    .addHelpText(
      'after',
      '\nExample:\n  kontor log witness use anna --url http://10.0.0.7:2025 --key VKEY --operator Anna --relation person',
    )
    .action((name: string, { url, key, operator, relation, ...common }: UseOptions) =>
      changeList(common, (list) => [
        ...list.filter((each) => each.name !== name),
        { name, url, keys: [...key], operator, relation },
      ]),
    );
}

function dropCommand(): Command {
  return deskCommand('drop')
    .description('ask a witness no more')
    .argument('<name>', 'as in `kontor log witness status`')
    .addHelpText('after', '\nExample:\n  kontor log witness drop anna')
    .action((name: string, options: CommonOptions) =>
      changeList(options, (list) => list.filter((each) => each.name !== name)),
    );
}

const WITNESSES: TrustedList<KnownWitness> = {
  name: 'witnesses.json',
  code: 'witnesses',
  read: readWitnessList,
  check: (witnesses) => parseWitnessList({ witnesses }),
};

function changeList(
  options: CommonOptions,
  change: (list: readonly KnownWitness[]) => readonly KnownWitness[],
): void {
  const witnesses = changeTrustedList(options, WITNESSES, change);
  if (witnesses === undefined) return;
  if (options.json) printJson(witnesses);
  else
    print(
      `The desk has ${witnesses.length === 1 ? '1 witness' : `${witnesses.length} witnesses`}.`,
    );
}

function statusCommand(): Command {
  return deskCommand('status')
    .description('the witnesses of the running desk: what each has seen, and how much it is worth')
    .addHelpText('after', '\nExample:\n  kontor log witness status')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const status = await desk.get<api.WitnessStatus>('/api/v1/log/witnesses');
        const proven = await provenStanding(deskFiles(dataDirectory(options.data)), Date.now());
        if (options.json) printJson({ ...status, proven });
        else print(witnessText({ ...status, ...proven }));
        const doubt = overclaim(status, proven);
        if (doubt !== null) reportFailure({ code: 'overclaim', message: doubt }, false);
      }),
    );
}

function policyCommand(): Command {
  return deskCommand('policy')
    .description('the trust policy that others verify this desk’s proofs with')
    .addHelpText('after', '\nExample:\n  kontor log witness policy > trust-policy')
    .action(({ data, json }: CommonOptions) => {
      const directory = dataDirectory(data);
      const list = readWitnessList(directory);
      const parsed = list.ok ? parseWitnessList({ witnesses: list.value }) : list;
      if (!parsed.ok) return reportFailure({ code: 'witnesses', message: parsed.reason }, json);
      try {
        const { keys } = openLog(deskFiles(directory).log, undefined);
        const policy = trustPolicyText(keys, parsed.value);
        if (json) printJson({ policy });
        else process.stdout.write(policy);
      } catch (error) {
        if (!(error instanceof LogFolderError)) throw error;
        reportFailure({ code: error.code, message: error.message }, json);
      }
    });
}

function witnessText({ level, meaning, witnesses, anchors }: api.WitnessStatus): string {
  const rows = witnesses.map(({ name, operator, relation, state, size, reason }) => [
    name,
    operator,
    relation,
    state,
    size === null ? '' : String(size),
    reason,
  ]);
  const table =
    rows.length === 0
      ? ''
      : `\n${textTable([['WITNESS', 'OPERATOR', 'RELATION', 'STATE', 'SIZE', 'WHY'], ...rows], 6)}`;
  const dated = anchorTable(anchors);
  return `${level}: ${meaning}${table}${dated === '' ? '' : `\n${dated}`}`;
}

function parseAddress(text: string): Address {
  const match = /^(?:\[([0-9a-fA-F:]+)\]|([^:\s]+)):(\d{1,5})$/.exec(text);
  const port = Number(match?.[3]);
  const host = match?.[1] ?? match?.[2];
  if (host === undefined || port > 65_535) {
    throw new InvalidArgumentError('expected HOST:PORT, as 127.0.0.1:2025.');
  }
  return { host, port };
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
