import { adadelta, adam, init, syntheticDigits } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import { autoencoderVersions, versionsData } from '../../src/models/autoencoderVersions.ts';
import { dcgan, dcganTraining } from '../../src/models/dcgan.ts';
import { mnistCnn } from '../../src/models/mnistCnn.ts';

const STEPS = 12;

type Values = Readonly<Record<string, number>>;

/** The losses of the first steps of the pages' trainings, by name and step. */
export async function firstLosses(gpu: Gpu): Promise<Record<string, number[]>> {
  const { train } = syntheticDigits({ train: 600, test: 10 });
  const fitting = { steps: STEPS, batchSize: 32 };
  const digits = await mnistCnn('quick').compile({ gpu, optimizer: adam(), loss: 'softmaxCrossEntropy' });
  const { model, objective } = autoencoderVersions({ bottleneck: 16 });
  await model.compile({ gpu, optimizer: adadelta({ learningRate: 4 }), ...objective });
  const gan = await dcgan('small').compile({ gpu, ...dcganTraining('small') });
  const runs: Readonly<Record<string, AsyncIterable<object>>> = {
    digits: digits.fit(train, fitting),
    autoencoders: model.fit(versionsData(train), fitting),
    dcgan: gan.fit(train, { steps: STEPS, batchSize: 16 }),
  };
  const found: Record<string, number[]> = {};
  for (const [name, run] of Object.entries(runs)) {
    for await (const values of run) {
      for (const [key, value] of Object.entries(values as Values)) {
        if (/loss/i.test(key)) (found[`${name} ${key}`] ??= []).push(value);
      }
    }
  }
  return found;
}

Object.assign(globalThis, { losses: async () => firstLosses(await init()) });
