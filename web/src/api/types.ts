// SPDX-License-Identifier: Apache-2.0
// The shapes of the desk's HTTP API. Made from server/src/api/schemas.ts by tools/api-types.ts; do not edit.

export type ActAnswer =
  | {
      readonly kind: 'consent';
      readonly nonce: string;
      readonly text: string;
      readonly challenge: string;
      readonly credentials: readonly string[];
      readonly rpId: string;
    }
  | {
      readonly kind: 'performed';
      readonly act: string;
      readonly entry: number;
    };

export type ActApproval =
  | {
      readonly kind: 'passkey';
      /** base64url */
      readonly credential: string;
      /** base64url */
      readonly clientData: string;
      /** base64url */
      readonly authenticatorData: string;
      /** base64url */
      readonly signature: string;
    }
  | {
      readonly kind: 'code';
      /** base64url */
      readonly proof: string;
    };

export type Alarm = {
  readonly id: string;
  readonly kind: string;
  readonly severity: 'notice' | 'warning' | 'critical';
  /** empty where it is about none */
  readonly connection: string;
  /** what it is about within its kind */
  readonly subject: string;
  readonly facts: Readonly<Record<string, string>>;
  readonly state: 'open' | 'acknowledged' | 'resolved';
  /** wall time, UTC ms */
  readonly raisedAt: number;
  /** wall time, UTC ms */
  readonly lastAt: number;
  /** how often it was raised */
  readonly count: number;
  readonly acknowledgedAt: number | null;
  readonly acknowledgedBy: string | null;
  readonly resolvedAt: number | null;
  /** a condition, which lasts until it is over */
  readonly isLasting: boolean;
  /** the same in one English sentence */
  readonly sentence: string;
};

export type AlarmChannel = {
  readonly kind: string;
  readonly isSet: boolean;
  readonly address: string | null;
  /** deliveries that wait */
  readonly waiting: number;
  readonly sentAt: number | null;
  readonly fault: string | null;
};

export type Alarms = {
  /** how many wait for a person */
  readonly openCount: number;
  readonly alarms: readonly Alarm[];
};

export type AssertionOptions = {
  readonly flow: string;
  readonly challenge: string;
  readonly rpId: string;
  readonly credentials: readonly string[];
  readonly text: string;
};

export type Attention = {
  readonly dealId: string;
  readonly by: 'desk' | 'policy' | 'exchange';
  readonly rule: string;
  readonly reason: string;
};

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
  readonly kind: 'dca' | 'grid' | 'rebalance' | 'smartTrade' | 'signal';
  readonly state: 'running' | 'stopped';
  readonly connection: string;
  readonly settings: BotSettings;
  /** UTC milliseconds */
  readonly createdAt: number;
  readonly quoteAsset: string;
  readonly activeDeals: number;
  readonly completedDeals: number;
  /** decimal text */
  readonly realisedProfit: string;
  /** decimal text */
  readonly unrealisedProfit: string;
  /** decimal text */
  readonly fundsInUse: string;
  readonly attention: Attention | null;
  readonly formerSymbols?: readonly string[];
  readonly warnings?: readonly string[];
};

export type BotSettings =
  DcaSettings | GridSettings | RebalanceSettings | SmartTradeSettings | SignalSettings;

export type BotSettingsGiven =
  | DcaSettingsGiven
  | GridSettingsGiven
  | RebalanceSettingsGiven
  | SmartTradeSettingsGiven
  | SignalSettingsGiven;

export type Candles = {
  readonly symbol: string;
  readonly interval: string;
  readonly candles: readonly (readonly [number, string, string, string, string, string])[];
};

export type Case = {
  readonly id: string;
  readonly openedAt: number;
  /** where it lies on the machine of the desk */
  readonly folder: string;
  readonly subject: {
    readonly connection: string;
    readonly name: string;
    readonly venue: string;
    readonly grade: string;
    readonly keyKind: string;
    readonly publicKeySha256: string;
    readonly createdAt: number | null;
    readonly expiresAt: number | null;
  };
  readonly checkpoint: string | null;
  readonly events: readonly {
    readonly time: number;
    readonly kind: string;
    readonly facts: Readonly<Record<string, string>>;
  }[];
  /** events and evidence beyond the bounds of a case */
  readonly left: number;
  readonly files: readonly {
    readonly path: string;
    readonly sha256: string;
    readonly size: number;
    readonly collectedAt: number;
    readonly source: string;
  }[];
  readonly faults: readonly string[];
};

export type CaseSummary = {
  readonly id: string;
  readonly openedAt: number;
  readonly connection: string;
  readonly events: number;
  /** how many pieces there are */
  readonly evidence: number;
};

export type Conditions = {
  readonly symbol: string;
  /** start, safetyOrder or close */
  readonly action: string;
  /** a close that meets them is a signal by itself */
  readonly isTrigger: boolean;
  /** running deals whose own conditions they are; none for starts */
  readonly deals: readonly number[];
  readonly standing: 'met' | 'notMet' | 'unknown';
  readonly closedAt: number | null;
  readonly conditions: readonly {
    readonly label: string;
    readonly interval: string;
    readonly verdict: 'met' | 'notMet' | 'unknown';
    /** empty while unknown */
    readonly value: string;
    readonly text: string;
    readonly closedAt: number | null;
    readonly candlesSeen: number;
    readonly candlesNeeded: number;
  }[];
};

export type Connection = {
  readonly id: string;
  readonly name: string;
  readonly venue: string;
  readonly state: LifeState;
  readonly signs: 'all' | 'reductions' | 'cancels' | 'nothing';
  readonly grade: 'A' | 'B' | 'C' | 'D' | null;
  readonly keyKind: KeyKind;
  readonly publicKeyPem: string;
  /** UTC milliseconds */
  readonly createdAt: number;
  /** UTC milliseconds */
  readonly expiresAt: number;
  /** UTC milliseconds */
  readonly reducesUntil: number;
  /** UTC milliseconds */
  readonly cancelsUntil: number;
  readonly checkedAt: number | null;
  readonly isIpRestricted: boolean | null;
  readonly bind: {
    readonly verdict: 'holds' | 'notReal';
    /** UTC milliseconds */
    readonly seenAt: number;
  } | null;
  readonly bindDoubt: {
    /** UTC milliseconds */
    readonly at: number;
    readonly reason: 'noAnswer' | 'otherAnswer' | 'ordinaryRefused';
    readonly words: string;
  } | null;
  readonly frozen: {
    /** UTC milliseconds */
    readonly since: number;
    readonly cause: string;
  } | null;
  readonly quarantined: {
    /** UTC milliseconds */
    readonly since: number;
    readonly faults: readonly string[];
  } | null;
  readonly replaces: string | null;
  readonly isReady: boolean;
  readonly policy: readonly string[];
  readonly policyHash: string;
};

