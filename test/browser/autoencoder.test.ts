import type { Page } from 'puppeteer-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { close, loseGpu, openPage } from './harness.ts';
import { kernelsOfStep } from './stepList.ts';

/** Few, synthetic images and small batches: the same bytes everywhere, and steps that a CPU takes quickly. */
const SMALL = 'data=synthetic&train=600&test=100&batch=16&bottleneck=16&rate=4';

const WALK_PIXELS = '#walk .row:nth-child(1) canvas';
const WALK_CODES = '#walk .row:nth-child(2) canvas';
/** The reader's digit in the last network. */
const YOUR_CODE = '#yours figure:nth-child(4) .waist canvas';
const YOUR_IMAGE = '#yours figure:nth-child(4) > .tiles canvas';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const click = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 90_000 }, state);
const set = (page: Page, selector: string, value: string, event = 'input') =>
  page.$eval(
    selector,
    (element, wanted, name) => {
      (element as HTMLInputElement).value = wanted;
      element.dispatchEvent(new Event(name, { bubbles: true }));
    },
    value,
    event,
  );
/** The test errors of the three versions. */
const errorsOf = (page: Page) =>
  page.$$eval('#rows .version b', (list) => list.map((error) => Number(error.textContent)));
const stepOf = async (page: Page) => Number((await text(page, '#stat-step')).replaceAll(',', ''));

/** A canvas as it is seen: its pixels as one string, to compare, and the number of its colours. */
async function look(page: Page, selector: string): Promise<{ pixels: string; colours: number }> {
  const element = (await page.$(selector))!;
  await element.evaluate((each) => each.scrollIntoView({ block: 'center', behavior: 'instant' }));
  const pixels = (await element.screenshot({ encoding: 'base64' })) as string;
  const colours = await page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    return new Set(new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)).size;
  }, pixels);
  return { pixels, colours };
}

/** Waits until a canvas looks other than before, and gives what it looks like. */
async function changes(page: Page, selector: string, before: string): Promise<string> {
  let now = before;
  await expect
    .poll(async () => (now = (await look(page, selector)).pixels) !== before, {
      timeout: 15_000,
      interval: 300,
    })
    .toBe(true);
  return now;
}

/** Where the map is, in sight. */
async function mapBox(page: Page) {
  const map = (await page.$('.point-map'))!;
  await map.evaluate((each) => each.scrollIntoView({ block: 'center', behavior: 'instant' }));
  return (await map.boundingBox())!;
}

