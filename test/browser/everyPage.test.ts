import type { Page } from 'puppeteer-core';
import { afterEach, describe, expect, inject, it } from 'vitest';
import { problems } from './axe.ts';
import { close, openPage } from './harness.ts';
import { busiestTask, layoutShifts, scriptBytes } from './measure.ts';
import { opened, reaches, SITE_PAGES, stepOf, trainsPast } from './sitePages.ts';
import type { SitePage } from './sitePages.ts';

/** Of script before lazy parts, the page's and its worker's together. */
const MOST_SCRIPT = 150_000;
/** Pages that train bring the engine with all names that a model may be made of: see README.md of the pages. */
const MOST_SCRIPT_OF_TRAINING = 270_000;
/** Seconds of CPU that a task may take from the reader. */
const LONGEST_TASK = 0.1;
/** What may move: a number that is as wide as its digits. */
const MOST_SHIFT = 0.001;

/** Opens a page under a strict content security policy, in a window of this width. */
async function open(page: SitePage, width = 1280, query = '') {
  const address = query ? `${page.address}${page.address.includes('?') ? '&' : '?'}${query}` : page.address;
  const view = { width, height: 800 };
  const { page: tab, errors } = await openPage(`${inject('strictSite')}${address}`, view);
  await opened(tab, page).catch((error) => {
    throw new Error(`${page.address} is not ready. ${errors.join('\n')}`, { cause: error });
  });
  return { tab, errors };
}

const click = (tab: Page, selector: string) =>
  tab.$eval(selector, (button) => (button as HTMLElement).click());
const name = ({ path }: SitePage) => path || 'the gallery';

describe.each(SITE_PAGES.map((page) => [name(page), page] as const))('%s', (_, page) => {
  afterEach(close); // each computes alone

  it('opens, trains and explains itself: nothing fails, moves, or is in the way of anybody', async () => {
    const { tab, errors } = await open(page);
    expect.soft(await scriptBytes(tab)).toBeLessThan(page.trains ? MOST_SCRIPT_OF_TRAINING : MOST_SCRIPT);
    const controls = await tab.$('#play');
    if (controls) {
      const task = await busiestTask(tab, async () => {
        await tab.keyboard.press('k');
        if (page.trains) {
          await trainsPast(tab, 3);
          await tab.keyboard.press('k');
          await reaches(tab, 'paused');
        } else {
          await new Promise((resolve) => setTimeout(resolve, 500));
          await tab.keyboard.press('k');
        }
      });
      expect.soft(task).toBeLessThan(LONGEST_TASK);
    }
    expect.soft(await layoutShifts(tab)).toEqual([]);
    expect.soft(await problems(tab)).toEqual([]);
    if (await tab.$('#help-open')) {
      await tab.keyboard.press('?');
      await tab.waitForSelector('#help[open]');
      expect.soft(await problems(tab, '#help')).toEqual([]);
      await tab.keyboard.press('Escape');
      await tab.waitForSelector('#help:not([open])');
    }
    expect.soft(errors).toEqual([]);
  });
});
