// SPDX-License-Identifier: Apache-2.0
// `kontor people`: who may use the desk. The terminal stands for its owner, whoever lost which passkey.

import type { api } from '@kontor/server';
import { Command, InvalidArgumentError } from 'commander';
import { printJson, reportFailure, textTable, withExitCodes } from '../command-output.ts';
import type { DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { runVerb, type VaultOptions } from './vault-verb.ts';

const ROLES = ['viewer', 'trader', 'owner'] as const satisfies readonly api.Role[];

export function peopleCommand(): Command {
  return withExitCodes(new Command('people'))
    .description('who may use the desk, and whose consent the signer takes')
    .addHelpText('after', '\nExample:\n  kontor people list')
    .addCommand(listCommand())
    .addCommand(inviteCommand())
    .addCommand(roleCommand())
    .addCommand(recoveryCommand())
    .addCommand(removeCommand())
    .addCommand(codeCommand())
    .addCommand(ownersCommand())
    .addCommand(unenrolCommand());
}

function listCommand(): Command {
  return deskCommand('list')
    .description(
      'people, their roles and passkeys, open invitations, and whose consent the signer takes',
    )
    .addHelpText('after', '\nExample:\n  kontor people list')
    .action((options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const [people, owners] = await Promise.all([
          desk.get<api.People>('/api/v1/people'),
          desk.get<api.SignerOwner[]>('/api/v1/people/owners'),
        ]);
        if (options.json) printJson({ ...people, owners });
        else print(peopleText(people, owners));
      }),
    );
}

function inviteCommand(): Command {
  return deskCommand('invite')
    .description('make a link that lets one person in, within a week')
    .argument('<name>', 'what the person is called here')
    .option('--role <role>', 'viewer, trader or owner', roleOf, 'viewer')
    .addHelpText('after', '\nExample:\n  kontor people invite Ben --role trader')
    .action((name: string, options: CommonOptions & { readonly role: api.Role }) =>
      withDesk(options, async (desk) => {
        const { role } = options;
        const made = await desk.post<api.NewInvitation>('/api/v1/people/invitations', {
          name,
          role,
        });
        if (options.json) printJson(made);
        else print(`${made.link}\nIt lets one person in as ${role}, once, within a week.`);
      }),
    );
}

function roleCommand(): Command {
  return deskCommand('role')
    .description('change what a person may do')
    .argument('<person>', 'name or identifier, as in `kontor people list`')
    .argument('<role>', 'viewer, trader or owner', roleOf)
    .addHelpText('after', '\nExample:\n  kontor people role Ben viewer')
    .action((person: string, role: api.Role, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const member = await memberOf(desk, person, options);
        if (member === null) return;
        const { id, name } = member.person;
        const changed = await desk.patch<api.Person>(`/api/v1/people/${id}`, { role });
        if (options.json) printJson(changed);
        else print(`${name} is ${role} now.`);
      }),
    );
}

function recoveryCommand(): Command {
  return deskCommand('recovery')
    .description('make ten new recovery codes for a person; the old ones are void')
    .argument('<person>', 'name or identifier, as in `kontor people list`')
    .addHelpText('after', '\nExample:\n  kontor people recovery Ada')
    .action((person: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const member = await memberOf(desk, person, options);
        if (member === null) return;
        const path = `/api/v1/people/${member.person.id}/recovery-codes`;
        const { codes } = await desk.post<{ readonly codes: readonly string[] }>(path);
        if (options.json) printJson({ codes });
        else print(`${codes.join('\n')}\nEach logs ${member.person.name} in once.`);
      }),
    );
}

