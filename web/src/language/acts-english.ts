// SPDX-License-Identifier: Apache-2.0
// What people did, in English: every request of theirs that is noted, by its route, and the acts of the signer.

/** A sentence, or one that names what it was about. */
type Did = string | ((about: string) => string);

export interface ActsText {
  /** By what the desk notes. */
  readonly did: Readonly<Record<string, Did>>;
  /** What the signer is asked for, by the kind of the act. */
  readonly asked: Readonly<Record<string, string>>;
  readonly askedOther: string;
}

export const englishActs: ActsText = {
  did: {
    'login by link': 'came in by a link from the terminal',
    'login by passkey': 'came in by passkey',
    'login by recovery code': 'came in by a recovery code',
    'accepted the invitation as owner': 'accepted an invitation as owner',
    'accepted the invitation as trader': 'accepted an invitation as trader',
    'accepted the invitation as viewer': 'accepted an invitation as viewer',
    'showed a passkey': (about: string): string => `showed a passkey to ${about}`,
    'POST /api/v1/bots': 'made a bot',
    'POST /api/v1/bots/:id/start': (about: string): string => `started the bot ${about}`,
    'POST /api/v1/bots/:id/stop': (about: string): string => `stopped the bot ${about}`,
    'POST /api/v1/bots/:id/start-deal': (about: string): string =>
      `started a deal of the bot ${about}`,
    'POST /api/v1/bots/:id/signal': (about: string): string => `gave the bot ${about} a signal`,
    'POST /api/v1/bots/:id/close-all': (about: string): string =>
      `closed all deals of the bot ${about}`,
    'POST /api/v1/bots/:id/cancel-all': (about: string): string =>
      `cancelled all deals of the bot ${about}`,
    'POST /api/v1/bots/:id/stop-and-close': (about: string): string =>
      `stopped the bot ${about} and closed its deals`,
    'POST /api/v1/bots/:id/stop-and-cancel': (about: string): string =>
      `stopped the bot ${about} and cancelled its deals`,
    'PATCH /api/v1/bots/:id/settings': (about: string): string =>
      `changed the settings of the bot ${about}`,
    'DELETE /api/v1/bots/:id': (about: string): string => `deleted the bot ${about}`,
    'POST /api/v1/deals/:id/close': (about: string): string => `closed the deal ${about}`,
    'POST /api/v1/deals/:id/cancel': (about: string): string => `cancelled the deal ${about}`,
    'POST /api/v1/deals/:id/add-funds': (about: string): string =>
      `added funds to the deal ${about}`,
    'POST /api/v1/deals/:id/reduce-funds': (about: string): string =>
      `took funds out of the deal ${about}`,
    'POST /api/v1/deals/:id/cancel-order': (about: string): string =>
      `cancelled an order of the deal ${about}`,
    'POST /api/v1/deals/:id/close-step': (about: string): string =>
      `closed a step of the deal ${about}`,
    'POST /api/v1/deals/:id/cancel-step': (about: string): string =>
      `cancelled a step of the deal ${about}`,
    'POST /api/v1/deals/:id/convert': (about: string): string =>
      `turned the deal ${about} into a smart trade`,
    'POST /api/v1/deals/:id/force-entry': (about: string): string =>
      `entered the deal ${about} at once`,
    'PATCH /api/v1/deals/:id/settings': (about: string): string =>
      `changed the settings of the deal ${about}`,
    'POST /api/v1/reconciliation/sweeps': 'had the desk compare itself with the exchange',
    'POST /api/v1/orphans/:id/adopt': (about: string): string =>
      `took over the orphaned order ${about}`,
    'POST /api/v1/orphans/:id/cancel': (about: string): string =>
      `cancelled the orphaned order ${about}`,
    'POST /api/v1/risk/:scope/state': (about: string): string =>
      `changed what may be risked (${about})`,
    'PUT /api/v1/risk/:scope/limits': (about: string): string =>
      `changed the risk limits (${about})`,
    'POST /api/v1/alarms/:id/acknowledge': 'marked an alarm as seen',
    'PUT /api/v1/alarms/channels/webhook': 'set the address that alarms go to',
    'DELETE /api/v1/alarms/channels/webhook': 'removed the address that alarms go to',
    'POST /api/v1/alarms/channels/webhook/test': 'sent a test alarm',
    'POST /api/v1/connections': 'had a key made for a connection',
    'POST /api/v1/connections/import': 'sealed a key into the vault',
    'PUT /api/v1/connections/:id/api-key': (about: string): string =>
      `named the API key of the connection ${about}`,
    'POST /api/v1/connections/:id/check': (about: string): string =>
      `had the rights of the connection ${about} checked`,
    'POST /api/v1/connections/:id/probe': (about: string): string =>
      `tried the key’s list of addresses from a second address: ${about}`,
    'POST /api/v1/connections/:id/freeze': (about: string): string =>
      `froze the connection ${about}`,
    'POST /api/v1/vault/unlock': 'gave what opens the vault',
    'POST /api/v1/vault/passkeys': 'made a passkey that opens the vault',
    'DELETE /api/v1/vault/ways/:way': 'took a way to open the vault away',
    'POST /api/v1/backups': 'made a backup of the desk',
    'POST /api/v1/links': 'made a link to come in by',
    'POST /api/v1/log/anchors': 'had the log dated',
    'POST /api/v1/log/edge-batches': 'put log lines of the edge under commitment',
    'DELETE /api/v1/session': 'locked the desk',
    'PATCH /api/v1/people/:id': (about: string): string => `changed the role of ${about}`,
    'DELETE /api/v1/people/:id': (about: string): string => `took ${about} off the desk`,
    'POST /api/v1/people/:id/recovery-codes': 'made new recovery codes',
    'POST /api/v1/people/passkeys/options': 'began to make a passkey',
    'POST /api/v1/people/passkeys': 'made a passkey',
    'DELETE /api/v1/people/passkeys/:credential': 'removed a passkey',
    'POST /api/v1/people/invitations': 'invited somebody',
    'DELETE /api/v1/people/invitations/:id': 'took an invitation back',
    'DELETE /api/v1/people/sessions': 'ended all other sessions',
    'DELETE /api/v1/people/sessions/:id': 'ended a session',
    'POST /api/v1/acts': (about: string): string => `asked the signer ${about}`,
    'POST /api/v1/acts/confirm': 'confirmed an act to the signer',
  },
  asked: {
    enrolOwner: 'to enrol an owner',
    removeOwner: 'to remove an owner',
    changePolicy: 'to change the policy',
    cancelPolicyChange: 'to give up a change of the policy',
    thawConnection: 'to thaw a connection',
    takeOver: 'to use a new key',
    ownTrade: 'to mark orders as own',
    releaseHeld: 'to release a held order',
    denyHeld: 'to drop a held order',
  },
  askedOther: 'for an act',
};
