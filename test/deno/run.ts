/**
 * wgrad on a second implementation of WebGPU: wgpu, with naga as its shader compiler, through Deno. Runs the tests of
 * the ops, kernels and runtime there, and the three trainings there and on Dawn, whose losses must agree.
 *
 *     npm run test:deno                  # all of it
 *     npm run test:deno -- --smoke       # a minute: a few test files, a few steps with the kernels for software adapters
 *     npm run test:deno -- test/nn       # these tests only
 *
 * Deno comes from npm, at a pinned version, into node_modules/.cache at the first run; its cache lies beside it. The exit
 * code is 3 where it is not to be had, 1 where something fails.
 */
import { spawnSync } from 'node:child_process';
import { mkdirSync, readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { build } from 'vite';
import { findAdapter } from '../../src/node/adapter.ts';
import { swiftShaderFolder } from '../../src/node/chromiumPackage.ts';
import { compareTrainings } from './report.ts';
import type { Report } from './report.ts';

const VERSION = '2.9.6';
const NOT_TO_BE_HAD = 3;

const ALL_TESTS = ['test/ops', 'test/kernels', 'test/runtime'];
const SMOKE_TESTS = ['test/ops/softmax', 'test/runtime/reliability.test.ts'];
/** Five are an epoch, of which the last batch is a smaller one. */
const STEPS = { smoke: 6, all: 20 };

const path = (relative: string) => fileURLToPath(new URL(`../../${relative}`, import.meta.url));
const folder = path(`node_modules/.cache/deno-${VERSION}`);
const output = path('out/deno');

/** The executable, or undefined where there is none that runs here. */
function findDeno(): string | undefined {
  const scope = join(folder, 'node_modules/@deno'); // a package per platform, of which npm installs the right one
  try {
    const [platform] = readdirSync(scope);
    const executable = join(scope, platform, process.platform === 'win32' ? 'deno.exe' : 'deno');
    const { stdout } = spawnSync(executable, ['--version'], { encoding: 'utf8', env });
    return stdout?.startsWith(`deno ${VERSION}`) ? executable : undefined;
  } catch {
    return undefined;
  }
}

function installDeno(): void {
  console.log(`Installing Deno ${VERSION} from npm …`);
  mkdirSync(folder, { recursive: true });
  const quiet = ['--no-save', '--no-package-lock', '--ignore-scripts', '--no-audit', '--no-fund'];
  spawnSync('npm', ['install', '--prefix', folder, ...quiet, '--loglevel=error', `deno@${VERSION}`], {
    cwd: folder,
    stdio: 'inherit',
    shell: process.platform === 'win32',
    timeout: 180_000,
  });
}

/** Runs a command to its end and says whether it succeeded. */
const succeeds = (command: string, args: string[]): boolean =>
  spawnSync(command, args, { cwd: path('.'), env, stdio: 'inherit' }).status === 0;

/** Trains with the same code in Deno and in Node, and compares. */
async function trainings(deno: string): Promise<boolean> {
  await build({
    configFile: false,
    root: path('.'),
    logLevel: 'warn',
    build: { ssr: 'test/deno/trainings.ts', outDir: output, emptyOutDir: true },
    ssr: { external: ['webgpu', '@sparticuz/chromium'] },
  });
  const program = join(output, 'trainings.js');
  const train = (command: string, args: string[], name: string): Report | undefined => {
    const file = join(output, `${name}.json`);
    const kernels = values.smoke ? 'software' : 'all';
    const steps = String(values.smoke ? STEPS.smoke : STEPS.all);
    if (!succeeds(command, [...args, program, steps, kernels, file])) return undefined;
    return JSON.parse(readFileSync(file, 'utf8')) as Report;
  };
  const wgpu = train(deno, ['run', '-A'], 'wgpu');
  const dawn = train(process.execPath, [], 'dawn');
  if (!wgpu || !dawn) {
    console.error(`The trainings failed on ${wgpu ? 'Dawn' : 'wgpu'}.`);
    return false;
  }
  console.log(`wgpu: ${wgpu.adapter}; Dawn: ${dawn.adapter}`);
  const compared = compareTrainings(wgpu, dawn);
  for (const { line } of compared) console.log(line);
  return compared.every(({ agree }) => agree);
}

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { smoke: { type: 'boolean', default: false } },
});
// Deno asks the system for its adapter: what Dawn found is handed on to it in VK_DRIVER_FILES.
const { description, kind } = await findAdapter();
const env: NodeJS.ProcessEnv = { ...process.env, DENO_DIR: join(folder, 'cache'), DENO_NO_UPDATE_CHECK: '1' };
// SwiftShader's folder has the Vulkan loader as well, for a system that has none.
if (kind === 'swiftshader') env.LD_LIBRARY_PATH = swiftShaderFolder();

let deno = findDeno();
if (!deno) {
  installDeno();
  deno = findDeno();
}
if (!deno) {
  console.log(`Deno ${VERSION} is not to be had here: nothing was tried on wgpu.`);
  process.exit(NOT_TO_BE_HAD);
}
console.log(`Deno ${VERSION}, wgpu. The adapter, in Dawn’s words: ${description}`);
const files = positionals.length > 0 ? positionals : values.smoke ? SMOKE_TESTS : ALL_TESTS;
const vitest = [
  path('node_modules/vitest/vitest.mjs'),
  'run',
  '--config',
  path('test/deno/vitest.config.ts'),
];
const passed = [
  succeeds(deno, ['run', '-A', ...vitest, ...(values.smoke ? ['--reporter=dot'] : []), ...files]),
  positionals.length > 0 || (await trainings(deno)),
];
process.exit(passed.every(Boolean) ? 0 : 1); // Dawn polls on as long as the process lives
