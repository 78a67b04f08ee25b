// SPDX-License-Identifier: Apache-2.0
// `kontor log anchor`: dates for the log's trees from time-stamping authorities (RFC 3161) of the owner's choice.

import {
  parseAuthorityList,
  readAuthorityList,
  type api,
  type TimeAuthority,
} from '@kontor/server';
import { parseVerifierKey, type Checkpoint, type NoteKey } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { Command } from 'commander';
import { printJson, reportFailure, textTable, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { deskFiles } from '../desk-files.ts';
import { datedText, historyFault, readAnchors, readCertificates } from '../log/anchored-log.ts';
import { LogFolderError, openLog } from '../log/log-folder.ts';
import { changeTrustedList, type TrustedList } from './trust.ts';

interface UseOptions extends CommonOptions {
  readonly url: string;
  readonly ca: string;
}

interface VerifyOptions extends CommonOptions {
  readonly ca?: string;
  readonly key?: string;
}

export function anchorCommand(): Command {
  return withExitCodes(new Command('anchor'))
    .description(
      'have the log’s trees dated by time-stamping authorities; none is asked unless you name it',
    )
    .addHelpText('after', '\nExample:\n  kontor log anchor status')
    .addCommand(useCommand())
    .addCommand(dropCommand())
    .addCommand(statusCommand())
    .addCommand(nowCommand())
    .addCommand(verifyCommand());
}

function useCommand(): Command {
  return deskCommand('use')
    .description('have an authority date this desk’s log once a day; a running desk takes note')
    .argument('<name>', 'what to call it here')
    .requiredOption(
      '--url <url>',
      'its address; it gets one hash a day and sees where that comes from',
    )
    .requiredOption('--ca <file>', 'whom you trust to say who it is: certificates in PEM')
    .addHelpText(
      'after',
      '\nExample:\n  kontor log anchor use freetsa --url https://freetsa.org/tsr --ca cacert.pem',
    )
    .action(async (name: string, { url, ca, ...common }: UseOptions) => {
      try {
        const certificates = readCertificates(ca);
        const { parseCertificates } = await import('@kontor/server/anchors');
        const trusted = parseCertificates(certificates);
        if (!trusted.ok) throw new LogFolderError('damaged', `${ca}: ${trusted.reason}`);
        changeList(common, (list) => [
          ...list.filter((each) => each.name !== name),
          { name, url, certificates, since: Date.now() },
        ]);
      } catch (error) {
        reportLogError(error, common.json);
      }
    });
}

function dropCommand(): Command {
  return deskCommand('drop')
    .description('ask an authority no more; what it has dated stays')
    .argument('<name>', 'as in `kontor log anchor status`')
    .addHelpText('after', '\nExample:\n  kontor log anchor drop freetsa')
    .action((name: string, options: CommonOptions) =>
      changeList(options, (list) => list.filter((each) => each.name !== name)),
    );
}

const AUTHORITIES: TrustedList<TimeAuthority> = {
  name: 'anchors.json',
  code: 'authorities',
  read: readAuthorityList,
  check: (authorities) => parseAuthorityList({ authorities }),
};

function changeList(
  options: CommonOptions,
  change: (list: readonly TimeAuthority[]) => readonly TimeAuthority[],
): void {
  const authorities = changeTrustedList(options, AUTHORITIES, change);
  if (authorities === undefined) return;
  if (options.json) printJson(authorities.map(({ name, url }) => ({ name, url })));
  else {
    const count =
      authorities.length === 1 ? '1 authority dates' : `${authorities.length} authorities date`;
    print(`${count} the log.`);
  }
}

function statusCommand(): Command {
  return deskCommand('status')
    .description('the authorities of the running desk, and what each has dated last')
    .addHelpText('after', '\nExample:\n  kontor log anchor status')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const { anchors, fault } = await desk.get<api.WitnessStatus>('/api/v1/log/witnesses');
        if (options.json) return printJson({ anchors, fault });
        print(anchorTable(anchors) || 'No authority dates the log.');
        if (fault !== null) print(fault);
      }),
    );
}

function nowCommand(): Command {
  return deskCommand('now')
    .description('have the running desk’s log dated now, not at the end of the day')
    .addHelpText('after', '\nExample:\n  kontor log anchor now')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const { anchors } =
          await desk.post<Pick<api.WitnessStatus, 'anchors'>>('/api/v1/log/anchors');
        if (options.json) printJson(anchors);
        else print(anchorTable(anchors) || 'No authority dates the log: kontor log anchor use');
        if (anchors.some(({ state }) => state === 'failing')) process.exitCode = 1;
      }),
    );
}

/** The table of who dates the log; '' where nobody does. */
export function anchorTable(anchors: api.WitnessStatus['anchors']): string {
  if (anchors.length === 0) return '';
  const rows = anchors.map(({ authority, state, size, at, count, reason }) => [
    authority,
    state,
    size === null ? '' : String(size),
    at === null ? '' : new Date(at).toISOString(),
    String(count),
    reason,
  ]);
  return textTable([['AUTHORITY', 'STATE', 'SIZE', 'BEFORE', 'KEPT', 'WHY'], ...rows], 6);
}