function removeCommand(): Command {
  return deskCommand('remove')
    .description('take a person off the desk; their sessions end at once')
    .argument('<person>', 'name or identifier, as in `kontor people list`')
    .addHelpText('after', '\nExample:\n  kontor people remove Ben')
    .action((person: string, options: CommonOptions) =>
      withDesk(options, async (desk) => {
        const member = await memberOf(desk, person, options);
        if (member === null) return;
        const { id, name } = member.person;
        await desk.delete(`/api/v1/people/${id}`);
        if (options.json) printJson({ removed: id });
        else print(`${name} is off the desk.`);
      }),
    );
}

function codeCommand(): Command {
  return signerCommand('code')
    .description(
      'a code that enrols one owner in the signer without the consent of another; the desk must not be running',
    )
    .addHelpText('after', '\nExample:\n  kontor people code')
    .action((options: VaultOptions) => runVerb(options, { words: ['owner-code'] }));
}

function ownersCommand(): Command {
  return signerCommand('owners')
    .description('whose consent the signer takes, with fingerprints; the desk must not be running')
    .addHelpText('after', '\nExample:\n  kontor people owners')
    .action((options: VaultOptions) =>
      runVerb(options, {
        words: ['owners'],
        onOutput: (text) => {
          // The signer's program and this command are of one repository and one version.
          const owners = JSON.parse(text) as readonly api.SignerOwner[];
          print(owners.length === 0 ? 'No owner is enrolled.' : ownerLines(owners).join('\n'));
        },
      }),
    );
}

function unenrolCommand(): Command {
  return signerCommand('unenrol')
    .description("take an owner off the signer's list; the desk must not be running")
    .argument('<owner>', 'name or credential, as in `kontor people owners`')
    .addHelpText('after', '\nExample:\n  kontor people unenrol "Ada - laptop"')
    .action((owner: string, options: VaultOptions) =>
      runVerb(options, { words: ['owner-remove', owner] }),
    );
}

/** The signer keeps its own list of owners, so these are verbs of its own program. */
function signerCommand(name: string): Command {
  return withExitCodes(new Command(name))
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--unlock-file <file>', 'what opens the vault, if it does not lie in the directory');
}

/** The one person whom `text` names; null where there is none or several, which is said. */
async function memberOf(
  desk: DeskClient,
  text: string,
  { json }: CommonOptions,
): Promise<api.Member | null> {
  const { members } = await desk.get<api.People>('/api/v1/people');
  const found = members.filter(({ person }) => person.id === text || person.name === text);
  const [member] = found;
  if (member !== undefined && found.length === 1) return member;
  const message = `expected one person named ${text}, found ${found.length}; see kontor people list`;
  reportFailure({ code: 'not_found', message }, json);
  return null;
}

function roleOf(text: string): api.Role {
  const role = ROLES.find((one) => one === text);
  if (role === undefined) {
    throw new InvalidArgumentError(`expected ${ROLES.join(', ')}, found ${text}.`);
  }
  return role;
}

function peopleText(people: api.People, owners: readonly api.SignerOwner[]): string {
  const { members, invitations } = people;
  const approving = new Set(owners.map(({ credential }) => credential));
  const lines = [
    members.length === 0
      ? 'Nobody has a passkey yet. Open the desk with kontor link and make one on the page People.'
      : textTable(
          [
            ['ID', 'NAME', 'ROLE', 'PASSKEYS', 'APPROVING', 'CODES'],
            ...members.map(({ person, passkeys, recoveryCodesLeft }) => [
              person.id,
              person.name,
              person.role,
              String(passkeys.length),
              String(passkeys.filter(({ credential }) => approving.has(credential)).length),
              String(recoveryCodesLeft),
            ]),
          ],
          3,
        ),
    ...invitations.map(
      ({ name, role, until }) =>
        `invited: ${name} as ${role}, until ${new Date(until).toISOString()}`,
    ),
    ...ownerLines(owners),
  ];
  return lines.join('\n');
}

function ownerLines(owners: readonly api.SignerOwner[]): readonly string[] {
  return owners.map(
    ({ name, fingerprint }) => `the signer takes consent from ${name}: ${fingerprint}`,
  );
}
