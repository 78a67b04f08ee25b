// SPDX-License-Identifier: Apache-2.0
// Ways of the machine to open the vault: key services and the keyring of the system, with real processes.

import assert from 'node:assert/strict';
import { hash } from 'node:crypto';
import { execFile, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chmodSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:https';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test, type TestContext } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { sealToOpen } from '@kontor/signer/seal';
import fc from 'fast-check';
import { connectDesk, type DeskClient } from '../src/desk-client.ts';
import { awsHeaders } from '../src/ways/aws-signature.ts';
import { base64Field, toBase64Bytes } from '../src/ways/base64-bytes.ts';
import { objectionToAddress } from '../src/ways/service-request.ts';
import { transitDecrypt } from '../src/ways/transit.ts';
import { readServices, readStanza, serviceName } from '../src/ways/way-config.ts';
import { testCertificate } from '../../test/certificate.ts';
import { KeyService } from './key-service.ts';

const MAIN = fileURLToPath(new URL('../src/main.ts', import.meta.url));
const FLAGS = ['--disable-warning=ExperimentalWarning', MAIN];
const WAIT_MS_MAX = 120_000;
/** Runs a program with a message bus of its own. */
const SESSION = 'dbus-run-session';
const PASSPHRASE = 'correct horse battery';
const ARN = 'arn:aws:kms:eu-central-1:111122223333:key/1234abcd-12ab-34cd-56ef-1234567890ab';

interface Said {
  readonly code: number;
  readonly out: string;
  readonly err: string;
}

function kontor(input: string, ...args: readonly string[]): Promise<Said> {
  return new Promise((resolve) => {
    const options = { encoding: 'utf8', timeout: WAIT_MS_MAX } as const;
    const child = execFile(process.execPath, [...FLAGS, ...args], options, (error, out, err) => {
      resolve({ code: error === null ? 0 : Number(error.code ?? 1), out, err });
    });
    child.stdin?.end(input);
  });
}

/** A desk's folder whose vault has a passphrase. */
async function protectedDesk(t: TestContext): Promise<string> {
  const data = newFolder(t);
  mkdirSync(join(data, 'signer'), { recursive: true, mode: 0o700 });
  await protect(data);
  return data;
}

function newFolder(t: TestContext): string {
  const parent = mkdtempSync(join(tmpdir(), 'kontor-ways-'));
  t.after(() => rmSync(parent, { recursive: true, force: true }));
  return join(parent, 'data');
}

async function protect(data: string): Promise<void> {
  const twice = `${PASSPHRASE}\n${PASSPHRASE}\n`;
  const set = await kontor(twice, 'vault', 'passphrase', '--data', data);
  assert.equal(set.code, 0, set.err);
}

async function serviceFor(t: TestContext, data: string): Promise<KeyService> {
  const service = await KeyService.start();
  t.after(() => service.stop());
  writeFileSync(join(data, '..', 'token'), `${service.token}\n`, { mode: 0o600 });
  const { accessKeyId, secretAccessKey } = service.aws;
  const lines = ['[other]', 'aws_access_key_id = AKIDOTHER', '[desk]'];
  lines.push(`aws_access_key_id = ${accessKeyId}`, `aws_secret_access_key=${secretAccessKey}`, '');
  writeFileSync(join(data, '..', 'credentials'), lines.join('\n'), { mode: 0o600 });
  return service;
}

function addTransit(data: string, address: string, ...more: readonly string[]): Promise<Said> {
  const token = join(data, '..', 'token');
  return kontor(
    `${PASSPHRASE}\n`,
    ...['vault', 'kms', 'add', '--data', data, '--transit', address, '--key', 'desk'],
    ...['--token-file', token, ...more],
  );
}

interface Ways {
  readonly ways: readonly { readonly id: string; readonly kind: string; readonly stanza: string }[];
}

async function waysOf(data: string): Promise<Ways['ways']> {
  const shown = await kontor('', 'vault', 'show', '--json', '--data', data);
  assert.equal(shown.code, 0, shown.err);
  return (JSON.parse(shown.out) as Ways).ways;
}

/** Starts the desk with nothing on its standard input yet and hands it to `work`. */
async function withDesk(
  t: TestContext,
  data: string,
  work: (desk: ChildProcess, said: () => string) => Promise<void>,
  environment: NodeJS.ProcessEnv = process.env,
): Promise<void> {
  const args = ['start', '--json', '--no-open', '--port', '0', '--data', data];
  const child = spawn(process.execPath, [...FLAGS, ...args], {
    stdio: ['pipe', 'ignore', 'pipe'],
    env: environment,
  });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await work(child, () => said);
  child.kill('SIGTERM');
  await exit;
}

interface Health {
  readonly processes: readonly { readonly name: string; readonly pid: number | null }[];
}

/** The desk that starts on `data`, once its signer answers. */
async function deskOf(data: string): Promise<DeskClient> {
  const end = Date.now() + WAIT_MS_MAX;
  for (;;) {
    try {
      const desk = connectDesk(data);
      await desk.get('/api/v1/vault');
      return desk;
    } catch (error) {
      if (Date.now() > end) throw error;
      await delay(50);
    }
  }
}

async function until(isSo: () => boolean, what: () => string): Promise<void> {
  const end = Date.now() + WAIT_MS_MAX;
  while (!isSo()) {
    if (Date.now() > end) assert.fail(`waited for the desk in vain: ${what()}`);
    await delay(50);
  }
}

test('[C150] a Transit service opens the vault of a desk that starts, and the passphrase goes on doing so', async (t) => {
  const data = await protectedDesk(t);
  const service = await serviceFor(t, data);
  const added = await addTransit(data, `${service.address}/`);
  assert.equal(added.code, 0, added.err);
  assert.match(added.err, /opens by transit http:\/\/127\.0\.0\.1:\d+ as well now/);
  const [way] = await waysOf(data);
  assert.match(way?.stanza ?? '', /^kms transit http:\/\/127\.0\.0\.1:\d+ transit\/desk vault:v1:/);
  const shown = await kontor('', 'vault', 'show', '--data', data);
  assert.match(shown.out, /It opens as well by\n {2}w_[A-Z2-7]{7} {2}key service {2}transit /);
  assert.equal(statSync(join(data, 'config', 'ways.json')).mode & 0o777, 0o600);
  service.asked.length = 0;
  await withDesk(t, data, async (_desk, said) => {
    await until(() => said().includes('The vault is open.'), said);
    assert.equal(said().includes('The vault is locked'), false, 'nobody is asked');
  });
  assert.deepEqual(
    service.asked.map(({ path }) => path),
    ['/v1/transit/decrypt/desk'],
  );
  service.isDown = true;
  await withDesk(t, data, async (desk, said) => {
    await until(() => said().includes('The vault is locked'), said);
    assert.match(said(), /The key service gives no key: .* it answered 503/);
    assert.equal(said().includes(service.token), false);
    desk.stdin?.write(`${PASSPHRASE}\n`);
    await until(() => said().includes('The vault is open.'), said);
  });
  const removed = await kontor('', 'vault', 'kms', 'remove', way?.id ?? '', '--data', data);
  assert.equal(removed.code, 0, removed.err);
  assert.deepEqual(await waysOf(data), []);
  assert.deepEqual(readServices(join(data, 'config')), []);
});

test('[C150] AWS KMS opens the vault, bound to its context, by credentials that it checks', async (t) => {
  const data = await protectedDesk(t);
  const service = await serviceFor(t, data);
  const credentials = join(data, '..', 'credentials');
  const add = (profile: string): Promise<Said> =>
    kontor(
      `${PASSPHRASE}\n`,
      ...['vault', 'kms', 'add', '--data', data, '--aws', ARN, '--endpoint', service.address],
      ...['--credentials', credentials, '--profile', profile],
    );
  const wrong = await add('other');
  assert.equal(wrong.code, 1);
  assert.match(wrong.err, /expected aws_access_key_id and aws_secret_access_key under \[other\]/);
  const added = await add('desk');
  assert.equal(added.code, 0, added.err);
  const [way] = await waysOf(data);
  assert.match(way?.stanza ?? '', /^kms aws arn:aws:kms:\S+ [0-9a-f]{64} [A-Za-z0-9+/=]+$/);
  await withDesk(t, data, async (_desk, said) => {
    await until(() => said().includes('The vault is open.'), said);
  });
  assert.ok(service.asked.every(({ headers }) => headers.authorization?.includes('eu-central-1')));
});

test('[C151] what cannot be used is refused with a reason, and changes nothing', async (t) => {
  const data = await protectedDesk(t);
  const service = await serviceFor(t, data);
  const before = readdirSync(join(data, 'signer', 'vault'));
  const token = join(data, '..', 'token');
  for (const [args, message] of [
    [
      ['--transit', 'http://bao.example:8200', '--key', 'k', '--token-file', token],
      /expected https/,
    ],
    [['--transit', service.address, '--key', 'k'], /expected --key and --token-file/],
    [['--transit', service.address, '--aws', ARN], /expected either --transit or --aws/],
    [['--aws', 'arn:aws:s3:::x', '--credentials', token], /expected the ARN of a KMS key/],
    [['--transit', service.address, '--key', 'other', '--token-file', token], /it answered 404/],
    [['--transit', 'http://127.0.0.1:9', '--key', 'k', '--token-file', token], /ECONNREFUSED/],
    [['--transit', service.address, '--key', 'desk', '--token-file', 'no-file'], /found no file/],
  ] as const) {
    const said = await kontor(`${PASSPHRASE}\n`, 'vault', 'kms', 'add', '--data', data, ...args);
    assert.notEqual(said.code, 0, args.join(' '));
    assert.match(said.err, message);
  }
  chmodSync(token, 0o644);
  const open = await addTransit(data, service.address);
  assert.match(open.err, /expected a file of mode 600/);
  chmodSync(token, 0o600);
  const locked = await kontor(
    'a wrong passphrase\n',
    ...['vault', 'kms', 'add', '--data', data, '--transit', service.address, '--key', 'desk'],
    ...['--token-file', token],
  );
  assert.equal(locked.code, 1);
  assert.deepEqual(await waysOf(data), []);
  assert.deepEqual(readdirSync(join(data, 'signer', 'vault')), before);
});

test('[C152] a token goes to no address that stands in the vault alone', async (t) => {
  const data = await protectedDesk(t);
  const service = await serviceFor(t, data);
  assert.equal((await addTransit(data, service.address)).code, 0);
  const thief = await KeyService.start();
  t.after(() => thief.stop());
  const [way] = await waysOf(data);
  const file = join(data, 'signer', 'vault', `${way?.id}.vault`);
  const bytes = readFileSync(file);
  // The addresses have as many characters: the file stays one, with another way in it.
  const text = bytes.toString('latin1').replace(service.address, thief.address);
  writeFileSync(file, Buffer.from(text, 'latin1'));
  await withDesk(t, data, async (_desk, said) => {
    await until(() => said().includes('The vault is locked'), said);
    assert.match(said(), /among the key services of this desk, found it in the vault only/);
  });
  assert.deepEqual(thief.asked, []);
});

test('[C153] addresses are https, or http on this machine', () => {
  for (const address of ['https://bao.example', 'http://127.0.0.1:8200', 'http://localhost:8200/x'])
    assert.equal(objectionToAddress(address), null, address);
  for (const address of [
    'http://bao.example',
    'http://127.0.0.1.example',
    'https://user:pass@bao.example',
    'https://bao.example/?a=b',
    'ftp://localhost',
    'bao',
  ])
    assert.notEqual(objectionToAddress(address), null, address);
});

test('[C153] a service is asked over TLS, and trusted by the certificate that was named', async (t) => {
  const { certificate, key } = testCertificate('localhost');
  const server = createServer({ cert: certificate, key }, (_request, response) =>
    response.end('{"data":{"plaintext":"AQID"}}'),
  );
  t.after(() => server.close());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const folder = mkdtempSync(join(tmpdir(), 'kontor-ways-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const tokenFile = join(folder, 'token');
  const caFile = join(folder, 'ca.pem');
  writeFileSync(tokenFile, 'a-token\n', { mode: 0o600 });
  writeFileSync(caFile, certificate);
  const { port } = server.address() as AddressInfo;
  const service = {
    kind: 'transit',
    address: `https://localhost:${port}`,
    mount: 'transit',
    key: 'desk',
    tokenFile,
  } as const;
  await assert.rejects(transitDecrypt(service, 'vault:v1:AAAA'), { code: 'way.service' });
  const opened = await transitDecrypt({ ...service, caFile }, 'vault:v1:AAAA');
  assert.deepEqual([...opened], [1, 2, 3]);
});

test('[C154] requests to AWS are signed as its documentation shows', () => {
  const headers = awsHeaders(
    {
      method: 'GET',
      host: 'example.amazonaws.com',
      path: '/',
      region: 'us-east-1',
      service: 'service',
      headers: {},
      body: Buffer.alloc(0),
    },
    {
      accessKeyId: 'AKIDEXAMPLE',
      secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY',
      sessionToken: null,
    },
    new Date('2015-08-30T12:36:00Z'),
  );
  assert.equal(headers['x-amz-date'], '20150830T123600Z');
  assert.equal(
    headers['authorization'],
    'AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/service/aws4_request, SignedHeaders=host;x-amz-date, Signature=5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31',
  );
});

test('[C155] keys in base64 come and go as bytes, as Node reads and writes them', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 70 }), (given) => {
      const bytes = Buffer.from(given);
      const text = toBase64Bytes(bytes);
      assert.equal(text.toString('latin1'), bytes.toString('base64'));
      const body = Buffer.from(`{"data": {"plaintext" : "${text.toString('latin1')}"}}`);
      assert.ok(base64Field(body, 'plaintext')?.equals(bytes));
    }),
  );
  for (const body of [
    '{}',
    '{"plaintext":5}',
    '{"plaintext":"a"}',
    '{"plaintext":"ab_-"}',
    '{"plaintext":"',
  ])
    assert.equal(base64Field(Buffer.from(body), 'plaintext'), null, body);
});

