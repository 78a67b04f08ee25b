// SPDX-License-Identifier: Apache-2.0
// `kontor log claim` and `kontor log commit-edge`: what the log says to a claim, and how edge logs come into its reach.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import {
  CLAIMED_FIELDS,
  claimedTime,
  claimSentence,
  judgeOrderClaim,
  ORDER_KINDS,
  parseProofExtra,
  parseProofFile,
  parseTrustPolicy,
  toHex,
  toVerifierKey,
  verifyProofFile,
  type ClaimVerdict,
  type OrderClaim,
} from '@kontor/tlog';
import { nodeCryptography } from '@kontor/tlog/node';
import type { Command } from 'commander';
import { judgeEdgeField, judgeEdgeLines, type EdgeVerdict } from '../claim/edge-claim.ts';
import {
  batchesFolder,
  digestOf,
  draftBatch,
  EdgeBatchError,
  readBatches,
  readDrafts,
  type DraftBatch,
  type EdgeBatch,
} from '../claim/edge-batches.ts';
import { claimedText } from '../claim/claimed-text.ts';
import { readWholeLog, type WholeLog } from '../claim/read-log.ts';
import { printJson, ProgressLine, reportFailure } from '../command-output.ts';
import { dataDirectory } from '../data-directory.ts';
import { DeskClientError, type DeskClient } from '../desk-client.ts';
import { deskCommand, print, withDesk, type CommonOptions } from '../desk-command.ts';
import { datedText, earliestAnchor, type Anchored } from '../log/anchored-log.ts';
import { entryProof } from '../log/entry-proof.ts';
import { LogFolderError } from '../log/log-folder.ts';
import { preferWitnessed } from '../log/witnessed-log.ts';

/** Clocks of exchanges, people and pictures differ by this. */
const SLACK_MS = 2_000;
const SKEW_SECONDS = 60n;
const CLAIM_BYTES_MAX = 64 * 1024 * 1024;

interface ClaimOptions extends CommonOptions {
  readonly time?: string;
  readonly order?: string;
  readonly symbol?: string;
  readonly side?: string;
  readonly type?: string;
  readonly price?: string;
  readonly quantity?: string;
  readonly connection?: string;
  readonly endpoint?: string;
  readonly ip?: string;
  readonly lines: readonly string[];
  readonly output?: string;
  readonly open: boolean;
}

export function claimCommand(): Command {
  return deskCommand('claim')
    .description('what the log says to a claim about the past; never that something is forged')
    .argument(
      '[file]',
      'a proof, lines of an edge log, or a text that somebody brought; - reads the standard input',
    )
    .option('--time <utc>', 'when, as 2026-11-23 09:30:15 (UTC); as exact as it is known')
    .option('--order <id>', 'the order’s ID, as the desk or the exchange has it')
    .option('--symbol <symbol>', 'the instrument, such as BTCUSDT')
    .option('--side <side>', 'BUY or SELL')
    .option('--type <type>', 'LIMIT, LIMIT_MAKER …')
    .option('--price <price>', 'its limit')
    .option('--quantity <quantity>', 'of the coin')
    .option('--connection <id>', 'through which key, as `kontor connect list` shows it')
    .option('--endpoint <path>', 'for a line of an edge log; needs --lines')
    .option('--ip <address>', 'for a line of an edge log; needs --lines')
    .option('--lines <file>', 'an edge log to look for the line in; repeatable', collect, [])
    .option('-o, --output <file>', 'write a proof of the entry that matches or contradicts')
    .option('--open', 'let the proof show the private fields of that entry', false)
    .addHelpText(
      'after',
      '\nExample:\n  kontor log claim --order k1ab-7-3 --symbol BTCUSDT --time "2026-11-23 09:30"',
    )
    .action(async (file: string | undefined, options: ClaimOptions) => {
      try {
        await checkClaim(file, options);
      } catch (error) {
        if (!(error instanceof LogFolderError || error instanceof EdgeBatchError)) throw error;
        reportFailure({ code: error.code, message: error.message }, options.json);
      }
    });
}

export function commitEdgeCommand(): Command {
  return deskCommand('commit-edge')
    .description(
      'commit to the lines of an edge log, so that claims about them can be checked later',
    )
    .argument('<file>', 'one line a request, as .ndjson or .ndjson.gz')
    .addHelpText('after', '\nExample:\n  kontor log commit-edge 2026-11-23T09.ndjson.gz')
    .action(async (file: string, options: CommonOptions) => {
      const progress = new ProgressLine(options.json);
      try {
        await withDesk(options, (desk) => commitEdge(file, options, desk, progress));
      } catch (error) {
        const isWorld =
          error instanceof EdgeBatchError || (error instanceof Error && 'code' in error);
        if (!isWorld) throw error;
        reportFailure({ code: String(error.code), message: error.message }, options.json);
      } finally {
        progress.clear();
      }
    });
}

