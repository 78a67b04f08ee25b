// SPDX-License-Identifier: Apache-2.0
// The shapes of the desk's HTTP API. Made from server/src/api/schemas.ts by tools/api-types.ts; do not edit.

export type Balance = {
  readonly asset: string;
  /** decimal text */
  readonly free: string;
  /** decimal text */
  readonly locked: string;
};

export type Bot = {
  readonly id: string;
  readonly name: string;
  readonly kind: 'dca';
  readonly state: 'running' | 'stopped';
  readonly connection: string;
  readonly settings: DcaSettings;
  /** UTC milliseconds */
  readonly createdAt: number;
  readonly quoteAsset: string;
  readonly activeDeals: number;
  readonly completedDeals: number;
  /** decimal text */
  readonly realizedProfit: string;
  /** decimal text */
  readonly unrealizedProfit: string;
  /** decimal text */
  readonly fundsInUse: string;
  readonly attention: string | null;
};

export type Candles = {
  readonly symbol: string;
  readonly interval: string;
  readonly candles: readonly (readonly [number, string, string, string, string, string])[];
};

export type Connection = {
  readonly id: string;
  readonly name: string;
  readonly venue: string;
  readonly state: 'created' | 'active' | 'expired';
  readonly publicKeyPem: string;
  /** UTC milliseconds */
  readonly createdAt: number;
  /** UTC milliseconds */
  readonly expiresAt: number;
  readonly policy: readonly string[];
  readonly policyHash: string;
};

