// SPDX-License-Identifier: Apache-2.0
// The kinds of bots; settings, states and deals of each carry its name.

export type BotKind = 'dca' | 'grid' | 'rebalance' | 'smartTrade' | 'signal';
