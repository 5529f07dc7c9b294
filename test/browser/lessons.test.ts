import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { KeyInput, Page } from 'puppeteer-core';
import { afterEach, beforeAll, describe, expect, inject, it } from 'vitest';
import { close, openPage } from './harness.ts';

let axe: string;
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

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
async function tabTo(page: Page, selector: string): Promise<void> {
  for (let i = 0; i < 80; i++) {
    await page.keyboard.press('Tab');
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
  for (const [value, options] of Object.entries({ dark: "{ runOnly: ['color-contrast'] }", light: '{}' })) {
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
async function openLesson(path: string) {
  const opened = await openPage(`${inject('strictSite')}lessons/${path}`);
  const { page, errors } = opened;
  await page
    .waitForFunction(() => document.body.dataset.state !== undefined, { timeout: 60_000 })
    .catch((error) => {
      throw new Error(`The lesson is not ready. ${errors.join('\n')}`, { cause: error });
    });
  return opened;
}

/** Nothing went wrong, nothing is in the way of anybody, and nothing is wider than the screen of a phone. */
async function checkPage(page: Page, errors: readonly string[]): Promise<void> {
  expect(await problems(page)).toEqual([]);
  await page.setViewport({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(errors).toEqual([]);
}

describe('the lessons', () => {
  afterEach(close); // each computes alone

  it('have a page that leads to all of them', async () => {
    const { page, errors } = await openPage(`${inject('strictSite')}lessons/`);
    const links = await page.$$eval('.lessons a', (list) => list.map(({ href }: any) => href as string));
    expect(links).toHaveLength(8);
    for (const link of links) expect((await fetch(link)).status).toBe(200);
    await checkPage(page, errors);
  });

  it('a neuron: keys choose the task, and two layers learn XOR', async () => {
    const { page, errors } = await openLesson('neuron/');
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
    await checkPage(page, errors);
  });

  it('one weight: the numbers of w = 3, a step by key, the address, and a kernel', async () => {
    const { page, errors } = await openLesson('descent/');
    expect(await numbers(page, '#rows td:nth-child(5)')).toEqual([0, 1, 4, 9, 16]);
    expect(await numbers(page, '#total, #slope')).toEqual([30, 60]);
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
    await checkPage(page, errors);
    await close();

    const { page: again } = await openLesson('descent/?w=1&rate=0.01');
    expect(await numbers(again, '#total, #slope')).toEqual([30, -60]);
    expect(await text(again, '#update')).toBe('1 − 0.01 · (−60) = 1 − (−0.6) = 1.6');
  });

  it('activations: values, slopes and what is left behind many layers', async () => {
    const { page, errors } = await openLesson('activations/?f=sigmoid&x=0');
    expect((await numbers(page, '#layers td')).slice(0, 3)).toEqual([0.25, 0.0625, 0.000977]);
    expect(await page.$eval('#value', (plot) => plot.ariaLabel)).toContain('its value is 0.5');
    await tabTo(page, '#thumbs button');
    await press(page, 'ArrowRight');
    await press(page, 'Enter');
    await shows(page, '#name', 'ReLU');
    expect(settings(page)).toEqual({ x: '0' });
    await checkPage(page, errors);
  });

  it('a convolution: the chosen sum, by keys, with padding', async () => {
    const { page, errors } = await openLesson('convolution/?padding=same');
    expect(await page.$$eval('#map button', (list) => list.length)).toBe(49);
    await tabTo(page, '#map button');
    await press(page, 'ArrowDown', 2);
    await press(page, 'ArrowRight');
    const products = await numbers(page, '#products span');
    expect(products).toEqual([0, 0, 1, 0, 0, 0, 0, 0, 0]);
    expect(await text(page, '#sum')).toBe('1');
    await tabTo(page, '#weights button'); // round the page, back to the filter
    await press(page, 'Enter');
    await shows(page, '#weights button', '0');
    expect(settings(page)).toEqual({ filter: 'own', padding: 'same', weights: '00pn0pn0p' });
    await checkPage(page, errors);
  });

  it('backpropagation: the numbers of the walk, and an update lowers the loss', async () => {
    const { page, errors } = await openLesson('backpropagation/');
    const [z1, z2] = [0.5 + 0.5 * 0.3 + 0.1, -0.4 + 0.5 * 0.8 - 0.2];
    const p = 0.7 * Math.tanh(z1) - 0.6 * Math.tanh(z2) + 0.05;
    const value = async (id: string) => numberOf(await text(page, `[data-id=${id}] b`));
    expect(await value('p')).toBeCloseTo(p, 3);
    expect(await value('L')).toBeCloseTo((p - 1) ** 2, 3);
    expect(await value('dw11')).toBeCloseTo(2 * (p - 1) * 0.7 * (1 - Math.tanh(z1) ** 2), 3);
    await press(page, 's', 2);
    expect(await text(page, '#title')).toBe('h₁: what hidden neuron 1 gives');
    expect(await text(page, '#formula')).toBe('tanh(z₁) = tanh(0.75) = 0.6351');
    await tabTo(page, '#update');
    await press(page, 'Enter');
    await shows(page, '#updates', '1 update');
    expect(await value('L')).toBeLessThan((p - 1) ** 2);
    await checkPage(page, errors);
  });

  it('losses: each question has its own knobs and numbers', async () => {
    const { page, errors } = await openLesson('losses/?z1=-4');
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
    await checkPage(page, errors);
  });

  it('optimizers: a step of each from the start that the address gives', async () => {
    const { page, errors } = await openLesson('optimizers/?x=1&y=-1');
    expect(await numbers(page, '#rows td:nth-child(3)')).toEqual([1, 1, 1, 1, 1]);
    await press(page, 's');
    await shows(page, '#steps', '1 step.');
    const [sgd] = await numbers(page, '#rows td:nth-child(3)');
    expect(sgd).toBeCloseTo(1 - 0.05 * 0.2, 3);
    await tabTo(page, '#surface input');
    await press(page, 'ArrowRight', 2);
    await page.waitForFunction(() => location.search.includes('saddle'));
    await checkPage(page, errors);
  });

  it('loss curves: each is trained by itself', async () => {
    const { page, errors } = await openLesson('curves/?curve=still&still=20');
    await shows(page, '#stat-steps', '20 of 20');
    for (const loss of await numbers(page, '#stat-training, #stat-validation')) {
      expect(loss).toBeGreaterThan(0.2);
      expect(loss).toBeLessThan(1);
    }
    expect(await page.$$eval('[aria-pressed=true] path', (list) => list.length)).toBe(2);
    await tabTo(page, '#mend');
    await press(page, 'Enter');
    await page.waitForFunction(() => location.search.includes('still=500'));
    await press(page, 'k'); // long enough
    await checkPage(page, errors);
  });

  it('keep their words without WebGPU', async () => {
    const { page, errors } = await openPage(`${inject('strictSite')}lessons/`);
    await page.evaluateOnNewDocument(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
    await page.goto(`${inject('strictSite')}lessons/descent/`);
    await page.waitForSelector('.missing');
    expect(await text(page, '[role=alert]')).toContain('No WebGPU here');
    expect(await text(page, '.words')).toContain('the loss is a parabola');
    await checkPage(page, errors);
  });
});
