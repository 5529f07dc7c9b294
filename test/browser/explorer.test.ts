import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { KeyInput, Page } from 'puppeteer-core';
import { beforeAll, describe, expect, inject, it } from 'vitest';
import { pack } from '../../demos/explorer/edit/packed.ts';
import { openPage } from './harness.ts';

let axe: string;
beforeAll(async () => {
  axe = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
});

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
/** As the page writes it: with a true minus sign, without a zero before the point. */
const numberOf = (written: string) => Number(written.replace('−', '-'));

async function open(query: string, site = '') {
  const opened = await openPage(`${site}explorer/${query}`);
  await opened.page.waitForFunction(() => document.body.dataset.state === 'ready', { timeout: 60_000 });
  return opened;
}

async function press(page: Page, key: KeyInput, times = 1): Promise<void> {
  for (let i = 0; i < times; i++) await page.keyboard.press(key);
}

/** Presses the button with this text. */
const push = (page: Page, label: string) =>
  page.$$eval(
    'button',
    (all, wanted) => (all.find(({ textContent }) => textContent === wanted) as HTMLButtonElement).click(),
    label,
  );

/** The numbers of a tensor as the page shows them. */
const tensor = async (page: Page, name: string) =>
  (
    await page.$$eval(
      '.tensor',
      (all, wanted) =>
        [
          ...all
            .find((own) => own.querySelector('b')!.textContent === wanted)!
            .querySelectorAll('.cells > *'),
        ].map((cell) => cell.textContent ?? ''),
      name,
    )
  ).map(numberOf);

const variables = async (page: Page) =>
  Object.fromEntries(
    await page.$$eval('.variables > div', (all) =>
      all.map((own) => [...own.children].map(({ textContent }) => textContent ?? '') as [string, string]),
    ),
  ) as Record<string, string>;

/** What a reader of the editor does, and waits for. */
function editing(page: Page) {
  const verdict = (wanted: string) =>
    page.waitForFunction(
      (part) => document.querySelector('.stage')?.textContent?.includes(part),
      { timeout: 60_000 },
      wanted,
    );
  const focus = () =>
    page.$eval('.editor', (editor) => editor.shadowRoot!.querySelector<HTMLElement>('.cm-content')!.focus());
  const chord = async (key: KeyInput) => {
    await page.keyboard.down('Control');
    await page.keyboard.press(key);
    await page.keyboard.up('Control');
  };
  return { verdict, focus, chord };
}

/** No errors, no accessibility problems, and nothing is wider than the screen of a phone. */
async function checkPage(page: Page, errors: readonly string[]): Promise<void> {
  await page.evaluate(axe);
  for (const [value, options] of Object.entries({ dark: "{ runOnly: ['color-contrast'] }", light: '{}' })) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    const { violations } = (await page.evaluate(`axe.run(${options})`)) as {
      violations: { id: string; nodes: { html: string; failureSummary: string }[] }[];
    };
    expect(
      violations.flatMap(({ id, nodes }) =>
        nodes.map((node) => `${value} ${id}: ${node.html} ${node.failureSummary}`),
      ),
    ).toEqual([]);
  }
  await page.setViewport({ width: 390, height: 844 });
  expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
  expect(errors).toEqual([]);
}

