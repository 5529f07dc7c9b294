import type { Browser, Page } from 'puppeteer-core';
import { preview } from 'vite';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { builtSite } from '../browser/buildSite.ts';
import { openUrl } from '../browser/chromium.ts';
import { PAGES as SITE } from '../../demos/frame/pages.ts';
import { findFirefox, launchFirefox } from './firefox.ts';

const STEPS = 50;
/** A page goes on for at least so long: the browser must outlive some hundred pictures of many canvases. */
const LEAST_MS = 3000;
const MANY_CANVASES_MS = 12_000;

interface Case {
  readonly path: string;
  /** Canvases that show what the network makes of images, and the fewest colours that each must have. */
  readonly panels: Readonly<Record<string, number>>;
  /** Whether its losses fall; those of two networks that play against each other need not. */
  readonly falls: boolean;
  readonly leastMs?: number;
}

const PAGES: readonly Case[] = [
  {
    path: 'mnist-cnn/?data=synthetic&train=12000&test=100&batch=32&start=scratch&play=1',
    panels: { '#input': 10, '.layer:nth-child(1) figure:nth-child(2) canvas': 40, '#testing canvas': 10 },
    falls: true,
    leastMs: MANY_CANVASES_MS,
  },
  {
    path: 'autoencoder/?data=synthetic&train=6000&test=100&batch=32&play=1',
    panels: { '#map canvas': 10, '#decoded': 40, '#walk .row + .row canvas': 40 },
    falls: true,
    leastMs: MANY_CANVASES_MS,
  },
  {
    path: 'vae/?data=synthetic&train=6000&test=100&batch=32&start=scratch&play=1',
    panels: { '#digits': 30, '#map canvas': 10, '#draws .row + .row canvas': 10 },
    falls: true,
  },
  {
    path: 'flow/?start=scratch&play=1',
    panels: { '#grid-canvas': 3, '#points-canvas': 5, '#density-canvas': 10 },
    falls: true,
  },
  {
    path: 'dcgan/?data=synthetic&train=3000&batch=16&play=1',
    panels: { '#fakes': 40, '#reals': 10, '#flow-noise': 40 },
    falls: false,
  },
  { path: 'points/?shape=rings&play=1', panels: { '#field': 40, '#neurons canvas': 40 }, falls: true },
  {
    path: 'tables/?data=synthetic&start=scratch&play=1',
    panels: { '#features canvas': 10, '#neurons canvas': 10 },
    falls: true,
  },
  { path: 'sequences/?data=synthetic&start=scratch&play=1', panels: { '#gates canvas': 10 }, falls: true },
  {
    path: 'grokking/?start=scratch&play=1',
    panels: { '#sums': 3, '#embedding': 30 },
    falls: true,
  },
  {
    path: 'text/?data=synthetic&start=scratch&play=1',
    panels: { '#heads': 20, '#head': 10 },
    falls: true,
  },
];

const undo: (() => Promise<unknown>)[] = [];
let browser: Browser;
let site: string;

beforeAll(async () => {
  const { folder: outDir, remove } = await builtSite();
  undo.push(remove);
  const server = await preview({ mode: 'production', build: { outDir }, logLevel: 'warn' });
  undo.push(() => server.close());
  site = server.resolvedUrls!.local[0];
  browser = await launchFirefox(findFirefox()!);
  undo.push(() => browser.close());
});
afterAll(async () => {
  while (undo.length > 0) await undo.pop()!();
});

/** What stands beside the title of the chart of losses, once there is something to say. */
async function losses(page: Page): Promise<number[]> {
  const learned = '#loss-values .key:not(.distribution, .estimate, .entropy) b'; // those are the same at every step
  const texts = await page.$$eval(learned, (values) => values.map((value) => value.textContent!));
  return texts.filter((text) => text !== '–').map((text) => Number.parseFloat(text));
}
const steps = (page: Page) =>
  page.$eval('#stat-step', (stat) => Number(stat.textContent!.replaceAll(',', '')) || 0);

/** How many colours a picture of an element has: one or two where nothing is drawn. */
async function colours(page: Page, selector: string): Promise<number> {
  const picture = await (await page.$(selector))!.screenshot({ encoding: 'base64' });
  return page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  }, picture);
}

describe.each(PAGES)('the page $path in Firefox', ({ path, panels, falls, leastMs = LEAST_MS }) => {
  it('trains, draws and stays alive', async () => {
    const start = performance.now();
    const { page, errors } = await openUrl(browser, new URL(path, site).href);
    await expect.poll(() => losses(page), { timeout: 60_000 }).not.toEqual([]);
    const first = await losses(page);
    const trained = async () => performance.now() - start > leastMs && (await steps(page)) >= STEPS;
    await expect.poll(trained, { timeout: 60_000, interval: 500 }).toBe(true);
    const last = await losses(page);
    expect(last.filter((loss) => !Number.isFinite(loss))).toEqual([]);
    if (falls) expect(Math.min(...last)).toBeLessThan(Math.min(...first));
    // What is drawn later than the rest, such as what follows an evaluation, may take until it is there.
    const undrawn = async () => {
      const found: [string, number][] = [];
      for (const selector of Object.keys(panels)) found.push([selector, await colours(page, selector)]);
      return found.filter(([selector, count]) => count < panels[selector]);
    };
    await expect.poll(undrawn, { timeout: 60_000, interval: 500 }).toEqual([]);
    expect(errors).toEqual([]);
    await page.close();
  });
});

const LESSONS = SITE.filter(({ about }) => about).map(({ folder }) => folder);

describe('the lessons in Firefox', () => {
  it.each(LESSONS)('%s shows its numbers, which the GPU has computed', async (folder) => {
    const { page, errors } = await openUrl(browser, new URL(`${folder}/`, site).href);
    const state = () => page.evaluate(() => document.body.dataset.state);
    await expect.poll(state, { timeout: 60_000 }).toBe('ready');
    const adapter = await page.$eval('#adapter', ({ textContent }) => textContent);
    expect(adapter).not.toMatch(/JavaScript|Looking/);
    // Numbers of a step are there once one is made.
    const step = await page.$('#step-once');
    await step?.click();
    const numbers = '.figure :is(td:not([colspan]), output, dd, .cell b, .grid > *), .kernels li';
    const empty = () =>
      page.$$eval(numbers, (list) =>
        list
          .filter(({ textContent }) => ['', '–'].includes(textContent!))
          .map(({ parentElement }) => parentElement!.outerHTML),
      );
    await expect.poll(empty, { timeout: 30_000 }).toEqual([]);
    expect(await page.$$eval(numbers, (list) => list.length)).toBeGreaterThan(5);
    expect(errors).toEqual([]);
    await page.close();
  });
});
