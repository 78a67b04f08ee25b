// SPDX-License-Identifier: Apache-2.0
// Keys, signatures, time windows, rights and addresses.

import assert from 'node:assert/strict';
import { createHmac, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { KeyRing, mayComeFrom, READING_ONLY, type KeyRequest } from '../src/auth.ts';
import { withoutSignature } from '../src/rest/parameters.ts';
import { signedPayload, parseRequest } from '../src/ws-api/request.ts';
import { API_KEY, encode, problem, record, SECRET, withWire, type Fields } from './venue-client.ts';

const VECTORS = new URL(
  '../../../shared/data/vectors/binance-request-signatures.json',
  import.meta.url,
);

const ORDER = {
  symbol: 'ETHUSDT',
  side: 'BUY',
  type: 'LIMIT',
  timeInForce: 'GTC',
  quantity: '0.5',
  price: '1990.00',
};

test('[X60] HMAC signatures are hex in either case over the exact text', () => {
  const ring = new KeyRing();
  ring.register({ accountId: 1, apiKey: 'a', secret: 's' }, 0);
  const signature = createHmac('sha256', 's').update('text').digest('hex');
  assert.ok(ring.isSigned('a', 'text', signature));
  assert.ok(ring.isSigned('a', 'text', signature.toUpperCase()));
  assert.ok(!ring.isSigned('a', 'text ', signature));
  assert.ok(!ring.isSigned('a', 'text', signature.slice(0, -2)));
  assert.ok(!ring.isSigned('a', 'text', ''));
  assert.ok(!ring.isSigned('b', 'text', signature));
});

test('[X60] the documented signatures hold', (context) => {
  if (!existsSync(VECTORS)) {
    context.skip('the documented vectors are not there');
    return;
  }
  const { hmac } = JSON.parse(readFileSync(VECTORS, 'utf8')) as {
    hmac: {
      apiKey: string;
      secretKey: string;
      cases: readonly { name: string; payload: string; signature: string }[];
    };
  };
  const ring = new KeyRing();
  ring.register({ accountId: 1, apiKey: hmac.apiKey, secret: hmac.secretKey }, 0);
  assert.equal(hmac.cases.length, 4);
  for (const { name, payload, signature } of hmac.cases) {
    assert.ok(ring.isSigned(hmac.apiKey, payload, signature), name);
    if (!name.startsWith('wsapi')) {
      assert.equal(withoutSignature(`${payload}&signature=${signature}`), payload);
      assert.equal(withoutSignature(`signature=${signature}&${payload}`), payload);
      continue;
    }
    const params = Object.fromEntries(
      payload
        .split('&')
        .toReversed()
        .map((pair) => pair.split('=')),
    );
    const parsed = parseRequest(JSON.stringify({ id: 1, method: 'order.place', params }));
    assert.ok(parsed.ok);
    assert.equal(signedPayload(parsed.request.values), payload);
  }
});

test('[X60] numbers of a frame are signed as they are written', () => {
  const parsed = parseRequest(
    '{"id":1,"method":"order.place","params":{"price":0.10,"quantity":1e-3,"timestamp":1645423376532,"a":true,"signature":"x","none":null}}',
  );
  assert.ok(parsed.ok);
  assert.equal(
    signedPayload(parsed.request.values),
    'a=true&price=0.10&quantity=1e-3&timestamp=1645423376532',
  );
});

for (const kind of ['rsa', 'ed25519'] as const) {
  test(`[X61] ${kind} keys sign in base64, over REST`, async () => {
    const pair =
      kind === 'rsa'
        ? generateKeyPairSync('rsa', { modulusLength: 2048 })
        : generateKeyPairSync('ed25519');
    const publicKeyPem = pair.publicKey.export({ type: 'spki', format: 'pem' }).toString();
    await withWire(async (wire) => {
      const key = wire.lab.exchange.registerKey({
        accountId: 1,
        apiKey: 'B'.repeat(64),
        publicKeyPem,
        rights: { spotTrading: true },
      });
      assert.equal(key.kind, kind.toUpperCase());
      assert.equal(key.secret, undefined);
      const query = encode({ ...ORDER, timestamp: wire.lab.clock.wall });
      const signature = signText(kind, query, pair.privateKey);
      const headers = { 'X-MBX-APIKEY': key.apiKey };
      const send = (value: string): ReturnType<typeof wire.send> =>
        wire.send('POST', `/api/v3/order?${query}&signature=${encodeURIComponent(value)}`, {
          headers,
        });
      assert.equal((await send(signature)).status, 200);
      const bad = '400 -1022 Signature for this request is not valid.';
      assert.equal(problem(await send(signature.toLowerCase())), bad, 'case counts');
      assert.equal(problem(await send(signText(kind, `${query} `, pair.privateKey))), bad);
      assert.equal(problem(await send('')), bad);
    });
  });
}

test('[X61] keys of other kinds, taken names and missing parts are refused', () => {
  const ring = new KeyRing();
  const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
  const publicKeyPem = ec.publicKey.export({ type: 'spki', format: 'pem' }).toString();
  const register = (request: Partial<KeyRequest>): void => {
    ring.register({ accountId: 1, ...request }, 0);
  };
  assert.throws(() => register({ apiKey: 'a', publicKeyPem }), /RSA or Ed25519/);
  assert.throws(() => register({ secret: 's' }), /apiKey/);
  assert.throws(() => register({ apiKey: 'not good', secret: 's' }), /letters and digits/);
  register({ apiKey: 'a', secret: 's' });
  assert.throws(() => register({ apiKey: 'a', secret: 's' }), /new/);
  let drawn = 0;
  const draw = (length: number): string => {
    drawn += 1;
    return String(drawn).repeat(length);
  };
  const key = ring.register({ accountId: 1, draw }, 7);
  assert.deepEqual(key, {
    apiKey: '1'.repeat(64),
    accountId: 1,
    kind: 'HMAC',
    rights: READING_ONLY,
    ipAllowList: [],
    createTime: 7,
    secret: '2'.repeat(64),
  });
  assert.equal('secret' in (ring.find(key.apiKey) ?? {}), false);
});

test('[X62] the payload is query and body as received, without the signature', () => {
  const rows: readonly (readonly [text: string, payload: string])[] = [
    ['a=1&signature=x', 'a=1'],
    ['signature=x&a=1', 'a=1'],
    ['a=1&signature=x&b=%20', 'a=1&b=%20'],
    ['signature=x', ''],
    ['a=1', 'a=1'],
    ['', ''],
    ['a=signature=x', 'a=signature=x'],
    ['mysignature=1&signature=x', 'mysignature=1'],
  ];
  for (const [text, payload] of rows) assert.equal(withoutSignature(text), payload);
});

test('[X63] a request is taken while it is neither too old nor too early', async () => {
  await withWire(async (wire) => {
    const { clock } = wire.lab;
    const now = clock.wall;
    const ask = async (fields: Fields): Promise<string> => {
      const reply = await wire.signed('GET', '/api/v3/openOrders', fields);
      return reply.status === 200 ? 'ok' : problem(reply);
    };
    const stale = '400 -1021 Timestamp for this request is outside of the recvWindow.';
    const ahead = "400 -1021 Timestamp for this request was 1000ms ahead of the server's time.";
    const rows: readonly (readonly [string, Fields])[] = [
      ['ok', { timestamp: now }],
      ['ok', { timestamp: now - 5000 }],
      [stale, { timestamp: now - 5001 }],
      ['ok', { timestamp: now + 999 }],
      [ahead, { timestamp: now + 1000 }],
      ['ok', { timestamp: now - 100, recvWindow: 100 }],
      [stale, { timestamp: now - 101, recvWindow: '100.999' }],
      ['ok', { timestamp: now - 60_000, recvWindow: 60_000 }],
      ['400 -1131 recvWindow must be less than 60000', { recvWindow: '60000.001' }],
      ['ok', { timestamp: now * 1000 - 5_000_000 }],
      [stale, { timestamp: now * 1000 - 5_000_001 }],
      [
        String.raw`400 -1100 Illegal characters found in parameter 'recvWindow'; legal range is '^([0-9]{1,5})(\.[0-9]{1,3})?$'.`,
        { recvWindow: '1.2345' },
      ],
      [
        "400 -1100 Illegal characters found in parameter 'timestamp'; legal range is '^[0-9]{1,20}$'.",
        { timestamp: 'now' },
      ],
    ];
    for (const [expected, fields] of rows) assert.equal(await ask(fields), expected);
  });
});

test('[X63] what grew too old while it was looked at does not reach the book', async () => {
  await withWire(async (wire) => {
    const { clock } = wire.lab;
    const now = clock.wall;
    let reads = 0;
    clock.wallMs = () => {
      reads += 1;
      return reads > 1 ? now + 200 : now;
    };
    const reply = await wire.signed('POST', '/api/v3/order', {
      ...ORDER,
      timestamp: now,
      recvWindow: 100,
    });
    assert.match(problem(reply), /-1021/);
    assert.ok(reads > 1);
    assert.equal(wire.lab.exchange.account(1)?.openOrders.size, 0);
  });
});

test('[X64] missing proof, unknown keys, rights and addresses', async () => {
  await withWire(async (wire) => {
    const path = '/api/v3/account';
    const rejected = '401 -2015 Invalid API-key, IP, or permissions for action.';
    assert.equal(problem(await wire.get(path)), '401 -2014 API-key format invalid.');
    const headers = { 'X-MBX-APIKEY': API_KEY };
    assert.equal(
      problem(await wire.get(path, {}, headers)),
      "400 -1102 Mandatory parameter 'timestamp' was not sent, was empty/null, or malformed.",
    );
    assert.equal(
      problem(await wire.get(path, { timestamp: wire.lab.clock.wall }, headers)),
      "400 -1102 Mandatory parameter 'signature' was not sent, was empty/null, or malformed.",
    );
    assert.equal(
      problem(await wire.signed('GET', path, {}, { apiKey: 'C'.repeat(64), secret: SECRET })),
      rejected,
    );
    assert.equal(
      problem(await wire.signed('GET', path, {}, { apiKey: API_KEY, secret: 'wrong' })),
      '400 -1022 Signature for this request is not valid.',
    );
    const { exchange } = wire.lab;
    const make = (
      apiKey: string,
      more: Partial<KeyRequest>,
    ): { apiKey: string; secret: string } => {
      exchange.registerKey({ accountId: 1, apiKey, secret: 's', ...more });
      return { apiKey, secret: 's' };
    };
    const reader = make('reader', { rights: { reading: true } });
    assert.equal((await wire.signed('GET', path, {}, reader)).status, 200);
    assert.equal(problem(await wire.signed('POST', '/api/v3/order', ORDER, reader)), rejected);
    const blind = make('blind', { rights: { reading: false, spotTrading: true } });
    assert.equal(problem(await wire.signed('GET', path, {}, blind)), rejected);
    const away = make('away', { ipAllowList: ['10.0.0.1'] });
    assert.equal(problem(await wire.signed('GET', path, {}, away)), rejected);
    const near = make('near', { ipAllowList: ['10.0.0.1', '127.0.0.1'] });
    assert.equal((await wire.signed('GET', path, {}, near)).status, 200);
    const key = exchange.key('near');
    assert.ok(key !== undefined && mayComeFrom(key, '::ffff:127.0.0.1'));
    assert.ok(exchange.keys.remove('near'));
    assert.equal(problem(await wire.signed('GET', path, {}, near)), rejected);
  });
});

test('[X65] a key tells its rights and restrictions', async () => {
  await withWire(async (wire) => {
    wire.lab.exchange.registerKey({
      accountId: 1,
      apiKey: 'withdrawer',
      secret: 's',
      rights: { withdrawals: true, spotTrading: true },
      ipAllowList: ['127.0.0.1'],
    });
    const body = record(
      await wire.signed(
        'GET',
        '/sapi/v1/account/apiRestrictions',
        {},
        { apiKey: 'withdrawer', secret: 's' },
      ),
    );
    assert.deepEqual(body, {
      ipRestrict: true,
      createTime: wire.lab.clock.wall,
      enableReading: true,
      enableWithdrawals: true,
      enableInternalTransfer: false,
      enableMargin: false,
      enableFutures: false,
      permitsUniversalTransfer: false,
      enableVanillaOptions: false,
      enableFixApiTrade: false,
      enableFixReadOnly: false,
      enableSpotAndMarginTrading: true,
      enablePortfolioMarginTrading: false,
    });
  });
});

function signText(kind: 'rsa' | 'ed25519', text: string, key: KeyObject): string {
  return sign(kind === 'rsa' ? 'sha256' : null, Buffer.from(text), key).toString('base64');
}
