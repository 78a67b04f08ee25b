// SPDX-License-Identifier: Apache-2.0
// The scanner finds what was planted and nothing else.

import { strict as assert } from 'node:assert';
import { spawn, spawnSync } from 'node:child_process';
import { createHmac, generateKeyPairSync, hash, randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { inspect } from 'node:util';
import { gzipSync, zstdCompressSync } from 'node:zlib';
import { ENCODING_NAMES, openPatterns, patternsOf, sealPatterns } from '@kontor/signer';
import { stringCanary } from '../src/scan/string-canaries.ts';
import { PatternTable, Scanner, type Find, type ScannerReport } from '../src/scan/scanner.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const SEED = 'kontor-scan-1';
let drawn = 0;

/** Bytes that are the same in every run. */
function bytes(count: number): Buffer {
  const parts: Buffer[] = [];
  for (let have = 0; have < count; have += 32) {
    drawn += 1;
    parts.push(createHmac('sha256', SEED).update(String(drawn)).digest());
  }
  return Buffer.concat(parts).subarray(0, count);
}

const ALPHABET = 'ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789';
const alphanumeric = (count: number): string =>
  Array.from(bytes(count), (byte) => ALPHABET[byte % ALPHABET.length]).join('');

/** One of each form that exchanges give out, and keys of our own. */
const SECRETS: readonly (readonly [string, Buffer])[] = [
  ['binance', Buffer.from(alphanumeric(64))],
  ['kraken', Buffer.from(bytes(64).toString('base64'))],
  ['kucoin', Buffer.from(bytes(12).toString('hex'))],
  [
    'kucoin-uuid',
    Buffer.from(
      bytes(16)
        .toString('hex')
        .replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-'),
    ),
  ],
  ['coinbase', Buffer.from(alphanumeric(36))],
  [
    'ed25519',
    generateKeyPairSync('ed25519')
      .privateKey.export({ format: 'der', type: 'pkcs8' })
      .subarray(-32),
  ],
];

const KEY = Buffer.from(hash('sha256', SEED, 'buffer'));
const TABLE = new PatternTable(
  SECRETS.flatMap(([label, secret]) => patternsOf(label, secret, KEY)),
  KEY,
);

async function scan(
  parts: readonly Buffer[],
): Promise<{ readonly finds: readonly Find[]; readonly report: ScannerReport }> {
  const finds: Find[] = [];
  const scanner = new Scanner(TABLE, (find) => finds.push(find));
  for (const part of parts) await scanner.write(part);
  return { finds, report: await scanner.end() };
}

const text = (value: string): Buffer => Buffer.from(value);
const asText = (secret: Buffer): string => secret.toString('latin1');
const isText = (secret: Buffer): boolean => secret.every((byte) => byte > 31 && byte < 127);
const each = (secret: Buffer, form: (byte: number) => string): Buffer =>
  text(Array.from(secret, form).join(''));
const hex = (byte: number): string => byte.toString(16).padStart(2, '0');

/** How a secret gets into places, written without the product's encoders. */
const PLANTS: Readonly<Record<string, (secret: Buffer) => Buffer>> = {
  raw: (secret) => secret,
  url: (secret) => text(`GET /api?key=${encodeURIComponent(asText(secret))}&x=1`),
  'url twice': (secret) => text(encodeURIComponent(encodeURIComponent(asText(secret)))),
  'percent all': (secret) => each(secret, (byte) => `%${hex(byte)}`),
  'percent all upper': (secret) => each(secret, (byte) => `%${hex(byte).toUpperCase()}`),
  header: (secret) => Buffer.concat([text('X-MBX-APIKEY: '), secret, text('\r\n')]),
  cookie: (secret) => text(`Cookie: a=b; s=${encodeURIComponent(asText(secret))}; c=d`),
  json: (secret) => text(JSON.stringify({ error: { stack: `Error: ${asText(secret)}\n at x` } })),
  'json escapes': (secret) => each(secret, (byte) => `\\u00${hex(byte)}`),
  'json slashes': (secret) => text(JSON.stringify(asText(secret)).replaceAll('/', '\\/')),
  graphql: (secret) => text(JSON.stringify({ query: 'q', variables: { secret: asText(secret) } })),
  'html decimal': (secret) => each(secret, (byte) => `&#${byte};`),
  'html hex': (secret) => each(secret, (byte) => `&#x${hex(byte)};`),
  hex: (secret) => text(secret.toString('hex')),
  'upper hex': (secret) => text(secret.toString('hex').toUpperCase()),
  base64: (secret) => text(secret.toString('base64')),
  'base64 + 1': (secret) => text(Buffer.concat([text('x'), secret, text('yz')]).toString('base64')),
  'base64 + 2': (secret) =>
    text(Buffer.concat([text('{"'), secret, text('"}')]).toString('base64')),
  base64url: (secret) => text(Buffer.concat([text('user:'), secret]).toString('base64url')),
  'utf-16le': (secret) => Buffer.from(asText(secret), 'utf16le'),
  'utf-16be': (secret) => Buffer.from(asText(secret), 'utf16le').swap16(),
  'buffer as json': (secret) => text(JSON.stringify(secret)),
  'byte list': (secret) => text(`[${Array.from(secret).join(', ')}]`),
  inspected: (secret) =>
    text(inspect(Buffer.from(secret), { maxArrayLength: 1000 }).replace(/ \.\.\. .*>/, '>')),
  'quoted-printable': (secret) => text(asText(secret).replaceAll('=', '=3D')),
  protobuf: (secret) =>
    Buffer.concat([Buffer.from([0x0a, secret.length]), secret, Buffer.from([0x10, 1])]),
  gzip: (secret) => gzipSync(Buffer.concat([text('{"a":"'), secret, text('"}')])),
  zstd: (secret) => zstdCompressSync(Buffer.concat([text('{"a":"'), secret, text('"}')])),
  'gzip in gzip': (secret) => gzipSync(Buffer.concat([text('x'), gzipSync(secret)])),
};

/** For secrets of 48 bytes and more: their parts. */
const BROKEN: Readonly<Record<string, (secret: Buffer) => Buffer>> = {
  'over two lines': (secret) =>
    Buffer.concat([secret.subarray(0, 24), text('\n'), secret.subarray(24)]),
  'over two records': (secret) =>
    Buffer.concat([
      text('{"m":"'),
      secret.subarray(0, 25),
      text('"}\n{"m":"'),
      secret.subarray(25),
      text('"}'),
    ]),
  'parts in reverse': (secret) =>
    Buffer.concat([secret.subarray(24), text(' ... '), secret.subarray(0, 24)]),
};

test('[C70] attack 52: secrets of every form are found in every encoding, at any place, and in parts', async (t) => {
  let planted = 0;
  const found = new Map<string, number>();
  for (const [label, secret] of SECRETS) {
    for (const [place, plant] of Object.entries({
      ...PLANTS,
      ...(secret.length >= 48 ? BROKEN : {}),
    })) {
      if (!isText(secret) && /url$|twice|cookie|json$|json slashes|graphql|utf|quoted/.test(place))
        continue;
      for (let shift = 0; shift < 8; shift += 1) {
        const before = bytes(1000 + shift);
        const { finds } = await scan([before, plant(secret), bytes(300)]);
        planted += 1;
        assert.ok(finds.length > 0, `${label} ${place} at ${shift} was missed (seed ${SEED})`);
        for (const find of finds) assert.equal(find.label, label);
        found.set(place, (found.get(place) ?? 0) + 1);
      }
    }
  }
  assert.ok(planted >= 500);
  t.diagnostic(
    `${planted} planted in ${found.size} ways, 0 missed; ${ENCODING_NAMES.length} encodings`,
  );
});

test('[C71] a secret across pieces of the stream is found once, with its line and offset', async () => {
  const [[label, secret] = ['', Buffer.alloc(0)]] = SECRETS;
  const filler = text('a line of the log\n'.repeat(70_000));
  for (const cut of [1, 31, 63, 64]) {
    const whole = Buffer.concat([filler, secret, filler]);
    const at = filler.length + cut;
    const { finds, report } = await scan([whole.subarray(0, at), whole.subarray(at)]);
    assert.deepEqual(finds, [
      { label, encoding: 'raw', offset: filler.length, line: 70_001, within: [] },
    ]);
    assert.equal(report.bytes, whole.length);
  }
  const packed = Buffer.concat([
    text('before'),
    gzipSync(Buffer.concat([text('one\ntwo '), secret])),
    filler,
  ]);
  const { finds, report } = await scan(
    Array.from({ length: Math.ceil(packed.length / 7) }, (_, index) =>
      packed.subarray(index * 7, index * 7 + 7),
    ),
  );
  assert.deepEqual(finds, [{ label, encoding: 'raw', offset: 8, line: 2, within: ['gzip'] }]);
  assert.equal(report.members, 1);
});

test('[C72] attack 52: nothing is found where nothing was planted', async (t) => {
  const noise = bytes(2_000_000);
  const forms = [
    noise,
    text(noise.toString('hex')),
    text(noise.toString('base64')),
    text(JSON.stringify(Array.from(noise.subarray(0, 500_000)))),
    text(Array.from(noise.subarray(0, 500_000), (byte) => `\\u00${hex(byte)}`).join('')),
    Buffer.from(noise.toString('hex'), 'utf16le'),
    Buffer.alloc(4_000_000),
  ];
  let total = 0;
  for (const form of forms) {
    const { finds, report } = await scan([form]);
    assert.deepEqual(finds, []);
    total += report.bytes;
  }
  t.diagnostic(`0 false alarms in ${total} bytes`);
});

test('[C73] a member that unpacks without end is left, and that is said', async () => {
  const inner = gzipSync(gzipSync(gzipSync(gzipSync(gzipSync(Buffer.from('deep'))))));
  const { report } = await scan([inner]);
  assert.equal(report.membersLeft, 1);
  const { finds } = await scan([
    Buffer.concat([Buffer.from([0x1f, 0x8b, 0x08]), randomBytes(100_000)]),
  ]);
  assert.deepEqual(finds, []);
});

test('[C74] attack 54: the command names the place and the key, never the secret', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-scan-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const [[label, secret] = ['', Buffer.alloc(0)]] = SECRETS;
  const file = (name: string, content: Buffer | string): string => {
    writeFileSync(join(folder, name), content);
    return join(folder, name);
  };
  mkdirSync(join(folder, 'logs', 'old'), { recursive: true });
  file('logs/clean.log', 'nothing here\n');
  file(
    'logs/old/edge.ndjson.gz',
    gzipSync(`{"a":1}\n{"ClientRequestURI":"/?k=${asText(secret)}"}\n`),
  );
  const patterns = SECRETS.flatMap(([name, value]) => patternsOf(name, value, KEY));
  const sealed = sealPatterns(patterns, KEY);
  const given = ['--patterns', file('patterns', sealed), '--key', file('key', KEY)];

  const found = await kontor([...given, join(folder, 'logs')]);
  assert.equal(found.code, 1);
  const path = join(folder, 'logs', 'old', 'edge.ndjson.gz');
  assert.ok(
    found.stdout.startsWith(`${path}:2 (byte 33, inside gzip): the key of ${label}, as raw\n`),
    found.stdout,
  );
  assert.ok(!found.stdout.includes(asText(secret)));

  const input = await kontor([...given, '--json', '-'], Buffer.concat([text('x'), secret]));
  const document = JSON.parse(input.stdout);
  assert.equal(input.code, 1);
  assert.deepEqual(document.finds, [
    { source: 'standard input', label, encoding: 'raw', offset: 1, line: 1, within: [] },
  ]);

  const clean = await kontor([...given, join(folder, 'logs', 'clean.log')]);
  assert.equal(clean.code, 0);
  assert.equal(
    clean.stdout,
    `No key of the ${SECRETS.length} known, in any of ${ENCODING_NAMES.length} encodings, in 13 bytes of 1 source and 0 unpacked from 0 members.\n`,
  );

  const other = ['--patterns', join(folder, 'patterns'), '--key', file('other', bytes(32))];
  const refused = await kontor([...other, folder]);
  assert.equal(refused.code, 2);
  assert.match(refused.stderr, /^error: .+patterns: expected patterns written with the key in /);
  assert.equal(openPatterns(Buffer.from('kontor-scan/v1\n'), KEY), null);
  for (const [, value] of SECRETS) assert.ok(!sealed.includes(value));
});

