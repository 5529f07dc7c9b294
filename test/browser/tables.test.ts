import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches } from './sitePages.ts';

let page: Page;
let errors: string[];
const text = (selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const cells = async () => {
  const names = ['found', 'missed', 'alarms', 'cleared'];
  return Promise.all(names.map(async (name) => Number(await text(`#${name} b`))));
};
const click = (selector: string) => page.$eval(selector, (element) => (element as HTMLElement).click());

beforeAll(async () => {
  ({ page, errors } = await openPage('tables/?data=synthetic'));
  await reaches(page, 'ready');
});

it('counts what is found and missed at the threshold, which keys and pointer move', async () => {
  await expect.poll(async () => (await cells()).reduce((sum, own) => sum + own, 0)).toBe(114);
  expect(await text('#notices')).toContain('generated');
  expect(await page.$$eval('#scores circle', (dots) => dots.length)).toBe(114);
  await page.focus('#threshold-slider');
  await page.keyboard.press('Home'); // everything is called malignant
  await expect.poll(cells).toEqual([42, 0, 72, 0]);
  await page.keyboard.press('End'); // nothing is
  await expect.poll(cells).toEqual([0, 42, 0, 72]);
  expect(new URL(page.url()).searchParams.get('threshold')).toBe('1');
  expect(await text('#rates')).toContain('–'); // no row is called malignant, so there is no precision

  await page.focus('.roc-handle');
  await page.keyboard.press('ArrowRight'); // the row with the highest score
  await expect
    .poll(async () => (await cells()).reduce((sum, own, i) => sum + own * [1, 0, 1, 0][i], 0))
    .toBe(1);
  await page.keyboard.press('End');
  await expect.poll(cells).toEqual([42, 0, 72, 0]);

  const { x, y, width, height } = (await (await page.$('#roc'))!.boundingBox())!;
  await page.mouse.click(x + 0.2 * width, y + 0.1 * height); // upper left, near the curve's corner
  await expect.poll(async () => (await cells())[2]).toBeLessThan(72);
  const [found, missed, alarms, cleared] = await cells();
  const rates = await page.$$eval('#rates b', (list) => list.map((own) => own.textContent));
  const share = (part: number, whole: number) => `${((100 * part) / whole).toFixed(1)} %`;
  expect(rates).toEqual([
    share(found, found + missed),
    share(cleared, cleared + alarms),
    share(found, found + alarms),
    share(found + cleared, 114),
  ]);
});

it('draws the weights of each column and the neurons, and learns from some columns alone', async () => {
  expect(await coloursOf(page, '#features canvas')).toBeGreaterThan(10);
  expect(await coloursOf(page, '#neurons canvas')).toBeGreaterThan(10);
  await click('.features .kind:nth-of-type(4)'); // only the worst
  await reaches(page, 'ready');
  await expect.poll(() => text('#weight-count')).toBe(String(10 * 16 + 16 + 16 * 8 + 8 + 8 + 1));
  expect(new URL(page.url()).searchParams.get('features')).toBe('21,22,23,24,25,26,27,28,29,30');
  expect(await page.$$eval('.features [aria-pressed=true]', (list) => list.length)).toBe(10);
  await click('#play');
  await reaches(page, 'running');
  await expect.poll(async () => Number(await text('#stat-area'))).toBeGreaterThan(0.95);
  expect(errors).toEqual([]);
});
