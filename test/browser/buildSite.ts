import { execFile } from 'node:child_process';
import { mkdtemp, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { promisify } from 'node:util';

/**
 * The folder of the built site, and what removes it afterwards. WGRAD_BUILT_SITE names one that `npm run build` has just made,
 * which stays; else the site is built into a folder of its own, for runs side by side.
 */
export async function builtSite(): Promise<{ folder: string; remove: () => Promise<void> }> {
  if (process.env.WGRAD_BUILT_SITE) {
    const folder = resolve(process.env.WGRAD_BUILT_SITE);
    await stat(join(folder, 'index.html'));
    return { folder, remove: async () => {} };
  }
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-site-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  try {
    await buildSite(folder);
  } catch (error) {
    await remove();
    throw error;
  }
  return { folder, remove };
}

/** Builds the site as users get it. In a process of its own: vitest's NODE_ENV and mode are not those of a release. */
async function buildSite(outDir: string): Promise<void> {
  const vite = join(dirname(createRequire(import.meta.url).resolve('vite/package.json')), 'bin', 'vite.js');
  const env = { ...process.env, NODE_ENV: 'production', VITEST: '' };
  await promisify(execFile)(process.execPath, [vite, 'build', '--outDir', outDir, '--logLevel', 'warn'], {
    env,
  });
}