export type DcaSettings = {
  readonly kind: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly direction: 'long' | 'short';
  readonly profitCurrency: 'quote' | 'base';
  /** decimal text in volume, more than 0 */
  readonly baseOrderVolume: string;
  readonly baseOrderVolumeType: 'quote' | 'base' | 'percent';
  readonly baseOrderType: 'market' | 'limit';
  /** decimal text in volume, more than 0 */
  readonly safetyOrderVolume: string;
  readonly safetyOrderVolumeType: 'quote' | 'base' | 'percent';
  /** decimal text in percent, more than 0, less than 100 */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  /** decimal text, at least 0.1, at most 10 */
  readonly volumeScale: string;
  /** decimal text, at least 0.1, at most 10 */
  readonly stepScale: string;
  readonly customSafetyOrders?: readonly {
    /** decimal text in percent, more than 0, at most 1000 */
    readonly deviation: string;
    /** decimal text in volume, more than 0 */
    readonly volume: string;
  }[];
  /** decimal text in percent, more than 0, at most 1000 */
  readonly takeProfit?: string;
  readonly takeProfitType: 'total' | 'base';
  readonly takeProfitSteps?: readonly {
    /** decimal text in percent, more than 0, at most 1000 */
    readonly profit: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly share: string;
  }[];
  /** decimal text in percent, more than 0, less than 100 */
  readonly trailingDeviation?: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly stopLoss?: string;
  readonly stopLossFrom: 'base' | 'average';
  readonly stopLossTrailing: boolean;
  readonly stopLossTimeoutSeconds: number;
  readonly stopLossMove: 'never' | 'breakEven' | 'firstStep' | 'secondStep';
  readonly stopLossAction: 'closeDeal' | 'closeDealAndStopBot';
  readonly closeTimeoutSeconds?: number;
  readonly startTrigger: 'immediately' | 'conditions' | 'signal' | 'manually';
  readonly startConditions?: readonly Condition[];
  readonly startDelaySeconds: number;
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  readonly maxActiveDealsPerSymbol: number;
  readonly stopAfterDeals?: number;
  /** decimal text in price, more than 0 */
  readonly minPrice?: string;
  /** decimal text in price, more than 0 */
  readonly maxPrice?: string;
  /** decimal text in percent, at least -95, at most 1000 */
  readonly minPricePercent?: string;
  /** decimal text in percent, at least -95, at most 1000 */
  readonly maxPricePercent?: string;
  readonly safetyOrderTrigger: 'price' | 'conditions' | 'signal';
  readonly safetyOrderConditions?: readonly Condition[];
  readonly closeTrigger: 'none' | 'conditions' | 'signal';
  readonly closeConditions?: readonly Condition[];
  readonly minProfitType: 'total' | 'base' | 'none';
  /** decimal text in percent, at least 0, at most 1000 */
  readonly minProfit: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly reinvest: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly riskReduction: string;
  readonly postOnly: boolean;
  readonly reserveSafetyOrders: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type DcaSettingsGiven = {
  readonly kind?: 'dca';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly direction?: 'long' | 'short';
  readonly profitCurrency?: 'quote' | 'base';
  /** decimal text in volume, more than 0 */
  readonly baseOrderVolume: string;
  readonly baseOrderVolumeType?: 'quote' | 'base' | 'percent';
  readonly baseOrderType: 'market' | 'limit';
  /** decimal text in volume, more than 0 */
  readonly safetyOrderVolume: string;
  readonly safetyOrderVolumeType?: 'quote' | 'base' | 'percent';
  /** decimal text in percent, more than 0, less than 100 */
  readonly safetyOrderStep: string;
  readonly maxSafetyOrders: number;
  readonly maxActiveSafetyOrders: number;
  /** decimal text, at least 0.1, at most 10 */
  readonly volumeScale: string;
  /** decimal text, at least 0.1, at most 10 */
  readonly stepScale: string;
  readonly customSafetyOrders?: readonly {
    /** decimal text in percent, more than 0, at most 1000 */
    readonly deviation: string;
    /** decimal text in volume, more than 0 */
    readonly volume: string;
  }[];
  /** decimal text in percent, more than 0, at most 1000 */
  readonly takeProfit?: string;
  readonly takeProfitType?: 'total' | 'base';
  readonly takeProfitSteps?: readonly {
    /** decimal text in percent, more than 0, at most 1000 */
    readonly profit: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly share: string;
  }[];
  /** decimal text in percent, more than 0, less than 100 */
  readonly trailingDeviation?: string;
  /** decimal text in percent, more than 0, less than 100 */
  readonly stopLoss?: string;
  readonly stopLossFrom?: 'base' | 'average';
  readonly stopLossTrailing?: boolean;
  readonly stopLossTimeoutSeconds?: number;
  readonly stopLossMove?: 'never' | 'breakEven' | 'firstStep' | 'secondStep';
  readonly stopLossAction?: 'closeDeal' | 'closeDealAndStopBot';
  readonly closeTimeoutSeconds?: number;
  readonly startTrigger?: 'immediately' | 'conditions' | 'signal' | 'manually';
  readonly startConditions?: readonly ConditionGiven[];
  readonly startDelaySeconds?: number;
  readonly cooldownSeconds: number;
  readonly maxActiveDeals: number;
  readonly maxActiveDealsPerSymbol?: number;
  readonly stopAfterDeals?: number;
  /** decimal text in price, more than 0 */
  readonly minPrice?: string;
  /** decimal text in price, more than 0 */
  readonly maxPrice?: string;
  /** decimal text in percent, at least -95, at most 1000 */
  readonly minPricePercent?: string;
  /** decimal text in percent, at least -95, at most 1000 */
  readonly maxPricePercent?: string;
  readonly safetyOrderTrigger?: 'price' | 'conditions' | 'signal';
  readonly safetyOrderConditions?: readonly ConditionGiven[];
  readonly closeTrigger?: 'none' | 'conditions' | 'signal';
  readonly closeConditions?: readonly ConditionGiven[];
  readonly minProfitType?: 'total' | 'base' | 'none';
  /** decimal text in percent, at least 0, at most 1000 */
  readonly minProfit?: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly reinvest?: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly riskReduction?: string;
  readonly postOnly?: boolean;
  readonly reserveSafetyOrders?: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type Deal = {
  /** <bot id>-<number> */
  readonly id: string;
  readonly botId: string;
  readonly botName: string;
  readonly number: number;
  readonly kind: 'dca' | 'grid' | 'rebalance' | 'smartTrade' | 'signal';
  readonly direction: 'long' | 'short';
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
  readonly realisedProfit: string;
  /** decimal text */
  readonly realisedProfitPercent: string;
  /** decimal text */
  readonly unrealisedProfit: string;
  /** decimal text */
  readonly unrealisedProfitPercent: string;
  readonly filledSafetyOrders: number;
  readonly ladder: readonly LadderStep[];
  readonly orders: readonly Order[];
  readonly fills: readonly Fill[];
  readonly details: DealDetails | null;
};

export type DealDetails =
  | {
      readonly kind: 'dca';
      readonly settings: DcaSettings;
      readonly takeProfits: readonly {
        /** from 1; 0 where there is only one */
        readonly step: number;
        /** decimal text */
        readonly profit: string;
        /** decimal text */
        readonly share: string;
        readonly price: string | null;
        /** decimal text */
        readonly quantity: string;
        /** decimal text */
        readonly filled: string;
        readonly state: 'pending' | 'placed' | 'trailing' | 'done';
        readonly best: string | null;
        readonly trigger: string | null;
      }[];
      readonly waiting: readonly {
        readonly purpose: 'addFunds' | 'reduceFunds';
        readonly number: number;
        /** decimal text */
        readonly amount: string;
        readonly asset: string;
        readonly price: string | null;
      }[];
    }
  | {
      readonly kind: 'grid';
      readonly settings: GridSettings;
      readonly lines: readonly {
        readonly number: number;
        /** decimal text */
        readonly price: string;
        readonly side: 'buy' | 'sell' | 'none';
        /** decimal text */
        readonly quantity: string;
        /** decimal text */
        readonly value: string;
        readonly state:
          'placing' | 'open' | 'cancelling' | 'ended' | 'waiting' | 'paused' | 'empty';
      }[];
      /** buys and sells of lines that made a profit */
      readonly linesClosed: number;
      /** decimal text */
      readonly gridProfit: string;
      /** decimal text */
      readonly profitBase: string;
      /** decimal text */
      readonly otherProfit: string;
      /** decimal text */
      readonly coins: string;
      /** decimal text */
      readonly reserve: string;
      /** decimal text */
      readonly investment: string;
      readonly lowerStop: string | null;
      readonly upperStop: string | null;
      readonly takeProfit: string | null;
    }
  | {
      readonly kind: 'trade';
      readonly steps: readonly {
        readonly purpose: 'entry' | 'addFunds' | 'takeProfit' | 'reduceFunds';
        /** from 1, by purpose */
        readonly number: number;
        readonly order: 'market' | 'limit';
        readonly state:
          | 'waiting'
          | 'trailing'
          | 'placed'
          | 'pausing'
          | 'closing'
          | 'filled'
          | 'partly'
          | 'cancelled'
          | 'failed';
        readonly price: string | null;
        readonly trigger: string | null;
        readonly best: string | null;
        readonly quantity: string | null;
        /** decimal text */
        readonly filled: string;
      }[];
      readonly stop: {
        readonly price: string | null;
        readonly best: string | null;
        readonly isAtBreakEven: boolean;
        readonly breachedUntil: number | null;
        readonly heldBy: 'exchange' | 'desk';
      };
    }
  | {
      readonly kind: 'rebalance';
      /** decimal text */
      readonly target: string;
      readonly share: string | null;
      readonly worth: string | null;
      readonly trades: number;
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
  readonly feeRatePpm: number;
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

export type Finding = {
  readonly sequence: number;
  /** UTC milliseconds */
  readonly time: number;
  /** UTC milliseconds */
  readonly lastTime: number;
  /** how often the same was found */
  readonly count: number;
  readonly code: string;
  readonly values: Readonly<Record<string, string>>;
};

export type ForeignOrder = {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly filledQuantity: string;
  /** UTC milliseconds */
  readonly placedAt: number;
};

export type ForeignOrders = {
  readonly connection: string;
  readonly orders: readonly string[];
};

export type GridSettings = {
  readonly kind: 'grid';
  readonly name: string;
  readonly symbols: readonly string[];
  /** decimal text in price, more than 0 */
  readonly lowerPrice: string;
  /** decimal text in price, more than 0 */
  readonly upperPrice: string;
  readonly lines: number;
  readonly spacing: 'arithmetic' | 'geometric';
  /** decimal text, more than 0 */
  readonly quantityPerLine: string;
  readonly quantityUnit: 'base' | 'quote';
  readonly maxActiveBuyLines: number;
  readonly maxActiveSellLines: number;
  readonly profitCurrency: 'quote' | 'base';
  readonly trailingUp: boolean;
  readonly trailingDown: boolean;
  /** decimal text in price, more than 0 */
  readonly expansionUpTo?: string;
  /** decimal text in price, more than 0 */
  readonly expansionDownTo?: string;
  readonly lowerStop?: {
    /** decimal text in price, more than 0 */
    readonly price: string;
    readonly action: 'stop' | 'stopAndSell' | 'stopAndBuy';
  };
  readonly upperStop?: {
    /** decimal text in price, more than 0 */
    readonly price: string;
    readonly action: 'stop' | 'stopAndSell' | 'stopAndBuy';
  };
  /** decimal text in price, more than 0 */
  readonly takeProfitPrice?: string;
  /** decimal text in price, more than 0 */
  readonly startPrice?: string;
  readonly initialBalancing: boolean;
  readonly postOnly: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type GridSettingsGiven = {
  readonly kind: 'grid';
  readonly name: string;
  readonly symbols: readonly string[];
  /** decimal text in price, more than 0 */
  readonly lowerPrice: string;
  /** decimal text in price, more than 0 */
  readonly upperPrice: string;
  readonly lines: number;
  readonly spacing?: 'arithmetic' | 'geometric';
  /** decimal text, more than 0 */
  readonly quantityPerLine: string;
  readonly quantityUnit?: 'base' | 'quote';
  readonly maxActiveBuyLines?: number;
  readonly maxActiveSellLines?: number;
  readonly profitCurrency?: 'quote' | 'base';
  readonly trailingUp?: boolean;
  readonly trailingDown?: boolean;
  /** decimal text in price, more than 0 */
  readonly expansionUpTo?: string;
  /** decimal text in price, more than 0 */
  readonly expansionDownTo?: string;
  readonly lowerStop?: {
    /** decimal text in price, more than 0 */
    readonly price: string;
    readonly action: 'stop' | 'stopAndSell' | 'stopAndBuy';
  };
  readonly upperStop?: {
    /** decimal text in price, more than 0 */
    readonly price: string;
    readonly action: 'stop' | 'stopAndSell' | 'stopAndBuy';
  };
  /** decimal text in price, more than 0 */
  readonly takeProfitPrice?: string;
  /** decimal text in price, more than 0 */
  readonly startPrice?: string;
  readonly initialBalancing?: boolean;
  readonly postOnly?: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type Hardening = {
  readonly level: 1 | 2 | 3 | 4;
  readonly walls: readonly {
    readonly name:
      | 'environment'
      | 'permissions'
      | 'noNewPrivileges'
      | 'noCoreDump'
      | 'notDumpable'
      | 'landlock'
      | 'seccomp'
      | 'nativeCallsDropped';
    readonly isUp: boolean;
    /** why it is missing */
    readonly reason: string;
  }[];
};

export type Health = {
  readonly state: 'ok' | 'degraded';
  readonly processes: readonly ProcessHealth[];
  readonly streams: readonly StreamHealth[];
  readonly connections: readonly {
    readonly name: string;
    readonly state: 'frozen' | 'quarantined' | 'expired';
  }[];
  readonly clockSkewMs: number | null;
  readonly roundTripMs: number | null;
  readonly pendingEffects: number;
  readonly ambiguousOrders: number;
  readonly heldOrders: number;
  readonly blockedMs: number;
};

export type HeldOrder = {
  /** Its name: h and the number of its entry on the log */
  readonly order: string;
  readonly connection: string;
  /** The name of the hold line */
  readonly rule: string;
  /** The line as written */
  readonly line: string;
  readonly symbol: string;
  readonly side: 'buy' | 'sell';
  readonly type: string;
  readonly timeInForce: string;
  readonly price: string;
  readonly stop: string | null;
  readonly quantity: string;
  /** Price times quantity */
  readonly notional: string;
  readonly clientOrderId: string;
  /** UTC milliseconds */
  readonly since: number;
  /** UTC milliseconds */
  readonly until: number;
  readonly isReleased: boolean;
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
  readonly minPrice: string;
  /** decimal text */
  readonly maxPrice: string;
  /** decimal text */
  readonly minQuantity: string;
  /** decimal text */
  readonly maxQuantity: string;
  /** decimal text */
  readonly minNotional: string;
  /** decimal text */
  readonly maxNotional: string;
  readonly takesPairs: boolean;
};

export type KeyKind = 'ed25519' | 'rsa-2048' | 'rsa-4096' | 'hmac-sha256';

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

export type LifeState =
  'draft' | 'probing' | 'active' | 'expiring' | 'expired' | 'frozen' | 'quarantined' | 'retired';

export type LogAnchor = {
  readonly authority: string;
  readonly url: string;
  readonly state: 'waiting' | 'anchored' | 'failing';
  readonly size: number | null;
  readonly at: number | null;
  /** anchors of this authority that lie here */
  readonly count: number;
  readonly isFresh: boolean;
  readonly reason: string;
  /** whom the owner trusts to say who the authority is */
  readonly certificates: readonly {
    readonly subject: string;
    readonly sha256: string;
  }[];
};

export type LogOverview = {
  readonly origin: string | null;
  readonly verifierKey: string | null;
  readonly size: number | null;
  readonly checkpointAt: number | null;
  readonly fault: string | null;
};

export type Market = {
  readonly kind: 'synthetic' | 'candles' | 'trades' | 'paper' | 'exchange';
  /** seed or file name, or the exchange */
  readonly label: string;
  readonly isSimulated: boolean;
  /** market time per wall time; 1 is live, 0 is paused */
  readonly speed: number;
  readonly marketTime: number | null;
  /** a replay has reached its end */
  readonly hasEnded: boolean;
};

export type Member = {
  readonly person: Person;
  readonly passkeys: readonly ShownPasskey[];
  readonly recoveryCodesLeft: number;
};

export type NewInvitation = {
  readonly invitation: OpenInvitation;
  readonly link: string;
};

export type Note = {
  readonly sequence: number;
  readonly botId: string;
  readonly dealId: string;
  /** UTC milliseconds */
  readonly time: number;
  readonly kind: string;
  readonly values: Readonly<Record<string, string>>;
  /** of the deal, for a note of one */
  readonly symbol?: string;
};

export type OpenInvitation = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  readonly invitedBy: string;
  /** UTC milliseconds */
  readonly until: number;
};

export type Order = {
  readonly clientOrderId: string;
  readonly exchangeOrderId: string | null;
  readonly purpose:
    | 'baseOrder'
    | 'safetyOrder'
    | 'takeProfit'
    | 'stopLoss'
    | 'close'
    | 'addFunds'
    | 'reduceFunds'
    | 'entry'
    | 'gridLine'
    | 'balancing'
    | 'rebalance';
  readonly side: 'buy' | 'sell';
  readonly type: 'limit' | 'limitMaker' | 'stopLimit';
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

export type Orphan = {
  readonly symbol: string;
  readonly clientOrderId: string;
  readonly exchangeOrderId: string;
  readonly side: 'buy' | 'sell';
  readonly price: string;
  readonly quantity: string;
  readonly filledQuantity: string;
  /** UTC milliseconds */
  readonly placedAt: number;
  readonly id: string;
  readonly orderState: 'open' | 'filled' | 'cancelled' | 'expired';
  readonly state: 'shown' | 'adopted' | 'cancelled' | 'gone';
  readonly reason: 'olderStore' | 'unknownBot' | 'unknownForm' | 'unknownOrder';
  readonly dealId: string | null;
  /** UTC milliseconds */
  readonly firstSeenAt: number;
  /** UTC milliseconds */
  readonly updatedAt: number;
};

export type PasskeyAssertion = {
  /** base64url */
  readonly credential: string;
  /** base64url */
  readonly clientData: string;
  /** base64url */
  readonly authenticatorData: string;
  /** base64url */
  readonly signature: string;
  /** base64url */
  readonly userHandle?: string;
};

export type PasskeyRegistration = {
  /** base64url */
  readonly credential: string;
  /** base64url */
  readonly clientData: string;
  /** base64url */
  readonly attestation: string;
};

export type People = {
  readonly members: readonly Member[];
  readonly invitations: readonly OpenInvitation[];
};

export type Person = {
  readonly id: string;
  readonly name: string;
  readonly role: Role;
  /** UTC milliseconds */
  readonly createdAt: number;
};

export type PersonAct = {
  readonly sequence: number;
  /** UTC milliseconds */
  readonly time: number;
  readonly who: string;
  readonly name: string;
  readonly act: string;
  readonly about: string;
  readonly status: number;
};

export type PolicyCheck = {
  readonly isPolicy: boolean;
  readonly error: {
    readonly line: number;
    readonly column: number;
    readonly expected: string;
    readonly found: string;
  } | null;
  readonly hash: string | null;
  readonly connections: readonly PolicyConnection[];
  readonly difference: PolicyDifference | null;
};

export type PolicyConnection = {
  readonly connection: string;
  readonly reference: {
    readonly text: string;
    readonly sources: readonly string[];
    readonly maxAgeMs: number;
    readonly agree: string | null;
  } | null;
  readonly floors: readonly {
    readonly text: string;
    readonly symbols: readonly string[] | null;
    readonly minDayQuote: string | null;
    readonly maxSpread: string | null;
    readonly bookShare: {
      readonly share: string;
      readonly within: string;
    } | null;
  }[];
  readonly lines: readonly PolicyLine[];
  readonly worstDay: readonly {
    readonly asset: string | null;
    readonly turnover: string | null;
    readonly loss: string | null;
  }[];
};

export type PolicyDifference = {
  readonly direction: 'same' | 'tightening' | 'loosening';
  readonly changes: readonly {
    readonly connection: string;
    readonly kind: 'added' | 'removed';
    readonly text: string;
  }[];
  readonly reasons: readonly string[];
};

export type PolicyExplanation = {
  readonly isAllowed: boolean;
  readonly rule: string;
  readonly reason: string;
  readonly limits: readonly {
    readonly field: string;
    readonly limit: string;
    readonly used: string;
  }[];
};

export type PolicyLine = {
  readonly id: string;
  readonly effect: 'allow' | 'hold' | 'deny';
  readonly text: string;
  readonly operations: readonly string[];
  readonly symbols: readonly string[] | null;
  readonly sides: readonly string[] | null;
  readonly types: readonly string[] | null;
  readonly timesInForce: readonly string[] | null;
  readonly band: string | null;
  readonly notional: string | null;
  readonly perDay: string | null;
  readonly open: number | null;
  readonly rate: string | null;
  readonly expiresMs: number | null;
};

export type PolicyState = {
  readonly hash: string;
  readonly text: string;
  readonly lock: string | null;
  readonly looseningDelayMs: number;
  readonly connections: readonly PolicyConnection[];
  readonly pending: {
    readonly hash: string;
    readonly text: string;
    /** UTC milliseconds */
    readonly dueAt: number;
    readonly difference: PolicyDifference;
  } | null;
};

export type ProcessHealth = {
  readonly name: 'server' | 'signer' | 'egress';
  readonly state: 'up' | 'starting' | 'down';
  readonly pid: number | null;
  readonly startedAt: number | null;
  readonly restarts: number;
  readonly memoryBytes: number | null;
  readonly detail: string;
  readonly hardening?: Hardening;
};

export type RebalanceSettings = {
  readonly kind: 'rebalance';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly targets: readonly {
    readonly symbol: string;
    /** decimal text in percent, more than 0, at most 100 */
    readonly share: string;
  }[];
  /** decimal text in quote, more than 0 */
  readonly investment: string;
  /** decimal text in percent, at least 0.5, at most 50 */
  readonly threshold?: string;
  readonly everyHours?: number;
  /** decimal text in quote, more than 0 */
  readonly minTrade: string;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type RebalanceSettingsGiven = {
  readonly kind: 'rebalance';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly targets: readonly {
    readonly symbol: string;
    /** decimal text in percent, more than 0, at most 100 */
    readonly share: string;
  }[];
  /** decimal text in quote, more than 0 */
  readonly investment: string;
  /** decimal text in percent, at least 0.5, at most 50 */
  readonly threshold?: string;
  readonly everyHours?: number;
  /** decimal text in quote, more than 0 */
  readonly minTrade?: string;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type Reconciliation = {
  readonly sweptAt: number | null;
  readonly fault: string | null;
  readonly foreignCount: number;
  readonly foreignOrders: readonly ForeignOrder[];
  readonly orphans: readonly Orphan[];
  readonly findings: readonly Finding[];
};

export type RegistrationOptions = {
  readonly flow: string;
  readonly challenge: string;
  readonly rpId: string;
  readonly userId: string;
  readonly userName: string;
  readonly credentials: readonly string[];
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

export type Role = 'viewer' | 'trader' | 'owner';

export type SessionState = {
  readonly sessionId: string | null;
  readonly person: Person | null;
  readonly role: Role;
  /** UTC milliseconds */
  readonly freshUntil: number;
  readonly isProtected: boolean;
  readonly origin: string;
  readonly rpId: string;
};

export type ShownPasskey = {
  readonly credential: string;
  readonly name: string;
  readonly publicKey: string;
  readonly rpId: string;
  readonly isBackedUp: boolean;
  /** UTC milliseconds */
  readonly createdAt: number;
  readonly usedAt: number | null;
};

export type ShownSession = {
  readonly id: string;
  readonly personId: string | null;
  readonly personName: string;
  readonly how: 'link' | 'passkey' | 'recovery' | 'invitation';
  /** UTC milliseconds */
  readonly createdAt: number;
  /** UTC milliseconds */
  readonly seenAt: number;
  readonly agent: string;
  readonly isThis: boolean;
};

export type SignalSettings = {
  readonly kind: 'signal';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly directions: 'long' | 'short' | 'both';
  readonly onOpposite: 'ignore' | 'close' | 'reverse';
  readonly size:
    | {
        readonly kind: 'quote';
        /** decimal text in quote, more than 0 */
        readonly amount: string;
      }
    | {
        readonly kind: 'base';
        /** decimal text in base, more than 0 */
        readonly quantity: string;
      }
    | {
        readonly kind: 'balance';
        /** decimal text in percent, more than 0, at most 100 */
        readonly percent: string;
      };
  readonly useSignalSize: boolean;
  readonly entryOrder: 'market' | 'limit';
  /** decimal text in percent, at least 0, less than 100 */
  readonly entryOffset: string;
  readonly entryWaitSeconds: number;
  readonly maxEntries: number;
  readonly maxPositions: number;
  /** decimal text in quote, more than 0 */
  readonly maxInvestment?: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly maxPriceDeviation?: string;
  readonly maxLagSeconds: number;
  readonly acceptUntimed: boolean;
  readonly duplicateSeconds: number;
  /** decimal text in percent, at least -100, at most 1000 */
  readonly minProfit?: string;
  readonly cooldownSeconds: number;
  readonly takeProfit: readonly {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 1000 */
          readonly percent: string;
        };
    readonly order: 'limit' | 'market';
    readonly source: 'own' | 'bid' | 'ask' | 'last';
    /** decimal text in percent, more than 0, at most 100 */
    readonly share: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
  }[];
  readonly stopLoss?: {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 100 */
          readonly percent: string;
        };
    readonly source: 'own' | 'bid' | 'ask' | 'last';
    readonly order: 'market' | 'limit';
    readonly limit?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least 0, less than 100 */
          readonly percent: string;
        };
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
    readonly timeoutSeconds: number;
    readonly breakEven: boolean;
    readonly placement: 'desk' | 'exchange';
  };
  readonly useSignalExits: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type SignalSettingsGiven = {
  readonly kind: 'signal';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly directions?: 'long' | 'short' | 'both';
  readonly onOpposite?: 'ignore' | 'close' | 'reverse';
  readonly size:
    | {
        readonly kind: 'quote';
        /** decimal text in quote, more than 0 */
        readonly amount: string;
      }
    | {
        readonly kind: 'base';
        /** decimal text in base, more than 0 */
        readonly quantity: string;
      }
    | {
        readonly kind: 'balance';
        /** decimal text in percent, more than 0, at most 100 */
        readonly percent: string;
      };
  readonly useSignalSize?: boolean;
  readonly entryOrder?: 'market' | 'limit';
  /** decimal text in percent, at least 0, less than 100 */
  readonly entryOffset?: string;
  readonly entryWaitSeconds?: number;
  readonly maxEntries?: number;
  readonly maxPositions?: number;
  /** decimal text in quote, more than 0 */
  readonly maxInvestment?: string;
  /** decimal text in percent, at least 0, at most 100 */
  readonly maxPriceDeviation?: string;
  readonly maxLagSeconds?: number;
  readonly acceptUntimed?: boolean;
  readonly duplicateSeconds?: number;
  /** decimal text in percent, at least -100, at most 1000 */
  readonly minProfit?: string;
  readonly cooldownSeconds?: number;
  readonly takeProfit?: readonly {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 1000 */
          readonly percent: string;
        };
    readonly order?: 'limit' | 'market';
    readonly source?: 'own' | 'bid' | 'ask' | 'last';
    /** decimal text in percent, more than 0, at most 100 */
    readonly share?: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
  }[];
  readonly stopLoss?: {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 100 */
          readonly percent: string;
        };
    readonly source?: 'own' | 'bid' | 'ask' | 'last';
    readonly order?: 'market' | 'limit';
    readonly limit?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least 0, less than 100 */
          readonly percent: string;
        };
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
    readonly timeoutSeconds?: number;
    readonly breakEven?: boolean;
    readonly placement?: 'desk' | 'exchange';
  };
  readonly useSignalExits?: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type SignerOwner = {
  readonly credential: string;
  readonly name: string;
  readonly fingerprint: string;
  readonly rpId: string;
  readonly origin: string;
  /** UTC milliseconds */
  readonly enrolledAt: number;
};

export type SmartTradeSettings = {
  readonly kind: 'smartTrade';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly type: 'long' | 'short' | 'sellHeld' | 'buyBack' | 'buy' | 'sell';
  readonly entries: readonly {
    readonly order: 'market' | 'limit';
    readonly price?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least -1000, less than 100 */
          readonly percent: string;
        };
    readonly trigger?: {
      readonly price:
        | {
            readonly kind: 'price';
            /** decimal text in price, more than 0 */
            readonly price: string;
          }
        | {
            readonly kind: 'percent';
            /** decimal text in percent, at least -1000, less than 100 */
            readonly percent: string;
          };
      readonly when: 'reaches' | 'atOrAbove' | 'atOrBelow';
      readonly source: 'own' | 'bid' | 'ask' | 'last';
      /** decimal text in percent, more than 0, less than 100 */
      readonly trailing?: string;
    };
    /** decimal text in percent, more than 0, at most 100 */
    readonly share: string;
    readonly waitSeconds?: number;
  }[];
  readonly size?:
    | {
        readonly kind: 'quote';
        /** decimal text in quote, more than 0 */
        readonly amount: string;
      }
    | {
        readonly kind: 'base';
        /** decimal text in base, more than 0 */
        readonly quantity: string;
      }
    | {
        readonly kind: 'balance';
        /** decimal text in percent, more than 0, at most 100 */
        readonly percent: string;
      };
  readonly held?: {
    /** decimal text in base, more than 0 */
    readonly quantity: string;
    /** decimal text in price, more than 0 */
    readonly price: string;
  };
  readonly takeProfit: readonly {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 1000 */
          readonly percent: string;
        };
    readonly order: 'limit' | 'market';
    readonly source: 'own' | 'bid' | 'ask' | 'last';
    /** decimal text in percent, more than 0, at most 100 */
    readonly share: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
  }[];
  readonly stopLoss?: {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 100 */
          readonly percent: string;
        };
    readonly source: 'own' | 'bid' | 'ask' | 'last';
    readonly order: 'market' | 'limit';
    readonly limit?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least 0, less than 100 */
          readonly percent: string;
        };
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
    readonly timeoutSeconds: number;
    readonly breakEven: boolean;
    readonly placement: 'desk' | 'exchange';
  };
  readonly postOnly: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage: string;
};

