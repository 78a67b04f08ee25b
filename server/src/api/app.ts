// SPDX-License-Identifier: Apache-2.0
// The desk's HTTP side: API, live stream, OpenAPI description, metrics and the web pages.

import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import cookie from '@fastify/cookie';
import helmet from '@fastify/helmet';
import rateLimit from '@fastify/rate-limit';
import staticFiles from '@fastify/static';
import swagger from '@fastify/swagger';
import { TypeBoxValidatorCompiler, type TypeBoxTypeProvider } from '@fastify/type-provider-typebox';
import Fastify, {
  LogController,
  type FastifyBaseLogger,
  type FastifyReply,
  type FastifyRequest,
} from 'fastify';
import { Type } from 'typebox';
import type { Desk } from '../desk.ts';
import type { RiskDesk } from '../risk/risk-desk.ts';
import { StoreError } from '../store/errors.ts';
import type { PublicLog } from '../witness/public-log.ts';
import type { AnchorDesk } from '../witness/anchor-desk.ts';
import type { WitnessDesk } from '../witness/witness-desk.ts';
import { CLIENTS_OF_SESSION_MAX, type LiveHub } from './live.ts';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';
import { invalidSettings, registerBots } from './bot-routes.ts';
import { registerAlarms, type AlarmDesk } from './alarm-routes.ts';
import { registerConnections, type KeyDesk } from './connection-routes.ts';
import { registerPolicy, type PolicyDesk } from './policy-routes.ts';
import { registerVault, type VaultDesk } from './vault-routes.ts';
import { requestFault } from './request-fault.ts';
import { registerLog, registerLogFiles, type CommitEdgeLog } from './log-routes.ts';
import { registerRisk } from './risk-routes.ts';
import { nameOf } from '../people/access.ts';
import type { Site } from '../people/ceremonies.ts';
import { ClonedSites, DOOR_PICTURE, DOOR_STYLE } from '../people/cloned-sites.ts';
import { customerOf, networkOf } from '../people/listening.ts';
import { isServedAtStart } from '../people/roles.ts';
import { sessionCookie, type Sessions } from '../people/sessions.ts';
import { registerDoor, registerPeople, type PeopleDesk } from './people-routes.ts';
import { registerWitnesses, registerWitnessFiles } from './witness-routes.ts';

const BODY_BYTES_MAX = 256 * 1024;
/** The terminal runs scripts: it gets more, and a script that runs wild still leaves the desk time to trade. */
const REQUESTS_PER_MINUTE: RequestsPerMinute = {
  session: 3_000,
  strangers: 600,
  terminal: 12_000,
};
/** Style elements that the pages' libraries add themselves, by their hashes: nothing else inline is taken. */
const STYLES_OF_OTHERS: readonly string[] = [
  // lightweight-charts: the mark of its makers on the chart.
  "'sha256-3pRED1tOXas1FXFoPb9TGCjmYe9XQsmO9OV23khV2nY='",
  // react-remove-scroll: the page behind a dialog stands still.
  "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='",
];
/** Five pages of the venue. */
const CANDLES_MAX = 5_000;
const PAGE_MAX = 500;
const INTERVALS = ['1m', '3m', '5m', '15m', '30m', '1h', '2h', '4h', '6h', '8h', '12h', '1d', '1w'];

const LOOPBACK_HOST = /^(127\.0\.0\.1|localhost|\[::1\])(:\d+)?$/;

/** Requests that each kind of caller may make in a minute. */
export type RequestsPerMinute = Readonly<Record<'session' | 'strangers' | 'terminal', number>>;

export interface AppOptions {
  readonly desk: Desk;
  /** The desk waits for a person, as for a locked vault: what is not needed for that is refused. */
  readonly isStarting: () => boolean;
  /** Whose answer a start waits for; null where nobody was asked in vain. */
  readonly waitsFor: () => schemas.Start['waitsFor'];
  readonly live: LiveHub;
  readonly sessions: Sessions;
  readonly people: PeopleDesk;
  /** The only address whose word on the client's counts. */
  readonly trustedProxy?: string;
  readonly risk: RiskDesk;
  readonly keys: KeyDesk;
  readonly vault: VaultDesk;
  readonly policy: PolicyDesk;
  readonly alarms: AlarmDesk;
  readonly log: PublicLog;
  readonly commitEdgeLog: CommitEdgeLog;
  /** Whether strangers may read the log's public half. */
  readonly isLogPublic: boolean;
  readonly witnesses: WitnessDesk;
  readonly anchors: AnchorDesk;
  readonly webDirectory: string;
  readonly metrics: () => Promise<string>;
  readonly logger: FastifyBaseLogger;
  readonly version: string;
  readonly requestsPerMinute?: RequestsPerMinute;
  /** The store failed under a request: the desk must not go on. */
  readonly onFatal: (error: unknown) => void;
}

