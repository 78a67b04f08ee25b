// SPDX-License-Identifier: Apache-2.0
// A signer that kills itself at one of its calls to the disk. Arguments: directory, number of the call, and whether
// to die before the call or within it. What it says goes to stdout at once, line by line.

import { writeSync } from 'node:fs';
import { SYSTEM_DISK, type Disk } from '../src/disk.ts';
import { SYSTEM_TIME } from '../src/clock.ts';
import { Signer } from '../src/signer.ts';
import { parseDecision } from '../src/index.ts';
import { crashScript } from './crash-script.ts';

const [directory = '', at = '', moment = ''] = process.argv.slice(2);
let calls = 0;

function say(what: Record<string, unknown>): void {
  writeSync(1, `${JSON.stringify(what)}\n`);
}

function die(): never {
  process.kill(process.pid, 'SIGKILL');
  throw new Error('unreachable');
}

const mortal = Object.fromEntries(
  Object.entries(SYSTEM_DISK)
    .filter(([, value]) => typeof value === 'function')
    .map(([name, original]) => [
      name,
      (...parameters: readonly unknown[]): unknown => {
        calls += 1;
        if (calls === Number(at)) {
          const [fd, bytes] = parameters;
          if (moment === 'within' && name === 'writeSync' && bytes instanceof Uint8Array) {
            SYSTEM_DISK.writeSync(Number(fd), bytes, 0, Math.ceil(bytes.length / 2));
          }
          die();
        }
        if (moment === 'list') say({ call: name });
        return Reflect.apply(original, SYSTEM_DISK, parameters);
      },
    ]),
) as unknown as Disk;

const signer = Signer.open(directory, {
  disk: mortal,
  time: SYSTEM_TIME,
  decide: (decision) => {
    say({ decision });
    script.onDecision(parseDecision(decision));
  },
  forward: (request) => say({ request }),
  hasRoom: () => true,
  after: () => undefined,
  say: () => undefined,
});
const script = crashScript(
  (messages) => signer.process(messages),
  () => signer.ring.log.publishAll(signer.ring.clock.now()),
);
script.run();
