import { join } from 'node:path';
import { runnerImport } from 'vite';
import type { Plugin } from 'vite';

const ID = 'virtual:worked-numbers';

/**
 * A Vite plugin that makes the module `virtual:worked-numbers`: what the shader explorer's kernels compute on a few
 * numbers. The simulator computes it in the build, so that the page needs neither a GPU nor generated code for it.
 *
 * @param root the folder of the pages
 */
export function workedNumbersPlugin(root: string): Plugin {
  let made: Promise<string> | undefined;
  return {
    name: 'site-worked-numbers',
    resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
    load: (id) => (id === `\0${ID}` ? (made ??= make(join(root, 'explorer/worked/make.ts'))) : undefined),
  };
}

async function make(file: string): Promise<string> {
  const { module } = await runnerImport<typeof import('../explorer/worked/make.ts')>(file);
  return `export const numbers = ${JSON.stringify(module.workedNumbers())};`;
}
