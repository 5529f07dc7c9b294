import type { Gpu, Model, Program } from '../../src/index.ts';
import { TINY_SHAKESPEARE } from '../../src/data/text.ts';
import { EnvironmentError } from '../../src/errors.ts';
import { GPT_PRESETS, gptNetwork } from '../../src/models/gptNetwork.ts';
import { TextWriter } from '../../src/models/textWriter.ts';
import { findPublishedFile } from '../../src/node/publishedFile.ts';
import { initialValues } from '../frame/settings.ts';
import type { ValuesOf } from '../frame/settings.ts';
import { momentText, OPENING, SAMPLE_LENGTH } from '../text/protocol.ts';
import { settings } from '../text/settings.ts';
import { dataOf } from '../text/data.ts';
import type { TextData } from '../text/data.ts';
import { EXCERPT, SHAKESPEARE } from '../text/text.ts';
import { compile } from '../text/training.ts';
import { compileView } from '../text/view.ts';
import { Collage } from './collage.ts';
import type { Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const STEPS = 8000;
/** Steps between two evaluations. */
const EVERY = 200;
const values = initialValues(settings) as ValuesOf<typeof settings>;
const { blocks, heads, context, batchSize, description } = GPT_PRESETS[values.network];
/** What the maps of the recording are of. */
const LINE = 'ROMEO:\nWhat light through yonder window breaks?'.slice(0, context);
/** Pixels of a number of a map, and between two maps. */
const [PIXELS, GAP] = [3, 6];

/** The network that the page has with its first settings, with a rate that falls. */
export const textTraining: SiteTraining = {
  name: values.network,
  model: `a GPT with ${description}`,
  samples: 'pieces',
  data: `the first ${EXCERPT.bytes.toLocaleString('en')} characters of Tiny Shakespeare, nine tenths of them for training`,
  steps: STEPS,
  batchSize,
  charts: [
    {
      title: 'Loss, nats per character',
      scale: 'log',
      series: {
        loss: { name: 'training', colour: '--training' },
        testLoss: { name: 'validation', colour: '--test' },
      },
    },
  ],
  pictures: {
    label: `The attention maps of all ${blocks * heads} heads for a line of verse: in each a row for each character, with how much it looks at those before it`,
  },

  async start(gpu: Gpu): Promise<StartedTraining> {
    const found = await findPublishedFile(TINY_SHAKESPEARE);
    if (!found.bytes) throw new EnvironmentError(found.reason);
    const text = new TextDecoder().decode(found.bytes.subarray(0, EXCERPT.bytes));
    const data = dataOf(EXCERPT.title, text, { characters: SHAKESPEARE, steps: context });
    const network = gptNetwork(values.network, SHAKESPEARE.size, { seed: values.seed });
    const model = await compile(gpu, network, { learningRate: values.rate, steps: STEPS });
    const view = await compileView(gpu, model);
    view.write('tokens', SHAKESPEARE.encode(LINE));
    view.write('count', Float32Array.of(context));
    const writer = await TextWriter.create(gpu, model, SHAKESPEARE);
    const recording = { model, view, writer, data };
    return {
      async run(recorder) {
        await model.fit(data.train, {
          steps: STEPS,
          batchSize,
          beforeStep: async (step) => {
            if (recorder.isMoment(step) || step % EVERY === 0) await record(recorder, step, recording);
          },
          onSteps: (all) => {
            for (const { step, loss } of all) recorder.add(step + 1, { loss });
          },
        });
        await record(recorder, STEPS, recording);
      },
      save: () => model.save(),
      async score(weights) {
        model.load(weights);
        const { loss } = await model.evaluate(data.validation);
        return { 'validation loss': loss, 'bits per character': loss / Math.LN2 };
      },
      destroy() {
        view.destroy();
        writer.destroy();
        model.destroy();
      },
    };
  },
};

interface Recording {
  readonly model: Model;
  readonly view: Program;
  readonly writer: TextWriter;
  readonly data: TextData;
}

async function record(
  recorder: Recorder,
  step: number,
  { model, view, writer, data }: Recording,
): Promise<void> {
  const { loss } = await model.evaluate(data.validation);
  recorder.add(step, { testLoss: loss });
  if (!recorder.isMoment(step)) return;
  writer.start(OPENING);
  const text = await writer.write(SAMPLE_LENGTH, { temperature: values.temperature });
  await view.step();
  recorder.take(step, momentText({ loss, text }), picture((await view.read('heads')) as Float32Array));
}

/** The maps, a row of them for each block. */
function picture(maps: Float32Array): Collage {
  const side = context * PIXELS;
  const pitch = side + GAP;
  const collage = new Collage(heads * pitch - GAP, blocks * pitch - GAP);
  for (let i = 0; i < blocks * heads; i++) {
    const map = Array.from(maps.subarray(i * context ** 2, (i + 1) * context ** 2), (value) => value ** 0.6);
    collage.lay((i % heads) * pitch, Math.floor(i / heads) * pitch, context, map, PIXELS);
  }
  return collage;
}
