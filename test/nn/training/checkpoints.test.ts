import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { ArgumentError, EnvironmentError, FormatError } from '../../../src/errors.ts';
import { latestCheckpoint } from '../../../src/io/checkpointStore.ts';
import { opfsCheckpoints } from '../../../src/io/opfsCheckpoints.ts';
import { folderCheckpoints } from '../../../src/node/folderCheckpoints.ts';
import { Checkpoints } from '../../../src/nn/training/checkpoints.ts';
import type { CheckpointMoment, CheckpointOptions } from '../../../src/nn/training/checkpoints.ts';
import { TrainingState } from '../../../src/nn/training/state.ts';
import { arc, compiledTinyGan } from '../ganFixtures.ts';
import * as gans from '../ganFixtures.ts';
import { clusters, compiledTiny, weightsOf } from '../modelFixtures.ts';

const data = clusters(21);
const folders: string[] = [];
afterAll(async () => {
  for (const folder of folders) await rm(folder, { recursive: true, force: true });
});

async function newFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'wgrad-checkpoints-'));
  folders.push(folder);
  return folder;
}

/** Keeps what is written, in memory. */
function memory() {
  const files: (CheckpointMoment & { readonly bytes: Uint8Array })[] = [];
  const write = (bytes: Uint8Array, moment: CheckpointMoment) => void files.push({ ...moment, bytes });
  return { files, write };
}

const stepsOf = (files: readonly CheckpointMoment[]) => files.map(({ step }) => step);

describe('fit({ checkpoint })', () => {
  it.each<[CheckpointOptions['every'], number[]]>([
    ['epoch', [3, 6]],
    [2, [2, 4, 6]],
    [4, [4, 6]],
    [100, [6]],
  ])('every %s saves after the steps %j; from each, a run goes on to the same bits', async (every, steps) => {
    const { files, write } = memory();
    const whole = await compiledTiny();
    const options = {
      batchSize: 8,
      epochs: 2,
      validationData: clusters(9, 2),
      earlyStopping: { patience: 5 },
    };
    const { epochs } = await whole.fit(data, { ...options, checkpoint: { every, write } });
    expect(stepsOf(files)).toEqual(steps);
    expect(files.map(({ name }) => name)).toEqual(
      steps.map((step) => `checkpoint-00000000${step}.safetensors`),
    );
    const expected = await weightsOf(whole);
    for (const { bytes, step, epoch } of files) {
      const again = await compiledTiny({ seed: 9 });
      again.load(bytes);
      expect([again.step, again.epoch]).toEqual([step, epoch]);
      const rest = await again.fit(data, { ...options, resume: true });
      expect(await weightsOf(again)).toEqual(expected);
      expect(rest.epochs).toEqual(epochs.slice(epoch));
      again.destroy();
    }
    whole.destroy();
  });

  it('saves a GAN, and what an abort leaves', async () => {
    const { files, write } = memory();
    const gan = await compiledTinyGan();
    await gan.fit(arc(21), { batchSize: 8, epochs: 2, checkpoint: { write } });
    expect(stepsOf(files)).toEqual([3, 6]);
    const again = await compiledTinyGan({ seed: 9 });
    again.load(files[0].bytes);
    await again.fit(arc(21), { batchSize: 8, epochs: 2, resume: true });
    expect(await gans.weightsOf(again)).toEqual(await gans.weightsOf(gan));
    const end = new AbortController();
    const { stopped } = await gan.fit(arc(21), {
      batchSize: 8,
      signal: end.signal,
      beforeStep: (step) => void (step === 7 && end.abort()),
      checkpoint: { write },
    });
    expect([stopped, ...stepsOf(files)]).toEqual(['aborted', 3, 6, 7]);
    gan.destroy();
    again.destroy();
  });

  it('keeps the newest files in a folder, from which a run of another process would go on', async () => {
    const folder = await newFolder();
    await writeFile(join(folder, 'notes.txt'), 'mine');
    const store = folderCheckpoints(folder);
    expect(await latestCheckpoint(store)).toBe(undefined);
    const model = await compiledTiny();
    await model.fit(data, { batchSize: 8, epochs: 4, checkpoint: { write: store } });
    // While one is written others may be passed over; the last one never is.
    const kept = (await readdir(folder)).filter((name) => name !== 'notes.txt').toSorted();
    expect(kept.length).toBeLessThanOrEqual(2);
    expect(kept.at(-1)).toBe('checkpoint-000000012.safetensors');
    expect(await readdir(folder)).toContain('notes.txt');
    const again = await compiledTiny({ seed: 9 });
    again.load((await latestCheckpoint(store))!);
    expect([again.step, again.epoch]).toEqual([12, 4]);
    expect(await weightsOf(again)).toEqual(await weightsOf(model));

    // A store of a training that was further on is not mixed with another one's.
    const fresh = await compiledTiny();
    const refused = fresh.fit(data, { batchSize: 8, checkpoint: { write: store } });
    await expect(refused).rejects.toThrow(ArgumentError);
    await expect(refused).rejects.toThrow(
      /is at step 0, but the folder .* holds a checkpoint of step 12; load/,
    );
    for (const own of [model, again, fresh]) own.destroy();
  });

  it('refuses a folder in which another training writes, until that has ended', async () => {
    const folder = await newFolder();
    const [one, two] = [await compiledTiny(), await compiledTiny()];
    let refused: unknown;
    await one.fit(data, {
      batchSize: 8,
      checkpoint: { write: folderCheckpoints(folder) },
      onEpoch: async () => {
        const other = two.fit(data, { checkpoint: { write: folderCheckpoints(folder) } });
        refused = await other.then(undefined, (error: unknown) => error);
      },
    });
    expect(refused).toBeInstanceOf(EnvironmentError);
    expect(two.step).toBe(0);
    one.destroy();
    await rm(folder, { recursive: true });
    await two.fit(data, { checkpoint: { write: folderCheckpoints(folder), keep: 1 } });
    expect(await readdir(folder)).toHaveLength(1);
    two.destroy();
  });

  it('goes on where a file cannot be written, tries again, and tells at the end what is not saved', async () => {
    const full = new EnvironmentError('the disk is full');
    const told: unknown[] = [];
    const { files, write } = memory();
    const model = await compiledTiny();
    const failing = (steps: number[]) => (bytes: Uint8Array, moment: CheckpointMoment) => {
      if (steps.includes(moment.step)) throw full;
      write(bytes, moment);
    };
    const onFailure = (error: unknown) => void told.push(error);
    await model.fit(data, { batchSize: 8, epochs: 2, checkpoint: { write: failing([3]), onFailure } });
    expect([stepsOf(files), told]).toEqual([[6], [full]]);
    const run = model.fit(data, {
      batchSize: 8,
      epochs: 2,
      checkpoint: { write: failing([9, 12]), onFailure },
    });
    await expect(run).rejects.toBe(full);
    expect(told.length).toBeGreaterThanOrEqual(3); // step 9, step 12, and once more at the end
    expect([model.step, stepsOf(files)]).toEqual([12, [6]]);
    let calls = 0;
    const once = (bytes: Uint8Array, moment: CheckpointMoment) => {
      if (calls++ === 0) throw full;
      write(bytes, moment);
    };
    await model.fit(data, { batchSize: 21, checkpoint: { write: once } });
    expect(stepsOf(files)).toEqual([6, 13]); // the last try
    model.destroy();
  });

  it('says before the first step what is wrong with its options', async () => {
    const model = await compiledTiny();
    const { write } = memory();
    const wrong: [unknown, RegExp][] = [
      [{}, /checkpoint: its options are missing|the option "write" is missing/],
      [{ write, every: 0 }, /every is 0; it must be 'epoch', a whole number of steps/],
      [{ write, every: '0s' }, /every is "0s"/],
      [{ write, every: 'epochs' }, /every is "epochs"/],
      [{ write, keep: 2 }, /keep is for stores/],
      [{ write: folderCheckpoints('out/none'), keep: 0 }, /keep is 0; it must be a whole number/],
      [{ write: 'out' }, /write is "out", without list\(\); pass folderCheckpoints/],
      [{ write, saveBest: true }, /there is no option "saveBest"/],
      [{ write, onFailure: 1 }, /checkpoint: onFailure is 1; it must be a function/],
    ];
    for (const [checkpoint, message] of wrong) {
      const run = model.fit(data, { checkpoint: checkpoint as CheckpointOptions });
      await expect(run).rejects.toThrow(message);
    }
    expect(() => folderCheckpoints('')).toThrow(ArgumentError);
    expect(model.step).toBe(0);
    model.destroy();
  });
});

