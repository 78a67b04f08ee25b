// SPDX-License-Identifier: Apache-2.0
// `kontor connect pins`: who may vouch for an exchange. It reads and writes egress's own folder, which the server cannot:
// what it says about a certificate decides nothing here.

import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { PinStore, PinStoreError, readGivenPins, type Issuer } from '@kontor/egress/pins';
import { Command } from 'commander';
import { printJson, reportFailure, withExitCodes } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { deskCommand, print, type CommonOptions } from '../desk-command.ts';
import { deskFiles } from '../desk-files.ts';

/** As much of a fingerprint as names one issuer beyond doubt. */
const FINGERPRINT_DIGITS_MIN = 16;
const FINGERPRINT_DIGITS = 64;
/** What an issuer is called of which nothing but the key is known. */
const NAMED = 'named in full';
const ACCEPT_HELP = `
The SHA-256 of the key of each authority that a host shows, from another network:

  openssl s_client -connect api.binance.com:443 -showcerts </dev/null | awk '/BEGIN/{n++} n{print > "c" n ".pem"}'
  openssl x509 -in c2.pem -noout -pubkey | openssl pkey -pubin -outform DER | sha256sum

Example:
  kontor connect pins accept api.binance.com 4a1b…`;

class PinsError extends Error {
  readonly code: 'nothing' | 'wrong';

  constructor(code: PinsError['code'], message: string) {
    super(message);
    this.name = 'PinsError';
    this.code = code;
  }
}

export function pinsCommand(): Command {
  return withExitCodes(new Command('pins'))
    .description('who may vouch for an exchange: the issuers by which its hosts are known')
    .addHelpText('after', '\nExample:\n  kontor connect pins list')
    .addCommand(
      deskCommand('list')
        .description('the issuers of each host, and those that were refused last')
        .addHelpText('after', '\nExample:\n  kontor connect pins list')
        .action((options: CommonOptions) =>
          withPins(options, (store) => {
            const given = givenIn(store, options);
            if (options.json) {
              return {
                known: Object.fromEntries(store.pins),
                refused: Object.fromEntries(store.refused),
                given: Object.fromEntries([...given].map(([host, keys]) => [host, [...keys]])),
              };
            }
            return listing(store, given);
          }),
        ),
    )
    .addCommand(
      deskCommand('accept')
        .description('take an issuer that was refused, after you compared it elsewhere')
        .argument('<host>', 'the host, e.g. api.binance.com')
        .argument(
          '<fingerprint>',
          "at least 16 digits of the SHA-256 of a refused issuer's key, or all 64 of any",
        )
        .addHelpText('after', ACCEPT_HELP)
        .action((host: string, fingerprint: string, options: CommonOptions) =>
          withPins(options, (store) => accept(store, host.toLowerCase(), fingerprint, options)),
        ),
    )
    .addCommand(
      deskCommand('reset')
        .description('forget a host: by whom it is known is learned at its next connection')
        .argument('<host>', 'the host, e.g. api.binance.com')
        .addHelpText('after', '\nExample:\n  kontor connect pins reset api.binance.com')
        .action((name: string, options: CommonOptions) =>
          withPins(options, (store) => {
            const host = name.toLowerCase();
            if (!store.pins.has(host)) throw unknownHost(store, host);
            store.putPins(host, null);
            store.forgetRefused(host);
            return options.json ? { host } : `${host} is forgotten; the next certificate counts.`;
          }),
        ),
    );
}

