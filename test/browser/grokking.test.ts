import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches, trainsPast } from './sitePages.ts';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage('grokking/?a=20&b=30'));
  await reaches(page, 'ready');
});

it('opens on a network that has understood, with its circle and its waves', async () => {
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  await expect.poll(() => text(page, '#sum')).toBe('20 + 30 = 50 ≡ 7 (mod 43)');
  expect(await text(page, '#said')).toMatch(/^The network says 7, \d/);
  await expect
    .poll(async () => Number.parseFloat(await text(page, '#stat-accuracy')), { timeout: 60_000 })
    .toBeGreaterThan(99);
  expect(await page.$$eval('#numbers text', (list) => list.length)).toBe(43);
  expect(await page.$$eval('#spectrum span', (list) => list.length)).toBe(21);
  expect(await coloursOf(page, '#sums')).toBeGreaterThan(2);
  expect(await coloursOf(page, '#embedding')).toBeGreaterThan(30);
});

it('tells of the pair that is chosen by a click or by keys, which is in the address', async () => {
  await page.focus('#table');
  await page.keyboard.press('ArrowDown');
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => text(page, '#sum')).toBe('21 + 31 = 52 ≡ 9 (mod 43)');
  await expect
    .poll(() => text(page, '.heard'))
    .toMatch(/^21 plus 31\. The network says 9, .* Right\. It has/);
  const query = new URL(page.url()).searchParams;
  expect([query.get('a'), query.get('b')]).toEqual(['21', '31']);
});

it('shows the circle of another frequency', async () => {
  await page.$eval('#spectrum span:nth-child(2)', (bar) => (bar as HTMLElement).click());
  await expect.poll(() => text(page, '#numbers + p')).toMatch(/^Frequency 2: 2 times round/);
  expect(await page.$eval('#circle-value', (value) => value.textContent)).toBe('frequency 2');
});

it('learns other sums by heart, without weight decay', async () => {
  await page.$eval('#prime input[value="23"]', (input) => (input as HTMLElement).click());
  await reaches(page, 'ready');
  await expect.poll(() => page.$$eval('#numbers text', (list) => list.length)).toBe(23);
  expect(await page.$eval('#circle', (slider) => (slider as HTMLInputElement).max)).toBe('11');
  expect(await text(page, '#circle-value')).toBe('the strongest'); // another modulus has other frequencies
  await page.$eval('#decay', (slider) => {
    (slider as HTMLInputElement).value = '0';
    slider.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await reaches(page, 'ready');
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await trainsPast(page, 60);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'paused');
  expect(Number.parseFloat(await text(page, '#stat-accuracy'))).toBeLessThan(10);
  expect(await text(page, '#accuracy-values')).toMatch(/training\s*(9\d|100) %/);
  expect(errors).toEqual([]);
});
