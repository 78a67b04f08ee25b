// SPDX-License-Identifier: Apache-2.0
// A copy of the desk's pages at another site, in a real browser: the copied style gives it away.

import assert from 'node:assert/strict';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener } from 'node:http';
import type { AddressInfo } from 'node:net';
import { test, type TestContext } from 'node:test';
import { ClonedSites, DOOR_PICTURE, DOOR_STYLE } from '../server/src/people/cloned-sites.ts';
import { launchBrowser } from './browser.ts';
import { until } from './harness.ts';

const PAGE = `<!doctype html><html><head><meta charset="utf-8" /><meta name="referrer" content="same-origin" /><link rel="stylesheet" href="${DOOR_STYLE}" /></head><body><div id="desk"></div></body></html>`;

async function serve(t: TestContext, listener: RequestListener): Promise<number> {
  const server = createServer(listener);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  return (server.address() as AddressInfo).port;
}

test('[T208] a page that was copied file by file names its site when a browser shows it', async (t) => {
  const asked: IncomingMessage['headers'][] = [];
  const told: string[] = [];
  let origin = '';
  const sites = new ClonedSites({
    origin: () => origin,
    raise: ({ subject = '' }) => told.push(subject),
    now: () => performance.now(),
  });
  const served: RequestListener = (request, response) => {
    if (request.url === DOOR_PICTURE) {
      asked.push(request.headers);
      sites.seen(request.headers.referer, request.socket.remoteAddress ?? '');
      response.writeHead(204).end();
    } else if (request.url === DOOR_STYLE) {
      response.writeHead(200, { 'content-type': 'text/css', 'referrer-policy': 'no-referrer' });
      response.end(sites.styleFor(new URL(origin).host));
    } else response.writeHead(200, { 'content-type': 'text/html' }).end(PAGE);
  };
  const port = await serve(t, served);
  origin = `http://desk.localhost:${port}`;
  // The thief has page and style as they were served to him, and a server of his own.
  const style = sites.styleFor(`desk.localhost:${port}`) ?? '';
  assert.notEqual(style, '');
  const clone = await serve(t, (request, response) => {
    const isStyle = request.url === DOOR_STYLE;
    response.writeHead(200, { 'content-type': isStyle ? 'text/css' : 'text/html' });
    response.end(isStyle ? style : PAGE);
  });
  const browser = await launchBrowser();
  t.after(() => browser.close());
  const page = await browser.newPage();
  await page.goto(`${origin}/login`);
  await until('the desk’s own page asks for the picture', async () =>
    asked.length > 0 ? true : null,
  );
  assert.deepEqual(told, [], 'its own pages are no copy');
  await page.goto(`http://127.0.0.1:${clone}/login`);
  await until('the copy asks for it', async () => (asked.length > 1 ? true : null));
  assert.deepEqual(told, [`http://127.0.0.1:${clone}`]);
});
