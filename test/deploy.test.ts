// SPDX-License-Identifier: Apache-2.0
// The files for deployment: they name what exists, agree with each other, and the system takes them.

import { strict as assert } from 'node:assert';
import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
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
