import { expect, inject, it, vi } from 'vitest';
import { openPage } from './harness.ts';

// everyPage.test.ts opens each page under this policy, and trains on those that train.

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