function accept(
  store: PinStore,
  host: string,
  fingerprint: string,
  options: CommonOptions,
): unknown {
  if (givenIn(store, options).has(host)) {
    throw new PinsError(
      'wrong',
      `expected a host for which the file tls-pins names no key, found ${host}: there its keys alone count; put the new one into that file and start egress again`,
    );
  }
  const known = store.pins.get(host);
  if (known === undefined) throw unknownHost(store, host);
  const wanted = fingerprint.toLowerCase().replaceAll(/[\s:…]/g, '');
  if (!/^[0-9a-f]{1,64}$/.test(wanted) || wanted.length < FINGERPRINT_DIGITS_MIN) {
    throw new PinsError(
      'wrong',
      `expected ${FINGERPRINT_DIGITS_MIN} to 64 hexadecimal digits of the issuer's key, found ${wanted.length}`,
    );
  }
  const refused = store.refused.get(host)?.issuers ?? [];
  const found = refused.find((each) => each.fingerprint.startsWith(wanted));
  // Who stands in between can show many issuers and push the right one out of what was refused: it can be named in full.
  const named = wanted.length === FINGERPRINT_DIGITS ? { name: NAMED, fingerprint: wanted } : null;
  const issuer = found ?? named;
  if (issuer === null) {
    throw new PinsError(
      'wrong',
      `expected one of the refused issuers of ${host}, or all ${FINGERPRINT_DIGITS} digits of another:\n${issuerLines(refused)}`,
    );
  }
  if (known.issuers.some((each) => each.fingerprint === issuer.fingerprint)) {
    throw new PinsError('nothing', `expected another issuer, found one by which ${host} is known`);
  }
  const issuers = [...known.issuers, issuer];
  store.putPins(host, { since: Date.now(), by: 'person', issuers });
  store.forgetRefused(host);
  if (options.json) return { host, issuers };
  return `${host} is known by ${issuer.name} too, from its next connection on.`;
}

function listing(store: PinStore, given: ReadonlyMap<string, ReadonlySet<string>>): string {
  const { pins, refused } = store;
  const hosts = new Set([...pins.keys(), ...refused.keys(), ...given.keys()]);
  if (hosts.size === 0) return 'No host has been met yet.';
  const blocks = [...hosts].toSorted().map((host) => {
    const lines = [host];
    const known = pins.get(host);
    const keys = given.get(host);
    if (keys !== undefined) {
      lines.push('  known by the file tls-pins alone:', ...[...keys].map((key) => `    ${key}`));
    } else if (known !== undefined) {
      const how = known.by === 'person' ? 'by your decision' : 'from its first connection';
      lines.push(`  known ${how}, since ${day(known.since)}, by any of:`);
      lines.push(issuerLines(known.issuers));
    }
    const last = refused.get(host);
    if (last !== undefined) {
      lines.push(`  refused, the last at ${day(last.at)}:`, issuerLines(last.issuers));
      lines.push(
        keys === undefined
          ? `  Compare it from another network first (a browser shows it), then: kontor connect pins accept ${host} FINGERPRINT`
          : '  To take it, put its key into the file tls-pins and start again.',
      );
    }
    return lines.join('\n');
  });
  return blocks.join('\n');
}

function issuerLines(issuers: readonly Issuer[]): string {
  if (issuers.length === 0) return '    nobody who vouches for it';
  return issuers.map(({ name, fingerprint }) => `    ${fingerprint}  ${name}`).join('\n');
}

function day(time: number): string {
  return new Date(time).toISOString().replace(/\.\d+Z$/, 'Z');
}

function unknownHost(store: PinStore, host: string): PinsError {
  const known = [...store.pins.keys()];
  const message =
    known.length === 0
      ? `expected a host that this desk knows, found ${host}: it has met none yet`
      : `expected a host that this desk knows (${known.join(', ')}), found ${host}; kontor connect pins list shows them`;
  return new PinsError('nothing', message);
}

/** What counts since egress's last start, and what will from the next one on where its file lies in the data directory. */
function givenIn(
  store: PinStore,
  { data }: CommonOptions,
): ReadonlyMap<string, ReadonlySet<string>> {
  const next = readGivenPins(join(deskFiles(dataDirectory(data)).config, 'tls-pins'));
  return new Map([...store.given, ...next]);
}

/** Does `work` and prints what it returns. */
function withPins(options: CommonOptions, work: (store: PinStore) => unknown): void {
  const folder = deskFiles(dataDirectory(options.data)).egress;
  try {
    if (!existsSync(folder)) {
      throw new PinsError(
        'nothing',
        `expected a desk that has met an exchange, found no ${folder}`,
      );
    }
    const result = work(new PinStore(folder));
    if (options.json) printJson(result);
    else print(String(result));
  } catch (error) {
    if (error instanceof PinsError || error instanceof PinStoreError) {
      return reportFailure({ code: error.code, message: error.message }, options.json);
    }
    if (!(error instanceof Error && 'code' in error)) throw error;
    reportFailure({ code: String(error.code), message: error.message }, options.json);
  }
}
