// SPDX-License-Identifier: Apache-2.0
// The wire protocol between server, signer and egress: frames on inherited pipes and the messages in them.
//
// Three links, each a byte stream in both directions:
//   server ── Intent ──▶ signer ── SignedRequest ──▶ egress ── Answer, UserEvent ──▶ server
//   server ◀─ Decision ── signer ◀──── Receipt ───── egress
// No signature and no key ever travels towards the server.

/** The version byte of every frame; a peer of another version is refused. */
export const WIRE_VERSION = 1;

/** Most payload bytes of a frame. Intents and requests are small; an exchange's answer may be long. */
export const FRAME_BYTES_MAX = {
  intent: 16_384,
  request: 16_384,
  /** Room for 256 connections with RSA keys and their policies. */
  decision: 1_048_576,
  /** Room for an answer body of `ANSWER_BODY_BYTES_MAX` once its quotes are escaped. */
  answer: 16_842_752,
  receipt: 4_096,
} as const;

/** Longer bodies are not passed on: their request ends as `failed`. */
export const ANSWER_BODY_BYTES_MAX = 8_388_608;

/** `recvWindow` of every signed request: short, so that doubt about a lost order ends soon. */
export const RECV_WINDOW_MS = 5_000;

/** `recvWindow` of a subscription, shorter still: its signature would also fit `session.logon`. */
export const SUBSCRIBE_RECV_WINDOW_MS = 3_000;

/** How long egress waits for the exchange once a request has left. */
export const REQUEST_TIMEOUT_MS = 10_000;

/** The kinds of keys. A secret of the last kind comes from the exchange; the others can be born in the signer. */
export const KEY_KINDS = ['ed25519', 'rsa-2048', 'rsa-4096', 'hmac-sha256'] as const;
export type KeyKind = (typeof KEY_KINDS)[number];

/** An order as the signer sees it: decimal text, so that it needs no instrument to judge it. */
export interface OrderIntent {
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: 'limit' | 'limitMaker' | 'market';
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK';
  /** Absent for market orders only. */
  readonly price?: string;
  readonly quantity: string;
  readonly clientOrderId: string;
}

/** A stop that goes to the book as a limit order once a trade reaches `stopPrice`; it exists beside a take profit only. */
export interface StopIntent extends Omit<OrderIntent, 'type' | 'timeInForce' | 'price'> {
  readonly type: 'stopLimit';
  readonly timeInForce: 'GTC';
  readonly price: string;
  readonly stopPrice: string;
}

/**
 * What the server may submit to the signer. `id` is the server's: a positive safe integer that it does not use
 * again, also not after a restart, since answers may come over a later link than the one the intent went out by.
 */
export type Intent =
  | {
      readonly kind: 'placeOrder';
      readonly id: number;
      readonly connection: string;
      readonly order: OrderIntent;
    }
  /** Two orders of the same coins of which one ends the other. The policy judges each as if it came alone. */
  | {
      readonly kind: 'placePair';
      readonly id: number;
      readonly connection: string;
      readonly takeProfit: OrderIntent & { readonly type: 'limitMaker' };
      readonly stopLoss: StopIntent;
    }
  | {
      readonly kind: 'cancelOrder';
      readonly id: number;
      readonly connection: string;
      readonly symbol: string;
      readonly clientOrderId: string;
    }
  | {
      readonly kind: 'queryOrder';
      readonly id: number;
      readonly connection: string;
      readonly symbol: string;
      readonly clientOrderId: string;
    }
  /** An order by the exchange's own ID: whose trade was this? */
  | {
      readonly kind: 'identifyOrder';
      readonly id: number;
      readonly connection: string;
      readonly symbol: string;
      readonly exchangeOrderId: string;
    }
  | {
      readonly kind: 'queryOpenOrders';
      readonly id: number;
      readonly connection: string;
      readonly symbol?: string;
    }
  /** Fills of one symbol: from a trade ID on, or all of one order. At most 1000 a time. */
  | {
      readonly kind: 'queryFills';
      readonly id: number;
      readonly connection: string;
      readonly symbol: string;
      readonly fromTradeId?: string;
      readonly exchangeOrderId?: string;
    }
  | { readonly kind: 'queryAccount'; readonly id: number; readonly connection: string }
  | { readonly kind: 'queryPermissions'; readonly id: number; readonly connection: string }
  /** Open (or renew) the stream of the account's own events; they come from egress as `userEvent`. */
  | { readonly kind: 'subscribe'; readonly id: number; readonly connection: string }
  /** Was an order with this ID ever signed? Answered from the signer's own record. */
  | {
      readonly kind: 'lookUp';
      readonly id: number;
      readonly connection: string;
      readonly clientOrderId: string;
    }
  | { readonly kind: 'listConnections'; readonly id: number }
  /** Make a key. The answer shows its public half; the private half stays. */
  | {
      readonly kind: 'createConnection';
      readonly id: number;
      readonly name: string;
      readonly venue: string;
      /** Ed25519 where none is named. */
      readonly keyKind?: Exclude<KeyKind, 'hmac-sha256'>;
    }
  /** Take in a key that was made elsewhere, sealed to the vault's import key: the server carries what it cannot read. */
  | {
      readonly kind: 'importConnection';
      readonly id: number;
      readonly name: string;
      readonly venue: string;
      readonly keyKind: KeyKind;
      /** HPKE's encapsulated key and ciphertext, base64. */
      readonly sealed: string;
      /** The public half as the user has it; it must be the sealed key's. Null for HMAC, which has none. */
      readonly publicKeyPem: string | null;
    }
  | { readonly kind: 'describeVault'; readonly id: number }
  /** Name the exchange's identifier for the key; it is public like a user name. */
  | {
      readonly kind: 'activateConnection';
      readonly id: number;
      readonly connection: string;
      readonly apiKey: string;
    };

