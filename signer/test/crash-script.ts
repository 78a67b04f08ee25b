// SPDX-License-Identifier: Apache-2.0
// What the dying signer is asked: a connection, then orders one by one, together, refused ones, and reads.

import { strict as assert } from 'node:assert';
import type { Decision } from '../src/index.ts';
import { API_KEY, NAME, placeIntent } from './fixture.ts';

export interface CrashScript {
  readonly onDecision: (decision: Decision) => void;
  readonly run: () => void;
}

/** Needs the policy of the fixture. Order IDs are `a`, `b`, … */
export function crashScript(
  give: (messages: readonly unknown[]) => void,
  publish: () => void,
): CrashScript {
  let connection = '';
  return {
    onDecision: (decision) => {
      if (decision.kind === 'connections') connection = decision.connections[0]?.connection ?? '';
    },
    run: () => {
      give([{ kind: 'createConnection', id: 1, name: NAME, venue: 'demo' }]);
      assert.notEqual(connection, '');
      give([{ kind: 'activateConnection', id: 2, connection, apiKey: API_KEY }]);
      give([{ ...placeIntent(connection, { clientOrderId: 'a', price: '100' }), id: 3 }]);
      publish();
      give([
        { ...placeIntent(connection, { clientOrderId: 'b', price: '200' }), id: 4 },
        { ...placeIntent(connection, { clientOrderId: 'b', price: '200' }), id: 5 },
        { ...placeIntent(connection, { clientOrderId: 'c', price: '501' }), id: 6 },
        { kind: 'subscribe', id: 7, connection },
        { ...placeIntent(connection, { clientOrderId: 'd', price: '50' }), id: 8 },
      ]);
      give([{ kind: 'queryAccount', id: 9, connection }]);
      publish();
    },
  };
}
