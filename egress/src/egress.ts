// SPDX-License-Identifier: Apache-2.0
// Egress: takes signed requests from the signer, sends them as they are, and takes the answers to the server.

import {
  ACCOUNT_NEWS_BYTES_MAX,
  CONDITION_FACT_CHARACTERS_MAX,
  ECHO_BODY_BYTES_MAX,
  FRAME_BYTES_MAX,
  FrameError,
  FrameLink,
  parseEgressTask,
  type Answer,
  type EgressReport,
  type IssuerReport,
  type SignedRequest,
  type WatchReferences,
} from '@kontor/signer';
import type { Socket } from 'node:net';
import { eventTimeOf, isOrderEvent } from './binance-events.ts';
import type { VenueAddresses } from './config.ts';
import type { IssuerNews } from './pin-guard.ts';
import type { Issuer } from './pin-store.ts';
import type { SecondAddress } from './second-address.ts';
import { LATE_MS, ReferenceFeed } from './reference-feed.ts';
import { UserStream } from './user-stream.ts';
import { Venue, type RestRequest, type VenueResult } from './venue.ts';

export type LinkName = 'server' | 'signer';
export type Log = (
  level: 'info' | 'warn',
  message: string,
  fields?: Readonly<Record<string, unknown>>,
) => void;

type SubscribeRequest = Extract<SignedRequest, { kind: 'subscribe' }>;
type Health = Extract<Answer, { kind: 'egressHealth' }>;
type Condition = Extract<Answer, { kind: 'condition' }>;

const CLOCK_PROBE_MS = 60_000;
const STREAMS_MAX = 64;
const REASON_CHARACTERS_MAX = 1_000;
/** What is wrong at once; more is told and not told again. */
const CONDITIONS_MAX = 256;
const UNNOTED_MAX = 64;
/** The whole of what goes by the second address. */
const BY_SECOND_ADDRESS = 'GET /api/v3/account';

export interface EgressOptions {
  readonly venues: VenueAddresses;
  readonly log: Log;
  /** Why the last connection to a host was refused for its certificate's sake, or null. */
  readonly refusalOf: (host: string) => string | null;
  /** Null where the owner of the machine named none. */
  readonly secondAddress: SecondAddress | null;
  /** A link has gone and none has taken its place yet. */
  readonly onLinkLost: (name: LinkName) => void;
}

export class Egress {
  readonly #options: EgressOptions;
  readonly #venues: ReadonlyMap<string, Venue>;
  readonly #feeds = new Map<string, ReferenceFeed>();
  readonly #health = new Map<string, Health>();
  /** What is wrong and lasts, by what it is and what it is about. */
  readonly #conditions = new Map<string, Condition>();
  /** What came late last, by venue and subject. */
  readonly #late = new Set<string>();
  /** Issuers that wait for a signer to note them. */
  readonly #unnoted: IssuerReport[] = [];
  readonly #streams = new Map<string, UserStream>();
  /** Connections whose stream was ended because nobody listened. */
  readonly #silenced = new Set<string>();
  readonly #probeTimer: NodeJS.Timeout;
  /** Streams that the venue has not answered yet. */
  #opening = 0;
  #server: FrameLink | null = null;
  #signer: FrameLink | null = null;