const CODES: Readonly<Record<number, string>> = { 404: 'not_found', 429: 'too_many_requests' };

const DealParameters = Type.Object({ id: Type.String({ pattern: '^[0-9]+-[0-9]+$' }) });
const OrphanParameters = Type.Object({ id: Type.String({ pattern: '^[0-9]{1,15}$' }) });
/** What an orphan's decision may be answered with; 502: the exchange or the signer stood in the way. */
const ORPHAN_ERRORS = {
  unknown: [404, 'not_found'],
  decided: [409, 'decided'],
  refused: [502, 'refused'],
  unclear: [502, 'unclear'],
} as const;
const BotParameters = Type.Object({ id: Type.String({ pattern: '^[0-9]+$' }) });

/** The whole HTTP application; call `listen` or `inject` on it. */
export async function buildApp(options: AppOptions): Promise<App> {
  const app: App = Fastify({
    loggerInstance: options.logger,
    bodyLimit: BODY_BYTES_MAX,
    // Request lines are noise on a desk that polls; failures are logged where they are answered.
    logController: new LogController({ disableRequestLogging: true }),
    forceCloseConnections: true,
    trustProxy: options.trustedProxy ?? false,
  }).withTypeProvider<TypeBoxTypeProvider>();
  app.setValidatorCompiler(TypeBoxValidatorCompiler);
  acceptEmptyJson(app);
  // Schemas describe answers and are checked by tests; compiling the settings of every kind into each route takes seconds.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer));
  app.decorateRequest('caller', null);
  await app.register(cookie);
  await app.register(helmet, {
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'self'"],
        styleSrc: ["'self'", ...STYLES_OF_OTHERS],
        imgSrc: ["'self'", 'data:'],
        objectSrc: ["'none'"],
        baseUri: ["'none'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'no-referrer' },
    // A name that once spoke TLS must not be spoken to without it; loopback has no name of its own.
    strictTransportSecurity: isSecure(options.people.site())
      ? { maxAge: 31_536_000, includeSubDomains: false }
      : false,
  });
  await app.register(rateLimit, {
    max: (_request, key) => (options.requestsPerMinute ?? REQUESTS_PER_MINUTE)[toCaller(key)],
    timeWindow: 60_000,
    // Strangers at one address share an allowance, and none of it is a session's or the terminal's.
    keyGenerator: (request) => {
      const caller = options.people.access.callerOf(bearerOf(request), tokenOf(request));
      if (caller === null) return `strangers ${networkOf(request.ip)}`;
      return caller.kind === 'terminal' ? 'terminal' : `session ${caller.session.id}`;
    },
  });
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'Kontor',
        version: options.version,
        description:
          "The desk's own API. Prices and quantities are decimal text; times are UTC milliseconds on the venue's clock.",
      },
      components: {
        securitySchemes: {
          session: {
            type: 'apiKey',
            in: 'cookie',
            name: 'kontor_session_{port}',
            description: 'with the port of the address, so that desks side by side keep apart',
          },
          terminal: { type: 'http', scheme: 'bearer' },
        },
      },
      security: [{ session: [] }, { terminal: [] }],
    },
    refResolver: {
      buildLocalReference: (json, _baseUri, _fragment, index) =>
        typeof json['$id'] === 'string' ? json['$id'] : `Schema${index}`,
    },
  });
  for (const schema of Object.values(schemas)) app.addSchema(schema);
  app.setErrorHandler(async (error, request, reply) => {
    await answerError(error, request, reply);
    if (error instanceof StoreError) options.onFatal(error);
  });
  const { site } = options.people;
  const { book } = options.alarms;
  const clonedSites = new ClonedSites({
    origin: () => site().origin,
    raise: (alarm) => book.raise(alarm),
    now: () => performance.now(),
  });
  app.addHook('onRequest', async (request, reply) => guardOrigin(request, reply, site()));
  registerLogin(app, options);
  registerDoor(app, partsOf(options));
  await app.register(
    async (scope) => registerApi(scope.withTypeProvider<TypeBoxTypeProvider>(), options),
    {
      prefix: '/api/v1',
    },
  );
  app.get(
    '/healthz',
    {
      schema: {
        summary: 'That the server answers at all',
        security: [],
        response: { 200: Type.Object({ ok: Type.Boolean() }) },
      },
      // To refuse it would cost as much as to answer it, and strangers could make a monitor believe that the desk is gone.
      config: { rateLimit: false },
    },
    () => ({ ok: true }),
  );
  app.get(
    '/metrics',
    {
      schema: {
        summary: 'Figures for Prometheus, as text',
        produces: ['text/plain'],
        response: { 200: Type.String() },
      },
      onRequest: guardCaller(options),
    },
    async (_request, reply) =>
      reply.type('text/plain; version=0.0.4').send(await options.metrics()),
  );
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
  const guardLog = options.isLogPublic ? async () => undefined : guardCaller(options);
  registerLogFiles(app, options.log, guardLog);
  registerWitnessFiles(app, options.witnesses, guardLog);
  registerDoorStyle(app, clonedSites);
  await registerPages(app, options.webDirectory, clonedSites);
  return app;
}

