import type { Page } from 'puppeteer-core';
import { expect, inject, it, vi } from 'vitest';
import { close, openPage } from './harness.ts';

/** What the page says of itself. It is asked again and again: puppeteer's own waiting evaluates code in the page. */
const state = (page: Page) =>
  page.evaluate(() => ({
    state: document.body.dataset.state,
    step: Number.parseInt(document.querySelector('#stat-step')?.textContent ?? '', 10) || 0,
  }));

it.each([
  ['mnist-cnn', 'data=synthetic&train=600&test=40&batch=16&play=1'],
  ['autoencoder', 'data=synthetic&train=600&test=40&batch=32&play=1'],
  ['dcgan', 'data=synthetic&train=600&batch=16&play=1'],
  ['points', 'play=1'],
])('%s trains under a strict content security policy', async (name, query) => {
  const { page, errors } = await openPage(`${inject('strictSite')}${name}/?${query}`);
  await vi.waitFor(
    async () => {
      expect(errors).toEqual([]);
      expect((await state(page)).step).toBeGreaterThan(2);
    },
    { timeout: 110_000, interval: 200 },
  );
  expect(errors).toEqual([]); // Chromium tells each violation as an error
  await close(); // the next page trains alone
});

it('the gallery has nothing inline either, and the policy is in force', async () => {
  const { page, errors } = await openPage(inject('strictSite'));
  expect(errors).toEqual([]);
  await page.evaluate(() => {
    const script = document.createElement('script');
    script.textContent = 'document.title = "run"';
    document.head.append(script);
  });
  await vi.waitFor(() => expect(errors.join()).toMatch(/inline script.*Content Security Policy/i), 10_000);
  expect(await page.title()).not.toBe('run');
});

it('Enter in a control does not load the page again', async () => {
  const { page } = await openPage(`${inject('strictSite')}mnist-cnn/?data=synthetic&train=600&test=40`);
  const address = page.url();
  await page.evaluate(() => Object.assign(window, { same: true }));
  await page.focus('#seed');
  await page.keyboard.press('Enter');
  await new Promise((resolve) => setTimeout(resolve, 500));
  expect(await page.evaluate(() => 'same' in window)).toBe(true);
  expect(page.url()).toBe(address);
});
