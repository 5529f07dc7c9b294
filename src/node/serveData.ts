import type { IncomingMessage, ServerResponse } from 'node:http';
import { MNIST_PARTS, MNIST_SETS } from '../data/mnistFiles.ts';
import type { MnistName } from '../data/mnistFiles.ts';
import { answer, refuseMethod, sendFile } from './httpFile.ts';
import { loadMnistNode, locateMnistFile } from './mnist.ts';
import type { LoadMnistNodeOptions } from './mnist.ts';

export type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The part of Vite's dev and preview servers that is needed. */
export interface Server {
  middlewares: { use(route: string, handler: Handler): unknown };
}

/**
 * A Vite plugin that serves the files of MNIST and Fashion-MNIST to pages, as /data/mnist/<file>.gz and
 * /data/fashion-mnist/<file>.gz, from WGRAD_DATA or the cache, in dev and preview.
 *
 * The first request for a set verifies its files and downloads what is missing; where that fails the answer is
 * 404 with the reason in plain text, and the page can fall back to synthetic digits.
 *
 * @param options.route default '/data'
 * @param options.dataDir, cacheDir, mirrors, timeoutMs as for `loadMnistNode`
 */
export function dataPlugin(
  options: { route?: string } & Omit<LoadMnistNodeOptions, 'name' | 'fallback'> = {},
): {
  name: string;
  configureServer(server: Server): void;
  configurePreviewServer(server: Server): void;
} {
  const { route = '/data' } = options;
  const handler = dataMiddleware(options);
  const use = (server: Server) => {
    server.middlewares.use(route, handler);
  };
  return { name: 'wgrad-data', configureServer: use, configurePreviewServer: use };
}

/** The plugin's request handler (connect, express): it expects URLs without the route's prefix. */
export function dataMiddleware(options: Omit<LoadMnistNodeOptions, 'name' | 'fallback'> = {}): Handler {
  /** Why a set is not there, or undefined if it is. */
  const prepared = new Map<MnistName, Promise<string | undefined>>();
  const prepare = async (name: MnistName) => {
    try {
      await loadMnistNode({ ...options, name, fallback: false });
      return undefined;
    } catch (error) {
      return (error as Error).message;
    }
  };

  return (request, response, next) => {
    // Only the eight known names are ever looked up, so no path can leave the folders.
    const [, name, file, ...rest] = (request.url ?? '').split('?')[0].split('/');
    if (!Object.hasOwn(MNIST_SETS, name) || rest.length > 0) return next();
    const set = name as MnistName;
    const plain = file?.replace(/\.gz$/, '');
    if (!MNIST_PARTS.some((part) => MNIST_SETS[set].files[part].file === plain)) {
      return answer(response, 404, `There is no file '${file}' in ${name}.`);
    }
    if (refuseMethod(request, response)) return;
    const preparing = prepared.get(set) ?? prepare(set);
    prepared.set(set, preparing);
    void preparing.then(async (problem) => {
      if (problem !== undefined) prepared.delete(set); // the next request tries again
      const path = problem === undefined ? locateMnistFile(set, plain, options) : undefined;
      if (path) await sendFile(request, response, path);
      else answer(response, 404, problem ?? `${file} could be downloaded but not kept in the cache folder.`);
    });
  };
}