/**
 * Many clients name JSON as the type of every request they send. Where a body is needed its schema says so; elsewhere
 * none is none.
 */
function acceptEmptyJson(app: App): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (body.length === 0) done(null, undefined);
    else void parse(request, String(body), done);
  });
}

/** Only pages that this very address served may speak to it: no other site, no name that was pointed here. */
async function guardOrigin(
  request: FastifyRequest,
  reply: FastifyReply,
  site: Site,
): Promise<void> {
  const { host } = request;
  const isLoopback = LOOPBACK_HOST.test(host);
  const name = new URL(site.origin).host;
  if (!isLoopback && host !== name) {
    const expected = name.startsWith('localhost')
      ? '127.0.0.1 or localhost'
      : `${name}, 127.0.0.1 or localhost`;
    const message = `expected ${expected} as the host, found ${JSON.stringify(host)}`;
    await refuse(reply, 421, 'wrong_host', message);
    return;
  }
  // What a copy of the pages elsewhere asks for, by which it gives itself away; the answer is empty.
  if (request.method === 'GET' && request.url === DOOR_PICTURE) return;
  const { origin, 'sec-fetch-site': from } = request.headers;
  const own = isLoopback ? `http://${host}` : site.origin;
  if (request.method !== 'GET' && origin !== undefined && origin !== own) {
    const message = `expected requests from ${own}, found ${JSON.stringify(origin)}`;
    await refuse(reply, 403, 'wrong_origin', message);
    return;
  }
  // To follow a link from elsewhere to a page is fine; to ask the API from elsewhere is not.
  const isPage = request.headers['sec-fetch-mode'] === 'navigate' && request.method === 'GET';
  if (!isPage && (from === 'cross-site' || from === 'same-site')) {
    const message = `expected requests from ${own}, found one that another site made`;
    await refuse(reply, 403, 'wrong_origin', message);
  }
}

/** Lets in who may ask for this route, and keeps who it is. */
function guardCaller({ people, isStarting, waitsFor }: AppOptions) {
  return async (request: FastifyRequest, reply: FastifyReply): Promise<void> => {
    const caller = people.access.callerOf(bearerOf(request), tokenOf(request));
    const pattern = request.routeOptions.url ?? '';
    const verdict = people.access.judge(caller, request.method, pattern);
    request.caller = caller;
    if (!verdict.ok) await refuse(reply, verdict.status, verdict.error, verdict.message);
    else if (isStarting() && !isServedAtStart(pattern)) {
      await refuse(reply, 503, 'starting', startingMessage(waitsFor()));
    }
  };
}

function startingMessage(waits: schemas.Start['waitsFor']): string {
  if (waits === null) {
    return 'expected a desk that has started, found one that waits for its vault: open it in the page (kontor link) or where the desk was started';
  }
  const whose = waits.what === 'market' ? 'the market of the exchange' : 'its connection';
  const since = new Date(waits.since).toISOString();
  return `expected a desk that has started, found one that asks for ${whose} since ${since} and goes on by itself: ${waits.reason}`;
}

/** They are asked by POST for the size of the question and change nothing. */
const QUESTIONS: readonly string[] = ['/api/v1/policy/check', '/api/v1/policy/explain'];

