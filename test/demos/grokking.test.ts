import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import '../helpers/close.ts';
import { testGpu } from '../helpers/evaluate.ts';
import { Addition } from '../../demos/grokking/addition.ts';
import { learnedOf, pairsOf } from '../../demos/grokking/pairs.ts';
import { frequenciesOf } from '../../demos/grokking/protocol.ts';
import type { Reading, Tells } from '../../demos/grokking/protocol.ts';
import { orderOf, readingOf } from '../../demos/grokking/view.ts';
import type { RunOptions } from '../../demos/frame/worker/trainee.ts';
import { Network } from '../../src/nn/network.ts';
import { GROKKING_WIDTH, grokkingMlp } from '../../src/models/grokkingMlp.ts';
import { strongestCircle } from '../../src/models/grokking.ts';

const values = { prime: 43, learned: 0.6, decay: 1, rate: 0.003, seed: 0, a: 20, b: 30, circle: 0 };

describe('the pairs of the page', () => {
  it('are those of the terminal, and each is learned or new', () => {
    const pairs = pairsOf(values);
    expect([pairs.train.size, pairs.test.size]).toEqual([1109, 740]);
    const learned = learnedOf(pairs, 43);
    expect(learned.filter((is) => is === 1)).toHaveLength(1109);
    const [a, b] = pairs.test.x.data;
    expect(learned[a * 43 + b]).toBe(0);
  });
});

it('a reading tells the strongest circle, or the one that is wanted', () => {
  const given = Float32Array.from([...Array(7).keys(), 0.2, 0.5, 0.1, ...Array(14).keys()]);
  const reading = readingOf(given, 7, { a: 1, b: 2, wanted: 0 });
  expect([reading.frequency, reading.shares.length, reading.places.length]).toEqual([2, 3, 14]);
  expect(readingOf(given, 7, { a: 1, b: 2, wanted: 3 }).frequency).toBe(3);
  expect(orderOf(Float32Array.of(0.25, 0.5, 0, 0.125, 0.0625))).toBe(0.875);
});

describe('the network of the page', () => {
  const told: Partial<Tells> = {};
  let addition: Addition;
  const reading = async (): Promise<Reading> => {
    told.reading = undefined;
    await addition.look();
    await expect.poll(() => told.reading).toBeDefined();
    return told.reading!;
  };

  beforeAll(async () => {
    addition = await Addition.create({
      gpu: await testGpu(),
      values: values as never,
      renderer: { show() {}, draw() {} } as never,
      tell: (name, value) => void Object.assign(told, { [name]: value }),
      look() {},
      fail(error) {
        throw error;
      },
    });
    await addition.begin();
  });

  afterAll(() => addition.destroy());

  it('shows the circle that the embedding has', async () => {
    const { layers, variables } = new Network(grokkingMlp());
    const weights = layers.find(({ name }) => name === 'numbers')!.variables[0];
    expect(variables).toContain(weights);
    // The first weights, as the network has them.
    const own = new Float32Array(43 * GROKKING_WIDTH);
    weights.initialize(own, weights.shape);
    const expected = strongestCircle(own, GROKKING_WIDTH);
    const { frequency, shares, places, answers } = await reading();
    expect(frequency).toBe(expected.frequency);
    expect(shares).toHaveLength(frequenciesOf(43));
    expect(shares[frequency - 1]).toBeCloseTo(expected.share, 5);
    expected.points.forEach(([x, y], a) => {
      expect(Math.abs(places[2 * a] - x)).toBeLessThan(1e-5);
      expect(Math.abs(places[2 * a + 1] - y)).toBeLessThan(1e-5);
    });
    expect(answers.reduce((sum, share) => sum + share, 0)).toBeCloseTo(1, 5);
    addition.set('circle', 5);
    expect((await reading()).frequency).toBe(5);
    addition.set('circle', 25); // beyond the frequencies of 43
    expect((await reading()).frequency).toBe(expected.frequency);
  });

  it('learns all of its pairs in each step, and is tested on the new ones', async () => {
    const pairs = pairsOf(values);
    const before = await addition.evaluate(pairs);
    expect(before.testLoss).toBeCloseTo(Math.log(43), 1);
    const stop = new AbortController();
    const losses: number[] = [];
    await addition.run(pairs, {
      resume: true,
      keepSteps: false,
      signal: stop.signal,
      beforeStep: async (step: number) => void (step === 12 && stop.abort()),
      onSteps: (steps: { loss: number }[]) => void losses.push(...steps.map(({ loss }) => loss)),
    } as unknown as RunOptions);
    expect(losses).toHaveLength(12);
    expect(losses.at(-1)!).toBeLessThan(losses[0]);
    const { testAccuracy, order } = await addition.evaluate(pairs);
    expect(testAccuracy).toBeLessThan(0.05); // no better than chance
    expect(order).toBeGreaterThan(3 / 21);
  });
});
