import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { KeyInput, Page } from 'puppeteer-core';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { PAGES } from '../../demos/frame/pages.ts';
import { loseGpu, openPage } from './harness.ts';
import type { OpenPage } from './harness.ts';

/** One page for all lessons, one after the other. */
let page: Page;
let errors: string[];
let axe: string;
beforeAll(async () => {
  ({ page, errors } = (await openPage('')) as OpenPage & { errors: string[] });
  await page.evaluateOnNewDocument(COUNT_SHIFTS);
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

const LESSONS = PAGES.filter(({ about }) => about).map(({ folder }) => folder.replace('lessons/', ''));

/** Adds up how far things have moved by themselves on a page, as browsers measure it. */
const COUNT_SHIFTS = `
  globalThis.shifts = 0;
  new PerformanceObserver((list) => {
    for (const { value, hadRecentInput } of list.getEntries()) if (!hadRecentInput) shifts += value;
  }).observe({ type: 'layout-shift', buffered: true });`;

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const texts = (page: Page, selector: string) =>
  page.$$eval(selector, (list) => list.map((element) => element.textContent ?? ''));
/** As the pages write it: with a true minus sign. */
const numberOf = (written: string) => Number(written.replace('−', '-'));
const numbers = async (page: Page, selector: string) => (await texts(page, selector)).map(numberOf);
const shows = (page: Page, selector: string, wanted: string) =>
  page.waitForFunction(
    (selector, wanted) => document.querySelector(selector)?.textContent?.includes(wanted),
    { timeout: 60_000 },
    selector,
    wanted,
  );
/** The settings in the address. */
const settings = (page: Page) => Object.fromEntries(new URL(page.url()).searchParams);

/** Goes on with the tab key until this is in focus: nothing else reaches it without a mouse. */
async function tabTo(page: Page, selector: string, key: 'Tab' | 'Shift+Tab' = 'Tab'): Promise<void> {
  for (let i = 0; i < 40; i++) {
    if (key === 'Tab') await page.keyboard.press('Tab');
    else {
      await page.keyboard.down('Shift');
      await page.keyboard.press('Tab');
      await page.keyboard.up('Shift');
    }
    if (await page.evaluate((wanted) => document.activeElement?.matches(wanted), selector)) return;
  }
  throw new Error(`The tab key does not lead to ${selector}.`);
}

async function press(page: Page, key: KeyInput, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

/** What axe has to say: all of it in light, and of the contrast of colours in dark. */
async function problems(page: Page): Promise<string[]> {
  const found: string[] = [];
  await page.evaluate(axe);
  const few = "preload: false, resultTypes: ['violations']"; // what takes long and tells nothing here is left out
  for (const [value, options] of Object.entries({
    dark: `{ runOnly: ['color-contrast'], ${few} }`,
    light: `{ ${few} }`,
  })) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    const { violations } = (await page.evaluate(`axe.run(${options})`)) as {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    };
    for (const { id, nodes } of violations) {
      found.push(...nodes.map(({ html, failureSummary }) => `${value} ${id}: ${html} ${failureSummary}`));
    }
  }
  return found;
}

/** Opens a lesson of the site under a strict content security policy, and waits for its numbers. */
async function openLesson(path: string): Promise<void> {
  errors.length = 0;
  await page.emulateMediaFeatures([]);
  await page.setViewport({ width: 1280, height: 800 });
  await page.goto(`${inject('strictSite')}lessons/${path}`);
  await page
    .waitForFunction(() => document.body.dataset.state !== undefined, { timeout: 60_000 })
    .catch((error) => {
      throw new Error(`The lesson is not ready. ${errors.join('\n')}`, { cause: error });
    });
  // An address may ask for another network or a larger image than the page is laid out for.
  if (!path.includes('?')) expect(await page.evaluate('shifts')).toBeLessThan(0.03);
}

/** No errors, no accessibility problems, and nothing is wider than the screen of a phone, or 1280 pixels at 400 %. */
async function checkPage(): Promise<void> {
  expect(await problems(page)).toEqual([]);
  for (const width of [390, 320]) {
    await page.setViewport({ width, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
  }
  expect(errors).toEqual([]);
}

describe('the lessons', () => {
  it('have a page that leads to all of them', async () => {
    await page.goto(`${inject('strictSite')}lessons/`);
    const links = await page.$$eval('.lessons a', (list) => list.map(({ href }: any) => href as string));
    expect(links).toHaveLength(8);
    for (const link of links) expect((await fetch(link)).status).toBe(200);
    await checkPage();
  });

  it('a neuron: keys choose the task, and two layers learn XOR', async () => {
    await openLesson('neuron/');
    const sigmoid = (z: number) => 1 / (1 + Math.exp(-z));
    const outputs = await numbers(page, '#rows td:nth-child(3)');
    expect(outputs).toEqual([-1, 1, 1, 3].map((z) => Number(sigmoid(z).toPrecision(3))));
    expect(await text(page, '#verdict')).toBe('4 of 4 right');
    await tabTo(page, '#task input');
    await press(page, 'ArrowRight', 2);
    await shows(page, '#steps', 'at most 3 of 4');
    await tabTo(page, '#kind input');
    await press(page, 'ArrowRight');
    await page.waitForSelector('#hidden-head:not([hidden])');
    expect(settings(page)).toEqual({ task: 'xor', kind: 'two' });
    await press(page, 'k');
    await shows(page, '#verdict', '4 of 4 right');
    await press(page, 'k');
    // Clicked in a row: the last one counts, although the weights of the two layers come later.
    await page.evaluate(() => {
      for (const kind of ['one', 'two', 'one'])
        document.querySelector<HTMLElement>(`#kind input[value=${kind}]`)!.click();
    });
    for (const row of [1, 2]) {
      await page.click(`#rows tr:nth-child(${row}) button`);
      await page.waitForSelector(`#rows tr:nth-child(${row}).selected`);
    }
    expect(await text(page, '#rows tr:first-child td:nth-child(2)')).toBe('−1.000');
    await checkPage();
  });

  it('one weight: the numbers of w = 3, a step by key, the address, and a kernel', async () => {
    await openLesson('descent/');
    expect(await numbers(page, '#rows td:nth-child(5)')).toEqual([0, 1, 4, 9, 16]);
    expect(await numbers(page, '#total, #slope')).toEqual([30, 60]);
    expect(await page.$('aria/Weight w[role="slider"]')).not.toBeNull(); // named as a screen reader has it
    await press(page, 's');
    await shows(page, '#steps', '1 step');
    expect(settings(page)).toEqual({ w: '2.7' });
    expect(numberOf(await text(page, '#total'))).toBeCloseTo(30 * 0.7 ** 2, 3);
    await tabTo(page, '#w');
    await press(page, 'ArrowRight');
    await shows(page, '#total', '16.88');
    expect(settings(page)).toEqual({ w: '2.75' });
    await tabTo(page, '#kernels button');
    await press(page, 'Enter');
    await shows(page, '#kernel .code', 'shaders/elementwise/map.wgsl');
    await press(page, 'Escape');
    await checkPage();

    await openLesson('descent/?w=1&rate=0.01');
    expect(await numbers(page, '#total, #slope')).toEqual([30, -60]);
    expect(await text(page, '#update')).toBe('1 − 0.01 · (−60) = 1 − (−0.6) = 1.6');
  });

  it('activations: values, slopes and what is left behind many layers', async () => {
    await openLesson('activations/?f=sigmoid&x=0');
    expect((await numbers(page, '#layers td')).slice(0, 3)).toEqual([0.25, 0.0625, 0.000977]);
    expect(await page.$eval('#value', (plot) => plot.ariaLabel)).toContain('its value is 0.5');
    await tabTo(page, '#thumbs button');
    await press(page, 'ArrowRight');
    await press(page, 'Enter');
    await shows(page, '#name', 'ReLU');
    expect(settings(page)).toEqual({ x: '0' });
    await checkPage();
  });

  it('a convolution: the chosen sum, by keys, with padding', async () => {
    await openLesson('convolution/?padding=same');
    expect(await page.$$eval('#map button', (list) => list.length)).toBe(49);
    await tabTo(page, '#map button');
    await press(page, 'ArrowDown', 2);
    await press(page, 'ArrowRight');
    const products = await numbers(page, '#products span');
    expect(products).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(await text(page, '#sum')).toBe('1');
    await tabTo(page, '#weights button', 'Shift+Tab');
    await press(page, 'Enter');
    await shows(page, '#weights button', '0');
    expect(settings(page)).toEqual({ filter: 'own', padding: 'same', weights: '00pn0pn0p' });
    await checkPage();
  });

  it('backpropagation: the numbers of the walk, and an update lowers the loss', async () => {
    await openLesson('backpropagation/');
    const [z1, z2] = [0.5 + 0.5 * 0.3 + 0.1, -0.4 + 0.5 * 0.8 - 0.2];
    const p = 0.7 * Math.tanh(z1) - 0.6 * Math.tanh(z2) + 0.05;
    const value = async (id: string) => numberOf(await text(page, `[data-id=${id}] b`));
    expect(await value('p')).toBeCloseTo(p, 3);
    expect(await value('L')).toBeCloseTo((p - 1) ** 2, 3);
    expect(await value('dw11')).toBeCloseTo(2 * (p - 1) * 0.7 * (1 - Math.tanh(z1) ** 2), 3);
    await press(page, 's', 2);
    expect(await text(page, '#title')).toBe('h₁: the output of hidden neuron 1');
    expect(await text(page, '#formula')).toBe('tanh(z₁) = tanh(0.75) = 0.6351');
    await tabTo(page, '#update');
    await press(page, 'Enter');
    await shows(page, '#updates', '1 update');
    expect(await value('L')).toBeLessThan((p - 1) ** 2);
    await checkPage();
  });

  it('losses: each question has its own knobs and numbers', async () => {
    await openLesson('losses/?z1=-4');
    const p = 1 / (1 + Math.exp(4));
    expect((await numbers(page, '#numbers tfoot td'))[0]).toBeCloseTo(-Math.log(p), 3);
    expect(await text(page, '#numbers tbody td:nth-child(4)')).toBe(
      `slope −${Number((1 - p).toPrecision(3))}`,
    );
    await tabTo(page, '#question input');
    await press(page, 'ArrowRight');
    await shows(page, '#numbers thead', 'softmax(z)');
    expect(settings(page)).toEqual({ question: 'many', z1: '-4' });
    await shows(page, '#numbers tfoot td', '.');
    const shares = await numbers(page, '#numbers tbody td:nth-child(2)');
    expect(shares.reduce((sum, share) => sum + share)).toBeCloseTo(1, 2);
    await checkPage();
  });

  it('optimizers: a step of each from the start that the address gives', async () => {
    await openLesson('optimizers/?x=1&y=-1');
    expect(await numbers(page, '#rows td:nth-child(2)')).toEqual([1, 1, 1, 1, 1]);
    await press(page, 's');
    await shows(page, '#steps', '1 step.');
    const [sgd] = await numbers(page, '#rows td:nth-child(2)');
    expect(sgd).toBeCloseTo(1 - 0.05 * 0.2, 3);
    await tabTo(page, '#surface input');
    await press(page, 'ArrowRight', 2);
    await page.waitForFunction(() => location.search.includes('saddle'));
    await checkPage();
  });

  it('loss curves: each is trained by itself', async () => {
    await openLesson('curves/?curve=still&still=22');
    await shows(page, '#stat-steps', '22 of 22');
    for (const loss of await numbers(page, '#stat-training, #stat-validation')) {
      expect(loss).toBeGreaterThan(0.2);
      expect(loss).toBeLessThan(1);
    }
    const seen = (selector: string) =>
      page.$$eval(
        selector,
        (list) => list.filter((each) => each.checkVisibility({ visibilityProperty: true })).length,
      );
    expect([await seen('[aria-pressed=true] path'), await seen('#chart path.line:not(.old)')]).toEqual([
      2, 2,
    ]);
    await tabTo(page, '#mend');
    await press(page, 'Enter');
    await page.waitForFunction(() => location.search.includes('still=500'));
    await press(page, 'k'); // long enough
    await checkPage();
  });

  it('exercises: an answer to choose, an aim to reach', async () => {
    await openLesson('descent/');
    const done = () =>
      page.$$eval('#exercises li', (list) => list.map(({ dataset }: any) => dataset.done ?? 'false'));
    await page.$eval('#w', (slider: any) => {
      slider.value = '1';
      slider.dispatchEvent(new Event('input'));
    });
    await shows(page, '#exercises-done', '1 of 3');
    expect(await done()).toEqual(['true', 'false', 'false']);
    expect(await text(page, '#exercises .why')).toContain('There the slope is −60');

    await openLesson('neuron/');
    const choose = (label: string) =>
      page.$$eval(
        '.answers button',
        (list, label) => list.find((button) => button.textContent === label)!.click(),
        label,
      );
    await choose('AND');
    expect(await text(page, '#exercises .why')).toBe('No. Look again.');
    await choose('OR');
    expect(await done()).toEqual(['true', 'false', 'false']);
    expect(errors).toEqual([]);
  });

  it('show their figures before there is a number, and nothing moves when the numbers come', async () => {
    await page.setViewport({ width: 1280, height: 800 });
    const { identifier } = await page.evaluateOnNewDocument(`
      globalThis.Worker = class extends EventTarget {
        postMessage() {}
        terminate() {}
      };`);
    await page.goto(`${inject('strictSite')}lessons/descent/`);
    await page.removeScriptToEvaluateOnNewDocument(identifier);
    await page.waitForSelector('#bowl .tick');
    expect(await numbers(page, '#bowl .tick')).toEqual([0, 1, 2, 3, 4, 0, 30, 60, 90, 120]);
    const places = () =>
      page.$$eval('.figure > *, #rows td, footer', (list) =>
        list.map((element) => element.getBoundingClientRect().y),
      );
    const before = await places();
    await openLesson('descent/');
    const after = await places();
    expect(after).toHaveLength(before.length);
    after.forEach((y, i) => expect(Math.abs(y - before[i])).toBeLessThan(1));
  });

  it('go on where they were when the GPU is lost', async () => {
    await openLesson('backpropagation/');
    const update = async (count: number) => {
      await page.click('#update');
      await shows(page, '#updates', `${count} update`);
    };
    await update(1);
    await update(2);
    await loseGpu(page);
    await update(3);
    await shows(page, '#notices', 'The GPU was lost');
    const third = await texts(page, '.cell b');
    await openLesson('backpropagation/');
    for (const count of [1, 2, 3]) await update(count);
    expect(await texts(page, '.cell b')).toEqual(third);
    expect(await page.$('.failure')).toBeNull();
  });

  it('compute without WebGPU, too, whatever the policy of the host', async () => {
    await page.evaluateOnNewDocument('Object.defineProperty(navigator, "gpu", { value: undefined })');
    for (const name of LESSONS) {
      await openLesson(`${name}/`);
      expect(await text(page, '#notices')).toContain('No WebGPU here');
      expect(await text(page, '#adapter')).toBe('JavaScript on the CPU');
      expect(errors).toEqual([]);
    }
    await openLesson('optimizers/?surface=wells');
    await press(page, 's');
    await shows(page, '#steps', '1 step.');
    await openLesson('descent/');
    expect(await numbers(page, '#total, #slope')).toEqual([30, 60]);
    await checkPage();
  });
});
