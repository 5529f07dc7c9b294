import { afterAll, beforeAll, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { REACH } from '../../demos/vae/protocol.ts';
import type { Cloud, Reading, Tells } from '../../demos/vae/protocol.ts';
import { VaeTrainee } from '../../demos/vae/network.ts';
import { syntheticDigits } from '../../src/data/digits.ts';

const digits = syntheticDigits({ train: 64, test: 40 });
const values = { latent: 4, beta: 1, rate: 0.001, batch: 16, seed: 0, right: 1, up: 2, set: 0, a: 3, b: 8 };
const told: Partial<Tells> = {};
let network: VaeTrainee;

async function look(): Promise<{ reading: Reading; cloud: Cloud }> {
  told.reading = told.cloud = undefined;
  await network.look();
  await expect.poll(() => told.reading && told.cloud, { timeout: 20_000 }).toBeDefined();
  return { reading: told.reading!, cloud: told.cloud! };
}

beforeAll(async () => {
  network = await VaeTrainee.create({
    gpu: await testGpu(),
    values: values as never,
    renderer: { show() {}, draw() {} } as never,
    tell: (name, value) => void Object.assign(told, { [name]: value }),
    look() {},
    fail(error) {
      throw error;
    },
  });
  await network.begin();
  network.take(digits);
  await network.complete();
});

afterAll(() => network.destroy());

it('tells the KL of each number as the test set has it, and codes of the reader’s digit with other noise each time', async () => {
  const { reading, cloud } = await look();
  const { testKl, testReconstruction, testElbo } = await network.evaluate({ ...digits, source: '' });
  expect(testElbo).toBeCloseTo(testReconstruction + testKl, 4);
  expect(cloud.images).toBe(40);
  expect(cloud.kl.reduce((sum, own) => sum + own, 0)).toBeCloseTo(testKl, 3);
  expect(cloud.centres).toHaveLength(10);
  expect(cloud.within[1]).toBeGreaterThanOrEqual(cloud.within[0]);
  expect([reading.mean.length, reading.deviation.length, reading.noise.length]).toEqual([4, 4, 8 * 4]);
  expect(reading.deviation.every((own) => own > 0)).toBe(true);
  network.set('right', 3); // a step of the map is due
  const other = await look();
  expect(other.reading.mean).toEqual(reading.mean);
  expect(other.reading.noise).not.toEqual(reading.noise);
});

it('finds the test image whose code is nearest', async () => {
  const found = (await network.nearest([0, 0]))!;
  expect(found.label).toBe(digits.test.y.data[found.image]);
  expect(Math.hypot(...found.place)).toBeLessThan(REACH);
});
