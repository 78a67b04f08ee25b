// SPDX-License-Identifier: Apache-2.0
// The configuration file: which addresses are taken.

import { strict as assert } from 'node:assert';
import { test } from 'node:test';
import { ConfigError, parseConfig } from '../src/config.ts';

function config(venue: unknown, name = 'demo'): string {
  return JSON.stringify({ venues: { [name]: venue } });
}

const GOOD = { rest: 'http://127.0.0.1:8080', wsApi: 'ws://127.0.0.1:8080/ws-api/v3' };

test('[E15] plain text to this machine, TLS to any other', () => {
  for (const venue of [
    GOOD,
    { rest: 'http://localhost:1', wsApi: 'ws://[::1]:1/x' },
    { rest: 'https://api.binance.com', wsApi: 'wss://ws-api.binance.com:443/ws-api/v3' },
  ]) {
    const address = parseConfig(config(venue)).get('demo');
    assert.equal(address?.rest.href, new URL(venue.rest).href);
    assert.equal(address.wsApi.href, new URL(venue.wsApi).href);
  }
});

const BAD: readonly (readonly [text: string, message: RegExp])[] = [
  ['', /expected JSON/],
  ['[]', /the file: expected an object/],
  ['{"venues":{"demo":1},"key":"x"}', /the file: expected no field "key"/],
  ['{}', /the file: expected a field venues/],
  [config(GOOD, 'Demo'), /venues: expected names of a-z 0-9 -, found "Demo"/],
  [config({ rest: GOOD.rest }), /venues\.demo: expected a field wsApi/],
  [config({ ...GOOD, apiKey: 'x' }), /venues\.demo: expected no field "apiKey"/],
  [
    config({ ...GOOD, rest: 'http://api.binance.com' }),
    /venues\.demo\.rest: expected https:\/\/ .*, found http:\/\/api\.binance\.com/,
  ],
  [
    config({ ...GOOD, rest: 'http://127.0.0.1.evil.example' }),
    /venues\.demo\.rest: expected https/,
  ],
  [config({ ...GOOD, rest: 'http://localhost.evil.example' }), /expected https/],
  [config({ ...GOOD, rest: 'http://10.0.0.1' }), /expected https/],
  [config({ ...GOOD, wsApi: 'ws://stream.example/ws' }), /venues\.demo\.wsApi: expected wss/],
  [config({ ...GOOD, wsApi: 'https://127.0.0.1/ws' }), /expected wss/],
  [config({ ...GOOD, rest: 'ftp://127.0.0.1' }), /expected https/],
  [config({ ...GOOD, rest: 'file:///etc/passwd' }), /expected no path|expected https/],
  [config({ ...GOOD, rest: 'http://127.0.0.1/api' }), /expected no path, found \/api/],
  [config({ ...GOOD, rest: 'http://user:pass@127.0.0.1' }), /expected no user, password/],
  [config({ ...GOOD, wsApi: 'ws://127.0.0.1/x?token=1' }), /expected no user, password, query/],
  [config({ ...GOOD, rest: 'nonsense' }), /expected an address/],
  [config({ ...GOOD, rest: 7 }), /expected an address/],
];

for (const [text, message] of BAD) {
  test(`[E15] refused: ${text.slice(0, 90)}`, () => {
    assert.throws(
      () => parseConfig(text),
      (error) => error instanceof ConfigError && message.test(error.message),
    );
  });
}
