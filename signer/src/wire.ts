// SPDX-License-Identifier: Apache-2.0
// The wire protocol between server, signer and egress: frames on inherited pipes and the messages in them.
//
// Three links, each a byte stream in both directions:
//   server ── Intent ──▶ signer ─── EgressTask ───▶ egress ── Answer, UserEvent ──▶ server
//   server ◀─ Decision ── signer ◀── EgressReport ── egress
// No signature and no key ever travels towards the server.

import type { Act } from './acts/act.ts';
import type { Approval } from './acts/assertion.ts';
import type { BindDoubt, Fault, Grade, LifeState, Scope } from './life/state.ts';

export type { Act, Approval, BindDoubt, Fault, Grade, LifeState, Scope };

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
  /** Room for an echo of `ECHO_BODY_BYTES_MAX` in which every byte must be escaped. */
  report: 524_288,
} as const;

/** Longer bodies are not passed on: their request ends as `failed`. */
export const ANSWER_BODY_BYTES_MAX = 8_388_608;

/** A longer answer is echoed to the signer without its body. */
export const ECHO_BODY_BYTES_MAX = 65_536;

/** A longer event of an account is not copied to the signer. */
export const ACCOUNT_NEWS_BYTES_MAX = 16_384;

/**
 * `recvWindow` of orders: at this exchange a signature binds no path, so that a captured one must not be good for long.
 */
export const ORDER_RECV_WINDOW_MS = 2_000;

/** The longest `recvWindow` of a signed request: short, so that doubt about a lost order ends soon. */
export const RECV_WINDOW_MS = 5_000;

/** `recvWindow` of a subscription, shorter still: its signature would also fit `session.logon`. */
export const SUBSCRIBE_RECV_WINDOW_MS = 3_000;

/** `recvWindow` of the reads that probe a key's list of addresses; the way through a proxy takes its time. */
export const PROBE_RECV_WINDOW_MS = 3_000;

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
  /**
   * Is the key's list of addresses real? One read from the `second` address between two from the ordinary one; each step
   * once the one before it is answered. The verdict is the signer's, in `ConnectionInfo`.
   */
  | {
      readonly kind: 'probeAddress';
      readonly id: number;
      readonly connection: string;
      readonly step: ProbeStep;
    }
  /** Open (or renew) the stream of the account's own events; they come from egress as `userEvent`. */
  | { readonly kind: 'subscribe'; readonly id: number; readonly connection: string }
  /** Was an order with this ID ever signed? Answered from the signer's own record. */
  | {
      readonly kind: 'lookUp';
      readonly id: number;
      readonly connection: string;
      readonly clientOrderId: string;
    }
  /** Did this signer make the ID under which the exchange has an order? */
  | {
      readonly kind: 'verifyTag';
      readonly id: number;
      readonly connection: string;
      /** As the exchange has it. */
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
      /** The connection whose key this one is to replace once the exchange has it and it is checked. */
      readonly replaces?: string;
      /** An account that exists only to be robbed; otherwise its name says whether it is one. */
      readonly isCanary?: boolean;
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
      /** As in `createConnection`. */
      readonly replaces?: string;
      /** As in `createConnection`. */
      readonly isCanary?: boolean;
    }
  /** No new risk from now on, until a person thaws it. It needs nobody's consent. */
  | {
      readonly kind: 'freezeConnection';
      readonly id: number;
      readonly connection: string;
      readonly cause: 'person' | 'alarm';
    }
  | { readonly kind: 'describeVault'; readonly id: number }
  /** What opens the vault, sealed in a browser to `unlockKey`: the passphrase, or the key of `way`. Answered by `vault`. */
  | {
      readonly kind: 'unlockVault';
      readonly id: number;
      readonly way: string | null;
      /** HPKE's encapsulated key and ciphertext, base64. */
      readonly sealed: string;
    }
  /** A passkey is to be a further way to open the vault; the passphrase is sealed behind its key. Answered by `vault`. */
  | {
      readonly kind: 'addPasskeyWay';
      readonly id: number;
      readonly name: string;
      /** The credential's identifier, base64url. */
      readonly credential: string;
      /** For which the passkey gives the key: 32 bytes, base64url. */
      readonly salt: string;
      readonly sealed: string;
    }
  /** Takes a further way away. It needs nobody's consent. Answered by `vault`. */
  | { readonly kind: 'removeVaultWay'; readonly id: number; readonly way: string }
  /** An act that a person must consent to. Answered by `consent`, or by `performed` where it only tightens. */
  | { readonly kind: 'requestAct'; readonly id: number; readonly act: Act }
  /** A person's consent to the act that waits under `nonce`. Answered by `performed`. */
  | {
      readonly kind: 'confirmAct';
      readonly id: number;
      readonly nonce: string;
      readonly approval: Approval;
    }
  /** Put the root of a batch of an edge log's lines into the log, so that claims about those lines can be checked. */
  | {
      readonly kind: 'commitEdgeLog';
      readonly id: number;
      /** SHA-256 over salted lines, in hexadecimal. */
      readonly root: string;
      readonly lines: number;
      /** When the first and the last line say that they were written, in ms; 0 where none says so. */
      readonly from: number;
      readonly to: number;
    }
  /** Whose consent the signer takes. */
  | { readonly kind: 'listOwners'; readonly id: number }
  | { readonly kind: 'describePolicy'; readonly id: number }
  /** What would the policy say to this order now? Nothing is signed or counted. */
  | {
      readonly kind: 'explainOrder';
      readonly id: number;
      readonly connection: string;
      readonly order: OrderIntent;
    }
  /** Name the exchange's identifier for the key; it is public like a user name. */
  | {
      readonly kind: 'activateConnection';
      readonly id: number;
      readonly connection: string;
      readonly apiKey: string;
    };

