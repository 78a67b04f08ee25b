// SPDX-License-Identifier: Apache-2.0
// Egress's configuration file: which venues there are and where they listen. It holds no secret.

export interface VenueAddress {
  /** Origin of the REST API, for example `https://api.binance.com`. */
  readonly rest: URL;
  /** Full address of the WebSocket API. */
  readonly wsApi: URL;
}

export type VenueAddresses = ReadonlyMap<string, VenueAddress>;

/** The configuration is not usable. The message names the field and what it should be. */
export class ConfigError extends Error {
  readonly code = 'config.invalid';

  constructor(message: string) {
    super(message);
    this.name = 'ConfigError';
  }
}

const VENUE = /^[a-z][a-z0-9-]{0,31}$/;
const VENUES_MAX = 32;

/** Parses the file's text. Throws ConfigError. Example: `{"venues":{"demo":{"rest":"http://127.0.0.1:1","wsApi":"ws://127.0.0.1:1/ws-api/v3"}}}`. */
export function parseConfig(text: string): VenueAddresses {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new ConfigError('expected JSON, found other text');
  }
  const file = objectWith(value, ['venues'], 'the file');
  const entries = Object.entries(objectOf(file['venues'], 'venues'));
  if (entries.length === 0 || entries.length > VENUES_MAX) {
    throw new ConfigError(`venues: expected 1 to ${VENUES_MAX} venues, found ${entries.length}`);
  }
  return new Map(
    entries.map(([name, address]) => {
      if (!VENUE.test(name)) {
        throw new ConfigError(`venues: expected names of a-z 0-9 -, found ${JSON.stringify(name)}`);
      }
      const fields = objectWith(address, ['rest', 'wsApi'], `venues.${name}`);
      return [
        name,
        {
          rest: parseAddress(fields['rest'], `venues.${name}.rest`, 'http'),
          wsApi: parseAddress(fields['wsApi'], `venues.${name}.wsApi`, 'ws'),
        },
      ];
    }),
  );
}

/** Plain text is for this machine only: elsewhere a signature would be readable on its way. */
function parseAddress(value: unknown, field: string, scheme: 'http' | 'ws'): URL {
  const url = typeof value === 'string' ? URL.parse(value) : null;
  if (url === null) throw new ConfigError(`${field}: expected an address`);
  if (url.username !== '' || url.password !== '' || url.search !== '' || url.hash !== '') {
    throw new ConfigError(`${field}: expected no user, password, query or fragment`);
  }
  if (scheme === 'http' && url.pathname !== '/') {
    throw new ConfigError(`${field}: expected no path, found ${url.pathname}`);
  }
  const isSafe = url.protocol === `${scheme}s:`;
  if (!isSafe && !(url.protocol === `${scheme}:` && isLoopback(url.hostname))) {
    throw new ConfigError(
      `${field}: expected ${scheme}s:// (or ${scheme}:// to this machine), found ${url.protocol}//${url.hostname}`,
    );
  }
  return url;
}

export function isLoopback(host: string): boolean {
  const isName = host === 'localhost' || host === '[::1]' || host === '::1';
  return isName || /^127\.\d{1,3}\.\d{1,3}\.\d{1,3}$/.test(host);
}

function objectOf(value: unknown, field: string): Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw new ConfigError(`${field}: expected an object`);
  }
  return value as Readonly<Record<string, unknown>>;
}

/** `value` as an object with exactly these fields. */
function objectWith(
  value: unknown,
  names: readonly string[],
  field: string,
): Readonly<Record<string, unknown>> {
  const object = objectOf(value, field);
  const strange = Object.keys(object).find((name) => !names.some((known) => known === name));
  if (strange !== undefined)
    throw new ConfigError(`${field}: expected no field ${JSON.stringify(strange)}`);
  const missing = names.find((name) => !(name in object));
  if (missing !== undefined) throw new ConfigError(`${field}: expected a field ${missing}`);
  return object;
}
