import type { Page } from 'puppeteer-core';
import { PAGES } from '../../demos/frame/pages.ts';

/** A page of the site, as a test opens it. */
export interface SitePage {
  /** Its folder, with a slash at the end; the gallery's is empty. */
  readonly path: string;
  /** Its address, with little to train on. */
  readonly address: string;
  /** Trains a network: it has a bar with figures, and charts. */
  readonly trains: boolean;
}

/** Few, synthetic images and small batches: the same bytes everywhere, and steps that a CPU takes quickly. */
export const SMALL: Readonly<Record<string, string>> = {
  'mnist-cnn': 'data=synthetic&train=600&test=40&batch=16',
  autoencoder: 'data=synthetic&train=600&test=40&batch=16',
  vae: 'data=synthetic&train=600&test=40&batch=16',
  flow: '',
  dcgan: 'data=synthetic&train=640&batch=4',
  points: '',
  tables: 'data=synthetic',
  sequences: 'data=synthetic',
  grokking: '',
  text: 'data=synthetic',
};

/** The gallery, and all that `previous` and `next` lead to. */
export const SITE_PAGES: readonly SitePage[] = ['', ...PAGES.map(({ folder }) => folder)].map((folder) => {
  const path = folder && `${folder}/`;
  const query = SMALL[folder];
  return {
    path,
    address: query ? `${path}?${query}` : path,
    trains: query !== undefined,
  };
});

/** Waits until a page shows what it opens with: its network or the lesson's numbers, or else what computes. */
export async function opened(page: Page, { path, trains }: Pick<SitePage, 'path' | 'trains'>): Promise<void> {
  const hasState = trains || /^(explorer|lessons\/.)/.test(path);
  await page.waitForFunction(
    (wanted) => {
      const { state } = document.body.dataset;
      if (wanted) return state !== undefined && !['loading', 'compiling'].includes(state);
      const adapter = document.querySelector<HTMLElement>('#adapter');
      return !adapter || adapter.hidden || adapter.textContent !== 'Looking for a GPU…';
    },
    { timeout: 90_000 },
    hasState,
  );
}

/** Of a training or lesson: the state of its body. */
export const reaches = (page: Page, state: string) =>
  page.waitForFunction((wanted) => document.body.dataset.state === wanted, { timeout: 90_000 }, state);

export const trainsPast = (page: Page, step: number) =>
  page.waitForFunction(
    (wanted) => Number(document.querySelector('#stat-step')!.textContent!.replaceAll(',', '')) > wanted,
    { timeout: 90_000 },
    step,
  );
