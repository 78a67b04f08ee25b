// SPDX-License-Identifier: Apache-2.0
// People: who gets in, who may do what, what needs a passkey shown again, and what is noted of it.

import assert from 'node:assert/strict';
import { test, type TestContext } from 'node:test';
import { Access } from '../src/people/access.ts';
import { Ceremonies, CEREMONY_MS } from '../src/people/ceremonies.ts';
import { PeopleBook, drawUserId } from '../src/people/people-book.ts';
import { demandOf, hasRole, ROLES, type Role } from '../src/people/roles.ts';
import { FRESH_MS } from '../src/people/sessions.ts';
import { Passkey, type Bent } from '../../test/passkey.ts';
import { openApi, VAULT, type ApiBounds, type ScriptedApi } from './scripted-api.ts';

const HOST = 'localhost:4180';
const ORIGIN = 'http://localhost:4180';

type Method = 'GET' | 'POST' | 'PATCH' | 'PUT' | 'DELETE';

/** A browser: it keeps the cookie it was given, and says where its page is from. */
class Browser {
  readonly #api: ScriptedApi;
  readonly host: string;
  cookie: { readonly name: string; readonly value: string } | null = null;
  headers: Readonly<Record<string, string>> = {};

  constructor(api: ScriptedApi, host: string = HOST) {
    this.#api = api;
    this.host = host;
  }

  async ask(
    method: Method,
    url: string,
    body?: unknown,
    headers: Readonly<Record<string, string>> = {},
    // oxlint-disable-next-line typescript/no-explicit-any -- what a test reads from it, it checks
  ): Promise<{ status: number; body: any; headers: Record<string, unknown> }> {
    const { cookie } = this;
    const answer = await this.#api.app.inject({
      method,
      url,
      headers: {
        host: this.host,
        'user-agent': 'a test',
        ...(method === 'GET' ? {} : { origin: `http://${this.host}` }),
        ...(cookie === null ? {} : { cookie: `${cookie.name}=${cookie.value}` }),
        ...(body === undefined ? {} : { 'content-type': 'application/json' }),
        ...this.headers,
        ...headers,
      },
      ...(body === undefined ? {} : { payload: JSON.stringify(body) }),
    });
    const [set] = answer.cookies;
    if (set !== undefined) this.cookie = set.value === '' ? null : set;
    const isJson = answer.headers['content-type']?.includes('json') ?? false;
    return {
      status: answer.statusCode,
      body: isJson ? answer.json() : answer.body,
      headers: answer.headers,
    };
  }

  /** Comes in by a link of the terminal. */
  async byLink(): Promise<this> {
    const { status } = await this.ask('GET', `/login?token=${this.#api.sessions.createLink()}`);
    assert.equal(status, 303);
    return this;
  }

  async addPasskey(passkey: Passkey, name = 'Ada', bent: Bent = {}): Promise<number> {
    const { status, body } = await this.ask('POST', '/api/v1/people/passkeys/options', { name });
    if (status !== 200) return status;
    const made = await this.ask('POST', '/api/v1/people/passkeys', {
      flow: body.flow,
      name,
      passkeyName: 'test key',
      registration: passkey.register(body.challenge, bent),
    });
    return made.status;
  }

  /** Logs in; returns the whole answer. */
  async byPasskey(
    passkey: Passkey,
    userHandle: string,
    bent: Bent = {},
  ): ReturnType<Browser['ask']> {
    const { body } = await this.ask('POST', '/auth/passkey/options');
    const { kind: _, ...assertion } = passkey.assert(body.challenge, bent);
    return this.ask('POST', '/auth/passkey', {
      flow: body.flow,
      assertion: { ...assertion, userHandle },
    });
  }

  async stepUp(passkey: Passkey, bent: Bent = {}): ReturnType<Browser['ask']> {
    const purpose = 'make a connection';
    const { body } = await this.ask('POST', '/api/v1/session/step-up/options', { purpose });
    const { kind: _, ...assertion } = passkey.assert(body.challenge, bent);
    return this.ask('POST', '/api/v1/session/step-up', { flow: body.flow, assertion });
  }
}

async function opened(t: TestContext, bounds: ApiBounds = {}): Promise<ScriptedApi> {
  const api = await openApi({}, bounds);
  t.after(() => api.close());
  return api;
}

function handleOf(userId: string): string {
  return Buffer.from(userId).toString('base64url');
}

/** A user with a passkey, put into the store; and a browser in which they are logged in. */
async function member(
  api: ScriptedApi,
  role: Role,
  name: string = role,
): Promise<{ id: string; passkey: Passkey; browser: Browser }> {
  const passkey = new Passkey({ origin: ORIGIN });
  const id = drawUserId();
  const { credential } = passkey;
  api.people.book.addUser(id, name, role, {
    ...{ credential, name: 'key', counter: 0, rpId: 'localhost' },
    publicKey: passkey.cose.toString('base64url'),
    isBackupEligible: false,
    isBackedUp: false,
  });
  const browser = new Browser(api);
  const { status, body } = await browser.byPasskey(passkey, handleOf(id));
  assert.equal(status, 200, JSON.stringify(body));
  return { id, passkey, browser };
}

