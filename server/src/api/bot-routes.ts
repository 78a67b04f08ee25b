// SPDX-License-Identifier: Apache-2.0
// Bots and deals over HTTP: what may be done to them.

import { Type } from 'typebox';
import type { BotAction, DealAction, Outcome } from '../bot-actions.ts';
import type { Desk } from '../desk.ts';
import type { WatchedConditions } from '../runner/condition-hub.ts';
import type { App } from './fastify-app.ts';
import * as schemas from './schemas.ts';

const BotParameters = Type.Object({ id: Type.String({ pattern: '^[0-9]+$' }) });
const DealParameters = Type.Object({ id: Type.String({ pattern: '^[0-9]+-[0-9]+$' }) });
/** The core itself says what is wrong with fields, in the words of the settings. */
const Changes = Type.Record(Type.String(), Type.Unknown(), {
  description: 'fields that replace those there are; null takes one away',
});
const Symbol = Type.String({ maxLength: 40 });
const Decimal = Type.String({ pattern: '^\\d+(\\.\\d+)?$', maxLength: 80 });
const StepNumber = Type.Integer({ minimum: 1, maximum: 1_000 });

const ManualOrder = Type.Object(
  {
    amount: Type.Object(
      {
        kind: Type.Union([Type.Literal('quote'), Type.Literal('base')]),
        value: Decimal,
      },
      { description: 'in the quote asset, or coins' },
    ),
    price: Type.Optional(Decimal),
  },
  { description: 'rests at `price`; without one it trades at once' },
);

const BOT_ACTIONS: Readonly<Record<BotAction, string>> = {
  'stop-and-close': 'Stops the bot and closes its deals at market',
  'stop-and-cancel': 'Stops the bot, cancels the orders of its deals and keeps the coins',
  'close-all': 'Closes running deals at market; the bot goes on',
  'cancel-all': 'Cancels the orders of running deals and keeps the coins; the bot goes on',
};

/** What came of an action, as an answer: `value` when it was done. */
type Answer<T> =
  | { readonly status: 200; readonly value: T }
  | { readonly status: 400 | 404 | 409; readonly value: schemas.ErrorBody };

const ERRORS = { 400: schemas.ErrorBody, 404: schemas.ErrorBody, 409: schemas.ErrorBody };
const DEAL_RESPONSE = { 200: schemas.Deal, ...ERRORS };

/** Adds the routes. */
export function registerBots(app: App, desk: Desk): void {
  registerBotCommands(app, desk);
  registerSignals(app, desk);
  registerArchive(app, desk);
  registerDealOrders(app, desk);
  registerDealSteps(app, desk);
}

function registerBotCommands(app: App, desk: Desk): void {
  const { actions } = desk;
  app.patch(
    '/bots/:id/settings',
    {
      schema: {
        summary: 'Changes settings of a bot; running deals keep those they started with',
        params: BotParameters,
        body: Changes,
        response: { 200: schemas.Bot, ...ERRORS },
      },
    },
    async ({ params, body }, reply) => {
      const { status, value } = botAnswer(
        desk,
        params.id,
        await actions.editSettings(params.id, body),
      );
      return reply.code(status).send(value);
    },
  );
  for (const [action, summary] of Object.entries(BOT_ACTIONS)) {
    app.post(
      `/bots/:id/${action}`,
      {
        schema: {
          summary,
          params: BotParameters,
          querystring: Type.Object({ symbol: Type.Optional(Symbol) }),
          response: { 200: schemas.Bot, ...ERRORS },
        },
      },
      async ({ params, query }, reply) => {
        const outcome = await actions.act(params.id, toBotAction(action), query.symbol);
        const { status, value } = botAnswer(desk, params.id, outcome);
        return reply.code(status).send(value);
      },
    );
  }
  app.post(
    '/bots/:id/start-deal',
    {
      schema: {
        summary: 'Opens a deal now, within the conditions and limits of the bot or beyond them',
        params: BotParameters,
        body: Type.Object({
          symbol: Type.Optional(Symbol),
          skipConditions: Type.Optional(Type.Boolean()),
          skipLimits: Type.Optional(Type.Boolean()),
          onlyWhileRunning: Type.Optional(Type.Boolean()),
        }),
        response: { 200: schemas.Bot, ...ERRORS },
      },
      preValidation: async (request) => {
        // Every field may be left out, and with them the body.
        request.body ??= {};
      },
    },
    async ({ params, body }, reply) => {
      const outcome = await actions.startDeal(params.id, {
        skipConditions: false,
        skipLimits: false,
        onlyWhileRunning: false,
        ...body,
      });
      const { status, value } = botAnswer(desk, params.id, outcome);
      return reply.code(status).send(value);
    },
  );
}

