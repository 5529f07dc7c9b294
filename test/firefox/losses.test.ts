import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expect, it } from 'vitest';
import { initNode } from '../../src/node/index.ts';
import { openUrl } from '../browser/chromium.ts';
import { scriptOf } from '../browser/harness.ts';
import { findFirefox, launchFirefox } from './firefox.ts';
import { firstLosses } from './lossesScript.ts';

type Losses = Awaited<ReturnType<typeof firstLosses>>;

/** How far a loss may be from that of Node on the same adapter: sums are made in another order where a variant differs. */
const MOST_DIFFERENCE = 1e-6;

it('the first steps of the pages’ trainings have the same losses in Firefox as in Node', async () => {
  const server = createServer((_, response) =>
    response.setHeader('content-type', 'text/html').end('<!doctype html>'),
  );
  await new Promise<void>((resolve) => server.listen(0, 'localhost', resolve));
  const browser = await launchFirefox(findFirefox()!);
  try {
    const expected = await firstLosses(await initNode());
    const script = await scriptOf('../firefox/lossesScript.ts');
    const { page } = await openUrl(browser, `http://localhost:${(server.address() as AddressInfo).port}/`);
    await page.evaluate(script);
    const found = await page.evaluate(() =>
      (globalThis as unknown as { losses(): Promise<Losses> }).losses(),
    );
    expect(Object.keys(found)).toEqual(Object.keys(expected));
    expect(Object.values(expected).flat().length).toBeGreaterThan(60);
    const differences = Object.entries(expected).map(([name, losses]) => {
      const ratios = losses.map((loss, step) => Math.abs(found[name][step] / loss - 1));
      return [name, Math.max(...ratios)] as const;
    });
    expect(differences.filter(([, most]) => !(most <= MOST_DIFFERENCE))).toEqual([]);
  } finally {
    await browser.close();
    server.close();
  }
});