/** As if `browser`'s passkey had been shown long ago. */
function stale(api: ScriptedApi): void {
  api.desk.store.run('UPDATE sessions SET fresh_until = 0');
}

interface Routed {
  readonly method: string;
  readonly url: string;
}

/** Every route of the application that a caller must be known for. */
function guarded(api: ScriptedApi): readonly Routed[] {
  const found: Routed[] = [];
  const stack: string[] = [];
  for (const line of api.app.printRoutes({ commonPrefix: false }).split('\n')) {
    const match = /^((?:│ {3}| {4})*)(?:├── |└── )(\S.*) \(([A-Z, ]+)\)$/.exec(line);
    if (match === null) continue;
    const depth = (match[1] ?? '').length / 4;
    stack.length = depth;
    stack[depth] = match[2] ?? '';
    const url = stack.join('');
    const isOpen = /^\*$|^\/(?:auth|login|healthz|openapi\.json)/.test(url);
    for (const method of (match[3] ?? '').split(', ')) {
      if (!isOpen && !['HEAD', 'OPTIONS'].includes(method)) found.push({ method, url });
    }
  }
  return found;
}

test('[Y1] every route stands in the table, and each role may ask exactly for its own and those below', async (t) => {
  const api = await opened(t);
  const routes = guarded(api).filter(({ url }) => /^\/api\/v1\/|^\/metrics/.test(url));
  assert.ok(routes.length > 60, `${routes.length} routes`);
  const people = new Map<Role, Browser>();
  for (const role of ROLES) people.set(role, (await member(api, role)).browser);
  for (const { method, url } of routes) {
    const { demand, isListed } = demandOf(method, url);
    assert.ok(isListed, `${method} ${url} stands in DEMANDS of people/roles.ts`);
    for (const [role, browser] of people) {
      if (url === '/api/v1/stream') continue;
      // What is sent has no body, and names nothing that is there: who may ask is told that.
      if (/session$|sessions$|backups$/.test(url)) continue;
      const asked = await browser.ask(method as Method, url.replaceAll(/:\w+/g, '0'));
      const mayAsk = demand.role !== 'terminal' && hasRole(role, demand.role);
      const isTurnedAway = asked.status === 403 && asked.body.error === 'not_allowed';
      const isOwnOnly = /people\/(?:0|:id)\/recovery-codes/.test(url);
      if (isOwnOnly) continue;
      assert.equal(isTurnedAway, !mayAsk, `${role}: ${method} ${url} gives ${asked.status}`);
    }
  }
});

test('[Y2] a route that the table lacks is for owners who have just shown a passkey', async (t) => {
  const api = await opened(t);
  const access = new Access(api.sessions, api.people.book);
  assert.equal(demandOf('GET', '/api/v1/not-in-the-table').isListed, false);
  for (const role of ROLES) {
    const { id, passkey } = await member(api, role);
    const token = api.sessions.begin({ userId: id, how: 'passkey', agent: '' });
    const caller = access.callerOf(undefined, token);
    assert.ok(caller !== null && passkey !== null);
    const verdict = access.judge(caller, 'POST', '/api/v1/not-in-the-table');
    assert.equal(verdict.ok, role === 'owner', role);
    stale(api);
    const later = access.judge(
      access.callerOf(undefined, token),
      'POST',
      '/api/v1/not-in-the-table',
    );
    assert.equal(later.ok, false, role);
  }
});

test('[Y3] the first passkey on a desk makes its owner, and a login by it opens the desk', async (t) => {
  const api = await opened(t);
  const browser = await new Browser(api).byLink();
  assert.deepEqual((await browser.ask('GET', '/api/v1/session')).body.person, null);
  const passkey = new Passkey({ origin: ORIGIN });
  const underWay = new Browser(api);
  underWay.cookie = browser.cookie;
  assert.equal(await browser.addPasskey(passkey), 201);
  // A request that was under way locks nobody out.
  assert.equal((await underWay.ask('GET', '/api/v1/desk')).status, 200);
  const [user] = api.people.book.users();
  assert.ok(user);
  assert.deepEqual([user.name, user.role], ['Ada', 'owner']);
  assert.equal((await browser.ask('GET', '/api/v1/session')).body.person.name, 'Ada');
  const link = await new Browser(api).byLink();
  assert.equal(await link.addPasskey(new Passkey({ origin: ORIGIN }), 'Eve'), 409);
  const other = new Browser(api);
  assert.equal((await other.ask('GET', '/api/v1/desk')).status, 401);
  const login = await other.byPasskey(passkey, handleOf(user.id));
  assert.equal(login.status, 200, JSON.stringify(login.body));
  assert.equal((await other.ask('GET', '/api/v1/desk')).status, 200);
  assert.equal((await other.ask('GET', '/api/v1/session')).body.person.name, 'Ada');
});

