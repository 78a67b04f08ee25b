// SPDX-License-Identifier: Apache-2.0
// A bot as the server keeps it: the trading machine's state and what belongs to the desk.

import type { BotState } from '@kontor/core';

export interface Bot {
  readonly botId: string;
  readonly connection: string;
  readonly createdAt: number;
  readonly state: BotState;
}