function registerSignals(app: App, desk: Desk): void {
  const { actions } = desk;
  app.post(
    '/bots/:id/signal',
    {
      schema: {
        summary: 'Hands the bot a signal, with its symbol where the bot trades several',
        params: BotParameters,
        body: Type.Record(Type.String(), Type.Unknown()),
        response: { 200: schemas.Bot, ...ERRORS },
      },
    },
    async ({ params, body }, reply) => {
      const outcome = await actions.signal(params.id, body, 'person');
      const { status, value } = botAnswer(desk, params.id, outcome);
      return reply.code(status).send(value);
    },
  );
  app.get(
    '/bots/:id/conditions',
    {
      schema: {
        summary: 'How the indicator conditions of the bot stand at the last closed candle',
        params: BotParameters,
        response: { 200: Type.Array(schemas.Conditions), 404: schemas.ErrorBody },
      },
    },
    async ({ params }, reply) => {
      const watched = actions.conditions(params.id);
      if (watched !== null) return watched.map(toConditions);
      return reply.code(404).send(notFound(`there is no bot ${params.id}`));
    },
  );
}

function registerArchive(app: App, { actions }: Desk): void {
  app.delete(
    '/bots/:id',
    {
      schema: {
        summary: 'Takes a stopped bot without open deals off the desk; its history stays',
        params: BotParameters,
        response: { 204: Type.Null(), 404: schemas.ErrorBody, 409: schemas.ErrorBody },
      },
    },
    async ({ params }, reply) => {
      const outcome = actions.archive(params.id);
      if (outcome.kind === 'done') return reply.code(204).send(null);
      if (outcome.kind === 'refused') {
        return reply.code(409).send({ error: 'refused', message: outcome.reason });
      }
      return reply.code(404).send(notFound(`there is no bot ${params.id}`));
    },
  );
}

function registerDealOrders(app: App, desk: Desk): void {
  for (const kind of ['addFunds', 'reduceFunds'] as const) {
    app.post(
      kind === 'addFunds' ? '/deals/:id/add-funds' : '/deals/:id/reduce-funds',
      {
        schema: {
          summary:
            kind === 'addFunds'
              ? 'Enlarges the position of a deal'
              : 'Closes a part of the position of a deal',
          params: DealParameters,
          body: ManualOrder,
          response: DEAL_RESPONSE,
        },
      },
      async ({ params, body }, reply) => {
        const { status, value } = await dealAction(desk, params.id, { kind, order: body });
        return reply.code(status).send(value);
      },
    );
  }
  app.post(
    '/deals/:id/cancel-order',
    {
      schema: {
        summary: 'Cancels an order that add-funds or reduce-funds placed',
        params: DealParameters,
        body: Type.Object({ clientOrderId: Type.String({ pattern: '^[A-Za-z0-9_-]{1,36}$' }) }),
        response: DEAL_RESPONSE,
      },
    },
    async ({ params, body }, reply) => {
      const { status, value } = await dealAction(desk, params.id, { kind: 'cancelOrder', ...body });
      return reply.code(status).send(value);
    },
  );
}