for (const kind of ['ES256', 'EdDSA', 'RS256'] as const) {
  test(`[Y3] an ${kind} passkey is taken`, async (t) => {
    const api = await opened(t);
    const browser = await new Browser(api).byLink();
    const passkey = new Passkey({ origin: ORIGIN, kind });
    assert.equal(await browser.addPasskey(passkey), 201);
    const [user] = api.people.book.users();
    const login = await new Browser(api).byPasskey(passkey, handleOf(user?.id ?? ''));
    assert.equal(login.status, 200, JSON.stringify(login.body));
  });
}

const BENT: readonly (readonly [name: string, bent: Bent])[] = [
  ['for another challenge', { challenge: 'A'.repeat(43) }],
  ['from another site', { rpId: 'evil.example' }],
  ['without a verified person', { flags: 0x01 }],
  ['without a present person', { flags: 0x04 }],
  ['with a count that a copy shows', { counter: 1 }],
  ['of another type', { type: 'webauthn.create' }],
  ['by another key', { key: new Passkey().key }],
];

for (const [name, bent] of BENT) {
  test(`[Y4] attack 58: a login ${name} is refused, and so is such a step-up`, async (t) => {
    const api = await opened(t);
    const { id, passkey, browser } = await member(api, 'owner');
    const stranger = new Browser(api);
    const answer = await stranger.byPasskey(passkey, handleOf(id), bent);
    assert.equal(answer.status, 401, JSON.stringify(answer.body));
    assert.equal(stranger.cookie, null);
    stale(api);
    assert.equal((await browser.stepUp(passkey, bent)).status, 401);
    assert.equal((await browser.ask('POST', '/api/v1/backups')).body.error, 'step_up_needed');
  });
}

test('[Y4] attack 57: a login that was led through another origin fails', async (t) => {
  const api = await opened(t);
  const { id, passkey } = await member(api, 'owner');
  // The proxy hands everything on; the browser signs where it really was.
  for (const origin of ['https://localhost.evil.example', 'http://localhost:4181']) {
    const answer = await new Browser(api).byPasskey(passkey, handleOf(id), { origin });
    assert.equal(answer.status, 401);
    assert.match(answer.body.message, /origin/);
  }
});

test('[Y4] attack 58: a challenge works once, for what it was given out for, and in its session', async (t) => {
  const api = await opened(t);
  const one = await member(api, 'owner', 'Ada');
  const two = await member(api, 'trader', 'Ben');
  const stranger = new Browser(api);
  const { body } = await stranger.ask('POST', '/auth/passkey/options');
  const { kind: _, ...assertion } = one.passkey.assert(body.challenge);
  const login = { flow: body.flow, assertion: { ...assertion, userHandle: handleOf(one.id) } };
  const asStepUp = await one.browser.ask('POST', '/api/v1/session/step-up', login);
  assert.equal(asStepUp.status, 401, 'a login is no step-up');
  assert.equal((await stranger.ask('POST', '/auth/passkey', login)).status, 401, 'and is spent');
  const again = await stranger.byPasskey(one.passkey, handleOf(one.id));
  assert.equal(again.status, 200);
  const purpose = { purpose: 'x' };
  const begun = await two.browser.ask('POST', '/api/v1/session/step-up/options', purpose);
  const { kind: __, ...other } = two.passkey.assert(begun.body.challenge);
  const elsewhere = { flow: begun.body.flow, assertion: other };
  const crossed = await one.browser.ask('POST', '/api/v1/session/step-up', elsewhere);
  assert.equal(crossed.status, 401, "another session's ceremony");
});

test("[Y4] attack 58: another user's passkey is not taken for one's own", async (t) => {
  const api = await opened(t);
  const one = await member(api, 'owner', 'Ada');
  const two = await member(api, 'trader', 'Ben');
  const answer = await new Browser(api).byPasskey(two.passkey, handleOf(one.id));
  assert.equal(answer.status, 401);
  assert.match(answer.body.message, /own user/);
  stale(api);
  assert.equal((await one.browser.stepUp(two.passkey)).status, 401);
});

test('[Y4] a challenge lives five minutes, and strangers cannot push out what people have begun', async () => {
  let now = 1_000_000;
  const ceremonies = new Ceremonies(
    () => ({ origin: ORIGIN, rpId: 'localhost' }),
    () => now,
  );
  const purpose = { kind: 'stepUp', sessionId: 's', text: 'a\nb\n' } as const;
  const begun = ceremonies.start(purpose);
  for (let count = 0; count < 1_500; count += 1) ceremonies.start({ kind: 'login' });
  const assertion = {
    ...{ credential: 'AAAA', clientData: 'AAAA', authenticatorData: 'AAAA', signature: 'AAAA' },
  };
  const known = await ceremonies.finishAssertion(begun.flow, 'stepUp', assertion, () => null);
  assert.match(known.ok ? '' : known.reason, /does not know/);
  const late = ceremonies.start(purpose);
  now += CEREMONY_MS;
  const over = await ceremonies.finishAssertion(late.flow, 'stepUp', assertion, () => null);
  assert.match(over.ok ? '' : over.reason, /last five minutes/);
});

