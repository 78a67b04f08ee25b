// SPDX-License-Identifier: Apache-2.0
// kill -9 at a third of the signer's calls to the disk, drawn anew each time; `npm run test:long` takes them all.

import { randomInt } from 'node:crypto';
import { test } from 'node:test';
import { dieAt } from './deaths.ts';

const STRIDE = 3;
const FIRST = randomInt(STRIDE);

test(`[S19] killed at a call to the disk, the signer has let no signature out that is not recorded (every third, from ${FIRST})`, (t) =>
  dieAt(t, { stride: STRIDE, first: FIRST }));
