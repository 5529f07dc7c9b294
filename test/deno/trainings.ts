/**
 * The three trainings, a few steps each on drawn digits, with the kernels for software adapters and those for GPUs, on
 * the WebGPU of whichever program runs this file: Deno's own (wgpu), or Dawn in Node. Writes losses and weights as
 * JSON, for run.ts to compare.
 *
 *     node|deno run trainings.js <steps> <all | software> <output file>
 */
import { writeFileSync } from 'node:fs';
import { selfTargets } from '../../src/data/dataset.ts';
import type { Dataset } from '../../src/data/dataset.ts';
import { syntheticDigits } from '../../src/data/digits.ts';
import { AUTOENCODER_LOSSES, AUTOENCODER_PRESETS, autoencoder } from '../../src/models/autoencoder.ts';
import { dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import { findAdapter } from '../../src/node/adapter.ts';
import type { Variable } from '../../src/ops/core/leaves.ts';
import { init } from '../../src/runtime/session.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import type { Report, Trained } from './report.ts';

const BATCH = 32;

type Training = (
  gpu: Gpu,
  digits: Dataset,
  steps: number,
) => Promise<{ losses: number[]; weights: number[] }>;

async function weightsOf(gpu: Gpu, variables: readonly Variable[]): Promise<number[]> {
  const values = await gpu.variables.readAll(variables);
  return variables.flatMap((variable) => [...values.get(variable)!]);
}

const trainCnn: Training = async (gpu, digits, steps) => {
  const { optimizer, learningRate } = MNIST_CNN_PRESETS.quick;
  const model = mnistCnn('quick');
  await model.compile({
    gpu,
    optimizer: optimizer({ learningRate }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });
  const history = await model.fit(digits, { steps, batchSize: BATCH });
  const weights = await weightsOf(gpu, model.variables);
  model.destroy();
  return { losses: history.steps.map(({ loss }) => loss), weights };
};

const trainAutoencoder: Training = async (gpu, digits, steps) => {
  const { optimizer, learningRate } = AUTOENCODER_PRESETS.classroom;
  const { model, loss } = autoencoder('classroom');
  await model.compile({ gpu, optimizer: optimizer({ learningRate }), loss: AUTOENCODER_LOSSES[loss] });
  const history = await model.fit(selfTargets(digits), { steps, batchSize: BATCH });
  const weights = await weightsOf(gpu, model.variables);
  model.destroy();
  return { losses: history.steps.map((step) => step.loss), weights };
};

const trainDcgan: Training = async (gpu, digits, steps) => {
  const gan = await dcgan('small').compile({ gpu, ...dcganTraining('small') });
  const history = await gan.fit(digits, { steps, batchSize: BATCH });
  const weights = await weightsOf(gpu, gan.variables);
  gan.destroy();
  return {
    losses: history.steps.flatMap(({ generatorLoss, discriminatorLoss }) => [
      generatorLoss,
      discriminatorLoss,
    ]),
    weights,
  };
};

const trainings: Record<string, Training> = {
  'MNIST CNN': trainCnn,
  autoencoder: trainAutoencoder,
  DCGAN: trainDcgan,
};

/** A device of this program's own WebGPU: in Deno as a user of Deno opens it. */
async function open(software: boolean): Promise<Gpu> {
  if ('Deno' in globalThis) return init({ software });
  const { gpu, adapter } = await findAdapter();
  return init({ gpu, adapter, software });
}

const [steps, kernels, output] = process.argv.slice(2);
const { train } = syntheticDigits({ train: 5 * BATCH - 3, test: 1 }); // the fifth batch is a smaller one
const trained: Trained[] = [];
let description = '';
for (const software of kernels === 'software' ? [true] : [true, false]) {
  const gpu = await open(software);
  description = gpu.device.description;
  for (const [name, training] of Object.entries(trainings)) {
    const { losses, weights } = await training(gpu, train, Number(steps));
    const bytes = Buffer.from(Float32Array.from(weights).buffer);
    trained.push({
      name: `${name}, kernels for ${software ? 'software adapters' : 'GPUs'}`,
      losses,
      weights: bytes.toString('base64'),
    });
  }
  if (gpu.device.liveBuffers > 0) throw new Error(`${gpu.device.liveBuffers} buffers are left`);
  gpu.destroy();
}
const report: Report = { adapter: description, trained };
writeFileSync(output, JSON.stringify(report));
process.exit(0); // Dawn polls on as long as the process lives