function verifyCommand(): Command {
  return deskCommand('verify')
    .description('check dates, without a network; exit code 1 if one proves nothing')
    .argument('[file]', 'a checkpoint whose .tsr lies beside it (default: all of the desk’s)')
    .option('--ca <file>', 'whom to trust (default: as the desk’s list says)')
    .option('--key <vkey>', 'the log’s verifier key (default: that of the desk)')
    .addHelpText(
      'after',
      '\nA dated checkpoint says that its tree was there before that time. It does not say that no other history was shown.\n\nExample:\n  kontor log anchor verify 20261123T031500000Z-freetsa.checkpoint --ca cacert.pem --key VKEY',
    )
    .action(async (file: string | undefined, options: VerifyOptions) => {
      try {
        if (file === undefined) await verifyAll(options);
        else await verifyOne(file, options);
      } catch (error) {
        reportLogError(error, options.json);
      }
    });
}

async function verifyAll({ data, json, ca, key }: VerifyOptions): Promise<void> {
  const files = deskFiles(dataDirectory(data));
  const log = openLog(files.log, key);
  const certificates = ca === undefined ? undefined : readCertificates(ca);
  const rows: { file: string; size: string | null; before: string | null; said: string }[] = [];
  const closed: Checkpoint[] = [];
  const isOfThisLog = (dated: Checkpoint): boolean => {
    const isClosed = isEarlierName(dated.origin, log.signed.checkpoint.origin);
    if (isClosed) closed.push(dated);
    return !isClosed;
  };
  let isWrong = false;
  const anchors = readAnchors(log, files.directory, certificates, isOfThisLog);
  for await (const { place, found } of anchors) {
    if (!found.ok) isWrong = true;
    rows.push({
      file: place.checkpoint,
      size: found.ok ? String(found.value.signed.checkpoint.size) : null,
      before: found.ok ? new Date(found.value.stamp.at).toISOString() : null,
      said: found.ok
        ? `the tree of ${found.value.signed.checkpoint.size} entries ${datedText(found.value)}`
        : `proves nothing: ${found.reason}`,
    });
  }
  const { origin } = log.signed.checkpoint;
  if (json) {
    const earlier = closed.map((dated) => ({ origin: dated.origin, size: String(dated.size) }));
    printJson({ origin, isRight: !isWrong, anchors: rows, earlier });
  } else {
    print(`${origin}, ${rows.length} dated checkpoints`);
    for (const { file, said } of rows) print(`  ${file}: ${said}`);
    for (const dated of closed) {
      const isThere = historyFault(log, { ...dated, origin }) === undefined;
      print(
        `  of ${dated.origin}, as this log was called before it was closed, the tree of ${dated.size} entries, which is ${isThere ? '' : 'not '}in the log as it stands; with its own key: kontor log anchor verify FILE --key VKEY`,
      );
    }
  }
  if (isWrong) process.exitCode = 1;
}

/** Whether a log that goes on as `now` was once called `before`: each closing counts its name up, from NAME to NAME/2. */
function isEarlierName(before: string, now: string): boolean {
  const [, name, count] = /^(.+)\/(\d+)$/.exec(now) ?? [];
  if (name === undefined) return false;
  if (before === name) return true;
  const [, other, earlier] = /^(.+)\/(\d+)$/.exec(before) ?? [];
  return other === name && Number(earlier) < Number(count);
}

async function verifyOne(file: string, options: VerifyOptions): Promise<void> {
  const files = await import('@kontor/server/anchors');
  const stem = file.replace(/\.(checkpoint|tsr)$/, '');
  const directory = dataDirectory(options.data);
  const pair = files.readAnchor({ checkpoint: `${stem}.checkpoint`, tsr: `${stem}.tsr` });
  if (!pair.ok) throw new LogFolderError('unreadable', pair.reason);
  const key = keyOf(options.key, directory);
  const certificates =
    options.ca === undefined ? certificatesFor(directory, stem) : readCertificates(options.ca);
  const verified = files.verifyAnchor(pair.value, [key], certificates);
  if (!verified.ok)
    throw new LogFolderError('not_signed', `${file} proves nothing: ${verified.reason}`);
  const { signed, stamp } = verified.value;
  const { origin, size } = signed.checkpoint;
  const at = new Date(stamp.at).toISOString();
  if (options.json)
    printJson({ origin, size: String(size), before: at, authority: stamp.authority });
  else
    print(
      `This tree of ${size} entries of ${origin} existed before ${at}, says ${stamp.authority}.`,
    );
}

function keyOf(given: string | undefined, directory: string): NoteKey {
  if (given === undefined) return openLog(deskFiles(directory).log, undefined).key;
  const key = parseVerifierKey(nodeCryptography, given);
  if (!key.ok) throw new LogFolderError('not_signed', `the log's key: ${key.reason}`);
  return key.value;
}

/** Those of the authority that the file's name ends with. */
function certificatesFor(directory: string, stem: string): string {
  const list = readAuthorityList(directory);
  if (!list.ok) throw new LogFolderError('unreadable', list.reason);
  const found = list.value.find(({ name }) => stem.endsWith(`-${name}`));
  if (found !== undefined) return found.certificates;
  throw new LogFolderError('not_found', 'expected --ca FILE: nobody is trusted for this authority');
}

function reportLogError(error: unknown, isJson: boolean): void {
  if (!(error instanceof LogFolderError)) throw error;
  reportFailure({ code: error.code, message: error.message }, isJson);
}
