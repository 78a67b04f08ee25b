// SPDX-License-Identifier: Apache-2.0
// The files for deployment: they name what exists, agree with each other, and the system takes them.

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { getuid } from 'node:process';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { demoPolicy } from '../cli/src/demo-desk.ts';
import { parseConfig } from '../egress/src/config.ts';
import { readServerConfig } from '../server/src/config.ts';

const ROOT = fileURLToPath(new URL('..', import.meta.url));
const DEPLOY = join(ROOT, 'deploy');
const UNITS = join(DEPLOY, 'systemd');
const PROGRAM = '/opt/kontor/cli/src/main.ts ';

function read(...parts: readonly string[]): string {
  return readFileSync(join(DEPLOY, ...parts), 'utf8');
}

function services(): readonly string[] {
  return readdirSync(UNITS).filter((name) => name.endsWith('.service'));
}

test('[T154] units and containers start what exists, with options that exist', () => {
  const commands = [
    ...services().map(
      (name) => /^ExecStart=.*main\.ts (.*)$/m.exec(read('systemd', name))?.[1] ?? '',
    ),
    ...[...read('compose.yaml').matchAll(/command:\s*\[([^\]]*)\]/g)].map(([, list = '']) =>
      list.replaceAll(/[,']/g, ' '),
    ),
  ].map((text) => text.trim().split(/\s+/));
  assert.equal(commands.length, 8);
  for (const words of commands) {
    const named = words.slice(0, words[0] === 'run' ? 2 : 1);
    const help = spawnSync(
      process.execPath,
      [join(ROOT, PROGRAM.trim().replace('/opt/kontor/', '')), ...named, '--help'],
      { encoding: 'utf8' },
    );
    assert.equal(help.status, 0, help.stderr);
    for (const option of words.filter((word) => word.startsWith('--')))
      assert.ok(help.stdout.includes(option), `${named.join(' ')} has ${option}`);
  }
});

test('[T154] the configurations for the demo exchange are ones that server and egress take', () => {
  const config = readServerConfig(join(DEPLOY, 'demo', 'server.json'));
  const venues = parseConfig(read('demo', 'egress.json'));
  assert.deepEqual([...venues.keys()], [config.venue]);
  const exchange = read('systemd', 'kontor-exchange.service');
  assert.ok(exchange.includes(`--port ${new URL(config.market.rest).port} `));
  assert.ok(exchange.includes(`--control-port ${new URL(config.market.control ?? '').port} `));
  assert.equal(read('demo', 'policy'), demoPolicy(config.symbols, 'USDT', 'synthetic'));
});

test('[T154] three users everywhere, each in the groups of its own links', () => {
  const users = read('systemd', 'kontor.sysusers.conf');
  const members = [...users.matchAll(/^m (\S+) (\S+)$/gm)].map(
    ([, user = '', group = '']) => `${user} ${group}`,
  );
  const image = read('Dockerfile');
  const compose = read('compose.yaml');
  const number = (kind: 'user' | 'group', name: string): string =>
    new RegExp(`${kind}add .*--${kind === 'user' ? 'uid' : 'gid'} (\\d+) .*${name}\\b`).exec(
      image,
    )?.[1] ?? assert.fail(`${name} has no number in the image`);
  const numbers = new Set<string>();
  for (const name of ['server', 'signer', 'egress']) {
    const unit = read('systemd', `kontor-${name}.service`);
    assert.match(unit, new RegExp(`^User=kontor-${name}$`, 'm'));
    const groups = (/^SupplementaryGroups=(.*)$/m.exec(unit)?.[1] ?? '').split(' ');
    assert.deepEqual(
      groups.map((group) => `kontor-${name} ${group}`).toSorted(),
      members.filter((member) => member.startsWith(`kontor-${name} `)).toSorted(),
    );
    for (const group of groups) assert.ok(group.includes(name), `${group} is a link of ${name}`);
    const service = new RegExp(`\\n  ${name}:\\n(.*?)\\n\\n`, 's').exec(compose)?.[1] ?? '';
    const user = number('user', `kontor-${name}`);
    numbers.add(user);
    assert.ok(service.includes(`user: '${user}:${user}'`), name);
    for (const group of groups) {
      const digits = new RegExp(`groupadd --gid (\\d+) ${group}`).exec(image)?.[1] ?? '';
      assert.ok(service.includes(`'${digits}'`), `${name} is in ${group}`);
    }
  }
  assert.equal(numbers.size, 3);
  assert.match(compose, /\n  signer:\n.*?network_mode: none/s);
  assert.match(read('systemd', 'kontor-signer.service'), /^PrivateNetwork=yes$/m);
});

/** Each folder with its mode, its owner and its group. */
type Folders = ReadonlyMap<string, string>;

function foldersOfSystem(): Folders {
  return new Map(
    [...read('systemd', 'kontor.tmpfiles.conf').matchAll(/^d (\S+) (\d+) (\S+) (\S+)$/gm)]
      .filter(([, , , owner]) => owner !== 'root')
      .map(([, path = '', mode = '', owner = '', group = '']) => [
        path,
        `${mode} ${owner} ${group}`,
      ]),
  );
}

function foldersOfImage(): Folders {
  const image = read('Dockerfile');
  const names = new Map(
    [...image.matchAll(/(?:--uid|--gid) (\d+) .*?(kontor-[a-z-]+) \\/g)].map(
      ([, number = '', name = '']) => [number, name],
    ),
  );
  const parts = /for name in ([a-z -]+); do/.exec(image)?.[1]?.split(' ') ?? [];
  return new Map(
    [...image.matchAll(/install -d -o (\d+) -g (\d+) -m (\d+) (\/[^\s]+)/g)]
      .filter(([, owner = '']) => names.has(owner))
      .flatMap(([, owner = '', group = '', mode = '', path = '']) =>
        (path.includes('$name') ? parts : ['']).map((part): readonly [string, string] => [
          path.replace('$name', part),
          `${mode} ${names.get(owner)} ${names.get(group)}`,
        ]),
      ),
  );
}

test('[T191] system and image make the same folders, and each process gets those of its user', () => {
  const folders = foldersOfSystem();
  assert.ok(folders.size > 10);
  assert.deepEqual(
    [...foldersOfImage()].toSorted().map(([path, is]) => `${path} ${is}`),
    [...folders].toSorted().map(([path, is]) => `${path} ${is}`),
  );
  const compose = read('compose.yaml');
  for (const name of ['server', 'signer', 'egress']) {
    const service = new RegExp(`\\n  ${name}:\\n(.*?)\\n\\n`, 's').exec(compose)?.[1] ?? '';
    const mounted = [...service.matchAll(/- [a-z-]+:(\/\S+?)(?::ro)?$/gm)].map(([, to]) => to);
    const unit = read('systemd', `kontor-${name}.service`);
    for (const [path, is] of folders) {
      const [, owner = '', group = ''] = is.split(' ');
      const isOwn = owner === `kontor-${name}`;
      const isItsLink = path.startsWith('/run/') && group.includes(name);
      if (isOwn || isItsLink) assert.ok(mounted.includes(path), `${name} has no ${path}`);
      else if (path !== '/var/lib/kontor/log')
        assert.ok(!mounted.includes(path), `${name} has ${path} of ${owner}`);
      // Who listens at a link, or writes into a folder, may write there; an edge log is committed by a command.
      if (isOwn && !path.endsWith('/edge-logs'))
        assert.match(
          unit,
          new RegExp(`^(?:ReadWrite|Bind)Paths=(?:.* )?${path}(?: |$)`, 'm'),
          path,
        );
    }
  }
  // Of the desk's data egress sees nothing else.
  assert.match(
    read('systemd', 'kontor-egress.service'),
    /^TemporaryFileSystem=\/var\/lib\/kontor:ro/m,
  );
});

test(
  '[T191] the system makes users and folders from the files',
  { skip: reasonNotToMake() },
  (t) => {
    const root = mkdtempSync(join(tmpdir(), 'kontor-root-'));
    t.after(() => rmSync(root, { recursive: true, force: true }));
    for (const [kind, name] of [
      ['sysusers.d', 'kontor.sysusers.conf'],
      ['tmpfiles.d', 'kontor.tmpfiles.conf'],
    ] as const) {
      mkdirSync(join(root, 'etc', kind), { recursive: true });
      cpSync(join(UNITS, name), join(root, 'etc', kind, 'kontor.conf'));
    }
    for (const command of [
      ['systemd-sysusers', `--root=${root}`],
      ['systemd-tmpfiles', `--root=${root}`, '--create'],
    ] as const) {
      const [program, ...words] = command;
      const { status, stderr } = spawnSync(program, words, { encoding: 'utf8' });
      assert.equal(status, 0, stderr);
    }
    const numbers = (file: string): ReadonlyMap<number, string> =>
      new Map(
        readFileSync(join(root, 'etc', file), 'utf8')
          .trim()
          .split('\n')
          .map((line) => line.split(':'))
          .map(([name = '', , number = '']) => [Number(number), name]),
      );
    const users = numbers('passwd');
    const groups = numbers('group');
    for (const [path, is] of foldersOfSystem()) {
      assert.ok(existsSync(join(root, path)), path);
      const { mode, uid, gid } = statSync(join(root, path));
      const found = (mode & 0o7777).toString(8).padStart(4, '0');
      assert.equal(`${found} ${users.get(uid)} ${groups.get(gid)}`, is, path);
    }
  },
);

test('[T206] root alone writes whose word on the log counts, and the server reads it', () => {
  assert.match(read('systemd', 'kontor.tmpfiles.conf'), /^d \/var\/lib\/kontor\/trust 0750 root kontor-server$/m); // prettier-ignore
  assert.match(read('Dockerfile'), /install -d -o 0 -g 7001 -m 0750 \/var\/lib\/kontor\/trust /);
  for (const name of services()) {
    const writes = [...read('systemd', name).matchAll(/^(?:ReadWrite|Bind)Paths=(.*)$/gm)];
    for (const [, paths = ''] of writes) assert.ok(!paths.includes('/trust'), name);
  }
  const compose = read('compose.yaml');
  const mounts = [...compose.matchAll(/\n  ([a-z]+):\n(.*?)(?=\n\n)/gs)].flatMap(([, name, text = '']) =>
    [...text.matchAll(/- trust:(\S+)/g)].map(([, where]) => `${name} ${where}`),
  ); // prettier-ignore
  assert.deepEqual(mounts, ['server /var/lib/kontor/trust:ro', 'terminal /var/lib/kontor/trust']);
});

test('[T207] the commands for containers name services and commands that there are', () => {
  const compose = read('compose.yaml');
  const known = [...compose.matchAll(/^  ([a-z]+):\n    <<:/gm)].map(([, name = '']) => name);
  assert.deepEqual(known, ['server', 'egress', 'signer', 'exchange', 'terminal']);
  const text = readFileSync(join(ROOT, 'docs', 'deploy.md'), 'utf8').replaceAll(/\\\n\s+/g, '');
  const lines = [...text.matchAll(/^ {4}docker compose (run|exec) (.*)$/gm)];
  assert.ok(lines.length >= 8);
  const verbs = new Set<string>();
  for (const [line, how, rest = ''] of lines) {
    const words = rest.split(' ').filter((word) => !/^[-/]/.test(word) && word !== 'sh');
    // What an option takes: a volume.
    const named = words.filter((word) => !word.startsWith('"$PWD'));
    const [service = '', ...said] = named;
    assert.ok(known.includes(service), line);
    const shell = /'([^']*)'/.exec(rest)?.[1];
    const given =
      shell === undefined
        ? said.slice(how === 'exec' ? 1 : 0)
        : (/kontor (.*)/.exec(shell)?.[1]?.split(' ') ?? []);
    if (how === 'exec') assert.equal(said[0], 'kontor', line);
    const end = given.findIndex((word) => !/^[a-z-]+$/.test(word));
    const command = end < 0 ? given : given.slice(0, end);
    if (command.length > 0) verbs.add(`${service}: ${command.join(' ')}`);
  }
  for (const each of verbs) {
    const [, command = ''] = each.split(': ');
    const { status, stdout } = spawnSync(
      process.execPath,
      [join(ROOT, PROGRAM.trim().replace('/opt/kontor/', '')), ...command.split(' '), '--help'],
      { encoding: 'utf8' },
    );
    const [usage = ''] = stdout.split('\n');
    assert.equal(status, 0, each);
    // Of a command that is none the help is that of the group.
    assert.ok(usage.startsWith('Usage: kontor ') && !usage.includes('[command]'), each);
  }
  for (const each of [
    'terminal: backup',
    'terminal: restore',
    'terminal: log trust',
    'signer: vault backup',
  ])
    assert.ok(verbs.has(each), each);
  const terminal = /\n  terminal:\n(.*?)\n\n/s.exec(compose)?.[1] ?? '';
  assert.match(terminal, /profiles: \[terminal\]/);
  const folders = [...foldersOfSystem().keys(), '/var/lib/kontor/trust'];
  for (const path of folders.filter((one) => one.startsWith('/var/lib/kontor/')))
    assert.ok(terminal.includes(`:${path}\n`) || terminal.endsWith(`:${path}`), path);
});

