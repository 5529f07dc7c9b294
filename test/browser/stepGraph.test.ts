import type { Page } from 'puppeteer-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { problems } from './axe.ts';
import { loseGpu, openPage } from './harness.ts';

const PATH = 'points/?layers=1&units=4&start=scratch';
const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const press = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
const boxes = (page: Page) => page.$$eval('.picture .box', (list) => list.length);
/** How many dispatches the sentence above the graph tells of. */
const told = async (page: Page) => Number.parseInt(await text(page, '#step-text'), 10);
const focused = (page: Page) => page.evaluate(() => document.activeElement?.ariaLabel ?? '');
/** `1.2 ms`, `85 µs` in microseconds. */
const microseconds = (words: string) => {
  const [, value, unit] = /([\d.,]+) (µs|ms|s)\b/.exec(words)!;
  return Number(value.replace(',', '')) * { µs: 1, ms: 1e3, s: 1e6 }[unit as 'µs' | 'ms' | 's'];
};

async function open(path: string, view?: Parameters<typeof openPage>[1]) {
  const opened = await openPage(path, view);
  await opened.page.waitForFunction(() => document.body.dataset.state === 'ready', { timeout: 90_000 });
  await opened.page.$eval('#step-graph', (graph) => graph.scrollIntoView({ behavior: 'instant' }));
  await opened.page.waitForSelector('.picture .box', { timeout: 60_000 });
  return opened;
}

let page: Page;
let errors: string[];
const reaches = (state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 60_000 }, state);
const measureButton = () =>
  page.evaluateHandle(() =>
    [...document.querySelectorAll<HTMLButtonElement>('.graph-head button')].find(({ textContent }) =>
      textContent!.startsWith('Measure'),
    )!,
  );

beforeAll(async () => {
  ({ page, errors } = await open(PATH));
});

it('has a box for each dispatch of the step', async () => {
  expect(await boxes(page)).toBe(await told(page));
  const rows = await page.$$eval('.picture-heading.is-row button', (list) =>
    list.map((row) => row.textContent),
  );
  expect(rows).toEqual(['dense', 'dense_1']);
});

describe('keys', () => {
  it('walk the graph from one stop of the tab key', async () => {
    expect((await page.$$('.picture .box[tabindex="0"]')).length).toBe(1);
    await page.focus('.picture .box[tabindex="0"]');
    expect(await focused(page)).toMatch(/^gatherBatch gather, dispatch 1 of \d+, data/);
    await page.keyboard.press('ArrowDown');
    await page.keyboard.press('ArrowDown');
    expect(await focused(page)).toMatch(/^matmul \+ add \+ tanh_safe, of dense, /);
    await page.keyboard.press('ArrowRight');
    expect(await focused(page)).toMatch(/^matmul .*, backward, reads /);
    await page.keyboard.press('End');
    expect(await focused(page)).toMatch(/^adam adam, dispatch (\d+) of \1, optimizer/);
    await page.keyboard.press('PageUp');
    expect(await focused(page)).toMatch(/^optimizer\.verdict/);
    await page.keyboard.press('Home');
  });

  it('open a dispatch, and close it', async () => {
    await page.keyboard.press('PageDown');
    await page.keyboard.press('Enter');
    expect(await text(page, '.node h3')).toBe('matmul');
    expect(await text(page, '.node')).toContain('matmul/1_naive.wgsl');
    const link = await page.$eval('.node-kernel a', (a) => (a as HTMLAnchorElement).href);
    expect(link).toMatch(/\/explorer\/index\.html\?kernel=matmul\/1_naive$/);
    await page.keyboard.press('Escape');
    expect(await page.$('.node')).toBeNull();
    expect(await focused(page)).toMatch(/^matmul .* of dense/);
  });

  it('fold a layer', async () => {
    const before = await boxes(page);
    await page.keyboard.press('f');
    expect(await boxes(page)).toBeLessThan(before);
    await page.keyboard.press('f');
    expect(await boxes(page)).toBe(before);
  });
});

it('shows what a dispatch computes, while training runs', async () => {
  await press(page, '#play');
  await press(page, '.picture .box.forward');
  await page.waitForSelector('.graph-output:not([hidden]) canvas', { timeout: 30_000 });
  await page.waitForSelector('.node .wgsl .line');
  expect(await text(page, '.graph-output figcaption')).toBe('Output 64 rows, 4 columns');
  const canvas = await page.$('.graph-output canvas');
  await expect.poll(async () => (await canvas!.boundingBox())!.height).toBeGreaterThan(100);
  await press(page, '#play');
  await page.waitForFunction(() => document.body.dataset.state === 'paused', { timeout: 20_000 });
  expect(errors).toEqual([]);
});

it('measures the dispatches: their times add up to what it says of the step', async () => {
  await press(page, '.node .close');
  await (await measureButton()).evaluate((button) => button.click());
  await page.waitForSelector('.picture.measured', { timeout: 60_000 });
  const times = await page.$$eval('.picture .box .time', (list) => list.map((time) => time.textContent!));
  const sum = times.reduce((total, time) => total + microseconds(time), 0);
  const shown = microseconds(await text(page, '.overview .sum'));
  expect(sum / shown).toBeGreaterThan(0.97);
  expect(sum / shown).toBeLessThan(1.03);

  await press(page, '#graph-tab-1');
  expect((await page.$$('.flame button')).length).toBe(await told(page));
  await press(page, '#graph-tab-3');
  expect((await page.$$('.roof-frame .dot')).length).toBeGreaterThan(4);
});