/** Salts first, then the log, then what its entry is: whatever is lost on the way, the next run goes on from there. */
async function commitEdge(
  file: string,
  options: CommonOptions,
  desk: DeskClient,
  progress: ProgressLine,
): Promise<void> {
  const directory = dataDirectory(options.data);
  const begun = await draftOfBefore(directory, file);
  if (begun !== undefined && 'entry' in begun) return reportBatch(begun, directory, options);
  const draft =
    begun ??
    (await draftBatch(directory, file, (bytes) => progress.update(0, `${bytes} bytes read`)));
  progress.clear();
  const { root, lines, from, to } = draft;
  try {
    const { entry } = await desk.post<{ readonly entry: number }>('/api/v1/log/edge-batches', {
      root,
      lines,
      from: from ?? 0,
      to: to ?? 0,
    });
    reportBatch(draft.settle(entry), directory, options);
  } catch (error) {
    if (!(error instanceof DeskClientError)) throw error;
    const kept = `${draft.folder} keeps its salts: run the same command again, and it goes on`;
    throw new DeskClientError(error.code, `${error.message}; ${kept}`, { cause: error });
  }
}

/**
 * What an earlier run of the same lines left: a batch where the log has taken it since, a draft where it has not. Drafts of
 * other files that the log has taken become batches too.
 */
async function draftOfBefore(
  directory: string,
  file: string,
): Promise<EdgeBatch | DraftBatch | undefined> {
  const drafts = readDrafts(directory);
  if (drafts.length === 0) return undefined;
  const { entries } = await readWholeLog(directory, ({ kind }) => kind === 'edgelog.batch');
  const taken = new Map(entries.map(({ entry }) => [String(entry['root']), entry.seq]));
  const digest = await digestOf(file);
  let found: EdgeBatch | DraftBatch | undefined;
  for (const draft of drafts) {
    const entry = taken.get(draft.root);
    const state = entry === undefined ? draft : draft.settle(entry);
    if (draft.digest === digest) found = found !== undefined && 'entry' in found ? found : state;
  }
  return found;
}

function reportBatch(batch: EdgeBatch, directory: string, options: CommonOptions): void {
  if (options.json) return printJson(batch);
  print(`${batch.lines} lines are committed by entry ${batch.entry} of the log.`);
  print(`Keep ${batch.source}, and ${batchesFolder(directory)}, which holds the salts.`);
}

async function checkClaim(file: string | undefined, options: ClaimOptions): Promise<void> {
  const { output } = options;
  if (output !== undefined && existsSync(output)) {
    return fail(`${output} exists already; name a new file`, options);
  }
  const directory = dataDirectory(options.data);
  const given = file === undefined ? undefined : readGiven(file, options.json);
  if (file !== undefined && given === undefined) return;
  const progress = new ProgressLine(options.json);
  const log = await readWholeLog(
    directory,
    ({ kind }) => ORDER_KINDS.includes(kind) || kind === 'edgelog.batch',
    (share) => progress.update(share, 'reading the log'),
  );
  progress.clear();
  if (given !== undefined && given.subarray(0, 9).toString('latin1') === 'c2sp.org/') {
    return await reportProof(given, log, options);
  }
  const pasted = given === undefined ? undefined : claimedText(given);
  if (pasted !== undefined && pasted.lines.length > 0) {
    const verdicts = judgeEdgeLines(pasted.lines, readBatches(directory), log);
    return reportEdge(verdicts, options);
  }
  if (options.endpoint !== undefined || options.ip !== undefined) {
    const time = options.time === undefined ? undefined : claimedTime(options.time, SLACK_MS);
    if (time?.ok === false) return fail(time.reason, options);
    const verdict = await judgeEdgeField(
      { endpoint: options.endpoint, ip: options.ip, time: time?.value },
      options.lines,
      readBatches(directory),
      log,
    );
    return reportEdge([verdict], options);
  }
  const claim = orderClaim(options, pasted?.text ?? '');
  if (typeof claim === 'string') return fail(claim, options);
  const verdict = judgeOrderClaim(claim, log.entries, log.scope);
  const compared = [
    ...(claim.orderId === undefined ? [] : ['order']),
    ...(claim.time === undefined ? [] : ['time']),
    ...Object.keys(claim.fields),
  ];
  await reportOrder(verdict, compared, log, options);
}