export type SmartTradeSettingsGiven = {
  readonly kind: 'smartTrade';
  readonly name: string;
  readonly symbols: readonly string[];
  readonly type?: 'long' | 'short' | 'sellHeld' | 'buyBack' | 'buy' | 'sell';
  readonly entries?: readonly {
    readonly order?: 'market' | 'limit';
    readonly price?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least -1000, less than 100 */
          readonly percent: string;
        };
    readonly trigger?: {
      readonly price:
        | {
            readonly kind: 'price';
            /** decimal text in price, more than 0 */
            readonly price: string;
          }
        | {
            readonly kind: 'percent';
            /** decimal text in percent, at least -1000, less than 100 */
            readonly percent: string;
          };
      readonly when?: 'reaches' | 'atOrAbove' | 'atOrBelow';
      readonly source?: 'own' | 'bid' | 'ask' | 'last';
      /** decimal text in percent, more than 0, less than 100 */
      readonly trailing?: string;
    };
    /** decimal text in percent, more than 0, at most 100 */
    readonly share?: string;
    readonly waitSeconds?: number;
  }[];
  readonly size?:
    | {
        readonly kind: 'quote';
        /** decimal text in quote, more than 0 */
        readonly amount: string;
      }
    | {
        readonly kind: 'base';
        /** decimal text in base, more than 0 */
        readonly quantity: string;
      }
    | {
        readonly kind: 'balance';
        /** decimal text in percent, more than 0, at most 100 */
        readonly percent: string;
      };
  readonly held?: {
    /** decimal text in base, more than 0 */
    readonly quantity: string;
    /** decimal text in price, more than 0 */
    readonly price: string;
  };
  readonly takeProfit?: readonly {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 1000 */
          readonly percent: string;
        };
    readonly order?: 'limit' | 'market';
    readonly source?: 'own' | 'bid' | 'ask' | 'last';
    /** decimal text in percent, more than 0, at most 100 */
    readonly share?: string;
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
  }[];
  readonly stopLoss?: {
    readonly price:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, more than 0, less than 100 */
          readonly percent: string;
        };
    readonly source?: 'own' | 'bid' | 'ask' | 'last';
    readonly order?: 'market' | 'limit';
    readonly limit?:
      | {
          readonly kind: 'price';
          /** decimal text in price, more than 0 */
          readonly price: string;
        }
      | {
          readonly kind: 'percent';
          /** decimal text in percent, at least 0, less than 100 */
          readonly percent: string;
        };
    /** decimal text in percent, more than 0, less than 100 */
    readonly trailing?: string;
    readonly timeoutSeconds?: number;
    readonly breakEven?: boolean;
    readonly placement?: 'desk' | 'exchange';
  };
  readonly postOnly?: boolean;
  /** decimal text in percent, at least 0, at most 10 */
  readonly maxSlippage?: string;
};

