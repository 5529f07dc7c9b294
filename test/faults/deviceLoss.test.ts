import { describe, expect, it } from 'vitest';
import { AdapterError, DeviceLostError } from '../../src/errors.ts';
import { init } from '../../src/runtime/session.ts';
import { testAdapter } from '../helpers/device.ts';
import { tinyGan, weightsOf as weightsOfGan } from '../nn/ganFixtures.ts';
import { ownGpu, tinyModel, weightsOf } from '../nn/modelFixtures.ts';
import {
  casesOf,
  compileTiny,
  data,
  expectFreed,
  images,
  lifeOfGan,
  lifeOfModel,
  outcomeOf,
  SWEEP,
} from './flows.ts';

const EPOCHS = 3;

/** Trains a model from a checkpoint, or from the beginning, to the end; gives the weights. */
async function finishModel(bytes?: Uint8Array): Promise<number[]> {
  const { gpu } = await ownGpu();
  const model = await compileTiny(tinyModel(), gpu);
  if (bytes) model.load(bytes);
  await model.fit(data, { epochs: EPOCHS, batchSize: 8, resume: true });
  const weights = await weightsOf(model);
  gpu.destroy();
  return weights;
}

async function finishGan(bytes?: Uint8Array): Promise<number[]> {
  const { gpu } = await ownGpu();
  const gan = await tinyGan().compile({ gpu });
  if (bytes) gan.load(bytes);
  await gan.fit(images, { epochs: EPOCHS, batchSize: 8, resume: true });
  const weights = await weightsOfGan(gan);
  gpu.destroy();
  return weights;
}

const lives = { 'a model': [lifeOfModel, finishModel], 'a GAN': [lifeOfGan, finishGan] } as const;

describe.each(Object.entries(lives))('%s whose device is lost', (_name, [live, finish]) => {
  it(
    'after any call of the GPU ends with a DeviceLostError, and goes on from its checkpoint to the same bits',
    async () => {
      const whole = await ownGpu();
      let count = 0;
      whole.counted.watch(() => void count++);
      await live(whole.gpu, () => {});
      whole.gpu.destroy();
      const expected = await finish();
      const finished = new Map<number, number[]>(); // by the length of the checkpoint's history
      // After the last call nothing is left that could fail.
      for (const n of casesOf(count - 1, 3)) {
        const { gpu, counted, real } = await ownGpu();
        let calls = 0;
        counted.watch(() => calls++ === n && real.destroy());
        const saved: Uint8Array[] = [];
        const what = `call ${n} of ${count}`;
        const outcome = await outcomeOf(
          what,
          live(gpu, (bytes) => saved.push(bytes)),
        );
        if (calls <= n + 1) continue; // a few calls more or less, by time: this one was the last, and nothing failed
        expect(outcome, `${what}`).toBeInstanceOf(DeviceLostError);
        await expectFreed(gpu, what);
        if (!finished.has(saved.length)) finished.set(saved.length, await finish(saved.at(-1)));
        expect(finished.get(saved.length), `from the checkpoint before ${what}`).toEqual(expected);
      }
    },
    SWEEP,
  );
});

describe('init', () => {
  it('tells what it gets no adapter or device for', async () => {
    const refused = () => Promise.reject(new DOMException('made for the test', 'OperationError'));
    const adapter = await testAdapter();
    const broken = new Proxy(adapter, {
      get: (target, key) => (key === 'requestDevice' ? refused : Reflect.get(target, key, target)),
    });
    await expect(init({ adapter: broken })).rejects.toThrow(AdapterError);
    await expect(init({ gpu: { requestAdapter: refused } as unknown as GPU })).rejects.toThrow(
      /gives no adapter: made for the test/,
    );
  });

  it('with a device that is lost already: whatever is begun on it says so', async () => {
    const device = await (await testAdapter()).requestDevice();
    device.destroy();
    const gpu = await init({ device });
    expect(await outcomeOf('compile', compileTiny(tinyModel(), gpu))).toBeInstanceOf(DeviceLostError);
    gpu.destroy();
  });
});
