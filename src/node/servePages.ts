import { existsSync } from 'node:fs';
import { basename, join } from 'node:path';
import { refuseMethod } from './httpFile.ts';
import type { Handler, Server } from './httpFile.ts';

/**
 * A Vite plugin that lets its servers answer as a static host does: 405 to what is not a read, and a redirect from a
 * page's folder without a slash at the end.
 *
 * @param root the folder of the pages
 */
export function pagesPlugin(root: string): {
  name: string;
  configureServer(server: Server): void;
  configurePreviewServer(server: Server): void;
} {
  const use = (server: Server) => {
    server.middlewares.use('', pagesMiddleware(root));
  };
  return { name: 'wgrad-pages', configureServer: use, configurePreviewServer: use };
}

export function pagesMiddleware(root: string): Handler {
  return (request, response, next) => {
    if (request.method !== 'OPTIONS' && refuseMethod(request, response)) return;
    const [path, query] = (request.url ?? '').split(/(?=\?)/, 2);
    const [, folder] = /^\/((?:[\w-]+\/)*[\w-]+)$/.exec(path) ?? [];
    if (!folder || !existsSync(join(root, folder, 'index.html'))) return next();
    response.writeHead(302, { location: `./${basename(folder)}/${query ?? ''}` }).end();
  };
}
