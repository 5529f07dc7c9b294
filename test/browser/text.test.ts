import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';
import { reaches, trainsPast } from './sitePages.ts';

let page: Page;
let errors: string[];
const text = (selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const written = () => page.$eval('#text', (area) => (area as HTMLTextAreaElement).value);
const click = (selector: string) => page.$eval(selector, (element) => (element as HTMLElement).click());

beforeAll(async () => {
  ({ page, errors } = await openPage('text/?data=synthetic&beginning=KING+RICHAR'));
  await reaches(page, 'ready');
});

it('opens on a trained network that writes, with its maps', async () => {
  expect(await text('#play-label')).toBe('Train from scratch');
  await expect.poll(async () => (await written()).length, { timeout: 20_000 }).toBeGreaterThan(25);
  await click('#write'); // pauses
  expect(await written()).toMatch(/^KING RICHARD/);
  expect(await text('#write')).toBe('Write');
  // The maps are compiled after what writes.
  await expect.poll(() => coloursOf(page, '#heads')).toBeGreaterThan(20);
  await expect.poll(() => coloursOf(page, '#head')).toBeGreaterThan(10);
});

it('says what comes next, and takes a character that is clicked', async () => {
  await click('#again');
  await expect.poll(() => text('#next li:first-child b')).toBe('D');
  expect(Number.parseFloat(await text('#next li:first-child span:last-child'))).toBeGreaterThan(90);
  await click('#next li:first-child button');
  await expect.poll(written).toBe('KING RICHARD');
  await expect.poll(() => text('#next li:first-child b')).not.toBe('D');
});

it('reads what is typed, without what it does not know', async () => {
  await page.$eval('#text', (area) => {
    (area as HTMLTextAreaElement).value = 'Qé';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  expect(await written()).toBe('Q');
  expect(await text('#unknown')).toContain('é');
  await expect.poll(() => text('#seen')).toBe('Q');
  expect(new URL(page.url()).searchParams.get('beginning')).toBe('Q');
});

it('tells which characters the chosen one looks at, in the head that is chosen', async () => {
  await page.$eval('#text', (area) => {
    (area as HTMLTextAreaElement).value = 'to be';
    area.dispatchEvent(new Event('input', { bubbles: true }));
  });
  await expect.poll(() => text('#looks')).toMatch(/^In block 1, head 1, ‘e’ looks at /);
  await page.focus('#seen');
  await page.keyboard.press('Home');
  await expect.poll(() => text('#looks')).toBe('In block 1, head 1, ‘t’ looks at ‘t’ (itself): 100 %');
  await expect.poll(() => text('#next-title')).toBe('What could have come after t, where o stands');
  await click('#head-buttons button:nth-child(6)');
  await expect.poll(() => text('#head-title')).toBe('The map of block 2, head 2');
  expect(new URL(page.url()).searchParams.get('head')).toBe('5');
});

it('refuses a text that is too short, and learns one of the reader’s', async () => {
  const give = (own: string) =>
    page.$eval('#own-text', (area, value) => void ((area as HTMLTextAreaElement).value = value), own);
  await give('short');
  await click('#own-train');
  await expect.poll(() => text('#own-said')).toMatch(/too short to learn from/);
  await give('abc abd '.repeat(400));
  await click('#own-train');
  await trainsPast(page, 9);
  await click('#play');
  await reaches(page, 'paused');
  expect(await written()).toBe('abc abd abc ');
  await expect.poll(() => text('#next li:first-child b')).toMatch(/^[abcd␣]$/);
  expect(await text('#samples li:first-child')).toMatch(/step 0: 1\.[678]/); // about ln 5
  expect(Number.parseFloat(await text('#loss-values b'))).toBeLessThan(1.6);
  expect(errors).toEqual([]);
});
