// SPDX-License-Identifier: Apache-2.0
// `kontor connect`: a key for an exchange. It is born in the signer, or comes sealed from this terminal; the server in
// between never sees a secret.

import { createPrivateKey } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { shellWord } from '@kontor/core';
import type { api } from '@kontor/server';
import { sealSecret } from '@kontor/signer';
import { Command, Option } from 'commander';
import { EXIT_FAILED, printJson, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { DeskClientError, type DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { deskFiles, readJson } from '../desk-files.ts';
import { keyFingerprint } from '../key-fingerprint.ts';
import { freezeCommand } from './freeze.ts';
import { pinsCommand } from './pins.ts';
import { askSecret } from '../passphrase.ts';
import { elsewhereLines, stateLines } from '../connection-lines.ts';
import { importKeyFile } from './vault.ts';

interface NewOptions extends CommonOptions {
  readonly venue: string;
  readonly kind: string;
  /** Its account exists only to be robbed. */
  readonly canary?: boolean;
}

interface ImportOptions extends NewOptions {
  readonly privateKey?: string;
  readonly publicKey?: string;
  /** The connection whose key this one will replace. */
  readonly replaces?: string;
}

/** What the vault takes a key in as. */
interface ImportedTo {
  readonly name: string;
  readonly venue: string;
  readonly keyKind: string;
  readonly publicKeyPem: string | null;
  readonly replaces?: string;
  readonly isCanary?: boolean;
}

interface RotateOptions extends CommonOptions {
  readonly kind?: string;
  readonly import: boolean;
  readonly privateKey?: string;
  readonly publicKey?: string;
}

const BORN_KINDS = ['ed25519', 'rsa-2048', 'rsa-4096'];
const HMAC = 'hmac-sha256';
const CANARY_HELP =
  'an account that exists only to be robbed: whatever happens there rings; name it as any other';

const PROBE_HELP = `
Three reads of the account go to the exchange, signed and logged as any other: one from this machine's address, one from
the second address, one from this machine's again. They place, change and move nothing. The second address is a proxy that
you name in the file second-address beside egress.json before the desk starts; that is in the data directory's folder config,
or in /etc/kontor where the processes have users of their own:

  socks5://HOST:PORT     for example of: ssh -N -D 127.0.0.1:1080 you@another-machine
  http://HOST:PORT       a proxy that takes CONNECT
  user NAME              both only where the proxy wants them; then chmod 600
  password TEXT

TLS ends at the exchange: the proxy sees to which host and how much, never the key or the answer. The file is read when
egress starts; nothing that runs can name another proxy. The second address must not be on the key's list.

It proves that the list is not real where the second read is taken: then the grade falls, the key ends 14 days after its
creation, and an alarm rings. Where the exchange refuses the second read and takes both others, the list was seen to hold
then, for this address; that says nothing of other addresses or of later. Anything else tells nothing. The exit code is 0
where the list was seen to hold and 1 otherwise.

An exchange may count refused requests, so there is a minute between two probes.

Example:
  kontor connect probe main`;

export function connectCommand(): Command {
  return withExitCodes(new Command('connect'))
    .description('keys for exchanges: make one, take one in, see how each is, stop one at once')
    .addHelpText('after', '\nExample:\n  kontor connect new main --venue binance')
    .addCommand(
      deskCommand('new')
        .description('make a key in the signer and show its public half for the exchange')
        .argument('<name>', 'what the policy calls the connection')
        .requiredOption('--venue <venue>', "the exchange's name, e.g. binance")
        .addOption(
          new Option('--kind <kind>', 'kind of key').choices(BORN_KINDS).default('ed25519'),
        )
        .option('--canary', CANARY_HELP)
        .addHelpText('after', '\nExample:\n  kontor connect new main --venue binance')
        .action((name: string, options: NewOptions) =>
          withDesk(options, async (desk) => {
            const made = await desk.post<api.Connection>('/api/v1/connections', {
              name,
              venue: options.venue,
              keyKind: options.kind,
              ...(options.canary === true ? { isCanary: true } : {}),
            });
            checkPublicKey(made, options);
            if (options.json) printJson(made);
            else print(await withElsewhere(desk, made, stepsForNew(made)));
          }),
        ),
    )
    .addCommand(
      deskCommand('import')
        .description('seal a secret or private key from this terminal into the vault')
        .argument('<name>', 'what the policy calls the connection')
        .requiredOption('--venue <venue>', "the exchange's name, e.g. binance")
        .addOption(
          new Option('--kind <kind>', 'kind of key').choices([HMAC, ...BORN_KINDS]).default(HMAC),
        )
        .option('--private-key <file>', 'a private key made elsewhere, PKCS #8 in PEM')
        .option('--public-key <file>', 'its public half as the exchange shows it, PEM')
        .option('--canary', CANARY_HELP)
        .addHelpText('after', '\nExample:\n  kontor connect import main --venue binance')
        .action((name: string, options: ImportOptions) =>
          withDesk(options, async (desk) => {
            const made = await importKey(desk, name, options);
            if (options.json) printJson(made);
            else print(await withElsewhere(desk, made, stepsForImported(made)));
          }),
        ),
    )
    .addCommand(
      deskCommand('activate')
        .description("name the exchange's identifier of a key (Binance: the API key)")
        .argument('<name>', 'the connection')
        .argument('<identifier>', 'as the exchange shows it; it is no secret')
        .addHelpText('after', '\nExample:\n  kontor connect activate main vmPUZE6mv9SD5VNH…')
        .action((name: string, identifier: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const connection = await findConnection(desk, name);
            const path = `/api/v1/connections/${connection.id}/api-key`;
            const named = await desk.put<api.Connection>(path, { apiKey: identifier });
            const shown = await checkRights(desk, named);
            if (options.json) printJson(shown);
            else print(stateLines(shown, Date.now(), await tradedVenue(desk)).join('\n'));
          }),
        ),
    )
    .addCommand(
      deskCommand('list')
        .description('all connections: state, grade, what is signed, and how long they last')
        .addHelpText('after', '\nExample:\n  kontor connect list')
        .action((options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const all = await desk.get<api.Connection[]>('/api/v1/connections');
            if (options.json) printJson(all);
            else if (all.length === 0) print('There is no connection.');
            else {
              const traded = await tradedVenue(desk);
              print(all.flatMap((each) => stateLines(each, Date.now(), traded)).join('\n'));
            }
          }),
        ),
    )
    .addCommand(
      deskCommand('check')
        .description('ask the exchange what the key may do')
        .argument('<name>', 'the connection')
        .addHelpText('after', '\nExample:\n  kontor connect check main')
        .action((name: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const { id } = await findConnection(desk, name);
            const path = `/api/v1/connections/${id}/check`;
            const checked = await desk.post<api.Connection>(path);
            if (options.json) printJson(checked);
            else print(stateLines(checked, Date.now(), await tradedVenue(desk)).join('\n'));
          }),
        ),
    )
    .addCommand(
      deskCommand('probe')
        .description('try the key from a second address: is its list of addresses real?')
        .argument('<name>', 'the connection')
        .addHelpText('after', PROBE_HELP)
        .action((name: string, options: CommonOptions) =>
          withDesk(options, async (desk) => {
            const { id } = await findConnection(desk, name);
            const path = `/api/v1/connections/${id}/probe`;
            const probed = await desk.post<api.Connection>(path);
            if (options.json) printJson(probed);
            else print(stateLines(probed, Date.now(), await tradedVenue(desk)).join('\n'));
            if (!isSeenToHold(probed)) process.exitCode = EXIT_FAILED;
          }),
        ),
    )
    .addCommand(
      deskCommand('rotate')
        .description(
          'make a new key for a connection; it takes over once it is checked and an owner confirms',
        )
        .argument('<name>', 'the connection')
        .addOption(
          new Option(
            '--kind <kind>',
            `kind of key (default: ed25519; with --import: ${HMAC})`,
          ).choices([...BORN_KINDS, HMAC]),
        )
        .option('--import', 'seal a secret or private key from this terminal instead', false)
        .option('--private-key <file>', 'a private key made elsewhere, PKCS #8 in PEM')
        .option('--public-key <file>', 'its public half as the exchange shows it, PEM')
        .addHelpText('after', '\nExample:\n  kontor connect rotate main')
        .action((name: string, options: RotateOptions) =>
          withDesk(options, async (desk) => {
            const old = await findConnection(desk, name);
            if (options.import) {
              const given = { ...options, venue: old.venue, kind: options.kind ?? HMAC };
              const sealed = await importKey(desk, old.name, { ...given, replaces: old.id });
              if (options.json) printJson(sealed);
              else print(stepsForSealedSuccessor(sealed));
              return;
            }
            const { kind = 'ed25519' } = options;
            if (kind === HMAC) {
              const message = `expected --import with --kind ${HMAC}: the exchange makes such a secret`;
              throw new DeskClientError('not_born', message);
            }
            const made = await desk.post<api.Connection>('/api/v1/connections', {
              name: old.name,
              venue: old.venue,
              keyKind: kind,
              replaces: old.id,
            });
            checkPublicKey(made, options);
            if (options.json) printJson(made);
            else print(stepsForSuccessor(made));
          }),
        ),
    )
    .addCommand(pinsCommand())
    .addCommand(freezeCommand());
}