export const PROBE_STEPS = ['before', 'second', 'after'] as const;
export type ProbeStep = (typeof PROBE_STEPS)[number];

export interface ConnectionInfo {
  readonly connection: string;
  readonly name: string;
  readonly venue: string;
  /** `retired` connections are not listed. */
  readonly state: LifeState;
  /** What is signed now: the signer's word, whatever the state is called. */
  readonly signs: Scope;
  /** How safe the key is; null before its rights were read for the first time. */
  readonly grade: Grade | null;
  readonly keyKind: KeyKind;
  /** Empty for HMAC. */
  readonly publicKeyPem: string;
  readonly createdAt: number;
  /** From then on no new risk. */
  readonly expiresAt: number;
  /** Until then orders that only reduce what was opened through the connection. */
  readonly reducesUntil: number;
  /** Until then cancels and reads; from then on nothing. */
  readonly cancelsUntil: number;
  /** When the exchange last said what the key may do; null before. */
  readonly checkedAt: number | null;
  readonly isIpRestricted: boolean | null;
  /** What reads from a second address showed of the list of addresses; null before any did. */
  readonly bind: { readonly verdict: 'holds' | 'notReal'; readonly seenAt: number } | null;
  /** A later probe that showed nothing; `words` say what came. */
  readonly bindDoubt: {
    readonly at: number;
    readonly reason: BindDoubt;
    readonly words: string;
  } | null;
  readonly frozen: { readonly since: number; readonly cause: string } | null;
  readonly quarantined: { readonly since: number; readonly faults: readonly Fault[] } | null;
  /** The connection whose key this one will replace, or null. */
  readonly replaces: string | null;
  /** Whether its key waits for nothing but an owner's consent (`takeOver`) to replace the other. */
  readonly isReady: boolean;
  /** Whether its account exists only to be robbed; null while the vault is locked. */
  readonly isCanary: boolean | null;
  /** The policy lines that apply, as written, and the SHA-256 of the whole policy file (`none` without one). */
  readonly policy: readonly string[];
  readonly policyHash: string;
}

export interface OwnerInfo {
  /** The credential's identifier, base64url. */
  readonly credential: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly rpId: string;
  readonly origin: string;
  readonly enrolledAt: number;
}

export interface VaultInfo {
  readonly isOpen: boolean;
  /** True where a file opens the vault, so that whoever has the folder has the keys. */
  readonly isUnattended: boolean;
  /** The import key's 32 public bytes, base64; null where a locked vault has not shown it yet. */
  readonly importKey: string | null;
  /** 32 public bytes, base64, to which a browser seals what opens the vault. The signer draws them at each start. */
  readonly unlockKey: string;
  /** Before these milliseconds have passed nothing is tried that comes through the server. */
  readonly waitMs: number;
  /** How it can be opened besides by its passphrase. */
  readonly ways: readonly VaultWayInfo[];
}

