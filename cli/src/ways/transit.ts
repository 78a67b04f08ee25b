// SPDX-License-Identifier: Apache-2.0
// A key service that speaks the Transit protocol of HashiCorp Vault and OpenBao: it encrypts and decrypts the key of a
// way by a key that never leaves it.

import { base64Field, toBase64Bytes } from './base64-bytes.ts';
import { readOwnFile } from './own-file.ts';
import { askService } from './service-request.ts';
import { WayError } from './way-error.ts';

export interface TransitService {
  readonly kind: 'transit';
  readonly address: string;
  readonly mount: string;
  readonly key: string;
  readonly tokenFile: string;
  readonly caFile?: string | undefined;
}

export const TRANSIT_NAME: RegExp = /^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,126}[A-Za-z0-9])?$/;
const CIPHERTEXT = /"ciphertext"\s*:\s*"(vault:v[0-9]{1,9}:[A-Za-z0-9+/]{1,400}={0,2})"/;
const TOKEN = /^[\x21-\x7e]{1,4096}$/;

/** `key` as the service encrypts it. Throws WayError. */
export async function transitEncrypt(service: TransitService, key: Buffer): Promise<string> {
  const text = toBase64Bytes(key);
  const body = Buffer.concat([Buffer.from('{"plaintext":"'), text, Buffer.from('"}')]);
  text.fill(0);
  const answer = await ask(service, 'encrypt', body);
  const ciphertext = CIPHERTEXT.exec(answer.toString('latin1'))?.[1];
  if (ciphertext === undefined) throw strange(service);
  return ciphertext;
}

/** The key in `ciphertext`; the taker zeroes it. Throws WayError. */
export async function transitDecrypt(service: TransitService, ciphertext: string): Promise<Buffer> {
  const answer = await ask(service, 'decrypt', Buffer.from(JSON.stringify({ ciphertext })));
  const key = base64Field(answer, 'plaintext');
  answer.fill(0);
  if (key === null) throw strange(service);
  return key;
}

function ask(service: TransitService, what: 'encrypt' | 'decrypt', body: Buffer): Promise<Buffer> {
  const { address, mount, key, tokenFile, caFile } = service;
  const token = readOwnFile(tokenFile, 'the token of the key service').trim();
  if (!TOKEN.test(token))
    throw new WayError('way.token', `${tokenFile}: expected a token in one line, found other text`);
  const url = new URL(`${address.replace(/\/$/, '')}/v1/${mount}/${what}/${key}`);
  const headers = { 'content-type': 'application/json', 'x-vault-token': token };
  return askService({ url, headers, body, caFile });
}

function strange({ address }: TransitService): WayError {
  return new WayError(
    'way.service',
    `expected an answer of the Transit protocol from ${address}, found another`,
  );
}
