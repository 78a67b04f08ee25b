// SPDX-License-Identifier: Apache-2.0
// Risk over HTTP: limits and states of the desk and of single bots.

import { Type } from 'typebox';
import { toScope, type RiskDesk } from '../risk/risk-desk.ts';
import type { Risk } from './schemas.ts';
import * as schemas from './schemas.ts';
import type { App } from './fastify-app.ts';

const ScopeParameters = Type.Object({ scope: Type.String({ pattern: '^(desk|bot:[0-9]{1,9})$' }) });

/** Adds the routes; `hasBot` tells whether there is a bot of that ID. */
export function registerRisk(app: App, risk: RiskDesk, hasBot: (botId: string) => boolean): void {
  const isKnown = (scope: string): boolean =>
    scope === 'desk' || hasBot(scope.slice('bot:'.length));
  const notFound = (scope: string) => ({
    error: 'not_found',
    message: `there is no ${scope.replace(':', ' ')}`,
  });

  app.get(
    '/risk',
    {
      schema: {
        summary: 'Limits and states of the desk and of every bot that has its own',
        response: { 200: Type.Array(schemas.Risk) },
      },
    },
    () => risk.all().map(({ scope }) => riskOf(risk, scope)),
  );
  app.get(
    '/risk/:scope',
    {
      schema: { params: ScopeParameters, response: { 200: schemas.Risk, 404: schemas.ErrorBody } },
    },
    async (request, reply) => {
      const { scope } = request.params;
      return isKnown(scope) ? riskOf(risk, scope) : reply.code(404).send(notFound(scope));
    },
  );
  app.put(
    '/risk/:scope/limits',
    {
      // The core itself says what is wrong, field by field.
      attachValidation: true,
      schema: {
        summary: 'Sets the limits of a scope; those left out are lifted',
        params: ScopeParameters,
        body: schemas.RiskLimits,
        response: { 200: schemas.Risk, 400: schemas.ErrorBody, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { scope } = request.params;
      if (!isKnown(scope)) return reply.code(404).send(notFound(scope));
      const errors = risk.setLimits(toScope(scope), request.body);
      if (errors.length === 0) return riskOf(risk, scope);
      return reply.code(400).send({
        error: 'invalid_limits',
        message: errors
          .map(({ field, expected, found }) => `${field}: expected ${expected}, found ${found}`)
          .join('; '),
        fields: [...errors],
      });
    },
  );
  app.post(
    '/risk/:scope/state',
    {
      schema: {
        summary:
          'active: everything; reducing: entries are cancelled, exits stay; halted: nothing is sent, exits that rest stay',
        params: ScopeParameters,
        body: Type.Object({ state: schemas.RiskState }),
        response: { 200: schemas.Risk, 404: schemas.ErrorBody },
      },
    },
    async (request, reply) => {
      const { scope } = request.params;
      if (!isKnown(scope)) return reply.code(404).send(notFound(scope));
      risk.setState(toScope(scope), request.body.state);
      return riskOf(risk, scope);
    },
  );
}

/** A scope as the API shows it. */
export function riskOf(risk: RiskDesk, scope: string): Risk {
  const { limits, state, cause, values, since, until } = risk.of(toScope(scope));
  const standing = risk.standing(toScope(scope));
  return {
    scope,
    limits,
    state,
    cause,
    values,
    since: since === 0 ? null : since,
    until: until === 0 ? null : until,
    exposure: [...standing.exposure],
    openOrders: standing.openOrders,
    realisedToday: [...standing.realisedToday],
  };
}