describe('the page of the autoencoders', () => {
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ page, errors } = await openPage(`autoencoder/?${SMALL}`));
    await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
    await reaches(page, 'ready').catch((error) => {
      throw new Error(`The page is not ready. ${errors.join('\n')}`, { cause: error });
    });
  });

  it('says what computes, and that the digits are synthetic', async () => {
    expect(await text(page, '#adapter')).toMatch(/swiftshader \(software\)/i);
    const notices = await text(page, '#notices');
    expect(notices).toContain('No GPU was found');
    expect(notices).toContain('Synthetic data');
    expect(await text(page, '#stat-parameters')).toBe('3 × 205,856');
  });

  it('begins with three networks that know nothing, two of them alike', async () => {
    await expect.poll(async () => (await errorsOf(page)).every((error) => error > 0.08)).toBe(true);
    const [, mse, bce] = await errorsOf(page);
    expect(mse).toBe(bce); // the same weights, the same output: only the loss differs
  });

  it('draws originals, codes, what comes back and the map from GPU memory', async () => {
    const rows = await page.$$eval('#rows canvas', (list) =>
      list.map((canvas, i) => {
        canvas.id = `row-${i}`;
        return [canvas.id, canvas.closest('.row')!.hasAttribute('hidden')] as const;
      }),
    );
    expect(rows.filter(([, hidden]) => hidden)).toHaveLength(1); // no noise
    for (const [id, hidden] of rows) {
      if (!hidden) expect([id, (await look(page, `#${id}`)).colours > 8]).toEqual([id, true]);
    }
    const others = [
      '#map canvas',
      '#decoded',
      '#decoded-code',
      WALK_PIXELS,
      WALK_CODES,
      YOUR_CODE,
      YOUR_IMAGE,
    ];
    for (const panel of others) {
      expect([panel, (await look(page, panel)).colours > 8]).toEqual([panel, true]);
    }
  });

  it('lists the kernels of a step, one update for all three networks, and shows some of them', async () => {
    const kernels = await kernelsOfStep(page);
    expect(kernels.filter((kernel) => kernel === 'optimizer/adadelta.wgsl')).toHaveLength(2); // trial and update
    expect(await text(page, '#step-text')).toContain(
      `${kernels.length} dispatches in one submit: gather 16 images; for all three networks`,
    );
    await page.$$eval('#lesson-tabs button', (tabs) =>
      tabs.find((tab) => tab.textContent === 'Map of codes')!.click(),
    );
    await page.waitForFunction(() =>
      document.querySelector('#lesson-code')!.textContent!.includes('Draw points as a scatter plot'),
    );
  });

  it('steps, trains, pauses; all losses fall', async () => {
    const before = await errorsOf(page);
    await click(page, '#step-once');
    await page.waitForFunction(
      () => document.querySelector('#status')!.textContent === 'Paused after step 1.',
    );
    await click(page, '#play');
    await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 90, {
      timeout: 90_000,
    });
    await click(page, '#play');
    await reaches(page, 'paused');
    await page.waitForFunction(() =>
      /Paused after step \d+/.test(document.querySelector('#status')!.textContent!),
    );
    const step = await stepOf(page);
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await stepOf(page)).toBe(step);
    await expect
      .poll(async () => (await errorsOf(page)).every((error, i) => error < 0.8 * before[i]), {
        timeout: 15_000,
      })
      .toBe(true);
    const losses = await page.$$eval('#loss-values b', (list) =>
      list.map((each) => Number(each.textContent)),
    );
    expect(losses).toHaveLength(3);
    expect(losses[2]).toBeLessThan(0.6); // ln 2 = 0.69 at the beginning
  });

  it('decodes what sliders, map, means and chance make up', async () => {
    let seen = (await look(page, '#decoded')).pixels;
    await set(page, '.sliders input', '2.5');
    seen = await changes(page, '#decoded', seen);
    expect(await text(page, '.sliders output')).toBe('+2.5 σ');
    const { x, y, width, height } = await mapBox(page);
    await page.mouse.click(x + width / 4, y + height / 4);
    seen = await changes(page, '#decoded', seen);
    expect(
      await page.$$eval('.sliders output', (list) => list.slice(0, 2).map((each) => each.textContent)),
    ).toEqual(['−1.6 σ', '+1.6 σ']);
    await click(page, '.chips button:nth-child(4)');
    seen = await changes(page, '#decoded', seen);
    await click(page, '#shapes .actions button + button');
    seen = await changes(page, '#decoded', seen);
    await click(page, '#shapes .actions button');
    await changes(page, '#decoded', seen);
    const outputs = await page.$$eval('.sliders output', (list) => list.map((each) => each.textContent));
    expect(new Set(outputs)).toEqual(new Set(['+0.0 σ']));
  });

  it('shows the test image that someone points at on the map, by mouse and by keyboard', async () => {
    const box = await mapBox(page);
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.waitForFunction(() => !document.querySelector<HTMLElement>('.found')!.hidden);
    expect(await text(page, '.found')).toMatch(/^an? \d, test image \d+$/);
    const ink = await page.$eval('.found canvas', (canvas) => {
      const { data } = (canvas as HTMLCanvasElement).getContext('2d')!.getImageData(0, 0, 28, 28);
      return data.filter((opacity, i) => i % 4 === 3 && opacity > 128).length;
    });
    expect(ink).toBeGreaterThan(20);
    await page.mouse.move(5, 5);
    await page.waitForFunction(() => document.querySelector<HTMLElement>('.found')!.hidden);

    await page.focus('.point-map');
    for (let i = 0; i < 4; i++) await page.keyboard.press('ArrowRight');
    await page.waitForFunction(() => !document.querySelector<HTMLElement>('.found')!.hidden);
    expect(await text(page, '.sliders output')).toBe('+0.8 σ');
    await page.waitForFunction(() =>
      /Nearest image: an? \d, test image \d+\./.test(document.body.textContent!),
    );
    await page.keyboard.down('Shift');
    await page.keyboard.press('ArrowUp');
    await page.keyboard.up('Shift');
    expect(await page.$$eval('.sliders output', ([, second]) => second.textContent)).toBe('+0.8 σ');
    await page.$eval('.point-map', (map) => (map as HTMLElement).blur());
    await page.waitForFunction(() => document.querySelector<HTMLElement>('.found')!.hidden);
  });

  it('shows the image whose dot is nearest, and the dot', async () => {
    const box = await mapBox(page);
    const at = { x: box.x + 0.4 * box.width, y: box.y + 0.55 * box.height };
    await page.mouse.move(at.x, at.y);
    await page.waitForFunction(() => !document.querySelector<HTMLElement>('.ring')!.hidden);
    const ringOf = () =>
      page.$eval('.ring', (ring) => {
        const { left, top, width, height } = ring.getBoundingClientRect();
        return [left + width / 2, top + height / 2] as const;
      });
    const [x, y] = await ringOf();
    const name = await text(page, '.found');
    // At the dot itself nothing is nearer.
    await page.mouse.move(x, y);
    await new Promise((resolve) => setTimeout(resolve, 500));
    expect(await text(page, '.found')).toBe(name);
    const [again] = await ringOf();
    expect(again).toBeCloseTo(x, 0);
  });

  it('shows the nearest image to a finger, too, until it taps elsewhere', async () => {
    const { x, y, width, height } = await mapBox(page);
    await page.touchscreen.tap(x + 0.6 * width, y + 0.4 * height);
    await page.waitForFunction(() => !document.querySelector<HTMLElement>('.found')!.hidden);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await text(page, '.found')).toMatch(/test image \d+$/);
    expect(await page.$eval('.found', (found) => (found as HTMLElement).hidden)).toBe(false);
    await page.$eval('.point-map', (map) => (map as HTMLElement).blur());
    await page.waitForFunction(() => document.querySelector<HTMLElement>('.found')!.hidden);
  });

  it('moves the code while the mark is dragged', async () => {
    const { x, y, width, height } = await mapBox(page);
    await page.mouse.move(x + width / 2, y + height / 2);
    await page.mouse.down();
    await page.mouse.move(x + 0.75 * width, y + 0.25 * height, { steps: 3 });
    await page.mouse.up();
    await page.mouse.move(x + 0.1 * width, y + 0.1 * height); // not any more
    const outputs = await page.$$eval('.sliders output', (list) => list.map((each) => each.textContent));
    expect(outputs.slice(0, 3)).toEqual(['+1.6 σ', '+1.6 σ', '+0.0 σ']);
    const moved = await page.$eval('.handle', (handle) => (handle as HTMLElement).style.transform);
    expect(moved).toMatch(/^translate\(75cqw, /);
    await page.mouse.move(5, 5);
    await click(page, '#shapes .actions button');
  });

  it('sends the digit that someone writes through all three networks, and into the walk', async () => {
    await page.select('#walk-b', '10');
    const panels = ['#yours .seen canvas', YOUR_CODE, YOUR_IMAGE, WALK_CODES];
    const before = [];
    for (const panel of panels) before.push((await look(page, panel)).pixels);
    await page.focus('#pad');
    await page.keyboard.press('7');
    for (const [i, panel] of panels.entries()) await changes(page, panel, before[i]);
    expect(new URL(page.url()).searchParams.get('b')).toBe('10');
    await page.select('#walk-b', '8');
  });

  it('takes strokes of a mouse, and nothing after they are cleared', async () => {
    await click(page, '#clear');
    const blank = (await look(page, YOUR_IMAGE)).pixels;
    const { x, y, width, height } = (await (await page.$('#pad'))!.boundingBox())!;
    await page.mouse.move(x + 0.3 * width, y + 0.5 * height);
    await page.mouse.down();
    await page.mouse.move(x + 0.7 * width, y + 0.5 * height, { steps: 4 });
    await page.mouse.up();
    const drawn = await changes(page, YOUR_IMAGE, blank);
    const seen = (await look(page, '#yours .seen canvas')).pixels;
    await page.mouse.move(x + 0.5 * width, y + 0.2 * height); // no button is down
    expect((await look(page, YOUR_IMAGE)).pixels).toBe(drawn);
    await click(page, '#clear');
    await changes(page, '#yours .seen canvas', seen);
    await changes(page, YOUR_IMAGE, drawn);
  });

  it('takes strokes of the keyboard', async () => {
    const before = (await look(page, YOUR_IMAGE)).pixels;
    await page.focus('#pad');
    await page.keyboard.press('Space');
    for (let i = 0; i < 6; i++) await page.keyboard.press('ArrowDown');
    await page.keyboard.press('Space');
    expect(await changes(page, YOUR_IMAGE, before)).not.toBe(before);
  });

  it('walks between the digits that are chosen', async () => {
    const [pixels, codes] = [await look(page, WALK_PIXELS), await look(page, WALK_CODES)];
    await click(page, '#rows .cells button:nth-child(1)');
    await changes(page, WALK_PIXELS, pixels.pixels);
    await changes(page, WALK_CODES, codes.pixels);
    const label = await page.$eval('#rows .cells button:nth-child(1)', (button) => button.ariaLabel);
    expect(label).toBe('A 0, the end of the walk');
    expect(await page.$$eval('.walk-ends select', (list) => list.map((each) => each.value))).toEqual([
      '8',
      '0',
    ]);
    const originals = (await look(page, '#row-0')).pixels;
    await page.$$eval('#rows .heading button', (list) => list[0].click());
    await changes(page, '#row-0', originals);
    const query = new URL(page.url()).searchParams;
    expect([query.get('a'), query.get('b'), query.get('set')]).toEqual(['8', '0', '1']);
  });

  it('explores the codes of another version', async () => {
    const before = (await look(page, '#map canvas')).pixels;
    await click(page, '#explored input[value=linearMse]');
    await changes(page, '#map canvas', before);
    await page.waitForFunction(() =>
      document.querySelector('#map canvas')!.ariaLabel!.includes('linear + MSE gives 100 test images'),
    );
    expect(new URL(page.url()).searchParams.get('version')).toBe('linearMse');
  });

  it('goes on with noise, from the same step', async () => {
    const step = await stepOf(page);
    await click(page, '#denoise');
    await reaches(page, 'ready');
    expect(await text(page, '#status')).toBe(`Paused after step ${step}.`);
    expect((await look(page, '#row-1')).colours).toBeGreaterThan(40);
    await expect.poll(() => kernelsOfStep(page)).toContain('random/normal.wgsl');
    await click(page, '#step-once');
    await page.waitForFunction(
      (wanted) => document.querySelector('#status')!.textContent === `Paused after step ${wanted}.`,
      {},
      step + 1,
    );
  });

  it('compares the gradients of the two losses', async () => {
    await set(page, '#logit', '-4');
    await set(page, '#target', '1');
    // σ(−4) = 0.018: 2 · 0.982 · 0.018 · 0.982 = 0.0347 against 0.982
    expect(await text(page, '#pull-text')).toMatch(
      /is 0.018. The gradient of MSE is 0.035, that of BCE 0.98, 28 times as large/,
    );
  });

  it('fits a phone, in the dark too', async () => {
    await page.setViewport({ width: 390, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.setViewport({ width: 1280, height: 800 });
  });

  it('keeps its settings in the address, and begins anew with others', async () => {
    await click(page, '#bottleneck input[value="2"]');
    await reaches(page, 'compiling');
    await reaches(page, 'ready');
    expect(await text(page, '#stat-parameters')).toBe('3 × 202,258');
    expect(await stepOf(page)).toBe(0);
    expect(await text(page, '#map-note')).toContain('the two numbers of the code themselves');
    expect(await page.$$eval('.sliders label:not([hidden])', (list) => list.length)).toBe(2);
    await set(page, '#rate', '0.5');
    await set(page, '#speed', '1', 'change');
    const query = new URL(page.url()).searchParams;
    expect(['bottleneck', 'denoise', 'rate', 'speed', 'batch'].map((name) => query.get(name))).toEqual([
      '2',
      '1',
      '3.2',
      '1',
      '16',
    ]);
  });

  it('had nothing to complain about', () => {
    expect(errors).toEqual([]);
  });
});

it('says what to do where WebGPU is missing', async () => {
  const { page, errors } = await openPage('');
  await page.evaluateOnNewDocument(() =>
    Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }),
  );
  await page.goto(new URL('autoencoder/', page.url()).href, { waitUntil: 'load' });
  await page.waitForSelector('.missing[role=alert]'); // a script that is loaded later
  expect(await text(page, '.missing')).toContain('No WebGPU here');
  expect(await page.$('#play')).toBeNull();
  // The words, their figure and a recorded run stay.
  expect(await text(page, '#pull-text')).toContain('28 times as large');
  await page.waitForSelector('.panel input[aria-valuetext^="step "]');
  expect(errors).toEqual([]);
});

