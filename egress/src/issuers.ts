// SPDX-License-Identifier: Apache-2.0
// Who vouches for a certificate: the authorities above it, each shown by a signature that was checked here.

import { hash, X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate } from 'node:tls';
import type { Issuer } from './pin-store.ts';

/** Real chains have two to four certificates. */
const CHAIN_MAX = 8;
const NAME_CHARACTERS_MAX = 80;

/**
 * The authorities above `leaf`, the nearest first; of a certificate that signed itself, its own key. What the peer sent
 * is only ordered by names: an authority counts where its key verifies the signature below it, so that a strange chain
 * gains nothing by carrying a known authority's certificate along.
 */
export function issuersOf(leaf: DetailedPeerCertificate): readonly Issuer[] {
  const found: Issuer[] = [];
  let below = certificateOf(leaf);
  if (below === null) return found;
  let link = leaf;
  for (let height = 0; height < CHAIN_MAX; height += 1) {
    const above = certificateOf(link.issuerCertificate);
    if (above === null || !below.checkIssued(above) || !below.verify(above.publicKey)) break;
    const isItself = above.raw.equals(below.raw);
    if (isItself && height > 0) break;
    if (!isItself && !above.ca) break;
    found.push(issuerOf(above));
    if (isItself) break;
    below = above;
    link = link.issuerCertificate;
  }
  return found;
}

/** Types promise a certificate; a chain whose end is not known has none there. */
function certificateOf(link: DetailedPeerCertificate | undefined): X509Certificate | null {
  return Buffer.isBuffer(link?.raw) ? new X509Certificate(link.raw) : null;
}

function issuerOf(certificate: X509Certificate): Issuer {
  const key = certificate.publicKey.export({ format: 'der', type: 'spki' });
  return { name: nameOf(certificate.subject), fingerprint: hash('sha256', key, 'hex') };
}

/** The common name with the organisation behind it. What a certificate says goes to terminals and pages: plain text only. */
function nameOf(subject: string | undefined): string {
  const parts = new Map(
    (subject ?? '').split('\n').map((line): [string, string] => {
      const at = line.indexOf('=');
      return [line.slice(0, at), line.slice(at + 1)];
    }),
  );
  const [common, organisation] = ['CN', 'O'].map((part) => plain(parts.get(part) ?? ''));
  const name = [common, organisation].filter((part) => part !== '').join(', ');
  return name === '' ? 'no name' : name.slice(0, NAME_CHARACTERS_MAX);
}

function plain(text: string): string {
  return text.replaceAll(/[^\p{L}\p{N} .,:()&'/+_-]/gu, '?');
}
