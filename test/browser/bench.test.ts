import { writeFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { ElementHandle, Page } from 'puppeteer-core';
import { afterAll, beforeAll, describe, expect, inject, it } from 'vitest';
import { parseReport } from '../../bench/report/schema.ts';
import { problems } from './axe.ts';
import { openPage } from './harness.ts';

/** All of it under a strict content security policy. As little as shows all that the page does; without the peers, which are not installed everywhere. */
const SMALL = 'models=quick&sizes=16&samples=2&sampleMs=0.2&rounds=1&stretch=1&play=1';

const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 110_000 }, state);
const text = (page: Page, selector: string) => page.$eval(selector, (element) => element.textContent ?? '');
const count = (page: Page, selector: string) => page.$$eval(selector, (list) => list.length);

const clickDot = (page: Page) =>
  page.$eval('#roofline .dot', (dot) => dot.dispatchEvent(new MouseEvent('click', { bubbles: true })));

it('begins with a recorded run, and says so', async () => {
  const { page, errors } = await openPage(`${inject('strictSite')}bench/`);
  await page.waitForFunction(() => document.querySelectorAll('#peers tbody tr').length > 0);
  for (const part of ['roofline', 'ladder', 'peers']) {
    expect(await text(page, `#${part}-source`)).toMatch(/^recorded \d{4}-\d\d-\d\d$/);
  }
  expect(await text(page, '#machine')).toMatch(/was recorded\. Measured on .*, wgrad \w+, /);
  expect(await count(page, '#kernels tbody tr')).toBeGreaterThan(10);
  expect(await count(page, '#ladder dd')).toBeGreaterThan(3);
  expect(await text(page, '#peers')).toContain('jax-js');
  await clickDot(page);
  await page.waitForSelector('#detail-code .wgsl');
  expect(await text(page, '#detail-code')).toContain('@compute');
  expect(await page.$eval('#download', (button) => (button as HTMLButtonElement).disabled)).toBe(true);
  expect(errors).toEqual([]);
});

it('has its choices in the address, where they differ from those at first', async () => {
  const { page, errors } = await openPage('bench/?models=keras,dcgan&ladder=0&samples=3');
  const chosen = () =>
    page.$$eval('#controls input', (boxes) =>
      boxes.filter((box) => box.checked).map((box) => (box.id || box.value).replace('-wanted', '')),
    );
  const query = () => Object.fromEntries(new URL(page.url()).searchParams);
  const click = (selector: string) => page.$eval(selector, (box) => (box as HTMLElement).click());
  expect(await chosen()).toEqual(['keras', 'dcgan', 'peers']);
  await click('#models [value=quick]');
  await click('#peers-wanted');
  expect(query()).toEqual({ models: 'quick,keras,dcgan', ladder: '0', peers: '0', samples: '3' });
  await page.reload();
  expect(await chosen()).toEqual(['quick', 'keras', 'dcgan']);
  for (const name of ['keras', 'dcgan', 'autoencoder']) await click(`#models [value=${name}]`);
  for (const name of ['ladder', 'peers']) await click(`#${name}-wanted`);
  expect(query()).toEqual({ samples: '3' });
  expect(errors).toEqual([]);
});

it('refuses what would run without end, and runs with what it says in its place', async () => {
  const { page, errors } = await openPage(
    'bench/?rounds=Infinity&samples=-1&stretch=1e99&sizes=NaN&sampleMs=&models=&ladder=0&peers=0',
  );
  const notices = () => page.$$eval('#notices .notice', (all) => all.map((own) => own.textContent));
  expect(await notices()).toEqual([
    expect.stringContaining('sizes “NaN”'),
    'The address asks for rounds “Infinity”, which must be a whole number from 1 to 20: 2 is used.',
    expect.stringContaining('samples “-1”'),
    expect.stringContaining('sampleMs “”'),
    expect.stringContaining('stretch “1e99”'),
  ]);
  expect(errors).toEqual([]);
});

