import { expect } from 'vitest';
import { adam } from '../../src/nn/optimizers.ts';
import type { Model } from '../../src/nn/model.ts';
import type { Gan } from '../../src/nn/gan/index.ts';
import { train } from '../../src/nn/training/train.ts';
import type { TrainRun } from '../../src/nn/training/train.ts';
import type { Step } from '../../src/nn/training/step.ts';
import { Variable } from '../../src/ops/core/leaves.ts';
import * as ops from '../../src/ops/index.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { arc, tinyGan } from '../nn/ganFixtures.ts';
import { clusters, tinyModel } from '../nn/modelFixtures.ts';

/** All cases of the sweeps instead of a share of them, `npm run test:faults`: an hour instead of seconds. */
export const ALL = process.env.WGRAD_FAULTS === 'all';

/** Milliseconds that a test of a sweep may take. */
export const SWEEP = ALL ? 3_600_000 : 120_000;

/** Of `count` cases those to try: all, or `share` of them, evenly spread, first and last included. */
export function casesOf(count: number, share: number): number[] {
  if (ALL || count <= share) return Array.from({ length: count }, (_, i) => i);
  return Array.from({ length: share }, (_, i) => Math.round((i * (count - 1)) / (share - 1)));
}

/** 21 samples: two batches of 8 and a rest of 5. */
export const data = clusters(21, 1);
export const validationData = clusters(9, 2);
export const images = arc(21);

export const compileTiny = (model: Model, gpu: Gpu): Promise<Model> =>
  model.compile({
    gpu,
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });

/** What a part of the life of a model comes to; `saved` gets a checkpoint after each epoch. */
export interface Life {
  (gpu: Gpu, saved?: (bytes: Uint8Array) => void): Promise<number[]>;
}

/** Compiles, trains, evaluates, predicts, saves and loads a model; frees it. */
export const lifeOfModel: Life = async (gpu, saved) => {
  const model = tinyModel();
  try {
    await compileTiny(model, gpu);
    const { epochs } = await model.fit(data, {
      epochs: 2,
      batchSize: 8,
      validationData,
      onEpoch: saved && (async () => saved(await model.save())),
    });
    const { loss } = await model.evaluate(data, { batchSize: 8 });
    const outputs = await model.predict(validationData, { batchSize: 4 });
    model.load(await model.save());
    const again = await model.evaluate(data, { batchSize: 8 });
    return [...epochs.map((epoch) => epoch.loss), loss, ...outputs, again.loss];
  } finally {
    model.destroy();
  }
};

/** The same of a GAN, with a sampler and the judge. */
export const lifeOfGan: Life = async (gpu, saved) => {
  const gan: Gan = tinyGan();
  let free = () => {};
  try {
    await gan.compile({ gpu });
    const sampler = await gan.sampler({ count: 3 });
    free = () => sampler.destroy();
    const { epochs } = await gan.fit(images, {
      epochs: 2,
      batchSize: 8,
      onEpoch: saved && (async () => saved(await gan.save())),
    });
    await sampler.draw();
    const drawn = await sampler.readImages();
    const judged = await gan.judge(Float32Array.of(0.5, -0.5, 0.1, 0.2));
    gan.load(await gan.save());
    const again = await gan.judge(Float32Array.of(0.5, -0.5, 0.1, 0.2));
    return [...epochs.map(({ generatorLoss }) => generatorLoss), ...drawn, ...judged, ...again];
  } finally {
    free();
    gan.destroy();
  }
};

/** The same of a step of one's own. */
export const lifeOfStep: Life = async (gpu, saved) => {
  const own = new Variable({ name: 'w', shape: [2, 3], initialize: (values) => values.fill(0.1) });
  const step: Step = (_, { x, y }) => {
    const loss = ops.sparseSoftmaxCrossEntropy(ops.matmul(x, ops.read(own)), y);
    return { losses: { loss }, minimize: { loss, variables: [own], optimizer: adam() } };
  };
  gpu.variables.allocate([own], 'w');
  gpu.variables.retain([own]);
  const options = { gpu, batchSize: 8, validationData };
  let run: TrainRun | undefined;
  try {
    run = train(data, step, {
      ...options,
      epochs: 2,
      onEpoch: saved && (async () => saved(await run!.save())),
    });
    const { epochs } = await run;
    const restore = await run.save();
    run.destroy();
    run = train(data, step, { ...options, epochs: 3, restore, resume: true });
    const { epochs: more } = await run;
    const values = await gpu.variables.read(own);
    return [...[...epochs, ...more].map(({ loss }) => loss), ...values];
  } finally {
    run?.destroy();
    gpu.variables.release([own]);
  }
};

/** What a promise comes to: its value or its error. @throws Error if it takes longer than 30 s */
export async function outcomeOf<T>(what: string, promise: PromiseLike<T>): Promise<T | Error> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const hangs = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${what} hangs`)), 30_000);
  });
  const outcome = Promise.resolve(promise).catch((error: Error) => error);
  try {
    return await Promise.race([outcome, hangs]);
  } finally {
    clearTimeout(timer);
  }
}

/** Waits until what was under way has freed its buffers. */
export async function expectFreed(gpu: Gpu, what: string): Promise<void> {
  await expect
    .poll(() => gpu.device.liveBuffers, { message: `buffers left: ${what}`, timeout: 5000 })
    .toBe(0);
}
