import { adam, cosineDecay, model, ops } from '../../src/index.ts';
import type { Gpu } from '../../src/index.ts';
import type { MnistSet } from '../../src/data/mnistFiles.ts';
import { normalQuantile } from '../../src/models/normalDistribution.ts';
import { drawCodes, vae, VAE_PRESETS, vaeData, vaeObjective } from '../../src/models/vae.ts';
import { Collage } from './collage.ts';
import type { ChartPlan, Recorder } from './recorder.ts';
import type { SiteTraining, StartedTraining } from './training.ts';

const EPOCHS = 20;
const LATENT = 2;
const { batchSize, learningRate } = VAE_PRESETS.bernoulli;
const STEPS = EPOCHS * Math.ceil(60_000 / batchSize);
const schedule = cosineDecay({ decaySteps: STEPS, alpha: 0.1 });
/** Digits on each side of the sheet in the recording. */
const SIDE = 8;
const PIXELS = 28 * 28;

const chart = (title: string, training: string, test: string): ChartPlan => ({
  title,
  scale: 'log',
  series: {
    [training]: { name: 'training', colour: '--training' },
    [test]: { name: 'test', colour: '--test' },
  },
});

/** A code of two numbers, as the page opens with. */
export const vaeTraining: SiteTraining = {
  name: `latent-${LATENT}`,
  model: `a variational autoencoder with a code of ${LATENT} numbers`,
  steps: STEPS,
  batchSize,
  charts: [
    chart('Reconstruction, nats', 'reconstructionLoss', 'testReconstruction'),
    chart('KL, nats', 'klLoss', 'testKl'),
  ],
  pictures: { label: 'A sheet of digits, each decoded from the code at its place in the plane' },

  async start(gpu: Gpu, { train, test }: MnistSet): Promise<StartedTraining> {
    const network = vae({ latent: LATENT });
    const trained = await model(network.options).compile({
      gpu,
      optimizer: adam({ learningRate, schedule }),
      ...vaeObjective(),
    });
    const [images, tests] = [train, test].map((data) => vaeData(data, network));
    const places = Array.from({ length: SIDE }, (_, i) => normalQuantile((i + 0.5) / SIDE));
    const codes = places.toReversed().flatMap((y) => places.flatMap((x) => [x, y]));
    const sheet = await gpu.compile(() => ({
      digits: drawCodes(network, ops.constant(Float32Array.from(codes), [SIDE * SIDE, LATENT])),
    }));
    const evaluate = async () => {
      const { reconstructionLoss, klLoss } = await trained.evaluate(tests);
      return { testReconstruction: reconstructionLoss as number, testKl: klLoss as number };
    };
    const record = async (recorder: Recorder, step: number) => {
      const values = await evaluate();
      recorder.add(step, values);
      if (!recorder.isMoment(step)) return;
      await sheet.step();
      const digits = (await sheet.read('digits')) as Float32Array;
      const collage = new Collage(28 * SIDE, 28 * SIDE);
      for (let i = 0; i < SIDE * SIDE; i++) {
        const digit = digits.subarray(i * PIXELS, (i + 1) * PIXELS);
        collage.lay(28 * (i % SIDE), 28 * Math.floor(i / SIDE), 28, digit);
      }
      const { testReconstruction, testKl } = values;
      const text = `−ELBO of the test images ${(testReconstruction + testKl).toFixed(1)} nats: reconstruction ${testReconstruction.toFixed(1)}, KL ${testKl.toFixed(1)}`;
      recorder.take(step, text, collage);
    };
    return {
      async run(recorder) {
        await trained.fit(images, {
          steps: STEPS,
          batchSize,
          beforeStep: async (step) => {
            if (recorder.isMoment(step) || step % (STEPS / EPOCHS) === 0) await record(recorder, step);
          },
          onSteps: (steps) => {
            for (const { step, reconstructionLoss, klLoss } of steps) {
              recorder.add(step + 1, {
                reconstructionLoss: reconstructionLoss as number,
                klLoss: klLoss as number,
              });
            }
          },
        });
        await record(recorder, STEPS);
      },
      save: () => trained.save(),
      async score(weights) {
        trained.load(weights);
        const { testReconstruction, testKl } = await evaluate();
        return { reconstruction: testReconstruction, KL: testKl, '−ELBO': testReconstruction + testKl };
      },
      destroy() {
        sheet.destroy();
        trained.destroy();
      },
    };
  },
};