/** The claim of the options, filled up with what a pasted text names; or what is wrong with it. */
function orderClaim(options: ClaimOptions, text: string): OrderClaim | string {
  const found = text === '' ? undefined : claimedFieldsOf(text);
  const [twice] = found?.twice ?? [];
  if (twice !== undefined) {
    return `the text says two things of ${twice}: bring what is about one order alone`;
  }
  const timeText = options.time ?? found?.time;
  const time = timeText === undefined ? undefined : claimedTime(timeText, SLACK_MS);
  if (time?.ok === false) return time.reason;
  const fields: Partial<Record<(typeof CLAIMED_FIELDS)[number], string>> = {};
  for (const name of CLAIMED_FIELDS) {
    const value = options[name] ?? found?.fields[name];
    if (value !== undefined) fields[name] = value;
  }
  return { time: time?.value, orderId: options.order ?? found?.orderId, fields };
}

/** What a text says by `name: value` or `name=value`, as people copy it from tables and requests. */
function claimedFieldsOf(text: string): {
  readonly time: string | undefined;
  readonly orderId: string | undefined;
  readonly fields: Readonly<Record<string, string>>;
  /** What stands there with two values: to choose one would let the other pass unseen. */
  readonly twice: readonly string[];
} {
  const values = new Map<string, Set<string>>();
  const pattern = /["']?([A-Za-z_]+)["']?\s*[:=]\s*["']?([^"'&,;\n]+?)["']?(?=[&,;}\n]|$)/gm;
  for (const [, name = '', value = ''] of text.matchAll(pattern)) {
    const key = name.toLowerCase();
    values.set(key, (values.get(key) ?? new Set()).add(value.trim()));
  }
  const all = (...names: readonly string[]): readonly string[] => [
    ...new Set(names.flatMap((name) => [...(values.get(name) ?? [])])),
  ];
  const fields: Record<string, string> = {};
  const twice: string[] = [];
  for (const name of CLAIMED_FIELDS) {
    const [value, other] = all(name, ...(name === 'quantity' ? ['qty', 'amount'] : []));
    if (value !== undefined) fields[name] = value;
    if (other !== undefined) twice.push(name);
  }
  const [time] = all('time', 'date');
  return {
    time: time ?? /\d{4}-\d\d-\d\d[T ]\d\d:\d\d(?::\d\d)?/.exec(text)?.[0],
    orderId: all('clientorderid', 'order', 'orderid', 'order_id')[0],
    fields,
    twice,
  };
}

// ---- What is said ----

/** `compared`: what of the claim the verdict is about; the rest of a text nobody has looked at. */
async function reportOrder(
  verdict: ClaimVerdict,
  compared: readonly string[],
  log: WholeLog,
  options: ClaimOptions,
): Promise<void> {
  const sentence = claimSentence(verdict);
  const entry = 'index' in verdict ? verdict.index : undefined;
  if (options.output !== undefined && entry !== undefined) {
    const proof = proofOf(log, dataDirectory(options.data), entry, options.open);
    if (typeof proof === 'string') return fail(proof, options);
    // Readable by its maker alone: with --open it holds what the log keeps private.
    writeFileSync(options.output, proof, { flag: 'wx', mode: 0o600 });
  }
  const { fromSize, toSize, ...rest } =
    verdict.kind === 'noMatch' ? verdict : { ...verdict, fromSize: undefined, toSize: undefined };
  const since = entry === undefined ? undefined : await sinceWhen(log, entry, options);
  if (options.json) {
    const sizes =
      fromSize === undefined ? {} : { fromSize: String(fromSize), toSize: String(toSize) };
    printJson({
      verdict: sentence,
      compared,
      ...rest,
      ...sizes,
      ...dateOf(since),
      checkpoint: checkpointOf(log),
    });
    return;
  }
  print(sentence);
  if (since !== undefined) print(`Entry ${entry} ${datedText(since)}.`);
  if (compared.length > 0) print(`Compared: ${compared.join(', ')}; nothing else of the claim.`);
  print(checkpointText(log));
  if (options.output !== undefined && entry !== undefined) {
    print(`The proof is in ${options.output}${options.open ? ', with the private fields' : ''}.`);
  }
}

function reportEdge(verdicts: readonly EdgeVerdict[], options: ClaimOptions): void {
  if (options.json) {
    printJson(
      verdicts.map(({ proof, ...verdict }) => ({
        ...verdict,
        ...(proof === undefined
          ? {}
          : { salt: toHex(proof.salt), proof: proof.proof.map((hash) => toHex(hash)) }),
      })),
    );
    return;
  }
  for (const { line, verdict } of verdicts) {
    print(line === undefined ? verdict : `line ${line}: ${verdict}`);
  }
}

/** A proof that somebody brought: of this log or not. */
async function reportProof(bytes: Uint8Array, log: WholeLog, options: ClaimOptions): Promise<void> {
  const parsed = parseProofFile(bytes);
  const extra =
    parsed.ok && parsed.value.extra !== undefined ? parseProofExtra(parsed.value.extra) : undefined;
  if (!parsed.ok) return fail(parsed.reason, options);
  if (extra === undefined || !extra.ok) {
    return fail('the proof does not hold the entry that it is about', options);
  }
  // Whose log it is, is told by the key here; the quorum is for outsiders.
  const text = `log ${toVerifierKey(log.folder.key)}\nquorum none\n`;
  const policy = parseTrustPolicy(nodeCryptography, Buffer.from(text));
  if (!policy.ok) return fail(policy.reason, options);
  const verdict = verifyProofFile(nodeCryptography, bytes, extra.value.entry, {
    policy: policy.value,
    nowSeconds: BigInt(Math.floor(Date.now() / 1000)),
    skewSeconds: SKEW_SECONDS,
  });
  const sentence = verdict.ok
    ? `MATCHES entry ${verdict.value.index}`
    : `CANNOT TELL: the file proves no entry of this log: ${verdict.reason}`;
  const entry = verdict.ok ? Number(verdict.value.index) : null;
  const since = entry === null ? undefined : await sinceWhen(log, entry, options);
  if (options.json) {
    printJson({ verdict: sentence, entry, ...dateOf(since), checkpoint: checkpointOf(log) });
  } else {
    print(sentence);
    if (since !== undefined) print(`Entry ${entry} ${datedText(since)}.`);
    print(checkpointText(log));
  }
}

/** Since when at the latest an entry is there, by the word of others; undefined where nobody has dated it. */
async function sinceWhen(
  { folder }: WholeLog,
  entry: number,
  { data }: ClaimOptions,
): Promise<Anchored | undefined> {
  try {
    return await earliestAnchor(folder, dataDirectory(data), BigInt(entry));
  } catch (error) {
    // A list of authorities that cannot be read takes nothing from the verdict.
    if (error instanceof LogFolderError) return undefined;
    throw error;
  }
}

function dateOf(since: Anchored | undefined): Record<string, unknown> {
  if (since === undefined) return {};
  const { stamp, place } = since;
  return {
    existedBefore: new Date(stamp.at).toISOString(),
    datedBy: place.authority,
    datedIn: place.checkpoint,
  };
}

/** A proof file of an entry, under the checkpoint that is worth most; or why there is none. */
function proofOf(
  log: WholeLog,
  directory: string,
  index: number,
  isOpen: boolean,
): Uint8Array | string {
  const found = log.entries.find(({ entry }) => entry.seq === index);
  if (found === undefined) return `there is no entry ${index}`;
  const best = preferWitnessed(log.folder, directory, BigInt(index));
  const opening = isOpen ? found.opening : undefined;
  const made = entryProof(best, BigInt(index), {
    entry: found.bytes,
    opening,
    stamp: undefined,
  });
  return made.ok ? made.value : made.reason;
}

function checkpointOf({ folder: { signed } }: WholeLog): Record<string, string> {
  const { origin, size, root } = signed.checkpoint;
  return { origin, size: String(size), root: toHex(root) };
}

function checkpointText({ folder: { signed }, scope }: WholeLog): string {
  const { origin, size } = signed.checkpoint;
  const time = (ms: number | undefined): string =>
    ms === undefined ? '?' : new Date(ms).toISOString();
  return `Looked at: ${origin}, ${size} signed entries from ${time(scope.firstTime)} to ${time(scope.lastTime)}.`;
}

function readGiven(file: string, isJson: boolean): Buffer | undefined {
  try {
    const bytes = readFileSync(file === '-' ? 0 : file);
    if (bytes.length <= CLAIM_BYTES_MAX) return bytes;
    reportFailure(
      { code: 'too_long', message: `a claim must have at most ${CLAIM_BYTES_MAX} bytes` },
      isJson,
    );
  } catch (error) {
    const message = error instanceof Error ? error.message : String(error);
    reportFailure({ code: 'read', message }, isJson);
  }
  return undefined;
}

function fail(message: string, options: CommonOptions): void {
  reportFailure({ code: 'claim', message }, options.json);
}

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value];
}
