// SPDX-License-Identifier: Apache-2.0
// The simulator as a process: arguments in, one line when ready, a clean stop on a signal.

import { parseSimulatorArguments, simulatorHelp } from './arguments.ts';
import { SimulatorError, startSimulator, type RunningSimulator } from './compose.ts';

const USAGE_EXIT = 2;
const FAILURE_EXIT = 1;

// Whoever started us may be gone before we are ready; then nobody reads, and the pipe's end stops us.
process.stdout.on('error', () => undefined);

await run(process.argv.slice(2));

async function run(args: readonly string[]): Promise<void> {
  const parsed = parseSimulatorArguments(args);
  if (!parsed.ok) {
    process.stderr.write(`kontor simulator: ${parsed.reason}\n`);
    process.exitCode = USAGE_EXIT;
    return;
  }
  if (parsed.kind === 'help') {
    process.stdout.write(simulatorHelp);
    return;
  }
  const asked = stopRequest(parsed.exitsWithStdin);
  try {
    const simulator = await startSimulator({
      ...parsed.options,
      onError: report,
      stop: asked.signal,
      onWaiting: (reason, pauseMs) =>
        report(new Error(`${reason}; trying again in ${Math.round(pauseMs / 1000)} s`)),
    });
    stopWhenAsked(simulator, asked.signal);
    process.stdout.write(parsed.isJson ? readyLine(simulator) : readyText(simulator));
  } catch (error) {
    if (!(error instanceof SimulatorError)) throw error;
    if (asked.signal.aborted) process.exit(0);
    process.stderr.write(`kontor simulator: ${error.message}\n`);
    process.exitCode = FAILURE_EXIT;
    // Nobody needs to hear any more that whoever started us is gone.
    process.stdin.destroy();
  }
}

/** Aborted by a signal, or when whoever started us is gone: also while the start still waits for something. */
function stopRequest(exitsWithStdin: boolean): AbortController {
  const asked = new AbortController();
  const stop = (): void => asked.abort();
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
  if (exitsWithStdin) {
    process.stdin.resume();
    process.stdin.once('end', stop);
    process.stdin.once('error', stop);
  }
  return asked;
}

function stopWhenAsked(simulator: RunningSimulator, asked: AbortSignal): void {
  const stop = (): void => {
    simulator.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        report(error);
        process.exit(FAILURE_EXIT);
      },
    );
  };
  if (asked.aborted) stop();
  else asked.addEventListener('abort', stop, { once: true });
}

function report(error: unknown): void {
  process.stderr.write(
    `kontor simulator: ${error instanceof Error ? error.message : String(error)}\n`,
  );
}

function readyLine(simulator: RunningSimulator): string {
  const { rest, streams, wsApi, control, accounts, market } = simulator;
  return `${JSON.stringify({ rest, streams, wsApi, control, accounts, market })}\n`;
}

function readyText(simulator: RunningSimulator): string {
  const { rest, streams, wsApi, control, accounts, market } = simulator;
  const lines = [
    `Simulated exchange, market ${market.kind}, seed ${market.seed}: ${market.symbols.join(', ')}`,
    `  REST           ${rest}`,
    `  Streams        ${streams}`,
    `  WebSocket API  ${wsApi}`,
    `  Control        ${control}/control`,
  ];
  for (const { name, apiKey, secret, keyType } of accounts) {
    lines.push(`Account ${name}, ${keyType} key ${apiKey}`);
    if (secret !== undefined) lines.push(`  secret ${secret}`);
  }
  return `${lines.join('\n')}\n`;
}
