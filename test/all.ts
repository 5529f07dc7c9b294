// All tests: those in Node, then those in the browser. Beside each other they take as long, as both compute on the CPU, and
// pages wait for their kernels for longer than tests wait for pages. Up to three browser files that fail are run once more,
// alone: on a busy machine a page can be late, but a fault of the code fails twice. `npm test -- FILE …` runs these files
// alone. WGRAD_TEST_REPORTS names a folder that gets a JSON report of each vitest.
import { spawn } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const MOST_AGAIN = 3;
const reports = process.env.WGRAD_TEST_REPORTS ?? mkdtempSync(join(tmpdir(), 'wgrad-tests-'));

/** Runs vitest and resolves with its exit status. */
function vitest(args: readonly string[]): Promise<number> {
  const child = spawn('npx', ['vitest', 'run', ...args], {
    shell: process.platform === 'win32',
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return new Promise((resolve) => child.on('close', (status) => resolve(status ?? 1)));
}

/** Runs vitest on `args`, with the report `name`; resolves with its exit status and the files that failed. */
async function reported(
  name: string,
  args: readonly string[],
): Promise<{ status: number; failed: string[] }> {
  const file = join(reports, `${name}.json`);
  const status = await vitest([
    ...args,
    '--reporter=default',
    '--reporter=json',
    `--outputFile.json=${file}`,
  ]);
  if (status === 0) return { status, failed: [] };
  const { testResults } = JSON.parse(readFileSync(file, 'utf8')) as {
    testResults: { name: string; status: string }[];
  };
  return {
    status,
    failed: testResults.filter((result) => result.status === 'failed').map((result) => result.name),
  };
}

async function all(): Promise<number> {
  const node = await reported('node', ['--project', 'kernels', '--project', 'node', '--project', 'alone']);
  const browser = await reported('browser', ['--project', 'browser']);
  const { failed } = browser;
  if (failed.length === 0 || failed.length > MOST_AGAIN) return Math.max(node.status, browser.status);
  console.log(`\nFailed, and run once more, alone:\n${failed.join('\n')}`);
  const again = await reported('browser-again', ['--project', 'browser', ...failed]);
  if (again.status === 0) console.log('These passed now: look at what was told above.');
  return Math.max(node.status, again.status);
}

const files = process.argv.slice(2);
process.exitCode = files.length > 0 ? await vitest(files) : await all();
