// SPDX-License-Identifier: Apache-2.0
// People over HTTP: the way in, sessions, users and passkeys, and the acts that a person consents to.

import type { Act } from '@kontor/signer';
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { ActAnswer as SignerAnswer } from '../link/links.ts';
import { nameOf, roleOf, type Access, type Caller } from '../people/access.ts';
import type { Ceremonies, Site } from '../people/ceremonies.ts';
import { networkOf } from '../people/listening.ts';
import {
  drawUserId,
  PASSKEYS_MAX,
  USERS_MAX,
  type Passkey,
  type PeopleBook,
  type User,
} from '../people/people-book.ts';
import type { RecoveryCodes } from '../people/recovery-codes.ts';
import { hasRole, roleForAct } from '../people/roles.ts';
import type { Session, Sessions, WayIn } from '../people/sessions.ts';
import type { App } from './fastify-app.ts';
import type { LiveHub } from './live.ts';
import * as schemas from './schemas.ts';

type SignerRequest =
  | { readonly kind: 'requestAct'; readonly act: Act }
  | {
      readonly kind: 'confirmAct';
      readonly nonce: string;
      readonly approval: schemas.ActApproval;
    };

/** What the routes speak to. */
export interface PeopleDesk {
  readonly book: PeopleBook;
  readonly codes: RecoveryCodes;
  readonly ceremonies: Ceremonies;
  readonly access: Access;
  readonly site: () => Site;
  readonly act: (request: SignerRequest) => Promise<SignerAnswer>;
  /** Whose consent the signer takes; null when it cannot be asked now. */
  readonly owners: () => Promise<readonly schemas.SignerOwner[] | null>;
}

export interface PeopleParts {
  readonly people: PeopleDesk;
  readonly sessions: Sessions;
  readonly live: LiveHub;
  /** Gives the browser the cookie of a session. */
  readonly setCookie: (request: FastifyRequest, reply: FastifyReply, token: string) => FastifyReply;
  /** The cookie that came. */
  readonly cookieOf: (request: FastifyRequest) => string | undefined;
}

const MINUTE_MS = 60_000;
/** Strangers who try the door, from one address. */
const LOGINS_PER_MINUTE = 60;
/** A person types a code or two; each try costs the desk memory. */
const RECOVERIES_PER_MINUTE = 5;
const ACTS_MAX = 500;
/** A frame to the signer has little more; the longest act, a policy, fits. */
const ACT_BYTES_MAX = 16_000;

const Name = Type.String({
  minLength: 1,
  maxLength: 60,
  pattern: "^[\\p{L}\\p{N}]([\\p{L}\\p{N} ._@()'-]*[\\p{L}\\p{N}.)])?$",
  description: 'begins and ends with a letter or digit',
});
const Flow = Type.String({ pattern: '^[A-Za-z0-9_-]{22}$' });
const Token = Type.String({ maxLength: 200 });
const Login = Type.Object(
  { flow: Flow, assertion: schemas.PasskeyAssertion },
  { additionalProperties: false },
);
const None = Type.Null();
const DENIED = 'denied';

function limited(max: number): { readonly rateLimit: object } {
  const keyGenerator = (request: FastifyRequest): string => `door ${networkOf(request.ip)}`;
  return { rateLimit: { max, timeWindow: MINUTE_MS, keyGenerator } };
}

