import type { Page } from 'puppeteer-core';
import { beforeAll, expect, it } from 'vitest';
import { problems } from './axe.ts';
import { openPage } from './harness.ts';
import { busiestTask, layoutShifts, LONGEST_TASK, scriptsOf } from './measure.ts';

/** What the tests of all pages rely on: that each measure finds the fault that it is there for. */
let page: Page;
beforeAll(async () => {
  ({ page } = await openPage('', { width: 1280, height: 800 }));
  await page.evaluate(() => document.body.replaceChildren());
});

it('a task that takes the main thread for longer than a page may is found', async () => {
  const busy = await busiestTask(page, () =>
    page.evaluate(
      (rounds) =>
        new Promise<number>((resolve) => {
          setTimeout(() => {
            let sum = 0;
            // So much work, not so much time: the main thread may wait for a core meanwhile.
            for (let i = 0; i < rounds; i++) sum = (sum + Math.imul(i, i)) | 0;
            resolve(sum);
          });
        }),
      1e9,
    ),
  );
  expect(busy).toBeGreaterThan(LONGEST_TASK);
  const idle = await busiestTask(page, () => new Promise((resolve) => setTimeout(resolve, 50)));
  expect(idle).toBeLessThan(LONGEST_TASK);
});

it('what moves on a page is found, and where it stands', async () => {
  await page.evaluate(async () => {
    const text = document.createElement('p');
    text.id = 'pushed';
    text.textContent = 'a line of text '.repeat(50);
    document.body.append(text);
    const painted = () => new Promise((resolve) => requestAnimationFrame(() => setTimeout(resolve, 50)));
    await painted();
    const above = document.createElement('div');
    above.style.height = '300px';
    text.before(above);
    await painted();
  });
  expect((await layoutShifts(page, 0.001)).join()).toMatch(/0\.\d+ after \d+ ms: p in #pushed/);
  expect(await layoutShifts(page, 1)).toEqual([]);
});

it('what is in the way of some readers is found, in light and in dark', async () => {
  expect(await problems(page, '#pushed')).toEqual([]);
  await page.evaluate(() => {
    const faults = document.createElement('div');
    faults.id = 'faults';
    const [image, words] = [document.createElement('img'), document.createElement('p')];
    image.src = 'data:,';
    words.textContent = 'Words that one can hardly read';
    words.style.cssText = 'background: #808080; color: #888888';
    faults.append(image, words);
    document.body.append(faults);
  });
  const found = (await problems(page)).map((problem) => problem.split(':')[0]);
  expect(found).toEqual(
    expect.arrayContaining(['light image-alt', 'light color-contrast', 'dark color-contrast']),
  );
});

it.each([
  ['', false],
  ['?start=scratch', true],
])('scripts count until a trained network is drawn, else all: points/%s', async (query, withTraining) => {
  const { page: tab } = await openPage(`points/${query}`);
  const isEvaluated = () => /\d/.test(document.querySelector('#stat-accuracy')!.textContent!);
  await tab.waitForFunction(isEvaluated, { timeout: 60_000 }); // by what trains it
  const scripts = (await scriptsOf(tab)).map((url) => url.split('/').at(-1)!);
  expect(scripts.filter((name) => name.startsWith('worker-'))).toHaveLength(1);
  expect(scripts.some((name) => name.startsWith('training-'))).toBe(withTraining);
});