describe('Checkpoints', () => {
  const contents = { tensors: new Map(), metadata: {} };
  const at = (step: number) => ({ step, epoch: 0, place: 0 });
  const beginning = () => ({ kind: 'model' as const, name: 'test', state: new TrainingState() });

  it('counts seconds', async () => {
    let now = 0;
    const { files, write } = memory();
    const checkpoints = new Checkpoints('test', { every: '1.5s', write }, () => now);
    await checkpoints.open(beginning());
    for (let step = 1; step <= 8; step++) {
      now += 500;
      if (checkpoints.isDue(at(step), false)) checkpoints.take(contents, at(step));
    }
    await checkpoints.settle();
    expect(stepsOf(files)).toEqual([3, 6].slice(-files.length));
    expect(files.length).toBeGreaterThan(0);
  });

  it('writes one file at a time; of those that wait only the newest', async () => {
    const written: number[] = [];
    let finish = () => {};
    const write = async (_bytes: Uint8Array, { step }: CheckpointMoment) => {
      written.push(step);
      await new Promise<void>((resolve) => (finish = resolve));
    };
    const checkpoints = new Checkpoints('test', { every: 1, write });
    await checkpoints.open(beginning());
    for (const step of [1, 2, 3]) checkpoints.take(contents, at(step));
    expect(written).toEqual([1]);
    const settled = checkpoints.settle();
    finish();
    await expect.poll(() => written).toEqual([1, 3]);
    finish();
    await settled;
  });
});