test('[C156] a stanza and its service have one name', () => {
  const service = {
    kind: 'transit',
    address: 'https://bao.example:8200',
    mount: 'transit',
    key: 'desk',
    tokenFile: '/token',
  } as const;
  const way = readStanza(`kms ${serviceName(service)} vault:v1:AAAA`);
  assert.deepEqual(way, { kind: 'kms', name: serviceName(service), ciphertext: 'vault:v1:AAAA' });
  assert.deepEqual(readStanza('keyring kontor desk-1'), {
    kind: 'keyring',
    service: 'kontor',
    account: 'desk-1',
  });
  assert.equal(readStanza('prf a b'), null);
});

test('[C157] without a keyring of the system there is a clear error, and nothing is changed', async (t) => {
  const data = await protectedDesk(t);
  if (process.platform !== 'linux') return t.skip('only Linux can be without one');
  const before = readdirSync(join(data, 'signer', 'vault'));
  const args = [...FLAGS, 'vault', 'keyring', 'on', '--data', data];
  const said = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    input: `${PASSPHRASE}\n`,
    timeout: WAIT_MS_MAX,
    env: { ...process.env, DBUS_SESSION_BUS_ADDRESS: 'unix:path=/nowhere', HOME: data },
  });
  assert.equal(said.status, 1);
  assert.match(said.stderr, /expected the (?:keyring of this system|package @napi-rs\/keyring)/);
  assert.deepEqual(readdirSync(join(data, 'signer', 'vault')), before);
});

