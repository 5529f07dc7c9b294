import { fileURLToPath } from 'node:url';
import { connect } from 'puppeteer-core';
import type { Browser, Page } from 'puppeteer-core';
import { build } from 'vite';
import { inject, TestRunner } from 'vitest';
import { afterEveryFile, afterEveryTest } from '../helpers/everyFile.ts';
import { openUrl } from './chromium.ts';
import type { OpenPage, View } from './chromium.ts';

export { screenshot } from './chromium.ts';
export type { OpenPage, View } from './chromium.ts';

let browser: Promise<Browser> | undefined;
/** Of the present test, and of the present file. */
const pages = { test: [] as Page[], file: [] as Page[] };

/**
 * Opens a page of the built site in the run's browser: `openPage('')` is the gallery, `openPage('mnist/')` the demo
 * demos/mnist, seen as `view` says. The page is closed after the test that opens it, so that its training takes no time from
 * the next one; a page opened outside of tests is closed after the file. `errors` collects what went wrong on the page:
 *
 * ```ts
 * const { page, errors } = await openPage('mnist/');
 * await page.waitForFunction(() => document.querySelector('[role=status]')?.textContent?.includes('accuracy'));
 * expect(errors).toEqual([]);
 * await screenshot(page, 'out/mnist.png', { width: 390, height: 844, dark: true });
 * ```
 */
export async function openPage(path: string, view?: View): Promise<OpenPage> {
  browser ??= connect({ browserWSEndpoint: inject('browserEndpoint') });
  const opened = await openUrl(await browser, new URL(path, inject('site')).href, view);
  pages[TestRunner.getCurrentTest() ? 'test' : 'file'].push(opened.page);
  return opened;
}

/** A file of this folder and all that it imports, as one script that a page or a worker can run. */
export async function scriptOf(file: string): Promise<string> {
  const entry = fileURLToPath(new URL(file, import.meta.url));
  const built = await build({
    configFile: false,
    logLevel: 'warn',
    build: { write: false, lib: { entry, formats: ['iife'], name: 'script' } },
  });
  return (built as { output: { code: string }[] }[])[0].output[0].code;
}

/** Ends the browser's GPU process, as a driver that crashes does. */
export async function loseGpu(page: Page): Promise<void> {
  const session = await page.browser().target().createCDPSession();
  const { processInfo } = await session.send('SystemInfo.getProcessInfo');
  process.kill(processInfo.find(({ type }) => type === 'GPU')!.id, 'SIGKILL');
}

const closeAll = (list: Page[]) => Promise.all(list.splice(0).map((page) => page.isClosed() || page.close()));

/** Closes the pages that this test file has opened; happens by itself at its end. */
export async function close(): Promise<void> {
  await closeAll(pages.test);
  await closeAll(pages.file);
  await (await browser)?.disconnect();
  browser = undefined;
}

afterEveryTest(async () => void (await closeAll(pages.test)));
afterEveryFile(close);