test('[Y4] a registration of another origin, site or kind makes no passkey', async (t) => {
  const api = await opened(t);
  const browser = await new Browser(api).byLink();
  for (const bent of [
    { origin: 'https://evil.example' },
    { rpId: 'evil.example' },
    { type: 'webauthn.get' },
    { flags: 0x41 },
  ]) {
    assert.equal(await browser.addPasskey(new Passkey({ origin: ORIGIN }), 'Ada', bent), 401);
  }
  assert.deepEqual(api.people.book.users(), []);
});

test('[Y5] an invitation makes one user of its role, once, and can be taken back', async (t) => {
  const api = await opened(t);
  const { browser: owner } = await member(api, 'owner');
  const invite = async (name: string): Promise<{ id: string; token: string }> => {
    const { status, body } = await owner.ask('POST', '/api/v1/people/invitations', {
      ...{ name, role: 'trader' },
    });
    assert.equal(status, 201, JSON.stringify(body));
    assert.ok(body.link.startsWith(`${ORIGIN}/invitation#`));
    return { id: body.invitation.id, token: body.link.split('#')[1] };
  };
  const { token } = await invite('Ben');
  const guest = new Browser(api);
  const seen = await guest.ask('POST', '/auth/invitation', { token });
  assert.deepEqual([seen.body.name, seen.body.role], ['Ben', 'trader']);
  const accept = async (
    browser: Browser,
    given: string,
  ): Promise<{ readonly status: number; readonly passkey: Passkey }> => {
    const { status, body } = await browser.ask('POST', '/auth/invitation/options', {
      token: given,
    });
    const passkey = new Passkey({ origin: ORIGIN });
    if (status !== 200) return { status, passkey };
    const registration = passkey.register(body.challenge);
    const accepted = { token: given, flow: body.flow, passkeyName: 'phone', registration };
    return {
      status: (await browser.ask('POST', '/auth/invitation/accept', accepted)).status,
      passkey,
    };
  };
  assert.equal((await accept(guest, token)).status, 201);
  const session = (await guest.ask('GET', '/api/v1/session')).body;
  assert.deepEqual([session.person.name, session.role], ['Ben', 'trader']);
  assert.equal((await accept(new Browser(api), token)).status, 404, 'it is spent');
  const back = await invite('Cy');
  const taken = await owner.ask('DELETE', `/api/v1/people/invitations/${back.id}`);
  assert.equal(taken.status, 204);
  assert.equal((await accept(new Browser(api), back.token)).status, 404);
  const stored = JSON.stringify(api.desk.store.all('SELECT * FROM invitations'));
  assert.ok(!stored.includes((await invite('Di')).token), 'tokens are not stored');
});

test('[Y5] invitations are for owners alone, and end after a week', async (t) => {
  const api = await opened(t);
  let now = Date.now();
  const book = new PeopleBook(api.desk.store, () => now);
  const made = book.invite('Ben', 'viewer', 'Ada');
  assert.ok(made);
  now += 7 * 86_400_000 - 1;
  assert.equal(book.invitation(made.token)?.name, 'Ben');
  now += 1;
  assert.equal(book.invitation(made.token), null);
  for (let count = 0; count < 20; count += 1) assert.ok(book.invite(`P${count}`, 'viewer', 'Ada'));
  assert.equal(book.invite('one more', 'viewer', 'Ada'), null);
});

test('[Y6] ten recovery codes are shown once, stored stretched, and log in once each', async (t) => {
  const api = await opened(t);
  const { id, browser } = await member(api, 'trader');
  const made = await browser.ask('POST', `/api/v1/people/${id}/recovery-codes`);
  assert.equal(made.status, 201, JSON.stringify(made.body));
  const { codes } = made.body;
  assert.equal(new Set(codes).size, 10);
  const stored = JSON.stringify(api.desk.store.all('SELECT * FROM recovery_codes'));
  for (const code of codes) {
    assert.match(code, /^[A-HJ-NP-Z2-9]{4}(?:-[A-HJ-NP-Z2-9]{4}){4}$/);
    assert.ok(!stored.includes(code.replaceAll('-', '').slice(4)), 'no code in the store');
  }
  const lost = new Browser(api);
  const typed = { code: ` ${codes[3].toLowerCase().replaceAll('-', ' ')} ` };
  assert.equal((await lost.ask('POST', '/auth/recovery', typed)).status, 200);
  assert.equal((await lost.ask('GET', '/api/v1/session')).body.person.id, id);
  assert.equal((await new Browser(api).ask('POST', '/auth/recovery', typed)).status, 401);
  const { members } = (await lost.ask('GET', '/api/v1/people')).body;
  assert.equal(members[0].recoveryCodesLeft, 9);
  assert.equal((await lost.ask('POST', `/api/v1/people/${id}/recovery-codes`)).status, 201);
  const old = await new Browser(api).ask('POST', '/auth/recovery', { code: codes[4] });
  assert.equal(old.status, 401, 'new codes make the old ones void');
});