export type Start = {
  readonly hasStarted: boolean;
  readonly waitsFor: {
    readonly what: 'market' | 'connection';
    readonly since: number;
    readonly reason: string;
  } | null;
};

export type StreamHealth = {
  readonly name: 'market' | 'account' | 'reconciliation';
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
      readonly kind: 'reconciliation';
      readonly reconciliation: Reconciliation;
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
    }
  | {
      readonly kind: 'alarms';
      readonly alarms: Alarms;
    };

export type Totals = {
  readonly quoteAsset: string;
  /** decimal text */
  readonly realisedProfit: string;
  /** decimal text */
  readonly unrealisedProfit: string;
  /** decimal text */
  readonly fundsInUse: string;
  readonly activeDeals: number;
  readonly completedDeals: number;
  readonly runningBots: number;
  readonly profitCurve: readonly (readonly [number, string])[];
};

export type Vault = {
  readonly isOpen: boolean;
  readonly isUnattended: boolean;
  readonly importKey: string | null;
  readonly unlockKey: string;
  readonly waitMs: number;
  readonly ways: readonly {
    readonly id: string;
    readonly kind: 'prf' | 'keyring' | 'kms';
    readonly name: string;
    readonly addedAt: number;
    readonly passkey: {
      readonly credential: string;
      readonly salt: string;
    } | null;
  }[];
};