test('[T192] neither signer nor egress is swapped to a disk, and the signer’s container has no network', () => {
  const compose = read('compose.yaml');
  const [, memory, both] =
    /x-unswapped: &unswapped\n  mem_limit: (\S+)\n  memswap_limit: (\S+)\n/.exec(compose) ?? [];
  assert.notEqual(memory, undefined);
  assert.equal(memory, both);
  for (const name of ['signer', 'egress']) {
    assert.ok(compose.includes(`\n  ${name}:\n    <<: [*part, *unswapped]\n`), name);
    assert.match(read('systemd', `kontor-${name}.service`), /^MemorySwapMax=0$/m);
  }
});

test('[T192] Compose takes the file', { skip: reasonNotToCompose() }, () => {
  const { status, stdout, stderr } = spawnSync(
    'docker',
    ['compose', '-f', join(DEPLOY, 'compose.yaml'), 'config', '--format', 'json'],
    { encoding: 'utf8' },
  );
  assert.equal(status, 0, stderr);
  const { services } = JSON.parse(stdout) as {
    readonly services: Readonly<Record<string, { readonly network_mode: string }>>;
  };
  assert.deepEqual(
    Object.entries(services)
      .map(([name, { network_mode }]) => `${name} ${network_mode}`)
      .toSorted(),
    ['egress host', 'exchange host', 'server host', 'signer none'],
  );
});

