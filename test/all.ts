// All tests: those in Node, then those in the browser. Beside each other they take as long, as both compute on the CPU, and
// pages wait for their kernels for longer than tests wait for pages. `npm test -- FILE …` runs these files alone.
// WGRAD_TEST_REPORTS names a folder that gets a JSON report of each vitest.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Runs vitest and resolves with its exit status. */
function vitest(args: readonly string[]): Promise<number> {
  const child = spawn('npx', ['vitest', 'run', ...args], {
    shell: process.platform === 'win32',
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.on('close', (status) => resolve(status ?? 1)));
}

/** The options that write the report `name`. */
function report(name: string): string[] {
  const folder = process.env.WGRAD_TEST_REPORTS;
  if (!folder) return [];
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${join(folder, `${name}.json`)}`];
}

const files = process.argv.slice(2);
process.exitCode =
  files.length > 0
    ? await vitest(files)
    : Math.max(
        await vitest(['--project', 'kernels', '--project', 'node', '--project', 'alone', ...report('node')]),
        await vitest(['--project', 'browser', ...report('browser')]),
      );
