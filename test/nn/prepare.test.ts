import { expect, it } from 'vitest';
import { dataset } from '../../src/data/dataset.ts';
import { adam } from '../../src/nn/optimizers.ts';
import '../helpers/close.ts';
import { arc, compiledTinyGan } from './ganFixtures.ts';
import { clusters, compiledTiny, ownGpu, tinyModel, weightsOf } from './modelFixtures.ts';

const example = dataset({ name: 'one', x: new Float32Array(2), y: new Uint8Array(1), inputShape: [2] });

it('compiles what fit needs, save for what depends on the number of samples', async () => {
  const { gpu } = await ownGpu();
  const model = await compiledTiny({ gpu });
  const before = await weightsOf(model);
  const told: string[] = [];
  await model.prepare(example, { batchSize: 16, onCompile: ({ label }) => told.push(label) });
  const { compilations } = gpu.pipelines.stats;
  expect(told.length).toBeGreaterThan(8);
  expect(await weightsOf(model)).toEqual(before);
  expect(model.step).toBe(0);
  const { liveBuffers } = gpu.device;

  const { epochs } = await model.fit(clusters(64), { batchSize: 16, epochs: 1 });
  expect(gpu.pipelines.stats.compilations - compilations, 'gatherBatch').toBeLessThanOrEqual(2);
  expect(gpu.device.liveBuffers, 'nothing of the preparation is left').toBe(liveBuffers);
  const unprepared = await compiledTiny();
  const own = await unprepared.fit(clusters(64), { batchSize: 16, epochs: 1 });
  expect(epochs[0].loss).toBe(own.epochs[0].loss);
  model.destroy();
  unprepared.destroy();
  gpu.destroy();
});

it('says nothing of the values that come: labels of the example are no range', async () => {
  const model = await compiledTiny();
  await model.prepare(example);
  await model.fit(clusters(30), { steps: 1 });
  expect((await model.evaluate(clusters(9))).loss).toBeGreaterThan(0);
  model.destroy();
});

it('refuses what fit refuses', async () => {
  const model = await compiledTiny();
  await expect(model.prepare(example, { batchSize: 0 })).rejects.toThrow(/batchSize is 0/);
  await expect(model.prepare(example, { epochs: 1 } as never)).rejects.toThrow(/epochs/);
  await expect(model.prepare(5 as never)).rejects.toThrow(/prepare/);
  const wide = dataset({ name: 'wide', x: new Float32Array(3), y: new Uint8Array(1), inputShape: [3] });
  await expect(model.prepare(wide)).rejects.toThrow(/\[3\]/);
  const fit = model.fit(clusters(30), { steps: 2 });
  await expect(model.prepare(example)).rejects.toThrow(/prepare was called while the model is being trained/);
  await fit;
  model.destroy();
  await expect(tinyModel().prepare(example)).rejects.toThrow(/compile/);
  const idle = await tinyModel().compile({ gpu: (await ownGpu()).gpu, optimizer: adam() });
  await expect(idle.prepare(example)).rejects.toThrow(/loss/);
  idle.destroy();
});

it('compiles the step of two networks, too, of either alone as well', async () => {
  const { gpu } = await ownGpu();
  const gan = await compiledTinyGan({ gpu });
  const before = gpu.pipelines.stats.compilations;
  await gan.prepareFit(arc(1), { batchSize: 8 });
  const { compilations } = gpu.pipelines.stats;
  expect(compilations - before).toBeGreaterThan(8);
  expect(gan.step).toBe(0);
  const { liveBuffers } = gpu.device;
  const { epochs } = await gan.fit(arc(16), { batchSize: 8, epochs: 1 });
  expect(gpu.pipelines.stats.compilations - compilations, 'gatherBatch').toBeLessThanOrEqual(2);
  expect(gpu.device.liveBuffers, 'nothing of the preparation is left').toBe(liveBuffers);
  const unprepared = await compiledTinyGan();
  const own = await unprepared.fit(arc(16), { batchSize: 8, epochs: 1 });
  expect(epochs[0].generatorLoss).toBe(own.epochs[0].generatorLoss);

  await expect(gan.prepareFit(arc(1), { train: 'judge' as never })).rejects.toThrow(/cannot train 'judge'/);
  await expect(gan.prepareFit(arc(1), { batchSize: 0.5 })).rejects.toThrow(/batchSize is 0.5/);
  await expect(gan.prepareFit(arc(1), { epochs: 1 } as never)).rejects.toThrow(/epochs/);
  gan.destroy();
  unprepared.destroy();
  gpu.destroy();
});