test('[C158] the real keyring of the system opens the vault of a desk that starts', async (t) => {
  const has = (program: string): boolean => spawnSync('which', [program]).status === 0;
  if (process.platform !== 'linux' || !has(SESSION) || !has('gnome-keyring-daemon'))
    return t.skip('dbus-run-session and gnome-keyring-daemon are not on this machine');
  const data = await protectedDesk(t);
  const home = join(data, '..', 'home');
  mkdirSync(home, { mode: 0o700 });
  const script = `
    printf pw | gnome-keyring-daemon --unlock --components=secrets >/dev/null 2>&1
    kontor() { "$NODE" --disable-warning=ExperimentalWarning "$MAIN" "$@" --data "$DATA"; }
    echo '${PASSPHRASE}' | kontor vault keyring on || exit 11
    kontor vault show
    "$NODE" --disable-warning=ExperimentalWarning "$MAIN" start --json --no-open --port 0 \\
      --data "$DATA" </dev/null >/dev/null 2>"$DATA/../said" &
    desk=$!
    for _ in $(seq 600); do
      grep -q 'The vault is open' "$DATA/../said" && break
      kill -0 $desk || break
      sleep 0.1
    done
    kill $desk; wait $desk
    cat "$DATA/../said"
    kontor vault keyring off || exit 12
    kontor vault show`;
  const said = spawnSync(SESSION, ['--', 'bash', '-c', script], {
    encoding: 'utf8',
    timeout: 2 * WAIT_MS_MAX,
    env: {
      ...process.env,
      HOME: home,
      XDG_RUNTIME_DIR: home,
      NODE: process.execPath,
      MAIN,
      DATA: data,
    },
  });
  const whole = `${said.stdout}\n${said.stderr}`;
  assert.equal(said.status, 0, whole);
  assert.match(whole, /opens by the keyring of the system as well now/);
  assert.match(said.stdout, /w_[A-Z2-7]{7} {2}keyring {2}the keyring of the system/);
  assert.match(said.stdout, /The vault is open\./);
  assert.equal(said.stdout.includes('The vault is locked'), false);
  assert.match(whole, /does not open by the keyring of the system any more/);
  assert.deepEqual(await waysOf(data), []);
});

