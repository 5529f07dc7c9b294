import { preview } from 'vite';
import type { TestProject } from 'vitest/node';
import { builtSite } from './buildSite.ts';
import { launchChromium } from './chromium.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** The address of the built site, with a slash at the end. */
    site: string;
    /** The address of the same site under the content security policy STRICT_POLICY. */
    strictSite: string;
    /** The folder of the built site. */
    siteFolder: string;
    /** Where puppeteer reaches the one browser of the run. */
    browserEndpoint: string;
  }
}

/** Nothing inline, nothing evaluated, nothing from elsewhere: what a careful host may send with the site. */
export const STRICT_POLICY = [
  "default-src 'self'",
  "script-src 'self'",
  "style-src 'self'",
  "worker-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data: blob:",
  "object-src 'none'",
  "base-uri 'none'",
].join('; ');

/** Before the browser tests: build the site as users get it, serve it, start one browser for all test files. */
export async function setup(project: TestProject): Promise<() => Promise<void>> {
  const { folder: outDir, remove } = await builtSite();
  const undo = [remove];
  const teardown = async () => {
    while (undo.length > 0) await undo.pop()!();
  };
  try {
    const server = await preview({ mode: 'production', build: { outDir }, logLevel: 'warn' });
    undo.push(() => server.close());
    const strict = await preview({
      mode: 'production',
      build: { outDir },
      logLevel: 'warn',
      preview: { headers: { 'content-security-policy': STRICT_POLICY } },
    });
    undo.push(() => strict.close());
    const browser = await launchChromium();
    undo.push(() => browser.close());
    project.provide('site', server.resolvedUrls!.local[0]);
    project.provide('strictSite', strict.resolvedUrls!.local[0]);
    project.provide('siteFolder', outDir);
    project.provide('browserEndpoint', browser.wsEndpoint());
  } catch (error) {
    await teardown();
    throw error;
  }
  return teardown;
}
