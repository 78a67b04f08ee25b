// SPDX-License-Identifier: Apache-2.0
// Ctrl/⌘-K: every page, bot, running deal and command, found by typing.

import {
  useEffect,
  useId,
  useMemo,
  useRef,
  useState,
  type KeyboardEvent,
  type ReactElement,
} from 'react';

import { useAddress } from '../address.ts';
import { useBotActions } from '../actions.ts';
import { useDeskFacts } from '../api/desk-facts.tsx';
import { useBots, useRunningDeals } from '../api/queries.ts';
import type { Bot, Deal } from '../api/types.ts';
import { useLanguage } from '../language/language.tsx';
import { Dialog } from '../parts/dialog.tsx';
import { botPath, chartPath, dealPath, paths, newBotPath } from '../paths.ts';
import { useMay } from '../people/use-may.ts';
import { choosePreferences } from '../preferences.ts';
import './palette.css';

interface Command {
  readonly id: string;
  readonly group: 'pages' | 'bots' | 'deals' | 'instruments' | 'actions';
  readonly name: string;
  readonly aside: string;
  readonly run: () => void;
}

/** Results on the list; typing narrows better than scrolling. */
const SHOWN_MOST = 60;
const NO_BOTS: readonly Bot[] = [];
const NO_DEALS: readonly Deal[] = [];

export interface PaletteProps {
  readonly onClose: () => void;
  readonly onKeyboard: () => void;
}

export function Palette({ onClose, onKeyboard }: PaletteProps): ReactElement {
  const { text } = useLanguage();
  return (
    <Dialog title={text.palette.title} isOpen onClose={onClose}>
      <CommandList onClose={onClose} onKeyboard={onKeyboard} />
    </Dialog>
  );
}

function CommandList({ onClose, onKeyboard }: PaletteProps): ReactElement {
  const { text } = useLanguage();
  const commands = useCommands(onKeyboard);
  const [typed, setTyped] = useState('');
  const [index, setIndex] = useState(0);
  const listId = useId();
  const list = useRef<HTMLDivElement>(null);
  const input = useRef<HTMLInputElement>(null);
  useEffect(() => input.current?.focus(), []);
  const found = useMemo(() => search(commands, typed), [commands, typed]);
  const chosen = Math.min(index, found.length - 1);

  const run = (command: Command | undefined): void => {
    if (command === undefined) return;
    onClose();
    command.run();
  };
  const onKeyDown = (event: KeyboardEvent): void => {
    if (event.key === 'ArrowDown') setIndex(Math.min(chosen + 1, found.length - 1));
    else if (event.key === 'ArrowUp') setIndex(Math.max(chosen - 1, 0));
    else if (event.key === 'Enter') run(found[chosen]);
    else return;
    event.preventDefault();
    requestAnimationFrame(() =>
      list.current?.querySelector('[aria-selected="true"]')?.scrollIntoView({ block: 'nearest' }),
    );
  };

  return (
    <>
      <div className="palette-field">
        <input
          ref={input}
          type="text"
          role="combobox"
          aria-expanded="true"
          aria-controls={listId}
          aria-activedescendant={found[chosen] === undefined ? undefined : `${listId}-${chosen}`}
          aria-label={text.palette.placeholder}
          placeholder={text.palette.placeholder}
          value={typed}
          autoComplete="off"
          spellCheck={false}
          onChange={(event) => {
            setTyped(event.target.value);
            setIndex(0);
          }}
          onKeyDown={onKeyDown}
        />
      </div>
      <div
        className="palette-list"
        id={listId}
        role="listbox"
        aria-label={text.palette.title}
        ref={list}
      >
        {found.map((command, place) => (
          <div
            key={command.id}
            id={`${listId}-${place}`}
            role="option"
            tabIndex={-1}
            aria-selected={place === chosen}
            className="palette-option"
            onPointerMove={() => setIndex(place)}
            onClick={() => run(command)}
            onKeyDown={onKeyDown}
          >
            <span className="palette-group">
              {command.group === found[place - 1]?.group ? '' : text.palette.group[command.group]}
            </span>
            <span className="palette-name cut">{command.name}</span>
            <span className="palette-aside">{command.aside}</span>
          </div>
        ))}
        {found.length === 0 ? <p className="palette-empty">{text.palette.empty}</p> : null}
      </div>
    </>
  );
}