export interface VaultWayInfo {
  readonly id: string;
  readonly kind: 'prf' | 'keyring' | 'kms';
  readonly name: string;
  readonly addedAt: number;
  /** The passkey and what to ask it with, base64url; null for other kinds. */
  readonly passkey: { readonly credential: string; readonly salt: string } | null;
}

/** The policy as it stands. */
export interface PolicyInfo {
  /** SHA-256 of the policy in force; `none` without one. */
  readonly hash: string;
  /** The file as people wrote it. */
  readonly text: string;
  /** Why no order is signed whatever the text says, or null. */
  readonly lock: string | null;
  /** A change that loosens and waits for its time. */
  readonly pending: {
    readonly hash: string;
    readonly text: string;
    /** Unix time in ms. */
    readonly dueAt: number;
  } | null;
  /** Orders that wait for a person, and those released that may still be signed; the oldest first. */
  readonly held: readonly HeldInfo[];
}

/** Most orders in a `PolicyInfo`. */
export const HELD_ORDERS_MAX = 1_024;

/** An order that a hold line keeps for a person. */
export interface HeldInfo {
  readonly order: string;
  readonly connection: string;
  /** The hold line's name. */
  readonly rule: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string;
  readonly stop: string | null;
  readonly quantity: string;
  /** Price times quantity. */
  readonly notional: string;
  readonly clientOrderId: string;
  readonly since: number;
  /** Until then it waits, or its release is good. */
  readonly until: number;
  readonly isReleased: boolean;
}

/** What the policy says to an order. */
export interface Explanation {
  readonly isAllowed: boolean;
  /** The rule that decides, as in `refused`. */
  readonly rule: string;
  /** Empty where it is allowed. */
  readonly reason: string;
  /** The limits of the line that the order falls under, with what of each is used already. */
  readonly limits: readonly LimitUse[];
}

export interface LimitUse {
  readonly field: string;
  readonly limit: string;
  readonly used: string;
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
  /** Answers `verifyTag`. */
  | { readonly kind: 'tag'; readonly id: number; readonly isValid: boolean }
  /**
   * Answers `requestAct`: nothing is done yet. `text` is the whole action, to be shown to the person; an assertion by one
   * of `credentials` over `challenge`, its SHA-256 in base64url, is the consent. Without credentials the proof is the
   * HMAC-SHA256 over `text` under the code that the signer showed at its terminal.
   */
  | {
      readonly kind: 'consent';
      readonly id: number;
      readonly nonce: string;
      readonly text: string;
      readonly challenge: string;
      readonly credentials: readonly string[];
    }
  /** Answers `confirmAct`, and `requestAct` where no consent is needed. `entry` is the act's number on the log. */
  | {
      readonly kind: 'performed';
      readonly id: number;
      readonly act: Act['kind'];
      readonly entry: number;
    }
  /** Answers `describePolicy`. */
  | { readonly kind: 'policy'; readonly id: number; readonly policy: PolicyInfo }
  /** Answers `explainOrder`. */
  | { readonly kind: 'explained'; readonly id: number; readonly explanation: Explanation }
  /** Answers `listOwners`. */
  | { readonly kind: 'owners'; readonly id: number; readonly owners: readonly OwnerInfo[] }
  /** Answers `describeVault`, and what opens the vault or changes its ways. */
  | { readonly kind: 'vault'; readonly id: number; readonly vault: VaultInfo }
  /** Answers `commitEdgeLog`: the number of the entry. */
  | { readonly kind: 'noted'; readonly id: number; readonly entry: number }
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
      /** The signer wants to read the answer itself: a copy comes back as `Echo`, before the receipt. */
      readonly echo?: true;
      /** To be sent by the second address and by no other way. */
      readonly secondAddress?: true;
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
      /** Whether egress was given a second address. */
      readonly hasSecondAddress: boolean;
    }
  /** All hosts that egress was given, told over each new link: of others it will say nothing more. */
  | {
      readonly kind: 'hosts';
      readonly hosts: readonly { readonly venue: string; readonly host: string }[];
    }
  /** Something that is wrong with a venue until it is over. What lasts is told again over each new link. */
  | {
      readonly kind: 'condition';
      readonly venue: string;
      readonly condition: VenueCondition;
      /** What it is about at the venue: a host, a symbol; '' where it is about all of it. */
      readonly subject: string;
      readonly isOver: boolean;
      /** At most `CONDITION_FACTS_MAX`, each of at most `CONDITION_FACT_CHARACTERS_MAX` characters. */
      readonly facts: Readonly<Record<string, string>>;
    };