describe('earlyStopping({ restoreBestWeights })', () => {
  const options = { batchSize: 8, epochs: 6, validationData: clusters(9, 2) };

  it('brings the weights of the best epoch back, also where training ends by itself', async () => {
    for (const patience of [2, 100]) {
      const model = await compiledTiny();
      const weights: number[][] = [];
      const losses: number[] = [];
      const { stopped } = await model.fit(data, {
        ...options,
        earlyStopping: { patience, restoreBestWeights: true },
        onEpoch: async ({ epoch, validationLoss }) => {
          weights.push(await weightsOf(model));
          losses.push(validationLoss);
          if (epoch === 1) model.learningRate = 100; // too high: it gets worse
        },
      });
      const best = losses.indexOf(Math.min(...losses));
      expect(best).toBeLessThan(losses.length - 1);
      expect(await weightsOf(model)).toEqual(weights[best]);
      expect(stopped).toBe(patience === 2 ? 'early' : 'finished');
      model.destroy();
    }
  });

  it('finds the best of all epochs, also of those before a run went on', async () => {
    const { files, write } = memory();
    const model = await compiledTiny();
    const best: number[][] = [];
    // Taken for the better the higher it is, the loss is best after the first epoch.
    const earlyStopping = { patience: 100, mode: 'max', restoreBestWeights: true } as const;
    const fit = { ...options, earlyStopping };
    await model.fit(data, {
      ...fit,
      checkpoint: { write },
      onEpoch: async () => void best.push(await weightsOf(model)),
    });
    const again = await compiledTiny();
    again.load(files[2].bytes);
    await again.fit(data, { ...fit, resume: true });
    expect(await weightsOf(again)).toEqual(await weightsOf(model));
    expect(await weightsOf(again)).toEqual(best[0]);
    model.destroy();
    again.destroy();
  });

  it('must be true or false', async () => {
    const model = await compiledTiny();
    const run = model.fit(data, {
      ...options,
      earlyStopping: { restoreBestWeights: 1 as unknown as boolean },
    });
    await expect(run).rejects.toThrow('earlyStopping: restoreBestWeights is 1; it must be true or false');
    model.destroy();
  });
});

describe('a file saved between the last step of an epoch and its end', () => {
  it.each(['validation', 'onEpoch'] as const)(
    'during %s: what goes on from it tells every epoch once',
    async (when) => {
      const model = await compiledTiny();
      const saved: Uint8Array[] = [];
      const validationData = clusters(9, 2);
      const options = {
        batchSize: 8,
        epochs: 2,
        validationData,
        reduceOnPlateau: { patience: 1, minDelta: 10 },
      };
      let validating = false;
      const run = model.fit(data, {
        ...options,
        onSteps: (values) => {
          // The values of the last step of the first epoch: its validation is what comes next.
          if (when === 'validation' && values.some(({ step }) => step === 2) && !validating) {
            validating = true;
            void model.save().then((bytes) => saved.push(bytes));
          }
        },
        onEpoch: async ({ epoch }) => {
          if (when === 'onEpoch' && epoch === 0) saved.push(await model.save());
        },
      });
      const { epochs } = await run;
      expect(saved).toHaveLength(1);
      const again = await compiledTiny({ seed: 9 });
      again.load(saved[0]);
      const rest = await again.fit(data, { ...options, resume: true });
      expect(rest.epochs).toEqual(when === 'validation' ? epochs : epochs.slice(1));
      expect(await weightsOf(again)).toEqual(await weightsOf(model));
      expect(again.learningRate).toBe(model.learningRate);
      model.destroy();
      again.destroy();
    },
  );

  it('an epoch of which other batches leave a rest out is told, too', async () => {
    const model = await compiledTiny();
    await model.fit(data, { batchSize: 8, steps: 2 });
    const again = await compiledTiny();
    again.load(await model.save());
    const { epochs } = await again.fit(data, { batchSize: 7, lastBatch: 'drop', epochs: 2, resume: true });
    expect(epochs.map(({ epoch, step }) => [epoch, step])).toEqual([
      [0, 2],
      [1, 5],
    ]);
    model.destroy();
    again.destroy();
  });
});

it('a damaged newest checkpoint is refused when it is loaded', async () => {
  const folder = await newFolder();
  const store = folderCheckpoints(folder);
  const model = await compiledTiny();
  await model.fit(data, { checkpoint: { write: store } });
  const bytes = (await latestCheckpoint(store))!;
  await store.write('checkpoint-000000099.safetensors', bytes.slice(0, -40));
  expect(() => model.load(bytes)).not.toThrow();
  const damaged = (await latestCheckpoint(store))!;
  expect(() => model.load(damaged)).toThrow(FormatError);
  model.destroy();
});

it('stores are known from what is none', async () => {
  await expect(latestCheckpoint('out' as never)).rejects.toThrow(
    /latestCheckpoint: takes a store.*was given "out"/,
  );
  for (const path of ['', '..', 'a/../b', 5])
    expect(() => opfsCheckpoints(path as string)).toThrow(ArgumentError);
  const run = opfsCheckpoints('digits').list(); // Node has no such file system
  await expect(run).rejects.toThrow(/Cannot read the folder digits of this site: there is no origin private/);
});
