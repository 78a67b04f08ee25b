// SPDX-License-Identifier: Apache-2.0
// A server that was taken over, as trust.test.ts starts it behind the server's own walls: it tries to say whose word on
// the log counts, and prints what became of each try as one JSON line.

import fs from 'node:fs';
import { join } from 'node:path';
import { settleNetworked } from '@kontor/signer';

const [, , data = ''] = process.argv;
const hardening = settleNetworked([join(data, 'signer')]);
const [trust, witness] = [join(data, 'trust'), join(data, 'witness')];
const list = join(trust, 'anchors.json');
const own = join(witness, 'own.json');
const evil = '{"authorities":[{"name":"evil"}]}';

const TRIES: Readonly<Record<string, () => unknown>> = {
  'reads the list': () => fs.readFileSync(list, 'utf8'),
  'writes in its own folder': () => fs.writeFileSync(own, evil),
  'writes the list': () => fs.writeFileSync(list, evil),
  'adds to the list': () => fs.appendFileSync(list, ' '),
  'makes a file beside it': () => fs.writeFileSync(`${list}.new`, evil),
  'makes a link beside it': () => fs.symlinkSync(own, `${list}.new`),
  'takes the list away': () => fs.rmSync(list),
  'puts its own in the place': () => fs.renameSync(own, list),
  'links its own to it': () => fs.linkSync(list, join(witness, 'hard')),
  'renames the folder': () => fs.renameSync(trust, join(data, 'other')),
  'cuts the list': () => fs.truncateSync(list, 0),
};

const outcomes = Object.fromEntries(
  Object.entries(TRIES).map(([name, work]) => {
    try {
      work();
      return [name, 'done'];
    } catch (error) {
      return [name, error instanceof Error && 'code' in error ? error.code : String(error)];
    }
  }),
);
process.stdout.write(`${JSON.stringify({ hardening, outcomes })}\n`);
