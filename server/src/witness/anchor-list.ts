// SPDX-License-Identifier: Apache-2.0
// The time-stamping authorities that the owner of a desk chose, in a file that the terminal writes and the server reads.
// There is none by default: nothing is sent anywhere unasked.

import type { Result } from '@kontor/tlog';
import { Type, type Static } from 'typebox';
import { Value } from 'typebox/value';
import { listPath, readListFile, schemaFault } from './list-file.ts';

export const AUTHORITIES_MAX = 4;
const FILE_BYTES_MAX = 2 * 1024 * 1024;

const AuthorityList = Type.Object(
  {
    authorities: Type.Array(
      Type.Object(
        {
          name: Type.String({ pattern: '^[a-z0-9][a-z0-9.-]{0,39}$' }),
          url: Type.String({ maxLength: 300 }),
          /** PEM: whom the owner trusts to say that a certificate is this authority's. */
          certificates: Type.String({ maxLength: 262_144 }),
          /** When it was put on the list, in milliseconds since 1970. */
          since: Type.Integer({ minimum: 0 }),
        },
        { additionalProperties: false },
      ),
      { maxItems: AUTHORITIES_MAX },
    ),
  },
  { additionalProperties: false },
);

export type TimeAuthority = Static<typeof AuthorityList>['authorities'][number];

export function authorityListPath(dataDirectory: string): string {
  return listPath(dataDirectory, 'anchors.json');
}

/** What stands in the file; nothing where there is none. */
export function readAuthorityList(dataDirectory: string): Result<readonly TimeAuthority[]> {
  return readListFile(dataDirectory, 'anchors.json', FILE_BYTES_MAX, parseAuthorityList);
}

/** Authorities of different names at addresses that can be asked. */
export function parseAuthorityList(document: unknown): Result<readonly TimeAuthority[]> {
  if (!Value.Check(AuthorityList, document)) {
    return { ok: false, reason: schemaFault(AuthorityList, document) };
  }
  const names = new Set<string>();
  for (const { name, url } of document.authorities) {
    if (names.has(name)) return { ok: false, reason: `two authorities are called ${name}` };
    names.add(name);
    if (!['http:', 'https:'].includes(URL.parse(url)?.protocol ?? '')) {
      return { ok: false, reason: `${name}: the address must begin with http:// or https://` };
    }
  }
  return { ok: true, value: document.authorities };
}