export type DcaSettings = {
  readonly kind: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  /** decimal text in quote, more than 0 */
  readonly baseOrderVolume: string;
  readonly baseOrderType: 'market' | 'limit';
  /** decimal text in quote, more than 0 */
  readonly safetyOrderVolume: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  /** decimal text, at least 0.1, at most 10 */
  readonly volumeScale: string;
  /** decimal text, at least 0.1, at most 10 */
  readonly stepScale: string;
  /** decimal text in percent, more than 0, at most 1000 */
  readonly takeProfit: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly stopLoss?: string;
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type DcaSettingsGiven = {
  readonly kind?: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  /** decimal text in quote, more than 0 */
  readonly baseOrderVolume: string;
  readonly baseOrderType: 'market' | 'limit';
  /** decimal text in quote, more than 0 */
  readonly safetyOrderVolume: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  /** decimal text, at least 0.1, at most 10 */
  readonly volumeScale: string;
  /** decimal text, at least 0.1, at most 10 */
  readonly stepScale: string;
  /** decimal text in percent, more than 0, at most 1000 */
  readonly takeProfit: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly stopLoss?: string;
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type Deal = {
  /** <bot id>-<number> */
  readonly id: string;
  readonly botId: string;
  readonly botName: string;
  readonly number: number;
  readonly symbol: string;
  readonly quoteAsset: string;
  readonly baseAsset: string;
  readonly status: 'starting' | 'open' | 'closing' | 'completed' | 'cancelled' | 'failed';
  readonly reason: string;
  /** UTC milliseconds */
  readonly openedAt: number;
  readonly closedAt: number | null;
  /** decimal text */
  readonly quantity: string;
  /** decimal text */
  readonly cost: string;
  readonly averagePrice: string | null;
  readonly breakEvenPrice: string | null;
  readonly takeProfitPrice: string | null;
  readonly stopLossPrice: string | null;
  readonly lastPrice: string | null;
  /** decimal text */
  readonly realizedProfit: string;
  /** decimal text */
  readonly realizedProfitPercent: string;
  /** decimal text */
  readonly unrealizedProfit: string;
  /** decimal text */
  readonly unrealizedProfitPercent: string;
  readonly filledSafetyOrders: number;
  readonly ladder: readonly LadderStep[];
  readonly orders: readonly Order[];
  readonly fills: readonly Fill[];
};

export type DealPage = {
  readonly deals: readonly Deal[];
  readonly nextCursor: string | null;
  readonly total: number;
};

export type Desk = {
  readonly name: string;
  readonly version: string;
  readonly market: Market;
  readonly instruments: readonly Instrument[];
  readonly quoteAsset: string;
};

export type ErrorBody = {
  /** a code, e.g. invalid_settings */
  readonly error: string;
  /** what was expected and what came */
  readonly message: string;
  readonly fields?: readonly {
    readonly field: string;
    readonly expected: string;
    readonly found: string;
  }[];
};

export type Fill = {
  readonly tradeId: string;
  readonly clientOrderId: string;
  /** UTC milliseconds */
  readonly time: number;
  readonly side: 'buy' | 'sell';
  /** decimal text */
  readonly price: string;
  /** decimal text */
  readonly quantity: string;
  /** decimal text */
  readonly notional: string;
  /** decimal text */
  readonly commission: string;
  readonly commissionAsset: string;
};

export type Health = {
  readonly state: 'ok' | 'degraded';
  readonly processes: readonly ProcessHealth[];
  readonly streams: readonly StreamHealth[];
  readonly clockSkewMs: number | null;
  readonly roundTripMs: number | null;
  readonly pendingEffects: number;
  readonly ambiguousOrders: number;
};

export type Instrument = {
  readonly symbol: string;
  readonly baseAsset: string;
  readonly quoteAsset: string;
  readonly priceDecimals: number;
  readonly quantityDecimals: number;
  /** decimal text */
  readonly tickSize: string;
  /** decimal text */
  readonly lotSize: string;
  /** decimal text */
  readonly minNotional: string;
};

export type LadderStep = {
  readonly index: number;
  readonly state: 'waiting' | 'placed' | 'filled' | 'rejected';
  /** decimal text */
  readonly deviationPercent: string;
  /** decimal text */
  readonly price: string;
  /** decimal text */
  readonly quantity: string;
  /** decimal text */
  readonly notional: string;
};

export type Market = {
  readonly kind: 'synthetic' | 'candles' | 'trades' | 'exchange';
  /** seed or file name, or the exchange */
  readonly label: string;
  readonly isSimulated: boolean;
  /** market time per wall time; 1 is live, 0 is paused */
  readonly speed: number;
  readonly marketTime: number | null;
  /** a replay has reached its end */
  readonly hasEnded: boolean;
};

export type Note = {
  readonly sequence: number;
  readonly botId: string;
  readonly dealId: string;
  /** UTC milliseconds */
  readonly time: number;
  readonly kind: string;
  readonly values: Readonly<Record<string, string>>;
};

export type Order = {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string | null;
  readonly purpose: 'baseOrder' | 'safetyOrder' | 'takeProfit' | 'stopLoss' | 'close';
  readonly side: 'buy' | 'sell';
  readonly type: 'limit' | 'limitMaker';
  readonly timeInForce: 'GTC' | 'IOC' | 'FOK';
  /** decimal text */
  readonly price: string;
  /** decimal text */
  readonly quantity: string;
  /** decimal text */
  readonly filledQuantity: string;
  readonly state:
    'intended' | 'ambiguous' | 'open' | 'filled' | 'cancelled' | 'expired' | 'rejected';
  readonly rejectedBy: 'desk' | 'policy' | 'exchange' | null;
  readonly rule: string | null;
  readonly reason: string | null;
  /** UTC milliseconds */
  readonly placedAt: number;
  readonly endedAt: number | null;
};

export type ProcessHealth = {
  readonly name: 'server' | 'signer' | 'egress';
  readonly state: 'up' | 'starting' | 'down';
  readonly pid: number | null;
  readonly startedAt: number | null;
  readonly restarts: number;
  readonly memoryBytes: number | null;
  readonly detail: string;
};

export type Risk = {
  /** desk, or bot:<id> */
  readonly scope: string;
  readonly limits: RiskLimits;
  readonly state: RiskState;
  readonly cause: 'none' | 'person' | 'dailyLoss';
  readonly values: Readonly<Record<string, string>>;
  readonly since: number | null;
  readonly until: number | null;
  readonly exposure: readonly {
    readonly asset: string;
    /** decimal text */
    readonly amount: string;
  }[];
  readonly openOrders: number;
  readonly realisedToday: readonly {
    readonly asset: string;
    /** decimal text */
    readonly amount: string;
  }[];
};

export type RiskLimits = {
  readonly maxExposure?: readonly {
    readonly asset: string;
    /** decimal text in quote, more than 0 */
    readonly amount: string;
  }[];
  readonly maxOpenOrders?: number;
  readonly dailyLoss?: readonly {
    readonly asset: string;
    /** decimal text in quote, more than 0 */
    readonly amount: string;
  }[];
};

export type RiskState = 'active' | 'reducing' | 'halted';

export type StreamHealth = {
  readonly name: 'market' | 'account';
  readonly state: 'up' | 'down';
  readonly lastEventAt: number | null;
  readonly detail: string;
};

export type StreamMessage =
  | {
      readonly kind: 'hello';
      readonly sequence: number;
    }
  | {
      readonly kind: 'reset';
    }
  | {
      readonly kind: 'quote';
      readonly symbol: string;
      /** UTC milliseconds */
      readonly time: number;
      /** decimal text */
      readonly bid: string;
      /** decimal text */
      readonly ask: string;
      /** decimal text */
      readonly last: string;
    }
  | {
      readonly kind: 'candle';
      readonly symbol: string;
      readonly interval: string;
      readonly candle: readonly [number, string, string, string, string, string];
    }
  | {
      readonly kind: 'bot';
      readonly bot: Bot;
    }
  | {
      readonly kind: 'deal';
      readonly deal: Deal;
    }
  | {
      readonly kind: 'note';
      readonly note: Note;
    }
  | {
      readonly kind: 'totals';
      readonly totals: Totals;
    }
  | {
      readonly kind: 'balances';
      readonly balances: readonly Balance[];
    }
  | {
      readonly kind: 'health';
      readonly health: Health;
    }
  | {
      readonly kind: 'market';
      readonly market: Market;
    }
  | {
      readonly kind: 'risk';
      readonly risk: Risk;
    };

export type Totals = {
  readonly quoteAsset: string;
  /** decimal text */
  readonly realizedProfit: string;
  /** decimal text */
  readonly unrealizedProfit: string;
  /** decimal text */
  readonly fundsInUse: string;
  readonly activeDeals: number;
  readonly completedDeals: number;
  readonly runningBots: number;
  readonly profitCurve: readonly (readonly [number, string])[];
};
