import { join } from 'node:path';
import { runnerImport } from 'vite';
import type { Plugin } from 'vite';

/** A module of the site whose export is computed when the site is built. */
interface Made {
  readonly id: string;
  /** The file that computes it, in the folder of the pages. */
  readonly file: string;
  readonly name: string;
}

const MADE: readonly Made[] = [
  // What the shader explorer's kernels compute on a few numbers: the page needs neither a GPU nor generated code for it.
  { id: 'virtual:worked-numbers', file: 'explorer/worked/numbers.ts', name: 'numbers' },
  // The training step of each page as it is compiled for a GPU, for readers without one.
  { id: 'virtual:step-graphs', file: 'site/stepGraphs.ts', name: 'graphs' },
];

/**
 * A Vite plugin that makes these modules.
 *
 * @param root the folder of the pages
 */
export function madePlugin(root: string): Plugin {
  const texts = new Map<string, Promise<string>>();
  return {
    name: 'site-made',
    resolveId: (id) => (MADE.some((own) => own.id === id) ? `\0${id}` : undefined),
    load(id) {
      const own = MADE.find((each) => id === `\0${each.id}`);
      if (!own) return undefined;
      if (!texts.has(id)) texts.set(id, textOf(root, own));
      return texts.get(id);
    },
  };
}

async function textOf(root: string, { file, name }: Made): Promise<string> {
  const { module } = await runnerImport<Record<string, unknown>>(join(root, file));
  return `export const ${name} = ${JSON.stringify(module[name])};`;
}
