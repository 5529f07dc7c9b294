// `npm run site:train -- PAGE…`: trains the networks that the pages show when they open. See demos/README.md.
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { findAdapter, initNode, loadMnistNode } from '../../src/node/index.ts';
import { packWeights, unpackWeights } from '../frame/worker/packedWeights.ts';
import type { TrainedRecord } from '../frame/trainedRecord.ts';
import { autoencoderTraining } from './autoencoder.ts';
import { dcganOfSite } from './dcgan.ts';
import { flowTraining } from './flow.ts';
import { grokkingTraining } from './grokking.ts';
import { mnistCnnTraining } from './mnistCnn.ts';
import { pointsTraining } from './points.ts';
import { Recorder } from './recorder.ts';
import { sequencesTraining } from './sequences.ts';
import { tablesTraining } from './tables.ts';
import { textTraining } from './text.ts';
import type { SiteTraining } from './training.ts';
import { vaeTraining } from './vae.ts';

const TRAININGS: Readonly<Record<string, SiteTraining>> = {
  'mnist-cnn': mnistCnnTraining,
  autoencoder: autoencoderTraining,
  vae: vaeTraining,
  flow: flowTraining,
  dcgan: dcganOfSite,
  points: pointsTraining,
  tables: tablesTraining,
  sequences: sequencesTraining,
  grokking: grokkingTraining,
  text: textTraining,
};

const pages = process.argv.slice(2);
const unknown = pages.filter((page) => !Object.hasOwn(TRAININGS, page));
if (pages.length === 0 || unknown.length > 0) {
  console.error(`npm run site:train -- ${Object.keys(TRAININGS).join(' ')}: one of these pages or several.`);
  process.exit(1);
}
for (const page of pages) await train(page, TRAININGS[page]);

async function train(page: string, training: SiteTraining): Promise<void> {
  const { name, model, samples, steps, batchSize, charts, pictures } = training;
  const { description: adapter } = await findAdapter();
  console.log(`${page}: ${model}, ${steps} steps on ${adapter}`);
  const data = await loadMnistNode({ fallback: false });
  const gpu = await initNode();
  const started = await training.start(gpu, data);
  const recorder = new Recorder(steps, charts, pictures);

  await started.run(recorder);
  const packed = packWeights(await started.save());
  const scores = await started.score(unpackWeights(packed, name));
  const { recording, png } = await recorder.finish();
  const record: TrainedRecord = {
    model,
    data: training.data ?? `MNIST, ${data.train.size.toLocaleString('en')} training images`,
    command: `npm run site:train -- ${page}`,
    adapter: adapter.replace(/: no GPU was found$/, ''),
    date: new Date().toISOString().slice(0, 10),
    steps,
    batchSize,
    samples,
    scores: Object.fromEntries(
      Object.entries(scores).map(([name, value]) => [name, Number(value.toPrecision(4))]),
    ),
    recording,
  };
  const folder = join(import.meta.dirname, '..', page, 'trained');
  await mkdir(folder, { recursive: true });
  await writeFile(join(folder, `${name}.safetensors`), packed);
  await writeFile(join(folder, `${name}.json`), `${JSON.stringify(record)}\n`);
  await writeFile(join(folder, `${name}.png`), png);
  console.log(`${page}: ${packed.length} bytes of weights, ${png.length} bytes of pictures`, scores);
  started.destroy();
  gpu.destroy();
}
