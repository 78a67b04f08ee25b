// SPDX-License-Identifier: Apache-2.0
// kill -9 at every call of the signer to the disk.

import { test } from 'node:test';
import { dieAt } from './deaths.ts';

test('[S19] killed at any call to the disk, the signer has let no signature out that is not recorded', (t) =>
  dieAt(t, { stride: 1, first: 0 }));