/** The door: what strangers may ask. */
export function registerDoor(app: App, parts: PeopleParts): void {
  const { people, sessions } = parts;
  const { book, ceremonies } = people;

  /** A new session replaces what the browser had. */
  const enter = (
    request: FastifyRequest,
    reply: FastifyReply,
    user: User,
    how: WayIn,
  ): FastifyReply => {
    const before = parts.cookieOf(request);
    if (before !== undefined) sessions.endSession(before);
    const token = sessions.begin({ userId: user.id, how, agent: agentOf(request) });
    return parts.setCookie(request, reply, token);
  };
  const note = (user: User, act: string, status: number): void =>
    book.note({ who: user.id, name: user.name, act, about: '', status });

  app.get(
    '/auth',
    {
      schema: {
        summary: 'Where the desk is for browsers, and whether it takes passkeys',
        security: [],
        response: { 200: schemas.WayIn },
      },
    },
    () => ({ isProtected: book.isProtected, ...people.site() }),
  );
  app.post(
    '/auth/passkey/options',
    {
      config: limited(LOGINS_PER_MINUTE),
      schema: {
        summary: 'A challenge for a login by passkey',
        security: [],
        response: { 200: schemas.AssertionOptions, '4xx': schemas.ErrorBody },
      },
    },
    () => {
      const { rpId } = people.site();
      return { ...ceremonies.start({ kind: 'login' }), rpId, credentials: [], text: '' };
    },
  );
  app.post(
    '/auth/passkey',
    {
      config: limited(LOGINS_PER_MINUTE),
      schema: {
        summary: 'Logs in by passkey',
        security: [],
        body: Login,
        response: { 200: schemas.Person, '4xx': schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { flow, assertion } = request.body;
      const shown = await ceremonies.finishAssertion(flow, 'login', assertion, () =>
        book.passkey(assertion.credential),
      );
      const user = shown.ok ? book.user(shown.passkey.userId) : null;
      if (!shown.ok || user === null) {
        const reason = shown.ok ? 'expected a user of this desk, found one who left' : shown.reason;
        return reply.code(401).send({ error: DENIED, message: reason });
      }
      book.usePasskey(shown.passkey.credential, shown.counter, shown.isBackedUp);
      note(user, 'login by passkey', 200);
      return enter(request, reply, user, 'passkey').send(user);
    },
  );
  app.post(
    '/auth/recovery',
    {
      config: limited(RECOVERIES_PER_MINUTE),
      schema: {
        summary: 'Logs in by a recovery code, which is spent with that',
        security: [],
        body: Type.Object(
          { code: Type.String({ maxLength: 60 }) },
          { additionalProperties: false },
        ),
        response: { 200: schemas.Person, '4xx': schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const userId = await people.codes.redeem(request.body.code);
      if (userId === undefined) {
        const message = 'expected fewer logins at once, found too many: try again in a moment';
        return reply.code(429).send({ error: 'too_many_requests', message });
      }
      const user = userId === null ? null : book.user(userId);
      if (user === null) {
        const message = 'expected a recovery code that was not used yet, found another text';
        return reply.code(401).send({ error: DENIED, message });
      }
      note(user, 'login by recovery code', 200);
      return enter(request, reply, user, 'recovery').send(user);
    },
  );
  app.post(
    '/auth/invitation',
    {
      config: limited(LOGINS_PER_MINUTE),
      schema: {
        summary: 'What an invitation is for',
        security: [],
        body: Type.Object({ token: Token }, { additionalProperties: false }),
        response: { 200: schemas.OpenInvitation, '4xx': schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const invitation = book.invitation(request.body.token);
      if (invitation === null) return reply.code(404).send(NO_INVITATION);
      return invitation;
    },
  );
  app.post(
    '/auth/invitation/options',
    {
      config: limited(LOGINS_PER_MINUTE),
      schema: {
        summary: 'A challenge for the passkey of an invited person',
        security: [],
        body: Type.Object({ token: Token }, { additionalProperties: false }),
        response: { 200: schemas.RegistrationOptions, '4xx': schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const invitation = book.invitation(request.body.token);
      if (invitation === null) return reply.code(404).send(NO_INVITATION);
      const userId = drawUserId();
      const started = ceremonies.start({
        kind: 'register',
        userId,
        sessionId: null,
        invitationId: invitation.id,
      });
      return registrationOptions(started, people.site(), userId, invitation.name, []);
    },
  );
  app.post(
    '/auth/invitation/accept',
    {
      config: limited(LOGINS_PER_MINUTE),
      schema: {
        summary: 'Makes the invited person a user and logs them in; the invitation is spent',
        security: [],
        body: Type.Object(
          {
            token: Token,
            flow: Flow,
            passkeyName: Name,
            registration: schemas.PasskeyRegistration,
          },
          { additionalProperties: false },
        ),
        response: { 201: schemas.Person, '4xx': schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { token, flow, passkeyName, registration } = request.body;
      const made = await ceremonies.finishRegistration(flow, passkeyName, registration);
      const invitation = book.invitation(token);
      if (invitation === null) return reply.code(404).send(NO_INVITATION);
      if (!made.ok) return reply.code(401).send({ error: DENIED, message: made.reason });
      if (made.purpose.invitationId !== invitation.id) return reply.code(404).send(NO_INVITATION);
      const fault = newPasskeyFault(book, made.passkey.credential);
      if (fault !== null) return reply.code(409).send({ error: 'refused', message: fault });
      book.endInvitation(invitation.id);
      const { name, role } = invitation;
      const user = book.addUser(made.purpose.userId, name, role, made.passkey);
      note(user, `accepted the invitation as ${role}`, 201);
      return enter(request, reply, user, 'invitation').code(201).send(user);
    },
  );
}

const NO_INVITATION = {
  error: 'not_found',
  message:
    'expected an invitation that is open, found none: ask an owner of the desk for a new one',
};

/** What people inside may ask. */
export function registerPeople(app: App, parts: PeopleParts): void {
  const { people, sessions, live } = parts;
  const { book, ceremonies } = people;

  app.get('/session', { schema: { response: { 200: schemas.SessionState } } }, (request) => {
    const caller = callerOf(request);
    return {
      sessionId: caller.kind === 'session' ? caller.session.id : null,
      person: personOf(caller),
      role: roleOf(caller),
      freshUntil: caller.kind === 'session' ? caller.session.freshUntil : Date.now() + MINUTE_MS,
      isProtected: book.isProtected,
      ...people.site(),
    };
  });
  app.post(
    '/session/step-up/options',
    {
      schema: {
        summary: 'A challenge for showing a passkey again, before acts that ask for it',
        body: Type.Object(
          { purpose: Type.String({ minLength: 1, maxLength: 200, pattern: '^[^\\p{Cc}]*$' }) },
          { additionalProperties: false },
        ),
        response: { 200: schemas.AssertionOptions, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind === 'terminal') return reply.code(409).send(NO_SESSION);
      const credentials = stepUpPasskeys(book, caller).map(({ credential }) => credential);
      if (credentials.length === 0) {
        const message =
          'expected a passkey to confirm with, found none: make a new link with `kontor link`';
        return reply.code(409).send({ error: 'refused', message });
      }
      const text = stepUpText(request.body.purpose, nameOf(caller).name);
      const purpose = { kind: 'stepUp', sessionId: caller.session.id, text } as const;
      return { ...ceremonies.start(purpose), rpId: people.site().rpId, credentials, text };
    },
  );
  app.post(
    '/session/step-up',
    {
      schema: {
        summary: 'Shows a passkey again: for five minutes acts that ask for it go on',
        body: Login,
        response: { 200: schemas.SessionState, 401: schemas.ErrorBody, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind === 'terminal') return reply.code(409).send(NO_SESSION);
      const { flow, assertion } = request.body;
      const shown = await ceremonies.finishAssertion(flow, 'stepUp', assertion, ({ sessionId }) => {
        if (sessionId !== caller.session.id) return null;
        const allowed = stepUpPasskeys(book, caller);
        return allowed.find(({ credential }) => credential === assertion.credential) ?? null;
      });
      if (!shown.ok) return reply.code(401).send({ error: DENIED, message: shown.reason });
      book.usePasskey(shown.passkey.credential, shown.counter, shown.isBackedUp);
      const token = sessions.renew(caller.token);
      if (token === null) return reply.code(401).send(NO_SESSION);
      const session = sessions.find(token);
      book.note({
        ...nameOf(caller),
        act: 'showed a passkey',
        about: shown.purpose.text.split('\n')[1] ?? '',
        status: 200,
      });
      const state: schemas.SessionState = {
        sessionId: caller.session.id,
        person: personOf(caller),
        role: roleOf(caller),
        freshUntil: session?.freshUntil ?? 0,
        isProtected: book.isProtected,
        ...people.site(),
      };
      return parts.setCookie(request, reply, token).send(state);
    },
  );

  app.get(
    '/people',
    {
      schema: {
        summary: 'The people of the desk; who is no owner sees themselves',
        response: { 200: schemas.People },
      },
    },
    (request) => {
      const caller = callerOf(request);
      const isOwner = roleOf(caller) === 'owner';
      const users = book.users().filter(({ id }) => isOwner || id === personOf(caller)?.id);
      return {
        members: users.map((person) => ({
          person,
          passkeys: book.passkeys(person.id).map(shownPasskey),
          recoveryCodesLeft: people.codes.left(person.id),
        })),
        invitations: isOwner ? [...book.invitations()] : [],
      };
    },
  );
  app.patch(
    '/people/:id',
    {
      schema: {
        summary: 'Changes the role of a person',
        params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        body: Type.Object({ role: schemas.Role }, { additionalProperties: false }),
        response: { 200: schemas.Person, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const fault = book.setRole(id, request.body.role);
      const person = book.user(id);
      if (fault !== null || person === null) {
        return reply.code(409).send({ error: 'refused', message: fault ?? 'expected a user' });
      }
      return person;
    },
  );
  app.delete(
    '/people/:id',
    {
      schema: {
        summary: 'Takes a person off the desk; their sessions end at once',
        params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        response: { 204: None, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      const theirs = sessions.list().filter(({ userId }) => userId === id);
      const fault = book.removeUser(id);
      if (fault !== null) return reply.code(409).send({ error: 'refused', message: fault });
      for (const session of theirs) live.endSession(session.id);
      return reply.code(204).send(null);
    },
  );
  app.post(
    '/people/:id/recovery-codes',
    {
      schema: {
        summary: 'Ten new recovery codes, shown once; the old ones are void',
        params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        response: {
          201: Type.Object({ codes: Type.Array(Type.String()) }),
          403: schemas.ErrorBody,
          404: schemas.ErrorBody,
        },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const { id } = request.params;
      if (!isSelf(caller, id)) return reply.code(403).send(NOT_YOURS);
      if (book.user(id) === null) {
        const message = `expected a user, found none named ${id}`;
        return reply.code(404).send({ error: 'not_found', message });
      }
      return reply.code(201).send({ codes: [...(await people.codes.renew(id))] });
    },
  );
  registerPasskeys(app, parts);
  app.post(
    '/people/invitations',
    {
      schema: {
        summary: 'A link that makes one person a user, within a week',
        body: Type.Object({ name: Name, role: schemas.Role }, { additionalProperties: false }),
        response: { 201: schemas.NewInvitation, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { name, role } = request.body;
      if (book.users().length >= USERS_MAX) {
        const message = `expected fewer than ${USERS_MAX} users`;
        return reply.code(409).send({ error: 'refused', message });
      }
      const made = book.invite(name, role, nameOf(callerOf(request)).name);
      if (made === null) {
        const message = 'expected fewer open invitations: take one back first';
        return reply.code(409).send({ error: 'refused', message });
      }
      // After the sign: browsers send that part to no server, so it stands in no log on the way.
      const link = `${people.site().origin}/invitation#${made.token}`;
      return reply.code(201).send({ invitation: made.invitation, link });
    },
  );
  app.delete(
    '/people/invitations/:id',
    {
      schema: {
        summary: 'Takes an invitation back',
        params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        response: { 204: None, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      if (book.endInvitation(request.params.id)) return reply.code(204).send(null);
      return reply.code(404).send(NO_INVITATION);
    },
  );
  registerSessions(app, parts);
  app.get(
    '/people/acts',
    {
      schema: {
        summary: 'Who did what, newest first',
        querystring: Type.Object({
          limit: Type.Optional(Type.Integer({ minimum: 1, maximum: ACTS_MAX })),
          before: Type.Optional(Type.Integer({ minimum: 1 })),
        }),
        response: { 200: Type.Array(schemas.PersonAct) },
      },
    },
    ({ query }) => [...book.acts(query.limit ?? 100, query.before)],
  );
  registerActs(app, people);
}

function registerPasskeys(app: App, parts: PeopleParts): void {
  const { people, sessions, live } = parts;
  const { book, ceremonies } = people;
  app.post(
    '/people/passkeys/options',
    {
      schema: {
        summary:
          'A challenge for a new passkey of one’s own; on a desk without people, the first owner’s',
        body: Type.Object({ name: Name }, { additionalProperties: false }),
        response: { 200: schemas.RegistrationOptions, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind === 'terminal') return reply.code(409).send(NO_SESSION);
      const { user, session } = caller;
      if (user === null && book.users().length > 0) return reply.code(409).send(NOBODY);
      const userId = user?.id ?? drawUserId();
      const started = ceremonies.start({
        kind: 'register',
        userId,
        sessionId: session.id,
        invitationId: null,
      });
      const known = user === null ? [] : book.passkeys(user.id);
      const credentials = known.map(({ credential }) => credential);
      const name = user?.name ?? request.body.name;
      return registrationOptions(started, people.site(), userId, name, credentials);
    },
  );
  app.post(
    '/people/passkeys',
    {
      schema: {
        summary: 'Keeps the passkey; the first one on a desk makes its owner',
        body: Type.Object(
          {
            flow: Flow,
            /** Of the person; counts for the first owner. */
            name: Name,
            passkeyName: Name,
            registration: schemas.PasskeyRegistration,
          },
          { additionalProperties: false },
        ),
        response: { 201: schemas.Person, 401: schemas.ErrorBody, 409: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      if (caller.kind === 'terminal') return reply.code(409).send(NO_SESSION);
      const { flow, name, passkeyName, registration } = request.body;
      const made = await ceremonies.finishRegistration(flow, passkeyName, registration);
      if (!made.ok) return reply.code(401).send({ error: DENIED, message: made.reason });
      const { userId, sessionId } = made.purpose;
      if (sessionId !== caller.session.id) return reply.code(409).send(NO_SESSION);
      const fault = newPasskeyFault(book, made.passkey.credential);
      if (fault !== null) return reply.code(409).send({ error: 'refused', message: fault });
      const { user } = caller;
      if (user === null) {
        if (book.users().length > 0) return reply.code(409).send(NOBODY);
        const owner = book.addUser(userId, name, 'owner', made.passkey);
        // Whoever made the passkey goes on as themselves.
        const token = sessions.renew(caller.token, { userId, how: 'passkey' });
        if (token === null) return reply.code(401).send(NO_SESSION);
        return parts.setCookie(request, reply, token).code(201).send(owner);
      }
      if (user.id !== userId) return reply.code(409).send(NO_SESSION);
      if (book.passkeys(user.id).length >= PASSKEYS_MAX) {
        const message = `expected fewer than ${PASSKEYS_MAX} passkeys: remove one first`;
        return reply.code(409).send({ error: 'refused', message });
      }
      book.addPasskey(user.id, made.passkey);
      return reply.code(201).send(user);
    },
  );
  app.delete(
    '/people/passkeys/:credential',
    {
      schema: {
        summary:
          'Removes a passkey, and ends the other sessions of its user; of somebody else only an owner may',
        params: Type.Object({ credential: Type.String({ maxLength: 1_400 }) }),
        response: { 204: None, 403: schemas.ErrorBody, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const caller = callerOf(request);
      const passkey = book.passkey(request.params.credential);
      if (passkey === null) {
        const message = 'expected a passkey of this desk, found none';
        return reply.code(404).send({ error: 'not_found', message });
      }
      if (!isSelf(caller, passkey.userId) && roleOf(caller) !== 'owner') {
        return reply.code(403).send(NOT_YOURS);
      }
      book.removePasskey(passkey.credential);
      // Who lost the device may have lost an open session with it.
      const own = caller.kind === 'session' ? caller.session.id : null;
      for (const { id, userId } of sessions.list()) {
        if (userId !== passkey.userId || id === own) continue;
        sessions.end(id);
        live.endSession(id);
      }
      return reply.code(204).send(null);
    },
  );
}

function registerSessions(app: App, { people, sessions, live }: PeopleParts): void {
  const { book } = people;
  const visible = (caller: Caller): readonly Session[] =>
    sessions
      .list()
      .filter(({ userId }) => roleOf(caller) === 'owner' || userId === personOf(caller)?.id);
  app.get(
    '/people/sessions',
    {
      schema: {
        summary: 'Who is logged in where; who is no owner sees their own sessions',
        response: { 200: Type.Array(schemas.ShownSession) },
      },
    },
    (request) => {
      const caller = callerOf(request);
      const names = new Map(book.users().map(({ id, name }) => [id, name]));
      return visible(caller).map(({ id, userId, how, createdAt, seenAt, agent }) => ({
        id,
        personId: userId,
        personName: userId === null ? '' : (names.get(userId) ?? ''),
        ...{ how, createdAt, seenAt, agent },
        isThis: caller.kind === 'session' && caller.session.id === id,
      }));
    },
  );
  app.delete(
    '/people/sessions/:id',
    {
      schema: {
        summary: 'Ends a session; its live streams end at once',
        params: Type.Object({ id: Type.String({ maxLength: 40 }) }),
        response: { 204: None, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { id } = request.params;
      if (!visible(callerOf(request)).some((session) => session.id === id)) {
        const message = 'expected a session that goes on, found none';
        return reply.code(404).send({ error: 'not_found', message });
      }
      sessions.end(id);
      live.endSession(id);
      return reply.code(204).send(null);
    },
  );
  app.delete(
    '/people/sessions',
    {
      schema: {
        summary: 'Ends all sessions that one sees but this one',
        response: { 200: Type.Object({ ended: Type.Integer() }) },
      },
    },
    (request) => {
      const caller = callerOf(request);
      const own = caller.kind === 'session' ? caller.session.id : null;
      const others = visible(caller).filter(({ id }) => id !== own);
      for (const { id } of others) {
        sessions.end(id);
        live.endSession(id);
      }
      return { ended: others.length };
    },
  );
}

/** Acts go to the signer as they came: it alone judges their form, and whose consent they have. */
function registerActs(app: App, people: PeopleDesk): void {
  const answer = (reply: FastifyReply, said: SignerAnswer): FastifyReply => {
    switch (said.kind) {
      case 'consent': {
        const { kind, nonce, text, challenge, credentials } = said;
        const { rpId } = people.site();
        return reply.send({ kind, nonce, text, challenge, credentials, rpId });
      }
      case 'performed':
        return reply.send({ kind: said.kind, act: said.act, entry: said.entry });
      case 'refused': {
        const isDecided = said.rule !== null;
        const error = isDecided ? 'refused' : 'signer_unavailable';
        return reply.code(isDecided ? 409 : 503).send({ error, message: said.reason });
      }
    }
  };
  const ERRORS = { 409: schemas.ErrorBody, 503: schemas.ErrorBody };
  app.get(
    '/people/owners',
    {
      schema: {
        summary: 'The passkeys whose consent the signer takes',
        response: { 200: Type.Array(schemas.SignerOwner), 503: schemas.ErrorBody },
      },
    },
    async (_request, reply) => {
      const owners = await people.owners();
      if (owners !== null) return [...owners];
      const message = 'the signer is not running';
      return reply.code(503).send({ error: 'signer_unavailable', message });
    },
  );
  app.post(
    '/acts',
    {
      bodyLimit: ACT_BYTES_MAX,
      schema: {
        summary: 'Asks the signer for an act that a person must consent to',
        body: Type.Object(
          { act: Type.Object({ kind: Type.String({ maxLength: 40 }) }) },
          { additionalProperties: false },
        ),
        response: { 200: schemas.ActAnswer, 403: schemas.ErrorBody, ...ERRORS },
      },
    },
    async (request, reply) => {
      const role = roleOf(callerOf(request));
      const least = roleForAct(request.body.act.kind);
      if (!hasRole(role, least)) {
        const message = `expected the role ${least}, found ${role}`;
        return reply.code(403).send({ error: 'not_allowed', message });
      }
      // The signer's parser is the judge of the form.
      const act = request.body.act as Act;
      return answer(reply, await people.act({ kind: 'requestAct', act }));
    },
  );
  app.post(
    '/acts/confirm',
    {
      schema: {
        summary: 'Brings the consent of a person to the signer',
        body: Type.Object(
          { nonce: Type.String({ maxLength: 40 }), approval: schemas.ActApproval },
          { additionalProperties: false },
        ),
        response: { 200: schemas.ActAnswer, ...ERRORS },
      },
    },
    async (request, reply) =>
      answer(reply, await people.act({ kind: 'confirmAct', ...request.body })),
  );
}

const NO_SESSION = {
  error: 'refused',
  message: 'expected the browser session that began this, found another caller',
};
const NOBODY = {
  error: 'refused',
  message:
    'expected a session of a person, found one of the terminal: log in with a passkey, or invite a person',
};
const NOT_YOURS = {
  error: 'not_allowed',
  message: 'expected something of your own, found what belongs to somebody else',
};

/** The caller whom the guard let in. */
function callerOf(request: FastifyRequest): Caller {
  if (request.caller === null) throw new Error('Invariant: the guard knows every caller');
  return request.caller;
}

function personOf(caller: Caller): User | null {
  return caller.kind === 'session' ? caller.user : null;
}

/** Whether `userId` is the caller; the terminal acts for everybody. */
function isSelf(caller: Caller, userId: string): boolean {
  return caller.kind === 'terminal' || personOf(caller)?.id === userId;
}

function agentOf(request: FastifyRequest): string {
  return (request.headers['user-agent'] ?? '').replaceAll(/[^\x20-\x7e]/g, '');
}

/** Whose passkey confirms an act of `caller`: one's own; for a session of the terminal, an owner's. */
function stepUpPasskeys(
  book: PeopleBook,
  caller: Extract<Caller, { kind: 'session' }>,
): readonly Passkey[] {
  if (caller.user !== null) return book.passkeys(caller.user.id);
  const owners = book.users().filter(({ role }) => role === 'owner');
  return owners.flatMap(({ id }) => book.passkeys(id));
}

function stepUpText(purpose: string, name: string): string {
  const lines = ['kontor-step-up/v1', purpose, `person: ${name}`];
  return `${[...lines, `time: ${new Date().toISOString()}`, `nonce: ${drawUserId()}`].join('\n')}\n`;
}

function newPasskeyFault(book: PeopleBook, credential: string): string | null {
  return book.passkey(credential) === null
    ? null
    : 'expected a passkey that this desk does not know yet, found one that it does';
}

function registrationOptions(
  { flow, challenge }: { readonly flow: string; readonly challenge: string },
  { rpId }: Site,
  userId: string,
  userName: string,
  credentials: readonly string[],
): schemas.RegistrationOptions {
  const id = Buffer.from(userId).toString('base64url');
  return { flow, challenge, rpId, userId: id, userName, credentials: [...credentials] };
}

function shownPasskey(passkey: Passkey): schemas.ShownPasskey {
  const { credential, name, publicKey, rpId, isBackedUp, createdAt, usedAt } = passkey;
  return { credential, name, publicKey, rpId, isBackedUp, createdAt, usedAt };
}