describe('the page of the benchmarks', () => {
  const folder = mkdtempSync(join(tmpdir(), 'wgrad-bench-page-'));
  let page: Page;
  let errors: string[];

  beforeAll(async () => {
    ({ page, errors } = await openPage(`${inject('strictSite')}bench/?${SMALL}&peers=0`));
    await reaches(page, 'done');
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('times every kernel of the training, and has found none of them wrong', async () => {
    expect(errors).toEqual([]);
    expect(await text(page, '#notices')).not.toContain('Not timed');
    expect(await text(page, '#status')).toMatch(/^Done in \d+ seconds: \d+ kernels\.$/);
    expect(await count(page, '#kernels tbody tr')).toBeGreaterThan(10);
    expect(await count(page, '#roofline .dot')).toBeGreaterThan(8);
    expect(await page.$eval('#roofline .roofs', (roof) => roof.getAttribute('d'))).toMatch(
      /^M[\d. ]+L[\d. ]+L[\d. ]+$/,
    );
    expect(await text(page, '#machine')).toContain('Limits:');
    expect(await text(page, '#roofline-source')).toBe('measured here');
  });

  it('has the ladder, one bar for each rung', async () => {
    expect(await text(page, '#ladder h3')).toBe('16 × 16 × 16 GFLOP/s');
    expect(await count(page, '#ladder dd .bar .value')).toBeGreaterThan(2);
    expect(await text(page, '#ladder')).toContain('★');
  });

  it('shows the numbers and the shader of a kernel: by its dot, and by keys', async () => {
    await clickDot(page);
    await page.waitForSelector('#detail-code .wgsl');
    const byDot = await text(page, '#detail-title');
    expect(await count(page, '#roofline .dot.selected')).toBe(1);
    const button = (await page.$('#kernels tbody tr:last-child button'))!;
    await button.focus();
    await page.keyboard.press('Enter');
    await page.waitForFunction(
      (before) => document.querySelector('#detail-title')!.textContent !== before,
      {},
      byDot,
    );
    const focused = await page.evaluate(() => document.activeElement?.getAttribute('aria-pressed'));
    expect(focused).toBe('true'); // the table was drawn anew: the focus is where it was
    expect(await text(page, '#detail-stats')).toContain('GFLOP/s');
    expect(await text(page, '#detail-code')).toContain('@compute');
  });

  it('copies the run as Markdown', async () => {
    const copied = await page.evaluate(async () => {
      const written = new Promise<string>((resolve) => {
        navigator.clipboard.writeText = async (markdown) => resolve(markdown);
      });
      document.querySelector<HTMLElement>('#copy')!.click();
      return written;
    });
    expect(copied).toMatch(/^- Device: .*swiftshader/im);
    expect(copied).toMatch(/^\| conv2d /m);
    await page.waitForFunction(() => document.querySelector('#copy')!.textContent === 'Copied');
  });

  it('gives the run as a file, with which it can be compared', async () => {
    const json = await page.evaluate(async () => {
      const create = URL.createObjectURL.bind(URL);
      const file = new Promise<string>((resolve) => {
        URL.createObjectURL = (blob: Blob) => {
          void blob.text().then(resolve);
          return create(blob);
        };
      });
      document.querySelector<HTMLElement>('#download')!.click();
      return file;
    });
    const report = parseReport(json, 'page.json');
    expect(report.device).not.toBe('');
    expect(report.results.length).toBeGreaterThan(10);
    expect(report.limits.maxBufferSize).toBeGreaterThan(0);

    const slower = report.results.map((result, i) =>
      i === 0 ? { ...result, ms: times(result.ms, 1e-3) } : result,
    );
    const file = join(folder, 'old.json');
    writeFileSync(file, JSON.stringify({ ...report, results: slower }));
    const input = (await page.$('#compare')) as ElementHandle<HTMLInputElement>;
    await input.uploadFile(file);
    await page.waitForSelector('#comparison pre');
    expect(await text(page, '#comparison')).toContain('1 slower, 0 faster');
    const other = join(folder, 'other.json');
    writeFileSync(other, '{}');
    await input.uploadFile(other);
    await page.waitForFunction(() =>
      /its schema is/.test(document.querySelector('#comparison')!.textContent ?? ''),
    );
  });

  it('fits a phone', async () => {
    await page.setViewport({ width: 390, height: 844 });
    expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBeLessThanOrEqual(390);
    expect(errors).toEqual([]);
  });
});

const times = (ms: { median: number; q1: number; q3: number }, factor: number) => ({
  ...ms,
  median: ms.median * factor,
  q1: ms.q1 * factor,
  q3: ms.q3 * factor,
});

it('lets wgrad and, where they are installed, its peers take turns; and stops when told to', async () => {
  const { page, errors } = await openPage(`${inject('strictSite')}bench/?${SMALL}&ladder=0&peers=1`);
  await reaches(page, 'running');
  expect(await problems(page)).toEqual([]);
  await page.waitForFunction(() => document.querySelectorAll('#peers tbody tr').length > 0, {
    timeout: 110_000,
  });
  expect(await text(page, '#peers tbody tr')).toMatch(/^small CNNwgrad.*yes$/);
  await page.$eval('#run', (button) => (button as HTMLElement).click());
  await reaches(page, 'done');
  expect(await text(page, '#run')).toBe('Run');
  expect(errors).toEqual([]);
});
