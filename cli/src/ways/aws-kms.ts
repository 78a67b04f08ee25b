// SPDX-License-Identifier: Apache-2.0
// AWS Key Management Service: it encrypts and decrypts the key of a way under a key of the account, bound to a context.

import { createHash } from 'node:crypto';
import { awsHeaders, type AwsCredentials } from './aws-signature.ts';
import { base64Field, toBase64Bytes } from './base64-bytes.ts';
import { readOwnFile } from './own-file.ts';
import { askService } from './service-request.ts';
import { WayError } from './way-error.ts';

export interface AwsService {
  readonly kind: 'aws';
  /** The key's full name, arn:aws:kms:<region>:<account>:key/<id>. */
  readonly arn: string;
  /** What the ciphertext is bound to, and what the account's record of uses shows. */
  readonly desk: string;
  /** As the AWS command keeps them: `aws_access_key_id`, `aws_secret_access_key`, perhaps `aws_session_token`. */
  readonly credentialsFile: string;
  readonly profile: string;
  /** In place of the region's own. */
  readonly address?: string | undefined;
  readonly caFile?: string | undefined;
}

export const AWS_ARN: RegExp =
  /^arn:aws(?:-[a-z]+){0,2}:kms:([a-z]{2}(?:-[a-z]+){1,3}-[0-9]{1,2}):[0-9]{12}:key\/[A-Za-z0-9-]{1,80}$/;
const CIPHERTEXT = /"CiphertextBlob"\s*:\s*"([A-Za-z0-9+/]{1,508}={0,2})"/;

/** SHA-256 of the context, as it stands in the vault's file. */
export function contextHash(desk: string): string {
  return createHash('sha256').update(contextText(desk)).digest('hex');
}

/** `key` as the service encrypts it, base64. Throws WayError. */
export async function awsEncrypt(service: AwsService, key: Buffer): Promise<string> {
  const text = toBase64Bytes(key);
  const head = `{"KeyId":${JSON.stringify(service.arn)},"EncryptionContext":${contextText(service.desk)},"Plaintext":"`;
  const body = Buffer.concat([Buffer.from(head), text, Buffer.from('"}')]);
  text.fill(0);
  const answer = await ask(service, 'Encrypt', body);
  const ciphertext = CIPHERTEXT.exec(answer.toString('latin1'))?.[1];
  if (ciphertext === undefined) throw strange();
  return ciphertext;
}

/** The key in `ciphertext`; the taker zeroes it. Throws WayError. */
export async function awsDecrypt(service: AwsService, ciphertext: string): Promise<Buffer> {
  const { arn, desk } = service;
  const body = `{"KeyId":${JSON.stringify(arn)},"EncryptionContext":${contextText(desk)},"CiphertextBlob":${JSON.stringify(ciphertext)}}`;
  const answer = await ask(service, 'Decrypt', Buffer.from(body));
  const key = base64Field(answer, 'Plaintext');
  answer.fill(0);
  if (key === null) throw strange();
  return key;
}

function ask(service: AwsService, what: 'Encrypt' | 'Decrypt', body: Buffer): Promise<Buffer> {
  const region = AWS_ARN.exec(service.arn)?.[1];
  if (region === undefined)
    throw new WayError('way.config', `expected the ARN of a KMS key, found ${service.arn}`);
  const url = new URL(service.address ?? `https://kms.${region}.amazonaws.com/`);
  const headers = {
    'content-type': 'application/x-amz-json-1.1',
    'x-amz-target': `TrentService.${what}`,
  };
  const { host, pathname: path } = url;
  const request = { method: 'POST', host, path, region, service: 'kms', headers, body } as const;
  const signed = awsHeaders(request, readCredentials(service), new Date());
  return askService({ url, headers: signed, body, caFile: service.caFile });
}

function contextText(desk: string): string {
  return JSON.stringify({ kontor: desk });
}

function readCredentials({ credentialsFile, profile }: AwsService): AwsCredentials {
  const values = new Map<string, string>();
  let section = '';
  for (const line of readOwnFile(credentialsFile, 'AWS credentials').split('\n')) {
    section = /^\s*\[([^\]]{1,100})\]\s*$/.exec(line)?.[1]?.trim() ?? section;
    const [, name, value] = /^\s*([a-z_]{1,40})\s*=\s*(\S{1,4096})\s*$/.exec(line) ?? [];
    if (section === profile && name !== undefined && value !== undefined) values.set(name, value);
  }
  const accessKeyId = values.get('aws_access_key_id');
  const secretAccessKey = values.get('aws_secret_access_key');
  if (accessKeyId === undefined || secretAccessKey === undefined) {
    throw new WayError(
      'way.token',
      `${credentialsFile}: expected aws_access_key_id and aws_secret_access_key under [${profile}], found none`,
    );
  }
  return { accessKeyId, secretAccessKey, sessionToken: values.get('aws_session_token') ?? null };
}

function strange(): WayError {
  return new WayError('way.service', 'expected an answer of AWS KMS, found another');
}