it('opens on trained networks, and trains others from scratch', async () => {
  await close();
  const { page, errors } = await openPage('autoencoder/?data=synthetic&train=600&test=100&batch=16');
  await reaches(page, 'ready');
  expect(await text(page, '#status')).toContain('These networks are trained.');
  await expect.poll(async () => (await errorsOf(page)).every((error) => error < 0.05)).toBe(true);
  expect(await text(page, '#stat-optimizer')).toBe('Adadelta, learning rate 4');
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  await click(page, '#play');
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 2, {
    timeout: 60_000,
  });
  await click(page, '#play');
  await reaches(page, 'paused');
  expect((await errorsOf(page)).every((error) => error > 0.04)).toBe(true);
  expect(new URL(page.url()).searchParams.get('start')).toBe('scratch');
  await click(page, '#to-trained');
  await expect
    .poll(() => text(page, '#status'), { timeout: 60_000 })
    .toContain('These networks are trained.');
  expect(errors).toEqual([]);
});

it('goes on from its last checkpoint when the GPU is lost', async () => {
  await close(); // the pages before have nothing to do with it
  const { page } = await openPage(`autoencoder/?${SMALL}&play=1`);
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 3, {
    timeout: 90_000,
  });
  const top = () => page.$eval('.training', (panels) => panels.getBoundingClientRect().top + scrollY);
  const before = await top();
  await loseGpu(page);
  await page.waitForFunction(() =>
    document.querySelector('#notices')!.textContent!.includes('The GPU was lost'),
  );
  expect(await top()).toBe(before); // the notice lies over the page
  await click(page, '.late .notice button');
  expect(await page.$('.late .notice')).toBeNull();
  const step = await stepOf(page);
  await page.waitForFunction(
    (before) => Number(document.querySelector('#stat-step')!.textContent) > before + 2,
    {},
    step,
  );
  expect(await page.$('.failure')).toBeNull();
  expect(await page.evaluate(() => document.body.dataset.state)).toBe('running');
});
