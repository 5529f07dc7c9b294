// All tests: those in Node beside those in the browser. Each of the two leaves a core idle now and then, while a test
// waits for a process, a page or a driver. `npm test -- FILE …` runs these files alone. WGRAD_TEST_REPORTS names a folder
// that gets a JSON report of each vitest.
import { spawn } from 'node:child_process';
import { join } from 'node:path';

/** Runs vitest and resolves with its exit status. What it prints comes at once, or in one piece when it has ended. */
function vitest(args: readonly string[], atOnce: boolean): Promise<number> {
  const output = atOnce ? 'inherit' : 'pipe';
  const child = spawn('npx', ['vitest', 'run', ...args], {
    shell: process.platform === 'win32',
    stdio: ['ignore', output, output],
  });
  const said: Buffer[] = [];
  for (const stream of [child.stdout, child.stderr]) stream?.on('data', (chunk: Buffer) => said.push(chunk));
  return new Promise((resolve) =>
    child.on('close', (status) => {
      process.stdout.write(Buffer.concat(said));
      resolve(status ?? 1);
    }),
  );
}

/** The options that write the report `name`. */
function report(name: string): string[] {
  const folder = process.env.WGRAD_TEST_REPORTS;
  if (!folder) return [];
  return ['--reporter=default', '--reporter=json', `--outputFile.json=${join(folder, `${name}.json`)}`];
}

const files = process.argv.slice(2);
const runs =
  files.length > 0
    ? [vitest(files, true)]
    : [
        vitest(['--project', 'kernels', '--project', 'node', '--project', 'alone', ...report('node')], true),
        vitest(['--project', 'browser', ...report('browser')], false),
      ];
process.exitCode = Math.max(...(await Promise.all(runs)));