describe('the shader explorer', () => {
  it('reads every family under a strict policy: text, words, facts, address', async () => {
    const { page, errors } = await open('', inject('strictSite'));
    expect(await text(page, '#title')).toBe('Matrix product 2: tiles in workgroup memory');
    expect(await text(page, '#code')).toContain('workgroupBarrier();');
    expect(await text(page, '.candidates')).toBe('816');
    await page.waitForSelector('.worked');
    expect(await text(page, '.worked .told')).toContain('1 · 7 + 2 · 9 + 3 · 11 = 58');
    await page.$$eval('.worked .tensor button', (cells) => cells[3].click());
    expect(await text(page, '.worked .told')).toContain('4 · 8 + 5 · 10 + 6 · 12 = 154');
    await page.focus('.term[type]');
    expect(await text(page, '#term')).toMatch(/^\w+ .{20}/);
    expect(await page.$eval('#term', (note) => getComputedStyle(note).visibility)).toBe('visible');
    await press(page, 'Escape');
    expect(await page.$eval('#term', (note) => getComputedStyle(note).visibility)).toBe('hidden');
    const families = await page.$$eval('#families a', (links) =>
      links.map(({ textContent }) => textContent!),
    );
    expect(families.length).toBe(21);
    for (const family of families) {
      await page.$$eval(
        '#families a',
        (links, name) => links.find((own) => own.textContent === name)!.click(),
        family,
      );
      await page.waitForFunction(
        (name) =>
          document.querySelector('#families [aria-current]')?.textContent === name &&
          document
            .querySelector<HTMLElement>('#file')!
            .textContent.includes(new URLSearchParams(location.search).get('kernel')!),
        {},
        family,
      );
    }
    await page.goBack();
    await page.waitForFunction(() => location.search.includes('kernel=shared/'));
    await page.click('#code .line:not(.head)');
    expect(new URL(page.url()).searchParams.get('line')).toMatch(/^\d+$/);
    await checkPage(page, errors);
  });

  it('says that a strict policy forbids to step, and goes on reading', async () => {
    const { page, errors } = await open('?kernel=matmul/1_naive&view=step', inject('strictSite'));
    expect(await text(page, '.notice')).toContain('content security policy');
    expect(await text(page, '#code')).toContain('fn main');
    expect(errors.filter((error) => !/unsafe-eval/.test(error))).toEqual([]); // Chromium tells of each violation
  });

  it('steps by keys, forward and back, to the right numbers', async () => {
    const { page, errors } = await open('?kernel=matmul/1_naive&view=step');
    const [a, b] = [await tensor(page, 'a'), await tensor(page, 'b')];
    await press(page, 'ArrowRight', 3);
    expect(await variables(page)).toMatchObject({ index: '0', column: '0' });
    const before = await variables(page);
    await press(page, 'ArrowRight', 2);
    expect(await variables(page)).not.toEqual(before);
    await press(page, 'ArrowLeft', 2);
    expect(await variables(page)).toEqual(before);
    await press(page, 'End');
    expect(await text(page, '.where')).toContain('has ended');
    const product = [0, 1, 2, 3].reduce((sum, k) => sum + a[k] * b[5 * k], 0); // row 0 of a (3 × 4), column 0 of b (4 × 5)
    expect((await tensor(page, 'c'))[0]).toBe(product);
    await press(page, 'Home');
    expect(await tensor(page, 'c')).toEqual(Array(15).fill(0));
    // Element (2, 1): whoever writes it, in whichever workgroup.
    await page.$$eval('.tensor button', (cells) => cells[11].click());
    expect(await text(page, '.where')).toMatch(/Invocation 1 is about to run line \d+/);
    await press(page, 'ArrowDown');
    const other = [0, 1, 2, 3].reduce((sum, k) => sum + a[8 + k] * b[5 * k + 1], 0);
    expect((await tensor(page, 'c'))[11]).toBe(other);
    await checkPage(page, errors);
  });

  it('steps a whole workgroup to its barrier, and names the race where the barrier is missing', async () => {
    const { page, errors } = await open('?kernel=matmul/2_tiled&view=step');
    await page.$$eval('.segments input', (inputs) => (inputs[1] as HTMLInputElement).click());
    await push(page, 'To the barrier');
    expect(await page.$$eval('.lanes .waiting', (lanes) => lanes.length)).toBe(16);
    expect(await text(page, '[data-lit=waiting]')).toContain('workgroupBarrier');
    const a = await tensor(page, 'a');
    expect(await tensor(page, 'a_tile')).toEqual(
      [0, 1, 2, 3].flatMap((row) => a.slice(8 * row, 8 * row + 4)),
    );
    await page.$eval('.races button', (button) => (button as HTMLButtonElement).click());
    await page.waitForSelector('.races li');
    expect(await text(page, '.races ul')).toMatch(
      /a_tile\[\d\]\[\d\]: invocation \d+ reads it at line \d+, invocation \d+ writes it at line \d+/,
    );
    expect(await text(page, '.line.removed')).toContain('workgroupBarrier');
    await checkPage(page, errors);
    await page.$eval('.races button', (button) => (button as HTMLButtonElement).click());
    expect(await page.$$('.races li')).toEqual([]);
  });

  it('goes into functions of shared files, and works without WebGPU', async () => {
    const { page } = await openPage('explorer/');
    await page.evaluateOnNewDocument(() => Object.defineProperty(navigator, 'gpu', { value: undefined }));
    await page.goto(new URL('?kernel=random/uniform&view=step', page.url()).href);
    await page.waitForSelector('.lanes');
    expect(await text(page, '#adapter')).toContain('no WebGPU');
    for (let i = 0; i < 40 && !(await text(page, '#file')).includes('shared/philox'); i++)
      await press(page, 'ArrowRight');
    expect(await text(page, '#file')).toBe('shaders/shared/philox.wgsl');
    await press(page, 'ArrowUp', 3);
    expect(await text(page, '#file')).toBe('shaders/random/uniform.wgsl');
  });

  it('runs a kernel at chosen sizes: right, timed, and drawn', async () => {
    const { page, errors } = await open('?kernel=matmul/4_register_only&view=run', inject('strictSite'));
    await page.waitForSelector('.figures', { timeout: 60_000 });
    const figures = async () => text(page, '.figures');
    expect(await figures()).toMatch(/time[\d.]+ msspeed[\d.]+ G(FLOP|B)\/sof the ceiling\d+%error\d\.\de-7/);
    expect(
      await page.$$eval('.heat figcaption b', (all) => all.map(({ textContent }) => textContent)),
    ).toEqual(['a', 'b', 'output', 'output − float64']);
    await page.select('.choices select', '16');
    await page.waitForFunction(() => document.querySelector('.heat')?.textContent?.includes('16 × 128'), {
      timeout: 60_000,
    });
    const launches = await text(page, '.launches');
    const choices = await page.$$eval('.tuning option', (options) =>
      options
        .filter((own) => !(own as HTMLOptionElement).selected)
        .map((own) => (own as HTMLOptionElement).value),
    );
    await page.select('.tuning select', choices[0]);
    await page.waitForFunction(
      (before) => document.querySelector('.launches')?.textContent !== before,
      {},
      launches,
    );
    expect(await page.$eval('.tuning select', (own) => (own as HTMLSelectElement).value)).toBe(choices[0]);
    expect(await figures()).toMatch(/error\d\.\de-7/);
    await checkPage(page, errors);
  });

  it('shows what the workgroups of each version load, when the reader comes to it', async () => {
    const { page, errors } = await open('?kernel=matmul/1_naive');
    await page.$eval('#ladder', (place) => place.scrollIntoView());
    await page.waitForSelector('.rungs li', { timeout: 60_000 });
    expect(await page.$$eval('.rungs li', (cards) => cards.length)).toBe(9);
    const [naive, tiled] = await page.$$eval('.rungs canvas', (films) => films.map((film) => film.ariaLabel));
    expect(naive).toContain('5 invocations; for each product 2 loads from memory');
    expect(tiled).toContain(
      '16 invocations; for each product 0.5 loads from memory, 2 from workgroup memory',
    );
    await push(page, 'Play');
    await push(page, 'Pause');
    await page.$$eval('#families a', (links) =>
      links.find((own) => own.textContent === 'Reduction')!.click(),
    );
    await page.waitForFunction(() => document.querySelector('.ladder h2')?.textContent.includes('atomics'), {
      timeout: 60_000,
    });
    await push(page, 'Measure on this machine');
    await page.waitForFunction(
      () => document.querySelector('.chart [role=status]')?.textContent?.startsWith('Measured'),
      { timeout: 120_000 },
    );
    const speeds = await page.$$eval('.bars .value', (all) => all.map(({ textContent }) => textContent));
    expect(speeds.length).toBe(5);
    for (const speed of speeds) expect(speed).toMatch(/^[\d.]+ GB\/s/);
    await checkPage(page, errors);
  });

  it('edits a kernel: an error at its line, the numbers, the time, undo, a link', async () => {
    const { page, errors } = await open('?kernel=matmul/1_naive&view=edit');
    await page.waitForSelector('.figures', { timeout: 60_000 });
    const { verdict, focus, chord } = editing(page);
    await focus();
    await chord('End');
    await page.keyboard.type('fn broken( {');
    await verdict('This does not run.');
    expect(await text(page, '.problems')).toMatch(/^line \d\d: /);
    for (let i = 0; i < 12; i++) await page.keyboard.press('Backspace');
    await verdict('This is the original.');
    expect(page.url()).not.toContain('#edit');

    await page.keyboard.type('// changed');
    await verdict('On the example the numbers are those of the original.');
    await page.waitForSelector('.compared', { timeout: 60_000 });
    expect(await text(page, '.tried')).toMatch(
      /^At these sizes, in the simulator: No race in .* and the numbers are those of the original\.$/,
    );
    await page.waitForFunction(() => location.hash.startsWith('#edit='));
    const { page: shared } = await openPage(page.url());
    await shared.waitForFunction(
      () => document.querySelector('.stage')?.textContent?.includes('On the example'),
      { timeout: 60_000 },
    );
    await page.bringToFront();
    await push(page, 'Back to the original');
    await verdict('This is the original.');
    await page.waitForFunction(() => location.hash === '' && !document.querySelector('.compared'));
    await focus();
    await chord('z');
    await verdict('On the example the numbers are those of the original.');
    await checkPage(page, errors);
  });

  it('keeps an edit from the GPU that ends on the example, and not at the chosen sizes', async () => {
    const source = await readFile(new URL('../../shaders/matmul/1_naive.wgsl', import.meta.url), 'utf8');
    const edited = source.replace('k < K;', 'k < K || K > 8u;');
    const { page, errors } = await open(`?kernel=matmul/1_naive&view=edit#edit=${await pack(edited)}`);
    const { verdict } = editing(page);
    await verdict('This does not run.');
    const line = edited.split('\n').findIndex((own) => own.includes('K > 8u')) + 1;
    expect(await text(page, '.problems')).toMatch(new RegExp(`^line ${line}: .*does this loop end`));
    await push(page, 'Back to the original');
    await page.waitForSelector('.results:not(.stale) .figures', { timeout: 60_000 }); // the GPU goes on
    await checkPage(page, errors);
  });

  it('edits kernels of other families: an update, and what a step records; undo, time and link', async () => {
    const { page, errors } = await open('?kernel=reduce/lanes&view=edit');
    const { verdict, focus, chord } = editing(page);
    for (const kernel of ['reduce/lanes', 'optimizer/adam', 'dataset/record']) {
      if (kernel !== 'reduce/lanes')
        await page.evaluate((own) => {
          history.pushState(null, '', `?kernel=${own}&view=edit`);
          dispatchEvent(new PopStateEvent('popstate'));
        }, kernel);
      await page.waitForFunction(
        (own) => document.querySelector('#file')!.textContent === `shaders/${own}.wgsl`,
        {},
        kernel,
      );
      await page.waitForSelector('.stage .figures', { timeout: 60_000 });
      await focus();
      await chord('End');
      await page.keyboard.type('// changed');
      await verdict('On the example the numbers are those of the original.');
      await page.waitForSelector('.compared', { timeout: 60_000 });
      expect(await text(page, '.compared')).toMatch(
        /^(No difference in time from|The edit is [\d.]+ times as (fast|slow) as) the original \([\d.]+ to [\d.]+( times as fast)?; [\d.]+ ms, the original [\d.]+ ms, measured in turns\)\.$/,
      );
      await page.waitForFunction(() => location.hash.startsWith('#edit='));
      // An address from the middle of the typing is replaced by that of the whole text.
      let link = '';
      const isSettled = async () => {
        const last = link;
        link = page.url();
        return link === last;
      };
      await expect.poll(isSettled, { interval: 1000 }).toBe(true);
      await push(page, 'Back to the original');
      await verdict('This is the original.');
      await page.waitForFunction(() => location.hash === '');
      await focus();
      await chord('z');
      await page.waitForFunction((own) => location.href === own, { timeout: 60_000 }, link); // undone: the same text, the same link
    }
    const { page: shared } = await openPage(page.url());
    await shared.waitForFunction(
      () => document.querySelector('.stage')?.textContent?.includes('On the example'),
      { timeout: 60_000 },
    );
    expect(errors).toEqual([]);
  });
});
