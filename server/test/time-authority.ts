// SPDX-License-Identifier: Apache-2.0
// A time-stamping authority of the tests' own, which can be wrong in every way that matters.

import {
  createHash,
  createPublicKey,
  generateKeyPairSync,
  sign,
  X509Certificate,
  type KeyObject,
} from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

const SHA_256 = '2.16.840.1.101.3.4.2.1';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const DAY_MS = 86_400_000;
const ECDSA_WITH_SHA256 = '1.2.840.10045.4.3.2';

export const REJECTED: pkijs.PKIStatus = pkijs.PKIStatus.rejection;
export const CHANGED: pkijs.PKIStatus = pkijs.PKIStatus.grantedWithMods;

export interface Holder {
  readonly certificate: pkijs.Certificate;
  readonly privateKey: KeyObject;
}

export interface CertificateOptions {
  readonly from?: Date;
  readonly to?: Date;
  /** Extended key usages; none at all where empty. */
  readonly purposes?: readonly string[];
  readonly isPurposeCritical?: boolean;
  readonly isAuthority?: boolean;
  readonly pathLength?: number;
  /** The extension's first byte. */
  readonly keyUsage?: number;
  /** A critical extension that nobody knows. */
  readonly strange?: boolean;
  /** The keys of this one instead of new ones. */
  readonly keysOf?: Holder;
}

let serial = 1;

/** A certificate of `name`, signed by `issuer` or by itself. */
export function certificateOf(
  name: string,
  issuer: Holder | undefined,
  options: CertificateOptions = {},
): Holder {
  const privateKey =
    options.keysOf?.privateKey ?? generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
  const publicKey = createPublicKey(privateKey);
  const certificate = new pkijs.Certificate();
  certificate.version = 2;
  certificate.serialNumber = new asn1js.Integer({ value: (serial += 1) });
  certificate.subject.typesAndValues.push(
    new pkijs.AttributeTypeAndValue({
      type: '2.5.4.3',
      value: new asn1js.Utf8String({ value: name }),
    }),
  );
  certificate.issuer = issuer?.certificate.subject ?? certificate.subject;
  certificate.notBefore.value = options.from ?? new Date(Date.now() - DAY_MS);
  certificate.notAfter.value = options.to ?? new Date(Date.now() + 3_650 * DAY_MS);
  const extension = (extnID: string, critical: boolean, value: asn1js.BaseBlock): pkijs.Extension =>
    new pkijs.Extension({ extnID, critical, extnValue: value.toBER(false) });
  const { purposes = [], isPurposeCritical = true, isAuthority = false } = options;
  const basic: ConstructorParameters<typeof pkijs.BasicConstraints>[0] = { cA: isAuthority };
  if (options.pathLength !== undefined) basic.pathLenConstraint = options.pathLength;
  certificate.extensions = [
    extension('2.5.29.19', true, new pkijs.BasicConstraints(basic).toSchema()),
    ...(options.keyUsage === undefined
      ? []
      : [
          extension(
            '2.5.29.15',
            true,
            new asn1js.BitString({ valueHex: Uint8Array.of(options.keyUsage).buffer }),
          ),
        ]),
    ...(purposes.length === 0
      ? []
      : [
          extension(
            '2.5.29.37',
            isPurposeCritical,
            new pkijs.ExtKeyUsage({ keyPurposes: [...purposes] }).toSchema(),
          ),
        ]),
    ...(options.strange === true ? [extension('1.2.3.4', true, new asn1js.Null())] : []),
  ];
  const spki = publicKey.export({ format: 'der', type: 'spki' });
  certificate.subjectPublicKeyInfo = new pkijs.PublicKeyInfo({
    schema: asn1js.fromBER(copyOf(spki)).result,
  });
  const algorithm = new pkijs.AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 });
  certificate.signature = algorithm;
  certificate.signatureAlgorithm = algorithm;
  certificate.tbsView = new Uint8Array(certificate.encodeTBS().toBER(false));
  const signature = sign('sha256', certificate.tbsView, issuer?.privateKey ?? privateKey);
  certificate.signatureValue = new asn1js.BitString({ valueHex: copyOf(signature) });
  return { certificate, privateKey };
}