  constructor(options: EgressOptions) {
    this.#options = options;
    this.#venues = new Map(
      [...options.venues].map(([name, address]) => [name, new Venue(address)]),
    );
    this.#probeTimer = setInterval(() => this.#probeClocks(), CLOCK_PROBE_MS);
    this.#probeClocks();
  }

  /** Takes over `socket` as the named link. An earlier one is closed and what it had queued is dropped. */
  attach(name: LinkName, socket: Socket): void {
    const earlier = name === 'server' ? this.#server : this.#signer;
    if (name === 'server') this.#server = null;
    else this.#signer = null;
    earlier?.close('replaced by a new link');
    const link: FrameLink = new FrameLink(socket, {
      incomingBytesMax: FRAME_BYTES_MAX.request,
      outgoingBytesMax: name === 'server' ? FRAME_BYTES_MAX.answer : FRAME_BYTES_MAX.report,
      onMessage: (message) => {
        if (name === 'server') throw new Error('expected no message from the server, found one');
        const task = parseEgressTask(message);
        if (task.kind === 'watchReferences') this.#watch(task, link);
        else this.#onRequest(task, link);
      },
      onClosed: (reason) => this.#onLinkClosed(name, link, reason),
    });
    if (name === 'signer') {
      this.#stopFeeds();
      this.#signer = link;
      for (const issuer of this.#unnoted.splice(0)) report(link, issuer);
    } else this.#onServer(link);
    this.#options.log('info', `the link to the ${name} is up`);
  }

  close(): void {
    clearInterval(this.#probeTimer);
    this.#stopFeeds();
    for (const stream of this.#streams.values()) stream.close();
    for (const venue of this.#venues.values()) venue.close();
    this.#server?.close('egress stops');
    this.#signer?.close('egress stops');
  }

  /** A new listener learns at once what it has missed: the clocks, and which streams are no more. */
  #onServer(link: FrameLink): void {
    this.#silenceStreams();
    this.#server = link;
    for (const connection of this.#silenced) {
      this.#tellDown(connection, 'the link to the server was replaced');
    }
    this.#silenced.clear();
    this.#tell({ kind: 'hosts', hosts: this.#hosts() });
    for (const health of this.#health.values()) this.#tell(health);
    for (const condition of this.#conditions.values()) this.#tell(condition);
  }

  #hosts(): readonly { readonly venue: string; readonly host: string }[] {
    return [...this.#options.venues].flatMap(([venue, { rest, wsApi }]) =>
      [...new Set([hostOf(rest), hostOf(wsApi)])].map((host) => ({ venue, host })),
    );
  }

  #onLinkClosed(name: LinkName, link: FrameLink, reason: string): void {
    const isCurrent = link === (name === 'server' ? this.#server : this.#signer);
    if (!isCurrent) return;
    this.#options.log('warn', `the link to the ${name} is down`, { reason });
    if (name === 'server') {
      this.#server = null;
      this.#silenceStreams();
    } else {
      this.#signer = null;
      this.#stopFeeds();
    }
    this.#options.onLinkLost(name);
  }

  /** Events that nobody hears would be lost without a trace: the streams end, and the next server is told. */
  #silenceStreams(): void {
    for (const [connection, stream] of this.#streams) {
      stream.close();
      this.#silenced.add(connection);
    }
    this.#streams.clear();
  }

  #onRequest(request: SignedRequest, signer: FrameLink): void {
    const finish = (answer: Extract<Answer, { kind: 'answer' | 'failed' }>): void => {
      const status = answer.kind === 'answer' ? answer.status : null;
      if (answer.kind === 'answer' && request.kind === 'request' && request.echo === true) {
        report(signer, echoOf(answer));
      }
      report(signer, { kind: 'receipt', id: request.id, status });
      this.#tell(answer);
    };
    const venue = this.#venues.get(request.venue);
    if (venue === undefined) {
      const reason = `expected one of the venues ${[...this.#venues.keys()].join(', ')}, found ${request.venue}`;
      finish({ kind: 'failed', id: request.id, certainty: 'notSent', reason });
      return;
    }
    if (request.kind === 'subscribe') this.#subscribe(request, venue, finish);
    else if (request.secondAddress === true) {
      void this.#bySecondAddress(request, venue).then((result) =>
        finish(answerOf(request, result)),
      );
    } else {
      void venue.submit(request).then((result) => finish(answerOf(request, result)));
    }
  }

  /** What is meant for the second address goes there or nowhere; what the exchange says there does not bind the ordinary way. */
  async #bySecondAddress(request: RestRequest, { rest }: Venue): Promise<VenueResult> {
    const { secondAddress, log } = this.#options;
    const endpoint = `${request.method} ${request.path}`;
    if (endpoint !== BY_SECOND_ADDRESS) {
      return notSent(`${endpoint} is not what egress sends by the second address`);
    }
    if (secondAddress === null) {
      return notSent(
        'no second address is named in the file second-address beside the configuration',
      );
    }
    const result = await secondAddress.send(rest, request);
    const outcome = result.kind === 'answered' ? { status: result.status } : result;
    const { connection } = request;
    log('info', 'a read by the second address', { connection, ...outcome, kind: result.kind });
    if (result.kind === 'failed') return result;
    const { kind, status, body, sentAt, receivedAt } = result;
    return { kind, status, body, sentAt, receivedAt, usedWeight: undefined };
  }

  /** A venue that is not listed has no market to tell of: the signer hears nothing, and refuses. */
  #watch(task: WatchReferences, signer: FrameLink): void {
    const venue = this.#venues.get(task.venue);
    if (venue === undefined) return;
    let feed = this.#feeds.get(task.venue);
    if (feed === undefined) {
      feed = new ReferenceFeed({
        venue: task.venue,
        ask: (path, query) => venue.ask(path, query),
        now: () => performance.now(),
        venueNow: venue.clock,
        onNews: (news) => this.#onCondition({ kind: 'condition', venue: task.venue, ...news }),
      });
      this.#feeds.set(task.venue, feed);
    }
    feed.watch(task, (reference) => report(signer, reference));
  }

  /** A new signer says itself what it wants to know. */
  #stopFeeds(): void {
    for (const feed of this.#feeds.values()) feed.close();
    this.#feeds.clear();
  }

  #subscribe(
    request: SubscribeRequest,
    venue: Venue,
    finish: (answer: Extract<Answer, { kind: 'answer' | 'failed' }>) => void,
  ): void {
    const { id, connection, params } = request;
    const earlier = this.#streams.get(connection);
    if (this.#opening + this.#streams.size - (earlier === undefined ? 0 : 1) >= STREAMS_MAX) {
      const reason = `${STREAMS_MAX} account streams are open already`;
      finish({ kind: 'failed', id, certainty: 'notSent', reason });
      return;
    }
    const server = this.#server;
    const sentAt = Date.now();
    this.#opening += 1;
    const stream: UserStream = new UserStream(venue.wsApi, params, {
      onAnswer: (status, body) => {
        this.#opening -= 1;
        const isHeard = this.#server === server && server !== null;
        finish({
          kind: 'answer',
          id,
          status,
          body: withoutSignature(body, String(params['signature'])),
          sentAt,
          receivedAt: Date.now(),
        });
        if (status !== 200) return;
        if (!isHeard) {
          stream.close();
          this.#tellDown(connection, 'the link to the server was replaced');
          return;
        }
        // The earlier stream ends only now: between two streams no event is missed.
        this.#streams.get(connection)?.close();
        this.#streams.set(connection, stream);
        this.#tell({ kind: 'userStream', connection, state: 'up', reason: 'subscribed' });
        this.#options.log('info', 'an account stream is up', { connection });
      },
      onFailed: (certainty, failure) => {
        this.#opening -= 1;
        // A WebSocket does not say why there is no connection.
        const refusal = certainty === 'notSent' ? this.#refusalOf(venue.wsApi) : null;
        finish({ kind: 'failed', id, certainty, reason: refusal ?? failure });
      },
      onEvent: (event) => {
        this.#checkLateness(request.venue, venue, { connection, time: eventTimeOf(event) });
        this.#tellSigner(connection, event);
        this.#tell({ kind: 'userEvent', connection, event });
      },
      onEnd: (reason) => {
        if (this.#streams.get(connection) === stream) this.#streams.delete(connection);
        this.#tellDown(connection, reason);
        this.#options.log('warn', 'an account stream is down', { connection, reason });
      },
    });
  }

  /** A certificate showed by whom it was issued. */
  onIssuer({ host, verdict, issuers, expected }: IssuerNews): void {
    const facts = {
      host,
      found: issuerNames(issuers),
      foundKeys: issuerKeys(issuers),
      expected: issuerNames(expected),
      expectedKeys: issuerKeys(expected),
    };
    const level = verdict === 'refused' ? 'warn' : 'info';
    this.#options.log(level, `the issuer of a certificate: ${verdict}`, facts);
    const isOver = verdict !== 'refused';
    for (const [venue, { rest, wsApi }] of this.#options.venues) {
      if (!(hostOf(rest) === host || hostOf(wsApi) === host)) continue;
      const condition = 'issuerRefused';
      this.#onCondition({ kind: 'condition', venue, condition, subject: host, isOver, facts });
      if (verdict === 'known') continue;
      const names = `${facts.found} (${facts.foundKeys})`.slice(0, CONDITION_FACT_CHARACTERS_MAX);
      this.#note({ kind: 'issuer', venue, host, verdict, issuers: names });
    }
  }

  /** Events of an account that come long after they happened, by the exchange's own word. */
  #checkLateness(
    name: string,
    { clock }: Venue,
    { connection, time }: { readonly connection: string; readonly time: number | null },
  ): void {
    if (clock === null || time === null) return;
    const what = 'events of the account';
    this.#onLateness(name, { subject: connection, what, lateMs: clock() - time });
  }

  #onLateness(
    venue: string,
    found: { readonly subject: string; readonly what: string; readonly lateMs: number },
  ): void {
    const { subject, what, lateMs } = found;
    const isOver = lateMs <= LATE_MS;
    if (this.#late.has(`${venue} ${subject}`) === !isOver) return;
    if (isOver) this.#late.delete(`${venue} ${subject}`);
    else if (this.#late.size < CONDITIONS_MAX) this.#late.add(`${venue} ${subject}`);
    const facts = { what, seconds: String(Math.max(0, Math.floor(lateMs / 1_000))) };
    this.#onCondition({ kind: 'condition', venue, condition: 'dataLate', subject, isOver, facts });
  }

  #note(issuer: IssuerReport): void {
    if (this.#signer !== null) return report(this.#signer, issuer);
    // Of many the newest matter most: the first are those that whoever sends them wants to be seen.
    if (this.#unnoted.length >= UNNOTED_MAX) this.#unnoted.shift();
    this.#unnoted.push(issuer);
  }

  #refusalOf(address: URL): string | null {
    return this.#options.refusalOf(hostOf(address))?.slice(0, REASON_CHARACTERS_MAX) ?? null;
  }

  #onCondition(news: Condition): void {
    const key = `${news.condition} ${news.venue} ${news.subject}`;
    // Hosts are few, and of who stands in between the next server must hear whatever else is wrong.
    const isKept = news.condition === 'issuerRefused' || this.#conditions.has(key);
    if (news.isOver) this.#conditions.delete(key);
    else if (isKept || this.#conditions.size < CONDITIONS_MAX) this.#conditions.set(key, news);
    this.#tell(news);
  }

  #tellDown(connection: string, reason: string): void {
    if (this.#server === null) this.#silenced.add(connection);
    else this.#tell({ kind: 'userStream', connection, state: 'down', reason });
  }

  /** The signer counts executions itself: what the server says of them decides nothing there. */
  #tellSigner(connection: string, event: unknown): void {
    const link = this.#signer;
    if (link === null || !isOrderEvent(event)) return;
    if (Buffer.byteLength(JSON.stringify(event)) > ACCOUNT_NEWS_BYTES_MAX) return;
    report(link, { kind: 'accountNews', connection, event });
  }

  #probeClocks(): void {
    for (const [name, venue] of this.#venues) {
      void venue.probeClock().then((probe) => {
        const { lagMs, ...measured } = probe;
        const hasSecondAddress = this.#options.secondAddress !== null;
        const health: Health = { kind: 'egressHealth', venue: name, ...measured, hasSecondAddress };
        this.#health.set(name, health);
        this.#tell(health);
        if (measured.clockSkewMs !== null && venue.clock !== null)
          this.#onLateness(name, { subject: 'clock', what: 'its clock', lateMs: lagMs });
      });
    }
  }

  #tell(answer: Answer): void {
    const link = this.#server;
    if (link === null) return;
    try {
      if (!link.write(answer)) link.close('the server does not read its link');
    } catch (error) {
      if (!(error instanceof FrameError)) throw error;
      this.#onTooLong(answer, link);
    }
  }

  /** A message that no frame holds: an answer ends as a failure, an event ends its stream. */
  #onTooLong(answer: Answer, link: FrameLink): void {
    if (answer.kind === 'answer') {
      const reason = 'the answer is too long to pass on';
      link.write({ kind: 'failed', id: answer.id, certainty: 'unknown', reason } satisfies Answer);
    } else if (answer.kind === 'userEvent') {
      const { connection } = answer;
      this.#streams.get(connection)?.close();
      this.#streams.delete(connection);
      const reason = 'an event is too long to pass on';
      link.write({ kind: 'userStream', connection, state: 'down', reason } satisfies Answer);
    }
  }
}

