// SPDX-License-Identifier: Apache-2.0
// What a person may ask of bots and deals, and what the page says about it.

import { useQueryClient } from '@tanstack/react-query';
import { useMemo } from 'react';

import {
  askDeal, cancelDeal, closeDeal, endDeals, removeBot, sendSignal, startBot, startDeal, stopBot,
  type BotEnding, type Changes, type DealRequest, type DealWish,
} from './api/queries.ts'; // prettier-ignore
import type { Bot, Deal } from './api/types.ts';
import { useErrorText } from './language/error-text.ts';
import { useLanguage } from './language/language.tsx';
import type { Language } from './language/languages.ts';
import { reasonText } from './language/reason.ts';
import { say } from './parts/toasts.tsx';

/** Says what the first deal of a bot would run into, where the desk's answer names it. */
export function sayWarnings(bot: Bot, language: Language): void {
  for (const warning of bot.warnings ?? []) {
    const message = language.text.bots.warned(bot.name, reasonText(warning, language));
    say(message, { look: 'failed' });
  }
}

export interface BotActions {
  /** One after another; resolves when all have been answered. */
  readonly start: (bots: readonly Bot[]) => Promise<void>;
  readonly stop: (bots: readonly Bot[]) => Promise<void>;
  readonly end: (bots: readonly Bot[], ending: BotEnding) => Promise<void>;
  readonly remove: (bots: readonly Bot[]) => Promise<void>;
  /** Answers whether the desk took it. */
  readonly startDeal: (bot: Bot, wish: DealWish) => Promise<boolean>;
  readonly signal: (bot: Bot, signal: Changes) => Promise<boolean>;
}

export function useBotActions(): BotActions {
  const client = useQueryClient();
  const language = useLanguage();
  const { text, format } = language;
  const errorText = useErrorText();
  return useMemo(() => {
    /** Asks for each; says what was refused, and of the others that it was done. */
    const each = async (
      bots: readonly Bot[],
      ask: (bot: Bot) => Promise<Bot>,
      refused: (name: string, reason: string) => string,
    ): Promise<readonly Bot[]> => {
      const done: Bot[] = [];
      for (const bot of bots) {
        try {
          done.push(await ask(bot));
        } catch (error) {
          say(refused(bot.name, errorText(error)), { look: 'failed' });
        }
      }
      return done;
    };
    const count = (bots: readonly Bot[]): { count: number; text: string } => ({
      count: bots.length,
      text: format.integer(bots.length),
    });
    const run = async (bots: readonly Bot[], isStart: boolean, canUndo: boolean): Promise<void> => {
      const done = await each(
        bots,
        (bot) => (isStart ? startBot : stopBot)(client, bot.id),
        isStart ? text.bots.notStarted : text.bots.notStopped,
      );
      const [first] = done;
      if (first === undefined) return;
      for (const bot of done) sayWarnings(bot, language);
      const message = (isStart ? text.bots.started : text.bots.stopped)(count(done), first.name);
      say(message, canUndo ? { undo: () => void run(done, !isStart, false) } : {});
    };
    const single = async (ask: Promise<Bot>, done: string, name: string): Promise<boolean> => {
      try {
        await ask;
        say(done);
        return true;
      } catch (error) {
        say(text.bots.refused(name, errorText(error)), { look: 'failed' });
        return false;
      }
    };
    return {
      start: (bots) => run(bots, true, true),
      stop: (bots) => run(bots, false, true),
      end: async (bots, ending) => {
        const done = await each(bots, (bot) => endDeals(client, bot.id, ending), text.bots.refused);
        const [first] = done;
        if (first !== undefined) say(text.bots.ended[ending](count(done), first.name));
      },
      remove: async (bots) => {
        const done = await each(
          bots,
          async (bot) => {
            await removeBot(client, bot.id);
            return bot;
          },
          text.bots.refused,
        );
        const [first] = done;
        if (first !== undefined) say(text.bots.removed(count(done), first.name));
      },
      startDeal: (bot, wish) =>
        single(startDeal(client, bot.id, wish), text.bots.dealAsked(wish.symbol), bot.name),
      signal: (bot, signal) =>
        single(sendSignal(client, bot.id, signal), text.bots.signalSent, bot.name),
    };
  }, [client, language, text, format, errorText]);
}

export interface DealActions {
  /** Answers whether the desk took the command. */
  readonly close: (deal: Pick<Deal, 'id'>, name: string) => Promise<boolean>;
  readonly cancel: (deal: Pick<Deal, 'id'>, name: string) => Promise<boolean>;
  readonly ask: (deal: Deal, request: DealRequest, name: string) => Promise<boolean>;
}

export function useDealActions(): DealActions {
  const client = useQueryClient();
  const { text } = useLanguage();
  const errorText = useErrorText();
  return useMemo(() => {
    const run = async (
      command: Promise<Deal>,
      done: string,
      refused: (reason: string) => string,
    ): Promise<boolean> => {
      try {
        await command;
        say(done);
        return true;
      } catch (error) {
        say(refused(errorText(error)), { look: 'failed' });
        return false;
      }
    };
    return {
      close: (deal, name) =>
        run(closeDeal(client, deal.id), text.deal.closing(name), (reason) =>
          text.deal.notClosed(name, reason),
        ),
      cancel: (deal, name) =>
        run(cancelDeal(client, deal.id), text.deal.cancelling(name), (reason) =>
          text.deal.notCancelled(name, reason),
        ),
      ask: (deal, request, name) =>
        run(askDeal(client, deal.id, request), text.deal.asked[request.action](name), (reason) =>
          text.deal.notAsked(name, reason),
        ),
    };
  }, [client, text, errorText]);
}
