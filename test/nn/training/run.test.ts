import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { TrainingRun } from '../../../src/nn/training/run.ts';
import { clusters, compiledTiny } from '../modelFixtures.ts';

const turn = () => new Promise((resolve) => setTimeout(resolve, 0));

/** A training without a GPU: tells the numbers from 0 on, `count` of them. */
function counting(count: number, atOnce = 10, failure?: Error): TrainingRun<number, string> {
  return new TrainingRun<number, string>(async (tell, signal) => {
    for (let i = 0; i < count && !signal.aborted; i += atOnce) {
      tell(Array.from({ length: Math.min(atOnce, count - i) }, (_, k) => i + k));
      await turn();
    }
    if (failure) throw failure;
    return signal.aborted ? 'aborted' : 'finished';
  }, undefined);
}

async function collect<T>(run: AsyncIterable<T>): Promise<T[]> {
  const values: T[] = [];
  for await (const value of run) values.push(value);
  return values;
}

describe('loops over a training', () => {
  it('each see all steps, and all end', async () => {
    const run = counting(100);
    const all = Array.from({ length: 100 }, (_, i) => i);
    expect(await Promise.all([collect(run), collect(run)])).toEqual([all, all]);
    expect(await run).toBe('finished');
    expect(await collect(run)).toEqual(all); // one that begins after the end sees what is still held
    const model = await compiledTiny();
    const fit = model.fit(clusters(20), { batchSize: 4, epochs: 2 });
    const [one, two, { steps }] = await Promise.all([collect(fit), collect(fit), fit]);
    expect(one).toEqual(steps);
    expect(two).toEqual(steps);
    model.destroy();
  });

  it('that are slow hold nothing up, and miss the oldest values beyond 4,096', async () => {
    const run = counting(10_000, 100);
    const seen: number[] = [];
    for await (const value of run) {
      if (seen.length === 0) expect(await run).toBe('finished'); // the training does not wait for the loop
      seen.push(value);
    }
    expect(seen).toHaveLength(1 + 4096);
    expect(seen.slice(0, 3)).toEqual([0, 10_000 - 4096, 10_000 - 4095]);
    expect(seen.at(-1)).toBe(9_999);
  });

  it('end with what their own body throws, and end the training', async () => {
    const own = new Error('of the body');
    for (const failure of [undefined, new Error('of the training')]) {
      const run = counting(1e9, 10, failure);
      const loop = (async () => {
        for await (const value of run) if (value === 25) throw own;
      })();
      await expect(loop).rejects.toBe(own);
      if (failure) await expect(run).rejects.toBe(failure);
      else expect(await run).toBe('aborted');
    }
  });

  it('end with the error of the training', async () => {
    const failure = new Error('of the training');
    const run = counting(30, 10, failure);
    const outcomes = await Promise.allSettled([collect(run), collect(run), run]);
    expect(outcomes).toEqual(Array(3).fill({ status: 'rejected', reason: failure }));
  });

  it('left by break end the training after the step under way', async () => {
    const model = await compiledTiny();
    const fit = model.fit(clusters(20), { batchSize: 4, steps: Infinity });
    for await (const { step } of fit) if (step >= 3) break;
    expect((await fit).stopped).toBe('aborted');
    expect(model.step).toBeGreaterThanOrEqual(4);
    model.destroy();
  });
});

it('a training that fails and that nobody awaits ends the process with its error', async () => {
  const run = fileURLToPath(new URL('../../../src/nn/training/run.ts', import.meta.url));
  const script = `
    import { TrainingRun } from ${JSON.stringify(run)};
    new TrainingRun(async () => { throw new RangeError('nobody awaits it'); }, undefined);
    setTimeout(() => console.log('went on'), 5000);`;
  const args = ['--import', 'tsx', '--input-type=module', '-e', script];
  const failed = promisify(execFile)(process.execPath, args);
  await expect(failed).rejects.toMatchObject({
    code: 1,
    stdout: '',
    stderr: expect.stringContaining('RangeError: nobody awaits it') as string,
  });
});

it('an awaited fit that keeps no steps has none, but its epochs', async () => {
  const model = await compiledTiny();
  const told: number[] = [];
  const { steps, epochs } = await model.fit(clusters(20), {
    epochs: 2,
    batchSize: 8,
    keepSteps: false,
    onSteps: (values) => told.push(...values.map(({ step }) => step)),
  });
  expect(steps).toEqual([]);
  expect(epochs).toHaveLength(2);
  expect(told).toEqual([0, 1, 2, 3, 4, 5]);
  model.destroy();
});
