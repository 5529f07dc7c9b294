import type { Page } from 'puppeteer-core';

/** Opens the list of the training step's graph, and gives the kernel of each dispatch. */
export async function kernelsOfStep(page: Page): Promise<(string | null)[]> {
  await page.$eval('#step', (step) => step.scrollIntoView());
  const tab = await page.waitForSelector('#graph-tab-4', { timeout: 30_000 });
  await tab!.evaluate((button) => (button as HTMLElement).click());
  await page.waitForSelector('#dispatches button', { timeout: 30_000 });
  return page.$$eval('#dispatches button', (list) => list.map((each) => each.textContent));
}
