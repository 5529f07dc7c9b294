import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { dataset, model, modelInput, reversibleEmbedding, sgd } from '../../src/index.ts';
import type { Gpu, LayerTensor, ReversibleEmbeddingOptions } from '../../src/index.ts';
import { initNode } from '../../src/node/index.ts';

let gpu: Gpu;
beforeAll(async () => void (gpu = await initNode()));
afterAll(() => gpu.destroy());

const TABLE = [
  [1, 2],
  [0.5, -1],
  [-2, 0.25],
];

/** Looks indices up and turns the rows into logits at once. */
async function build(options: Partial<ReversibleEmbeddingOptions> = {}) {
  const words = reversibleEmbedding({ inputDim: 3, outputDim: 2, name: 'words', ...options });
  const tokens = modelInput({ shape: [2], dtype: 'i32' });
  const rows = words.apply(tokens) as LayerTensor;
  const built = model({ inputs: tokens, outputs: words.apply(rows) });
  await built.compile({ gpu, optimizer: sgd({ learningRate: 1 }), loss: 'softmaxCrossEntropy' });
  return built;
}

const dot = (a: readonly number[], b: readonly number[]) => a[0] * b[0] + a[1] * b[1];

describe('reversibleEmbedding', () => {
  it('gives the products of a row with all rows', async () => {
    const built = await build();
    await built.setWeights([TABLE.flat()]);
    expect(built.outputShape).toEqual([2, 3]);
    const logits = await built.predictOnBatch(Int32Array.from([0, 2, 1, 1]));
    const expected = [0, 2, 1, 1].flatMap((token) => TABLE.map((row) => dot(TABLE[token], row)));
    expect([...logits]).toEqual(expected);
    built.destroy();
  });

  it('bounds the logits, and has a table of its own for the way back', async () => {
    const built = await build({ tieWeights: false, logitSoftCap: 2 });
    const back = [
      [1, 0, -1],
      [2, 1, 0.5],
    ]; // [outputDim, inputDim]
    await built.setWeights([TABLE.flat(), back.flat()]);
    expect(built.parameters).toBe(12);
    const logits = await built.predictOnBatch(Int32Array.from([0, 2]));
    const expected = [0, 2].flatMap((token) =>
      [0, 1, 2].map(
        (word) => 2 * Math.tanh((TABLE[token][0] * back[0][word] + TABLE[token][1] * back[1][word]) / 2),
      ),
    );
    logits.forEach((value, i) => expect(value).toBeCloseTo(expected[i], 5));
    built.destroy();
  });

  it('learns through both directions: the gradient of the table is the sum of both', async () => {
    const built = await build();
    await built.setWeights([TABLE.flat()]);
    const [x, y] = [
      [0, 2],
      [1, 0],
    ];
    const loss = (table: readonly number[]) => {
      const rows = [0, 1, 2].map((i) => table.slice(2 * i, 2 * i + 2));
      const each = x.map((token, i) => {
        const logits = rows.map((row) => dot(rows[token], row));
        return Math.log(logits.reduce((sum, z) => sum + Math.exp(z), 0)) - logits[y[i]];
      });
      return (each[0] + each[1]) / 2;
    };
    const data = dataset({ x: Int32Array.from(x), y: Int32Array.from(y), inputShape: [2], targetShape: [2] });
    await built.fit(data, { steps: 1, batchSize: 1 });
    const [weights] = await built.getWeights();
    TABLE.flat().forEach((value, i) => {
      const [up, down] = [TABLE.flat(), TABLE.flat()];
      up[i] += 1e-5;
      down[i] -= 1e-5;
      expect(value - weights[i]).toBeCloseTo((loss(up) - loss(down)) / 2e-5, 4);
    });
    built.destroy();
  });

  it('is the same after JSON', async () => {
    const built = await build();
    const { modelFromJSON } = await import('../../src/index.ts');
    const again = modelFromJSON(built.toJSON());
    expect(again.toJSON()).toEqual(built.toJSON());
    built.destroy();
  });

  it('refuses features of another size and wrong options', () => {
    const words = reversibleEmbedding({ inputDim: 3, outputDim: 2 });
    const tokens = modelInput({ shape: [2], dtype: 'i32' });
    const wide = modelInput({ shape: [4] });
    expect(() =>
      model({ inputs: [tokens, wide], outputs: [words.apply(tokens), words.apply(wide)] }),
    ).toThrow(/turns features, \[\.\.\., 2\] in f32, into logits/);
    expect(() => reversibleEmbedding({ inputDim: 3, outputDim: 2, logitSoftCap: 0 })).toThrow('above 0');
  });
});
