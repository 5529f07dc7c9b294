import { dataset } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { randomStream } from '../../src/data/random.ts';
import { Device } from '../../src/device/device.ts';
import { dense } from '../../src/nn/layers/dense.ts';
import { sequential } from '../../src/nn/sequential.ts';
import type { Model, ModelCompileOptions } from '../../src/nn/model.ts';
import type { SequentialOptions } from '../../src/nn/sequential.ts';
import { adam } from '../../src/nn/optimizers.ts';
import { Gpu } from '../../src/runtime/session.ts';
import { countCalls } from '../helpers/countCalls.ts';
import { testAdapter } from '../helpers/device.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { afterEveryFile } from '../helpers/everyFile.ts';

/** Points around three centres, which three logits can tell apart: the smallest thing that learns. */
export function clusters(size: number, seed = 1): Dataset {
  const random = randomStream(seed, 0);
  const x = new Float32Array(size * 2);
  const y = new Uint8Array(size);
  for (let i = 0; i < size; i++) {
    y[i] = i % 3;
    x[2 * i] = Math.cos(2.1 * y[i]) + random() - 0.5;
    x[2 * i + 1] = Math.sin(2.1 * y[i]) + random() - 0.5;
  }
  return dataset({ name: `clusters ${seed}`, x, y, inputShape: [2] });
}

/** 2 → 8 → 3. */
export const tinyModel = (options: Partial<SequentialOptions> = {}): Model =>
  sequential([dense({ units: 8, activation: 'tanh' }), dense({ units: 3 })], {
    inputShape: [2],
    name: 'tiny',
    ...options,
  });

/** A tiny model, compiled with Adam for the clusters. */
export async function compiledTiny({
  inputShape,
  name,
  seed,
  ...options
}: Partial<SequentialOptions & ModelCompileOptions> = {}): Promise<Model> {
  const own = { ...(inputShape && { inputShape }), ...(name && { name }), ...(seed && { seed }) };
  return tinyModel(own).compile({
    gpu: await testGpu(),
    optimizer: adam({ learningRate: 0.02 }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
    ...options,
  });
}

let devices: GPUDevice[] = [];
afterEveryFile(() => {
  for (const device of devices) device.destroy();
  devices = [];
});

/** A session on a device of its own, to be counted, lost or destroyed. */
export async function ownGpu() {
  const real = await (await testAdapter()).requestDevice();
  devices.push(real);
  real.addEventListener('uncapturederror', (event) => event.preventDefault()); // Device hears of it as well
  const counted = countCalls(real);
  return {
    gpu: new Gpu(new Device(counted.device, real.adapterInfo, { owned: true, software: true })),
    counted,
    real,
  };
}

/** All weights, one after the other in the order of the layers. */
export async function weightsOf(model: Model): Promise<number[]> {
  const values = await model.compiled.gpu.variables.readAll(model.variables);
  return model.variables.flatMap((variable) => [...values.get(variable)!]);
}
