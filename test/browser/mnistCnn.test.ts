import type { Page } from 'puppeteer-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { close, loseGpu, openPage } from './harness.ts';
import { kernelsOfStep } from './stepList.ts';

/** Few, synthetic images: the same bytes everywhere, and enough to learn from in some dozen steps. */
const SMALL = 'data=synthetic&train=3000&test=200&batch=32&rate=0.004&start=scratch';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const number = async (page: Page, selector: string) =>
  Number.parseFloat((await text(page, selector)).replaceAll(',', ''));
const click = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 60_000 }, state);
const value = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLInputElement).value);

/** The pixels of a picture of an element, as words of a, b, g and r. */
async function pixels(page: Page, selector: string): Promise<number[]> {
  const picture = await (await page.$(selector))!.screenshot({ encoding: 'base64' });
  return page.evaluate(async (data) => {
    const image = await createImageBitmap(await (await fetch(`data:image/png;base64,${data}`)).blob());
    const context = new OffscreenCanvas(image.width, image.height).getContext('2d')!;
    context.drawImage(image, 0, 0);
    return [...new Uint32Array(context.getImageData(0, 0, image.width, image.height).data.buffer)];
  }, picture);
}

/** How many colours a picture of an element has: one or two where nothing is drawn. */
const colours = async (page: Page, selector: string) => new Set(await pixels(page, selector)).size;

/** How many pixels have far more red than blue. */
const orange = async (page: Page, selector: string) =>
  (await pixels(page, selector)).filter((word) => (word & 255) > ((word >> 16) & 255) + 40).length;

/** Writes on the pad with the mouse: strokes of points in per cent of the pad. */
async function write(
  page: Page,
  strokes: readonly (readonly (readonly [number, number])[])[],
): Promise<void> {
  await click(page, '#clear');
  await page.$eval('#pad', (pad) => pad.scrollIntoView({ block: 'center' }));
  const box = (await (await page.$('#pad'))!.boundingBox())!;
  const at = ([x, y]: readonly [number, number]) =>
    [box.x + (box.width * x) / 100, box.y + (box.height * y) / 100] as const;
  for (const [first, ...rest] of strokes) {
    await page.mouse.move(...at(first));
    await page.mouse.down();
    for (const point of rest) await page.mouse.move(...at(point), { steps: 4 });
    await page.mouse.up();
  }
}

