import { describe, expect, it } from 'vitest';
import { dataset } from '../../../src/data/dataset.ts';
import { dense } from '../../../src/nn/layers/dense.ts';
import { batchNormalization } from '../../../src/nn/layers/normalization.ts';
import { sgd } from '../../../src/nn/optimizers.ts';
import { sequential } from '../../../src/nn/sequential.ts';
import '../../helpers/close.ts';
import { testGpu } from '../../helpers/evaluate.ts';

describe('an epoch whose last batch is a smaller rest', () => {
  const [size, batchSize, channels] = [10, 4, 3];
  const [momentum, epsilon] = [0.8, 1e-3];
  const x = Array.from({ length: size }, (_, i) =>
    Array.from({ length: channels }, (__, c) => Math.fround(2 * Math.sin(1 + 3 * i + 7 * c) + c)),
  );
  const y = x.map((row, i) => [Math.fround(row[0] - row[2] + 0.1 * i)]);
  const batches = [0, 4, 8].map((first) => [first, Math.min(size, first + batchSize)] as const);

  /** Batch normalization (γ, β) and a linear unit (w, b) under mean squares, in float64: a step, and its gradient. */
  class Twin {
    gamma = Array<number>(channels).fill(1);
    beta = Array<number>(channels).fill(0);
    b = 0;
    mean = Array<number>(channels).fill(0);
    variance = Array<number>(channels).fill(1);
    readonly w: number[];

    constructor(w: readonly number[]) {
      this.w = [...w];
    }

    step([first, end]: readonly [number, number], rate: number): number {
      const rows = x.slice(first, end);
      const n = rows.length;
      const over = (c: number, f: (value: number, row: number) => number) =>
        rows.reduce((sum, row, i) => sum + f(row[c], i), 0);
      const mean = this.w.map((_, c) => over(c, (value) => value) / n);
      const variance = mean.map((m, c) => over(c, (value) => (value - m) ** 2) / n);
      const hat = rows.map((row) =>
        row.map((value, c) => (value - mean[c]) / Math.sqrt(variance[c] + epsilon)),
      );
      const out = hat.map((row) =>
        row.reduce((sum, v, c) => sum + this.w[c] * (this.gamma[c] * v + this.beta[c]), this.b),
      );
      const error = out.map((value, i) => value - y[first + i][0]);
      const loss = error.reduce((sum, e) => sum + e * e, 0) / n;
      const d = error.map((e) => (2 * e) / n);
      const sum = (f: (i: number) => number) => d.reduce((all, own, i) => all + own * f(i), 0);
      const [w, gamma, beta] = [[...this.w], [...this.gamma], [...this.beta]];
      for (let c = 0; c < channels; c++) {
        this.w[c] -= rate * sum((i) => gamma[c] * hat[i][c] + beta[c]);
        this.gamma[c] -= rate * w[c] * sum((i) => hat[i][c]);
        this.beta[c] -= rate * w[c] * sum(() => 1);
        this.mean[c] = momentum * this.mean[c] + (1 - momentum) * mean[c];
        this.variance[c] = momentum * this.variance[c] + (1 - momentum) * variance[c];
      }
      this.b -= rate * sum(() => 1);
      return loss;
    }
  }

  it.each([0, 0.05])(
    'normalizes it by its own samples, and moves the statistics by them (rate %d)',
    async (rate) => {
      const gpu = await testGpu();
      const model = await sequential([batchNormalization({ momentum, name: 'norm' }), dense({ units: 1 })], {
        inputShape: [channels],
        seed: 4,
      }).compile({ gpu, optimizer: sgd({ learningRate: rate }), loss: 'meanSquaredError' });
      const values = async (name: string) => [
        ...(await gpu.variables.read(model.variables.find((own) => own.name.endsWith(name))!)),
      ];
      const twin = new Twin(await values('weight'));
      const data = dataset({ x, y, inputShape: [channels], targetShape: [1] });
      const epochs = 3;
      const { steps } = await model.fit(data, { epochs, batchSize, shuffle: false });
      const losses = Array.from({ length: epochs }, () =>
        batches.map((batch) => twin.step(batch, rate)),
      ).flat();
      expect(steps.map(({ loss }) => loss)).toBeAllClose(losses, { rtol: 1e-4, atol: 1e-5 });
      for (const [name, expected] of [
        ['movingMean', twin.mean],
        ['movingVariance', twin.variance],
        ['gamma', twin.gamma],
        ['beta', twin.beta],
        ['weight', twin.w],
        ['bias', [twin.b]],
      ] as const) {
        expect(await values(name)).toBeAllClose(expected, { rtol: 1e-4, atol: 1e-5 });
      }
      model.destroy();
    },
  );
});
