// SPDX-License-Identifier: Apache-2.0
// The people of the fixture: two who are there, one who is invited, and what the desk answers about them.

import type {
  People,
  PersonAct,
  SessionState,
  ShownPasskey,
  ShownSession,
  SignerOwner,
} from '../src/api/types.ts';

const DAY_MS = 86_400_000;

/** As the signer words it. */
export const ACT_TEXT = `kontor-act/v1
act: remove an owner, whose passkey then approves nothing any more
name: Ada - laptop
fingerprint: 1f2e 3d4c 5b6a 7988 0a1b 2c3d 4e5f 6071
credential: ${'a'.repeat(43)}
time: 2026-11-20T14:30:00.000Z
nonce: ${'n'.repeat(22)}
`;

export interface FixturePeople {
  session: SessionState;
  people: People;
  readonly sessions: readonly ShownSession[];
  readonly acts: readonly PersonAct[];
  owners: readonly SignerOwner[];
  /** Paths that ask for a passkey before they do anything, until one was shown. */
  readonly guarded: Set<string>;
}

function passkey(credential: string, name: string, now: number): ShownPasskey {
  return {
    credential: credential.repeat(43),
    name,
    publicKey: 'A'.repeat(103),
    rpId: 'localhost',
    isBackedUp: name === 'phone',
    createdAt: now - 30 * DAY_MS,
    usedAt: now - DAY_MS,
  };
}

export function fixturePeople(now: number): FixturePeople {
  const ada = { id: 'u_ada', name: 'Ada', role: 'owner', createdAt: now - 30 * DAY_MS } as const;
  const ben = { id: 'u_ben', name: 'Ben', role: 'viewer', createdAt: now - 9 * DAY_MS } as const;
  const agent = 'Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0';
  const seen = { createdAt: now - DAY_MS, seenAt: now - 60_000, agent };
  return {
    session: {
      sessionId: 's_ada',
      person: ada,
      role: 'owner',
      freshUntil: now + 300_000,
      isProtected: true,
      origin: 'http://localhost:7447',
      rpId: 'localhost',
    },
    people: {
      members: [
        {
          person: ada,
          passkeys: [passkey('a', 'laptop', now), passkey('b', 'phone', now)],
          recoveryCodesLeft: 0,
        },
        { person: ben, passkeys: [passkey('c', 'phone', now)], recoveryCodesLeft: 10 },
      ],
      invitations: [
        { id: 'i_cy', name: 'Cy', role: 'trader', invitedBy: 'Ada', until: now + 5 * DAY_MS },
      ],
    },
    sessions: [
      { id: 's_ada', personId: 'u_ada', personName: 'Ada', how: 'passkey', isThis: true, ...seen },
      {
        id: 's_ben',
        personId: 'u_ben',
        personName: 'Ben',
        how: 'invitation',
        isThis: false,
        ...seen,
      },
      { id: 's_link', personId: null, personName: '', how: 'link', isThis: false, ...seen },
    ],
    acts: [
      {
        sequence: 2,
        time: now - 60_000,
        who: 'u_ada',
        name: 'Ada',
        act: 'POST /api/v1/bots/:id/start',
        about: 'id 3',
        status: 200,
      },
      {
        sequence: 1,
        time: now - DAY_MS,
        who: 'terminal',
        name: 'terminal',
        act: 'POST /api/v1/backups',
        about: '',
        status: 201,
      },
    ],
    owners: [
      {
        credential: 'a'.repeat(43),
        name: 'Ada - laptop',
        fingerprint: '1f2e 3d4c 5b6a 7988 0a1b 2c3d 4e5f 6071',
        rpId: 'localhost',
        origin: 'http://localhost:7447',
        enrolledAt: now - 20 * DAY_MS,
      },
    ],
    guarded: new Set(),
  };
}

/** What is answered to a request about people; undefined where the request is about something else. */
export function answerPeople(
  fixture: FixturePeople,
  method: string,
  path: string,
): { readonly status: number; readonly body: unknown } | undefined {
  const { session, people } = fixture;
  const challenge = { flow: 'f'.repeat(22), challenge: 'Y'.repeat(43), rpId: 'localhost' };
  switch (`${method} ${path}`) {
    case 'GET auth': {
      const { isProtected, origin, rpId } = session;
      return { status: 200, body: { isProtected, origin, rpId } };
    }
    case 'GET session':
      return { status: 200, body: session };
    case 'GET people':
      return { status: 200, body: people };
    case 'GET people/sessions':
      return { status: 200, body: fixture.sessions };
    case 'GET people/acts':
      return { status: 200, body: fixture.acts };
    case 'GET people/owners':
      return { status: 200, body: fixture.owners };
    case 'POST session/step-up/options':
      return { status: 200, body: { ...challenge, credentials: [], text: 'kontor-step-up/v1\n' } };
    case 'POST session/step-up':
      fixture.guarded.clear();
      return { status: 200, body: session };
    case 'POST acts':
      return {
        status: 200,
        body: {
          ...{ kind: 'consent', nonce: 'n'.repeat(22), text: ACT_TEXT, challenge: 'Y'.repeat(43) },
          ...{ credentials: fixture.owners.map(({ credential }) => credential), rpId: 'localhost' },
        },
      };
    case 'POST acts/confirm':
      fixture.owners = [];
      return { status: 200, body: { kind: 'performed', act: 'removeOwner', entry: 7 } };
    case 'POST auth/passkey/options':
      return { status: 200, body: { ...challenge, credentials: [], text: '' } };
    case 'POST people/u_ada/recovery-codes': {
      const codes = Array.from({ length: 10 }, (_, index) => `AAAA-BBBB-CCCC-DDDD-EEE${index}`);
      return { status: 201, body: { codes } };
    }
    case 'POST people/invitations': {
      const [invitation] = people.invitations;
      return {
        status: 201,
        body: { invitation, link: `${session.origin}/invitation#${'t'.repeat(32)}` },
      };
    }
    default:
      if (!fixture.guarded.has(`${method} ${path}`)) return undefined;
      return {
        status: 403,
        body: { error: 'step_up_needed', message: 'expected a passkey' },
      };
  }
}
