import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Plugin } from 'vite';

/**
 * A Vite plugin that copies to the site what has a name of its own there: the recorded runs in <page>/trained/ and the
 * pictures preview* of the gallery and of pages. Development servers serve these files where they lie.
 *
 * @param root the folder of the pages
 */
export function trainedPlugin(root: string): Plugin {
  return {
    name: 'site-trained',
    apply: 'build',
    generateBundle() {
      for (const name of readdirSync(root, { recursive: true, encoding: 'utf8' })) {
        const fileName = name.replaceAll('\\', '/');
        if (!/^(?:[\w-]+\/)*(?:trained\/[\w-]+\.(json|png)|preview[\w-]*\.(png|webp))$/.test(fileName))
          continue;
        this.emitFile({ type: 'asset', fileName, source: readFileSync(join(root, name)) });
      }
    },
  };
}
