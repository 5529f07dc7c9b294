/**
 * The pages that train, in Firefox: its WebGPU is wgpu, like Deno's, and its canvases are its own.
 *
 *     npm run test:firefox [-- losses]
 *
 * Takes an installed Firefox (FIREFOX_PATH, firefox-esr, firefox) and needs a GPU or lavapipe. The exit code is 3 where
 * one of them is missing, 1 where something fails.
 */
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { findAdapter } from '../../src/node/adapter.ts';
import { findFirefox } from './firefox.ts';

const NOT_TO_BE_HAD = 3;
const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));

const FIREFOX_PATH = findFirefox();
if (!FIREFOX_PATH) {
  console.log('Firefox is not installed here: no page was tried in it.');
  process.exit(NOT_TO_BE_HAD);
}
// Firefox asks the system for its adapter: what Dawn found is handed on to it in VK_DRIVER_FILES.
const { description, kind } = await findAdapter();
if (kind === 'swiftshader') {
  console.log('Firefox needs a GPU or lavapipe (Debian: mesa-vulkan-drivers): no page was tried in it.');
  process.exit(NOT_TO_BE_HAD);
}
const { stdout } = spawnSync(FIREFOX_PATH, ['--version'], { encoding: 'utf8' });
console.log(`${stdout.trim()}. The adapter, in Dawn’s words: ${description}`);
const config = ['--config', 'test/firefox/vitest.config.ts'];
const vitest = ['node_modules/vitest/vitest.mjs', 'run', ...config, ...process.argv.slice(2)];
const { status } = spawnSync(process.execPath, vitest, {
  cwd: path('.'),
  env: { ...process.env, FIREFOX_PATH },
  stdio: 'inherit',
});
process.exit(status === 0 ? 0 : 1); // Dawn polls on as long as the process lives
