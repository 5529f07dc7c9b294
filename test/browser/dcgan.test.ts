import type { Page } from 'puppeteer-core';
import { beforeAll, describe, expect, it } from 'vitest';
import { close, loseGpu, openPage } from './harness.ts';
import { kernelsOfStep } from './stepList.ts';

/** Few, synthetic images and small batches: the same bytes everywhere, and steps that a CPU takes quickly. */
const SMALL = 'data=synthetic&train=640&batch=4&start=scratch';

const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const number = async (page: Page, selector: string) =>
  Number.parseFloat((await text(page, selector)).replaceAll(',', '').replace('−', '-'));
const click = (page: Page, selector: string) =>
  page.$eval(selector, (element) => (element as HTMLElement).click());
const reaches = async (page: Page, state: string) => {
  const reached = await page.waitForFunction(
    (wanted) => [wanted, 'failed'].find((each) => each === document.body.dataset.state),
    { timeout: 90_000 },
    state,
  );
  // A page that has stopped says why.
  if ((await reached.jsonValue()) !== state) throw new Error(await text(page, '.failure'));
};
const stepIs = (page: Page, step: number) =>
  page.waitForFunction(
    (wanted) => document.querySelector('#status')!.textContent === `Paused after step ${wanted}.`,
    { timeout: 60_000 },
    step,
  );

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

/** What each network's box says about its weights since the last pause, and how often it was updated. */
async function learned(page: Page): Promise<Record<string, { updates: number; moved: string }>> {
  const of = async (name: string) => ({
    updates: await number(page, `#${name}-updates`),
    moved: await text(page, `#${name}-moved`),
  });
  return { generator: await of('generator'), discriminator: await of('discriminator') };
}

