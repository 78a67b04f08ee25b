// SPDX-License-Identifier: Apache-2.0
// `kontor log`: the transparency log from the terminal.

import { Command } from 'commander';
import { withExitCodes } from '../command-output.ts';
import {
  auditCommand,
  proveCommand,
  reopenCommand,
  showCommand,
  verifyCommand,
} from './log-read.ts';
import { anchorCommand } from './anchor.ts';
import { claimCommand, commitEdgeCommand } from './claim.ts';
import { trustCommand } from './trust.ts';
import { witnessCommand } from './witness.ts';

export function logCommand(): Command {
  return withExitCodes(new Command('log'))
    .description('the log of every use of a key: what it says, proofs of it, and its witnesses')
    .addHelpText('after', '\nExample:\n  kontor log witness status')
    .addCommand(showCommand())
    .addCommand(proveCommand())
    .addCommand(verifyCommand())
    .addCommand(auditCommand())
    .addCommand(reopenCommand())
    .addCommand(claimCommand())
    .addCommand(commitEdgeCommand())
    .addCommand(witnessCommand())
    .addCommand(anchorCommand())
    .addCommand(trustCommand());
}