function useCommands(onKeyboard: () => void): readonly Command[] {
  const { text } = useLanguage();
  const { go } = useAddress();
  const { desk } = useDeskFacts();
  const { start, stop } = useBotActions();
  const isTrader = useMay('trader');
  const { data: bots = NO_BOTS } = useBots();
  const { data: deals = NO_DEALS } = useRunningDeals();
  return useMemo(() => {
    const goTo = (id: string, name: string, href: string, aside = ''): Command => ({
      id, group: 'pages', name, aside, run: () => go(href),
    }); // prettier-ignore
    return [
      goTo('overview', text.nav.overview, paths.overview, 'G O'),
      goTo('bots', text.nav.bots, paths.bots, 'G B'),
      goTo('deals', text.nav.deals, paths.deals, 'G D'),
      goTo('connections', text.nav.connections, paths.connections, 'G C'),
      goTo('alarms', text.nav.alarms, paths.alarms, 'G A'),
      goTo('people', text.nav.people, paths.people, 'G P'),
      goTo('log', text.nav.log, paths.log, 'G L'),
      goTo('policy', text.nav.policy, paths.policy),
      goTo('risk', text.nav.risk, paths.risk, 'G R'),
      goTo('settings', text.nav.settings, paths.settings, 'G S'),
      ...(isTrader
        ? [
            {
              id: 'new bot',
              group: 'bots',
              name: text.palette.newBot,
              aside: '',
              run: () => go(newBotPath(null)),
            } satisfies Command,
          ]
        : []),
      ...bots.map((bot): Command => ({
        id: `bot ${bot.id}`,
        group: 'bots',
        name: bot.name,
        aside: text.bots.state[bot.state],
        run: () => go(botPath(bot.id)),
      })),
      ...(isTrader ? bots : NO_BOTS).map((bot): Command => ({
        id: `switch ${bot.id}`,
        group: 'bots',
        name:
          bot.state === 'running'
            ? text.palette.stopBot(bot.name)
            : text.palette.startBot(bot.name),
        aside: '',
        run: () => void (bot.state === 'running' ? stop([bot]) : start([bot])),
      })),
      ...deals.map((deal): Command => ({
        id: `deal ${deal.id}`,
        group: 'deals',
        name: text.deal.title(deal.symbol, text.deal.number(String(deal.number))),
        aside: deal.botName,
        run: () => go(dealPath(deal.id)),
      })),
      ...desk.instruments.map((instrument): Command => ({
        id: `chart ${instrument.symbol}`,
        group: 'instruments',
        name: text.palette.chartOf(instrument.symbol),
        aside: '',
        run: () => go(chartPath(instrument.symbol)),
      })),
      ...(['dark', 'light', 'system'] as const).map((theme): Command => ({
        id: `theme ${theme}`,
        group: 'actions',
        name: text.palette.theme(
          theme === 'system' ? text.settings.system : text.settings.themeName[theme],
        ),
        aside: '',
        run: () => choosePreferences({ theme }),
      })),
      ...(['en', 'de'] as const).map((language): Command => ({
        id: `language ${language}`,
        group: 'actions',
        name: text.palette.language(text.settings.languageName[language]),
        aside: '',
        run: () => choosePreferences({ language }),
      })),
      {
        id: 'keyboard',
        group: 'actions',
        name: text.palette.keyboard,
        aside: '?',
        run: onKeyboard,
      },
    ];
  }, [text, go, desk, start, stop, bots, deals, isTrader, onKeyboard]);
}

/** Commands that hold every typed word, those that begin with the text first. */
function search(commands: readonly Command[], typed: string): readonly Command[] {
  const words = typed
    .toLowerCase()
    .split(/\s+/)
    .filter((word) => word !== '');
  if (words.length === 0) return commands.slice(0, SHOWN_MOST);
  const found = commands.filter((command) => {
    const name = `${command.name} ${command.aside}`.toLowerCase();
    return words.every((word) => name.includes(word));
  });
  const [first = ''] = words;
  const begins = (command: Command): number =>
    command.name.toLowerCase().startsWith(first) ? 0 : 1;
  return found.toSorted((left, right) => begins(left) - begins(right)).slice(0, SHOWN_MOST);
}