describe('the page of the DCGAN', () => {
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ page, errors } = await openPage(`dcgan/?${SMALL}`));
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

  it('draws noise, generated and real images from GPU memory, with an opinion on each', async () => {
    for (const canvas of ['#flow-noise', '#flow-fake', '#flow-real', '#flow-gradient', '#fakes', '#reals']) {
      expect([canvas, (await look(page, canvas)).colours > 10]).toEqual([canvas, true]);
    }
    const labels = await page.$$eval('#reals button', (cells) => cells.map((cell) => cell.ariaLabel));
    expect(labels).toHaveLength(64);
    expect(labels[63]).toMatch(/^Real image 64: \d+ % real to the discriminator$/);
    expect(await text(page, '#verdict-fake')).toMatch(/^\d+ % real$/);
    // Untrained networks make nothing but blots: nothing has collapsed.
    await page.waitForFunction(() => document.querySelector('#effective')!.textContent !== '–');
    expect(await text(page, '#collapse')).toBe('');
  });

  it('lists the kernels of a step, and shows those that are new here', async () => {
    const { length: rows } = await kernelsOfStep(page);
    expect(await text(page, '#step-text')).toMatch(
      new RegExp(`^${rows} dispatches in one submit: both networks learn`),
    );
    const tabs = await page.$$eval('#lesson-tabs button', (list) => list.map((tab) => tab.textContent));
    expect(tabs).toEqual(expect.arrayContaining(['Transposed convolution', 'Batch normalization', 'Adam']));
    await page.$eval('#lesson-code', (element) => element.scrollIntoView({ block: 'center' })); // loaded when it is seen
    await page.waitForSelector('#lesson-code .line');
  });

  it('changes the weights of both networks, or of one alone', async () => {
    const fakes = async () => (await look(page, '#fakes')).pixels;
    const changed = expect.stringMatching(/^changed by \d/);
    const expectLearned = async (generator: object, discriminator: object) => {
      await expect.poll(() => learned(page), { timeout: 10_000 }).toEqual({ generator, discriminator });
    };
    await click(page, '#step-once');
    await stepIs(page, 1);
    await expectLearned({ updates: 1, moved: changed }, { updates: 1, moved: changed });

    const before = await fakes();
    await click(page, '#part [value=discriminator]');
    await click(page, '#step-once');
    await stepIs(page, 2);
    await expectLearned({ updates: 1, moved: 'did not change' }, { updates: 2, moved: changed });
    expect(await text(page, '#step-text')).toContain('only the discriminator learns');

    await click(page, '#part [value=generator]');
    await click(page, '#step-once');
    await stepIs(page, 3);
    await expectLearned({ updates: 2, moved: changed }, { updates: 2, moved: 'did not change' });
    expect(await fakes()).not.toBe(before);
    expect(new URL(page.url()).searchParams.get('part')).toBe('generator');
    await click(page, '#part [value=both]');
    // Its step was compiled before: the graph turns back to it at once.
    await expect.poll(() => text(page, '#step-text')).toContain('both networks learn');
  });

  it('shows the gradients of all samples, and the samples of earlier steps', async () => {
    const fakes = async () => (await look(page, '#fakes')).pixels;
    const now = await fakes();
    await click(page, '#pictured [value=gradients]');
    await expect.poll(fakes, { timeout: 10_000 }).not.toBe(now);
    expect(await number(page, '#strongest')).toBeGreaterThan(0);
    const gradients = await fakes();
    await page.focus('#history input');
    await page.keyboard.press('Home');
    expect(await text(page, '#history output')).toBe('step 0');
    expect(await page.$eval('#pictured [value=images]', (radio) => (radio as HTMLInputElement).checked)).toBe(
      true,
    );
    await expect.poll(fakes, { timeout: 10_000 }).not.toBe(gradients);
    const first = await fakes();
    expect(first).not.toBe(now);
    await page.keyboard.press('End');
    expect(await text(page, '#history output')).toBe('now, step 3');
    await page.$eval('#history input', (slider) => (slider as HTMLElement).blur());
    await expect.poll(fakes, { timeout: 10_000 }).toBe(now);
  });

  it('trains without reading back every step, and pauses', async () => {
    const worker = page.workers()[0];
    // The losses and the discriminator's outputs are read back from time to time, all weights seldom, images never.
    await worker.evaluate(() => {
      const counts = { maps: 0, images: 0, submits: 0 };
      Object.assign(globalThis, { counts });
      const { mapAsync } = GPUBuffer.prototype;
      GPUBuffer.prototype.mapAsync = function (...args) {
        counts.maps++;
        return mapAsync.apply(this, args);
      };
      const { getMappedRange } = GPUBuffer.prototype;
      GPUBuffer.prototype.getMappedRange = function (...args) {
        const range = getMappedRange.apply(this, args);
        if (range.byteLength === 64 * 28 * 28 * 4) counts.images++;
        return range;
      };
      const { submit } = GPUQueue.prototype;
      GPUQueue.prototype.submit = function (...args) {
        counts.submits++;
        return submit.apply(this, args);
      };
    });
    const counted = () =>
      worker.evaluate(() => (globalThis as unknown as { counts: Record<string, number> }).counts);
    const start = Date.now();
    await click(page, '#play');
    await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) >= 40, {
      timeout: 90_000,
    });
    const { maps, images, submits } = await counted();
    const seconds = (Date.now() - start) / 1000;
    expect(submits).toBeGreaterThan(37);
    expect(maps / seconds).toBeLessThan(20);
    expect(images).toBe(0);
    await click(page, '#play');
    await reaches(page, 'paused');
    await page.waitForFunction(() =>
      /Paused after step \d+/.test(document.querySelector('#status')!.textContent!),
    );
    const step = await number(page, '#stat-step');
    await new Promise((resolve) => setTimeout(resolve, 600));
    expect(await number(page, '#stat-step')).toBe(step);
    const losses = ['#loss-values .discriminator b', '#loss-values .generator b'];
    for (const selector of losses) {
      const value = await number(page, selector);
      expect(value).toBeGreaterThan(0);
      expect(value).toBeLessThan(20);
    }
    expect(await number(page, '#stat-milliseconds')).toBeGreaterThan(0);
    expect(await text(page, '#diagnosis')).toMatch(/far ahead/);
    const { generator, discriminator } = await learned(page);
    expect([generator.updates, discriminator.updates]).toEqual([step - 1, step - 1]);
  });

  it('goes through a step stage by stage', async () => {
    await click(page, '#pace [value=stage]');
    await click(page, '#play');
    const seen: string[] = [];
    for (const caption of ['1.', '4.', '6.']) {
      await page.waitForFunction(
        (begin) => document.querySelector('#flow .caption')!.textContent!.startsWith(begin),
        { polling: 50 },
        caption,
      );
      seen.push(
        await page.$eval('#flow .lit, #flow .learning', (element) => (element as HTMLElement).dataset.stage!),
      );
    }
    expect(seen).toEqual(['noise', 'judge', 'generate']);
    await click(page, '#play');
    await reaches(page, 'paused');
    await page.waitForFunction(() => !document.querySelector('#flow.slow'));
    await click(page, '#pace [value=full]');
  });

  it('walks between samples with mouse and keyboard', async () => {
    await page.$eval('#walk-section', (section) => section.scrollIntoView({ behavior: 'instant' }));
    const opinion = () => text(page, '#walk-opinion');
    await page.waitForFunction(() => /\d/.test(document.querySelector('#walk-opinion')!.textContent!), {
      timeout: 60_000,
    });
    expect((await look(page, '#map')).colours).toBeGreaterThan(20);
    const middle = (await look(page, '#walk')).pixels;
    const box = (await (await page.$('#walk-pad'))!.boundingBox())!;
    await page.mouse.move(box.x + box.width / 2, box.y + box.height / 2);
    await page.mouse.down();
    await page.mouse.move(box.x + box.width * 0.93, box.y + box.height * 0.07, { steps: 3 });
    await page.mouse.up();
    await page.waitForFunction(() => new URL(location.href).searchParams.get('x') === '1');
    const corner = (await look(page, '#walk')).pixels;
    expect(corner).not.toBe(middle);
    await page.focus('#walk-pad');
    await page.keyboard.press('ArrowLeft');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('x') === '0.98');
    await page.keyboard.press('Home');
    await page.waitForFunction(() => new URL(location.href).searchParams.get('x') === null);
    await expect.poll(async () => (await look(page, '#walk')).pixels, { timeout: 10_000 }).toBe(middle);
    expect(await opinion()).toMatch(/^\d+ %$/);
  });

  it('counts the digits that a trained classifier finds', async () => {
    const counts = await page.$$eval('#columns .value', (list) =>
      list.map((each) => Number(each.textContent)),
    );
    expect(counts.reduce((sum, each) => sum + each, 0)).toBe(64);
    const shares = counts.filter((each) => each > 0).map((each) => each / 64);
    const entropy = -shares.reduce((sum, share) => sum + share * Math.log(share), 0);
    expect(await number(page, '#entropy')).toBeCloseTo(entropy, 1);
    expect(await page.$eval('#fakes button', (cell) => cell.ariaLabel)).toMatch(/, read as \d, \d+ % sure$/);
  });

  it('fits a phone, in the dark too', async () => {
    await page.setViewport({ width: 390, height: 844 });
    await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
    await expect.poll(() => page.evaluate(() => document.documentElement.scrollWidth)).toBe(390);
    await page.setViewport({ width: 1280, height: 800 });
  });

  it('begins again, and keeps its settings in the address', async () => {
    await page.$eval('#grate', (rate) => {
      (rate as HTMLInputElement).value = '-3.3';
      rate.dispatchEvent(new Event('input', { bubbles: true }));
    });
    await page.$eval('#loss', (loss) => {
      (loss as HTMLSelectElement).value = 'minimax';
      loss.dispatchEvent(new Event('change', { bubbles: true }));
    });
    await page.waitForFunction(() => document.querySelector('#stat-step')!.textContent === '0');
    await reaches(page, 'ready');
    const query = new URL(page.url()).searchParams;
    expect([query.get('grate'), query.get('loss'), query.get('batch')]).toEqual(['0.0005', 'minimax', '4']);
    expect(query.get('seed')).toBeNull();
    await click(page, '#step-once');
    await stepIs(page, 1);
    // log(1 − D(G(z))) is below 0.
    await expect.poll(() => number(page, '#loss-values .generator b')).toBeLessThan(0);
    const copy = await openPage(`dcgan/${new URL(page.url()).search}&preset=nonsense`);
    await copy.page.waitForSelector('#preset option');
    const controls = (each: Page) =>
      Promise.all(
        ['#preset', '#grate', '#loss', '#batch', '#seed'].map((selector) =>
          each.$eval(selector, (element) => (element as HTMLInputElement).value),
        ),
      );
    expect(await controls(copy.page)).toEqual(await controls(page));
    expect((await controls(page))[0]).toBe('small');
  });

  it('had nothing to complain about', async () => {
    expect(errors).toEqual([]);
    // Such as buffers of a network that is gone, which the GPU reports a while after the draw.
    expect(await page.$$eval('.failure', (alerts) => alerts.map((alert) => alert.textContent))).toEqual([]);
    expect(await page.evaluate(() => document.body.dataset.state)).not.toBe('failed');
  });
});

