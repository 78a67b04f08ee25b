// SPDX-License-Identifier: Apache-2.0
// `kontor log trust`: whose word on this desk's log counts, and by which files.

import {
  certificateNames,
  listPath,
  readAuthorityList,
  readWitnessList,
  type KnownWitness,
  type ListName,
  type TimeAuthority,
} from '@kontor/server';
import type { Result } from '@kontor/tlog';
import type { Command } from 'commander';
import { printJson, reportFailure } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, type CommonOptions } from '../desk-command.ts';
import { deskFiles, DeskFilesError, type DeskFiles } from '../desk-files.ts';
import { settleTrust, writeTrustedList } from '../log/trusted-lists.ts';

/** One of the lists, for the commands that change it. */
export interface TrustedList<Row> {
  readonly name: ListName;
  /** What a failure is called where the list cannot be as it is asked for. */
  readonly code: string;
  readonly read: (dataDirectory: string) => Result<readonly Row[]>;
  readonly check: (rows: readonly Row[]) => Result<unknown>;
}

export function trustCommand(): Command {
  return deskCommand('trust')
    .description('whose signatures and dates count here, by files that the server cannot change')
    .addHelpText(
      'after',
      '\nIt also takes over lists of earlier versions, which lay where the server could change them: once.\n\nExample:\n  kontor log trust',
    )
    .action(({ data, json }: CommonOptions) => {
      const files = deskFiles(dataDirectory(data));
      if (!inTrust(files, json, () => undefined)) return;
      const witnesses = readWitnessList(files.directory);
      const authorities = readAuthorityList(files.directory);
      for (const list of [witnesses, authorities]) {
        if (list.ok) continue;
        reportFailure({ code: 'damaged', message: list.reason }, json);
        return;
      }
      if (!witnesses.ok || !authorities.ok) return;
      const dated = authorities.value.map((each) => ({
        ...each,
        certificates: certificateNames(each.certificates),
      }));
      const paths = {
        witnesses: listPath(files.directory, 'witnesses.json'),
        authorities: listPath(files.directory, 'anchors.json'),
      };
      if (json) return printJson({ paths, witnesses: witnesses.value, authorities: dated });
      print(
        [
          ...sectionOf(paths.witnesses, 'no witness is asked', witnesses.value, witnessLines),
          ...sectionOf(paths.authorities, 'no authority is asked', authorities.value, dateLines),
        ].join('\n'),
      );
    });
}

/** Changes a list and answers what it is now; undefined where it cannot be so, which is reported. */
export function changeTrustedList<Row>(
  { data, json }: CommonOptions,
  { name, code, read, check }: TrustedList<Row>,
  change: (rows: readonly Row[]) => readonly Row[],
): readonly Row[] | undefined {
  const files = deskFiles(dataDirectory(data));
  let changed: readonly Row[] | undefined;
  inTrust(files, json, () => {
    const before = read(files.directory);
    const rows = before.ok ? change(before.value) : [];
    const checked = before.ok ? check(rows) : before;
    if (!checked.ok) return reportFailure({ code, message: checked.reason }, json);
    writeTrustedList(files, name, rows);
    changed = rows;
  });
  return changed;
}

/** Does `work` once lists of earlier versions are where they belong; false, and reported, where the folder does not let it. */
function inTrust(files: DeskFiles, isJson: boolean, work: () => void): boolean {
  try {
    for (const line of settleTrust(files)) process.stderr.write(`${line}\n`);
    work();
    return true;
  } catch (error) {
    if (!(error instanceof DeskFilesError)) throw error;
    reportFailure({ code: error.code, message: error.message }, isJson);
    return false;
  }
}

function sectionOf<Row>(
  path: string,
  none: string,
  rows: readonly Row[],
  linesOf: (row: Row) => readonly string[],
): readonly string[] {
  return [path, ...(rows.length === 0 ? [`  ${none}`] : rows.flatMap(linesOf))];
}

function witnessLines({ name, operator, relation, url, keys }: KnownWitness): readonly string[] {
  return [`  ${name}: ${operator} (${relation}), ${url}`, ...keys.map((key) => `    key ${key}`)];
}

function dateLines({ name, url, certificates }: TimeAuthority): readonly string[] {
  return [
    `  ${name}: ${url}`,
    ...certificateNames(certificates).map(
      ({ subject, sha256 }) => `    vouched for by ${subject}, SHA-256 ${sha256}`,
    ),
  ];
}