/** Every write is noted with who made it and how it was answered; what was only looked at is not. */
async function noteAct(
  { book }: PeopleDesk,
  request: FastifyRequest,
  reply: FastifyReply,
): Promise<void> {
  const { caller, method } = request;
  // Showing a passkey notes itself, with what it was shown for.
  const pattern = request.routeOptions.url ?? '';
  if (caller === null || method === 'GET' || method === 'HEAD') return;
  if (pattern.startsWith('/api/v1/session/') || QUESTIONS.includes(pattern)) return;
  const parameters = Object.entries(Object(request.params));
  const about =
    pattern === '/api/v1/acts'
      ? actOf(request.body)
      : parameters.map(([name, value]) => `${name} ${String(value)}`).join(', ');
  book.note({ ...nameOf(caller), act: `${method} ${pattern}`, about, status: reply.statusCode });
}

/** Which act the signer is asked for; its own log has the whole of it. */
function actOf(body: unknown): string {
  const act: unknown = Reflect.get(Object(body), 'act');
  const kind: unknown = Reflect.get(Object(act), 'kind');
  return typeof kind === 'string' && /^\w{1,40}$/.test(kind) ? `act ${kind}` : '';
}

/** The cookie's name at the host that was asked, and whether it travels by TLS only. */
function cookieAt(
  request: FastifyRequest,
  site: Site,
): { readonly name: string; readonly isHttps: boolean } {
  const isHttps = isSecure(site) && request.host === new URL(site.origin).host;
  return { name: isHttps ? '__Host-kontor_session' : sessionCookie(request.host), isHttps };
}

function isSecure(site: Site): boolean {
  return site.origin.startsWith('https:');
}

function setSession(
  request: FastifyRequest,
  reply: FastifyReply,
  token: string,
  site: Site,
): FastifyReply {
  const { name, isHttps } = cookieAt(request, site);
  return reply.setCookie(name, token, {
    httpOnly: true,
    sameSite: 'strict',
    path: '/',
    secure: isHttps,
    maxAge: 30 * 24 * 60 * 60,
  });
}

function partsOf({ people, sessions, live }: AppOptions): Parameters<typeof registerPeople>[1] {
  return {
    people,
    sessions,
    live,
    setCookie: (request, reply, token) => setSession(request, reply, token, people.site()),
    cookieOf: tokenOf,
  };
}

/** The cookie's value. A browser sends the one of this host only. */
function tokenOf({ host, cookies }: FastifyRequest): string | undefined {
  return cookies['__Host-kontor_session'] ?? cookies[sessionCookie(host)];
}

/** The caller's session; null for the terminal. */
function sessionIdOf({ caller }: FastifyRequest): string | null {
  return caller?.kind === 'session' ? caller.session.id : null;
}

/** Who makes requests that are counted under `key`. */
function toCaller(key: string): keyof RequestsPerMinute {
  if (key === 'terminal') return 'terminal';
  return key.startsWith('session ') ? 'session' : 'strangers';
}

/** The terminal's token. It is of this machine: elsewhere, whoever came by it is nobody. */
function bearerOf(request: FastifyRequest): string | undefined {
  if (!LOOPBACK_HOST.test(request.host)) return undefined;
  return /^Bearer (.+)$/.exec(request.headers.authorization ?? '')?.[1];
}

function registerLogin(app: App, { sessions, people }: AppOptions): void {
  const { book } = people;
  app.get(
    '/login',
    {
      // To look at a link must not spend it.
      exposeHeadRoute: false,
      schema: {
        summary: 'Spends a link for a session and leads to the pages',
        security: [],
        querystring: Type.Object({ token: Type.String({ maxLength: 200 }) }),
        response: { 303: Type.Null() },
      },
      // A token of 192 bits is not guessed; a limit would only let strangers keep the owner out.
      config: { rateLimit: false },
    },
    async (request, reply) => {
      const { 'user-agent': agent = '' } = request.headers;
      const session = sessions.redeemLink(request.query.token, agent);
      if (session === null) return reply.redirect('/locked', 303);
      const before = tokenOf(request);
      if (before !== undefined) sessions.endSession(before);
      book.note({
        who: 'link',
        name: 'link from the terminal',
        act: 'login by link',
        about: '',
        status: 303,
      });
      return setSession(request, reply, session, people.site()).redirect('/', 303);
    },
  );
}

