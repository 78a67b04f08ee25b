// SPDX-License-Identifier: Apache-2.0
// Time stamps of RFC 3161: what is asked of an authority, and whether its answer is one that it signed over our bytes.
//
// The structures are read by pkijs; every check and every signature is made here, so that each has its own reason.

import { createHash, verify, X509Certificate, type KeyObject } from 'node:crypto';
import type { Result } from '@kontor/tlog';
import * as asn1js from 'asn1js';
import * as pkijs from 'pkijs';

/** Answers with a chain of certificates have five to ten kilobytes. */
export const TIME_STAMP_BYTES_MAX = 65_536;
const CERTIFICATES_BYTES_MAX = 262_144;
const CERTIFICATES_MAX = 64;
/** Real answers come with two to four. */
const SENT_CERTIFICATES_MAX = 16;
const CHAIN_MAX = 6;
const RSA_BITS_MIN = 2_048;
const REASON_CHARACTERS_MAX = 200;

const SHA_256 = '2.16.840.1.101.3.4.2.1';
const SHA_1 = 'sha1';
const DIGESTS: Readonly<Record<string, string>> = {
  [SHA_256]: 'sha256',
  '2.16.840.1.101.3.4.2.2': 'sha384',
  '2.16.840.1.101.3.4.2.3': 'sha512',
};
/** By the OID of a signature: its hash. RSA without one takes that of the digest; Ed25519 has its own. */
const SIGNATURES: Readonly<Record<string, string | null>> = {
  '1.2.840.113549.1.1.11': 'sha256',
  '1.2.840.113549.1.1.12': 'sha384',
  '1.2.840.113549.1.1.13': 'sha512',
  '1.2.840.10045.4.3.2': 'sha256',
  '1.2.840.10045.4.3.3': 'sha384',
  '1.2.840.10045.4.3.4': 'sha512',
  '1.3.101.112': null,
};
const RSA = '1.2.840.113549.1.1.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const TST_INFO = '1.2.840.113549.1.9.16.1.4';
const CONTENT_TYPE = '1.2.840.113549.1.9.3';
const MESSAGE_DIGEST = '1.2.840.113549.1.9.4';
const SIGNING_CERTIFICATE = '1.2.840.113549.1.9.16.2.12';
const SIGNING_CERTIFICATE_V2 = '1.2.840.113549.1.9.16.2.47';
const TIME_STAMPING = '1.3.6.1.5.5.7.3.8';
const ANY_PURPOSE = '2.5.29.37.0';
const BASIC_CONSTRAINTS = '2.5.29.19';
const KEY_USAGE = '2.5.29.15';
const EXTENDED_KEY_USAGE = '2.5.29.37';
/** Critical extensions that are looked at here; another one forbids something that nobody here knows. */
const KNOWN_CRITICAL = new Set([BASIC_CONSTRAINTS, KEY_USAGE, EXTENDED_KEY_USAGE]);
const STATUS_WORDS = [
  'granted',
  'granted with changes',
  'rejection',
  'waiting',
  'revocation warning',
  'revocation notification',
];

/** What an authority signed. */
export interface TimeStamp {
  /** The latest moment that it means, in milliseconds since 1970: its time and what it may be wrong by. */
  readonly at: number;
  /** Whose signature it is, as its certificate says. */
  readonly authority: string;
  readonly serialNumber: string;
}

export interface ExpectedStamp {
  /** SHA-256 of what was stamped. */
  readonly digest: Uint8Array;
  /** What was asked with; undefined where a stamp of earlier is read again. */
  readonly nonce: Uint8Array | undefined;
  /** Whom the user trusts to say who is an authority. */
  readonly trusted: readonly X509Certificate[];
}

/** A fault of an answer, from deep within; it never leaves this file. */
class StampFault extends Error {}

/** The bytes that go to an authority: a hash and a number drawn for this request, nothing else. */
export function toTimeStampRequest(digest: Uint8Array, nonce: Uint8Array): Uint8Array {
  const request = new pkijs.TimeStampReq({
    version: 1,
    messageImprint: new pkijs.MessageImprint({
      hashAlgorithm: new pkijs.AlgorithmIdentifier({
        algorithmId: SHA_256,
        algorithmParams: new asn1js.Null(),
      }),
      hashedMessage: new asn1js.OctetString({ valueHex: bufferOf(digest) }),
    }),
    nonce: new asn1js.Integer({ valueHex: bufferOf(nonce) }),
    certReq: true,
  });
  return new Uint8Array(request.toSchema().toBER(false));
}