function registerDealSteps(app: App, desk: Desk): void {
  app.post(
    '/deals/:id/close-step',
    {
      schema: {
        summary: 'Closes what a take-profit step has left at once',
        params: DealParameters,
        body: Type.Object({ step: StepNumber }),
        response: DEAL_RESPONSE,
      },
    },
    async ({ params, body }, reply) => {
      const { status, value } = await dealAction(desk, params.id, { kind: 'closeStep', ...body });
      return reply.code(status).send(value);
    },
  );
  app.post(
    '/deals/:id/cancel-step',
    {
      schema: {
        summary:
          'Takes back what waits: a take profit, an entry, funds that were added, a reduction',
        params: DealParameters,
        body: Type.Object({
          of: Type.Union([
            Type.Literal('entry'),
            Type.Literal('takeProfit'),
            Type.Literal('addFunds'),
            Type.Literal('reduceFunds'),
          ]),
          step: StepNumber,
        }),
        response: DEAL_RESPONSE,
      },
    },
    async ({ params, body }, reply) => {
      const { status, value } = await dealAction(desk, params.id, { kind: 'cancelStep', ...body });
      return reply.code(status).send(value);
    },
  );
  for (const kind of ['forceEntry', 'convert'] as const) {
    app.post(
      kind === 'convert' ? '/deals/:id/convert' : '/deals/:id/force-entry',
      {
        schema: {
          summary:
            kind === 'convert'
              ? 'Leaves the position of the deal to a new smart trade'
              : 'Sends entries that wait for their price at the market now',
          params: DealParameters,
          response: DEAL_RESPONSE,
        },
      },
      async ({ params }, reply) => {
        const { status, value } = await dealAction(desk, params.id, { kind });
        return reply.code(status).send(value);
      },
    );
  }
  app.patch(
    '/deals/:id/settings',
    {
      schema: {
        summary:
          'Changes what may change in a running deal: its exits, and how far its ladder goes',
        params: DealParameters,
        body: Changes,
        response: DEAL_RESPONSE,
      },
    },
    async ({ params, body }, reply) => {
      const { status, value } = dealAnswer(
        desk,
        params.id,
        await desk.actions.editDeal(params.id, body),
      );
      return reply.code(status).send(value);
    },
  );
}

function botAnswer(desk: Desk, botId: string, outcome: Outcome): Answer<schemas.Bot> {
  return toAnswer(outcome, () => desk.bot(botId), `there is no bot ${botId}`);
}

function dealAnswer(desk: Desk, id: string, outcome: Outcome): Answer<schemas.Deal> {
  return toAnswer(outcome, () => desk.deal(id), `there is no open deal ${id}`);
}

async function dealAction(
  desk: Desk,
  id: string,
  action: DealAction,
): Promise<Answer<schemas.Deal>> {
  return dealAnswer(desk, id, await desk.actions.actOnDeal(id, action));
}

function toBotAction(text: string): BotAction {
  switch (text) {
    case 'stop-and-close':
    case 'stop-and-cancel':
    case 'close-all':
    case 'cancel-all':
      return text;
    default:
      throw new Error(`Invariant: no such action: ${text}`);
  }
}

function toAnswer<T>(outcome: Outcome, read: () => T | null, absent: string): Answer<T> {
  switch (outcome.kind) {
    case 'done': {
      const value = read();
      return value === null ? { status: 404, value: notFound(absent) } : { status: 200, value };
    }
    case 'absent':
      return { status: 404, value: notFound(absent) };
    case 'refused':
      return { status: 409, value: { error: 'refused', message: outcome.reason } };
    case 'invalid':
      return { status: 400, value: invalidSettings(outcome.errors) };
  }
}

/** Every wrong field, for a person and for a page. */
export function invalidSettings(
  errors: Extract<Outcome, { readonly kind: 'invalid' }>['errors'],
): schemas.ErrorBody {
  return {
    error: 'invalid_settings',
    message: errors
      .map(({ field, expected, found }) => `${field}: expected ${expected}, found ${found}`)
      .join('; '),
    fields: [...errors],
  };
}

function notFound(message: string): schemas.ErrorBody {
  return { error: 'not_found', message };
}

function toConditions(watched: WatchedConditions): schemas.Conditions {
  const { symbol, action, isTrigger, dealIds, conditions, each, closedAt } = watched;
  return {
    symbol,
    action,
    isTrigger,
    deals: [...dealIds],
    standing: conditions === 'none' ? 'unknown' : conditions,
    closedAt,
    conditions: each.map((reading) => ({
      label: reading.label,
      interval: reading.interval,
      verdict: reading.verdict,
      value: reading.value,
      text: reading.text,
      closedAt: reading.closeTime === null ? null : reading.closeTime + 1,
      candlesSeen: reading.candlesSeen,
      candlesNeeded: reading.candlesNeeded,
    })),
  };
}
