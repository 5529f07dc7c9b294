// All cases of the sweeps of which `npm test` tries a share: every call that can fail or be the last before a loss.
import { spawnSync } from 'node:child_process';

const files = [
  'test/faults',
  'test/nn/training/recover.test.ts',
  'test/nn/training/randomFiles.test.ts',
  'test/nn/training/randomRuns.test.ts',
];
const own = process.argv.slice(2);
const { status } = spawnSync(
  'npx',
  ['vitest', 'run', '--project', 'node', ...(own.length > 0 ? own : files)],
  {
    env: { ...process.env, WGRAD_FAULTS: 'all' },
    shell: process.platform === 'win32',
    stdio: 'inherit',
  },
);
process.exit(status ?? 1);
