// SPDX-License-Identifier: Apache-2.0
// A short-lived process that fetches or makes the key of a way and writes it to the pipe of the signer's program, which
// is its standard output. Nobody else sees the key: not the supervisor, not the command that started this.

import { randomBytes } from 'node:crypto';
import { writeSync } from 'node:fs';
import { closeOwnMemory, wayLine } from '@kontor/signer';
import { awsDecrypt, awsEncrypt } from './aws-kms.ts';
import { dropFromKeyring, keepInKeyring, readKeyring } from './keyring.ts';
import { transitDecrypt, transitEncrypt } from './transit.ts';
import { WayError } from './way-error.ts';
import {
  readServices,
  readStanza,
  serviceName,
  type KeyService,
  type MachineWay,
} from './way-config.ts';
import type { WayWork } from './run-child.ts';

const STDOUT_FD = 1;
const KEY_BYTES = 32;

closeOwnMemory();
try {
  // The command that starts this is of the same version.
  await work(JSON.parse(process.argv[2] ?? '') as WayWork);
} catch (error) {
  process.stderr.write(`${error instanceof Error ? error.message : 'it failed'}\n`);
  process.exitCode = 1;
}

async function work(given: WayWork): Promise<void> {
  switch (given.do) {
    case 'give': {
      const way = readStanza(given.stanza);
      if (way === null)
        throw new WayError('way.config', 'expected a way of the machine, found another');
      return give(given.way, await keyOf(way, given.configDirectory));
    }
    case 'makeKeyring': {
      const { service, account } = given;
      const key = newKey();
      await keepInKeyring({ service, account }, key);
      return give(`keyring ${service} ${account}`, key);
    }
    case 'dropKeyring':
      await dropFromKeyring(given);
      return;
    case 'makeService': {
      const { service } = given;
      const key = newKey();
      const ciphertext = await encrypt(service, key);
      // A service that encrypts and does not decrypt would be no way in.
      const again = await decrypt(service, ciphertext);
      const isSame = again.equals(key);
      again.fill(0);
      if (!isSame)
        throw new WayError(
          'way.service',
          'expected the key back that was encrypted, found another',
        );
      return give(`kms ${serviceName(service)} ${ciphertext}`, key);
    }
  }
}

async function keyOf(way: MachineWay, configDirectory: string): Promise<Buffer> {
  if (way.kind === 'keyring') return readKeyring(way);
  const service = readServices(configDirectory).find((each) => serviceName(each) === way.name);
  if (service === undefined)
    throw new WayError(
      'way.config',
      `expected ${way.name} among the key services of this desk, found it in the vault only`,
    );
  return decrypt(service, way.ciphertext);
}

function encrypt(service: KeyService, key: Buffer): Promise<string> {
  return service.kind === 'transit' ? transitEncrypt(service, key) : awsEncrypt(service, key);
}

function decrypt(service: KeyService, ciphertext: string): Promise<Buffer> {
  return service.kind === 'transit'
    ? transitDecrypt(service, ciphertext)
    : awsDecrypt(service, ciphertext);
}

function newKey(): Buffer {
  const key = Buffer.allocUnsafeSlow(KEY_BYTES);
  const drawn = randomBytes(KEY_BYTES);
  drawn.copy(key);
  drawn.fill(0);
  return key;
}

function give(what: string, key: Buffer): void {
  const line = wayLine(what, key);
  key.fill(0);
  try {
    for (let written = 0; written < line.length;)
      written += writeSync(STDOUT_FD, line, written, line.length - written);
  } finally {
    line.fill(0);
  }
}
