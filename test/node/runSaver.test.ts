import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { decodeSafetensors, encodeSafetensors } from '../../src/io/safetensors.ts';
import type { SavedRun } from '../../src/node/cli/checkpoint.ts';
import type { RunHistory } from '../../src/node/cli/history.ts';
import { RunFolder } from '../../src/node/cli/runFolder.ts';
import { RunSaver } from '../../src/node/cli/runSaver.ts';
import type { Trainee } from '../../src/node/cli/trainee.ts';

const RUN: SavedRun = {
  model: 'm',
  preset: 'p',
  dataset: 'd',
  data: 'd',
  samples: 1,
  adapter: 'a',
  seed: 0,
  batchSize: 1,
};

let root: string;
let folder: RunFolder;
let saver: RunSaver;
const model = {
  name: 'm',
  step: 0,
  save: async () => encodeSafetensors(new Map(), { step: `${model.step}` }),
};
const history: {
  epochs: { epoch: number; step: number }[];
  steps: { epoch: number; step: number; loss: number }[];
} = {
  epochs: [],
  steps: [],
};

beforeEach(async () => {
  root = mkdtempSync(join(tmpdir(), 'wgrad-saver-'));
  folder = await RunFolder.open(root, () => undefined);
  model.step = 0;
  history.epochs = [];
  history.steps = [];
  saver = new RunSaver(folder, model as unknown as Trainee, RUN, () => history as unknown as RunHistory);
});
afterEach(async () => {
  vi.restoreAllMocks();
  vi.useRealTimers();
  await folder.close();
  rmSync(root, { recursive: true });
});

/** Does steps, whose values come back at once or later. */
function train(steps: number, { read = true } = {}): void {
  for (let i = 0; i < steps; i++) history.steps.push({ epoch: 0, step: model.step++, loss: 1 });
  if (read) saver.valuesUpTo(model.step);
}
const savedStep = () =>
  Number(decodeSafetensors(readFileSync(join(root, 'model.safetensors'))).metadata.step);
const savedHistory = () => JSON.parse(readFileSync(join(root, 'history.json'), 'utf8')) as typeof history;

describe('RunSaver', () => {
  it('is due each N steps, and once per step', async () => {
    const due: number[] = [];
    for (let i = 0; i < 12; i++) {
      if (saver.isDue({ count: 3, unit: 'steps' })) {
        due.push(model.step);
        await saver.take('running');
        expect(saver.isDue({ count: 3, unit: 'steps' })).toBe(false);
      }
      model.step++;
    }
    expect(due).toEqual([3, 6, 9]);
  });

  it('is due each N seconds, if steps were done', async () => {
    vi.useFakeTimers();
    const fresh = new RunSaver(
      folder,
      model as unknown as Trainee,
      RUN,
      () => history as unknown as RunHistory,
    );
    vi.advanceTimersByTime(10_000);
    expect(fresh.isDue({ count: 5, unit: 'seconds' })).toBe(false); // nothing new
    model.step = 1;
    expect(fresh.isDue({ count: 5, unit: 'seconds' })).toBe(true);
    await fresh.take('running');
    model.step = 2;
    vi.advanceTimersByTime(4_999);
    expect(fresh.isDue({ count: 5, unit: 'seconds' })).toBe(false);
    vi.advanceTimersByTime(1);
    expect(fresh.isDue({ count: 5, unit: 'seconds' })).toBe(true);
  });

  it('waits for the values of all steps that the weights have seen, and writes no later ones', async () => {
    train(2);
    await saver.take('running');
    model.step = 3; // goes on meanwhile
    saver.valuesUpTo(1);
    await saver.settle();
    expect(saver.saved).toBeUndefined();
    history.steps.push({ epoch: 0, step: 2, loss: 1 });
    history.epochs.push({ epoch: 0, step: 2 }, { epoch: 1, step: 3 });
    saver.valuesUpTo(3);
    await saver.settle();
    expect([saver.saved, savedStep()]).toEqual([2, 2]);
    expect(savedHistory().steps.map(({ step }) => step)).toEqual([0, 1]);
    expect(savedHistory().epochs.map(({ step }) => step)).toEqual([2]);
  });

  it('never waits for the disk, and of the saves that wait for it writes the newest alone', async () => {
    let release = () => {};
    const held = new Promise<void>((resolve) => (release = resolve));
    const written: number[] = [];
    const write = folder.write.bind(folder);
    vi.spyOn(folder, 'write').mockImplementation(async (name, content) => {
      await held;
      if (name === 'model.safetensors') {
        written.push(Number(decodeSafetensors(content as Uint8Array).metadata.step));
      }
      return write(name, content);
    });
    for (let i = 0; i < 5; i++) {
      train(1, { read: false });
      await saver.take('running'); // resolves although the disk stands still
      saver.valuesUpTo(model.step);
    }
    expect(written).toEqual([]);
    release();
    await saver.settle();
    expect(written).toEqual([1, 5]);
    expect(savedStep()).toBe(5);
  });

  it('forgets weights that were dropped', async () => {
    train(1);
    await saver.take('running');
    saver.drop();
    saver.valuesUpTo(Infinity);
    await saver.settle();
    expect(saver.saved).toBeUndefined();
  });

  it('writes the history before the weights: a kill in between leaves too much of it rather than too little', async () => {
    const names: string[] = [];
    vi.spyOn(folder, 'write').mockImplementation(async (name) => names.push(name) > 0);
    train(1);
    await saver.take('running');
    saver.valuesUpTo(1);
    await saver.settle();
    expect(names).toEqual(['history.json', 'model.safetensors', 'loss.svg']);
  });

  it('tells of a failure that is not the disk’s when it is waited for', async () => {
    vi.spyOn(folder, 'write').mockRejectedValue(new TypeError('a mistake'));
    train(1);
    await saver.take('running');
    saver.valuesUpTo(1);
    await expect(saver.settle()).rejects.toThrow('a mistake');
  });
});