describe('the page of the MNIST network', () => {
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ page, errors } = await openPage(`mnist-cnn/?${SMALL}`));
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
  });

  it('lists kernels, as written and as this GPU got them', async () => {
    await page.$eval('#lesson-code', (element) => element.scrollIntoView({ block: 'center' })); // loaded when it is seen
    await page.waitForFunction(() =>
      document.querySelector('#lesson-code')!.textContent!.includes('Convolution 1: naive'),
    );
    await click(page, '#lesson-tabs button:last-of-type');
    await click(page, '.compiled input');
    await page.waitForFunction(() =>
      /const LENGTH: u32 = (?!16u)/.test(document.querySelector('#lesson-code')!.textContent!),
    );
    expect(await text(page, '#lesson-code')).toMatch(/^shaders\/optimizer\/adam\.wgsl/);
  });

  it('lists the kernels of a step', async () => {
    const kernels = await kernelsOfStep(page);
    expect(kernels).toContain('optimizer/adam.wgsl');
    expect(await text(page, '#step-text')).toContain(`${kernels.length} dispatches in one submit`);
  });

  it('steps, trains, pauses', async () => {
    const [loss] = [await number(page, '#loss-values .test b')];
    expect(loss).toBeGreaterThan(2);
    await click(page, '#step-once');
    await page.waitForFunction(() => document.querySelector('#stat-step')!.textContent === '1');
    await click(page, '#play');
    await page.waitForFunction(
      () => Number.parseFloat(document.querySelector('#stat-accuracy')!.textContent!) > 80,
      {
        timeout: 60_000,
      },
    );
    await click(page, '#play');
    await reaches(page, 'paused');
    await page.waitForFunction(() =>
      /Paused after step \d+/.test(document.querySelector('#status')!.textContent!),
    );
    const step = await text(page, '#stat-step');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await text(page, '#stat-step')).toBe(step);
    expect(await number(page, '#loss-values .training b')).toBeLessThan(loss / 2);
    expect(await number(page, '#stat-milliseconds')).toBeGreaterThan(0);
    expect(await text(page, '#status')).toContain(`step ${step}`);
  });

  it('draws filters and feature maps from GPU memory', async () => {
    for (const layer of [
      '.layer:nth-child(1) figure:nth-child(1)',
      '.layer:nth-child(1) figure:nth-child(2)',
      '.layer:nth-child(3)',
    ]) {
      expect(await colours(page, `${layer} canvas`)).toBeGreaterThan(40);
    }
    expect(await colours(page, '#input')).toBeGreaterThan(10);
  });

  it('reads digits written with the mouse', async () => {
    const circle = Array.from(
      { length: 25 },
      (_, i) => [50 + 20 * Math.sin(i / 4), 50 - 30 * Math.cos(i / 4)] as const,
    );
    const digits: [number, (readonly (readonly [number, number])[])[]][] = [
      [0, [circle]],
      [
        1,
        [
          [
            [52, 20],
            [50, 50],
            [49, 80],
          ],
        ],
      ],
      [
        7,
        [
          [
            [30, 22],
            [72, 20],
            [58, 50],
            [46, 82],
          ],
        ],
      ],
    ];
    for (const [digit, strokes] of digits) {
      await write(page, strokes);
      await page.waitForFunction(
        (wanted) =>
          document.querySelector('#seen-caption')!.textContent === 'your drawing' &&
          document.querySelector('#verdict .found')!.textContent === wanted,
        { timeout: 10_000 },
        String(digit),
      );
    }
    const shares = await page.$$eval('#softmax td b', (values) =>
      values.map((each) => Number.parseFloat(each.textContent!)),
    );
    expect(shares).toHaveLength(10);
    expect(Math.max(...shares)).toBe(shares[7]);
  });

  it('shows how a feature map is computed: the products of all channels sum to what the GPU has', async () => {
    for (const [layer, channel] of [
      [1, 3],
      [3, 5],
    ]) {
      await click(page, `.layer:nth-child(${layer}) .cells button:nth-child(${channel})`);
      await page.waitForFunction(
        (wanted) =>
          !document.querySelector<HTMLElement>('#explorer')!.hidden &&
          document.querySelectorAll('#explorer .channels button').length === wanted,
        {},
        layer === 1 ? 1 : 8,
      );
      const parse = (string: string) => Number(string.replace('−', '-'));
      await page.focus('#explorer .output canvas');
      for (const key of ['ArrowDown', 'ArrowDown', 'ArrowRight'] as const) await page.keyboard.press(key);
      const [result] = /[\d.]+$/.exec(await text(page, '#explorer .sum'))!;
      const [, computed] = /computed ([\d.]+) for/.exec(await text(page, '#explorer .computed'))!;
      expect(parse(result)).toBeCloseTo(parse(computed), 2);
      const sums = await page.$$eval('#explorer .channels span', (cells) =>
        cells.map((cell) => cell.textContent!),
      );
      const total = sums.reduce((sum, cell) => sum + parse(cell), 0);
      const [, shown] = /(?:channels|products) ([−\d.]+) \+/.exec(await text(page, '#explorer .sum'))!;
      expect(Math.abs(total - parse(shown))).toBeLessThan(0.005 * sums.length + 0.001);
    }
    await page.keyboard.press('Escape');
    expect(await page.$eval('#explorer', (panel) => (panel as HTMLElement).hidden)).toBe(true);
  });

  it('draws gradients instead of values', async () => {
    const canvas = '.layer:nth-child(2) canvas';
    await page.$eval(canvas, (element) => element.scrollIntoView({ block: 'center' }));
    // Values after ReLU are not negative: orange is a gradient’s.
    expect(await orange(page, canvas)).toBe(0);
    await click(page, '#pictured [value=gradients]');
    await expect.poll(() => orange(page, canvas), { timeout: 30_000 }).toBeGreaterThan(20);
    const loss = await number(page, '#inside .gradient-note b');
    const logShare = -Math.log((await number(page, '#softmax .best b')) / 100);
    expect(Math.abs(loss - logShare)).toBeLessThan(0.02);
    await click(page, '#pictured [value=values]');
  });

  it('marks the mistakes, filters them, and sends one through the layers', async () => {
    const accuracy = await number(page, '#stat-accuracy');
    const wrong = Math.round(200 * (1 - accuracy / 100));
    await click(page, '#testing [value=mistakes]');
    expect(await text(page, '#testing .grid-bar p')).toMatch(new RegExp(`of ${wrong} mistakes`));
    expect(await page.$$eval('#testing .cells .wrong', (cells) => cells.length)).toBe(
      Math.min(wrong, await page.$$eval('#testing .cells button', (cells) => cells.length)),
    );
    const counts = await page.$$eval('#testing .confusion button.wrong', (cells) =>
      cells.map((cell) => Number(cell.textContent)),
    );
    expect(counts.reduce((sum, count) => sum + count, 0)).toBe(wrong);
    await click(page, '#testing .confusion button.wrong:not(:empty)');
    expect(await text(page, '#testing .grid-bar p')).toMatch(/images of \d read as \d/);
    const label = await page.$eval('#testing .cells button', (cell) => cell.ariaLabel!);
    await click(page, '#testing .cells button');
    const [, image, truth, read] = /image (\d+): a (\d), read as (\d)/.exec(label)!;
    await page.waitForFunction(
      (caption) => document.querySelector('#seen-caption')!.textContent === caption,
      {},
      `test image ${image}`,
    );
    expect(await text(page, '#verdict')).toMatch(new RegExp(`^${read}.*wrong: it is a ${truth}`));
    expect(new URL(page.url()).searchParams.get('image')).toBe(image);
  });

  it('obeys keys, but not while someone types', async () => {
    const step = await number(page, '#stat-step');
    await page.focus('#seed');
    await page.keyboard.press('s');
    await page.focus('#share');
    await page.keyboard.press('s');
    await page.waitForFunction(
      (wanted) => document.querySelector('#stat-step')!.textContent === String(wanted),
      {},
      step + 1,
    );
    await page.keyboard.press('?');
    expect(await page.$eval('#help', (dialog) => (dialog as HTMLDialogElement).open)).toBe(true);
    await page.keyboard.press('Escape');
    await reaches(page, 'paused');
  });

  it('fits a phone, in the dark too', async () => {
    await page.setViewport({ width: 390, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.setViewport({ width: 1280, height: 800 });
  });

  it('begins again', async () => {
    await click(page, '#reset');
    await reaches(page, 'ready');
    expect(await text(page, '#stat-step')).toBe('0');
    await page.waitForFunction(
      () => Number.parseFloat(document.querySelector('#loss-values .test b')!.textContent!) > 2,
    );
  });

  it('keeps its settings in the address', async () => {
    await page.$eval('#rate', (rate) => {
      (rate as HTMLInputElement).value = '-3';
      rate.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.$eval('#seed', (seed) => {
      document.querySelector('.layer')!.id = 'old';
      (seed as HTMLInputElement).value = '7';
      seed.dispatchEvent(new Event('change', { bubbles: true }));
    });
    // Another seed makes another network, which looks at the same image.
    await page.waitForFunction(() => !document.querySelector('#old'));
    await reaches(page, 'ready');
    expect(await text(page, '#seen-caption')).toMatch(/test image \d+/);
    expect(await colours(page, '#input')).toBeGreaterThan(10);
    const query = new URL(page.url()).searchParams;
    expect([query.get('rate'), query.get('seed'), query.get('batch')]).toEqual(['0.001', '7', '32']);
    expect(query.get('preset')).toBeNull();
    const copy = await openPage(`mnist-cnn/${new URL(page.url()).search}&preset=nonsense`);
    await copy.page.waitForFunction(() => document.querySelector<HTMLInputElement>('#seed')!.value === '7');
    const controls = async (each: Page) =>
      Promise.all(['#preset', '#rate', '#batch', '#seed'].map((selector) => value(each, selector)));
    expect(await controls(copy.page)).toEqual(['quick', '-3', '32', '7']);
    expect(await controls(page)).toEqual(['quick', '-3', '32', '7']);
  });

  it('had nothing to complain about', () => {
    expect(errors).toEqual([]);
  });
});

it('opens on a trained network that reads at once; it can be trained from scratch, and brought back', async () => {
  const { page, errors } = await openPage('mnist-cnn/?data=synthetic&train=600&test=40&batch=16');
  await page.emulateMediaFeatures([{ name: 'prefers-reduced-motion', value: 'reduce' }]);
  const readsSamples = async () => {
    for (const digit of [3, 7]) {
      await click(page, `#samples button:nth-child(${digit + 1})`);
      await page.waitForFunction(
        (wanted) =>
          document.querySelector('#seen-caption')!.textContent === 'your drawing' &&
          document.querySelector('#verdict .found')!.textContent === wanted,
        {},
        String(digit),
      );
    }
  };
  /** The charts end at this step. */
  const charted = (step: RegExp) =>
    page.waitForFunction(
      (wanted) => new RegExp(wanted).test(document.querySelector('#loss-chart')!.ariaLabel!),
      {},
      String.raw`: step ${step.source}, training [\d.]+, test [\d.]+$`,
    );
  await readsSamples();
  await reaches(page, 'ready');
  await charted(/22512/); // of the run that the network comes from
  expect(await text(page, '#status')).toContain('This network is trained');
  expect(await text(page, '#play')).toBe('Train from scratch');
  await click(page, '#play');
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 1);
  await click(page, '#play');
  await reaches(page, 'paused');
  await charted(/\d{1,3}/);
  expect(await number(page, '#loss-values .test b')).toBeGreaterThan(1.5);
  expect(new URL(page.url()).searchParams.get('start')).toBe('scratch');
  await click(page, '#to-trained');
  await page.waitForFunction(() => document.querySelector('#play')!.textContent === 'Train from scratch');
  expect(new URL(page.url()).searchParams.get('start')).toBeNull();
  await charted(/22512/);
  await readsSamples();
  expect(errors).toEqual([]);
});

it('fetches a few test images first, and the others when nobody has asked for a while', async () => {
  const { page, errors } = await openPage('');
  const fetched: string[] = [];
  page.on('request', (request) => {
    const [, file] = /\/data\/mnist\/([\w-]+)/.exec(request.url()) ?? [];
    if (file) fetched.push(file);
  });
  const without = (await fetch(new URL('data/mnist/test-500.safetensors.gz', page.url()))).status === 404;
  await page.goto(new URL('mnist-cnn/?train=12000&test=600', page.url()).href);
  await page.waitForFunction(() =>
    document.querySelector('#testing .grid-bar p')!.textContent!.includes('of 500'),
  );
  await reaches(page, 'ready');
  await expect.poll(() => number(page, '#stat-accuracy'), { timeout: 60_000 }).toBeGreaterThan(90);
  if (!without) expect(fetched).toEqual(['test-500']);
  await page.waitForFunction(() =>
    document.querySelector('#testing .grid-bar p')!.textContent!.includes('of 600'),
  );
  if (!without) expect(fetched.slice(1).toSorted()).toEqual(['test-10000', 'train-10000', 'train-50000']);
  expect(errors).toEqual([]);
});

it('trains on as many images as the reader chooses, on the trained network only when asked to', async () => {
  const { page, errors } = await openPage('mnist-cnn/?data=synthetic&train=600&test=40&batch=32');
  await reaches(page, 'ready');
  expect(await text(page, '#controls')).toContain('60,000 need another 8 MB of data.');
  expect(await value(page, '#train')).toBe('600');
  // Other data are there within a frame or two: every state is taken down.
  const states = await page.evaluateHandle(() => {
    const seen: (string | undefined)[] = [];
    const record = () => seen.push(document.body.dataset.state);
    new MutationObserver(record).observe(document.body, { attributeFilter: ['data-state'] });
    return seen;
  });
  const changes = async (name: string, value: string) => {
    await states.evaluate((seen) => (seen.length = 0));
    await page.select(`#${name}`, value);
    await page.waitForFunction(
      (seen) => seen.includes('compiling') && seen.at(-1) === 'ready',
      { timeout: 60_000 },
      states,
    );
    expect(await text(page, '#play')).toBe('Train from scratch');
  };
  await changes('train', '10000');
  expect(new URL(page.url()).searchParams.get('train')).toBeNull();
  await changes('batch', '64');
  await click(page, '#step-once');
  await page.waitForFunction(() => document.querySelector('#stat-epoch')!.textContent!.endsWith('of 3'));
  await reaches(page, 'paused');
  expect(errors).toEqual([]);
});

it('takes a learning rate of 0 at its word, and shows it; of 40 test images the last one is the hundredth', async () => {
  const { page, errors } = await openPage(
    'mnist-cnn/?data=synthetic&train=600&test=40&batch=16&rate=0&start=scratch&image=100',
  );
  await reaches(page, 'ready');
  expect(await text(page, '#rate-value')).toBe('0');
  await expect.poll(() => text(page, '#seen-caption')).toBe('test image 39');
  expect(await text(page, '#stat-optimizer')).toBe('Adam, learning rate 0');
  const before = await text(page, '#loss-values .test b');
  for (const step of [1, 2]) {
    await click(page, '#step-once');
    await page.waitForFunction(
      (wanted) => document.querySelector('#stat-step')!.textContent === String(wanted),
      {},
      step,
    );
  }
  await click(page, '#play');
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 5);
  await click(page, '#play');
  await reaches(page, 'paused');
  expect(await text(page, '#loss-values .test b')).toBe(before);
  expect(new URL(page.url()).searchParams.get('rate')).toBe('0');
  expect(errors).toEqual([]);
});