export function pemOf({ certificate }: Holder): string {
  return new X509Certificate(derOf(certificate)).toString();
}

function derOf(certificate: pkijs.Certificate): Uint8Array {
  return new Uint8Array(certificate.toSchema(true).toBER(false));
}

/** A root, and an authority for time stamps that it issued. */
export function authorityChain(options: CertificateOptions = {}): {
  readonly root: Holder;
  readonly authority: Holder;
} {
  const root = certificateOf('Test Root', undefined, { isAuthority: true });
  const authority = certificateOf('Test Time Authority', root, {
    purposes: [TIME_STAMPING],
    ...options,
  });
  return { root, authority };
}

/** How an answer differs from a right one. */
export interface Wrong {
  readonly status?: pkijs.PKIStatus;
  readonly statusWords?: string;
  readonly hasToken?: boolean;
  readonly digest?: Uint8Array;
  readonly nonce?: bigint | null;
  readonly at?: Date;
  readonly accuracySeconds?: number;
  readonly certificates?: readonly Holder[];
  /** The certificate whose hash the attribute holds. */
  readonly named?: Holder;
  readonly attribute?: 'first' | 'second' | 'none';
  readonly contentType?: string;
  readonly signedType?: string;
  readonly digestOf?: Uint8Array;
  readonly isSignatureBroken?: boolean;
  readonly signers?: number;
  readonly criticalExtension?: boolean;
}

/** The answer to a request, by the book but for what `wrong` says. */
export function stampOf(request: Uint8Array, holder: Holder, wrong: Wrong = {}): Uint8Array {
  const asked = new pkijs.TimeStampReq({ schema: asn1js.fromBER(copyOf(request)).result });
  if (wrong.status !== undefined && wrong.status > pkijs.PKIStatus.grantedWithMods)
    return refusal(wrong);
  const digest = wrong.digest ?? new Uint8Array(asked.messageImprint.hashedMessage.getValue());
  const info = new pkijs.TSTInfo({
    version: 1,
    policy: '1.2.3.4.1',
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: SHA_256 }),
      hashedMessage: new asn1js.OctetString({ valueHex: copyOf(digest) }),
    }),
    serialNumber: new asn1js.Integer({ value: (serial += 1) }),
    genTime: wrong.at ?? new Date(),
  });
  if (wrong.accuracySeconds !== undefined) {
    info.accuracy = new pkijs.Accuracy({ seconds: wrong.accuracySeconds });
  }
  if (wrong.nonce !== null) {
    const { nonce } = asked;
    if (wrong.nonce !== undefined) info.nonce = asn1js.Integer.fromBigInt(wrong.nonce);
    else if (nonce !== undefined) info.nonce = nonce;
  }
  if (wrong.criticalExtension === true) {
    info.extensions = [
      new pkijs.Extension({
        extnID: '1.2.3.5',
        critical: true,
        extnValue: new asn1js.Null().toBER(false),
      }),
    ];
  }
  const content = new Uint8Array(info.toSchema().toBER(false));
  const signer = signerInfo(content, holder, wrong);
  const signed = new pkijs.SignedData({
    version: 3,
    digestAlgorithms: [new pkijs.AlgorithmIdentifier({ algorithmId: SHA_256 })],
    encapContentInfo: new pkijs.EncapsulatedContentInfo({
      eContentType: wrong.contentType ?? TST_INFO,
      eContent: new asn1js.OctetString({ valueHex: copyOf(content) }),
    }),
    certificates: (wrong.certificates ?? [holder]).map(({ certificate }) => certificate),
    signerInfos: Array.from({ length: wrong.signers ?? 1 }, () => signer),
  });
  const token = new pkijs.ContentInfo({
    contentType: '1.2.840.113549.1.7.2',
    content: signed.toSchema(true),
  });
  const response = new pkijs.TimeStampResp({
    status: new pkijs.PKIStatusInfo({ status: wrong.status ?? pkijs.PKIStatus.granted }),
    ...(wrong.hasToken === false ? {} : { timeStampToken: token }),
  });
  return new Uint8Array(response.toSchema().toBER(false));
}

