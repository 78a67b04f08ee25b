// SPDX-License-Identifier: Apache-2.0
// The public API of the simulator.

export { parseSimulatorArguments, simulatorHelp, type SimulatorArguments } from './arguments.ts';
export {
  SimulatorError,
  startSimulator,
  type AccountOptions,
  type RunningSimulator,
  type SimulatorAccount,
  type SimulatorOptions,
} from './compose.ts';
export { systemWallClock, type WallClock } from './clock.ts';
export { FAULT_KINDS, type ArmedFault, type FaultRequest } from './faults.ts';
export { defaultInstruments, inferInstrument, makeSimulatorInstrument } from './instruments.ts';
export { candleFeed, MarketFileError, type CandleRow, type MarketFeed } from './market/feed.ts';
export { readMarketFile } from './market/files.ts';
export { parseSymbol } from './market/symbols.ts';
export type { MarketOptions } from './market/opening.ts';
export type { MarketSpeed, StepResult } from './market/runner.ts';
export type { ExchangeListener, FaultKind, SimulatorInstrument, TradeEvent } from './ports.ts';
