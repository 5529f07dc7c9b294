import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { Plugin } from 'vite';

const WORKER = 'sw.js';
const REGISTRATION = 'offline.js';
/** What is kept only once a page has asked for it. Of the previews, the gallery shows those of pages in its own folders. */
const LATER = /^data\/mnist\/train-50000|(^|\/[\w-]+\/)preview[\w-]*\.(png|webp)$|\.map$/;
const MOST_BYTES = 4e6;

/**
 * A Vite plugin that lets the built site work offline: a service worker (serviceWorker.ts) with the list of the site's
 * files and a version made of their contents, and in each page the script that registers it. In development there is none.
 */
export function offlinePlugin(): Plugin {
  return {
    name: 'site-offline',
    apply: 'build',
    buildStart() {
      const id = fileURLToPath(new URL('serviceWorker.ts', import.meta.url));
      this.emitFile({ type: 'chunk', id, fileName: WORKER });
      const source = readFileSync(new URL('offline.js', import.meta.url));
      this.emitFile({ type: 'asset', fileName: REGISTRATION, source });
    },
    transformIndexHtml: {
      order: 'post',
      handler(_, { path }) {
        const src = `${'../'.repeat(path.split('/').length - 2) || './'}${REGISTRATION}`;
        return [{ tag: 'script', attrs: { type: 'module', src }, injectTo: 'head' }];
      },
    },
    generateBundle: {
      order: 'post',
      handler(_, bundle) {
        const worker = bundle[WORKER];
        if (worker?.type !== 'chunk') throw new Error(`${WORKER} is not in the bundle.`);
        const hash = createHash('sha256');
        const [now, later]: [string[], string[]] = [[], []];
        for (const fileName of Object.keys(bundle).toSorted()) {
          if (fileName === WORKER) continue;
          const output = bundle[fileName];
          const content = output.type === 'chunk' ? output.code : output.source;
          hash.update(fileName).update(content);
          const isLater = LATER.test(fileName) || content.length > MOST_BYTES;
          // A page is asked for by its folder: some hosts redirect from index.html to it.
          (isLater ? later : now).push(fileName.replace(/(^|\/)index\.html$/, '$1'));
        }
        const constants: Readonly<Record<string, unknown>> = {
          SITE_VERSION: hash.digest('hex').slice(0, 12),
          SITE_FILES: now,
          LATER_FILES: later,
        };
        for (const [name, value] of Object.entries(constants)) {
          if (!worker.code.includes(name)) throw new Error(`${WORKER} does not use ${name}.`);
          worker.code = worker.code.replaceAll(name, JSON.stringify(value));
        }
      },
    },
  };
}
