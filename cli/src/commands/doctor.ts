// SPDX-License-Identifier: Apache-2.0
// `kontor doctor`: looks at everything a desk needs and says what to do about what is wrong.

import { existsSync, readdirSync, readFileSync, statfsSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { api } from '@kontor/server';
import { PinStore } from '@kontor/egress/pins';
import { Store, StoreError } from '@kontor/server';
import { ORDER_RECV_WINDOW_MS } from '@kontor/signer';
import { Command } from 'commander';
import { EXIT_FAILED, printJson, withExitCodes } from '../command-output.ts';
import { readBackupTimes } from '../backup-times.ts';
import { dataDirectory } from '../data-directory.ts';
import { connectDesk, DeskClientError, type DeskClient } from '../desk-client.ts';
import { deskFiles, type DeskFiles } from '../desk-files.ts';
import {
  alarmFindings,
  backupFindings,
  connectionFindings,
  peopleFindings,
} from '../doctor/custody-findings.ts';
import type { Finding } from '../doctor/finding.ts';
import { overclaim, provenStanding } from '../log/proven-standing.ts';
import { directoryFindings, mayLookInto, rightsOf } from '../doctor/rights.ts';
import { swapsOnDisk } from '../swap.ts';
import { version } from '../version.ts';

const NODE_MAJOR = 26;
const FREE_BYTES_WARNED = 1_073_741_824;
const FREE_BYTES_MIN = 104_857_600;
const CLOCK_SKEW_MS_WARNED = 500;

export function doctorCommand(): Command {
  return withExitCodes(new Command('doctor'))
    .description(
      'check runtime, disk, rights, keys, backups, people and the running desk; exit code 1 when something is wrong',
    )
    .option('--data <dir>', 'data directory of the desk (default: $KONTOR_DATA, else ~/.kontor)')
    .option('--json', 'print one JSON document', false)
    .addHelpText(
      'after',
      '\nEach line is ok, a note (could be better), a warning (less safe than it should be) or an error.\nExit codes: 0 no error, 1 an error, 2 wrong usage.\n\nExample:\n  kontor doctor',
    )
    .action(async (options: { readonly data?: string; readonly json: boolean }) => {
      const files = deskFiles(dataDirectory(options.data));
      const findings = [
        checkNode(),
        checkPages(),
        ...checkSwap(),
        ...checkDirectory(files),
        ...checkSigner(files),
        ...checkPins(files),
        ...(await checkDesk(files)),
      ];
      if (options.json) printJson({ version, data: files.directory, findings });
      else {
        for (const { check, level, detail } of findings) {
          process.stdout.write(`${level.padEnd(8)} ${check.padEnd(12)} ${detail}\n`);
        }
      }
      if (findings.some(({ level }) => level === 'error')) process.exitCode = EXIT_FAILED;
    });
}

function checkNode(): Finding {
  const major = Number(process.versions.node.split('.')[0]);
  return major >= NODE_MAJOR
    ? {
        check: 'runtime',
        level: 'ok',
        detail: `Node ${process.versions.node} on ${process.platform} ${process.arch}`,
      }
    : {
        check: 'runtime',
        level: 'error',
        detail: `expected Node ${NODE_MAJOR}, found ${process.versions.node}; run through npm start or npx kontor`,
      };
}

function checkPages(): Finding {
  const index = fileURLToPath(new URL('../../../web/dist/index.html', import.meta.url));
  return existsSync(index)
    ? { check: 'pages', level: 'ok', detail: 'the web desk is built' }
    : {
        check: 'pages',
        level: 'warning',
        detail: 'the web desk is not built yet; npm start builds it',
      };
}

/** Keys that are in memory reach a disk where the host swaps to one. */
function checkSwap(): readonly Finding[] {
  if (!existsSync('/proc/swaps')) return [];
  const places = swapsOnDisk(readFileSync('/proc/swaps', 'utf8'));
  return [
    places.length === 0
      ? { check: 'swap', level: 'ok', detail: 'this host does not swap to a disk' }
      : {
          check: 'swap',
          level: 'warning',
          detail: `this host swaps to ${places.join(', ')}: keys in memory may reach that disk; switch it off (swapoff -a) or encrypt it`,
        },
  ];
}

function checkDirectory(files: DeskFiles): readonly Finding[] {
  if (!existsSync(files.directory)) {
    return [
      {
        check: 'data',
        level: 'ok',
        detail: `${files.directory} does not exist yet; npm start makes it`,
      },
    ];
  }
  const { bavail, bsize } = statfsSync(files.directory);
  const free = bavail * bsize;
  const megabytes = Math.floor(free / 1_048_576);
  const disk: Finding =
    free < FREE_BYTES_MIN
      ? {
          check: 'disk',
          level: 'error',
          detail: `${megabytes} MB free; the desk stops when it cannot write`,
        }
      : free < FREE_BYTES_WARNED
        ? { check: 'disk', level: 'warning', detail: `${megabytes} MB free` }
        : { check: 'disk', level: 'ok', detail: `${megabytes} MB free` };
  return [...directoryFindings(files), disk];
}

function checkSigner(files: DeskFiles): readonly Finding[] {
  if (!existsSync(files.signer)) return [];
  const findings = [rightsOf('signer', files.signer)];
  if (!mayLookInto(files.signer)) return findings;
  const vault = join(files.signer, 'vault');
  if (existsSync(vault)) {
    for (const name of readdirSync(vault)) {
      const finding = rightsOf('key', join(vault, name));
      if (finding.level !== 'ok') findings.push(finding);
    }
    findings.push(
      existsSync(join(files.signer, 'unlock'))
        ? {
            check: 'vault',
            level: 'warning',
            detail:
              'opens unattended: whoever reads the data directory has the keys; kontor vault passphrase changes that',
          }
        : {
            check: 'vault',
            level: 'ok',
            detail: 'keys are sealed, and what opens them lies elsewhere',
          },
    );
  }
  const plain = join(files.signer, 'keys');
  if (existsSync(plain) && readdirSync(plain).length > 0) {
    findings.push({
      check: 'keys',
      level: 'warning',
      detail:
        'unencrypted keys of an earlier version lie here; the next start moves them into the vault',
    });
  }
  if (!existsSync(join(files.signer, 'policy'))) {
    findings.push({
      check: 'policy',
      level: 'warning',
      detail: 'no policy file: the signer refuses everything',
    });
  }
  return findings;
}

/** Whether an exchange showed a certificate that nobody known vouches for. */
function checkPins(files: DeskFiles): readonly Finding[] {
  if (!existsSync(files.egress) || !mayLookInto(files.egress)) return [];
  try {
    const { pins, refused } = new PinStore(files.egress);
    if (refused.size > 0) {
      const hosts = [...refused.keys()].join(', ');
      const detail = `issuers of ${hosts} were refused: nothing is sent there until you decide; kontor connect pins list`;
      return [{ check: 'pins', level: 'error', detail }];
    }
    return pins.size === 0
      ? []
      : [{ check: 'pins', level: 'ok', detail: `${pins.size} hosts are known by their issuers` }];
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
    return [{ check: 'pins', level: 'error', detail: error.message }];
  }
}

async function checkDesk(files: DeskFiles): Promise<readonly Finding[]> {
  try {
    const desk = connectDesk(files.directory);
    const health = await desk.get<api.Health>('/api/v1/health');
    return [
      ...health.processes.map((entry): Finding => ({
        check: entry.name,
        level: entry.state === 'up' ? 'ok' : 'error',
        detail: `${entry.state}, ${entry.restarts} restarts`,
      })),
      ...health.processes.flatMap(({ name, hardening }) =>
        hardening === undefined ? [] : wallFindings(name, hardening),
      ),
      ...health.streams.map((stream): Finding => ({
        check: stream.name === 'reconciliation' ? stream.name : `${stream.name} stream`,
        level: stream.state === 'up' ? 'ok' : 'error',
        detail: stream.detail,
      })),
      clockFinding(health.clockSkewMs),
      ...lineFinding(health),
      ...(await witnessFindings(files, await desk.get('/api/v1/log/witnesses'))),
      ...(await custodyFindings(files, desk)),
    ];
  } catch (error) {
    if (!(error instanceof DeskClientError)) throw error;
    return [{ check: 'desk', level: 'ok', detail: 'not running' }, ...checkStore(files)];
  }
}

async function custodyFindings(files: DeskFiles, desk: DeskClient): Promise<readonly Finding[]> {
  const [connections, people, owners, alarms, channels] = await Promise.all([
    desk.get<readonly api.Connection[]>('/api/v1/connections'),
    desk.get<api.People>('/api/v1/people'),
    desk.get<readonly api.SignerOwner[]>('/api/v1/people/owners'),
    desk.get<api.Alarms>('/api/v1/alarms'),
    desk.get<readonly api.AlarmChannel[]>('/api/v1/alarms/channels'),
  ]);
  const now = Date.now();
  return [
    ...connectionFindings(connections, now),
    ...peopleFindings(people, owners, connections),
    ...backupFindings(readBackupTimes(files), connections, now),
    ...alarmFindings(alarms, channels, connections),
  ];
}

/** A process's level, then each wall that is missing. */
function wallFindings(name: string, { level, walls }: api.Hardening): readonly Finding[] {
  const missing = walls.filter(({ isUp }) => !isUp);
  return [
    {
      check: 'walls',
      level: missing.length === 0 ? 'ok' : 'warning',
      detail: `the ${name} stands behind level ${level} of 4`,
    },
    ...missing.map(({ name: wall, reason }): Finding => ({
      check: 'walls',
      level: 'warning',
      detail: `the ${name} has no ${wall}: ${reason}`,
    })),
  ];
}

/** What the log is worth to others by what lies on disk, then each witness that is not with us. */
async function witnessFindings(
  files: DeskFiles,
  status: api.WitnessStatus,
): Promise<readonly Finding[]> {
  const { witnesses } = status;
  const proven = await provenStanding(files, Date.now());
  const { level, meaning } = proven;
  const fault = status.fault ?? proven.fault;
  const doubt = overclaim(status, proven);
  const apart = witnesses.filter(({ state }) => state === 'silent' || state === 'disagrees');
  return [
    // A desk without a witness is a choice, one whose witnesses all fell silent is not.
    {
      check: 'log',
      level: level !== 'W0' ? 'ok' : witnesses.length > 0 ? 'warning' : 'note',
      detail: `${level}: ${meaning}`,
    },
    ...(doubt === null ? [] : [{ check: 'log', level: 'error', detail: doubt } as const]),
    ...apart.map(({ name, state, reason }): Finding => ({
      check: 'witness',
      level: state === 'disagrees' ? 'error' : 'warning',
      detail: `${name}: ${reason}`,
    })),
    ...(fault === null ? [] : [{ check: 'witness', level: 'error', detail: fault } as const]),
  ];
}

function clockFinding(skewMs: number | null): Finding {
  if (skewMs === null)
    return {
      check: 'clock',
      level: 'warning',
      detail: 'the exchange was not asked for its time yet',
    };
  const isFar = Math.abs(skewMs) > CLOCK_SKEW_MS_WARNED;
  return {
    check: 'clock',
    level: isFar ? 'warning' : 'ok',
    detail: `${Math.round(skewMs)} ms off the exchange's${isFar ? '; switch on time synchronisation' : ''}`,
  };
}

/** An order is good for 2 s from its signature by the exchange's clock; the way there takes half a round trip. */
function lineFinding({ clockSkewMs, roundTripMs }: api.Health): readonly Finding[] {
  if (clockSkewMs === null || roundTripMs === null) return [];
  const ageMs = Math.round(clockSkewMs + roundTripMs / 2);
  const detail = `a request is ${ageMs} ms old when it arrives (round trip ${Math.round(roundTripMs)} ms); the exchange takes orders of up to ${ORDER_RECV_WINDOW_MS} ms`;
  const isSlow = ageMs > ORDER_RECV_WINDOW_MS / 2;
  const remedy = isSlow ? ': set the clock, or find a faster line' : '';
  return [{ check: 'line', level: isSlow ? 'warning' : 'ok', detail: `${detail}${remedy}` }];
}

function checkStore(files: DeskFiles): readonly Finding[] {
  const path = join(files.server, 'desk.db');
  if (!existsSync(path)) return [];
  try {
    const store = new Store(path);
    try {
      const verdict = store.integrity();
      return verdict === 'ok'
        ? [{ check: 'store', level: 'ok', detail: `${path} is whole` }]
        : [
            {
              check: 'store',
              level: 'error',
              detail: `${path} is damaged (${verdict}); restore a backup`,
            },
          ];
    } finally {
      store.close();
    }
  } catch (error) {
    if (!(error instanceof StoreError)) throw error;
    return [{ check: 'store', level: 'error', detail: error.message }];
  }
}
