// SPDX-License-Identifier: Apache-2.0
// Who may do what: one table over all routes. What is not in it is for owners alone.

/** Acts of the signer that only tighten: who trades may ask for them; all others are for owners. */
const TRADERS_ACTS: readonly string[] = ['denyHeld'];

/** The least role that may ask the signer for an act of `kind`. */
export function roleForAct(kind: string): Role {
  return TRADERS_ACTS.includes(kind) ? 'trader' : 'owner';
}

/** Each may do what those before it may. */
export const ROLES = ['viewer', 'trader', 'owner'] as const;
export type Role = (typeof ROLES)[number];

/** What a route asks of its caller. */
export interface Demand {
  /** The least role. `terminal`: only who holds the terminal's token. */
  readonly role: Role | 'terminal';
  /** Whether a passkey must have been shown within the last minutes. */
  readonly isStepUp: boolean;
}

const VIEWER: Demand = { role: 'viewer', isStepUp: false };
const TRADER: Demand = { role: 'trader', isStepUp: false };
const OWNER: Demand = { role: 'owner', isStepUp: false };
const OWNER_NOW: Demand = { role: 'owner', isStepUp: true };
/** One's own passkeys and codes: a session that was left open must not be enough to take it over. */
const SELF_NOW: Demand = { role: 'viewer', isStepUp: true };
const TERMINAL: Demand = { role: 'terminal', isStepUp: false };

/** What a route that the table lacks asks for. */
const STRICTEST: Demand = OWNER_NOW;

