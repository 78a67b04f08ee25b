#!/usr/bin/env node
// SPDX-License-Identifier: Apache-2.0
// The `kontor` command: the same set-up as `npm start`, then the command line on Kontor's own Node.

process.argv.splice(2, 0, 'kontor');
await import('../../tools/run.mjs');