/**
 * `issuerRefused`: a host's certificate comes from an authority by which it is not known. `pricesDisagree`: two prices of
 * a market are further apart than the policy lets them be. `pricesSilent`: no price of a market comes while orders are
 * in it. `dataLate`: what comes was so some time ago by the venue's own word.
 */
export const VENUE_CONDITIONS = [
  'issuerRefused',
  'pricesDisagree',
  'pricesSilent',
  'dataLate',
] as const;
export type VenueCondition = (typeof VENUE_CONDITIONS)[number];
export const CONDITION_FACTS_MAX = 12;
export const VENUE_HOSTS_MAX = 256;
export const CONDITION_FACT_CHARACTERS_MAX = 600;

/** Where the facts about a market come from: public questions that egress asks itself, unsigned. */
export const REFERENCE_SOURCES = [
  'referencePrice',
  'avgPrice',
  'bookTicker',
  'dayVolume',
  'depth',
] as const;
export type ReferenceSource = (typeof REFERENCE_SOURCES)[number];

/**
 * What the signer wants to know of a venue's markets from now on, in place of what it asked for before. Egress asks
 * the venue, the server has no part in it.
 */
export interface WatchReferences {
  readonly kind: 'watchReferences';
  readonly venue: string;
  readonly symbols: readonly string[];
  readonly sources: readonly ReferenceSource[];
  /** Prices are asked for so often. */
  readonly everyMs: number;
  /** Prices of these sources further apart than this are a contradiction, of which people are told. */
  readonly agreement: PriceAgreement | null;
}

export interface PriceAgreement {
  readonly sources: readonly PriceSource[];
  /** Share of the lower price. */
  readonly millionths: number;
}

/** Sources of a single price. */
export const PRICE_SOURCES = ['referencePrice', 'avgPrice', 'bookTicker'] as const;
export type PriceSource = (typeof PRICE_SOURCES)[number];

/** Most symbols of one venue that are watched at a time. */
export const WATCHED_SYMBOLS_MAX = 100;
/** Most levels of one side of the book in a `Reference`. */
export const BOOK_LEVELS_MAX = 100;

/** What the signer hands to egress. */
export type EgressTask = SignedRequest | WatchReferences;

/** What egress tells the signer. */
export type EgressReport = Receipt | Echo | Reference | AccountNews | IssuerReport;

/** A request has ended. */
export interface Receipt {
  readonly kind: 'receipt';
  readonly id: number;
  readonly status: number | null;
}

/** The exchange's answer to a request that the signer marked `echo`. It comes before the receipt. */
export interface Echo {
  readonly kind: 'echo';
  readonly id: number;
  readonly status: number;
  /** Empty where it was longer than `ECHO_BODY_BYTES_MAX` bytes. */
  readonly body: string;
}

/** A copy of an order's event of the account stream, so that the signer learns of executions without the server. */
export interface AccountNews {
  readonly kind: 'accountNews';
  readonly connection: string;
  /** As the exchange sent it, at most `ACCOUNT_NEWS_BYTES_MAX` bytes as JSON. */
  readonly event: unknown;
}

/** Who vouches for a host of a venue: met for the first time, or refused. The signer keeps it in its log. */
export interface IssuerReport {
  readonly kind: 'issuer';
  readonly venue: string;
  readonly host: string;
  readonly verdict: 'met' | 'refused';
  /** Names and fingerprints, at most `CONDITION_FACT_CHARACTERS_MAX` characters. */
  readonly issuers: string;
}

/** A public fact about one market, as the venue answered egress. Prices and amounts are decimal text. */
export type Reference = {
  readonly kind: 'reference';
  readonly venue: string;
  readonly symbol: string;
  /** How long ago egress asked for it: it may be as old. */
  readonly ageMs: number;
} & (
  | {
      readonly source: 'referencePrice' | 'avgPrice';
      /** Null where the venue has none now. */
      readonly price: string | null;
    }
  | { readonly source: 'bookTicker'; readonly bid: string | null; readonly ask: string | null }
  /** Money traded in 24 hours. */
  | { readonly source: 'dayVolume'; readonly quoteVolume: string }
  /** The best levels, best first: at most `BOOK_LEVELS_MAX` of each side. */
  | {
      readonly source: 'depth';
      readonly bids: readonly BookLevel[];
      readonly asks: readonly BookLevel[];
    }
);
export type BookLevel = readonly [price: string, quantity: string];