test('[C159, C182] opened elsewhere, the vault asks the terminal for nothing any more', async (t) => {
  const data = newFolder(t);
  // A desk makes its connection at its first start, for which the vault is open.
  await withDesk(t, data, async () => void (await deskOf(data)));
  await protect(data);
  const args = ['start', '--json', '--no-open', '--port', '0', '--lock-on-restart', '--data', data];
  const child = spawn(process.execPath, [...FLAGS, ...args], { stdio: ['pipe', 'ignore', 'pipe'] });
  const exit = new Promise((resolve) => child.once('exit', resolve));
  t.after(() => child.kill('SIGKILL'));
  let said = '';
  child.stderr.setEncoding('utf8').on('data', (text: string) => (said += text));
  await until(
    () => said.includes('The vault is locked'),
    () => said,
  );
  const desk = await deskOf(data);
  const { unlockKey } = await desk.get<{ readonly unlockKey: string }>('/api/v1/vault');
  const point = Uint8Array.from(Buffer.from(unlockKey, 'base64'));
  // C182: what the page computes from what the server says; the terminal has it from the signer.
  const digits = hash('sha256', point, 'hex').slice(0, 32).match(/.{4}/g) ?? [];
  assert.ok(said.includes(`Unlock key  ${digits.join(' ')}  (`), said);
  const purpose = { kind: 'passphrase' } as const;
  const sealed = await sealToOpen(Uint8Array.from(Buffer.from(PASSPHRASE)), point, purpose);
  await desk.post('/api/v1/vault/unlock', { way: null, sealed });
  await until(
    () => said.includes('The vault is open.'),
    () => said,
  );
  // Whoever types now answers no question; the line waits for the next one.
  child.stdin.write('typed too late\n');
  const { processes } = await desk.get<Health>('/api/v1/health');
  const pid = processes.find(({ name }) => name === 'signer')?.pid;
  assert.ok(typeof pid === 'number');
  process.kill(pid, 'SIGKILL');
  await until(
    () => said.includes('The passphrase does not open the vault.'),
    () => said,
  );
  assert.equal(said.match(/The vault is locked/g)?.length, 2);
  child.kill('SIGTERM');
  await exit;
});
