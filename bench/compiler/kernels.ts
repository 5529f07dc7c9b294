import { dataset } from '../../src/index.ts';
import type { Dataset } from '../../src/index.ts';
import { autoencoder, AUTOENCODER_LOSSES, AUTOENCODER_PRESETS } from '../../src/models/autoencoder.ts';
import { dcgan, DCGAN_PRESETS, dcganTraining } from '../../src/models/dcgan.ts';
import type { DcganPreset } from '../../src/models/dcgan.ts';
import { MNIST_CNN_PRESETS, mnistCnn } from '../../src/models/mnistCnn.ts';
import type { MnistCnnPreset } from '../../src/models/mnistCnn.ts';
import type { Gpu } from '../../src/runtime/session.ts';
import { idleGpu } from './idleGpu.ts';

/** A kernel as a training step specialises it for a GPU. */
export interface CompiledKernel {
  /** `matmul/1_naive` */
  readonly name: string;
  readonly code: string;
  /** Those whose steps have it. */
  readonly models: string[];
}

/** The kernel's name, from the first line of its code. */
export function nameOf(code: string): string | undefined {
  return /^\/\/ (\S+)\.wgsl/.exec(code)?.[1];
}

/** As many digits as a batch has. */
function digits(count: number): Dataset {
  const [x, y] = [new Uint8Array(count * 784), Uint8Array.from({ length: count }, (_, i) => i % 10)];
  return dataset({ name: 'digits', x, y, inputShape: [28, 28, 1] });
}

async function classify(preset: MnistCnnPreset, gpu: Gpu): Promise<void> {
  const { optimizer, learningRate, batchSize } = MNIST_CNN_PRESETS[preset];
  const model = mnistCnn(preset);
  await model.compile({
    gpu,
    optimizer: optimizer({ learningRate }),
    loss: 'softmaxCrossEntropy',
    metrics: ['accuracy'],
  });
  await model.fit(digits(batchSize), { batchSize, epochs: 1 });
}

async function rebuild(gpu: Gpu): Promise<void> {
  const { optimizer, learningRate, batchSize } = AUTOENCODER_PRESETS.classroom;
  const { model, loss } = autoencoder('classroom');
  await model.compile({ gpu, optimizer: optimizer({ learningRate }), loss: AUTOENCODER_LOSSES[loss] });
  const { x } = digits(batchSize);
  const data = dataset({
    name: 'digits',
    x: x.data,
    y: x.data,
    inputShape: [28, 28, 1],
    targetShape: [28, 28, 1],
  });
  await model.fit(data, { batchSize, epochs: 1 });
}

async function draw(preset: DcganPreset, gpu: Gpu): Promise<void> {
  const { batchSize } = DCGAN_PRESETS[preset];
  const gan = await dcgan(preset).compile({ gpu, ...dcganTraining(preset) });
  await gan.fit(digits(batchSize), { batchSize, epochs: 1 });
}

const MODELS: Readonly<Record<string, (gpu: Gpu) => Promise<void>>> = {
  quick: (gpu) => classify('quick', gpu),
  keras: (gpu) => classify('keras', gpu),
  autoencoder: rebuild,
  'dcgan small': (gpu) => draw('small', gpu),
  'dcgan tf': (gpu) => draw('tf', gpu),
};

/** Every kernel of the training steps of the models, each at its own batch size. */
export async function modelKernels(): Promise<CompiledKernel[]> {
  const found = new Map<string, CompiledKernel>();
  for (const [model, train] of Object.entries(MODELS)) {
    const gpu = idleGpu({
      onShader: (code) => {
        const name = nameOf(code)!;
        const kernel = found.get(code) ?? { name, code, models: [] };
        if (!kernel.models.includes(model)) kernel.models.push(model);
        found.set(code, kernel);
      },
    });
    await train(gpu);
  }
  return [...found.values()].toSorted((a, b) => a.name.localeCompare(b.name));
}