/** The certificates of a file in PEM. Each of them is trusted to have issued an authority, or to be one. */
export function parseCertificates(text: string): Result<readonly X509Certificate[]> {
  if (text.length > CERTIFICATES_BYTES_MAX) {
    return fault(`certificates must have at most ${CERTIFICATES_BYTES_MAX} bytes`);
  }
  const blocks = text.match(/-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g) ?? [];
  if (blocks.length === 0 || blocks.length > CERTIFICATES_MAX) {
    return fault(`expected 1 to ${CERTIFICATES_MAX} certificates in PEM, found ${blocks.length}`);
  }
  try {
    return { ok: true, value: blocks.map((block) => new X509Certificate(block)) };
  } catch {
    return fault('a certificate cannot be read');
  }
}

/**
 * Whether `answer` is a time stamp over `digest` by an authority whose certificate goes back to a trusted one. Whether
 * its time is plausible is for the caller to say; whether a certificate was revoked, nobody is asked.
 */
export function verifyTimeStamp(answer: Uint8Array, expected: ExpectedStamp): Result<TimeStamp> {
  try {
    return { ok: true, value: verified(answer, expected) };
  } catch (error) {
    if (error instanceof StampFault) return fault(error.message);
    // What the readers of the structures throw at bytes that are none.
    return fault('the answer is no time stamp that can be read');
  }
}

function verified(answer: Uint8Array, expected: ExpectedStamp): TimeStamp {
  const { token } = openResponse(answer);
  const signed = new pkijs.SignedData({ schema: token });
  const { eContentType, eContent } = signed.encapContentInfo;
  demand(eContentType === TST_INFO && eContent !== undefined, 'it holds no time stamp');
  const content = new Uint8Array(eContent.getValue());
  const info = new pkijs.TSTInfo({ schema: parsed(content) });
  checkImprint(info, expected);
  const [signer, ...others] = signed.signerInfos;
  demand(signer !== undefined && others.length === 0, 'it must have one signature');
  const certificates = certificatesOf(signed, expected.trusted);
  const certificate = checkSigner(signer, content, certificates);
  const at = info.genTime.getTime();
  demand(Number.isSafeInteger(at) && at > 0, 'its time cannot be read');
  checkPurpose(certificate);
  checkChain(certificate, certificates, expected.trusted, at);
  return {
    at: at + accuracyMs(info.accuracy),
    authority: nameOf(certificate.node),
    serialNumber: Buffer.from(info.serialNumber.valueBlock.valueHexView).toString('hex'),
  };
}

// ---- The answer ----

function openResponse(answer: Uint8Array): { readonly token: unknown } {
  demand(
    answer.length <= TIME_STAMP_BYTES_MAX,
    `an answer must have at most ${TIME_STAMP_BYTES_MAX} bytes, had ${answer.length}`,
  );
  const response = new pkijs.TimeStampResp({ schema: parsed(answer) });
  const { status, statusStrings } = response.status;
  if (status !== pkijs.PKIStatus.granted && status !== pkijs.PKIStatus.grantedWithMods) {
    const words = (statusStrings ?? []).map((each) => each.valueBlock.value).join(' ');
    const said = words === '' ? '' : `: ${plainWords(words)}`;
    throw new StampFault(
      `the authority refused: ${STATUS_WORDS[status] ?? `status ${status}`}${said}`,
    );
  }
  const { timeStampToken } = response;
  demand(timeStampToken?.contentType === SIGNED_DATA, 'it holds no signed token');
  return { token: timeStampToken.content };
}

