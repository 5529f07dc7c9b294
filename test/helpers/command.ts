import { spawn } from 'node:child_process';
import type { ChildProcessByStdio } from 'node:child_process';
import { Writable } from 'node:stream';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { expect, onTestFinished, vi } from 'vitest';
import { main } from '../../src/node/cli/main.ts';

export interface Ran {
  readonly code: number;
  readonly output: string;
  readonly errors: string;
}

/** Runs `npm run train -- …args` in this process. */
export async function train(...args: string[]): Promise<Ran> {
  const texts = ['', ''];
  const [output, errors] = texts.map(
    (_, i) =>
      new Writable({
        write(chunk, _encoding, done) {
          texts[i] += String(chunk);
          done();
        },
      }),
  );
  const code = await main(args, output, errors);
  return { code, output: texts[0], errors: texts[1] };
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const hooks = ['--import', 'tsx', '--import', './src/node/wgsl-hook.mjs'];

/** A run in a process of its own, for signals and the like. */
export interface Started {
  readonly child: ChildProcessByStdio<null, Readable, Readable>;
  /** What it has said so far. */
  readonly output: () => string;
  readonly errors: () => string;
  /** Waits for a line of the output. */
  readonly says: (line: RegExp) => Promise<void>;
  /** Its exit code, or the signal that ended it. */
  readonly ended: Promise<number | string>;
}

/**
 * Starts `npm run train -- …args`, without npm; killed when the test ends.
 *
 * @param under a command that runs the one that follows it
 */
export function startTraining(args: readonly string[], under: readonly string[] = []): Started {
  const [program, ...rest] = [...under, process.execPath, ...hooks, 'src/node/train.ts', ...args];
  const child = spawn(program, rest, { cwd: root, stdio: ['ignore', 'pipe', 'pipe'] });
  onTestFinished(() => void child.kill('SIGKILL'));
  const texts = ['', ''];
  [child.stdout, child.stderr].forEach((stream, i) =>
    stream.on('data', (chunk) => (texts[i] += String(chunk))),
  );
  const ended = new Promise<number | string>((resolve) =>
    child.on('exit', (code, signal) => resolve(code ?? signal!)),
  );
  const says = (line: RegExp) =>
    vi.waitFor(() => expect(texts.join('')).toMatch(line), { timeout: 60_000, interval: 20 });
  return { child, output: () => texts[0], errors: () => texts[1], says, ended };
}
