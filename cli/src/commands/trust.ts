// SPDX-License-Identifier: Apache-2.0
// `kontor log trust`: whose word on this desk's log counts, and by which files.

import {
  certificateNames,
  listPath,
  readAuthorityList,
  readWitnessList,
  type KnownWitness,
  type TimeAuthority,
} from '@kontor/server';
import type { Command } from 'commander';
import { printJson, reportFailure } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, type CommonOptions } from '../desk-command.ts';
import { deskFiles, DeskFilesError } from '../desk-files.ts';
import { settleTrust } from '../log/trusted-lists.ts';

export function trustCommand(): Command {
  return deskCommand('trust')
    .description('whose signatures and dates count here, by files that the server cannot change')
    .addHelpText(
      'after',
      '\nIt also takes over lists of earlier versions, which lay where the server could change them: once.\n\nExample:\n  kontor log trust',
    )
    .action(({ data, json }: CommonOptions) => {
      const files = deskFiles(dataDirectory(data));
      try {
        for (const line of settleTrust(files)) process.stderr.write(`${line}\n`);
      } catch (error) {
        if (!(error instanceof DeskFilesError)) throw error;
        reportFailure({ code: error.code, message: error.message }, json);
        return;
      }
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
