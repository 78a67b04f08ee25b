// SPDX-License-Identifier: Apache-2.0
// AWS Signature Version 4 for requests without a query, over headers and body.

import { createHash, createHmac } from 'node:crypto';

export interface AwsCredentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken: string | null;
}

export interface AwsRequest {
  readonly method: 'GET' | 'POST';
  readonly host: string;
  readonly path: string;
  readonly region: string;
  readonly service: string;
  /** Further headers that are signed, their names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer;
}

const ALGORITHM = 'AWS4-HMAC-SHA256';

/** The headers of the request, signed for the time `now`. */
export function awsHeaders(
  request: AwsRequest,
  credentials: AwsCredentials,
  now: Date,
): Readonly<Record<string, string>> {
  const time = now.toISOString().replaceAll(/[-:]|\.\d{3}/g, '');
  const day = time.slice(0, 8);
  const { method, host, path, region, service, body } = request;
  const token = credentials.sessionToken;
  const headers: Readonly<Record<string, string>> = {
    ...request.headers,
    host,
    'x-amz-date': time,
    ...(token === null ? {} : { 'x-amz-security-token': token }),
  };
  const names = Object.keys(headers).toSorted();
  const signed = names.join(';');
  const canonical = [
    method,
    path,
    '',
    ...names.map((name) => `${name}:${headers[name] ?? ''}`),
    '',
    signed,
    sha256(body),
  ].join('\n');
  const scope = `${day}/${region}/${service}/aws4_request`;
  const text = [ALGORITHM, time, scope, sha256(canonical)].join('\n');
  const key = [day, region, service, 'aws4_request'].reduce<Buffer>(
    (from, part) => hmac(from, part),
    Buffer.from(`AWS4${credentials.secretAccessKey}`),
  );
  const signature = hmac(key, text).toString('hex');
  const authorization = `${ALGORITHM} Credential=${credentials.accessKeyId}/${scope}, SignedHeaders=${signed}, Signature=${signature}`;
  return { ...headers, authorization };
}

function sha256(data: Buffer | string): string {
  return createHash('sha256').update(data).digest('hex');
}

function hmac(key: Buffer, text: string): Buffer {
  return createHmac('sha256', key).update(text).digest();
}
