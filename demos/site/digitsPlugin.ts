import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Plugin } from 'vite';
import { EnvironmentError } from '../../src/errors.ts';
import { answer, refuseMethod, sendFile } from '../../src/node/httpFile.ts';
import type { Handler } from '../../src/node/httpFile.ts';
import { DIGIT_FILES } from '../frame/digits/digitFiles.ts';
import { digitFolder } from './digits.ts';
import type { DigitOptions } from './digits.ts';

const ROUTE = 'data/mnist';
const FILES: readonly string[] = Object.values(DIGIT_FILES).map(({ file }) => file);

/**
 * A Vite plugin that puts MNIST into the site, as the files of DIGIT_FILES in data/mnist/. The development server serves
 * them there.
 *
 * Where MNIST is not available, a build says so and continues without it: then `import.meta.env.WGRAD_WITHOUT_MNIST` is true,
 * and the pages generate digits and label them as synthetic.
 */
export function digitsPlugin(options: DigitOptions = {}): Plugin {
  /** Undefined where there is no MNIST. */
  let built: string | undefined;
  return {
    name: 'site-digits',
    async config(_, { command }) {
      if (command !== 'build') return undefined;
      try {
        built = await digitFolder(options);
      } catch (error) {
        if (!(error instanceof EnvironmentError)) throw error;
        console.warn(`The site is built WITHOUT MNIST: its pages draw digits of their own. ${error.message}`);
      }
      return { define: { 'import.meta.env.WGRAD_WITHOUT_MNIST': JSON.stringify(built === undefined) } };
    },
    configureServer(server) {
      server.middlewares.use(`/${ROUTE}`, digitsMiddleware(options));
    },
    async generateBundle() {
      if (built === undefined) return;
      for (const file of await readdir(built)) {
        this.emitFile({
          type: 'asset',
          fileName: `${ROUTE}/${file}`,
          source: await readFile(join(built, file)),
        });
      }
    },
  };
}

/**
 * Answers with the files of MNIST (connect, express): it expects URLs without the route. The first request makes the
 * files; where that fails, the answer is 404 with the reason in plain text, and the next request tries again.
 */
export function digitsMiddleware(options: DigitOptions = {}): Handler {
  let making: Promise<string> | undefined;
  return (request, response, next) => {
    // Only known names are ever looked up, so no path can leave the folder.
    const [, file, ...rest] = (request.url ?? '').split('?')[0].split('/');
    if (!FILES.includes(file) || rest.length > 0) return next();
    if (refuseMethod(request, response)) return;
    making ??= digitFolder(options);
    making.then(
      (folder) => sendFile(request, response, join(folder, file)),
      (error: Error) => {
        making = undefined;
        answer(response, 404, error.message);
      },
    );
  };
}
