import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches, trainsPast } from './sitePages.ts';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const press = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage('flow/'));
  await reaches(page, 'ready');
});

it('opens on a trained flow, better than one normal distribution and no better than the entropy', async () => {
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  await expect.poll(() => text(page, '#entropy'), { timeout: 60_000 }).toMatch(/^1\.1\d nats$/);
  const [nll, gaussian, entropy] = await Promise.all(
    ['#shown-nll', '#gaussian', '#entropy'].map(async (id) => Number.parseFloat(await text(page, id))),
  );
  expect(nll).toBeLessThan(gaussian - 1);
  expect(nll).toBeGreaterThan(entropy - 0.1);
  expect(await text(page, '#inverse-error')).toMatch(/^\d\.\d · 10⁻[⁵⁶⁷]$/);
  expect(await coloursOf(page, '#density-canvas')).toBeGreaterThan(20);
  expect(await coloursOf(page, '#points-canvas')).toBeGreaterThan(4);
  expect(await coloursOf(page, '#grid-canvas')).toBeGreaterThan(2);
});

it('goes through the couplings by slider and by button', async () => {
  expect(await text(page, '#where')).toBe('data');
  await page.focus('#through');
  await page.keyboard.press('ArrowRight');
  expect(await text(page, '#where')).toBe('in coupling 1 of 8');
  await press(page, '#to-noise');
  await expect.poll(() => text(page, '#where'), { timeout: 20_000 }).toBe('noise');
  await press(page, '#way input[value="noise"]');
  expect(await text(page, '#where')).toBe('noise');
  await press(page, '#to-data');
  await expect.poll(() => text(page, '#where'), { timeout: 20_000 }).toBe('data');
});

it('learns what the reader draws', async () => {
  expect(await page.$eval('#learn', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  await page.focus('#pad');
  await page.keyboard.press('Space');
  for (let i = 0; i < 8; i++) await page.keyboard.press('ArrowRight');
  await expect
    .poll(() => page.$eval('#learn', (button) => (button as HTMLButtonElement).disabled))
    .toBe(false);
  await press(page, '#learn');
  await trainsPast(page, 5);
  expect(new URL(page.url()).searchParams.get('toy')).toBe('drawn');
  await press(page, '#play');
  await reaches(page, 'paused');
  expect(errors).toEqual([]);
});