test('[C144] string canaries are found wherever they turn up, by the key that made them alone', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-canary-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const at = (name: string): string => join(folder, name);
  writeFileSync(at('patterns'), sealPatterns([], KEY));
  writeFileSync(at('key'), KEY);
  const plant = (
    ...given: readonly string[]
  ): { readonly status: number | null; readonly stderr: string } =>
    spawnSync(process.execPath, [MAIN, 'canary', 'plant', ...given, '--key', at('key')], {
      encoding: 'utf8',
    });
  assert.equal(plant(at('.env'), '--slot', '3').status, 0);
  const decoy = readFileSync(at('.env'), 'utf8');
  const [, apiKey = '', secret = ''] =
    /BINANCE_API_KEY=([A-Za-z0-9]{64})\nBINANCE_API_SECRET=([A-Za-z0-9]{64})\n/.exec(decoy) ?? [];
  assert.deepEqual(stringCanary(KEY, 3), { apiKey, secret });
  assert.equal(statSync(at('.env')).mode & 0o777, 0o600);
  assert.notEqual(plant(at('.env')).status, 0, 'what is there stays');
  assert.notEqual(plant(at('other'), '--slot', '16').status, 0);

  const given = ['--patterns', at('patterns'), '--key', at('key')];
  writeFileSync(at('log'), `GET /?q=${Buffer.from(`k=${secret}`).toString('base64')}\n`);
  const found = await kontor([...given, at('log'), at('.env')]);
  assert.equal(found.code, 1);
  assert.match(found.stdout, /log:1 \(byte \d+\): string canary 3, as base64/);
  assert.match(found.stdout, /\.env:2 \(byte \d+\): string canary 3, as raw/);
  assert.ok(!found.stdout.includes(secret));
  // To another key it is text like any other.
  const otherKey = bytes(32);
  writeFileSync(at('other-key'), otherKey);
  writeFileSync(at('other-patterns'), sealPatterns([], otherKey));
  const other = await kontor([
    '--patterns',
    at('other-patterns'),
    '--key',
    at('other-key'),
    at('.env'),
  ]);
  assert.equal(other.code, 0);
});