test('[Y6] codes are tried five times a minute from one address', async (t) => {
  const api = await opened(t);
  const statuses: number[] = [];
  for (let count = 0; count < 6; count += 1) {
    statuses.push((await new Browser(api).ask('POST', '/auth/recovery', { code: 'x' })).status);
  }
  assert.deepEqual(statuses, [401, 401, 401, 401, 401, 429]);
});

test("[Y6] nobody makes another person's codes", async (t) => {
  const api = await opened(t);
  const { browser: owner } = await member(api, 'owner');
  const { id } = await member(api, 'viewer');
  assert.equal((await owner.ask('POST', `/api/v1/people/${id}/recovery-codes`)).status, 403);
  assert.equal((await api.ask('POST', `/api/v1/people/${id}/recovery-codes`)).status, 201);
});

test('[Y7] a session is exchanged when a passkey is shown; the old cookie ends after some seconds', async (t) => {
  const api = await opened(t);
  const { passkey, browser } = await member(api, 'owner');
  const before = browser.cookie;
  const idBefore = (await browser.ask('GET', '/api/v1/session')).body.sessionId;
  assert.equal((await browser.stepUp(passkey)).status, 200);
  assert.notEqual(browser.cookie?.value, before?.value);
  assert.equal((await browser.ask('GET', '/api/v1/session')).body.sessionId, idBefore);
  const old = new Browser(api);
  old.cookie = before;
  assert.equal((await old.ask('GET', '/api/v1/desk')).status, 200, 'what was on its way goes on');
  assert.equal((await old.ask('POST', '/api/v1/backups')).status, 403, 'but is not fresh');
  api.desk.store.run('UPDATE sessions SET replaced_at = replaced_at - 10001');
  assert.equal((await old.ask('GET', '/api/v1/desk')).status, 401);
  assert.equal((await browser.ask('GET', '/api/v1/people/sessions')).body.length, 1);
});

test('[Y7] a login ends the session that the browser had', async (t) => {
  const api = await opened(t);
  const { id, passkey, browser } = await member(api, 'owner');
  const before = new Browser(api);
  before.cookie = browser.cookie;
  assert.equal((await browser.byPasskey(passkey, handleOf(id))).status, 200);
  assert.equal((await before.ask('GET', '/api/v1/desk')).status, 401);
});

test('[Y7] sessions are listed, and ended one by one or all others at once', async (t) => {
  const api = await opened(t);
  const owner = await member(api, 'owner', 'Ada');
  const viewer = await member(api, 'viewer', 'Ben');
  const second = new Browser(api);
  await second.byPasskey(viewer.passkey, handleOf(viewer.id));
  const link = await new Browser(api).byLink();
  const seen = (await owner.browser.ask('GET', '/api/v1/people/sessions')).body;
  assert.equal(seen.length, 4);
  assert.deepEqual(
    new Set(seen.map((one: { how: string }) => one.how)),
    new Set(['passkey', 'link']),
  );
  const own = (await viewer.browser.ask('GET', '/api/v1/people/sessions')).body;
  assert.deepEqual(
    own.map((one: { personName: string }) => one.personName),
    ['Ben', 'Ben'],
  );
  const adas = seen.find((one: { personName: string }) => one.personName === 'Ada');
  const reach = await viewer.browser.ask('DELETE', `/api/v1/people/sessions/${adas.id}`);
  assert.equal(reach.status, 404, "a viewer ends nobody's session but their own");
  assert.equal((await viewer.browser.ask('DELETE', '/api/v1/people/sessions')).body.ended, 1);
  assert.equal((await second.ask('GET', '/api/v1/desk')).status, 401);
  assert.equal((await owner.browser.ask('DELETE', '/api/v1/people/sessions')).body.ended, 2);
  assert.equal((await link.ask('GET', '/api/v1/desk')).status, 401);
  assert.equal((await owner.browser.ask('GET', '/api/v1/desk')).status, 200);
});

test("[Y7] a person's session ends after seven days without use and after thirty in any case", async (t) => {
  const api = await opened(t);
  const { browser } = await member(api, 'owner');
  const day = 86_400_000;
  const shift = (column: string, days: number): void =>
    void api.desk.store.run(`UPDATE sessions SET ${column} = ?`, Date.now() - days * day);
  shift('seen_at', 6.9);
  assert.equal((await browser.ask('GET', '/api/v1/desk')).status, 200);
  shift('seen_at', 7.1);
  assert.equal((await browser.ask('GET', '/api/v1/desk')).status, 401);
  shift('seen_at', 0);
  shift('created_at', 29.9);
  assert.equal((await browser.ask('GET', '/api/v1/desk')).status, 200);
  shift('created_at', 30.1);
  assert.equal((await browser.ask('GET', '/api/v1/desk')).status, 401);
});

