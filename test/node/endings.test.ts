import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { decodeSafetensors } from '../../src/io/safetensors.ts';
import { startTraining, train } from '../helpers/command.ts';

const root = mkdtempSync(join(tmpdir(), 'wgrad-endings-'));
afterAll(() => rmSync(root, { recursive: true, force: true }));

const SMALL = ['--data', 'synthetic:60', '--batch-size', '16'];
const stepOf = (folder: string) =>
  Number(decodeSafetensors(readFileSync(join(folder, 'model.safetensors'))).metadata.step);
const historyOf = (folder: string) =>
  JSON.parse(readFileSync(join(folder, 'history.json'), 'utf8')) as {
    stopped: string;
    steps: { step: number }[];
  };
const range = (count: number) => Array.from({ length: count }, (_, i) => i);

describe('a run that is killed', () => {
  it('leaves its last save, no lock and no temporary file; until then nobody else gets its folder', async () => {
    const out = join(root, 'killed');
    const path = join(out, 'model.safetensors');
    // So many steps to an epoch that only --save-every saves.
    const MANY = ['--data', 'synthetic:2000', '--batch-size', '1'];
    const run = startTraining([...MANY, '--steps', '1000000', '--save-every', '7', '--out', out]);
    await run.says(/Compiled/);
    await vi.waitFor(() => expect(readdirSync(out)).toContain('model.safetensors'), 60_000);
    const second = await train(...SMALL, '--out', out);
    expect({ code: second.code, output: second.output }).toEqual({ code: 1, output: '' });
    expect(second.errors).toContain(`Another run writes in the folder ${out}`);
    const third = await train('--data', 'synthetic:2000', '--resume', path, '--out', out);
    expect(third.errors).toContain('Another run writes in the folder');
    run.child.kill('SIGKILL');
    expect(await run.ended).toBe('SIGKILL');

    const step = stepOf(out);
    expect(step % 7).toBe(0);
    writeFileSync(join(out, '.wgrad-00000000-0000-4000-8000-000000000000.tmp'), 'a part'); // as if killed while writing
    const resumed = await train(...MANY, '--steps', String(step + 2), '--resume', path, '--out', out);
    expect(resumed).toMatchObject({ code: 0, errors: '' });
    expect(resumed.output).not.toContain('history and chart do not tell');
    expect(stepOf(out)).toBe(step + 2);
    expect(historyOf(out).steps.map((entry) => entry.step)).toEqual(range(step + 2));
    expect(readdirSync(out).sort()).toEqual(['history.json', 'loss.svg', 'model.safetensors']);
  });
});

describe('two runs that start at once in one folder', () => {
  it('are one that trains and one that is refused', async () => {
    const out = join(root, 'both');
    const runs = await Promise.all([1, 2].map(() => train(...SMALL, '--steps', '2', '--out', out)));
    const [trained, refused] = runs.sort((a, b) => a.code - b.code);
    expect({ code: trained.code, errors: trained.errors }).toEqual({ code: 0, errors: '' });
    expect({ code: refused.code, output: refused.output }).toEqual({ code: 1, output: '' });
    expect(refused.errors).toContain('Another run writes in the folder');
    expect(stepOf(out)).toBe(2);
  });
});

/** From the first SIGINT on, the disk is slow. */
const SLOW_DISK = `
  import { open } from 'node:fs/promises';
  const file = await open(process.execPath);
  const prototype = Object.getPrototypeOf(file);
  await file.close();
  const { sync } = prototype;
  let slow = false;
  process.on('SIGINT', () => (slow = true));
  prototype.sync = async function () {
    if (slow) await new Promise((resolve) => setTimeout(resolve, 100_000));
    return sync.call(this);
  };`;

describe.skipIf(process.platform === 'win32')('a second Ctrl-C', () => {
  it('ends the run at once, in the middle of saving, and leaves the last save alone', async () => {
    const out = join(root, 'twice');
    const hook = join(root, 'slowDisk.mjs');
    writeFileSync(hook, SLOW_DISK);
    const under = ['env', `NODE_OPTIONS=--import=${pathToFileURL(hook).href}`];
    // Saves are far apart: right after one there is nothing to save.
    const long = ['--data', 'synthetic:4000', '--batch-size', '1', '--epochs', '10', '--save-every', '100'];
    const run = startTraining([...long, '--out', out], under);
    await vi.waitFor(() => expect(readdirSync(out)).toContain('loss.svg'), 60_000); // the last file of a save
    run.child.kill('SIGINT');
    await vi.waitFor(() => expect(readdirSync(out).join()).toContain('.tmp'), {
      timeout: 30_000,
      interval: 10,
    });
    await new Promise((resolve) => setTimeout(resolve, 500)); // what npm repeats at once is no second wish
    run.child.kill('SIGINT');
    const asked = performance.now();
    expect(await run.ended).toBe(130);
    expect(performance.now() - asked).toBeLessThan(3000);
    expect(readdirSync(out).sort()).toEqual(['history.json', 'loss.svg', 'model.safetensors']);
    expect(stepOf(out)).toBeGreaterThan(0);
  });
});

describe.skipIf(process.platform === 'win32')('a terminal that goes away', () => {
  it('ends the run as Ctrl-C does, though nothing can be said any more', async () => {
    const out = join(root, 'hung up');
    const run = startTraining([...SMALL, '--epochs', '100000', '--out', out]);
    await run.says(/^ *2\/100000 /m);
    run.child.stdout.destroy();
    run.child.stderr.destroy();
    run.child.kill('SIGHUP');
    expect(await run.ended).toBe(129);
    expect(historyOf(out).stopped).toBe('interrupted');
    expect(historyOf(out).steps).toHaveLength(stepOf(out));
  });
});