it('shows the memory of every tensor', async () => {
  await press(page, '#graph-tab-2');
  const blocks = await page.$$eval('.memory .block', (list) => list.length);
  const rows = await page.$$eval('.memory-table tbody tr', (list) => list.length);
  expect(blocks).toBe(rows);
  expect(blocks).toBeGreaterThan(5);
});

it('is a table, too', async () => {
  await press(page, '#graph-tab-4');
  expect((await page.$$('#dispatches tbody tr')).length).toBe(await told(page));
  await press(page, '#dispatches tbody tr:nth-child(2) button');
  expect(await text(page, '.node h3')).toBe('matmul');
});

it('puts an edited kernel into the training under way, through a reset, and says what is wrong with one', async () => {
  await press(page, '#play');
  await reaches('running');
  await press(page, '.node .actions button');
  await page.waitForSelector('.graph-dialog .editor', { timeout: 30_000 });
  const typeAtEnd = async (words: string) => {
    await page.$eval('.graph-dialog .editor', (host) =>
      host.shadowRoot!.querySelector<HTMLElement>('.cm-content')!.focus(),
    );
    await page.keyboard.down('Control');
    await page.keyboard.press('End');
    await page.keyboard.up('Control');
    await page.keyboard.type(words);
  };
  const says = (words: string) =>
    page.waitForFunction(
      (wanted) => document.querySelector('.edit-status')!.textContent!.includes(wanted),
      { timeout: 30_000 },
      words,
    );
  await typeAtEnd('\nfn more( {');
  await press(page, '.edit-side .primary');
  await page.waitForSelector('.edit-side .problems li', { timeout: 30_000 });
  expect(await text(page, '.edit-status')).toContain('This does not run.');
  expect(await text(page, '.edit-side .problems')).toMatch(/^line \d+: /);

  await press(page, '.edit-side .actions button:last-child');
  await says('uses the original again');
  await typeAtEnd('\n// mine');
  await press(page, '.edit-side .primary');
  await says('The training uses it');
  expect(await text(page, '.edit-status')).toMatch(
    /No race in .* and the numbers are those of the original\./,
  );
  expect(await page.evaluate(() => document.body.dataset.state)).toBe('running');
  await typeAtEnd('\n// and later');
  await page.keyboard.press('Escape');
  await page.waitForFunction(() => !document.querySelector('.graph-dialog'));
  await press(page, '.node .actions button');
  await page.waitForSelector('.graph-dialog .editor', { timeout: 30_000 });
  await says('This is what you wrote before.');
  await press(page, '.edit-side .primary');
  await says('The training uses it');
  await press(page, '.graph-dialog header button');
  await press(page, '#reset');
  await reaches('ready');
  await page.waitForSelector('.node.is-edited', { timeout: 20_000 });
  expect(errors).toEqual([]);
});

it('follows another network', async () => {
  await press(page, '#graph-tab-0');
  const before = await told(page);
  await press(page, '#layers [value="2"]');
  await expect.poll(() => told(page), { timeout: 60_000 }).toBeGreaterThan(before);
  await expect.poll(() => boxes(page), { timeout: 20_000 }).toBe(await told(page));
  expect(errors).toEqual([]);
});

it.each([0, 1, 2, 3, 4])('has nothing that axe objects to (tab %i)', async (tab) => {
  await press(page, `#graph-tab-${tab}`);
  expect(await problems(page, '#step')).toEqual([]);
});

it('goes on when the GPU is lost: what is stepped through, what is shown, and what is asked meanwhile', async () => {
  await press(page, '#graph-tab-0');
  await press(page, '.picture .box.forward:not([aria-current])');
  await page.waitForSelector('.graph-output:not([hidden])', { timeout: 30_000 });
  await press(page, '.node .actions button:last-child');
  await page.waitForSelector('.graph-step .variables', { timeout: 30_000 });
  const move = async () => {
    await press(page, '.graph-step .console .primary');
    return text(page, '.graph-step .where');
  };
  const before = await move();
  const measure = await measureButton();
  await measure.evaluate((button) => button.click());
  await loseGpu(page);
  await page.waitForFunction(() =>
    document.querySelector('#notices')!.textContent!.includes('The GPU was lost'),
  );
  expect(await move()).not.toBe(before);
  await press(page, '.graph-dialog header button');
  await reaches('ready');
  // What was asked of the lost GPU is answered by the new one.
  const ask = () => measure.evaluate(({ textContent, disabled }) => [textContent, disabled]);
  await expect.poll(ask, { timeout: 60_000 }).toEqual(['Measure again', false]);
  await page.waitForSelector('.graph-output:not([hidden])', { timeout: 30_000 });
  expect(await boxes(page)).toBe(await told(page));
  expect(await page.$('.failure')).toBeNull();
});

it('fits a phone, where the chosen dispatch comes from below', async () => {
  const phone = await open(PATH, { width: 390, height: 844 });
  expect(await phone.page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  const cut = await phone.page.$$eval(
    '.picture .box',
    (list) =>
      list.filter((box) => {
        const { left, right } = box.getBoundingClientRect();
        return left < 0 || right > innerWidth;
      }).length,
  );
  expect(cut).toBe(0);
  await press(phone.page, '.picture .box:nth-of-type(2)');
  const { top, bottom } = await phone.page.$eval('.graph-side', (side) => {
    const box = side.getBoundingClientRect();
    return { top: box.top, bottom: box.bottom };
  });
  expect(bottom).toBeCloseTo(844, -1);
  expect(top).toBeGreaterThan(200);
  expect(await problems(phone.page, '#step')).toEqual([]);
  expect(phone.errors).toEqual([]);
});
