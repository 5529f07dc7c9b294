import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { launch } from 'puppeteer-core';
import type { Browser, Page } from 'puppeteer-core';
import { chromiumFolder } from '../../src/node/chromiumPackage.ts';

/**
 * Starts a headless browser whose WebGPU computes on SwiftShader: the one that CHROME_PATH names, else an installed
 * Chrome or Chromium, else the Chromium of the npm package @sparticuz/chromium with its own libraries.
 */
export async function launchChromium(): Promise<Browser> {
  const installed = process.env.CHROME_PATH || findInstalled();
  const args = [
    '--no-sandbox', // a container's root has no sandbox; the pages are our own
    '--enable-unsafe-webgpu',
    '--use-webgpu-adapter=swiftshader',
    // A WebGPU canvas is composited only when the page itself is drawn through Vulkan too.
    '--enable-features=Vulkan',
    '--use-vulkan=swiftshader',
    '--use-gl=angle',
    '--use-angle=swiftshader',
    // A curve of a chart is thousands of draw calls, which SwiftShader takes seconds for: what is not WebGPU is drawn by Skia
    // on the CPU, as in a browser without a GPU.
    '--disable-accelerated-2d-canvas',
    '--disable-gpu-rasterization',
    // Each page's test kills the GPU process once; after a few crashes Chromium would do without a GPU.
    '--disable-gpu-process-crash-limit',
    '--disable-domain-blocking-for-3d-apis',
    '--force-color-profile=srgb',
    '--hide-scrollbars',
  ];
  // The drivers chosen for Dawn in this process are not the browser's.
  const { VK_DRIVER_FILES: _, ...env } = process.env;
  if (installed) return launch({ executablePath: installed, headless: true, args, env });

  const folder = chromiumFolder();
  const libraries = [join(folder, 'lib'), folder, process.env.LD_LIBRARY_PATH]
    .filter(Boolean)
    .join(delimiter);
  return launch({
    executablePath: join(folder, 'chromium'),
    headless: 'shell',
    args,
    env: { HOME: tmpdir(), ...env, LD_LIBRARY_PATH: libraries, FONTCONFIG_FILE: join(folder, 'fonts.conf') },
  });
}

function findInstalled(): string | undefined {
  const names = ['google-chrome', 'google-chrome-stable', 'chromium', 'chromium-browser'];
  const inPath = (process.env.PATH ?? '')
    .split(delimiter)
    .flatMap((dir) => names.map((name) => join(dir, name)));
  const programs = [process.env.PROGRAMFILES, process.env['PROGRAMFILES(X86)'], process.env.LOCALAPPDATA];
  return [
    ...inPath,
    '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
    '/Applications/Chromium.app/Contents/MacOS/Chromium',
    ...programs.map((dir) => (dir ? join(dir, 'Google', 'Chrome', 'Application', 'chrome.exe') : '')),
  ].find((file) => file !== '' && existsSync(file));
}

/** A page, and what went wrong on it: uncaught errors, console errors, failed requests. */
export interface OpenPage {
  page: Page;
  errors: string[];
}

/** How a page is looked at. */
export interface View {
  /** In CSS pixels; default 1280 × 800. */
  width?: number;
  height?: number;
  /** As for a reader who prefers dark colours; default false. */
  dark?: boolean;
}

const WINDOW = { width: 1280, height: 800 };

async function look(page: Page, { dark = false, ...size }: View): Promise<void> {
  await page.setViewport({ ...WINDOW, ...size });
  await page.emulateMediaFeatures([{ name: 'prefers-color-scheme', value: dark ? 'dark' : 'light' }]);
}

/** Opens `url`, in the browser's own colours without a view; `errors` keeps growing as the page runs. */
export async function openUrl(
  browser: Pick<Browser, 'newPage'>,
  url: string,
  view?: View,
): Promise<OpenPage> {
  const page = await browser.newPage();
  const errors: string[] = [];
  page.on('pageerror', (error) =>
    errors.push(`uncaught: ${(error as Error).message.replace(/^Uncaught /, '')}`),
  );
  page.on('console', (message) => {
    if (message.type() === 'error') errors.push(`console: ${message.text()}`);
  });
  page.on('requestfailed', (request) => {
    errors.push(`request: ${request.url()} ${request.failure()?.errorText}`);
  });
  await (view ? look(page, view) : page.setViewport(WINDOW)); // Firefox cannot be told which colours are preferred
  await page.goto(url, { waitUntil: 'load' });
  return { page, errors };
}

/** Saves a picture of the whole page, however tall, as PNG; with a view, after changing to it. */
export async function screenshot(page: Page, file: string, view?: View): Promise<void> {
  if (view) await look(page, view);
  await mkdir(dirname(file), { recursive: true });
  await page.screenshot({ path: file as `${string}.png`, fullPage: true });
}