/** Whether the last probe showed that the list of addresses holds. */
function isSeenToHold({ bind, bindDoubt }: api.Connection): boolean {
  return bind?.verdict === 'holds' && bindDoubt === null;
}

/** The exchange that the desk trades at. */
async function tradedVenue(desk: DeskClient): Promise<api.Venue | null> {
  const venues = await desk.get<readonly api.Venue[]>('/api/v1/venues');
  return venues.find(({ isTraded }) => isTraded) ?? null;
}

/** `steps`, after what is to be known of a key for another exchange than the desk trades at. */
async function withElsewhere(
  desk: DeskClient,
  { venue }: api.Connection,
  steps: string,
): Promise<string> {
  const lines = elsewhereLines(venue, await tradedVenue(desk));
  return lines.length === 0 ? steps : `${lines.join('\n')}\n\n${steps}`;
}

/** What the exchange says of a key that was just named; where it says nothing, the key as it is. */
async function checkRights(desk: DeskClient, named: api.Connection): Promise<api.Connection> {
  try {
    return await desk.post<api.Connection>(`/api/v1/connections/${named.id}/check`);
  } catch (error) {
    if (!(error instanceof DeskClientError)) throw error;
    process.stderr.write(`The rights of the key were not checked yet: ${error.message}\n`);
    return named;
  }
}