const DEMANDS: Readonly<Record<string, Demand>> = {
  'GET /metrics': VIEWER,
  'POST /api/v1/log/edge-batches': TERMINAL,
  'GET /api/v1/desk': VIEWER,
  'GET /api/v1/health': VIEWER,
  'GET /api/v1/totals': VIEWER,
  'GET /api/v1/balances': VIEWER,
  'GET /api/v1/stream': VIEWER,
  'GET /api/v1/notes': VIEWER,
  'GET /api/v1/candles': VIEWER,
  'GET /api/v1/connections': VIEWER,
  'GET /api/v1/venues': VIEWER,
  'GET /api/v1/vault': VIEWER,
  'GET /api/v1/policy': VIEWER,
  'GET /api/v1/policy/held': VIEWER,
  'POST /api/v1/policy/check': VIEWER,
  'POST /api/v1/policy/explain': VIEWER,
  'GET /api/v1/bots': VIEWER,
  'GET /api/v1/bots/:id': VIEWER,
  'GET /api/v1/bots/:id/conditions': VIEWER,
  'GET /api/v1/deals': VIEWER,
  'GET /api/v1/deals/:id': VIEWER,
  'GET /api/v1/deals/:id/notes': VIEWER,
  'GET /api/v1/risk': VIEWER,
  'GET /api/v1/risk/:scope': VIEWER,
  'GET /api/v1/reconciliation': VIEWER,
  'GET /api/v1/orphans': VIEWER,
  'GET /api/v1/findings': VIEWER,
  'GET /api/v1/alarms': VIEWER,
  'GET /api/v1/cases': VIEWER,
  'GET /api/v1/cases/:id': VIEWER,
  'GET /api/v1/foreign-orders': VIEWER,
  'GET /api/v1/log/witnesses': VIEWER,
  'GET /api/v1/log': VIEWER,
  'GET /log/checkpoint': VIEWER,
  'GET /log/vkey': VIEWER,
  'GET /log/vkey.ml-dsa-44': VIEWER,
  'GET /log/tile/*': VIEWER,
  'GET /log/checkpoint.witnessed': VIEWER,
  'GET /log/trust-policy': VIEWER,

  'POST /api/v1/bots': TRADER,
  'POST /api/v1/bots/:id/start': TRADER,
  'POST /api/v1/bots/:id/stop': TRADER,
  'POST /api/v1/bots/:id/start-deal': TRADER,
  'POST /api/v1/bots/:id/signal': TRADER,
  'POST /api/v1/bots/:id/close-all': TRADER,
  'POST /api/v1/bots/:id/cancel-all': TRADER,
  'POST /api/v1/bots/:id/stop-and-close': TRADER,
  'POST /api/v1/bots/:id/stop-and-cancel': TRADER,
  'PATCH /api/v1/bots/:id/settings': TRADER,
  'DELETE /api/v1/bots/:id': TRADER,
  'POST /api/v1/deals/:id/close': TRADER,
  'POST /api/v1/deals/:id/cancel': TRADER,
  'POST /api/v1/deals/:id/add-funds': TRADER,
  'POST /api/v1/deals/:id/reduce-funds': TRADER,
  'POST /api/v1/deals/:id/cancel-order': TRADER,
  'POST /api/v1/deals/:id/close-step': TRADER,
  'POST /api/v1/deals/:id/cancel-step': TRADER,
  'POST /api/v1/deals/:id/convert': TRADER,
  'POST /api/v1/deals/:id/force-entry': TRADER,
  'PATCH /api/v1/deals/:id/settings': TRADER,
  'POST /api/v1/reconciliation/sweeps': TRADER,
  'POST /api/v1/orphans/:id/adopt': TRADER,
  'POST /api/v1/orphans/:id/cancel': TRADER,
  'POST /api/v1/risk/:scope/state': TRADER,
  'POST /api/v1/alarms/:id/acknowledge': TRADER,

  'PUT /api/v1/risk/:scope/limits': OWNER,
  'POST /api/v1/log/anchors': OWNER,
  'GET /api/v1/alarms/channels': OWNER,
  'PUT /api/v1/alarms/channels/webhook': OWNER_NOW,
  'DELETE /api/v1/alarms/channels/webhook': OWNER_NOW,
  'POST /api/v1/alarms/channels/webhook/test': OWNER,
  'POST /api/v1/connections': OWNER_NOW,
  'POST /api/v1/connections/import': OWNER_NOW,
  'PUT /api/v1/connections/:id/api-key': OWNER_NOW,
  'POST /api/v1/connections/:id/check': TRADER,
  'POST /api/v1/connections/:id/probe': TRADER,
  'POST /api/v1/connections/:id/freeze': TRADER,
  'POST /api/v1/vault/unlock': OWNER_NOW,
  'POST /api/v1/vault/passkeys': OWNER_NOW,
  'DELETE /api/v1/vault/ways/:way': OWNER_NOW,
  'POST /api/v1/backups': OWNER_NOW,
  'POST /api/v1/links': TERMINAL,

  'GET /api/v1/start': VIEWER,
  'GET /api/v1/session': VIEWER,
  'DELETE /api/v1/session': VIEWER,
  'POST /api/v1/session/step-up/options': VIEWER,
  'POST /api/v1/session/step-up': VIEWER,
  'GET /api/v1/people': VIEWER,
  'PATCH /api/v1/people/:id': OWNER_NOW,
  'DELETE /api/v1/people/:id': OWNER_NOW,
  'POST /api/v1/people/:id/recovery-codes': SELF_NOW,
  'POST /api/v1/people/passkeys/options': SELF_NOW,
  'POST /api/v1/people/passkeys': VIEWER,
  'DELETE /api/v1/people/passkeys/:credential': SELF_NOW,
  'POST /api/v1/people/invitations': OWNER_NOW,
  'DELETE /api/v1/people/invitations/:id': OWNER,
  'GET /api/v1/people/sessions': VIEWER,
  'DELETE /api/v1/people/sessions': VIEWER,
  'DELETE /api/v1/people/sessions/:id': VIEWER,
  'GET /api/v1/people/acts': OWNER,
  'GET /api/v1/people/owners': VIEWER,
  // Which acts a trader may ask for stands below.
  'POST /api/v1/acts': TRADER,
  'POST /api/v1/acts/confirm': OWNER,
};

/** What `method` on the route `pattern` asks for; whether the table has it. */
export function demandOf(
  method: string,
  pattern: string,
): { readonly demand: Demand; readonly isListed: boolean } {
  const listed = DEMANDS[`${method === 'HEAD' ? 'GET' : method} ${pattern}`];
  return { demand: listed ?? STRICTEST, isListed: listed !== undefined };
}

/** What a person needs before the desk has started: to come in, to make a passkey, and to open the vault. */
const AT_START: readonly string[] = ['start', 'vault', 'session', 'people', 'acts', 'links'];

/** Whether the route `pattern` answers while the desk waits for its vault or for the exchange. */
export function isServedAtStart(pattern: string): boolean {
  const [, root, version, first = ''] = pattern.split('/');
  if (root === 'log' || root === 'metrics') return true;
  return root === 'api' && version === 'v1' && AT_START.includes(first);
}

/** Whether `role` is `least` or more. */
export function hasRole(role: Role, least: Role): boolean {
  return ROLES.indexOf(role) >= ROLES.indexOf(least);
}