it('opens on trained networks, whose digits a classifier reads with confidence', async () => {
  await close(); // the page before has nothing to do with it
  const { page, errors } = await openPage('dcgan/?data=synthetic&train=640');
  await reaches(page, 'ready');
  expect(await text(page, '#status')).toMatch(/are trained/);
  expect(await text(page, '#play-label')).toBe('Train from scratch');
  // It reads them after the first look.
  await expect.poll(() => number(page, '#confidence'), { timeout: 60_000 }).toBeGreaterThan(70);
  expect(await number(page, '#effective')).toBeGreaterThan(6);
  expect(await text(page, '#stat-optimizer')).toBe('Adam, learning rates 0.001 and 0.001');
  expect(await text(page, '#collapse')).toBe('');
  expect(errors).toEqual([]);
});

it('says what to do where WebGPU is missing', async () => {
  await close(); // the page before has nothing to do with it
  const { page, errors } = await openPage('');
  await page.evaluateOnNewDocument(() =>
    Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }),
  );
  await page.goto(new URL('dcgan/', page.url()).href, { waitUntil: 'load' });
  await page.waitForSelector('.missing[role=alert]'); // a script that is loaded later
  expect(await text(page, '.missing')).toContain('No WebGPU here');
  expect(await page.$('#play')).toBeNull();
  expect(errors).toEqual([]);
});