async function importKey(
  desk: DeskClient,
  name: string,
  options: ImportOptions,
): Promise<api.Connection> {
  const { venue, kind: keyKind, replaces, canary } = options;
  const publicKeyPem = keyKind === HMAC ? null : readText(options.publicKey, '--public-key');
  const importKey = readImportKey(options);
  const secret = keyKind === HMAC ? await askForSecret() : readPrivateKey(options.privateKey);
  const to = {
    name,
    venue,
    keyKind,
    publicKeyPem,
    ...(replaces === undefined ? {} : { replaces }),
    ...(canary === true ? { isCanary: true } : {}),
  };
  return sealTo(importKey, desk, { secret, to });
}

/** Hands a secret to the vault under `to`, sealed; zeroes it. */
export async function sealIn(
  desk: DeskClient,
  secret: Buffer,
  to: Pick<ImportedTo, 'name' | 'venue' | 'keyKind' | 'isCanary'>,
  options: CommonOptions,
): Promise<api.Connection> {
  return sealTo(readImportKey(options), desk, { secret, to: { ...to, publicKeyPem: null } });
}

async function sealTo(
  importKey: Uint8Array<ArrayBuffer>,
  desk: DeskClient,
  { secret, to }: { readonly secret: Buffer; readonly to: ImportedTo },
): Promise<api.Connection> {
  const { name, venue, keyKind } = to;
  try {
    // Pages of their own: what is sealed must not lie in a shared buffer.
    const plain = new Uint8Array(secret);
    const sealed = await sealSecret(plain, { importKey, name, venue, keyKind });
    plain.fill(0);
    return await desk.post<api.Connection>('/api/v1/connections/import', { ...to, sealed });
  } finally {
    secret.fill(0);
  }
}

/** Throws DeskClientError unless the server shows the public key that the signer's own folder has. */
function checkPublicKey({ id, publicKeyPem }: api.Connection, options: CommonOptions): void {
  const path = join(deskFiles(dataDirectory(options.data)).signer, 'connections');
  // Written by the signer of this repository and this version.
  const file = readJson(path) as
    { readonly connections: readonly Record<string, unknown>[] } | undefined;
  const own = file?.connections.find(({ connection }) => connection === id);
  if (own !== undefined && own['publicKeyPem'] === publicKeyPem) return;
  throw new DeskClientError(
    'another_key',
    `expected the public key that ${path} has, found that the server shows another public key than the signer made: give it to no exchange, and stop the desk`,
  );
}