it('says what to do where WebGPU is missing', async () => {
  const { page, errors } = await openPage('');
  await page.evaluateOnNewDocument(() =>
    Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }),
  );
  await page.goto(new URL('mnist-cnn/', page.url()).href, { waitUntil: 'load' });
  await page.waitForSelector('.missing[role=alert]'); // a script that is loaded later
  const advice = await text(page, '.missing');
  expect(advice).toContain('No WebGPU here');
  expect(advice).toMatch(/Chrome[^]*Safari[^]*Firefox/);
  expect(await page.$('#play')).toBeNull();
  // What needs no GPU is there: words, shaders, and a recorded run.
  expect(await text(page, '#lesson')).toContain('A convolution lays a small filter');
  await page.waitForFunction(() =>
    document.querySelector('#lesson-code')!.textContent!.includes('Convolution 1: naive'),
  );
  await page.waitForSelector('.playback canvas');
  expect(await text(page, '.playback')).toMatch(/A recorded run of .*5,994 weights/);
  expect(errors).toEqual([]);
});

it('goes on from its last checkpoint when the GPU is lost', async () => {
  await close(); // the pages before have nothing to do with it
  const { page } = await openPage(`mnist-cnn/?${SMALL}&play=1`);
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 3);
  await loseGpu(page);
  await page.waitForFunction(() =>
    document.querySelector('#notices')!.textContent!.includes('The GPU was lost'),
  );
  const step = await number(page, '#stat-step');
  await page.waitForFunction(
    (before) => Number(document.querySelector('#stat-step')!.textContent) > before + 2,
    {},
    step,
  );
  expect(await page.$('.failure')).toBeNull();
  expect(await page.evaluate(() => document.body.dataset.state)).toBe('running');
});