describe('output', () => {
  it('that nobody reads after the first line ends nothing', async () => {
    const out = join(root, 'unread');
    const run = startTraining([...SMALL, '--steps', '30', '--out', out]);
    await run.says(/^Adapter/);
    run.child.stdout.destroy();
    expect(await run.ended).toBe(0);
    expect(run.errors()).not.toContain('Error');
    expect(stepOf(out)).toBe(30);
    expect(historyOf(out)).toMatchObject({ stopped: 'finished', test: {} });
  });

  it.skipIf(process.platform !== 'linux')(
    'that goes to a full disk is an error, after the work is saved',
    async () => {
      const out = join(root, 'unwritten');
      const run = startTraining(
        [...SMALL, '--steps', '3', '--out', out],
        ['sh', '-c', 'exec "$@" > /dev/full', 'sh'],
      );
      expect(await run.ended).toBe(1);
      expect(run.errors()).toMatch(
        /^EnvironmentError: The output cannot be written: ENOSPC.*All other files are saved\.$/m,
      );
      expect(stepOf(out)).toBe(3);
    },
  );
});

describe('a run whose weights would become NaN or infinite', () => {
  it('saves those from before that step, says how to go on, and ends with 1', async () => {
    const out = join(root, 'diverged');
    const path = join(out, 'model.safetensors');
    const ran = await train(...SMALL, '--steps', '50', '--learning-rate', '1e18', '--out', out);
    expect(ran.code).toBe(1);
    const step = Number(/^NumericError: .* at step (\d+)\. The step was not made/.exec(ran.errors)![1]);
    expect(step).toBeGreaterThan(0);
    expect(ran.output).toContain(`The weights after step ${step} are in ${path}.`);
    expect(ran.output).toContain(
      `To continue, with a lower learning rate:\n  npm run train -- mnist-cnn --steps 50 --batch-size 16 --learning-rate 100000000000000000 --data synthetic:60 --out ${out} --resume ${path}\n`,
    );
    expect(stepOf(out)).toBe(step);
    const { tensors } = decodeSafetensors(readFileSync(path));
    for (const { data } of tensors.values()) expect([...data].every(Number.isFinite)).toBe(true);
    expect(historyOf(out).stopped).toBe('failed');
    expect(historyOf(out).steps.map((entry) => entry.step)).toEqual(range(step));
    const on = await train('--data', 'synthetic:60', '--steps', String(step), '--resume', path, '--out', out);
    expect(on.code).toBe(0);
  });

  it('before its first step saves nothing', async () => {
    const out = join(root, 'diverged at once');
    // RMSprop's first step is 3 times the rate, which is more than f32 holds
    const own = ['--preset', 'tfjs', '--steps', '5', '--learning-rate', '3e38'];
    const ran = await train(...SMALL, ...own, '--out', out);
    expect(ran.code).toBe(1);
    expect(ran.errors).toContain('at step 0');
    expect(readdirSync(root)).not.toContain('diverged at once');
  });
});

describe('--resume', () => {
  it('says what the history lacks, and trains on', async () => {
    const out = join(root, 'resumed');
    await train(...SMALL, '--steps', '3', '--out', out);
    const path = join(out, 'model.safetensors');
    const bytes = readFileSync(path);
    const history = readFileSync(join(out, 'history.json'), 'utf8');
    const resume = async (text: string | undefined) => {
      writeFileSync(path, bytes);
      rmSync(join(out, 'history.json'), { force: true });
      if (text !== undefined) writeFileSync(join(out, 'history.json'), text);
      const ran = await train('--data', 'synthetic:60', '--steps', '4', '--resume', path, '--out', out);
      expect(ran.code).toBe(0);
      return ran.output;
    };
    for (const [text, gap] of [
      [undefined, 'There is no'],
      ['{', 'history.json is damaged'],
      ['{"epochs":[],"steps":[null]}', 'history.json is damaged'],
      [history.replace('"seed": 0', '"seed": 1'), 'history.json is of another run'],
      [history.replace('"step":1,', '"step":99,'), 'history.json does not cover all earlier steps'],
    ] as const) {
      const output = await resume(text);
      expect(output).toContain(gap);
      expect(output).toContain('history and chart do not cover the whole run');
    }
    expect(await resume(history)).not.toContain('history and chart do not tell');
    expect(historyOf(out).steps.map(({ step }) => step)).toEqual(range(4));
  });

  it('with another model’s checkpoint or a damaged one leaves everything as it was', async () => {
    const out = join(root, 'untouched');
    await train(...SMALL, '--steps', '2', '--out', out);
    const path = join(out, 'model.safetensors');
    const content = () => readdirSync(out).map((name) => [name, readFileSync(join(out, name), 'hex')]);
    const before = content();
    const other = await train('autoencoder', '--resume', path, '--out', out);
    expect({ code: other.code, output: other.output }).toEqual({ code: 1, output: '' });
    expect(other.errors).toContain(
      'was trained with model mnist-cnn, so it cannot continue with autoencoder',
    );
    expect(content()).toEqual(before);
    const damaged = join(root, 'damaged.safetensors');
    writeFileSync(damaged, readFileSync(path).subarray(0, 1000));
    const broken = await train('--resume', damaged, '--out', out);
    expect(broken.code).toBe(1);
    expect(broken.errors).toMatch(/^FormatError: .*damaged\.safetensors/);
    expect(content()).toEqual(before);
    const none = await train('--resume', join(root, 'none'), '--out', join(root, 'new'));
    expect(none.code).toBe(1);
    expect(readdirSync(root)).not.toContain('new');
  });
});
