import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import { fileURLToPath } from 'node:url';
import { runnerImport } from 'vite';
import type { Plugin } from 'vite';
import { addressesOf, originOf } from './addresses.ts';
import type { Addresses } from './addresses.ts';
import { colourKeyHtml, legendHtml } from '../colours.ts';
import { controlsHtml, hintHtml } from './controlsHtml.ts';
import { escapeHtml } from './escape.ts';
import { lessonListHtml, lessonMoreHtml, lessonPlaceHtml } from './lessonHtml.ts';
import type { Exercise } from '../exercise.ts';
import { PAGES } from '../pages.ts';
import type { Settings } from '../settings.ts';

const here = fileURLToPath(new URL('.', import.meta.url)).replaceAll('\\', '/');
const piece = (name: string) => readFileSync(join(here, `html/${name}.html`), 'utf8').trim();

/**
 * Puts the site's shell around the pages, in dev and in the build: head, header, footer, and the pieces of a training
 * page in the places of <training-bar>, <training-settings>, <training-chart>, <training-step>, <colour-key> and
 * <digit-pad>, or those of a lesson in <lesson-place>,
 * <lesson-settings> and <lesson-more>; <lesson-list> is all lessons. Pages that have controls get a help, whose words may stand in <page-help>.
 *
 * @param root the folder of the pages
 */
export function framePlugin(root: string): Plugin {
  const own = JSON.parse(readFileSync(join(root, '../package.json'), 'utf8')) as Parameters<
    typeof addressesOf
  >[0];
  const addresses = addressesOf(own, originOf(root), process.env.WGRAD_SITE);
  return {
    name: 'wgrad-frame',
    transformIndexHtml: {
      order: 'pre',
      handler: async (html, { filename }) => {
        const folder = dirname(filename.replaceAll('\\', '/'));
        const settings = (await exported<Settings>(folder, 'settings')) ?? {};
        const exercises = await exported<readonly Exercise[]>(folder, 'exercises');
        return frameHtml(html, root.replaceAll('\\', '/'), folder, settings, addresses, exercises);
      },
    },
  };
}

/** What a page declares in the file of this name, if it has one. */
async function exported<T>(folder: string, name: string): Promise<T | undefined> {
  const file = join(folder, `${name}.ts`);
  if (!existsSync(file)) return undefined;
  const { module } = await runnerImport<Record<string, T>>(file);
  return module[name];
}

/** The whole page, from what its index.html says. */
export function frameHtml(
  html: string,
  root: string,
  folder: string,
  settings: Settings,
  { source, site }: Addresses,
  exercises: readonly Exercise[] = [],
): string {
  const base = relative(folder, root) || '.';
  const place = relative(root, folder);
  const title = /<title>([^<]*)<\/title>/.exec(html)?.[1] ?? 'wgrad';
  const description = /<meta name="description" content="([^"]*)"/.exec(html)?.[1] ?? '';
  const [, words] = /<page-help>([^]*?)<\/page-help>/.exec(html) ?? [];
  const help = words?.trim() ?? (/<(training-bar|lesson-settings)/.test(html) ? piece('keys') : undefined);
  const fill = (text: string) =>
    text
      .replaceAll('{{base}}', base)
      .replaceAll('{{page}}', place)
      .replaceAll('{{title}}', title)
      .replaceAll('{{description}}', description)
      .replaceAll('{{repository}}', source ? `<a href="${escapeHtml(source)}">Source code</a>` : '')
      .replaceAll('{{help-button}}', help === undefined ? '' : piece('helpButton'))
      .replaceAll('{{help}}', help === undefined ? '' : piece('help').replace('{{words}}', () => help))
      .replaceAll('{{pages}}', neighbours(place, base))
      .replaceAll('{{colours}}', legendHtml());
  const head = fill(piece('head')) + previewHtml(root, folder, site);
  const whole = title.startsWith('wgrad') ? title : `${title} – wgrad`;
  const withLesson = html
    .replace('<lesson-place></lesson-place>', () => lessonPlaceHtml(place, base))
    .replace('<lesson-list></lesson-list>', () => lessonListHtml(root, base))
    .replace('<lesson-more></lesson-more>', () => lessonMoreHtml(exercises));
  return pieces(withLesson, settings, fill)
    .replace(/<page-help>[^]*?<\/page-help>\s*/, '')
    .replace('<div id="notices">', '<div id="notices" role="region" aria-label="Notices" tabindex="0">')
    .replace(`${title}</title>`, `${whole}</title>\n${head}`)
    .replace('<body>', `<body>\n${fill(piece('header'))}`)
    .replace('</body>', `${fill(piece('footer'))}\n</body>`);
}