export type Venue = {
  readonly venue: string;
  readonly isTraded: boolean;
  readonly hasAdapter: boolean;
  readonly hasSecondAddress: boolean;
  readonly keys: readonly {
    readonly kind: KeyKind;
    readonly from: 'made' | 'imported';
  }[];
};

export type WayIn = {
  readonly isProtected: boolean;
  readonly origin: string;
  readonly rpId: string;
};

export type WitnessStatus = {
  readonly level: 'W0' | 'W1' | 'W2' | 'W3' | 'W4';
  /** independent ones whose cosignature counts */
  readonly operators: number;
  readonly meaning: string;
  readonly witnesses: readonly {
    readonly name: string;
    readonly url: string;
    readonly operator: string;
    readonly relation: 'own' | 'person' | 'network';
    readonly state: 'waiting' | 'cosigned' | 'silent' | 'disagrees';
    readonly size: number | null;
    readonly cosignedAt: number | null;
    readonly isFresh: boolean;
    readonly reason: string;
    readonly keys: readonly string[];
  }[];
  /** who dates the log */
  readonly anchors: readonly LogAnchor[];
  readonly fault: string | null;
  /** the files of the data directory that say who counts; the server cannot write them */
  readonly lists: {
    readonly witnesses: string;
    readonly authorities: string;
  };
};

