import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches } from './sitePages.ts';

let page: Page;
let errors: string[];
const text = (selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const errorOf = async () => Number((await text('#bars li:has(.first) b')) || NaN);

beforeAll(async () => {
  ({ page, errors } = await openPage('sequences/?data=synthetic&start=scratch&back=3&units=4'));
  await reaches(page, 'ready');
});

it('opens the cell before a month that keys choose, with every number of its steps', async () => {
  expect(await coloursOf(page, '#gates canvas')).toBeGreaterThan(10);
  expect(await page.$$eval('#bars li', (list) => list.length)).toBe(5);
  await page.focus('#timeline');
  await page.keyboard.press('Home');
  await expect.poll(() => text('#month-text')).toMatch(/^Jan 1950: \d+ thousand passengers, forecast -?\d+/);
  await expect.poll(() => text('#opened-title')).toBe('The cell before Jan 1950, unit 4 of 4');
  await page.keyboard.press('ArrowRight');
  await expect.poll(() => text('#opened-title')).toContain('Feb 1950');
  expect(new URL(page.url()).searchParams.get('month')).toBe('13');
  const months = await page.$$eval('#opened thead button', (list) => list.map((own) => own.ariaLabel));
  expect(months).toEqual(['Nov 1949', 'Dec 1949', 'Jan 1950']);
  const line = (await (await page.$('.gate:nth-child(2) .tiles'))!.boundingBox())!;
  await page.mouse.click(line.x + line.width - 1, line.y + 2);
  await expect.poll(() => text('#opened-title')).toBe('The cell before Dec 1960, unit 1 of 4');
  // c = f c′ + i g, of the step that is chosen: the numbers are rounded.
  await page.click('#opened thead th:nth-child(3) button');
  await expect.poll(() => page.$eval('#opened [aria-pressed=true]', (own) => own.ariaLabel)).toBe('Oct 1960');
  const column = await page.$$eval('#opened tbody tr', (rows) =>
    rows.map((row) =>
      [...row.querySelectorAll('td')].map((own) => Number(own.textContent!.replace('−', '-'))),
    ),
  );
  const [, forget, input, candidate, cell, output, state] = column;
  expect(cell[1]).toBeCloseTo(forget[1] * cell[0] + input[1] * candidate[1], 1);
  expect(state[1]).toBeCloseTo(output[1] * Math.tanh(cell[1]), 1);
  expect(await text('#formulas')).toContain('c = f·c′ + i·g');
});

it('keeps the choice of a unit within the panel of a phone', async () => {
  await page.setViewport({ width: 390, height: 844 });
  const right = (selector: string) =>
    page.$eval(selector, (element) => element.getBoundingClientRect().right);
  expect((await right('#unit-choice')) - (await right('.opened-head'))).toBeLessThan(0.5);
  await page.setViewport({ width: 1280, height: 800 });
});

it('forecasts better while it trains, and has other gates as a GRU', async () => {
  const before = await errorOf();
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await expect.poll(errorOf, { timeout: 60_000 }).toBeLessThan(before / 2);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'paused');
  await page.click('#cell input[value=gru]');
  await reaches(page, 'ready');
  const titles = await page.$$eval('.gate > span', (list) => list.map((own) => own.textContent));
  expect(titles).toEqual(['update gate', 'reset gate', 'candidate', 'state']);
  await expect.poll(() => text('#formulas')).toMatch(/h = z·h′ \+ \(1 − z\)·g.*= −?0\.\d\d/);
  expect(errors).toEqual([]);
});
