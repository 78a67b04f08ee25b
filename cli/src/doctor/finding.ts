// SPDX-License-Identifier: Apache-2.0
// What `kontor doctor` says of one thing that it looked at.

export interface Finding {
  readonly check: string;
  /** A note is something that could be better and need not be. */
  readonly level: 'ok' | 'note' | 'warning' | 'error';
  readonly detail: string;
}
