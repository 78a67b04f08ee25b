// SPDX-License-Identifier: Apache-2.0
// The witnesses that the owner of a desk chose, in a file that the terminal writes and the server reads.

import { parseVerifierKey, type NoteKey, type Result } from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { listPath, readListFile, schemaFault } from './list-file.ts';

/** Whose machine a witness stands on: the owner's, another person's, or a public network's. */
export const WITNESS_RELATIONS = ['own', 'person', 'network'] as const;
export type WitnessRelation = (typeof WITNESS_RELATIONS)[number];

/** Each is asked twice a minute; a policy file may count on 32. */
export const WITNESSES_MAX = 32;
const FILE_BYTES_MAX = 256 * 1024;

const WitnessList = Type.Object(
  {
    witnesses: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,39}$' }),
          url: Type.String({ maxLength: 300 }),
          keys: Type.Array(Type.String({ maxLength: 4096 }), { minItems: 1, maxItems: 2 }),
          operator: Type.String({ pattern: '^[^\\u0000-\\u001f\\u007f]{1,80}$' }),
          relation: Type.Union([
            Type.Literal('own'),
            Type.Literal('person'),
            Type.Literal('network'),
          ]),
        },
        { additionalProperties: false },
      ),
      { maxItems: WITNESSES_MAX },
    ),
  },
  { additionalProperties: false },
);

/** A witness as it stands in the file. */
export type KnownWitness = Static<typeof WitnessList>['witnesses'][number];

/** A witness with its keys read. */
export interface Witness extends Omit<KnownWitness, 'keys'> {
  readonly keys: readonly NoteKey[];
}

export function witnessListPath(dataDirectory: string): string {
  return listPath(dataDirectory, 'witnesses.json');
}

/** What stands in the file; nothing where there is none. */
export function readWitnessList(dataDirectory: string): Result<readonly KnownWitness[]> {
  return readListFile(dataDirectory, 'witnesses.json', FILE_BYTES_MAX, (document) => {
    const parsed = parseWitnessList(document);
    return parsed.ok ? { ok: true, value: parsed.value.map(({ source }) => source) } : parsed;
  });
}

/** The witnesses of a list whose every key can be read and which names none twice. */
export function parseWitnessList(
  document: unknown,
): Result<readonly (Witness & { readonly source: KnownWitness })[]> {
  if (!Value.Check(WitnessList, document)) {
    return { ok: false, reason: schemaFault(WitnessList, document) };
  }
  const names = new Set<string>();
  const known = new Set<string>();
  const witnesses: (Witness & { readonly source: KnownWitness })[] = [];
  for (const source of document.witnesses) {
    const { name, url } = source;
    if (names.has(name)) return { ok: false, reason: `two witnesses are called ${name}` };
    names.add(name);
    if (!isHttp(url)) {
      return { ok: false, reason: `${name}: the address must begin with http:// or https://` };
    }
    const keys: NoteKey[] = [];
    for (const text of source.keys) {
      const key = parseVerifierKey(nodeCryptography, text);
      if (!key.ok) return { ok: false, reason: `${name}: ${key.reason}` };
      if (key.value.type === 'ed25519') {
        return { ok: false, reason: `${name}: ${key.value.name} is a log's key, not a witness's` };
      }
      const publicKey = Buffer.from(key.value.publicKey).toString('hex');
      if (known.has(publicKey)) {
        return {
          ok: false,
          reason: `${name}: a key stands in the list once: no witness counts twice`,
        };
      }
      known.add(publicKey);
      keys.push(key.value);
    }
    witnesses.push({ ...source, keys, source });
  }
  return { ok: true, value: witnesses };
}

function isHttp(text: string): boolean {
  const url = URL.parse(text);
  return url !== null && ['http:', 'https:'].includes(url.protocol) && url.search === '';
}