test('[T154] systemd takes the units', { skip: reasonNotToAsk() }, (t) => {
  const folder = mkdtempSync(join(tmpdir(), 'kontor-units-'));
  t.after(() => rmSync(folder, { recursive: true, force: true }));
  const paths = readdirSync(UNITS)
    .filter((name) => /\.(service|target)$/.test(name))
    .map((name) => {
      const path = join(folder, name);
      // That the program lies there is for the machine on which it is installed.
      writeFileSync(path, read('systemd', name).replace(/^ExecStart=\S+/m, 'ExecStart=/bin/true'));
      return path;
    });
  const { status, stderr } = spawnSync('systemd-analyze', ['verify', '--man=no', ...paths], {
    encoding: 'utf8',
  });
  assert.equal(status, 0, stderr);
  assert.equal(stderr, '');
  for (const path of paths.filter((one) => /server|signer|egress/.test(basename(one)))) {
    const { stdout } = spawnSync('systemd-analyze', ['security', '--offline=true', path], {
      encoding: 'utf8',
    });
    const [, level = '10'] = /Overall exposure level for \S+: ([\d.]+)/.exec(stdout) ?? [];
    t.diagnostic(`${basename(path)}: exposure ${level} of 10`);
    assert.ok(Number(level) < 2.5, `${path} is exposed by ${level}`);
  }
});

function reasonNotToAsk(): string | false {
  return spawnSync('systemd-analyze', ['--version']).status === 0 ? false : 'needs systemd-analyze';
}

function reasonNotToMake(): string | false {
  if (getuid?.() !== 0) return 'needs root, to give folders to others';
  const isThere = ['systemd-sysusers', 'systemd-tmpfiles'].every(
    (program) => spawnSync(program, ['--version']).status === 0,
  );
  return isThere ? false : 'needs systemd-sysusers and systemd-tmpfiles';
}

function reasonNotToCompose(): string | false {
  return spawnSync('docker', ['compose', 'version']).status === 0 ? false : 'needs docker compose';
}
