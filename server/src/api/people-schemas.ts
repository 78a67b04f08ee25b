// SPDX-License-Identifier: Apache-2.0
// The shapes of the API that concern people: sessions, users, passkeys, consent. Bytes are base64url text.

import { Type, type Static } from 'typebox';

const Time = Type.Number({ description: 'UTC milliseconds' });
const Bytes = Type.String({ pattern: '^[A-Za-z0-9_-]{1,12000}$', description: 'base64url' });

export const Role = Type.Union(
  [Type.Literal('viewer'), Type.Literal('trader'), Type.Literal('owner')],
  { $id: 'Role' },
);
export type Role = Static<typeof Role>;

export const Person = Type.Object(
  { id: Type.String(), name: Type.String(), role: Role, createdAt: Time },
  { $id: 'Person' },
);
export type Person = Static<typeof Person>;

/** Where the desk's pages are for browsers, and who it asks in. Strangers may read it. */
export const WayIn = Type.Object(
  {
    /** Whether an owner has a passkey. */
    isProtected: Type.Boolean(),
    origin: Type.String(),
    rpId: Type.String(),
  },
  { $id: 'WayIn' },
);
export type WayIn = Static<typeof WayIn>;

export const SessionState = Type.Object(
  {
    /** Null for the terminal's token. */
    sessionId: Type.Union([Type.String(), Type.Null()]),
    /** Null where a link from the terminal began the session. */
    person: Type.Union([Person, Type.Null()]),
    role: Role,
    /** Until then acts that ask for a passkey need no new one. */
    freshUntil: Time,
    isProtected: Type.Boolean(),
    origin: Type.String(),
    rpId: Type.String(),
  },
  { $id: 'SessionState' },
);
export type SessionState = Static<typeof SessionState>;

/** A challenge for a passkey that is there. An empty list lets the browser offer what it has. */
export const AssertionOptions = Type.Object(
  {
    flow: Type.String(),
    challenge: Type.String(),
    rpId: Type.String(),
    credentials: Type.Array(Type.String()),
    /** What the person confirms, where it is more than a login. */
    text: Type.String(),
  },
  { $id: 'AssertionOptions' },
);
export type AssertionOptions = Static<typeof AssertionOptions>;

/** A challenge for a new passkey. */
export const RegistrationOptions = Type.Object(
  {
    flow: Type.String(),
    challenge: Type.String(),
    rpId: Type.String(),
    userId: Type.String(),
    userName: Type.String(),
    /** Passkeys that the person has already. */
    credentials: Type.Array(Type.String()),
  },
  { $id: 'RegistrationOptions' },
);
export type RegistrationOptions = Static<typeof RegistrationOptions>;

export const PasskeyAssertion = Type.Object(
  {
    credential: Bytes,
    clientData: Bytes,
    authenticatorData: Bytes,
    signature: Bytes,
    userHandle: Type.Optional(Bytes),
  },
  { $id: 'PasskeyAssertion', additionalProperties: false },
);
export type PasskeyAssertion = Static<typeof PasskeyAssertion>;

export const PasskeyRegistration = Type.Object(
  { credential: Bytes, clientData: Bytes, attestation: Bytes },
  { $id: 'PasskeyRegistration', additionalProperties: false },
);
export type PasskeyRegistration = Static<typeof PasskeyRegistration>;

export const ShownPasskey = Type.Object(
  {
    credential: Type.String(),
    name: Type.String(),
    /** COSE, base64url: what enrols it as an owner's in the signer. */
    publicKey: Type.String(),
    rpId: Type.String(),
    isBackedUp: Type.Boolean(),
    createdAt: Time,
    usedAt: Type.Union([Time, Type.Null()]),
  },
  { $id: 'ShownPasskey' },
);
export type ShownPasskey = Static<typeof ShownPasskey>;

/** A person with what belongs to them. */
export const Member = Type.Object(
  {
    person: Person,
    passkeys: Type.Array(ShownPasskey),
    recoveryCodesLeft: Type.Integer(),
  },
  { $id: 'Member' },
);
export type Member = Static<typeof Member>;

export const OpenInvitation = Type.Object(
  {
    id: Type.String(),
    name: Type.String(),
    role: Role,
    invitedBy: Type.String(),
    until: Time,
  },
  { $id: 'OpenInvitation' },
);
export type OpenInvitation = Static<typeof OpenInvitation>;

export const People = Type.Object(
  { members: Type.Array(Member), invitations: Type.Array(OpenInvitation) },
  { $id: 'People' },
);
export type People = Static<typeof People>;

/** An invitation with its link, which is shown once. */
export const NewInvitation = Type.Object(
  { invitation: OpenInvitation, link: Type.String() },
  { $id: 'NewInvitation' },
);
export type NewInvitation = Static<typeof NewInvitation>;

export const ShownSession = Type.Object(
  {
    id: Type.String(),
    /** Null where a link from the terminal began it. */
    personId: Type.Union([Type.String(), Type.Null()]),
    personName: Type.String(),
    how: Type.Union([
      Type.Literal('link'),
      Type.Literal('passkey'),
      Type.Literal('recovery'),
      Type.Literal('invitation'),
    ]),
    createdAt: Time,
    seenAt: Time,
    agent: Type.String(),
    isThis: Type.Boolean(),
  },
  { $id: 'ShownSession' },
);
export type ShownSession = Static<typeof ShownSession>;

export const PersonAct = Type.Object(
  {
    sequence: Type.Integer(),
    time: Time,
    who: Type.String(),
    name: Type.String(),
    act: Type.String(),
    about: Type.String(),
    status: Type.Integer(),
  },
  { $id: 'PersonAct' },
);
export type PersonAct = Static<typeof PersonAct>;

/** A passkey whose consent the signer takes. */
export const SignerOwner = Type.Object(
  {
    credential: Type.String(),
    name: Type.String(),
    fingerprint: Type.String(),
    rpId: Type.String(),
    origin: Type.String(),
    enrolledAt: Time,
  },
  { $id: 'SignerOwner' },
);
export type SignerOwner = Static<typeof SignerOwner>;

/** What the signer says to an act: that it waits for consent, or that it is done. */
export const ActAnswer = Type.Union(
  [
    Type.Object({
      kind: Type.Literal('consent'),
      nonce: Type.String(),
      /** The whole action; the person reads it before the passkey is asked for. */
      text: Type.String(),
      challenge: Type.String(),
      /** Whose consent counts; empty where a code from the signer's terminal does. */
      credentials: Type.Array(Type.String()),
      rpId: Type.String(),
    }),
    Type.Object({
      kind: Type.Literal('performed'),
      act: Type.String(),
      /** The act's number on the signer's log. */
      entry: Type.Integer(),
    }),
  ],
  { $id: 'ActAnswer' },
);
export type ActAnswer = Static<typeof ActAnswer>;

export const ActApproval = Type.Union(
  [
    Type.Object(
      {
        kind: Type.Literal('passkey'),
        credential: Bytes,
        clientData: Bytes,
        authenticatorData: Bytes,
        signature: Bytes,
      },
      { additionalProperties: false },
    ),
    Type.Object({ kind: Type.Literal('code'), proof: Bytes }, { additionalProperties: false }),
  ],
  { $id: 'ActApproval' },
);
export type ActApproval = Static<typeof ActApproval>;
