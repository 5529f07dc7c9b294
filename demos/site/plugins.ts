import type { Plugin } from 'vite';
import { digitsPlugin } from './digitsPlugin.ts';
import { offlinePlugin } from './offlinePlugin.ts';
import { publishedPlugin } from './publishedPlugin.ts';
import { trainedPlugin } from './trainedPlugin.ts';

/**
 * What the built site brings with it, so that it works wherever it is put: data, trained networks, and itself offline.
 *
 * @param root the folder of the pages
 */
export const sitePlugins = (root: string): Plugin[] => [
  digitsPlugin(),
  publishedPlugin(),
  trainedPlugin(root),
  offlinePlugin(),
];