/** The import key from the signer's own folder: asked of the server, it might be another's. */
function readImportKey(options: CommonOptions): Uint8Array<ArrayBuffer> {
  const path = importKeyFile(deskFiles(dataDirectory(options.data)).signer);
  const key = existsSync(path) ? Buffer.from(readFileSync(path, 'utf8'), 'base64') : null;
  if (key?.length !== 32) {
    throw new DeskClientError(
      'no_import_key',
      `expected the vault's import key at ${path}, found none; open the vault once`,
    );
  }
  if (!options.json) print(`Sealing to the vault's import key ${keyFingerprint(key)}`);
  return new Uint8Array(key);
}

async function askForSecret(): Promise<Buffer> {
  const secret = await askSecret('Secret key of the exchange: ');
  if (secret === null)
    throw new DeskClientError('no_secret', 'expected a secret, found none; type it or pipe it in');
  return secret;
}

function readPrivateKey(path: string | undefined): Buffer {
  if (path === undefined)
    throw new DeskClientError('no_secret', 'expected --private-key FILE for this kind, found none');
  const bytes = readFileSync(path);
  try {
    return createPrivateKey(bytes).export({ format: 'der', type: 'pkcs8' });
  } catch {
    throw new DeskClientError(
      'no_secret',
      `${path}: expected a private key in PEM, found something else`,
    );
  } finally {
    bytes.fill(0);
  }
}

function readText(path: string | undefined, option: string): string {
  if (path === undefined || !existsSync(path)) {
    throw new DeskClientError('no_public_key', `expected ${option} FILE for this kind, found none`);
  }
  return readFileSync(path, 'utf8');
}

async function findConnection(desk: DeskClient, name: string): Promise<api.Connection> {
  const all = await desk.get<api.Connection[]>('/api/v1/connections');
  const found = all.find(
    // A successor bears the name of the connection whose key it replaces: it is meant by its identifier.
    (one) => one.id === name || (one.name === name && one.replaces === null),
  );
  if (found !== undefined) return found;
  throw new DeskClientError('not_found', `expected a connection named ${name}, found none`);
}

function stepsForNew({ name, venue, keyKind, publicKeyPem }: api.Connection): string {
  return `The signer made a key of the kind ${keyKind} for ${name}. Its private half stays there.

1. At ${venue} open API Management, create an API key and choose "self-generated".
2. Paste this public key:

${publicKeyPem.trim()}

3. Allow reading and spot trading only. Allow no withdrawal and no transfer.
4. Restrict the key to the address of this machine.
5. Tell Kontor the API key that the exchange shows now; it is no secret:

   kontor connect activate ${shellWord(name)} <API key>

6. Say what may be signed for ${name}: kontor policy edit.`;
}

function stepsForSuccessor(made: api.Connection): string {
  const [, ...steps] = stepsForNew({ ...made, name: made.id }).split('\n');
  return `The signer made a new key of the kind ${made.keyKind} for ${made.name}. The old one stays in use until this one is checked.
${steps.slice(0, -2).join('\n')}
6. Where an owner is enrolled, confirm the new key with a passkey on the page Connections, "Use the new key": compare what
   it says with the exchange's own page first. Without an owner the key takes over by itself once it is checked.
7. Delete the old key at the exchange once ${made.name} has the new one; kontor connect list tells.`;
}

function stepsForSealedSuccessor({ id, name, keyKind }: api.Connection): string {
  return `The new key of ${name} (${keyKind}) is sealed in the vault as ${id}. The old one stays in use until this one is checked.
1. kontor connect activate ${id} <API key>
2. Where an owner is enrolled, confirm the new key with a passkey on the page Connections, "Use the new key". Without an
   owner it takes over by itself once it is checked.
3. Delete the old key at the exchange once ${name} has the new one; kontor connect list tells.`;
}

function stepsForImported({ name, keyKind }: api.Connection): string {
  const doubt =
    keyKind === HMAC
      ? 'This secret was in a browser and a clipboard before it was here, and the exchange knows it too: a key that is born in the signer is better where the exchange takes one.'
      : 'This key was elsewhere before it was here: destroy every other copy of it.';
  return `The key of ${name} is sealed in the vault. ${doubt}

Next: kontor connect activate ${shellWord(name)} <API key>`;
}