function checkImprint(info: pkijs.TSTInfo, { digest, nonce }: ExpectedStamp): void {
  demand(info.version === 1, `its version must be 1, was ${info.version}`);
  const { hashAlgorithm, hashedMessage } = info.messageImprint;
  demand(
    hashAlgorithm.algorithmId === SHA_256 &&
      Buffer.from(hashedMessage.getValue()).equals(Buffer.from(digest)),
    'it is about other bytes: its hash is not the one that was asked about',
  );
  if (nonce !== undefined) {
    const found = info.nonce === undefined ? undefined : info.nonce.valueBlock.valueHexView;
    demand(
      found !== undefined && wholeNumber(found) === wholeNumber(nonce),
      'its nonce is not the one that was sent: it answers another request',
    );
  }
  const unknown = (info.extensions ?? []).find(({ critical }) => critical);
  demand(unknown === undefined, `it has a critical extension ${unknown?.extnID ?? ''}`);
}

/** The certificate that signed: the one the signature names, with the hash that the signed attributes hold. */
function checkSigner(
  signer: pkijs.SignerInfo,
  content: Uint8Array,
  certificates: readonly Readable[],
): Readable {
  const { signedAttrs, digestAlgorithm, signatureAlgorithm } = signer;
  const digestName = DIGESTS[digestAlgorithm.algorithmId];
  demand(digestName !== undefined, `its hash ${digestAlgorithm.algorithmId} is not known here`);
  demand(signedAttrs !== undefined, 'it has no signed attributes');
  const { attributes } = signedAttrs;
  const contentType = onlyValue(attributes, CONTENT_TYPE);
  demand(
    contentType instanceof asn1js.ObjectIdentifier && contentType.getValue() === TST_INFO,
    'its signature is about something else than a time stamp',
  );
  const digest = onlyValue(attributes, MESSAGE_DIGEST);
  demand(
    digest instanceof asn1js.OctetString &&
      createHash(digestName).update(content).digest().equals(Buffer.from(digest.getValue())),
    'its signature is about another time stamp',
  );
  const named = namedCertificate(attributes);
  const certificate = certificates.find(({ node }) => named(node.raw));
  demand(certificate !== undefined, 'the certificate that it names as its signer is not there');
  demand(isOf(signer.sid, certificate), 'it names two signers');
  // An implicit tag stands in the place of the set that is signed.
  const signedBytes = new Uint8Array(signedAttrs.encodedValue);
  const { algorithmId } = signatureAlgorithm;
  const hash = algorithmId === RSA ? digestName : SIGNATURES[algorithmId];
  demand(hash !== undefined, `its signature of the kind ${algorithmId} is not known here`);
  demand(
    isSigned(hash, certificate.node.publicKey, signedBytes, signer.signature.getValue()),
    'its signature is wrong',
  );
  return certificate;
}

/** Whether a certificate is the one in the attribute signingCertificate, or signingCertificateV2. */
function namedCertificate(attributes: readonly pkijs.Attribute[]): (der: Uint8Array) => boolean {
  const isSecond = attributes.some(({ type }) => type === SIGNING_CERTIFICATE_V2);
  const value = onlyValue(attributes, isSecond ? SIGNING_CERTIFICATE_V2 : SIGNING_CERTIFICATE);
  const [first] = partsOf(partsOf(value)[0]);
  const parts = partsOf(first);
  let algorithm = isSecond ? 'sha256' : SHA_1;
  let place = 0;
  if (isSecond && parts[0] instanceof asn1js.Sequence) {
    const named = partsOf(parts[0])[0];
    const known = named instanceof asn1js.ObjectIdentifier ? DIGESTS[named.getValue()] : undefined;
    demand(known !== undefined, 'the hash of its certificate is not known here');
    algorithm = known;
    place = 1;
  }
  const hash = parts[place];
  demand(hash instanceof asn1js.OctetString, 'it does not say whose certificate it is');
  const expected = Buffer.from(hash.getValue());
  return (der) => createHash(algorithm).update(der).digest().equals(expected);
}

/** The one value of the one attribute of this type. */
function onlyValue(attributes: readonly pkijs.Attribute[], type: string): unknown {
  const found = attributes.filter((each) => each.type === type);
  demand(found.length === 1 && found[0]?.values.length === 1, `it must have one attribute ${type}`);
  return found[0].values[0];
}

// ---- Certificates ----

/** A certificate as Node verifies it and as its extensions are read. */
interface Readable {
  readonly node: X509Certificate;
  readonly parts: pkijs.Certificate;
}

