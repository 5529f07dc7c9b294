/**
 * wgrad's side of the head-to-head: whole training steps at batch 64 with Adam, the batch gathered from a data set
 * on the GPU, each step ended by reading its loss, as the peers' are. Prints one line of JSON: milliseconds of the
 * first step (compiling included), the median and the least; and the calls of a step.
 *
 *     bench/step.ts quick|keras|autoencoder|dcgan
 */
import { adam, dataset, dense, losses, sequential } from '../src/index.ts';
import { dcgan, dcganTraining } from '../src/models/dcgan.ts';
import { mnistCnn } from '../src/models/mnistCnn.ts';
import { gather } from '../src/nn/training/batch.ts';
import { GanTask } from '../src/nn/gan/fit.ts';
import { StepPrograms } from '../src/nn/training/programs.ts';
import { ResidentSource } from '../src/nn/training/source.ts';
import { initNode } from '../src/node/index.ts';
import { reduceMean } from '../src/ops/reduce/reduce.ts';
import { DeviceDataset } from '../src/runtime/deviceDataset.ts';
import type { Program } from '../src/runtime/program.ts';
import { MetricRing } from '../src/runtime/ring.ts';

const BATCH = 64;
const WARM = 3;
const RUNS = 15;

const pixels = Float32Array.from({ length: BATCH * 784 }, (_, i) => ((i * 7919) % 256) / 255);
const labels = Uint8Array.from({ length: BATCH }, (_, i) => i % 10);

function classifier(preset: 'quick' | 'keras') {
  const data = dataset({ name: 'noise', x: pixels, y: labels, inputShape: [28, 28, 1] });
  return { model: mnistCnn(preset), loss: losses.softmaxCrossEntropy, data };
}

function autoencoder() {
  const layers = [128, 64, 128].map((units) => dense({ units, activation: 'relu' }));
  const model = sequential([...layers, dense({ units: 784 })], { inputShape: [784] });
  const data = dataset({ name: 'noise', x: pixels, y: pixels, inputShape: [784], targetShape: [784] });
  return { model, loss: losses.binaryCrossEntropyWithLogits, data };
}

/** A compiled program, and a step that ends with its loss on the CPU. */
interface Contestant {
  readonly program: Program;
  readonly step: () => Promise<unknown>;
}

/** Both networks of the small DCGAN in one step. */
async function adversaries(): Promise<Contestant> {
  const gan = await dcgan('small').compile({ gpu, ...dcganTraining('small') });
  const data = dataset({ name: 'noise', x: pixels, y: labels, inputShape: [28, 28, 1] });
  const source = new ResidentSource(gpu.device, data, { batchSize: BATCH, lastBatch: 'keep', shuffle: true });
  const programs = new StepPrograms(new GanTask(gan.compiled), source, {});
  const { program } = await programs.use('both', BATCH);
  return {
    program,
    async step() {
      const read = programs.ring.beginRead(program.steps + 1)!;
      await program.step(read.encode);
      return read.read();
    },
  };
}

async function supervised(name: 'quick' | 'keras' | 'autoencoder'): Promise<Contestant> {
  const { model, loss, data } = name === 'autoencoder' ? autoencoder() : classifier(name);
  const uploaded = new DeviceDataset(gpu.device, data);
  const ring = new MetricRing(gpu.device, ['loss']);
  const program = await gpu.compile((g) => {
    const { inputs, targets } = gather(g, uploaded, { inputOffset: 0 }, { batchSize: BATCH, shuffle: true });
    const perSample = loss(model.call(inputs, { training: true }), targets[0]);
    const mean = reduceMean(perSample);
    g.minimize(mean, model.trainableVariables, adam());
    g.resources.set(ring.resource, ring.location);
    g.effect(ring.effect([perSample]));
    return { mean };
  });

  return {
    program,
    async step() {
      await program.step();
      return program.read('mean');
    },
  };
}

const name = process.argv[2] ?? 'quick';
const gpu = await initNode();
const start = performance.now();
const { program, step } = await (name === 'dcgan'
  ? adversaries()
  : supervised(name as 'quick' | 'keras' | 'autoencoder'));
await step();
const firstStep = performance.now() - start;
for (let i = 0; i < WARM; i++) await step();
const milliseconds: number[] = [];
for (let i = 0; i < RUNS; i++) {
  const begin = performance.now();
  await step();
  milliseconds.push(performance.now() - begin);
}
milliseconds.sort((a, b) => a - b);
const adapter = gpu.device.description;
const dispatches = program.commands.length;
console.log(
  JSON.stringify({ firstStep, median: milliseconds[RUNS >> 1], least: milliseconds[0], dispatches, adapter }),
);
process.exit(0);
