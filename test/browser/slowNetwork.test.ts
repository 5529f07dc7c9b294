import { createReadStream, existsSync } from 'node:fs';
import { createServer } from 'node:http';
import type { ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { extname, join } from 'node:path';
import { expect, inject, it } from 'vitest';
import { openPage } from './harness.ts';

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.css': 'text/css',
};

/** Serves the site, and holds back what trains a network. */
async function holdTraining(held: ServerResponse[]) {
  const folder = inject('siteFolder');
  const server = createServer(({ url }, response) => {
    const { pathname } = new URL(url!, 'http://host');
    const file = join(folder, pathname.endsWith('/') ? `${pathname}index.html` : pathname);
    if (/\/training-[^/]*\.js$/.test(pathname)) return void held.push(response);
    if (!existsSync(file)) return void response.writeHead(404).end();
    response.setHeader('content-type', TYPES[extname(file)] ?? 'application/octet-stream');
    createReadStream(file).pipe(response);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  const close = () => {
    server.closeAllConnections();
    server.close();
  };
  return { root: `http://127.0.0.1:${port}/`, close };
}

it('play says at once what is loaded; where that does not come, the page is as before', async () => {
  const held: ServerResponse[] = [];
  const { root, close } = await holdTraining(held);
  const { page } = await openPage(`${root}points/`);
  const status = () => page.$eval('#status', ({ textContent }) => textContent);
  await page.waitForFunction(() => document.body.dataset.state === 'ready', { timeout: 60_000 });
  await expect.poll(() => held.length).toBe(1);
  const before = await status();
  await page.click('#play');
  expect(await status()).toBe('Loading what trains the network.');
  held[0].writeHead(503).end();
  await expect.poll(() => page.$eval('#notices', ({ textContent }) => textContent)).toMatch(/not be loaded/);
  expect(await status()).toBe(before);
  expect(new URL(page.url()).search).toBe('');
  expect(await page.$eval('#play', ({ textContent }) => textContent)).toBe('Train from scratch');
  close();
});