test('[C145] what could not be looked into to its end gives an exit code of its own', async (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-scan-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const deep = gzipSync(gzipSync(gzipSync(gzipSync(gzipSync(Buffer.from('deep'))))));
  writeFileSync(join(folder, 'patterns'), sealPatterns([], KEY));
  writeFileSync(join(folder, 'key'), KEY);
  const given = ['--patterns', join(folder, 'patterns'), '--key', join(folder, 'key')];
  const left = await kontor([...given, '-'], deep);
  assert.equal(left.code, 3);
  assert.match(left.stdout, /^1 member not looked into to the end\.\n/);
  const whole = await kontor([...given, '-'], gzipSync(Buffer.from('not deep')));
  assert.equal(whole.code, 0);
  // What is no find does not look like one to a script.
  const absent = await kontor([...given, join(folder, 'nowhere')]);
  assert.equal(absent.code, 2, absent.stderr);
  const keyless = await kontor([...given.slice(0, 3), join(folder, 'nokey'), folder]);
  assert.equal(keyless.code, 2);
  assert.match(keyless.stderr, /^error: --key: expected a file, found nothing at .*nokey/);
  const folded = await kontor([...given, '-', '--key', join(folder, 'patterns')]);
  assert.equal(folded.code, 2, 'patterns of another key');
});

async function kontor(
  given: readonly string[],
  input: Buffer = Buffer.alloc(0),
): Promise<{ readonly code: number | null; readonly stdout: string; readonly stderr: string }> {
  const child = spawn(process.execPath, [MAIN, 'scan', ...given], { stdio: 'pipe' });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (bytes: Buffer) => (stdout += bytes.toString('utf8')));
  child.stderr.on('data', (bytes: Buffer) => (stderr += bytes.toString('utf8')));
  child.stdin.end(input);
  const [code] = await once(child, 'close');
  return { code: typeof code === 'number' ? code : null, stdout, stderr };
}
