import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it, onTestFinished } from 'vitest';
import { openPage } from './harness.ts';
import { coloursOf } from './pixels.ts';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 90_000 }, state);
const dots = (page: Page, name: string) => page.$$eval(`#plane .${name}`, (list) => list.length);
let page: Page;
let errors: string[];

beforeAll(async () => {
  ({ page, errors } = await openPage('points/?shape=rings&layers=1&units=4'));
  await reaches(page, 'ready');
});

it('shows the points, and what network and neurons say of the plane', async () => {
  expect([await dots(page, 'positive'), await dots(page, 'negative')]).toEqual([100, 100]);
  expect(await text(page, '#stat-parameters')).toBe('17'); // 2 · 4 + 4 + 4 + 1
  expect(await coloursOf(page, '#field')).toBeGreaterThan(30);
  expect(await coloursOf(page, '#neurons canvas')).toBeGreaterThan(30);
});

it('adds and takes away points, by mouse and by keyboard', async () => {
  await page.$eval('#plane', (plane) => plane.scrollIntoView({ block: 'center', behavior: 'instant' }));
  const { x, y, width, height } = (await (await page.$('#plane'))!.boundingBox())!;
  const corner = [x + 0.04 * width, y + 0.96 * height] as const;
  await page.mouse.click(...corner);
  await expect.poll(() => dots(page, 'positive')).toBe(101);
  await page.mouse.click(...corner);
  await expect.poll(() => dots(page, 'positive')).toBe(100);
  await page.click('#adds input[value=orange]');
  await page.focus('#plane');
  for (let i = 0; i < 5; i++) {
    await page.keyboard.down('Shift');
    await page.keyboard.press('ArrowRight');
    await page.keyboard.up('Shift');
  }
  await page.keyboard.press('Enter'); // half the plane to the right of the corner, on the ring or beside it
  await expect
    .poll(async () => (await dots(page, 'positive')) + (await dots(page, 'negative')))
    .not.toBe(200);
});

it('learns where blue ends', async () => {
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await expect
    .poll(async () => Number.parseFloat(await text(page, '#stat-accuracy')), { timeout: 60_000 })
    .toBeGreaterThan(90);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'paused');
});

it('what an address leads to is not behind the bar', async () => {
  for (const width of [800, 1000, 1280]) {
    await page.setViewport({ width, height: 800 });
    const gap = await page.evaluate(() => {
      const title = document.querySelector('#lesson-title')!;
      title.scrollIntoView({ behavior: 'instant' });
      return (
        title.getBoundingClientRect().top - document.querySelector('.bar')!.getBoundingClientRect().bottom
      );
    });
    expect([width, gap >= 0]).toEqual([width, true]);
  }
});

it('trains on in a hidden tab, without drawing', async () => {
  const hide = (hidden: boolean) =>
    page.evaluate((value) => {
      Object.defineProperty(document, 'hidden', { value, configurable: true });
      document.dispatchEvent(new Event('visibilitychange'));
    }, hidden);
  const field = async () => (await page.$('#field'))!.screenshot({ encoding: 'base64' });
  const steps = async () => Number((await text(page, '#stat-step')).replaceAll(',', ''));
  const past = async (step: number) => {
    await expect.poll(steps, { timeout: 60_000 }).toBeGreaterThan(step);
  };
  await page.select('#shape', 'spirals'); // harder: the boundary keeps moving
  await reaches(page, 'ready');
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await past(20);
  await hide(true);
  onTestFinished(() => hide(false));
  let before = '';
  const isStill = async () => {
    const last = before;
    before = await field();
    return before === last;
  };
  await expect.poll(isStill, { timeout: 60_000 }).toBe(true); // what was being drawn has been drawn
  await past((await steps()) + 200);
  expect((await field()) === before).toBe(true);
  await hide(false);
  await expect.poll(async () => (await field()) === before, { timeout: 60_000 }).toBe(false);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'paused');
  await page.select('#shape', 'rings');
  await reaches(page, 'ready');
});

it('has no buttons on paper', async () => {
  await page.emulateMediaType('print');
  const shown = (selector: string) =>
    page.$$eval(selector, (list) => list.filter((each) => each.checkVisibility()).length);
  expect(await shown('#play, #share, #help-open')).toBe(0);
  expect(await shown('#field, #stat-accuracy, #dispatches, #lesson h3')).toBeGreaterThan(4);
  await page.emulateMediaType();
});

it('takes other points and another network, which are in the address', async () => {
  await page.select('#shape', 'squares');
  await reaches(page, 'ready');
  // Chosen in a row: the first network is made at once, and of those that come meanwhile only the last.
  const made = await page.evaluateHandle(() => {
    const seen = { networks: 0 };
    const place = document.querySelector('#neurons')!;
    new MutationObserver(() => seen.networks++).observe(place, { childList: true });
    for (const layers of [3, 1, 3, 1, 3, 2]) {
      document.querySelector<HTMLElement>(`#layers input[value="${layers}"]`)!.click();
    }
    return seen;
  });
  await page.waitForFunction(() => document.querySelectorAll('#neurons canvas').length === 2);
  await reaches(page, 'ready');
  expect(await made.evaluate(({ networks }) => networks)).toBeLessThan(4);
  expect(await text(page, '#stat-parameters')).toBe('37');
  const query = new URL(page.url()).searchParams;
  expect(['shape', 'layers', 'units'].map((name) => query.get(name))).toEqual(['squares', null, '4']);
  await page.setViewport({ width: 390, height: 844 });
  await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(errors).toEqual([]);
});

it('opens on a trained network, and says once what of its address cannot be', async () => {
  const { page, errors } = await openPage('points/?rate=-1&shape=stars');
  await reaches(page, 'ready');
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  await expect
    .poll(async () => Number.parseFloat(await text(page, '#stat-accuracy')), { timeout: 60_000 })
    .toBeGreaterThan(98);
  const notices = await page.$$eval('#notices .notice', (all) => all.map(({ textContent }) => textContent));
  expect(notices.filter((notice) => notice?.startsWith('The address'))).toEqual([
    'The address asks for points “stars”, which must be moons, rings, spirals or squares: moons is used.',
    'The address asks for learning rate “-1”, which must be from 0 to 10: 0.02 is used.',
  ]);
  // All of them are seen whole.
  expect(await page.$eval('#notices', (all) => all.scrollWidth - all.clientWidth)).toBe(0);
  expect(await page.$eval('#notices', (all) => all.scrollHeight - all.clientHeight)).toBe(0);
  await page.$eval('#play', (play) => (play as HTMLElement).click());
  await reaches(page, 'running');
  expect(errors).toEqual([]);
});

it('plays a recorded run where there is no WebGPU, also where a site may store nothing', async () => {
  const { page, errors } = await openPage('');
  await page.evaluateOnNewDocument(() => {
    Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined });
    Object.defineProperty(globalThis, 'localStorage', {
      get() {
        throw new DOMException('Access is denied for this document.', 'SecurityError');
      },
    });
  });
  await page.goto(new URL('points/', page.url()).href);
  await page.waitForSelector('.playback canvas');
  expect(await text(page, '.playback')).toMatch(/1,500 steps of 64 points on 200 points of two moons/);
  await page.evaluate(() => Object.defineProperty(navigator, 'clipboard', { value: undefined })); // as over http
  await page.click('#share');
  expect(await page.$eval('#share', (button) => (button as HTMLElement).innerText)).toContain('Not copied');
  expect(errors).toEqual([]);
});
