// SPDX-License-Identifier: Apache-2.0
// The real launcher, which becomes hardening-probe.ts in the signer's place.
//
//   node hardening-launch.ts DIRECTORY

import { launch } from '../src/hardening/launch.ts';
import { PROBE, probeStart } from './hardening-start.ts';

const [directory = ''] = process.argv.slice(2);
launch(probeStart(directory), [directory], PROBE);
