// SPDX-License-Identifier: Apache-2.0
// Where the desk listens besides this machine, and under which origin its pages are known.
//
// The desk always listens on loopback, for the terminal. Anything further needs TLS of its own or a proxy that is named,
// and an origin: passkeys are bound to its name.

import { isIP } from 'node:net';
import { Type, type Static } from 'typebox';

export const Listening = Type.Object(
  {
    /** An address and a port beyond loopback. */
    listen: Type.Optional(Type.String()),
    tlsCertificate: Type.Optional(Type.String()),
    tlsKey: Type.Optional(Type.String()),
    /** The only address whose requests are taken there, and whose word on the client counts. */
    behindProxy: Type.Optional(Type.String()),
    /** As browsers know the desk, such as https://desk.example. */
    origin: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
);
export type Listening = Static<typeof Listening>;

/** What an address such as 192.0.2.7:8443 or [2001:db8::1]:8443 names; null where it names nothing. */
export function parseAddress(
  text: string,
): { readonly host: string; readonly port: number } | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([0-9.]+)):([0-9]{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2] ?? '';
  const port = Number(match?.[3] ?? 0);
  const isAddress = match?.[1] === undefined ? isIP(host) === 4 : isIP(host) === 6;
  return isAddress && port > 0 && port <= 65_535 ? { host, port } : null;
}

/** Whose allowance a client's address counts on: of IPv6 one customer has at least the 64 bits behind a network. */
export function networkOf(address: string): string {
  return prefixOf(address, 64);
}

/** As `networkOf`, for what nobody may take all of: of IPv6 one customer may have as many networks as 48 bits leave. */
export function customerOf(address: string): string {
  return prefixOf(address, 48);
}

function prefixOf(address: string, bits: 48 | 64): string {
  const [, mapped] = /^::ffff:([0-9.]+)$/i.exec(address) ?? [];
  if (mapped !== undefined) return mapped;
  const bare = address.replace(/%.*$/, '');
  if (isIP(bare) !== 6) return address;
  const [head = '', tail = ''] = new URL(`http://[${bare}]`).hostname.slice(1, -1).split('::');
  const [left, right] = [head, tail].map((part) => (part === '' ? [] : part.split(':')));
  const groups = [...(left ?? []), ...Array(8).fill('0')].slice(0, 8 - (right?.length ?? 0));
  return `${[...groups, ...(right ?? [])].slice(0, bits / 16).join(':')}::/${bits}`;
}

/** Why a desk must not listen like this, or null. */
export function listeningFault(listening: Listening): string | null {
  const { listen, tlsCertificate, tlsKey, behindProxy, origin } = listening;
  const hasTls = tlsCertificate !== undefined;
  if (hasTls !== (tlsKey !== undefined)) {
    return 'expected --tls-cert and --tls-key together, found one of them';
  }
  if (hasTls && listen === undefined)
    return 'expected --listen ADDRESS:PORT with --tls-cert, found none';
  if (listen !== undefined && parseAddress(listen) === null) {
    return `--listen: expected an address and a port such as 0.0.0.0:8443 or [::]:8443, found ${listen}`;
  }
  if (behindProxy !== undefined && isIP(behindProxy) === 0) {
    return `--behind-proxy: expected the IP address of the proxy, found ${behindProxy}`;
  }
  if (listen !== undefined && !hasTls && behindProxy === undefined) {
    return `--listen ${listen}: expected --tls-cert and --tls-key, or --behind-proxy with the address of a proxy that speaks TLS`;
  }
  if ((listen !== undefined || behindProxy !== undefined) && origin === undefined) {
    return 'expected --origin with the address under which browsers know the desk, such as https://desk.example, found none';
  }
  return origin === undefined ? null : originFault(origin);
}

function originFault(origin: string): string | null {
  const fault = `--origin: expected an address such as https://desk.example, found ${origin}`;
  if (!URL.canParse(origin)) return fault;
  const { protocol, hostname, origin: canonical } = new URL(origin);
  if (canonical !== origin || !/^[a-z0-9.-]+$/.test(hostname) || isIP(hostname) !== 0) {
    return `${fault}; passkeys are bound to a name and not to an address of digits`;
  }
  const isLocal = hostname === 'localhost';
  return protocol === 'https:' || (protocol === 'http:' && isLocal) ? null : fault;
}
