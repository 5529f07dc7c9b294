import type { Page } from 'puppeteer-core';
import { beforeAll, expect, inject, it } from 'vitest';
import type { createPlayback } from '../../demos/frame/page/playback.ts';
import { openPage, scriptOf } from './harness.ts';

type Scope = typeof globalThis & { createPlayback: typeof createPlayback };

let page: Page;
let errors: string[];

/** Fills the page with the recording of these files. */
const play = (url: string) =>
  page.evaluate(
    async (address) => {
      const element = document.createElement('section');
      document.querySelector('main')!.replaceChildren(element);
      await (globalThis as Scope).createPlayback(element, address);
    },
    new URL(url, inject('site')).href,
  );
const at = () => page.$eval('input', ({ value, ariaValueText }) => ({ value: Number(value), ariaValueText }));
const text = (selector: string) => page.$eval(selector, ({ textContent }) => textContent ?? '');
/** The mean of all bytes of the picture. */
const brightness = () =>
  page.$eval('canvas', (canvas) => {
    const { data } = canvas.getContext('2d')!.getImageData(0, 0, canvas.width, canvas.height);
    return data.reduce((sum, byte) => sum + byte, 0) / data.length;
  });

beforeAll(async () => {
  ({ page, errors } = await openPage('')); // for the colours of the site
  await page.evaluate(await scriptOf('playbackScript.ts'));
});

it.each([
  ['mnist-cnn/trained/quick', 2],
  ['autoencoder/trained/bottleneck-64', 2],
  ['vae/trained/latent-2', 2],
  ['flow/trained/moons', 1],
  ['dcgan/trained/small', 3],
  ['points/trained/moons', 2],
  ['tables/trained/mlp', 2],
  ['sequences/trained/lstm', 2],
])('plays %s back, by keyboard alone', async (url, charts) => {
  await play(url);
  expect((await page.$$('main svg')).length).toBe(charts);
  const end = await at();
  expect(end.value).toBe(15);
  expect(end.ariaValueText).toMatch(/^step ([\d,]+) of \1: .*\d/);
  const trained = await brightness();

  await page.focus('input');
  await page.keyboard.press('Home');
  expect(await at()).toEqual({ value: 0, ariaValueText: expect.stringMatching(/^step 0 of [\d,]+: /) });
  expect(await brightness()).not.toBe(trained);
  await page.keyboard.press('ArrowRight');
  expect((await at()).value).toBe(1);

  await page.focus('main button');
  await page.keyboard.press('Enter');
  expect(await text('main button')).toBe('Pause');
  await page.waitForFunction(() => Number(document.querySelector('input')!.value) >= 3);
  await page.keyboard.press('Enter');
  expect(await text('main button')).toBe('Play');
  const { value } = await at();
  await new Promise((resolve) => setTimeout(resolve, 1000));
  expect((await at()).value).toBe(value);
  expect(await text('.playback > .hint')).toMatch(
    /^A recorded run of .* on (MNIST, 60,000 training images|200 points of two moons|65,536 places of two moons|Breast Cancer Wisconsin|the airline passengers)/,
  );
  expect(errors).toEqual([]);
});

it('takes the colours of the page, in light and dark', async () => {
  await play('mnist-cnn/trained/quick');
  const light = await brightness();
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: 'dark' }]);
  await expect.poll(brightness).toBeLessThan(light - 40); // it is drawn again when the page hears of it
});

it('says so where there is no recording', async () => {
  await play('mnist-cnn/trained/none');
  expect(await text('.notice')).toMatch(/could not be loaded/);
});