async function registerApi(app: App, options: AppOptions): Promise<void> {
  const { desk, live, sessions } = options;
  app.addHook('onRequest', guardCaller(options));
  app.addHook('onSend', async (request, reply) => noteAct(options.people, request, reply));
  // Whatever is wrong with a request is said in one shape.
  app.addHook('onRoute', (route) => {
    const response: unknown = route.schema?.response;
    route.schema = {
      ...route.schema,
      response: { ...(typeof response === 'object' ? response : {}), '4xx': schemas.ErrorBody },
    };
  });

  app.get('/desk', { schema: { response: { 200: schemas.Desk } } }, () => desk.overview());
  app.get('/health', { schema: { response: { 200: schemas.Health } } }, () => desk.health());
  app.get('/totals', { schema: { response: { 200: schemas.Totals } } }, () => desk.totals());
  app.get('/balances', { schema: { response: { 200: Type.Array(schemas.Balance) } } }, () =>
    desk.balances(),
  );
  app.get(
    '/connections',
    { schema: { response: { 200: Type.Array(schemas.Connection) } } },
    async () => desk.connections(),
  );

  app.get(
    '/start',
    {
      schema: {
        summary: 'Whether the desk has started, and whose answer it waits for',
        response: { 200: schemas.Start },
      },
    },
    () => ({ hasStarted: !options.isStarting(), waitsFor: options.waitsFor() }),
  );
  registerPeople(app, partsOf(options));
  registerConnections(app, options.keys);
  registerVault(app, options.vault);
  registerPolicy(app, options.policy);
  registerAlarms(app, options.alarms);
  registerLog(app, options.log, options.commitEdgeLog);
  registerWitnesses(app, options.witnesses, options.anchors);
  registerRisk(app, options.risk, (botId) => desk.bot(botId) !== null);

  app.get('/bots', { schema: { response: { 200: Type.Array(schemas.Bot) } } }, () => desk.bots());
  app.get(
    '/bots/:id',
    { schema: { params: BotParameters, response: { 200: schemas.Bot } } },
    (request) => found(desk.bot(request.params.id), `there is no bot ${request.params.id}`),
  );
  app.post(
    '/bots',
    {
      // The desk itself says what is wrong, field by field and in the words of the settings.
      attachValidation: true,
      schema: {
        body: schemas.BotSettingsGiven,
        response: { 201: schemas.Bot, 400: schemas.ErrorBody, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const made = desk.createBot(request.body);
      if (made.ok) return reply.code(201).send(await desk.warned(made.bot));
      if ('reason' in made) {
        return reply.code(409).send({ error: 'too_many', message: made.reason });
      }
      return reply.code(400).send(invalidSettings(made.errors));
    },
  );
  for (const action of ['start', 'stop'] as const) {
    app.post(
      `/bots/:id/${action}`,
      {
        schema: {
          params: BotParameters,
          response: { 200: schemas.Bot, 409: schemas.ErrorBody },
        },
      },
      async ({ params }, reply) => {
        const told = await desk.commandBot(params.id, action);
        if (told.ok) return action === 'start' ? desk.warned(told.bot) : told.bot;
        if (told.reason !== null) {
          return reply.code(409).send({ error: 'refused', message: told.reason });
        }
        throw new NotFoundError(`there is no bot ${params.id}`);
      },
    );
  }

  registerBots(app, desk);

  app.get(
    '/deals',
    {
      schema: {
        querystring: Type.Object({
          bot: Type.Optional(Type.String()),
          status: Type.Optional(
            Type.Union([Type.Literal('open'), Type.Literal('closed'), Type.Literal('all')]),
          ),
          symbol: Type.Optional(Type.String()),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
          cursor: Type.Optional(Type.String({ pattern: '^[0-9]+-[0-9]+-[0-9]+$' })),
        }),
        response: { 200: schemas.DealPage },
      },
    },
    ({ query }) =>
      found(
        desk.dealPage({ status: 'all', limit: 100, ...query }),
        `there is no bot ${query.bot ?? ''}, and there never was`,
      ),
  );
  app.get(
    '/deals/:id',
    { schema: { params: DealParameters, response: { 200: schemas.Deal } } },
    (request) => found(desk.deal(request.params.id), `there is no deal ${request.params.id}`),
  );
  app.get(
    '/deals/:id/notes',
    { schema: { params: DealParameters, response: { 200: Type.Array(schemas.Note) } } },
    (request) => desk.dealNotes(request.params.id),
  );
  for (const action of ['close', 'cancel'] as const) {
    app.post(
      `/deals/:id/${action}`,
      { schema: { params: DealParameters, response: { 200: schemas.Deal } } },
      async (request) =>
        found(
          await desk.commandDeal(request.params.id, action),
          `there is no open deal ${request.params.id}`,
        ),
    );
  }
  app.get(
    '/notes',
    {
      schema: {
        summary: 'The latest events, newest first, of one bot or of all',
        querystring: Type.Object({
          bot: Type.Optional(Type.String({ pattern: '^[0-9]+$' })),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
        }),
        response: { 200: Type.Array(schemas.Note) },
      },
    },
    (request) => desk.latestNotes(request.query.limit ?? 100, request.query.bot),
  );
  registerReconciliation(app, desk);
  app.get(
    '/candles',
    {
      schema: {
        querystring: Type.Object({
          symbol: Type.String(),
          interval: Type.Optional(Type.Union(INTERVALS.map((interval) => Type.Literal(interval)))),
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: CANDLES_MAX })),
          before: Type.Optional(
            Type.Integer({ minimum: 1, description: 'only candles that open earlier, UTC ms' }),
          ),
        }),
        response: { 200: schemas.Candles, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { symbol, interval = '1m', limit = 500, before } = request.query;
      const candles = await desk.candles(symbol, interval, limit, before);
      if (candles !== null) return candles;
      return reply
        .code(404)
        .send({ error: 'not_found', message: `this desk does not watch ${symbol}` });
    },
  );
  const stream = {
    summary:
      'Live updates as server-sent events, numbered without holes; each data line is a StreamMessage',
    produces: ['text/event-stream'],
    response: { 200: schemas.StreamMessage, 429: schemas.ErrorBody, 503: schemas.ErrorBody },
  };
  app.get('/stream', { exposeHeadRoute: false, schema: stream }, (request, reply) => {
    reply.hijack();
    const added = live.add(reply.raw, sessionIdOf(request));
    if (added === 'added') return;
    const message =
      added === 'full'
        ? 'too many pages are open on this desk'
        : `expected at most ${CLIENTS_OF_SESSION_MAX} live streams of one session, found one more: close a page`;
    reply.raw.writeHead(added === 'full' ? 503 : 429, { 'content-type': 'application/json' });
    reply.raw.end(JSON.stringify({ error: 'too_many_pages', message }));
  });
  app.post(
    '/links',
    {
      schema: {
        summary: 'A link that logs a browser in once, within ten minutes',
        response: { 201: Type.Object({ token: Type.String(), link: Type.String() }) },
      },
    },
    async (_request, reply) => {
      const token = sessions.createLink();
      const link = `${options.people.site().origin}/login?token=${token}`;
      return reply.code(201).send({ token, link });
    },
  );
  // The desk names the file: no request decides where a process writes.
  app.post(
    '/backups',
    {
      schema: { response: { 201: Type.Object({ file: Type.String() }), 507: schemas.ErrorBody } },
    },
    async (_request, reply) => {
      try {
        return reply.code(201).send({ file: desk.backUp() });
      } catch (error) {
        // The copy failed and not the store itself.
        if (!(error instanceof StoreError)) throw error;
        return reply.code(507).send({ error: 'backup_failed', message: error.message });
      }
    },
  );
  app.delete('/session', { schema: { response: { 204: Type.Null() } } }, async (request, reply) => {
    const session = sessionIdOf(request);
    if (session !== null) {
      sessions.end(session);
      live.endSession(session);
    }
    const { name, isHttps } = cookieAt(request, options.people.site());
    return reply.clearCookie(name, { path: '/', secure: isHttps }).code(204).send(null);
  });
}

function registerReconciliation(app: App, { reconciliation }: Desk): void {
  const Limit = Type.Object({
    limit: Type.Optional(Type.Integer({ minimum: 1, maximum: PAGE_MAX })),
  });
  app.get(
    '/reconciliation',
    {
      schema: {
        summary: 'How the desk compares with the exchange',
        response: { 200: schemas.Reconciliation },
      },
    },
    () => reconciliation.overview(),
  );
  app.post(
    '/reconciliation/sweeps',
    {
      schema: {
        summary: 'Compares with the exchange now, or as soon as the bounded rate allows',
        response: { 202: Type.Object({ ok: Type.Boolean() }) },
      },
    },
    async (_request, reply) => {
      reconciliation.sweep();
      return reply.code(202).send({ ok: true });
    },
  );
  app.get(
    '/orphans',
    { schema: { querystring: Limit, response: { 200: Type.Array(schemas.Orphan) } } },
    (request) => reconciliation.orphans(request.query.limit ?? 100),
  );
  app.get(
    '/findings',
    { schema: { querystring: Limit, response: { 200: Type.Array(schemas.Finding) } } },
    (request) => reconciliation.findings(request.query.limit ?? 100),
  );
  for (const decision of ['adopt', 'cancel'] as const) {
    app.post(
      `/orphans/:id/${decision}`,
      {
        schema: {
          params: OrphanParameters,
          response: {
            200: schemas.Orphan,
            404: schemas.ErrorBody,
            409: schemas.ErrorBody,
            502: schemas.ErrorBody,
          },
        },
      },
      async (request, reply) => {
        const decided = await reconciliation.decide(request.params.id, decision);
        if (decided.ok) return decided.orphan;
        const [status, error] = ORPHAN_ERRORS[decided.kind];
        return reply.code(status).send({ error, message: decided.reason });
      },
    );
  }
}

/** What gives copies of the pages away; nothing where the desk has no name of its own. */
function registerDoorStyle(app: App, clonedSites: ClonedSites): void {
  app.get(DOOR_STYLE, { schema: { hide: true } }, async (request, reply) => {
    const style = clonedSites.styleFor(request.host);
    if (style === null) return refuse(reply, 404, 'not_found', 'there is no style of that name');
    return reply.header('cache-control', 'no-cache').type('text/css; charset=utf-8').send(style);
  });
  app.get(DOOR_PICTURE, { schema: { hide: true } }, async (request, reply) => {
    clonedSites.seen(request.headers.referer, customerOf(request.ip));
    return reply.code(204).header('cache-control', 'no-store').send();
  });
}

async function registerPages(
  app: App,
  webDirectory: string,
  clonedSites: ClonedSites,
): Promise<void> {
  const index = join(webDirectory, 'index.html');
  if (existsSync(index)) {
    await app.register(staticFiles, {
      root: webDirectory,
      wildcard: false,
      index: false,
      setHeaders: (response, path) => {
        const isHashed = path.includes('/assets/');
        response.header(
          'cache-control',
          isHashed ? 'public, max-age=31536000, immutable' : 'no-cache',
        );
      },
    });
  }
  // Every address of the desk is the same page; it finds its way by itself.
  app.setNotFoundHandler(async (request, reply) => {
    const isPage =
      request.method === 'GET' &&
      !request.url.startsWith('/api/') &&
      !/\.[a-z0-9]+$/i.test(request.url);
    if (isPage && existsSync(index)) {
      reply.header('cache-control', 'no-cache');
      if (clonedSites.styleFor(request.host) === null) return reply.sendFile('index.html');
      const page = readFileSync(index, 'utf8').replace(
        '</head>',
        `<link rel="stylesheet" href="${DOOR_STYLE}" /></head>`,
      );
      return reply.type('text/html; charset=utf-8').send(page);
    }
    return refuse(
      reply,
      404,
      'not_found',
      `there is nothing at ${request.method} ${request.url.split('?')[0]}`,
    );
  });
}

/** `value`, or the answer 404 with `message` where there is none. */
function found<T>(value: T | null, message: string): T {
  if (value === null) throw new NotFoundError(message);
  return value;
}

class NotFoundError extends Error {
  override readonly name = 'NotFoundError';
  readonly statusCode = 404;
}

async function refuse(
  reply: FastifyReply,
  status: number,
  error: string,
  message: string,
): Promise<void> {
  await reply.code(status).send({ error, message });
}

function answerError(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  const status = statusOf(error);
  const message =
    requestFault(error, request) ?? (error instanceof Error ? error.message : String(error));
  if (status >= 500) {
    reply.log.error({ err: error }, 'a request failed');
    return reply.code(status).send({ error: 'failed', message });
  }
  const code = CODES[status] ?? 'invalid_request';
  return reply.code(status).send({ error: code, message });
}

function statusOf(error: unknown): number {
  if (error instanceof Error && 'statusCode' in error && typeof error.statusCode === 'number')
    return error.statusCode;
  return 500;
}
