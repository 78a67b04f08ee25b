// SPDX-License-Identifier: Apache-2.0
// The pages by address. Each is its own chunk and is fetched when it is first opened.

import {
  createRootRoute, createRoute, createRouter, lazyRouteComponent, redirect, type AnyRouter,
} from '@tanstack/react-router'; // prettier-ignore

import { BrokenPage, NotFoundPage } from './pages/closed.tsx';
import { Shell } from './shell/shell.tsx';

export function createDeskRouter(): AnyRouter {
  const root = createRootRoute({
    component: Shell,
    notFoundComponent: () => <NotFoundPage what="page" />,
  });
  const page = (path: string, load: () => Promise<Record<string, unknown>>, name: string) =>
    createRoute({
      getParentRoute: () => root,
      path,
      component: lazyRouteComponent(load, name),
      errorComponent: BrokenPage,
    });
  return createRouter({
    routeTree: root.addChildren([
      // Where a spent link leads; a browser that has a session goes on to the desk.
      createRoute({
        getParentRoute: () => root,
        path: '/locked',
        beforeLoad: () => {
          throw redirect({ to: '/', replace: true });
        },
      }),
      // Cases stand beside the alarms that opened them.
      createRoute({
        getParentRoute: () => root,
        path: '/cases',
        beforeLoad: () => {
          throw redirect({ to: '/alarms', replace: true });
        },
      }),
      page('/', () => import('./pages/overview.tsx'), 'OverviewPage'),
      page('/bots', () => import('./pages/bots.tsx'), 'BotsPage'),
      page('/bots/new', () => import('./pages/bot-editor.tsx'), 'NewBotPage'),
      page('/bots/$botId', () => import('./pages/bot.tsx'), 'BotPage'),
      page('/bots/$botId/edit', () => import('./pages/bot-editor.tsx'), 'EditBotPage'),
      page('/deals', () => import('./pages/deals.tsx'), 'DealsPage'),
      page('/deals/$dealId', () => import('./pages/deal.tsx'), 'DealPage'),
      page('/deals/$dealId/edit', () => import('./pages/deal-editor.tsx'), 'EditDealPage'),
      page('/connections', () => import('./pages/connections.tsx'), 'ConnectionsPage'),
      page('/connections/new', () => import('./pages/new-connection.tsx'), 'NewConnectionPage'),
      page('/alarms', () => import('./pages/alarms.tsx'), 'AlarmsPage'),
      page('/log', () => import('./pages/log.tsx'), 'LogPage'),
      page('/policy', () => import('./pages/policy.tsx'), 'PolicyPage'),
      page('/people', () => import('./pages/people.tsx'), 'PeoplePage'),
      page('/risk', () => import('./pages/risk.tsx'), 'RiskPage'),
      page('/settings', () => import('./pages/settings.tsx'), 'SettingsPage'),
    ]),
    // Parameters are plain text, as they stand in the address.
    parseSearch: (search) => Object.fromEntries(new URLSearchParams(search)),
    stringifySearch: (search) => {
      const text = new URLSearchParams(
        Object.entries(search).map(([name, value]) => [name, String(value)]),
      ).toString();
      return text === '' ? '' : `?${text}`;
    },
    scrollRestoration: false,
    defaultPendingMs: 0,
  });
}
