// SPDX-License-Identifier: Apache-2.0
// Asks a person for a secret: from the terminal without showing it, else from what is piped in. It stays bytes, which
// the taker zeroes, and goes to the signer's own pipe; no argument, variable or log ever has it.

const BYTES_MAX = 1_024;
const ENTER = new Set([0x0a, 0x0d]);
const CTRL_C = 0x03;
const CTRL_D = 0x04;
const CTRL_U = 0x15;
const BACKSPACE = new Set([0x08, 0x7f]);

/**
 * The next line of standard input, without its end, which the last may lack; null when there is none or `signal` says
 * that none is needed any more. One asks at a time.
 */
export async function askSecret(question: string, signal?: AbortSignal): Promise<Buffer | null> {
  const { stdin, stderr } = process;
  if (stdin.readableEnded || stdin.destroyed || signal?.aborted === true) return null;
  const typed = Buffer.alloc(BYTES_MAX);
  let length = 0;
  if (stdin.isTTY) {
    // Nothing typed may show, not even what is typed at once.
    stdin.setRawMode(true);
    stderr.write(question);
  }
  try {
    return await new Promise((resolve) => {
      const end = (line: Buffer | null): void => {
        stdin.off('data', take);
        stdin.off('end', stop);
        stdin.off('error', stop);
        signal?.removeEventListener('abort', giveUp);
        stdin.pause();
        resolve(line);
      };
      const whole = (): Buffer => {
        // Small buffers of other makes lie in V8's heap, where the collector leaves copies behind.
        const line = Buffer.allocUnsafeSlow(length);
        typed.copy(line, 0, 0, length);
        return line;
      };
      const giveUp = (): void => end(null);
      const stop = (): void => end(length > 0 && !stdin.isTTY ? whole() : null);
      const take = (bytes: Buffer): void => {
        for (const [index, byte] of bytes.entries()) {
          if (ENTER.has(byte)) {
            const line = whole();
            const rest = Buffer.from(bytes.subarray(index + 1));
            bytes.fill(0);
            end(line);
            if (rest.length > 0) stdin.unshift(rest);
            return;
          }
          if (stdin.isTTY && (byte === CTRL_C || byte === CTRL_D)) {
            bytes.fill(0);
            end(null);
            if (byte === CTRL_C) process.kill(process.pid, 'SIGINT');
            return;
          }
          if (stdin.isTTY && byte === CTRL_U) length = 0;
          else if (stdin.isTTY && BACKSPACE.has(byte)) length = withoutLast(typed, length);
          else if (length < BYTES_MAX) {
            typed[length] = byte;
            length += 1;
          }
        }
        bytes.fill(0);
      };
      stdin.on('data', take);
      stdin.once('end', stop);
      stdin.once('error', stop);
      signal?.addEventListener('abort', giveUp);
      stdin.resume();
    });
  } finally {
    typed.fill(0);
    if (stdin.isTTY) {
      stdin.setRawMode(false);
      stderr.write('\n');
    }
  }
}

/** The length without the last character, which may have several bytes in UTF-8. */
function withoutLast(typed: Buffer, length: number): number {
  let end = Math.max(0, length - 1);
  while (end > 0 && ((typed[end] ?? 0) & 0xc0) === 0x80) end -= 1;
  return end;
}
