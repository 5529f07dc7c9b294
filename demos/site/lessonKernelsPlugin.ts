import { join } from 'node:path';
import { runnerImport } from 'vite';
import type { Plugin } from 'vite';

const ID = 'virtual:lesson-kernels';

/**
 * A Vite plugin that makes the module `virtual:lesson-kernels`: the lessons' kernels as JavaScript, for browsers without
 * WebGPU under a policy that forbids generated code. Development servers have no such policy: there it is empty.
 *
 * @param root the folder of the pages
 */
export function lessonKernelsPlugin(root: string): Plugin {
  let isBuild = false;
  return {
    name: 'site-lesson-kernels',
    configResolved: ({ command }) => void (isBuild = command === 'build'),
    resolveId: (id) => (id === ID ? `\0${ID}` : undefined),
    load(id) {
      if (id !== `\0${ID}`) return undefined;
      if (!isBuild) return 'export const kernels = {};';
      return make(join(root, 'site/lessonKernels.ts'));
    },
  };
}

async function make(file: string): Promise<string> {
  const { module } = await runnerImport<typeof import('./lessonKernels.ts')>(file);
  const entries = [...module.kernels].map(([hash, text]) => `'${hash}': ${text},`);
  return `export const kernels = {\n${entries.join('\n')}\n};`;
}
