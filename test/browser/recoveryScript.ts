import {
  adam,
  dataset,
  dense,
  init,
  latestCheckpoint,
  opfsCheckpoints,
  sequential,
} from '../../src/index.ts';
import type { Model } from '../../src/index.ts';

/** What one training came to. */
export interface Outcome {
  readonly weights: readonly number[];
  readonly epochs: readonly number[];
  readonly recoveries: readonly { readonly step: number; readonly reason: string }[];
  /** The step of the newest checkpoint in the file system of the site. */
  readonly saved: number;
}

const SIZE = 24;

/** Trains a tiny model, whose GPU is lost on the way if there is `lose`, with checkpoints in a folder. */
export async function trainWithLoss(folder: string, lose?: () => Promise<void>): Promise<Outcome> {
  const x = Float32Array.from({ length: 2 * SIZE }, (_, i) => Math.sin(i));
  const y = Uint8Array.from({ length: SIZE }, (_, i) => i % 3);
  const tiny = (): Model =>
    sequential([dense({ units: 8, activation: 'tanh' }), dense({ units: 3 })], { inputShape: [2] });
  const options = { optimizer: adam(), loss: 'softmaxCrossEntropy' } as const;
  const model = await tiny().compile({ gpu: await init(), ...options });
  const recoveries: { step: number; reason: string }[] = [];
  const epochs: number[] = [];
  const write = opfsCheckpoints(folder);
  await model.fit(dataset({ x, y, inputShape: [2] }), {
    epochs: 3,
    batchSize: 8,
    recover: true,
    checkpoint: { every: 2, keep: 2, write },
    onRecover: ({ step, error }) => void recoveries.push({ step, reason: error.reason }),
    onEpoch: ({ epoch }) => void epochs.push(epoch),
    beforeStep: async (step) => {
      if (step !== 5 || recoveries.length > 0) return;
      await lose?.();
    },
  });
  const values = await model.compiled.gpu.variables.readAll(model.variables);
  const weights = model.variables.flatMap((variable) => [...values.get(variable)!]);
  model.destroy();
  const loaded = await tiny().compile(options);
  loaded.load((await latestCheckpoint(write))!);
  const saved = loaded.step;
  loaded.destroy();
  const names = (await write.list()).toSorted();
  if (names.length > 2 || names.at(-1) !== 'checkpoint-000000009.safetensors') {
    throw new Error(`the folder holds ${names.join(', ')}`);
  }
  return { weights, epochs, recoveries, saved };
}

const scope = globalThis as { trainWithLoss?: typeof trainWithLoss };
scope.trainWithLoss = trainWithLoss;

// In a worker: trains when it is told to, and asks the page for the loss.
if (typeof document === 'undefined') {
  addEventListener('message', ({ data }: MessageEvent<{ folder: string; loses: boolean } | 'lost'>) => {
    if (data === 'lost') return;
    const lose = () =>
      new Promise<void>((resolve) => {
        addEventListener('message', ({ data: answer }) => answer === 'lost' && resolve());
        postMessage('lose');
      });
    trainWithLoss(data.folder, data.loses ? lose : undefined).then(
      (outcome) => postMessage({ outcome }),
      (error: Error) => postMessage({ error: String(error) }),
    );
  });
}
