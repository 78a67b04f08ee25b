// SPDX-License-Identifier: Apache-2.0
// Key services for tests, written from their documentation: Transit's encrypt and decrypt, and those of AWS KMS with a
// check of the signature.

import { createCipheriv, createDecipheriv, createHash, createHmac, randomBytes } from 'node:crypto';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';

export interface Asked {
  readonly path: string;
  readonly headers: IncomingMessage['headers'];
}

const NONCE_BYTES = 12;
const TAG_BYTES = 16;

export class KeyService {
  readonly asked: Asked[] = [];
  readonly token: string = `s.${randomBytes(12).toString('hex')}`;
  /** What the account's key is, and the secret of who may use it. */
  readonly aws = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: randomBytes(20).toString('hex') };
  isDown = false;
  readonly #key = randomBytes(32);
  readonly #server: Server;

  private constructor() {
    this.#server = createServer((request, response) => {
      const parts: Buffer[] = [];
      request.on('data', (part: Buffer) => parts.push(part));
      request.on('end', () => {
        const { url = '', headers } = request;
        this.asked.push({ path: url, headers });
        const [status, answer] = this.#answer(url, headers, Buffer.concat(parts));
        response.writeHead(status, { 'content-type': 'application/json' });
        response.end(JSON.stringify(answer));
      });
    });
  }

  static async start(): Promise<KeyService> {
    const service = new KeyService();
    await new Promise<void>((resolve) => service.#server.listen(0, '127.0.0.1', resolve));
    return service;
  }

  get address(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  #answer(url: string, headers: Asked['headers'], body: Buffer): readonly [number, unknown] {
    if (this.isDown) return [503, { errors: ['sealed'] }];
    const given = JSON.parse(body.toString()) as Record<string, string>;
    const target = headers['x-amz-target'];
    if (typeof target === 'string') return this.#answerAws(url, headers, body);
    if (headers['x-vault-token'] !== this.token) return [403, { errors: ['permission denied'] }];
    if (url === '/v1/transit/encrypt/desk') {
      const plain = Buffer.from(given['plaintext'] ?? '', 'base64');
      return [200, { data: { ciphertext: `vault:v1:${this.#seal(plain, '')}`, key_version: 1 } }];
    }
    if (url === '/v1/transit/decrypt/desk') {
      const plain = this.#open((given['ciphertext'] ?? '').replace('vault:v1:', ''), '');
      return plain === null
        ? [400, { errors: ['invalid ciphertext'] }]
        : [200, { request_id: 'x', data: { plaintext: plain.toString('base64') } }];
    }
    return [404, { errors: [] }];
  }

  #answerAws(url: string, headers: Asked['headers'], body: Buffer): readonly [number, unknown] {
    if (!this.#isSigned(url, headers, body))
      return [400, { __type: 'InvalidSignatureException', message: 'signature' }];
    const given = JSON.parse(body.toString()) as Record<string, string>;
    const context = JSON.stringify(given['EncryptionContext']);
    if (headers['x-amz-target'] === 'TrentService.Encrypt') {
      const plain = Buffer.from(given['Plaintext'] ?? '', 'base64');
      return [200, { CiphertextBlob: this.#seal(plain, context), KeyId: given['KeyId'] }];
    }
    const plain = this.#open(given['CiphertextBlob'] ?? '', context);
    return plain === null
      ? [400, { __type: 'InvalidCiphertextException' }]
      : [200, { KeyId: given['KeyId'], Plaintext: plain.toString('base64') }];
  }

  /** As the documentation of Signature Version 4 derives it from what came. */
  #isSigned(path: string, headers: Asked['headers'], body: Buffer): boolean {
    const found =
      /^AWS4-HMAC-SHA256 Credential=([A-Z]+)\/(\d{8})\/([a-z0-9-]+)\/kms\/aws4_request, SignedHeaders=([a-z0-9;-]+), Signature=([0-9a-f]{64})$/.exec(
        headers.authorization ?? '',
      );
    const [, id, day = '', region = '', names = '', signature] = found ?? [];
    if (id !== this.aws.accessKeyId) return false;
    const lines = names.split(';').map((name) => `${name}:${String(headers[name])}\n`);
    const digest = (data: Buffer | string): string =>
      createHash('sha256').update(data).digest('hex');
    const canonical = `POST\n${path}\n\n${lines.join('')}\n${names}\n${digest(body)}`;
    const scope = `${day}/${region}/kms/aws4_request`;
    const text = `AWS4-HMAC-SHA256\n${String(headers['x-amz-date'])}\n${scope}\n${digest(canonical)}`;
    let key: Buffer = Buffer.from(`AWS4${this.aws.secretAccessKey}`);
    for (const part of [day, region, 'kms', 'aws4_request', text])
      key = createHmac('sha256', key).update(part).digest();
    return key.toString('hex') === signature;
  }

  #seal(plain: Buffer, context: string): string {
    const nonce = randomBytes(NONCE_BYTES);
    const cipher = createCipheriv('aes-256-gcm', this.#key, nonce).setAAD(Buffer.from(context));
    const sealed = [nonce, cipher.update(plain), cipher.final(), cipher.getAuthTag()];
    return Buffer.concat(sealed).toString('base64');
  }

  #open(text: string, context: string): Buffer | null {
    const sealed = Buffer.from(text, 'base64');
    if (sealed.length < NONCE_BYTES + TAG_BYTES) return null;
    const decipher = createDecipheriv('aes-256-gcm', this.#key, sealed.subarray(0, NONCE_BYTES))
      .setAAD(Buffer.from(context))
      .setAuthTag(sealed.subarray(-TAG_BYTES));
    const plain = decipher.update(sealed.subarray(NONCE_BYTES, -TAG_BYTES));
    try {
      decipher.final();
      return plain;
    } catch {
      return null;
    }
  }
}