const STEP_UP: readonly (readonly [method: Method, url: string, body?: object])[] = [
  ['POST', '/api/v1/connections', { name: 'x', venue: 'demo', keyKind: 'ed25519' }],
  ['PUT', '/api/v1/connections/c_ABCDEF2/api-key', { apiKey: 'x' }],
  ['POST', '/api/v1/backups'],
  ['POST', '/api/v1/people/invitations', { name: 'Eve', role: 'owner' }],
  ['PATCH', '/api/v1/people/u_x', { role: 'owner' }],
  ['DELETE', '/api/v1/people/u_x'],
  ['POST', '/api/v1/people/passkeys/options', { name: 'x' }],
  ['DELETE', '/api/v1/people/passkeys/AAAA'],
];

for (const [method, url, body] of STEP_UP) {
  test(`[Y8] attack 23: ${method} ${url} asks for a passkey of the last five minutes`, async (t) => {
    const api = await opened(t);
    const { passkey, browser } = await member(api, 'owner');
    api.desk.store.run('UPDATE sessions SET fresh_until = ?', Date.now());
    const refused = await browser.ask(method, url, body);
    assert.deepEqual([refused.status, refused.body.error], [403, 'step_up_needed']);
    assert.equal((await browser.stepUp(passkey)).status, 200);
    const until = (await browser.ask('GET', '/api/v1/session')).body.freshUntil;
    assert.ok(until > Date.now() && until <= Date.now() + FRESH_MS);
    const asked = await browser.ask(method, url, body);
    assert.notEqual(asked.status, 403, JSON.stringify(asked.body));
  });
}

test('[Y9] without people nothing asks for a passkey; with an owner a link is good for five minutes', async (t) => {
  const api = await opened(t);
  const browser = await new Browser(api).byLink();
  stale(api);
  assert.equal((await browser.ask('POST', '/api/v1/backups')).status, 201);
  const { passkey } = await member(api, 'owner');
  const refused = await browser.ask('POST', '/api/v1/backups');
  assert.deepEqual([refused.status, refused.body.error], [403, 'step_up_needed']);
  assert.match(refused.body.message, /kontor link/);
  const fresh = await new Browser(api).byLink();
  assert.equal((await fresh.ask('POST', '/api/v1/backups')).status, 201);
  assert.equal((await browser.stepUp(passkey)).status, 200, "or an owner's passkey confirms");
  assert.equal((await browser.ask('POST', '/api/v1/backups')).status, 201);
  assert.equal((await api.ask('POST', '/api/v1/backups')).status, 201, 'the terminal is the owner');
});

test('[Y9] no session makes a link: only the terminal does', async (t) => {
  const api = await opened(t);
  const { browser } = await member(api, 'owner');
  const link = await new Browser(api).byLink();
  for (const one of [browser, link]) {
    assert.equal((await one.ask('POST', '/api/v1/links')).status, 403);
  }
  const { status, body } = await api.ask('POST', '/api/v1/links');
  assert.equal(status, 201);
  assert.ok(body.link.startsWith(`${ORIGIN}/login?token=`));
});

test('[Y10] roles change, people leave, and the last owner stays', async (t) => {
  const api = await opened(t);
  const owner = await member(api, 'owner', 'Ada');
  const other = await member(api, 'viewer', 'Ben');
  const path = (id: string): string => `/api/v1/people/${id}`;
  for (const [method, body] of [
    ['PATCH', { role: 'viewer' }],
    ['DELETE', undefined],
  ] as const) {
    const last = await owner.browser.ask(method, path(owner.id), body);
    assert.equal(last.status, 409);
    assert.match(last.body.message, /last one/);
  }
  assert.equal((await owner.browser.ask('PATCH', path(other.id), { role: 'trader' })).status, 200);
  assert.equal((await other.browser.ask('GET', '/api/v1/session')).body.role, 'trader');
  const codes = await other.browser.ask('POST', `/api/v1/people/${other.id}/recovery-codes`);
  assert.equal((await owner.browser.ask('DELETE', path(other.id))).status, 204);
  assert.equal((await other.browser.ask('GET', '/api/v1/desk')).status, 401);
  const back = await other.browser.byPasskey(other.passkey, handleOf(other.id));
  assert.equal(back.status, 401, 'the passkey is gone with them');
  const code = { code: codes.body.codes[0] };
  assert.equal((await other.browser.ask('POST', '/auth/recovery', code)).status, 401);
});

