// `npm run site:previews [-- --site out/site] [PAGE…]`: a picture of each page for the gallery and for links to it.
// See demos/README.md.
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { parseArgs } from 'node:util';
import type { Browser, Page } from 'puppeteer-core';
import { createServer, preview } from 'vite';
import { launchChromium, openUrl } from '../../test/browser/chromium.ts';
import { PAGES } from '../frame/pages.ts';

/** What there is to see of a page at a good moment. */
interface Moment {
  /** Of its address. */
  readonly query: string;
  /** The element that is scrolled to the top. */
  readonly at: string;
  /** Runs in the page: whether the moment has come. */
  readonly ready: () => boolean;
}

const isReady = (): boolean => ['ready', 'paused', 'done'].includes(document.body.dataset.state ?? '');

/** Pages open on trained networks: what they show then is the good moment. */
const MOMENTS: Readonly<Record<string, Moment>> = {
  points: { query: '', at: '.bar', ready: isReady },
  tables: { query: '', at: '.bar', ready: isReady },
  sequences: { query: '', at: '.bar', ready: isReady },
  'mnist-cnn': { query: '', at: '.bar', ready: isReady },
  grokking: { query: '', at: '.bar', ready: isReady },
  text: {
    query: '',
    at: '.bar',
    ready: () => (document.querySelector<HTMLTextAreaElement>('#text')?.value.length ?? 0) > 250,
  },
  autoencoder: { query: '', at: '.bar', ready: isReady },
  vae: {
    query: '',
    at: '.bar',
    ready: () => /in use/.test(document.querySelector('#informed-text')?.textContent ?? ''),
  },
  flow: {
    query: '?way=noise',
    at: '.bar',
    ready: () => /nats/.test(document.querySelector('#entropy')?.textContent ?? ''),
  },
  dcgan: {
    query: '',
    at: '.bar',
    ready: () => /\d/.test(document.querySelector('#mean-fake')?.textContent ?? ''), // what comes after its first look
  },
  explorer: {
    query: '?kernel=matmul/2_tiled&view=step&all=1&moves=15&lane=5',
    at: '.where',
    ready: () => document.querySelector('.lanes') !== null,
  },
  bench: { query: '?models=quick&peers=0&samples=3&play=1', at: '.roof', ready: isReady },
};
/** Its folder is that of the pages. */
const GALLERY = '.';
/** Any other page as it opens. */
const OPENED: Moment = { query: '', at: 'main', ready: () => true };
/** A lesson as it opens, with its numbers. */
const LESSON: Moment = { query: '', at: 'main', ready: isReady };
const isLesson = (name: string): boolean => name.startsWith('lessons/');

/** 1200 × 630 device pixels, as links to the page are shown. */
const VIEW = { width: 1000, height: 525, deviceScaleFactor: 1.2 };
const SCHEMES = { light: 'preview.png', dark: 'preview-dark.png' } as const;
/** The list of lessons has drawings of its own: the pictures of lessons are for links alone, light, and a few kB each. */
const LESSON_VIEW = { width: 1200, height: 630, deviceScaleFactor: 0.5 };
const LESSON_SCHEMES = { light: 'preview.webp' } as const;
const WEBP_QUALITY = 50;
/** For the last panels to be drawn, and for colours to change. */
const SETTLE_MS = 3000;
const MOST_MS = 240_000;

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { site: { type: 'string' } },
});
const folder = values.site ?? join(import.meta.dirname, '..');
/** The gallery last: it shows pictures of the others. */
const pages = [...PAGES.map((page) => page.folder), GALLERY].filter(
  (page) => positionals.length === 0 || positionals.includes(page),
);

let browser: Browser;
try {
  browser = await launchChromium();
} catch (error) {
  // The build continues: the pictures are then those of the repository.
  console.warn(`No browser, no new previews: ${(error as Error).message}`);
  process.exit(values.site ? 0 : 1);
}
const server = values.site
  ? await preview({
      build: { outDir: join(process.cwd(), values.site) },
      preview: { host: '127.0.0.1' },
      logLevel: 'warn',
    })
  : await (await createServer({ server: { host: '127.0.0.1' }, logLevel: 'warn' })).listen();
try {
  for (const page of pages) await take(page, MOMENTS[page] ?? (isLesson(page) ? LESSON : OPENED));
} finally {
  await browser.close();
  await server.close();
}

async function take(name: string, { query, at, ready }: Moment): Promise<void> {
  // Without the service worker of another page, which keeps the pictures of before.
  const context = await browser.createBrowserContext();
  const [view, schemes] = isLesson(name) ? [LESSON_VIEW, LESSON_SCHEMES] : [VIEW, SCHEMES];
  const { page, errors } = await openUrl(context, `${server.resolvedUrls!.local[0]}${name}/${query}`, view);
  try {
    await page.setViewport(view);
    await page.waitForFunction(ready, { timeout: MOST_MS, polling: 500 });
    // This browser has no GPU; readers' browsers do.
    await page.$$eval('#notices', (all) => all.forEach((notices) => notices.replaceChildren()));
    await page.$eval(at, (element) => {
      scrollTo({ top: element.getBoundingClientRect().top + scrollY - 16, behavior: 'instant' });
    });
    for (const [scheme, file] of Object.entries(schemes)) await shoot(page, scheme, join(folder, name, file));
  } catch (error) {
    process.exitCode = values.site ? 0 : 1; // a built site has the pictures of the repository
    console.error(`${name}: ${(error as Error).message}`);
  }
  for (const error of errors) console.error(`${name}: ${error}`);
  await context.close();
}

async function shoot(page: Page, scheme: string, file: string): Promise<void> {
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: scheme }]);
  await sleep(SETTLE_MS);
  const quality = file.endsWith('.webp') ? WEBP_QUALITY : undefined;
  await page.screenshot({ path: file as `${string}.png`, quality });
  console.log(file);
}
