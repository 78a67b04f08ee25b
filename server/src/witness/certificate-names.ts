// SPDX-License-Identifier: Apache-2.0
// What certificates of the owner's choice are called, so that a person can see whom he trusts.

import { X509Certificate } from 'node:crypto';

export interface CertificateName {
  readonly subject: string;
  /** Of the whole certificate, in hexadecimal digits. */
  readonly sha256: string;
}

const BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** One name for each certificate in the text; what is none is left out. */
export function certificateNames(pem: string): readonly CertificateName[] {
  return (pem.match(BLOCK) ?? []).flatMap((block) => {
    try {
      const { subject, fingerprint256 } = new X509Certificate(block);
      return [
        {
          subject: subject.replaceAll('\n', ', '),
          sha256: fingerprint256.replaceAll(':', '').toLowerCase(),
        },
      ];
    } catch {
      return [];
    }
  });
}