test('[Y10] people see and remove their own passkeys, owners those of others', async (t) => {
  const api = await opened(t);
  const owner = await member(api, 'owner', 'Ada');
  const one = await member(api, 'viewer', 'Ben');
  const two = await member(api, 'viewer', 'Cy');
  const path = `/api/v1/people/passkeys/${two.passkey.credential}`;
  assert.equal((await one.browser.ask('DELETE', path)).status, 403);
  const seen = (await one.browser.ask('GET', '/api/v1/people')).body;
  assert.deepEqual(
    seen.members.map(({ person }: { person: { name: string } }) => person.name),
    ['Ben'],
  );
  assert.equal(await two.browser.addPasskey(new Passkey({ origin: ORIGIN })), 201);
  assert.equal((await two.browser.ask('DELETE', path)).status, 204);
  assert.equal(api.people.book.passkeys(two.id).length, 1);
  const left = api.people.book.passkeys(two.id)[0]?.credential ?? '';
  assert.equal((await two.browser.ask('GET', '/api/v1/desk')).status, 200, 'who removed it stays');
  const removed = await owner.browser.ask('DELETE', `/api/v1/people/passkeys/${left}`);
  assert.equal(removed.status, 204);
  assert.equal((await two.browser.ask('GET', '/api/v1/desk')).status, 401, 'sessions go with it');
});

test('[Y10] who leaves or is no owner any more comes back by no invitation of theirs', async (t) => {
  const api = await opened(t);
  const owner = await member(api, 'owner', 'Ada');
  const invite = async (by: Browser): Promise<void> => {
    const made = await by.ask('POST', '/api/v1/people/invitations', { name: 'Eve', role: 'owner' });
    assert.equal(made.status, 201);
  };
  await invite(owner.browser);
  for (const [name, method, body] of [
    ['Ben', 'DELETE', undefined],
    ['Cy', 'PATCH', { role: 'trader' }],
  ] as const) {
    const other = await member(api, 'owner', name);
    await invite(other.browser);
    const { status } = await owner.browser.ask(method, `/api/v1/people/${other.id}`, body);
    assert.ok(status < 300);
    assert.deepEqual(
      api.people.book.invitations().map(({ invitedBy }) => invitedBy),
      ['Ada'],
    );
  }
});

test('[Y11] every write is noted with who made it, what it was about and how it ended', async (t) => {
  const api = await opened(t);
  const { id, passkey, browser } = await member(api, 'owner', 'Ada');
  await browser.ask('POST', '/api/v1/bots/77/start');
  await browser.stepUp(passkey);
  await api.ask('POST', '/api/v1/bots/78/start');
  const link = await new Browser(api).byLink();
  await link.ask('POST', '/api/v1/bots/79/start');
  await browser.ask('GET', '/api/v1/bots');
  await browser.ask('POST', '/api/v1/policy/check', { text: 'policy/v1' });
  const { body } = await browser.ask('GET', '/api/v1/people/acts');
  assert.deepEqual(
    body.map(({ who, act, about, status }: Record<string, unknown>) => [who, act, about, status]),
    [
      ['link', 'POST /api/v1/bots/:id/start', 'id 79', 404],
      ['link', 'login by link', '', 303],
      ['terminal', 'POST /api/v1/bots/:id/start', 'id 78', 404],
      [id, 'showed a passkey', 'make a connection', 200],
      [id, 'POST /api/v1/bots/:id/start', 'id 77', 404],
      [id, 'login by passkey', '', 200],
    ],
  );
  const [, second] = body;
  const older = await browser.ask('GET', `/api/v1/people/acts?before=${second.sequence}&limit=1`);
  assert.equal(older.body[0].who, 'terminal');
});

test('[Y11] beyond the bound the acts of whoever did most go, and nobody pushes out those of others', async (t) => {
  const api = await opened(t);
  const { book } = api.people;
  const note = (who: string, about: string): void =>
    book.note({ who, name: who, act: 'POST /api/v1/bots', about, status: 403 });
  note('Ada', 'the only one');
  api.desk.store.run(
    `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 19999)
     INSERT INTO people_acts (time, who, name, act, about, status) SELECT 1, 'Eve', 'Eve', 'x', i, 403 FROM n`,
  );
  note('Eve', 'one more');
  note('Eve', 'and another');
  const acts = book.acts(30_000);
  assert.equal(acts.length, 20_000);
  assert.equal(acts.at(-1)?.about, 'the only one');
  assert.equal(acts.at(-2)?.about, '3');
  assert.equal(acts[0]?.about, 'and another');
});