function certificatesOf(
  signed: pkijs.SignedData,
  trusted: readonly X509Certificate[],
): readonly Readable[] {
  const sent = (signed.certificates ?? []).filter((each) => each instanceof pkijs.Certificate);
  demand(
    sent.length <= SENT_CERTIFICATES_MAX,
    `it must have at most ${SENT_CERTIFICATES_MAX} certificates`,
  );
  return [
    ...sent.map((each) => new X509Certificate(new Uint8Array(each.toSchema().toBER(false)))),
    ...trusted,
  ].map((node) => ({
    node,
    parts: new pkijs.Certificate({ schema: parsed(node.raw) }),
  }));
}

/** Whether a signature's `sid`, issuer and serial number or a key identifier, is this certificate's. */
function isOf(sid: unknown, { parts }: Readable): boolean {
  if (sid instanceof pkijs.IssuerAndSerialNumber) {
    return sid.issuer.isEqual(parts.issuer) && sid.serialNumber.isEqual(parts.serialNumber);
  }
  // Who is named by the key's identifier is named by the attribute's hash as well, which is the stronger of the two.
  return true;
}

/** RFC 3161, 2.3: for time stamping alone, and said so critically. */
function checkPurpose({ parts }: Readable): void {
  const purpose = extensionOf(parts, EXTENDED_KEY_USAGE);
  const purposes =
    purpose?.parsedValue instanceof pkijs.ExtKeyUsage ? purpose.parsedValue.keyPurposes : [];
  demand(
    purpose?.critical === true && purposes.length === 1 && purposes[0] === TIME_STAMPING,
    'its certificate is not one for time stamping alone',
  );
  const usage = keyUsageOf(parts);
  demand(
    // digitalSignature or nonRepudiation, the first two bits.
    usage === undefined || (usage & 0xc0) !== 0,
    'the key of its certificate may not sign',
  );
}

/**
 * A way from the signer to a trusted certificate, all of them valid at `at`. Each certificate is looked at once, as near
 * to the signer as it can stand, where it may do most: a heap in which all issue each other has ways without end.
 */
function checkChain(
  signer: Readable,
  certificates: readonly Readable[],
  trusted: readonly X509Certificate[],
  at: number,
): void {
  const isTrusted = ({ node }: Readable): boolean =>
    trusted.some((each) => each.raw.equals(node.raw));
  let reason = 'its certificate was not issued by one that is trusted';
  let rest = certificates.filter((each) => each !== signer);
  let level: readonly Readable[] = [signer];
  for (let below = 0; level.length > 0 && below <= CHAIN_MAX; below += 1) {
    const sound = level.filter((each) => {
      const problem = faultOf(each, at, below);
      reason = problem ?? reason;
      return problem === undefined;
    });
    if (sound.some(isTrusted)) return;
    level = rest.filter((issuer) => sound.some((each) => isIssuedBy(each, issuer)));
    rest = rest.filter((each) => !level.includes(each));
  }
  throw new StampFault(reason);
}

/** What is wrong with a certificate `below` which there are so many others, the signer's among them. */
function faultOf({ node, parts }: Readable, at: number, below: number): string | undefined {
  const name = nameOf(node);
  if (at < Date.parse(node.validFrom) || at > Date.parse(node.validTo)) {
    return `the certificate of ${name} was not valid then: it is from ${node.validFrom} to ${node.validTo}`;
  }
  const unknown = (parts.extensions ?? []).find(
    ({ critical, extnID }) => critical && !KNOWN_CRITICAL.has(extnID),
  );
  if (unknown !== undefined) {
    return `the certificate of ${name} has a critical extension ${unknown.extnID}`;
  }
  const { asymmetricKeyType, asymmetricKeyDetails } = node.publicKey;
  if (asymmetricKeyType === 'rsa' && (asymmetricKeyDetails?.modulusLength ?? 0) < RSA_BITS_MIN) {
    return `the key of ${name} has fewer than ${RSA_BITS_MIN} bits`;
  }
  if (below === 0) return undefined;
  const constraints = extensionOf(parts, BASIC_CONSTRAINTS)?.parsedValue;
  const isAuthority = constraints instanceof pkijs.BasicConstraints && constraints.cA;
  const usage = keyUsageOf(parts);
  // keyCertSign, the sixth bit.
  if (!isAuthority || (usage !== undefined && (usage & 0x04) === 0)) {
    return `the certificate of ${name} may issue no others`;
  }
  const { pathLenConstraint } = constraints;
  if (typeof pathLenConstraint === 'number' && below - 1 > pathLenConstraint) {
    return `the certificate of ${name} may not issue so long a chain`;
  }
  const purpose = extensionOf(parts, EXTENDED_KEY_USAGE)?.parsedValue;
  const isForStamps =
    !(purpose instanceof pkijs.ExtKeyUsage) ||
    purpose.keyPurposes.some((each) => each === TIME_STAMPING || each === ANY_PURPOSE);
  return isForStamps ? undefined : `the certificate of ${name} may issue none for time stamping`;
}

