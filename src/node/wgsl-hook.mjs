// Lets plain Node import shaders the way vite does: `import source from './kernel.wgsl?raw'` yields the file's text.
// Use: node --import tsx --import ./src/node/wgsl-hook.mjs program.ts
import { readFile } from 'node:fs/promises';
import { register } from 'node:module';
import { isMainThread } from 'node:worker_threads';

/** @param {string} url */
const isRaw = (url) => url.endsWith('.wgsl?raw');

/** @type {import('node:module').ResolveHook} */
export async function resolve(specifier, context, nextResolve) {
  if (!isRaw(specifier)) return nextResolve(specifier, context);
  return { url: new URL(specifier, context.parentURL).href, shortCircuit: true };
}

/** @type {import('node:module').LoadHook} */
export async function load(url, context, nextLoad) {
  if (!isRaw(url)) return nextLoad(url, context);
  const text = await readFile(new URL(url.slice(0, -'?raw'.length)), 'utf8');
  return { format: 'module', source: `export default ${JSON.stringify(text)};`, shortCircuit: true };
}

// Node loads this same file a second time, off the main thread, as the hook itself.
if (isMainThread) register(import.meta.url);
