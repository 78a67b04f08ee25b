// SPDX-License-Identifier: Apache-2.0
// What the person said about key services when they were added: where they are and what is shown to them. A token goes
// to an address that stands here, never to one that stands in the vault's folder alone.

import { chmodSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { readJson, writeJson } from '../desk-files.ts';
import { AWS_ARN, contextHash, type AwsService } from './aws-kms.ts';
import { objectionToAddress } from './service-request.ts';
import { TRANSIT_NAME, type TransitService } from './transit.ts';
import { WayError } from './way-error.ts';

export type KeyService = TransitService | AwsService;

/** What a way's stanza says of the machine's ways; null for others. */
export type MachineWay =
  | { readonly kind: 'keyring'; readonly service: string; readonly account: string }
  | { readonly kind: 'kms'; readonly name: string; readonly ciphertext: string };

const FILE = 'ways.json';
const PROFILE = /^[A-Za-z0-9_-]{1,60}$/;
const DESK = /^[A-Za-z0-9-]{1,60}$/;

/** The stanza's words up to the ciphertext: what names a service. */
export function serviceName(service: KeyService): string {
  return service.kind === 'transit'
    ? `transit ${service.address} ${service.mount}/${service.key}`
    : `aws ${service.arn} ${contextHash(service.desk)}`;
}

export function readStanza(stanza: string): MachineWay | null {
  const [type, first = '', second = '', third = '', ciphertext = ''] = stanza.split(' ');
  if (type === 'keyring') return { kind: 'keyring', service: first, account: second };
  return type === 'kms' ? { kind: 'kms', name: `${first} ${second} ${third}`, ciphertext } : null;
}

export function readServices(configDirectory: string): readonly KeyService[] {
  const given = readJson(join(configDirectory, FILE));
  if (given === undefined) return [];
  if (!Array.isArray(given)) throw malformed(configDirectory, 'a list of key services');
  return given.map((entry: unknown) => readService(entry, configDirectory));
}

export function writeServices(configDirectory: string, services: readonly KeyService[]): void {
  const path = join(configDirectory, FILE);
  mkdirSync(configDirectory, { recursive: true, mode: 0o700 });
  writeJson(path, services);
  chmodSync(path, 0o600);
}

/** Why a service cannot be used as it is described, or null. */
export function objectionToService(service: KeyService): string | null {
  if (service.kind === 'transit') {
    for (const name of ['mount', 'key'] as const)
      if (!TRANSIT_NAME.test(service[name]))
        return `expected a name of letters, digits and . _ / - as --${name}, found ${service[name]}`;
    return objectionToAddress(service.address);
  }
  if (!AWS_ARN.test(service.arn)) return `expected the ARN of a KMS key, found ${service.arn}`;
  if (!PROFILE.test(service.profile)) return `expected a profile's name, found ${service.profile}`;
  return service.address === undefined ? null : objectionToAddress(service.address);
}

function readService(entry: unknown, configDirectory: string): KeyService {
  if (typeof entry !== 'object' || entry === null)
    throw malformed(configDirectory, 'a key service');
  const fields = new Map(Object.entries(entry));
  const text = (name: string): string => {
    const value: unknown = fields.get(name);
    if (typeof value === 'string') return value;
    throw malformed(configDirectory, `${name} as text`);
  };
  const optional = (name: string): string | undefined =>
    fields.has(name) ? text(name) : undefined;
  const kind = text('kind');
  if (kind !== 'transit' && kind !== 'aws') throw malformed(configDirectory, 'transit or aws');
  const service: KeyService =
    kind === 'transit'
      ? {
          kind,
          address: text('address'),
          mount: text('mount'),
          key: text('key'),
          tokenFile: text('tokenFile'),
          caFile: optional('caFile'),
        }
      : {
          kind,
          arn: text('arn'),
          desk: text('desk'),
          credentialsFile: text('credentialsFile'),
          profile: text('profile'),
          address: optional('address'),
          caFile: optional('caFile'),
        };
  const objection = objectionToService(service);
  if (objection !== null) throw malformed(configDirectory, objection);
  if (service.kind === 'aws' && !DESK.test(service.desk))
    throw malformed(configDirectory, 'letters and digits as desk');
  return service;
}

function malformed(configDirectory: string, expected: string): WayError {
  const path = join(configDirectory, FILE);
  return new WayError('way.config', `${path}: expected ${expected}, found something else`);
}