it('goes on from its last checkpoint when the GPU is lost', async () => {
  await close();
  const { page } = await openPage(`dcgan/?${SMALL}&play=1`);
  await page.waitForFunction(() => Number(document.querySelector('#stat-step')!.textContent) > 3, {
    timeout: 60_000,
  });
  await loseGpu(page);
  await page.waitForFunction(
    () => document.querySelector('#notices')!.textContent!.includes('The GPU was lost'),
    {
      timeout: 60_000,
    },
  );
  const step = await number(page, '#stat-step');
  await page.waitForFunction(
    (before) => Number(document.querySelector('#stat-step')!.textContent) > before + 2,
    { timeout: 60_000 },
    step,
  );
  expect(await page.$('.failure')).toBeNull();
  expect(await page.evaluate(() => document.body.dataset.state)).toBe('running');
  // The first pause since the start, which was no pause either: the weights have moved since then.
  await click(page, '#play');
  await reaches(page, 'paused');
  for (const name of ['generator', 'discriminator']) {
    await expect
      .poll(() => text(page, `#${name}-moved`), { timeout: 10_000 })
      .toMatch(/^changed by (?!0$)[\d.]+$/);
  }
  for (const panel of ['#fakes', '#flow-gradient']) {
    await expect.poll(async () => (await look(page, panel)).colours, { timeout: 10_000 }).toBeGreaterThan(10);
  }
});