export type ConditionInterval =
  | '1m'
  | '3m'
  | '5m'
  | '15m'
  | '30m'
  | '1h'
  | '2h'
  | '4h'
  | '6h'
  | '8h'
  | '12h'
  | '1d'
  | '3d'
  | '1w'
  | '1M';

export type Condition =
  | {
      readonly kind: 'rsi';
      readonly interval: ConditionInterval;
      readonly period: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value: string;
    }
  | {
      readonly kind: 'mfi';
      readonly interval: ConditionInterval;
      readonly period: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value: string;
    }
  | {
      readonly kind: 'cci';
      readonly interval: ConditionInterval;
      readonly period: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least -10000, at most 10000 */
      readonly value: string;
    }
  | {
      readonly kind: 'adx';
      readonly interval: ConditionInterval;
      readonly period: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value: string;
    }
  | {
      readonly kind: 'ult';
      readonly interval: ConditionInterval;
      readonly shortPeriod: number;
      readonly middlePeriod: number;
      readonly longPeriod: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value: string;
    }
  | {
      readonly kind: 'bollinger';
      readonly interval: ConditionInterval;
      readonly period: number;
      /** decimal text, more than 0, at most 10 */
      readonly deviation: string;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least -10, at most 10 */
      readonly value: string;
    }
  | {
      readonly kind: 'maCross';
      readonly interval: ConditionInterval;
      readonly average: 'ema' | 'sma';
      readonly fastPeriod: number;
      readonly slowPeriod: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
    }
  | {
      readonly kind: 'macd';
      readonly interval: ConditionInterval;
      readonly fastPeriod: number;
      readonly slowPeriod: number;
      readonly signalPeriod: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      readonly line: 'any' | 'belowZero' | 'aboveZero';
    }
  | {
      readonly kind: 'stochastic';
      readonly interval: ConditionInterval;
      readonly kPeriod: number;
      readonly smoothing: number;
      readonly dPeriod: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value: string;
      readonly cross: 'any' | 'kCrossesAboveD' | 'kCrossesBelowD';
    }
  | {
      readonly kind: 'parabolicSar';
      readonly interval: ConditionInterval;
      /** decimal text, more than 0, at most 1 */
      readonly step: string;
      /** decimal text, more than 0, at most 1 */
      readonly maximum: string;
      readonly trend: 'turnsUp' | 'turnsDown' | 'up' | 'down';
    }
  | {
      readonly kind: 'supertrend';
      readonly interval: ConditionInterval;
      readonly period: number;
      /** decimal text, more than 0, at most 20 */
      readonly multiplier: string;
      readonly trend: 'turnsUp' | 'turnsDown' | 'up' | 'down';
    }
  | {
      readonly kind: 'heikinAshi';
      readonly interval: ConditionInterval;
      readonly candles: number;
      readonly colour: 'green' | 'red';
    }
  | {
      readonly kind: 'priceChange';
      readonly interval: ConditionInterval;
      readonly candles: number;
      readonly comparison: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text in percent, at least -100, at most 10000 */
      readonly value: string;
    }
  | {
      readonly kind: 'technicalRating';
      readonly interval: ConditionInterval;
      readonly rating: 'buyOrStrongBuy' | 'strongBuy' | 'sellOrStrongSell' | 'strongSell';
    }
  | {
      readonly kind: 'volume24h';
      /** decimal text in quote, at least 0 */
      readonly atLeast: string;
    };

