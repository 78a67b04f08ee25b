// SPDX-License-Identifier: Apache-2.0
// Carries acts to the signer and learns from its answers which orders a person has marked as his own.
//
// The confirmation names its act by a nonce alone, so what each nonce is about is remembered from the asking.

import type { ActAnswer, Links } from '../link/links.ts';
import type { ForeignWatch } from './foreign-watch.ts';

type ActRequest = Parameters<Links['act']>[0];

/** As many acts wait for consent at the signer, or fewer. */
const WAITING_MAX = 32;

export class OwnTrades {
  readonly #act: (request: ActRequest) => Promise<ActAnswer>;
  readonly #watch: Pick<ForeignWatch, 'markOwned'>;
  readonly #waiting = new Map<string, readonly string[]>();

  constructor(
    act: (request: ActRequest) => Promise<ActAnswer>,
    watch: Pick<ForeignWatch, 'markOwned'>,
  ) {
    this.#act = act;
    this.#watch = watch;
  }

  async act(request: ActRequest): Promise<ActAnswer> {
    const answer = await this.#act(request);
    if (request.kind === 'requestAct') {
      if (request.act.kind === 'ownTrade' && answer.kind === 'consent') {
        this.#waiting.set(answer.nonce, request.act.orders);
        for (const oldest of this.#waiting.keys()) {
          if (this.#waiting.size <= WAITING_MAX) break;
          this.#waiting.delete(oldest);
        }
      }
      return answer;
    }
    const orders = this.#waiting.get(request.nonce);
    if (answer.kind === 'performed' && orders !== undefined) {
      this.#waiting.delete(request.nonce);
      this.#watch.markOwned(orders);
    }
    return answer;
  }
}
