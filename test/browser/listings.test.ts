import type { HTTPRequest, Page } from 'puppeteer-core';
import { expect, it } from 'vitest';
import { openPage } from './harness.ts';

const PAGE = 'mnist-cnn/?data=synthetic&train=600&test=40&batch=16';

/** Opens the page, and holds each request for a shader back until the test answers it. */
async function openHolding(): Promise<{ page: Page; errors: string[]; held: Map<string, HTTPRequest> }> {
  const { page, errors } = await openPage('');
  const held = new Map<string, HTTPRequest>();
  await page.setBypassServiceWorker(true); // it would answer from its cache
  await page.setRequestInterception(true);
  page.on('request', (request) => {
    const [, name] = /\/([\w-]+)\.wgsl/.exec(request.url()) ?? [];
    if (name) held.set(name.replace(/-[\w-]{8}$/, ''), request);
    else void request.continue();
  });
  await page.goto(new URL(PAGE, page.url()).href, { waitUntil: 'load' });
  await page.$eval('#lesson-code', (element) => element.scrollIntoView({ block: 'center' })); // a source is loaded when it is seen
  return { page, errors, held };
}

const tab = (page: Page, title: string) =>
  page.$$eval(
    '#lesson-tabs button',
    (buttons, wanted) => buttons.find((button) => button.textContent === wanted)!.click(),
    title,
  );
const code = (page: Page) => page.$eval('#lesson-code', (element) => element.textContent ?? '');

it('shows the kernel that was asked for last, whichever arrives first', async () => {
  const { page, errors, held } = await openHolding();
  await expect.poll(() => [...held.keys()]).toContain('1_naive');
  await tab(page, 'ReLU');
  await tab(page, 'Max pooling');
  await expect.poll(() => [...held.keys()]).toContain('max');
  await held.get('max')!.continue();
  await expect.poll(() => code(page)).toContain('shaders/pooling/max.wgsl');
  await held.get('map')!.continue();
  await held.get('1_naive')!.continue();
  await new Promise((resolve) => setTimeout(resolve, 300));
  expect(await code(page)).toMatch(/^shaders\/pooling\/max\.wgsl\/\/ Max/);
  expect(errors).toEqual([]);
});

it('says that a kernel cannot be loaded, and loads it when asked again', async () => {
  const { page, held } = await openHolding();
  await expect.poll(() => [...held.keys()]).toContain('1_naive');
  await held.get('1_naive')!.continue();
  await expect.poll(() => code(page)).toContain('Convolution 1: naive');
  await tab(page, 'ReLU');
  await expect.poll(() => [...held.keys()]).toContain('map');
  await held.get('map')!.abort('internetdisconnected');
  await expect
    .poll(() => code(page))
    .toMatch(/^shaders\/elementwise\/map\.wgslThe source could not be loaded\./);
  held.delete('map');
  await page.click('#lesson-code button');
  await expect.poll(() => [...held.keys()]).toContain('map');
  await held.get('map')!.continue();
  await expect.poll(() => code(page)).toMatch(/^shaders\/elementwise\/map\.wgsl\/\//);
});