export type ConditionGiven =
  | {
      readonly kind: 'rsi';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value?: string;
    }
  | {
      readonly kind: 'mfi';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value?: string;
    }
  | {
      readonly kind: 'cci';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least -10000, at most 10000 */
      readonly value?: string;
    }
  | {
      readonly kind: 'adx';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value?: string;
    }
  | {
      readonly kind: 'ult';
      readonly interval?: ConditionInterval;
      readonly shortPeriod?: number;
      readonly middlePeriod?: number;
      readonly longPeriod?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value?: string;
    }
  | {
      readonly kind: 'bollinger';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      /** decimal text, more than 0, at most 10 */
      readonly deviation?: string;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least -10, at most 10 */
      readonly value?: string;
    }
  | {
      readonly kind: 'maCross';
      readonly interval?: ConditionInterval;
      readonly average?: 'ema' | 'sma';
      readonly fastPeriod?: number;
      readonly slowPeriod?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
    }
  | {
      readonly kind: 'macd';
      readonly interval?: ConditionInterval;
      readonly fastPeriod?: number;
      readonly slowPeriod?: number;
      readonly signalPeriod?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      readonly line?: 'any' | 'belowZero' | 'aboveZero';
    }
  | {
      readonly kind: 'stochastic';
      readonly interval?: ConditionInterval;
      readonly kPeriod?: number;
      readonly smoothing?: number;
      readonly dPeriod?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text, at least 0, at most 100 */
      readonly value?: string;
      readonly cross?: 'any' | 'kCrossesAboveD' | 'kCrossesBelowD';
    }
  | {
      readonly kind: 'parabolicSar';
      readonly interval?: ConditionInterval;
      /** decimal text, more than 0, at most 1 */
      readonly step?: string;
      /** decimal text, more than 0, at most 1 */
      readonly maximum?: string;
      readonly trend?: 'turnsUp' | 'turnsDown' | 'up' | 'down';
    }
  | {
      readonly kind: 'supertrend';
      readonly interval?: ConditionInterval;
      readonly period?: number;
      /** decimal text, more than 0, at most 20 */
      readonly multiplier?: string;
      readonly trend?: 'turnsUp' | 'turnsDown' | 'up' | 'down';
    }
  | {
      readonly kind: 'heikinAshi';
      readonly interval?: ConditionInterval;
      readonly candles?: number;
      readonly colour?: 'green' | 'red';
    }
  | {
      readonly kind: 'priceChange';
      readonly interval?: ConditionInterval;
      readonly candles?: number;
      readonly comparison?: 'below' | 'above' | 'crossesBelow' | 'crossesAbove';
      /** decimal text in percent, at least -100, at most 10000 */
      readonly value?: string;
    }
  | {
      readonly kind: 'technicalRating';
      readonly interval?: ConditionInterval;
      readonly rating?: 'buyOrStrongBuy' | 'strongBuy' | 'sellOrStrongSell' | 'strongSell';
    }
  | {
      readonly kind: 'volume24h';
      /** decimal text in quote, at least 0 */
      readonly atLeast?: string;
    };
