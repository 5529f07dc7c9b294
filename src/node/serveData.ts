import { createReadStream } from 'node:fs';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { MNIST_PARTS, MNIST_SETS } from '../data/mnistFiles.ts';
import type { MnistName } from '../data/mnistFiles.ts';
import { loadMnistNode, locateMnistFile } from './mnist.ts';
import type { LoadMnistNodeOptions } from './mnist.ts';

type Handler = (request: IncomingMessage, response: ServerResponse, next: () => void) => void;

/** The part of Vite's dev and preview servers that is needed. */
interface Server {
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
    if (!prepared.has(set)) prepared.set(set, prepare(set));
    void prepared.get(set)!.then((problem) => {
      const path = problem === undefined ? locateMnistFile(set, plain, options) : undefined;
      if (path) sendFile(request, response, path);
      else answer(response, 404, problem ?? `${file} could be downloaded but not kept in the cache folder.`);
    });
  };
}

function answer(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, { 'content-type': 'text/plain; charset=utf-8', 'cache-control': 'no-store' });
  response.end(text);
}

function sendFile(request: IncomingMessage, response: ServerResponse, path: string): void {
  const stream = createReadStream(path);
  stream.on('error', (error) =>
    response.headersSent ? response.destroy() : answer(response, 500, error.message),
  );
  stream.on('open', () => {
    // No content-encoding: the page unpacks the file itself, as it does on a static host.
    response.writeHead(200, { 'content-type': 'application/octet-stream', 'cache-control': 'no-cache' });
    if (request.method === 'HEAD') {
      stream.destroy();
      response.end();
    } else {
      stream.pipe(response);
    }
  });
}
