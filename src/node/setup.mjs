// Runs before `npm test`, `npm run train`, `npm start` and `npm run build`, so that each works on a fresh clone:
// installs the pinned packages with `npm ci` when node_modules does not match package-lock.json, and does nothing
// otherwise. Plain JavaScript on Node's own modules, because nothing else is there yet.
import { spawnSync } from 'node:child_process';
import { readFileSync, realpathSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

const root = new URL('../../', import.meta.url);
const MINIMUM_NODE = [20, 19];

/** @typedef {{ packages: Record<string, { version?: string, optional?: boolean }> }} Lock */

/**
 * Whether what npm installed (node_modules/.package-lock.json) satisfies the lock file: the same version at every
 * path. Packages for other platforms are marked optional and may be absent.
 *
 * @param {Lock | undefined} installed
 * @param {Lock} locked
 */
export function isInstalled(installed, locked) {
  if (!installed) return false;
  return Object.entries(locked.packages).every(([path, { version, optional }]) => {
    const found = installed.packages[path];
    return path === '' || (found ? found.version === version : optional === true);
  });
}

/** @param {string} path */
function readJson(path) {
  try {
    return JSON.parse(readFileSync(new URL(path, root), 'utf8'));
  } catch {
    return undefined; // absent, or cut short by an interrupted install: both mean "install"
  }
}

function setUp() {
  const [major, minor] = process.versions.node.split('.').map(Number);
  if (major < MINIMUM_NODE[0] || (major === MINIMUM_NODE[0] && minor < MINIMUM_NODE[1])) {
    console.error(`wgrad needs Node ${MINIMUM_NODE.join('.')} or newer; this is ${process.versions.node}.`);
    return 1;
  }
  if (isInstalled(readJson('node_modules/.package-lock.json'), readJson('package-lock.json'))) return 0;

  console.log('Installing the pinned packages (npm ci) …');
  const npm = process.env.npm_execpath; // set whenever npm runs this script
  const args = ['ci', '--no-audit', '--no-fund', '--loglevel=error'];
  /** @type {import('node:child_process').SpawnSyncOptions} */
  const options = { cwd: fileURLToPath(root), stdio: 'inherit', shell: process.platform === 'win32' && !npm };
  const { status } = npm
    ? spawnSync(process.execPath, [npm, ...args], options)
    : spawnSync('npm', args, options);
  if (status !== 0) console.error('npm ci failed: see its message above; it needs the network once.');
  return status ?? 1;
}

if (realpathSync(process.argv[1]) === fileURLToPath(import.meta.url)) process.exitCode = setUp();
