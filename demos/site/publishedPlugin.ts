import { join } from 'node:path';
import type { Plugin } from 'vite';
import { AIRLINE_PASSENGERS } from '../../src/data/airlinePassengers.ts';
import { BREAST_CANCER_FILE } from '../../src/data/breastCancer.ts';
import { TINY_SHAKESPEARE } from '../../src/data/text.ts';
import { answer, refuseMethod } from '../../src/node/httpFile.ts';
import type { Handler } from '../../src/node/httpFile.ts';
import { findPublishedFile } from '../../src/node/publishedFile.ts';
import type { FoundFile, PublishedFile, PublishedFileOptions } from '../../src/node/publishedFile.ts';
import { EXCERPT } from '../text/text.ts';

/** A file of the site: its path in data/, and how many bytes of the published one it has, from the first on. */
interface SiteFile {
  readonly published: PublishedFile;
  readonly path: string;
  readonly bytes: number;
}

const whole = (published: PublishedFile): SiteFile => ({
  published,
  path: published.path,
  bytes: published.bytes,
});

/** Public data that pages read as they were published, in data/ of the site. */
const FILES: readonly SiteFile[] = [
  whole(BREAST_CANCER_FILE),
  whole(AIRLINE_PASSENGERS),
  { published: TINY_SHAKESPEARE, ...EXCERPT },
];
const ROUTE = 'data';

async function findFile({ published, bytes }: SiteFile, options: PublishedFileOptions): Promise<FoundFile> {
  const found = await findPublishedFile(published, options);
  return found.bytes ? { ...found, bytes: found.bytes.subarray(0, bytes) } : found;
}

/**
 * A Vite plugin that puts FILES into the site, verified against their checksums. The development server serves them at the
 * same addresses.
 *
 * Where one is not available, a build says so and continues: its path then stands in `import.meta.env.WGRAD_WITHOUT_FILES`, and
 * the page that reads it makes data of its own and labels them as synthetic.
 */
export function publishedPlugin(options: PublishedFileOptions = {}): Plugin {
  const found = new Map<string, Uint8Array>();
  return {
    name: 'site-published',
    async config(_, { command }) {
      if (command !== 'build') return undefined;
      const missing: string[] = [];
      const all = await Promise.all(FILES.map((file) => findFile(file, options)));
      FILES.forEach(({ path, published: { title } }, i) => {
        const own = all[i];
        if (own.bytes) return void found.set(path, own.bytes);
        missing.push(path);
        console.warn(`The site is built WITHOUT ${title}: its page makes synthetic data. ${own.reason}`);
      });
      return { define: { 'import.meta.env.WGRAD_WITHOUT_FILES': JSON.stringify(missing) } };
    },
    configureServer(server) {
      server.middlewares.use(`/${ROUTE}`, publishedMiddleware(options));
    },
    generateBundle() {
      for (const [path, source] of found)
        this.emitFile({ type: 'asset', fileName: join(ROUTE, path).replaceAll('\\', '/'), source });
    },
  };
}

/**
 * Answers with a published file (connect, express): it expects URLs without the route. Where the file is not available, the
 * answer is 404 with the reason in plain text, and the next request tries again.
 */
export function publishedMiddleware(options: PublishedFileOptions = {}): Handler {
  return (request, response, next) => {
    const path = (request.url ?? '').split('?')[0].slice(1);
    const file = FILES.find((each) => each.path === path); // no other path is ever looked up
    if (!file) return next();
    if (refuseMethod(request, response)) return;
    findFile(file, options).then(
      (found) => {
        if (!found.bytes) return answer(response, 404, found.reason);
        response.writeHead(200, {
          'content-type': 'application/octet-stream',
          'cache-control': 'no-cache',
          'content-length': found.bytes.length,
        });
        response.end(request.method === 'HEAD' ? undefined : found.bytes);
      },
      (error: Error) => answer(response, 404, error.message),
    );
  };
}