function refusal({ status = pkijs.PKIStatus.rejection, statusWords = 'no' }: Wrong): Uint8Array {
  const response = new pkijs.TimeStampResp({
    status: new pkijs.PKIStatusInfo({
      status,
      statusStrings: [new asn1js.Utf8String({ value: statusWords })],
    }),
  });
  return new Uint8Array(response.toSchema().toBER(false));
}

function signerInfo(content: Uint8Array, holder: Holder, wrong: Wrong): pkijs.SignerInfo {
  const { attribute = 'second', named = holder } = wrong;
  const hash = createHash(attribute === 'first' ? 'sha1' : 'sha256')
    .update(derOf(named.certificate))
    .digest();
  const ids = new asn1js.Sequence({
    value: [
      new asn1js.Sequence({
        value: [
          new asn1js.Sequence({ value: [new asn1js.OctetString({ valueHex: copyOf(hash) })] }),
        ],
      }),
    ],
  });
  const attributeOf = (type: string, value: asn1js.BaseBlock): pkijs.Attribute =>
    new pkijs.Attribute({ type, values: [value] });
  const digest = createHash('sha256')
    .update(wrong.digestOf ?? content)
    .digest();
  const attributes = [
    attributeOf(
      '1.2.840.113549.1.9.3',
      new asn1js.ObjectIdentifier({ value: wrong.signedType ?? TST_INFO }),
    ),
    attributeOf('1.2.840.113549.1.9.4', new asn1js.OctetString({ valueHex: copyOf(digest) })),
    ...(attribute === 'none'
      ? []
      : [
          attributeOf(
            attribute === 'first' ? '1.2.840.113549.1.9.16.2.12' : '1.2.840.113549.1.9.16.2.47',
            ids,
          ),
        ]),
  ];
  const set = new asn1js.Set({ value: attributes.map((each) => each.toSchema()) });
  const bytes = new Uint8Array(set.toBER(false));
  if (wrong.isSignatureBroken === true) bytes[5] = (bytes[5] ?? 0) ^ 1;
  const signature = sign('sha256', bytes, holder.privateKey);
  return new pkijs.SignerInfo({
    version: 1,
    sid: new pkijs.IssuerAndSerialNumber({
      issuer: holder.certificate.issuer,
      serialNumber: holder.certificate.serialNumber,
    }),
    digestAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: SHA_256 }),
    signedAttrs: new pkijs.SignedAndUnsignedAttributes({ type: 0, attributes }),
    signatureAlgorithm: new pkijs.AlgorithmIdentifier({ algorithmId: ECDSA_WITH_SHA256 }),
    signature: new asn1js.OctetString({ valueHex: copyOf(signature) }),
  });
}

function copyOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

export interface RunningAuthority {
  readonly url: string;
  readonly server: Server;
  /** What was asked, in order. */
  readonly requests: Uint8Array[];
}

/** An authority on a socket of this machine; `answer` gives what it says to each request. */
export async function startAuthority(
  defer: (work: () => unknown) => void,
  answer: (request: Uint8Array, response: ServerResponse) => Uint8Array | undefined,
): Promise<RunningAuthority> {
  const requests: Uint8Array[] = [];
  const serve = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    const parts: Buffer[] = [];
    for await (const part of request) parts.push(part as Buffer);
    const asked = new Uint8Array(Buffer.concat(parts));
    requests.push(asked);
    const bytes = answer(asked, response);
    if (bytes === undefined) return;
    response.writeHead(200, { 'content-type': 'application/timestamp-reply' });
    response.end(bytes);
  };
  const server = createServer((request, response) => {
    serve(request, response).catch((error: unknown) => response.destroy(Object(error) as Error));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  defer(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  return { url: `http://127.0.0.1:${port}/tsr`, server, requests };
}
