import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches, SMALL, trainsPast } from './sitePages.ts';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage(`vae/?${SMALL.vae}`));
  await reaches(page, 'ready');
});

it('opens on a trained network, with its plane of digits and what its two numbers say', async () => {
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  expect(await coloursOf(page, '#digits')).toBeGreaterThan(30);
  await expect
    .poll(() => text(page, '#informed-text'), { timeout: 60_000 })
    .toMatch(/ 2 of 2 numbers are in use\.$/);
  expect(await text(page, '#within')).toMatch(/^Of these codes \d+ % \(prior: 39 %\)/);
  expect(await page.$$eval('#informed span', (list) => list.length)).toBe(2);
});

it('chooses a place on the sheet by keys, and writes its code', async () => {
  expect(await text(page, '#place')).toBe('z₁ = 0.00, z₂ = 0.00');
  await page.focus('#sheet');
  await page.keyboard.press('ArrowRight');
  await page.keyboard.press('ArrowUp');
  // Φ⁻¹(½ + 1/26)
  await expect.poll(() => text(page, '#place')).toBe('z₁ = 0.10, z₂ = 0.10');
});

it('draws other noise for the same digit, and z is μ + σ ε', async () => {
  const rows = () =>
    page.$$eval('#numbers tr', (list) =>
      list.map((row) =>
        [...row.querySelectorAll('td')].map(({ textContent }) => Number(textContent!.replace('−', '-'))),
      ),
    );
  const before = await rows();
  expect(before).toHaveLength(2);
  await page.$eval('#draws button', (button) => (button as HTMLElement).click());
  await expect.poll(rows).not.toEqual(before);
  const after = await rows();
  after.forEach(([mean, deviation, noise, code], i) => {
    expect([mean, deviation]).toEqual(before[i].slice(0, 2));
    expect(code).toBeCloseTo(mean + deviation * noise, 1);
  });
});

it('trains a longer code, and shows other numbers of it', async () => {
  await page.$eval('#latent input[value="16"]', (input) => (input as HTMLElement).click());
  await reaches(page, 'ready');
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await trainsPast(page, 20);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'paused');
  await expect.poll(() => page.$$eval('#informed span', (list) => list.length), { timeout: 60_000 }).toBe(16);
  await page.select('#axis-right', '5');
  await expect.poll(() => text(page, '#place')).toMatch(/^z₅ = /);
  expect(new URL(page.url()).searchParams.get('right')).toBe('5');
  expect(errors).toEqual([]);
});