test('[Y14] an act goes to the signer as it came, and its answer back; a refusal says the reason', async (t) => {
  const api = await opened(t);
  const { browser } = await member(api, 'owner');
  const act = { kind: 'removeOwner', credential: 'A'.repeat(43), more: { any: ['thing'] } };
  api.actAnswer = {
    ...{ kind: 'consent', id: 1, nonce: 'n'.repeat(22), text: 'kontor-act/v1\n' },
    ...{ challenge: 'c'.repeat(43), credentials: ['x'] },
  };
  const asked = await browser.ask('POST', '/api/v1/acts', { act });
  assert.deepEqual(asked.body, {
    ...{ kind: 'consent', nonce: 'n'.repeat(22), text: 'kontor-act/v1\n' },
    ...{ challenge: 'c'.repeat(43), credentials: ['x'], rpId: 'localhost' },
  });
  api.actAnswer = { kind: 'performed', id: 2, act: 'removeOwner', entry: 7 };
  const { kind: _, ...assertion } = new Passkey().assert('c'.repeat(43));
  const approval = { kind: 'passkey', ...assertion };
  const confirm = { nonce: 'n'.repeat(22), approval };
  const done = await browser.ask('POST', '/api/v1/acts/confirm', confirm);
  assert.deepEqual(done.body, { kind: 'performed', act: 'removeOwner', entry: 7 });
  assert.deepEqual(api.actRequests, [
    { kind: 'requestAct', act },
    { kind: 'confirmAct', ...confirm },
  ]);
  api.actAnswer = { kind: 'refused', rule: 'consent', reason: 'expected another' };
  const refused = await browser.ask('POST', '/api/v1/acts', { act });
  assert.deepEqual([refused.status, refused.body.message], [409, 'expected another']);
  const before = api.actRequests.length;
  const long = { kind: 'changePolicy', policy: 'x'.repeat(16_001) };
  const tooLong = await browser.ask('POST', '/api/v1/acts', { act: long });
  assert.equal(tooLong.status, 413, 'no frame to the signer takes it');
  assert.equal(api.actRequests.length, before);
});

test('[Y172] a desk that waits for its vault serves what a person needs to open it, and nothing else', async (t) => {
  const api = await opened(t, { isStarting: true });
  api.vault = VAULT;
  const browser = await new Browser(api).byLink();
  for (const path of ['desk', 'health', 'bots', 'connections', 'stream', 'alarms']) {
    const { status, body } = await browser.ask('GET', `/api/v1/${path}`);
    assert.equal(status, 503, path);
    assert.equal(body.error, 'starting');
  }
  assert.equal((await browser.ask('POST', '/api/v1/bots', {})).status, 503);
  assert.equal((await browser.ask('GET', '/api/v1/vault')).status, 200);
  assert.equal((await browser.ask('GET', '/api/v1/session')).status, 200);
  assert.equal(await browser.addPasskey(new Passkey({ origin: ORIGIN })), 201);
  assert.equal((await new Browser(api).ask('GET', '/api/v1/desk')).status, 401, 'strangers first');
});

test('[Y214] a desk that waits for the exchange says so, since when and what it heard last', async (t) => {
  const since = Date.UTC(2026, 0, 2, 3, 4, 5);
  const waitsFor = { what: 'market', since, reason: 'fetch failed' } as const;
  const api = await opened(t, { isStarting: true, waitsFor });
  const browser = await new Browser(api).byLink();
  const told = await browser.ask('GET', '/api/v1/start');
  assert.deepEqual([told.status, told.body], [200, { hasStarted: false, waitsFor }]);
  const { status, body } = await browser.ask('GET', '/api/v1/desk');
  assert.equal(status, 503);
  assert.deepEqual(body, {
    error: 'starting',
    message:
      'expected a desk that has started, found one that asks for the market of the exchange since 2026-01-02T03:04:05.000Z and goes on by itself: fetch failed',
  });
  assert.equal((await new Browser(api).ask('GET', '/api/v1/start')).status, 401, 'no stranger');
  const started = await opened(t);
  const after = await (await new Browser(started).byLink()).ask('GET', '/api/v1/start');
  assert.deepEqual(after.body, { hasStarted: true, waitsFor: null });
});

test('[Y175] a trader may have the signer drop what waits and ask for no other act; which act it was is noted', async (t) => {
  const api = await opened(t);
  const [owner, trader, viewer] = [
    await member(api, 'owner'),
    await member(api, 'trader'),
    await member(api, 'viewer'),
  ];
  api.actAnswer = { kind: 'performed', id: 1, act: 'denyHeld', entry: 7 };
  const ask = (who: { browser: Browser }, act: object): Promise<{ status: number }> =>
    who.browser.ask('POST', '/api/v1/acts', { act });
  const drop = { kind: 'denyHeld', order: 'h7' };
  assert.equal((await ask(trader, drop)).status, 200);
  assert.equal((await ask(viewer, drop)).status, 403);
  assert.equal(api.actRequests.length, 1);
  for (const kind of ['releaseHeld', 'thawConnection', 'changePolicy', 'enrolOwner']) {
    const { status, body } = await trader.browser.ask('POST', '/api/v1/acts', { act: { kind } });
    assert.equal(status, 403);
    assert.equal(body.message, 'expected the role owner, found trader');
  }
  assert.equal(api.actRequests.length, 1, 'the signer was not asked');
  const { body } = await owner.browser.ask('GET', '/api/v1/people/acts');
  const noted = body.filter(({ act }: { act: string }) => act === 'POST /api/v1/acts');
  assert.deepEqual(
    noted.map(({ about, status }: { about: string; status: number }) => `${about} ${status}`),
    [
      'act enrolOwner 403',
      'act changePolicy 403',
      'act thawConnection 403',
      'act releaseHeld 403',
      // Refused before it was read.
      ' 403',
      'act denyHeld 200',
    ],
  );
});