function isIssuedBy({ node, parts }: Readable, issuer: Readable): boolean {
  const isKnownKind = Object.hasOwn(SIGNATURES, parts.signatureAlgorithm.algorithmId);
  return isKnownKind && node.checkIssued(issuer.node) && node.verify(issuer.node.publicKey);
}

function extensionOf(certificate: pkijs.Certificate, id: string): pkijs.Extension | undefined {
  return certificate.extensions?.find(({ extnID }) => extnID === id);
}

/** The first eight bits of a key's usage, the first of them the highest; undefined where nothing is said. */
function keyUsageOf(certificate: pkijs.Certificate): number | undefined {
  const usage = extensionOf(certificate, KEY_USAGE);
  if (usage === undefined) return undefined;
  const value = usage.parsedValue;
  return value instanceof asn1js.BitString ? (value.valueBlock.valueHexView[0] ?? 0) : 0;
}

/** The common name of a certificate, or its organisation. */
function nameOf({ subject }: X509Certificate): string {
  const lines = subject.split('\n');
  const named = ['CN=', 'O='].flatMap((prefix) => lines.filter((line) => line.startsWith(prefix)));
  return plainWords((named[0] ?? subject).replace(/^[A-Z]+=/, ''));
}

// ---- Small things ----

function isSigned(
  hash: string | null,
  publicKey: KeyObject,
  message: Uint8Array,
  signature: ArrayBuffer,
): boolean {
  const isOneKind = (publicKey.asymmetricKeyType === 'ed25519') === (hash === null);
  return isOneKind && verify(hash, message, publicKey, new Uint8Array(signature));
}

/** The whole of `bytes` as one value. */
function parsed(bytes: Uint8Array): asn1js.AsnType {
  const { result, offset } = asn1js.fromBER(bufferOf(bytes));
  demand(offset === bytes.length && result.error === '', 'the answer is no time stamp');
  return result;
}

function partsOf(value: unknown): readonly unknown[] {
  return value instanceof asn1js.Sequence ? value.valueBlock.value : [];
}

function accuracyMs(accuracy: pkijs.Accuracy | undefined): number {
  const { seconds = 0, millis = 0, micros = 0 } = accuracy ?? {};
  const all = seconds * 1_000 + millis + Math.ceil(micros / 1_000);
  demand(all >= 0 && all < 86_400_000, 'it may be wrong by more than a day');
  return all;
}

function wholeNumber(bytes: Uint8Array): bigint {
  return BigInt(`0x0${Buffer.from(bytes).toString('hex')}`);
}

/** Others' words, fit to be shown in one line. */
function plainWords(text: string): string {
  return text
    .replaceAll(/[^\p{L}\p{N}\p{P}\p{S} ]/gu, ' ')
    .slice(0, REASON_CHARACTERS_MAX)
    .trim();
}

function bufferOf(bytes: Uint8Array): ArrayBuffer {
  const copy = new ArrayBuffer(bytes.length);
  new Uint8Array(copy).set(bytes);
  return copy;
}

function demand(isMet: boolean, reason: string): asserts isMet {
  if (!isMet) throw new StampFault(reason);
}

function fault(reason: string): { readonly ok: false; readonly reason: string } {
  return { ok: false, reason };
}
