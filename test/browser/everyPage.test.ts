import type { Page } from 'puppeteer-core';
import { describe, expect, inject, it } from 'vitest';
import { problems } from './axe.ts';
import { openPage } from './harness.ts';
import { busiestTask, layoutShifts, LONGEST_TASK, scriptBytes } from './measure.ts';
import { opened, reaches, SITE_PAGES, trainsPast } from './sitePages.ts';
import type { SitePage } from './sitePages.ts';

/**
 * Bytes of script, the page's and its workers', before what is loaded later: where a page opens with a trained network, what
 * trains it and what draws its curves.
 */
const MOST_SCRIPT = 150_000;
/** What moves while a page opens and plays, as a share of the window: numbers that are as wide as their digits. */
const MOST_SHIFT = 0.001;
/** `npm run test:pages` tries each page on a desk and on a phone; all other runs lessons on a phone, and the rest on a desk. */
const widthsFor = ({ path }: SitePage) =>
  process.env.WGRAD_ALL_WIDTHS ? [1280, 390] : [path.startsWith('lessons/') ? 390 : 1280];

/** Plays by the keyboard alone, and pauses when a training has done some steps, or a lesson some of its own. */
async function play(tab: Page, { trains }: SitePage): Promise<void> {
  await tab.keyboard.press('k');
  if (trains) await trainsPast(tab, 3);
  else await new Promise((resolve) => setTimeout(resolve, 400));
  await tab.keyboard.press('k');
  if (trains) await reaches(tab, 'paused');
}

/** The settings of the address that the page has controls for, as these show them. */
const shownSettings = (tab: Page): Promise<[string, string, string][]> =>
  tab.evaluate(() =>
    [...new URLSearchParams(location.search)].flatMap(([name, wanted]) => {
      const control = document.querySelector<HTMLInputElement>(`input#${name}, select#${name}`);
      return control ? [[name, wanted, control.value] as [string, string, string]] : [];
    }),
  );

/** Ids that several elements have: a label or a script finds the first one only. */
const repeatedIds = (tab: Page): Promise<string[]> =>
  tab.$$eval('[id]', (all) => all.map(({ id }) => id).filter((id, i, ids) => ids.indexOf(id) !== i));

/** What is chosen and looks like what is not, or shows data and has the colour of the page, in a contrast theme. */
async function chosenInContrast(tab: Page): Promise<string[]> {
  const session = await tab.createCDPSession();
  const theme = (value: string) =>
    session.send('Emulation.setEmulatedMedia', { features: [{ name: 'forced-colors', value }] });
  await theme('active');
  const missed = await tab.$$eval(
    '.segments :checked + span, [role=tab][aria-selected=true], .swatch, #play',
    (list) => {
      const canvas = getComputedStyle(document.body).backgroundColor;
      return list
        .filter((each) => each.checkVisibility())
        .filter((each) => [canvas, 'rgba(0, 0, 0, 0)'].includes(getComputedStyle(each).backgroundColor))
        .map((each) => each.outerHTML.slice(0, 80));
    },
  );
  await theme('none');
  return missed;
}

describe.each(SITE_PAGES.map((page) => [page.path || 'the gallery', page] as const))('%s', (_, page) => {
  it.runIf(page.trains)('is accessible without WebGPU', async () => {
    const { page: tab, errors } = await openPage(inject('strictSite'));
    await tab.evaluateOnNewDocument(() =>
      Object.defineProperty(Navigator.prototype, 'gpu', { value: undefined }),
    );
    await tab.goto(new URL(page.address, tab.url()).href);
    await tab.waitForSelector('.playback canvas');
    await tab.$eval('#step-graph', (graph) => graph.scrollIntoView({ behavior: 'instant' }));
    await tab.waitForSelector('.picture .box.forward');
    expect(await tab.$eval('#step-text', (words) => words.textContent)).toContain('nothing is measured');
    await tab.$eval('.picture .box.forward', (box) => (box as HTMLElement).click());
    await tab.waitForSelector('.node .wgsl .line');
    expect(await tab.$$eval('.node .actions button', (buttons) => buttons.length)).toBe(0);
    expect(await problems(tab)).toEqual([]);
    expect(errors).toEqual([]);
  });

  it.each(widthsFor(page))(
    'is accessible, keeps still and has no errors in a window of %i pixels',
    async (width) => {
      const view = { width, height: 800 };
      // Under a strict content security policy: Chromium tells each violation as an error.
      const { page: tab, errors } = await openPage(`${inject('strictSite')}${page.address}`, view);
      await opened(tab, page).catch((error) => {
        throw new Error(`${page.address} is not ready. ${errors.join('\n')}`, { cause: error });
      });
      expect.soft(await scriptBytes(tab)).toBeLessThan(MOST_SCRIPT);
      for (const [name, wanted, shown] of await shownSettings(tab))
        expect([name, shown]).toEqual([name, wanted]);
      if (await tab.$('#play')) {
        expect.soft(await busiestTask(tab, () => play(tab, page))).toBeLessThan(LONGEST_TASK);
      }
      expect.soft(await repeatedIds(tab)).toEqual([]);
      if (page.trains) {
        const values = await tab.$$eval('#loss-values b', (list) => list.map((each) => each.textContent!));
        expect(values.some((value) => /\d/.test(value))).toBe(true);
      }
      expect.soft(await layoutShifts(tab, MOST_SHIFT)).toEqual([]);
      expect.soft(errors).toEqual([]);
      expect.soft(await problems(tab)).toEqual([]);
      if (page.trains) {
        await tab.keyboard.press('k');
        await reaches(tab, 'running');
        expect.soft(await problems(tab)).toEqual([]);
        await tab.keyboard.press('k');
        await reaches(tab, 'paused');
      }
      if (await tab.$('#help-open')) {
        await tab.keyboard.press('?');
        await tab.waitForSelector('#help[open]');
        expect.soft(await problems(tab, '#help')).toEqual([]);
        await tab.keyboard.press('Escape');
        await tab.waitForSelector('#help:not([open])');
      }
      expect.soft(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      if (page.trains) {
        expect.soft(await chosenInContrast(tab)).toEqual([]);
        await tab.setViewport({ width: 320, height: 256 }); // 400 % of 1280 × 1024: WCAG 1.4.10
        expect.soft(await tab.evaluate(() => document.documentElement.scrollWidth)).toBe(320);
      }
      // Pictures of a scheme that is over before they have come are not failures.
      expect.soft(errors.filter((error) => !error.endsWith('net::ERR_ABORTED'))).toEqual([]);
    },
  );
});
