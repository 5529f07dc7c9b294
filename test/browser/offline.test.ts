import type { Page } from 'puppeteer-core';
import { preview } from 'vite';
import { expect, inject, it } from 'vitest';
import { openPage } from './harness.ts';
import { STRICT_POLICY } from './setup.ts';

const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 60_000 }, state);

/** Few images of those that the site brings, or of drawn ones where it was built without MNIST. */
const FEW = 'train=400&test=40&batch=16';

it('after the first visit the site opens and trains without its host, in a folder of any depth', async () => {
  const host = await preview({
    mode: 'production',
    base: '/some/folder/',
    build: { outDir: inject('siteFolder') },
    logLevel: 'warn',
    preview: { headers: { 'content-security-policy': STRICT_POLICY } },
  });
  let isClosed = false;
  const close = async () => {
    if (!isClosed) await host.close();
    isClosed = true;
  };
  try {
    const root = host.resolvedUrls!.local[0];
    const { page, errors } = await openPage(`${root}mnist-cnn/?${FEW}`);
    await reaches(page, 'ready');
    const synthetic = await page.evaluate(() => document.body.dataset.synthetic);
    const scope = await page.evaluate(async () => {
      const { active, scope } = await navigator.serviceWorker.ready;
      while (active!.state !== 'activated') await new Promise((resolve) => setTimeout(resolve, 20));
      return scope;
    });
    expect(scope).toBe(root);
    await close();
    await expect(fetch(root)).rejects.toThrow('fetch failed');

    await page.reload();
    await reaches(page, 'ready');
    expect(await page.evaluate(() => document.body.dataset.synthetic)).toBe(synthetic);
    // A shader that no page has shown yet.
    await page.click('#lesson-tabs button:last-of-type');
    await page.waitForFunction(() =>
      /^shaders\/optimizer\/adam\.wgsl[^]*@compute/.test(
        document.querySelector('#lesson-code')!.textContent!,
      ),
    );
    await page.click('#play');
    await page.waitForFunction(
      () => Number.parseInt(document.querySelector('#stat-step')?.textContent ?? '', 10) >= 5,
      { timeout: 60_000 },
    );
    await page.goto(`${root}index.html`);
    expect(await page.$eval('h1', ({ textContent }) => textContent)).toBeTruthy();
    await page.goto(`${root}dcgan/?${FEW}`); // never visited before
    expect(await page.$eval('h1', ({ textContent }) => textContent)).toBeTruthy();
    expect(errors).toEqual([]);
  } finally {
    await close();
  }
});