/**
 * The picture for links to the page: that of its folder, else of one above. Some readers of these tags require a full
 * address.
 */
function previewHtml(root: string, folder: string, site: string | undefined): string {
  const pictureOf = (owner: string) =>
    ['preview.png', 'preview.webp'].map((name) => join(owner, name)).find((file) => existsSync(file));
  let owner = folder;
  while (!pictureOf(owner)) {
    if (owner === root) return '';
    owner = dirname(owner);
  }
  const picture = pictureOf(owner)!;
  const address = site ? `${site}/${relative(root, picture)}` : relative(folder, picture);
  return `\n<meta property="og:image" content="${escapeHtml(address)}" vite-ignore />\n<meta name="twitter:card" content="summary_large_image" />`;
}

function neighbours(folder: string, base: string): string {
  const at = PAGES.findIndex((page) => page.folder === folder);
  if (at < 0) return '';
  const link = (page: (typeof PAGES)[number] | undefined, rel: 'prev' | 'next') => {
    if (!page) return '';
    const title = escapeHtml(page.title);
    const text = rel === 'prev' ? `‹\u00a0${title}` : `${title}\u00a0›`;
    return `<a rel="${rel}" href="${base}/${page.folder}/index.html">${text}</a>`;
  };
  const links = link(PAGES[at - 1], 'prev') + link(PAGES[at + 1], 'next');
  return `<nav class="neighbours" aria-label="Other pages">${links}</nav>`;
}

/** The pieces of a training page, each in its place. */
function pieces(html: string, settings: Settings, fill: (text: string) => string): string {
  const replace = (
    text: string,
    name: string,
    make: (attributes: Record<string, string>, inner: string) => string,
  ) =>
    text.replaceAll(
      new RegExp(`<${name}([^>]*)>([^]*?)</${name}>`, 'g'),
      (_, attributes: string, inner: string) =>
        make(
          Object.fromEntries(
            [...attributes.matchAll(/([\w-]+)="([^"]*)"/g)].map(([, name, value]) => [name, value]),
          ),
          inner.trim(),
        ),
    );
  const figure = (entry: string) => {
    const [name, label] = entry.split(':').map((part) => part.trim());
    return `<div><dt>${label}</dt><dd id="stat-${name}">–</dd></div>`;
  };
  let text = replace(html, 'training-bar', ({ figures = '', samples = 'Images' }) =>
    fill(piece('bar'))
      .replace('{{samples}}', samples)
      .replace('{{figures}}', figures.split(',').filter(Boolean).map(figure).join('')),
  );
  text = replace(text, 'training-settings', (_, inner) =>
    piece('settings')
      .replace('{{controls}}', `${controlsHtml(settings)}\n${hintHtml(settings)}`)
      .replace('{{more}}', inner),
  );
  text = replace(text, 'training-chart', ({ name, title }, inner) =>
    piece('chart').replaceAll('{{name}}', name).replaceAll('{{title}}', title).replace('{{more}}', inner),
  );
  text = replace(text, 'colour-key', ({ of }) => colourKeyHtml(of));
  text = replace(text, 'digit-pad', (_, inner) => piece('pad').replace('{{more}}', inner));
  text = replace(text, 'lesson-settings', ({ step }, inner) =>
    piece('lesson')
      .replace('{{controls}}', controlsHtml(settings))
      .replace('{{transport}}', step ? piece('transport').replace('{{step}}', step) : '')
      .replace('{{more}}', inner),
  );
  return replace(text, 'training-step', (_, inner) => fill(piece('step')).replace('{{more}}', inner));
}