export interface ConnectionInfo {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
  readonly state: 'created' | 'active' | 'expired';
  readonly keyKind: KeyKind;
  /** Empty for HMAC. */
  readonly publicKeyPem: string;
  readonly createdAt: number;
  readonly expiresAt: number;
  /** The policy lines that apply, as written, and the SHA-256 of the whole policy file (`none` without one). */
  readonly policy: readonly string[];
  readonly policyHash: string;
}

export interface VaultInfo {
  readonly isOpen: boolean;
  /** True where a file opens the vault, so that whoever has the folder has the keys. */
  readonly isUnattended: boolean;
  /** The import key's 32 public bytes, base64; null where a locked vault has not shown it yet. */
  readonly importKey: string | null;
}

/** What the signer says to the server. `id` is the intent's, or 0 where the intent had no readable one. */
export type Decision =
  /**
   * The request is on its way to egress, whose answer may overtake this message: they travel on two links.
   * After `timestamp + recvWindow` the exchange no longer takes the request.
   */
  | {
      readonly kind: 'signed';
      readonly id: number;
      readonly timestamp: number;
      readonly recvWindow: number;
    }
  /** Nothing was signed. `rule` names the policy rule, `default deny`, or the check that failed. */
  | {
      readonly kind: 'refused';
      readonly id: number;
      readonly rule: string;
      readonly reason: string;
    }
  /**
   * Answers `lookUp`. `signedAt` is the request's `timestamp`; it is also given where a crash leaves it open whether
   * the signature came about. Null: no signature exists.
   */
  | { readonly kind: 'record'; readonly id: number; readonly signedAt: number | null }
  /** Answers `describeVault`. */
  | { readonly kind: 'vault'; readonly id: number; readonly vault: VaultInfo }
  /** Answers `listConnections` with all; `createConnection`, `importConnection` and `activateConnection` with the one. */
  | {
      readonly kind: 'connections';
      readonly id: number;
      readonly connections: readonly ConnectionInfo[];
    };

/** What the signer hands to egress. `payload` is the whole signed text, ready to send. */
export type SignedRequest =
  | {
      readonly kind: 'request';
      readonly id: number;
      readonly connection: string;
      readonly venue: string;
      readonly method: 'GET' | 'POST' | 'DELETE';
      readonly path: string;
      readonly apiKey: string;
      /** The query (GET, DELETE) or form body (POST), signature included. */
      readonly payload: string;
      readonly timeoutMs: number;
    }
  | {
      readonly kind: 'subscribe';
      readonly id: number;
      readonly connection: string;
      readonly venue: string;
      /** Parameters of `userDataStream.subscribe.signature`, signature included. */
      readonly params: Readonly<Record<string, string | number>>;
    };

/**
 * What egress says to the server. `id` is the intent's. Every signed request, subscriptions included, ends in exactly
 * one `answer` or `failed`; a subscription's answer is followed by `userStream`.
 */
export type Answer =
  | {
      readonly kind: 'answer';
      readonly id: number;
      readonly status: number;
      /** The exchange's body as received, unread by egress. */
      readonly body: string;
      readonly sentAt: number;
      readonly receivedAt: number;
      readonly usedWeight?: number;
      /** Unfilled orders of the account, as the exchange counts them. */
      readonly ordersIn10s?: number;
      readonly ordersInDay?: number;
      /** With 429 and 418: how long the exchange wants no requests. */
      readonly retryAfterMs?: number;
    }
  /** `notSent`: no byte left, the order does not exist. `unknown`: it may or may not exist. */
  | {
      readonly kind: 'failed';
      readonly id: number;
      readonly certainty: 'notSent' | 'unknown';
      readonly reason: string;
      /** It was not sent because the exchange wants no requests for so long. */
      readonly retryAfterMs?: number;
    }
  | { readonly kind: 'userEvent'; readonly connection: string; readonly event: unknown }
  | {
      readonly kind: 'userStream';
      readonly connection: string;
      readonly state: 'up' | 'down';
      readonly reason: string;
    }
  | {
      readonly kind: 'egressHealth';
      readonly venue: string;
      readonly clockSkewMs: number | null;
      readonly roundTripMs: number | null;
      readonly reason: string;
    };

/** What egress tells the signer: that a request ended, never what the answer says. */
export type Receipt = {
  readonly kind: 'receipt';
  readonly id: number;
  readonly status: number | null;
};
