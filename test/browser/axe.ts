import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import type { Page } from 'puppeteer-core';

interface Violation {
  readonly id: string;
  readonly nodes: readonly { readonly html: string; readonly failureSummary: string }[];
}

let source: Promise<string> | undefined;

/**
 * What axe has to say of a page: all of it in light, and of the contrast of colours in dark, too. Without motion, for
 * colours on their way have no contrast of their own.
 *
 * @param within a selector: only of what is in it
 */
export async function problems(page: Page, within = 'body'): Promise<string[]> {
  source ??= readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
  await page.evaluate(await source);
  const found: string[] = [];
  for (const [value, options] of Object.entries({ dark: "{ runOnly: ['color-contrast'] }", light: '{}' })) {
    await page.emulateMediaFeatures([
      { name: 'prefers-color-scheme', value },
      { name: 'prefers-reduced-motion', value: 'reduce' },
    ]);
    const where = JSON.stringify(within === 'body' ? 'html' : within);
    const { violations } = (await page.evaluate(`axe.run(${where}, ${options})`)) as {
      violations: readonly Violation[];
    };
    for (const { id, nodes } of violations) {
      found.push(...nodes.map(({ html, failureSummary }) => `${value} ${id}: ${html} ${failureSummary}`));
    }
  }
  return found;
}