function notSent(reason: string): VenueResult {
  return { kind: 'failed', certainty: 'notSent', reason };
}

/** As TLS names it: an address of version 6 without its brackets. */
function hostOf(address: URL): string {
  return address.hostname.replaceAll(/^\[|\]$/g, '');
}

function issuerNames(issuers: readonly Issuer[]): string {
  const names = issuers.map(({ name }) => name).join(' / ');
  return (names === '' ? 'nobody' : names).slice(0, CONDITION_FACT_CHARACTERS_MAX);
}

function issuerKeys(issuers: readonly Issuer[]): string {
  const keys = issuers.map(({ fingerprint }) => fingerprint).join(' ');
  return keys.slice(0, CONDITION_FACT_CHARACTERS_MAX);
}

function answerOf(
  request: RestRequest,
  result: VenueResult,
): Extract<Answer, { kind: 'answer' | 'failed' }> {
  const { id } = request;
  if (result.kind === 'failed') {
    return { ...result, id, reason: result.reason.slice(0, REASON_CHARACTERS_MAX) };
  }
  const { status, body, sentAt, receivedAt, usedWeight } = result;
  const { ordersIn10s, ordersInDay, retryAfterMs } = result;
  const signature = /&signature=([^&]+)$/.exec(request.payload)?.[1] ?? '';
  return {
    kind: 'answer',
    id,
    status,
    body: withoutSignature(body, decodeURIComponent(signature)),
    sentAt,
    receivedAt,
    ...(usedWeight !== undefined && { usedWeight }),
    ...(ordersIn10s !== undefined && { ordersIn10s }),
    ...(ordersInDay !== undefined && { ordersInDay }),
    ...(retryAfterMs !== undefined && { retryAfterMs }),
  };
}

/** The signer reads no more than it must hold at once. */
function echoOf({
  id,
  status,
  body,
}: Extract<Answer, { kind: 'answer' }>): Extract<EgressReport, { kind: 'echo' }> {
  const isShort = Buffer.byteLength(body) <= ECHO_BODY_BYTES_MAX;
  return { kind: 'echo', id, status, body: isShort ? body : '' };
}

/** A signer that does not read its link loses it, as the server does. */
function report(signer: FrameLink, message: EgressReport): void {
  if (!signer.write(message)) signer.close('the signer does not read its link');
}

/** Error pages of proxies quote the address they were asked for; the server must not learn a signature from one. */
function withoutSignature(body: string, signature: string): string {
  if (signature === '') return body;
  return [signature, encodeURIComponent(signature), signature.replaceAll('/', '\\/')].reduce(
    (text, form) => text.replaceAll(form, '[removed]'),
    body,
  );
}
